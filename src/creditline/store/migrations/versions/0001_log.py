"""The log, the decisions derived from it, policies and facts about the home."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the first version."""
    op.create_table(
        "lines",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
    )
    _events()
    op.create_table(
        "decisions",
        sa.Column("line", sa.Integer, sa.ForeignKey("lines.number"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "policies",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("effective_from", sa.BigInteger, nullable=False),
        sa.Column("published_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("name", "version", "effective_from", name="policies_version"),
    )
    op.create_table(
        "about",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("json", sa.Text, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("line", sa.Integer, sa.ForeignKey("lines.number"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("known", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("stated_at", sa.BigInteger),
        sa.Column("stated_known", sa.BigInteger),
        sa.UniqueConstraint("line", "at", name="events_line_at"),
        sa.UniqueConstraint("line", "id", name="events_line_id"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Drop everything the first version made."""
    for table in ("about", "policies", "decisions", "events", "lines"):
        op.drop_table(table)
