"""The real espeak-ng 1.52 of the espeakng-loader wheel, returning phonemes instead of sound."""

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
    """Return the Mandarin voice's phonemes for `text`, in espeak's mnemonics; "(en)" where it switched to English."""
    held = ctypes.c_char_p(text.encode())
    at = ctypes.cast(held, ctypes.c_void_p)
    clauses = []
    while at.value:
        clauses.append(_library().espeak_TextToPhonemes(ctypes.byref(at), _UTF8, 0).decode())
    return " ".join(clauses)


def syllables(text: str) -> str:
    """Return the phonemes without stress and word marks: only sounds and tones, for comparison."""
    return re.sub(r"[_|',:\s]", "", phonemes(text))


def written(text: str, readings: Mapping[str, str] = {}, language: str = "zh") -> str:
    """Return a text as espeak-ng gets it."""
    return for_espeak(spoken(text, readings, language), language)
