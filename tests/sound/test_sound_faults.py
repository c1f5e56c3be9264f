"""Faults of the output on a private PulseAudio: noticed, reported, over. All of them: tests/bench/soundfaults.py"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from players import Events, speaking
from recording import Pulse, tone, write_wav

from controller.sound.player_child import silent_file
from controller.sound.speaker import WHY, MusicOrder, Part, Speaker, Track

pytestmark = [pytest.mark.signal, pytest.mark.calm]
now = time.monotonic
ROOT = Path(__file__).resolve().parents[2]
FAULTY = os.pathsep.join((str(ROOT / "tests" / "bench" / "faulty"), str(ROOT)))


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory):
    with Pulse(tmp_path_factory.mktemp("pulse")) as server:
        yield server


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wav(tmp_path_factory.mktemp("music") / "music.wav", tone(60))


def order(*paths: Path) -> MusicOrder:
    return MusicOrder(tuple(Track(path, 0.0, 60.0) for path in paths), now())


def test_a_muted_output_is_a_lost_device_until_it_is_unmuted(pulse: Pulse, music: Path) -> None:
    """Muted behind the daemon's back: reported, the announcement is not counted as heard, and all is well after it."""
    with speaking(pulse.env) as (speaker, events):
        speaker.music(order(music))
        speaker.announce(1, [Part(music)])
        events.wait("part_started", id=1)
        time.sleep(1.5)  # the first look at the server is over
        pulse.control("pactl set-sink-mute office 1")
        try:
            assert events.wait("lost", within=10).why == WHY["muted"]
            assert events.wait("done", id=1).why == "lost"
            assert not speaker.health().alive
            assert speaker.works()
            speaker.announce(2, [Part(music)])
            assert events.wait("done", id=2).why == "lost"
        finally:
            pulse.control("pactl set-sink-mute office 0")
        events.wait("ready", count=2, within=10)
        assert speaker.health().alive


def test_another_device_unplugged_disturbs_nothing(pulse: Pulse, music: Path) -> None:
    """The removal of an output that is not in use interrupts no announcement."""
    pulse.plug("spare")
    with speaking(pulse.env) as (speaker, events):
        speaker.announce(1, [Part(music)])
        events.wait("part_started", id=1)
        time.sleep(1.5)
        assert {one.key for one in speaker.outputs().all} == {"pulse:office", "pulse:spare"}
        pulse.unplug("spare")
        events.wait("outputs", count=2, within=10)
        assert not events.of("lost")
        assert not events.of("done")


def test_the_chosen_output_is_used_left_and_taken_again(pulse: Pulse, music: Path) -> None:
    """Chosen on the phone, unplugged, plugged in again: it plays there, elsewhere meanwhile, and there again."""
    pulse.plug("spare", "USB_Audio")
    try:
        with speaking(pulse.env) as (speaker, events):
            speaker.music(order(music))
            speaker.choose("pulse:spare")
            assert until(
                lambda: (speaker.outputs().current, speaker.outputs().chosen) == ("pulse:spare", True)
            )
            assert "USB_Audio" in [one.name for one in speaker.outputs().all]
            pulse.unplug("spare")
            assert until(
                lambda: (speaker.outputs().current, speaker.outputs().chosen) == ("pulse:office", False)
            )
            assert speaker.health().alive
            pulse.plug("spare", "USB_Audio")
            assert until(
                lambda: (speaker.outputs().current, speaker.outputs().chosen) == ("pulse:spare", True)
            )
            assert until(lambda: speaker.health().alive)
            assert len(events.of("ready")) >= 3
    finally:
        pulse.unplug("spare")


def until(holds, within: float = 60) -> bool:
    """Return whether something becomes true in time."""
    end = now() + within
    while now() < end and not holds():
        time.sleep(0.05)
    return bool(holds())


def test_a_file_that_crashes_the_decoder_is_skipped_after_three_deaths(tmp_path: Path, music: Path) -> None:
    """The player dies three times on it, never a fourth time; the next track plays and the file is reported."""
    bad = write_wav(tmp_path / "crash.wav", tone(5))
    env = {"SDL_AUDIODRIVER": "dummy", "PYTHONPATH": FAULTY}
    with speaking(env) as (speaker, events):
        speaker.music(order(bad, music))
        events.wait("track", path=music, within=30)
        assert len(events.of("ready")) == 4
        assert events.wait("track_failed", path=bad)
        assert speaker.health().alive


@contextlib.contextmanager
def losing(switch: Path, music: Path) -> Iterator[tuple[Speaker, Events, Path]]:
    """Play music in a mixer that has just lost it, until the file `switch` is removed."""
    env = {"SDL_AUDIODRIVER": "dummy", "PYTHONPATH": FAULTY, "FAULTY_SILENT": str(switch)}
    with speaking(env) as (speaker, events):
        speaker.music(order(music))
        events.wait("track")
        switch.touch()
        speaker.master(90)
        yield speaker, events, switch


def test_music_lost_in_the_mixer_is_missed(tmp_path: Path, music: Path) -> None:
    """The mixer's level shows it: the device is opened again, the fault is named until the music is back."""
    with losing(tmp_path / "silent", music) as (speaker, events, switch):
        assert events.wait("lost", within=20).why == WHY["silent"]
        events.wait("ready", count=2)
        assert speaker.health().why == WHY["silent"]
        switch.unlink()
        assert until(lambda: speaker.health().alive and speaker.health().why is None, 30)


def test_music_lost_in_the_mixer_is_opened_again_in_the_same_player(tmp_path: Path, music: Path) -> None:
    """Once the fault is over the reopened stream is heard, without a new player: announcements go on."""
    with losing(tmp_path / "silent", music) as (speaker, events, switch):
        assert until(lambda: speaker.health().why == WHY["silent"], 20)
        switch.unlink()
        assert until(lambda: speaker.health().why is None, 30)
        assert speaker.health().alive
        assert [len(events.of(kind)) for kind in ("ready", "lost", "track")] == [1, 0, 1]


def test_a_silent_passage_is_no_fault(tmp_path: Path) -> None:
    """A file that is silent for a while is played unchanged: nothing is reopened."""
    assert silent_file(write_wav(tmp_path / "rest.wav", tone(8) * 0), 2.0)
    assert not silent_file(write_wav(tmp_path / "loud.wav", tone(8)), 2.0)
    assert silent_file(tmp_path / "none.wav", 2.0)


def test_sound_comes_back_soon_after_a_device_that_was_missing_for_long(tmp_path: Path, music: Path) -> None:
    """However long there was no device: the same player opens it, and reports that it is alive meanwhile."""
    server, events = Pulse(tmp_path), Events()
    speaker = Speaker(events, env=server.env)
    speaker.start()
    try:
        assert events.wait("lost").why == WHY["none"]
        time.sleep(3)
        assert speaker.works()
        server.start()
        began = now()
        events.wait("ready")
        print("ready after", now() - began)
        assert len(events.of("lost")) == 1
    finally:
        speaker.close()
        server.kill()


def test_a_player_that_is_stopped_again_and_again_makes_no_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each new player hangs at once: the speaker does not count as working, so the watchdog is not fed."""
    monkeypatch.setattr("controller.sound.speaker.STUCK_S", 1.0)
    with speaking({"SDL_AUDIODRIVER": "dummy"}) as (speaker, _):
        assert until(lambda: speaker.works(), 5)
        assert speaker._child is not None
        pid = speaker._child.pid
        subprocess.run(["kill", "-STOP", str(pid)], check=True)
        assert until(lambda: not speaker.works(), 5)
        assert until(lambda: speaker.works(), 20)  # a new player has taken over
