"""Borrowers who behave: seeded, any number, with the truth known. Everything that comes from here is SIMULATED."""

from __future__ import annotations

from creditline.simulate.portfolio import PORTFOLIO, Behaviour, behaviour_named
from creditline.simulate.run import Lived, Simulation, digest, live, live_again, live_whole, lives, simulate, stream
from creditline.simulate.truth import Truth

__all__ = [
    "PORTFOLIO",
    "Behaviour",
    "Lived",
    "Simulation",
    "Truth",
    "behaviour_named",
    "digest",
    "live",
    "live_again",
    "live_whole",
    "lives",
    "simulate",
    "stream",
]
