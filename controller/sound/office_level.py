"""The loudness of a room in a short recording: A-weighted, in dB below the microphone's full scale. Pure; for a child.

A USB microphone is not calibrated: only differences between two levels of one microphone mean anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FRAME_S = 0.125
"""The time weighting "fast" of sound level meters (IEC 61672-1)."""
CLIPPED, CLIPPED_SHARE = 0.98, 0.001
"""More samples than this share, above this part of full scale: the microphone is overdriven."""
MUTED_DB = -80.0
"""16 bits end at -96 dBFS: below this there is no room behind the microphone, only its last bits."""
LEAST = 1e-14


def weights(hz: Any) -> Any:
    """Return the A-weighting of each frequency as a factor of power (IEC 61672-1:2013, annex E, 0 dB at 1 kHz)."""
    f = np.asarray(hz, float) ** 2
    poles = np.sqrt((f + 107.7**2) * (f + 737.9**2))
    response = 12194.0**2 * f**2 / ((f + 20.6**2) * (f + 12194.0**2) * poles)
    return np.square(response * 10 ** (2.0 / 20))


def level_db(recording: Any, rate: int) -> float:
    """Return the level that half of the 125 ms frames exceed (LA50): a slammed door or a cough does not count."""
    size = round(FRAME_S * rate)
    frames = np.asarray(recording[: len(recording) // size * size], float).reshape(-1, size)
    if not len(frames):
        return round(10 * float(np.log10(LEAST)), 1)
    window = np.hanning(size)
    spectrum = np.abs(np.fft.rfft(frames * window)) ** 2 * weights(np.fft.rfftfreq(size, 1 / rate))
    power = 2 * spectrum.sum(axis=1) / (size * np.square(window).sum())
    return round(float(np.median(10 * np.log10(power + LEAST))), 1)


def overdriven(recording: Any) -> bool:
    """Return whether the recording is cut at full scale, so that its level is not the room's."""
    return bool(np.mean(np.abs(recording) >= CLIPPED) > CLIPPED_SHARE)
