"""`zhangu upgrade URL`: why a package cannot be fetched, in plain words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from controller.cli import main


class Nowhere(BaseHTTPRequestHandler):
    """Answer every request with the status in its path."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Nowhere) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()


def closed() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://{server}/404", "那里没有这个文件"),
        ("http://{server}/403", "对方不给（403）"),
        ("https://{server}/200", "对方的证书没有通过检查"),
        ("http://{closed}/x.deb", "对方没有接受连接"),
        ("http://no-such-host.invalid/x.deb", "找不到这个地址"),
        ("http://[::1/x.deb", "网址写得不对"),
        ("http:///x.deb", "网址写得不对"),
    ],
)
def test_an_address_without_a_package_is_explained(tmp_path: Path, server: str, url: str, why: str) -> None:
    """One Chinese sentence with the reason and the remedy; nothing of Python's own words."""
    place = url.format(server=server, closed=closed())
    done = CliRunner().invoke(main, ["upgrade", place, "--home", str(tmp_path)])
    assert done.exit_code == 1
    assert f"取不到 {place}：{why}" in done.output
    assert done.output.endswith("没有升级，一切照旧。请检查网址和网络。\n")
    assert "error" not in done.output.lower()
    assert not list(tmp_path.rglob("*.deb"))
