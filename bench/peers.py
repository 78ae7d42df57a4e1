"""What the kernel's peers share: the same memory as Arrow, the conditions of facts as SQL, and the plain policy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditline.events.kinds import NULL, SLOTS
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Compare, Constant, Expr, IsNull, Logic, Name, Not
from creditline.facts.slices import NEVER, Slices
from creditline.policy.compiler import STATE
from creditline.policy.model import Policy

Int64s = NDArray[np.int64]

PLAIN = ("count", "sum", "max", "min", "last", "age", "distinct")
"""Operators that one grouped pass can answer."""
ZERO = ("count", "sum", "distinct", "streak", "months", "falls", "rises", "open")
"""Operators whose fact is 0 and not NULL where nothing counts."""


def plain(policy: Policy) -> Policy:
    """The policy cut down to its plain facts: no sequences, no consents, no points, no rules."""
    facts = tuple(fact for fact in policy.counted_facts if is_plain(fact))
    return dataclasses.replace(
        policy, facts=facts, consents=(), scorecard=None, rules=(), approve=None, reopen=None, version="plain"
    )


def is_plain(fact: CountedFact) -> bool:
    """Whether one grouped pass over the fact's kind answers it."""
    return fact.operator in PLAIN and fact.after is None


def by_kind(policy: Policy) -> Iterator[tuple[int, list[CountedFact]]]:
    """Facts by the kind they count: peers read each kind's few rows apart, which serves them best."""
    ordered = sorted(policy.counted_facts, key=lambda fact: fact.kind.code)
    return ((code, list(facts)) for code, facts in groupby(ordered, key=lambda fact: fact.kind.code))


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
    cells = {"status": "STATUS", "since": "SINCE", "limit": "LIMIT", "probation_until": "PROBATION"}
    columns = {name: states[:, STATE.index(cell)].copy() for name, cell in (cells | {"closings": "CLOSINGS"}).items()}
    return pa.table({"line": np.arange(len(states), dtype=np.int32), **columns})


def _wrapped(column: NDArray[np.generic], absent: int | None = None) -> pa.Array:
    """A numpy column as Arrow without a copy; ``absent`` marks what is NULL."""
    valid = None if absent is None else pa.py_buffer(np.packbits(column != absent, bitorder="little"))
    return pa.Array.from_buffers(pa.from_numpy_dtype(column.dtype), len(column), [valid, pa.py_buffer(column)])


# -- conditions, in SQL that DuckDB and Polars both read ------------------------------------------


def seen(t: int) -> str:
    """Which events are visible at t."""
    return f"happened_at <= {t} AND known_at <= {t} AND (voided_at IS NULL OR voided_at > {t})"


def condition(fact: CountedFact, t: int) -> str:
    """Which visible events of its kind count for a fact."""
    parts = ["TRUE"] if fact.where is None else [truth(fact.where, fact)]
    if fact.window is not None:
        assert fact.window.us, f"{fact.name}: a window of calendar months is not written for peers"
        parts.append(f"happened_at > {t - fact.window.us}")
    if fact.after is not None:
        parts.append(f"happened_at - {after_column(fact)} < {fact.within}")
    if fact.operator in ("falls", "rises") and fact.field is not None and not fact.field.required:
        parts.append(f"v{fact.slot} IS NOT NULL")
    return " AND ".join(parts)


def after_column(fact: CountedFact) -> str:
    """Name of the column that holds the moment of the last event before this one that a sequence begins with."""
    assert fact.after is not None, f"{fact.name} is no sequence"
    assert fact.after_where is None, f"{fact.name}: after_where is not written for peers"
    return f"after_{fact.after.code}"


def truth(expr: Expr, fact: CountedFact) -> str:
    """A condition over the fields of the fact's kind."""
    return _truth(expr, {name: f"v{field.slot}" for name, field in fact.kind.fields.items()})


def _truth(expr: Expr, columns: Mapping[str, str]) -> str:
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
            raise NotImplementedError(f"{type(expr).__name__} in a fact: write it here for the peers")
