"""Messages to links: each row is written in the transaction of its event, and stays with its state and reason."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from controller.sales.rows import Row, Rows, day, from_ms, maybe_from_ms, to_json, to_ms

MOST_WAITING: Final = 1000
"""Waiting rows of one link; beyond it the oldest is dropped with a sentence."""
KEPT_FOR: Final = timedelta(days=31)
"""Ended rows are deleted after this time."""
_TOO_MANY: Final = f"等着的消息超过 {MOST_WAITING} 条，最早的不再发送。"
_SELECT: Final = (
    "SELECT id, uid, link, key, kind, payload, date, created, due, state, why, attempts, next_try, batch, ended"
    " FROM link_messages WHERE "
)


class MessageState(StrEnum):
    """State of a message; stored under this name."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class NewLinkMessage:
    """A message to add. `key` is unique within its link: the same event again adds nothing."""

    uid: str
    link: str
    key: str
    kind: str
    payload: Mapping[str, Any]
    created: datetime
    due: datetime


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """A stored message. `batch`: the id under which it is sent, alone or with others; set before the first attempt."""

    id: int
    uid: str
    link: str
    key: str
    kind: str
    payload: Mapping[str, Any]
    date: date
    created: datetime
    due: datetime
    state: MessageState
    why: str
    attempts: int = 0
    next_try: datetime | None = None
    batch: str | None = None
    ended: datetime | None = None


class LinkMessages:
    """Messages as one snapshot or transaction sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, new: NewLinkMessage, *, replace: bool = False) -> bool:
        """Add a message; return False if its link has one with this key.

        `replace`: a document, of which only the last state counts: give the known row the new uid and payload, and let
        it wait again.
        """
        values = (to_json(dict(new.payload)), day(new.created.date()), to_ms(new.created), to_ms(new.due))
        changed = self._rows.change(
            "INSERT INTO link_messages (uid, link, key, kind, payload, date, created, due, state, why)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', '') ON CONFLICT (link, key) DO NOTHING",
            new.uid, new.link, new.key, new.kind, *values,
        )  # fmt: skip
        if not changed and replace:
            self._rows.change(
                "UPDATE link_messages SET payload = ?, date = ?, created = ?, due = ?, uid = ?, state = 'waiting',"
                " why = '', attempts = 0, next_try = NULL, batch = NULL, ended = NULL WHERE link = ? AND key = ?",
                *values, new.uid, new.link, new.key,
            )  # fmt: skip
        if changed:
            self._bound(new)
        return bool(changed)

    def _bound(self, new: NewLinkMessage) -> None:
        sql = "SELECT count(*), min(id) FROM link_messages WHERE state = 'waiting' AND link = ?"
        row = self._rows.one(sql, new.link)
        if row is not None and row[0] > MOST_WAITING:
            self.drop((row[1],), _TOO_MANY, new.created)

    def waiting(self, link: str) -> tuple[LinkMessage, ...]:
        """Return the waiting messages of a link, oldest first."""
        return self._list("state = 'waiting' AND link = ? ORDER BY id", link)

    def links_waiting(self) -> tuple[str, ...]:
        """Return the names of links for which a message waits."""
        return tuple(
            r[0] for r in self._rows.all("SELECT DISTINCT link FROM link_messages WHERE state = 'waiting'")
        )

    def start(self, ids: Collection[int], batch: str) -> None:
        """Mark messages as sent together under one id, before the attempt."""
        for ident in ids:
            self._rows.change(
                "UPDATE link_messages SET batch = ?, attempts = attempts + 1 WHERE id = ? AND state = 'waiting'",
                batch, ident,
            )  # fmt: skip

    def sent(self, ids: Collection[int], why: str, at: datetime) -> None:
        """Mark messages as delivered."""
        self._end(ids, MessageState.SENT, why, at)

    def drop(self, ids: Collection[int], why: str, at: datetime) -> None:
        """End waiting messages without delivery, with the reason."""
        self._end(ids, MessageState.DROPPED, why, at)

    def _end(self, ids: Collection[int], state: MessageState, why: str, at: datetime) -> None:
        for ident in ids:
            self._rows.change(
                "UPDATE link_messages SET state = ?, why = ?, ended = ?, next_try = NULL"
                " WHERE id = ? AND state = 'waiting'",
                state, why, to_ms(at), ident,
            )  # fmt: skip

    def later(self, ids: Collection[int], why: str, next_try: datetime, *, apart: bool) -> None:
        """Keep messages for another try. `apart`: surely nothing arrived, so they may be sent with others."""
        for ident in ids:
            self._rows.change(
                f"UPDATE link_messages SET why = ?, next_try = ?{', batch = NULL' if apart else ''}"  # noqa: S608
                " WHERE id = ? AND state = 'waiting'",
                why, to_ms(next_try), ident,
            )  # fmt: skip

    def hurry(self, link: str) -> None:
        """Forget the waiting times after failures: the link's settings have changed, or a person resumed it."""
        self._rows.change(
            "UPDATE link_messages SET next_try = NULL WHERE state = 'waiting' AND link = ?", link
        )

    def links_of(self, key: str) -> tuple[str, ...]:
        """Return the links that have a message of an event, whatever became of it."""
        rows = self._rows.all("SELECT DISTINCT link FROM link_messages WHERE key = ?", key)
        return tuple(row[0] for row in rows)

    def withdraw(self, key: str, why: str, at: datetime) -> tuple[str, ...]:
        """Drop an event's messages that have not been tried; return the links that have got or may get it."""
        rows = self._list("key = ? AND state <> 'dropped'", key)
        self.drop(
            [row.id for row in rows if row.state == MessageState.WAITING and row.batch is None], why, at
        )
        return tuple(row.link for row in rows if row.batch is not None)

    def expire(self, before: datetime, why: str, at: datetime) -> int:
        """Drop the waiting messages that were due before a moment; return their number. `why` may name {why}."""
        rows = self._list("state = 'waiting' AND due < ? ORDER BY id", to_ms(before))
        for row in rows:
            self.drop((row.id,), why.format(why=row.why or "一直没有发出去。"), at)
        return len(rows)

    def oldest_due(self) -> datetime | None:
        """Return the moment at which the oldest waiting message was due."""
        row = self._rows.one("SELECT min(due) FROM link_messages WHERE state = 'waiting'")
        return maybe_from_ms(row[0], self._rows.zone) if row else None

    def of_day(self, date: date, most: int, link: str | None = None) -> tuple[LinkMessage, ...]:
        """Return the newest messages of events of a day, newest first; of one link, or of all."""
        if link is None:
            return self._list("date = ? ORDER BY id DESC LIMIT ?", day(date), most)
        return self._list("date = ? AND link = ? ORDER BY id DESC LIMIT ?", day(date), link, most)

    def counts(self, date: date) -> dict[tuple[str, MessageState], int]:
        """Return the number of messages of events of a day, by link and state."""
        sql = "SELECT link, state, count(*) FROM link_messages WHERE date = ? GROUP BY link, state"
        return {(link, MessageState(state)): count for link, state, count in self._rows.all(sql, day(date))}

    def last_sent(self, link: str) -> datetime | None:
        """Return when a link last delivered a message."""
        row = self._rows.one("SELECT max(ended) FROM link_messages WHERE state = 'sent' AND link = ?", link)
        return maybe_from_ms(row[0], self._rows.zone) if row else None

    def trim(self, today: date) -> None:
        """Delete the ended messages of days long past."""
        before = day(today - KEPT_FOR)
        self._rows.change("DELETE FROM link_messages WHERE date < ? AND state <> 'waiting'", before)

    def _list(self, where: str, *values: str | int) -> tuple[LinkMessage, ...]:
        return tuple(map(self._message, self._rows.all(_SELECT + where, *values)))

    def _message(self, row: Row) -> LinkMessage:
        (
            ident,
            uid,
            link,
            key,
            kind,
            payload,
            on,
            created,
            due,
            state,
            why,
            attempts,
            next_try,
            batch,
            ended,
        ) = row
        zone = self._rows.zone
        return LinkMessage(
            ident, uid, link, key, kind, json.loads(payload), date.fromisoformat(on), from_ms(created, zone),
            from_ms(due, zone), MessageState(state), why, attempts, maybe_from_ms(next_try, zone), batch,
            maybe_from_ms(ended, zone),
        )  # fmt: skip
