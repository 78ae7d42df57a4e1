"""The same facts by DuckDB and by Polars, each at its best, from the same memory the kernel reads.

Full facts are DuckDB's alone: the SQL a policy exports needs window functions. Plain facts (counts, sums, extremes,
latest values, ages and distinct counts in a window) are one grouped pass, which is what both engines do best.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from creditline.events.kinds import NULL, SLOTS
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Compare, Constant, Expr, IsNull, Logic, Name, Not
from creditline.facts.slices import NEVER, Slices
from creditline.lines.replay import STATE
from creditline.policy.model import Policy
from creditline.policy.sql import policy_sql

Int64s = NDArray[np.int64]

_PLAIN = ("count", "sum", "max", "min", "last", "age", "distinct")


def plain(policy: Policy) -> Policy:
    """The policy cut down to its plain facts: no sequences, no consents, no points, no rules."""
    facts = tuple(fact for fact in policy.counted_facts if fact.operator in _PLAIN and fact.after is None)
    return dataclasses.replace(
        policy, facts=facts, consents=(), scorecard=None, rules=(), approve=None, reopen=None, version="plain"
    )


# -- memory ---------------------------------------------------------------------------------------


def events_table(slices: Slices) -> pa.Table:
    """The slices' own memory as the Arrow table that exported SQL reads; only line numbers and NULL bits are added."""
    line = np.repeat(np.arange(len(slices), dtype=np.int32), np.diff(slices.offsets))
    columns = {
        "line": _wrapped(line),
        "happened_at": _wrapped(slices.at),
        "known_at": _wrapped(slices.known),
        "voided_at": _wrapped(slices.until, NEVER),
        "kind": _wrapped(slices.kind),
    }
    columns |= {f"v{slot}": _wrapped(slices.values[slot], NULL) for slot in range(SLOTS)}
    return pa.table(columns)


def states_table(states: Int64s) -> pa.Table:
    """States of lines as exported SQL reads them."""
    names = {
        "status": "STATUS",
        "since": "SINCE",
        "limit": "LIMIT",
        "probation_until": "PROBATION",
        "closings": "CLOSINGS",
    }
    columns = {"line": np.arange(len(states), dtype=np.int32)}
    columns |= {name: np.ascontiguousarray(states[:, STATE.index(cell)]) for name, cell in names.items()}
    return pa.table(columns)


def _wrapped(column: NDArray[np.generic], absent: int | None = None) -> pa.Array:
    """A numpy column as Arrow without a copy; ``absent`` marks what is NULL."""
    valid = None if absent is None else pa.py_buffer(np.packbits(column != absent, bitorder="little"))
    kind = pa.from_numpy_dtype(column.dtype)
    return pa.Array.from_buffers(kind, len(column), [valid, pa.py_buffer(np.ascontiguousarray(column))])


# -- what is asked --------------------------------------------------------------------------------


def _truth(expr: Expr, columns: Mapping[str, str]) -> str:
    """A condition in the SQL that DuckDB and Polars both read."""
    match expr:
        case Name():
            return f"({columns[expr.name]} = 1)"
        case Compare(left=Name(name=name), right=Constant(value=value)):
            return f"({columns[name]} {expr.op} {value})"
        case Logic():
            return f"({_truth(expr.left, columns)} {expr.op.upper()} {_truth(expr.right, columns)})"
        case Not(part=IsNull(part=Name(name=name))):
            return f"({columns[name]} IS NOT NULL)"
        case _:
            raise NotImplementedError(f"{type(expr).__name__} in a plain fact: write it here")


def _counts(fact: CountedFact, t: int) -> str:
    """Which events count for a fact."""
    assert fact.kind is not None
    parts = [f"kind = {fact.kind.code}"]
    if fact.where is not None:
        parts.append(_truth(fact.where, {name: f"v{field.slot}" for name, field in fact.kind.fields.items()}))
    if fact.window is not None:
        assert fact.window.us, f"{fact.name}: windows of calendar months are not plain"
        parts.append(f"happened_at > {t - fact.window.us}")
    return " AND ".join(parts)


def _seen(t: int) -> str:
    return f"happened_at <= {t} AND known_at <= {t} AND (voided_at IS NULL OR voided_at > {t})"


# -- DuckDB ---------------------------------------------------------------------------------------


class DuckDb:
    """DuckDB over two threads; events and states stay where they are."""

    def __init__(self, events: pa.Table, states: pa.Table, threads: int = 2) -> None:
        self.connection = duckdb.connect(config={"threads": threads})
        self.connection.register("events", events)
        self.connection.register("states", states)

    def full(self, policy: Policy, t: int) -> pa.Table:
        """All facts, points and rules of the policy by the SQL it exports."""
        return self._asked(policy_sql(policy, t))

    def plain(self, policy: Policy, t: int) -> pa.Table:
        """The plain facts by one grouped pass written by hand."""
        return self._asked(plain_sql(policy, t))

    def _asked(self, sql: str) -> pa.Table:
        return self.connection.execute(sql).to_arrow_table()


def plain_sql(policy: Policy, t: int) -> str:
    """One pass over the events, one filtered aggregate a fact."""
    columns = [f"{_aggregate(fact, t)} AS {fact.name}" for fact in policy.counted_facts]
    return f"SELECT line, {', '.join(columns)} FROM events WHERE {_seen(t)} GROUP BY line"


def _aggregate(fact: CountedFact, t: int) -> str:
    counted = f"FILTER (WHERE {_counts(fact, t)})"
    value = f"v{fact.field.slot}" if fact.field else ""
    match fact.operator:
        case "count":
            return f"count(*) {counted}"
        case "sum":
            return f"CAST(coalesce(sum({value}) {counted}, 0) AS BIGINT)"
        case "last":
            return f"arg_max_null({value}, happened_at) {counted}"
        case "age":
            return f"({t} - max(happened_at) {counted}) // {fact.unit}"
        case "distinct":
            return f"count(DISTINCT {value}) {counted}"
        case _:
            return f"{fact.operator}({value}) {counted}"


# -- Polars ---------------------------------------------------------------------------------------


class Polars:
    """Polars over the same Arrow memory. Its threads are set by POLARS_MAX_THREADS before it is imported."""

    def __init__(self, events: pa.Table) -> None:
        frame = pl.from_arrow(events, rechunk=False)
        assert isinstance(frame, pl.DataFrame)
        self.events = frame.with_columns(pl.col("line").set_sorted())

    def plain(self, policy: Policy, t: int, engine: str = "in-memory", form: str = "filter") -> pl.DataFrame:
        """The plain facts by one lazy grouped pass."""
        columns = [(_filtered if form == "filter" else _when)(fact, t).alias(fact.name) for fact in policy.counted_facts]
        query = self.events.lazy().filter(pl.sql_expr(_seen(t))).group_by("line").agg(columns)
        return query.collect(engine=engine)  # type: ignore[call-overload]


def _filtered(fact: CountedFact, t: int) -> pl.Expr:
    counted = pl.sql_expr(_counts(fact, t))
    value = pl.col(f"v{fact.field.slot}" if fact.field else "happened_at")
    match fact.operator:
        case "count":
            return counted.sum().cast(pl.Int64)
        case "sum":
            return value.filter(counted).sum()
        case "last":
            return value.filter(counted).last()
        case "age":
            return (t - value.filter(counted).max()) // fact.unit
        case "distinct":
            return value.filter(counted).n_unique().cast(pl.Int64)
        case "max":
            return value.filter(counted).max()
        case _:
            return value.filter(counted).min()


def _when(fact: CountedFact, t: int) -> pl.Expr:
    counted = pl.sql_expr(_counts(fact, t))
    value = pl.col(f"v{fact.field.slot}" if fact.field else "happened_at")
    v = pl.when(counted).then(value)
    match fact.operator:
        case "count":
            return counted.sum().cast(pl.Int64)
        case "sum":
            return v.sum()
        case "last":
            return (
                value.filter(counted).last()
                if not fact.field.required and fact.where is None
                else v.drop_nulls().last()
            )
        case "age":
            return (t - v.max()) // fact.unit
        case "distinct":
            return value.filter(counted).n_unique().cast(pl.Int64)
        case "max":
            return v.max()
        case _:
            return v.min()
