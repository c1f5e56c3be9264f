"""清泉, a clear spring: our own, in the zhi mode; a plucked lute over running water, a reed pipe, warm strings."""

from sounds.score.piece import Part, Piece

C = 60

SPRING = (
    "5, 6, 1 2 | 3 - 2 1 | 2 _3 5 32 | 1 - - 0 | 6, 1 2 3 | 5 - 3 2 | 1 _2 3 21 | 2 - - 0 |"
    "5, 6, 1 2 | 3 - 5 6 | 5 _6 3 23 | 5 - - 0 | 6 5 3 2 | 1 - 2 3 | 2 _1 6, 12 | 5, - - 0"
)
SPRING_CHORDS = "V | I | ii V | I | vi | I | vi | V | V | I | iii vi | I | vi | I | ii vi | V"
REED = (
    "5 - 6 1' | 2'* - 1' 6 | 5 - 6 53 | 5 - - 0 | 3 - 5 6 | 1'* - 6 5 | 3 - 2 12 | 3 - - 0 |"
    "2 - 3 5 | 6 - 5 3 | 5 - 3 21 | 2 - - 0 | 3 5 6 1' | 2' 1' 6 5 | 6 _5 3 23 | 5 - - 0"
)
REED_CHORDS = "I | ii | vi V | I | vi | vi | I V | iii | V | ii | I | V | vi | ii | vi V | I"
PEBBLES = (
    "0 0 0 0 | 0 0 5' 3' | 0 0 0 0 | 0 5 1' 3' | 0 0 0 0 | 0 0 1' 2' | 0 0 0 0 | 0 2' 5 6 |"
    "0 0 0 0 | 0 0 2' 1' | 0 0 0 0 | 0 2' 6 5 | 0 0 0 0 | 0 0 2' 6 | 0 0 0 0 | 0 1' 5 0"
)
INNER = (
    "2 - - 1 | 1 - 6, - | 2 - - - | 3 - - 5 | 3 - - 2 | 3 - - 5 | 6 - 5 - | 5 - 2 - |"
    "2 - - 1 | 1 - 3 - | 6, - 1 - | 3 - - 2 | 3 - 1 - | 3 - 5 - | 6 - 3 - | 2 - - -"
)
WATER = "0 2 3 4 5 4 3 2"


def compose() -> Piece:
    """Water; the lute; the reed; lute and reed in turn above all; the water runs on and is lost."""
    lute = Part("lute", 24, volume=98, pan=54, reverb=52)
    water = Part("water", 46, volume=106, pan=42, reverb=66)
    reed = Part("reed", 71, volume=70, pan=76, reverb=66, breath=True)
    strings = Part("strings", 49, volume=98, pan=64, reverb=72, loose=0.5)
    viola = Part("viola", 41, volume=82, pan=86, reverb=62, breath=True)
    drops = Part("vibraphone", 11, volume=127, pan=92, reverb=84)
    bass = Part("double bass", 32, volume=100, pan=60, reverb=36, loose=0.6)
    music = Piece("清泉", [(0, 80)], [lute, water, reed, strings, viola, drops, bass], seed=1127, room=0.74)

    water.arpeggio(0, "V | ii | I | V", C, 43, WATER, 58)
    drops.melody(2, "0 0 5 3' | 0 2' - -", C, 74, legato=2)

    lute.melody(4, SPRING, C + 12, 84, legato=1.3)
    water.arpeggio(4, SPRING_CHORDS, C, 43, "0 . 2 3 4 . 3 2", 46)
    strings.pad(12, "V | I | iii vi | I | vi | I | ii vi | V", C, 55, 72, 46)
    strings.swell(12, 8, 44, 84)

    reed.melody(20, REED, C, 76)
    water.arpeggio(20, REED_CHORDS, C, 43, WATER, 50)
    strings.pad(20, REED_CHORDS, C, 55, 72, 50)
    strings.swell(20, 16, 72, 92)
    bass.bass(20, REED_CHORDS, C, 36, "x-..", 60)
    drops.melody(20, PEBBLES, C, 74, legato=2)

    lute.melody(36, SPRING, C + 12, 88, legato=1.3)
    viola.melody(36, INNER, C, 66)
    reed.melody(36, PEBBLES, C, 62, legato=1.0)
    water.arpeggio(36, SPRING_CHORDS, C, 43, WATER, 52)
    strings.pad(36, SPRING_CHORDS, C, 55, 72, 54)
    strings.swell(36, 10, 88, 112)
    strings.swell(46, 6, 112, 74)
    bass.bass(36, SPRING_CHORDS, C, 36, "x-o-", 62)

    lute.melody(52, "5, 6, 1 2 | 3 - 2 1 | 2 _1 6, 12 | 5, - - -", C + 12, 72, legato=1.3)
    water.arpeggio(52, "V | I | ii vi | V | V", C, 43, "0 . 2 3 4 . 3 2", 44)
    strings.pad(52, "V | I | ii vi | V | V", C, 55, 72, 46)
    strings.swell(52, 5, 72, 14)
    drops.melody(55, "0 0 2' 6 | 5 2' 5' -", C, 76, legato=2)
    music.slow_down(54, 3, 80, 52)
    return music
