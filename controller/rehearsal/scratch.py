"""A scratch copy of an office, so that another day can be tried without touching this one's data."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from controller.book.store import Store
from controller.machine.home import Home


@contextmanager
def scratch(home: Home, *, book: bool = True) -> Iterator[Home]:
    """A home with the same timetable, sounds and data; whatever happens in it is forgotten at the end.

    Without `book` nobody works there and nothing was sold.
    """
    with tempfile.TemporaryDirectory(prefix="zhangu-rehearsal-") as folder:
        copy = Home(Path(folder))
        shutil.copytree(home.root / "config", copy.root / "config")
        copy.sounds.symlink_to(home.sounds.resolve())
        copy.var.mkdir()
        if book and home.book.exists():
            with closing(Store(home.book)) as store:
                store.backup(copy.book)
            _own_pin(copy)
        for name in ("cache", "voices", "photos", "songs"):
            if (home.var / name).is_dir() and name != "cache":
                (copy.var / name).symlink_to((home.var / name).resolve())
        index = home.cache / "library.json"
        if index.exists():
            copy.cache.mkdir()
            shutil.copy(index, copy.cache / index.name)
        yield copy


def _own_pin(copy: Home) -> None:
    """Give the copy a PIN of its own, so that nobody enters a rehearsal believing it to be the office."""
    with closing(Store(copy.book)) as store, store.write() as book:
        real = book.desk.setting("pin")
        while (pin := f"{secrets.randbelow(1_000_000):06d}") == real:
            pass
        book.desk.set_setting("pin", pin)
