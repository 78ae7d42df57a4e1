"""``creditline line``: the life of one line with the reasons for everything done to it, and lists of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption
from creditline.clock import DAY, format_moment
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.events.event import Event
    from creditline.lines.telling import ConditionTold, ReasonTold, SideTold
    from creditline.policy import Policy
    from creditline.service.line import DecisionTold, LineRow, LineTold

_LANG = preferred_language()

ROWS = 40
"""Lines listed on a terminal when no number is asked for."""

UTC_OFFSET = "+08:00"
"""Where no policy says another."""

_COLOURS = {
    "open": "green", "reopen": "green", "unfreeze": "green", "close": "red", "terminate": "red", "decline": "red",
    "freeze": "yellow", "extend": "yellow", "hold": "yellow",
}  # fmt: skip

line_app = typer.Typer(help=text("line.help", _LANG), no_args_is_help=True)
"""``creditline line``."""

LangOption = Annotated[str, typer.Option(help=text("line.lang_help", _LANG))]


def register(app: typer.Typer) -> None:
    """Add ``line`` to the application."""
    app.add_typer(line_app, name="line")


@line_app.command("show", help=text("line.show_help", _LANG))
def show(
    line: Annotated[str, typer.Argument(help=text("line.line_help", _LANG))],
    home: HomeOption = HOME_DEFAULT,
    events: Annotated[bool, typer.Option("--events", help=text("line.events_help", _LANG))] = False,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
) -> None:
    """Tell a line's life; exit status 2 where the line is not known."""
    from creditline.service.line import line_told
    from creditline.store import Home

    language = _language(lang)
    with Home.open(_existing(home)) as opened:
        told = line_told(opened, line)
    if as_json:
        _print_json(as_plain(told, events=events))
        return
    console = Console(highlight=False)
    for part in _parts(told, language, events=events):
        console.print(part)


@line_app.command("list", help=text("line.list_help", _LANG))
def list_lines(
    home: HomeOption = HOME_DEFAULT,
    status: Annotated[str | None, typer.Option(help=text("line.status_help", _LANG))] = None,
    reason: Annotated[str | None, typer.Option(help=text("line.reason_help", _LANG))] = None,
    limit_rows: Annotated[int | None, typer.Option(min=1, help=text("line.limit_rows_help", _LANG))] = None,
    as_json: JsonOption = False,
    lang: LangOption = _LANG,
) -> None:
    """List lines with how they stand; exit status 2 for a status or code that does not exist."""
    from creditline.service.line import rows
    from creditline.store import Home

    language = _language(lang)
    with Home.open(_existing(home)) as opened:
        found = rows(opened, status, reason)
        simulated = bool(opened.get("simulated"))
    if as_json:
        shown = found[:limit_rows]
        _print_json({"simulated": simulated, "found": len(found), "lines": [_row_plain(row) for row in shown]})
        return
    _print_rows(found, limit_rows or ROWS, simulated, language)


def _existing(home: Path) -> Path:
    """The home's folder, which reading must not make."""
    from creditline.store.home import FILE

    if not (home / FILE).is_file():
        remedy = "name one with --home, or make one: creditline demo"
        raise CreditlineError("home", str(home), remedy, "is no home")
    return home


def _language(lang: str) -> Language:
    for each in LANGUAGES:
        if each == lang:
            return each
    raise CreditlineError("--lang", lang, f"choose {' or '.join(LANGUAGES)}")


def _other(lang: Language) -> Language:
    return "zh" if lang == "en" else "en"


def _print_json(content: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())


# -- a list on the terminal -------------------------------------------------------------------------


def _print_rows(found: Sequence[LineRow], most: int, simulated: bool, lang: Language) -> None:
    from creditline.reports import tables

    console = Console(highlight=False)
    if simulated:
        console.print(text("common.simulated", lang), style="bold yellow")
    labels = [
        text(f"line.{name}", lang) for name in ("line", "policy", "status", "limit", "reasons", "closings", "decided")
    ]
    shown = tuple(
        (
            row.line, row.policy, text(f"run.status_{row.status}", lang), format_minor(row.limit, grouping=True),
            " ".join(row.reasons), tables.count(row.closings), "" if row.decided_at is None else _day(row.decided_at),
        )
        for row in found[:most]
    )  # fmt: skip
    caption = text("line.listed", lang, shown=len(shown), found=len(found))
    table = tables.Table(caption, tables.labelled(*labels, text=(0, 1, 2, 4, 6), page_only=(5,)), shown)
    console.print(tables.terminal(table))


def _day(t: int, offset: str | int = UTC_OFFSET) -> str:
    return format_moment(t, offset)[:10]


# -- a life on the terminal -------------------------------------------------------------------------


def _parts(told: LineTold, lang: Language, *, events: bool) -> Iterator[RenderableType]:
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
    says = ", ".join(f"{name} {value}" for name, value in _said(event).items())
    line = f"{_moment(event.at, told.policy)}  {event.kind}  {says}"
    if event.known > event.at:
        line += text("line.known_later", lang, moment=_moment(event.known, told.policy))
    if event.id in told.voided:
        return Padding(Text(line + text("line.voided", lang), style="dim strike"), (0, 0, 0, 2))
    return Padding(Text(line, style="dim"), (0, 0, 0, 2))


def _said(event: Event) -> dict[str, str]:
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


def _decision(told: DecisionTold, lang: Language) -> RenderableType:
    made, policy = told.decision, told.policy
    title = Text()
    title.append(f"● {_moment(made.at, policy)}  ", style="bold")
    title.append(text(f"run.action_{made.action}", lang), style=f"bold {_COLOURS.get(made.action, 'cyan')}")
    title.append(f"  {_change(told, lang)}")
    parts: list[RenderableType] = [title]
    for number, reason in enumerate(told.reasons, 1):
        parts.append(Padding(_reason(reason, number, policy, lang), (0, 0, 0, 4)))
    for reason in told.ended:
        parts.append(Padding(_return(reason, policy, lang), (0, 0, 0, 4)))
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
    if made.cooling_until is not None and made.status in ("closed", "frozen"):
        yield text("line.cooling", lang, until=_moment(made.cooling_until, policy))
    if made.probation_until is not None and made.probation_until > made.at:
        yield text("line.probation", lang, until=_moment(made.probation_until, policy))
    trigger = text("line.by_time", lang)
    if made.trigger is not None:
        trigger = text("line.by_event", lang, kind=told.trigger_kind or "", id=made.trigger)
    values = {"policy": policy.name, "version": made.policy[:12], "position": made.position}
    yield text("line.made_by", lang, trigger=trigger, **values)


def _now(told: LineTold, lang: Language) -> Iterator[RenderableType]:
    """How the line stands now: cooling-off, and what would cure each standing reason."""
    if told.present is None or told.policy is None or told.status not in ("closed", "frozen", "terminated"):
        return
    policy, last = told.policy, told.decisions[-1].decision
    yield Text()
    yield Text(
        text("line.now", lang, moment=_moment(told.present.at, policy), points=told.present.points), style="bold"
    )
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


# -- for programs -----------------------------------------------------------------------------------


def as_plain(told: LineTold, *, events: bool = False) -> dict[str, Any]:
    """A line's life as one JSON object: money as decimal text in currency units, moments as RFC 3339 text."""
    policy = told.policy
    offset: str | int = policy.utc_offset if policy else UTC_OFFSET
    content: dict[str, Any] = {
        "line": told.line,
        "simulated": told.simulated,
        "policy": None if policy is None else policy.name,
        "version": None if policy is None else policy.version,
        "currency": None if policy is None else policy.currency,
        "status": told.status,
        "limit": format_minor(told.limit),
        "decisions": [_decision_plain(each) for each in told.decisions],
        "events": len(told.events),
        "now": None,
    }
    if told.present is not None:
        content["now"] = {
            "at": format_moment(told.present.at, offset),
            "points": told.present.points,
            "standing": [_reason_plain(each) for each in told.present.standing],
        }
    if events:
        content["log"] = [
            {"id": e.id, "at": format_moment(e.at, offset), "known": format_moment(e.known, offset), "kind": e.kind,
             "says": _said(e), "voided": e.id in told.voided}
            for e in told.events
        ]  # fmt: skip
    return content


def _decision_plain(told: DecisionTold) -> dict[str, Any]:
    from creditline.lines.telling import fact_told

    made, policy = told.decision, told.policy

    def moment(t: int | None) -> str | None:
        return None if t is None else format_moment(t, policy.utc_offset)

    facts = [fact_told(policy, fact, made.facts) for fact in policy.facts]
    return {
        "at": moment(made.at),
        "number": made.number,
        "action": made.action,
        "status_before": made.status_before,
        "status": made.status,
        "limit_before": format_minor(made.limit_before),
        "limit": format_minor(made.limit),
        "points": made.points,
        "rate_millionths": made.rate,
        "reasons": [_reason_plain(each) for each in told.reasons],
        "ended": [_reason_plain(each) for each in told.ended],
        "fired": made.fired,
        "held": made.held,
        "standing": made.standing,
        "cooling_until": moment(made.cooling_until),
        "probation_until": moment(made.probation_until),
        "policy": policy.name,
        "version": made.policy,
        "position": made.position,
        "trigger": None if made.trigger is None else {"id": made.trigger, "kind": told.trigger_kind},
        "facts": {each.name: each.value for each in facts},
    }


def _reason_plain(told: ReasonTold) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(told)
    plain["cooling_off_days"] = plain.pop("cooling_off") // DAY
    return plain


def _row_plain(row: LineRow) -> dict[str, Any]:
    decided = None if row.decided_at is None else format_moment(row.decided_at, UTC_OFFSET)
    return {**msgspec.structs.asdict(row), "limit": format_minor(row.limit), "decided_at": decided}


__all__ = ["as_plain", "line_app", "register"]
