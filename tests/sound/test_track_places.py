"""Entering a track in its middle, and a track without its end: each format, on the real mixer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from corpus import ffmpeg
from players import speaking
from recording import RATE, disk_device, silences, tone, write_coded, write_wav

from controller.sound.speaker import MusicOrder, Track

pytestmark = [pytest.mark.signal, pytest.mark.calm]
now = time.monotonic

CODECS = {"wav": None, "ogg": "vorbis", "mp3": "libmp3lame", "flac": "flac", "opus": "libopus"}
FIRST_HZ, RISE = 300.0, 40.0
"""The pitch of the rising tone shows the second of the file: 300 Hz at its start, 40 Hz more each second."""

ENTER = """
import sys, time
from pathlib import Path
from controller.sound.player import mixer
device = mixer.Device()
device.load(Path(sys.argv[1]))
print(device.play(float(sys.argv[2]), held=True))
device.volume(127)
device.release()
time.sleep(0.8)
"""


def written(path: Path, samples: np.ndarray) -> Path:
    """Write samples as the format of the name. Vorbis by the ffmpeg program: PyAV's encoder writes false lengths."""
    codec = CODECS[path.suffix[1:]]
    if codec is None:
        return write_wav(path, samples)
    if codec == "vorbis":
        ffmpeg("-i", write_wav(path.with_suffix(".source.wav"), samples), "-c:a", "libvorbis", path)
        return path
    return write_coded(path, samples, codec, 48000 if codec == "libopus" else RATE)


def rising(seconds: float) -> np.ndarray:
    t = np.arange(round(RATE * seconds)) / RATE
    return 0.3 * np.sin(2 * np.pi * (FIRST_HZ * t + RISE / 2 * t * t))


def second_of(heard: np.ndarray) -> float:
    """Return the file's second at which a recording of the rising tone begins."""
    up = np.flatnonzero((heard[:-1] < 0) & (heard[1:] >= 0))
    hz = (len(up) - 1) * RATE / (up[-1] - up[0])
    return float((hz - FIRST_HZ) / RISE - len(heard) / RATE / 2)


@pytest.mark.parametrize("kind", CODECS)
def test_the_mixer_says_where_it_began(tmp_path: Path, kind: str) -> None:
    """Entered at 6.7 s: it begins within a second before that or a packet after it, and exactly where the device says.

    A WAV begins at a whole second; a device that claimed 6.7 s would expect its end too early.
    """
    path = written(tmp_path / f"rising.{kind}", rising(10))
    raw = tmp_path / "out.raw"
    env = os.environ | {"SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(raw)}
    command = [sys.executable, "-c", ENTER, str(path), "6.7"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60)
    entered = float(done.stdout)
    heard = np.fromfile(raw, "<i2").reshape(-1, 2)[:, 0].astype(float)
    begin = int(np.flatnonzero(np.abs(heard) > 1000)[0]) + RATE // 20
    found = second_of(heard[begin : begin + RATE // 5]) - 0.05
    assert abs(found - entered) < 0.15
    assert 5.65 < entered < 6.85


@pytest.mark.parametrize("kind", CODECS)
@pytest.mark.parametrize("how", ["cut", "hole", "noise"])
def test_a_damaged_track_ends_where_its_sound_ends(tmp_path: Path, kind: str, how: str) -> None:
    """A file cut in its middle, or with a part missing or overwritten there: the next track follows without a hole,
    although a length of six seconds was expected."""
    whole = written(tmp_path / f"whole.{kind}", tone(6.0)).read_bytes()
    middle, part = len(whole) // 2, len(whole) // 10
    torn = tmp_path / f"torn.{kind}"
    after = {
        "cut": b"",
        "hole": whole[middle + part :],
        "noise": np.random.default_rng(3).bytes(part) + whole[middle + part :],
    }[how]
    torn.write_bytes(whole[:middle] + after)
    next_ = write_wav(tmp_path / "next.wav", tone(3, 1000))
    with disk_device(tmp_path) as (env, recording), speaking(env) as (speaker, events):
        began = now()
        speaker.music(MusicOrder((Track(torn, 0.0, 6.0), Track(next_, 0.0, 3.0)), began))
        first = events.wait("track", path=torn).at
        second = events.wait("track", path=next_, within=8).at
        time.sleep(0.5)
        assert first is not None
        assert second is not None
        # The whole pages before the middle are played: of this Ogg file two, of one second each.
        assert second - first > 1.9
        heard = recording.frames_between(first + 0.2, second + 0.3).mean(axis=1) / 32768
    assert max([length for _, length in silences(heard, 0.001)], default=0.0) < 0.1
