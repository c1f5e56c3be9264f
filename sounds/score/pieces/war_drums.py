"""战鼓, war drums: our own, in the yu mode. The drums speak first, then horns, trumpets, and the whole camp."""

from sounds.score.piece import Part, Piece
from sounds.score.pieces.drums import Drums

C, D = 60, 62

CHARGE = "6, _6, 1 2 | 3 - - 23 | 5 _3 2 12 | 3 - - - | 6 _6 5 3 | 2 _3 5 3 | 2 12 3 1 | 6, - - 0"
BANNERS = "1' - 1' _6 | 5 6 1' - | 2' - 2' _1' | 6 - - 0 | 3' - 2' 1' | 6 1' 5 - | 3 5 6 _5 | 6 - - 0"
ECHO = "0 0 0 0 | 0 0 3 _5 | 6 - - 0 | 0 0 6 _1' | 1' - - 0 | 0 0 2 _3 | 5 - 5 - | 0 3 6 6"
CHARGE_CHORDS = "vi | I | V | vi | vi | V | ii V | vi"
BANNER_CHORDS = "I | I | V | vi | I | vi I | iii V | vi"
GALLOP = "0 . 0 0 2 . 0 0 0 . 0 0 2 . 1 0"


def compose() -> Piece:
    """Drums; horns over galloping strings; trumpets; the banners; drums alone; all, and a whole tone higher."""
    drums = Drums()
    horns = Part("horns", 60, volume=84, pan=44, reverb=62)
    trumpets = Part("trumpets", 56, volume=102, pan=80, reverb=62)
    low = Part("low brass", 57, volume=78, pan=70, reverb=56)
    gallop = Part("gallop", 48, volume=124, pan=50, reverb=40, loose=0.7)
    strings = Part("strings", 48, volume=94, pan=74, reverb=56, loose=0.7)
    shenai = Part("suona", 111, volume=104, pan=60, reverb=62)
    bass = Part("basses", 43, volume=96, pan=60, reverb=34, loose=0.7)
    music = Piece(
        "战鼓",
        [(0, 126)],
        [horns, trumpets, low, gallop, strings, shenai, bass, *drums.parts],
        seed=1255,
        room=0.6,
    )

    drums.summons(0, 1.1)
    horns.melody(1, "0 0 6, - | 6, - 1 2 | 3 - - -", C, 88)
    low.melody(1, "0 0 6, - | 6, - - - | 6, - - -", C - 12, 84)
    horns.melody(4, "0 0 0 0 | 0 0 6, 1 | 3 - - - | 2 - - -", C, 84)
    drums.march(4, 4)
    music.slow_down(4, 4, 126, 134)

    _camp(8, C, gallop, bass, CHARGE_CHORDS)
    horns.melody(8, CHARGE, C, 92)
    drums.march(8, 8, 0.86)

    _camp(16, C, gallop, bass, CHARGE_CHORDS)
    trumpets.melody(16, CHARGE, C + 12, 90)
    horns.melody(16, ECHO, C, 84)
    strings.pad(16, CHARGE_CHORDS, C, 64, 81, 70)
    drums.march(16, 8)

    _camp(24, C, gallop, bass, BANNER_CHORDS, 66)
    shenai.melody(24, BANNERS, C, 80)
    strings.melody(24, BANNERS, C, 80)
    low.melody(24, ECHO, C - 12, 72)
    drums.toms(24, 8)

    drums.summons(32, 0.9)
    gallop.arpeggio(33, "vi | vi | V", C, 45, GALLOP, 60, 0.25)
    gallop.swell(33, 3, 30, 127)

    _camp(36, C, gallop, bass, CHARGE_CHORDS)
    horns.melody(36, CHARGE, C, 94)
    trumpets.melody(36, ECHO, C, 86)
    low.pad(36, CHARGE_CHORDS, C, 43, 57, 74)
    drums.march(36, 8)

    _camp(44, D, gallop, bass, BANNER_CHORDS)
    trumpets.melody(44, BANNERS, D, 96)
    shenai.melody(44, BANNERS, D, 78)
    strings.melody(44, BANNERS, D + 12, 84)
    horns.melody(44, ECHO, D, 88)
    low.pad(44, BANNER_CHORDS, D, 43, 58, 78)
    drums.march(44, 8, 1.04)

    drums.toms(52, 4)
    gallop.arpeggio(52, "vi | vi | V | V", D, 45, GALLOP, 74, 0.25)
    bass.bass(52, "vi | vi | V | V", D, 33, "x-x-", 80)
    horns.melody(52, "6, - - - | 1 - 2 - | 2 - - - | 3 - 5 -", D, 84)

    _camp(56, D, gallop, bass, CHARGE_CHORDS)
    trumpets.melody(56, CHARGE, D + 12, 100)
    horns.melody(56, CHARGE, D, 98)
    shenai.melody(56, ECHO, D, 82)
    strings.pad(56, CHARGE_CHORDS, D, 66, 83, 82)
    low.pad(56, CHARGE_CHORDS, D, 43, 58, 82)
    drums.march(56, 8, 1.08)

    _last_blows(64, [trumpets, horns, strings, low, bass], drums)
    music.slow_down(65, 1.5, 134, 104)
    return music


def _camp(bar: int, tonic: int, gallop: Part, bass: Part, chords: str, velocity: float = 76) -> None:
    """The running strings under everything."""
    gallop.arpeggio(bar, chords, tonic, 45, GALLOP, velocity, 0.25)
    bass.bass(bar, chords, tonic, 33, "x-x-", velocity + 8)


def _last_blows(bar: int, players: list[Part], drums: Drums) -> None:
    places = {"trumpets": D + 12, "horns": D, "strings": D + 12, "low brass": D - 12, "basses": D - 24}
    for player in players:
        player.melody(bar, "6, 0 6, 0 | 3 5 2 3 | 6, - - - | 0 0 0 0", places[player.name], 104)
    drums.blow(bar, 0)
    drums.blow(bar, 2)
    drums.deep.roll(drums.deep.beat(bar + 1), 4, 47, 50, 120, 6)
    drums.blow(bar + 2, 0, 1.1)
