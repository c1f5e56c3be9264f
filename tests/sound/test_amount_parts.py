"""Sums put together from parts on slow machines: how they are cut, rendered ahead, and when."""

from __future__ import annotations

from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sound.mandarin.numbers import amount_in_words
from controller.sound.tts import cache
from controller.sound.tts.amount_parts import JOIN_MS, LEVELS, MARK, common, cut, parts
from controller.sound.tts.cache import Takes
from controller.sound.tts.plan import Planner, VoiceStatus
from controller.sound.tts.script import PLAIN, Clip, Recording, Script, Segment, clauses
from controller.sound.tts.stream import Cost, Stream

AHEAD_OF_SUM, SUM = "恭喜猛虎队的王小明签了一单网络招聘，", "金额是一万两千八百元，"
DEAL = Script((Segment(f"{AHEAD_OF_SUM}{SUM}请大家为他喝彩！"),))


@pytest.mark.parametrize(
    ("amount", "coarse", "fine"),
    [
        ("3600", "金额是三千六百元，", "金额是三千六百元，"),
        ("98000", "金额是九万，|八千元，", "金额是九万，|八千元，"),
        ("120000", "金额是十二万元，", "金额是十二万元，"),
        ("12345", "金额是一万，|两千三百四十五元，", "金额是一万，|两千三百，|四十五元，"),
        ("12045", "金额是一万，|两千零四十五元，", "金额是一万，|两千，|零四十五元，"),
        ("100500", "金额是十万，|零五百元，", "金额是十万，|零五百元，"),
        ("1285000", "金额是一百二十八万，|五千元，", "金额是一百二十八万，|五千元，"),
        ("8888.50", "金额是八千八百八十八元五角，", "金额是八千八百，|八十八元五角，"),
    ],
)
def test_sums_are_cut_where_a_speaker_pauses(amount: str, coarse: str, fine: str) -> None:
    """After 万, and on the finer level after the hundreds; never in the middle of a group."""
    clause = f"金额是{amount_in_words(Decimal(amount))}，"
    assert (clause,) == parts(clause, 0)
    assert "|".join(parts(clause, 1)) == coarse
    assert "|".join(parts(clause, 2)) == fine


@given(st.decimals(min_value=Decimal("0.01"), max_value=10**12, places=2), st.sampled_from(LEVELS))
def test_no_word_of_a_sum_is_lost(amount: Decimal, level: int) -> None:
    """All parts together are the clause, apart from the commas between them."""
    clause = f"金额是{amount_in_words(amount)}！"
    *first, last = parts(clause, level)
    assert "".join([*(part.removesuffix(MARK) for part in first), last]) == clause


@pytest.mark.parametrize(
    "text", ["恭喜王元签了一单，", "请大家为他喝彩！", "元旦放假三天。", "我们签了两万单，"]
)
def test_a_clause_without_a_sum_stays_whole(text: str) -> None:
    """A name or a word with 元, or another number, is not cut."""
    assert {parts(text, level) for level in LEVELS} == {(text,)}


def test_the_pause_inside_a_sum_is_short() -> None:
    """The clause keeps its pause; its parts follow closely."""
    text = DEAL.segments[0].text
    assert cut(text, 26, 0) == clauses(text, 26)
    assert [pause for _, pause in cut(text, 26, 1)] == [200, JOIN_MS, 200, 320]


def test_every_round_sum_below_a_million_has_common_parts_only() -> None:
    """Each multiple of 100 from 500 to 999,900 needs no rendering once the common parts are kept."""
    known = set(common("金额是", "，"))
    assert len(known) < 800
    for amount in range(500, 1_000_000, 100):
        clause = f"金额是{amount_in_words(Decimal(amount))}，"
        assert set(parts(clause, 1)) <= known, clause


SLOW = VoiceStatus("Kokoro", (), None, None, natural=True, longest=26, pace=4.0)
QUICK = VoiceStatus("Kokoro", (), None, None, natural=True, longest=26, pace=0.5)


def planner(folder: Path, *kept: str) -> Planner:
    takes = Takes(folder)
    for text in kept:
        takes.put(cache.name("Kokoro", text, PLAIN), Recording(b"\1\0" * 2400, 24000))
    return Planner(takes)


NAMES = (AHEAD_OF_SUM, "请大家为他喝彩！")
PARTS = parts(SUM, 1)


@pytest.mark.parametrize(
    ("status", "kept", "level"),
    [
        (QUICK, (*NAMES, *PARTS), 0),
        (SLOW, (*NAMES, *PARTS), 1),
        (SLOW, (*NAMES, *PARTS, SUM), 0),
        (SLOW, NAMES, 0),
    ],
)
def test_parts_are_used_only_when_the_whole_would_be_late(
    tmp_path: Path, status: VoiceStatus, kept: tuple[str, ...], level: int
) -> None:
    """Not on a quick machine, not when the whole clause is kept, not when parts come no earlier."""
    plan = planner(tmp_path, *kept)
    assert plan.level(status, DEAL, previewed=True) == level
    if status is SLOW and level == 1:
        assert sum(cost.render_s for cost in plan.costs(SLOW, DEAL, 1)) < 1


def test_a_clause_that_has_been_rendering_for_a_while_costs_less() -> None:
    """The first word waits for the rest of the clause under way, not for all of it."""
    clip: Future[Clip] = Future()
    costs = [Cost(2.0, 0.05), Cost(2.0, 10.0), Cost(2.0, 0.05)]
    late = Stream(costs, clip).lead_s()
    begun = Stream(costs, clip, head_s=3.0).lead_s()
    assert late - begun == pytest.approx(3.0, abs=0.2)
    assert Stream(costs, clip, gap_s=1.0).lead_s() < late
