"""The choice of products: the office's own list, then names that were sold lately and are not on it."""

from __future__ import annotations

from controller.sales.model import Refused
from controller.sales.products import Product
from controller.sales.store import Session
from controller.services.context import Context

MOST_HIDDEN = 200
"""Maximum number of hidden names outside the list; only the last 300 deals are searched for them."""
HIDDEN = "hidden_products"


class ProductService:
    """Thread-safe: the store's single writer is the lock."""

    def __init__(self, context: Context):
        self._context = context

    def choices(self) -> tuple[str, ...]:
        """Return the products to choose from, in the sequence in which phones show them."""
        with self._context.store.read() as session:
            listed = session.products.all()
            return (*(product.name for product in listed if not product.hidden), *self._sold(session, listed))

    def listed(self) -> tuple[tuple[Product, ...], tuple[str, ...]]:
        """Return the office's list, hidden ones included, and the names that are offered without being on it."""
        with self._context.store.read() as session:
            listed = session.products.all()
            return listed, self._sold(session, listed)

    def _sold(self, session: Session, listed: tuple[Product, ...]) -> tuple[str, ...]:
        names = {product.name for product in listed}
        return tuple(name for name in session.deals.products(self._marks()) if name not in names)

    def add(self, name: str) -> tuple[Product, bool]:
        """Add a product at the end of the list; return it with True when it is new. Raises Refused."""
        with self._context.store.write() as session:
            return session.products.add(name)

    def change(
        self, ident: int, name: str | None = None, hidden: bool | None = None, up: bool | None = None
    ) -> None:
        """Rename for the future, hide or show, move up or down: each that is given. Raises Refused."""
        if name is None and hidden is None and up is None:
            raise Refused("没有写要改什么：name 是改名，hidden 是隐藏，move 是上移或下移。", "name")
        with self._context.store.write() as session:
            before = {product.id: product.name for product in session.products.all()}.get(ident)
            if name is not None:
                session.products.rename(ident, name)
            if hidden is not None:
                session.products.set_hidden(ident, hidden)
            if up is not None:
                session.products.move(ident, up)
        if name is not None and before is not None:
            self._mark(before, hidden=True)  # deals keep the former name; it is not offered again

    def hide(self, name: str, *, hidden: bool) -> None:
        """Hide a product, listed or not, from the choices until it is sold again, or show it again."""
        with self._context.store.write() as session:
            listed = session.products.named(name)
            if listed is not None:
                session.products.set_hidden(listed.id, hidden)
        if listed is None:
            self._mark(name, hidden=hidden)

    def _mark(self, name: str, *, hidden: bool) -> None:
        marks = self._marks()
        marks.pop(name, None)
        if hidden:
            with self._context.store.read() as session:
                marks[name] = session.deals.newest_id()
        kept = dict(sorted(marks.items(), key=lambda mark: mark[1])[-MOST_HIDDEN:])
        self._context.preferences.set(HIDDEN, kept)

    def _marks(self) -> dict[str, int]:
        marks = self._context.preferences.get(HIDDEN, {})
        return dict(marks) if isinstance(marks, dict) else {}
