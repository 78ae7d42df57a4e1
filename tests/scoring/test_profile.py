"""What the rows of the training looked like, and how far others have moved from them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from creditline.scoring.card import Axis, Card, CardError, Term
from creditline.scoring.features import Feature, Features
from creditline.scoring.profile import MOVED, MOVING, axis_of, chance_of, drift, level_of, profile_of

CODE = -999.0
CARD = Card(
    "woe",
    500,
    (
        Term((Axis("used", (0.25, 0.5, 0.75)),), (-5, 40, 20, -20, -40)),
        Term((Axis("late", (1.0, 2.0), (CODE,)),), (0, 30, -10, -60, -90)),
        Term((Axis("home", choices=(("own",), ("rent",))),), (0, 10, -10, 0)),
        Term((Axis("used", (0.5,)), Axis("age_of_line", (12.0,))), (0, 0, 0, 0, 5, -5, 0, -5, 5)),
    ),
)


def rows(seed: int, count: int = 4_000, used: float = 1.0, rent: float = 0.4) -> Features:
    """Lines; of a later time with more used (``used`` below 1) or more of them renting."""
    chance = np.random.default_rng(seed)
    late = chance.poisson(0.6, count).astype(np.float64)
    late[chance.random(count) < 0.1] = CODE
    late[chance.random(count) < 0.1] = math.nan
    columns = {
        "used": Feature(chance.random(count) ** used),
        "late": Feature(late),
        "home": Feature(None, (chance.random(count) < rent).astype(np.int64), ("own", "rent")),
        "age_of_line": Feature(chance.integers(0, 60, count).astype(np.float64)),
    }
    return Features(columns, count, (CODE,))


SEEN = rows(1)
BAD = np.random.default_rng(2).random(SEEN.rows) < 0.2
PROFILE = profile_of(CARD, SEEN, BAD)
KNOWN = replace(CARD, training={"profile": PROFILE})


def test_a_profile_counts_every_row_once_in_every_fact_and_in_the_bands() -> None:
    assert PROFILE["rows"] == SEEN.rows
    assert PROFILE["bad"] == BAD.sum()
    for counted in (*PROFILE["facts"].values(), PROFILE["bands"]):
        assert sum(counted["rows"]) == SEEN.rows
        assert sum(counted["bad"]) == BAD.sum()
    assert set(PROFILE["facts"]) == set(CARD.facts)
    assert len(PROFILE["facts"]["used"]["rows"]) == 5, "by the bins of its own, not of the pair"
    assert axis_of(CARD, "age_of_line").below == (12.0,)
    bands = PROFILE["bands"]
    assert all(type(limit) is int for limit in bands["limits"])
    assert (CARD.points(SEEN) < bands["limits"][0]).sum() == bands["rows"][0]


def test_a_profile_goes_through_the_file_of_its_card() -> None:
    assert json.loads(json.dumps(PROFILE)) == PROFILE
    again = Card.from_dict(json.loads(json.dumps(KNOWN.to_dict())))
    assert drift(again, rows(3)) == drift(KNOWN, rows(3))


def test_a_population_has_not_moved_from_itself() -> None:
    told = drift(KNOWN, SEEN)
    assert told["psi"] == 0
    assert set(told["csi"].values()) == {0}
    assert all(abs(moved) < 1e-9 for moved in told["points"].values())
    assert {told["psi_level"], *told["csi_level"].values()} == {"stable"}


def test_the_same_rows_many_times_over_have_not_moved() -> None:
    many = SEEN.take(np.tile(np.arange(SEEN.rows), 5))
    told = drift(KNOWN, many)
    assert told["psi"] == pytest.approx(0, abs=1e-5)
    assert told["rows"] == 5 * told["expected_rows"]


def test_the_order_of_rows_plays_no_part() -> None:
    later = rows(4, used=0.5)
    mixed = later.take(np.random.default_rng(5).permutation(later.rows))
    assert drift(KNOWN, mixed) == drift(KNOWN, later)


def test_what_moved_is_named_and_what_did_not_is_not() -> None:
    told = drift(KNOWN, rows(6, used=0.4))
    assert told["psi_level"] != "stable"
    assert told["csi_level"] == {"used": "moved", "late": "stable", "home": "stable", "age_of_line": "stable"}
    assert told["points"]["used"] < -10
    assert abs(told["points"]["late"]) < 3
    told = drift(KNOWN, rows(6, rent=0.56))
    assert told["csi_level"] == {"used": "stable", "late": "stable", "home": "moving", "age_of_line": "stable"}


def test_the_index_is_that_of_the_shares_it_shows() -> None:
    told = drift(KNOWN, rows(7, used=0.7))
    for name, shown in (("psi", told["bands"]), ("used", told["facts"]["used"])):
        shares = [(each["expected"], each["actual"]) for each in shown if each["expected"] and each["actual"]]
        exact = sum((second - first) * math.log(second / first) for first, second in shares)
        assert (told["psi"] if name == "psi" else told["csi"][name]) == pytest.approx(exact, rel=0.02)
        assert sum(first for first, _ in shares) == pytest.approx(1)


def test_the_mean_score_moves_by_the_points_of_the_facts_that_moved() -> None:
    """Pairs aside: the pair's points are all that the sum over the facts leaves out."""
    plain = replace(CARD, terms=CARD.terms[:3])
    known = replace(plain, training={"profile": profile_of(plain, SEEN, BAD)})
    later = rows(8, used=0.5, rent=0.7)
    gap = plain.points(later).mean() - plain.points(SEEN).mean()
    assert sum(drift(known, later)["points"].values()) == pytest.approx(gap)


def test_bins_say_what_they_hold() -> None:
    late = drift(KNOWN, SEEN)["facts"]["late"]
    assert [{k: v for k, v in each.items() if k not in {"expected", "actual"}} for each in late] == [
        {"missing": True},
        {"at_least": None, "below": 1.0},
        {"at_least": 1.0, "below": 2.0},
        {"at_least": 2.0, "below": None},
        {"special": "-999"},
    ]
    assert [each.get("choices") for each in drift(KNOWN, SEEN)["facts"]["home"]] == [None, ["own"], ["rent"], None]


def test_fine_bins_are_joined_so_that_chance_does_not_look_like_drift() -> None:
    """Sixty bins and 300 rows: bin by bin another draw of the same lines would seem another population."""
    fine = Card("ebm", 0, (Term((Axis("used", tuple(n / 60 for n in range(1, 60))),), tuple(range(61))),))
    known = replace(fine, training={"profile": profile_of(fine, SEEN, BAD)})
    told = drift(known, rows(9, 300))
    assert len(told["facts"]["used"]) <= 21
    assert all(each["expected"] >= 0.05 for each in told["facts"]["used"][1:])
    assert told["csi_level"]["used"] != "moved"


def test_chance_stays_under_what_it_is_said_to_19_times_of_20() -> None:
    over = 0
    for seed in range(200):
        told = drift(KNOWN, rows(100 + seed, 400))
        over += told["psi"] > told["psi_chance"]
    assert 2 <= over <= 22
    assert chance_of(10, 1_000, 1_000) > chance_of(10, 10_000, 10_000)
    assert chance_of(1, 10, 10) == 0


def test_levels_begin_where_they_say() -> None:
    assert [level_of(each) for each in (0, MOVING - 1e-9, MOVING, MOVED - 1e-9, MOVED, 3)] == [
        "stable", "stable", "moving", "moving", "moved", "moved",
    ]  # fmt: skip


def test_a_card_without_a_profile_or_with_that_of_another_is_refused() -> None:
    with pytest.raises(CardError, match="holds no profile"):
        drift(CARD, SEEN)
    facts = {name: each for name, each in PROFILE["facts"].items() if name != "late"}
    others: list[dict[str, Any]] = [{}, {"facts": {}}, PROFILE | {"facts": facts}, PROFILE | {"rows": 0}]
    for other in others:
        with pytest.raises(CardError, match="profile of another card"):
            drift(replace(CARD, training={"profile": other}), SEEN)


def test_rows_that_are_none_or_lack_a_fact_are_refused() -> None:
    with pytest.raises(CardError, match="at least one row"):
        drift(KNOWN, SEEN.take(np.zeros(SEEN.rows, bool)))
    short = Features({name: each for name, each in SEEN.columns.items() if name != "late"}, SEEN.rows, SEEN.special)
    with pytest.raises(CardError, match="'late' is missing"):
        drift(KNOWN, short)
