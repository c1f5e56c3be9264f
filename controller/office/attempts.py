"""Wrong PINs: who has tried how often, how long each address waits, and what people are told of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from controller.glance import Trouble

FREE, FREE_IN_A_STORM = 5, 2
STORM = 30  # wrong PINs in an hour, from everywhere
FIRST_WAIT_S, LONGEST_WAIT_S = 60.0, 4 * 3600.0
HOUR, DAY = 3600.0, 86400.0
TOLD_FROM = 10
MOST_ADDRESSES = 5000


class Attempts:
    """Counts wrong PINs per address; `now` gives seconds that never go back. Thread-safe.

    An address has five tries, then waits a minute, two, four, up to four hours; after 30 wrong ones in an hour from
    everywhere it has two. A new address always has its tries, so that nobody can lock the others out; a network of
    250 addresses guesses one PIN of a million about 2,500 times a day, and the phones say so all the while.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._wrong: dict[str, list[float]] = {}  # by address, the one that tried last at the end
        self._lately: deque[tuple[float, str]] = deque(maxlen=10_000)
        self._lock = threading.Lock()

    def try_pin(self, address: str, right: Callable[[], bool]) -> tuple[bool, int]:
        """(whether `right` said so, 0), or (False, seconds to wait) without asking it.

        One at a time: a hundred tries at once are still counted one by one.
        """
        with self._lock:
            wait = self._wait(address)
            if wait > 0:
                return False, int(wait) + 1
            if right():
                self._wrong.pop(address, None)
                return True, 0
            now = self._now()
            self._wrong[address] = [*self._wrong.pop(address, []), now]
            self._lately.append((now, address))
            while len(self._wrong) > MOST_ADDRESSES:
                del self._wrong[next(iter(self._wrong))]
            return False, 0

    def troubles(self) -> tuple[Trouble, ...]:
        """What the phones say when somebody guesses."""
        with self._lock:
            lately = self._last_hour()
        if len(lately) < TOLD_FROM:
            return ()
        places = len({address for _, address in lately})
        return (
            Trouble(
                f"过去一小时有人输错了 {len(lately)} 次 PIN，来自 {places} 个地址，最近的是 {lately[-1][1]}。",
                "已登录的手机不受影响；输错的地址要等越来越久才能再试。",
                "不是同事的话，请在手机“设备”页换一个 PIN，或在主机上运行 zhangu pin --new。",
                False,
                generic="过去一小时有人输错了很多次 PIN。",
            ),
        )

    def _last_hour(self) -> list[tuple[float, str]]:
        now = self._now()
        while self._lately and self._lately[0][0] <= now - HOUR:
            self._lately.popleft()
        return list(self._lately)

    def _wait(self, address: str) -> float:
        now = self._now()
        wrong = [at for at in self._wrong.get(address, ()) if at > now - DAY]
        if wrong:
            self._wrong[address] = wrong
        free = FREE if len(self._last_hour()) < STORM else FREE_IN_A_STORM
        if len(wrong) < free:
            return 0.0
        return wrong[-1] + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** (len(wrong) - free)) - now
