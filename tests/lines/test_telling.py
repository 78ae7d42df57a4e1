"""Reasons told one by one agree with the kernel that decided, and show the values both sides had."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pytest

from creditline.facts.slices import from_events
from creditline.lines.decision import Decision
from creditline.lines.replay import run
from creditline.lines.telling import explain, explain_return, unit_of, values_of
from creditline.policy import Policy, load_policy
from creditline.policy.evaluating import value_of
from creditline.simulate import behaviour_named, live, simulate
from creditline.simulate.period import ENDS


@pytest.fixture(scope="module")
def consumer() -> Policy:
    return load_policy("consumer-line")


def lived(policy: Policy, behaviour: str, seed: int = 3, months: int = 18) -> list[Decision]:
    events, _ = live(behaviour_named(behaviour), months, seed)
    return run(from_events(events), policy, ENDS, engine="python").decisions()


def first(decisions: Sequence[Decision], action: str, code: str = "") -> tuple[Decision, Sequence[Decision]]:
    """The first decision of a kind (for a reason), and those before it."""
    return next(
        (each, decisions[:number])
        for number, each in enumerate(decisions)
        if each.action == action and (not code or code in each.reasons)
    )


def test_a_closing_shows_every_comparison_with_both_sides(consumer: Policy) -> None:
    closing, before = first(lived(consumer, "person.cycler"), "close", "T04")
    told = next(each for each in explain(consumer, closing, before) if each.code == "T04")
    assert set(told.reason) == {"zh", "en"}
    redraws, drawn, *_ = told.conditions
    assert (redraws.text, redraws.op, redraws.held) == ("redraws_30d >= 4", ">=", True)
    assert redraws.right is not None
    assert (redraws.left.value, redraws.left.unit) == (str(closing.facts["redraws_30d"]), "count")
    assert (redraws.right.value, redraws.right.unit) == ("4", "count")
    assert (drawn.text, drawn.left.unit, drawn.held) == ("drawn_30d > 0.8 * limit", "money", True)
    assert drawn.right is not None
    assert drawn.left.value == f"{(closing.facts['drawn_30d'] or 0) / 100:,.2f}"
    assert drawn.right.value == f"{closing.limit_before * 0.8 / 100:,.2f}"
    assert drawn.right.text == "0.8 * limit"
    assert {fact.name for fact in told.facts} >= {"redraws_30d", "drawn_30d"}
    assert told.facts[0].definition
    assert (told.cure, told.cured) == ("redraws_30d = 0", False)
    assert told.answered_by == ("purpose_invoice",)


def test_a_reopening_tells_the_cures_that_were_met(consumer: Policy) -> None:
    decisions = lived(consumer, "person.cycler")
    reopening, before = first(decisions, "reopen")
    ended = explain_return(consumer, reopening, before)
    assert [each.code for each in ended] == list(before[-1].standing)
    assert all(each.cured for each in ended)
    closing, earlier = first(decisions, "close")
    assert explain_return(consumer, closing, earlier) == []


def test_a_decline_without_a_rule_shows_what_approval_asks_for(consumer: Policy) -> None:
    simulation = simulate(200, 3, 7)
    persons = {truth.line for truth in simulation.truth if truth.policy == consumer.name}
    slices = from_events([event for event in simulation.events if event.line in persons])
    decisions = run(slices, consumer, ENDS, engine="python").decisions()
    decline = next(each for each in decisions if each.reasons == ("A01",))
    before = [each for each in decisions if each.line == decline.line and each.number < decline.number]
    (told,) = explain(consumer, decline, before)
    assert told.then == "decline"
    assert any(each.held is not True for each in told.conditions)
    assert told.cure == ""


@pytest.mark.parametrize("name", ["consumer-line", "business-line"])
def test_rules_told_are_the_rules_that_fired(name: str) -> None:
    """Over every decision of a small portfolio each rule's truth is the kernel's."""
    policy = load_policy(name)
    simulation = simulate(100, 9, 11)
    mine = {truth.line for truth in simulation.truth if truth.policy == name}
    slices = from_events([event for event in simulation.events if event.line in mine])
    compared = 0
    for _, group in groupby(run(slices, policy, ENDS, engine="python").decisions(), key=lambda each: each.line):
        made = list(group)
        for number, each in enumerate(made):
            if each.action in ("apply", "open", "set_limit", "terminate") and not each.reasons:
                continue  # told by an event: facts were measured after it
            values = values_of(each, made[:number])
            read_on_line = each.status_before in ("open", "frozen", "closed")
            for rule in policy.rules:
                if "requested" in rule.when.names() or not (rule.on_line if read_on_line else rule.on_application):
                    continue
                if rule.then == "limit" and each.status_before != "open":
                    continue
                assert (value_of(rule.when, values) == 1) == (rule.code in each.fired + each.held), (each, rule.code)
                compared += 1
    assert compared > 150


def test_units_follow_from_the_facts(consumer: Policy) -> None:
    conditions = {rule.code: rule.when for rule in consumer.rules}
    assert unit_of(consumer, conditions["T11"].parts[0]) == "days"
    approve = consumer.approve
    assert approve is not None
    assert unit_of(consumer, approve.limit) in ("money", "number")


def test_what_is_not_known_is_told_as_such(consumer: Policy) -> None:
    closing, before = first(lived(consumer, "person.defaulter"), "close")
    values = {**values_of(closing, before), "late_90d": None}
    from creditline.lines.telling import conditions_of

    told = conditions_of(consumer, consumer.by_code["T01"].when, values)
    late = next(each for each in told if each.text.startswith("late_90d"))
    assert (late.held, late.left.value) == (None, None)
