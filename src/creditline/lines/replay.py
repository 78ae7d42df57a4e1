"""The local batch: many lines through one kernel, in threads over plain columns."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.events.kinds import KINDS, NULL
from creditline.facts.slices import Slices
from creditline.lines import machine
from creditline.lines.decision import ACTIONS, STATUSES, Decision
from creditline.lines.kernel import Engine, kernel_of
from creditline.policy.compiler import STATE, fact_order
from creditline.policy.model import Policy
from creditline.scoring.scorecard import Scorecard, every_limit

Int64s = NDArray[np.int64]

NUMBA_FROM = 20_000
"""Events from which compiling pays; fewer are run as Python unless the kernel is compiled already."""


class KernelOverflowError(CreditlineError):
    """A number on a line left int64: the line is not decided."""


@dataclass(frozen=True)
class Failure:
    """A line that could not be decided, and why."""

    line: str
    problem: str


@dataclass(frozen=True)
class Run:
    """What a policy did to many lines."""

    slices: Slices
    policy: Policy
    states: Int64s
    """Shape (L, len(STATE)): the state each line ended in."""
    rows: Int64s
    """Decisions in the kernel's form, by line and moment."""
    failures: tuple[Failure, ...]

    def column(self, name: str) -> Int64s:
        """One cell of the final state of each line, by name (STATUS, LIMIT, ...)."""
        return self.states[:, STATE.index(name)]

    def statuses(self) -> list[str]:
        """Final status of each line."""
        return [STATUSES[code] for code in self.column("STATUS")]

    def decisions(self, rows: Int64s | None = None) -> list[Decision]:
        """All decisions (or those rows) as they are kept, by line and moment."""
        return _Telling(self).decisions(self.rows if rows is None else rows)


def run(
    slices: Slices,
    policy: Policy,
    until: int,
    *,
    since: int | None = None,
    states: Int64s | None = None,
    threads: int = 2,
    engine: Engine | None = None,
    cards: Sequence[Scorecard] | None = None,
    card_of: Int64s | None = None,
) -> Run:
    """Take every line from ``since`` (excluded; None: from its beginning) to ``until`` (included), microseconds.

    ``states`` are those the lines are in at ``since``. ``cards`` with ``card_of`` (a card's number by line) score
    lines by scorecards of their own over the policy's facts, as folds need.
    """
    woken = policy.with_scorecard(every_limit(cards)) if cards else policy
    engine = engine or _engine(slices, woken)
    states = new_states(len(slices)) if states is None else states.copy()
    table, card_of = _cards(policy, cards, card_of, len(slices))
    failed = np.zeros(len(slices), np.int64)
    walk = kernel_of(woken).function("walk_many", engine)
    width = machine.D_FACTS + len(policy.facts)
    start = BEGINNING if since is None else since

    def part(first: int, last: int) -> list[Int64s]:
        capacity, blocks, progress = max(64, 4 * (last - first)), [], np.zeros(1, np.int64)
        while first < last:
            out = np.zeros((capacity, width), np.int64)
            n = walk(
                first, last, start, until, slices.offsets, slices.at, slices.known, slices.until, slices.kind,
                slices.values, slices.visits, states, table, card_of, failed, out, progress,
            )  # fmt: skip
            blocks.append(out[:n])
            capacity = capacity * 4 if progress[0] == first else capacity
            first = int(progress[0])
        return blocks

    blocks = _in_threads(part, _shares(slices, threads), threads)
    rows = np.concatenate([np.empty((0, width), np.int64), *blocks])
    return Run(slices, policy, states, rows, _failures(slices, woken, failed, until, table, card_of))


BEGINNING = -(2**62)
"""Before every event."""


@dataclass(frozen=True)
class Look:
    """One as-of decision for each line."""

    facts: Int64s
    """Shape (L, facts) in the policy's order of facts; no rows where they were not asked for."""
    verdicts: Int64s
    """Shape (L, 6): points, fired, held, cured (bits by rule), action, reasons (bits)."""
    failures: tuple[Failure, ...]


def look(
    slices: Slices,
    policy: Policy,
    t: int,
    states: Int64s,
    *,
    threads: int = 2,
    engine: Engine | None = None,
    keep_facts: bool = True,
) -> Look:
    """What the policy would do with each line at moment t, given its state."""
    engine = engine or _engine(slices, policy)
    table, card_of = _cards(policy, None, None, len(slices))
    failed = np.zeros(len(slices), np.int64)
    facts = np.zeros((len(slices) if keep_facts else 0, len(policy.facts)), np.int64)
    verdicts = np.zeros((len(slices), 6), np.int64)
    look_many = kernel_of(policy).function("look_many", engine)

    def part(first: int, last: int) -> list[Int64s]:
        look_many(
            first, last, t, slices.offsets, slices.at, slices.known, slices.until, slices.kind, slices.values, states,
            table, card_of, failed, facts, verdicts,
        )  # fmt: skip
        return []

    _in_threads(part, _shares(slices, threads), threads)
    return Look(
        facts, verdicts, tuple(Failure(slices.lines[i], "outside int64") for i in np.flatnonzero(failed).tolist())
    )


def measure(
    slices: Slices, policy: Policy, t: int, *, states: Int64s | None = None, engine: Engine | None = None
) -> dict[str, Int64s]:
    """Facts of every line at moment t in numeric form, by name; lines are taken as open with the limit last set."""
    states = opened_states(slices, t) if states is None else states
    seen = look(slices, policy, t, states, engine=engine)
    if seen.failures:
        raise KernelOverflowError(f"line {seen.failures[0].line}", "a fact", "check its amounts", "is outside int64")
    return {name: seen.facts[:, place] for place, name in enumerate(fact_order(policy))}


def new_states(lines: int) -> Int64s:
    """States of lines of which nothing is known yet."""
    return np.zeros((lines, len(STATE)), np.int64)


def opened_states(slices: Slices, t: int) -> Int64s:
    """States as if every line were open, with the limit its latest visible opening or limit event gives."""
    states = new_states(len(slices))
    states[:, STATE.index("STATUS")] = STATUSES.index("open")
    codes = [KINDS["line.opened"].code, KINDS["line.limit_set"].code]
    rows = np.flatnonzero(np.isin(slices.kind, codes) & (slices.known <= t) & (slices.until > t))
    rows = rows[np.argsort(slices.at[rows], kind="stable")]
    owner = np.searchsorted(slices.offsets, rows, side="right") - 1
    states[owner, STATE.index("LIMIT")] = slices.values[0, rows]
    states[owner, STATE.index("LIMIT_SINCE")] = slices.at[rows]
    opened = rows[slices.kind[rows] == codes[0]]
    owner = np.searchsorted(slices.offsets, opened, side="right") - 1
    states[owner, STATE.index("SINCE")] = slices.at[opened]
    return states


def _engine(slices: Slices, policy: Policy) -> Engine:
    return "numba" if len(slices.at) >= NUMBA_FROM or kernel_of(policy).is_ready else "python"


def card_tables(policy: Policy, lines: int) -> tuple[Int64s, Int64s]:
    """The policy's own scorecard as the kernel reads it, and the card of every line."""
    return _cards(policy, None, None, lines)


def _cards(
    policy: Policy, cards: Sequence[Scorecard] | None, card_of: Int64s | None, lines: int
) -> tuple[Int64s, Int64s]:
    cells = {name: cell for cell, name in enumerate(fact_order(policy))}
    every = cards or [policy.scorecard or Scorecard(0)]
    for card in every:
        if unknown := sorted(set(card.facts) - cells.keys()):
            remedy = f"score facts of the policy {policy.name}"
            raise CreditlineError("scorecard", ", ".join(unknown), remedy, "scores facts the policy does not have")
    tables = [card.table(cells) for card in every]
    table = np.zeros((len(tables), max(map(len, tables))), np.int64)
    for number, said in enumerate(tables):
        table[number, : len(said)] = said
    return table, np.zeros(lines, np.int64) if card_of is None else card_of.astype(np.int64)


def _shares(slices: Slices, threads: int) -> list[tuple[int, int]]:
    """Lines in runs with about the same number of events each."""
    marks = np.linspace(0, slices.offsets[-1], threads * 8 + 1)[1:-1] if len(slices) > 1000 else np.array([])
    cuts = np.unique([0, *np.searchsorted(slices.offsets, marks), len(slices)])
    return list(pairwise(cuts.tolist()))


def _in_threads(part: Callable[[int, int], list[Int64s]], shares: list[tuple[int, int]], threads: int) -> list[Int64s]:
    if threads == 1 or len(shares) <= 1:
        return [block for share in shares for block in part(*share)]
    with ThreadPoolExecutor(threads) as pool:
        return [block for blocks in pool.map(lambda share: part(*share), shares) for block in blocks]


def _failures(
    slices: Slices, policy: Policy, failed: Int64s, until: int, table: Int64s, card_of: Int64s
) -> tuple[Failure, ...]:
    """For each failed line the statement that failed, found by walking it again as Python."""
    return tuple(
        Failure(slices.lines[line], _why(slices, policy, line, until, table, card_of))
        for line in np.flatnonzero(failed).tolist()
    )


def _why(slices: Slices, policy: Policy, line: int, until: int, table: Int64s, card_of: Int64s) -> str:
    kernel = kernel_of(policy)
    walk = kernel.function("walk", "python")
    lo, hi = slices.offsets[line], slices.offsets[line + 1]
    f, r, d = (np.zeros(len(policy.facts) + 70, np.int64) for _ in range(3))
    scratch = np.zeros((len(policy.facts) + 1, hi - lo + 1), np.int64)
    out = np.zeros((10 * (hi - lo + 10), machine.D_FACTS + len(policy.facts)), np.int64)
    state = new_states(1)[0]
    try:
        begin, ends = np.zeros(128, np.int64), np.zeros(128, np.int64)
        kernel.function("mark", "python")(slices.kind, lo, hi, begin, ends)
        walk(line, lo, hi, begin, ends, BEGINNING, until, slices.at, slices.known, slices.until, slices.kind,
             slices.values, slices.visits, state, table[card_of[line]], f, r, d, scratch, out, 0)  # fmt: skip
    except OverflowError as error:
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.name in ("measure", "judge", "score")
        ]
        return f"{error} in: {frames[-1].line}" if frames else str(error)
    return "could not be decided"


class _Telling:
    """Turns the kernel's rows into decisions."""

    def __init__(self, run: Run) -> None:
        self.run = run
        policy, slices = run.policy, run.slices
        self.codes = [rule.code for rule in policy.rules]
        self.by_weight = sorted(range(len(policy.rules)), key=lambda i: (-policy.rules[i].severity, i))
        self.names = fact_order(policy)
        seen = slices.position[slices.visits]
        self.positions = seen
        self.slices = slices

    def decisions(self, rows: Int64s) -> list[Decision]:
        number, last = 0, -1
        told = []
        for cells in rows.tolist():
            number = number + 1 if cells[machine.D_LINE] == last else self._first_number(cells)
            last = cells[machine.D_LINE]
            told.append(self._one(cells, number))
        return told

    def _first_number(self, cells: Sequence[int]) -> int:
        """Where this line's numbers begin: after those it had before this run."""
        line = cells[machine.D_LINE]
        rows = self.run.rows
        mine = int(np.searchsorted(rows[:, 0], line, "right") - np.searchsorted(rows[:, 0], line, "left"))
        return int(self.run.column("DECISIONS")[line]) - mine

    def _one(self, cells: Sequence[int], number: int) -> Decision:
        m, slices = machine, self.slices
        line, trigger = cells[m.D_LINE], cells[m.D_TRIGGER]
        first = int(slices.offsets[line])
        seen = self.positions[first : cells[m.D_SEEN]]
        return Decision(
            line=slices.lines[line],
            at=cells[m.D_T],
            number=number,
            action=ACTIONS[cells[m.D_ACTION]],
            status_before=STATUSES[cells[m.D_STATUS_BEFORE]],
            status=STATUSES[cells[m.D_STATUS]],
            limit_before=cells[m.D_LIMIT_BEFORE],
            limit=cells[m.D_LIMIT],
            points=cells[m.D_POINTS],
            reasons=self._reasons(cells),
            policy=self.run.policy.version,
            position=int(seen.max()) if len(seen) else 0,
            trigger=slices.ids[trigger] if trigger >= 0 and slices.ids is not None else None,
            facts={name: _value(cell) for name, cell in zip(self.names, cells[m.D_FACTS :], strict=True)},
            fired=self._codes(cells[m.D_FIRED]),
            held=self._codes(cells[m.D_HELD]),
            standing=self._by_weight(cells[m.D_STANDING]),
            cooling_until=cells[m.D_COOLING] or None,
            probation_until=cells[m.D_PROBATION] or None,
            rate=_value(cells[m.D_RATE]),
        )

    def _reasons(self, cells: Sequence[int]) -> tuple[str, ...]:
        """Principal reasons: most severe first, then as the policy orders them."""
        codes = self._by_weight(cells[machine.D_REASONS])
        if cells[machine.D_CAUSE] == machine.BY_APPROVAL and self.run.policy.approve:
            return (self.run.policy.approve.code,)
        return (*codes, "BLOCK") if cells[machine.D_CAUSE] == machine.BY_BLOCK else codes

    def _by_weight(self, bits: int) -> tuple[str, ...]:
        """Codes of rules given as bits, most severe first, then as the policy orders them."""
        return tuple(self.codes[i] for i in self.by_weight if bits >> i & 1) if bits else ()

    def _codes(self, bits: int) -> tuple[str, ...]:
        """Codes of rules given as bits, as the policy orders them."""
        return tuple(code for i, code in enumerate(self.codes) if bits >> i & 1) if bits else ()


def _value(cell: int) -> int | None:
    return None if cell == NULL else cell
