"""A card fitted into a policy: facts it needs and the policy lacks, its place in the file, facts that mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from creditline.errors import CreditlineError
from creditline.facts.definitions import SqlFact
from creditline.policy import Policy, load_policy, read_policy, shipped_policies
from creditline.policy.behaviour import behaviour, with_facts
from creditline.scoring.card import Card, CardError
from creditline.scoring.compiled import compiled
from creditline.scoring.written import with_card
from creditline.store import Home

LIBRARY: Final = "library_facts"
"""Under which a card says the definitions of facts it needs beside those of the policy it was trained on."""


class FittingError(CreditlineError):
    """A card that does not fit a policy, or would not mean in it what it meant in training."""


def needed_facts(policy: Policy, card: Card, where: str = "card") -> dict[str, Mapping[str, Any]]:
    """Definitions, as the card says them, of facts it scores that the policy lacks.

    Raises FittingError for one the policy has under the same name with another definition, and one this release has
    no words for.
    """
    said = card.training.get(LIBRARY) or {}
    for name, spec in said.items():
        own = policy.by_name.get(name)
        if own is not None and dict(own.text) != dict(spec):
            remedy = f"it was trained on {dict(spec)}; train it again on this policy, or call one of the two otherwise"
            raise FittingError(
                f"{where}, fact {name}", dict(own.text), remedy, f"is not what {policy.name} means by it"
            )
        if own is None and name not in behaviour():
            remedy = f"define it under facts: of the policy as {dict(spec)}"
            raise FittingError(f"{where}, fact {name}", name, remedy, "is no behavioural fact of this release")
    return {name: spec for name, spec in said.items() if name not in policy.by_name}


def with_facts_of(policy: Policy, card: Card, where: str = "card") -> Policy:
    """The policy with the facts beside its own that the card needs; the same where it lacks none."""
    needed = needed_facts(policy, card, where)
    return read_policy(with_facts(policy.text, needed), f"{policy.name} with facts") if needed else policy


def inserted(policy: Policy, card: Card, where: str = "card") -> Policy:
    """The policy with this card in place of its own, and with the facts the card needs beside its own.

    Raises CreditlineError where the card fits not, PolicyErrors where a rule means nothing under it, among others one
    that can never fire.
    """
    base = with_facts_of(policy, card, where)
    made = compiled(card, base.types, where)
    comments = [f"Scorecard {card.hash[:12]} ({card.kind}), put here by creditline scorecard."]
    try:
        text = with_card(base.text, made, base.types, comments)
    except ValueError as error:
        remedy = "add a scorecard: block to its file and publish that first"
        raise FittingError("policy", policy.name, remedy, "has no scorecard") from error
    read = read_policy(text, f"{policy.name} with scorecard {card.hash[:12]}")
    if read.scorecard != made:
        raise FittingError("scorecard", card.hash[:12], "report this", f"reads otherwise in policy {policy.name}")
    return read


def check_meaning(home: Home, policy: Policy, card: Card, where: str = "card") -> None:
    """Raises FittingError where a fact the card scores is defined otherwise than in the policy it was trained on.

    Where neither the home nor the package has the version it was trained on, there is nothing to compare with.
    """
    before = _version(home, card.training.get("policy_version"))
    if before is None or before.version == policy.version:
        return
    for fact in card.facts:
        then, now = _meaning(before, fact), _meaning(policy, fact)
        changed = sorted(name for name in then if name in now and then[name] != now[name])
        if changed:
            name = changed[0]
            remedy = f"it was trained on {then[name]}; train it again on this version"
            problem = f"is not what version {before.version[:12]} meant by it"
            raise FittingError(f"{where}, fact {name}", now[name], remedy, problem)


def _version(home: Home, version: object) -> Policy | None:
    for each in home.policies():
        if each.version == version:
            return read_policy(each.source, each.name)
    shipped = (load_policy(name) for name in shipped_policies())
    return next((policy for policy in shipped if policy.version == version), None)


def _meaning(policy: Policy, name: str) -> dict[str, dict[str, object]]:
    """How a fact and those it reads are written; nothing for one the policy does not have."""
    fact = policy.by_name.get(name)
    if fact is None:
        return {}
    out = {name: dict(fact.text)}
    for other in sorted(fact.sql.names()) if isinstance(fact, SqlFact) else ():
        out |= _meaning(policy, other)
    return out


def fits(card: Card, policy: Policy) -> bool:
    """Whether the policy decides by this card."""
    try:
        return policy.scorecard is not None and policy.scorecard == compiled(card, policy.types)
    except CardError:
        return False


__all__ = ["LIBRARY", "FittingError", "check_meaning", "fits", "inserted", "needed_facts", "with_facts_of"]
