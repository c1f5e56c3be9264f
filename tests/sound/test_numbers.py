"""Numbers, counts and sums of money as Mandarin reads them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sound.mandarin import amount_in_words, count_in_words
from controller.sound.mandarin.numbers import cardinal

VALUES = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2}
PLACES = {"十": 10, "百": 100, "千": 1000}


def understood(said: str) -> int:
    """Return the number that a listener hears: the inverse of the reader, written independently."""
    total = group = digit = 0
    for char in said.replace("万亿", "兆"):
        if char in VALUES:
            digit = VALUES[char]
        elif char in PLACES:
            group += (digit or 1) * PLACES[char]
            digit = 0
        else:
            total += (group + digit) * {"万": 10**4, "亿": 10**8, "兆": 10**12}[char]
            group = digit = 0
    return total + group + digit


@given(st.one_of(st.integers(0, 10**16 - 1), st.integers(0, 100_000)))
def test_a_listener_hears_the_number_that_was_meant(n: int) -> None:
    """Every number up to ten million billion is understood correctly."""
    assert understood(cardinal(n)) == n


@given(st.integers(0, 10**16 - 1))
def test_two_is_liang_before_thousands_and_never_before_ten(n: int) -> None:
    """两 is only before 千, 万 and 亿, and no number contains 两十, 两百 or ends in 两."""
    said = cardinal(n)
    assert not any(wrong in said for wrong in ("两十", "两百", "二千", "零零"))
    assert not said.endswith("两")


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("12800", "一万两千八百元"),
        ("0.5", "五角"),
        ("1234.56", "一千二百三十四元五角六分"),
        ("0", "零元"),
        ("2", "两元"),
        ("0.02", "两分"),
        ("0.2", "两角"),
        ("12.05", "十二元零五分"),
        ("1000.05", "一千元零五分"),
        ("12.345", "十二元三角五分"),
        ("99.999", "一百元"),
        ("-5", "负五元"),
        ("300000000", "三亿元"),
        ("1E+3", "一千元"),
        ("5000.00", "五千元"),
    ],
)
def test_money_is_said_in_yuan_jiao_and_fen(amount: str, said: str) -> None:
    """Sums are read as people say them, rounded to the fen."""
    assert amount_in_words(Decimal(amount)) == said


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1E+1000000"])
def test_anything_but_a_sum_of_money_is_refused_with_a_sentence(amount: str) -> None:
    """Not a number, infinite, or absurdly large: a Chinese sentence with an example."""
    with pytest.raises(ValueError, match=r"读不出来：请写成 12800 或 12800\.50 这样的数。$"):
        amount_in_words(Decimal(amount))


@pytest.mark.parametrize(
    ("n", "measure", "said"),
    [
        (2, "单", "两单"),
        (12, "单", "十二单"),
        (22, "单", "二十二单"),
        (102, "单", "一百零二单"),
        (0, "单", "零单"),
        (2, "月", "二月"),
        (2, "号", "二号"),
        (2000, "单", "两千单"),
        (-2, "单", "负两单"),
    ],
)
def test_counts_take_liang_before_a_measure_word(n: int, measure: str, said: str) -> None:
    """Two of something are 两, twelve are 十二, and months and dates keep 二."""
    assert count_in_words(n, measure) == said
