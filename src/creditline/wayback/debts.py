"""The loans of many lines as tables of whole numbers, from which ``paid`` tells what comes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from creditline.events.kinds import KINDS, NULL, EventVoided, slots
from creditline.lending.account import Account
from creditline.lending.derived import DERIVED, DerivedBody, arrears_body, balance, month_end, statement_body
from creditline.lending.kernel import COUNTS, DAYS_MAX, MONTHS_MAX, RATE_MAX, ROUNDINGS
from creditline.lending.loan import Loan
from creditline.lending.operations import local_day
from creditline.lending.terms import Part, Terms
from creditline.wayback import owing, paid
from creditline.wayback.loans import Loans, Standing
from creditline.wayback.owing import Columns, Int64s

DAYS = 740
"""How many days from now on tables tell of, where nothing else is asked."""

_PART: dict[Part, int] = {
    "fee": owing.ROW_FEE, "penalty": owing.ROW_PENALTY,
    "interest": owing.ROW_INTEREST, "principal": owing.ROW_PRINCIPAL,
}  # fmt: skip


@dataclass(frozen=True)
class Debts:
    """Loans of L lines in one array of whole numbers; ``owing`` says how."""

    columns: Columns
    """Tables one after the other, and a scratch array for one call at a time. What is worked out of due days, rates
    that every way of paying needs again, is kept in the tables by the functions that read them."""
    lent: Int64s
    """Shape (L,): 1 where the core runs the line, 0 where there was None."""
    by_hand: NDArray[np.bool_]
    """Shape (L,): lines that the array cannot carry; ``Loans`` itself tells of them."""
    why: dict[int, str]
    """Why not, by place of the line."""
    room: int
    """Rows of events that one way of paying writes at the most."""


def packed(loans: Sequence[Loans | None], days: int = DAYS) -> Debts:
    """The loans of lines, by place, as they stand now; None for a line without loans in the core.

    ``days`` is how far from the day of each line's now they are to be told of.
    """
    making = _Making(days)
    for each in loans:
        making.add(each)
    return making.debts()


class _Making:
    """Tables in the making; places count rows until the tables are put one after the other."""

    def __init__(self, days: int) -> None:
        self.days = days
        self.lines: list[tuple[int, ...]] = []
        self.loans: list[tuple[int, ...]] = []
        self.rows: list[tuple[int, ...]] = []
        self.parts: list[tuple[int, int]] = []
        self.ends: list[int] = []
        self.begins: list[int] = []
        self.froms: list[int] = []
        self.told: list[tuple[int, ...]] = []
        self.why: dict[int, str] = {}
        self.lent: list[int] = []
        self.steps = 0
        self.room = 0

    def add(self, loans: Loans | None) -> None:
        """Add a line."""
        self.lent.append(int(loans is not None))
        standing = None if loans is None else loans.standing
        why = None if loans is None or standing is None else _unfit(loans, standing)
        if why is not None:
            self.why[len(self.lines)] = why
        if loans is None or standing is None or why is not None:
            self.lines.append((0 if why is None else owing.NOT_CARRIED, *(0,) * (owing.LINE_CELLS - 1)))
        else:
            self._add(loans, standing)

    def _add(self, loans: Loans, standing: Standing) -> None:
        account, seen = standing.account, loans.today + self.days
        first, row, told, ends = len(self.loans), len(self.rows), len(self.told), len(self.ends)
        unsettled: list[tuple[int, ...]] = []
        for place, loan in enumerate(account.live, 1):
            unsettled += _rows(loan, place * owing.STEP)
            self._loan(loan, seen)
        self.rows += sorted(unsettled, key=lambda cells: (cells[owing.ROW_DUE], cells[owing.ROW_LOAN]))
        self.told += _told(standing, loans.offset)
        queue = len(unsettled) + len(self.ends) - ends
        claims = [loan for loan in account.lost if loan.claim]
        self.lines.append(
            (
                1, first, len(self.loans), row, len(self.rows), told, len(self.told), queue, seen, loans.late,
                bool(account.loans), account.credit, sum(loan.claim for loan in claims),
                max((loan.days_lost for loan in claims), default=0), standing.paid, *standing.arrears,
                loans.offset, loans.now,
            )
        )  # fmt: skip
        # A day has as much to tell as may be settled on it, and takes as many moments and three more.
        news = queue + len(self.told) - told
        self.steps = max(self.steps, len(account.live) + queue + news + 4)
        self.room = max(self.room, self.days + self.days // 28 + 4 + 2 * news)

    def _loan(self, loan: Loan, seen: int) -> None:
        terms, periods, period = loan.terms, loan.periods, loan.period
        _look_ahead(loan, seen)
        end, part = len(self.ends), len(self.parts)
        ends = periods.ends[period:]
        self.ends += ends
        self.begins += [periods.start(period), *ends[:-1]]
        self.froms += [loan.since, *ends[:-1]]
        self.parts += [(row.principal, end + row.period - period) for row in loan.coming]
        penalty = terms.penalty
        self.loans.append(
            (
                loan.balance, loan.accrued, loan.since, end, part, owing.NO_DAY,
                len(self.parts), terms.rate, COUNTS.index(terms.day_count), ROUNDINGS.index(terms.rounding),
                terms.due.months, end if period == 0 else -1, *_first(terms), terms.row_fee, terms.grace_days,
                penalty.rate, penalty.on_instalment, terms.grace_days if penalty.after_grace else 0, loan.early_fee,
                *(_PART[each] for each in terms.order),
            )
        )  # fmt: skip

    def debts(self) -> Debts:
        """The array and what belongs to it."""
        by_hand = np.zeros(len(self.lines), bool)
        by_hand[list(self.why)] = True
        ends = np.full((len(self.ends), owing.END_CELLS), -1, np.int64)
        for cell, days in ((owing.END_DAY, self.ends), (owing.END_BEGIN, self.begins), (owing.END_FROM, self.froms)):
            ends[:, cell] = days
        lines, loans = _table(self.lines, owing.LINE_CELLS), _table(self.loans, owing.LOAN_CELLS)
        rows, parts = _table(self.rows, owing.ROW_CELLS), _table(self.parts, owing.PART_CELLS)
        told = _table(self.told, paid.TOLD_CELLS)
        tables = (lines, loans, rows, parts, ends, told)
        begins = np.cumsum([0, *(table.size for table in tables)]).tolist()
        _place(lines, begins[1], owing.LOAN_CELLS, owing.LINE_LOAN, owing.LINE_LOAN_STOP)
        _place(lines, begins[2], owing.ROW_CELLS, owing.LINE_ROW, owing.LINE_ROW_STOP)
        _place(lines, begins[5], paid.TOLD_CELLS, owing.LINE_TOLD, owing.LINE_TOLD_STOP)
        _place(loans, begins[3], owing.PART_CELLS, owing.LOAN_COMING, owing.LOAN_COMING_STOP)
        _place(loans, begins[4], owing.END_CELLS, owing.LOAN_END, owing.LOAN_FIRST_END)
        _place(parts, begins[4], owing.END_CELLS, owing.PART_END)
        cells = np.concatenate([table.ravel() for table in tables])
        columns = cells, np.zeros(2 * (1 + self.steps) * owing.STEP, np.int64)
        return Debts(columns, np.array(self.lent, np.int64), by_hand, self.why, self.room)


def _table(cells: Sequence[tuple[int, ...]], width: int) -> Int64s:
    return np.array(cells, np.int64).reshape(len(cells), width)


def _place(table: Int64s, begin: int, width: int, *cells: int) -> None:
    """Rows of another table, counted, become places in the array; -1 stays none."""
    for cell in cells:
        table[:, cell] = np.where(table[:, cell] < 0, -1, begin + width * table[:, cell])


def _first(terms: Terms) -> tuple[int, int]:
    return terms.due.first(terms.drawn) if terms.day_count == "30/360" else (0, 1)


def _rows(loan: Loan, place: int) -> Iterable[tuple[int, ...]]:
    """A loan's rows fallen due and not paid in full."""
    for row in loan.unsettled:
        owed = row.unpaid["principal"], row.unpaid["interest"], row.unpaid["fee"], row.unpaid["penalty"]
        yield (place, row.due, row.amount, row.penalty_from, *owed)


def _look_ahead(loan: Loan, day: int) -> None:
    """See that a loan knows its due days past a day, and those of all its rows to come."""
    periods = loan.periods
    periods.need(max(loan.period, loan.coming[-1].period if loan.coming else 0) + 1)
    while (ahead := day - periods.ends[-1]) >= 0:
        usual = (periods.ends[-1] - loan.terms.drawn) // len(periods.ends)
        periods.need(len(periods.ends) + 1 + ahead // max(1, usual))


def _told(standing: Standing, offset: int) -> Iterable[tuple[int, ...]]:
    """What is to be told of today, what the log holds of it already, and the moments taken by anything else."""
    day = standing.account.day
    for want in standing.derived:
        yield (paid.TOLD_WANT, 0, NULL if want.after is None else want.after, *slots(want.body)[:4])
    voided = _voided(standing)
    for event in standing.near:
        if local_day(event.at, offset) == day:
            is_near = isinstance(event.body, DERIVED) and event.id not in voided
            what = paid.TOLD_NEAR if is_near else paid.TOLD_TAKEN
            yield (what, KINDS[event.kind].code, event.at, *slots(event.body)[:4])


def _voided(standing: Standing) -> set[str]:
    return {event.body.event for event in standing.near if isinstance(event.body, EventVoided)}


# -- what columns cannot carry ------------------------------------------------------------------------


def _unfit(loans: Loans, standing: Standing) -> str | None:
    """Why columns cannot carry a line; None where they can."""
    for loan in standing.account.live:
        terms = loan.terms
        first = _first(terms)
        if max(terms.rate, terms.penalty.rate) > RATE_MAX:
            return f"loan {loan.id}: its rate is too high"
        if terms.due.months > MONTHS_MAX or first[0] > DAYS_MAX or first[1] > 31:
            return f"loan {loan.id}: its periods are too long"
        if max(end - start for start, end in pairwise((terms.drawn, *loan.periods.ends))) > DAYS_MAX:
            return f"loan {loan.id}: its periods are too long"
    return _untrue(loans, standing)


def _untrue(loans: Loans, standing: Standing) -> str | None:
    """What of today or of a day to come the log tells that may have to be taken back, depending on what is paid."""
    day = standing.account.day
    voided = _voided(standing)
    near = [event for event in standing.near if isinstance(event.body, DERIVED) and event.id not in voided]
    told: Counter[object] = Counter()
    for event in near:
        if local_day(event.at, loans.offset) > day:
            return f"event {event.id} tells of a day to come"
        told[event.body] += 1
    wanted: Counter[object] = Counter(want.body for want in standing.derived)
    if loans.payable > day:  # nothing can be paid today any more, so its end is certain
        wanted.update(_end_of(standing.account, standing.paid, standing))
    if told - wanted:
        return "the log tells of today what does not follow"
    return None


def _end_of(account: Account, money: int, standing: Standing) -> Iterable[DerivedBody]:
    """What the end of today tells if nothing more is paid."""
    arrears = account.arrears()
    if arrears != standing.arrears:
        yield arrears_body(arrears)
    if account.loans and account.day == month_end(account.day):
        yield statement_body(balance(account), account.credit, money, arrears.days_past_due)


__all__ = ["DAYS", "Debts", "packed"]
