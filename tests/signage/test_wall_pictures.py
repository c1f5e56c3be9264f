"""Compare every picture of the storybook with the accepted one (`gallery.py`)."""

from __future__ import annotations

from collections.abc import Iterator

import gallery
import pytest
from glances import moment
from playwright.sync_api import Browser
from wallroom import Room

from tests.storybook import stories

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    room = Room(moment("14:52"))
    yield room
    room.stop()


@pytest.fixture(scope="module")
def camera(browser: Browser, room: Room) -> Iterator[gallery.Camera]:
    with gallery.storybook(browser, room, 1920, 1080) as camera:
        yield camera


@pytest.mark.parametrize(("width", "height"), gallery.SIZES)
def test_every_picture_is_the_accepted_one(browser: Browser, room: Room, width: int, height: int) -> None:
    """No story differs from its accepted picture; differing ones are written to artefacts/wall/changed.

    For an intended change: look at the pictures, then run `make accept`. Each story is compared at one shape of
    screen; `make soak` compares all at all sizes.
    """
    assert gallery.different(browser, room, width, height, gallery.sample(width, height)) == []
    assert {file.stem for file in gallery.GOLDEN.glob("*.png")} >= set(stories())


@pytest.mark.parametrize(
    ("style", "seen"),
    [
        (".spanof { display: none }", True),
        (".now h1 { margin-top: 1rem !important }", True),
        (".bar i { background: #3a3 !important }", True),
        (".leftline .then { visibility: hidden }", True),
        (
            "body { letter-spacing: .005em; text-rendering: geometricPrecision; -webkit-font-smoothing: none }",
            False,
        ),
    ],
)
def test_the_comparison_sees_layout_and_colour_and_not_how_a_font_is_drawn(
    camera: gallery.Camera, style: str, seen: bool
) -> None:
    """It reports a missing or moved line and a bar of another colour, but not another rendering of letters."""
    camera.page.evaluate(
        "rule => document.styleSheets[0].insertRule(rule, document.styleSheets[0].cssRules.length)", style
    )
    shown = camera.small(stories()["rhythm-full"])
    camera.page.evaluate("document.styleSheets[0].deleteRule(document.styleSheets[0].cssRules.length - 1)")
    good = gallery.read(gallery.accepted("rhythm-full", 1920, 1080).read_bytes())
    assert bool(gallery.changed(shown, good).sum() > gallery.FEW) is seen
