"""Notices that wait to be sent, and those that were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the outbox."""
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("line", sa.Integer, sa.ForeignKey("lines.number"), nullable=False),
        sa.Column("decision", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("lang", sa.Text, nullable=False),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("deadline", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("read_at", sa.BigInteger),
        sa.CheckConstraint("state IN ('due', 'sent', 'read')", name="outbox_state"),
        sa.UniqueConstraint("line", "decision", "kind", "edition", name="outbox_once"),
    )
    op.create_index("outbox_due", "outbox", ["deadline"], sqlite_where=sa.text("state = 'due'"))


def downgrade() -> None:
    """Drop it."""
    op.drop_index("outbox_due", "outbox")
    op.drop_table("outbox")
