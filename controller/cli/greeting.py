"""What the terminal shows at a start: the address with its QR code, and the PIN."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import click
import segno

from controller.cli.manners import echo
from controller.machine.doorway import told_address

if TYPE_CHECKING:
    from controller.daemon import Daemon


def greet(daemon: Daemon) -> None:
    """Prints where walls and phones find this office."""
    where = told_address(daemon.host)
    address = f"http://{where}:{daemon.server.port}"
    echo("")
    if daemon.clock.rehearsal:
        echo(f"  彩排：时钟从 {daemon.clock.now():%Y-%m-%d %H:%M:%S} 走起，数据是副本，结束后不保留。")
    echo(f"  手机：{address}/")
    echo(f"  大屏：{address}/wall")
    if daemon.secured is not None:
        echo(f"  加密：https://{where}:{daemon.front.port}/　怎样信任：手机“设备”页")
        echo(f"  证书指纹：{daemon.secured.fingerprint()}")
    echo(f"  PIN：{daemon.office.keys.pin()}")
    click.echo(_qr(address + "/"))
    for trouble in daemon.office.glance().troubles:
        echo(f"  注意：{trouble.what}{trouble.meanwhile}{trouble.mend}")


def _qr(text: str) -> str:
    drawn = io.StringIO()
    segno.make(text, error="m").terminal(drawn, compact=True, border=2)
    return drawn.getvalue()
