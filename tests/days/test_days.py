"""Three real days of the office, each from 00:00 to 24:00, compared with handwritten pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from diary import Diary, Page
from newer_schema import make_newer

PAGES = [
    pytest.param(
        file, marks=[pytest.mark.long] if file.stem == "first-after-the-holiday" else [], id=file.stem
    )
    for file in sorted(Path(__file__).parent.glob("*.txt"))
]
ON_A_NEWER_STORE = "saturday-made-up"


@pytest.mark.parametrize("page", PAGES)
def test_the_day_matches_its_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every scene, track, silence, decision and sentence of the day equals the page's, in the same sequence.

    One day is lived on the store of a newer program: after going back for one release all goes on.
    """
    if page.stem == ON_A_NEWER_STORE:
        make_newer(tmp_path / "var" / "zhangu.db", monkeypatch)
    written = Page(page)
    lived = Diary(tmp_path, written).live()
    for number, (is_, must) in enumerate(zip(lived, written.lines, strict=False)):
        assert is_ == must, f"line {number + 1} after {lived[max(0, number - 1)]!r}"
    assert lived == written.lines
