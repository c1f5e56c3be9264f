"""Now, in the office's zone; whether that time can be trusted; and a rehearsal's clock.

The wall clock decides *what* should be; CLOCK_MONOTONIC, which all processes of a machine share, decides *when
exactly* a sound starts. Only this file maps one to the other.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from controller.moments import local

TIMESYNC = Path("/run/systemd/timesync")
RTC = Path("/sys/class/rtc/rtc0")
BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""Earliest credible time: the date of this release."""


class Clock:
    """The office's clock. With `start` it is a rehearsal's: it shows `start` now and runs at normal speed."""

    def __init__(
        self, zone: ZoneInfo, start: datetime | None = None, *, timesync: Path = TIMESYNC, rtc: Path = RTC
    ):
        self.zone = zone
        self.rehearsal = start is not None
        self._ahead = start - datetime.now(UTC) if start else timedelta()
        self._timesync, self._rtc = timesync, rtc
        self._confirmed = False

    def now(self) -> datetime:
        """Return the present moment, with the office's offset (`moments`)."""
        return local(datetime.now(UTC) + self._ahead, self.zone)

    def monotonic(self) -> float:
        """Return seconds of CLOCK_MONOTONIC: for durations and deadlines, never shown to a person."""
        return time.monotonic()

    def to_monotonic(self, when: datetime) -> float:
        """Return the CLOCK_MONOTONIC second at which this clock will show, or has shown, `when`."""
        return self.monotonic() + when.timestamp() - self.now().timestamp()

    def from_monotonic(self, moment: float) -> datetime:
        """Return the time that this clock showed, or will show, at a CLOCK_MONOTONIC second."""
        ahead = timedelta(seconds=moment - self.monotonic())
        return local(self.now() + ahead, self.zone)  # the zone may change its offset in between

    def jump_to(self, when: datetime) -> None:
        """Set a rehearsal's clock to `when`. ValueError for the office's real clock."""
        if not self.rehearsal:
            raise ValueError("only a rehearsal's clock can be set")
        self._ahead = when - datetime.now(UTC)

    def confirm(self) -> None:
        """Trust the clock: a person has checked the time."""
        self._confirmed = True

    def trusted(self, newest: datetime | None = None) -> bool:
        """Return whether timed sound may follow this clock.

        A Pi before the 5 has no hardware clock: until it gets the time from the network it shows an old one.
        So a time before the release, or before the newest record in the database, is not trusted; a machine
        with systemd-timesyncd and without a hardware clock is trusted once timesyncd has synchronised.
        """
        if self.rehearsal or self._confirmed:
            return True
        now = self.now()
        if now < BUILT or (newest is not None and now < newest - timedelta(minutes=5)):
            return False
        waits_for_network = self._timesync.is_dir() and not self._rtc.exists()
        return not waits_for_network or (self._timesync / "synchronized").exists()


class JumpWatch:
    """Detects that the wall clock and CLOCK_MONOTONIC have diverged: a set clock or a sleep."""

    LIMIT_S = 0.25

    def __init__(self, clock: Clock):
        self._clock = clock
        self._offset = self._measure()

    def _measure(self) -> float:
        return self._clock.now().timestamp() - self._clock.monotonic()

    def jumped(self) -> float:
        """Return the seconds the clock has jumped since the last call (positive: forward); 0.0 when it has not."""
        before, self._offset = self._offset, self._measure()
        jump = self._offset - before
        return jump if abs(jump) > self.LIMIT_S else 0.0
