"""The products to choose from: the office's list, and those sold recently without voided deals and hidden ones."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from book_made import DAY, ZONE, at

from controller.sales.model import Conflict, Refused, Unknown
from controller.sales.products import MOST_LISTED
from controller.sales.store import Store


def sold(store: Store, product: str, key: str) -> int:
    with store.write() as session:
        return session.deals.record(key, 1, product, Decimal(100), at("10:00"), DAY)[0].id


def products(store: Store, hidden: dict[str, int] | None = None) -> tuple[str, ...]:
    with store.read() as session:
        return session.deals.products(hidden or {})


def test_a_product_with_only_voided_deals_is_not_offered(store: Store) -> None:
    """Taking back a deal removes a product misspelt in it; a product with another deal stays."""
    wrong = sold(store, "网络招骋", "a")
    sold(store, "网络招聘", "b")
    also = sold(store, "网络招聘", "c")
    assert products(store) == ("网络招聘", "网络招骋")
    with store.write() as session:
        session.deals.void(wrong, "写错了", at("10:05"))
        session.deals.void(also, "报重了", at("10:05"))
    assert products(store) == ("网络招聘",)


def test_a_product_sold_once_disappears_after_the_next_deals(store: Store) -> None:
    """A product sold only once may be a typing error: ten deals later it is not offered any more."""
    sold(store, "报址", "once")
    for number in range(10):
        sold(store, "报纸", f"more-{number}")
    assert products(store) == ("报纸",)


def test_the_sequence_of_products_does_not_depend_on_counts(store: Store) -> None:
    """The chips keep their places when the number of sales changes."""
    for number, product in enumerate(("乙", "甲", "丙", "甲")):
        sold(store, product, f"first-{number}")
    before = products(store)
    for number in range(5):
        sold(store, "乙", f"then-{number}")
    assert products(store) == before


def test_a_hidden_product_comes_back_when_it_is_sold_again(store: Store) -> None:
    """Deals up to the mark do not count; the next one counts."""
    sold(store, "报纸", "a")
    with store.read() as session:
        mark = {"报纸": session.deals.newest_id()}
    assert products(store, mark) == ()
    sold(store, "报纸", "b")
    assert products(store, mark) == ("报纸",)


def test_an_empty_store_has_no_newest_deal(store: Store) -> None:
    """Hiding a product in an empty store is not an error."""
    with store.read() as session:
        assert session.deals.newest_id() == 0


def test_the_list_keeps_the_offices_order(store: Store) -> None:
    """Added at the end, moved up and down, at the ends without effect, renamed and hidden; unknown ids are refused."""
    with store.write() as session:
        first, second, third = (session.products.add(name)[0].id for name in ("铂金", "黄金", " 白银 "))
        session.products.move(third, up=True)
        session.products.move(first, up=True)
        session.products.move(second, up=False)
        assert [product.name for product in session.products.all()] == ["铂金", "白银", "黄金"]
        session.products.rename(third, "白银2027")
        session.products.set_hidden(first, True)
        assert [(product.name, product.hidden) for product in session.products.all()] == [
            ("铂金", True), ("白银2027", False), ("黄金", False),
        ]  # fmt: skip
        with pytest.raises(Conflict, match="现在隐藏着"):
            session.products.rename(second, "铂金")
        with pytest.raises(Conflict):
            session.products.add("黄金")
        assert session.products.add("铂金") == (session.products.named("铂金"), False)
        for call in (session.products.rename, session.products.move):
            with pytest.raises(Unknown):
                call(99, "x")  # type: ignore[operator]


@pytest.mark.parametrize("name", ["", "  ", "长" * 41, "一\x07二"])
def test_a_name_that_no_chip_can_show_is_refused(store: Store, name: str) -> None:
    """Empty, too long, with control characters."""
    with pytest.raises(Refused), store.write() as session:
        session.products.add(name)


def test_the_list_is_bounded(store: Store) -> None:
    """Sixty names; the next is refused with a sentence."""
    with store.write() as session:
        for number in range(MOST_LISTED):
            session.products.add(f"产品{number}")
        with pytest.raises(Refused, match="最多列 60 种"):
            session.products.add("再来一种")


def test_a_hidden_product_on_the_list_comes_back_when_it_is_sold_and_not_when_a_deal_is_corrected(
    store: Store,
) -> None:
    """A correction is no new sale."""
    old = sold(store, "报纸", "a")
    with store.write() as session:
        ident = session.products.add("报纸")[0].id
        session.products.set_hidden(ident, True)
        session.deals.record("b", 1, "报纸", Decimal(200), at("10:00"), DAY, old)
        assert session.products.all()[0].hidden
        session.deals.record("c", 1, "报纸", Decimal(200), at("10:00"), DAY)
        assert not session.products.all()[0].hidden


def test_products_of_an_older_store_are_listed(tmp_path: Path) -> None:
    """After an upgrade the list has what was offered before, hidden ones hidden, and old voids have a history."""
    folder = Path(__file__).resolve().parents[2] / "controller" / "sales"
    file = tmp_path / "old.db"
    with sqlite3.connect(file) as old:
        for number in (1, 2, 3):
            old.executescript((folder / f"schema_00{number}.sql").read_text(encoding="utf-8"))
        old.execute("INSERT INTO teams (id, name) VALUES (1, '猛虎队')")
        old.execute("INSERT INTO people (id, name, team_id) VALUES (1, '王小明', 1)")
        names = ["报址", *["报纸"] * 5, *["铂金"] * 6, "黄金"]
        for ident, name in enumerate(names, 1):
            values = (ident, f"k{ident}", ident, name, 100 * ident)
            old.execute(
                "INSERT INTO deals (id, key, date, at, person_id, team_id, person, team, product, fen, asked)"
                " VALUES (?, ?, '2026-11-23', ?, 1, 1, '王小明', '猛虎队', ?, ?, '')",
                values,
            )
        old.execute("UPDATE deals SET voided_at = 99, void_reason = '报重了' WHERE id = 3")
        old.execute("""INSERT INTO settings VALUES ('hidden_products', '{"报纸": 6, "铂金": 2}')""")
        old.execute("PRAGMA user_version = 3")
    old.close()
    store = Store(file, ZONE)
    with store.read() as session:
        assert [(product.name, product.hidden) for product in session.products.all()] == [
            ("报纸", True), ("铂金", False), ("黄金", False),
        ]  # fmt: skip
        assert [(step.step, step.reason) for step in session.deals.history(3)] == [("voided", "报重了")]
        before = session.deals.sales(DAY, DAY)
    with store.write() as session:
        session.deals.restore(3, at("11:00"))
    with store.read() as session:
        (after,) = session.deals.sales(DAY, DAY)
        assert (after.count, after.fen) == (before[0].count + 1, before[0].fen + 300)
    store.close()


def test_a_deal_and_its_history_are_facts(store: Store) -> None:
    """Every way around the history is refused by the file itself."""
    ident = sold(store, "报纸", "a")
    with store.write() as session:
        session.deals.void(ident, "报重了", at("11:00"))
    for statement in (
        "UPDATE deals SET voided_at = NULL, void_reason = NULL",
        "UPDATE deals SET void_reason = '别的', voided_at = 5",
        "UPDATE deals SET product = '铂金'",
        "UPDATE deal_history SET reason = '别的'",
        "DELETE FROM deal_history",
    ):
        with pytest.raises(sqlite3.IntegrityError), store.write() as session:
            session.rows.change(statement)
    with store.write() as session:
        session.deals.restore(ident, at("11:05"))
    for statement in (
        "INSERT INTO deal_history (deal_id, step, at, reason) VALUES (1, 'restored', 1, '')",
        "UPDATE deals SET replaces = 1",
        "UPDATE deals SET fen = 1",
    ):
        with pytest.raises(sqlite3.IntegrityError), store.write() as session:
            session.rows.change(statement)
    with store.read() as session:
        assert [step.step for step in session.deals.history(ident)] == ["voided", "restored"]
