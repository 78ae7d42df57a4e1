"""The lines that plans are measured on are closed as a log that goes on has them, and the peer reads the same card."""

from __future__ import annotations

import numpy as np
import pytest

from bench import data, wayback
from bench.cases import POLICY
from bench.counterfactual import Peer, complete
from creditline.lines.replay import measure, run
from creditline.policy import load_policy


@pytest.fixture(scope="module")
def shut() -> wayback.Shut:
    return wayback.shut_lines(200, 1)


def test_closed_lines_are_those_of_a_log_that_goes_on(shut: wayback.Shut) -> None:
    ran = run(data.simulated(200, wayback.MONTHS), shut.policy, wayback.MOMENT)
    rows = [row for row, status in enumerate(ran.statuses()) if status in {"closed", "frozen"}]
    assert [ran.slices.lines[row] for row in rows] == shut.slices.lines
    assert np.array_equal(ran.states[rows], shut.states)
    assert "closed" in {ran.statuses()[row] for row in rows}
    assert int(shut.slices.known.max()) <= wayback.MOMENT < int(ran.slices.known.max())


def test_lines_lent_on_come_with_their_loans() -> None:
    slices, states, loans = wayback.lent_lines(60, 1)
    policy = load_policy(POLICY)
    behind = measure(slices, policy, wayback.MOMENT, states=states)["dpd"] > 0
    assert [each.line for each in loans] == slices.lines
    assert [each.arrears(each.payable) > 0 for each in loans] == behind.tolist()
    assert behind.any()


def test_the_peer_gives_the_points_of_the_card_and_finds_enough_of_them(shut: wayback.Shut) -> None:
    card = shut.policy.scorecard
    assert card is not None
    facts = complete(measure(shut.slices, shut.policy, wayback.MOMENT, states=shut.states), card.facts)
    lived = data.simulated(wayback.USUAL, wayback.MONTHS, 2)
    stand = run(lived, shut.policy, wayback.MOMENT).states
    peer = Peer(card, complete(measure(lived, shut.policy, wayback.MOMENT, states=stand), card.facts))
    points = card.points(facts)
    assert np.abs(peer.points(facts) - points).max() < 1e-6
    worst = int(points.argmin())
    query = {fact: float(facts[fact][worst]) for fact in card.facts}
    assert points[worst] < wayback.ENOUGH
    assert peer.reach(query, wayback.ENOUGH)
    assert not peer.reach(query, card.highest + 1)
