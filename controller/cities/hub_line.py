"""Head office's own line to its broker: for the HTTPS gateway, and for taking a branch off all boards."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from controller.cities import document
from controller.cities.connection import at_least_once
from controller.cities.invitation import Access
from controller.cities.line import context_of
from controller.cities.side import CONNECT_LIMIT_S, KEEPALIVE_S, STEP_S
from controller.system.background import BackgroundThread

if TYPE_CHECKING:
    from paho.mqtt.client import Client

log = logging.getLogger(__name__)

RECEIPT_S: Final = 5.0
AGAIN_S: Final = 1.0


class BrokerAway(Exception):  # noqa: N818  branches hear 503
    """The broker did not confirm a message."""


class HubLine(BackgroundThread):
    """The thread `hub-line`: keeps one connection to the broker on this machine, with all rights.

    `begin` and `came` are called in the connection's thread, `publish` in any other one.
    """

    def __init__(
        self,
        access: Access,
        begin: Callable[[], None],
        came: Callable[[str, bytes, int | None], None],
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__("hub-line", closing_s=2)
        self._access, self._begin, self._came, self._host = access, begin, came, host
        self._client: Client | None = None
        self._receipts: dict[int, threading.Event] = {}

    def turn(self) -> float:
        """Serve one connection to its end; the next one begins a second later."""
        try:
            self._serve()
        except (OSError, ValueError) as error:
            log.warning("the gateway does not reach the broker: %s", error)
        return AGAIN_S

    def _serve(self) -> None:
        client = admin_client(
            self._access, self._host
        )  # a new one: an old one repeats messages that are too late
        client.on_connect, client.on_message = self._on_connect, self._on_message
        client.on_publish = self._on_publish
        ended = threading.Event()
        client.on_disconnect = lambda *_: ended.set()
        client.connect(self._host, self._access.port, keepalive=KEEPALIVE_S, clean_start=True)
        client.loop_start()  # its own thread alone writes to the line, so that `publish` may be called in any
        try:
            while not self._closing.is_set() and not ended.wait(STEP_S):
                pass
        finally:
            self._client = None
            client.disconnect()
            client.loop_stop()

    def _on_connect(self, client: Client, _: object, __: object, code: Any, ___: object = None) -> None:
        if code.is_failure:
            log.error("the broker does not accept the gateway: %s", code)
            return
        self._receipts.clear()
        self._begin()
        topics = document.subscriptions(self._access.org)
        client.subscribe([(topic, at_least_once()) for topic in topics])
        self._client = client

    def _on_message(self, _: object, __: object, message: Any) -> None:
        with suppress(UnicodeDecodeError):
            lifetime = getattr(message.properties, "MessageExpiryInterval", None)
            self._came(message.topic, bytes(message.payload), lifetime)

    def _on_publish(self, _: object, __: object, number: int, ___: object, ____: object = None) -> None:
        self._receipts.setdefault(number, threading.Event()).set()

    def publish(self, topic: str, payload: bytes, *, expiry_s: int | None = None) -> None:
        """Publish a message and wait for the broker's receipt; without `expiry_s` it is retained. Raises BrokerAway."""
        client = self._client
        if client is None:
            raise BrokerAway
        number = client.publish(topic, payload, 1, expiry_s is None, _expiring(expiry_s)).mid
        receipt = self._receipts.setdefault(number, threading.Event())
        came = receipt.wait(RECEIPT_S)
        self._receipts.pop(number, None)
        if not came:
            raise BrokerAway


def _expiring(seconds: int | None) -> Any:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    if seconds is None:
        return None
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = seconds
    return properties


def admin_client(access: Access, host: str | None) -> Client:
    """Return a client with head office's rights. `host`: another address of the same broker, where the certificate's
    name is not checked; only from its own machine."""
    from paho.mqtt import client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False
    )
    client.connect_timeout = CONNECT_LIMIT_S / 2
    client.username_pw_set(access.login, access.password)
    if access.tls:
        context = context_of(access)
        context.check_hostname = host is None
        client.tls_set_context(context)
    return client


def empty(access: Access, branch: str, limit_s: float = 5.0, host: str | None = None) -> int:
    """Empty every retained message of a branch, as head office may; return their number. Raises OSError.

    `host`: another address of the same broker; only from its own machine, because the name is not checked there.
    """
    topics: list[str] = []
    client = admin_client(access, host)
    client.on_message = lambda _, __, message: topics.append(message.topic)
    client.connect(host or access.host, access.port, keepalive=KEEPALIVE_S)
    client.subscribe([(f"{document.ROOT}/{access.org}/{branch}/#", at_least_once())])
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
