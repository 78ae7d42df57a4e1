"""Amounts go in and come out exactly, and nothing doubtful goes in."""

from __future__ import annotations

import pickle
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.money import MINOR_MAX, MoneyError, decimal_of, format_minor, parse_minor

minors = st.integers(-MINOR_MAX, MINOR_MAX)
all_places = st.integers(0, 4)


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        ("0", 0),
        ("0.1", 10),
        ("1234.5", 123_450),
        ("1,234.50", 123_450),
        ("1,234,567", 123_456_700),
        (" +7.05 ", 705),
        ("-0.01", -1),
        ("-0.00", 0),
        (12, 1_200),
        (Decimal("0.29"), 29),
        (Decimal("1E+3"), 100_000),
        (Decimal("-0"), 0),
        (Decimal("0E+999999"), 0),
        ("10000000000000.00", MINOR_MAX),
    ],
)
def test_an_amount_is_read_exactly(value: str | int | Decimal, minor: int) -> None:
    assert parse_minor(value) == minor


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0.1, "is a float"),
        (True, "is a bool"),
        (None, "is a NoneType"),
        ("0.123", "more than 2 decimals"),
        ("0.100", "more than 2 decimals"),
        (Decimal("0.001"), "more than 2 decimals"),
        (Decimal("NaN"), "is not a number"),
        (Decimal("-Infinity"), "is not a number"),
        ("NaN", "is not an amount"),
        ("", "is not an amount"),
        ("1e3", "is not an amount"),
        ("12,34", "is not an amount"),
        ("1.", "is not an amount"),
        ("\uff11\uff12", "is not an amount"),
        ("5 000", "is not an amount"),
        ("10000000000000.01", "too large"),
        (Decimal("1E+999999"), "too large"),
        (-(10**13) - 1, "too large"),
    ],
)
def test_a_doubtful_amount_is_refused_with_the_remedy(value: str, problem: str) -> None:
    with pytest.raises(MoneyError, match=problem) as caught:
        parse_minor(value)
    assert caught.value.place == "amount"
    assert caught.value.remedy


def test_a_currency_without_decimals_has_none() -> None:
    assert parse_minor("1,500", places=0) == 1_500
    assert format_minor(1_500, places=0) == "1500"
    with pytest.raises(MoneyError, match="more than 0 decimals"):
        parse_minor("1500.0", places=0)


@pytest.mark.parametrize(
    ("minor", "plain", "grouped"),
    [
        (0, "0.00", "0.00"),
        (5, "0.05", "0.05"),
        (-5, "-0.05", "-0.05"),
        (123_456_789, "1234567.89", "1,234,567.89"),
        (-100_000, "-1000.00", "-1,000.00"),
    ],
)
def test_an_amount_is_written_with_all_its_decimals(minor: int, plain: str, grouped: str) -> None:
    assert format_minor(minor) == plain
    assert format_minor(minor, grouping=True) == grouped


@given(minors, all_places, st.booleans())
def test_what_is_written_is_read_back(minor: int, places: int, grouping: bool) -> None:
    assert parse_minor(format_minor(minor, places, grouping=grouping), places) == minor


@given(minors, all_places)
def test_decimals_lose_nothing(minor: int, places: int) -> None:
    with localcontext(prec=3):
        number = decimal_of(minor, places)
        assert parse_minor(number, places) == minor
    assert number * 10**places == minor


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.text())
def test_whatever_comes_is_read_or_refused(value: Decimal | str) -> None:
    try:
        minor = parse_minor(value)
    except MoneyError:
        return
    assert decimal_of(minor) == Decimal(str(value).strip().replace(",", ""))


def test_an_error_survives_the_way_between_processes() -> None:
    with pytest.raises(MoneyError) as caught:
        parse_minor("x")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
