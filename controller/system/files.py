"""Read files that may be damaged, and show names that people cannot read.

The daemon's JSON files may be damaged by a power cut or by a person. Linux allows any bytes in a file name; people and
JSON do not.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def read_json(file: Path) -> Any:
    """Return the content of the file. Raises OSError, and ValueError for invalid or too deeply nested JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"{file} is nested too deeply") from error


def own_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of a folder for sweeping; none of a linked folder (another office's), or without the right."""
    try:
        return () if folder.is_symlink() else tuple(folder.iterdir())
    except OSError:
        return ()


def readable(name: str) -> str:
    """Return the name as text that can be shown, stored and sent: no lone surrogates, control or direction characters.

    Bytes that are not UTF-8 are decoded as GB18030, which Chinese Windows writes; other bytes, and invisible
    characters, become replacement characters.
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
    """Return the paths of one folder by readable, unique names, sorted by name.

    A changed name, which may therefore equal another file's, gets a suffix computed from its bytes, so that it
    stays the same when other files are added or deleted.
    """
    shown = [(readable(path.name), path) for path in paths]
    often = Counter(name for name, _ in shown)
    named = {
        _marked(path) if name != path.name and (often[name] > 1 or UNREADABLE in name) else name: path
        for name, path in shown
    }
    return dict(sorted(named.items()))


def _marked(path: Path) -> str:
    mark = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:6]
    name = Path(readable(path.name))
    return f"{name.stem} #{mark}{name.suffix}"


def keep_scratch(folder: Path) -> Callable[[], None]:
    """Let all large temporary files of this process be in `folder`: /tmp is memory on Debian 13, too small.

    They have no names, so nothing is left after a power cut. A folder that cannot be made leaves them in /tmp.
    Return a function that undoes it.
    """
    before = tempfile.tempdir

    def undo() -> None:
        if tempfile.tempdir == str(folder):
            tempfile.tempdir = before

    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.tempdir = str(folder)
    return undo
