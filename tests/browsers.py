"""The Chromium of this process, shared by all browser tests: starting one takes a second of CPU and 100 MB.

Debian's chromium-headless-shell is the same engine of the same version without the browser's own windows: a phone that
signs in costs 0.55 s of CPU in it and 1.6 s in chromium. Where it is not packaged, chromium is used.

Import this module as `tests.browsers` only; a second copy would start a second one, which Playwright refuses.
"""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright

EXECUTABLE = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--accept-lang=zh-CN",
]  # fmt: skip


GENEROUS = 60_000
"""ms that a page may take: Playwright's own 5 and 30 s are too short on two cores that are busy."""


class _Shared:
    """Playwright, and one browser for each set of additional flags, while somebody uses them."""

    def __init__(self) -> None:
        self._users = 0
        self._playwright: Playwright | None = None
        self._browsers: dict[tuple[str, ...], Browser] = {}

    @contextmanager
    def used(self) -> Iterator[None]:
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._close()

    def browser(self, flags: tuple[str, ...]) -> Browser:
        self._playwright = self._playwright or sync_playwright().start()
        browser = self._browsers.get(flags)
        if browser is None or not browser.is_connected():
            browser = self._playwright.chromium.launch(executable_path=EXECUTABLE, args=[*FLAGS, *flags])
            self._browsers[flags] = browser
        return browser

    def _close(self) -> None:
        for browser in self._browsers.values():
            browser.close()
        self._browsers.clear()
        if self._playwright is not None:
            self._playwright.stop()
            self._playwright = None


def _patient(made: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(made)
    def patient(*given: Any, **named: Any) -> Any:
        page = made(*given, **named)
        page.set_default_timeout(GENEROUS)
        return page

    return patient


expect.set_options(timeout=GENEROUS)
for _name in ("new_context", "new_page"):
    setattr(Browser, _name, _patient(getattr(Browser, _name)))
_shared = _Shared()
kept = _shared.used
"""A context in which browsers stay open between uses of `chromium`."""


def pictures_taken() -> bool:
    """Return whether pictures for people are taken: by tests that run directly, not by `make test`."""
    return os.environ.get("ZHANGU_PICTURES") != "0"


@contextmanager
def pictures(taken: bool) -> Iterator[None]:
    """Take pictures of pages for people, or do nothing instead: `make test` would take hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in () if taken else (Page, Locator):
            patch.setattr(kind, "screenshot", lambda self, **how: b"")
        yield


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Yield the shared browser, started with additional `flags` if any; close its pages afterwards."""
    with kept():
        browser = _shared.browser(flags)
        try:
            yield browser
        finally:
            for context in browser.contexts:
                context.close()
