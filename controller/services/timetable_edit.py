"""Edit the timetable file from the page: check, preview a day, save, and the history of its versions.

The file stays the truth: each call reads it, and an edit over SSH becomes a version too. A save names the version
that it is based on; when the file has changed since, nothing is written and the person is asked.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from controller.sales.model import Conflict, Refused, StoreTrouble, Unknown
from controller.sentences import say
from controller.services.context import Context
from controller.services.timetable_history import (
    FILE,
    PAGE,
    RESTORED,
    START,
    TimetableHistory,
    Version,
    mark_of,
)
from controller.system.atomic_file import Stamp, is_complete, rewrite, stamp_of
from controller.system.os_errors import reason
from controller.timetable.differences import Line, differences
from controller.timetable.edit import EditRefused, Operation, apply
from controller.timetable.edit import Path as Place
from controller.timetable.load import LARGEST, parse
from controller.timetable.model import DayPlan, Timetable
from controller.timetable.problem_paths import paths_of
from controller.timetable.problems import Problem, TimetableInvalid

log = logging.getLogger(__name__)

MISSING = "missing"
"""The mark of a file that does not exist."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An edit: operations of forms, or the whole text."""

    operations: tuple[Operation, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class FoundProblem:
    """A problem of an edit: its sentence for a form, with place and line for the text view, and the form field."""

    sentence: str
    full: str
    line: int
    path: Place | None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The effect of an edit. `plan` (of the requested day) is None while there are problems."""

    problems: tuple[FoundProblem, ...]
    changed: tuple[Line, ...]
    before: DayPlan
    plan: DayPlan | None


class Faulty(Refused):
    """The edited timetable has problems; nothing was written."""

    def __init__(self, problems: tuple[FoundProblem, ...]) -> None:
        super().__init__(f"没有保存：{problems[0].full}")
        self.problems = problems


class Outdated(Conflict):
    """The file has changed since the version that an edit is based on; nothing was written.

    `changed`: the lines that differ from that version (empty when it is no longer known); `fits`: the edit can be
    carried out on the present version.
    """

    def __init__(self, version: Version, changed: tuple[Line, ...], fits: bool) -> None:
        super().__init__(f"{who_of(version)}刚改过作息表，您的改动没有保存，也没有丢。")
        self.version, self.changed, self.fits = version, changed, fits


def who_of(version: Version) -> str:
    """Return who made a version, for people."""
    return "有人在主机上的文件里" if version.how in (FILE, START) else f"“{version.who}”"


class TimetableEditor:
    """Thread-safe. One lock for file and history; it is taken before no other lock."""

    def __init__(self, context: Context, history: TimetableHistory) -> None:
        self._context, self._history = context, history
        self._path = context.timetable_file.path
        self._lock = threading.RLock()
        self._stamp: Stamp | None = None
        self._seen: Stamp | None = None

    # --- reading

    def faults(self) -> tuple[str, ...]:
        """Return the problems of an edited timetable that is not in force."""
        return self._context.timetable_file.faults

    def hints(self) -> tuple[str, ...]:
        """Return hints about lines of the timetable in force that have no effect, with advice."""
        with self._context.store.read() as session:
            teams = tuple(team.name for team in session.roster.teams())
        return self._context.timetable_file.hints(self._context.clock.now().date(), teams)

    def usual(self) -> DayPlan:
        """Return the plan of a usual workday, without lines for single dates."""
        return self._context.timetable_file.usual(self._context.clock.now().date())

    def present(self) -> Version:
        """Return the file's text as the newest version. Raises Refused when it cannot be shown."""
        with self._lock:
            text = self._text()
            if text is None:
                raise Refused("找不到作息表文件。可以在“历史”里恢复以前的版本。")
            return self._keep(text)

    def notice(self) -> None:
        """Keep an edit of the file as a version when it is complete; called every second."""
        stamp, before = stamp_of(self._path), self._seen
        self._seen = stamp
        if stamp == self._stamp or not is_complete(stamp, before, self._stamp):
            return
        with self._lock:
            try:
                text = self._text()
                if text is not None:
                    self._keep(text)
            except Refused as refused:
                log.warning("the timetable is not kept as a version: %s", refused.sentence)
            self._stamp = stamp

    def _text(self) -> str | None:
        """Return the file's text; None when there is no file. Raises Refused when it cannot be read."""
        try:
            with self._path.open("rb") as file:
                data = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(f"作息表打不开：{reason(error)}。请在主机上看看 config 文件夹。") from None
        if len(data) > LARGEST:
            raise Refused(f"作息表最大 {LARGEST // 1024} KB，现在的文件更大，网页上打不开。请在主机上改小。")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            sentence = "作息表不是 UTF-8 编码，网页上打不开。请在编辑器里“另存为”，编码选 UTF-8。"
            raise Refused(sentence) from None

    def _keep(self, text: str) -> Version:
        """Return the newest version, after keeping the file's text if it differs."""
        versions = self._history.all()
        if versions and versions[0].mark == mark_of(text):
            return self._with_text(versions[0], text)
        return self._add(text, "", FILE if versions else START)

    def _with_text(self, version: Version, text: str) -> Version:
        return Version(version.number, version.mark, version.who, version.when, version.how, text)

    def _add(self, text: str, who: str, how: str) -> Version:
        now = self._context.clock.now()
        try:
            return self._history.add(text, who, now, how)
        except OSError as error:
            log.warning("a version of the timetable could not be kept: %s", error)
            return Version(0, mark_of(text), who, now.isoformat(timespec="seconds"), how, text)

    def versions(self) -> tuple[Version, ...]:
        """Return all kept versions without their texts, newest first."""
        with self._lock:
            self._quietly_notice()
            return self._history.all()

    def _quietly_notice(self) -> None:
        self._stamp = None
        self.notice()

    def version(self, number: int) -> tuple[Version, tuple[Line, ...]]:
        """Return a version, and the lines in which the present file differs from it. Raises Unknown."""
        with self._lock:
            version = self._history.get(number)
            if version is None:
                raise Unknown("没有这个版本：最多留 50 个，更早的已经去掉了。")
            return version, differences(version.text, self._text() or "")

    # --- checking and saving

    def check(self, wanted: Wanted, day: date) -> Checked:
        """Return the problems of an edit of the present file, the lines it changes, and the day's plan with it."""
        present = self.present().text
        before = self._context.timetable_file.plan(day)
        try:
            text = _result(wanted, present)
        except EditRefused as refused:
            found = FoundProblem(refused.sentence, refused.sentence, 0, refused.path, refused.stale)
            return Checked((found,), (), before, None)
        timetable, problems = self._read(text)
        plan = self._context.timetable_file.preview(timetable, day) if timetable else None
        return Checked(problems, differences(present, text), before, plan)

    def problems(self, text: str) -> tuple[FoundProblem, ...]:
        """Return the problems of a text."""
        return self._read(text)[1]

    def _read(self, text: str) -> tuple[Timetable | None, tuple[FoundProblem, ...]]:
        if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
            sentence = f"作息表最大 {LARGEST // 1024} KB。"
            return None, (FoundProblem(sentence, sentence, 0, None),)
        try:
            return parse(text, self._path.name), ()
        except TimetableInvalid as faulty:
            return None, _found(text, faulty.faults)

    def save(self, wanted: Wanted, base: str, who: str) -> Version:
        """Write an edit of the version with mark `base`. Raises Outdated, Faulty, or Refused when it cannot be."""
        with self._lock:
            present = self.present()
            if present.mark != base:
                raise self._outdated(present, base, wanted)
            try:
                text = _result(wanted, present.text)
            except EditRefused as refused:
                raise Conflict(refused.sentence) if refused.stale else Refused(refused.sentence) from None
            return self._write(text, present.mark, who, PAGE)

    def restore(self, number: int, base: str, who: str) -> Version:
        """Write the text of an earlier version as a new one. Raises as `save`, and Unknown."""
        with self._lock:
            version = self.version(number)[0]
            text = self._text()
            mark = MISSING if text is None else self._keep(text).mark
            if mark != base:
                raise self._outdated(self.present(), base, Wanted(text=version.text))
            return self._write(version.text, mark, who, RESTORED)

    def _outdated(self, present: Version, base: str, wanted: Wanted) -> Outdated:
        known = self._history.with_mark(base)
        changed = differences(known.text, present.text) if known else ()
        try:
            fits = wanted.text is None and not self.problems(_result(wanted, present.text))
        except EditRefused:
            fits = False
        return Outdated(present, changed, fits)

    def _write(self, text: str, mark: str, who: str, how: str) -> Version:
        if problems := self.problems(text):
            raise Faulty(problems)
        if mark_of(text) == mark:
            return self.present()
        there = self._text()
        if (MISSING if there is None else mark_of(there)) != mark:  # edited over SSH in these milliseconds
            raise self._outdated(self.present(), mark, Wanted(text=text))
        try:
            rewrite(self._path, text.encode("utf-8"))
        except OSError as error:
            raise StoreTrouble(say("timetable_unwritable", why=reason(error))) from None
        log.info("timetable saved by %s (%s)", who, how)
        return self._add(text, who, how)


def _result(wanted: Wanted, present: str) -> str:
    """Return the text after an edit; a whole text keeps the file's line breaks and byte order mark."""
    if wanted.text is None:
        return apply(present, wanted.operations)
    text = wanted.text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if not text.endswith("\n"):
        text += "\n"
    if "\r\n" in present and present.count("\n") == present.count("\r\n"):
        text = text.replace("\n", "\r\n")
    return ("\ufeff" if present.startswith("\ufeff") else "") + text


def _found(text: str, problems: Iterable[Problem]) -> tuple[FoundProblem, ...]:
    problems = tuple(problems)
    return tuple(
        FoundProblem(_short(problem), str(problem), problem.line, path)
        for problem, path in zip(problems, paths_of(text, problems), strict=True)
    )


def _short(problem: Problem) -> str:
    """Return the sentence without file and place, which the form shows."""
    guess = f"是不是“{problem.nearest}”？" if problem.nearest else ""
    return f"{problem.found}。{problem.allowed}。{guess}"
