"""The file beside the store with the id of this installation and the last version sent.

The file outside the store shows at a start whether the store was restored from a backup: then it has a higher number
than the store.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from controller.cities.document import Version
from controller.system.atomic_file import rewrite

_LARGEST: Final = 10_000


class OwnFile:
    """`cities.json`: the id of this installation and the last version sent. Called in one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.install = ""
        self.last: Version | None = None
        self._read()

    def _read(self) -> None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            with self._path.open("rb") as file:
                fields = json.loads(file.read(_LARGEST))
            install = fields["install"]
            if not isinstance(install, str) or len(install) != 16 or set(install) - set("0123456789abcdef"):
                raise ValueError("install")
            self.install, self.last = install, Version(int(fields["epoch"]), int(fields["seq"]))
        self.install = self.install or secrets.token_hex(8)

    def remember(self, version: Version) -> None:
        """Write the last version down. A full disk is no reason to stop: the broker has it too."""
        if version == self.last:
            return
        self.last = version
        fields = {"install": self.install, "epoch": version.epoch, "seq": version.seq}
        with suppress(OSError):
            rewrite(self._path, json.dumps(fields).encode(), 0o600)
