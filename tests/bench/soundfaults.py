"""Faults of sound on the real daemon and a private PulseAudio: each is found, shown, mended, and the day goes on.

For each fault, in seconds: `found`, from the cause until /health names it; `shown`, until the phone's and the walls'
state have it; `back`, from the end of the cause until the recording has music again. Where the daemon itself ends the
cause (a dead player), `back` counts from the cause. `again`: how often the interrupted announcement was repeated.

`python -m tests.bench.soundfaults [NAME ...]` measures single faults and writes no report; `--names` lists them. With
`SOUND_SHARE=0.33` the daemon and its children share a third of a core; `chrt -r 5` before it keeps other work out.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from recording import Pulse, tone, write_wav  # noqa: E402
from running import Running, timetable  # noqa: E402
from slowcore import slow_core  # noqa: E402
from table import Row  # noqa: E402

from controller.sound.suspects import STRIKES  # noqa: E402

FAULTY = os.pathsep.join((str(HERE / "faulty"), str(HERE.parents[1])))
"""PYTHONPATH of a faulty office: the repository's own modules behind the faults."""
FOUND_S, SHOWN_S, BACK_S = 5.0, 10.0, 2.0
KILLS = 50
DAY = timetable("at: 00:00-24:00, name: 全天, music: office, volume: 100")
now = time.monotonic


@dataclass(frozen=True)
class Result:
    """Seconds, or None when it did not happen or is not applicable; `again` counts repeats of the announcement."""

    name: str
    found: float | None = None
    shown: float | None = None
    back: float | None = None
    again: int | None = None
    needs: tuple[str, ...] = ("found", "shown", "back")

    @property
    def well(self) -> bool:
        """Return whether all limits hold."""
        limits = {"found": FOUND_S, "shown": SHOWN_S, "back": BACK_S}
        values = {name: getattr(self, name) for name in self.needs}
        timely = all(value is not None and value <= limits[name] for name, value in values.items())
        return timely and self.again in (None, 1)

    def row(self) -> Row:
        """Return the line of the table."""
        reported = [f"{name} {_s(getattr(self, name))}" for name in ("found", "shown", "back")]
        reported += [f"repeated {self.again} times"] * (self.again is not None)
        return Row(
            self.name, ", ".join(reported), f"≤ {FOUND_S:.0f}, {SHOWN_S:.0f}, {BACK_S:.0f} s; once", self.well
        )


def _s(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


class Place:
    """An office with music all day, and the PulseAudio it plays to."""

    def __init__(
        self, folder: Path, env: Mapping[str, str] = {}, names: tuple[str, ...] = ("office",)
    ) -> None:
        music = folder / "music" / "office"
        music.mkdir(parents=True)
        for number, name in enumerate(names):
            write_wav(music / f"{number}-{name}.wav", tone(600, 300 + 150 * number))
        (folder / "pulse").mkdir()
        self.pulse = Pulse(folder / "pulse")
        self.house = Running(folder / "home", self.pulse.env | dict(env), timetable=DAY, music=music.parent)

    def player(self) -> int:
        """Return the player's process id."""
        import psutil

        while True:
            for pid in self.house.pids()[1:]:
                with contextlib.suppress(psutil.Error):
                    if "controller.sound.player.process" in psutil.Process(pid).cmdline():
                        return pid
            time.sleep(0.02)

    def sounds(self, since: float, within: float = 12.0) -> float | None:
        """Return the seconds after `since` at which the recording has sound."""
        moment = self.pulse.recording.wait_sound(since, within)
        return None if moment is None else moment - since

    def ill(self) -> bool:
        """Return whether /health names a fault of sound."""
        return not self.house.get("/health")["ok"]

    def shown(self) -> bool:
        """Return whether phone and wall have the fault."""
        phone, wall = self.house.get("/api/phone"), self.house.get("/api/wall")
        return bool(phone["troubles"]) and wall["fault"] is not None

    def reported(self, path: str = "/health") -> set[str]:
        """Return what /health, or the phone, says is wrong."""
        return {trouble["what"] for trouble in self.house.get(path)["troubles"]}

    def until(self, holds: Callable[[], bool], since: float, within: float = 12.0) -> float | None:
        """Return the seconds after `since` at which something holds."""
        while now() - since < within:
            if holds():
                return now() - since
            time.sleep(0.03)
        return None

    def announce(self, key: str) -> int:
        """Start an announcement; return its id while it is being said."""
        ident = int(
            self.house.say("各位同事请注意，下午三点在大会议室开会，请准时参加，不要迟到，谢谢大家。", key)[
                1
            ]["id"]
        )
        self.house.wait_state(ident, ("playing",))
        time.sleep(1.0)
        return ident

    def repeats(self, ident: int) -> int:
        """Return how often this announcement was repeated, once it has been heard.

        A repetition that was lost before its first word does not count: the words were not heard twice.
        """
        self.house.wait_state(ident, ("heard",), timeout=60)
        return self.house.log().count(f"#{ident} is played again:")

    def fault(
        self, name: str, cause: Callable[[], None], end: Callable[[], None] | None = None, *, lasts: float = 0.0,
        needs: tuple[str, ...] = ("found", "shown", "back"), key: str | None = None,
    ) -> Result:  # fmt: skip
        """Measure one fault; without `end` the daemon has to end it alone. `key`: an announcement is interrupted."""
        ident = self.announce(key) if key else None
        cause()
        struck = now()
        found = self.until(self.ill, struck) if "found" in needs else None
        shown = self.until(self.shown, struck) if "shown" in needs else None
        if end is not None:
            time.sleep(max(0.0, struck + lasts - now()))
            end()
        over = now() if end is not None else struck + (found or 0.0)
        back = self.sounds(over + 0.02)
        result = Result(name, found, shown, back, self.repeats(ident) if ident else None, needs)
        self.until(lambda: not self.ill(), now())
        time.sleep(0.5)
        return result


@contextlib.contextmanager
def place(
    env: Mapping[str, str] = {}, *, started: bool = True, names: tuple[str, ...] = ("office",)
) -> Iterator[Place]:
    """Yield an office that plays; with `started` false there is no sound server yet."""
    share = os.environ.get("SOUND_SHARE")
    slow = slow_core(float(share)) if share else contextlib.nullcontext(())
    with tempfile.TemporaryDirectory() as folder, slow as under:
        one = Place(Path(folder), env, names)
        try:
            if started:
                one.pulse.start()
            with one.house as house:
                began = house.start(under=under)
                if started:
                    assert one.sounds(began, 20) is not None, house.log()
                yield one
        finally:
            one.pulse.kill()


def absent() -> Result:
    """No sound server at the start, and one twelve seconds later."""
    with place(started=False) as one:
        return one.fault("no device at the start", lambda: None, one.pulse.start, lasts=12)


def killed(one: Place, lasts: float, key: str | None = None) -> Result:
    """Kill the sound server, and start it again."""
    what = f"sound server killed for {lasts:.0f} s"
    return one.fault(what, one.pulse.kill, one.pulse.start, lasts=lasts, key=key)


def unplugged(one: Place, key: str | None = None) -> Result:
    """Remove the only device, and bring it back."""
    return one.fault("the only device unplugged for 6 s", one.pulse.unplug, one.pulse.plug, lasts=6, key=key)


def replaced(one: Place) -> Result:
    """Remove the device while there is another one: the music goes on there."""

    def swap() -> None:
        one.pulse.plug("second")
        one.pulse.unplug()
        one.pulse.record("second")

    result = one.fault("the device replaced by another", swap, needs=("back",))
    one.pulse.plug()
    one.pulse.unplug("second")
    one.pulse.record("office")
    return result


def server_hangs(one: Place) -> Result:
    """Stop the sound server and continue it."""
    process = one.pulse.process
    assert process is not None
    go_on = lambda: process.send_signal(signal.SIGCONT)
    return one.fault(
        "sound server stopped for 8 s", lambda: process.send_signal(signal.SIGSTOP), go_on, lasts=8
    )


def player_dies(one: Place, key: str | None = None) -> Result:
    """Kill the player: no fault of the machine, sound is back before anybody reads of it."""
    return one.fault("player killed", lambda: os.kill(one.player(), signal.SIGKILL), needs=("back",), key=key)


def player_hangs(one: Place, key: str | None = None) -> Result:
    """Stop the player; it is replaced."""
    stop = lambda: os.kill(one.player(), signal.SIGSTOP)
    return one.fault("player stopped", stop, needs=("found", "back"), key=key)


def muted(one: Place, what: str, on: str, off: str, key: str | None = None) -> Result:
    """Silence the output behind the daemon's back, and end it."""
    return one.fault(what, lambda: one.pulse.control(on), lambda: one.pulse.control(off), lasts=6, key=key)


def dummy(one: Place) -> Result:
    """A server that always offers a device, as PipeWire does: without a real one it plays into nothing."""
    one.pulse.control("pactl load-module module-always-sink")
    return one.fault("only the server's dummy device for 6 s", one.pulse.unplug, one.pulse.plug, lasts=6)


def crashing() -> Result:
    """A file that crashes the decoder during an announcement: dead three times in a row it is skipped and named.

    `back` counts from the last death; the announcement over it is repeated once.
    """
    with tempfile.TemporaryDirectory() as folder:
        switch = Path(folder) / "crash"
        env = {"PYTHONPATH": FAULTY, "FAULTY_CRASH": str(switch)}
        with place(env, names=("crash", "good")) as one:
            playing = lambda: one.house.log().rpartition("music: ")[2].startswith("0-crash.wav")
            if not playing():
                one.house.call("POST", "/api/music", {"action": "next"})
            assert one.until(playing, now()) is not None, one.house.log()
            before = one.reported()
            ident = one.announce("crashed")
            switch.touch()
            struck = now()
            found = one.until(lambda: bool(one.reported() - before), struck, 20)
            shown = one.until(lambda: bool(one.reported("/api/phone") - before), struck, 20)
            skipped = one.until(lambda: "crashed repeatedly on" in one.house.log(), struck, 20)
            back = None if skipped is None else one.sounds(struck + skipped)
            again, deaths = one.repeats(ident), one.house.log().count("the device is ready") - 1
    assert deaths >= STRIKES, f"condemned after {deaths} deaths"
    return Result("a file that crashes the decoder, in an announcement", found, shown, back, again)


def crashed_once(one: Place) -> Result:
    """A player that crashes once while it plays a file: the file goes on, and nothing is named."""
    result = one.fault("player crashed once", lambda: os.kill(one.player(), signal.SIGSEGV), needs=("back",))
    assert "crashed repeatedly" not in one.house.log()
    assert not one.house.get("/health")["troubles"]
    return result


def lost_in_the_mixer() -> Result:
    """Music that the mixer loses is missed by its level, named, and there again when the mixer recovers."""
    with tempfile.TemporaryDirectory() as folder:
        switch = Path(folder) / "silent"
        with place({"PYTHONPATH": FAULTY, "FAULTY_SILENT": str(switch)}) as one:

            def cause() -> None:
                switch.touch()
                one.house.call(
                    "PUT", "/api/volume", {"volume": 90}
                )  # the fault shows at the next change of volume

            return one.fault("music lost in the mixer for 8 s", cause, switch.unlink, lasts=8)


OURS = "for n in $(pactl list short sink-inputs | cut -f1); do pactl set-sink-input-mute $n {}; done"
MUTE, VOLUME = "pactl set-sink-mute office {}", "pactl set-sink-volume office {}"
APART: dict[str, Callable[[], Result]] = {"absent": absent, "crashing": crashing, "lost": lost_in_the_mixer}
"""Faults that need a separate office, by the name for the command line."""
TOGETHER: dict[str, Callable[[Place], Result]] = {
    "killed": lambda one: killed(one, 5, "killed"),
    "unplugged": lambda one: unplugged(one, "unplugged"),
    "replaced": replaced,
    "hanging": server_hangs,
    "died": lambda one: player_dies(one, "died"),
    "crashed": crashed_once,
    "stopped": lambda one: player_hangs(one, "hung"),
    "muted": lambda one: muted(one, "the device muted for 6 s", MUTE.format(1), MUTE.format(0), "muted"),
    "zero": lambda one: muted(one, "the device's volume 0 for 6 s", VOLUME.format(0), VOLUME.format(65536)),
    "stream": lambda one: muted(one, "our stream muted for 6 s", OURS.format(1), OURS.format(0)),
    "dummy": dummy,
}
"""Faults that happen one after the other in one office. The server of `dummy` is not used after it."""
KILLS_NAME = "kills"


def rows(names: Sequence[str] = (*APART, *TOGETHER, KILLS_NAME)) -> list[Row]:
    """Measure each fault once, and `SOUND_KILLS` deaths of the sound server (about ten minutes)."""
    results = [measure() for name, measure in APART.items() if name in names]
    together = [measure for name, measure in TOGETHER.items() if name in names]
    if together:
        with place() as one:
            results += [measure(one) for measure in together]
    made = [result.row() for result in results]
    return made + (kills(int(os.environ.get("SOUND_KILLS", KILLS))) if KILLS_NAME in names else [])


def kills(count: int) -> list[Row]:
    """Kill the sound server again and again; sound comes back each time."""
    with place() as one:
        results = [killed(one, 1 + n % 3) for n in range(count)]
        faults = one.house.log().count("Traceback")
    late = [result for result in results if not result.well]
    worst = max(math.inf if result.back is None else result.back for result in results)
    what = f"{count} deaths of the sound server: music not back within {BACK_S:.0f} s"
    return [
        Row(what, f"{len(late)} (longest {worst:.2f} s)", "0", not late),
        Row("tracebacks meanwhile", str(faults), "0", not faults),
    ]


if __name__ == "__main__":
    every = (*APART, *TOGETHER, KILLS_NAME)
    if "--names" in sys.argv:
        sys.exit(" ".join(every))
    if unknown := set(sys.argv[1:]) - set(every):
        sys.exit(f"{unknown}: choose from {' '.join(every)}")
    for row in rows(sys.argv[1:] or every):
        print(*row, sep=" | ", flush=True)
