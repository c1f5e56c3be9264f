"""Watch the outputs from the player: which there are, which is in use, and whether it is muted; unmute it.

A thread asks, because a hanging sound server must not hold up the sound. The player reads the last answer.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from controller.sound.player import outputs
from controller.sound.player.alsa_mixer import OPENED, AlsaMixer, silencing
from controller.sound.player.outputs import ALSA, DUMMIES, Sink
from controller.sound.player.protocol import Output, Outputs

EVERY_S = 0.7
"""A muted or a returned device is noticed within this time; a look costs 0.3 ms (measured)."""
FIRST_S = 0.5
"""The first look: a new player's music starts first, because loading `pulsectl` costs as much as the whole start."""
NO_MIXER_LOOKS = 40
"""After so many looks, half a minute, a card whose mixer could not be opened is tried again."""


class Watch:
    """`chosen`: the key that a person chose; `opened`: the key with which the device was opened, None: the default."""

    def __init__(self, driver: str, chosen: str | None, opened: str | None, folder: Path = ALSA) -> None:
        self._driver, self._chosen, self._opened, self._folder = driver, chosen, opened, folder
        self._server: Any = None
        self._mixer: AlsaMixer | None = None
        self._mixer_rest = 0
        self._open_up, self._woken = False, threading.Event()
        self._found = Outputs(chosen=chosen is None or opened == chosen)
        self._missed = 0
        self._thread = threading.Thread(target=self._live, name="watch", daemon=True)

    def start(self) -> None:
        """Start watching; other drivers than PulseAudio's and ALSA's have nothing to see."""
        if self._driver in ("pulseaudio", "alsa"):
            self._thread.start()

    @property
    def found(self) -> Outputs:
        """The last answer."""
        return self._found

    @property
    def returned(self) -> bool:
        """True if the chosen output can be used again while another one is in use, or a real one while a dummy is."""
        return self._missed >= 2

    def unmute(self) -> None:
        """Switch the output in use on, and raise its volume from zero."""
        self._open_up = True
        self._woken.set()

    def _live(self) -> None:
        self._woken.wait(FIRST_S)
        while True:
            try:
                found = self._of_server() if self._driver == "pulseaudio" else self._of_cards()
            except (
                Exception
            ):  # the server is gone or too old to answer: the device reports its end by an event
                self._server, found = None, self._found
            self._found = found
            self._missed = self._missed + 1 if self._could_be_better(found) else 0
            self._woken.wait(EVERY_S)
            self._woken.clear()

    def _could_be_better(self, found: Outputs) -> bool:
        """Return whether a new start would find a better output; the caller asks twice, as servers need a moment."""
        if found.blocked == "none":
            return bool(found.all)
        return (
            not found.chosen
            and self._chosen is not None
            and outputs.match(self._chosen, found.all) is not None
        )

    def _of_cards(self) -> Outputs:
        found = outputs.of_cards(outputs.cards(self._folder))
        here = outputs.match(self._opened or self._key_of_default(), found)
        wanted = outputs.match(self._chosen, found) if self._chosen else None
        is_chosen = self._chosen is None or (wanted is not None and wanted == here)
        return Outputs(found, here.key if here else None, is_chosen, self._blocked_at_card(here))

    def _key_of_default(self) -> str:
        """Return the key of the card that ALSA's default leads to, "" when it cannot be seen."""
        held = outputs.held_by({int(task.name) for task in Path("/proc/self/task").iterdir()}, self._folder)
        return held.key if held is not None else ""

    def _blocked_at_card(self, here: Output | None) -> str | None:
        """Return `muted` when the card's own mixer lets nothing through; a card without a mixer always does."""
        if self._mixer_rest > 0:
            self._mixer_rest -= 1
            return None
        try:
            if self._mixer is None:
                self._mixer = AlsaMixer(self._mixer_name(here))
            if self._take_open_up():
                self._mixer.open_up()
            return "muted" if silencing(self._mixer.controls()) else None
        except OSError:
            if self._mixer is not None:
                self._mixer.close()
            self._mixer, self._mixer_rest = None, NO_MIXER_LOOKS
            return None

    def _mixer_name(self, here: Output | None) -> str:
        """Return ALSA's name for the card that plays, `default` for its own choice."""
        key = here.key if here else None
        card = next((one for one in outputs.cards(self._folder) if one.key == key), None)
        return f"hw:CARD={card.id}" if card else os.environ.get("AUDIODEV", "default")

    def _take_open_up(self) -> bool:
        asked, self._open_up = self._open_up, False
        return asked

    def _of_server(self) -> Outputs:
        if self._server is None:
            import pulsectl  # 4 MB, for machines with a sound server alone

            self._server = pulsectl.Pulse("zhangu-watch", threading_lock=False)
        sinks = {sink.index: sink for sink in self._server.sink_list()}
        found = outputs.of_sinks(_sink(sink) for sink in sinks.values())
        ours = next((one for one in self._server.sink_input_list() if _ours(one)), None)
        sink = sinks.get(ours.sink) if ours is not None else None
        if ours is None or sink is None:  # between two devices
            return Outputs(found, None, self._found.chosen, None)
        key = f"pulse:{sink.name}"
        if self._take_open_up():
            for one in (sink, ours):
                self._let_through(one)
        blocked = "muted" if _silent(sink) or _silent(ours) else None
        if sink.name in DUMMIES:
            blocked = "none"
        return Outputs(found, key, self._chosen in (None, key), blocked)

    def _let_through(self, one: Any) -> None:
        self._server.mute(one, mute=False)
        if _silent(one):
            self._server.volume_set_all_chans(one, OPENED)


def _ours(stream: Any) -> bool:
    return bool(stream.proplist.get("application.process.id") == str(os.getpid()))


def _silent(one: Any) -> bool:
    return bool(one.mute) or max(one.volume.values, default=1.0) < 0.001


def _sink(sink: Any) -> Sink:
    port = getattr(sink, "port_active", None)
    return Sink(
        sink.name, sink.description or "", dict(sink.proplist), port.name if port else "", _silent(sink)
    )
