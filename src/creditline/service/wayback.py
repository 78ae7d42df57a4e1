"""The way back of a line of a home: its situation put together, plans made, and plans checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import KINDS, PromiseMade
from creditline.facts.slices import Slices
from creditline.lines.succession import run_in_force
from creditline.replay.peeking import as_known
from creditline.service.account import offset_of
from creditline.service.lending import products_of
from creditline.service.line import last_known, slices_of
from creditline.service.pins import course_of, log_of, published
from creditline.service.versions import Versions
from creditline.store import Home
from creditline.wayback.later import asked_later
from creditline.wayback.loans import Loans
from creditline.wayback.planner import target_of
from creditline.wayback.plans import GOALS, Goal, Outlook, outlook, presumes_no_draw
from creditline.wayback.predict import Return
from creditline.wayback.promise import Course
from creditline.wayback.proof import Proof, differences, read_proof, sealed
from creditline.wayback.situation import Situation, cut_of
from creditline.wayback.steps import Log


@dataclass(frozen=True, eq=False)
class Standing:
    """A line at one moment, and what was promised on it."""

    situation: Situation
    course: Course
    log: Log


def situation_of(
    home: Home, line: str, *, now: int | None = None, position: int | None = None, pinned: bool = True
) -> Situation:
    """How a line stands at a moment, by default the last the home knows of.

    With ``position`` only what the log held up to there is seen. A line on which a plan was taken up stands under the
    version that plan was made with; not ``pinned``, as if there were no such plan. Raises CreditlineError for a line
    that is not known or was not decided on yet.
    """
    return standing_of(home, line, now=now, position=position, pinned=pinned).situation


def standing_of(
    home: Home, line: str, *, now: int | None = None, position: int | None = None, pinned: bool = True
) -> Standing:
    """As ``situation_of``, with the promises of the line."""
    slices = slices_of(home, line)
    made = home.decisions(line)
    if not made:
        raise CreditlineError("line", line, "run a policy first: creditline run", "was not decided by any policy yet")
    moment = last_known(home, slices, made) if now is None else now
    before = [each for each in made if each.at <= moment] or made[:1]
    versions = Versions(home)
    policy = versions.in_force(before[-1], moment)
    held = home.slices([line], position)
    log = log_of(home, line, held, tuple(home.events(line, position)))
    seen = _seen(log, moment)
    if not seen:
        told = format_moment(moment)
        raise CreditlineError("--now", told, "give a later moment", "lies before anything was known of the line")
    succession = published(home, policy.name)
    promised = pinned and any(isinstance(each.body, PromiseMade) for each in seen)
    course = course_of(home, log, succession, moment, names=versions) if promised else Course(tuple(succession), ())
    runs = run_in_force(held, course.own, moment)
    ran = runs[-1]
    products = products_of(home)
    lent_on = line in home.lines_lent_on()
    loans = Loans(line, seen, products, offset_of(seen, products), moment) if lent_on else None
    known = _with_ids(as_known(held, moment), seen)
    cut = cut_of([each for part in runs for each in part.decisions()])
    return Standing(Situation(line, ran.policy, moment, seen, known, ran.states[0], loans, cut), course, log)


def _seen(log: Log, moment: int) -> list[Event]:
    """Events known by a moment: of those that stated the same one, parted in the log, the first alone is."""
    told = [each.id for each in log.events if not KINDS[each.kind].struct.is_truth]
    rows = np.argsort(log.slices.position).tolist()
    known = dict(zip(told, log.slices.known[rows].tolist(), strict=True))
    return [each for each in log.events if known.get(each.id, each.known) <= moment]


def _with_ids(slices: Slices, seen: Sequence[Event]) -> Slices:
    """Slices of one line with the ids of its events, which the log gives in order of position."""
    told = [each.id for each in seen if not KINDS[each.kind].struct.is_truth]
    ids = [""] * len(told)
    for row, name in zip(np.argsort(slices.position).tolist(), told, strict=True):
        ids[row] = name
    return replace(slices, ids=ids)


def plans_of(home: Home, line: str, *, now: int | None = None, goal: Goal | None = None) -> Proof:
    """The way back of a line with its proof; CreditlineError for a line that needs none."""
    situation = situation_of(home, line, now=now)
    if situation.status != "terminated" and target_of(situation) is None:
        remedy = "ask for a line that is closed, frozen, declined or cut: creditline line list --status closed"
        raise CreditlineError("line", line, remedy, f"is {situation.status}: it needs no way back")
    told = outlook(situation, GOALS if goal is None else (goal,))
    return sealed(situation, told, home.position())


@dataclass(frozen=True)
class Beside:
    """What is told beside plans and is no part of them, by goal."""

    presume_no_draw: frozenset[Goal]
    """Plans that drawing all that is left would change, though no step of theirs speaks of draws."""
    later: Mapping[Goal, Return]
    """What asking for the line on a later day than the plan does would bring, where that is a higher limit."""


def beside(home: Home, told: Outlook) -> Beside:
    """What is to be told beside plans."""
    situation = situation_of(home, told.line, now=told.now)
    presume = (plan.goal for plan in told.plans if presumes_no_draw(situation, plan))
    found = {plan.events: asked_later(situation, plan) for plan in told.plans}
    later = {plan.goal: back for plan in told.plans if (back := found[plan.events]) is not None}
    return Beside(frozenset(presume), later)


def proof_of_file(path: Path) -> Proof:
    """The plans of a file with their proof. Raises CreditlineError where it cannot be read or was changed by hand."""
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise CreditlineError("plan", str(path), "give the file of a plan", what) from error
    return read_proof(content, str(path))


def check_plan(home: Home, path: Path) -> tuple[Outlook, list[dict[str, Any]]]:
    """Run the plans of a file again on the log as it stood then: the plans, and what came out otherwise."""
    proof = proof_of_file(path)
    situation = situation_of(home, proof.outlook.line, now=proof.outlook.now, position=proof.position)
    return proof.outlook, differences(situation, proof)


__all__ = [
    "Beside", "Standing", "beside", "check_plan", "plans_of", "proof_of_file", "situation_of", "standing_of",
]  # fmt: skip
