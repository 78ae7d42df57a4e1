"""From a policy to the source of its kernel: one function that measures, one that scores, one that judges."""

from __future__ import annotations

from collections.abc import Iterable

from creditline.policy.judging import Judge, source_mask
from creditline.policy.measuring import Measure
from creditline.policy.model import Policy

TAIL = ("WAKE", "SUSPENDED", "HARD", "SOFT", "OVERRIDE", "REQUESTED", "ASKED_AT")
"""What ``measure`` writes after the facts."""

STATE = ("STATUS", "SINCE", "LIMIT", "LIMIT_SINCE", "REASONS", "COOLING", "PROBATION", "CLOSINGS", "HELD", "DECISIONS")
"""Cells of a line's state."""

RESULT = ("FIRED", "HELD_NOW", "CURED", "APPROVED", "APPROVED_LIMIT", "RATE", "REOPENS", "REOPEN_LIMIT")
"""What ``judge`` writes before the limits of the limit rules."""


def fact_order(policy: Policy) -> list[str]:
    """Names of facts in the order of their cells."""
    return [fact.name for fact in policy.facts]


def compile_policy(policy: Policy) -> str:
    """Source of ``measure``, ``score`` and ``judge`` with the policy's constants."""
    measure = Measure(policy)
    functions = [measure.source(), measure.matters(), _score(policy), Judge(policy).source()]
    return "\n\n\n".join([_constants(policy), *functions]) + "\n"


def _constants(policy: Policy) -> str:
    rules = policy.rules
    limits = [rule for rule in rules if rule.then == "limit"]
    card = policy.scorecard
    places = fact_order(policy)
    on_application = [rule.when for rule in rules if rule.on_application]
    approve = [policy.approve.when, policy.approve.limit, policy.approve.rate] if policy.approve else []
    rows = [
        ("N_FACTS", len(policy.facts)),
        *((name, len(places) + number) for number, name in enumerate(TAIL)),
        *((name, number) for number, name in enumerate(STATE)),
        *((name, number) for number, name in enumerate(RESULT)),
        ("LIMITS", len(RESULT)),
        ("N_RULES", len(rules)),
        ("SEVERITY", _tuple(rule.severity for rule in rules)),
        ("COOLING_OFF", _tuple(rule.cooling_off for rule in rules)),
        ("NOT_WITHIN", _tuple(rule.not_within for rule in rules)),
        ("LIMIT_CELL", _tuple(len(RESULT) + limits.index(rule) if rule.then == "limit" else -1 for rule in rules)),
        ("APPLICATION_SOURCES", source_mask(policy.sources(*on_application, *approve))),
        ("HAS_APPROVAL", int(policy.approve is not None)),
        ("HAS_REOPENING", int(policy.reopen is not None)),
        ("BY_REQUEST", int(bool(policy.reopen and policy.reopen.by_request))),
        ("PROBATION_US", policy.reopen.probation if policy.reopen else 0),
        ("SCORED", _tuple(places.index(name) for name in sorted(card.facts)) if card else "(-1,)"),
        ("N_SCRATCH", max(1, sum(fact.operator == "distinct" for fact in policy.counted_facts))),
    ]
    return "\n".join(f"{name} = {value}" for name, value in rows)


def _tuple(values: Iterable[int]) -> str:
    listed = list(values) or [0]
    return "(" + ", ".join(map(str, listed)) + ",)"


def _score(policy: Policy) -> str:
    """The scorecard's sum; its bins come in as a table, so that folds and challengers share one kernel."""
    names = ", ".join(sorted(policy.scorecard.facts)) if policy.scorecard else "no facts"
    return f'''def score(f, card):
    """Points: the base and one bin of each of {names}."""
    points = card[0]
    k = 2
    for j in range(card[1]):
        value = f[SCORED[j]]
        if value == NULL:
            points += card[k]
        else:
            i = k + 2
            while card[i] <= value:
                i += 2
            points += card[i + 1]
        k += 2 + 2 * card[k + 1]
    return points'''
