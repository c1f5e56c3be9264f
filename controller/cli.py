"""The commands, thin: each asks one part of the house and prints what it answers.

Exit codes: 0 well, 1 failed, 2 wrong use or a faulty timetable.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from controller.home import Home, chosen

if TYPE_CHECKING:
    from controller.almanac import Almanac
    from controller.book.store import Store
    from controller.daemon import Options

FAILED, WRONG = 1, 2
ROLES = ("admin", "assistant", "leader", "director", "program", "wall")

home_option = click.option(
    "--home",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with config/, sounds/ and var/.",
)
host_option = click.option("--host", default="0.0.0.0", show_default=True, help="Address to listen on.")  # noqa: S104
port_option = click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))


def stop(sentence: str, code: int) -> NoReturn:
    """Ends the command with a sentence on stderr."""
    click.echo(sentence, err=True)
    sys.exit(code)


class Told(click.Group):
    """Whatever a command refuses is told in its sentence; only a fault of ours ends in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from controller.book.model import Refused
        from controller.reasons import reason
        from controller.rhythm.faults import Faulty

        logging.getLogger().addHandler(
            logging.NullHandler()
        )  # commands speak in sentences; `run` keeps a log
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal without Chinese still shows the rest
        try:
            return super().invoke(ctx)
        except Faulty as faulty:
            stop("\n".join(str(fault) for fault in faulty.faults), WRONG)
        except Refused as refused:
            stop(refused.sentence, FAILED)
        except BrokenPipeError:
            raise  # the reader of our output has gone: click ends quietly
        except OSError as error:
            stop(f"{error.filename or '这里'}：{reason(error)}。", FAILED)


@click.group(cls=Told)
def main() -> None:
    """战鼓 Zhangu: the office's PA and walls, in step with a timetable."""


@main.command()
@home_option
@host_option
@port_option
@click.option(
    "--storybook", is_flag=True, help="Also serve every wall scene with made-up values at /storybook."
)
@click.option("--tls", is_flag=True, help="Also serve HTTPS, with a certificate of its own making.")
@click.option("--tls-port", default=8443, show_default=True, type=click.IntRange(0, 65535))
def run(home: Path | None, host: str, port: int, storybook: bool, tls: bool, tls_port: int) -> None:
    """Run the daemon."""
    from controller.daemon import Options

    _run(Options(chosen(home), host, port, storybook=storybook, tls_port=tls_port if tls else None))


@main.command()
@click.option("--at", "at", required=True, help='Where the clock starts, for example "2026-11-27 18:04:50".')
@home_option
@host_option
@port_option
def rehearse(at: str, home: Path | None, host: str, port: int) -> None:
    """Run the real thing at another date and time, on a scratch copy of the data."""
    from controller.daemon import Options
    from controller.rehearsal import scratch

    where = chosen(home)
    zone = _almanac(where).rhythm.zone
    try:
        start = datetime.fromisoformat(at)
    except ValueError:
        stop(f"--at 写的是“{at}”。要写日期和时间，例如 2026-11-27 18:04:50。", WRONG)
    start = start.replace(tzinfo=zone) if start.tzinfo is None else start.astimezone(zone)
    with scratch(where) as copy:
        _run(Options(copy, host, port, start=start))


@main.command(name="demo")
@home_option
@host_option
@port_option
@click.option("--once/--loop", "once", default=True, help="End after the day, or play it again and again.")
def demo_(home: Path | None, host: str, port: int, once: bool) -> None:
    """A made-up office's day in about six minutes, heard and seen."""
    from controller import demo
    from controller.doorway import CannotListen

    try:
        sys.exit(demo.run(chosen(home), host, port, loop=not once, tell=click.echo))
    except CannotListen as error:
        stop(error.sentence, FAILED)


def _run(options: Options) -> None:
    from controller import daemon
    from controller.doorway import CannotListen
    from controller.greeting import greet
    from controller.reasons import reason
    from controller.single import AlreadyRunning

    try:
        daemon.keep_log(options.home, to_screen=True)
        sys.exit(daemon.run(options, greet))
    except AlreadyRunning as other:
        stop(
            f"{options.home.root} 里已经有一个战鼓在运行（进程 {other.pid}，端口 {other.port}）。"
            "先停掉它，或用 --home 指定别的目录。",
            FAILED,
        )
    except CannotListen as error:
        stop(error.sentence, FAILED)
    except BrokenPipeError:
        raise
    except OSError as error:
        stop(f"不能写入 {options.home.var}：{reason(error)}。请检查磁盘空间和目录权限。", FAILED)


@main.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@home_option
def check(file: Path | None, home: Path | None) -> None:
    """Check the timetable; every fault is told at once."""
    from controller.rhythm import config

    path = file or chosen(home).timetable
    config.load(path)
    click.echo(f"{path}：没有问题。")


@main.command()
@click.option("--date", "day", help="YYYY-MM-DD; default: today in the office.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def today(day: str | None, as_json: bool, home: Path | None) -> None:
    """Show the plan of a day."""
    from controller.rhythm.timetable import to_json

    almanac = _almanac(chosen(home))
    plan = to_json(almanac.plan(_day(day, almanac)))
    click.echo(json.dumps(plan, ensure_ascii=False, indent=2) if as_json else _readable(plan))


@main.command()
@click.option("--date", "day", help="YYYY-MM-DD; default: today in the office.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@home_option
def results(day: str | None, as_json: bool, home: Path | None) -> None:
    """Show a day's results as the 18:05 show froze them."""
    from controller import results as told

    where = chosen(home)
    wanted = _day(day, _almanac(where))
    with _book(where) as store, store.read() as book:
        found = book.desk.results(wanted)
    if found is None:
        stop(f"{wanted} 没有公布过战报。", FAILED)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if as_json else told.in_words(found))


def _day(day: str | None, almanac: Almanac) -> date:
    try:
        return date.fromisoformat(day) if day else datetime.now(almanac.rhythm.zone).date()
    except ValueError:
        stop(f"--date 写的是“{day}”。要写成 2026-11-27 这样。", WRONG)


def _readable(plan: dict[str, object]) -> str:
    from controller.greeting import day_in_words

    return day_in_words(plan)


def _almanac(home: Home) -> Almanac:
    from controller.almanac import Almanac

    return Almanac(home.timetable, home.last_good)


@main.command()
@click.argument("text")
@home_option
def say(text: str, home: Path | None) -> None:
    """Say a text over the speakers: through the running daemon, or directly when none runs."""
    from controller import speak

    failed = speak.aloud(chosen(home), text)
    if failed:
        stop(failed, FAILED)


@main.command()
@click.argument("text")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the WAV file.")
@click.option("--spoken", is_flag=True, help="Only print the text as the engine gets it.")
@home_option
def voice(text: str, out: Path | None, spoken: bool, home: Path | None) -> None:
    """Turn a text into a sound file, with the office's names read as the office reads them."""
    from controller import speak

    where = chosen(home)
    words = speak.words(where, text)
    if spoken:
        click.echo(words)
        return
    file = out or Path("voice.wav")
    failed = speak.to_file(where, words, file)
    if failed:
        stop(failed, FAILED)
    click.echo(str(file))


@main.command()
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the token may do.")
@home_option
def token(name: str, role: str, home: Path | None) -> None:
    """Make a token for a program or a wall and print it, once."""
    from controller.office.keys import Keys

    with _book(chosen(home)) as store:
        click.echo(Keys(store).make_token(name, role))


@main.group(name="import")
def import_() -> None:
    """Bring data in."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path))
@home_option
def people(file: Path, home: Path | None) -> None:
    """People and teams from a CSV file with the columns team, person, leader, say_as."""
    from controller.book.people import read_people
    from controller.reasons import reason

    try:
        data = file.read_bytes()
    except OSError as error:
        stop(f"读不了 {file}：{reason(error)}。", FAILED)
    rows = read_people(data)
    with _book(chosen(home)) as store, store.write() as book:
        done = book.roster.import_people(rows)
    click.echo(f"新增 {done.added} 人，更新 {done.changed} 人，{done.same} 人没有变化。")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def backup(file: Path, home: Path | None) -> None:
    """Copy the book into one file, also while the daemon runs."""
    where = chosen(home)
    if not where.book.exists():
        stop(f"没有备份成：{where.root} 里还没有账本。请用 --home 指定战鼓所在的目录。", FAILED)
    with _book(where) as store:
        store.backup(file)
    click.echo(f"已备份到 {file}。")


@main.command()
@home_option
def doctor(home: Path | None) -> None:
    """Look at every part and say what is well, what is not, and what to do."""
    from controller import checkup

    well = True
    for line in checkup.examine(chosen(home)):
        click.echo(line)
        well = well and not line.serious
    sys.exit(0 if well else FAILED)


@main.command()
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="Where Zhangu runs.")
@click.option("--name", default="kiosk", show_default=True, help="What this screen is called.")
@home_option
def kiosk(server: str, name: str, home: Path | None) -> None:
    """Show a wall on this machine's own screen, watch it, and turn the screen off at night."""
    import logging

    from controller import kiosk as screen
    from controller.farewell import Farewell

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    over = Farewell()
    folder = chosen(home).var
    try:
        folder.mkdir(parents=True, exist_ok=True)
        browser = screen.find_browser()
        failed = screen.Kiosk(server.rstrip("/"), name, folder, browser, screen.screen_size()).watch(
            over.wait
        )
    except screen.NoBrowser as missing:
        stop(missing.sentence, FAILED)
    except OSError as error:
        stop(f"不能写入 {folder}：{error.strerror}。", FAILED)
    if failed:
        stop("浏览器已经重开了三次，屏幕还是没有动静。请重启主机，或看看内存和显示器的连线。", FAILED)


def _book(home: Home) -> closing[Store]:
    from controller.book.store import Store

    return closing(Store(home.book))
