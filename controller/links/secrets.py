"""The file of the links' secrets, `config/secrets.json`: readable by its owner only, written on the phone only.

Nothing of it is logged, sent to a phone or passed to a child process. A backup of the store does not contain it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from controller.sales.model import Refused
from controller.system.atomic_file import rewrite, stamp_of
from controller.system.os_errors import reason

log = logging.getLogger(__name__)

LARGEST: Final = 256 * 1024
_DAMAGED: Final = "密钥文件 config/secrets.json 读不懂，连接都停着。请在手机上重新填密钥，或放回原来的文件。"


@dataclass(frozen=True, slots=True)
class LinkSecrets:
    """The secrets of one link. `bound`: the kind or server that they are for; `address`: another base address."""

    bound: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None


class SecretFile:
    """Thread-safe. Read again when the file has changed."""

    def __init__(self, path: Path | None):
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._kept: dict[str, LinkSecrets] = {}
        self._fault = ""

    @property
    def fault(self) -> str:
        """The reason for which the file cannot be used, "" when it can."""
        with self._lock:
            self._look()
            return self._fault

    def of(self, ident: str, bound: str) -> LinkSecrets:
        """Return a link's secrets; empty ones when they were entered for something else."""
        with self._lock:
            self._look()
            found = self._kept.get(ident, LinkSecrets())
        return found if found.bound == bound else LinkSecrets(bound, {}, None)

    def put(self, ident: str, secrets: LinkSecrets) -> None:
        """Store a link's secrets; without values and address the link is removed. Raises Refused."""
        with self._lock:
            self._look()
            kept = {**self._kept, ident: secrets}
            if not secrets.values and secrets.address is None:
                del kept[ident]
            self._write(kept)

    def _write(self, kept: dict[str, LinkSecrets]) -> None:
        if self._path is None:
            raise Refused("这里没有地方存密钥。")
        shape = {
            ident: {"bound": one.bound, "values": dict(one.values), "address": one.address}
            for ident, one in kept.items()
        }
        data = json.dumps(shape, ensure_ascii=False, indent=1).encode()
        try:
            self._close_to_others()
            rewrite(self._path, data, 0o600)
        except OSError as fault:
            raise Refused(f"密钥没有存下：config 文件夹写不进去（{reason(fault)}）。") from fault
        self._kept, self._fault, self._stamp = kept, "", stamp_of(self._path)

    def _close_to_others(self) -> None:
        """Take the file's rights from everybody but its owner."""
        if self._path is not None and self._path.exists() and self._path.stat().st_mode & 0o077:
            self._path.chmod(0o600)
            log.warning("%s was readable by others; its mode is now 0600", self._path.name)

    def _look(self) -> None:
        stamp = stamp_of(self._path) if self._path is not None else None
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._kept, self._fault = {}, ""
        if stamp is None or self._path is None:
            return
        with suppress(OSError):
            self._close_to_others()
        try:
            with self._path.open("rb") as file:
                self._kept = _parsed(json.loads(file.read(LARGEST)))
        except (OSError, ValueError, RecursionError):
            self._fault = _DAMAGED


def _parsed(shape: Any) -> dict[str, LinkSecrets]:
    if not isinstance(shape, dict):
        raise ValueError("not an object")
    kept = {}
    for ident, one in shape.items():
        values, address = one.get("values"), one.get("address")
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise ValueError("not secrets")
        kept[str(ident)] = LinkSecrets(
            str(one.get("bound", "")), values, address if isinstance(address, str) else None
        )
    return kept
