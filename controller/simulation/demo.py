"""The demo: a day of a made-up office in six minutes, with sound and walls."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date, datetime
from datetime import time as clock_time
from decimal import Decimal
from functools import partial

from controller.clock import Clock
from controller.daemon import Daemon, Options, keep_log
from controller.sales.model import MERGED, OPEN_STATES, Kind, NewAnnouncement
from controller.sales.store import Session, Store
from controller.services.auth import Credentials
from controller.simulation.demo_day import (
    ACTS,
    DAY,
    PEOPLE,
    PRODUCTS,
    SEED,
    TARGETS,
    TEAMS,
    Act,
    BranchResult,
    DemoDeal,
    Past,
    Step,
)
from controller.simulation.rehearsal import scratch
from controller.sound.mandarin import amount_in_words
from controller.system.network import reachable_address
from controller.system.paths import Home
from controller.system.process import ShutdownSignal
from controller.timetable.current import TimetableFile

Echo = Callable[[str], object]
Pause = Callable[[float], bool]
"""Wait this many seconds; return True when the demo should end now."""

CALM_S = 60.0
"""Longest wait for the end of an announcement before the clock jumps."""
DEVICE_S = 8.0
LOOK_S = 0.1
OPENING = "opening.db"
"""The database of the morning, beside the one used by the demo."""


class Ended(Exception):  # noqa: N818 - it ends the show, not an error
    """A person has ended the demo."""


def run(home: Home, host: str, port: int, *, loop: bool, echo: Echo) -> int:
    """Play the day once, or in a loop until SIGINT or SIGTERM; return the exit code.

    Raises what Daemon raises when it cannot be built. Timetable and sounds are copied from `home`, which is unchanged.
    """
    over = ShutdownSignal()
    with stage(home) as made_up, suppress(Ended):
        keep_log(made_up, to_screen=False)
        while True:
            with opened(made_up, host, port) as daemon:
                port = daemon.server.port
                _greet(daemon, host, echo)
                DemoPlayer(daemon, echo, over.wait).play()
            if not loop:
                echo("演示结束。正式使用：make run")
                return 0
            echo("再演一天。")
    echo("演示停下了。")
    return 0


@contextmanager
def stage(home: Home) -> Iterator[Home]:
    """Yield a scratch home with `home`'s timetable and sounds and the made-up office's database, not yet opened."""
    with scratch(home, with_data=False) as made_up:
        timetable_file = TimetableFile(made_up.timetable, made_up.last_good)
        with closing(Store(made_up.var / OPENING, timetable_file.rhythm.zone)) as store:
            _write_sales(store, timetable_file)
        yield made_up


@contextmanager
def opened(made_up: Home, host: str, port: int, *, marked: bool = True) -> Iterator[Daemon]:
    """Yield the running daemon of a staged home at the start of the first act, with that morning's database.

    `marked`: every page says that nothing entered is kept.
    """
    for old in made_up.var.glob(made_up.database.name + "*"):
        old.unlink()
    shutil.copy(made_up.var / OPENING, made_up.database)
    zone = TimetableFile(made_up.timetable, made_up.last_good).rhythm.zone
    daemon = Daemon(
        Options(made_up, host, port, start=datetime.combine(DAY, ACTS[0].at, zone), rehearsal=marked)
    )
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def _greet(daemon: Daemon, host: str, echo: Echo) -> None:
    address = f"http://{reachable_address(host)}:{daemon.server.port}"
    echo(f"战鼓演示：一间虚构的公司，{DAY.month}月{DAY.day}日，一天约六分钟。Ctrl-C 结束，什么也不会留下。")
    echo(f"大屏：{address}/wall　　手机：{address}/　　PIN：{daemon.office.keys.pin()}")
    if not _sound(daemon):
        echo("没有找到音响设备：这次只看得见，听不到。")


def _sound(daemon: Daemon) -> bool:
    """Return whether there is a sound device. Without one, use SDL's silent one, so that the walls have their show."""
    end = time.monotonic() + DEVICE_S
    while time.monotonic() < end:
        if daemon.speaker.health().alive:
            return os.environ.get("SDL_AUDIODRIVER") != "dummy"
        time.sleep(LOOK_S)
    os.environ["SDL_AUDIODRIVER"] = "dummy"  # the player, which retries every few seconds, uses it
    return False


# --- the made-up office


def _write_sales(store: Store, timetable_file: TimetableFile) -> None:
    """Write people, targets, and sales since the start of the month: the same at each run."""
    chance = random.Random(SEED)  # noqa: S311 - made-up deals, no secret
    with store.write() as session:
        session.roster.import_people(PEOPLE)
        for day in (DAY.replace(day=number + 1) for number in range(DAY.day)):
            if timetable_file.plan(day).workday:
                _write_day(
                    session, day, chance, partial(datetime.combine, day, tzinfo=timetable_file.rhythm.zone)
                )
    keys = Credentials(store)
    keys.pin()
    keys.secret()  # phones stay signed in when the day is played again


def _write_day(
    session: Session, day: date, chance: random.Random, moment: Callable[[clock_time], datetime]
) -> None:
    for team, target in TARGETS.items():
        row = session.roster.team(team)
        assert row is not None  # noqa: S101 - written by the caller
        session.roster.set_team_target(day, row.id, Decimal(target))
    if day == DAY:
        return
    for number in range(chance.randint(20, 25)):
        person = chance.choice([name for names in TEAMS.values() for name in names])
        amount = (
            chance.randrange(18, 98) * 100 if chance.random() < 0.78 else chance.randrange(102, 190) * 100
        )
        deal = DemoDeal(person, chance.choice(PRODUCTS), amount)
        minute = 40 + number * 18
        _write_past(session, Past(clock_time(9 + minute // 60, minute % 60), deal), moment)


def _write_past(session: Session, past: Past, moment: Callable[[clock_time], datetime]) -> None:
    """Write a deal of the skipped hours, in its state after the round-up."""
    at, demo_deal = moment(past.at), past.deal
    seller = session.roster.find(demo_deal.person)
    key = f"demo:{at.isoformat()}"
    deal, _ = session.deals.record(
        key, seller.id, demo_deal.product, Decimal(demo_deal.amount), at, at.date()
    )
    new = NewAnnouncement(
        f"deal:{deal.id}", Kind.HOURLY, f"{deal.team}的{deal.person}，{amount_in_words(deal.amount)}。",
        f"并入 {at.hour + 1}:00 的整点播报。", at, at.date(), deals=(deal.id,), state=MERGED,
    )  # fmt: skip
    session.outbox.add(new)


# --- the show


class DemoPlayer:
    """A player of ACTS on a running office. `echo` gets one line for each event.

    `pause` passes the time: a test or `make pictures` passes its own function.
    """

    def __init__(self, daemon: Daemon, echo: Echo, pause: Pause):
        self._daemon, self._echo, self._pause = daemon, echo, pause
        self._clock: Clock = daemon.clock

    def play(self) -> None:
        """Play all acts, and wait for the last announcements. Raises Ended."""
        for act in ACTS:
            self._play(act)
        self._calm()

    def _play(self, act: Act) -> None:
        self._calm()
        with self._daemon.store.write() as session:
            for past in act.meanwhile:
                _write_past(session, past, self._moment)
        begin = self._moment(act.at)
        if self._clock.now() < begin:
            self._clock.jump_to(begin)
            self._daemon.timekeeper.wake()
        began = self._clock.to_monotonic(begin)
        self._line(act.line)
        for number, step in enumerate(act.steps):
            self._wait(began + step.after - time.monotonic())
            self._do(step, f"{act.at:%H%M}-{number}")
        self._wait(began + act.lasts - time.monotonic())

    def _moment(self, at: clock_time) -> datetime:
        return datetime.combine(DAY, at, self._clock.zone)

    def _do(self, step: Step, key: str) -> None:
        office = self._daemon.office
        if isinstance(step.action, DemoDeal):
            office.deals.record(step.action.person, step.action.product, step.action.amount, f"demo:{key}")
        elif isinstance(step.action, BranchResult):
            office.cities.set_result(DAY, step.action.city, step.action.rate)
        if step.line:
            self._line(step.line)

    def _line(self, text: str) -> None:
        self._echo(f"{self._clock.now():%H:%M:%S}　{text}")

    def _calm(self) -> None:
        """Wait until no announcement is playing or about to play."""
        end = time.monotonic() + CALM_S
        while self._speaking() and time.monotonic() < end:
            self._wait(LOOK_S)

    def _speaking(self) -> bool:
        now = self._clock.now()
        said = self._daemon.office.announced.of_day(DAY)
        return any(found.state in OPEN_STATES and (found.due is None or found.due <= now) for found in said)

    def _wait(self, seconds: float) -> None:
        if self._pause(max(0.0, seconds)):
            raise Ended
