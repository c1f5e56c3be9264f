"""Settings, tokens, walls, other cities, frozen results and used phrases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from book_made import DAY, at

from controller.sales.model import Refused
from controller.sales.store import Store


def test_settings_are_stored_and_deleted(store: Store) -> None:
    """Any JSON value is stored unchanged; None deletes it."""
    with store.write() as session:
        session.settings.set_setting("volume", 35)
        session.settings.set_setting("by_hand", {"名": ["一", None]})
        assert session.settings.setting("volume") == 35
        assert session.settings.setting("by_hand") == {"名": ["一", None]}
        session.settings.set_setting("volume", None)
        assert session.settings.setting("volume", 50) == 50


def test_a_token_opens_only_with_its_secret(store: Store) -> None:
    """The secret is not in the store; a new token with the same name replaces the old one."""
    with store.write() as session:
        session.settings.add_token("crm", "sales", "s3cret", at("10:00"))
        assert session.settings.token("S3cret") is None
        token = session.settings.token("s3cret")
        assert token is not None
        assert (token.name, token.role, token.created) == ("crm", "sales", at("10:00"))
        assert not any("s3cret" in str(row) for row in session.rows.all("SELECT * FROM tokens"))
        session.settings.add_token("crm", "admin", "other", at("11:00"))
        assert session.settings.token("s3cret") is None
        assert [other.role for other in session.settings.tokens()] == ["admin"]
        assert session.settings.remove_token("crm")
        assert session.settings.token("other") is None
        with pytest.raises(Refused):
            session.settings.add_token("", "admin", "x", at("11:00"))


def test_walls_are_known_by_name(store: Store) -> None:
    """A wall's request is recorded, its settings stay, and it can be deleted."""
    with store.write() as session:
        session.settings.set_wall("lobby", {"scene": "dark"}, at("10:00"))
        session.settings.wall_seen("lobby", at("10:05"))
        session.settings.wall_seen("main", at("10:06"))
        walls = session.settings.walls()
        assert [(w.name, w.seen, w.settings) for w in walls] == [
            ("lobby", at("10:05"), {"scene": "dark"}),
            ("main", at("10:06"), {}),
        ]
        assert session.settings.remove_wall("main")
        assert not session.settings.remove_wall("main")


def test_cities_are_kept_by_day(store: Store) -> None:
    """Another branch's completion and amount are read back exactly, best first; empty ones are deleted."""
    with store.write() as session:
        session.settings.set_city(DAY, "上海", Decimal("0.875"), Decimal("1200.50"))
        session.settings.set_city(DAY, "广州", Decimal("1.2"))
        session.settings.set_city(DAY, "深圳", None, Decimal(3))
        cities = [(c.name, c.rate, c.amount) for c in session.settings.cities(DAY)]
        assert cities == [
            ("广州", Decimal("1.2"), None),
            ("上海", Decimal("0.875"), Decimal("1200.50")),
            ("深圳", None, Decimal("3.00")),
        ]
        session.settings.set_city(DAY, "广州", None)
        assert len(session.settings.cities(DAY)) == 2
        assert session.settings.cities(DAY + timedelta(days=1)) == ()
        with pytest.raises(Refused, match="完成率"):
            session.settings.set_city(DAY, "上海", Decimal(-1))


def test_results_are_frozen_once(store: Store) -> None:
    """A second show does not overwrite the results that the office saw at 18:05."""
    with store.write() as session:
        assert session.settings.results(DAY) is None
        assert session.settings.freeze_results(DAY, {"comment": "好"}, at("18:05"))
        assert not session.settings.freeze_results(DAY, {"comment": "更好"}, at("18:06"))
        assert session.settings.results(DAY) == {"comment": "好"}


def test_used_phrases_are_remembered_to_a_limit(store: Store) -> None:
    """The last fifty phrases of each kind are stored, oldest first."""
    with store.write() as session:
        for n in range(60):
            session.settings.use("big", str(n), at("10:00"))
        session.settings.use("hourly", "整点", at("10:00"))
        assert session.settings.used("big") == tuple(str(n) for n in range(10, 60))
        assert session.settings.used("hourly") == ("整点",)


def test_targets_add_up(store: Store) -> None:
    """A team's target is the stored one, or on days without one the sum of its people's; None removes it."""
    tomorrow = DAY + timedelta(days=1)
    with store.write() as session:
        session.roster.set_person_target(DAY, 1, Decimal(100))
        session.roster.set_person_target(DAY, 2, Decimal("50.50"))
        session.roster.set_person_target(tomorrow, 1, Decimal(7))
        session.roster.set_team_target(tomorrow, 1, Decimal(1000))
        assert session.roster.team_targets(DAY, DAY) == {1: Decimal("150.50")}
        assert session.roster.team_targets(DAY, tomorrow) == {1: Decimal("1150.50")}
        assert session.roster.person_targets(DAY, tomorrow) == {1: Decimal(107), 2: Decimal("50.50")}
        session.roster.set_team_target(tomorrow, 1, None)
        assert session.roster.team_targets(tomorrow, tomorrow) == {1: Decimal(7)}
        for setter in (session.roster.set_team_target, session.roster.set_person_target):
            with pytest.raises(Refused, match="名单里没有"):
                setter(DAY, 99, Decimal(1))
