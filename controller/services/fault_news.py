"""Problems of the box for links: reported once when they have lasted, and once when they are over.

Reports are kept in the store, so that a restart repeats nothing and still reports the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zlib import crc32

from controller.health import HealthProblem
from controller.sales.model import StoreTrouble
from controller.services.context import Context
from controller.services.link_news import LinkNews

REPORTED: Final = "faults_told"
"""The preference with the reports: name of the problem -> key, sentence, since."""
MOST_REPORTED: Final = 50


class FaultNews:
    """Called by the timekeeper. `problems`: all, also those that are not shown now; `wanted`: does a link want them?"""

    def __init__(
        self, context: Context, news: LinkNews, wanted: Callable[[], bool],
        problems: Callable[[], tuple[HealthProblem, ...]],
    ) -> None:  # fmt: skip
        self._context, self._news, self._wanted, self._problems = context, news, wanted, problems
        self._since: dict[str, datetime] = {}

    def follow(self, now: datetime) -> None:
        """Report the problems that have lasted, and the end of those that were reported."""
        if not self._wanted():
            return
        present = {_name(problem): problem for problem in self._problems()}
        self._since = {name: min(self._since.get(name, now), now) for name in present}
        reported = self._reported()
        begun = {
            name: problem
            for name, problem in present.items()
            if name not in reported
            and problem.shown
            and problem.reported_after is not None
            and now - self._since[name] >= problem.reported_after
        }
        over = {name: kept for name, kept in reported.items() if name not in present}
        if over or (begun and len(reported) < MOST_REPORTED):
            self._report(begun, over, reported, now)

    def _report(
        self,
        begun: Mapping[str, HealthProblem],
        over: Mapping[str, Any],
        reported: Mapping[str, Any],
        now: datetime,
    ) -> None:
        """Store the messages and the reports in one transaction."""
        kept = {name: value for name, value in reported.items() if name not in over}
        with self._context.store.write(quiet=True) as session:
            for value in over.values():
                self._news.fault_over(session, value["what"], value["key"], now)
            for name, problem in begun.items():
                key = f"fault:{name}:{now:%Y-%m-%dT%H:%M:%S}"
                self._news.fault(session, problem, key, now)
                kept[name] = {"key": key, "what": str(problem.for_groups), "at": now.isoformat()}
            session.settings.set_setting(REPORTED, kept)
            session.after_commit(lambda: self._context.preferences.remember(REPORTED, kept))

    def _reported(self) -> dict[str, Any]:
        try:
            reported = self._context.preferences.get(REPORTED, {})
        except StoreTrouble:  # it cannot take messages either; the phone shows the problem
            return {}
        return reported if isinstance(reported, dict) else {}


def _name(problem: HealthProblem) -> str:
    """Return the problem's name; without one its sentence, in which figures may change while it lasts."""
    words = problem.name or "".join(letter for letter in problem.what if not letter.isdigit())
    return f"{crc32(words.encode()):08x}"
