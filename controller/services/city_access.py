"""The office's part in the cities: the code of head office's invitation, and the office's choices."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from controller.cities import invitation
from controller.cities.document import NotUnderstood
from controller.cities.invitation import Access
from controller.sales.model import Conflict, Refused
from controller.services.context import Context
from controller.system.atomic_file import rewrite

NAMES: Final = "cities_names"
PAUSED: Final = "cities_paused"


class CityAccess:
    """Thread-safe. The code is a secret: in a separate file that only its owner may read, and in no answer or log."""

    def __init__(self, context: Context, folder: Path) -> None:
        self._context, self._file = context, folder / "cities.code"
        self._lock = threading.Lock()
        self._kept: Access | None = None
        with suppress(OSError, UnicodeDecodeError, NotUnderstood), self._file.open("rb") as file:
            self._kept = invitation.read(file.read(invitation.CODE_LIMIT).decode("ascii"))

    def wanted(self) -> Access | None:
        """Return the access while the office is connected; None before it joined, and while it is paused."""
        return None if self.paused() else self.kept()

    def kept(self) -> Access | None:
        """Return the access, also while paused."""
        with self._lock:
            return self._kept

    def join(self, code: str, *, replace: bool = False) -> Access:
        """Join with a pasted code; `replace`: also when it is another organisation's. Raises Refused, Conflict."""
        try:
            access = invitation.read(code)
        except NotUnderstood as fault:
            raise Refused(str(fault), "code") from fault
        known = self.kept()
        if known is not None and known.org != access.org and not replace:
            raise Conflict(
                f"这是另一家公司（{access.org}）的邀请码，现在连的是 {known.org}。"
                "确认要换，才会离开现在的公司；其他城市的数字会清掉。",
                "code",
            )
        with self._lock:
            rewrite(self._file, invitation.written(access).encode("ascii"), 0o600)
            self._kept = access
        return access

    def leave(self) -> None:
        """Forget the code."""
        with self._lock:
            self._file.unlink(missing_ok=True)
            self._kept = None

    def names(self) -> bool:
        """Return whether this office sends names of people; off until it says so."""
        return bool(self._context.preferences.get(NAMES, False))

    def paused(self) -> bool:
        """Return whether the connection is paused."""
        return bool(self._context.preferences.get(PAUSED, False))

    def choose(self, *, names: bool | None = None, paused: bool | None = None) -> None:
        """Set whether names are sent, and whether the connection is paused."""
        for key, value in ((NAMES, names), (PAUSED, paused)):
            if value is not None:
                self._context.preferences.set(key, value)
