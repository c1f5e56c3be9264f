"""Plot a sound: its spectrogram above, its level below; with numpy and PyAV's PNG encoder only."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 44100
WIDTH, SPECTRUM, LEVEL = 1500, 360, 240
BLOCK = 2048
LOWEST_DB = -72.0
LINES = {0.0: (90, 90, 90), -1.0: (200, 40, 40), -18.0: (40, 90, 200), -23.0: (40, 150, 80)}
"""dBFS: full scale; red: the highest peak allowed; blue: speech; green: music."""


def draw(frames: np.ndarray, path: Path) -> None:
    """Write a PNG of 16-bit stereo `frames`.

    Above: 0 to 11 kHz, upwards, brighter is louder. Below, from −72 dBFS to 0: light is the peak of each column, dark
    its RMS, with `LINES`; a white tick each ten seconds.
    """
    x = frames.astype(np.float32).mean(axis=1) / 32768
    peaks = np.abs(frames.astype(np.float32)).max(axis=1) / 32768
    picture = np.vstack([_spectrum(x), np.full((6, WIDTH, 3), 255, np.uint8), _levels(x, peaks)])
    for tick in range(10, int(len(x) / RATE) + 1, 10):
        picture[SPECTRUM - 8 : SPECTRUM, min(WIDTH - 1, int(tick * RATE * WIDTH / len(x)))] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_png(picture))


def _spectrum(x: np.ndarray) -> np.ndarray:
    at = np.linspace(0, max(0, len(x) - BLOCK), WIDTH).astype(int)
    blocks = np.pad(x, (0, BLOCK))[at[:, None] + np.arange(BLOCK)] * np.hanning(BLOCK)
    power = 20 * np.log10(np.abs(np.fft.rfft(blocks, axis=1))[:, : BLOCK // 4] / (BLOCK / 4) + 1e-9)
    rows = np.linspace(BLOCK // 4 - 1, 0, SPECTRUM).astype(int)
    shade = np.clip((power[:, rows].T + 110) / 90, 0, 1)
    return np.stack(
        [np.clip(c, 0, 1) * 255 for c in (2 * shade - 0.5, 2 * shade - 1.1, 1.6 * shade)], -1
    ).astype(np.uint8)


def _levels(x: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    edges = np.linspace(0, len(x), WIDTH + 1).astype(int)
    picture = np.full((LEVEL, WIDTH, 3), 255, np.uint8)
    for column, (begin, end) in enumerate(itertools.pairwise(edges)):
        if end > begin:
            picture[_row(peaks[begin:end].max()) :, column] = (200, 205, 220)
            picture[_row(float(np.sqrt(np.mean(np.square(x[begin:end]))))) :, column] = (70, 75, 100)
    for level, colour in LINES.items():
        picture[min(LEVEL - 1, int(level / LOWEST_DB * LEVEL))] = colour
    return picture


def _row(amplitude: float) -> int:
    level = max(LOWEST_DB, 20 * np.log10(max(float(amplitude), 1e-9)))
    return int(level / LOWEST_DB * LEVEL)


def _png(picture: np.ndarray) -> bytes:
    context: Any = av.CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = picture.shape[1], picture.shape[0], "rgb24"
    context.time_base = Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
