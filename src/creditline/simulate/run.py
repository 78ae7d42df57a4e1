"""Runs the simulation: borrower by borrower, each from its own random stream."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from creditline.events.canonical import digest as event_digest
from creditline.events.event import Event
from creditline.lending.account import Account
from creditline.simulate.borrower import Borrower
from creditline.simulate.chance import Chance
from creditline.simulate.habits.presence import asks_back
from creditline.simulate.limits import Limits, Look
from creditline.simulate.period import Period
from creditline.simulate.portfolio import POLICIES, WHOLE, Behaviour, behaviour_at
from creditline.simulate.truth import KEEP, Truth, Verdict

SEED_MAX = 2**32 - 1


@dataclass(frozen=True)
class Simulation:
    """Borrowers who do not exist: all their events, line by line in order of time, and the truth about them."""

    borrowers: int
    months: int
    seed: int
    events: list[Event]
    truth: list[Truth]
    simulated: Literal[True] = True


class Lived(NamedTuple):
    """One line at the end of the period."""

    events: list[Event]
    truth: Truth
    account: Account
    """As the lending core worked it out while the borrower lived; its events make the same one."""
    looks: Sequence[Look]
    """Each look at what could still be drawn, in order of time."""


def simulate(borrowers: int, months: int, seed: int) -> Simulation:
    """The events and truth of so many borrowers over the last ``months`` months of the simulated period.

    The same seed gives the same figures on every machine, and more borrowers never change the earlier ones.
    ValueError where a number is out of range.
    """
    events: list[Event] = []
    truths: list[Truth] = []
    for lived, truth in stream(borrowers, months, seed):
        events.extend(lived)
        truths.append(truth)
    return Simulation(borrowers, months, seed, events, truths)


def stream(borrowers: int, months: int, seed: int) -> Iterator[tuple[list[Event], Truth]]:
    """As ``simulate``, line by line, so that any number of borrowers needs no more memory than one."""
    return ((lived.events, lived.truth) for lived in lives(borrowers, months, seed))


def lives(borrowers: int, months: int, seed: int) -> Iterator[Lived]:
    """As ``stream``, with each line's account beside its events."""
    if borrowers < 0:
        raise ValueError(f"borrowers: {borrowers} is negative; give 0 or more")
    if not 0 <= seed <= SEED_MAX:
        raise ValueError(f"seed: {seed} is out of range; give 0 to {SEED_MAX}")
    period = Period.of(months)
    return (_one(index, period, seed, None) for index in range(borrowers))


def live_again(index: int, months: int, seed: int, limits: Limits | None) -> Lived:
    """The borrower of a seed at a place (from 0), who can draw only within the limits in force.

    With None for them it is the life that ``lives`` gives, the amount applied for being the limit. Whatever the
    borrower does up to the first draw that goes otherwise is the same; the truth is that of the life lived.
    """
    return _one(index, Period.of(months), seed, limits)


def live(behaviour: Behaviour, months: int, seed: int, index: int = 0) -> tuple[list[Event], Truth]:
    """One borrower who behaves as asked, for stories and tests."""
    lived = live_whole(behaviour, months, seed, index)
    return lived.events, lived.truth


def live_whole(behaviour: Behaviour, months: int, seed: int, index: int = 0, limits: Limits | None = None) -> Lived:
    """As ``live``, with the account; draws are held to the limits in force where they are given."""
    return _lived(behaviour, Period.of(months), seed, index, Chance(seed, index), limits)


def digest(events: Iterable[Event]) -> str:
    """SHA-256 in hex over the canonical encodings of the events in their order."""
    whole = hashlib.sha256()
    for event in events:
        whole.update(event_digest(event))
    return whole.hexdigest()


def _one(index: int, period: Period, seed: int, limits: Limits | None) -> Lived:
    chance = Chance(seed, index)
    return _lived(behaviour_at(chance.below(WHOLE)), period, seed, index, chance, limits)


def _lived(behaviour: Behaviour, period: Period, seed: int, index: int, chance: Chance, limits: Limits | None) -> Lived:
    b = Borrower(f"SIM{seed}-{index + 1:06d}", behaviour.party, chance, period, limits)
    verdict = behaviour.recipe(b)
    asks = verdict.asks_day if verdict.asks_day is not None else verdict.cured_day
    if asks is not None:
        asks_back(b, asks)
    events = b.live()
    return Lived(events, _truth(b, behaviour, verdict), b.account.core, b.account.looks)


def _truth(b: Borrower, behaviour: Behaviour, verdict: Verdict) -> Truth:
    """The verdict in figures; what would only happen after the period's end has not happened."""
    if verdict.from_day is None or verdict.from_day >= b.period.days:
        verdict = KEEP
    since, cured = verdict.from_day, verdict.cured_day
    within = cured is not None and cured < b.period.days
    return Truth(
        line=b.line,
        behaviour=behaviour.name,
        party=b.party,
        policy=POLICIES[b.party],
        deserves=verdict.deserves,
        loss_minor=0 if since is None else b.account.highest(since) * verdict.lost_percent // 100,
        earned_minor=b.account.earned,
        from_moment=None if since is None else b.period.midnight(since),
        cured_from=b.period.midnight(cured) if within and cured is not None else None,
    )
