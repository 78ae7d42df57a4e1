"""``creditline plan``: the way back of a line, and the check of a plan's file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from rich.console import Console

from creditline.cli.options import (
    HOME_DEFAULT,
    HomeOption,
    JsonOption,
    NowOption,
    echo_json,
    existing,
    language_of,
)
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.policy import Policy
    from creditline.wayback.plans import Outlook, Plan

_LANG = preferred_language()

STATUS_DIFFERS = 1
"""Exit status of ``plan check`` when something comes out otherwise than planned."""


def register(app: typer.Typer) -> None:
    """Add ``plan`` to the application."""
    app.command("plan", help=text("plan.help", _LANG))(plan)


def plan(
    what: Annotated[list[str], typer.Argument(metavar="LINE | check FILE", help=text("plan.what_help", _LANG))],
    goal: Annotated[
        str | None, typer.Option(metavar="fastest|cheapest|easiest", help=text("plan.goal_help", _LANG))
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.json", help=text("plan.out_help", _LANG))] = None,
    home: HomeOption = HOME_DEFAULT,
    now: NowOption = None,
    lang: Annotated[str, typer.Option(metavar="zh|en", help=text("plan.lang_help", _LANG))] = _LANG,
    as_json: JsonOption = False,
) -> None:
    """Print the plans of a line, or check those of a file; exit status 1 where a check finds a difference."""
    language = language_of(lang)
    if what[0] == "check" and len(what) == 2:
        _check(Path(what[1]), home, language, as_json=as_json)
    elif len(what) == 1:
        _plans(what[0], goal, out, home, now, language, as_json=as_json)
    else:
        raise CreditlineError("plan", " ".join(what), "write: plan LINE, or: plan check FILE", "is not understood")


def _plans(
    line: str, goal: str | None, out: Path | None, home: Path, now: str | None, lang: Language, *, as_json: bool
) -> None:
    import msgspec

    from creditline.clock import parse_moment
    from creditline.service.line import Versions
    from creditline.service.wayback import plans_of
    from creditline.store import Home
    from creditline.wayback.plans import GOALS, Goal

    if goal is not None and goal not in GOALS:
        raise CreditlineError("--goal", goal, f"choose {', '.join(get_args(Goal))}")
    with Home.open(existing(home)) as opened:
        proof = plans_of(opened, line, now=None if now is None else parse_moment(now), goal=goal)
        simulated = bool(opened.get("simulated"))
        policy = Versions(opened)[proof.outlook.policy]
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(proof), indent=1) + b"\n")
    if as_json:
        echo_json(_plain(proof.outlook) | {"simulated": simulated})
        return
    if simulated:
        Console(highlight=False).print(text("common.simulated", lang), style="bold yellow")
    _print(proof.outlook, policy, lang)
    if out is not None:
        typer.echo(text("plan.written", lang, path=out, seal=proof.seal[:12]))


def _plain(told: Outlook) -> dict[str, Any]:
    """Money as decimal text in currency units."""
    return {
        "line": told.line,
        "status": told.status,
        "closed_on": told.closed_on,
        "reasons": list(told.reasons),
        "never": list(told.never),
        "policy": told.policy,
        "plans": [_plan_plain(each) for each in told.plans],
    }


def _plan_plain(plan: Plan) -> dict[str, Any]:
    steps = [
        {
            "on": step.on, "lever": step.lever, "amount": None if step.amount is None else format_minor(step.amount),
            "answers": list(step.answers), "chosen": step.chosen, "repeated": step.repeated, "title": step.title,
        }
        for step in plan.steps
    ]  # fmt: skip
    return {
        "goal": plan.goal, "reopens_on": plan.reopens_on, "limit": format_minor(plan.limit),
        "cost": format_minor(plan.cost), "effort": plan.effort, "steps": steps, "complete": plan.complete,
    }  # fmt: skip


def _print(told: Outlook, policy: Policy, lang: Language) -> None:
    typer.echo(text(f"plan.{told.status}", lang, line=told.line, since=told.closed_on))
    for code in told.reasons:
        known = policy.by_code.get(code) or (policy.approve if policy.approve and policy.approve.code == code else None)
        typer.echo(f"  {code:5} {known.reason[lang] if known else ''}".rstrip())
    if told.never and told.status != "terminated":
        typer.echo(text("plan.never", lang, reasons=", ".join(told.never)))
    for each in told.plans:
        typer.echo("")
        typer.echo(text(f"plan.{each.goal}", lang))
        money = {"limit": format_minor(each.limit, grouping=True), "cost": format_minor(each.cost, grouping=True)}
        what = {"declined": "plan.opens", "open": "plan.rises"}.get(told.status, "plan.reopens")
        typer.echo(text(what, lang, on=each.reopens_on, **money))
        for number, step in enumerate(each.steps, 1):
            amount = "" if step.amount is None else f"  {format_minor(step.amount, grouping=True)}"
            answers = text("plan.answers", lang, codes=", ".join(step.answers)) if step.answers else ""
            typer.echo(
                f"  {number}. {step.on}  {step.title[lang]}{_times(step.chosen, step.repeated)}{amount}  {answers}"
            )
        if not each.steps:
            typer.echo("  " + text("plan.waiting", lang))


def _times(chosen: int | None, repeated: int) -> str:
    parts = [] if chosen is None else [str(chosen)]
    return (
        (" (" + ", ".join([*parts, *([f"x {repeated}"] if repeated > 1 else [])]) + ")")
        if parts or repeated > 1
        else ""
    )


def _check(path: Path, home: Path, lang: Language, *, as_json: bool) -> None:
    from creditline.cli.checked import differences_told
    from creditline.service.wayback import check_plan
    from creditline.store import Home

    with Home.open(existing(home)) as opened:
        told, found = check_plan(opened, path)
    if as_json:
        echo_json({"line": told.line, "holds": not found, "differences": found})
    elif not found and not told.plans:
        typer.echo(text("checked.none", lang, line=told.line, reasons=", ".join(told.never)))
    elif not found:
        typer.echo(text("plan.holds", lang, line=told.line, count=len(told.plans)))
    else:
        for each in differences_told(found, lang):
            typer.echo(each, err=True)
    if found:
        raise typer.Exit(STATUS_DIFFERS)
