"""Hundreds of lists and texts through a running daemon leave its memory, threads and descriptors unchanged."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from click.testing import CliRunner
from recording import disk_device

from controller.cli import main
from tests.forms import LONG
from tests.running import Running

GROWTH_MB, MORE_THREADS, MORE_FILES = 25, 8, 24
"""Generous: caches fill and web threads start. 0.4 MB, a thread or a file lost for each list exceeds them."""
SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"


class Held(NamedTuple):
    """Memory of the daemon and its children (`pss_mb`: shared pages count once), threads and files of the daemon."""

    pss_mb: float
    threads: int
    files: int


def held(office: Running) -> Held:
    assert office.process is not None
    daemon = psutil.Process(office.process.pid)
    family = [daemon, *daemon.children(recursive=True)]
    pss = sum(process.memory_full_info().pss for process in family)
    return Held(pss / 1e6, daemon.num_threads(), daemon.num_fds())


def a_list(number: int) -> bytes:
    """Return a list of forty people in four teams, as offices write them; two of them are new in each list."""
    rows = ["花名册", "*团队,姓名（必填）,组长"]
    for row in range(40):
        given = number % 20 if row < 2 else row % 20
        name = SURNAMES[row % 16] + GIVEN[given] + GIVEN[row // 2]
        rows.append(f"{'猛虎飞龙雄鹰骏马'[row % 4 * 2 : row % 4 * 2 + 2]}队,{name},{int(row < 4)}")
    rows.append(f"合计,{40 + number}")
    return "\r\n".join(rows).encode(("utf-8", "gb18030", "utf-16")[number % 3])


def hear(office: Running, text: str) -> None:
    """Preview a text: its sound, as a phone gets it."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{office.port}/api/preview",
        json.dumps({"text": text}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {office.token}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.read(4) == b"RIFF"


def bring(office: Running, folder: Path, numbers: range) -> None:
    """Import a list, announce a text and preview deals, for each number."""
    for number in numbers:
        file = folder / "people.csv"
        file.write_bytes(a_list(number % 30))
        done = CliRunner().invoke(main, ["import", "people", str(file), "--home", str(office.folder)])
        assert done.exit_code == 0, done.output
        assert len(office.get("/api/people")) >= 40
        text = f"第{number}次通知：三楼会议室 {number % 24}:{number % 60:02d} 开会，请带上第 {number} 号表。"
        assert office.say(text, f"say-{number}")[0] == 201
        for step in range(3):
            amount = 10_001 + 37 * number + step
            deal = {"person": "王小明", "product": "网络招聘", "amount": amount}
            assert office.call("POST", "/api/deals/preview", deal)[0] == 200
        assert office.call("GET", "/api/phone")[0] == 200
        assert office.call("GET", "/api/wall")[0] == 200
        if number % 10 == 9:
            hear(office, text)
        if number % 25 == 24:
            assert office.call("POST", "/api/stop", {})[0] == 200


@pytest.mark.timeout(400)
def test_lists_and_texts_leave_the_daemon_unchanged(tmp_path: Path) -> None:
    """32 lists of forty people, 32 announcements and 96 previews of deals (`make soak`: 80, 80 and 240); the first
    quarter warms up."""
    number = 80 if LONG else 32
    began = time.monotonic()
    with disk_device(tmp_path) as (env, _), Running(tmp_path / "home", env) as office:
        office.start()
        office.call("POST", "/api/hush", {"minutes": 240})  # texts wait: hours of speech would be played else
        print("started", time.monotonic() - began)
        bring(office, tmp_path, range(number // 4))
        print("warm", time.monotonic() - began)
        time.sleep(2)
        before = held(office)
        bring(office, tmp_path, range(number // 4, number))
        time.sleep(2)
        after = held(office)
        print(before, after, time.monotonic() - began)
        assert after.pss_mb - before.pss_mb < GROWTH_MB, (before, after)
        assert after.threads - before.threads < MORE_THREADS, (before, after)
        assert after.files - before.files < MORE_FILES, (before, after)
        assert "Traceback" not in office.log()
