"""Lists of people: preview the effect of each row, import them, and export the roster."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.sales.model import Conflict, Unknown
from controller.sales.people import Imported
from controller.sales.people_export import as_csv, as_xlsx, rows_of
from controller.sales.people_import import (
    LineFault,
    Reviewed,
    has_heading,
    review_list,
)
from controller.sales.people_merge import RowPlan
from controller.sales.store import Store
from controller.services.people import needs_reading
from controller.services.table_files import table_lines
from controller.services.upload_inbox import Source, UploadInbox
from controller.sound.mandarin import reading_of
from controller.sound.upload_sandbox import UploadSandbox

FORMATS: Final = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
}
"""By ending: the content type and the writer."""
_PREVIEWS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of a list on the roster, row by row; nothing is written. `id` confirms it."""

    id: str
    plans: tuple[RowPlan, ...]
    faults: tuple[LineFault, ...]
    notes: tuple[str, ...]


class PeopleLists:
    """Thread-safe. A preview can be confirmed until eight newer ones exist, or the program ends."""

    def __init__(self, store: Store, inbox: UploadInbox, sandbox: UploadSandbox):
        self._store, self._inbox, self._sandbox = store, inbox, sandbox
        self._lock = threading.Lock()
        self._previews: OrderedDict[str, tuple[Reviewed, tuple[RowPlan, ...]]] = OrderedDict()

    def preview(self, source: Source) -> Preview:
        """Read an uploaded list, or pasted cells, and return the effect of each row. Raises Refused."""
        lines = table_lines(source, self._inbox, self._sandbox, has_heading)
        return self._reviewed(review_list(lines, reading_of))

    def preview_file(self, file: Path) -> Preview:
        """Return the effect of a file on this machine. Raises Refused, OSError."""
        with file.open("rb") as opened:
            return self.preview(opened)

    def confirm(self, ident: str) -> tuple[Imported, tuple[str, ...]]:
        """Import the good rows of a preview; return the result and names that need a reading.

        Raises Conflict when the roster has changed so that the preview is no longer true, Unknown without a preview.
        """
        with self._lock:
            kept = self._previews.get(ident)
        if kept is None:
            raise Unknown("这次预览已经不在了，请再选一次文件，或者再粘贴一次。", "file")
        reviewed, shown = kept
        with self._store.write() as session:
            if _meaning(session.roster.plan(reviewed.rows)) != _meaning(shown):
                raise Conflict("预览以后名单又改过，请再看一遍预览。", "file")
            done = session.roster.import_people(reviewed.rows)
            people = session.roster.people()
        named = {(plan.row.team, plan.row.name) for plan in shown}
        imported = [person for person in people if (person.team, person.name) in named]
        with self._lock:
            self._previews.pop(ident, None)
        return done, tuple(f"{p.team}的{hint}" for p in imported if (hint := needs_reading(p)))

    def export(self, format_: str, *, english: bool = False) -> bytes:
        """Return the roster as "csv" or "xlsx", ready to be imported again."""
        with self._store.read() as session:
            rows = rows_of(session.roster.people(), english=english)
        return FORMATS[format_][1](rows)

    def _reviewed(self, reviewed: Reviewed) -> Preview:
        with self._store.read() as session:
            plans = session.roster.plan(reviewed.rows)
            new = tuple(plan.row.team for plan in plans if session.roster.team(plan.row.team) is None)
        ident = hashlib.sha256(repr((reviewed, _meaning(plans))).encode()).hexdigest()[:32]
        with self._lock:
            self._previews[ident] = (reviewed, plans)
            while len(self._previews) > _PREVIEWS_KEPT:
                self._previews.popitem(last=False)
        return Preview(ident, plans, reviewed.faults, (*_new_teams(new), *reviewed.notes))


def _new_teams(names: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence about the teams that the list would add: a mistyped name would become one."""
    new = "、".join(dict.fromkeys(names))
    return (f"新的团队：{new}。如果名称写错了，请改正。",) if new else ()


def _meaning(plans: tuple[RowPlan, ...]) -> list[tuple[object, ...]]:
    """Return the part of a plan that people saw and agreed to."""
    return [(plan.row, plan.what, plan.person.id if plan.person else None, plan.changes) for plan in plans]
