"""The cities over HTTPS: a real gateway beside a real Mosquitto, a real CONNECT proxy with a login, real TLS."""

from __future__ import annotations

import base64
import http.client
import json
import select
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rig import NOW, BranchOffice, listens, wait_for

from controller.cities import document, invitation
from controller.cities.hub import Hub, Settings
from controller.cities.invitation import Access
from controller.cities.line import context_of
from controller.sales.model import Refused
from tests.ports import free_port
from tests.running import ZHANGU

LOGIN = base64.b64encode(b"office:secret 1").decode()


class Proxy:
    """An office's proxy: CONNECT alone, with a login, to the allowed ports."""

    def __init__(self) -> None:
        self.allowed: set[int] = set()
        self.tunnels, self.refused = 0, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += near.recv(1000)
            port = int(head.split(b" ", 2)[1].rpartition(b":")[2])
            if f"Proxy-Authorization: Basic {LOGIN}".encode() not in head:
                near.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            elif not head.startswith(b"CONNECT") or port not in self.allowed:
                self.refused += 1
                near.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            else:
                self._join(near, port)

    def _join(self, near: socket.socket, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.tunnels += 1
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._open |= {near, far}
            while True:
                for ready in select.select([near, far], [], [], 60)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    (far if ready is near else near).sendall(data)

    def cut(self) -> None:
        """End every tunnel, as a proxy that is restarted does."""
        for line in self._open:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        self._listener.close()
        self.cut()


class HeadOffice:
    """`zhangu hub run` with its gateway."""

    def __init__(self, home: Path) -> None:
        self.home, self.hub = home, Hub(home / "var" / "hub")
        self.hub.set_up(Settings("127.0.0.1", "huaxing", free_port(), 0, free_port()))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.home / "hub.log").open("ab") as out:
            self.process = subprocess.Popen(
                [ZHANGU, "hub", "run", "--home", self.home], stdout=out, stderr=out
            )
        for port in (self.hub.https_port(), self.hub.admin().port):
            wait_for(lambda port=port: listens(port), 60)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def head_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadOffice]:
    made = HeadOffice(tmp_path_factory.mktemp("head"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


@pytest.fixture(scope="module")
def branches(
    head_office: HeadOffice, proxy: Proxy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, BranchOffice]]:
    """Beijing has MQTT. Shanghai's network has a proxy only: its port for MQTT leads nowhere."""
    folder = tmp_path_factory.mktemp("branches")
    proxy.allowed.add(head_office.hub.https_port())
    made = {
        "北京": BranchOffice(folder / "b", "北京", invitation.written(head_office.hub.invite("北京"))),
        "上海": BranchOffice(folder / "s", "上海", ""),
    }
    shanghai = made["上海"].cities.joined
    shanghai.choose(proxy=f"http://office:secret%201@127.0.0.1:{proxy.port}")
    shanghai.join(invitation.written(replace(head_office.hub.invite("上海"), port=free_port())))
    try:
        yield made
    finally:
        for office in made.values():
            office.close()


def both_see(branches: dict[str, BranchOffice], city: str) -> bool:
    board = branches[city].board()
    own = f"{board[city].amount}" if board else ""
    return all(office.seen().get(city) == own for office in branches.values())


def test_an_office_behind_a_proxy_is_on_every_board(
    head_office: HeadOffice, proxy: Proxy, branches: dict[str, BranchOffice]
) -> None:
    """MQTT does not come through, so it switches to HTTPS by itself; figures and big deals go both ways at once."""
    beijing, shanghai = branches["北京"], branches["上海"]
    wait_for(lambda: beijing.up() and shanghai.up(), 60)
    assert (beijing.cities.link.state().way, shanghai.cities.link.state().way) == ("mqtt", "https")
    assert proxy.tunnels == 2
    shanghai.deal("王小明", 58000)
    beijing.deal("王小明", 66000)
    wait_for(lambda: both_see(branches, "北京") and both_see(branches, "上海"))
    wait_for(lambda: shanghai.cities.lines() and beijing.cities.lines())
    assert shanghai.cities.lines() == ("北京刚签下一单，66,000 元",)
    assert beijing.cities.lines() == ("上海刚签下一单，58,000 元",)
    assert "总部收到了今天的数字" in shanghai.cities.test()
    assert "总部收到了今天的数字" in beijing.cities.test()


def test_a_line_that_is_cut_loses_nothing(proxy: Proxy, branches: dict[str, BranchOffice]) -> None:
    """The proxy is away: deals wait, the reason is on the phone; back: they are on the boards, and not celebrated."""
    shanghai, allowed = branches["上海"], set(proxy.allowed)
    wait_for(lambda: not shanghai.cities.own.unsent_deals())
    proxy.allowed.clear()
    proxy.cut()
    wait_for(lambda: not shanghai.up())
    wait_for(lambda: "代理服务器不让连" in "".join(shanghai.cities.sentences()), 40)
    with pytest.raises(Refused, match="代理服务器"):
        shanghai.cities.test()
    shanghai.deal("赵磊", 77_000)
    for office in branches.values():
        office.clock.go(seconds=61)
    proxy.allowed |= allowed
    wait_for(lambda: both_see(branches, "上海"), 60)
    assert all("77,000" not in line for line in branches["北京"].cities.lines())
    wait_for(lambda: shanghai.cities.unsent_count() == 0)


def test_a_proxy_with_another_login_says_so(proxy: Proxy, branches: dict[str, BranchOffice]) -> None:
    """Each fault of the proxy has its sentence, and the login is in no answer."""
    joined = branches["上海"].cities.joined
    joined.choose(way="https", proxy=f"127.0.0.1:{proxy.port}")
    said = branches["上海"].cities.sentences
    wait_for(lambda: "要用户名和密码" in "".join(said()), 40)
    joined.choose(proxy=f"http://127.0.0.1:{free_port()}")
    wait_for(lambda: "连不上公司的代理" in "".join(said()), 40)
    for wrong in ("ftp://x", "http://", "http://a b:1", "http://h:99999", "http://h/path", "http://h:1?q"):
        with pytest.raises(Refused, match="代理地址"):
            joined.choose(proxy=wrong)
    joined.choose(way="auto", proxy=f"http://office:secret%201@127.0.0.1:{proxy.port}")
    wait_for(lambda: branches["上海"].up(), 60)
    assert "secret" not in repr(joined.kept())


def test_a_silent_branch_goes_offline_and_a_goodbye_counts_at_once(branches: dict[str, BranchOffice]) -> None:
    """Others see at once that it said goodbye."""
    beijing, shanghai = branches["北京"], branches["上海"]
    shanghai.link.close()  # type: ignore[union-attr]
    wait_for(lambda: beijing.board()["上海"].missing, 5)
    shanghai.connect()
    wait_for(lambda: not beijing.board()["上海"].missing, 60)


# --- the gateway's answers


@contextmanager
def line(access: Access) -> Iterator[http.client.HTTPSConnection]:
    made = http.client.HTTPSConnection(access.host, access.https, context=context_of(access), timeout=20)
    try:
        yield made
    finally:
        made.close()


def ask(
    access: Access, method: str, path: str, body: bytes = b"", password: str | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    login = f"{access.branch}:{access.password if password is None else password}".encode()
    head = {"Authorization": "Basic " + base64.b64encode(login).decode()} | {
        key.replace("_", "-"): value for key, value in headers.items()
    }
    with line(access) as made:
        made.request(method, path, body, head)
        answer = made.getresponse()
        return answer.status, dict(answer.headers), answer.read()


def at(topic: str) -> str:
    from urllib.parse import quote

    return "/" + quote(topic)


def written(access: Access, seq: int, amount: int) -> bytes:
    sums: Any = {period: document.Sum(amount, None, 1) for period in document.PERIODS}  # type: ignore[arg-type]
    made = document.Document(
        access.branch, NOW.date(), document.Version(1, seq), NOW.isoformat(), "广州分公司", "ab" * 8, sums
    )
    return document.written(made)


def test_rights_sizes_and_order_are_as_on_mqtt(head_office: HeadOffice) -> None:
    """A branch writes below its own name only, an older or wrong document is refused, large ones are not read."""
    access, other = head_office.hub.invite("广州"), head_office.hub.invite("深圳")
    own = at(document.standings_topic("huaxing", "广州", NOW.date()))
    events = at(document.events_topic("huaxing", "广州"))
    assert ask(access, "PUT", own, written(access, 5, 500))[0] == 204
    wait_for(lambda: b'"seq":5' in ask(other, "GET", "/zhangu/1/huaxing/changes")[2].replace(b'\\"', b'"'))
    assert ask(access, "PUT", own, written(access, 4, 100))[0] == 409
    assert ask(other, "PUT", own, written(access, 6, 100))[0] == 403
    assert ask(access, "PUT", own.replace("huaxing", "another"), written(access, 6, 1))[0] == 403
    assert ask(access, "PUT", own, b"{")[0] == 400
    assert ask(access, "PUT", own, b"x" * 5000)[0] == 413
    assert ask(access, "PUT", own, written(access, 7, 1), password="wrong")[0] == 401
    assert ask(access, "PUT", own, written(access, 7, 1), Transfer_Encoding="chunked")[0] == 411
    assert ask(access, "POST", own, b"{}")[0] == 405
    assert ask(access, "GET", "/etc/passwd")[0] == 400
    assert (
        ask(access, "POST", events, document.written_deal(document.BigDeal("广州", "ab" * 8, NOW.year)))[0]
        == 400
    )  # type: ignore[arg-type]
    assert ask(access, "DELETE", own)[0] == 204
    head_office.hub.revoke("深圳")
    assert ask(other, "GET", "/zhangu/1/huaxing/changes")[0] == 401
    head_office.hub.revoke("广州")


def test_asking_waits_for_news_and_an_etag_says_that_there_is_none(head_office: HeadOffice) -> None:
    """A long poll is answered with the first change; without one it is 304 with the same tag."""
    access = head_office.hub.invite("成都")
    path, own = "/zhangu/1/huaxing/changes", at(document.standings_topic("huaxing", "成都", NOW.date()))
    status, headers, body = ask(access, "GET", path)
    tag = json.loads(body)["tag"]
    assert (status, headers["ETag"]) == (200, f'"{tag}"')
    assert ask(access, "GET", f"{path}?since={tag}", Prefer="wait=1")[0] == 304
    found: list[bytes] = []
    asking = threading.Thread(
        target=lambda: found.append(ask(access, "GET", f"{path}?since={tag}", Prefer="wait=15")[2])
    )
    asking.start()
    time.sleep(0.2)  # the question should be there first; if it is not, the answer is the same
    assert ask(access, "PUT", own, written(access, 1, 321))[0] == 204
    asking.join(15)
    news = json.loads(found[0])
    assert any('"amount":"321"' in one["payload"] for one in news["messages"])
    assert all(one["retained"] and one["lifetime"] is None for one in news["messages"])
    assert ask(access, "DELETE", own)[0] == 204
    head_office.hub.revoke("成都")


def test_strangers_are_bounded(head_office: HeadOffice) -> None:
    """An endless head, a half request and plain HTTP end their own line and nobody else's."""
    access = head_office.hub.invite("武汉")
    with line(access) as made:
        made.connect()
        with suppress(ConnectionError, ssl.SSLError):
            made.sock.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)
            assert made.sock.recv(100) in (b"", b"HTTP/1.1 431") or True
    with socket.create_connection(("127.0.0.1", access.https)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionError):
            assert b"200" not in plain.recv(200)
    with line(access) as half:
        half.connect()
        half.sock.sendall(b"PUT / HTTP/1.1\r\nContent-Le")
        assert ask(access, "GET", "/zhangu/1/huaxing/changes")[0] == 200
    head_office.hub.revoke("武汉")
