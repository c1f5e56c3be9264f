"""The sound device, through SDL's mixer: the only module that uses pygame.

Loads only pygame's mixer and its dependencies: the whole package costs 26 MB and 0.3 s more (measured),
which count in the cold start and memory of a process that restarts whenever a loudspeaker was
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
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from controller.sound.player import outputs, sdl_mixer
from controller.sound.player.level import Meter

os.environ["SDL_VIDEODRIVER"] = "dummy"  # without a display SDL never reports a removed device
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

RATE = 44100
BUFFER = 512
"""Samples, 11.6 ms. 1024 costs 0.3 % less of a core and starts 17 ms later; 256 costs 1 % more (measured)."""
DRIVERS = ("pulseaudio", "alsa")
"""Order of attempts on Linux when SDL_AUDIODRIVER is not set."""
QUEUE_MS = 25 if platform.machine() in ("x86_64", "AMD64") else 60
"""PulseAudio's buffer. SDL asks for one buffer, 11.6 ms, which leaves holes in the sound on a busy machine:
66 in 11 s, against 2 with 20 ms (measured, load 5 on 2 cores). A longer one also costs less: 0.9 % of a core at
20 ms, 0.7 % at 30. On a desktop the chime must sound within 30 ms, which allows no more; a small computer may take
300 ms and has less processor to spare. PULSE_LATENCY_MSEC overrides it.
"""
PULSE_S = 0.5
STALL_S = 2.0
"""A device that has not played half a second of silence in this time is not working."""


os.environ.setdefault("PULSE_LATENCY_MSEC", str(QUEUE_MS))


def _bare_pygame() -> Any:
    """Return pygame without the imports of its `__init__` (fonts, images, numpy)."""
    spec = importlib.util.find_spec("pygame")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("pygame is missing")
    package = types.ModuleType("pygame")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["pygame"] = package
    for name in ("base", "rwobject", "event", "display", "mixer"):
        importlib.import_module(f"pygame.{name}")
    return package


def _pygame() -> Any:
    try:
        return _bare_pygame()
    except (ImportError, AttributeError):  # a pygame with another layout
        sys.modules.pop("pygame", None)
        return importlib.import_module("pygame")


pygame: Any = _pygame()
_error: Any = pygame.base.error if hasattr(pygame, "base") else pygame.error
_FIRST = 0x8000 + 4096  # SDL's range for user events
MUSIC_END, CLIP_END, PULSE_END = _FIRST, _FIRST + 1, _FIRST + 2
BESIDE_S = 5.0
"""A place further from the wanted one comes from a file that names a wrong length."""
REMOVED = 0x1101  # SDL_AUDIODEVICEREMOVED


class NoDevice(Exception):  # noqa: N818 - a condition, not a programming error
    """No device could be opened; str() is SDL's reason, for the log."""


class Device:
    """Stream and channel of one open device (see `track_queue.Stream`, `announcement_channel.Channel`)."""

    def __init__(
        self, latency_s: float | None = None, chosen: str | None = None,
        opening: Callable[[Path], None] = lambda path: None,
    ) -> None:  # fmt: skip
        """Open the output `chosen`, else the driver that SDL_AUDIODRIVER names, else the first that works.

        `opening` is called with each file before it is decoded. Raises NoDevice.
        """
        pygame.display.init()
        self.driver, self.opened = _open(chosen)
        self._opening, self._avoided = opening, frozenset[Path]()
        library = sdl_mixer.loaded()
        self.meter = Meter(library)
        self.latency_s = _least_latency(self.driver) if latency_s is None else latency_s
        mixer = pygame.mixer
        mixer.set_num_channels(4)
        self._music = mixer.music
        self._music.set_endevent(MUSIC_END)
        self._pause, self._go_on = sdl_mixer.pausing(library, self._music)
        self._position = sdl_mixer.position(library)
        self._channels = [mixer.Channel(0), mixer.Channel(1)]
        for channel in self._channels:
            channel.set_endevent(CLIP_END)
        self._turn = 0
        self._warm: dict[Path, bytes] = {}
        self._master = self._ceiling = 1.0
        self._sounds: list[tuple[Any, float, float]] = []
        self._pulse = mixer.Channel(2)
        self._pulse.set_endevent(PULSE_END)
        self._nothing = mixer.Sound(buffer=bytes(int(PULSE_S * RATE) * 4))
        self._blip = mixer.Sound(buffer=bytes(64))
        self._pulse.play(self._nothing)
        self._alive_at: float | None = None
        self.pulses = 0
        self._tone = mixer.Channel(3)

    # -- the music stream --------------------------------------------------------------------------

    def avoid(self, paths: Iterable[Path]) -> None:
        """Treat these files as unreadable: decoding them has killed the player."""
        self._avoided = frozenset(paths)

    def _decode(self, path: Path) -> None:
        """Announce that a file is decoded; raises ValueError for one to avoid."""
        if path in self._avoided:
            raise ValueError("decoding it has crashed the player several times")
        self._opening(path)

    def load(self, path: Path) -> None:
        self._decode(path)
        with _readable():
            self._music.load(os.fsencode(path))

    def play(self, offset_s: float, *, held: bool) -> float:
        with _readable():
            entered = self._enter(offset_s)
        if held:
            self._pause()
        real = self._position()
        return entered if real is None or abs(real - entered) > BESIDE_S else real

    def _enter(self, offset_s: float) -> float:
        """Start at this offset, or near it; return where. Some Ogg files with long pages cannot be entered everywhere,
        and SDL_mixer 2.8 enters a WAV only at whole seconds."""
        for shift in (0.0, -0.5, -1.5, 1.0, -4.0):
            with contextlib.suppress(_error):
                self._music.play(start=(start := max(0.0, offset_s + shift)))
                return start
        self._music.play()
        return 0.0

    def release(self) -> None:
        self._go_on()

    def enqueue(self, path: Path) -> None:
        self._decode(path)
        with _readable():
            self._music.queue(os.fsencode(path))

    def halt(self) -> None:
        self._music.stop()
        self._music.unload()
        pygame.event.clear(MUSIC_END)

    def sounding(self) -> bool:
        return bool(self._music.get_busy())

    def volume(self, steps: int) -> None:
        self._music.set_volume((steps + 0.5) / 128)  # pygame truncates

    # -- the channel of announcements --------------------------------------------------------------

    def warm(self, paths: list[Path]) -> None:
        """Decode these now and keep them; unreadable ones fail later, when they are played."""
        for path in paths:
            if path not in self._warm:
                with contextlib.suppress(ValueError), _readable():
                    self._decode(path)
                    self._warm[path] = pygame.mixer.Sound(file=os.fsencode(path)).get_raw()

    def open(self, path: Path, gain_db: float, floor: float = 0.0) -> Any:
        raw = self._warm.get(path)
        if raw is None:
            self._decode(path)
        with _readable():
            sound = (
                pygame.mixer.Sound(buffer=raw)
                if raw is not None
                else pygame.mixer.Sound(file=os.fsencode(path))
            )
        gain = 10 ** (gain_db / 20)
        self._sounds.append((sound, gain, floor))
        sound.set_volume(self._volume(gain, floor))
        return sound

    def _volume(self, gain: float, floor: float) -> float:
        """Return the volume of a sound of an announcement: a gain raises it to the ceiling at most, which is never
        above 1, so no sample is louder than in its file."""
        return min(max(self._master, floor) * gain, max(self._ceiling, floor))

    def say(self, sound: Any) -> None:
        self._channels[self._turn].play(sound)

    def say_next(self, sound: Any) -> None:
        self._channels[self._turn].queue(sound)

    def fade_out(self, fade_s: float) -> None:
        channel = self._channels[self._turn]
        if channel.get_busy():
            channel.queue(self._blip)  # replaces the queued sound: there is no other way to remove it
            channel.fadeout(max(1, int(fade_s * 1000)))
        self._turn = 1 - self._turn  # ignore the rest of this sound and its events

    def forget(self) -> None:
        """Release the sounds of the last announcement."""
        self._sounds.clear()

    def tone(self, path: Path, volume: float | None = None) -> None:
        """Play a short sound beside everything else: the test of an output. `volume`: instead of the master's."""
        with _readable():
            sound = pygame.mixer.Sound(file=os.fsencode(path))
        sound.set_volume(self._master if volume is None else volume)
        self._tone.play(sound)

    def end_tone(self) -> None:
        """End that sound."""
        self._tone.stop()

    def toning(self) -> bool:
        """Return whether that sound still plays."""
        return bool(self._tone.get_busy())

    def loudness(self, master: float, ceiling: float = 1.0) -> None:
        """Set the master volume of announcements and the limit of their gains, 0..1."""
        self._master, self._ceiling = master, ceiling
        for sound, gain, floor in self._sounds:
            sound.set_volume(self._volume(gain, floor))

    # -- life --------------------------------------------------------------------------------------

    def happened(self, now: float) -> list[str]:
        """Return the mixer's events since the last call: music_end, clip_end; lost ends the list."""
        events = []
        self._alive_at = now if self._alive_at is None else self._alive_at
        for event in pygame.event.get():
            if event.type == MUSIC_END:
                events.append("music_end")
            elif event.type == CLIP_END and event.code == self._turn:
                events.append("clip_end")
            elif event.type == PULSE_END:
                self._pulse.play(self._nothing)
                self._alive_at = now
                self.pulses += 1
            elif event.type == REMOVED and not event.iscapture and event.which:  # 0: one that we do not use
                events.append("lost")
        if now - self._alive_at > STALL_S:
            events.append("stalled")
        return events


def _least_latency(driver: str) -> float:
    """Return a lower bound of the output latency, so that compensating for it never makes a sound early.

    Measured: half of PulseAudio's buffer, and up to 22 ms more; 0 to 35 ms for the disk driver,
    which writes blocks of 4 KB; one buffer for ALSA.
    """
    if driver == "pulseaudio":
        with contextlib.suppress(ValueError):
            return int(os.environ["PULSE_LATENCY_MSEC"]) / 2000
    return {"disk": 0.010, "alsa": BUFFER / RATE}.get(driver, 0.0)


def _open(chosen: str | None) -> tuple[str, str | None]:
    """Open the mixer; return the driver, and the key of the output if it is not the driver's default."""
    wanted = os.environ.get("SDL_AUDIODRIVER")
    names = [wanted] if wanted else list(DRIVERS) if sys.platform == "linux" else [""]
    faults = []
    for name in names:
        for key, place in _places(name, chosen):
            fault = _try(name, place)
            if fault is None:
                return name or "default", key
            faults.append(f"{name}: {fault}")
    if not wanted:
        os.environ.pop("SDL_AUDIODRIVER", None)  # the next attempt may succeed with the first driver
    raise NoDevice("; ".join(dict.fromkeys(faults)))


def _places(driver: str, chosen: str | None) -> list[tuple[str | None, dict[str, str]]]:
    """Return the outputs of a driver to try, in order, each with the environment that selects it."""
    if driver == "alsa" and "AUDIODEV" not in _OWN:
        return [(key, {"AUDIODEV": pcm}) for key, pcm in outputs.attempts(chosen, outputs.cards())]
    if driver == "pulseaudio" and chosen is not None and chosen.startswith("pulse:"):
        return [(chosen, {"PULSE_SINK": chosen.removeprefix("pulse:")}), (None, {"PULSE_SINK": ""})]
    return [(None, {})]


_OWN = frozenset(os.environ)
"""Names in the environment at the start: a person has set them, so they are not replaced."""


def _try(driver: str, place: dict[str, str]) -> str | None:
    """Open the mixer on a driver and output; return the reason if that fails."""
    if driver:
        os.environ["SDL_AUDIODRIVER"] = driver
    for name, value in place.items():
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)
    try:
        pygame.mixer.init(RATE, -16, 2, BUFFER, allowedchanges=0)
    except _error as error:
        return str(error)
    return None


@contextlib.contextmanager
def _readable() -> Any:
    try:
        yield
    except (_error, OSError, UnicodeError) as error:
        raise ValueError(str(error)) from error
