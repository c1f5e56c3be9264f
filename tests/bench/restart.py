"""Measure each step between the player's death and its music: on this machine, and on a slow core.

`python -m tests.bench restart`. The slow core is a control group with a third of this machine's core for daemon, player
and voice together, estimated to be as fast as a core of a Pi 4 (not compared with one). Without root it is left out.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from recording import Pulse, tone, write_wav  # noqa: E402
from running import Running, timetable  # noqa: E402
from slowcore import slow_core  # noqa: E402
from table import Row  # noqa: E402

from controller.sound.speaker import SETTLED_S  # noqa: E402

STAGES = ("python", "libraries", "device", "music")
WORDS = {
    "python": "noticed, Python up", "libraries": "libraries loaded", "device": "device open",
    "music": "music opened", "heard": "heard",
}  # fmt: skip
TIMES = int(os.environ.get("RESTART_TIMES", "10"))
SLOW = float(os.environ.get("RESTART_SHARE", "0.33"))
LIMIT_S = 2.0
DAY = timetable("at: 00:00-24:00, name: 全天, music: office, volume: 100")


class Deaths:
    """An office with music whose player is killed again and again."""

    def __init__(self, folder: Path) -> None:
        music = folder / "music" / "office"
        music.mkdir(parents=True)
        write_wav(music / "office.wav", tone(600, 300))
        (folder / "pulse").mkdir()
        self._stages = folder / "stages"
        self._pulse = Pulse(folder / "pulse")
        paths = os.pathsep.join((str(HERE / "stages"), str(HERE.parents[1])))
        env = {"PYTHONPATH": paths, "RESTART_STAGES": str(self._stages)}
        self._house = Running(folder / "home", self._pulse.env | env, timetable=DAY, music=music.parent)

    def measure(self, under: Sequence[str], times: int) -> list[dict[str, float]]:
        """Return the seconds of each stage, for each death."""
        with self._pulse as pulse, self._house as house:
            began = house.start(under=under)
            assert pulse.recording.wait_sound(began, 60) is not None, house.log()
            time.sleep(12)  # the voice has warmed up
            return [self._death() for _ in range(times)]

    def _death(self) -> dict[str, float]:
        self._stages.write_text("")
        killed = time.monotonic()
        os.kill(self._player(), signal.SIGKILL)
        time.sleep(0.1)  # longer than the sound that is left in the server's queue
        heard = self._pulse.recording.wait_sound(killed + 0.1, 30)
        assert heard is not None, self._house.log()
        moments = dict(line.split() for line in self._stages.read_text().splitlines())
        ends = [*(float(moments[stage]) for stage in STAGES), heard]
        starts = [killed, *ends[:-1]]
        time.sleep(SETTLED_S + 1)  # deaths in quick succession are answered later each time
        spans = (end - start for start, end in zip(starts, ends, strict=True))
        return dict(zip((*STAGES, "heard"), spans, strict=True)) | {"all": heard - killed}

    def _player(self) -> int:
        import psutil

        while True:
            for pid in self._house.pids()[1:]:
                with contextlib.suppress(psutil.Error):
                    if "controller.sound.player.process" in psutil.Process(pid).cmdline():
                        return pid
            time.sleep(0.02)


def rows() -> list[Row]:
    """Measure the deaths here, and on a slow core."""
    made = [_row("player killed → music", ())]
    with contextlib.suppress(OSError), slow_core(SLOW) as under:
        made.append(_row(f"the same on {SLOW:.0%} of a core", under))
    return made


def _row(what: str, under: Sequence[str]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        deaths = Deaths(Path(folder)).measure(under, TIMES)
    median = {name: statistics.median(one[name] for one in deaths) for name in deaths[0]}
    worst = max(one["all"] for one in deaths)
    parts = ", ".join(f"{words} {1000 * median[name]:.0f}" for name, words in WORDS.items())
    measured = f"{median['all']:.2f} s median, {worst:.2f} at most ({len(deaths)}); ms: {parts}"
    return Row(what, measured, f"≤ {LIMIT_S:.0f} s", worst <= LIMIT_S)


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ", flush=True)
