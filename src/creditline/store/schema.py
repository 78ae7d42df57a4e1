"""The tables of a home. Columns are the log's format: changed by migrations only."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

lines = Table(
    "lines",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
)
"""Every line the log knows, numbered so that rows and indexes stay narrow and local."""

events = Table(
    "events",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("line", Integer, ForeignKey("lines.number"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("payload", Text, nullable=False),
    # As the row said them, kept only where parting a tie moved them: the digest is over these.
    Column("stated_at", BigInteger),
    Column("stated_known", BigInteger),
    UniqueConstraint("line", "at", name="events_line_at"),
    UniqueConstraint("line", "id", name="events_line_id"),
    sqlite_autoincrement=True,
)
"""The log. Rows are added and never changed; ``position`` only grows."""

Index("events_draws_requested", events.c.line, sqlite_where=text("kind = 25"))
"""The lines on which the lending core lends: few rows, so that they are found without reading the log."""

decisions = Table(
    "decisions",
    metadata,
    Column("line", Integer, ForeignKey("lines.number"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("content", Text, nullable=False),
)
"""What was decided on each line, as last derived from the log."""

policies = Table(
    "policies",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("effective_from", BigInteger, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    UniqueConstraint("name", "version", "effective_from", name="policies_version"),
)
"""Policy versions as published: immutable, content-addressed, effective-dated."""

products = Table(
    "products",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    UniqueConstraint("name", "version", name="products_version"),
)
"""Product versions as published: immutable, content-addressed."""

scorecards = Table(
    "scorecards",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("data_sha256", Text, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    CheckConstraint("role IN ('champion', 'challenger')", name="scorecards_role"),
)
"""Scorecards as proposed. Rows are added and never changed; what became of them stands in their verdicts."""

scorecard_verdicts = Table(
    "scorecard_verdicts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("scorecard", Integer, ForeignKey("scorecards.number"), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    # The policy version published with it, and from when that decides.
    Column("policy_version", Text),
    Column("effective_from", BigInteger),
    CheckConstraint("verdict IN ('approved', 'rejected', 'withdrawn')", name="scorecard_verdicts_verdict"),
    UniqueConstraint("scorecard", "verdict", name="scorecard_verdicts_once"),
)
"""What was decided on proposed scorecards. Rows are added and never changed."""

shadows = Table(
    "shadows",
    metadata,
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("scorecard", Integer, ForeignKey("scorecards.number"), primary_key=True, autoincrement=False),
    Column("points", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["line", "number"], ["decisions.line", "decisions.number"], name="shadows_decision", ondelete="CASCADE"
    ),
    sqlite_with_rowid=False,
)
"""Points of challengers beside the decisions they had no part in; they go when the decision is replaced."""

outbox = Table(
    "outbox",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("line", Integer, ForeignKey("lines.number"), nullable=False),
    # Not a foreign key: decisions are replaced whole, and a notice that was sent outlives the one it told of.
    Column("decision", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("lang", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("deadline", BigInteger),
    Column("state", Text, nullable=False),
    Column("queued_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("read_at", BigInteger),
    CheckConstraint("state IN ('due', 'sent', 'read')", name="outbox_state"),
    UniqueConstraint("line", "decision", "kind", "edition", name="outbox_once"),
)
"""Notices to borrowers: due, sent, read. What was sent is never changed."""

Index("outbox_due", outbox.c.deadline, sqlite_where=text("state = 'due'"))
"""Those that wait, by deadline."""

Index("events_promises_made", events.c.line, sqlite_where=text("kind = 18"))
"""The lines with a plan taken up, found without reading the log."""

proofs = Table(
    "proofs",
    metadata,
    Column("seal", Text, primary_key=True),
    Column("content", Text, nullable=False),
)
"""Plans that were taken up, with their proofs, by seal. Rows are added and never changed."""

promises_told = Table(
    "promises_told",
    metadata,
    Column("line", Integer, ForeignKey("lines.number"), primary_key=True, autoincrement=False),
    Column("event", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""What the borrower was last told of each plan taken up, by the event that says so."""

about = Table(
    "about",
    metadata,
    Column("key", Text, primary_key=True),
    Column("json", Text, nullable=False),
)
"""Small facts about the home itself."""
