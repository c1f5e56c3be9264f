"""Collect the values of every part for the one judgement (`controller/health.py`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from controller.glance import Sounding
from controller.health import (
    Away,
    BackupValues,
    HealthProblem,
    OutputValues,
    SpeakerTestValues,
    Values,
    VoiceValues,
    judge,
    shown,
)
from controller.health_readings import Reading, readings
from controller.sales.model import StoreTrouble
from controller.services.context import Context
from controller.services.machine import MachineReader
from controller.services.voices import Speaking
from controller.sound.library import Library
from controller.sound.tts.background_install import FAILED, InstallStatus
from controller.sound.tts.client import Voice
from controller.timetable.model import DayPlan

Links = Callable[[datetime], tuple[Away, ...]]
"""The walls, branches or links at a moment, each with the moment from which on it is missing."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The parts that are asked for values."""

    sounding: Callable[[datetime], Sounding]
    has_music: Callable[[], bool]
    voice: Voice
    library: Library
    speaking: Speaking
    voice_install: Callable[[], InstallStatus]
    sign_ins: Callable[[], tuple[HealthProblem, ...]]
    backup: Callable[[], BackupValues]
    walls: Links
    links: Links
    cities: Links
    call_failed_since: Callable[[], datetime | None] = lambda: None
    output: Callable[[], OutputValues] = OutputValues
    speaker_test: Callable[[], SpeakerTestValues] = SpeakerTestValues
    loudness: Callable[[], SpeakerTestValues] = SpeakerTestValues


@dataclass(frozen=True, slots=True)
class Report:
    """The health of the box: all values, the problems that people see, and a line for each part."""

    values: Values
    problems: tuple[HealthProblem, ...]
    readings: tuple[Reading, ...]


class HealthMonitor:
    """Thread-safe."""

    def __init__(self, context: Context, sources: Sources, machine: MachineReader):
        self._context, self._sources, self._machine = context, sources, machine
        self._silent_since: datetime | None = None

    def report(self) -> Report:
        """Return values, problems and readings at this moment: for `/metrics`, the phone and `zhangu doctor`."""
        values = self.values()
        problems = shown(judge(values))
        return Report(values, problems, readings(values, problems))

    def all(self) -> tuple[HealthProblem, ...]:
        """Return all present problems, serious ones first."""
        return shown(judge(self.values()))

    def besides_music(self) -> tuple[HealthProblem, ...]:
        """Return all problems but those of music files; cheap."""
        return shown(self.judged())

    def judged(self) -> tuple[HealthProblem, ...]:
        """Return all problems but those of music files, also those that are not shown now; cheap."""
        return judge(self.values(music=False))

    def of_the_music(self) -> tuple[HealthProblem, ...]:
        """Return the problems of files in playlists."""
        return judge(Values(self._context.clock.now(), music=tuple(self._sources.library.problems())))

    def clock_trusted(self) -> bool:
        """Return whether timed sound may follow the clock."""
        return self._context.clock.trusted(self._newest())

    def confirm_clock(self) -> None:
        """Record that a person confirmed the time shown: timed sound may follow the clock."""
        self._context.clock.confirm()
        self._context.changes.notify()

    def values(self, *, music: bool = True) -> Values:
        """Return the values of all parts now; `music`: look at the music files too."""
        context, sources = self._context, self._sources
        now = context.clock.now()
        sounding, ailing, trusted = sources.sounding(now), context.store.ailing(), self.clock_trusted()
        return Values(
            now=now,
            working_since=working_since(context.plan(now), now),
            clock_trusted=trusted,
            hearing=sounding.hearing,
            output=sources.output(),
            no_music_since=self._no_music_since(sounding, now) if trusted else None,
            store_fault=ailing.sentence if ailing is not None else None,
            machine=self._machine.read(),
            timetable_faults=context.timetable_file.faults,
            voice=self._voice(),
            effects=sources.library.broken_effects(),
            music=tuple(sources.library.problems()) if music else (),
            backup=sources.backup(),
            sign_ins=sources.sign_ins(),
            walls=sources.walls(now),
            links=() if ailing is not None else sources.links(now),
            cities=() if ailing is not None else sources.cities(now),
            cities_reported=context.rhythm.health.cities,
            call_failed_since=sources.call_failed_since(),
            speaker_test=sources.speaker_test(),
            loudness=sources.loudness(),
        )

    def _voice(self) -> VoiceValues:
        voice, install = self._sources.voice, self._sources.voice_install()
        return VoiceValues(
            voice.status().fault,
            self._sources.speaking.unknown(),
            tuple(voice.unread()),
            (install.why, install.mend) if install.state == FAILED else None,
        )

    def _no_music_since(self, sounding: Sounding, now: datetime) -> datetime | None:
        """Return since when a playlist is due of which nothing can be played."""
        silent = sounding.playlist is not None and not self._sources.has_music()
        if not silent or self._silent_since is None or self._silent_since > now:
            self._silent_since = now if silent else None
        return self._silent_since

    def _newest(self) -> datetime | None:
        try:
            with self._context.store.read() as session:
                return session.deals.newest_at()
        except StoreTrouble:  # reported as the store's fault; music continues
            return None


def working_since(plan: DayPlan, now: datetime) -> datetime | None:
    """Return when the present stretch of work began: the first entry of a working day, or the end of time off."""
    if not plan.workday or not plan.entries:
        return None
    first, last = plan.entries[0].at, plan.entries[-1].until
    if not first <= now < last or any(since <= now < until for since, until in plan.off):
        return None
    return max([first, *(until for _, until in plan.off if until <= now)])
