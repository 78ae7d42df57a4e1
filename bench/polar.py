"""The same facts by Polars at its best: lazy, streamed, each kind's rows in a grouped pass of their own."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
import pyarrow as pa

from bench.peers import ZERO, after_column, by_kind, condition, seen, truth
from creditline.events.kinds import KINDS, SOURCES
from creditline.facts.definitions import CountedFact
from creditline.policy.model import Policy
from creditline.policy.runtime import month_index

Engine = Literal["in-memory", "streaming"]
"""Ways Polars runs a query; which is the faster depends on the query."""


class Polars:
    """Polars over the kernel's own memory. POLARS_MAX_THREADS must be set before it is first imported."""

    def __init__(self, events: pa.Table, lines: int) -> None:
        frame = pl.from_arrow(events, rechunk=False)
        assert isinstance(frame, pl.DataFrame)
        self.events = frame.with_columns(pl.col("line").set_sorted()).lazy()
        self.lines = pl.LazyFrame({"line": np.arange(lines, dtype=np.int32)})

    def counted(self, policy: Policy, t: int, engine: Engine = "streaming") -> pl.DataFrame:
        """The counted facts of a policy, in no order."""
        return _Query(self, policy, t).frame().collect(engine=engine)


class _Query:
    """Builds one lazy query: a grouped frame a kind, and one for each fact that needs rows compared."""

    def __init__(self, polars: Polars, policy: Policy, t: int) -> None:
        self.policy, self.t, self.lines = policy, t, polars.lines
        self.events = polars.events.filter(pl.sql_expr(seen(t)))

    def frame(self) -> pl.LazyFrame:
        frames = [frame for code, facts in by_kind(self.policy) for frame in self._kind(code, facts)]
        frames += [self._consented(source) for source in self.policy.consents]
        whole = self.lines
        for frame in frames:
            whole = whole.join(frame, on="line", how="left")
        return whole.select("line", *(self._column(fact) for fact in self.policy.counted_facts))

    def _column(self, fact: CountedFact) -> pl.Expr:
        value = pl.col(fact.name).cast(pl.Int64)
        value = value.fill_null(0) if fact.operator in ZERO else value
        for source in sorted(fact.sources & set(self.policy.consents)):
            value = pl.when(pl.col(f"consent_{source}")).then(value)
        return value.alias(fact.name)

    def _rows(self, *kinds: int) -> pl.LazyFrame:
        return self.events.filter(pl.col("kind").is_in(kinds) if len(kinds) > 1 else pl.col("kind") == kinds[0])

    def _kind(self, code: int, facts: list[CountedFact]) -> list[pl.LazyFrame]:
        grouped = [fact for fact in facts if fact.operator not in ("streak", "falls", "rises", "months", "open", "gap")]
        frames = [self._compared(fact) for fact in facts if fact not in grouped]
        if grouped:
            rows = self._sequenced(code, facts) if any(fact.after for fact in facts) else self._rows(code)
            frames.append(rows.group_by("line").agg(_aggregate(fact, self.t).alias(fact.name) for fact in grouped))
        return frames

    def _sequenced(self, code: int, facts: list[CountedFact]) -> pl.LazyFrame:
        """Rows of one kind, each with the moment of the last event before it that a sequence begins with."""
        befores = {after_column(fact): fact.after.code for fact in facts if fact.after}
        rows = self._rows(*sorted({code, *befores.values()}))
        for name, before in befores.items():
            begins = pl.when(pl.col("kind") == before)
            moment, owner = (begins.then(pl.col(c)).forward_fill().shift(1) for c in ("happened_at", "line"))
            rows = rows.with_columns(pl.when(owner == pl.col("line")).then(moment).alias(name))
        return rows.filter(pl.col("kind") == code)

    def _compared(self, fact: CountedFact) -> pl.LazyFrame:
        """A fact for which rows of one line are compared with one another."""
        match fact.operator:
            case "months":
                return self._months(fact)
            case "open":
                return self._open(fact)
            case _:
                return self._row_of_good(fact)

    def _row_of_good(self, fact: CountedFact) -> pl.LazyFrame:
        """How many of the latest in a row hold: those that share the last count of breaks."""
        rows = self._rows(fact.kind.code).filter(pl.sql_expr(condition(fact, self.t)))
        if fact.operator == "streak":
            assert fact.holds is not None
            holds = pl.sql_expr(truth(fact.holds, fact))
        else:
            value = pl.col(f"v{fact.slot}")
            step = value < value.shift(1) if fact.operator == "falls" else value > value.shift(1)
            holds = (step & (pl.col("line") == pl.col("line").shift(1))).fill_null(value=False)
        rows = rows.select("line", holds.alias("holds")).with_columns((~pl.col("holds")).cum_sum().alias("breaks"))
        latest = pl.col("holds") & (pl.col("breaks") == pl.col("breaks").max())
        return rows.group_by("line").agg(latest.sum().alias(fact.name))

    def _months(self, fact: CountedFact) -> pl.LazyFrame:
        assert fact.holds is not None
        this = month_index(self.t + self.policy.utc_offset)
        day = pl.from_epoch(pl.col("happened_at") + self.policy.utc_offset, time_unit="us")
        month = day.dt.year().cast(pl.Int64) * 12 + day.dt.month() - 1
        rows = self._rows(fact.kind.code).select(
            "line", month.alias("month"), pl.sql_expr(truth(fact.holds, fact)).alias("holds")
        )
        good = (
            rows.group_by("line", "month").agg(pl.col("holds").all()).filter(pl.col("holds") & (pl.col("month") < this))
        )
        # Good months in a row up to the last: as many as there are steps of one between them, counted from the end.
        gap = (this - 1 - pl.col("month")).sort()
        row = (gap == pl.int_range(pl.len())).sum()
        return good.group_by("line").agg(row.alias(fact.name))

    def _open(self, fact: CountedFact) -> pl.LazyFrame:
        """Openings that are the last of their key: only the last can stand."""
        assert fact.ended_by is not None
        opening = pl.col("kind") == fact.kind.code
        key = pl.lit(0)
        if fact.on:
            key = pl.when(opening).then(pl.col(f"v{fact.on[0]}")).otherwise(pl.col(f"v{fact.on[1]}"))
        stands = opening & pl.sql_expr(condition(fact, self.t))
        rows = self._rows(fact.kind.code, fact.ended_by.code).select("line", key.alias("key"), stands.alias("stands"))
        last = rows.group_by("line", "key").agg(pl.col("stands").last())
        return last.group_by("line").agg(pl.col("stands").sum().alias(fact.name))

    def _consented(self, source: str) -> pl.LazyFrame:
        given, withdrawn = KINDS["consent.given"].code, KINDS["consent.withdrawn"].code
        stands = (pl.col("kind") == given) & (pl.col("v1").is_null() | (pl.col("v1") > self.t))
        rows = self._rows(given, withdrawn).filter(pl.col("v0") == SOURCES.index(source))
        return rows.group_by("line").agg(stands.last().alias(f"consent_{source}"))


def _aggregate(fact: CountedFact, t: int) -> pl.Expr:
    counted = pl.sql_expr(condition(fact, t))
    value = pl.col(f"v{fact.slot}" if fact.field else "happened_at")
    match fact.operator:
        case "count":
            return counted.sum()
        case "sum":
            return value.filter(counted).sum()
        case "last":
            return value.filter(counted).last()
        case "age":
            return (t - value.filter(counted).max()) // fact.unit
        case "distinct":
            return value.filter(counted).n_unique()
        case "max":
            return value.filter(counted).max()
        case _:
            return value.filter(counted).min()
