"""Lines observed at moments: their facts as they were known then, and what became of each within a window after it.

Facts come from the measuring kernel, which sees of the log only what was known at the moment. Outcomes are read off
the log up to the end it is whole to. A line that cannot be observed at a moment is counted with the reason, and every
observation is taken a second time on a log that ends at the moment (``peeking``), which has to give the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events.kinds import KINDS
from creditline.facts.definitions import Window
from creditline.facts.slices import Slices
from creditline.lines.decision import STATUSES
from creditline.lines.kernel import Engine
from creditline.lines.replay import measure, new_states
from creditline.lines.succession import InForce, run_in_force
from creditline.policy.compiler import STATE, fact_order
from creditline.policy.model import Policy
from creditline.replay.peeking import as_known, check_facts, check_same
from creditline.replay.standing import last_said

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

Reason = Literal[
    "not_opened", "declined", "frozen", "closed", "terminated", "bad_already", "written_off_already",
    "window_not_over", "bad_before_known_later", "no_outcome",
]  # fmt: skip
"""Why a line is not observed at a moment, in the order in which it is asked."""

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)

DAYS_MOST: Final = 36_500


class ObservationError(CreditlineError):
    """An observation that cannot be made, or that would not be honest."""


class Measuring(Protocol):
    """What measures facts: ``lines.replay.measure``."""

    def __call__(
        self, slices: Slices, policy: Policy, t: int, *, states: Int64s, engine: Engine | None
    ) -> Mapping[str, Int64s]:
        """Facts of every line at moment t in numeric form, by name."""


Standing = Callable[[Slices, int], Int64s]
"""The state of every line at a moment by what was known then, in the kernel's form (lines, cells of ``STATE``)."""


def decided(versions: Sequence[InForce], engine: Engine | None = None) -> Standing:
    """Lines stand as these versions of a policy decided by the moment."""
    return lambda slices, t: run_in_force(slices, versions, t, engine=engine)[-1].states


def stated(slices: Slices, t: int) -> Int64s:
    """Lines stand as their events alone say, whatever any policy decided.

    A line is open from its opening elsewhere or its first draw on, until ``line.ended``. Its limit is the last one
    stated, else the amount applied for.
    """
    states = new_states(len(slices))
    status, since, limit = (STATE.index(name) for name in ("STATUS", "SINCE", "LIMIT"))
    for kinds, code in ((("application.received",), "applied"), (("line.opened", "draw.booked"), "open")):
        rows = visible(slices, kinds, t)[::-1]  # of several the first is written last
        states[owners(slices, rows), status] = STATUSES.index(code)
        states[owners(slices, rows), since] = slices.at[rows]
    applied = visible(slices, ("application.received",), t)
    applied = applied[slices.at[applied] <= states[owners(slices, applied), since]]
    given = visible(slices, ("line.opened", "line.limit_set"), t)
    for rows in (applied, given[np.argsort(slices.at[given], kind="stable")]):
        states[owners(slices, rows), limit] = slices.values[0, rows]
    ended = visible(slices, ("line.ended",), t)
    states[owners(slices, ended), status] = STATUSES.index("terminated")
    states[owners(slices, ended), since] = slices.at[ended]
    return states


@dataclass(frozen=True)
class Outcome:
    """What counts as bad: so many days past due or a write-off in the window, or what was observed of the line."""

    days: int | None
    """Days past due; None where the log tells the outcome itself (``outcome.observed``)."""

    def __str__(self) -> str:
        return "observed" if self.days is None else f"{self.days}dpd"


def outcome_of(text: str) -> Outcome:
    """``90dpd`` or ``observed``; raises ObservationError."""
    if text == "observed":
        return Outcome(None)
    number = text.removesuffix("dpd")
    if not text.endswith("dpd") or not number.isascii() or not number.isdigit() or not 0 < int(number) <= DAYS_MOST:
        raise ObservationError("outcome", text, "write it like 90dpd, or observed", "is no outcome")
    return Outcome(int(number))


@dataclass(frozen=True)
class Chosen:
    """Which lines are observed: those that stand so."""

    standing: Standing = stated
    statuses: Collection[str] = ("open", "frozen")


@dataclass(frozen=True)
class Moment:
    """What was observed at one moment. The counts together are all lines of the log."""

    at: int
    """Microseconds."""
    until: int
    """End of its window."""
    rows: int
    bad: int
    left_out: Mapping[Reason, int]


@dataclass(frozen=True, eq=False)
class Observed:
    """Rows by moment and line: facts in numeric form, and whether each went bad."""

    names: Sequence[str]
    """Lines of the log."""
    line: Int64s
    """Each row's line, as its place in ``names``."""
    moment: Int64s
    columns: Mapping[str, Int64s]
    bad: Bools
    moments: tuple[Moment, ...]
    outcome: Outcome = field(default=Outcome(None))

    @property
    def lines(self) -> list[str]:
        """Each row's line."""
        return [self.names[place] for place in self.line.tolist()]

    @property
    def left_out(self) -> dict[Reason, int]:
        """How often a line was not observed, by reason, over all moments."""
        totals = {reason: sum(each.left_out.get(reason, 0) for each in self.moments) for reason in REASONS}
        return {reason: count for reason, count in totals.items() if count}

    @cached_property
    def sha256(self) -> str:
        """Of lines, moments, facts and outcomes; the names of facts count, their order does not."""
        whole = hashlib.sha256("\n".join(self.lines).encode())
        parts = {"": self.moment, **self.columns}
        for name in sorted(parts):
            whole.update(f"\n{name}\n".encode() + parts[name].astype("<i8").tobytes())
        whole.update(self.bad.astype(np.uint8).tobytes())
        return whole.hexdigest()


def observe(
    slices: Slices,
    policy: Policy,
    moments: Sequence[int],
    *,
    window: Window | int,
    outcome: Outcome,
    chosen: Chosen = Chosen(),
    truths: Slices | None = None,
    until: int | None = None,
    measuring: Measuring = measure,
    engine: Engine | None = None,
) -> Observed:
    """Facts of lines at moments (microseconds), and whether each went bad in ``(moment, moment + window]``.

    A window of whole microseconds, or of calendar months in the policy's offset. ``truths`` holds the events that tell
    outcomes where ``slices`` does not. The log is whole up to ``until``, by default the last moment anything became
    known; nothing later is read. Raises ObservationError where no row is left or a fact rests on an outcome, and
    PeekingError where an observation hangs on anything known after its moment.
    """
    check_facts(policy)
    truths = slices if truths is None else truths
    until = last_known(slices, truths) if until is None else until
    seeing = _Seeing(slices, truths, policy, outcome, chosen, measuring, engine, until)
    parts = []
    for t in sorted(set(moments)):
        seen = seeing.at(t)
        check_same(slices.lines, t, seen.told(), seeing.cut(t).at(t).told(), seen.why_not < 0)
        parts.append(_rows(seeing, seen, _end(t, window, policy.utc_offset)))
    if not any(len(rows) for rows, _, _, _ in parts):
        raise _nothing([each for _, _, _, each in parts], policy.utc_offset)
    rows = np.concatenate([rows for rows, _, _, _ in parts])
    moment = np.concatenate([np.full(len(rows), each.at, np.int64) for rows, _, _, each in parts])
    columns = {name: np.concatenate([facts[name] for _, facts, _, _ in parts]) for name in fact_order(policy)}
    bad = np.concatenate([bad for _, _, bad, _ in parts])
    return Observed(slices.lines, rows, moment, columns, bad, tuple(each for _, _, _, each in parts), outcome)


@dataclass(frozen=True)
class _Seen:
    """All lines as they were known at one moment."""

    t: int
    states: Int64s
    why_not: Int64s
    """Place in ``REASONS`` of why the line is not observed, -1 where it is."""
    facts: Mapping[str, Int64s]

    def told(self) -> dict[str, Int64s]:
        """Everything seen, by name."""
        return {"why not": self.why_not, **dict(zip(STATE, self.states.T, strict=True)), **self.facts}


@dataclass(frozen=True)
class _Seeing:
    """How lines are looked at. The same at every moment."""

    slices: Slices
    truths: Slices
    policy: Policy
    outcome: Outcome
    chosen: Chosen
    measuring: Measuring
    engine: Engine | None
    until: int

    def cut(self, t: int) -> _Seeing:
        """The same over the log as it stood at a moment."""
        return replace(self, slices=as_known(self.slices, t), truths=as_known(self.truths, t))

    def at(self, t: int) -> _Seen:
        """All lines at a moment, by what was known then."""
        states = self.chosen.standing(self.slices, t)
        why_not = _standing_reason(states, self.chosen.statuses)
        for reason, found in (("bad_already", self._is_bad(t)), ("written_off_already", self._written_off(t))):
            why_not[found & (why_not < 0)] = REASONS.index(reason)
        facts = self.measuring(self.slices, self.policy, t, states=states, engine=self.engine)
        return _Seen(t, states, why_not, facts)

    def _is_bad(self, t: int) -> Bools:
        if self.outcome.days is None:
            return _in_order_of(self.slices, self.truths, last_said(self.truths, "outcome.observed.defaulted", t) == 1)
        return last_said(self.slices, "arrears.changed.days_past_due", t) >= self.outcome.days

    def _written_off(self, t: int) -> Bools:
        return _any_of(self.slices, visible(self.slices, ("loan.written_off",), t))

    def outcomes(self, t: int, end: int) -> tuple[Bools, Bools, Bools]:
        """By line: bad within ``(t, end]``, bad before that though it was not known, and an outcome to tell."""
        if self.outcome.days is None:
            said = last_said_within(self.truths, "outcome.observed", t, end, self.until)
            told = _in_order_of(self.slices, self.truths, said >= 0)
            return _in_order_of(self.slices, self.truths, said == 1), np.zeros(len(told), bool), told
        slices, slot = self.slices, KINDS["arrears.changed"].fields["days_past_due"].slot
        arrears, gone = (visible(slices, (kind,), self.until) for kind in ("arrears.changed", "loan.written_off"))
        deep = slices.values[slot, arrears] >= self.outcome.days
        reached = np.concatenate([arrears[deep], gone])
        within = _any_of(slices, reached[(slices.at[reached] > t) & (slices.at[reached] <= end)])
        # By all that is known today, the last that was so at the moment.
        early = slices.at[arrears] <= t
        before = _any_of(slices, gone[slices.at[gone] <= t])
        before[owners(slices, arrears[early])] |= deep[early]
        return within, before, np.ones(len(within), bool)


# --- rows of the slices -------------------------------------------------------------------------------------------


def visible(slices: Slices, kinds: Collection[str], t: int) -> Int64s:
    """Rows of these kinds visible at moment t, by line and, within a kind, by time."""
    codes = [KINDS[name].code for name in kinds]
    return np.flatnonzero(np.isin(slices.kind, codes) & (slices.known <= t) & (slices.until > t))


def owners(slices: Slices, rows: Int64s) -> Int64s:
    """The line of each row."""
    return np.searchsorted(slices.offsets, rows, side="right") - 1


def last_said_within(slices: Slices, kind: str, t: int, end: int, until: int) -> Int64s:
    """The first field of each line's last event of a kind in ``(t, end]``, by what is known at ``until``; else -1."""
    rows = visible(slices, (kind,), until)
    rows = rows[(slices.at[rows] > t) & (slices.at[rows] <= end)]
    out = np.full(len(slices), -1, np.int64)
    out[owners(slices, rows)] = slices.values[0, rows]
    return out


def last_known(*logs: Slices) -> int:
    """The last moment anything became known; raises ObservationError of empty logs."""
    moments = [int(log.known.max()) for log in logs if len(log.known)]
    if not moments:
        raise ObservationError("log", "no events", "import events first: creditline import --help", "can be observed")
    return max(moments)


def _any_of(slices: Slices, rows: Int64s) -> Bools:
    found = np.zeros(len(slices), bool)
    found[owners(slices, rows)] = True
    return found


def _in_order_of(slices: Slices, other: Slices, found: Bools) -> Bools:
    """What was found of the lines of another log, for the lines of this one; False where it has none."""
    if other is slices:
        return found
    if not len(other):
        return np.zeros(len(slices), bool)
    names, wanted = np.array(other.lines), np.array(slices.lines)
    order = np.argsort(names)
    place = order[np.minimum(np.searchsorted(names, wanted, sorter=order), len(names) - 1)]
    return np.asarray(found[place] & (names[place] == wanted), np.bool_)


def _standing_reason(states: Int64s, statuses: Collection[str]) -> Int64s:
    told: dict[str, Reason] = {
        "new": "not_opened", "applied": "not_opened", "declined": "declined", "open": "not_opened",
        "frozen": "frozen", "closed": "closed", "terminated": "terminated",
    }  # fmt: skip
    codes = [-1 if status in statuses else REASONS.index(told[status]) for status in STATUSES]
    return np.array(codes, np.int64)[states[:, STATE.index("STATUS")]]


def _rows(seeing: _Seeing, seen: _Seen, end: int) -> tuple[Int64s, Mapping[str, Int64s], Bools, Moment]:
    why_not = seen.why_not.copy()
    within, before, told = seeing.outcomes(seen.t, end)
    over = np.full(len(why_not), end > seeing.until)
    for reason, found in (("window_not_over", over), ("bad_before_known_later", before), ("no_outcome", ~told)):
        why_not[found & (why_not < 0)] = REASONS.index(reason)
    rows = np.flatnonzero(why_not < 0)
    counts = {reason: int((why_not == place).sum()) for place, reason in enumerate(REASONS)}
    left_out = {reason: count for reason, count in counts.items() if count}
    facts = {name: values[rows] for name, values in seen.facts.items()}
    return rows, facts, within[rows], Moment(seen.t, end, len(rows), int(within[rows].sum()), left_out)


def _end(t: int, window: Window | int, utc_offset: int) -> int:
    """The last moment of a window that begins after t; a month too short for the day ends on its last."""
    if isinstance(window, int) or not window.months:
        return t + (window if isinstance(window, int) else window.us)
    local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=t + utc_offset)
    months = local.year * 12 + local.month - 1 + window.months
    first = datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
    after = datetime((months + 1) // 12, (months + 1) % 12 + 1, 1, tzinfo=UTC)
    day = min(local.day, (after - first).days)
    moved = local.replace(year=first.year, month=first.month, day=day)
    return t + (moved - local) // timedelta(microseconds=1)


def _nothing(moments: Sequence[Moment], utc_offset: int) -> ObservationError:
    told = "; ".join(
        f"{format_moment(each.at, utc_offset)}: "
        + ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in each.left_out.items())
        for each in moments
    )
    remedy = (
        "choose a moment at which lines are open and whose window is over by the log's end; where the log is whole "
        "to a later moment than its last event, say so with --until"
    )
    return ObservationError("observation", told, remedy, "leaves no line to observe")


__all__ = [
    "REASONS", "Chosen", "Measuring", "Moment", "ObservationError", "Observed", "Outcome", "Standing", "decided",
    "last_known", "observe", "outcome_of", "stated", "visible",
]  # fmt: skip
