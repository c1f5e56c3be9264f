"""The connection to Home Assistant's broker: announces the device, publishes its state, receives commands."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from controller.cities import home_assistant
from controller.cities.document import NotUnderstood
from controller.cities.home_assistant import Broker, Command
from controller.cities.line import reason_of
from controller.cities.side import CONNECT_LIMIT_S, KEEPALIVE_S, STEP_S
from controller.system.background import BackgroundThread

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
WAIT_S: Final = 5.0
_MOST_COMMANDS: Final = 20


class Device(Protocol):
    """The office as Home Assistant sees it; called in the connection's thread."""

    def broker(self) -> Broker | None:
        """Return how to reach the broker, None: not wanted."""

    def discovery(self) -> tuple[str, bytes]:
        """Return topic and content of the discovery message."""

    def state(self) -> bytes:
        """Return the present state."""

    def act(self, command: Command) -> None:
        """Carry a command out."""

    def install(self) -> str:
        """Return the id of this installation."""

    def connected(self, why: str) -> None:
        """Record the connection's state; `why` is "" while it is up, else the key of a sentence."""


class DeviceLink(BackgroundThread):
    """The thread `home-assistant`."""

    def __init__(self, device: Device) -> None:
        super().__init__("home-assistant", closing_s=2)
        self._device = device
        self._commands: list[Command] = []
        self._up = self._announce = False
        self._why = ""

    def turn(self) -> float:
        """Keep one connection while it lasts, then pause; while none is wanted, look again later."""
        broker = self._device.broker()
        if broker is None:
            return WAIT_S
        self._pause(self._serve(broker))
        return 0.0

    def faulty(self, fault: Exception) -> float:
        """Show the failure, and pause as after any other."""
        super().faulty(fault)
        self._pause("failed")
        return 0.0

    def _pause(self, why: str) -> None:
        """Wait for the next attempt. A change of the store does not hurry it."""
        self._device.connected(why)
        self.rest(WAIT_S * random.uniform(0.5, 1))  # noqa: S311

    def _serve(self, broker: Broker) -> str:
        self._up, self._why, self._commands = False, "", []
        client = self._client(broker)
        try:
            client.connect(broker.host, broker.port, keepalive=KEEPALIVE_S)
        except (OSError, ValueError) as error:
            return reason_of(error)[0]
        began = looked = time.monotonic()
        shown = b""
        while not self._why and not client.loop(STEP_S):
            now = time.monotonic()
            if self._closing.is_set() or self._device.broker() != broker:
                self._goodbye(client, gone=self._device.broker() is None)
                return "closed"
            if not self._up and now - began > CONNECT_LIMIT_S:
                return "silent"
            self._obey()
            if self._up and (self._announce or self._awake.is_set() or now - looked > LOOK_EVERY_S):
                self._awake.clear()
                looked, shown = now, self._publish(client, shown)
        return self._why or "lost"

    def _client(self, broker: Broker) -> Client:
        from paho.mqtt import client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

        base = home_assistant.base_of(self._device.install())
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"zhangu-{self._device.install()}",
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_LIMIT_S / 2
        if broker.user:
            client.username_pw_set(broker.user, broker.password)
        if broker.tls:
            client.tls_set()
        client.will_set(f"{base}/online", b"offline", qos=1, retain=True)
        client.on_connect, client.on_message = self._on_connect, self._on_message
        return client

    def _publish(self, client: Client, shown: bytes) -> bytes:
        """Publish the state if it has changed; the description first when Home Assistant has just started."""
        base = home_assistant.base_of(self._device.install())
        if self._announce:
            topic, message = self._device.discovery()
            client.publish(topic, message, qos=1, retain=True)
            client.publish(f"{base}/online", b"online", qos=1, retain=True)
            self._announce, shown = False, b""
        state = self._device.state()
        if state != shown:
            client.publish(f"{base}/state", state, qos=1, retain=True)
        return state

    def _goodbye(self, client: Client, *, gone: bool) -> None:
        """Say offline; when the office has switched the link off, take the device out of Home Assistant."""
        if not self._up:
            return
        base = home_assistant.base_of(self._device.install())
        client.publish(f"{base}/online", b"offline", qos=1, retain=True)
        if gone:
            for topic in (self._device.discovery()[0], f"{base}/state", f"{base}/online"):
                client.publish(topic, b"", qos=1, retain=True)
        for _ in range(3):
            client.loop(STEP_S)
        client.disconnect()
        client.loop(STEP_S)

    def _obey(self) -> None:
        commands, self._commands = self._commands[:_MOST_COMMANDS], []
        for command in commands:
            self._device.act(command)

    def _on_connect(self, client: Client, _: object, __: object, code: Any, ___: object = None) -> None:
        if code.is_failure:
            self._why = "refused"
            return
        self._up = self._announce = True
        base = home_assistant.base_of(self._device.install())
        client.subscribe([(f"{base}/command/+", 1), (f"{home_assistant.PREFIX}/status", 1)])
        self._device.connected("")

    def _on_message(self, _: object, __: object, message: MQTTMessage) -> None:
        if message.topic == f"{home_assistant.PREFIX}/status":
            self._announce = self._announce or message.payload == b"online"
            return
        if message.retain:  # a press of long ago
            return
        try:
            self._commands.append(
                home_assistant.command_of(self._device.install(), message.topic, bytes(message.payload))
            )
        except NotUnderstood as fault:
            log.warning("a command from Home Assistant was not understood: %s", fault)
