"""Build the Debian package of one architecture: `python config/package/build.py --arch arm64 [--out build]`.

The package contains a release folder with the program and, for each Python version of the supported systems, a virtual
environment with all dependencies as wheels. Nothing is compiled and nothing is downloaded when it is installed.

    /opt/zhangu/package/           controller/ signage/ sounds/ config/ venv-3.11/ venv-3.13/ bin/ keys/ system/
    /opt/zhangu/releases/VERSION   made of it by hard links at the installation, so that dpkg never touches a release
    /opt/zhangu/current            the release in use
    /usr/bin/zhangu                the command
    /var/lib/zhangu                data: config/ (also /etc/zhangu), sounds/, var/
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))
from controller.sound.tts.packages import KOKORO  # noqa: E402
from controller.upgrade import signature  # noqa: E402

PYTHONS = ("3.11", "3.13")
"""Debian 12 and Raspberry Pi OS 12; Debian 13 and Raspberry Pi OS 13."""
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
MANYLINUX = ("2_17", "2_24", "2_26", "2_27", "2_28", "2_31", "2_34", "2_35", "2_36")
"""Up to glibc 2.36, which Debian 12 has."""
PROGRAM = ("controller", "signage")
SOUNDS = ("*.ogg", "index.json", "README.md", "music")
UNITS = {
    "zhangu.service": "current",
    "zhangu-console.service": "current",
    "zhangu-console.path": "current",
    "zhangu-upgrade.service": "good",
    "zhangu-upgrade.path": "good",
    "zhangu-recover.service": "good",
}
"""systemd's units and the release they are taken from: going back takes the former units, too."""
MAINTAINER = "Zhangu <zhangu@localhost>"
DEPENDS = (
    "python3 (>= 3.11), python3 (<< 3.14), adduser, systemd, tzdata, ca-certificates, "
    # SDL in pygame's wheel loads these at run time
    "libglib2.0-0t64 | libglib2.0-0, libasound2t64 | libasound2, libpulse0"
)
RECOMMENDS = "fonts-noto-cjk, fonts-dejavu-core"
"""Pictures for groups and posters are drawn with them; without them messages are texts. 90 MB, so not needed."""
KEY = Path(os.environ.get("ZHANGU_PACKAGE_KEY", "~/.config/zhangu/package-key.pem")).expanduser()
"""Outside of the checkout, so that it cannot be committed."""
EPOCH = "1767225600"
"""The time of every file in the package, so that the same commit gives the same files."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", choices=MACHINES, default="arm64")
    parser.add_argument("--out", type=Path, default=ROOT / "build")
    parser.add_argument("--wheels", type=Path, default=ROOT / "build" / "wheels", help="kept between builds")
    parser.add_argument(
        "--key", type=Path, default=KEY, help="the maker's private key; make package-key makes one"
    )
    parser.add_argument("--new-key", action="store_true", help="make that key, and nothing else")
    options = parser.parse_args()
    if options.new_key:
        signature.make_key(options.key)
        print(
            f"{options.key}: keep it secret and keep a copy; without it no installed box accepts an upgrade"
        )
        return
    key = options.key.read_bytes() if options.key.exists() else None
    tree = options.out / f"tree-{options.arch}"
    shutil.rmtree(tree, ignore_errors=True)
    release = release_name()
    folder = tree / "opt" / "zhangu" / "package"
    lay_program(folder, release)
    lay_keys(folder, key)
    for python in PYTHONS:
        lay_venv(folder, python, options.arch, options.wheels)
    lay_system(tree)
    file = finish(tree, release, options.arch, options.out)
    if key is None:
        print("not signed: installed boxes refuse it as an upgrade (make package-key)", file=sys.stderr)
    else:
        signature.sign(file, key, statement(tree, release, options.arch))
    print(file)


def release_name() -> str:
    """Return the release: the version, and for a checkout the time and hash of its commit."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    found = subprocess.run(
        ["git", "log", "-1", "--format=%ct %h"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if found.returncode:
        return str(version)
    at, commit = found.stdout.split()
    return f"{version}+{datetime.fromtimestamp(int(at), UTC):%Y%m%d%H%M}.{commit}"


def dependencies() -> list[str]:
    """Return the requirements of the daemon, and pip, which installs the natural voice later."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*project["dependencies"], "pip"]


def lay_program(folder: Path, release: str) -> None:
    """Copy the program, its sounds, the default timetable and the command."""
    for name in PROGRAM:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for pattern in SOUNDS:
        for path in sorted((ROOT / "sounds").glob(pattern)):
            target = folder / "sounds" / path.name
            target.parent.mkdir(exist_ok=True)
            shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)
    (folder / "VERSION").write_text(release + "\n", encoding="ascii")
    (folder / "VOICE").write_text(KOKORO.fingerprint + "\n", encoding="ascii")
    (folder / "config").mkdir()
    for name in ("rhythm.yaml", "rhythm.schema.json"):
        shutil.copy(ROOT / "config" / name, folder / "config")
    (folder / "bin").mkdir()
    for name in ("zhangu", "zhangu-upgrade"):
        shutil.copy(HERE / "launcher.sh", folder / "bin" / name)
        (folder / "bin" / name).chmod(0o755)
    (folder / "system").mkdir()
    for name in UNITS:
        shutil.copy(HERE / name, folder / "system" / name)


def lay_keys(folder: Path, key: bytes | None) -> None:
    """Add the public keys whose signatures the installed program accepts: the maker's, and those that follow it."""
    keys = folder / "keys"
    keys.mkdir()
    for path in sorted((HERE / "keys").glob("*.pem")):
        shutil.copy(path, keys)
    if key is not None:
        (keys / "maker.pem").write_bytes(signature.public_half(key))


def statement(tree: Path, release: str, arch: str) -> dict[str, object]:
    """Return the facts that are signed with the package."""
    return {
        "package": "zhangu", "version": release, "architecture": arch, "installed": installed(tree),
        "schema": len(list((ROOT / "controller" / "sales").glob("schema_*.sql"))),
    }  # fmt: skip


def installed(tree: Path) -> int:
    """Return the bytes after unpacking."""
    return sum(path.lstat().st_size for path in tree.rglob("*"))


def lay_venv(folder: Path, python: str, arch: str, wheels: Path) -> None:
    """Make the virtual environment for one Python version of the target without running that Python."""
    venv = folder / f"venv-{python}"
    site = venv / "lib" / f"python{python}" / "site-packages"
    site.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(f"/usr/bin/python{python}")
    config = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {python}\n"
    (venv / "pyvenv.cfg").write_text(config, encoding="ascii")
    (site / "zhangu.pth").write_text("../../../..\n", encoding="ascii")
    digits = python.replace(".", "")
    target = [
        "--only-binary=:all:", "--implementation", "cp", "--python-version", python,
        *(f"--abi={abi}" for abi in (f"cp{digits}", "abi3", "none")),
        *(f"--platform=manylinux{version}_{MACHINES[arch]}" for version in ("2014", *(f"_{v}" for v in MANYLINUX))),
    ]  # fmt: skip
    place = wheels / f"{arch}-{python}"
    place.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    constraints = ["-c", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, "download", "-d", str(place), *target, *constraints, *dependencies()], check=True)
    subprocess.run(
        [*pip, "install", "--no-compile", "--no-index", "--find-links", str(place), "--target", str(site),
         *target, *constraints, *dependencies()],
        check=True,
    )  # fmt: skip
    shutil.rmtree(site / "bin", ignore_errors=True)


def lay_system(tree: Path) -> None:
    """Add the command, links to the units of the release in use, the console's greeting, and the documentation."""
    for source, target, mode in (
        ("zhangu.sh", "usr/bin/zhangu", 0o755),
        ("zhangu.tmpfiles", "usr/lib/tmpfiles.d/zhangu.conf", 0o644),
    ):
        path = tree / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / source, path)
        path.chmod(mode)
    units = tree / "lib" / "systemd" / "system"
    units.mkdir(parents=True)
    for name, link in UNITS.items():
        (units / name).symlink_to(f"/opt/zhangu/{link}/system/{name}")
    docs = tree / "usr" / "share" / "doc" / "zhangu"
    docs.mkdir(parents=True)
    for name in ("README.md", "README.zh.md"):
        shutil.copy(ROOT / name, docs)
    with gzip.GzipFile(docs / "changelog.gz", "wb", mtime=0) as file:
        file.write((ROOT / "CHANGELOG.md").read_bytes())


def finish(tree: Path, release: str, arch: str, out: Path) -> Path:
    """Write the control files and build the package."""
    fields = {
        "Package": "zhangu", "Version": release, "Architecture": arch, "Maintainer": MAINTAINER,
        "Installed-Size": installed(tree) // 1024, "Depends": DEPENDS, "Recommends": RECOMMENDS,
        "Section": "sound", "Priority": "optional",
        "Description": "the office's PA and walls: music, announcements, leaderboard\n"
        " Plays an office's music by a timetable, announces deals in Mandarin and serves wall screens.",
    }  # fmt: skip
    end = (HERE / "end-processes").read_text(encoding="utf-8").rstrip()
    for script in ("postinst", "prerm", "postrm"):
        lay_script(tree, script, HERE / script, {"@RELEASE@": release, "@END_PROCESSES@": end})
    return pack(tree, fields, out)


def lay_script(tree: Path, name: str, source: Path, values: dict[str, str]) -> None:
    """Add a script that dpkg runs, with its values filled in."""
    control = tree / "DEBIAN"
    control.mkdir(exist_ok=True)
    content = source.read_text(encoding="utf-8")
    for mark, value in values.items():
        content = content.replace(mark, value)
    (control / name).write_text(content, encoding="utf-8")
    (control / name).chmod(0o755)


def pack(tree: Path, fields: dict[str, object], out: Path) -> Path:
    """Write the control file and build the package; return its file."""
    text = "".join(f"{name}: {value}\n" for name, value in fields.items())
    (tree / "DEBIAN" / "control").write_text(text, encoding="utf-8")
    file = out / f"{fields['Package']}_{fields['Version']}_{fields['Architecture']}.deb"
    env = os.environ | {"SOURCE_DATE_EPOCH": EPOCH}
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(tree), str(file)],
        check=True, env=env, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return file


if __name__ == "__main__":
    main()
