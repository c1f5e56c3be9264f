"""Make one file that installs without internet: `python config/package/offline.py --voice FILE.deb build/zhangu_….deb`.

The file is a script with the package, the package of the natural voice (`--voice` may be left out), and all packages of
Debian that they need, for each system that it supports. apt takes those that a system lacks. Needs apt and Debian's
packages, and no root; nothing of this system's apt is changed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from build import MACHINES  # noqa: E402

SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
"""Raspberry Pi OS has the same names of releases."""
SOURCE = os.environ.get("ZHANGU_DEBIAN", "http://deb.debian.org/debian")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
UNPACKED = 2_500_000_000
"""Bytes that the installation needs at its height: the unpacked file, the package's files and the release."""
PROGRAM, VOICE = "zhangu.deb", "zhangu-voice-natural.deb"
VOICE_COPIES = 3
"""The voice hardly shrinks when packed: its package, its unpacked files, and those dpkg has not renamed yet."""


class Suite:
    """apt for one release of Debian, with an empty system and separate folders."""

    def __init__(self, folder: Path, suite: str, arch: str) -> None:
        self.folder, self.suite = folder, suite
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        signed = f"[signed-by={KEYRING}]" if Path(KEYRING).exists() else ""
        (folder / "sources.list").write_text(f"deb {signed} {SOURCE} {suite} main\n", encoding="ascii")
        options = {
            "Dir::State::lists": folder / "lists", "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache", "Dir::Etc::sourcelist": folder / "sources.list",
            "Dir::Etc::sourceparts": "-", "APT::Architecture": arch, "APT::Architectures": arch,
            "APT::Sandbox::User": "root", "Acquire::Languages": "none",
        }  # fmt: skip
        self._command = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]

    def fetch(self, package: Path, target: Path) -> list[Path]:
        """Download all dependencies of a package for an empty system; return the files."""
        target.mkdir()
        subprocess.run([*self._command, "update"], check=True, stdout=sys.stderr)
        install = ["install", "-y", "--no-install-recommends", "--download-only", f"{package.resolve()}"]
        subprocess.run([*self._command, *install], check=True, stdout=sys.stderr)
        files = sorted((self.folder / "cache" / "archives").glob("*.deb"))
        return [Path(shutil.move(file, target / file.name.replace("%3a", "_"))) for file in files]


def index(root: Path, files: list[Path]) -> str:
    """Return the list of packages that apt reads; names of files are relative to `root`."""
    return "\n".join(_entry(root, file) for file in files)


def field(package: Path, *names: str) -> str:
    """Return fields of a package's control file, or the whole of it."""
    command = ["dpkg-deb", "--field", str(package), *names]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _entry(root: Path, file: Path) -> str:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    facts = {"Filename": file.relative_to(root), "Size": file.stat().st_size, "SHA256": digest}
    return field(file) + "\n" + "".join(f"{name}: {value}\n" for name, value in facts.items())


def packed(package: Path, voice: Path | None, folder: Path) -> Path:
    """Collect everything in a folder and pack it; return the tar file."""
    arch, tree = field(package, "Architecture"), folder / "tree"
    tree.mkdir()
    shutil.copy(package, tree / PROGRAM)
    for suite in SUITES:
        files = Suite(folder / suite, suite, arch).fetch(package, tree / suite)
        (tree / suite / "Packages").write_text(index(tree, [tree / PROGRAM, *files]), encoding="utf-8")
    # dpkg installs the voice after the program, which is all it needs: no list of apt names it
    voices = {VOICE: voice} if voice is not None else {}
    file = folder / "payload.tar"
    with tarfile.open(file, "w") as tar:
        for name in (PROGRAM, *SUITES):
            tar.add(tree / name, name, filter=_plain)
        for name, source in voices.items():
            tar.add(source, name, filter=_plain)
    return file


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.isdir() else 0o644
    return member


def header(arch: str, payload: Path, voice: Path | None = None) -> bytes:
    """Return the script that comes before the tar file, with its own length in it."""
    needs = UNPACKED + (VOICE_COPIES * voice.stat().st_size if voice is not None else 0)
    with payload.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    text = (HERE / "offline.sh").read_text(encoding="utf-8")
    for name, value in {
        "SUITES": " ".join(SUITES), "NAMES": "、".join(SUITES.values()), "ARCH": arch, "SHA256": digest,
        "NEEDS": str(needs), "VOICE": VOICE if voice is not None else "",
    }.items():  # fmt: skip
        text = text.replace(f"@{name}@", value)
    width = 12
    length = len(text.replace("@OFFSET@", "0" * width).encode())
    return text.replace("@OFFSET@", str(length + 1).zfill(width)).encode()


def made(package: Path, voice: Path | None = None) -> Path:
    """Write the file beside the package; return it."""
    target = package.with_name(f"{package.stem}_offline.sh")
    with tempfile.TemporaryDirectory(dir=package.parent) as scratch:
        payload = packed(package, voice, Path(scratch))
        with target.open("wb") as out, payload.open("rb") as content:
            out.write(header(field(package, "Architecture"), payload, voice))
            shutil.copyfileobj(content, out, 1 << 20)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, nargs="+")
    parser.add_argument("--voice", type=Path, help="the package of the natural voice, which goes in as well")
    options = parser.parse_args()
    for package in (one.resolve() for one in options.package):  # apt looks for relative folders in /etc/apt
        if field(package, "Architecture") not in MACHINES:
            raise SystemExit(f"{package}: no package of an architecture that Zhangu is built for")
        print(made(package, options.voice))


if __name__ == "__main__":
    main()
