"""Random terms and operations for the tests of the account."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import permutations

from hypothesis import strategies as st

from creditline.clock import DAY, SECOND
from creditline.events.kinds import DrawBooked, LoanRescheduled, LoanWrittenOff, RepaymentReceived
from creditline.lending.loan import Change
from creditline.lending.operations import Operation
from creditline.lending.terms import ONE_ROW, DayCount, Early, Method, Part, Penalty, Terms, date_of, day_number

START = day_number(date(2023, 11, 28))


@dataclass(frozen=True)
class Monthly:
    """Due every so many months on the day of the draw, or every so many days."""

    months: int = 1
    length: int = 30

    def days(self, drawn: int, count: int) -> Sequence[int]:
        if not self.months:
            return [drawn + self.length * number for number in range(1, count + 1)]
        begun, found = date_of(drawn), []
        for number in range(1, count + 1):
            month = begun.month - 1 + number * self.months
            year, month = begun.year + month // 12, month % 12 + 1
            found.append(day_number(date(year, month, min(begun.day, calendar.monthrange(year, month)[1]))))
        return found

    def first(self, _drawn: int) -> tuple[int, int]:
        return (self.months, 1)


METHODS: tuple[Method, ...] = ("equal_instalment", "equal_principal", "interest_first", "bullet", "any_day")
COUNTS: tuple[DayCount, ...] = ("30/360", "act/360", "act/365", "act/act", "act/act ISDA")
PARTS: tuple[Part, ...] = ("fee", "penalty", "interest", "principal")
EARLY: tuple[Early, ...] = ("next", "fewer", "smaller")


@st.composite
def terms(draw: st.DrawFn, drawn: int | None = None) -> Terms:
    """What may be agreed for one loan."""
    method = draw(st.sampled_from(METHODS))
    principal = draw(st.integers(1, 5_000) | st.integers(10_000, 100_000_000))
    rows = 1 if method in ONE_ROW else draw(st.integers(1, 14))
    due = Monthly(draw(st.sampled_from((0, 1, 1, 1, 3))))
    return Terms(
        principal=principal,
        rate=draw(st.sampled_from((0, 1_000, 144_000_000, 180_000_000, 240_000_001, 999_999_999))),
        drawn=START + draw(st.integers(0, 200)) if drawn is None else drawn,
        rows=rows,
        due=Monthly(3) if method in ONE_ROW else due,
        method=method,
        day_count=draw(st.sampled_from(COUNTS)),
        rounding=draw(st.sampled_from(("half_up", "half_even", "down", "up"))),
        smoothing=draw(st.booleans()),
        grace_days=draw(st.sampled_from((0, 0, 3))),
        penalty=Penalty(draw(st.sampled_from((0, 72_000_000))), draw(st.booleans()), draw(st.booleans())),
        order=draw(st.sampled_from(list(permutations(PARTS)))),
        early=draw(st.sampled_from(EARLY)),
        early_fee=draw(st.sampled_from((0, 0, 10_000))),
        upfront_fee=draw(st.sampled_from((0, principal // 100))),
        row_fee=draw(st.sampled_from((0, 0, 100))),
    )


def drawing(terms: Terms, loan: str, second: int = 0) -> Operation:
    """The draw of a loan, some seconds into its day."""
    says = DrawBooked(amount=terms.principal, loan=loan)
    return Operation(_moment(terms.drawn, second), f"draw:{loan}", terms.drawn, loan, says, terms)


def paying(day: int, amount: int, name: str, loan: str | None = None, second: int = 80_000) -> Operation:
    """A repayment, to a loan or to the line."""
    says = RepaymentReceived(amount=amount, principal=0, loan=loan)
    return Operation(_moment(day, second), name, day, loan or "", says, None)


def replanning(day: int, loan: str, change: Change, rows: int | None, name: str, second: int = 80_000) -> Operation:
    """A reschedule."""
    says = LoanRescheduled(loan=loan, change=change, instalments=rows)
    return Operation(_moment(day, second), name, day, loan, says, None)


def losing(day: int, loan: str, second: int = 80_000) -> Operation:
    """A write-off."""
    return Operation(_moment(day, second), f"lost:{loan}", day, loan, LoanWrittenOff(loan=loan), None)


def _moment(day: int, second: int) -> int:
    return day * DAY + second * SECOND
