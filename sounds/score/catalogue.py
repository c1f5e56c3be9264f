"""The shipped sounds: file, level and renderer of each."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sounds.score import effects, master, midi, studio
from sounds.score.piece import Piece
from sounds.score.pieces import bamboo, clear_spring, first_light, jasmine, red_gate, setting_out, war_drums

MUSIC = -23.0  # LUFS, integrated
SPEECH = -18.0  # LUFS: of a sound under 3 s the loudest 0.4 s, of applause all of it
QUALITY = 2.5  # about 85 kbit/s: twenty minutes of music stay under 12 MB
EFFECT_QUALITY = 5.0
ALARM = -14.0  # LUFS, the loudest 0.4 s: an emergency is meant to startle


@dataclass(frozen=True)
class Sounding:
    """A file below `sounds/` and the function that renders it: `(scratch folder, target)`."""

    path: str
    render: Callable[[Path, Path], None]


@dataclass(frozen=True)
class Manner:
    """Finishing of music: how freely it is played, where its low end is cut, how hard it starts."""

    feel: midi.Feel
    rumble_hz: float
    onset_db: float  # the first sample is this far below the peak at most


CALM = Manner(midi.Feel(0.014, 4), 45, 50)
ROUSING = Manner(midi.Feel(0.007, 4), 65, 24)


def _music(compose: Callable[[], Piece], manner: Manner, scratch: Path, target: Path) -> None:
    piece = compose()
    score = scratch / "score.mid"
    midi.write(piece, score, manner.feel)
    sound = master.without_rumble(studio.play(score, piece.room), manner.rumble_hz)
    sound = master.end_softly(master.start_at_once(sound, manner.onset_db), 2.0)
    master.encode(master.level(sound, MUSIC), target, QUALITY)


def _chime(scratch: Path, target: Path) -> None:
    sound = master.start_at_once(_played(effects.chime(), scratch), 36, 0.2)
    sound = master.end_softly(sound, 0.5, keep_s=1.25)
    master.encode(master.level(sound, SPEECH, momentary=True), target, EFFECT_QUALITY)


def _alarm(scratch: Path, target: Path) -> None:
    sound = master.end_softly(effects.alarm(), 0.08)
    master.encode(master.level(sound, ALARM, momentary=True), target, EFFECT_QUALITY)


def _drum_roll(scratch: Path, target: Path) -> None:
    sound = master.without_rumble(_played(effects.drum_roll(), scratch), 60)
    sound = master.end_softly(master.start_at_once(sound, 40), 0.9, keep_s=2.9)
    master.encode(master.level(sound, SPEECH, momentary=True), target, EFFECT_QUALITY)


def _applause(people: int, seconds: float, scratch: Path, target: Path) -> None:
    sound = master.without_rumble(effects.applause(people, seconds, people, scratch), 150)
    sound = master.end_softly(master.start_at_once(sound, 36), 0.6, keep_s=seconds)
    master.encode(master.level(sound, SPEECH - 0.5), target, EFFECT_QUALITY)


def _played(piece: Piece, scratch: Path) -> studio.Sound:
    score = scratch / "score.mid"
    midi.write(piece, score, effects.EXACT)
    return studio.play(score, piece.room)


CATALOGUE = {
    "chime": Sounding("chime.ogg", _chime),
    "emergency": Sounding("emergency.ogg", _alarm),
    "applause-small": Sounding("applause-small.ogg", partial(_applause, 14, 3.2)),
    "applause-large": Sounding("applause-large.ogg", partial(_applause, 60, 5.8)),
    "drumroll": Sounding("drumroll.ogg", _drum_roll),
    "jasmine": Sounding("music/morning/jasmine.ogg", partial(_music, jasmine.compose, CALM)),
    "bamboo": Sounding("music/morning/bamboo.ogg", partial(_music, bamboo.compose, CALM)),
    "first-light": Sounding("music/morning/first-light.ogg", partial(_music, first_light.compose, CALM)),
    "clear-spring": Sounding("music/morning/clear-spring.ogg", partial(_music, clear_spring.compose, CALM)),
    "war-drums": Sounding("music/rousing/war-drums.ogg", partial(_music, war_drums.compose, ROUSING)),
    "setting-out": Sounding("music/rousing/setting-out.ogg", partial(_music, setting_out.compose, ROUSING)),
    "red-gate": Sounding("music/rousing/red-gate.ogg", partial(_music, red_gate.compose, ROUSING)),
}
