"""How to draw before a rule fires, told and found: every day and every number of parts, lived through naively."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, RepaymentReceived
from creditline.facts.slices import from_events
from creditline.lines.decision import Decision
from creditline.lines.replay import run
from creditline.wayback.drawing import Conduct
from creditline.wayback.nearness import nearness_of
from creditline.wayback.room import Room, drawable
from tests import oracle
from tests.wayback.test_nearness import Up, is_hit
from tests.wayback.ways import DAY, HOUR, WORDS, Plain, event, examples, moment, policy_of, situation_of

pytestmark = pytest.mark.gate

START = moment("2026-01-10 05:00")

WINDOWS = ("2d", "3d", "10d", "26d", "40d")
LOOKED_AT = 60
"""Days after which nothing that the policies below count changes any more."""


@st.composite
def policies_of_draws(draw: st.DrawFn) -> Plain:
    """One or two rules over counts and sums of draws, with one or both levers of draws."""
    facts: Plain = {
        "n": {"count": "draw.booked", "window": draw(st.sampled_from(WINDOWS))},
        "s": {"sum": "draw.booked.amount", "window": draw(st.sampled_from(WINDOWS))},
        "r": {"count": "draw.booked", "within": "48h", "after": "repayment.received",
              "window": draw(st.sampled_from(WINDOWS))},
        "ever": {"sum": "draw.booked.amount"}, "back": {"sum": "repayment.received.principal"},
        "age": {"age": "profile.updated"},
    }  # fmt: skip
    rules = []
    for number in range(draw(st.integers(1, 2))):
        count, share = draw(st.integers(1, 4)), draw(st.sampled_from(("0.2", "0.4", "0.5", "0.7", "0.9")))
        when = draw(st.sampled_from((
            f"n >= {count}", f"s > {share} * limit", f"n >= {count} and s > {share} * limit", f"r >= {count}",
            f"r >= {count} and s >= {share} * limit", f"n > {count} or s > {share} * limit",
            f"greatest(ever - back, 0) > {share} * limit and n >= {count}",
        )))  # fmt: skip
        when += draw(st.sampled_from(("", "", " and age < 25", " and not (age > 12)"))) if " or " not in when else ""
        rule: Plain = {"code": f"R{number}", "when": when, "reason": WORDS}
        cut = {"then": "limit", "limit": "0.5 * limit", "not_within": draw(st.sampled_from(("5d", "30d")))}
        stop = {"then": draw(st.sampled_from(("freeze", "close"))), "cooling_off": "9d"}
        rules.append(rule | draw(st.sampled_from((cut, stop, stop))))
    if draw(st.integers(0, 2)) == 0:
        when = f"age between {draw(st.integers(5, 35))} and 50"
        aged: Plain = {"then": "limit", "limit": "6000", "when": f"{when} and limit > 6000"}
        aged = draw(st.sampled_from((aged, {"then": "freeze", "when": when})))
        rules.insert(0, {"code": "AGED", "reason": WORDS, **aged})
    levers: Plain = {
        "calm": {"title": WORDS, "does": "no_draw"},
        "spread": {"title": WORDS, "does": "spread_draws", "times": draw(st.integers(2, 5)),
                   "every": draw(st.sampled_from(("1d", "2d", "36h", "3d", "7d", "11d")))},
    }  # fmt: skip
    names = draw(st.sampled_from((("calm", "spread"), ("calm", "spread"), ("calm",), ("spread",))))
    return {
        "policy": "random", "title": WORDS, "utc_offset": draw(st.sampled_from(("+08:00", "+00:00", "-05:30"))),
        "limit_step": 1, "facts": facts, "rules": rules,
        "reopen": {"when": "limit > 0", "limit": "limit", "probation": "30d"},
        "incident": {"code": "T20", "reason": WORDS}, "levers": {name: levers[name] for name in names},
    }  # fmt: skip


@st.composite
def lines_drawing(draw: st.DrawFn) -> Up:
    """Open lines that have drawn and repaid, under policies over draws."""
    plain = draw(policies_of_draws())
    limit = draw(st.sampled_from((1_000_000, 777_777, 90)))
    made = [event(START, "line.opened", limit=limit), event(START + 7, "profile.updated")]
    for number in range(draw(st.integers(0, 5))):
        at = START + draw(st.integers(0, 30)) * DAY + draw(st.sampled_from((1, 5, 23))) * HOUR + 13 + number
        amount = draw(st.sampled_from((limit // 20, limit // 7, limit // 3))) + 1
        kind: Any = draw(st.sampled_from(("draw.booked", "draw.booked", "repayment.received")))
        more = {"principal": amount} if kind == "repayment.received" else {}
        made.append(event(at, kind, name=f"e{number}", amount=amount, **more))
    now = max(each.at for each in made) + draw(st.sampled_from((1, HOUR, 2 * DAY + 5 * HOUR)))
    policy = policy_of(plain)
    situation = situation_of(policy, made, now)
    assume(situation.status == "open")
    return Up(plain, policy, made, now, situation)


class Naive:
    """Every day and every number of parts lived through from the line's first event on, by the kernel in Python."""

    def __init__(self, up: Up, room: Room, code: str) -> None:
        self.up, self.room, self.code = up, room, code
        self.offset = up.policy.utc_offset
        self.today = (up.now + self.offset) // DAY
        self.alone = self.lived([[]], up.now + LOOKED_AT * DAY)[0]

    def noon(self, day: int) -> int:
        return day * DAY + DAY // 2 - self.offset

    def lived(self, futures: Sequence[Sequence[Event]], until: int) -> list[list[Decision]]:
        log = [each for each in self.up.events if each.known <= self.up.now]
        named = [
            msgspec.structs.replace(each, line=f"{number:05}")
            for number, future in enumerate(futures)
            for each in [*log, *future]
        ]
        done = run(from_events(named), self.up.policy, until, engine="python", threads=1).decisions()
        return [[each for each in done if each.line == f"{number:05}"] for number in range(len(futures))]

    def drawn(self, at: int, amounts: Sequence[int]) -> list[Event]:
        """Draws a microsecond apart, behind a repayment of a cent where only such count."""
        before = [event(at, "repayment.received", amount=1, principal=0)] if self.room.after else []
        first = at + len(before)
        return [*before, *(event(first + n, "draw.booked", amount=amount) for n, amount in enumerate(amounts))]

    def left(self, made: Sequence[Decision], at: int, drawn: int) -> int:
        """What can be drawn at a moment; 0 where the line is not open."""
        before = [each for each in made if each.at < at]
        status, limit = before[-1].status, before[-1].limit
        seen = [each.body for each in self.up.events if each.at <= self.up.now]
        owed = sum(body.amount for body in seen if isinstance(body, DrawBooked))
        owed -= sum(body.principal for body in seen if isinstance(body, RepaymentReceived))
        return max(0, limit - max(0, owed + drawn)) if status == "open" else 0

    def first_day(self) -> int | None:
        """The first day on which drawing everything at noon does not fire the rule."""
        assert self.room.count is not None
        for day in range(self.today + 1, self.today + LOOKED_AT):
            at, count = self.noon(day), self.room.count
            left = self.left(self.alone, at, 0)
            if left < count:
                continue
            draws = self.drawn(at, [1] * (count - 1) + [left - count + 1])
            last = draws[-1].at
            at_once = [msgspec.structs.replace(each, known=last) for each in draws]
            (made,) = self.lived([at_once], last)
            if not any(self.code in each.reasons for each in made if each.at == last):
                return day
        return None

    def fewest(self, within: int) -> list[tuple[int, int]] | None:
        """Moments and amounts of the fewest parts that leave the rule unfired."""
        said = self.up.plain["levers"]["spread"]
        every = {"d": DAY, "h": HOUR}[said["every"][-1]] * int(said["every"][:-1])
        total = drawable(self.up.situation)
        for count in range(2, min(said["times"], total) + 1):
            moments = [self.noon(self.today + 1) + number * every for number in range(count)]
            amounts = [total // count] * (count - 1) + [total - total // count * (count - 1)]
            future = [each for at, amount in zip(moments, amounts, strict=True) for each in self.drawn(at, [amount])]
            (made,) = self.lived([future], future[-1].at + within)
            struck = any(each.at > self.up.now and is_hit(each) and self.code in each.reasons for each in made)
            draws = [each.at for each in future if each.kind == "draw.booked"]
            fits = all(self.left(made, at, sum(amounts[:number])) >= amounts[number] for number, at in enumerate(draws))
            if fits and not struck:
                return list(zip(draws, amounts, strict=True))
        return None


WITHIN = 8 * DAY


def check_by_the_oracle(up: Up, naive: Naive, found: Conduct) -> None:
    """What is told fires nothing by the naive oracle, draw after draw."""

    def struck(draws: Sequence[Event], since: int, until: int) -> bool:
        decided = oracle.life(up.plain, [*up.events, *draws], until)
        return any(each.at >= since and is_hit(each) and naive.code in each.reasons for each in decided)

    if found.no_draw is not None:
        at, count = naive.noon(found.no_draw.day), naive.room.count or 0
        draws = naive.drawn(at, [1] * (count - 1) + [naive.left(naive.alone, at, 0) - count + 1])
        assert not struck(draws, at, draws[-1].at)
    if found.spread is not None:
        best = naive.fewest(WITHIN)
        assert best is not None
        draws = [each for at, amount in best for each in naive.drawn(at - naive.room.after, [amount])]
        assert not struck(draws, up.now + 1, found.spread.until)


def test_what_is_told_of_draws_is_what_a_naive_search_finds() -> None:
    """60 lines in the normal run; of each every day and every number of parts."""
    drawn: Counter[str] = Counter()

    @examples(60, 1_500)
    @given(lines_drawing())
    def is_found(up: Up) -> None:
        told = nearness_of(up.situation, WITHIN, engine="python")
        for each in told.triggers:
            room = next((room for room in each.rooms if room.act == "draw"), None)
            found = each.conduct
            assert (found is not None) == (room is not None and room.count is not None)
            if found is None or room is None:
                continue
            naive = Naive(up, room, each.rule.code)
            drawn["told"] += 1
            if "calm" in up.plain["levers"]:
                day = naive.first_day()
                assert (None if found.no_draw is None else found.no_draw.day) == day
                drawn["never" if day is None else "tomorrow" if day == naive.today + 1 else "later"] += 1
            if "spread" in up.plain["levers"]:
                best = naive.fewest(WITHIN)
                spread = found.spread
                parts = None if best is None else [((at + naive.offset) // DAY, amount) for at, amount in best]
                amounts = [] if spread is None else [spread.part] * (len(spread.days) - 1) + [spread.last]
                assert (None if spread is None else list(zip(spread.days, amounts, strict=True))) == parts
                drawn["whole" if best is None else f"{len(best)} parts"] += 1
            check_by_the_oracle(up, naive, found)

    is_found()
    assert drawn["told"] >= 20
    assert min(drawn[each] for each in ("never", "later", "whole", "2 parts")) >= 1
