"""Amounts of money: whole minor units (hundredths) inside, exact decimals and text at the edges, never floats."""

from __future__ import annotations

import re
from decimal import Decimal

from creditline.errors import CreditlineError

MINOR_MAX = 10**15
"""Largest amount taken in, in minor units: ten trillion currency units."""

_TEXT = re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")


class MoneyError(CreditlineError):
    """An amount that cannot be taken exactly."""


def parse_minor(value: str | int | Decimal, places: int = 2) -> int:
    """Return an amount of currency units as minor units, exactly: ``"1,234.50"`` gives 123450.

    ``places`` is how many decimals the currency has. Raises MoneyError for floats, text that is no amount, NaN
    and infinity, more decimals than ``places`` (even zeros: they hint at another unit), and beyond MINOR_MAX.
    """
    number = _decimal(value)
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise MoneyError("amount", str(value), "give a finite amount", "is not a number")
    if -exponent > places:
        raise MoneyError("amount", str(value), f"round it to {places} first", f"has more than {places} decimals")
    # Before scaling, so that 1E+999999 is refused without being written out.
    if any(digits) and number.adjusted() + places > 15:
        raise _too_large(value)
    minor = int("".join(map(str, digits))) * 10 ** (exponent + places) if any(digits) else 0
    if minor > MINOR_MAX:
        raise _too_large(value)
    return -minor if sign else minor


def decimal_of(minor: int, places: int = 2) -> Decimal:
    """Return minor units as an exact decimal with ``places`` decimals, whatever the decimal context."""
    digits = tuple(int(digit) for digit in str(abs(minor)))
    return Decimal((int(minor < 0), digits, -places))


def format_minor(minor: int, places: int = 2, *, grouping: bool = False) -> str:
    """Return minor units as text in currency units: 123450 gives ``1234.50``, with ``grouping`` ``1,234.50``."""
    whole, part = divmod(abs(minor), 10**places)
    text = f"{whole:,}" if grouping else str(whole)
    sign = "-" if minor < 0 else ""
    return f"{sign}{text}.{part:0{places}}" if places else f"{sign}{text}"


def _decimal(value: object) -> Decimal:
    """The value as a decimal, read without rounding."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str):
        text = value.strip()
        if _TEXT.fullmatch(text):
            return Decimal(text.replace(",", ""))
        raise MoneyError("amount", value, "write it like 1234.50 or 1,234.50", "is not an amount")
    raise MoneyError("amount", value, "give text, a whole number or a Decimal", f"is a {type(value).__name__}")


def _too_large(value: object) -> MoneyError:
    return MoneyError("amount", str(value), f"at most {format_minor(MINOR_MAX, grouping=True)}", "is too large")
