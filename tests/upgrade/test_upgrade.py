"""Upgrading and going back, on a scratch installation with real packages, links, processes and book."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.upgrade import mailbox
from controller.upgrade.__main__ import HEALTHY_WITHIN_S, healthy_within
from controller.upgrade.journal import REFUSED, RETURNED, ROLLBACK, SUCCEEDED, UPGRADE, read_result
from controller.upgrade.signature import ALTERED, STRANGER, TORN, UNSIGNED
from tests.upgrade.box import Box
from tests.upgrade.small_packages import ARCH, unsigned

SAMPLES = 6
"""Number of kills in the short form; `python -m tests.bench upgradekill` kills at each effect."""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.close()


def test_a_newer_version_runs_and_the_former_one_returns(box: Box) -> None:
    """Upgrade, then back, then forward again by the same command: the book stays, two releases are kept."""
    result = box.done(UPGRADE, box.package("2.0"))
    assert (result.outcome, result.sentence) == (SUCCEEDED, "已升级到 2.0。")
    assert box.assert_whole() == "2.0"
    assert box.place.release("previous") == "1.0"
    result = box.done(ROLLBACK)
    assert (result.outcome, result.sentence) == (SUCCEEDED, "已退回 1.0。")
    assert box.assert_whole() == "1.0"
    assert box.done(ROLLBACK).target == "2.0"
    box.done(UPGRADE, box.package("3.0"))
    assert {path.name for path in box.place.releases.iterdir()} == {"2.0", "3.0"}


@pytest.mark.parametrize(
    ("behaviour", "why"), [("ends", "没有应答"), ("silent", "没有应答"), ("sick", "屏幕坏了")]
)
def test_a_version_that_is_not_healthy_gives_way(box: Box, behaviour: str, why: str) -> None:
    """It ends, says nothing or has a serious fault: the former one is back by itself, and says why."""
    box.within_s = 30.0 if behaviour == "sick" else 3.0  # its start alone takes 3 s on a busy machine
    result = box.done(UPGRADE, box.package("2.0", behaviour=behaviour))
    assert result.outcome == RETURNED
    assert why in result.sentence
    assert "已自动回到 1.0，订单都在。" in result.sentence
    assert box.assert_whole() == "1.0"
    assert not (box.place.releases / "2.0").exists()


def test_a_slow_machine_sets_another_limit(box: Box) -> None:
    """ZHANGU_HEALTHY_WITHIN of root's service holds instead of the minute, and the sentence names it."""
    box.request(UPGRADE, box.package("2.0", behaviour="silent"))
    command = [sys.executable, "-m", "controller.upgrade", "run"]
    folders = ["--program", str(box.place.program), "--data", str(box.place.data)]
    environment = box.environment | {"ZHANGU_HEALTHY_WITHIN": "2"}
    subprocess.run([*command, *folders], env=environment, check=True)
    result = read_result(box.place)
    assert result is not None
    assert "2 秒内没有应答" in result.sentence
    assert box.assert_whole() == "1.0"


@pytest.mark.parametrize("text", ["", "  ", "abc", "0", "-5", "nan", "inf", "3601", "六十"])
def test_a_limit_that_is_none_leaves_the_minute(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A typing error must not end root's program: systemd would start it again for ever."""
    assert healthy_within({"ZHANGU_HEALTHY_WITHIN": text}) == HEALTHY_WITHIN_S
    assert ("1 到 1800 之间的秒数" in capsys.readouterr().err) == bool(text.strip())
    assert healthy_within({"ZHANGU_HEALTHY_WITHIN": " 180 "}) == 180
    assert healthy_within({}) == HEALTHY_WITHIN_S


def test_a_fault_of_before_is_no_reason_to_go_back(tmp_path: Path) -> None:
    """A box whose loudspeaker is missing can be upgraded."""
    box = Box(tmp_path, {"behaviour": "sick"})
    try:
        assert box.running() == "1.0"
        assert box.done(UPGRADE, box.package("2.0", behaviour="sick")).outcome == SUCCEEDED
    finally:
        box.close()


def refusals(box: Box) -> Iterator[tuple[Path, str]]:
    """Yield packages that must be refused, each with a part of its sentence."""
    good = box.package("2.0")
    other = "arm64" if ARCH != "arm64" else "amd64"
    yield box.package("2.1", by="stranger"), STRANGER
    yield box.package("2.2", about={"architecture": other}), f"是给 {other} 的，这台机器要 {ARCH} 的"
    yield box.package("0.9"), "安装包是 0.9，比现在的 1.0 旧"
    yield box.package("1.0"), "已经是 1.0"
    yield box.package("1", about={"package": "zhangu-voice-natural"}), "zhangu-voice-natural 的安装包"
    yield box.package("2.3", about={"installed": 10**15 - 1}), "磁盘放不下新版本"
    yield box.package("2.4", program="#!/bin/sh\nexit 1\n"), "在这台机器上不能运行"
    yield unsigned(box.folder / "data", box.folder / "unsigned.deb", "2.0"), UNSIGNED
    whole = good.read_bytes()
    for name, content, sentence in (
        ("altered", whole[:900] + b"?" + whole[901:], ALTERED),
        ("torn", whole[: len(whole) // 2], TORN),
        ("empty", b"", "不是战鼓的安装包"),
    ):
        path = box.folder / f"{name}.deb"
        path.write_bytes(content)
        yield path, sentence


def test_each_wrong_package_is_refused_with_a_sentence(box: Box) -> None:
    """Another maker or architecture, older, the same, too large, unable to run, altered, torn: nothing changes."""
    assert box.running() == "1.0"
    before = box.place.data / "var" / "running.json"
    token = before.read_text()
    for package, sentence in refusals(box):
        result = box.done(UPGRADE, package)
        assert result.outcome == REFUSED
        assert sentence in result.sentence, package
        assert not list(box.place.releases.glob("2.*")), package
    assert before.read_text() == token, "the daemon was touched"
    assert box.assert_whole() == "1.0"


def test_an_older_version_only_on_request(box: Box) -> None:
    """`--allow-older` takes it."""
    assert box.done(UPGRADE, box.package("0.9"), older=True).outcome == SUCCEEDED
    assert box.assert_whole() == "0.9"


def test_nothing_to_go_back_to(box: Box) -> None:
    """After a first installation there is no former version."""
    result = box.done(ROLLBACK)
    assert (result.outcome, result.sentence) == (REFUSED, "没有可以退回的版本，一切照旧。")
    assert box.assert_whole() == "1.0"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")
def test_a_disk_that_fills_in_the_middle(tmp_path: Path) -> None:
    """The package says less than it needs and the disk fills while it is unpacked: a sentence, and all is as before."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=112m", "tmpfs", tmp_path], check=True)
    try:
        box = Box(tmp_path / "box")
        package = box.package("2.0", size=8_000_000)
        for path in (tmp_path / "box").glob("tree-*"):
            subprocess.run(["rm", "-rf", path], check=True)
        result = box.done(UPGRADE, package)
        box.close()
        assert result.outcome == REFUSED
        assert "磁盘" in result.sentence
        assert box.place.release("current") == "1.0"
        assert not box.place.incoming.exists()
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_root_follows_no_link_of_the_daemons_user(box: Box, tmp_path: Path) -> None:
    """The mailbox belongs to the daemon's user: links, pipes and nonsense in it lead root nowhere."""
    secret = tmp_path / "secret"
    secret.write_text('{"ident": "abababab", "what": "rollback"}')
    folder = mailbox.box(box.place.data)
    folder.mkdir(parents=True)
    (folder / mailbox.REQUEST).symlink_to(secret)
    assert mailbox.read(box.place.data) is None
    (folder / mailbox.REQUEST).unlink()
    os.mkfifo(folder / mailbox.REQUEST)
    assert mailbox.read(box.place.data) is None
    mailbox.discard(box.place.data, mailbox.REQUEST)
    for nonsense in (
        '{"what": "rm", "ident": "abababab"}',
        '{"what": "upgrade", "ident": "../x"}',
        "[]",
        "{" * 2000,
    ):
        (folder / mailbox.REQUEST).write_text(nonsense)
        assert mailbox.read(box.place.data) is None
    box.work()
    assert not (folder / mailbox.REQUEST).exists(), "a request that stays would start root's service for ever"
    (folder / mailbox.PACKAGE).symlink_to(secret)
    assert box.done(UPGRADE).outcome == REFUSED
    assert secret.exists()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        mailbox.opened(box.place.data, *mailbox.FOLDER, mailbox.REQUEST)


def kill_at(box: Box, package: Path | None, number: int) -> bool:
    """Kill an upgrade, or without a package a way back, at an effect; recover, check the box.

    Return whether it was killed.
    """
    before, other = box.place.release("current"), box.place.release("previous") if package is None else "2.0"
    box.request(UPGRADE if package else ROLLBACK, package)
    ended = box.work(number)
    if ended.returncode == 0:
        return False
    assert ended.returncode == -9, ended.stderr
    if number % 2:
        box.cut_power()
    box.work()  # systemd starts root's program again
    version = box.assert_whole()
    assert version in (before, other)
    result = read_result(box.place)
    if number % 2 and result is not None and result.outcome != REFUSED:
        assert version == result.target if result.outcome == SUCCEEDED else result.source
    return True


def test_a_kill_between_any_two_effects_leaves_a_working_box(tmp_path: Path) -> None:
    """A sample of the effects of one upgrade; at each one root's program dies, or the power is cut."""
    box = Box(tmp_path)
    try:
        package = box.package("2.0")
        box.request(UPGRADE, package)
        effects = int(box.work().stdout)
        assert effects > 30
        for sample in range(SAMPLES):
            box.done(ROLLBACK) if box.place.release("current") != "1.0" else None
            (box.place.program / "previous").unlink(missing_ok=True)
            box.machine().prune()
            kill_at(box, package, 1 + (sample * effects + effects // 2) // SAMPLES)
    finally:
        box.close()


def test_a_kill_between_any_two_effects_of_a_way_back_leaves_a_working_box(tmp_path: Path) -> None:
    """A sample of the effects of `zhangu rollback`: the box runs one of the two releases, and has all deals."""
    box = Box(tmp_path)
    try:
        box.done(UPGRADE, box.package("2.0"))
        box.request(ROLLBACK)
        effects = int(box.work().stdout)
        assert effects > 10
        for sample in range(SAMPLES // 2):
            if box.place.release("current") != "2.0":
                assert box.done(ROLLBACK).target == "2.0"
            assert kill_at(box, None, 1 + (sample * effects + effects // 2) // (SAMPLES // 2))
    finally:
        box.close()
