"""Random announcements, restarts, clock jumps and mutes: the announcer gets nothing in the nap, nothing is lost."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import office_made
import pytest
from fakes import SHANGHAI
from office_made import ROOT, House

from controller.sales.model import Refused
from controller.services.announcement_priority import FRESH
from controller.sound.playback import Report
from controller.timetable.current import TimetableFile

MONDAY = datetime(2026, 11, 30, tzinfo=SHANGHAI)
LONG_NAP = (
    ("at: 12:30-12:55", "at: 12:30-13:20"),
    ("at: 12:55-13:00", "at: 13:20-13:21"),
    ("at: 13:00-13:10", "at: 13:21-13:22"),
    ("at: 13:10-14:30", "at: 13:22-14:30"),
    ("at: 13:00-13:05", "at: 13:22-13:25"),
)
"""A nap that includes a full hour: its round-up must also wait."""
SHIPPED = (
    (ROOT / "config" / "rhythm.yaml").read_text(encoding="utf-8").replace("holidays: CN", "holidays: none")
)


def timetable(*, long: bool) -> str:
    """Return the shipped timetable, or the one with the long nap."""
    text = SHIPPED
    for old, new in LONG_NAP if long else ():
        assert old in text
        text = text.replace(old, new)
    return text


class Noon:
    """A random lunch break: people's actions, and an announcer that keeps the rules and records its jobs."""

    def __init__(self, folder: Path, seed: int):
        self.chance = random.Random(seed)
        self.long = bool(seed % 3 == 0)
        start = MONDAY.replace(hour=12, minute=self.chance.randrange(15, 29))
        self.house = House(folder, start, timetable(long=self.long))
        self.nap_ends = (
            MONDAY.replace(hour=13, minute=20) if self.long else MONDAY.replace(hour=12, minute=55)
        )
        self.handed: list[tuple[datetime, int]] = []
        self.log: list[str] = []

    def _look(self) -> None:
        """Let the timekeeper look, and note the jobs that the announcer would get now."""
        self.house.keeper.refresh()
        self.handed += [(self.house.clock.now(), job.id) for job in self.house.announcer.jobs]

    def quiet(self) -> bool:
        return MONDAY.replace(hour=12, minute=30) <= self.house.clock.now() < self.nap_ends

    def live(self) -> None:
        """Run until a minute after the nap, with random actions."""
        while self.house.clock.now() < self.nap_ends - timedelta(seconds=1):
            ahead = self.chance.choice((1, 5, 20, 60, 130))
            if self._too_late_in(ahead + 15):  # earlier announcements take time
                self.speak()
            self.house.clock.go(seconds=ahead)
            self.house.clock.present = min(self.house.clock.present, self.nap_ends - timedelta(seconds=1))
            self._look()
            deed = self.chance.choice(
                (
                    self.sell,
                    self.sell,
                    self.sell,
                    self.say,
                    self.void,
                    self.mute,
                    self.restart,
                    self.speak,
                    self.play,
                )
            )
            self.log.append(f"{self.house.clock.now():%H:%M:%S} {deed.__name__}")
            deed()
            self._look()

    def _too_late_in(self, seconds: float) -> bool:
        """Return whether an announcement would be stale by then: a real announcer would have played it."""
        limit = self.house.clock.now() + timedelta(seconds=seconds) - FRESH
        may = {job.id for job in self.house.announcer.jobs}
        said = self.house.office.announced.of_day(MONDAY.date())
        return any(found.id in may and (found.due or found.created) < limit for found in said)

    def sell(self) -> None:
        person = self.chance.choice(("王小明", "陈芳", "李思思", "赵磊"))
        decided = self.house.deal(
            person, self.chance.choice((300, 9000, 10000, 10001, 88000))
        ).decision.to_json()
        if self.quiet():
            assert decided["when"] not in ("now", None), decided
            assert str(decided["when"])[:5] >= f"{self.nap_ends:%H:%M}", decided

    def say(self) -> None:
        self.house.office.speech.announce("请把手机调成静音。", f"say-{len(self.log)}")

    def void(self) -> None:
        deals = [deal for deal in self.house.office.deals.of_day(MONDAY.date()) if deal.voided is None]
        if deals:
            self.house.office.deals.void(self.chance.choice(deals).id, "报错了")

    def mute(self) -> None:
        self.house.office.music.mute_for(self.chance.choice((0, 1, 5, 15, 40)))

    def play(self) -> None:
        try:
            self.house.office.music.play("rousing")
            assert not self.silent()
        except Refused:
            assert self.silent()

    def silent(self) -> bool:
        """Return whether it is quiet time or muted: music cannot be started then."""
        return self.quiet() or self.house.office.snapshot.glance().sounding.muted_until is not None

    def restart(self) -> None:
        """Kill the daemon, possibly in mid-sentence, and start it again after a while."""
        announcer = self.house.announcer
        if not self.quiet() and self.chance.random() < 0.5:
            announcer.begin(self.house.clock)
        self.house.close()
        self.house.clock.go(seconds=self.chance.choice((1, 30, 119, 200)))
        self.house.clock.present = min(self.house.clock.present, self.nap_ends - timedelta(seconds=1))
        self.house.open()

    def speak(self) -> None:
        """Play all waiting jobs; shortly before quiet time, give it back as too long."""
        announcer, mono = self.house.announcer, self.house.clock.monotonic()
        if any(start - 60 <= mono < end for start, end in announcer.spans):
            for job in announcer.jobs:
                announcer.report(Report(job.id, "waiting", "安静时间快到了，之后再播报。"))
            return
        announcer.say(self.house.clock, seconds=1.0)

    def settle(self) -> None:
        """Run the afternoon without actions."""
        self.house.office.music.mute_for(0)
        self.house.clock.go_to(self.nap_ends)
        self.house.keeper.refresh()
        for clock in ("13:30", "14:01", "15:01", "16:01", "17:01", "18:01", "18:06"):
            self.house.announcer.say(self.house.clock, seconds=1.0)
            self.house.go_to(clock)
        self.house.announcer.say(self.house.clock, seconds=1.0)


def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the two timetables once, not at each of a thousand restarts."""
    read: dict[str, TimetableFile] = {}

    def timetable_file(file: Path, last_good: Path) -> TimetableFile:
        text = file.read_text(encoding="utf-8")
        if text not in read:
            read[text] = TimetableFile(file, last_good)
        return read[text]

    monkeypatch.setattr(office_made, "TimetableFile", timetable_file)


@pytest.mark.parametrize("block", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2))])
def test_nothing_is_handed_over_in_the_nap_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Random deals, announcements, mutes, voids and restarts around four naps: the announcer gets nothing in any nap;
    by the evening every valid deal was announced, and all other announcements have a state and a reason.

    `make soak` runs a thousand.
    """
    read_once(monkeypatch)
    for seed in range(4 * block, 4 * (block + 1)):
        live_through(tmp_path / str(seed), seed)


def live_through(folder: Path, seed: int) -> None:
    """Run one noon and its afternoon; fail when the announcer got a job in the nap, or one was lost."""
    noon = Noon(folder, seed)
    try:
        noon.live()
        nap = MONDAY.replace(hour=12, minute=30)
        early = [ident for at, ident in noon.handed if nap <= at < noon.nap_ends]
        assert early == [], (seed, noon.log)
        noon.settle()
        untold(noon, seed)
    finally:
        noon.house.close()


def untold(noon: Noon, seed: int) -> None:
    """Fail when a valid deal was never announced, or when an announcement has neither end nor reason."""
    said = noon.house.office.announced.of_day(MONDAY.date())
    for announcement in said:
        assert announcement.why or announcement.state == "heard", (seed, announcement)
        assert announcement.state in ("heard", "merged", "dropped"), (seed, announcement, noon.log)
    with noon.house.store.read() as session:
        for deal in noon.house.office.deals.of_day(MONDAY.date()):
            if deal.voided is None:
                states = [a.state for a in session.outbox.of_deal(deal.id)]
                assert "heard" in states or "playing" in states, (seed, deal, states, noon.log)
