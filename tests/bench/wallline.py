"""Walls whose connection breaks: a missing server (restarted, or 502 from nginx), an unplugged cable, no reads.

Needs nginx for the 502 and the right to make a network namespace for the cable; without them that
row says so. `wallaway.py` is the same with a server ten minutes away.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "signage"), str(HERE.parents[1])]

from glances import deal, moment, said  # noqa: E402
from house import House  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402
from table import Row  # noqa: E402
from wallroom import FLAGS, Room, chromium, eventually, scene  # noqa: E402
from walls import opened, quiet_house  # noqa: E402

from tests.ports import free_port  # noqa: E402

WALLS = 8
PATH = os.environ.get("PATH", "") + ":/usr/sbin"  # where Debian has nginx
AWAY_S = 20.0
LIVE_S, LOOKS_S = 5.0, 30.0
"""Until all walls celebrate; how long they are looked at, and how long the celebration lasts."""
UNREAD, TOLD = 40, 20_000


def rows() -> list[Row]:
    """Measure for about four minutes."""
    found: list[Row] = []
    for measure in (restarted, through_nginx, cut_cord, never_reads):
        with tempfile.TemporaryDirectory() as name:
            found += measure(Path(name))
    return found


# ---- a missing server behind a proxy


NGINX = """daemon off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; proxy_set_header Host $http_host;
    proxy_set_header Connection ""; }} }}
}}"""


@contextmanager
def nginx(folder: Path, behind: int) -> Iterator[int]:
    """Yield the port of a real nginx in front of the server on port `behind`."""
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, port=port, behind=behind), encoding="ascii")
    folder.chmod(0o755)
    process = subprocess.Popen(
        [str(shutil.which("nginx", path=PATH)), "-c", str(file), "-p", str(folder)], stderr=subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def through_nginx(folder: Path, away_s: float = AWAY_S) -> list[Row]:
    """Stop the server for a while behind nginx, which answers 502; then restart it with other content."""
    what = f"server {away_s:.0f} s away behind nginx (502) → all of {WALLS} walls right again"
    if not shutil.which("nginx", path=PATH):
        return [Row(what, "not measured: no nginx (apt install nginx-light)", "≤ 30 s", True)]
    room = Room(moment("14:52"))
    try:
        with nginx(folder, room.port) as port:
            return _away(what, room, port, away_s)
    finally:
        room.stop()


def restarted(folder: Path, away_s: float = 1.0) -> list[Row]:
    """Restart the server, with nothing between it and the walls."""
    room = Room(moment("14:52"))
    try:
        return _away(
            f"server {away_s:.0f} s away → all of {WALLS} walls right again", room, room.port, away_s
        )
    finally:
        room.stop()


def _away(what: str, room: Room, port: int, away_s: float) -> list[Row]:
    with chromium() as browser:
        pages = [opened(browser, f"http://127.0.0.1:{port}", f"wall-{n}", 1280) for n in range(WALLS)]
        time.sleep(3)
        process = psutil.Process()
        threads, memory = threading.active_count(), process.memory_info().rss
        room.stop()
        gone = time.monotonic()
        kept = away_s < 8 or all(eventually(partial(_stale, page), 40) for page in pages)
        time.sleep(max(0.0, away_s - (time.monotonic() - gone)))
        room.start_again()
        began = time.monotonic()
        room.show(office="上海分公司")
        back = [_right_again(page, began) for page in pages]
        live = _celebrates(room, pages)
        time.sleep(8)
        more, grown = threading.active_count() - threads, (process.memory_info().rss - memory) / 1e6
    measured = (
        f"{min(back):.1f} to {max(back):.1f} s; meanwhile the last picture with its time: {'yes' if kept else 'no'}; "
        f"a deal after it → all celebrate: {live:.1f} s; {more:+d} threads, {grown:+.1f} MB"
    )
    ok = kept and live <= LIVE_S and max(back) <= 30 and more <= 2 and grown <= 10
    return [Row(what, measured, "≤ 30 s; ≤ 5 s; threads and memory flat", ok)]


def _stale(page: Page) -> bool:
    return "数据截至" in page.inner_text(".foot") and scene(page) == "rhythm"


def _right_again(page: Page, began: float) -> float:
    found = eventually(lambda: "上海分公司" in page.inner_text(".head") and not _stale(page), 90)
    return time.monotonic() - began if found else float("inf")


def _celebrates(room: Room, pages: list[Page]) -> float:
    """Return the seconds from a deal until every page celebrates it; infinite when one does not.

    It lasts until all were looked at: one after the other, which takes seconds on a busy machine.
    """
    began = time.monotonic()
    room.show(scene="celebration", on_air=said("big", room.clock.now(), deal(1), ago=0, lasts=LOOKS_S, id=9))
    waiting = list(pages)
    while waiting and time.monotonic() - began < LOOKS_S:
        waiting = [page for page in waiting if scene(page) != "celebration"]
    return float("inf") if waiting else time.monotonic() - began


# ---- an unplugged cable: no FIN


@contextmanager
def namespace() -> Iterator[tuple[str, str, Callable[[bool], None]]]:
    """Yield a separate network behind a virtual cable: (name, the server's address there, plug in or pull out)."""
    name, address = f"zg{os.getpid() % 10000}", "10.231.7.1"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    with ExitStack() as stack:
        ip("netns", "add", name)
        stack.callback(lambda: subprocess.run(["ip", "netns", "del", name], check=False))
        ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        stack.callback(
            lambda: subprocess.run(["ip", "link", "del", f"{name}a"], check=False, capture_output=True)
        )
        ip("addr", "add", f"{address}/24", "dev", f"{name}a")
        ip("link", "set", f"{name}a", "up")
        ip("-n", name, "addr", "add", "10.231.7.2/24", "dev", f"{name}b")
        ip("-n", name, "link", "set", f"{name}b", "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield name, address, lambda plugged: ip("link", "set", f"{name}a", "up" if plugged else "down")


def cut_cord(folder: Path) -> list[Row]:
    """Unplug a television: no FIN arrives. The wall reports it, the server closes the connection, both recover."""
    what = "cord pulled for 75 s (half-open) → wall right again"
    with ExitStack() as stack:
        try:
            name, address, plug = stack.enter_context(namespace())
        except (OSError, subprocess.CalledProcessError):
            return [Row(what, "not measured: no right to make a network namespace", "≤ 30 s", True)]
        house = stack.enter_context(_reachable_house(folder, address))
        wrapper = folder / "chromium-there"
        wrapper.write_text(f'#!/bin/sh\nexec ip netns exec {name} /usr/bin/chromium "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=str(wrapper), args=FLAGS)
        stack.callback(browser.close)
        page = opened(browser, f"http://{address}:{house.daemon.server.port}", "far")
        streams = house.daemon.server._streams
        assert eventually(lambda: "far" in streams.names())
        plug(False)
        pulled = time.monotonic()
        stale = eventually(lambda: "数据截至" in page.inner_text(".foot"), 60)
        noticed = time.monotonic() - pulled
        let_go = eventually(lambda: "far" not in streams.names(), max(1.0, 75 - noticed))
        gone = time.monotonic() - pulled
        time.sleep(max(0.0, 75 - (time.monotonic() - pulled)))
        plug(True)
        began = time.monotonic()
        back = eventually(lambda: "数据截至" not in page.inner_text(".foot") and "far" in streams.names(), 60)
        took = time.monotonic() - began
    return [
        Row(
            what,
            f"{took:.1f} s; said to be stale after {noticed:.0f} s",
            "≤ 30 s",
            stale and back and took <= 30,
        ),
        Row(
            "cord pulled → the server's line ends",
            f"{gone:.0f} s" if let_go else "not within 75 s",
            "≤ 75 s",
            let_go,
        ),
    ]


@contextmanager
def _reachable_house(folder: Path, address: str) -> Iterator[House]:
    """Yield a house that listens on that address too."""
    import house as made

    from controller.daemon import Options

    real = made.Options
    made.Options = lambda home, _host, port, **more: Options(home, "0.0.0.0", port, **more)  # type: ignore[assignment]
    try:
        with quiet_house(folder) as found:
            yield found
    finally:
        made.Options = real  # type: ignore[misc]


# ---- clients that never read


def never_reads(folder: Path) -> list[Row]:
    """Open forty screens that request events and read nothing, while 20,000 events pass; then forty others.

    The first forty cost their threads, which are kept; further growth with the second forty is a leak.
    """
    with quiet_house(folder) as house:
        process = psutil.Process()
        _deaf(house)
        threads, memory = threading.active_count(), process.memory_info().rss
        passed, answered, ended = _deaf(house)
        grown = (process.memory_info().rss - memory) / 1e6
        more = threading.active_count() - threads
    measured = (
        f"+{grown:.1f} MB, {more:+d} threads, {TOLD:,} events in {passed:.1f} s, phone answered in {answered:.0f} ms, "
        f"lines ended: {'all' if ended else 'not all'}"
    )
    ok = grown <= 5 and more <= 0 and answered <= 100 and ended
    what = f"{UNREAD} clients that never read, after {UNREAD} others"
    return [Row(what, measured, "≤ 5 MB, no thread, phone ≤ 100 ms", ok)]


def _deaf(house: House) -> tuple[float, float, bool]:
    """Return seconds for all events, the phone's wait in ms afterwards, and whether the server closed all."""
    deaf = []
    for number in range(UNREAD):
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(("127.0.0.1", house.daemon.server.port))
        line.sendall(f"GET /events?wall=deaf-{number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        deaf.append(line)
    time.sleep(2)
    began = time.monotonic()
    for number in range(TOLD):
        house.daemon.feed.notify()
        if number % 20 == 0:
            time.sleep(0.002)
    passed = time.monotonic() - began
    asked = time.monotonic()
    house.call("GET", "/api/now")
    answered = 1000 * (time.monotonic() - asked)
    ended = eventually(lambda: not house.daemon.server._streams.names(), 30)
    for line in deaf:
        line.close()
    time.sleep(3)
    return passed, answered, ended


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ", flush=True)
