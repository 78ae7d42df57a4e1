"""A scorecard as a policy file writes it: limits as exact decimals, choices by name, tables of pairs row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from creditline.facts.expressions import Type
from creditline.scoring.scorecard import Scorecard, Steps, Term

_BLOCK = re.compile(r"^scorecard:.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_WIDTH = 118


def card_text(card: Scorecard, facts: Mapping[str, Type], comments: Sequence[str] = ()) -> str:
    """The whole ``scorecard:`` block of a policy file for a card over facts of these types, comments under its key."""
    lines = ["scorecard:", *(f"  # {comment}" for comment in comments), f"  base: {card.base}", "  facts:"]
    singles = [each for each in card.terms if len(each.axes) == 1]
    for each in singles:
        lines += _fact(each, facts[each.facts[0]])
    if not singles:
        lines[-1] += " {}"
    pairs = [each for each in card.terms if len(each.axes) == 2]
    if pairs:
        lines.append("  pairs:")
    for each in pairs:
        lines += _pair(each, facts)
    return "\n".join(lines) + "\n"


def with_card(policy_text: str, card: Scorecard, facts: Mapping[str, Type], comments: Sequence[str] = ()) -> str:
    """A policy's text with its ``scorecard:`` block replaced by this card's; raises ValueError where it has none."""
    text, replaced = _BLOCK.subn(lambda _: card_text(card, facts, comments), policy_text, count=1)
    if not replaced:
        raise ValueError("the policy has no scorecard: block to replace; add one")
    return text


def _fact(each: Term, kind: Type) -> list[str]:
    axis = each.axes[0]
    bins = _choices(each, kind) if kind.unit == "choice" else _bins(axis, each.points[1:], kind)
    short = f"    {axis.fact}: {{missing: {each.points[0]}, bins: [{', '.join(bins)}]}}"
    if len(short) <= _WIDTH:
        return [short]
    return [
        f"    {axis.fact}:",
        f"      missing: {each.points[0]}",
        "      bins:",
        *(f"        - {bin_}" for bin_ in bins),
    ]


def _bins(axis: Steps, points: Sequence[int], kind: Type) -> list[str]:
    ends = [f"below: {_decimal(limit, kind)}, " for limit in axis.limits]
    return [f"{{{end}points: {each}}}" for end, each in zip([*ends, ""], points, strict=True)]


def _choices(each: Term, kind: Type) -> list[str]:
    """Choices of the same points together; the last bin is every choice above all limits, and those like it."""
    rest = each.points[-1]
    groups: dict[int, list[str]] = {}
    for code, name in enumerate(kind.choices):
        groups.setdefault(each.points[each.axes[0].place(code)], []).append(name)
    groups.pop(rest, None)
    return [*(f"{{is: {_list(names)}, points: {points}}}" for points, names in groups.items()), f"{{points: {rest}}}"]


def _pair(each: Term, facts: Mapping[str, Type]) -> list[str]:
    width = each.axes[1].size
    rows = [each.points[start : start + width] for start in range(0, len(each.points), width)]
    kinds = [facts[axis.fact] for axis in each.axes]
    orders = [_order(axis, kind) for axis, kind in zip(each.axes, kinds, strict=True)]
    lines = [
        f"    - rows: {{fact: {each.facts[0]}, {_limits(each.axes[0], kinds[0])}}}",
        f"      columns: {{fact: {each.facts[1]}, {_limits(each.axes[1], kinds[1])}}}",
        "      points:",
    ]
    return [*lines, *(f"        - {_list(rows[place][column] for column in orders[1])}" for place in orders[0])]


def _limits(axis: Steps, kind: Type) -> str:
    if kind.unit == "choice":
        return "choices: " + _list(f"[{name}]" for name in kind.choices)
    return "below: " + _list(_decimal(limit, kind) for limit in axis.limits)


def _order(axis: Steps, kind: Type) -> list[int]:
    """Places of the card in the order in which the file has its rows or columns."""
    if kind.unit == "choice":
        return [0, *(axis.place(code) for code in range(len(kind.choices))), axis.size - 1]
    return list(range(axis.size))


def _decimal(limit: int, kind: Type) -> str:
    exact = Decimal(limit).scaleb(-kind.places)
    return f"{exact:f}" if kind.places == 0 else f"{exact.normalize():f}"


def _list(parts: Iterable[object]) -> str:
    return f"[{', '.join(map(str, parts))}]"


__all__ = ["card_text", "with_card"]
