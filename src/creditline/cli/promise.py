"""``creditline promise``: plans taken up, how far they have come, and what they cost the lender."""

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
from creditline.clock import format_moment, parse_moment
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from creditline.service.promises import Followed
    from creditline.store import Home
    from creditline.wayback.progress import Cost, Month, Progress, StepStood
    from creditline.wayback.steps import Taken, Way

_LANG = preferred_language()

LineArgument = Annotated[str, typer.Argument(help=text("promise.line_help", _LANG))]
LangOption = Annotated[str, typer.Option("--lang", metavar="zh|en", help=text("promise.lang_help", _LANG))]

promise = typer.Typer(no_args_is_help=True, help=text("promise.help", _LANG))


def register(app: typer.Typer) -> None:
    """Add ``promise`` and its commands to the application."""
    app.add_typer(promise, name="promise")


@promise.command("take", help=text("promise.take_help", _LANG))
def take(
    line: LineArgument,
    goal: Annotated[
        str, typer.Option("--goal", metavar="fastest|cheapest|easiest", help=text("promise.goal_help", _LANG))
    ],
    plan: Annotated[Path | None, typer.Option("--plan", metavar="FILE", help=text("promise.plan_help", _LANG))] = None,
    replace: Annotated[bool, typer.Option("--replace", help=text("promise.replace_help", _LANG))] = False,
    home: HomeOption = HOME_DEFAULT,
    now: NowOption = None,
    lang: LangOption = _LANG,
    as_json: JsonOption = False,
) -> None:
    """Take a plan up; exit status 2 where it cannot be."""
    from creditline.service.promises import take as take_up
    from creditline.store import Home
    from creditline.wayback.plans import GOALS, Goal

    language = language_of(lang)
    if goal not in GOALS:
        raise CreditlineError("--goal", goal, f"choose {', '.join(get_args(Goal))}")
    with Home.open(existing(home)) as opened:
        taken = take_up(opened, line, goal, now=_moment(now), file=plan, replace=replace)
        simulated = _simulated(opened)
    if as_json:
        told = {"line": taken.line, "seal": taken.seal, "new": taken.is_new, "way": taken.way}
        echo_json(told | {"plan": plan_plain(taken.plan), "simulated": simulated})
        return
    _note(language, simulated=simulated)
    key = "taken" if taken.is_new else "taken_already"
    what = promised_in_words(taken.way, taken.plan.reopens_on, taken.plan.limit, language)
    typer.echo(text(f"promise.{key}", language, line=line, what=what, seal=taken.seal[:12]))


@promise.command("show", help=text("promise.show_help", _LANG))
def show(
    line: LineArgument,
    home: HomeOption = HOME_DEFAULT,
    now: NowOption = None,
    lang: LangOption = _LANG,
    as_json: JsonOption = False,
) -> None:
    """Show how far a plan taken up has come; exit status 2 where none ever was."""
    from creditline.service.promises import followed
    from creditline.store import Home

    language = language_of(lang)
    with Home.open(existing(home)) as opened:
        found = followed(opened, line, now=_moment(now))
        simulated = _simulated(opened)
    if found.progress is None:
        remedy = f"take a plan up: creditline promise take {line} --goal fastest"
        raise CreditlineError("line", line, remedy, "has no promise")
    if as_json:
        echo_json(_plain(found, found.progress) | {"simulated": simulated})
        return
    _note(language, simulated=simulated)
    _print(found, found.progress, language)


@promise.command("list", help=text("promise.list_help", _LANG))
def list_(
    home: HomeOption = HOME_DEFAULT, now: NowOption = None, lang: LangOption = _LANG, as_json: JsonOption = False
) -> None:
    """List the promises that stand with what they cost."""
    from creditline.service.promises import outstanding
    from creditline.store import Home
    from creditline.wayback.progress import by_month

    language = language_of(lang)
    with Home.open(existing(home)) as opened:
        costs = outstanding(opened, now=_moment(now))
        simulated = _simulated(opened)
    months = by_month(costs)
    if as_json:
        told = {"promises": [_cost_plain(each) for each in costs], "months": [_month_plain(each) for each in months]}
        echo_json(told | {"total": _total(months), "simulated": simulated})
        return
    _note(language, simulated=simulated)
    if not costs:
        typer.echo(text("promise.none_stands", language))
        return
    _print_costs(costs, months, language)


@promise.command("follow", help=text("promise.follow_help", _LANG))
def follow(
    home: HomeOption = HOME_DEFAULT, now: NowOption = None, lang: LangOption = _LANG, as_json: JsonOption = False
) -> None:
    """Look at every promise and queue a notice where something changed since it was last told of."""
    from creditline.service.promises import follow as look_after
    from creditline.store import Home

    language = language_of(lang)
    with Home.open(existing(home)) as opened:
        told = look_after(opened, now=_moment(now))
        simulated = _simulated(opened)
    if as_json:
        plain = [{"line": e.line, "seal": e.seal, "state": e.state, "better": e.better} for e in told]
        echo_json({"told": plain, "simulated": simulated})
        return
    _note(language, simulated=simulated)
    typer.echo(text("promise.followed", language, count=len(told)))
    for each in told:
        better = text("promise.and_better", language) if each.better else ""
        typer.echo(f"  {each.line}  {text(f'promise.state_{each.state}', language)}{better}")


@promise.command("give-up", help=text("promise.give_up_help", _LANG))
def give_up(
    line: LineArgument,
    home: HomeOption = HOME_DEFAULT,
    now: NowOption = None,
    lang: LangOption = _LANG,
    as_json: JsonOption = False,
) -> None:
    """Follow a line's plan no longer; exit status 2 where none stands."""
    from creditline.service.promises import give_up as end
    from creditline.store import Home

    language = language_of(lang)
    with Home.open(existing(home)) as opened:
        stood = end(opened, line, now=_moment(now))
        simulated = _simulated(opened)
    if as_json:
        echo_json({"line": line, "seal": stood.taken.seal, "ended": "given_up", "simulated": simulated})
        return
    _note(language, simulated=simulated)
    typer.echo(text("promise.given_up", language, line=line))


def _moment(now: str | None) -> int | None:
    return None if now is None else parse_moment(now)


def _simulated(home: Home) -> bool:
    return bool(home.get("simulated"))


def _note(lang: Language, *, simulated: bool) -> None:
    if simulated:
        Console(highlight=False).print(text("common.simulated", lang), style="bold yellow")


# -- as plain data: money as decimal text in currency units ------------------------------------------


def _money(minor: int | None) -> str | None:
    return None if minor is None else format_minor(minor)


def _plain(found: Followed, progress: Progress) -> dict[str, Any]:
    stood, situation = progress.stood, found.standing.situation
    offset = stood.taken.policy.utc_offset

    def when(t: int | None) -> str | None:
        return None if t is None else format_moment(t, offset)

    expected = progress.expected
    return {
        "line": situation.line,
        "seal": stood.taken.seal,
        "policy": stood.taken.policy.version,
        "taken_at": when(stood.taken.since),
        "way": stood.taken.way,
        "state": progress.state,
        "status": situation.status,
        "plan": plan_plain(stood.taken.plan),
        "steps": [_step_plain(each) for each in progress.steps],
        "returned": None if stood.back is None else {"at": when(stood.back.at), "limit": _money(stood.back.limit)},
        "ended": None if stood.ended is None else {"at": when(stood.ended), "codes": list(stood.codes)},
        "expected": None if expected is None else {"at": when(expected.at), "limit": _money(expected.limit)},
        "money_left": _money(progress.money_left),
        "effort_left": progress.effort_left,
        "blocked": progress.blocked,
        "better": None if progress.better is None else plan_plain(progress.better),
    }


def _step_plain(each: StepStood) -> dict[str, Any]:
    step = each.step
    return {
        "on": step.on, "by": each.by, "lever": step.lever, "amount": _money(step.amount), "state": each.state,
        "done_on": each.done_on, "answers": list(step.answers), "title": step.title,
    }  # fmt: skip


def _cost_plain(cost: Cost) -> dict[str, Any]:
    return {
        "line": cost.line, "seal": cost.seal, "way": cost.way, "goal": cost.goal, "made_on": cost.made_on,
        "returns_on": cost.returns_on, "limit": _money(cost.limit), "is_back": cost.is_back,
        "otherwise_on": cost.otherwise_on, "otherwise_limit": _money(cost.otherwise_limit), "more": _money(cost.more),
        "days_earlier": cost.days_earlier, "owed": _money(cost.owed),
    }  # fmt: skip


def _month_plain(month: Month) -> dict[str, Any]:
    return {
        "month": month.month, "promises": month.promises, "limit": _money(month.limit), "more": _money(month.more),
        "owed": _money(month.owed),
    }  # fmt: skip


def _total(months: Sequence[Month]) -> dict[str, Any]:
    return {
        "promises": sum(each.promises for each in months),
        "limit": _money(sum(each.limit for each in months)),
        "more": _money(sum(each.more for each in months)),
        "owed": _money(sum(each.owed for each in months)),
    }


# -- as text -----------------------------------------------------------------------------------------


def _print(found: Followed, progress: Progress, lang: Language) -> None:
    stood, plan = progress.stood, progress.stood.taken.plan
    way, offset = stood.taken.way, stood.taken.policy.utc_offset

    def day(t: int | None) -> str:
        return "" if t is None else format_moment(t, offset)[:10]

    what = promised_in_words(way, plan.reopens_on, plan.limit, lang)
    typer.echo(text("promise.made", lang, line=found.standing.situation.line, since=day(stood.taken.since), what=what))
    state = text(f"promise.state_{progress.state}", lang)
    codes = f" ({', '.join(stood.codes)})" if stood.codes else ""
    typer.echo(text("promise.stands", lang, state=state + codes, ended=day(stood.ended)).rstrip())
    if stood.back is not None:
        typer.echo(
            text("promise.came_back", lang, what=promised_in_words(way, day(stood.back.at), stood.back.limit, lang))
        )
    for number, each in enumerate(progress.steps, 1):
        typer.echo(f"  {number}. {_step(each, stood.taken, lang)}")
    if progress.blocked:
        typer.echo(text("promise.blocked", lang))
    if progress.expected is not None:
        expected = promised_in_words(way, day(progress.expected.at), progress.expected.limit, lang)
        typer.echo(text("promise.expected", lang, what=expected))
    elif progress.state in ("due", "late"):
        typer.echo(text("promise.expected_never", lang))
    if progress.better is not None:
        better = progress.better
        what, cost = (
            promised_in_words(way, better.reopens_on, better.limit, lang),
            format_minor(better.cost, grouping=True),
        )
        typer.echo(text("promise.better", lang, what=what, goal=better.goal, cost=cost))


def promised_in_words(way: Way, on: str, limit: int, lang: Language) -> str:
    """What a plan says: the day, and the limit."""
    return text(f"promise.what_{way}", lang, on=on, limit=format_minor(limit, grouping=True))


def _step(each: StepStood, taken: Taken, lang: Language) -> str:
    step = each.step
    key = "held" if each.state == "due" and taken.restrains(step) else each.state or "not_needed"
    state = text(f"promise.step_{key}", lang, on=each.done_on or "", by=each.by)
    return f"{step_in_words(step, taken.lever(step), lang)}  {state}".rstrip()


def _print_costs(costs: Sequence[Cost], months: Sequence[Month], lang: Language) -> None:
    from creditline.reports.tables import Table, labelled, terminal

    def money(minor: int | None) -> str:
        return "" if minor is None else format_minor(minor, grouping=True)

    console = Console(highlight=False)
    never = text("promise.never", lang)
    columns = ("line", "returns_on", "limit", "otherwise_on", "otherwise_limit", "more", "owed")
    rows = tuple(
        (
            each.line, each.returns_on, money(each.limit), each.otherwise_on or never, money(each.otherwise_limit),
            money(each.more), money(each.owed),
        )
        for each in costs
    )  # fmt: skip
    heads = labelled(*(text(f"promise.{name}", lang) for name in columns), text=(0, 1, 3))
    console.print(terminal(Table(text("promise.costs_title", lang, count=len(costs)), heads, rows)))
    heads = labelled(*(text(f"promise.{n}", lang) for n in ("month", "promises", "limit", "more", "owed")), text=(0,))
    by_month = tuple(
        (each.month, str(each.promises), money(each.limit), money(each.more), money(each.owed)) for each in months
    )
    console.print(terminal(Table(text("promise.months_title", lang), heads, by_month)))
