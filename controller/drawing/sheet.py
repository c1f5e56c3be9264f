"""A sheet to draw on: text that fits its width, bars, a photo in a frame."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from controller.drawing.fonts import Font, runs
from controller.links.words import initial

Colour = tuple[int, int, int]
INK: Colour = (18, 13, 11)
PAPER: Colour = (243, 233, 216)
DIM: Colour = (185, 168, 146)
LINE: Colour = (58, 43, 36)
RED: Colour = (161, 31, 16)
GOLD: Colour = (240, 191, 99)
WHITE: Colour = (255, 250, 240)
Pieces = list[tuple[str, Font]]
"""A text in pieces, each with the typeface that has its characters; see `runs`."""
_NEVER_FIRST: Final = "，。！？；：、）”》…"
"""These stand beyond the edge rather than at the start of a line."""


class Sheet:
    """`width` by `height` pixels of `ground`."""

    def __init__(self, width: int, height: int, ground: Colour = INK) -> None:
        self.width = width
        self.image = Image.new("RGB", (width, height), ground)
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self, at: tuple[int, int], words: str, font: Font, size: int, colour: Colour, room: int, anchor: str = "la",
        least: int = 22,
    ) -> int:  # fmt: skip
        """Write one line in the largest size up to `size` that fits into `room`; return its width.

        Text that does not fit at `least` is cut with an ellipsis.
        """
        pieces = runs(words, font)
        while size > least and self._length(pieces, size) > room:
            size -= 2
        while len(words) > 1 and self._length(pieces, size) > room:
            words = words.rstrip("…")[:-1] + "…"
            pieces = runs(words, font)
        self._write(at, pieces, font, size, colour, anchor)
        return int(self._length(pieces, size))

    def fits(self, words: str, font: Font, size: int, room: int) -> bool:
        """Return whether a text of that size fits into one line."""
        return self._length(runs(words, font), size) <= room

    def _length(self, pieces: Pieces, size: int) -> float:
        return sum(self._draw.textlength(part, face(size)) for part, face in pieces)

    def _write(
        self, at: tuple[int, int], pieces: Pieces, font: Font, size: int, colour: Colour, anchor: str
    ) -> None:
        """Write the pieces of a text on one baseline. `anchor`: as Pillow's, the height by the first font's."""
        above, below = font(size).getmetrics()
        baseline = at[1] + {"a": above, "m": (above - below) / 2, "s": 0}[anchor[1]]
        x = at[0] - self._length(pieces, size) * {"l": 0, "m": 0.5, "r": 1}[anchor[0]]
        for part, face in pieces:
            self._draw.text((x, baseline), part, colour, face(size), anchor="ls")
            x += self._draw.textlength(part, face(size))

    def lines(self, words: str, font: Font, size: int, room: int, most: int) -> list[str]:
        """Break a text into at most `most` lines that fit into `room`."""
        found, rest = [""], words
        while rest:
            if rest[0] not in _NEVER_FIRST and self._length(runs(found[-1] + rest[0], font), size) > room:
                if len(found) == most:
                    found[-1] = found[-1][:-1] + "…"
                    break
                found.append("")
            found[-1] += rest[0]
            rest = rest[1:]
        return found

    def name(self, at: tuple[int, int], words: str, font: Font, size: int, colour: Colour, room: int) -> int:
        """Write a name around a middle: in one line, in two when one would be less than two thirds of `size`.

        Return where it ends.
        """
        x, y = at
        if self._length(runs(words, font), size * 2 // 3) <= room:
            self.text(at, words, font, size, colour, room, "mm")
            return y + size // 2
        middle = len(words) / 2
        breaks = [n for n, char in enumerate(words, 1) if char in " ·-" and 1 < n < len(words) - 1]
        cut = min(breaks or [round(middle)], key=lambda n: abs(n - middle))
        small = size * 2 // 3
        for n, part in enumerate((words[:cut].strip(), words[cut:].strip())):
            self.text((x, y + 12 + (2 * n - 1) * size * 3 // 8), part, font, small, colour, room, "mm")
        return y + 12 + size * 3 // 8 + small // 2

    def block(self, box: tuple[int, int, int, int], colour: Colour, round_by: int = 0) -> None:
        """Fill a rectangle."""
        self._draw.rounded_rectangle(box, round_by, colour)

    def frame(self, box: tuple[int, int, int, int], colour: Colour) -> None:
        """Draw the outline of a rectangle."""
        self._draw.rectangle(box, outline=colour, width=3)

    def bar(self, at: tuple[int, int], width: int, height: int, share: float, colour: Colour) -> None:
        """Draw a completion; more than all of it is all of it."""
        x, y = at
        self.block((x, y, x + width, y + height), LINE, height // 2)
        filled = int(width * max(0.0, min(1.0, share)))
        if filled >= height:
            self.block((x, y, x + filled, y + height), colour, height // 2)

    def portrait(self, box: tuple[int, int, int, int], photo: str | None, name: str, font: Font) -> None:
        """Put a photo into a square, its upper part first, or the initial of the name, of what can be drawn of it."""
        x, y, right, bottom = box
        side = right - x
        picture = _opened(photo, side)
        if picture is not None:
            self.image.paste(picture, (x, y))
            return
        self.block(box, RED if self.image.getpixel((x + 1, y + 1)) != RED else (126, 22, 10))
        size = side * 6 // 10
        letter = initial("".join(part for part, _ in runs(name, font)))
        self._write((x + side // 2, y + (bottom - y) // 2), runs(letter, font), font, size, GOLD, "mm")

    def png(self) -> bytes:
        """Return the sheet as PNG, with few colours when that keeps it small."""
        data = BytesIO()
        self.image.save(data, "PNG", optimize=True)
        return data.getvalue()


def _opened(photo: str | None, side: int) -> Image.Image | None:
    if photo is None or not Path(photo).is_file():
        return None
    try:
        with Image.open(photo) as image:
            return ImageOps.fit(image.convert("RGB"), (side, side), centering=(0.5, 0.15))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
