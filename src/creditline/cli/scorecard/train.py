"""``creditline scorecard train``."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Shown

from creditline import __version__
from creditline.cli.bars import bars
from creditline.cli.options import JsonOption, echo_json
from creditline.cli.scorecard.aside import tell_aside
from creditline.cli.scorecard.options import (
    FEATURES,
    KINDS,
    LANG,
    AllowOption,
    BadOption,
    DataOption,
    DropOption,
    FeaturesOption,
    FoldsOption,
    KindOption,
    MonotoneOption,
    RepeatsOption,
    SeedOption,
    SpecialOption,
    TargetOption,
    check_seed,
    check_writable,
    directions,
    fit_of,
    one_of,
    pairs_of,
)  # fmt: skip
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from creditline.scoring.card import Card
    from creditline.scoring.preparing import Prepared


def train(
    data: DataOption,
    target: TargetOption,
    bad: BadOption,
    kind: KindOption,
    drop: DropOption = None,
    allow: AllowOption = None,
    special: SpecialOption = None,
    monotone: MonotoneOption = None,
    features: FeaturesOption = "raw",
    folds: FoldsOption = 5,
    repeats: RepeatsOption = 1,
    seed: SeedOption = 7,
    out: Annotated[Path | None, typer.Option(metavar="CARD.yaml", help=text("scorecard.out_help", LANG))] = None,
    as_json: JsonOption = False,
) -> None:
    """Train and validate out of fold, and print the figures; exit status 2 where the data cannot be trained on."""
    from creditline.scoring.crossval import cross_validate
    from creditline.scoring.figures import out_of_fold_figures
    from creditline.scoring.preparing import Asked, prepare, split

    one_of("--kind", kind, KINDS)
    one_of("--features", features, FEATURES)
    check_seed(seed)
    check_writable(out)
    began = time.perf_counter()
    asked = Asked(target, bad, tuple(drop or ()), pairs_of("--allow", allow), split(special), features)
    ready = prepare(data, asked)
    _warn(ready)
    fit = fit_of(kind, directions(monotone, ready.features))
    with bars() as told:
        found = cross_validate(
            ready.features, ready.bad, fit, folds=folds, repeats=repeats, seed=seed,
            progress=partial(told, text("scorecard.training", LANG)),
        )  # fmt: skip
    figures = out_of_fold_figures(found) | {
        "kind": kind, "features": features, "seed": seed, "target": target, "bad_value": bad, "data": data.name,
        "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "version": __version__,
        "columns": len(ready.features.columns), "dropped": ready.dropped, "allowed": ready.allowed,
        "suspects": ready.suspects, "rows_aside": [asdict(each) for each in ready.table.aside],
    }  # fmt: skip
    if out is not None:
        card = found.calibrated(fit(ready.features, ready.bad, seed=seed))
        figures |= _write(card, out, figures)
    figures["seconds"] = round(time.perf_counter() - began, 3)
    if as_json:
        echo_json(figures)
    else:
        _print_figures(figures, LANG)


def _write(card: Card, out: Path, figures: Mapping[str, Any]) -> dict[str, str]:
    """Write the card with how it was trained in it; returns its file and hash."""
    from creditline.scoring.card import write_card

    named = ("target", "bad_value", "data", "data_sha256", "version", "features", "dropped", "allowed", "suspects")
    measured = ("auc", "auc_sd", "auc_unrounded", "ks", "gini", "brier", "log_loss", "folds", "repeats")
    about = {name: figures[name] for name in named} | {"out_of_fold": {name: figures[name] for name in measured}}
    sealed = replace(card, training={**card.training, **about})
    write_card(sealed, out)
    return {"card": str(out), "card_hash": sealed.hash}


def _warn(ready: Prepared) -> None:
    """Tell on stderr what was left out unasked, and what looks like a leak."""
    for name, why in ready.dropped.items():
        if why != "named with --drop":
            typer.echo(text("scorecard.left_out", LANG, name=name, why=why_left_out(why, LANG)), err=True)
    for name, area in ready.suspects.items():
        typer.echo(text("scorecard.suspect", LANG, name=name, auc=f"{area:.3f}"), err=True)
    if ready.table.aside:
        tell_aside(ready.table)


def why_left_out(why: str, lang: Language) -> str:
    """In words why a column was left out."""
    keys = {
        "named with --drop": "asked", "is empty": "empty", "says the same in every row": "constant",
        "names the rows": "names_rows",
    }  # fmt: skip
    return text(f"scorecard.why_{keys[why]}", lang)


def _print_figures(figures: Mapping[str, Any], lang: Language) -> None:
    told = {
        "data": f"{figures['data']}  {figures['rows']:,} / {figures['bad']:,}",
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
    if "card" in figures:
        typer.echo(text("scorecard.written", lang, path=figures["card"], hash=figures["card_hash"][:12]))
