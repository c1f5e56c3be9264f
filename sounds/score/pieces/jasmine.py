"""茉莉花: the tune from Jiangsu, known since the 18th century as 鲜花调; this arrangement is our own."""

from sounds.score.piece import Part, Piece

D, G = 62, 67

TUNE = (
    "3 35 61' 1'6 | 5 56 5 - | 3 35 61' 1'6 | 5 56 5 - | 5 5 5 35 | 6 6 5 - | 3 23 5 32 | 1 12 1 - |"
    "32 13 2 _3 | 5 61' 5 - | 2 35 23 16, | 5, - 6, 1 | 2 _3 12 16, | 5, - - -"
)
# The same tune as a zither player would give it: slides into the long notes, tremolo where the voice would hold.
ZITHER = (
    (
        "/3 35 61' 1'6 | /5 56 5~ - | 3 35 61' 1'6 | /5 56 5~ - | 5 5 /5 35 | 6 /6 5~ - | 3 23 5 32 | 1 12 1~ - |"
        "32 13 /2 _3 | 5 61' 5~ - | 2 35 23 16, | 5, - 6, 1 | /2 _3 12 16, | 5,~ - - -"
    )
    .replace("/3", "3/")
    .replace("/5", "5/")
    .replace("/6", "6/")
    .replace("/2", "2/")
)
FLUTE = (
    "3 35 61' 1'6 | 5* 56 5 - | 3 356 1'2' 1'6 | 5 56 5 - | 5* 5 5 356 | 6* 65 5 - | 3 23 5 3532 | 1 12 1 - |"
    "32 13 2 _3 | 5 61' 5 - | 2 35 2321 16, | 5, - 6, 1 | 2 _3 1232 16, | 5, - - -"
)
CHORDS = "I | I | vi | I | iii | vi | I V | I | vi V | I | ii vi | V | ii vi | V"
CLOSE = "I | I | vi | I | iii | vi | I V | I | vi V | I | ii vi | V | ii V | I"
ANSWER = (  # a second voice that moves where the tune rests
    "0 0 0 0 | 0 0 3' 2'1' | 6 - - - | 0 0 1' 2' | 3' - 1' - | 0 0 3' 2' | 1' - 2' - | 0 0 5 6 |"
    "1' - 2' - | 0 0 1'2' 3' | 2' - 1' - | 0 2' 1'6 5 | 6 - 5 - | 0 2 3 5"
)


def compose() -> Piece:
    """Harp alone; the zither sings; the flute, with strings; a bridge; all, a fourth higher; the harp closes."""
    zither = Part("guzheng", 107, volume=118, pan=50, reverb=58)
    flute = Part("flute", 73, volume=84, pan=76, reverb=70, breath=True)
    harp = Part("harp", 46, volume=104, pan=36, reverb=60)
    strings = Part("strings", 49, volume=104, pan=64, reverb=70, loose=0.5)
    cello = Part("cello", 42, volume=70, pan=82, reverb=60, breath=True)
    bass = Part("contrabass", 43, volume=80, pan=58, reverb=40, loose=0.5)
    music = Piece("茉莉花", [(0, 66)], [zither, flute, harp, strings, cello, bass], seed=1804, room=0.75)

    harp.arpeggio(0, "I | vi | ii | V", D, 45, "0 1 2 3 4 5 4 3", 62)
    strings.pad(2, "ii | V", D, 57, 74, 44)
    strings.swell(2, 2, 50, 90)

    zither.melody(4, ZITHER, D, 92)
    harp.arpeggio(4, CHORDS, D, 45, "0 . 2 3 4 . 3 2", 46)
    strings.pad(8, "iii | vi | I V | I | vi V | I | ii vi | V | ii vi | V", D, 57, 74, 40)
    strings.swell(8, 10, 45, 75)

    flute.melody(18, FLUTE, D + 12, 74)
    zither.melody(18, ANSWER, D, 58)
    harp.arpeggio(18, CHORDS, D, 45, "0 2 4 3 5 4 3 2", 48)
    strings.pad(18, CHORDS, D, 55, 72, 50)
    strings.swell(18, 7, 70, 100)
    strings.swell(25, 7, 100, 75)
    bass.bass(18, CHORDS, D, 38, "x---", 52)

    cello.melody(32, "5, - 6, 1 | 2 - 3 2 | 1 - 2 3 | 5 - - -", D, 72)
    harp.arpeggio(32, "vi | ii | vi | I", D, 45, "0 1 2 3 4 3 2 1", 52)
    strings.pad(34, "vi | I", D, 57, 74, 44)

    flute.melody(36, FLUTE.replace("| 5, - - -", "| 1 - - -"), G, 80)
    zither.melody(36, ZITHER.replace("| 5,~ - - -", "| 1~ - - -"), G, 72)
    cello.melody(36, ANSWER, G - 24, 62)
    harp.arpeggio(36, CLOSE, G, 43, "0 1 2 3 4 3 2 1", 54)
    strings.pad(36, CLOSE, G, 55, 74, 56)
    strings.swell(36, 8, 80, 112)
    strings.swell(44, 6, 112, 70)
    bass.bass(36, CLOSE, G, 38, "x-o-", 52)

    zither.melody(50, "3 35 61' 1'6 | 5 56 5 - | 2 35 23 16, | 1~ - - -", G, 66)
    harp.arpeggio(50, "I | vi | ii V", G, 43, "0 . 2 . 3 . 2 .", 46)
    strings.pad(50, "I | vi | ii V | I | I", G, 55, 72, 44)
    strings.swell(50, 5, 70, 12)
    harp.melody(54, "135 1'3'5' 1'' -", G - 12, 54, legato=3)
    bass.bass(53, "I", G, 38, "x---", 40)
    bass.swell(53, 1, 100, 16)
    music.slow_down(52, 2.5, 66, 44)
    return music
