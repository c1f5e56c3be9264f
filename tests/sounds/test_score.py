"""The scores: the notation is parsed correctly, and the parts sound well together."""

import importlib
from itertools import pairwise

import pytest

from sounds.score import harmony, jianpu
from sounds.score.piece import Note, Part, Piece

PIECES = ["bamboo", "clear_spring", "first_light", "jasmine", "red_gate", "setting_out", "war_drums"]
PITCHLESS = {47, 115, 116, 117, 126}
# The first lines of 茉莉花 as every songbook prints them: (beats, semitones above the key note).
JASMINE = [
    (1, 4),
    (0.5, 4),
    (0.5, 7),
    (0.5, 9),
    (0.5, 12),
    (0.5, 12),
    (0.5, 9),
    (1, 7),
    (0.5, 7),
    (0.5, 9),
    (2, 7),
]


def composed(name: str) -> Piece:
    piece: Piece = importlib.import_module(f"sounds.score.pieces.{name}").compose()
    return piece


def test_jianpu_is_parsed_correctly() -> None:
    """Beats are shared out evenly, dashes hold, zeros rest, octave signs and accidentals shift."""
    tones = jianpu.parse("2 _3 0 #4, | 1' - b7~ 56", 4)
    assert [(tone.start, tone.length, tone.step) for tone in tones] == [
        (0, 1.5, 2), (1.5, 0.5, 4), (3, 1, -6), (4, 2, 12), (6, 1, 10), (7, 0.5, 7), (7.5, 0.5, 9),
    ]  # fmt: skip
    assert tones[4].marks == "~"


def test_grace_notes_stay_in_the_five_tones() -> None:
    """A grace note above 1, 2, 3, 5 and 6 is 2, 3, 5, 6 and 1: never the 4 or the 7 of a Western scale."""
    part = Part("flute", 73)
    part.melody(0, "1* 2* 3* 5* | 6* 1'* 1 0", 60)
    assert [note.pitch + note.grace - 60 for note in part.notes] == [2, 4, 7, 9, 12, 14, 0]


@pytest.mark.parametrize("wrong", ["1 2 3", "1 2 3 8", "1 2 3 4 | 1"])
def test_a_bar_that_cannot_be_right_is_refused(wrong: str) -> None:
    """A bar with too few beats or an unknown sign raises ValueError instead of shifting the rest."""
    with pytest.raises(ValueError, match=r"beats|cannot read"):
        jianpu.parse(wrong, 4)


def test_jasmine_is_the_tune_everybody_knows() -> None:
    """The tune of jasmine starts like the folk song."""
    tune = importlib.import_module("sounds.score.pieces.jasmine").TUNE
    tones = jianpu.parse(tune, 4)
    assert [(tone.length, tone.step) for tone in tones[: len(JASMINE)]] == JASMINE
    assert sum(tone.length for tone in tones) == 14 * 4


def test_voices_of_a_chord_move_little() -> None:
    """From chord to chord no voice of a pad leaps by more than a fifth."""
    chords = harmony.progression("I | vi | ii V | I", 4)
    voiced = [pitches for _, pitches in harmony.voicings(chords, 62, 55, 74)]
    leaps = [abs(a - b) for before, after in pairwise(voiced) for a, b in zip(before, after, strict=True)]
    assert max(leaps) <= 7


@pytest.mark.parametrize("name", PIECES)
def test_no_two_parts_rub(name: str) -> None:
    """No semitone, major seventh or tritone sounds for a whole beat between two notes."""
    rubs = [
        (first.start, first.pitch, second.pitch)
        for first, second in _together(_pitched(composed(name)))
        if abs(first.pitch - second.pitch) % 12 in (1, 6, 11)
    ]
    assert rubs == []


@pytest.mark.parametrize("name", PIECES)
def test_parts_stay_on_their_instruments(name: str) -> None:
    """Every note is between the lowest E of a double bass and the highest G of a piccolo, and has a length."""
    for part in composed(name).parts:
        for note in part.notes:
            assert 28 <= note.pitch <= 103, (part.name, note)
            assert note.length > 0
            assert 1 <= note.velocity <= 127, (part.name, note)


def _pitched(piece: Piece) -> list[Note]:
    parts = [part for part in piece.parts if not part.drums and part.program not in PITCHLESS]
    return sorted((note for part in parts for note in part.notes), key=lambda note: note.start)


def _together(notes: list[Note]) -> list[tuple[Note, Note]]:
    """Return pairs of notes that sound together for a beat or more."""
    pairs = []
    for index, first in enumerate(notes):
        for second in notes[index + 1 :]:
            if second.start >= first.start + first.length:
                break
            both = min(first.start + first.length, second.start + second.length) - second.start
            if both >= 0.95:
                pairs.append((first, second))
    return pairs
