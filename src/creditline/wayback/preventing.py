"""The smallest thing that prevents a decision: of the levers open to a line, or of one that will open in time.

Combinations of up to ``USES_MAX`` uses are run through the kernel in the order of what they ask, so the first in whose
future the decision does not come is the smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product

from creditline.events.event import Event
from creditline.facts.slices import from_events
from creditline.lines.kernel import Engine
from creditline.lines.replay import run
from creditline.policy.evaluating import Values, value_of
from creditline.policy.levers import Lever
from creditline.policy.model import ATTRIBUTES, Rule
from creditline.wayback.ahead import Hit, engine_of, first_of, lives, nothing_done
from creditline.wayback.cures import cure_of, kinds_read
from creditline.wayback.loans import Loans
from creditline.wayback.moves import Done, Future, Use, available, carried_out, payer, ways
from creditline.wayback.predict import slices_of
from creditline.wayback.situation import HORIZON, Situation, values_at

USES_MAX = 3
"""Levers used together at most."""

WEIGHED_MAX = 4096
"""Combinations weighed at most; of more, the first in order of the levers' names."""

BATCH = 16
"""Futures run through the kernel at once."""

LoansOf = Callable[[Sequence[Event], int], Loans]
"""The loans of a line from the events of it known by a moment, microseconds."""


@dataclass(frozen=True)
class Step:
    """One thing to do on a day."""

    day: int
    """Local day."""
    lever: Lever
    amount: int | None
    """Minor units; None for what costs no money."""
    chosen: int | None
    repeated: int


@dataclass(frozen=True)
class Prevention:
    """A combination of levers in whose future a decision does not come."""

    steps: tuple[Step, ...]
    """In order of day."""
    uses: tuple[Done, ...]
    """In order of lever."""
    money: int
    """What the uses cost, minor units; instalments that are owed anyway do not count."""
    effort: int
    next: Hit | None
    """The first decision against the borrower that comes in this future by ``until``, for other reasons."""
    until: int
    """Up to which moment it is prevented, microseconds."""
    opens: int | None = None
    """The local day from which on the levers are there, where they are not yet; steps are dated from then."""


def until_of(situation: Situation, hit: Hit, within: int) -> int:
    """Up to when a decision must not come to be prevented."""
    return min(hit.at + within, situation.now + HORIZON)


def levers_for(situation: Situation, rule: Rule, levers: Sequence[Lever]) -> list[Lever]:
    """Levers that make known an event the rule rests on.

    A rule that reads the line's own attributes rests on all that moves them, and so does one that sets the limit.
    """
    policy = situation.policy
    exprs = [rule.when]
    if rule.limit is not None or policy.counted(rule.when) & ATTRIBUTES.keys():
        read = [each for each in policy.rules if each.on_line]
        exprs = [expr for each in read for expr in (each.when, cure_of(each), each.limit) if expr is not None]
        exprs += [policy.reopen.when, policy.reopen.limit] if policy.reopen else []
    kinds = kinds_read(policy, exprs)
    return [lever for lever in levers if lever.kinds & kinds]


def smallest(
    situation: Situation, rule: Rule, until: int, levers: Sequence[Lever], engine: Engine | None = None
) -> Prevention | None:
    """The smallest combination of these levers after which no decision for a rule comes by ``until``.

    Smaller is: less money, then less effort, then fewer uses, then by name and amount.
    """
    futures = sorted(weighed(situation, levers), key=_size)
    for first in range(0, len(futures), BATCH):
        batch = futures[first : first + BATCH]
        found = lives(situation, [each.events for each in batch], until, engine)
        for future, life in zip(batch, found, strict=True):
            if life is not None and first_of(life, rule.code) is None:
                return _told(situation, future, life[0] if life else None, until)
    return None


def weighed(situation: Situation, levers: Sequence[Lever]) -> list[Future]:
    """The futures of all combinations of some of these levers, each used in one way."""
    futures = (carried_out(situation, uses) for uses in islice(_combined(situation, levers), WEIGHED_MAX))
    return [future for future in futures if future is not None]


def _combined(situation: Situation, levers: Sequence[Lever]) -> Iterator[tuple[Use, ...]]:
    options = [ways(situation, lever) for lever in levers]
    for size in range(1, USES_MAX + 1):
        for chosen in combinations(options, size):
            yield from product(*chosen)


def _size(future: Future) -> tuple[object, ...]:
    named = tuple((each.use.lever.name, each.use.chosen, each.use.times, each.day) for each in future.done)
    return (future.money, future.effort, len(future.done), named)


def _told(situation: Situation, future: Future, next_: Hit | None, until: int) -> Prevention:
    steps = sorted(
        (step for each in future.done for step in _steps(situation, each, future, until)),
        key=lambda step: (step.day, step.lever.name),
    )
    return Prevention(tuple(steps), future.done, future.money, future.effort, next_, until)


def _steps(situation: Situation, done: Done, future: Future, until: int) -> Iterator[Step]:
    """A use as people do it: what is paid through the lending core, payment by payment."""
    use = done.use
    if use.lever.does is None:
        chosen = use.chosen if use.lever.chosen is not None else None
        yield Step(done.day, use.lever, use.money or None, chosen, use.times)
        return
    for day, amount in situation.ahead(future.paying).payments:
        if payer(future.paying, day) == use.lever.does and situation.noon(day) <= until:
            yield Step(day, use.lever, amount, use.chosen or None, 1)


# -- levers that are not there yet ------------------------------------------------------------------


def opening(
    situation: Situation, rule: Rule, hit: Hit, until: int, loans_of: LoansOf | None, engine: Engine | None = None
) -> Prevention | None:
    """The smallest prevention by levers that are not there now, on the first day on which there is one.

    Nothing is done before that day; the levers there on it are used from the day after.
    """
    there = {lever.name for lever in available(situation)}
    waiting = [lever for lever in situation.policy.levers if lever.name not in there]
    waiting = levers_for(situation, rule, waiting)
    if not waiting:
        return None
    future, last = nothing_done(situation).events, situation.day_of(hit.at)
    days = _Days(situation, future, engine or engine_of(situation.policy))
    for day in range(situation.today + 1, last):
        at = situation.noon(day)
        if not days.new(waiting, there, at):
            continue
        then = days.situation(at, loans_of)
        found = smallest(then, rule, until, levers_for(then, rule, available(then)), engine)
        if found is not None:
            return Prevention(found.steps, found.uses, found.money, found.effort, found.next, until, day)
    return None


class _Days:
    """A line in the future in which nothing is done, day after day."""

    def __init__(self, situation: Situation, future: Sequence[Event], engine: Engine) -> None:
        self.now, self.events, self.engine = situation, future, engine
        self.slices = slices_of(situation, [future])
        self.states, self.at = situation.state[None, :].copy(), situation.now

    def new(self, waiting: Sequence[Lever], there: set[str], at: int) -> bool:
        """Whether a lever is there at a moment that was not before; those that are, are noted in ``there``."""
        policy = self.now.policy
        self.states = run(
            self.slices, policy, at, since=self.at, states=self.states, threads=1, engine=self.engine
        ).states
        self.at = at
        values = values_at(policy, self.slices, self.states, at)
        found = {each.name for each in waiting if each.name not in there and _is_there(each, values)}
        there |= found
        return bool(found)

    def situation(self, at: int, loans_of: LoansOf | None) -> Situation:
        """The line as it then stands."""
        now = self.now
        seen = [*now.events, *(each for each in self.events if each.known <= at)]
        loans = loans_of(seen, at) if loans_of is not None and now.loans is not None else None
        return Situation(now.line, now.policy, at, seen, from_events(seen), self.states[0], loans)


def _is_there(lever: Lever, values: Values) -> bool:
    try:
        return lever.when is None or value_of(lever.when, values) == 1
    except OverflowError:
        return False


__all__ = [
    "USES_MAX", "LoansOf", "Prevention", "Step", "levers_for", "opening", "smallest", "until_of", "weighed",
]  # fmt: skip
