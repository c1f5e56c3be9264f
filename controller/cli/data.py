"""The owner's link, PIN, tokens, people, exports, and the check of all parts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from controller.cli.errors import FAILED, echo, home_option, print_qr, shown, stop, store_of, zone_of
from controller.system.paths import chosen, command

ROLES = ("owner", "manager", "director", "leader", "assistant", "sales", "program", "wall", "admin")
DEFAULT_PORT = 8080
COMMAND = "主机上的命令"
"""The author of a command's changes in the log of changes."""


@click.command()
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the token may do.")
@home_option
def token(name: str, role: str, home: Path | None) -> None:
    """Make a token for a program or a wall and print it, once."""
    from controller.sales.roles import ROLE_NAMES
    from controller.services.auth import Credentials

    with store_of(chosen(home)) as store:
        keys = Credentials(store)
        again = name in [existing.name for existing in keys.tokens()]
        secret = keys.make_token(name, role, COMMAND)
        keys.log.add("owner", COMMAND, f"新的令牌“{name}”，身份是{ROLE_NAMES[role]}")
    if again:
        echo(f"原来叫“{name}”的令牌从现在起失效，用它的程序要换成这一个。", err=True)
    echo(secret)


@click.command()
@home_option
def owner(home: Path | None) -> None:
    """Print a link that makes one phone the owner's, once, within an hour: also when the owner's phone is lost."""
    from controller.services.auth import Credentials
    from controller.system.local_daemon import named
    from controller.system.network import reachable_address
    from controller.system.process import running

    where = chosen(home)
    daemon = running(where.running)
    with store_of(where) as store:
        keys = Credentials(store)
        invited = keys.phones.invite_owner()
        keys.log.add("owner", COMMAND, "要了一个负责人的链接")
    here = reachable_address("0.0.0.0")  # noqa: S104
    link = f"http://{here}:{daemon.get('port', DEFAULT_PORT)}/join/{invited.link}"
    echo(link)
    print_qr(link)
    if by_name := named(daemon):
        echo(f"也可以用名字打开：{by_name}join/{invited.link}", err=True)
    echo(
        f"用负责人的手机打开这个链接，或者在登录页输入 {invited.code}。{invited.minutes} 分钟内有效，只能用一次。",
        err=True,
    )
    if not daemon:
        echo("战鼓现在没有运行，请先启动，再打开链接。", err=True)


@click.command()
@click.option("--new", is_flag=True, help="Change it; every phone that used it has to sign in again.")
@home_option
def pin(new: bool, home: Path | None) -> None:
    """Show the PIN, or change it."""
    from controller.services.auth import Credentials

    with store_of(chosen(home)) as store:
        keys = Credentials(store)
        echo(keys.new_pin() if new else keys.pin())
        on = keys.pin_on()
        if new:
            keys.log.add("owner", COMMAND, "换了公用 PIN，用它登录的手机都要重新登录")
    if new:
        echo("换好了。用 PIN 登录的手机都要用新的 PIN 重新登录。", err=True)
    if not on:
        echo("公用 PIN 已经关掉，现在不能用它登录；负责人可以在手机的“设备”页打开。", err=True)


@click.group(invoke_without_command=True)
@home_option
@click.pass_context
def tokens(context: click.Context, home: Path | None) -> None:
    """List the tokens and the phones that are signed in; `revoke` ends one."""
    context.obj = home
    if context.invoked_subcommand is not None:
        return
    from controller.services.auth import Credentials

    where = chosen(home)
    zone = zone_of(where)
    with store_of(where) as store:
        keys = Credentials(store)
        for token in keys.tokens():
            used = f"最近使用 {shown(token.used, zone)}" if token.used else "没有用过"
            by = f"　由{token.made_by}" if token.made_by else ""
            echo(f"{token.name}　{token.role}　{shown(token.created, zone)} 建立{by}　{used}")
        for phone in keys.sessions():
            echo(
                f"手机 {phone.id}　{phone.name}　{phone.role}　{phone.address}　"
                f"{shown(phone.created, zone)} 登录　最近使用 {shown(phone.seen, zone)}"
            )


@tokens.command()
@click.argument("name")
@home_option
@click.pass_context
def revoke(context: click.Context, name: str, home: Path | None) -> None:
    """End a token by its name, or a phone by the number that the list shows."""
    from controller.services.auth import Credentials

    with store_of(chosen(home or context.obj)) as store:
        keys = Credentials(store)
        if keys.end_token(name) or (name.isdecimal() and len(name) < 18 and keys.end_session(int(name))):
            keys.log.add("owner", COMMAND, f"作废令牌或手机“{name}”")
            echo(f"“{name}”已失效。")
        else:
            stop(f"没有叫“{name}”的令牌，也没有这个号码的手机。用 {command()} tokens 看有哪些。", FAILED)


@click.group(name="import")
def import_() -> None:
    """Import data."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--preview", is_flag=True, help="Show the effect of each row and write nothing.")
@home_option
def people(file: Path, preview: bool, home: Path | None) -> None:
    """People and teams from an Excel workbook (xlsx) or a CSV file."""
    from controller.cli.people_list import import_file

    with store_of(chosen(home)) as store:
        import_file(store, file, only_preview=preview)


@import_.command(name="measures")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--preview", is_flag=True, help="Show the effect and write nothing.")
@home_option
def import_measures(file: Path, preview: bool, home: Path | None) -> None:
    """Numbers beside the deals from a CSV file: a row per person and day, a column per number of the timetable."""
    from controller.cli.tables import import_file

    import_file(chosen(home), file, only_preview=preview)


_language = click.option(
    "--language", type=click.Choice(("zh", "en")), default="zh", help="The language of the headings."
)


@click.group()
def export() -> None:
    """Export data."""


@export.command(name="people")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_language
@home_option
def export_people(file: Path, language: str, home: Path | None) -> None:
    """People and teams into FILE, which ends in .csv or .xlsx, for changes and a new import."""
    from controller.cli.people_list import export_file

    with store_of(chosen(home)) as store:
        export_file(store, file, english=language == "en")


def _span(*formats: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that adds the options of an export of days."""
    return partial(_with_span, formats)


def _with_span(formats: Sequence[str], command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        home_option,
        _language,
        click.argument("file", type=click.Path(dir_okay=False, path_type=Path)),
        click.option("--format", "format_", type=click.Choice(formats), help="Default: the file's ending."),
        click.option("--to", "until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day."),
        click.option(
            "--from", "since", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day."
        ),
    ):
        command = option(command)
    return command


@export.command()
@_span("csv", "xlsx", "parquet")
def deals(
    since: datetime, until: datetime, file: Path, format_: str | None, language: str, home: Path | None
) -> None:
    """The deals of a span into a new CSV file, Excel workbook or Parquet file, also those taken back."""
    from controller.cli.tables import export_deals

    export_deals(chosen(home), since.date(), until.date(), file, format_, language)


@export.command()
@_span("csv", "xlsx")
def measures(
    since: datetime, until: datetime, file: Path, format_: str | None, language: str, home: Path | None
) -> None:
    """The numbers beside the deals (calls, appointments, payments) of a span, as CSV or Excel workbook."""
    from controller.cli.tables import export_measures

    export_measures(chosen(home), since.date(), until.date(), file, format_, language)


@click.command()
@home_option
def doctor(home: Path | None) -> None:
    """Look at every part and say what is well, what is not, and what to do."""
    from controller.cli.doctor import examine

    well = True
    for line in examine(chosen(home)):
        echo(line)
        well = well and not line.serious
    sys.exit(0 if well else FAILED)


COMMANDS = (owner, pin, tokens, token, import_, export, doctor)
