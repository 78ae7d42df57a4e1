"""Product versions as the home keeps them."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from creditline.clock import SystemClock
from creditline.store import schema
from creditline.store.database import StoreError

_products = schema.products


class PublishedProduct(msgspec.Struct, frozen=True):
    """A product version that draws may name. The moment is in microseconds since 1970 UTC."""

    name: str
    version: str
    source: str
    published_at: int

    @property
    def reference(self) -> str:
        """The name under which draws know it."""
        return f"{self.name}@{self.version}"


def publish(connection: sa.Connection, name: str, version: str, source: str, published_at: int | None) -> None:
    """Keep a version for good; StoreError where another text is kept under its name and version."""
    this = sa.and_(_products.c.name == name, _products.c.version == version)
    kept = connection.execute(sa.select(_products.c.source).where(this)).scalar()
    if kept == source:
        return
    if kept is not None:
        remedy = "publish the changed text as a new version"
        raise StoreError(f"product {name}", version, remedy, "is published with another text")
    published_at = SystemClock().now() if published_at is None else published_at
    new = PublishedProduct(name, version, source, published_at)
    connection.execute(sa.insert(_products), msgspec.structs.asdict(new))


def products(connection: sa.Connection) -> list[PublishedProduct]:
    """All published versions, in the order in which they were published."""
    query = sa.select(_products).order_by(_products.c.published_at, _products.c.number)
    return [PublishedProduct(row.name, row.version, row.source, row.published_at) for row in connection.execute(query)]
