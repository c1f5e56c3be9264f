"""The one judgement of the box: every value has its fault with sentence and remedy; a missing sensor is named."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes import SHANGHAI

from controller.health import (
    GONE,
    PARTS,
    Away,
    BackupValues,
    Machine,
    SpeakerTestValues,
    Values,
    VoiceValues,
    judge,
    on_walls,
    shown,
)
from controller.health_readings import FAULT, MISSING, OK, OPTIONAL, UNKNOWN, readings
from controller.hearing import Facts, hearing
from controller.links.uptime import UptimeCalls
from controller.services.daily import day_line
from controller.services.health import working_since
from controller.services.machine import MachineReader, count_in_log
from controller.services.walls import WallPresence
from controller.timetable.current import TimetableFile
from tests.services.office_made import ROOT

NOW = datetime(2026, 11, 27, 14, 0, tzinfo=SHANGHAI)
MORNING = NOW.replace(hour=8, minute=30)
WELL = Values(NOW, working_since=MORNING, machine=Machine(10**10, False, 0, 1, 51.0, False))

FAULTS = [
    ("sound", True, replace(WELL, hearing=hearing(Facts(device=None)))),
    ("sound", True, replace(WELL, hearing=hearing(Facts(volume=0)))),
    ("sound", False, replace(WELL, no_music_since=NOW - timedelta(minutes=2))),
    ("speaker", True, replace(WELL, speaker_test=SpeakerTestValues(True, "silent", MORNING))),
    ("speaker", False, replace(WELL, speaker_test=SpeakerTestValues(True, "no_microphone", MORNING))),
    ("speaker", False, replace(WELL, speaker_test=SpeakerTestValues(True, "mic_muted", MORNING))),
    ("speaker", False, replace(WELL, speaker_test=SpeakerTestValues(True, "mic_lost", MORNING))),
    ("loudness", False, replace(WELL, loudness=SpeakerTestValues(True, "no_microphone", MORNING))),
    ("loudness", False, replace(WELL, loudness=SpeakerTestValues(True, "clipped", MORNING))),
    ("store", True, replace(WELL, store_fault="账本 /x 只能读、不能写。请检查权限。")),
    ("card", True, replace(WELL, machine=replace(WELL.machine, read_only=True))),
    ("card", True, replace(WELL, machine=Machine(10**10, True), store_fault="账本 /x 只能读。请检查。")),
    ("disk", False, replace(WELL, machine=replace(WELL.machine, free=150_000_000))),
    ("disk", True, replace(WELL, machine=replace(WELL.machine, free=1_000))),
    ("card", False, replace(WELL, machine=replace(WELL.machine, card_errors=3))),
    ("card", False, replace(WELL, machine=replace(WELL.machine, worn=10))),
    ("temperature", False, replace(WELL, machine=replace(WELL.machine, celsius=81.0))),
    ("power", False, replace(WELL, machine=replace(WELL.machine, under_voltage=True))),
    ("clock", True, replace(WELL, clock_trusted=False)),
    ("timetable", False, replace(WELL, timetable_faults=("第 3 行：…",))),
    ("voice", False, replace(WELL, voice=VoiceValues(fault="没有能用的语音。"))),
    ("voice", False, replace(WELL, effects={"chime.ogg": "读不懂"})),
    ("music", False, replace(WELL, music=("歌单“早上”是空的。",))),
    ("backup", False, replace(WELL, backup=BackupValues(NOW - timedelta(days=4), NOW))),
    ("backup", False, replace(WELL, backup=BackupValues(NOW, NOW, failed="备份没有做成。"))),
    ("walls", False, replace(WELL, walls=(Away("大厅", NOW - GONE),))),
    ("links", False, replace(WELL, links=(Away("销售群", NOW - timedelta(hours=2), "密钥不对。"),))),
    ("links", False, replace(WELL, call_failed_since=NOW - GONE)),
    ("cities", False, replace(WELL, cities=(Away("上海", NOW - GONE),))),
]


@pytest.mark.parametrize(
    ("part", "serious", "values"), FAULTS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_each_fault_has_a_sentence_its_effect_and_a_remedy(part: str, serious: bool, values: Values) -> None:
    """Also in English, and the part's line is marked."""
    (problem,) = judge(values)
    assert (problem.part, problem.serious, problem.shown) == (part, serious, True)
    for text in (problem.what, problem.meanwhile, problem.mend):
        assert text.endswith(("。", "…")), text
    assert part in PARTS
    marked = {row.part for row in readings(values, judge(values)) if row.state == FAULT}
    assert marked == {part} & {row.part for row in readings(values, ())}


def test_a_box_that_is_well_has_no_fault_and_names_missing_sensors() -> None:
    """Nothing is invented: without a sensor the line says so, and no fault follows from it."""
    assert judge(WELL) == ()
    states = {row.part: row.state for row in readings(WELL, ())}
    assert set(states.values()) == {OK, UNKNOWN, MISSING, OPTIONAL}  # no backup values here
    assert {part for part, state in states.items() if state == MISSING} == {"walls"}
    assert {part for part, state in states.items() if state == OPTIONAL} == {"speaker", "loudness", "links"}
    bare = replace(WELL, machine=Machine())
    assert judge(bare) == ()
    unknown = {row.label: row.words for row in readings(bare, ()) if row.state == UNKNOWN}
    assert set(unknown) == {"磁盘", "存储卡", "温度", "供电", "备份"}
    assert set(unknown.values()) == {"这里测不出"}


def test_an_office_without_backup_or_wall_gets_the_next_step() -> None:
    """Optional parts ask for nothing; with a backup and a wall the lines are green."""
    fresh = replace(WELL, backup=BackupValues(None, NOW))
    asked = {row.part: row.mend for row in readings(fresh, ()) if row.state == MISSING}
    assert set(asked) == {"walls", "backup"}
    assert all(mend.endswith("。") for mend in asked.values())
    used = replace(fresh, backup=BackupValues(NOW, NOW), walls=(Away("大厅"),))
    assert not [row for row in readings(used, ()) if row.state == MISSING]


def test_serious_faults_come_first_and_walls_show_their_own_only() -> None:
    """The first one fills the fault scene; a missing wall is no news on the others."""
    values = replace(
        WELL,
        walls=(Away("大厅", NOW - GONE),),
        clock_trusted=False,
        music=("一。", "二。"),
        store_fault="坏了。",
    )
    problems = judge(values)
    assert [problem.serious for problem in problems] == [True, True, False, False, False]
    assert [problem.part for problem in on_walls(problems)] == ["store", "clock", "music", "music"]


@pytest.mark.parametrize(
    ("since", "begun", "visible"),
    [
        (NOW - timedelta(minutes=9), MORNING, False),
        (NOW - timedelta(minutes=10), MORNING, True),
        (NOW - timedelta(hours=16), MORNING, True),  # off for the night and not switched on again
        (NOW - timedelta(hours=16), NOW - timedelta(minutes=9), False),  # work began nine minutes ago
        (NOW - timedelta(hours=16), None, False),  # nobody works
    ],
)
def test_a_wall_is_missed_after_ten_minutes_of_work(
    since: datetime, begun: datetime | None, visible: bool
) -> None:
    """Not while TVs are off at night; the fault stays known, so that its end is not reported at closing time."""
    (problem,) = judge(replace(WELL, walls=(Away("大厅", since),), working_since=begun))
    assert problem.shown is visible
    assert (problem.reported_after is not None) is visible
    assert bool(shown((problem,))) is visible


def test_silence_is_reported_only_in_working_time() -> None:
    """At night no sound device is a fault on the phone, and no message."""
    silent = replace(WELL, hearing=hearing(Facts(device=None)))
    assert judge(silent)[0].reported_after == timedelta(minutes=1)
    assert judge(replace(silent, working_since=None))[0].reported_after is None


def test_working_time_comes_from_the_plan(tmp_path: Path) -> None:
    """From the first entry of a working day to its last one."""
    plan = TimetableFile(ROOT / "config" / "rhythm.yaml", tmp_path / "last.yaml").plan(NOW.date())
    first, last = plan.entries[0].at, plan.entries[-1].until
    assert working_since(plan, NOW) == first
    assert working_since(plan, first - timedelta(minutes=1)) is None
    assert working_since(plan, last) is None
    off = replace(plan, off=((first, NOW),))
    assert (working_since(off, NOW - timedelta(minutes=1)), working_since(off, NOW)) == (None, NOW)
    assert working_since(replace(plan, workday=False), NOW) is None


# --- the machine


def box(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_pi_is_read_from_the_kernels_files(tmp_path: Path) -> None:
    """Heat, power and errors of the card, as a Pi's kernel shows them (a made-up tree: no Pi is at hand)."""
    data = tmp_path / "data"
    data.mkdir()
    root = box(
        tmp_path / "root",
        {
            "proc/self/mounts": f"/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n/dev/mmcblk0p3 {data} ext4 ro,noatime 0 0\n",
            "sys/fs/ext4/mmcblk0p3/errors_count": "4\n",
            "sys/fs/ext4/mmcblk0p2/errors_count": "9\n",
            "sys/class/thermal/thermal_zone0/temp": "48312\n",
            "sys/class/thermal/thermal_zone1/temp": "55000\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
            "sys/block/mmcblk0/device/life_time": "0x02 0x0a\n",
        },
    )
    found = MachineReader(data, root).read()
    assert found.free is not None
    assert found == Machine(found.free, True, 4, 10, 55.0, True)
    box(root, {"sys/devices/platform/soc/soc:firmware/get_throttled": "0\n"})
    assert MachineReader(data, root).read().under_voltage is False


def test_a_machine_without_sensors_measures_nothing(tmp_path: Path) -> None:
    """Every value but the free room is None, also when a file has nonsense in it."""
    root = box(
        tmp_path, {"sys/class/thermal/thermal_zone0/temp": "n/a", "sys/class/hwmon/hwmon0/name": "coretemp"}
    )
    found = MachineReader(tmp_path, root).read()
    assert replace(found, free=None) == Machine()
    assert count_in_log(tmp_path / "no-log") is None


def test_errors_of_the_card_in_the_kernels_log_are_counted(tmp_path: Path) -> None:
    """Other lines are none."""
    log = tmp_path / "kmsg"
    log.write_bytes(
        b"6,1,1,-;usb 1-1: new device\n3,2,2,-;mmc0: tuning execution failed: error -110\n"
        b"3,3,3,-;blk_update_request: I/O error, dev mmcblk0, sector 8\n"
    )
    assert count_in_log(log) == 2


def test_an_ext4_that_had_an_error_is_a_fault(tmp_path: Path) -> None:
    """A real file system in a file, in which the kernel notes an error."""
    image, place = tmp_path / "card.img", tmp_path / "card"
    place.mkdir()
    image.write_bytes(b"")
    with image.open("r+b") as file:
        file.truncate(16_000_000)
    made = subprocess.run(["mkfs.ext4", "-q", "-e", "continue", image], capture_output=True, check=False)
    if (
        made.returncode
        or subprocess.run(["mount", "-o", "loop", image, place], capture_output=True).returncode
    ):
        pytest.skip("mounting needs root and a loop device")
    try:
        assert MachineReader(place).read().card_errors == 0
        device = next(
            line.split()[0].rpartition("/")[2]
            for line in Path("/proc/mounts").read_text().splitlines()
            if line.split()[1] == str(place)
        )
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a test")
        found = MachineReader(place).read()
        assert found.card_errors == 1
        assert [problem.part for problem in judge(replace(WELL, machine=found)) if problem.part == "card"]
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        assert MachineReader(place).read().read_only is True
    finally:
        subprocess.run(["umount", place], check=False)


# --- walls, the day, the uptime address


def test_a_wall_that_was_opened_only_for_a_look_is_not_missed() -> None:
    """After half an hour of reports without a gap it stays."""
    presence, at = WallPresence(3), NOW
    presence.seen("大厅", at)
    assert presence.away_since("大厅", NOW - timedelta(days=1), at) is None
    for _ in range(60):
        assert not presence.stays("大厅")
        at += timedelta(seconds=30)
        presence.seen("大厅", at)
    assert presence.stays("大厅")
    assert presence.away_since("大厅", NOW, at + timedelta(seconds=90)) is None
    assert presence.away_since("大厅", NOW, at + timedelta(seconds=110)) == at
    for number in range(5):  # bounded
        presence.seen(f"新{number}", at)
    assert presence.away_since("新4", NOW - timedelta(days=1), at) == NOW - timedelta(days=1)


def test_the_day_says_what_was_not_heard_and_why() -> None:
    """Reasons with their times, the most frequent first; merged ones are no loss."""
    from controller.sales.model import Kind, Outcome, State

    def some(state: State, why: str, *minutes: int, kind: Kind = Kind.SAY) -> Outcome:
        times = tuple(NOW + timedelta(minutes=number) for number in minutes)
        return Outcome(state, why, kind, None, len(minutes), times)

    rows = [some(State.HEARD, "", 1), some(State.MERGED, "并入整点", 2), some(State.DROPPED, "已过时。", 3)]
    rows += [
        some(State.NOT_HEARD, "没有音响。", 5, kind=Kind.BIG),
        some(State.NOT_HEARD, "没有音响。", 4),
        some(State.WAITING, "正在静音。", 6, 6),
    ]
    assert day_line(NOW.date(), rows).lines == (
        "今天播了 1 条。", "另有 1 条并进了别的播报。", "没有播 2 条：没有音响。（14:04 14:05）",
        "没有播 1 条：已过时。（14:03）", "还在等 2 条：正在静音。（14:06）",
    )  # fmt: skip
    assert day_line(NOW.date(), rows[:1]).lines == ("今天播了 1 条，都播成了。",)


@contextmanager
def uptime_server() -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Yield the address, the paths that were called, and the status to answer with."""
    called: list[str] = []
    answer = {"status": 200}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.path)
            self.send_response(answer["status"])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ping/office", called, answer
    finally:
        server.shutdown()
        server.server_close()


def test_the_uptime_address_is_called_every_five_minutes_while_the_box_works() -> None:
    """A failure is tried again after a minute and known; nothing is called while deals cannot be recorded."""
    with uptime_server() as (address, called, answer):
        state: dict[str, Any] = {"address": "", "well": True, "at": 0.0}
        calls = UptimeCalls(
            lambda: state["address"], lambda: state["well"], lambda: NOW + timedelta(seconds=state["at"]),
            monotonic=lambda: 1000 + state["at"],
        )  # fmt: skip

        def passed(seconds: float) -> int:
            before = len(called)
            for _ in range(int(seconds / 5)):
                state["at"] += 5
                calls.turn()
            return len(called) - before

        assert passed(600) == 0
        state["address"] = address
        assert passed(600) in (2, 3)
        assert set(called) == {"/ping/office"}
        state["well"] = False
        assert passed(900) == 0
        state["well"], answer["status"] = True, 500
        assert passed(300) >= 3
        assert calls.failed_since() is not None
        answer["status"] = 200
        passed(100)
        assert calls.failed_since() is None
        state["address"] = address.replace("127.0.0.1:", "127.0.0.1:1")[:21]  # nobody listens there
        passed(10)
        assert calls.failed_since() is not None
