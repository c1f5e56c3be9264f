"""The voices there are: the speakers of the natural voice with their names for people, and the folders of all voices.

A speaker is a file NAME.bin beside the model in var/voices/kokoro; the names are the model's authors' (z: Mandarin,
a: American English; f: female, m: male).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

AUTO = "auto"
ESPEAK = "espeak"
FOLDER = "kokoro"
"""The natural voice's folder under var/voices."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """One speaker. key: the file's name without .bin; name: the name on the phone; sha256: of the file."""

    key: str
    name: str
    language: str
    sha256: str


SPEAKERS: tuple[Speaker, ...] = (
    Speaker("zf_xiaoxiao", "晓晓（女声）", "zh", "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169"),
    Speaker("zf_xiaobei", "晓贝（女声）", "zh", "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640"),
    Speaker("zf_xiaoni", "晓妮（女声）", "zh", "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba"),
    Speaker("zf_xiaoyi", "晓伊（女声）", "zh", "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3"),
    Speaker("zm_yunxi", "云希（男声）", "zh", "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b"),
    Speaker("zm_yunjian", "云健（男声）", "zh", "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa"),
    Speaker("zm_yunxia", "云夏（男声）", "zh", "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d"),
    Speaker("zm_yunyang", "云扬（男声）", "zh", "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42"),
    Speaker("af_heart", "Heart（英语女声）", "en", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b"),
    Speaker("am_michael", "Michael（英语男声）", "en",
            "1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1"),
)  # fmt: skip
DEFAULT = "zm_yunxi"
"""The best understood: 98.6 of 100 syllables, 95.0 with tones, 95.4 in babble 10 dB below;
晓伊 has 97.8, 94.0 and 92.9 (the same twenty announcements). `make bench` measures the default with a hundred."""
ENGLISH = {"f": "af_heart", "m": "am_michael"}
"""The speaker of English texts for a female or a male Mandarin speaker."""


def mandarin() -> tuple[Speaker, ...]:
    """Return the speakers that people can choose."""
    return tuple(speaker for speaker in SPEAKERS if speaker.language == "zh")


def find(chosen: str) -> Speaker | None:
    """Return the speaker called `chosen`: by key, short key (xiaoxiao) or name (晓晓); None when there is none."""
    wanted = chosen.strip().lower()
    for speaker in mandarin():
        names = (speaker.key, speaker.key.split("_")[1], speaker.name, speaker.name.split("（")[0])
        if wanted in names:
            return speaker
    return None


def english_of(key: str) -> str:
    """Return the English speaker for a Mandarin one."""
    return ENGLISH.get(key[1:2], ENGLISH["f"])


def kind_of(folder: Path) -> str:
    """Return which engine reads a voice's folder: kokoro, piper or sherpa."""
    if any(folder.glob("kokoro*.onnx")):
        return "kokoro"
    return "piper" if any(folder.glob("*.onnx.json")) else "sherpa"


def model_folders(voices: Path) -> list[Path]:
    """Return the folders that contain a voice: the natural voice last, so that a voice that a person added wins."""
    try:
        folders = [path for path in voices.iterdir() if path.is_dir() and not path.name.startswith(".")]
        with_model = [path for path in folders if any(path.glob("*.onnx"))]
    except OSError:
        return []
    return sorted(with_model, key=lambda path: (path.name == FOLDER, path.name))
