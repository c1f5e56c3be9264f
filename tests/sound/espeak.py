"""The real espeak-ng 1.52 of the espeakng-loader wheel, asked for phonemes instead of sound."""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Mapping

import espeakng_loader

from controller.sound.mandarin import for_espeak, spoken

_RETRIEVAL = 1  # AUDIO_OUTPUT_RETRIEVAL: opens no sound device
_UTF8 = 1


@functools.cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Initialize(_RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    assert library.espeak_SetVoiceByName(b"cmn") == 0
    return library


def phonemes(text: str) -> str:
    """What the Mandarin voice makes of `text`, in espeak's own mnemonics; "(en)" where it changed to English."""
    held = ctypes.c_char_p(text.encode())
    at = ctypes.cast(held, ctypes.c_void_p)
    clauses = []
    while at.value:
        clauses.append(_library().espeak_TextToPhonemes(ctypes.byref(at), _UTF8, 0).decode())
    return " ".join(clauses)


def syllables(text: str) -> str:
    """The phonemes without stress and word marks: sounds and tones only, fit to be compared."""
    return re.sub(r"[_|',:\s]", "", phonemes(text))


def written(text: str, readings: Mapping[str, str] = {}, language: str = "zh") -> str:
    """A text as espeak-ng gets it."""
    return for_espeak(spoken(text, readings, language), language)
