"""AUC and KS against their definitions, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.scoring.measures import auc, cumulated, ks

SCORED = st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=1, max_size=40)


def arrays(scored: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in scored], np.int64), np.array([b for _, b in scored], bool)


@given(SCORED)
def test_auc_is_the_share_of_pairs_in_order_with_ties_for_half(scored: list[tuple[int, bool]]) -> None:
    pairs = [(g, b) for g, good in scored if not good for b, bad in scored if bad]
    wins = sum((good > bad) + 0.5 * (good == bad) for good, bad in pairs)
    got = auc(*arrays(scored))
    assert got is None if not pairs else got == pytest.approx(wins / len(pairs), abs=1e-12)


@given(SCORED)
def test_ks_is_the_widest_distance_between_the_two_curves(scored: list[tuple[int, bool]]) -> None:
    bad = [p for p, b in scored if b]
    good = [p for p, b in scored if not b]
    got = ks(*arrays(scored))
    if not bad or not good:
        assert got is None
        return
    distance = max(
        abs(sum(p <= cut for p in bad) / len(bad) - sum(p <= cut for p in good) / len(good)) for cut in range(-5, 6)
    )
    assert got == pytest.approx(distance, abs=1e-12)


def test_a_perfect_score_a_useless_one_and_a_reversed_one() -> None:
    bad = np.array([True, True, False, False])
    assert auc(np.array([1, 2, 3, 4]), bad) == 1
    assert auc(np.array([5, 5, 5, 5]), bad) == 0.5
    assert auc(np.array([4, 3, 2, 1]), bad) == 0


def test_scores_and_outcomes_must_be_of_the_same_lines() -> None:
    with pytest.raises(ValueError, match="3 scores but 2 outcomes"):
        cumulated(np.arange(3), np.array([True, False]))
