"""The level of what leaves SDL's mixer: whether the music that should play is really in the sound."""

from __future__ import annotations

import ctypes
from typing import Any

from controller.sound.player.sdl_mixer import CALLBACK

SILENT = 16
"""Of 32,768: -66 dBFS. Quieter passages than this are in no music that an office plays."""


class Meter:
    """Read one buffer when asked, in the mixer's thread; at other times nothing is called, so that it costs nothing."""

    def __init__(self, library: Any) -> None:
        """`library`: SDL_mixer's; None: the level is unknown."""
        self._library = library
        self._peak: int | None = None
        self._hook = CALLBACK(self._read)  # kept: the mixer has only its address

    def ask(self) -> None:
        """Read the next buffer."""
        self._peak = None
        if self._library is not None:
            self._library.Mix_SetPostMix(self._hook, None)

    def answer(self) -> int | None:
        """Return the peak (0..32768) since `ask`, and stop reading; None when nothing was mixed, or it is unknown."""
        if self._library is not None:
            self._library.Mix_SetPostMix(CALLBACK(), None)
        return self._peak

    def _read(self, _: int, stream: Any, length: int) -> None:
        samples = memoryview(ctypes.string_at(stream, length)).cast("h")[::7]
        self._peak = max(self._peak or 0, max(samples), -min(samples))
