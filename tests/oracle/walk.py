"""The life of one line: visit after visit, each step as the page on the policy language tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from creditline.events.event import Event
from creditline.lines.decision import Action, Decision, Status

from . import clock, visibility
from .clock import Policy
from .expressions import is_true
from .judge import SEVERITY, Rule, View, codes_of, cure_of, cured, limit_at, rate_at, rules_of, view
from .measure import on_of, sources_read_by
from .moments import due_moments, fixed_moments
from .state import State

PRESENT: dict[Status, int] = {"open": 0, "frozen": 1, "closed": 2}
BLOCK = "BLOCK"
VISITS_MAX = 200_000


@dataclass(frozen=True)
class Move:
    """One thing done to a line: the action, its reasons, the state after it."""

    action: Action
    state: State
    reasons: tuple[str, ...] = ()
    rate: int | None = None


def life(policy: Policy, events: Sequence[Event], until: int, extra: Iterable[int] = ()) -> list[Decision]:
    """Every decision on one line up to and including ``until``; ``extra`` moments are visited besides.

    OverflowError where a number leaves int64; RuntimeError where a policy never comes to rest.
    """
    if not events:
        return []
    state = State(since=min(map(visibility.known_at, events)))
    pending = sorted(fixed_moments(policy, events, until) | {t for t in extra if t <= until})
    decisions: list[Decision] = []
    for _ in range(VISITS_MAX):
        if not pending:
            return decisions
        t = pending[0]
        made, after = visit(policy, events, t, state, len(decisions))
        decisions += made
        due = set(due_moments(policy, after, until)) if after != state else set()
        if (after.status, after.limit) != (state.status, state.limit):
            due.add(t + 1)
        later = {moment for moment in due if t < moment <= until} - set(pending)
        pending = sorted(pending[1:] + list(later)) if later else pending[1:]
        state = after
    raise RuntimeError("the policy does not come to rest on this line")


def visit(policy: Policy, events: Sequence[Event], t: int, state: State, number: int) -> tuple[list[Decision], State]:
    """One look at a line: the decisions made and its state after them."""
    seen = visibility.visible(events, t)
    moves, after = life_moves(seen, t, state)
    if not moves and after.status not in ("applied", "open", "frozen", "closed"):
        return [], after
    looked = view(policy, events, t, after)
    if after.status in ("applied", "open", "frozen", "closed"):
        move = on_application(policy, looked, after) if after.status == "applied" else on_line(policy, looked, after)
        if move is not None:
            moves.append(move)
            after = move.state
        remembered = state.held if looked.suspended else ()
        newly = tuple(code for code in looked.held if code not in remembered)
        after = replace(after, held=(*remembered, *newly))
        if newly and after.status != "terminated":
            moves.append(Move("hold", after, codes_of(rules_of(policy, newly))))
    return list(told(moves, events, looked, state, number)), after


def told(
    moves: Sequence[Move], events: Sequence[Event], looked: View, before: State, number: int
) -> Iterator[Decision]:
    """The decisions of one visit as they are kept."""
    now = sorted((e for e in events if visibility.known_at(e) == looked.t), key=lambda event: event.at)
    for place, move in enumerate(moves):
        after = move.state
        yield Decision(
            line=events[0].line, at=looked.t, number=number + place, action=move.action,
            status_before=before.status, status=after.status, limit_before=before.limit, limit=after.limit,
            points=looked.points, reasons=move.reasons, policy="", position=0,
            trigger=now[-1].id if now else None, facts=looked.facts, fired=looked.fired, held=looked.held,
            standing=after.reasons, cooling_until=after.cooling_until or None,
            probation_until=after.probation_until or None, rate=move.rate,
        )  # fmt: skip
        before = after


# Step 1: life events


def life_moves(seen: Sequence[Event], t: int, state: State) -> tuple[list[Move], State]:
    """What the life events that just became known change, in order of when they happened, and the state then."""
    moves: list[Move] = []
    for event in seen:
        if visibility.known_at(event) != t:
            continue
        before, move = state, life_move(event, t, state)
        state = move.state
        if (before.status, before.limit) != (state.status, state.limit):
            moves.append(move)
    return moves, state


def life_move(event: Event, t: int, state: State) -> Move:
    """What one event does by itself; an action of ``none`` where nothing."""
    if event.kind == "application.received" and state.status in ("new", "declined"):
        return Move("apply", replace(state, status="applied", since=t))
    if event.kind == "line.opened" and state.status in ("new", "applied", "declined"):
        limit = visibility.says(event, "limit")
        return Move("open", replace(state, status="open", since=t, limit=limit, limit_since=t))
    if event.kind == "line.limit_set" and state.status != "terminated":
        return Move("set_limit", replace(state, limit=visibility.says(event, "limit"), limit_since=t))
    if event.kind == "line.ended" and state.status != "terminated":
        return Move("terminate", replace(state, status="terminated", since=t))
    return Move("none", state)


# Step 3: applications


def on_application(policy: Policy, looked: View, state: State) -> Move | None:
    """The answer to an application, None where there is none yet."""
    approve = policy.get("approve")
    rules = [rule for rule in policy.get("rules", []) if "application" in (on_of(rule) or ["line"])]
    reads = sources_read_by(policy, *[rule["when"] for rule in rules])
    if approve is not None:
        reads |= sources_read_by(policy, *[approve[key] for key in ("when", "limit", "rate") if key in approve])
    if reads & looked.suspended or standing_block(looked) > 0:
        return None
    declined = replace(state, status="declined", since=looked.t)
    against = [rule for rule in rules_of(policy, looked.fired) if rule["then"] != "limit"]
    if against:
        return Move("decline", declined, codes_of(against))
    if approve is None:
        return None
    limit = limit_at(policy, approve["limit"], looked.names) if is_true(approve["when"], looked.names) else None
    if limit is None or limit <= 0:
        return Move("decline", declined, (approve["otherwise"]["code"],))
    opened = replace(state, status="open", since=looked.t, limit=limit, limit_since=looked.t, probation_until=0)
    return Move("open", opened, (), rate_at(approve["rate"], looked.names) if "rate" in approve else None)


def standing_block(looked: View) -> int:
    """The most severe block of either class."""
    return max(visibility.block(looked.seen, looked.t, overridable=each) for each in (False, True))


# Step 4: open, frozen and closed lines


def on_line(policy: Policy, looked: View, state: State) -> Move | None:
    """What is done to a line that was opened, None where nothing."""
    t = looked.t
    hard = visibility.block(looked.seen, t, overridable=False)
    soft = visibility.block(looked.seen, t, overridable=True)
    override = visibility.override(looked.seen, t)
    fired = max((SEVERITY[rule["then"]] for rule in rules_of(policy, looked.fired)), default=0)
    wanted = max(hard, 0 if override else max(soft, fired))
    at_hand = [] if override else [rule for rule in rules_of(policy, looked.fired) if SEVERITY[rule["then"]] >= 1]
    if wanted > PRESENT[state.status]:
        return worsened(policy, looked, state, wanted, at_hand)
    added = [rule for rule in at_hand if rule["code"] not in state.reasons]
    if state.status in ("frozen", "closed") and added:
        return extended(policy, looked, state, added)
    if state.status == "frozen" and wanted == 0:
        return unfrozen(policy, looked, state, override)
    if state.status == "closed" and wanted == 0:
        return reopened(policy, looked, state, override)
    if state.status == "open" and hard == 0 and soft == 0 and not override:
        return limited(policy, looked, state)
    return None


def cooling(rule: Rule) -> int:
    """How long a rule keeps a line down at least."""
    return clock.duration(rule["cooling_off"]) if "cooling_off" in rule else 0


def with_reasons(policy: Policy, state: State, rules: Sequence[Rule]) -> tuple[str, ...]:
    """The reasons a line has, with these added, in their order."""
    return codes_of(rules_of(policy, {*state.reasons, *codes_of(rules)}))


def worsened(policy: Policy, looked: View, state: State, wanted: int, at_hand: Sequence[Rule]) -> Move:
    """Freeze, close or terminate."""
    actions: dict[int, tuple[Action, Status]] = {
        1: ("freeze", "frozen"), 2: ("close", "closed"), 3: ("terminate", "terminated"),
    }  # fmt: skip
    action, status = actions[wanted]
    after = replace(
        state, status=status, since=looked.t, probation_until=0,
        closings=state.closings + (action == "close"),
        reasons=with_reasons(policy, state, at_hand),
        cooling_until=max(state.cooling_until, looked.t + max(map(cooling, at_hand), default=0)),
    )  # fmt: skip
    by_rule = any(SEVERITY[rule["then"]] >= wanted for rule in at_hand)
    return Move(action, after, codes_of(at_hand) if by_rule else (*codes_of(at_hand), BLOCK))


def extended(policy: Policy, looked: View, state: State, added: Sequence[Rule]) -> Move:
    """A frozen or closed line gains reasons."""
    cooling_until = max([state.cooling_until, *[looked.t + cooling(rule) for rule in added]])
    after = replace(state, reasons=with_reasons(policy, state, added), cooling_until=cooling_until)
    return Move("extend", after, codes_of(added))


def all_cured(policy: Policy, looked: View, state: State) -> bool:
    """Whether the cooling-off is over, every reason is cured and no cure is suspended."""
    rules = rules_of(policy, state.reasons)
    if looked.t < state.cooling_until or sources_read_by(policy, *map(cure_of, rules)) & looked.suspended:
        return False
    return all(cured(rule, looked.names) for rule in rules)


def unfrozen(policy: Policy, looked: View, state: State, override: bool) -> Move | None:
    """A frozen line opens again, if it may."""
    if not override and not all_cured(policy, looked, state):
        return None
    return Move("unfreeze", replace(state, status="open", since=looked.t, reasons=()))


def reopened(policy: Policy, looked: View, state: State, override: bool) -> Move | None:
    """A closed line opens again, if it may."""
    t = looked.t
    opened = replace(state, status="open", since=t, limit_since=t, reasons=())
    if override:
        return Move("reopen", replace(opened, probation_until=0))
    terms = policy.get("reopen")
    if terms is None or not all_cured(policy, looked, state):
        return None
    if sources_read_by(policy, terms["when"], terms["limit"]) & looked.suspended:
        return None
    asked = any(event.at > state.since for event in visibility.of(looked.seen, "reopen.requested"))
    if not is_true(terms["when"], looked.names) or (terms.get("by", "itself") == "request" and not asked):
        return None
    limit = limit_at(policy, terms["limit"], looked.names)
    if limit is None or limit <= 0:
        return None
    probation = clock.duration(terms["probation"]) if "probation" in terms else 0
    return Move("reopen", replace(opened, limit=limit, probation_until=t + probation))


def limited(policy: Policy, looked: View, state: State) -> Move | None:
    """What the first limit rule that fires says, if it may speak and says something new."""
    speaking = [rule for rule in rules_of(policy, looked.fired) if rule["then"] == "limit"]
    if not speaking:
        return None
    rule = speaking[0]
    not_within = clock.duration(rule["not_within"]) if "not_within" in rule else 0
    limit = limit_at(policy, rule["limit"], looked.names)
    if limit is None or limit < 0 or limit == state.limit or looked.t - state.limit_since < not_within:
        return None
    return Move("set_limit", replace(state, limit=limit, limit_since=looked.t), (rule["code"],))
