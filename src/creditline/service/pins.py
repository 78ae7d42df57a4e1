"""Which lines of a home run under a version of their own because a plan was taken up."""

from __future__ import annotations

from collections.abc import Sequence

from creditline.events.event import Event
from creditline.facts.slices import Slices
from creditline.lines.decision import Decision
from creditline.lines.kernel import Engine
from creditline.lines.replay import NUMBA_FROM
from creditline.lines.succession import InForce, lines_at
from creditline.policy import Policy, read_policy
from creditline.service.versions import Versions
from creditline.store import Home
from creditline.wayback.promise import Course, Stood, course, in_force
from creditline.wayback.proof import Proof, read_proof
from creditline.wayback.steps import Log


def published(home: Home, policy_name: str) -> list[InForce]:
    """The published versions of a policy, each from the moment it comes into force."""
    mine = [each for each in home.policies() if each.name == policy_name]
    return [InForce(read_policy(each.source, f"{each.name}.yaml"), each.effective_from) for each in mine]


def proof_in(home: Home, seal: str) -> Proof | None:
    """The proof of a plan taken up in this home; PlanError where somebody changed it."""
    content = home.proof(seal)
    return None if content is None else read_proof(content.encode(), f"proof {seal[:12]}")


def log_of(home: Home, line: str, slices: Slices, events: Sequence[Event] | None = None) -> Log:
    """The line's log; ``slices`` are its own and no other's."""
    return Log(line, tuple(home.events(line)) if events is None else events, slices)


def course_of(
    home: Home,
    log: Log,
    versions: Sequence[InForce],
    until: int,
    *,
    names: Versions | None = None,
    engine: Engine | None = None,
) -> Course:
    """The promises of a line up to a moment, and the succession they make of these versions for it."""
    kept = names or Versions(home)
    return course(log, versions, lambda seal: proof_in(home, seal), kept.__getitem__, until, engine=engine)


def deciding(
    home: Home, slices: Slices, last: Decision, moment: int, versions: Versions
) -> tuple[Policy, Stood | None]:
    """The version that decides for a line at a moment, and the promise by which it does, if it is one.

    ``slices`` are the line's own and no other's, ``last`` is its last decision by then.
    """
    policy = versions.in_force(last, moment)
    if last.line not in home.lines_promised():
        return policy, None
    found = course_of(home, log_of(home, last.line, slices), published(home, policy.name), moment, names=versions)
    return in_force(found.own, moment).policy, found.standing


def pins(home: Home, slices: Slices, versions: Sequence[InForce], until: int) -> dict[str, Sequence[InForce]]:
    """Successions of their own of those of these lines on which a plan was taken up, by line."""
    promised = set(home.lines_promised())
    places = [place for place, line in enumerate(slices.lines) if line in promised]
    if not places:
        return {}
    apart = lines_at(slices, places)
    # As many events as pay for compiling one by one; else every line alone would be run as Python.
    engine: Engine | None = "numba" if len(apart.at) >= NUMBA_FROM else None
    names = Versions(home)
    found: dict[str, Sequence[InForce]] = {}
    for place, line in enumerate(apart.lines):
        log = log_of(home, line, lines_at(apart, [place]))
        own = course_of(home, log, versions, until, names=names, engine=engine).own
        if _named(own) != _named(versions):
            found[line] = own
    return found


def _named(versions: Sequence[InForce]) -> list[tuple[str, int]]:
    return sorted((each.policy.version, each.since) for each in versions)


__all__ = ["course_of", "deciding", "log_of", "pins", "proof_in", "published"]
