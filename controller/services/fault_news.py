"""Problems of the machine for links: reported when they have lasted a minute, and again when they are over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

from controller.glance import HealthProblem
from controller.services.context import Context
from controller.services.link_news import LinkNews

LASTS: Final = timedelta(minutes=1)
"""A device that is back within this time is no news."""


class FaultNews:
    """Called by the timekeeper. A restart reports a problem that still lasts at most once an hour."""

    def __init__(
        self, context: Context, news: LinkNews, wanted: Callable[[], bool],
        problems: Callable[[], tuple[HealthProblem, ...]],
    ) -> None:  # fmt: skip
        self._context, self._news, self._wanted, self._problems = context, news, wanted, problems
        self._since: dict[str, tuple[datetime, HealthProblem]] = {}
        self._reported: dict[str, tuple[str, HealthProblem]] = {}

    def follow(self, now: datetime) -> None:
        """Report the serious problems that have lasted, and the end of those that were reported."""
        if not self._wanted():
            return
        present = {_name(problem): problem for problem in self._problems() if problem.serious}
        self._since = {name: self._since.get(name, (now, problem)) for name, problem in present.items()}
        for name, (since, problem) in self._since.items():
            if name not in self._reported and now - since >= LASTS:
                key = f"fault:{name}:{now:%Y-%m-%dT%H}"
                self._put(problem, key, now, over=False)
                self._reported[name] = key, problem
        for name in self._reported.keys() - present.keys():
            key, problem = self._reported.pop(name)
            self._put(problem, key, now, over=True)

    def _put(self, problem: HealthProblem, key: str, now: datetime, *, over: bool) -> None:
        with self._context.store.write(quiet=True) as session:
            self._news.fault(session, problem, key, now, over=over)


def _name(problem: HealthProblem) -> str:
    """Return a name of the problem; figures in its sentence may change while it lasts."""
    words = "".join(letter for letter in problem.what if not letter.isdigit())
    return f"{crc32(words.encode()):08x}"
