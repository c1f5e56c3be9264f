"""One figure of the benchmark, beside its limit."""

from typing import NamedTuple


class Row(NamedTuple):
    """`what` was measured as `measured`; `limit` is met or not."""

    what: str
    measured: str
    limit: str
    ok: bool
