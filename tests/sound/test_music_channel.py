"""Changing a running music command: the real player on SDL's disk driver continues without a disturbance."""

import time
from pathlib import Path

import numpy as np
import pytest
from players import speaking
from recording import Recording, band, disk_device, level, silences, tone, write_wav

from controller.sound.speaker import MusicOrder, Track

pytestmark = [pytest.mark.signal, pytest.mark.calm]
now = time.monotonic


@pytest.fixture
def disk(tmp_path):
    with disk_device(tmp_path) as (env, recording), speaking(env) as (speaker, events):
        yield speaker, events, recording


def order(start: float, *paths: Path, position_s: float = 0.0, gain_db: float = 0.0) -> MusicOrder:
    return MusicOrder(tuple(Track(path, gain_db, 3.0) for path in paths), start, position_s)


def mixed(recording: Recording, t0: float, t1: float) -> np.ndarray:
    """Samples as they left the mixer: a hole in them is the player's, not one of a busy machine."""
    return recording.frames_between(t0, t1).astype(np.float32).mean(axis=1) / 32768


def test_a_track_that_comes_is_next_and_the_present_one_is_not_touched(disk, tmp_path):
    """x is added after a although b is queued already: no gap, no jump of level in a; then x, then b."""
    speaker, events, recording = disk
    a, b, x = (write_wav(tmp_path / f"{name}.wav", tone(3.0)) for name in "abx")
    start = now()
    speaker.music(order(start, a, b))
    began = events.wait("track", path=a).at
    time.sleep(1.7)  # by then b is queued after a
    speaker.music(order(start, a, x, b, gain_db=-6.0))
    events.wait("track", path=x, within=3)
    events.wait("track", path=b, within=5)
    assert [event.path for event in events.of("track")] == [a, x, b]
    assert silences(mixed(recording, began + 0.1, began + 6.5), 0.05) == []
    loud = level(mixed(recording, began + 0.5, began + 2.7), 0.05, 0.01)
    assert loud.min() > 0.8 * loud.max()


def test_a_track_that_is_deleted_while_it_plays_plays_to_its_end(disk, tmp_path):
    """The deleted track plays to its end; then come the remaining tracks of the command."""
    speaker, events, recording = disk
    a, b, c = (write_wav(tmp_path / f"{name}.wav", tone(3.0)) for name in "abc")
    start = now()
    speaker.music(order(start, a, b, c))
    began = events.wait("track", path=a).at
    a.unlink()
    b.unlink()
    speaker.music(order(start, a, c))
    events.wait("track", path=c, within=5)
    assert events.of("track_failed") == []
    assert silences(mixed(recording, began + 0.1, began + 3.3), 0.05) == []


def test_next_and_a_repeated_command_lose_nothing_of_the_track(disk, tmp_path):
    """After «next» the next track is heard from its first sample on, once.

    The track becomes louder, so that each level shows a place in it. The samples count, not when they arrived.
    """
    speaker, events, recording = disk
    a = write_wav(tmp_path / "a.wav", tone(3.0, 440, pilot=0))
    ramp = tone(3.0, 880, pilot=0) * np.linspace(0.2, 1.0, 3 * 44100).astype(np.float32)
    b = write_wav(tmp_path / "b.wav", ramp)
    start = now()
    speaker.music(order(start, a, b))
    events.wait("track", path=a)
    time.sleep(0.7)
    skipped = 3.0 - (now() - start) + 0.001
    speaker.next_track()
    speaker.music(order(start, a, b, position_s=skipped))
    began = events.wait("track", path=b).at
    time.sleep(1.2)
    assert len(events.of("track")) == 2
    sound = band(mixed(recording, began - 0.5, now()), 780, 980)
    first = np.flatnonzero(level(sound, 0.005, 1 / 44100) < 0.01)[-1] + 1
    heard = level(sound[first : first + 40000], 0.05, 0.05)
    wanted = level(band(ramp, 780, 980)[:40000], 0.05, 0.05)
    assert np.abs(heard[1:] / wanted[1:] - 1).max() < 0.015  # the filter blurs the first edge


def test_an_unreadable_file_plays_when_it_is_back(disk, tmp_path):
    """Both files are missing when the first ends: silence, reported once; the same command again plays them."""
    speaker, events, _ = disk
    a, b = (write_wav(tmp_path / f"{name}.wav", tone(1.0)) for name in "ab")
    start = now()
    speaker.music(MusicOrder((Track(a, 0.0, 1.0), Track(b, 0.0, 1.0)), start))
    events.wait("track", path=a)
    (tmp_path / "away").mkdir()
    for path in (a, b):
        path.rename(tmp_path / "away" / path.name)
    events.wait("music_ended")
    count = len(events.of("track"))
    for path in (a, b):
        (tmp_path / "away" / path.name).rename(path)
    speaker.music(MusicOrder((Track(a, 0.0, 1.0), Track(b, 0.0, 1.0)), start))
    events.wait("track", count + 1)


def test_a_track_whose_level_was_a_guess_comes_to_its_level_while_it_plays(disk, tmp_path):
    """The only track of a playlist, 10 dB too soft until measured, reaches its level within seconds, by a fade."""
    speaker, events, recording = disk
    a = write_wav(tmp_path / "a.wav", tone(8.0))
    start = now()
    speaker.music(MusicOrder((Track(a, -10.0, 8.0, guessed=True),), start))
    began = events.wait("track", path=a).at
    time.sleep(0.8)
    speaker.music(MusicOrder((Track(a, -1.0, 8.0),), start))
    time.sleep(4.2)
    x = recording.sound_between(began + 0.3, began + 4.8)
    loud = 20 * np.log10(np.maximum(level(x, 0.05, 0.01), 1e-6))
    low, middle, high = (np.median(loud[at : at + 30]) for at in (0, 180, 415))
    assert high - low == pytest.approx(9.0, abs=0.5)
    assert low + 2 < middle < high - 2
