"""Promises under any policy: closed, frozen, declined and cut lines, plans kept, half kept and not at all."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import PromiseMade
from creditline.facts.parsing import parse_predicate
from creditline.lines.decision import Decision
from creditline.lines.succession import InForce
from creditline.policy import Policy
from creditline.policy.model import ATTRIBUTES
from creditline.wayback.plans import GOALS, Goal, Outlook, Plan, outlook
from creditline.wayback.proof import sealed
from tests.wayback.others import lines_cut, lines_declined
from tests.wayback.promises import Life
from tests.wayback.ways import BACK, DAY, LINE, START, Down, examples, lines_down

pytestmark = pytest.mark.gate

KINDS = {"down": lines_down, "declined": lines_declined, "cut": lines_cut}
THERE = {"down": BACK, "declined": ("open",), "cut": ("set_limit",)}


def that_grants_nothing(policy: Policy) -> Policy:
    """The policy that lets nobody back, approves nothing and raises no limit, which no file may say."""
    never = parse_predicate("limit < 0", ATTRIBUTES)
    rules = tuple(replace(rule, cure=never, when=never if rule.code == "UP" else rule.when) for rule in policy.rules)
    assert policy.reopen is not None
    reopen = replace(policy.reopen, when=never)
    approve = None if policy.approve is None else replace(policy.approve, when=never)
    return replace(policy, version=f"tight {policy.version}", rules=rules, reopen=reopen, approve=approve)


def taken(down: Down, told: Outlook, goal: Goal, *versions: InForce) -> Life:
    """The life of a line on which a plan is taken up at once."""
    life = Life((InForce(down.policy, START), *versions), [each for each in down.events if each.known <= down.now])
    proof = sealed(down.situation, told, 1)
    life.proofs[proof.seal] = proof
    made = PromiseMade(plan=proof.seal, goal=goal)
    life.events.append(Event("promise", LINE, down.now, down.now, made))
    return life


def came(kind: str, down: Down, made: list[Decision]) -> list[tuple[int, int]]:
    """When and with which limit the line came where its plan was to bring it."""
    above = down.situation.cell("LIMIT") if kind == "cut" else -1
    return [
        (each.at, each.limit)
        for each in made
        if each.at > down.now and each.action in THERE[kind] and each.limit > above
    ]


@pytest.mark.parametrize(("kind", "count", "deep"), [("down", 100, 3_000), ("declined", 60, 2_000), ("cut", 40, 1_000)])
def test_under_any_policy_a_plan_kept_comes_true_as_promised(kind: str, count: int, deep: int) -> None:
    """200 random lines in the normal run: their policy grants nothing any more, and plans kept still come true."""
    drawn: Counter[str] = Counter()

    @examples(count, deep)
    @given(KINDS[kind](causes=3, combinations_most=60), st.sampled_from(GOALS), st.data())
    def comes_true(down: Down, goal: Goal, data: st.DataObject) -> None:
        told = outlook(down.situation, (goal,), engine="python")
        drawn["lines"] += 1
        if not told.plans:
            return
        plan = told.plans[0]
        change = data.draw(st.integers(down.now + 2, max(down.now + 2, plan.reopens_at)))
        life = taken(down, told, goal, InForce(that_grants_nothing(down.policy), change))
        life.events += [msgspec.structs.replace(each, id=f"did-{each.id}") for each in plan.events]
        assert came(kind, down, life.decisions(plan.reopens_at)) == [(plan.reopens_at, plan.limit)]
        drawn["kept"] += 1
        life.events = [each for each in life.events if each.kind != "promise.made"]
        drawn["not without it"] += not came(kind, down, life.decisions(plan.reopens_at))

    comes_true()
    assert drawn["kept"] >= count // 8
    assert drawn["not without it"] == drawn["kept"]


@pytest.mark.parametrize("kind", list(KINDS))
def test_under_any_policy_and_whatever_is_done_a_replay_to_any_moment_agrees_with_one_to_the_end(kind: str) -> None:
    """120 random lines in the normal run: plans half kept, late or not at all, and the versions change twice."""
    ended: Counter[str] = Counter()

    @examples(40, 1_000)
    @given(KINDS[kind](causes=2, combinations_most=30), st.data())
    def agrees(down: Down, data: st.DataObject) -> None:
        told = outlook(down.situation, ("fastest",), engine="python")
        if not told.plans:
            return
        plan, first = told.plans[0], data.draw(st.integers(2, 40))
        tight = InForce(that_grants_nothing(down.policy), down.now + first * DAY)
        life = taken(down, told, "fastest", tight, InForce(down.policy, down.now + (first + 60) * DAY))
        life.events += data.draw(half_kept(plan))
        until = plan.reopens_at + 150 * DAY
        whole = life.decisions(until)
        stood = life.course(until).stood[0]
        ended[str(stood.because)] += 1
        moments = [plan.reopens_at, down.now + first * DAY, stood.ended or until, *(each.at for each in whole[-3:])]
        for t in {moment + off for moment in moments for off in (-1, 0, 1) if down.now < moment + off <= until}:
            assert life.decisions(t) == [each for each in whole if each.at <= t]

    agrees()
    assert ended["kept"] >= 1
    assert ended["broken"] + ended["lapsed"] >= 1


@st.composite
def half_kept(draw: st.DrawFn, plan: Plan) -> list[Event]:
    """What of a plan is done: on its day, late, too early where it is the application, or not at all."""
    done = []
    for each in [*plan.events[:20], *plan.events[20:][-1:]]:
        shifts = (0, 0, 0, 3 * DAY, -DAY) if each.kind == "application.received" else (0, 0, 3 * DAY, 20 * DAY, None)
        shift = draw(st.sampled_from(shifts))
        if shift is not None:
            moved = {"id": f"did-{each.id}", "at": each.at + shift, "known": each.known + shift}
            done.append(msgspec.structs.replace(each, **moved))
    return done
