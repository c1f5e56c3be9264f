"""Short forms of tests run in `make test`, long ones in `make soak` (tests/bench/longforms.py)."""

from __future__ import annotations

import os

LONG = bool(os.environ.get("ZHANGU_SOAK"))


def examples(long: int) -> int:
    """Return the number of random examples: a quarter in the short form."""
    return long if LONG else long // 4
