"""A short form of the bench, for `make soak`: ten broadcasts, cut from the daemon's recorded output, are understood."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "bench"))

import listener
import understood
from announcing import FAST

pytestmark = pytest.mark.signal


OF_ALL_KINDS = (0, 5, 20, 30, 40, 50, 60, 70, 85, 90)
"""Deals, first deals, a round-up, results, free texts; the bench takes all hundred."""


@pytest.mark.timeout(600)
@pytest.mark.skipif(listener.missing() is not None, reason=str(listener.missing()))
@pytest.mark.long  # the voice alone: test_natural_voice.py
def test_ten_broadcasts_are_understood(natural_voice: Path) -> None:
    """Over ducked music: at least 95 of 100 syllables right, 90 with tones. The bench asks more."""
    chosen = [understood.hundred()[number] for number in OF_ALL_KINDS]
    found = understood.tally_together(chosen, understood.recorded(chosen, natural_voice, FAST))
    assert found.right >= 95
    assert found.right_with_tones >= 90
