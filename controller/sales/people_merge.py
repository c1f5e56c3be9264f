"""Compare a list of people with the roster: each row is new, a return, a change, or the same as before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from controller.names import tidy_name
from controller.sales.model import Person, PersonRow, Team

ADDED: Final = "added"
RETURNED: Final = "returned"
CHANGED: Final = "changed"
SAME: Final = "same"


@dataclass(frozen=True, slots=True)
class RowPlan:
    """The effect of one row. `what`: ADDED, RETURNED, CHANGED or SAME; `person`: None for a new one.

    `changes`: each difference in words. `row` has the values to write, kept ones filled in.
    """

    row: PersonRow
    what: str
    person: Person | None = None
    changes: tuple[str, ...] = ()


def plan_rows(
    rows: Sequence[PersonRow], everybody: Iterable[Person], teams: Iterable[Team]
) -> tuple[RowPlan, ...]:
    """Return the effect of each row on the roster. `everybody` includes people who left, `teams` removed ones.

    A row is the person of that name in that team; else the one who left that team; else, if no namesake is on the
    list, the only person of that name, who moves to the new team and keeps the deals.
    """
    names = {tidy_name(team.name): team.name for team in sorted(teams, key=lambda team: team.active)}
    by_name: dict[str, list[Person]] = {}
    for person in everybody:
        by_name.setdefault(tidy_name(person.name), []).append(person)
    plans = []
    for row in rows:
        team = names.get(tidy_name(row.team), row.team)
        plans.append(_plan(row, team, _match(row, team, by_name.get(tidy_name(row.name), []))))
    return tuple(plans)


def _match(row: PersonRow, team: str, same_name: Sequence[Person]) -> Person | None:
    here = [person for person in same_name if person.team == team]
    if found := [person for person in here if person.active] or here[-1:]:
        return found[0]
    there = [person for person in same_name if person.active]
    return there[0] if len(there) == 1 and not row.namesake else None


def _plan(row: PersonRow, team: str, person: Person | None) -> RowPlan:
    if person is None:
        return RowPlan(replace(row, team=team, keeps_leader=False), ADDED)
    merged = replace(
        row, team=team, leader=person.leader if row.keeps_leader else row.leader, say_as=row.say_as or person.say_as,
        birthday=row.birthday or person.birthday, joined=row.joined or person.joined,
        email=row.email or person.email, keeps_leader=False,
    )  # fmt: skip
    changes = tuple(_differences(person, merged))
    what = RETURNED if not person.active else CHANGED if changes else SAME
    return RowPlan(merged, what, person, changes)


def _differences(person: Person, row: PersonRow) -> Iterable[str]:
    pairs = (
        ("姓名", person.name, row.name),
        ("团队", person.team, row.team),
        ("组长", "是" if person.leader else "否", "是" if row.leader else "否"),
        ("读音", person.say_as, row.say_as),
        ("生日", birthday_words(person.birthday), birthday_words(row.birthday)),
        ("入职日期", date_words(person.joined), date_words(row.joined)),
        ("邮箱", person.email, row.email),
    )
    return (f"{label}：{old or '（空）'} → {new or '（空）'}" for label, old, new in pairs if old != new)


def birthday_words(birthday: str | None) -> str | None:
    """Return "05-03" as 5月3日."""
    return None if birthday is None else "{}月{}日".format(*(int(part) for part in birthday.split("-")))


def date_words(day: date | None) -> str | None:
    """Return a date as 2021-03-01."""
    return None if day is None else day.isoformat()
