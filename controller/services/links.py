"""Links as people see them: on or off, waiting messages and the reason, pause, test, secrets, the day's messages."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from controller.health import Away
from controller.links import webhook
from controller.links.kinds import BOT_KINDS, KINDS
from controller.links.port import TEST, BotKind, LinkKind, LinkSpec, Tools
from controller.links.receiver import BotState, BotStates, OpenBot
from controller.links.secrets import LinkSecrets, SecretFile
from controller.links.sender import OpenLink
from controller.sales.link_messages import LinkMessage, MessageState, NewLinkMessage
from controller.sales.model import Conflict, Refused, Unknown
from controller.sales.proposals import ProposalState
from controller.sales.received import ReceivedFate, ReceivedMessage
from controller.sales.store import Session
from controller.services.context import Context

PAUSED: Final = "links_paused"
"""The preference that keeps the idents of paused links."""
MOST_LISTED: Final = 500
MOST_SECRET: Final = 500
NO_SECRET: Final = "还没有填密钥，填好就开始。"  # noqa: S105  a sentence
NO_ADDRESS: Final = "还没有填接收的地址，由负责人填，填好就开始。"
INSIDE: Final = "这个地址在办公室的网络里面。确定要把消息发到这里吗？"
REHEARSAL: Final = "彩排里不真的发出。"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A link for the phone. `why`: why it does not send, "" when it does; `last_why`: of the oldest waiting message.

    `receives`: a robot that takes deals; `since`: its connection, `last_received`: its last message.
    """

    ident: str
    name: str
    title: str
    on: bool
    paused: bool
    why: str
    waiting: int
    last_why: str
    next_try: datetime | None
    last_sent: datetime | None
    secrets: tuple[tuple[str, str, str, bool, bool], ...]  # name, label, hint, required, set
    address: str | None
    takes_address: bool
    owners_address: bool
    rotates: bool
    both_until: datetime | None  # a former secret signs too
    receives: bool = False
    since: datetime | None = None
    last_received: datetime | None = None


class LinkService:
    """Thread-safe. `kinds`: adapters by name."""

    def __init__(
        self, context: Context, secret_file: SecretFile, tools: Tools, kinds: Mapping[str, LinkKind] = KINDS,
        bot_kinds: Mapping[str, BotKind] = BOT_KINDS,
    ) -> None:  # fmt: skip
        self._context, self._secrets, self._tools, self._senders = context, secret_file, tools, kinds
        self._bots, self.bot_states = bot_kinds, BotStates()
        self._kinds: dict[str, LinkKind | BotKind] = {**kinds, **bot_kinds}

    # --- for the sender and for news

    def specs(self) -> tuple[LinkSpec, ...]:
        """Return the links that the timetable names and this release knows."""
        return tuple(spec for spec in self._context.rhythm.links.all() if spec.kind in self._kinds)

    def open_links(self) -> tuple[OpenLink, ...]:
        """Return every link for the sender."""
        return tuple(map(self._open, (spec for spec in self.specs() if spec.kind in self._senders)))

    def open_bots(self) -> tuple[OpenBot, ...]:
        """Return the robots that are to be connected: complete, not paused."""
        paused = self._paused()
        bots = [spec for spec in self.specs() if spec.kind in self._bots and spec.ident not in paused]
        return tuple(self._open_bot(spec) for spec in bots if not self._why_off(spec))

    def _open_bot(self, spec: LinkSpec) -> OpenBot:
        kept = self._secrets.of(spec.ident, spec.bound)
        opened = partial(self._bots[spec.kind].open, spec, kept.values, kept.address)
        return OpenBot(spec, opened, (spec, kept, self.bot_states.wishes(spec.ident)))

    def receivers(self, kind: str, *, silent: bool = False) -> tuple[LinkSpec, ...]:
        """Return the links that are on and want an event; also paused ones."""
        wanting = [spec for spec in self.specs() if spec.wants(kind, silent=silent)]
        return tuple(spec for spec in wanting if self._complete(spec) and not self._rehearsed(spec))

    def _open(self, spec: LinkSpec) -> OpenLink:
        kind, kept = self._senders[spec.kind], self._secrets.of(spec.ident, spec.bound)
        opened = partial(kind.open, spec, kept.values, kept.address, self._tools)
        paused, pause = spec.ident in self._paused(), partial(self.pause, spec.ident, on=True)
        return OpenLink(spec, kind, opened, self._why_off(spec), paused, (kept, paused), pause)

    def _why_off(self, spec: LinkSpec) -> str:
        if self._secrets.fault:
            return self._secrets.fault
        if not self._complete(spec):
            return NO_ADDRESS if self._lacks_address(spec) else NO_SECRET
        return REHEARSAL if self._rehearsed(spec) else ""

    def _complete(self, spec: LinkSpec) -> bool:
        values = self._secrets.of(spec.ident, spec.bound).values
        known = all(field.name in values for field in self._kinds[spec.kind].secrets if field.required)
        return known and not self._lacks_address(spec)

    def _lacks_address(self, spec: LinkSpec) -> bool:
        kept = self._secrets.of(spec.ident, spec.bound)
        return self._kinds[spec.kind].owners_address and kept.address is None

    def _rehearsed(self, spec: LinkSpec) -> bool:
        """Return whether a rehearsal keeps a link from sending: only a server on this machine gets its messages."""
        if not self._context.clock.rehearsal:
            return False
        address = self._secrets.of(spec.ident, spec.bound).address
        where = address or (f"smtp://{spec.server}" if spec.server else None)
        return where is None or not _is_loopback(where)

    def _paused(self) -> frozenset[str]:
        return frozenset(self._context.preferences.get(PAUSED, ()))

    def stuck(self, now: datetime) -> tuple[Away, ...]:
        """Return every link that is on, each with since when a message of it was tried in vain."""
        links = [
            spec for spec in self.specs() if not self._why_off(spec) and spec.ident not in self._paused()
        ]
        if not links:
            return ()
        with self._context.store.read() as session:
            waiting = {spec.ident: session.link_messages.waiting(spec.ident) for spec in links}
        return tuple(_stuck(spec.name, waiting[spec.ident]) for spec in links)

    # --- for people

    def status(self) -> tuple[LinkStatus, ...]:
        """Return every link of the timetable."""
        with self._context.store.read() as session:
            waiting = {spec.ident: session.link_messages.waiting(spec.ident) for spec in self.specs()}
            last = {spec.ident: session.link_messages.last_sent(spec.ident) for spec in self.specs()}
            came = {
                spec.ident: session.received.last_at(spec.ident)
                for spec in self.specs()
                if spec.kind in self._bots
            }
        sending = {
            spec.ident: self._status(spec, waiting[spec.ident], last[spec.ident]) for spec in self.specs()
        }
        return tuple(
            self._with_connection(one, self.bot_states.of(ident), came[ident]) if ident in came else one
            for ident, one in sending.items()
        )

    def _with_connection(
        self, status: LinkStatus, state: BotState, last_received: datetime | None
    ) -> LinkStatus:
        serving = status.on and not status.paused
        why = (state.why or ("正在连接。" if state.since is None else "")) if serving else ""
        return replace(
            status, receives=True, since=state.since if serving else None, last_received=last_received, last_why=why,
            next_try=state.next_try if serving else None,
        )  # fmt: skip

    def _status(self, spec: LinkSpec, waiting: tuple[LinkMessage, ...], last: datetime | None) -> LinkStatus:
        kind, kept = self._kinds[spec.kind], self._secrets.of(spec.ident, spec.bound)
        why = self._why_off(spec)
        tried = next((message for message in waiting if message.why), None)
        fields = tuple(
            (field.name, field.label, field.hint, field.required, field.name in kept.values)
            for field in kind.secrets
        )
        return LinkStatus(
            spec.ident, spec.name, kind.title, not why, spec.ident in self._paused(), why, len(waiting),
            tried.why if tried else "", tried.next_try if tried else None, last, fields, _shown(kind, kept.address),
            kind.address, kind.owners_address, kind.rotates, self._both_until(kept),
        )  # fmt: skip

    def _both_until(self, kept: LinkSecrets) -> datetime | None:
        """Return until when a former secret signs too; None when only one does."""
        until = datetime.fromisoformat(kept.values[webhook.UNTIL]) if webhook.UNTIL in kept.values else None
        return until if until is not None and until > self._context.clock.now() else None

    def messages(self, day: date, link: str | None = None) -> tuple[LinkMessage, ...]:
        """Return the messages of a day with what became of them, newest first; of one link or of all."""
        with self._context.store.read() as session:
            return session.link_messages.of_day(day, MOST_LISTED, link)

    def received(self, day: date, link: str | None = None) -> tuple[tuple[ReceivedMessage, str], ...]:
        """Return the messages that came in on a day, newest first, each with what became of a question in it."""
        with self._context.store.read() as session:
            came = session.received.of_day(day, MOST_LISTED, link)
            return tuple((one, _settled(session, one)) for one in came)

    def with_messages(self, day: date) -> frozenset[str]:
        """Return the links, also programs, that have messages on a day, out or in."""
        with self._context.store.read() as session:
            out = {one.link for one in session.link_messages.of_day(day, MOST_LISTED)}
            return frozenset(out | session.received.links_of_day(day))

    def counts(self, day: date) -> dict[tuple[str, MessageState], int]:
        """Return the number of messages of a day, by link and state."""
        with self._context.store.read() as session:
            return session.link_messages.counts(day)

    def pause(self, ident: str, *, on: bool) -> None:
        """Pause a link, or let it send again. Its messages wait meanwhile."""
        spec = self._spec(ident)
        paused = self._paused() | {spec.ident} if on else self._paused() - {spec.ident}
        known = {one.ident for one in self.specs()}
        self._context.preferences.set(PAUSED, sorted(paused & known))
        if not on:
            self._hurry(spec.ident)

    def test(self, ident: str) -> None:
        """Send a test message, also while paused; connect a robot again. Raises Refused when the link is off."""
        spec = self._spec(ident)
        if why := self._why_off(spec):
            raise Refused(f"“{spec.name}”没有打开：{why}")
        if spec.kind in self._bots:
            self.bot_states.hurry(spec.ident)
            return
        now = self._context.clock.now()
        uid = secrets.token_hex(8)
        with self._context.store.write() as session:
            session.link_messages.add(NewLinkMessage(uid, spec.ident, f"test:{uid}", TEST, {}, now, now))
            session.link_messages.hurry(spec.ident)

    def set_secrets(self, ident: str, given: Mapping[str, Any]) -> None:
        """Store secrets of a link: a text sets one, null removes it, a missing one stays. Raises Refused."""
        spec = self._spec(ident)
        known = {field.name: field for field in self._kinds[spec.kind].secrets}
        kept = self._secrets.of(spec.ident, spec.bound)
        values = dict(kept.values)
        for name, value in given.items():
            if name not in known or not (value is None or isinstance(value, str)):
                raise Refused(f"“{spec.name}”没有这一项：{str(name)[:40]}。", "name")
            if value is None:
                for gone in (name, *(webhook.OF_SECRET if name == "secret" else ())):
                    values.pop(gone, None)
                continue
            if not 0 < len(value.strip()) <= MOST_SECRET:
                raise Refused(f"{known[name].label}要有内容，最多 {MOST_SECRET} 个字符。", name)
            values = self._with(spec, values, name, known[name].read(value))
        self._secrets.put(spec.ident, LinkSecrets(spec.bound, values, kept.address))
        self._hurry(spec.ident)

    def _with(self, spec: LinkSpec, values: dict[str, str], name: str, value: str) -> dict[str, str]:
        if self._kinds[spec.kind].rotates and name == "secret":
            return webhook.rotated(values, value, self._context.clock.now())
        return {**values, name: value}

    def new_secret(self, ident: str) -> str:
        """Make a link's secret, store it and return it; the former one stays in use for a day. Raises Refused."""
        spec = self._spec(ident)
        if not self._kinds[spec.kind].rotates:
            raise Refused(f"“{spec.name}”的密钥由对方给，战鼓不能生成。", "link")
        made = webhook.new_secret()
        self.set_secrets(ident, {"secret": made})
        return made

    def set_address(self, ident: str, address: str | None, *, inside: bool = False) -> None:
        """Set another base address for a link, instead of the vendor's; None for the vendor's. Raises Refused.

        `inside`: the owner has confirmed that a program's address is in the office's network; else Conflict.
        """
        spec = self._spec(ident)
        kind = self._kinds[spec.kind]
        if not kind.address:
            raise Refused(f"“{spec.name}”没有可以改的地址。", "address")
        kept = self._secrets.of(spec.ident, spec.bound)
        values = {name: value for name, value in kept.values.items() if name != webhook.PRIVATE}
        checked = None
        if address is not None and kind.owners_address:
            checked = webhook.read_address(address)
            if webhook.is_inside(checked) and not inside:
                raise Conflict(INSIDE, "inside")
            values |= {webhook.PRIVATE: "yes"} if inside else {}
        elif address is not None:
            checked = checked_base(address)
        self._secrets.put(spec.ident, LinkSecrets(spec.bound, values, checked))
        self._hurry(spec.ident)

    def _hurry(self, ident: str) -> None:
        with self._context.store.write() as session:
            session.link_messages.hurry(ident)

    def _spec(self, ident: str) -> LinkSpec:
        found = next((spec for spec in self.specs() if spec.ident == ident), None)
        if found is None:
            raise Unknown("作息表里没有这个连接。", "link")
        return found


def _settled(session: Session, message: ReceivedMessage) -> str:
    """Return what became of the questions of a message, "" while one is open or when it has none."""
    if message.fate != ReceivedFate.WAITING:
        return ""
    external = [message.sender, *(f"{message.uid}#{number}" for number in range(1, message.deals + 1))]
    known = [session.inbound.get(message.link, ident) for ident in external]
    asked = [session.proposals.by_key(one.key) for one in known if one is not None]
    ended = [one for one in asked if one is not None]
    if any(one.state == ProposalState.OPEN for one in ended):
        return ""
    return "".join(dict.fromkeys(one.why for one in ended))


def _stuck(name: str, waiting: Iterable[LinkMessage]) -> Away:
    tried = next((message for message in waiting if message.why), None)
    return Away(name, tried.created, tried.why) if tried is not None else Away(name)


def checked_base(text: str) -> str:
    """Return a base address: scheme, host, port, perhaps a path; no name, password or query. Raises Refused."""
    written = text.strip().rstrip("/")
    parts = urlsplit(written) if re.fullmatch(r"[!-~]{1,200}", written) else None
    try:
        port_fits = parts is not None and (parts.port is None or parts.port > 0)
    except ValueError:
        port_fits = False
    fits = parts is not None and port_fits and parts.scheme in ("https", "http") and parts.hostname
    if not fits or parts is None or parts.username or parts.query or parts.fragment:
        raise Refused("地址要写成 https://主机名 或 http://主机名:端口。", "address")
    return written


def _shown(kind: LinkKind | BotKind, address: str | None) -> str | None:
    """Return an address for the phone; of a program's only the host, because its path may contain a key."""
    if address is None or not kind.owners_address:
        return address
    return f"{urlsplit(address).scheme}://{urlsplit(address).netloc}/…"


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
