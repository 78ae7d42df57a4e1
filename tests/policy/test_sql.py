"""The exported SQL: both dialects parse, and DuckDB runs it (the gate compares its figures with the kernel's)."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from creditline.errors import CreditlineError
from creditline.policy import load_policy, shipped_policies
from creditline.policy.sql import policy_sql


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_policy_parses_in_its_dialect(name: str, dialect: str) -> None:
    text = policy_sql(load_policy(name), 1_700_000_000_000_000, dialect)
    (tree,) = sqlglot.parse(text, dialect=dialect)
    assert isinstance(tree, exp.Select)
    columns = {column.alias_or_name for column in tree.selects}
    assert {"line", "points", *(fact.name for fact in load_policy(name).facts)} <= columns
    if dialect == "spark":
        assert "//" not in text.replace("-- ", "")
        assert '"' not in text


def test_it_runs_on_empty_tables() -> None:
    with duckdb.connect() as connection:
        slots = ", ".join(f"v{slot} BIGINT" for slot in range(6))
        connection.execute(
            "CREATE TABLE events(line BIGINT, happened_at BIGINT, known_at BIGINT, voided_at BIGINT, kind BIGINT, "
            f"{slots})"
        )
        connection.execute(
            'CREATE TABLE states(line BIGINT, status BIGINT, since BIGINT, "limit" BIGINT, probation_until BIGINT, '
            "closings BIGINT)"
        )
        connection.execute("INSERT INTO states VALUES (7, 3, 0, 100000, 0, 0)")
        rows = connection.execute(policy_sql(load_policy("consumer-line"), 1_700_000_000_000_000)).fetchall()
    assert [row[0] for row in rows] == [7]


def test_a_dialect_nobody_speaks() -> None:
    with pytest.raises(CreditlineError, match="duckdb or spark"):
        policy_sql(load_policy("consumer-line"), 0, "oracle")
