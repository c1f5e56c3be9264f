"""The short form of the bench: a listener understands ten announcements from the daemon's recorded output."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "bench"))

import listener
import understood
from announcing import FAST

pytestmark = pytest.mark.signal


@pytest.mark.timeout(600)
@pytest.mark.skipif(listener.missing() is not None, reason=str(listener.missing()))
def test_ten_broadcasts_are_understood(natural_voice: Path) -> None:
    """Of all kinds, over ducked music: at least 95 of 100 syllables right, 90 with tones. The bench is stricter."""
    chosen = understood.hundred()[::10]
    found = understood.tally(chosen, understood.recorded(chosen, natural_voice, FAST))
    assert found.right >= 95
    assert found.right_with_tones >= 90
