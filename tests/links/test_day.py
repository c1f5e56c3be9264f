"""A rehearsed day of three branches on one machine, with local servers in the vendors' place and a real broker."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import day_made


def test_a_day_of_three_branches(tmp_path: Path) -> None:
    """A deal typed in a chat is said, celebrated, counted elsewhere and posted; the list has every message."""
    with ExitStack() as stack:
        day = day_made.made(tmp_path, stack)
        for hour in range(9, 9 + day_made.ROUNDUPS):
            day.hour(hour)
        day.evening()
        fates: Counter[str] = Counter()
        for city, office in day.branches.items():
            today, typed = office.clock.now().date(), day.typed[city]
            assert all("记下了" in sent.answers[0] for sent in typed)
            came = {row.uid: row for row, _ in office.office.links.received(today)}
            assert set(came) == {sent.ident for sent in typed}
            assert {row.fate for row in came.values()} == {"recorded"}
            assert {row.replied for row in came.values()} == {""}
            out = office.office.links.messages(today)
            fates.update(f"{row.state}" for row in out)
            kinds = Counter(row.kind for row in out)
            assert kinds["results"] == 1, kinds
            assert kinds["first"] + kinds["big"] + kinds["deal"] == len(typed), kinds
            assert kinds["hourly"] == day_made.ROUNDUPS, kinds
            posted = "\n".join(day.groups[city].texts)
            assert all(f"{int(deal.amount):,} 元" in posted for deal in office.office.deals.of_day(today))
            assert day.groups[city].refusals == []
            assert day.bots[city].faults == []
            assert any(text.startswith("*") for text in day.said[city])
            heard = [
                a
                for a in office.office.announced.of_day(today)
                if a.kind in ("first_of_day", "big", "hourly")
            ]
            assert all(one.state in ("heard", "merged", "dropped") for one in heard), heard
            assert {name: row.amount for name, row in office.board().items()} == {
                name: other.board()[name].amount for name, other in day.branches.items()
            }
        assert set(fates) == {"sent"}
        typed_all, worst = sum(map(len, day.typed.values())), max(day.seconds)
        print(
            f"{day_made.ROUNDUPS} round-ups, {typed_all} typed deals, {fates['sent']} messages posted,"
            f" at most {worst:.2f} s from the chat to the other cities"
        )
