"""The speaker test: a quiet tone on the output, and a microphone that says whether the office heard it.

Once on each working day at the timetable's `health.speaker_test`, with a trusted clock; tried again some times when the
result is doubtful. The result is kept until the next one. Of a recording nothing is kept but two levels.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from controller.health import SpeakerTestValues
from controller.hearing import NO_VOICE, Hearing
from controller.sales.model import Conflict, Refused, StoreTrouble
from controller.services.context import Context
from controller.sound import microphone, tone_pattern
from controller.sound.microphone import Listened
from controller.sound.speaker import Event, Speaker
from controller.timetable.model import DayPlan

log = logging.getLogger(__name__)

RESULT: Final = "speaker_test"
WINDOW: Final = timedelta(minutes=15)
"""So long after its time the test may still start: an announcement or a restart may delay it."""
AGAIN: Final = timedelta(seconds=45)
TRIES: Final = 3
"""A single miss is no fault: a door may have slammed."""
CUT: Final = "cut"
"""An announcement, quiet time or a lost device ended the tone: nothing is concluded."""


@dataclass(frozen=True, slots=True)
class Result:
    """The last test. `found`: see `Listened`, or CUT; `microphone`: the one that listened, or was meant to."""

    at: str
    found: str
    level_db: float | None = None
    snr_db: float | None = None
    microphone: str = ""


class SpeakerTest:
    """Thread-safe. `folder`: where the tone's file is made; `listen`: see `microphone.listen`."""

    def __init__(
        self, context: Context, speaker: Speaker, hearing: Callable[[datetime], Hearing], folder: Path,
        listen: Callable[[str, Callable[[], None]], Listened] = microphone.listen,
    ):  # fmt: skip
        self._context, self._speaker, self._hearing, self._listen = context, speaker, hearing, listen
        self._file = folder / "speaker-test.wav"
        self._lock = threading.Lock()
        self._running = self._cut = False
        self._tries = 0
        self._tried_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Return whether a test is under way."""
        return self._running

    def last(self) -> Result | None:
        """Return the last result; None when there was none, or the store cannot be read."""
        try:
            kept = self._context.preferences.get(RESULT)
            return Result(**kept) if isinstance(kept, dict) else None
        except (StoreTrouble, TypeError):
            return None

    def values(self) -> SpeakerTestValues:
        """Return the values for the judgement of health; without the setting nothing is judged."""
        settings, last = self._context.rhythm.health, self.last()
        if settings.speaker_test is None or last is None:
            return SpeakerTestValues(on=settings.speaker_test is not None)
        return SpeakerTestValues(True, last.found, datetime.fromisoformat(last.at), last.microphone)

    def follow(self, plan: DayPlan, now: datetime) -> None:
        """Begin the test when it is due. Called by the timekeeper, with a trusted clock only."""
        at = self._context.rhythm.health.speaker_test
        if at is None or not plan.workday or any(since <= now < until for since, until in plan.off):
            return
        due = now.replace(hour=0, minute=0, second=0, microsecond=0) + at
        if not due <= now < due + WINDOW or self._done_since(due):
            return
        if self._tried_at is None or self._tried_at < due:
            self._tries = 0
        elif now - self._tried_at < AGAIN:
            return
        if self._may_sound(now):
            self._begin(now, last_try=self._tries + 1 >= TRIES)

    def _done_since(self, due: datetime) -> bool:
        last = self.last()
        return last is not None and datetime.fromisoformat(last.at) >= due

    def _may_sound(self, now: datetime) -> bool:
        """Return whether the office hears announcements now: no quiet time, mute, volume 0 or missing device."""
        reasons = self._hearing(now).reasons
        return self._speaker.health().alive and all(reason.cause == NO_VOICE for reason in reasons)

    def try_now(self) -> None:
        """Test at once, for a person who waits. Raises Refused when nothing may sound, Conflict while one runs."""
        now = self._context.clock.now()
        if not self._may_sound(now):
            reason = self._hearing(now).short or "没有音响"
            raise Refused(f"现在不自检：{reason}。", "speaker_test")
        if not self._begin(now, last_try=True):
            raise Conflict("正在自检，请等几秒。", "speaker_test")

    def _begin(self, now: datetime, *, last_try: bool) -> bool:
        with self._lock:
            if self._running:
                return False
            self._running, self._cut = True, False
            self._tries, self._tried_at = self._tries + 1, now
        threading.Thread(target=self._test, args=(last_try,), name="speaker-test", daemon=True).start()
        return True

    def _test(self, last_try: bool) -> None:
        try:
            tone_pattern.write(self._file)
            listened = self._listen(self._context.rhythm.health.microphone, self._play)
            self._conclude(listened, last_try=last_try)
        except Exception:  # a test that fails must not be taken for a result
            log.exception("the speaker test failed")
        finally:
            with self._lock:
                self._running = False

    def _play(self) -> None:
        self._speaker.test_tone(self._file, tone_pattern.LENGTH_S)

    def _conclude(self, listened: Listened, *, last_try: bool) -> None:
        """Keep the result; a doubtful one only when it was the last try."""
        found = CUT if self._cut and listened.found in ("silent", "loud") else listened.found
        log.info(
            "speaker test: %s, level %s dBFS, tone %s dB above", found, listened.level_db, listened.snr_db
        )
        if found != "heard" and not last_try:
            return
        now = self._context.clock.now()
        result = Result(
            now.isoformat(), found, listened.level_db, listened.snr_db, listened.microphone or self._named()
        )
        self._context.preferences.set(RESULT, asdict(result))

    def _named(self) -> str:
        return self._context.rhythm.health.microphone

    def on_speaker(self, event: Event) -> None:
        """Note that the tone was not played to its end."""
        if event.kind == "lost" or (event.kind == "toned" and not event.ok):
            self._cut = True
