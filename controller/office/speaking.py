"""Which voice says what, and how fast: what people chose on the phone above what the timetable says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.book.model import Refused
from controller.office.room import Kept
from controller.rhythm.faults import nearest, shortened
from controller.rhythm.model import SAME_VOICE, SPEEDS, SoundSettings
from controller.sound.speech import speakers
from controller.sound.speech.speakers import AUTO, ESPEAK
from controller.sound.speech.voicebox import VoiceStatus

EVENING = ("results", "top_sales_of_day", "top_sales_of_week", "top_sales_of_month")
"""Kinds of announcement that `results_voice` speaks."""
NATURAL, BACKUP, OWN, NONE = "natural", "backup", "own", "none"
CALLED = {AUTO: "自动", ESPEAK: "备用语音（espeak）", SAME_VOICE: "和平时一样"}
_KEPT = "speaking"


@dataclass(frozen=True, slots=True)
class Choice:
    """voice: auto, espeak, a speaker's key or a folder; results_voice: one of these, or same; speed: 0.7 to 1.4."""

    voice: str
    speed: float
    results_voice: str


@dataclass(frozen=True, slots=True)
class Option:
    """A voice to choose. installed: whether its files are on this machine."""

    key: str
    name: str
    installed: bool


@dataclass(frozen=True, slots=True)
class Speaks:
    """What speaks now. kind: natural, backup (espeak), own (a folder of the office) or none; name and why are for
    people; engine: the program's own name, "" until it has told it; missing: why some voices cannot be had."""

    kind: str
    name: str
    why: str
    engine: str
    missing: str = ""


def folders(voices: Path) -> tuple[str, ...]:
    """The office's own voices: folders with a model under var/voices, without the natural voice's."""
    try:
        found = [path for path in voices.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return tuple(
            sorted(path.name for path in found if path.name != speakers.FOLDER and any(path.glob("*.onnx")))
        )
    except OSError:
        return ()


def key_of(name: str, own: Iterable[str]) -> str | None:
    """The key of the voice that people call `name`; None when there is none. `own`: see `folders`."""
    plain = name.strip()
    if plain in own:
        return plain
    for key in (AUTO, ESPEAK):
        if plain.lower() in (key, CALLED[key]):
            return key
    speaker = speakers.find(plain)
    return speaker.key if speaker else None


def unknown(name: str, own: Iterable[str]) -> str:
    """The sentence about a name that no voice has, with those there are."""
    short = [speaker.name.split("（")[0] for speaker in speakers.mandarin()]
    names = [AUTO, ESPEAK, *short, *own]
    keys = [speaker.key for speaker in speakers.mandarin()]
    guess = nearest(name, [*names, *keys, *(key.split("_")[1] for key in keys)])
    tail = f"是不是“{guess}”？" if guess else ""
    return f"没有叫“{shortened(name)}”的语音。可以选：{'、'.join(names)}。{tail}"


def misnamed(sound: SoundSettings, own: Iterable[str]) -> dict[str, str]:
    """Settings of the timetable that name a voice that is not there → the sentence about it."""
    written = {"voice": sound.voice, "results_voice": sound.results_voice}
    if sound.results_voice == SAME_VOICE:
        del written["results_voice"]
    own = tuple(own)
    return {key: unknown(name, own) for key, name in written.items() if key_of(name, own) is None}


class Speaking:
    """Thread-safe. sound: the timetable's settings; folder: var/voices; status: how the voice is."""

    def __init__(
        self,
        sound: Callable[[], SoundSettings],
        kept: Kept,
        folder: Path,
        status: Callable[[], VoiceStatus] = lambda: VoiceStatus("", (), None, None),
    ):
        self._sound, self._store, self._folder, self._status = sound, kept, folder, status
        self._lock = threading.Lock()

    def of(self, kind: str) -> tuple[str, float]:
        """Voice and speed of an announcement of that kind, as `Script` has them."""
        chosen = self.choice()
        other = kind in EVENING and chosen.results_voice != SAME_VOICE
        voice = chosen.results_voice if other else chosen.voice
        return "" if voice == AUTO else voice, chosen.speed

    def choice(self) -> Choice:
        """What holds now."""
        told, kept = self.timetable(), self._kept()
        return Choice(
            kept.get("voice", told.voice),
            kept.get("speed", told.speed),
            kept.get("results_voice", told.results_voice),
        )

    def timetable(self) -> Choice:
        """What the timetable says; a name that no voice has counts as its default."""
        sound, own = self._sound(), folders(self._folder)
        results = key_of(sound.results_voice, own) or SAME_VOICE
        return Choice(key_of(sound.voice, own) or AUTO, sound.speed, results)

    def choose(self, **changes: object) -> None:
        """Keep a choice of voice, speed or results_voice; None: as in the timetable. Raises Refused."""
        read = {name: self._read(name, value) for name, value in changes.items() if value is not None}
        with self._lock:
            kept = {name: value for name, value in self._kept().items() if name not in changes}
            self._store.set(_KEPT, {**kept, **read} or None)

    def sample(self, voice: object = None, speed: object = None) -> tuple[str, float]:
        """Voice and speed to try, each as it holds now when it is None. Raises Refused."""
        now, pace = self.of("")
        key = now if voice is None else str(self._read("voice", voice))
        option = next((found for found in self.options() if found.key == key), None)
        if option is not None and not option.installed:
            raise Refused(f"{option.name}还没有安装，装好以后才能试听。", "voice")
        return "" if key == AUTO else key, pace if speed is None else float(self._read("speed", speed))

    def _read(self, name: str, value: object) -> Any:
        if name == "speed":
            if isinstance(value, int | float) and SPEEDS[0] <= value <= SPEEDS[1]:
                return float(value)
            raise Refused(f"语速要写 {SPEEDS[0]:g} 到 {SPEEDS[1]:g} 的数，1 是正常。", name)
        if name == "results_voice" and value in (SAME_VOICE, CALLED[SAME_VOICE]):
            return SAME_VOICE
        own = folders(self._folder)
        key = key_of(str(value), own)
        if key is None:
            raise Refused(unknown(str(value), own), name)
        return key

    def _kept(self) -> dict[str, Any]:
        kept = self._store.get(_KEPT)
        return kept if isinstance(kept, dict) else {}

    # --- what people are told

    def options(self) -> tuple[Option, ...]:
        """Every voice there is to choose, whether installed or not."""
        natural = self._folder / speakers.FOLDER
        model = any(natural.glob("kokoro*.onnx")) if natural.is_dir() else False
        return (
            Option(AUTO, CALLED[AUTO], True),
            *(
                Option(speaker.key, speaker.name, model and (natural / f"{speaker.key}.bin").is_file())
                for speaker in speakers.mandarin()
            ),
            *(Option(name, name, True) for name in folders(self._folder)),
            Option(ESPEAK, CALLED[ESPEAK], True),
        )

    def speaks(self) -> Speaks:
        """What speaks now, and why not the natural voice."""
        status = self._status()
        engine = status.engine
        if not engine:
            why = status.fault or "语音程序正在启动。"
            return Speaks(
                NONE, "没有能用的语音" if status.fault else "还没有启动", why, "", self._missing("")
            )
        if engine.startswith("Kokoro"):
            name, why = self._speaker()
            return Speaks(NATURAL, f"自然语音（{name}）", why, engine, self._missing(""))
        if engine.startswith("espeak"):
            missing = self._missing("；".join(why for _, why in status.passed_over))
            why = (
                "选的就是备用语音。"
                if self.choice().voice == ESPEAK
                else missing or "自然语音已经装好，正在换上。"
            )
            return Speaks(BACKUP, CALLED[ESPEAK], why, engine, missing)
        return Speaks(OWN, f"自备语音（{engine.split()[0]}）", "", engine, self._missing(""))

    def _speaker(self) -> tuple[str, str]:
        """Who reads with the natural voice, and why not who was chosen."""
        options = {option.key: option for option in self.options()}
        default = options[speakers.DEFAULT]
        chosen = options.get(self.choice().voice, default)
        if chosen.key in (AUTO, ESPEAK) or speakers.find(chosen.key) is None:
            chosen = default
        short = default.name.split("（")[0]
        if chosen.installed or chosen == default:
            return chosen.name.split("（")[0], ""
        return short, f"{chosen.name.split('（')[0]}还没有安装，先由{short}播报。"

    def _missing(self, reasons: str) -> str:
        if reasons:
            return f"自然语音用不了：{reasons}。"
        there = [option.installed for option in self.options() if speakers.find(option.key)]
        if not any(there):
            return "自然语音还没有安装。"
        return "" if all(there) else "有的声音还没有安装。"

    def unknown(self) -> str | None:
        """A sentence when the timetable names a voice that is not there."""
        return next(iter(misnamed(self._sound(), folders(self._folder)).values()), None)
