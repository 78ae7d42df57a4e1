"""Rows to come: their principal, and the interest they are expected to bring."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from creditline.lending.terms import Terms

from .counting import Periods, rounded


@dataclass(frozen=True)
class Planned:
    """One row as planned."""

    due: int
    principal: int
    interest: int

    @property
    def amount(self) -> int:
        """Without fees."""
        return self.principal + self.interest


@dataclass(frozen=True)
class Setting:
    """From where a plan starts: the day, the principal, interest accrued so far, and the due days to plan on."""

    periods: Periods
    day: int
    principal: int
    accrued: int
    dues: list[int]

    def bounds(self) -> list[tuple[int, int]]:
        """From where to where each row's interest runs."""
        return list(zip([self.day, *self.dues[:-1]], self.dues, strict=True))


def level(setting: Setting) -> int:
    """The level instalment: all rows of it, each with its interest, leave nothing."""
    rates = [setting.periods.rate_over(*bounds) for bounds in setting.bounds()]
    owed = Fraction(setting.principal)
    weight = Fraction(0)
    for number, rate in enumerate(rates):
        # What would be owed if nothing were ever paid; and what one unit paid every time takes off it.
        owed = owed * (1 + rate) + (setting.accrued if number == 0 else 0)
        weight = weight * (1 + rate) + 1
    return rounded(owed / weight, setting.periods.terms.rounding)


def with_level(setting: Setting, amount: int, *, stop: bool = False) -> list[Planned]:
    """Rows of a level instalment, the last with what is left; ``stop`` as soon as nothing is left."""
    rows: list[Planned] = []
    left = setting.principal
    for number, (start, due) in enumerate(setting.bounds(), start=1):
        interest = setting.periods.interest(left, start, due) + (setting.accrued if number == 1 else 0)
        principal = min(max(amount - interest, 0), left)
        if number == len(setting.dues):
            principal = left
        rows.append(Planned(due, principal, interest))
        left -= principal
        if stop and left == 0:
            break
    return rows


def with_part(setting: Setting, part: int, *, stop: bool = False) -> list[Planned]:
    """Rows of equal principal, the last with what is left; ``stop`` as soon as nothing is left."""
    rows: list[Planned] = []
    left = setting.principal
    for number, (start, due) in enumerate(setting.bounds(), start=1):
        interest = setting.periods.interest(left, start, due) + (setting.accrued if number == 1 else 0)
        principal = left if number == len(setting.dues) else min(part, left)
        rows.append(Planned(due, principal, interest))
        left -= principal
        if stop and left == 0:
            break
    return rows


def off(rows: list[Planned]) -> int:
    """By how much the last instalment differs from the last but one."""
    return rows[-1].amount - rows[-2].amount


def anew(setting: Setting) -> tuple[list[Planned], int]:
    """A plan over all the due days, and the level instalment or the part of principal it goes by."""
    terms = setting.periods.terms
    count = len(setting.dues)
    if terms.method == "equal_principal":
        part = rounded(Fraction(setting.principal, count), terms.rounding)
        return with_part(setting, part), part
    if terms.method != "equal_instalment":
        return with_part(setting, 0), 0  # all principal in the last row
    amount = level(setting)
    rows = with_level(setting, amount)
    if terms.smoothing and count > 1 and abs(off(rows)) > count // 2:
        moved = amount + rounded(Fraction(off(rows), count), terms.rounding)
        other = with_level(setting, moved)
        if abs(off(other)) < abs(off(rows)):
            return other, moved
    return rows, amount


def that_come(rows: list[Planned]) -> list[Planned]:
    """Without the rows after the one that takes the last principal: nothing is planned to fall due on them."""
    count = max((number for number, row in enumerate(rows, start=1) if row.principal), default=0)
    return rows[:count]


def first_plan(terms: Terms) -> list[Planned]:
    """The schedule a loan starts with."""
    periods = Periods(terms)
    dues = periods.ends_after(terms.drawn, terms.rows, set())
    return anew(Setting(periods, terms.drawn, terms.principal, 0, dues))[0]
