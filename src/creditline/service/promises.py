"""Promises of a home: plans taken up, followed, given up, and what they cost; each change with its notice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import NULL, Kind, PromiseEnded, PromiseMade, ReopenRequested
from creditline.i18n import Language, text
from creditline.lines.decision import Decision
from creditline.notices import Notice, PlanGiven, Profile, ProgressGiven, StepGiven, plan_notice, progress_notice
from creditline.notices.content import day_in_words
from creditline.policy import Policy
from creditline.replay.standing import last_said
from creditline.service.keeping import profile_of
from creditline.service.notices import enqueue_way
from creditline.service.wayback import Standing, proof_of_file, situation_of, standing_of
from creditline.store import Home
from creditline.wayback.plans import Goal, Plan, outlook
from creditline.wayback.predict import returns
from creditline.wayback.progress import Cost, Progress, cost_of, progress_of
from creditline.wayback.promise import BLOCK, DOWN, Stood
from creditline.wayback.proof import PlanError, Proof, differences, sealed
from creditline.wayback.situation import Situation
from creditline.wayback.steps import day_of


@dataclass(frozen=True, eq=False)
class Followed:
    """A line at a moment, and how far the plan taken up last has come; None where none was."""

    standing: Standing
    progress: Progress | None

    @property
    def stood(self) -> Stood | None:
        """The promise that stands, if one does."""
        return self.standing.course.standing


class Taking(msgspec.Struct, frozen=True):
    """What became of the wish to take a plan up."""

    line: str
    seal: str
    plan: Plan
    is_new: bool
    """False where this very promise stood already."""


class Told(msgspec.Struct, frozen=True):
    """A promise of which something new was told to the borrower."""

    line: str
    seal: str
    state: str
    better: str | None
    """Goal of the better plan offered."""


def followed(home: Home, line: str, *, now: int | None = None, better: bool = True) -> Followed:
    """How the last promise of a line stands at a moment, by default the last the home knows of.

    Unless ``better`` is asked for, no plan that would be better by now is looked for. Raises CreditlineError.
    """
    standing = standing_of(home, line, now=now)
    stood = standing.course.stood
    return Followed(standing, _progress(standing, stood[-1], better=better) if stood else None)


def _progress(standing: Standing, stood: Stood, *, better: bool) -> Progress:
    return progress_of(standing.log, stood, standing.situation, outlook if better else None)


# -- taking up and giving up -----------------------------------------------------------------------


def take(
    home: Home, line: str, goal: Goal, *, now: int | None = None, file: Path | None = None, replace: bool = False
) -> Taking:
    """Take a plan up: one made now, or that of a file as it was written by ``plan --out``.

    In one turn the proof is kept, the events are appended and the notice is queued. The same promise again changes
    nothing. Raises CreditlineError where the line is not closed or frozen, the plan does not hold any more, or another
    promise stands and ``replace`` is not given.
    """
    with home.turn():
        found = followed(home, line, now=now, better=False)
        situation, standing = found.standing.situation, found.stood
        if situation.status not in DOWN:
            remedy = "take up a plan of a line that is closed or frozen: creditline line list --status closed"
            raise CreditlineError("line", line, remedy, f"is {situation.status}: there is no way back to promise")
        proof = _made_now(home, situation, goal) if file is None else _of_file(home, situation, file)
        plan = _chosen(proof, goal, file)
        if file is not None:
            _check_still_holds(situation, plan, str(file))
        if standing is not None and _is_same(standing, proof, plan):
            return Taking(line, standing.taken.seal, standing.taken.plan, is_new=False)
        if standing is not None and not replace:
            remedy = "keep it, give it up (creditline promise give-up), or take this up in its place with --replace"
            raise CreditlineError("line", line, remedy, f"has a promise already: {standing.taken.plan.goal}")
        at, bodies = situation.now, list[Kind]()
        if standing is not None:
            bodies.append(PromiseEnded(plan=standing.taken.seal, because="replaced"))
        bodies.append(PromiseMade(plan=proof.seal, goal=plan.goal))
        if _must_ask(situation):
            bodies.append(ReopenRequested())
        home.keep_proof(proof.seal, msgspec.json.encode(proof).decode())
        _append(home, [_event(line, at, proof.seal, body) for body in bodies])
        _tell_taken(home, situation, plan)
        return Taking(line, proof.seal, plan, is_new=True)


def give_up(home: Home, line: str, *, now: int | None = None) -> Stood:
    """Follow a line's plan no longer, as the borrower wishes; CreditlineError where none stands."""
    with home.turn():
        found = followed(home, line, now=now, better=False)
        standing = found.stood
        if standing is None:
            remedy = "see what was promised: creditline promise list"
            raise CreditlineError("line", line, remedy, "has no promise that stands")
        body = PromiseEnded(plan=standing.taken.seal, because="given_up")
        _append(
            home, [_event(line, max(found.standing.situation.now, standing.taken.since + 1), standing.taken.seal, body)]
        )
        return standing


def _made_now(home: Home, situation: Situation, goal: Goal) -> Proof:
    told = outlook(situation, (goal,))
    if not told.plans:
        codes = ", ".join(told.never)
        raise CreditlineError("line", situation.line, f"see why: creditline plan {situation.line}", _no_plan(codes))
    return sealed(situation, told, home.position())


def _no_plan(codes: str) -> str:
    return f"has no plan to take up: nothing answers {codes}"


def _of_file(home: Home, situation: Situation, file: Path) -> Proof:
    """The proof in a file, run again as ``plan check`` does, and once more from where the line stands now."""
    proof, place = proof_of_file(file), str(file)
    told = proof.outlook
    again = f"make it anew: creditline plan {situation.line} --out {file}"
    if told.line != situation.line:
        raise PlanError(f"{place}, line", told.line, f"take it up for {told.line}", f"is not {situation.line}")
    if told.now > situation.now:
        raise PlanError(f"{place}, now", str(told.now), "give a later --now", "lies after the moment of taking it up")
    if told.policy != situation.policy.version:
        problem = f"is not the version that decides for the line ({situation.policy.version[:12]})"
        raise PlanError(f"{place}, policy", told.policy[:12], again, problem)
    then = situation_of(home, told.line, now=told.now, position=proof.position)
    for each in differences(then, proof):
        where = f"{place}, {each['goal']}, {each['what']}"
        raise PlanError(where, str(each["planned"]), again, f"comes out as {each['came']}")
    return proof


def _chosen(proof: Proof, goal: Goal, file: Path | None) -> Plan:
    plan = next((each for each in proof.outlook.plans if each.goal == goal), None)
    if plan is None:
        held = ", ".join(each.goal for each in proof.outlook.plans) or "no plan at all"
        raise PlanError("--goal", goal, f"the file {file} holds {held}", "is not among the plans")
    return plan


def _check_still_holds(situation: Situation, plan: Plan, place: str) -> None:
    """PlanError unless the plan, done from now on as it says, still brings the line back by its day with its limit."""
    rest = tuple(each for each in plan.events if each.at > situation.now)
    back = returns(situation, [rest])[0]
    if back is None or situation.day_of(back.at) > day_of(plan.reopens_on) or back.limit < plan.limit:
        came = "never" if back is None else f"day {situation.day_of(back.at)}, limit {back.limit}"
        remedy = f"make it anew: creditline plan {situation.line}"
        raise PlanError(f"{place}, {plan.goal}", plan.reopens_on, remedy, f"does not hold any more: {came}")


def _is_same(standing: Stood, proof: Proof, plan: Plan) -> bool:
    mine, policy = standing.taken.plan, standing.taken.policy.version
    same = (mine.goal, mine.reopens_on, mine.limit, mine.steps) == (plan.goal, plan.reopens_on, plan.limit, plan.steps)
    return same and policy == proof.outlook.policy


def _must_ask(situation: Situation) -> bool:
    """Whether taking a plan up is also the request without which the line would not come back."""
    reopen, since = situation.policy.reopen, situation.cell("SINCE")
    if reopen is None or not reopen.by_request or situation.status != "closed":
        return False
    return not any(isinstance(each.body, ReopenRequested) and each.at > since for each in situation.visible)


def _event(line: str, at: int, seal: str, body: Kind) -> Event:
    """An event under an id that its plan and its moment decide."""
    kind = str(type(body).__struct_config__.tag)
    return Event(f"{kind}:{seal[:16]}:{at}", line, at, at, body)


def _append(home: Home, events: Sequence[Event]) -> None:
    for each in home.append(events).refused:
        raise CreditlineError(f"event {each.event.id}, {each.field}", each.value, each.remedy, each.reason)


# -- following ---------------------------------------------------------------------------------------


def follow(home: Home, *, now: int | None = None) -> list[Told]:
    """Look at every promise that stood when it was last told of; queue a notice where something changed since."""
    told: list[Told] = []
    for line in home.lines_promised():
        with home.turn():
            told += _follow(home, line, now)
    return told


def _follow(home: Home, line: str, now: int | None) -> list[Told]:
    found = followed(home, line, now=now, better=False)
    progress, situation = found.progress, found.standing.situation
    if progress is None or progress.state == "given_up":
        return []
    event = progress.stood.taken.event
    said = home.promise_told(line, event)
    if progress.stood.ended is None and progress.stood.back is None:
        progress = _progress(found.standing, progress.stood, better=True)
    state = _digest(progress)
    if said == state or (said is None and _is_as_made(progress)):
        return []
    notice = _progress_letter(home, situation, progress, profile_of(home))
    if notice is not None:
        enqueue_way(home, notice, now=situation.now)
    home.tell_promise(line, event, state, situation.now)
    better = progress.better.goal if progress.better else None
    return [Told(line, progress.stood.taken.seal, progress.state, better)]


def _digest(progress: Progress) -> str:
    """What of progress is worth telling, in a few bytes."""
    better = None if progress.better is None else _what(progress.better)
    told = (progress.state, [each.state for each in progress.steps], progress.stood.codes, progress.blocked, better)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


def _what(plan: Plan) -> tuple[str, int, int, int]:
    return plan.reopens_on, plan.limit, plan.cost, plan.effort


def _is_as_made(progress: Progress) -> bool:
    """Whether there is nothing to tell beyond the plan that was taken up."""
    news = any(each.state in ("done", "late", "broken") for each in progress.steps)
    return progress.state == "due" and not (news or progress.better or progress.blocked)


def _closing(home: Home, situation: Situation) -> Decision | None:
    """The decision a line is on its way back from."""
    stops = [each for each in home.decisions(situation.line) if each.action in ("close", "freeze")]
    return next((each for each in reversed(stops) if each.at <= situation.now), None)


def _tell_taken(home: Home, situation: Situation, plan: Plan) -> None:
    closing = _closing(home, situation)
    if closing is None:
        return
    profile, policy = profile_of(home), situation.policy
    notice = plan_notice(
        closing, policy, profile, [_plan_given(situation, plan)], now=situation.now, simulated=_simulated(home)
    )
    told = text("promise.notice_taken", notice.lang, line=situation.line, day=_day(situation, plan, notice.lang))
    enqueue_way(home, msgspec.structs.replace(notice, opening=(told,)), now=situation.now)


def _progress_letter(home: Home, situation: Situation, progress: Progress, profile: Profile) -> Notice | None:
    closing = _closing(home, situation)
    if closing is None:
        return None
    plan = progress.stood.taken.plan
    states = [each.state for each in progress.steps]
    better = None if progress.better is None else _plan_given(situation, progress.better)
    given = ProgressGiven(_plan_given(situation, plan, states), better)
    policy = progress.stood.taken.policy
    notice = progress_notice(closing, policy, profile, given, now=situation.now, simulated=_simulated(home))
    opening = (notice.opening[0], *_said(situation, progress, notice.lang))
    return msgspec.structs.replace(notice, opening=opening)


def _said(situation: Situation, progress: Progress, lang: Language) -> list[str]:
    """What is to be told of a promise, in sentences; without codes, which say nothing to a borrower."""
    stood, plan, offset = progress.stood, progress.stood.taken.plan, situation.policy.utc_offset
    day = _day(situation, plan, lang)
    came = "" if stood.back is None else day_in_words(stood.back.at, offset, lang)
    expected = "" if progress.expected is None else day_in_words(progress.expected.at, offset, lang)
    late_never = progress.state == "late" and not expected
    key = "late_never" if late_never else progress.state
    told = [text(f"promise.notice_{key}", lang, day=day, came=came, expected=expected)]
    if progress.state == "overridden":
        reasons = [_reason(situation.policy, stood.taken.policy, code, lang) for code in stood.codes]
        told += reasons or [text("promise.notice_line_ended", lang)]
    if progress.blocked:
        told.append(text("promise.notice_blocked", lang))
    return told


def _reason(now: Policy, pinned: Policy, code: str, lang: Language) -> str:
    """The reason a code stands for as it is told to borrowers, by the version that decides, else by the plan's."""
    if code == BLOCK:
        return text("promise.notice_block", lang)
    known = (policy.by_code[code].reason[lang] for policy in (now, pinned) if code in policy.by_code)
    return next(known, text("promise.notice_other", lang))


def _plan_given(situation: Situation, plan: Plan, states: Sequence[object] = ()) -> PlanGiven:
    steps = [
        StepGiven(situation.noon(day_of(step.on)), step.title, step.amount, states[place] if states else None)  # type: ignore[arg-type]
        for place, step in enumerate(plan.steps)
    ]
    return PlanGiven(plan.goal, plan.reopens_at, plan.limit, plan.cost, tuple(steps))


def _day(situation: Situation, plan: Plan, lang: Language) -> str:
    return day_in_words(plan.reopens_at, situation.policy.utc_offset, lang)


def _simulated(home: Home) -> bool:
    return bool(home.get("simulated"))


# -- what it costs -----------------------------------------------------------------------------------


def outstanding(home: Home, *, now: int | None = None) -> list[Cost]:
    """What every promise that stands costs, by line."""
    found = []
    for line in home.lines_promised():
        mine = followed(home, line, now=now, better=False)
        if mine.progress is not None and mine.stood is not None:
            situation = mine.standing.situation
            unpinned = situation_of(home, line, now=situation.now, pinned=False)
            found.append(cost_of(mine.progress, situation, unpinned, _owed(situation)))
    return found


def _owed(situation: Situation) -> int | None:
    """What is owed: to the cent where the lending core runs the line, else by its last statement."""
    if situation.loans is not None:
        return situation.loans.payoff(situation.loans.payable)
    said = int(last_said(situation.slices, "statement.closed.balance", situation.now)[0])
    return None if said == NULL else max(said, 0)


__all__ = [
    "Followed", "Taking", "Told", "follow", "followed", "give_up", "outstanding", "take",
]  # fmt: skip
