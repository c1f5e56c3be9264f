"""The invitation code: everything in one QR, and a sentence for a code that is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import segno

from controller.cities import invitation
from controller.cities.document import NotUnderstood
from controller.cities.hub import Hub, HubTrouble, Settings
from controller.cities.invitation import Access


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    made = Hub(tmp_path_factory.mktemp("hub") / "hub")
    made.set_up(Settings("hub.example.com", "huaxing"))
    return made


def test_a_code_has_everything_and_fits_one_qr(hub: Hub) -> None:
    """Broker, authority, user and password come back unchanged, also with the line breaks of a chat window."""
    access = hub.invite("呼和浩特第二分公司")
    code = invitation.written(access)
    assert invitation.read(f" {code[:60]}\n{code[60:]} ") == access
    assert segno.make(code, error="l").version <= 25
    assert access.password not in repr(access)


@pytest.mark.parametrize("broken", ["", "hello", "zhangu-city:", "zhangu-city:!!!!", "zhangu-city:AAAAAAAA"])
def test_other_texts_are_refused_with_a_sentence(broken: str) -> None:
    """A wrong paste gets a sentence that says what to do."""
    with pytest.raises(NotUnderstood, match="邀请码"):
        invitation.read(broken)


def test_a_code_with_a_typing_error_is_refused(hub: Hub) -> None:
    """One changed character anywhere is noticed."""
    code = invitation.written(hub.invite("上海"))
    for at in range(len(invitation.MARK), len(code), 7):
        changed = code[:at] + ("A" if code[at] != "A" else "B") + code[at + 1 :]
        with pytest.raises(NotUnderstood):
            invitation.read(changed)


@pytest.mark.parametrize(
    "change", [{"port": 0}, {"host": "a b"}, {"org": "X"}, {"branch": "a/b"}, {"password": "\n"}]
)
def test_a_code_with_impossible_values_is_refused(change: dict[str, object]) -> None:
    """Also a code with a right checksum is checked."""
    fields: dict[str, object] = {
        "host": "h",
        "port": 1,
        "org": "huaxing",
        "branch": "上海",
        "password": "x",
    }
    with pytest.raises(NotUnderstood):
        invitation.read(invitation.written(Access(**fields | change)))  # type: ignore[arg-type]


def test_setting_up_again_keeps_users_and_authority(hub: Hub) -> None:
    """Invitations stay valid over a second set-up, also with another address; another organisation is refused."""
    access = hub.invite("广州")
    users, authority = (hub.folder / "passwords").read_text(), access.authority
    hub.set_up(Settings("10.0.0.7", "huaxing", 8884))
    assert (hub.folder / "passwords").read_text() == users
    assert hub.admin().authority == authority
    assert "listener 8884" in hub.config.read_text()
    with pytest.raises(HubTrouble, match="huaxing"):
        hub.set_up(Settings("10.0.0.7", "another"))


def test_files_with_secrets_are_for_their_owner_only(hub: Hub) -> None:
    """No other user of the machine can read keys, passwords or their hashes; the password itself is in no file."""
    access = hub.invite("深圳")
    for file in hub.folder.iterdir():
        if file.is_file() and file.suffix in ("", ".json", ".key", ".conf"):
            assert file.stat().st_mode & 0o077 == 0, file
            assert access.password not in file.read_text()
    assert hub.folder.stat().st_mode & 0o777 == 0o700
    assert Path(hub.config).exists()
