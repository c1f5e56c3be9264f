"""The voice's figures: render times, loudness and peak of thirty announcements, memory, first sight of music."""

from __future__ import annotations

import datetime
import statistics
import tempfile
import time
from pathlib import Path

from controller.sound import loudness
from controller.sound.library import Library
from controller.sound.tts.client import Voice
from controller.sound.tts.script import Script, Segment, say
from tests.bench.table import Row

HOME = Path(__file__).parents[2]
SENTENCES = (
    "恭喜雄鹰队的王小明签到了第一单，为我们大家拿到了开门红，大家加油！",
    "恭喜雄鹰队的王小明签了一单企业版会员，金额是一万两千八百元，请大家为他喝彩！",
    "过去一小时，雄鹰队的王小明、猛虎队的李雷各签了一单，两单合计两万三千元，请大家鼓掌！",
)
AMOUNTS = ("一万两千八百元", "三千元", "两百万元", "九万九千元五角", "五元")


def rows() -> list[Row]:
    """Measure everything above, in about ten seconds."""
    with tempfile.TemporaryDirectory() as folder:
        voice = Voice(Path(folder))
        try:
            return [*_times(voice), *_levels(voice), _memory(voice), _library(Path(folder))]
        finally:
            voice.close()


def _taken(voice: Voice, script: Script) -> float:
    started = time.perf_counter()
    voice.prepare(script).result(60)
    return 1000 * (time.perf_counter() - started)


def _times(voice: Voice) -> list[Row]:
    cold = _taken(voice, say(SENTENCES[0]))
    warm = [_taken(voice, say(text)) for text in SENTENCES[1:]]
    sounds = HOME / "sounds"
    whole = [
        _taken(voice, Script((Segment(text),), sounds / "applause-large.ogg", chime=sounds / "chime.ogg"))
        for text in SENTENCES
    ]
    kept = [_taken(voice, say(text)) for text in SENTENCES]
    return [
        Row("speech rendered, child cold", f"{cold:.0f} ms", "≤ 1000 ms (within the chime)", cold <= 1000),
        Row("speech rendered, child warm", f"{max(warm):.0f} ms", "≤ 500 ms", max(warm) <= 500),
        Row("whole clip: chime, speech, applause", f"{max(whole):.0f} ms", "≤ 1000 ms", max(whole) <= 1000),
        Row("the same text again", f"{max(kept):.0f} ms", "≤ 20 ms", max(kept) <= 20),
    ]


def _levels(voice: Voice) -> list[Row]:
    texts = [f"恭喜{n}号的同事签了一单，金额是{AMOUNTS[n % 5]}，请大家喝彩！" for n in range(30)]
    clips = [voice.prepare(say(text)) for text in texts]
    found = [loudness.of_file(clip.result(60).path) for clip in clips]
    off = max(abs(one.lufs + 18) for one in found)
    peak = max(one.peak for one in found)
    mean = statistics.fmean(one.lufs for one in found)
    return [
        Row("30 announcements, loudness", f"{mean:.1f} LUFS, ±{off:.1f}", "−18 LUFS ±1", off <= 1),
        Row("30 announcements, true peak", f"{peak:.1f} dBTP", "≤ −1 dBTP", peak <= -1),
    ]


def _memory(voice: Voice) -> Row:
    smaps = Path(f"/proc/{voice.status().pid}/smaps_rollup").read_text().splitlines()
    megabytes = next(int(line.split()[1]) for line in smaps if line.startswith("Pss:")) / 1024
    return Row(
        "voice child while it works (ends after 60 s)", f"{megabytes:.0f} MB", "≤ 70 MB", megabytes <= 70
    )


def _library(folder: Path) -> Row:
    started = time.perf_counter()
    library = Library(HOME, folder / "empty")
    tracks = [library.tracks(playlist, datetime.date(2026, 11, 23)) for playlist in library.playlists()]
    taken = time.perf_counter() - started
    library.close()
    count = sum(len(one) for one in tracks)
    return Row(
        f"music found at the very first start, {count} tracks", f"{taken:.2f} s", "≤ 0.7 s", taken <= 0.7
    )
