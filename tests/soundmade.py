"""Generate small sound and picture files for tests: nothing is downloaded or stored."""

from __future__ import annotations

import io
import struct
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 44100
CODECS = {
    "m4a": ("ipod", "aac", 48000), "aac": ("adts", "aac", 44100), "webm": ("webm", "libopus", 48000),
    "ogg": ("ogg", "libopus", 48000), "wav": ("wav", "pcm_s16le", 16000), "mp3": ("mp3", "libmp3lame", 44100),
    "amr": ("amr", "libopencore_amrnb", 8000), "flac": ("flac", "flac", 44100),
}  # fmt: skip
FAST = {
    "libmp3lame": {"compression_level": "9"},
    "libopus": {"compression_level": "0"},
    "aac": {"aac_coder": "fast"},
}
"""Options that halve the time of encoding; a test tone sounds the same."""


def tone(seconds: float, *, before: float = 0.0, after: float = 0.0, level: float = 0.1) -> Any:
    """Return a wavering tone between periods of room noise, as float samples."""
    t = np.arange(int(seconds * RATE)) / RATE
    sound = level * np.sin(2 * np.pi * 220 * t) * (0.7 + 0.3 * np.sin(2 * np.pi * 3 * t))
    whole = np.concatenate([np.zeros(int(before * RATE)), sound, np.zeros(int(after * RATE))])
    return (whole + np.random.default_rng(7).normal(0, 1e-4, whole.size)).astype(np.float32)


def encoded(samples: Any, kind: str) -> bytes:
    """Return the samples as a file of `kind` (a key of CODECS)."""
    container, codec, rate = CODECS[kind]
    made = io.BytesIO()
    with av.open(made, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, options=FAST.get(codec))
        stream.layout = "mono"  # type: ignore[union-attr]
        context: Any = stream.codec_context
        resampler = av.AudioResampler(
            format=context.format.name, layout="mono", rate=rate, frame_size=context.frame_size or 1024
        )
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate = RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))  # type: ignore[union-attr]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    return made.getvalue()


def video() -> bytes:
    """Return a one-second film with sound."""
    made = io.BytesIO()
    with av.open(made, "w", format="matroska") as out:
        film = out.add_stream("mjpeg", rate=10)
        film.width, film.height, film.pix_fmt = 64, 64, "yuvj420p"  # type: ignore[union-attr]
        sound = out.add_stream("pcm_s16le", rate=RATE)
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 20, np.uint8), format="rgb24")
            out.mux(film.encode(frame.reformat(format="yuvj420p")))  # type: ignore[union-attr]
        heard = av.AudioFrame.from_ndarray(
            (tone(1) * 32767).astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        heard.sample_rate = RATE
        out.mux(sound.encode(heard))  # type: ignore[union-attr]
    return made.getvalue()


def picture(width: int = 1600, height: int = 900, kind: str = "jpeg") -> bytes:
    """Return a picture whose upper half is green and whose left half is blue; as jpeg, png or webp."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, :, 1] = 220
    pixels[:, : width // 2, 2] = 255
    codec, layout = {"jpeg": ("mjpeg", "yuvj420p"), "png": ("png", "rgb24"), "webp": ("libwebp", "yuv420p")}[
        kind
    ]
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt, context.time_base = width, height, layout, Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=layout)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def with_exif(jpeg: bytes) -> bytes:
    """Return the same JPEG rotated (EXIF orientation 6), with a secret in its metadata."""
    entries = struct.pack("<HHII", 0x0112, 3, 1, 6) + struct.pack("<HHII", 0x010E, 2, 12, 38)
    block = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + entries + b"\0\0\0\0GPS secret!\0"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def pixels_of(jpeg: bytes) -> Any:
    """Return the picture as rows of RGB."""
    with av.open(io.BytesIO(jpeg)) as file:
        return next(file.decode(video=0)).to_ndarray(format="rgb24")


def samples_of(wav: bytes | Path) -> Any:
    """Return a 16-bit WAV as float samples, one row per channel."""
    with wave.open(io.BytesIO(wav) if isinstance(wav, bytes) else str(wav), "rb") as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
    return data.T.astype(np.float32) / 32768


def loudness_of(wav: bytes | Path) -> tuple[float, float]:
    """Return integrated LUFS and true peak in dBTP."""
    from controller.sound import loudness

    samples = np.ascontiguousarray(samples_of(wav))
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
    frame.sample_rate = RATE
    measured = loudness.of_frames([frame])
    return measured.lufs, measured.peak
