"""The storybook's pictures, scaled down: 80 × 45 cells, 45 × 80 upright, each the mean colour of its pixels.

Such a small picture still shows position, size and colour of everything, but not the rendering of a font's edges:
another size of the same screen, another Chromium or font release gives the same picture. `golden/` holds the
accepted pictures; look at artefacts/wall, then run `make accept` to rewrite them.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

import av  # noqa: E402
import numpy as np  # noqa: E402
from glances import moment  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402
from wallroom import Room, chromium  # noqa: E402

from tests.storybook import stories  # noqa: E402

Picture = NDArray[np.uint8]
GOLDEN = HERE / "golden"
ARTEFACTS = HERE.parents[1] / "artefacts" / "wall" / "changed"
CELLS = 8  # pixels of the small screenshot per side of a cell
SHORT = 360  # pixels of its shorter side
NEAR = 16  # of 255: allowed difference of a cell from the accepted one
FEW = 8  # cells that may differ more: an edge that fell on the other side of a pixel
SIZES = ((1920, 1080), (1280, 720), (3840, 2160), (1080, 1920))
OF_ANOTHER_SHAPE = (SIZES[0], SIZES[3])
TURNS = {SIZES[0]: (0, 2), SIZES[1]: (0, 16), SIZES[2]: (8, 16), SIZES[3]: (1, 2)}
"""Of each size `make test` takes (first, every …th) story: each one is compared either lying or upright, and some at
the other sizes of the same shape. `make soak` takes all (tests/bench/pictures.py)."""
GREY = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#888"/></svg>'
)
SHOWN = """async (text) => {
    Wall.story(JSON.parse(text));
    const loading = [...document.images].filter((image) => image.src && !image.complete);
    await Promise.all(loading.map((image) => new Promise((done) => { image.onload = image.onerror = done; })));
}"""


def sample(width: int, height: int) -> list[str]:
    """Return the stories that `make test` compares at that size."""
    first, every = TURNS[width, height]
    return list(stories())[first::every]


def different(browser: Browser, room: Room, width: int, height: int, names: Sequence[str]) -> list[str]:
    """Return which of these stories differ from their accepted picture at that size."""
    all_stories = stories()
    with storybook(browser, room, width, height) as camera:
        return [
            name for name in names if not as_accepted(name, width, height, camera.small(all_stories[name]))
        ]


class Camera:
    """Take small pictures of stories on one page of the storybook."""

    def __init__(self, page: Page, width: int, height: int):
        self.page = page
        self._tools = page.context.new_cdp_session(page)
        self._area = {"x": 0, "y": 0, "width": width, "height": height, "scale": SHORT / min(width, height)}

    def small(self, story: dict[str, Any]) -> Picture:
        """Return the page's picture of a story as cells."""
        self.page.evaluate(SHOWN, json.dumps(story))
        how = {"format": "png", "optimizeForSpeed": True, "clip": self._area}
        return cells(read(base64.b64decode(self._tools.send("Page.captureScreenshot", how)["data"])))


@contextmanager
def storybook(browser: Browser, room: Room, width: int, height: int) -> Iterator[Camera]:
    """Open the storybook at that size; replace the QR code, which contains the test's port, by plain grey."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.route("**/qr.svg", lambda route: route.fulfill(content_type="image/svg+xml", body=GREY))
    page.goto(room.url("/storybook/rhythm-full"))
    yield Camera(page, width, height)
    page.close()


def cells(whole: Picture) -> Picture:
    """Return the mean colour of each cell, exactly, six times as fast as `mean` over both axes."""
    rows, columns = whole.shape[0] // CELLS, whole.shape[1] // CELLS
    lines = whole[: rows * CELLS, : columns * CELLS].reshape(rows, CELLS, columns * CELLS * 3)
    sums = lines.sum(axis=1, dtype=np.uint16).reshape(rows, columns, CELLS, 3).sum(axis=2, dtype=np.uint16)
    return np.rint(sums / CELLS**2).astype(np.uint8)


def changed(shown: Picture, accepted: Picture) -> NDArray[np.bool_]:
    """Return which cells differ from the accepted picture."""
    if shown.shape != accepted.shape:
        return np.ones(shown.shape[:2], dtype=bool)
    difference = shown.astype(float) - accepted
    if np.abs(difference).max() <= NEAR:  # blurring makes no difference larger
        return np.zeros(shown.shape[:2], dtype=bool)
    return np.asarray(np.abs(softened(difference)).max(axis=2) > NEAR)


def softened(whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blur each cell with its neighbours, so that a shift by half a cell is no change."""
    for axis in (0, 1):
        padded = np.concatenate([whole.take([0], axis), whole, whole.take([-1], axis)], axis)
        n = whole.shape[axis]
        whole = sum(
            share * padded.take(range(at, at + n), axis) for at, share in enumerate((0.25, 0.5, 0.25))
        )  # type: ignore[assignment]
    return whole


def read(data: bytes) -> Picture:
    """Return a PNG's pixels as RGB."""
    codec = av.CodecContext.create("png", "r")
    codec.thread_count = 1
    (frame,) = codec.decode(av.Packet(data))
    return frame.to_ndarray(format="rgb24")  # type: ignore[no-any-return]


def write(path: Path, picture: Picture) -> None:
    """Write pixels as a PNG."""
    codec = av.CodecContext.create("png", "w")
    codec.width, codec.height, codec.pix_fmt = picture.shape[1], picture.shape[0], "rgb24"
    codec.options = {"pred": "mixed", "compression_level": "9"}
    codec.time_base = Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)]))


def accepted(name: str, width: int, height: int) -> Path:
    """Return the path of the accepted picture: one per shape of screen, or per size if text wraps differently."""
    own = _own(name, width, height)
    return own if own.exists() else _general(name, width, height)


def _own(name: str, width: int, height: int) -> Path:
    return GOLDEN / f"{name}-{width}x{height}.png"


def _general(name: str, width: int, height: int) -> Path:
    return GOLDEN / (f"{name}-upright.png" if height > width else f"{name}.png")


def as_accepted(name: str, width: int, height: int, shown: Picture) -> bool:
    """Return whether a picture is the accepted one; if not, write both and the differing cells to artefacts."""
    file = accepted(name, width, height)
    good = read(file.read_bytes()) if file.exists() else np.zeros_like(shown)
    cells = changed(shown, good)
    if file.exists() and cells.sum() <= FEW:
        return True
    mark = np.zeros_like(shown)
    mark[cells] = (255, 60, 60)
    gap = np.full((shown.shape[0], 2, 3), 128, dtype=np.uint8)
    beside = np.concatenate([good if good.shape == shown.shape else mark, gap, shown, gap, mark], axis=1)
    write(ARTEFACTS / f"{name}-{width}x{height}.png", beside.repeat(6, axis=0).repeat(6, axis=1))
    return False


def main() -> None:
    """Accept every current picture; rewrite only those that changed."""
    room, names = Room(moment("14:52")), set(stories())
    kept = set(GOLDEN.glob("*.png"))
    used = set()
    with chromium() as browser:
        for width, height in SIZES:
            with storybook(browser, room, width, height) as camera:
                taken = {name: camera.small(story) for name, story in stories().items()}
            for name, shown in taken.items():
                if not as_accepted(name, width, height, shown):
                    first = (width, height) in OF_ANOTHER_SHAPE
                    write(_general(name, width, height) if first else _own(name, width, height), shown)
                    print(f"{name} at {width}x{height}: accepted")
                used.add(accepted(name, width, height))
    room.stop()
    for file in kept - used:
        file.unlink()
        print(f"{file.name}: gone")
    print(f"{len(names)} stories, {sum(file.stat().st_size for file in GOLDEN.glob('*.png')) // 1000} kB")


if __name__ == "__main__":
    main()
