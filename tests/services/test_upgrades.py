"""Requests of the daemon to root's program: the package is kept whole, one request at a time, the result is found."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.sales.model import Conflict, Refused
from controller.services.upgrades import BUSY, NOT_INSTALLED, Upgrades
from controller.system.paths import Home
from controller.upgrade import mailbox
from controller.upgrade.journal import SUCCEEDED
from tests.upgrade.box import Box


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.close()


def test_an_upgrade_from_the_request_to_its_result(box: Box) -> None:
    """The daemon's user leaves a package; root's program takes it; the result and the way back are seen."""
    upgrades = Upgrades(Home(box.place.data), box.place)
    assert (upgrades.state().installed, upgrades.state().previous, upgrades.state().last) == (True, "", None)
    ident = upgrades.upgrade(io.BytesIO(box.package("2.0").read_bytes()))
    assert upgrades.state().busy == "waiting"
    assert upgrades.result_of(ident) is None
    with pytest.raises(Conflict) as busy:
        upgrades.roll_back()
    assert busy.value.sentence == BUSY
    box.work()
    found = upgrades.result_of(ident)
    assert found is not None
    assert (found.outcome, found.sentence) == (SUCCEEDED, "已升级到 2.0。")
    state = upgrades.state()
    assert (state.busy, state.previous) == ("", "1.0")
    back = upgrades.roll_back()
    box.work()
    assert upgrades.result_of(ident) is None
    assert upgrades.result_of(back) is not None
    assert box.assert_whole() == "1.0"


def test_a_package_is_kept_whole_or_not_at_all(box: Box) -> None:
    """An empty upload and one that breaks off leave no package and no request."""
    upgrades = Upgrades(Home(box.place.data), box.place)
    folder = mailbox.box(box.place.data)

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise ConnectionResetError

    for source in (io.BytesIO(b""), Broken()):
        with pytest.raises(Refused):
            upgrades.upgrade(source)
        assert not list(folder.iterdir())
    with pytest.raises(Refused, match="没有可以退回的版本"):
        upgrades.roll_back()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_checkout_is_not_upgraded(tmp_path: Path) -> None:
    """Without an installation by the package there is a sentence."""
    upgrades = Upgrades(Home(tmp_path))
    assert not upgrades.state().installed
    with pytest.raises(Refused) as refused:
        upgrades.upgrade(io.BytesIO(b"x"))
    assert refused.value.sentence == NOT_INSTALLED
