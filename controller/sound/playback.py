"""One announcement while it plays: collect the speaker's events and report its real course; when none may play."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from controller.sound.speaker import Duck, Event, Part
from controller.sound.tts.script import Clip, Script

MARGIN_S = 0.6
"""An announcement must end at least this long before a silence."""
CHIME_S = 1.3
"""Assumed length of the chime, until its end is reported."""
UNKNOWN_S = 8.0
"""Assumed length of speech that is still being rendered."""
BEGIN_S = 0.5
"""Longest wait for the report of the first sample; rendering continues meanwhile."""
PATIENCE_S = 40.0
"""The speaker reports an end for every job; this limit applies if it fails to."""

MOST_REPEATS = 5
"""Repetitions of one announcement at most, with those that were lost before a word was heard."""
INTERRUPTED = "紧急广播优先，之后再播报。"
UNHEARD = "总音量调成了 0，没有听全。"

ENDINGS = {
    "lost": ("not_heard", "音响断开，没有播完。"),
    "quiet": ("waiting", "安静时间到了，之后再播报。"),
    "until": ("waiting", "安静时间到了，之后再播报。"),
    "stopped": ("dropped", "有人按了停止。"),
    "file": ("not_heard", "声音文件读不了，没有播出。"),
    "waited": ("not_heard", "语音没有及时合成出来。"),
}


@dataclass(frozen=True, slots=True)
class AnnouncementSettings:
    """Settings of all announcements.

    After `wake_after_s` without any sound an amplifier may be asleep: the chime then starts `lead_s` later.
    """

    duck: Duck = Duck()  # noqa: RUF009 - a frozen value
    lead_s: float = 0.5
    wake_after_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """One announcement to play. `urgent`: an emergency, which interrupts the present job and ignores silence and
    volume."""

    id: int
    script: Script
    priority: int = 0
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The state of a job: waiting, playing, heard, not_heard, stale or dropped.

    `why` is a sentence for people. `started` and `ends` are CLOCK_MONOTONIC seconds of the sound; `marks` are named
    moments in it, likewise. While the speech is still being rendered, `ends` is an estimate and is reported again.
    `gain_db`: by how much the announcement differs from its normal level.
    """

    id: int
    state: str
    why: str
    started: float | None = None
    ends: float | None = None
    marks: tuple[tuple[str, float], ...] = ()
    gain_db: float = 0.0


class Queue(Protocol):
    """The waiting announcements. All methods but `urgent` and `ahead` are called from the announcer's thread."""

    def take(self, *, urgent: bool, begin: Callable[[Job], None]) -> Job | None:
        """Return the job to play now; `urgent`: only an emergency. Calls `begin` before it can be taken back."""

    def ahead(self) -> tuple[Job, ...]:
        """Return the next waiting jobs, to render them meanwhile."""

    def urgent(self) -> bool:
        """Return whether an emergency waits."""

    def on_report(self, report: Report) -> None:
        """Store the result of a job; it counts as playing until its end is reported."""


class Silences:
    """The spans (CLOCK_MONOTONIC seconds) in which nothing may sound. Used under the announcer's lock."""

    def __init__(self) -> None:
        self._spans: tuple[tuple[float, float], ...] = ()
        self._held_until = 0.0

    def set(self, spans: Iterable[tuple[float, float]]) -> None:
        """Set the spans, and forget `hold`."""
        self._spans, self._held_until = tuple(sorted(spans)), 0.0

    def hold(self, until: float) -> None:
        """Let nothing begin before this moment, or before the next `set`."""
        self._held_until = max(self._held_until, until)

    def left_s(self) -> float:
        """Return the seconds until the present silence ends; 0.0 outside one."""
        now = time.monotonic()
        ends = [until for start, until in self._spans if start - MARGIN_S <= now < until]
        return max(0.0, max([*ends, self._held_until]) - now)

    def next(self) -> tuple[float, float] | None:
        """Return the next silence that lies ahead."""
        now = time.monotonic()
        return next((span for span in self._spans if span[0] > now), None)


class Playback:
    """One attempt at one job. `changed` is the announcer's lock; `on_event` is called under it.

    `gain_db` holds for the whole attempt; it never lowers an emergency.
    """

    def __init__(
        self, job: Job, report: Callable[[Report], None], changed: threading.Condition, gain_db: float = 0.0
    ):
        self.job, self._report, self._changed = job, report, changed
        self._gain_db = max(0.0, gain_db) if job.urgent else gain_db
        self._voiceless = self._broken = False
        self._clip: Clip | None = None
        self._estimate_s = UNKNOWN_S
        self._offsets: dict[int, float] = {}  # by part of the speech: seconds from its start
        self._started: dict[int, float] = {}
        self._failed: set[int] = set()
        self._done: Event | None = None
        self._ended_at = 0.0
        self._cancelled: str | None = None
        self._interrupted = self._unheard = False
        self._reported: tuple[object, ...] = ()

    @property
    def lost(self) -> bool:
        """True if the device was lost before the end."""
        return (
            self._done is not None and not self._done.ok and self._done.why == "lost" and not self._cancelled
        )

    @property
    def silenced(self) -> bool:
        """True if quiet time has ended it, or did not let it begin."""
        return self._done is not None and self._done.why in ("quiet", "until")

    def repeatable(self, repeats: int) -> bool:
        """Return whether it is played again when the device is back, after `repeats` repetitions.

        Once. A repetition that was lost before its first word does not count: a device that comes and goes, or a file
        on which the player dies three times, would use it up unheard.
        """
        return self.lost and (repeats == 0 or (repeats < MOST_REPEATS and not self._spoke()))

    def _spoke(self) -> bool:
        clip = self._clip
        lead_s = clip.speech_start_s if clip else 0.0  # a whole clip begins with its chime
        heard = [at + (lead_s if n == 0 else 0.0) for n, at in self._started.items() if n in self._offsets]
        return bool(heard) and min(heard) < self._ended_at

    @property
    def over(self) -> bool:
        """True if a person has taken it back or an emergency has interrupted it."""
        return self._cancelled is not None or self._interrupted

    def sound(self, path: Path, *, shipped: bool = False) -> Part:
        """Return a part of this announcement. `shipped`: a chime or applause, which is no louder than the speech."""
        return Part(path, self._gain_db + (self.job.script.gain_db if shipped else 0.0))

    def cancel(self, why: str) -> None:
        """Record that a person has taken it back."""
        self._cancelled = why

    def without_voice(self) -> None:
        """Record that there is no speech: only chime and applause play."""
        self._voiceless = True

    def break_off(self) -> None:
        """Record that the speech failed half-way."""
        self._broken = True

    @property
    def ended(self) -> bool:
        """True if the speaker has reported the end, or it was abandoned."""
        return self._done is not None

    def abandon(self, why: str) -> None:
        """Stop waiting for the end, as if the speaker had reported `why`. Call under the announcer's lock."""
        if self._done is None:
            self._done, self._ended_at = Event("done", id=self.job.id, ok=False, why=why), time.monotonic()

    def interrupt(self) -> None:
        """Record that an emergency interrupts it; it is played again afterwards."""
        self._interrupted = True

    def unheard(self) -> None:
        """Record that the volume is 0 while it plays: it counts as not heard even if it plays to its end."""
        self._unheard = True

    def expect(self, clip: Clip | None, first: int) -> None:
        """Set the clip with the speech, which is part `first` of the announcement."""
        with self._changed:
            self._clip = clip
            self._offsets.setdefault(first, 0.0)
        self._report_playing()

    def expect_part(self, n: int, offset_s: float, estimate_s: float) -> None:
        """Expect part `n`: speech from `offset_s` after the first word; the whole takes about `estimate_s`."""
        with self._changed:
            self._offsets[n], self._estimate_s = offset_s, max(estimate_s, offset_s)

    def wait_for_start(self) -> None:
        """Wait until the speaker reports the start, which takes milliseconds, and report it."""
        limit = time.monotonic() + BEGIN_S
        with self._changed:
            while not (self._started or self._failed) and self._done is None and time.monotonic() < limit:
                self._changed.wait(BEGIN_S)
        self._report_playing()

    def on_event(self, event: Event) -> None:
        """Record an event of the speaker about this job."""
        if event.id != self.job.id:
            return
        if event.kind == "part_started" and event.n is not None and event.at is not None:
            self._started[event.n] = event.at
        elif event.kind == "part_failed" and event.n is not None:
            self._failed.add(event.n)
        elif event.kind == "done" and self._done is None:  # the first end counts; a second one is its echo
            self._done, self._ended_at = event, time.monotonic()

    def wait(self) -> None:
        """Wait until the speaker reports the end; report the start meanwhile."""
        limit = time.monotonic() + PATIENCE_S + (self._clip.duration_s if self._clip else 0)
        self._report_playing()  # it may have started already
        while self._done is None and time.monotonic() < limit:
            with self._changed:
                if self._done is None:
                    self._changed.wait(0.5)
            self._report_playing()

    def _report_playing(self) -> None:
        with self._changed:
            if not self._started:
                return
            started, clip = min(self._started.values()), self._clip
            starts = [at - self._offsets[n] for n, at in self._started.items() if n in self._offsets]
        body = (
            starts[-1] if starts else started + CHIME_S
        )  # from the last part: earlier ones cannot have waited for it
        ends = body + (clip.duration_s if clip else self._estimate_s)
        times = (round(started, 2), round(ends, 1))
        if times != self._reported:
            self._reported = times
            marks = tuple((name, body + at) for name, at in clip.marks) if clip else ()
            self._report(Report(self.job.id, "playing", "正在播报。", started, ends, marks, self._gain_db))

    def verdict(self) -> Report:
        """Return the report of the real end."""
        state, why = self._verdict()
        started = min(self._started.values()) if self._started else None
        return Report(self.job.id, state, why, started, time.monotonic())

    def _verdict(self) -> tuple[str, str]:
        if self._cancelled:
            return "dropped", self._cancelled
        if self._interrupted and (self._done is None or self._done.why == "stopped"):
            return "waiting", INTERRUPTED
        if self._done is None:
            return "not_heard", "音响没有回应，没有播完。"
        if not self._done.ok and not self._spoken_without_sounds():
            return ENDINGS.get(self._done.why or "", ("not_heard", "没有播完。"))
        if self._unheard:
            return "not_heard", UNHEARD
        if self._broken:
            return "not_heard", "语音念到一半出了问题，没有播完。"
        if self._voiceless:
            return "not_heard", "语音没有合成出来，只放了提示音，内容已显示在屏幕上。"
        return "heard", "已播报，提示音或掌声的文件坏了，没有响。" if self._failed else "已播报。"

    def _spoken_without_sounds(self) -> bool:
        """Return whether the speech played and only a sound file before or after it could not be read."""
        spoken = bool(self._offsets) and self._offsets.keys() <= self._started.keys()
        return spoken and self._done is not None and self._done.why == "file"
