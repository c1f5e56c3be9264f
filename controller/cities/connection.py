"""A connection to head office's broker over MQTT.

Each connection starts clean and with a new client object, because a client that reconnects repeats messages from its
memory, also those that are too late. Unsent documents are in the store.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from controller.cities import document
from controller.cities.attempt import Attempt, AttemptContext
from controller.cities.document import BigDeal, Status
from controller.cities.line import context_of, drop, limit_unsent, reason_of
from controller.cities.side import (
    CONNECT_LIMIT_S,
    FROZEN_S,
    GOODBYE_S,
    KEEPALIVE_S,
    STEP_S,
    Received,
    Unsent,
)
from controller.cities.way import MQTT

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

log = logging.getLogger(__name__)

_REFUSALS: Final = {
    "Bad user name or password": "refused", "Not authorized": "refused", "Banned": "refused",
    "Client identifier not valid": "refused", "Unsupported protocol version": "not_mqtt5",
    "Server unavailable": "busy", "Server busy": "busy",
}  # fmt: skip


class MqttAttempt(Attempt):
    """An attempt over MQTT. All callbacks run in the thread that calls `run`."""

    def __init__(self, context: AttemptContext) -> None:
        super().__init__(context)
        self._up = False
        self._end: tuple[str, str] | None = None
        self._flying: dict[int, Unsent | BigDeal | None] = {}
        self._messages: list[Received] = []
        self._handed = float("-inf")

    def run(self) -> tuple[str, str]:
        try:
            client = self._client()
            client.connect(self._access.host, self._access.port, keepalive=KEEPALIVE_S, clean_start=True)
        except (OSError, ValueError) as error:
            return reason_of(error)
        try:
            limit_unsent(client.socket())
            self._awake.set()
            return self._serve(client)
        finally:
            drop(client.socket())

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
            if self._is_unwanted():
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
        if self._side.birth_again():
            self._publish_status(client, online=True)
        if not self._may_look():
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
        client.subscribe([(topic, at_least_once()) for topic in document.subscriptions(self._access.org)])
        if not self._access.observer:
            self._publish_status(client, online=True)
        self._awake.set()
        self._side.up(MQTT)

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


def at_least_once() -> Any:
    """Return the options of a subscription with QoS 1."""
    from paho.mqtt.subscribeoptions import SubscribeOptions

    return SubscribeOptions(qos=1)
