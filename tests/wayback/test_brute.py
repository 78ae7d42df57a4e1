"""The best plan is the best there is: brute force over every use of every lever finds the same for all three goals."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given

from creditline.wayback.plans import Outlook, Plan, outlook
from tests.wayback.brute import Brute, Found, Judge, Way
from tests.wayback.ways import Down, Plain, examples, lines_down

pytestmark = pytest.mark.gate

TRIED_MOST = 800


def compare(down: Down, brute: Brute, found: list[Found], told: Outlook) -> None:
    """The same best for every goal, as far as docs/wayback.md tells better from worse."""
    assert bool(found) == bool(told.plans)
    for plan in told.plans:
        best = min(each.key(plan.goal, brute.offset) for each in found)
        mine = Found((), plan.reopens_at, plan.limit, plan.cost, plan.effort)
        assert (*mine.key(plan.goal, brute.offset)[:-1], len(plan.steps)) == best
        tied = [each for each in found if each.key(plan.goal, brute.offset) == best]
        assert plan.limit in {each.limit for each in tied}


def check_answers(down: Down, brute: Brute, plan: Plan) -> None:
    """A step answers exactly what would be uncured on the day of coming back were it left out."""
    levers: Plain = down.plain["levers"]
    ways = {step.lever: way_of(step.lever, step.on, step.chosen, step.repeated) for step in plan.steps}
    assert len(ways) == len(plan.steps)
    standing = list(down.situation.standing)
    for step in plan.steps:
        others = [way for name, way in sorted(ways.items()) if name != step.lever]
        uncured = brute.uncured(others, plan.reopens_at)
        assert step.title == levers[step.lever]["title"]
        assert list(step.answers) == sorted(uncured, key=[*standing, "reopen"].index)


def way_of(lever: str, on: str, chosen: int | None, repeated: int) -> Way:
    return Way(lever, (date.fromisoformat(on) - date(1970, 1, 1)).days, chosen or 0, repeated, 0)


def check(down: Down, drawn: Counter[str], *, by_oracle: bool) -> None:
    brute = Brute(down.plain, down.events, down.now)
    judge: Judge = brute.by_oracle if by_oracle else brute.by_kernel(down.policy)
    found = brute.every(judge, TRIED_MOST)
    if found is None:
        drawn["too many to try"] += 1
        return
    told = outlook(down.situation, engine="python")
    compare(down, brute, found, told)
    for plan in told.plans:
        check_answers(down, brute, plan)
    drawn["lines"] += 1
    drawn["combinations"] += brute.tried
    drawn["none helps"] += not found
    drawn["put off"] += any(way.late for each in found for way in each.ways)


def test_no_combination_is_better_by_the_kernel() -> None:
    """220 closed or frozen lines in the normal run, thousands of combinations run from the first event on."""
    drawn: Counter[str] = Counter()

    @examples(220, 5_000)
    @given(lines_down(combinations_most=150))
    def no_better(down: Down) -> None:
        check(down, drawn, by_oracle=False)

    no_better()
    assert drawn["lines"] >= 210
    assert drawn["combinations"] >= 1_500
    assert drawn["none helps"] >= 3
    assert drawn["put off"] >= 20


def test_no_combination_is_better_by_the_naive_oracle() -> None:
    """30 closed or frozen lines in the normal run, every combination of theirs lived through by the oracle."""
    drawn: Counter[str] = Counter()

    @examples(30, 600)
    @given(lines_down(causes=2, combinations_most=12))
    def no_better(down: Down) -> None:
        check(down, drawn, by_oracle=True)

    no_better()
    assert drawn["lines"] >= 30
    assert drawn["combinations"] >= 60
