"""The days use the test office of tests/services."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))

import office_made

from controller.sound.library import Library


class ExaminedOnce(Library):
    """The library of the shipped sounds, which looks once for faulty files: a day asks for them 4,000 times."""

    def __init__(self, home: Path, cache: Path) -> None:
        super().__init__(home, cache)
        self._problems, self._broken = super().problems(), super().broken_effects()

    def problems(self) -> tuple[str, ...]:
        return self._problems

    def broken_effects(self) -> dict[str, str]:
        return self._broken


@pytest.fixture(autouse=True)
def _examined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_made, "Library", ExaminedOnce)
