"""Simulated lives decided on, and their notices."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

from creditline.facts.slices import from_events
from creditline.i18n import Language
from creditline.lines.decision import Decision
from creditline.lines.replay import run
from creditline.notices import Kind, Notice, kind_of, load_profile, notice_of
from creditline.policy import Policy, load_policy
from creditline.simulate import simulate
from creditline.simulate.period import ENDS

REQUESTED = 5_000_000


class Decided(NamedTuple):
    """A decision that is owed a notice, with the line's earlier ones."""

    decision: Decision
    before: tuple[Decision, ...]
    policy: Policy


@cache
def decided() -> tuple[Decided, ...]:
    """Every decision of a small portfolio that is owed a notice."""
    simulation = simulate(120, 12, 7)
    found = []
    for name in ("consumer-line", "business-line"):
        policy = load_policy(name)
        mine = {truth.line for truth in simulation.truth if truth.policy == name}
        slices = from_events([event for event in simulation.events if event.line in mine])
        for _, group in groupby(run(slices, policy, ENDS, engine="python").decisions(), key=lambda each: each.line):
            made = tuple(group)
            found += [Decided(each, made[:at], policy) for at, each in enumerate(made) if kind_of(each) is not None]
    return tuple(found)


def of_kind(kind: Kind, code: str = "") -> Decided:
    """The first of a kind (for a reason)."""
    return next(
        each for each in decided() if kind_of(each.decision) == kind and (not code or code in each.decision.reasons)
    )


def told(each: Decided, jurisdiction: str = "china", lang: Language | None = None, **more: object) -> Notice:
    """The notice of a decision."""
    profile = load_profile(jurisdiction)
    notice = notice_of(
        each.decision,
        each.policy,
        profile,
        lang,
        before=each.before,
        requested=REQUESTED,
        **more,  # type: ignore[arg-type]
    )
    assert notice is not None
    return notice


def texts(notice: Notice) -> Iterator[str]:
    """Every text of a notice."""
    yield from (notice.title, *notice.opening, *(part for pair in notice.particulars for part in pair))
    for section in notice.sections:
        yield from (section.heading, *section.paragraphs)
        for item in section.items:
            yield from (item.text, *item.notes)
