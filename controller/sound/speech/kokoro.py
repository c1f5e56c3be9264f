"""Kokoro-82M (Apache-2.0) on onnxruntime: the natural voice. For the voice child only.

A voice folder holds the model (kokoro*.onnx) and one NAME.bin per speaker: float32, 510 × 256, one style vector
for each length of the input. The model takes phonemes; Mandarin comes from our own reading, English from the
espeak-ng library.
"""

from __future__ import annotations

import ctypes
import os
import re
import threading
from pathlib import Path
from typing import Any

from controller.sound.reading.syllables import Latin, Token, read
from controller.sound.speech import phonemes, speakers
from controller.sound.speech.engines import Cancelled, EngineFailed, Unsayable
from controller.sound.speech.script import PLAIN, Delivery, Recording

RATE = 24000
STYLES, STYLE_SIZE = 510, 256
VERSION = "v1.0 int8, reading 1"
"""Part of each kept clause's name: count the reading up when phonemes change."""
_IPA = 2  # espeak's phoneme mode: International Phonetic Alphabet
_RETRIEVAL, _UTF8 = 1, 1


class Kokoro:
    """One model with its speakers; a speaker that is missing is replaced by the default one."""

    longest = 26  # syllables: 5.6 s of speech, 400 MB at the peak (36: 500 MB)
    natural = True

    def __init__(self, folder: Path) -> None:
        """Load the model. Raises EngineFailed with a Chinese sentence."""
        self._folder = folder
        self._styles: dict[str, Any] = {}
        self._style(speakers.DEFAULT)
        self._onnx, self._session = _session(folder)
        self._ipa = English()
        self._run: Any = None
        self._lock = threading.Lock()
        self._cancelled = False
        self.identity = f"Kokoro-82M {VERSION}"

    def render(self, text: str, delivery: Delivery = PLAIN) -> Recording:
        """Speak a text; raises EngineFailed, or Cancelled after `cancel`."""
        voice = delivery.voice or speakers.DEFAULT
        if delivery.language == "en":
            voice = speakers.english_of(voice)
        ids = phonemes.numbers(self.phonemes(text, delivery.language))
        if not ids:
            raise Unsayable("这一段里没有能念出来的字")
        if len(ids) > phonemes.LONGEST:
            raise EngineFailed(f"这一段太长（{len(ids)} 个音素，最多 {phonemes.LONGEST} 个）")
        return Recording(self._pcm(ids, self._style(voice), delivery.speed), RATE)

    def phonemes(self, text: str, language: str = "zh") -> str:
        """The phonemes of a text as the model gets them."""
        if language == "en":
            return phonemes.of_english(self._ipa(text))
        tokens: list[Token] = read(text)
        latin = {token.text for token in phonemes.joined(tokens) if isinstance(token, Latin)}
        return phonemes.chinese(tokens, {word: self._ipa(word) for word in latin})

    def _style(self, voice: str) -> Any:
        if voice not in self._styles:
            try:
                self._styles[voice] = _styles(self._folder, voice)
            except EngineFailed:
                if voice == speakers.DEFAULT:
                    raise
                self._styles[voice] = self._style(speakers.DEFAULT)
        return self._styles[voice]

    def cancel(self) -> None:
        """Stop the rendering under way, from another thread."""
        with self._lock:
            self._cancelled = True
            if self._run is not None:
                self._run.terminate = True

    def _pcm(self, ids: list[int], styles: Any, speed: float) -> bytes:
        import numpy as np

        with self._lock:
            self._cancelled = False
            self._run = self._onnx.RunOptions()
        try:
            feeds = {
                "tokens": np.array([[0, *ids, 0]], np.int64),
                "style": styles[min(len(ids), STYLES - 1)][None, :],
                "speed": np.array([speed], np.float32),
            }
            samples = self._session.run(None, feeds, self._run)[0]
        except Exception as error:
            if self._cancelled:
                raise Cancelled from error
            raise EngineFailed(f"语音模型出错：{error}") from error
        finally:
            with self._lock:
                self._run = None
        whole = np.clip(np.nan_to_num(np.asarray(samples, np.float32).reshape(-1)), -1, 1) * 32767
        return bytes(whole.astype(np.int16).tobytes())


def _session(folder: Path) -> tuple[Any, Any]:
    models = sorted(folder.glob("kokoro*.onnx"))
    if not models:
        raise EngineFailed(f"语音文件夹 {folder.name} 里没有模型文件 kokoro*.onnx")
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineFailed("没有安装 onnxruntime（这台机器的处理器可能不支持）") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, min(4, len(os.sched_getaffinity(0))))
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = (
        True  # without it one sentence takes 1.4 GB at its peak, with it 0.4 GB, and 20 % less time
    )
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # idle threads leave the cores to others
    options.log_severity_level = 4
    try:
        return onnxruntime, onnxruntime.InferenceSession(
            str(models[0]), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise EngineFailed(f"语音模型 {models[0].name} 读不进来") from error


def _styles(folder: Path, speaker: str) -> Any:
    import numpy as np

    path = folder / f"{speaker}.bin"
    try:
        table = np.fromfile(path, np.float32)
    except OSError as error:
        raise EngineFailed(f"没有声音文件 {path.name}") from error
    if table.size != STYLES * STYLE_SIZE:
        raise EngineFailed(f"声音文件 {path.name} 不完整")
    return table.reshape(STYLES, STYLE_SIZE)


class English:
    """The IPA of English words, by the espeak-ng library that the fallback voice brings along."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        data = str(espeakng_loader.get_data_path()).encode()
        if self._library.espeak_Initialize(_RETRIEVAL, 0, data, 0) < 0:
            raise EngineFailed("espeak-ng 的词典打不开，英文念不了")
        if self._library.espeak_SetVoiceByName(b"en-us") != 0:
            raise EngineFailed("espeak-ng 没有英文词典")

    def __call__(self, text: str) -> str:
        """IPA with stress marks; punctuation stays for the pauses."""
        parts = re.split(r"([,.!?]+)", text)
        return "".join(part if at % 2 else self._words(part) for at, part in enumerate(parts)).strip()

    def _words(self, text: str) -> str:
        if not text.strip():
            return " "
        held = ctypes.c_char_p(text.strip().encode())
        at = ctypes.cast(held, ctypes.c_void_p)
        out = []
        while at.value:
            said = self._library.espeak_TextToPhonemes(ctypes.byref(at), _UTF8, _IPA)
            out.append((said or b"").decode())
        return f" {' '.join(out).strip()} "
