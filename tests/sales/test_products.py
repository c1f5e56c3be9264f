"""The products to choose from: those sold recently, without those of voided deals and hidden ones."""

from __future__ import annotations

from decimal import Decimal

from book_made import DAY, at

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
