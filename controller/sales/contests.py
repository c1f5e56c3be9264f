"""Contests: team against team, person against person, or within groups of equals. Rules and standings. Pure.

A contest runs over working days, from `since` to the last one, `until`. What counts (`measure`): the amount, the
number of deals, the amount per working day against the own average of the period before, or the per cent of the own
target.

* Equal scores share a place. Without a deal there is no place and no winner.
* Who has no own average or no target cannot be compared: shown, without a place.
* A person who has left keeps the row and has no place; a team keeps the deals of those who left it.
* Hidden people have no row; their deals count for their team.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from heapq import nsmallest
from typing import Any, Final, Protocol

from controller.sales.messages import Variants, Words, choose, counted, fill, phrase
from controller.sales.model import Person, Refused, Team
from controller.sales.money import from_fen
from controller.sales.standings import Sold

TEAMS: Final = "teams"
PEOPLE: Final = "people"
GROUPS: Final = "groups"
SIDES: Final = (TEAMS, PEOPLE, GROUPS)
AMOUNT: Final = "amount"
COUNT: Final = "count"
IMPROVED: Final = "improved"
TARGET: Final = "target"
MEASURES: Final = (AMOUNT, COUNT, IMPROVED, TARGET)
MOST_OPEN: Final = 20
MOST_DAYS: Final = 60
LONGEST_NAME: Final = 20
LONGEST_PRIZE: Final = 40
MOST_SIDES: Final = 60
GROUP_SIZES: Final = (2, 10)
GROUP_SIZE: Final = 4
_SPOKEN_CHARACTERS: Final = 300
_GROUP_NAMES: Final = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, slots=True)
class Rules:
    """A contest as people made it. `sides`: ids of the teams or people, () for all; `groups`: ids of the equals.

    `before`, `before_days`: the period of comparison for `improved`, with its number of working days.
    """

    name: str
    kind: str
    measure: str
    since: date
    until: date
    sides: tuple[int, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    prize: str = ""
    before: tuple[date, date] | None = None
    before_days: int = 0

    def to_json(self) -> dict[str, object]:
        """Return plain JSON values; `from_json` is the inverse."""
        before = None if self.before is None else [day.isoformat() for day in self.before]
        return {
            "name": self.name, "kind": self.kind, "measure": self.measure, "since": self.since.isoformat(),
            "until": self.until.isoformat(), "sides": list(self.sides), "groups": [list(g) for g in self.groups],
            "prize": self.prize, "before": before, "before_days": self.before_days,
        }  # fmt: skip


def from_json(value: Mapping[str, Any]) -> Rules:
    """Restore rules from the store. Raises ValueError or KeyError for a value of an unknown version."""
    before = value["before"]
    return Rules(
        value["name"], value["kind"], value["measure"], date.fromisoformat(value["since"]),
        date.fromisoformat(value["until"]), tuple(value["sides"]), tuple(tuple(g) for g in value["groups"]),
        value["prize"], before and (date.fromisoformat(before[0]), date.fromisoformat(before[1])), value["before_days"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One row. `place` None: no place; `score`: yuan, deals, or a ratio (1 = as before, or the target reached).

    `group`: its group of equals, 0 for none; `left`: the person is not in the office any more.
    """

    id: int
    name: str
    team: str
    count: int
    amount: Decimal
    score: Decimal | None
    place: int | None = None
    group: int = 0
    left: bool = False
    photo: str | None = None
    team_id: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures of a contest's period. `before`: amounts (fen) of the period before by id; `targets`: in fen by id.

    `days`: its working days so far, at least 1.
    """

    sales: Sequence[Sold]
    people: Sequence[Person]
    active: Collection[int]
    teams: Sequence[Team]
    before: Mapping[int, int] = field(default_factory=dict)
    targets: Mapping[int, int] = field(default_factory=dict)
    days: int = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    """A participant with the sums; thousands of them are compared for each deal, so they are made of plain numbers."""

    one: Person | Team
    group: int
    left: bool
    count: int
    fen: int


def standings(rules: Rules, facts: Facts, most: int | None = None) -> tuple[Side, ...]:
    """Return all rows, each group's best first; those without a place come last. `most`: rows of each group."""
    of_teams = rules.kind == TEAMS
    sums: dict[int, tuple[int, int]] = {}
    for sale in facts.sales:
        ident = sale.team_id if of_teams else sale.person_id
        count, fen = sums.get(ident, (0, 0))
        sums[ident] = (count + sale.count, fen + sale.fen)
    by_group: dict[int, list[_Entry]] = {}
    for entry in _teams(rules, facts, sums) if of_teams else _people(rules, facts, sums):
        by_group.setdefault(entry.group, []).append(entry)
    return tuple(side for group in sorted(by_group) for side in _ranked(by_group[group], rules, facts, most))


def _teams(rules: Rules, facts: Facts, sums: Mapping[int, tuple[int, int]]) -> Iterable[_Entry]:
    chosen = set(rules.sides)
    for team in facts.teams:
        if team.id in chosen if chosen else team.active:
            yield _Entry(team, 0, not team.active, *sums.get(team.id, (0, 0)))


def _people(rules: Rules, facts: Facts, sums: Mapping[int, tuple[int, int]]) -> Iterable[_Entry]:
    grouped = {ident: number for number, group in enumerate(rules.groups, 1) for ident in group}
    chosen, active = set(rules.sides) | set(grouped), facts.active
    for person in facts.people:
        ident = person.id
        takes_part = ident in chosen if chosen else ident in active or ident in sums
        if takes_part and not person.hidden:
            yield _Entry(person, grouped.get(ident, 0), ident not in active, *sums.get(ident, (0, 0)))


def _ranked(entries: list[_Entry], rules: Rules, facts: Facts, most: int | None) -> list[Side]:
    """Assign places. Sorted by the quotient, which Python rounds correctly, so that equal scores are equal."""
    keyed = []
    for entry in entries:
        counts = _placed(entry, _score(entry, rules, facts))
        keyed.append((-(counts or 0.0), -entry.fen, entry.left, entry.one.id, counts, entry))
    best = sorted(keyed) if most is None else nsmallest(most, keyed)
    sides: list[Side] = []
    last: float | None = None
    place = 0
    for index, (*_, counts, entry) in enumerate(best):
        if counts is not None and counts != last:
            place, last = index + 1, counts
        sides.append(_side(entry, place if counts is not None else None, _score(entry, rules, facts)))
    return sides


def _side(entry: _Entry, place: int | None, score: tuple[int, int] | None) -> Side:
    one = entry.one
    team, team_id, photo = (
        (one.team, one.team_id, one.photo) if isinstance(one, Person) else (one.name, one.id, None)
    )
    return Side(
        one.id, one.name, team, entry.count, from_fen(entry.fen),
        None if score is None else Decimal(score[0]) / Decimal(score[1]),
        place, entry.group, entry.left, photo, team_id,
    )  # fmt: skip


def _placed(entry: _Entry, score: tuple[int, int] | None) -> float | None:
    """Return the score that counts for a place; None without a deal, without a comparison, or for one who left."""
    return score[0] / score[1] if score and score[0] and entry.count and not entry.left else None


def _score(entry: _Entry, rules: Rules, facts: Facts) -> tuple[int, int] | None:
    """Return numerator and denominator, exact."""
    if rules.measure == AMOUNT:
        return entry.fen, 100
    if rules.measure == COUNT:
        return entry.count, 1
    if rules.measure == TARGET:
        target = facts.targets.get(entry.one.id)
        return (entry.fen, target) if target else None
    before = facts.before.get(entry.one.id)
    if not before or not rules.before_days:
        return None
    return entry.fen * rules.before_days, before * max(1, facts.days)


def winners(sides: Iterable[Side]) -> tuple[Side, ...]:
    """Return those on the first place of each group; empty without a deal."""
    return tuple(side for side in sides if side.place == 1)


def equals(results: Mapping[int, int], size: int = GROUP_SIZE) -> tuple[tuple[int, ...], ...]:
    """Group people with similar results (fen by id): sorted by result, cut into groups of at least `size`.

    Their sizes differ by at most one. Fewer than `size` people are one group, a single one none.
    """
    ids = sorted(results, key=lambda ident: (-results[ident], ident))
    count = max(1, len(ids) // max(1, size))
    base, more = divmod(len(ids), count)
    groups, start = [], 0
    for number in range(count):
        end = start + base + (number < more)
        groups.append(tuple(ids[start:end]))
        start = end
    return tuple(group for group in groups if len(group) > 1)


def check(rules: Rules, today: date) -> None:
    """Check a new contest. Raises `Refused` with a sentence and the field."""
    for text, field_name, limit in (
        (rules.name, "name", LONGEST_NAME),
        (rules.prize, "prize", LONGEST_PRIZE),
    ):
        if len(text) > limit or (text and not text.isprintable()):
            called = "比赛的名称" if field_name == "name" else "奖品"
            raise Refused(f"{called}最多 {limit} 个字，不能有控制字符。", field_name)
    if not rules.name:
        raise Refused("还没有填写比赛的名称。", "name")
    if rules.since < today:
        raise Refused("比赛不能从过去的日子开始，请选今天或以后的日子。", "since")
    if len(rules.sides) > MOST_SIDES:
        raise Refused(f"最多选 {MOST_SIDES} 个，要比的更多就不选，大家都参加。", "sides")
    if len(set(rules.sides)) == 1:
        raise Refused("一个人或者一个队比不起来，请再选一个。", "sides")
    if rules.kind == GROUPS and not rules.groups:
        raise Refused("上个月有成绩的人太少，分不出组，请换一种比法。", "kind")


# --- Sentences


def group_name(group: int) -> str:
    """Return the name of a group of equals: 甲组, 乙组 …, then numbers."""
    return f"{_GROUP_NAMES[group - 1]}组" if 0 < group <= len(_GROUP_NAMES) else f"第{group}组"


def score_text(side: Side, measure: str, words: Words) -> str:
    """Return a row's score in words for speech: the sum, the deals, or a per cent, rounded down."""
    if measure == COUNT:
        return f"{counted(side.count, words)}单"
    if measure == AMOUNT or side.score is None:
        return words.amount(side.amount)
    return f"{int(side.score * 100)}%"


class Texts(Protocol):
    """The office's sentences for a contest's end."""

    @property
    def result(self) -> Variants: ...
    @property
    def item(self) -> Variants: ...
    @property
    def prize(self) -> Variants: ...
    @property
    def nobody(self) -> Variants: ...


def result_text(rules: Rules, sides: Sequence[Side], words: Words, texts: Texts) -> str:
    """Return the sentence of a contest's result, for speech and screens; a prize has a sentence behind it."""
    pick = rules.until.toordinal()
    won = winners(sides)
    if not won:
        return phrase(texts.nobody, {"contest": rules.name}, pick=pick).text
    how = {IMPROVED: "达到自己平时的", TARGET: "完成目标的"}.get(rules.measure, "")
    said: list[str] = []
    for side in won:
        whose = side.name if rules.kind == TEAMS or not side.team else f"{side.team}的{side.name}"
        slots = {
            "group": group_name(side.group) if side.group else "", "side": whose,
            "score": f"{how}{score_text(side, rules.measure, words)}",
        }  # fmt: skip
        part = fill(choose(texts.item, pick=pick), slots)
        if said and sum(map(len, said)) + len(part) > _SPOKEN_CHARACTERS:
            break
        said.append(part)
    result = phrase(texts.result, {"contest": rules.name, "winners": "；".join(said)}, pick=pick).text
    slots = {"contest": rules.name, "prize": rules.prize}
    return result + (phrase(texts.prize, slots, pick=pick).text if rules.prize else "")
