"""The documents that branches exchange, and their topics. Pure.

`zhangu/1/ORG/BRANCH/standings/DATE` has a branch's standings of a date, `…/status` whether it is connected, `…/events`
its big deals. A document replaces the one before it, so that lost, doubled and late messages do no harm. Documents are
ordered by `(epoch, seq)` and never by a clock: two machines' clocks are not compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from controller.names import tidy_name

VERSION: Final = 1
ROOT: Final = "zhangu/1"
DOCUMENT_LIMIT: Final = 2048
"""Bytes of a document that this program sends; longer ones lose people, then their last teams."""
RECEIVED_LIMIT: Final = 4096
"""Bytes of a message that is read at all: another program or a later version may write more."""
MOST_TEAMS: Final = 40
MOST_PEOPLE: Final = 3
NAME_LIMIT: Final = 40
BRANCH_LIMIT: Final = 20
_ORG: Final = re.compile(r"[a-z0-9][a-z0-9-]{2,19}")
_AMOUNT: Final = re.compile(r"\d{1,12}(\.\d{1,2})?")
_RATE: Final = re.compile(r"\d{1,6}(\.\d{1,6})?")
_ID: Final = re.compile(r"[0-9a-f]{8,64}")
_NUMBER_LIMIT: Final = 1 << 53
_WORST: Final = frozenset("/+#:%$\\\"'")
"""Not in a branch's name: separators and wildcards of topics, and of the broker's files of users and rights."""


class NotUnderstood(Exception):  # noqa: N818  a message from outside is no error of the program
    """A message that is no valid document; `str()` says what is wrong with it."""


class Version(NamedTuple):
    """The place of a document among those of its branch: a restored store has a higher `epoch`, then `seq` counts."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Amount, target and number of deals of a period."""

    amount: Decimal
    target: Decimal | None
    count: int


@dataclass(frozen=True, slots=True)
class TeamSum:
    """A team's day. `completion`: 1 = reached, None without a target."""

    name: str
    amount: Decimal
    count: int
    completion: Decimal | None


@dataclass(frozen=True, slots=True)
class Document:
    """A branch's standings of `date`. `as_of`: when the branch says it made them, shown and never compared.

    `install`: the machine that sent it. `people`: the best of the day, only from offices that send names.
    """

    branch: str
    date: date
    version: Version
    as_of: str
    office: str
    install: str
    totals: Mapping[str, Sum]
    teams: tuple[TeamSum, ...] = ()
    people: tuple[tuple[str, Decimal], ...] = ()
    completion: Decimal | None = None

    @property
    def amount(self) -> Decimal | None:
        """The amount of the day."""
        return self.totals["day"].amount if "day" in self.totals else None


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a branch's connection. `session`: the epoch and the number of the connection; a later one wins."""

    branch: str
    session: Version
    install: str
    online: bool


@dataclass(frozen=True, slots=True)
class BigDeal:
    """A big deal in a branch. `person`, `team`, `product`: only from offices that send names."""

    branch: str
    ident: str
    amount: Decimal
    person: str = ""
    team: str = ""


# --- Topics


def org_of(code: str) -> str:
    """Return an organisation's code. Raises NotUnderstood."""
    if not _ORG.fullmatch(code):
        raise NotUnderstood(f"“{code[:40]}”不能作公司代号：要 3 到 20 个小写字母、数字或连字符，例如 huaxing")
    return code


def branch_of(name: str) -> str:
    """Return a branch's name in its one spelling. Raises NotUnderstood."""
    branch = tidy_name(name)
    if not 1 <= len(branch) <= BRANCH_LIMIT or not branch.isprintable() or _WORST & set(branch):
        raise NotUnderstood(
            f"“{name[:40]}”不能作城市的名字：要 1 到 {BRANCH_LIMIT} 个字，不能有 / + # : % $ \\ 和引号"
        )
    return branch


def standings_topic(org: str, branch: str, day: date) -> str:
    """Return the topic of a branch's standings of a date."""
    return f"{ROOT}/{org}/{branch}/standings/{day.isoformat()}"


def status_topic(org: str, branch: str) -> str:
    """Return the topic that shows whether a branch is connected."""
    return f"{ROOT}/{org}/{branch}/status"


def events_topic(org: str, branch: str) -> str:
    """Return the topic of a branch's big deals."""
    return f"{ROOT}/{org}/{branch}/events"


def subscriptions(org: str) -> tuple[str, ...]:
    """Return the topics that a branch reads."""
    return (f"{ROOT}/{org}/+/status", f"{ROOT}/{org}/+/standings/+", f"{ROOT}/{org}/+/events")


@dataclass(frozen=True, slots=True)
class Place:
    """A topic, taken apart. `kind`: standings, status or events; `date` only of standings."""

    org: str
    branch: str
    kind: str
    date: date | None = None


def place_of(topic: str) -> Place:
    """Take a topic apart. Raises NotUnderstood."""
    parts = topic.split("/")
    if len(parts) not in (5, 6) or "/".join(parts[:2]) != ROOT:
        raise NotUnderstood("the topic is none of this program")
    org, branch, kind = org_of(parts[2]), branch_of(parts[3]), parts[4]
    if branch != parts[3]:
        raise NotUnderstood("the branch's name has another spelling")
    if kind in ("status", "events") and len(parts) == 5:
        return Place(org, branch, kind)
    if kind != "standings" or len(parts) != 6:
        raise NotUnderstood("the topic has another kind")
    try:
        return Place(org, branch, kind, date.fromisoformat(parts[5]))
    except ValueError as error:
        raise NotUnderstood("the topic's date is none") from error


# --- Writing


def written(document: Document) -> bytes:
    """Return a document for sending: at most DOCUMENT_LIMIT bytes; people and then the last teams give way."""
    shorter = replace(document, teams=document.teams[:MOST_TEAMS], people=document.people[:MOST_PEOPLE])
    while len(text := _json(_document(shorter))) > DOCUMENT_LIMIT and (shorter.people or shorter.teams):
        last = {"people": ()} if shorter.people else {"teams": shorter.teams[:-1]}
        shorter = replace(shorter, **last)
    return text


def _document(document: Document) -> dict[str, object]:
    return {
        "v": VERSION,
        "epoch": document.version.epoch,
        "seq": document.version.seq,
        "as_of": document.as_of,
        "office": document.office,
        "install": document.install,
        "totals": {
            period: {"amount": str(row.amount), "target": _text(row.target), "count": row.count}
            for period, row in document.totals.items()
        },
        "teams": [
            {
                "name": team.name,
                "amount": str(team.amount),
                "count": team.count,
                "completion": _rate(team.completion),
            }
            for team in document.teams
        ],
        **(
            {"people": [{"name": name, "amount": str(amount)} for name, amount in document.people]}
            if document.people
            else {}
        ),
        "completion": _rate(document.completion),
    }


def written_status(status: Status) -> bytes:
    """Return a birth or a last will for sending."""
    epoch, number = status.session
    return _json(
        {
            "v": VERSION,
            "epoch": epoch,
            "session": number,
            "install": status.install,
            "online": status.online,
        }
    )


def written_deal(deal: BigDeal) -> bytes:
    """Return a big deal for sending."""
    named = {key: value for key, value in (("person", deal.person), ("team", deal.team)) if value}
    return _json({"v": VERSION, "id": deal.ident, "kind": "big_deal", "amount": str(deal.amount), **named})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _rate(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{min(rate, Decimal(999_999)):.4f}"


# --- Reading: everything is checked, for anybody with a branch's password can send anything


def read_document(place: Place, payload: bytes) -> Document:
    """Return the document of a message. Raises NotUnderstood."""
    fields = _fields(payload)
    if place.date is None:
        raise NotUnderstood("standings without a date")
    return Document(
        place.branch,
        place.date,
        Version(_number(fields, "epoch"), _number(fields, "seq")),
        _moment(fields.get("as_of")),
        _name(fields.get("office"), "office"),
        _install(fields.get("install", "")),
        {period: _sum(row) for period, row in _object(fields.get("totals"), "totals").items() if period in PERIODS},
        tuple(map(_team, _list(fields.get("teams"), "teams")[:MOST_TEAMS])),
        tuple(map(_person, _list(fields.get("people", []), "people")[:MOST_PEOPLE])),
        _decimal(fields.get("completion"), _RATE, "completion"),
    )  # fmt: skip


PERIODS: Final = ("day", "week", "month")


def read_status(place: Place, payload: bytes) -> Status:
    """Return the status of a message. Raises NotUnderstood."""
    fields = _fields(payload)
    online = fields.get("online")
    if not isinstance(online, bool):
        raise NotUnderstood("online is neither true nor false")
    session = Version(_number(fields, "epoch"), _number(fields, "session"))
    return Status(place.branch, session, _install(fields.get("install", "")), online)


def read_deal(place: Place, payload: bytes) -> BigDeal:
    """Return the big deal of a message. Raises NotUnderstood."""
    fields = _fields(payload)
    ident, amount = fields.get("id"), _decimal(fields.get("amount"), _AMOUNT, "amount")
    if not isinstance(ident, str) or not _ID.fullmatch(ident) or amount is None:
        raise NotUnderstood("a deal needs an id and an amount")
    return BigDeal(
        place.branch, ident, amount,
        _name(fields["person"], "person") if "person" in fields else "",
        _name(fields["team"], "team") if "team" in fields else "",
    )  # fmt: skip


def _fields(payload: bytes) -> dict[str, Any]:
    if len(payload) > RECEIVED_LIMIT:
        raise NotUnderstood(f"{len(payload)} bytes, at most {RECEIVED_LIMIT}")
    try:
        fields = json.loads(payload.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood("it is no JSON") from error
    fields = _object(fields, "the document")
    if fields.get("v") != VERSION:
        raise NotUnderstood(f"version {str(fields.get('v'))[:10]}, this program reads {VERSION}")
    return fields


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotUnderstood(f"{name} is no object")
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotUnderstood(f"{name} is no list")
    return value


def _number(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _NUMBER_LIMIT:
        raise NotUnderstood(f"{name} is no number")
    return value


def _decimal(value: object, shape: re.Pattern[str], name: str) -> Decimal | None:
    if value is None:
        return None
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise NotUnderstood(f"{name} is no amount")
    return Decimal(value)


def _name(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise NotUnderstood(f"{name} is no name")
    tidy = tidy_name(value)
    if not 1 <= len(tidy) <= NAME_LIMIT or not tidy.isprintable():
        raise NotUnderstood(f"{name} is no name")
    return tidy


def _install(value: object) -> str:
    if not isinstance(value, str) or not (value == "" or _ID.fullmatch(value)):
        raise NotUnderstood("install is no id")
    return value


def _moment(value: object) -> str:
    """Return an ISO moment with its offset; it stays text, because its clock is another machine's."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError as error:
        raise NotUnderstood("as_of is no moment") from error
    if moment is None or moment.tzinfo is None:
        raise NotUnderstood("as_of is no moment")
    return moment.isoformat(timespec="seconds")


def _sum(row: object) -> Sum:
    fields = _object(row, "a total")
    amount = _decimal(fields.get("amount"), _AMOUNT, "amount")
    if amount is None:
        raise NotUnderstood("a total without an amount")
    return Sum(amount, _decimal(fields.get("target"), _AMOUNT, "target"), _number(fields, "count"))


def _team(row: object) -> TeamSum:
    fields = _object(row, "a team")
    amount = _decimal(fields.get("amount"), _AMOUNT, "amount")
    completion = _decimal(fields.get("completion"), _RATE, "completion")
    return TeamSum(
        _name(fields.get("name"), "team"), amount or Decimal(0), _number(fields, "count"), completion
    )


def _person(row: object) -> tuple[str, Decimal]:
    fields = _object(row, "a person")
    return _name(fields.get("name"), "person"), _decimal(fields.get("amount"), _AMOUNT, "amount") or Decimal(
        0
    )
