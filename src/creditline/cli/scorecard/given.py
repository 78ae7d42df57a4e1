"""What a training is given: a table people bring, or lines observed in the log of a home."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditline.cli.bars import bars
from creditline.cli.options import existing
from creditline.cli.scorecard.aside import tell_aside
from creditline.cli.scorecard.options import FEATURES, LANG, latest_of, one_of, pairs_of
from creditline.errors import CreditlineError
from creditline.i18n import Language, text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from creditline.scoring.features import Features
    from creditline.scoring.table import Table
    from creditline.service.training import FromHome

TableOption = Annotated[Path | None, typer.Option("--data", metavar="FILE", help=text("scorecard.data_help", LANG))]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="COLUMN", help=text("scorecard.target_help", LANG))
]
BadOption = Annotated[str | None, typer.Option("--bad", metavar="VALUE", help=text("scorecard.bad_help", LANG))]
LatestOption = Annotated[
    str | None, typer.Option("--latest", metavar="lowest|highest", help=text("scorecard.latest_help", LANG))
]
HomeOption = Annotated[Path | None, typer.Option("--home", metavar="HOME", help=text("training.home_help", LANG))]
PolicyOption = Annotated[str | None, typer.Option("--policy", metavar="NAME", help=text("training.policy_help", LANG))]
ObserveOption = Annotated[
    list[str] | None, typer.Option("--observe", metavar="DATE,..", help=text("training.observe_help", LANG))
]
WindowOption = Annotated[
    str | None, typer.Option("--window", metavar="12mo|180d", help=text("training.window_help", LANG))
]
OutcomeOption = Annotated[
    str | None, typer.Option("--outcome", metavar="90dpd|observed", help=text("training.outcome_help", LANG))
]
HoldOutOption = Annotated[
    str | None, typer.Option("--hold-out", metavar="DATE", help=text("training.hold_out_help", LANG))
]
StandingOption = Annotated[
    str | None, typer.Option("--standing", metavar="decided|stated", help=text("training.standing_help", LANG))
]
StatusOption = Annotated[
    list[str] | None, typer.Option("--status", metavar="open,frozen,closed", help=text("training.status_help", LANG))
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="DATE", help=text("training.until_help", LANG))]
MadeOption = Annotated[
    str | None,
    typer.Option("--features", metavar="raw|panel|policy|behaviour", help=text("training.features_help", LANG)),
]


TABLE_ONLY = ("data", "target", "bad", "special", "latest")
TWIN = "says the same as "
HOME_ONLY = ("policy", "observe", "window", "outcome", "hold-out", "standing", "status", "until")


@dataclass(frozen=True, eq=False)
class Given:
    """Rows to train on, and how they came about."""

    features: Features
    bad: NDArray[np.bool_]
    groups: NDArray[np.int64] | None
    """Number of each row's line, where rows of one line belong together."""
    name: str
    """What people know the rows by."""
    about: dict[str, Any]
    """Plain data for the figures and for the card."""
    dropped: dict[str, str]
    allowed: dict[str, str]
    suspects: dict[str, float]
    beside: dict[str, list[str | None]] = field(default_factory=dict)
    """Groups that fairness is told by."""
    table: Table | None = None
    home: FromHome | None = None


def given(options: Mapping[str, Any]) -> Given:
    """The rows the options of ``train`` (by name as typed, without dashes) ask for.

    Raises CreditlineError for options that do not go together, and as ``prepare`` and ``from_home`` do.
    """
    if options["home"] is None:
        _only("without --home", options, ("data", "target", "bad"), HOME_ONLY)
        return _from_table(options)
    _only("with --home", options, ("policy", "observe", "window", "outcome"), TABLE_ONLY)
    return _from_home(options)


def _only(case: str, options: Mapping[str, Any], needed: Sequence[str], refused: Sequence[str]) -> None:
    for name in refused:
        if options[name] is not None:
            said = options[name] if isinstance(options[name], str) else str(options[name])
            remedy = "train on a table (--data) or on a home's log (--home), not on both"
            raise CreditlineError(f"--{name}", said, remedy, f"means nothing {case}")
    for name in needed:
        if not options[name]:
            remedy = f"give {' '.join(f'--{each}' for each in needed)}"
            if "data" in needed:
                remedy += ", or --home for a home's log"
            raise CreditlineError(f"--{name}", "nothing", remedy, f"is needed {case}")


def _from_table(options: Mapping[str, Any]) -> Given:
    from creditline.scoring.preparing import Asked, prepare, split

    features = options["features"] or "raw"
    one_of("--features", features, FEATURES)
    data: Path = options["data"]
    ready = prepare(
        data,
        Asked(
            options["target"], options["bad"], tuple(options["drop"] or ()), pairs_of("--allow", options["allow"]),
            split(options["special"]), features, latest_of(options["latest"] or "lowest"),
        ),
    )  # fmt: skip
    about = {
        "features": features, "target": options["target"], "bad_value": options["bad"], "data": data.name,
        "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        "rows_aside": [asdict(each) for each in ready.table.aside],
    }  # fmt: skip
    return Given(
        ready.features, ready.bad, None, data.name, about, ready.dropped, ready.allowed, ready.suspects, ready.beside,
        ready.table,
    )  # fmt: skip


def _from_home(options: Mapping[str, Any]) -> Given:
    from creditline.scoring.preparing import split
    from creditline.service.training import MADE, STANDING, Asked, from_home
    from creditline.store import Home

    features, standing = options["features"] or MADE[0], options["standing"] or STANDING[0]
    one_of("--features", features, MADE)
    one_of("--standing", standing, STANDING)
    asked = Asked(
        options["policy"], split(options["observe"]), options["window"], options["outcome"],
        features=MADE[MADE.index(features)], standing=standing,
        statuses=split(options["status"]) or ("open", "frozen"), hold_out=options["hold-out"], until=options["until"],
        drop=split(options["drop"]), allow=pairs_of("--allow", options["allow"]),
    )  # fmt: skip
    with bars() as told, Home.open(existing(options["home"])) as home:
        told(text("training.observing", LANG), 0, 1)
        ready = from_home(home, asked)
        told(text("training.observing", LANG), 1, 1)
    rows, bad, line = ready.training()
    name = f"{ready.policy.name}, {asked.outcome} {asked.window}"
    return Given(rows, bad, line, name, ready.about, ready.dropped, ready.allowed, ready.suspects, home=ready)


def tell_left_out(rows: Given) -> None:
    """Tell on stderr what was left out unasked, and what looks like a leak."""
    for name, why in rows.dropped.items():
        if why not in ("named with --drop", "only serves other facts"):
            typer.echo(text("scorecard.left_out", LANG, name=name, why=why_left_out(why, LANG)), err=True)
    for name, area in rows.suspects.items():
        typer.echo(text("scorecard.suspect", LANG, name=name, auc=f"{area:.3f}"), err=True)
    if rows.table is not None and rows.table.aside:
        tell_aside(rows.table)
    for why, count in rows.about.get("left_out", {}).items():
        said = text(f"training.why_{why}", LANG)
        typer.echo(text("training.not_observed", LANG, count=f"{count:,}", why=said), err=True)


def why_left_out(why: str, lang: Language) -> str:
    """In words why a column or fact was left out."""
    keys = {
        "named with --drop": "scorecard.why_asked", "is empty": "scorecard.why_empty",
        "says the same in every row": "scorecard.why_constant", "names the rows": "scorecard.why_names_rows",
        "is no number, choice or flag": "training.left_out_text",
        "only serves other facts": "training.left_out_helper",
    }  # fmt: skip
    if why.startswith(TWIN):
        return text("training.left_out_twin", lang, other=why.removeprefix(TWIN))
    return text(keys[why], lang)
