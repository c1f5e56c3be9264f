"""Watch the outputs from the player: which there are, which is in use, and whether it is muted.

A thread asks, because a hanging sound server must not hold up the sound. The player reads the last answer.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from controller.sound.player import outputs
from controller.sound.player.outputs import ALSA, DUMMIES, Sink
from controller.sound.player.protocol import Outputs

EVERY_S = 0.7
"""A muted or a returned device is noticed within this time; a look costs 0.3 ms (measured)."""


class Watch:
    """`chosen`: the key that a person chose; `opened`: the key with which the device was opened, None: the default."""

    def __init__(self, driver: str, chosen: str | None, opened: str | None, folder: Path = ALSA) -> None:
        self._driver, self._chosen, self._opened, self._folder = driver, chosen, opened, folder
        self._server: Any = None
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

    def _live(self) -> None:
        while True:
            try:
                found = self._of_server() if self._driver == "pulseaudio" else self._of_cards()
            except (
                Exception
            ):  # the server is gone or too old to answer: the device reports its end by an event
                self._server, found = None, self._found
            self._found = found
            self._missed = self._missed + 1 if self._could_be_better(found) else 0
            time.sleep(EVERY_S)

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
        here = outputs.match(self._opened, found) if self._opened else None
        wanted = outputs.match(self._chosen, found) if self._chosen else None
        is_chosen = self._chosen is None or (wanted is not None and wanted == here)
        return Outputs(found, here.key if here else None, is_chosen)

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
        blocked = "muted" if _silent(sink) or _silent(ours) else None
        if sink.name in DUMMIES:
            blocked = "none"
        return Outputs(found, key, self._chosen in (None, key), blocked)


def _ours(stream: Any) -> bool:
    return bool(stream.proplist.get("application.process.id") == str(os.getpid()))


def _silent(one: Any) -> bool:
    return bool(one.mute) or max(one.volume.values, default=1.0) < 0.001


def _sink(sink: Any) -> Sink:
    port = getattr(sink, "port_active", None)
    return Sink(
        sink.name, sink.description or "", dict(sink.proplist), port.name if port else "", _silent(sink)
    )
