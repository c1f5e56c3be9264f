"""The calendar feed of the day plans: its secret address, which a person can renew, and its text."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any, Final

from controller.services.auth import Credentials
from controller.services.context import Context
from controller.timetable import calendar_feed

DAYS: Final = 30
KEY: Final = "calendar"
"""The preference with the number of the present address; without it there is no feed."""


class CalendarService:
    """Thread-safe. The address follows from the machine's secret and a number, so that it is stored nowhere."""

    def __init__(self, context: Context, keys: Credentials) -> None:
        self._context, self._keys = context, keys

    def link(self) -> str | None:
        """Return the secret part of the present address, None while the feed is off."""
        number = self._number()
        return self._derived(f"address {number}") if self._on() else None

    def renew(self) -> str:
        """Switch the feed on at a new address and return it; the former one ends at once."""
        number = self._number() + 1
        self._context.preferences.set(KEY, {"number": number, "on": True}, quiet=True)
        return self._derived(f"address {number}")

    def end(self) -> None:
        """Switch the feed off; a later address is a new one."""
        self._context.preferences.set(KEY, {"number": self._number(), "on": False}, quiet=True)

    def feed(self, link: str) -> bytes | None:
        """Return the calendar of the next 30 days, None for a wrong address."""
        right = self.link()
        if right is None or not hmac.compare_digest(link.encode(), right.encode()):
            return None
        today = self._context.clock.now().date()
        plans = [self._context.timetable_file.plan(today + timedelta(days=ahead)) for ahead in range(DAYS)]
        return calendar_feed.feed(plans, self._context.rhythm.office, self._derived("install")[:12], today)

    def _number(self) -> int:
        return int(self._kept().get("number", 0))

    def _on(self) -> bool:
        return bool(self._kept().get("on", False))

    def _kept(self) -> dict[str, Any]:
        kept = self._context.preferences.get(KEY)
        return kept if isinstance(kept, dict) else {}

    def _derived(self, purpose: str) -> str:
        digest = hmac.new(self._keys.secret().encode(), f"calendar {purpose}".encode(), hashlib.sha256)
        return digest.hexdigest()[:40]
