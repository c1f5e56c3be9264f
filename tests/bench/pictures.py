"""All stories at all sizes: the rules of walls and the accepted pictures, of which `make test` takes a sample."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "signage")]

import gallery  # noqa: E402
from glances import moment  # noqa: E402
from table import Row  # noqa: E402
from test_wall_browser import SIZES, rules_broken  # noqa: E402
from wallroom import Room, chromium  # noqa: E402

from tests.storybook import stories  # noqa: E402


def rows() -> list[Row]:
    """Two lines; stories that break a rule and pictures that differ are named on stderr."""
    room, names = Room(moment("14:52")), list(stories())
    broken: list[str] = []
    other: list[str] = []
    try:
        with chromium() as browser:
            page = browser.new_page()
            page.goto(room.url("/storybook/rhythm-full"))
            for size in SIZES:
                broken += [f"{size}: {found}" for found in rules_broken(page, *size, names).items()]
            for size in gallery.SIZES:
                other += [f"{size}: {name}" for name in gallery.different(browser, room, *size, names)]
    finally:
        room.stop()
    print("\n".join([*broken, *other]), file=sys.stderr)
    rules, pictures = len(names) * len(SIZES), len(names) * len(gallery.SIZES)
    return [
        Row(
            f"{rules} pictures of stories at {len(SIZES)} sizes that break a rule",
            str(len(broken)),
            "0",
            not broken,
        ),
        Row(
            f"{pictures} pictures of walls that differ from the accepted ones",
            str(len(other)),
            "0",
            not other,
        ),
    ]
