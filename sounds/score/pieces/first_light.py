"""晨光, first light: our own, in three, in the gong mode; piano, pan pipes and strings, brighter bar by bar."""

from sounds.score.piece import Part, Piece

F, G = 65, 67

DAWN = (
    "3 5 6 | 1' - 6 | 5 - 3 | 5 - - | 6 1' 2' | 3' - 2' | 1' - 6 | 5 - - |"
    "3 5 6 | 1' - 6 | 5 - 3 | 2 - - | 3 - 5 | 6 5 3 | 2 - 3 | 1 - -"
)
SUNG = (
    "3 5 56 | 1'* - 6 | 5 - 35 | 5 - 0 | 6 1' 2' | 3' - 2'1' | 1' - 6 | 5 - 0 |"
    "3 5 56 | 1'* - 6 | 5 - 35 | 2 - 0 | 3 - 5 | 6 53 23 | 2* - 3 | 1 - 0"
)
DAWN_CHORDS = "I | vi | iii | V | vi | I | IV9 | V | I | vi | I | ii | vi | iii | V | I"
SKY = (
    "2' - 3' | 2' 1' 6 | 1' - 2' | 6 - - | 5 - 6 | 5 3 2 | 3 - 5 | 2 - - |"
    "2' - 3' | 5' 3' 2' | 3' - 2' | 1' - 6 | 5 6 1' | 6 5 3 | 2 - 3 | 1 - -"
)
SKY_CHORDS = "V | ii | vi | vi | I | V | iii | V | V | I | vi | IV | I | iii | V | I"
SECOND = (  # below the tune, moving while it rests
    "1 - 3 | 5 - 3 | 2 - 1 | 2 3 5 | 3 - 6 | 5 - 5 | 6 - 1' | 2' 1' 6 |"
    "5 - 3 | 3 - 1 | 3 - 1 | 6, 1 2 | 1 - 2 | 3 - 1 | 6, - 5, | 1 - -"
)
SPARKS = (
    "0 0 0 | 0 0 0 | 0 0 0 | 0 1'2' 3' | 0 0 0 | 0 0 0 | 0 0 0 | 0 56 2' |"
    "0 0 0 | 0 0 0 | 0 0 0 | 0 1'2' 6 | 0 0 0 | 0 0 0 | 0 0 0 | 3 51' 0"
)
WALTZ = "0 2 3 4 3 2"


def compose() -> Piece:
    """Piano alone; pipes over the piano; the strings open; a whole tone higher together; a bell and stillness."""
    piano = Part("piano", 0, volume=114, pan=58, reverb=56)
    left = Part("piano left", 0, volume=100, pan=52, reverb=56)
    pipes = Part("pan pipes", 75, volume=50, pan=78, reverb=76, breath=True)
    violins = Part("violins", 48, volume=92, pan=44, reverb=70, breath=True, loose=0.6)
    strings = Part("strings", 49, volume=102, pan=66, reverb=72, loose=0.5)
    celesta = Part("celesta", 8, volume=100, pan=90, reverb=80)
    plucked = Part("pizzicato", 45, volume=66, pan=70, reverb=60)
    parts = [piano, left, pipes, violins, strings, celesta, plucked]
    music = Piece("晨光", [(0, 84)], parts, seed=630, beats_per_bar=3, room=0.72)

    left.arpeggio(0, "I | vi | ii | V", F, 41, WALTZ, 50)
    celesta.melody(2, "0 0 5' | 3' - -", F, 46, legato=2)

    piano.melody(4, DAWN, F, 76, legato=1.1)
    left.arpeggio(4, DAWN_CHORDS, F, 41, WALTZ, 46)
    strings.pad(12, "I | vi | I | ii | vi | iii | V | I", F, 53, 70, 40)
    strings.swell(12, 8, 40, 76)

    pipes.melody(20, SUNG, F, 76)
    left.arpeggio(20, DAWN_CHORDS, F, 41, WALTZ, 48)
    piano.melody(20, SECOND, F, 54, legato=1.1)
    strings.pad(20, DAWN_CHORDS, F, 53, 70, 44)
    strings.swell(20, 16, 66, 88)
    plucked.bass(28, "I | vi | I | ii | vi | iii | V | I", F, 41, "x..", 58)

    violins.melody(36, SKY, F, 74)
    violins.swell(36, 8, 92, 112)
    violins.swell(44, 8, 118, 92)
    left.arpeggio(36, SKY_CHORDS, F, 41, "0 2 4 5 4 2", 52)
    strings.pad(36, SKY_CHORDS, F, 50, 67, 48)
    strings.swell(36, 12, 84, 108)
    strings.swell(48, 4, 108, 80)
    plucked.bass(36, SKY_CHORDS, F, 41, "x.o", 60)
    celesta.melody(36, SPARKS, F, 50, legato=2)

    pipes.melody(52, SUNG, G, 82)
    violins.melody(52, SECOND, G, 62)
    violins.swell(52, 16, 88, 100)
    piano.melody(52, DAWN, G, 66, legato=1.1)
    left.arpeggio(52, DAWN_CHORDS, G, 41, "0 2 4 5 4 2", 52)
    strings.pad(52, DAWN_CHORDS, G, 53, 70, 50)
    strings.swell(52, 10, 88, 110)
    strings.swell(62, 6, 110, 80)
    plucked.bass(52, DAWN_CHORDS, G, 41, "x.o", 60)
    celesta.melody(52, SPARKS, G, 48, legato=2)

    piano.melody(68, "3 5 6 | 1' - 6 | 5 - 3 | 2 - 3 | 1 - - | 0 0 0", G, 66, legato=1.1)
    left.arpeggio(68, "I | vi | iii | V", G, 41, WALTZ, 44)
    strings.pad(68, "I | vi | iii | V | I | I", G, 53, 70, 42)
    strings.swell(68, 6, 76, 22)
    left.melody(72, "1 5 3' | 0 0 0", G - 24, 50, legato=4)
    celesta.melody(72, "0 5 1' | 3' - -", G, 44, legato=2)
    music.slow_down(69, 4, 84, 56)
    return music
