"""The commands. Thin: each calls one part of the program and prints its answer.

Exit codes: 0 success, 1 failure, 2 wrong usage or an invalid timetable. A module per subject: `run` (the daemon and
other long-running commands), `timetable` (what is planned), `speech` (speak a text), `voices` (manage voices),
`data` (import, export, tokens), `backup` (backup, restore), `upgrade` (upgrade, rollback), `hub` (head office). They
import the rest of the program only when called, so that `zhangu check` does not wait for the web.
"""

from __future__ import annotations

import click

from controller.cli import backup, data, hub, run, speech, status, timetable, upgrade, voices
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


for module in (run, timetable, speech, voices, data, backup, upgrade, status, hub):
    for command in module.COMMANDS:
        main.add_command(command)
