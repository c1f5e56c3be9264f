"""Puts an announcement together: lead silence, chime, speech, applause, tail; one WAV of exact loudness.

For the voice child only (numpy, PyAV).
"""

from __future__ import annotations

import contextlib
import os
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from controller.sound import loudness
from controller.sound.speech import levels
from controller.sound.speech.engines import Engine, EngineFailed
from controller.sound.speech.levels import RATE, Samples
from controller.sound.speech.script import SPEECH_LUFS, Script, Segment, least_duration_s, sentences

CHIME_GAP_MS = 60
ROLL_GAP_MS = 80
LEAST_ROLL_S = 0.05
MARGIN = RATE // 50  # 20 ms: twice what the limiter looks around, so its gain is 1 at both ends
LONGEST_KEPT = 15 * RATE
MOST_SOUNDS = 6  # two megabytes each
LEAST_WORD_S = 0.03


class NothingToSay(Exception):  # noqa: N818 - there is nothing to say
    """The script holds neither a speakable word nor a roll."""


@dataclass
class _Strip:
    """Mono speech in the making: pieces one after the other, and where the marks fall (in samples)."""

    pieces: list[Samples] = field(default_factory=list)
    length: int = 0
    marks: list[tuple[str, int]] = field(default_factory=list)
    rolls: list[tuple[int, Samples]] = field(default_factory=list)

    def add(self, piece: Samples) -> None:
        self.pieces.append(piece)
        self.length += piece.shape[-1]


class Studio:
    """Assembles clips with one engine; remembers the last sounds it decoded (chime and applause recur)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._progress: Callable[[], None] = lambda: None
        self._notes: list[str] = []
        self._decoded: dict[tuple[Path, int, float], Samples] = {}
        self._lufs = SPEECH_LUFS

    def assemble(
        self, script: Script, path: Path, progress: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Writes the clip to `path` (whole or not at all) and returns the fields of `Clip` but for the path.

        `progress` is called after every sentence, to say that it lives. Raises NothingToSay, EngineFailed,
        OSError (no space).
        """
        self._notes, self._progress, self._lufs = [], progress, script.lufs
        strip = self._recited(script)
        whole, start = self._mixed(script, strip)
        write(whole, path)
        return {
            "duration_s": whole.shape[1] / RATE,
            "speech_start_s": start / RATE,
            "speech_end_s": (start + strip.length) / RATE,
            "marks": [(name, (start + at) / RATE) for name, at in strip.marks],
            "notes": self._notes,
        }

    def _recited(self, script: Script) -> _Strip:
        strip = _Strip()
        for segment in script.segments:
            self._add(segment, strip)
        if not strip.length:
            raise NothingToSay
        strip.pieces = _levelled(strip.pieces, self._lufs)
        return strip

    def _add(self, segment: Segment, strip: _Strip) -> None:
        takes = [(self._take(text), pause) for text, pause in sentences(segment.text, self._engine.longest)]
        roll = self._sound(segment.roll)
        if not takes and roll is None:
            return
        if strip.length:
            strip.add(levels.silence(max(segment.pause_ms, 0 if segment.pause_ms else 320)))
        if roll is not None:
            strip.rolls.append((strip.length, roll))
            strip.add(levels.silence(1000 * roll.shape[1] / RATE + ROLL_GAP_MS))
        if segment.mark:
            strip.marks.append((segment.mark, strip.length))
        for number, (take, pause) in enumerate(takes):
            strip.add(take)
            if number + 1 < len(takes):
                strip.add(levels.silence(pause))

    def _take(self, text: str) -> Samples:
        recording = self._engine.render(text)
        least = max(least_duration_s(text), LEAST_WORD_S)
        if recording.seconds() < least:
            raise EngineFailed(f"一句话只念了 {recording.seconds():.2f} 秒，至少要 {least:.2f} 秒")
        take = levels.trimmed(levels.resampled(recording.pcm, recording.rate))
        if not take.size:
            raise EngineFailed("念出来的全是静音")
        self._progress()
        return take

    def _sound(self, path: Path | None) -> Samples | None:
        """A sound file as stereo samples, never louder than speech; without it the rest still goes out."""
        if path is None:
            return None
        try:
            return self._remembered(path)
        except loudness.Unreadable as why:
            self._notes.append(f"声音文件 {path.name} 用不了：{why}。这次不放它。")
            return None
        finally:
            self._progress()

    def _remembered(self, path: Path) -> Samples:
        try:
            key = (path, path.stat().st_mtime_ns, self._lufs)
        except OSError as error:
            raise loudness.Unreadable("文件不见了") from error
        if key not in self._decoded:
            sound = _decoded(path, self._lufs)
            if sound.shape[1] > LONGEST_KEPT:  # a minute at the microphone, said once
                return sound
            while len(self._decoded) >= MOST_SOUNDS:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[key] = sound
        return self._decoded[key]

    def _mixed(self, script: Script, strip: _Strip) -> tuple[Samples, int]:
        """All of it as stereo samples, and the sample at which speech begins."""
        chime, applause = self._sound(script.chime), self._sound(script.applause)
        layers = [] if chime is None else [(levels.silence(script.lead_ms).size, chime)]
        start = levels.silence(script.lead_ms).size
        if chime is not None:
            start += chime.shape[1] + levels.silence(CHIME_GAP_MS).size
        layers += [(start + at, roll) for at, roll in strip.rolls]
        if applause is not None:
            overlap = min(levels.silence(script.overlap_ms).size, strip.length)
            layers.append((start + strip.length - overlap, applause))
        end = max([start + strip.length, *(at + sound.shape[1] for at, sound in layers)])
        whole = np.zeros((2, end + levels.silence(script.tail_ms).size), np.float32)
        _lay(whole, strip.pieces, start)
        for at, sound in layers:
            whole[:, at : at + sound.shape[1]] += sound
        for at, sound in layers:  # speech alone is under the peak already; only a sum may be over it
            around = slice(max(0, at - MARGIN), at + sound.shape[1] + MARGIN)
            whole[:, around] = levels.limited(whole[:, around])
        return whole, start


def _decoded(path: Path, most_lufs: float) -> Samples:
    parts = [np.asarray(frame.to_ndarray(), np.float32) for frame in loudness.frames_of(path)]
    sound = levels.trimmed(np.concatenate(parts, axis=1)) if parts else np.zeros((2, 0), np.float32)
    if sound.shape[1] < LEAST_ROLL_S * RATE:
        raise loudness.Unreadable("里面没有声音")
    return sound * np.float32(levels.decibels(min(0.0, most_lufs - levels.integrated(sound))))


def _lay(whole: Samples, pieces: Sequence[Samples], at: int) -> None:
    for piece in pieces:
        whole[:, at : at + piece.size] = piece
        at += piece.size


def _levelled(pieces: list[Samples], lufs: float) -> list[Samples]:
    """The same pieces with a common gain that brings their whole to `lufs`, after limiting."""
    gain = lufs - levels.integrated(*pieces)
    for _ in range(3):  # limiting takes a little loudness; give it back until it is right
        done = [levels.limited(piece * np.float32(levels.decibels(gain))) for piece in pieces]
        missing = lufs - levels.integrated(*done)
        if abs(missing) < 0.2:
            break
        gain += missing
    return done


def write(samples: Samples, path: Path) -> None:
    """Stereo samples as 16-bit WAV at `path`: written beside it and renamed, so never half there."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with wave.open(str(part), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(RATE)
            for at in range(0, samples.shape[1], RATE):
                block = np.rint(np.clip(samples[:, at : at + RATE], -1, 1) * 32767).astype("<i2")
                out.writeframes(block.T.tobytes())
        part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
