"""Announcements as the office hears them: the real announcer, player and voice, measured on the recorded signal.

`rows()` takes about three minutes. Loudness, sequence and number are measured with SDL's disk driver at about eight
times real time; gaps and first syllables at normal speed.
"""

from __future__ import annotations

import sys
import tempfile
import time
import wave
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "sound")]

from announcing import APPLAUSE, CHIME, FAST, Setup, announcing, sign, signs  # noqa: E402
from fakes import SHANGHAI  # noqa: E402
from recording import RATE  # noqa: E402
from table import Row  # noqa: E402

from controller.sales import messages  # noqa: E402
from controller.sales.model import Deal  # noqa: E402
from controller.services.context import WORDS  # noqa: E402
from controller.sound import loudness  # noqa: E402
from controller.sound.mandarin import spoken  # noqa: E402
from controller.sound.tts.script import Clip, Script, Segment  # noqa: E402
from controller.timetable.load import load  # noqa: E402

now = time.monotonic
TEXTS = (
    "恭喜猛虎队的王小明签到了第一单，为我们大家拿到了开门红，大家加油！",
    "恭喜飞龙队的李思思签了一单校园招聘套餐，金额是一万两千八百元，请大家为他喝彩！",
    "车库有一辆车没关灯，请车主去看一看。",
)
EARS_DB = -60.0
"""dBFS; below it the chime has ended."""


def rows(*only: str) -> list[Row]:
    """Return all figures, or those of the measurements named."""
    found: list[Row] = []
    for measure in (levels, gap, syllable, roundup, in_a_row):
        if not only or measure.__name__ in only:
            with tempfile.TemporaryDirectory() as name:
                found += measure(Path(name))
    return found


def levels(folder: Path) -> list[Row]:
    """Measure the loudness of thirty single announcements, and the peak of everything."""
    loud, peaks = [], []
    with announcing(folder, FAST) as setup:
        for n in range(30):
            text = f"{n}号通知：{TEXTS[n % len(TEXTS)]}"
            frames = _heard(setup, n, Script((Segment(spoken(text)),), chime=CHIME, applause=APPLAUSE))
            peaks.append(_measured(frames, folder).peak)
            alone = _heard(setup, 100 + n, Script((Segment(spoken(text)),)))
            loud.append(_measured(alone, folder).lufs)
    off = max(abs(value + 18) for value in loud)
    spread = f"{min(loud):.1f} to {max(loud):.1f} LUFS"
    return [
        Row("30 announcements as heard, speech", spread, "−18 LUFS ±1", off <= 1),
        Row("30 announcements as heard, true peak", f"{max(peaks):.1f} dBTP", "≤ −1 dBTP", max(peaks) <= -1),
    ]


def _heard(setup: Setup, ident: int, script: Script) -> np.ndarray:
    """Return the sound of one announcement, from its first to its last sample."""
    setup.voice.prepare(script).result(60)
    began = now()
    setup.submit(ident, script)
    setup.wait(60, lambda: any(number == ident for number, _ in setup.ends()))
    time.sleep(0.15)
    frames = setup.recording.frames_between(began, now())
    loud = np.flatnonzero(np.abs(frames).max(axis=1) > 3)
    return frames[loud[0] : loud[-1] + 1]


def _measured(frames: np.ndarray, folder: Path) -> loudness.Loudness:
    path = folder / "heard.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(frames.astype("<i2").tobytes())
    return loudness.of_file(path)


def gap(folder: Path) -> list[Row]:
    """Measure end of the chime → first word, at normal speed: rendered during the chime, and rendered before."""
    took: dict[str, list[float]] = {"rendered meanwhile": [], "lying ready": []}
    with announcing(folder) as setup:
        setup.voice.prepare(Script((Segment("你好"),))).result(60)  # the child is running, as in the daemon
        for n in range(4):
            script = Script((Segment(spoken(f"{n}号会议室现在可以使用了")),), chime=CHIME)
            took["rendered meanwhile"].append(_silence_after_chime(_at_speed(setup, n, script)))
            setup.voice.prepare(script).result(60)
            took["lying ready"].append(_silence_after_chime(_at_speed(setup, 10 + n, script)))
    return [
        Row(f"chime → first word, {how}, ms", f"{max(ms):.0f} worst of 4", "≤ 150", max(ms) <= 150)
        for how, ms in took.items()
    ]


def _at_speed(setup: Setup, ident: int, script: Script) -> np.ndarray:
    began = now()
    setup.submit(ident, script)
    setup.wait(60, lambda: any(number == ident for number, _ in setup.ends()))
    time.sleep(0.15)
    return setup.recording.frames_between(began, now())


def _silence_after_chime(frames: np.ndarray) -> float:
    """Return the ms of silence between chime and speech: the longest gap in the first three seconds."""
    x = np.abs(frames.astype(np.float32)).max(axis=1) / 32768
    loud = np.flatnonzero(x > 10 ** (EARS_DB / 20))
    first = loud[loud < loud[0] + 3 * RATE]
    return float(1000 * np.diff(first).max() / RATE)


def syllable(folder: Path) -> list[Row]:
    """Compare the first 150 ms of recorded speech with the rendered clip: how much of it arrives."""
    shares = []
    with announcing(folder) as setup:
        for n, text in enumerate(TEXTS):
            script = Script((Segment(spoken(text)),))
            clip = setup.voice.prepare(script).result(60)
            rendered = _first_syllable(clip)
            heard = _from_first(_at_speed(setup, n, script).astype(np.float32).mean(axis=1) / 32768)
            length = len(rendered) - 8
            shares += [
                max(
                    float(heard[k : k + length] @ rendered[8:]) / float(np.square(rendered[8:]).sum())
                    for k in range(17)
                )
            ]
    worst = min(shares, key=lambda share: -abs(1 - share))
    good = abs(1 - worst) < 0.02
    return [Row("first syllable arrives, of its energy", f"{100 * worst:.1f} % worst of 3", "100 % ±2", good)]


def _first_syllable(clip: Clip) -> np.ndarray:
    with wave.open(str(clip.path), "rb") as file:
        whole = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    begin = round(clip.speech_start_s * RATE)
    return _from_first(whole[begin:].astype(np.float32).mean(axis=1) / 32768)[: round(0.15 * RATE)]


def _from_first(x: np.ndarray) -> np.ndarray:
    return x[np.flatnonzero(np.abs(x) > 1e-4)[0] :]


def roundup(folder: Path) -> list[Row]:
    """Measure a round-up of forty deals with the shipped texts in this voice."""
    texts = load(HERE.parents[1] / "config" / "rhythm.yaml").broadcasts
    at = datetime(2026, 11, 24, 10, 30, tzinfo=SHANGHAI)
    deals = [
        Deal(n, "", n, "欧阳建国", "猛虎队", "校园招聘套餐", Decimal(3000 + 137 * n), at, None, at.date(), 1)
        for n in range(40)
    ]
    said = messages.roundup(deals, texts, WORDS, at.replace(hour=11, minute=0))
    with announcing(folder, FAST) as setup:
        clip = setup.voice.prepare(Script((Segment(spoken(said.text if said else "")),))).result(60)
    speech = clip.speech_end_s - clip.speech_start_s
    return [Row("round-up of 40 orders, speech, s", f"{speech:.1f}", "≤ 45", 10 < speech <= 45)]


def in_a_row(folder: Path) -> list[Row]:
    """Submit two hundred announcements at once and identify each by its sign."""
    with announcing(folder, FAST) as setup:
        began = now()
        for n in range(200):
            setup.say(n, "好", applause=sign(folder, n), overlap_ms=0, tail_ms=100)
        setup.wait(400, lambda: len(setup.ends()) == 200)
        time.sleep(0.3)
        heard = signs(setup.recording.frames_between(began, now()))
        outcomes = setup.ends()
    good = heard == list(range(200)) and outcomes == [(n, "heard") for n in range(200)]
    wrong = sum(one != n for n, one in enumerate(heard)) + abs(200 - len(heard))
    return [Row("200 in a row, each once and in order", f"{len(heard)} heard, {wrong} wrong", "200, 0", good)]


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        print(f"{'  ' if row.ok else '! '}{row.what:46} {row.measured:30} {row.limit}")
