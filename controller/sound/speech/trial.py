"""Tries the voices, for `doctor`: which one speaks, how fast, and why not a better one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from controller.sound.speech.engines import model_folders
from controller.sound.speech.script import VoiceFailed, say
from controller.sound.speech.voicebox import Voice


def describe(voices: Path, wanted: str = "auto") -> list[tuple[str, str, str]]:
    """(engine, state, why) of every voice, for `doctor`; states: speaks, idle, failed. The first is used.

    Starts a child of its own and lets it speak a sentence: up to a minute with a neural voice.
    """
    try:
        identity, passed_over, factor = _tried(voices, wanted)
    except VoiceFailed as why:
        return [(wanted, "failed", str(why))]
    lines = [(identity, "speaks", f"念一秒钟的话要算 {factor:.2f} 秒")]
    lines += [(name, "failed", why) for name, why in passed_over]
    if not _neural_folders(voices):
        lines.append(("sherpa/piper", "idle", f"更好的声音：把模型文件夹放进 {voices}"))
    return lines


def _neural_folders(voices: Path) -> Sequence[Path]:
    return model_folders(voices)


def _tried(voices: Path, wanted: str) -> tuple[str, Sequence[tuple[str, str]], float]:
    with tempfile.TemporaryDirectory() as folder:
        voice = Voice(Path(folder), engine=wanted, voices=voices)
        try:
            voice.prepare(say("好")).result()
            started = time.monotonic()
            clip = voice.prepare(say("恭喜大家，今天的目标已经完成了！")).result()
            taken = time.monotonic() - started
            status = voice.status()
            return status.engine, status.passed_over, taken / clip.duration_s
        finally:
            voice.close()
