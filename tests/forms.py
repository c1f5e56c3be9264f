"""Short forms of tests run in `make test`, long ones in `make soak` (tests/bench/longforms.py)."""

from __future__ import annotations

import os

from hypothesis import settings

LONG = bool(os.environ.get("ZHANGU_SOAK"))


FEWEST = 10


def examples(long: int) -> int:
    """Return the number of random examples: a quarter in the short form."""
    return long if LONG else min(long, max(FEWEST, long // 4))


def random_tests() -> None:
    """Give random tests that name no number a quarter of Hypothesis's hundred, and no limit of time."""
    settings.register_profile("zhangu", max_examples=examples(100), deadline=None)
    settings.load_profile("zhangu")
