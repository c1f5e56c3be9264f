"""The player's reports as the speaker reads them: ends of announcements, silence, and the sentences for faults."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

WHY = {
    "none": "没有找到音响设备。请检查音箱和声卡的连接。",
    "incomplete": "播放声音要用的系统库不全。请在战鼓的目录里运行 make setup，它会补上。",
    "removed": "音响设备断开了。正在自动重连。",
    "stalled": "音响设备没有反应。正在自动重连。",
    "hung": "播放程序没有反应，正在重新启动。",
    "died": "播放程序意外退出，正在重新启动。",
    "muted": "音响在系统里被静音了，或者音量被调成了 0。请在主机的声音设置里打开它。",
    "silent": "音乐应该在响，却没有声音送出去。正在重新打开音响。",
    "returned": "选定的音响接回来了，正在换过去。",
    "chosen": "正在换到选定的音响。",
    "starting": "播放程序正在启动。",
    "closed": "播放程序已停止。",
}


class UnderWay:
    """The announcements that the player has and whose end has not been reported yet.

    Each announcement ends once: one that was reported as lost does not end again when the player says so too.
    Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[int] = set()
        self._echoes: set[int] = set()  # the player's own end of these is still to come

    def add(self, id: int) -> None:
        """Note that the player was given this announcement."""
        with self._lock:
            self._open.add(id)

    def lose(self) -> list[int]:
        """End all of them while the player lives on: it will report their end too."""
        with self._lock:
            lost, self._open = sorted(self._open), set()
            self._echoes.update(lost)
            return lost

    def clear(self) -> list[int]:
        """End all of them with their player."""
        with self._lock:
            lost, self._open, self._echoes = sorted(self._open), set(), set()
            return lost

    def ended(self, id: int) -> bool:
        """Note the player's end of an announcement; return whether it is news."""
        with self._lock:
            if id in self._echoes:
                self._echoes.discard(id)
                return False
            self._open.discard(id)
            return True


class SilenceCheck:
    """Ask in a thread whether a file is silent where nothing was heard: one question at a time.

    `silent_file` (path, second) may take seconds: the player goes on reporting silence meanwhile.
    """

    def __init__(self, silent_file: Callable[[Path, float], bool]) -> None:
        self._silent_file = silent_file
        self._busy = threading.Lock()

    def ask(self, path: Path, position_s: float, unheard: Callable[[], None]) -> None:
        """Call `unheard` if the file is not silent from that second on. Ignored while a question is open."""
        if self._busy.acquire(blocking=False):
            threading.Thread(
                target=self._ask, args=(path, position_s, unheard), name="silence", daemon=True
            ).start()

    def _ask(self, path: Path, position_s: float, unheard: Callable[[], None]) -> None:
        try:
            if not self._silent_file(path, position_s):
                log.warning("%s should be heard at %.0f s and is not", path.name, position_s)
                unheard()
        except Exception:  # no answer: the player asks again
            log.exception("cannot ask whether %s is silent", path.name)
        finally:
            self._busy.release()
