"""Feed systemd's watchdog while every part makes progress; otherwise it restarts the daemon."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from controller.system import process

log = logging.getLogger(__name__)


class Watchdog:
    """`parts`: the name of each part with the question whether it makes progress.

    Called from the timekeeper's thread, which is thereby a part itself.
    """

    def __init__(self, parts: Mapping[str, Callable[[], bool]]) -> None:
        self._parts = dict(parts)
        self._stuck: tuple[str, ...] = ()

    def feed(self) -> None:
        """Notify systemd if all parts make progress; log the parts that do not, once."""
        stuck = tuple(name for name, works in self._parts.items() if not works())
        if stuck != self._stuck:
            self._stuck = stuck
            log.warning("the watchdog is not fed: %s", ", ".join(stuck)) if stuck else log.info(
                "all parts work again"
            )
        if not stuck:
            process.notify("WATCHDOG=1")
