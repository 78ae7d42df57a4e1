"""What facts, their values and the bins of a card are called to people, in Chinese and English.

A fact's words are those given with it (the ``words:`` of a policy, or a file beside a card); else those of the
catalogue for facts of common names (``facts.<name>``); else its name. Values are told as people write them: shares in
per cent, amounts with their currency, days as days. A rounded value is never told as one of another bin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Final

import yaml

from creditline.errors import CreditlineError
from creditline.facts.expressions import Type
from creditline.i18n import LANGUAGES, Language, catalogue, text
from creditline.money import decimal_of

Words = Mapping[str, Mapping[str, str]]
"""By name of fact and language what it is called."""

Value = Decimal | str | None
"""What a fact says: a number as people write it, a choice by name (a flag by ``true``, ``false``), None if nothing."""

FLAGS: Final = ("false", "true")

NEVER_NEGATIVE: Final = frozenset({"count", "days", "hours", "months"})
"""Units of facts that are counted, so that below 1 means 0."""

_TOLD_UNITS: Final = frozenset({"days", "hours", "months"})
_SHARES: Final = frozenset({"utilisation", "use", "used", "share", "of"})


@dataclass(frozen=True)
class Kind:
    """What the values of one fact are."""

    unit: str = "number"
    """money, count, days, hours, months, score, ratio, share, number, choice or flag."""
    places: int | None = None
    """Decimal places of the fact's numeric form; None where values are decimal numbers, as in a person's table."""
    choices: tuple[str, ...] = ()
    currency: str = ""

    @staticmethod
    def of(fact: str, kind: Type, unit: str = "", currency: str = "") -> Kind:
        """The kind of a policy's fact; ``unit`` is what it counts in, as ``lines.telling.unit_of`` has it.

        A ratio whose name says it is a share of something (``utilisation``, ``late_share_12m``, ``drawn_of_limit``) is
        told in per cent.
        """
        unit = unit or kind.unit
        if unit == "ratio" and _SHARES & set(fact.split("_")):
            unit = "share"
        choices = FLAGS if kind.unit == "flag" else kind.choices
        return Kind(unit, kind.places, choices, currency)

    @property
    def is_whole(self) -> bool:
        """Whether its numbers have no decimal places."""
        return self.places == 0 and self.unit != "money"

    def value(self, number: int | None) -> Value:
        """The value that a numeric form stands for."""
        if number is None:
            return None
        if self.choices:
            return self.choices[number] if 0 <= number < len(self.choices) else str(number)
        return decimal_of(number, self.places or 0)


@dataclass(frozen=True)
class Span:
    """The values of one place of a card: nothing, choices or special values, or numbers from ``low`` to ``high``."""

    low: Decimal | None = None
    high: Decimal | None = None
    """Not included."""
    choices: tuple[str, ...] | None = None
    missing: bool = False
    other: bool = False
    """Every choice no other place holds."""
    reachable: bool = True
    """Whether a fact of this kind ever takes such a value."""

    def holds(self, number: Decimal) -> bool:
        """Whether a number lies in it."""
        ordinary = self.choices is None and not self.missing and not self.other
        return ordinary and (self.low is None or number >= self.low) and (self.high is None or number < self.high)


def joined(spans: Sequence[Span]) -> Span:
    """One span for several: numbers next to each other in order, or choices."""
    if spans[0].choices is None:
        return Span(spans[0].low, spans[-1].high)
    return Span(choices=tuple(choice for span in spans for choice in span.choices or ()))


def words_of(fact: str, lang: Language, words: Words | None = None, *, common: bool = True) -> str:
    """What a fact is called: the words given, else the catalogue's (if ``common``), else its name with spaces."""
    given = (words or {}).get(fact, {}).get(lang)
    if given:
        return given
    known = catalogue(lang).get(f"facts.{fact}") if common else None
    return known or fact.replace("_", " ")


def value_in_words(value: Value, kind: Kind, lang: Language, span: Span | None = None) -> str:
    """A value as people write it; rounded, if it is long, but to nothing outside ``span``."""
    if value is None:
        return text("explain.no_record", lang)
    if isinstance(value, str):
        return _choice(value, kind, lang)
    return _with_unit(value, _rounded(value, kind, span), kind, lang)


def bin_in_words(span: Span, kind: Kind, lang: Language) -> str:
    """The values of a place: ``below 30%``, ``3 to 5 days``, ``employed, retired``, ``no record``."""
    if span.missing:
        return text("explain.no_record", lang)
    if span.other:
        return text("explain.any_other", lang)
    if span.choices is not None:
        return text("explain.comma", lang).join(_choice(choice, kind, lang) for choice in span.choices)
    low, high = (each if each is None or kind.places is not None else _short(each) for each in (span.low, span.high))
    if high is not None and kind.is_whole:
        first = Decimal(0) if low is None and high == 1 and kind.unit in NEVER_NEGATIVE else low
        if first is not None and high - first == 1:
            return _exact(first, kind, lang)
        if low is not None:
            return text("explain.to", lang, low=_number(low, kind), high=_exact(high - 1, kind, lang))
    if low is not None and high is not None:
        if kind.places is not None and high - low == Decimal(1).scaleb(-kind.places):
            return _exact(low, kind, lang)
        return text("explain.between", lang, low=_number(low, kind), high=_exact(high, kind, lang))
    if low is not None:
        return text("explain.from", lang, low=_exact(low, kind, lang))
    return text("explain.any", lang) if high is None else text("explain.below", lang, high=_exact(high, kind, lang))


def read_words(path: Path) -> dict[str, dict[str, str]]:
    """Words for facts from a YAML file: ``name: {zh: .., en: ..}``, or one text for both languages.

    Raises CreditlineError for a file that cannot be read or says anything else.
    """
    remedy = "write lines like  income: {zh: 月收入, en: Monthly income}"
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CreditlineError(str(path), str(error).split("\n")[0], remedy, "cannot be read") from error
    if not isinstance(said, dict):
        raise CreditlineError(str(path), type(said).__name__, remedy, "is no list of names and words")
    read = {}
    for name, given in said.items():
        each = dict.fromkeys(LANGUAGES, given) if isinstance(given, str) else given
        sound = isinstance(each, dict) and each and set(each) <= set(LANGUAGES)
        if not sound or not all(isinstance(one, str) and one.strip() for one in each.values()):
            raise CreditlineError(f"{path}, {name}", given, remedy, "are no words for a fact")
        read[str(name)] = {lang: one.strip() for lang, one in each.items()}
    return read


def _choice(name: str, kind: Kind, lang: Language) -> str:
    if kind.unit == "flag" and name in FLAGS:
        return text("common.yes" if name == "true" else "common.no", lang)
    if not kind.choices:  # as it stands in a person's table
        return name
    return catalogue(lang).get(f"choices.{name}") or name.replace("_", " ")


def _exact(number: Decimal, kind: Kind, lang: Language) -> str:
    return _with_unit(number, number, kind, lang)


def _with_unit(number: Decimal, shown: Decimal, kind: Kind, lang: Language) -> str:
    said = _number(shown, kind)
    if kind.unit == "money" and kind.currency:
        return text("explain.amount", lang, value=said, currency=kind.currency)
    if kind.unit in _TOLD_UNITS:
        unit = "one" if number == 1 else "many"
        return text(f"explain.{kind.unit}_{unit}", lang, value=said)
    return said


def _number(number: Decimal, kind: Kind) -> str:
    """Plain figures with grouped thousands, shares in per cent; no digit is dropped but zeros at the end."""
    whole, _, part = f"{number * 100 if kind.unit == 'share' else number:,f}".partition(".")
    part = part.rstrip("0")
    if kind.unit == "money" and part:
        part = part.ljust(2, "0")
    return (f"{whole}.{part}" if part else whole) + ("%" if kind.unit == "share" else "")


def _short(limit: Decimal) -> Decimal:
    """A limit found in a person's table, to six digits: more would only be noise."""
    return limit.quantize(Decimal(1).scaleb(limit.adjusted() - 5)) if abs(limit) < 10**15 else limit


def _rounded(number: Decimal, kind: Kind, span: Span | None) -> Decimal:
    """The number with few digits that is not 0 and lies where the number itself lies."""
    if kind.is_whole or kind.unit == "money":
        return number
    for digits in range(3 if kind.unit == "share" else 2, 12):
        near = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN) if abs(number) < 10**15 else number
        if (near or not number) and (span is None or not span.holds(number) or span.holds(near)):
            return near
    return number


__all__ = [
    "FLAGS", "NEVER_NEGATIVE", "Kind", "Span", "Value", "Words", "bin_in_words", "joined", "read_words",
    "value_in_words", "words_of",
]  # fmt: skip
