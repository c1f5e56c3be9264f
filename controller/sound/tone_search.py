"""Find the test tone in a recording, and how far it stands above the noise beside it. Pure; for a child process."""

from __future__ import annotations

from typing import Any

import numpy as np

from controller.sound.tone_pattern import BURST_S, BURSTS, LENGTH_S, PITCHES_HZ

WINDOW_S, HOP_S = 0.18, 0.01
BESIDE_HZ = (-80.0, -55.0, -35.0, 35.0, 55.0, 80.0)
"""Pitches beside a burst's, outside of its main lobe (11 Hz) and inside the same noise."""
LEAST = 1e-12
LOUD_DB = -25.0
"""In a recording as loud as this the tone may be drowned or the microphone overdriven: nothing is concluded."""
FOUND_DB = 9.0
"""Five of the six bursts stand so far above the noise, in frequency and in time. See the tests for the error rates."""


def snr_db(recording: Any, rate: int) -> float:
    """Return the second weakest burst's level above the noise at the place where the tone fits best."""
    size, hop = round(WINDOW_S * rate), round(HOP_S * rate)
    if len(recording) < size + LENGTH_S * rate:
        return -99.0
    frames = np.lib.stride_tricks.sliding_window_view(recording, size)[::hop]
    powers = {hz: _powers(frames, hz, rate) for hz in PITCHES_HZ}
    places = len(frames) - round(LENGTH_S / HOP_S)
    scores = np.stack([_burst_scores(powers[one.hz], one.hz, one.start_s, places) for one in BURSTS])
    return round(float(np.sort(scores, axis=0)[1].max(initial=-99.0)), 1)


def _powers(frames: Any, hz: float, rate: int) -> tuple[Any, Any]:
    """Return the power at a pitch, and the median beside it, of each frame."""
    size = frames.shape[1]
    t = np.arange(size) / rate
    pitches = np.array([hz, *(hz + off for off in BESIDE_HZ)])
    kernels = np.exp(-2j * np.pi * np.outer(t, pitches)) * np.hanning(size)[:, None] / size
    power = np.abs(frames @ kernels) ** 2 + LEAST
    return power[:, 0], np.median(power[:, 1:], axis=1)


def _burst_scores(powers: tuple[Any, Any], hz: float, start_s: float, places: int) -> Any:
    """Return a burst's level above the noise for each place of the tone, in dB."""
    at, beside = powers
    middle = (BURST_S - WINDOW_S) / 2
    index = np.arange(places)
    own = index + round((start_s + middle) / HOP_S)
    others = [one.start_s for one in BURSTS if one.hz != hz]
    elsewhere = np.median([at[index + round((s + middle) / HOP_S)] for s in others], axis=0)
    return 10 * np.log10(at[own] / np.maximum(beside[own], elsewhere))


def level_db(recording: Any) -> float:
    """Return the level of a recording in dBFS."""
    return round(float(10 * np.log10(np.mean(np.square(recording)) + LEAST)), 1)
