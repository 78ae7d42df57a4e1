"""A plan's steps taken again in a situation: what they cost and answer, and the events they bring about.

A plan's file carries the events it was proved by. Here they are made anew from the steps alone, so that a file says
nothing its steps do not stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec

from creditline.events.event import Event
from creditline.facts.expressions import Expr
from creditline.lending.terms import date_of, day_number
from creditline.policy.evaluating import value_of
from creditline.policy.levers import Lever
from creditline.wayback.cures import cure_of
from creditline.wayback.moves import Done, Future, Use, available, dated, keeping, on_days, payer, priced, ways
from creditline.wayback.plans import APPLY, Plan, Step, conduct_step, is_conduct, log_of, reasons_of
from creditline.wayback.predict import Return, slices_of
from creditline.wayback.situation import HORIZON, Situation, values_applying, values_at

EVENTS_TOLD = 5
"""Events told one by one; of more only how many."""

Difference = dict[str, Any]


@dataclass(frozen=True)
class Retaken:
    """The steps of one plan taken again."""

    future: Future | None
    """None where a step cannot be taken."""
    events: tuple[Event, ...]
    wrong: list[Difference]
    """Steps that cannot be taken, and what is otherwise about those that can."""

    @property
    def possible(self) -> bool:
        """Whether all steps can be taken."""
        return self.future is not None

    def against(self, situation: Situation, plan: Plan, back: Return | None) -> list[Difference]:
        """What the plan says otherwise, having come back so."""
        assert self.future is not None
        came = {
            "reopens_at": back.at if back else None,
            "reopens_on": date_of(situation.day_of(back.at)).isoformat() if back else None,
            "limit": back.limit if back else None,
            "cost": self.future.money,
            "effort": self.future.effort,
        }
        found = [*self.wrong, *_otherwise(self.events, plan.events)]
        found += _steps_otherwise(situation, plan, self.future, back)
        found += _conduct_otherwise(situation, plan, self.events, back) if back else ()
        found += [_difference(name, getattr(plan, name), value) for name, value in came.items()]
        return [each for each in found if each["planned"] != each["came"] or "why" in each]


def retaken(situation: Situation, plan: Plan) -> Retaken:
    """Take the steps of a plan again."""
    reading = _Reading(situation, plan)
    done = reading.done()
    if reading.impossible:
        return Retaken(None, (), reading.impossible)
    future = on_days(situation, done)
    if future is None:
        return Retaken(None, (), [_difference("events", len(plan.events), None, why="unsaid")])
    return Retaken(future, log_of(situation, future, plan.reopens_at), reading.otherwise(done))


def _difference(what: str, planned: object, came: object, *, step: int | None = None, why: str = "") -> Difference:
    number = {} if step is None else {"step": step}
    return {"what": what, "planned": planned, "came": came, **number, **({"why": why} if why else {})}


# -- from steps to uses -------------------------------------------------------------------------------


class _Reading:
    """The steps of a plan as uses of levers on days."""

    def __init__(self, situation: Situation, plan: Plan) -> None:
        self.situation, self.plan = situation, plan
        self.levers = {lever.name: lever for lever in situation.policy.levers}
        self.there = {lever.name for lever in available(situation)}
        self.impossible: list[Difference] = []

    def done(self) -> list[Done]:
        """The uses in order of lever; what cannot be is noted."""
        found: dict[str, Done] = {}
        said: dict[tuple[str, str], str] = {}
        tomorrow = self.situation.today + 1
        if not self.situation.now < self.plan.reopens_at <= self.situation.now + HORIZON:
            self._cannot("reopens_at", self.plan.reopens_at, None, "beyond")
        for number, step in enumerate(self.plan.steps, 1):
            day = self._day(step, number)
            if step.lever == APPLY and self.situation.status == "declined":
                self._applies(step, number)
                continue
            if is_conduct(self.situation, step):
                continue
            use = self._use(step, number)
            if use is None or day is None:
                continue
            if step.lever in found and use.lever.does is None:
                self._cannot("lever", step.lever, number, "twice")
            for kind, field in sorted(_sets(use.lever)):
                other = said.setdefault((kind, field), step.lever)
                if other != step.lever:
                    self._cannot("lever", step.lever, number, "contradicts")
            # Payments through the lending core are told one by one; instalments are kept from tomorrow on.
            found.setdefault(step.lever, Done(use, tomorrow if use.lever.does == "keep_instalments" else day))
        kept = keeping(self.situation)
        if kept and any(each.use.lever.does == "pay_off" for each in found.values()):
            # Instalments are kept too, though none may fall due before the line is back.
            found.setdefault(kept.name, Done(Use(kept), tomorrow))
        return priced(self.situation, sorted(found.values(), key=lambda each: each.use.lever.order))

    def otherwise(self, done: Sequence[Done]) -> list[Difference]:
        """Days on which the borrower's means do not pay for a step, or to which it would not be put off."""
        soon = dated(self.situation, [each.use for each in done])
        late = dated(self.situation, [replace(each.use, late=each.use.lever.does is None) for each in done])
        found = []
        for number, each in enumerate(done):
            days = [] if soon is None or late is None else [soon[number].day, late[number].day]
            if each.day not in days:
                step = next(place for place, one in enumerate(self.plan.steps, 1) if one.lever == each.use.lever.name)
                came = date_of(days[0]).isoformat() if days else None
                found.append(_difference("on", date_of(each.day).isoformat(), came, step=step))
        return found

    def _cannot(self, what: str, planned: object, step: int | None, why: str) -> None:
        self.impossible.append(_difference(what, planned, None, step=step, why=why))

    def _day(self, step: Step, number: int) -> int | None:
        try:
            day = day_number(date.fromisoformat(step.on))
        except ValueError:
            day = None
        if day is None or date_of(day).isoformat() != step.on:
            self._cannot("on", step.on, number, "no_day")
        elif day <= self.situation.today:
            self._cannot("on", step.on, number, "past")
        else:
            return day
        return None

    def _use(self, step: Step, number: int) -> Use | None:
        lever = self.levers.get(step.lever)
        if lever is None or step.lever not in self.there:
            self._cannot("lever", step.lever, number, "unknown" if lever is None else "not_there")
            return None
        options = ways(self.situation, lever)
        if not options:
            self._cannot("lever", step.lever, number, "not_there")
            return None
        if lever.does in ("pay_arrears", "keep_instalments"):
            return options[0]
        has_choice = lever.chosen is not None or lever.does == "pay_off"
        options = [each for each in options if each.chosen == (step.chosen if has_choice else 0)]
        if not options or (step.chosen is not None and not has_choice):
            self._cannot("chosen", step.chosen, number, "no_way")
            return None
        options = [each for each in options if each.times == step.repeated]
        if not options:
            self._cannot("repeated", step.repeated, number, "no_way")
            return None
        return replace(options[0], late=False)

    def _applies(self, step: Step, number: int) -> None:
        on = date_of(self.situation.day_of(self.plan.reopens_at)).isoformat()
        if number != len(self.plan.steps) or step.on != on:
            self._cannot("on", step.on, number, "not_then")


def _sets(lever: Lever) -> set[tuple[str, str]]:
    """Kinds and fields a lever says something of."""
    return {(each.kind.name, name) for each in lever.says for name in each.fields}


# -- what is otherwise about steps and events ---------------------------------------------------------


def _steps_otherwise(situation: Situation, plan: Plan, future: Future, back: Return | None) -> Iterator[Difference]:
    """Amounts, answers and titles that are not those of the steps; payments left out or added.

    What a step answers, and what is paid up to then, is known of a line that comes back alone.
    """
    answers = {each.use.lever.name: _answers(situation, future, each, back) for each in future.done} if back else {}
    uses = {each.use.lever.name: each.use for each in future.done}
    paid = dict(_payments(situation, future, back)) if back else {}
    for number, step in enumerate(plan.steps, 1):
        if is_conduct(situation, step):
            continue
        use = uses.get(step.lever)
        said: dict[str, object] = {"amount": None, "chosen": None, "repeated": 1, "answers": ("approve",)}
        if use is not None:
            said = {"title": dict(use.lever.title), **({"answers": answers[step.lever]} if back else {})}
            if use.lever.does is None:
                said |= {"amount": use.money or None}
            else:
                said |= {"chosen": use.chosen or None, "repeated": 1}
                said |= {"amount": paid.pop((step.lever, step.on), None)} if back else {}
        for name, came in said.items():
            yield _difference(name, getattr(step, name), came, step=number)
    for (lever, on), amount in paid.items():
        yield _difference(f"payment {lever} {on}", None, amount)


def _payments(situation: Situation, future: Future, back: Return) -> Iterator[tuple[tuple[str, str], int]]:
    """What is paid through the lending core up to the day of coming back, by lever and day."""
    named = {each.use.lever.does: each.use.lever.name for each in future.done if each.use.lever.pays}
    if not named:
        return
    until = situation.day_of(back.at)
    for day, amount in situation.ahead(future.paying).payments:
        name = named.get(payer(future.paying, day))
        if day <= until and name is not None:
            yield (name, date_of(day).isoformat()), amount


def _conduct_otherwise(situation: Situation, plan: Plan, events: Sequence[Event], back: Return) -> Iterator[Difference]:
    """What the plan asks of the draws and need not, asks otherwise, or should ask and does not."""
    step = conduct_step(situation, events, back)
    due = [] if step is None else [step]
    for number, said in enumerate(plan.steps, 1):
        if not is_conduct(situation, said):
            continue
        if not due or said.lever != due[0].lever:
            yield _difference("lever", said.lever, None, step=number)
            continue
        made = due.pop()
        for name in ("on", "title", "amount", "chosen", "repeated", "answers"):
            what = "part" if name == "amount" else name
            yield _difference(what, getattr(said, name), getattr(made, name), step=number)
    for made in due:
        yield _difference("lever", None, made.lever)


def _otherwise(made: Sequence[Event], said: Sequence[Event]) -> list[Difference]:
    """Events that the steps stand for and the file does not carry as they are, and those it carries beside."""
    ours, theirs = ({each.id: _plain(each) for each in events} for events in (made, said))
    names = [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]
    if not names and [each.id for each in made] != [each.id for each in said]:
        return [_difference("events", len(said), len(made), why="order")]
    found = [_difference(f"event {name}", theirs.get(name), ours.get(name)) for name in names[:EVENTS_TOLD]]
    rest = len(names) - EVENTS_TOLD
    return found if rest <= 0 else [*found, {**_difference("events", len(said), len(made), why="count"), "count": rest}]


def _plain(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(event)
    return {key: value for key, value in told.items() if key not in ("id", "line")}


# -- what a step answers ------------------------------------------------------------------------------


def _answers(situation: Situation, future: Future, step: Done, back: Return) -> tuple[str, ...]:
    """What would not be met at the moment of coming back, were this step alone left out."""
    rest = on_days(situation, [each for each in future.done if each is not step])
    slices = slices_of(situation, [() if rest is None else log_of(situation, rest, back.at)])
    policy, at = situation.policy, back.at
    if situation.status == "open":
        return ("raise",)
    if situation.status == "declined":
        values = values_applying(policy, slices, situation.state, at)
        against = [policy.by_code[code] for code in reasons_of(situation) if code in policy.by_code]
        found = [rule.code for rule in against if _sound(situation, rule.when) and value_of(rule.when, values) == 1]
        approves = policy.approve is not None and value_of(policy.approve.when, values) == 1
        return (*found, *(() if approves else ("approve",)))
    values = values_at(policy, slices, situation.state[None, :], at)
    asked: dict[str, tuple[Expr, ...]] = {code: (cure_of(policy.by_code[code]),) for code in situation.standing}
    if policy.reopen and situation.status == "closed":
        asked["reopen"] = (policy.reopen.when, policy.reopen.limit)
    return tuple(
        code for code, exprs in asked.items() if value_of(exprs[0], values) != 1 or not _sound(situation, *exprs)
    )


def _sound(situation: Situation, *exprs: Expr) -> bool:
    """Whether no source these rest on is under repair; no step of a plan changes that."""
    sources = situation.policy.sources(*exprs)
    last = {}
    for event in situation.visible:
        if event.kind in ("incident.declared", "incident.closed"):
            last[getattr(event.body, "data_source", "")] = event.kind
    return not any(last.get(name) == "incident.declared" for name in sources)


__all__ = ["Retaken", "retaken"]
