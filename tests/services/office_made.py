"""A whole office on a real store and the shipped timetable; only device, voice and clock are fakes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import holidays_made
from fakes import FakeAnnouncer, FakeSpeaker, FakeVoice, HandClock

from controller.feed import Feed
from controller.sales.people_import import PersonRow
from controller.sales.store import Store
from controller.services import Office, Parts
from controller.sound.library import Library
from controller.sound.tts.background_install import NO_INSTALL
from controller.timekeeper import Timekeeper
from controller.timetable.current import TimetableFile

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = (
    PersonRow("猛虎队", "王小明", leader=True),
    PersonRow("猛虎队", "陈芳"),
    PersonRow("飞龙队", "李思思", leader=True),
    PersonRow("飞龙队", "单晓明"),
    PersonRow("雄鹰队", "赵磊", leader=True),
)


class House:
    """An office whose clock the test moves."""

    def __init__(self, folder: Path, start: datetime, timetable: str | None = None, home: Path = ROOT):
        self.folder, self.home = folder, home
        (folder / "config").mkdir(parents=True, exist_ok=True)
        self.file = folder / "config" / "rhythm.yaml"
        if timetable is not None:
            self.file.write_text(timetable, encoding="utf-8")
        elif not self.file.exists():
            shutil.copy(ROOT / "config" / "rhythm.yaml", self.file)
        holidays_made.bring(folder / "var")
        self.clock = HandClock(start)
        self.speaker, self.announcer, self.voice = FakeSpeaker(), FakeAnnouncer(), FakeVoice()
        self.voice_install = NO_INSTALL
        self.open()

    def open(self) -> None:
        """Start the office, for the first time or again after `close`."""
        self.timetable_file = TimetableFile(self.file, self.folder / "var" / "last-good.yaml")
        self.store = Store(
            self.folder / "var" / "zhangu.db", self.clock.zone, works=self.timetable_file.works
        )
        self.feed = Feed()
        self.library = Library(self.home, self.folder / "var" / "cache")
        self.office = Office(
            Parts(
                self.clock, self.timetable_file, self.store, self.feed,
                self.announcer, self.speaker, self.voice, self.library, self.home / "sounds",
                lambda: self.voice_install, secrets=self.folder / "config" / "secrets.json", port=4321,
            )  # type: ignore[arg-type]
        )  # fmt: skip
        with self.store.write() as session:
            session.roster.import_people(PEOPLE)
        self.office.timetable_listener.recover()
        self.announcer.start(self.office.queue)
        self.keeper = Timekeeper(self.clock, self.timetable_file, self.office.timetable_listener)
        self.keeper.refresh()

    def close(self) -> None:
        """End the daemon and keep its files."""
        self.library.close()
        self.store.close()

    def go_to(self, clock: str) -> None:
        """Advance the clock to HH:MM[:SS] today and run the timekeeper at each boundary."""
        hour, minute, *second = (int(part) for part in clock.split(":"))
        target = self.clock.now().replace(
            hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0
        )
        while self.clock.now() < target:
            plan = self.timetable_file.plan(self.clock.now().date())
            edges = [cue.at for cue in plan.cues] + list(
                self.office.timetable_listener.moments(plan, self.clock.now())
            )
            edges += [edge for entry in plan.entries for edge in (entry.at, entry.until)]
            self.clock.go_to(min([target, *(edge for edge in edges if edge > self.clock.now())]))
            self.keeper.refresh()

    def deal(self, person: str, amount: object, product: str = "网络招聘", key: str | None = None):  # type: ignore[no-untyped-def]
        """Record a deal from the phone."""
        self.keys = getattr(self, "keys", 0) + 1
        return self.office.deals.record(person, product, amount, key or f"key-{self.keys}")

    def states(self) -> dict[str, tuple[str, str]]:
        """Return (state, reason) of today's announcements by `kind:id`."""
        return {
            f"{a.kind}:{a.id}": (a.state, a.why)
            for a in self.office.announced.of_day(self.clock.now().date())
        }


@contextmanager
def house(folder: Path, start: datetime, timetable: str | None = None) -> Iterator[House]:
    """Yield a `House` and close it afterwards."""
    made = House(folder, start, timetable)
    try:
        yield made
    finally:
        made.close()
