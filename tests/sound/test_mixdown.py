"""Assembling clips: pieces of text, and arithmetic on samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soundfiles import heard, measured, noise, save, tone

from controller.sound.tts import levels
from controller.sound.tts.cache import to_json
from controller.sound.tts.engines import EngineFailed, Maker, first_working
from controller.sound.tts.mixdown import Mixdown, NothingToSay
from controller.sound.tts.script import (
    PLAIN,
    Delivery,
    Recording,
    Script,
    Segment,
    clean,
    sentences,
    speakable,
)
from controller.sound.tts.worker_loop import from_json
from controller.sound.voice import neural
from tests.forms import examples

RATE = levels.RATE


class Buzzer:
    """A predictable engine: 0.1 s of tone per character, in 0.2 s of silence."""

    identity = "buzzer"
    longest = 80
    natural = False

    def __init__(self, seconds_per_character: float = 0.1) -> None:
        self.texts: list[str] = []
        self._length = seconds_per_character

    def render(self, text: str, delivery: Delivery = PLAIN) -> Recording:
        self.texts.append(text)
        speech = 0.5 * np.sin(np.arange(int(len(text) * self._length * 22050)) * 0.1)
        silence = np.zeros(4410)
        pcm = np.concatenate([silence, speech, silence]) * 32767
        return Recording(pcm.astype(np.int16).tobytes(), 22050)

    def cancel(self) -> None:
        pass


def assembled(tmp_path: Path, script: Script) -> tuple[dict, np.ndarray]:
    facts = Mixdown(Buzzer()).assemble(script, tmp_path / "clip.wav")
    return facts, heard(tmp_path / "clip.wav")


def sounding(samples: np.ndarray, start_s: float, end_s: float) -> float:
    """Return the greatest amplitude between two moments."""
    return float(np.abs(samples[:, int(start_s * RATE) : int(end_s * RATE)]).max(initial=0.0))


def test_speech_begins_at_once_and_ends_with_the_tail(tmp_path: Path) -> None:
    """A clip sounds within 10 ms of its start and has its tail of true silence."""
    facts, samples = assembled(tmp_path, Script((Segment("十个字的一句话在这里"),), tail_ms=300))
    assert sounding(samples, 0, 0.010) > 0.01
    assert sounding(samples, facts["speech_end_s"] + 0.001, facts["duration_s"]) == 0
    assert facts["duration_s"] - facts["speech_end_s"] == pytest.approx(0.3, abs=0.001)
    assert facts["duration_s"] == pytest.approx(samples.shape[1] / RATE)


def test_lead_chime_speech_applause_follow_in_this_sequence(tmp_path: Path) -> None:
    """Lead silence, then the chime, a word within 150 ms, applause 300 ms before the end."""
    chime = save(tmp_path / "chime.wav", tone(0.5))
    applause = save(tmp_path / "applause.ogg", noise(2.0))
    script = Script(
        (Segment("一二三四五六七八九十"),), applause=applause, chime=chime, lead_ms=500, tail_ms=300
    )
    facts, samples = assembled(tmp_path, script)
    assert sounding(samples, 0, 0.49) == 0
    assert sounding(samples, 0.5, 0.52) > 0.01
    assert 0 < facts["speech_start_s"] - 1.0 <= 0.150
    applause_ends = facts["speech_end_s"] - 0.3 + 2.0
    assert facts["duration_s"] == pytest.approx(applause_ends + 0.3, abs=0.1)
    assert sounding(samples, applause_ends - 0.2, applause_ends - 0.1) > 0.01


def test_marks_are_at_each_first_word(tmp_path: Path) -> None:
    """A marked segment's moment is the start of its words, after pause and roll."""
    roll = save(tmp_path / "roll.wav", tone(1.0))
    script = Script(
        (
            Segment("第三名张三", "third"),
            Segment("第二名李四", "second", 700),
            Segment("第一名王五", "first", roll=roll),
        )
    )
    facts, samples = assembled(tmp_path, script)
    marks = dict(facts["marks"])
    assert list(marks) == ["third", "second", "first"]
    assert marks["third"] == 0
    assert marks["second"] == pytest.approx(0.51 + 0.7, abs=0.02)
    assert sounding(samples, marks["second"] - 0.6, marks["second"] - 0.01) == 0
    assert sounding(samples, marks["second"], marks["second"] + 0.02) > 0.01
    assert marks["first"] - marks["second"] == pytest.approx(0.51 + 0.32 + 1.0 + 0.08, abs=0.03)


def test_applause_is_never_louder_than_speech(tmp_path: Path) -> None:
    """A much too loud applause is lowered to the speech's −18 LUFS, a soft one keeps its level."""
    for amplitude, expected in ((0.9, -18.0), (0.02, None)):
        applause = save(tmp_path / f"{amplitude}.wav", noise(3.0, amplitude))
        facts, samples = assembled(tmp_path, Script((Segment("一二三四五"),), applause=applause))
        clapping = samples[:, int((facts["speech_end_s"] + 0.1) * RATE) : -int(0.4 * RATE)]
        own = measured(noise(3.0, amplitude)).lufs
        assert measured(clapping).lufs == pytest.approx(expected or own, abs=0.5)


def test_speech_and_applause_together_stay_under_the_peak(tmp_path: Path) -> None:
    """In the overlap of speech and applause the true peak stays under −1 dBTP."""
    claps = noise(2.0, 0.02)
    claps[:, ::4410] = 0.85  # sharp and yet not loud, so that only the peak matters
    applause = save(tmp_path / "applause.wav", claps)
    script = Script((Segment("一二三四五六七八九十" * 2),), applause=applause, overlap_ms=1500)
    assert measured(assembled(tmp_path, script)[1]).peak <= -1


def test_a_broken_sound_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    """Without its applause an announcement is still made, and a sentence names the missing sound."""
    broken = tmp_path / "applause.ogg"
    broken.write_bytes(b"this is not music" * 100)
    for path in (broken, tmp_path / "gone.ogg"):
        facts, samples = assembled(tmp_path, Script((Segment("一二三四五"),), applause=path))
        assert facts["notes"][0].startswith(f"声音文件 {path.name} 用不了：")
        assert sounding(samples, 0, facts["speech_end_s"]) > 0.01


def test_speech_that_is_too_short_is_refused(tmp_path: Path) -> None:
    """A rendering under 60 ms a character was truncated: it never becomes a clip."""
    with pytest.raises(EngineFailed, match="只念了"):
        Mixdown(Buzzer(0.001)).assemble(Script((Segment("一二三四五六七八九十" * 2),)), tmp_path / "clip.wav")
    assert not list(tmp_path.iterdir())


def test_nothing_to_say_is_refused(tmp_path: Path) -> None:
    """Emoji, spaces and punctuation alone make no clip."""
    for text in ("", "   ", "🎉🎉🎉", "！！！，。", "\x00\x07\x1b"):
        with pytest.raises(NothingToSay):
            Mixdown(Buzzer()).assemble(Script((Segment(text),)), tmp_path / "clip.wav")


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """When the file cannot be renamed, no half-written one is left beside it."""
    (tmp_path / "clip.wav").mkdir()
    with pytest.raises(OSError, match=r"directory|Directory"):
        assembled(tmp_path, Script((Segment("一二三"),)))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.wav"]


def test_a_script_survives_the_pipe() -> None:
    """The child reads the same script that the parent wrote, in every field."""
    script = Script(
        (Segment("一\n“二”", "m", 5, Path("/a b/鼓.ogg")), Segment("三")), Path("/p"), 1, 2, 3, Path("/c")
    )
    assert from_json(to_json(script)) == script
    assert from_json(to_json(Script((Segment("三"),)))) == Script((Segment("三"),))


@given(st.text(max_size=300), st.integers(5, 80))
def test_sentences_lose_no_word(text: str, longest: int) -> None:
    """For any text the pieces are short enough, speakable, and contain all letters in sequence."""
    pieces = [piece for piece, _ in sentences(text, longest)]
    assert all(len(piece) <= longest and speakable(piece) for piece in pieces)
    kept = [character for piece in pieces for character in piece if character.isalnum()]
    assert kept == [character for character in clean(text) if character.isalnum()]


def test_sentences_are_cut_where_one_breathes() -> None:
    """Cut after full stops, in long sentences after a comma; quotation marks stay with their sentence."""
    assert sentences("恭喜！今天3.5万，好。", 80) == [("恭喜！", 320), ("今天3.5万，好。", 320)]
    assert sentences("他说：“加油！”大家鼓掌", 80) == [("他说：“加油！”", 320), ("大家鼓掌", 320)]
    assert sentences("一二三，四五六七，八九", 9) == [("一二三，四五六七，", 160), ("八九", 320)]


def test_a_vowel_without_consonants_is_not_trimmed_away() -> None:
    """Trimming removes only sound more than 55 dB below the peak."""
    soft = tone(0.2, 0.004)[0]
    samples = np.concatenate(
        [np.zeros(RATE, np.float32), soft, tone(0.3, 0.9)[0], np.zeros(RATE, np.float32)]
    )
    kept = levels.trimmed(samples)
    assert kept.size == pytest.approx(0.51 * RATE, abs=20)
    assert np.abs(kept[300 : int(0.2 * RATE)]).max() == pytest.approx(0.004, rel=0.01)
    assert levels.trimmed(np.zeros(1000, np.float32)).size == 0


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 4.0), st.booleans())
def test_the_limiter_keeps_true_peaks_down(seed: int, amplitude: float, stereo: bool) -> None:
    """Any signal comes out under −1 dBTP by FFmpeg's meter, a soft one unchanged."""
    lots = np.random.default_rng(seed)
    sides = lots.normal(0, amplitude / 3, (2 if stereo else 1, 8000))
    sides[:, lots.integers(0, 8000, 5)] = amplitude
    low = np.cumsum(sides, axis=1)
    signal = (low / np.abs(low).max() * amplitude).astype(np.float32)
    signal = signal if stereo else signal[0]
    done = levels.limited(signal)
    assert done.shape == signal.shape
    both = np.ascontiguousarray(np.broadcast_to(np.atleast_2d(done), (2, 8000)))
    assert measured(np.pad(both, ((0, 0), (4410, 4410)))).peak <= -1
    if amplitude < 0.5:
        assert done is signal


def test_resampling_keeps_pitch_length_and_level() -> None:
    """A tone at 22,050 or 16,000 Hz is the same tone at 44,100."""
    for rate in (22050, 16000):
        pcm = (16384 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)).astype(np.int16).tobytes()
        done = levels.resampled(pcm, rate)
        assert done.size == pytest.approx(RATE, abs=40)
        middle = done[2000 : 2000 + RATE // 2]
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
        assert spectrum.argmax() * RATE / middle.size == pytest.approx(1000, abs=3)
        assert np.abs(middle).max() == pytest.approx(0.5, rel=0.02)


def test_the_first_engine_that_loads_speaks_and_the_others_say_why(tmp_path: Path) -> None:
    """A neural voice with an invalid model is skipped with its reason, the next one speaks."""
    for folder, files in (
        ("a", ["m.onnx", "tokens.txt"]),
        ("b", ["v.onnx", "v.onnx.json"]),
        ("c", ["readme"]),
    ):
        for name in files:
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / name).write_bytes(b"rubbish")
    found = neural(tmp_path)
    assert [maker.name for maker in found] == ["sherpa", "piper"]
    engine, passed_over = first_working([*found, Maker("buzzer", Buzzer)])
    assert engine.identity == "buzzer"
    assert [name for name, _ in passed_over] == ["sherpa", "piper"]
    assert all("安装" in why or "模型" in why for _, why in passed_over)
    with pytest.raises(EngineFailed, match=r"安装|模型"):
        first_working(found)
