"""Arithmetic on samples: resampling, trimming, the limiter. Arrays are float32, 1.0 = full scale, time last.

For the voice child only (numpy).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

from controller.sound import loudness

Samples: TypeAlias = NDArray[np.float32]

RATE = 44100
CEILING_DB = -1.3
"""Ceiling of the limiter: below the −1 dBTP of design.md by more than 4x oversampling can miss."""
_LOOK_AHEAD = 221  # samples: 5 ms, short enough to be inaudible, long enough not to distort a low voice
_TAPS = 32


def decibels(db: float) -> float:
    """Return the amplitude factor of `db`."""
    return float(10 ** (db / 20))


def resampled(pcm: bytes, rate: int) -> Samples:
    """Return 16-bit mono PCM of any rate as samples at 44,100 Hz."""
    frame = av.AudioFrame.from_ndarray(
        np.frombuffer(pcm, np.int16).reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    parts = [part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(parts).astype(np.float32, copy=False)


def trimmed(samples: Samples, floor_db: float = -55.0, keep_ms: float = 5.0) -> Samples:
    """Return mono or stereo samples without the silence at both ends, except `keep_ms`; empty when all is silent.

    The threshold is relative to the sound's peak, so that the soft consonants of a quiet voice are kept (x, h, f are
    some 30 dB below the vowels).
    """
    level = _envelope(samples)
    loud = np.flatnonzero(level > level.max(initial=0.0) * decibels(floor_db))
    if not loud.size or not level.max():
        return samples[..., :0]
    keep = int(keep_ms * RATE / 1000)
    piece = samples[..., max(0, loud[0] - keep) : loud[-1] + 1 + keep].copy()
    edge = min(keep, piece.shape[-1] // 2)
    ramp = np.linspace(0, 1, edge, endpoint=False, dtype=np.float32)
    piece[..., :edge] *= ramp  # only in the kept silence: no click, and no consonant is touched
    piece[..., piece.shape[-1] - edge :] *= ramp[::-1]
    return piece


_HIGH_PASS_HZ, _PRESENCE_DB, _PRESENCE_HZ = 150.0, 6.0, (1500.0, 7000.0)
_KNEE_DB, _RATIO, _HOLD_MS = -8.0, 2.5, 15.0
"""Chosen by the listener in babble 10 dB below: without any of it 88.6 of 100 syllables (晓伊), with 4 dB from 1.8 to
5.2 kHz and a knee at -6 dB 92.3; 8 dB and more gain another 3 in babble, and lose 1 without babble."""


def for_a_room(samples: Samples) -> Samples:
    """Return mono speech that carries over people and keyboards: high-pass, presence, compression.

    The filter works on the spectrum (no phase shift): 150 Hz and below fall by 12 dB per octave, 1.5 to 7 kHz rise by
    6 dB, where consonants are distinguished (ANSI S3.5 gives these bands half of the weight). The compressor reduces
    everything louder than 8 dB below the take's level, at 2.5 : 1, with an envelope of 15 ms.
    """
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(samples.size, 1 / RATE)
    high_pass = (hertz / _HIGH_PASS_HZ) ** 2 / np.sqrt(1 + (hertz / _HIGH_PASS_HZ) ** 4)
    low, high = _PRESENCE_HZ
    band = 1 / (1 + (low / np.maximum(hertz, 1.0)) ** 4) / (1 + (hertz / high) ** 4)
    shaped = np.fft.irfft(spectrum * high_pass * (1 + (decibels(_PRESENCE_DB) - 1) * band), samples.size)
    return _compressed(shaped.astype(np.float32))


def _compressed(samples: Samples) -> Samples:
    width = int(_HOLD_MS * RATE / 1000) | 1
    around = np.pad(samples.astype(np.float64) ** 2, width // 2)
    power = _running_mean(around, width)
    loud = power[power > power.max(initial=0.0) * 1e-4]
    if not loud.size:
        return samples
    knee = float(np.sqrt(loud.mean())) * decibels(_KNEE_DB)
    over = np.maximum(np.sqrt(np.maximum(power, 1e-12)) / knee, 1.0)
    gain = over ** (1 / _RATIO - 1)
    eased: Samples = (samples * _running_mean(np.pad(gain, width // 2, mode="edge"), width)).astype(
        np.float32
    )
    return eased


def silence(ms: float) -> Samples:
    """Return mono silence of `ms` milliseconds."""
    return np.zeros(max(0, round(ms * RATE / 1000)), np.float32)


def integrated(*pieces: Samples) -> float:
    """Return the integrated loudness in LUFS of consecutive pieces, as heard from two speakers.

    Sound shorter than a second is measured as a loop: EBU R128 needs at least one whole block of 400 ms.
    """
    length = sum(piece.shape[-1] for piece in pieces)
    if not length:
        return loudness.SILENT
    rounds = 1 if length >= RATE else RATE // length + 1
    return loudness.of_frames((_frame(piece) for piece in pieces * rounds if piece.size), peaks=False).lufs


def _frame(samples: Samples) -> av.AudioFrame:
    layout = "stereo" if samples.ndim == 2 else "mono"
    planes = np.ascontiguousarray(np.atleast_2d(samples))
    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
    frame.sample_rate = RATE
    return frame


def limited(samples: Samples, ceiling_db: float = CEILING_DB) -> Samples:
    """Return samples whose true peak stays below `ceiling_db` (dBTP); unchanged when it does already.

    A look-ahead limiter: the least gain of the 5 ms around each sample, smoothed over the same time, so that the
    gain is down when the peak comes and never jumps. Both sides of a stereo sound get the same gain.
    """
    ceiling = decibels(ceiling_db)
    peaks = _true_envelope(samples)
    if peaks.max(initial=0.0) <= ceiling:
        return samples
    wanted = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    around = np.pad(wanted, _LOOK_AHEAD, mode="edge")
    least = -_running_max(-around, 2 * _LOOK_AHEAD + 1)  # as long as `wanted`
    smooth = _running_mean(np.pad(least, _LOOK_AHEAD, mode="edge"), 2 * _LOOK_AHEAD + 1)
    eased: Samples = (samples * smooth).astype(np.float32)
    return eased


def _envelope(samples: Samples) -> Samples:
    level: Samples = np.abs(np.atleast_2d(samples)).max(axis=0)
    return level


def _true_envelope(samples: Samples) -> Samples:
    sides = np.atleast_2d(samples)
    level = _envelope(samples)
    for side in sides:
        between = np.abs(np.convolve(side, _halfway(), mode="same"))
        level = np.maximum(level, between)
        level[1:] = np.maximum(level[1:], between[:-1])
    return level


def _halfway() -> Samples:
    """Return a windowed sinc for the value between two samples: ITU-R BS.1770's oversampling, of degree two.

    Speech from 22,050 Hz is thereby sampled four times as densely as it needs.
    """
    places = np.arange(_TAPS) - _TAPS / 2 + 0.5
    taps: Samples = (np.sinc(places) * np.hanning(_TAPS + 2)[1:-1]).astype(np.float32)
    return taps


def _running_max(values: NDArray[Any], width: int) -> NDArray[Any]:
    """Return the maximum of each `width` neighbours, by doubling: nine passes instead of `width`."""
    reach, best = 1, values
    while reach * 2 <= width:
        best = np.maximum(best[:-reach], best[reach:])
        reach *= 2
    rest = width - reach
    return np.maximum(best[: best.size - rest], best[rest:]) if rest else best


def _running_mean(values: NDArray[Any], width: int) -> NDArray[Any]:
    total = np.cumsum(np.concatenate([[0.0], values.astype(np.float64)]))
    mean: NDArray[Any] = (total[width:] - total[:-width]) / width
    return mean
