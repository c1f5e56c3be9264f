"""What ships: each sound's file, its level, and how it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sounds.score import master, midi, studio
from sounds.score.piece import Piece
from sounds.score.pieces import bamboo, first_light, jasmine

MUSIC = -23.0  # LUFS, integrated
QUALITY = 3.0


@dataclass(frozen=True)
class Sounding:
    """A file below `sounds/` and the function that renders it: `(scratch folder, target)`."""

    path: str
    render: Callable[[Path, Path], None]


def _music(compose: Callable[[], Piece], feel: midi.Feel, scratch: Path, target: Path) -> None:
    piece = compose()
    score = scratch / "score.mid"
    midi.write(piece, score, feel)
    sound = master.without_rumble(studio.play(score, piece.room), 38)
    sound = master.end_softly(master.start_at_once(sound), 2.0)
    master.encode(master.level(sound, MUSIC), target, QUALITY)


def _calm(compose: Callable[[], Piece]) -> Callable[[Path, Path], None]:
    return partial(_music, compose, midi.Feel(0.014, 4))


def _rousing(compose: Callable[[], Piece]) -> Callable[[Path, Path], None]:
    return partial(_music, compose, midi.Feel(0.007, 4))


CATALOGUE = {
    "jasmine": Sounding("music/morning/jasmine.ogg", _calm(jasmine.compose)),
    "bamboo": Sounding("music/morning/bamboo.ogg", _calm(bamboo.compose)),
    "first-light": Sounding("music/morning/first-light.ogg", _calm(first_light.compose)),
}
