"""Accounts worked out by hand, to hold the oracle to.

Unless a test says otherwise a loan is 10000 minor units at 36 % a year, act/360 and with a row every ten days: a tenth
of a percent a day, one percent a row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from creditline.lending.terms import Early, Penalty, Terms, day_number

from .account import Book, walk
from .counting import Periods, by_days, rate_of, rounded
from .due import EveryDays, Monthly
from .operations import Draw, Operation, Repay, Reschedule, WriteOff
from .plan import first_plan

ZERO = day_number(date(2025, 1, 1))
EQUAL = Terms(
    principal=10_000,
    rate=360_000_000,
    drawn=ZERO,
    rows=4,
    due=EveryDays(10),
    method="equal_principal",
    day_count="act/360",
)
LEVEL = replace(EQUAL, method="equal_instalment")


def draw(terms: Terms, loan: str = "A") -> Draw:
    return Draw(terms.drawn, f"draw {loan}", loan, terms)


def repay(day: int, amount: int, loan: str | None = None) -> Repay:
    return Repay(ZERO + day, f"repay {day}", amount, loan)


def after(day: int, *operations: Operation) -> Book:
    return walk(operations, ZERO + day)


def to_come(book: Book, loan: str = "A") -> list[tuple[int, int]]:
    return [(row.due - ZERO, row.principal) for row in book.loans[loan].to_come]


def expected(book: Book, loan: str = "A") -> list[tuple[int, int]]:
    """Interest and instalment of rows to come, as planned."""
    return [(row.interest, row.amount) for row in book.loans[loan].to_come]


def late(days: int, amount: int, book: Book) -> bool:
    return book.arrears[max(book.arrears)] == (days, amount)


def balances(book: Book) -> dict[int, int]:
    return {account: balance for account, balance in book.ledger.balances.items() if balance}


# Schedules. The figures of the next four are those of the feature tests of Apache Fineract (C3154, C3159, RS04, BL01).

HUNDRED = Terms(
    principal=100_00,
    rate=120_000_000,
    drawn=day_number(date(2024, 1, 1)),
    rows=6,
    due=Monthly(),
    method="equal_instalment",
    day_count="30/360",
)


def test_equal_instalments_of_twelve_thirtieths() -> None:
    rows = first_plan(HUNDRED)
    assert [row.interest for row in rows] == [100, 84, 67, 51, 34, 17]
    assert [row.amount for row in rows] == [1725, 1725, 1725, 1725, 1725, 1728]


def test_equal_instalments_by_days_over_a_leap_february() -> None:
    rows = first_plan(replace(HUNDRED, day_count="act/365"))
    assert [row.interest for row in rows] == [102, 80, 69, 50, 35, 17]
    assert [row.amount for row in rows] == [1725, 1725, 1725, 1725, 1725, 1728]


def test_equal_principal_over_eighteen_months() -> None:
    drawn = day_number(date(2022, 11, 1))
    rows = first_plan(replace(HUNDRED, principal=5000_00, drawn=drawn, rows=18, method="equal_principal"))
    assert [row.principal for row in rows] == [277_78] * 17 + [277_74]
    assert [row.interest for row in rows[:8]] == [5000, 4722, 4444, 4167, 3889, 3611, 3333, 3056]
    assert [row.interest for row in rows[-3:]] == [833, 556, 278]


def test_interest_first_leaves_all_principal_to_the_last_row() -> None:
    rows = first_plan(replace(HUNDRED, rate=300_000_000, rows=8, method="interest_first"))
    assert [(row.principal, row.interest) for row in rows] == [(0, 250)] * 7 + [(10_000, 250)]


def test_a_last_instalment_too_far_off_moves_the_others() -> None:
    # 1000 at 0 over 3 rows, rounded up: 334, 334, 332 differ by 2, more than 1; 334 - 2/3 away from zero is 333:
    # 333, 333, 334 differ by 1 and are taken. Without smoothing they are not.
    terms = replace(LEVEL, principal=1000, rate=0, rows=3, rounding="up")
    assert [row.principal for row in first_plan(terms)] == [333, 333, 334]
    assert [row.principal for row in first_plan(replace(terms, smoothing=False))] == [334, 334, 332]


def test_smoothing_leaves_a_difference_of_half_the_rows() -> None:
    # 10000 at 1 % over 4: 10000 x 1.04060401 / 4.060401 = 2562.81, so 2563. Interest 100, 75.37, 50.49, 25.36; the last
    # instalment is 2561, 2 less than the others, and 2 is not more than 4 / 2.
    rows = first_plan(LEVEL)
    assert [row.interest for row in rows] == [100, 75, 50, 25]
    assert [row.principal for row in rows] == [2463, 2488, 2513, 2536]


def test_rows_after_the_last_principal_are_none() -> None:
    # 0.5 each, rounded up to 1: three rows take all. Interest on 3 rounds to nothing.
    terms = replace(LEVEL, principal=3, rows=6, smoothing=False, row_fee=5)
    assert to_come(after(0, draw(terms))) == [(10, 1), (20, 1), (30, 1)]
    assert [row.owed["fee"] for row in after(60, draw(terms)).loans["A"].fallen] == [5, 5, 5]


# Counting


def test_the_last_of_december_is_counted_to_the_next_year_by_act_act_only() -> None:
    start, end = day_number(date(2023, 12, 30)), day_number(date(2024, 1, 2))
    assert by_days("act/act", start, end) == Fraction(1, 365) + Fraction(2, 366)
    assert by_days("act/act ISDA", start, end) == Fraction(2, 365) + Fraction(1, 366)


def test_part_of_a_month_takes_its_share_by_days() -> None:
    periods = Periods(HUNDRED)
    january = HUNDRED.drawn
    assert periods.rate(january, january + 31) == Fraction(1, 100)
    assert periods.rate(january, january + 10) == rate_of(120_000_000, Fraction(10, 12 * 31))
    assert periods.rate(january + 31, january + 41) == rate_of(120_000_000, Fraction(10, 12 * 29))


def test_an_odd_first_period_is_whole_months_and_a_share() -> None:
    # Drawn on 20 January for the 1st: a month at least, so 1 March. February whole, and 12 of January's 31 days.
    terms = replace(HUNDRED, drawn=day_number(date(2024, 1, 20)), due=Monthly(on=1))
    first, second = terms.due.days(terms.drawn, 2)
    assert (first, second) == (day_number(date(2024, 3, 1)), day_number(date(2024, 4, 1)))
    assert Periods(terms).rate(terms.drawn, first) == rate_of(120_000_000, Fraction(43, 31 * 12))
    assert Periods(terms).rate(first, second) == Fraction(1, 100)


def test_a_rate_has_twelve_significant_decimals() -> None:
    assert rate_of(120_000_000, Fraction(31, 366)) == Fraction("0.0101639344262")


@pytest.mark.parametrize(
    ("rounding", "figures"),
    [("half_up", [1, 2, 3]), ("half_even", [1, 2, 2]), ("down", [1, 1, 2]), ("up", [2, 2, 3])],
)
def test_roundings(rounding: str, figures: list[int]) -> None:
    amounts = [Fraction("1.2"), Fraction("1.5"), Fraction("2.5")]
    assert [rounded(each, rounding) for each in amounts] == figures
    assert [rounded(-each, rounding) for each in amounts] == [-each for each in figures]


# Falling due, lateness, penalty

LATE = replace(EQUAL, grace_days=2, penalty=Penalty(rate=180_000_000))  # half a tenth of a percent a day


def test_a_row_is_late_after_grace_and_counts_from_its_due_day() -> None:
    # Due on day 10: 2500 and interest 100.
    assert late(0, 0, after(12, draw(LATE)))
    book = after(13, draw(LATE))
    assert late(3, 2600, book)
    # 2500 x 0.0005 x 3 = 3.75
    (row,) = book.loans["A"].fallen
    assert (row.penalty_to_recognise(ZERO + 13), row.owed["penalty"]) == (4, 0)


def test_money_reaching_a_late_row_recognises_its_penalty_and_parts_it() -> None:
    # Day 15: penalty 2500 x 0.0005 x 5 = 6.25; of 1000 go 6 to it, 100 to interest, 894 to principal; 1606 are left.
    book = after(15, draw(LATE), repay(15, 1000))
    (row,) = book.loans["A"].fallen
    assert row.paid == {"fee": 0, "penalty": 6, "interest": 100, "principal": 894}
    assert late(5, 1606, book)
    # Day 23: interest of row 2 is 10000 x 0.005 + 9106 x 0.005 = 50 + 45.53; row 1 has 1606 x 0.0005 x 8 = 6.424 more.
    book = after(23, draw(LATE), repay(15, 1000))
    first, second = book.loans["A"].fallen
    assert second.owed == {"fee": 0, "penalty": 0, "interest": 96, "principal": 2500}
    assert first.penalty_to_recognise(ZERO + 23) == 6
    assert second.penalty_to_recognise(ZERO + 23) == 4
    assert late(13, 1606 + 2596, book)
    assert balances(book) == {1010: -9000, 1110: 9106, 1120: 96, 4010: -196, 4030: -6}
    # 27.318 have accrued since day 20.
    assert book.loans["A"].accrued(ZERO + 23) == 27
    assert book.quote("A", ZERO + 23) == 1606 + 6 + 2596 + 4 + 27 + 5000


def test_money_for_penalty_alone_parts_it_too() -> None:
    # 2500 x 0.0005 x 5 = 6.25 by day 15, recognised and paid as 6, and 6.25 again by day 20.
    book = after(20, draw(LATE), repay(15, 6))
    (first, _) = book.loans["A"].fallen
    assert (first.owed["penalty"], first.unpaid("penalty"), first.penalty_to_recognise(ZERO + 20)) == (6, 0, 6)


def test_what_is_paid_within_grace_bears_no_penalty() -> None:
    # Day 12: 100 to interest, 1500 to principal. Day 13: 1000 x 0.0005 x 3 = 1.5.
    book = after(13, draw(LATE), repay(12, 1600))
    (row,) = book.loans["A"].fallen
    assert row.penalty_to_recognise(ZERO + 13) == 2
    assert late(3, 1000, book)


def test_penalty_may_run_on_interest_too_and_from_the_end_of_grace() -> None:
    # Day 20: 2600 x 0.0005 x 8 = 10.4; on principal alone and from the due day it is 12.5.
    def penalty(terms: Terms) -> int:
        return after(20, draw(terms)).loans["A"].fallen[0].penalty_to_recognise(ZERO + 20)

    both = replace(LATE, penalty=Penalty(180_000_000, on_instalment=True, after_grace=True))
    assert (penalty(LATE), penalty(both)) == (13, 10)


def test_interest_runs_on_past_the_last_row() -> None:
    # One row of 10000 + 100 on day 10; 50 more by day 15.
    one = replace(EQUAL, method="bullet", rows=1)
    assert after(15, draw(one)).quote("A", ZERO + 15) == 10_150
    # Day 20: 100 fall due, without principal or fee.
    (_, more) = after(20, draw(replace(one, row_fee=7))).loans["A"].fallen
    assert more.owed == {"fee": 0, "penalty": 0, "interest": 100, "principal": 0}
    # Day 15: the row is settled and 50 remain. They bear nothing, and fall due on day 20.
    book = after(16, draw(one), repay(15, 10_100))
    assert book.settled == [("A", ZERO + 10, ZERO + 15)]
    assert book.quote("A", ZERO + 16) == 50
    assert balances(after(16, draw(one), repay(15, 10_100), repay(16, 60))) == {1010: 160, 4010: -150, 2010: -10}
    book = after(40, draw(one), repay(15, 10_100))
    assert late(20, 50, book)
    assert len(book.loans["A"].fallen) == 2


def test_the_order_of_parts_is_the_products() -> None:
    terms = replace(LATE, row_fee=7, order=("principal", "interest", "penalty", "fee"))
    book = after(15, draw(terms), repay(15, 2604))
    (row,) = book.loans["A"].fallen
    assert row.paid == {"principal": 2500, "interest": 100, "penalty": 4, "fee": 0}
    assert (row.unpaid("penalty"), row.unpaid("fee")) == (2, 7)
    assert late(5, 7, book)


# Early repayments


@pytest.mark.parametrize(
    ("early", "rows", "instalments"),
    [
        # 3000 off 2463, 2488, 2513, 2536.
        ("next", [(10, 0), (20, 1951), (30, 2513), (40, 2536)], None),
        # 7000 x 1.005 x 1.030301 / 4.060401 = 1785.09. Interest 35, 52.5, 35.18, 17.68.
        ("smaller", [(10, 1750), (20, 1732), (30, 1750), (40, 1768)], [1785, 1785, 1785, 1786]),
        # 2563 stays. Interest 35, 44.72, 19.54.
        ("fewer", [(10, 2528), (20, 2518), (30, 1954)], [2563, 2563, 1974]),
    ],
)
def test_an_early_repayment_plans_the_rest_anew(
    early: Early, rows: list[tuple[int, int]], instalments: list[int] | None
) -> None:
    # Day 5: of 3050, 50 is interest accrued so far and 3000 principal. Level instalment 2563, see above.
    terms = replace(LEVEL, early=early)
    book = after(5, draw(terms), repay(5, 3050))
    assert to_come(book) == rows
    assert instalments is None or [amount for _, amount in expected(book)] == instalments
    assert balances(book) == {1010: -6950, 1110: 7000, 4010: -50}
    # Day 10: 7000 x 0.005 is left to fall due.
    assert after(10, draw(terms), repay(5, 3050)).loans["A"].fallen[0].owed["interest"] == 35


@pytest.mark.parametrize(
    ("early", "rows"),
    [
        ("next", [(10, 0), (20, 2000), (30, 2500), (40, 2500)]),
        ("smaller", [(10, 1750), (20, 1750), (30, 1750), (40, 1750)]),
        ("fewer", [(10, 2500), (20, 2500), (30, 2000)]),
    ],
)
def test_equal_principal_after_an_early_repayment(early: Early, rows: list[tuple[int, int]]) -> None:
    assert to_come(after(5, draw(replace(EQUAL, early=early)), repay(5, 3050))) == rows


def test_early_money_too_little_for_the_interest_pays_some_of_it() -> None:
    # 50 accrued by day 5; 30 paid; 20 + 50 fall due on day 10.
    book = after(10, draw(EQUAL), repay(5, 30))
    assert book.loans["A"].fallen[0].owed["interest"] == 70
    assert balances(book) == {1010: -9970, 1110: 10_000, 1120: 70, 4010: -100}


def test_early_money_carries_the_fee_on_the_principal_it_repays() -> None:
    # 3030 / 1.01 = 3000; 3031 / 1.01 = 3000.99 and is rounded up.
    terms = replace(EQUAL, early_fee=10_000)
    assert balances(after(5, draw(terms), repay(5, 50 + 3030))) == {1010: -6920, 1110: 7000, 4010: -50, 4020: -30}
    assert balances(after(5, draw(terms), repay(5, 50 + 3031))) == {1010: -6919, 1110: 6999, 4010: -50, 4020: -30}


def test_the_quote_is_the_least_that_leaves_nothing() -> None:
    # 9999 x 1.01 = 10098.99: the least money of which the hundred-and-first part up gives 10000 is 10099. 50 accrued.
    terms = replace(EQUAL, early_fee=10_000, row_fee=5)
    assert after(5, draw(terms)).quote("A", ZERO + 5) == 10_149
    assert balances(after(5, draw(terms), repay(5, 10_149))) == {1010: 149, 4010: -50, 4020: -99}
    assert balances(after(5, draw(terms), repay(5, 10_148)))[1110] == 1
    # What is more than that is credit.
    assert balances(after(5, draw(terms), repay(5, 10_160))) == {1010: 160, 4010: -50, 4020: -99, 2010: -11}
    assert to_come(after(5, draw(terms), repay(5, 10_149))) == []


def test_any_day_knows_no_early_fee() -> None:
    terms = replace(EQUAL, method="any_day", rows=1, early_fee=10_000)
    book = after(5, draw(terms), repay(5, 3050))
    assert (balances(book)[1110], to_come(book)) == (7000, [(10, 7000)])


# Reschedules


def test_skipping_the_next_due_day_adds_one_at_the_end() -> None:
    # Day 5: accrued 50, the first row's rate 0.005 + 0.01.
    # (10000 x 1.015 x 1.030301 + 50 x 1.030301) / 4.060401 = 2588.18; interest 50 + 50 + 100, 76.12, 51, 25.63.
    skip = Reschedule(ZERO + 5, "skip", "A", "skip_next")
    book = after(5, draw(LEVEL), skip)
    assert to_come(book) == [(20, 2388), (30, 2512), (40, 2537), (50, 2563)]
    assert expected(book) == [(200, 2588), (76, 2588), (51, 2588), (26, 2589)]
    assert not after(19, draw(LEVEL), skip).loans["A"].fallen
    assert after(20, draw(LEVEL), skip).loans["A"].fallen[0].owed["interest"] == 200


def test_a_skipped_due_day_parts_interest() -> None:
    # 10.05 for either ten days: rounded up 11 + 11, and not 20.1 rounded up.
    terms = replace(EQUAL, principal=1005, rounding="up")
    skip = Reschedule(ZERO, "skip", "A", "skip_next")
    assert after(20, draw(terms), skip).loans["A"].fallen[0].owed["interest"] == 22


def test_a_reschedule_parts_interest() -> None:
    # 1005 at a tenth of a percent a day, rounded up: 3.015 + 7.035 are 4 + 8, not 11.
    terms = replace(EQUAL, principal=1005, rounding="up")
    fewer = Reschedule(ZERO + 3, "r", "A", "fewer", 2)
    assert after(10, draw(terms), fewer).loans["A"].fallen[0].owed["interest"] == 12
    assert after(10, draw(terms)).loans["A"].fallen[0].owed["interest"] == 11


def test_other_numbers_of_rows() -> None:
    # On day 10 the first row (2500 and 100) has fallen due; 7500 are planned anew over 2 rows, or 5.
    fewer = Reschedule(ZERO + 10, "r", "A", "fewer", 2)
    smaller = Reschedule(ZERO + 10, "r", "A", "smaller", 5)
    assert to_come(after(10, draw(EQUAL), fewer)) == [(20, 3750), (30, 3750)]
    assert to_come(after(10, draw(EQUAL), smaller)) == [(20, 1500), (30, 1500), (40, 1500), (50, 1500), (60, 1500)]
    interest_first = replace(EQUAL, method="interest_first")
    assert to_come(after(10, draw(interest_first), fewer)) == [(20, 0), (30, 10_000)]


def test_a_reschedule_sets_the_instalment_that_fewer_keeps() -> None:
    # 7500 over 2 rows: 3750 each. On day 15, 3000 early and the interest so far.
    fewer = Reschedule(ZERO + 10, "r", "A", "fewer", 2)
    book = after(15, draw(EQUAL), fewer, repay(10, 2600), repay(15, 38 + 3000))
    # 7500 x 0.005 = 37.5, so 38; 4500 left: 3750 and 750.
    assert to_come(book) == [(20, 3750), (30, 750)]


def test_one_row_cannot_be_rescheduled() -> None:
    terms = replace(EQUAL, method="bullet", rows=1)
    assert to_come(after(5, draw(terms), Reschedule(ZERO + 5, "r", "A", "skip_next"))) == [(10, 10_000)]


# Write-off, credit, several loans


def test_a_loan_written_off_leaves_the_books_and_comes_back_as_recoveries() -> None:
    # As above: 9106 of principal and 96 of interest are on the books on day 25.
    given_up = (draw(LATE), repay(15, 1000), WriteOff(ZERO + 25, "w", "A"))
    book = after(25, *given_up)
    assert book.loans["A"].claim == 9202
    assert balances(book) == {1010: -9000, 4010: -196, 4030: -6, 5010: 9106, 5020: 96}
    # The line stays behind by the claim, at the days it was behind then: day 10 was due.
    assert late(15, 9202, book)
    book = after(40, *given_up, repay(30, 5000), repay(31, 5000, "A"))
    assert book.loans["A"].recovered == 9202
    assert balances(book) == {1010: 1000, 4010: -196, 4030: -6, 5010: 9106, 5020: 96, 4040: -9202, 2010: -798}


def test_credit_pays_what_falls_due_next() -> None:
    # Day 5: 12000 for A leaves 1950 after 50 and 10000. Day 10: 100 and 1850 of B's row; 650 are left.
    operations = (draw(EQUAL), draw(EQUAL, "B"), repay(5, 12_000, "A"))
    assert after(9, *operations).credit == 1950
    book = after(10, *operations)
    assert (book.credit, book.settled) == (0, [])
    assert book.loans["B"].fallen[0].paid == {"fee": 0, "penalty": 0, "interest": 100, "principal": 1850}
    book = after(11, *operations, repay(11, 650))
    assert book.settled == [("B", ZERO + 10, ZERO + 11)]


def test_money_left_over_from_one_loan_pays_what_is_due_of_another() -> None:
    later = replace(EQUAL, drawn=ZERO + 5)
    book = after(12, draw(EQUAL), draw(later, "B"), repay(12, 10_070 + 100, "B"))
    # B owes 10000 and 0.001 x 7 of it; 100 are left, and go to the interest of A's row.
    assert book.credit == 0
    assert book.loans["A"].fallen[0].paid["interest"] == 100


def test_money_to_the_line_goes_by_due_day_then_by_day_of_the_draw() -> None:
    # A (drawn on day 5) has a row on day 15, B (day 0) on days 10 and 20. Day 20: all late.
    earlier, later = draw(EQUAL, "B"), draw(replace(EQUAL, drawn=ZERO + 5), "A")
    book = after(20, earlier, later, repay(20, 2600 + 2600 + 1))
    assert book.settled == [("B", ZERO + 10, ZERO + 20), ("A", ZERO + 15, ZERO + 20)]
    assert book.loans["B"].fallen[1].paid["interest"] == 1
    # With nothing due, early money goes to the loan drawn first: interest 50, then principal.
    book = after(5, earlier, later, repay(5, 1050))
    assert (book.loans["B"].balance, book.loans["A"].balance) == (9000, 10_000)


def test_a_day_is_taken_in_order_of_its_moments_after_its_rows_have_fallen_due() -> None:
    # Day 10: 100 of interest and 2500 of principal fall due first. Money, then two rows for the 7000 left, or two
    # rows and then money: 3100 repay 500 early, of 3 x 2500 by `next`, or of 2 x 3750.
    terms = replace(EQUAL, early="next")
    fewer = Reschedule(ZERO + 10, "a", "A", "fewer", 2, at=7)
    assert to_come(after(10, draw(terms), fewer, Repay(ZERO + 10, "b", 3100, at=6))) == [(20, 3500), (30, 3500)]
    assert to_come(after(10, draw(terms), fewer, Repay(ZERO + 10, "b", 3100, at=8))) == [(20, 3250), (30, 3750)]
    # At one moment by id; and what comes before the loan is refused.
    assert to_come(after(10, draw(terms), fewer, Repay(ZERO + 10, "0", 3100, at=7))) == [(20, 3500), (30, 3500)]
    assert after(0, replace(draw(EQUAL), at=2), Repay(ZERO, "b", 100, "A", at=1)).refused == ["b"]


def test_the_fee_kept_back_and_the_fee_of_every_row() -> None:
    terms = replace(EQUAL, upfront_fee=150, row_fee=20)
    book = after(10, draw(terms))
    assert balances(book) == {1010: -9850, 1110: 10_000, 1120: 100, 1130: 20, 4010: -100, 4020: -170}
    assert late(0, 0, book)
