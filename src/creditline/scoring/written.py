"""A scorecard as a policy file writes it: limits as exact decimals with each fact's number of places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from creditline.scoring.scorecard import Bin, FactPoints, Scorecard

_BLOCK = re.compile(r"^scorecard:.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_WIDTH = 118


def as_written(card: Scorecard, places: Mapping[str, int]) -> dict[str, Any]:
    """The content under ``scorecard:`` for a card over numeric facts with these numbers of decimal places."""
    return {"base": card.base, "facts": {name: _fact(fact, places[name]) for name, fact in card.facts.items()}}


def _fact(fact: FactPoints, places: int) -> dict[str, Any]:
    return {"missing": fact.missing, "bins": [_bin(each, places) for each in fact.bins]}


def _bin(each: Bin, places: int) -> dict[str, Any]:
    if each.below is None:
        return {"points": each.points}
    exact = Decimal(each.below).scaleb(-places)
    return {"below": int(exact) if exact == exact.to_integral_value() else exact.normalize(), "points": each.points}


def card_text(card: Scorecard, places: Mapping[str, int]) -> str:
    """The whole ``scorecard:`` block of a policy file, as YAML."""
    content = as_written(card, places)
    lines = ["scorecard:", f"  base: {content['base']}", "  facts:"]
    for name, fact in content["facts"].items():
        bins = [_flow(each) for each in fact["bins"]]
        short = f"    {name}: {{missing: {fact['missing']}, bins: [{', '.join(bins)}]}}"
        if len(short) <= _WIDTH:
            lines.append(short)
        else:
            lines += [f"    {name}:", f"      missing: {fact['missing']}", "      bins:"]
            lines += [f"        - {each}" for each in bins]
    return "\n".join(lines) + "\n"


def with_card(policy_text: str, card: Scorecard, places: Mapping[str, int]) -> str:
    """A policy's text with its ``scorecard:`` block replaced by this card's; raises ValueError where it has none."""
    text, replaced = _BLOCK.subn(lambda _: card_text(card, places), policy_text, count=1)
    if not replaced:
        raise ValueError("the policy has no scorecard: block to replace; add one")
    return text


def _flow(each: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in each.items()) + "}"


__all__ = ["as_written", "card_text", "with_card"]
