"""``creditline scorecard compare``: kinds of cards and challengers on the same folds, or cards on other rows."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from creditline import __version__
from creditline.cli.bars import bars
from creditline.cli.options import JsonOption, echo_json, language_of
from creditline.cli.scorecard.aside import tell_aside
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
)
from creditline.cli.scorecard.options import (
    KINDS,
    LANG,
    AllowOption,
    DropOption,
    FoldsOption,
    MonotoneOption,
    RepeatsOption,
    SeedOption,
    SpecialOption,
    TuneOption,
    WhereOption,
    check_seed,
    directions,
    fit_of,
    one_of,
)
from creditline.cli.scorecard.report import ReportLangOption, ReportOption, check_report, write_report
from creditline.errors import CreditlineError
from creditline.i18n import Language, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from creditline.cli.scorecard.given import Given

CHALLENGERS = ("lightgbm", "logistic")
"""What ``--kinds`` takes beside the kinds of cards."""

ALPHA = 0.05
"""Level from which a difference is said to be more than chance."""


@dataclass(frozen=True, eq=False)
class Model:
    """What a model said of rows: repeats by rows. One card over all rows has one repeat and no folds."""

    name: str
    kind: str
    scores: NDArray[Any]
    probabilities: NDArray[np.float64]
    fold: NDArray[np.int64] | None
    seconds: float
    about: Mapping[str, Any]


def compare(
    data: TableOption = None,
    target: TargetOption = None,
    bad: BadOption = None,
    kinds: Annotated[str | None, typer.Option(metavar="A,B,..", help=text("validate.kinds_help", LANG))] = None,
    card: Annotated[list[Path] | None, typer.Option(metavar="FILE", help=text("validate.cards_help", LANG))] = None,
    where: WhereOption = None,
    home: HomeOption = None,
    policy: PolicyOption = None,
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
    report: ReportOption = None,
    lang: ReportLangOption = LANG,
    as_json: JsonOption = False,
) -> None:
    """Print a line for each model and its difference from the best card; exit status 2 where the data do not serve."""
    check_report("--report", report)
    language = language_of(lang)
    options = {
        "data": data, "target": target, "bad": bad, "home": home, "policy": policy, "observe": observe,
        "window": window, "outcome": outcome, "hold-out": hold_out, "standing": standing, "status": status,
        "until": until, "drop": drop, "allow": allow, "special": special, "features": features, "latest": latest,
    }  # fmt: skip
    if card:
        more = {"kinds": kinds, "monotone": monotone, "tune": tune or None}
        figures = _cards(card, options | more, where or ())
    else:
        _unused({"where": where}, "is for cards that are there already, given with --card")
        wanted = _kinds(kinds)
        check_seed(seed)
        rows = given(options)
        tell_left_out(rows)
        models = _trained(rows, wanted, directions(monotone, rows.features), folds, repeats, seed, tune=tune)
        figures = rows.about | {
            "data": rows.name, "seed": seed, "folds": folds, "repeats": repeats, "tuned": tune,
            "columns": len(rows.features.columns), "dropped": rows.dropped, "allowed": rows.allowed,
            "suspects": rows.suspects,
        } | _compared(models, rows.bad, rows.groups)  # fmt: skip
    figures["version"] = __version__
    if report is not None:
        write_report(report, figures, None, lang=language)
    if as_json:
        echo_json(figures)
    else:
        _print(figures, LANG)


def _unused(given: Mapping[str, object], problem: str) -> None:
    """Refuse an option that would be passed over."""
    for option, value in given.items():
        if value is not None:
            raise CreditlineError(
                f"--{option}", value if isinstance(value, str) else str(value), "leave it out", problem
            )


def _kinds(given: str | None) -> list[str]:
    from creditline.scoring.preparing import split

    wanted = [*KINDS, *CHALLENGERS] if given is None else list(dict.fromkeys(split([given])))
    for kind in wanted or [""]:
        one_of("--kinds", kind, (*KINDS, *CHALLENGERS))
    return wanted


def _trained(
    rows: Given,
    kinds: Sequence[str],
    monotone: Mapping[str, int],
    folds: int,
    repeats: int,
    seed: int,
    *,
    tune: bool,
) -> list[Model]:
    """Every kind out of fold; the folds hang on outcomes, lines and seed alone, so that all have the same."""
    import numpy as np

    from creditline.scoring.crossval import stratified

    fold = np.stack([stratified(rows.bad, folds, seed + repeat, rows.groups) for repeat in range(repeats)])
    models = []
    with bars() as told:
        for kind in kinds:
            progress = partial(told, text("validate.training", LANG, kind=text(f"validate.kind_{kind}", LANG)))
            make = _challenger if kind in CHALLENGERS else _card
            models.append(make(rows, kind, monotone, fold, seed, progress, tune=tune))
    return models


def _card(
    rows: Given,
    kind: str,
    monotone: Mapping[str, int],
    fold: NDArray[np.int64],
    seed: int,
    progress: Callable[[int, int], None],
    *,
    tune: bool,
) -> Model:
    from creditline.scoring.crossval import cross_validate
    from creditline.scoring.tuning import tuned

    began = time.perf_counter()
    fit = tuned("ebm" if kind == "ebm" else "woe", monotone) if tune else fit_of(kind, monotone)
    repeats, folds = len(fold), int(fold.max()) + 1
    found = cross_validate(
        rows.features, rows.bad, fit, folds=folds, repeats=repeats, seed=seed, groups=rows.groups, progress=progress
    )
    assert (found.fold == fold).all()
    seconds = time.perf_counter() - began
    return Model(kind, kind, found.scores, found.probabilities, fold, seconds, {"auc_unrounded": found.auc_unrounded})


def _challenger(
    rows: Given,
    kind: str,
    monotone: Mapping[str, int],
    fold: NDArray[np.int64],
    seed: int,
    progress: Callable[[int, int], None],
    *,
    tune: bool,  # noqa: ARG001 -- LightGBM counts its trees on inner folds in any case, the regression has no settings
) -> Model:
    import numpy as np

    from creditline.scoring.challengers import fit_lightgbm, fit_logistic, foretell
    from creditline.scoring.measures import CLIP

    began = time.perf_counter()
    fit = partial(fit_lightgbm, monotone=monotone) if kind == "lightgbm" else fit_logistic
    found = foretell(rows.features, rows.bad, fit, fold, seed=seed, progress=progress)
    chance = np.clip(found.probabilities, CLIP, 1 - CLIP)
    seconds = time.perf_counter() - began
    return Model(kind, kind, np.log((1 - chance) / chance), found.probabilities, fold, seconds, {})


def _cards(paths: Sequence[Path], options: Mapping[str, Any], where: Sequence[str]) -> dict[str, Any]:
    """Figures of cards that are there, on the same rows of a table."""
    from creditline.cli.scorecard.judging import judged

    needed = {name: options[name] for name in ("data", "target", "bad")}
    _unused(
        {name: options[name] for name in options if name not in needed}, "has no use with --card: nothing is trained"
    )
    for name, value in needed.items():
        if value is None:
            remedy = "give --data, --target and --bad"
            raise CreditlineError(f"--{name}", "nothing", remedy, "is needed to judge cards")
    data: Path = needed["data"]
    models = []
    for number, path in enumerate(paths):
        began = time.perf_counter()
        found = judged(path, data, needed["target"], needed["bad"], where)
        scores = found.card.points(found.features, data.name)
        chance = found.card.calibration.probability(scores)
        about = {"card_hash": found.card.hash, "trained_on_this_file": found.trained_on_this_file}
        if found.trained_on_this_file:
            typer.echo(text("validate.trained_on_this_file", LANG, data=f"{data.name}, {path.name}"), err=True)
        if found.table.aside and number == 0:
            tell_aside(found.table)
        seconds = time.perf_counter() - began
        models.append(Model(str(path), found.card.kind, scores[None], chance[None], None, seconds, about))
    return {
        "target": needed["target"], "bad_value": needed["bad"], "data": data.name,
        "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "where": list(where), "folds": 0, "repeats": 1,
    } | _compared(models, found.bad, None)  # fmt: skip


def _compared(models: Sequence[Model], bad: NDArray[np.bool_], groups: NDArray[np.int64] | None) -> dict[str, Any]:
    """Figures of every model, the best card (else the best of all), and how each of the others differs from it."""
    from creditline.scoring.figures import difference, evaluate, over_repeats

    told: list[dict[str, Any]] = []
    for model in models:
        folds = [None] * len(model.scores) if model.fold is None else list(model.fold)
        each = [
            evaluate(scores, chance, bad, fold=fold, groups=groups)
            for scores, chance, fold in zip(model.scores, model.probabilities, folds, strict=True)
        ]
        named = {"name": model.name, "kind": model.kind, "seconds": round(model.seconds, 3)}
        told.append(named | over_repeats(each) | dict(model.about))
    cards = [number for number, model in enumerate(models) if model.kind in KINDS] or range(len(models))
    best = max(cards, key=lambda number: told[number]["auc"])
    differences = [
        {"name": model.name}
        | (difference(model.scores, models[best].scores, bad, fold=model.fold, groups=groups) or {})
        for number, model in enumerate(models)
        if number != best
    ]
    counts = {"rows": len(bad), "bad": int(bad.sum())}
    return counts | {"models": told, "best": told[best]["name"], "differences": differences}


def _print(figures: Mapping[str, Any], lang: Language) -> None:
    from creditline.reports.tables import Column, Table, figure, labelled, terminal

    console = Console(highlight=False)
    about = {"data": figures["data"], "rows": f"{figures['rows']:,}", "bad": f"{figures['bad']:,}"}
    about["how"] = text(
        "validate.on_folds" if figures["folds"] else "validate.on_rows", lang,
        folds=figures["folds"], repeats=figures["repeats"],
    )  # fmt: skip
    rows = tuple(
        (
            _named(each), figure(each["auc"], 4), f"{each['auc_low']:.3f} .. {each['auc_high']:.3f}",
            *(figure(each[name], 4) for name in ("ks", "brier", "log_loss")),
            figure(each["calibration_slope"]), f"{each['seconds']:.1f}",
        )
        for each in figures["models"]
    )  # fmt: skip
    names = ("model", "auc", "interval", "ks", "brier", "log_loss", "slope", "seconds")
    strong = frozenset(n for n, each in enumerate(figures["models"]) if each["name"] == figures["best"])
    columns = labelled(*(text(f"validate.{name}", lang) for name in names))
    console.print(terminal(Table(text("validate.compared_title", lang, **about), columns, rows, strong)))
    if not figures["differences"]:
        return
    by_name = {each["name"]: _named(each) for each in figures["models"]}
    apart = tuple(
        (by_name[each["name"]], *_difference(each), text(f"validate.{_verdict(each)}", lang))
        for each in figures["differences"]
    )
    columns = labelled(*(text(f"validate.{name}", lang) for name in ("model", "difference", "interval", "p")))
    columns = (*columns, Column(text("validate.verdict", lang), "text"))
    title = text("validate.differences_title", lang, best=by_name[figures["best"]])
    console.print(terminal(Table(title, columns, apart)))


def _named(model: Mapping[str, Any]) -> str:
    """The kind, as ``--kinds`` takes it, or the name of the card's file."""
    return Path(model["name"]).name


def _difference(each: Mapping[str, Any]) -> tuple[str, str, str]:
    if "difference" not in each:
        return "–", "–", "–"
    return f"{each['difference']:+.4f}", f"{each['low']:+.4f} .. {each['high']:+.4f}", f"{each['p']:.4f}"


def _verdict(each: Mapping[str, Any]) -> str:
    if "difference" not in each or each["p"] >= ALPHA:
        return "no_telling"
    return "better" if each["difference"] > 0 else "worse"
