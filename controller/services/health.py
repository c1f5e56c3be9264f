"""Health problems: the fault, its effect and the remedy, shown on phone, wall and in /health within seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime

from controller.glance import HealthProblem
from controller.hearing import NO_DEVICE, VOLUME_0, Hearing
from controller.sales.model import StoreTrouble
from controller.sentences import first_and_rest, say
from controller.services.context import Context
from controller.services.voices import Speaking
from controller.sound.library import Library
from controller.sound.speaker import Speaker
from controller.sound.tts.background_install import FAILED, NO_INSTALL, InstallStatus
from controller.sound.tts.client import Voice

SPARE, LEAST = 200_000_000, 20_000_000
"""Free bytes on the store's disk: below the first a problem is shown, below the second deals may not fit."""
MOST_TOLD = 5
"""Number of music faults shown; the rest is counted, and listed on the page where they can be fixed."""

MEND = {
    NO_DEVICE: (say("no_device_meanwhile"), say("no_device_mend")),
    VOLUME_0: (say("volume_0_meanwhile"), say("volume_0_mend")),
}
OUTPUT_MUTED = HealthProblem(say("output_muted"), say("no_device_meanwhile"), say("output_muted_mend"))
OUTPUT_SILENT = HealthProblem(say("output_silent"), say("output_silent_meanwhile"), say("output_silent_mend"))


class HealthMonitor:
    """Collect the problems of every part; has no state. Thread-safe."""

    def __init__(
        self,
        context: Context,
        hearing: Callable[[datetime], Hearing],
        voice: Voice,
        library: Library,
        speaking: Speaking,
        voice_install: Callable[[], InstallStatus] = lambda: NO_INSTALL,
        sign_ins: Callable[[], tuple[HealthProblem, ...]] = lambda: (),
        backups: Callable[[], tuple[HealthProblem, ...]] = lambda: (),
        speaker: Speaker | None = None,
    ):
        """`sign_ins`: problems with sign-in attempts; `backups`: with the daily backups; `speaker`: with outputs."""
        self._context, self._hearing, self._voice, self._library = context, hearing, voice, library
        self._speaking, self._voice_install, self._sign_ins = speaking, voice_install, sign_ins
        self._backups, self._speaker = backups, speaker

    def all(self) -> tuple[HealthProblem, ...]:
        """Return all present problems, the gravest first."""
        return (*self._of_the_parts(), *self.of_the_music(), *self._sign_ins(), *self._backups())

    def besides_music(self) -> tuple[HealthProblem, ...]:
        """Return all problems but those of music files; cheap."""
        return (*self._of_the_parts(), *self._sign_ins(), *self._backups())

    def _of_the_parts(self) -> tuple[HealthProblem, ...]:
        problems = [
            *self._heard(),
            self._unheard(),
            self._book(),
            self._disk(),
            self._clock(),
            self._timetable(),
            self._speech(),
            self._voice_name(),
            self._unread(),
            *self._effects(),
            self._natural_voice(),
        ]
        return tuple(problem for problem in problems if problem is not None)

    def clock_trusted(self) -> bool:
        """Return whether timed sound may follow the clock."""
        return self._context.clock.trusted(self._newest())

    def _newest(self) -> datetime | None:
        try:
            with self._context.store.read() as session:
                return session.deals.newest_at()
        except StoreTrouble:  # reported by _book; music continues
            return None

    def _heard(self) -> list[HealthProblem]:
        """Return problems for no device or volume 0; quiet time and mute are none, and `_speech` reports the voice."""
        muted = self._speaker is not None and self._speaker.outputs().blocked == "muted"
        return [
            OUTPUT_MUTED
            if muted and reason.cause == NO_DEVICE
            else HealthProblem(reason.sentence, *MEND[reason.cause])
            for reason in self._hearing(self._context.clock.now()).reasons
            if reason.cause in MEND
        ]

    def _unheard(self) -> HealthProblem | None:
        """Return the problem of music that should play and does not leave the mixer."""
        health = self._speaker.health() if self._speaker is not None else None
        return OUTPUT_SILENT if health is not None and health.alive and health.why is not None else None

    def _book(self) -> HealthProblem | None:
        fault = self._context.store.ailing()
        if fault is None:
            return None
        what, mend = first_and_rest(fault.sentence)
        return HealthProblem(
            what,
            say("database_meanwhile"),
            mend or say("database_mend"),
            generic=say("database_generic"),
        )

    def _disk(self) -> HealthProblem | None:
        try:
            free = shutil.disk_usage(self._context.store.path.parent).free
        except OSError:
            return None
        if free >= SPARE:
            return None
        return HealthProblem(
            say("disk", left=room_left(free)),
            say("disk_meanwhile"),
            say("disk_mend"),
            free < LEAST,
        )

    def _clock(self) -> HealthProblem | None:
        if self.clock_trusted():
            return None
        now = self._context.clock.now()
        return HealthProblem(
            say("clock", now=f"{now:%Y-%m-%d %H:%M}"),
            say("clock_meanwhile"),
            say("clock_mend"),
        )

    def _timetable(self) -> HealthProblem | None:
        faults = self._context.timetable_file.faults
        if not faults:
            return None
        return HealthProblem(
            say("timetable", count=len(faults)),
            say("timetable_meanwhile"),
            say("timetable_mend"),
            False,
            faults,
        )

    def _speech(self) -> HealthProblem | None:
        fault = self._voice.status().fault
        if fault is None:
            return None
        return HealthProblem(
            fault,
            say("voice_meanwhile"),
            say("voice_mend"),
            False,
            generic=say("voice_generic"),
        )

    def _voice_name(self) -> HealthProblem | None:
        sentence = self._speaking.unknown()
        if sentence is None:
            return None
        return HealthProblem(
            say("voice_name", why=sentence),
            say("voice_name_meanwhile"),
            say("voice_name_mend"),
            False,
            generic=say("voice_name_generic"),
        )

    def _unread(self) -> HealthProblem | None:
        chars = self._voice.unread()
        if not chars:
            return None
        named = "、".join(f"“{char}”" for char in chars[:8])
        return HealthProblem(
            say("unread", characters=named),
            say("unread_meanwhile"),
            say("unread_mend"),
            False,
            generic=say("unread_generic"),
        )

    def _effects(self) -> list[HealthProblem]:
        return [
            HealthProblem(
                say("effect", name=name, why=fault),
                say("effect_meanwhile"),
                say("effect_mend", name=name),
                False,
                generic=say("effect_generic"),
            )
            for name, fault in self._library.broken_effects().items()
        ]

    def _natural_voice(self) -> HealthProblem | None:
        status = self._voice_install()
        if status.state != FAILED:
            return None
        return HealthProblem(
            say("natural_voice", why=status.why),
            say("natural_voice_meanwhile"),
            say("natural_voice_mend", mend=status.mend),
            False,
            generic=say("natural_voice_generic"),
        )

    def of_the_music(self) -> tuple[HealthProblem, ...]:
        """Return the first problems of files in playlists, and the number of the others."""
        sentences = list(self._library.problems())
        if len(sentences) > MOST_TOLD:
            rest = len(sentences) - MOST_TOLD + 1
            sentences = [*sentences[: MOST_TOLD - 1], say("music_more", count=rest)]
        return tuple(
            HealthProblem(
                sentence,
                say("music_meanwhile"),
                say("music_mend"),
                False,
                generic=say("music_generic"),
            )
            for sentence in sentences
        )


def room_left(free: int) -> str:
    """Format bytes for people: 77.4 GB, 180 MB."""
    return f"{free / 1e9:.1f} GB" if free >= 1_000_000_000 else f"{free / 1e6:.0f} MB"
