"""Faults of storage at a start: music plays, what can be read is shown, a deal is refused with a sentence or kept."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from recording import disk_device

from tests.running import Running, timetable
from tests.test_damaged_state import UNDER, problems_in, run, until

MUSIC = "at: 00:00-24:00, name: 全天, music: morning, volume: 60"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and attributes of files need root")


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make the folder a read-only file system, as the kernel does after an error of the card."""
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True).returncode:
        pytest.skip("may not mount here")
    subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def immutable(file: Path) -> Iterator[None]:
    """Forbid every change of a file, also for root."""
    if subprocess.run(["chattr", "+i", file], capture_output=True).returncode:
        pytest.skip("this file system has no such attribute")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", file], check=True)


@pytest.mark.parametrize("how", [read_only, immutable])
def test_a_start_without_a_writable_database(tmp_path: Path, how: object) -> None:
    """A read-only `var`, or an immutable database: music plays, people are shown, a deal gets a sentence;
    afterwards all is well again without a restart."""
    with (
        disk_device(tmp_path) as (env, sound),
        Running(tmp_path / "home", env, timetable=timetable(MUSIC)) as office,
    ):
        place = office.folder / "var" / ("" if how is read_only else "zhangu.db")
        with how(place):  # type: ignore[operator]
            began = office.start()
            assert sound.wait_sound(began, timeout=20) is not None
            assert office.call("GET", "/health")[0] == 503
            assert "只读" in problems_in(office, "/health") or "只能读" in problems_in(office, "/health")
            assert {person["name"] for person in office.get("/api/people")} >= {"王小明"}
            assert office.call("GET", "/api/wall")[0] == 200
            status, answer = office.sell("王小明", 500, "refused")
            assert (status, answer["error"][-1]) == (503, "。")
            if how is read_only:
                assert "✗ 存储卡：只能读" in run(office, "doctor")
        until(lambda: office.call("GET", "/health")[0] == 200)
        assert office.sell("王小明", 500, "again")[0] == 201
        office.stop()
        assert "Traceback" not in office.log()


def test_a_cache_that_may_not_be_used(tmp_path: Path) -> None:
    """Without any right in `var/cache` and others music and deals go on; a chime announces, and the fault is shown."""
    with (
        disk_device(tmp_path) as (env, sound),
        Running(tmp_path / "home", env, timetable=timetable(MUSIC)) as office,
    ):
        closed = [office.folder / "var" / name for name in ("cache", "log", "photos", "timetable")]
        for folder in closed:
            folder.mkdir(exist_ok=True)
            folder.chmod(0)
        try:
            began = office.start(under=UNDER)
            assert sound.wait_sound(began, timeout=20) is not None
            assert office.sell("王小明", 50_000, "big")[0] == 201
            end = time.monotonic() + 60
            while (said := office.get("/api/announcements")[0])["state"] in ("waiting", "playing"):
                assert time.monotonic() < end
                time.sleep(0.2)
            assert "只放了提示音，内容已显示在屏幕上" in said["why"]
            assert "语音文件读写不了（没有权限）" in problems_in(office, "/health")
            assert office.call("GET", "/api/phone")[0] == 200
            office.stop()
            assert "Traceback" not in office.log(), office.log()
        finally:
            for folder in closed:
                folder.chmod(0o700)
