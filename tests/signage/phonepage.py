"""One phone for the tests of a module.

Opening a phone takes half a second of CPU, most of it for a new renderer of Chromium. Emptying its form and going
back to its first tab takes a twentieth of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

WIDTH, HEIGHT = 390, 844
EMPTIED = """async () => {
  const at = (id) => document.getElementById(id);
  if (!at('sheet') || !at('deal-form')) return false;
  if (at('sheet').open) at('sheet').close();
  at('toast').hidden = true;
  at('fixing-off').click();  // empties the form
  for (const field of document.querySelectorAll('#find, #text, #people-search')) {
    field.value = '';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  }
  for (const opened of document.querySelectorAll('main details[open]')) opened.open = false;
  localStorage.clear();
  if (location.hash) {  // its event comes later, and would close the sheet that a test opens
    const gone = new Promise((done) => addEventListener('hashchange', done, { once: true }));
    location.hash = '';
    await gone;
  }
  scrollTo(0, 0);
  return true;
}"""


def sized(page: Page, width: int, height: int, scheme: str = "light") -> Page:
    """Give a phone another screen."""
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    return page


def pocketed(page: Page) -> None:
    """Hide the page, as in a pocket: it closes its line of events, and draws nothing that other tests do."""
    page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )


def taken_out(page: Page) -> None:
    """Show a hidden page again: it opens its line and asks for the newest state."""
    page.evaluate(
        "if (document.hidden) { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }"
    )


class OnePhone:
    """A phone that `opened` opens: once, and again after a test that failed or left the page."""

    def __init__(self, opened: Callable[[], Page]):
        self._opened = opened
        self._page: Page | None = None

    def for_test(self, request: pytest.FixtureRequest) -> Iterator[Page]:
        """Yield the phone with an empty form, on its first tab; the body of a fixture."""
        failed = request.session.testsfailed
        page = self._page
        if page is None or page.is_closed() or not page.evaluate(EMPTIED):
            self.close()
            page = self._page = self._opened()
        yield page
        if request.session.testsfailed > failed:
            self.close()
        elif not page.is_closed():
            page.context.set_offline(False)
            page.unroute_all(behavior="wait")
            sized(page, WIDTH, HEIGHT)

    def close(self) -> None:
        if self._page is not None:
            self._page.context.close()
            self._page = None
