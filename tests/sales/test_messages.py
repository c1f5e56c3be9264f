"""Announcement texts from the office's templates, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from book_made import WORDS, at, deal, standing
from hypothesis import given
from hypothesis import strategies as st

from controller.sales.messages import (
    ROUNDUP_SECONDS,
    announce_deal,
    check,
    choose,
    fill,
    percent,
    phrase,
    round_up,
    roundup,
    seconds,
    top_sales,
)
from controller.sales.model import Refused
from controller.timetable import load

TEXTS = load.load(Path(__file__).parents[2] / "config" / "rhythm.yaml").broadcasts
NOW = at("15:00")


def test_the_days_first_deal_word_for_word() -> None:
    """The shipped sentence for the day's first deal is the one the office prescribed."""
    said = announce_deal(deal(), TEXTS.first_of_day, WORDS).text
    assert said == "恭喜猛虎队的王小明签到了第一单，为我们大家拿到了开门红，大家加油！"


def test_a_big_deal_word_for_word() -> None:
    """The shipped sentence for a big deal has the amount in words."""
    said = announce_deal(deal("12800"), TEXTS.big, WORDS).text
    assert said == "恭喜猛虎队的王小明签了一单校园招聘套餐，金额是一万两千八百元，请大家为他喝彩！"


@given(st.text(max_size=30), st.text(max_size=30))
def test_names_are_inserted_literally(team: str, person: str) -> None:
    """A name with braces, markup or slots is treated as plain text."""
    assert fill("{team}的{person}！", {"team": team, "person": person}) == f"{team}的{person}！"


def test_an_unknown_slot_is_refused_by_name() -> None:
    """A misspelt slot is named together with the allowed ones."""
    with pytest.raises(Refused, match=r"\{persn\} 没有内容可填，可以用的有：\{team\}、\{person\}"):
        check("恭喜{persn}", ("team", "person"))
    with pytest.raises(Refused, match="可以用的有：没有"):
        fill("{x}", {})
    check("没有空位", ())


@given(st.lists(st.sampled_from("甲乙丙"), max_size=12), st.integers(0, 9))
def test_no_text_is_used_twice_in_succession(used: list[str], pick: int) -> None:
    """After any history the next variant differs from the last one and is the least recently used."""
    chosen = choose("甲乙丙", used, pick)
    assert chosen not in used[-1:]
    assert chosen not in used[-2:] or len(set(used)) < 3
    assert choose(["只有一句"], ["只有一句"], pick) == "只有一句"


def test_ten_days_use_all_variants_evenly() -> None:
    """Over nine days three variants are used three times each, never twice in succession."""
    used: list[str] = []
    for day in range(9):
        used.append(choose(["甲", "乙", "丙"], used, day))
    assert all(used.count(variant) == 3 for variant in "甲乙丙")
    assert all(a != b for a, b in pairwise(used))


def test_a_variant_with_an_empty_slot_is_left_out() -> None:
    """Without a prize the sentence that names the prize is not used while there is another."""
    variants = ("奖品是{prize}！", "{person}真棒！")
    assert phrase(variants, {"person": "陈芳", "prize": ""}).text == "陈芳真棒！"
    assert phrase(variants[:1], {"prize": ""}).text == "奖品是！"


def test_the_roundup_has_count_and_sum_then_the_largest_first() -> None:
    """A round-up of three deals has number and sum, then each deal, the largest first."""
    deals = [deal("6000", "14:10", 1), deal("12000", "14:20", 2, person="陈芳"), deal("5000", "14:30", 3)]
    said = roundup(round_up(deals, (), NOW), TEXTS, WORDS, NOW)
    assert said is not None
    assert said.text == (
        "过去一小时，我们一共签了三单，合计两万三千元。"
        "猛虎队的陈芳，一万两千元。猛虎队的王小明，六千元。猛虎队的王小明，五千元。"
    )
    assert said.template == TEXTS.hourly[0]
    again = roundup(round_up(deals, deals, NOW), TEXTS, WORDS, NOW, used=(said.template,))
    assert again is not None
    assert again.text.startswith("整点战报，过去一小时签下三单，合计两万三千元。")


def test_two_deals_are_liang() -> None:
    """Two deals are 两单, not 二单, and twelve 十二单."""
    for many, word in ((2, "两单"), (12, "十二单")):
        said = roundup(round_up([deal(ident=n) for n in range(many)], (), NOW), TEXTS, WORDS, NOW)
        assert said is not None
        assert f"签了{word}，" in said.text


@given(st.lists(st.tuples(st.integers(1, 99_999_999_999), st.integers(1, 40), st.booleans()), max_size=60))
def test_the_roundup_stays_within_its_time(sales: list[tuple[int, int, bool]]) -> None:
    """With any deals, sums and names it takes at most 45 s, has no voided deals, and the sum is complete."""
    deals = [
        deal(str(Decimal(fen) / 100), ident=n, person="名" * size, voided="退" if voided else None)
        for n, (fen, size, voided) in enumerate(sales)
    ]
    unvoided = [d for d in deals if d.voided is None]
    said = roundup(round_up(deals, deals, NOW), TEXTS, WORDS, NOW)
    if not unvoided:
        assert said is None
        return
    assert said is not None
    assert seconds(said.text) <= ROUNDUP_SECONDS
    total = WORDS.amount(sum(d.amount for d in unvoided))
    assert f"{WORDS.count(len(unvoided), '单')}，合计{total}。" in said.text
    items = said.text.count("名。") + said.text.count("名，")
    assert items in (0, len(unvoided)) or f"还有{WORDS.count(len(unvoided) - items, '单')}，合计" in said.text


def test_forty_deals_are_summed_up_after_the_largest() -> None:
    """In a busy hour the largest deals are named, and the rest given as number and sum."""
    deals = [deal(str(1000 + n), "14:10", n, person=f"人{n}") for n in range(40)]
    said = roundup(round_up(deals, (), NOW), TEXTS, WORDS, NOW)
    assert said is not None
    assert "四十单" in said.text
    assert said.text.index("人39，") < said.text.index("人38，")
    assert "人0，" not in said.text
    assert "还有" in said.text.split("。")[-2]


FRIDAY = datetime(2026, 11, 20, 18, 6, tzinfo=NOW.tzinfo)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=NOW.tzinfo)


@pytest.mark.parametrize(
    ("signed", "now", "when"),
    [
        (FRIDAY, MONDAY, "上周五傍晚"),
        (FRIDAY, FRIDAY + timedelta(hours=16), "昨天傍晚"),
        (FRIDAY - timedelta(hours=6), FRIDAY + timedelta(hours=16), "昨天"),
        (MONDAY - timedelta(hours=2), MONDAY, "今天早些时候"),
        (MONDAY, MONDAY + timedelta(days=3), "周一"),
        (FRIDAY, FRIDAY + timedelta(days=20), "11月20日傍晚"),
    ],
)
def test_earlier_deals_are_announced_as_earlier(signed: datetime, now: datetime, when: str) -> None:
    """A deal of Friday 18:06 that is announced on Monday at 10:00 is not part of "the past hour"."""
    said = roundup(round_up([replace(deal(), at=signed)], (), now), TEXTS, WORDS, now)
    assert said is not None
    assert said.text.startswith(f"{when}还签了一单，合计一万两千八百元。")
    assert "过去一小时" not in said.text


def test_deals_announced_immediately_count_in_the_hour() -> None:
    """With six deals of 97,300, five of them announced, the hour's number is six, and the remaining one is separate."""
    big = [deal("18740", "14:10", n, person=f"大{n}") for n in range(5)]
    left = [deal("3600", "14:40", 9)]
    said = roundup(round_up(left, [*big, *left], NOW), TEXTS, WORDS, NOW)
    assert said is not None
    assert said.text == (
        "过去一小时，我们一共签了六单，合计九万七千三百元。除了已经报喜的，还有一单，合计三千六百元。"
        "猛虎队的王小明，三千六百元。"
    )


def test_earlier_deals_follow_the_hours_deals_as_on_the_walls() -> None:
    """The hour's deals come first, then earlier ones, both largest first; `announced` has the sequence of the walls."""
    old = [replace(deal("500", ident=1, person="甲"), at=NOW - timedelta(hours=20))]
    old.append(replace(deal("900", ident=2, person="乙"), at=NOW - timedelta(hours=20)))
    new = [deal("100", "14:10", 3, person="丙"), deal("200", "14:20", 4, person="丁")]
    deals = round_up([*old, *new], (), NOW)
    said = roundup(deals, TEXTS, WORDS, NOW)
    assert said is not None
    assert [d.person for d in deals.announced] == ["丁", "丙", "乙", "甲"]
    places = [said.text.index(f"的{d.person}，") for d in deals.announced]
    assert places == sorted(places)
    assert "一共签了两单，合计三百元。" in said.text
    assert "昨天傍晚还签了两单，合计一千四百元。" in said.text


def test_top_sales_with_winner_tie_and_nobody() -> None:
    """One winner, two winners who share the place, and a day without deals each give a correct text."""
    one, two, last = standing(count=2), standing("陈芳", count=2), standing("刘洋", "5", place=3)
    said = top_sales([one, last], TEXTS.top_sales_of_day, TEXTS.nobody, WORDS).text
    assert said == "今天的开拓能手是猛虎队的王小明，签下两单，共一万两千八百元，请大家鼓掌！"
    both = top_sales([one, two, last], TEXTS.top_sales_of_day, TEXTS.nobody, WORDS).text
    assert both == said + said.replace("王小明", "陈芳")
    nobody = top_sales([], TEXTS.top_sales_of_day, TEXTS.nobody, WORDS, used=TEXTS.nobody[:1])
    assert nobody.text == TEXTS.nobody[1]


def test_percent_is_rounded_down() -> None:
    """99.9 % is not announced as reached."""
    assert [percent(rate) for rate in (None, Decimal("0.999"), Decimal(1), Decimal("1.237"), Decimal(0))] == [
        "", "99%", "100%", "123%", "0%",
    ]  # fmt: skip
