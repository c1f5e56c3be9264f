"""Home Assistant over a real Mosquitto: one discovery message, the state, and the commands."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from rig import NOW, BranchOffice, listens, wait_for

from controller.cities import home_assistant
from controller.cities.device_link import DeviceLink
from controller.cities.document import NotUnderstood
from controller.sales.model import Refused
from tests.ports import free_port


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run a broker as an office's Home Assistant has it: plain MQTT on the local network."""
    folder, port = tmp_path_factory.mktemp("ha"), free_port()
    (folder / "m.conf").write_text(f"user root\nallow_anonymous true\nlistener {port} 127.0.0.1\n")
    process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", folder / "m.conf"], stderr=subprocess.DEVNULL)
    wait_for(lambda: listens(port))
    yield port
    process.kill()
    process.wait()


def test_the_office_is_a_device_and_obeys(port: int, tmp_path: Path) -> None:
    """Sensors follow the office, commands act and are recorded, and switching off removes the device."""
    office = BranchOffice(tmp_path / "office", "北京", "")
    messages: dict[str, bytes] = {}
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    listener.on_message = lambda _, __, message: messages.__setitem__(message.topic, bytes(message.payload))
    listener.connect("127.0.0.1", port)
    listener.subscribe([("homeassistant/#", 1), ("zhangu/ha/#", 1)])
    listener.loop_start()
    device = office.office.home_assistant
    link = DeviceLink(device)
    try:
        link.start()
        device.choose("127.0.0.1", port, "", "", tls=False)
        link.wake()
        install = device.install()
        topic, base = home_assistant.discovery_topic(install), home_assistant.base_of(install)
        wait_for(lambda: topic in messages and f"{base}/state" in messages)
        found: dict[str, Any] = json.loads(messages[topic])
        assert found["dev"]["name"] == "北京分公司"
        assert found["dev"]["cu"].endswith(":4321/")
        assert {entity["p"] for entity in found["cmps"].values()} == {
            "sensor", "binary_sensor", "button", "number", "notify",
        }  # fmt: skip
        assert len({entity["unique_id"] for entity in found["cmps"].values()}) == len(found["cmps"])
        office.deal("王小明", 1234)
        wait_for(lambda: json.loads(messages[f"{base}/state"])["amount"] == 1234)
        listener.publish(f"{base}/command/volume", b"37", qos=1)
        listener.publish(f"{base}/command/volume", b"900", qos=1)
        listener.publish(f"{base}/command/say", "请到会议室。".encode(), qos=1)
        listener.publish(f"{base}/command/mute", b"PRESS", qos=1)
        wait_for(lambda: json.loads(messages[f"{base}/state"])["muted_until"] == "14:50")
        assert json.loads(messages[f"{base}/state"])["volume"] == 37
        assert "请到会议室。" in [one.text for one in office.office.announced.of_day(NOW.date())]
        assert "Home Assistant：播报：请到会议室。" in str(office.office.keys.log.lines())
        device.switch_off()
        link.wake()
        wait_for(lambda: messages[topic] == b"")
    finally:
        link.close()
        listener.disconnect()
        listener.loop_stop()
        office.close()


def test_a_wrong_address_is_said(tmp_path: Path) -> None:
    """A closed port gives a reason within seconds; an impossible address is refused."""
    office = BranchOffice(tmp_path / "office", "北京", "")
    link = DeviceLink(office.office.home_assistant)
    try:
        with pytest.raises(Refused):
            office.office.home_assistant.choose("a b", 1883, "", "", tls=False)
        office.office.home_assistant.choose("127.0.0.1", free_port(), "", "", tls=False)
        link.start()
        wait_for(lambda: office.office.home_assistant.status() == (False, "not_running"))
    finally:
        link.close()
        office.close()


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("volume", b"101"), ("volume", b"-1"), ("volume", b"x"), ("volume", "５".encode()), ("say", b""),
        ("say", b"\xff"), ("say", b"x" * 3000), ("open", b""), ("../state", b""),
    ],
)  # fmt: skip
def test_other_commands_are_refused(topic: str, payload: bytes) -> None:
    """Only the described commands with possible values are carried out."""
    with pytest.raises(NotUnderstood):
        home_assistant.command_of("ab" * 8, f"{home_assistant.base_of('ab' * 8)}/command/{topic}", payload)
