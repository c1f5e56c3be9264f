"""The corpus through folder and upload: everything plays correctly, or is refused by name with a remedy."""

from __future__ import annotations

import datetime
import json
import os
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from corpus import CORNERS, GBK, PICTURES, SHORT, SOUNDS, Sound, corners_of, make_sounds
from players import speaking
from recording import RATE, disk_device
from running import Running, timetable
from sandboxed import patient
from soundfiles import measured

from controller.sound.library import MUSIC_LUFS, Library
from controller.sound.speaker import MusicOrder
from controller.sound.upload_sandbox import UnsupportedFile
from controller.system.files import by_readable_name, readable

pytestmark = pytest.mark.signal  # all of it: half of its time is for generating and adding the files
MONDAY = datetime.date(2026, 11, 23)
FAST = {"SDL_DISKAUDIODELAY": "1"}
FLAT_MB = 12.0


@dataclass
class Brought:
    """A running office with the corpus in one of its playlists, completely examined."""

    office: Running
    folder: Path
    made: list[tuple[Sound, int, Path]]
    before: tuple[float, int]

    def names(self) -> dict[str, str]:
        """Return the readable name of each file on disk."""
        return {path.name: name for name, path in by_readable_name(p for _, _, p in self.made).items()}

    def rows(self, playlist: str = "dropped") -> dict[str, dict[str, Any]]:
        found = self.office.get("/api/tracks")
        return {row["file"]: row for row in found if row["playlist"] == playlist}

    def weight(self) -> tuple[float, int]:
        """Return MB and threads of the daemon itself."""
        assert self.office.process is not None
        daemon = psutil.Process(self.office.process.pid)
        return daemon.memory_info().rss / 1e6, daemon.num_threads()

    def send(self, name: str, data: bytes, playlist: str = "sent") -> tuple[int, Any]:
        address = f"http://127.0.0.1:{self.office.port}/api/tracks/{playlist}?name={urllib.parse.quote(name)}"
        head = {"Authorization": f"Bearer {self.office.token}", "Content-Type": "application/octet-stream"}
        try:
            with urllib.request.urlopen(urllib.request.Request(address, data, head), timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def photo(self, person: int, data: bytes) -> tuple[int, Any]:
        address = f"http://127.0.0.1:{self.office.port}/api/people/{person}/photo"
        head = {"Authorization": f"Bearer {self.office.token}", "Content-Type": "application/octet-stream"}
        request = urllib.request.Request(address, data, head, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())


@pytest.fixture(scope="module", params=["short", pytest.param("whole", marks=pytest.mark.long)])
def brought(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brought]:
    sounds = [sound for sound in SOUNDS if request.param == "whole" or sound.name in SHORT]
    root = tmp_path_factory.mktemp("corpus")
    music = root / "music"
    for playlist in ("calm", "dropped", "sent", os.fsdecode("安静".encode("gbk"))):
        (music / playlist).mkdir(parents=True)
    plan = timetable('at: "00:00-24:00", name: 白天')
    with Running(root / "home", {"SDL_AUDIODRIVER": "dummy"}, timetable=plan, music=music) as office:
        made = make_sounds(music / "dropped", sounds)
        (music / "dropped").rename(root / "aside")
        (music / "dropped").mkdir()
        office.start()
        found = Brought(office, music / "dropped", made, (0.0, 0))
        office.get("/api/phone"), office.get("/api/tracks")
        time.sleep(0.5)
        found.before = found.weight()
        for file in (root / "aside").iterdir():
            file.rename(music / "dropped" / file.name)
        office.call("POST", "/api/music", {"action": "play", "playlist": "dropped"})
        _until_known(found)
        yield found


def _until_known(found: Brought) -> None:
    deadline = time.monotonic() + 120
    while True:
        rows = found.rows()
        if len(rows) == len(found.made) and all(row["seconds"] or row["fault"] for row in rows.values()):
            return
        unknown = [name for name, row in rows.items() if not (row["seconds"] or row["fault"])]
        assert time.monotonic() < deadline, (unknown, found.office.log())
        time.sleep(0.2)


def test_files_in_a_folder_play_or_are_named_with_a_remedy(brought: Brought) -> None:
    """Every file is listed by a readable name, with its length or a sentence with the remedy.

    A file that the player could not play has neither for a moment, until it is converted.
    """
    deadline = time.monotonic() + 120
    while wrong := wrongly_listed(brought):
        assert time.monotonic() < deadline, wrong
        time.sleep(0.2)
    rows = brought.rows()
    text = json.dumps(rows, ensure_ascii=False)
    assert text.isprintable()
    assert "早安.mp3" in rows


def wrongly_listed(brought: Brought) -> list[tuple[str, dict[str, Any]]]:
    """Return names and rows of files that are not listed as the corpus expects."""
    rows, names, wrong = brought.rows(), brought.names(), []
    for sound, _, path in brought.made:
        row = rows[names[path.name]]
        if sound.refused is None:
            good = row["fault"] is None and abs(row["seconds"] - sound.seconds) <= 1
        else:
            good = sound.refused in (row["fault"] or "") and "请" in row["fault"]
        if not good:
            wrong.append((names[path.name], row))
    return wrong


def test_files_with_bad_names_are_played_and_deleted(brought: Brought) -> None:
    """A GBK folder is an ordinary playlist; pages and /health answer; a file is deleted by its readable name."""
    office = brought.office
    for page in ("/", "/wall", "/api/phone", "/api/wall", "/api/tracks", "/api/now", "/health"):
        address = f"http://127.0.0.1:{office.port}{page}"
        head = {"Authorization": f"Bearer {office.token}"}
        with urllib.request.urlopen(urllib.request.Request(address, headers=head), timeout=20) as answer:
            assert answer.status == 200
            answer.read().decode()
    assert "安静" in office.get("/api/phone")["playlists"]
    assert office.call("POST", "/api/music", {"action": "play", "playlist": "安静"})[0] == 200
    names = brought.names()
    bad = (f"{GBK}.mp3", "\udcff\udcfe.mp3", "line\nbreak \x1b[31m.mp3")
    kept = {name: (brought.folder / name).read_bytes() for name in bad}
    for name in map(names.__getitem__, bad):
        assert name in brought.rows()
        assert office.call("DELETE", f"/api/tracks/dropped/{urllib.parse.quote(name, safe='')}")[0] == 200
        assert name not in brought.rows()
    for name, data in kept.items():
        (brought.folder / name).write_bytes(data)


def test_many_faults_of_music_are_counted_instead_of_listed(brought: Brought) -> None:
    """The first few faults are named; then the number of others and where they are listed."""
    sentences = [trouble["what"] for trouble in brought.office.get("/api/phone")["troubles"]]
    more = [sentence for sentence in sentences if "另外还有" in sentence]
    assert len(more) == 1
    refused = sum(1 for sound, _, _ in brought.made if sound.refused)
    refusals = sum("放不了" in sentence for sentence in sentences)
    count = int("".join(letter for letter in more[0] if letter.isdigit()))
    assert refusals + count >= refused


def test_an_upload_is_taken_or_refused_by_name_as_in_the_folder(brought: Brought) -> None:
    """Uploads over HTTP are accepted or refused with the file's name in the sentence."""
    by_name = {sound.name: path for sound, _, path in brought.made}
    for name in ("封面 264.m4a", "mp3 inside.wav", "windows.wma"):
        status, row = brought.send(name, by_name[name].read_bytes())
        assert (status, row["file"]) == (201, f"{Path(name).stem}.opus")
    status, answer = brought.send("网易云.ncm", by_name["网易云.ncm"].read_bytes())
    assert status == 422
    assert answer["error"].startswith("“网易云.ncm”没有收下：这是网易云音乐的加密文件")


SHORT_PICTURES = ("JPEG 1", "PNG 1", "WEBP 1", "cmyk", "bomb", "heic", "gif", "torn")
"""A sample, as each is read by a child; the last test takes all kinds without."""


def test_every_photo_is_taken_or_refused_with_a_way_out(brought: Brought) -> None:
    """Photos over HTTP, one after the other, give 200, or 422 with a remedy. Forty a minute are allowed:
    rotated and very large pictures are left to the test below."""
    person = brought.office.get("/api/people")[0]["id"]
    wrong = []
    for kind in PICTURES if len(brought.made) == len(SOUNDS) else SHORT_PICTURES:
        make, wanted = PICTURES[kind]
        if kind[-1] in "2345678" or kind == "200 megapixels":
            continue
        status, answer = brought.photo(person, make())
        refused = not set(wanted) <= set(CORNERS)
        good = wanted in answer.get("error", "") and "请" in answer["error"] if refused else status == 200
        if not good or status != (422 if refused else 200):
            wrong.append((kind, status, answer))
    assert wrong == []


def test_memory_and_threads_are_flat_afterwards(brought: Brought) -> None:
    """A hundred sounds and all pictures, of every kind, leave the daemon's memory and threads unchanged."""
    deadline = time.monotonic() + 60
    while brought.weight()[1] > brought.before[1] and time.monotonic() < deadline:
        time.sleep(0.2)  # the measuring thread ends with the last file
    weight, threads = brought.weight()
    assert threads <= brought.before[1] + 1  # one more of waitress's may be waiting
    assert weight - brought.before[0] < FLAT_MB, (brought.before, weight)


def test_every_upload_is_judged_as_in_the_folder(brought: Brought, tmp_path: Path) -> None:
    """The upload code, without a child for each, accepts and refuses the same files."""
    wrong, sandbox = [], patient()
    for sound, _, path in brought.made:
        try:
            sandbox.process("track", path, tmp_path / "made", path.name)
            why = ""
        except UnsupportedFile as refusal:
            why = refusal.sentence
        if why if sound.refused is None else not (sound.refused in why and "请" in why):
            wrong.append((readable(sound.name), why))
    assert wrong == []


def test_everything_that_is_taken_is_heard(brought: Brought, tmp_path: Path) -> None:
    """The real player plays each tone for its length, at its measured loudness, equally on both sides, and
    nothing louder than the tones. All at full volume: on so fast a device a change of volume would come late."""
    library = Library(brought.office.folder, brought.office.folder / "var" / "cache")
    try:
        library.measure_all()
        while library.measuring():
            time.sleep(0.1)
        tracks = library.tracks("dropped", MONDAY)
    finally:
        library.close()
    wanted = {path.name: (sound, pitch) for sound, pitch, path in brought.made if sound.refused is None}
    names = {name: raw for raw, name in brought.names().items()}
    assert {names[track.name] for track in tracks} == set(wanted)
    with disk_device(tmp_path) as (env, recording), speaking({**env, **FAST}) as (speaker, events):
        short = tuple(
            replace(track, gain_db=0.0, duration_s=0.9) for track in tracks
        )  # its second is shorter
        speaker.music(MusicOrder(short, time.monotonic()))
        events.wait("track", 2, within=120, path=tracks[0].path)
        assert events.of("track_failed") == []
        speaker.music(None)
        heard = recording._snapshot()[0].astype(np.float32) / 32768
    loudest = int(np.abs(heard).max(axis=1).argmax())
    around = np.abs(np.fft.rfft(heard[max(0, loudest - RATE // 4) :][: RATE // 2].mean(axis=1)))
    assert np.abs(heard).max() < 0.65, (
        f"near {2 * around.argmax()} Hz"
    )  # a codec's overshoot; a click has 0.79
    frames = _frames(heard)
    wrong = []
    for track in tracks:
        sound, pitch = wanted[names[track.name]]
        found = _heard(heard, frames, pitch)
        seconds, lufs, sides = found
        expected = MUSIC_LUFS - track.gain_db
        if not (abs(seconds - sound.seconds) < 0.35 and abs(lufs - expected) < 1 and abs(sides) < 1):
            wrong.append((track.name, pitch, found, expected))
    assert wrong == []


HOP, WINDOW = RATE // 20, RATE // 10


def _frames(heard: Any) -> Any:
    """Return the power by frequency of each tenth of a second, every twentieth."""
    mono = heard.mean(axis=1)
    starts = range(0, mono.size - WINDOW, HOP)
    window = np.hanning(WINDOW).astype(np.float32)
    return np.array([np.abs(np.fft.rfft(mono[at : at + WINDOW] * window)) ** 2 for at in starts], np.float32)


def _heard(heard: Any, frames: Any, pitch: int) -> tuple[float, float, float]:
    """Return seconds, LUFS and difference of the sides in dB of the part in which that tone sounds."""
    near = np.abs(np.fft.rfftfreq(WINDOW, 1 / RATE) - pitch) <= 18
    share = frames[:, near].sum(axis=1) / (frames.sum(axis=1) + 1e-3)
    ours = np.flatnonzero((share > 0.7) & (frames.sum(axis=1) > 1.0))
    ours = np.split(ours, np.flatnonzero(np.diff(ours) > 5) + 1)[0]  # the first track is repeated at the end
    if ours.size < 8:
        return ours.size / 20, -99.0, 0.0
    middle = heard[(ours[0] + 3) * HOP : (ours[-1] - 1) * HOP]
    sides = np.sqrt(np.mean(middle**2, axis=0)) + 1e-9
    return ours.size / 20, measured(middle.T).lufs, float(20 * np.log10(sides[0] / sides[1]))


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.long) if "megapixels" in kind else kind for kind in PICTURES],
)
def test_a_photo_of_any_kind_is_shown_rightly_or_refused_with_a_way_out(kind: str, tmp_path: Path) -> None:
    """A photo becomes upright, small, with its colours and without metadata, or is refused with a remedy."""
    make, wanted = PICTURES[kind]
    (tmp_path / "source").write_bytes(make())
    if set(wanted) <= set(CORNERS):
        size = patient().process("picture", tmp_path / "source", tmp_path / "target")
        assert max(size["width"], size["height"]) <= 512
        if wanted:
            assert corners_of(tmp_path / "target") == wanted
        assert b"Exif" not in (tmp_path / "target").read_bytes()
    else:
        with pytest.raises(UnsupportedFile) as refusal:
            patient().process("picture", tmp_path / "source", tmp_path / "target")
        assert wanted in refusal.value.sentence
        assert "请" in refusal.value.sentence
