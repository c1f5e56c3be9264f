"""Strict stand-ins for the device, the voice and the clock. They fail on misuse and can simulate failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from controller.clock import Clock
from controller.moments import local
from controller.sound.playback import AnnouncementSettings, Job, Queue, Report
from controller.sound.speaker import Event, Health, MusicOrder, Outputs, Part
from controller.sound.tts.client import NOW
from controller.sound.tts.script import Clip, Script
from controller.sound.tts.stream import Cost

SHANGHAI = ZoneInfo("Asia/Shanghai")


class HandClock(Clock):
    """A clock that tests set; CLOCK_MONOTONIC advances with it."""

    def __init__(self, start: datetime):
        assert start.tzinfo is not None
        super().__init__(ZoneInfo(str(start.tzinfo)), start)
        self.present = start
        self.mono = 1000.0

    def now(self) -> datetime:
        return local(self.present, self.zone)

    def monotonic(self) -> float:
        return self.mono

    def go(self, **ahead: float) -> datetime:
        """Advance the time."""
        step = timedelta(**ahead)
        assert step >= timedelta()
        self.present += step
        self.mono += step.total_seconds()
        return self.now()

    def go_to(self, moment: datetime) -> None:
        """Advance the time to `moment`."""
        self.go(seconds=(moment - self.present).total_seconds())

    def jump(self, moment: datetime) -> None:
        """Set the wall clock; CLOCK_MONOTONIC stays."""
        self.present = moment


class FakeSpeaker:
    """Record commands; tests may clear `alive`."""

    def __init__(self) -> None:
        self.alive = True
        self.order: MusicOrder | None = None
        self.orders: list[MusicOrder | None] = []
        self.spans: tuple[tuple[float, float], ...] = ()
        self.volume = 100
        self.skips = 0

    def health(self) -> Health:
        return Health(self.alive, "fake" if self.alive else None, 0.0, None if self.alive else "没有设备。")

    def outputs(self) -> Outputs:
        return Outputs()

    def choose(self, output: str | None) -> None:
        self.chosen = output

    def tone(self, path: Path) -> None:
        self.tones = [*getattr(self, "tones", ()), path]

    def test_tone(self, path: Path, length_s: float) -> None:
        self.test_tones = [*getattr(self, "test_tones", ()), path]

    def unmute(self) -> None:
        self.unmuted = True

    def works(self) -> bool:
        return True

    def music(self, order: MusicOrder | None) -> None:
        if order is not None:
            assert order.tracks
            assert order.until is None or order.until > order.start_at
        self.order = order
        self.orders.append(order)

    def next_track(self) -> None:
        self.skips += 1

    def quiet(self, spans: Sequence[tuple[float, float]]) -> None:
        assert all(start < end for start, end in spans)
        self.spans = tuple(spans)

    def master(self, volume: int, ceiling: int = 100) -> None:
        assert 0 <= volume <= ceiling <= 100
        self.volume = volume


@dataclass
class FakeAnnouncer:
    """Ask for the next announcement when the test says so; the test decides its outcome."""

    queue: Queue | None = None
    present: Job | None = None
    spans: tuple[tuple[float, float], ...] = ()
    cancelled: list[tuple[int, str]] = field(default_factory=list)
    settings: AnnouncementSettings = field(default_factory=AnnouncementSettings)
    heard: bool = True
    gain_db: float = 0.0

    def gain(self, gain_db: float) -> None:
        self.gain_db = gain_db

    def start(self, queue: Queue) -> None:
        self.queue, self.present = queue, None

    def wake(self) -> None:
        pass

    @property
    def jobs(self) -> list[Job]:
        """Return the announcement that plays and those that may play now."""
        assert self.queue is not None
        return [*([self.present] if self.present else []), *self.queue.ahead(most=999)]  # type: ignore[call-arg]

    def configure(self, settings: AnnouncementSettings) -> None:
        self.settings = settings

    def music(self, on: bool) -> None:
        pass

    def audible(self, audible: bool) -> None:
        self.heard = audible

    def cancel(self, id: int, why: str) -> None:
        self.cancelled.append((id, why))
        self.report(Report(id, "dropped", why))

    def silences(self, spans: Sequence[tuple[float, float]]) -> None:
        self.spans = tuple(spans)

    def report(self, report: Report) -> None:
        """Report the outcome of a job."""
        assert self.queue is not None
        if self.present is not None and self.present.id == report.id and report.state != "playing":
            self.present = None
        self.queue.on_report(report)

    def begin(self, clock: HandClock, seconds: float = 9.0) -> Job | None:
        """Ask for the next announcement and start it; return None when none may play."""
        assert self.queue is not None
        assert self.present is None, "it can say one thing at a time"
        job = self.queue.take(urgent=False, begin=lambda job: setattr(self, "present", job))
        if job is not None:
            assert job is self.present
            self.report(
                Report(job.id, "playing", "正在播报。", clock.monotonic(), clock.monotonic() + seconds)
            )
        return job

    def say(self, clock: HandClock, seconds: float = 9.0, end: str = "heard") -> list[Job]:
        """Play all announcements that may play, one after the other; return them."""
        said: list[Job] = []
        while (job := self.present or self.begin(clock, seconds)) is not None:
            said.append(job)
            clock.go(seconds=seconds)
            self.report(Report(job.id, end, "", clock.monotonic() - seconds, clock.monotonic()))
        return said


class FakeVoice:
    """Render nothing, record the requests."""

    def __init__(self) -> None:
        self.engine, self.speaks = "auto", "fake"
        self.asked: list[Script] = []
        self.learnt: list[Script] = []
        self.natural = False
        self.pace = 0.5

    def prepare(self, script: Script, priority: int = NOW) -> Future[Clip]:
        self.asked.append(script)
        done: Future[Clip] = Future()
        done.set_result(Clip(Path("/nowhere.wav"), 5.0, 0.0, 4.0))
        return done

    def ready(self, script: Script) -> Clip | None:
        return None

    def use(self, engine: str) -> None:
        self.engine = engine

    def learn(self, scripts: Iterable[Script]) -> int:
        self.learnt += scripts
        return len(self.learnt)

    def unread(self) -> tuple[str, ...]:
        return ()

    def waiting_ahead(self) -> int:
        return 0

    def costs(self, script: Script) -> tuple[Cost, ...]:
        return ()

    def warm_up(self) -> None:
        """Ignore: nothing sleeps here."""

    def reload(self) -> None:
        """Ignore: nothing is read from files."""

    def close(self) -> None:
        """Ignore: nothing runs."""

    def status(self):  # type: ignore[no-untyped-def]
        from controller.sound.tts.plan import VoiceStatus

        return VoiceStatus(self.speaks, (), None, None, natural=self.natural, pace=self.pace)


class FakeDevice(FakeSpeaker):
    """The device under a real announcer. `playing` is the current announcement until it ends, is stopped or is lost.

    `played`: (id, whole, loud): whether it played to its end, and whether the volume was above 0 all the time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.on_event: Callable[[Event], None] = lambda event: None
        self.playing: tuple[int, int] | None = None
        self.played: list[tuple[int, bool, bool]] = []
        self.began: list[int] = []
        self._loud = True
        self._guard = threading.RLock()

    def announce(self, id: int, parts: Sequence[Part], *, floor: int = 0, **how: object) -> None:
        with self._guard:
            assert self.playing is None, "two at once"
            now = time.monotonic()
            silent = any(start <= now < end for start, end in self.spans) and not floor
            if not self.alive or silent:
                self._over(id, "quiet" if self.alive else "lost")
                return
            self.playing, self._loud = (id, floor), max(self.volume, floor) > 0
            self.began.append(id)
        self.on_event(Event("part_started", id=id, n=0, at=time.monotonic()))

    def append(self, id: int, part: Part) -> None:
        """Ignore: all parts play as one here."""

    def finish(self, id: int) -> None:
        """Ignore, as above."""

    def stop(self, id: int | None = None, fade_ms: int = 80) -> None:
        self.cut("stopped", id)

    def master(self, volume: int, ceiling: int = 100) -> None:
        super().master(volume, ceiling)
        with self._guard:
            if self.playing is not None and max(volume, self.playing[1]) == 0:
                self._loud = False

    def quiet(self, spans: Sequence[tuple[float, float]]) -> None:
        super().quiet(spans)
        now = time.monotonic()
        if self.playing is not None and not self.playing[1] and any(a <= now < b for a, b in spans):
            self.cut("quiet")

    def cut(self, why: str, id: int | None = None) -> None:
        """Cut the current announcement off."""
        with self._guard:
            if self.playing is None or id not in (None, self.playing[0]):
                return
            ident = self.playing[0]
            self.playing = None
            self.played.append((ident, False, self._loud))
        self._over(ident, why)

    def end(self) -> None:
        """Finish the current announcement."""
        with self._guard:
            if self.playing is None:
                return
            ident = self.playing[0]
            self.playing = None
            self.played.append((ident, True, self._loud))
        self._over(ident, None)

    def lose(self) -> None:
        self.alive = False
        self.cut("lost")
        self.on_event(Event("lost", why="音响设备断开了。"))

    def find(self) -> None:
        self.alive = True
        self.on_event(Event("ready"))

    def _over(self, id: int, why: str | None) -> None:
        self.on_event(Event("done", id=id, ok=why is None, why=why))


class ReadyVoice(FakeVoice):
    """A voice with every text ready."""

    def ready(self, script: Script) -> Clip | None:
        return Clip(Path("/nowhere.wav"), 60.0, 0.0, 0.0)
