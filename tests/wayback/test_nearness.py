"""Before it happens: the day told is the one the naive oracle comes to, the prevention told the smallest there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.facts.slices import from_events
from creditline.lines.decision import Decision
from creditline.lines.replay import run
from creditline.policy.evaluating import value_of
from creditline.wayback.ahead import STOPS, Hit
from creditline.wayback.nearness import Nearness, Trigger, nearness_of
from creditline.wayback.preventing import levers_for
from creditline.wayback.situation import HORIZON
from tests import oracle
from tests.wayback.brute import Brute, Way
from tests.wayback.ways import (
    Down,
    Plain,
    consequences,
    costs,
    examples,
    histories,
    nows,
    policies,
    policy_of,
    situation_of,
)

pytestmark = pytest.mark.gate

WITHIN = 8 * DAY
TRIED_MOST = 120


@dataclass(frozen=True, repr=False)
class Up(Down):
    """A line that is open or frozen."""


COMING = (
    "profile_age > {n}",
    "profile_age > {n} and proofs = 0",
    "profile_age > {n} or (days_in_status >= {m} and proofs = 0)",
    "profile_age between {n} and {m}",
    "days_in_status >= {m} and not (proofs > 0)",
    "days_in_status >= {m} and limit > 4000",
    "profile_age > {n} or profile_age > {m} and proofs < 2",
)
"""Conditions that come about by time, most of which a lever can prevent."""


@st.composite
def coming_about(draw: st.DrawFn, plain: Plain) -> Plain:
    """A policy with rules that come about by time, and with levers that prevent them."""
    facts = {
        "profile_age": {"age": "profile.updated"},
        "proofs": {"count": "evidence.accepted", "window": draw(st.sampled_from(("40d", "90d", "400d")))},
    }
    plain["facts"] = {**plain["facts"], **facts}
    rules = []
    for number in range(draw(st.integers(1, 2))):
        n = draw(st.integers(20, 90))
        m = n + draw(st.integers(0, 40))
        when = draw(st.sampled_from(COMING)).format(n=n, m=m)
        rule: Plain = {"code": f"TIME{number}", "when": when, "reason": {"zh": "时", "en": "Time"}}
        if draw(st.integers(0, 2)) == 0:
            rule |= {"then": "limit", "limit": "0.5 * limit", "not_within": "20d"}
        else:
            rule |= draw(consequences())
        rules.append(rule)
    place = draw(st.integers(0, len(plain["rules"])))
    plain["rules"] = [*plain["rules"][:place], *rules, *plain["rules"][place:]]
    levers: Plain = {
        "a_renew": {"says": [{"profile.updated": {}}]},
        "b_prove": {"says": [{"evidence.accepted": {"answers": "T05"}}]},
        "c_again": {"says": [{"evidence.accepted": {"answers": "T04"}}], "every": "25d", "times": 2},
        "d_renew_late": {"says": [{"profile.updated": {}}], "when": f"profile_age > {draw(st.integers(10, 60))}"},
    }
    for name, lever in levers.items():
        if draw(st.booleans()):
            plain["levers"] = {**plain["levers"], name: draw(costs()) | lever}
    return plain


@st.composite
def lines_up(draw: st.DrawFn, causes: int = 4) -> Up:
    """Open and frozen lines under random policies, against some of which something is coming."""
    plain = draw(policies(causes))
    if draw(st.integers(0, 3)):
        plain = draw(coming_about(plain))
    policy, events = policy_of(plain), draw(histories(plain))
    now = draw(nows(events))
    situation = situation_of(policy, events, now)
    assume(situation.status in ("open", "frozen"))
    return Up(plain, policy, events, now, situation)


def bare(hits: Sequence[Hit | None]) -> list[tuple[int, str, tuple[str, ...], int] | None]:
    return [None if hit is None else (hit.at, hit.action, hit.codes, hit.limit) for hit in hits]


def is_hit(each: Decision) -> bool:
    """Whether the oracle's decision stops the line, adds a reason, or cuts its limit for a rule."""
    return bool(each.reasons) and (
        each.action in STOPS or (each.action == "set_limit" and each.limit < each.limit_before)
    )


def lived(up: Up, future: Sequence[Event], until: int) -> list[Decision]:
    """The hits after now as the naive oracle walks to them, from the line's first event on."""
    log = [each for each in up.events if each.known <= up.now]
    decided = oracle.life(up.plain, [*log, *future], until)
    return [each for each in decided if each.at > up.now and is_hit(each)]


def first_for(decided: Sequence[Decision], code: str) -> Hit | None:
    found = next((each for each in decided if code in each.reasons), None)
    if found is None:
        return None
    return Hit(found.at, found.action, found.reasons, found.status, found.limit_before, found.limit)


def test_the_day_told_is_the_day_the_naive_oracle_comes_to() -> None:
    """30 lines in the normal run, each walked two years ahead by the oracle; every rule's day is compared."""
    drawn: Counter[str] = Counter()

    @examples(30, 800)
    @given(lines_up(causes=3))
    def is_that_day(up: Up) -> None:
        told = nearness_of(up.situation, WITHIN, engine="python")
        brute = Brute(up.plain, up.events, up.now)
        decided = lived(up, list(brute._keeps_coming([])), up.now + HORIZON)
        expected = [first_for(decided, each.rule.code) for each in told.triggers]
        assert bare([each.hit for each in told.triggers]) == bare(expected)
        first = None if not decided else first_for(decided, decided[0].reasons[0])
        assert bare([told.first]) == bare([first])
        drawn["lines"] += 1
        for each in told.triggers:
            drawn["fires" if each.hit else "quiet"] += 1
            drawn[each.answer] += 1
            check_plainly(up, told, each)

    is_that_day()
    assert drawn["lines"] >= 30
    assert drawn["fires"] >= 5
    assert drawn["quiet"] >= 8


def check_plainly(up: Up, told: Nearness, each: Trigger) -> None:
    """What can be seen without running anything."""
    truth = value_of(each.rule.when, up.situation.values)
    assert (each.nearness == 1) == (truth == 1)
    is_read = each.rule.limit is None or up.situation.status == "open"  # a frozen line's limit is left alone
    assert each.fires == (truth == 1 and not each.held and is_read)
    assert each.stands == (each.rule.code in up.situation.standing)
    assert (each.answer == "idle") == (each.hit is None and not each.stands)
    assert (each.prevention is not None) == (each.answer in ("levers", "opening"))
    if each.after is not None:
        assert each.hit is not None
        assert told.first == each.after
        assert each.after.at <= each.hit.at
    severities = [(-other.rule.severity, -other.nearness) for other in told.triggers]
    assert severities == sorted(severities)


# -- the smallest prevention -----------------------------------------------------------------------


def combinations(brute: Brute) -> Iterator[tuple[Way, ...]]:
    """Every combination of one to three ways."""
    return (ways for ways in brute.combinations() if 1 <= len(ways) <= 3)


def size(brute: Brute, ways: Sequence[Way]) -> tuple[object, ...]:
    levers = brute.plain["levers"]
    effort = sum(levers[way.lever].get("effort", 1) * way.times for way in ways)
    named = tuple((way.lever, way.chosen, way.times, way.day) for way in ways)
    return (sum(way.money for way in ways), effort, len(ways), named)


def logs_of(brute: Brute, every: Sequence[tuple[Way, ...]]) -> list[tuple[tuple[Way, ...], list[Event]]]:
    """The futures of combinations that can be said; nobody asks for anything."""
    found = []
    for ways in every:
        future = brute.future(ways)
        if future is not None:
            found.append((ways, [each for each in future if each.kind != "reopen.requested"]))
    return found


def stays_away(up: Up, futures: Sequence[Sequence[Event]], code: str, until: int) -> list[bool]:
    """Whether a rule stays away in each future, by the kernel as plain Python from the line's first event on."""
    log = [each for each in up.events if each.known <= up.now]
    named = [
        msgspec.structs.replace(each, line=f"{number:05}")
        for number, future in enumerate(futures)
        for each in [*log, *future]
    ]
    done = run(from_events(named), up.policy, until, engine="python", threads=1)
    assert not done.failures
    struck = {each.line for each in done.decisions() if each.at > up.now and is_hit(each) and code in each.reasons}
    return [f"{number:05}" not in struck for number in range(len(futures))]


def check_opening(up: Up, each: Trigger, until: int) -> None:
    """Nothing done up to the day the levers open on, and they used then, keep the rule away by the oracle."""
    found = each.prevention
    assert found is not None
    assert found.opens is not None
    now = Brute(up.plain, up.events, up.now)
    coming = list(now._keeps_coming([]))
    then = Brute(up.plain, [*now.log, *coming], now.noon(found.opens))
    ways = [Way(done.use.lever.name, done.day, done.use.chosen, done.use.times, done.use.money) for done in found.uses]
    future = then.future(ways)
    assert future is not None
    lived_on = [each for each in [*coming, *future] if each.kind != "reopen.requested"]
    seen = {each.at: each for each in lived_on if each.known <= then.now or each in future}
    assert first_for(lived(up, list(seen.values()), until), each.rule.code) is None


def check_smallest(up: Up, brute: Brute, each: Trigger, drawn: Counter[str]) -> None:
    """By brute force over every combination, in order of size: the first that keeps the rule away is what is told."""
    assert each.hit is not None
    until = min(each.hit.at + WITHIN, up.now + HORIZON)
    # A lever the rule rests on nothing of is no prevention, though paying for it would put another step off.
    rested = {lever.name for lever in levers_for(up.situation, each.rule, up.policy.levers)}
    those = (ways for ways in combinations(brute) if all(way.lever in rested for way in ways))
    every = list(islice(those, TRIED_MOST + 1))
    if len(every) > TRIED_MOST:
        drawn["too many to try"] += 1
        return
    futures = sorted(logs_of(brute, every), key=lambda found: size(brute, found[0]))
    away = stays_away(up, [future for _, future in futures], each.rule.code, until)
    good = [found for found, stays in zip(futures, away, strict=True) if stays]
    best = good[0][0] if good else None
    drawn["tried"] += len(futures)
    drawn["prevented" if best else "not prevented"] += 1
    assert (each.answer == "levers") == (best is not None)
    if each.answer == "opening":
        check_opening(up, each, until)
        drawn["opening"] += 1
    if best is not None:
        found = each.prevention
        assert found is not None
        named = tuple((done.use.lever.name, done.use.chosen, done.use.times, done.day) for done in found.uses)
        assert (found.money, found.effort, len(found.uses), named) == size(brute, best)
        drawn["several uses"] += len(best) > 1
        assert first_for(lived(up, good[0][1], until), each.rule.code) is None, "the oracle says otherwise"


def test_what_is_told_to_prevent_it_does_and_nothing_smaller_does() -> None:
    """100 lines in the normal run; every combination of up to three uses is lived through, the best by the oracle."""
    drawn: Counter[str] = Counter()

    @examples(100, 2_000)
    @given(lines_up(causes=2))
    def is_smallest(up: Up) -> None:
        told = nearness_of(up.situation, WITHIN, engine="python")
        brute = Brute(up.plain, up.events, up.now)
        for each in told.triggers:
            if each.hit is not None and not each.stands:
                check_smallest(up, brute, each, drawn)

    is_smallest()
    assert drawn["prevented"] >= 3
    assert drawn["not prevented"] >= 1
    assert drawn["tried"] >= 20
