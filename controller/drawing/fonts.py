"""Find Chinese fonts on this machine: a serif with weight for names, a sans for everything else.

Looked for one after the other: Noto CJK (Debian: fonts-noto-cjk), Source Han, then WenQuanYi and Droid, which old
systems have. Without any of them no picture is drawn, and messages are texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Final

from PIL import ImageFont

Font = Callable[[int], ImageFont.FreeTypeFont]
"""A typeface: returns it in a size."""

FOLDERS: Final = (
    Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts",
)  # fmt: skip
SERIF: Final = (
    "NotoSerifCJK-Black.ttc", "NotoSerifCJKsc-Black.otf", "NotoSerifSC-Black.otf", "SourceHanSerifSC-Heavy.otf",
    "NotoSerifCJK-Bold.ttc", "NotoSerifCJKsc-Bold.otf", "NotoSerifSC-Bold.otf",
)  # fmt: skip
SANS: Final = (
    "NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf", "NotoSansSC-Bold.otf", "SourceHanSansSC-Bold.otf",
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "wqy-zenhei.ttc", "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf",
)  # fmt: skip
OTHERS: Final = ("DejaVuSerif-Bold.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans.ttf")
"""For letters that the Chinese fonts do not have, such as Ş and Ж."""
_MOST_FACES: Final = 12
_LOOKED_AT: Final = 40
_NO_CHARACTER: Final = "\U0010fffe"


class NoFontError(Exception):
    """This machine has no Chinese font."""


@cache
def _files() -> dict[str, Path]:
    """Return the known fonts of this machine by file name."""
    wanted = {*SERIF, *SANS, *OTHERS}
    return {
        file.name: file
        for folder in FOLDERS
        if folder.is_dir()
        for file in folder.rglob("*")
        if file.name in wanted
    }


@cache
def _face(names: tuple[str, ...]) -> tuple[str, int]:
    """Return file and index of the first font of `names`; in a collection the face for simplified Chinese."""
    found = next((_files()[name] for name in names if name in _files()), None)
    if found is None:
        raise NoFontError
    for index in range(_MOST_FACES if found.suffix == ".ttc" else 1):
        try:
            face = ImageFont.truetype(str(found), 20, index=index)
        except OSError:
            break
        if str(face.getname()[0]).endswith(" SC"):
            return str(found), index
    return str(found), 0


@cache
def serif(size: int) -> ImageFont.FreeTypeFont:
    """Return the font for names and titles. Raises NoFontError."""
    path, index = _face((*SERIF, *SANS))
    return ImageFont.truetype(path, size, index=index)


@cache
def sans(size: int) -> ImageFont.FreeTypeFont:
    """Return the font for figures and rows. Raises NoFontError."""
    path, index = _face((*SANS, *SERIF))
    return ImageFont.truetype(path, size, index=index)


_LATIN_APOSTROPHE: Final = re.compile("(?<=[A-Za-z\u00c0-\u024f])\u2019(?=[A-Za-z\u00c0-\u024f])")


def runs(words: str, font: Font) -> list[tuple[str, Font]]:
    """Return a text in pieces, each with the font that has its characters: `font`, else one of `OTHERS`.

    A character that no font here has (an emoji) is left out: a box instead of it looks like a fault. The apostrophe
    of a Latin name is the straight one: in Chinese fonts ’ is as wide as a Chinese character.
    """
    words = _LATIN_APOSTROPHE.sub("'", words)
    pieces = groupby(words, lambda character: _font_with(character, font))
    return [("".join(characters), found) for found, characters in pieces if found is not None]


def _font_with(character: str, font: Font) -> Font | None:
    others = (_other(name) for name in OTHERS if name in _files())
    return next((one for one in (font, *others) if _has(one(_LOOKED_AT), character)), None)


@cache
def _other(name: str) -> Font:
    return cache(partial(ImageFont.truetype, str(_files()[name])))


@cache
def _has(face: ImageFont.FreeTypeFont, character: str) -> bool:
    """Return whether a font has a character: those that it lacks all get the same box."""
    return bytes(face.getmask(character)) != bytes(face.getmask(_NO_CHARACTER))
