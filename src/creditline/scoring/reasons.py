"""What a score is made of, and the principal reasons that it is not higher.

The same for a policy's card over the facts of a line (``of_line``) and for a trained card over a row of a table
(``of_row``). Every term of the card gives points and costs what the best it can give lies above them; points and base
add up to the score, costs to the distance from the best score.

A reason is a fact, not a term. Near-twins are one reason, by these rules:

- a term of two facts counts with that one of them whose own term costs more; at equal cost with the first by name;
- facts that are called the same, in every language, count together, under the one whose terms cost the most.

The cost of terms that count with one fact is what they together can give at best above what they give: no more than
their costs added, since what is best for one may not be for another. Reasons stand in order of cost, the highest first,
then by name; what costs nothing is none. With each stands what value would give more: the nearest better one and the
best, all else as it is, so that the gain is exactly what the score would rise by. A better value is one people have:
neither "no record" nor a special code is offered, unless nothing else is better than what there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any, Final

from creditline.i18n import LANGUAGES, Language, text
from creditline.scoring.scored import Place, Scored, Term, of_line, of_row
from creditline.scoring.words import (
    Kind,
    Span,
    Value,
    Words,
    bin_in_words,
    joined,
    read_words,
    value_in_words,
    words_of,
)

REASONS_MOST: Final = 4
"""Principal reasons a score has at most."""

OTHERS_MOST: Final = 3
"""Facts named at most beside that of a reason."""


@dataclass(frozen=True)
class Said:
    """One fact of what is scored."""

    fact: str
    value: Value
    span: Span
    """The bin of the term it is told with."""


@dataclass(frozen=True)
class Share:
    """A term's part in the score."""

    facts: tuple[Said, ...]
    points: int
    best: int
    """The most it can give to any value people have."""

    @property
    def cost(self) -> int:
        """What its best lies above its points."""
        return self.best - self.points


@dataclass(frozen=True)
class Better:
    """Values that would give more points, and how many more at least, all else as it is."""

    span: Span
    gain: int


@dataclass(frozen=True)
class Reason:
    """One principal reason."""

    said: Said
    cost: int
    beside: tuple[str, ...]
    """Other facts whose points are in the cost, those of the costliest terms first."""
    next: Better | None
    """The nearest better value; None where it is the best, or where values have no order."""
    best: Better | None
    """The best value; None where none is better."""


def shares(scored: Scored) -> list[Share]:
    """Every term's part in the score, in the order of the card; with the base their points add up to the score."""
    return [_share(scored, term) for term in scored.terms]


def principal_reasons(scored: Scored, most: int = REASONS_MOST) -> list[Reason]:
    """At most so many principal reasons, by the rules at the head of this module."""
    costs = [share.cost for share in shares(scored)]
    own = {term.facts[0]: cost for term, cost in zip(scored.terms, costs, strict=True) if len(term.facts) == 1}
    led: dict[str, list[Term]] = {}
    for _, term in sorted(enumerate(scored.terms), key=lambda each: -costs[each[0]]):
        led.setdefault(min(term.facts, key=lambda fact: (-own.get(fact, 0), fact)), []).append(term)
    groups: dict[tuple[str, ...], list[str]] = {}
    for fact in sorted(led):
        groups.setdefault(tuple(scored.words_of(fact, lang) for lang in LANGUAGES), []).append(fact)
    found = [_reason(scored, facts, led) for facts in groups.values()]
    return sorted((each for each in found if each.cost > 0), key=lambda each: (-each.cost, each.said.fact))[:most]


def _share(scored: Scored, term: Term) -> Share:
    said = []
    reachable = []
    for axis in term.axes:
        places = scored.places(axis)
        value = scored.values[axis.fact]
        said.append(Said(axis.fact, scored.told(axis.fact, value), places[axis.place(value)].span))
        reachable.append([number for number, place in enumerate(places) if place.span.reachable])
    cells = [sum(place * width for place, width in zip(at, _widths(term), strict=True)) for at in product(*reachable)]
    points = term.points_of(scored.values)
    return Share(tuple(said), points, max(points, *(term.points[cell] for cell in cells)))


def _widths(term: Term) -> tuple[int, ...]:
    """How many cells one place of each axis covers."""
    return (1,) if len(term.axes) == 1 else (term.axes[1].size, 1)


def _reason(scored: Scored, facts: Sequence[str], led: Mapping[str, list[Term]]) -> Reason:
    """The reason that these facts are together, under the one whose terms cost the most."""
    costs = {fact: _cost(scored, fact, led[fact]) for fact in facts}
    first, *rest = sorted(facts, key=lambda fact: (-costs[fact], fact))
    others = [name for fact in (first, *rest) for term in led[fact] for name in term.facts]
    beside = [name for name in dict.fromkeys(others) if name != first]
    axis = scored.finest(first)
    value = scored.values[first]
    told = Said(first, scored.told(first, value), scored.places(axis)[axis.place(value)].span)
    return Reason(told, sum(costs.values()), tuple(beside), *_better(scored, first))


def _cost(scored: Scored, fact: str, terms: Sequence[Term]) -> int:
    """What these terms, which all read the fact, can give together at best above what they give."""
    places = [place for place in scored.places(scored.finest(fact)) if place.span.reachable]
    best = max(sum(_best_with(scored, term, fact, place.example) for term in terms) for place in places)
    return max(0, best - sum(term.points_of(scored.values) for term in terms))


def _best_with(scored: Scored, term: Term, fact: str, value: Any) -> int:
    """The most a term gives with this value of the fact, any other fact in it being free."""
    found = [{**scored.values, fact: value}]
    for axis in term.axes:
        if axis.fact != fact:
            examples = [place.example for place in scored.places(axis) if place.span.reachable]
            found = [{**each, axis.fact: example} for each in found for example in examples]
    return max(term.points_of(each) for each in found)


def _better(scored: Scored, fact: str) -> tuple[Better | None, Better | None]:
    """The nearest better value of a fact and the best, if it is another."""
    terms = [term for term in scored.terms if fact in term.facts]
    axis = scored.finest(fact)
    places = scored.places(axis)
    here = axis.place(scored.values[fact])

    def gain(place: Place) -> int:
        there = {**scored.values, fact: place.example}
        return sum(term.points_of(there) - term.points_of(scored.values) for term in terms)

    gains = [gain(place) if place.span.reachable else 0 for place in places]
    numbers = [n for n, place in enumerate(places) if _is_numbers(place.span) and place.span.reachable]
    people_have = numbers or [n for n, place in enumerate(places) if place.span.choices is not None]
    top = max((gains[n] for n in people_have), default=0)
    if top <= 0:
        return None, _otherwise(places, gains)
    if not numbers:
        return None, Better(joined([places[n].span for n in people_have if gains[n] == top and gains[n] > 0]), top)
    best = _run(numbers, gains, here, top)
    if here not in numbers:
        return None, Better(joined([places[n].span for n in best]), top)
    near = min((n for n in numbers if gains[n] > 0), key=lambda n: (abs(n - here), -gains[n], n))
    beyond = _beyond(numbers, gains, here, near)
    next_ = None if gains[near] == top else Better(joined([places[n].span for n in beyond]), gains[near])
    return next_, Better(joined([places[n].span for n in best]), top)


def _run(numbers: Sequence[int], gains: Sequence[int], here: int, top: int) -> list[int]:
    """Of the neighbouring places that gain the most, those nearest to where the value is."""
    runs: list[list[int]] = []
    for n in numbers:
        if gains[n] == top:
            if runs and runs[-1][-1] == n - 1:
                runs[-1].append(n)
            else:
                runs.append([n])
    return min(runs, key=lambda run: (min(abs(n - here) for n in run), run))


def _beyond(numbers: Sequence[int], gains: Sequence[int], here: int, near: int) -> list[int]:
    """The nearest better place and those after it, away from where the value is, as long as they gain no less."""
    step = 1 if near > here else -1
    found: list[int] = []
    while near in numbers and gains[near] >= gains[found[0] if found else near]:
        found.append(near)
        near += step
    return sorted(found)


def _otherwise(places: Sequence[Place], gains: Sequence[int]) -> Better | None:
    """What is better where no value people have is: no record, another choice, a special value."""
    n = max(range(len(places)), key=lambda place: (gains[place], -place))
    return Better(places[n].span, gains[n]) if gains[n] > 0 else None


def _is_numbers(span: Span) -> bool:
    return span.choices is None and not span.missing and not span.other


# -- in words, and for programs ---------------------------------------------------------------------


def said_of(scored: Scored, said: Said, lang: Language) -> tuple[str, str, str]:
    """A fact's words, its value and its bin in a language."""
    kind = scored.kinds[said.fact]
    value = value_in_words(said.value, kind, lang, said.span)
    return scored.words_of(said.fact, lang), value, bin_in_words(said.span, kind, lang)


def reason_in_words(scored: Scored, reason: Reason, lang: Language) -> str:
    """A principal reason as one or two sentences: the fact, its value, what it costs, what would give more."""
    fact, value, _ = said_of(scored, reason.said, lang)
    told = {"fact": fact, "value": value, "cost": reason.cost}
    others = [name for name in dict.fromkeys(scored.words_of(each, lang) for each in reason.beside) if name != fact]
    if others:
        named = text("explain.comma", lang).join(others[:OTHERS_MOST])
        more = len(others) - OTHERS_MOST
        named = text("explain.and_more", lang, named=named, more=more) if more > 0 else named
        said = text("explain.reason_with", lang, **told, others=named)
    else:
        said = text("explain.reason", lang, **told)
    kind = scored.kinds[reason.said.fact]
    if reason.best is None:
        return text("explain.reason_only", lang, said=said)
    best = bin_in_words(reason.best.span, kind, lang)
    if reason.next is None:
        values = _sentence(best, reason.best.span, kind)
        return text("explain.better", lang, said=said, values=values, gain=reason.best.gain)
    next_ = _sentence(bin_in_words(reason.next.span, kind, lang), reason.next.span, kind)
    gains = {"next_gain": reason.next.gain, "best_gain": reason.best.gain}
    return text("explain.better_and_best", lang, said=said, next=next_, best=best, **gains)


def _sentence(words: str, span: Span, kind: Kind) -> str:
    """Words to begin a sentence with; a choice of a person's table stays as it is written there."""
    return words if span.choices is not None and not kind.choices else words[:1].upper() + words[1:]


def plain_share(scored: Scored, share: Share) -> dict[str, Any]:
    """A term's part in the score as plain data, words in every language."""
    facts = [_plain_said(scored, said) for said in share.facts]
    return {"facts": facts, "points": share.points, "best": share.best, "cost": share.cost}


def plain_reason(scored: Scored, reason: Reason) -> dict[str, Any]:
    """A principal reason as plain data, words in every language."""
    kind = scored.kinds[reason.said.fact]

    def better(found: Better | None) -> dict[str, Any] | None:
        if found is None:
            return None
        return {"values": {lang: bin_in_words(found.span, kind, lang) for lang in LANGUAGES}, "gain": found.gain}

    return {
        **_plain_said(scored, reason.said),
        "cost": reason.cost,
        "with": list(reason.beside),
        "next": better(reason.next),
        "best": better(reason.best),
        "text": {lang: reason_in_words(scored, reason, lang) for lang in LANGUAGES},
    }


def _plain_said(scored: Scored, said: Said) -> dict[str, Any]:
    kind = scored.kinds[said.fact]
    return {
        "fact": said.fact,
        "words": {lang: scored.words_of(said.fact, lang) for lang in LANGUAGES},
        "value": _plain_value(said.value, kind),
        "says": {lang: value_in_words(said.value, kind, lang, said.span) for lang in LANGUAGES},
        "bin": {lang: bin_in_words(said.span, kind, lang) for lang in LANGUAGES},
    }


def _plain_value(value: Value, kind: Kind) -> str | None:
    """The value in plain figures, exactly."""
    if not isinstance(value, Decimal):
        return value
    whole, _, part = f"{value:f}".partition(".")
    part = part.rstrip("0").ljust(2 if kind.unit == "money" else 0, "0")
    return f"{whole}.{part}" if part else whole


__all__ = [
    "REASONS_MOST", "Better", "Kind", "Place", "Reason", "Said", "Scored", "Share", "Span", "Value", "Words",
    "bin_in_words", "of_line", "of_row", "plain_reason", "plain_share", "principal_reasons", "read_words",
    "reason_in_words", "said_of", "shares", "value_in_words", "words_of",
]  # fmt: skip
