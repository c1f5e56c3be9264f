"""The connection to the broker: the only module that imports paho.

One thread runs one client after the other: each connection starts clean and with a new client object, because a client
that reconnects repeats messages from its memory, also those that are too late. Unsent documents are in the store.
"""

from __future__ import annotations

import errno
import logging
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from controller.cities import document
from controller.cities.document import BigDeal, Status, Version
from controller.cities.invitation import Access

if TYPE_CHECKING:
    import ssl

    from paho.mqtt.client import Client, MQTTMessage

log = logging.getLogger(__name__)

KEEPALIVE_S: Final = 10
"""A line on which nothing comes for twice this long is closed, so that it delivers nothing late."""
UNSENT_LIMIT_MS: Final = 10_000
"""Bytes that the broker has not acknowledged for so long end the connection."""
CONNECT_LIMIT_S: Final = 10.0
EXPIRY_S: Final = 60
"""Lifetime of a big deal at the broker."""
LATEST_S: Final = 30
"""A big deal needs this much of its lifetime on arrival: 10 s in the sender's line and 20 s in ours are unseen."""
FROZEN_S: Final = 12.0
"""A process that was stopped for so long cannot know the age of the messages in its line."""
STEP_S: Final = 0.2
LOOK_EVERY_S, LOOK_AT_LEAST_EVERY_S = 0.5, 30.0
"""A change of the timetable or of the date wakes nobody."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
GOODBYE_S: Final = 1.0
_REFUSALS: Final = {
    "Bad user name or password": "refused", "Not authorized": "refused", "Banned": "refused",
    "Client identifier not valid": "refused", "Unsupported protocol version": "not_mqtt5",
    "Server unavailable": "busy", "Server busy": "busy",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Session:
    """One connection: its number, the id of this machine, and who it is at the broker."""

    access: Access
    number: Version
    install: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """A document of this branch as it has to be sent."""

    topic: str
    version: Version
    payload: bytes


@dataclass(frozen=True, slots=True)
class UnsentDeal:
    """A big deal of this branch. `left_s`: the rest of its lifetime."""

    deal: BigDeal
    left_s: float


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the broker. `lifetime_s`: the rest of its expiry, None without one."""

    topic: str
    payload: bytes
    retained: bool
    lifetime_s: int | None


class Side(Protocol):
    """The office's side of the connection; called in the connection's thread."""

    def access(self) -> Access | None:
        """Return how to reach the broker; None: no connection is wanted."""

    def open_session(self, access: Access) -> Session:
        """Count a connection."""

    def still(self, session: Session) -> bool:
        """Return whether the session is still wanted: same access, same epoch."""

    def unsent(self, session: Session) -> Sequence[Unsent]:
        """Bring the documents up to date and return those that the broker has not confirmed."""

    def sent(self, unsent: Unsent) -> None:
        """Record the broker's receipt of a document."""

    def unsent_deals(self) -> Sequence[UnsentDeal]:
        """Return big deals that are young enough to be sent."""

    def deal_sent(self, deal: BigDeal) -> None:
        """Record the broker's receipt of a big deal."""

    def receive(self, session: Session, messages: Sequence[Received]) -> Sequence[str]:
        """Take messages in; return topics whose retained message is to be emptied."""

    def birth_again(self) -> bool:
        """Return, once, whether the branch's status has to be sent again: an old last will replaced it."""

    def up(self) -> None:
        """The broker has accepted the connection."""

    def down(self, why: str, detail: str) -> None:
        """The connection ended or could not be made; `why` is a key of a sentence."""


class Link:
    """The thread `cities`. `wake` it after a change; `close` says goodbye within a second."""

    def __init__(self, side: Side, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._side, self._monotonic = side, monotonic
        self._awake, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="cities", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once for something to send, or for another access."""
        self._awake.set()

    def close(self) -> None:
        """End the connection and the thread."""
        self._closing.set()
        self._awake.set()
        if self._thread.ident is not None:
            self._thread.join(GOODBYE_S + 6 * STEP_S)

    def _run(self) -> None:
        failures = 0
        while not self._closing.is_set():
            access = self._side.access()
            if access is None:
                self._awake.wait(5)
                self._awake.clear()
                continue
            attempt = Attempt(self._side, access, self._awake, self._closing, self._monotonic)
            try:
                why, detail = attempt.run()
            except Exception:  # a programming error must not end the thread
                log.exception("the connection to the cities' broker failed")
                why, detail = "failed", ""
            self._side.down(why, detail)
            failures = 0 if attempt.was_up else failures + 1
            wait = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**failures) * random.uniform(0.5, 1)  # noqa: S311
            self._closing.wait(wait)


class Attempt:
    """One connection from its start to its end. All callbacks run in the thread that calls `run`."""

    def __init__(
        self,
        side: Side,
        access: Access,
        awake: threading.Event,
        closing: threading.Event,
        monotonic: Callable[[], float],
    ) -> None:
        self._side, self._access, self._awake, self._closing = side, access, awake, closing
        self._monotonic = monotonic
        self._session = side.open_session(access)
        self._up, self.was_up = False, False
        self._end: tuple[str, str] | None = None
        self._flying: dict[int, Unsent | BigDeal | None] = {}
        self._messages: list[Received] = []
        self._looked = self._handed = float("-inf")

    def run(self) -> tuple[str, str]:
        """Connect and serve until the connection ends; return why, as a key and a detail."""
        try:
            client = self._client()
            client.connect(self._access.host, self._access.port, keepalive=KEEPALIVE_S, clean_start=True)
        except (OSError, ValueError) as error:
            return reason_of(error)
        try:
            _limit_unsent(client.socket())
            self._awake.set()
            return self._serve(client)
        finally:
            _drop(client)

    def _client(self) -> Client:
        from paho.mqtt import client as mqtt  # 60 ms, and only where cities are used
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

        access, session = self._access, self._session
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{access.branch}-{session.install}",
            protocol=MQTTProtocolVersion.MQTTv5,
            transport="websockets" if access.websocket else "tcp",
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_LIMIT_S / 2
        client.username_pw_set(access.login, access.password)
        if access.websocket:
            client.ws_set_options(path=access.websocket)
        if access.tls:
            client.tls_set_context(context_of(access))
        if not access.observer:
            client.will_set(self._status_topic(), self._status(online=False), qos=1, retain=True)
        client.on_connect, client.on_message = self._on_connect, self._on_message
        client.on_publish, client.on_disconnect = self._on_publish, self._on_disconnect
        return client

    def _serve(self, client: Client) -> tuple[str, str]:
        began = last = self._monotonic()
        while self._end is None:
            now = self._monotonic()
            if self._closing.is_set() or not self._side.still(self._session):
                self._goodbye(client)
                return "closed", ""
            if now - last > FROZEN_S:
                return "frozen", ""
            if not self._up and now - began > CONNECT_LIMIT_S:
                return "silent", ""
            last = now
            status = client.loop(STEP_S)
            self._hand_over(client)
            if status:
                return self._end or ("lost", str(status))
            if self._up:
                self._pump(client)
        return self._end

    # --- sending

    def _pump(self, client: Client) -> None:
        now = self._monotonic()
        if self._side.birth_again():
            self._publish_status(client, online=True)
        since = now - self._looked
        if since < LOOK_EVERY_S or not (self._awake.is_set() or since > LOOK_AT_LEAST_EVERY_S):
            return
        self._looked = now
        self._awake.clear()
        if self._access.observer:
            return
        flying = list(self._flying.values())
        for unsent in self._side.unsent(self._session):
            if unsent not in flying:
                self._publish(client, unsent.topic, unsent.payload, unsent, retain=True)
        for one in self._side.unsent_deals():
            if one.deal not in flying:
                topic = document.events_topic(self._access.org, self._access.branch)
                self._publish(client, topic, document.written_deal(one.deal), one.deal, expiry=one.left_s)

    def _publish(
        self,
        client: Client,
        topic: str,
        payload: bytes,
        what: Unsent | BigDeal | None,
        *,
        retain: bool = False,
        expiry: float | None = None,
    ) -> None:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties = None
        if expiry is not None:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = max(1, int(expiry))
        info = client.publish(topic, payload, qos=1, retain=retain, properties=properties)
        self._flying[info.mid] = what

    def _publish_status(self, client: Client, *, online: bool) -> None:
        self._publish(client, self._status_topic(), self._status(online=online), None, retain=True)

    def _status_topic(self) -> str:
        return document.status_topic(self._access.org, self._access.branch)

    def _status(self, *, online: bool) -> bytes:
        session = self._session
        return document.written_status(Status(self._access.branch, session.number, session.install, online))

    def _goodbye(self, client: Client) -> None:
        """Send "offline" as the last will would, and wait a moment for the receipt."""
        if not self._up:
            return
        if not self._access.observer:
            self._publish_status(client, online=False)
            until = self._monotonic() + GOODBYE_S
            while self._flying and self._monotonic() < until and not client.loop(STEP_S):
                pass
        client.disconnect()
        client.loop(STEP_S)

    # --- callbacks

    def _on_connect(self, client: Client, _: object, __: object, code: Any, ___: object = None) -> None:
        if code.is_failure:
            self._end = (_REFUSALS.get(str(code), "refused_otherwise"), str(code))
            return
        self._up = self.was_up = True
        client.subscribe([(topic, _at_least_once()) for topic in document.subscriptions(self._access.org)])
        if not self._access.observer:
            self._publish_status(client, online=True)
        self._awake.set()
        self._side.up()

    def _on_message(self, _: object, __: object, message: MQTTMessage) -> None:
        lifetime = getattr(message.properties, "MessageExpiryInterval", None)
        with suppress(UnicodeDecodeError):
            self._messages.append(Received(message.topic, bytes(message.payload), message.retain, lifetime))

    def _on_publish(self, _: object, __: object, number: int, code: Any, ___: object = None) -> None:
        what = self._flying.pop(number, None)
        if code.is_failure:
            log.warning("the cities' broker refused a message: %s", code)
            self._end = ("no_right", str(code))
        elif isinstance(what, Unsent):
            self._side.sent(what)
        elif what is not None:
            self._side.deal_sent(what)

    def _on_disconnect(self, _: object, __: object, ___: object, code: Any, ____: object = None) -> None:
        if self._end is None:
            self._end = (_REFUSALS.get(str(code), "lost"), str(code))

    def _hand_over(self, client: Client) -> None:
        """Hand messages to the office's side, many at a time: a new connection gets those of all branches."""
        now = self._monotonic()
        if not self._messages or (now - self._handed < STEP_S and len(self._messages) < 500):
            return
        messages, self._messages, self._handed = self._messages, [], now
        for topic in self._side.receive(self._session, messages):
            self._publish(client, topic, b"", None, retain=True)


def _at_least_once() -> Any:
    from paho.mqtt.subscribeoptions import SubscribeOptions

    return SubscribeOptions(qos=1)


def context_of(access: Access) -> ssl.SSLContext:
    """Return the context that trusts head office's authority and nothing else. Raises ssl.SSLError."""
    import ssl  # 3 ms of each start otherwise

    context = ssl.create_default_context(cadata=access.authority or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _limit_unsent(line: Any) -> None:
    with suppress(OSError, AttributeError):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNSENT_LIMIT_MS)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _drop(client: Client) -> None:
    """Close the connection now and discard unsent bytes: the kernel must not send them late."""
    line: Any = client.socket()
    if line is None:
        return
    with suppress(OSError, AttributeError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        line.close()


def reason_of(error: OSError | ValueError) -> tuple[str, str]:
    """Return why a connection could not be made, as the key of a sentence and a detail for the log."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        by_code = {9: "not_yet_valid", 10: "expired"}
        return by_code.get(error.verify_code, "not_head_office"), error.verify_message
    if isinstance(error, ssl.SSLError):
        return "no_tls", error.reason or str(error)
    if isinstance(error, socket.gaierror):
        return "no_such_host", str(error)
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return "not_running", str(error)
    return "unreachable", str(error)


def empty(access: Access, branch: str, limit_s: float = 5.0, host: str | None = None) -> int:
    """Empty every retained message of a branch, as head office may; return their number. Raises OSError.

    `host`: another address of the same broker; only from its own machine, because the name is not checked there.
    """
    from paho.mqtt import client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    topics: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(access.login, access.password)
    context = context_of(access)
    context.check_hostname = host is None
    client.tls_set_context(context)
    client.on_message = lambda _, __, message: topics.append(message.topic)
    client.connect(host or access.host, access.port, keepalive=KEEPALIVE_S)
    client.subscribe([(f"{document.ROOT}/{access.org}/{branch}/#", _at_least_once())])
    until = time.monotonic() + limit_s
    seen = -1
    while time.monotonic() < until and (seen < 0 or len(topics) > seen or not topics):
        seen = len(topics)
        for _ in range(3):
            if client.loop(STEP_S):
                raise ConnectionError("the broker has ended the connection")
    for topic in set(topics):
        client.publish(topic, b"", qos=1, retain=True)
    for _ in range(5):
        client.loop(STEP_S)
    client.disconnect()
    client.loop(STEP_S)
    return len(set(topics))
