"""Format a day as text: its plan for `zhangu today`, its frozen results for `zhangu results`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from controller.sales import results
from controller.sales.standings import Standing
from controller.timetable.labels import ROLES, SAYINGS, SCENES


def day_in_words(plan: dict[str, Any]) -> str:
    """Return a day's plan (`timetable.to_json`): under headings a line for each entry, cue and duty."""
    lines = [f"{plan['date']}　{'工作日' if plan['workday'] else '休息日'}（{plan['why']}）"]
    lines += ["时段"] if plan["entries"] else []
    for entry in plan["entries"]:
        notes = [f"音乐 {entry['music']}，音量 {entry['volume']}"] if entry["music"] else []
        notes += ["安静"] if entry["quiet"] else []
        lines.append(
            f"  {entry['at']}–{entry['until']}  {entry['name']}{'　' + '；'.join(notes) if notes else ''}"
        )
    lines += ["播报和画面"] if plan["cues"] else []
    for cue in plan["cues"]:
        lines.append(
            f"  {cue['at']}"
            + (f"  播报 {SAYINGS.get(cue['say'], cue['say'])}" if cue["say"] else "")
            + (f"  显示 {SCENES.get(cue['show'], cue['show'])}" if cue["show"] else "")
        )
    lines += ["要做的事"] if plan["duties"] else []
    for duty in plan["duties"]:
        lines.append(f"  {duty['at'] or '全天'}  {ROLES.get(duty['who'], duty['who'])}：{duty['what']}")
    lines += [f"  注意：{warning}" for warning in plan["warnings"]]
    return "\n".join(lines)


def results_in_words(frozen: Mapping[str, Any]) -> str:
    """Return the frozen results, best first."""
    show = results.from_json(frozen)
    lines = [f"{show.date}　{show.office}　{show.count} 单，{_yuan(show.amount)}"]
    lines += ["个人", *(_person(row) for row in show.people)] if show.people else ["今天没有签单。"]
    lines += ["团队", *(_team(row) for row in show.teams)] if show.teams else []
    if show.cities:
        lines.append("各地")
        lines += [f"  {city.place}. {city.name}　{_rate(city.rate)}" for city in show.cities]
    for label, row in (("本周开拓能手", show.week_top), ("本月开拓能手", show.month_top)):
        lines += [f"{label}　{row.name}　{row.team}　{_yuan(row.amount)}"] if row else []
    return "\n".join([*lines, *([show.comment] if show.comment else [])])


def _person(row: Standing) -> str:
    return f"  {row.place}. {row.name}　{row.team}　{row.count} 单　{_yuan(row.amount)}"


def _team(row: Standing) -> str:
    goal = f" / {_yuan(row.target)}　{_rate(row.rate)}" if row.target else ""
    return f"  {row.place}. {row.name}　{row.count} 单　{_yuan(row.amount)}{goal}"


def _yuan(amount: Decimal) -> str:
    return f"¥{amount:,.2f}".removesuffix(".00")


def _rate(rate: Decimal | None) -> str:
    """Format a rate, never rounded up: a target not reached must not look reached."""
    return "—" if rate is None else f"{int(rate * 100)}%"
