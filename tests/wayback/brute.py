"""The way back by brute force: every use of every lever on every day, written from docs/wayback.md alone.

Slow and plain on purpose, and apart from the planner: what stands in a policy's YAML is evaluated by the naive
oracle, and a future is decided by whole runs over the whole log, by the oracle or by the kernel as plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

import msgspec

from creditline.events.event import Event
from creditline.events.kinds import KINDS
from creditline.facts.slices import from_events
from creditline.lines.decision import Decision
from creditline.lines.replay import run
from creditline.policy import Policy
from tests import oracle
from tests.oracle import clock
from tests.oracle.exact import Number, whole
from tests.oracle.expressions import Named, Names, Value, evaluate, is_true
from tests.oracle.judge import View, cured, view
from tests.oracle.measure import counted, holds, on_of, still_open
from tests.oracle.visibility import visible
from tests.wayback.ways import BACK, DAY, Plain

MINUTE = 60_000_000
HORIZON = 730 * DAY

Came = tuple[int, int] | None
"""When a line comes back, microseconds, and with which limit, minor units."""
Judge = Callable[[Sequence[Sequence[Event]]], list[Came]]


@dataclass(frozen=True)
class Way:
    """One lever used in one way, from a day on."""

    lever: str
    day: int
    chosen: int
    times: int
    money: int
    late: bool = False


@dataclass(frozen=True)
class Found:
    """One combination of ways and what comes of it."""

    ways: tuple[Way, ...]
    at: int
    limit: int
    money: int
    effort: int

    def key(self, goal: str, offset: int) -> tuple[int, ...]:
        """What docs/wayback.md says makes a plan better, and the number of its steps."""
        day = (self.at + offset) // DAY
        first = {
            "fastest": (self.at // MINUTE, self.money, self.effort),
            "cheapest": (self.money, day, self.effort),
            "easiest": (self.effort, day, self.money),
        }[goal]
        return (*first, len(self.ways))


class Brute:
    """One line under one policy at one moment."""

    def __init__(self, plain: Plain, events: Sequence[Event], now: int) -> None:
        self.plain, self.now = plain, now
        self.log = [each for each in events if each.known <= now]
        self.line = self.log[0].line
        self.decided = oracle.life(plain, self.log, now)
        self.state = state_after(self.decided)
        self.view: View = view(plain, self.log, now, self.state)
        self.names: Names = self.view.names | {"points": Named(whole(self.view.points), 0)}
        self.seen = visible(self.log, now)
        self.offset = clock.offset(plain)
        self.today = (now + self.offset) // DAY
        self.tried = 0
        """How many combinations were tried."""

    # -- ways of using a lever

    def combinations(self) -> Iterator[tuple[Way, ...]]:
        """Every combination of ways on its days, those that cannot be together left out."""
        names = sorted(name for name, said in self.plain["levers"].items() if self._is_there(said))
        for chosen in product(*[[None, *self._ways(name)] for name in names]):
            ways = [way for way in chosen if way is not None]
            if self._contradict(ways) or (dated := self._dated(ways)) is None:
                continue
            yield from (tuple(each) for each in product(*dated))

    def _is_there(self, said: Plain) -> bool:
        return "when" not in said or is_true(said["when"], self.names)

    def _ways(self, name: str) -> Iterator[Way]:
        said, chosen = self.plain["levers"][name], [0]
        if "choose" in said:
            low, high = (evaluate(said["choose"][end], self.names) for end in ("from", "to"))
            if low is None or high is None:
                return
            chosen = list(range(_whole(low), _whole(high) + 1))[:60]
        for amount in chosen:
            cost = evaluate(said["money"], self._with(amount)) if "money" in said else whole(0)
            if isinstance(cost, Number) and cost.value >= 0:
                for times in range(1, said.get("times", 1) + 1):
                    yield Way(name, 0, amount, times, int(cost.value * 100) * times)

    def _with(self, chosen: int) -> Names:
        return self.names | {"chosen": Named(whole(chosen), 0)}

    def _contradict(self, ways: Sequence[Way]) -> bool:
        taken: set[tuple[str, str]] = set()
        for way in ways:
            said = self.plain["levers"][way.lever].get("says", [])
            mine = {(kind, name) for each in said for kind, fields in each.items() for name in fields or ()}
            if mine & taken:
                return True
            taken |= mine
        return False

    # -- days

    def noon(self, day: int) -> int:
        return day * DAY + DAY // 2 - self.offset

    def _dated(self, ways: Sequence[Way]) -> list[list[Way]] | None:
        """For each way the day it is done on, and the day it is put off to where that is later."""
        means = evaluate(self.plain["means"], self.names) if "means" in self.plain else None
        spent, dated = 0, []
        for way in ways:
            day = self.today + 1
            if way.money and isinstance(means, Number):
                spent += way.money
                while int(means.value * 100) * Fraction(day - self.today, 30) < spent:
                    day += 1
                    if self.noon(day) > self.now + HORIZON:
                        return None
            last = self._last_day(way)
            dated.append([replace(way, day=day), *([replace(way, day=last, late=True)] if last > day else [])])
        return dated

    def _last_day(self, way: Way) -> int:
        """The last day on which a way may begin and be known by the end of the cooling-off."""
        day = self.today
        while self._come(replace(way, day=day + 1))[-1] <= self.state.cooling_until:
            day += 1
        return day

    def _come(self, way: Way) -> list[int]:
        said = self.plain["levers"][way.lever]
        apart = clock.duration(said["every"]) if "every" in said else 0
        takes = clock.duration(said["takes"]) if "takes" in said else 0
        return [self.noon(way.day) + time * apart + takes for time in range(way.times)]

    # -- what comes of ways

    def future(self, ways: Sequence[Way]) -> list[Event] | None:
        """All that happens if these ways are done; None where an event cannot be said."""
        moments = sorted((at, way.lever, time, way) for way in ways for time, at in enumerate(self._come(way)))
        happens: list[Event] = []
        for at, lever, time, way in moments:
            bodies = self._bodies(way, [*self.seen, *happens])
            if bodies is None:
                return None
            for place, body in enumerate(bodies):
                first = max(at + 8, happens[-1].at + 1) if happens else at + 8
                happens.append(Event(f"step-{lever}-{time}-{place}", self.line, first, first, body))
        if self.plain["reopen"].get("by") == "request":
            at = self.noon(self.today + 1)
            happens.append(Event("ask", self.line, at, at, KINDS["reopen.requested"].struct()))
        return [*happens, *self._keeps_coming(happens)]

    def _keeps_coming(self, happens: Sequence[Event]) -> Iterator[Event]:
        for kind, length in self.plain.get("coming", {}).items():
            last = [each for each in self.seen if each.kind == kind][-1:]
            apart = clock.duration(length)
            at = last[0].at + apart if last else self.now + HORIZON + 1
            while at <= self.now + HORIZON:
                if at > self.now:
                    before = [each for each in happens if each.kind == kind and each.at <= at]
                    body = max([*last, *before], key=lambda each: each.at).body
                    yield Event(f"coming-{kind}-{at}", self.line, at, at, body)
                at += apart

    def _bodies(self, way: Way, before: Sequence[Event]) -> list[Any] | None:
        said = self.plain["levers"][way.lever]
        if "ends" in said:
            return list(self._endings(self.plain["facts"][said["ends"]]))
        bodies: list[Any] = []
        for each in said["says"]:
            for kind, fields in each.items():
                told = [event.body for event in before if event.kind == kind]
                told += [body for body in bodies if isinstance(body, KINDS[kind].struct)]
                last = msgspec.structs.asdict(told[-1]) if told else {}
                new = {name: self._said(kind, name, value, way.chosen) for name, value in (fields or {}).items()}
                try:
                    body = msgspec.convert({"kind": kind, **last, **new}, KINDS[kind].struct)
                except msgspec.ValidationError:
                    return None
                bodies.append(body)
        return bodies

    def _said(self, kind: str, name: str, value: object, chosen: int) -> object:
        field = KINDS[kind].fields[name]
        if field.unit == "choice":
            return value
        worked_out = evaluate(value, self._with(chosen))
        if isinstance(worked_out, Number):
            return int(worked_out.value * 100) if field.unit == "money" else int(worked_out.value)
        return worked_out

    def _endings(self, spec: Mapping[str, Any]) -> Iterator[Any]:
        kind, ender = counted(dict(spec))[0], KINDS[spec["ended_by"]]
        for event in self.seen:
            counts = event.kind == kind and ("where" not in spec or holds(event, spec["where"]))
            if counts and still_open(dict(spec), event, self.seen):
                said = msgspec.structs.asdict(event.body)
                assert on_of(dict(spec)) in said
                yield ender.struct(**{name: said[name] for name in ender.fields if name in said})

    # -- the best of all

    def every(self, judge: Judge, most: int) -> list[Found] | None:
        """Every combination that brings the line back; None where there are more than ``most`` to try."""
        tried, futures = [], []
        for ways in self.combinations():
            future = self.future(ways)
            if future is not None:
                tried.append(ways)
                futures.append([*self.log, *future])
            if len(tried) > most:
                return None
        self.tried, found = len(tried), []
        for ways, came in zip(tried, judge(futures), strict=True):
            if came is not None:
                money = sum(way.money for way in ways)
                effort = sum(self.plain["levers"][way.lever].get("effort", 1) * way.times for way in ways)
                found.append(Found(ways, came[0], came[1], money, effort))
        return found

    def uncured(self, ways: Sequence[Way], at: int) -> list[str]:
        """Standing reasons not cured at a moment if just these ways are done; ``reopen`` for what coming back asks."""
        future = self.future(ways)
        assert future is not None
        looked = view(self.plain, [*self.log, *future], at, self.state)
        rules = [rule for rule in self.plain["rules"] if rule["code"] in self.state.reasons]
        codes = [rule["code"] for rule in rules if not cured(rule, looked.names)]
        closed = self.state.status == "closed" and not is_true(self.plain["reopen"]["when"], looked.names)
        return [*codes, *(["reopen"] if closed else [])]

    def by_oracle(self, logs: Sequence[Sequence[Event]]) -> list[Came]:
        """Judge every log by the naive oracle."""
        return [self._came(oracle.life(self.plain, log, self.now + HORIZON)) for log in logs]

    def by_kernel(self, policy: Policy) -> Judge:
        """Judge every log by the kernel as plain Python, each from its first event on."""

        def judge(logs: Sequence[Sequence[Event]]) -> list[Came]:
            named = [msgspec.structs.replace(e, line=f"{n:05}") for n, log in enumerate(logs) for e in log]
            done = run(from_events(named), policy, self.now + HORIZON, engine="python", threads=1)
            assert not done.failures
            by_line: dict[str, list[Decision]] = {f"{n:05}": [] for n in range(len(logs))}
            for decision in done.decisions():
                by_line[decision.line].append(decision)
            return [self._came(decisions) for decisions in by_line.values()]

        return judge

    def _came(self, decisions: Sequence[Decision]) -> Came:
        later = [each for each in decisions if each.at > self.now and each.action in BACK]
        return (later[0].at, later[0].limit) if later else None


def state_after(decisions: Sequence[Decision]) -> oracle.State:
    """The state a line is in after its decisions."""
    last = decisions[-1]
    changes = [each for each in decisions if each.status != each.status_before]
    limits = [each for each in decisions if each.limit != each.limit_before]
    return oracle.State(
        status=last.status, since=changes[-1].at, limit=last.limit, limit_since=limits[-1].at if limits else 0,
        closings=sum(each.action == "close" for each in decisions), cooling_until=last.cooling_until or 0,
        probation_until=last.probation_until or 0, reasons=last.standing,
    )  # fmt: skip


def _whole(value: Value) -> int:
    assert isinstance(value, Number)
    return int(value.value)


__all__ = ["HORIZON", "MINUTE", "Brute", "Found", "Way"]
