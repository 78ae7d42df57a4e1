"""What a loan costs a year: published figures, the equations themselves, and the cap without searching a rate."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.lending.calendar import DueRule
from creditline.lending.cost import (
    By,
    CostError,
    apr,
    dated_rate,
    disclosed,
    percent,
    unit_rate,
    within_cap,
    yearly_cost,
)
from creditline.lending.schedule import Row, plan
from creditline.lending.terms import DayCount, Method, Terms, day_number

EXACT = decimal.Context(prec=60)
ONE = Decimal(1)
PAYMENTS = st.lists(st.integers(0, 10**8), min_size=1, max_size=40)
BY: Sequence[By] = ("simple", "compound")


def day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def rows_of(amounts: Sequence[int], *dues: int, drawn: int = 0) -> list[Row]:
    starts = (drawn, *dues)
    return [Row(n, starts[n - 1], dues[n - 1], amount, 0, 0, 0) for n, amount in enumerate(amounts, 1)]


def grown(rate: Decimal, times: Fraction) -> Decimal:
    """(1 + rate)^times to 60 digits."""
    exponent = EXACT.divide(Decimal(times.numerator), Decimal(times.denominator))
    return EXACT.exp(EXACT.multiply(EXACT.ln(ONE + rate), exponent))


@pytest.mark.parametrize(
    ("amount", "payments", "fraction", "told"),
    [
        (5_000, [230] * 24, "0", "9.69"),
        (6_000, [200] * 36, "19/30", "11.82"),
        (5_000, [250] + [230] * 23, "0", "10.08"),
        (5_000, [230] * 23 + [280], "0", "10.50"),
    ],
)
def test_worked_examples_of_regulation_z_appendix_j(amount: int, payments: list[int], fraction: str, told: str) -> None:
    minor = [payment * 100 for payment in payments]
    assert str(percent(apr(amount * 100, minor, 12, 1, Fraction(fraction)))) == told


def test_the_example_of_the_chinese_disclosure_rule() -> None:
    # Announcement 2021 No. 3: 100,000 lent, 1,000 kept back, twelve payments of 8,833.3.
    told = disclosed(99_000_00, [8_833_30] * 12, 12)
    assert [str(percent(rate)) for rate in told] == ["12.80", "13.58"]
    rows = rows_of([8_833_30] * 12, *(30 * n for n in range(1, 13)))
    assert yearly_cost(99_000_00, 0, rows, "simple", months=1) == told.simple


@given(st.integers(100_00, 10**9), PAYMENTS, st.integers(1, 3), st.fractions(0, 1, max_denominator=366))
def test_at_the_rate_found_payments_are_worth_the_amount(
    amount: int, payments: list[int], units: int, fraction: Fraction
) -> None:
    assume(fraction < 1 and any(payments))
    rate = unit_rate(amount, payments, units, fraction)
    assume(rate > Decimal("-0.999"))
    odd = ONE + rate * fraction.numerator / fraction.denominator
    terms = (EXACT.divide(p, odd * grown(rate, Fraction(units + n))) for n, p in enumerate(map(Decimal, payments)))
    worth = sum(terms, Decimal(0))
    # The rate is cut at 12 places; late payments feel that most.
    assert abs(worth - amount) <= Decimal("1e-8") * (len(payments) + units + 1) * amount


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 36_500))
def test_one_payment_needs_no_search(lent: int, back: int, days: int) -> None:
    exact = grown(EXACT.divide(Decimal(back), Decimal(lent)) - 1, Fraction(365, days)) - 1
    assume(exact < 10**9)
    rate = dated_rate([(10, lent), (10 + days, -back)])
    assert abs(rate - exact) <= Decimal("1e-11") * max(ONE, exact)


def test_a_rate_is_negative_where_less_comes_back_than_was_lent() -> None:
    assert unit_rate(100_00, [90_00]) == Decimal("-0.1")
    assert dated_rate([(0, 100_00), (365, -75_00)]) == Decimal("-0.25")
    assert str(percent(apr(100_00, [50_00] * 2, 12))) == "0.00"
    assert dated_rate([(0, 10**12), (1, -1)]) == -1  # so near to it that 12 places do not tell them apart


def test_what_is_paid_back_at_once_was_not_lent() -> None:
    assert unit_rate(1_000_00, [100_00, 990_00], units=0) == unit_rate(900_00, [990_00]) == Decimal("0.1")
    assert dated_rate([(5, 1_000_00), (370, -990_00), (5, -100_00)]) == Decimal("0.1")


def test_a_part_of_a_period_bears_simple_interest() -> None:
    assert unit_rate(100_00, [110_00], 0, Fraction(1, 2)) == Decimal("0.2")
    assert unit_rate(100_00, [132_00], 1, Fraction(1, 2)) == Decimal("0.2")  # 1.2 x 1.1


def test_what_has_no_rate_is_refused() -> None:
    with pytest.raises(CostError, match=r"amount: '0\.00' leaves nothing lent"):
        unit_rate(0, [100])
    with pytest.raises(CostError, match="leaves nothing lent"):
        unit_rate(100, [100, 5], units=0)
    with pytest.raises(CostError, match="fit no rate"):
        unit_rate(100_00, [40_00], 0, Fraction(1, 2))
    with pytest.raises(CostError, match="pay nothing back"):
        unit_rate(100, [0, 0])
    with pytest.raises(CostError, match=r"'-0\.05' is negative"):
        unit_rate(100, [200, -5])
    with pytest.raises(CostError, match="is too high to tell"):
        dated_rate([(0, 100_00), (1, -200_00)])
    with pytest.raises(CostError, match="leaves nothing lent"):
        dated_rate([(0, -100), (365, 100)])
    with pytest.raises(CostError, match=r"'5\.00' ends with money lent"):
        dated_rate([(0, 1_00), (365, -2_00), (400, 5_00)])
    with pytest.raises(CostError, match="leaves nothing lent"):
        within_cap(0, 0, rows_of([100], 30), 240_000_000, "simple")


def test_a_second_draw_has_a_rate_as_long_as_no_more_than_is_owed_is_paid() -> None:
    assert dated_rate([(0, 100_00), (365, 50_00), (730, -176_00)]) == Decimal("0.1")
    # 10 %, 20 % and 30 % all fit; in between more has been paid than was owed.
    flows = [(0, 1_000_00), (365, -3_600_00), (730, 4_310_00), (1_095, -1_716_00)]
    with pytest.raises(CostError, match="'more than is owed after 365 days' fits more than one rate, or none"):
        dated_rate(flows)


def test_simple_lets_each_period_bear_its_part_of_a_year() -> None:
    # 28 and 31 days at 24 % a year by days / 365, without fees.
    first, second = 100_000_00 * 24 * 28 // 36_500, 50_000_00 * 24 * 31 // 36_500
    rows = [Row(1, 0, 28, 50_000_00, first, 0, 50_000_00), Row(2, 28, 59, 50_000_00, second, 0, 0)]
    assert percent(yearly_cost(100_000_00, 0, rows, "simple")) == Decimal("24.00")
    # 28 days that 30/360 counts as a month: 24 x 28 / 365 x 12.
    assert percent(yearly_cost(100_000_00, 0, rows_of([101_841_10], 28), "simple", months=1)) == Decimal("22.09")
    # An odd first period of one and a half months.
    told = [yearly_cost(100_00, 0, rows_of([103_00], 45), "simple", months=1, first=part) for part in ((3, 2), (0, 1))]
    assert told == [Decimal("0.24"), Decimal("0.36")]


def test_compound_goes_by_dates() -> None:
    drawn = day("2024-01-15")
    rows = rows_of([55_00, 55_00], day("2024-06-15"), day("2025-01-15"), drawn=drawn)
    told = yearly_cost(100_00, drawn, rows, "compound")
    assert told == dated_rate([(drawn, 100_00), *((row.due, -55_00) for row in rows)])
    worth = sum((55 / grown(told, Fraction(row.due - drawn, 365)) for row in rows), Decimal(0))
    assert abs(worth - 100) < Decimal("1e-9")


@st.composite
def loans(draw: st.DrawFn) -> tuple[Terms, int, tuple[int, int]]:
    """Terms of a loan, with months and first period as its day count sees them."""
    every = draw(st.sampled_from([DueRule(1), DueRule(3), DueRule(1, on=21, least=10), DueRule(14, "days")]))
    count: DayCount = draw(st.sampled_from(["30/360", "act/365"]))
    method: Method = draw(st.sampled_from(["equal_instalment", "equal_principal", "interest_first"]))
    terms = Terms(
        principal=draw(st.integers(100_000_00, 10**9)),
        rate=draw(st.integers(1, 3_600)) * 100_000,
        drawn=draw(st.integers(day("2023-01-01"), day("2026-12-31"))),
        rows=draw(st.integers(1, 24)),
        due=every,
        method=method,
        day_count=count,
    )
    by_months = count == "30/360" and every.months > 0
    return terms, every.months if by_months else 0, every.first(terms.drawn) if by_months else (0, 1)


@given(loans())
def test_a_loan_without_fees_costs_its_own_rate_and_keeps_within_that_cap(
    loan: tuple[Terms, int, tuple[int, int]],
) -> None:
    terms, months, first = loan
    assume(terms.day_count == "act/365" or months)
    rows = plan(terms)
    cost = yearly_cost(terms.principal, terms.drawn, rows, "simple", months=months, first=first)
    assert percent(cost) == percent(Decimal(terms.rate).scaleb(-9))
    assert within_cap(terms.principal, terms.drawn, rows, terms.rate, "simple", months=months, first=first)
    lower = terms.rate - 100_000
    assert not within_cap(terms.principal, terms.drawn, rows, lower, "simple", months=months, first=first)


@given(loans(), st.integers(0, 10_000_00), st.integers(0, 100_00), st.integers(1, 9_999), st.sampled_from(BY))
def test_the_cap_agrees_with_the_cost_that_is_told(
    loan: tuple[Terms, int, tuple[int, int]], upfront: int, fee: int, cap: int, by: By
) -> None:
    terms, months, first = loan
    rows = [row._replace(fee=fee) for row in plan(terms)]
    proceeds = terms.principal - upfront
    cost = yearly_cost(proceeds, terms.drawn, rows, by, months=months, first=first)
    kept = within_cap(proceeds, terms.drawn, rows, cap * 100_000, by, months=months, first=first)
    assert kept == (percent(cost) <= Decimal(cap).scaleb(-2))
    # And at the edge: the cost as told is a cap it keeps, a hundredth of a percent less is one it does not.
    hundredths = int(percent(cost) * 100)
    for told, keeps in ((hundredths, True), (hundredths - 1, False)):
        assert keeps == within_cap(proceeds, terms.drawn, rows, told * 100_000, by, months=months, first=first)


@pytest.mark.parametrize(
    ("rate", "told"),
    [("0.12795", "12.80"), ("0.127949999999", "12.79"), ("-0.00004", "0.00"), ("-0.00005", "-0.01"), ("0", "0.00")],
)
def test_a_rate_is_told_in_hundredths_of_a_percent_halves_up(rate: str, told: str) -> None:
    assert str(percent(Decimal(rate))) == told


def test_what_floats_leave_uncertain_does_not_tip_a_half() -> None:
    assert str(percent(dated_rate([(0, 100_000_00), (365, -105_005_00)]))) == "5.01"


def test_nobodys_decimal_context_changes_a_rate() -> None:
    before = disclosed(99_000_00, [8_833_30] * 12, 12)
    with decimal.localcontext(decimal.Context(prec=3)):
        assert disclosed(99_000_00, [8_833_30] * 12, 12) == before
        assert str(percent(before.simple)) == "12.80"
