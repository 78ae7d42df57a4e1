"""``creditline line``: the life of one line with the reasons for everything done to it, and lists of lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console

from creditline.cli.line_shown import UTC_OFFSET, said, timeline
from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, echo_json, existing, language_of
from creditline.clock import DAY, format_moment
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.lines.telling import ReasonTold
    from creditline.service.line import DecisionTold, LineRow, LineTold, ScoreTold
    from creditline.wayback.promise import Stood

_LANG = preferred_language()

ROWS = 40
"""Lines listed on a terminal when no number is asked for."""

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

    language = language_of(lang)
    with Home.open(existing(home)) as opened:
        told = line_told(opened, line)
    if as_json:
        echo_json(as_plain(told, events=events))
        return
    console = Console(highlight=False)
    for part in timeline(told, language, events=events):
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

    language = language_of(lang)
    with Home.open(existing(home)) as opened:
        found = rows(opened, status, reason)
        simulated = bool(opened.get("simulated"))
    if as_json:
        shown = found[:limit_rows]
        echo_json({"simulated": simulated, "found": len(found), "lines": [_row_plain(row) for row in shown]})
        return
    _print_rows(found, limit_rows or ROWS, simulated, language)


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
    caption = text("demo.marked", lang, caption=caption) if simulated else caption
    table = tables.Table(caption, tables.labelled(*labels, text=(0, 1, 2, 4, 6), page_only=(5,)), shown)
    console.print(tables.terminal(table))


def _day(t: int, offset: str | int = UTC_OFFSET) -> str:
    return format_moment(t, offset)[:10]


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
            "version": told.present.policy.version,
            "promise": None if told.present.promise is None else _promise_plain(told.present.promise),
            "points": told.present.points,
            "standing": [_reason_plain(each) for each in told.present.standing],
            "score_reasons": _score_plain(told.present.score),
        }
    if events:
        content["log"] = [
            {"id": e.id, "at": format_moment(e.at, offset), "known": format_moment(e.known, offset), "kind": e.kind,
             "says": said(e), "voided": e.id in told.voided}
            for e in told.events
        ]  # fmt: skip
    return content


def _promise_plain(promise: Stood) -> dict[str, Any]:
    taken = promise.taken
    return {
        "seal": taken.seal, "goal": taken.plan.goal, "way": taken.way, "policy": taken.policy.version,
        "taken_at": format_moment(taken.since, taken.policy.utc_offset), "on": taken.plan.reopens_on,
        "limit": format_minor(taken.plan.limit),
    }  # fmt: skip


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
        "score_reasons": _score_plain(told.score),
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


def _score_plain(told: ScoreTold | None) -> list[dict[str, Any]] | None:
    """The principal reasons of a score; None where no reason of a decision reads the points."""
    from creditline.scoring.reasons import plain_reason

    return None if told is None else [plain_reason(told.scored, each) for each in told.reasons]


def _reason_plain(told: ReasonTold) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(told)
    plain["cooling_off_days"] = plain.pop("cooling_off") // DAY
    return plain


def _row_plain(row: LineRow) -> dict[str, Any]:
    decided = None if row.decided_at is None else format_moment(row.decided_at, UTC_OFFSET)
    return {**msgspec.structs.asdict(row), "limit": format_minor(row.limit), "decided_at": decided}


__all__ = ["as_plain", "line_app", "register"]
