"""A wall finds its machine again after a change of address: real Chromium, real addresses of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.signage.house import House, running

NET = f"10.213.{100 + os.getpid() % 100}"
OLD, NEW = f"{NET}.5", f"{NET}.77"
pytestmark = [
    pytest.mark.skipif(
        not shutil.which("ip", path="/usr/sbin:/sbin:/usr/bin") or os.geteuid() != 0,
        reason="needs own addresses",
    ),
    pytest.mark.long,  # a changed address of the machine ends page loads of every Chromium that runs beside it
]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An office that listens on all addresses, at OLD."""
    ip("addr", "add", f"{OLD}/32", "dev", "lo")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SDL_AUDIODRIVER", "dummy")
            with running(tmp_path_factory.mktemp("moved") / "home", sounds=False, host="0.0.0.0") as house:
                house.daemon.office.addresses.set("zhangu.local", (OLD,))
                yield house
    finally:
        for address in (OLD, NEW):
            with suppress(subprocess.CalledProcessError):
                ip("addr", "del", f"{address}/32", "dev", "lo")
            with suppress(subprocess.CalledProcessError):
                ip("route", "del", "unreachable", f"{address}/32")


def port_of(house: House) -> int:
    return int(house.address.rpartition(":")[2].strip("/"))


def test_every_state_names_the_machine(house: House) -> None:
    """Walls and phones get name, addresses and port; another page may read these, and nothing else."""
    reach = house.call("GET", "/api/wall?name=main").json["reach"]
    assert (reach["name"], reach["addresses"], reach["port"]) == (
        "zhangu.local",
        [OLD],
        house.daemon.server.port,
    )
    assert house.call("GET", "/api/phone", role="owner").json["reach"] == reach
    with urllib.request.urlopen(f"http://{OLD}:{port_of(house)}/api/reach", timeout=10) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert json.load(answer) == reach
    with urllib.request.urlopen(f"http://{OLD}:{port_of(house)}/qr.svg?by=name", timeout=10) as named:
        assert b"<svg" in named.read()
    with urllib.request.urlopen(f"http://{OLD}:{port_of(house)}/poster", timeout=10) as poster:
        page = poster.read().decode()
    assert f"zhangu.local:{port_of(house)}" in page
    assert f"{OLD}:{port_of(house)}" in page


def test_a_wall_follows_its_machine_to_another_address(
    house: House, browser: Browser, tmp_path: Path
) -> None:
    """The address is gone, as after DHCP: within two minutes the same wall is open at the new one."""
    context = browser.new_context(viewport={"width": 960, "height": 540})
    try:
        page = context.new_page()
        page.goto(f"http://{OLD}:{port_of(house)}/wall")
        page.wait_for_function("window.localStorage.getItem('zhangu-reach') !== null", timeout=60_000)
        ip("addr", "add", f"{NEW}/32", "dev", "lo")
        house.daemon.office.addresses.set("zhangu.local", (NEW,))
        ip("addr", "del", f"{OLD}/32", "dev", "lo")
        ip("route", "add", "unreachable", f"{OLD}/32")
        subprocess.run(["ss", "-K", "src", OLD], capture_output=True, check=False)
        page.wait_for_url(f"http://{NEW}:{port_of(house)}/wall*", timeout=180_000)
        page.wait_for_function("document.body.innerText.length > 0", timeout=60_000)
    finally:
        context.close()
