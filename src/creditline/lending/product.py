"""Products: what may be lent, at what price and on what days, as a file declares it; the terms of each draw from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib import resources
from itertools import product as product_of
from pathlib import Path
from typing import Literal, get_args

from creditline.errors import CreditlineError
from creditline.events.kinds import Purpose
from creditline.facts.parsing import closest
from creditline.lending.calendar import Business, DueRule, Unit
from creditline.lending.cost import By, CostError, percent, within_cap, yearly_cost
from creditline.lending.rounding import Rounding, divide
from creditline.lending.schedule import Row, plan
from creditline.lending.terms import (
    BILLION,
    MILLION,
    ONE_ROW,
    PRINCIPAL_MAX,
    DayCount,
    Early,
    Method,
    Part,
    Penalty,
    Terms,
    date_of,
    day_number,
)
from creditline.money import format_minor

UNLAWFUL: tuple[Purpose, ...] = ("securities", "property", "gambling", "lending_on")
"""Purposes that no product may lend for."""
PURPOSES: tuple[Purpose, ...] = tuple(purpose for purpose in get_args(Purpose) if purpose not in UNLAWFUL)

ALLOCATION: tuple[Part, ...] = get_args(Part)

LAST_DRAW = day_number(date(9800, 1, 1))
"""Draws from this day on are refused: their due days might lie beyond the last date there is."""

_SAMPLE_MONTH = (2025, 1)
"""Draws of this month, of 31 days, are those a product's cost is checked on when it is read."""


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake in a product file: where it stands, what stands there, what is wrong, what would be right."""

    file: str
    line: int
    """From 1, as is ``column``."""
    column: int
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.value!r} {self.problem}; {self.remedy}"


class ProductError(CreditlineError):
    """A product file with mistakes, of which nothing is used, or a draw that its product does not allow."""

    def __init__(
        self,
        place: str,
        value: object,
        remedy: str,
        problem: str = "is not accepted",
        mistakes: Sequence[Mistake] = (),
    ) -> None:
        """``mistakes`` are all those of a file, of which the others tell the first."""
        super().__init__(place, value, remedy, problem)
        self.mistakes = tuple(mistakes)

    @classmethod
    def of(cls, mistakes: Sequence[Mistake]) -> ProductError:
        """The error that tells all mistakes of one file, in the order they stand there."""
        ordered = sorted(set(mistakes))
        first = ordered[0]
        return cls(f"{first.file}:{first.line}:{first.column}", first.value, first.remedy, first.problem, ordered)

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes)) or super().__str__()


@dataclass(frozen=True, slots=True)
class Fees:
    """What is paid beside interest."""

    upfront_fraction: int = 0
    """Millionths of the principal, kept back from the money paid out."""
    upfront_amount: int = 0
    """Minor units, kept back likewise; a product has one of the two."""
    instalment: int = 0
    """Minor units, with every instalment."""
    early: int = 0
    """Millionths of the principal repaid early."""


@dataclass(frozen=True, slots=True)
class CostCap:
    """The most that a loan may cost a year, fees and all, to the hundredth of a percent."""

    irr: int
    """Billionths."""
    by: By


@dataclass(frozen=True, slots=True)
class Product:
    """One version of a product, checked. Rates are annual, in billionths; amounts are minor units."""

    name: str
    version: str
    """Content address: SHA-256 of the canonical form, in hex."""
    title: Mapping[str, str] = field(hash=False)
    """By language, ``zh`` and ``en``."""
    currency: str
    utc_offset: int
    """Microseconds ahead of UTC: where its days begin."""
    purposes: tuple[Purpose, ...]
    least: int
    """Least principal of one loan."""
    most: int
    rate: int
    """What a line without a rate of its own pays."""
    rate_from: int
    """Least rate that a line may have of its own."""
    rate_to: int
    per: Literal["year", "day"]
    """How the file states rates."""
    day_count: DayCount
    method: Method
    instalments: tuple[int, ...]
    """Numbers offered, rising; for a loan repaid in one row the number of periods in its term."""
    every: int
    """Months or days in a period."""
    unit: Unit
    due_day: Literal["same", "line"] | int
    """The draw's own day of the month, each line's, or this one."""
    least_first_days: int
    """Days from the draw to the first due day at the least."""
    business: Business
    holidays_until: int
    """Last year whose published holidays count; 0 where due days are not moved."""
    grace_days: int
    rounding: Rounding
    smoothing: bool
    early: Early
    order: tuple[Part, ...]
    penalty_multiple: int
    """Millionths of the loan's rate that unpaid principal bears in all once late: 1.5 times is 1,500,000."""
    penalty_on_instalment: bool
    penalty_after_grace: bool
    fees: Fees
    cap: CostCap | None
    file: str
    """What the file is called when something of it is told."""
    text: str = field(repr=False)
    """The file as written."""

    def terms(
        self,
        principal: int,
        drawn: int,
        instalments: int,
        *,
        rate: int | None = None,
        due_day: int | None = None,
        purpose: str | None = None,
        check_cost: bool = True,
    ) -> Terms:
        """The terms of a loan drawn on a day; raises ProductError for what the product does not allow.

        ``rate`` is the line's own (annual, billionths) and ``due_day`` its day of the month, needed where the product
        leaves that to the line and refused where it does not. A purpose not given is not checked, nor is the cost
        with ``check_cost`` off.
        """
        rate = self.rate if rate is None else rate
        self._allow(principal, drawn, instalments, rate, purpose)
        upfront = self.fees.upfront_amount + divide(principal * self.fees.upfront_fraction, MILLION, self.rounding)
        assert upfront < principal, "no product is read whose fee takes all"
        terms = Terms(
            principal=principal,
            rate=rate,
            drawn=drawn,
            rows=1 if self.method in ONE_ROW else instalments,
            due=self._due(instalments, due_day),
            method=self.method,
            day_count=self.day_count,
            rounding=self.rounding,
            smoothing=self.smoothing,
            grace_days=self.grace_days,
            penalty=Penalty(
                rate=divide(rate * (self.penalty_multiple - MILLION), MILLION, "half_even"),
                on_instalment=self.penalty_on_instalment,
                after_grace=self.penalty_after_grace,
            ),
            order=self.order,
            early=self.early,
            early_fee=self.fees.early,
            upfront_fee=upfront,
            row_fee=self.fees.instalment,
        )
        if check_cost:
            over = _over_cap(self, terms, instalments)
            if over is not None:
                raise self._refusal("cost", *over)
        return terms

    def _allow(self, principal: int, drawn: int, instalments: int, rate: int, purpose: str | None) -> None:
        """Check what can be checked by itself."""
        most = min(self.most, PRINCIPAL_MAX)
        if not self.least <= principal <= most:
            remedy = f"draw {format_minor(self.least)} to {format_minor(most)}"
            what = "is no amount to lend" if principal <= 0 else "is not lent"
            raise self._refusal("principal", format_minor(principal), remedy, what)
        if drawn >= LAST_DRAW:
            that = date_of(min(drawn, day_number(date.max)))
            raise self._refusal("day of the draw", that, "draw before the year 9800", "lies too far off")
        if instalments not in self.instalments:
            offered = ", ".join(map(str, self.instalments))
            raise self._refusal("instalments", instalments, f"offered: {offered}", "are not offered")
        if not self.rate_from <= rate <= self.rate_to:
            remedy = f"give a yearly rate of {rate_text(self.rate_from)} to {rate_text(self.rate_to)}"
            raise self._refusal("rate", rate_text(rate), remedy, "is outside the product's bounds")
        if purpose is not None and purpose not in self.purposes:
            raise self._refusal("purpose", purpose, closest(purpose, self.purposes), "is nothing it lends for")

    def _due(self, instalments: int, due_day: int | None) -> DueRule:
        on = self.due_day if isinstance(self.due_day, int) else None
        if self.due_day == "line":
            if due_day is None or not 1 <= due_day <= 31:
                remedy = "give the line's day of the month, 1 to 31"
                raise self._refusal("due day", "none" if due_day is None else due_day, remedy, "is no due day")
            on = due_day
        elif due_day is not None:
            raise self._refusal("due day", due_day, "leave it out", "cannot be chosen: the product sets it")
        return DueRule(
            every=self.every * (instalments if self.method in ONE_ROW else 1),
            unit=self.unit,
            on=on,
            least=self.least_first_days,
            business=self.business,
            holidays_until=self.holidays_until,
        )

    def _refusal(self, what: str, value: object, remedy: str, problem: str) -> ProductError:
        return ProductError(f"{self.name}, {what}", str(value), remedy, problem)


def check_cost(product: Product) -> None:
    """Refuse a product that offers what costs more than its cap. Raises ProductError that tells each number.

    Every number of instalments is tried with the least and the most principal, at the usual and the highest rate, on
    a draw whose first period is whole. What an odd first period does to the cost is checked on the draw itself.
    """
    from creditline.lending.product_file import offer_mistakes

    mistakes = offer_mistakes(product, offers_over_cap(product))
    if mistakes:
        raise ProductError.of(mistakes)


def offers_over_cap(product: Product) -> Iterator[tuple[int, tuple[str, str, str]]]:
    """The numbers of instalments that cost too much, each with the first cost found, a remedy and what is wrong."""
    if product.cap is None:
        return
    day = product.due_day if isinstance(product.due_day, int) else 15
    drawn = day_number(date(*_SAMPLE_MONTH, day))
    on = day if product.due_day == "line" else None
    tried = sorted(set(product_of((product.least, product.most), (product.rate, product.rate_to))))
    for instalments in product.instalments:
        for principal, rate in tried:
            terms = product.terms(principal, drawn, instalments, rate=rate, due_day=on, check_cost=False)
            over = _over_cap(product, terms, instalments)
            if over is not None:
                yield instalments, over
                break


def _over_cap(product: Product, terms: Terms, instalments: int) -> tuple[str, str, str] | None:
    """Cost, remedy and problem of a loan that costs more than the product's cap; None for one within it."""
    cap = product.cap
    if cap is None:
        return None
    rows = plan(terms)
    proceeds = terms.principal - terms.upfront_fee
    by_months = terms.day_count == "30/360"
    months = terms.due.months if by_months else 0
    first = terms.due.first(terms.drawn) if by_months else (0, 1)
    if within_cap(proceeds, terms.drawn, rows, cap.irr, cap.by, months=months, first=first):
        return None
    cost = _told_cost(proceeds, terms.drawn, rows, cap.by, months, first)
    loan = f"{format_minor(terms.principal)} in {instalments} instalments at {rate_text(terms.rate)}"
    ceiling = f"{percent(_decimal(cap.irr))} % ({cap.by})"
    return cost, "lower the rate or the fees", f"a year is what {loan} cost, over the cap of {ceiling}"


def _told_cost(proceeds: int, drawn: int, rows: Sequence[Row], by: By, months: int, first: tuple[int, int]) -> str:
    try:
        return f"{percent(yearly_cost(proceeds, drawn, rows, by, months=months, first=first))} %"
    except CostError as error:
        return str(error.value)


def rate_text(rate: int) -> str:
    """A rate in billionths as a decimal: 144000000 gives ``0.144``."""
    return f"{_decimal(rate).normalize():f}"


def _decimal(billionths: int) -> Decimal:
    return Decimal(billionths).scaleb(-len(str(BILLION)) + 1)


def shipped_products() -> list[str]:
    """Names of the products that come with the package."""
    folder = resources.files("creditline") / "products"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_product(name: Path | str) -> Product:
    """Read and check a product: a file, or the name of a shipped one. Raises ProductError with all mistakes."""
    path = Path(name)
    if isinstance(name, str) and name in shipped_products():
        text = (resources.files("creditline") / "products" / f"{name}.yaml").read_text(encoding="utf-8")
        return read_product(text, f"{name}.yaml")
    try:
        return read_product(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        remedy = "give a product file or a shipped name: " + ", ".join(shipped_products())
        raise ProductError("product", str(name), remedy, "does not exist") from None
    except (UnicodeDecodeError, OSError):
        raise ProductError("product", str(name), "give a YAML file in UTF-8", "cannot be read") from None


def read_product(text: str, place: str = "product.yaml") -> Product:
    """Read and check a product's text, its cost included. Raises ProductError with all mistakes."""
    from creditline.lending.product_file import declared

    product = declared(text, place)
    check_cost(product)
    return product
