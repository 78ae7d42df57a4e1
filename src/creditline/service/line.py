"""The life of one line as the home has it: its decisions with their reasons taken apart, its events, how it stands."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from creditline.clock import DAY
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import KINDS, NULL, EventVoided
from creditline.facts.expressions import Name
from creditline.facts.parsing import closest
from creditline.facts.slices import Slices
from creditline.lines.decision import STATUSES, Decision
from creditline.lines.replay import measure, new_states
from creditline.lines.telling import BLOCK, ReasonTold, explain, explain_return, reason_told, unit_of
from creditline.policy import Policy
from creditline.policy.compiler import STATE
from creditline.policy.evaluating import Values
from creditline.scoring.reasons import Kind, Reason, Scored, of_line, principal_reasons
from creditline.service.pins import deciding
from creditline.service.versions import Versions
from creditline.store import Home
from creditline.store.database import StoreError
from creditline.wayback.promise import Stood

NEAR = 3
"""Lines named when the one asked for is not known."""

_ACTS = ("close", "freeze", "extend", "terminate", "decline")


@dataclass(frozen=True)
class DecisionTold:
    """One decision, its principal reasons in full, and what led to it."""

    decision: Decision
    policy: Policy
    reasons: list[ReasonTold]
    ended: list[ReasonTold]
    """The reasons that a reopening or unfreezing ended, cured by then unless a person overrode them."""
    trigger_kind: str | None
    """Kind of the event that led to it; None when time alone did."""
    score: ScoreTold | None
    """Why the points were no more, where a reason of the decision reads them."""


@dataclass(frozen=True)
class ScoreTold:
    """A score with the card and the facts that made it, and its principal reasons."""

    scored: Scored
    reasons: list[Reason]


@dataclass(frozen=True)
class Present:
    """How the line stands now, and what keeps it from coming back."""

    at: int
    """The moment taken as now: the last one the home knows, microseconds."""
    policy: Policy
    """The version that decides for the line: of a promised one, the version its plan was made with."""
    promise: Stood | None
    """The promise that stands, if one does."""
    points: int
    standing: list[ReasonTold]
    """Standing reasons on present values, as the version that decides tells them."""
    score: ScoreTold | None
    """Why the points are no more; None under a policy without a scorecard."""


@dataclass(frozen=True)
class LineTold:
    """The life of one line."""

    line: str
    status: str
    limit: int
    """Minor units."""
    policy: Policy | None
    """The version that decided last; None where nothing was decided yet."""
    decisions: list[DecisionTold]
    events: list[Event]
    voided: frozenset[str]
    """Ids of events that count no longer."""
    present: Present | None
    simulated: bool


class LineRow(msgspec.Struct, frozen=True):
    """One line in a list."""

    line: str
    policy: str
    status: str
    limit: int
    reasons: tuple[str, ...]
    """Codes that stand against it now, or led to its last decline or end."""
    closings: int
    decided_at: int | None
    """Moment of the last decision, microseconds."""


def slices_of(home: Home, line: str) -> Slices:
    """The log of one line. Raises CreditlineError, naming lines with a similar id, where it is not known."""
    try:
        return home.slices([line])
    except StoreError as error:
        raise _unknown(home, line) from error


def line_told(home: Home, line: str) -> LineTold:
    """Tell a line's life. Raises CreditlineError, naming lines with a similar id, where it is not known."""
    slices = slices_of(home, line)
    events = sorted(home.events(line), key=lambda event: (event.known, event.at, event.id))
    kinds = {event.id: event.kind for event in events}
    made = home.decisions(line)
    versions = Versions(home)
    told = [
        _decision_told(each, made[:number], versions[each.policy], requested(slices, each.at), kinds)
        for number, each in enumerate(made)
    ]
    last = made[-1] if made else None
    return LineTold(
        line=line,
        status=last.status if last else "new",
        limit=last.limit if last else 0,
        policy=versions[last.policy] if last else None,
        decisions=told,
        events=events,
        voided=frozenset(event.body.event for event in events if isinstance(event.body, EventVoided)),
        present=_present(home, slices, made, versions) if made else None,
        simulated=bool(home.get("simulated")),
    )


def _decision_told(
    decision: Decision, before: Sequence[Decision], policy: Policy, asked: int | None, kinds: Mapping[str, str]
) -> DecisionTold:
    return DecisionTold(
        decision=decision,
        policy=policy,
        reasons=explain(policy, decision, before, asked),
        ended=explain_return(policy, decision, before, asked),
        trigger_kind=None if decision.trigger is None else kinds.get(decision.trigger),
        score=_score_behind(policy, decision),
    )


def scored_by(policy: Policy, facts: Values) -> Scored | None:
    """The policy's card over these facts, ready to be told; None under a policy without one."""
    card = policy.scorecard
    if card is None:
        return None
    kinds = {}
    for name in card.facts:
        kind = policy.types[name]
        kinds[name] = Kind.of(name, kind, unit_of(policy, Name(kind, name)), policy.currency)
    return of_line(card, {name: facts[name] for name in card.facts}, kinds, policy.words)


def score_told(policy: Policy, facts: Values) -> ScoreTold | None:
    """The principal reasons of the score these facts have under a policy; None under a policy without a card."""
    scored = scored_by(policy, facts)
    return None if scored is None else ScoreTold(scored, principal_reasons(scored))


def _score_behind(policy: Policy, decision: Decision) -> ScoreTold | None:
    """The score a decision was made on, if a reason of it reads the points; none where another card gave them."""
    if not any(_reads_points(policy, code) for code in decision.reasons):
        return None
    told = score_told(policy, decision.facts)
    return told if told is not None and told.scored.points == decision.points else None


def _reads_points(policy: Policy, code: str) -> bool:
    rule, approve = policy.by_code.get(code), policy.approve
    if rule is not None:
        return "points" in rule.when.names()
    return approve is not None and code == approve.code and "points" in approve.when.names()


def requested(slices: Slices, t: int) -> int | None:
    """Amount of the one line's latest application visible at ``t``, minor units."""
    application = KINDS["application.received"]
    seen = (slices.kind == application.code) & (slices.known <= t) & (slices.until > t)
    rows = np.flatnonzero(seen)
    return int(slices.values[application.fields["amount"].slot, rows[-1]]) if len(rows) else None


def _present(home: Home, slices: Slices, made: Sequence[Decision], versions: Versions) -> Present:
    now = last_known(home, slices, made)
    policy, promise = deciding(home, slices, made[-1], now, versions)
    values = values_at(policy, slices, made, now)
    points = values["points"]
    assert points is not None
    # A code that the version that decides does not know stands no longer.
    known = [code for code in made[-1].standing if code in (*policy.by_code, policy.incident_code, BLOCK)]
    standing = [reason_told(policy, code, values) for code in known]
    return Present(now, policy, promise, points, standing, score_told(policy, values))


def last_known(home: Home, slices: Slices, made: Sequence[Decision]) -> int:
    """The last moment the home knows of a line, which is taken as now; microseconds."""
    return max(int(slices.known.max()), _until(home), *(each.at for each in made[-1:]))


def _until(home: Home) -> int:
    """The moment the home's decisions go up to, as far as it says."""
    for key in ("simulated", "run"):
        note = home.get(key)
        if isinstance(note, dict) and isinstance(note.get("until"), int):
            return int(note["until"])
    return 0


def values_at(policy: Policy, slices: Slices, made: Sequence[Decision], now: int) -> Values:
    """What the policy's expressions read of the one line at a moment, after these decisions."""
    last = made[-1] if made else None
    status, limit = (STATUSES.index(last.status), last.limit) if last else (0, 0)
    probation = last.probation_until if last else None
    since = next((each.at for each in reversed(made) if each.status != each.status_before), last.at if last else now)
    closings = sum(each.action == "close" for each in made)
    states = new_states(1)
    cells = {"STATUS": status, "SINCE": since, "LIMIT": limit, "PROBATION": probation or 0, "CLOSINGS": closings}
    for name, value in cells.items():
        states[0, STATE.index(name)] = value
    measured = measure(slices, policy, now, states=states, engine="python")
    facts = {name: None if column[0] == NULL else int(column[0]) for name, column in measured.items()}
    card = policy.scorecard
    points = card.points_of(facts) if card else 0
    return {
        **facts,
        "limit": limit,
        "status": status,
        "days_in_status": (now - since) // DAY,
        "on_probation": int(probation is not None and now < probation),
        "closings": closings,
        "requested": requested(slices, now),
        "points": points,
    }


def _unknown(home: Home, line: str) -> CreditlineError:
    near = difflib.get_close_matches(line, home.lines(), n=NEAR, cutoff=0.6)
    remedy = f"did you mean {', '.join(near)}?" if near else "list the lines with: creditline line list"
    return CreditlineError("line", line, remedy, f"is not known in {home.path}")


def rows(home: Home, status: str | None = None, reason: str | None = None) -> list[LineRow]:
    """Lines of the home in order of id: those of a status, those a rule ever stopped, or all."""
    if status is not None and status not in STATUSES:
        raise CreditlineError("--status", status, closest(status, STATUSES))
    versions = Versions(home)
    if reason is not None and reason not in versions.codes:
        raise CreditlineError("--reason", reason, closest(reason, sorted(versions.codes)), "is no code of a rule here")
    names = {version: each.name for version, each in versions.published.items()}
    made: dict[str, list[Decision]] = {line: [] for line in home.lines()}
    for each in home.decisions():
        made[each.line].append(each)
    return [
        _row(line, mine, names)
        for line, mine in made.items()
        if (status is None or (mine[-1].status if mine else "new") == status)
        and (reason is None or any(reason in each.reasons for each in mine if each.action in _ACTS))
    ]


def _row(line: str, made: Sequence[Decision], names: Mapping[str, str]) -> LineRow:
    if not made:
        return LineRow(line, "", "new", 0, (), 0, None)
    last = made[-1]
    name = names.get(last.policy, "")
    reasons = last.standing or (last.reasons if last.status in ("declined", "terminated") else ())
    closings = sum(each.action == "close" for each in made)
    return LineRow(line, name, last.status, last.limit, reasons, closings, last.at)


__all__ = [
    "DecisionTold", "LineRow", "LineTold", "Present", "ScoreTold", "last_known", "line_told", "requested",
    "rows", "score_told", "scored_by", "slices_of", "values_at",
]  # fmt: skip
