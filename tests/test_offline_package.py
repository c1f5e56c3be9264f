"""The one file that installs without internet: refused with a sentence where it does not fit, before it begins."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "config" / "package"))
import offline  # noqa: E402

HERE = subprocess.run(
    ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
).stdout.strip()
SUITE = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or SUITE not in offline.SUITES, reason="needs root on a Debian"
)


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    """A tar file with an empty package: apt would refuse it."""
    file = tmp_path / "payload.tar"
    (tmp_path / "zhangu.deb").write_bytes(b"0" * 5000)
    with tarfile.open(file, "w") as tar:
        tar.add(tmp_path / "zhangu.deb", "zhangu.deb", filter=offline._plain)
    return file


def run(folder: Path, script: bytes) -> str:
    """Run a script that must refuse; return its sentence."""
    file = folder / "file.sh"
    file.write_bytes(script)
    done = subprocess.run(["sh", file], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert not list(Path("/var/tmp").glob("*.zhangu")), "nothing is left"
    return done.stderr


def test_the_tar_file_begins_where_the_script_says(payload: Path) -> None:
    """The offset in the script is its own length; the file after it has the sum in the script."""
    head = offline.header(HERE, payload)
    offsets = {int(found) for found in re.findall(rb"tail -c \+(\d+)", head)}
    assert offsets == {len(head) + 1}
    assert b"@" not in re.sub(rb'"\$@"', b"", head)


def test_a_file_that_was_not_copied_whole_is_refused(payload: Path, tmp_path: Path) -> None:
    """One byte short, or one byte other than it was."""
    head, content = offline.header(HERE, payload), payload.read_bytes()
    for damaged in (content[:-1], content[:-1] + b"1"):
        assert "文件不完整" in run(tmp_path, head + damaged)


def test_another_machine_is_refused(payload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another architecture, another system, a disk without room: each has its sentence."""
    other = "arm64" if HERE != "arm64" else "amd64"
    content = payload.read_bytes()
    said = run(tmp_path, offline.header(other, payload) + content)
    assert f"这个文件是给 {other} 的，这台机器要 {HERE} 的" in said
    monkeypatch.setattr(offline, "UNPACKED", 10**15)
    assert "磁盘放不下：要 1000000000 MB" in run(tmp_path, offline.header(HERE, payload) + content)
    monkeypatch.setattr(offline, "SUITES", {"buster": "Debian 10"})
    said = run(tmp_path, offline.header(HERE, payload) + content)
    assert "这个文件能装在 Debian 10 上" in said
    assert "没有安装，一切照旧" in said


def test_the_list_for_apt_names_every_file(tmp_path: Path) -> None:
    """Each entry has the package's own fields, and name, size and sum of the file."""
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: small\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: small\n"
    )
    (tmp_path / "s").mkdir()
    file = tmp_path / "s" / "small_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, file], check=True, stdout=subprocess.DEVNULL)
    entries = offline.index(tmp_path, [file, file]).split("\n\n")
    assert len(entries) == 2
    assert {"Package: small", "Filename: s/small_1_all.deb", f"Size: {file.stat().st_size}"} <= set(
        entries[0].splitlines()
    )
