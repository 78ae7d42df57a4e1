"""Mistakes that a well-formed policy can still hold: rules that never fire, lines that never come back, flapping."""

from __future__ import annotations

from math import inf

from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import TRUTH, Expr, Logic, Not
from creditline.policy.model import Policy, Rule
from creditline.policy.ranges import Box, possible, widest
from creditline.policy.source import Path, Source

_LIFELONG = ("count", "sum", "distinct", "max")


def check_policy(policy: Policy, source: Source) -> None:
    """Note every such mistake in the source at its place."""
    box = widest(policy)
    for number, rule in enumerate(policy.rules):
        path: Path = ("rules", number)
        _check_when(policy, rule, box, source, path)
        if rule.severity in (1, 2) and rule.on_line:
            _check_cure(policy, rule, box, source, path)
        _check_rest(rule, source, path)
    for part, name in ((policy.approve, "approve"), (policy.reopen, "reopen")):
        if part and not possible(part.when, box):
            source.add(
                (name, "when"), f"{name} can never happen: 'when' can never be TRUE", _ranges(policy, part.when, box)
            )
    if not policy.incident_reason:
        source.add((), "'incident' is missing", "add incident: {code: T20, reason: {zh: .., en: ..}}")


def _check_when(policy: Policy, rule: Rule, box: Box, source: Source, path: Path) -> None:
    if not possible(rule.when, box):
        source.add(
            (*path, "when"), f"{rule.code} can never fire: 'when' can never be TRUE", _ranges(policy, rule.when, box)
        )
    elif not possible(rule.when, box, to=False) and not any(
        node.type.nullable for node in rule.when.walk() if not node.parts
    ):
        source.add((*path, "when"), f"{rule.code} always fires: 'when' is always TRUE", _ranges(policy, rule.when, box))


def _check_cure(policy: Policy, rule: Rule, box: Box, source: Source, path: Path) -> None:
    key = "cure" if rule.cure is not None else "when"
    cure = rule.cure if rule.cure is not None else Not(TRUTH, rule.when)
    cured = possible(cure, box)
    fires = possible(rule.when, box)
    if not cured:
        source.add((*path, key), f"the cure of {rule.code} can never be met", _ranges(policy, cure, box))
        return
    for name in sorted(policy.counted(cure)):
        fact = policy.by_name.get(name)
        if not isinstance(fact, CountedFact) or not _never_falls(fact) or not fires:
            continue
        fired_from = fires.lowest(name, box[name])
        if all(part.get(name, box[name])[1] < fired_from for part in cured.boxes):
            what = f"the cure of {rule.code} can never be met: {name} counts over all time and never falls again"
            source.add((*path, key), what, "give the fact a window, or cure by another fact")
    if policy.reopen and not possible(Logic(TRUTH, "and", cure, policy.reopen.when), box):
        what = f"a line closed by {rule.code} can never reopen: its cure and reopen.when exclude each other"
        source.add((*path, key), what, _ranges(policy, policy.reopen.when, box))


def _check_rest(rule: Rule, source: Source, path: Path) -> None:
    """A rule must not undo and redo itself without end."""
    if rule.limit is not None and "limit" in rule.limit.names() and not rule.not_within:
        what = f"{rule.code} sets the limit from the limit without end"
        source.add((*path, "limit"), what, "add not_within:, for example not_within: 30d")
    names = rule.when.names()
    if rule.severity in (1, 2) and names & {"status", "days_in_status"} and not rule.cooling_off:
        what = f"{rule.code} reads the line's own status and would switch it to and fro"
        source.add((*path, "when"), what, "give it a cooling_off, or read a fact")


def _never_falls(fact: CountedFact) -> bool:
    return fact.operator in _LIFELONG and fact.window is None


def _ranges(policy: Policy, expr: Expr, box: Box) -> str:
    """What the names in an expression can be, for the remedy."""
    told = []
    for name in sorted(expr.names()):
        low, high = box.get(name, (-inf, inf))
        scale = 10 ** policy.type_of(name).places
        if abs(low) != inf or abs(high) != inf:
            told.append(
                f"{name} is " + (f"{low / scale:g} to {high / scale:g}" if high != inf else f"{low / scale:g} or more")
            )
    return "; ".join(told) or "the conditions exclude each other"
