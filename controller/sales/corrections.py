"""Corrections of this week's deals: which dates are allowed, and the sentence that corrects a spoken one. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from controller.sales.messages import Words
from controller.sales.model import Conflict, Deal, Refused

KEY: Final = "correction:"
"""Start of the key of the sentence about a corrected or restored deal; the deal's id follows."""
OLDEST: Final = date(2000, 1, 1)
WEEKDAYS: Final = "一二三四五六日"
_CORRECTED: Final = ("person_id", "product", "amount", "date")


def week_so_far(today: date) -> tuple[date, ...]:
    """Return the days of this week from Monday up to and including today."""
    return tuple(today - timedelta(days=back) for back in range(today.weekday(), -1, -1))


def in_words(day: date, today: date) -> str:
    """Return a date as people say it: 今天, 昨天, else 11月23日（周一）."""
    if day == today:
        return "今天"
    if day == today - timedelta(days=1):
        return "昨天"
    return written(day) if day.year == today.year else f"{day.year}年{day.month}月{day.day}日"


def written(day: date) -> str:
    """Return a date with its weekday: 11月23日（周一）."""
    return f"{day.month}月{day.day}日（周{WEEKDAYS[day.weekday()]}）"


def checked_date(wanted: date | None, today: date, *, history: bool = False) -> date:
    """Return the day for which a deal counts, today when none is named. Raises `Refused` outside this week.

    `history`: a deal of a program or an imported list, which may be older.
    """
    if wanted is None:
        return today
    week = week_so_far(today)
    if history and OLDEST <= wanted < week[0]:
        return wanted
    if wanted not in week:
        first = "今天" if week[0] == today else f"{written(week[0])}到今天"
        raise Refused(f"{written(wanted)}不能记单：只能记在本周，{first}。没有记下。", field="date")
    return wanted


def check_correctable(old: Deal, today: date, *, history: bool = False) -> None:
    """Raise `Refused` when a deal is from an earlier week, `Conflict` when it was taken back or corrected already.

    `history`: the correction comes from the program or list that has the deal, which may be old.
    """
    if not history and old.date not in week_so_far(today):
        raise Refused(
            f"这一单是 {written(old.date)}的，那一周已经结束，不能再改。真的错了可以撤回。", field="replaces"
        )
    if old.voided is not None:
        done = "刚才已经有人改过了" if old.replaced_by is not None else "已经撤回了"
        raise Conflict(f"这一单{done}，没有再改一次。请看列表里现在的样子。", field="replaces")


def check_restorable(deal: Deal, today: date) -> None:
    """Raise `Refused` when a deal is from an earlier week."""
    if deal.date not in week_so_far(today):
        raise Refused(
            f"这一单是 {written(deal.date)}的，那一周已经结束，不能恢复。要算进来，请按今天报一单。",
            field="id",
        )


def correction(old: Deal, new: Deal, words: Words) -> str:
    """Return the sentence that corrects a spoken deal: the right value, and the wrong one where only one changed."""
    was, now_is = words.amount(old.amount), words.amount(new.amount)
    match [name for name in _CORRECTED if getattr(old, name) != getattr(new, name)]:
        case ["amount"]:
            return f"更正：{_whose(new)}是{now_is}，不是{was}。"
        case ["person_id"]:
            return f"更正：{new.product}{now_is}这一单是{new.team}的{new.person}签的，不是{old.person}。"
        case ["product"]:
            return f"更正：{new.person}的{now_is}这一单是{_named(new)}，不是{_named(old)}。"
        case ["date"]:
            days = f"算在{_weekday(new.date)}，不是{_weekday(old.date)}"
            return f"更正：{new.person}的{new.product}{now_is}这一单{days}。"
        case changed:
            day = f"，算在{_weekday(new.date)}" if "date" in changed else ""
            wrong, right = f"{old.person}的{old.product}{was}", f"{new.person}的{new.product}{now_is}"
            return f"更正：{wrong}，改为{right}{day}。"


def late_entry(new: Deal, words: Words) -> str:
    """Return the sentence for a deal that is recorded for an earlier day."""
    signed = f"{new.team}的{new.person}{_weekday(new.date)}签了{_named(new)}"
    return f"补记一单：{signed}，金额是{words.amount(new.amount)}。"


def still_counts(deal: Deal, words: Words) -> str:
    """Return the sentence for a deal that was spoken, taken back and restored."""
    return f"更正：{deal.person}的{deal.product}{words.amount(deal.amount)}这一单仍然算数。"


def frozen_note(day: date, today: date, frozen_at: str) -> str:
    """Return the sentence for a change on a day whose results are published."""
    return f"{in_words(day, today)} {frozen_at} 公布的战报不变；排名和合计按现在的单算。"


def history_note(day: date, today: date) -> str:
    """Return the sentence for a deal of a week that is over."""
    return f"这一单算在{in_words(day, today)}，那一周已经过去：已经记下的获奖不变，排名和合计按现在的单算。"


def _whose(deal: Deal) -> str:
    return f"{deal.person}的{deal.product}" if deal.product else f"{deal.person}的这一单"


def _named(deal: Deal) -> str:
    return deal.product or "没有写产品的一单"


def _weekday(day: date) -> str:
    return f"星期{WEEKDAYS[day.weekday()]}"
