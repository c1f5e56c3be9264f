"""Shared by all commands: how they end, their common options, and opening the home."""

from __future__ import annotations

import io
import logging
import sys
from contextlib import closing
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from controller.sales.store import Store
    from controller.system.paths import Home
    from controller.timetable.current import TimetableFile

FAILED, WRONG = 1, 2

home_option = click.option(
    "--home",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with config/, sounds/ and var/.",
)
host_option = click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104
port_option = click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
rehearsal_port_option = click.option("--port", default=8090, show_default=True, type=click.IntRange(0, 65535))


def echo(text: object, *, err: bool = False) -> None:
    """Print for a person or program; names and texts cannot control the terminal. All commands print with this."""
    from controller.system.log_file import plain

    click.echo("\n".join(plain(line) for line in str(text).split("\n")), err=err)


def qr_of(text: str) -> str:
    """Return a QR code for a terminal."""
    import segno

    drawn = io.StringIO()
    segno.make(text, error="m").terminal(drawn, compact=True, border=2)
    return drawn.getvalue()


def print_qr(text: str) -> None:
    """Print a QR code."""
    click.echo(qr_of(text))


def stop(sentence: str, code: int) -> NoReturn:
    """End the command with a sentence on stderr."""
    echo(sentence, err=True)
    sys.exit(code)


def within_reach(option: str, day: date) -> None:
    """End the command if the year is out of range; see `times.YEARS`."""
    from controller.timetable.times import YEARS

    if day.year not in YEARS:
        stop(f"{option} 写的是 {day.year} 年。可以写 {YEARS[0]} 年到 {YEARS[-1]} 年。", WRONG)


class CliGroup(click.Group):
    """A group that prints each refusal as its sentence; only programming errors end in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from controller.sales.model import Refused
        from controller.system.os_errors import reason
        from controller.timetable.problems import TimetableInvalid

        logging.getLogger().addHandler(logging.NullHandler())  # commands print sentences; `run` writes a log
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal without Chinese still shows the rest
        try:
            return super().invoke(ctx)
        except TimetableInvalid as faulty:
            stop("\n".join(str(fault) for fault in faulty.faults), WRONG)
        except Refused as refused:
            stop(refused.sentence, FAILED)
        except BrokenPipeError:
            raise  # the reader of our output is gone: click ends quietly
        except OSError as error:
            stop(f"{error.filename or '这里'}：{reason(error)}。", FAILED)


def timetable_of(home: Home) -> TimetableFile:
    """Return the timetable in force. Raises TimetableInvalid."""
    from controller.timetable.current import TimetableFile

    return TimetableFile(home.timetable, home.last_good)


def zone_of(home: Home) -> tzinfo | None:
    """Return the zone of the times that a command prints: the office's; None without a timetable: the machine's."""
    from controller.timetable.problems import TimetableInvalid

    try:
        return timetable_of(home).rhythm.zone
    except (TimetableInvalid, OSError):
        return None


def shown(at: datetime, zone: tzinfo | None) -> str:
    """Return a moment as people read it. All commands print a moment with this."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def store_of(home: Home) -> closing[Store]:
    """Return the store, to be used in a `with`. Raises StoreTrouble."""
    from controller.sales.store import Store

    return closing(Store(home.database))
