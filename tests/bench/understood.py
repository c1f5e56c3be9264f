"""Comprehension of a hundred announcements by an independent listener, cut from the daemon's recorded output.

The real office (`zhangu rehearse`) with the natural voice plays music on SDL's disk driver and makes each announcement
of `broadcasts` over it: chime, ducked music, speech. The speech is cut out of the recording and transcribed by
`listener`, once as recorded and once with babble 10 dB below it; espeak-ng speaks every tenth for comparison. Two
announcements are kept in artefacts/voice. About half an hour; COUNT=10 takes a tenth.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "sound")]

import listener  # noqa: E402
from broadcasts import Broadcast, hundred  # noqa: E402
from recording import RATE, Recording, disk_device  # noqa: E402
from running import Running, timetable  # noqa: E402
from table import Row  # noqa: E402

from controller.sound import loudness  # noqa: E402
from controller.sound.mandarin import spoken  # noqa: E402
from controller.sound.tts.client import Voice  # noqa: E402
from controller.sound.tts.script import Script, Segment  # noqa: E402

ROOT = HERE.parents[1]
ARTEFACTS = ROOT / "artefacts" / "voice"
VOICES = ROOT / ".venv" / "voices"
BABBLE_DB = -10.0
CHIME = ROOT / "sounds" / "chime.ogg"
WINDOW_S = 28
AHEAD = 2
"""Previews that may wait at the same time: the web server has two threads for them."""
MUSIC = "at: 00:00-24:00, name: 全天, music: morning, volume: 60"
Samples = NDArray[np.float32]


@dataclass
class Tally:
    """The listener's score over several announcements."""

    syllables: int = 0
    wrong: int = 0
    wrong_with_tones: int = 0

    def add(self, score: listener.Score) -> None:
        self.syllables += score.syllables
        self.wrong += score.wrong
        self.wrong_with_tones += score.wrong_with_tones

    @property
    def right(self) -> float:
        return max(0.0, 100 - 100 * self.wrong / max(1, self.syllables))

    @property
    def right_with_tones(self) -> float:
        return 100 - 100 * self.wrong_with_tones / max(1, self.syllables)


def rows(voices: Path = VOICES) -> list[Row]:
    """Return the table's rows. Raises RuntimeError when listener or voice is missing."""
    why = listener.missing() or (
        None if (voices / "kokoro").is_dir() else "the natural voice is not installed"
    )
    if why:
        raise RuntimeError(why)
    chosen = hundred()[:: 100 // int(os.environ.get("COUNT", "100"))]
    heard = recorded(chosen, voices)
    clean, babble, noisy, fallback = tally(chosen, heard), babble_of(voices), Tally(), Tally()
    for number, (broadcast, samples) in enumerate(zip(chosen, heard, strict=True)):
        text = spoken(broadcast.text, broadcast.readings)
        noisy.add(written(text, with_babble(samples, babble, number)))
    for broadcast in chosen[::10]:
        text = spoken(broadcast.text, broadcast.readings)
        fallback.add(written(text, by_espeak(text)))
    keep(heard[0], "announcement-1")
    keep(heard[-1], "announcement-2")
    name = f"{len(chosen)} broadcasts from the daemon's recorded output, over ducked music"
    return [
        Row(f"{name}: syllables understood", f"{clean.right:.1f} of 100", "≥ 97", clean.right >= 97),
        Row("… with tones", f"{clean.right_with_tones:.1f} of 100", "≥ 93", clean.right_with_tones >= 93),
        Row("… in babble 10 dB below the speech", f"{noisy.right:.1f} of 100", "≥ 93", noisy.right >= 93),
        Row("espeak-ng beside it, alone", f"{fallback.right:.1f} of 100", "-", True),
    ]


def tally(broadcasts: Sequence[Broadcast], heard: Sequence[Samples]) -> Tally:
    """Score recordings by the listener; print those that it understood badly."""
    found = Tally()
    for broadcast, samples in zip(broadcasts, heard, strict=True):
        text = spoken(broadcast.text, broadcast.readings)
        score = written(text, samples)
        found.add(score)
        if score.wrong > 2:
            print(f"  {score.wrong}: {text} → {score.heard}", file=sys.stderr)
    return found


def tally_together(broadcasts: Sequence[Broadcast], heard: Sequence[Samples]) -> Tally:
    """Score recordings by the listener, several neighbours at once: it computes windows of 30 s, also for less."""
    found, texts, parts = Tally(), [""], [[]]  # type: ignore[var-annotated]
    for broadcast, samples in zip(broadcasts, heard, strict=True):
        if sum(part.size for part in parts[-1]) + samples.size > WINDOW_S * RATE:
            texts.append("")
            parts.append([])
        texts[-1] += spoken(broadcast.text, broadcast.readings)
        parts[-1] += [samples, np.zeros(RATE // 2, np.float32)]
    for text, together in zip(texts, parts, strict=True):
        score = written(text, np.concatenate(together))
        found.add(score)
        print(f"  {score.wrong}: {text} → {score.heard}", file=sys.stderr)
    return found


def written(text: str, samples: Samples) -> listener.Score:
    """Score mono samples at 44,100 Hz by the listener."""
    return listener.score(text, listener.write_down(listener.at_16k(samples, RATE)))


@contextmanager
def office(folder: Path, voices: Path, extra: Mapping[str, str]) -> Iterator[tuple[Running, Recording]]:
    """Yield the daemon with music, people and the natural voice, recorded."""
    with (
        disk_device(folder) as (env, heard),
        Running(folder / "home", env, timetable=timetable(MUSIC)) as running,
    ):
        target = folder / "home" / "var" / "voices"
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(voices.resolve())
        readings = {name: say_as for broadcast in hundred() for name, say_as in broadcast.readings.items()}
        people = folder / "odd.csv"
        lines = [f"猛虎队,{name},,{say_as}" for name, say_as in readings.items()]
        people.write_text("team,person,leader,say_as\n" + "\n".join(lines), encoding="utf-8")
        running.command("import", "people", str(people))
        running.start("2026-11-24 10:05:00")
        yield running, heard


def recorded(broadcasts: Sequence[Broadcast], voices: Path, env: Mapping[str, str] = {}) -> list[Samples]:
    """Return the speech of each announcement as the office hears it, mono.

    Each is previewed before it is announced, so that it plays without waiting for the voice: music between the chime
    and the speech would be recorded too, and cost the listener further windows of 30 s. The previews keep the voice
    busy, which would otherwise render names in idle time.
    """
    found: list[Samples] = []
    with (
        tempfile.TemporaryDirectory() as name,
        office(Path(name), voices, env) as (running, heard),
        ThreadPoolExecutor(AHEAD) as ahead,
    ):
        previews = [ahead.submit(preview, running, broadcast.text) for broadcast in broadcasts]
        for number, broadcast in enumerate(broadcasts):
            previews[number].result()
            began = time.monotonic()
            _, said = running.say(broadcast.text, f"listen-{number}")
            row = running.wait_state(int(said["id"]), ("heard", "not_heard", "dropped"), timeout=120)
            assert row["state"] == "heard", row
            frames = heard.frames_between(
                began, time.monotonic()
            )  # gapless: moments jitter on a busy machine
            whole = (frames.astype(np.float32).mean(axis=1) / 32768).astype(np.float32)
            found.append(speech_of(whole))
    return found


def preview(running: Running, text: str) -> None:
    """Have a text rendered, as a phone does before it is announced; wait while it is refused."""
    address = f"http://127.0.0.1:{running.port}/api/preview"
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {running.token}"}
    request = urllib.request.Request(address, json.dumps({"text": text}).encode(), headers)
    end = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                answer.read()
                return
        except urllib.error.HTTPError as refused:  # too many in a minute, or the machine is too slow just now
            why = refused.read().decode()
            refused.close()
            if time.monotonic() > end:
                raise AssertionError(why) from refused
        time.sleep(2)


def speech_of(whole: Samples) -> Samples:
    """Return everything after the chime, which is located by its waveform."""
    frames = [np.asarray(frame.to_ndarray(), np.float32) for frame in loudness.frames_of(CHIME)]
    chime = np.concatenate(frames, axis=1).mean(axis=0)
    size = 1 << (whole.size + chime.size).bit_length()
    match = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(chime, size)), size)[: whole.size]
    end = int(np.argmax(match)) + chime.size
    return np.pad(whole[end:], (RATE // 10, RATE // 10))


def babble_of(voices: Path) -> Samples:
    """Return twelve seconds of six people on the telephone, by the other speakers of the natural voice."""
    texts = (
        "您好，我这边是网络招聘平台的，想了解一下贵公司最近有没有招人的计划。",
        "对，我们现在有一个活动，价格非常合适，您可以考虑一下。好的，那我把资料发到您的邮箱。",
    )
    people = ("zf_xiaobei", "zf_xiaoni", "zf_xiaoyi", "zm_yunxi", "zm_yunjian", "zm_yunyang")
    mixed = np.zeros(12 * RATE, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        voice = Voice(Path(folder), voices)
        try:
            for number, person in enumerate(people):
                segments = tuple(Segment(spoken(text)) for text in (texts[number % 2], texts[1 - number % 2]))
                clip = voice.prepare(Script(segments, voice=person)).result(120)
                mixed += np.roll(np.resize(_mono(clip.path), mixed.size), number * 2 * RATE)
        finally:
            voice.close()
    return mixed


def with_babble(samples: Samples, babble: Samples, number: int) -> Samples:
    """Return samples with babble BABBLE_DB below their power."""
    noise = np.resize(np.roll(babble, -number * 9973), samples.size)
    loud = samples[np.abs(samples) > 0.01]
    level = np.sqrt((loud**2).mean() / (noise**2).mean()) * 10 ** (BABBLE_DB / 20)
    return (samples + level * noise).astype(np.float32)


def by_espeak(text: str) -> Samples:
    """Return the same text by the fallback voice."""
    with tempfile.TemporaryDirectory() as folder:
        voice = Voice(Path(folder), engine="espeak")
        try:
            return _mono(voice.prepare(Script((Segment(text),))).result(60).path)
        finally:
            voice.close()


def _mono(path: Path) -> Samples:
    with wave.open(str(path), "rb") as source:
        frames = np.frombuffer(source.readframes(source.getnframes()), "<i2").reshape(-1, 2)
    return (frames.mean(axis=1) / 32768).astype(np.float32)


def keep(samples: Samples, name: str) -> None:
    """Save an artefact for human ears."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with wave.open(str(ARTEFACTS / f"{name}.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    for row in rows():
        print(row)
