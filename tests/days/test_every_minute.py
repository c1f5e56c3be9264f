"""State depends on the current moment only: a start at any minute of a working day equals an uninterrupted run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import SHANGHAI, FakeAnnouncer, FakeSpeaker, FakeVoice
from office_made import ROOT, House, house

from controller.services import Office, Parts
from controller.timekeeper import Timekeeper
from signage.wall_state import wall_state

WORKDAY = datetime(2026, 11, 30, tzinfo=SHANGHAI)
"""A Monday that is the month's last working day: the fullest timetable."""
WHOLE_DAY = range(24 * 60)
FROM_THE_HANDS_ON = range(8 * 60 + 30, 18 * 60 + 30)
"""From ten minutes before the first deed to two hours after the last one, which ended at the latest with its entry."""
EVERY = 15
"""In `make test` the office starts at each quarter of an hour, and in the minutes before, at and after each boundary or
deed. Between them the state only moves on. `make soak` starts it at each minute."""
Deeds = dict[int, Callable[[Office], object]]


class Started:
    """An office that starts now on another office's store, timetable and clock, with a separate speaker."""

    def __init__(self, running: House):
        self.clock = running.clock
        self.speaker, self.announcer = FakeSpeaker(), FakeAnnouncer()
        self.office = Office(
            Parts(
                self.clock, running.timetable_file, running.store, running.feed,
                self.announcer, self.speaker, FakeVoice(), running.library, ROOT / "sounds",
            )  # type: ignore[arg-type]
        )  # fmt: skip
        self.announcer.start(self.office.queue)
        Timekeeper(self.clock, running.timetable_file, self.office.timetable_listener).refresh()


def state(office: House | Started) -> dict[str, object]:
    """Return sound and display: music command with volume and position, silences, master volume, wall."""
    mono, speaker = office.clock.monotonic(), office.speaker
    order = speaker.order
    assert office.announcer.spans == speaker.spans, "speaker and announcer know different silences"
    wall = wall_state(office.office.snapshot.glance(), "大厅")
    return {
        "tracks": order and [track.path.name for track in order.tracks],
        "volume": order and order.volume,
        "place": order and round(mono - order.start_at + order.position_s, 3),
        "until": order and order.until and round(order.until - mono, 3),
        "fades": order and (order.fade_in_ms, order.fade_out_ms),
        "silences": [(round(start - mono, 3), round(end - mono, 3)) for start, end in speaker.spans],
        "master": speaker.volume,
        "wall": (wall["scene"], wall["entry"], wall["next"]),
    }


def minutes(running: House, part: range) -> Iterator[int]:
    """Move the running office through the day, waking it at every boundary, as the timekeeper does."""
    for minute in part:
        if minute:
            running.go_to(f"{minute // 60:02}:{minute % 60:02}")
        yield minute


HANDS: Deeds = {
    8 * 60 + 41: lambda office: office.music.next_track(),
    8 * 60 + 50: lambda office: office.music.stop(),
    10 * 60 + 10: lambda office: office.music.play("rousing"),
    10 * 60 + 31: lambda office: office.music.next_track(),
    10 * 60 + 40: lambda office: office.music.set_volume(55),
    11 * 60 + 20: lambda office: office.music.mute_for(17),
    12 * 60 + 20: lambda office: office.music.mute_for(20),
    12 * 60 + 57: lambda office: office.music.stop(),
    14 * 60 + 5: lambda office: office.music.play("morning"),
    14 * 60 + 20: lambda office: office.music.stop(),
    15 * 60 + 59: lambda office: office.music.mute_for(0),
}


def chosen(running: House, hands: Deeds) -> set[int]:
    """Return the minutes for starts in the short form."""
    plan = running.timetable_file.plan(WORKDAY.date())
    edges = [cue.at for cue in plan.cues] + [
        edge for entry in plan.entries for edge in (entry.at, entry.until)
    ]
    changes = {edge.hour * 60 + edge.minute for edge in edges} | set(hands)
    return {minute + step for minute in changes for step in (-1, 0, 1)} | set(WHOLE_DAY[::EVERY])


@pytest.mark.timeout(600)  # 15 s of computation; minutes only on a busy machine
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("hands", "part"),
    [({}, WHOLE_DAY), (HANDS, FROM_THE_HANDS_ON)],
    ids=["by-the-timetable", "with-hands"],
)
def test_a_start_at_any_minute_is_as_if_never_stopped(
    tmp_path: Path, hands: Deeds, part: range, whole: bool
) -> None:
    """In the long form 1,440 starts: each has the same music at the same position, the same silences, volume and wall
    as the uninterrupted office, also on a day on which people played, stopped, skipped and muted."""
    with house(tmp_path, WORKDAY) as running:
        starts = set(WHOLE_DAY) if whole else chosen(running, hands)
        for minute in minutes(running, part):
            if minute in hands:
                hands[minute](running.office)
                running.keeper.refresh()
            if minute in starts:
                assert state(Started(running)) == state(running), f"{minute // 60:02}:{minute % 60:02}"


def test_in_the_nap_no_start_requests_sound(tmp_path: Path) -> None:
    """A start in the nap requests no music, except in the last six seconds, and then for exactly 12:55."""
    with house(tmp_path, WORKDAY.replace(hour=12, minute=30)) as running:
        nap = WORKDAY.replace(hour=12, minute=55)
        while running.clock.now() < nap:
            started = Started(running)
            left = (nap - running.clock.now()).total_seconds()
            (span,) = started.speaker.spans
            assert span[0] <= running.clock.monotonic() < span[1]
            assert round(span[1] - running.clock.monotonic(), 3) == left
            order = started.speaker.order
            assert (order is not None) == (left <= 6)
            assert order is None or round(order.start_at - running.clock.monotonic(), 3) == left
            running.clock.go(seconds=min(7.0, left - 6) if left > 6 else 1.0)


def test_the_day_before_does_not_matter(tmp_path: Path) -> None:
    """After three days of running, over a weekend, or a fresh start: Monday 08:40 is the same."""
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=SHANGHAI)
    with house(tmp_path, friday) as running:
        monday = WORKDAY.replace(hour=8, minute=40)
        while running.clock.now() < monday:
            running.clock.go(minutes=10)
            running.keeper.refresh()
        assert running.clock.now() - monday == timedelta()
        assert state(Started(running)) == state(running)
