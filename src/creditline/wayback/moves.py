"""Levers used: which ways of using each there are for a line, and the events a choice of them makes known.

A step is done at noon of a local day, the first of them tomorrow; its events come ``takes`` later. What costs
money is done on the first day on which the borrower's means, gathered since today, pay for it and for what comes before
it in order of levers, the line's own loans first; a step may instead be put off to the last day on which its events are
still known by the end of the cooling-off, which is what an event that is soon too old needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import msgspec

from creditline.events.event import Event
from creditline.events.kinds import NULL, FieldSpec, Kind, KindSpec, slots
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Expr
from creditline.policy.evaluating import Values, value_of
from creditline.policy.levers import PAYS, Does, Lever, Said
from creditline.wayback.loans import Paying
from creditline.wayback.situation import DAY, HORIZON, NOON, Situation

CHOSEN_MAX = 60
"""How many amounts of one lever are weighed; of more, the first so many."""

MONTH = 30
"""Days in which the means of a month come in."""


@dataclass(frozen=True)
class Use:
    """One lever used in one way."""

    lever: Lever
    chosen: int = 0
    times: int = 1
    late: bool = False
    """Put off to the last day that is known by the end of the cooling-off."""
    money: int = 0
    """Minor units, all repetitions."""

    @property
    def effort(self) -> int:
        """In the policy's units, all repetitions."""
        return self.lever.effort * self.times


@dataclass(frozen=True)
class Done:
    """A use with its day."""

    use: Use
    day: int
    """Local day of the first time."""


@dataclass(frozen=True)
class Future:
    """Levers used together, and everything the log will hold of the line after now if nothing else happens."""

    done: tuple[Done, ...]
    events: tuple[Event, ...]
    paying: Paying
    """What is paid on the line's own loans."""

    @property
    def money(self) -> int:
        """What the uses cost, minor units. Instalments paid on their due day are owed anyway and do not count."""
        return sum(each.use.money for each in self.done)

    @property
    def effort(self) -> int:
        """What they ask, in the policy's units."""
        return sum(each.use.effort for each in self.done)


def available(situation: Situation) -> list[Lever]:
    """Levers that are there for this line now."""
    return [
        each for each in situation.policy.levers if each.when is None or worked_out(each.when, situation.values) == 1
    ]


def ways(situation: Situation, lever: Lever) -> list[Use]:
    """Every way of using a lever for this line; none where its events cannot be said of it, or it makes none known."""
    if lever.does is not None:
        return _payments(situation, lever)
    chosen = [0]
    if lever.chosen is not None:
        low, high = (worked_out(bound, situation.values) for bound in lever.chosen)
        chosen = [] if NULL in (low, high) else list(range(low, min(high, low + CHOSEN_MAX - 1) + 1))
    found = []
    for amount, times in product(chosen, range(1, lever.times + 1)):
        money = _money(situation, lever, amount)
        if money is None:
            continue
        use = Use(lever, amount, times, money=money * times)
        found += [use, *([replace(use, late=True)] if _last_day(situation, use) > situation.today + 1 else [])]
    return found


def _payments(situation: Situation, lever: Lever) -> list[Use]:
    """Ways of paying on the line's own loans: of those paid off early, how many is chosen."""
    loans = situation.loans
    if loans is None or not lever.pays:
        return []
    numbers = range(1, min(loans.count, CHOSEN_MAX) + 1) if lever.does == "pay_off" else [0]
    uses = (Use(lever, number) for number in numbers)
    return [replace(use, money=_owed(situation, use, situation.today + 1, ())) for use in uses]


def _owed(situation: Situation, use: Use, day: int, before: Sequence[Done]) -> int:
    """What a use takes that pays on the line's loans on a day; what is owed anyway costs nothing."""
    if situation.loans is None or use.lever.does not in ("pay_arrears", "pay_off"):
        return 0
    return situation.loans.asked(day, _paying([*before, Done(use, day)]))


def _money(situation: Situation, lever: Lever, chosen: int) -> int | None:
    if lever.money is None:
        return 0
    value = worked_out(lever.money, {**situation.values, "chosen": chosen})
    return None if value == NULL or value < 0 else scaled(value, lever.money, 2)


def worked_out(expr: Expr, values: Values) -> int:
    """The value of an expression; NULL also where a number leaves int64."""
    try:
        return value_of(expr, values)
    except OverflowError:
        return NULL


def scaled(value: int, expr: Expr, places: int) -> int:
    """A number with the places of its expression as one with these places, cut towards zero."""
    finer = places - expr.type.places
    if finer >= 0:
        return int(value * 10**finer)
    cut = abs(value) // 10**-finer
    return int(cut if value >= 0 else -cut)


def _last_day(situation: Situation, use: Use) -> int:
    """The last local day a use may begin on and be known by the end of the cooling-off."""
    spent = use.lever.takes + (use.times - 1) * use.lever.every
    return (situation.cell("COOLING") - spent - NOON + situation.policy.utc_offset) // DAY


def dated(situation: Situation, uses: Sequence[Use]) -> list[Done] | None:
    """These uses with the day each begins on; None where the borrower's means never pay for them."""
    monthly = _means(situation)
    spent, out = 0, list[Done]()
    for use in uses:
        day = situation.today + 1
        if use.lever.does == "pay_off":
            day = max([day, *(each.day + 1 for each in out if each.use.lever.does == "pay_arrears")])
            use = replace(use, money=_owed(situation, use, day, out))
        if use.money and monthly is not None:
            if monthly <= 0:
                return None
            # What is owed changes while one saves for it, so the day and the sum are found together.
            while (first := situation.today - (-(spent + use.money) * MONTH // monthly)) > day:
                day = _next_day(situation, use, day, first)
                if day > situation.today + HORIZON // DAY:
                    return None
                if use.lever.pays:
                    owed = _owed(situation, use, day, out)
                    use = replace(use, money=owed if use.lever.does == "pay_off" else owed or use.money)
        if day > situation.today + HORIZON // DAY:
            return None
        spent += use.money
        out.append(Done(use, max(day, _last_day(situation, use)) if use.late else day))
    return out


def priced(situation: Situation, done: Sequence[Done]) -> list[Done]:
    """Uses in order of lever begun on these days, with what those cost on them that pay on the line's own loans."""
    out = list[Done]()
    for each in done:
        money = _owed(situation, each.use, each.day, out) if each.use.lever.pays else each.use.money
        out.append(replace(each, use=replace(each.use, money=money)))
    return out


def _next_day(situation: Situation, use: Use, day: int, first: int) -> int:
    """The day on which the means are to be looked at next: they cannot pay before, whatever falls due meanwhile."""
    if use.lever.does != "pay_off" or situation.loans is None:
        return first
    return min(first, situation.loans.turn_after(day))


def _means(situation: Situation) -> int | None:
    """What the borrower can spare a month, minor units; None where it is not known."""
    means = situation.policy.means
    value = NULL if means is None else worked_out(means, situation.values)
    return None if means is None or value == NULL else scaled(value, means, 2)


def carried_out(situation: Situation, uses: Sequence[Use]) -> Future | None:
    """What comes of using these levers, in order of lever; None where they cannot be used together.

    Two levers that would set the same field of the same kind of event contradict each other and are never combined;
    loans are paid off early only where instalments are kept too, if there is a lever for that.
    """
    ordered = sorted(uses, key=lambda use: use.lever.order)
    said = [field for use in ordered for field in _sets(use.lever)]
    does = {use.lever.does for use in uses}
    if len(set(said)) != len(said) or ("pay_off" in does and keeping(situation) and "keep_instalments" not in does):
        return None
    done = dated(situation, ordered)
    return None if done is None else on_days(situation, done)


def keeping(situation: Situation) -> Lever | None:
    """The lever there for this line that keeps the instalments of its own loans."""
    kept = (lever for lever in available(situation) if lever.does == "keep_instalments")
    return None if situation.loans is None else next(kept, None)


def _sets(lever: Lever) -> set[tuple[str, str]]:
    """Kinds and fields a lever says something of."""
    return {(each.kind.name, name) for each in lever.says for name in each.fields}


def on_days(situation: Situation, done: Sequence[Done]) -> Future | None:
    """What comes of uses, in order of lever, begun on these days; None where an event cannot be said."""
    latest = {kind: situation.latest.get(kind) for each in done for kind in each.use.lever.kinds}
    moments = sorted(
        (situation.noon(each.day) + time * each.use.lever.every + each.use.lever.takes, number, time)
        for number, each in enumerate(done)
        for time in range(each.use.times)
        if each.use.lever.does is None
    )
    events: list[Event] = []
    free = 0
    for moment, number, time in moments:
        use = done[number].use
        made = _said(situation, use, latest)
        if made is None:
            return None
        for place, body in enumerate(made):
            at = max(moment + 8, free)
            name, free = f"plan-{use.lever.name}-{time}-{place}", at + 1
            events.append(Event(name, situation.line, at, at, body))
    paying = _paying(done)
    every = [*situation.ahead(paying).events, *events, *_coming(situation, events)]
    return Future(tuple(done), _parted(every), paying)


def _parted(events: Sequence[Event]) -> tuple[Event, ...]:
    """The same events with no two at one moment: of two, the later in the list is put off by a microsecond."""
    out: list[Event] = []
    for each in sorted(events, key=lambda each: each.at):
        at = max(each.at, out[-1].at + 1) if out else each.at
        out.append(each if at == each.at else msgspec.structs.replace(each, at=at, known=max(at, each.known)))
    return tuple(out)


def _coming(situation: Situation, planned: Sequence[Event]) -> list[Event]:
    """What keeps coming by itself: each time as the last such event before it said, those of the plan included."""
    found = []
    for kind, every in situation.policy.coming.items():
        seen = [each for each in situation.visible if each.kind == kind][-1:]
        if not seen:
            continue
        mine = sorted((each for each in planned if each.kind == kind), key=lambda each: each.at)
        first = (situation.now - seen[0].at) // every + 1
        body = seen[0].body
        for count, at in enumerate(range(seen[0].at + first * every, situation.now + HORIZON + 1, every)):
            while mine and mine[0].at <= at:
                body = mine.pop(0).body
            found.append(Event(f"plan-coming-{kind}-{count}", situation.line, at, at, body))
    return found


def _paying(done: Sequence[Done]) -> Paying:
    """What is paid: arrears on their day, and instalments on time from when nothing older is left unpaid."""
    mine = {each.use.lever.does: each for each in done if each.use.lever.pays}
    arrears_on, from_day, off_on = (mine[each].day if each in mine else None for each in PAYS)
    if arrears_on is not None and from_day is not None:
        from_day = max(from_day, arrears_on)
    return Paying(arrears_on, from_day, off_on=off_on, off_loans=mine["pay_off"].use.chosen if off_on else None)


def payer(paying: Paying, day: int) -> Does:
    """What a payment of a day on the line's own loans is made for."""
    if day == paying.off_on:
        return "pay_off"
    return "pay_arrears" if day == paying.arrears_on else "keep_instalments"


def _said(situation: Situation, use: Use, latest: dict[str, Kind | None]) -> list[Kind] | None:
    if use.lever.ends is not None:
        return _ending(situation, use.lever.ends)
    bodies = []
    for each in use.lever.says:
        body = _body(each, latest[each.kind.name], {**situation.values, "chosen": use.chosen})
        if body is None:
            return None
        latest[each.kind.name] = body
        bodies.append(body)
    return bodies


def _body(said: Said, last: Kind | None, values: Values) -> Kind | None:
    fields: dict[str, Any] = {} if last is None else {name: getattr(last, name) for name in said.kind.fields}
    for name, expr in said.fields.items():
        value = _field(said.kind.fields[name], expr, worked_out(expr, values))
        if value is NotImplemented:
            return None
        fields[name] = value
    missing = [field.name for field in said.kind.fields.values() if field.required and fields.get(field.name) is None]
    if set(missing) - _optional(said.kind.struct):
        return None
    return said.kind.struct(**{name: value for name, value in fields.items() if name not in missing})


@cache
def _optional(struct: type[Kind]) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(struct) if not field.required)


def _field(field: FieldSpec, expr: Expr, value: int) -> Any:
    """The value as the event says it; NotImplemented where it cannot say it."""
    if value == NULL:
        return NotImplemented if field.required else None
    if field.unit == "choice":
        return field.choices[value]
    if field.unit == "flag":
        return bool(value)
    number = scaled(value, expr, 2 if field.unit == "money" else 0)
    low, high = field.minimum, field.maximum
    fits = (low is None or number >= low) and (high is None or number <= high)
    return number if fits else NotImplemented


def _ending(situation: Situation, fact: CountedFact) -> list[Kind]:
    """For everything a fact counts as open, what ends it; what both kinds of event call the same is carried over."""
    assert fact.ended_by is not None
    return [
        fact.ended_by.struct(**{name: getattr(body, name) for name in fact.ended_by.fields if name in fact.kind.fields})
        for body in open_now(situation.visible, fact)
    ]


def open_now(visible: Sequence[Event], fact: CountedFact) -> Iterator[Kind]:
    """What of a fact's kind stands open: nothing later of its kind or of what ends it has the same key."""
    assert fact.ended_by is not None
    last: dict[int, Event] = {}
    for event in visible:
        if event.kind in (fact.kind.name, fact.ended_by.name):
            slot = -1 if fact.on is None else fact.on[0 if event.kind == fact.kind.name else 1]
            last[0 if slot < 0 else slots(event.body)[slot]] = event
    for event in sorted(last.values(), key=lambda event: event.at):
        if event.kind == fact.kind.name and (fact.where is None or value_of(fact.where, _named(fact.kind, event)) == 1):
            yield event.body


def _named(kind: KindSpec, event: Event) -> Mapping[str, int | None]:
    row = slots(event.body)
    return {name: None if row[field.slot] == NULL else row[field.slot] for name, field in kind.fields.items()}


__all__ = [
    "Done",
    "Future",
    "Use",
    "available",
    "carried_out",
    "dated",
    "on_days",
    "open_now",
    "payer",
    "priced",
    "ways",
]
