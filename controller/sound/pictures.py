"""A photo from a phone as a small JPEG of our own. For the intake child only.

Pillow, not FFmpeg: it scales a JPEG of 200 megapixels while decoding it, and knows CMYK and all eight orientations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from controller.sound.kinds import NO_PICTURE, SMALLER
from controller.sound.loudness import Unreadable

SIDE = 512
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = {"JPEG": 300_000_000, "progressive": 120_000_000, "else": 60_000_000}
"""A plain JPEG is scaled while it is decoded; a progressive one takes 3 bytes a pixel, everything else 4."""
QUALITY = 88
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What stands a picture up, by its EXIF orientation."""

Image.MAX_IMAGE_PIXELS = None  # our own limits are stricter where it matters


def shrink(source: Path, target: Path) -> dict[str, Any]:
    """Decodes, turns upright, scales to at most 512 × 512 and writes a JPEG. Raises Unreadable.

    Only pixels pass: place, time and whatever else lay in the file stay behind.
    """
    small = _read(source)
    small.save(target, "JPEG", quality=QUALITY)
    return {"width": small.width, "height": small.height}


def _read(source: Path) -> Image.Image:
    try:
        with Image.open(source, formats=FORMATS) as found:
            _check(found)
            scale = min(1.0, SIDE / max(found.size))
            size = [max(2, 2 * round(side * scale / 2)) for side in found.size]
            found.draft(None, (2 * SIDE, 2 * SIDE))
            found.load()
            turn = TURNS.get(found.getexif().get(ORIENTATION, 1))
            flat = _flat(found.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=2.0))
            return flat if turn is None else flat.transpose(turn)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unreadable(NO_PICTURE) from error


def _check(found: Image.Image) -> None:
    kind = "JPEG" if found.format in ("JPEG", "MPO") else "else"
    if kind == "JPEG" and (found.info.get("progressive") or found.info.get("progression")):
        kind = "progressive"
    if found.width * found.height > MOST_PIXELS[kind]:
        raise Unreadable(f"照片太大：{found.width}×{found.height}。{SMALLER}")


def _flat(found: Image.Image) -> Image.Image:
    """In red, green and blue; what was transparent is white."""
    if found.mode.startswith("I"):  # 16 bits of grey
        found = found.point(lambda value: value * (1 / 256)).convert("L")
    if found.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in found.info:
        layer = found.convert("RGBA")
        found = Image.new("RGB", layer.size, "white")
        found.paste(layer, mask=layer.getchannel("A"))
    return Image.merge("RGB", found.convert("RGB").split())  # pixels alone
