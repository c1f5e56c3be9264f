"""The 18:05 results: the frozen standings and their script in the sequence of the reveal. Pure.

The results are frozen when the show starts: a deal recorded or taken back later changes the live standings, not the
published results. Late deals count for their day in week and month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from controller.sales.messages import Variants, Words, counted, percent, phrase, place_slots, whole
from controller.sales.model import City, Line
from controller.sales.standings import Standing

_TEAMS_CHARACTERS: Final = 400
_CITIES_CHARACTERS: Final = 200
_MISSING_CHARACTERS: Final = 120
_NEVER_HEARD: Final = ("{city}今天还没有报来。",)
_NO_TARGET: Final = ("{team}，{amount}。",)
_NO_TARGET_TOP: Final = ("今天的第一团队是{team}，{amount}。",)


class ShowTexts(Protocol):
    """Templates of the results, several variants each, in the sequence of the reveal."""

    @property
    def opening(self) -> Variants: ...
    @property
    def third(self) -> Variants: ...
    @property
    def second(self) -> Variants: ...
    @property
    def first(self) -> Variants: ...
    @property
    def top_team(self) -> Variants: ...
    @property
    def team(self) -> Variants: ...
    @property
    def city(self) -> Variants: ...
    @property
    def city_missing(self) -> Variants: ...
    @property
    def week(self) -> Variants: ...
    @property
    def month(self) -> Variants: ...
    @property
    def closing(self) -> Variants: ...
    @property
    def nothing(self) -> Variants: ...


@dataclass(frozen=True, slots=True)
class Show:
    """A day's results, frozen when the show began (or live before it).

    `week_top`, `month_top`: only on the last day of the period; prizes "" for none.
    """

    date: date
    office: str
    count: int
    amount: Decimal
    people: tuple[Standing, ...]
    teams: tuple[Standing, ...]
    cities: tuple[City, ...] = ()
    week_top: Standing | None = None
    month_top: Standing | None = None
    comment: str = ""
    week_prize: str = ""
    month_prize: str = ""


def rank_cities(rows: Iterable[City]) -> tuple[City, ...]:
    """Rank cities by completion, then amount; equal cities share a place, cities without figures come last."""
    known = sorted(rows, key=_city_order)
    placed: list[City] = []
    for index, row in enumerate(known):
        shares = index > 0 and _city_order(row)[:-1] == _city_order(known[index - 1])[:-1]
        place = placed[-1].place if shares else index + 1
        placed.append(replace(row, place=place))
    return tuple(placed)


def lines_of(show: Show, texts: ShowTexts, words: Words, pick: int = 0) -> tuple[Line, ...]:
    """Build the script: opening, third, second, first, teams, cities, week, month, comment, closing.

    Marks: "third", "second", "first", "teams", "cities", "week", "month", "comment"; a part without content on that
    day has no line. `pick` (a number derived from the day) selects the variants.
    """
    sums = {"office": show.office, "count": counted(show.count, words), "total": words.amount(show.amount)}
    opening = texts.opening if show.count else texts.nothing
    parts: list[tuple[str | None, str, bool]] = [
        (None, phrase(opening, sums, pick=pick).text, False),
        *_places(show, texts, words, pick),
        ("teams", _teams(show, texts, words, pick), False),
        ("cities", _cities(show, texts, words), False),
        ("week", _winner(show.week_top, texts.week, words, show.week_prize, pick), False),
        ("month", _winner(show.month_top, texts.month, words, show.month_prize, pick), False),
        ("comment", show.comment, False),
        (None, phrase(texts.closing, sums, pick=pick).text, False),
    ]
    return tuple(Line(text, mark, roll) for mark, text, roll in parts if text)


def _places(show: Show, texts: ShowTexts, words: Words, pick: int) -> list[tuple[str | None, str, bool]]:
    """Return the parts for third, second and first; people who share a place use that place's text."""
    by_place = {1: texts.first, 2: texts.second, 3: texts.third}
    rows = list(zip(("first", "second", "third"), show.people, strict=False))
    return [
        (mark, phrase(by_place[row.place], place_slots(row, words), pick=pick).text, True)
        for mark, row in reversed(rows)
    ]


def _teams(show: Show, texts: ShowTexts, words: Words, pick: int) -> str:
    """Return the top team, then the others within the time limit; a day without deals has no top team.

    A team with neither a target nor a deal is not named.
    """
    if not show.count or not show.teams:
        return ""
    said = []
    for n, row in enumerate(row for row in show.teams if row.target or row.count):
        top, slots = row.place == 1 and row.count > 0, place_slots(row, words)
        variants = whole(texts.top_team if top else texts.team, slots)
        said.append(phrase(variants or (_NO_TARGET_TOP if top else _NO_TARGET), slots, pick=pick + n).text)
    return _while_there_is_time(said, _TEAMS_CHARACTERS)


def _cities(show: Show, texts: ShowTexts, words: Words) -> str:
    said = [
        phrase(
            texts.city, _city_slots(row, words)
        ).text  # the first variant whose slots have values, the same for all cities of that kind
        for row in show.cities
        if not row.missing and (row.rate is not None or row.amount is not None)
    ]
    missing = [_missing_city(row, texts, words) for row in show.cities if row.missing]
    return _while_there_is_time(said, _CITIES_CHARACTERS) + _while_there_is_time(missing, _MISSING_CHARACTERS)


def _missing_city(row: City, texts: ShowTexts, words: Words) -> str:
    slots = _city_slots(row, words)
    return phrase(whole(texts.city_missing, slots) or _NEVER_HEARD, slots).text


def _city_slots(row: City, words: Words) -> dict[str, str]:
    amount = "" if row.amount is None else words.amount(row.amount)
    return {
        "city": row.name,
        "rate": percent(row.rate),
        "amount": amount,
        "place": str(row.place),
        "time": row.as_of,
    }


def _winner(row: Standing | None, variants: Variants, words: Words, prize: str, pick: int) -> str:
    return "" if row is None else phrase(variants, place_slots(row, words, prize), pick=pick).text


def _while_there_is_time(said: Sequence[str], most: int) -> str:
    text = ""
    for sentence in said:
        if text and len(text) + len(sentence) > most:
            break
        text += sentence
    return text


def _city_order(row: City) -> tuple[object, ...]:
    return (row.rate is None, -(row.rate or 0), row.amount is None, -(row.amount or 0), row.name)


def to_json(show: Show) -> dict[str, object]:
    """Convert the results to plain JSON values for the store; `from_json` is the inverse."""
    plain = _plain(asdict(show))
    assert isinstance(plain, dict)  # noqa: S101  asdict returns a dict
    return plain


def from_json(value: Mapping[str, Any]) -> Show:
    """Restore results from the store."""
    kept = {field.name: value[field.name] for field in fields(Show) if field.name in value}
    return Show(**kept | {
        "date": date.fromisoformat(value["date"]),
        "amount": Decimal(value["amount"]),
        "people": tuple(map(_standing, value["people"])),
        "teams": tuple(map(_standing, value["teams"])),
        "cities": tuple(City(**_decimals(row, ("rate", "amount"))) for row in value["cities"]),
        "week_top": value["week_top"] and _standing(value["week_top"]),
        "month_top": value["month_top"] and _standing(value["month_top"]),
    })  # fmt: skip


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _standing(value: Mapping[str, Any]) -> Standing:
    reached = value["reached"] and datetime.fromisoformat(value["reached"])
    return Standing(**_decimals(value, ("amount", "target", "rate", "gap", "to_next")) | {"reached": reached})


def _decimals(value: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return dict(value) | {name: None if value[name] is None else Decimal(value[name]) for name in names}
