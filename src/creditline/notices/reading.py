"""What of a policy alone bears on its notices, worked out once: which facts rest on which, what a change moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from creditline.facts.definitions import SqlFact
from creditline.facts.expressions import Compare, Expr, IsNull
from creditline.policy.model import ATTRIBUTES, Policy
from creditline.policy.ranges import widest
from creditline.scoring.scorecard import Term

MOVABLE = ("points", "requested")
"""What can be otherwise beside facts: no other attribute of a line is anybody's to change."""

POLICIES_MAX = 16
"""Policies whose readings are kept."""


@dataclass(frozen=True)
class Moved:
    """What follows from a change: facts, each after those it reads, and the terms of the card that read any."""

    facts: tuple[SqlFact, ...]
    terms: tuple[Term, ...]


class Reading:
    """One policy read for its notices. Conditions asked about are nodes of that policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.box = widest(policy)
        self._reads = {fact.name: frozenset(fact.sql.names()) for fact in policy.sql_facts}
        self._named: dict[int, tuple[Expr, frozenset[str]]] = {}
        self._below: dict[frozenset[str], frozenset[str]] = {}
        self._moves: dict[tuple[frozenset[str], frozenset[str] | None], Moved] = {}
        self._compared: dict[int, tuple[tuple[Compare, frozenset[str]], ...]] = {}
        self._subjects: dict[int, tuple[list[str], list[str]]] = {}
        self._conditions: dict[tuple[str, ...], tuple[Expr, ...]] = {}
        self._sources: dict[tuple[str, ...], frozenset[str]] = {}

    # -- conditions

    def names(self, node: Expr) -> frozenset[str]:
        """Names of all facts and attributes in a condition."""
        if id(node) not in self._named:
            # The node is kept with its names, so that no other takes its place in memory.
            self._named[id(node)] = node, frozenset(node.names())
        return self._named[id(node)][1]

    def compared(self, node: Expr) -> tuple[tuple[Compare, frozenset[str]], ...]:
        """The comparisons in a condition, each with all facts it rests on."""
        if id(node) not in self._compared:
            parts = [part for part in node.walk() if isinstance(part, Compare)]
            self.names(node)
            self._compared[id(node)] = tuple((part, self.below(self.names(part))) for part in parts)
        return self._compared[id(node)]

    def subjects(self, node: Expr) -> tuple[list[str], list[str]]:
        """Facts whose values may be changed: those left of comparisons, as policies are written, and all others."""
        if id(node) not in self._subjects:
            first: list[str] = []
            for part in node.walk():
                if isinstance(part, Compare | IsNull):
                    first += sorted((part.left if isinstance(part, Compare) else part.part).names())
                elif part.type.unit == "flag" and not part.parts:
                    first += sorted(part.names())
            rest = [name for name in sorted(self.names(node)) if name not in first]
            self._subjects[id(node)] = self._movable(first), self._movable(rest)
        return self._subjects[id(node)]

    def _movable(self, names: Iterable[str]) -> list[str]:
        units = ("money", "number", "choice", "flag")
        return [
            name for name in dict.fromkeys(names)
            if name in MOVABLE or (name not in ATTRIBUTES and self.policy.type_of(name).unit in units)
        ]  # fmt: skip

    # -- reasons

    def conditions(self, codes: tuple[str, ...]) -> tuple[Expr, ...]:
        """The conditions that reasons rest on."""
        if codes not in self._conditions:
            policy = self.policy
            found = [policy.by_code[code].when for code in codes if code in policy.by_code]
            if policy.approve is not None and policy.approve.code in codes:
                found += [policy.approve.when, policy.approve.limit]
            self._conditions[codes] = tuple(found)
        return self._conditions[codes]

    def sources(self, codes: tuple[str, ...]) -> frozenset[str]:
        """The data sources that reasons rest on, through the score too."""
        if codes not in self._sources:
            self._sources[codes] = self.policy.sources(*self.conditions(codes))
        return self._sources[codes]

    # -- changes

    def below(self, names: frozenset[str]) -> frozenset[str]:
        """Names and all facts they rest on."""
        if names not in self._below:
            found: set[str] = set()
            waiting = list(names)
            while waiting:
                name = waiting.pop()
                if name not in found:
                    found.add(name)
                    waiting += self._reads.get(name, ())
                    waiting += self.policy.scorecard.facts if name == "points" and self.policy.scorecard else ()
            self._below[names] = frozenset(found)
        return self._below[names]

    def moved(self, changed: frozenset[str], names: frozenset[str] | None) -> Moved:
        """What follows from changed facts; with ``names`` as far as these rest on it."""
        if (changed, names) not in self._moves:
            needed = None if names is None else self.below(names)
            moved, facts = set(changed), []
            for fact in self.policy.sql_facts:
                wanted = fact.name not in changed and (needed is None or fact.name in needed)
                if wanted and moved & self._reads[fact.name]:
                    facts.append(fact)
                    moved.add(fact.name)
            card = self.policy.scorecard
            scored = card is not None and "points" not in changed and (needed is None or "points" in needed)
            terms = card.terms if card is not None and scored else ()
            self._moves[changed, names] = Moved(tuple(facts), tuple(each for each in terms if moved & set(each.facts)))
        return self._moves[changed, names]


class _Same:
    """A policy that is equal to itself alone: two may have a version in common and yet other cards."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.policy is other.policy

    def __hash__(self) -> int:
        return id(self.policy)


def reading_of(policy: Policy) -> Reading:
    """The reading of a policy, the same for each time it is asked for."""
    return _reading(_Same(policy))


@lru_cache(maxsize=POLICIES_MAX)
def _reading(same: _Same) -> Reading:
    return Reading(same.policy)


__all__ = ["MOVABLE", "Moved", "Reading", "reading_of"]
