"""Cutting and levelling, on sounds with known samples."""

import numpy as np
import pytest

from sounds.score import master, studio
from sounds.score.studio import RATE, Sound


def tone(seconds: float, decibels: float, hertz: float = 1000) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * hertz * time) * 10 ** (decibels / 20)
    return np.stack([wave, wave]).astype(np.float32)


def silence(seconds: float) -> Sound:
    return np.zeros((2, round(seconds * RATE)), np.float32)


def joined(*sounds: Sound) -> Sound:
    return np.concatenate(sounds, axis=1)


def test_the_meter_agrees_with_the_standard() -> None:
    """A stereo tone of 1 kHz at -23 dBFS is -23 LUFS and -23 dBTP (EBU Tech 3341, case 1)."""
    found = studio.measure(tone(5, -23))
    assert found.integrated == pytest.approx(-23, abs=0.1)
    assert found.true_peak == pytest.approx(-23, abs=0.2)


def test_a_sound_starts_with_its_first_audible_sample() -> None:
    """Silence and inaudible sound before the onset are cut to half a millisecond."""
    cut = master.start_at_once(joined(silence(0.3), tone(0.2, -70), tone(0.5, -6)))
    loud = np.abs(cut).max(axis=0)
    assert np.argmax(loud > 0.05) < 0.001 * RATE
    assert cut.shape[1] == pytest.approx(0.5 * RATE, abs=0.001 * RATE)


def test_a_sound_ends_at_zero() -> None:
    """The silence at the end is cut and the last sample is zero."""
    cut = master.end_softly(joined(tone(1, -6), silence(2)), fade_s=0.2)
    assert cut.shape[1] == pytest.approx(RATE, abs=10)
    assert np.abs(cut[:, -20:]).max() < 0.001


def test_levelling_reaches_the_target() -> None:
    """A sound far too loud or too soft ends within a tenth of a unit of the requested level."""
    for loudness in (-6, -50):
        assert studio.measure(master.level(tone(4, loudness), -23)).integrated == pytest.approx(-23, abs=0.1)


def test_peaks_are_held_and_the_rest_is_left_alone() -> None:
    """Short blows far above a soft tone end below the ceiling, while the tone keeps its shape between them."""
    blows = tone(4, -24)
    for second in range(4):
        blows[:, second * RATE : second * RATE + 200] *= 40
    levelled = master.level(blows, -12)
    assert studio.measure(levelled).true_peak <= -1
    quiet = slice(RATE // 2, RATE // 2 + 4410)
    ratio = levelled[0, quiet].std() / blows[0, quiet].std()
    assert np.allclose(levelled[0, quiet], blows[0, quiet] * ratio, atol=1e-3)


def test_rumble_goes_and_music_stays() -> None:
    """A tone two octaves below the edge loses at least 20 dB, one four octaves above less than 0.1 dB."""
    low, high = tone(1, -6, 15), tone(1, -6, 960)
    assert master.without_rumble(low, 60).std() < low.std() / 10
    assert master.without_rumble(high, 60).std() == pytest.approx(high.std(), rel=0.01)
