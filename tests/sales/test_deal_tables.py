"""Tables of deals as offices and their systems make them: units, dates, totals, torn amounts; none is read wrongly."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from controller.sales.deal_dates import read_day
from controller.sales.deals_import import has_heading, read_table
from controller.sales.model import Person, Refused
from controller.sales.pasted_rows import Known, PastedRow
from controller.sales.text_tables import read
from controller.sound.mandarin import spelling

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 14, 40, tzinfo=ZONE)
PEOPLE = tuple(Person(n, name, 1, "猛虎队") for n, name in enumerate(("王小明", "陈芳", "刘洋"), 1))
KNOWN = Known(PEOPLE, ("年卡",), (), NOW, 30, Decimal(10_000), None, spelling)


def rows(text: str) -> tuple[PastedRow, ...]:
    return read_table(read(text.encode(), has_heading), KNOWN)


def only(text: str) -> PastedRow:
    (row,) = rows(text)
    return row


@pytest.mark.parametrize(
    ("table", "yuan"),
    [
        ("姓名,产品,金额（万元）\n王小明,年卡,12.8", 128_000),
        ("姓名,产品,业绩(万)\n王小明,年卡,1.2", 12_000),
        ("姓名,产品,金额/万元\n王小明,年卡,1.2", 12_000),
        ("姓名,产品,合同金额(单位:千元)\n王小明,年卡,12.8", 12_800),
        ("十一月签单,,单位：万元\n姓名,产品,金额\n王小明,年卡,3", 30_000),
        ("姓名,产品,金额（万元）\n王小明,年卡,3万", 30_000),
        ("姓名,产品,金额（万元）\n王小明,年卡,9800元", 9800),
        ("姓名,产品,金额（元）\n王小明,年卡,9800", 9800),
        ("姓名,产品,金额（含税）\n王小明,年卡,9800", 9800),
        ("姓名,产品,单价,数量,总价\n王小明,年卡,100,5,500", 500),
        ("姓名,产品,单价\n王小明,年卡,100", 100),
        ("姓名,产品,单价,数量\n王小明,年卡,100,1", 100),
        ("姓名,产品,合同金额,实收金额\n王小明,年卡,9800,9800.00", 9800),
        ("Sales Rep,Deal Name,Deal Value,Close Date\n王小明,年卡,9800,2026-11-23", 9800),
        ("姓名,产品,金额,退款状态\n王小明,年卡,9800,未退款", 9800),
    ],
)
def test_an_amount_has_the_unit_of_its_column(table: str, yuan: int) -> None:
    """万元 in the heading or above it counts; a unit in the cell precedes it; a total precedes the price of one."""
    row = only(table)
    assert (row.amount, row.doubts) == (Decimal(yuan), ())


@pytest.mark.parametrize(
    ("table", "amount", "says"),
    [
        ("姓名,产品,金额(USD)\n王小明,年卡,500", None, "单位是USD"),
        ("单位：港币\n姓名,产品,金额\n王小明,年卡,500", None, "单位是港币"),
        ("姓名,产品,金额\n王小明,年卡,12,800", None, "逗号把它分成了两格"),
        ("姓名,金额,产品\n王小明,12,800,年卡", None, "逗号把它分成了两格"),
        ("姓名,产品,单价,数量\n王小明,年卡,100,5", None, "只有单价 100，数量是 5"),
        ("姓名,产品,合同金额,实收金额\n王小明,年卡,9800,5000", 9800, "取了“合同金额”；“实收金额”是 5000"),
        ("姓名,产品,金额,状态\n王小明,年卡,9800,已退款", 9800, "状态写着“已退款”"),
        ("姓名,产品,金额,Deal Stage\n王小明,年卡,9800,Closed Lost", 9800, "Closed Lost"),
        ("姓名,产品,金额（万元）\n王小明,年卡,39000", 390_000_000, "多写了零"),
    ],
)
def test_a_row_that_may_be_read_wrongly_is_doubtful(table: str, amount: int | None, says: str) -> None:
    row = only(table)
    assert row.amount == (None if amount is None else Decimal(amount))
    assert says in "".join(row.doubts)


@pytest.mark.parametrize(
    "total",
    ["合计,,,300", ",总 计,,300", ",本页小计,,300", ",累计,,300", ",王小明 汇总,,300", ",陈芳,小计,300"],
)
def test_totals_are_no_deals(total: str) -> None:
    """Also with a space in the word, of one person, and in a column that is not read."""
    assert len(rows(f"序号,姓名,产品,金额\n1,王小明,年卡,100\n2,陈芳,年卡,200\n{total}")) == 2


@pytest.mark.parametrize("product", ["Summer Camp", "Summit 培训", "Total Rewards 咨询", "合计通软件"])
def test_a_product_that_begins_like_a_total_is_a_deal(product: str) -> None:
    assert only(f"姓名,产品,金额\n王小明,{product},100").product == product


TODAY = NOW.date()


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026/11/3", date(2026, 11, 3)), ("２０２６－１１－２３", TODAY), ("20261123", TODAY), ("46349", TODAY),
        ("46349.4375", TODAY), ("11月3日", date(2026, 11, 3)), ("11-3", date(2026, 11, 3)), ("11/3", date(2026, 11, 3)),
        ("12月30日", date(2025, 12, 30)), ("今天", TODAY), ("昨天", date(2026, 11, 22)),
        ("2026年11月23日星期一", TODAY),
        ("2026-11-20（周五）", date(2026, 11, 20)), ("11/23/2026", TODAY), ("23/11/2026", TODAY), ("23-Nov-26", TODAY),
        ("Nov 23, 2026", TODAY), ("3/4/2026", None), ("26/11/23", None), ("2月30日", None), ("2026-13-01", None),
        ("下周", None),
    ],
)  # fmt: skip
def test_dates_are_read_as_programs_write_them(written: str, day: date | None) -> None:
    """A date that may mean two days is none."""
    assert read_day(written, TODAY, ZONE) == (day, None)


@pytest.mark.parametrize("written", ["2026-11-23 14:05:11.000", "2026-11-23T14:05:11", "2026/11/23 14:05:11"])
def test_a_time_is_read_with_its_day(written: str) -> None:
    day, at = read_day(written, TODAY, ZONE)
    assert (day, at) == (TODAY, datetime(2026, 11, 23, 14, 5, 11, tzinfo=ZONE))


def test_a_quote_that_is_never_closed_is_named() -> None:
    """Its line, and what to do: the lines below would else be part of one product."""
    with pytest.raises(Refused, match="第 2 行有一个英文引号"):
        rows('姓名,产品,金额\n王小明,"年卡,100\n陈芳,年卡,200\n')
    assert [row.product for row in rows('姓名,产品,金额\n王小明,"年\n卡",100\n陈芳,"6"" 屏",200\n')] == [
        "年 卡",
        '6" 屏',
    ]
