"""A plan taken up binds: whoever keeps it comes back as promised, whatever the policy has become meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import msgspec
import pytest

from creditline.events.event import Event
from creditline.events.kinds import PromiseEnded
from creditline.lines.succession import InForce
from creditline.policy import read_policy
from creditline.wayback.steps import day_of
from tests.wayback.promises import CHANGE, EVENTS, LOOSE, NOW, POLICY, STRICT, TIGHT, Life
from tests.wayback.ways import DAY, LINE, START, bureau, event

FAR = NOW + 400 * DAY


# -- kept


def test_who_keeps_the_plan_comes_back_though_the_policy_has_tightened() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    assert [step.lever for step in plan.steps] == ["find_work", "close_debts"]
    back = [each for each in life.told(FAR) if each[0] == "reopen"]
    assert back == [("reopen", plan.reopens_at, "loose")]
    assert plan.reopens_at > CHANGE
    returned = next(each for each in life.decisions(FAR) if each.action == "reopen")
    assert returned.limit == plan.limit == 800_000
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", plan.reopens_at)


def test_without_the_promise_the_same_events_bring_nothing_back() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    life.events = [each for each in life.events if each.kind != "promise.made"]
    assert life.course(FAR).stood == ()
    assert [action for action, *_ in life.told(FAR)] == ["open", "close"]


def test_the_version_of_the_plan_decides_until_probation_is_over_and_then_the_one_in_force() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    over = plan.reopens_at + 90 * DAY
    assert [each for each in life.told(FAR) if each[1] > plan.reopens_at] == [("close", over, "tight")]
    assert life.course(FAR).stood[0].ended == over
    assert life.told(over - 1)[-1][0] == "reopen"


def test_a_line_that_comes_back_frozen_free_has_the_days_of_grace_before_a_tighter_version_decides() -> None:
    text = POLICY.replace("lenders >= 4, then: close, cooling_off: 30d", "lenders >= 4, then: freeze")
    loose, tight = read_policy(text), read_policy(text.replace("lenders >= 4", "lenders >= 2"))
    life = Life(versions=(InForce(loose, START), InForce(tight, CHANGE)))
    plan = life.take()
    life.keep(plan)
    own = [(each.action, each.at) for each in life.decisions(FAR) if each.at > NOW]
    assert own == [("unfreeze", plan.reopens_at), ("freeze", plan.reopens_at + 5 * DAY)]


def test_a_version_that_did_not_change_leaves_no_trace_of_the_promise() -> None:
    life = Life(versions=(InForce(LOOSE, START),))
    plan = life.take()
    life.keep(plan)
    assert list(life.course(FAR).own) == list(life.versions)


# -- overridden


def test_fraud_ends_the_promise_and_the_line() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    at = NOW + 7 * DAY
    life.events.append(event(at, "fraud.confirmed", offence="identity_theft", author="A"))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", at, ("T21",))
    assert [(action, t, version) for action, t, version in life.told(FAR) if t > NOW] == [("terminate", at, "tight")]


def named(*codes: str) -> Life:
    """The stricter version names more rules that override promises."""
    tight = read_policy(STRICT.replace("overridden_by: [T21]", f"overridden_by: [{', '.join(codes)}]"))
    return Life(versions=(InForce(LOOSE, START), InForce(tight, CHANGE)))


def test_a_rule_that_only_the_new_version_names_overrides_when_it_fires_anew() -> None:
    at = NOW + 8 * DAY
    tie = event(at, "tie.found", party="X", relation="owner", risk="high")
    life = named("T21", "T16")
    plan = life.take()
    life.keep(plan)
    life.events.append(tie)
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", at, ("T16",))
    # Not named, it does not end the promise: it delays the return as the plan's own version has it.
    other = Life()
    other.keep(other.take())
    over = event(at + DAY, "tie.ended", party="X")
    other.events += [tie, over]
    stood = other.course(FAR).stood[0]
    assert (stood.because, stood.back is not None) == ("kept", True)


def test_a_named_rule_that_stood_when_the_plan_was_taken_up_overrides_nothing() -> None:
    """The very trigger the plan answers is named by the stricter version, under which it still fires."""
    life = named("T21", "T03")
    plan = life.take()
    life.keep(plan)
    stood = life.course(FAR).stood[0]
    assert stood.because == "kept"
    assert stood.back is not None


def test_a_named_rule_that_the_new_version_makes_fire_at_once_overrides_on_its_first_day() -> None:
    text = STRICT.replace("when: ties > 0", "when: job = 'unemployed'").replace("[T21]", "[close]")
    life = Life(versions=(InForce(LOOSE, START), InForce(read_policy(text), CHANGE)))
    life.events = [*EVENTS]
    life.take()
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended, stood.codes) == ("overridden", CHANGE, ("T16",))


def test_a_block_acts_under_any_version_and_is_told_when_the_grace_is_over() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    life.events.append(
        event(NOW + DAY, "block.placed", effect="close", overridable=False, author="court", reason="order")
    )
    assert "reopen" not in [action for action, *_ in life.told(FAR)]
    assert life.progress(NOW + 2 * DAY).blocked
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.codes, stood.ended) == ("overridden", ("BLOCK",), stood.taken.lapses)


def test_a_block_lifted_in_time_only_delays() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    lifted = plan.reopens_at + 2 * DAY
    life.events += [
        event(NOW + DAY, "block.placed", effect="close", overridable=False, author="court", reason="order"),
        event(lifted, "block.lifted", overridable=False, author="court", reason="order"),
    ]
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", lifted)


# -- broken, late, lapsed


def test_a_step_not_done_breaks_the_promise_after_its_grace_and_the_stricter_version_decides() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan, leave_out="find_work")
    stood = life.course(FAR).stood[0]
    work = next(step for step in plan.steps if step.lever == "find_work")
    breaks = (day_of(work.on) + 6) * DAY - 8 * 3_600_000_000
    assert (stood.because, stood.ended, stood.codes) == ("broken", breaks, ("find_work",))
    assert life.course(breaks - 1).stood[0].ended is None
    assert [each.policy.version for each in life.course(FAR).own] == [LOOSE.version, TIGHT.version]
    # Found work after all, too late: the stricter version does not let the line back.
    life.events.append(event(breaks + DAY, "profile.updated", employment="employed"))
    assert "reopen" not in [action for action, *_ in life.told(FAR)]


def test_a_late_step_is_told_with_the_new_day_as_long_as_the_promise_stands_until_then() -> None:
    for grace, is_expected in (("20d", True), ("5d", False)):
        loose, tight = (read_policy(text.replace("grace: 5d", f"grace: {grace}")) for text in (POLICY, STRICT))
        life = Life((InForce(loose, START), InForce(tight, CHANGE)))
        plan = life.take()
        life.keep(plan, leave_out="close_debts")
        by = day_of(next(step for step in plan.steps if step.lever == "close_debts").on) + 10
        late = life.progress(by * DAY + 30 * 3_600_000_000)
        # Closed tomorrow the debts are known ten days later; the line would be back at once, if not for a lapse before.
        assert (late.state, late.expected is not None) == ("late", is_expected)
        assert late.expected is None or late.expected.at > plan.reopens_at


def test_a_step_that_is_late_within_the_grace_breaks_nothing() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan, leave_out="close_debts")
    debts = next(step for step in plan.steps if step.lever == "close_debts")
    by = day_of(debts.on) + 10
    now = by * DAY + 30 * 3_600_000_000  # the afternoon of the day after
    late = life.progress(now)
    assert (late.state, [each.state for each in late.steps]) == ("late", ["done", "late"])
    assert late.steps[1].by == (date(1970, 1, 1) + timedelta(by)).isoformat()
    # Reported on the last day of grace: it comes back then, a day late, under the version of the plan.
    life.keep(plan, shift=5 * DAY, leave_out="find_work")
    reported = max(each.known for each in life.events)
    assert plan.reopens_at < reported < plan.reopens_at + 2 * DAY
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back and stood.back.at) == ("kept", reported)


def test_a_line_that_is_not_back_by_the_day_and_its_grace_is_waited_for_no_longer() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    # All steps are done, but another trigger that overrides nothing keeps the line away too long.
    life.events.append(event(plan.reopens_at - DAY, "tie.found", party="X", relation="owner", risk="high"))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.back, stood.ended) == ("lapsed", None, stood.taken.lapses)


def test_a_reason_cured_otherwise_counts_as_its_step_done() -> None:
    """One lender too many was a mistake of the bureau: nobody had to be paid."""
    life = Life()
    plan = life.take()
    life.keep(plan, leave_out="close_debts")
    life.events.append(bureau(NOW + 6 * DAY, lenders=1, balance=499_999, name="put-right"))
    done = life.progress(NOW + 7 * DAY)
    assert [each.state for each in done.steps] == ["done", "done"]
    assert life.course(FAR).stood[0].because == "kept"


def test_a_field_counts_as_planned_only_as_far_as_planned() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan, leave_out="close_debts")
    life.events.append(bureau(NOW + 6 * DAY, lenders=3, balance=0, name="not enough"))
    states = [each.state for each in life.progress(NOW + 7 * DAY).steps]
    assert states == ["done", "due"]


# -- given up, replaced, taken back


def test_what_is_given_up_is_decided_by_the_version_in_force_from_then_on() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    seal, at = next(iter(life.proofs)), NOW + 6 * DAY
    life.events.append(Event("end", LINE, at, at, PromiseEnded(plan=seal, because="given_up")))
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended) == ("given_up", at)
    assert [(each.policy.version, each.since) for each in life.course(FAR).own][-1] == (TIGHT.version, at)
    assert "reopen" not in [action for action, *_ in life.told(FAR)]


def test_a_plan_taken_up_in_place_of_another_keeps_the_version() -> None:
    life = Life()
    first = life.take("easiest")
    again = NOW + 4 * DAY
    life.events.append(bureau(again - DAY, lenders=3, balance=10_000, name="better"))
    better = life.progress(again, better=True).better
    assert better is not None
    assert better.cost < first.cost
    second = life.take("fastest", again)
    assert second.cost == better.cost
    life.keep(second)
    one, two = life.course(FAR).stood
    assert (one.because, one.ended, two.because) == ("replaced", again, "kept")
    assert two.taken.policy.version == LOOSE.version
    assert [each for each in life.told(FAR) if each[0] == "reopen"] == [("reopen", second.reopens_at, "loose")]


def test_no_plan_is_called_better_while_nothing_has_changed() -> None:
    life = Life()
    life.take()
    assert life.progress(NOW + 3_600_000_000, better=True).better is None


def test_a_promise_entered_by_mistake_binds_until_that_is_known() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    at = NOW + 6 * DAY
    life.events.append(event(at, "event.voided", event=f"promise-{NOW}", reason="wrong line"))
    assert life.course(at - 1).stood[0].ended is None
    stood = life.course(FAR).stood[0]
    assert (stood.because, stood.ended) == ("voided", at)


def test_a_promise_whose_proof_is_not_kept_binds_nothing() -> None:
    life = Life()
    life.keep(life.take())
    life.proofs.clear()
    assert life.course(FAR).stood == ()
    assert life.course(FAR).own == tuple(life.versions)


# -- what does not matter


def test_the_order_in_which_events_come_does_not_matter() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan, shift=DAY)
    life.events.append(event(NOW + 300 * DAY, "fraud.confirmed", offence="identity_theft", author="A"))
    expected = life.told(FAR)
    chance = Random(5)
    for _ in range(5):
        chance.shuffle(life.events)
        assert life.told(FAR) == expected


def test_what_was_decided_by_a_moment_does_not_depend_on_how_far_one_looks() -> None:
    """A replay to any moment makes the decisions that a replay to the end made up to it."""
    for shift, left_out in ((0, "never"), (0, "find_work"), (3 * DAY, "never"), (30 * DAY, "never")):
        life = Life()
        life.keep(life.take(), shift, left_out)
        whole = life.told(FAR)
        moments = [t for each in whole for t in (each[1] - 1, each[1], each[1] + 1)]
        for until in [*moments, *range(NOW, FAR, 17 * DAY)]:
            assert life.told(until) == [each for each in whole if each[1] <= until]


def test_a_plan_of_a_version_kept_to_is_followed_though_it_is_told_again() -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    made = next(each for each in life.events if each.kind == "promise.made")
    once = life.told(FAR)
    life.events.append(msgspec.structs.replace(made, id="again", at=made.at + 5, known=made.at + 5))
    assert life.told(FAR) == once
    assert [each.because for each in life.course(FAR).stood] == ["replaced", "kept"]


@pytest.mark.parametrize("when", [NOW + DAY, NOW + 40 * DAY])
def test_progress_says_what_is_done_and_what_is_to_come(when: int) -> None:
    life = Life()
    plan = life.take()
    life.keep(plan)
    progress = life.progress(when)
    assert progress.expected is not None or progress.stood.back is not None
    if when == NOW + DAY:
        assert [(each.step.lever, each.state) for each in progress.steps] == [
            ("find_work", "done"), ("close_debts", "due"),
        ]  # fmt: skip
        assert progress.expected is not None
        assert (progress.expected.at, progress.expected.limit) == (plan.reopens_at, plan.limit)
        assert (progress.money_left, progress.state) == (plan.cost, "due")
    else:
        assert [each.state for each in progress.steps] == ["done", "done"]
        assert [each.done_on for each in progress.steps] == [plan.steps[0].on, progress.steps[1].by]
