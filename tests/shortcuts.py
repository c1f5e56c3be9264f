"""Results that thousands of tests need, computed once in each test process instead of in each test.

Opening a new store runs all schema scripts (30 ms of CPU), an office reads the shipped timetable (25 ms), a web server
compiles 180 routes (100 ms), a glance at the machine's health reads the kernel's log (10 ms). Child processes do all of
it themselves, and so does whatever differs from the last time: other scripts, another text, a file with content.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from werkzeug.routing import Rule

from controller.sales import store, store_file
from controller.services import machine
from controller.timetable import load


def install() -> None:
    """Use the shortcuts in this process. Call before any test is imported."""
    store.migrate = _migrate  # type: ignore[attr-defined]
    load.parse = lru_cache(64)(load.parse)
    machine.count_in_log = _count_in_log
    Rule._compile_builder = _compile_builder  # type: ignore[method-assign]


_really_migrate = store_file.migrate
_really_count = machine.count_in_log
_really_compile = Rule._compile_builder
_new: dict[tuple[str, ...], bytes] = {}


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Copy an empty store of these schema scripts into an empty file; migrate any other file."""
    scripts = tuple(store_file.schema_scripts())
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if pages or not scripts:
        _really_migrate(connection, path)
        return
    if scripts not in _new:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as first:
            _really_migrate(first, path)
            _new[scripts] = first.serialize()
    with closing(sqlite3.connect(":memory:")) as template:
        template.deserialize(_new[scripts])
        template.backup(connection)


def _count_in_log(log: Path) -> int | None:
    return _of_this_machine() if log == Path("/dev/kmsg") else _really_count(log)


@cache
def _of_this_machine() -> int | None:
    return _really_count(Path("/dev/kmsg"))


_builders: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


def _compile_builder(rule: Any, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """Return the function that makes addresses of a route; it takes the route as its argument."""
    key = (rule.rule, tuple(rule._trace), append_unknown)
    if rule.defaults:
        return _really_compile(rule, append_unknown)
    if key not in _builders:
        _builders[key] = _really_compile(rule, append_unknown)
    return _builders[key]


def settle() -> None:
    """Exempt everything that is imported and collected from garbage collection: each pass would look at all of it."""
    gc.collect()
    gc.freeze()
