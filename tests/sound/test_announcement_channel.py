"""Ducking and restoring music around announcements, on a simulated clock."""

from pathlib import Path

import pytest

from controller.sound.player.announcement_channel import DRAIN_S, REST_S, WAIT_S, AnnouncementChannel
from controller.sound.player.fades import LEAST_FADE_S, MARGIN_S
from controller.sound.player.protocol import Duck, Part

CHIME, SPEECH = Part(Path("chime")), Part(Path("speech"))


class Mixer:
    """A channel and a music stream that record their calls, and refuse misuse."""

    latency_s = 0.01

    def __init__(self) -> None:
        self.sounding: list[str] = []
        self.ducked = 0.0

    def open(self, path: Path, gain_db: float, floor: float = 0.0) -> str:
        if path.name == "broken":
            raise ValueError("broken")
        return path.name

    def say(self, sound: str) -> None:
        assert not self.sounding
        self.sounding = [sound]

    def say_next(self, sound: str) -> None:
        assert len(self.sounding) == 1
        self.sounding.append(sound)

    def fade_out(self, fade_s: float) -> None:
        self.sounding = []

    def duck(self, duck: Duck, now: float) -> None:
        self.ducked = duck.db

    def restore(self, now: float) -> None:
        self.ducked = 0.0


@pytest.fixture
def channel():
    events = []
    mixer = Mixer()
    return AnnouncementChannel(mixer, mixer, lambda do, **values: events.append((do, values))), mixer, events


def play_out(clips: AnnouncementChannel, mixer: Mixer, now: float) -> None:
    mixer.sounding.pop(0)
    clips.part_ended(now)


def done(events) -> dict:
    (values,) = [values for do, values in events if do == "done"]
    return values


def test_music_stays_down_through_all_parts_and_comes_back_after_the_last(channel):
    """Ducked from the first part on, until a pause after the last has passed."""
    clips, mixer, events = channel
    clips.announce(1, [CHIME], open=True, duck=Duck(), until=None, now=0.0)
    assert mixer.ducked == -20
    play_out(clips, mixer, 1.0)
    clips.tick(5.0)
    assert mixer.ducked == -20
    clips.append(1, SPEECH, 5.0)
    clips.finish(1)
    play_out(clips, mixer, 9.0)
    clips.tick(9.0 + DRAIN_S)
    assert done(events)["ok"]
    clips.tick(9.0 + REST_S - 0.01)
    assert mixer.ducked == -20
    clips.tick(9.0 + REST_S)
    assert mixer.ducked == 0


def test_another_announcement_keeps_the_music_down(channel):
    """An announcement within the pause finds the music still ducked."""
    clips, mixer, _events = channel
    clips.announce(1, [CHIME], open=False, duck=Duck(), until=None, now=0.0)
    play_out(clips, mixer, 1.0)
    clips.tick(1.1)
    clips.announce(2, [SPEECH], open=False, duck=Duck(), until=None, now=1.2)
    clips.tick(1.0 + REST_S + 0.1)
    assert mixer.ducked == -20


def test_an_open_announcement_without_parts_ends_and_restores_the_music(channel):
    """An open announcement without further parts ends after its time as not heard, and the music is restored."""
    clips, mixer, events = channel
    clips.announce(1, [CHIME], open=True, duck=Duck(), until=None, now=0.0)
    play_out(clips, mixer, 1.0)
    clips.tick(1.0 + WAIT_S - 0.1)
    assert mixer.ducked == -20
    clips.tick(1.0 + WAIT_S + 0.1)
    assert done(events) == {"id": 1, "ok": False, "why": "waited"}
    clips.tick(1.0 + WAIT_S + 0.2)
    assert mixer.ducked == 0


def test_an_end_counts_only_when_the_device_outlived_it(channel):
    """Sound still in the device's buffers has not been heard yet."""
    clips, mixer, events = channel
    clips.announce(1, [CHIME], open=False, duck=Duck(), until=None, now=0.0)
    play_out(clips, mixer, 1.0)
    clips.tick(1.0 + DRAIN_S / 2)
    assert not [do for do, _ in events if do == "done"]
    clips.tick(1.0 + DRAIN_S)
    assert done(events)["ok"]


@pytest.mark.parametrize("why", ["stopped", "quiet", "until", "file"])
def test_the_music_is_restored_after_any_failure(channel, why):
    """Stopped, cut by quiet time or a limit, or unreadable: the music is restored."""
    clips, mixer, events = channel
    part = Part(Path("broken")) if why == "file" else CHIME
    clips.announce(1, [part, part], open=False, duck=Duck(), until=3.0 if why == "until" else None, now=0.0)
    if why == "stopped":
        clips.stop(1, 0.1, 1.0)
    if why == "quiet":
        clips.quiet([(3.0, 9.0)])
    clips.tick(1.0)
    clips.tick(3.0)
    clips.tick(3.0 + REST_S + 0.1)
    assert done(events) == {"id": 1, "ok": False, "why": why}
    assert mixer.ducked == 0
    assert not mixer.sounding


def test_an_announcement_that_could_only_be_cut_does_not_begin(channel):
    """Closer to quiet time than its fade-out is long, it is refused: cut at once, it would still end too late."""
    clips, mixer, events = channel
    clips.quiet([(3.0, 9.0)])
    clips.announce(1, [CHIME], open=False, duck=Duck(), until=None, now=3.0 - MARGIN_S - LEAST_FADE_S / 2)
    assert done(events) == {"id": 1, "ok": False, "why": "quiet"}
    assert not mixer.sounding
