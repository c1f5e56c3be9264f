"""What the terminal shows: the address with its QR code and the PIN at a start, and a day in words."""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING, Any

import click
import segno

if TYPE_CHECKING:
    from controller.daemon import Daemon


def greet(daemon: Daemon) -> None:
    """Prints where walls and phones find this office."""
    address = f"http://{lan_address()}:{daemon.server.port}"
    click.echo("")
    if daemon.clock.rehearsal:
        click.echo(f"  彩排：时钟从 {daemon.clock.now():%Y-%m-%d %H:%M:%S} 走起，数据是副本，结束后不保留。")
    click.echo(f"  手机：{address}/")
    click.echo(f"  屏幕：{address}/wall")
    if daemon.secured is not None:
        click.echo(f"  加密：https://{lan_address()}:{daemon.front.port}/　怎样信任：手机“设备”页")
        click.echo(f"  证书指纹：{daemon.secured.fingerprint()}")
    click.echo(f"  PIN：{daemon.office.pin()}")
    click.echo(_qr(address + "/"))
    for trouble in daemon.office.glance().troubles:
        click.echo(f"  注意：{trouble.what}{trouble.meanwhile}{trouble.mend}")


def _qr(text: str) -> str:
    drawn = io.StringIO()
    segno.make(text, error="m").terminal(drawn, compact=True, border=2)
    return drawn.getvalue()


def lan_address() -> str:
    """The address of this machine on its network; 127.0.0.1 when it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737): only asks the routing table
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def day_in_words(plan: dict[str, Any]) -> str:
    """The plan of `zhangu today` for people."""
    lines = [f"{plan['date']}　{'工作日' if plan['workday'] else '休息日'}（{plan['why']}）"]
    for entry in plan["entries"]:
        notes = [f"音乐 {entry['music']}，音量 {entry['volume']}"] if entry["music"] else []
        notes += ["安静"] if entry["quiet"] else []
        lines.append(
            f"  {entry['at']}–{entry['until']}  {entry['name']}{'　' + '；'.join(notes) if notes else ''}"
        )
    for cue in plan["cues"]:
        lines.append(
            f"  {cue['at']}"
            + (f"  播报 {cue['say']}" if cue["say"] else "")
            + (f"  显示 {cue['show']}" if cue["show"] else "")
        )
    for duty in plan["duties"]:
        lines.append(f"  {duty['at'] or '全天'}  {duty['who']}：{duty['what']}")
    lines += [f"  注意：{warning}" for warning in plan["warnings"]]
    return "\n".join(lines)
