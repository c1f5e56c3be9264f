"""`zhangu hub`: head office's broker for the branches."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from controller.cli.errors import FAILED, echo, home_option, print_qr, stop
from controller.system.paths import chosen

if TYPE_CHECKING:
    from controller.cities.hub import Hub

Result = TypeVar("Result")


@click.group(invoke_without_command=True)
@home_option
@click.pass_context
def hub(context: click.Context, home: Path | None) -> None:
    """Head office: list the branches; `setup`, `run`, `invite`, `revoke`."""
    context.obj = home
    if context.invoked_subcommand is not None:
        return
    made = _hub(home)
    for guest in _or_stop(made.guests):
        echo(f"{guest.branch}　{guest.since} 邀请{'　只看，不报数字' if guest.observer else ''}")
    echo("服务器正在运行。" if made.pid() else "服务器没有运行，用 zhangu hub run 启动。", err=True)


@hub.command()
@click.option("--host", required=True, help="The address that branches connect to: a name or an IP address.")
@click.option(
    "--org", required=True, help="A code for the organisation, such as huaxing; it cannot be changed later."
)
@click.option("--port", default=8883, show_default=True, type=click.IntRange(1, 65535), help="MQTT over TLS.")
@click.option(
    "--websocket-port", default=0, type=click.IntRange(0, 65535), help="MQTT over WebSocket too, such as 443."
)
@click.option(
    "--https-port",
    default=0,
    type=click.IntRange(0, 65535),
    help="HTTPS for offices behind a proxy, such as 443.",
)
@home_option
@click.pass_context
def setup(
    context: click.Context,
    host: str,
    org: str,
    port: int,
    websocket_port: int,
    https_port: int,
    home: Path | None,
) -> None:
    """Make Mosquitto's configuration, certificates, users and rights; again: renew them, branches stay valid."""
    from controller.cities.hub import Settings

    made = _hub(home or context.obj)
    _or_stop(lambda: made.set_up(Settings(host, org, port, websocket_port, https_port)))
    echo(f"总部的文件在 {made.folder}，请一起备份。")
    echo(
        "接着：zhangu hub run 启动服务器（长期运行用 config/zhangu-hub.service），zhangu hub invite 城市 发邀请码。"
    )
    if made.pid():
        echo("服务器正在运行：地址、端口和证书的改动要重新启动它才算数。", err=True)


@hub.command()
@home_option
@click.pass_context
def run(context: click.Context, home: Path | None) -> None:
    """Run the broker, and the HTTPS gateway if the set-up has one, in the foreground."""
    made = _hub(home or context.obj)
    command = _or_stop(made.command)
    if _or_stop(made.https_port):
        from controller.cities import gateway

        raise SystemExit(gateway.run(made, command))
    os.execv(command[0], command)  # noqa: S606  systemd watches Mosquitto itself


@hub.command()
@click.argument("branch")
@click.option(
    "--observer", is_flag=True, help="It sees the others and reports nothing: for head office's own wall."
)
@click.option("--websocket", is_flag=True, help="The code for networks that let only WebSocket out.")
@home_option
@click.pass_context
def invite(context: click.Context, branch: str, observer: bool, websocket: bool, home: Path | None) -> None:
    """Print the invitation code of BRANCH and its QR code; a new one ends the one before."""
    from controller.cities import invitation

    made = _hub(home or context.obj)
    again = branch in [guest.branch for guest in _or_stop(made.guests)]
    access = _or_stop(lambda: made.invite(branch, observer=observer, websocket=websocket))
    code = invitation.written(access)
    echo(code)
    print_qr(code)
    echo(f"把这段码交给{access.branch}：在那边手机的“连接”页贴上。它等于密码，不要发到群里。", err=True)
    if again:
        echo(f"{access.branch}原来的邀请码从现在起失效。", err=True)


@hub.command()
@click.argument("branch")
@home_option
@click.pass_context
def revoke(context: click.Context, branch: str, home: Path | None) -> None:
    """End the access of BRANCH at once, and take it off all boards."""
    from controller.cities import hub_line

    made = _hub(home or context.obj)
    if not _or_stop(lambda: made.revoke(branch)):
        stop(f"没有邀请过“{branch}”。用 zhangu hub 看有哪些城市。", FAILED)
    echo(f"{branch}的邀请码失效了，它的连接断开。")
    if made.pid():
        try:
            hub_line.empty(made.admin(), branch, host="127.0.0.1")
        except OSError:
            echo(f"{branch}的数字还留在服务器上，最多七天后自己消失。", err=True)


def _hub(home: Path | None) -> Hub:
    from controller.cities.hub import Hub

    return Hub(chosen(home).var / "hub")


def _or_stop(call: Callable[[], Result]) -> Result:
    """Return the result of a call; print the sentence of its trouble and end."""
    from controller.cities.hub import HubTrouble

    try:
        return call()
    except HubTrouble as trouble:
        stop(str(trouble), FAILED)


COMMANDS = (hub,)
