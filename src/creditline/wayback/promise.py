"""A plan taken up: the version it was made with goes on deciding for the line, until the promise ends.

When and why a promise ends is worked out from the log, the proofs and the versions of the policy alone, so that every
replay finds the same; ``docs/promises.md`` is the exact meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal

from creditline.events.kinds import (
    PromiseEnded,
    PromiseMade,
)
from creditline.lines import machine
from creditline.lines.decision import ACTIONS
from creditline.lines.kernel import Engine
from creditline.lines.replay import Run, run
from creditline.lines.succession import InForce, carried, onward
from creditline.policy import Policy
from creditline.policy.evaluating import Values
from creditline.wayback.plans import Step, declining
from creditline.wayback.predict import Aim, Return
from creditline.wayback.proof import Proof
from creditline.wayback.situation import values_applying, values_at
from creditline.wayback.steps import Log, Taken, is_blocked, is_done, way_of

Because = Literal["given_up", "replaced", "voided", "overridden", "kept", "broken", "lapsed"]
BLOCK = "BLOCK"
"""Stands for a block a person placed, as among the reasons of decisions."""

_RANK: Mapping[Because, int] = {
    "given_up": 0, "replaced": 1, "voided": 2, "overridden": 3, "kept": 4, "broken": 5, "lapsed": 6,
}  # fmt: skip
_AGAINST = tuple(ACTIONS.index(action) for action in ("decline", "freeze", "close", "extend", "terminate"))


@dataclass(frozen=True, eq=False)
class Stood:
    """A plan taken up and what became of it, as far as is known. Moments in microseconds."""

    taken: Taken
    aim: Aim
    """Where the line is to come."""
    back: Return | None
    """When it came there under it."""
    ended: int | None
    """From when on it is followed no longer; None while it stands."""
    because: Because | None
    codes: tuple[str, ...] = ()
    """What overrode it or stopped the line again (codes of rules, BLOCK), or the levers of the step not done."""


@dataclass(frozen=True, eq=False)
class Course:
    """The promises of one line, and under which version it was decided when."""

    own: tuple[InForce, ...]
    stood: tuple[Stood, ...]
    """In the order in which the plans were taken up."""

    @property
    def standing(self) -> Stood | None:
        """The promise that stands, if one does."""
        return self.stood[-1] if self.stood and self.stood[-1].ended is None else None


def course(
    log: Log,
    versions: Sequence[InForce],
    proof_of: Callable[[str], Proof | None],
    policy_of: Callable[[str], Policy],
    until: int,
    *,
    engine: Engine | None = None,
) -> Course:
    """What became of every plan taken up by ``until``, and the succession of versions this makes for the line.

    A promise whose proof is not kept or was made under another policy or for another line binds nothing.
    """
    ordered = sorted(versions, key=lambda each: each.since)
    own, stood = ordered, list[Stood]()
    taken = list(_taken(log, ordered[0].policy.name, proof_of, policy_of, until))
    for number, each in enumerate(taken):
        after = taken[number + 1].since if number + 1 < len(taken) else None
        found = _Stand(log, own, ordered, each, until, engine).stood(after)
        stood.append(found)
        own = _with_pin(own, ordered, each, found.ended)
    return Course(tuple(own), tuple(stood))


def _taken(
    log: Log,
    policy_name: str,
    proof_of: Callable[[str], Proof | None],
    policy_of: Callable[[str], Policy],
    until: int,
) -> Iterator[Taken]:
    for event in log.said(PromiseMade):
        body = event.body
        assert isinstance(body, PromiseMade)
        if event.known > until or log.voided(event, event.known):
            continue
        proof = proof_of(body.plan)
        plan = next((each for each in proof.outlook.plans if each.goal == body.goal), None) if proof else None
        if proof is None or plan is None or proof.outlook.line != log.line:
            continue
        pinned, way = policy_of(proof.outlook.policy), way_of(proof.outlook.status)
        if pinned.name == policy_name and way is not None:
            yield Taken(event.id, body.plan, event.known, plan, pinned, way)


def in_force(versions: Sequence[InForce], t: int) -> InForce:
    """The version in force at a moment; before all of them the first."""
    ordered = sorted(versions, key=lambda each: each.since)
    return next((each for each in reversed(ordered) if each.since <= t), ordered[0])


def _with_pin(own: Sequence[InForce], versions: Sequence[InForce], taken: Taken, ended: int | None) -> list[InForce]:
    """A succession in which the version of a plan decides from its taking up to its end."""
    pin = InForce(taken.policy, taken.since + 1)
    made = [*(each for each in own if each.since <= taken.since), pin]
    if ended is not None:
        made.append(InForce(in_force(versions, ended).policy, ended))
        made += [each for each in versions if each.since > ended]
    # The same version twice in a row is one: nothing comes into force between.
    return [
        each for place, each in enumerate(made) if place == 0 or each.policy.version != made[place - 1].policy.version
    ]


# -- what became of one ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _End:
    at: int
    because: Because
    codes: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        return self.at, _RANK[self.because]


@dataclass(frozen=True, eq=False)
class _Stand:
    """One plan taken up, lived through."""

    log: Log
    own: Sequence[InForce]
    """The line's succession up to the taking up."""
    versions: Sequence[InForce]
    taken: Taken
    until: int
    engine: Engine | None

    @cached_property
    def base(self) -> Run:
        """The line up to the taking up."""
        return onward(self.log.slices, self.own, self.taken.since, engine=self.engine)[-1]

    def cell(self, name: str) -> int:
        """One cell of the line's state at the taking up."""
        return int(self.base.column(name)[0])

    @cached_property
    def aim(self) -> Aim:
        """Where the line is to come."""
        return Aim(self.cell("LIMIT") if self.taken.way == "raised" else None)

    @cached_property
    def last(self) -> int:
        """The last moment that can matter: a promise ends by itself before it."""
        reopen = self.taken.policy.reopen
        probation = reopen.probation if reopen else 0
        return min(self.until, self.taken.lapses + max(probation, self.taken.grace))

    def pinned(self, until: int) -> Run:
        """The line after the taking up, under the version of the plan."""
        base, policy = self.base, self.taken.policy
        states = carried(base.states, base.policy, policy)
        return run(self.log.slices, policy, until, since=self.taken.since, states=states, engine=self.engine)

    def unpinned(self) -> list[Run]:
        """The line after the taking up, under the versions in force; none where they are the plan's own."""
        return self._in_force_from(self.base, self.taken.since)

    def opened(self, back: Return | None) -> list[Run]:
        """The same from the approval of an application on: of a line they had declined they would see nothing more."""
        if self.taken.way != "approved" or back is None:
            return []
        return self._in_force_from(self.pinned(back.at), back.at)

    def _in_force_from(self, before: Run, since: int) -> list[Run]:
        now = InForce(in_force(self.versions, since).policy, since + 1)
        decide = [now, *(each for each in self.versions if since < each.since <= self.last)]
        if all(each.policy.version == self.taken.policy.version for each in decide):
            return []
        return onward(self.log.slices, decide, self.last, since=before, engine=self.engine)

    @cached_property
    def answered(self) -> frozenset[str]:
        """Codes of rules that would have declined an application at the taking up: they override nothing.

        What stands against a closed line is in its state, and does not fire anew; a declined line has no such reasons.
        """
        if self.taken.way != "approved":
            return frozenset()
        taken = self.taken
        state = carried(self.base.states, self.base.policy, taken.policy)[0]
        return frozenset(declining(taken.policy, values_applying(taken.policy, self.log.slices, state, taken.since)))

    def stood(self, after: int | None) -> Stood:
        """What became of it; ``after`` is when the next plan was taken up."""
        taken = self.taken
        pinned = self.pinned(self.last)
        back, kept = self._back(pinned)
        ends = [*self._said(after), *kept]
        runs = [pinned, *self.unpinned(), *self.opened(back)]
        ends += [end for each in runs for end in _overriding(each, self.answered)]
        if self.cell("STATUS") == machine.TERMINATED:
            ends.append(_End(taken.since + 1, "overridden"))
        if back is None or back.at >= taken.lapses:
            blocked = is_blocked(self.log, taken.lapses)
            ends.append(_End(taken.lapses, "overridden", (BLOCK,)) if blocked else _End(taken.lapses, "lapsed"))
        first = min([self.until + 1, *(each.at for each in ends), *([back.at] if back else [])])
        ends += self._broken(first)
        end = min((each for each in ends if each.at <= self.until), key=lambda each: each.order, default=None)
        if end is None:
            return Stood(taken, self.aim, back, None, None)
        back = back if back is not None and back.at < end.at else None
        return Stood(taken, self.aim, back, end.at, end.because, end.codes)

    def _said(self, after: int | None) -> Iterator[_End]:
        """Ends that the log states."""
        taken = self.taken
        for event in self.log.said(PromiseEnded):
            body = event.body
            assert isinstance(body, PromiseEnded)
            if body.plan == taken.seal and event.known > taken.since and not self.log.voided(event, event.known):
                yield _End(event.known, body.because)
        if after is not None:
            yield _End(after, "replaced")
        if taken.event in self.log.voids:
            yield _End(self.log.voids[taken.event], "voided")

    def _back(self, pinned: Run) -> tuple[Return | None, list[_End]]:
        """When the line came back, and what ends the promise then: nothing more is to come, or it is stopped again."""
        back, kept = None, list[_End]()
        if self._was_there():
            back = Return(self.taken.since, self.cell("LIMIT"))
            kept.append(_End(self.taken.since + self.taken.grace, "kept"))
        for row in pinned.rows:
            at, action = int(row[machine.D_T]), int(row[machine.D_ACTION])
            if back is None and self.aim.met(row):
                back = Return(at, int(row[machine.D_LIMIT]))
                kept.append(_End(self._until(back, row), "kept"))
            elif back is not None and action in _AGAINST:
                kept.append(_End(at, "kept", _codes(pinned.policy, row)))
        return back, kept

    def _was_there(self) -> bool:
        """Whether the log was put right since so that there was nothing to come back from."""
        is_low = self.aim.above is not None and self.cell("LIMIT") < self.taken.plan.limit
        return self.cell("STATUS") == machine.OPEN and not is_low

    def _until(self, back: Return, row: Any) -> int:
        """Until when the version of the plan goes on deciding for a line that came back."""
        until = back.at + self.taken.grace
        if row[machine.D_ACTION] == machine.REOPEN:
            until = max(until, int(row[machine.D_PROBATION]))
        return until if back.limit >= self.taken.plan.limit else max(until, self.taken.lapses)

    def _broken(self, before: int) -> list[_End]:
        """The first step not done in time, where that comes before everything else."""
        for step in sorted(self.taken.plan.steps, key=self.taken.breaks):
            breaks = self.taken.breaks(step)
            if breaks > before:
                break
            if not self._is_done(step, breaks - 1):
                return [_End(breaks, "broken", (step.lever,))]
        return []

    def _is_done(self, step: Step, t: int) -> bool:
        if self.taken.applies(step) and self.pinned(t).column("STATUS")[0] == machine.APPLIED:
            return True  # made too early, but it still waits to be decided
        return is_done(self.log, self.taken, step, t, partial(self._values, t))

    def _values(self, t: int) -> Values:
        policy, states = self.taken.policy, self.pinned(t).states
        if self.taken.way == "approved":
            return values_applying(policy, self.log.slices, states[0], t)
        return values_at(policy, self.log.slices, states, t)


def _overriding(decided: Run, answered: frozenset[str]) -> Iterator[_End]:
    """Where a rule that the deciding version names stops the line anew, or the line ends for good."""
    named = set(decided.policy.promise.overridden_by) - answered
    for row in decided.rows:
        if row[machine.D_ACTION] not in _AGAINST:
            continue
        codes = _codes(decided.policy, row)
        found = tuple(code for code in codes if code in named)
        if found or row[machine.D_ACTION] == machine.TERMINATE:
            yield _End(int(row[machine.D_T]), "overridden", found or codes)


def _codes(policy: Policy, row: Any) -> tuple[str, ...]:
    """Reasons of a decision, the most severe first, and BLOCK where a person's order was one."""
    bits = int(row[machine.D_REASONS])
    mine = sorted((rule for place, rule in enumerate(policy.rules) if bits >> place & 1), key=lambda r: -r.severity)
    by_block = row[machine.D_CAUSE] == machine.BY_BLOCK
    return (*(rule.code for rule in mine), *([BLOCK] if by_block else []))


__all__ = ["BLOCK", "Because", "Course", "Stood", "course", "in_force"]
