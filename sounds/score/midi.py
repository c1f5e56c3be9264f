"""Turn a piece into a slightly humanised MIDI file, the same at every run."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import mido

from sounds.score.piece import Note, Part, Piece

TICKS = 960  # per beat
DRUM_CHANNEL = 9
RING_OUT = 5  # seconds
# Sorts events of one tick: settings first, then releases, then notes, so that a repeated pitch is struck again.
SETTING, RELEASE, BEND, STRIKE = range(4)


@dataclass(frozen=True)
class Feel:
    """A player's deviation: standard deviations in beats and in velocity."""

    time: float = 0.012
    touch: float = 3.5


def write(piece: Piece, path: Path, feel: Feel) -> None:
    """Write `piece` as a standard MIDI file of format 1."""
    dice = random.Random(piece.seed)
    song = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    song.tracks.append(_track([*_tempi(piece), _ring_out(piece)]))
    melodic = (channel for channel in range(16) if channel != DRUM_CHANNEL)
    for part in piece.parts:
        channel = DRUM_CHANNEL if part.drums else next(melodic)
        events = _settings(part, channel)
        for note in _untangled(part.notes):
            events += _played(note, part, channel, feel, dice)
        song.tracks.append(_track(events))
    song.save(path)


Event = tuple[int, int, mido.Message]


def _tempi(piece: Piece) -> list[Event]:
    tempi = sorted(piece.tempi)
    return [
        (_ticks(beat), SETTING, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
        for beat, bpm in tempi
    ]


def _ring_out(piece: Piece) -> Event:
    """Keep the synthesizer running after the last note, so that strings and room decay naturally."""
    last = max(note.start + note.length for part in piece.parts for note in part.notes)
    tempo = sorted(piece.tempi)[-1][1]
    return (_ticks(last + RING_OUT * tempo / 60), STRIKE, mido.MetaMessage("marker", text="silence"))


def _track(events: list[Event]) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _settings(part: Part, channel: int) -> list[Event]:
    controls = {0: part.bank, 7: part.volume, 10: part.pan, 91: part.reverb, 93: 0, 11: 127}
    events = [(0, SETTING, _control(channel, number, value)) for number, value in controls.items()]
    events.append((0, SETTING, mido.Message("program_change", channel=channel, program=part.program)))
    for beat, level in part.levels:
        events.append((_ticks(beat), SETTING, _control(channel, 11, level)))
    return events


def _untangled(notes: list[Note]) -> list[Note]:
    """Shorten a note that still sounds when its pitch is struck again: its release would cut the new one."""
    ordered = sorted(notes, key=lambda note: note.start)
    following: dict[int, float] = {}
    result = []
    for note in reversed(ordered):
        end = min(note.start + note.length, following.get(note.pitch, float("inf")) - 0.03)
        following[note.pitch] = note.start
        if end > note.start:
            result.append(replace(note, length=end - note.start))
    return result[::-1]


def _played(note: Note, part: Part, channel: int, feel: Feel, dice: random.Random) -> list[Event]:
    late = dice.gauss(0, feel.time * part.loose) if note.start > 0 else 0.0
    late = max(-0.025, min(0.025, late))
    velocity = note.velocity + dice.gauss(0, feel.touch * part.loose)
    start, end = note.start + late, note.start + note.length + late
    if "~" in note.marks:
        return _tremolo(start, end, note.pitch, velocity, channel, dice)
    events = _struck(start, end, note.pitch, velocity, channel)
    if "/" in note.marks:
        events += _slide(start, channel)
    if note.grace:
        events += _struck(start - 0.09, start - 0.005, note.pitch + note.grace, velocity * 0.75, channel)
    if part.breath and note.length >= 0.9:
        events += _breath(start, note.length, channel)
    return events


def _struck(start: float, end: float, pitch: int, velocity: float, channel: int) -> list[Event]:
    strength = max(1, min(127, round(velocity)))
    on = mido.Message("note_on", channel=channel, note=pitch, velocity=strength)
    off = mido.Message("note_off", channel=channel, note=pitch)
    return [(_ticks(start), STRIKE, on), (max(_ticks(end), _ticks(start) + 1), RELEASE, off)]


def _tremolo(
    start: float, end: float, pitch: int, velocity: float, channel: int, dice: random.Random
) -> list[Event]:
    """摇指: eight strokes a beat that swell to the middle of the note."""
    count = max(2, round((end - start) * 8))
    events = []
    for index in range(count):
        at = start + (end - start) * index / count
        share = index / count
        loud = velocity * (0.55 + 0.35 * (1 - abs(2 * share - 0.9))) + dice.gauss(0, 2)
        events += _struck(at, at + (end - start) / count - 0.01, pitch, loud, channel)
    return events


def _slide(start: float, channel: int) -> list[Event]:
    """A pressed string: from a whole tone below (the bend range of General MIDI is two semitones) up to pitch."""
    events: list[Event] = []
    for index in range(9):
        bend = round(-8192 * (1 - index / 8) ** 1.5)
        at = start + 0.16 * index / 8
        events.append((_ticks(at), BEND, mido.Message("pitchwheel", channel=channel, pitch=bend)))
    return events


def _breath(start: float, length: float, channel: int) -> list[Event]:
    """Add vibrato that starts late and ends early; a straight tone at the start."""
    events: list[Event] = [(_ticks(start), SETTING, _control(channel, 1, 0))]
    for index in range(1, 9):
        share = 0.3 + 0.6 * index / 8
        depth = round(34 * min(1.0, index / 4))
        events.append((_ticks(start + length * share), SETTING, _control(channel, 1, depth)))
    events.append((_ticks(start + length * 0.97), SETTING, _control(channel, 1, 0)))
    return events


def _control(channel: int, number: int, value: int) -> mido.Message:
    return mido.Message("control_change", channel=channel, control=number, value=value)


def _ticks(beat: float) -> int:
    return max(0, round(beat * TICKS))
