"""What no model can be trained on, said before the training starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.scoring.features import Features

Bools = NDArray[np.bool_]


class InputError(CreditlineError):
    """Facts or outcomes that no scorecard can be trained on."""


def check_outcomes(features: Features, bad: Bools) -> None:
    """Raises InputError without facts, with outcomes of another number than rows, or with outcomes of one kind."""
    if not features.columns:
        raise InputError("facts", "none", "leave at least one column to train on", "are left")
    if len(bad) != features.rows:
        raise InputError("outcomes", len(bad), f"give one for each of the {features.rows} rows", "do not fit the rows")
    if not bad.any() or bad.all():
        raise InputError("outcomes", f"{int(bad.sum())} bad of {len(bad)}", "bring rows of both outcomes")


def missing_extra(package: str) -> InputError:
    """The error for a package of the extra ``train`` that is not there."""
    return InputError(
        package, "not installed", "install the training extra: pip install 'creditline[train]'", "is needed to train"
    )


__all__ = ["InputError", "check_outcomes", "missing_extra"]
