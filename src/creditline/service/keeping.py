"""Decisions put in place together with the notices they are owed: both are kept, or neither."""

from __future__ import annotations

from collections.abc import Sequence

from creditline.lines.decision import Decision
from creditline.notices import Profile, load_profile
from creditline.service.notices import enqueue
from creditline.store import Home

JURISDICTION = "jurisdiction"
"""Under which a home keeps the name or file of the jurisdiction profile its notices follow."""

JURISDICTION_DEFAULT = "china"


def profile_of(home: Home, given: str | None = None) -> Profile:
    """The jurisdiction profile given, else the home's own, else the default; CreditlineError where there is none."""
    return load_profile(given or home.get(JURISDICTION) or JURISDICTION_DEFAULT)


def keep(home: Home, decisions: Sequence[Decision], lines: Sequence[str], *, now: int, notices: bool = True) -> int:
    """Put decisions in place of what stands for their lines and for ``lines``; how many notices were queued.

    Only what was not decided so before is given a notice: the same run again says nothing new. The versions that
    decided must be published. ``now`` is when the notices are queued, microseconds.
    """
    with home.turn():
        stood = {(each.line, each.number): each for each in home.decisions()} if notices else {}
        home.record(decisions, lines)
        fresh = [each for each in decisions if stood.get((each.line, each.number)) != each] if notices else []
        return enqueue(home, fresh, None, profile_of(home), now=now) if fresh else 0


__all__ = ["JURISDICTION", "JURISDICTION_DEFAULT", "keep", "profile_of"]
