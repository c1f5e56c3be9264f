"""The natural voice: Kokoro-82M on onnxruntime, and its phonemes for the syllables of our Mandarin reading."""

from __future__ import annotations

import ctypes
import os
import re
import threading
from pathlib import Path
from typing import Any

from controller.sound.mandarin.syllables import Latin, Pause, Syllable, Token, Unread, read
from controller.sound.tts import speakers
from controller.sound.tts.engines import Cancelled, EngineFailed, Unsayable
from controller.sound.tts.script import PLAIN, Delivery, Recording

TONES = {1: "→", 2: "↗", 3: "↓", 4: "↘", 5: ""}
_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
# A final as (sound up to the vowel, coda); the tone's arrow goes between them.
_FINALS = {
    "a": ("a", ""), "ai": ("ai", ""), "an": ("a", "n"), "ang": ("a", "ŋ"), "ao": ("au", ""),
    "e": ("ɤ", ""), "ei": ("ei", ""), "en": ("ə", "n"), "eng": ("ə", "ŋ"), "er": ("ɚ", ""), "ou": ("ou", ""),
    "i": ("i", ""), "ia": ("ja", ""), "ian": ("jɛ", "n"), "iang": ("ja", "ŋ"), "iao": ("jau", ""), "ie": ("je", ""),
    "in": ("i", "n"), "ing": ("i", "ŋ"), "io": ("jɔ", ""), "iong": ("jʊ", "ŋ"), "iou": ("jou", ""), "iu": ("jou", ""),
    "ong": ("ʊ", "ŋ"), "u": ("u", ""), "ua": ("wa", ""), "uai": ("wai", ""), "uan": ("wa", "n"), "uang": ("wa", "ŋ"),
    "uei": ("wei", ""), "ui": ("wei", ""), "uen": ("wə", "n"), "un": ("wə", "n"), "ueng": ("wə", "ŋ"),
    "uo": ("wo", ""), "o": ("wo", ""), "v": ("y", ""), "ve": ("ɥe", ""), "van": ("ɥɛ", "n"), "vn": ("y", "n"),
}  # fmt: skip
_WHOLE = {
    "o": ("ɔ", ""), "yo": ("wo", ""), "n": ("n", ""), "ng": ("ŋ", ""), "m": ("m", ""), "ê": ("ɛ", ""),
}  # fmt: skip
_SYLLABIC = {"zh", "ch", "sh", "r", "z", "c", "s"}
_SPLIT = re.compile("(zh|ch|sh|[bpmfdtnlgkhjqxrzcs]?)(.+)")

_PAUSES = {"，": ",", "、": ",", "：": ":", "；": ";", "。": ".", "！": "!", "？": "?"}
LONGEST = 510
"""Most tokens of one rendering; the model's position table has 512 places, two are for start and end."""

_ALPHABET = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15,
    " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23, "A": 24, "I": 25, "O": 31, "Q": 33,
    "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50,
    "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62,
    "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99,
    "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113, "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118,
    "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126, "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133,
    "ʊ": 135, "ʋ": 136, "ʌ": 138, "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157,
    "ː": 158, "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip
# espeak-ng's American English → the model's letters: diphthongs and affricates are one letter each there.
_ENGLISH = (
    ("\u0361", ""), ("eɪ", "A"), ("aɪ", "I"), ("ɔɪ", "Y"), ("oʊ", "O"), ("əʊ", "Q"), ("aʊ", "W"), ("tʃ", "ʧ"),
    ("dʒ", "ʤ"), ("ɚ", "əɹ"), ("ɜː", "ɜ"), ("ɜ", "ɜɹ"), ("ɜɹɹ", "ɜɹ"), ("r", "ɹ"), ("g", "ɡ"), ("ɾ", "T"),
    ("ɬ", "l"), ("x", "k"), ("ɐ", "ə"), ("ː", ""), ("e", "A"), ("o", "O"), ("ʲ", ""), ("ɫ", "l"), ("n̩", "ᵊn"),
    ("l̩", "ᵊl"), ("əl", "ᵊl"),
)  # fmt: skip
# A Mandarin speaker of the model has no English in their training data: English words are understood better when
# written with Mandarin sounds (aspirated p t k, unvoiced b d g, two-part diphthongs). Measured with an independent
# listener on ten sentences: 24 of 100 syllables wrong with English phonemes, 21 with these.
_ACCENT = (
    ("A", "ei"), ("I", "ai"), ("O", "ou"), ("W", "au"), ("Y", "ɔi"), ("T", "t"), ("ʧ", "ʨʰ"), ("ʤ", "ʨ"), ("ʃ", "ʂ"),
)  # fmt: skip
_ASPIRATED = re.compile("(?<!s)([ptk])(?=[ˈˌ]?[aɑæɛɪiIAOuʊʌəɜɔWYɹlw])")
_UNVOICED = str.maketrans("bdɡ", "ptk")
# Letters with the names that Mandarin speakers use: with English names 19 of 100 syllables were wrong, with these 9.
LETTERS = {
    "A": "ei→", "B": "pi↘", "C": "si→", "D": "ti↘", "E": "i↘", "F": "ɛ↗fu", "G": "ʨi↘", "H": "ei↗ʨʰy", "I": "ai↘",
    "J": "ꭧei↘", "K": "kʰei↘", "L": "ɛ↗l", "M": "ɛ↗m", "N": "ə→n", "O": "ou→", "P": "pʰi↘", "Q": "kʰjou→",
    "R": "a→ɚ", "S": "ɛ↗s", "T": "tʰi↘", "U": "jou→", "V": "vi↘", "W": "ta↗pu ljou", "X": "ɛ↗ks", "Y": "wai→",
    "Z": "ʦɤ↘",
}  # fmt: skip


def of_syllable(syllable: Syllable) -> str:
    """Return the phonemes of one syllable, the tone's arrow after its vowel."""
    vowel, coda = _parts(syllable.sound)
    tone = TONES[syllable.tone]
    if not syllable.er or vowel.endswith("ɚ"):
        return vowel + tone + coda
    # 儿 replaces a coda n or i (一会儿, 一点儿), and follows everything else (事儿, 画儿).
    bare = vowel[:-1] if vowel.endswith(("ai", "ei")) else vowel
    return f"{bare}{tone}ɚ"


def _parts(sound: str) -> tuple[str, str]:
    if sound in _WHOLE:
        return _WHOLE[sound]
    initial, final = _strict(sound)
    if initial in _SYLLABIC and final == "i":
        return _INITIALS[initial] + "ɨ", ""
    vowel, coda = _FINALS[final]
    return _INITIALS[initial] + vowel, coda


def _strict(sound: str) -> tuple[str, str]:
    """Return initial and final as the phonology has them: y and w are not initials, u after j, q, x is ü."""
    if sound.startswith("y"):
        rest = sound[1:]
        return "", f"v{rest[1:]}" if rest.startswith("u") else rest if rest.startswith("i") else f"i{rest}"
    if sound.startswith("w"):
        rest = sound[1:]
        return "", rest if rest.startswith("u") else f"u{rest}"
    match = _SPLIT.fullmatch(sound)
    initial, final = (match[1], match[2]) if match else ("", sound)
    return (
        (initial, f"v{final[1:]}")
        if initial in ("j", "q", "x") and final.startswith("u")
        else (initial, final)
    )


def of_english(ipa: str) -> str:
    """Return espeak-ng's IPA of American English in the model's letters."""
    for theirs, ours in _ENGLISH:
        ipa = ipa.replace(theirs, ours)
    return "".join(char for char in ipa if char in _ALPHABET)


def with_accent(phonemes: str) -> str:
    """Return English phonemes in the form that a Mandarin speaker of the model pronounces best."""
    result = _ASPIRATED.sub(r"\1ʰ", phonemes)
    for theirs, ours in _ACCENT:
        result = result.replace(theirs, ours)
    return result.translate(_UNVOICED)


def numbers(phonemes: str) -> list[int]:
    """Return the model's numbers of a phoneme string."""
    return [_ALPHABET[char] for char in phonemes if char in _ALPHABET]


def chinese(tokens: list[Token], english: dict[str, str]) -> str:
    """Return the phonemes of tokens. `english`: the IPA of each run of Latin words in them, as written."""
    out: list[str] = []
    word: int | None = None
    for token in joined(tokens):
        if isinstance(token, Syllable):
            out.append(("" if word in (None, token.word) else " ") + of_syllable(token))
            word = token.word
            continue
        if isinstance(token, Pause):
            out.append(_PAUSES.get(token.mark, token.mark) + " ")
        elif isinstance(token, Latin):
            out.append(f" {_latin(token.text, english)} ")
        word = None
    return re.sub(" +", " ", "".join(out)).strip()


def _latin(text: str, english: dict[str, str]) -> str:
    if len(text) == 1:
        return LETTERS.get(text.upper(), "")
    return with_accent(of_english(english[text]))


def joined(tokens: list[Token]) -> list[Token]:
    """Return the tokens with neighbouring Latin words joined to a phrase, except single letters; without Unread."""
    out: list[Token] = []
    for token in tokens:
        last = out[-1] if out else None
        if isinstance(token, Latin) and isinstance(last, Latin) and min(len(token.text), len(last.text)) > 1:
            out[-1] = Latin(f"{last.text} {token.text}")
        elif not isinstance(token, Unread):
            out.append(token)
    return out


# --- Kokoro-82M (Apache-2.0) on onnxruntime

RATE = 24000
STYLES, STYLE_SIZE = 510, 256
VERSION = "v1.0 int8, reading 1"
"""Part of each kept clause's name: increase it when phonemes change."""
_IPA = 2  # espeak's phoneme mode: International Phonetic Alphabet
_RETRIEVAL, _UTF8 = 1, 1


class Kokoro:
    """One model with its speakers; a missing speaker is replaced by the default one."""

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
        ids = numbers(self.phonemes(text, delivery.language))
        if not ids:
            raise Unsayable("这一段里没有能念出来的字")
        if len(ids) > LONGEST:
            raise EngineFailed(f"这一段太长（{len(ids)} 个音素，最多 {LONGEST} 个）")
        return Recording(self._pcm(ids, self._style(voice), delivery.speed), RATE)

    def phonemes(self, text: str, language: str = "zh") -> str:
        """Return the phonemes of a text as the model gets them."""
        if language == "en":
            return of_english(self._ipa(text))
        tokens: list[Token] = read(text)
        latin = {token.text for token in joined(tokens) if isinstance(token, Latin)}
        return chinese(tokens, {word: self._ipa(word) for word in latin})

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
        """Stop the present rendering, from another thread."""
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
    )  # idle threads must not spin: other processes need the cores
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
    """The IPA of English words, from the espeak-ng library of the fallback voice."""

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
        """Return IPA with stress marks; punctuation stays for the pauses."""
        parts = re.split(r"([,.!?]+)", text)
        return "".join(part if at % 2 else self._words(part) for at, part in enumerate(parts)).strip()

    def _words(self, text: str) -> str:
        if not text.strip():
            return " "
        held = ctypes.c_char_p(text.strip().encode())
        at = ctypes.cast(held, ctypes.c_void_p)
        out = []
        while at.value:
            ipa = self._library.espeak_TextToPhonemes(ctypes.byref(at), _UTF8, _IPA)
            out.append((ipa or b"").decode())
        return f" {' '.join(out).strip()} "
