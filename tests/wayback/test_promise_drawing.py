"""A plan for a cut limit that says how to draw, taken up: drawn so, drawn otherwise, and what that means."""

from __future__ import annotations

import pytest

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked
from creditline.lines.succession import InForce
from creditline.policy import Policy
from creditline.wayback.plans import Plan
from creditline.wayback.progress import StepState
from tests.wayback.promises import Life
from tests.wayback.test_drawing_plans import EVENTS, NO_OLD_DRAWS, NOW, START, UP_AT, changed
from tests.wayback.ways import DAY, LINE

FAR = UP_AT + 60 * DAY


def life(policy: Policy) -> tuple[Life, Plan]:
    """A line whose limit was cut, with the fastest plan taken up and its record kept."""
    found = Life((InForce(policy, START),), list(EVENTS))
    plan = found.take("fastest", NOW)
    found.keep(plan)
    return found, plan


def drawn(at: int, amount: int) -> Event:
    return Event(f"draw-{at}", LINE, at, at, DrawBooked(amount=amount))


def state_of(found: Life, lever: str, now: int) -> tuple[StepState | None, str | None]:
    (each,) = [each for each in found.progress(now).steps if each.step.lever == lever]
    return each.state, each.done_on


FIRST = NOW - NOW % DAY + DAY
"""A moment of the day of the first part."""


def test_draws_in_the_parts_told_keep_the_plan() -> None:
    found, plan = life(changed())
    (step,) = [step for step in plan.steps if step.lever == "spread"]
    assert (step.on, step.repeated, step.amount) == ("2026-02-10", 2, 400_000)
    found.events.append(drawn(FIRST, 400_000))
    assert state_of(found, "spread", FIRST + DAY) == ("due", None)
    found.events.append(drawn(FIRST + 3 * DAY, 400_000))
    assert state_of(found, "spread", FIRST + 4 * DAY) == ("done", "2026-02-13")
    progress = found.progress(FIRST + 4 * DAY)
    assert (progress.state, progress.expected and progress.expected.at) == ("due", UP_AT)
    assert (progress.money_left, progress.effort_left) == (0, 3), "draws are no money to be found"
    assert found.course(FAR).stood[0].because == "kept"


@pytest.mark.parametrize(("at", "amount"), [(FIRST, 400_001), (NOW + 1, 1), (FIRST + 2 * DAY, 400_001)])
def test_more_or_sooner_is_told_and_breaks_nothing_that_still_comes_true(at: int, amount: int) -> None:
    found, _ = life(changed())
    found.events.append(drawn(at, amount))
    assert state_of(found, "spread", FIRST + 20 * DAY) == ("strayed", None)
    assert found.progress(FIRST + 20 * DAY).state == "due"
    stood = found.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", UP_AT)


def test_a_draw_on_the_day_of_the_last_part_is_as_told_whatever_it_comes_to() -> None:
    found, _ = life(changed())
    found.events.append(drawn(FIRST + 3 * DAY, 400_001))
    assert state_of(found, "spread", FIRST + 4 * DAY)[0] == "done"


def test_where_no_draw_was_to_be_made_one_cent_lets_the_promise_lapse() -> None:
    found, plan = life(changed(NO_OLD_DRAWS))
    (step,) = [step for step in plan.steps if step.lever == "calm"]
    assert step.on == plan.reopens_on
    assert state_of(found, "calm", UP_AT - 2 * DAY) == ("due", None)
    found.events.append(drawn(FIRST, 1))
    progress = found.progress(FIRST + DAY)
    assert (progress.state, progress.expected) == ("due", None)
    assert state_of(found, "calm", FIRST + DAY) == ("strayed", None)
    assert found.course(FAR).stood[0].because == "lapsed"


def test_what_was_drawn_before_the_plan_was_taken_up_does_not_count() -> None:
    found, _ = life(changed())
    found.events.append(drawn(NOW - DAY, 100_000))
    assert state_of(found, "spread", FIRST + DAY) == ("due", None)
