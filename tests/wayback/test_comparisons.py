"""How near a condition is: 1 exactly where it is TRUE, never less for a value that has come nearer, exact in units."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from creditline.facts.expressions import Compare, Expr, Name
from creditline.policy import Policy, PolicyErrors, read_policy
from creditline.policy.evaluating import Values, value_of
from creditline.policy.ranges import widest
from creditline.wayback.comparisons import Comparison, Reading, rests_on
from tests.gate.strategies import as_yaml, random_policies
from tests.wayback.ways import examples

POLICY = """
policy: small
title: {zh: 小, en: Small}
facts:
  draws:   {count: draw.booked, window: 30d}
  drawn:   {sum: draw.booked.amount, window: 30d}
  age:     {age: profile.updated}
  job:     {last: profile.updated.employment}
  income:  {last: profile.updated.monthly_income}
  new:     {last: login.recorded.new_device}
  score:   {last: score.reported.score}
  lenders: {last: bureau.reported.lenders_with_balance}
  share:   {sql: "drawn / nullif(limit, 0)"}
scorecard:
  base: 500
  facts: {draws: {missing: 0, bins: [{below: 2, points: 100}, {points: 0}]}}
rules:
  - {code: T01, when: "CONDITION", then: freeze, reason: {zh: 一, en: One}}
incident: {code: T20, reason: {zh: 修, en: Repair}}
"""

NOW: Values = {
    "draws": 3, "drawn": 250_000, "age": 300, "job": 0, "income": 1_000_000, "new": 1, "score": 650, "lenders": None,
    "share": 250_000, "limit": 1_000_000, "points": 560, "status": 3, "days_in_status": 10, "on_probation": 0,
    "closings": 0, "requested": None,
}  # fmt: skip
"""Drawn 2,500.00 of 10,000.00."""


def read(condition: str) -> Policy:
    return read_policy(POLICY.replace("CONDITION", condition))


def near(condition: str, values: Values = NOW) -> Fraction:
    policy = read(condition)
    return Reading(policy, values).nearness(policy.rules[0].when)


def parts(condition: str, values: Values = NOW) -> tuple[Comparison, ...]:
    policy = read(condition)
    return Reading(policy, values).comparisons(policy.rules[0].when)


# -- told by hand


@pytest.mark.parametrize(
    ("condition", "share"),
    [
        # Counts, sums and ages come from 0 to the first value that fires.
        ("draws >= 5", Fraction(3, 5)),
        ("draws > 5", Fraction(3, 6)),
        ("5 <= draws", Fraction(3, 5)),
        ("age > 365", Fraction(300, 366)),
        ("drawn > 0.8 * limit", Fraction(250_000, 800_001)),
        ("drawn >= 5000", Fraction(1, 2)),
        ("share >= 0.5", Fraction(1, 2)),
        ("draws >= 3", Fraction(1)),
        # A score and points come down from the highest there is.
        ("score < 600", Fraction(1000 - 650, 1000 - 599)),
        ("points < 520", Fraction(600 - 560, 600 - 519)),
        ("points > 590", Fraction(560 - 500, 591 - 500)),
        # What else must fall has no place it comes from: the smaller over the greater.
        ("income < 5000", Fraction(499_999, 1_000_000)),
        ("limit <= drawn", Fraction(1, 4)),
        ("draws < 1", Fraction(0)),
        # Equal: from either side. Different: there or not.
        ("draws = 4", Fraction(3, 4)),
        ("draws = 2", Fraction(2, 3)),
        ("draws = 3", Fraction(1)),
        ("draws <> 3", Fraction(0)),
        ("share = 0.25", Fraction(1)),
        # Truths and choices are there or not.
        ("job = 'unemployed'", Fraction(0)),
        ("job in ('employed', 'student')", Fraction(1)),
        ("new", Fraction(1)),
        ("not new", Fraction(0)),
        ("on_probation", Fraction(0)),
        ("lenders is null", Fraction(1)),
        ("income is null", Fraction(0)),
        # Not known is not near.
        ("lenders >= 1", Fraction(0)),
        ("not (lenders >= 1)", Fraction(0)),
        ("draws >= lenders", Fraction(0)),
        # The least of both, the greatest of either.
        ("draws >= 4 and age > 365", Fraction(3, 4)),
        ("draws >= 4 or age > 365", Fraction(300, 366)),
        ("draws >= 4 and lenders >= 1", Fraction(0)),
        ("draws >= 4 or lenders >= 1", Fraction(3, 4)),
        ("draws >= 3 and lenders is null and age >= 300", Fraction(1)),
        ("not (draws < 4 or age < 600)", Fraction(1, 2)),
        ("not (draws < 4 and age < 600)", Fraction(3, 4)),
        ("draws between 4 and 9", Fraction(3, 4)),
        ("draws between 1 and 2", Fraction(2, 3)),
        # What decides among several.
        ("coalesce(lenders >= 1, draws >= 4)", Fraction(3, 4)),
        ("coalesce(draws >= 4, true)", Fraction(3, 4)),
        ("not coalesce(lenders >= 1, false)", Fraction(1)),
        ("case when job = 'employed' then draws >= 6 else true end", Fraction(1, 2)),
    ],
)
def test_nearness(condition: str, share: Fraction) -> None:
    assert near(condition) == share


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("draws >= 5", ("draws >= 5", 3, ">=", 5, 2, False)),
        ("5 <= draws", ("5 <= draws", 3, ">=", 5, 2, False)),
        ("not (draws < 5)", ("not draws < 5", 3, ">=", 5, 2, False)),
        ("drawn > 0.8 * limit", ("drawn > 0.8 * limit", 250_000, ">", 8_000_000, 550_001, False)),
        ("income < 5000", ("income < 5000", 1_000_000, "<", 500_000, 500_001, False)),
        ("draws < 5", ("draws < 5", 3, "<", 5, 0, True)),
        ("draws <> 3", ("draws <> 3", 3, "<>", 3, 1, False)),
        ("draws = 0.5 * (age + 1)", ("draws = 0.5 * (age + 1)", 3, "=", 1505, None, False)),
        ("lenders > 4", ("lenders > 4", None, ">", 4, None, None)),
        ("job = 'retired'", ("job = 'retired'", 0, "=", 3, None, False)),
        ("new", ("new", 1, "", None, None, True)),
        ("not new", ("not new", 1, "", None, None, False)),
        ("income is not null", ("income is not null", 1_000_000, "", None, None, True)),
    ],
)
def test_a_comparison_tells_value_limit_and_what_is_missing(condition: str, told: tuple[object, ...]) -> None:
    (part,) = parts(condition)
    assert (part.text, part.value, part.op, part.bound, part.missing, part.holds) == told


def test_a_condition_comes_apart_in_the_order_it_is_written() -> None:
    told = parts("draws >= 4 and (age > 365 or not (job = 'employed')) and coalesce(lenders > 2, false)")
    assert [each.text for each in told] == ["draws >= 4", "age > 365", "not job = 'employed'", "false"]
    assert [each.holds for each in told] == [False, False, False, False]


def test_what_an_expression_rests_on_goes_through_facts_worked_out_of_others() -> None:
    policy = read("share >= 0.5")
    compared = policy.rules[0].when
    assert rests_on(policy, compared, NOW) == {"share": 250_000, "drawn": 250_000, "limit": 1_000_000}


def test_a_number_beyond_what_numbers_hold_is_not_known() -> None:
    assert near("draws * age > 5", {**NOW, "draws": 10**10, "age": 10**10}) == 0


# -- for every condition


def some_values(policy: Policy) -> st.SearchStrategy[dict[str, int | None]]:
    """Values of everything a policy's conditions read, none outside what it can be."""
    said: dict[str, st.SearchStrategy[int | None]] = {}
    for name, (lowest, highest) in widest(policy).items():
        # What a number could be on paper may leave int64; no fact does.
        low, high = int(max(lowest, -(10**15))), int(min(highest, 10**15))
        near, wide = st.integers(low, min(high, low + 12)), st.integers(low, min(high, low + 3_000_000))
        known = st.one_of(
            near, wide, st.integers(low, high), st.integers(min(max(low, -9), high), max(low, min(high, 9)))
        )
        nullable = name != "points" and policy.type_of(name).nullable
        said[name] = st.one_of(known, known, known, st.none()) if nullable else known
    return st.fixed_dictionaries(said)


def toward(part: Comparison, by: int) -> int:
    """The value so far on the way to the first that holds."""
    assert part.value is not None
    assert part.bound is not None
    if part.op == "=":
        assert part.limit is not None
        down = part.value * 10**part.limit.type.places > part.bound * 10**part.fact.type.places
        return part.value - by if down else part.value + by
    return part.value + by if part.op in (">", ">=", "<>") else part.value - by


def test_it_is_one_exactly_where_the_condition_is_true_and_monotone_and_exact() -> None:
    """200 random policies in the normal run, every rule of theirs on random values."""
    drawn: Counter[str] = Counter()

    @examples(200, 8_000)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        try:
            policy = read_policy(as_yaml(data.draw(random_policies())))
        except PolicyErrors:
            reject()
        values = data.draw(some_values(policy))
        reading = Reading(policy, values)
        for rule in policy.rules:
            share = reading.nearness(rule.when)
            try:
                truth = value_of(rule.when, values)
            except OverflowError:
                continue
            drawn["true" if truth == 1 else "not true"] += 1
            assert 0 <= share <= 1
            assert (share == 1) == (truth == 1)
            for part in reading.comparisons(rule.when):
                check_part(policy, rule.when, part, values, data, drawn)

    holds()
    assert drawn["true"] >= 50
    assert drawn["not true"] >= 50
    assert drawn["moved"] >= 20


def check_part(
    policy: Policy, when: Expr, part: Comparison, values: Values, data: st.DataObject, drawn: Counter[str]
) -> None:
    """So far as is missing it holds, one unit less far it does not; and on the way nearness never falls."""
    assert part.holds is None or (part.nearness == 1) == part.holds
    fact, missing = part.fact, part.missing
    if not isinstance(part.node, Compare) or not isinstance(fact, Name) or not missing or part.limit is None:
        return
    name = fact.name
    if name in part.limit.names():
        return

    def read_at(by: int) -> Comparison:
        return Reading(policy, {**values, name: toward(part, by)})._part(part.node, wanted=part.wanted)

    drawn["moved"] += 1
    assert read_at(missing).holds
    assert not read_at(missing - 1).holds
    some = sorted(data.draw(st.integers(0, missing)) for _ in range(2))
    assert part.nearness <= read_at(some[0]).nearness <= read_at(some[1]).nearness <= 1
    if part.op != "<>":
        names = [node.name for node in when.walk() if isinstance(node, Name)]
        if names.count(name) == 1:
            before = Reading(policy, values).nearness(when)
            after = Reading(policy, {**values, name: toward(part, some[1])}).nearness(when)
            assert before <= after
