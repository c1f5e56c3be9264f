"""The wall on this machine: Chromium in kiosk mode, and the screen's power over HDMI-CEC."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from controller.system.files import read_json

# --- Turn this machine's screen on and off


@dataclass(frozen=True, slots=True)
class Way:
    """One way to turn a screen on and off. `check` prints one of `proof[on]`, where that can be known."""

    name: str
    on: tuple[str, ...]
    off: tuple[str, ...]
    check: tuple[str, ...] = ()
    proof: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())  # off, on: one of these


CEC: Final = ("cec-ctl", "--playback", "--to", "0")  # as a playback device, to the television
WAYS: Final = (
    Way(
        "cec-ctl",
        (*CEC, "--image-view-on"),
        (*CEC, "--standby"),
        (*CEC, "--give-device-power-status"),
        (("standby",), ("pwr-state: on", "to-on")),  # a television takes seconds: accept "turning on"
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
    """Return the ways this machine has, best first: standby of the television is better than a black picture."""
    return tuple(way for way in WAYS if there(way.name))


def ask(words: Sequence[str]) -> tuple[int, str]:
    """Run a small program; return (exit code, output). A missing or hanging one counts as failed."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 1, ""
    return done.returncode, done.stdout + done.stderr


def switch(
    on: bool, options: Iterable[Way], run: Callable[[Sequence[str]], tuple[int, str]] = ask
) -> str | None:
    """Turn the screen on or off by the first way that works and proves it; return its name, None when none did.

    To turn on, every way is tried: the screen may have been turned off by another one.
    """
    worked = None
    for way in options:
        if run(way.on if on else way.off)[0] == 0 and _proved(way, on, run):
            worked = worked or way.name
            if not on:
                break
    return worked


def _proved(way: Way, on: bool, run: Callable[[Sequence[str]], tuple[int, str]]) -> bool:
    if not way.check:
        return True
    code, output = run(way.check)
    return code == 0 and any(words in output for words in way.proof[on])


# --- `zhangu kiosk`

log = logging.getLogger(__name__)

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SILENT_S: Final = 60.0
MOST_RESTARTS: Final = 3
LOOK_S: Final = 5.0
UNLIT: Final = ("rest", "off")
"""Scenes during which the screen is off; quiet time keeps its dim moon."""
OUTPUTS: Final = Path("/sys/class/drm")
BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
# Less memory: one renderer, no GPU shader cache on the card, no extensions, small caches. No bubbles, no
# translation, no crash window; no requests except the wall's.
FLAGS: Final = (
    "--kiosk", "--no-first-run", "--noerrdialogs", "--disable-infobars", "--disable-session-crashed-bubble",
    "--disable-translate", "--disable-features=Translate,BackForwardCache,MediaRouter", "--disable-extensions",
    "--disable-component-update", "--disable-background-networking", "--disable-sync", "--disable-default-apps",
    "--disable-pinch", "--overscroll-history-navigation=0", "--password-store=basic",
    "--renderer-process-limit=1", "--enable-low-end-device-mode", "--js-flags=--max-old-space-size=128",
    "--disk-cache-size=16777216", "--media-cache-size=1048576", "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


class NoBrowser(Exception):  # noqa: N818 - a condition, not a programming error
    """No browser is installed; `sentence` says what to do."""

    sentence = "没有找到 Chromium。请先安装：sudo apt install chromium"


def command(
    browser: str, url: str, profile: Path, *, size: tuple[int, int] | None, wayland: bool, root: bool
) -> list[str]:
    """Return the browser's command line. Pure. `size` in pixels: needed where no window manager sets it."""
    extra = [f"--window-size={size[0]},{size[1]}", "--window-position=0,0"] if size else []
    extra += ["--ozone-platform=wayland"] if wayland else []
    extra += ["--no-sandbox"] if root else []  # with its sandbox Chromium refuses to start as root
    return [browser, *FLAGS, *extra, f"--user-data-dir={profile}", url]


def screen_size(outputs: Path = OUTPUTS) -> tuple[int, int] | None:
    """Return the first connected output's preferred size in pixels, from the kernel; None when unknown."""
    for status in sorted(outputs.glob("*/status")):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if status.read_text(encoding="ascii").strip() == "connected":
                first = (status.parent / "modes").read_text(encoding="ascii").split()[0]
                width, height = first.split("x")
                return int(width), int(height)
    return None


def find_browser() -> str:
    """Return the first installed browser. Raises NoBrowser."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise NoBrowser


# ---- when to restart: pure


@dataclass(slots=True)
class Watch:
    """The decision to restart, from the page's reports. `restarts`: the number of restarts in this boot."""

    restarts: int = 0
    alive_at: float = 0.0

    def look(self, now: float, *, running: bool, server: bool, ago_s: float | None) -> str:
        """Return "wait", "restart" or "give up". `ago_s`: seconds since the page painted, None if it never did."""
        if not server:
            self.alive_at = now  # unknown; counting starts when the server is back
        elif ago_s is not None:
            self.alive_at = max(self.alive_at, now - ago_s)
        if running and now - self.alive_at <= SILENT_S:
            return "wait"
        if self.restarts >= MOST_RESTARTS:
            return "give up"
        self.restarts += 1
        self.alive_at = now
        return "restart"


def boot_id(path: Path = BOOT) -> str:
    """Return the id of this boot; "" where the system has none."""
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def restarts_of(file: Path, boot: str) -> int:
    """Return how often the browser was restarted in this boot."""
    try:
        kept = read_json(file)
        return int(kept["restarts"]) if kept["boot"] == boot else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def keep_restarts(file: Path, boot: str, restarts: int) -> None:
    file.write_text(json.dumps({"boot": boot, "restarts": restarts}), encoding="utf-8")


# ---- the loop


def get(url: str) -> Any:
    """Return the JSON at `url`, None when the server does not answer with JSON."""
    with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
        return json.loads(answer.read())
    return None


@dataclass
class Kiosk:
    """The browser and its watchdog. `base`: the server's address; `folder`: for profile and counts."""

    base: str
    name: str
    folder: Path
    browser: str
    size: tuple[int, int] | None = None
    screens: tuple[Way, ...] = field(default_factory=ways)
    process: subprocess.Popen[bytes] | None = None
    lit: bool | None = None

    def start(self) -> None:
        """Start the browser, after ending an old one with all its children."""
        self.stop()
        profile = self.folder / "kiosk-profile"
        profile.mkdir(parents=True, exist_ok=True)
        for lock in profile.glob("Singleton*"):  # left by a power cut; Chromium would refuse to start
            lock.unlink()
        url = f"{self.base}/wall/{quote(self.name)}"
        words = command(
            self.browser, url, profile,
            size=self.size, wayland="WAYLAND_DISPLAY" in os.environ, root=os.geteuid() == 0,
        )  # fmt: skip
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def stop(self) -> None:
        """End the browser and all its processes."""
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):  # its helpers may outlive a browser that ends in time
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        self.process = None

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def painted_ago(self) -> tuple[bool, float | None, str | None]:
        """Return (does the server answer, seconds since this wall painted, scene shown)."""
        rows = get(f"{self.base}/api/walls/{quote(self.name)}/painted")
        if not isinstance(rows, list):
            return False, None, None
        latest = min(rows, key=lambda row: row["ago_s"], default=None)
        return (True, latest["ago_s"], latest["scene"]) if latest else (True, None, None)

    def light(self, scene: str | None) -> None:
        """Turn the screen off at night and on request, and on otherwise."""
        wanted = scene not in UNLIT
        if scene is not None and wanted != self.lit and self.screens:
            used = switch(wanted, self.screens)
            log.info("screen %s: %s", "on" if wanted else "off", used or "no way worked, the page is black")
            self.lit = wanted

    def watch(self, over: Callable[[float], bool], now: Callable[[], float] = time.monotonic) -> int:
        """Watch until `over(seconds)`, which waits, returns true: 0; or 1 when three restarts did not help."""
        file, boot = self.folder / "kiosk.json", boot_id()
        watch = Watch(restarts_of(file, boot), now())
        self.start()
        try:
            while not over(LOOK_S):
                server, ago_s, scene = self.painted_ago()
                self.light(scene)
                verdict = watch.look(now(), running=self.running(), server=server, ago_s=ago_s)
                if verdict == "give up":
                    log.error("the browser was restarted %d times in this boot, giving up", watch.restarts)
                    return 1
                if verdict == "restart":
                    log.warning("the page is silent, restarting the browser (%d)", watch.restarts)
                    keep_restarts(file, boot, watch.restarts)
                    self.start()
        finally:
            self.stop()
        return 0
