"""``creditline scorecard``: train a card on a table people bring, score another with it, and show what it says."""

from __future__ import annotations

import csv
import hashlib
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Shown

from creditline import __version__
from creditline.cli.bars import bars
from creditline.cli.options import JsonOption, echo_json
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from creditline.scoring.card import Axis, Card, Term
    from creditline.scoring.crossval import Fit, Validated
    from creditline.scoring.features import Features
    from creditline.scoring.table import Table

    Bools = NDArray[np.bool_]

STATUS_ASIDE = 1
"""Exit status of ``score`` when rows of the file were kept out; the others are scored."""

KINDS = ("woe", "ebm")
FEATURES = ("raw", "panel")
DIRECTIONS = {"up": 1, "down": -1}
"""What ``--monotone`` takes: points rise or fall as the number rises."""

ASIDE_TOLD = 20
"""Places of rows kept out that are told at most."""

REASONS = 4
"""Reasons a score has at most."""

_LANG = preferred_language()

scorecard_app = typer.Typer(help=text("scorecard.help", _LANG), no_args_is_help=True)
"""``creditline scorecard``."""


def register(app: typer.Typer) -> None:
    """Add ``scorecard`` to the application."""
    app.add_typer(scorecard_app, name="scorecard")


CardArgument = Annotated[Path, typer.Argument(metavar="CARD", help=text("scorecard.card_help", _LANG))]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is trained on, and what was left out of it."""

    table: Table
    features: Features
    bad: Bools
    dropped: dict[str, str]
    """Columns left out, and why."""
    allowed: dict[str, str]
    """Sensitive columns used, and the reason given."""
    suspects: dict[str, float] = field(default_factory=dict)
    """Columns that nearly tell the outcome alone, and their AUC."""


@scorecard_app.command("train", help=text("scorecard.train_help", _LANG))
def train(
    data: Annotated[Path, typer.Option(metavar="FILE", help=text("scorecard.data_help", _LANG))],
    target: Annotated[str, typer.Option(metavar="COLUMN", help=text("scorecard.target_help", _LANG))],
    bad: Annotated[str, typer.Option(metavar="VALUE", help=text("scorecard.bad_help", _LANG))],
    kind: Annotated[str, typer.Option(metavar="woe|ebm", help=text("scorecard.kind_help", _LANG))],
    drop: Annotated[list[str] | None, typer.Option(metavar="A,B", help=text("scorecard.drop_help", _LANG))] = None,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="NAME=REASON", help=text("scorecard.allow_help", _LANG))
    ] = None,
    special: Annotated[
        list[str] | None, typer.Option(metavar="-999,..", help=text("scorecard.special_help", _LANG))
    ] = None,
    monotone: Annotated[
        list[str] | None, typer.Option(metavar="NAME=up|down", help=text("scorecard.monotone_help", _LANG))
    ] = None,
    features: Annotated[str, typer.Option(metavar="raw|panel", help=text("scorecard.features_help", _LANG))] = "raw",
    folds: Annotated[int, typer.Option(help=text("scorecard.folds_help", _LANG))] = 5,
    repeats: Annotated[int, typer.Option(help=text("scorecard.repeats_help", _LANG))] = 1,
    seed: Annotated[int, typer.Option(help=text("scorecard.seed_help", _LANG))] = 7,
    out: Annotated[Path | None, typer.Option(metavar="CARD.yaml", help=text("scorecard.out_help", _LANG))] = None,
    as_json: JsonOption = False,
) -> None:
    """Train and validate out of fold, and print the figures; exit status 2 where the data cannot be trained on."""
    from creditline.scoring.crossval import cross_validate

    _one_of("--kind", kind, KINDS)
    _one_of("--features", features, FEATURES)
    _seed(seed)
    _writable(out)
    began = time.perf_counter()
    asked = _Asked(target, bad, tuple(drop or ()), _pairs("--allow", allow), _split(special), features)
    ready = prepare(data, asked)
    _warn(ready)
    fit = _fit(kind, _directions(monotone, ready.features))
    with bars() as told:
        found = cross_validate(
            ready.features, ready.bad, fit, folds=folds, repeats=repeats, seed=seed,
            progress=partial(told, text("scorecard.training", _LANG)),
        )  # fmt: skip
    figures = _figures(found) | {
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
        _print_figures(figures, _LANG)


@scorecard_app.command("score", help=text("scorecard.score_help", _LANG))
def score(
    card: CardArgument,
    data: Annotated[Path, typer.Argument(metavar="DATA", help=text("scorecard.data_help", _LANG))],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=text("scorecard.score_out_help", _LANG))] = None,
) -> None:
    """Write a CSV row of points, probability and reasons for each row; exit status 1 where rows were kept out."""
    from creditline.scoring.card import read_card
    from creditline.scoring.features import again
    from creditline.scoring.table import read_table

    read = read_card(card)
    source = read.source
    _known_source(card, source)
    table = read_table(data, special=source["special"], kinds=source["columns"])
    features = again(table, source, data.name)
    with ExitStack() as stack:
        file = sys.stdout if out is None else stack.enter_context(out.open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["place", "score", "probability_of_bad", *_reason_columns()])
        writer.writerows(_scored(read, features, table, data.name))
    if table.aside:
        _tell_aside(table)
        raise typer.Exit(STATUS_ASIDE)


@scorecard_app.command("show", help=text("scorecard.show_help", _LANG))
def show(card: CardArgument, as_json: JsonOption = False) -> None:
    """Print every bin of every fact with its points; exit status 2 where the file is no card, or changed by hand."""
    from creditline.scoring.card import read_card

    read = read_card(card)
    if as_json:
        echo_json(read.to_dict())
        return
    console = Console(highlight=False)
    scaling = read.scaling
    about = {"kind": read.kind, "base": read.base, "hash": read.hash[:12]}
    typer.echo(text("scorecard.card", _LANG, **about))
    typer.echo(text("scorecard.scaling", _LANG, base=scaling.base, odds=scaling.odds, double=scaling.double))
    for term in read.terms:
        console.print(_shown(term, _LANG))


# What is trained on.


@dataclass(frozen=True)
class _Asked:
    target: str
    bad: str
    drop: tuple[str, ...]
    allow: Mapping[str, str]
    special: tuple[str, ...]
    features: str


def prepare(data: Path, asked: _Asked) -> Prepared:
    """Read the table and settle what of it is trained on.

    Raises CreditlineError for a file, target, name or bad value that cannot be taken, for a sensitive column that is
    neither dropped nor allowed, and for a column that tells the outcome.
    """
    from creditline.scoring.features import panel, raw
    from creditline.scoring.sensitive import refused, sensitive, sensitive_by_values
    from creditline.scoring.table import leaks, read_table, suspects, target_of, useless

    table = read_table(data, special=asked.special, unused=_split(asked.drop) + asked.drop)
    table.column(asked.target)
    dropped = dict.fromkeys(_dropped(asked, table), "named with --drop")
    names = [name for name in table.columns if name != asked.target and name not in dropped]
    said = {name: each.seen() for name, each in table.columns.items() if name in names and not each.is_numeric}
    found = sensitive_by_values(said) | sensitive(names)
    _refuse_sensitive(data.name, refused(found, asked.allow))
    bad = target_of(table, asked.target, asked.bad)
    _refuse_leaks(data.name, leaks(table, bad, names))
    dropped |= useless(table, names)
    names = [name for name in names if name not in dropped]
    make = panel if asked.features == "panel" else raw
    features = make(table, [name for name in table.columns if name not in names], special=table.special)
    given = {name: asked.allow.get(name, asked.allow.get(why, "")) for name, why in found.items()}
    return Prepared(table, features, bad, dropped, given, suspects(table, bad, names))


def _dropped(asked: _Asked, table: Table) -> list[str]:
    from creditline.scoring.table import no_column

    # A name may itself hold a comma.
    names = [name for each in asked.drop for name in ((each,) if each in table.columns else _split([each]))]
    for name in names:
        if name not in table.columns:
            raise no_column("--drop", name, table.columns)
        if name == asked.target:
            raise CreditlineError("--drop", name, "drop columns that are not the target", "is the target")
    return names


def _refuse_sensitive(source: str, found: Mapping[str, str]) -> None:
    if not found:
        return
    from creditline.scoring.sensitive import ALLOWED

    told = ", ".join(f"{name} ({why})" for name, why in found.items())
    remedy = f"leave out with --drop {','.join(found)}"
    free = [name for name, why in found.items() if why in ALLOWED]
    if free:
        remedy += f"; where the law lets {free[0]} be used, say why: --allow {free[0]}=REASON"
    raise CreditlineError(source, told, remedy, "must not be scored: it says who a person is")


def _refuse_leaks(source: str, found: Mapping[str, str]) -> None:
    if found:
        name, why = next(iter(found.items()))
        remedy = f"it is known only afterwards: leave it out with --drop {','.join(found)}"
        raise CreditlineError(f"{source}, column {name}", name, remedy, f"is a leak: it {why}")


def _fit(kind: str, directions: Mapping[str, int]) -> Fit:
    from creditline.scoring.ebm import fit_ebm
    from creditline.scoring.woe import fit_woe

    return partial(fit_ebm if kind == "ebm" else fit_woe, monotone=directions)


def _directions(given: Sequence[str] | None, features: Features) -> dict[str, int]:
    from creditline.scoring.table import no_column

    out = {}
    for name, direction in _pairs("--monotone", given).items():
        _one_of("--monotone", direction, tuple(DIRECTIONS))
        if name not in features.columns:
            raise no_column("--monotone", name, features.columns)
        if features.columns[name].numbers is None:
            raise CreditlineError("--monotone", name, "name a column of numbers", "is text")
        out[name] = DIRECTIONS[direction]
    return out


# Options.


def _one_of(option: str, given: str, choices: Collection[str]) -> None:
    if given not in choices:
        raise CreditlineError(option, given, f"choose {' or '.join(choices)}")


def _seed(seed: int) -> None:
    if not 0 <= seed < 2**31:
        raise CreditlineError("--seed", seed, "give a whole number from 0 to 2147483647")


def _writable(out: Path | None) -> None:
    """Refuse a card's place before the training rather than after it."""
    if out is not None and not out.absolute().parent.is_dir():
        raise CreditlineError("--out", str(out), "make the folder first", "is in no folder")


def _split(given: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(part.strip() for each in given or () for part in each.split(",") if part.strip())


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    pairs = {}
    for each in given or ():
        name, sign, value = each.partition("=")
        if not sign or not name.strip():
            raise CreditlineError(option, each, f"write it like {option} NAME=...", "names nothing")
        pairs[name.strip()] = value.strip()
    return pairs


# What comes out.


def _figures(found: Validated) -> dict[str, Any]:
    """Means out of fold: ranks within the folds, probabilities over all rows."""
    import numpy as np

    from creditline.scoring import measures

    repeats, folds = found.aucs.shape
    parts = [
        (found.scores[repeat, held], found.bad[held])
        for repeat in range(repeats)
        for held in (found.fold[repeat] == number for number in range(folds))
    ]
    apart = [value for value in (measures.ks(*part) for part in parts) if value is not None]
    errors = [measures.auc_error(*part) or 0.0 for part in parts]
    # Of a mean over folds; repeats deal the same rows anew and make it no surer.
    error = float(np.sqrt(np.mean(np.square(errors)) / folds))
    curves = [measures.calibration(each, found.bad) for each in found.probabilities]
    known = [each for each in curves if each is not None]
    return {
        "auc": found.auc,
        "ks": float(np.mean(apart)),
        "gini": 2 * found.auc - 1,
        "brier": float(np.mean([measures.brier(each, found.bad) for each in found.probabilities])),
        "log_loss": float(np.mean([measures.log_loss(each, found.bad) for each in found.probabilities])),
        "auc_sd": found.auc_sd,
        "auc_low": max(0.0, found.auc - 1.959964 * error),
        "auc_high": min(1.0, found.auc + 1.959964 * error),
        "auc_unrounded": found.auc_unrounded,
        "calibration_slope": float(np.mean([each.slope for each in known])) if known else None,
        "calibration_intercept": float(np.mean([each.intercept for each in known])) if known else None,
        "rows": len(found.bad),
        "bad": int(found.bad.sum()),
        "folds": folds,
        "repeats": repeats,
    }


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
            typer.echo(text("scorecard.left_out", _LANG, name=name, why=_why(why, _LANG)), err=True)
    for name, area in ready.suspects.items():
        typer.echo(text("scorecard.suspect", _LANG, name=name, auc=f"{area:.3f}"), err=True)
    if ready.table.aside:
        _tell_aside(ready.table)


def _tell_aside(table: Table) -> None:
    typer.echo(text("scorecard.aside", _LANG, count=len(table.aside)), err=True)
    for each in table.aside[:ASIDE_TOLD]:
        typer.echo(f"  {each.place}: {each.why}", err=True)


def _why(why: str, lang: Language) -> str:
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


def _known_source(card: Path, source: Mapping[str, Any]) -> None:
    if not {"kind", "columns", "special"} <= source.keys():
        raise CreditlineError(
            str(card), dict(source), "train the card again", "does not say what its facts are made of"
        )


def _reason_columns() -> list[str]:
    return [f"{name}_{number}" for number in range(1, REASONS + 1) for name in ("reason", "cost")]


def _scored(card: Card, features: Features, table: Table, where: str) -> Iterator[list[object]]:
    scores = card.points(features, where)
    probabilities = card.calibration.probability(scores)
    for row, reasons in enumerate(card.reasons(features, REASONS, where)):
        told = [cell for term, cost in reasons for cell in (" & ".join(term.facts), cost)]
        blank = [""] * (2 * REASONS - len(told))
        yield [table.place(row), int(scores[row]), f"{probabilities[row]:.6f}", *told, *blank]


def _shown(term: Term, lang: Language) -> Shown:
    """Points of a term: one line a bin, and for two facts one column for each bin of the second."""
    first, second = term.axes[0], term.axes[1] if len(term.axes) > 1 else None
    shown = Shown(title=" & ".join(term.facts), title_justify="left", box=None)
    shown.add_column()
    width = second.size if second else 1
    for label in _places(second, lang) if second else [text("scorecard.points", lang)]:
        shown.add_column(label, justify="right")
    for number, label in enumerate(_places(first, lang)):
        shown.add_row(label, *(f"{each:+}" for each in term.points[number * width : (number + 1) * width]))
    return shown


def _places(axis: Axis, lang: Language) -> list[str]:
    """The places of an axis in its own order, in words."""
    missing = text("scorecard.missing", lang)
    if axis.choices is not None:
        return [missing, *(", ".join(group) for group in axis.choices), text("scorecard.other", lang)]
    limits = [f"{limit:g}" for limit in axis.below]
    bins = [f"< {limits[0]}"] if limits else [text("scorecard.any", lang)]
    bins += [f"{low} .. < {high}" for low, high in pairwise(limits)]
    bins += [f">= {limits[-1]}"] if limits else []
    return [missing, *bins, *(f"= {code:g}" for code in axis.special)]


__all__ = ["prepare", "register", "scorecard_app"]
