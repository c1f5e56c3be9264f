"""Record deals endlessly and print the key of each durable one, until the process is killed.

Used by test_survives.py and by tests/bench/kill.py: `python recorder.py BOOK PREFIX`.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from controller.sales.model import BIG, HEARD, PLAYING, NewAnnouncement
from controller.sales.people_import import PersonRow
from controller.sales.store import Store


def main() -> None:
    """Record a deal with its announcement, then print its key: a printed deal has been promised."""
    store, now = Store(Path(sys.argv[1])), datetime.now(UTC)
    with store.write() as session:
        session.roster.import_people([PersonRow("猛虎队", "王小明")])
    for n in range(1_000_000):
        key = f"{sys.argv[2]}-{n}"
        with store.write() as session:
            deal, _ = session.deals.record(key, 1, "网络招聘", Decimal(100), now, now.date())
            announcement, _ = session.outbox.add(
                NewAnnouncement(key, BIG, "恭喜", "", now, now.date(), deals=(deal.id,))
            )
        print(key, flush=True)
        with store.write() as session:
            session.outbox.move(announcement.id, PLAYING, "", now)
        if n % 2:
            with store.write() as session:
                session.outbox.move(announcement.id, HEARD, "", now)
                session.deals.void(deal.id, "", now)


if __name__ == "__main__":
    main()
