"""Show the addresses for phones and walls, the link for the first owner, and present problems."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from controller.cli.errors import FAILED, echo, home_option, print_qr, store_of
from controller.system.paths import Home, chosen, version


@click.command()
@click.option("--quiet", is_flag=True, help="Print nothing: the exit code is 0 while the daemon answers.")
@home_option
def status(quiet: bool, home: Path | None) -> None:
    """Show the addresses for phones and walls, the owner's link while there is no owner, and present problems."""
    from controller.system.local_daemon import health_of
    from controller.system.process import running

    where = chosen(home)
    lock = running(where.running)
    health = health_of(lock) if lock.get("port") else None
    if quiet:
        sys.exit(0 if health is not None else FAILED)
    echo(f"战鼓 {version()}，数据在 {where.root}")
    if health is None:
        echo("没有运行。" if not lock else "正在启动，还没有回答，请过几秒再看。")
        sys.exit(FAILED)
    _last_upgrade(where)
    _addresses(where, int(str(lock["port"])), str(health.get("named", "")))
    _problems(health)


def _last_upgrade(where: Home) -> None:
    """Print how the last upgrade ended, and the version to go back to."""
    from controller.services.upgrades import Upgrades

    state = Upgrades(where).state()
    if state.last is not None:
        echo(f"上次升级：{state.last.sentence}")
    if state.previous:
        echo(f"可以退回 {state.previous}：sudo zhangu rollback")


def _addresses(where: Home, port: int, named: str) -> None:
    """Print the addresses, their labels in English too: a box's own text screen has no Chinese letters."""
    from controller.services.auth import Credentials
    from controller.system.network import reachable_address

    address = f"http://{reachable_address('0.0.0.0')}:{port}"  # noqa: S104 - the address of this machine in the LAN
    with store_of(where) as store:
        keys = Credentials(store)
        link = None if keys.has_owner() else f"{address}/join/{keys.phones.invite_first_owner().link}"
        pin = keys.pin() if keys.pin_on() else "已关掉"
    echo(f"手机 phone：{address}/　PIN：{pin}")
    echo(f"大屏 TV：{address}/wall")
    if named:
        echo(f"也可以用名字 by name：{named}　大屏 TV：{named}wall")
    if link is None:
        print_qr(f"{address}/")
        return
    echo(f"还没有负责人的手机。用负责人的手机扫下面的码，或者打开 owner：{link}")
    print_qr(link)


def _problems(health: dict[str, Any]) -> None:
    problems = health.get("troubles", [])
    for problem in problems:
        echo(f"注意：{problem['what']}{problem['meanwhile']}{problem['mend']}")
    if not problems:
        echo("一切正常。 All is well.")


COMMANDS = (status,)
