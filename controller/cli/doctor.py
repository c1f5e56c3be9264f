"""`zhangu doctor`: check every part, and print one line each with the remedy for any fault."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.cli.errors import zone_of
from controller.clock import Clock
from controller.health import HealthProblem, Values, judge
from controller.health_readings import FAULT, MISSING, OK, UNKNOWN, Reading, readings
from controller.hearing import NO_DEVICE, VOLUME_0
from controller.sales.model import Refused
from controller.sales.store import Store
from controller.services.auth import Credentials
from controller.services.machine import MachineReader
from controller.sound.library import Library
from controller.sound.speaker import Event, Speaker
from controller.sound.tts.client import Voice
from controller.sound.tts.plan import VoiceStatus
from controller.sound.tts.script import VoiceFailed, say
from controller.system.local_daemon import asked, health_of
from controller.system.paths import Home, command, packaged
from controller.system.process import running
from controller.timetable import load
from controller.timetable.problems import TimetableInvalid

DEVICE_S = 4.0
MEASURING_S = 20.0
"""Seconds for examining new music; files not examined by then are not reported."""
SENTENCE = "恭喜大家，今天的目标已经完成了！"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report. `serious`: people would hear or see something wrong; `there`: False for
    an optional part that is missing.
    """

    part: str
    found: str
    serious: bool = False
    there: bool = True

    def __str__(self) -> str:
        return f"{'✗' if self.serious else '✓' if self.there else '–'} {self.part}：{self.found}"


def examine(home: Home) -> Iterator[Finding]:
    """Yield each finding when it is known; takes some seconds, plays no sound."""
    yield from _timetable(home)
    yield from _store(home)
    yield from _machine(home)
    yield from _music(home)
    yield from _voices(home)
    lock = running(home.running)
    health = health_of(lock) if lock.get("port") else None
    yield from of_the_running(health) if health is not None else [_device()]
    yield from not_rendered(asked(lock, "/api/voice") if health is not None else None)
    yield _daemon(lock, health)


def _timetable(home: Home) -> Iterator[Finding]:
    try:
        rhythm = load.load(home.timetable)
    except TimetableInvalid as faulty:
        for fault in faulty.faults:
            yield Finding("作息表", str(fault), serious=True)
        return
    yield Finding("作息表", f"{home.timetable} 没有问题")
    trusted = Clock(rhythm.zone).trusted()
    now = datetime.now(rhythm.zone)
    yield Finding(
        "时钟",
        f"{now:%Y-%m-%d %H:%M}"
        if trusted
        else f"{now:%Y-%m-%d %H:%M} 还不可信：没有对上网络时间，定时的声音先不放",
        serious=not trusted,
    )


def _store(home: Home) -> Iterator[Finding]:
    if not home.database.exists():
        yield Finding("账本", "还没有，第一次启动时建立", there=False)
        return
    try:
        with closing(Store(home.database)) as store:
            if (ailing := store.ailing()) is not None:
                raise ailing
            faults = store.check()
            with store.read() as session:
                people, teams = len(session.roster.people()), len(session.roster.teams())
            owned = Credentials(store).has_owner()
    except Refused as refused:
        yield Finding("账本", refused.sentence, serious=True)
        return
    if faults:
        yield Finding(
            "账本", f"{home.database} 已损坏：{faults[0]}。请改名保留，再放回最近的备份", serious=True
        )
    else:
        hint = "" if people else f"。请在手机上填名单，或者导入：{command()} import people 名单.csv"
        yield Finding("账本", f"{teams} 个团队，{people} 个人{hint}")
    if not owned:
        yield Finding(
            "负责人",
            f"还没有负责人的手机，添加手机、看操作记录都做不了。用 {command()} owner 要一个链接",
            there=False,
        )


def _machine(home: Home) -> Iterator[Finding]:
    """Report room, card, heat and power, each fault with its remedy."""
    place = home.var if home.var.exists() else home.root
    values = Values(datetime.now(UTC), machine=MachineReader(place).read())
    problems = judge(values)
    for row in readings(values, problems):
        if row.part in ("disk", "card", "temperature", "power"):
            yield _reading(row, problems)


def _reading(row: Reading, problems: Sequence[HealthProblem]) -> Finding:
    remedies = [f"{one.what}{one.mend}" for one in problems if one.part == row.part]
    value = "。".join([row.words, *remedies]).rstrip("。")
    return Finding(row.label, value, serious=row.state == FAULT, there=row.state != UNKNOWN)


def _music(home: Home) -> Iterator[Finding]:
    library = Library(home.root, home.cache)
    try:
        today = datetime.now().astimezone(zone_of(home)).date()
        for name in library.playlists():
            tracks = library.tracks(name, today)
            yield Finding("歌单", f"{name}：{len(tracks)} 首", serious=not tracks)
        library.measure_all()
        deadline = time.monotonic() + MEASURING_S
        while library.measuring() and time.monotonic() < deadline:
            time.sleep(0.1)
        for name, fault in library.broken_effects().items():
            yield Finding(
                "播报的声音", f"{name}：{fault}。请把原来的 {name} 放回 sounds 文件夹", serious=True
            )
        for problem in library.problems():
            yield Finding("音乐", str(problem), serious=True)
    finally:
        library.close()


def _voices(home: Home) -> Iterator[Finding]:
    yield _natural_voice(home)
    for name, state, why in describe_voices(home.var / "voices"):
        yield Finding(
            "语音",
            f"{name}：{'在用，' if state == 'speaks' else ''}{why}",
            state == "failed",
            state != "idle",
        )
    yield Finding("语音缓存", cache_in_words(home.cache))


def _natural_voice(home: Home) -> Finding:
    """Check that the natural voice's files are complete and unaltered, or report why it cannot be installed here."""
    from controller.sound.tts import download, install, packages, speakers
    from controller.sound.tts.download import CannotInstall

    folder = home.var / "voices"
    if (folder / speakers.FOLDER).is_dir():
        wrong = packages.faulty(folder)
        if not wrong:
            return Finding("自然语音", "装好了，文件完整")
        mend = f"请运行 {command()} voices install，只会重新取这些文件"
        return Finding("自然语音", f"{'、'.join(wrong)} 缺失、不完整或被改过。{mend}", serious=True)
    try:
        download.fit_to_speak()
    except CannotInstall as error:
        return Finding("自然语音", f"装不了：{error.sentence.removesuffix('。')}", there=False)
    if install.is_busy(folder):
        return Finding("自然语音", "正在安装", there=False)
    offline = (
        download.MEND_PACKAGED.removesuffix("。")
        if packaged()
        else f"也可以随时装：{command()} voices install"
    )
    return Finding("自然语音", f"没有装，由备用语音播报。能联网的话，启动后自己会装。{offline}", there=False)


def describe_voices(voices: Path, wanted: str = "auto") -> list[tuple[str, str, str]]:
    """Return (engine, state, reason) of every voice; states: speaks, idle, failed. The first is used.

    Starts a child that speaks a sentence: up to a minute with a neural voice.
    """
    try:
        status, factor, megabytes = _tried_voice(voices, wanted)
    except VoiceFailed as why:
        return [(wanted, "failed", str(why))]
    memory = f"，用内存 {megabytes:.0f} MB" if megabytes else ""
    lines = [(status.engine, "speaks", f"念一秒钟的话要算 {factor:.2f} 秒{memory}")]
    lines += [(name, "failed", why) for name, why in status.passed_over]
    if not status.natural and not status.passed_over:
        lines.append(("自然语音", "idle", "没有安装，现在由备用语音播报"))
    return lines


def cache_in_words(cache: Path) -> str:
    """Return the contents of the cache as a sentence."""
    voice = Voice(cache)
    count, size = voice.takes.size()
    clips = list((cache / "voice").glob("*.json")) if (cache / "voice").is_dir() else []
    return f"已合成 {count} 个短句（{size / 1e6:.0f} MB）、{len(clips)} 条整句"


def _tried_voice(voices: Path, wanted: str) -> tuple[VoiceStatus, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        voice = Voice(Path(folder), engine=wanted, voices=voices)
        try:
            voice.prepare(say("好")).result()
            started = time.monotonic()
            clip = voice.prepare(say(SENTENCE)).result()
            taken = time.monotonic() - started
            return voice.status(), taken / clip.duration_s, _peak_mb(voice.status().pid)
        finally:
            voice.close()


def _peak_mb(pid: int | None) -> float:
    """Return the peak memory of the child; 0.0 where the system does not report it."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except (OSError, ValueError, IndexError):
        pass
    return 0.0


def _device() -> Finding:
    ready = threading.Event()
    reasons: list[str] = []

    def on_event(event: Event) -> None:
        if event.kind == "lost" and event.why:
            reasons.append(event.why)
        if event.kind == "ready":
            ready.set()

    speaker = Speaker(on_event)
    speaker.start()
    try:
        if ready.wait(DEVICE_S):
            return Finding("音响", f"{speaker.health().device}")
        return Finding("音响", reasons[-1] if reasons else "播放程序没有回应。请再试一次", serious=True)
    finally:
        speaker.close()


def not_rendered(voice: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Report how much the running daemon's natural voice has not rendered ahead yet."""
    if voice is None or voice.get("state", {}).get("kind") not in ("natural", "own"):
        return
    waiting = voice.get("waiting", 0)
    yield Finding(
        "提前合成", f"还有 {waiting} 个短句没有合成，空闲时会做" if waiting else "常用的话都合成好了"
    )


def of_the_running(health: Mapping[str, Any]) -> Iterator[Finding]:
    """Report the sound of the running daemon: its device, volume, mute, quiet time, and other faults."""
    sound = health.get("sound") or {}
    deaf = sound.get("cause") in (NO_DEVICE, VOLUME_0)
    if not sound:  # it rejected the token: it belongs to another home or another release
        yield Finding("音响", "正在运行的战鼓没有把它的声音告诉这个命令，请在手机“设备”页看", there=False)
    elif sound.get("hears"):
        yield Finding("音响", f"{sound.get('device')}，总音量 {sound.get('volume')}")
    else:
        why = str(sound.get("why") or "听不到")
        mend = "".join(one["mend"] for one in health["troubles"] if one["what"] in why)
        yield Finding("音响", f"{why}{mend}".removesuffix("。"), serious=deaf)
    if sound.get("low"):
        yield Finding("音量", str(sound.get("why")), serious=True)
    for row in health.get("readings", ()):
        if row["part"] in ("walls", "backup", "links") and row["state"] != FAULT:
            mend = "。在手机的“设备”页添加" if row["part"] == "walls" and row["state"] == MISSING else ""
            yield Finding(row["label"], row["words"] + mend, there=row["state"] == OK)
    for problem in health["troubles"]:
        if not sound.get("why") or problem["what"] not in sound["why"]:
            serious = bool(problem["serious"])
            yield Finding(
                "正在发生", f"{problem['what']}{problem['mend']}".removesuffix("。"), serious, there=serious
            )


def _daemon(lock: Mapping[str, object], health: Mapping[str, Any] | None) -> Finding:
    if not lock:
        return Finding("战鼓", "没有在运行", there=False)
    where = f"进程 {lock.get('pid')}，端口 {lock.get('port')}"
    if health is None:
        return Finding("战鼓", f"在运行，但没有回应，{where}。请看 var/log/zhangu.log", serious=True)
    return Finding("战鼓", f"在运行，{where}")
