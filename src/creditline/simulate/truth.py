"""The truth of a simulated line: what a lender who knew everything would have done with it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from creditline.clock import format_moment
from creditline.events.kinds import PartyType

Deserves = Literal["keep", "close", "terminate", "decline"]


class Truth(msgspec.Struct, frozen=True):
    """What one line deserved, known because the borrower was made up. SIMULATED. Moments in microseconds UTC."""

    line: str
    behaviour: str
    """Name of the behaviour, as in ``creditline.simulate.portfolio``."""
    party: PartyType
    policy: str
    """Shipped policy this line is meant for."""
    deserves: Deserves
    loss_minor: int
    """Money lost if the line is kept open nevertheless, minor units; 0 where it deserves to be kept."""
    earned_minor: int
    """Interest the line was due to earn in the period, minor units: what a wrongful closing puts at risk."""
    from_moment: int | None
    """Since when it deserves it; None where it deserves to be kept."""
    cured_from: int | None
    """From when the line was sound again, None if never within the period."""


class Verdict(msgspec.Struct, frozen=True):
    """What a behaviour says of itself before its figures are known. Days count from the period's start."""

    deserves: Deserves = "keep"
    from_day: int | None = None
    cured_day: int | None = None
    lost_percent: int = 0
    """Of the largest balance since ``from_day``."""
    asks_day: int | None = None
    """From when the borrower would ask for the line back, had it been closed; ``cured_day`` when not said."""


KEEP = Verdict()
"""The line was sound throughout."""


def truth_row(truth: Truth) -> dict[str, Any]:
    """The truth as a row: marked as simulated, moments as text; money stays in minor units, as its names say."""
    row = {"simulated": True, **msgspec.structs.asdict(truth)}
    for name in ("from_moment", "cured_from"):
        row[name] = None if row[name] is None else format_moment(row[name])
    return row
