"""Show what is planned, and the results of a day: check, today, results."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli.errors import FAILED, WRONG, echo, home_option, stop, store_of, timetable_of, within_reach
from controller.system.paths import chosen

if TYPE_CHECKING:
    from controller.system.paths import Home
    from controller.timetable.current import TimetableFile
    from controller.timetable.model import Timetable


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
    from controller.cli.format import day_in_words
    from controller.timetable.plan import to_json

    timetable_file = timetable_of(chosen(home))
    plan = to_json(timetable_file.plan(_day(day, timetable_file)))
    echo(json.dumps(plan, ensure_ascii=False, indent=2) if as_json else day_in_words(plan))


@click.command()
@click.option("--date", "day", help="YYYY-MM-DD; default: today in the office.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def results(day: str | None, as_json: bool, home: Path | None) -> None:
    """Show a day's results as the 18:05 show froze them."""
    from controller.cli.format import results_in_words

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


COMMANDS = (check, today, results)
