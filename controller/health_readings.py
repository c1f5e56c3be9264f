"""The parts of the box with their present values in words, also of those that are well. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from controller.health import BackupValues, HealthProblem, Machine, Values, room_left, shown, since_words

OK: Final = "ok"
FAULT: Final = "fault"
UNKNOWN: Final = "unknown"
OPTIONAL: Final = "optional"
MISSING: Final = "missing"
NOT_MEASURABLE: Final = "这里测不出"


@dataclass(frozen=True, slots=True)
class Reading:
    """A part with its present value in words.

    `state`: OK, FAULT, UNKNOWN (it cannot be measured here), OPTIONAL (an optional part that the office has not set up)
    or MISSING (each office needs it, and it is not set up yet; `mend` says how).
    """

    part: str
    label: str
    words: str
    state: str = OK
    mend: str = ""


def readings(values: Values, problems: Iterable[HealthProblem]) -> tuple[Reading, ...]:
    """Return a line for each part that a person may ask about, in order."""
    wrong = {problem.part for problem in shown(problems)}
    machine, backup = values.machine, values.backup
    lines = (
        _line(wrong, "sound", "声音", values.hearing.short or ("音量很小" if values.hearing.low else "正常")),
        _line(wrong, "speaker", "喇叭自检", _speaker_test_words(values)),
        _line(wrong, "loudness", "跟着办公室的声音", _loudness_words(values)),
        _line(wrong, "clock", "时钟", f"准，{values.now:%H:%M}" if values.clock_trusted else "不可信"),
        _line(wrong, "voice", "语音", "没有能用的语音" if values.voice.fault else "能播报"),
        _line(wrong, "walls", "大屏", _walls_words(values)),
        _line(wrong, "disk", "磁盘", None if machine.free is None else f"还剩 {room_left(machine.free)}"),
        _line(wrong, "card", "存储卡", _card_words(machine)),
        _line(wrong, "temperature", "温度", None if machine.celsius is None else f"{machine.celsius:.0f} °C"),
        _line(wrong, "power", "供电", {None: None, False: "正常", True: "不够"}[machine.under_voltage]),
        _line(wrong, "backup", "备份", _backup_words(backup, values.now)),
        _line(wrong, "links", "连接", _links_words(values)),
    )
    return tuple(_not_set_up(values, line) if line.state == OK else line for line in lines)


def _not_set_up(values: Values, line: Reading) -> Reading:
    """Mark a part that is not set up: green would say that it works."""
    optional = {
        "speaker": not values.speaker_test.on,
        "loudness": not values.loudness.on,
        "links": not values.links,
    }
    if optional.get(line.part):
        return replace(line, state=OPTIONAL)
    needed = {
        "walls": (not values.walls, "在下面的“大屏”里添加。"),
        "backup": (
            values.backup is not None and values.backup.newest is None,
            "主机每天自动备份；也可以在下面的“备份”里马上备份。",
        ),
    }
    missing, mend = needed.get(line.part, (False, ""))
    return replace(line, state=MISSING, mend=mend) if missing else line


def _line(wrong: set[str], part: str, label: str, words: str | None) -> Reading:
    if words is None:
        return Reading(part, label, NOT_MEASURABLE, UNKNOWN)
    return Reading(part, label, words, FAULT if part in wrong else OK)


def _speaker_test_words(values: Values) -> str:
    test = values.speaker_test
    if not test.on:
        return "没有打开"
    if test.found is None or test.at is None:
        return "还没有检过"
    words = {"heard": "听到了", "silent": "没有听到", "loud": "太吵，没有测成", "cut": "被打断，没有测成"}
    return f"{since_words(test.at, values.now)} {words.get(test.found, '没有测成')}"


def _loudness_words(values: Values) -> str:
    last = values.loudness
    if not last.on:
        return "没有打开"
    if last.found is None or last.at is None:
        return "还没有量过"
    return f"{since_words(last.at, values.now)} {'量过' if last.found == 'level' else '没有量成'}"


def _walls_words(values: Values) -> str:
    away = sum(wall.since is not None for wall in values.walls)
    if not values.walls:
        return "还没有大屏"
    return f"{len(values.walls)} 块，{away} 块没有连上" if away else f"{len(values.walls)} 块，都连着"


def _card_words(machine: Machine) -> str | None:
    if machine.read_only:
        return "只能读"
    if machine.card_errors is None:
        return None
    return f"{machine.card_errors} 次错误" if machine.card_errors else "没有错误"


def _backup_words(backup: BackupValues | None, now: datetime) -> str | None:
    if backup is None:
        return None
    return "还没有" if backup.newest is None else f"最近一份 {since_words(backup.newest, now)}"


def _links_words(values: Values) -> str:
    stuck = [link.name for link in values.links if link.since is not None]
    if not values.links:
        return "没有设置"
    return (
        f"{len(values.links)} 个，{'、'.join(stuck)} 没有发出去"
        if stuck
        else f"{len(values.links)} 个，都正常"
    )
