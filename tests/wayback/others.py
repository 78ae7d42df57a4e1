"""Lines on their way to something else than coming back: random ones that were declined, or whose limit was cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from hypothesis import assume
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.lines.replay import run
from creditline.policy import Policy
from creditline.wayback.moves import available, ways
from creditline.wayback.situation import Situation, cut_of
from tests.wayback.ways import (
    DAY,
    HOUR,
    START,
    WORDS,
    Down,
    Plain,
    durations,
    event,
    histories,
    nows,
    policies,
    policy_of,
    situation_of,
)  # fmt: skip


def _few_enough(situation: Situation, most: int) -> bool:
    return prod(1 + len(ways(situation, lever)) for lever in available(situation)) <= most


@st.composite
def _asking(draw: st.DrawFn, causes: int) -> Plain:
    """A policy that decides applications."""
    plain = draw(policies(causes))
    on = st.sampled_from((["application", "line"], ["application", "line"], ["line"]))
    rules = [{**rule, "on": draw(on)} for rule in plain["rules"]]
    if draw(st.booleans()):
        # Who applies often has to wait, which every application that is declined makes longer.
        plain["facts"]["asked"] = {"count": "application.received", "window": draw(durations(10, 30))}
        rules.append({"code": "OFTEN", "when": "asked >= 3", "then": "decline", "on": ["application"], "reason": WORDS})
    asked = plain["reopen"]["when"].removeprefix("limit > 0").removeprefix(" and ")
    approve = {
        "when": asked or "requested > 0", "limit": draw(st.sampled_from(("requested", "least(requested, 5000)"))),
        "otherwise": {"code": "A01", "reason": WORDS},
    }  # fmt: skip
    return plain | {"rules": rules, "approve": approve}


def _applied(at: int) -> Event:
    return event(at, "application.received", amount=800_000)


@st.composite
def lines_declined(draw: st.DrawFn, causes: int = 3, combinations_most: int = 60) -> Down:
    """Lines that were declined, with few enough combinations of levers to weigh them all quickly."""
    plain = draw(_asking(causes))
    policy = policy_of(plain)
    events = [each for each in draw(histories(plain)) if each.kind != "line.opened"]
    assume(events)
    days = draw(st.lists(st.integers(41, 55), min_size=1, max_size=3, unique=True))
    events += [_applied(START + day * DAY + HOUR // 3) for day in days]
    now = max(each.known for each in events) + draw(st.sampled_from((1, HOUR, 3 * DAY, 50 * DAY + 5 * HOUR)))
    situation = situation_of(policy, events, now)
    assume(situation.status == "declined")
    assume(_few_enough(situation, combinations_most))
    return Down(plain, policy, events, now, situation)


@st.composite
def _raising(draw: st.DrawFn, causes: int) -> Plain:
    """A policy that cuts the limit of who pays late, and raises that of who does not and whom no rule stands against.

    Most rules only keep the limit from being raised: else few lines would be open.
    """
    plain = draw(policies(causes))
    plain["facts"]["slow"] = {
        "count": "instalment.settled",
        "where": "days_late > 3",
        "window": draw(durations(30, 60)),
    }
    kept = [rule for rule in plain["rules"] if draw(st.integers(0, 3)) == 0]
    asked = ["slow = 0", *(f"not ({rule['when']})" for rule in plain["rules"])]
    spans = [draw(durations(0, 10, 45)) for _ in range(2)]
    less = draw(st.sampled_from(("least(limit, 5000)", "0.5 * limit")))
    more = draw(st.sampled_from(("least(1.2 * limit, 20000)", "least(limit + 1000, 9000)", "least(2 * limit, 7000)")))
    limits = [
        {"code": "CUT", "when": "slow >= 2", "then": "limit", "limit": less, "not_within": spans[0], "reason": WORDS},
        {"code": "UP", "when": " and ".join(asked), "then": "limit", "limit": more, "not_within": spans[1],
         "reason": WORDS},
    ]  # fmt: skip
    return plain | {"rules": [*kept, *limits]}


@st.composite
def lines_cut(draw: st.DrawFn, causes: int = 3, combinations_most: int = 60) -> Down:
    """Open lines whose limit a rule cut, with few enough combinations of levers to weigh them all quickly."""
    plain = draw(_raising(causes))
    policy, events = policy_of(plain), draw(histories(plain))
    for day in draw(st.lists(st.integers(5, 40), min_size=2, max_size=4, unique=True)):
        events.append(event(START + day * DAY + HOUR // 3, "instalment.settled", amount=10_000, days_late=9))
    return draw(_cut(plain, policy, events, combinations_most))


@st.composite
def _cut(draw: st.DrawFn, plain: Plain, policy: Policy, events: Sequence[Event], most: int) -> Down:
    now = draw(nows(events))
    situation = situation_of(policy, events, now)
    ran = run(situation.slices, policy, now, engine="python")
    situation = replace(situation, cut=cut_of(ran.decisions()))
    assume(situation.status == "open")
    assume(situation.cut)
    assume(_few_enough(situation, most))
    return Down(plain, policy, list(events), now, situation)


__all__ = ["lines_cut", "lines_declined"]
