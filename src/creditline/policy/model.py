"""A policy as it is used: checked, typed, immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from creditline.clock import DAY
from creditline.facts.definitions import CountedFact, Fact, SqlFact
from creditline.facts.expressions import Expr, Type
from creditline.policy.levers import Lever
from creditline.scoring.scorecard import Scorecard

Then = Literal["terminate", "close", "freeze", "limit", "decline"]
SEVERITY: Mapping[Then, int] = {"terminate": 3, "close": 2, "freeze": 1, "limit": 0, "decline": 0}

Reason = Mapping[str, str]
"""A text for borrowers by language, ``zh`` and ``en``."""

STATUSES = ("new", "applied", "declined", "open", "frozen", "closed", "terminated")

ATTRIBUTES: Mapping[str, Type] = {
    "limit": Type("money", 2, nullable=False),
    "status": Type("choice", 0, STATUSES, nullable=False),
    "days_in_status": Type("number", nullable=False),
    "on_probation": Type("flag", nullable=False),
    "closings": Type("number", nullable=False),
    "requested": Type("money", 2),
}
"""What a line itself tells every expression, facts included."""

POINTS = Type("number", nullable=False)


@dataclass(frozen=True)
class Rule:
    """One rule: when it fires, what it does, what cures it, and how it is told."""

    code: str
    when: Expr
    then: Then
    reason: Reason
    cooling_off: int = 0
    """Microseconds."""
    cure: Expr | None = None
    """None: cured when ``when`` is not TRUE."""
    on_line: bool = True
    on_application: bool = False
    limit: Expr | None = None
    not_within: int = 0
    """Microseconds between two changes of the limit."""
    answered_by: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """``when``, ``cure`` and ``limit`` as written."""

    @property
    def severity(self) -> int:
        """3 terminates, 2 closes, 1 freezes, 0 does less."""
        return SEVERITY[self.then]


@dataclass(frozen=True)
class Approval:
    """Instant approval: when, up to which limit, at what annual rate, and the reason told otherwise."""

    when: Expr
    limit: Expr
    rate: Expr | None
    code: str
    reason: Reason


@dataclass(frozen=True)
class Reopening:
    """How a closed line comes back once cured and cooled off."""

    when: Expr
    limit: Expr
    probation: int
    """Microseconds."""
    by_request: bool


@dataclass(frozen=True)
class Promise:
    """What a plan taken up is held to, and what it gives way to."""

    grace: int = 7 * DAY
    """Microseconds a step or the return itself may be late."""
    overridden_by: tuple[str, ...] = ()
    """Codes of rules that end a promise when they fire anew, in the policy's order."""


@dataclass(frozen=True)
class Policy:
    """One version of a policy."""

    name: str
    version: str
    """Content address: SHA-256 of the canonical form, in hex."""
    title: Reason
    currency: str
    utc_offset: int
    """Microseconds ahead of UTC."""
    limit_step: int
    """Minor units."""
    consents: tuple[str, ...]
    facts: tuple[Fact, ...]
    """Counted facts in order of name, then SQL facts, each after those it reads."""
    scorecard: Scorecard | None
    rules: tuple[Rule, ...]
    approve: Approval | None
    reopen: Reopening | None
    incident_code: str
    incident_reason: Reason
    levers: tuple[Lever, ...]
    """What a borrower can do to come back, in order of name."""
    coming: Mapping[str, int]
    """Kinds of events that keep coming by themselves, as they last were, and how far apart, microseconds."""
    means: Expr | None
    """Money a borrower can spare a month; None where the policy does not say."""
    words: Mapping[str, Reason]
    """What facts are called to people, where the policy says so."""
    text: str
    """The file as written."""
    promise: Promise = Promise()
    """What a plan of coming back is held to once it is taken up."""

    @cached_property
    def by_name(self) -> Mapping[str, Fact]:
        """Facts by name."""
        return {fact.name: fact for fact in self.facts}

    @cached_property
    def types(self) -> Mapping[str, Type]:
        """Types of facts by name."""
        return {fact.name: fact.type for fact in self.facts}

    @cached_property
    def by_code(self) -> Mapping[str, Rule]:
        """Rules by code."""
        return {rule.code: rule for rule in self.rules}

    @cached_property
    def counted_facts(self) -> tuple[CountedFact, ...]:
        """Facts over events, in order of name."""
        return tuple(fact for fact in self.facts if isinstance(fact, CountedFact))

    @cached_property
    def sql_facts(self) -> tuple[SqlFact, ...]:
        """Facts over facts, each after those it reads."""
        return tuple(fact for fact in self.facts if isinstance(fact, SqlFact))

    def type_of(self, name: str) -> Type:
        """Type of a fact, an attribute or the points."""
        if name == "points":
            return POINTS
        return ATTRIBUTES.get(name) or self.by_name[name].type

    def counted(self, expr: Expr) -> frozenset[str]:
        """Names of all counted facts and attributes an expression rests on, through SQL facts and points."""
        return frozenset().union(*(self._counted(name) for name in expr.names()))

    def _counted(self, name: str) -> frozenset[str]:
        if name == "points":
            facts = self.scorecard.facts if self.scorecard else ()
            return frozenset().union(*(self._counted(fact) for fact in facts))
        fact = self.by_name.get(name)
        return self.counted(fact.sql) if isinstance(fact, SqlFact) else frozenset({name})

    def sources(self, *exprs: Expr | None) -> frozenset[str]:
        """Data sources that expressions rest on."""
        names = frozenset().union(*(self.counted(expr) for expr in exprs if expr is not None))
        return frozenset().union(*(self.by_name[name].sources for name in names if name in self.by_name))

    def reason_of(self, code: str) -> Reason:
        """The text told for a code: a rule's, the approval's or the incident's."""
        if self.approve and code == self.approve.code:
            return self.approve.reason
        return self.incident_reason if code == self.incident_code else self.by_code[code].reason

    def with_scorecard(self, card: Scorecard, version: str | None = None) -> Policy:
        """The same policy under another scorecard over its facts (a fold, a challenger)."""
        return replace(self, scorecard=card, version=version or self.version)
