"""Upgrade an installed office, and go back."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.cli.errors import FAILED, WRONG, echo, home_option, stop
from controller.system.os_errors import reason
from controller.system.paths import chosen

if TYPE_CHECKING:
    from controller.services.upgrades import Upgrades

ANSWER_S, WAIT_S = 30.0, 1800.0
no_wait = click.option("--no-wait", is_flag=True, help="Only leave the request.")
show_result = click.option("--result", is_flag=True, help="Show how the last request ended.")


@click.command()
@click.argument("package", required=False)
@click.option("--allow-older", is_flag=True, help="Also a version older than the present one.")
@no_wait
@show_result
@home_option
def upgrade(package: str | None, allow_older: bool, no_wait: bool, result: bool, home: Path | None) -> None:
    """Upgrade to the signed package FILE or URL; a version that is not healthy within a minute goes back by itself."""
    from controller.services.upgrades import Upgrades

    upgrades = Upgrades(chosen(home))
    if result:
        _last(upgrades)
    if package is None:
        stop("要写安装包的文件或网址，例如 zhangu upgrade /media/usb/zhangu_0.2.0_arm64.deb。", WRONG)
    with _opened(package) as source:
        ident = upgrades.upgrade(source, older=allow_older)
    if not no_wait:
        _follow(upgrades, ident)


@click.command()
@no_wait
@show_result
@home_option
def rollback(no_wait: bool, result: bool, home: Path | None) -> None:
    """Go back to the version before the last upgrade."""
    from controller.services.upgrades import Upgrades

    upgrades = Upgrades(chosen(home))
    if result:
        _last(upgrades)
    ident = upgrades.roll_back()
    if not no_wait:
        _follow(upgrades, ident)


@contextlib.contextmanager
def _opened(package: str) -> Iterator[Any]:
    """Open a file or URL. As root the installed command hands the file over as the standard input."""
    if package.startswith(("http://", "https://")):
        with _fetched(package) as answer:
            yield answer
        return
    if stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode):
        yield sys.stdin.buffer
        return
    with Path(package).open("rb") as file:
        yield file


def _fetched(url: str) -> Any:
    """Open a URL; end the command with a sentence when that fails."""
    import http.client
    import ssl
    import urllib.error
    import urllib.request  # loads TLS, which a start of the daemon does not need

    try:
        return urllib.request.urlopen(url, timeout=ANSWER_S)  # noqa: S310 - http or https
    except urllib.error.HTTPError as error:
        error.close()
        why = "那里没有这个文件" if error.code == http.HTTPStatus.NOT_FOUND else f"对方不给（{error.code}）"
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            why = "对方的证书没有通过检查"
        else:
            why = reason(error.reason) if isinstance(error.reason, OSError) else "网址写得不对"
    except OSError as error:
        why = reason(error)
    except (ValueError, http.client.HTTPException):
        why = "网址写得不对，或者对方不是网页服务器"
    return stop(f"取不到 {url}：{why}。没有升级，一切照旧。请检查网址和网络。", FAILED)


def _last(upgrades: Upgrades) -> None:
    last = upgrades.state().last
    if last is None:
        stop("还没有升级过。", FAILED)
    _end(last.outcome, last.sentence)


def _follow(upgrades: Upgrades, ident: str) -> None:
    """Wait for the result; the daemon restarts meanwhile."""
    echo("已交给系统，正在检查和安装，可能要几分钟。音乐会停几秒钟。")
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = upgrades.result_of(ident)
        if found is not None:
            _end(found.outcome, found.sentence)
        time.sleep(0.5)
    stop("还没有做完，也没有消息。请看 systemctl status zhangu-upgrade。", FAILED)


def _end(outcome: str, sentence: str) -> None:
    from controller.upgrade.journal import SUCCEEDED

    if outcome != SUCCEEDED:
        stop(sentence, FAILED)
    echo(sentence)
    sys.exit(0)


COMMANDS = (upgrade, rollback)
