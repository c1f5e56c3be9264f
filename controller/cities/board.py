"""The board of all branches, made from their documents in any order of arrival. Pure.

Of each branch and date the document with the highest `(epoch, seq)` is kept, of each branch the status of the latest
session, in which "offline" is final. Both are the maximum of a set, so that order, doubles and losses do not matter:
every receiver of the newest document has the same board.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from controller.cities.document import Document, Status, Version

MOST_BRANCHES: Final = 2_000
DAYS_KEPT: Final = 7
DAYS_AHEAD: Final = 1
"""A branch whose date is one ahead is in another time zone, or its clock is wrong: kept, and not shown today."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch on the board of a day. `document` None: it has sent none; `online`: its line to the broker is up."""

    name: str
    document: Document | None
    online: bool

    @property
    def current(self) -> bool:
        """True while the document is the latest: a connected branch sends each change."""
        return self.online and self.document is not None


class Board:
    """Documents and statuses of all branches. Not thread-safe; bounded in branches and days."""

    def __init__(self) -> None:
        self._documents: dict[str, dict[date, Document]] = {}
        self._statuses: dict[str, Status] = {}

    def take(self, document: Document, today: date) -> bool:
        """Keep a document if it is newer than the kept one; return whether the board has changed."""
        if not today - timedelta(days=DAYS_KEPT) <= document.date <= today + timedelta(days=DAYS_AHEAD):
            return False
        if document.branch not in self._documents and len(self._documents) >= MOST_BRANCHES:
            return False
        days = self._documents.setdefault(document.branch, {})
        kept = days.get(document.date)
        if kept is not None and _order(kept) >= _order(document):
            return False
        days[document.date] = document
        for day in [day for day in days if day < today - timedelta(days=DAYS_KEPT)]:
            del days[day]
        return True

    def take_status(self, status: Status) -> bool:
        """Keep a status if it is of a later session, or ends the kept one; return whether the board has changed."""
        kept = self._statuses.get(status.branch)
        if kept is None and len(self._statuses) >= MOST_BRANCHES:
            return False
        if kept is not None and _place(kept) >= _place(status):
            return False
        self._statuses[status.branch] = status
        return kept is None or kept.online != status.online

    def forget(self, branch: str, day: date | None = None) -> bool:
        """Forget a branch's document of a day, or its status: its topic was emptied. Return whether it was kept."""
        if day is None:
            return self._statuses.pop(branch, None) is not None
        gone = self._documents.get(branch, {}).pop(day, None) is not None
        if gone and not self._documents[branch]:
            del self._documents[branch]
        return gone

    def document(self, branch: str, day: date) -> Document | None:
        """Return the kept document of a branch and date."""
        return self._documents.get(branch, {}).get(day)

    def status(self, branch: str) -> Status | None:
        """Return the kept status of a branch."""
        return self._statuses.get(branch)

    def branches(self, day: date) -> tuple[Branch, ...]:
        """Return every known branch with its document of a day, sorted by name."""
        names = sorted(self._documents.keys() | self._statuses.keys())
        return tuple(Branch(name, self.document(name, day), self._online(name)) for name in names)

    def lines(self) -> tuple[tuple[str, bool], ...]:
        """Return the branches that have sent a document, and whether each one's line to the broker is up."""
        return tuple((name, self._online(name)) for name in sorted(self._documents))

    def ahead(self, today: date) -> tuple[str, ...]:
        """Return the connected branches that report a later day than today and nothing for today."""
        return tuple(
            name
            for name, days in sorted(self._documents.items())
            if self._online(name) and today not in days and any(day > today for day in days)
        )

    def content(self) -> tuple[Mapping[str, Mapping[date, Document]], Mapping[str, Status]]:
        """Return everything kept, for comparing boards."""
        return self._documents, self._statuses

    def _online(self, branch: str) -> bool:
        status = self._statuses.get(branch)
        return status is not None and status.online


def _order(document: Document) -> tuple[Version, str, str]:
    """Order documents; those of one version differ only if two machines use one name: any of them, but the same for
    every receiver."""
    return document.version, document.install, repr(document)


def _place(status: Status) -> tuple[Version, bool, str]:
    return status.session, not status.online, status.install


# --- Epochs


def next_epoch(kept: Version, beside: Version | None) -> int:
    """Return the epoch of a store at a start. `beside`: the last version sent, as a file outside the store has it.

    The file is newer than a store that was restored from a backup, and missing on a new machine: then the epoch grows,
    so that the store's next document wins over those sent before the restore.
    """
    if kept.epoch == 0:
        return 1 if beside is None else beside.epoch + 1
    if beside is None:
        return kept.epoch + 1
    return beside.epoch + 1 if beside > kept else kept.epoch


# --- Overtaking


@dataclass(frozen=True, slots=True)
class Overtaking:
    """`branch` is now before `passed` in completion; `passed` is the best of those it has overtaken."""

    branch: str
    passed: str


def overtakings(
    before: Mapping[str, Decimal | None], after: Mapping[str, Decimal | None]
) -> tuple[Overtaking, ...]:
    """Return who overtook whom between two boards, by completion.

    Only branches that had a completion on both boards count: joining, coming back and becoming equal are no
    overtaking.
    """
    then = {name: rate for name, rate in before.items() if rate is not None}
    now = {name: rate for name, rate in after.items() if rate is not None and name in then}
    found = []
    for name in sorted(now, key=lambda name: (-now[name], name)):
        passed = _passed(name, then, now)
        if passed:
            found.append(Overtaking(name, passed))
    return tuple(found)


def _passed(name: str, then: Mapping[str, Decimal], now: Mapping[str, Decimal]) -> str:
    if now[name] <= then[name]:  # the other one fell back: a deal was taken back there
        return ""
    behind: Iterable[str] = (
        other for other in now if then[other] >= then[name] and now[other] < now[name] and other != name
    )
    return max(behind, key=lambda other: (now[other], other), default="")
