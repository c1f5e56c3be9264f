"""`zhangu owner`, `zhangu token` and the start: how an office gets its first owner, and gets one again."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from controller.cli import main
from controller.cli.run import greet
from controller.daemon import Daemon, Options
from controller.sales.store import Store
from controller.services.auth import Credentials
from controller.system.paths import Home

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "rhythm.yaml").write_bytes((REPOSITORY / "config" / "rhythm.yaml").read_bytes())
    return Home(tmp_path)


def run(home: Home, *words: str) -> str:
    done = CliRunner().invoke(main, [*words, "--home", str(home.root)])
    assert done.exit_code == 0, done.output
    return done.output


def link_in(text: str) -> str:
    found = re.search(r"http://\S+/join/([\w-]{32})", text)
    assert found is not None, text
    return found[1]


def test_a_lost_owner_is_made_again_at_the_machine(home: Home) -> None:
    """The command prints a link, a QR code and eight digits; a second run ends the first link; both are logged."""
    first, second = run(home, "owner"), run(home, "owner")
    assert "█" in second
    code = re.search(r"输入 (\d{8})。60 分钟内有效，只能用一次。", second)
    assert code is not None
    with closing(Store(home.database)) as store:
        keys = Credentials(store)
        assert keys.phones.look(link=link_in(first)) is None
        invitation = keys.phones.look(link=link_in(second))
        assert invitation == keys.phones.look(code=code[1])
        assert invitation is not None
        assert invitation.role == "owner"
        assert [line.deed for line in keys.log.lines()] == ["要了一个负责人的链接"] * 2
        assert {line.address for line in keys.log.lines()} == {"主机"}


def test_tokens_of_every_role(home: Home) -> None:
    """All roles are accepted, the former admin too; commands that change access are in the log without the secret."""
    roles = ("owner", "manager", "director", "leader", "assistant", "program", "wall", "admin")
    secrets = {role: run(home, "token", f"t-{role}", "--role", role).strip() for role in roles}
    run(home, "pin", "--new")
    run(home, "tokens", "revoke", "t-program")
    with closing(Store(home.database)) as store:
        keys = Credentials(store)
        for role in roles:
            assert keys.token_role(secrets[role]) == (None if role == "program" else role)
        deeds = [line.deed for line in keys.log.lines()]
        assert deeds[:2] == ["作废令牌或手机“t-program”", "换了公用 PIN，用它登录的手机都要重新登录"]
        assert deeds[-1] == "新的令牌“t-owner”，身份是负责人"
        assert not any(secret in str(deeds) for secret in (*secrets.values(), keys.pin()))


def test_the_start_prints_the_owners_link_until_there_is_one(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Link and QR code below PIN and address; after an owner's phone has joined, and in a rehearsal, neither."""
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    daemon = Daemon(Options(home, "127.0.0.1", 0, voice_install=False))
    try:
        daemon.start()
        keys = daemon.office.keys
        greet(daemon)
        shown = capsys.readouterr().out
        assert f"PIN：{keys.pin()}" in shown
        again = run(home, "status")
        assert keys.phones.look(link=link_in(again))
        invitation = keys.phones.look(link=link_in(shown))
        assert invitation is not None
        keys.phones.join(invitation, "iPhone", "10.0.0.2", secure=False)
        assert keys.phones.look(link=link_in(again)) is None
        keys.set_pin_on(on=False)
        greet(daemon)
        shown = capsys.readouterr().out
        assert "/join/" not in shown
        assert "PIN：已关掉" in shown
        assert "公用 PIN 已经关掉" in run(home, "pin")
    finally:
        daemon.close()
