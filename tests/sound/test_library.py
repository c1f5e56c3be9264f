"""The music folders: the day's order, the position in it, loudness and faults."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from corpus import ffmpeg
from hypothesis import given
from hypothesis import strategies as st
from soundfiles import CODECS, noise, save, tone

from controller.sentences import Sentence, english
from controller.sound import library as library_module
from controller.sound.child import Child
from controller.sound.library import MUSIC_LUFS, UNMEASURED_DB, Library, playlists, shuffled
from controller.sound.measuring import TRIES, Catalogue, Facts, ship

MONDAY = datetime.date(2026, 11, 23)
NAMES = st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=12, unique=True)
DATES = st.dates(datetime.date(2020, 1, 1), datetime.date(2040, 12, 31))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sounds" / "music" / "morning").mkdir(parents=True)
    return tmp_path


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the headers of all new files at once, however slow the machine is."""
    monkeypatch.setattr(library_module, "PEEK_S", 120.0)


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    library = Library(home, home / "var" / "cache")
    yield library
    library.close()


def folder(home: Path, playlist: str = "morning") -> Path:
    return home / "sounds" / "music" / playlist


def measured(library: Library) -> Library:
    """Return the library after measuring is complete."""
    library.measure_all()
    deadline = time.monotonic() + 60
    while library.measuring():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return library


@given(NAMES, st.text(max_size=9), DATES)
def test_the_days_order_has_each_track_once(names: list[str], playlist: str, date: datetime.date) -> None:
    """Every track comes once before any is repeated, and a day has the same order everywhere."""
    order = shuffled(sorted(names), playlist, date)
    assert Counter(order) == Counter(names)
    assert order == shuffled(sorted(names), playlist, date)


def test_the_days_order_is_the_same_on_every_machine() -> None:
    """The order depends on no seed of the process: this one was recorded."""
    assert shuffled(["a.ogg", "b.ogg", "c.ogg", "d.ogg"], "morning", MONDAY) == [
        "c.ogg",
        "b.ogg",
        "a.ogg",
        "d.ogg",
    ]


@given(NAMES, DATES)
def test_as_many_days_as_tracks_open_with_all_of_them(names: list[str], date: datetime.date) -> None:
    """Every track opens a day once before one opens again."""
    days = [date + datetime.timedelta(days=n) for n in range(len(names))]
    assert {shuffled(sorted(names), "morning", day)[0] for day in days} == set(names)


def test_days_differ_and_playlists_too() -> None:
    """Ten tracks are not in yesterday's order, nor in another playlist's."""
    names = [f"{n}.ogg" for n in range(10)]
    orders = [shuffled(names, "morning", MONDAY + datetime.timedelta(days=n))[1:] for n in range(30)]
    assert len({tuple(order) for order in orders}) == 30
    assert shuffled(names, "rousing", MONDAY) != shuffled(names, "morning", MONDAY)


def test_all_five_formats_are_known(home: Path, library: Library) -> None:
    """ogg, mp3, flac, wav and opus are listed at once with their length, and measured soon after."""
    for suffix in CODECS:
        save(folder(home) / f"track{suffix}", noise(2.0, 0.3))
    for tracks in (library.tracks("morning", MONDAY), measured(library).tracks("morning", MONDAY)):
        assert {track.path.suffix for track in tracks} == set(CODECS)
        for track in tracks:
            assert track.duration_s == pytest.approx(2, abs=0.1), track.path
    assert all(track.gain_db == pytest.approx(-13.3, abs=1) for track in tracks)
    assert library.problems() == ()


def test_gain_brings_music_to_its_level(home: Path, library: Library) -> None:
    """A loud track is lowered to −23 LUFS; an unmeasured one is played carefully; nothing is raised."""
    save(folder(home) / "loud.flac", tone(3, 0.9, 997))
    save(folder(home) / "soft.flac", tone(3, 0.005))
    assert {track.gain_db for track in library.tracks("morning", MONDAY)} == {UNMEASURED_DB}
    gains = {track.path.stem: track.gain_db for track in measured(library).tracks("morning", MONDAY)}
    assert gains["loud"] == pytest.approx(MUSIC_LUFS - (-1.0), abs=0.3)
    assert gains["soft"] == 0
    assert "太轻" in library.problems()[0]
    assert "soft.flac" in library.problems()[0]


def test_unplayable_files_are_left_out_and_named(home: Path, library: Library) -> None:
    """Text, empty, truncated and foreign files and links to outside are left out, each with one sentence."""
    save(folder(home) / "good.ogg", tone(2))
    (folder(home) / "text.mp3").write_text("这不是音乐。" * 100)
    (folder(home) / "empty.ogg").write_bytes(b"")
    (folder(home) / "cut.flac").write_bytes((folder(home) / "good.ogg").read_bytes()[:60])
    (folder(home) / "phone.m4a").write_bytes(b"whatever")
    (folder(home) / "folder.mp3").mkdir()
    (folder(home) / "gone.wav").symlink_to(home / "nowhere.wav")
    outside = save(home / "outside.wav", tone(1))
    (folder(home) / "link.wav").symlink_to(outside)
    (folder(home) / "cover.jpg").write_bytes(b"a picture is no fault")
    (folder(home) / ".DS_Store").write_bytes(b"nor is this")
    assert [track.path.name for track in library.tracks("morning", MONDAY)] == ["good.ogg"]
    assert [track.path.name for track in measured(library).tracks("morning", MONDAY)] == ["good.ogg"]
    problems = library.problems()
    wrong = ["cut.flac", "empty.ogg", "folder.mp3", "gone.wav", "link.wav", "phone.m4a", "text.mp3"]
    assert [sentence.split("”放不了")[0] for sentence in problems] == [
        f"歌单“晨间”里的“{name}" for name in wrong
    ]
    assert all(sentence.endswith("跳过它。") for sentence in problems)


def test_a_missing_or_empty_folder_is_reported(home: Path, library: Library) -> None:
    """A missing folder, an empty one, or a name that leads elsewhere gives no music and one sentence."""
    outside = save(home / "sounds" / "other" / "a.wav", tone(1)).parent
    for name in ("rousing", "../other", "../music/morning", str(outside), "", "."):
        assert library.tracks(name, MONDAY) == ()
    assert library.tracks("morning", MONDAY) == ()
    problems = "\n".join(library.problems())
    assert "没有歌单“战鼓”：请建文件夹 sounds/music/rousing" in problems
    assert "歌单“晨间”是空的" in problems
    library.name_playlists(lambda folder: Sentence(f"{folder}的歌", f"songs of {folder}"))
    sentence = next(one for one in library.problems() if "是空的" in one)
    assert sentence.startswith("歌单“morning的歌”是空的")
    assert english(sentence).startswith("The playlist “songs of morning” is empty")
    (folder(home, "rousing")).mkdir()
    save(folder(home, "rousing") / "a.wav", tone(1))
    assert len(library.tracks("rousing", MONDAY)) == 1
    assert "没有歌单“战鼓”" not in "\n".join(library.problems())
    assert playlists(home) == ("morning", "rousing")
    shutil.rmtree(home / "sounds")
    assert (library.playlists(), library.tracks("morning", MONDAY)) == ((), ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_or_folder_is_reported(home: Path, library: Library) -> None:
    """Files and folders without read permission are left out with a sentence."""
    save(folder(home) / "a.wav", tone(1)).chmod(0)
    assert library.tracks("morning", MONDAY) == ()
    assert "没有读取权限" in library.problems()[0]
    folder(home).chmod(0)
    assert library.tracks("morning", MONDAY) == ()
    assert "没有读取权限" in library.problems()[0]
    folder(home).chmod(0o755)


def test_measurements_outlive_the_program_and_a_new_name(home: Path, library: Library) -> None:
    """Measurements are known at the next start without PyAV, also of a renamed file."""
    save(folder(home) / "a.flac", tone(3, 0.9, 997))
    measured(library)
    before = library.tracks("morning", MONDAY)[0]
    assert known_without_a_child(home) == before.gain_db
    before.path.rename(folder(home) / "b.flac")
    again = Library(home, home / "var" / "cache")
    assert measured(again).tracks("morning", MONDAY)[0].gain_db == before.gain_db
    again.close()


def test_the_same_content_is_measured_once(home: Path, library: Library) -> None:
    """A renamed or copied file is recognised by its content: its measurement is used, not repeated."""
    music = save(folder(home) / "a.flac", tone(3, 0.9))
    measured(library)
    cache = home / "var" / "cache" / "library.json"
    kept = json.loads(cache.read_text())
    next(iter(kept["contents"].values()))["lufs"] = -20.5
    cache.write_text(json.dumps(kept))
    music.rename(folder(home) / "b.flac")
    again = Library(home, home / "var" / "cache")
    assert measured(again).tracks("morning", MONDAY)[0].gain_db == -2.5
    again.close()


def test_a_damaged_stretch_is_passed_over(home: Path, library: Library) -> None:
    """A file with a damaged part in its middle is played without it, as the player does."""
    for suffix in (".mp3", ".flac"):
        path = save(folder(home) / f"scratched{suffix}", noise(5))
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + b"\x55\xaa" * 4000 + whole[middle + 8000 :])
    tracks = measured(library).tracks("morning", MONDAY)
    assert len(tracks) == 2
    assert all(3 < track.duration_s < 5.2 for track in tracks)
    assert library.problems() == ()


def known_without_a_child(home: Path) -> float:
    """Return the first track's gain from a process that may start no other."""
    program = (
        "import sys, datetime, subprocess; from pathlib import Path\n"
        "from controller.sound.library import Library\n"
        "def none(*a, **k): raise SystemExit('a child was started')\n"
        "subprocess.Popen = none; home = Path(sys.argv[1])\n"
        "print(Library(home, home / 'var/cache').tracks('morning', datetime.date(2026, 11, 23))[0].gain_db)\n"
        "assert 'av' not in sys.modules and 'numpy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(home)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def test_shipped_measurements_serve_the_first_start(home: Path) -> None:
    """With sounds/index.json the very first start knows the shipped music; a changed file is measured again."""
    music = save(folder(home) / "a.ogg", tone(3, 0.9, 997))
    assert ship(home) == 1
    assert known_without_a_child(home) == pytest.approx(-22, abs=0.3)
    save(music, tone(2, 0.9))
    library = Library(home, home / "var" / "cache")
    assert library.tracks("morning", MONDAY)[0].gain_db == UNMEASURED_DB
    library.close()


def test_a_damaged_cache_is_only_a_cache(home: Path) -> None:
    """Invalid content in place of the measurements causes only new measurements."""
    save(folder(home) / "a.wav", tone(2))
    cache = home / "var" / "cache" / "library.json"
    cache.parent.mkdir(parents=True)
    for rubbish in ("", "[]", '{"files": 7, "contents": {"x": 3}}', '{"files": {"a": {"lufs": 1}}}', "\x00"):
        cache.write_text(rubbish)
        library = Library(home, cache.parent)
        assert len(measured(library).tracks("morning", MONDAY)) == 1
        assert json.loads(cache.read_text())["files"]
        library.close()


def test_a_changed_file_is_measured_again(home: Path, library: Library) -> None:
    """Different content under the same name is another track."""
    path = save(folder(home) / "a.wav", tone(2, 0.9))
    measured(library)
    loud = library.tracks("morning", MONDAY)[0]
    save(path, tone(3, 0.3))
    measured(library)
    soft = library.tracks("morning", MONDAY)[0]
    assert soft.duration_s == pytest.approx(3, abs=0.05)
    assert soft.gain_db == pytest.approx(loud.gain_db + 9.5, abs=0.5)


@pytest.fixture(scope="module")
def half_an_hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes seconds to measure. FFmpeg makes it in a fifth of the time that `save` needs."""
    path = tmp_path_factory.mktemp("long") / "long.flac"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1800", "-ac", "2", "-compression_level", "0", path)
    return path


@pytest.mark.parametrize("after_s", [0.0, 1.0], ids=["before its child stands", "in the middle of it"])
def test_closing_does_not_wait_for_the_measuring(home: Path, half_an_hour: Path, after_s: float) -> None:
    """The daemon can stop while a long file is measured, and the file is not called broken for it."""
    shutil.copy(half_an_hour, folder(home))
    library = Library(home, home / "var" / "cache")
    library.tracks("morning", MONDAY)
    time.sleep(after_s)
    assert library.measuring()
    library.close()
    assert not library.measuring()
    assert library.problems() == ()


class Children:
    """An interceptor between the catalogue and its real measuring children: it kills the first `deadly` of them when
    they are asked to measure a whole file."""

    def __init__(self, patch: pytest.MonkeyPatch, deadly: int, sign: signal.Signals) -> None:
        self.asked = 0
        real = Child.send

        def send(child: Child, message: Mapping[str, Any]) -> None:
            if message.get("whole"):
                self.asked += 1
                if self.asked <= deadly:
                    os.kill(child.pid, signal.SIGSTOP)  # it must not answer before the signal reaches it
                    os.kill(child.pid, sign)
                    os.kill(child.pid, signal.SIGCONT)
            real(child, message)

        patch.setattr(Child, "send", send)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda sign: sign.name)
def test_a_childs_death_does_not_make_a_file_faulty(
    home: Path, library: Library, monkeypatch: pytest.MonkeyPatch, sign: signal.Signals
) -> None:
    """After two deaths of its measuring child a file is examined again, and plays."""
    monkeypatch.setattr("controller.sound.measuring.PAUSE_S", 0.0)
    Children(monkeypatch, 2, sign)
    save(folder(home) / "a.flac", tone(1, 0.9, 997))
    assert len(library.tracks("morning", MONDAY)) == 1
    (track,) = measured(library).tracks("morning", MONDAY)
    assert track.gain_db == pytest.approx(MUSIC_LUFS + 1, abs=0.3)
    assert library.problems() == ()


def test_no_number_of_deaths_is_recorded(
    home: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If every child dies, the file plays by its header and nothing is recorded; the next start measures it."""
    monkeypatch.setattr("controller.sound.measuring.PAUSE_S", 0.0)
    with monkeypatch.context() as patch:
        children = Children(patch, 99, signal.SIGKILL)
        save(folder(home) / "a.flac", tone(1, 0.9, 997))
        library.tracks("morning", MONDAY)
        assert [track.guessed for track in measured(library).tracks("morning", MONDAY)] == [True]
        assert children.asked == TRIES
        assert library.problems() == ()
    assert not (home / "var" / "cache" / "library.json").exists()
    again = Library(home, home / "var" / "cache")
    assert [track.guessed for track in measured(again).tracks("morning", MONDAY)] == [False]
    again.close()


def test_stopping_the_daemon_makes_no_file_faulty(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd signals all processes of the service at once: the child is gone before the daemon knows."""
    save(folder(home) / "a.flac", tone(1, 0.9, 997))
    Children(monkeypatch, 1, signal.SIGTERM)
    library = Library(home, home / "var" / "cache")
    library.measure_all()
    library.close()
    assert not (home / "var" / "cache" / "library.json").exists()
    monkeypatch.undo()
    again = Library(home, home / "var" / "cache")
    assert len(measured(again).tracks("morning", MONDAY)) == 1
    assert again.problems() == ()
    again.close()


def test_a_fault_needs_two_children(home: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is not music is recorded as such only after a second child agrees."""
    children = Children(monkeypatch, 0, signal.SIGKILL)
    (folder(home) / "text.mp3").write_text("这不是音乐。" * 100)
    assert measured(library).tracks("morning", MONDAY) == ()
    assert children.asked == 2
    (kept,) = json.loads((home / "var" / "cache" / "library.json").read_text())["contents"].values()
    assert "已损坏" in kept["fault"]


def test_faults_recorded_by_an_older_version_are_checked_again(home: Path) -> None:
    """An older version's faults are not used; its loudness is, until the file has been measured again."""
    path = save(folder(home) / "a.flac", tone(1, 0.9, 997))
    other = save(folder(home) / "b.flac", tone(1, 0.5, 997))
    cache = home / "var" / "cache" / "library.json"
    cache.parent.mkdir(parents=True)
    keys = [f"{file}|{file.stat().st_size}|{file.stat().st_mtime_ns}" for file in (path, other)]
    crashed = {"duration_s": 0.0, "lufs": None, "peak": None, "fault": "读取它的程序出错了，文件可能已损坏"}
    old = {"duration_s": 1.0, "lufs": -13.0, "peak": -3.0, "fault": None}
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    cache.write_text(json.dumps({"files": {keys[0]: crashed, keys[1]: old}, "contents": {content: crashed}}))
    library = Library(home, cache.parent)
    assert {track.name: track.gain_db for track in library.tracks("morning", MONDAY)}["b.flac"] == -10.0
    gains = {track.name: track.gain_db for track in measured(library).tracks("morning", MONDAY)}
    assert gains["a.flac"] == pytest.approx(MUSIC_LUFS + 1, abs=0.3)
    assert gains["b.flac"] == pytest.approx(MUSIC_LUFS + 6, abs=0.5)
    assert library.problems() == ()
    library.close()


def test_a_long_file_is_measured_however_long_it_takes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a silent child is hung: a slow one reports progress."""
    monkeypatch.setattr("controller.sound.measuring.SILENT_LIMIT_S", 0.4)
    monkeypatch.setattr("controller.sound.measuring.CHILD", "slow_child")
    monkeypatch.setenv("PYTHONPATH", str(home))
    (home / "slow_child.py").write_text(
        "import json, sys, time\n"
        "for line in sys.stdin:\n"
        "    for seconds in range(10 * json.loads(line)['whole']):\n"
        "        time.sleep(0.1); print(json.dumps({'progress': seconds}), flush=True)\n"
        "    print(json.dumps({'duration_s': 9.0, 'lufs': -20.0, 'peak': -1.0, 'ready': True}), flush=True)\n"
    )
    (folder(home) / "mix.mp3").write_bytes(b"a long mix")
    library = Library(home, home / "var" / "cache")
    (track,) = measured(library).tracks("morning", MONDAY)
    assert track.gain_db == pytest.approx(-3.0)
    library.close()


def test_a_file_that_the_player_could_not_play_is_converted(home: Path, library: Library) -> None:
    """A file that the player could not play is converted although it looks fine; if that fails too, it is reported."""
    path = save(folder(home) / "a.flac", tone(1, 0.9, 997))
    assert measured(library).tracks("morning", MONDAY)[0].path == path
    library.failed(path)
    (track,) = measured(library).tracks("morning", MONDAY)
    assert track.path.parent == home / "var" / "cache" / "music"
    assert path.exists()
    library.failed(track.path)
    assert library.tracks("morning", MONDAY) == ()
    assert "播放程序打不开" in library.problems()[0]
    other = save(folder(home) / "b.flac", tone(1, 0.5))
    measured(library)
    other.rename(home / "away")
    library.failed(other)  # a missing file is not faulty
    (home / "away").rename(other)
    assert [track.path for track in measured(library).tracks("morning", MONDAY)] == [other]


def test_a_file_on_which_the_player_fails_is_left_out_at_once(
    home: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its header still reads well, and its conversion dies again and again: it is left out until it rests no more, or
    is replaced by another file. Before, it was played, failed and was read again every ten seconds."""
    path = save(folder(home) / "a.wav", tone(1, 0.5))
    assert measured(library).tracks("morning", MONDAY)
    monkeypatch.setattr("controller.sound.measuring.CHILD", "dying_child")
    monkeypatch.setattr("controller.sound.measuring.PAUSE_S", 0.0)
    monkeypatch.setenv("PYTHONPATH", str(home))
    (home / "dying_child.py").write_text(
        "import sys\nsys.stdin.readline()\nopen('died', 'a').write('x')\n", encoding="utf-8"
    )
    monkeypatch.chdir(home)
    for _ in range(3):  # the player fails on it, and so it does on each later attempt
        library.failed(path)
        assert measured(library).tracks("morning", MONDAY) == ()
    assert (home / "died").read_text() == "x" * TRIES
    assert "中断" in library.problems()[0]
    monkeypatch.undo()
    save(path, tone(2, 0.5))
    assert [track.path for track in measured(library).tracks("morning", MONDAY)] == [path]


def test_a_conversion_is_deleted_with_its_file_and_made_again(home: Path, library: Library) -> None:
    """A conversion is deleted when it is not needed any more, and made again when the cache was emptied."""
    path = save(folder(home) / "no ending.wav", tone(1)).rename(folder(home) / "no ending")
    (track,) = measured(library).tracks("morning", MONDAY)
    library.sweep()
    assert track.path.exists()
    track.path.unlink()
    assert measured(library).tracks("morning", MONDAY)[0].path.exists()
    path.unlink()
    library.sweep()
    assert list(track.path.parent.iterdir()) == []


def test_a_linked_folder_is_reported_and_not_used(home: Path, library: Library) -> None:
    """A playlist that is a link to elsewhere is reported and not used."""
    elsewhere = save(home / "elsewhere" / "a.wav", tone(1)).parent
    (home / "sounds" / "music" / "linked").symlink_to(elsewhere)
    assert library.tracks("linked", MONDAY) == ()
    assert library.folder("linked") is None
    assert any("指向音乐文件夹之外的链接" in sentence for sentence in library.problems())


def test_subfolders_are_named(home: Path, library: Library) -> None:
    """An album's folder inside a playlist is not played, and is reported."""
    save(folder(home) / "周杰伦" / "a.wav", tone(1))
    problems = library.problems()
    assert problems[0].startswith("歌单“晨间”里的“周杰伦”放不了：它是子文件夹")
    assert "子文件夹" in problems[0]


def test_the_shipped_music_is_known_with_its_measurements(tmp_path: Path) -> None:
    """A fresh clone plays at the right level from the start."""
    home = Path(__file__).parents[2]
    shipped = Catalogue(tmp_path / "none.json", home / "sounds" / "index.json", home / "sounds")
    files = sorted((home / "sounds").rglob("*.ogg"))
    assert files
    assert [path.name for path in files if (shipped.known(path) or Facts()).lufs is None] == []
