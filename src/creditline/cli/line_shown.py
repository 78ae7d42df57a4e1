"""The life of one line on a terminal: a timeline of decisions, each with its reasons taken apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from creditline.clock import format_moment
from creditline.i18n import Language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.events.event import Event
    from creditline.lines.telling import ConditionTold, ReasonTold, SideTold
    from creditline.policy import Policy
    from creditline.service.line import DecisionTold, LineTold, ScoreTold
    from creditline.wayback.promise import Stood

UTC_OFFSET = "+08:00"
"""Where no policy says another."""

_COLOURS = {
    "open": "green", "reopen": "green", "unfreeze": "green", "close": "red", "terminate": "red", "decline": "red",
    "freeze": "yellow", "extend": "yellow", "hold": "yellow",
}  # fmt: skip


def timeline(told: LineTold, lang: Language, *, events: bool) -> Iterator[RenderableType]:
    """The life in order of time, then how the line stands now."""
    if told.simulated:
        yield Text(text("common.simulated", lang), style="bold yellow")
    yield _headline(told, lang)
    waiting = list(told.events) if events else []
    for each in told.decisions:
        while waiting and waiting[0].known <= each.decision.at:
            yield _event(waiting.pop(0), told, lang)
        yield _decision(each, lang)
    for event in waiting:
        yield _event(event, told, lang)
    yield from _now(told, lang)


def _headline(told: LineTold, lang: Language) -> RenderableType:
    status = text(f"run.status_{told.status}", lang)
    if told.policy is None:
        return Text(text("line.undecided", lang, line=told.line, events=len(told.events)), style="bold")
    values = {"policy": told.policy.title[lang], "currency": told.policy.currency, "events": len(told.events)}
    limit = format_minor(told.limit, grouping=True)
    counts = {"decisions": len(told.decisions)}
    return Text(
        text("line.headline", lang, line=told.line, status=status, limit=limit, **values, **counts), style="bold"
    )


def _moment(t: int, policy: Policy | None) -> str:
    return format_moment(t, policy.utc_offset if policy else UTC_OFFSET)[:16].replace("T", " ")


def _event(event: Event, told: LineTold, lang: Language) -> RenderableType:
    says = ", ".join(f"{name} {value}" for name, value in said(event).items())
    line = f"{_moment(event.at, told.policy)}  {event.kind}  {says}"
    if event.known > event.at:
        line += text("line.known_later", lang, moment=_moment(event.known, told.policy))
    if event.id in told.voided:
        return Padding(Text(line + text("line.voided", lang), style="dim strike"), (0, 0, 0, 2))
    return Padding(Text(line, style="dim"), (0, 0, 0, 2))


def said(event: Event) -> dict[str, str]:
    """What an event says, as people write it; what it does not say is left out."""
    from creditline.events.kinds import KINDS

    said = {}
    for name, field in KINDS[event.kind].fields.items():
        value = getattr(event.body, name)
        if value is None:
            continue
        if field.unit == "money":
            said[name] = format_minor(value, grouping=True)
        elif field.unit == "moment":
            said[name] = format_moment(value, UTC_OFFSET)
        else:
            said[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return said


def _other(lang: Language) -> Language:
    return "zh" if lang == "en" else "en"


def _decision(told: DecisionTold, lang: Language) -> RenderableType:
    made, policy = told.decision, told.policy
    title = Text()
    title.append(f"● {_moment(made.at, policy)}  ", style="bold")
    title.append(text(f"run.action_{made.action}", lang), style=f"bold {_COLOURS.get(made.action, 'cyan')}")
    title.append(f"  {_change(told, lang)}")
    parts: list[RenderableType] = [title]
    for number, reason in enumerate(told.reasons, 1):
        parts.append(Padding(_reason(reason, number, policy, lang), (0, 0, 0, 4)))
    parts += [Padding(part, (0, 0, 0, 4)) for part in _score(told.score, lang)]
    parts += [Padding(_return(reason, policy, lang), (0, 0, 0, 4)) for reason in told.ended]
    parts += [Padding(Text(note, style="dim"), (0, 0, 0, 4)) for note in _notes(told, lang)]
    return Padding(Group(*parts), (1, 0, 0, 0))


def _change(told: DecisionTold, lang: Language) -> str:
    """What a decision changed: status and limit before and after, and the points."""
    made = told.decision
    parts = []
    if made.status != made.status_before:
        before, after = (text(f"run.status_{status}", lang) for status in (made.status_before, made.status))
        parts.append(f"{before} → {after}")
    limits = [format_minor(limit, grouping=True) for limit in (made.limit_before, made.limit)]
    parts.append(text("line.limit_is", lang, limit=limits[1] if limits[0] == limits[1] else " → ".join(limits)))
    if made.points is not None:
        parts.append(text("line.points_are", lang, points=made.points))
    if made.rate is not None:
        parts.append(text("line.rate_is", lang, rate=f"{made.rate / 10_000:.2f}%"))
    return " · ".join(parts)


def _reason(told: ReasonTold, number: int, policy: Policy, lang: Language) -> RenderableType:
    """A principal reason: its text in both languages, and each comparison of its rule with the values in it."""
    from creditline.lines.telling import BLOCK

    said = told.reason.get(lang, text("line.block", lang) if told.code == BLOCK else "")
    parts: list[RenderableType] = [Text(f"{number}. {told.code} {said}", style="bold")]
    if (also := told.reason.get(_other(lang))) is not None:
        parts.append(Text(f"   {also}", style="dim"))
    if told.conditions:
        parts.append(Padding(_conditions(told.conditions, policy, lang), (0, 0, 0, 3)))
    for fact in told.facts:
        value = _valued(fact.value, fact.unit, policy, lang)
        parts.append(Padding(Text(f"{fact.name} = {value}  {_defined(fact.definition)}", style="dim"), (0, 0, 0, 6)))
    return Group(*parts)


def _score(told: ScoreTold | None, lang: Language) -> Iterator[RenderableType]:
    """The principal reasons of the score, where they are asked for and there are any."""
    from creditline.scoring.reasons import reason_in_words

    if told is None or not told.reasons:
        return
    yield Text(text("explain.score_reasons", lang), style="bold")
    for reason in told.reasons:
        yield Padding(Text(f"− {reason_in_words(told.scored, reason, lang)}"), (0, 0, 0, 3))


def _return(told: ReasonTold, policy: Policy, lang: Language) -> RenderableType:
    """A reason that stands no longer: its cure with the values that met it."""
    mark = text("line.cured" if told.cured else "line.overridden", lang)
    said = Text(f"{told.code} {mark}: {told.reason.get(lang, '')}", style="green")
    return Group(said, Padding(_conditions(told.cure_conditions, policy, lang), (0, 0, 0, 3)))


def _conditions(conditions: Sequence[ConditionTold], policy: Policy, lang: Language) -> Table:
    """Comparisons with the values on both sides and whether each held."""
    table = Table.grid(padding=(0, 2))
    marks = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
    for each in conditions:
        mark, colour = marks[each.held]
        table.add_row(Text(mark, style=colour), Text(each.text), Text(_compared(each, policy, lang)))
    return table


def _compared(told: ConditionTold, policy: Policy, lang: Language) -> str:
    left = _side(told.left, policy, lang)
    if told.right is None:
        return left
    return f"{left} {told.op} {_side(told.right, policy, lang)}"


def _side(told: SideTold, policy: Policy, lang: Language) -> str:
    return _valued(told.value, told.unit, policy, lang)


def _valued(value: str | None, unit: str, policy: Policy, lang: Language) -> str:
    """A value with its unit in words."""
    if value is None:
        return text("line.unknown", lang)
    if unit == "flag":
        return text("common.yes" if value == "true" else "common.no", lang)
    if unit == "money":
        return f"{value} {policy.currency}"
    if unit in ("days", "hours", "months", "points"):
        return text(f"line.unit_{unit}", lang, value=value)
    return value


def _defined(definition: Any) -> str:
    """How the policy defines a fact, on one line."""
    return "; ".join(f"{key} {' '.join(str(value).split())}" for key, value in definition.items())


def _notes(told: DecisionTold, lang: Language) -> Iterator[str]:
    made, policy = told.decision, told.policy
    if made.action == "hold":
        yield policy.incident_reason[lang]
    if made.standing:
        yield text("line.standing", lang, codes=" ".join(made.standing))
    if made.cooling_until is not None and made.cooling_until > made.at and made.status in ("closed", "frozen"):
        yield text("line.cooling", lang, until=_moment(made.cooling_until, policy))
    if made.probation_until is not None and made.probation_until > made.at:
        yield text("line.probation", lang, until=_moment(made.probation_until, policy))
    trigger = text("line.by_time", lang)
    if made.trigger is not None:
        trigger = text("line.by_event", lang, kind=told.trigger_kind or "", id=made.trigger)
    values = {"policy": policy.name, "version": made.policy[:12], "position": made.position}
    yield text("line.made_by", lang, trigger=trigger, **values)


def _now(told: LineTold, lang: Language) -> Iterator[RenderableType]:
    """How the line stands now: the score, cooling-off, and what would cure each standing reason."""
    if told.present is None:
        return
    policy, last = told.present.policy, told.decisions[-1].decision
    yield Text()
    yield Text(
        text("line.now", lang, moment=_moment(told.present.at, policy), points=told.present.points), style="bold"
    )
    if told.present.promise is not None:
        yield Text(_promised(told.present.promise, lang))
    yield from _score(told.present.score, lang)
    if told.status not in ("closed", "frozen", "terminated"):
        return
    if told.status == "terminated":
        yield Text(text("line.for_good", lang))
        return
    if last.cooling_until is not None:
        key = "line.cooling" if last.cooling_until > told.present.at else "line.cooled"
        yield Text(text(key, lang, until=_moment(last.cooling_until, policy)))
    for reason in told.present.standing:
        mark = text("line.cured" if reason.cured else "line.not_cured", lang)
        yield Text(f"{reason.code} {reason.reason.get(lang, '')}: {mark}", style="green" if reason.cured else "red")
        yield Padding(Text(text("line.cure", lang, cure=reason.cure)), (0, 0, 0, 3))
        yield Padding(_conditions(reason.cure_conditions, policy, lang), (0, 0, 0, 3))
        if reason.answered_by:
            yield Padding(
                Text(text("line.answered_by", lang, evidence=", ".join(reason.answered_by)), style="dim"), (0, 0, 0, 3)
            )
    if told.status == "closed" and policy.reopen is not None:
        from creditline.policy.evaluating import written

        yield Text(text("line.reopens", lang, when=written(policy.reopen.when)), style="dim")


def _promised(promise: Stood, lang: Language) -> str:
    """What is promised of the line, and by which version."""
    from creditline.cli.promise import promised_in_words

    taken = promise.taken
    what = promised_in_words(taken.way, taken.plan.reopens_on, taken.plan.limit, lang)
    since = _moment(taken.since, taken.policy)[:10]
    return text("line.promised", lang, since=since, what=what, version=taken.policy.version[:12])


__all__ = ["UTC_OFFSET", "said", "timeline"]
