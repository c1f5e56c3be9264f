"""A scratch copy of an office, for trying another day without touching its data."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from controller.sales.store import Store
from controller.services.auth import Credentials
from controller.system.paths import Home


@contextmanager
def scratch(home: Home, *, with_data: bool = True) -> Iterator[Home]:
    """Yield a home with the same timetable, sounds and data; changes in it are discarded at the end.

    Without `with_data` it has no people and no sales.
    """
    with tempfile.TemporaryDirectory(prefix="zhangu-rehearsal-") as folder:
        copy = Home(Path(folder))
        shutil.copytree(home.root / "config", copy.root / "config")
        copy.sounds.symlink_to(home.sounds.resolve())
        copy.var.mkdir()
        if with_data and home.database.exists():
            with closing(Store(home.database)) as store:
                store.backup(copy.database)
            with closing(Store(copy.database)) as store:
                keys = Credentials(store)
                keys.new_pin()  # another PIN, so that no one takes the rehearsal for the office
                keys.phones.forget_all()
        for name in ("cache", "voices", "photos", "songs"):
            if (home.var / name).is_dir() and name != "cache":
                (copy.var / name).symlink_to((home.var / name).resolve())
        index, conversions = home.cache / "library.json", home.cache / "music"
        if index.exists():
            copy.cache.mkdir()
            shutil.copy(index, copy.cache / index.name)
            if conversions.is_dir():  # conversions of files that the player cannot play
                (copy.cache / conversions.name).symlink_to(conversions.resolve())
        yield copy
