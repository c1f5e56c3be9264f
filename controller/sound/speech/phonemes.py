"""Syllables → the phonemes that Kokoro-82M was trained on, and their numbers in the model. Pure.

The alphabet is IPA with an arrow for the tone behind the vowel; the model's authors made it with misaki's Chinese
reader, against which a test compares each of the 1,600 syllables. Numbers are the model's own (178 tokens).
"""

from __future__ import annotations

import re

from controller.sound.reading.syllables import Latin, Pause, Syllable, Token, Unread

TONES = {1: "→", 2: "↗", 3: "↓", 4: "↘", 5: ""}
_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
# A final as (sound up to the vowel, coda); the tone's arrow stands between them.
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
"""Most tokens of one rendering; the model's position table has 512 places, two are the ends."""

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
# espeak-ng's American English → the model's letters: diphthongs and affricates are one sign each there.
_ENGLISH = (
    ("\u0361", ""), ("eɪ", "A"), ("aɪ", "I"), ("ɔɪ", "Y"), ("oʊ", "O"), ("əʊ", "Q"), ("aʊ", "W"), ("tʃ", "ʧ"),
    ("dʒ", "ʤ"), ("ɚ", "əɹ"), ("ɜː", "ɜ"), ("ɜ", "ɜɹ"), ("ɜɹɹ", "ɜɹ"), ("r", "ɹ"), ("g", "ɡ"), ("ɾ", "T"),
    ("ɬ", "l"), ("x", "k"), ("ɐ", "ə"), ("ː", ""), ("e", "A"), ("o", "O"), ("ʲ", ""), ("ɫ", "l"), ("n̩", "ᵊn"),
    ("l̩", "ᵊl"), ("əl", "ᵊl"),
)  # fmt: skip
# A Mandarin speaker of the model has no English in their training: English words are understood better when they are
# written with Mandarin sounds (aspirated p t k, unvoiced b d g, two-part diphthongs). Measured with an independent
# listener on ten sentences: 24 of 100 syllables wrong with English phonemes, 21 with these.
_ACCENT = (
    ("A", "ei"), ("I", "ai"), ("O", "ou"), ("W", "au"), ("Y", "ɔi"), ("T", "t"), ("ʧ", "ʨʰ"), ("ʤ", "ʨ"), ("ʃ", "ʂ"),
)  # fmt: skip
_ASPIRATED = re.compile("(?<!s)([ptk])(?=[ˈˌ]?[aɑæɛɪiIAOuʊʌəɜɔWYɹlw])")
_UNVOICED = str.maketrans("bdɡ", "ptk")
# Letters by the names that Mandarin speakers give them: with English names 19 of 100 syllables were wrong, so 9.
LETTERS = {
    "A": "ei→", "B": "pi↘", "C": "si→", "D": "ti↘", "E": "i↘", "F": "ɛ↗fu", "G": "ʨi↘", "H": "ei↗ʨʰy", "I": "ai↘",
    "J": "ꭧei↘", "K": "kʰei↘", "L": "ɛ↗l", "M": "ɛ↗m", "N": "ə→n", "O": "ou→", "P": "pʰi↘", "Q": "kʰjou→",
    "R": "a→ɚ", "S": "ɛ↗s", "T": "tʰi↘", "U": "jou→", "V": "vi↘", "W": "ta↗pu ljou", "X": "ɛ↗ks", "Y": "wai→",
    "Z": "ʦɤ↘",
}  # fmt: skip


def of_syllable(syllable: Syllable) -> str:
    """The phonemes of one syllable, the tone's arrow behind its vowel."""
    vowel, coda = _parts(syllable.sound)
    tone = TONES[syllable.tone]
    if not syllable.er or vowel.endswith("ɚ"):
        return vowel + tone + coda
    # 儿 takes the place of a coda n or i (一会儿, 一点儿), and follows everything else (事儿, 画儿).
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
    """Initial and final as the phonology has them: y and w are no initials, u after j, q, x is ü."""
    if sound.startswith("y"):
        rest = sound[1:]
        return "", f"v{rest[1:]}" if rest.startswith("u") else rest if rest.startswith("i") else f"i{rest}"
    if sound.startswith("w"):
        rest = sound[1:]
        return "", rest if rest.startswith("u") else f"u{rest}"
    found = _SPLIT.fullmatch(sound)
    initial, final = (found[1], found[2]) if found else ("", sound)
    return (
        (initial, f"v{final[1:]}")
        if initial in ("j", "q", "x") and final.startswith("u")
        else (initial, final)
    )


def of_english(ipa: str) -> str:
    """espeak-ng's IPA of American English in the model's letters."""
    for theirs, ours in _ENGLISH:
        ipa = ipa.replace(theirs, ours)
    return "".join(char for char in ipa if char in _ALPHABET)


def with_accent(phonemes: str) -> str:
    """English phonemes as a Mandarin speaker of the model says them best."""
    heard = _ASPIRATED.sub(r"\1ʰ", phonemes)
    for theirs, ours in _ACCENT:
        heard = heard.replace(theirs, ours)
    return heard.translate(_UNVOICED)


def numbers(phonemes: str) -> list[int]:
    """The model's numbers of a phoneme string."""
    return [_ALPHABET[char] for char in phonemes if char in _ALPHABET]


def chinese(tokens: list[Token], english: dict[str, str]) -> str:
    """The phonemes of tokens. `english`: the IPA of each run of Latin words in them, as written."""
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
    """The tokens with neighbouring Latin words as one phrase, single letters apart; without Unread."""
    out: list[Token] = []
    for token in tokens:
        last = out[-1] if out else None
        if isinstance(token, Latin) and isinstance(last, Latin) and min(len(token.text), len(last.text)) > 1:
            out[-1] = Latin(f"{last.text} {token.text}")
        elif not isinstance(token, Unread):
            out.append(token)
    return out
