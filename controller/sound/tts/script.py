"""Scripts and clips: the values that daemon and voice child share. Pure."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

MAX_CHARACTERS = 1200
"""Longest script, in characters: five minutes of speech, all the time there is at 18:05."""
SPEECH_LUFS = -18.0
MS_PER_CHARACTER = 60
"""A rendering shorter than this per spoken character was truncated (no voice speaks 16 characters a second)."""

_SENTENCE_END = re.compile(r"[^。！？!?；;…\n]*(?:[。！？!?；;…\n]+[”’」』）)]*|$)")
_CLAUSE_END = re.compile(r"[^。！？!?；;…\n，,：]*(?:[。！？!?；;…\n，,：]+[”’」』）)]*|$)")
_SOFT_BREAK = re.compile(r"[，,、：:\s](?=[^，,、：:\s]*$)")
_SYLLABLE = re.compile(r"[㐀-鿿豈-﫿]|[A-Za-zÜü]+[1-5](?![0-9])")


_LATIN = re.compile(r"[A-Za-z]+[1-5]?")
_UNIT = re.compile(r"[A-Za-z]+[1-5]?|.", re.DOTALL)


class VoiceFailed(Exception):  # noqa: N818 - people read it as "the voice failed: …"
    """A text could not be turned into a clip. `sentence` is Chinese and meant for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Recording:
    """Rendered speech: 16-bit mono PCM in the machine's byte order, at `rate` samples a second."""

    pcm: bytes
    rate: int

    def seconds(self) -> float:
        """Return the duration."""
        return len(self.pcm) / 2 / self.rate


@dataclass(frozen=True, slots=True)
class Delivery:
    """The manner of speaking. voice: a speaker's key, "" for the engine's default; speed: 1.0 is normal."""

    language: str = "zh"
    voice: str = ""
    speed: float = 1.0


PLAIN = Delivery()


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech.

    text: words for the engine, from `mandarin.spoken` (numbers written out). mark: name of the moment of
    its first word in `Clip.marks`. pause_ms: silence before it. roll: a sound file before it (a drum roll before
    third place); a segment may be only a roll. language: zh, or en for an English text.
    """

    text: str
    mark: str | None = None
    pause_ms: int = 0
    roll: Path | None = None
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Script:
    """One announcement. Its clip is lead silence, chime, speech, applause, tail, in that sequence.

    voice: a speaker's key, "" for the engine's default; speed: 1.0 is the speaker's normal pace. applause starts
    `overlap_ms` before the last word ends. chime: for a clip that is played alone; left out
    when the player plays the chime while the speech is rendered. lufs: loudness of the speech; chime and
    applause are not louder.
    """

    segments: tuple[Segment, ...]
    applause: Path | None = None
    overlap_ms: int = 300
    lead_ms: int = 0
    tail_ms: int = 300
    chime: Path | None = None
    lufs: float = SPEECH_LUFS
    voice: str = ""
    speed: float = 1.0

    @property
    def gain_db(self) -> float:
        """Return the gain for shipped sounds, which are at SPEECH_LUFS: no louder than this speech."""
        return min(0.0, self.lufs - SPEECH_LUFS)

    def sounds(self) -> tuple[Path, ...]:
        """Return the sound files it uses, in sequence, without the speech."""
        rolls = [segment.roll for segment in self.segments]
        return tuple(path for path in (self.chime, *rolls, self.applause) if path is not None)


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished announcement: WAV, 44,100 Hz, 16 bit, stereo. All times in seconds from its start.

    speech_start_s and speech_end_s: first and last audible moment of the words. marks: (name, moment) of each
    marked segment's first word. notes: Chinese sentences about sounds that were left out. unread: characters
    without a reading in that voice.
    """

    path: Path
    duration_s: float
    speech_start_s: float
    speech_end_s: float
    marks: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def say(text: str, applause: Path | None = None) -> Script:
    """Return the simplest script: one text."""
    return Script((Segment(text),), applause)


def clean(text: str) -> str:
    """Return the text without characters that no voice can speak: control characters, emoji, surrogates, joiners."""
    kept = (_keep(character) for character in unicodedata.normalize("NFC", text))
    return re.sub(r"[^\S\n]+", " ", "".join(kept)).strip()


def _keep(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n":
        return character
    if category in ("Cf", "Mn", "Me"):
        return ""
    return " " if category[0] == "C" or category in ("So", "Sk", "Zl", "Zp") else character


def speakable(text: str) -> bool:
    """Return whether there is at least one letter, character or digit to speak."""
    return any(character.isalnum() for character in text)


SENTENCE_PAUSE_MS, CLAUSE_PAUSE_MS, SOFT_PAUSE_MS, HARD_PAUSE_MS = 320, 200, 160, 20
_SHORT_CLAUSE = 4
"""Characters: a shorter clause is joined to the next one, because a model reads single words badly."""


def sentences(text: str, longest: int) -> list[tuple[str, int]]:
    """Return `text` in pieces of at most `longest` characters, each with the pause in ms that follows it.

    Cut at sentence ends; a longer sentence at its last comma or space or, if there is none, anywhere.
    Pieces without anything to speak are left out.
    """
    pieces: list[tuple[str, int]] = []
    for match in _SENTENCE_END.finditer(clean(text)):
        pieces += _shortened(match.group().strip(), longest)
    return [(piece, pause) for piece, pause in pieces if speakable(piece)]


def clauses(text: str, longest: int) -> list[tuple[str, int]]:
    """Do the same as `sentences`, but cut at every comma: for slow engines, so that the first words are ready early.

    `longest` counts syllables (pinyin such as shan4 is one). Equal clauses in different texts are cut equally, so
    that they are rendered once.
    """
    pieces: list[tuple[str, int]] = []
    held = ""
    for match in _CLAUSE_END.finditer(clean(text)):
        piece = held + match.group().strip()
        held = ""
        if not piece:
            continue
        ends = piece.rstrip("”’」』）)")[-1:] in tuple("。！？!?；;…")
        if not ends and syllables_in(piece) < _SHORT_CLAUSE:
            held = piece
            continue
        pieces += _within(piece, longest, SENTENCE_PAUSE_MS if ends else CLAUSE_PAUSE_MS)
    if held:
        pieces += _within(held, longest, SENTENCE_PAUSE_MS)
    return [(piece, pause) for piece, pause in pieces if speakable(piece)]


def _within(clause: str, longest: int, pause_ms: int) -> list[tuple[str, int]]:
    """Cut a clause into pieces of equal length, between syllables, at a 、 or space near the place if there is one."""
    units = _UNIT.findall(clause)
    parts = -(-sum(map(syllables_in, units)) // longest)
    if parts <= 1:
        return [(clause, pause_ms)]
    share = len(units) / parts
    cuts = [0, *(_near_a_break(units, round(share * part)) for part in range(1, parts)), len(units)]
    pieces = ["".join(units[a:b]).strip() for a, b in itertools.pairwise(cuts)]
    return [*((piece, HARD_PAUSE_MS) for piece in pieces[:-1]), (pieces[-1], pause_ms)]


def _near_a_break(units: list[str], place: int) -> int:
    for away in range(5):
        for at in (place - away, place + away):
            if 0 < at <= len(units) and units[at - 1] in ("、", " "):
                return at
    return place


def _shortened(sentence: str, longest: int) -> list[tuple[str, int]]:
    pieces: list[tuple[str, int]] = []
    while len(sentence) > longest:
        match = _SOFT_BREAK.search(sentence[:longest])
        cut, pause = (match.end(), SOFT_PAUSE_MS) if match else (longest, HARD_PAUSE_MS)
        pieces.append((sentence[:cut].strip(), pause))
        sentence = sentence[cut:].strip()
    return [*pieces, (sentence, SENTENCE_PAUSE_MS)]


def syllables_in(text: str) -> int:
    """Count characters and pinyin syllables, one for each Latin letter that is spelled, two for a Latin word."""
    latin = (word for word in _LATIN.findall(text) if not _SYLLABLE.fullmatch(word))
    return len(_SYLLABLE.findall(text)) + sum(1 if len(word) == 1 else 2 for word in latin)


def seconds(text: str, speed: float = 1.0) -> float:
    """Estimate the duration of a text: 4.6 syllables a second, like the natural voice at its normal pace."""
    return (0.15 + syllables_in(text) / 4.6) / speed


def rendered_s(text: str, speed: float = 1.0) -> float:
    """Estimate the raw recording of a clause by the natural voice, of which 1.4 s at both ends are silence.

    Measured on clauses of 5, 7, 9 and 16 syllables: 2.40, 2.80, 3.15 and 4.43 s.
    """
    return (1.48 + 0.185 * syllables_in(text)) / speed


def least_duration_s(text: str) -> float:
    """Return the minimum duration of a complete rendering of `text`: 60 ms per character or pinyin syllable."""
    return len(_SYLLABLE.findall(text)) * MS_PER_CHARACTER / 1000
