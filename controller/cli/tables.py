"""Tables of a span: deals and the numbers beside them into a new file, and those numbers from a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import IO, TYPE_CHECKING

from controller.cli import parquet
from controller.cli.errors import FAILED, echo, stop, timetable_of
from controller.clock import Clock
from controller.feed import Feed
from controller.sales.store import Store
from controller.services.change_log import ChangeLog
from controller.services.context import Context, Preferences
from controller.services.history import check_span, rows_of
from controller.services.measures import MeasureService
from controller.services.tables import FORMATS
from controller.system.os_errors import reason
from signage import catalogue

if TYPE_CHECKING:
    from controller.system.paths import Home

COMMAND = "主机上的命令"
PARQUET = "parquet"


def export_deals(
    home: Home, since: date, until: date, file: Path, format_: str | None, language: str
) -> None:
    """Write the deals of a span into a new file."""
    wanted = _format(file, format_, (*FORMATS, PARQUET))
    if wanted == PARQUET:
        parquet.check_installed()
    with _opened(home) as (store, _):
        if wanted == PARQUET:
            check_span(since, until)
            zone = str(timetable_of(home).rhythm.zone)
            _into(file, lambda out: parquet.write_deals(store, since, until, zone, out))
        else:
            _write(rows_of(store, since, until), file, wanted, language)


def export_measures(
    home: Home, since: date, until: date, file: Path, format_: str | None, language: str
) -> None:
    """Write the numbers beside the deals of a span into a new file."""
    check_span(since, until)
    wanted = _format(file, format_, tuple(FORMATS))
    with _opened(home) as (_, measures):
        _write(measures.rows(since, until), file, wanted, language)


def import_file(home: Home, file: Path, *, only_preview: bool) -> None:
    """Store the numbers of a table, or only count its changes; a table with faults is refused as a whole."""
    try:
        data = file.read_bytes()
    except OSError as error:
        stop(f"读不了 {file}：{reason(error)}。", FAILED)
    with _opened(home) as (store, measures):
        done = measures.take_table(data, COMMAND, write=not only_preview)
        if done.faults:
            faults = [f"第 {fault.line} 行：{fault.sentence}" for fault in done.faults]
            stop("\n".join(["没有导入，请改正后再试：", *faults]), FAILED)
        if only_preview:
            echo(f"{done.rows} 行，会改 {done.changed} 个数。这只是预览，没有改动。")
            return
        ChangeLog(store).add("owner", COMMAND, f"导入记的数：改了 {done.changed} 个")
    echo(f"{done.rows} 行，改了 {done.changed} 个数。")


@contextmanager
def _opened(home: Home) -> Iterator[tuple[Store, MeasureService]]:
    if not home.database.exists():
        stop(f"{home.root} 里还没有账本。请用 --home 指定战鼓所在的目录。", FAILED)
    timetable = timetable_of(home)
    with closing(Store(home.database, timetable.rhythm.zone)) as store:
        clock = Clock(timetable.rhythm.zone)
        yield store, MeasureService(Context(clock, timetable, store, Feed(), Preferences(store)))


def _format(file: Path, format_: str | None, known: Sequence[str]) -> str:
    wanted = format_ or file.suffix.lower().removeprefix(".")
    if wanted not in known:
        endings = "、".join(f".{name}" for name in known)
        stop(f"没有导出：{file.name} 的结尾要写成 {endings}，或者加上 --format。", FAILED)
    return wanted


def _write(rows: Iterator[Sequence[str]], file: Path, wanted: str, language: str) -> None:
    word = catalogue.read().value if language == "en" else str
    _into(file, lambda out: out.writelines(FORMATS[wanted][1](rows, word)))


def _into(file: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write a new file; half a file is removed: it would look complete."""
    try:
        with file.open("xb") as out:
            try:
                write(out)
            except BaseException:
                file.unlink(missing_ok=True)
                raise
    except FileExistsError:
        stop(f"没有导出：文件 {file} 已经存在，不会覆盖它。请换一个文件名。", FAILED)
    except OSError as error:
        stop(f"写不了 {file}：{reason(error)}。", FAILED)
    echo(f"已导出到 {file}。")
