"""出征, setting out: our own march in the gong mode, in the manner of the old tunes for wind and drum."""

from sounds.score.piece import Part, Piece
from sounds.score.pieces.drums import Drums

D, F = 62, 65

GATE = "5, 1 1 _2 | 3 5 3 - | 2 _3 5 3 | 2 - - 5, | 1 _2 3 5 | 6 - 5 3 | 2 3 5 2 | 1 - - 0"
ROAD = "6 - 6 _5 | 6 1' 6 - | 5 _6 5 3 | 5 - - 0 | 3' - 2' 1' | 6 1' 2' - | 1' _6 5 3 | 2 3 1 0"
BRIGHT = (  # the gate again as pipers ornament it
    "5, 1* 12 32 | 3 56 3 - | 2 _3 56 53 | 2* - - 56 | 1' _2' 3' 2'1' | 6 - 56 53 | 2 35 61' 2' | 1' - - 0"
)
BELOW = "1 - 5, - | 1 - 1 3 | 5, - 2 - | 5, - 6, 5, | 1 - 1 - | 3 - 1 - | 5, - 2 5, | 1 - 5, 0"
GATE_CHORDS = "I | I | V | V | I | vi | ii V | I"
ROAD_CHORDS = "vi | vi | I | I | I | ii | vi I | V I"
STEP = "0 . 2 1 0 . 2 3"


def compose() -> Piece:
    """A blow and a fanfare; pipers; trumpets; the road; side drum alone; a minor third higher with all; halt."""
    drums = Drums()
    pipes = Part("suona", 111, volume=96, pan=76, reverb=60)
    flutes = Part("dizi", 72, volume=84, pan=50, reverb=60)
    trumpets = Part("trumpets", 56, volume=100, pan=60, reverb=58)
    horns = Part("horns", 60, volume=84, pan=42, reverb=60)
    low = Part("low brass", 58, volume=84, pan=70, reverb=46)
    strings = Part("strings", 48, volume=112, pan=54, reverb=50, loose=0.7)
    parts = [pipes, flutes, trumpets, horns, low, strings, *drums.parts]
    music = Piece("出征", [(0, 116)], parts, seed=1300, room=0.58)

    drums.blow(0, 0)
    trumpets.melody(0, "1 _1 1 5, | 1 3 5 - | 5 _5 5 3 | 5 - - 0", D, 98)
    horns.melody(0, "1 - - 5, | 1 - 3 - | 1 - - 1 | 2 - - 0", D, 88)
    drums.march(0, 4)

    _foot(4, D, strings, low, GATE_CHORDS, 66)
    flutes.melody(4, GATE, D + 12, 90)
    pipes.melody(4, GATE, D, 76)
    drums.step(4, 8)

    _foot(12, D, strings, low, GATE_CHORDS)
    trumpets.melody(12, GATE, D, 94)
    flutes.melody(12, BRIGHT, D + 12, 80)
    horns.melody(12, BELOW, D, 80)
    drums.march(12, 8, 0.9)

    _foot(20, D, strings, low, ROAD_CHORDS)
    horns.melody(20, ROAD, D, 94)
    pipes.melody(
        20, "0 0 0 0 | 0 0 1' 2'1' | 6 - - 0 | 0 0 35 61' | 1' - - 0 | 0 0 6 5 | 6 - - 0 | 0 0 5 0", D, 80
    )
    drums.toms(20, 8)

    _foot(28, D, strings, low, GATE_CHORDS)
    trumpets.melody(28, GATE, D, 96)
    pipes.melody(28, BRIGHT, D, 80)
    horns.melody(28, BELOW, D, 86)
    drums.march(28, 8)

    drums.summons(36, 0.86)
    horns.melody(38, "5, - - - | 1 - 2 3", F, 90)

    _foot(40, F, strings, low, ROAD_CHORDS)
    trumpets.melody(40, ROAD, F, 96)
    flutes.melody(40, ROAD, F + 12, 88)
    horns.melody(40, "3 - 3 - | 3 - 3 - | 1 - 1 - | 3 - - 0 | 5 - 5 3 | 2 - 6 - | 3 - 1 - | 5, - 1 0", F, 82)
    drums.march(40, 8)

    _foot(48, F, strings, low, GATE_CHORDS, 82)
    trumpets.melody(48, GATE, F, 102)
    pipes.melody(48, GATE, F, 86)
    flutes.melody(48, BRIGHT, F + 12, 88)
    horns.melody(48, BELOW, F, 92)
    drums.march(48, 8, 1.06)

    _foot(56, F, strings, low, "I | vi | ii | V", 82)
    trumpets.melody(56, "1' - 6 5 | 6 - 5 3 | 2 3 5 6 | 5 - - -", F, 102)
    flutes.melody(56, "3' - 2' 1' | 1' - 6 5 | 6 5 3 5 | 2' - - -", F + 12, 90)
    horns.melody(56, "5 - 3 1 | 3 - 1 6, | 2 1 2 3 | 2 - - -", F, 92)
    drums.march(56, 4, 1.08)
    for player, tonic in ((trumpets, F), (flutes, F + 12), (horns, F), (low, F - 24), (strings, F)):
        player.melody(60, "1' 0 5 0 | 3 5 6 2' | 1' - - - | 0 0 0 0", tonic, 102)
    for bar, beat in ((60, 0), (60, 2), (62, 0)):
        drums.blow(bar, beat, 1.05)
    drums.deep.roll(drums.deep.beat(61), 4, 47, 50, 118, 6)
    music.slow_down(61, 1.5, 116, 92)
    return music


def _foot(bar: int, tonic: int, strings: Part, low: Part, chords: str, velocity: float = 74) -> None:
    """Marching strings and a bass on the beat."""
    strings.arpeggio(bar, chords, tonic, 50, STEP, velocity)
    low.bass(bar, chords, tonic, 38, "x.o.", velocity + 6)
