"""Cold start → music, of this tree and of others, in turn: `python -m tests.bench.start [TIMES] [OTHER_TREE ...]`.

Each round starts every tree once on the same private PulseAudio, so that a busy machine is equally busy for all.
Bytecode is cached, as for users. `chrt -r 5` before the command (as root) measures as on an idle machine.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent)]

from recording import Pulse, tone, write_wav  # noqa: E402
from running import Running, timetable  # noqa: E402

ALL_DAY = "at: 00:00-24:00, name: 全天, music: tone, volume: 100"


def main(times: int, trees: list[Path]) -> None:
    """Print the milliseconds of each tree to the first sample of music, and to the first answer to a phone."""
    heard: dict[Path, list[float]] = {tree: [] for tree in trees}
    answered: dict[Path, list[float]] = {tree: [] for tree in trees}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        music = folder / "music" / "tone"
        music.mkdir(parents=True)
        write_wav(music / "tone.wav", tone(120))
        (folder / "pulse").mkdir()
        with Pulse(folder / "pulse") as pulse:
            houses = [
                Running(
                    folder / f"home-{number}",
                    pulse.env | {"PYTHONPATH": str(tree)},
                    timetable=timetable(ALL_DAY),
                    music=folder / "music",
                )
                for number, tree in enumerate(trees)
            ]
            for attempt in range(times + 1):
                for tree, house in zip(trees, houses, strict=True):
                    began = house.start(wait=False)
                    sounded = pulse.recording.wait_sound(began, 20)
                    house.wait_ready()
                    ready = time.monotonic()
                    house.stop()
                    time.sleep(0.5)
                    if attempt:  # the first creates the database and computes the year's holidays
                        heard[tree].append(1000 * ((sounded or began + 99) - began))
                        answered[tree].append(1000 * (ready - began))
                    else:
                        print(f"{tree}: the very first {1000 * ((sounded or began + 99) - began):.0f} ms")
    for tree in trees:
        print(f"{tree}: music {spread(heard[tree])}; phone answered {spread(answered[tree])}")


def spread(values: list[float]) -> str:
    """Format median, best and worst."""
    return f"{statistics.median(values):.0f} [{min(values):.0f}–{max(values):.0f}] ms (n={len(values)})"


if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:2] else 10
    main(count, [ROOT, *(Path(tree) for tree in sys.argv[2:])])
