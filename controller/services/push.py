"""Systems that push deals here: their secrets, their mappings, and the last push of each."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from controller.links.secrets import LinkSecrets, SecretFile
from controller.names import tidy_name
from controller.sales import push
from controller.sales.model import Refused, Unknown
from controller.services.context import Context

MOST_LINKS: Final = 20
SETTING: Final = "push_links"
LAST: Final = "push_last"
WRONG_A_MINUTE: Final = 30
MOST_ADDRESSES: Final = 1000
_NOBODY: Final = "no such link"


@dataclass(frozen=True, slots=True)
class PushLink:
    """A system that pushes deals. `last`: when its last genuine push came, and what became of it.

    `on`: False while a person has switched it off: its pushes are refused, its secret and mapping stay.
    """

    name: str
    kind: str
    mapping: dict[str, str]
    on: bool = True
    last_at: datetime | None = None
    last: str = ""


class PushLinks:
    """Thread-safe."""

    def __init__(self, context: Context, secret_file: SecretFile):
        self._context, self._secrets = context, secret_file
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def all(self) -> tuple[PushLink, ...]:
        """Return all links, by name."""
        kept: dict[str, Any] = self._context.preferences.get(SETTING, {})
        last: dict[str, Any] = self._context.preferences.get(LAST, {})
        return tuple(
            PushLink(name, one["kind"], dict(one["mapping"]), one.get("on", True), *_last(last.get(name)))
            for name, one in sorted(kept.items())
        )

    def save(self, name: str, kind: str, mapping: object, secret: str, *, on: bool = True) -> str:
        """Add or change a link; return its new secret if this made one, else "". Raises Refused."""
        name = tidy_name(name)
        if kind not in push.KINDS:
            raise Refused(f"kind 要写 {'、'.join(push.KINDS)} 中的一个。", "kind")
        paths = push.checked_mapping(mapping)
        kept: dict[str, Any] = dict(self._context.preferences.get(SETTING, {}))
        if name not in kept and len(kept) >= MOST_LINKS:
            raise Refused(f"最多 {MOST_LINKS} 个系统可以推送，请先去掉一个。", "name")
        made = ""
        if not secret and not self._secret(name, kind):
            secret = made = secrets.token_urlsafe(32)
        if secret:
            self._secrets.put(_ident(name), LinkSecrets(kind, {"secret": secret}))
        link = {"kind": kind, "mapping": paths, "on": on}
        self._context.preferences.set(SETTING, {**kept, name: link}, quiet=True)
        return made

    def remove(self, name: str) -> None:
        """Remove a link with its secret. Raises Unknown."""
        kept: dict[str, Any] = dict(self._context.preferences.get(SETTING, {}))
        if kept.pop(name, None) is None:
            raise Unknown("没有这个推送的系统。", "name")
        self._context.preferences.set(SETTING, kept, quiet=True)
        self._secrets.put(_ident(name), LinkSecrets())
        last: dict[str, Any] = dict(self._context.preferences.get(LAST, {}))
        if last.pop(name, None) is not None:
            self._context.preferences.set(LAST, last, quiet=True)

    def genuine(self, name: str, sent: Mapping[str, str], payload: bytes, address: str) -> PushLink | None:
        """Return the link that signed a push, None for a wrong signature or an unknown link.

        Raises Refused after many wrong ones from one address, before further work.
        """
        if self._is_blocked(address):
            raise Refused("签名错得太多，请过一分钟再发。", "signature")
        link = next((one for one in self.all() if one.name == name), None)
        kind = link.kind if link else push.HMAC
        secret = self._secret(name, kind) if link else ""
        genuine = push.is_genuine(kind, secret or _NOBODY, sent, payload, self._context.clock.now())
        if genuine and secret and link is not None:
            return link
        self._note_wrong(address)
        return None

    def note(self, name: str, words: str) -> None:
        """Keep what became of a link's last push."""
        at = self._context.clock.now().isoformat(timespec="seconds")
        with self._lock:
            last: dict[str, Any] = dict(self._context.preferences.get(LAST, {}))
            self._context.preferences.set(LAST, {**last, name: [at, words]}, quiet=True)

    def _secret(self, name: str, kind: str) -> str:
        return self._secrets.of(_ident(name), kind).values.get("secret", "")

    def _is_blocked(self, address: str) -> bool:
        now = time.monotonic()
        with self._lock:
            wrong = [at for at in self._wrong.get(address, ()) if at > now - 60]
        return len(wrong) >= WRONG_A_MINUTE

    def _note_wrong(self, address: str) -> None:
        now = time.monotonic()
        with self._lock:
            wrong = [at for at in self._wrong.pop(address, []) if at > now - 60]
            self._wrong[address] = [*wrong, now][-WRONG_A_MINUTE:]
            while len(self._wrong) > MOST_ADDRESSES:
                self._wrong.popitem(last=False)


def _last(kept: Any) -> tuple[datetime | None, str]:
    return (datetime.fromisoformat(kept[0]), str(kept[1])) if kept else (None, "")


def _ident(name: str) -> str:
    return f"push {name}"
