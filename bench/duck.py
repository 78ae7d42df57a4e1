"""The same facts by DuckDB at its best: each kind's rows in a grouped pass of their own, over the kernel's memory."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from bench.peers import ZERO, after_column, by_kind, condition, seen, truth
from creditline.events.kinds import KINDS, SOURCES
from creditline.facts.definitions import DAY, CountedFact
from creditline.policy.model import Policy
from creditline.policy.runtime import month_index
from creditline.policy.sql import policy_sql


class DuckDb:
    """DuckDB over events and states that stay where they are."""

    def __init__(self, events: pa.Table, states: pa.Table, threads: int = 2) -> None:
        self.connection = duckdb.connect(config={"threads": threads})
        self.connection.register("events", events)
        self.connection.register("states", states)

    def exported(self, policy: Policy, t: int) -> pa.Table:
        """All facts, points and rules by the SQL a policy exports, in order of line."""
        return self.connection.sql(policy_sql(policy, t)).to_arrow_table()

    def counted(self, policy: Policy, t: int) -> pa.Table:
        """The counted facts by SQL written for speed, in no order."""
        return self.connection.sql(counted_sql(policy, t)).to_arrow_table()


def counted_sql(policy: Policy, t: int) -> str:
    """All counted facts of a policy: one part a kind, and one for each fact that needs rows compared."""
    parts, joined = [], []
    for code, facts in by_kind(policy):
        source = f"(SELECT * FROM events WHERE kind = {code} AND {seen(t)})"
        if any(fact.after for fact in facts):
            source = _sequenced(code, facts, t)
        grouped = [f"{_aggregate(fact, t)} AS {fact.name}" for fact in facts if _is_grouped(fact)]
        if grouped:
            parts.append(f"kind_{code} AS (SELECT line, {', '.join(grouped)} FROM {source} GROUP BY line)")
            joined.append(f"kind_{code}")
        for fact in facts:
            if not _is_grouped(fact):
                parts.append(f"fact_{fact.name} AS ({_compared(policy, fact, t)})")
                joined.append(f"fact_{fact.name}")
    for source in policy.consents:
        parts.append(f"consent_{source} AS ({_consented(source, t)})")
        joined.append(f"consent_{source}")
    joins = " ".join(f"LEFT JOIN {name} USING (line)" for name in joined)
    columns = ", ".join(_column(policy, fact) for fact in policy.counted_facts)
    return f"WITH {', '.join(parts)} SELECT line, {columns} FROM states {joins}"


def _is_grouped(fact: CountedFact) -> bool:
    return fact.operator not in ("streak", "falls", "rises", "months", "open", "gap")


def _column(policy: Policy, fact: CountedFact) -> str:
    value = f"coalesce({fact.name}, 0)" if fact.operator in ZERO else fact.name
    given = " AND ".join(f"consent_{source}.given" for source in sorted(fact.sources & set(policy.consents)))
    return f"CASE WHEN {given} THEN {value} END AS {fact.name}" if given else f"{value} AS {fact.name}"


def _aggregate(fact: CountedFact, t: int) -> str:
    counted = f"FILTER (WHERE {condition(fact, t)})"
    value = f"v{fact.slot}" if fact.field else "happened_at"
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


def _sequenced(code: int, facts: list[CountedFact], t: int) -> str:
    """Rows of one kind, each with the moment of the last event before it that a sequence begins with."""
    befores = {after_column(fact): fact.after.code for fact in facts if fact.after}
    columns = [
        f"max(CASE WHEN kind = {before} THEN happened_at END) OVER (PARTITION BY line ORDER BY happened_at "
        f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS {name}"
        for name, before in befores.items()
    ]
    kinds = ", ".join(str(each) for each in sorted({code, *befores.values()}))
    rows = f"SELECT *, {', '.join(columns)} FROM events WHERE kind IN ({kinds}) AND {seen(t)}"
    return f"(SELECT * FROM ({rows}) WHERE kind = {code})"


def _compared(policy: Policy, fact: CountedFact, t: int) -> str:
    """A fact for which rows of one line are compared with one another."""
    match fact.operator:
        case "months":
            return _months(policy, fact, t)
        case "open":
            return _open(fact, t)
        case _:
            return _row_of_good(fact, t)


def _row_of_good(fact: CountedFact, t: int) -> str:
    """How many of the latest in a row hold: those after the last that does not."""
    rows = f"FROM events WHERE kind = {fact.kind.code} AND {seen(t)} AND {condition(fact, t)}"
    if fact.operator == "streak":
        assert fact.holds is not None
        held = f"SELECT line, happened_at, {truth(fact.holds, fact)} AS holds {rows}"
    else:
        sign, value = "<" if fact.operator == "falls" else ">", f"v{fact.slot}"
        step = f"{value} {sign} lag({value}) OVER (PARTITION BY line ORDER BY happened_at)"
        held = f"SELECT line, happened_at, coalesce({step}, FALSE) AS holds {rows}"
    broken = "SELECT line, max(happened_at) AS moment FROM held WHERE NOT holds GROUP BY line"
    return (
        f"WITH held AS ({held}), broken AS ({broken}) SELECT line, count(*) AS {fact.name} "
        "FROM held LEFT JOIN broken USING (line) WHERE happened_at > coalesce(moment, -1) GROUP BY line"
    )


def _months(policy: Policy, fact: CountedFact, t: int) -> str:
    """Complete months in a row that end with the last one; the policy's calendar is written in whole division."""
    assert fact.holds is not None
    this = month_index(t + policy.utc_offset)
    day = f"(DATE '1970-01-01' + CAST((happened_at + {policy.utc_offset}) // {DAY} AS INTEGER))"
    rows = (
        f"SELECT line, year({day}) * 12 + month({day}) - 1 AS period, {truth(fact.holds, fact)} AS holds "
        f"FROM events WHERE kind = {fact.kind.code} AND {seen(t)}"
    )
    good = f"SELECT line, period FROM ({rows}) WHERE period < {this} GROUP BY line, period HAVING bool_and(holds)"
    placed = f"SELECT line, period + row_number() OVER (PARTITION BY line ORDER BY period DESC) AS ends FROM ({good})"
    return f"SELECT line, count(*) AS {fact.name} FROM ({placed}) WHERE ends = {this} GROUP BY line"


def _open(fact: CountedFact, t: int) -> str:
    """Openings that are the last of their key: only the last can stand."""
    assert fact.ended_by is not None
    key = "0"
    if fact.on:
        key = f"CASE WHEN kind = {fact.kind.code} THEN v{fact.on[0]} ELSE v{fact.on[1]} END"
    stands = f"kind = {fact.kind.code} AND {condition(fact, t)}"
    last = (
        f"SELECT line, arg_max({stands}, happened_at) AS stands FROM events "
        f"WHERE kind IN ({fact.kind.code}, {fact.ended_by.code}) AND {seen(t)} GROUP BY line, {key}"
    )
    return f"SELECT line, count(*) FILTER (WHERE stands) AS {fact.name} FROM ({last}) GROUP BY line"


def _consented(source: str, t: int) -> str:
    given, withdrawn = KINDS["consent.given"].code, KINDS["consent.withdrawn"].code
    stands = f"kind = {given} AND (v1 IS NULL OR v1 > {t})"
    return (
        f"SELECT line, arg_max({stands}, happened_at) AS given FROM events "
        f"WHERE kind IN ({given}, {withdrawn}) AND v0 = {SOURCES.index(source)} AND {seen(t)} GROUP BY line"
    )
