"""One policy's versions in succession: each decides from the moment it comes into force until the next does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditline.facts.slices import Slices
from creditline.lines.kernel import Engine
from creditline.lines.replay import Run, run
from creditline.policy import Policy
from creditline.policy.compiler import STATE

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class InForce:
    """A version of a policy and the moment it comes into force, microseconds."""

    policy: Policy
    since: int


def run_in_force(slices: Slices, versions: Sequence[InForce], until: int, *, engine: Engine | None = None) -> list[Run]:
    """Take every line to ``until`` under the versions in force; one run for each version that decides by then.

    The first version also decides about what happened before it. At the moment a later one comes into force every
    line is looked at under it. Reasons a line stands closed for carry over by code; a code that the new version
    does not know stands no longer.
    """
    ordered = sorted(versions, key=lambda version: version.since)
    decided = [ordered[0], *(version for version in ordered[1:] if version.since <= until)]
    ends = [after.since - 1 for after in decided[1:]] + [until]
    runs: list[Run] = []
    for version, end in zip(decided, ends, strict=True):
        if not runs:
            runs.append(run(slices, version.policy, end, engine=engine))
            continue
        states = carried(runs[-1].states, runs[-1].policy, version.policy)
        runs.append(run(slices, version.policy, end, since=version.since - 1, states=states, engine=engine))
    return runs


def carried(states: Int64s, before: Policy, after: Policy) -> Int64s:
    """The same states with rules counted as the later version counts them."""
    places = {rule.code: place for place, rule in enumerate(after.rules)}
    moved = states.copy()
    for cell in (STATE.index("REASONS"), STATE.index("HELD")):
        moved[:, cell] = 0
        for place, rule in enumerate(before.rules):
            if rule.code in places:
                moved[:, cell] |= (states[:, cell] >> place & 1) << places[rule.code]
    return moved
