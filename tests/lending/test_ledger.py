"""The books of one line: what is booked on which day, and that closed days stay as they were."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, DrawRequested, EventVoided, LoanRescheduled, LoanWrittenOff
from creditline.i18n import LANGUAGES, text
from creditline.lending.account import CASH, CREDIT, Entry
from creditline.lending.derived import end_of_day
from creditline.lending.ledger import (
    CHART,
    Booked,
    Fault,
    Kept,
    Turnover,
    check,
    check_log,
    journal,
    keep,
    ledger_rows,
    reversal,
    trial_balance,
)
from creditline.lending.operations import build, operations
from creditline.lending.product import Product
from creditline.lending.terms import date_of, day_number
from tests.lending.line_logs import DAYS, FIRST, LINE, OFFSET, PLAIN, PLAIN_REF, drawn, logs, repaid, said

PRODUCTS = {PLAIN_REF: PLAIN}
JAN_10, FEB_10, MAR_10, MAR_20, MAR_25 = (
    date(2025, month, day) for month, day in ((1, 10), (2, 10), (3, 10), (3, 20), (3, 25))
)

DRAWN = (JAN_10, JAN_10, "draw", {1010: -1_188_00, 1110: 1_200_00, 4020: -12_00})
DUE_FEB = (FEB_10, FEB_10, "due", {1120: 12_00, 4010: -12_00})
PAID_FEB = (FEB_10, FEB_10, "repayment", {1010: 612_00, 1110: -600_00, 1120: -12_00})
DUE_MAR = (MAR_10, MAR_10, "due", {1120: 6_00, 4010: -6_00})

Line = tuple[date, date, str, dict[int, int]]


def kept(events: Iterable[Event], until: date) -> Kept:
    return keep(LINE, events, PRODUCTS, OFFSET, day_number(until))


def booked(events: Iterable[Event], until: date) -> list[Line]:
    """Day booked, day it counts for, kind and postings of all that is booked; the books hold."""
    listed = list(events)
    books = kept(listed, until)
    assert faults(books, listed) == []
    return [(date_of(day), date_of(entry.day), entry.kind, dict(entry.postings)) for day, entry in books.booked]


def faults(books: Kept, events: Iterable[Event]) -> list[Fault]:
    found = check(LINE, books.account, books.booked, books.moves, books.skipped)
    return found + check_log(events, books)


def of(day: date, *entries: Line) -> list[Line]:
    """Entries taken back on a day."""
    return [
        (day, its, "reversal", {code: -amount for code, amount in changes.items()}) for _, its, _, changes in entries
    ]


LOAN = drawn("A", JAN_10, 1_200_00, 2)
FIRST_PAID = [*LOAN, repaid("first", FEB_10, 612_00)]


# -- what is booked ---------------------------------------------------------------------------------------


def test_a_draw_its_first_row_and_its_repayment() -> None:
    assert booked(FIRST_PAID, MAR_10) == [DRAWN, DUE_FEB, PAID_FEB, DUE_MAR]


def test_money_that_comes_late_pays_penalty_and_interest_on_what_was_overdue() -> None:
    """600.00 at 6 % more for 10 of 360 days is 1.00; at 1 % a month for 10 of 31 days 1.9354..."""
    events = [*FIRST_PAID, repaid("late", MAR_20, 608_94)]
    assert booked(events, MAR_25) == [
        DRAWN, DUE_FEB, PAID_FEB, DUE_MAR,
        (MAR_20, MAR_20, "recognised", {1140: 1_00, 4030: -1_00}),
        (MAR_20, MAR_20, "repayment", {1010: 607_00, 1110: -600_00, 1120: -6_00, 1140: -1_00}),
        (MAR_20, MAR_20, "recognised", {1120: 1_94, 4010: -1_94}),
        (MAR_20, MAR_20, "repayment", {1010: 1_94, 1120: -1_94}),
    ]  # fmt: skip
    assert kept(events, MAR_25).account.owed == 0


def test_early_money_pays_interest_so_far_then_principal_and_its_fee() -> None:
    """1 % of 1,200.00 for 15 of 31 days is 5.81; of 504.19, 494.31 is principal and 9.88 a fee of 2 %."""
    day = date(2025, 1, 25)
    assert booked([*LOAN, repaid("early", day, 510_00)], day) == [
        DRAWN,
        (day, day, "recognised", {1120: 5_81, 1130: 9_88, 4010: -5_81, 4020: -9_88}),
        (day, day, "repayment", {1010: 510_00, 1110: -494_31, 1120: -5_81, 1130: -9_88}),
    ]


def test_money_without_anything_to_pay_is_credit_and_pays_what_falls_due_next() -> None:
    """The first loan is repaid with 10.00 too much, which then pay of the second one's first row."""
    day, due = date(2025, 4, 1), date(2025, 5, 1)
    events = [
        *FIRST_PAID, repaid("second", MAR_10, 616_00),
        *drawn("B", day, 100_00, 1),
    ]  # fmt: skip
    assert booked(events, due)[4:] == [
        (MAR_10, MAR_10, "repayment", {1010: 606_00, 1110: -600_00, 1120: -6_00}),
        (MAR_10, MAR_10, "repayment", {1010: 10_00, 2010: -10_00}),
        (day, day, "draw", {1010: -99_00, 1110: 100_00, 4020: -1_00}),
        (due, due, "due", {1120: 1_00, 4010: -1_00}),
        (due, due, "credit_used", {1110: -9_00, 1120: -1_00, 2010: 10_00}),
    ]


def test_a_loan_written_off_and_what_comes_in_for_it_later() -> None:
    """Interest of 6.00 went on falling due in April and May."""
    lost, found = date(2025, 5, 20), date(2025, 6, 1)
    events = [*FIRST_PAID, said("lost", lost, LoanWrittenOff("A")), repaid("found", found, 200_00)]
    apr, may = date(2025, 4, 10), date(2025, 5, 10)
    assert booked(events, found)[3:] == [
        DUE_MAR,
        (apr, apr, "due", {1120: 6_00, 4010: -6_00}),
        (may, may, "due", {1120: 6_00, 4010: -6_00}),
        (lost, lost, "write_off", {1110: -600_00, 1120: -18_00, 5010: 600_00, 5020: 18_00}),
        (found, found, "repayment", {1010: 200_00, 4040: -200_00}),
    ]
    assert kept(events, found).account.loans["A"].claim == 418_00


# -- what becomes known late ---------------------------------------------------------------------------------


def test_a_repayment_told_late_for_the_due_day_leaves_no_trace_of_penalty() -> None:
    """100.00 came late and bore penalty; then it turned out that the instalment had been paid when it was due."""
    partly = [
        (MAR_20, MAR_20, "recognised", {1140: 1_00, 4030: -1_00}),
        (MAR_20, MAR_20, "repayment", {1010: 100_00, 1110: -93_00, 1120: -6_00, 1140: -1_00}),
    ]
    events = [*FIRST_PAID, repaid("partly", MAR_20, 100_00)]
    assert booked(events, MAR_20) == [DRAWN, DUE_FEB, PAID_FEB, DUE_MAR, *partly]

    events.append(repaid("in time", MAR_10, 606_00, known=MAR_25))
    assert booked(events, MAR_25) == [
        DRAWN, DUE_FEB, PAID_FEB, DUE_MAR, *partly,
        *of(MAR_25, *partly),
        (MAR_25, MAR_10, "repayment", {1010: 606_00, 1110: -600_00, 1120: -6_00}),
        (MAR_25, MAR_20, "repayment", {1010: 100_00, 2010: -100_00}),
    ]  # fmt: skip
    turnovers = trial_balance(journal(LINE, events, PRODUCTS, OFFSET, day_number(MAR_25)))
    assert turnovers[1140] == Turnover(2_00, 2_00)
    assert turnovers[4030] == Turnover(1_00, 1_00)
    assert kept(events, MAR_25).account.arrears() == (0, 0)


def test_the_day_before_it_became_known_stays_as_it_was_closed() -> None:
    events = [*FIRST_PAID, repaid("partly", MAR_20, 100_00), repaid("in time", MAR_10, 606_00, known=MAR_25)]
    assert booked(events, date(2025, 3, 24)) == booked(events[:-1], date(2025, 3, 24))
    assert kept(events, date(2025, 3, 24)).account.arrears() == (14, 507_00)


def test_a_repayment_that_was_voided_is_taken_back_and_owed_again() -> None:
    day = date(2025, 2, 20)
    events = [*FIRST_PAID, said("void", day, EventVoided("first", "bounced"))]
    assert booked(events, day) == [DRAWN, DUE_FEB, PAID_FEB, *of(day, PAID_FEB)]
    assert kept(events, day).account.arrears() == (10, 612_00)


def test_a_draw_that_was_voided_leaves_no_trace_of_its_loan() -> None:
    events = [*LOAN, said("void", MAR_20, EventVoided("paid out A", "sent back"))]
    due_mar = (MAR_10, MAR_10, "due", DUE_FEB[3])  # nothing was repaid: again interest on all of it
    assert booked(events, MAR_20) == [DRAWN, DUE_FEB, due_mar, *of(MAR_20, DRAWN, DUE_FEB, due_mar)]


def test_money_for_a_loan_whose_draw_was_voided_is_the_borrowers_credit() -> None:
    events = [*FIRST_PAID, said("void", MAR_20, EventVoided("paid out A", "sent back"))]
    books = kept(events, MAR_20)
    assert faults(books, events) == []
    assert books.account.balances() == {1010: 612_00, 2010: -612_00}


def test_a_draw_of_a_loan_that_was_never_asked_for_is_told() -> None:
    events = [*FIRST_PAID, said("stray", MAR_20, DrawBooked(500_00, loan="B"))]
    books = kept(events, MAR_20)
    assert [(fault.kind, fault.where) for fault in check_log(events, books)] == [("unbooked", "stray")]


def test_a_draw_counts_from_when_the_request_it_pays_out_is_known() -> None:
    request, paid_out = LOAN
    late = said("agreed A", JAN_10, request.body, date(2025, 2, 12), hour=9)
    known = date(2025, 2, 12)
    assert booked([late, paid_out], known) == [(known, *DRAWN[1:]), (known, *DUE_FEB[1:])]
    before = kept([late, paid_out], date(2025, 2, 11))
    assert before.booked == []
    assert check_log([late, paid_out], before) == [Fault(LINE, "unbooked", "paid out A", None, "A", "")]


def test_the_first_of_two_bookings_of_a_draw_counts_from_when_the_request_is_known() -> None:
    request, paid_out = LOAN
    known = date(2025, 1, 20)
    late = said("agreed A", JAN_10, request.body, known, hour=9)
    again = said("paid out again", date(2025, 1, 30), paid_out.body)
    books = kept([late, paid_out, again], date(2025, 1, 30))
    assert [(date_of(day), entry.cause) for day, entry in books.booked] == [(known, "paid out A")]


def test_of_two_like_entries_only_the_one_that_is_no_more_is_taken_back() -> None:
    """10.00 of interest fell due twice and was paid at once; then it turned out that the first was paid in time."""
    apr = date(2025, 4, 1)
    products = {PLAIN_REF: replace(PLAIN, method="interest_first")}
    events = [*drawn("A", JAN_10, 1_000_00, 6), repaid("both", MAR_20, 20_00)]
    before = keep(LINE, events, products, OFFSET, day_number(MAR_25))
    assert [entry.postings for _, entry in before.booked[-2:]] == [((1010, 10_00), (1120, -10_00))] * 2
    events.append(repaid("in time", FEB_10, 10_00, known=apr))
    after = keep(LINE, events, products, OFFSET, day_number(apr))
    assert faults(after, events) == []
    assert after.booked[: len(before.booked)] == before.booked
    taken_back, *anew = after.booked[len(before.booked) :]
    assert taken_back == Booked(day_number(apr), reversal(before.booked[-1].entry))
    assert [(entry.cause, entry.kind) for _, entry in anew] == [
        ("in time", "repayment"), ("both", "recognised"), ("both", "repayment"),
    ]  # fmt: skip
    assert sum(amount for _, entry in anew[1:] for code, amount in entry.postings if code == CASH) == 10_00


def test_what_is_told_on_the_next_day_is_booked_on_it() -> None:
    events = [*LOAN, repaid("first", FEB_10, 612_00, known=date(2025, 2, 11))]
    assert booked(events, MAR_10)[2] == (date(2025, 2, 11), *PAID_FEB[1:])


def test_a_line_without_loans_of_the_core_has_no_books() -> None:
    """Another system's core ran it: its draws name no loan."""
    events = [said("drawn", JAN_10, DrawBooked(100_00)), repaid("paid", FEB_10, 50_00)]
    books = kept(events, MAR_10)
    assert (books.booked, books.moves, books.account.loans) == ([], [], {})
    assert faults(books, events) == []


# -- whatever happens ---------------------------------------------------------------------------------------


def as_known(events: list[Event], products: dict[str, Product], day: int) -> list[Entry]:
    """The account's entries as known at the end of a day, worked out from nothing."""
    return build(LINE, operations(events, products, OFFSET, end_of_day(day, OFFSET)), day)[0].entries


@given(logs() | logs(gone=True))
def test_each_day_books_what_it_adds_to_the_day_before(log: tuple[list[Event], dict[str, Product]]) -> None:
    """The meaning of the journal, spelt out: the account as known at the end of every day, and what they differ by.

    A day on which the account cannot be worked out books nothing.
    """
    events, products = log
    until = FIRST + DAYS
    by_day: dict[int, Counter[Entry]] = {}
    try:
        lines = journal(LINE, events, products, OFFSET, until)
    except CreditlineError:
        with pytest.raises(CreditlineError):
            as_known(events, products, until)
        return
    for day, entry in lines:
        by_day.setdefault(day, Counter())[entry] += 1
    was = Counter[Entry]()
    for day in range(FIRST - 1, until + 1):
        try:
            now = Counter(as_known(events, products, day))
        except CreditlineError:
            continue
        expected = (now - was) + Counter(map(reversal, (was - now).elements()))
        assert by_day.pop(day, Counter()) == expected
        was = now
    assert not by_day


@given(logs(), st.integers(0, DAYS))
def test_a_closed_day_never_changes(log: tuple[list[Event], dict[str, Product]], after: int) -> None:
    events, products = log
    closed = FIRST + after
    then = journal(LINE, [e for e in events if e.known <= end_of_day(closed, OFFSET)], products, OFFSET, closed)
    now = journal(LINE, events, products, OFFSET, FIRST + 2 * DAYS)
    assert [each for each in now if each.booked <= closed] == then


@given(logs(), st.integers(0, 2 * DAYS), st.randoms(use_true_random=False))
def test_the_books_hold_whatever_happens_and_whatever_order_it_is_read_in(
    log: tuple[list[Event], dict[str, Product]], after: int, chance: random.Random
) -> None:
    events, products = log
    books = keep(LINE, events, products, OFFSET, FIRST + after)
    assert check(LINE, books.account, books.booked, books.moves, books.skipped) == []
    assert {fault.kind for fault in check_log(events, books)} <= {"skipped", "unbooked"}
    balances = books.account.balances()
    for code, turnover in trial_balance(books.booked).items():
        assert turnover.balance == balances.get(code, 0)
    assert [each.booked for each in books.booked] == sorted(each.booked for each in books.booked)
    shuffled = events.copy()
    chance.shuffle(shuffled)
    again = keep(LINE, shuffled, products, OFFSET, FIRST + after)
    assert (again.booked, again.moves) == (books.booked, books.moves)


# -- turnovers and rows -------------------------------------------------------------------------------------


def test_turnovers_are_of_the_days_asked_for() -> None:
    lines = journal(LINE, [*FIRST_PAID, repaid("late", MAR_20, 608_94)], PRODUCTS, OFFSET, day_number(MAR_25))
    until_feb = trial_balance(lines, day_number(FEB_10))
    march = trial_balance(lines, since=day_number(MAR_20))
    whole = trial_balance(lines)
    assert until_feb[CASH] == Turnover(612_00, 1_188_00)
    assert march[CASH] == Turnover(608_94, 0)
    assert whole[CASH] == Turnover(1_220_94, 1_188_00)
    assert whole[CASH].balance == 32_94 == -sum(whole[code].balance for code in CHART if code != CASH)
    assert list(whole) == list(CHART) == sorted(CHART)


def test_the_general_ledger_lists_every_posting_with_both_its_days() -> None:
    day = date(2025, 2, 20)
    lines = journal(
        LINE, [*FIRST_PAID, said("void", day, EventVoided("first", "bounced"))], PRODUCTS, OFFSET, day_number(day)
    )
    rows = list(ledger_rows(LINE, lines))
    assert len(rows) == 3 + 2 + 3 + 3
    assert rows[-3] == (
        LINE, 4, day_number(day), day_number(FEB_10), "reversal", "first", "A", CASH, 0, 612_00,
    )  # fmt: skip
    assert sum(row.debit for row in rows) == sum(row.credit for row in rows) == 1_200_00 + 12_00 + 2 * 612_00


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_account_has_a_name(lang: str) -> None:
    names = [text(info.key, lang) for info in CHART.values()]  # type: ignore[arg-type]
    assert len(set(names)) == len(CHART)


# -- faults are found -----------------------------------------------------------------------------------------


def late() -> tuple[list[Event], Kept]:
    events = [*FIRST_PAID, repaid("late", MAR_20, 300_00), repaid("more", MAR_25, 1_000_00)]
    return events, kept(events, MAR_25)


def kinds(found: Iterable[Fault]) -> set[str]:
    return {fault.kind for fault in found}


def test_books_whose_loan_was_tampered_with_are_at_fault() -> None:
    events, books = late()
    assert faults(books, events) == []
    books.account.loans["A"].balance += 1
    assert kinds(faults(books, events)) == {"control", "principal", "rows"}


def test_an_amount_below_nothing_is_a_fault() -> None:
    events, books = late()
    books.account.loans["A"].claim = -1
    assert kinds(faults(books, events)) == {"recovered", "negative"}


def test_a_missing_entry_is_a_fault_of_journal_control_accounts_and_cash() -> None:
    events, books = late()
    del books.booked[2]
    found = faults(books, events)
    assert kinds(found) == {"journal", "trace", "control", "cash"}
    assert Fault(LINE, "cash", "", CASH, 112_00, 724_00) in found


def test_an_entry_that_does_not_add_up_is_a_fault() -> None:
    events, books = late()
    day, entry = books.booked[1]
    books.booked[1] = Booked(day, entry._replace(postings=((1120, 12_00), (4010, -12_01))))
    assert Fault(LINE, "entry", "due:A:1", None, -1, 0) in faults(books, events)


def test_entries_that_differ_but_sum_to_the_same_are_a_fault() -> None:
    events, books = late()
    books.booked[2] = Booked(books.booked[2].booked, books.booked[2].entry._replace(cause="other"))
    assert kinds(faults(books, events)) == {"trace"}


def test_an_entry_booked_before_its_day_is_a_fault() -> None:
    events, books = late()
    books.booked[1] = books.booked[1]._replace(booked=books.booked[1].booked - 1)
    assert kinds(faults(books, events)) == {"too_soon"}


def test_credit_that_the_books_do_not_know_and_accounts_on_their_wrong_side_are_faults() -> None:
    events, books = late()
    books.account.credit += 5
    assert faults(books, events) == [Fault(LINE, "control", "", CREDIT, books.account.credit - 5, books.account.credit)]
    entry = Entry(FIRST, "repayment", "x", "", ((CASH, -10_000_00), (CREDIT, 10_000_00)))
    books.booked.insert(0, Booked(FIRST, entry))
    assert "side" in kinds(faults(books, events))


def test_what_no_longer_fits_after_a_void_is_told_with_its_event() -> None:
    events = [
        *LOAN, *drawn("B", JAN_10, 500_00, 3), said("skip", date(2025, 1, 20), LoanRescheduled("B", "skip_next")),
        said("void", date(2025, 1, 22), EventVoided("paid out B", "sent back")),
    ]  # fmt: skip
    books = kept(events, FEB_10)
    (fault,) = faults(books, events)
    assert (fault.kind, fault.where) == ("skipped", "skip")
    assert "none of this line" in str(fault.found)


def test_a_draw_booked_twice_is_paid_out_once_and_told() -> None:
    events = [*LOAN, said("paid out again", date(2025, 1, 11), DrawBooked(1_200_00, loan="A"))]
    books = kept(events, JAN_10.replace(day=12))
    assert check(LINE, books.account, books.booked, books.moves, books.skipped) == []
    assert [(fault.kind, fault.where) for fault in check_log(events, books)] == [("skipped", "paid out again")]


def test_a_draw_paid_out_in_another_amount_than_agreed_is_told() -> None:
    events = [LOAN[0], said("paid out A", JAN_10, DrawBooked(1_100_00, loan="A"), hour=10)]
    (fault,) = faults(kept(events, FEB_10), events)
    assert fault == Fault(LINE, "paid_out", "paid out A", 1110, 1_100_00, 1_200_00)


def test_a_product_that_is_not_there_is_an_error_that_says_so() -> None:
    events = [
        said("agreed", JAN_10, DrawRequested("A", 100_00, "gone@1", 1)),
        said("out", JAN_10, DrawBooked(100_00, loan="A")),
    ]
    with pytest.raises(CreditlineError, match="publish the product"):
        kept(events, FEB_10)


def test_a_draw_no_product_is_known_for_stops_the_books_only_until_it_is_voided() -> None:
    day, void = date(2025, 1, 12), date(2025, 2, 20)
    wrong = [
        said("agreed W", day, DrawRequested("W", 100_00, "gone@1", 1)),
        said("paid out W", day, DrawBooked(100_00, loan="W")),
    ]
    events = [*FIRST_PAID, *wrong, said("void", void, EventVoided("paid out W", "wrong product"))]
    assert booked(events, date(2025, 1, 11)) == [DRAWN]
    with pytest.raises(CreditlineError, match="publish the product"):
        kept(events, FEB_10)
    assert booked(events, MAR_10) == [DRAWN, (void, *DUE_FEB[1:]), (void, *PAID_FEB[1:]), DUE_MAR]
