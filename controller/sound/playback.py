"""One announcement while it sounds: gathers the speaker's events and tells its true course."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.sound.speaker import Duck, Event
from controller.sound.tts.script import Clip, Script

CHIME_S = 1.3
"""Length of the chime, until its end has been heard."""
UNKNOWN_S = 8.0
"""Taken for the length of a speech that is still being rendered."""
BEGIN_S = 0.5
"""So long the first sample may take to be told of; the rendering has gone on meanwhile."""
PATIENCE_S = 40.0
"""The speaker tells an end for everything; this guards against the day it doesn't."""

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
    """How all announcements are made.

    After `wake_after_s` without any sound an amplifier may sleep: the chime then starts `lead_s` later.
    """

    duck: Duck = Duck()  # noqa: RUF009 - a frozen value
    lead_s: float = 0.5
    wake_after_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to say. `urgent`: an emergency, which sounds at once: it interrupts what is being said, and no silence
    and no volume holds it back."""

    id: int
    script: Script
    priority: int = 0
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a job. `state`: waiting, playing, heard, not_heard, stale or dropped.

    `why` is a sentence for people. `started` and `ends` are CLOCK_MONOTONIC seconds of the sound; `marks` name
    moments of it, likewise. While the speech is still being rendered, `ends` is an estimate and is reported again.
    """

    id: int
    state: str
    why: str
    started: float | None = None
    ends: float | None = None
    marks: tuple[tuple[str, float], ...] = ()


class Playback:
    """One attempt at one job. `changed` is the announcer's lock; `on_event` is called under it."""

    def __init__(self, job: Job, report: Callable[[Report], None], changed: threading.Condition):
        self.job, self._report, self._changed = job, report, changed
        self._voiceless = self._broken = False
        self._clip: Clip | None = None
        self._estimate_s = UNKNOWN_S
        self._offsets: dict[int, float] = {}  # of the speech's parts: seconds from its beginning
        self._started: dict[int, float] = {}
        self._failed: set[int] = set()
        self._done: Event | None = None
        self._cancelled: str | None = None
        self._interrupted = self._unheard = False
        self._told: tuple[object, ...] = ()

    @property
    def lost(self) -> bool:
        """Whether the device went before it was over."""
        return (
            self._done is not None and not self._done.ok and self._done.why == "lost" and not self._cancelled
        )

    @property
    def over(self) -> bool:
        """Whether a person has taken it back, or an emergency its place."""
        return self._cancelled is not None or self._interrupted

    def cancel(self, why: str) -> None:
        """A person has taken it back."""
        self._cancelled = why

    def without_voice(self) -> None:
        """There is no speech in it: chime and applause sound alone."""
        self._voiceless = True

    def break_off(self) -> None:
        """Its speech failed after it had begun."""
        self._broken = True

    @property
    def ended(self) -> bool:
        """Whether the speaker has reported its end, or it was abandoned."""
        return self._done is not None

    def abandon(self, why: str) -> None:
        """Stop waiting for its end, as if the speaker had reported `why`. Call under the announcer's lock."""
        if self._done is None:
            self._done = Event("done", id=self.job.id, ok=False, why=why)

    def interrupt(self) -> None:
        """An emergency takes its place: it is to be said again afterwards."""
        self._interrupted = True

    def unheard(self) -> None:
        """The volume is 0 while it sounds: whatever else becomes of it, it was not heard."""
        self._unheard = True

    def expect(self, clip: Clip | None, first: int) -> None:
        """The clip with the speech is part `first` of the announcement."""
        with self._changed:
            self._clip = clip
            self._offsets.setdefault(first, 0.0)
        self._tell_playing()

    def expect_part(self, n: int, offset_s: float, estimate_s: float) -> None:
        """Part `n` is speech that begins `offset_s` after its first word; the whole takes about `estimate_s`."""
        with self._changed:
            self._offsets[n], self._estimate_s = offset_s, max(estimate_s, offset_s)

    def begun(self) -> None:
        """Waits until the speaker has told the beginning, which takes milliseconds, and tells it on."""
        limit = time.monotonic() + BEGIN_S
        with self._changed:
            while not (self._started or self._failed) and self._done is None and time.monotonic() < limit:
                self._changed.wait(BEGIN_S)
        self._tell_playing()

    def on_event(self, event: Event) -> None:
        """Takes in what the speaker tells of this job."""
        if event.id != self.job.id:
            return
        if event.kind == "part_started" and event.n is not None and event.at is not None:
            self._started[event.n] = event.at
        elif event.kind == "part_failed" and event.n is not None:
            self._failed.add(event.n)
        elif event.kind == "done":
            self._done = event

    def wait(self) -> None:
        """Until the speaker has told the end; tells the beginning on the way."""
        limit = time.monotonic() + PATIENCE_S + (self._clip.duration_s if self._clip else 0)
        self._tell_playing()  # it may have begun already
        while self._done is None and time.monotonic() < limit:
            with self._changed:
                if self._done is None:
                    self._changed.wait(0.5)
            self._tell_playing()

    def _tell_playing(self) -> None:
        with self._changed:
            if not self._started:
                return
            started, clip = min(self._started.values()), self._clip
            begun = [at - self._offsets[n] for n, at in self._started.items() if n in self._offsets]
        body = (
            begun[-1] if begun else started + CHIME_S
        )  # the last part's: an earlier one cannot have waited for it
        ends = body + (clip.duration_s if clip else self._estimate_s)
        told = (round(started, 2), round(ends, 1))
        if told != self._told:
            self._told = told
            marks = tuple((name, body + at) for name, at in clip.marks) if clip else ()
            self._report(Report(self.job.id, "playing", "正在播报。", started, ends, marks))

    def verdict(self) -> Report:
        """The end, truly."""
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
        """Whether all that was missing is a sound around the speech, whose file could not be read."""
        spoken = bool(self._offsets) and self._offsets.keys() <= self._started.keys()
        return spoken and self._done is not None and self._done.why == "file"
