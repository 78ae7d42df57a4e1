"""Which lines of a home are hit soonest if nothing is done: all of them through the kernel at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import KINDS, SLOTS, EventVoided, slots
from creditline.facts.slices import NEVER, Slices, part_ties
from creditline.lines import machine
from creditline.lines.decision import STATUSES, Decision
from creditline.lines.replay import Failure, run
from creditline.lines.succession import InForce, run_in_force
from creditline.policy import Policy
from creditline.policy.compiler import STATE
from creditline.policy.levers import Lever
from creditline.replay.peeking import as_known
from creditline.service.account import offset_of
from creditline.service.lending import products_of
from creditline.service.line import last_known
from creditline.service.nearness import check_within
from creditline.service.versions import Versions
from creditline.service.wayback import situation_of
from creditline.store import Home
from creditline.wayback.ahead import Hit, hits, life, nothing_done
from creditline.wayback.loans import NOTHING, Loans, Paying
from creditline.wayback.moves import Done, Future, Use, on_days
from creditline.wayback.nearness import WATCHED, WITHIN
from creditline.wayback.situation import Situation

Int64s = NDArray[np.int64]

Paid = Literal["kept", "nothing", "left_out"]
"""What is taken of the loans: every instalment is paid on its due day, and who is behind stays behind; nothing is
paid; or what falls due is no part of the future looked at, which is fast."""

Progress = Callable[[int, int], None]
"""Told how many lines were carried on and how many there are."""

CHUNK = 200
"""Lines whose events are read at once."""


@dataclass(frozen=True)
class LineAhead:
    """One line that is hit if nothing is done."""

    line: str
    status: str
    limit: int
    """Minor units."""
    policy: Policy
    hit: Hit


@dataclass(frozen=True)
class LinesAhead:
    """The lines of a home that are hit, the soonest first."""

    now: int
    """Microseconds."""
    within: int
    looked_at: int
    """Lines open or frozen now."""
    lines: tuple[LineAhead, ...]
    with_loans: int
    """Lines looked at that have loans in the lending core."""
    paid: Paid
    failures: tuple[Failure, ...]
    """Lines on which a number leaves int64, so that nothing is decided."""


def lines_ahead(
    home: Home,
    *,
    now: int | None = None,
    within: int = WITHIN,
    paid: Paid = "kept",
    progress: Progress | None = None,
) -> LinesAhead:
    """Open and frozen lines that are hit within so many microseconds if nothing is done, the soonest first.

    What keeps coming by itself comes, nobody draws, and loans are paid as ``paid`` says. ``now`` is the last moment
    the home knows of any line where none is given. Raises CreditlineError for a home without decisions.
    """
    check_within(within)
    made: dict[str, Decision] = {each.line: each for each in home.decisions()}
    if not made:
        raise CreditlineError("home", str(home.path), "run a policy first: creditline run", "holds no decisions")
    moment = _last_known(home, made) if now is None else now
    versions, lent = Versions(home), frozenset(home.lines_lent_on())
    # A line on which a plan was taken up stands under a version of its own.
    promised = sorted(set(home.lines_promised()) & made.keys())
    names: dict[str, list[str]] = defaultdict(list)
    for line in made.keys() - set(promised):
        names[versions.in_force(made[line], moment).name].append(line)
    groups = [_stand(home, versions, name, sorted(lines), moment) for name, lines in sorted(names.items())]
    watching = _Watching(home, moment, moment + within, lent, paid, progress)
    watching.total = sum(len(lent & set(group.slices.lines)) for group in groups)
    found = [each for group in groups for each in watching.lines(group)]
    alone = [situation for line in promised if (situation := situation_of(home, line, now=moment)).status in WATCHED]
    found += [each for situation in alone for each in watching.alone(situation)]
    return LinesAhead(
        now=moment,
        within=within,
        looked_at=sum(len(group.slices) for group in groups) + len(alone),
        lines=tuple(sorted(found, key=lambda each: (each.hit.at, each.line))),
        with_loans=watching.total + sum(each.loans is not None for each in alone),
        paid=paid,
        failures=tuple(watching.failures),
    )


def _last_known(home: Home, made: Mapping[str, Decision]) -> int:
    return last_known(home, home.slices(sorted(made)), [max(made.values(), key=lambda each: each.at)])


@dataclass(frozen=True)
class _Group:
    """Lines under one policy that can be stopped, as they stand at a moment, and what was known of them by then."""

    policy: Policy
    slices: Slices
    states: Int64s


def _stand(home: Home, versions: Versions, name: str, lines: Sequence[str], now: int) -> _Group:
    published = [each for each in home.policies() if each.name == name]
    succession = [InForce(versions[each.version], each.effective_from) for each in published]
    ran = run_in_force(home.slices(lines), succession, now)[-1]
    failed = {each.line for each in ran.failures}
    statuses = ran.statuses()
    watched = [n for n, line in enumerate(ran.slices.lines) if statuses[n] in WATCHED and line not in failed]
    held = home.slices([ran.slices.lines[n] for n in watched]) if watched else _none(ran.slices)
    return _Group(ran.policy, as_known(held, now), ran.states[watched])


def _none(slices: Slices) -> Slices:
    """No lines at all."""
    empty = np.zeros(0, np.int64)
    values = np.zeros((SLOTS, 0), np.int64)
    return Slices([], np.zeros(1, np.int64), empty, empty, empty, slices.kind[:0], values, empty, empty, [])


class _Watching:
    """Groups of lines carried on from a moment to another."""

    def __init__(
        self, home: Home, now: int, until: int, lent: frozenset[str], paid: Paid, progress: Progress | None
    ) -> None:
        self.home, self.now, self.until, self.lent, self.paid = home, now, until, lent, paid
        self.products = products_of(home)
        self.progress = progress
        self.done = self.total = 0
        self.failures: list[Failure] = []

    def lines(self, group: _Group) -> Iterator[LineAhead]:
        """The lines of a group that are hit."""
        slices = group.slices
        if not len(slices):
            return
        events, apart = self._loans(slices.lines)
        policy = group.policy
        added = _together([_rows(slices.lines, events), coming(slices, policy, self.now, self.until)])
        ran = run(with_rows(slices, added), policy, self.until, since=self.now, states=group.states)
        self.failures += ran.failures
        first: dict[int, Hit] = {}
        for row in ran.rows:
            number = int(row[machine.D_LINE])
            if number not in first and slices.lines[number] not in apart:
                first.update((number, hit) for hit in hits(policy, row[None, :]))
        for number, hit in first.items():
            status, limit = (int(group.states[number, STATE.index(cell)]) for cell in ("STATUS", "LIMIT"))
            yield LineAhead(slices.lines[number], STATUSES[status], limit, policy, hit)
        for line in apart:
            yield from self.alone(situation_of(self.home, line, now=self.now))

    def alone(self, situation: Situation) -> Iterator[LineAhead]:
        """One line by itself, if it is hit."""
        if self.paid == "left_out":
            situation = replace(situation, loans=None)
        future = _keeping(situation) if self.paid == "kept" else nothing_done(situation)
        for hit in life(situation, future.events, self.until)[:1]:
            yield LineAhead(situation.line, situation.status, situation.cell("LIMIT"), situation.policy, hit)

    def _loans(self, lines: Sequence[str]) -> tuple[list[Event], set[str]]:
        """What comes of lines with loans as they are paid; lines apart of which something in the log must go."""
        events: list[Event] = []
        apart: set[str] = set()
        if self.paid == "left_out":
            return events, apart
        lent = [line for line in lines if line in self.lent]
        for chunk in (lent[first : first + CHUNK] for first in range(0, len(lent), CHUNK)):
            for line, held in self.home.events_by_line(chunk):
                seen = [each for each in held if each.known <= self.now]
                mine = Loans(line, seen, self.products, offset_of(seen, self.products), self.now)
                paying = Paying(from_day=mine.today + 1) if self.paid == "kept" else NOTHING
                told = mine.ahead(paying, self.until).events
                if any(isinstance(each.body, EventVoided) for each in told):
                    apart.add(line)
                else:
                    events += told
            self.done += len(chunk)
            if self.progress is not None:
                self.progress(self.done, self.total)
        return events, apart


def _keeping(situation: Situation) -> Future:
    """Instalments paid on their due days, what is overdue left overdue."""
    future = on_days(
        situation, [Done(Use(Lever("keep_instalments", {}, None, does="keep_instalments")), situation.today + 1)]
    )
    assert future is not None
    return future


# -- events to come, as columns -----------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """Events to be put behind the logs of many lines."""

    line: Int64s
    at: Int64s
    known: Int64s
    kind: NDArray[np.uint8]
    values: Int64s
    """Shape (SLOTS, n)."""


def coming(slices: Slices, policy: Policy, now: int, until: int) -> Rows:
    """What keeps coming by itself of every line up to a moment: each time as the last such event said it."""
    parts = []
    for name, every in policy.coming.items():
        seen = (slices.kind == KINDS[name].code) & (slices.known <= now) & (slices.until > now) & (slices.at <= now)
        rows = np.flatnonzero(seen)
        owner = np.searchsorted(slices.offsets, rows, side="right") - 1
        # Within a line events of a kind lie in order of time.
        last = np.append(owner[1:] != owner[:-1], True) if len(rows) else np.zeros(0, bool)
        rows, owner = rows[last], owner[last]
        first = (now - slices.at[rows]) // every + 1
        many = np.maximum(0, (until - slices.at[rows]) // every - first + 1)
        again = np.repeat(np.arange(len(rows)), many)
        count = np.arange(len(again)) - np.repeat(np.cumsum(many) - many, many)
        at = slices.at[rows][again] + (first[again] + count) * every
        kind = np.full(len(at), KINDS[name].code, np.uint8)
        parts.append(Rows(owner[again], at, at.copy(), kind, slices.values[:, rows[again]]))
    return _together(parts)


def _rows(lines: Sequence[str], events: Sequence[Event]) -> Rows:
    place = {line: number for number, line in enumerate(lines)}
    return Rows(
        np.array([place[each.line] for each in events], np.int64),
        np.array([each.at for each in events], np.int64),
        np.array([each.known for each in events], np.int64),
        np.array([KINDS[each.kind].code for each in events], np.uint8),
        np.array([slots(each.body) for each in events], np.int64).reshape(len(events), SLOTS).T,
    )


def _together(parts: Sequence[Rows]) -> Rows:
    empty = np.zeros(0, np.int64)
    none = Rows(empty, empty, empty, np.zeros(0, np.uint8), np.zeros((SLOTS, 0), np.int64))
    every = [none, *parts]
    return Rows(
        np.concatenate([each.line for each in every]),
        np.concatenate([each.at for each in every]),
        np.concatenate([each.known for each in every]),
        np.concatenate([each.kind for each in every]),
        np.concatenate([each.values for each in every], axis=1),
    )


def with_rows(slices: Slices, added: Rows) -> Slices:
    """The logs with events behind them, no two of a line at one moment: of two, the later row is put off."""
    order = np.lexsort((added.at, added.line))  # stable
    line, at = added.line[order], added.at[order].copy()
    part_ties(line, at)
    known = np.maximum(added.known[order], at)
    owner = np.concatenate([np.repeat(np.arange(len(slices)), np.diff(slices.offsets)), line])
    at = np.concatenate([slices.at, at])
    known = np.concatenate([slices.known, known])
    until = np.concatenate([slices.until, np.full(len(line), NEVER, np.int64)])
    kind = np.concatenate([slices.kind, added.kind[order]])
    values = np.concatenate([slices.values, added.values[:, order]], axis=1)
    order = np.lexsort((at, kind, owner))
    owner, at, known = owner[order], at[order], known[order]
    return Slices(
        slices.lines, np.searchsorted(owner, np.arange(len(slices) + 1)).astype(np.int64), at, known, until[order],
        kind[order], np.ascontiguousarray(values[:, order]), np.lexsort((at, known, owner)).astype(np.int64),
        np.zeros(len(at), np.int64),
    )  # fmt: skip


__all__ = ["LineAhead", "LinesAhead", "Rows", "coming", "lines_ahead", "with_rows"]
