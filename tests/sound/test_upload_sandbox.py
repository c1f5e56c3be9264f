"""Uploads: every usual kind is read, levelled and trimmed; the rest is refused with a sentence."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from sandboxed import InThisProcess
from soundmade import (
    CODECS,
    RATE,
    encoded,
    loudness_of,
    picture,
    pixels_of,
    samples_of,
    tone,
    video,
    with_exif,
)

from controller.sound import loudness
from controller.sound.child import Child
from controller.sound.upload_sandbox import UnsupportedFile, UploadSandbox
from controller.sound.upload_worker import WORK, _answer, refrain


@pytest.fixture
def sandbox() -> UploadSandbox:
    return InThisProcess()


@pytest.fixture
def real_sandbox() -> UploadSandbox:
    return UploadSandbox()


def passed(sandbox: UploadSandbox, what: str, data: bytes, folder: Path) -> bytes:
    (folder / "source").write_bytes(data)
    sandbox.process(what, folder / "source", folder / "target")
    return (folder / "target").read_bytes()


def refused(sandbox: UploadSandbox, what: str, data: bytes, folder: Path) -> str:
    (folder / "source").write_bytes(data)
    with pytest.raises(UnsupportedFile) as why:
        sandbox.process(what, folder / "source", folder / "target")
    assert not (folder / "target").exists()
    assert why.value.sentence.endswith("。")
    return why.value.sentence


@pytest.mark.parametrize("kind", CODECS)
def test_a_recording_of_any_usual_kind_is_trimmed_and_levelled(
    sandbox: UploadSandbox, kind: str, tmp_path: Path
) -> None:
    """Three seconds of voice between silences of a second: trimmed, −18 LUFS, under −1 dBTP."""
    made = passed(sandbox, "speech", encoded(tone(3, before=1, after=1, level=0.02), kind), tmp_path)
    with wave.open(io.BytesIO(made), "rb") as found:
        assert (found.getframerate(), found.getnchannels(), found.getsampwidth()) == (44100, 2, 2)
    assert 3.0 <= samples_of(made).shape[1] / 44100 <= 3.4
    lufs, peak = loudness_of(made)
    assert abs(lufs + 18) <= 0.5
    assert peak <= -1.0


def test_a_loud_minute_is_levelled_block_by_block_without_a_seam(
    sandbox: UploadSandbox, tmp_path: Path
) -> None:
    """Knocks in half a minute of speech stay under −1 dBTP everywhere, also where the blocks meet."""
    loud = tone(28, level=0.05)
    for at in range(5000, loud.size - 40, 44100 // 3):
        loud[at : at + 40] = 0.9
    made = passed(sandbox, "speech", encoded(loud, "wav"), tmp_path)
    assert loudness_of(made)[1] <= -1.0
    samples = samples_of(made)[0]
    jumps = [
        float(np.abs(np.diff(samples[at - 4 : at + 4])).max()) for at in range(220500, 1_102_500, 220500)
    ]
    assert max(jumps) < 0.05  # 220 Hz at this level never steps further


NO_RECORDINGS = {
    "empty": (lambda: b"", "已损坏"),
    "zeros": (lambda: b"\x00" * 4000, "已损坏"),
    "a list of other files": (lambda: b"#EXTM3U\n#EXTINF:5,\n/etc/passwd\n#EXT-X-ENDLIST\n", "已损坏"),
    "a list for concat": (lambda: b"ffconcat version 1.0\nfile other.wav\n", "已损坏"),
    "silent": (lambda: encoded(np.zeros(3 * 44100, np.float32), "wav"), "没有听到声音"),
    "a click": (lambda: encoded(tone(0.05), "wav"), "没有听到声音"),
    "film": (video, "视频"),
    "65 seconds": (lambda: encoded(tone(65), "flac"), "最多 60 秒"),
    "half an hour": (lambda: half_hour(), "最多 60 秒"),
}


def half_hour() -> bytes:
    """Return AMR frames of 20 ms, 90,000 of them: the file does not state its length."""
    second = encoded(tone(1), "amr").removeprefix(b"#!AMR\n")
    return b"#!AMR\n" + second[: 32 * 50] * 1800


@pytest.mark.parametrize("kind", NO_RECORDINGS)
def test_anything_but_a_recording_is_refused(sandbox: UploadSandbox, kind: str, tmp_path: Path) -> None:
    """Empty, corrupt, silent and too long files, films, and lists that name other files are refused with a sentence."""
    data, words = NO_RECORDINGS[kind]
    (tmp_path / "other.wav").write_bytes(encoded(tone(2), "wav"))
    assert words in refused(sandbox, "speech", data(), tmp_path)


def test_a_truncated_recording_is_used_as_far_as_it_goes(real_sandbox: UploadSandbox, tmp_path: Path) -> None:
    """A recording cut off by an empty battery is used up to the cut."""
    torn = encoded(tone(10), "ogg")[:60_000]
    assert samples_of(passed(real_sandbox, "speech", torn, tmp_path)).shape[1] > 44100


def test_a_song_is_cut_after_ten_seconds_and_fades(sandbox: UploadSandbox, tmp_path: Path) -> None:
    """Thirteen seconds become ten that end in silence, not louder than speech."""
    made = passed(sandbox, "song", encoded(tone(13, before=0.5), "mp3"), tmp_path)
    samples = samples_of(made)
    assert abs(samples.shape[1] / 44100 - 10) < 0.05
    assert float(np.abs(samples[:, -200:]).max()) < 0.01
    assert abs(loudness_of(made)[0] + 18) <= 0.5


def test_a_songs_loudest_ten_seconds_are_found() -> None:
    """The refrain is at second 30 of a quiet minute; the first of two equal ones; the start of a short song."""
    quiet, loud = [0.01] * 60, [0.2] * 30
    assert refrain([*quiet, *loud, *quiet]) == 30.0
    assert refrain([*quiet, *loud, *quiet, *loud, *quiet]) == 30.0
    assert refrain([0.1] * 200) == 0.0
    assert refrain(loud[:12]) == 0.0
    assert refrain([]) == 0.0


@pytest.mark.parametrize("kind", ["mp3", pytest.param("ogg", marks=pytest.mark.long)])
def test_a_song_begins_with_its_refrain(sandbox: UploadSandbox, kind: str, tmp_path: Path) -> None:
    """Of a soft verse of twelve seconds at 220 Hz and fifteen loud seconds at 440 Hz, the loud part is used."""
    verse, refrain_ = tone(12, level=0.02), tone(15, level=0.3)[::2]
    whole = np.concatenate([verse, refrain_, refrain_, verse[: 4 * 44100]])
    samples = samples_of(passed(sandbox, "song", encoded(whole, kind), tmp_path))[0]
    assert abs(samples.size / 44100 - 10) < 0.05
    for second in (1, 5, 8):
        spectrum = np.abs(np.fft.rfft(samples[second * 44100 : (second + 1) * 44100]))
        assert int(spectrum.argmax()) == pytest.approx(440, abs=4), second
    assert float(np.abs(samples[:20]).max()) < 0.02  # faded in: no click


def test_a_track_is_kept_or_converted_for_the_player(real_sandbox: UploadSandbox, tmp_path: Path) -> None:
    """mp3 is kept byte for byte; m4a, which the player cannot play, becomes Opus."""
    (tmp_path / "source").write_bytes(mp3 := encoded(tone(4), "mp3"))
    facts = real_sandbox.process("track", tmp_path / "source", tmp_path / "target")
    assert facts["suffix"] == ".mp3"
    assert (tmp_path / "target").read_bytes() == mp3
    (tmp_path / "source").write_bytes(encoded(tone(4), "m4a"))
    facts = real_sandbox.process("track", tmp_path / "source", tmp_path / "target")
    assert facts["suffix"] == ".opus"
    assert (tmp_path / "target").read_bytes()[:4] == b"OggS"
    assert abs(facts["duration_s"] - 4) < 0.2


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_photo_becomes_a_small_picture_of_our_own(
    sandbox: UploadSandbox, kind: str, tmp_path: Path
) -> None:
    """JPEG, PNG and WebP become a JPEG of at most 512 pixels that shows the same."""
    pixels = pixels_of(passed(sandbox, "picture", picture(kind=kind), tmp_path))
    assert pixels.shape == (288, 512, 3)
    assert pixels[10, 10, 2] > 200
    assert pixels[10, 10, 1] > 150
    assert pixels[-10, -10].max() < 60


def test_a_rotated_photo_is_turned_upright_and_loses_its_metadata(
    real_sandbox: UploadSandbox, tmp_path: Path
) -> None:
    """The orientation is applied; all other metadata is gone."""
    made = passed(real_sandbox, "picture", with_exif(picture()), tmp_path)
    pixels = pixels_of(made)
    assert pixels.shape == (512, 288, 3)
    assert pixels[10, 10, 2] > 200  # blue was left and is now at the top
    assert pixels[-10, 10, 2] < 60
    assert b"secret" not in made
    assert b"Exif" not in made


@pytest.mark.parametrize("kind", ["svg", "gif", "stub", "torn", "sound"])
def test_anything_but_a_photo_is_refused(sandbox: UploadSandbox, kind: str, tmp_path: Path) -> None:
    """SVG, GIF, truncated files and sounds are refused with a sentence."""
    data = {
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "gif": b"GIF89a" + b"\x01\x00" * 20,
        "stub": b"\xff\xd8\xff",
        "torn": picture()[:200],
        "sound": encoded(tone(1), "wav"),
    }[kind]
    assert "照片" in refused(sandbox, "picture", data, tmp_path)


def test_a_child_that_hangs_is_a_sentence(
    real_sandbox: UploadSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file on which the child does not answer in time is refused; the program is not affected."""
    monkeypatch.setattr("controller.sound.upload_sandbox.LIMIT_S", {"speech": 0.01})
    assert "出了错" in refused(real_sandbox, "speech", encoded(tone(2), "wav"), tmp_path)


def test_music_that_ends_in_silence_keeps_its_loudness() -> None:
    """At any place of silence in the last tenth of a second, the music's loudness is reported, never none."""
    music = tone(3.0)
    for hundredth in range(1, 21):
        quiet = np.zeros(int((loudness.REST_S + hundredth / 100) * RATE), np.float32)
        frame = av.AudioFrame.from_ndarray(np.concatenate([music, quiet]).reshape(1, -1), "fltp", "mono")
        frame.sample_rate = RATE
        found = loudness.of_frames([frame], peaks=False)
        assert found.lufs > -30, hundredth
        assert found.peak > -30, hundredth


def test_a_long_track_is_converted_in_the_memory_of_a_short_one(tmp_path: Path) -> None:
    """A minute of AAC needs the same memory as two seconds: an hour fits a small computer."""
    short = encoded(tone(2), "aac")
    peaks = [_peak_mb(short * times, tmp_path) for times in (1, 30)]
    assert peaks[1] - peaks[0] < 15, peaks


def _peak_mb(data: bytes, folder: Path) -> float:
    """Return the peak memory of the upload child for such a track."""
    (folder / "source").write_bytes(data)
    program = (
        "import resource, sys; from controller.sound import upload_worker as intake\n"
        "request = {'what': 'track', 'source': sys.argv[1], 'target': sys.argv[2]}\n"
        "assert 'done' in intake._answer(request)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)"
    )
    words = [sys.executable, "-c", program, str(folder / "source"), str(folder / "target")]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    "spare_mb", [20, *(pytest.param(size, marks=pytest.mark.long) for size in (60, 100))]
)
def test_a_child_without_memory_refuses_in_a_sentence(tmp_path: Path, spare_mb: int) -> None:
    """At any point where memory runs out, the answer is a sentence about the file, or none; never a Python message."""
    (tmp_path / "source").write_bytes(encoded(tone(50), "wav"))
    program = (
        "import json, resource, sys; from controller.sound import upload_worker as intake\n"
        "size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        f"intake.MEMORY = size + {spare_mb} * 1_000_000\n"
        "intake.main()"
    )
    request = {"what": "speech", "source": str(tmp_path / "source"), "target": str(tmp_path / "target")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(request) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    answer = json.loads(done.stdout) if done.stdout else {}
    assert answer.keys() <= {"refused", "done"}
    assert "Error" not in done.stdout
    if spare_mb == 20:
        assert not answer.get("done")


def test_a_child_that_dies_is_restarted_once(
    real_sandbox: UploadSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One death may not be the file's fault; after two the file is refused without being called damaged."""
    real, asked = Child.send, 0

    def send(child: Child, message: Mapping[str, Any]) -> None:
        nonlocal asked
        asked += 1
        if asked in deadly:
            child.kill()
        real(child, message)

    monkeypatch.setattr(Child, "send", send)
    deadly = {1}
    assert passed(real_sandbox, "speech", encoded(tone(2), "wav"), tmp_path)
    (tmp_path / "target").unlink()
    asked, deadly = 0, {1, 2}
    sentence = refused(real_sandbox, "speech", encoded(tone(2), "wav"), tmp_path)
    assert "请再传一次" in sentence
    assert "损坏" not in sentence


def test_a_flood_of_unreadable_files_starts_few_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty files of random bytes within a minute start ten children; a minute later a recording is taken again.

    Files that their first bytes name, such as archives, start no child and do not count.
    """
    clock = [0.0]
    sandbox = UploadSandbox(now=lambda: clock[0])
    started: list[str] = []

    def answer(_sandbox: UploadSandbox, what: str, source: Path, target: Path, named: str | None) -> Any:
        started.append(what)
        return InThisProcess._asked(sandbox, what, source, target, named)  # type: ignore[arg-type]

    monkeypatch.setattr(UploadSandbox, "_asked", answer)
    for _ in range(20):
        assert "压缩包" in refused(sandbox, "speech", b"PK\x03\x04" + bytes(5000), tmp_path)
    assert started == []
    noise = np.random.default_rng(5)
    sentences = []
    for _ in range(30):
        clock[0] += 1.5
        sentences.append(refused(sandbox, "speech", b"\x00" + noise.bytes(5000), tmp_path))
    assert len(started) == 10
    assert sentences.count("刚才有很多文件读不了，请一分钟后再试。") == 20
    clock[0] += 60
    passed(sandbox, "speech", encoded(tone(1), "wav"), tmp_path)


def test_a_file_that_cannot_be_read_is_not_a_matter_of_room(
    real_sandbox: UploadSandbox, tmp_path: Path
) -> None:
    """A disk that fails while reading, and a file that is gone: each has the reason and its own remedy."""
    why = refused_source(
        real_sandbox, Path("/proc/self/mem"), tmp_path
    )  # reading its first byte fails with EIO
    assert why == "读不了这个文件（磁盘读写出错），请检查主机的存储卡或硬盘，可能要换一张。"
    why = refused_source(real_sandbox, tmp_path / "gone", tmp_path)
    assert why == "读不了这个文件（没有这个文件或目录），请再试一次，还是不行就重启主机。"


def refused_source(sandbox: UploadSandbox, source: Path, folder: Path) -> str:
    with pytest.raises(UnsupportedFile) as why:
        sandbox.process("picture", source, folder / "target")
    return why.value.sentence


@pytest.mark.parametrize("what", WORK)
def test_a_fault_of_the_machine_is_not_called_a_damaged_file(what: str, tmp_path: Path) -> None:
    """The file vanishes before the child reads it: no photo, table or music is said to be broken."""
    answer = _answer({"what": what, "source": str(tmp_path / "gone"), "target": str(tmp_path / "target")})
    assert answer["refused"] == "现在处理不了（没有这个文件或目录），请再试一次，还是不行就重启主机"


def test_a_full_disk_is_answered_with_making_room(tmp_path: Path) -> None:
    """The converted photo finds no room: the answer says what to do, and half a file is not kept."""
    (tmp_path / "source").write_bytes(picture())
    (tmp_path / "target").symlink_to("/dev/full")
    answer = _answer(
        {"what": "picture", "source": str(tmp_path / "source"), "target": str(tmp_path / "target")}
    )
    assert answer["refused"] == "现在处理不了（磁盘满了），请清理磁盘空间"
