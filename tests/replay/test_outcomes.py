"""Figures of outcomes, counted by hand on a handful of lines."""

from __future__ import annotations

import numpy as np
import pytest

from creditline.events.event import Event
from creditline.events.kinds import NULL, ArrearsChanged, EventVoided, LineOpened, StatementClosed
from creditline.facts.slices import from_events
from creditline.replay.outcomes import Judged, band_limits, judge, lowest
from creditline.replay.standing import in_arrears, last_said, limit_given, owed


def few() -> Judged:
    return Judged(
        points=np.array([400, 420, 420, 500, 560]),
        defaulted=np.array([True, True, False, False, False]),
        closed=np.array([True, False, True, False, False]),
        frozen=np.array([False, True, False, False, False]),
        reopened=np.array([False, False, False, True, False]),
        reasons=[("T01", "T10"), ("T05",), ("T10",), (), ()],
        in_arrears=np.array([True, True, True, False, False]),
        limit=np.array([100, 200, 300, 400, 500]),
        balance=np.array([10, 20, 30, -40, 50]),
    )


FIGURES = judge(few(), ["T01", "T05", "T10"])


def test_what_was_closed_and_what_became_of_it() -> None:
    closed = FIGURES.closed
    assert (closed.lines, closed.defaulted, closed.good, closed.rate) == (2, 1, 1, 0.5)
    assert (closed.limit, closed.balance, closed.balance_defaulted) == (400, 40, 10)
    assert (FIGURES.frozen.lines, FIGURES.open.lines, FIGURES.reopened.lines) == (1, 2, 1)


def test_a_line_in_credit_owes_nothing() -> None:
    assert FIGURES.open.balance == 50


def test_a_line_counts_under_every_rule_that_stands_against_it() -> None:
    assert [(rule.name, rule.lines, rule.alone) for rule in FIGURES.rules] == [
        ("T01", 1, 0),
        ("T05", 1, 1),
        ("T10", 2, 1),
    ]


def test_the_two_plain_ways() -> None:
    assert (FIGURES.any_arrears.lines, FIGURES.any_arrears.defaulted) == (3, 2)
    assert (FIGURES.score_alone.lines, FIGURES.score_alone.defaulted) == (2, 2)


def test_the_lowest_are_exactly_as_many_and_ties_fall_to_the_earlier_line() -> None:
    assert lowest(np.array([5, 3, 3, 3]), 2).tolist() == [False, True, True, False]
    assert not lowest(np.array([5, 3]), 0).any()


def test_bands_part_all_lines_and_thin_ends_are_joined() -> None:
    assert sum(band.lines for band in FIGURES.bands) == 5
    assert sum(band.defaulted for band in FIGURES.bands) == 2
    points = np.array([100, *([500] * 500), *([520] * 500)])
    assert band_limits(points) == [520]
    assert band_limits(np.array([], np.int64)) == []


def test_no_lines_give_no_rate_rather_than_an_error() -> None:
    none = np.zeros(0, np.int64)
    flags = none.astype(bool)
    figures = judge(Judged(none, flags, flags, flags, flags, [], flags, none, none), ["T01"])
    assert (figures.all.rate, figures.auc, figures.ks, figures.curve.points) == (None, None, None, ())


def test_columns_of_other_lengths_are_caught() -> None:
    with pytest.raises(AssertionError, match="reasons"):
        Judged(**{**vars(few()), "reasons": []})


DAY = 86_400_000_000


def test_how_a_line_stands_is_what_was_last_said_and_known_by_then() -> None:
    opened = Event("o", "A", 0, 0, LineOpened(900))
    first = Event("s1", "A", DAY, DAY, StatementClosed(100, 0, 0, "revolving"))
    late = Event("s2", "A", 2 * DAY, 5 * DAY, StatementClosed(200, 0, 1, "behind"))
    behind = Event("a", "A", 2 * DAY, 2 * DAY, ArrearsChanged(30, 100))
    other = Event("o", "B", 0, 0, StatementClosed(-7, 0, 0, "paid_in_full"))
    slices = from_events([late, behind, opened, first, other])
    assert owed(slices, 3 * DAY).tolist() == [100, -7]
    assert owed(slices, 5 * DAY).tolist() == [200, -7]
    assert in_arrears(slices, 3 * DAY).tolist() == [True, False]
    assert limit_given(slices, DAY, np.array([1, 2])).tolist() == [900, 2]
    assert last_said(slices, "line.opened.limit", -1).tolist() == [NULL, NULL]


def test_what_was_voided_counts_until_it_was_voided() -> None:
    first = Event("s1", "A", DAY, DAY, StatementClosed(100, 0, 0, "revolving"))
    second = Event("s2", "A", 2 * DAY, 2 * DAY, StatementClosed(999, 0, 0, "revolving"))
    void = Event("v", "A", 4 * DAY, 4 * DAY, EventVoided("s2", "wrong"))
    slices = from_events([first, second, void])
    assert owed(slices, 3 * DAY).tolist() == [999]
    assert owed(slices, 4 * DAY).tolist() == [100]
