"""Every fact of a card with its places and points: a bar for each place, a heat table for each pair of facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

from creditline.i18n import Language, text
from creditline.reports.tables import percent
from creditline.scoring.card import Axis, Card, Term
from creditline.scoring.table import number_of

Words = Callable[[str, Language], str]
"""What a fact is called to people."""

HEATS: Final = 4
"""Shades of a heat table to either side of nothing."""


class Place(NamedTuple):
    """One place of a fact: its points, the bar that shows them, and who is in it."""

    label: str
    points: str
    start: float
    """Where the bar begins, in percent of the width."""
    width: float
    minus: bool
    rows: str
    bad: str


class Heat(NamedTuple):
    """One cell of a pair's table."""

    points: str
    shade: str
    """Class of the shade: ``h-4`` .. ``h4``."""


@dataclass(frozen=True)
class Shown:
    """One term of a card as the page shows it."""

    title: str
    names: str
    """Names of the facts where the title has other words, else empty."""
    span: str
    caption: str
    places: tuple[Place, ...] = ()
    counted: bool = False
    """Whether the shares of rows are known."""
    columns: tuple[str, ...] = ()
    heat: tuple[tuple[str, tuple[Heat, ...]], ...] = ()


def signed(points: int) -> str:
    """Points with their sign, a true minus."""
    return f"{points:+,}".replace("-", "−") if points else "0"


def number(value: float, digits: int = 10) -> str:
    """A number as people read it, grouped by thousands: so many digits at most, but all of those before the point."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}".replace("-", "−")
    digits = max(digits, len(f"{abs(value):.0f}")) if abs(value) < 1e15 else digits
    return f"{value:,.{digits}g}".replace("-", "−")


def limits(below: Sequence[float]) -> list[str]:
    """Limits of bins in as few digits as keep them apart."""
    for digits in (4, 6, 8):
        said = [number(each, digits) for each in below]
        if len(set(said)) == len(said):
            return said
    return [number(each, 17) for each in below]


def by_weight(card: Card) -> list[Term]:
    """The terms, those that can move the score the most first."""
    return sorted(card.terms, key=lambda term: (min(term.points) - max(term.points), len(term.axes), term.facts))


def title_of(term: Term, words: Words, lang: Language) -> str:
    """The facts of a term in words."""
    return " × ".join(words(fact, lang) for fact in term.facts)


def shown(card: Card, words: Words, lang: Language) -> list[Shown]:
    """Every term of the card, the weightiest first."""
    return [_shown(term, card, words, lang) for term in by_weight(card)]


def _shown(term: Term, card: Card, words: Words, lang: Language) -> Shown:
    title, names = title_of(term, words, lang), " × ".join(term.facts)
    span = text("cardreport.span", lang, low=signed(min(term.points)), high=signed(max(term.points)))
    caption = text("cardreport.places_of", lang, fact=title)
    about = (title, "" if title == names else names, span, caption)
    if len(term.axes) == 1:
        counts = _counts(card, term)
        return Shown(*about, places=_places(term, card, counts, lang), counted=counts is not None)
    first, second = term.axes
    most = max(map(abs, term.points)) or 1
    rows = zip(labels(first, card, lang), range(0, len(term.points), second.size), strict=True)
    heat = tuple(
        (label, tuple(_heat(points, most) for points in term.points[start : start + second.size]))
        for label, start in rows
    )
    return Shown(*about, columns=tuple(labels(second, card, lang)), heat=heat)


def labels(axis: Axis, card: Card, lang: Language) -> list[str]:
    """The places of an axis in its own order, in words."""
    missing = text("cardreport.missing", lang)
    if axis.choices is not None:
        comma = text("cardreport.comma", lang)
        return [missing, *(comma.join(group) for group in axis.choices), text("cardreport.other", lang)]
    said = limits(axis.below)
    bins = [text("cardreport.any", lang)]
    if said:
        bins = [text("cardreport.under", lang, limit=said[0])]
        bins += [text("cardreport.between", lang, low=low, high=high) for low, high in pairwise(said)]
        bins.append(text("cardreport.from", lang, limit=said[-1]))
    special = [special_told(card.special_text(code), lang) for code in axis.special]
    return [missing, *bins, *special]


def special_told(said: object, lang: Language) -> str:
    """A special value, given as its number or its word."""
    value = said if isinstance(said, int | float) else number_of(str(said))
    return text("cardreport.special", lang, value=said if value is None else number(value))


def _counts(card: Card, term: Term) -> tuple[Sequence[int], Sequence[int], int] | None:
    """Rows and bad rows of training in each place, and all rows; None where the card holds no such counts."""
    profile: Any = card.training.get("profile")
    if not isinstance(profile, Mapping):
        return None
    try:
        counted = profile["facts"][term.facts[0]]
        rows, bad, every = counted["rows"], counted["bad"], profile["rows"]
    except (KeyError, TypeError):
        return None
    return (rows, bad, every) if len(rows) == len(bad) == len(term.points) and every else None


def _places(
    term: Term, card: Card, counts: tuple[Sequence[int], Sequence[int], int] | None, lang: Language
) -> tuple[Place, ...]:
    """Bars to the left and to the right of nothing, on one scale for the fact."""
    low, high = min(0, *term.points), max(0, *term.points)
    width = (high - low) or 1
    zero = -low / width * 100
    told = []
    for at, label in enumerate(labels(term.axes[0], card, lang)):
        points = term.points[at]
        long = abs(points) / width * 100
        start = zero - long if points < 0 else zero
        rows = bad = ""
        if counts is not None:
            there, of_them = counts[0][at], counts[1][at]
            rows, bad = percent(there / counts[2]), percent(of_them / there if there else None)
        told.append(Place(label, signed(points), round(start, 1), round(long, 1), points < 0, rows, bad))
    return tuple(told)


def _heat(points: int, most: int) -> Heat:
    shade = -(-abs(points) * HEATS // most)
    return Heat(signed(points), f"h{'-' if points < 0 else ''}{shade}")


def decimal(value: float, places: int = 1) -> str:
    """A difference with its sign, a true minus, and none for nothing."""
    said = f"{value:+.{places}f}"
    return (said if float(said) else said[1:]).replace("-", "−")


__all__ = [
    "HEATS", "Heat", "Place", "Shown", "Words", "by_weight", "decimal", "labels", "limits", "number", "shown", "signed",
    "special_told", "title_of",
]  # fmt: skip
