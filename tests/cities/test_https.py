"""The cities over HTTPS: a real gateway beside a real Mosquitto, a real CONNECT proxy with a login, real TLS."""

from __future__ import annotations

import base64
import http.client
import json
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rig import NOW, BranchOffice, listens, redated, wait_for

from controller.cities import document, hub_line, invitation
from controller.cities.exchange import MOST_OF_BRANCH
from controller.cities.hub import Hub, Settings
from controller.cities.invitation import Access
from controller.cities.line import context_of
from controller.sales.model import Refused
from tests.forked import Forked
from tests.ports import free_port

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
        self.process: Forked | None = None

    def start(self) -> None:
        with (self.home / "hub.log").open("ab") as out:
            self.process = Forked(["hub", "run", "--home", str(self.home)], os.environ, out, out)
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


def raw(access: Access, head: str, chunks: list[bytes]) -> bytes:
    """Send a request with the branch's login byte by byte as given; return the answer's beginning, b"" without one."""
    login = base64.b64encode(f"{access.login}:{access.password}".encode()).decode()
    with line(access) as made:
        made.connect()
        with suppress(ConnectionError, ssl.SSLError):
            made.sock.sendall(f"{head}\r\nAuthorization: Basic {login}\r\n\r\n".encode())
            for chunk in chunks:
                made.sock.sendall(chunk)
        with suppress(ConnectionError, ssl.SSLError):
            return bytes(made.sock.recv(200))
    return b""


def memory_of(pid: int) -> int:
    """Return the resident kilobytes of a process and its children."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    return sum(
        int(
            next(
                row for row in Path(f"/proc/{one}/status").read_text().splitlines() if "VmRSS" in row
            ).split()[1]
        )
        for one in pids
    )


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Content-Length: 10000000", b"413"),
        ("Transfer-Encoding: chunked", b"411"),
        ("X-Nothing: declared", b"400"),
        ("Content-Length: 99999999999", b"400"),
        ("Content-Length: -1", b"400"),
    ],
)
def test_ten_megabytes_are_refused_unread(head_office: HeadOffice, head: str, status: bytes) -> None:
    """Declared, in chunks or not declared: a refusal, no memory, and the next request of others is answered."""
    access = head_office.hub.invite("厦门")
    assert head_office.process is not None
    before = memory_of(head_office.process.pid)
    own = at(document.standings_topic("huaxing", "厦门", NOW.date()))
    got = raw(access, f"PUT {own} HTTP/1.1\r\n{head}", [b"f4240\r\n" + b"x" * 1_000_000] * 10)
    assert got == b"" or got.startswith(b"HTTP/1.1 " + status), got
    assert raw(access, f"PUT {own} HTTP/1.1\r\n{head}", []).startswith(
        (b"HTTP/1.1 " + status, b"HTTP/1.1 400")
    )
    assert memory_of(head_office.process.pid) - before < 5_000
    assert ask(access, "PUT", own, written(access, 1, 5))[0] == 204
    head_office.hub.revoke("厦门")


def test_a_replayed_document_of_an_older_epoch_is_refused(head_office: HeadOffice) -> None:
    """A higher number does not help an older epoch; a newer epoch wins with a lower number, as after a restore."""
    access = head_office.hub.invite("长沙")
    own = at(document.standings_topic("huaxing", "长沙", NOW.date()))
    kept = written(access, 5, 500).replace(b'"epoch":1', b'"epoch":3')
    assert ask(access, "PUT", own, kept)[0] == 204
    news = "/zhangu/1/huaxing/changes"
    wait_for(lambda: b'epoch\\":3' in ask(access, "GET", news)[2])
    status, _, said = ask(access, "PUT", own, written(access, 900, 1).replace(b'"epoch":1', b'"epoch":2'))
    assert (status, json.loads(said)["error"]) == (409, "a newer document is known: 3, 5")
    assert ask(access, "PUT", own, written(access, 1, 7).replace(b'"epoch":1', b'"epoch":4'))[0] == 204
    wait_for(lambda: b'epoch\\":4' in ask(access, "GET", news)[2])
    head_office.hub.revoke("长沙")


def test_a_branch_does_not_take_the_others_places(head_office: HeadOffice) -> None:
    """Documents of a hundred dates: the newest few are kept, and the other branches' all."""
    access, other = head_office.hub.invite("昆明"), head_office.hub.invite("大理")
    elsewhere = at(document.standings_topic("huaxing", "大理", NOW.date()))
    assert ask(other, "PUT", elsewhere, written(other, 1, 42))[0] == 204
    for n in range(100):
        topic = document.standings_topic("huaxing", "昆明", NOW.date() + timedelta(days=n))
        assert ask(access, "PUT", at(topic), written(access, 1, n))[0] == 204
    wait_for(lambda: len(topics(other, "昆明")) == MOST_OF_BRANCH)
    assert max(topics(other, "昆明")).endswith((NOW.date() + timedelta(days=99)).isoformat())
    assert len(topics(other, "大理")) == 1
    for city in ("昆明", "大理"):
        head_office.hub.revoke(city)
        hub_line.empty(head_office.hub.admin(), city)


def topics(access: Access, city: str) -> list[str]:
    """Return the topics with documents of a branch, as the gateway hands them out."""
    messages = json.loads(ask(access, "GET", "/zhangu/1/huaxing/changes")[2])["messages"]
    return [one["topic"] for one in messages if f"/{city}/standings/" in one["topic"]]


# --- sentences on the phone


@pytest.fixture(scope="module")
def web_office(
    head_office: HeadOffice, branches: dict[str, BranchOffice], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BranchOffice]:
    """Guilin, over HTTPS alone."""
    made = BranchOffice(tmp_path_factory.mktemp("guilin") / "g", "桂林", "")
    made.cities.joined.choose(way="https")
    made.cities.joined.join(invitation.written(head_office.hub.invite("桂林")))
    wait_for(made.up, 60)
    try:
        yield made
    finally:
        made.close()


def said(office: BranchOffice, words: str) -> bool:
    return any(words in sentence for sentence in office.cities.sentences())


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=1), "哈尔滨的时钟比这里快 60 分钟"),
        (timedelta(days=1), "哈尔滨报来的是以后一天的数字"),
        (timedelta(days=400), "哈尔滨报来的是以后一天的数字"),
    ],
)
def test_a_clock_that_is_ahead_is_named_over_https(
    head_office: HeadOffice, web_office: BranchOffice, tmp_path: Path, ahead: timedelta, words: str
) -> None:
    """By an hour, a day or a year: the others' phones say which city, and the figures of the rest are unharmed."""
    far = BranchOffice(tmp_path / "far", "哈尔滨", "", NOW + ahead)
    try:
        far.cities.joined.choose(way="https")
        far.cities.joined.join(invitation.written(head_office.hub.invite("哈尔滨")))
        wait_for(far.up, 60)
        far.deal("王小明", 4100)
        wait_for(lambda: said(web_office, words))
        assert web_office.up()
        web_office.deal("王小明", 500)
        wait_for(lambda: web_office.cities.unsent_count() == 0)
    finally:
        far.close()
        head_office.hub.revoke("哈尔滨")
        hub_line.empty(head_office.hub.admin(), "哈尔滨")
    web_office.clock.go(seconds=1)
    wait_for(lambda: "哈尔滨" not in web_office.board())


def test_two_machines_with_one_name_say_so_over_https(
    head_office: HeadOffice, web_office: BranchOffice, tmp_path: Path
) -> None:
    """Both phones say so while both are connected; afterwards the sentence goes and figures are sent."""
    second = BranchOffice(tmp_path / "second", "桂林", "")
    second.cities.joined.choose(way="https")
    access = web_office.cities.joined.kept()
    assert access is not None
    second.cities.joined.join(invitation.written(access))
    try:
        wait_for(lambda: said(web_office, "还有一台机器也用“桂林”"), 60)
        wait_for(lambda: said(second, "还有一台机器也用“桂林”"), 60)
        assert web_office.up()
        assert second.up()
    finally:
        second.close()
    wait_for(lambda: not said(web_office, "还有一台机器"), 60)
    web_office.deal("王小明", 800)
    wait_for(lambda: web_office.cities.unsent_count() == 0)


def test_wrong_codes_say_what_to_do(head_office: HeadOffice, tmp_path: Path) -> None:
    """Another organisation's, another branch's password, and a revoked one: nothing is sent, and the phone says whom
    to ask."""
    good, other = head_office.hub.invite("烟台"), head_office.hub.invite("威海")
    office = BranchOffice(tmp_path / "yantai", "烟台", "")
    office.cities.joined.choose(way="https")
    office.deal("王小明", 900)
    wrong = (replace(good, org="another"), replace(good, password=other.password))
    try:
        for access in wrong:
            office.cities.joined.join(invitation.written(access), replace=True)
            office.cities.link.reset()  # as the phone's join does
            wait_for(lambda: said(office, "总部没有让这台机器进来"), 60)
        office.cities.joined.join(invitation.written(good), replace=True)
        wait_for(lambda: office.up() and b"900" in ask(good, "GET", "/zhangu/1/huaxing/changes")[2], 60)
        head_office.hub.revoke("烟台")
        wait_for(lambda: said(office, "总部没有让这台机器进来"), 60)
    finally:
        office.close()
        for city in ("烟台", "威海"):
            head_office.hub.revoke(city)
            hub_line.empty(head_office.hub.admin(), city)


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (("20200101000000Z", "20210101000000Z"), "总部的证书过期了"),
        (("20450101000000Z", "20460101000000Z"), "总部的证书还没有生效"),
    ],
)
def test_a_gateways_certificate_out_of_its_time_is_refused(
    tmp_path: Path, dates: tuple[str, str], words: str
) -> None:
    """The password is not sent, and the phone says what to do."""
    hub = Hub(tmp_path / "hub")
    hub.set_up(Settings("127.0.0.1", "huaxing", free_port(), 0, free_port()))
    redated(hub.folder, *dates)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(hub.folder / "server.crt", hub.folder / "server.key")
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", hub.https_port())) as listener:

        def serve() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                    with context.wrap_socket(near, server_side=True) as tls:
                        got.append(tls.recv(100))
                except ssl.SSLError:
                    pass
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        office = BranchOffice(tmp_path / "office", "西安", "")
        try:
            office.cities.joined.choose(way="https")
            office.cities.joined.join(invitation.written(hub.invite("西安")))
            wait_for(lambda: said(office, words), 40)
        finally:
            office.close()
    assert not any(got)
