"""Build the Debian package of the natural voice: `python config/package/voice.py [--out build]`.

    /usr/share/zhangu/voices/kokoro     the model and its speakers, each compared with its known SHA-256 sum

They are data, the same on every processor; the engine that runs them is in the main package. The folder belongs to no
release of the program: var/voices/kokoro becomes a link to it, which upgrades and going back leave alone.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import build

from controller.sound.tts import install
from controller.sound.tts.download import CannotInstall
from controller.sound.tts.packages import KOKORO, Catalogue
from controller.sound.tts.speakers import FOLDER

NAME = "zhangu-voice-natural"
VERSION = "1.0"
"""Raise it whenever the catalogue of the voice changes; tests/sound/test_voice_package.py compares both."""
SCRIPTS = {"preinst": "voice-preinst", "postinst": "voice-postinst", "prerm": "voice-prerm"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=build.ROOT / "build")
    options = parser.parse_args()
    voices = options.out / "voices"
    try:
        install.install(voices, lambda done, total: None)
    except CannotInstall as error:
        sys.exit(f"{NAME} was not built. {error.sentence}")
    print(built(voices, options.out))


def built(voices: Path, out: Path, catalogue: Catalogue = KOKORO) -> Path:
    """Build the package from a folder that contains the finished voice; return its file."""
    tree = out / "tree-voice"
    shutil.rmtree(tree, ignore_errors=True)
    folder = tree / install.PACKAGED.relative_to("/") / FOLDER
    shutil.copytree(voices / FOLDER, folder)
    docs = tree / "usr" / "share" / "doc" / NAME
    docs.mkdir(parents=True)
    shutil.copy(folder / "NOTICE", docs / "copyright")
    for name, source in SCRIPTS.items():
        build.lay_script(tree, name, build.HERE / source, {"@VOICE@": catalogue.fingerprint})
    fields = {
        "Package": NAME, "Version": VERSION, "Architecture": "all", "Maintainer": build.MAINTAINER,
        "Installed-Size": build.installed(tree) // 1024,
        # configured before this package is unpacked: its release tells whether the voice fits
        "Pre-Depends": "zhangu", "Section": "sound", "Priority": "optional",
        "Description": "the natural voice of Zhangu, without internet\n"
        " Eight Mandarin and two English speakers of Kokoro-82M (Apache License 2.0).",
    }  # fmt: skip
    return build.pack(tree, fields, out)


if __name__ == "__main__":
    main()
