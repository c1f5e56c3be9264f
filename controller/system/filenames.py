"""File names as people can read them. Linux allows any bytes in a name, people and JSON do not."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def readable(name: str) -> str:
    """The name as text that can be shown, stored and sent: no lone surrogate, control or direction sign is in it.

    Bytes that are not UTF-8 are read as GB18030, which is what Chinese Windows writes; what is neither, and what
    cannot be seen, becomes a replacement sign.
    """
    text = unicodedata.normalize("NFC", _decoded(os.fsencode(name)))
    return "".join(letter if letter.isprintable() else UNREADABLE for letter in text)


def _decoded(raw: bytes) -> str:
    for coding in ("utf-8", "gb18030"):
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "replace")


def by_readable_name(paths: Iterable[Path]) -> dict[str, Path]:
    """The paths of one folder by readable names, no two alike, in the order of the names.

    A name that had to be changed and may therefore be another file's too gets a mark made of its bytes, so that it
    stays the same whatever is added or deleted beside it.
    """
    shown = [(readable(path.name), path) for path in paths]
    often = Counter(name for name, _ in shown)
    found = {
        _marked(path) if name != path.name and (often[name] > 1 or UNREADABLE in name) else name: path
        for name, path in shown
    }
    return dict(sorted(found.items()))


def _marked(path: Path) -> str:
    mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:6]
    name = Path(readable(path.name))
    return f"{name.stem} #{mark}{name.suffix}"
