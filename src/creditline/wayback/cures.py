"""What must be TRUE for a reason to stand no longer, and which events the way back depends on."""

from __future__ import annotations

from collections.abc import Sequence

from creditline.facts.expressions import TRUTH, Expr, IsNull, Logic, Not
from creditline.policy.model import Policy, Rule


def cure_of(rule: Rule) -> Expr:
    """The rule's cure; where it names none, that its condition is not TRUE."""
    if rule.cure is not None:
        return rule.cure
    return Logic(TRUTH, "or", Not(TRUTH, rule.when), IsNull(TRUTH, rule.when))


def kinds_read(policy: Policy, exprs: Sequence[Expr]) -> frozenset[str]:
    """Names of the kinds of events that expressions depend on."""
    names = frozenset().union(*(policy.counted(expr) for expr in exprs))
    facts = [fact for fact in policy.counted_facts if fact.name in names]
    read = {kind.name for fact in facts for kind in (fact.kind, fact.after, fact.ended_by) if kind is not None}
    consents = {"consent.given"} if any(fact.sources & set(policy.consents) for fact in facts) else set()
    return frozenset(read | consents)


__all__ = ["cure_of", "kinds_read"]
