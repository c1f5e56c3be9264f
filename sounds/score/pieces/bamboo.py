"""竹影, bamboo shadows: our own, in the yu mode, for an end-blown flute and a zither on a still morning."""

from sounds.score.piece import Part, Piece

G = 67

CALL = "6, - 1 2 | 3 - - 23 | 5 3* 2 12 | 6, - - 0 | 1 - 2 3 | 5* - 6 53 | 2 3 21 6,1 | 6, - - 0"
REPLY = "6, 0 1/ 2 | 3/ 35 3~ - | 5 53 2/ 12 | 6,~ - - 0 | 1 12 2/ 3 | 5/ 56 65 53 | 2 3/ 21 6,1 | 6,~ - - 0"
RISE = "6 - 1' 65 | 6* - - 0 | 5 - 6 53 | 3 - - 0 | 2 35 6 53 | 2* - 3 5 | 3 2 1 6,1 | 6, - - 0"
HIGH = "6 61' 2'* 1'6 | 1' - 2' 3' | 2' 1'6 5 61' | 6 - - 0 | 5 6 1'* 65 | 3 - 5 32 | 1 23 21 6,1 | 6, - - 0"
CALL_CHORDS = "vi | I | ii V | vi | I | V | ii V | vi"
RISE_CHORDS = "vi | ii | I | vi | ii | V | I V | vi"
UNDER = "3 - - 2 | 3 - 5 - | 2 - 5, - | 6, - 1 2 | 3 - 2 1 | 2 - 5, 6, | 2 - 5, - | 6, - - -"
STILL = "3 - - - | 2 - - - | 1 - - 2 | 3 - - - | 2 - - 3 | 5 - 2 - | 3 - 2 - | 1 - 6, -"


def compose() -> Piece:
    """A call over single drops; the zither replies; the melody rises twice; flute and zither in imitation."""
    pipe = Part("xiao", 77, volume=66, pan=72, reverb=80, breath=True)
    zither = Part("guzheng", 107, volume=118, pan=48, reverb=66)
    drops = Part("harp", 46, volume=100, pan=40, reverb=74)
    bells = Part("vibraphone", 11, volume=127, pan=84, reverb=90)
    strings = Part("strings", 49, volume=100, pan=62, reverb=80, loose=0.5)
    cello = Part("cello", 42, volume=72, pan=80, reverb=66, breath=True)
    music = Piece("竹影", [(0, 60)], [pipe, zither, drops, bells, strings, cello], seed=1755, room=0.82)

    drops.arpeggio(0, "vi | ii | I | vi", G, 40, "0 . 2 . 3 . 4 3", 58)
    bells.melody(2, "0 0 6 3' | 0 0 2' 6", G, 88, legato=3)

    pipe.melody(4, CALL, G, 76)
    drops.arpeggio(4, CALL_CHORDS, G, 40, "0 . 2 . 3 . 2 .", 50)
    strings.pad(8, "I | V | ii V | vi", G, 55, 72, 42)
    strings.swell(8, 4, 40, 80)

    zither.melody(12, REPLY, G, 88)
    drops.arpeggio(12, CALL_CHORDS, G, 40, "0 . 2 3 4 . 3 2", 46)
    strings.pad(12, CALL_CHORDS, G, 55, 72, 44)
    strings.swell(12, 8, 64, 84)
    cello.melody(16, "0 0 0 0 | 0 0 3 2 | 1 - 2 - | 3 - - -", G - 12, 60)

    pipe.melody(20, RISE, G, 80)
    drops.arpeggio(20, RISE_CHORDS, G, 40, "0 1 2 3 4 3 2 3", 48)
    strings.pad(20, RISE_CHORDS, G, 55, 74, 48)
    strings.swell(20, 8, 74, 96)
    cello.melody(20, UNDER, G - 12, 60)

    pipe.melody(28, HIGH, G, 84)
    zither.melody(28, STILL, G, 66)
    drops.arpeggio(28, RISE_CHORDS, G, 40, "0 2 3 4 5 4 3 2", 50)
    strings.pad(28, RISE_CHORDS, G, 55, 74, 52)
    strings.swell(28, 5, 96, 112)
    strings.swell(33, 3, 112, 76)
    cello.melody(28, UNDER, G - 12, 64)
    bells.melody(31, "0 6' 3' 6 | 0 0 0 0 | 0 0 0 0 | 0 0 0 0 | 0 6 3 6'", G, 82, legato=3)

    zither.melody(36, REPLY, G, 80)
    pipe.melody(
        36, "0 0 6, - | 1 2 3 - | 0 0 5 3 | 2 12 6, - | 0 0 1 2 | 3 - 5 - | 6 53 2 3 | 6, - - 0", G, 66
    )
    drops.arpeggio(36, CALL_CHORDS, G, 40, "0 . 2 . 4 . 3 .", 46)
    strings.pad(36, CALL_CHORDS, G, 55, 72, 44)
    strings.swell(36, 8, 72, 56)

    pipe.melody(44, "6, - 1 2 | 3 - - - | 2 - 1 - | 6, - - -", G, 62)
    drops.arpeggio(44, "vi | I | ii V | vi", G, 40, "0 . 2 . 3 . . .", 42)
    strings.pad(44, "vi | I | ii V | vi | vi", G, 55, 72, 40)
    strings.swell(44, 5, 60, 24)
    zither.melody(47, "0 0 3 6 | 1' 3' 6' -", G - 12, 58, legato=3)
    bells.melody(48, "0 0 0 6' | 3' - - -", G, 76, legato=1)
    music.slow_down(45, 3.5, 60, 40)
    return music
