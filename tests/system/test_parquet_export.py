"""`zhangu export deals` as Parquet: every deal with its types, in groups; without the extra one plain sentence."""

from __future__ import annotations

import shutil
import sys
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from controller.cli import main
from controller.cli import parquet as export
from controller.sales.store import Store
from controller.system.paths import Home
from tests.sales.book_made import DAY, ZONE, fill_roster, record

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "var").mkdir()
    shutil.copy(ROOT / "config" / "rhythm.yaml", tmp_path / "config")
    with closing(Store(Home(tmp_path).database, ZONE)) as store:
        fill_roster(store)
        for n in range(7):
            record(store, 1 + n % 4, f"{1000 + n}.05", "14:30", day=DAY + timedelta(days=n), key=str(n))
        record(store, 1, "999999999.99", key="large")
    return tmp_path


def zhangu(
    home: Path, file: str, *words: str, since: date = DAY, until: date = DAY + timedelta(days=6)
) -> Result:
    span = ["--from", since.isoformat(), "--to", until.isoformat(), "--home", str(home)]
    return CliRunner().invoke(main, ["export", "deals", *span, *words, str(home / file)])


def test_deals_come_back_with_their_types(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Yuan as decimal, the moment in the office's zone, a reason for those taken back; groups stay small."""
    monkeypatch.setattr(export, "ROWS_IN_A_GROUP", 3)
    with closing(Store(Home(home).database, ZONE)) as store, store.write() as session:
        voided = session.deals.of_day(DAY)[0]
        session.deals.void(voided.id, "报重了", voided.at)
    done = zhangu(home, "a.parquet")
    assert (done.exit_code, done.output) == (0, f"已导出到 {home / 'a.parquet'}。\n")
    file = parquet.ParquetFile(home / "a.parquet")
    assert (file.metadata.num_rows, file.num_row_groups) == (8, 3)
    assert file.schema_arrow.field("amount").type == pyarrow.decimal128(18, 2)
    assert file.schema_arrow.field("at").type == pyarrow.timestamp("ms", tz="Asia/Shanghai")
    rows = file.read().to_pylist()
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert sum(row["amount"] for row in rows) == Decimal("1000007021.34")
    (gone,) = [row for row in rows if not row["counts"]]
    assert (gone["id"], gone["void_reason"], gone["amount"]) == (voided.id, "报重了", voided.amount)
    assert gone["at"] == voided.at
    assert gone["at"].utcoffset() == timedelta(hours=8)
    assert (gone["person"], gone["team"], gone["product"]) == ("王小明", "猛虎队", "网络招聘")


def test_a_span_without_deals_is_a_file_with_columns(home: Path) -> None:
    """Programs that read it find the columns and no row; the ending may be another one with --format."""
    done = zhangu(home, "empty.bin", "--format", "parquet", since=date(2020, 1, 1), until=date(2020, 1, 2))
    assert done.exit_code == 0
    table = parquet.read_table(home / "empty.bin")
    assert (table.num_rows, table.column_names[:2]) == (0, ["id", "date"])


def test_no_file_is_overwritten_or_left_half(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that exists stays; a disk that fills up leaves no half file; a turned span is a sentence."""
    (home / "a.parquet").write_bytes(b"mine")
    assert "已经存在" in zhangu(home, "a.parquet").output
    assert (home / "a.parquet").read_bytes() == b"mine"
    turned = zhangu(home, "b.parquet", since=DAY, until=DAY - timedelta(days=3))
    assert (turned.exit_code, "对调" in turned.output, (home / "b.parquet").exists()) == (1, True, False)

    def full(deal: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_row", full)
    done = zhangu(home, "c.parquet")
    assert (done.exit_code, done.output.startswith("写不了"), (home / "c.parquet").exists()) == (
        1,
        True,
        False,
    )


def test_without_the_extra_one_sentence_says_how(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written, and CSV works as before."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    done = zhangu(home, "a.parquet")
    assert (done.exit_code, done.output) == (1, export.MISSING + "\n")
    assert not (home / "a.parquet").exists()
    assert zhangu(home, "a.csv").exit_code == 0
