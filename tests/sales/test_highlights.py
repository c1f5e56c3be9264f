"""The day's comment: true to the day's facts, positive, never the same two days running."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from book_made import DAY, WORDS, deal, standing
from hypothesis import given
from hypothesis import strategies as st
from ranked import rank, rank_by_completion

from controller.sales.highlights import Comment, Past, comment, remarks
from controller.sales.standings import Standings
from controller.timetable import load
from controller.timetable.default_texts import COMMENTS

TEXTS = load.load(Path(__file__).parents[2] / "config" / "rhythm.yaml").broadcasts.comments
LONG_AGO = DAY - timedelta(days=100)
PEOPLE = rank([standing("王小明", "9000", 1, id=1), standing("陈芳", "6000", 3, id=2)])
TEAMS = rank_by_completion([standing("猛虎队", "15000", 4, target=Decimal(20_000), rate=Decimal("0.75"))])
SOLD = Standings(PEOPLE, TEAMS, 4, Decimal(15_000), Decimal(20_000))
USUAL = Past(frozenset({1, 2}), Decimal(50_000), {1: LONG_AGO, 2: LONG_AGO})


def kinds(standings: Standings = SOLD, past: Past = USUAL, deals: tuple = ()) -> list[str]:
    return [remark.kind for remark in remarks(DAY, standings, deals, past, WORDS)]


def test_a_usual_day_praises_the_diligent() -> None:
    """Nothing special: whoever alone has the most orders, and the day as a whole."""
    assert kinds() == ["most_orders", "ordinary"]
    diligent = remarks(DAY, SOLD, (), USUAL, WORDS)[0]
    assert diligent.slots == {"team": "猛虎队", "person": "陈芳", "amount": "六千元", "count": "三"}


def test_equals_and_single_orders_are_no_most() -> None:
    """Two with equally many, or nobody with more than one: no "most orders"."""
    equal = rank([standing("甲", "9", 3, id=1), standing("乙", "8", 3, id=2)])
    single = rank([standing("甲", "9", 1, id=1)])
    for people in (equal, single):
        assert kinds(replace(SOLD, people=people)) == ["ordinary"]


def test_of_one_order_nobody_says_that_all_of_them_are() -> None:
    """A day with a single deal has words of its own, in the shipped file and without it."""
    single = replace(SOLD, people=rank([standing("甲", "9", 1, id=1)]), count=1, amount=Decimal(9000))
    found = remarks(DAY, single, (), USUAL, WORDS)
    assert found[-1] == Comment("one_order", {"total": "九千元"})
    for texts in (TEXTS, COMMENTS):
        for pick in range(3):
            said = comment(found[-1:], texts, pick=pick)
            assert said is not None
            assert "都" not in said.text
            assert "九千元" in said.text


def test_a_record_is_larger_than_every_order_before() -> None:
    """Only an order that stands, by somebody who is shown, and that beats all earlier ones is a record."""
    best = deal("50001", person_id=1)
    assert kinds(deals=(best,))[0] == "record"
    for other in (
        replace(best, amount=Decimal(50_000)),
        replace(best, voided="退单"),
        replace(best, person_id=77),
    ):
        assert "record" not in kinds(deals=(other,))
    assert "record" not in kinds(past=replace(USUAL, largest=None), deals=(best,))


def test_a_target_reached_is_said() -> None:
    """The best team at 100 % or more is praised; just below isn't."""
    for rate, said in ((Decimal(1), True), (Decimal("0.9999"), False)):
        teams = (replace(TEAMS[0], rate=rate),)
        assert ("target_passed" in kinds(replace(SOLD, teams=teams))) is said


def test_comeback_and_newcomer() -> None:
    """Nothing yesterday but among the best today is a comeback; a first order within a week, a newcomer."""
    assert "comeback" in kinds(past=replace(USUAL, yesterday=frozenset({2})))
    assert "comeback" not in kinds(past=replace(USUAL, yesterday=None))
    new = replace(USUAL, yesterday=frozenset({2}), first_days={1: DAY, 2: LONG_AGO})
    assert "comeback" not in kinds(past=new)
    assert "newcomer" in kinds(past=new)
    assert "newcomer" not in kinds(past=replace(USUAL, first_days={1: DAY, 2: DAY - timedelta(days=2)}))


def test_a_day_without_orders_has_a_kind_word() -> None:
    """With nothing sold the comment is one of those for such days, and not blame."""
    empty = Standings((), (), 0, Decimal(0), None)
    found = remarks(DAY, empty, (), USUAL, WORDS)
    said = comment(found, TEXTS)
    assert said is not None
    assert said.template in TEXTS["no_orders"]


@given(st.lists(st.sampled_from(["usual", "record", "target", "empty"]), min_size=2, max_size=12))
def test_never_the_same_two_days_running(days: list[str]) -> None:
    """Over any row of days: never yesterday's words, and not yesterday's kind while there is another."""
    used: list[str] = []
    for number, day in enumerate(days):
        found = {
            "usual": remarks(DAY, SOLD, (), USUAL, WORDS),
            "record": remarks(DAY, SOLD, (deal("99999", person_id=1),), USUAL, WORDS),
            "target": remarks(
                DAY, replace(SOLD, teams=(replace(TEAMS[0], rate=Decimal(2)),)), (), USUAL, WORDS
            ),
            "empty": (Comment("no_orders", {}),),
        }[day]
        said = comment(found, TEXTS, used, number)
        assert said is not None
        assert "{" not in said.text
        if used:
            assert said.template != used[-1]
            assert day == "empty" or not any(
                {said.template, used[-1]} <= set(texts) for texts in TEXTS.values()
            )
        used.append(said.template)


def test_an_office_without_comments_has_none() -> None:
    """No texts for what happened: no comment, and no fault."""
    assert comment(remarks(DAY, SOLD, (), USUAL, WORDS), {}) is None
