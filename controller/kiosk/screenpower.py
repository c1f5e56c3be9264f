"""The screen of this machine, on and off: by CEC, then checked, then by blanking the output."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Way:
    """One way to turn a screen on and off. `check` prints one of `proof[on]`, where that can be known."""

    name: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    check: tuple[str, ...] = ()
    proof: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # off, on: one of these


CEC: Final = ("cec-ctl", "--playback", "--to", "0")  # as a player, to the television
WAYS: Final = (
    Way(
        "cec-ctl",
        (*CEC, "--image-view-on"),
        (*CEC, "--standby"),
        (*CEC, "--give-device-power-status"),
        (("standby",), ("pwr-state: on", "to-on")),  # a television takes seconds: on its way will do
    ),
    Way("wlr-randr", ("wlr-randr", "--output", "HDMI-A-1", "--on"), ("wlr-randr", "--output", "HDMI-A-1", "--off")),
    Way(
        "vcgencmd", ("vcgencmd", "display_power", "1"), ("vcgencmd", "display_power", "0"),
        ("vcgencmd", "display_power"), (("display_power=0",), ("display_power=1",)),
    ),
    Way("xset", ("xset", "dpms", "force", "on"), ("xset", "dpms", "force", "off"), ("xset", "q"),
        (("Monitor is Off",), ("Monitor is On",))),
)  # fmt: skip


def ways(there: Callable[[str], object] = shutil.which) -> tuple[Way, ...]:
    """The ways this machine has, best first: a television that sleeps beats one that glows black."""
    return tuple(way for way in WAYS if there(way.name))


def ask(words: Sequence[str]) -> tuple[int, str]:
    """(exit code, output) of a small program; a missing or hanging one failed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 1, ""
    return done.returncode, done.stdout + done.stderr


def switch(
    on: bool, found: Iterable[Way], run: Callable[[Sequence[str]], tuple[int, str]] = ask
) -> str | None:
    """Turns the screen on or off by the first way that works and proves it; its name, None when none did.

    To turn on, every way is tried: what blanked the screen yesterday may be another than what wakes it today.
    """
    worked = None
    for way in found:
        if run(way.on if on else way.off)[0] == 0 and _proved(way, on, run):
            worked = worked or way.name
            if not on:
                break
    return worked


def _proved(way: Way, on: bool, run: Callable[[Sequence[str]], tuple[int, str]]) -> bool:
    if not way.check:
        return True
    code, said = run(way.check)
    return code == 0 and any(words in said for words in way.proof[on])
