"""Products that are published, and a quick way to the lines that draw on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add products, and an index of the lines whose draws the lending core books."""
    op.create_table(
        "products",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("name", "version", name="products_version"),
    )
    op.create_index("events_draws_requested", "events", ["line"], sqlite_where=sa.text("kind = 25"))


def downgrade() -> None:
    """Drop both."""
    op.drop_index("events_draws_requested", "events")
    op.drop_table("products")
