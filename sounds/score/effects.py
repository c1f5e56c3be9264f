"""Chime, alarm, drum roll and applause."""

import random
from pathlib import Path

import numpy as np

from sounds.score import midi, studio
from sounds.score.piece import Note, Part, Piece
from sounds.score.pieces.drums import Drums
from sounds.score.studio import RATE, Sound

EXACT = midi.Feel(0, 0)


def chime() -> Piece:
    """Three soft bars struck upwards, 1.2 s in all: audible at once, startles no one, over before the first word."""
    bars = Part("vibraphone", 11, volume=110, pan=58, reverb=46)
    shine = Part("celesta", 8, volume=74, pan=72, reverb=46)
    warmth = Part("harp", 46, volume=84, pan=54, reverb=40)
    for index, pitch in enumerate((67, 72, 76)):
        at = index * 0.17
        for part, octave, velocity in ((bars, 0, 84), (shine, 0, 62), (warmth, -12, 66)):
            part.notes.append(Note(at, 2.0, pitch + octave, velocity - 5 * (index == 1)))
    return Piece("chime", [(0, 60)], [bars, shine, warmth], seed=1, room=0.4)


def drum_roll() -> Piece:
    """Two seconds from a murmur to a storm, and one blow."""
    drums = Drums()
    drums.high.roll(0, 1.9, 62, 26, 112, 16)
    drums.deep.roll(0, 1.9, 50, 20, 106, 12)
    drums.kit.roll(0, 1.9, 38, 22, 92, 18)
    for part, pitch, velocity in (
        (drums.deep, 43, 124), (drums.deep, 50, 122), (drums.high, 62, 120), (drums.tom, 52, 116),
        (drums.kit, 57, 108), (drums.kit, 36, 116),
    ):  # fmt: skip
        part.notes.append(Note(2.0, 1.0, pitch, velocity))
    return Piece("drum roll", [(0, 60)], drums.parts, seed=2, room=0.5)


def alarm() -> Sound:
    """Four seconds of two alternating tones, a fifth apart and twice a second: unlike any chime or music.

    Each tone has its odd overtones, so that small ceiling speakers carry it and its direction can be heard.
    """
    length = round(4.0 * RATE)
    at = np.arange(length) / RATE
    high = (at * 4).astype(int) % 2 == 1
    phase = 2 * np.pi * np.cumsum(np.where(high, 1046.5, 698.5)) / RATE
    tone = sum(np.sin(n * phase) / n**1.5 for n in (1, 3, 5))
    edge = np.minimum(1, np.minimum(at / 0.004, (4.0 - at) / 0.08))
    return np.tile((tone * edge).astype(np.float32), (2, 1))


def applause(people: int, seconds: float, seed: int, scratch: Path) -> Sound:
    """`people` clapping, each with individual hands, tempo, place and patience, over a recorded crowd.

    Single claps are short bursts of noise through one resonance, the idea of L. Peltola et al.
    («Synthesis of Hand Clapping Sounds», IEEE TASLP 15(3), 2007) with figures of our own; the crowd is the
    soundfont's recording, which fills the space between the claps. They start within a third of a second of each
    other and stop one by one.
    """
    dice = random.Random(seed)
    noise = np.random.default_rng(seed)
    hall = np.zeros((2, round((seconds + 1) * RATE)), np.float32)
    for person in range(people):
        late = 0.0 if person == 0 else dice.uniform(0.02, 0.35)
        patience = seconds * (0.55 + 0.42 * dice.random() ** 0.6)
        _one_person(hall, late, patience, dice, noise)
    hall = _in_a_room(hall, noise)
    crowd = _crowd(seconds, seed, scratch)
    length = min(hall.shape[1], crowd.shape[1])
    hands = hall[:, :length] / np.abs(hall).max()
    share = min(0.9, people / 60)
    together: Sound = (hands + share * crowd[:, :length] / np.abs(crowd).max()).astype(np.float32)
    return together


def _one_person(
    hall: Sound, start: float, end: float, dice: random.Random, noise: np.random.Generator
) -> None:
    resonance, sharpness = dice.uniform(700, 2600), dice.uniform(1.2, 3.0)
    interval, place, near = dice.uniform(0.19, 0.29), dice.random(), dice.uniform(0.25, 1.0)
    at = start
    while at < end:
        tired = min(1.0, max(0.25, (end - at) / 0.8))
        clap = (
            _clap(resonance * dice.uniform(0.93, 1.07), sharpness, noise)
            * near
            * tired
            * dice.uniform(0.7, 1)
        )
        first = round(at * RATE)
        room = hall[:, first : first + len(clap)]
        room[0] += clap[: room.shape[1]] * np.cos(place * np.pi / 2)
        room[1] += clap[: room.shape[1]] * np.sin(place * np.pi / 2)
        at += interval * dice.gauss(1, 0.05) * (1.25 - 0.25 * tired)


def _clap(resonance: float, sharpness: float, noise: np.random.Generator) -> np.ndarray:
    """Render 40 ms: palms meet within 0.3 ms, and the enclosed volume rings for a few."""
    length = round(0.04 * RATE)
    time = np.arange(length) / RATE
    burst = noise.standard_normal(length) * np.exp(-time / 0.006) * np.minimum(1, time / 0.0003)
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    ratio = np.maximum(frequency, 1) / resonance
    gain = 1 / np.sqrt(1 + sharpness**2 * (ratio - 1 / ratio) ** 2)
    return np.fft.irfft(np.fft.rfft(burst) * gain, length)


def _in_a_room(hall: Sound, noise: np.random.Generator) -> Sound:
    """Add the reverberation of an office: noise that decays by 60 dB in 0.5 s, different for each ear."""
    length = round(0.5 * RATE)
    decay = np.exp(-6.9 * np.arange(length) / length) * 0.05
    size = hall.shape[1] + length
    tail = noise.standard_normal((2, length)) * decay
    wet = np.fft.irfft(np.fft.rfft(hall, size, axis=1) * np.fft.rfft(tail, size, axis=1), size, axis=1)
    return (hall + wet[:, : hall.shape[1]]).astype(np.float32)


def _crowd(seconds: float, seed: int, scratch: Path) -> Sound:
    """Render the soundfont's applause four times, at four pitches and places, with different decays."""
    layers = []
    for index, pitch in enumerate((57, 60, 62, 65)):
        layer = Part(f"crowd {index}", 126, volume=90, pan=(20, 108, 46, 82)[index], reverb=30)
        end = seconds * (0.72 + 0.09 * index)
        layer.notes.append(Note(0.0, end, pitch, 90))
        layer.levels += [(0.35 * step / 10, 30 + 9 * step) for step in range(11)]
        layer.levels += [
            (end * (0.55 + 0.45 * step / 20), round(120 * (1 - step / 20) ** 1.2)) for step in range(21)
        ]
        layers.append(layer)
    score = scratch / "crowd.mid"
    midi.write(Piece("crowd", [(0, 60)], layers, seed, room=0.4), score, EXACT)
    return studio.play(score, 0.4)
