"""Walls for tests: the real web server on a real port, an office whose glance the test sets, and a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Flask
from glances import ZONE, glance
from playwright.sync_api import Error, Page

from controller.clock import Clock
from controller.feed import Feed
from controller.glance import Glance
from controller.services.addresses import Addresses
from controller.system.network import listen
from controller.timetable.model import DayPlan
from signage import create_app
from signage.server import Server
from tests.browsers import FLAGS as FLAGS
from tests.browsers import chromium as chromium
from tests.storybook.pages import pages as storybook


class PlainNames:
    """Stand-in for the wall registry: keep every screen's name, ignore its reports."""

    def called(self, name: str) -> str:
        return name

    def seen(self, name: str, now: datetime, address: str = "", trusted: bool = False) -> None:
        """Ignore the report."""


class Room:
    """An office with a glance only, which is all that walls use; other attributes are missing and fail."""

    def __init__(self, start: datetime, port: int = 0) -> None:
        self.feed = Feed()
        self.clock = Clock(ZONE, start)
        self.shown = glance()
        self.walls, self.keys = PlainNames(), None
        self.app = self._app()
        self.server = Server(self.app, listen("127.0.0.1", port))
        self.server.start()
        self.port = self.server.port
        self.addresses = Addresses(self.port)

    def _app(self) -> Flask:
        app = create_app(self, secret="s" * 40, feed=self.feed, clock=self.clock)  # type: ignore[arg-type]
        app.register_blueprint(storybook)
        return app

    @property
    def snapshot(self) -> Room:
        """Return itself: walls ask the office's snapshot for the glance."""
        return self

    @property
    def timetable(self) -> Room:
        """Return itself: the poster asks it for the usual plan."""
        return self

    def glance(self) -> Glance:
        return replace(self.shown, now=self.clock.now(), revision=self.feed.revision)

    def show(self, **over: Any) -> None:
        """Change the glance and notify the walls."""
        self.shown = replace(self.shown, **over)
        self.feed.notify()

    def usual(self) -> DayPlan:
        """Return the plan of the glance, for the poster."""
        return self.shown.plan

    def stop(self) -> None:
        self.server.close()

    def start_again(self, build: str | None = None) -> None:
        """Start the server on the same port; another `build` simulates an upgrade."""
        self.app = self._app()
        if build:
            self.app.jinja_env.globals["build"] = build
        self.server = Server(self.app, listen("127.0.0.1", self.port))
        self.server.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def reports(self) -> tuple[Any, ...]:
        return tuple(self.app.extensions["screens"].all())


def eventually(holds: Callable[[], object], seconds: float = 60) -> bool:
    """Return whether `holds` becomes true within `seconds`; checked less often the longer it takes.

    Each check of a page costs 3 ms of CPU in four processes.
    """
    begin = time.monotonic()
    while (waited := time.monotonic() - begin) < seconds:
        try:
            if holds():
                return True
        except Error:
            pass  # the page is reloading
        time.sleep(min(0.03 + waited / 10, 0.3))
    return False


def scene(page: Page) -> str | None:
    """Return the displayed scene, None before the first."""
    name: str | None = page.evaluate("window.Wall && Wall.scene()")
    return name


def renewed(page: Page) -> bool:
    """Return whether the page has reloaded since the test set `window.old`, and has a state."""
    return bool(page.evaluate("!window.old && window.Wall && Wall.state && Wall.state() !== null"))
