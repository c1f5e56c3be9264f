"""The sound device, through SDL's mixer: together with `player` the only place that knows pygame.

Of pygame only the mixer and what it needs are loaded: the whole package costs 26 MB and 0.3 s more
(measured), which are cold start and memory of a process that is started again whenever a loudspeaker was
unplugged.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import platform
import sys
import types
from pathlib import Path
from typing import Any

os.environ["SDL_VIDEODRIVER"] = "dummy"  # without a display SDL never says that a device went
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

RATE = 44100
BUFFER = 512
"""Samples, 11.6 ms. 1024 costs 0.3 % less of a core and starts 17 ms later; 256 costs 1 % more (measured)."""
DRIVERS = ("pulseaudio", "alsa")
"""Tried in this order on Linux when SDL_AUDIODRIVER is not set."""
QUEUE_MS = 25 if platform.machine() in ("x86_64", "AMD64") else 60
"""What PulseAudio may hold. SDL asks for one buffer, 11.6 ms, and on a busy machine the sound then has holes:
66 in 11 s where 20 ms had 2 (measured, load 5 on 2 cores). More also costs less: 0.9 % of a core at 20 ms, 0.7 %
at 30. A chime within 30 ms leaves room for no more on a desktop; a small computer has more time for it (300 ms)
and less to spare. PULSE_LATENCY_MSEC overrules.
"""
PULSE_S = 0.5
STALL_S = 2.0
"""A device that has not played half a second of silence in this time does not play at all."""


os.environ.setdefault("PULSE_LATENCY_MSEC", str(QUEUE_MS))


def _bare_pygame() -> Any:
    """pygame without what its `__init__` pulls in (fonts, images, numpy)."""
    found = importlib.util.find_spec("pygame")
    if found is None or found.submodule_search_locations is None:
        raise ImportError("pygame is missing")
    package = types.ModuleType("pygame")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["pygame"] = package
    for name in ("base", "rwobject", "event", "display", "mixer"):
        importlib.import_module(f"pygame.{name}")
    return package


def _pygame() -> Any:
    try:
        return _bare_pygame()
    except (ImportError, AttributeError):  # a pygame laid out otherwise
        sys.modules.pop("pygame", None)
        return importlib.import_module("pygame")


pygame: Any = _pygame()
_error: Any = pygame.base.error if hasattr(pygame, "base") else pygame.error
_FIRST = 0x8000 + 4096  # SDL's range for events of one's own
MUSIC_END, CLIP_END, PULSE_END = _FIRST, _FIRST + 1, _FIRST + 2
REMOVED = 0x1101  # SDL_AUDIODEVICEREMOVED


class NoDevice(Exception):  # noqa: N818 - a state of the world, not a fault
    """No device could be opened; str() is SDL's reason, for the log."""


class Device:
    """Stream and channel of one open device (see `reel.Stream`, `clips.Channel`), and whether it lives."""

    def __init__(self, latency_s: float | None = None) -> None:
        """Opens the device that SDL_AUDIODRIVER names, or the first that can be had; raises NoDevice."""
        pygame.display.init()
        self.driver = _open()
        self.latency_s = _least_latency(self.driver) if latency_s is None else latency_s
        mixer = pygame.mixer
        mixer.set_num_channels(3)
        self._music = mixer.music
        self._music.set_endevent(MUSIC_END)
        self._channels = [mixer.Channel(0), mixer.Channel(1)]
        for channel in self._channels:
            channel.set_endevent(CLIP_END)
        self._turn = 0
        self._warm: dict[Path, bytes] = {}
        self._master = 1.0
        self._sounds: list[tuple[Any, float, float]] = []
        self._pulse = mixer.Channel(2)
        self._pulse.set_endevent(PULSE_END)
        self._nothing = mixer.Sound(buffer=bytes(int(PULSE_S * RATE) * 4))
        self._blip = mixer.Sound(buffer=bytes(64))
        self._pulse.play(self._nothing)
        self._alive_at: float | None = None

    # -- the music stream --------------------------------------------------------------------------

    def load(self, path: Path) -> None:
        with _readable():
            self._music.load(os.fsencode(path))

    def play(self, offset_s: float, *, held: bool) -> None:
        with _readable():
            self._enter(offset_s)
        if held:
            self._music.pause()

    def _enter(self, offset_s: float) -> None:
        """Begins there, or near there: some Ogg files with long pages cannot be entered at every place."""
        for shift in (0.0, -0.5, -1.5, 1.0, -4.0):
            with contextlib.suppress(_error):
                self._music.play(start=max(0.0, offset_s + shift))
                return
        self._music.play()

    def release(self) -> None:
        self._music.unpause()

    def enqueue(self, path: Path) -> None:
        with _readable():
            self._music.queue(os.fsencode(path))

    def halt(self) -> None:
        self._music.stop()
        self._music.unload()
        pygame.event.clear(MUSIC_END)

    def sounding(self) -> bool:
        return bool(self._music.get_busy())

    def volume(self, steps: int) -> None:
        self._music.set_volume((steps + 0.5) / 128)  # pygame cuts off the fraction

    # -- the channel of announcements --------------------------------------------------------------

    def warm(self, paths: list[Path]) -> None:
        """Decodes these now and keeps them; what cannot be read is left for the moment it is needed."""
        for path in paths:
            if path not in self._warm:
                with contextlib.suppress(ValueError), _readable():
                    self._warm[path] = pygame.mixer.Sound(file=os.fsencode(path)).get_raw()

    def open(self, path: Path, gain_db: float, floor: float = 0.0) -> Any:
        with _readable():
            raw = self._warm.get(path)
            sound = (
                pygame.mixer.Sound(buffer=raw)
                if raw is not None
                else pygame.mixer.Sound(file=os.fsencode(path))
            )
        gain = min(1.0, 10 ** (gain_db / 20))
        self._sounds.append((sound, gain, floor))
        sound.set_volume(max(self._master, floor) * gain)
        return sound

    def say(self, sound: Any) -> None:
        self._channels[self._turn].play(sound)

    def say_next(self, sound: Any) -> None:
        self._channels[self._turn].queue(sound)

    def hush(self, fade_s: float) -> None:
        channel = self._channels[self._turn]
        if channel.get_busy():
            channel.queue(self._blip)  # takes the place of what was queued: nothing else can take it back
            channel.fadeout(max(1, int(fade_s * 1000)))
        self._turn = 1 - self._turn  # the rest of this one, and its events, are nobody's any more

    def forget(self) -> None:
        """No announcement is under way: its sounds are let go."""
        self._sounds.clear()

    def loudness(self, master: float) -> None:
        """The master volume of announcements, 0..1."""
        self._master = master
        for sound, gain, floor in self._sounds:
            sound.set_volume(max(master, floor) * gain)

    # -- life --------------------------------------------------------------------------------------

    def happened(self, now: float) -> list[str]:
        """What the mixer has said since the last call: music_end, clip_end; lost ends the list."""
        said = []
        self._alive_at = now if self._alive_at is None else self._alive_at
        for event in pygame.event.get():
            if event.type == MUSIC_END:
                said.append("music_end")
            elif event.type == CLIP_END and event.code == self._turn:
                said.append("clip_end")
            elif event.type == PULSE_END:
                self._pulse.play(self._nothing)
                self._alive_at = now
            elif event.type == REMOVED and not event.iscapture:
                said.append("lost")
        if now - self._alive_at > STALL_S:
            said.append("stalled")
        return said


def _least_latency(driver: str) -> float:
    """What surely lies between the mixer and the air, so that compensating for it never makes anything early.

    Measured: half of what PulseAudio may hold, and up to 22 ms more; nothing to 35 ms for the disk driver,
    which writes blocks of 4 KB; one buffer for ALSA.
    """
    if driver == "pulseaudio":
        with contextlib.suppress(ValueError):
            return int(os.environ["PULSE_LATENCY_MSEC"]) / 2000
    return {"disk": 0.010, "alsa": BUFFER / RATE}.get(driver, 0.0)


def _open() -> str:
    wanted = os.environ.get("SDL_AUDIODRIVER")
    names = [wanted] if wanted else list(DRIVERS) if sys.platform == "linux" else [""]
    faults = []
    for name in names:
        if name:
            os.environ["SDL_AUDIODRIVER"] = name
        try:
            pygame.mixer.init(RATE, -16, 2, BUFFER, allowedchanges=0)
        except _error as error:
            faults.append(f"{name}: {error}")
        else:
            return name or "default"
    raise NoDevice("; ".join(faults))


@contextlib.contextmanager
def _readable() -> Any:
    try:
        yield
    except (_error, OSError, UnicodeError) as error:
        raise ValueError(str(error)) from error
