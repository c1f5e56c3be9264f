"""Functions of the SDL_mixer library that pygame has loaded, where pygame's own functions do not suffice."""

from __future__ import annotations

import contextlib
import ctypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int)


def loaded() -> Any:
    """Return the library; None when it is not found."""
    with contextlib.suppress(OSError):
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"(/\S*libSDL2_mixer\S*)", maps)
        if found:
            library = ctypes.CDLL(found[1])
            library.Mix_SetPostMix.argtypes = [CALLBACK, ctypes.c_void_p]
            library.Mix_SetPostMix.restype = None
            return library
    return None


def pausing(library: Any, music: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return functions that pause the music and let it go on; `music`: pygame's module, used without the library.

    pygame's own keep the interpreter while they wait for the mixer, and the mixer waits for the interpreter when a
    sound ends in that moment: both wait for ever. A call through ctypes leaves the interpreter free.
    """
    if library is None:
        return music.pause, music.unpause
    return library.Mix_PauseMusic, library.Mix_ResumeMusic


def position(library: Any) -> Callable[[], float | None]:
    """Return a function that returns the music's place in its file, s; it returns None when that is unknown.

    pygame's own returns how long the music has been playing.
    """
    try:
        asked = library.Mix_GetMusicPosition
    except AttributeError:  # no library, or one before 2.6
        return lambda: None
    asked.argtypes, asked.restype = [ctypes.c_void_p], ctypes.c_double

    def found() -> float | None:
        seconds = float(asked(None))
        return seconds if seconds >= 0 else None

    return found
