"""Sounds for one phone alone: what was asked to be heard first, also in a voice that is not the one that speaks."""

from __future__ import annotations

import threading
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import replace
from pathlib import Path

from controller.book.model import Refused
from controller.office.speaking import BACKUP, NATURAL, OWN, Speaking
from controller.sound.speech import speakers
from controller.sound.speech.script import Script, VoiceFailed
from controller.sound.speech.speakers import AUTO, ESPEAK
from controller.sound.voice import AHEAD, Voice

HEARING_LIMIT_S = 25.0
IDLE_S = 20.0
"""A second voice child gives its memory back soon."""
Manner = tuple[str, float]
"""Voice and speed; see `Speaking.sample`."""


class Samples:
    """Thread-safe. `var` holds cache and voices. Another engine than the present one has a child for itself."""

    def __init__(self, var: Path, voice: Voice, speaking: Speaking):
        self._var, self._voice, self._speaking = var, voice, speaking
        self._lock = threading.Lock()
        self._other: Voice | None = None

    def render(self, script: Script, manner: Manner | None = None) -> Path:
        """The script as WAV, spoken as `manner` says. Raises Refused."""
        if manner is None:
            return self._file(self._voice, script)
        key, speed = manner
        speaker = speakers.find(key)
        script = replace(script, voice=speaker.key if speaker else "", speed=speed)
        if self._speaks(key):
            return self._file(self._voice, script)
        with self._lock:  # one after another: a natural voice takes some 300 MB while it renders
            if self._other is None:
                self._other = Voice(self._var / "cache", self._var / "voices", engine=AUTO, idle_s=IDLE_S)
            self._other.use("kokoro" if speaker else key)
            path = self._file(self._other, script)
            status = self._other.status()
        if key != ESPEAK and status.engine.startswith("espeak"):
            why = "；".join(reason for _, reason in status.passed_over)
            raise Refused(f"这个语音在这台机器上用不了{'：' if why else ''}{why}。", "voice")
        return path

    def _speaks(self, key: str) -> bool:
        """Whether the voice that speaks now has this one."""
        kind = self._speaking.speaks().kind
        if key == AUTO:
            return True
        if speakers.find(key) is not None:
            return kind == NATURAL
        return kind == BACKUP if key == ESPEAK else kind == OWN and self._speaking.choice().voice == key

    def _file(self, voice: Voice, script: Script) -> Path:
        try:
            return voice.prepare(script, AHEAD).result(HEARING_LIMIT_S).path
        except VoiceFailed as failed:
            raise Refused(failed.sentence) from failed
        except NotInTime as late:
            raise Refused("语音正忙，请过一会儿再试听。") from late

    def close(self) -> None:
        """End the second child, if there is one."""
        with self._lock:
            if self._other is not None:
                self._other.close()
