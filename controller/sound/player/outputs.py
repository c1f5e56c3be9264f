"""The outputs of this machine, by names that survive a restart, another port and another numbering. Pure.

A key says how to find the output again: `pulse:NAME` is a sink of the sound server, `usb:1d6b:0101:PORT:0` a USB sound
card (vendor, product, port, device), `card:Headphones:0` any other card by ALSA's id.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.sound.player.protocol import Output

ALSA = Path("/proc/asound")
DUMMIES = ("auto_null",)
"""The sink that a sound server invents when there is no device: without any loudspeaker."""
USB, JACK, HDMI, BLUETOOTH, OTHER = "usb", "jack", "hdmi", "bluetooth", "other"
PREFERRED = (USB, JACK, OTHER, BLUETOOTH, HDMI)
"""Order of attempts without a choice that works: a USB card was plugged in on purpose, an HDMI socket may be empty."""


@dataclass(frozen=True, slots=True)
class Sink:
    """A sink of the sound server. `properties`: its property list; `port`: the name of its active port."""

    name: str
    description: str
    properties: Mapping[str, str]
    port: str = ""
    silent: bool = False


def of_sinks(sinks: Iterable[Sink]) -> tuple[Output, ...]:
    """Return the outputs behind a sound server's sinks, without its dummy."""
    named = [
        Output(f"pulse:{sink.name}", sink.description or sink.name, _kind_of_sink(sink))
        for sink in sinks
        if sink.name not in DUMMIES
    ]
    return _distinct(named)


def _kind_of_sink(sink: Sink) -> str:
    bus = sink.properties.get("device.bus", "")
    words = f"{sink.name} {sink.description} {sink.port} {sink.properties.get('device.form_factor', '')}"
    return _kind(words, usb=bus == USB, bluetooth=bus == BLUETOOTH)


def _kind(words: str, *, usb: bool = False, bluetooth: bool = False) -> str:
    lower = words.lower()
    if usb:
        return USB
    if bluetooth or "bluez" in lower:
        return BLUETOOTH
    if "hdmi" in lower or "displayport" in lower:
        return HDMI
    return JACK if any(word in lower for word in ("headphone", "analog", "lineout", "line out")) else OTHER


# --- ALSA, from the kernel's files


@dataclass(frozen=True, slots=True)
class Card:
    """A device of a sound card that plays. `place`: the address where a USB card is plugged in."""

    number: int
    id: str
    name: str
    device: int
    device_name: str
    usb: str = ""
    place: str = ""

    @property
    def key(self) -> str:
        """Return the name under which it is found again."""
        if self.usb:
            return f"usb:{self.usb}:{self.place}:{self.device}"
        return f"card:{self.id}:{self.device}"

    @property
    def pcm(self) -> str:
        """Return the name for ALSA. `sysdefault` knows the settings of a card, such as a Pi's HDMI needs."""
        if self.device == 0:
            return f"sysdefault:CARD={self.id}"
        return f"plughw:CARD={self.id},DEV={self.device}"


def cards(folder: Path = ALSA) -> tuple[Card, ...]:
    """Return the devices that play, in the kernel's order; empty without sound cards."""
    found = []
    described = _described(_text(folder / "cards"))
    for number, device, device_name in _playing(_text(folder / "pcm")):
        if number in described:
            ident, name, place = described[number]
            usb = _text(folder / f"card{number}" / "usbid").strip()
            found.append(Card(number, ident, name, device, device_name, usb, place if usb else ""))
    return tuple(found)


def held_by(tasks: Collection[int], folder: Path = ALSA) -> Card | None:
    """Return the device that one of these threads has open to play; None when the kernel names none.

    ALSA's own default does not say which card it leads to. The kernel notes the thread that opened a device.
    """
    for card in cards(folder):
        for status in sorted(folder.glob(f"card{card.number}/pcm{card.device}p/sub*/status")):
            owner = re.search(r"^owner_pid *: (\d+)$", _text(status), re.MULTILINE)
            if owner is not None and int(owner[1]) in tasks:
                return card
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _described(text: str) -> dict[int, tuple[str, str, str]]:
    """Return id, name and place by card number, from /proc/asound/cards: two lines for each card."""
    found = {}
    pattern = r"^ *(\d+) \[(\S+) *\]: (.*) - (.*)\n +(.*)$"
    for number, ident, _, name, long in re.findall(pattern, text, re.MULTILINE):
        place = re.search(r" at (usb-\S+?),", long + ",")
        found[int(number)] = ident, name.strip(), place[1] if place else ""
    return found


def _playing(text: str) -> list[tuple[int, int, str]]:
    """Return card, device and the device's name, from /proc/asound/pcm."""
    lines = re.findall(r"^(\d+)-(\d+): ([^:]*):.*playback", text, re.MULTILINE)
    return [(int(card), int(device), name.strip()) for card, device, name in lines]


def of_cards(found: Sequence[Card]) -> tuple[Output, ...]:
    """Return the outputs behind sound cards."""
    several = {card.number for card in found if card.device > 0}
    named = []
    for card in found:
        name = f"{card.name} {card.device_name}" if card.number in several else card.name
        kind = _kind(f"{card.id} {card.name} {card.device_name}", usb=bool(card.usb))
        named.append(Output(card.key, name, kind))
    return _distinct(named)


def _distinct(outputs: Sequence[Output]) -> tuple[Output, ...]:
    """Number outputs that would have the same name."""
    seen: dict[str, int] = {}
    distinct = []
    for output in outputs:
        seen[output.name] = count = seen.get(output.name, 0) + 1
        distinct.append(
            Output(output.key, f"{output.name} {count}" if count > 1 else output.name, output.kind)
        )
    return tuple(distinct)


def match(key: str, outputs: Iterable[Output]) -> Output | None:
    """Return the output of this key; a USB card also at another port when no other one is of its kind."""
    outputs = tuple(outputs)
    for output in outputs:
        if output.key == key:
            return output
    if not key.startswith("usb:"):
        return None
    kin = [output for output in outputs if _model(output.key) == _model(key)]
    return kin[0] if len(kin) == 1 else None


def _model(key: str) -> tuple[str, ...]:
    """Return vendor, product and device of a USB card."""
    parts = key.split(":")
    return (*parts[:3], parts[-1])


def attempts(chosen: str | None, found: Sequence[Card]) -> list[tuple[str | None, str]]:
    """Return the keys and ALSA names to try, in order; None is ALSA's own default."""
    by_key = {card.key: card.pcm for card in found}
    outputs = of_cards(found)
    first = match(chosen, outputs) if chosen else None
    rest = sorted(outputs, key=lambda output: PREFERRED.index(output.kind))
    order: list[tuple[str | None, str]] = [(first.key, by_key[first.key])] if first else []
    order.append((None, ""))
    return order + [(one.key, by_key[one.key]) for one in rest if one != first]
