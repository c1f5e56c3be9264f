"""Master a rendered sound: cut to its first sample, fade the end, set the loudness, limit peaks, encode."""

import subprocess
from pathlib import Path

import numpy as np

from sounds.score.studio import CEILING, RATE, Sound, measure


def start_at_once(sound: Sound, below_peak: float = 50, before_ms: float = 0.5) -> Sound:
    """Cut to the first sample within `below_peak` dB of the peak, with a ramp of `before_ms` against a click."""
    loud = np.abs(sound).max(axis=0)
    first = int(np.argmax(loud > 10 ** (-below_peak / 20) * loud.max()))
    lead = round(before_ms * RATE / 1000)
    cut = sound[:, max(0, first - lead) :].copy()
    cut[:, :lead] *= np.linspace(0, 1, lead, dtype=np.float32)
    return cut


def end_softly(sound: Sound, fade_s: float, keep_s: float | None = None) -> Sound:
    """Cut the silence at the end (or all after `keep_s`) and fade the last `fade_s` seconds to zero."""
    loud = np.abs(sound).max(axis=0)
    audible = np.flatnonzero(loud > 10 ** (-60 / 20) * loud.max())
    end = int(audible[-1]) + 1 if keep_s is None else min(sound.shape[1], round(keep_s * RATE))
    cut = sound[:, :end].copy()
    length = min(end, round(fade_s * RATE))
    cut[:, -length:] *= (np.cos(np.linspace(0, np.pi, length)) * 0.5 + 0.5).astype(np.float32)
    return cut


def without_rumble(sound: Sound, below_hz: float) -> Sound:
    """Remove low frequencies that small ceiling speakers only distort: a slope below `below_hz`."""
    size = sound.shape[1] + RATE  # padding, so that the end does not wrap into the beginning
    spectrum = np.fft.rfft(sound, size, axis=1)
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    slope = 1 / (1 + (below_hz / np.maximum(frequency, 1e-3)) ** 4)
    return np.fft.irfft(spectrum * slope, size, axis=1)[:, : sound.shape[1]].astype(np.float32)


def level(sound: Sound, target: float, momentary: bool = False) -> Sound:
    """Set a sound to `target` LUFS and below the ceiling; a limiter holds only the peaks that exceed it."""
    for _ in range(6):
        found = measure(sound)
        distance = target - (found.momentary if momentary else found.integrated)
        if abs(distance) < 0.05 and found.true_peak <= CEILING:
            break
        sound = _limited(sound * np.float32(10 ** (distance / 20)))
    return sound


def _limited(sound: Sound) -> Sound:
    """Limit with 5 ms look-ahead and about 80 ms recovery; aims half a decibel lower, for peaks between samples."""
    ceiling = 10 ** ((CEILING - 0.5) / 20)
    peaks = np.abs(sound).max(axis=0)
    if peaks.max() <= ceiling:
        return sound
    wanted = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    window = round(0.005 * RATE)
    padded = np.pad(wanted, window, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * window + 1).min(axis=1)
    back = _recovering(lowest, 0.08)
    smooth = np.convolve(np.pad(back, window, mode="edge"), np.hanning(2 * window + 1) / window, mode="valid")
    return (sound * np.minimum(smooth, 1.0)).astype(np.float32)


def _recovering(gain: np.ndarray, seconds: float) -> np.ndarray:
    """Let a gain fall at once and recover at a steady rate in decibels (12 in `seconds`)."""
    decibels = 20 * np.log10(gain)
    climb = 12 / (seconds * RATE) * np.arange(len(gain))
    recovered: np.ndarray = 10 ** ((np.minimum.accumulate(decibels - climb) + climb) / 20)
    return recovered


def encode(sound: Sound, path: Path, quality: float) -> None:
    """Write Ogg Vorbis. SoX's repeatable mode (-R) keeps the stream's serial number the same at every run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = ["-t", "f32", "-r", str(RATE), "-c", "2", "-"]
    command = ["sox", "-R", "-D", *raw, "-C", str(quality), "-t", "ogg", str(path)]
    subprocess.run(command, check=True, input=np.ascontiguousarray(sound.T).tobytes(), capture_output=True)
