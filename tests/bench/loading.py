"""Opening the phone's page, a wall and the API page over slow Wi-Fi: requests, bytes, and ms until it can be used.

The real daemon and real Chromium, which adds a round trip of 60 ms to each request and passes on 3 Mbit/s. The first
opening starts with an empty cache; the second uses its cache. The median of RUNS browsers.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from playwright.sync_api import Browser, BrowserContext  # noqa: E402
from table import Row  # noqa: E402

from tests.browsers import chromium  # noqa: E402
from tests.signage.house import House, running  # noqa: E402

RUNS = 5
ROUND_TRIP_MS, BYTES_PER_S = 60, 3_000_000 // 8
SETTLED_S = 1.5
"""After a page can be used: until its last file has come."""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TELEVISION = {"viewport": {"width": 1920, "height": 1080}}
PAGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "phone": ("/", "#products .chip", PHONE),
    "wall": ("/wall", ".head", TELEVISION),
    "API page": ("/api/docs", "#tools:not([hidden])", {"viewport": {"width": 1280, "height": 900}}),
}
"""Address, an element that exists once the page can be used, and the browser's window."""
FIRST_MS, SECOND_MS, SECOND_REQUESTS = 3000, 1000, 8
USABLE = """
new MutationObserver((_, seen) => {
  if (!document.querySelector(SELECTOR)) return;
  window.usableAfter = performance.now();
  seen.disconnect();
}).observe(document, { childList: true, subtree: true, attributes: true });
"""


class Opening(NamedTuple):
    """Cost of one opening: requests that reached the server, bytes from it, ms, and ms of CPU in the page."""

    requests: int
    bytes: int
    ms: float
    cpu_ms: float


def opening(context: BrowserContext, address: str, selector: str) -> Opening:
    """Open the page and wait until it can be used and has all its files; the events' stream is not counted."""
    page = context.new_page()
    page.add_init_script(USABLE.replace("SELECTOR", repr(selector)))
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Performance.enable")
    wire.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": ROUND_TRIP_MS,
            "downloadThroughput": BYTES_PER_S,
            "uploadThroughput": BYTES_PER_S,
        },
    )
    kept: set[str] = set()
    sizes: dict[str, int] = {}
    wire.on("Network.requestServedFromCache", lambda event: kept.add(event["requestId"]))
    wire.on(
        "Network.responseReceived",
        lambda event: kept.add(event["requestId"]) if event["response"].get("fromDiskCache") else None,
    )
    wire.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])}),
    )
    page.goto(address, wait_until="commit")
    page.wait_for_selector(selector, state="attached")
    page.wait_for_timeout(1000 * SETTLED_S)
    ms = float(page.evaluate("window.usableAfter"))
    cpu = {one["name"]: one["value"] for one in wire.send("Performance.getMetrics")["metrics"]}
    page.close()
    asked = {request: size for request, size in sizes.items() if request not in kept}
    return Opening(len(asked), sum(asked.values()), ms, 1000 * cpu["TaskDuration"])


def signed_in(browser: Browser, house: House) -> Any:
    """Return the cookies of a phone that signed in with the PIN."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{house.address}/login")
    page.fill("#pin", house.daemon.office.keys.pin())
    page.press("#pin", "Enter")
    page.wait_for_selector("#products .chip")
    cookies = context.cookies()
    context.close()
    return cookies


def measured(browser: Browser, house: House, name: str, cookies: Any) -> tuple[list[Opening], list[Opening]]:
    """Return the first and the second openings of a page, each pair in a new browser profile."""
    path, selector, window = PAGES[name]
    first, second = [], []
    for _ in range(RUNS):
        context = browser.new_context(**window)
        context.add_cookies(cookies)
        for found in (first, second):
            found.append(opening(context, house.address + path, selector))
        context.close()
    return first, second


def middle(found: list[Opening]) -> Opening:
    """Return the medians."""
    return Opening(*(statistics.median(column) for column in zip(*found, strict=True)))  # type: ignore[arg-type]


def shown(one: Opening) -> str:
    """Return an opening as text."""
    costs = f"{one.requests:.0f} requests, {one.bytes / 1000:.0f} KB, {one.ms:,.0f} ms"
    return f"{costs} ({one.cpu_ms:.0f} ms of CPU in the page)"


def rows() -> Iterator[Row]:
    """Measure for about two minutes."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home", sounds=False) as house:
        for n in range(40):
            house.sell("王小明", 1000 + n, f"loading-{n}")
        with chromium() as browser:
            cookies = signed_in(browser, house)
            for name in PAGES:
                first, second = (middle(found) for found in measured(browser, house, name, cookies))
                well = first.ms <= FIRST_MS and second.ms <= SECOND_MS and second.requests <= SECOND_REQUESTS
                yield Row(
                    f"{name} opened over a round trip of {ROUND_TRIP_MS} ms and 3 Mbit/s: first; second time",
                    f"{shown(first)}; {shown(second)}",
                    f"≤ {FIRST_MS} ms; ≤ {SECOND_MS} ms, ≤ {SECOND_REQUESTS} requests",
                    well,
                )


if __name__ == "__main__":
    begun = time.monotonic()
    for row in rows():
        print("|", row.what, "|", row.measured, "" if row.ok else "  <-- over the limit", flush=True)
    print(f"{time.monotonic() - begun:.0f} s")
