"""Import a list of people from a file with a line for each row, and export the roster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from controller.cli.errors import FAILED, echo, stop
from controller.sales.people_merge import ADDED, CHANGED, RETURNED, SAME, RowPlan
from controller.sales.store import Store
from controller.services.change_log import ChangeLog
from controller.services.people_lists import FORMATS, PeopleLists, Preview
from controller.services.upload_inbox import UploadInbox
from controller.sound.upload_sandbox import UploadSandbox
from controller.system.os_errors import reason

WORDS = {ADDED: "新增", RETURNED: "回来", CHANGED: "更新", SAME: "不变"}
MOST_FAULTS = 50
COMMAND = "主机上的命令"


def import_file(store: Store, file: Path, *, only_preview: bool) -> None:
    """Import `file`, or only show the effect of each row; a list with faulty lines is refused as a whole."""
    with TemporaryDirectory(prefix="zhangu-import-") as folder:
        lists = PeopleLists(store, UploadInbox(Path(folder)), UploadSandbox())
        try:
            shown = lists.preview_file(file)
        except OSError as error:
            stop(f"读不了 {file}：{reason(error)}。", FAILED)
        if only_preview:
            for line in _lines(shown):
                echo(line)
        if shown.faults:
            faults = [f"第 {fault.line} 行：{fault.sentence}" for fault in shown.faults]
            more = [f"……还有 {len(faults) - MOST_FAULTS} 处。"] if len(faults) > MOST_FAULTS else []
            stop("\n".join(["名单没有导入，请改正后再试：", *faults[:MOST_FAULTS], *more]), FAILED)
        if only_preview:
            return
        done, hints = lists.confirm(shown.id)
    back = f"{done.returned} 人回来，" if done.returned else ""
    ChangeLog(store).add("owner", COMMAND, f"导入人员：新增 {done.added} 人，{back}更新 {done.changed} 人")
    echo(f"新增 {done.added} 人，{back}更新 {done.changed} 人，{done.same} 人没有变化。")
    for note in (*shown.notes, *hints):
        echo(f"注意：{note}")


def _lines(shown: Preview) -> Iterator[str]:
    for plan in shown.plans:
        yield f"第 {plan.row.line} 行　{WORDS[plan.what]}　{_words(plan)}"
    yield from (f"注意：{note}" for note in shown.notes)
    yield "这只是预览，名单没有改动。"


def _words(plan: RowPlan) -> str:
    return "　".join((plan.row.team, plan.row.name, *plan.changes))


def export_file(store: Store, file: Path, *, english: bool) -> None:
    """Write the roster into `file` in the format of its ending."""
    format_ = file.suffix.lower().removeprefix(".")
    if format_ not in FORMATS:
        stop(f"没有导出：{file.name} 的结尾要写成 .csv 或 .xlsx。", FAILED)
    with TemporaryDirectory(prefix="zhangu-export-") as folder:
        data = PeopleLists(store, UploadInbox(Path(folder)), UploadSandbox()).export(format_, english=english)
    try:
        file.write_bytes(data)
    except OSError as error:
        stop(f"写不了 {file}：{reason(error)}。", FAILED)
    echo(f"已导出到 {file}。")
