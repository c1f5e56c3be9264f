"""What comes in and goes out: tokens, people, the backup; and whether all parts are well."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from controller.cli.manners import FAILED, book_of, home_option, stop
from controller.machine.home import chosen

ROLES = ("admin", "assistant", "leader", "director", "program", "wall")


@click.command()
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the token may do.")
@home_option
def token(name: str, role: str, home: Path | None) -> None:
    """Make a token for a program or a wall and print it, once."""
    from controller.office.keys import Keys

    with book_of(chosen(home)) as store:
        click.echo(Keys(store).make_token(name, role))


@click.group(name="import")
def import_() -> None:
    """Bring data in."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path))
@home_option
def people(file: Path, home: Path | None) -> None:
    """People and teams from a CSV file with the columns team, person, leader, say_as."""
    from controller.machine.reasons import reason
    from controller.office.people import import_list

    try:
        data = file.read_bytes()
    except OSError as error:
        stop(f"读不了 {file}：{reason(error)}。", FAILED)
    with book_of(chosen(home)) as store:
        done, notes = import_list(store, data)
    click.echo(f"新增 {done.added} 人，更新 {done.changed} 人，{done.same} 人没有变化。")
    for note in notes:
        click.echo(f"注意：{note}")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def backup(file: Path, home: Path | None) -> None:
    """Copy the book into one file, also while the daemon runs."""
    where = chosen(home)
    if not where.book.exists():
        stop(f"没有备份成：{where.root} 里还没有账本。请用 --home 指定战鼓所在的目录。", FAILED)
    with book_of(where) as store:
        store.backup(file)
    click.echo(f"已备份到 {file}。")


@click.command()
@home_option
def doctor(home: Path | None) -> None:
    """Look at every part and say what is well, what is not, and what to do."""
    from controller.cli import checkup

    well = True
    for line in checkup.examine(chosen(home)):
        click.echo(line)
        well = well and not line.serious
    sys.exit(0 if well else FAILED)


COMMANDS = (token, import_, backup, doctor)
