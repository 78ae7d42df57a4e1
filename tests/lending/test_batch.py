"""Schedules in batch: equal to the scalar path to the minor unit, whatever was agreed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.lending import kernel
from creditline.lending.batch import Schedules, columns_of, plan_columns, schedules, terms_of
from creditline.lending.calendar import Business, DueRule
from creditline.lending.daycount import Rate, fraction, interest, rate_of
from creditline.lending.kernel import COUNTS, DAYS_MAX, METHODS, RATE_MAX, ROUNDINGS
from creditline.lending.rounding import Rounding, divide
from creditline.lending.schedule import plan
from creditline.lending.terms import ONE_ROW, PRINCIPAL_MAX, DayCount, Terms, day_number

START = day_number(date(2023, 10, 31))
LEVEL = Terms(
    principal=1_000_000,
    rate=180_000_000,
    drawn=START,
    rows=12,
    due=DueRule(1),
    method="equal_instalment",
    day_count="act/365",
)

amounts = st.integers(1, 5_000) | st.integers(1, 10**8) | st.integers(1, PRINCIPAL_MAX)
rates = st.sampled_from([0, 1, 365, 144_000_000, 180_000_000, RATE_MAX]) | st.integers(0, 10**9)
business = st.sampled_from(get_args(Business))
due_rules = st.one_of(
    st.builds(DueRule, st.sampled_from([1, 1, 2, 3, 12]), business=business),
    st.builds(DueRule, st.integers(1, 3), on=st.integers(1, 31), least=st.sampled_from([0, 15]), business=business),
    st.builds(DueRule, st.sampled_from([1, 7, 14, 30, 100]), unit=st.just("days"), business=business),
)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """What may be agreed for one loan, as far as its schedule asks."""
    method = draw(st.sampled_from((*METHODS, "equal_instalment", "equal_instalment")))
    return Terms(
        principal=draw(amounts),
        rate=draw(rates),
        drawn=START + draw(st.integers(0, 900)),
        rows=1 if method in ONE_ROW else draw(st.integers(1, 8) | st.integers(1, 40)),
        due=draw(due_rules),
        method=method,
        day_count=draw(st.sampled_from(COUNTS)),
        rounding=draw(st.sampled_from(ROUNDINGS)),
        smoothing=draw(st.booleans()),
        row_fee=draw(st.sampled_from([0, 0, 500])),
    )


def assert_same(done: Schedules, agreed: list[Terms]) -> None:
    assert len(done) == len(agreed)
    for place, each in enumerate(agreed):
        assert done.of(place) == plan(each), each


# -- schedules ----------------------------------------------------------------------------------------


@given(st.lists(terms(), max_size=4))
def test_a_schedule_in_batch_is_the_one_agreed(agreed: list[Terms]) -> None:
    assert_same(schedules(agreed, engine="python"), agreed)


def test_compiled_and_in_threads_it_is_the_same() -> None:
    chance = random.Random(7)
    agreed = [
        replace(
            LEVEL,
            principal=chance.choice([chance.randint(1, 10**4), chance.randint(1, 10**8), PRINCIPAL_MAX]),
            rate=chance.choice([0, 1, 72_000_000, 180_000_000, chance.randint(0, RATE_MAX)]),
            drawn=START + chance.randint(0, 800),
            rows=1 if (method := chance.choice(METHODS)) in ONE_ROW else chance.randint(1, 24),
            due=chance.choice([DueRule(1), DueRule(1, on=31), DueRule(2, on=5), DueRule(10, unit="days")]),
            method=method,
            day_count=chance.choice(COUNTS),
            rounding=chance.choice(ROUNDINGS),
            smoothing=chance.random() < 0.7,
            row_fee=chance.choice([0, 300]),
        )
        for _ in range(6_000)
    ]
    done = schedules(agreed, engine="numba")
    assert_same(done, agreed)
    assert 0 < done.handed_back < len(agreed) // 50


def test_what_floats_cannot_decide_goes_to_the_scalar_path() -> None:
    # 1 at 100 % over two rows of a year: level = 4/3; but 3 at 100 %: level 4 exactly, where `up` and `down` turn.
    turning = replace(LEVEL, principal=3, rate=10**9, rows=2, due=DueRule(12), day_count="30/360", rounding="up")
    plain = replace(turning, principal=1)
    assert schedules([plain]).handed_back == 0
    assert schedules([plain, turning]).handed_back == 1
    assert_same(schedules([plain, turning]), [plain, turning])


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_a_level_that_ends_in_a_half_or_in_nothing_is_never_mistaken(rounding: Rounding) -> None:
    # Two yearly rows at k % on 50 x (200 + k) have the level (100 + k)^2 / 2 exactly, whatever floats make of it.
    agreed = [
        replace(LEVEL, principal=50 * (200 + k), rate=k * 10**7, rows=2, due=DueRule(12), day_count="30/360")
        for k in range(1, 200)
    ]
    done = schedules([replace(each, rounding=rounding, smoothing=False) for each in agreed], engine="python")
    assert_same(done, [replace(each, rounding=rounding, smoothing=False) for each in agreed])
    assert done.handed_back == (100 if rounding.startswith("half") else 99)


@pytest.mark.parametrize("rows", [2, 3, 4, 5])
def test_small_loans_are_smoothed_alike(rows: int) -> None:
    due = DueRule(10, unit="days")
    agreed = [replace(LEVEL, principal=number, rows=rows, due=due, rounding="up") for number in range(1, 400)]
    assert_same(schedules(agreed, engine="python"), agreed)


def test_level_instalments_of_ordinary_loans_are_hardly_ever_handed_back() -> None:
    agreed = [replace(LEVEL, principal=10_000 * number, rows=rows) for number in range(1, 101) for rows in (3, 12, 24)]
    assert schedules(agreed).handed_back == 0


@pytest.mark.parametrize(
    "beyond",
    [
        replace(LEVEL, rate=RATE_MAX + 1),
        replace(LEVEL, principal=PRINCIPAL_MAX + 1),
        replace(LEVEL, rows=2, due=DueRule(DAYS_MAX + 1, unit="days")),
        replace(LEVEL, rows=2, due=DueRule(121)),
        replace(LEVEL, rows=2, due=DueRule(120, on=15), day_count="30/360"),
    ],
)
def test_what_columns_cannot_carry_goes_to_the_scalar_path(beyond: Terms) -> None:
    done = schedules([LEVEL, beyond, LEVEL])
    assert done.handed_back == 1
    assert_same(done, [LEVEL, beyond, LEVEL])


def test_the_largest_loan_within_bounds_stays_exact() -> None:
    largest = [
        replace(LEVEL, principal=PRINCIPAL_MAX, rate=RATE_MAX, rows=3, due=due, day_count=count, method=method)
        for due in (DueRule(120), DueRule(DAYS_MAX, unit="days"), DueRule(120, on=30))
        for count in COUNTS
        for method in METHODS[:3]
    ]
    assert_same(schedules(largest, engine="numba"), largest)


def test_no_loans_have_no_schedules() -> None:
    assert len(schedules([])) == 0


@given(terms())
def test_terms_told_again_from_columns_plan_the_same(agreed: Terms) -> None:
    assert plan(terms_of(*columns_of([agreed]), 0)) == plan(agreed)


def test_columns_alone_do() -> None:
    columns = columns_of([LEVEL, replace(LEVEL, rows=3)])
    done = plan_columns(*columns)
    assert done.offsets.tolist() == [0, 12, 15]
    assert np.sum(done.rows.principal[12:]) == LEVEL.principal
    assert done.rows.balance[[11, 14]].tolist() == [0, 0]


# -- its parts ----------------------------------------------------------------------------------------


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6), st.sampled_from(ROUNDINGS))
def test_division_rounds_alike(numerator: int, denominator: int, rounding: Rounding) -> None:
    assert kernel.divided(numerator, denominator, ROUNDINGS.index(rounding)) == divide(numerator, denominator, rounding)


@given(st.integers(0, RATE_MAX), st.integers(1, 14 * 10**6), st.integers(1, 14 * 10**5))
def test_a_rate_has_the_same_value(annual: int, numerator: int, denominator: int) -> None:
    digits, places = kernel.rate_of(annual, numerator, denominator)
    expected = rate_of(annual, numerator, denominator)
    assert digits * 10**expected.places == expected.digits * 10**places


@given(st.integers(0, 11 * 10**13), st.integers(10**11, 10**12), st.integers(9, 30), st.sampled_from(ROUNDINGS))
def test_interest_is_exact_in_parts_of_six_digits(balance: int, digits: int, places: int, rounding: Rounding) -> None:
    code = ROUNDINGS.index(rounding)
    expected = interest(balance, Rate(digits, places), rounding)
    assert kernel.interest(balance, digits, places, code) == expected


@given(st.integers(1, 10**12), st.integers(1, 9), st.integers(10, 20), st.sampled_from(ROUNDINGS))
def test_interest_that_ends_in_a_half_rounds_alike(balance: int, half: int, places: int, rounding: Rounding) -> None:
    digits = 5 * 10**11 + half % 2 * 10**11
    expected = interest(balance, Rate(digits, places), rounding)
    assert kernel.interest(balance, digits, places, ROUNDINGS.index(rounding)) == expected


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_interest_next_to_a_half_rounds_alike(rounding: Rounding) -> None:
    for zeros in range(13):
        for digits in range(5 * 10**11 - 2, 5 * 10**11 + 3):
            expected = interest(10**zeros, Rate(digits, 12 + zeros), rounding)
            assert kernel.interest(10**zeros, digits, 12 + zeros, ROUNDINGS.index(rounding)) == expected


@pytest.mark.parametrize("count", COUNTS[1:])
def test_years_of_a_century_are_leap_years_every_fourth_time(count: DayCount) -> None:
    for year in (1900, 2000, 2100, 2104):
        first = day_number(date(year, 1, 1))
        for start in (first - 40, first - 1, first, first + 59, first + 364):
            for days in (1, 2, 40, 800):
                assert kernel.fraction(COUNTS.index(count), start, start + days) == fraction(count, start, start + days)


@given(st.sampled_from(COUNTS[1:]), st.integers(0, 60_000), st.integers(1, 5_000))
def test_parts_of_a_year_are_the_same(count: DayCount, start: int, days: int) -> None:
    assert kernel.fraction(COUNTS.index(count), start, start + days) == fraction(count, start, start + days)
