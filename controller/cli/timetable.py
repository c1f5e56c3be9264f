"""Show what is planned, and the results of a day: check, today, results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli.errors import FAILED, WRONG, echo, home_option, stop, store_of, timetable_of, within_reach
from controller.system.paths import chosen

if TYPE_CHECKING:
    from controller.sales.standings import Standing
    from controller.system.paths import Home
    from controller.timetable.current import TimetableFile
    from controller.timetable.model import Timetable

AROUND = timedelta(days=62)
"""Exceptions within this decide which working day of its week or month a date is."""


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@home_option
def check(file: Path | None, home: Path | None) -> None:
    """Check the timetable and print all faults at once."""
    from controller.timetable import load

    where = chosen(home)
    path = file or where.timetable
    rhythm = load.load(path)
    hints = [*_hints(rhythm, where), *_without_music(rhythm, where), *_without_voice(rhythm, where)]
    echo(f"{path}：没有问题。" if not hints else f"{path}：没有错误，可以用，有 {len(hints)} 处请看一下：")
    for sentence in hints:
        echo(f"注意：{sentence}")


def _hints(rhythm: Timetable, home: Home) -> tuple[str, ...]:
    """Return hints about things that will not happen with this home's calendar and teams."""
    from controller.timetable.load import hints
    from controller.timetable.public_holidays import kept_in
    from controller.timetable.workdays import Workdays

    teams: list[str] = []
    if home.database.exists():
        with store_of(home) as store, store.read() as session:
            teams = [team.name for team in session.roster.teams()]
    look = kept_in(home.cache / "public-days")
    days = Workdays(rhythm.holidays, rhythm.days_off, rhythm.extra_workdays, look)
    return hints(rhythm, days, datetime.now(rhythm.zone).date(), teams)


def _without_music(rhythm: Timetable, home: Home) -> list[str]:
    """Return spans whose playlist does not exist (the file alone cannot show it): they would be silent."""
    from controller.sound.library import playlists
    from controller.timetable.problems import nearest

    there = playlists(home.root)
    wanted = {choice.playlist: span for span in reversed(rhythm.spans) for choice in span.music}
    missing = [(name, span) for name, span in wanted.items() if name not in there]
    guesses = {name: nearest(name, there) for name, _ in missing}
    return [
        f"“{span.name}”要放的“{name}”不在 sounds/music 里，到时没有音乐。"
        + (f"是不是“{guesses[name]}”？" if guesses[name] else "")
        for name, span in missing
    ]


def _without_voice(rhythm: Timetable, home: Home) -> list[str]:
    """Return a hint if the voice does not exist (the file alone cannot show it)."""
    from controller.services.voices import folders, misnamed

    faults = misnamed(rhythm.sound, folders(home.var / "voices"))
    return [f"sound › {key}：{sentence}" for key, sentence in faults.items()]


@click.command()
@click.option("--date", "day", help="YYYY-MM-DD; default: today in the office.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def today(day: str | None, as_json: bool, home: Path | None) -> None:
    """Show the plan of a day."""
    from controller.timetable.plan import to_json

    where = chosen(home)
    timetable_file = timetable_of(where)
    wanted = _day(day, timetable_file)
    _except(timetable_file, where, wanted)
    plan = to_json(timetable_file.plan(wanted))
    echo(json.dumps(plan, ensure_ascii=False, indent=2) if as_json else day_in_words(plan))


def _except(timetable_file: TimetableFile, home: Home, day: date) -> None:
    """Have the plan follow the exceptions made on the phone, those of the dates around it included."""
    if not home.database.exists():
        return
    from contextlib import closing

    from controller.sales.model import StoreTrouble
    from controller.sales.store import Store

    try:
        with (
            closing(Store(home.database, timetable_file.rhythm.zone, stand_in=True)) as store,
            store.read() as session,
        ):
            if (trouble := store.ailing()) is not None:
                echo(f"{trouble.sentence}临时安排可能不全。", err=True)
            around = (day - AROUND, day + AROUND)
            timetable_file.except_on(session.exceptions.in_force(*around))
    except StoreTrouble as trouble:
        echo(f"{trouble.sentence}临时安排不在里面。", err=True)


@click.command()
@click.option("--date", "day", help="YYYY-MM-DD; default: today in the office.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def results(day: str | None, as_json: bool, home: Path | None) -> None:
    """Show a day's results as the 18:05 show froze them."""
    where = chosen(home)
    wanted = _day(day, timetable_of(where))
    with store_of(where) as store, store.read() as session:
        frozen = session.settings.results(wanted)
    if frozen is None:
        stop(f"{wanted} 没有公布过战报。", FAILED)
    echo(json.dumps(frozen, ensure_ascii=False, indent=2) if as_json else results_in_words(frozen))


def _day(day: str | None, timetable_file: TimetableFile) -> date:
    try:
        chosen = date.fromisoformat(day) if day else datetime.now(timetable_file.rhythm.zone).date()
    except ValueError:
        stop(f"--date 写的是“{day}”。要写成 2026-11-27 这样。", WRONG)
    within_reach("--date", chosen)
    return chosen


# --- A day as text


def day_in_words(plan: dict[str, Any]) -> str:
    """Return a day's plan (`timetable.to_json`): under headings a line for each entry, cue and duty."""
    from controller.timetable.labels import ROLES, SAYINGS, SCENES

    lines = [f"{plan['date']}　{'工作日' if plan['workday'] else '休息日'}（{plan['why']}）"]
    lines += [_exception(one) for one in plan.get("exceptions", ())]
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


def _exception(one: Mapping[str, Any]) -> str:
    made = f"，{one['made'][:16].replace('T', ' ')}" if one["made"] else ""
    return f"  临时安排：{one['words']}（{one['by'] or '手机'}{made}）"


def results_in_words(frozen: Mapping[str, Any]) -> str:
    """Return the frozen results, best first."""
    from controller.sales.results import from_json

    show = from_json(frozen)
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


COMMANDS = (check, today, results)
