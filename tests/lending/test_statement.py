"""Statements: they follow on one another, add up, agree with the account, and never change once made."""

from __future__ import annotations

import random
from collections.abc import Iterable
from copy import deepcopy
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import DrawRequested, EventVoided, LoanRescheduled, LoanWrittenOff
from creditline.lending.account import CREDIT, FEES_DUE, INTEREST_DUE, PENALTY_DUE, PRINCIPAL
from creditline.lending.ledger import keep
from creditline.lending.product import Product
from creditline.lending.statement import Movement, Particulars, Parts, Statement, StatementError, statement
from creditline.lending.terms import day_number
from tests.lending.line_logs import DAYS, FIRST, LINE, OFFSET, PLAIN, PLAIN_REF, drawn, logs, repaid, said

LIMIT = 5_000_000
Log = tuple[list[Event], dict[str, Product]]


def made(events: Iterable[Event], since: date | int, until: date | int, products: dict[str, Product]) -> Statement:
    first, last = (day if isinstance(day, int) else day_number(day) for day in (since, until))
    listed = list(events)
    line = Particulars("CNY", OFFSET, "open", LIMIT, simulated=False, titles={PLAIN_REF: PLAIN.title})
    return statement(keep(LINE, listed, products, OFFSET, last), listed, first, line)


def plain(events: Iterable[Event], since: date, until: date) -> Statement:
    return made(events, since, until, {PLAIN_REF: PLAIN})


def moved(found: Statement) -> list[tuple[int, str, str, int, int]]:
    """Day of the month, kind, way, what was added and what was taken off."""
    days = [date.fromordinal(each.booked + date(1970, 1, 1).toordinal()).day for each in found.movements]
    return [
        (day, each.kind, each.way, each.charged, each.credited) for day, each in zip(days, found.movements, strict=True)
    ]


JAN_10, FEB_1, FEB_10, FEB_28, MAR_1, MAR_31 = (
    date(2025, month, day) for month, day in ((1, 10), (2, 1), (2, 10), (2, 28), (3, 1), (3, 31))
)
LOAN = drawn("A", JAN_10, 1_200_00, 2)


def test_a_draw_with_a_fee_kept_back() -> None:
    found = plain(LOAN, date(2025, 1, 1), date(2025, 1, 31))
    (draw,) = found.movements
    assert (draw.amount, draw.kept_back, draw.charged, draw.balance) == (1_200_00, 12_00, 1_200_00, 1_200_00)
    assert (found.opening.owed, found.closing.owed, found.totals.drawn, found.totals.fees) == (0, 1_200_00, 1_200_00, 0)
    assert found.available == LIMIT - 1_200_00
    (loan,) = found.loans
    assert [(row.amount, row.status) for row in loan.rows] == [(612_00, "to_come"), (606_00, "to_come")]
    assert found.accrued == loan.accrued == 8_13, "21 of 31 days of 12.00"
    assert found.next_due == (day_number(FEB_10), 612_00)
    assert (loan.product, loan.title) == (PLAIN_REF, PLAIN.title)


def test_an_instalment_falls_due_and_is_paid() -> None:
    found = plain([*LOAN, repaid("R", FEB_10, 612_00)], FEB_1, FEB_28)
    assert moved(found) == [(10, "instalment", "booked", 12_00, 0), (10, "repayment", "booked", 0, 612_00)]
    due, paid = found.movements
    assert (due.amount, due.parts, due.number) == (612_00, Parts(600_00, 12_00), 1)
    assert (paid.parts, paid.loan, paid.id) == (Parts(600_00, 12_00), "A", "R")
    assert [(row.status, row.settled) for row in found.loans[0].rows] == [
        ("paid", day_number(FEB_10)), ("to_come", None)
    ]  # fmt: skip


def test_what_is_late_bears_penalty_up_to_the_day_of_the_statement() -> None:
    found = plain(LOAN, FEB_1, FEB_28)
    row = found.loans[0].rows[0]
    assert row.status == "late"
    assert row.penalty == 1_80, "18 days of 600.00 at 6 % / 360"
    assert row.unpaid == found.overdue == 612_00 + 1_80
    assert (found.arrears.days_past_due, found.arrears.amount) == (18, 612_00)
    assert found.closing.penalty == 0, "charged when money reaches it"
    assert found.loans[0].status == "late"


def test_an_instalment_is_due_and_not_late_on_its_day() -> None:
    found = plain(LOAN, FEB_1, FEB_10)
    assert [row.status for row in found.loans[0].rows] == ["due", "to_come"]
    assert (found.overdue, found.arrears.amount) == (612_00, 0)


def test_a_repayment_reversed_stands_in_the_statement_and_is_taken_back_with_its_reason() -> None:
    events = [*LOAN, repaid("R", FEB_10, 612_00), said("V", date(2025, 2, 14), EventVoided("R", "not theirs"))]
    found = plain(events, FEB_1, FEB_28)
    assert moved(found)[1:] == [(10, "repayment", "booked", 0, 612_00), (14, "repayment", "reversed", 0, -612_00)]
    assert found.movements[-1].note == "not theirs"
    assert (found.totals.repaid, found.closing.owed) == (0, 1_212_00)


def test_a_repayment_reversed_in_a_later_period_leaves_the_earlier_statement_as_it_was() -> None:
    paid = [*LOAN, repaid("R", FEB_10, 612_00)]
    later = [*paid, said("V", date(2025, 3, 5), EventVoided("R", "not theirs"))]
    assert plain(later, FEB_1, FEB_28) == plain(paid, FEB_1, FEB_28)
    march = plain(later, MAR_1, MAR_31)
    assert march.movements[0].way == "reversed"
    assert march.opening == plain(paid, FEB_1, FEB_28).closing


def test_money_told_late_corrects_the_penalty_another_repayment_paid() -> None:
    events = [*LOAN, repaid("R2", date(2025, 2, 20), 100_00), repaid("R1", FEB_10, 612_00, date(2025, 2, 25))]
    found = plain(events, FEB_1, FEB_28)
    corrected = next(each for each in found.movements if each.way == "corrected")
    # No penalty for ten days; the money was early instead: ten of 28 days of 6.00, and 2 % on 95.95 of principal.
    assert (corrected.id, corrected.charged) == ("R2", -1_00 + 2_14 + 1_91)
    assert corrected.parts == Parts(95_95 - 87_00, 2_14 - 12_00, 1_91, -1_00)
    late = next(each for each in found.movements if each.id == "R1")
    assert (late.booked - late.day, late.way) == (15, "booked")


def test_money_nothing_was_owed_for_is_credit_and_pays_what_falls_due() -> None:
    events = [*LOAN, *drawn("B", JAN_10, 100_00, 1), repaid("R", date(2025, 1, 20), 700_00, loan="B")]
    january = plain(events, date(2025, 1, 1), date(2025, 1, 31))
    paid = next(each for each in january.movements if each.kind == "repayment")
    assert paid.to_credit == january.closing.credit > 0
    assert paid.amount == paid.parts.total + paid.to_credit == 700_00
    february = plain(events, FEB_1, FEB_28)
    used = next(each for each in february.movements if each.kind == "credit_used")
    assert (used.amount, used.credited, used.to_credit) == (january.closing.credit, 0, -january.closing.credit)
    assert [loan.loan for loan in february.loans] == ["A"], "B was repaid before"


def test_a_write_off_and_what_is_recovered_later() -> None:
    lost = said("lost", MAR_1, LoanWrittenOff("A"))
    found = plain([*LOAN, lost, repaid("R", date(2025, 3, 20), 200_00)], MAR_1, MAR_31)
    written_off, recovered = (each for each in found.movements if each.kind in ("write_off", "repayment"))
    assert written_off.credited == written_off.parts.total == found.opening.owed == 1_212_00
    assert (recovered.amount, recovered.recovered, recovered.credited) == (200_00, 200_00, 0)
    assert (found.closing.owed, found.claim) == (0, 1_012_00)
    assert {row.status for row in found.loans[0].rows} == {"written_off"}
    assert (found.days_late, found.overdue, found.arrears.amount) == (0, 0, 1_012_00)


def test_a_reschedule_moves_no_money_and_is_told_even_when_taken_back() -> None:
    events = [*drawn("A", JAN_10, 1_200_00, 6), said("S", date(2025, 1, 20), LoanRescheduled("A", "fewer", 3))]
    january = plain(events, date(2025, 1, 1), date(2025, 1, 31))
    told = january.movements[-1]
    assert (told.kind, told.note, told.number, told.charged) == ("reschedule", "fewer", 3, 0)
    undone = [*events, said("V", FEB_1, EventVoided("S", "asked for by nobody"))]
    february = plain(undone, FEB_1, FEB_1)
    assert [(each.kind, each.way, each.note) for each in february.movements] == [
        ("reschedule", "reversed", "asked for by nobody")
    ]


def test_a_draw_that_waits_holds_back_the_limit() -> None:
    waiting = said("ask", FEB_1, DrawRequested("B", 300_00, PLAIN_REF, 1))
    found = plain([*LOAN, waiting], FEB_1, FEB_1)
    assert dict(found.pending) == {"B": 300_00}
    assert found.available == LIMIT - 1_500_00


def test_nothing_is_available_on_a_line_that_is_not_open() -> None:
    line = Particulars("CNY", OFFSET, "frozen", LIMIT, simulated=False, titles={})
    kept = keep(LINE, LOAN, {PLAIN_REF: PLAIN}, OFFSET, day_number(FEB_1))
    assert statement(kept, LOAN, day_number(FEB_1), line).available == 0


def test_the_yearly_cost_is_that_of_the_loan_as_agreed() -> None:
    (loan,) = plain(LOAN, JAN_10, JAN_10).loans
    # 1188.00 for 612.00 and 606.00 a month apart: solved by hand from 1188 x^2 - 612 x - 606 = 0.
    monthly = (Decimal(612) + (Decimal(612) ** 2 + 4 * 1188 * 606).sqrt()) / (2 * 1188) - 1
    assert loan.simple == pytest.approx(monthly * 12, abs=Decimal("1e-9"))
    assert loan.compound is not None
    assert loan.compound > loan.simple > Decimal("0.12")


def test_a_line_without_loans_has_an_empty_statement() -> None:
    found = plain([], JAN_10, FEB_1)
    assert (found.opening.owed, found.closing.owed, found.movements, found.loans) == (0, 0, [], [])
    assert found.next_due is None


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(StatementError, match="2025-02-28 to 2025-02-01"):
        plain(LOAN, FEB_28, FEB_1)


# -- whatever happens -----------------------------------------------------------------------------------

days = st.integers(0, DAYS + 40)


@given(logs(), st.lists(days, min_size=1, max_size=4, unique=True))
def test_statements_follow_on_one_another_and_add_up(log: Log, cuts: list[int]) -> None:
    events, products = log
    since, before = FIRST, 0
    for until in sorted(FIRST + cut for cut in cuts):
        found = made(events, since, until, products)
        assert found.opening.owed == before
        _adds_up(found)
        account = keep(LINE, events, products, OFFSET, until).account
        stands = account.balances()
        closing = found.closing
        assert (closing.principal, closing.interest, closing.fees, closing.penalty, -closing.credit) == tuple(
            stands.get(code, 0) for code in (PRINCIPAL, INTEREST_DUE, FEES_DUE, PENALTY_DUE, CREDIT)
        )
        assert found.arrears.amount <= found.overdue + found.claim
        assert found.days_late <= found.arrears.days_past_due
        before, since = closing.owed, until + 1


def _adds_up(found: Statement) -> None:
    balance = found.opening.owed
    for each in found.movements:
        balance += each.charged - each.credited
        assert each.balance == balance
        _whole(each)
    totals = found.totals
    added = totals.drawn + totals.interest + totals.fees + totals.penalty
    assert found.closing.owed == balance == found.opening.owed + added - totals.repaid - totals.written_off


def _whole(each: Movement) -> None:
    """Where the money of a movement went is all of it."""
    if each.kind == "repayment":
        assert each.amount == each.parts.total + each.recovered + each.to_credit
        assert each.credited == each.parts.total + each.to_credit
    elif each.kind in ("credit_used", "write_off", "instalment"):
        assert each.amount == each.parts.total
    elif each.kind == "draw":
        assert each.amount == each.charged
    else:
        assert each.charged == each.credited == 0


@given(logs(), days, days)
def test_a_statement_never_changes_whatever_becomes_known_later_and_however_it_is_read(
    log: Log, length: int, cut: int
) -> None:
    events, products = log
    until = FIRST + cut
    then = [event for event in events if (event.known + OFFSET) // DAY <= until]
    shuffled = random.Random(cut).sample(events, len(events))
    expected = made(then, until - length, until, products)
    assert made(events, until - length, until, products) == expected
    assert made(shuffled, until - length, until, products) == expected


@given(logs(), days)
def test_rows_to_come_come_true_when_paid_on_their_days(log: Log, cut: int) -> None:
    events, products = log
    until = FIRST + cut
    found = made(events, FIRST, until, products)
    account = deepcopy(keep(LINE, events, products, OFFSET, until).account)
    assume(account.live and not account.credit)
    if found.overdue:
        account.repay(until, "all that is due", found.overdue)
    coming = sorted((row.due, loan.loan, row) for loan in found.loans for row in loan.rows if row.status == "to_come")
    for due, loan, row in coming:
        account.advance(due)
        fallen = account.loans[loan].instalments[row.number - 1]
        assert (fallen.due, fallen.amount, fallen.unpaid["interest"]) == (due, row.amount, row.interest)
        account.repay(due, f"{loan} {row.number}", row.amount, loan)
    assert not account.live
    assert (account.owed, account.credit) == (0, 0)


def test_of_one_day_what_falls_due_stands_before_the_credit_that_pays_it_and_then_what_was_entered() -> None:
    events = [
        *LOAN,
        *drawn("B", JAN_10, 100_00, 1),
        repaid("to B", date(2025, 1, 20), 300_00, loan="B"),
        repaid("R", FEB_10, 50_00),
        *drawn("C", FEB_10, 200_00, 1),
    ]
    found = plain(events, FEB_10, FEB_10)
    assert [each.kind for each in found.movements] == ["instalment", "credit_used", "draw", "repayment"]
