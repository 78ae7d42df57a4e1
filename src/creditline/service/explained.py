"""The score of one line taken apart: at a moment, or as it was when a decision was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.facts.slices import Slices
from creditline.lines.decision import Decision
from creditline.policy import Policy
from creditline.policy.evaluating import Values
from creditline.scoring.reasons import Scored
from creditline.service.line import last_known, scored_by, slices_of, values_at
from creditline.service.pins import deciding
from creditline.service.versions import Versions
from creditline.store import Home


@dataclass(frozen=True)
class LineScore:
    """The score of a line with everything that made it."""

    line: str
    at: int
    """Microseconds."""
    policy: Policy
    scored: Scored
    decision: Decision | None
    """The decision it was made for; None where a moment was asked for."""
    simulated: bool


def line_score(home: Home, line: str, *, at: int | None = None, number: int | None = None) -> LineScore:
    """The score of a line at a moment (the last one known if none is given), or that of its decision ``number``.

    The policy is the one that decided the line last up to then, in the version that decides for it at that moment.
    Raises CreditlineError for a line or decision not known, a line not yet decided, a moment before anything was known
    of it, a policy without a scorecard, and points that another card gave.
    """
    slices = slices_of(home, line)
    made = home.decisions(line)
    if not made:
        raise CreditlineError("line", line, "run a policy first: creditline run", "was not decided by any policy yet")
    versions, simulated = Versions(home), bool(home.get("simulated"))
    if number is not None:
        decision = _decision(made, number)
        policy = versions[decision.policy]
        scored = _scored(policy, decision.facts)
        if scored.points != decision.points:
            raise CreditlineError(
                f"{line}, decision {number}", decision.points, "run the policy again: creditline run",
                f"are not the points of the card of policy {policy.name} ({scored.points})",
            )  # fmt: skip
        return LineScore(line, decision.at, policy, scored, decision, simulated)
    known = last_known(home, slices, made)
    moment = known if at is None else _moment(slices, at)
    before = [each for each in made if each.at <= moment]
    policy, _ = deciding(home, slices, (before or made[:1])[-1], moment, versions)
    return LineScore(line, moment, policy, _scored(policy, values_at(policy, slices, before, moment)), None, simulated)


def _decision(made: Sequence[Decision], number: int) -> Decision:
    for each in made:
        if each.number == number:
            return each
    raise CreditlineError("--decision", number, f"give 0 to {made[-1].number}", f"is no decision of {made[0].line}")


def _moment(slices: Slices, at: int) -> int:
    first = int(slices.known.min())
    if at < first:
        remedy = f"give {format_moment(first)} or later"
        raise CreditlineError("--at", format_moment(at), remedy, "lies before anything was known of the line")
    return at


def _scored(policy: Policy, values: Values) -> Scored:
    scored = scored_by(policy, values)
    if scored is None:
        raise CreditlineError("policy", policy.name, "give it a scorecard: block", "has no scorecard to explain")
    return scored


__all__ = ["LineScore", "line_score"]
