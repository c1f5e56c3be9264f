"""All kinds of voices behind one small interface. For the voice child; imports nothing heavy.

The natural voice is the folder var/voices/kokoro, which `zhangu voices install` creates (see `kokoro`). Other neural
voices are folders that the user puts into var/voices/ :
    sherpa-onnx   one *.onnx, tokens.txt, for most also lexicon.txt; a matcha model also its vocoder
                  (vocos*.onnx or hifigan*.onnx).  pip install sherpa-onnx
    Piper         NAME.onnx with NAME.onnx.json.   pip install piper-tts
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from controller.sound.mandarin import for_espeak
from controller.sound.mandarin.pinyin import in_characters
from controller.sound.tts.script import PLAIN, Delivery, Recording


class EngineFailed(Exception):  # noqa: N818 - the engine failed
    """The engine did not load or did not render; str() is for the log and for `doctor`."""


class Engine(Protocol):
    """A voice.

    identity: name, version and settings; each has separate cache entries. longest: characters of one
    call, so that it stays well within its time limit. natural: rendering takes so long that clauses are cut at every
    comma and kept.
    """

    identity: str
    longest: int
    natural: bool

    def render(self, text: str, delivery: Delivery = PLAIN) -> Recording:
        """Return the spoken text; raises EngineFailed, or Cancelled after `cancel`."""
        ...

    def cancel(self) -> None:
        """Interrupt the present rendering, from another thread; may do nothing."""
        ...


class Cancelled(Exception):  # noqa: N818 - it was cancelled
    """A more urgent text interrupted the rendering."""


class Unsayable(EngineFailed):
    """The text contains nothing that this engine can speak; the rest of the announcement is spoken without it."""


@dataclass(frozen=True, slots=True)
class Maker:
    """A factory of an engine. name as in the settings (espeak, kokoro, sherpa, piper); make raises EngineFailed.

    slow: it may compute for minutes until it speaks; see `voice_child.SLOW_LOADING_S`.
    """

    name: str
    make: Callable[[], Engine]
    slow: bool = False


def first_working(
    makers: Sequence[Maker], report: Callable[[Maker], None] = lambda maker: None
) -> tuple[Engine, list[tuple[str, str]]]:
    """Return the first working engine, and (name, reason) of those before it; EngineFailed when none works.

    `report` is called before each step: once before an engine loads, once before it renders its first text.
    """
    passed_over: list[tuple[str, str]] = []
    for maker in makers:
        try:
            report(maker)
            engine = maker.make()
            report(maker)
            engine.render("好")
            return engine, passed_over
        except EngineFailed as why:
            passed_over.append((maker.name, str(why)))
    raise EngineFailed("；".join(f"{name}：{why}" for name, why in passed_over) or "没有任何语音引擎")


class Sherpa:
    """sherpa-onnx with a vits or matcha model, one folder per voice."""

    longest = 30
    natural = False

    def __init__(self, folder: Path) -> None:
        try:
            import sherpa_onnx
        except ImportError as error:
            raise EngineFailed("没有安装 sherpa-onnx（.venv/bin/pip install sherpa-onnx）") from error
        config = sherpa_onnx.OfflineTtsConfig(model=_sherpa_model(sherpa_onnx, folder))
        if not config.validate():
            raise EngineFailed(f"语音模型 {folder.name} 的文件不全或不匹配")
        try:
            self._tts: Any = sherpa_onnx.OfflineTts(config)
        except Exception as error:
            raise EngineFailed(f"语音模型 {folder.name} 读不进来") from error
        self.identity = f"sherpa-onnx {sherpa_onnx.__version__} {_fingerprint(folder)}"

    def render(self, text: str, delivery: Delivery = PLAIN) -> Recording:
        audio = self._tts.generate(in_characters(text), sid=0, speed=delivery.speed)
        return _recording(audio.samples, audio.sample_rate)

    def cancel(self) -> None:
        """Do nothing: a sentence takes less than a second."""


def _sherpa_model(sherpa_onnx: Any, folder: Path) -> Any:
    vocoders = [*folder.glob("vocos*.onnx"), *folder.glob("hifigan*.onnx")]
    models = [path for path in sorted(folder.glob("*.onnx")) if path not in vocoders]
    if not models:
        raise EngineFailed(f"语音模型 {folder.name} 里没有模型文件")
    shared = {"tokens": str(folder / "tokens.txt"), "lexicon": _optional(folder / "lexicon.txt")}
    if vocoders:
        matcha = sherpa_onnx.OfflineTtsMatchaModelConfig(
            acoustic_model=str(models[0]), vocoder=str(vocoders[0]), data_dir="", **shared
        )
        return sherpa_onnx.OfflineTtsModelConfig(matcha=matcha, num_threads=4)
    vits = sherpa_onnx.OfflineTtsVitsModelConfig(model=str(models[0]), data_dir="", **shared)
    return sherpa_onnx.OfflineTtsModelConfig(vits=vits, num_threads=4)


class Piper:
    """Piper with one voice: NAME.onnx beside NAME.onnx.json."""

    longest = 40
    natural = False

    def __init__(self, folder: Path) -> None:
        try:
            import piper
        except ImportError as error:
            raise EngineFailed("没有安装 Piper（.venv/bin/pip install piper-tts）") from error
        settings = sorted(folder.glob("*.onnx.json"))[0]
        try:
            self._voice: Any = piper.PiperVoice.load(settings.with_suffix(""))
        except Exception as error:
            raise EngineFailed(f"语音模型 {folder.name} 读不进来") from error
        self._pinyin = "espeak" in str(self._voice.config.phoneme_type).lower()
        """Piper's bundled espeak-ng takes pinyin inside a text as ours does."""
        self.identity = f"piper {_fingerprint(folder)}"

    def render(self, text: str, delivery: Delivery = PLAIN) -> Recording:
        written = for_espeak(text, delivery.language) if self._pinyin else in_characters(text)
        chunks = list(self._voice.synthesize(written))
        if not chunks:
            raise EngineFailed("Piper 没有念出任何声音")
        return Recording(b"".join(chunk.audio_int16_bytes for chunk in chunks), chunks[0].sample_rate)

    def cancel(self) -> None:
        """Do nothing: a sentence takes less than a second."""


def _optional(path: Path) -> str:
    return str(path) if path.exists() else ""


def _fingerprint(folder: Path) -> str:
    """Return name and content of a voice, cheaply: another file, size or date is another voice."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    facts = [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return f"{folder.name} {hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:16]}"


def _recording(samples: Sequence[float], rate: int) -> Recording:
    import numpy as np

    whole = np.clip(np.asarray(samples, np.float32), -1, 1) * 32767
    if not whole.size:
        raise EngineFailed("语音模型没有念出任何声音")
    return Recording(whole.astype(np.int16).tobytes(), rate)
