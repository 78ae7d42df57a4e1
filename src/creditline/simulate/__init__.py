"""Borrowers who behave: seeded, any number, with the truth known. Everything that comes from here is SIMULATED."""

from __future__ import annotations

from creditline.simulate.portfolio import PORTFOLIO, Behaviour, behaviour_named
from creditline.simulate.run import Simulation, digest, live, simulate, stream
from creditline.simulate.truth import Truth

__all__ = [
    "PORTFOLIO",
    "Behaviour",
    "Simulation",
    "Truth",
    "behaviour_named",
    "digest",
    "live",
    "simulate",
    "stream",
]
