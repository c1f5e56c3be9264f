"""Parsing and formatting of amounts."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.sales.model import Refused
from controller.sales.money import LARGEST, deal_amount, from_fen, money, parse_amount, to_fen
from controller.sound.mandarin import amount_in_words

UNDERSTOOD = {
    "12800": "12800.00", "12,800": "12800.00", "１２８００": "12800.00", "１２，８００": "12800.00",
    "1.28万": "12800.00", "1.28w": "12800.00", "一万二": "12000.00", "一万两千八": "12800.00",
    "一万两千八百": "12800.00", "¥12,800.50": "12800.50", "￥5000元": "5000.00", "5000元整": "5000.00",
    "3亿": "300000000.00", "1万2": "12000.00", "1万2千": "12000.00", "12万3千": "123000.00",
    "一千二": "1200.00", "一千零二": "1002.00", "一千二百零五": "1205.00", "一百五": "150.00",
    "一万零二": "10002.00", "两百五十万": "2500000.00", "十二": "12.00", "二十": "20.00",
    "一点五万": "15000.00", "三千万": "30000000.00", "壹万贰仟": "12000.00", "一二八〇〇": "12800.00",
    " 1 2800 ": "12800.00", ".5": "0.50", "0.01": "0.01", "999,999,999.99": "999999999.99",
}  # fmt: skip

REFUSED = {
    "0": "大于 0", "-5": "大于 0", "−5": "大于 0", "－５": "大于 0", "负五": "大于 0", "0.00": "大于 0",
    "1e9": "看不懂", "NaN": "看不懂", "Infinity": "看不懂", "abc": "看不懂", "1,28": "看不懂",
    "一万万": "看不懂", "万": "看不懂", "12.8.1": "看不懂", "1+1": "看不懂", "<b>1</b>": "看不懂",
    "12.345": "两位小数", "1.2345678万": "两位小数", "1000000000": "太大", "10亿": "太大",
    "": "还没有填写", "  ": "还没有填写", "9" * 41: "太长", "9" * 100_000: "太长",
}  # fmt: skip


@pytest.mark.parametrize(("typed", "yuan"), UNDERSTOOD.items())
def test_every_way_of_writing_an_amount_is_understood(typed: str, yuan: str) -> None:
    """A typed amount is parsed exactly, with two decimals."""
    assert str(parse_amount(typed)) == yuan


@pytest.mark.parametrize(("typed", "reason"), REFUSED.items())
def test_an_invalid_amount_is_refused_with_a_sentence(typed: str, reason: str) -> None:
    """Nonsense, empty text, negative and too large amounts are refused in Chinese, with the field's name."""
    with pytest.raises(Refused, match=reason) as refused:
        parse_amount(typed)
    assert refused.value.field == "amount"
    assert refused.value.sentence.endswith("。")
    assert len(refused.value.sentence) < 120


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 0, 1e9, True, None, [1], Decimal("NaN")])
def test_invalid_json_amounts_are_refused(value: object) -> None:
    """A JSON number or value that is not a valid amount is refused without a crash."""
    with pytest.raises(Refused, match="金额"):
        parse_amount(value)


def test_numbers_are_taken_exactly() -> None:
    """A JSON number has its exact decimal value: 0.1 is ten fen, 1e4 is ten thousand yuan."""
    assert parse_amount(0.1) == Decimal("0.10")
    assert parse_amount(12800) == parse_amount(12800.0) == parse_amount(Decimal("1.28E4"))
    assert parse_amount(1e4) == Decimal("10000.00")


@given(st.integers(1, int(LARGEST * 100)))
def test_every_written_form_reads_back(fen: int) -> None:
    """Any amount written plainly, with thousands separators, for the wall or in fen is read back unchanged."""
    amount = from_fen(fen)
    assert to_fen(amount) == fen
    assert parse_amount(str(amount)) == amount
    assert parse_amount(f"{amount:,}") == amount
    assert parse_amount(money(amount)) == amount


@given(st.integers(1, int(LARGEST)))
def test_spoken_whole_amounts_read_back(yuan: int) -> None:
    """The words that the voice uses for a whole sum are parsed to the same sum."""
    assert parse_amount(amount_in_words(Decimal(yuan))) == yuan


@given(st.text(max_size=60))
def test_any_text_is_an_amount_or_a_sentence(text: str) -> None:
    """Any text gives an amount within bounds or a refusal."""
    with suppress(Refused):
        assert 0 < parse_amount(text) <= LARGEST


def test_a_fraction_of_a_fen_is_a_programming_error() -> None:
    """Amounts are not rounded when they are stored."""
    with pytest.raises(ValueError, match="fraction of a fen"):
        to_fen(Decimal("0.001"))


@pytest.mark.parametrize("typed", ["0", "-5", "负五", -500, 0, Decimal("-0.01")])
def test_a_deal_of_nothing_says_how_a_deal_is_taken_back(typed: object) -> None:
    """Only for deals: a target of 0 has nothing to take back."""
    with pytest.raises(Refused, match=r"大于 0.*撤回这一单”。$") as refused:
        deal_amount(typed)
    assert refused.value.field == "amount"
    with pytest.raises(Refused, match=r"收到的是“[^”]*”。$"):
        parse_amount(typed)
