"""Now, in the office's zone; whether that can be trusted; and a rehearsal's clock.

The wall clock says *what* should be; CLOCK_MONOTONIC, which all processes of a machine share, says *when
exactly* a sound starts. This file alone knows how one maps to the other.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

TIMESYNC = Path("/run/systemd/timesync")
RTC = Path("/sys/class/rtc/rtc0")
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No true clock shows an earlier time than that of the release."""


class Clock:
    """The office's clock. `start` makes a rehearsal's: it shows `start` now and runs at normal speed."""

    def __init__(
        self, zone: ZoneInfo, start: datetime | None = None, *, timesync: Path = TIMESYNC, rtc: Path = RTC
    ):
        self.zone = zone
        self.rehearsal = start is not None
        self._ahead = start - datetime.now(UTC) if start else timedelta()
        self._timesync, self._rtc = timesync, rtc
        self._confirmed = False

    def now(self) -> datetime:
        """The present moment, aware, in the office's zone."""
        return (datetime.now(UTC) + self._ahead).astimezone(self.zone)

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC: for durations and deadlines, never shown to a person."""
        return time.monotonic()

    def to_monotonic(self, when: datetime) -> float:
        """The CLOCK_MONOTONIC second at which this clock will show, or has shown, `when`."""
        return self.monotonic() + when.timestamp() - self.now().timestamp()

    def from_monotonic(self, moment: float) -> datetime:
        """What this clock showed, or will show, at a CLOCK_MONOTONIC second."""
        ahead = timedelta(seconds=moment - self.monotonic())
        return (self.now().astimezone(UTC) + ahead).astimezone(self.zone)  # not by the zone's wall clock

    def jump_to(self, when: datetime) -> None:
        """A rehearsal's clock shows `when` now and goes on from there. ValueError for the office's real clock."""
        if not self.rehearsal:
            raise ValueError("only a rehearsal's clock can be set")
        self._ahead = when - datetime.now(UTC)

    def confirm(self) -> None:
        """A person has looked at the time and says that it is right."""
        self._confirmed = True

    def trusted(self, newest: datetime | None = None) -> bool:
        """Whether timed sound may follow this clock.

        A Pi before the 5 has no clock of its own: until the network has told it the time it shows an old one.
        So: a time before the release, or before the newest thing the office has recorded, is untrue; a machine
        that keeps systemd-timesyncd and has no hardware clock is believed once timesyncd says so.
        """
        if self.rehearsal or self._confirmed:
            return True
        now = self.now()
        if now < BUILT or (newest is not None and now < newest - timedelta(minutes=5)):
            return False
        waits_for_network = self._timesync.is_dir() and not self._rtc.exists()
        return not waits_for_network or (self._timesync / "synchronized").exists()


class JumpWatch:
    """Notices that the wall clock and CLOCK_MONOTONIC no longer go together: a set clock or a sleep."""

    LIMIT_S = 0.25

    def __init__(self, clock: Clock):
        self._clock = clock
        self._offset = self._measure()

    def _measure(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    def jumped(self) -> float:
        """Seconds the clock has jumped since the last call (positive: forward); 0.0 when it has not."""
        before, self._offset = self._offset, self._measure()
        jump = self._offset - before
        return jump if abs(jump) > self.LIMIT_S else 0.0
