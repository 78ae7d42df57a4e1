"""``creditline near``: how near the triggers are to a line, when they would fire, and what prevents it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from creditline.money import format_minor, parse_minor

if TYPE_CHECKING:
    from creditline.service.lines_ahead import Paid

_LANG = preferred_language()

LINES_MOST = 40
"""Lines printed with --all; --json has them all."""

PAYMENTS_MOST = 3
"""Payments printed of one lever."""

Plain = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add ``near`` to the application."""
    app.command("near", help=text("near.help", _LANG))(near)


def near(
    line: Annotated[str | None, typer.Argument(metavar="LINE", help=text("near.line_help", _LANG))] = None,
    every: Annotated[bool, typer.Option("--all", help=text("near.all_help", _LANG))] = False,
    within: Annotated[str, typer.Option(metavar="DURATION", help=text("near.within_help", _LANG))] = "90d",
    unpaid: Annotated[bool, typer.Option("--unpaid", help=text("near.unpaid_help", _LANG))] = False,
    without_loans: Annotated[bool, typer.Option("--without-loans", help=text("near.without_help", _LANG))] = False,
    home: HomeOption = HOME_DEFAULT,
    now: NowOption = None,
    lang: Annotated[str, typer.Option(metavar="zh|en", help=text("near.lang_help", _LANG))] = _LANG,
    as_json: JsonOption = False,
) -> None:
    """Print how near the triggers are to a line, or which lines are hit soonest."""
    language, span = language_of(lang), _span(within)
    if every == (line is not None):
        raise CreditlineError("near", line or "", "write: near LINE, or: near --all", "is not understood")
    for option, given in (("--unpaid", unpaid), ("--without-loans", without_loans)):
        if given and not every:
            raise CreditlineError("near", option, "give it with --all: one line is told both ways", "means nothing")
    if unpaid and without_loans:
        raise CreditlineError("near", "--unpaid --without-loans", "leave out one of the two", "contradict each other")
    if line is None:
        _all(home, now, span, "nothing" if unpaid else "left_out" if without_loans else "kept", language, as_json)
    else:
        _one(home, line, now, span, language, as_json)


def _span(within: str) -> int:
    from creditline.clock import ClockError, Duration, parse_duration

    remedy = "write it like 90d, 12w or 48h"
    try:
        read = parse_duration(within)
    except ClockError as error:
        raise CreditlineError("--within", within, remedy, "is no duration") from error
    if not isinstance(read, Duration):
        raise CreditlineError("--within", within, remedy, "is no fixed length of time")
    return read.us


def _one(home: Path, line: str, now: str | None, span: int, lang: Language, as_json: bool) -> None:
    from creditline.clock import parse_moment
    from creditline.service.near_told import score_in_words, told
    from creditline.service.nearness import near_line
    from creditline.store import Home

    with Home.open(existing(home)) as opened:
        found = near_line(opened, line, now=None if now is None else parse_moment(now), within=span)
        simulated = bool(opened.get("simulated"))
    said = told(found)
    if as_json:
        echo_json(said | {"simulated": simulated})
        return
    if simulated:
        _warn(lang)
    _print(said, score_in_words(found, lang), lang)


def _warn(lang: Language) -> None:
    Console(highlight=False).print(text("common.simulated", lang), style="bold yellow")


def _print(said: Plain, score: list[str], lang: Language) -> None:
    status = text(f"near.status_{said['status']}", lang)
    typer.echo(text("near.line", lang, line=said["line"], status=status, limit=_grouped(said["limit"]), at=said["at"]))
    typer.echo(_first("near.first", said["first"], lang))
    if said["has_loans"]:
        typer.echo(_first("near.first_kept", said["first_if_instalments_are_paid"], lang))
    far = [each for each in said["triggers"] if _is_far(each)]
    for each in said["triggers"]:
        if not _is_far(each):
            _print_trigger(each, said, score, lang)
    if far:
        typer.echo("")
        typer.echo(text("near.far", lang, count=len(far)))


def _is_far(each: Plain) -> bool:
    return each["nearness"] == 0 and each["hit"] is None and not each["stands"]


def _first(key: str, hit: Plain | None, lang: Language) -> str:
    if hit is None:
        return text(f"{key}_none", lang)
    return text(key, lang, on=hit["on"], does=hit["says"][lang], reasons=_reasons(hit, lang))


def _reasons(hit: Plain, lang: Language) -> str:
    return text("near.also", lang).join(each[lang] for each in hit["reasons"])


def _print_trigger(each: Plain, said: Plain, score: list[str], lang: Language) -> None:
    typer.echo("")
    share = f"{int(each['nearness'] * 100)}%"
    does = text(f"near.then_{each['then']}", lang)
    typer.echo(text("near.trigger", lang, share=share.rjust(4), reason=each["reason"][lang], does=does))
    for part in each["conditions"]:
        typer.echo("      " + part["says"][lang])
    if any(part["fact"] == "points" for part in each["conditions"]):
        for reason in score:
            typer.echo("        " + reason)
    if each["held"] or (each["fires"] and not each["stands"] and each["then"] != "limit"):
        typer.echo("      " + text("near.held" if each["held"] else "near.overridden", lang))
    for room in each["room"]:
        typer.echo("      " + room["says"][lang])
    for told in _conduct(each["conduct"], lang):
        typer.echo("      " + told)
    for told in [*_days(each, said["has_loans"], lang), *_answer(each, said["line"], lang)]:
        typer.echo("      " + told)


def _conduct(found: Plain | None, lang: Language) -> list[str]:
    """How to draw without firing it."""
    if found is None:
        return []
    if found["says"] is not None:
        return [found["says"][lang]]
    spread, rest = found["spread_draws"], found["no_draw"]
    said = [each["says"][lang] for each in (spread, rest) if each is not None]
    if spread is not None and spread["next"] is not None:
        said.insert(1, "  " + _first("near.next", spread["next"], lang))
    return said


def _days(each: Plain, has_loans: bool, lang: Language) -> list[str]:
    """When it fires, and what came before."""
    if each["hit"] is None or each["stands"]:
        return []
    found = [text("near.on", lang, on=each["hit"]["on"], does=each["hit"]["says"][lang])]
    if each["after"] is not None:
        found = [text("near.on_after", lang, on=each["hit"]["on"], before=each["after"]["on"])]
    if has_loans:
        kept = each["hit_if_instalments_are_paid"]
        found.append(text("near.kept_none", lang) if kept is None else text("near.kept_on", lang, on=kept["on"]))
    return found


def _answer(each: Plain, line: str, lang: Language) -> list[str]:
    """What prevents it."""
    found = each["prevention"]
    if found is None:
        return [text(f"near.answer_{each['answer']}", lang, line=line)]
    cost = _grouped(found["cost"])
    if found["possible_from"] is None:
        said = [text("near.answer_levers", lang, cost=cost, until=found["until"])]
    else:
        said = [text("near.answer_opening", lang, cost=cost, until=found["until"], day=found["possible_from"])]
    said += _steps(found["steps"], lang)
    if found["next"] is not None:
        said.append("  " + _first("near.next", found["next"], lang))
    return said


def _steps(steps: list[Plain], lang: Language) -> list[str]:
    said: list[str] = []
    shown: dict[str, int] = {}
    for step in steps:
        shown[step["lever"]] = shown.get(step["lever"], 0) + 1
        if shown[step["lever"]] > PAYMENTS_MOST:
            continue
        how = [str(step["chosen"])] if step["chosen"] is not None else []
        how += [f"× {step['repeated']}"] if step["repeated"] > 1 else []
        times = f" ({', '.join(how)})" if how else ""
        amount = "" if step["amount"] is None else f"  {_grouped(step['amount'])}"
        said.append(f"  {step['on']}  {step['title'][lang]}{times}{amount}")
    more = sum(max(0, count - PAYMENTS_MOST) for count in shown.values())
    return [*said, *(["  " + text("near.more_steps", lang, count=more)] if more else [])]


def _grouped(amount: str) -> str:
    return format_minor(parse_minor(amount), grouping=True)


def _all(home: Path, now: str | None, span: int, paid: Paid, lang: Language, as_json: bool) -> None:
    from creditline.cli.bars import bars
    from creditline.clock import parse_moment
    from creditline.service.lines_ahead import lines_ahead
    from creditline.service.near_told import lines_told
    from creditline.store import Home

    with Home.open(existing(home)) as opened, bars() as tell:
        ahead = lines_ahead(
            opened,
            now=None if now is None else parse_moment(now),
            within=span,
            paid=paid,
            progress=lambda done, total: tell(text("near.bar", lang), done, total),
        )
        simulated = bool(opened.get("simulated"))
    said = lines_told(ahead)
    if as_json:
        echo_json(said | {"simulated": simulated})
        return
    if simulated:
        _warn(lang)
    _print_all(said, lang)


def _print_all(said: Plain, lang: Language) -> None:
    from rich.table import Table

    counts = {"looked_at": said["looked_at"], "count": len(said["lines"]), "days": f"{said['within_days']:g}"}
    typer.echo(text("near.all", lang, at=said["at"], **counts))
    if said["with_loans"]:
        typer.echo(text(f"near.paid_{said['paid']}", lang, count=said["with_loans"]))
    if said["lines"]:
        table = Table(box=None, header_style="dim", pad_edge=False)
        for key in ("on", "line", "what", "why"):
            table.add_column(text(f"near.column_{key}", lang), overflow="fold")
        for each in said["lines"][:LINES_MOST]:
            table.add_row(each["on"], each["line"], each["says"][lang], _reasons(each, lang))
        Console(highlight=False).print(table)
    if len(said["lines"]) > LINES_MOST:
        typer.echo(text("near.more_lines", lang, count=len(said["lines"]) - LINES_MOST))
    for each in said["failures"]:
        typer.echo(text("near.failure", lang, line=each["line"], problem=each["problem"]), err=True)
