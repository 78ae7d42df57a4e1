"""What a borrower whose line is open can do about its draws: make none for a while, or spread them over days.

Draws are put into a future as they would be booked, and the policy runs it. What falls due on a new draw is presumed to
be paid on its day and is not worked out. Amounts are minor units, moments microseconds, days local days.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, EventVoided, Kind, RepaymentReceived
from creditline.lines import machine
from creditline.lines.decision import STATUSES
from creditline.lines.kernel import Engine
from creditline.lines.replay import look, run
from creditline.policy.compiler import STATE
from creditline.policy.levers import DRAWS, Does, Lever
from creditline.policy.model import Rule
from creditline.wayback.ahead import STOPS, Hit, Life, engine_of, first_of, hits
from creditline.wayback.moves import available
from creditline.wayback.predict import Return, decisions, first_return
from creditline.wayback.room import Room, acts, drawable, fired
from creditline.wayback.situation import HORIZON, NOON, Situation, slices_of

Int64s = NDArray[np.int64]

BATCH = 32
"""Futures run through the kernel at once."""

_OPEN = STATUSES.index("open")
_STATUS, _LIMIT = STATE.index("STATUS"), STATE.index("LIMIT")


@dataclass(frozen=True)
class Spread:
    """All that can be drawn now, in equal parts; the last takes the cents that do not divide."""

    lever: Lever
    days: tuple[int, ...]
    """Of the parts, in order."""
    part: int
    last: int
    until: int
    """Up to which moment it keeps what it is told for."""
    next: Hit | None = None
    """The first decision against the borrower that comes by then, for other reasons."""

    @property
    def first(self) -> int:
        """The day of the first part."""
        return self.days[0]

    @property
    def total(self) -> int:
        """All parts together."""
        return self.part * (len(self.days) - 1) + self.last


@dataclass(frozen=True)
class NoDraw:
    """No draw up to a day; at its noon all can be drawn."""

    lever: Lever
    day: int

    @property
    def first(self) -> int:
        """The first day on which anything is drawn."""
        return self.day


@dataclass(frozen=True)
class Conduct:
    """What the levers of draws that are there for a line do about one rule."""

    levers: tuple[Lever, ...]
    spread: Spread | None
    """The fewest parts that leave the rule unfired; None where none do, or the lever is not there."""
    no_draw: NoDraw | None
    """None where no day is found within the horizon, or the lever is not there."""


def levers_of_draws(situation: Situation) -> dict[Does, Lever]:
    """The levers of draws that are there for a line now, by what they do."""
    return {lever.does: lever for lever in available(situation) if lever.does in DRAWS}


# -- draws in a future ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    """Draws at moments of a future, with the acts that go before them."""

    events: tuple[Event, ...]

    @property
    def draws(self) -> list[tuple[int, int]]:
        """Moment and amount of each."""
        return [(each.at, each.body.amount) for each in self.events if isinstance(each.body, DrawBooked)]

    @property
    def end(self) -> int:
        """The moment of the last."""
        return self.events[-1].at


class Undrawn:
    """A future of a line in which nothing is drawn, and what comes of draws put into it."""

    def __init__(self, situation: Situation, events: Sequence[Event], engine: Engine | None = None) -> None:
        self.situation, self.events = situation, events
        self.engine = engine or engine_of(situation.policy)
        self.ahead = replace(situation, slices=slices_of(situation, [events]))
        """The line with the future in its log."""
        self.drawable = drawable(situation)
        self._taken = {each.at for each in (*events, *situation.events)}

    # -- how the line stands meanwhile

    @cached_property
    def decided(self) -> Int64s:
        """What is decided up to the horizon, in the kernel's form."""
        return decisions(self.ahead, [()], self.situation.now + HORIZON, engine=self.engine).rows

    @cached_property
    def _turns(self) -> tuple[list[int], list[Int64s]]:
        """Moments from which on the line is in another state, beginning with now, and the states."""
        now, policy = self.situation.now, self.situation.policy
        moments, states = [now], [self.situation.state]
        for t in sorted(set(self.decided[:, machine.D_T].tolist())):
            before, since = states[-1][None, :], moments[-1]
            ran = run(self.ahead.slices, policy, t, since=since, states=before, threads=1, engine=self.engine)
            moments.append(t)
            states.append(ran.states[0])
        return moments, states

    def _state(self, t: int) -> Int64s:
        """The line's state at a moment after now."""
        moments, states = self._turns
        return states[bisect_right(moments, t) - 1]

    @cached_property
    def _moved(self) -> tuple[list[int], list[int]]:
        """Moments at which what is owed moves, beginning with now, and what the log then says was drawn less repaid."""
        said = {each.id: _owed_more(each.body) for each in self.situation.visible}
        moves = [(self.situation.now, sum(said.values()))]
        for each in sorted(self.events, key=lambda event: event.known):
            gone = said.get(each.body.event, 0) if isinstance(each.body, EventVoided) else 0
            moves.append((each.known, _owed_more(each.body) - gone))
        return [moment for moment, _ in moves], list(accumulate(change for _, change in moves))

    def _left(self, limit: int, drawn: int, t: int) -> int:
        """What can still be drawn of a limit at a moment, so much having been drawn in this future."""
        moments, owed = self._moved
        return max(0, limit - max(0, owed[bisect_right(moments, t) - 1] + drawn))

    # -- draws put into it

    def parts(self, total: int, moments: Sequence[int], *, after: bool = False) -> _Parts:
        """A total in equal parts at these moments, or at the first ones behind them that are free.

        With ``after`` each part follows one repayment of one minor unit.
        """
        part, rest = divmod(total, len(moments))
        found: list[Event] = []
        for number, moment in enumerate(moments, 1):
            amount = part + rest if number == len(moments) else part
            found += acts(self.situation, "draw", 1, amount, after=after, at=self._free(moment, 1 + after))
        return _Parts(tuple(found))

    def _free(self, moment: int, many: int) -> int:
        """The first of so many moments in a row, from one on, at which nothing happens."""
        while clashes := [each for each in range(moment, moment + many) if each in self._taken]:
            moment = clashes[-1] + 1
        return moment

    def spreads(self, lever: Lever, *, after: bool = False) -> list[_Parts]:
        """All that can be drawn now, by the number of parts from two on; none later than the horizon."""
        first, end = self.situation.noon(self.situation.today + 1), self.situation.now + HORIZON
        most = min(lever.times, self.drawable)
        every = [[first + number * lever.every for number in range(count)] for count in range(2, most + 1)]
        return [self.parts(self.drawable, moments, after=after) for moments in every if moments[-1] + 2 <= end]

    def all_at(self, moment: int, count: int, *, after: bool) -> tuple[Event, ...] | None:
        """So many draws of all that can be drawn at a moment, or at the first one behind it that is free.

        None where they cannot be made: the line is not open, or less than a minor unit for each is left.
        """
        at = self._free(moment, count + after)
        state = self._state(at)
        left = self._left(int(state[_LIMIT]), 0, at)
        if state[_STATUS] != _OPEN or left < count:
            return None
        return acts(self.situation, "draw", count, left, after=after, at=at)

    def fires(self, rule: Rule, draws: Sequence[Event]) -> bool:
        """Whether a rule fires at the last of these draws; taken to where a number leaves int64."""
        t, policy = draws[-1].at, self.situation.policy
        slices, state = slices_of(self.ahead, [draws]), self._state(t)
        seen = look(slices, policy, t, state[None, :], threads=1, engine=self.engine, keep_facts=False)
        return bool(seen.failures) or fired(policy, rule, seen)[0]

    def courses(self, tried: Sequence[_Parts], until: int) -> list[Int64s | None]:
        """The decisions up to a moment if these parts are drawn, in the kernel's form.

        None where a part cannot be drawn, since the line is not open or its limit leaves no room for it, and where a
        number leaves int64.
        """
        ran = decisions(self.ahead, [each.events for each in tried], until, engine=self.engine)
        if ran.failures:
            return [None] * len(tried)
        owner = ran.rows[:, machine.D_LINE]
        every = [ran.rows[owner == number] for number in range(len(tried))]
        return [rows if self._can_be_drawn(parts, rows) else None for parts, rows in zip(tried, every, strict=True)]

    def _can_be_drawn(self, parts: _Parts, rows: Int64s) -> bool:
        drawn = 0
        for at, amount in parts.draws:
            status, limit = _OPEN, self.situation.cell("LIMIT")
            for row in rows[rows[:, machine.D_T] < at]:
                status, limit = int(row[machine.D_STATUS]), int(row[machine.D_LIMIT])
            if status != _OPEN or self._left(limit, drawn, at) < amount:
                return False
            drawn += amount
        return True

    def fewest(
        self, tried: Sequence[_Parts], until: Callable[[_Parts], int], fits: Callable[[_Parts, Int64s], bool]
    ) -> tuple[_Parts, Int64s] | None:
        """The first of these parts whose course fits, with its course up to ``until`` or longer."""
        for first in range(0, len(tried), BATCH):
            batch = tried[first : first + BATCH]
            courses = self.courses(batch, max(map(until, batch)))
            for parts, rows in zip(batch, courses, strict=True):
                if rows is not None and fits(parts, rows):
                    return parts, rows
        return None


def _owed_more(body: Kind) -> int:
    """By how much an event raises the principal that is owed."""
    if isinstance(body, DrawBooked):
        return body.amount
    return -body.principal if isinstance(body, RepaymentReceived) else 0


def _told(situation: Situation, lever: Lever, parts: _Parts, until: int, next_: Hit | None = None) -> Spread:
    days = tuple(situation.day_of(at) for at, _ in parts.draws)
    return Spread(lever, days, parts.draws[0][1], parts.draws[-1][1], until, next_)


# -- before a rule fires --------------------------------------------------------------------------------


def conduct(undrawn: Undrawn, rule: Rule, room: Room, within: int) -> Conduct | None:
    """What the levers of draws do about a rule that so many draws of all that can be drawn would fire.

    None where they would not, or where no such lever is there.
    """
    levers = levers_of_draws(undrawn.situation)
    if room.count is None or not levers:
        return None
    spread, rest = levers.get("spread_draws"), levers.get("no_draw")
    day = None if rest is None else _first_day(undrawn, rule, room.count, after=room.after)
    return Conduct(
        tuple(levers.values()),
        None if spread is None else _spread_unfired(undrawn, spread, rule, within, after=room.after),
        None if rest is None or day is None else NoDraw(rest, day),
    )


def _spread_unfired(undrawn: Undrawn, lever: Lever, rule: Rule, within: int, *, after: bool) -> Spread | None:
    """The fewest parts after which no decision for a rule comes up to the last one and ``within`` longer."""
    situation = undrawn.situation

    def until(parts: _Parts) -> int:
        return min(parts.end + within, situation.now + HORIZON)

    def lived(parts: _Parts, rows: Int64s) -> Life:
        return hits(situation.policy, rows[rows[:, machine.D_T] <= until(parts)])

    def fits(parts: _Parts, rows: Int64s) -> bool:
        return first_of(lived(parts, rows), rule.code) is None

    found = undrawn.fewest(undrawn.spreads(lever, after=after), until, fits)
    if found is None:
        return None
    others = lived(*found)
    return _told(situation, lever, found[0], until(found[0]), others[0] if others else None)


def _first_day(undrawn: Undrawn, rule: Rule, count: int, *, after: bool) -> int | None:
    """The first day at whose noon so many draws of all that can then be drawn do not fire a rule."""
    situation = undrawn.situation
    for day in range(situation.today + 1, situation.day_of(situation.now + HORIZON - NOON) + 1):
        draws = undrawn.all_at(situation.noon(day), count, after=after)
        if draws is not None and not undrawn.fires(rule, draws):
            return day
    return None


# -- before a limit is raised ---------------------------------------------------------------------------


def draws_matter(undrawn: Undrawn, back: Return) -> bool:
    """Whether drawing all that can be drawn tomorrow at noon makes a plan for a cut limit come otherwise.

    Otherwise is: on another day, with another limit, or with the line stopped on the way. ``undrawn`` is the plan's own
    future, ``back`` what comes of it.
    """
    if not undrawn.drawable:
        return False
    tomorrow = undrawn.situation.noon(undrawn.situation.today + 1)
    return _as_planned(undrawn, [undrawn.parts(undrawn.drawable, [tomorrow])], back) is None


def conduct_of_plan(undrawn: Undrawn, back: Return) -> Spread | NoDraw | None:
    """What a plan for a cut limit asks of the draws: the fewest parts that leave it as it is, else none until its day.

    None where all can be drawn at once, and where no lever of draws is there.
    """
    situation = undrawn.situation
    levers = levers_of_draws(situation)
    if not levers or not draws_matter(undrawn, back):
        return None
    spread, rest = levers.get("spread_draws"), levers.get("no_draw")
    if spread is not None and (found := _as_planned(undrawn, undrawn.spreads(spread), back)) is not None:
        return _told(situation, spread, found, back.at)
    return None if rest is None else NoDraw(rest, situation.day_of(back.at))


def _as_planned(undrawn: Undrawn, tried: Sequence[_Parts], back: Return) -> _Parts | None:
    """The first of these parts with which a plan comes as it does without."""
    situation = undrawn.situation
    day = situation.day_of(back.at)
    midnight = situation.noon(day) + NOON

    def until(parts: _Parts) -> int:
        return max(midnight - 1, parts.end)

    def stops(rows: Int64s, end: int) -> set[tuple[int, str, tuple[str, ...]]]:
        every = hits(situation.policy, rows[rows[:, machine.D_T] <= end])
        return {(situation.day_of(hit.at), hit.action, hit.codes) for hit in every if hit.action in STOPS}

    def fits(parts: _Parts, rows: Int64s) -> bool:
        came, end = first_return(situation, rows), max(back.at, parts.end)
        if came is None or (situation.day_of(came.at), came.limit) != (day, back.limit):
            return False
        return stops(rows, end) <= stops(undrawn.decided, end)

    found = undrawn.fewest(tried, until, fits)
    return None if found is None else found[0]


__all__ = [
    "Conduct", "NoDraw", "Spread", "Undrawn", "conduct", "conduct_of_plan", "draws_matter", "levers_of_draws",
]  # fmt: skip
