"""The commands that start the daemon: run, rehearse, demo, kiosk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.errors import echo, print_qr, qr_of
from controller.system.network import reachable_address

if TYPE_CHECKING:
    from controller.daemon import Daemon

import os
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from controller.cli.errors import (
    FAILED,
    WRONG,
    home_option,
    host_option,
    port_option,
    rehearsal_port_option,
    stop,
    timetable_of,
    within_reach,
)
from controller.system.atomic_file import rewrite
from controller.system.paths import chosen, command

if TYPE_CHECKING:
    from controller.daemon import Options


def greet(daemon: Daemon) -> None:
    """Print the addresses for walls and phones."""
    where = reachable_address(daemon.host)
    address = f"http://{where}:{daemon.server.port}"
    echo("")
    if daemon.clock.rehearsal:
        echo(f"  彩排：时钟从 {daemon.clock.now():%Y-%m-%d %H:%M:%S} 走起，数据是副本，结束后不保留。")
    echo(f"  手机：{address}/")
    echo(f"  大屏：{address}/wall")
    if daemon.secured is not None:
        echo(f"  加密：https://{where}:{daemon.front.port}/　怎样信任：手机“设备”页")
        echo(f"  证书指纹：{daemon.secured.fingerprint()}")
    echo(f"  PIN：{daemon.office.keys.pin() if daemon.office.keys.pin_on() else '已关掉'}")
    print_qr(address + "/")
    link = _greet_owner(daemon, address)
    _greet_console(daemon.server.port, link or f"{address}/")
    daemon.office.addresses.on_name(lambda named: _greet_name(daemon, named, link or f"{address}/"))
    for problem in daemon.office.snapshot.glance().problems:
        echo(f"  注意：{problem.what}{problem.meanwhile}{problem.mend}")


def _greet_name(daemon: Daemon, named: str, link: str) -> None:
    """Print the address under the machine's name when it has been announced, and show it on the console."""
    echo(f"  也可以用名字：{named}　大屏：{named}wall")
    _greet_console(daemon.server.port, link, named)


def _greet_console(port: int, link: str, named: str = "") -> None:
    """Write the greeting that an installed box shows on its screen, in the folder that systemd gives the service.

    The console shows no Chinese. agetty replaces `\\4` by the present address, so that line is always right.
    """
    folder = os.environ.get("RUNTIME_DIRECTORY")
    if not folder:
        return
    lines = f"Zhangu   phone: http://\\4:{port}/   TV: http://\\4:{port}/wall   sudo zhangu status"
    if named:
        lines += f"\nby name  phone: {named}   TV: {named}wall"
    owner = f"Owner's phone, within an hour after the start: {link}\n" if "/join/" in link else ""
    rewrite(Path(folder) / "issue", f"{lines}\n{owner}{qr_of(link)}\n".encode())


def _greet_owner(daemon: Daemon, address: str) -> str:
    """Print a link for the owner's phone until there is one, and return it; a rehearsal has none."""
    from controller.sales.model import StoreTrouble

    keys = daemon.office.keys
    try:
        if daemon.clock.rehearsal or keys.has_owner():
            return ""
        invited = keys.phones.invite_first_owner()
    except StoreTrouble:  # the problem itself is printed below
        return ""
    link = f"{address}/join/{invited.link}"
    echo("  还没有负责人的手机。用负责人的手机扫下面的码，或打开链接：")
    echo(f"  负责人：{link}")
    echo(f"  {invited.minutes} 分钟内有效，只能用一次；过期了运行 {command()} owner 再要一个。")
    print_qr(link)
    return link


# --- Commands that run until they are stopped


@click.command()
@home_option
@host_option
@port_option
@click.option("--tls", is_flag=True, help="Also serve HTTPS, with a certificate of its own making.")
@click.option("--tls-port", default=8443, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--hostname", multiple=True, help="A further name by which this machine is asked; may be repeated."
)
@click.option(
    "--voice-install/--no-voice-install",
    default=True,
    envvar="ZHANGU_VOICE_INSTALL",
    help="Download the natural voice when it is missing (90 MB, once).",
)
@click.option(
    "--name",
    default="zhangu",
    show_default=True,
    envvar="ZHANGU_NAME",
    help='The name on the network, NAME.local; "" for none.',
)
def run(
    home: Path | None,
    host: str,
    port: int,
    tls: bool,
    tls_port: int,
    hostname: tuple[str, ...],
    voice_install: bool,
    name: str,
) -> None:
    """Run the daemon."""
    from controller.daemon import Options

    names = frozenset(name.strip().rstrip(".").lower() for name in hostname)
    tls_at = tls_port if tls else None
    _run(
        Options(
            chosen(home),
            host,
            port,
            tls_port=tls_at,
            hosts=names,
            voice_install=voice_install,
            name=_name_of(name),
        )
    )


def _name_of(text: str) -> str:
    """Return a name for the network; end with a sentence for one that cannot be used."""
    name = text.strip().lower().removesuffix(".local")
    if name and not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", name):
        stop(f"--name 写的是“{text[:60]}”。名字只能有小写字母、数字和连字符，例如 zhangu。", WRONG)
    return name


@click.command()
@click.option("--at", "at", required=True, help='Where the clock starts, for example "2026-11-27 18:04:50".')
@home_option
@host_option
@rehearsal_port_option
def rehearse(at: str, home: Path | None, host: str, port: int) -> None:
    """Run the real thing at another date and time, on a scratch copy of the data."""
    from controller.daemon import Options
    from controller.simulation.rehearsal import scratch

    where = chosen(home)
    zone = timetable_of(where).rhythm.zone
    try:
        start = datetime.fromisoformat(at)
    except ValueError:
        stop(f"--at 写的是“{at}”。要写日期和时间，例如 2026-11-27 18:04:50。", WRONG)
    within_reach("--at", start)
    start = start.replace(tzinfo=zone) if start.tzinfo is None else start.astimezone(zone)
    with scratch(where) as copy:
        _run(Options(copy, host, port, start=start, rehearsal=True))


@click.command(name="demo")
@home_option
@host_option
@rehearsal_port_option
@click.option("--once/--loop", "once", default=True, help="End after the day, or play it again and again.")
def demo_(home: Path | None, host: str, port: int, once: bool) -> None:
    """A made-up office's day in about six minutes, heard and seen."""
    from controller.simulation import demo
    from controller.system.network import CannotListen

    try:
        sys.exit(demo.run(chosen(home), host, port, loop=not once, echo=echo))
    except CannotListen as error:
        stop(error.sentence, FAILED)


def _run(options: Options) -> None:
    from controller import daemon
    from controller.system.network import CannotListen
    from controller.system.os_errors import reason
    from controller.system.process import AlreadyRunning

    try:
        daemon.keep_log(options.home, to_screen=True)
        sys.exit(daemon.run(options, greet))
    except AlreadyRunning as other:
        which = f"（进程 {other.pid}，端口 {other.port}）" if other.pid is not None else ""
        stop(
            f"{options.home.root} 里已经有一个战鼓在运行{which}。先停掉它，或用 --home 指定别的目录。",
            FAILED,
        )
    except CannotListen as error:
        stop(error.sentence, FAILED)
    except BrokenPipeError:
        raise
    except OSError as error:
        stop(f"不能写入 {options.home.var}：{reason(error)}。请检查磁盘空间和目录权限。", FAILED)


@click.command()
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="Where Zhangu runs.")
@click.option("--name", default="kiosk", show_default=True, help="What this screen is called.")
@home_option
def kiosk(server: str, name: str, home: Path | None) -> None:
    """Show a wall on this machine's own screen, watch it, and turn the screen off at night."""
    import logging

    from controller import kiosk as screen
    from controller.system.os_errors import reason
    from controller.system.process import ShutdownSignal

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    over = ShutdownSignal()
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
        stop(f"不能写入 {folder}：{reason(error)}。", FAILED)
    if failed:
        stop("浏览器已经重开了三次，屏幕还是没有动静。请重启主机，或看看内存和显示器的连线。", FAILED)


COMMANDS = (run, rehearse, demo_, kiosk)
