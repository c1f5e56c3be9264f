"""Facts about each music file: length and loudness, measured once per content, in a child process.

`python -m controller.sound.measuring HOME` writes HOME/sounds/index.json, the measurements that ship with the
sounds, so that they are known at the very first start.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from controller.sound.child import Child, ChildLost
from controller.system.atomic_file import publish
from controller.system.files import own_files, read_json, readable

log = logging.getLogger(__name__)

VERSION = 3
"""Version of the records; version 2 could cut music at a long pause, and did not measure music with a silent end.

An older version's measurements are used until the file is measured again; its faults are not."""
MOST = 5000
"""Files remembered; the least recently seen are forgotten."""
CHILD = "controller.sound.conversion"
SILENT_LIMIT_S = 120.0
"""A child silent for this long counts as hung; during a long file it reports progress."""
HEADER_LIMIT_S = 3.0
TRIES = 3
"""Attempts at a file whose child died, hung or was hindered; then it rests for REST_S."""
PAUSE_S, REST_S = 0.5, 1800.0
SPARE_BYTES = 300_000_000
"""Bytes left free on the disk when a file is converted: the database has priority."""
INTERRUPTED = "读取它的程序中断了，过一会儿自动再试"
CONVERTING = "播放程序打不开它，正在转换，转换好了自动再放"
FULL = "要先转换才能放，可是磁盘快满了，请清理磁盘空间"


@dataclass(frozen=True, slots=True)
class Facts:
    """duration_s: seconds. lufs, peak: integrated loudness and true peak (dBTP); None when only the header was
    read. fault: why the file cannot be played. made: the name of its conversion, see `Catalogue`. header_s: the length
    in the header of a file whose end is missing, else 0."""

    duration_s: float = 0.0
    lufs: float | None = None
    peak: float | None = None
    fault: str | None = None
    made: str | None = None
    header_s: float = 0.0

    @property
    def final(self) -> bool:
        """Return whether nothing is left to measure."""
        return self.lufs is not None or self.fault is not None


class Catalogue:
    """Facts by file (size and time of change) and by content. Thread-safe; reads without loading PyAV.

    A file is recorded as faulty only when two surviving children agree: a child's death proves nothing.
    Files that the player cannot play are converted into the folder `made`, beside `file`.

    file: where the facts are kept. shipped: measurements that came with the sounds, by path under `root` and size.
    changed: called, from the measuring thread, whenever something new is known.
    """

    def __init__(
        self, file: Path, shipped: Path, root: Path, changed: Callable[[Path], None] = lambda path: None
    ) -> None:
        self._file, self._root, self._changed = file, root, changed
        self.made = file.parent / "music"
        self._lock = threading.Lock()
        self._gauge = _Gauge()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._todo: dict[Path, None] = {}
        self._glimpsed: dict[str, Facts] = {}
        self._blamed: dict[str, Facts] = {}
        self._distrusted: set[str] = set()
        self._tries: Counter[str] = Counter()
        self._rests: dict[str, float] = {}
        kept = _read(file)
        files, contents = _facts(kept.get("files")), _facts(kept.get("contents"))
        current = kept.get("version") == VERSION
        self._old: dict[str, Facts] = {} if current else {k: f for k, f in files.items() if f.fault is None}
        self._by_file: dict[str, Facts] = files if current else {}
        self._by_content: dict[str, Facts] = contents if current else {}
        self._shipped: dict[str, Facts] = _facts(_read(shipped).get("files"))

    def known(self, path: Path) -> Facts | None:
        """Return the facts of a file in its present version; None if it was never examined. Raises OSError."""
        key = self._key(path)
        with self._lock:
            sure = self._blamed.get(key) or self._measured(key, path)
            seen = sure or self._glimpsed.get(key) or self._old.get(key)
            if sure is None and key in self._distrusted and (seen is None or seen.fault is None):
                return Facts(
                    fault=CONVERTING
                )  # a readable header proves nothing: the player has failed on it
            return seen

    def _measured(self, key: str, path: Path) -> Facts | None:
        shipped = None if key in self._distrusted else self._shipped.get(_ship_key(path, self._root))
        return self._there(self._by_file.get(key)) or shipped

    def _there(self, facts: Facts | None) -> Facts | None:
        """Return the facts, unless the file's conversion has been deleted."""
        gone = facts is not None and facts.made is not None and not (self.made / facts.made).is_file()
        return None if gone else facts

    def blame(self, path: Path, fault: str) -> None:
        """Treat the file as faulty in this run, regardless of its content. Raises OSError."""
        key = self._key(path)
        with self._lock:
            self._blamed[key] = Facts(fault=fault)

    def distrust(self, path: Path) -> None:
        """Convert a file that the player could not play. Raises OSError."""
        key = self._key(path)
        with self._lock:
            known = self._by_file.get(key)
            if key in self._distrusted and (known is None or not known.final):
                return  # it waits for its conversion, or rests after failed ones
        content = _content(path)
        with self._lock:
            self._distrusted.add(key)
            self._by_content.pop(content, None)
            for table in (self._by_file, self._glimpsed, self._old):
                table.pop(key, None)
        self.measure([path])

    def peek(self, paths: Iterable[Path], within_s: float) -> None:
        """Read the headers of new files, for at most about that many seconds.

        The results are not kept beyond this run: measuring decides.
        """
        deadline = time.monotonic() + within_s
        unknown = [path for path in paths if self.known(path) is None]
        if not unknown:
            return
        child = Child(CHILD)
        try:
            for path in unknown:
                if time.monotonic() > deadline:
                    return
                self._glimpse(path, _asked(child, path, None, whole=False, limit_s=HEADER_LIMIT_S))
        except ChildLost:
            self._glimpse(path, Facts())  # no track for now; a full measurement will decide
        finally:
            child.close()

    def _glimpse(self, path: Path, facts: Facts | str) -> None:
        with contextlib.suppress(OSError):
            self._glimpsed[self._key(path)] = facts if isinstance(facts, Facts) else Facts(fault=facts)

    def measure(self, paths: Iterable[Path]) -> None:
        """Measure files that are not final in the background, one after the other, at low priority."""
        wanted = [path for path in paths if self._wants_measuring(path)]
        with self._lock:
            self._todo.update(dict.fromkeys(wanted))
            if wanted and self._thread is None and not self._closing.is_set():
                self._gauge = _Gauge()
                self._thread = threading.Thread(
                    target=self._work, args=(self._gauge,), name="loudness", daemon=True
                )
                self._thread.start()

    def _wants_measuring(self, path: Path) -> bool:
        try:
            key = self._key(path)
        except OSError:
            return False
        with self._lock:
            known = self._measured(key, path)
            return not (known or Facts()).final and self._rests.get(key, 0.0) <= time.monotonic()

    def sweep(self, paths: Iterable[Path]) -> None:
        """Delete conversions of files that are not among these; not in a folder that another office made."""
        used = {facts.made for path in paths if (facts := self.known(path)) is not None}
        for file in own_files(self.made):
            if file.name not in used:
                with contextlib.suppress(OSError):
                    file.unlink()

    def busy(self) -> bool:
        """Return whether files are being measured or are waiting for it."""
        return self._thread is not None

    def close(self) -> None:
        """Stop measuring; keep the results."""
        self._closing.set()
        thread = self._thread
        self._gauge.interrupt()
        if thread is not None:
            thread.join(5)

    def _work(self, gauge: _Gauge) -> None:
        try:
            while (path := self._next()) is not None:
                with contextlib.suppress(OSError):  # deleted meanwhile
                    self._measure_one(path, gauge)
        except Exception:
            log.exception("measuring loudness failed unexpectedly")
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
        key, content = self._key(path), _content(path)
        with self._lock:
            known = self._there(self._by_content.get(content))
        if known is None:
            facts = self._asked_twice(path, content, gauge, again=key in self._distrusted)
            if self._closing.is_set():
                return
            if isinstance(facts, str):
                self._again_later(path, key, facts, gauge)
                return
            known = facts
        self._put(key, known, content)
        self._save()
        self._changed(path)

    def _asked_twice(self, path: Path, content: str, gauge: _Gauge, *, again: bool) -> Facts | str:
        """Return the contents of the file, or why they are unknown. A fault needs two children that agree.

        again: convert the file even if it looks playable.
        """
        try:
            with contextlib.suppress(FileExistsError):  # a rehearsal uses the office's folder
                self.made.mkdir(parents=True)
            room = shutil.disk_usage(self.made).free > SPARE_BYTES
        except OSError:
            room = False
        target = self.made / f"{content[:32]}.opus" if room else None
        facts = gauge.whole(path, target, again=again)
        if isinstance(facts, Facts) and facts.fault is not None:
            gauge.renew()
            facts = gauge.whole(path, target, again=again)
        return facts

    def _again_later(self, path: Path, key: str, why: str, gauge: _Gauge) -> None:
        """Try again soon, a few times, then after a rest; nothing is kept beyond this run."""
        self._tries[key] += 1
        if self._tries[key] < TRIES and why == INTERRUPTED:
            self._closing.wait(PAUSE_S)
            with self._lock:
                self._todo[path] = None
            return
        del self._tries[key]
        with self._lock:
            self._rests[key] = time.monotonic() + REST_S
            seen = self._glimpsed.get(key)
            if seen is None or seen.duration_s <= 0:
                self._glimpsed[key] = Facts(fault=why)
        self._changed(path)

    def _put(self, key: str, facts: Facts, content: str) -> None:
        with self._lock:
            for old in (self._glimpsed, self._old, self._by_file):
                old.pop(key, None)
            self._by_file[key] = facts
            self._by_content[content] = facts
            for table in (self._by_file, self._by_content):
                while len(table) > MOST:
                    del table[next(iter(table))]

    def _save(self) -> None:
        with self._lock:
            files = {key: asdict(facts) for key, facts in self._by_file.items() if facts.final}
            contents = {key: asdict(facts) for key, facts in self._by_content.items()}
        try:
            _write(self._file, {"version": VERSION, "files": files, "contents": contents})
        except OSError as error:  # only a cache
            log.warning("loudness measurements not saved: %s", error.strerror)

    def _key(self, path: Path) -> str:
        about = path.stat()
        return f"{path}|{about.st_size}|{about.st_mtime_ns}"


class _Gauge:
    """Measurement of whole files in a child that is started at the first file and after each loss."""

    def __init__(self) -> None:
        self._child: Child | None = None
        self._over = False

    def whole(self, path: Path, target: Path | None, *, again: bool) -> Facts | str:
        """Return the contents of the file, or why they are unknown when its child was lost or hindered."""
        try:
            if self._child is None or not self._child.alive():
                self._child = Child(CHILD, env={"ZHANGU_NICE": "15"})
            if self._over:  # interrupted during the start, when there was nothing to end yet
                self._child.kill()
            return _asked(self._child, path, target, whole=True, again=again, limit_s=SILENT_LIMIT_S)
        except ChildLost as why:
            log.warning("measuring %s: child %s", readable(path.name), why)
            return INTERRUPTED

    def renew(self) -> None:
        """Use another child for the next file."""
        if self._child is not None:
            self._child.close()

    def interrupt(self) -> None:
        """End the measurement in another thread at once, and any that would follow."""
        self._over = True
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.close()


def _asked(
    child: Child, path: Path, target: Path | None, *, whole: bool, limit_s: float, again: bool = False
) -> Facts | str:
    """Return the child's facts about a file, or its error. Raises ChildLost."""
    made_to = str(target) if target else None
    child.send({"path": str(path), "whole": whole, "target": made_to, "again": again})
    while "progress" in (answer := child.receive(limit_s)):
        pass
    if "hindered" in answer:
        return f"暂时读不了（{answer['hindered']}）"
    if whole and not answer.get("ready") and "fault" not in answer:
        return FULL
    names = ("duration_s", "header_s", "lufs", "peak", "fault")
    made = target.name if target is not None and answer.get("made") else None
    return Facts(**{name: answer[name] for name in names if name in answer}, made=made)


def _ship_key(path: Path, root: Path) -> str:
    """Return path and size: enough to recognise shipped files without reading megabytes at the first start."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    return f"{name}|{path.stat().st_size}"


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _facts(table: Any) -> dict[str, Facts]:
    if not isinstance(table, dict):
        return {}
    facts = {}
    for key, values in table.items():
        with contextlib.suppress(TypeError, ValueError, KeyError, AttributeError):
            lengths = {name: float(values.get(name, 0)) for name in ("duration_s", "header_s")}
            facts[key] = Facts(**{**values, **lengths})
    return facts


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(
            json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )  # in ASCII: names may contain bytes that are not text
        publish(part, path)
    finally:
        part.unlink(missing_ok=True)


def ship(home: Path) -> int:
    """Measure every sound under HOME/sounds, write HOME/sounds/index.json; return how many there are."""
    root = home / "sounds"
    child = Child(CHILD)
    files = {}
    try:
        for path in sorted(root.rglob("*.ogg")):
            facts = _asked(child, path, None, whole=True, limit_s=SILENT_LIMIT_S)
            if isinstance(facts, str) or facts.fault is not None:
                raise ValueError(f"{path}: {facts}")
            files[_ship_key(path, root)] = asdict(facts)
    finally:
        child.close()
    _write(root / "index.json", {"files": files})
    return len(files)


if __name__ == "__main__":
    ship(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
