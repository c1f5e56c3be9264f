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
    Outcome,
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
    "SELECT id, key, kind, text, state, why, created, due, started, ended, priority, script, decision,"
    " (SELECT json_group_array(deal_id) FROM (SELECT deal_id FROM announced_deals"
    " WHERE announcement_id = announcements.id ORDER BY deal_id)) FROM announcements"
)

_OPEN: Final = (
    "state IN ('waiting', 'playing') AND "  # as in the partial index, or SQLite reads the whole table
)
_BY_KIND: Final = " INDEXED BY announcements_waiting WHERE state = 'waiting' AND kind "
_OF_JSON: Final = "IN (SELECT value FROM json_each(?))"


class Outbox:
    """Announcements as one snapshot or transaction sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, new: NewAnnouncement) -> tuple[Announcement, bool]:
        """Add an announcement to the outbox; return it with True if it is new, False if its key is known.

        Raises `Conflict` when the key is known with another text or kind.
        """
        script, decision = to_json(new.script.to_json()), to_json(dict(new.decision))
        created, due = to_ms(new.created), maybe_ms(new.due)
        ident = self._rows.add_once(
            "INSERT INTO announcements"
            " (key, date, kind, text, script, decision, priority, state, why, created, due)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            new.key, day(new.date), new.kind, new.text, script, decision,
            new.priority, new.state, new.why, created, due,
        )  # fmt: skip
        if ident is None:
            return self._same_or_conflict(new), False
        deals = sorted(set(new.deals))
        for deal in deals:
            self._rows.change(
                "INSERT INTO announced_deals (deal_id, announcement_id) VALUES (?, ?)", deal, ident
            )
        return self._announcement((
            ident, new.key, new.kind, new.text, new.state, new.why, created, due, None, None,
            new.priority, script, decision, to_json(deals),
        )), True  # fmt: skip

    def _same_or_conflict(self, new: NewAnnouncement) -> Announcement:
        known = self.by_key(new.key)
        if known is None or (known.kind, known.text) != (new.kind, new.text):
            raise Conflict("这张表单已经用别的内容发过一次，请重新打开再填。", field="key")
        return known

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

    def postpone_all(self, kind: Kind, due: datetime, later: datetime, why: str) -> int:
        """Move the waiting announcements of a kind from one due moment to another; return their number."""
        sql = "UPDATE announcements SET due = ?, why = ? WHERE state = 'waiting' AND kind = ? AND due = ?"
        return self._rows.change(sql, to_ms(later), why, kind, to_ms(due))

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

    def of_day_and_deals(self, date: date, deals: Iterable[int]) -> tuple[Announcement, ...]:
        """Return the announcements added on an office day that name one of these deals, oldest first."""
        where = "date = ? AND id IN (SELECT announcement_id FROM announced_deals WHERE deal_id "
        return self._list(f"{where}{_OF_JSON}) ORDER BY id", day(date), to_json(list(deals)))

    def of_day_and_key(self, date: date, prefix: str) -> tuple[Announcement, ...]:
        """Return the announcements added on an office day whose key begins with `prefix`, oldest first."""
        return self._list("date = ? AND substr(key, 1, ?) = ? ORDER BY id", day(date), len(prefix), prefix)

    def latest_of_kinds(self, date: date, kinds: Collection[str], most: int) -> tuple[Announcement, ...]:
        """Return the latest announcements of these kinds added on an office day, newest first."""
        where = f"date = ? AND kind {_OF_JSON} ORDER BY id DESC LIMIT ?"
        return self._list(where, day(date), to_json(list(kinds)), most)

    def outcomes(self, date: date, times: int) -> tuple[Outcome, ...]:
        """Return what became of the announcements added on an office day, counted by state and reason.

        `times`: maximum number of their first moments in each outcome.
        """
        rows = self._rows.all(
            "SELECT state, why, kind, CASE state WHEN 'waiting' THEN ifnull(due, created) END AS moment, count(*),"
            " group_concat(created) FROM"
            " (SELECT * FROM announcements WHERE date = ? ORDER BY id) GROUP BY state, why, kind, moment"
            " ORDER BY min(id)",
            day(date),
        )
        zone = self._rows.zone
        return tuple(
            Outcome(
                State(state), why, Kind(kind), maybe_from_ms(due, zone), count,
                tuple(from_ms(int(at), zone) for at in created.split(",", times)[:times]),
            )
            for state, why, kind, due, count, created in rows
        )  # fmt: skip

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

    def waiting_besides(self, kinds: Collection[str]) -> tuple[Announcement, ...]:
        """Return waiting announcements of all other kinds, oldest first, without reading those of `kinds`."""
        rows = self._rows.all(f"{_SELECT}{_BY_KIND}NOT {_OF_JSON} ORDER BY id", to_json(list(kinds)))
        return tuple(map(self._announcement, rows))

    def waiting_until(self, kinds: Collection[str]) -> tuple[tuple[Kind, datetime], ...]:
        """Return each kind and due moment at least one waiting announcement of `kinds` has."""
        rows = self._rows.all(
            f"SELECT DISTINCT kind, due FROM announcements{_BY_KIND}{_OF_JSON} AND due IS NOT NULL",  # noqa: S608
            to_json(list(kinds)),
        )
        return tuple((Kind(kind), from_ms(due, self._rows.zone)) for kind, due in rows)

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
        return tuple(map(self._announcement, self._rows.all(f"{_SELECT} WHERE {where}", *values)))

    def _announcement(self, row: Row) -> Announcement:
        (
            ident,
            key,
            kind,
            text,
            state,
            why,
            created,
            due,
            started,
            ended,
            priority,
            script,
            decision,
            deals,
        ) = row
        zone = self._rows.zone
        return Announcement(
            id=ident, key=key, kind=Kind(kind), text=text, state=State(state), why=why, created=from_ms(created, zone),
            due=maybe_from_ms(due, zone), deals=tuple(json.loads(deals)),
            started=maybe_from_ms(started, zone), ended=maybe_from_ms(ended, zone), priority=priority,
            script=StoredScript.from_json(json.loads(script)), decision=json.loads(decision),
        )  # fmt: skip
