"""The player: a child process that owns the sound device, and may die at any time without harm.

`python -m controller.sound.player.process LATENCY_MS OUTPUT` (each may be "") reads commands as JSON lines on stdin and
writes events to stdout. It waits for a device, and exits when its device is lost (3), when its parent is gone or
sends SIGTERM (0). It blocks only until the next command or the next due moment.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from controller.sound.player import protocol
from controller.sound.player.announcement_channel import AnnouncementChannel
from controller.sound.player.level import SILENT
from controller.sound.player.music_channel import MusicChannel
from controller.sound.player.outputs import cards
from controller.sound.player.protocol import Outputs
from controller.sound.player.watch import Watch

NICE = -10
"""Sound comes before other work, where the service may ask for it; the mixer's thread inherits it."""
BEAT_S = 1.0
LOOK_S = 0.25
"""Polling interval of the mixer when nothing is due: SDL has no descriptor to wait on."""
GONE = 3
TRY_S = 0.7
"""Interval of the attempts to open a device."""
TRIES = 90
"""After so many a new process tries: a library may keep the devices of its start."""
FREE_S = 0.1
"""A sound to keep decoded is decoded only when nothing is due for this long: the music of a new player comes first."""
TONE_MARGIN_S = 0.5
"""The test tone ends at least this long before quiet time."""
SILENT_S = 2.0
"""Digital silence of music for this long is reported; the daemon asks whether the file is silent there."""


def notify(do: str, **values: Any) -> None:
    """Send an event to the parent; exit when there is no parent."""
    try:
        os.write(1, protocol.line(do, **values))
    except OSError:
        os._exit(0)


class Player:
    """Connect commands to the device."""

    def __init__(self, device: Any, watch: Watch | None = None) -> None:
        self._device = device
        self._watch = watch
        self._outputs = Outputs()
        self._loud_at, self._metered = time.monotonic(), False
        self._unheard = False  # the daemon knows that the music should be heard and is not
        self._music = MusicChannel(device, notify)
        self._announcements = AnnouncementChannel(device, self._music, self._notify)
        self._rest = b""
        self._to_warm: deque[Path] = deque()
        self._silences: tuple[tuple[float, float], ...] = ()
        self._device_master, self._toning = 1.0, False
        self._beat_at = 0.0
        self._orders: dict[str, Callable[[dict[str, Any], float], None]] = {
            "announce": self._announce,
            "append": lambda order, now: self._announcements.append(
                int(order["id"]), protocol.part(order["part"]), now
            ),
            "finish": lambda order, now: self._announcements.finish(int(order["id"])),
            "stop": self._stop,
            "music": lambda order, now: self._music.play(protocol.music_order(order["order"]), now),
            "next": self._next,
            "quiet": self._quiet,
            "master": self._master,
            "warm": lambda order, now: self._to_warm.extend(Path(path) for path in order["paths"]),
            "avoid": lambda order, now: self._device.avoid([Path(path) for path in order["paths"]]),
            "tone": lambda order, now: self._device.tone(Path(order["path"])),
            "unmute": self._unmute,
            "unheard": self._open_until_heard,
            "test_tone": self._test_tone,
        }

    def run(self) -> NoReturn:
        """Loop until the device or the parent is gone."""
        while True:
            now = time.monotonic()
            self._send_events(now)
            due = min(self._announcements.tick(now), self._music.tick(now), self._beat(now), now + LOOK_S)
            free = bool(self._to_warm) and due - time.monotonic() > FREE_S
            if select.select([0], [], [], 0.0 if free else max(0.0, due - time.monotonic()))[0]:
                self._read()
            elif free:
                self._device.warm([self._to_warm.popleft()])

    def _send_events(self, now: float) -> None:
        happened = self._device.happened(now)
        if "lost" in happened or "stalled" in happened:  # first: an end reported by a lost device is not real
            _leave("removed" if "lost" in happened else "stalled")
        for what in happened:
            if what == "music_end":
                self._music.track_ended(now)
            else:
                self._announcements.part_ended(now)

    def _beat(self, now: float) -> float:
        if now >= self._beat_at:
            self._beat_at = now + BEAT_S
            if self._toning and not self._device.toning():
                self._end_test_tone()
            loud = self._meter(now)
            notify("beat", pulses=self._device.pulses, loud=loud)
            self._look()
        return self._beat_at

    def _meter(self, now: float) -> bool:
        """Return whether something is heard; report music that should be and is not."""
        peak = self._device.meter.answer() if self._metered else None
        place = self._music.steady(now)
        heard = peak is not None and peak > SILENT
        self._unheard = self._unheard and not heard
        if self._unheard and peak is not None and place is not None:
            self._music.reopen(now)
        if peak is None or heard or place is None:
            self._loud_at = now
        elif now - self._loud_at >= SILENT_S:
            self._loud_at = now
            notify("silent", path=place[0], position_s=place[1] - SILENT_S)
        self._metered = place is not None
        if self._metered:
            self._device.meter.ask()
        return heard

    def _open_until_heard(self, order: dict[str, Any], now: float) -> None:
        """Open the music again at each beat until it is heard: then it is back within a second of the fault's end."""
        self._unheard = True

    def _look(self) -> None:
        """Report changed outputs; leave when a better one can be opened."""
        if self._watch is None:
            return
        if self._watch.returned:
            _leave("returned")
        if self._watch.found != self._outputs:
            self._outputs = self._watch.found
            notify("outputs", **asdict(self._outputs))

    def _read(self) -> None:
        data = os.read(0, 1 << 16)
        if not data:
            os._exit(0)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > protocol.LONGEST_LINE:
            self._rest = b""
        for raw in lines:
            self._execute(raw)

    def _execute(self, raw: bytes) -> None:
        try:
            order = protocol.read(raw)
            self._orders[order["do"]](order, time.monotonic())
        except Exception as error:  # no command may stop the next one
            notify("not_understood", why=f"{type(error).__name__}: {error}"[:200])

    def _notify(self, do: str, **values: Any) -> None:
        if do == "done":
            self._device.forget()
        notify(do, **values)

    def _test_tone(self, order: dict[str, Any], now: float) -> None:
        """Play the tone of the speaker test, but in no quiet time, over no announcement, and not before one ends it."""
        length_s = float(order["length_s"])
        free = not self._announcements.sounding and not any(
            start < now + length_s + TONE_MARGIN_S and now < end for start, end in self._silences
        )
        if free and self._device_master > 0:
            self._toning = True
            self._device.tone(Path(order["path"]), 1.0)
        else:
            notify("toned", ok=False)

    def _end_test_tone(self) -> None:
        if self._toning:
            ended = not self._device.toning()
            self._device.end_tone()
            self._toning = False
            notify("toned", ok=ended)

    def _announce(self, order: dict[str, Any], now: float) -> None:
        self._end_test_tone()
        parts = [protocol.part(value) for value in order["parts"]]
        until = None if order["until"] is None else float(order["until"])
        duck, more = protocol.duck(order), bool(order["open"])
        floor = min(1.0, max(0.0, float(order.get("floor", 0)) / 100))
        self._announcements.announce(
            int(order["id"]), parts, open=more, duck=duck, until=until, floor=floor, now=now
        )

    def _stop(self, order: dict[str, Any], now: float) -> None:
        id = None if order["id"] is None else int(order["id"])
        self._announcements.stop(id, max(0.0, float(order["fade_ms"]) / 1000), now)

    def _next(self, order: dict[str, Any], now: float) -> None:
        position = self._music.skip(now)
        if position is not None:
            notify("moved", position_s=position)

    def _unmute(self, order: dict[str, Any], now: float) -> None:
        if self._watch is not None:
            self._watch.unmute()

    def _quiet(self, order: dict[str, Any], now: float) -> None:
        spans = self._silences = protocol.spans(order["spans"])
        if any(start <= now < end for start, end in spans):
            self._end_test_tone()
        self._music.quiet(spans)
        self._announcements.quiet(spans)

    def _master(self, order: dict[str, Any], now: float) -> None:
        master = self._device_master = min(1.0, max(0.0, float(order["volume"]) / 100))
        ceiling = min(1.0, max(master, float(order.get("ceiling", 100)) / 100))
        if master <= 0:
            self._end_test_tone()
        self._music.set_master(master)
        self._device.loudness(master, ceiling)


def _leave(why: str, detail: str = "") -> NoReturn:
    """Exit at once: closing a mixer whose device is gone can hang for ever."""
    notify("lost", why=why, detail=detail)
    os._exit(GONE)


@contextlib.contextmanager
def _libraries_silent() -> Iterator[None]:
    """Silence ALSA, which without a sound card writes a page to the terminal at each try; NoDevice has the reason."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _silence_libraries() -> None:
    """From now on only Python's own messages reach the log.

    ALSA writes a line for each underrun: on an overloaded box up to 86 a second, for as long as music plays.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def main() -> NoReturn:
    """Open the device and play until it or the parent is gone."""
    signal.signal(
        signal.SIGTERM, lambda *_: os._exit(0)
    )  # before the mixer opens: SDL would replace the handler
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    latency, chosen = (*sys.argv[1:], "", "")[:2]
    device = _opened(float(latency) / 1000 if latency else None, chosen or None)
    _silence_libraries()
    notify("ready", device=device.driver)
    watch = Watch(device.driver, chosen or None, device.opened)
    gc.freeze()
    watch.start()
    Player(device, watch).run()


def _opened(latency_s: float | None, chosen: str | None) -> Any:
    """Return the device as soon as there is one; meanwhile tell the parent why there is none."""
    try:
        from controller.sound.player.mixer import Device, NoDevice  # SDL reads its environment on import
    except (ImportError, AttributeError) as error:  # a fresh machine lacks a library that pygame needs
        _leave("incomplete", str(error.__context__ or error))
    had = cards()
    for _ in range(TRIES):
        try:
            with _libraries_silent():
                return Device(latency_s, chosen, lambda path: notify("opening", path=path))
        except NoDevice as error:
            notify("absent", detail=str(error))
        if select.select([0], [], [], TRY_S)[0] and not os.read(
            0, 1 << 16
        ):  # no command is sent before `ready`
            os._exit(0)
        if cards() != had:  # ALSA reads the settings of cards once in a process
            break
    _leave("none")


if __name__ == "__main__":
    main()
