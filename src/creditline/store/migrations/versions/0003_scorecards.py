"""Scorecards as proposed and decided on, and the points of challengers beside decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "scorecards",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("data_sha256", sa.Text, nullable=False),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("policy_version", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.CheckConstraint("role IN ('champion', 'challenger')", name="scorecards_role"),
    )
    op.create_table(
        "scorecard_verdicts",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("scorecard", sa.Integer, sa.ForeignKey("scorecards.number"), nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("policy_version", sa.Text),
        sa.Column("effective_from", sa.BigInteger),
        sa.CheckConstraint("verdict IN ('approved', 'rejected', 'withdrawn')", name="scorecard_verdicts_verdict"),
        sa.UniqueConstraint("scorecard", "verdict", name="scorecard_verdicts_once"),
    )
    op.create_table(
        "shadows",
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("scorecard", sa.Integer, sa.ForeignKey("scorecards.number"), primary_key=True, autoincrement=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(
            ["line", "number"], ["decisions.line", "decisions.number"], name="shadows_decision", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("shadows", "scorecard_verdicts", "scorecards"):
        op.drop_table(table)
