"""开门红, a red start: our own, cheerful, for plucked strings, bamboo flute and small drums on a feast day."""

from sounds.score.piece import Part, Piece

D, G = 62, 67

FEAST = "35 65 35 6 | 1'6 1'2' 1' - | 65 35 61' 65 | 3 35 2 - | 35 65 35 6 | 1'2' 3'2' 1'6 5 | 61' 53 23 5 | 1 12 1 0"
STREET = "3' 3'2' 1' 6 | 5 61' 5 - | 2' 2'1' 6 5 | 3 56 3 - | 1' 1'6 5 3 | 2 35 2 - | 35 61' 53 2 | 1 12 1 0"
RUNNING = (  # the feast in sixteenths, as a dulcimer breaks it up
    "3535 6565 3535 66 | 1'61'6 1'2'1'2' 1'1' 1'6 | 6565 3535 61'61' 6565 | 3 35 2 23 |"
    "3535 6565 3535 66 | 1'2'1'2' 3'2'3'2' 1'61'6 55 | 61'61' 5353 2323 55 | 1 12 1 0"
)
LANTERNS = "1 - 3 - | 5 - 3 5 | 3 - 1' - | 6 - 5 - | 1 - 3 - | 5 - 6 5 | 3 - 2 5, | 1 5, 1 0"
CALLS = "0 0 0 0 | 0 0 1'2' 3' | 0 0 0 0 | 0 0 61' 6 | 0 0 0 0 | 0 0 56 2' | 0 0 0 0 | 0 0 51' 1'"
FEAST_CHORDS = "I | I vi | vi | iii V | I | I | vi V | I"
STREET_CHORDS = "I | I | ii | vi | I | V | I V | I"
SKIP = "0 2 1 2 0 3 1 3"


def compose() -> Piece:
    """Drum and dulcimer at once; flute; the street; drums and claps; a fourth higher, all; a last bow."""
    dulcimer = Part("yangqin", 15, volume=127, pan=48, reverb=48)
    zither = Part("guzheng", 107, volume=116, pan=82, reverb=44)
    flute = Part("dizi", 73, volume=82, pan=66, reverb=56)
    piccolo = Part("small dizi", 72, volume=70, pan=76, reverb=56)
    pluck = Part("pizzicato", 45, volume=98, pan=56, reverb=44)
    strings = Part("strings", 48, volume=90, pan=40, reverb=56, loose=0.6)
    low = Part("ruan", 32, volume=100, pan=62, reverb=30)
    troupe = Troupe()
    parts = [dulcimer, zither, flute, piccolo, pluck, strings, low, *troupe.parts]
    music = Piece("开门红", [(0, 126)], parts, seed=888, room=0.5)

    troupe.opening(0)
    dulcimer.melody(
        0, "1'1'1'1' 5555 3333 5555 | 1'2'1'2' 3'2'3'2' 1'61'6 55 | 61'61' 5353 2323 55 | 1 0 1' 0", D, 92
    )
    zither.melody(0, "1' 5 3 5 | 1' 3' 1' 5 | 6 5 2 5 | 1 0 1' 0", D, 92)

    _ground(4, D, pluck, low, FEAST_CHORDS)
    dulcimer.melody(4, FEAST, D, 90)
    troupe.stroll(4, 8)

    _ground(12, D, pluck, low, FEAST_CHORDS)
    flute.melody(12, FEAST.replace("6 |", "6* |"), D + 12, 90)
    zither.melody(12, LANTERNS, D, 76)
    strings.pad(12, FEAST_CHORDS, D, 57, 74, 52)
    troupe.stroll(12, 8)

    _ground(20, D, pluck, low, STREET_CHORDS)
    zither.melody(20, STREET.replace("5 -", "5~ -").replace("3 -", "3~ -").replace("2 -", "2~ -"), D, 92)
    strings.melody(20, STREET, D, 72)
    piccolo.melody(20, CALLS, D + 12, 82)
    troupe.dance(20, 8)

    _ground(28, D, pluck, low, FEAST_CHORDS)
    dulcimer.melody(28, RUNNING, D, 84)
    flute.melody(28, FEAST, D + 12, 88)
    strings.melody(28, LANTERNS, D, 70)
    troupe.dance(28, 8)

    troupe.opening(36, 0.9)
    pluck.arpeggio(38, "V | V", G, 43, SKIP, 74)

    _ground(40, G, pluck, low, STREET_CHORDS)
    flute.melody(40, STREET, G, 92)
    dulcimer.melody(40, STREET, G, 84)
    strings.pad(40, STREET_CHORDS, G, 57, 76, 62)
    piccolo.melody(40, CALLS, G, 80)
    troupe.dance(40, 8)

    _ground(48, G, pluck, low, FEAST_CHORDS, 82)
    dulcimer.melody(48, RUNNING, G, 86)
    piccolo.melody(48, FEAST, G + 12, 84)
    flute.melody(48, FEAST, G, 92)
    zither.melody(48, LANTERNS, G, 84)
    strings.pad(48, FEAST_CHORDS, G, 59, 79, 68)
    troupe.dance(48, 8, 1.08)

    _ground(56, G, pluck, low, STREET_CHORDS, 84)
    for player, tonic in ((flute, G), (dulcimer, G), (zither, G), (strings, G)):
        player.melody(56, STREET, tonic, 92)
    piccolo.melody(56, CALLS, G, 88)
    troupe.dance(56, 8, 1.1)

    troupe.opening(64, 1.0)
    for player, tonic in ((flute, G), (dulcimer, G), (zither, G - 12), (strings, G), (pluck, G - 12)):
        player.melody(64, "1' 5 3 5 | 61' 53 23 5 | 1 0 5 0 | 1' 0 0 0", tonic, 98)
    music.slow_down(65, 2.2, 126, 96)
    return music


def _ground(bar: int, tonic: int, pluck: Part, low: Part, chords: str, velocity: float = 74) -> None:
    """Pizzicato off the beat over a walking bass."""
    pluck.arpeggio(bar, chords, tonic, 50, SKIP, velocity)
    low.bass(bar, chords, tonic, 38, "x.o.", velocity + 4)


class Troupe:
    """The small percussion of a lion dance: one hall drum, two block clappers, hand cymbals."""

    def __init__(self) -> None:
        self.drum = Part("hall drum", 116, volume=110, pan=60, reverb=40, loose=0.7)
        self.tom = Part("small drum", 117, volume=124, pan=50, reverb=36, loose=0.7)
        self.block = Part("clappers", 115, volume=127, pan=86, reverb=36, loose=0.7)
        self.kit = Part("kit", 48, volume=104, pan=70, reverb=44, drums=True, loose=0.7)
        self.parts = [self.drum, self.tom, self.block, self.kit]

    def opening(self, bar: int, force: float = 1.0) -> None:
        """The drum calls the street together: 咚, 咚咚, 咚咚咚咚."""
        self.drum.drum(
            bar, "9...9...9.9.9...|9...9.9.9.9.9...|9.9.9.9.9.9.9999|9.......9.......", 52, 108 * force, 4
        )
        self.tom.drum(
            bar, "9.....6...5.7.5.|7...5.7.5.7.5.7.|7.5.7.5.7.5.7777|9.......9.......", 60, 96 * force, 4
        )
        self.block.drum(bar, "7.......7...7...", 72, 124 * force, 3)
        for at in (bar, bar + 3, bar + 3.5):
            self.kit.drum(at, "9...", 57, 86 * force)

    def stroll(self, bar: int, bars: int) -> None:
        self.drum.drum(bar, "8.......6...4...|8.......6..4..4.", 52, 92, bars)
        self.tom.drum(bar, "....5.......5.3.", 62, 82, bars)
        self.block.drum(bar, "6...4...6...4.4.", 72, 116, bars)
        self.kit.drum(bar + bars - 1, "............6.8.", 57, 66)

    def dance(self, bar: int, bars: int, force: float = 1.0) -> None:
        self.drum.drum(bar, "9...5.7.8...5...|9...5.7.8.5.7.7.", 52, 98 * force, bars)
        self.tom.drum(bar, "..4.7...4.4.7.4.|..4.7.4...4.7.66", 60, 88 * force, bars)
        self.block.drum(bar, "7.4.6.4.7.4.6.44", 72, 118 * force, bars)
        self.kit.drum(bar, "....5.......6...", 57, 54 * force, bars)
        self.kit.drum(bar, "9...............|................", 57, 80 * force, bars)
