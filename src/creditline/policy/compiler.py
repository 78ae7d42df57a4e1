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
    functions = [measure.source(), measure.matters(), _SCORE, Judge(policy).source()]
    return "\n\n\n".join([_constants(policy), *functions]) + "\n"


def _constants(policy: Policy) -> str:
    rules = policy.rules
    limits = [rule for rule in rules if rule.then == "limit"]
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
        ("PLACES", len(places) + len(TAIL) + 1),
        ("N_SCRATCH", max(1, sum(fact.operator == "distinct" for fact in policy.counted_facts))),
    ]
    return "\n".join(f"{name} = {value}" for name, value in rows)


def _tuple(values: Iterable[int]) -> str:
    listed = list(values) or [0]
    return "(" + ", ".join(map(str, listed)) + ",)"


_SCORE = '''def score(f, card):
    """Points: the base, one cell of each fact and one of each pair; the card comes in as a table (Scorecard.table)."""
    points = card[0]
    k = 3
    for _ in range(card[1]):
        value, n = f[card[k]], card[k + 1]
        place = 0 if value == NULL else later(card, k + 2, k + 2 + n, value) - k - 1
        f[PLACES + card[k]] = place
        points += card[k + 2 + n + place]
        k += 2 * n + 4
    for _ in range(card[2]):
        rows = k + 5
        columns = rows + card[k + 2]
        cells = columns + card[k + 3]
        row, column = card[rows + f[PLACES + card[k]]], card[columns + f[PLACES + card[k + 1]]]
        points += card[cells + row + column]
        k = cells + card[k + 4]
    return points'''
"""The scorecard's sum. Folds and challengers share one kernel, whatever facts of the policy they score."""
