"""The mixer of a sound card, as alsamixer shows it: whether it is muted or at zero, and opening it.

Asks libasound, which SDL has loaded anyway, through its C interface: `amixer` is on few boxes, and a process every
0.7 s would cost more than the music. For one thread.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from ctypes import byref, c_int, c_long, c_void_p
from dataclasses import dataclass
from typing import Any

FAINT_DB = -30.0
"""The lowest position of a volume counts as zero when it is at least so faint, or has no dB scale."""
OPENED_DB = -12.0
"""Below its loudest, where a volume that was zero is put: clearly heard, and no shock."""
OPENED = 0.6
"""The same as a share of the range, for a volume without a dB scale."""
CHANNELS = 8
GATES = ("master", "pcm", "digital", "dac", "wave")
"""Everything passes through each of these: one that is silent silences the card."""
ENDS = ("headphone", "speaker", "line out", "lineout", "front", "hdmi")
"""Sockets beside each other: the card is silent when all of them are."""
INPUTS = (
    "mic",
    "capture",
    "line",
    "cd",
    "aux",
    "beep",
    "input",
    "sidetone",
    "loopback",
    "iec958",
    "spdif",
    "boost",
)


@dataclass(frozen=True, slots=True)
class Control:
    """One control for playing. `on`: its switch; `volume` within `low` and `high`; `db`: the volume's, if known."""

    name: str
    on: bool = True
    volume: int | None = None
    low: int = 0
    high: int = 0
    db: float | None = None

    @property
    def silent(self) -> bool:
        """Return whether nothing passes."""
        if not self.on:
            return True
        at_zero = self.volume is not None and self.high > self.low and self.volume <= self.low
        return at_zero and (self.db is None or self.db <= FAINT_DB)


def silencing(controls: Sequence[Control]) -> tuple[Control, ...]:
    """Return the controls that silence the card; empty when it can be heard, or nothing is known about it. Pure."""
    gates = [one for one in controls if _first_word(one.name) in GATES]
    ends = [one for one in controls if one not in gates and one.name.lower().startswith(ENDS)]
    if not gates and not ends:
        others = [one for one in controls if not any(word in one.name.lower() for word in INPUTS)]
        ends = others if len(others) == 1 else []  # a USB card often has one control, named after the card
    silent = [one for one in gates if one.silent]
    if ends and all(one.silent for one in ends):
        silent += ends
    return tuple(silent)


def _first_word(name: str) -> str:
    return name.lower().split()[0] if name.split() else ""


class AlsaMixer:
    """The mixer of one card; `name`: as for ALSA, such as `hw:CARD=Headphones` or `default`."""

    def __init__(self, name: str) -> None:
        """Open it. Raises OSError when there is none."""
        self._library = _library()
        self._handle = c_void_p()
        if self._library.snd_mixer_open(byref(self._handle), 0) < 0:
            raise OSError("no mixer")
        steps: tuple[Callable[[], int], ...] = (
            lambda: self._library.snd_mixer_attach(self._handle, name.encode()),
            lambda: self._library.snd_mixer_selem_register(self._handle, None, None),
            lambda: self._library.snd_mixer_load(self._handle),
        )
        if any(step() < 0 for step in steps):
            self.close()
            raise OSError(f"no mixer {name}")

    def close(self) -> None:
        """Release it."""
        self._library.snd_mixer_close(self._handle)

    def controls(self) -> tuple[Control, ...]:
        """Return the present state of all controls for playing. Raises OSError when the card is gone."""
        if self._library.snd_mixer_handle_events(self._handle) < 0:
            raise OSError("the card is gone")
        return tuple(control for _, control in self._elements())

    def open_up(self) -> None:
        """Switch on each control that silences the card, and raise those that are at zero."""
        blocking = silencing(self.controls())
        for element, control in self._elements():
            if control in blocking:
                self._library.snd_mixer_selem_set_playback_switch_all(element, 1)
                if control.volume is not None and control.volume <= control.low:
                    self._raise(element, control)

    def _raise(self, element: c_void_p, control: Control) -> None:
        low, high = c_long(), c_long()
        if self._library.snd_mixer_selem_get_playback_dB_range(element, byref(low), byref(high)) >= 0:
            wanted = max(low.value, high.value + int(OPENED_DB * 100))
            if self._library.snd_mixer_selem_set_playback_dB_all(element, c_long(wanted), 0) >= 0:
                return
        share = control.low + round((control.high - control.low) * OPENED)
        self._library.snd_mixer_selem_set_playback_volume_all(element, c_long(share))

    def _elements(self) -> Iterator[tuple[c_void_p, Control]]:
        library = self._library
        found = library.snd_mixer_first_elem(self._handle)
        while found:
            element = c_void_p(found)
            has_volume = bool(library.snd_mixer_selem_has_playback_volume(element))
            has_switch = bool(library.snd_mixer_selem_has_playback_switch(element))
            if (has_volume or has_switch) and library.snd_mixer_selem_is_active(element):
                yield element, self._control(element, has_volume=has_volume, has_switch=has_switch)
            found = library.snd_mixer_elem_next(element)

    def _control(self, element: c_void_p, *, has_volume: bool, has_switch: bool) -> Control:
        library = self._library
        name = (library.snd_mixer_selem_get_name(element) or b"").decode(errors="replace")
        channels = [
            n for n in range(CHANNELS) if library.snd_mixer_selem_has_playback_channel(element, n)
        ] or [0]
        on = True
        if has_switch:
            on = any(
                self._read(c_int, library.snd_mixer_selem_get_playback_switch, element, n) for n in channels
            )
        if not has_volume:
            return Control(name, on)
        low, high = c_long(), c_long()
        library.snd_mixer_selem_get_playback_volume_range(element, byref(low), byref(high))
        volumes = [
            self._read(c_long, library.snd_mixer_selem_get_playback_volume, element, n) for n in channels
        ]
        decibels = [self._read(c_long, library.snd_mixer_selem_get_playback_dB, element, n) for n in channels]
        known = [one / 100 for one in decibels if one is not None]
        volume = max((one for one in volumes if one is not None), default=None)
        return Control(name, on, volume, low.value, high.value, max(known, default=None))

    @staticmethod
    def _read(kind: Any, function: Any, element: c_void_p, channel: int) -> int | None:
        value = kind()
        return None if function(element, channel, byref(value)) < 0 else int(value.value)


def _library() -> Any:
    """Return libasound. Raises OSError."""
    library = ctypes.CDLL("libasound.so.2")
    library.snd_mixer_first_elem.restype = library.snd_mixer_elem_next.restype = c_void_p
    library.snd_mixer_selem_get_name.restype = ctypes.c_char_p
    return library
