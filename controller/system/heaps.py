"""Give freed memory back to the system: a daemon that runs for months must not keep the peaks of its busiest moments.

glibc keeps freed memory between pieces that are still used. In the first days of a month with 300 deals a day that was
31 MB with its defaults, 11 MB with two heaps for all threads (MALLOC_ARENA_MAX, in the service files), 3 MB with these
thresholds too (measured). Without glibc nothing happens.
"""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import Any, Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_BYTES: Final = 128 * 1024
"""glibc's own first values. Setting them ends their growth: each freed block of up to 32 MB would raise them."""


def keep_small() -> None:
    """Give every block of 128 KB back when it is freed, and the end of a heap when as much of it is free."""
    with suppress(AttributeError):
        libc = _libc()
        libc.mallopt(_M_MMAP_THRESHOLD, _BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _BYTES)


def trim() -> None:
    """Give back all free pages, also those between used ones. Takes some milliseconds."""
    gc.collect()
    with suppress(AttributeError):
        _libc().malloc_trim(0)


def _libc() -> Any:
    import ctypes  # some ms of the start, which the music would wait for

    return ctypes.CDLL(None)
