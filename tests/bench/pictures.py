"""All stories at all sizes: the rules of walls and the accepted pictures, of which `make test` takes a sample."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "signage")]

import gallery  # noqa: E402
from glances import moment  # noqa: E402
from table import Row  # noqa: E402
from test_wall_browser import SAME_SHAPE, rules_broken  # noqa: E402
from wallroom import Room, chromium  # noqa: E402

from tests.storybook import stories  # noqa: E402


def rows() -> list[Row]:
    """One line; differing pictures are named, and written to artefacts/wall/changed."""
    room, names, found = Room(moment("14:52")), list(stories()), []
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.goto(room.url("/storybook/rhythm-full"))
            broken = [rules_broken(page, *size, names) for size in SAME_SHAPE]
            for width, height in gallery.SIZES:
                other = gallery.different(browser, room, width, height, names)
                found += [f"{name} at {width}x{height}" for name in other]
    finally:
        room.stop()
    for picture in found:
        print(f"changed: {picture}", file=sys.stderr)
    taken = len(names) * len(gallery.SIZES)
    return [
        Row(f"{taken} pictures of walls that differ from the accepted ones", str(len(found)), "0", not found)
    ]
