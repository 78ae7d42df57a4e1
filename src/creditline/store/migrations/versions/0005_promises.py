"""Plans taken up, and what was last told of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the proofs of plans taken up, what was told of them, and the index that finds their lines."""
    op.create_table(
        "proofs",
        sa.Column("seal", sa.Text, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "promises_told",
        sa.Column("line", sa.Integer, sa.ForeignKey("lines.number"), primary_key=True, autoincrement=False),
        sa.Column("event", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("events_promises_made", "events", ["line"], sqlite_where=sa.text("kind = 18"))


def downgrade() -> None:
    """Drop them."""
    op.drop_index("events_promises_made", "events")
    op.drop_table("promises_told")
    op.drop_table("proofs")
