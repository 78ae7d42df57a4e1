"""One policy's versions in succession: each decides from the moment it comes into force until the next does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from creditline.facts.slices import Slices
from creditline.lines import machine
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


def run_in_force(
    slices: Slices,
    versions: Sequence[InForce],
    until: int,
    *,
    engine: Engine | None = None,
    own: Mapping[str, Sequence[InForce]] | None = None,
) -> list[Run]:
    """Take every line to ``until`` under the versions in force; one run for each version that decides by then.

    The first version also decides about what happened before it. At the moment a later one comes into force every
    line is looked at under it. Reasons a line stands closed for carry over by code; a code that the new version
    does not know stands no longer.

    ``own`` gives single lines, by id, successions of their own. Their decisions stand in runs of their own, before
    the others; the last run holds the final state of every line, counted as its policy counts.
    """
    runs = onward(slices, versions, until, engine=engine)
    if not own:
        return runs
    apart = {place: own[line] for place, line in enumerate(slices.lines) if line in own}
    return _put_together(slices, runs, apart, until, engine) if apart else runs


def onward(
    slices: Slices, versions: Sequence[InForce], until: int, *, since: Run | None = None, engine: Engine | None = None
) -> list[Run]:
    """The runs of versions in succession over all lines; with ``since`` from where that run ended, else from the start.

    A version is taken up at the moment it comes into force; of ``since`` the first version must come later.
    """
    ordered = sorted(versions, key=lambda version: version.since)
    first = 0 if since is not None else 1
    decided = [*ordered[:first], *(version for version in ordered[first:] if version.since <= until)]
    ends = [*(after.since - 1 for after in decided[1:]), until][: len(decided)]
    runs: list[Run] = []
    before = since
    for version, end in zip(decided, ends, strict=True):
        if before is None:
            before = run(slices, version.policy, end, engine=engine)
        else:
            states = carried(before.states, before.policy, version.policy)
            before = run(slices, version.policy, end, since=version.since - 1, states=states, engine=engine)
        runs.append(before)
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


# -- lines with a succession of their own -----------------------------------------------------------


def _put_together(
    slices: Slices, runs: list[Run], apart: Mapping[int, Sequence[InForce]], until: int, engine: Engine | None
) -> list[Run]:
    """The runs with these lines (by place) taken out and decided by their own successions."""
    last = runs[-1]
    states = last.states.copy()
    ids = {slices.lines[place] for place in apart}
    failures = [each for each in last.failures if each.line not in ids]
    others: list[Run] = []
    groups: dict[tuple[tuple[str, int], ...], list[int]] = {}
    for place, mine in sorted(apart.items()):
        groups.setdefault(tuple((each.policy.version, each.since) for each in mine), []).append(place)
    for places in groups.values():
        done = onward(lines_at(slices, places), apart[places[0]], until, engine=engine)
        others += [_widened(slices, each, places) for each in done]
        states[places] = carried(done[-1].states, done[-1].policy, last.policy)
        failures += done[-1].failures
    kept = [_without(each, list(apart)) for each in runs]
    kept[-1] = replace(kept[-1], states=states, failures=tuple(sorted(failures, key=lambda each: each.line)))
    return [*others, *kept]


def lines_at(slices: Slices, places: Sequence[int]) -> Slices:
    """The lines at these places, ascending, as slices of their own."""
    counts = [int(slices.offsets[place + 1] - slices.offsets[place]) for place in places]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    spans = [np.arange(slices.offsets[place], slices.offsets[place + 1]) for place in places]
    rows = np.concatenate([np.empty(0, np.int64), *spans]).astype(np.int64)
    shift = np.repeat([slices.offsets[place] - offset for place, offset in zip(places, offsets, strict=False)], counts)
    return Slices(
        [slices.lines[place] for place in places],
        offsets,
        slices.at[rows],
        slices.known[rows],
        slices.until[rows],
        slices.kind[rows],
        np.ascontiguousarray(slices.values[:, rows]),
        (slices.visits[rows] - shift).astype(np.int64),
        slices.position[rows],
        None if slices.ids is None else [slices.ids[row] for row in rows.tolist()],
    )


def _widened(slices: Slices, part: Run, places: Sequence[int]) -> Run:
    """A run over some lines as one over all: its rows and states where those lines stand among all."""
    states = np.zeros((len(slices), part.states.shape[1]), np.int64)
    states[places] = part.states
    rows = part.rows.copy()
    line = rows[:, machine.D_LINE].copy()
    rows[:, machine.D_LINE] = np.asarray(places, np.int64)[line]
    shift = slices.offsets[rows[:, machine.D_LINE]] - part.slices.offsets[line]
    rows[:, machine.D_TRIGGER] += np.where(rows[:, machine.D_TRIGGER] >= 0, shift, 0)
    rows[:, machine.D_SEEN] += shift
    return Run(slices, part.policy, states, rows, ())


def _without(whole: Run, places: Sequence[int]) -> Run:
    """A run without the decisions of these lines."""
    return replace(whole, rows=whole.rows[~np.isin(whole.rows[:, machine.D_LINE], places)])
