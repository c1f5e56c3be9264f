"""Contests: places, ties, comparison with oneself, groups of equals, people who leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sales import contests
from controller.sales.contests import Facts, Rules, equals, result_text, standings, winners
from controller.sales.deals import Sale
from controller.sales.model import Person, Refused, Team
from controller.services.context import WORDS
from controller.timetable import default_texts
from controller.timetable.model import ContestTexts

TEXTS = ContestTexts(**default_texts.CONTEST)
MONDAY = date(2026, 11, 23)
TEAMS = (Team(1, "猛虎队"), Team(2, "飞龙队"), Team(3, "雄鹰队"))
PEOPLE = tuple(Person(i, name, 1 + i % 3, TEAMS[i % 3].name) for i, name in enumerate("甲乙丙丁戊己", 1))
EVERYBODY = frozenset(range(1, 7))


def rules(kind: str = "people", measure: str = "amount", **over: object) -> Rules:
    return replace(Rules("冲刺周", kind, measure, MONDAY, date(2026, 11, 27)), **over)  # type: ignore[arg-type]


def facts(*sold: tuple[int, int, int], **over: object) -> Facts:
    """`sold`: person, deals, yuan."""
    sales = tuple(Sale(who, 1 + who % 3, count, yuan * 100, 0) for who, count, yuan in sold)
    return replace(Facts(sales, PEOPLE, EVERYBODY, TEAMS), **over)  # type: ignore[arg-type]


def places(found: tuple[contests.Side, ...]) -> dict[str, int | None]:
    return {side.name: side.place for side in found if side.place is not None}


def test_equal_scores_share_a_place_and_win_both() -> None:
    found = standings(rules(), facts((1, 1, 5000), (2, 3, 5000), (3, 1, 900)))
    assert places(found) == {"甲": 1, "乙": 1, "丙": 3}
    assert [side.name for side in winners(found)] == ["甲", "乙"]


def test_without_a_deal_nobody_wins() -> None:
    found = standings(rules(), facts())
    assert places(found) == {}
    assert winners(found) == ()
    assert result_text(rules(), found, WORDS, TEXTS) == "冲刺周结束了，这一次没有分出胜负，我们再来。"


def test_deals_are_counted_not_summed() -> None:
    found = standings(rules(measure="count"), facts((1, 1, 90_000), (2, 3, 300)))
    assert places(found) == {"乙": 1, "甲": 2}


def test_a_team_keeps_the_deals_of_people_who_left_or_are_hidden() -> None:
    people = (replace(PEOPLE[0], hidden=True), *PEOPLE[1:])
    found = standings(
        rules("teams"), facts((1, 1, 9000), (2, 1, 8000), people=people, active=EVERYBODY - {1})
    )
    assert places(found) == {"飞龙队": 1, "雄鹰队": 2}
    assert [side.name for side in found if side.place is None] == ["猛虎队"]


def test_a_person_who_leaves_keeps_the_row_without_a_place() -> None:
    found = standings(rules(), facts((1, 9, 90_000), (2, 1, 100), active=EVERYBODY - {1}))
    assert places(found) == {"乙": 1}
    gone = next(side for side in found if side.name == "甲")
    assert (gone.left, gone.amount, gone.place) == (True, Decimal(90_000), None)


def test_hidden_people_have_no_row() -> None:
    people = (replace(PEOPLE[0], hidden=True), *PEOPLE[1:])
    found = standings(rules(), facts((1, 9, 90_000), people=people))
    assert "甲" not in [side.name for side in found]


def test_most_improved_compares_working_days_with_working_days() -> None:
    """甲 sold 1,000 a day and sells 2,000; 乙 10,000 and sells 11,000; 丙 is new: shown, not compared."""
    found = standings(
        rules(measure="improved", before=(date(2026, 11, 16), date(2026, 11, 20)), before_days=5),
        facts((1, 2, 4000), (2, 2, 22_000), (3, 1, 50_000), before={1: 500_000, 2: 5_000_000}, days=2),
    )
    assert places(found) == {"甲": 1, "乙": 2}
    assert found[0].score == Decimal(2)
    assert next(side for side in found if side.name == "丙").score is None
    assert "达到自己平时的200%" in result_text(rules(measure="improved"), found, WORDS, TEXTS)


def test_per_cent_of_the_own_target() -> None:
    targets = {1: 1_000_000, 2: 100_000}
    found = standings(
        rules(measure="target"), facts((1, 1, 8000), (2, 1, 900), (3, 1, 50_000), targets=targets)
    )
    assert places(found) == {"乙": 1, "甲": 2}
    assert found[0].score == Decimal("0.9")
    assert "完成目标的90%" in result_text(rules(measure="target"), found, WORDS, TEXTS)


def test_each_group_of_equals_has_its_winner() -> None:
    groups = ((1, 2), (3, 4), (5, 6))
    found = standings(rules("groups", groups=groups), facts((1, 1, 500), (2, 1, 700), (4, 1, 20)))
    assert [(side.group, side.name) for side in winners(found)] == [(1, "乙"), (2, "丁")]
    said = result_text(rules("groups", groups=groups, prize="电影票"), found, WORDS, TEXTS)
    assert "甲组" in said
    assert "乙组" in said
    assert said.endswith("奖品是电影票。")


def test_chosen_sides_alone_take_part() -> None:
    found = standings(rules(sides=(2, 3)), facts((1, 1, 9000), (2, 1, 100)))
    assert [side.name for side in found] == ["乙", "丙"]


@given(st.dictionaries(st.integers(1, 9999), st.integers(0, 10**10), max_size=80), st.integers(2, 10))
def test_equals_are_neighbours_and_none_is_lost(results: dict[int, int], size: int) -> None:
    groups = equals(results, size)
    if len(results) > 1:
        assert sorted(ident for group in groups for ident in group) == sorted(results)
        assert max(map(len, groups)) - min(map(len, groups)) <= 1
    for better, worse in pairwise(groups):
        assert min(results[i] for i in better) >= max(results[i] for i in worse)


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 10**6)), max_size=12))
def test_places_follow_the_scores(sold: list[tuple[int, int, int]]) -> None:
    found = [side for side in standings(rules(), facts(*sold)) if side.place is not None]
    for one, other in pairwise(found):
        assert (one.score == other.score) == (one.place == other.place)
        assert one.score >= other.score  # type: ignore[operator]
    assert all(side.place == 1 for side in found[:1])


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "一" * 21}, "name"),
        ({"name": "冲\n刺"}, "name"),
        ({"prize": "一" * 41}, "prize"),
        ({"since": date(2026, 11, 20)}, "since"),
        ({"sides": (1,)}, "sides"),
        ({"sides": tuple(range(1, 62))}, "sides"),
        ({"kind": "groups"}, "kind"),
    ],
)
def test_a_faulty_contest_is_refused_with_its_field(over: dict[str, object], field: str) -> None:
    with pytest.raises(Refused) as refused:
        contests.check(rules(**over), MONDAY)
    assert refused.value.field == field


def test_rules_survive_the_store() -> None:
    whole = rules(
        "groups", "improved", groups=((1, 2), (3, 4)), before=(MONDAY, MONDAY), before_days=1, prize="券"
    )
    assert contests.from_json(whole.to_json()) == whole


def test_the_office_writes_its_own_result() -> None:
    """Each winner by the office's words, the prize behind them only when there is one."""
    own = replace(
        TEXTS, result=("{winners}赢了{contest}。",), item=("{side}（{score}）",), prize=("请领{prize}。",)
    )
    found = standings(rules(), facts((1, 1, 5000), (2, 3, 5000)))
    said = "飞龙队的甲（五千元）；雄鹰队的乙（五千元）赢了冲刺周。"
    assert result_text(rules(), found, WORDS, own) == said
    assert result_text(rules(prize="奖杯"), found, WORDS, own) == said + "请领奖杯。"
