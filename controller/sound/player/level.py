"""The level of what leaves SDL's mixer: whether the music that should play is really in the sound."""

from __future__ import annotations

import contextlib
import ctypes
import re
from pathlib import Path
from typing import Any

SILENT = 16
"""Of 32,768: -66 dBFS. Quieter passages than this are in no music that an office plays."""
_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int)


class Meter:
    """Read one buffer when asked, in the mixer's thread; at other times nothing is called, so that it costs nothing."""

    def __init__(self) -> None:
        self._library = _library()
        self._peak: int | None = None
        self._hook = _CALLBACK(self._read)  # kept: the mixer has only its address

    def ask(self) -> None:
        """Read the next buffer."""
        self._peak = None
        if self._library is not None:
            self._library.Mix_SetPostMix(self._hook, None)

    def answer(self) -> int | None:
        """Return the peak (0..32768) since `ask`, and stop reading; None when nothing was mixed, or it is unknown."""
        if self._library is not None:
            self._library.Mix_SetPostMix(_CALLBACK(), None)
        return self._peak

    def _read(self, _: int, stream: Any, length: int) -> None:
        samples = memoryview(ctypes.string_at(stream, length)).cast("h")[::7]
        self._peak = max(self._peak or 0, max(samples), -min(samples))


def _library() -> Any:
    """Return the SDL_mixer that pygame has loaded; None when it is not found."""
    with contextlib.suppress(OSError):
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"(/\S*libSDL2_mixer\S*)", maps)
        if found:
            library = ctypes.CDLL(found[1])
            library.Mix_SetPostMix.argtypes = [_CALLBACK, ctypes.c_void_p]
            library.Mix_SetPostMix.restype = None
            return library
    return None
