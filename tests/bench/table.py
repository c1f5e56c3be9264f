"""One figure of the benchmark, beside what it has to hold."""

from typing import NamedTuple


class Row(NamedTuple):
    """`what` was measured as `measured`, has to keep `limit`, and does or does not."""

    what: str
    measured: str
    limit: str
    ok: bool
