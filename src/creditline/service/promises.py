"""Promises of a home: plans taken up, followed, given up, and what they cost; each change with its notice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from creditline.clock import DAY
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import NULL, Kind, PromiseEnded, PromiseMade, ReopenRequested
from creditline.i18n import Language, text
from creditline.lines.decision import Decision
from creditline.notices import Notice, PlanGiven, Profile, ProgressGiven, StepGiven, plan_notice, progress_notice
from creditline.notices.content import amount, day_in_words
from creditline.policy import Policy
from creditline.policy.levers import DRAWS
from creditline.replay.standing import last_said
from creditline.service.keeping import profile_of
from creditline.service.notices import enqueue_way
from creditline.service.wayback import Standing, proof_of_file, situation_of, standing_of
from creditline.store import Home
from creditline.wayback.planner import target_of
from creditline.wayback.plans import Goal, Plan, Step, days_of, outlook
from creditline.wayback.predict import Return, returns
from creditline.wayback.progress import Cost, Progress, StepState, cost_of, progress_of
from creditline.wayback.promise import BLOCK, Stood
from creditline.wayback.proof import PlanError, Proof, differences, sealed
from creditline.wayback.situation import Situation
from creditline.wayback.steps import Way, day_of, way_of


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
    way: Way
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
    nothing. Raises CreditlineError where the line needs no way back, the plan does not hold any more, or another
    promise stands and ``replace`` is not given.
    """
    with home.turn():
        found = followed(home, line, now=now, better=False)
        situation, standing = found.standing.situation, found.stood
        way = way_of(situation.status)
        if way is None or target_of(situation) is None:
            remedy = "take up a plan of a line that is closed, frozen, declined or cut: creditline line list"
            raise CreditlineError("line", line, remedy, f"is {situation.status}: there is no way back to promise")
        proof = _made_now(home, situation, goal) if file is None else _of_file(home, situation, file)
        plan = _chosen(proof, goal, file)
        if file is not None:
            _check_still_holds(situation, plan, str(file))
        if standing is not None and _is_same(standing, proof, plan):
            return Taking(line, standing.taken.seal, way, standing.taken.plan, is_new=False)
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
        _tell_taken(home, situation, plan, way)
        return Taking(line, proof.seal, way, plan, is_new=True)


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
    if way_of(told.status) != way_of(situation.status):
        raise PlanError(f"{place}, status", told.status, again, f"is not how the line stands: {situation.status}")
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
    told = (_news(progress), [each.state for each in progress.steps], progress.stood.codes, progress.blocked, better)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:32]


def _news(progress: Progress) -> str:
    """How a promise stands, and whether it is still to be expected."""
    never = progress.state in ("due", "late") and progress.expected is None
    return f"{progress.state}_never" if never else progress.state


def _what(plan: Plan) -> tuple[str, int, int, int]:
    return plan.reopens_on, plan.limit, plan.cost, plan.effort


def _is_as_made(progress: Progress) -> bool:
    """Whether there is nothing to tell beyond the plan that was taken up."""
    news = any(each.state in ("done", "late", "broken", "strayed") for each in progress.steps)
    return _news(progress) == "due" and not (news or progress.better or progress.blocked)


_STOPS: Mapping[Way, tuple[str, ...]] = {
    "back": ("close", "freeze"), "approved": ("decline",), "raised": ("set_limit",),
}  # fmt: skip


def _closing(home: Home, situation: Situation, way: Way) -> Decision | None:
    """The decision a line is on its way back from."""
    made = [each for each in home.decisions(situation.line) if each.at <= situation.now and each.action in _STOPS[way]]
    return next((each for each in reversed(made) if way != "raised" or each.limit < each.limit_before), None)


def _tell_taken(home: Home, situation: Situation, plan: Plan, way: Way) -> None:
    closing = _closing(home, situation, way)
    if closing is None:
        return
    profile, policy = profile_of(home), situation.policy
    notice = plan_notice(
        closing, policy, profile, [_plan_given(policy, plan)], now=situation.now, simulated=_simulated(home)
    )
    will = text(f"promise.will_be_{way}", notice.lang, day=_day(situation, plan, notice.lang))
    told = text("promise.notice_taken", notice.lang, line=situation.line, will=will)
    enqueue_way(home, msgspec.structs.replace(notice, opening=(told,)), now=situation.now)


def _progress_letter(home: Home, situation: Situation, progress: Progress, profile: Profile) -> Notice | None:
    closing = _closing(home, situation, progress.stood.taken.way)
    if closing is None:
        return None
    taken = progress.stood.taken
    policy, states = taken.policy, [each.state for each in progress.steps]
    better = None if progress.better is None else _plan_given(policy, progress.better)
    given = ProgressGiven(_plan_given(policy, taken.plan, states), better)
    notice = progress_notice(closing, policy, profile, given, now=situation.now, simulated=_simulated(home))
    opening = (notice.opening[0], *_said(situation, progress, notice.lang))
    return msgspec.structs.replace(notice, opening=opening)


def _said(situation: Situation, progress: Progress, lang: Language) -> list[str]:
    """What is to be told of a promise, in sentences; without codes, which say nothing to a borrower."""
    stood, way, plan = progress.stood, progress.stood.taken.way, progress.stood.taken.plan
    day = _day(situation, plan, lang)

    def clause(what: str, back: Return | None) -> str:
        if back is None:
            return ""
        return text(f"promise.{what}_{way}", lang, day=day_in_words(back.at, situation.policy.utc_offset, lang))

    clauses = {"came": clause("was", stood.back), "will": clause("will_be", progress.expected)}
    clauses["missed"] = text(f"promise.was_not_{way}", lang, day=day)
    told = [text(f"promise.notice_{_news(progress)}", lang, day=day, **clauses)]
    if progress.state == "overridden":
        reasons = [_reason(situation.policy, stood.taken.policy, code, lang) for code in stood.codes]
        told += reasons or [text("promise.notice_line_ended", lang)]
    if stood.back is not None and stood.back.limit < plan.limit:
        limits = {"limit": stood.back.limit, "promised": plan.limit}
        amounts = {name: amount(minor, situation.policy, lang) for name, minor in limits.items()}
        told.append(text("promise.notice_less", lang, **amounts))
    if progress.blocked:
        told.append(text("promise.notice_blocked", lang))
    return told


def _reason(now: Policy, pinned: Policy, code: str, lang: Language) -> str:
    """The reason a code stands for as it is told to borrowers, by the version that decides, else by the plan's."""
    if code == BLOCK:
        return text("promise.notice_block", lang)
    known = (policy.by_code[code].reason[lang] for policy in (now, pinned) if code in policy.by_code)
    return next(known, text("promise.notice_other", lang))


def _plan_given(policy: Policy, plan: Plan, states: Sequence[StepState | None] | None = None) -> PlanGiven:
    told = zip(plan.steps, states or [None] * len(plan.steps), strict=True)
    steps = tuple(_step_given(policy, step, state) for step, state in told)
    return PlanGiven(plan.goal, plan.reopens_at, plan.limit, plan.cost, steps)


def _step_given(policy: Policy, step: Step, state: StepState | None) -> StepGiven:
    """A step as a letter tells it: of draws, up to when."""

    def noon(day: int) -> int:
        return day * DAY + DAY // 2 - policy.utc_offset

    lever = next((each for each in policy.levers if each.name == step.lever), None)
    if lever is None or lever.does not in DRAWS:
        return StepGiven(noon(day_of(step.on)), step.title, step.amount, state)
    last = noon(days_of(step, lever.every)[-1]) if step.repeated > 1 else None
    return StepGiven(noon(day_of(step.on)), step.title, step.amount, state, held=True, last=last)


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
