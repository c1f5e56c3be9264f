"""Assemble an announcement: lead silence, chime, speech, applause, tail; one WAV of exact loudness.

Speech is rendered clause by clause. With parts requested, each clause is delivered when it is finished, as a
WAV that follows the previous one without a gap; all parts together are the samples of the whole.

For the voice child only (numpy, PyAV).
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from controller.sound import loudness
from controller.sound.mandarin import syllables
from controller.sound.tts import amount_parts, cache, levels
from controller.sound.tts.cache import Takes
from controller.sound.tts.engines import Cancelled, Engine, EngineFailed, Unsayable
from controller.sound.tts.levels import RATE, Samples
from controller.sound.tts.script import (
    SPEECH_LUFS,
    Delivery,
    Recording,
    Script,
    Segment,
    least_duration_s,
    sentences,
)

CHIME_GAP_MS = 60
ROLL_GAP_MS = 80
LEAST_ROLL_S = 0.05
MARGIN = RATE // 50  # 20 ms: twice the limiter's window, so its gain is 1 at both ends
LONGEST_KEPT = 15 * RATE
MOST_SOUNDS = 6  # two megabytes each
LEAST_WORD_S = 0.03


OnPart = Callable[[Samples, int], None]


class NothingToSay(Exception):  # noqa: N818 - there is nothing to say
    """The script has no speakable word and no roll."""


@dataclass
class _Strip:
    """Mono speech under construction: consecutive pieces, and the positions of the marks (in samples)."""

    pieces: list[Samples] = field(default_factory=list)
    length: int = 0
    marks: list[tuple[str, int]] = field(default_factory=list)
    rolls: list[tuple[int, Samples]] = field(default_factory=list)
    finished: int = 0
    """Clauses that were rendered, or that hold nothing to say."""
    sent: int = 0
    """Samples already delivered; always at the border of two pieces."""
    _sent_pieces: int = 0

    def add(self, piece: Samples) -> None:
        self.pieces.append(piece)
        self.length += piece.shape[-1]

    def hand_on(self) -> None:
        """Note that everything so far was delivered."""
        self.sent, self._sent_pieces = self.length, len(self.pieces)

    def fresh(self) -> Samples:
        """Return the stereo samples since `sent`. A roll never crosses that border, nor comes within MARGIN of it."""
        out = np.zeros((2, self.length - self.sent), np.float32)
        _lay(out, self.pieces[self._sent_pieces :], 0)
        rolls = [(at - self.sent, roll) for at, roll in self.rolls if at >= self.sent]
        return _overlaid(out, rolls)


class Request:
    """Requests concerning a running assembly. Thread-safe: plain flags, each set once."""

    def __init__(self, *, parts: bool = False) -> None:
        self.parts, self.cancelled = parts, False

    def cancel(self) -> None:
        """It is not wanted any more."""
        self.cancelled = True

    def give_parts(self) -> None:
        """Ask for the parts as soon as each is rendered."""
        self.parts = True


class Mixdown:
    """Assembly of clips with one engine; keeps recently decoded sounds (chime and applause recur).

    pace: seconds of rendering per second of speech, measured while rendering; the argument is the initial value.
    """

    def __init__(self, engine: Engine, kept: Takes | None = None, pace: float = 0.5) -> None:
        self._engine, self._takes, self.pace = engine, kept, pace
        self._progress: Callable[[], None] = lambda: None
        self._on_part: OnPart = lambda samples, finished: None
        self._request = Request()
        self._notes: list[str] = []
        self._unread: dict[str, None] = {}
        self._decoded: dict[tuple[Path, int, float], Samples] = {}
        self._lufs = SPEECH_LUFS
        self._sent = self._level = 0
        self._lock = threading.Lock()  # of `_sent` and of the strip under way
        self._under_way: tuple[_Strip, Script] | None = None

    def assemble(
        self,
        script: Script,
        path: Path,
        progress: Callable[[], None] = lambda: None,
        request: Request | None = None,
        on_part: OnPart = lambda samples, finished: None,
        level: int = 0,
    ) -> dict[str, Any]:
        """Write the clip to `path` (completely or not at all) and return the fields of `Clip` except the path.

        `progress` is called after every clause, to show that the child is alive. While `request.parts` is set,
        `on_part` gets the stereo samples that are final, and how many clauses are finished. `level`: how finely sums
        are cut (`amount_parts`). Raises NothingToSay, EngineFailed, Cancelled, OSError.
        """
        self._notes, self._unread, self._progress, self._lufs = [], {}, progress, script.lufs
        self._request, self._on_part, self._sent, self._level = request or Request(), on_part, 0, level
        strip = _Strip()
        with self._lock:
            self._under_way = strip, script
        try:
            self._render_clauses(script, strip)
        finally:
            with self._lock:
                self._under_way = None
        whole, start = self._mixed(script, strip)
        if self._request.parts:
            on_part(whole[:, self._sent :], strip.finished)
        write(whole, path)
        return {
            "duration_s": whole.shape[1] / RATE,
            "speech_start_s": start / RATE,
            "speech_end_s": (start + strip.length) / RATE,
            "marks": [(name, (start + at) / RATE) for name, at in strip.marks],
            "notes": self._notes,
            "unread": list(self._unread),
        }

    def learn(self, text: str, delivery: Delivery, request: Request) -> None:
        """Render one clause for later. Raises EngineFailed or Cancelled."""
        self._request = request
        self._rendered(text, delivery)

    def deliver(self) -> None:
        """Deliver at once what is final, while the next clause is rendered. For another thread than `assemble`."""
        with self._lock:
            if self._under_way is not None:
                self._flush(*self._under_way)

    def _render_clauses(self, script: Script, strip: _Strip) -> None:
        for segment in script.segments:
            self._add(segment, strip, script)
        if not strip.length:
            raise NothingToSay

    def _add(self, segment: Segment, strip: _Strip, script: Script) -> None:
        delivery = Delivery(segment.language, script.voice, script.speed)
        texts = self._clauses(segment.text)
        roll = self._sound(segment.roll)
        if not texts and roll is None:
            return
        with self._lock:
            if strip.length:
                strip.add(levels.silence(max(segment.pause_ms, 0 if segment.pause_ms else 320)))
            if roll is not None:
                strip.rolls.append((strip.length, roll))
                strip.add(levels.silence(1000 * roll.shape[1] / RATE + ROLL_GAP_MS))
        mark = segment.mark
        for number, (text, pause) in enumerate(texts):
            if self._request.cancelled:
                raise Cancelled
            with self._lock:
                self._flush(strip, script)
            try:
                take = self._take(text, delivery)
            except Unsayable:
                strip.finished += 1
                continue
            with self._lock:
                strip.finished += 1
                if mark:
                    strip.marks.append((mark, strip.length))
                    mark = None
                strip.add(take)
                if number + 1 < len(texts):
                    strip.add(levels.silence(pause))
        if mark:
            strip.marks.append((mark, strip.length))

    def _clauses(self, text: str) -> list[tuple[str, int]]:
        longest = self._engine.longest
        if not self._engine.natural:
            return sentences(text, longest)
        return amount_parts.cut(text, longest, self._level)

    def _flush(self, strip: _Strip, script: Script) -> None:
        """Call with the lock held: deliver the samples so far, which cannot change any more."""
        if not self._request.parts or strip.length == strip.sent:
            return
        if not self._sent:
            whole, start = self._mixed(replace(script, applause=None, tail_ms=0), strip)
            fresh = whole[:, : start + strip.length]
        else:
            fresh = strip.fresh()
        self._on_part(fresh, strip.finished)
        self._sent += fresh.shape[1]
        strip.hand_on()

    def _take(self, text: str, delivery: Delivery) -> Samples:
        if self._engine.natural:
            self._unread.update(dict.fromkeys(syllables.unread(syllables.read(text, sandhi=False))))
        recording = self._rendered(text, delivery)
        least = max(least_duration_s(text), LEAST_WORD_S)
        if recording.seconds() < least:
            raise EngineFailed(f"一句话只念了 {recording.seconds():.2f} 秒，至少要 {least:.2f} 秒")
        take = levels.trimmed(levels.resampled(recording.pcm, recording.rate))
        if not take.size:
            raise EngineFailed("念出来的全是静音")
        if self._engine.natural:
            take = levels.for_a_room(take)
        self._progress()
        return _levelled([take], self._lufs)[0]

    def _rendered(self, text: str, delivery: Delivery) -> Recording:
        """Return the clause from the cache, or render and keep it."""
        if self._request.cancelled:
            raise Cancelled
        if self._takes is None or not self._engine.natural:
            return self._engine.render(text, delivery)
        key = cache.name(self._engine.identity, text, delivery)
        kept = self._takes.get(key)
        if kept is None:
            began = time.monotonic()
            kept = self._engine.render(text, delivery)
            if kept.pcm:
                self.pace += 0.3 * ((time.monotonic() - began) / kept.seconds() - self.pace)
                self._takes.put(key, kept)
        return kept

    def _sound(self, path: Path | None) -> Samples | None:
        """Return a sound file as stereo samples, never louder than speech; None if it is unreadable."""
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
            if sound.shape[1] > LONGEST_KEPT:  # a long voice clip, played once
                return sound
            while len(self._decoded) >= MOST_SOUNDS:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[key] = sound
        return self._decoded[key]

    def _mixed(self, script: Script, strip: _Strip) -> tuple[Samples, int]:
        """Return everything as stereo samples, and the sample at which speech starts."""
        chime, applause = self._sound(script.chime), self._sound(script.applause)
        layers = [] if chime is None else [(levels.silence(script.lead_ms).size, chime)]
        start = levels.silence(script.lead_ms).size
        if chime is not None:
            start += chime.shape[1] + levels.silence(CHIME_GAP_MS).size
        layers += [(start + at, roll) for at, roll in strip.rolls]
        if applause is not None:
            overlap = min(levels.silence(script.overlap_ms).size, strip.length)
            layers.append((max(self._sent, start + strip.length - overlap), applause))
        end = max([start + strip.length, *(at + sound.shape[1] for at, sound in layers)])
        whole = np.zeros((2, end + levels.silence(script.tail_ms).size), np.float32)
        _lay(whole, strip.pieces, start)
        return _overlaid(whole, layers), start


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


def _overlaid(whole: Samples, layers: Sequence[tuple[int, Samples]]) -> Samples:
    """Add `layers` (position in samples, stereo) to `whole` in place, limited where they overlap it."""
    for at, sound in layers:
        whole[:, at : at + sound.shape[1]] += sound
    for at, sound in layers:  # speech alone is below the ceiling already; only a sum may exceed it
        around = slice(max(0, at - MARGIN), at + sound.shape[1] + MARGIN)
        whole[:, around] = levels.limited(whole[:, around])
    return whole


def _levelled(pieces: list[Samples], lufs: float) -> list[Samples]:
    """Return the pieces with a common gain that brings their sum to `lufs`, after limiting."""
    gain = lufs - levels.integrated(*pieces)
    for _ in range(3):  # limiting lowers the loudness a little; correct until it is right
        done = [levels.limited(piece * np.float32(levels.decibels(gain))) for piece in pieces]
        missing = lufs - levels.integrated(*done)
        if abs(missing) < 0.2:
            break
        gain += missing
    return done


def write(samples: Samples, path: Path) -> None:
    """Write stereo samples as 16-bit WAV to `path`, atomically: under another name, then renamed."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # The file is opened here: a wave.open() that may not write leaves a traceback in the log.
        with part.open("wb") as file, wave.open(file, "wb") as out:
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
