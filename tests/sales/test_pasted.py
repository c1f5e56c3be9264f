"""The paste box reads messages of a group: ten sets of them, and the rule that a guess is never silent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fakes import SHANGHAI

from controller.sales.model import Deal, Person, Refused
from controller.sales.pasted import LONGEST_TEXT, read_pasted
from controller.sales.pasted_rows import Known, PastedRow
from controller.sound.mandarin import spelling

NOW = datetime(2026, 11, 25, 14, 40, tzinfo=SHANGHAI)
TEAMS = {
    "猛虎队": ("王小明", "陈芳", "刘洋", "单晓明", "张伟"),
    "飞龙队": ("李思思", "周婷", "张伟", "林志远"),
    "雄鹰队": ("欧阳建国", "曾黎", "赵磊", "Mary Chen"),
}
PRODUCTS = ("铂金套餐", "黄金套餐", "年卡", "季卡", "校园招聘套餐", "网络招聘", "报纸", "VIP会员")
PEOPLE = tuple(
    Person(10 * number + place, name, number, team)
    for number, (team, names) in enumerate(TEAMS.items(), 1)
    for place, name in enumerate(names)
)
LEAST = {
    "pasted_messages.txt": (60, 58),
    "pasted_messages_2.txt": (30, 28),
    "pasted_messages_3.txt": (59, 57),
    "pasted_messages_4.txt": (29, 28),
    "pasted_messages_5.txt": (58, 51),
    "pasted_messages_6.txt": (28, 28),
    "pasted_messages_7.txt": (59, 58),
    "pasted_messages_8.txt": (59, 57),
    "pasted_messages_9.txt": (58, 56),
    "pasted_messages_10.txt": (58, 55),
    "pasted_messages_11.txt": (25, 16),  # its first run
}
"""Of each file: how many messages are right, and how many of them without a mark that they do not need."""


def by_name(name: str) -> Person:
    return next(person for person in PEOPLE if person.name == name)


def recorded(number: int, clock: str, person: Person, product: str, amount: int) -> Deal:
    hour, minute = map(int, clock.split(":"))
    at = NOW.replace(hour=hour, minute=minute)
    return Deal(
        number, f"k{number}", person.id, person.name, person.team, product, Decimal(amount), at, None, at.date(),
        person.team_id,
    )  # fmt: skip


def known_in(name: str) -> Known:
    """Return the office of a file: its own where it begins with one, else the one above."""
    head = (Path(__file__).parent / name).read_text(encoding="utf-8").split("\n== ", 1)[0]
    if not (clock := re.search(r"(?m)^office: (\d+):(\d+)$", head)):
        return KNOWN
    now = NOW.replace(hour=int(clock[1]), minute=int(clock[2]))
    people: list[Person] = []
    for number, (team, names) in enumerate(re.findall(r"(?m)^team (.+?): (.+)$", head), 1):
        people += [
            Person(10 * number + place, one, number, team) for place, one in enumerate(names.split(), 1)
        ]
    deals: list[Deal] = []
    for at_text, who, product, amount in re.findall(r"(?m)^recorded: (\S+) (\S+) (\S+) (\d+)$", head):
        person = next(one for one in people if one.name == who)
        deals.append(recorded(len(deals) + 1, at_text, person, product, int(amount)))
    products = re.findall(r"(?m)^products: (.+)$", head)[0].split()
    return Known(people, products, deals, now, 30, Decimal(10_000), Decimal(15_800), spelling)


RECORDED = (
    recorded(1, "10:05", by_name("赵磊"), "报纸", 1500),
    recorded(2, "11:20", by_name("王小明"), "网络招聘", 15_800),
)
KNOWN = Known(PEOPLE, PRODUCTS, RECORDED, NOW, 30, Decimal(10_000), Decimal(15_800), spelling)


@dataclass(frozen=True)
class Expected:
    person: str
    product: str
    amount: str
    doubtful: bool
    fix: bool
    late: bool
    day: str


def table(name: str) -> list[tuple[str, str, list[Expected] | None]]:
    """Return (number, message, expected rows) of a file of messages; None for rows: all that comes is marked."""
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    messages: list[tuple[str, str, list[Expected] | None]] = []
    for block in re.split(r"(?m)^== ", text)[1:]:
        number, rest = block.split("\n", 1)
        lines = rest.splitlines()
        rows = [line[3:] for line in lines if line.startswith("=> ")]
        message = "\n".join(line for line in lines if not line.startswith("=> "))
        wanted = None if rows == ["?"] else [_expected(row) for row in rows if row.strip() != "none"]
        messages.append((number.strip(), message, wanted))
    return messages


def _expected(row: str) -> Expected:
    marks, day = row.split("|")[0].split(), ""
    flags = {"?": False, "fix": False, "late": False}
    while marks[0] in flags or marks[0].startswith("@"):
        mark = marks.pop(0)
        if mark in flags:
            flags[mark] = True
        else:
            day = mark[1:]
    _, product, amount = (part.strip() for part in row.split("|"))
    return Expected(" ".join(marks), product, amount, flags["?"], flags["fix"], flags["late"], day)


def same_values(row: PastedRow, wanted: Expected) -> bool:
    person = row.person.name if row.person else "-"
    amount = "-" if row.amount is None else str(row.amount)
    wanted_amount = (
        wanted.amount if wanted.amount == "-" else str(Decimal(wanted.amount).quantize(Decimal("0.01")))
    )
    day = "" if row.day in (None, NOW.date()) else str(row.day)
    return (
        person == wanted.person
        and (row.product or "-") == wanted.product
        and amount == wanted_amount
        and (row.replaces is not None) == wanted.fix
        and bool(row.late) == wanted.late
        and day == wanted.day
    )


@dataclass
class Judged:
    """The number of right messages, of those without a needless mark, the others, and what is wrong in silence."""

    right: int
    exact: int
    wrong: list[str]
    silent: list[str]


def judged(name: str) -> Judged:
    found, known = Judged(0, 0, [], []), known_in(name)
    for number, message, wanted in table(name):
        rows = read_pasted(message, known)
        paired = list(zip(rows, wanted or [], strict=False))
        if wanted is None:
            right = exact = all(row.doubts for row in rows)
        else:
            values = len(rows) == len(wanted) and all(same_values(*pair) for pair in paired)
            right = values and all(row.doubts or not want.doubtful for row, want in paired)
            exact = values and all(bool(row.doubts) == want.doubtful for row, want in paired)
        found.right, found.exact = found.right + right, found.exact + exact
        if right:
            continue
        shown = [
            (row.person and row.person.name, row.product, str(row.amount), row.replaces, row.late, row.doubts)
            for row in rows
        ]
        found.wrong.append(f"{number}: {message!r} -> {shown}")
        sure = [row for row in rows if not row.doubts]
        allowed = [want for want in wanted or [] if not want.doubtful]
        if any(not any(same_values(row, want) for want in allowed) for row in sure):
            found.silent.append(found.wrong[-1])
        elif len(rows) < len(wanted or []):
            found.silent.append(f"lost: {found.wrong[-1]}")
    return found


@pytest.mark.parametrize("name", LEAST)
def test_messages_are_read(name: str) -> None:
    """Nearly all rows are right, and none is wrong or lost without being marked."""
    found, (right, exact) = judged(name), LEAST[name]
    assert not found.silent
    assert found.right >= right, found.wrong
    assert found.exact >= exact, f"{found.exact} of {len(table(name))} without a needless mark"


@pytest.mark.parametrize(
    "word", ["没签", "押金", "对半", "龘", "算小李", "17", "40%", "❌", "[未付款]", "备注：要退"]
)
@pytest.mark.parametrize(
    "form", ["王小明 年卡 6800 {}", "{}，王小明 年卡 6800", "王小明 年卡 6800\n{}", "{}：\n王小明 年卡 6800"]
)
def test_a_word_that_is_not_understood_is_shown(word: str, form: str) -> None:
    """An unknown word beside, before or after a deal: no row of the message is certain."""
    assert all(row.doubts for row in read_pasted(form.format(word), KNOWN))
    (row,) = read_pasted("王小明 年卡 6800，恭喜，已收款", KNOWN)
    assert not row.doubts


def test_a_total_is_understood_when_it_is_right() -> None:
    for total, doubtful in ((8800, False), (9800, True)):
        rows = read_pasted(f"刘洋 年卡 6800\n刘洋 季卡 2000\n合计 {total}", KNOWN)
        assert [bool(row.doubts) for row in rows] == [doubtful] * 2


@pytest.mark.parametrize(
    "text",
    [
        "9" * LONGEST_TEXT, "王" * LONGEST_TEXT, "\n" * LONGEST_TEXT, "一万" * 9000, "@a " * 6000, "周五 1:1" * 3000,
        "((((" * 4000, "王小明" * 6000,
    ],
)  # fmt: skip
def test_a_long_text_is_bounded_work(text: str) -> None:
    """Any text is read or refused within the test's limit; more than the limit is refused at once."""
    assert len(read_pasted(text[:LONGEST_TEXT], KNOWN)) <= 2
    with pytest.raises(Refused, match="分几次粘贴"):
        read_pasted(text + "9" * LONGEST_TEXT, KNOWN)


def test_too_many_deals_are_pasted_in_parts() -> None:
    with pytest.raises(Refused, match="一次最多 100 单"):
        read_pasted("\n".join(f"刘洋 年卡 {1000 + number}" for number in range(101)), KNOWN)


@pytest.mark.parametrize("seed", range(40))
def test_a_mangled_message_is_never_wrong_in_silence(seed: int) -> None:
    """With one character lost, a row may be doubtful or gone, but no other person is named without a doubt."""
    message = "王小明 铂金套餐 12800\n陈芳 年卡 6800\n李思思：季卡 2000"
    at = seed % len(message)
    names = {
        row.person.name
        for row in read_pasted(message[:at] + message[at + 1 :], KNOWN)
        if row.person and not row.doubts
    }
    assert names <= {"王小明", "陈芳", "李思思"}


def test_a_stranger_named_in_a_message_is_not_its_sender() -> None:
    """A message of 王小明 about somebody who is not on the roster: the row says so, also with an unknown product."""
    for product in ("季卡", "猎头"):
        (row,) = read_pasted(f"王小明 14:33\n外地小周 {product} 2000", KNOWN)
        assert "外地小周" in "".join(row.doubts)


@pytest.mark.parametrize(
    "text",
    [
        "单晓明 3k\n张三 2k",
        "单晓明 3000\n张三 2000",
        "单晓明 3千，张三 2千",
        "张三 2000\n单晓明 3000",
        "单晓明 3000\n单小二：2000",
    ],
)
def test_each_line_is_read_by_itself(text: str) -> None:
    """A line with somebody who is not in the list is its own row, which names that person; no other line suffers."""
    rows = {row.written: row for row in read_pasted(text, KNOWN)}
    (stranger,) = rows.keys() - {"单晓明"}
    assert rows["单晓明"].amount == 3000
    assert rows["单晓明"].doubts == ("没有写产品。",)
    assert (rows[stranger].person, rows[stranger].amount) == (None, 2000)
    assert rows[stranger].doubts[0] == f"名单里没有“{stranger}”。"


@pytest.mark.parametrize(
    "text", ["单晓明 年卡 3000\n张三", "单晓明 年卡 3000，张三丰", "单晓明\n年卡\n3000\n周五五"]
)
def test_a_name_alone_that_is_not_in_the_list_is_named(text: str) -> None:
    """张 and 周 are measure words and surnames: the deal keeps its amount, and the doubt has the whole name."""
    (row,) = read_pasted(text, KNOWN)
    name = text.replace("，", "\n").rpartition("\n")[2]
    assert (row.product, row.amount) == ("年卡", 3000)
    assert row.doubts == (f"还写着“{name}”，名单里没有这个人。",)


@pytest.mark.parametrize(
    "text",
    ["谢谢 单晓明 年卡 3000", "高兴！单晓明 年卡 3000", "单价 3000，单晓明 年卡"],
)
def test_words_that_begin_like_a_name_are_no_people(text: str) -> None:
    """谢谢 and 单价 begin with surnames."""
    (row,) = read_pasted(text, KNOWN)
    assert (row.person and row.person.name, row.amount) == ("单晓明", 3000)


@pytest.mark.parametrize("amount", ["-5000", "－5000元", "¥-5000", "-¥5000", "￥−5,000", "负五千", "0元"])
def test_a_negative_sum_is_never_a_deal(amount: str) -> None:
    """People write it to cancel a deal: no amount is taken from it, and the doubt says how a deal is taken back."""
    (row,) = read_pasted(f"王小明 铂金套餐 {amount}", KNOWN)
    assert row.amount is None
    assert any("大于 0" in doubt and "撤回这一单" in doubt for doubt in row.doubts)


@pytest.mark.parametrize(
    "line", ["王小明-铂金套餐-5000", "王小明 - 铂金套餐 - 5000", "2026-11-25 王小明 铂金套餐 5000"]
)
def test_a_hyphen_between_words_is_no_minus(line: str) -> None:
    """It separates: the sum stands."""
    assert [row.amount for row in read_pasted(line, KNOWN)] == [Decimal(5000)]
