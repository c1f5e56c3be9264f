"""Outputs by names that survive a restart, another port and another numbering; files that kill the player."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from controller.sound.player import outputs
from controller.sound.player.outputs import Sink
from controller.sound.player.protocol import Output
from controller.sound.player.watch import Watch
from controller.sound.suspects import CLOSE_S, STRIKES, Suspects

PI = """ 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
 1 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 2 [Device         ]: USB-Audio - USB Audio Device
                      C-Media Electronics Inc. USB Audio Device at usb-0000:01:00.0-1.3, full speed
"""
PI_PCM = """00-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
01-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
02-00: USB Audio : USB Audio : playback 1 : capture 1
"""
MOVED = """ 0 [Device         ]: USB-Audio - USB Audio Device
                      C-Media Electronics Inc. USB Audio Device at usb-0000:01:00.0-1.1, full speed
 1 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 2 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
"""
MOVED_PCM = """00-00: USB Audio : USB Audio : playback 1 : capture 1
01-00: MAI PCM i2s-hifi-0 : MAI PCM i2s-hifi-0 : playback 1
02-00: bcm2835 Headphones : bcm2835 Headphones : playback 8
"""
PC = """ 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7f30000 irq 31
"""
PC_PCM = """00-00: ALC892 Analog : ALC892 Analog : playback 1 : capture 1
00-02: ALC892 Alt Analog : ALC892 Alt Analog : capture 1
00-03: HDMI 0 : HDMI 0 : playback 1
"""


def asound(folder: Path, cards: str, pcm: str, usb: dict[int, str]) -> Path:
    """Write the kernel's files about sound cards."""
    (folder / "cards").write_text(cards)
    (folder / "pcm").write_text(pcm)
    for number in range(3):
        (folder / f"card{number}").mkdir(exist_ok=True)
        (folder / f"card{number}" / "usbid").unlink(missing_ok=True)
        if number in usb:
            (folder / f"card{number}" / "usbid").write_text(usb[number] + "\n")
    return folder


def test_a_pis_outputs_are_listed_by_kind(tmp_path: Path) -> None:
    """Jack, HDMI and a USB card of a Pi."""
    found = outputs.cards(asound(tmp_path, PI, PI_PCM, {2: "0d8c:0014"}))
    assert outputs.of_cards(found) == (
        Output("card:Headphones:0", "bcm2835 Headphones", "jack"),
        Output("card:vc4hdmi0:0", "vc4-hdmi-0", "hdmi"),
        Output("usb:0d8c:0014:usb-0000:01:00.0-1.3:0", "USB Audio Device", "usb"),
    )


def test_a_pcs_hdmi_is_an_output_beside_its_jack(tmp_path: Path) -> None:
    """One card with a jack and HDMI; a device that only records is none."""
    found = outputs.cards(asound(tmp_path, PC, PC_PCM, {}))
    assert [one.kind for one in outputs.of_cards(found)] == ["jack", "hdmi"]
    assert [one.pcm for one in found] == ["sysdefault:CARD=PCH", "plughw:CARD=PCH,DEV=3"]


def test_the_choice_survives_another_numbering_and_another_port(tmp_path: Path) -> None:
    """After a reboot the cards are numbered otherwise, and the USB card is in another port: found, and tried first."""
    before = outputs.cards(asound(tmp_path, PI, PI_PCM, {2: "0d8c:0014"}))
    chosen = before[2].key
    after = outputs.cards(asound(tmp_path, MOVED, MOVED_PCM, {0: "0d8c:0014"}))
    again = outputs.match(chosen, outputs.of_cards(after))
    assert again is not None
    assert (again.kind, again.key) == ("usb", "usb:0d8c:0014:usb-0000:01:00.0-1.1:0")
    assert outputs.attempts(chosen, after)[0] == (again.key, "sysdefault:CARD=Device")
    assert outputs.attempts("card:Headphones:0", after)[0][1] == "sysdefault:CARD=Headphones"


def test_of_two_equal_cards_at_other_ports_none_is_guessed(tmp_path: Path) -> None:
    """Two cards of the same kind, neither at the port of the chosen one: the default plays, and the phone says so."""
    two = (
        Output("usb:0d8c:0014:usb-1:0", "A", "usb"),
        Output("usb:0d8c:0014:usb-2:0", "A 2", "usb"),
    )
    assert outputs.match("usb:0d8c:0014:usb-3:0", two) is None
    assert outputs.match("usb:0d8c:0014:usb-2:0", two) == two[1]


def test_without_a_choice_all_outputs_are_tried(tmp_path: Path) -> None:
    """An HDMI socket without a screen cannot be opened: USB and jack come before it."""
    found = outputs.cards(asound(tmp_path, PI, PI_PCM, {2: "0d8c:0014"}))
    tried = [pcm for _, pcm in outputs.attempts(None, found)]
    assert tried == ["", "sysdefault:CARD=Device", "sysdefault:CARD=Headphones", "sysdefault:CARD=vc4hdmi0"]


def test_files_that_are_no_sound_cards_are_none(tmp_path: Path) -> None:
    """No files, empty ones, and nonsense."""
    assert outputs.cards(tmp_path / "nowhere") == ()
    assert outputs.cards(asound(tmp_path, "--- no soundcards ---\n", "", {})) == ()
    assert outputs.cards(asound(tmp_path, "\x00\xff 7 [x", "99-99: a : playback", {})) == ()


def test_a_servers_dummy_is_no_output() -> None:
    """PipeWire and PulseAudio invent a device when there is none."""
    sinks = [
        Sink("auto_null", "Dummy Output", {}),
        Sink("alsa_output.usb-x", "USB Audio", {"device.bus": "usb"}),
        Sink("alsa_output.pci-hdmi", "Built-in Audio", {"device.bus": "pci"}, port="hdmi-output-0"),
        Sink("bluez_sink.00", "Box", {"device.bus": "bluetooth"}),
    ]
    assert [(one.key, one.kind) for one in outputs.of_sinks(sinks)] == [
        ("pulse:alsa_output.usb-x", "usb"),
        ("pulse:alsa_output.pci-hdmi", "hdmi"),
        ("pulse:bluez_sink.00", "bluetooth"),
    ]


def test_a_file_is_skipped_after_three_deaths_in_a_row_and_never_after_one() -> None:
    """Deaths on other files between, or long after opening, begin the count again."""
    suspects, bad, other = Suspects(), Path("bad.ogg"), Path("other.ogg")

    def die(path: Path, after: float = 0.5) -> tuple[Path, ...]:
        suspects.opened(path, 100.0)
        return suspects.died(100.0 + after)

    for _ in range(STRIKES - 1):
        assert die(bad) == ()
    assert die(other) == ()
    for _ in range(STRIKES - 1):
        assert die(bad) == ()
    assert die(bad, CLOSE_S + 1) == ()
    for _ in range(STRIKES - 1):
        assert die(bad) == ()
    assert die(bad) == (bad,)
    assert suspects.guilty == {bad}
    assert suspects.died(200.0) == ()


@pytest.mark.parametrize(("card", "used"), [(0, "card:"), (2, "usb:"), (None, None)])
def test_the_card_behind_the_default_is_known(tmp_path: Path, card: int | None, used: str | None) -> None:
    """The chosen card was pulled and ALSA's default plays: the kernel says which card this process has open."""
    folder = asound(tmp_path, PI, PI_PCM, {2: "0d8c:0014"})
    for number, owner in ((card, threading.get_native_id()), (1, 1)):
        if number is not None:
            status = folder / f"card{number}" / "pcm0p" / "sub0" / "status"
            status.parent.mkdir(parents=True)
            status.write_text(f"state: RUNNING\nowner_pid   : {owner}\ntrigger_time: 3.141\n")
    found = Watch("alsa", "usb:1234:5678:gone:0", None, folder)._of_cards()
    assert not found.chosen
    assert (found.current or "").startswith(used or "")
    assert (found.current is None) == (used is None)
