"""The fallback voice on slow machines, where a sentence takes longer than the limits, and on arm64."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from controller.sound.tts.client import Voice
from controller.sound.tts.script import say

TEXT = "恭喜雄鹰队的王小明签到了第一单，为我们大家拿到了开门红，大家加油！"

SLOWED = """
import time
from controller.sound.voice import _load_library
_load_library()
from pyttsx3.drivers.espeak import EspeakDriver
render = EspeakDriver._onSynth
seconds = 0
def slow(self, wav, samples, events):
    global seconds
    seconds += samples > 0
    until = time.monotonic() + (0.4 if samples and seconds < HANGS_AT else 0.0)
    while time.monotonic() < until or seconds >= HANGS_AT:
        pass
    return render(self, wav, samples, events)
EspeakDriver._onSynth = slow
"""
"""The real espeak on a slow machine: each second of speech takes 0.4 s to compute, and one may never end."""

RENDER = """
import os
from controller.sound import voice
voice._QUIET_S = 1.5
engine = voice.Espeak()
try:
    said = f"{engine.render(TEXT).seconds():.1f}"
except voice.EngineFailed as why:
    said = str(why)
os.write(1, b"\\n" + said.encode())
os._exit(0)  # espeak's thread may still compute
"""


def rendered(hangs_at: int) -> str:
    """Return the seconds that a slow espeak renders, or why it gives up."""
    program = f"HANGS_AT, TEXT = {hangs_at}, {TEXT!r}{SLOWED}{RENDER}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=120)
    return done.stdout.decode().split("\n")[-1]


def test_a_slow_espeak_finishes() -> None:
    """A text takes longer than a hung espeak is given: each word that begins extends the wait."""
    assert float(rendered(hangs_at=1000)) > 6


@pytest.mark.parametrize("second", [2, 5])
def test_an_espeak_that_computes_for_ever_is_hung(second: int) -> None:
    """It uses the processor without ever reaching the next word, at the start or in mid-sentence."""
    assert rendered(hangs_at=second) == "espeak-ng 没有按时念完"


def test_a_child_that_renders_slowly_is_not_hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon waits for longer than a hung child is given, because it computes."""
    (tmp_path / "sitecustomize.py").write_text(f"HANGS_AT = 1000\n{SLOWED}", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    voice = Voice(tmp_path / "cache", limit_s=1.0)
    try:
        assert voice.prepare(say(TEXT)).result(100).speech_end_s > 6
    finally:
        voice.close()


WITHOUT_THREADS = """
from controller.sound.voice import Espeak, _load_library
_load_library()
from pyttsx3.drivers import _espeak
start = _espeak.Initialize
_espeak.Initialize = lambda output, length: start(_espeak.AUDIO_OUTPUT_SYNCHRONOUS, length)
engine = Espeak()
lengths = [round(engine.render(text).seconds(), 1) for text in (TEXT, "散会。", TEXT)]
assert lengths[0] == lengths[2] > 6 > 2 > lengths[1] > 0.3, lengths
"""
"""The wheel for arm64 has an espeak-ng without threads, which works as ours does in this mode."""


def test_an_espeak_without_threads_speaks() -> None:
    """It renders in the calling thread and reports no end of the text; each text is whole."""
    program = f"TEXT = {TEXT!r}{WITHOUT_THREADS}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
