"""Generate small sound files of every kind, and read the results."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from controller.sound import loudness

RATE = 44100
CODECS = {".ogg": "vorbis", ".mp3": "libmp3lame", ".flac": "flac", ".wav": "pcm_s16le", ".opus": "libopus"}


def tone(seconds: float, amplitude: float = 0.1, hertz: float = 440.0) -> np.ndarray:
    """Return a steady stereo sine."""
    wave_ = amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.tile(wave_.astype(np.float32), (2, 1))


def noise(seconds: float, amplitude: float = 0.1) -> np.ndarray:
    """Return stereo noise similar to applause, the same at every call."""
    return (
        np.random.default_rng(7).uniform(-amplitude, amplitude, (2, round(seconds * RATE))).astype(np.float32)
    )


def save(path: Path, samples: np.ndarray) -> Path:
    """Write stereo samples in the format of the path's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        rate = 48000 if path.suffix == ".opus" else RATE
        stream = out.add_stream(CODECS[path.suffix], rate=rate, options={"strict": "experimental"})
        stream.layout = "stereo"
        stream.codec_context.open()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        frame.pts, frame.time_base = 0, Fraction(1, RATE)
        resampler = av.AudioResampler(stream.format, "stereo", rate, stream.codec_context.frame_size or 1024)
        for part in (*resampler.resample(frame), *resampler.resample(None), None):
            out.mux(stream.encode(part))
    return path


def heard(path: Path) -> np.ndarray:
    """Return the samples of a WAV clip as float, (2, n); it must be 44,100 Hz, 16 bit, stereo."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 2)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return pcm.reshape(-1, 2).T / np.float32(32768)


def measured(samples: np.ndarray) -> loudness.Loudness:
    """Return the loudness of stereo samples by FFmpeg's EBU R128 meter."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout="stereo")
    frame.sample_rate = RATE
    return loudness.of_frames([frame])
