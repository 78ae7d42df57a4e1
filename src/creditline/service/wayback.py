"""The way back of a line of a home: its situation put together, plans made, and plans checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import KINDS
from creditline.facts.slices import Slices
from creditline.lines.succession import InForce, run_in_force
from creditline.policy import read_policy
from creditline.replay.peeking import as_known
from creditline.service.account import offset_of
from creditline.service.lending import products_of
from creditline.service.line import Versions, last_known, slices_of
from creditline.store import Home
from creditline.wayback.loans import Loans
from creditline.wayback.plans import GOALS, Goal, Outlook, outlook
from creditline.wayback.proof import Proof, differences, read_proof, sealed
from creditline.wayback.situation import Situation


def situation_of(home: Home, line: str, *, now: int | None = None, position: int | None = None) -> Situation:
    """How a line stands at a moment, by default the last the home knows of.

    With ``position`` only what the log held up to there is seen. Raises CreditlineError for a line that is not known or
    was not decided on yet.
    """
    slices = slices_of(home, line)
    made = home.decisions(line)
    if not made:
        raise CreditlineError("line", line, "run a policy first: creditline run", "was not decided by any policy yet")
    moment = last_known(home, slices, made) if now is None else now
    before = [each for each in made if each.at <= moment] or made[:1]
    versions = Versions(home)
    policy = versions.in_force(before[-1], moment)
    published = [each for each in home.policies() if each.name == policy.name]
    succession = [InForce(read_policy(each.source, each.name), each.effective_from) for each in published]
    held = home.slices([line], position)
    seen = [each for each in home.events(line, position) if each.known <= moment]
    if not seen:
        raise CreditlineError("--now", str(moment), "give a later moment", "lies before anything was known of the line")
    ran = run_in_force(held, succession, moment)[-1]
    products = products_of(home)
    lent_on = line in home.lines_lent_on()
    loans = Loans(line, seen, products, offset_of(seen, products), moment) if lent_on else None
    return Situation(line, ran.policy, moment, seen, _with_ids(as_known(held, moment), seen), ran.states[0], loans)


def _with_ids(slices: Slices, seen: Sequence[Event]) -> Slices:
    """Slices of one line with the ids of its events, which the log gives in order of position."""
    told = [each.id for each in seen if not KINDS[each.kind].struct.is_truth]
    ids = [""] * len(told)
    for row, name in zip(np.argsort(slices.position).tolist(), told, strict=True):
        ids[row] = name
    return replace(slices, ids=ids)


def plans_of(home: Home, line: str, *, now: int | None = None, goal: Goal | None = None) -> Proof:
    """The way back of a line with its proof; CreditlineError for a line that is neither closed nor frozen."""
    situation = situation_of(home, line, now=now)
    if situation.status not in ("closed", "frozen", "terminated"):
        remedy = "ask for a line that is closed or frozen: creditline line list --status closed"
        raise CreditlineError("line", line, remedy, f"is {situation.status}: it needs no way back")
    told = outlook(situation, GOALS if goal is None else (goal,))
    return sealed(situation, told, home.position())


def check_plan(home: Home, path: Path) -> tuple[Outlook, list[dict[str, Any]]]:
    """Run the plans of a file again on the log as it stood then: the plans, and what came out otherwise."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CreditlineError(str(path), error.strerror, "give the file of a plan", "cannot be read") from error
    proof = read_proof(content, str(path))
    situation = situation_of(home, proof.outlook.line, now=proof.outlook.now, position=proof.position)
    return proof.outlook, differences(situation, proof)


__all__ = ["check_plan", "plans_of", "situation_of"]
