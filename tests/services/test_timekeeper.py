"""After clock jumps, suspends, failed jobs and edits the office is in the right state within two seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays_made
import pytest
from fakes import SHANGHAI
from office_made import ROOT, House, house

from controller.clock import Clock, JumpWatch
from controller.timekeeper import LOOK_S, Timekeeper
from controller.timetable.current import TimetableFile
from controller.timetable.load import parse
from controller.timetable.model import Cue, DayPlan, State
from controller.timetable.plan import state_at

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 9, 30, tzinfo=SHANGHAI)
WITHIN_S = 2.0
SHIPPED = (
    (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8").replace("holidays: CN", "holidays: none")
)


class RealClock(Clock):
    """A running clock whose wall time a test can set, as after a suspend."""

    def __init__(self, start: datetime):
        super().__init__(ZoneInfo(str(start.tzinfo)), start)
        self.moved = timedelta()

    def now(self) -> datetime:
        return super().now() + self.moved

    def jump(self, by: timedelta) -> None:
        """Set the wall clock and keep CLOCK_MONOTONIC; a suspended machine looks the same."""
        self.moved += by


@dataclass
class Recorder:
    """A follower that records the timekeeper's calls; the methods in `fails` raise."""

    states: list[State] = field(default_factory=list)
    cues: list[str] = field(default_factory=list)
    jumps: list[float] = field(default_factory=list)
    fails: set[str] = field(default_factory=set)

    def follow(self, plan: DayPlan, state: State, now: datetime) -> None:
        if "follow" in self.fails:
            raise RuntimeError("follow is broken")
        assert state == state_at(plan, now)
        self.states.append(state)

    def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
        if "cue" in self.fails:
            raise RuntimeError("cue is broken")
        self.cues.append(f"{cue.at:%m-%d %H:%M} {cue.say}")

    def moments(self, plan: DayPlan, now: datetime) -> tuple[datetime, ...]:
        if "moments" in self.fails:
            raise RuntimeError("moments is broken")
        return ()

    def watch(self) -> None:
        if "watch" in self.fails:
            raise RuntimeError("watch is broken")

    def jumped(self, seconds: float) -> None:
        self.jumps.append(seconds)


@dataclass
class Kept:
    """A real timekeeper thread with a clock that can be moved."""

    clock: RealClock
    seen: Recorder
    timetable_file: TimetableFile
    file: Path
    keeper: Timekeeper
    alive: list[float]


@contextmanager
def kept(
    folder: Path, start: datetime, text: str = SHIPPED, fails: tuple[str, ...] = (), speed: float = 10
) -> Iterator[Kept]:
    folder.mkdir(exist_ok=True)
    file = folder / "rhythm.yaml"
    file.write_text(text, encoding="utf-8")
    holidays_made.bring(folder)
    clock, seen, alive = RealClock(start), Recorder(fails=set(fails)), list[float]()
    timetable_file = TimetableFile(file, folder / "last-good.yaml")
    timetable_file.plan(start.date())
    keeper = Timekeeper(clock, timetable_file, seen, lambda: alive.append(time.monotonic()), speed)
    keeper.start()
    try:
        yield Kept(clock, seen, timetable_file, file, keeper, alive)
    finally:
        keeper.close()


def soon(holds: Callable[[], object], within: float = WITHIN_S) -> bool:
    """Return whether `holds` becomes true within that time."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return bool(holds())


# ---- the real thread ----

JUMPS = {
    "+1s": timedelta(seconds=1), "-1s": timedelta(seconds=-1),
    "+10s": timedelta(seconds=10), "-10s": timedelta(seconds=-10),
    "+1h": timedelta(hours=1), "-1h": timedelta(hours=-1),
    "+1d": timedelta(days=1), "-1d": timedelta(days=-1),
    "+3d": timedelta(days=3), "-3d": timedelta(days=-3),
}  # fmt: skip


@pytest.mark.parametrize("name", JUMPS)
def test_a_clock_that_jumps_ends_in_the_right_state(tmp_path: Path, name: str) -> None:
    """Two seconds after the clock was set by a second, an hour or days, either way, jobs of the old time are discarded
    and the state is right for the new time."""
    by = JUMPS[name]
    speed = 1 if name in ("+1h", "-1h") else 10  # these two use the daemon's real intervals
    with kept(tmp_path, TUESDAY.replace(hour=12, minute=40), speed=speed) as office:
        office.timetable_file.plan((office.clock.now() + by).date())
        office.clock.jump(by)
        assert soon(lambda: office.seen.jumps), "the jump was not noticed"
        right = state_at(office.timetable_file.plan(office.clock.now().date()), office.clock.now())
        assert soon(lambda: office.seen.states[-1] == right)
        assert abs(office.seen.jumps[0] - by.total_seconds()) < 0.2
        assert len(office.seen.jumps) == 1


@pytest.mark.parametrize(
    ("start", "by", "cues"),
    [
        pytest.param("17:59:50", timedelta(seconds=11), ["11-24 18:00 top_sales_of_day"], id="11s-over-one"),
        pytest.param("17:59:50", timedelta(minutes=6), ["11-24 18:05 results"], id="6min-over-two"),
        pytest.param("17:59:50", timedelta(hours=1), [], id="1h-over-both"),
        pytest.param("17:30:00", timedelta(days=1, minutes=36), ["11-25 18:05 results"], id="into-tomorrow"),
        pytest.param("17:30:00", timedelta(days=3), [], id="3d"),
        pytest.param("18:04:00", timedelta(minutes=-30), [], id="backwards"),
    ],
)
def test_after_a_suspend_at_most_one_late_cue_is_played(
    tmp_path: Path, start: str, by: timedelta, cues: list[str]
) -> None:
    """When a suspended machine wakes after its cues, only the last one still within its grace is played."""
    hour, minute, second = map(int, start.split(":"))
    with kept(tmp_path, TUESDAY.replace(hour=hour, minute=minute, second=second)) as office:
        office.timetable_file.plan((office.clock.now() + by).date())
        office.clock.jump(by)
        assert soon(lambda: office.seen.jumps)
        if cues:
            assert soon(lambda: office.seen.cues)
        time.sleep(0.3)
        assert office.seen.cues == cues


def test_a_failing_cue_does_not_stop_other_jobs(tmp_path: Path) -> None:
    """When a cue raises, the state is still followed, the next cue is played and the watchdog is fed."""
    start = TUESDAY.replace(hour=17, minute=59, second=59)
    with kept(tmp_path, start, fails=("cue",)) as office:
        assert soon(lambda: len(office.seen.states) > 2, 3 * LOOK_S)
        assert office.seen.states[-1].entry is not None
        assert office.seen.states[-1].entry.name == "战报传来"
        office.seen.fails.clear()
        office.clock.jump(timedelta(minutes=5))
        assert soon(lambda: office.seen.cues == ["11-24 18:05 results"])


TWO = SHIPPED.replace(
    "  - at: 18:00\n", "  - {at: 18:00:00, say: 大家好。}\n  - {at: 18:00:40, say: 再见。}\n\n  - at: 18:00\n"
)
"""Two cues at 18:00, and one forty seconds later."""


def test_a_failing_cue_does_not_stop_another_of_the_same_time(tmp_path: Path) -> None:
    """When the first of two cues at 18:00 raises, the second is played."""

    class FirstBreaks(Recorder):
        def cue(self, cue: Cue, plan: DayPlan, now: datetime) -> None:
            if cue.say == "text":
                raise RuntimeError("the first is broken")
            super().cue(cue, plan, now)

    (tmp_path / "rhythm.yaml").write_text(TWO, encoding="utf-8")
    clock, seen = RealClock(TUESDAY.replace(hour=17, minute=59, second=59)), FirstBreaks()
    keeper = Timekeeper(clock, TimetableFile(tmp_path / "rhythm.yaml", tmp_path / "last-good.yaml"), seen)
    clock.jump(timedelta(seconds=3))
    keeper.refresh()
    assert seen.cues == ["11-24 18:00 top_sales_of_day"]


def test_of_two_late_cues_within_their_grace_only_the_last_is_played(tmp_path: Path) -> None:
    """After a suspend from 17:59:30 to 18:01 the cues of 18:00 and 18:00:40 are within their grace; one is played."""
    with kept(tmp_path, TUESDAY.replace(hour=17, minute=59, second=30), TWO) as office:
        office.clock.jump(timedelta(seconds=90))
        assert soon(lambda: office.seen.cues)
        time.sleep(0.3)
        assert office.seen.cues == ["11-24 18:00 text"]


def test_a_failing_follower_does_not_stop_cues(tmp_path: Path) -> None:
    """When following the state raises, cues are still played and the thread runs on."""
    with kept(tmp_path, TUESDAY.replace(hour=17, minute=59, second=59), fails=("follow",)) as office:
        assert soon(lambda: office.seen.cues == ["11-24 18:00 top_sales_of_day"], 3)
        office.seen.fails.clear()
        assert soon(lambda: office.seen.states, 2 * LOOK_S)


def test_a_failed_computation_of_boundaries_is_retried(tmp_path: Path) -> None:
    """When computing the next boundary raises at the start, the thread runs on and computes it later."""
    start = TUESDAY.replace(hour=12, minute=29, second=58)
    with kept(tmp_path, start, fails=("moments",)) as office:
        time.sleep(0.3)
        office.seen.fails.clear()
        assert soon(lambda: office.seen.states[-1].quiet, 6)
        jobs = office.keeper._scheduler.get_jobs("boundary")
        assert soon(lambda: office.keeper._scheduler.get_jobs("boundary")), jobs


def test_a_jump_while_boundaries_cannot_be_computed_keeps_the_thread_alive(tmp_path: Path) -> None:
    """A failure while rescheduling after a jump does not end the timekeeper."""
    with kept(tmp_path, TUESDAY) as office:
        office.seen.fails.add("moments")
        office.clock.jump(timedelta(hours=1))
        assert soon(lambda: office.seen.jumps)
        office.seen.fails.clear()
        before = len(office.seen.states)
        assert soon(lambda: len(office.seen.states) > before + 1, 3 * LOOK_S)


def test_an_edit_of_the_file_takes_effect_within_five_seconds(tmp_path: Path) -> None:
    """After an edit that moves quiet time earlier, quiet time starts within five seconds."""
    with kept(tmp_path, TUESDAY.replace(hour=12, minute=10), speed=1) as office:  # real intervals
        assert not office.seen.states[-1].quiet
        edited = SHIPPED.replace("at: 12:00-12:30", "at: 12:00-12:05").replace(
            "at: 12:30-12:55", "at: 12:05-12:55"
        )
        office.file.write_text(edited, encoding="utf-8")
        assert soon(lambda: office.seen.states[-1].quiet, 5)


@pytest.mark.parametrize(
    ("faulty", "named"),
    [
        (SHIPPED.replace("at: 12:30-12:55", "at: 12:30-12:65"), "12:65"),
        (SHIPPED.replace("rhythm:", "rythm:"), "rythm"),
        (SHIPPED.replace("name: 小憩", "name: 小憩\n      x: 1"), "第"),
        ("", "第 1 行"),
        ("a: [", "第 1 行"),
        ("\ufffe\x00", "第 1 行"),
    ],
    ids=["no time", "misspelt", "nested wrongly", "empty", "cut off", "no text"],
)
def test_a_faulty_edit_changes_nothing_and_is_reported(tmp_path: Path, faulty: str, named: str) -> None:
    """With a fault in the file the old timetable stays in force and the fault is reported with its line; a repair
    clears it."""
    assert faulty != SHIPPED
    with kept(tmp_path, TUESDAY.replace(hour=12, minute=40)) as office:
        office.file.write_text(faulty, encoding="utf-8")
        assert soon(lambda: office.timetable_file.faults, 5)
        assert "rhythm.yaml 第" in office.timetable_file.faults[0]
        assert named in " ".join(office.timetable_file.faults)
        seen = len(office.seen.states)
        assert soon(lambda: len(office.seen.states) > seen, 2 * LOOK_S)
        assert office.seen.states[-1].quiet
        office.file.write_text(SHIPPED, encoding="utf-8")
        assert soon(lambda: not office.timetable_file.faults, 5)


def test_a_file_that_is_missing_for_a_moment_changes_nothing(tmp_path: Path) -> None:
    """Editors may delete and rewrite the file: meanwhile the old timetable stays in force, then the new one."""
    with kept(tmp_path, TUESDAY.replace(hour=12, minute=40)) as office:
        office.file.unlink()
        assert soon(lambda: office.timetable_file.faults, 5)
        assert office.seen.states[-1].quiet
        office.file.write_text(SHIPPED.replace("at: 12:30-12:55", "at: 12:30-12:35"), encoding="utf-8")
        assert soon(lambda: not office.seen.states[-1].quiet, 5)


def test_a_file_that_is_still_being_written_is_not_loaded(tmp_path: Path) -> None:
    """Its first half is a valid timetable without cues; a file that has replaced the former one is whole."""
    path = tmp_path / "rhythm.yaml"
    path.write_text(SHIPPED, encoding="utf-8")
    file = TimetableFile(path, tmp_path / "last-good.yaml")
    before, half = file.rhythm, TWO.index("\ncues:")
    parse(TWO[:half])
    with path.open("w", encoding="utf-8") as writer:
        for piece in (TWO[:half], TWO[half:]):
            writer.write(piece)
            writer.flush()
            assert not file.take_up()
            assert file.rhythm is before
    assert file.take_up()
    assert file.rhythm == parse(TWO)
    (tmp_path / "new").write_text(SHIPPED, encoding="utf-8")
    (tmp_path / "new").replace(path)
    assert file.take_up()
    assert file.rhythm == before


def test_the_thread_ends_when_it_is_closed(tmp_path: Path) -> None:
    """After `close` no timekeeper thread is left."""
    with kept(tmp_path, TUESDAY):
        assert "timekeeper" in [thread.name for thread in threading.enumerate()]
    assert "timekeeper" not in [thread.name for thread in threading.enumerate()]


# ---- without the thread ----


def test_a_jump_is_reported_once_and_small_drift_never(tmp_path: Path) -> None:
    """Half a second of drift in small steps is no jump; a step of half a second is one."""
    clock = RealClock(TUESDAY)
    watch = JumpWatch(clock)
    for _ in range(10):
        clock.jump(timedelta(milliseconds=50))
        assert watch.jumped() == 0.0
    clock.jump(timedelta(milliseconds=500))
    assert 0.4 < watch.jumped() < 0.6
    assert watch.jumped() == 0.0


@pytest.mark.parametrize("by", JUMPS.values(), ids=JUMPS)
def test_a_jump_leaves_speaker_and_queue_as_if_started_there(tmp_path: Path, by: timedelta) -> None:
    """After a jump music, silences and scene equal those of an office started at that time."""
    start = TUESDAY.replace(hour=8, minute=40)
    with house(tmp_path / "a", start) as office:
        office.clock.jump(start + by)
        office.office.timetable_listener.jumped(by.total_seconds())
        office.keeper.refresh()
        assert office.announcer.jobs == []
        with house(tmp_path / "b", start + by) as fresh:
            assert sounding(office) == sounding(fresh)


def sounding(office: House) -> object:
    """Return the requested music, silences, volume and scene, with times relative to now."""
    mono, order = office.clock.monotonic(), office.speaker.order
    music = order and (
        [track.path for track in order.tracks], order.volume, order.position_s,
        round(order.start_at - mono, 3), order.until and round(order.until - mono, 3),
    )  # fmt: skip
    spans = [(round(start - mono, 3), round(end - mono, 3)) for start, end in office.speaker.spans]
    assert office.announcer.spans == office.speaker.spans
    glance = office.office.snapshot.glance()
    return music, spans, office.speaker.volume, glance.scene, glance.state


def test_the_plan_changes_at_midnight(tmp_path: Path) -> None:
    """From Tuesday to Wednesday, and from Friday to a day off, the new day's plan applies from 00:00 on."""
    with house(tmp_path, TUESDAY.replace(hour=23, minute=59, second=58)) as office:
        office.clock.go(seconds=3)
        office.keeper.refresh()
        assert office.office.snapshot.glance().plan.date.isoformat() == "2026-11-25"
        office.go_to("08:31")
        assert office.speaker.order is not None
    friday = datetime(2026, 11, 27, 23, 59, 59, tzinfo=SHANGHAI)
    with house(tmp_path / "friday", friday) as office:
        office.clock.go(seconds=2)
        office.keeper.refresh()
        office.go_to("08:31")
        assert office.speaker.order is None
        assert office.office.snapshot.glance().scene == "rest"


def test_on_a_day_off_nothing_timed_sounds(tmp_path: Path) -> None:
    """On National Day there is no music, cue or quiet time; a deal is still announced at once."""
    holiday = datetime(2026, 10, 1, 0, 0, 1, tzinfo=SHANGHAI)
    with house(tmp_path, holiday) as office:
        for hour in range(1, 24):
            office.go_to(f"{hour}:00")
            assert office.speaker.order is None
            assert office.speaker.spans == ()
            assert office.announcer.jobs == []
        office.deal("王小明", 3000)
        assert len(office.announcer.jobs) == 1


SUMMER = {
    "summer-begins": datetime(2026, 3, 29, 0, 30, tzinfo=BERLIN),
    "summer-ends": datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN),
}
NIGHT = """
office: Berlin
timezone: Europe/Berlin
holidays: none
rhythm:
  - {at: 01:00-04:00, on: every day, name: night music, music: morning}
  - {at: 04:00-05:00, on: every day, name: nap, quiet: true, wall: dark}
"""


@pytest.mark.parametrize("every", [19, pytest.param(3, marks=pytest.mark.long)])
@pytest.mark.parametrize("night", SUMMER.values(), ids=SUMMER)
def test_the_change_to_and_from_summer_time(tmp_path: Path, night: datetime, every: int) -> None:
    """In Berlin, at minutes of the night of the change, the running office has the same music, position and silence
    as one started at that minute, and no entry occurs twice."""

    names: list[str] = []
    with house(tmp_path / "through", night, NIGHT) as office:
        begin = office.clock.now()
        for minute in range(0, 6 * 60, every):
            moment = (begin + timedelta(minutes=minute)).astimezone(BERLIN)
            if minute:
                office.clock.present, office.clock.mono = moment, 1000.0 + 60 * minute
                office.keeper.refresh()
            entry = office.office.snapshot.glance().state.entry
            names += [entry.name] if entry and entry.name not in names[-1:] else []
            with house(tmp_path / f"at-{minute}", moment, NIGHT) as fresh:
                assert sounding(office) == sounding(fresh), moment
    assert names == ["night music", "nap"]


# ---- a clock that cannot be trusted ----


@contextmanager
def untrusted(folder: Path, start: datetime) -> Iterator[House]:
    """Yield an office on a Pi without a hardware clock, before it has network time."""
    (folder / "timesync").mkdir(parents=True)
    with house(folder, start) as office:
        office.clock.rehearsal = False
        office.clock._timesync, office.clock._rtc = folder / "timesync", folder / "no-rtc"
        office.keeper.refresh()
        yield office


def test_an_untrusted_clock_plays_no_timed_music(tmp_path: Path) -> None:
    """The timetable's music is off and the walls give the reason, until a person confirms the time."""
    with untrusted(tmp_path, TUESDAY.replace(hour=8, minute=40)) as office:
        assert office.speaker.order is None
        assert office.office.snapshot.glance().scene == "fault"
        assert any("时钟" in trouble.what for trouble in office.office.snapshot.glance().problems)
        office.office.health.confirm_clock()
        office.keeper.refresh()
        assert office.speaker.order is not None
        assert office.office.snapshot.glance().scene == "rhythm"


def test_network_time_makes_the_clock_trusted(tmp_path: Path) -> None:
    """Once systemd-timesyncd reports synchronised time, the music plays."""
    with untrusted(tmp_path, TUESDAY.replace(hour=8, minute=40)) as office:
        (tmp_path / "timesync" / "synchronized").touch()
        office.clock.go(seconds=1)
        office.keeper.refresh()
        assert office.speaker.order is not None


def test_an_untrusted_clock_plays_no_cue_and_no_round_up(tmp_path: Path) -> None:
    """Timed announcements are not played; people's announcements are still played at once."""
    with untrusted(tmp_path, TUESDAY.replace(hour=9, minute=59)) as office:
        office.deal("王小明", 3000)
        assert len(office.announcer.say(office.clock)) == 1
        office.deal("陈芳", 400)
        office.go_to("10:01")
        assert office.announcer.jobs == []
        office.office.speech.announce("请大家到前台集合。", "k")
        assert len(office.announcer.say(office.clock)) == 1
        office.go_to("18:06")
        assert office.announcer.jobs == []


def test_deals_that_waited_for_a_trusted_clock_are_in_the_next_round_up(tmp_path: Path) -> None:
    """When the time is confirmed at 10:30, the deal that missed 10:00 is announced at 11:00."""
    with untrusted(tmp_path, TUESDAY.replace(hour=9, minute=50)) as office:
        office.deal("王小明", 3000)
        office.announcer.say(office.clock)
        office.deal("陈芳", 400)
        office.go_to("10:30")
        office.office.health.confirm_clock()
        office.keeper.refresh()
        assert office.announcer.jobs == []
        office.go_to("11:00")
        assert len(office.announcer.jobs) == 1


def test_a_person_can_play_music_with_an_untrusted_clock(tmp_path: Path) -> None:
    """A person can start music; yesterday's choice does not enable the timetable's music."""
    with untrusted(tmp_path, TUESDAY.replace(hour=10)) as office:
        office.office.music.play("rousing")
        office.keeper.refresh()
        assert office.speaker.order is not None
        office.go_to("12:54:58")
        office.go_to("12:56")
        assert office.speaker.order is None


def test_a_full_disk_does_not_stop_the_music(tmp_path: Path) -> None:
    """When the round-up cannot be written, the music of 12:55 is still requested and the walls still change."""
    with house(tmp_path, TUESDAY.replace(hour=12, minute=50)) as office:
        tried = []

        def broken(now: datetime) -> None:
            tried.append(now)
            raise OSError("disk full")

        office.office.deals.round_up = broken  # type: ignore[method-assign]
        office.office.queue.follow = broken  # type: ignore[method-assign]
        office.go_to("12:55")
        assert len(tried) >= 2
        assert office.speaker.order is not None
        assert office.office.snapshot.glance().scene == "rhythm"
