"""Loans and payments as JSON objects: the input and the output of ``creditline schedule`` and ``creditline apr``.

A spec is one JSON object, bare or under the key ``spec`` of another. Amounts and rates are read exactly, from text or
from the digits of a JSON number. What cannot be taken raises SpecError with the place in the file.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeVar, get_args

from creditline.errors import CreditlineError
from creditline.lending.calendar import Business, DueRule, Unit
from creditline.lending.cost import CostError, apr, dated_rate, percent
from creditline.lending.rounding import Rounding
from creditline.lending.schedule import plan
from creditline.lending.terms import (
    BILLION,
    ONE_ROW,
    PRINCIPAL_MAX,
    DayCount,
    Method,
    Terms,
    date_of,
    day_number,
)
from creditline.money import MINOR_MAX, MoneyError, format_minor, parse_minor

ROWS_MAX: Final = 1_200
"""Most instalments of one loan."""

PAYMENTS_MAX: Final = 36_600
"""Most payments an annual percentage rate is worked out from: one a day for a hundred years."""

YEARS_MAX: Final = 100
"""Longest term."""

RATE_MAX: Final = 10 * BILLION
"""Highest annual rate of a loan, in billionths: 1000 %."""

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years a loan may be paid out in."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_FRACTION = re.compile(r"[0-9]{1,9}/[0-9]{1,9}|[0-9]{1,9}(\.[0-9]{1,12})?")
_YEAR_OF_DAILY: Mapping[DayCount, int] = {"act/365": 365, "act/360": 360}
_UNITS: Mapping[str, tuple[Unit, int, int]] = {
    # The unit it is reckoned in, how many of them it is, and how many may pass in YEARS_MAX.
    "days": ("days", 1, 36_525), "weeks": ("days", 7, 36_525), "months": ("months", 1, 1_200),
    "years": ("months", 12, 1_200),
}  # fmt: skip
_SCHEDULE_KEYS = (
    "currency", "principal", "annual_rate", "daily_rate", "disbursed_on", "periods", "every", "first_due_on", "due_day",
    "business_days", "method", "day_count", "rounding", "smoothing",
)  # fmt: skip
_UNIT_KEYS = ("amount", "payments", "units_per_year", "first_payment")
_DATED_KEYS = ("amount", "advanced_on", "payments")

Chosen = TypeVar("Chosen", bound=str)


class SpecError(CreditlineError):
    """A spec that cannot be taken."""


@dataclass(frozen=True, slots=True)
class UnitPayments:
    """Payments a unit period apart, see ``cost.apr``. Amounts in minor units."""

    amount: int
    payments: tuple[int, ...]
    units_per_year: int
    units: int = 1
    fraction: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class DatedPayments:
    """Payments as (day, amount), see ``cost.dated_rate``. Amounts in minor units."""

    amount: int
    advanced: int
    payments: tuple[tuple[int, int], ...]


def read_terms(content: bytes, place: str) -> Terms:
    """The loan that a schedule spec agrees; ``place`` names the file. Raises SpecError."""
    spec = _spec(content, place, lambda _: _SCHEDULE_KEYS)
    _check_currency(spec)
    principal = spec.money("principal", 1, PRINCIPAL_MAX)
    method: Method = spec.choice("method", get_args(Method))
    day_count: DayCount = spec.choice("day_count", get_args(DayCount))
    drawn = spec.day("disbursed_on", FIRST_YEAR, LAST_YEAR)
    due, rows = _due(spec, method, drawn)
    rounding: Rounding = spec.choice("rounding", get_args(Rounding), "half_up")
    return Terms(
        principal=principal,
        rate=_rate(spec, day_count),
        drawn=drawn,
        rows=rows,
        due=due,
        method=method,
        day_count=day_count,
        rounding=rounding,
        smoothing=spec.flag("smoothing", True),
    )


def read_payments(content: bytes, place: str) -> UnitPayments | DatedPayments:
    """What an APR spec tells, by unit periods or, where it has ``advanced_on``, by dates. Raises SpecError."""
    spec = _spec(content, place, lambda said: _DATED_KEYS if "advanced_on" in said else _UNIT_KEYS)
    amount = spec.money("amount", 1, MINOR_MAX)
    if spec.has("advanced_on"):
        advanced = spec.day("advanced_on", FIRST_YEAR, LAST_YEAR)
        return DatedPayments(amount, advanced, _dated(spec, advanced))
    a_year = spec.whole("units_per_year", 1, 366)
    first = spec.inner("first_payment", ("units", "fraction")) if spec.has("first_payment") else None
    units = first.whole("units", 0, YEARS_MAX * a_year) if first else 1
    fraction = first.fraction("fraction") if first and first.has("fraction") else Fraction(0)
    payments = _counted(spec)
    if units + len(payments) > YEARS_MAX * a_year:
        raise spec.wrong("payments", f"{len(payments)} payments", f"is longer than {YEARS_MAX} years", "give fewer")
    return UnitPayments(amount, payments, a_year, units, fraction)


def schedule_answer(content: bytes, place: str) -> dict[str, Any]:
    """What ``creditline schedule`` prints for a spec: every row and the totals, money as text. Raises SpecError."""
    rows = plan(read_terms(content, place))
    told = [
        {
            "number": row.number,
            "due_on": date_of(row.due).isoformat(),
            "days": row.due - row.start,
            "principal": format_minor(row.principal),
            "interest": format_minor(row.interest),
            "due": format_minor(row.amount),
            "balance": format_minor(row.balance),
        }
        for row in rows
    ]
    totals = {
        "principal": format_minor(sum(row.principal for row in rows)),
        "interest": format_minor(sum(row.interest for row in rows)),
        "due": format_minor(sum(row.amount for row in rows)),
    }
    return {"rows": told, "totals": totals}


def apr_answer(content: bytes, place: str) -> dict[str, str]:
    """What ``creditline apr`` prints for a spec: the rate in percent, two decimals. Raises SpecError and CostError."""
    said = read_payments(content, place)
    try:
        if isinstance(said, UnitPayments):
            rate = apr(said.amount, said.payments, said.units_per_year, said.units, said.fraction)
        else:
            paid = [(day, -amount) for day, amount in said.payments]
            rate = dated_rate([(said.advanced, said.amount), *paid])
    except CostError as error:
        raise CostError(f"{place}, {error.place}", error.value, error.remedy, error.problem) from None
    return {"apr_percent": str(percent(rate))}


class _Object(NamedTuple):
    """One JSON object, its file and its path in there; keys with null count as left out."""

    file: str
    path: str
    said: Mapping[str, Any]

    def under(self, name: str) -> str:
        """The path of a key."""
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, value: object, problem: str, remedy: str) -> SpecError:
        return SpecError(f"{self.file}, {self.under(name)}", _shown(value), remedy, problem)

    def has(self, name: str) -> bool:
        return self.said.get(name) is not None

    def needed(self, name: str, like: str) -> Any:
        if not self.has(name):
            raise self.wrong(name, None, "is missing", f"give {like}")
        return self.said[name]

    def inner(self, name: str, keys: Collection[str]) -> _Object:
        """The object under a key."""
        return _object(self.file, self.under(name), self.needed(name, f"an object with {', '.join(keys)}"), keys)

    def items(self, name: str, keys: Collection[str]) -> list[_Object]:
        """The objects in the list under a key, at least one."""
        listed = self.needed(name, "a list of payments")
        if not isinstance(listed, list) or not listed:
            raise self.wrong(name, listed, "is no list of payments", f"give a list of objects with {', '.join(keys)}")
        return [_object(self.file, f"{self.under(name)}[{number}]", item, keys) for number, item in enumerate(listed)]

    def money(self, name: str, least: int, most: int) -> int:
        """An amount in minor units within bounds."""
        value = self.needed(name, "an amount like 5000.00")
        bounds = f"give an amount from {format_minor(least)} to {format_minor(most)}"
        if not isinstance(value, str | int | Decimal) or isinstance(value, bool):
            raise self.wrong(name, value, "is not an amount", bounds)
        try:
            amount = parse_minor(value)
        except MoneyError as error:
            remedy = bounds if error.problem == "is too large" else error.remedy
            raise self.wrong(name, value, error.problem, remedy) from None
        if not least <= amount <= most:
            raise self.wrong(name, value, "is too large" if amount > most else "is too small", bounds)
        return amount

    def rate(self, name: str, most: int) -> int:
        """A rate in billionths, from 0 to ``most``."""
        value = self.needed(name, "a rate like 0.12 for 12 %")
        remedy = "write it as a part of one with at most 9 decimals, like 0.12 for 12 %"
        try:
            rate = parse_minor(value, 9)
        except MoneyError:
            raise self.wrong(name, value, "is not a rate", remedy) from None
        if not 0 <= rate <= most:
            problem = "is negative" if rate < 0 else f"is over {Decimal(most) * 100 / BILLION:.6g} %"
            raise self.wrong(name, value, problem, remedy)
        return rate

    def whole(self, name: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        remedy = f"a whole number from {least} to {most}"
        if default is not None and not self.has(name):
            return default
        value = self.needed(name, remedy)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, value, "is not a whole number", f"give {remedy}, without quotes")
        if not least <= value <= most:
            raise self.wrong(name, value, "is out of bounds", f"give {remedy}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.said[name] if self.has(name) else default
        if not isinstance(value, bool):
            raise self.wrong(name, value, "is no flag", "give true or false, without quotes")
        return value

    def choice(self, name: str, choices: tuple[Chosen, ...], default: Chosen | None = None) -> Any:
        """One of the choices."""
        listed = f"one of {', '.join(choices)}"
        value = default if default is not None and not self.has(name) else self.needed(name, listed)
        if value not in choices:
            raise self.wrong(name, value, "is not known", f"{_suggestion(value, choices)}give {listed}")
        return value

    def day(self, name: str, first: int, last: int) -> int:
        """A date within these years, as its day number."""
        value = self.needed(name, "a date like 2024-01-31")
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise self.wrong(name, value, "is not a date", "write it like 2024-01-31")
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise self.wrong(name, value, f"does not exist ({error})", "check year, month and day") from None
        if not first <= day.year <= last:
            raise self.wrong(name, value, "lies too far off", f"give a date in the years {first} to {last}")
        return day_number(day)

    def fraction(self, name: str) -> Fraction:
        """A part of one, from 0 to less than 1."""
        value = self.needed(name, 'a part of a period like "19/30"')
        try:
            part = Fraction(str(value) if _FRACTION.fullmatch(str(value)) else "")
        except (ValueError, ZeroDivisionError):
            raise self.wrong(name, value, "is not a fraction", 'write it like "19/30" or 0.5') from None
        if part >= 1:
            raise self.wrong(name, value, "is a whole period or more", "count whole periods under units")
        return part


def _spec(content: bytes, place: str, keys: Callable[[Mapping[str, Any]], Collection[str]]) -> _Object:
    """The spec object in a file: the file's own object, or the one under its key ``spec``."""
    said = _json(content, place)
    path = ""
    if isinstance(said, dict) and "spec" in said:
        path, said = "spec", said["spec"]
    return _object(place, path, said, keys(said) if isinstance(said, dict) else ())


def _json(content: bytes, place: str) -> Any:
    if not content.strip():
        raise SpecError(place, f"{len(content)} bytes", "give a file that holds one JSON object", "holds nothing")
    try:
        # msgspec would let the last of two equal keys win in silence.
        return json.loads(
            content.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_pairs
        )
    except UnicodeDecodeError as error:
        raise SpecError(place, f"byte {error.start + 1}", "save it as UTF-8", "is not UTF-8") from None
    except json.JSONDecodeError as error:
        at = f"{place}:{error.lineno}:{error.colno}"
        near = error.doc[error.pos : error.pos + 20].partition("\n")[0]
        raise SpecError(at, near, "correct it, or write it with a program", f"is not JSON ({error.msg})") from None
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise SpecError(place, _shown(str(error)), "write one plain JSON object", "is no usable JSON") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice} stands twice")
    return said


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _object(file: str, path: str, said: object, keys: Collection[str]) -> _Object:
    """The object if it is one and has no other keys."""
    if not isinstance(said, dict):
        raise SpecError(f"{file}, {path}" if path else file, _shown(said), "give one JSON object", "is no object")
    found = _Object(file, path, said)
    for name, value in said.items():
        if name not in keys:
            remedy = f"{_suggestion(name, keys)}known are: {', '.join(keys)}"
            raise found.wrong(
                name[:40] if name.isprintable() else ascii(name[:40]), value, "is under an unknown key", remedy
            )
    return found


def _check_currency(spec: _Object) -> None:
    if not spec.has("currency"):
        return
    from babel.numbers import get_currency_precision

    code = spec.said["currency"]
    if not isinstance(code, str) or not _CURRENCY.fullmatch(code):
        raise spec.wrong("currency", code, "is no currency", "give three letters, like CNY")
    if get_currency_precision(code) != 2:
        raise spec.wrong("currency", code, "does not have two decimals", "give a currency that has, like CNY")


def _rate(spec: _Object, day_count: DayCount) -> int:
    """The annual rate in billionths, from ``annual_rate`` or ``daily_rate``."""
    if not spec.has("daily_rate"):
        return spec.rate("annual_rate", RATE_MAX)
    value = spec.said["daily_rate"]
    if spec.has("annual_rate"):
        raise spec.wrong("daily_rate", value, "stands beside annual_rate", "give one of the two")
    if day_count not in _YEAR_OF_DAILY:
        known = " or ".join(_YEAR_OF_DAILY)
        raise spec.wrong("daily_rate", value, f"makes no year under {day_count}", f"give annual_rate, or take {known}")
    year = _YEAR_OF_DAILY[day_count]
    return spec.rate("daily_rate", RATE_MAX // year) * year


def _due(spec: _Object, method: Method, drawn: int) -> tuple[DueRule, int]:
    """The rule of the due days and the number of rows; a method with one row has one period, the whole term."""
    one_row = method in ONE_ROW
    unit, step = _every(spec)
    periods = spec.whole("periods", 1, ROWS_MAX, 1 if one_row else None)
    if step * periods > (most := _UNITS[unit][2]):
        remedy = f"give at most {most // step} of them"
        raise spec.wrong("periods", periods, f"makes a term of more than {YEARS_MAX} years", remedy)
    on = spec.whole("due_day", 1, 31) if spec.has("due_day") else None
    if on is not None and unit == "days":
        raise spec.wrong("due_day", on, "does not go with periods of days", "leave it out, or give months under every")
    first_due = _first_due(spec, drawn, on) if spec.has("first_due_on") else None
    if one_row and first_due is not None and periods > 1:
        remedy = f"leave periods out: {method} repays all on first_due_on"
        raise spec.wrong("periods", periods, "stands beside first_due_on", remedy)
    business: Business = spec.choice("business_days", get_args(Business), "none")
    every, rows = (step * periods, 1) if one_row else (step, periods)
    return DueRule(every, unit, on, first_due=first_due, business=business), rows


def _every(spec: _Object) -> tuple[Unit, int]:
    """Months or days in a period."""
    every = spec.inner("every", tuple(_UNITS))
    given = [name for name in _UNITS if every.has(name)]
    if len(given) != 1:
        raise spec.wrong("every", ", ".join(given), "is not one length", 'give one, like {"months": 1}')
    unit, step, most = _UNITS[given[0]]
    return unit, every.whole(given[0], 1, most // step) * step


def _first_due(spec: _Object, drawn: int, on: int | None) -> int:
    first = spec.day("first_due_on", FIRST_YEAR, LAST_YEAR + YEARS_MAX)
    value = spec.said["first_due_on"]
    if not 0 < first - drawn <= _UNITS["days"][2]:
        remedy = f"give a day after disbursed_on, within {YEARS_MAX} years"
        raise spec.wrong("first_due_on", value, "cannot be the first due day", remedy)
    day = date_of(first)
    if on is not None and day.day != min(on, monthrange(day.year, day.month)[1]):
        raise spec.wrong("first_due_on", value, f"is not on due_day {on}", "leave one of them out")
    return first


def _counted(spec: _Object) -> tuple[int, ...]:
    """Payments in turn, each as often as it says."""
    payments: list[int] = []
    for item in spec.items("payments", ("count", "amount")):
        count = item.whole("count", 1, PAYMENTS_MAX, 1)
        payments += [item.money("amount", 0, MINOR_MAX)] * count
        if len(payments) > PAYMENTS_MAX:
            raise item.wrong("count", count, "makes too many payments", f"give at most {PAYMENTS_MAX} in all")
    return tuple(payments)


def _dated(spec: _Object, advanced: int) -> tuple[tuple[int, int], ...]:
    """Payments with their days, none before the advance."""
    payments: list[tuple[int, int]] = []
    for item in spec.items("payments", ("on", "amount")):
        day = item.day("on", FIRST_YEAR, LAST_YEAR + YEARS_MAX)
        if day < advanced:
            raise item.wrong("on", item.said["on"], "lies before advanced_on", "give that day or a later one")
        payments.append((day, item.money("amount", 0, MINOR_MAX)))
    return tuple(payments)


def _suggestion(value: object, names: Collection[str]) -> str:
    close = get_close_matches(value, list(names), n=1, cutoff=0.6) if isinstance(value, str) else []
    return f"did you mean {close[0]}? " if close else ""


def _shown(value: object) -> object:
    """A value as a message shows it: numbers by their digits, long ones cut."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    if isinstance(value, Decimal):
        value = str(value)
    return f"{value[:60]}..." if isinstance(value, str) and len(value) > 60 else value
