"""What is said to have been enough would have been, and nothing nearer: compared with trying every value."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.lines.telling import values_of
from creditline.notices import kind_of
from creditline.notices.enough import Change, Setting, Want, one_fact, ways
from creditline.notices.model import ADVERSE
from creditline.notices.reading import reading_of
from creditline.policy import Policy, load_policy, read_policy
from creditline.policy.evaluating import value_of
from creditline.policy.source import PolicyErrors
from creditline.scoring.scorecard import Scorecard
from tests.notices.lives import REQUESTED, decided

FACTS = ("a", "b", "c")
MOST = 24

POLICY = """
policy: small
title: {{zh: 小, en: Small}}
facts:
  a: {{last: arrears.changed.days_past_due}}
  b: {{last: bureau.reported.lenders_with_balance}}
  c: {{count: draw.booked}}
rules:
  - {{code: R1, when: "{when}", then: close, cooling_off: 1d, cure: a = 0, reason: {{zh: 一, en: One}}}}
  {more}
incident: {{code: S9, reason: {{zh: 维护, en: Maintenance}}}}
"""


def small(when: str, more: str = "") -> Policy:
    return read_policy(POLICY.format(when=when, more=more))


def values(policy: Policy, **given: int | None) -> dict[str, int | None]:
    rest = {"limit": 100, "status": 3, "days_in_status": 0, "on_probation": 0, "closings": 0, "requested": None}
    return {**rest, "points": 0, **given}


part = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(FACTS), st.sampled_from(("=", "<>", "<", "<=", ">", ">=")),
              st.integers(0, 9)),
    st.builds("{} {} {} * {}".format, st.sampled_from(FACTS), st.sampled_from(("<", ">=")), st.integers(1, 3),
              st.sampled_from(FACTS)),
    st.builds("{} is {}null".format, st.sampled_from(("a", "b")), st.sampled_from(("", "not "))),
    st.builds("coalesce({}, 3) > {}".format, st.sampled_from(("a", "b")), st.integers(0, 9)),
)  # fmt: skip
condition = st.recursive(
    part,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=5,
)
maybe = st.one_of(st.none(), st.integers(0, 12))


def holds(policy: Policy, given: dict[str, int | None], want: Want) -> bool:
    return want.met(value_of(policy.rules[0].when, given))


@given(condition, maybe, maybe, st.integers(0, 12), st.sampled_from((Want.TRUE, Want.NOT_TRUE)))
def test_the_nearest_value_of_one_fact_is_found(when: str, a: int | None, b: int | None, c: int, want: Want) -> None:
    try:
        policy = small(when)
    except PolicyErrors:
        return  # a condition that can never be TRUE, or always is
    given = values(policy, a=a, b=b, c=c)
    if holds(policy, given, want):
        return
    node = policy.rules[0].when
    setting = Setting(policy, given)
    found = ways(setting, node, want)
    for way in found:
        after = {**given, **{fact: change.value for fact, change in way.items()}}
        assert holds(policy, after, want), (when, given, way)
        for fact, change in way.items():
            for value in range(change.low or 0, (MOST if change.high is None else change.high) + 1):
                assert holds(policy, {**after, fact: value}, want), (when, given, change, value)
    alone = {fact: _nearest(policy, given, fact, want) for fact in FACTS}
    singles = {fact: way[fact].value for way in found if len(way) == 1 for fact in way}
    for fact, value in singles.items():
        here = given[fact]
        assert here is None or abs(value - here) == alone[fact], (when, given, fact, value)
    if not singles:
        assert all(distance is None for distance in alone.values()), (when, given, alone)
    if "*" in when:
        return  # a comparison that takes both its sides to change is left open
    if not found:
        assert not _together(policy, given, want), (when, given)
    if found and len(found[0]) == 3:
        assert not _together(policy, given, want, most=2), (when, given)


def _nearest(policy: Policy, given: dict[str, int | None], fact: str, want: Want) -> int | None:
    """How far off the nearest value lies that does, by trying all; None if none does."""
    here = given[fact]
    good = [v for v in range(3 * MOST) if v != here and holds(policy, {**given, fact: v}, want)]
    return min((abs(v - (here or 0)) for v in good), default=None)


def _together(policy: Policy, given: dict[str, int | None], want: Want, most: int = 3) -> bool:
    """Whether values of so many facts together would do."""
    return any(
        holds(policy, {**given, **dict(zip(facts, found, strict=True))}, want)
        for facts in combinations(FACTS, most)
        for found in product(range(MOST), repeat=most)
    )


def test_what_makes_a_graver_rule_fire_is_no_way_out() -> None:
    more = "- {code: R2, when: a >= 30, then: close, cooling_off: 1d, cure: a = 0, reason: {zh: 二, en: Two}}"
    policy = small("a between 4 and 29", more)
    node = policy.rules[0].when
    loose = Setting(policy, values(policy, a=28, b=0, c=0))
    strict = Setting(policy, values(policy, a=28, b=0, c=0), 1, own="R1")
    assert ways(loose, node, Want.NOT_TRUE) == [{"a": Change("a", 30, 30, None)}]
    assert ways(strict, node, Want.NOT_TRUE) == [{"a": Change("a", 3, None, 3)}]
    # Nor where that rule fires already for another cause.
    policy = small("a between 4 and 29", more.replace("a >= 30", "a >= 30 or b > 2"))
    fires = Setting(policy, values(policy, a=28, b=3, c=0), 1, own="R1")
    assert ways(fires, policy.rules[0].when, Want.NOT_TRUE) == [{"a": Change("a", 3, None, 3)}]


def test_what_is_enough_only_together_is_told_together() -> None:
    policy = small("a >= 6 or b > 12")
    setting = Setting(policy, values(policy, a=7, b=20, c=0))
    (way,) = ways(setting, policy.rules[0].when, Want.NOT_TRUE)
    assert {fact: change.value for fact, change in way.items()} == {"a": 5, "b": 12}
    assert (way["a"].high, way["b"].high) == (5, 12)


def test_facts_that_rest_on_another_and_the_points_follow() -> None:
    policy = load_policy("consumer-line")
    each = next(each for each in decided() if "T10" in each.decision.reasons and each.policy.name == policy.name)
    given = values_of(each.decision, each.before)
    setting = Setting(each.policy, given)
    node = each.policy.by_code["T10"].when
    change = one_fact(setting, lambda seen: value_of(node, seen) != 1, "other_balance", ())
    moved = setting.changed({"other_balance": 0})
    assert moved["debt_months"] == 0
    assert (moved["points"] or 0) > (given["points"] or 0)
    assert change is None or value_of(node, setting.changed({"other_balance": change.value})) != 1


@pytest.mark.parametrize("name", ["consumer-line", "business-line"])
def test_over_a_portfolio_every_way_out_is_one(name: str) -> None:
    """Each way is tried on the rule itself with facts and points worked out anew; a step back from it is not enough."""
    tried = 0
    for each in decided():
        if each.policy.name != name or kind_of(each.decision) not in ADVERSE:
            continue
        given = values_of(each.decision, each.before, REQUESTED)
        for code in each.decision.reasons:
            rule = each.policy.by_code.get(code)
            if rule is None:
                continue
            setting = Setting(each.policy, given, rule.severity, own=code)
            for way in ways(setting, rule.when, Want.NOT_TRUE):
                after = setting.changed({fact: change.value for fact, change in way.items()})
                assert value_of(rule.when, after) != 1, (each.decision.line, code, way)
                for fact, change in way.items():
                    here = given[fact]
                    if here is None or change.choices:
                        continue
                    back = change.value + (1 if change.value < here else -1)
                    others = {name: other.value for name, other in way.items() if name != fact}
                    assert value_of(rule.when, setting.changed({**others, fact: back})) == 1, (code, way, back)
                    tried += 1
    assert tried > 10


def test_what_is_kept_of_a_policy_is_its_own() -> None:
    """Two policies of one version with other cards are read each for itself; a policy asked about again is not."""
    policy = load_policy("consumer-line")
    other = policy.with_scorecard(Scorecard(600))
    assert (other.name, other.version) == (policy.name, policy.version)
    assert reading_of(policy) is reading_of(policy)
    changed = frozenset({"other_balance"})
    assert reading_of(policy).moved(changed, None).terms
    assert not reading_of(other).moved(changed, None).terms
    assert reading_of(policy).below(frozenset({"points"})) > reading_of(other).below(frozenset({"points"}))
