"""Small real packages, built by dpkg-deb and signed with keys made for the test."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.upgrade import signature

ARCH = subprocess.run(
    ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
).stdout.strip()


@cache
def key(name: str) -> bytes:
    """Return a private key; the same for the same name."""
    with TemporaryDirectory() as folder:
        signature.make_key(Path(folder) / "key.pem")
        return (Path(folder) / "key.pem").read_bytes()


def unsigned(tree: Path, target: Path, version: str) -> Path:
    """Build `tree` as a package of this version."""
    (tree / "DEBIAN").mkdir(exist_ok=True)
    control = f"Package: zhangu\nVersion: {version}\nArchitecture: all\nMaintainer: T <t@localhost>\nDescription: t\n"
    (tree / "DEBIAN" / "control").write_text(control)
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, target], check=True, capture_output=True
    )
    return target


def signed(
    tree: Path, target: Path, version: str, by: str = "maker", about: dict[str, object] | None = None
) -> Path:
    """Build and sign a package; `about`: other facts in the statement."""
    unsigned(tree, target, version)
    facts: dict[str, object] = {
        "package": "zhangu", "version": version, "architecture": ARCH, "installed": 1000, "schema": 15,
    }  # fmt: skip
    signature.sign(target, key(by), facts | (about or {}))
    return target
