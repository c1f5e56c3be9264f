"""A piece of music as a list of parts, and the ways to write a part: melody, pad, arpeggio, bass, drum."""

import math
from dataclasses import dataclass, field

from sounds.score import harmony, jianpu

# From a degree of the key up to the next of the five: 3 to 5 and 6 to 1, never to 4 or 7.
ABOVE = {0: 2, 2: 2, 4: 3, 5: 2, 7: 2, 9: 3, 11: 1}


@dataclass(frozen=True)
class Note:
    """A note to be played: beats, MIDI pitch, velocity 1 to 127; `grace` is the semitones of a grace note above."""

    start: float
    length: float
    pitch: int
    velocity: float
    marks: str = ""
    grace: int = 0


@dataclass
class Part:
    """One instrument. `program` is a General MIDI program from 0; `drums` picks a kit on channel 10."""

    name: str
    program: int
    volume: int = 100
    pan: int = 64
    reverb: int = 50
    bank: int = 0
    drums: bool = False
    breath: bool = False  # long notes swell and get vibrato, like a player's breath or bow
    loose: float = 1.0  # how freely it is played in time; 0 is a machine
    beats_per_bar: int = 4
    notes: list[Note] = field(default_factory=list)
    levels: list[tuple[float, int]] = field(default_factory=list)  # (beat, expression)

    def beat(self, bar: float) -> float:
        return bar * self.beats_per_bar

    def melody(self, bar: float, text: str, tonic: int, velocity: float = 80, legato: float = 0.97) -> None:
        """Add a melody in jianpu from `bar` on; `tonic` is the MIDI note of a plain 1. Phrases rise to their middle."""
        tones = jianpu.parse(text, self.beats_per_bar)
        mean = sum(tone.step for tone in tones) / len(tones)
        phrase = 4 * self.beats_per_bar
        for tone in tones:
            arch = 5 * math.sin(math.pi * (tone.start % phrase) / phrase)
            stress = 4 if tone.start % self.beats_per_bar == 0 else 0
            lift = 0.4 * (tone.step - mean)
            loud = velocity + arch + stress + lift - 3
            start = self.beat(bar) + tone.start
            grace = ABOVE[tone.step % 12] if "*" in tone.marks else 0
            self.notes.append(Note(start, tone.length * legato, tonic + tone.step, loud, tone.marks, grace))

    def pad(self, bar: float, chords: str, tonic: int, low: int, high: int, velocity: float = 60) -> None:
        """Add sustained chords, each voice with the smallest steps."""
        bars = harmony.progression(chords, self.beats_per_bar)
        for chord, pitches in harmony.voicings(bars, tonic, low, high):
            for pitch in pitches:
                self.notes.append(Note(self.beat(bar) + chord.start, chord.length * 0.99, pitch, velocity))

    def arpeggio(
        self,
        bar: float,
        chords: str,
        tonic: int,
        low: int,
        figure: str,
        velocity: float = 60,
        step: float = 0.5,
    ) -> None:
        """Add a figure of ladder numbers (`"0 2 4 3"`, `.` rests) through the chords, `step` beats each."""
        pattern = figure.split()
        for chord in harmony.progression(chords, self.beats_per_bar):
            rungs = harmony.ladder(chord, tonic, low, low + 40)
            for index in range(round(chord.length / step)):
                at = chord.start + index * step
                rung = pattern[round(at / step) % len(pattern)]
                if rung == ".":
                    continue
                stress = 6 if at % self.beats_per_bar == 0 else 0
                start = self.beat(bar) + at
                loud = velocity + stress - 2 * (index % 2)
                self.notes.append(Note(start, step * 2.4, rungs[int(rung)], loud))

    def bass(
        self, bar: float, chords: str, tonic: int, low: int, rhythm: str = "x---", velocity: float = 64
    ) -> None:
        """Add roots at or above `low`: `x` the root, `o` the upper bass note, `-` holds, `.` rests; one sign a beat."""
        signs = rhythm.replace(" ", "")
        share = self.beats_per_bar / len(signs)
        for chord in harmony.progression(chords, self.beats_per_bar):
            root = low + (tonic + chord.root - low) % 12
            for index in range(round(chord.length / share)):
                place = round(chord.start / share) + index
                sign = signs[place % len(signs)]
                if sign not in "xo":
                    continue
                held = 1
                while index + held < chord.length / share and signs[(place + held) % len(signs)] == "-":
                    held += 1
                start = self.beat(bar) + chord.start + index * share
                pitch = root + (harmony.second_bass(chord) if sign == "o" else 0)
                self.notes.append(Note(start, held * share * 0.95, pitch, velocity))

    def drum(self, bar: float, grid: str, pitch: int, velocity: float = 90, bars: int = 1) -> None:
        """Add strokes on an even grid over one bar, `|` between bars: `.` none, 1 to 9 soft to full; repeated."""
        measures = grid.replace(" ", "").split("|")
        for number in range(bars):
            measure = measures[number % len(measures)]
            share = self.beats_per_bar / len(measure)
            for index, sign in enumerate(measure):
                if sign != ".":
                    start = self.beat(bar + number) + index * share
                    loud = velocity * (0.3 + 0.7 * int(sign) / 9)
                    self.notes.append(Note(start, share, pitch, loud))

    def roll(self, beat: float, length: float, pitch: int, soft: float, loud: float, rate: float = 6) -> None:
        """Add strokes from `soft` to `loud`, `rate` of them a beat."""
        count = round(length * rate)
        for index in range(count):
            velocity = soft + (loud - soft) * (index / max(count - 1, 1)) ** 1.4
            self.notes.append(Note(beat + index / rate, 1 / rate, pitch, velocity - 6 * (index % 2)))

    def swell(self, bar: float, bars: float, start: int, end: int) -> None:
        """Move the expression from one level to another (0 to 127) over some bars."""
        points = max(2, round(bars * self.beats_per_bar * 2))
        for index in range(points + 1):
            level = round(start + (end - start) * index / points)
            self.levels.append((self.beat(bar) + self.beat(bars) * index / points, level))


@dataclass
class Piece:
    """A whole piece. `tempi` are (beat, quarter notes a minute); `room` is the reverb's size from 0 to 1."""

    name: str
    tempi: list[tuple[float, float]]
    parts: list[Part]
    seed: int
    beats_per_bar: int = 4
    room: float = 0.7

    def __post_init__(self) -> None:
        for part in self.parts:
            part.beats_per_bar = self.beats_per_bar

    def slow_down(self, bar: float, bars: float, start: float, end: float) -> None:
        """Add a ritardando (or an accelerando) in steps of half a beat."""
        beats = bars * self.beats_per_bar
        for index in range(round(beats * 2) + 1):
            share = index / (beats * 2)
            self.tempi.append((bar * self.beats_per_bar + index / 2, start + (end - start) * share))
