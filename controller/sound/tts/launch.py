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
SENTENCE_LIMIT_S = 10.0
"""A sentence takes 0.02 s with espeak on a desktop, 0.2 s on a Pi; a child without an answer for ten seconds is hung,
unless it renders a natural voice and is still computing."""
SLOW_LIMIT_S = 90.0
"""Limit for one clause of a natural voice: 5.6 s of speech at 16 s of rendering each."""


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
