"""The voice child of `tts.client`: a neural voice, or espeak-ng through pyttsx3, which only this module imports."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from controller.sound.mandarin import for_espeak
from controller.sound.tts.cache import Takes
from controller.sound.tts.engines import Engine, EngineFailed, Maker, Piper, Sherpa
from controller.sound.tts.kokoro import Kokoro
from controller.sound.tts.script import PLAIN, Delivery, Recording
from controller.sound.tts.speakers import kind_of, model_folders
from controller.sound.tts.worker_loop import serve

LANGUAGE = "cmn"
RATE = 195
"""espeak's words a minute: 4.1 to 4.2 spoken characters a second with pauses, 4.5 without (measured on the
three sentences of day.md); the pace of an announcer that a large room can follow."""
PITCH = 52
NICE = 5
"""Niceness: the child renders on all cores; player, timekeeper and web have priority."""
_QUIET_S = 8.0
"""espeak that begins no word for so long is hung. While words begin it is only slow (an emulated or very busy machine),
and the parent's limit for a child that computes holds. Below the parent's limit of ten seconds, so that the child can
still report the reason."""


class Espeak:
    """pyttsx3 on espeak-ng 1.52 from the espeakng-loader wheel: Debian 12's 1.51 speaks Mandarin wrongly."""

    natural = False
    longest = 80  # keeps each rendering short; pyttsx3 loses files of five or more sentences (#408)

    def __init__(self) -> None:
        self._finished = threading.Event()
        self._progress_at = 0.0
        self._runner = 0  # the thread that runs pyttsx3
        self._faults: list[str] = []
        self._speed = 1.0
        version = _load_library()
        try:
            import pyttsx3
            from pyttsx3.drivers import _espeak

            self._engine: Any = pyttsx3.init("espeak")
            self._idle: Any = _espeak.Synchronize
            self._end: Any = (_espeak.EVENT * 2)(_espeak.EVENT(_espeak.EVENT_MSG_TERMINATED))
            self._driver: Any = self._engine.proxy._driver
            _espeak.SetSynthCallback(self._on_sound)
        except Exception as error:
            raise EngineFailed(f"espeak-ng 启动不了：{error}") from error
        self.identity = f"espeak-ng {version} {LANGUAGE} rate {RATE} pitch {PITCH}"
        self._prepare()

    def _prepare(self) -> None:
        # pyttsx3 only queues these; they take effect with the first rendering, which therefore happens here.
        self._engine.connect("started-word", self._on_word)
        self._engine.connect("finished-utterance", self._on_finished)
        self._engine.connect("error", lambda name, exception: self._faults.append(str(exception)))
        self._engine.setProperty("voice", LANGUAGE)
        self._engine.setProperty("rate", RATE)
        self._engine.setProperty("pitch", PITCH)
        self.render("好")  # the settings take effect here
        voice = str(self._engine.getProperty("voice"))
        if voice.split("/")[-1] != LANGUAGE:  # an unknown voice is silently replaced by English
            raise EngineFailed(f"espeak-ng 没有中文语音（得到的是 {voice}）")

    def _on_sound(self, sound: Any, samples: int, events: Any) -> int:
        """Give pyttsx3 the sound, and the end of the text where espeak-ng does not report it.

        The wheel for arm64 has espeak-ng without threads: it renders in the calling thread and ends with empty sound,
        without the event for which pyttsx3 waits.
        """
        answer: int = self._driver._onSynth(sound, samples, events)
        if not sound and threading.get_ident() == self._runner:
            self._driver._onSynth(sound, 0, self._end)
        return answer

    def _on_word(self, name: str, location: int, length: int) -> None:
        self._progress_at = time.monotonic()  # about once in each second of speech

    def _on_finished(self, name: str | None, completed: bool) -> None:
        if completed:
            self._finished.set()

    def render(self, text: str, delivery: Delivery = PLAIN) -> Recording:
        """Speak a text; repeat an empty rendering (see `_rendered`) twice at most."""
        if delivery.speed != self._speed:
            self._speed = delivery.speed
            self._engine.setProperty("rate", round(RATE * delivery.speed))
            self._rendered("好")  # pyttsx3 queues the setting; it takes effect with the next rendering
        written = for_espeak(text, delivery.language) or text
        for _ in range(3):
            recording = self._rendered(written)
            if recording.pcm:
                return recording
        raise EngineFailed("espeak-ng 没有写出声音")

    def cancel(self) -> None:
        """Do nothing: a sentence takes a few milliseconds."""

    def _rendered(self, text: str) -> Recording:
        """Render into memory: with a full disk pyttsx3 would wait for ever in its callback."""
        self._finished.clear()
        self._faults.clear()
        self._progress_at = time.monotonic()
        handle = os.memfd_create("speech", os.MFD_CLOEXEC)
        try:
            path = f"/proc/self/fd/{handle}"
            self._engine.save_to_file(text, path)
            running = threading.Thread(target=self._run, daemon=True)
            running.start()
            if not self._finishes():
                raise EngineFailed("；".join(self._faults) or "espeak-ng 没有按时念完")
            running.join()
            # A second end event of the same text may follow. pyttsx3 would take it for the end of the next text and
            # write that one empty (3 of 900 times), so wait until espeak is idle. On a busy machine it still
            # happened, about once in a thousand times.
            self._idle()
            return _read(path)
        finally:
            os.close(handle)

    def _run(self) -> None:
        """Let pyttsx3 work: it returns after one tick, or when espeak has finished, or never."""
        self._runner = threading.get_ident()
        try:
            self._engine.runAndWait()
        except Exception as error:
            self._faults.append(str(error))

    def _finishes(self) -> bool:
        """Wait until the text is rendered; return False as soon as espeak is hung."""
        while (left := self._progress_at + _QUIET_S - time.monotonic()) > 0:
            if self._finished.wait(left):
                return True
        return False


def _load_library() -> str:
    """Load the wheel's espeak-ng before the system's and return its version.

    pyttsx3 asks the linker for libespeak-ng.so.1; a library of that name that is already loaded is used.
    """
    try:
        import espeakng_loader

        os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
        library = ctypes.CDLL(espeakng_loader.get_library_path(), mode=ctypes.RTLD_GLOBAL)
    except (ImportError, OSError) as error:
        raise EngineFailed("没有安装 espeakng-loader") from error
    library.espeak_Info.restype = ctypes.c_char_p
    version: bytes = library.espeak_Info(None)
    return version.decode()


def _read(path: str) -> Recording:
    try:
        with wave.open(path, "rb") as file:
            return Recording(file.readframes(file.getnframes()), file.getframerate())
    except (OSError, EOFError, wave.Error) as error:
        raise EngineFailed("espeak-ng 没有写出声音") from error


def makers(wanted: str, voices: Path) -> list[Maker]:
    """Return the engines in order of trial: neural voices in `voices`, then espeak.

    `wanted` names one (espeak, kokoro, sherpa, piper, or a voice's folder) or is "auto"; espeak always stays last,
    because silence is worse.
    """
    folders = zip(model_folders(voices), neural(voices), strict=True)
    chosen = [maker for folder, maker in folders if wanted in ("auto", maker.name, folder.name)]
    return [*chosen, Maker("espeak", Espeak, slow=True)]  # the last one: nothing replaces it


def neural(voices: Path) -> list[Maker]:
    """Return makers for every voice folder in `voices`, by name; none when there is no folder."""
    if not voices.is_dir():
        return []
    return [_maker(folder) for folder in model_folders(voices)]


_ENGINES: Final[dict[str, Callable[[Path], Engine]]] = {"kokoro": Kokoro, "piper": Piper, "sherpa": Sherpa}


def _maker(folder: Path) -> Maker:
    kind = kind_of(folder)
    engine = _ENGINES[kind]
    return Maker(kind, lambda: engine(folder), slow=engine is Kokoro)


def main() -> None:
    """Answer the requests on the child's input until it ends."""
    options = argparse.ArgumentParser()
    options.add_argument("--engine", default="auto")
    options.add_argument("--voices", type=Path, default=Path("var/voices"))
    options.add_argument("--takes", type=Path, required=True)
    options.add_argument("--pace", type=float, default=0.5)
    chosen = options.parse_args()

    with contextlib.suppress(OSError):
        os.nice(NICE)
    serve(makers(chosen.engine, chosen.voices), Takes(chosen.takes), chosen.pace)


if __name__ == "__main__":
    main()
