"""Products: what a file may declare, every mistake at its place, and what a draw may ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.errors import CreditlineError
from creditline.events.kinds import Purpose
from creditline.lending.calendar import DueRule
from creditline.lending.cost import within_cap
from creditline.lending.product import (
    PURPOSES,
    UNLAWFUL,
    Product,
    ProductError,
    check_cost,
    load_product,
    read_product,
    shipped_products,
)
from creditline.lending.schedule import plan
from creditline.lending.terms import Penalty, date_of, day_number
from creditline.money import format_minor

SOUND = """\
product: small
title: {zh: 小额, en: Small}
currency: CNY
utc_offset: "+08:00"
purposes: [daily, travel]
principal: {least: 100, most: 5000}
pricing: {per: year, rate: 0.144, from: 0.1, to: 0.2}
day_count: act/365
method: equal_instalment
instalments: [3, 6, 12]
every: {months: 1}
due_day: {line: true}
least_first_days: 5
business_days: following
holidays_until: 2026
grace_days: 3
rounding: half_up
smoothing: true
early: fewer
allocation: [fee, penalty, interest, principal]
penalty: {multiple: 1.5, on: principal, from: due_day}
fees: {upfront: {fraction: 0.005}, instalment: 0.00, early: 0.02}
cost_cap: {irr: 0.24, by: simple}
"""

NEW_YEAR = day_number(date(2026, 1, 1))


def written(changes: Mapping[str, str | None]) -> str:
    """The sound product with some lines, told by their keys, replaced or left out."""
    lines = []
    for line in SOUND.splitlines():
        key = line.split(":")[0]
        change = changes.get(key, line)
        if change is not None:
            lines.append(change)
    known = {line.split(":")[0] for line in SOUND.splitlines()}
    assert set(changes) <= known, "a change of a line that is not there"
    return "\n".join(lines) + "\n"


def small(**changes: str | None) -> Product:
    return read_product(written(changes), "p.yaml")


# What is changed, and the whole of what is told.
MISTAKES: list[tuple[str, dict[str, str | None], str]] = [
    (
        "a key that is not known",
        {"grace_days": "grace_day: 3"},
        "p.yaml:16:1: 'grace_day' is an unknown key; did you mean 'grace_days'?",
    ),
    (
        "a key within a key that is not known",
        {"principal": "principal: {least: 100, most: 5000, max: 1}"},
        "p.yaml:6:37: 'max' is an unknown key; known here: least, most",
    ),
    ("a key that is missing", {"pricing": None}, "p.yaml:1:1: 'pricing' is missing; add pricing:"),
    (
        "a key within a key that is missing",
        {"pricing": "pricing: {rate: 0.144}"},
        "p.yaml:7:10: 'per' is missing; add per:",
    ),
    (
        "a key that stands twice",
        {"early": "early: fewer\nearly: next"},
        "p.yaml:20:1: 'early' stands here twice; keep one",
    ),
    (
        "a value where keys belong",
        {"principal": "principal: 5000"},
        "p.yaml:6:12: '5000' has no keys; write principal: {least: .., most: ..}",
    ),
    (
        "a name with a space",
        {"product": "product: small loan"},
        "p.yaml:1:10: 'small loan' cannot name a product; use small letters, digits and -",
    ),
    (
        "a title in one language",
        {"title": "title: {en: Small}"},
        "p.yaml:2:8: 'zh' is missing: the Chinese title; add zh: to title",
    ),
    (
        "a currency without hundredths",
        {"currency": "currency: JPY"},
        "p.yaml:3:11: 'JPY' has 0 decimals; amounts here have 2; lend in a currency with 2, for example CNY",
    ),
    (
        "a currency with thousandths",
        {"currency": "currency: KWD"},
        "p.yaml:3:11: 'KWD' has 3 decimals; amounts here have 2; lend in a currency with 2, for example CNY",
    ),
    (
        "a currency that is none",
        {"currency": "currency: RMB yuan"},
        "p.yaml:3:11: 'RMB yuan' is no currency; write its code, for example CNY",
    ),
    (
        "an offset that is none",
        {"utc_offset": "utc_offset: Shanghai"},
        "p.yaml:4:13: 'Shanghai' is not an offset from UTC; write it like +08:00",
    ),
    (
        "a purpose no loan may have",
        {"purposes": "purposes: [daily, gambling]"},
        "p.yaml:5:19: 'gambling' is nothing a loan may be given for; leave it out",
    ),
    (
        "a purpose that is not known",
        {"purposes": "purposes: [daily, travels]"},
        "p.yaml:5:19: 'travels' is an unknown purpose; did you mean 'travel'?",
    ),
    (
        "a purpose that stands twice",
        {"purposes": "purposes: [daily, daily]"},
        "p.yaml:5:19: 'daily' stands here twice; keep one",
    ),
    (
        "no purpose",
        {"purposes": "purposes: []"},
        "p.yaml:5:11: '[]' is an empty list; list what it lends for, for example [daily, travel]",
    ),
    (
        "an amount with thousandths",
        {"principal": "principal: {least: 100.005, most: 5000}"},
        "p.yaml:6:20: '100.005' has more than 2 decimals; round it to 2 first",
    ),
    (
        "an amount in words",
        {"principal": "principal: {least: a hundred, most: 5000}"},
        "p.yaml:6:20: 'a hundred' is not an amount; write it like 1234.50 or 1,234.50",
    ),
    (
        "an amount left empty",
        {"principal": "principal: {least: , most: 5000}"},
        "p.yaml:6:19: 'nothing' is not an amount; write it like 1234.50 or 1,234.50",
    ),
    (
        "an amount below nought",
        {"principal": "principal: {least: -1, most: 5000}"},
        "p.yaml:6:20: '-1' is negative; give 0 to 10000000000.00",
    ),
    (
        "an amount beyond what can be reckoned exactly",
        {"principal": "principal: {least: 100, most: 10000000000.01}"},
        "p.yaml:6:31: '10000000000.01' is too large; give 0 to 10000000000.00",
    ),
    (
        "an amount beyond all amounts",
        {"principal": "principal: {least: 100, most: 1.0e+999999}"},
        "p.yaml:6:31: '1.0E+999999' is too large; at most 10,000,000,000,000.00",
    ),
    (
        "nothing lent at the least",
        {"principal": "principal: {least: 0, most: 5000}"},
        "p.yaml:6:20: '0' is no amount to lend; give 0.01 or more",
    ),
    (
        "bounds the wrong way round",
        {"principal": "principal: {least: 5000, most: 100}"},
        "p.yaml:6:32: '100' is less than the least principal; give at least as much",
    ),
    (
        "a rate in percent",
        {"pricing": "pricing: {per: year, rate: 14.4}"},
        "p.yaml:7:28: '14.4' is more than 1000 % a year; write 0.144 for 14.4 % a year",
    ),
    (
        "a rate with a sign of percent",
        {"pricing": "pricing: {per: year, rate: 14.4%}"},
        "p.yaml:7:28: '14.4%' is no plain number; write 0.144 for 14.4 % a year",
    ),
    (
        "a rate below nought",
        {"pricing": "pricing: {per: year, rate: -0.01}"},
        "p.yaml:7:28: '-0.01' is negative; write 0.144 for 14.4 % a year",
    ),
    (
        "a rate that is no end of digits",
        {"pricing": "pricing: {per: year, rate: 0.1234567891}"},
        "p.yaml:7:28: '0.1234567891' has more than 9 decimals; round it",
    ),
    (
        "a rate that is not a number",
        {"pricing": "pricing: {per: year, rate: .nan}"},
        "p.yaml:7:28: '.nan' is no plain number; write 0.144 for 14.4 % a year",
    ),
    (
        "a rate that is a truth",
        {"pricing": "pricing: {per: year, rate: true}"},
        "p.yaml:7:28: 'true' is no plain number; write 0.144 for 14.4 % a year",
    ),
    (
        "a daily rate beyond 1000 % a year",
        {"pricing": "pricing: {per: day, rate: 0.0004, to: 0.0274}"},
        "p.yaml:7:39: '0.0274' is more than 1000 % a year; write 0.0004 for 0.04 % a day",
    ),
    (
        "rates per month",
        {"pricing": "pricing: {per: month, rate: 0.012}"},
        "p.yaml:7:16: 'month' is not one of the choices for per; known here: day, year",
    ),
    (
        "a least rate above the usual one",
        {"pricing": "pricing: {per: year, rate: 0.144, from: 0.15}"},
        "p.yaml:7:41: '0.15' is more than the usual rate; give at most 0.144",
    ),
    (
        "a highest rate below the usual one",
        {"pricing": "pricing: {per: year, rate: 0.144, to: 0.14}"},
        "p.yaml:7:39: '0.14' is less than the usual rate; give at least 0.144",
    ),
    (
        "a price by the day with days of 30",
        {"pricing": "pricing: {per: day, rate: 0.0004}", "day_count": "day_count: 30/360"},
        "p.yaml:8:12: '30/360' cannot be priced by the day; use act/365 or act/360, or price it by the year",
    ),
    (
        "a price by the day with years as they are",
        {"pricing": "pricing: {per: day, rate: 0.0004}", "day_count": "day_count: act/act ISDA"},
        "p.yaml:8:12: 'act/act ISDA' cannot be priced by the day; use act/365 or act/360, or price it by the year",
    ),
    (
        "a day count that is none",
        {"day_count": "day_count: act/361"},
        "p.yaml:8:12: 'act/361' is not one of the choices for day_count; did you mean 'act/365'?",
    ),
    (
        "a method that is none",
        {"method": "method: equal_instalments"},
        "p.yaml:9:9: 'equal_instalments' is not one of the choices for method; did you mean 'equal_instalment'?",
    ),
    (
        "instalments that are no list",
        {"instalments": "instalments: 12"},
        "p.yaml:10:14: '12' is no list; list the numbers offered, for example [3, 6, 12]",
    ),
    (
        "no instalment",
        {"instalments": "instalments: [0, 3]"},
        "p.yaml:10:15: '0' is no number of instalments; give 1 to 600",
    ),
    (
        "too many instalments",
        {"instalments": "instalments: [3, 601]"},
        "p.yaml:10:18: '601' is no number of instalments; give 1 to 600",
    ),
    (
        "an instalment and a half",
        {"instalments": "instalments: [1.5]"},
        "p.yaml:10:15: '1.5' is no number of instalments; give 1 to 600",
    ),
    (
        "a number of instalments twice",
        {"instalments": "instalments: [3, 6, 3]"},
        "p.yaml:10:21: '3' stands here twice; keep one",
    ),
    (
        "too many numbers of instalments",
        {"instalments": f"instalments: {list(range(1, 62))}"},
        "p.yaml:10:14: '61' numbers of instalments are too many; offer at most 60",
    ),
    (
        "more than a hundred years",
        {"instalments": "instalments: [3, 120]", "every": "every: {months: 12}"},
        "p.yaml:10:18: '120' instalments take more than 100 years; give at most 100",
    ),
    (
        "periods of no length",
        {"every": "every: {months: 0}"},
        "p.yaml:11:17: '0' is no number of months in a period; give 1 to 120",
    ),
    (
        "periods too long",
        {"every": "every: {months: 121}"},
        "p.yaml:11:17: '121' is no number of months in a period; give 1 to 120",
    ),
    (
        "periods of two lengths",
        {"every": "every: {months: 1, weeks: 4}"},
        "p.yaml:11:8: '{months: 1, weeks: 4}' does not say one length of a period; write every: {months: 1}",
    ),
    (
        "periods of years",
        {"every": "every: {years: 1}"},
        "p.yaml:11:9: 'years' is an unknown key; known here: days, months, weeks",
    ),
    (
        "a due day that no month has",
        {"due_day": "due_day: 32"},
        "p.yaml:12:10: '32' is no due day; write same, a day of the month from 1 to 31, or {line: true}",
    ),
    (
        "a due day in words",
        {"due_day": "due_day: {line: no}"},
        "p.yaml:12:10: '{line: no}' is no due day; write same, a day of the month from 1 to 31, or {line: true}",
    ),
    (
        "a due day of the month with weeks",
        {"every": "every: {weeks: 2}", "due_day": "due_day: 15", "least_first_days": None},
        "p.yaml:12:1: 'due_day' means nothing with periods of days or weeks; leave it out",
    ),
    (
        "a least first period where the draw sets the day",
        {"due_day": "due_day: same"},
        "p.yaml:13:1: 'least_first_days' means nothing with due_day: same; leave it out",
    ),
    (
        "a least first period of more than a year",
        {"least_first_days": "least_first_days: 367"},
        "p.yaml:13:19: '367' is out of range; give days, 0 to 366",
    ),
    (
        "a move that is none",
        {"business_days": "business_days: next"},
        (
            "p.yaml:14:16: 'next' is not one of the choices for business_days; "
            "known here: following, modified_following, none, preceding"
        ),
    ),
    (
        "business days without their calendar",
        {"holidays_until": None},
        "p.yaml:14:16: 'holidays_until' is missing: business days need it; add holidays_until: 2026",
    ),
    (
        "holidays not published yet",
        {"holidays_until": "holidays_until: 2100"},
        "p.yaml:15:17: '2100' is out of range; give a year whose holidays are published, 2004 to 2026",
    ),
    (
        "holidays that no due day heeds",
        {"business_days": "business_days: none"},
        "p.yaml:15:1: 'holidays_until' means nothing with business_days: none; leave it out",
    ),
    (
        "grace in words",
        {"grace_days": "grace_days: three"},
        "p.yaml:16:13: 'three' is no whole number; give days, 0 to 180",
    ),
    ("endless grace", {"grace_days": "grace_days: 181"}, "p.yaml:16:13: '181' is out of range; give days, 0 to 180"),
    (
        "a rounding that is none",
        {"rounding": "rounding: half_uP"},
        "p.yaml:17:11: 'half_uP' is not one of the choices for rounding; did you mean 'half_up'?",
    ),
    (
        "smoothing that is neither",
        {"smoothing": "smoothing: a bit"},
        "p.yaml:18:12: 'a bit' is neither yes nor no; write true or false",
    ),
    (
        "smoothing of what is not level",
        {"method": "method: equal_principal"},
        "p.yaml:18:1: 'smoothing' means nothing with method: equal_principal; leave it out",
    ),
    (
        "early repayment done in a way that is none",
        {"early": "early: less"},
        "p.yaml:19:8: 'less' is not one of the choices for early; known here: fewer, next, smaller",
    ),
    (
        "a plan for early repayment where one row holds all principal",
        {"method": "method: interest_first", "smoothing": None},
        "p.yaml:18:1: 'early' means nothing with method: interest_first; leave it out",
    ),
    (
        "a part left out of the allocation",
        {"allocation": "allocation: [fee, interest, principal]"},
        "p.yaml:20:13: '[fee, interest, principal]' does not name every part once; add penalty",
    ),
    (
        "a part twice in the allocation",
        {"allocation": "allocation: [fee, interest, interest, principal]"},
        "p.yaml:20:29: 'interest' stands here twice; keep one",
    ),
    (
        "a part of the allocation that is none",
        {"allocation": "allocation: [fees, penalty, interest, principal]"},
        "p.yaml:20:14: 'fees' is no part of an instalment; did you mean 'fee'?",
    ),
    (
        "penalty below the rate",
        {"penalty": "penalty: {multiple: 0.5}"},
        (
            "p.yaml:21:21: '0.5' is no multiple of the rate; "
            "give 1 to 10; 1.5 lets what is late bear one and a half times the rate"
        ),
    ),
    (
        "penalty on what does not bear it",
        {"penalty": "penalty: {multiple: 1.5, on: fee}"},
        "p.yaml:21:30: 'fee' is not one of the choices for on; known here: instalment, principal",
    ),
    (
        "penalty from a day that is none",
        {"penalty": "penalty: {multiple: 1.5, from: draw}"},
        "p.yaml:21:32: 'draw' is not one of the choices for from; known here: due_day, grace_end",
    ),
    (
        "two fees up front",
        {"fees": "fees: {upfront: {fraction: 0.01, amount: 5}}"},
        "p.yaml:22:17: '{fraction: 0.01, amount: 5}' says two fees; give either a fraction or an amount",
    ),
    (
        "a fee up front of all that is lent",
        {"fees": "fees: {upfront: {fraction: 1}}"},
        "p.yaml:22:28: '1' is all of the principal or more; write 0.01 for 1 %",
    ),
    (
        "a fee up front that leaves nothing",
        {"fees": "fees: {upfront: {amount: 100}}"},
        (
            "p.yaml:22:17: '{amount: 100}' keeps back 100.00 of the least principal, 100.00; "
            "lower it, or raise principal.least"
        ),
    ),
    (
        "a fee up front that rounding makes all of a small loan",
        {
            "principal": "principal: {least: 0.01, most: 100}",
            "fees": "fees: {upfront: {fraction: 0.5}}",
        },
        (
            "p.yaml:22:17: '{fraction: 0.5}' keeps back 0.01 of the least principal, 0.01; "
            "lower it, or raise principal.least"
        ),
    ),
    (
        "a fee for repaying by the day",
        {"method": "method: any_day", "smoothing": None, "early": None},
        (
            "p.yaml:20:54: 'early' means nothing with method: any_day, which may be repaid on any day without a fee; "
            "leave it out"
        ),
    ),
    (
        "a cap in percent",
        {"cost_cap": "cost_cap: {irr: 24, by: simple}"},
        "p.yaml:23:17: '24' is more than 1000 % a year; write 0.24 for 24 % a year",
    ),
    (
        "a cap by a way that is none",
        {"cost_cap": "cost_cap: {irr: 0.24, by: compounded}"},
        "p.yaml:23:27: 'compounded' is not one of the choices for by; did you mean 'compound'?",
    ),
    (
        "half a character",
        {"title": 'title: {zh: "\\ud83d", en: Small}'},
        "p.yaml:1:1: '\\ud83d' is half a character, escaped; write the character itself",
    ),
    (
        "text that is not YAML",
        {"early": "early: [fewer"},
        (
            "p.yaml:20:11: 'allocation: [fee, penalty, interest, principal]' is not YAML: "
            "expected ',' or ']', but got ':'; check indentation and quotes"
        ),
    ),
]


@pytest.mark.parametrize(("changes", "told"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_told_at_its_place_with_a_remedy(changes: dict[str, str | None], told: str) -> None:
    with pytest.raises(ProductError) as raised:
        small(**changes)
    assert str(raised.value) == told
    (mistake,) = raised.value.mistakes
    assert raised.value.place == f"{mistake.file}:{mistake.line}:{mistake.column}"
    assert (mistake.value, mistake.problem, mistake.remedy) == (
        raised.value.value,
        raised.value.problem,
        raised.value.remedy,
    )


def test_all_mistakes_are_told_at_once_in_their_order() -> None:
    with pytest.raises(ProductError) as raised:
        small(rounding="rounding: roughly", method="method: balloon", currency="currency: KRW")
    assert [mistake.line for mistake in raised.value.mistakes] == [3, 9, 17]
    assert str(raised.value).count("\n") == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("# nothing yet\n", "p.yaml:1:1: 'p.yaml' is empty; copy a shipped product and change it"),
        ("product: a\0b", "p.yaml:1:1: 'product: a\\x00b' is not YAML: unacceptable character #x0000"),
        ("&all [*all]", "p.yaml:1:1: '&all [*all]' is a value that contains itself"),
        ("- a list", "p.yaml:1:1: '[a list]' has no keys; write product: .., title: .."),
    ],
)
def test_what_is_no_product_at_all(text: str, told: str) -> None:
    with pytest.raises(ProductError) as raised:
        read_product(text, "p.yaml")
    assert str(raised.value).startswith(told)


def test_numbers_are_read_as_they_are_written() -> None:
    product = small(
        principal="principal: {least: '1,000.05', most: 1.0e+4}",
        pricing="pricing: {per: year, rate: 0.12345678900, from: 0.123456789, to: 0.123456789}",
        penalty="penalty: {multiple: 1.333333}",
        fees="fees: {upfront: {amount: 0.07}, instalment: '2.50'}",
    )
    assert (product.least, product.most) == (100_005, 1_000_000)
    assert (product.rate, product.rate_from, product.rate_to) == (123_456_789, 123_456_789, 123_456_789)
    assert product.penalty_multiple == 1_333_333
    assert (product.fees.upfront_amount, product.fees.instalment) == (7, 250)


def test_numbers_of_instalments_are_offered_in_their_order() -> None:
    assert small(instalments="instalments: [12, 3, 24]").instalments == (3, 12, 24)


@pytest.mark.parametrize(("day_count", "days"), [("act/365", 365), ("act/360", 360)])
def test_a_daily_rate_is_its_days_times_as_much_a_year(day_count: str, days: int) -> None:
    product = small(pricing="pricing: {per: day, rate: 0.0004, to: 0.0005}", day_count=f"day_count: {day_count}")
    assert (product.per, product.rate, product.rate_to) == ("day", 400_000 * days, 500_000 * days)


def test_what_is_not_declared_is_the_plainest() -> None:
    text = "\n".join(line for line in SOUND.splitlines() if line.split(":")[0] in NEEDED)
    product = read_product(text)
    assert (product.currency, product.utc_offset) == ("CNY", 8 * 3_600_000_000)
    assert (product.due_day, product.business, product.grace_days, product.cap) == ("same", "none", 0, None)
    terms = product.terms(100_000, NEW_YEAR, 3)
    assert terms.due == DueRule(1, holidays_until=0)
    assert terms.penalty == Penalty()
    assert (terms.upfront_fee, terms.row_fee, terms.early_fee) == (0, 0, 0)
    assert (terms.rounding, terms.smoothing, terms.early) == ("half_up", True, "fewer")
    assert terms.order == ("fee", "penalty", "interest", "principal")


NEEDED = {"product", "title", "purposes", "principal", "pricing", "day_count", "method", "instalments", "every"}


@pytest.mark.parametrize("key", sorted(NEEDED))
def test_nothing_needed_is_left_to_chance(key: str) -> None:
    with pytest.raises(ProductError, match=f"'{key}' is missing"):
        small(**{key: None})


def test_the_version_is_the_content() -> None:
    """Comments, layout and order of keys do not matter; anything else does."""
    version = small().version
    assert read_product("# a comment\n" + SOUND, "other.yaml").version == version
    lines = SOUND.splitlines(keepends=True)
    assert read_product("".join([lines[1], lines[0], *lines[2:]])).version == version
    assert small(grace_days="grace_days: 4").version != version
    assert len(version) == 64


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["line", "same", "1e9"]),
    lambda each: (
        st.lists(each, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["zh", "least", "per", "rate", "months", "multiple", "upfront", "amount", "irr", "by", "line"]
            ),
            each,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(st.sampled_from([line.split(":")[0] for line in SOUND.splitlines()]), VALUES)
def test_whatever_stands_at_a_key_is_either_a_product_or_told(key: str, value: object) -> None:
    try:
        product = small(**{key: f"{key}: {json.dumps(value)}"})
    except ProductError as error:
        told = error.mistakes
    else:
        assert product.instalments
        assert 1 <= product.least <= product.most
        assert 0 <= product.rate_from <= product.rate <= product.rate_to
        return
    assert told
    assert all(mistake.remedy and mistake.line >= 1 and mistake.column >= 1 for mistake in told)


# -- draws ------------------------------------------------------------------------------------------


def test_a_draw_gets_the_terms_of_its_product() -> None:
    terms = small().terms(200_050, NEW_YEAR, 6, rate=180_000_000, due_day=31)
    assert (terms.principal, terms.rate, terms.drawn, terms.rows) == (200_050, 180_000_000, NEW_YEAR, 6)
    assert terms.due == DueRule(1, on=31, least=5, business="following", holidays_until=2026)
    assert terms.penalty == Penalty(rate=90_000_000)
    assert (terms.upfront_fee, terms.row_fee, terms.early_fee) == (1_000, 0, 20_000)
    assert (terms.grace_days, terms.method, terms.day_count) == (3, "equal_instalment", "act/365")


def test_penalty_may_rest_on_the_instalment_and_wait_for_the_end_of_grace() -> None:
    product = small(penalty="penalty: {multiple: 1.333333, on: instalment, from: grace_end}")
    terms = product.terms(100_000, NEW_YEAR, 3, due_day=1)
    assert terms.penalty == Penalty(rate=47_999_952, on_instalment=True, after_grace=True)


@pytest.mark.parametrize("method", ["bullet", "any_day"])
def test_a_loan_repaid_in_one_row_is_due_when_the_last_instalment_would_be(method: str) -> None:
    changes = {"smoothing": None, "early": None, "fees": None}
    one = small(method=f"method: {method}", **changes).terms(100_000, NEW_YEAR, 6, due_day=10)
    many = small().terms(100_000, NEW_YEAR, 6, due_day=10)
    assert one.rows == 1
    assert one.due.days(NEW_YEAR, 1)[0] == many.due.days(NEW_YEAR, 6)[-1]
    assert one.due.months == 6


def test_weeks_are_days() -> None:
    without = dict.fromkeys(["due_day", "least_first_days", "business_days", "holidays_until", "cost_cap"])
    product = small(every="every: {weeks: 2}", **without)
    days = product.terms(100_000, NEW_YEAR, 3).due.days(NEW_YEAR, 3)
    assert [each - NEW_YEAR for each in days] == [14, 28, 42]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("nothing", {"principal": 0}, "small, principal: '0.00' is no amount to lend; draw 100.00 to 5000.00"),
    ("less than nothing", {"principal": -1}, "small, principal: '-0.01' is no amount to lend; draw 100.00 to 5000.00"),
    ("too little", {"principal": 9_999}, "small, principal: '99.99' is not lent; draw 100.00 to 5000.00"),
    ("too much", {"principal": 500_001}, "small, principal: '5000.01' is not lent; draw 100.00 to 5000.00"),
    ("a number not offered", {"instalments": 4}, "small, instalments: '4' are not offered; offered: 3, 6, 12"),
    (
        "no due day",
        {"due_day": None},
        "small, due day: 'none' is no due day; give the line's day of the month, 1 to 31",
    ),
    ("a 32nd", {"due_day": 32}, "small, due day: '32' is no due day; give the line's day of the month, 1 to 31"),
    (
        "a rate too low",
        {"rate": 99_999_999},
        "small, rate: '0.099999999' is outside the product's bounds; give a yearly rate of 0.1 to 0.2",
    ),
    (
        "a rate too high",
        {"rate": 200_000_001},
        "small, rate: '0.200000001' is outside the product's bounds; give a yearly rate of 0.1 to 0.2",
    ),
    (
        "another purpose",
        {"purpose": "rent"},
        "small, purpose: 'rent' is nothing it lends for; known here: daily, travel",
    ),
    (
        "a day beyond the calendar",
        {"drawn": day_number(date(9999, 12, 1))},
        "small, day of the draw: '9999-12-01' lies too far off; draw before the year 9800",
    ),
]


@pytest.mark.parametrize(("asked", "told"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_a_draw_the_product_does_not_allow_is_refused(asked: dict[str, Any], told: str) -> None:
    draw = {"principal": 100_000, "drawn": NEW_YEAR, "instalments": 3, "due_day": 10} | asked
    with pytest.raises(ProductError) as raised:
        small().terms(**draw)
    assert str(raised.value) == told
    assert raised.value.mistakes == ()


def test_a_due_day_cannot_be_chosen_where_the_product_sets_it() -> None:
    with pytest.raises(ProductError, match="cannot be chosen: the product sets it; leave it out"):
        small(due_day="due_day: 20").terms(100_000, NEW_YEAR, 3, due_day=10)


def test_the_bounds_themselves_are_allowed() -> None:
    product = small(cost_cap=None)
    for principal in (10_000, 500_000):
        for rate in (100_000_000, 200_000_000):
            for purpose in ("daily", "travel", None):
                terms = product.terms(principal, NEW_YEAR, 3, rate=rate, due_day=1, purpose=purpose)
                assert (terms.principal, terms.rate) == (principal, rate)


@given(st.integers(1, 300), st.integers(0, 999_999), st.sampled_from(["half_up", "half_even", "up", "down"]), st.data())
def test_a_fee_up_front_always_leaves_something_to_pay_out(
    least: int, millionths: int, rounding: str, data: st.DataObject
) -> None:
    changes = {
        "principal": f"principal: {{least: {format_minor(least)}, most: 500}}",
        "fees": f"fees: {{upfront: {{fraction: {Decimal(millionths).scaleb(-6):f}}}}}",
        "rounding": f"rounding: {rounding}",
        "cost_cap": None,
    }
    try:
        product = small(**changes)
    except ProductError as error:
        assume("keeps back" not in str(error))
        raise
    principal = data.draw(st.integers(least, 400))
    assert 0 <= product.terms(principal, NEW_YEAR, 3, due_day=1).upfront_fee < principal


# -- the cap on what a loan costs -------------------------------------------------------------------


def test_a_product_that_would_cost_too_much_is_refused_with_every_number_of_instalments() -> None:
    with pytest.raises(ProductError) as raised:
        small(pricing="pricing: {per: year, rate: 0.144, to: 0.23}", fees="fees: {upfront: {fraction: 0.005}}")
    three, six = raised.value.mistakes
    assert (three.line, three.column, six.column) == (10, 15, 18)
    assert str(three) == (
        "p.yaml:10:15: '26.06 %' a year is what 100.00 in 3 instalments at 0.23 cost, over the cap of 24.00 % "
        "(simple); lower the rate or the fees"
    )
    # Over twelve months the same fee weighs less, yet not little enough over six.
    assert "in 6 instalments" in six.problem


def test_a_fee_with_every_instalment_weighs_on_the_least_principal() -> None:
    with pytest.raises(ProductError, match=r"100\.00 in 3 instalments at 0\.144 cost"):
        small(fees="fees: {instalment: 1.00}")
    assert small(fees="fees: {instalment: 1.00}", principal="principal: {least: 2000, most: 5000}").least == 200_000


def test_without_a_cap_anything_may_be_offered() -> None:
    assert small(cost_cap=None, fees="fees: {upfront: {fraction: 0.5}}").cap is None


def test_a_rate_that_just_meets_its_cap_is_offered() -> None:
    for day_count in ("act/365", "30/360"):
        product = small(
            principal="principal: {least: 1000, most: 5000}",
            pricing="pricing: {per: year, rate: 0.24}",
            fees=None,
            day_count=f"day_count: {day_count}",
            business_days=None,
            holidays_until=None,
        )
        check_cost(product)
        assert product.terms(123_456, NEW_YEAR, 12, due_day=1).rate == 240_000_000
    with pytest.raises(ProductError, match=r"24\.02 %"):
        small(pricing="pricing: {per: year, rate: 0.2402}", fees=None)


def test_a_cap_by_the_compound_rate_is_tighter() -> None:
    priced = {"pricing": "pricing: {per: year, rate: 0.22}", "fees": None}
    assert small(**priced).rate == 220_000_000
    with pytest.raises(ProductError, match=r"over the cap of 24\.00 % \(compound\)"):
        small(**priced, cost_cap="cost_cap: {irr: 0.24, by: compound}")


def test_a_short_first_period_may_carry_a_draw_over_the_cap() -> None:
    product = small(instalments="instalments: [3]", least_first_days=None)
    assert product.terms(100_000, NEW_YEAR, 3, due_day=1, rate=200_000_000).rows == 3
    with pytest.raises(ProductError, match=r"small, cost: '\d\d\.\d\d %' a year is what 1000\.00 in 3 instalments"):
        product.terms(100_000, NEW_YEAR, 3, due_day=2, rate=200_000_000)
    assert product.terms(100_000, NEW_YEAR, 3, due_day=2, rate=200_000_000, check_cost=False).rows == 3


# -- shipped products -------------------------------------------------------------------------------


def test_four_products_are_shipped() -> None:
    assert shipped_products() == [
        "business-instalment", "business-interest-first", "consumer-any-day", "consumer-instalment",
    ]  # fmt: skip


@pytest.mark.parametrize("name", shipped_products())
def test_a_shipped_product_is_sound_and_named_like_its_file(name: str) -> None:
    product = load_product(name)
    assert product.name == name
    assert product.cap is not None
    assert set(product.purposes) <= set(PURPOSES)
    assert "other" in product.purposes
    assert hash(product) == hash(load_product(name))


def test_every_lawful_purpose_has_a_product_and_no_other_has() -> None:
    lent_for = {purpose for name in shipped_products() for purpose in load_product(name).purposes}
    assert lent_for == set(get_args(Purpose)) - set(UNLAWFUL)


def test_a_business_due_day_in_the_spring_festival_waits_for_the_next_business_day() -> None:
    terms = load_product("business-interest-first").terms(1_000_000, NEW_YEAR, 3)
    assert [str(date_of(row.due)) for row in plan(terms)] == ["2026-01-20", "2026-02-24", "2026-03-20"]


def test_a_product_file_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SOUND, encoding="utf-8")
    assert load_product(tmp_path / "mine.yaml") == load_product(str(tmp_path / "mine.yaml"))


def test_a_product_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CreditlineError, match="does not exist; give a product file or a shipped name: business-instal"):
        load_product("no-such-product")
    (tmp_path / "latin.yaml").write_bytes(b"product: \xe9")
    for path in (tmp_path, tmp_path / "latin.yaml"):
        with pytest.raises(ProductError, match="cannot be read; give a YAML file in UTF-8"):
            load_product(path)


@given(st.data())
def test_every_draw_a_shipped_product_allows_keeps_within_its_cap_and_repays_itself(data: st.DataObject) -> None:
    product = load_product(data.draw(st.sampled_from(shipped_products())))
    assert product.cap is not None
    principal = data.draw(st.integers(product.least, product.most))
    drawn = data.draw(st.integers(NEW_YEAR - 2_000, NEW_YEAR + 2_000))
    due_day = data.draw(st.integers(1, 31)) if product.due_day == "line" else None
    rate = data.draw(st.none() | st.integers(product.rate_from, product.rate_to))
    instalments = data.draw(st.sampled_from(product.instalments))
    # Without fees no day of the draw and no due day may carry a loan over its cap.
    terms = product.terms(principal, drawn, instalments, rate=rate, due_day=due_day)
    rows = plan(terms)
    assert len(rows) == terms.rows
    assert sum(row.principal for row in rows) == principal
    assert rows[0].due - drawn >= max(1, product.least_first_days)
    assert within_cap(principal - terms.upfront_fee, drawn, rows, product.cap.irr, product.cap.by)


@given(st.decimals("0", "9.999999999", places=9))
def test_any_rate_to_nine_places_is_kept_exactly(rate: Decimal) -> None:
    product = small(pricing=f"pricing: {{per: year, rate: {rate:f}}}", cost_cap=None)
    assert Decimal(product.rate) / 10**9 == rate
