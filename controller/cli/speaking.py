"""A text aloud, or as a file."""

from __future__ import annotations

from pathlib import Path

import click

from controller.cli.manners import FAILED, home_option, stop
from controller.machine.home import chosen


@click.command()
@click.argument("text")
@home_option
def say(text: str, home: Path | None) -> None:
    """Say a text over the speakers: through the running daemon, or directly when none runs."""
    from controller.cli import speak

    failed = speak.aloud(chosen(home), text, click.echo)
    if failed:
        stop(failed, FAILED)


@click.command()
@click.argument("text")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the WAV file.")
@click.option("--spoken", is_flag=True, help="Only print the text as the engine gets it.")
@home_option
def voice(text: str, out: Path | None, spoken: bool, home: Path | None) -> None:
    """Turn a text into a sound file, with the office's names read as the office reads them."""
    from controller.cli import speak

    where = chosen(home)
    script = speak.script_of(where, text)
    if spoken:
        click.echo(speak.as_engine_gets_it(where, script))
        return
    file = out or Path("voice.wav")
    failed = speak.to_file(where, script, file)
    if failed:
        stop(failed, FAILED)
    click.echo(str(file))


COMMANDS = (say, voice)
