"""Standings over a million deals: design.md demands 10 ms at most."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from controller.sales.people_import import PersonRow
from controller.sales.store import Session, Store
from tests.bench.table import Row

LIMIT_MS = 10.0
PEOPLE, TEAMS, DAYS = 300, 12, 250
LAST = date(2026, 11, 30)


def fill(store: Store, deals: int = 1_000_000, days: int = DAYS) -> None:
    """Insert `deals` deals of 300 people over the working days before LAST, through the real triggers."""
    with store.write() as session:
        session.roster.import_people([PersonRow(f"团队{n % TEAMS}", f"人{n}") for n in range(PEOPLE)])
        dates = [LAST - timedelta(days=n) for n in range(days)]
        for day in dates[:31]:
            for person in range(1, PEOPLE + 1):
                session.roster.set_person_target(day, person, Decimal(1000))
        session.rows.change(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)"
            " INSERT INTO deals (key, date, at, person_id, team_id, person, team, product, fen, asked)"
            " SELECT 'k' || i, date(?2, '-' || (i % ?3) || ' days'), 1700000000000 + i, p.id, p.team_id, p.name,"
            " '团队', '网络招聘', 100 + i % 999983, ''"
            " FROM n JOIN people p ON p.id = 1 + (i / ?3) % ?4",
            deals, LAST.isoformat(), days, PEOPLE,
        )  # fmt: skip


def milliseconds(store: Store, ask: Callable[[Session], object], times: int = 30) -> list[float]:
    """Return the time of each of several queries, including the snapshot."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        with store.read() as session:
            ask(session)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def measure(deals: int = 1_000_000, days: int = DAYS) -> dict[str, tuple[float, float]]:
    """Return (median, worst) in ms for the standings of day, week and month, and of recording one deal."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "book.db")
        fill(store, deals, days)
        spans = {"day": 0, "week": 6, "month": 29}
        found = {
            f"standings of the {name}, {deals:,} deals": milliseconds(
                store, lambda session, back=back: session.standings(LAST - timedelta(days=back), LAST)
            )
            for name, back in spans.items()
        }
        found[f"recording one more, {deals:,} deals"] = recording(store)
        store.close()
    return {what: (statistics.median(taken), max(taken)) for what, taken in found.items()}


def recording(store: Store, times: int = 30) -> list[float]:
    """Return the times of recording a deal, from call to commit on this disk, in ms."""
    taken, now = [], datetime.now(UTC)
    for n in range(times):
        begun = time.perf_counter()
        with store.write() as session:
            session.deals.record(f"new{n}", 1 + n, "", Decimal(1), now, LAST)
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def rows() -> list[Row]:
    """Return the figures beside their limits: median, and the worst of thirty."""
    found = []
    for what, (median, worst) in measure().items():
        limit = f"≤ {LIMIT_MS:.0f} ms median" if what.startswith("standings") else "—"
        ok = median <= LIMIT_MS or limit == "—"
        found.append(Row(what, f"{median:.1f} ms median, {worst:.1f} ms worst", limit, ok))
    return found


def main() -> int:
    """Print the figures; return 1 when a standing's median is over the limit."""
    found = rows()
    for row in found:
        print(f"{row.what}: {row.measured} ({row.limit})")
    return 0 if all(row.ok for row in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
