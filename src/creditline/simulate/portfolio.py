"""The portfolio: which behaviours there are, how common each is, and what of them a risk engine may see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from creditline.events.kinds import PartyType
from creditline.simulate.behaviours import (
    applicants,
    business,
    debts,
    late,
    misuse,
    outside,
    particulars,
    rhythm,
    sound,
    ties,
)
from creditline.simulate.borrower import Borrower
from creditline.simulate.truth import Verdict

Recipe = Callable[[Borrower], Verdict]
POLICIES: dict[PartyType, str] = {"person": "consumer-line", "business": "business-line"}


@dataclass(frozen=True)
class Behaviour:
    """One row of the portfolio."""

    name: str
    recipe: Recipe
    party: PartyType
    share: int
    """Borrowers in ten thousand."""
    seen_as: tuple[str, ...]
    """Triggers it may set off, rightly or wrongly; empty where it looks as sound as it is."""


def _rows(party: PartyType, *rows: tuple[int, Recipe, str]) -> list[Behaviour]:
    return [
        Behaviour(f"{party}.{recipe.__name__.replace('_', '-')}", recipe, party, share, tuple(seen_as.split()))
        for share, recipe, seen_as in rows
    ]


PORTFOLIO: tuple[Behaviour, ...] = (
    *_rows(
        "person",
        (4120, sound.steady, ""),
        (450, sound.light_user, ""),
        (450, sound.ahead_of_plan, ""),
        (280, sound.one_big_thing, ""),
        (60, sound.pays_rent_from_it, "T08"),
        (60, sound.leaver, ""),
        (220, late.forgetful, "T01"),
        (180, late.late_then_reformed, "T01 T10"),
        (150, late.defaulter, "T01 T02 T09 T10"),
        (100, late.job_loss, "T01 T12"),
        (80, late.pay_cut, "T12"),
        (110, debts.many_lenders, "T03"),
        (70, debts.under_water, "T01 T02 T03 T09 T10"),
        (70, debts.behind_elsewhere, "T02"),
        (60, debts.touch_behind_elsewhere, "T02"),
        (80, debts.overstretched, "T03 T10"),
        (110, rhythm.cycler, "T04 T06"),
        (60, rhythm.refinancer, "T03 T04"),
        (80, rhythm.early_repayer, "T06"),
        (50, rhythm.burst_and_gone, "T01 T05"),
        (60, rhythm.burst_for_a_reason, "T05"),
        (40, rhythm.padded_income, "T07 T12"),
        (50, misuse.cash_out_ring, "T01 T08"),
        (40, misuse.ring_bystander, "T08"),
        (50, misuse.gambler, "T13 T15"),
        (60, misuse.big_spender, "T13"),
        (30, misuse.speculator, "T15"),
        (60, particulars.score_slider, "T09"),
        (50, particulars.slides_into_arrears, "T01 T09 T10"),
        (90, particulars.thin_file, "T10"),
        (80, particulars.stale_profile, "T11"),
        (50, particulars.traveller, "T18"),
        (40, particulars.taken_over, "T05 T18"),
        (60, applicants.never_uses_it, "T14"),
        (60, applicants.asks_everywhere, "T14"),
        (100, applicants.too_deep_to_begin_with, "T01 T02 T03 T10"),
        (30, applicants.unverified, "T01"),
        (40, applicants.comes_back_later, "T10"),
        (50, ties.risky_tie, "T16"),
        (30, ties.watched_tie, "T16"),
        (30, ties.linked_trouble, "T17"),
        (40, ties.fraudster, "T01 T21"),
        (200, outside.mistaken_victim, "T20"),
        (40, outside.suspended_industry, "T19"),
        (50, outside.capped_by_law, "T19"),
    ),
    *_rows(
        "business",
        (900, sound.steady_shop, ""),
        (180, sound.seasonal_shop, "T05"),
        (70, rhythm.orderly_growth, "T07"),
        (40, late.forgetful, "T01"),
        (50, business.crisis, "T01 T17"),
        (50, business.dip_and_recovery, "T01 T17"),
        (50, business.dealer_who_mends, "T01 T03"),
        (40, business.trader_with_swings, "T01"),
        (30, business.false_news, "T17"),
        (30, business.behind_at_bank, "T02"),
        (30, rhythm.outgrown_line, "T01 T07"),
        (30, rhythm.cycler, "T04 T06"),
        (30, misuse.mistaken_purpose, "T15"),
        (20, misuse.speculator, "T15"),
        (20, misuse.cash_out_ring, "T01 T08"),
        (30, ties.linked_trouble, "T17"),
        (20, ties.risky_tie, "T16"),
        (15, ties.sanctioned_tie, "T16 T21"),
        (15, ties.launderer, "T21"),
        (30, outside.suspended_industry, "T19"),
        (50, outside.mistaken_victim, "T20"),
    ),
)
"""All behaviours. Order and shares are part of what a seed means: a change moves the pinned digest of the tests."""

WHOLE = sum(row.share for row in PORTFOLIO)


def behaviour_at(place: int) -> Behaviour:
    """The behaviour at a place from 0 to ``WHOLE - 1``, each taking up its share."""
    for row in PORTFOLIO:
        if place < row.share:
            return row
        place -= row.share
    raise ValueError(f"place {place} is beyond the portfolio of {WHOLE}")


def behaviour_named(name: str) -> Behaviour:
    """The behaviour of a name such as ``person.cycler``. KeyError naming all when there is none."""
    found = next((row for row in PORTFOLIO if row.name == name), None)
    if found is None:
        raise KeyError(f"no behaviour {name!r}; there are {', '.join(row.name for row in PORTFOLIO)}")
    return found
