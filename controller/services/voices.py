"""The choice of voice and speed, samples, and the state of the voice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from controller.sales.model import Kind, Refused
from controller.services.context import Preferences
from controller.sound.tts import speakers
from controller.sound.tts.client import AHEAD, Voice
from controller.sound.tts.plan import VoiceStatus
from controller.sound.tts.script import Script, VoiceFailed
from controller.sound.tts.speakers import AUTO, ESPEAK
from controller.timetable.model import SAME_VOICE, SPEEDS, SoundSettings
from controller.timetable.problems import nearest, shortened

HEARING_LIMIT_S = 25.0
IDLE_S = 20.0
"""Idle time after which a second voice child frees its memory."""
Manner = tuple[str, float]
"""Voice and speed; see `Speaking.sample`."""


class Samples:
    """Thread-safe. `var` contains cache and voices. An engine other than the present one runs in a second child."""

    def __init__(self, var: Path, voice: Voice, speaking: Speaking):
        self._var, self._voice, self._speaking = var, voice, speaking
        self._lock = threading.Lock()
        self._other: Voice | None = None

    def render(self, script: Script, manner: Manner | None = None) -> Path:
        """Render the script as WAV in the voice and speed of `manner`. Raises Refused."""
        if manner is None:
            return self._file(self._voice, script)
        key, speed = manner
        speaker = speakers.find(key)
        script = replace(script, voice=speaker.key if speaker else "", speed=speed)
        if self._speaks(key):
            return self._file(self._voice, script)
        with self._lock:  # one after another: a natural voice takes some 300 MB while it renders
            if self._other is None:
                self._other = Voice(self._var / "cache", self._var / "voices", engine=AUTO, idle_s=IDLE_S)
            self._other.use("kokoro" if speaker else key)
            path = self._file(self._other, script)
            status = self._other.status()
        if key != ESPEAK and status.engine.startswith("espeak"):
            why = "；".join(reason for _, reason in status.passed_over)
            raise Refused(f"这个语音在这台机器上用不了{'：' if why else ''}{why}。", "voice")
        return path

    def _speaks(self, key: str) -> bool:
        """Return whether the present engine has the voice `key`."""
        kind = self._speaking.speaks().kind
        if key == AUTO:
            return True
        if speakers.find(key) is not None:
            return kind == NATURAL
        return kind == BACKUP if key == ESPEAK else kind == OWN and self._speaking.choice().voice == key

    def _file(self, voice: Voice, script: Script) -> Path:
        try:
            return voice.prepare(script, AHEAD).result(HEARING_LIMIT_S).path
        except VoiceFailed as failed:
            raise Refused(failed.sentence) from failed
        except NotInTime as late:
            raise Refused("语音正忙，请过一会儿再试听。") from late

    def close(self) -> None:
        """End the second child, if there is one."""
        with self._lock:
            if self._other is not None:
                self._other.close()


# --- Choice of voice and speed

EVENING = (Kind.RESULTS, Kind.TOP_SALES_OF_DAY, Kind.TOP_SALES_OF_WEEK, Kind.TOP_SALES_OF_MONTH)
"""Kinds of announcement that `results_voice` speaks."""
NATURAL, BACKUP, OWN, NONE = "natural", "backup", "own", "none"
CALLED = {AUTO: "自动", ESPEAK: "备用语音（espeak）", SAME_VOICE: "和平时一样"}
_KEPT = "speaking"


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice. voice: auto, espeak, a speaker's key or a folder; results_voice: same, auto or a speaker's key;
    speed: 0.7 to 1.4."""

    voice: str
    speed: float
    results_voice: str


@dataclass(frozen=True, slots=True)
class Option:
    """A voice to choose. installed: its files are on this machine; natural: a speaker of the natural voice."""

    key: str
    name: str
    installed: bool
    natural: bool = False


@dataclass(frozen=True, slots=True)
class Speaks:
    """The present voice. kind: natural, backup (espeak), own (a folder of the office) or none; name and why are for
    people; engine: the program's name, "" until it is known; missing: why some voices are unavailable."""

    kind: str
    name: str
    why: str
    engine: str
    missing: str = ""


def folders(voices: Path) -> tuple[str, ...]:
    """Return the office's own voices: folders with a model under var/voices, without the natural voice's."""
    try:
        paths = [path for path in voices.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return tuple(
            sorted(path.name for path in paths if path.name != speakers.FOLDER and any(path.glob("*.onnx")))
        )
    except OSError:
        return ()


def key_of(name: str, own: Iterable[str]) -> str | None:
    """Return the key of the voice that people call `name`; None when there is none. `own`: see `folders`."""
    plain = name.strip()
    for key in (AUTO, ESPEAK):
        if plain.lower() in (key, CALLED[key]):
            return key
    if plain in own:
        return plain
    speaker = speakers.find(plain)
    return speaker.key if speaker else None


def unknown(name: str, own: Iterable[str]) -> str:
    """Return the sentence about an unknown voice name, with the known ones."""
    short = [speaker.name.split("（")[0] for speaker in speakers.mandarin()]
    names = [AUTO, ESPEAK, *short, *own]
    keys = [speaker.key for speaker in speakers.mandarin()]
    guess = nearest(name, [*names, *keys, *(key.split("_")[1] for key in keys)])
    tail = f"是不是“{guess}”？" if guess else ""
    return f"没有叫“{shortened(name)}”的语音。可以选：{'、'.join(names)}。{tail}"


def results_key(name: str) -> str | None:
    """Return the key for results_voice, like `key_of`: same, auto or a speaker of the natural voice."""
    if name.strip() in (SAME_VOICE, CALLED[SAME_VOICE]):
        return SAME_VOICE
    key = key_of(name, ())
    return None if key == ESPEAK else key


def unknown_for_results(name: str) -> str:
    """Return the sentence about a voice that cannot announce the results."""
    short = [speaker.name.split("（")[0] for speaker in speakers.mandarin()]
    return f"战报的语音不能是“{shortened(name)}”。可以选：{'、'.join((SAME_VOICE, AUTO, *short))}。"


def misnamed(sound: SoundSettings, own: Iterable[str]) -> dict[str, str]:
    """Return, by setting, the sentence about a voice in the timetable that does not exist."""
    own = tuple(own)
    faults = {"voice": None if key_of(sound.voice, own) else unknown(sound.voice, own)}
    faults["results_voice"] = (
        None if results_key(sound.results_voice) else unknown_for_results(sound.results_voice)
    )
    return {key: sentence for key, sentence in faults.items() if sentence}


class Speaking:
    """Thread-safe. sound: the timetable's settings; folder: var/voices; voice: the present voice."""

    def __init__(
        self,
        sound: Callable[[], SoundSettings],
        kept: Preferences | None,
        folder: Path,
        voice: Voice | None = None,
    ):
        self._sound, self._store, self._folder, self._voice = sound, kept, folder, voice
        self._lock = threading.Lock()
        self._engine = ""

    def of(self, kind: str) -> tuple[str, float]:
        """Return voice and speed for an announcement of that kind, in the form of `Script`."""
        chosen = self.choice()
        other = kind in EVENING and chosen.results_voice != SAME_VOICE
        voice = chosen.results_voice if other else chosen.voice
        natural = self._natural(chosen.voice) and self._natural(voice)
        return voice if natural and voice != AUTO else "", chosen.speed

    def speed(self) -> float:
        """Return the chosen speed, 1 being normal."""
        return self.choice().speed

    @staticmethod
    def _natural(key: str) -> bool:
        return key == AUTO or speakers.find(key) is not None

    def engine_of(self, key: str) -> str:
        """Return the engine that has the voice `key`, in the form of `Voice.use`."""
        if not self._natural(key):
            return key
        own_first = (
            key != AUTO
            and folders(self._folder)
            and any(one.installed for one in self.options() if one.natural)
        )
        return "kokoro" if own_first else AUTO

    def apply_settings(self) -> None:
        """Use the chosen engine from the next rendering on."""
        if self._voice is not None:
            self._voice.use(self.engine_of(self.choice().voice))

    def turned(self) -> bool:
        """Return whether the engine has changed since the last call."""
        engine = self._voice.status().engine if self._voice is not None else ""
        before, self._engine = self._engine, engine
        return before != engine

    def waiting(self) -> int:
        """Return how many clauses are not rendered ahead yet."""
        return self._voice.waiting_ahead() if self._voice is not None else 0

    def choice(self) -> Choice:
        """Return the choice in force."""
        default, kept = self.timetable(), self._kept()
        return Choice(
            kept.get("voice", default.voice),
            kept.get("speed", default.speed),
            kept.get("results_voice", default.results_voice),
        )

    def timetable(self) -> Choice:
        """Return the timetable's choice; an unknown name counts as the default."""
        sound, own = self._sound(), folders(self._folder)
        return Choice(
            key_of(sound.voice, own) or AUTO, sound.speed, results_key(sound.results_voice) or SAME_VOICE
        )

    def choose(self, **changes: object) -> None:
        """Store a choice of voice, speed or results_voice, and use it; None: as in the timetable. Raises Refused."""
        read = {name: self._read(name, value) for name, value in changes.items() if value is not None}
        with self._lock:
            kept = {name: value for name, value in self._kept().items() if name not in changes}
            if self._store is not None:
                self._store.set(_KEPT, {**kept, **read} or None)
        self.apply_settings()

    def sample(self, voice: object = None, speed: object = None) -> tuple[str, float]:
        """Return voice and speed for a sample; None: as chosen; see Choice. Raises Refused."""
        chosen = self.choice()
        key = chosen.voice if voice is None else str(self._read("voice", voice))
        option = next((one for one in self.options() if one.key == key), None)
        if option is not None and not option.installed and voice is not None:
            raise Refused(f"{option.name}还没有安装，装好以后才能试听。", "voice")
        return key, chosen.speed if speed is None else float(self._read("speed", speed))

    def _read(self, name: str, value: object) -> Any:
        if name == "speed":
            if isinstance(value, int | float) and SPEEDS[0] <= value <= SPEEDS[1]:
                return float(value)
            raise Refused(f"语速要写 {SPEEDS[0]:g} 到 {SPEEDS[1]:g} 的数，1 是正常。", name)
        if name == "results_voice":
            if (results := results_key(str(value))) is None:
                raise Refused(unknown_for_results(str(value)), name)
            return results
        own = folders(self._folder)
        key = key_of(str(value), own)
        if key is None:
            raise Refused(unknown(str(value), own), name)
        return key

    def _kept(self) -> dict[str, Any]:
        kept = self._store.get(_KEPT) if self._store is not None else None
        return kept if isinstance(kept, dict) else {}

    # --- information for people

    def options(self) -> tuple[Option, ...]:
        """Return all voices to choose from, installed or not."""
        natural = self._folder / speakers.FOLDER
        model = any(natural.glob("kokoro*.onnx")) if natural.is_dir() else False
        return (
            Option(AUTO, CALLED[AUTO], True),
            *(
                Option(speaker.key, speaker.name, model and (natural / f"{speaker.key}.bin").is_file(), True)
                for speaker in speakers.mandarin()
            ),
            *(Option(name, name, True) for name in folders(self._folder)),
            Option(ESPEAK, CALLED[ESPEAK], True),
        )

    def speaks(self) -> Speaks:
        """Return the present voice, and why it is not the natural voice."""
        status = self._voice.status() if self._voice is not None else VoiceStatus("", (), None, None)
        engine = status.engine
        if not engine:
            why = status.fault or "语音程序正在启动。"
            return Speaks(
                NONE, "没有能用的语音" if status.fault else "还没有启动", why, "", self._missing("")
            )
        if status.natural:
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
        """Return the natural voice's present speaker, and why it is not the chosen one."""
        options = {option.key: option for option in self.options()}
        default = options[speakers.DEFAULT]
        chosen = options.get(self.choice().voice, default)
        if not chosen.natural:
            chosen = default
        short = default.name.split("（")[0]
        if chosen.installed or chosen == default:
            return chosen.name.split("（")[0], ""
        return short, f"{chosen.name.split('（')[0]}还没有安装，先由{short}播报。"

    def _missing(self, reasons: str) -> str:
        if reasons:
            return f"自然语音用不了：{reasons}。"
        there = [option.installed for option in self.options() if option.natural]
        if not any(there):
            return "自然语音还没有安装。"
        return "" if all(there) else "有的声音还没有安装。"

    def unknown(self) -> str | None:
        """Return a sentence if the timetable names a voice that does not exist."""
        return next(iter(misnamed(self._sound(), folders(self._folder)).values()), None)
