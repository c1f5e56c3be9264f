"""Chords for pentatonic melodies: progressions, voicings with small steps, ladders for arpeggios."""

from collections.abc import Iterator
from dataclasses import dataclass

# Semitones above the key note. Fifths and seconds instead of leading tones: a full V with its third
# sounds like a hymn, not like a zither.
CHORDS = {
    "I": (0, 4, 7),
    "I9": (0, 2, 7),
    "ii": (2, 7, 9),
    "iii": (4, 7, 9),
    "IV": (5, 9, 0),
    "IV9": (5, 7, 0),
    "V": (7, 2, 9),
    "v": (7, 2, 0),
    "vi": (9, 0, 4),
    "vi7": (9, 0, 7),
    "bVII": (10, 2, 5),
}


@dataclass(frozen=True)
class Chord:
    """A chord of a progression: beats from its start, beats long, semitones above the key note, root first."""

    start: float
    length: float
    classes: tuple[int, ...]

    @property
    def root(self) -> int:
        return self.classes[0]


def progression(text: str, beats_per_bar: int) -> list[Chord]:
    """Parse `"I | vi IV"`: bars between `|`, each divided evenly among its chords."""
    chords = []
    for number, bar in enumerate(text.split("|")):
        names = bar.split()
        share = beats_per_bar / len(names)
        for index, name in enumerate(names):
            chords.append(Chord(number * beats_per_bar + index * share, share, CHORDS[name]))
    return chords


def second_bass(chord: Chord) -> int:
    """Return semitones from the root to the alternate bass note: the fifth, or the fourth where the fifth is a 7."""
    return 7 if (chord.root + 7) % 12 in (0, 2, 4, 5, 7, 9) else 5


def ladder(chord: Chord, tonic: int, low: int, high: int) -> list[int]:
    """Return the chord's pitches between two MIDI notes, its root lowest."""
    classes = {(tonic + step) % 12 for step in chord.classes}
    root = (tonic + chord.root) % 12
    pitches = [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]
    while pitches and pitches[0] % 12 != root:
        pitches.pop(0)
    return pitches


def voicings(chords: list[Chord], tonic: int, low: int, high: int) -> Iterator[tuple[Chord, list[int]]]:
    """Yield each chord with one pitch per tone, as near as possible to the previous pitches."""
    before: list[int] = []
    for chord in chords:
        middle = (low + high) / 2
        pitches = []
        for index, step in enumerate(chord.classes):
            aim = before[index] if before else middle + 4 * (index - 1)
            options = [p for p in range(low, high + 1) if p % 12 == (tonic + step) % 12 and p not in pitches]
            pitches.append(min(options, key=lambda pitch: abs(pitch - aim)))
        before = sorted(pitches)
        yield chord, before
