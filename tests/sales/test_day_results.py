"""The 18:05 results: the script in the sequence of the reveal, and the frozen standings."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from book_made import DAY, WORDS, at, record, standing
from hypothesis import given
from hypothesis import strategies as st
from ranked import rank, rank_by_completion

from controller.sales.model import City
from controller.sales.results import Show, from_json, lines_of, rank_cities, to_json
from controller.sales.standings import Standing
from controller.sales.store import Store
from controller.timetable import load

TEXTS = load.load(Path(__file__).parents[2] / "config" / "rhythm.yaml").broadcasts.results
ORDER = ["third", "second", "first", "teams", "cities", "week", "month", "comment"]
LONGEST = 1200  # characters; the voice's limit for one script


def team(name: str, amount: str, **more: object) -> Standing:
    return standing(name, amount, int(amount != "0"), team=name, **more)


PEOPLE = rank([standing(f"人{n}", str(1000 * n), n, id=n) for n in range(1, 6)])
TEAMS = rank_by_completion(
    [
        team("猛虎队", "9000", target=Decimal(10_000), rate=Decimal("0.9")),
        team("飞龙队", "6000", target=Decimal(5000), rate=Decimal("1.2")),
        team("雄鹰队", "0"),
    ]
)
CITIES = rank_cities(
    [
        City(0, "上海", Decimal("0.5"), None),
        City(0, "广州", None, Decimal(900)),
        City(0, "成都", None, None),
    ]
)
FULL = Show(
    DAY, "北京分公司", 15, Decimal(15_000), PEOPLE, TEAMS, CITIES, PEOPLE[0], PEOPLE[1], "一步一个脚印！"
)


def test_the_script_has_the_sequence_of_the_reveal() -> None:
    """Every part has its mark, in sequence, with a drum roll before the three places.

    A team without target and deals is not named.
    """
    lines = lines_of(FULL, TEXTS, WORDS)
    assert [line.mark for line in lines] == [None, *ORDER, None]
    assert [line.mark for line in lines if line.roll] == ["third", "second", "first"]
    said = {line.mark: line.text for line in lines}
    assert said["third"] == "第三名，猛虎队的人3，三千元。"
    assert said["first"] == "第一名，猛虎队的人5，五千元，请大家鼓掌！"
    assert said["teams"] == "今天的第一团队是飞龙队，六千元，完成率120%。猛虎队，完成率90%。"
    assert said["cities"] == "上海，完成率50%。广州，九百元。"
    assert said["comment"] == "一步一个脚印！"
    assert lines[0].text == "战报传来，今天我们一共签了十五单，合计一万五千元。"


def test_a_day_without_deals_has_no_places() -> None:
    """Without deals there is no drum roll and no top team, but a kind opening, the other cities and the comment."""
    empty = replace(FULL, count=0, amount=Decimal(0), people=(), week_top=None, month_top=None)
    lines = lines_of(empty, TEXTS, WORDS)
    assert [line.mark for line in lines] == [None, "cities", "comment", None]
    assert lines[0].text == TEXTS.nothing[0]


def test_one_person_and_no_targets() -> None:
    """With one seller, teams without targets and no other cities every sentence is complete."""
    one = replace(FULL, people=PEOPLE[:1], teams=(team("猛虎队", "5000"),), cities=(), comment="")
    lines = lines_of(replace(one, week_top=None, month_top=None), TEXTS, WORDS)
    assert [line.mark for line in lines] == [None, "first", "teams", None]
    assert lines[2].text == "今天的第一团队是猛虎队，五千元。"


def test_people_who_share_a_place_have_its_text() -> None:
    """Two equal best people are both announced as first, and the next one as third."""
    shared = rank([standing("甲", "5"), standing("乙", "5"), standing("丙", "1")])
    lines = lines_of(replace(FULL, people=shared), TEXTS, WORDS)
    places = [line.text[:3] for line in lines if line.roll]
    assert places == ["第三名", "第一名", "第一名"]


@given(st.integers(0, 30), st.integers(0, 20), st.integers(1, 40), st.integers(0, 5))
def test_the_show_fits_its_time(teams: int, cities: int, size: int, pick: int) -> None:
    """With thirty teams and long names the script stays within the voice's limit."""
    many = replace(
        FULL,
        teams=rank_by_completion([
            team("队" * size, str(n), target=Decimal(9), rate=Decimal(n) / 9) for n in range(teams)
        ]),
        cities=rank_cities([City(0, "城" * size, Decimal(n), None) for n in range(cities)]),
        people=tuple(replace(row, name="名" * size, team="队" * size) for row in PEOPLE),
    )  # fmt: skip
    lines = lines_of(many, TEXTS, WORDS, pick)
    assert sum(len(line.text) for line in lines) <= LONGEST
    assert all("{" not in line.text for line in lines)


def test_cities_share_places_and_unknown_ones_go_last() -> None:
    """Cities with equal completion share a place; a city without figures comes last."""
    rows = [
        City(0, "乙", None, None),
        City(0, "甲", Decimal(1), None),
        City(0, "丙", Decimal(1), None),
    ]
    assert [(row.place, row.name) for row in rank_cities(rows)] == [(1, "丙"), (1, "甲"), (3, "乙")]


def test_a_frozen_show_comes_back_the_same(store: Store) -> None:
    """Frozen results with real standings are read back equal through JSON and the store."""
    record(store, 1, "500")
    with store.write() as session:
        session.roster.set_team_target(DAY, 1, Decimal(300))
        got = session.standings(DAY, DAY)
        show = replace(FULL, people=got.people, teams=got.teams, week_top=None)
        session.settings.freeze_results(DAY, to_json(show), at("18:05"))
    with store.read() as session:
        kept = session.settings.results(DAY)
    assert kept is not None
    assert from_json(kept) == show
    assert from_json(json.loads(json.dumps(to_json(FULL)))) == FULL
