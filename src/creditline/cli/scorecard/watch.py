"""``creditline scorecard watch``: how published cards do, for people and for a scheduler that raises an alarm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, echo_json, existing
from creditline.cli.scorecard.options import LANG
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from rich.console import RenderableType

STATUS_OVER = 1
"""Exit status when something is over the upper level."""

SHOWN = 12

NAMED = 5
"""Facts named in one sentence; the table has all that are not stable, ``--json`` all there are."""


def watch(
    home: HomeOption = HOME_DEFAULT,
    card: Annotated[str | None, typer.Option(metavar="HASH", help=text("cards.watch_card_help", LANG))] = None,
    policy: Annotated[str | None, typer.Option(metavar="NAME", help=text("cards.watch_policy_help", LANG))] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help=text("cards.watch_since_help", LANG))] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help=text("cards.watch_until_help", LANG))] = None,
    as_json: JsonOption = False,
) -> None:
    """Print how cards do; exit status 1 where something is over the upper level, 2 where there is nothing to watch."""
    from creditline.service.watching import watch as watched
    from creditline.store import Home

    with Home.open(existing(home)) as opened:
        told = watched(opened, policy=policy, card=card, since=since, until=until)
    if as_json:
        echo_json(told)
    else:
        _print(told, LANG)
    if told["over"]:
        raise typer.Exit(STATUS_OVER)


def _print(told: Mapping[str, Any], lang: Language) -> None:
    console = Console(highlight=False)
    if told["simulated"]:
        console.print(text("common.simulated", lang), style="bold yellow")
    typer.echo(text("cards.watched", lang, policy=told["policy"], version=told["version"][:SHOWN], until=told["until"]))
    if told["champion"] is None:
        typer.echo(text("cards.no_champion", lang))
    for card in told["cards"]:
        console.print(Text(_named(card, lang), style="bold underline"))
        for part in (*_drift(card, lang), *_outcomes(card, told["since"], lang), *_shadow(card, lang)):
            console.print(part, soft_wrap=isinstance(part, str))
    typer.echo(text("cards.levels", lang, **{name: f"{level:g}" for name, level in told["levels"].items()}))
    for card in told["cards"]:
        if card["over"]:
            names = [_what(name, lang) for name in card["over"][:NAMED]]
            more = [text("cards.more", lang, count=len(card["over"]) - NAMED)] if len(card["over"]) > NAMED else []
            over = text("cards.over", lang, card=_named(card, lang), what=text("cards.comma", lang).join(names + more))
            console.print(Text(over), style="bold red", soft_wrap=True)
    if not told["over"]:
        typer.echo(text("cards.steady", lang))


def _named(card: Mapping[str, Any], lang: Language) -> str:
    return text("cards.card", lang, hash=card["hash"][:SHOWN], role=text(f"cards.role_{card['role']}", lang))


def _what(name: str, lang: Language) -> str:
    return text("cards.score_index", lang) if name == "points" else text("cards.fact_index", lang, fact=name)


def _drift(card: Mapping[str, Any], lang: Language) -> Iterator[RenderableType]:
    from creditline.reports.tables import Table, figure, labelled, terminal

    drift = card["drift"]
    if drift is None:
        yield text("cards.no_drift", lang, problem=card["drift_problem"])
        return
    rows = [("points", drift["psi"], drift["psi_chance"], drift["psi_level"])]
    rows += [
        (fact, index, drift["csi_chance"][fact], drift["csi_level"][fact])
        for fact, index in sorted(drift["csi"].items(), key=lambda pair: -pair[1])
        if drift["csi_level"][fact] != "stable"
    ]
    cells = tuple(
        (_what(name, lang), figure(index), figure(chance), _level(level, lang, by_chance=index <= chance))
        for name, index, chance, level in rows
    )
    heads = [text(f"cards.{name}", lang) for name in ("what", "index", "chance", "level")]
    title = text("cards.drift_title", lang, rows=f"{drift['rows']:,}", expected=f"{drift['expected_rows']:,}")
    strong = frozenset(n for n, row in enumerate(rows) if row[0] in card["over"])
    yield terminal(Table(title, labelled(*heads, text=(0, 3)), cells, strong))
    stable = sum(level == "stable" for level in drift["csi_level"].values())
    yield text("cards.stable_facts", lang, stable=stable, facts=len(drift["csi"]))


def _level(level: str, lang: Language, *, by_chance: bool) -> str:
    return text("cards.level_chance" if by_chance and level == "moved" else f"cards.level_{level}", lang)


def _outcomes(card: Mapping[str, Any], since: str, lang: Language) -> Iterator[RenderableType]:
    from rich.table import Table

    from creditline.reports.tables import figure, percent

    found = card["outcomes"]
    if found is None:
        yield text("cards.no_outcomes", lang, since=since, problem=card["outcomes_problem"])
        return
    told = {"rows": f"{found['rows']:,} / {found['bad']:,}"}
    told |= {"expected": f"{percent(found['foretold'], 2)} / {percent(found['came'], 2)}"}
    if found["auc"] is None:
        told |= {"auc": text("cards.few", lang)}
    else:
        told |= {"auc": f"{figure(found['auc'])} ({figure(found['auc_low'])} .. {figure(found['auc_high'])})"}
        told |= {"ks": figure(found["ks"]), "brier": figure(found["brier"], 4)}
        told |= {"calibration": f"{figure(found['calibration_slope'])}, {figure(found['calibration_intercept'])}"}
    yield Text(text("cards.outcomes_title", lang, since=since), style="bold")
    shown = Table(box=None, show_header=False)
    for name, value in told.items():
        shown.add_row(text(f"cards.{name}", lang), value)
    yield shown


def _shadow(card: Mapping[str, Any], lang: Language) -> Iterator[RenderableType]:
    from creditline.reports.tables import Table, count, figure, labelled, terminal

    shadow = card.get("shadow")
    if shadow is None:
        return
    if not shadow["decisions"]:
        yield text("cards.no_shadow", lang)
        return
    beside = {"decisions": count(shadow["decisions"]), "lines": count(shadow["lines"])}
    yield Text(text("cards.shadow_title", lang, **beside), style="bold")
    apart = {"correlation": figure(shadow["correlation"]), "rank": figure(shadow["rank_correlation"])}
    yield text("cards.correlation", lang, **apart)
    if shadow["rules"]:
        names = ("code", "cutoff", "challenger_cutoff", "asked", "below", "otherwise")
        keys = ("cutoff", "challenger_cutoff", "decisions", "below", "otherwise")
        cells = tuple((row["code"], *(count(row[key]) for key in keys)) for row in shadow["rules"])
        heads = [text(f"cards.{name}", lang) for name in names]
        yield terminal(Table(text("cards.rules_title", lang), labelled(*heads), cells))
    found = shadow["outcomes"]
    if found is not None:
        figures = {name: figure(found[name]) for name in ("difference", "low", "high")}
        figures |= {role: figure(found[f"{role}_auc"]) for role in ("champion", "challenger")}
        yield text("cards.shadow_auc", lang, rows=count(found["rows"]), bad=count(found["bad"]), **figures)


__all__ = ["STATUS_OVER", "watch"]
