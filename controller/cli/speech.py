"""Commands that speak a text aloud or into a file."""

from __future__ import annotations

import re
from pathlib import Path

import click

from controller.cli.errors import FAILED, echo, home_option, stop
from controller.system.paths import chosen


class Spoken(click.Command):
    """A command whose TEXT may start with a minus: `zhangu say "-5℃"` has no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put arguments that only look like options behind `--`."""
        known = {name for option in self.get_params(ctx) for name in option.opts}
        if "--" in args:
            return super().parse_args(ctx, args)
        text = next((arg for arg in args if arg.startswith("-") and arg.split("=")[0] not in known), None)
        if text is None or re.fullmatch(r"--?[A-Za-z][A-Za-z-]*(?:=.*)?", text):
            return super().parse_args(ctx, args)  # let click report a misspelt option
        at = args.index(text)
        return super().parse_args(ctx, [*args[:at], *args[at + 1 :], "--", text])


@click.command(cls=Spoken)
@click.argument("text")
@home_option
def say(text: str, home: Path | None) -> None:
    """Say a text over the speakers: through the running daemon, or directly when none runs."""
    from controller.cli import saying

    failed = saying.aloud(chosen(home), text, echo)
    if failed:
        stop(failed, FAILED)


@click.command(cls=Spoken)
@click.argument("text")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the WAV file.")
@click.option("--spoken", is_flag=True, help="Only print the text as the engine gets it.")
@home_option
def voice(text: str, out: Path | None, spoken: bool, home: Path | None) -> None:
    """Turn a text into a sound file, with the office's names read as the office reads them."""
    from controller.cli import saying

    where = chosen(home)
    script = saying.script_of(where, text)
    if spoken:
        echo(saying.as_engine_gets_it(where, script))
        return
    file = out or Path("voice.wav")
    failed = saying.to_file(where, script, file)
    if failed:
        stop(failed, FAILED)
    echo(str(file))


COMMANDS = (say, voice)
