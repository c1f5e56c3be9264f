"""The drum corps of the rousing pieces and its patterns."""

from sounds.score.piece import Part

MARCH = "9..3..6.9.6.3.6."  # sixteenths of the great drum
ANSWER = "..5...7...5.7.77"
CALL = "9.......|9...9...|9..9..9.|9.9.9999"


class Drums:
    """The drum corps: two great drums, toms that answer, a kit for cymbals and side drum."""

    def __init__(self) -> None:
        self.deep = Part("great drum", 116, volume=108, pan=58, reverb=50, loose=0.8)
        self.high = Part("second drum", 116, volume=122, pan=78, reverb=50, loose=0.8)
        self.tom = Part("toms", 117, volume=116, pan=46, reverb=44, loose=0.8)
        self.kit = Part("orchestra kit", 48, volume=120, pan=64, reverb=56, drums=True, loose=0.8)
        self.parts = [self.deep, self.high, self.tom, self.kit]

    def blow(self, bar: float, beat: float, force: float = 1.0) -> None:
        """Everything at once."""
        at = bar + beat / self.deep.beats_per_bar
        for part, pitch in ((self.deep, 43), (self.deep, 50), (self.high, 62), (self.tom, 50)):
            part.drum(at, "9...", pitch, 112 * force)
        for pitch in (36, 57):
            self.kit.drum(at, "9...", pitch, 96 * force)

    def summons(self, bar: int, force: float = 1.0) -> None:
        """Four bars: single blows that come closer and closer, then a roll."""
        self.blow(bar, 0, force)
        self.deep.drum(bar, CALL, 47, 112 * force, 4)
        self.high.drum(bar, "....5.5.|..5...57|.5.5.5.5|.7.7.7.7", 64, 98 * force, 4)
        self.tom.drum(bar + 1, "......7.....7.5.|....7.5.....7.7.|..7.5.7...7.7.77", 55, 92 * force, 3)
        self.kit.drum(bar + 2, "................|3.3.4.4.5.6.7.89", 38, 84 * force, 2)
        self.deep.roll(self.deep.beat(bar + 3) + 2, 2, 47, 60, 112 * force, 4)

    def march(self, bar: int, bars: int, force: float = 1.0) -> None:
        """The marching figure, a cymbal at the head of every four bars, a fill at their end."""
        self.deep.drum(bar, MARCH, 47, 108 * force, bars)
        self.high.drum(bar, ANSWER, 64, 98 * force, bars)
        self.kit.drum(bar, "....6.......6.33|....6...3.3.6.66", 38, 70 * force, bars)
        for four in range(bar, bar + bars, 4):
            self.kit.drum(four, "9...", 57, 84 * force)
            self.kit.drum(four, "8.....7.", 36, 84 * force, 4)
            self.tom.drum(four + 3, "........7.7.8.99", 52, 100 * force)
            self.tom.drum(four + 3, "........8..8..8.", 59, 92 * force)

    def toms(self, bar: int, bars: int) -> None:
        """A lighter step that leaves space for others."""
        self.tom.drum(bar, "8..5..8...5.8...|8..5..8...5.8.55", 52, 92, bars)
        self.high.drum(bar, "....7.......7...", 66, 84, bars)
        self.deep.drum(bar, "9...............|9.......6.......", 47, 100, bars)
        self.kit.drum(bar + bars - 1, "........3.4.5.78", 38, 84)

    def step(self, bar: int, bars: int) -> None:
        """Side drum and one great drum, for players who march."""
        self.deep.drum(bar, "9.......7.......|9.......7...5...", 47, 100, bars)
        self.kit.drum(bar, "5...6.335...6.33|5...6.335.3.6666", 38, 66, bars)
        self.high.drum(bar, "....6.......6...", 66, 78, bars)
