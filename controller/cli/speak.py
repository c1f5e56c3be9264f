"""`zhangu say` and `zhangu voice`: a text to the speakers or into a file, from the command line."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_urlsafe

from controller.book.store import Store
from controller.machine.home import Home
from controller.machine.reasons import reason
from controller.machine.single import running
from controller.office.scripts import ScriptBuilder, readings
from controller.sound.mandarin import spoken
from controller.sound.speaker import Event, Part, Speaker
from controller.sound.speech.script import Clip, Script, Segment, VoiceFailed
from controller.sound.voice import Voice

RENDER_S = 60
DEVICE_S = 6


def words(home: Home, text: str) -> str:
    """The text as the engine gets it, with the readings of this office's names."""
    names: dict[str, str] = {}
    if home.book.exists():
        with closing(Store(home.book)) as store, store.read() as book:
            names = readings(book.roster.teams(), book.roster.people())
    return spoken(text, names)


def to_file(home: Home, spoken_words: str, file: Path) -> str | None:
    """Writes the speech as WAV (44,100 Hz, 16 bit, stereo); returns a sentence when it failed."""
    with _rendered(home, Script((Segment(spoken_words),))) as clip:
        if isinstance(clip, str):
            return clip
        try:
            shutil.copyfile(clip.path, file)
        except OSError as error:
            return f"写不进 {file}：{reason(error)}。"
    return None


def aloud(home: Home, text: str, tell: Callable[[str], None]) -> str | None:
    """Says the text over the speakers; returns a sentence when nobody could hear it.

    `tell` hears when a running daemon will say it, and why.
    """
    daemon = running(home.running)
    if daemon.get("port"):
        return _through_daemon(daemon, text, tell)
    builder = ScriptBuilder(home.sounds)
    script = Script((Segment(words(home, text)),), chime=builder.sound("chime"))
    with _rendered(home, script) as clip:
        return clip if isinstance(clip, str) else _directly(clip)


@contextmanager
def _rendered(home: Home, script: Script) -> Iterator[Clip | str]:
    voice = Voice(home.cache, home.var / "voices")
    try:
        yield voice.prepare(script).result(RENDER_S)
    except VoiceFailed as failed:
        yield failed.sentence
    except TimeoutError:
        yield "语音没有按时合成出来。请运行 zhangu doctor。"
    finally:
        voice.close()


def _through_daemon(daemon: dict[str, object], text: str, tell: Callable[[str], None]) -> str | None:
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
    if decision.get("held"):  # due now, and nobody can hear it
        return str(decision["why"])
    tell(str(decision["why"]))
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
            return "没有找到音响设备。请检查音箱接线，或运行 zhangu doctor。"
        ends.clear()
        over.clear()
        speaker.announce(1, [Part(clip.path)], open=False)
        over.wait(clip.duration_s + 10)
        return None if ends and ends[-1].ok else "没有播完：音响断开了。"
    finally:
        speaker.close()
