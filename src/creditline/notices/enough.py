"""What would have been enough: the nearest values of facts at which a condition comes out otherwise.

First every fact is tried alone, all else equal: facts that rest on it and the points are worked out anew. The values
tried are those where a comparison turns, found exactly by halving, the fact's own bounds, its choices, and the limits
of the scorecard. Where no fact does alone, the condition is taken apart at its ``and`` and ``or`` for the smallest set
that does together. What is proposed has always been tried on the whole condition, and never makes another rule of the
same weight fire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import combinations, islice, product
from math import inf

from creditline.events.kinds import NULL
from creditline.facts.expressions import Compare, Constant, Expr, Logic, Name, Not
from creditline.notices.reading import Reading, reading_of
from creditline.policy.evaluating import Values, value_of
from creditline.policy.model import Policy

WAYS_MAX = 24
"""Alternatives followed at one ``and`` or ``or``."""

POINTS_MAX = 12
"""Values of one fact tried together with those of others."""

TRIES_MAX = 3_000
"""Sets of values tried at most where taking the condition apart leads nowhere."""

REACH = 10**13
"""How far values without a bound of their own are looked for, in numeric form."""

Goal = Callable[[Values], bool]


class Want(Enum):
    """What a condition is to come out as; NULL is neither TRUE nor FALSE."""

    TRUE = "true"
    FALSE = "false"
    NOT_TRUE = "not true"
    NOT_FALSE = "not false"

    def met(self, truth: int) -> bool:
        """Whether a truth in numeric form is what is wanted."""
        if self in (Want.TRUE, Want.NOT_TRUE):
            return (truth == 1) == (self is Want.TRUE)
        return (truth == 0) == (self is Want.FALSE)

    @property
    def negated(self) -> Want:
        """What a part is to come out as for its negation to come out so."""
        return _NEGATED[self]


_NEGATED = {
    Want.TRUE: Want.FALSE, Want.FALSE: Want.TRUE, Want.NOT_TRUE: Want.NOT_FALSE, Want.NOT_FALSE: Want.NOT_TRUE,
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """Another value of a fact, and how far values next to it do as well; in numeric form."""

    fact: str
    value: int
    low: int | None = None
    """The lowest value that does, None where there is no bound; so for ``high``."""
    high: int | None = None
    choices: tuple[int, ...] = ()
    """Every choice that does, for choices and flags."""


Way = Mapping[str, Change]
"""Changes by fact that together are enough."""


@dataclass(frozen=True)
class Setting:
    """A policy and what its expressions read of a line: where changes are tried."""

    policy: Policy
    values: Values
    severe: int | None = None
    """Severity from which on a rule that would newly fire makes a change no way out; None where none is asked."""
    on_application: bool = False
    own: str = ""
    """Code of the rule that is to come out otherwise."""

    @cached_property
    def reading(self) -> Reading:
        """What the policy alone says of changes."""
        return reading_of(self.policy)

    @cached_property
    def watched(self) -> tuple[Expr, ...]:
        """What must not become TRUE by a change: rules that do not fire, and parts of those that do."""
        if self.severe is None:
            return ()
        read = [r for r in self.policy.rules if (r.on_application if self.on_application else r.on_line)]
        others = [rule for rule in read if rule.severity >= self.severe and rule.code != self.own]
        quiet = [rule.when for rule in others if value_of(rule.when, self.values) != 1]
        firing = [rule.when for rule in others if value_of(rule.when, self.values) == 1]
        parts = [part for when in firing for part in _parts(when) if value_of(part, self.values) != 1]
        return (*quiet, *parts)

    @cached_property
    def _scores(self) -> bool:
        """Whether the points are those of the policy's own card, so that they can be worked out anew."""
        card = self.policy.scorecard
        return card is not None and card.points_of(self.values) == self.values["points"]

    def changed(self, changes: Mapping[str, int], names: frozenset[str] | None = None) -> Values:
        """The values with some of them otherwise: facts that rest on those and the points follow.

        With ``names`` only what these rest on is worked out anew. Raises OverflowError.
        """
        values = {**self.values, **changes}
        moved = self.reading.moved(frozenset(changes), names)
        for fact in moved.facts:
            found = value_of(fact.sql, values)
            values[fact.name] = None if found == NULL else found
        if moved.terms and self._scores:
            gained = sum(term.points_of(values) - term.points_of(self.values) for term in moved.terms)
            values["points"] = (self.values["points"] or 0) + gained
        return values

    def rests(self, node: Expr, facts: Iterable[str]) -> bool:
        """Whether a condition rests on any of these facts."""
        return not self.reading.below(self.reading.names(node)).isdisjoint(facts)

    def reached(self, goal: Goal, changes: Mapping[str, int]) -> bool:
        """Whether changes reach a goal and make no rule that is watched fire."""
        try:
            values = self.changed(changes)
            return goal(values) and not any(value_of(node, values) == 1 for node in self._watched(frozenset(changes)))
        except OverflowError:
            return False

    def _watched(self, facts: frozenset[str]) -> tuple[Expr, ...]:
        """What is watched and rests on these facts; the rest stays as it is."""
        if facts not in self._by_facts:
            self._by_facts[facts] = tuple(node for node in self.watched if self.rests(node, facts))
        return self._by_facts[facts]

    @cached_property
    def _by_facts(self) -> dict[frozenset[str], tuple[Expr, ...]]:
        return {}

    def bounds(self, fact: str) -> tuple[int, int]:
        """The lowest and highest value of a fact that is looked at."""
        low, high = self.reading.box.get(fact, (-inf, inf))
        return (-REACH if low == -inf else int(low)), (REACH if high == inf else int(high))


def ways(setting: Setting, node: Expr, want: Want) -> list[Way]:
    """Ways for a condition to come out as wanted: every single fact that does alone, else one smallest set.

    Facts stand in the order in which the condition names them. Empty where it comes out so already, or where nothing
    found is enough; a comparison that takes both its sides to change is left open.
    """

    def goal(values: Values) -> bool:
        return want.met(value_of(node, values))

    if goal(setting.values):
        return []
    first, rest = setting.reading.subjects(node)
    for facts in (first, rest):
        found = [one_fact(setting, goal, fact, _turns(setting, node, fact)) for fact in facts]
        singles: list[Way] = [{change.fact: change} for change in found if change is not None]
        if singles:
            return singles
        if facts is first:
            sets = _sets(setting, goal, node, want)
            if sets:
                return sets
    return []


def one_fact(setting: Setting, goal: Goal, fact: str, tried: Iterable[int]) -> Change | None:
    """The nearest value of one fact that reaches a goal, of those given and its own points; None if none does."""
    points = sorted({*tried, *_own_points(setting, fact)})
    for among in (points, None):
        # Values where other rules turn are asked only where the first ones make one of those fire.
        options = _options(
            setting,
            fact,
            lambda value: setting.reached(goal, {fact: value}),
            among or _with_rules(setting, fact, points),
        )
        if options:
            best = min(options, key=lambda each: _distance(setting, each))
            return _narrowed(setting, goal, {fact: best.value}, best, points)
        if not setting.watched:
            break
    return None


def _sets(setting: Setting, goal: Goal, node: Expr, want: Want) -> list[Way]:
    """The smallest set of changes that is enough only together."""
    found = []
    built = [{fact: change.value for fact, change in way.items()} for way in _ways(setting, node, want)]
    sound = [at for at in built if at and setting.reached(goal, at)]
    for at in sound or _tried(setting, goal, node):
        changes = {fact: Change(fact, value, choices=_choices(setting, fact)) for fact, value in at.items()}
        found.append(
            {
                fact: _narrowed(setting, goal, at, change, _turns(setting, node, fact))
                for fact, change in changes.items()
            }
        )
    if not found:
        return []
    least = min(map(len, found))
    smallest = [way for way in found if len(way) == least]
    return [min(smallest, key=lambda way: sum(_distance(setting, each) for each in way.values()))]


def _parts(node: Expr) -> Iterator[Expr]:
    """The smallest parts of a condition that are not negated."""
    if isinstance(node, Logic):
        yield from _parts(node.left)
        yield from _parts(node.right)
    elif not isinstance(node, Not):
        yield node


def _choices(setting: Setting, fact: str) -> tuple[int, ...]:
    kind = setting.policy.type_of(fact)
    return tuple(_own_points(setting, fact)) if kind.choices or kind.unit == "flag" else ()


def _tried(setting: Setting, goal: Goal, node: Expr) -> list[dict[str, int]]:
    """Values of two facts, else of three, that do together, by trying: for parts that bear on the same facts."""
    facts = setting.reading.subjects(node)[0]
    points: dict[str, list[int]] = {}
    for fact in facts:
        here = setting.values[fact] or 0
        values = {*_turns(setting, node, fact), *_own_points(setting, fact)}
        points[fact] = sorted(values, key=lambda value: (abs(value - here), value))[:POINTS_MAX]
    left = TRIES_MAX
    for size in (2, 3):
        for chosen in combinations(facts, size):
            for found in islice(product(*(points[fact] for fact in chosen)), left):
                left -= 1
                at = dict(zip(chosen, found, strict=True))
                if setting.reached(goal, at):
                    return [at]
    return []


# -- taking a condition apart ---------------------------------------------------------------------------


def _ways(setting: Setting, node: Expr, want: Want) -> list[Way]:
    if want.met(value_of(node, setting.values)):
        return [{}]
    match node:
        case Logic():
            both = (node.op == "and") == (want in (Want.TRUE, Want.NOT_FALSE))
            sides = [_ways(setting, side, want) for side in (node.left, node.right)]
            return list(islice(_joined(*sides), WAYS_MAX)) if both else [*sides[0], *sides[1]][:WAYS_MAX]
        case Not():
            return _ways(setting, node.part, want.negated)
    return _of_part(setting, node, want)


def _joined(left: Sequence[Way], right: Sequence[Way]) -> Iterator[Way]:
    """Every way of one with every way of the other; where both change a fact, either value is tried."""
    for one in left:
        for other in right:
            yield {**one, **other}
            if any(one[fact] != other[fact] for fact in one.keys() & other.keys()):
                yield {**other, **one}


def _of_part(setting: Setting, part: Expr, want: Want) -> list[Way]:
    """Ways for a part without ``and`` and ``or`` at its top, each by one fact."""
    names = setting.reading.names(part)

    def reached(fact: str, value: int) -> bool:
        try:
            return want.met(value_of(part, setting.changed({fact: value}, names)))
        except OverflowError:
            return False

    for facts in setting.reading.subjects(part):
        found: list[Way] = []
        for fact in facts:
            tried = sorted({*_turns(setting, part, fact), *_own_points(setting, fact)})
            options = _options(setting, fact, lambda value, fact=fact: reached(fact, value), tried)  # type: ignore[misc]
            found += [{fact: change} for change in options]
        if found:
            return found
    return []


# -- the values worth trying ----------------------------------------------------------------------------


def _own_points(setting: Setting, fact: str) -> Iterator[int]:
    """Bounds, choices, and the edges of a fact's places on the card."""
    kind = setting.policy.type_of(fact)
    if kind.unit == "flag":
        yield from (0, 1)
        return
    if kind.choices:
        yield from range(len(kind.choices))
        return
    low, high = setting.bounds(fact)
    card = setting.policy.scorecard
    edges = card.limits.get(fact, ()) if card is not None else ()
    near = (low, high, 0, *(value for limit in edges for value in (limit - 1, limit)))
    yield from (value for value in near if low <= value <= high)


def _with_rules(setting: Setting, fact: str, points: Sequence[int]) -> list[int]:
    """These points and those where a rule that is watched turns."""
    found = set(points)
    for node in setting.watched:
        if setting.rests(node, (fact,)):
            found.update(_turns(setting, node, fact))
    return sorted(found)


def _turns(setting: Setting, node: Expr, fact: str) -> list[int]:
    """Values of a fact at which a comparison in the condition turns, and those beside them."""
    if setting.policy.type_of(fact).unit not in ("money", "number"):
        return []
    low, high = setting.bounds(fact)
    here = setting.values[fact]
    start = low if here is None else min(max(low, here), high)
    found: set[int] = set()
    for part, rests_on in setting.reading.compared(node):
        if fact not in rests_on:
            continue
        limit = _limit(part, fact)
        sign = _sign(setting, part, fact) if limit is None else None
        for end in (low, high):
            turn = _turn(sign, start, end) if sign else _passed(limit or 0, start, end)
            if turn is not None:
                found.update((turn - 1, turn, turn + 1))
    return sorted(value for value in found if low <= value <= high)


def _limit(node: Compare, fact: str) -> int | None:
    """What a fact alone on the left of a comparison is held against, where that is a number; else None."""
    alone = isinstance(node.left, Name) and node.left.name == fact and isinstance(node.right, Constant)
    return node.right.value if alone and isinstance(node.right, Constant) else None


def _passed(limit: int, start: int, end: int) -> int | None:
    """The value nearest to ``start`` on the way to ``end`` that stands otherwise to a limit."""
    if start == limit:
        return None if end == start else start + (1 if end > start else -1)
    return limit if min(start, end) <= limit <= max(start, end) else None


def _sign(setting: Setting, node: Compare, fact: str) -> Callable[[int], int | None]:
    """By value of a fact how the left side of a comparison stands to the right: -1, 0, 1, None where not known."""
    names = setting.reading.names(node)

    def sign(value: int) -> int | None:
        try:
            values = setting.changed({fact: value}, names)
            left, right = value_of(node.left, values), value_of(node.right, values)
        except OverflowError:
            return None
        return None if NULL in (left, right) else (left > right) - (left < right)

    return sign


def _turn(sign: Callable[[int], int | None], start: int, end: int) -> int | None:
    """The value nearest to ``start`` on the way to ``end`` with another sign, where the sign turns once."""
    first = sign(start)
    # An end beyond what the arithmetic holds is brought nearer.
    while sign(end) is None and abs(end - start) > 1:
        end = start + (end - start) // 2 if end > start else start - (start - end) // 2
    if sign(end) == first or sign(end) is None:
        return None
    near, far = start, end
    while abs(far - near) > 1:
        middle = (near + far) // 2
        if sign(middle) == first:
            near = middle
        else:
            far = middle
    return far


def _options(setting: Setting, fact: str, reached: Callable[[int], bool], tried: Sequence[int]) -> list[Change]:
    """The nearest value below and above that does, with how far it goes; all choices that do as one."""
    kind = setting.policy.type_of(fact)
    here = setting.values[fact]
    if kind.choices or kind.unit == "flag":
        good = tuple(value for value in tried if value != here and reached(value))
        return [Change(fact, good[0], choices=good)] if good else []
    found = []
    below = [value for value in reversed(tried) if here is not None and value < here]
    above = [value for value in tried if here is None or value > here]
    for down, side in ((True, below), (False, above)):
        good = _first_run(side, reached)
        if good:
            found.append(_ranged(fact, good, down=down, whole=good[-1] == side[-1]))
    return found


def _first_run(side: Iterable[int], reached: Callable[[int], bool]) -> tuple[int, ...]:
    """The first values in a row that do, going away from the present one."""
    run: list[int] = []
    for value in side:
        if reached(value):
            run.append(value)
        elif run:
            break
    return tuple(run)


def _ranged(fact: str, good: Sequence[int], *, down: bool, whole: bool) -> Change:
    near, end = good[0], None if whole else good[-1]
    return Change(fact, near, end, near) if down else Change(fact, near, near, end)


def _narrowed(setting: Setting, goal: Goal, at: Mapping[str, int], change: Change, turns: Sequence[int]) -> Change:
    """The change, its range as far as it reaches the whole goal, all other changes being made."""
    fact = change.fact

    def reached(value: int) -> bool:
        return setting.reached(goal, {**at, fact: value})

    if change.choices:
        return Change(fact, change.value, choices=tuple(filter(reached, change.choices)))
    points = _with_rules(setting, fact, sorted({*_own_points(setting, fact), *turns}))
    here = setting.values[fact]
    down = here is not None and change.value < here
    side = [value for value in points if (value < change.value if down else value > change.value)]
    good = _first_run([change.value, *(reversed(side) if down else side)], reached)
    return _ranged(fact, good, down=down, whole=len(good) > len(side))


def _distance(setting: Setting, change: Change) -> float:
    here = setting.values[change.fact]
    if here is None or change.choices:
        return 1.0
    return abs(change.value - here) / max(abs(here), abs(change.value), 1)


__all__ = ["Change", "Setting", "Want", "Way", "one_fact", "ways"]
