"""Exact numbers, three-valued logic and the forms of an expression."""

from __future__ import annotations

from fractions import Fraction

import pytest

from . import exact
from .exact import Number
from .expressions import Named, Value, evaluate, places

NAMES = {
    "yes": Named(True, None),
    "no": Named(False, None),
    "unknown": Named(None, 0),
    "money": Named(exact.money(12_345), 2),
    "limit": Named(exact.money(-50), 2),
    "count": Named(exact.whole(7), 0),
    "job": Named("student", None),
}


def of(text: str) -> Value:
    return evaluate(text, NAMES)


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [
        ("true", "true", True, True),
        ("true", "false", False, True),
        ("true", "null", None, True),
        ("false", "true", False, True),
        ("false", "false", False, False),
        ("false", "null", False, None),
        ("null", "true", None, True),
        ("null", "false", False, None),
        ("null", "null", None, None),
    ],
)
def test_and_or(a: str, b: str, both: bool | None, either: bool | None) -> None:
    assert of(f"{a} and {b}") is both
    assert of(f"{a} or {b}") is either


@pytest.mark.parametrize(("text", "expected"), [("not true", False), ("not false", True), ("not null", None)])
def test_not(text: str, expected: bool | None) -> None:
    assert of(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("money > 123", True),
        ("money = 123.45", True),
        ("money <> 123.450", False),
        ("limit < 0", True),
        ("unknown = unknown", None),
        ("unknown is null", True),
        ("money is not null", True),
        ("count between 7 and 7", True),
        ("count not between 8 and 9", True),
        ("count between unknown and 6", False),
        ("count between unknown and 8", None),
        ("count in (1, 7)", True),
        ("count in (1, unknown)", None),
        ("count not in (7, unknown)", False),
        ("count not in (1, unknown)", None),
        ("job = 'student'", True),
        ("job in ('retired', 'employed')", False),
        ("yes and not no", True),
        ("yes = false", False),
        ("case when unknown > 1 then yes end", None),
        ("least(count, unknown) is null", True),
        ("greatest(1, unknown) is null", True),
    ],
)
def test_predicates(text: str, expected: bool | None) -> None:
    assert of(text) is expected


@pytest.mark.parametrize(
    ("text", "value", "fixed"),
    [
        ("money + 1", "124.45", 2),
        ("money - 0.005", "123.445", 3),
        ("money * 0.8", "98.760", 3),
        ("2 / 3", "0.666666", 6),
        ("-2 / 3", "-0.666666", 6),
        ("limit / 3", "-0.166666", 6),
        ("money / nullif(count, 0)", "17.635714", 6),
        ("0.000001 / 2", "0", 6),
        ("0.0000009 * 1 / 1", "0", 6),
        ("abs(limit)", "0.5", 2),
        ("-count", "-7", 0),
        ("(count + 1) * 2", "16", 0),
        ("coalesce(unknown, count, 0.50)", "7", 2),
        ("nullif(count, 8)", "7", 0),
        ("least(count, 2.5)", "2.5", 1),
        ("greatest(count, 2.5, money)", "123.45", 2),
        ("case when no then 1 when unknown = 1 then 2 else 0.5 end", "0.5", 1),
        ("case when yes then 1 else 0.5 end", "1", 1),
    ],
)
def test_numbers(text: str, value: str, fixed: int) -> None:
    assert of(text) == Number(Fraction(value), fixed)
    assert places(text, NAMES) == fixed


@pytest.mark.parametrize(
    "text", ["count / nullif(0, 0)", "nullif(count, 7)", "unknown + 1", "money * unknown", "-unknown"]
)
def test_null_in_null_out(text: str) -> None:
    assert of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "9223372036854775807 + 1",
        "4611686018427387904 * 2",
        "9223372036854775807 + 0.1 - 0.1",  # aligning alone does not fit
        "9223372036854775807 > 0.5",
        "9300000000000 / 1",  # the numerator needs six places more
        "-9223372036854775807 - 1",  # that number is NULL's
        "no and 9223372036854775807 + 1 > 0",  # every part is worked out
        "case when yes then 9223372036854775807 else 0.5 end",
    ],
)
def test_what_leaves_int64_is_an_error(text: str) -> None:
    with pytest.raises(OverflowError):
        of(text)


def test_a_branch_not_taken_is_not_worked_out() -> None:
    assert of("case when no then 9223372036854775807 + 1 else 3 end") == exact.whole(3)


def test_more_than_twelve_places_are_refused() -> None:
    with pytest.raises(ValueError, match="12"):
        of("0.0000001 * 0.000001")


def test_what_is_not_in_the_language_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the policy language"):
        of("sqrt(count)")


def test_cut_is_towards_zero() -> None:
    assert exact.cut(Number(Fraction("-0.1999999"), 7), 6).scaled == -199_999
    assert exact.cut(Number(Fraction("0.15"), 2), 6).scaled == 150_000
