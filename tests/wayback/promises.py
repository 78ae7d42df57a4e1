"""Plans taken up, for tests: a small policy, a stricter one, and the life of a line under both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from creditline.events.event import Event
from creditline.events.kinds import PromiseMade
from creditline.facts.slices import from_events
from creditline.lines.decision import Decision
from creditline.lines.succession import InForce, onward
from creditline.policy import Policy, read_policy
from creditline.wayback.plans import Goal, Plan, outlook
from creditline.wayback.progress import Progress, progress_of
from creditline.wayback.promise import Course, course
from creditline.wayback.proof import Proof, sealed
from creditline.wayback.situation import Situation, cut_of
from creditline.wayback.steps import Log
from tests.wayback.ways import DAY, LINE, START, bureau, event, opened, situation_of

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
facts:
  lenders: {last: bureau.reported.lenders_with_balance}
  balance: {last: bureau.reported.balance}
  job: {last: profile.updated.employment}
  frauds: {count: fraud.confirmed}
  ties: {open: tie.found, where: risk = 'high', ended_by: tie.ended, on: party}
rules:
  - {code: T21, when: frauds > 0, then: terminate, reason: {zh: 欺诈, en: Fraud}}
  - {code: T16, when: ties > 0, then: close, cooling_off: 10d, reason: {zh: 关联, en: Ties}}
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 30d, cure: lenders <= 2, reason: {zh: 多头, en: Many}}
reopen: {when: job = 'employed', limit: 0.8 * limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
means: 10000
promise: {grace: 5d, overridden_by: [T21]}
levers:
  close_debts:
    title: {zh: 结清, en: Close debts}
    choose: {from: 1, to: lenders}
    money: balance * chosen / nullif(lenders, 0)
    takes: 10d
    says: [bureau.reported: {lenders_with_balance: lenders - chosen}]
  find_work:
    title: {zh: 就业, en: Find work}
    effort: 5
    says: [profile.updated: {employment: employed}]
"""
STRICT = POLICY.replace("lenders >= 4", "lenders >= 2").replace("cure: lenders <= 2", "cure: lenders = 0")
"""Closes at two lenders what was closed at four, and lets nobody back who owes anyone."""

LOOSE = read_policy(POLICY)
TIGHT = read_policy(STRICT)
EVENTS = (
    opened(),
    event(START + DAY, "profile.updated", employment="unemployed", monthly_income=None),
    bureau(START + 2 * DAY, lenders=5, balance=500_000),
)
NOW = START + 9 * DAY
CHANGE = NOW + 5 * DAY
"""When the stricter version comes into force."""


@dataclass
class Life:
    """A line with plans taken up, under versions of a policy."""

    versions: Sequence[InForce] = (InForce(LOOSE, START), InForce(TIGHT, CHANGE))
    events: list[Event] = field(default_factory=lambda: list(EVENTS))
    proofs: dict[str, Proof] = field(default_factory=dict)

    def log(self) -> Log:
        return Log(LINE, tuple(self.events), from_events(self.events))

    def course(self, until: int) -> Course:
        by_version = {each.policy.version: each.policy for each in self.versions}
        by_version |= {proof.outlook.policy: self.policy_of(proof) for proof in self.proofs.values()}
        return course(self.log(), self.versions, self.proofs.get, by_version.__getitem__, until, engine="python")

    def policy_of(self, proof: Proof) -> Policy:
        known = [LOOSE, TIGHT, *(each.policy for each in self.versions)]
        return next(policy for policy in known if policy.version == proof.outlook.policy)

    def situation(self, now: int) -> Situation:
        """How the line stands, under the version that decides for it."""
        seen = [each for each in self.events if each.known <= now]
        runs = onward(from_events(seen), self.course(now).own, now, engine="python")
        cut = cut_of([each for run in runs for each in run.decisions()])
        return Situation(LINE, runs[-1].policy, now, seen, from_events(seen), runs[-1].states[0], cut=cut)

    def unpinned(self, now: int) -> Situation:
        """How it would stand under the versions in force alone."""
        others = [each for each in self.events if each.kind != "promise.made"]
        return Life(self.versions, others).situation(now)

    def take(self, goal: Goal = "fastest", now: int = NOW) -> Plan:
        """Take a plan up that is made at this moment."""
        situation = self.situation(now)
        return self.take_of(situation, goal)

    def take_of(self, situation: Situation, goal: Goal = "fastest") -> Plan:
        """Take a plan up that is made in this situation."""
        now = situation.now
        proof = sealed(situation, outlook(situation, (goal,)), len(self.events))
        self.proofs[proof.seal] = proof
        made = PromiseMade(plan=proof.seal, goal=goal)
        self.events.append(Event(f"promise-{now}", LINE, now, now, made))
        return proof.outlook.plans[0]

    def keep(self, plan: Plan, shift: int = 0, leave_out: str = "never") -> None:
        """Do what the plan says, so much later, one lever left out."""
        self.events += [
            Event(f"did-{each.id}", LINE, each.at + shift, each.known + shift, each.body)
            for each in plan.events
            if not each.id.startswith((f"plan-{leave_out}-", "plan-coming"))
        ]

    def decisions(self, until: int) -> list[Decision]:
        """What is decided on the line, pins and all."""
        runs = onward(from_events(self.events), self.course(until).own, until, engine="python")
        return [each for run in runs for each in run.decisions()]

    def told(self, until: int) -> list[tuple[str, int, str]]:
        """Action, moment and version of every decision."""
        names = {LOOSE.version: "loose", TIGHT.version: "tight"}
        return [(each.action, each.at, names.get(each.policy, each.policy)) for each in self.decisions(until)]

    def progress(self, now: int, *, better: bool = False) -> Progress:
        stood = self.course(now).stood[-1]
        return progress_of(self.log(), stood, self.situation(now), outlook if better else None)


__all__ = ["CHANGE", "EVENTS", "LOOSE", "NOW", "POLICY", "STRICT", "TIGHT", "Life", "situation_of"]
