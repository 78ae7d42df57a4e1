"""From a product file to a Product: every mistake is told at its place, nothing half-valid comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, get_args

from babel.numbers import get_currency_precision, is_currency

from creditline.clock import ClockError, parse_offset
from creditline.facts.parsing import closest
from creditline.lending.calendar import HOLIDAYS_FROM, HOLIDAYS_KNOWN, Business, Unit
from creditline.lending.cost import By
from creditline.lending.product import ALLOCATION, PURPOSES, UNLAWFUL, CostCap, Fees, Mistake, Product, ProductError
from creditline.lending.rounding import Rounding, divide
from creditline.lending.terms import BILLION, MILLION, PRINCIPAL_MAX, DayCount, Early, Method, Part
from creditline.money import MoneyError, format_minor, parse_minor
from creditline.policy.reading import content_address
from creditline.policy.source import Path, PolicyErrors, Problem, Source

INSTALMENTS_MAX = 600
NUMBERS_MAX = 60
"""How many numbers of instalments one product may offer."""
RATE_MAX = 10 * BILLION
MULTIPLE_MAX = 10
GRACE_MAX = 180
TERM_YEARS = 100
LANGUAGES = {"zh": "Chinese", "en": "English"}

_TOP = {
    "product", "title", "currency", "utc_offset", "purposes", "principal", "pricing", "day_count", "method",
    "instalments", "every", "due_day", "least_first_days", "business_days", "holidays_until", "grace_days", "rounding",
    "smoothing", "early", "allocation", "penalty", "fees", "cost_cap",
}  # fmt: skip
_NEEDED = ("product", "title", "purposes", "principal", "pricing", "day_count", "method", "instalments", "every")
_PERIODS: Mapping[str, tuple[Unit, int, int]] = {
    "months": ("months", 1, 120),
    "weeks": ("days", 7, 520),
    "days": ("days", 1, 3_650),
}
"""Unit, how many of it, and the most that may be given."""
_PRICED_BY_THE_DAY: Mapping[DayCount, int] = {"act/360": 360, "act/365": 365}
_SPREADING: tuple[Method, ...] = ("equal_instalment", "equal_principal")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_QUOTED = re.compile(r"'([^']*)' (.*)")


def declared(text: str, file: str) -> Product:
    """The product a text declares, its cost not yet checked. Raises ProductError with all mistakes."""
    return _Reading(_source(text, file)).product()


def offer_mistakes(product: Product, offers: Iterable[tuple[int, tuple[str, str, str]]]) -> list[Mistake]:
    """What is wrong with numbers of instalments, each where it stands in the product's file."""
    found = []
    reading: _Reading | None = None
    for instalments, (value, remedy, problem) in offers:
        reading = reading or _Reading(_source(product.text, product.file))
        at = list(reading.root["instalments"]).index(instalments)
        found.append(reading.mistake(("instalments", at), value, problem, remedy))
    return found


def _source(text: str, file: str) -> Source:
    try:
        return Source(text, file)
    except PolicyErrors as error:
        raise ProductError.of([_from_problem(each, text) for each in error.problems]) from None


def _from_problem(problem: Problem, text: str) -> Mistake:
    """A problem of the YAML itself, whose message may begin with its value."""
    quoted, remedy = _QUOTED.fullmatch(problem.message), problem.suggestion
    if quoted:
        value, what = quoted.groups()
    elif problem.message == "the file is empty":
        value, what, remedy = problem.file, "is empty", "copy a shipped product and change it"
    else:
        lines = text.splitlines()
        value, what = lines[min(problem.line, len(lines)) - 1].strip(), f"is {problem.message}"
    return Mistake(problem.file, problem.line, problem.column, value, what, remedy)


class _Reading:
    """One reading of one file; mistakes are gathered."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.mistakes = [_from_problem(problem, source.text) for problem in source.problems]
        self.root = self._mapping(source.root, (), _TOP, _NEEDED)

    def product(self) -> Product:
        """The product; raises ProductError with all mistakes."""
        # The first choice stands in for a mistake.
        day_count: DayCount = self._choice(self.root, "day_count", (), get_args(DayCount))
        method: Method = self._choice(self.root, "method", (), get_args(Method))
        least, most = self._principal()
        per, rate, rate_from, rate_to = self._pricing(day_count)
        every, unit = self._every()
        instalments = self._instalments(every, unit)
        rounding: Rounding = self._choice(self.root, "rounding", (), get_args(Rounding))
        fees = self._fees(method, least, rounding)
        grace_days = self._whole("grace_days", 0, GRACE_MAX, 0, "give days")
        multiple, on_instalment, after_grace = self._penalty()
        cap = self._cap()
        due_day = self._due_day(unit)
        business: Business = self._choice(self.root, "business_days", (), get_args(Business))
        product = Product(
            name=self._name(),
            version=self._version(),
            title=self._title(),
            currency=self._currency(),
            utc_offset=self._offset(),
            purposes=self._purposes(),
            least=least,
            most=most,
            rate=rate,
            rate_from=rate_from,
            rate_to=rate_to,
            per=per,
            day_count=day_count,
            method=method,
            instalments=instalments,
            every=every,
            unit=unit,
            due_day=due_day,
            least_first_days=self._least_first_days(due_day),
            business=business,
            holidays_until=self._holidays_until(business),
            grace_days=grace_days,
            rounding=rounding,
            smoothing=self._smoothing(method),
            early=self._early(method),
            order=self._allocation(),
            penalty_multiple=multiple,
            penalty_on_instalment=on_instalment,
            penalty_after_grace=after_grace,
            fees=fees,
            cap=cap,
            file=self.source.file,
            text=self.source.text,
        )
        if self.mistakes:
            raise ProductError.of(self.mistakes)
        return product

    # -- telling ------------------------------------------------------------------------------------

    def mistake(self, path: Path, value: object, problem: str, remedy: str, *, key: bool = False) -> Mistake:
        """A mistake at a path, or at its key; at what encloses it where the path is not in the file."""
        at = self.source.problem(path, problem, key=key)
        return Mistake(at.file, at.line, at.column, _shown(value), problem, remedy)

    def _say(self, path: Path, value: object, problem: str, remedy: str, *, key: bool = False) -> None:
        self.mistakes.append(self.mistake(path, value, problem, remedy, key=key))

    def _meaningless(self, key: str, why: str) -> None:
        self._say((key,), key, f"means nothing with {why}", "leave it out", key=True)

    # -- kinds of values ----------------------------------------------------------------------------

    def _mapping(self, value: object, path: Path, known: Iterable[str], needed: Sequence[str] = ()) -> dict[str, Any]:
        if not isinstance(value, dict):
            example = ", ".join(f"{key}: .." for key in (needed or sorted(known))[:2])
            self._say(path, value, "has no keys", f"write {path[-1]}: {{{example}}}" if path else f"write {example}")
            return {}
        for key in value:
            if key not in known:
                self._say((*path, key), key, "is an unknown key", closest(key, sorted(known)), key=True)
        for key in needed:
            if key not in value:
                self._say(path, key, "is missing", f"add {key}:")
        return value

    def _part(self, key: str, known: Iterable[str], needed: Sequence[str] = ()) -> dict[str, Any]:
        """A mapping under a top key; empty where the key is not given."""
        return self._mapping(self.root[key], (key,), known, needed) if key in self.root else {}

    def _list(self, key: str, remedy: str) -> list[Any]:
        value = self.root.get(key, [])
        if isinstance(value, list) and (value or key not in self.root):
            return value
        self._say((key,), value, "is an empty list" if value == [] else "is no list", remedy)
        return []

    def _choice(self, where: Mapping[str, Any], key: str, path: Path, choices: Sequence[str]) -> Any:
        """One of some words, the first where it is not given or is a mistake."""
        value = where.get(key, choices[0])
        if value in choices:
            return value
        self._say((*path, key), value, f"is not one of the choices for {key}", closest(_shown(value), choices))
        return choices[0]

    def _flag(self, key: str, default: bool) -> bool:
        value = self.root.get(key, default)
        if not isinstance(value, bool):
            self._say((key,), value, "is neither yes nor no", "write true or false")
        return value is True

    def _whole(self, key: str, least: int, most: int, default: int, remedy: str) -> int:
        value = self.root.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self._say(
            (key,),
            value,
            "is out of range" if isinstance(value, int) else "is no whole number",
            f"{remedy}, {least} to {most}",
        )
        return default

    def _scaled(self, where: Mapping[str, Any], key: str, path: Path, places: int, remedy: str) -> int | None:
        """A number, 0 or more, times 10 to the places, exactly; None where there is none or it is a mistake."""
        if key not in where:
            return None
        value, here = where[key], (*path, key)
        number = _number(value)
        scaled = None if number is None else _shifted(number, places)
        if number is None:
            self._say(here, value, "is no plain number", remedy)
        elif number < 0:
            self._say(here, value, "is negative", remedy)
        elif scaled is None:
            self._say(here, value, f"has more than {places} decimals", "round it")
        else:
            return scaled
        return None

    def _fraction(self, where: Mapping[str, Any], key: str, path: Path) -> int:
        """A part of the principal in millionths, less than all of it."""
        scaled = self._scaled(where, key, path, 6, "write 0.01 for 1 %") or 0
        if scaled >= MILLION:
            self._say((*path, key), where[key], "is all of the principal or more", "write 0.01 for 1 %")
            return 0
        return scaled

    def _money(self, where: Mapping[str, Any], key: str, path: Path, default: int) -> int:
        """An amount from 0 to PRINCIPAL_MAX in minor units."""
        if key not in where:
            return default
        value, here = where[key], (*path, key)
        try:
            amount = parse_minor(value if value is not None else "")
        except MoneyError as error:
            self._say(here, value, error.problem, error.remedy)
            return default
        if 0 <= amount <= PRINCIPAL_MAX:
            return amount
        self._say(
            here, value, "is negative" if amount < 0 else "is too large", f"give 0 to {format_minor(PRINCIPAL_MAX)}"
        )
        return default

    # -- parts of a product -------------------------------------------------------------------------

    def _version(self) -> str:
        try:
            return content_address(self.source.root)
        except UnicodeEncodeError as error:
            half = error.object[error.start : error.end]
            self._say((), half, "is half a character, escaped", "write the character itself")
            return ""

    def _name(self) -> str:
        name = self.root.get("product", "x")
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,63}", name):
            self._say(("product",), name, "cannot name a product", "use small letters, digits and -")
        return str(name)

    def _title(self) -> Mapping[str, str]:
        title = self._part("title", LANGUAGES)
        for language, name in LANGUAGES.items():
            if "title" in self.root and not str(title.get(language) or "").strip():
                self._say(("title",), language, f"is missing: the {name} title", f"add {language}: to title")
        return {language: str(title.get(language)) for language in LANGUAGES}

    def _currency(self) -> str:
        currency = str(self.root.get("currency", "CNY"))
        if not is_currency(currency):
            self._say(("currency",), currency, "is no currency", "write its code, for example CNY")
        elif (places := get_currency_precision(currency)) != 2:
            remedy = "lend in a currency with 2, for example CNY"
            self._say(("currency",), currency, f"has {places} decimals; amounts here have 2", remedy)
        return currency

    def _offset(self) -> int:
        text = str(self.root.get("utc_offset", "+08:00"))
        try:
            return parse_offset(text)
        except ClockError as error:
            self._say(("utc_offset",), text, "is not an offset from UTC", error.remedy)
            return 0

    def _purposes(self) -> tuple[Any, ...]:
        found: list[str] = []
        for at, purpose in enumerate(self._list("purposes", "list what it lends for, for example [daily, travel]")):
            if purpose in UNLAWFUL:
                self._say(("purposes", at), purpose, "is nothing a loan may be given for", "leave it out")
            elif purpose not in PURPOSES:
                self._say(("purposes", at), purpose, "is an unknown purpose", closest(_shown(purpose), PURPOSES))
            elif purpose in found:
                self._say(("purposes", at), purpose, "stands here twice", "keep one")
            found.append(purpose)
        return tuple(found)

    def _principal(self) -> tuple[int, int]:
        bounds = self._part("principal", ("least", "most"), ("least", "most"))
        path: Path = ("principal",)
        least, most = (
            self._money(bounds, key, path, default) for key, default in (("least", 1), ("most", PRINCIPAL_MAX))
        )
        if least < 1:
            self._say((*path, "least"), bounds["least"], "is no amount to lend", "give 0.01 or more")
        if most < least:
            self._say((*path, "most"), bounds["most"], "is less than the least principal", "give at least as much")
        return max(least, 1), most

    def _pricing(self, day_count: DayCount) -> tuple[Literal["year", "day"], int, int, int]:
        """How rates are stated, and the usual, least and highest annual rate."""
        path: Path = ("pricing",)
        pricing = self._part("pricing", ("per", "rate", "from", "to"), ("per", "rate"))
        per = self._choice(pricing, "per", path, ("year", "day"))
        if per == "day" and day_count not in _PRICED_BY_THE_DAY:
            remedy = "use act/365 or act/360, or price it by the year"
            self._say(("day_count",), day_count, "cannot be priced by the day", remedy)
        days = _PRICED_BY_THE_DAY.get(day_count, 365) if per == "day" else 1
        rate, lower, upper = (self._rate(pricing, key, days) for key in ("rate", "from", "to"))
        if rate is None:
            return per, 0, 0, 0
        if lower is not None and lower > rate:
            self._say(
                (*path, "from"), pricing["from"], "is more than the usual rate", f"give at most {pricing['rate']}"
            )
        if upper is not None and upper < rate:
            self._say((*path, "to"), pricing["to"], "is less than the usual rate", f"give at least {pricing['rate']}")
        return per, rate, rate if lower is None else lower, rate if upper is None else upper

    def _rate(self, pricing: Mapping[str, Any], key: str, days: int) -> int | None:
        """A rate as an annual one, in billionths."""
        remedy = "write 0.0004 for 0.04 % a day" if days > 1 else "write 0.144 for 14.4 % a year"
        scaled = self._scaled(pricing, key, ("pricing",), 9, remedy)
        if scaled is not None and scaled * days > RATE_MAX:
            self._say(("pricing", key), pricing[key], "is more than 1000 % a year", remedy)
            return None
        return None if scaled is None else scaled * days

    def _every(self) -> tuple[int, Unit]:
        """How much of which unit a period has."""
        every = self._part("every", _PERIODS)
        known = [key for key in every if key in _PERIODS]
        if len(known) != 1:
            if "every" in self.root and (known or not every):
                self._say(("every",), every, "does not say one length of a period", "write every: {months: 1}")
            return 1, "months"
        unit, times, most = _PERIODS[known[0]]
        count = every[known[0]]
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= most:
            self._say(("every", known[0]), count, f"is no number of {known[0]} in a period", f"give 1 to {most}")
            return 1, unit
        return count * times, unit

    def _instalments(self, every: int, unit: Unit) -> tuple[int, ...]:
        listed = self._list("instalments", "list the numbers offered, for example [3, 6, 12]")
        if len(listed) > NUMBERS_MAX:
            self._say(
                ("instalments",), len(listed), "numbers of instalments are too many", f"offer at most {NUMBERS_MAX}"
            )
        longest = TERM_YEARS * 12 if unit == "months" else TERM_YEARS * 365
        found: list[int] = []
        for at, number in enumerate(listed):
            path: Path = ("instalments", at)
            if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= INSTALMENTS_MAX:
                self._say(path, number, "is no number of instalments", f"give 1 to {INSTALMENTS_MAX}")
            elif number in found:
                self._say(path, number, "stands here twice", "keep one")
            elif number * every > longest:
                remedy = f"give at most {longest // every}"
                self._say(path, number, f"instalments take more than {TERM_YEARS} years", remedy)
            else:
                found.append(number)
        return tuple(sorted(found))

    def _due_day(self, unit: Unit) -> Any:
        value = self.root.get("due_day", "same")
        if value != "same" and unit == "days":
            self._meaningless("due_day", "periods of days or weeks")
            return "same"
        if value == {"line": True}:
            return "line"
        if value == "same" or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 31):
            return value
        remedy = "write same, a day of the month from 1 to 31, or {line: true}"
        self._say(("due_day",), value, "is no due day", remedy)
        return 1

    def _least_first_days(self, due_day: object) -> int:
        least = self._whole("least_first_days", 0, 366, 0, "give days")
        if least and due_day == "same":
            self._meaningless("least_first_days", "due_day: same")
            return 0
        return least

    def _holidays_until(self, business: Business) -> int:
        if business == "none":
            if "holidays_until" in self.root and self.root.get("business_days", "none") == "none":
                self._meaningless("holidays_until", "business_days: none")
            return 0
        if "holidays_until" not in self.root:
            remedy = f"add holidays_until: {HOLIDAYS_KNOWN}"
            self._say(("business_days",), "holidays_until", "is missing: business days need it", remedy)
            return HOLIDAYS_KNOWN
        remedy = "give a year whose holidays are published"
        return self._whole("holidays_until", HOLIDAYS_FROM, HOLIDAYS_KNOWN, HOLIDAYS_KNOWN, remedy)

    def _smoothing(self, method: Method) -> bool:
        if method != "equal_instalment":
            if "smoothing" in self.root:
                self._meaningless("smoothing", f"method: {method}")
            return False
        return self._flag("smoothing", True)

    def _early(self, method: Method) -> Early:
        if "early" in self.root and method not in _SPREADING:
            self._meaningless("early", f"method: {method}")
        early: Early = self._choice(self.root, "early", (), ("fewer", "next", "smaller"))
        return early

    def _allocation(self) -> tuple[Part, ...]:
        if "allocation" not in self.root:
            return ALLOCATION
        listed = self._list("allocation", f"write [{', '.join(ALLOCATION)}] in the order they are paid")
        if listed and sorted(map(str, listed)) != sorted(ALLOCATION):
            missing = ", ".join(part for part in ALLOCATION if part not in listed)
            unknown = [(at, part) for at, part in enumerate(listed) if part not in ALLOCATION or part in listed[:at]]
            for at, part in unknown:
                twice = part in ALLOCATION
                self._say(
                    ("allocation", at),
                    part,
                    "stands here twice" if twice else "is no part of an instalment",
                    "keep one" if twice else closest(_shown(part), ALLOCATION),
                )
            if missing and not unknown:
                self._say(("allocation",), listed, "does not name every part once", f"add {missing}")
        return tuple(listed)

    def _penalty(self) -> tuple[int, bool, bool]:
        """The multiple in millionths, whether interest bears it too, and whether it waits for the end of grace."""
        path: Path = ("penalty",)
        penalty = self._part("penalty", ("multiple", "on", "from"), ("multiple",))
        remedy = f"give 1 to {MULTIPLE_MAX}; 1.5 lets what is late bear one and a half times the rate"
        multiple = self._scaled(penalty, "multiple", path, 6, remedy)
        if multiple is not None and not MILLION <= multiple <= MULTIPLE_MAX * MILLION:
            self._say((*path, "multiple"), penalty["multiple"], "is no multiple of the rate", remedy)
        on = self._choice(penalty, "on", path, ("principal", "instalment"))
        start = self._choice(penalty, "from", path, ("due_day", "grace_end"))
        return multiple or MILLION, on == "instalment", start == "grace_end"

    def _fees(self, method: Method, least: int, rounding: Rounding) -> Fees:
        path: Path = ("fees",)
        fees = self._part("fees", ("upfront", "instalment", "early"))
        fraction, amount = self._upfront(fees, (*path, "upfront"))
        # What leaves something of the least principal leaves something of every other.
        kept_back = amount + divide(least * fraction, MILLION, rounding)
        if kept_back >= least:
            what = f"keeps back {format_minor(kept_back)} of the least principal, {format_minor(least)}"
            self._say((*path, "upfront"), fees["upfront"], what, "lower it, or raise principal.least")
        if "early" in fees and method == "any_day":
            why = "means nothing with method: any_day, which may be repaid on any day without a fee"
            self._say((*path, "early"), "early", why, "leave it out", key=True)
        return Fees(
            upfront_fraction=fraction,
            upfront_amount=amount,
            instalment=self._money(fees, "instalment", path, 0),
            early=self._fraction(fees, "early", path),
        )

    def _upfront(self, fees: Mapping[str, Any], path: Path) -> tuple[int, int]:
        if "upfront" not in fees:
            return 0, 0
        upfront = self._mapping(fees["upfront"], path, ("fraction", "amount"))
        if len(upfront) > 1:
            self._say(path, upfront, "says two fees", "give either a fraction or an amount")
        return self._fraction(upfront, "fraction", path), self._money(upfront, "amount", path, 0)

    def _cap(self) -> CostCap | None:
        if "cost_cap" not in self.root:
            return None
        path: Path = ("cost_cap",)
        cap = self._part("cost_cap", ("irr", "by"), ("irr", "by"))
        remedy = "write 0.24 for 24 % a year"
        irr = self._scaled(cap, "irr", path, 9, remedy)
        if irr is not None and irr > RATE_MAX:
            self._say((*path, "irr"), cap["irr"], "is more than 1000 % a year", remedy)
        return CostCap(irr or 0, self._choice(cap, "by", path, get_args(By)))


def _number(value: object) -> Decimal | None:
    """A number as written, exactly; None for what is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def _shifted(number: Decimal, places: int) -> int | None:
    """A number, not negative, times 10 to the places; None where that is not whole."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    shift = exponent + places
    if not any(digits):
        return 0
    # Far beyond every bound; not written out.
    if shift > 40:
        return 10**40
    if shift >= 0:
        return int("".join(map(str, digits)) + "0" * shift)
    if any(digits[shift:]):
        return None
    return int("".join(map(str, digits[:shift])))


def _shown(value: object) -> str:
    """A value as the file has it, cut off where it is long."""
    if value is None or value == "":
        text = "nothing"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {_shown(each)}" for key, each in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(map(_shown, value)) + "]"
    else:
        text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
