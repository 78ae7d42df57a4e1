"""Promises of a home: taken up and followed in the log, told to the borrower, and reckoned up for the lender."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.lines.decision import Decision
from creditline.service.promises import follow, followed, give_up, outstanding, take
from creditline.service.run import POLICY_OF_LINE, run_home
from creditline.service.wayback import check_plan, plans_of, situation_of
from creditline.store import Home
from creditline.wayback.plans import Plan
from creditline.wayback.progress import by_month
from creditline.wayback.proof import PlanError
from tests.wayback.promises import CHANGE, EVENTS, LOOSE, NOW, POLICY, TIGHT
from tests.wayback.ways import DAY, LINE, START, bureau, event

OTHER = "L2"
FAR = NOW + 300 * DAY


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Two lines alike, closed under a policy that a stricter version replaces some days later."""
    file = tmp_path / "small.yaml"
    file.write_text(POLICY, "utf-8")
    with Home.open(tmp_path / "home") as made:
        made.append([*EVENTS, *(msgspec.structs.replace(each, line=OTHER) for each in EVENTS)])
        made.put(POLICY_OF_LINE, {LINE: str(file), OTHER: str(file)})
        made.publish(LOOSE.name, LOOSE.version, LOOSE.text, START, published_at=START)
        made.publish(TIGHT.name, TIGHT.version, TIGHT.text, CHANGE, published_at=START)
        run_home(made, until=NOW)
        yield made


def keep(home: Home, plan: Plan, *, line: str = LINE, shift: int = 0, leave_out: str = "never") -> None:
    """Append what a plan says as it would come."""
    done = [
        Event(f"did-{each.id}", line, each.at + shift, each.known + shift, each.body)
        for each in plan.events
        if not each.id.startswith(f"plan-{leave_out}-")
    ]
    assert home.append(done).refused == []


def back(home: Home, line: str = LINE) -> list[Decision]:
    return [each for each in home.decisions(line) if each.action == "reopen"]


def letters(home: Home, kind: str, line: str = LINE) -> list[str]:
    return [letter.content for letter in home.letters(line) if letter.kind == kind]


# -- the story


def test_of_two_lines_alike_only_the_one_with_a_promise_comes_back(home: Home) -> None:
    plan = take(home, LINE, "fastest", now=NOW).plan
    for line in (LINE, OTHER):
        keep(home, plan, line=line)
    run_home(home, until=FAR)
    (returned,) = back(home)
    assert (returned.at, returned.limit, returned.policy) == (plan.reopens_at, plan.limit, LOOSE.version)
    assert back(home, OTHER) == []
    assert home.decisions(LINE)[-1].policy == TIGHT.version, "probation over, the stricter version decides"
    assert [each.number for each in home.decisions(LINE)] == [0, 1, 2, 3]


def test_a_promise_binds_also_where_another_version_is_run_over_everything(home: Home, tmp_path: Path) -> None:
    plan = take(home, LINE, "fastest", now=NOW).plan
    for line in (LINE, OTHER):
        keep(home, plan, line=line)
    file = tmp_path / "strict.yaml"
    file.write_text(TIGHT.text, "utf-8")
    run_home(home, file, until=FAR)
    assert [(each.at, each.policy) for each in back(home)] == [(plan.reopens_at, LOOSE.version)]
    assert back(home, OTHER) == []


def test_the_run_tells_the_final_state_of_every_line(home: Home) -> None:
    plan = take(home, LINE, "fastest", now=NOW).plan
    keep(home, plan)
    summary = run_home(home, until=plan.reopens_at + DAY)
    assert summary.statuses == {"open": 1, "closed": 1}
    assert summary.actions == {"open": 2, "close": 2, "reopen": 1}


def test_a_replay_makes_the_same_decisions_and_queues_nothing_new(home: Home) -> None:
    keep(home, take(home, LINE, "fastest", now=NOW).plan)
    run_home(home, until=FAR)
    once, queued = home.decisions(), home.letters()
    run_home(home, until=FAR)
    assert (home.decisions(), home.letters()) == (once, queued)


def test_the_situation_of_a_line_is_that_under_the_version_promised(home: Home) -> None:
    take(home, LINE, "fastest", now=NOW)
    assert situation_of(home, LINE, now=CHANGE + DAY).policy.version == LOOSE.version
    assert situation_of(home, LINE, now=CHANGE + DAY, pinned=False).policy.version == TIGHT.version
    assert situation_of(home, OTHER, now=CHANGE + DAY).policy.version == TIGHT.version


# -- taking up


def test_taking_the_same_plan_up_twice_changes_nothing(home: Home) -> None:
    first = take(home, LINE, "fastest", now=NOW)
    position, queued = home.position(), home.letters()
    again = take(home, LINE, "fastest", now=NOW)
    assert (first.is_new, again.is_new, again.seal) == (True, False, first.seal)
    assert (home.position(), home.letters()) == (position, queued)


def test_a_second_promise_needs_replace(home: Home) -> None:
    take(home, LINE, "fastest", now=NOW)
    with pytest.raises(CreditlineError, match="has a promise already: fastest; keep it, give it up"):
        take(home, LINE, "easiest", now=NOW + DAY)
    taken = take(home, LINE, "easiest", now=NOW + DAY, replace=True)
    assert taken.is_new
    course = followed(home, LINE, now=NOW + 2 * DAY).standing.course
    assert [each.because for each in course.stood] == ["replaced", None]


def test_a_plan_from_a_file_is_taken_up_as_it_was_made(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    proof = plans_of(home, LINE, now=NOW)
    file.write_bytes(msgspec.json.encode(proof))
    taken = take(home, LINE, "cheapest", now=NOW + DAY // 2, file=file)
    assert taken.seal == proof.seal
    assert taken.plan == next(plan for plan in proof.outlook.plans if plan.goal == "cheapest")
    assert check_plan(home, file)[1] == [], "taking it up does not change what it is checked against"


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-1, "lies after the moment of taking it up"),
        (3, "does not hold any more: "),
        (6, r"policy: .* is not the version that decides for the line"),
    ],
)
def test_a_plan_from_a_file_that_does_not_hold_any_more_is_refused(
    home: Home, tmp_path: Path, days: int, told: str
) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode(plans_of(home, LINE, now=NOW)))
    if days == 3:
        home.append([bureau(NOW + 2 * DAY, lenders=9, balance=900_000)])
    before = home.position()
    with pytest.raises(PlanError, match=told):
        take(home, LINE, "fastest", now=NOW + days * DAY, file=file)
    assert home.position() == before


def test_a_plan_of_another_line_or_changed_by_hand_is_refused(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    content = msgspec.json.encode(plans_of(home, LINE, now=NOW, goal="fastest"))
    file.write_bytes(content)
    with pytest.raises(PlanError, match="line: 'L1' is not L2; take it up for L1"):
        take(home, OTHER, "fastest", now=NOW, file=file)
    with pytest.raises(PlanError, match=r"--goal: 'easiest' is not among the plans; the file .* holds fastest"):
        take(home, LINE, "easiest", now=NOW, file=file)
    file.write_bytes(content.replace(b'"limit":800000', b'"limit":900000'))
    with pytest.raises(PlanError, match="the file was changed"):
        take(home, LINE, "fastest", now=NOW, file=file)


def test_a_line_that_is_open_has_nothing_to_promise(home: Home) -> None:
    home.append([msgspec.structs.replace(EVENTS[0], line="L3")])
    home.put(POLICY_OF_LINE, home.get(POLICY_OF_LINE) | {"L3": home.get(POLICY_OF_LINE)[LINE]})
    run_home(home, until=NOW)
    with pytest.raises(CreditlineError, match="is open: there is no way back to promise"):
        take(home, "L3", "fastest", now=NOW)


def test_a_policy_that_wants_to_be_asked_is_asked_by_taking_a_plan_up(tmp_path: Path) -> None:
    file = tmp_path / "asked.yaml"
    file.write_text(POLICY.replace("probation: 90d", "probation: 90d, by: request"), "utf-8")
    with Home.open(tmp_path / "asked") as home:
        home.append(EVENTS)
        run_home(home, file, until=NOW)
        plan = take(home, LINE, "fastest", now=NOW).plan
        assert [each.kind for each in home.events(LINE)][-2:] == ["promise.made", "reopen.requested"]
        keep(home, plan)
        run_home(home, file, until=FAR)
        assert [each.at for each in back(home)] == [plan.reopens_at]


# -- giving up


def test_what_is_given_up_binds_nobody_and_can_be_taken_up_again(home: Home) -> None:
    plan = take(home, LINE, "fastest", now=NOW).plan
    give_up(home, LINE, now=NOW + DAY)
    with pytest.raises(CreditlineError, match="has no promise that stands"):
        give_up(home, LINE, now=NOW + DAY)
    keep(home, plan)
    run_home(home, until=FAR)
    assert back(home) == []


# -- following


def test_progress_is_told_once_and_again_where_it_changes(home: Home) -> None:
    plan = take(home, LINE, "fastest", now=NOW).plan
    assert "您已接受下述方案" in letters(home, "plan")[0]
    assert follow(home, now=NOW + 1) == [], "nothing to tell beyond the plan itself"
    keep(home, plan, leave_out="close_debts")
    assert [each.state for each in follow(home, now=NOW + 2 * DAY)] == ["due"]
    assert follow(home, now=NOW + 2 * DAY) == []
    assert "进展顺利" in letters(home, "progress")[0]
    late = plan.reopens_at - 2 * DAY
    assert [each.state for each in follow(home, now=late)] == ["late"]
    keep(home, plan, shift=4 * DAY, leave_out="find_work")
    run_home(home, until=plan.reopens_at + DAY)
    assert [each.state for each in follow(home, now=plan.reopens_at + DAY)] == ["back"]
    run_home(home, until=FAR)
    assert [each.state for each in follow(home, now=FAR)] == ["kept"]
    assert follow(home, now=FAR + DAY) == []
    assert "承诺已经兑现" in letters(home, "progress")[0]


def test_a_better_plan_is_offered_when_the_facts_improve(home: Home) -> None:
    take(home, LINE, "easiest", now=NOW)
    home.append([bureau(NOW + DAY, lenders=3, balance=30_000)])
    (told,) = follow(home, now=NOW + 2 * DAY)
    assert told.better is not None
    progress = followed(home, LINE, now=NOW + 2 * DAY).progress
    assert progress is not None
    assert progress.better is not None
    assert progress.better.cost < progress.money_left
    taken = take(home, LINE, progress.better.goal, now=NOW + 2 * DAY, replace=True)
    assert taken.plan.cost == progress.better.cost
    assert follow(home, now=NOW + 2 * DAY) == []


def test_an_overriding_reason_is_told_in_the_words_of_its_rule(home: Home) -> None:
    take(home, LINE, "fastest", now=NOW)
    home.append([event(NOW + DAY, "fraud.confirmed", offence="identity_theft", author="A")])
    run_home(home, until=NOW + 2 * DAY)
    assert [each.state for each in follow(home, now=NOW + 2 * DAY)] == ["overridden"]
    (letter,) = letters(home, "progress")
    assert "对您的承诺已经终止" in letter
    assert "欺诈" in letter
    assert "T21" not in letter


def test_a_line_that_ended_is_told_to_have_ended(home: Home) -> None:
    take(home, LINE, "fastest", now=NOW)
    home.append([event(NOW + DAY, "line.ended", cause="requested")])
    run_home(home, until=NOW + 2 * DAY)
    assert [each.state for each in follow(home, now=NOW + 2 * DAY)] == ["overridden"]
    assert "该额度本身已经终止" in letters(home, "progress")[0]


def test_a_broken_promise_is_told_with_what_it_means(home: Home) -> None:
    take(home, LINE, "fastest", now=NOW)
    run_home(home, until=NOW + 20 * DAY)
    assert [each.state for each in follow(home, now=NOW + 20 * DAY)] == ["broken"]
    assert "有一个步骤未按时完成" in letters(home, "progress")[0]


# -- what it costs


def test_the_cost_of_promises_is_told_beside_what_the_version_in_force_gives(home: Home) -> None:
    plan = take(home, LINE, "fastest", now=NOW).plan
    (before,) = outstanding(home, now=NOW + DAY)
    assert (before.otherwise_on, before.more, before.days_earlier) == (plan.reopens_on, 0, 0)
    keep(home, plan)
    (after,) = outstanding(home, now=CHANGE + DAY)
    assert (after.returns_on, after.limit) == (plan.reopens_on, plan.limit)
    assert (after.otherwise_on, after.otherwise_limit, after.more) == (None, 0, 800_000)
    assert after.days_earlier is None
    run_home(home, until=plan.reopens_at + DAY)
    (on_probation,) = outstanding(home, now=plan.reopens_at + DAY)
    assert (on_probation.is_back, on_probation.more) == (True, 800_000)
    assert outstanding(home, now=FAR) == []


def test_costs_add_up_by_month(home: Home) -> None:
    one, two = (take(home, line, "fastest", now=NOW).plan for line in (LINE, OTHER))
    (month,) = by_month(outstanding(home, now=CHANGE + DAY))
    assert month.month == one.reopens_on[:7] == two.reopens_on[:7]
    assert (month.promises, month.limit, month.more) == (2, 1_600_000, 1_600_000)


# -- decisions and their notices


def test_a_run_queues_the_notices_of_what_it_decides(home: Home) -> None:
    assert [letter.kind for letter in home.letters()] == ["closing", "closing"]
    keep(home, take(home, LINE, "fastest", now=NOW).plan)
    run_home(home, until=NOW + 60 * DAY)
    assert [letter.kind for letter in home.letters(LINE)] == ["closing", "plan", "reopening"]


def test_the_notices_of_a_home_follow_its_own_jurisdiction(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(POLICY, "utf-8")
    with Home.open(tmp_path / "states") as home:
        home.put("jurisdiction", "united-states")
        home.append(EVENTS)
        run_home(home, file, until=NOW)
        (letter,) = home.letters()
        assert (letter.jurisdiction, letter.lang) == ("united-states", "en")
