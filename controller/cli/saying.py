"""`zhangu say` and `zhangu voice`: speak a text over the speakers or into a file, from the command line."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe

from controller.sales.store import Store
from controller.services.context import Preferences
from controller.services.scripts import ScriptBuilder, readings, segment
from controller.services.voices import Speaking
from controller.sound.mandarin import for_espeak
from controller.sound.speaker import Event, Part, Speaker
from controller.sound.tts.client import Voice
from controller.sound.tts.script import Clip, Script, VoiceFailed
from controller.sound.tts.speakers import ESPEAK, FOLDER, model_folders
from controller.system.os_errors import reason
from controller.system.paths import Home, command
from controller.system.process import running
from controller.timetable import load
from controller.timetable.model import SoundSettings
from controller.timetable.problems import TimetableInvalid

RENDER_S = 60
DEVICE_S = 6
NOTHING = "这里没有能念出来的字：表情和符号不会出声。"


def script_of(home: Home, text: str) -> Script:
    """Return the text as the engine gets it, with the readings of this office's names and in the office's voice."""
    names: dict[str, str] = {}
    if home.database.exists():
        with closing(Store(home.database)) as store, store.read() as session:
            names = readings(session.roster.teams(), session.roster.people())
    with _speaking(home) as speaking:
        voice, speed = speaking.of("")
    return Script((segment(text, names),), voice=voice, speed=speed)


def as_engine_gets_it(home: Home, script: Script) -> str:
    """Return the spoken text in the spelling of the engine that would speak it here."""
    with _speaking(home) as speaking:
        engine = speaking.engine_of(speaking.choice().voice)
    natural = engine != ESPEAK and any(folder.name == FOLDER for folder in model_folders(home.var / "voices"))
    (segment,) = script.segments
    return segment.text if natural else for_espeak(segment.text, segment.language)


@contextmanager
def _speaking(home: Home) -> Iterator[Speaking]:
    """Return the office's choice of voice: the phone's takes precedence over the timetable's."""
    sound, voices = _sound(home), home.var / "voices"
    if not home.database.exists():
        yield Speaking(lambda: sound, None, voices)
        return
    with closing(Store(home.database)) as store:
        yield Speaking(lambda: sound, Preferences(store), voices)


def _sound(home: Home) -> SoundSettings:
    try:
        return load.load(home.timetable).sound
    except TimetableInvalid:
        return SoundSettings()


def to_file(home: Home, script: Script, file: Path) -> str | None:
    """Write the speech as WAV (44,100 Hz, 16 bit, stereo); return a sentence when it failed."""
    if not script.segments[0].text:
        return NOTHING
    with _rendered(home, script) as clip:
        if isinstance(clip, str):
            return clip
        try:
            shutil.copyfile(clip.path, file)
        except OSError as error:
            return f"写不进 {file}：{reason(error)}。"
    return None


def aloud(home: Home, text: str, notify: Callable[[str], None]) -> str | None:
    """Speak the text over the speakers; return a sentence when nobody could hear it.

    `notify` is called with when and why a running daemon will announce it.
    """
    daemon = running(home.running)
    if daemon.get("port"):
        return _through_daemon(daemon, text, notify)
    speech = script_of(home, text)
    if not speech.segments[0].text:
        return NOTHING
    builder = ScriptBuilder(home.sounds)
    script = replace(speech, chime=builder.sound("chime"))
    with _rendered(home, script) as clip:
        return clip if isinstance(clip, str) else _directly(clip)


@contextmanager
def _rendered(home: Home, script: Script) -> Iterator[Clip | str]:
    with _speaking(home) as speaking:
        engine = speaking.engine_of(speaking.choice().voice)
    voice = Voice(home.cache, home.var / "voices", engine=engine)
    try:
        yield voice.prepare(script).result(RENDER_S)
    except VoiceFailed as failed:
        yield failed.sentence
    except TimeoutError:
        yield f"语音没有按时合成出来。请运行 {command()} doctor。"
    finally:
        voice.close()


def _through_daemon(daemon: dict[str, object], text: str, notify: Callable[[str], None]) -> str | None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{daemon['port']}/api/announcements",
        json.dumps({"text": text, "key": token_urlsafe(16)}).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {daemon.get('token')}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            decision = json.loads(answer.read())["decision"]
    except urllib.error.HTTPError as error:
        return str(json.loads(error.read() or b"{}").get("error", f"战鼓没有接受（{error.code}）。"))
    except OSError:
        return "战鼓在运行，但没有回应。请看 var/log/zhangu.log。"
    if decision.get("held"):  # due now, but inaudible
        return str(decision["why"])
    notify(str(decision["why"]))
    return None


def _directly(clip: Clip) -> str | None:
    over = threading.Event()
    ends: list[Event] = []

    def on_event(event: Event) -> None:
        if event.kind in ("done", "lost"):
            ends.append(event)
            over.set()

    speaker = Speaker(on_event)
    speaker.start()
    try:
        for _ in range(DEVICE_S * 10):
            if speaker.health().alive:
                break
            threading.Event().wait(0.1)
        else:
            return f"没有找到音响设备。请检查音箱接线，或运行 {command()} doctor。"
        ends.clear()
        over.clear()
        speaker.announce(1, [Part(clip.path)], open=False)
        over.wait(clip.duration_s + 10)
        return None if ends and ends[-1].ok else "没有播完：音响断开了。"
    finally:
        speaker.close()
