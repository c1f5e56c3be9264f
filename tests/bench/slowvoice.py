"""The natural voice on a slow machine: chime end to first word, and the longest silence inside an announcement.

The voice child is stopped and continued in turns of 40 ms (SIGSTOP, SIGCONT) so that it renders at 1.5 and 4 seconds
per second of speech, including loading, rendering and mixing. Names and products were rendered in idle time before, as
in the office; each deal's sentence is prepared 3 s before it is announced, like the phone's preview. Real
announcer, player and voice on SDL's disk driver at normal speed. COUNT (20) deals each, about ten minutes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "sound")]

from announcing import APPLAUSE, CHIME, Setup, announcing  # noqa: E402
from broadcasts import AMOUNTS, NAMES, ODD, TEAMS  # noqa: E402
from recording import RATE, level  # noqa: E402
from table import Row  # noqa: E402
from understood import VOICES, speech_of  # noqa: E402

from controller.sound.mandarin import spoken  # noqa: E402
from controller.sound.tts.client import AHEAD, Voice  # noqa: E402
from controller.sound.tts.script import Script, Segment  # noqa: E402

TURN_S = 0.04
PREVIEW_S = 3.0
PRODUCTS = ("网络招聘", "铂金会员", "企业年卡")
QUIET_DB = -45.0
"""Anything softer is silence between words."""


class Slow:
    """A brake that lets the voice child run only part of the time, so that it reaches a pace."""

    def __init__(self, voice: Voice, pace: float) -> None:
        self._voice = voice
        self._over = threading.Event()
        self.share = min(1.0, voice.status().pace / pace)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.is_set():
            pid = self._voice.status().pid
            self._send(pid, signal.SIGSTOP)
            self._over.wait(TURN_S * (1 - self.share))
            self._send(pid, signal.SIGCONT)
            self._over.wait(TURN_S * self.share)

    def _send(self, pid: int | None, what: int) -> None:
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._send(self._voice.status().pid, signal.SIGCONT)


def rows() -> list[Row]:
    """Return two rows per pace."""
    count = int(os.environ.get("COUNT", "20"))
    return [row for pace in (1.5, 4.0) for row in at_pace(pace, count)]


def at_pace(pace: float, count: int) -> list[Row]:
    """Return the figures of `count` deals at that pace."""
    with tempfile.TemporaryDirectory() as name, ready(Path(name)) as setup:
        deals = [deal(number) for number in range(count)]
        setup.voice.learn(replace(script, segments=(Segment(without_sum(script)),)) for script in deals)
        while setup.voice.waiting_ahead():
            time.sleep(0.2)
        slow = Slow(setup.voice, pace)
        try:
            prime(setup, slow)
            found = [announced(setup, number, script) for number, script in enumerate(deals)]
        finally:
            slow.close()
        reached = setup.voice.status().pace
    firsts, gaps = np.array([first for first, _ in found]), max(gap for _, gap in found)
    in_time = 100 * float((firsts <= 1.5).mean())
    what = f"voice at {reached:.1f} s per second of speech, {count} deals previewed 3 s before"
    measured = f"{np.median(firsts):.2f} s median, {firsts.max():.2f} s at most, {in_time:.0f} of 100 within"
    return [
        Row(f"{what}: chime end → first word", measured, "≤ 1.5 s in 95 of 100", in_time >= 95),
        Row("… longest silence inside an announcement", f"{gaps:.2f} s", "≤ 1.5 s", gaps <= 1.5),
    ]


@contextmanager
def ready(folder: Path) -> Iterator[Setup]:
    """Yield an announcer with the natural voice, running."""
    (folder / "voices").symlink_to(VOICES.resolve())
    with announcing(folder) as setup:
        setup.voice.prepare(Script((Segment("大家好"),))).result(60)
        assert setup.voice.status().natural
        yield setup


def deal(number: int) -> Script:
    """Return one deal with its applause; no two have the same sum."""
    name, team, product = NAMES[number % 40], TEAMS[number % 6], PRODUCTS[number % 3]
    text = f"恭喜{team}的{name}签了一单{product}，金额是{AMOUNTS[number % 10]}，请大家为他喝彩！"
    return Script((Segment(spoken(text, ODD)),), applause=APPLAUSE, chime=CHIME)


def without_sum(script: Script) -> str:
    """Return its clauses without the sum, as the office renders them ahead."""
    text = script.segments[0].text
    return "，".join(piece for piece in text.split("，") if "金额" not in piece)


def prime(setup: Setup, slow: Slow) -> None:
    """Render new text until the pace is reached."""
    for number in range(6):
        setup.voice.prepare(Script((Segment(spoken(f"第{number + 31}号客户已经到了前台。")),))).result(120)


def announced(setup: Setup, number: int, script: Script) -> tuple[float, float]:
    """Return seconds from the chime's end to the first word, and the longest silence before the applause."""
    setup.voice.prepare(replace(script, chime=None), AHEAD)
    time.sleep(PREVIEW_S)
    began = time.monotonic()
    setup.submit(1000 + number, script)
    setup.wait(90, lambda: any(ident == 1000 + number for ident, _ in setup.ends()))
    assert (1000 + number, "heard") in setup.ends(), setup.why(1000 + number)
    frames = setup.recording.frames_between(began, time.monotonic())
    speech = speech_of((frames.astype(np.float32).mean(axis=1) / 32768).astype(np.float32))[RATE // 10 :]
    return first_and_longest(speech)


def first_and_longest(speech: NDArray[np.float32]) -> tuple[float, float]:
    """Return the moment of the first word, and the longest silence after it."""
    loud = np.flatnonzero(level(speech, 0.02, 0.01) > 10 ** (QUIET_DB / 20))
    gaps = np.diff(loud) * 0.01
    return float(loud[0]) * 0.01, float(gaps.max(initial=0.0))


if __name__ == "__main__":
    for row in rows():
        print(row)
