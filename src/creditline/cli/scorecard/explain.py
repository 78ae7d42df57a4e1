"""``creditline scorecard explain``: a score taken apart, of a line under its policy or of a row under a card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, echo_json, existing, language_of
from creditline.cli.scorecard.options import LANG
from creditline.errors import CreditlineError
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from creditline.scoring.reasons import Scored
    from creditline.service.explained import LineScore


def explain(
    what: Annotated[str, typer.Argument(metavar="LINE|CARD", help=text("explain.what_help", LANG))],
    home: HomeOption = HOME_DEFAULT,
    at: Annotated[str | None, typer.Option(metavar="MOMENT", help=text("explain.at_help", LANG))] = None,
    decision: Annotated[int | None, typer.Option(metavar="N", help=text("explain.decision_help", LANG))] = None,
    data: Annotated[Path | None, typer.Option(metavar="FILE", help=text("explain.data_help", LANG))] = None,
    row: Annotated[int | None, typer.Option(metavar="N", help=text("explain.row_help", LANG))] = None,
    words: Annotated[Path | None, typer.Option(metavar="FILE", help=text("explain.words_help", LANG))] = None,
    as_json: JsonOption = False,
    lang: Annotated[str, typer.Option(help=text("line.lang_help", LANG))] = LANG,
) -> None:
    """Show every fact's points and the principal reasons; exit status 2 for what is not known or cannot be scored."""
    language = language_of(lang)
    _check(at=at, decision=decision, data=data, row=row, words=words)
    if data is None:
        scored, title, about, simulated = _of_line(what, home, at, decision, language)
    else:
        assert row is not None
        scored, title, about = _of_row(Path(what), data, row, words, language)
        simulated = False
    if as_json:
        echo_json({**about, **_plain(scored)})
        return
    console = Console(highlight=False)
    if simulated:
        console.print(text("common.simulated", language), style="bold yellow")
    console.print(Text(title, style="bold"))
    console.print(_table(scored, language))
    _print_reasons(scored, console, language)


def _check(*, at: str | None, decision: int | None, data: Path | None, row: int | None, words: Path | None) -> None:
    """Refuse options that do not go together."""
    if data is None and (row is not None or words is not None):
        option, value = ("--row", row) if row is not None else ("--words", words)
        raise CreditlineError(option, value, "give the table with --data, or leave it out", "is for a row of a table")
    if data is not None and row is None:
        raise CreditlineError("--row", None, "give the number of the row to explain", "is missing")
    if data is not None and (at is not None or decision is not None):
        option = "--at" if at is not None else "--decision"
        raise CreditlineError(option, at or decision, "leave it out with --data", "is for a line of a home")
    if at is not None and decision is not None:
        raise CreditlineError("--decision", decision, "give it or --at", "has a moment of its own")


def _of_line(
    line: str, home: Path, at: str | None, decision: int | None, lang: Language
) -> tuple[Scored, str, dict[str, Any], bool]:
    from creditline.clock import parse_moment
    from creditline.service.explained import line_score
    from creditline.store import Home

    moment = None if at is None else parse_moment(at)
    with Home.open(existing(home)) as opened:
        told = line_score(opened, line, at=moment, number=decision)
    return told.scored, _line_title(told, lang), _about_line(told), told.simulated


def _line_title(told: LineScore, lang: Language) -> str:
    from creditline.clock import format_moment

    policy = told.policy
    values = {
        "line": told.line, "points": told.scored.points, "policy": policy.title[lang], "version": policy.version[:12],
        "moment": format_moment(told.at, policy.utc_offset)[:19].replace("T", " "),
    }  # fmt: skip
    if told.decision is None:
        return text("explain.of_line", lang, **values)
    action = text(f"run.action_{told.decision.action}", lang)
    return text("explain.of_decision", lang, **values, number=told.decision.number, action=action)


def _about_line(told: LineScore) -> dict[str, Any]:
    from creditline.clock import format_moment

    return {
        "line": told.line,
        "simulated": told.simulated,
        "at": format_moment(told.at, told.policy.utc_offset),
        "decision": None if told.decision is None else told.decision.number,
        "policy": told.policy.name,
        "version": told.policy.version,
    }


def _of_row(path: Path, data: Path, row: int, words: Path | None, lang: Language) -> tuple[Scored, str, dict[str, Any]]:
    import numpy as np

    from creditline.cli.scorecard.score import known_source
    from creditline.scoring.card import read_card
    from creditline.scoring.features import again
    from creditline.scoring.reasons import of_row, read_words
    from creditline.scoring.table import read_table

    card = read_card(path)
    known_source(path, card.source)
    called = read_words(words) if words else {}
    table = read_table(data, special=card.source["special"], kinds=card.source["columns"])
    if not 1 <= row <= table.rows:
        raise CreditlineError("--row", row, f"give 1 to {table.rows}", f"is no row of {data.name}")
    features = again(table, card.source, data.name).take(np.array([row - 1]))
    score = card.points(features, data.name)
    scored = of_row(card, features, 0, called)
    chance = float(card.calibration.probability(score)[0])
    title = text(
        "explain.of_row", lang, place=table.place(row - 1), points=scored.points, probability=f"{chance:.2%}",
        hash=card.hash[:12],
    )  # fmt: skip
    about = {"card": str(path), "hash": card.hash, "place": table.place(row - 1), "probability_of_bad": chance}
    return scored, title, about


def _plain(scored: Scored) -> Mapping[str, Any]:
    from creditline.scoring.reasons import plain_reason, plain_share, principal_reasons, shares

    return {
        "base": scored.base,
        "terms": [plain_share(scored, each) for each in shares(scored)],
        "points": scored.points,
        "reasons": [plain_reason(scored, each) for each in principal_reasons(scored)],
    }


def _table(scored: Scored, lang: Language) -> Shown:
    """The base, a line a term, and their sum; what costs most first."""
    from creditline.scoring.reasons import said_of, shares

    shown = Shown(box=None, show_footer=True, pad_edge=False)
    footer = [text("explain.sum", lang), "", "", f"{scored.points}", "", ""]
    for number, name in enumerate(("fact", "value", "bin", "points", "best", "cost")):
        justify: Any = "right" if number > 2 else "left"
        shown.add_column(text(f"explain.{name}", lang), footer[number], justify=justify, footer_style="bold")
    shown.add_row(text("explain.base", lang), "", "", f"{scored.base}", "", "")
    for share in sorted(shares(scored), key=lambda each: (-each.cost, tuple(said.fact for said in each.facts))):
        said = [said_of(scored, each, lang) for each in share.facts]
        cells = [" & ".join(each) for each in zip(*said, strict=True)]
        shown.add_row(*map(Text, cells), f"{share.points:+}", f"{share.best:+}", f"{share.cost}")
    return shown


def _print_reasons(scored: Scored, console: Console, lang: Language) -> None:
    from creditline.scoring.reasons import principal_reasons, reason_in_words

    reasons = principal_reasons(scored)
    console.print()
    if not reasons:
        console.print(text("explain.no_reasons", lang))
        return
    console.print(text("explain.reasons", lang), style="bold")
    for number, reason in enumerate(reasons, 1):
        console.print(Text(f"{number}. {reason_in_words(scored, reason, lang)}"))
