"""Parse melodies in jianpu, the numbered notation of Chinese songbooks.

One token is one beat, split evenly among its notes; `-` or `_` holds the note before it:

    3 35 61' 1'6 | 5 56 5 -        quarter, two eighths, …; a half note at the end
    2 _3                           a dotted quarter and an eighth

1 to 7 are degrees of the key, 0 is a rest, `'` and `,` raise and lower by an octave, `#` and `b` by a
semitone. Marks after a note: `~` tremolo (摇指), `/` slide up into it (上滑音), `*` a grace note from above.
"""

import re
from dataclasses import dataclass, replace

DEGREES = {"1": 0, "2": 2, "3": 4, "4": 5, "5": 7, "6": 9, "7": 11}
ATOM = re.compile(
    r"(?P<hold>[-_])|(?P<rest>0)|(?P<shift>[#b]?)(?P<degree>[1-7])(?P<octave>[',]*)(?P<marks>[~/*]*)"
)


@dataclass(frozen=True)
class Tone:
    """One note of a melody: beats from the start of the text, beats long, semitones above the key note."""

    start: float
    length: float
    step: int
    marks: str = ""


def parse(text: str, beats_per_bar: int) -> list[Tone]:
    """Return the tones of `text`; raises ValueError naming the bar that has too many or too few beats."""
    tones: list[Tone] = []
    holding = False
    for number, bar in enumerate(text.split("|")):
        beats = bar.split()
        if len(beats) != beats_per_bar:
            raise ValueError(f"bar {number + 1} «{bar.strip()}» has {len(beats)} beats, not {beats_per_bar}")
        for index, beat in enumerate(beats):
            holding = _read_beat(beat, number * beats_per_bar + index, tones, holding)
    return tones


def _read_beat(beat: str, at: float, tones: list[Tone], holding: bool) -> bool:
    atoms = list(ATOM.finditer(beat))
    if "".join(atom.group() for atom in atoms) != beat:
        raise ValueError(f"cannot read «{beat}»")
    share = 1 / len(atoms)
    for index, atom in enumerate(atoms):
        if atom["hold"]:
            if holding:
                tones[-1] = replace(tones[-1], length=tones[-1].length + share)
        elif atom["rest"]:
            holding = False
        else:
            tones.append(Tone(at + index * share, share, _step(atom), atom["marks"]))
            holding = True
    return holding


def _step(atom: re.Match[str]) -> int:
    octave = atom["octave"].count("'") - atom["octave"].count(",")
    return DEGREES[atom["degree"]] + 12 * octave + {"": 0, "#": 1, "b": -1}[atom["shift"]]
