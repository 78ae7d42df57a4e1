"""``creditline scorecard train``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Shown

from creditline import __version__
from creditline.cli.bars import bars
from creditline.cli.options import JsonOption, echo_json, language_of
from creditline.cli.scorecard.following import as_said, follow
from creditline.cli.scorecard.given import (
    BadOption,
    HoldOutOption,
    HomeOption,
    LatestOption,
    MadeOption,
    ObserveOption,
    OutcomeOption,
    PolicyOption,
    StandingOption,
    StatusOption,
    TableOption,
    TargetOption,
    UntilOption,
    WindowOption,
    given,
    tell_left_out,
    why_left_out,
)
from creditline.cli.scorecard.options import (
    KINDS,
    LANG,
    AllowOption,
    DropOption,
    FoldsOption,
    KindOption,
    MonotoneOption,
    RecipeOption,
    RepeatsOption,
    SeedOption,
    SpecialOption,
    TuneOption,
    check_seed,
    check_writable,
    directions,
    fit_of,
    one_of,
)
from creditline.cli.scorecard.report import ReportLangOption, ReportOption, check_report, write_report
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from creditline.cli.scorecard.given import Given
    from creditline.scoring.card import Card
    from creditline.scoring.crossval import Fit, Validated

SAID = ("version", "dropped", "allowed", "suspects", "purpose", "trained_by", "simulated")
"""What a card keeps of a training beside how its rows came about and its figures."""


def train(
    kind: KindOption = None,
    data: TableOption = None,
    target: TargetOption = None,
    bad: BadOption = None,
    home: HomeOption = None,
    policy: PolicyOption = None,
    recipe: RecipeOption = False,
    observe: ObserveOption = None,
    window: WindowOption = None,
    outcome: OutcomeOption = None,
    hold_out: HoldOutOption = None,
    standing: StandingOption = None,
    status: StatusOption = None,
    until: UntilOption = None,
    drop: DropOption = None,
    allow: AllowOption = None,
    special: SpecialOption = None,
    monotone: MonotoneOption = None,
    features: MadeOption = None,
    latest: LatestOption = None,
    tune: TuneOption = False,
    folds: FoldsOption = 5,
    repeats: RepeatsOption = 1,
    seed: SeedOption = 7,
    cutoff: Annotated[int | None, typer.Option(metavar="POINTS", help=text("scorecard.cutoff_help", LANG))] = None,
    purpose: Annotated[str | None, typer.Option(metavar="TEXT", help=text("scorecard.purpose_help", LANG))] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help=text("scorecard.by_help", LANG))] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help=text("scorecard.simulated_help", LANG))] = False,
    out: Annotated[Path | None, typer.Option(metavar="CARD.yaml", help=text("scorecard.out_help", LANG))] = None,
    report: ReportOption = None,
    lang: ReportLangOption = LANG,
    as_json: JsonOption = False,
) -> None:
    """Train and validate out of fold, and print the figures; exit status 2 where the data cannot be trained on."""
    from creditline.scoring.crossval import cross_validate

    check_seed(seed)
    check_writable(out)
    check_report("--report", report)
    language = language_of(lang)
    began = time.perf_counter()
    options = {
        "data": data, "target": target, "bad": bad, "home": home, "policy": policy, "observe": observe,
        "window": window, "outcome": outcome, "hold-out": hold_out, "standing": standing, "status": status,
        "until": until, "drop": drop, "allow": allow, "special": special, "features": features, "latest": latest,
        "kind": kind, "monotone": monotone, "tune": tune,
    }  # fmt: skip
    kind, rows, fit = _asked(options, follows=recipe)
    tell_left_out(rows)
    with bars() as told:
        found = cross_validate(
            rows.features, rows.bad, fit, folds=folds, repeats=repeats, seed=seed, groups=rows.groups,
            progress=partial(told, text("scorecard.training", LANG)),
        )  # fmt: skip
    card = None
    if out is not None or report is not None or (rows.home is not None and rows.home.held.any()):
        card = found.calibrated(fit(rows.features, rows.bad, seed=seed))
    figures = _figures(found, rows, card, cutoff) | {"kind": kind, "seed": seed, "version": __version__, "tuned": tune}
    said = {"purpose": purpose, "trained_by": by, "simulated": simulated or figures.get("simulated") or None}
    figures |= {name: value for name, value in said.items() if value is not None}
    if card is not None:
        figures |= _out_of_time(card, rows)
        card = _sealed(card, rows, figures)
        figures |= _write(card, out)
    if report is not None:
        write_report(report, figures, card, lang=language, words=card.training.get("words") if card else None)
    figures["seconds"] = round(time.perf_counter() - began, 3)
    if as_json:
        echo_json(figures)
    else:
        _print_figures(figures, rows.name, LANG, report)


def _asked(options: Mapping[str, Any], *, follows: bool) -> tuple[str, Given, Fit]:
    """The kind of card, the rows, and what trains it: as the options say, or the policy's recipe."""
    if follows:
        recipe, options = follow(options)
        recipe, rows = as_said(recipe, given(options))
        return recipe.kind, rows, recipe.fit
    kind = options["kind"] or ""
    one_of("--kind", kind, KINDS)
    rows = given(options)
    return kind, rows, _fit(kind, directions(options["monotone"], rows.features), tune=options["tune"])


def _fit(kind: str, monotone: Mapping[str, int], *, tune: bool) -> Fit:
    from creditline.scoring.tuning import tuned

    return tuned("ebm" if kind == "ebm" else "woe", monotone) if tune else fit_of(kind, monotone)


def _figures(found: Validated, rows: Given, card: Card | None, cutoff: int | None) -> dict[str, Any]:
    """Out of fold, with how the rows came about, and how groups of people fare where the data tell them."""
    from creditline.scoring.fairness import fairness_of
    from creditline.scoring.figures import out_of_fold_figures

    figures = rows.about | out_of_fold_figures(found, rows.groups) | {
        "columns": len(rows.features.columns), "dropped": rows.dropped, "allowed": rows.allowed,
        "suspects": rows.suspects,
    }  # fmt: skip
    fair = fairness_of(found, rows.features, rows.beside, card, cutoff=cutoff)
    return figures if fair is None else figures | {"fairness": fair}


def _out_of_time(card: Card, rows: Given) -> dict[str, Any]:
    """Figures of the rows held out, with a warning where they are less far from the training than they seem."""
    from creditline.service.training import out_of_time

    if rows.home is None or not rows.home.held.any():
        return {}
    told = out_of_time(card, rows.home)
    if told["windows_reaching_in"]:
        typer.echo(text("training.reaching_in", LANG, count=f"{told['windows_reaching_in']:,}"), err=True)
    return {"out_of_time": told}


def _sealed(card: Card, rows: Given, figures: Mapping[str, Any]) -> Card:
    """The card with how it was trained in it."""
    from creditline.scoring.figures import TABLES
    from creditline.scoring.profile import profile_of

    kept = [name for name in dict.fromkeys((*rows.about, *SAID)) if name != "rows_aside" and name in figures]
    about = {name: figures[name] for name in kept}
    plots = [name for name in (*TABLES, "fairness") if name in figures]
    about["figures"] = {name: figures[name] for name in plots}
    measured = sorted(figures.keys() - {*kept, *plots, "rows_aside", "out_of_time"})
    about["out_of_fold"] = {name: figures[name] for name in measured}
    if "out_of_time" in figures:
        about["out_of_time"] = figures["out_of_time"]
    if rows.home is not None:
        from creditline.service.training import library_facts, words_of

        about |= {"library_facts": library_facts(rows.home, card), "words": words_of(rows.home, card)}
    about["profile"] = profile_of(card, rows.features, rows.bad)
    return replace(card, training={**card.training, **about})


def _write(card: Card, out: Path | None) -> dict[str, str]:
    """Write the card where one asked for it; returns its file and hash."""
    from creditline.scoring.card import write_card

    if out is None:
        return {}
    write_card(card, out)
    return {"card": str(out), "card_hash": card.hash}


def _print_figures(figures: Mapping[str, Any], name: str, lang: Language, report: Path | None) -> None:
    told = {
        "data": f"{name}  {figures['rows']:,} / {figures['bad']:,}",
        "folds": f"{figures['folds']} x {figures['repeats']}",
        "auc": f"{figures['auc']:.4f}  ({figures['auc_low']:.4f} .. {figures['auc_high']:.4f})",
        "auc_sd": f"{figures['auc_sd']:.4f}",
        "auc_unrounded": f"{figures['auc_unrounded']:.4f}",
        "gini": f"{figures['gini']:.4f}",
        "ks": f"{figures['ks']:.4f}",
        "brier": f"{figures['brier']:.4f}",
        "log_loss": f"{figures['log_loss']:.4f}",
    }
    if figures["calibration_slope"] is not None:
        told["calibration"] = f"{figures['calibration_slope']:.3f}, {figures['calibration_intercept']:.3f}"
    told["seconds"] = f"{figures['seconds']:.1f}"
    shown = Shown(box=None, show_header=False)
    for key, value in told.items():
        shown.add_row(text(f"scorecard.figure_{key}", lang), value)
    Console(highlight=False).print(shown)
    if "out_of_time" in figures:
        late = figures["out_of_time"]
        numbers = {name: f"{late[name]:.4f}" for name in ("auc", "auc_low", "auc_high", "ks", "brier")}
        counts = {name: f"{late[name]:,}" for name in ("rows", "bad")}
        typer.echo(text("training.out_of_time", lang, since=late["from"], **numbers, **counts))
    if report is not None:
        typer.echo(text("cardreport.written", lang, path=report))
    if "card" in figures:
        typer.echo(text("scorecard.written", lang, path=figures["card"], hash=figures["card_hash"][:12]))


__all__ = ["train", "why_left_out"]
