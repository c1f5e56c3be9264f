"""The log, and the commands for the version, PIN and tokens."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from controller import daemon
from controller.cli import main
from controller.sales.store import Store
from controller.services.auth import Credentials
from controller.system import log_file
from controller.system.paths import Home, version

TURNED = "\u202e\u2066\u200b"  # right-to-left override, isolate, zero-width space


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    daemon.keep_log(Home(tmp_path), to_screen=False)
    yield tmp_path / "var" / "log" / "zhangu.log"
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before, level


def test_the_log_is_written_in_the_office_s_time(log: Path) -> None:
    """Once the timetable is known a line has its zone, with the offset from UTC."""
    log_file.set_zone(ZoneInfo("Asia/Shanghai"))
    before = datetime.now(UTC)
    logging.getLogger("controller").warning("x")
    stamp = re.match(r"(\S+ \S+),\d+(\+0800) WARNING", log.read_text())
    assert stamp
    written = datetime.strptime(stamp[1] + stamp[2], "%Y-%m-%d %H:%M:%S%z")
    assert abs((written - before).total_seconds()) < 5


def test_texts_cannot_forge_lines_or_drive_a_terminal(log: Path) -> None:
    """A line break, an escape sequence and bidi characters are escaped, in a traceback too."""
    evil = f"大家好\n2026-11-26 forged\x1b[2J{TURNED}"
    logging.getLogger("controller").warning("saying %s", evil)
    try:
        raise ValueError(evil)
    except ValueError:
        logging.getLogger("controller").exception("broken")
    text = log.read_text()
    first, *rest = text.splitlines()
    assert first.endswith("saying 大家好\\n2026-11-26 forged\\x1b[2J\\u202e\\u2066\\u200b")
    assert not set(text) & {"\x1b", *TURNED}
    assert "Traceback" in "".join(rest)


def test_strangers_cannot_rotate_the_log_away(log: Path) -> None:
    """Ten thousand wrong PINs are twenty lines; people's actions are always written."""
    for number in range(10_000):
        logging.getLogger("signage.auth").warning("wrong PIN from 10.0.0.%d", number)
    for number in range(100):
        logging.getLogger("zhangu.deeds").warning("deed %d", number)
    lines = log.read_text().splitlines()
    assert sum("wrong PIN" in line for line in lines) == log_file.BURST
    assert sum("deed" in line for line in lines) == 100


def test_lines_that_are_all_different_are_bounded_together(log: Path) -> None:
    """A library that puts a stranger's input into its message makes a kind of each line: 200 in all."""
    for number in range(5_000):
        logging.getLogger("asyncio").error(f"{number} fatal error on transport {'x' * 400}")  # noqa: G004
    assert len(log.read_text().splitlines()) == log_file.BURST_OF_ALL


def test_what_was_held_back_is_counted() -> None:
    """The next line of that kind says how many were dropped."""
    now = [0.0]
    flood_filter = log_file.FloodFilter(now=lambda: now[0])

    def line() -> logging.LogRecord:
        return logging.LogRecord("waitress", logging.INFO, "x", 1, "from %s", ("a",), None)

    assert sum(flood_filter.filter(line()) for _ in range(50)) == log_file.BURST
    now[0] = log_file.EVERY_S
    last = line()
    assert flood_filter.filter(last)
    assert last.getMessage() == f"from a [and {50 - log_file.BURST} more like it]"


@pytest.mark.parametrize("name", ["\x1b[2J小陈", f"{TURNED}小陈", "\x9b2J小陈"])
def test_a_name_cannot_drive_the_terminal_of_a_command(tmp_path: Path, name: str) -> None:
    """A phone's name from sign-in is escaped in `zhangu tokens`, control and bidi characters too."""
    Credentials(Store(tmp_path / "var" / "zhangu.db")).open_session(name, "192.168.1.7", False)
    printed = CliRunner().invoke(main, ["tokens", "--home", str(tmp_path)]).output
    assert "小陈" in printed
    assert not set(printed) & {"\x1b", "\x9b", *TURNED}


def test_commands_print_in_one_way() -> None:
    """Every command prints through `errors.echo`; only the QR code uses terminal codes."""
    for file in Path(main.callback.__code__.co_filename).parent.glob("*.py"):  # type: ignore[union-attr]
        raw = re.findall(r"click\.echo\(.*|\bprint\(.*", file.read_text(encoding="utf-8"))
        allowed = {"errors.py": 2, "__init__.py": 1}
        assert len(raw) <= allowed.get(file.name, 0), (file.name, raw)


def test_the_version_can_be_compared_after_an_upgrade() -> None:
    """`--version` prints the release, and the commit of a checkout."""
    printed = CliRunner().invoke(main, ["--version"])
    assert printed.exit_code == 0
    assert re.fullmatch(r"zhangu \d+\.\d+\.\d+( \([0-9a-f]{7}\))?\n", printed.output)
    assert version() in printed.output


def test_pin_and_tokens_are_shown_changed_and_revoked(tmp_path: Path) -> None:
    """By command, also while the daemon runs; a duplicate name is reported, and stdout is only the token."""

    def run(*words: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(main, [*words, "--home", str(tmp_path)])
        return done.exit_code, done.stdout, done.stderr

    keys = Credentials(Store(tmp_path / "var" / "zhangu.db"))
    assert run("pin")[:2] == (0, keys.pin() + "\n")
    cookie = keys.open_session("小陈 iPhone", "192.168.1.7", False)
    first = run("token", "crm", "--role", "program")
    assert first[2] == ""
    assert keys.token_role(first[1].strip()) == "program"
    second = run("token", "crm", "--role", "program")
    assert "失效" in second[2]
    assert keys.token_role(first[1].strip()) is None
    assert keys.token_role(second[1].strip()) == "program"
    listed = run("tokens")[1]
    assert re.search(r"crm　program　.* 建立　由主机上的命令　最近使用 ", listed)
    assert "手机 1　小陈 iPhone　assistant　192.168.1.7" in listed
    assert run("tokens", "revoke", "crm")[0] == 0
    assert keys.token_role(second[1].strip()) is None
    assert run("tokens", "revoke", "crm")[0] == 1
    old = keys.pin()
    new = run("pin", "--new")[1].strip()
    assert new == keys.pin() != old
    assert keys.session(cookie, False) is None
