"""Deals as Parquet, for notebooks and databases, written a group of rows at a time (needs `zhangu[parquet]`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import IO, TYPE_CHECKING, Any, Final

from controller.cli.errors import FAILED, stop
from controller.services.history import deals_of

if TYPE_CHECKING:
    from controller.sales.history import PastDeal
    from controller.sales.store import Store

ROWS_IN_A_GROUP: Final = 20_000
"""About 2 MB of memory; readers skip whole groups by their first and last day."""
MISSING: Final = (
    "没有导出：写 Parquet 要另外装 pyarrow，请运行 .venv/bin/pip install 'zhangu[parquet]'，再导出一次。"
    "CSV 和 Excel 不用装。"
)


def write_deals(store: Store, since: date, until: date, zone: str, out: IO[bytes]) -> None:
    """Write the deals of a span, oldest first, also those taken back."""
    import pyarrow
    from pyarrow import parquet

    shape = _shape(zone)
    with parquet.ParquetWriter(out, shape, compression="zstd") as writer:
        for group in _groups(deals_of(store, since, until)):
            writer.write_table(pyarrow.Table.from_pylist([_row(deal) for deal in group], shape))


def check_installed() -> None:
    """End the command with a sentence when pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        stop(MISSING, FAILED)


def _shape(zone: str) -> Any:
    import pyarrow

    return pyarrow.schema(
        [
            pyarrow.field("id", pyarrow.int64(), nullable=False),
            pyarrow.field("date", pyarrow.date32(), nullable=False),
            pyarrow.field("at", pyarrow.timestamp("ms", tz=zone), nullable=False),
            pyarrow.field("team", pyarrow.string(), nullable=False),
            pyarrow.field("person_id", pyarrow.int64(), nullable=False),
            pyarrow.field("person", pyarrow.string(), nullable=False),
            pyarrow.field("product", pyarrow.string(), nullable=False),
            pyarrow.field("amount", pyarrow.decimal128(18, 2), nullable=False),
            pyarrow.field("counts", pyarrow.bool_(), nullable=False),
            pyarrow.field("void_reason", pyarrow.string()),
        ]
    )


def _row(deal: PastDeal) -> dict[str, Any]:
    return {
        "id": deal.id, "date": deal.date, "at": deal.at, "team": deal.team, "person_id": deal.person_id,
        "person": deal.person, "product": deal.product, "amount": deal.amount, "counts": deal.voided is None,
        "void_reason": deal.voided,
    }  # fmt: skip


def _groups(deals: Iterator[PastDeal]) -> Iterator[list[PastDeal]]:
    """Yield deals in groups; one empty group for none, so that the file has its columns."""
    group: list[PastDeal] = []
    first = True
    for deal in deals:
        group.append(deal)
        if len(group) == ROWS_IN_A_GROUP:
            yield group
            group, first = [], False
    if group or first:
        yield group
