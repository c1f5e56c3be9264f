"""Start a voice child and read its first line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from controller.sentences import say
from controller.sound.child import Child
from controller.sound.tts.script import VoiceFailed
from controller.sound.tts.speakers import FOLDER

LOADING_LIMIT_S = 20.0
SLOW_LOADING_S = 90.0  # a neural model on a Pi with a slow card


def launched(engine: str, voices: Path, takes: Path, pace: float) -> Child:
    """Return a child that is loading its engine."""
    arguments = (
        "--engine", engine, "--voices", str(voices), "--takes", str(takes), "--pace", f"{pace:.3f}",
    )  # fmt: skip
    return Child("controller.sound.voice", arguments)


def greeting(child: Child, voices: Path) -> dict[str, Any]:
    """Wait until the engine is loaded and return its facts; raises ChildLost, or VoiceFailed when none works."""
    hello = child.receive(LOADING_LIMIT_S, SLOW_LOADING_S if (voices / FOLDER).is_dir() else 0.0)
    if "ready" not in hello:
        child.kill()
        raise VoiceFailed(say("voice_none", why=hello.get("fatal")))
    return hello
