"""What is known of each music file: length and loudness, measured once per content, in a child process.

`python -m controller.sound.catalogue HOME` writes HOME/sounds/index.json, the measurements that ship with the
sounds, so that the very first start knows them too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from controller.sound.child import Child, ChildLost

log = logging.getLogger(__name__)

MOST = 5000
"""Files remembered; the longest unseen are forgotten."""
WHOLE_LIMIT_S = 300.0  # a long file on a Pi
HEADER_LIMIT_S = 3.0
CRASHED = "读取它的程序出错了，文件可能已损坏"


@dataclass(frozen=True, slots=True)
class Facts:
    """duration_s: seconds. lufs, peak: integrated loudness and true peak (dBTP); None when only the header was
    read. fault: why the file cannot be played."""

    duration_s: float = 0.0
    lufs: float | None = None
    peak: float | None = None
    fault: str | None = None

    @property
    def final(self) -> bool:
        """Whether there is nothing left to measure."""
        return self.lufs is not None or self.fault is not None


class Catalogue:
    """Facts by file (size and time of change) and by content. Thread-safe; reads without loading PyAV.

    file: where they are kept. shipped: measurements that came with the sounds, by path under `root` and size.
    """

    def __init__(self, file: Path, shipped: Path, root: Path) -> None:
        self._file, self._root = file, root
        self._lock = threading.Lock()
        self._gauge = _Gauge()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._todo: dict[Path, None] = {}
        kept = _read(file)
        self._by_file: dict[str, Facts] = _facts(kept.get("files"))
        self._by_content: dict[str, Facts] = _facts(kept.get("contents"))
        self._shipped: dict[str, Facts] = _facts(_read(shipped).get("files"))

    def known(self, path: Path) -> Facts | None:
        """What is known of a file as it is now; None for one never looked at. Raises OSError."""
        key = self._key(path)
        with self._lock:
            return self._by_file.get(key) or self._shipped.get(_ship_key(path, self._root))

    def peek(self, paths: Iterable[Path], within_s: float) -> None:
        """Reads the headers of files not known yet, for at most about that many seconds."""
        deadline = time.monotonic() + within_s
        unknown = [path for path in paths if self.known(path) is None]
        if not unknown:
            return
        child = Child("controller.sound.loudness")
        try:
            for path in unknown:
                if time.monotonic() > deadline:
                    return
                self._put(path, _asked(child, path, whole=False, limit_s=HEADER_LIMIT_S))
        except ChildLost:
            self._put(path, Facts())  # no track for now; measuring it whole will tell
        finally:
            child.close()

    def measure(self, paths: Iterable[Path]) -> None:
        """Has what is not final yet measured in the background, one file after the other, at low priority."""
        wanted = [path for path in paths if not (self.known(path) or Facts()).final]
        with self._lock:
            self._todo.update(dict.fromkeys(wanted))
            if wanted and self._thread is None and not self._closing.is_set():
                self._gauge = _Gauge()
                self._thread = threading.Thread(
                    target=self._work, args=(self._gauge,), name="loudness", daemon=True
                )
                self._thread.start()

    def busy(self) -> bool:
        """Whether something is being measured or waits for it."""
        return self._thread is not None

    def close(self) -> None:
        """Stops measuring; what was measured is kept."""
        self._closing.set()
        thread = self._thread
        self._gauge.interrupt()
        if thread is not None:
            thread.join(5)

    def _work(self, gauge: _Gauge) -> None:
        try:
            while (path := self._next()) is not None:
                with contextlib.suppress(OSError):  # it has gone meanwhile
                    self._measure_one(path, gauge)
        except Exception:
            log.exception("measuring loudness broke")
            self._thread = None
        finally:
            gauge.close()

    def _next(self) -> Path | None:
        with self._lock:
            if self._closing.is_set() or not self._todo:
                self._thread = None
                return None
            path = next(iter(self._todo))
            del self._todo[path]
            return path

    def _measure_one(self, path: Path, gauge: _Gauge) -> None:
        content = _content(path)
        with self._lock:
            known = self._by_content.get(content)
        if known is None:
            known = gauge.whole(path)
            if self._closing.is_set():
                return
        self._put(path, known, content)
        self._save()

    def _put(self, path: Path, facts: Facts, content: str | None = None) -> None:
        key = self._key(path)
        with self._lock:
            self._by_file.pop(key, None)
            self._by_file[key] = facts
            if content is not None:
                self._by_content[content] = facts
            for table in (self._by_file, self._by_content):
                while len(table) > MOST:
                    del table[next(iter(table))]

    def _save(self) -> None:
        with self._lock:
            files = {key: asdict(facts) for key, facts in self._by_file.items() if facts.final}
            contents = {key: asdict(facts) for key, facts in self._by_content.items()}
        try:
            _write(self._file, {"files": files, "contents": contents})
        except OSError as error:  # it is only a cache
            log.warning("loudness measurements not kept: %s", error.strerror)

    def _key(self, path: Path) -> str:
        about = path.stat()
        return f"{path}|{about.st_size}|{about.st_mtime_ns}"


class _Gauge:
    """Measures whole files with a child that is started at the first and again when it was lost."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._over = False

    def whole(self, path: Path) -> Facts:
        """What is in the file; one at which the child dies or hangs is faulty."""
        try:
            if self._child is None or not self._child.alive():
                self._child = Child("controller.sound.loudness", env={"ZHANGU_NICE": "15"})
            if self._over:  # interrupted while it was being started, when there was nothing to end yet
                self._child.kill()
            return _asked(self._child, path, whole=True, limit_s=WHOLE_LIMIT_S)
        except ChildLost as why:
            log.warning("measuring %s: child %s", path.name, why)
            return Facts(fault=CRASHED)

    def interrupt(self) -> None:
        """Ends the measurement in another thread at once, and whatever it would begin."""
        self._over = True
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """Ends the child."""
        if self._child is not None:
            self._child.close()


def _asked(child: Child, path: Path, *, whole: bool, limit_s: float) -> Facts:
    child.send({"path": str(path), "whole": whole})
    answer = child.receive(limit_s)
    names = ("duration_s", "lufs", "peak", "fault")
    return Facts(**{name: answer[name] for name in names if name in answer})


def _ship_key(path: Path, root: Path) -> str:
    """Path and size: no need to read megabytes at the first start to know our own files again."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return f"{name}|{path.stat().st_size}"


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _facts(table: Any) -> dict[str, Facts]:
    if not isinstance(table, dict):
        return {}
    facts = {}
    for key, values in table.items():
        with contextlib.suppress(TypeError, ValueError, KeyError):
            facts[key] = Facts(**{**values, "duration_s": float(values["duration_s"])})
    return facts


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(
            json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def ship(home: Path) -> int:
    """Measures every sound under HOME/sounds, writes HOME/sounds/index.json; returns how many there are."""
    root = home / "sounds"
    child = Child("controller.sound.loudness")
    try:
        files = {
            _ship_key(path, root): asdict(_asked(child, path, whole=True, limit_s=WHOLE_LIMIT_S))
            for path in sorted(root.rglob("*.ogg"))
        }
    finally:
        child.close()
    _write(root / "index.json", {"files": files})
    return len(files)


if __name__ == "__main__":
    ship(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
