"""The office's part in the cities: the code of head office's invitation, and the office's choices."""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from controller.cities import invitation
from controller.cities.document import NotUnderstood
from controller.cities.invitation import Access
from controller.cities.way import AUTO, WAYS
from controller.sales.model import Conflict, Refused
from controller.services.context import Context
from controller.system.atomic_file import rewrite

NAMES: Final = "cities_names"
PAUSED: Final = "cities_paused"
_LARGEST: Final = 4_000


class CityAccess:
    """Thread-safe. Code and proxy are secrets: in files that only their owner may read, and in no answer or log."""

    def __init__(self, context: Context, folder: Path) -> None:
        self._context, self._file, self._way_file = context, folder / "cities.code", folder / "cities.way"
        self._lock = threading.Lock()
        self._kept: Access | None = None
        self._way, self._proxy = AUTO, ""
        with suppress(OSError, UnicodeDecodeError, NotUnderstood), self._file.open("rb") as file:
            self._kept = invitation.read(file.read(invitation.CODE_LIMIT).decode("ascii"))
        with suppress(OSError, ValueError, TypeError, KeyError, Refused), self._way_file.open("rb") as file:
            chosen = json.loads(file.read(_LARGEST))
            self._way, self._proxy = _checked_way(chosen["way"]), checked_proxy(chosen["proxy"])

    def wanted(self) -> Access | None:
        """Return the access while the office is connected; None before it joined, and while it is paused."""
        return None if self.paused() else self.kept()

    def kept(self) -> Access | None:
        """Return the access with the office's way and proxy, also while paused."""
        with self._lock:
            if self._kept is None:
                return None
            return replace(self._kept, way=self._way, proxy=self._proxy)

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

    def choose(
        self,
        *,
        names: bool | None = None,
        paused: bool | None = None,
        way: str | None = None,
        proxy: str | None = None,
    ) -> None:
        """Set whether names are sent, whether the connection is paused, its way and its proxy. Raises Refused."""
        if way is not None or proxy is not None:
            self._choose_way(way, proxy)
        for key, value in ((NAMES, names), (PAUSED, paused)):
            if value is not None:
                self._context.preferences.set(key, value)

    def _choose_way(self, way: str | None, proxy: str | None) -> None:
        with self._lock:
            chosen = (
                self._way if way is None else _checked_way(way),
                self._proxy if proxy is None else checked_proxy(proxy),
            )
            fields = json.dumps({"way": chosen[0], "proxy": chosen[1]})
            rewrite(self._way_file, fields.encode(), 0o600)
            self._way, self._proxy = chosen
        self._context.changes.notify()


def _checked_way(way: object) -> str:
    if not isinstance(way, str) or way not in WAYS:
        raise Refused("方式要写 auto（自动）、mqtt 或 https。", "way")
    return way


def checked_proxy(text: object) -> str:
    """Return a proxy's address, "" for none. Raises Refused."""
    if not isinstance(text, str):
        raise Refused("代理地址要写成文字，例如 http://10.0.0.1:8080。", "proxy")
    written = text.strip()
    if not written:
        return ""
    whole = written if "//" in written else f"http://{written}"
    try:
        parts = urlsplit(whole) if re.fullmatch(r"[!-~]{1,300}", whole) else None
        fits = parts is not None and parts.scheme == "http" and parts.hostname and parts.path in ("", "/")
        fits = fits and parts is not None and not parts.query and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise Refused("代理地址要写成 http://地址:端口，要登录的写 http://用户名:密码@地址:端口。", "proxy")
    return whole.rstrip("/")


def shown_proxy(proxy: str) -> str:
    """Return a proxy's address without its login."""
    return re.sub(r"//[^@/]*@", "//", proxy)
