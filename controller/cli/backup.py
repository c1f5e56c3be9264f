"""Back up an office into one file, and restore one with a preview."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import click

from controller.cli.errors import FAILED, echo, home_option, shown, stop, store_of, timetable_of, zone_of
from controller.system.os_errors import reason
from controller.system.paths import Home, chosen, version


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@home_option
def backup(file: Path, home: Path | None) -> None:
    """Copy everything the office made into FILE.zip, also while the daemon runs; other endings: the database."""
    where = chosen(home)
    if not where.database.exists():
        stop(f"没有备份成：{where.root} 里还没有账本。请用 --home 指定战鼓所在的目录。", FAILED)
    try:
        if file.suffix.lower() == ".zip":
            _whole(where, file)
        else:
            with store_of(where) as store:
                store.backup(file)
    except OSError as error:
        stop(
            f"没有备份成，{file} 写不了：{reason(error)}。战鼓照常运行。请换一个地方，或者先清理磁盘。",
            FAILED,
        )
    echo(f"已备份到 {file}。")


def _whole(where: Home, file: Path) -> None:
    from controller.sales.store_file import schema_version
    from controller.system import archive

    if file.exists():
        stop(f"文件 {file} 已经存在，备份不会覆盖它。请换一个文件名。", FAILED)
    rhythm = timetable_of(where).rhythm
    made = datetime.now(rhythm.zone).isoformat(timespec="seconds")  # the system's zone may be another one
    with (
        tempfile.TemporaryDirectory(dir=where.var, prefix=archive.SCRATCH) as scratch,
        store_of(where) as store,
    ):
        copy = Path(scratch) / "zhangu.db"
        store.backup(copy)
        archive.pack(where.root, copy, file, archive.About(rhythm.office, made, version(), schema_version()))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask before the files are replaced.")
@click.option("--preview", is_flag=True, help="Show the changes only.")
@click.option("--without-media", is_flag=True, help="Leave music, photos and recordings as they are here.")
@click.option("--other-office", is_flag=True, help="Allow the backup of an office with another name.")
@home_option
def restore(
    file: Path, yes: bool, preview: bool, without_media: bool, other_office: bool, home: Path | None
) -> None:
    """Restore everything from a backup, FILE.zip; shows the changes first."""
    from controller.services import restore as work
    from controller.system.process import running

    where = chosen(home)
    if running(where.running) and not preview:
        stop(
            "战鼓正在运行，没有恢复，一切照旧。请先停下它，恢复完再启动。"
            "用安装包装的，停下：sudo systemctl stop zhangu，启动：sudo systemctl start zhangu。",
            FAILED,
        )
    found = work.prepare(where, file, media=not without_media)
    try:
        _show(where, file, found)
        if preview:
            return
        _check_office(where, found, other_office=other_office)
        if not yes and not click.confirm("现在恢复吗？", default=False):
            echo("没有恢复，一切照旧。")
            return
        before = work.commit(where, datetime.now().astimezone(zone_of(where)))
    finally:
        work.discard(where)
    echo(f"已恢复。原来的文件放在 {before}，确认没问题以后可以删掉。请启动战鼓。")


def _show(where: Home, file: Path, found: object) -> None:
    from controller.services.restore import Facts, Preview

    assert isinstance(found, Preview)  # noqa: S101 - imported late, so that other commands start faster
    manifest, zone = found.manifest, zone_of(where)

    def line(facts: Facts) -> str:
        newest = f"最后一单 {shown(facts.newest, zone)}" if facts.newest else "还没有订单"
        return f"{facts.people} 个人，{facts.deals} 单，{newest}"

    made = shown(datetime.fromisoformat(manifest.made), zone)
    echo(f"{file.name}：{manifest.office}，{made} 备份，版本 {manifest.version}")
    echo(f"备份里：{line(found.theirs)}")
    echo(f"这里：{line(found.ours) if found.ours else '还没有能用的账本'}")
    echo(f"要替换 {len(found.replaced)} 个文件，增加 {len(found.added)} 个，其他文件不动。")
    ours, theirs = found.ours and found.ours.newest, found.theirs.newest
    if ours and (theirs is None or ours > theirs):
        echo("注意：这里有比备份更新的订单，恢复以后就没有了。")


def _check_office(where: Home, found: object, *, other_office: bool) -> None:
    from controller.services.restore import Preview
    from controller.timetable.problems import TimetableInvalid

    assert isinstance(found, Preview)  # noqa: S101
    try:
        here = timetable_of(where).rhythm.office
    except (TimetableInvalid, OSError):
        return
    empty = found.ours is None or (found.ours.people, found.ours.deals) == (0, 0)
    if here != found.manifest.office and not other_office and not empty:
        stop(
            f"这是“{found.manifest.office}”的备份，这里是“{here}”，没有恢复，一切照旧。"
            "确实要换成它，就加上 --other-office。",
            FAILED,
        )


COMMANDS = (backup, restore)
