"""What is allowed in a policy and yet seldom meant: reasons nothing cures, levers that cannot help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf

from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Expr
from creditline.policy.checks import Checking, cure_of
from creditline.policy.levers import DRAWS, Lever
from creditline.policy.model import Policy, Rule
from creditline.policy.ranges import Region
from creditline.policy.source import LANGUAGES, Path, Problem, Source

_BORROWERS = ("profile", "core")
"""Sources of what comes about by what a borrower does; everything else is reported, announced or declared by others."""


def advice(policy: Policy, file: str) -> list[Problem]:
    """Warnings on a sound policy, in order of place."""
    source = Source(policy.text, file)
    found = Checking(policy)
    for number, rule in enumerate(policy.rules):
        if rule.severity in (1, 2) and rule.on_line:
            _advise_rule(found, rule, source, ("rules", number))
    for lever in policy.levers:
        _advise_lever(policy, lever, source)
    _advise_titles(policy, source)
    read = kinds_read(policy)
    for name in sorted(policy.coming.keys() - read):
        source.add(("coming", name), f"{name} keeps coming, but no decision reads it", "leave it out", key=True)
    if policy.means is not None and found.ranges.values(policy.means, found.ranges.widest)[1] <= 0:
        costly = [lever.name for lever in policy.levers if lever.money is not None]
        if costly:
            what = f"'means' is never above 0: {', '.join(costly)} can never be paid for"
            source.add(("means",), what, "say what a borrower can spare a month, or leave it out")
    return sorted(set(source.problems))


# -- reasons nothing cures ----------------------------------------------------------------------------


def _advise_rule(found: Checking, rule: Rule, source: Source, path: Path) -> None:
    done = {1: "frozen", 2: "closed"}[rule.severity]
    remedy = "say then: terminate if that is meant, or cure it by a fact that moves"
    here: Path = (*path, "cure" if rule.cure is not None else "when")
    if rule.severity == 2 and found.policy.reopen is None:
        what = f"{rule.code} closes for good: the policy has no 'reopen'"
        source.add((*path, "then"), what, "add reopen:, or say then: terminate")
        return
    cured = found.ranges.possible(cure_of(rule), inside=found.stopped)
    stuck, always = found.stuck(rule, cured)
    for fired, names in stuck:
        told = " and ".join(found.span_told(name, fired) for name in sorted(names))
        where = "" if always else f" where {told}"
        why = f"{', '.join(sorted(names))} only a voided event moves back"
        source.add(here, f"{rule.code} stays {done} for good{where}: {why}", remedy)
        if always:
            return
    if not stuck and found.policy.levers and (still := _unmoved(found, rule, cured)):
        kinds = sorted({kind for name in still for kind in _kinds_of(found.policy, name)})
        why = f"neither time nor a lever nor what keeps coming moves {', '.join(still)}"
        help_ = f"add a lever that says {' or '.join(kinds)}, or say then: terminate if that is meant"
        source.add(here, f"no plan answers {rule.code}: {why}", help_)


def _unmoved(found: Checking, rule: Rule, cured: list[Region]) -> list[str]:
    """What a cure rests on, if none of it can be moved."""
    policy = found.policy
    names = sorted(policy.counted(cure_of(rule)))
    moved = frozenset().union(*(lever.kinds for lever in policy.levers)) | policy.coming.keys()
    for name in names:
        fact = policy.by_name.get(name)
        if not isinstance(fact, CountedFact) or fact.window is not None:
            return []
        if fact.operator == "age" and any(one.span(name)[1] == inf for one in cured):
            return []
        kinds = [kind for kind in (fact.kind, fact.after, fact.ended_by) if kind is not None]
        if any(kind.name in moved or kind.source not in _BORROWERS for kind in kinds):
            return []
        if fact.sources & set(policy.consents) and "consent.given" in moved:
            return []
    return names


def _kinds_of(policy: Policy, name: str) -> Iterator[str]:
    fact = policy.by_name[name]
    if isinstance(fact, CountedFact):
        yield (fact.ended_by or fact.kind).name


# -- levers that cannot help --------------------------------------------------------------------------


def _advise_lever(policy: Policy, lever: Lever, source: Source) -> None:
    path: Path = ("levers", lever.name)
    if lever.does in DRAWS:
        if not _rests_on_draws(policy):
            what = f"{lever.name} can never help: no rule on a line reads draw.booked"
            source.add(path, what, "leave it out, or define a fact over it that a rule reads", key=True)
    elif not lever.kinds & kinds_read(policy):
        kinds = ", ".join(sorted(lever.kinds))
        what = f"{lever.name} can never help: no decision reads {kinds}"
        source.add(path, what, "leave it out, or define a fact over it that a cure reads", key=True)
    said = [expr for each in lever.says for expr in each.fields.values()] + ([lever.money] if lever.money else [])
    if lever.chosen is not None and not any("chosen" in expr.names() for expr in said):
        what = f"{lever.name} is the same whatever is chosen: nothing reads 'chosen'"
        source.add((*path, "choose"), what, "read chosen in what it says or costs, or leave choose out", key=True)
    for key in _meaningless(lever):
        if source.holds((*path, key)):
            what = f"{key!r} means nothing with 'does: {lever.does}'"
            source.add((*path, key), what, "leave it out", key=True)
    if lever.ends is not None and lever.times > 1:
        what = f"{lever.name} ends everything the first time: 'times' means nothing with 'ends'"
        source.add((*path, "times"), what, "leave every and times out", key=True)


def _meaningless(lever: Lever) -> tuple[str, ...]:
    """Keys that mean nothing with what a lever does."""
    if lever.does is None:
        return ()
    if lever.pays:
        return ("choose", "takes", "money", "every", "times")
    return ("choose", "takes", "money", "effort", *(("every", "times") if lever.does == "no_draw" else ()))


def _rests_on_draws(policy: Policy) -> bool:
    """Whether a draw can move what some rule does to a line."""
    facts = _facts_below(policy, [expr for rule in policy.rules if rule.on_line for expr in (rule.when, rule.limit)])
    return "draw.booked" in _kinds_of_facts(facts)


def _advise_titles(policy: Policy, source: Source) -> None:
    for one, other in combinations(policy.levers, 2):
        for language in LANGUAGES:
            if one.title[language] == other.title[language]:
                what = f"{one.name} and {other.name} are both called {one.title[language]!r}"
                here = ("levers", other.name, "title", language)
                source.add(here, what, "nobody could tell their steps apart: give each its own title")
                break


def kinds_read(policy: Policy) -> frozenset[str]:
    """Names of the kinds of events that decisions depend on."""
    exprs: list[Expr | None] = [
        expr
        for rule in policy.rules
        for expr in (rule.when, cure_of(rule) if rule.severity in (1, 2) else None, rule.limit)
    ]
    for part in (policy.approve, policy.reopen):
        exprs += [part.when, part.limit] if part else []
    facts = _facts_below(policy, exprs)
    read = _kinds_of_facts(facts)
    if any(fact.sources & set(policy.consents) for fact in facts):
        read |= {"consent.given", "consent.withdrawn"}
    if any("requested" in policy.counted(expr) for expr in exprs if expr is not None):
        read.add("application.received")
    return frozenset(read)


def _facts_below(policy: Policy, exprs: Sequence[Expr | None]) -> list[CountedFact]:
    """Facts over events that expressions rest on."""
    names = frozenset().union(*(policy.counted(expr) for expr in exprs if expr is not None))
    return [fact for fact in policy.counted_facts if fact.name in names]


def _kinds_of_facts(facts: Sequence[CountedFact]) -> set[str]:
    """Names of the kinds of events that facts depend on."""
    return {kind.name for fact in facts for kind in (fact.kind, fact.after, fact.ended_by) if kind is not None}


__all__ = ["advice"]
