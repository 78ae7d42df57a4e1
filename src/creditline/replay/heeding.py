"""Simulated lives under their policies' decisions: a draw happens only while the line is open, within its limit.

What is decided depends on what was drawn, and what can be drawn on what was decided; but a decision knows only what
came before it. So lives are lived, decided on, and those that drew otherwise than the decisions allow lived again by
them: each time the first draw that went otherwise lies later in the life, until there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from creditline.facts.slices import from_events
from creditline.lines import machine
from creditline.lines.decision import STATUSES, Decision
from creditline.lines.kernel import Engine
from creditline.lines.replay import run
from creditline.policy import Policy
from creditline.simulate import Lived
from creditline.simulate.limits import Limits, first_other

PASSES = 12
"""How often lives are lived again by what was decided before their drawing is cut short."""

Again = Callable[[int, Limits], Lived]
"""Lives the life at a place in the batch again within limits."""

Decide = Callable[[Sequence[Lived]], Sequence[Limits]]
"""The limits in force that follow from decisions on lives."""


@dataclass(frozen=True)
class Heeded:
    """Lives that draw within what was decided on them."""

    lived: Sequence[Lived]
    """In the order they came, each with the truth of the life it would have been without decisions."""
    limits: Sequence[Limits]
    """In force by the decisions on these lives."""
    again: Sequence[int]
    """How many were lived again in each pass."""
    cut: Sequence[int]
    """Places of those that still drew otherwise after the last pass: they draw nothing from then on."""


def heed(lives: Sequence[Lived], again: Again, decide: Decide, *, passes: int = PASSES) -> Heeded:
    """Live lives again until each is the one its own decisions allow.

    ``lives`` are lived without decisions. A life is lived again at most ``passes`` times; one that draws otherwise
    even then, at some moment, is lived a last time with nothing to be drawn from that moment on.
    """
    lived, limits = list(lives), list(decide(lives))
    counts: list[int] = []
    others = [place for place in range(len(lived)) if first_other(lived[place].looks, limits[place])]
    while others and len(counts) < passes:
        counts.append(len(others))
        for place in others:
            lived[place] = again(place, limits[place])._replace(truth=lives[place].truth)
        others = _decided(others, lived, limits, decide)
    cut = others
    for place in cut:
        look = first_other(lived[place].looks, limits[place])
        assert look is not None
        lived[place] = again(place, _until(limits[place], look.at))._replace(truth=lives[place].truth)
    _decided(cut, lived, limits, decide)
    assert all(look.found <= look.under(limits[place]) for place, life in enumerate(lived) for look in life.looks), (
        "a simulated draw went beyond what was decided"
    )
    return Heeded(lived, limits, counts, cut)


def limits_by(policies: Mapping[str, Policy], until: int, engine: Engine) -> Decide:
    """Decides on lives, each under the policy its truth names, up to a moment (microseconds, included)."""

    def decide(lives: Sequence[Lived]) -> list[Limits]:
        found: dict[str, Limits] = {}
        for name, policy in policies.items():
            events = [event for life in lives if life.truth.policy == name for event in life.events]
            if not events:
                continue
            ran = run(from_events(events), policy, until, engine=engine)
            cells = ran.rows[:, [machine.D_LINE, machine.D_T, machine.D_STATUS, machine.D_LIMIT]].tolist()
            changes: dict[int, list[tuple[int, str, int]]] = {}
            for line, at, status, limit in cells:
                changes.setdefault(line, []).append((at, STATUSES[status], limit))
            found |= {ran.slices.lines[line]: _limits(mine) for line, mine in changes.items()}
        return [found.get(life.truth.line, ()) for life in lives]

    return decide


def limits_of(decisions: Iterable[Decision]) -> Limits:
    """The limits in force by one line's decisions, given in order."""
    return _limits((each.at, each.status, each.limit) for each in decisions)


def _limits(changes: Iterable[tuple[int, str, int]]) -> Limits:
    """From moment, status and limit after each decision: the last of one moment counts."""
    at_moment = {at: limit if status == "open" else 0 for at, status, limit in changes}
    steps: list[tuple[int, int]] = []
    for at, limit in at_moment.items():
        if limit != (steps[-1][1] if steps else 0):
            steps.append((at, limit))
    return steps


def _decided(places: Sequence[int], lived: Sequence[Lived], limits: list[Limits], decide: Decide) -> list[int]:
    """Decide on the lives at these places anew; those that draw otherwise."""
    for place, decided in zip(places, decide([lived[place] for place in places]), strict=True):
        limits[place] = decided
    return [place for place in places if first_other(lived[place].looks, limits[place])]


def _until(limits: Limits, at: int) -> Limits:
    """The same limits, and none for draws at ``at`` or later."""
    return [*(step for step in limits if step[0] < at - 1), (at - 1, 0)]


__all__ = ["PASSES", "Again", "Decide", "Heeded", "heed", "limits_by", "limits_of"]
