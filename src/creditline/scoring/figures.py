"""The figures a validation is told in."""

from __future__ import annotations

from typing import Any

import numpy as np

from creditline.scoring import measures
from creditline.scoring.crossval import Validated


def out_of_fold_figures(found: Validated) -> dict[str, Any]:
    """Means out of fold: ranks within the folds, probabilities over all rows."""
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


__all__ = ["out_of_fold_figures"]
