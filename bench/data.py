"""Columns of events straight from a seeded generator: many lines, one year, the mix the consumer policy reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditline.events.event import Event
from creditline.events.kinds import KINDS, NULL, SLOTS, SOURCES
from creditline.facts.definitions import DAY
from creditline.facts.slices import NEVER, Slices, from_events
from creditline.lines.replay import opened_states
from creditline.simulate import stream

Int64s = NDArray[np.int64]

YEAR = 365 * DAY
BEGIN = 20_089 * DAY
"""First moment of the year, 1 January 2025 UTC."""
END = BEGIN + YEAR
"""The moment of decision."""

POOL = 1 << 16
"""Different happenings drawn once; every row is one of them at a time of its own."""

BLOCK = 5_000
"""Lines generated at a time, so that what is drawn for them stays small."""

MIX: Mapping[str, int] = {
    "spending.observed": 180, "login.recorded": 160, "draw.booked": 120, "repayment.received": 120,
    "instalment.settled": 90, "transfer.sent": 80, "income.received": 70, "statement.closed": 50,
    "transfer.received": 30, "outside_instalment.paid": 30, "bureau.reported": 25, "score.reported": 20,
    "arrears.changed": 20, "profile.updated": 10, "application.received": 6, "purpose.checked": 3,
    "purpose.evidenced": 3, "evidence.accepted": 3, "tie.found": 2, "tie.ended": 2, "news.published": 2,
    "news.cleared": 1,
}  # fmt: skip
"""Weights of the kinds after a line's beginning."""

CONSENTS = ("bureau", "score", "bank")
PREAMBLE = (
    "party.identified",
    *("consent.given" for _ in CONSENTS),
    "profile.updated",
    "application.received",
    "line.opened",
)
"""How every line begins, so that facts which need a consent are counted."""


@dataclass(frozen=True)
class Pool:
    """Happenings to draw from, in numeric form."""

    kind: NDArray[np.uint8]
    values: Int64s
    """Shape (SLOTS, POOL)."""


def pool(rng: np.random.Generator) -> Pool:
    """Happenings in the proportions of ``MIX``, each field within its bounds."""
    names = list(MIX)
    weights = np.array(list(MIX.values()), float)
    drawn = rng.choice(len(names), POOL, p=weights / weights.sum())
    values = np.full((SLOTS, POOL), NULL, np.int64)
    for number, name in enumerate(names):
        rows = np.flatnonzero(drawn == number)
        for field in KINDS[name].fields.values():
            values[field.slot, rows] = _drawn(rng, field.unit, field.maximum, len(rows))
    codes = np.array([KINDS[name].code for name in names], np.uint8)
    return Pool(codes[drawn], values)


def _drawn(rng: np.random.Generator, unit: str, maximum: int | None, n: int) -> Int64s:
    """Values of one field: mostly harmless, now and then not."""
    match unit:
        case "money":
            return rng.integers(1, 5_000_00, n)
        case "flag":
            return (rng.random(n) < 0.1).astype(np.int64)
        case "choice":
            assert maximum is not None
            return np.where(rng.random(n) < 0.8, 0, rng.integers(0, maximum + 1, n))
        case "days" | "months":
            return np.where(rng.random(n) < 0.9, 0, rng.integers(1, 40, n))
        case "score":
            return rng.integers(480, 760, n)
        case "hour":
            return rng.integers(0, 24, n)
        case "count":
            return rng.integers(0, 7, n)
        case _:
            return rng.integers(1, 9, n)


def generate(lines: int, events: int, seed: int = 1, first: int = 0, *, by_time: bool = False) -> Slices:
    """``lines`` lines, numbered from ``first``, with ``events`` events each over the year before ``END``.

    ``events`` must be above the length of ``PREAMBLE``. Within a line rows lie by kind and time as the kernel wants
    them, or ``by_time`` alone as its peers do. Positions and the order of visits are views of no size: decisions as
    of one moment read neither.
    """
    assert events > len(PREAMBLE), f"{events} events a line leave no room after its beginning"
    n = lines * events
    rng = np.random.default_rng([seed, first])
    happenings = pool(np.random.default_rng(seed))
    at, known, until = (np.empty(n, np.int64) for _ in range(3))
    kind, values = np.empty(n, np.uint8), np.empty((SLOTS, n), np.int64)
    for start in range(0, lines, BLOCK):
        block = _block(rng, happenings, min(BLOCK, lines - start), events, by_time=by_time)
        rows = slice(start * events, start * events + len(block.at))
        at[rows], known[rows], until[rows], kind[rows] = block.at, block.known, block.until, block.kind
        values[:, rows] = block.values
    names = [f"L{line:07d}" for line in range(first, first + lines)]
    nothing = np.broadcast_to(np.int64(0), (n,))
    return Slices(names, np.arange(0, n + 1, events), at, known, until, kind, values, nothing, nothing)


@dataclass(frozen=True)
class _Block:
    """Columns of some lines."""

    at: Int64s
    known: Int64s
    until: Int64s
    kind: NDArray[np.uint8]
    values: Int64s


def _block(rng: np.random.Generator, happenings: Pool, lines: int, events: int, *, by_time: bool) -> _Block:
    n = lines * events
    at = _moments(rng, lines, events)
    known = at + _delays(rng, n)
    until = np.where(rng.random(n, dtype=np.float32) < 0.001, known + DAY, NEVER)
    chosen = rng.integers(0, POOL, n)
    kind, values = happenings.kind[chosen], happenings.values[:, chosen]
    _begin(rng, np.arange(0, n, events), kind, values)
    if by_time:
        return _Block(at, known, until, kind, values)
    rows = np.argsort(kind.reshape(lines, events), axis=1, kind="stable")
    rows += np.arange(0, n, events)[:, None]
    order = rows.ravel()
    return _Block(at[order], known[order], until[order], kind[order], values[:, order])


def _moments(rng: np.random.Generator, lines: int, events: int) -> Int64s:
    """Strictly increasing moments within the year, line by line."""
    steps = np.cumsum(rng.integers(1, 1 << 20, (lines, events + 1), dtype=np.int32), axis=1, dtype=np.int64)
    return (BEGIN + steps[:, :-1] * (YEAR // steps[:, -1:])).ravel()


def _delays(rng: np.random.Generator, n: int) -> Int64s:
    """How much later each event became known: mostly at once, now and then up to three days."""
    return np.where(rng.random(n, dtype=np.float32) < 0.05, rng.integers(0, 3 * DAY, n), 0)


def _begin(rng: np.random.Generator, first: Int64s, kind: NDArray[np.uint8], values: Int64s) -> None:
    """Write the beginning of every line over its first rows."""
    for place, name in enumerate(PREAMBLE):
        kind[first + place] = KINDS[name].code
        values[:, first + place] = NULL
    values[0, first], values[1, first] = 0, 1
    for place, source in enumerate(CONSENTS, start=1):
        values[0, first + place] = SOURCES.index(source)
    profile = first + len(CONSENTS) + 1
    values[0, profile], values[1, profile] = 0, rng.integers(300_000, 2_000_000, len(first))
    values[0, profile + 1] = values[0, profile + 2] = rng.integers(50, 1_000, len(first)) * 10_000


def opened(slices: Slices) -> Int64s:
    """States of lines that stand open at ``END`` with the limit their opening gave."""
    return opened_states(slices, END)


def head(slices: Slices, lines: int) -> Slices:
    """The first lines alone, in columns of their own."""
    n = int(slices.offsets[lines])
    return Slices(
        slices.lines[:lines], slices.offsets[: lines + 1], slices.at[:n], slices.known[:n], slices.until[:n],
        slices.kind[:n], np.ascontiguousarray(slices.values[:, :n]), slices.visits[:n], slices.position[:n],
    )  # fmt: skip


def tiled(slices: Slices, times: int) -> Slices:
    """The same lines ``times`` over, under ids of their own."""
    n = len(slices.at)
    shift = np.repeat(np.arange(times) * n, n)
    offsets = np.concatenate([slices.offsets[:-1] + n * k for k in range(times)] + [np.array([n * times])])
    names = [f"{line}-{k}" for k in range(times) for line in slices.lines]
    at, known, until = (np.tile(column, times) for column in (slices.at, slices.known, slices.until))
    kind, position = np.tile(slices.kind, times), np.tile(slices.position, times)
    values, visits = np.tile(slices.values, (1, times)), np.tile(slices.visits, times) + shift
    return Slices(names, offsets.astype(np.int64), at, known, until, kind, values, visits, position)


def simulated(borrowers: int, months: int, seed: int = 1) -> Slices:
    """Histories of simulated persons, who open, close and reopen as life goes."""
    events: list[Event] = []
    for lived, truth in stream(borrowers, months, seed):
        if truth.party == "person":
            events += lived
    return from_events(events)
