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
from creditline.cli.planned import plan_plain, step_in_words
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.policy import Policy
    from creditline.service.wayback import Beside
    from creditline.wayback.plans import Outlook, Plan, Step
    from creditline.wayback.predict import Return

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
    from creditline.service.versions import Versions
    from creditline.service.wayback import beside, plans_of
    from creditline.store import Home
    from creditline.wayback.plans import GOALS, Goal

    if goal is not None and goal not in GOALS:
        raise CreditlineError("--goal", goal, f"choose {', '.join(get_args(Goal))}")
    with Home.open(existing(home)) as opened:
        proof = plans_of(opened, line, now=None if now is None else parse_moment(now), goal=goal)
        simulated = bool(opened.get("simulated"))
        policy = Versions(opened)[proof.outlook.policy]
        more = beside(opened, proof.outlook)
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(proof), indent=1) + b"\n")
    if as_json:
        echo_json(_plain(proof.outlook, policy, more) | {"simulated": simulated})
        return
    if simulated:
        Console(highlight=False).print(text("common.simulated", lang), style="bold yellow")
    _print(proof.outlook, policy, more, lang)
    if out is not None:
        typer.echo(text("plan.written", lang, path=out, seal=proof.seal[:12]))


def _plain(told: Outlook, policy: Policy, more: Beside) -> dict[str, Any]:
    """Money as decimal text in currency units."""
    return {
        "line": told.line,
        "status": told.status,
        "closed_on": told.closed_on,
        "reasons": list(told.reasons),
        "never": list(told.never),
        "policy": told.policy,
        "plans": [plan_plain(each) | _beside_plain(each, policy, more) for each in told.plans],
    }


def _beside_plain(plan: Plan, policy: Policy, more: Beside) -> dict[str, Any]:
    back = more.later.get(plan.goal)
    later = None if back is None else {"on": _day(back, policy), "limit": format_minor(back.limit)}
    return {"presumes_no_draw": plan.goal in more.presume_no_draw, "later": later}


def _day(back: Return, policy: Policy) -> str:
    from creditline.clock import format_moment

    return format_moment(back.at, policy.utc_offset)[:10]


def _print(told: Outlook, policy: Policy, more: Beside, lang: Language) -> None:
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
            typer.echo(f"  {number}. {_step(step, policy, lang)}")
        if not each.steps:
            typer.echo("  " + text("plan.waiting", lang))
        if each.goal in more.presume_no_draw:
            typer.echo("  " + text("plan.presumes_no_draw", lang))
        if (back := more.later.get(each.goal)) is not None:
            limit = format_minor(back.limit, grouping=True)
            typer.echo("  " + text("plan.later", lang, on=_day(back, policy), limit=limit))


def _step(step: Step, policy: Policy, lang: Language) -> str:
    lever = next((each for each in policy.levers if each.name == step.lever), None)
    answers = text("plan.answers", lang, codes=", ".join(step.answers)) if step.answers else ""
    return f"{step_in_words(step, lever, lang)}  {answers}"


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
