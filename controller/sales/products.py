"""The office's own list of products: names in the office's order, hidden ones included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.names import tidy_name
from controller.sales.model import Conflict, Refused, Unknown
from controller.sales.rows import Row, Rows

LONGEST_PRODUCT: Final = 40
MOST_LISTED: Final = 60
_SELECT: Final = "SELECT id, name, hidden FROM products"


@dataclass(frozen=True, slots=True)
class Product:
    """A listed product. `hidden`: not offered until it is shown or sold again."""

    id: int
    name: str
    hidden: bool = False


class Products:
    """The list as seen by one snapshot or transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def all(self) -> tuple[Product, ...]:
        """Return all listed products in the office's order."""
        return tuple(map(_product, self._rows.all(f"{_SELECT} ORDER BY place, id")))

    def named(self, name: str) -> Product | None:
        """Return the listed product with exactly this name, or None."""
        row = self._rows.one(f"{_SELECT} WHERE name = ?", name)
        return None if row is None else _product(row)

    def add(self, name: str) -> tuple[Product, bool]:
        """Add a product at the end, or show a hidden one; return it with True when it is new.

        Raises `Conflict` when the product is on the list already, `Refused` when the list is full.
        """
        name = checked_product(name)
        known = self.named(name)
        if known is not None and not known.hidden:
            raise Conflict(f"产品里已经有“{name}”。", field="name")
        if known is not None:
            self.set_hidden(known.id, False)
            return self._there(known.id), False
        if len(self.all()) >= MOST_LISTED:
            raise Refused(f"产品最多列 {MOST_LISTED} 种。请先改掉一个不再卖的名字。", field="name")
        ident = self._rows.add(
            "INSERT INTO products (name, place) SELECT ?, coalesce(max(place), 0) + 1 FROM products", name
        )
        return self._there(ident), True

    def rename(self, ident: int, name: str) -> Product:
        """Rename a product for the future: deals keep the name under which they were signed."""
        name = checked_product(name)
        known = self._there(ident)
        other = self.named(name)
        if other is not None and other.id != known.id:
            hidden = "（现在隐藏着）" if other.hidden else ""
            raise Conflict(f"产品里已经有“{name}”{hidden}，请换一个名字。", field="name")
        self._rows.change("UPDATE products SET name = ? WHERE id = ?", name, ident)
        return self._there(ident)

    def set_hidden(self, ident: int, hidden: bool) -> Product:
        """Hide a product from the choices, or show it again."""
        self._there(ident)
        self._rows.change("UPDATE products SET hidden = ? WHERE id = ?", int(hidden), ident)
        return self._there(ident)

    def move(self, ident: int, up: bool) -> None:
        """Exchange a product with the one before or after it; at the end of the list, change nothing."""
        order = [product.id for product in self.all()]
        at = order.index(self._there(ident).id)
        to = at - 1 if up else at + 1
        if not 0 <= to < len(order):
            return
        order[at], order[to] = order[to], order[at]
        for place, product in enumerate(order):
            self._rows.change("UPDATE products SET place = ? WHERE id = ?", place, product)

    def _there(self, ident: int) -> Product:
        row = self._rows.one(f"{_SELECT} WHERE id = ?", ident)
        if row is None:
            raise Unknown(f"没有编号为 {ident} 的产品。", field="id")
        return _product(row)


def checked_product(written: str) -> str:
    """Return the one spelling of a product's name. Raises `Refused` when it is empty, too long or unprintable."""
    name = " ".join(tidy_name(written).split())
    if not name:
        raise Refused("还没有写产品名。", field="name")
    if len(name) > LONGEST_PRODUCT or not name.isprintable():
        raise Refused(f"产品名最多 {LONGEST_PRODUCT} 个字，不能有控制字符。", field="name")
    return name


def _product(row: Row) -> Product:
    ident, name, hidden = row
    return Product(ident, name, bool(hidden))
