"""The outbox: every announcement with its state and reason. Rows are never deleted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from controller.sales.model import (
    DROPPED,
    HEARD,
    MERGED,
    NOT_HEARD,
    PLAYING,
    WAITING,
    Announcement,
    Conflict,
    Kind,
    NewAnnouncement,
    State,
    StoredScript,
)  # fmt: skip
from controller.sales.rows import Row, Rows, day, from_ms, maybe_from_ms, maybe_ms, to_json, to_ms

FROM: Final[Mapping[str, tuple[State, ...]]] = {
    WAITING: (PLAYING, NOT_HEARD),
    PLAYING: (WAITING,),
    HEARD: (PLAYING,),
    NOT_HEARD: (WAITING, PLAYING),
    MERGED: (WAITING, PLAYING, NOT_HEARD),
    DROPPED: (WAITING, PLAYING, NOT_HEARD),
}
"""By state, the states it may follow. Heard, merged and dropped are final."""

_STAMP: Final = dict.fromkeys(FROM, "ended = ?") | {
    PLAYING: "started = ?, ended = NULL",
    WAITING: "due = ?, started = NULL, ended = NULL",
}
_MOVE: Final = {
    state: "UPDATE announcements SET state = ?, why = ?, "  # noqa: S608  made of the two tables above alone
    f"{stamp} WHERE id = ? AND state IN (SELECT value FROM json_each(?))"
    for state, stamp in _STAMP.items()
}
_SELECT: Final = (
    "SELECT id, key, kind, text, state, why, created, due, started, ended, priority, script, decision"
    " FROM announcements WHERE "
)

_OPEN: Final = (
    "state IN ('waiting', 'playing') AND "  # as in the partial index, or SQLite reads the whole table
)


class Outbox:
    """Announcements as one snapshot or transaction sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, new: NewAnnouncement) -> tuple[Announcement, bool]:
        """Add an announcement to the outbox; return it with True if it is new, False if its key is known.

        Raises `Conflict` when the key is known with another text or kind.
        """
        if (known := self.by_key(new.key)) is not None:
            if (known.kind, known.text) != (new.kind, new.text):
                raise Conflict("这张表单已经用别的内容发过一次，请重新打开再填。", field="key")
            return known, False
        ident = self._rows.add(
            "INSERT INTO announcements"
            " (key, date, kind, text, script, decision, priority, state, why, created, due)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            new.key, day(new.date), new.kind, new.text, to_json(new.script.to_json()), to_json(dict(new.decision)),
            new.priority, new.state, new.why, to_ms(new.created), maybe_ms(new.due),
        )  # fmt: skip
        for deal in dict.fromkeys(new.deals):
            self._rows.change(
                "INSERT INTO announced_deals (deal_id, announcement_id) VALUES (?, ?)", deal, ident
            )
        return self._known(ident), True

    def move(self, ident: int, state: str, why: str, at: datetime, due: datetime | None = None) -> bool:
        """Change the state, with the reason; return False and change nothing if `FROM` doesn't allow it.

        PLAYING stores `at` as the start, a state that ends the announcement stores it as the end; WAITING
        clears both and stores the new `due`.
        """
        before = FROM[state]
        changed = self._rows.change(
            _MOVE[state], state, why, maybe_ms(due) if state == WAITING else to_ms(at), ident, to_json(before)
        )  # fmt: skip
        return changed == 1

    def merge(self, members: Iterable[Announcement], why: str, at: datetime) -> None:
        """Mark `members` as merged: they are announced as part of another announcement."""
        for member in members:
            self.move(member.id, MERGED, why, at)

    def postpone(self, ident: int, due: datetime | None, why: str) -> bool:
        """Change the due moment of a waiting announcement; return False if it no longer waits."""
        sql = "UPDATE announcements SET due = ?, why = ? WHERE id = ? AND state = 'waiting'"
        return self._rows.change(sql, maybe_ms(due), why, ident) == 1

    def rewrite(self, ident: int, text: str, script: StoredScript) -> bool:
        """Change the wording of a waiting announcement; return False if it no longer waits."""
        sql = "UPDATE announcements SET text = ?, script = ? WHERE id = ? AND state = 'waiting'"
        return self._rows.change(sql, text, to_json(script.to_json()), ident) == 1

    def get(self, ident: int) -> Announcement | None:
        """Return the announcement with that id."""
        return self._first("id = ?", ident)

    def by_key(self, key: str) -> Announcement | None:
        """Return the announcement with that key."""
        return self._first("key = ?", key)

    def of_day(self, date: date) -> tuple[Announcement, ...]:
        """Return all announcements added on an office day, oldest first."""
        return self._list("date = ? ORDER BY id", day(date))

    def counts(self, date: date) -> dict[State, int]:
        """Return the number of announcements added on an office day, by state."""
        sql = "SELECT state, count(*) FROM announcements WHERE date = ? GROUP BY state"
        return {State(state): count for state, count in self._rows.all(sql, day(date))}

    def of_deal(self, deal_id: int) -> tuple[Announcement, ...]:
        """Return all announcements that name the deal, oldest first."""
        where = "id IN (SELECT announcement_id FROM announced_deals WHERE deal_id = ?) ORDER BY id"
        return self._list(where, deal_id)

    def texts_of_deals(self, kinds: Collection[str], since: date) -> dict[int, str]:
        """Return, by deal, the text of its last announcement of these kinds added on or after an office day."""
        marks = ", ".join("?" * len(kinds))
        sql = (
            "SELECT deal_id, text FROM announcements JOIN announced_deals ON announcement_id = id"  # noqa: S608
            f" WHERE date >= ? AND kind IN ({marks}) ORDER BY id"  # only question marks are inserted
        )
        return {int(deal): str(text) for deal, text in self._rows.all(sql, day(since), *kinds)}

    def unfinished(self) -> tuple[Announcement, ...]:
        """Return waiting and playing announcements, oldest first: at a start, those the last run left unfinished."""
        return self._list(_OPEN + "1 ORDER BY id")

    def waiting(self, kind: str | None = None) -> tuple[Announcement, ...]:
        """Return waiting announcements (of one kind), oldest first."""
        if kind is None:
            return self._list(_OPEN + "state = 'waiting' ORDER BY id")
        return self._list(_OPEN + "state = 'waiting' AND kind = ? ORDER BY id", kind)

    def talked_s(self, since: datetime, now: datetime) -> float:
        """Return the seconds of announcements played between two moments, including the one playing now."""
        row = self._rows.one(
            "SELECT coalesce(sum(coalesce(ended, ?) - started), 0) FROM announcements"
            " WHERE date >= ? AND started >= ? AND started <= ?"  # date has the index
            " AND state IN ('playing', 'heard', 'not_heard', 'dropped')",
            to_ms(now), day((since - timedelta(days=1)).date()), to_ms(since), to_ms(now),
        )  # fmt: skip
        return 0.0 if row is None else float(row[0]) / 1000

    def _first(self, where: str, *values: str | int) -> Announcement | None:
        announcements = self._list(f"{where} LIMIT 1", *values)
        return announcements[0] if announcements else None

    def _list(self, where: str, *values: str | int) -> tuple[Announcement, ...]:
        return tuple(map(self._announcement, self._rows.all(_SELECT + where, *values)))

    def _known(self, ident: int) -> Announcement:
        announcement = self.get(ident)
        assert announcement is not None  # noqa: S101  written in this transaction
        return announcement

    def _announcement(self, row: Row) -> Announcement:
        ident, key, kind, text, state, why, created, due, started, ended, priority, script, decision = row
        deals = self._rows.all(
            "SELECT deal_id FROM announced_deals WHERE announcement_id = ? ORDER BY deal_id", ident
        )
        zone = self._rows.zone
        return Announcement(
            id=ident, key=key, kind=Kind(kind), text=text, state=State(state), why=why, created=from_ms(created, zone),
            due=maybe_from_ms(due, zone), deals=tuple(row[0] for row in deals),
            started=maybe_from_ms(started, zone), ended=maybe_from_ms(ended, zone), priority=priority,
            script=StoredScript.from_json(json.loads(script)), decision=json.loads(decision),
        )  # fmt: skip
