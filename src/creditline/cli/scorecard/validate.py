"""``creditline scorecard validate``: a card held against rows it was not trained on, such as those of later months."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from creditline import __version__
from creditline.cli.options import JsonOption, echo_json, language_of
from creditline.cli.scorecard.aside import tell_aside
from creditline.cli.scorecard.options import (
    LANG,
    BadOption,
    CardArgument,
    DataOption,
    TargetOption,
    WhereOption,
    check_writable,
)
from creditline.cli.scorecard.report import ReportLangOption, ReportOption, check_report, write_report
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from creditline.cli.scorecard.judging import Judged
    from creditline.reports.tables import Table

FACTS_SHOWN = 15
"""Facts whose drift is shown at most, those that moved most first."""

NAME_SHOWN = 30
"""Characters of a fact's name that are shown."""

INTERVALS = (
    "auc", "gini", "ks", "brier", "log_loss", "calibration_slope", "calibration_intercept", "calibration_in_the_large"
)  # fmt: skip
"""Figures shown with their bounds."""


def validate(
    card: CardArgument,
    data: DataOption,
    target: TargetOption,
    bad: BadOption,
    where: WhereOption = None,
    recalibrate: Annotated[
        Path | None, typer.Option(metavar="CARD.yaml", help=text("validate.recalibrate_help", LANG))
    ] = None,
    report: ReportOption = None,
    lang: ReportLangOption = LANG,
    as_json: JsonOption = False,
) -> None:
    """Print figures with intervals, and drift since the training; exit status 2 where the file does not serve."""
    from creditline.cli.scorecard.judging import judged
    from creditline.scoring.figures import evaluate
    from creditline.scoring.profile import drift

    check_writable(recalibrate)
    check_report("--report", report)
    language = language_of(lang)
    began = time.perf_counter()
    found = judged(card, data, target, bad, where or ())
    scores = found.card.points(found.features, data.name)
    probabilities = found.card.calibration.probability(scores)
    figures = evaluate(scores, probabilities, found.bad) | {
        "kind": found.card.kind, "card": str(card), "card_hash": found.card.hash, "target": target, "bad_value": bad,
        "data": data.name, "data_sha256": found.data_sha256, "where": list(where or ()), "version": __version__,
        "trained_on_this_file": found.trained_on_this_file, "trained": dict(found.card.training.get("out_of_fold", {})),
        "drift": drift(found.card, found.features, data.name) if "profile" in found.card.training else None,
        "rows_aside": [asdict(each) for each in found.table.aside],
    }  # fmt: skip
    if recalibrate is not None:
        figures["recalibrated"] = _recalibrated(found, scores, recalibrate, figures)
    figures["seconds"] = round(time.perf_counter() - began, 3)
    if report is not None:
        write_report(report, figures, found.card, lang=language)
    _warn(found, figures)
    if as_json:
        echo_json(figures)
    else:
        _print(figures, LANG)


def _recalibrated(found: Judged, scores: Any, out: Path, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Write the card with the calibration that fits these rows; returns its file, hash and figures."""
    from creditline.scoring.card import write_card
    from creditline.scoring.crossval import calibrate
    from creditline.scoring.figures import TABLES, evaluate

    before, after = found.card.calibration, calibrate(scores, found.bad)
    about = {name: figures[name] for name in ("data", "data_sha256", "where", "rows", "bad", "version")}
    about |= {"card_hash": found.card.hash, "before": {"intercept": before.intercept, "slope": before.slope}}
    made = replace(found.card, calibration=after, training={**found.card.training, "recalibrated": about})
    write_card(made, out)
    told = evaluate(scores, after.probability(scores), found.bad)
    fitted = {name: told[name] for name in told if name.split("_")[0] in {"brier", "log", "calibration"}}
    assert not fitted.keys() & set(TABLES)
    return {"card": str(out), "card_hash": made.hash, "intercept": after.intercept, "slope": after.slope} | fitted


def _warn(found: Judged, figures: Mapping[str, Any]) -> None:
    """Tell on stderr what makes the figures less than they seem."""
    if figures["trained_on_this_file"]:
        typer.echo(text("validate.trained_on_this_file", LANG, data=figures["data"]), err=True)
    if figures["drift"] is None:
        typer.echo(text("validate.no_profile", LANG), err=True)
    if found.table.aside:
        tell_aside(found.table)


def _print(figures: Mapping[str, Any], lang: Language) -> None:
    from creditline.reports.tables import terminal

    console = Console(highlight=False)
    tables = [_figures(figures, lang), _gains(figures["gains"], lang), _reliability(figures["reliability"], lang)]
    if figures["drift"] is not None:
        tables += [_bands(figures["drift"], lang), _facts(figures["drift"], lang)]
    for table in tables:
        console.print(terminal(table))
    if "recalibrated" in figures:
        said = figures["recalibrated"]
        typer.echo(text("scorecard.written", lang, path=said["card"], hash=said["card_hash"][:12]))
        about = {"before": f"{figures['brier']:.4f}", "after": f"{said['brier']:.4f}"}
        typer.echo(text("validate.recalibrated", lang, **about))


def _figures(figures: Mapping[str, Any], lang: Language) -> Table:
    from creditline.reports.tables import Table, figure

    trained = figures["trained"]
    rows = [
        (
            text(f"validate.{name}", lang), figure(figures[name], 4), figure(figures[f"{name}_low"], 4),
            figure(figures[f"{name}_high"], 4), figure(trained.get(name), 4),
        )
        for name in INTERVALS
    ]  # fmt: skip
    about = {name: figures[name] for name in ("kind", "data")}
    about |= {"rows": f"{figures['rows']:,}", "bad": f"{figures['bad']:,}", "hash": figures["card_hash"][:12]}
    names = ("figure", "value", "low", "high", "trained")
    return Table(text("validate.figures_title", lang, **about), _columns(names, lang), tuple(rows))


def _gains(gains: Sequence[Mapping[str, Any]], lang: Language) -> Table:
    from creditline.reports.tables import Table, figure, percent

    rows = tuple(
        (
            percent(each["share_of_rows"], 0),
            percent(each["share_of_bad"]),
            figure(each["lift"], 2),
            f"{each['score_to']}",
        )
        for each in gains
    )
    names = ("worst", "share_of_bad", "lift", "score_to")
    return Table(text("validate.gains_title", lang), _columns(names, lang), rows)


def _reliability(groups: Sequence[Mapping[str, Any]], lang: Language) -> Table:
    from creditline.reports.tables import Table, count, percent

    rows = tuple(
        (*(percent(each[name]) for name in ("probability", "bad_share", "low", "high")), count(each["rows"]))
        for each in groups
    )
    names = ("probability", "bad_share", "low", "high", "rows")
    return Table(text("validate.reliability_title", lang), _columns(names, lang), rows)


def _bands(drift: Mapping[str, Any], lang: Language) -> Table:
    from creditline.reports.tables import Table, percent

    rows = tuple((_band(each, lang), percent(each["expected"]), percent(each["actual"])) for each in drift["bands"])
    level = in_words(drift["psi"], drift["psi_chance"], lang, of="population")
    title = text("validate.bands_title", lang, psi=f"{drift['psi']:.3f}", level=level)
    return Table(title, _columns(("band", "expected", "actual"), lang), rows)


def _band(band: Mapping[str, Any], lang: Language) -> str:
    if band["from"] is None and band["to"] is None:
        return text("validate.any_score", lang)
    if band["from"] is None:
        return f"< {band['to']}"
    return f">= {band['from']}" if band["to"] is None else f"{band['from']} .. < {band['to']}"


def _facts(drift: Mapping[str, Any], lang: Language) -> Table:
    from creditline.reports.tables import Column, Table, figure

    order = sorted(drift["csi"], key=lambda name: (-drift["csi"][name], name))
    rows = tuple(
        (
            _short(name), figure(drift["csi"][name]), figure(drift["csi_chance"][name]),
            f"{drift['points'][name]:+.1f}",
            in_words(drift["csi"][name], drift["csi_chance"][name], lang),
        )
        for name in order[:FACTS_SHOWN]
    )  # fmt: skip
    title = text("validate.facts_title", lang, shown=len(rows), all=len(order))
    columns = (*_columns(("fact", "csi", "chance", "points"), lang), Column(text("validate.level", lang), "text"))
    return Table(title, columns, rows)


def _short(name: str) -> str:
    """A name that leaves room for figures beside it."""
    return name if len(name) <= NAME_SHOWN else name[: NAME_SHOWN - 1] + "…"


def in_words(index: float, chance: float, lang: Language, of: str = "level") -> str:
    """What an index of stability says, and whether chance alone might have made it: of few rows it may."""
    from creditline.scoring.profile import level_of

    level = level_of(index)
    said = text(f"validate.{of}_{level}", lang)
    return said if level == "stable" or index > chance else text("validate.by_chance", lang, level=said)


def _columns(names: Sequence[str], lang: Language) -> Any:
    from creditline.reports.tables import labelled

    return labelled(*(text(f"validate.{name}", lang) for name in names), text=(0,))
