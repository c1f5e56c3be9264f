"""Try the voices, for `doctor`: which one works, how fast, with how much memory, and why not a better one."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from controller.sound.tts.client import Voice, VoiceStatus
from controller.sound.tts.script import VoiceFailed, say

SENTENCE = "恭喜大家，今天的目标已经完成了！"


def describe(voices: Path, wanted: str = "auto") -> list[tuple[str, str, str]]:
    """Return (engine, state, reason) of every voice, for `doctor`; states: speaks, idle, failed. The first is used.

    Starts a child that speaks a sentence: up to a minute with a neural voice.
    """
    try:
        status, factor, megabytes = _tried(voices, wanted)
    except VoiceFailed as why:
        return [(wanted, "failed", str(why))]
    memory = f"，用内存 {megabytes:.0f} MB" if megabytes else ""
    lines = [(status.engine, "speaks", f"念一秒钟的话要算 {factor:.2f} 秒{memory}")]
    lines += [(name, "failed", why) for name, why in status.passed_over]
    if not status.natural and not status.passed_over:
        lines.append(("自然语音", "idle", "没有安装，现在由备用语音播报。运行 zhangu voices install 安装"))
    return lines


def kept(cache: Path) -> str:
    """Return the contents of the cache as a sentence for `doctor`."""
    voice = Voice(cache)
    count, size = voice.takes.size()
    clips = list((cache / "voice").glob("*.json")) if (cache / "voice").is_dir() else []
    return f"已合成 {count} 个短句（{size / 1e6:.0f} MB）、{len(clips)} 条整句"


def _tried(voices: Path, wanted: str) -> tuple[VoiceStatus, float, float]:
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
