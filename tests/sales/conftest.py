"""A real store in a real file for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from book_made import ZONE, fill_roster

from controller.sales.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield a store with two teams of two people: 1 王小明, 2 陈芳 (team 1), 3 李思思, 4 刘洋 (team 2)."""
    opened = Store(tmp_path / "book.db", ZONE)
    fill_roster(opened)
    yield opened
    opened.close()
