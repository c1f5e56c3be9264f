"""An office with links on a real store, real HTTP to local servers, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from office_made import ROOT, House

from controller.links.sender import LinkSender

FRIDAY = datetime.fromisoformat("2026-11-27T09:30:00+08:00")


class LinkedHouse(House):
    """`links`: the section of the timetable file. Attempts are made at once, in the thread of the test."""

    def __init__(self, folder: Path, start: datetime, links: str) -> None:
        from zoneinfo import ZoneInfo

        shipped = (ROOT / "config" / "rhythm.yaml").read_text("utf-8")
        super().__init__(folder, start.astimezone(ZoneInfo("Asia/Shanghai")), f"{shipped}\n{links}")

    def open(self) -> None:
        super().open()
        self.sender = LinkSender(
            self.clock, self.store, lambda: self.timetable_file.rhythm.office, self.office.links.open_links,
            lambda: self.trusts, spawn=lambda work: work(), chance=lambda: 0.5,
        )  # fmt: skip

    trusts = True

    def connect(self, ident: str, address: str, **secrets: str | None) -> None:
        """Enter the secrets of a link and the address of the local server."""
        self.office.links.set_secrets(ident, secrets)
        self.office.links.set_address(ident, address)

    def send(self, seconds: float = 0) -> None:
        """Let the sender work for some time."""
        end = self.clock.monotonic() + seconds
        while True:
            pause = self.sender.turn()
            left = end - self.clock.monotonic()
            if left <= 0:
                return
            self.clock.go(seconds=min(max(pause, 0.5), left))

    def next_edge(self) -> float:
        """Return the seconds until the timekeeper's next boundary."""
        now = self.clock.now()
        plan = self.timetable_file.plan(now.date())
        edges = [cue.at for cue in plan.cues] + list(self.office.timetable_listener.moments(plan, now))
        return min(((edge - now).total_seconds() for edge in edges if edge > now), default=3600.0)

    def link_messages(self, link: str | None = None) -> list[Any]:
        found = self.office.links.messages(self.clock.now().date())
        return [one for one in reversed(found) if link in (None, one.link)]


@contextmanager
def linked(folder: Path, links: str, start: datetime = FRIDAY) -> Iterator[LinkedHouse]:
    """Yield a `LinkedHouse` and close it afterwards."""
    made = LinkedHouse(folder, start, links)
    try:
        yield made
    finally:
        made.close()
