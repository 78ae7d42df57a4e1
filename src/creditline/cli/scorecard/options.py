"""Options and arguments of the scorecard commands, and what they are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditline.errors import CreditlineError
from creditline.i18n import preferred_language, text

if TYPE_CHECKING:
    from creditline.scoring.crossval import Fit
    from creditline.scoring.features import Features, Latest


KINDS = ("woe", "ebm")
FEATURES = ("raw", "panel")
DIRECTIONS = {"up": 1, "down": -1}
"""What ``--monotone`` takes: points rise or fall as the number rises."""

LANG = preferred_language()

CardArgument = Annotated[Path, typer.Argument(metavar="CARD", help=text("scorecard.card_help", LANG))]
DataArgument = Annotated[Path, typer.Argument(metavar="DATA", help=text("scorecard.data_help", LANG))]
DataOption = Annotated[Path, typer.Option("--data", metavar="FILE", help=text("scorecard.data_help", LANG))]
TargetOption = Annotated[str, typer.Option("--target", metavar="COLUMN", help=text("scorecard.target_help", LANG))]
BadOption = Annotated[str, typer.Option("--bad", metavar="VALUE", help=text("scorecard.bad_help", LANG))]
RecipeOption = Annotated[bool, typer.Option("--recipe", help=text("training.recipe_help", LANG))]
KindOption = Annotated[str | None, typer.Option("--kind", metavar="woe|ebm", help=text("scorecard.kind_help", LANG))]
DropOption = Annotated[list[str] | None, typer.Option("--drop", metavar="A,B", help=text("scorecard.drop_help", LANG))]
AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", metavar="NAME=REASON", help=text("scorecard.allow_help", LANG))
]
SpecialOption = Annotated[
    list[str] | None, typer.Option("--special", metavar="-999,..", help=text("scorecard.special_help", LANG))
]
MonotoneOption = Annotated[
    list[str] | None, typer.Option("--monotone", metavar="NAME=up|down", help=text("scorecard.monotone_help", LANG))
]
FeaturesOption = Annotated[
    str, typer.Option("--features", metavar="raw|panel", help=text("scorecard.features_help", LANG))
]
LatestOption = Annotated[
    str, typer.Option("--latest", metavar="lowest|highest", help=text("scorecard.latest_help", LANG))
]
FoldsOption = Annotated[int, typer.Option("--folds", help=text("scorecard.folds_help", LANG))]
RepeatsOption = Annotated[int, typer.Option("--repeats", help=text("scorecard.repeats_help", LANG))]
SeedOption = Annotated[int, typer.Option("--seed", help=text("scorecard.seed_help", LANG))]
TuneOption = Annotated[bool, typer.Option("--tune", help=text("validate.tune_help", LANG))]
WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", "--split", metavar="COLUMN>=VALUE", help=text("validate.where_help", LANG)),
]
"""Conditions of rows; ``--split COLUMN=VALUE`` reads better where a column says which part a row is of."""


def fit_of(kind: str, directions: Mapping[str, int]) -> Fit:
    """What trains a card of this kind, with these directions."""
    from creditline.scoring.ebm import fit_ebm
    from creditline.scoring.woe import fit_woe

    return partial(fit_ebm if kind == "ebm" else fit_woe, monotone=directions)


def directions(given: Sequence[str] | None, features: Features) -> dict[str, int]:
    """Directions by name of column; CreditlineError for names and directions there are none of."""
    from creditline.scoring.table import no_column

    out = {}
    for name, direction in pairs_of("--monotone", given).items():
        one_of("--monotone", direction, tuple(DIRECTIONS))
        if name not in features.columns:
            raise no_column("--monotone", name, features.columns)
        if features.columns[name].numbers is None:
            raise CreditlineError("--monotone", name, "name a column of numbers", "is text")
        out[name] = DIRECTIONS[direction]
    return out


def latest_of(given: str) -> Latest:
    """Which number of a panel's series is its latest month."""
    one_of("--latest", given, ("lowest", "highest"))
    return "highest" if given == "highest" else "lowest"


def one_of(option: str, given: str, choices: Collection[str]) -> None:
    """Refuse an option that is none of the choices."""
    if given not in choices:
        raise CreditlineError(option, given, f"choose {' or '.join(choices)}")


def check_seed(seed: int) -> None:
    """Refuse a seed the libraries do not take."""
    if not 0 <= seed < 2**31:
        raise CreditlineError("--seed", seed, "give a whole number from 0 to 2147483647")


def check_writable(out: Path | None) -> None:
    """Refuse a card's place before the training rather than after it."""
    if out is not None and not out.absolute().parent.is_dir():
        raise CreditlineError("--out", str(out), "make the folder first", "is in no folder")


def pairs_of(option: str, given: Sequence[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` given any number of times, by name."""
    pairs: dict[str, str] = {}
    for each in given or ():
        name, sign, value = each.partition("=")
        if not sign or not name.strip():
            raise CreditlineError(option, each, f"write it like {option} NAME=...", "names nothing")
        pairs[name.strip()] = value.strip()
    return pairs
