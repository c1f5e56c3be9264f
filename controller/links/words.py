"""The text of messages to people: short Chinese, amounts in figures. Pure.

A message has a title and lines; an adapter joins them as its vendor allows. A hidden person is 一位同事.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from controller.links.port import TEST, Parcel
from controller.sales.corrections import WEEKDAYS
from controller.sales.link_messages import LinkMessage

UNNAMED: Final = "一位同事"
HEADS: Final = {
    "first_of_week": "本周第一单", "first_of_day": "开门红", "record": "刷新纪录", "big": "大单",
}  # fmt: skip
MOST_TEAMS = 20
MOST_PEOPLE = 10


@dataclass(frozen=True, slots=True)
class Note:
    """A message for people: a title of one line, and its lines."""

    title: str
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Title and lines, one below the other."""
        return "\n".join((self.title, *self.lines))


def subject(office: str, note: Note) -> str:
    """Return the subject of a mail about the box."""
    return f"{office}战鼓：{note.title}"


def compose(parcel: Parcel) -> Note:
    """Return the text of a parcel."""
    messages = parcel.messages
    if len(messages) > 1:
        return _together(messages)
    message = messages[0]
    write = _WRITERS.get(message.kind)
    return (
        write(message.payload, message, parcel)
        if write
        else Note(str(message.payload.get("text", message.kind)))
    )


def size_of(message: LinkMessage) -> int:
    """Return the bytes of a message's line among others, at most."""
    return len(_line(message).encode()) + 1


def figure(amount: object) -> str:
    """Format an amount with thousands separators: 12,800, or 12,800.50 with fen."""
    value = Decimal(str(amount))
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"


def percent(rate: object) -> str:
    """Format a completion, rounded down, so that 99.9 % is not 100 %."""
    return f"{int(Decimal(str(rate)) * 100)}%"


def day_words(day: date) -> str:
    """Format a date: 11月27日（周五）."""
    return f"{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


def seller(facts: Mapping[str, Any]) -> str:
    """Return team and person of a deal."""
    return f"{facts['team']} {UNNAMED if facts.get('hidden') else facts['person']}"


def initial(name: str) -> str:
    """Return the character shown without a photo: the first letter or Chinese character of a name."""
    return "喜" if name == UNNAMED else next((one for one in name if one.isalnum()), "喜")


def _deal(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    head = HEADS.get(facts.get("how", ""), "")
    sold = f"{seller(facts)}签了{facts['product']}，{figure(facts['amount'])} 元"
    cheer = {"first_of_week": "，大家加油！", "first_of_day": "，大家加油！", "record": "，请大家为他喝彩！",
             "big": "，请大家为他喝彩！"}.get(facts.get("how", ""), "。")  # fmt: skip
    late = _late(message, parcel.now)
    return Note(f"{f'【{head}】' if head else ''}{late}{sold}{cheer}")


def _late(message: LinkMessage, now: datetime) -> str:
    """Return the time of an event that is reported more than five minutes later."""
    if (now - message.created).total_seconds() < 300:
        return ""
    on = "" if message.created.date() == now.date() else f"{message.created.month}月{message.created.day}日 "
    return f"{on}{message.created:%H:%M} "


def _target(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    return Note(f"【达标】{_late(message, parcel.now)}{_target_line(facts)}")


def _target_line(facts: Mapping[str, Any]) -> str:
    return (
        f"{facts['team']}完成了当天的目标：{figure(facts['amount'])} 元，"
        f"目标 {figure(facts['target'])} 元，完成率 {percent(facts['rate'])}"
    )


def _correction(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    return Note(f"【更正】{_correction_line(facts)}。")


def _correction_line(facts: Mapping[str, Any]) -> str:
    old = f"{facts['at']} {seller(facts)}的{facts['product']} {figure(facts['amount'])} 元"
    new = facts.get("new")
    if new is None:
        return f"{old}这一单撤回了"
    return f"{old}，改为{seller(new)}的{new['product']} {figure(new['amount'])} 元"


def _line(message: LinkMessage) -> str:
    """Return the line of a message among others."""
    facts = message.payload
    at = f"{message.created:%H:%M}"
    if message.kind == "target":
        return f"{at} 达标　{_target_line(facts)}"
    if message.kind == "correction":
        return f"{at} 更正　{_correction_line(facts)}"
    head = HEADS.get(facts.get("how", ""), "")
    return f"{at} {seller(facts)}　{facts['product']}　{figure(facts['amount'])} 元{f'（{head}）' if head else ''}"


def _together(messages: Sequence[LinkMessage]) -> Note:
    deals = [message for message in messages if message.kind in ("first", "big", "deal")]
    total = sum((Decimal(str(message.payload["amount"])) for message in deals), Decimal())
    title = f"【喜报】{len(deals)} 单，一共 {figure(total)} 元" if deals else "【消息】"
    return Note(title, tuple(_line(message) for message in messages))


def _hourly(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    rows = facts["deals"]
    lines = [f"{seller(row)}　{row['product']}　{figure(row['amount'])} 元" for row in rows[:20]]
    if len(rows) > 20:
        lines.append(f"还有 {len(rows) - 20} 单")
    day = f"今天一共 {facts['day_count']} 单，{figure(facts['day_amount'])} 元。"
    return Note(
        f"【{facts['at']} 整点】{facts['count']} 单，合计 {figure(facts['amount'])} 元", (*lines, day)
    )


def _results(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    title = f"【战报】{day_words(date.fromisoformat(facts['date']))}，{facts['count']} 单，{figure(facts['amount'])} 元"
    if not facts["count"]:
        title = f"【战报】{day_words(date.fromisoformat(facts['date']))}，今天没有开单，明天加油。"
    people = people_lines(facts)
    teams = [_team_line(row) for row in facts["teams"][:MOST_TEAMS]]
    cities = [f"{row['name']}　{city_words(row)}" for row in facts.get("cities", ())]
    lines = [*people, *(["团队：", *teams] if teams else []), *(["各城市：", *cities] if cities else [])]
    if facts.get("comment"):
        lines.append(facts["comment"])
    return Note(title, tuple(lines))


def city_words(row: Mapping[str, Any]) -> str:
    """Return a city's completion; of one that has not reported, its last known figure and time."""
    rate, amount, as_of = row.get("rate"), row.get("amount"), str(row.get("as_of") or "")
    if not row.get("missing") or not as_of:
        return percent(rate) if rate is not None else "还没有报"
    if rate is None and amount is None:
        return "还没有报"
    last = percent(rate) if rate is not None else f"{figure(amount)} 元"
    return f"还没有报（{as_of} 为 {last}）"


def people_lines(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the lines of the day's best three."""
    return tuple(
        f"第{row['place']}名　{row['team']} {row['name']}　{row['count']} 单　{figure(row['amount'])} 元"
        for row in facts["people"][:3]
    )


def _team_line(row: Mapping[str, Any]) -> str:
    rate = rate_of(row)
    return f"{row['name']}　{figure(row['amount'])} 元{f'　完成 {rate}' if rate else ''}"


def rate_of(row: Mapping[str, Any]) -> str:
    """Return a row's completion, "" without a target."""
    return percent(row["rate"]) if row.get("rate") is not None else ""


def _top(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    period = "本周" if message.kind == "week" else "本月"
    prize = f"奖品：{facts['prize']}。" if facts.get("prize") else ""
    return Note(
        f"【{period}开拓能手】{seller(facts)}，{facts['count']} 单，{figure(facts['amount'])} 元",
        (f"恭喜，辛苦了！{prize}",),
    )


def _fault(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    if facts.get("over"):
        return Note(f"【设备恢复】{facts['what']}")
    return Note(f"【设备故障】{_late(message, parcel.now)}{facts['what']}",
                tuple(line for line in (facts.get("meanwhile"), facts.get("mend")) if line))  # fmt: skip


def _daily(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    day = date.fromisoformat(facts["date"])
    first, *rest = facts["lines"]
    return Note(f"【小结】{day_words(day)}：{first}", tuple(rest))


def _mail(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    return Note(f"给{facts['to_name']}：{letter(facts, message.kind).title}")


def _test(facts: Mapping[str, Any], message: LinkMessage, parcel: Parcel) -> Note:
    return Note(f"【测试】{parcel.office}的战鼓连上了这里，{message.created:%H:%M}。收到就是好的。")


_WRITERS: Final = {
    "first": _deal, "big": _deal, "deal": _deal, "target": _target, "correction": _correction, "hourly": _hourly,
    "results": _results, "week": _top, "month": _top, "fault": _fault, "daily": _daily,
    TEST: _test,
    "week_mail": _mail, "month_mail": _mail,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Letter:
    """The encouraging mail: its subject, paragraphs, the teams with their sums, and the last paragraph."""

    title: str
    before: tuple[str, ...]
    heading: str
    teams: tuple[tuple[str, str], ...]
    after: str

    @property
    def text(self) -> str:
        """Return the mail without a form, one line for each team."""
        rows = [f"{name}　{amount}" for name, amount in self.teams]
        parts = ("\n".join(self.before), "\n".join([self.heading, *rows]) if rows else "", self.after)
        return "\n\n".join(part for part in (self.title, *parts) if part)


def letter(facts: Mapping[str, Any], kind: str) -> Letter:
    """Return the encouraging mail about the top sales of a week or month."""
    period = "本周" if kind.startswith("week") else "本月"
    who, prize = seller(facts), f"，奖品是{facts['prize']}" if facts.get("prize") else ""
    own = facts.get("to_person") == facts.get("person_id")
    sold = f"{facts['count']} 单，{figure(facts['amount'])} 元{prize}"
    praise = f"{period}的开拓能手就是您：{sold}。恭喜，也谢谢您带了一个好头！"
    if not own:
        praise = f"{period}的开拓能手是{who}：{sold}。请一起喝彩！"
    ahead = "好成绩是一个电话一个电话打出来的。休息好，下周接着来！" if period == "本周" else (
        "好成绩是一个电话一个电话打出来的。新的一个月从零开始，人人都有机会！"
    )  # fmt: skip
    teams = [(str(row["name"]), f"{figure(row['amount'])} 元") for row in facts.get("teams", ())[:MOST_TEAMS]]
    name = UNNAMED if facts.get("hidden") else facts["person"]
    before = (f"{facts['to_name']}，您好！", praise)
    return Letter(f"{period}开拓能手：{name}", before, f"各团队{period}", tuple(teams), ahead)


def with_keyword(text: str, keyword: str) -> str:
    """Return text that contains the word which the robot's protection asks for."""
    return text if not keyword or keyword in text else f"{text}（{keyword}）"


def within(note: Note, most_bytes: int) -> str:
    """Return a note's text of at most `most_bytes`; lines that do not fit are counted in a last line."""
    lines = [note.title, *note.lines]
    if len("\n".join(lines).encode()) <= most_bytes:
        return "\n".join(lines)
    kept: list[str] = []
    for number, line in enumerate(lines):
        rest = f"（还有 {len(lines) - number} 行没有写下）"
        if len("\n".join([*kept, line, rest]).encode()) > most_bytes:
            return "\n".join([*kept, rest]) if kept else _cut(line, most_bytes)
        kept.append(line)
    return "\n".join(kept)


def _cut(line: str, most_bytes: int) -> str:
    return line.encode()[: most_bytes - 3].decode("utf-8", "ignore") + "…"
