"""The home screen icon: a drum on cinnabar, drawn by code, so that no third-party image is needed.

`python -m signage.icon` writes the files under `static/`.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

SIZES = (180, 512)
RED, PAPER, DARK, GOLD = (161, 31, 16), (251, 240, 220), (93, 14, 6), (217, 155, 69)
GRID = 4  # samples per side of a pixel, for smooth edges
STICKS = (((0.16, 0.10), (0.52, 0.40)), ((0.84, 0.10), (0.48, 0.40)))
BEADS = ((0.52, 0.40), (0.48, 0.40))

Colour = tuple[int, int, int]


def colour(x: float, y: float) -> Colour:
    """Return the colour at a point of the unit square; y points down."""
    if any(_near(x, y, *stick) < 0.022 for stick in STICKS) or any(
        math.dist((x, y), bead) < 0.05 for bead in BEADS
    ):
        return GOLD
    head = math.hypot((x - 0.5) / 0.33, (y - 0.46) / 0.15)
    if head < 1:
        return PAPER if head < 0.86 else DARK
    foot = math.hypot((x - 0.5) / 0.33, (y - 0.74) / 0.15)
    if abs(x - 0.5) < 0.33 and y > 0.46 and (y < 0.74 or foot < 1):
        band = math.hypot((x - 0.5) / 0.33, (y - 0.70) / 0.15)
        return GOLD if 1 <= band < 1.12 and y > 0.70 else DARK
    return RED


def _near(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    """Return the distance to the line from `start` to `end`."""
    along, down = end[0] - start[0], end[1] - start[1]
    part = ((x - start[0]) * along + (y - start[1]) * down) / (along**2 + down**2)
    part = min(1.0, max(0.0, part))
    return math.dist((x, y), (start[0] + part * along, start[1] + part * down))


def png(size: int) -> bytes:
    """Return the icon as a PNG of `size` × `size` pixels."""
    steps = [(n + 0.5) / GRID for n in range(GRID)]
    rows = bytearray()
    for row in range(size):
        rows.append(0)
        for column in range(size):
            samples = [colour((column + dx) / size, (row + dy) / size) for dx in steps for dy in steps]
            rows += bytes(round(sum(channel) / len(samples)) for channel in zip(*samples, strict=True))
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(rows), 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main() -> None:
    """Write the icons."""
    for size in SIZES:
        (Path(__file__).parent / "static" / f"icon-{size}.png").write_bytes(png(size))


if __name__ == "__main__":
    main()
