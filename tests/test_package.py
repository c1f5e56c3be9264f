"""The Debian package: its scripts, its release folder, and the sandbox of its service."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "config" / "package"
sys.path.insert(0, str(PACKAGE))
import build  # noqa: E402

SCRIPTS = ("postinst", "prerm", "postrm", "launcher.sh", "zhangu.sh")
MOST_EXPOSED = 2.5


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_scripts_are_valid(name: str) -> None:
    """Each script is plain sh without a syntax error, can be executed, and stops at the first failure."""
    file = PACKAGE / name
    subprocess.run(["sh", "-n", file], check=True)
    assert file.stat().st_mode & 0o111
    if not name.endswith(".sh"):
        assert "\nset -e\n" in file.read_text(encoding="utf-8")


def test_the_release_contains_the_program(tmp_path: Path) -> None:
    """Program, sounds, timetable and command are there; bytecode and the score's sources are not."""
    build.lay_program(tmp_path, "1")
    build.lay_system(tmp_path / "tree")
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"controller/__main__.py", "signage/static/phone.js", "config/rhythm.yaml", "bin/zhangu"} <= names
    assert {"sounds/chime.ogg", "sounds/index.json", "controller/sales/schema_001.sql"} <= names
    assert any(name.startswith("sounds/music/morning/") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("sounds/score")]
    assert (tmp_path / "bin" / "zhangu").stat().st_mode & 0o111
    assert "tree/usr/bin/zhangu" in names
    units = {path.name: path.readlink() for path in (tmp_path / "tree/lib/systemd/system").iterdir()}
    assert set(units) == {path.name for path in (tmp_path / "system").iterdir()} == set(build.UNITS)
    assert units["zhangu.service"] == Path("/opt/zhangu/current/system/zhangu.service")


def test_the_release_names_version_and_commit() -> None:
    """Releases sort by the time of their commit, as dpkg compares versions."""
    name = build.release_name()
    assert re.fullmatch(r"\d+\.\d+\.\d+(\+\d{12}\.[0-9a-f]{7,})?", name)
    assert [line.split(">")[0].split("[")[0] for line in build.dependencies()][-1] == "pip"
    order = subprocess.run(
        ["dpkg", "--compare-versions", "0.1.0+202611272040.ffff", "lt", "0.1.0+202611280100.0000"],
        check=False,
    )
    assert order.returncode == 0


@pytest.mark.parametrize("unit", ["zhangu", "zhangu-upgrade", "zhangu-recover"])
def test_the_service_is_closed(unit: str) -> None:
    """systemd's own judgement is at most 2.5, also for root's programs, which replace the program."""
    shown = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", PACKAGE / f"{unit}.service"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    level = re.search(r"exposure level for \S+: ([\d.]+)", shown.stdout)
    assert level is not None, shown.stderr
    assert float(level[1]) <= MOST_EXPOSED


def test_the_boot_starts_every_unit(tmp_path: Path) -> None:
    """systemd finds no cycle in their order: to break one it would leave a unit out, such as the requests' path."""
    system = tmp_path / "usr" / "lib" / "systemd" / "system"
    shutil.copytree("/lib/systemd/system", system, symlinks=True, ignore_dangling_symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    wanted = system / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    for name in build.UNITS:
        shutil.copy(PACKAGE / name, system)
        if f"{name} " in (PACKAGE / "postinst").read_text(encoding="utf-8").replace(";", " "):
            (wanted / name).symlink_to(f"../{name}")
    assert len(list(wanted.glob("zhangu*"))) == 4
    command = ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", "multi-user.target"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in shown.stderr.splitlines() if "Unknown key 'Restart" not in line]
    assert not complaints, "\n".join(complaints)


def test_only_the_data_folder_is_written() -> None:
    """The service may write /var/lib/zhangu alone, and starts from the release in use."""
    unit = (PACKAGE / "zhangu.service").read_text(encoding="utf-8")
    assert re.findall(r"^ReadWritePaths=(.*)$", unit, re.MULTILINE) == ["/var/lib/zhangu"]
    assert "ProtectSystem=strict" in unit
    assert "ExecStart=/opt/zhangu/current/bin/zhangu run --home /var/lib/zhangu" in unit


def test_an_installed_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed command names the data folder by ZHANGU_HOME; --home wins over it."""
    from controller.system.paths import chosen

    monkeypatch.setenv("ZHANGU_HOME", str(tmp_path))
    assert chosen(None).root == tmp_path
    assert chosen(tmp_path / "other").root == tmp_path / "other"


def test_the_console_shows_address_code_and_the_owners_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's own folder gets the greeting; agetty adds the address. Otherwise nothing is written."""
    from controller.cli import run

    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    run._greet_console(8080, "http://10.0.0.5:8080/join/secret")
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    run._greet_console(8080, "http://10.0.0.5:8080/join/secret")
    text = (tmp_path / "issue").read_text(encoding="utf-8")
    assert "http://\\4:8080/wall" in text
    assert "http://10.0.0.5:8080/join/secret" in text
    assert text.count("\u2588") > 50
    run._greet_console(8080, "http://10.0.0.5:8080/")
    assert "Owner" not in (tmp_path / "issue").read_text(encoding="utf-8")
