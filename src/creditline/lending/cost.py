"""What a loan costs a year: by unit periods, by dates, simple and compounded, and whether it keeps within a cap.

Amounts are whole minor units, days are day numbers. Rates are searched for in floats and handed out as decimals of
12 places: ``Decimal("0.128")`` is 12.8 %. A rate is negative where less comes back than was lent. What is refused as
having no rate: nothing lent, nothing paid back, and rates beyond RATE_MAX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from itertools import accumulate
from math import exp, expm1, fsum, log1p
from typing import Literal, NamedTuple

from creditline.errors import CreditlineError
from creditline.lending.schedule import Row
from creditline.lending.terms import BILLION
from creditline.money import format_minor

By = Literal["simple", "compound"]
"""How a period's cost becomes a year's: period rate x periods a year, or periods compounded."""

RATE_MAX = 10**9
"""Largest yearly rate that is told: a hundred billion percent. What lies beyond is a mistake of input."""

ROUNDING_OF_CAP = 50_000
"""Billionths by which a cost may pass its cap: half a hundredth of a percent, lost when it is told."""

_CONTEXT = Context(prec=60)
_PLACES = Decimal("1e-12")
_HUNDREDTH = Decimal("0.01")
_DEEPEST = 128.0
_NOISE = 1e-9
_FLOAT_MAX = 1e300


class CostError(CreditlineError):
    """Money lent and paid back to which no yearly rate belongs."""


class Disclosed(NamedTuple):
    """The yearly cost as it is disclosed in China (announcement 2021 No. 3 of its central bank)."""

    simple: Decimal
    """Period rate x periods a year."""
    compound: Decimal
    """What the period rate comes to over a year."""


def unit_rate(amount: int, payments: Sequence[int], units: int = 1, fraction: Fraction = Fraction(0)) -> Decimal:
    """The rate for one unit period by the actuarial method.

    The first payment falls ``units`` whole unit periods and a ``fraction`` of one (0 to below 1) after the advance of
    ``amount``, the others a period apart: sum of payment / ((1 + fraction x rate) x (1 + rate)^units) = amount.
    Raises CostError.
    """
    return _decimal(_unit_rate(amount, payments, units, fraction))


def apr(
    amount: int, payments: Sequence[int], units_per_year: int, units: int = 1, fraction: Fraction = Fraction(0)
) -> Decimal:
    """The annual percentage rate, not in percent: a unit period's rate x unit periods a year. Raises CostError."""
    return _decimal(_unit_rate(amount, payments, units, fraction) * units_per_year)


def dated_rate(flows: Sequence[tuple[int, int]]) -> Decimal:
    """The effective annual rate of (day, amount) pairs in any order: sum of amount / (1 + rate)^(days / 365) = 0.

    Amounts are positive for what the borrower receives and negative for what he pays, days are counted from the first
    of them. Raises CostError, also where at the rate found the borrower would at times have paid back more than he
    owed: then several rates may fit.
    """
    net: dict[int, int] = {}
    for day, amount in flows:
        net[day] = net.get(day, 0) + amount
    days = sorted(day for day, amount in net.items() if amount)
    if not days or net[days[0]] < 0:
        raise _nothing_lent(net[days[0]] if days else 0)
    if net[days[-1]] > 0:
        raise CostError(
            "payments", format_minor(net[days[-1]]), "give the payments after it too", "ends with money lent"
        )
    times = [(day - days[0]) / 365 for day in days]
    amounts = [float(net[day]) for day in days]

    def owed(force: float) -> float:
        return -fsum(amount * exp(-force * time) for amount, time in zip(amounts, times, strict=True))

    force = _root(owed, times[-1], log1p(RATE_MAX))
    worth = [amount * exp(-force * time) for amount, time in zip(amounts, times, strict=True)]
    least, day = min(zip(accumulate(worth), days, strict=True))
    if least < -_NOISE * max(map(abs, worth)):
        after = f"more than is owed after {day - days[0]} days"
        raise CostError("payments", after, "reckon each loan by itself", "fits more than one rate, or none")
    return _decimal(expm1(force))


def disclosed(proceeds: int, payments: Sequence[int], periods_a_year: int) -> Disclosed:
    """The yearly cost of what is paid out, fees up front kept back, and paid back once a period. Raises CostError."""
    rate = _unit_rate(proceeds, payments, 1, Fraction(0))
    return Disclosed(_decimal(rate * periods_a_year), _decimal(expm1(log1p(rate) * periods_a_year)))


def yearly_cost(
    proceeds: int, drawn: int, rows: Sequence[Row], by: By, *, months: int = 0, first: tuple[int, int] = (0, 1)
) -> Decimal:
    """The yearly cost of a loan that pays out ``proceeds`` on a day and is repaid in rows, fees and all.

    ``compound`` goes by dates: (1 + rate)^(days / 365). ``simple`` lets each period bear rate x its part of a year.
    Where a period has whole ``months``, as ``30/360`` counts them, that part is a twelfth for each; ``first`` gives
    the months of an odd first period as a fraction. Elsewhere it is actual days / 365, so that a loan without fees
    at a rate of ``act/365`` costs just that rate. Raises CostError.
    """
    _lent(proceeds)
    if by == "compound":
        return dated_rate([(drawn, proceeds), *((row.due, -row.amount) for row in rows)])
    amounts = [float(row.amount) for row in rows]
    _paid(amounts)
    while not amounts[-1]:
        amounts.pop()
    parts = _parts(drawn, rows, months, first)
    longest = max(parts)

    def owed(force: float) -> float:
        rate, later, terms = expm1(force) / longest, 1.0, [-float(proceeds)]
        for amount, part in zip(amounts, parts, strict=False):
            later *= 1 + rate * part
            terms.append(amount / later if later else _FLOAT_MAX)
        return fsum(terms)

    return _decimal(expm1(_root(owed, len(amounts), log1p(RATE_MAX * longest))) / longest)


def within_cap(
    proceeds: int,
    drawn: int,
    rows: Sequence[Row],
    cap: int,
    by: By,
    *,
    months: int = 0,
    first: tuple[int, int] = (0, 1),
) -> bool:
    """Whether the yearly cost, told in hundredths of a percent, is at most ``cap`` (billionths, to 1000 %).

    The cost is that of ``yearly_cost``, rounded half up as it is told: rounding of interest to the minor unit alone
    must not make a loan at the cap dearer than the cap. It is not searched for: at a rate above the cost, what is paid
    is worth less than what was lent. Raises CostError where nothing is lent.
    """
    _lent(proceeds)
    rate = (cap + ROUNDING_OF_CAP) / BILLION
    worth = 0.0
    if by == "compound":
        daily = (1 + rate) ** (1 / 365)
        for _, _, due, principal, interest, fee, _ in rows:
            worth += (principal + interest + fee) / daily ** (due - drawn)
        return worth < proceeds
    later = 1.0
    if months:
        factor = 1 + rate * months / 12
        later = (1 + rate * first[0] / (first[1] * 12)) / factor if first[0] else 1.0
        for _, _, _, principal, interest, fee, _ in rows:
            later *= factor
            worth += (principal + interest + fee) / later
        return worth < proceeds
    daily = rate / 365
    before = drawn
    for _, _, due, principal, interest, fee, _ in rows:
        later *= 1 + daily * (due - before)
        worth += (principal + interest + fee) / later
        before = due
    return worth < proceeds


def percent(rate: Decimal) -> Decimal:
    """A rate in percent with two decimals, halves up: 0.12795 gives 12.80."""
    told = _CONTEXT.multiply(rate, Decimal(100)).quantize(_HUNDREDTH, ROUND_HALF_UP, _CONTEXT)
    return told or abs(told)


def _unit_rate(amount: int, payments: Sequence[int], units: int, fraction: Fraction) -> float:
    assert units >= 0
    assert 0 <= fraction < 1
    # What is paid back at once was not lent.
    at_once = payments[0] if payments and not units and not fraction else 0
    _lent(amount - at_once)
    paid = [float(payment) for payment in payments]
    _paid(paid[1:] if at_once else paid)
    while not paid[-1]:
        paid.pop()
    part = float(fraction)

    def owed(force: float) -> float:
        worth = fsum(payment * exp(-force * time) for time, payment in enumerate(paid, units))
        return worth / (1 + part * expm1(force)) - amount

    return expm1(_root(owed, units + len(paid) - 1 + part, log1p(RATE_MAX)))


def _parts(drawn: int, rows: Sequence[Row], months: int, first: tuple[int, int]) -> list[float]:
    """The part of a year that each period is, see ``yearly_cost``."""
    if months:
        opening = first[0] / (first[1] * 12) if first[0] else months / 12
        return [opening, *([months / 12] * (len(rows) - 1))]
    starts = [drawn, *(row.due for row in rows)]
    return [(row.due - start) / 365 for row, start in zip(rows, starts, strict=False)]


def _root(owed: Callable[[float], float], span: float, most: float) -> float:
    """Where ``owed``, which falls, is nought: the force of interest, log(1 + rate).

    ``span`` is the time of the last payment. With steps of 1 / span nothing grows by more than e squared beyond the
    amounts themselves, so that no float overflows on the way down.
    """
    from scipy.optimize import brentq

    at_nought = owed(0.0)
    if not at_nought:
        return 0.0
    near, far = 0.0, min(1 / span, most) if at_nought > 0 else -1 / span
    while (owed(far) > 0) == (at_nought > 0):
        if far >= most:
            raise CostError(
                "rate", f"over {RATE_MAX * 100:,} % a year", "check amounts and dates", "is too high to tell"
            )
        if far * span < -_DEEPEST:
            raise CostError("payments", "as given", "check amounts and dates", "fit no rate")
        near, far = far, min(2 * far, most)
    return float(brentq(owed, min(near, far), max(near, far), xtol=1e-15, rtol=1e-15, maxiter=500))


def _lent(amount: int) -> None:
    if amount <= 0:
        raise _nothing_lent(amount)


def _nothing_lent(amount: int) -> CostError:
    remedy = "more must be paid out than is kept back or paid at once"
    return CostError("amount", format_minor(amount), remedy, "leaves nothing lent, so there is no rate")


def _paid(payments: Sequence[float]) -> None:
    if any(payment < 0 for payment in payments):
        worst = format_minor(int(min(payments)))
        raise CostError("payments", worst, "give what the borrower pays as positive amounts", "is negative")
    if not any(payments):
        raise CostError("payments", "0.00", "give at least one payment", "pay nothing back, so there is no rate")


def _decimal(rate: float) -> Decimal:
    """A rate to 12 places: what floats leave uncertain is cut off before anything is rounded to be told."""
    exact = Decimal(rate).quantize(_PLACES, ROUND_HALF_EVEN, _CONTEXT)
    return exact or abs(exact)
