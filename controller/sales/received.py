"""Messages that came in from chat robots and programs, with what became of each; bounded."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from controller.sales.rows import Row, Rows, day, from_ms, to_ms

KEPT_FOR: Final = timedelta(days=31)
MOST_A_DAY: Final = 5000
"""Messages of one day that are kept, from all links; later ones still take effect, and are not listed."""
LONGEST_TEXT: Final = 1000
LONGEST_ANSWER: Final = 4000
_COLUMNS: Final = "id, link, uid, at, date, chat, sender, name, text, fate, answer, deals, replied"
_SELECT: Final = f"SELECT {_COLUMNS} FROM received WHERE "  # noqa: S608  constants


class ReceivedFate(StrEnum):
    """The fate of a message; stored under this name."""

    RECORDED = "recorded"
    WAITING = "waiting"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"
    UNREAD = "unread"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class NewReceived:
    """A message to keep. `chat`, `sender`: the vendor's ids; `name`: of the sender, "" if the vendor does not say."""

    link: str
    uid: str
    at: datetime
    text: str
    fate: ReceivedFate
    answer: str
    deals: int = 0
    chat: str = ""
    sender: str = ""
    name: str = ""
    replied: str | None = ""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A stored message. `replied`: None while the answer is under way, "" when it was taken, else why it was not."""

    id: int
    link: str
    uid: str
    at: datetime
    date: dt.date
    chat: str
    sender: str
    name: str
    text: str
    fate: ReceivedFate
    answer: str
    deals: int
    replied: str | None


class ReceivedMessages:
    """Received messages as one snapshot or transaction sees them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(self, new: NewReceived) -> None:
        """Keep a message; one with the same id is not changed."""
        today = day(new.at.date())
        if self.of_uid(new.link, new.uid) is not None:
            return
        row = self._rows.one("SELECT count(*) FROM received WHERE date = ?", today)
        if new.deals == 0 and row is not None and row[0] >= MOST_A_DAY:
            return  # a flood of chatter; a message with deals is always kept, for it makes them recorded once
        self._rows.change(
            "INSERT INTO received (link, uid, at, date, chat, sender, name, text, fate, answer, deals, replied)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            new.link, new.uid, to_ms(new.at), today, new.chat, new.sender, new.name, new.text[:LONGEST_TEXT],
            new.fate, new.answer[:LONGEST_ANSWER], new.deals, new.replied,
        )  # fmt: skip
        self._rows.change("DELETE FROM received WHERE date < ?", day(new.at.date() - KEPT_FOR))

    def of_uid(self, link: str, uid: str) -> ReceivedMessage | None:
        """Return the message with the sender's own id."""
        row = self._rows.one(f"{_SELECT}link = ? AND uid = ?", link, uid)
        return None if row is None else self._message(row)

    def replied(self, link: str, uid: str, why: str) -> None:
        """Note that the answer was taken, or why it was not."""
        self._rows.change("UPDATE received SET replied = ? WHERE link = ? AND uid = ?", why[:200], link, uid)

    def of_sender(self, link: str, sender: str, date: date, most: int) -> tuple[ReceivedMessage, ...]:
        """Return the newest messages with deals of one sender on a day, newest first."""
        where = "link = ? AND sender = ? AND date = ? AND deals > 0 ORDER BY id DESC LIMIT ?"
        return self._list(where, link, sender, day(date), most)

    def of_day(self, date: date, most: int, link: str | None = None) -> tuple[ReceivedMessage, ...]:
        """Return the newest messages of a day, newest first; of one link, or of all."""
        if link is None:
            return self._list("date = ? ORDER BY id DESC LIMIT ?", day(date), most)
        return self._list("date = ? AND link = ? ORDER BY id DESC LIMIT ?", day(date), link, most)

    def links_of_day(self, date: date) -> set[str]:
        """Return the links that brought a message on a day."""
        return {
            row[0] for row in self._rows.all("SELECT DISTINCT link FROM received WHERE date = ?", day(date))
        }

    def last_at(self, link: str) -> datetime | None:
        """Return when a link last brought a message."""
        row = self._rows.one("SELECT at FROM received WHERE link = ? ORDER BY id DESC LIMIT 1", link)
        return from_ms(row[0], self._rows.zone) if row else None

    def _list(self, where: str, *values: str | int) -> tuple[ReceivedMessage, ...]:
        return tuple(map(self._message, self._rows.all(_SELECT + where, *values)))

    def _message(self, row: Row) -> ReceivedMessage:
        ident, link, uid, at, on, chat, sender, name, text, fate, answer, deals, replied = row
        return ReceivedMessage(
            ident, link, uid, from_ms(at, self._rows.zone), date.fromisoformat(on), chat, sender, name, text,
            ReceivedFate(fate), answer, deals, replied,
        )  # fmt: skip
