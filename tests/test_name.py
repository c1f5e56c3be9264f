"""zhangu.local in two network namespaces on one bridge: real multicast, real questions, a changed address."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.mdns import names_of
from controller.services.addresses import Addresses, Reach
from controller.system.network import lan_addresses, only_here

ROOT = Path(__file__).resolve().parents[1]
BOX = ROOT / "tests" / "mdns_box.py"
NET = "10.213.9"
isolated = pytest.mark.skipif(
    not shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin") or os.geteuid() != 0,
    reason="network namespaces need root",
)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def boxes(count: int) -> Iterator[list[str]]:
    """Yield namespaces on one bridge, at .1, .2 …"""
    mark = f"zn{os.getpid() % 10000}"
    with ExitStack() as stack:
        hub = f"{mark}h"
        ip("netns", "add", hub)
        stack.callback(ip, "netns", "del", hub)
        ip("-n", hub, "link", "add", "sw0", "type", "bridge", "mcast_snooping", "0")
        ip("-n", hub, "link", "set", "sw0", "up")
        names = []
        for number in range(1, count + 1):
            name = f"{mark}b{number}"
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
            ip(
                "link",
                "add",
                f"{mark}p{number}",
                "netns",
                hub,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                name,
            )
            ip("-n", hub, "link", "set", f"{mark}p{number}", "master", "sw0", "up")
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", "eth0", "up")
            move(name, number)
            names.append(name)
        yield names


def move(namespace: str, number: int) -> None:
    """Give a box another address, as DHCP does."""
    ip("-n", namespace, "addr", "flush", "dev", "eth0")
    ip("-n", namespace, "addr", "add", f"{NET}.{number}/24", "dev", "eth0")
    ip("-n", namespace, "route", "replace", "default", "via", f"{NET}.254")


class Announcing:
    """A box that announces its name."""

    def __init__(self, namespace: str) -> None:
        command = ["ip", "netns", "exec", namespace, sys.executable, str(BOX), "announce", "8080", "zhangu"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.now: dict[str, Any] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.now = json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def asked(namespace: str, name: str) -> dict[str, Any]:
    command = ["ip", "netns", "exec", namespace, sys.executable, str(BOX), "ask", name]
    done = subprocess.run(
        command,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=60,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def wait_for(true: Callable[[], object], timeout: float = 60) -> None:
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


@isolated
def test_a_name_is_found_follows_the_address_and_gives_way() -> None:
    """A phone finds zhangu.local with port and title; a second box is zhangu-2.local; a new address is announced; two
    that started apart and meet settle it, and a box that is switched off leaves its name."""
    with boxes(3) as (first, second, phone), ExitStack() as stack:
        one = Announcing(first)
        stack.callback(one.close)
        wait_for(lambda: one.now.get("name") == "zhangu.local")
        found = asked(phone, "zhangu.local")
        assert found["addresses"] == [f"{NET}.1"]
        assert found["services"] == [["北京分公司._http._tcp.local.", "zhangu.local.", 8080]]
        two = Announcing(second)
        wait_for(lambda: two.now.get("name") == "zhangu-2.local")
        assert asked(phone, "zhangu-2.local")["addresses"] == [f"{NET}.2"]
        move(first, 77)
        wait_for(lambda: one.now == {"name": "zhangu.local", "addresses": [f"{NET}.77"]})
        assert asked(phone, "zhangu.local")["addresses"] == [f"{NET}.77"]
        assert two.now["name"] == "zhangu-2.local"
        two.close()


@isolated
def test_two_boxes_that_could_not_hear_each_other_settle_it() -> None:
    """Both took the name while they were on separate networks; joined, the lower address keeps it."""
    with boxes(2) as (first, second), ExitStack() as stack:
        hub, port = f"{second.removesuffix('b2')}h", f"{second.removesuffix('b2')}p2"
        ip("-n", hub, "link", "set", port, "nomaster")
        one, two = Announcing(first), Announcing(second)
        stack.callback(one.close)
        stack.callback(two.close)
        wait_for(lambda: one.now.get("name") == two.now.get("name") == "zhangu.local")
        ip("-n", hub, "link", "set", port, "master", "sw0")
        wait_for(lambda: two.now.get("name") == "zhangu-2.local")
        assert one.now["name"] == "zhangu.local"


def test_a_reach_has_the_name_first() -> None:
    """Name, then addresses; without a name only these."""
    assert Reach("zhangu.local", ("10.0.0.5",), 80).urls() == (
        "http://zhangu.local:80/",
        "http://10.0.0.5:80/",
    )
    addresses = Addresses(8080)
    assert addresses.reach().name == ""
    addresses.set("zhangu.local", ("10.0.0.5", "10.0.1.5"))
    assert addresses.page() == "http://10.0.0.5:8080/"
    assert names_of("zhangu")[:3] == ["zhangu", "zhangu-2", "zhangu-3"]
    assert "127.0.0.1" not in lan_addresses()


def test_the_routing_table_is_not_asked_for_every_wall() -> None:
    """Without a name, 200 walls ask at once: one question to the system; another address is known 2 s later."""
    now, asked = [100.0], list[str]()

    def route() -> str:
        asked.append(f"10.0.0.{len(asked)}")
        return asked[-1]

    addresses = Addresses(8080, lambda: now[0], route)
    assert {addresses.reach().addresses for _ in range(200)} == {("10.0.0.0",)}
    now[0] += 1.9
    assert addresses.reach().addresses == ("10.0.0.0",)
    now[0] += 0.2
    assert addresses.reach().addresses == ("10.0.0.1",)
    addresses.set("zhangu.local", ("10.0.0.5",))
    assert (addresses.reach().addresses, len(asked)) == (("10.0.0.5",), 2)


def test_a_name_is_passed_on_when_it_is_announced_and_when_it_changes() -> None:
    """The terminal and the console learn the name although it is announced only after they were greeted."""
    addresses, heard = Addresses(8080), list[str]()
    addresses.on_name(heard.append)
    assert heard == []
    addresses.set("zhangu.local", ("10.0.0.5",))
    addresses.set("zhangu.local", ("10.0.0.6",))
    addresses.set("zhangu-2.local", ("10.0.0.6",))
    assert heard == ["http://zhangu.local:8080/", "http://zhangu-2.local:8080/"]


def test_a_machine_that_serves_only_itself_is_not_announced() -> None:
    """With --host 127.0.0.1 nobody else can open the page; one address of the network is announced alone."""
    assert [only_here(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.5")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    for own in lan_addresses():
        assert lan_addresses(own) == (own,)


@isolated
@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (("ip addr add 10.213.8.2/24 dev other", "ip link set other up"), "10.213.8.2"),
        ((), "127.0.0.1"),
    ],
)
def test_the_address_on_a_network_without_a_router(lines: tuple[str, ...], address: str) -> None:
    """A switch and a box, no way out: the code for phones still names the box's address; without a network none."""
    script = ["ip link set lo up", "ip link add other type veth peer name end", *lines]
    asked = f"{sys.executable} -c 'from controller.system.network import lan_address; print(lan_address())'"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-ec", "\n".join([*script, asked])],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == address
