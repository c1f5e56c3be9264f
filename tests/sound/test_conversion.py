"""Silence at a track's ends is cut; silence within it is music."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from soundfiles import RATE, save, tone

from controller.sound import conversion, loudness

PAUSE_S = 6.0


def track(folder: Path, ending: str, *, before: float, after: float) -> Path:
    """Write two seconds of music, a long pause, two seconds of music; silence before and after."""
    sound, quiet = tone(2.0, 0.2), lambda seconds: np.zeros((2, round(seconds * RATE)), np.float32)
    whole = [quiet(before), sound, quiet(PAUSE_S), sound, quiet(after)]
    return save(folder / f"pause{ending}", np.concatenate(whole, axis=1))


def pauses(path: Path) -> tuple[float, float, float]:
    """Return the seconds of silence before the first sound, the longest within, and after the last."""
    samples = np.concatenate([frame.to_ndarray() for frame in loudness.frames_of(path)], axis=1)
    loud = np.flatnonzero(np.abs(samples).max(axis=0) > 0.02)
    within = np.diff(loud).max()
    return loud[0] / RATE, within / RATE, (samples.shape[1] - loud[-1]) / RATE


@pytest.mark.parametrize("ending", [".mp3", ".flac", ".wav", ".opus"])
def test_only_the_ends_are_trimmed(ending: str, tmp_path: Path) -> None:
    """Six seconds of silence in the middle are played in full; six at either end are not."""
    source = track(tmp_path, ending, before=6.0, after=6.0)
    found = conversion.examine(source)
    assert found.trimmed
    conversion.convert(source, tmp_path / "made.opus", found)
    before, within, after = pauses(tmp_path / "made.opus")
    assert within == pytest.approx(PAUSE_S, abs=0.1)
    assert before < conversion.LONGEST_REST_S
    assert after < conversion.LONGEST_REST_S


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.0), (0.0, 6.0), (6.0, 0.0)])
def test_a_pause_is_no_end(before: float, after: float, tmp_path: Path) -> None:
    """With silence at any end, the pause is measured as part of the track; without it nothing is cut."""
    found = conversion.examine(track(tmp_path, ".wav", before=before, after=after))
    assert found.trimmed is bool(before or after)
    assert found.end_s - found.begin_s == pytest.approx(
        2 * 2.0 + PAUSE_S + bool(before or after) * conversion.LEFT_S, abs=0.1
    )
