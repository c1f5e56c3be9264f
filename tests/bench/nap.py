"""Random days around quiet time on the real office, the real player and SDL's mixer, faster than real time.

Method: the mixer writes into a pipe of one page that is read block by block, so it runs only as fast as the
reader; the clocks of office and player advance by the length of each block. Everything between the timetable
and the samples is real except for two things: the announcer is replaced by one that plays everything at once and
ignores quiet time, and in addition to the office's commands the player gets commands that no office would send.

SDL's fades of a clip that is cut use the machine's clock: while one lasts, the scenario waits.

Required: during quiet time and mute every sample is zero. After an unforeseeable change
(mute, a clock set into quiet time) the present sound has `PARDON_S` to end.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE), str(HERE.parent), str(HERE.parent / "services")]

from fakes import SHANGHAI, FakeAnnouncer, FakeSpeaker  # noqa: E402
from office_made import House  # noqa: E402
from recording import RATE, tone, write_wav  # noqa: E402
from table import Row  # noqa: E402

from controller.sales.model import Refused  # noqa: E402
from controller.sound.playback import Job, Report  # noqa: E402
from controller.sound.player import protocol  # noqa: E402
from controller.sound.speaker import Duck, MusicOrder, Part, Track  # noqa: E402

BLOCK = 1024  # frames
PARDON_S = 0.4
PULSE_S = 1.0
LASTS_S = 45.0
ACTIONS_PER_S = 0.5
NAP = (
    datetime(2026, 11, 24, 12, 30, 10, tzinfo=SHANGHAI),
    datetime(2026, 11, 24, 12, 30, 30, tzinfo=SHANGHAI),
)
TIMETABLE = """
office: 北京分公司
holidays: none
rhythm:
  - {at: "12:29:00-12:30:10", name: 人马安顿, music: morning, volume: 60}
  - {at: "12:30:10-12:30:30", name: 小憩, quiet: true, wall: dark}
  - {at: "12:30:30-12:32:00", name: 战鼓再响, music: rousing, volume: 70}
cues:
  - {at: "12:30:05", say: 请大家休息。}
  - {at: "12:30:33", say: 下午好。}
sound: {fade_in_s: 0.5, fade_out_s: 1}
"""


class Tape:
    """The mixer's output, block by block; the mixer runs at most 60 ms ahead."""

    def __init__(self, folder: Path):
        pipe = folder / "disk.pcm"
        os.mkfifo(pipe)
        self._end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self._end, fcntl.F_SETPIPE_SZ, 4096)
        os.environ |= {
            "SDL_AUDIODRIVER": "disk", "SDL_DISKAUDIOFILE": str(pipe), "SDL_DISKAUDIODELAY": "0",
        }  # fmt: skip
        self._rest = b""

    def block(self) -> np.ndarray:
        """Return the next 23 ms."""
        while len(self._rest) < 4 * BLOCK:
            assert select.select([self._end], [], [], 10)[0], "the mixer has stopped"
            self._rest += os.read(self._end, 4096)
        data, self._rest = self._rest[: 4 * BLOCK], self._rest[4 * BLOCK :]
        return np.frombuffer(data, "<i2")

    def while_closing(self, close: Callable[[], None]) -> np.ndarray:
        """Close the mixer; return the samples still in it.

        Read to the end of the pipe: on a busy machine the mixer's last buffer arrives after the last look
        at a thread that still closes it, and the next player would be blamed for it.
        """
        over = threading.Thread(target=close)
        over.start()
        left = self._rest
        while over.is_alive():
            if select.select([self._end], [], [], 0.01)[0]:
                left += os.read(self._end, 4096)
        while rest := os.read(self._end, 4096):  # the writer is gone: at the end this returns nothing
            left += rest
        self._rest = b""
        return np.frombuffer(left[: len(left) // 2 * 2], "<i2")


class Box:
    """The player in this process, with the scenario's clock and commands."""

    def __init__(
        self, tape: Tape, clock: Callable[[], float], on_news: Callable[[str, dict[str, Any]], None]
    ):
        from controller.sound.player import mixer, process

        process.time = SimpleNamespace(monotonic=clock)  # type: ignore[assignment]
        process.notify = lambda do, **values: on_news(do, values)
        self._pygame, self._tape, self._clock = mixer.pygame, tape, clock
        opened = mixer.Device()
        self._fade_out, opened.fade_out = opened.fade_out, self._fade  # type: ignore[method-assign]
        self._player = process.Player(opened)
        self.fading = 0.0

    def _fade(self, fade_s: float) -> None:
        self._fade_out(fade_s)
        self.fading = self._clock() + fade_s + 0.05

    def command(self, do: str, **values: Any) -> None:
        self._player._execute(protocol.line(do, **values).strip())

    def tick(self) -> None:
        now = self._clock()
        self._player._send_events(now)
        self._player._announcements.tick(now)
        self._player._music.tick(now)

    def close(self) -> np.ndarray:
        return self._tape.while_closing(self._pygame.mixer.quit)


class Wire(FakeSpeaker):
    """A speaker that sends the office's commands to the player, and all of them to each new player."""

    def __init__(self) -> None:
        super().__init__()
        self.box: Box | None = None

    def music(self, order: MusicOrder | None) -> None:
        super().music(order)
        self._send("music", order=order)

    def quiet(self, spans: Any) -> None:
        super().quiet(spans)
        self._send("quiet", spans=self.spans)

    def master(self, volume: int, ceiling: int = 100) -> None:
        super().master(volume, ceiling)
        self._send("master", volume=volume, ceiling=ceiling)

    def connect(self, box: Box) -> None:
        self.box = box
        for do, value in (("master", {"volume": self.volume}), ("quiet", {"spans": self.spans})):
            box.command(do, **value)
        box.command("music", order=self.order)

    def _send(self, do: str, **values: Any) -> None:
        if self.box is not None:
            self.box.command(do, **values)


class Rude(FakeAnnouncer):
    """An announcer that plays everything at once, ignores quiet time, and retries what was cut off."""

    def wire_to(self, wire: Wire, clips: list[Path], chance: random.Random) -> None:
        self.wire, self.clips, self.chance = wire, clips, chance
        self.saying: Job | None = None

    def go_on(self) -> None:
        if self.queue is not None and self.saying is None and self.wire.box is not None:
            self.saying = self.queue.take(urgent=False, begin=lambda job: None)
            if self.saying is not None:
                self.announce(self.saying.id)

    def announce(self, ident: int) -> None:
        more = self.chance.random() < 0.3
        parts = [Part(self.chance.choice(self.clips)) for _ in range(self.chance.randint(1, 2))]
        assert self.wire.box is not None
        self.wire.box.command("announce", id=ident, parts=parts, open=more, duck=Duck(), until=None)
        if more:
            self.wire.box.command("append", id=ident, part=Part(self.chance.choice(self.clips)))
            self.wire.box.command("finish", id=ident)

    def on_news(self, do: str, values: dict[str, Any], mono: float) -> None:
        job = self.saying
        if do != "done" or job is None or values["id"] != job.id:
            return
        self.saying = None
        if values["why"] in ("quiet", "busy"):
            self.report(Report(job.id, "waiting", "", mono, mono))
        else:
            self.report(Report(job.id, "heard" if values["ok"] else "not_heard", "", mono, mono))


class Quarter(House):
    """A house with the timetable above whose speaker is wired to the player."""

    wire: Wire

    def open(self) -> None:
        self.speaker, self.announcer = self.wire, Rude()
        self.announcer.wire_to(self.wire, self.clips, self.chance)
        super().open()


class Scenario:
    """One random period around quiet time."""

    def __init__(self, tape: Tape, folder: Path, clips: list[Path], seed: int):
        self.chance = random.Random(seed)
        self.tape, self.clips = tape, clips
        Quarter.wire, Quarter.clips, Quarter.chance = Wire(), clips, self.chance  # type: ignore[attr-defined]
        start = NAP[0] + timedelta(seconds=self.chance.uniform(-15, 25))
        self.house = Quarter(folder, start, TIMETABLE)
        self.wrong = self.quiet = self.loud = 0
        self.muted_until: datetime | None = None
        self.pardon = 0.0
        self.box = self._player()

    def _player(self) -> Box:
        clock = self.house.clock
        box = Box(
            self.tape,
            clock.monotonic,
            lambda do, values: self.house.announcer.on_news(do, values, clock.mono),
        )
        self.house.speaker.connect(box)
        return box

    def live(self) -> None:
        """Run all of it; the counts are valid afterwards."""
        over = self.house.clock.mono + LASTS_S
        look, act = 0.0, 0.0
        while (mono := self.house.clock.mono) < over:
            self.box.tick()
            if mono < self.box.fading:
                time.sleep(BLOCK / RATE)
            self._hear(self.tape.block())
            self.house.clock.go(seconds=BLOCK / RATE)
            self.house.announcer.go_on()
            if mono >= act:
                act = mono + self.chance.expovariate(ACTIONS_PER_S)
                self._act()
                look = 0.0
            if mono >= look:
                look = mono + PULSE_S
                self.house.keeper.refresh()
        self._end()

    def _end(self) -> None:
        self._hear(self.box.close())
        self.house.close()

    def _demanded(self) -> bool:
        now = self.house.clock.now()
        after = now + timedelta(seconds=BLOCK / RATE)
        muted = self.muted_until is not None and after < self.muted_until
        return muted or (NAP[0] <= now and after < NAP[1])

    def _hear(self, samples: np.ndarray) -> None:
        if self._demanded() and self.house.clock.mono >= self.pardon:
            self.quiet += samples.size
            self.wrong += int(np.count_nonzero(samples))
        else:
            self.loud += int(np.count_nonzero(samples))

    def _act(self) -> None:
        office, chance = self.house.office, self.chance
        acts: list[Callable[[], object]] = [
            lambda: self.house.deal("王小明", chance.choice((500, 12000, 80000))),
            lambda: office.speech.announce("车库有一辆车没关灯。", f"k{chance.random()}"),
            lambda: self._raw_announcement(),
            lambda: self._raw_music(),
            lambda: office.music.play(chance.choice(office.library.playlists())),
            office.music.next_track,
            lambda: office.music.set_volume(chance.randint(20, 100)),
            office.speech.stop_all,
            lambda: self._suddenly(self._mute),
            lambda: self._suddenly(self._jump),
            self._restart,
        ]
        weights = (4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1)
        with contextlib.suppress(Refused):
            chance.choices(acts, weights)[0]()

    def _raw_announcement(self) -> None:
        self.house.announcer.announce(900000 + self.chance.randrange(1000))

    def _raw_music(self) -> None:
        begin = self.house.clock.mono + self.chance.uniform(-5, 20)
        track = Track(self.clips[-1], 0.0, 6.0)
        until = self.chance.choice((None, begin + 60))
        self.box.command("music", order=MusicOrder((track,), begin, until=until))

    def _suddenly(self, act: Callable[[], None]) -> None:
        before = self._demanded()
        act()
        if not before:
            self.pardon = self.house.clock.mono + PARDON_S

    def _mute(self) -> None:
        minutes = self.chance.choice((0, 1))
        self.house.office.music.mute_for(minutes)
        self.muted_until = self.house.clock.now() + timedelta(minutes=minutes) if minutes else None
        self.house.keeper.refresh()

    def _jump(self) -> None:
        seconds = self.chance.uniform(-20, 20)
        clock = self.house.clock
        clock.jump(clock.now() + timedelta(seconds=seconds))
        if self.muted_until is not None and clock.now() + timedelta(minutes=1) < self.muted_until:
            self.muted_until = None  # a mute in the future does not count
        self.house.keeper._after_jump(seconds)

    def _restart(self) -> None:
        """Restart the daemon, or kill only its player."""
        self._hear(self.box.close())
        if self.chance.random() < 0.5:
            self.house.speaker.box = None
            self.house.close()
            self.house.open()
        else:
            self.house.announcer.saying = None
        self.box = self._player()


def run(count: int, seed: int) -> dict[str, Any]:
    """Run that many scenarios in this process; return `seeds` of those with sound."""
    began = time.monotonic()
    total: dict[str, Any] = {
        "seeds": [],
        "scenarios": 0,
        "quiet": 0,
        "wrong": 0,
        "loud": 0,
        "silent_scenarios": 0,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tape = Tape(folder)
        clips = [write_wav(folder / f"{n}.wav", tone(n + 0.5, 300 + 100 * n, 0.3)) for n in range(1, 6)]
        for n in range(count):
            one = Scenario(tape, folder / f"house-{n}", clips, seed + n)
            one.live()
            total["scenarios"] += 1
            total["silent_scenarios"] += one.loud == 0
            for key in ("quiet", "wrong", "loud"):
                total[key] += getattr(one, key)
            if one.wrong:
                total["seeds"].append(seed + n)
    return total | {"seconds": time.monotonic() - began}


def apart(count: int, seed: int) -> subprocess.Popen[bytes]:
    """Run the scenarios in a separate process with its own mixer and environment."""
    command = [sys.executable, str(HERE / "nap.py"), str(count), str(seed)]
    # SDL prints at each of a thousand starts that it writes to disk: discard stderr.
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)


def rows(count: int = 1000) -> list[Row]:
    """Measure for a quarter of an hour on two cores."""
    halves = [apart(count // 2, 1), apart(count - count // 2, 1_000_000)]
    results = [json.loads(half.communicate()[0]) for half in halves]
    wrong, quiet = (sum(int(one[key]) for one in results) for key in ("wrong", "quiet"))
    what = f"samples that are not zero in quiet time or mute, {count} random scenarios"
    seeds = "".join(f"; seed {seed}" for one in results for seed in one["seeds"])
    return [Row(what, f"{wrong} of {quiet:,}{seeds}", "0", wrong == 0 and quiet > count * RATE)]


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
