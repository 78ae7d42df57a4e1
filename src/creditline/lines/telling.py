"""Why a line was decided on as it was: each reason's rule taken apart into comparisons, with the values in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from creditline.clock import DAY
from creditline.events.kinds import NULL
from creditline.facts.definitions import CountedFact, Fact, SqlFact
from creditline.facts.expressions import (
    Arithmetic,
    Case,
    Compare,
    Constant,
    Expr,
    IsNull,
    Logic,
    Name,
    Not,
    Type,
)
from creditline.lines.decision import STATUSES, Decision
from creditline.money import decimal_of
from creditline.policy.evaluating import Values, is_choice, is_rescaling, value_of, written
from creditline.policy.model import Policy, Rule

BLOCK = "BLOCK"
"""Stands among a decision's reasons where a person ordered it."""

_UNITS = {
    "count": "count", "distinct": "count", "streak": "count", "falls": "count", "rises": "count", "open": "count",
    "months": "months",
}  # fmt: skip
_ATTRIBUTE_UNITS = {"days_in_status": "days", "closings": "count", "points": "points"}


class SideTold(msgspec.Struct, frozen=True):
    """One side of a comparison."""

    text: str
    """As the policy writes it."""
    value: str | None
    """In plain figures: money in currency units, choices by name; None where it is not known."""
    unit: str
    """money, count, days, hours, months, score, points, ratio, number, choice, flag or text."""


class ConditionTold(msgspec.Struct, frozen=True):
    """One part of a condition, and whether it held: None where a value in it is not known."""

    text: str
    held: bool | None
    left: SideTold
    op: str = ""
    """Empty where the left side is a truth of its own."""
    right: SideTold | None = None


class FactTold(msgspec.Struct, frozen=True):
    """A fact a condition rests on: its value, and how the policy defines it."""

    name: str
    value: str | None
    unit: str
    definition: Mapping[str, Any]


class ReasonTold(msgspec.Struct, frozen=True):
    """One principal reason in full."""

    code: str
    reason: Mapping[str, str]
    """What the borrower is told, by language; empty for an order of a person."""
    then: str
    when: str
    conditions: tuple[ConditionTold, ...]
    facts: tuple[FactTold, ...]
    cooling_off: int
    """Microseconds."""
    cure: str
    """Empty where nothing is to be cured: the line ended for good, only its limit was set, or it may apply again."""
    cured: bool
    cure_conditions: tuple[ConditionTold, ...]
    answered_by: tuple[str, ...]
    """Evidence that answers it."""


def explain(
    policy: Policy, decision: Decision, before: Sequence[Decision] = (), requested: int | None = None
) -> list[ReasonTold]:
    """The principal reasons of a decision in order, on the facts it was made on.

    ``before`` are the line's earlier decisions and ``requested`` the amount of its latest application then, minor
    units: what the line's own attributes are made of.
    """
    values = values_of(decision, before, requested)
    return [reason_told(policy, code, values) for code in decision.reasons]


def explain_return(
    policy: Policy, decision: Decision, before: Sequence[Decision], requested: int | None = None
) -> list[ReasonTold]:
    """The reasons that a reopening or unfreezing ended, told by their cures on the facts it was decided on."""
    if decision.action not in ("reopen", "unfreeze") or not before:
        return []
    values = values_of(decision, before, requested)
    return [reason_told(policy, code, values) for code in before[-1].standing if code in policy.by_code]


def values_of(decision: Decision, before: Sequence[Decision] = (), requested: int | None = None) -> Values:
    """Everything the policy's expressions could read when the decision was made."""
    changes = [each.at for each in before if each.status != each.status_before]
    probation = before[-1].probation_until if before else None
    return {
        **decision.facts,
        "limit": decision.limit_before,
        "status": STATUSES.index(decision.status_before),
        "days_in_status": (decision.at - changes[-1]) // DAY if changes else 0,
        "on_probation": int(probation is not None and decision.at < probation),
        "closings": sum(each.action == "close" for each in before),
        "requested": requested,
        "points": decision.points,
    }


def reason_told(policy: Policy, code: str, values: Values) -> ReasonTold:
    """One reason on given values: its rule's condition and cure taken apart."""
    rule = policy.by_code.get(code)
    if rule is not None:
        return _rule_told(policy, rule, values)
    approve = policy.approve
    if approve is not None and code == approve.code:
        conditions = conditions_of(policy, approve.when, values)
        facts = _facts(policy, approve.when, values)
        return ReasonTold(
            code, approve.reason, "decline", written(approve.when), conditions, facts, 0, "", False, (), ()
        )
    reason = policy.incident_reason if code == policy.incident_code else {}
    return ReasonTold(code, reason, "block", "", (), (), 0, "", False, (), ())


def _rule_told(policy: Policy, rule: Rule, values: Values) -> ReasonTold:
    cure, cured, cure_conditions = _cure_told(policy, rule, values)
    return ReasonTold(
        code=rule.code,
        reason=rule.reason,
        then=rule.then,
        when=written(rule.when),
        conditions=conditions_of(policy, rule.when, values),
        facts=_facts(policy, rule.when, values),
        cooling_off=rule.cooling_off,
        cure=cure,
        cured=cured,
        cure_conditions=cure_conditions,
        answered_by=rule.answered_by,
    )


def _cure_told(policy: Policy, rule: Rule, values: Values) -> tuple[str, bool, tuple[ConditionTold, ...]]:
    """What cures a rule that freezes or closes; nothing where a line is ended for good or only its limit is set."""
    if rule.then not in ("close", "freeze"):
        return "", False, ()
    if rule.cure is None:
        cured = value_of(rule.when, values) != 1
        return f"not ({written(rule.when)})", cured, conditions_of(policy, rule.when, values)
    return written(rule.cure), value_of(rule.cure, values) == 1, conditions_of(policy, rule.cure, values)


def conditions_of(policy: Policy, node: Expr, values: Values) -> tuple[ConditionTold, ...]:
    """The smallest parts of a condition in the order they are written, each with its values and truth."""
    return tuple(_condition(policy, leaf, values) for leaf in _leaves(node))


def _leaves(node: Expr) -> Iterator[Expr]:
    if isinstance(node, Logic):
        yield from _leaves(node.left)
        yield from _leaves(node.right)
    else:
        yield node


def _condition(policy: Policy, node: Expr, values: Values) -> ConditionTold:
    truth = value_of(node, values)
    held = None if truth == NULL else truth == 1
    inner, negated = (node.part, True) if isinstance(node, Not) else (node, False)
    if isinstance(inner, Compare):
        left, right = _sides(policy, inner, values)
        return ConditionTold(written(node), held, left, f"not {inner.op}" if negated else inner.op, right)
    shown = inner.part if isinstance(inner, IsNull) else inner
    return ConditionTold(written(node), held, _side(shown, values, unit_of(policy, shown), shown.type))


def _sides(policy: Policy, node: Compare, values: Values) -> tuple[SideTold, SideTold]:
    """Both sides; a literal is shown in the unit of what it is compared with."""
    units = [unit_of(policy, node.left), unit_of(policy, node.right)]
    types = [node.left.type, node.right.type]
    for number, side in enumerate((node.left, node.right)):
        if isinstance(side, Constant) and units[1 - number] != "number":
            units[number] = units[1 - number]
            types[number] = types[1 - number]
    left, right = (
        _side(side, values, unit, kind) for side, unit, kind in zip((node.left, node.right), units, types, strict=True)
    )
    return left, right


def _side(node: Expr, values: Values, unit: str, kind: Type) -> SideTold:
    text = f"'{kind.choices[node.value]}'" if is_choice(node, kind) else written(node)  # type: ignore[attr-defined]
    return SideTold(text, shown(value_of(node, values), kind, unit), unit)


def _facts(policy: Policy, node: Expr, values: Values) -> tuple[FactTold, ...]:
    """Facts a condition names, and those their own expressions name, in that order."""
    names: list[str] = []
    waiting = sorted(node.names())
    while waiting:
        name = waiting.pop(0)
        fact = policy.by_name.get(name)
        if fact is None or name in names:
            continue
        names.append(name)
        waiting += sorted(fact.sql.names()) if isinstance(fact, SqlFact) else []
    return tuple(fact_told(policy, policy.by_name[name], values) for name in names)


def fact_told(policy: Policy, fact: Fact, values: Values) -> FactTold:
    """A fact with its value and definition."""
    unit = unit_of(policy, Name(fact.type, fact.name))
    value = values[fact.name]
    return FactTold(fact.name, shown(NULL if value is None else value, fact.type, unit), unit, dict(fact.text))


# -- texts ------------------------------------------------------------------------------------------


def unit_of(policy: Policy, node: Expr) -> str:
    """What an expression counts in, as far as its facts say."""
    if node.type.unit not in ("number", "null"):
        return node.type.unit
    if isinstance(node, Name):
        return _ATTRIBUTE_UNITS.get(node.name) or _fact_unit(policy, policy.by_name[node.name])
    if isinstance(node, Arithmetic) and node.op in "*/":
        if is_rescaling(node):
            return unit_of(policy, node.left)
        return "ratio" if node.op == "/" and node.left.type.unit == node.right.type.unit else "number"
    units = {unit_of(policy, part) for part in node.parts if not isinstance(part, Constant)}
    return units.pop() if len(units) == 1 and not isinstance(node, Case) else "number"


def _fact_unit(policy: Policy, fact: Fact) -> str:
    if isinstance(fact, SqlFact):
        return unit_of(policy, fact.sql)
    assert isinstance(fact, CountedFact)
    if fact.operator in ("age", "gap"):
        return "days" if fact.unit == DAY else "hours"
    if fact.field is not None and fact.operator in ("last", "max", "min", "sum"):
        return fact.field.unit
    return _UNITS.get(fact.operator, "number")


def shown(value: int, kind: Type, unit: str = "") -> str | None:
    """A value in plain figures, exactly; None where it is not known. Texts are known by their hash only."""
    if value == NULL:
        return None
    if kind.unit == "choice":
        return kind.choices[value]
    if kind.unit == "flag":
        return "true" if value else "false"
    if kind.unit == "text":
        return "..."
    least = 2 if "money" in (unit, kind.unit) else 0
    whole, _, part = f"{decimal_of(value, kind.places):,f}".partition(".")
    part = part.rstrip("0").ljust(least, "0")
    return f"{whole}.{part}" if part else whole
