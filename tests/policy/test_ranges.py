"""Where conditions can hold: never too little, whatever the policy and the line; and no more than is easily seen."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditline.events.kinds import NULL
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Expr, Type
from creditline.facts.parsing import parse_expression, parse_predicate
from creditline.policy import load_policy, shipped_policies
from creditline.policy.evaluating import Values, value_of
from creditline.policy.intervals import EMPTY, Interval
from creditline.policy.model import ATTRIBUTES, Policy
from creditline.policy.ranges import Ranges, Region, Want, possible, widest
from creditline.policy.reading import _Reading
from creditline.policy.source import Source
from tests.gate.strategies import random_policies

MONEY, NUMBER, KNOWN = Type("money", 2), Type("number"), Type("number", nullable=False)
SCOPE = {
    "a": NUMBER, "b": NUMBER, "n": KNOWN, "m": KNOWN, "paid": MONEY, "owed": MONEY, "flag": Type("flag"),
    "job": Type("choice", 0, ("employed", "student", "retired")),
}  # fmt: skip
BOX: dict[str, Interval] = {"n": (0, inf), "m": (0, inf), "job": (0, 2), "flag": (0, 1), "paid": (0, inf)}


def where(text: str) -> list[Region]:
    return Ranges().possible(parse_predicate(text, SCOPE), inside=Region(BOX))


# -- what is easily seen


@pytest.mark.parametrize(
    "text",
    [
        "n < 0", "n > 3 and n < 4", "n >= 5 and m < 2 and n <= 4", "a is null and a > 3", "a is null and a is not null",
        "n is null", "(n < 0 or n > 7) and n between 1 and 6", "n > n + 1", "n + m < n", "2 * n = 5", "3 * n + 1 < 0",
        "10 - n > 20", "job = 'student' and job <> 'student'", "job not in ('employed', 'student', 'retired')",
        "flag and not flag", "flag is null and flag", "coalesce(a, 5) < 3 and a >= 3",
        "coalesce(a, 0) > 0 and a is null",
        "case when n > 3 then 1 else 0 end = 1 and n = 2", "nullif(n, 0) = 0", "nullif(n, 3) is null and n = 4",
        "least(n, 3) > 5", "greatest(n, 3) < 3", "abs(a) < 0", "paid / nullif(n, 0) < 0", "n < 2 and n / 2 > 1",
        "not (n >= 0)", "not (a > 3 or a is null) and a = 4", "a = null", "n > 2 and null",
        "coalesce(a > 3, false) and a < 2",
    ],
)  # fmt: skip
def test_what_cannot_be_is_seen(text: str) -> None:
    assert where(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "n > 3 and n < 5", "a is null or a > 3", "a > b and b > a - 2", "coalesce(a, 5) < 3", "2 * n = 4", "a < 0",
        "not (a > 3) and a is not null", "job <> 'student'", "case when flag then n else m end > 3 and n = 0",
        "nullif(n, 3) is null", "paid / nullif(n, 0) = 0", "paid / 3 > 0.01", "least(n, m) > 5", "a <> b",
    ],
)  # fmt: skip
def test_what_can_be_is_not_denied(text: str) -> None:
    assert where(text)


def test_a_region_says_how_far_a_name_reaches_and_whether_it_is_null() -> None:
    (one,) = where("n >= 3 and n < 9 and a is null")
    assert one.span("n") == (3, 8)
    assert one.span("a") == EMPTY
    (one,) = where("4 * a > 10")
    assert one.span("a") == (3, inf)
    (one,) = where("10 - 3 * a >= 0")
    assert one.span("a") == (-inf, 3)


@pytest.mark.parametrize(
    ("text", "always"),
    [("n >= 0", True), ("n > 0", False), ("a = a or a is null", True), ("a = a", False), ("n >= 0 and n + 1 > n", True),
     ("a is null or a is not null", True), ("a >= 0", False), ("n > 3 or n < 9", True), ("not (n < 0)", True)],
)  # fmt: skip
def test_always_is_told_only_with_proof(text: str, always: bool) -> None:
    assert Ranges().always(parse_predicate(text, SCOPE), Region(BOX)) is always


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("n + 3", (3, inf)), ("case when n > 3 then n else null end", (4, inf)), ("coalesce(a, 4) * 0", (0, 0)),
        ("null", EMPTY), ("7 / 2", (3_500_000, 3_500_000)), ("0 - 7 / 2", (-3_500_000, -3_500_000)),
        ("least(n, 5)", (0, 5)), ("abs(least(n, 5) - 9)", (4, 9)), ("5 / nullif(m, 0)", (0, 5_000_000)),
    ],
)  # fmt: skip
def test_values_of_expressions(text: str, span: Interval) -> None:
    assert Ranges().values(parse_expression(text, SCOPE), Region(BOX)) == span


def test_so_many_alternatives_that_none_is_told_apart_are_taken_as_possible() -> None:
    many = " and ".join(f"(a > {number} or b > {number})" for number in range(1, 12))
    assert where(many)
    assert len(where(many)) <= 64
    assert possible(parse_predicate(f"{many} and a < 5", SCOPE), {})


# -- whatever the policy and the line


def conditions(policy: Policy) -> list[Expr]:
    found = [expr for rule in policy.rules for expr in (rule.when, rule.cure) if expr is not None]
    return found + [part.when for part in (policy.approve, policy.reopen) if part is not None]


@st.composite
def lines(draw: st.DrawFn, policy: Policy) -> Values:
    """Any values of counted facts and attributes, few and near each other; those that rest on them follow."""
    box = widest(policy)
    values: dict[str, int | None] = {}
    for name, kind in [*ATTRIBUTES.items(), *((fact.name, fact.type) for fact in policy.counted_facts)]:
        low, high = box[name]
        fair = [number * 10**kind.places + step for number in (0, 1, 2, 3, 10, 30, 600, 99_999) for step in (-1, 0, 1)]
        fair = [number for number in fair if low <= number <= high]
        values[name] = draw(st.sampled_from([*fair, *([None] if kind.nullable else [])]))
    for fact in policy.sql_facts:
        found = value_of(fact.sql, values)
        values[fact.name] = None if found == NULL else found
    values["points"] = policy.scorecard.points_of(values) if policy.scorecard else 0
    return values


def holds(region: Region, values: Values) -> bool:
    """Whether a line lies in a region."""
    for name, value in values.items():
        null = region.nulls.get(name)
        if null is not None and null != (value is None):
            return False
        if value is not None and not region.box[name][0] <= value <= region.box[name][1]:
            return False
    return True


def denied(policy: Policy, values: Values) -> list[Expr]:
    """Conditions that come out so for this line though the ranges say they cannot."""
    ranges, wrong = Ranges(policy), []
    for expr in conditions(policy):
        truth = value_of(expr, values)
        want: Want = "true" if truth == 1 else "null" if truth == NULL else "false"
        inside = ranges.possible(expr) if want == "true" else ranges.regions(expr, ranges.widest, want)
        if not any(holds(region, values) for region in inside) or (truth != 1 and ranges.always(expr)):
            wrong.append(expr)
    both = [expr for expr in conditions(policy) if value_of(expr, values) == 1][:3]
    if both and not any(holds(region, values) for region in ranges.possible(*both)):
        wrong.append(both[0])
    return wrong


def unchecked(plain: dict[str, Any]) -> Policy | None:
    """A policy that is well formed, with whatever it says that can never be."""
    return _Reading(Source(yaml.safe_dump(plain, allow_unicode=True, width=1000), "p.yaml")).policy()


@settings(suppress_health_check=[*HealthCheck], deadline=None)
@given(st.data())
def test_no_line_of_any_policy_lies_outside(data: st.DataObject) -> None:
    policy = unchecked(data.draw(random_policies()))
    if policy is None:
        return
    for _ in range(5):
        try:
            values = data.draw(lines(policy))
            assert denied(policy, values) == []
        except OverflowError:
            continue


@settings(max_examples=30, suppress_health_check=[*HealthCheck], deadline=None)
@pytest.mark.parametrize("name", shipped_policies())
@given(data=st.data())
def test_no_line_of_a_shipped_policy_lies_outside(name: str, data: st.DataObject) -> None:
    policy = load_policy(name)
    assert denied(policy, data.draw(lines(policy))) == []


def test_every_counted_fact_has_a_range() -> None:
    for name in shipped_policies():
        policy = load_policy(name)
        box = widest(policy)
        assert all(box[fact.name][0] <= box[fact.name][1] for fact in policy.facts)
        assert all(isinstance(policy.by_name[fact.name], CountedFact) for fact in policy.counted_facts)
