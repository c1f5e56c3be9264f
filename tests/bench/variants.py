"""Packages of other versions than the one built, for upgrades, signed with the same key."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "config" / "package")]
import build  # noqa: E402

from controller.upgrade import signature  # noqa: E402

DEAF = "import time\ntime.sleep(3600)\n"
"""In place of the daemon: a process that runs and never answers."""


def built(out: Path, key: Path, wheels: Path) -> tuple[Path, Path]:
    """Build the package of this checkout as `make package` does; return it and its folder."""
    out.mkdir(parents=True, exist_ok=True)
    if not key.exists():
        signature.make_key(key)
    command = [sys.executable, str(ROOT / "config/package/build.py"), "--arch", "amd64", "--out", str(out)]
    log = out / "build.log"
    with log.open("wb") as file:
        options = ["--key", str(key), "--wheels", str(wheels)]
        done = subprocess.run(
            [*command, *options], stdout=subprocess.PIPE, stderr=file, check=False, text=True
        )
    if done.returncode:
        raise SystemExit(log.read_text(encoding="utf-8", errors="replace")[-2000:])
    return Path(done.stdout.split()[-1]), out / "tree-amd64"


def variant(
    tree: Path, out: Path, version: str, key: Path, *, deaf: bool = False, python: str = "3.11"
) -> Path:
    """Make the same program as another version, for one Python alone; `deaf`: one whose daemon never answers."""
    copy = out / f"tree-{version}"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tree, copy, symlinks=True, copy_function=os.link)
    package = copy / "opt" / "zhangu" / "package"
    for other in set(build.PYTHONS) - {python}:
        shutil.rmtree(package / f"venv-{other}", ignore_errors=True)
    was = (package / "VERSION").read_text(encoding="ascii").strip()
    arch = _architecture(copy)
    for file in (package / "VERSION", *(copy / "DEBIAN").iterdir()):
        _rewritten(file, file.read_text(encoding="utf-8").replace(was, version))
    if deaf:
        _rewritten(package / "controller" / "daemon.py", DEAF)
    # the bytecode is in it: an emulated machine would compile for minutes
    _ = subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(package)], check=False, stdout=subprocess.DEVNULL
    )
    file = out / f"zhangu_{version}_{arch}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z1", "--build", str(copy), str(file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    signature.sign(file, key.read_bytes(), build.statement(copy, version, arch))
    shutil.rmtree(copy)
    return file


def _architecture(tree: Path) -> str:
    """Return the architecture that a package's tree is for."""
    lines = (tree / "DEBIAN" / "control").read_text(encoding="utf-8").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("Architecture:"))


def _rewritten(file: Path, text: str) -> None:
    """Replace a file, not its content, so that its other links keep theirs."""
    mode = file.stat().st_mode
    file.unlink()
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
