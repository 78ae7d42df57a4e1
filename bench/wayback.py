"""Plans of very many closed lines, beside optbinning's counterfactual on the same scorecard. SIMULATED from a seed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from bench import data
from bench.cases import POLICY, Row, Scale
from bench.counterfactual import Peer, complete
from bench.timing import Timing, timed
from creditline.events.event import Event
from creditline.events.kinds import KINDS
from creditline.facts.definitions import DAY
from creditline.facts.slices import Slices, from_events
from creditline.lending.product import load_product, shipped_products
from creditline.lines.kernel import Engine
from creditline.lines.replay import measure, run
from creditline.policy import load_policy
from creditline.policy.compiler import STATE
from creditline.policy.model import Policy
from creditline.replay.heeding import heed, limits_by
from creditline.simulate import Lived, live_again
from creditline.simulate.account import reference
from creditline.simulate.chance import Chance
from creditline.simulate.limits import Limits
from creditline.simulate.period import ENDS, OFFSET
from creditline.simulate.portfolio import WHOLE, behaviour_at
from creditline.wayback.debts import Debts, packed
from creditline.wayback.loans import Loans
from creditline.wayback.planner import Plans, plans_many

Int64s = NDArray[np.int64]

MONTHS = 12
MOMENT = ENDS - 105 * DAY + DAY // 2
"""When the lines are looked at: about one line in eight is closed then, for all kinds of reasons."""

SHUT = ("closed", "frozen")

COMPILED_FROM = 100
"""Lines from which compiling pays."""

BATCH = 500
"""Borrowers who live and are decided on together."""

BAR = 2_000
"""Lines a second on one core, three plans each."""

ENOUGH = 560
"""Points without which no line comes back under the policy; what the peer is asked to reach."""

USUAL = 600
"""Borrowers, closed or not, by whose lines the peer judges what is usual."""

ASKED, SECONDS = 20, 60
"""Lines the peer is asked for, and seconds after which it is asked for no more."""


# -- the lines --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shut:
    """Lines of persons that are closed or frozen at ``MOMENT`` under the shipped policy. SIMULATED."""

    events: Sequence[Sequence[Event]]
    """What a log would hold of each line, as known then; in the order of ``slices.lines``."""
    slices: Slices
    """The same in columns, with ids."""
    states: Int64s
    """Shape (L, len(STATE))."""
    policy: Policy

    def lent(self) -> tuple[Shut, list[Loans]]:
        """The lines with what their log lacks of days gone by, as situations have them, and the loans of each."""
        products = {reference(name): load_product(name) for name in shipped_products()}
        told = zip(self.slices.lines, self.events, strict=True)
        loans = [Loans(line, events, products, OFFSET, MOMENT) for line, events in told]
        events = [[*events, *each.missing] for events, each in zip(self.events, loans, strict=True)]
        return replace(self, events=events, slices=from_events(chain.from_iterable(events))), loans


def closed_lines(borrowers: int, seed: int) -> tuple[Slices, Int64s, int]:
    """The lines of so many borrowers that are closed or frozen at a moment: slices as known then, states, moment.

    They live as they would whatever anybody decides. SIMULATED.
    """
    shut = shut_lines(borrowers, seed)
    return shut.slices, shut.states, MOMENT


def lent_lines(borrowers: int, seed: int) -> tuple[Slices, Int64s, list[Loans]]:
    """As ``closed_lines``, of lives that drew only what the policy's decisions left, with the loans of each line."""
    shut, loans = shut_lines(borrowers, seed, heeded=True).lent()
    return shut.slices, shut.states, loans


def shut_lines(borrowers: int, seed: int, *, heeded: bool = False) -> Shut:
    """The lines of so many borrowers that are closed or frozen at ``MOMENT``; ``heeded`` as in ``lent_lines``."""
    policy = load_policy(POLICY)
    kept: dict[str, list[Event]] = {}
    for batch in _batches(borrowers, seed):
        mine = _heeded(batch, seed, policy) if heeded else [lived for _, lived in batch]
        known = {lived.truth.line: [each for each in lived.events if _is_known(each)] for lived in mine}
        ran = run(from_events(chain.from_iterable(known.values())), policy, MOMENT, threads=1)
        shut = (line for line, status in zip(ran.slices.lines, ran.statuses(), strict=True) if status in SHUT)
        kept |= {line: known[line] for line in shut}
    slices = from_events(chain.from_iterable(kept.values()))
    states = run(slices, policy, MOMENT, threads=1).states
    return Shut([kept[line] for line in slices.lines], slices, states, policy)


def _is_known(event: Event) -> bool:
    """Whether the kernel may see it at ``MOMENT``."""
    return event.known <= MOMENT and not KINDS[event.kind].struct.is_truth


def _batches(borrowers: int, seed: int) -> Iterator[list[tuple[int, Lived]]]:
    """Persons with their place among all borrowers; who does nothing that could set off a rule is not lived at all."""
    drawn = ((place, behaviour_at(Chance(seed, place).below(WHOLE))) for place in range(borrowers))
    risky = (place for place, behaviour in drawn if behaviour.party == "person" and behaviour.seen_as)
    while batch := list(islice(risky, BATCH)):
        yield [(place, live_again(place, MONTHS, seed, None)) for place in batch]


def _heeded(batch: Sequence[tuple[int, Lived]], seed: int, policy: Policy) -> Sequence[Lived]:
    def again(place: int, limits: Limits) -> Lived:
        return live_again(batch[place][0], MONTHS, seed, limits)

    return heed([lived for _, lived in batch], again, limits_by({POLICY: policy}, ENDS, "numba")).lived


# -- ours -------------------------------------------------------------------------------------------


def _ours(shut: Shut, debts: Debts | None = None) -> Callable[[], Plans]:
    """Three plans for each line, on one core."""
    # A handful is planned sooner than the planner is compiled.
    engine: Engine | None = "numba" if len(shut.slices) >= COMPILED_FROM else None
    # Debts keep what is worked out of them, so that only a copy is as they come.
    return lambda: plans_many(shut.slices, shut.policy, shut.states, MOMENT, debts=deepcopy(debts), engine=engine)


# -- the case ---------------------------------------------------------------------------------------


def wayback(scale: Scale) -> Iterator[Row]:
    """Lines a second without and with loans in the lending core, and the peer on the same card."""
    shut = shut_lines(scale.closed, 1)
    took, plans = _took(_ours(shut), scale)
    yield _row("closed or frozen lines", shut, took, plans)
    yield from _against(shut, took.median / len(shut.slices))
    lent = shut_lines(scale.lent, 8, heeded=True)
    began = time.perf_counter()
    lent, loans = lent.lent()
    debts = packed(loans)
    before = (time.perf_counter() - began) / len(loans)
    row = _row("such lines with loans in the lending core", lent, *_took(_ours(lent, debts), scale))
    # The bar is for the planner; what the lending core adds to it is told beside.
    figure = f"{row.figure}; {before * 1e3:.2f} ms a line to work out the loans beforehand"
    yield replace(row, figure=figure)


def _took(plan: Callable[[], Plans], scale: Scale) -> tuple[Timing, Plans]:
    """What it took, and what came of it."""
    found: list[Plans] = []
    took = timed(lambda: found.append(plan()), max(1, scale.repeat // 2))
    return took, found[-1]


def _row(lines: str, shut: Shut, took: Timing, plans: Plans) -> Row:
    assert not plans.failed.any(), f"{int(plans.failed.sum())} lines could not be planned for"
    count = len(shut.slices)
    place = [rule.code for rule in shut.policy.rules].index("T01")
    late = float(np.mean(shut.states[:, STATE.index("REASONS")] >> place & 1))
    what = f"three plans each for {count:,} {lines} (late payment stands against {late:.0%}), one core"
    figure = (
        f"{count / took.median:,.0f} lines/s (best {count / took.best:,.0f}); {np.mean(plans.found.any(axis=1)):.0%} "
        f"have plans; {np.mean(plans.weighed):.0f} combinations weighed a line"
    )
    return Row("wayback", what, figure, f"at least {BAR:,}", count / took.median >= BAR)


def _against(shut: Shut, ours: float) -> Iterator[Row]:
    """The peer asked for lines with too few points, one by one; ``ours`` is seconds a line."""
    card = shut.policy.scorecard
    assert card is not None
    lived = data.simulated(USUAL, MONTHS, seed=2)
    stand = run(lived, shut.policy, MOMENT, threads=1).states
    peer = Peer(card, complete(measure(lived, shut.policy, MOMENT, states=stand), card.facts))
    facts = complete(measure(shut.slices, shut.policy, MOMENT, states=shut.states), card.facts)
    points = card.points(facts)
    if np.abs(peer.points(facts) - points).max() > 1e-6:
        raise SystemExit("bench: the peer's card gives other points")
    few = np.flatnonzero(points < ENOUGH)
    asked = few[np.unique(np.linspace(0, len(few) - 1, ASKED).astype(int))] if len(few) else few
    seconds, found, began = list[float](), 0, time.perf_counter()
    for query in ({fact: float(facts[fact][row]) for fact in card.facts} for row in asked.tolist()):
        if time.perf_counter() - began > SECONDS:
            break
        start = time.perf_counter()
        found += peer.reach(query, ENOUGH)
        seconds.append(time.perf_counter() - start)
    if not seconds:
        return
    each = statistics.median(seconds)
    what = (
        f"optbinning: a counterfactual of a line under {ENOUGH} points, the same card; one undated change of facts by "
        "the score alone, where ours are three dated and proved plans by all rules"
    )
    figure = f"{each:.4f} s (median of {len(seconds)}, {found} found); {each / ours:.0f} times ours"
    yield Row("wayback", what, figure)
