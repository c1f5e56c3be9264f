"""Server time of every answer that a phone asks for, in a large office: 1,000,000 deals, 3,000 people, 40 teams.

The real daemon with its real routes; the CPU time of the answering thread, so that a busy machine does not matter,
without network and without the disk's sync.
`python -m tests.bench.pages FOLDER` keeps the office in FOLDER, for several runs.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from table import Row  # noqa: E402

from controller.daemon import Daemon, Options  # noqa: E402
from controller.sales.people_import import PersonRow  # noqa: E402
from controller.sales.store import Store  # noqa: E402
from controller.system.paths import Home  # noqa: E402
from tests import holidays_made  # noqa: E402
from tests.signage.house import REPOSITORY, ZONE  # noqa: E402

LIMIT_MS, DEAL_MS = 50.0, 10.0
DEAL = "POST /api/deals"
TIMES = 15
SHOWN = 12
"""The slowest answers in the table; with a folder all of them."""
DEALS, PEOPLE, TEAMS, DAYS = 1_000_000, 3000, 40, 1000
LAST = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 15, 40, tzinfo=ZONE)
MEASURES = "measures: [{name: 电话, unit: 通}, {name: 邀约, unit: 个}, {name: 回款, unit: 元}]"


def fill(store: Store, deals: int = DEALS) -> None:
    """Insert people, the deals of four years through the real triggers, targets, and numbers of two months."""
    names = [PersonRow(f"第{n % TEAMS + 1}团队", f"同事{n}", leader=n < TEAMS) for n in range(PEOPLE)]
    with store.write() as session:
        session.roster.import_people(names)
        for back in range(3):
            for person in range(1, PEOPLE + 1):
                session.roster.set_person_target(LAST - timedelta(days=back), person, Decimal(1000))
        for team in range(1, TEAMS + 1):
            session.targets.set_month("2026-11", "team", team, 100_000_00)
        session.rows.change(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)"
            " INSERT INTO deals (key, date, at, person_id, team_id, person, team, product, fen, asked)"
            " SELECT 'k' || i, date(?2, '-' || (i % ?3) || ' days'), 1700000000000 + i, p.id, p.team_id, p.name,"
            " '团队', '网络招聘', 100 + i % 999983, ''"
            " FROM n JOIN people p ON p.id = 1 + (i * 7919) % ?4",
            deals, LAST.isoformat(), DAYS, PEOPLE,
        )  # fmt: skip
        for measure in ("电话", "邀约", "回款"):
            session.rows.change(
                "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)"
                " INSERT INTO measure_entries"
                " (key, asked, measure, date, person_id, team_id, value, change, at, entered_by)"
                " SELECT ?1 || '-' || i || '-' || p.id, '', ?1, date(?2, '-' || i || ' days'), p.id, p.team_id,"
                " 100 * (p.id % 50), 100 * (p.id % 50), 1700000000000, '助理' FROM n, people p",
                measure, LAST.isoformat(),
            )  # fmt: skip


@contextmanager
def large_office(folder: Path) -> Iterator[Daemon]:
    """Run the daemon of a large office; its store is filled when it is new."""
    new = not (folder / "var").exists()
    (folder / "config").mkdir(parents=True, exist_ok=True)
    text = (REPOSITORY / "config" / "rhythm.yaml").read_text(encoding="utf-8")
    (folder / "config" / "rhythm.yaml").write_text(text.replace("measures: []", MEASURES), encoding="utf-8")
    holidays_made.bring(folder / "var")
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    daemon = Daemon(Options(Home(folder), "127.0.0.1", 0, start=NOW))
    try:
        if new:
            fill(daemon.store)
            _contests(daemon)
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def _contests(daemon: Daemon) -> None:
    contests = daemon.office.contests
    for number, (kind, measure) in enumerate(
        (("teams", "amount"), ("groups", "improved"), ("people", "target"))
    ):
        fields = {"name": f"比赛{number}", "kind": kind, "measure": measure, "days": 5, "sides": ()}
        contests.create(contests.rules(fields), f"bench-{number}", "总监")


Answer = tuple[str, str, object]
TEAM = quote("第3团队")
GROUPS = {"name": "预览", "kind": "groups", "measure": "amount", "days": 5}
ASKED: tuple[Answer, ...] = (
    ("GET", "/", None),
    ("GET", "/api/phone", None),
    ("GET", "/api/phone/done", None),
    *(("GET", f"/api/standings?period={period}", None) for period in ("day", "week", "month")),
    *(("GET", f"/api/results?period={period}", None) for period in ("day", "week", "month")),
    ("GET", "/api/results?from=2024-01-01&until=2026-11-24", None),
    ("GET", "/api/people/17/results", None),
    *(("GET", f"/api/measures?period={period}", None) for period in ("day", "week", "month")),
    ("GET", f"/api/measures/day?team={TEAM}", None),
    ("GET", "/api/targets", None),
    ("GET", f"/api/targets?team={TEAM}", None),
    ("GET", "/api/duties", None),
    ("GET", "/api/week", None),
    ("GET", "/api/days/2026-11-25", None),
    ("GET", "/api/awards", None),
    ("GET", "/api/ceremony", None),
    ("GET", "/api/contests", None),
    ("GET", "/api/contests/1", None),
    ("GET", "/api/contests/2", None),
    ("GET", "/api/contests/3", None),
    ("POST", "/api/contests/preview", GROUPS),
    ("POST", "/api/contests/preview", {**GROUPS, "measure": "improved"}),
    ("POST", "/api/contests/preview", {**GROUPS, "kind": "people", "measure": "target"}),
    ("GET", "/api/deals/proposed", None),
    ("GET", "/api/products", None),
    ("GET", "/api/log", None),
    ("GET", "/api/access", None),
    ("GET", "/api/timetable", None),
    ("GET", "/timetable", None),
    (
        "POST",
        "/api/deals/preview",
        {"person": "同事17", "team": "第18团队", "product": "套餐", "amount": 12800},
    ),
)
"""Requests of the phone's pages."""


def server_time(app: object, method: str, path: str, fields: object, token: str) -> tuple[float, int]:
    """Return ms and the status of one request, answered by the app itself."""
    data = b"" if fields is None else json.dumps(fields).encode()
    address, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": address, "QUERY_STRING": query, "SERVER_NAME": "localhost",
        "SERVER_PORT": "8080", "HTTP_HOST": "localhost:8080", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(data), "wsgi.errors": sys.stderr, "wsgi.version": (1, 0),
        "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(data)),
        "HTTP_AUTHORIZATION": f"Bearer {token}",
    }  # fmt: skip
    status: list[str] = []
    begun = time.thread_time()
    parts = app(environ, lambda line, _headers, _info=None: status.append(line))  # type: ignore[operator]
    for _ in parts:
        pass
    taken = (time.thread_time() - begun) * 1000
    if hasattr(parts, "close"):
        parts.close()
    return taken, int(status[0].split()[0])


def measure(daemon: Daemon) -> list[tuple[str, float, float, int]]:
    """Return each request with its median and worst ms and status; the first one warms the caches."""
    app = daemon.server._server._app
    keys = daemon.office.keys
    tokens = {role: keys.make_token(role, role) for role in ("owner", "director")}
    found = []
    for method, path, fields in ASKED:
        token = tokens["director" if "duties" in path else "owner"]
        server_time(app, method, path, fields, token)
        taken = [server_time(app, method, path, fields, token) for _ in range(TIMES)]
        times, statuses = [ms for ms, _ in taken], {status for _, status in taken}
        detail = (
            "" if fields is None else f" {' '.join(str(v) for v in fields.values() if isinstance(v, str))}"
        )
        found.append((f"{method} {path}{detail}", statistics.median(times), max(times), max(statuses)))
    return [*found, recorded(app, tokens["owner"])]


def recorded(app: object, token: str) -> tuple[str, float, float, int]:
    """Return the CPU time of recording deals for the full hour; the wait for the disk is not in it."""
    begun, taken = time.time_ns(), []
    for n in range(TIMES):
        deal = {"person": f"同事{n}", "team": f"第{n % TEAMS + 1}团队", "product": "套餐", "amount": 880}
        taken.append(server_time(app, "POST", "/api/deals", {**deal, "key": f"bench-{begun}-{n}"}, token))
    times = [ms for ms, _ in taken]
    return DEAL, statistics.median(times), max(times), max(status for _, status in taken)


def rows(folder: Path | None = None) -> list[Row]:
    """Return the slowest answers beside the limit, and whether all keep it."""
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            return rows(Path(made) / "home")
    with large_office(folder) as daemon:
        found = measure(daemon)
    wrong = [what for what, _, _, status in found if status >= 400]
    if wrong:
        raise RuntimeError(f"refused: {wrong}")
    found.sort(key=lambda row: -row[1])
    large = f"{DEALS:,} deals, {PEOPLE:,} people, {TEAMS} teams"
    limits = {what: DEAL_MS if what == DEAL else LIMIT_MS for what, _, _, _ in found}
    shown = found if folder else [*found[:SHOWN], *(row for row in found[SHOWN:] if row[0] == DEAL)]
    return [
        Row(
            f"{large}: {what}",
            f"{ms:.0f} ms median, {worst:.0f} ms worst",
            f"≤ {limits[what]:.0f} ms",
            ms <= limits[what],
        )
        for what, ms, worst, _ in shown
    ]


if __name__ == "__main__":
    for row in rows(Path(sys.argv[1]) if len(sys.argv) > 1 else None):
        print(row.measured, "|", row.what, "" if row.ok else "  <-- over the limit")
