"""The planner over many lines at once: compiled as in Python, many lines as one by one, in any order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from creditline.events.event import Event
from creditline.facts.slices import Slices, from_events
from creditline.lines.replay import run
from creditline.policy import Policy, load_policy
from creditline.policy.compiler import STATE
from creditline.wayback.cures import cure_of
from creditline.wayback.debts import packed
from creditline.wayback.futures import in_order
from creditline.wayback.lever_source import touched
from creditline.wayback.planner import GOALS, Plans, planner_of, plans_many, targets_of
from creditline.wayback.planner import _plans as plans_by
from creditline.wayback.plans import outlook
from creditline.wayback.situation import Situation
from creditline.wayback.staying import seen_of, stuck_source
from creditline.wayback.trails import Trail
from tests.wayback.test_declined import CUT, applied, job, policy
from tests.wayback.ways import DAY, START, bureau, event

NOW = START + 40 * DAY

Many = tuple[Policy, Slices, NDArray[np.int64]]
"""A policy, lines, and their states."""


def history(number: int) -> list[Event]:
    """A line in some trouble; another one for every number."""
    chance = random.Random(number)
    line = f"L{number:03}"
    made = [job(START + 1, chance.choice(("employed", "unemployed")))]
    made += [bureau(START + 2, lenders=chance.randint(0, 6), balance=chance.choice((0, 500_001, 2_000_000)))]
    if chance.random() < 0.5:
        made += [applied(START + chance.randint(1, 20) * DAY + n) for n in range(chance.randint(1, 3))]
    else:
        made += [event(START, "line.opened", limit=900_000)]
        made += [bureau(START + 9 * DAY, lenders=chance.randint(2, 7), balance=1_000_001)]
        made += [event(START + 11 * DAY, "outside_instalment.paid", lender="bank", amount=500, days_late=2)]
    return [Event(f"{line}-{each.id}", line, each.at, each.known, each.body) for each in made]


@pytest.fixture(scope="module")
def many() -> Many:
    slices = from_events(each for number in range(120) for each in history(number))
    states = run(slices, policy(), NOW, engine="python").states
    return policy(), slices, states


def same(one: Plans, other: Plans) -> bool:
    """Whether two answers are alike in every cell."""
    return all(np.array_equal(mine, vars(other)[name]) for name, mine in vars(one).items())


def test_compiled_and_as_python_the_planner_finds_the_same(many: Many) -> None:
    rules, slices, states = many
    compiled = plans_many(slices, rules, states, NOW, engine="numba")
    assert same(compiled, plans_many(slices, rules, states, NOW, engine="python"))
    wanted = targets_of(states) >= 0
    assert wanted.sum() >= 40
    assert compiled.found[wanted].mean() > 0.5
    assert not compiled.found[~wanted].any(), "lines that are open need no way back"
    assert not compiled.failed.any()
    assert compiled.complete[wanted].all()


def test_one_by_one_and_all_at_once_the_plans_are_the_same(many: Many) -> None:
    rules, slices, states = many
    found = plans_many(slices, rules, states, NOW, engine="python")
    checked = 0
    for place, line in enumerate(slices.lines):
        if targets_of(states)[place] < 0:
            continue
        events = history(int(line[1:]))
        alone = Situation(line, rules, NOW, events, from_events(events), states[place])
        told = {plan.goal: plan for plan in outlook(alone, engine="python").plans}
        for number, goal in enumerate(GOALS):
            assert bool(found.found[place, number]) == (goal in told)
            if goal in told:
                plan, cells = told[goal], (found.at, found.limit, found.money, found.effort)
                assert (plan.reopens_at, plan.limit, plan.cost, plan.effort) == tuple(
                    int(each[place, number]) for each in cells
                )
                checked += 1
    assert checked >= 60


def test_the_order_of_lines_changes_nothing(many: Many) -> None:
    rules, slices, states = many
    turned = from_events(
        Event(each.id, f"L{999 - number:03}", each.at, each.known, each.body)
        for number in range(120)
        for each in history(number)
    )
    there = plans_many(turned, rules, states[::-1].copy(), NOW, engine="python")
    here = plans_many(slices, rules, states, NOW, engine="python")
    assert np.array_equal(there.at[::-1], here.at)
    assert np.array_equal(there.uses[::-1], here.uses)


def test_a_limit_that_was_cut_is_planned_for_in_a_batch_too() -> None:
    slices = from_events(CUT)
    states = run(slices, policy(), START + 12 * DAY, engine="python").states
    none = plans_many(slices, policy(), states, START + 12 * DAY, engine="python")
    assert not none.found.any()
    raised = plans_many(slices, policy(), states, START + 12 * DAY, targets=np.array([1]), engine="python")
    assert raised.found.all()
    assert (raised.limit == 960_000).all()


# -- what is left out of a search, and why it may be ----------------------------------------------------


def test_what_says_again_what_was_said_touches_nothing() -> None:
    rules = policy()
    closes = next(lever for lever in rules.levers if lever.name == "close_debts")
    assert touched(rules, closes, wide=False) == {"lenders", "balance"}
    works = next(lever for lever in rules.levers if lever.name == "find_work")
    assert touched(rules, works, wide=False) == {"job"}


def test_loans_paid_off_where_nothing_is_late_touch_nothing_that_looks_at_what_is() -> None:
    rules = load_policy("consumer-line")
    off = next(lever for lever in rules.levers if lever.does == "pay_off")
    alone, kept = (touched(rules, off, wide=False, kept=kept) for kept in (False, True))
    assert alone - kept == {"dpd", "worst_dpd_90d", "late_90d"}
    assert {"repaid_ever", "on_time_streak", "good_months"} < kept < alone


def test_arrears_that_only_grow_older_tell_nothing_new() -> None:
    consumer = load_policy("consumer-line")
    days = seen_of(consumer)["arrears.changed"][0]
    assert days is not None
    assert {4, 30} <= set(days), "where rules ask"
    assert not set(range(42, 36_500)) & set(days), "beyond the last question one day is as another"
    assert "instalment.settled" not in seen_of(consumer), "these are counted"


def test_a_cure_is_stuck_only_where_time_alone_cannot_meet_it() -> None:
    consumer = load_policy("consumer-line")
    source = stuck_source(consumer)
    told = {line.rsplit("# ", 1)[1] for line in source.splitlines() if "# " in line}
    assert {"T01", "T02", "T16", "T17"} <= told
    # Draws and points change as days go by.
    assert not {"T04", "T06", "T07", "T10", "T05", "T13"} & told
    assert all(cure_of(rule) is not None for rule in consumer.rules)


def test_a_run_taken_up_where_futures_part_ends_as_one_from_the_beginning(many: Many) -> None:
    rules, slices, states = many
    planner = planner_of(rules)
    module, forgetful = planner.fresh(), planner.fresh()
    take_up, visits = vars(module)["take_up"], Counter[str]()

    def counted(name: str, visit: Callable[..., int]) -> Callable[..., int]:
        def again(*arguments: object) -> int:
            visits[name] += 1
            return visit(*arguments)

        return again

    def never_taken_up(end: int, n: int, work: object, trail: Trail) -> int:
        trail[2][:] = 0
        run: int = take_up(end, n, work, trail)
        return run

    vars(module).update(visit=counted("taken up", vars(module)["visit"]))
    vars(forgetful).update(visit=counted("from the beginning", vars(forgetful)["visit"]), take_up=never_taken_up)
    arguments = slices, rules, states, NOW, targets_of(states), packed([None] * len(slices)), 0
    assert same(plans_by(module.plan_many, *arguments), plans_by(forgetful.plan_many, *arguments))
    assert 0 < visits["taken up"] < 0.8 * visits["from the beginning"]


def test_rows_in_a_few_stretches_are_put_in_order_of_time() -> None:
    chance = random.Random(5)
    for _ in range(500):
        stretches = [sorted(chance.choices(range(9), k=chance.randint(0, 6))) for _ in range(chance.randint(0, 4))]
        rows = np.array([[at] for stretch in stretches for at in stretch], np.int64).reshape(-1, 1)
        order = np.zeros(len(rows), np.int64)
        in_order(rows, len(rows), order)
        assert order.tolist() == sorted(range(len(rows)), key=lambda row: int(rows[row, 0]))


def test_the_planner_of_a_policy_is_made_once() -> None:
    rules = policy()
    assert planner_of(rules) is planner_of(replace(rules))
    assert STATE[0] == "STATUS"
