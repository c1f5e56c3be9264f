"""Backups and restores on real files: what is kept, what is refused, power cuts in the middle, a damaged database."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fakes import SHANGHAI
from office_made import House, house

from controller.health import OLD_BACKUP as OLD
from controller.sales.model import Refused
from controller.sales.store import Store
from controller.sales.store_file import schema_version
from controller.services import restore
from controller.system import archive
from controller.system.paths import Home

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=SHANGHAI)
EVENING = datetime(2026, 12, 1, 20, 0, tzinfo=SHANGHAI)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path / "home", NOON) as office:
        for path, content in (
            ("sounds/music/morning/one.ogg", b"one" * 1000),
            ("var/photos/王小明.jpg", b"photo"),
            ("var/songs/1.ogg", b"song"),
        ):
            file = office.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        office.deal("王小明", 3000)
        yield office


def home(office: House) -> Home:
    return Home(office.folder)


def deals(file: Path) -> int:
    return restore.facts_of(file).deals


def whole(office: House, to: Path) -> archive.Manifest:
    """Make a complete archive, as `zhangu backup FILE.zip` does."""
    copy = to.with_suffix(".db")
    office.store.backup(copy)
    return archive.pack(
        office.folder, copy, to, archive.About("北京", NOON.isoformat(), "1", schema_version())
    )


def closed(office: House) -> Home:
    """Stop the office, as restoring needs."""
    office.store.close()
    return home(office)


# --- daily backups


def test_a_day_is_backed_up_once_after_its_last_entry(office: House) -> None:
    """The first one at once; then today's after the last entry; a day that was missed at the next start."""
    work = office.office.backups
    work.look()
    assert work.due(NOON)
    office.office.backups.make()
    assert not work.due(NOON)
    assert work.due(EVENING)
    office.clock.go_to(EVENING)
    work.make()
    assert [one.name for one in work.all()] == ["zhangu-2026-12-01.zip"]
    assert not work.due(EVENING + timedelta(hours=2))
    assert not work.due(NOON + timedelta(days=1))
    assert work.due(EVENING + timedelta(days=1))
    assert work.due(NOON + timedelta(days=3))


def test_fourteen_days_share_their_media(office: House) -> None:
    """Sixteen days leave fourteen archives and each file once; no archive names a deleted track any more."""
    work, track = office.office.backups, office.folder / "sounds/music/morning/one.ogg"
    for day in range(16):
        if day == 1:
            track.unlink()
        work.make()
        office.clock.go(days=1)
    assert len(work.all()) == 14
    assert work.all()[0].name == "zhangu-2026-12-16.zip"
    kept = {file.read_bytes() for file in (work.folder / "media").glob("*/*")}
    assert kept == {b"photo", b"song"}
    assert {mode.stat().st_mode & 0o777 for mode in work.folder.glob("*.zip")} == {0o600}


def test_an_old_backup_is_a_problem(office: House) -> None:
    """Three days without one are shown, and a folder that is missing at once; the next success ends both."""
    work = office.office.backups
    work.make()
    assert work.problems() == ()
    office.clock.go(seconds=(OLD + timedelta(hours=1)).total_seconds())
    (problem,) = work.problems()
    assert problem.what == "最近的备份是 12月1日 的。"
    assert not problem.serious
    assert problem in office.office.snapshot.glance().problems
    work.make()
    assert work.problems() == ()


def test_a_second_folder_gets_the_same_and_is_missed(tmp_path: Path) -> None:
    """`backup: folder` is written too; without the stick a sentence names the folder, and the own copy is made."""
    stick = tmp_path / "stick"
    text = (Path(__file__).parents[2] / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    with house(tmp_path / "home", NOON, text + f"\nbackup: {{days: 5, folder: {stick}}}\n") as office:
        work = office.office.backups
        with pytest.raises(Refused, match="U 盘可能没有插"):
            work.make()
        assert "stick" in work.problems()[0].what
        assert len(work.all()) == 1
        stick.mkdir()
        work.make()
        assert work.problems() == ()
        assert archive.read_manifest(stick / "zhangu-2026-12-01.zip").office


def test_a_full_disk_is_refused_before_writing(office: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the needed and the free room; nothing is left behind."""
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr("controller.services.backups.shutil.disk_usage", lambda path: usage)
    with pytest.raises(Refused, match=r"要 \d+ MB，只剩 1 MB"):
        office.office.backups.make()
    assert [path.name for path in office.office.backups.folder.iterdir()] == []


# --- restoring


def test_a_restore_brings_everything_and_keeps_the_former_files(office: House, tmp_path: Path) -> None:
    """Database, timetable, music and photos are as in the backup; later files stay; the replaced ones are kept."""
    file = tmp_path / "all.zip"
    (office.folder / "config" / "secrets.json").write_text('{"key": "k"}', encoding="utf-8")
    assert "config/secrets.json" not in {member.path for member in whole(office, file).files}
    office.deal("陈芳", 5000)
    track = office.folder / "sounds/music/morning/one.ogg"
    track.write_bytes(b"changed")
    (office.folder / "sounds/music/morning/two.ogg").write_bytes(b"later")
    timetable = office.file.read_text(encoding="utf-8")
    office.file.write_text("office: 坏了\n", encoding="utf-8")
    where = closed(office)
    preview = restore.prepare(where, file)
    assert (preview.theirs.deals, preview.ours and preview.ours.deals) == (1, 2)
    assert preview.theirs.people == 5
    assert "sounds/music/morning/one.ogg" in preview.replaced
    assert deals(where.database) == 2
    before = restore.commit(where, EVENING)
    assert deals(where.database) == 1
    assert track.read_bytes() == b"one" * 1000
    assert (office.folder / "sounds/music/morning/two.ogg").read_bytes() == b"later"
    assert office.file.read_text(encoding="utf-8") == timetable
    assert (before / "sounds/music/morning/one.ogg").read_bytes() == b"changed"
    assert deals(before / "var/zhangu.db") == 2
    assert not (where.var / "restore").exists()


def test_a_daily_archive_restores_with_its_media_or_without(office: House) -> None:
    """With `media` beside it, everything; alone, a sentence with the way out, which keeps the music of this machine."""
    made = office.office.backups.make()
    file = made.folder / made.name
    (office.folder / "sounds/music/morning/one.ogg").write_bytes(b"changed")
    where = closed(office)
    restore.prepare(where, file)
    restore.commit(where, EVENING)
    assert (office.folder / "sounds/music/morning/one.ogg").read_bytes() == b"one" * 1000
    alone = office.folder / "alone.zip"
    file.rename(alone)
    with pytest.raises(Refused, match="--without-media"):
        restore.prepare(where, alone)
    assert restore.prepare(where, alone, media=False).theirs.deals == 1


def test_a_power_cut_at_any_step_is_finished(
    office: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted before any move, a restore is finished by the next start; before the marker nothing changed."""
    file = tmp_path / "all.zip"
    whole(office, file)
    office.deal("陈芳", 5000)
    where = closed(office)
    moves = 0
    while True:
        restore.prepare(where, file)
        real, left = Path.replace, [moves]

        def cut(self: Path, target: Path, real=real, left=left) -> Path:  # type: ignore[no-untyped-def]
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return real(self, target)

        monkeypatch.setattr(Path, "replace", cut)
        try:
            restore.commit(where, EVENING)
            break
        except KeyboardInterrupt:
            pass
        finally:
            monkeypatch.setattr(Path, "replace", real)
        done = restore.finish(where)
        assert done == (moves > 0)
        assert deals(where.database) == (1 if done else 2)
        if done:
            with closing(Store(where.database)) as store, store.write() as session:
                person = session.roster.find("陈芳", None)
                assert person.name == "陈芳"
        moves += 1
        whole_again = where.var / "before-restore-2026-12-01-200000" / "var" / "zhangu.db"
        if done and whole_again.exists():
            os.replace(whole_again, where.database)  # noqa: PTH105 - Path.replace is the patched one
    assert moves > 4


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("torn", "不是战鼓的备份，或者没有拷完整"),
        ("flipped", "已损坏|不是战鼓的备份"),
        ("newer schema", "来自更新的版本"),
        ("newer format", "来自更新的版本"),
        ("outside", "不是战鼓的备份"),
        ("absolute", "不是战鼓的备份"),
        ("bomb", "已损坏"),
        ("no database", "不是战鼓的备份"),
        ("text", "不是战鼓的备份"),
        ("missing", "没有"),
    ],
)
def test_a_bad_archive_is_refused_and_nothing_changes(
    office: House, tmp_path: Path, damage: str, said: str
) -> None:
    """Each kind of bad file gets a sentence; the office is unchanged and no files are left behind."""
    file = tmp_path / "all.zip"
    whole(office, file)
    spoil(file, damage)
    where = closed(office)
    was = where.database.read_bytes()
    with pytest.raises(Refused, match=said):
        restore.prepare(where, file)
    assert where.database.read_bytes() == was
    assert not (where.var / "restore").exists()
    assert not (tmp_path / "outside.txt").exists()


def spoil(file: Path, damage: str) -> None:
    """Damage an archive."""
    raw = file.read_bytes()
    if damage == "torn":
        file.write_bytes(raw[: len(raw) // 2])
    elif damage == "flipped":
        at = raw.index(b"oneone") + 100
        file.write_bytes(raw[:at] + b"X" + raw[at + 1 :])
    elif damage == "text":
        file.write_text("hello", encoding="utf-8")
    elif damage == "missing":
        file.unlink()
    else:
        rewritten(file, damage)


def rewritten(file: Path, damage: str) -> None:
    with zipfile.ZipFile(file) as old:
        content = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(content["manifest.json"])
    if damage == "newer schema":
        manifest["schema"] += 1
    elif damage == "newer format":
        manifest["format"] += 1
    elif damage == "no database":
        manifest["files"] = manifest["files"][1:]
    elif damage == "bomb":
        content["config/rhythm.yaml"] = b"#" * 50_000_000
    else:
        path = {"outside": "sounds/../../outside.txt", "absolute": str(file.parent / "outside.txt")}[damage]
        content[path] = content["sounds/music/morning/one.ogg"]
        manifest["media"][0]["path"] = path
    content["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in content.items():
            new.writestr(name, data)


# --- a damaged database


def test_a_damaged_database_is_replaced_and_later_deals_are_read_from_it(office: House) -> None:
    """The newest good copy replaces it, with the deals recorded since; the damaged file is kept and named."""
    where = with_a_damaged_database(office)
    damaged = Store(where.database, SHANGHAI, stand_in=True)
    assert damaged.damaged
    damaged.close()
    assert restore.replace_damaged(where, SHANGHAI, EVENING)
    assert deals(where.database) == 2
    office.open()
    assert [deal.person for deal in office.office.deals.of_day(NOON.date())] == ["王小明", "陈芳"]
    office.office.backups.look()
    (problem,) = office.office.backups.problems()
    assert problem.what == "账本坏了，已经换成 2026-12-01 12:00 的备份，之后的订单从坏文件里找回 1 单。"
    assert list(where.var.glob("damaged-*/var/zhangu.db"))
    office.clock.go(days=8)
    office.office.backups.make()
    office.office.backups.look()
    assert office.office.backups.problems() == ()


def with_a_damaged_database(office: House) -> Home:
    """Make a backup, record a deal after it, close the office and overwrite a page of its database."""
    office.office.backups.make()
    office.deal("陈芳", 5000)
    where = closed(office)
    root = root_of(where.database, "walls")
    with where.database.open("r+b") as file:
        page = int.from_bytes(file.read(18)[16:18], "big")
        file.seek((root - 1) * page)
        file.write(b"\xff" * 200)
    return where


class Cut(BaseException):
    """A power cut: no handler of the product catches it."""


@pytest.mark.parametrize("moves", range(6))
def test_a_power_cut_while_a_damaged_database_is_replaced_loses_no_deal(
    office: House, monkeypatch: pytest.MonkeyPatch, moves: int
) -> None:
    """After a cut before any move, a start has both deals again: never an empty book."""
    where = with_a_damaged_database(office)
    where.database.with_name("zhangu.db-shm").touch()
    where.database.with_name("zhangu.db-wal").touch()
    real, left = Path.replace, [moves]

    def cut(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise Cut
        left[0] -= 1
        return real(self, target)

    with monkeypatch.context() as patch, suppress(Cut):
        patch.setattr(Path, "replace", cut)
        restore.replace_damaged(where, SHANGHAI, EVENING)
    restore.finish(where)
    assert where.database.exists()
    store = Store(where.database, SHANGHAI, stand_in=True)
    damaged = store.damaged
    store.close()
    assert damaged == (moves == 0)
    if damaged:
        assert restore.replace_damaged(where, SHANGHAI, EVENING)
    assert deals(where.database) == 2
    (kept,) = where.var.glob("damaged-*/var/zhangu.db")
    assert kept.stat().st_size > 0
    assert not (where.var / "restore").exists()


def root_of(database: Path, table: str) -> int:
    """Return a table's root page."""
    with closing(Store(database)) as store, store.read() as session:
        return int(session.rows.all("SELECT rootpage FROM sqlite_master WHERE name = ?", table)[0][0])


def test_without_a_good_copy_the_damaged_file_stays(office: House) -> None:
    """No backup, or only bad ones: nothing is moved, and the office keeps its substitute."""
    where = closed(office)
    where.database.write_bytes(b"x" * 5000)
    assert not restore.replace_damaged(where, SHANGHAI, EVENING)
    assert where.database.read_bytes() == b"x" * 5000


def test_remains_of_an_interrupted_backup_are_deleted_at_a_later_one(office: House) -> None:
    """Copies of the database and unfinished archives; young ones may belong to another office's backup."""
    backups = office.office.backups
    made = backups.make().folder
    long_ago = made.stat().st_mtime - 13 * 3600
    left = [made / ".copy-old", made / ".copy-young", office.folder / "var" / ".copy-by-hand"]
    for folder in left:
        folder.mkdir()
        (folder / "zhangu.db.part").write_bytes(b"")
    half = made / "zhangu-2026-11-30.zip.part"
    half.write_bytes(b"half")
    for old in (left[0], left[2], half):
        os.utime(old, (long_ago, long_ago))
    backups.make()
    assert [one.exists() for one in (*left, half)] == [False, True, False, False]
