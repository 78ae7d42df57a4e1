"""One closed line followed to its return: its notice, the plans of that day, and what its borrower really did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

import msgspec

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    BureauReported,
    EventVoided,
    IncidentDeclared,
    OutsideInstalmentPaid,
    RepaymentReceived,
)
from creditline.facts.definitions import CountedFact
from creditline.i18n import Language
from creditline.lines.decision import Decision
from creditline.notices import Notice, Profile
from creditline.notices.model import REASONS_MOST
from creditline.policy import Policy
from creditline.service.notices import notice_for
from creditline.service.wayback import situation_of
from creditline.store import Home
from creditline.wayback.plans import Outlook, Plan, outlook

CANDIDATES = 3
"""Lines whose plans are worked out at most before one is chosen."""

DAYS_NEAR = 7
"""A return within so many days of the day planned counts as the planned one."""

TOLD_AS_THEY_ARE = (
    "reopen.requested", "profile.updated", "tie.ended", "purpose.evidenced", "evidence.accepted", "consent.given",
)  # fmt: skip
"""Kinds of events told by their kind alone."""

Kind = Literal[
    "paid", "paid_elsewhere", "overdue", "settled", "report", "reopen.requested", "profile.updated", "tie.ended",
    "purpose.evidenced", "evidence.accepted", "consent.given",
]  # fmt: skip


class Did(msgspec.Struct, frozen=True):
    """What became known of a borrower on one local day (or from one to another), in figures; money in minor units."""

    kind: Kind
    first: int
    """Day, counted from 1970-01-01."""
    last: int
    times: int = 1
    amount: int | None = None
    lenders: int | None = None
    days_past_due: int | None = None


@dataclass(frozen=True)
class Followed:
    """A line that was closed and came back, and what was said of it on the day it closed."""

    closed: Decision
    reopened: Decision
    policy: Policy
    profile: Profile
    notice: Notice
    outlook: Outlook
    did: tuple[Did, ...]

    @property
    def planned(self) -> Plan:
        """The fastest of its plans."""
        return next(plan for plan in self.outlook.plans if plan.goal == "fastest")

    @property
    def days_later(self) -> int:
        """How many local days later than planned it came back, below zero where sooner."""
        return self.day_of(self.reopened.at) - self.day_of(self.planned.reopens_at)

    def day_of(self, moment: int) -> int:
        """The local day of a moment, counted from 1970-01-01."""
        return (moment + self.policy.utc_offset) // DAY


def follow(
    home: Home, decisions: Sequence[Decision], policies: Mapping[str, Policy], profile: Profile, lang: Language
) -> Followed | None:
    """The line that shows best how a way back is planned and gone; None where no line closed and came back so.

    ``decisions`` are all of the home, ``policies`` by version. Lines that came back as soon as they could are looked at
    first, those closed for the gravest reasons before others, one for each set of reasons; taken is the first that came
    back on about the day planned.
    """
    found: list[Followed] = []
    for closed, reopened in _candidates(home, decisions, policies):
        each = _followed(home, closed, reopened, policies[closed.policy], profile, lang)
        if each is not None and abs(each.days_later) <= DAYS_NEAR:
            return each
        found += [] if each is None else [each]
    return min(found, key=lambda each: (abs(each.days_later), each.closed.line), default=None)


def _answers(plan: Plan) -> bool:
    """Whether a step answers a reason of the closing, not only what coming back asks beyond the reasons."""
    return any(set(step.answers) - {"reopen"} for step in plan.steps)


# -- which lines --------------------------------------------------------------------------------------


def _candidates(
    home: Home, decisions: Sequence[Decision], policies: Mapping[str, Policy]
) -> Iterator[tuple[Decision, Decision]]:
    """Closings and the returns from them, the most telling first."""

    def order(each: tuple[Decision, Decision]) -> tuple[bool, int, int, str]:
        closed, waited = each[0], _waited(*each)
        rules = [rule.code for rule in policies[closed.policy].rules]
        return waited > DAYS_NEAR, min(map(rules.index, closed.reasons)), waited, closed.line

    found = sorted(_returns(decisions, policies), key=order)
    seen: set[tuple[str, ...]] = set()
    for closed, reopened in found:
        if closed.reasons not in seen and not _by_mistake(home, closed, reopened):
            seen.add(closed.reasons)
            yield closed, reopened
        if len(seen) == CANDIDATES:
            return


def _waited(closed: Decision, reopened: Decision) -> int:
    """Days from the end of the cooling-off to the return."""
    return (reopened.at - (closed.cooling_until or closed.at)) // DAY


def _returns(decisions: Sequence[Decision], policies: Mapping[str, Policy]) -> Iterator[tuple[Decision, Decision]]:
    """Closings by rules that a borrower can do something about, each with the return that came next on its line."""
    ordered = sorted(decisions, key=lambda each: (each.line, each.number))
    turns = ("close", "extend", "hold", "reopen", "terminate")
    for _, group in groupby(ordered, key=lambda each: each.line):
        made = [each for each in group if each.action in turns]
        for closed, after in pairwise(made):
            if (closed.action, after.action) != ("close", "reopen") or len(closed.reasons) > REASONS_MOST:
                continue
            if closed.policy in policies and all(answerable(policies[closed.policy], code) for code in closed.reasons):
                yield closed, after


def answerable(policy: Policy, code: str) -> bool:
    """Whether a policy has a lever that touches what a reason is cured by."""
    rule = policy.by_code.get(code)
    if rule is None:
        return False
    named = [policy.by_name.get(name) for name in policy.counted(rule.cure or rule.when)]
    facts = [fact for fact in named if isinstance(fact, CountedFact)]
    kinds = {kind.name for fact in facts for kind in (fact.kind, fact.after, fact.ended_by) if kind is not None}
    return any(lever.kinds & kinds for lever in policy.levers)


def _by_mistake(home: Home, closed: Decision, reopened: Decision) -> bool:
    """Whether it came back because something was found to be untrue, which nobody can plan for."""
    between = (each for each in home.events(closed.line) if closed.at < each.known <= reopened.at)
    return any(isinstance(each.body, EventVoided | IncidentDeclared) for each in between)


def _followed(
    home: Home, closed: Decision, reopened: Decision, policy: Policy, profile: Profile, lang: Language
) -> Followed | None:
    situation = situation_of(home, closed.line, now=closed.at)
    told = outlook(situation, engine="python")
    fastest = next((plan for plan in told.plans if plan.goal == "fastest"), None)
    if fastest is None or not _answers(fastest):
        return None
    notice, _ = notice_for(home, closed.line, closed.number, profile, lang)
    events = [each for each in home.events(closed.line) if each.known <= reopened.at]
    return Followed(closed, reopened, policy, profile, notice, told, tuple(_did(events, closed.at, policy.utc_offset)))


# -- what was done ------------------------------------------------------------------------------------


def _did(events: Sequence[Event], since: int, offset: int) -> list[Did]:
    """What became known after a moment, in order; the same things one after another told together."""
    ordered = sorted(events, key=lambda each: (each.known, each.id))
    report = next((each.body for each in reversed(ordered) if _is_report(each) and each.known <= since), None)
    told: list[Did] = []
    for each in ordered:
        if each.known <= since or (_is_report(each) and each.body == report):
            continue
        if _is_report(each):
            report = each.body
        did = _said(each, (each.known + offset) // DAY)
        if did is not None:
            told.append(did)
    return _together(told)


def _is_report(event: Event) -> bool:
    return isinstance(event.body, BureauReported)


def _said(event: Event, day: int) -> Did | None:
    body = event.body
    match body:
        case RepaymentReceived():
            return Did("paid", day, day, amount=body.amount)
        case OutsideInstalmentPaid():
            return Did("paid_elsewhere", day, day, amount=body.amount)
        case ArrearsChanged():
            if not body.days_past_due:
                return Did("settled", day, day)
            return Did("overdue", day, day, amount=body.amount, days_past_due=body.days_past_due)
        case BureauReported():
            return Did(
                "report", day, day, amount=body.balance, lenders=body.lenders_with_balance,
                days_past_due=body.days_past_due,
            )  # fmt: skip
    return Did(event.kind, day, day) if event.kind in TOLD_AS_THEY_ARE else None  # type: ignore[arg-type]


def _together(told: Sequence[Did]) -> list[Did]:
    """Neighbours of one kind as one: payments added up, of arrears the last word."""
    out: list[Did] = []
    for _, group in groupby(told, key=lambda each: each.kind):
        some = list(group)
        if some[0].kind == "report":
            out += some
            continue
        amounts = [each.amount for each in some if each.amount is not None]
        added = some[0].kind in ("paid", "paid_elsewhere")
        amount = None if not amounts else sum(amounts) if added else amounts[-1]
        last = some[-1]
        out.append(msgspec.structs.replace(last, first=some[0].first, times=len(some), amount=amount))
    return out


__all__ = ["CANDIDATES", "Did", "Followed", "answerable", "follow"]
