"""What of a table people bring is trained on: the target settled, sensitive and useless columns and leaks kept out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.scoring.fairness import groups_of
from creditline.scoring.features import Features, Latest, panel, raw
from creditline.scoring.sensitive import ALLOWED, refused, sensitive, sensitive_by_values
from creditline.scoring.table import Table, leaks, no_column, read_table, suspects, target_of, useless

Bools = NDArray[np.bool_]


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
    beside: dict[str, list[str | None]] = field(default_factory=dict)
    """The group of every row by each sensitive column of the data, used or not: for ``fairness``, never an input."""


@dataclass(frozen=True)
class Asked:
    """What a training is asked for, of any table."""

    target: str
    bad: str
    """The value of the target that is the bad outcome."""
    drop: tuple[str, ...] = ()
    """Columns to leave out, one or several with commas between them."""
    allow: Mapping[str, str] = field(default_factory=dict)
    """Sensitive columns, or what they tell, that may be used, and why."""
    special: tuple[str, ...] = ()
    """Values that are codes and no amounts."""
    features: str = "raw"
    """``raw`` or ``panel``."""
    latest: Latest = "lowest"
    """Of a panel, which number of a series is its latest month."""


def prepare(data: Path, asked: Asked) -> Prepared:
    """Read the table and settle what of it is trained on.

    Raises CreditlineError for a file, target, name or bad value that cannot be taken, for a sensitive column that is
    neither dropped nor allowed, and for a column that tells the outcome.
    """
    table = read_table(data, special=asked.special, unused=split(asked.drop) + asked.drop)
    table.column(asked.target)
    dropped = dict.fromkeys(_dropped(asked, table), "named with --drop")
    names = [name for name in table.columns if name != asked.target and name not in dropped]
    telling = _telling(table, asked.target)
    found = {name: why for name, why in telling.items() if name in names}
    _refuse_sensitive(data.name, refused(found, asked.allow))
    bad = target_of(table, asked.target, asked.bad)
    _refuse_leaks(data.name, leaks(table, bad, names))
    dropped |= useless(table, names)
    names = [name for name in names if name not in dropped]
    out = [name for name in table.columns if name not in names]
    features = panel(table, out, latest=asked.latest) if asked.features == "panel" else raw(table, out)
    given = {name: asked.allow.get(name, asked.allow.get(why, "")) for name, why in found.items()}
    beside = {name: groups_of(table.columns[name], why, table.special, table.words) for name, why in telling.items()}
    beside = {name: groups for name, groups in beside.items() if len(set(groups) - {None}) > 1}
    return Prepared(table, features, bad, dropped, given, suspects(table, bad, names), beside)


def split(given: Sequence[str] | None) -> tuple[str, ...]:
    """The parts of texts with commas between them, trimmed."""
    return tuple(part.strip() for each in given or () for part in each.split(",") if part.strip())


def _dropped(asked: Asked, table: Table) -> list[str]:
    # A name may itself hold a comma.
    names = [name for each in asked.drop for name in ((each,) if each in table.columns else split([each]))]
    for name in names:
        if name not in table.columns:
            raise no_column("--drop", name, table.columns)
        if name == asked.target:
            raise CreditlineError("--drop", name, "drop columns that are not the target", "is the target")
    return names


def _telling(table: Table, target: str) -> dict[str, str]:
    """The sensitive columns, dropped ones among them, and what makes each so."""
    names = [name for name in table.columns if name != target]
    words = {name: table.columns[name].seen() for name in names if not table.columns[name].is_numeric}
    return sensitive_by_values(words) | sensitive(names)


def _refuse_sensitive(source: str, found: Mapping[str, str]) -> None:
    if not found:
        return
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


__all__ = ["Asked", "Prepared", "prepare", "split"]
