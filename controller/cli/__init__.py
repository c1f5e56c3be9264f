"""The commands, thin: each asks one part of the house and prints what it answers.

Exit codes: 0 well, 1 failed, 2 wrong use or a faulty timetable. A room per subject: `running` (what goes on until it
is stopped), `timetable` (what should happen), `speaking` (a text aloud),
`voices` (who speaks), `data` (what comes in and goes out). They
import the rest of the house when they are called: `zhangu check` shall not wait for the web.
"""

from __future__ import annotations

import click

from controller.cli import data, run, speech, timetable, voices
from controller.cli.errors import CliGroup

__all__ = ["main"]


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from controller.system.paths import version

    click.echo(f"zhangu {version()}")
    context.exit()


@click.group(cls=CliGroup)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
def main() -> None:
    """战鼓 Zhangu: the office's PA and walls, in step with a timetable."""


for room in (run, timetable, speech, voices, data):
    for command in room.COMMANDS:
        main.add_command(command)
