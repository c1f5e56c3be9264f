"""A card muted or at zero in its own mixer: noticed through ALSA, and opened from here.

The card is libasound's own control of a private PulseAudio, so the real library reads and writes a real mixer.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from players import speaking
from recording import Pulse

from controller.sound.player.alsa_mixer import AlsaMixer, Control, silencing
from controller.sound.speaker import WHY

CONFIG = "</usr/share/alsa/alsa.conf>\npcm.!default { type pulse }\nctl.!default { type pulse }\n"


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory):
    """A private PulseAudio that ALSA sees as its default card."""
    folder = tmp_path_factory.mktemp("card")
    (folder / "asound.conf").write_text(CONFIG)
    with Pulse(folder) as pulse:
        pulse.env |= {"ALSA_CONFIG_PATH": str(folder / "asound.conf"), "SDL_AUDIODRIVER": "alsa"}
        yield pulse


def until(holds, within: float = 60) -> bool:
    """Return whether something becomes true in time."""
    end = time.monotonic() + within
    while time.monotonic() < end and not holds():
        time.sleep(0.05)
    return bool(holds())


@pytest.mark.signal
@pytest.mark.calm
@pytest.mark.parametrize("command", ["set-sink-mute office 1", "set-sink-volume office 0"])
def test_a_card_muted_in_its_mixer_is_a_lost_device_until_it_is_opened(card: Pulse, command: str) -> None:
    """Muted or at zero: reported with its own sentence; unmuting from here brings the sound back, not at full."""
    with speaking(card.env) as (speaker, events):
        assert until(lambda: speaker.health().alive)
        card.control(f"pactl {command}")
        assert events.wait("lost", within=15).why == WHY["muted"]
        assert not speaker.health().alive
        speaker.unmute()
        events.wait("ready", count=2, within=15)
        assert speaker.health().alive
        assert "Mute: no" in card.control("pactl get-sink-mute office")
        share = 100 if "mute" in command else 60
        assert f"{share}%" in card.control("pactl get-sink-volume office")
        card.control("pactl set-sink-volume office 100%")


@pytest.mark.signal
@pytest.mark.calm
def test_an_output_at_zero_at_the_sound_server_is_opened_too(card: Pulse) -> None:
    """The same through PulseAudio itself."""
    with speaking(card.env | {"SDL_AUDIODRIVER": "pulseaudio"}) as (speaker, events):
        assert until(lambda: speaker.outputs().current == "pulse:office")
        card.control("pactl set-sink-volume office 0; pactl set-sink-mute office 1")
        assert events.wait("lost", within=15).why == WHY["muted"]
        speaker.unmute()
        events.wait("ready", count=2, within=15)
        assert "60%" in card.control("pactl get-sink-volume office")
        card.control("pactl set-sink-volume office 100%")


def test_a_card_that_is_not_there_has_no_mixer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is an OSError, never a crash or a fault of the sound."""
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.devnull)
    with pytest.raises(OSError, match="no mixer"):
        AlsaMixer("hw:CARD=nowhere")


def zero(name: str, **values: object) -> Control:
    return Control(name, volume=0, low=0, high=100, **values)  # type: ignore[arg-type]


def full(name: str, **values: object) -> Control:
    return Control(name, volume=100, low=0, high=100, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("controls", "silent"),
    [
        ([full("Master"), full("Headphone", on=False), full("Speaker")], []),
        ([full("Master", on=False), full("Headphone")], ["Master"]),
        ([full("Master"), zero("PCM"), full("Front")], ["PCM"]),
        ([full("Master"), full("Headphone", on=False), zero("Line Out")], ["Headphone", "Line Out"]),
        ([zero("Mic"), Control("IEC958", on=False), full("PCM")], []),
        ([zero("Headphone")], ["Headphone"]),  # a Pi's jack
        ([zero("Audioengine 2+"), zero("Mic")], ["Audioengine 2+"]),
        ([zero("Unknown 1"), full("Unknown 2")], []),
        ([Control("PCM", volume=0, high=100, db=-20.0)], []),  # its lowest position is heard
        ([Control("PCM", volume=0, high=100, db=-37.0)], ["PCM"]),
        ([Control("PCM", volume=0)], []),  # no range
        ([], []),
    ],
)
def test_only_controls_that_silence_a_card_count(controls: list[Control], silent: list[str]) -> None:
    """A microphone, a socket beside another one or an unknown control silences nothing."""
    assert [one.name for one in silencing(controls)] == silent
