"""Scorecards of a home: proposals and verdicts are added and never changed, shadows stand and fall with decisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import EventVoided, LineOpened, OutcomeObserved
from creditline.lines.decision import Decision
from creditline.store import Home, ProposedCard, Verdict
from creditline.store import cards as cards_room

CARD = ProposedCard(
    "ab" * 32, "base: 600", "d" * 64, "0.1.0", "consumer-line", "v1", "champion", "Li Wei", 10, "better on late payers"
)
APPROVED = Verdict("approved", "Chen Jing", 20, policy_version="v2", effective_from=30)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        yield opened


def challenger(home: Home, hash_: str = "cd" * 32) -> int:
    card = home.propose_card(msgspec.structs.replace(CARD, hash=hash_, role="challenger"))
    home.decide_card(card.number, Verdict("approved", "Chen Jing", 20))
    return card.number


def test_a_proposal_comes_out_as_it_went_in_with_its_verdicts_in_order(home: Home) -> None:
    kept = home.propose_card(CARD)
    assert home.cards() == [kept] == [msgspec.structs.replace(CARD, number=1)]
    assert kept.state == "proposed"
    home.decide_card(kept.number, APPROVED)
    (found,) = home.cards()
    assert (found.state, found.approval, found.verdicts) == ("approved", APPROVED, (APPROVED,))


def test_the_same_card_waits_once_for_a_policy_and_a_role(home: Home) -> None:
    home.propose_card(CARD)
    with pytest.raises(CreditlineError, match="is proposed for policy consumer-line already"):
        home.propose_card(CARD)
    home.propose_card(msgspec.structs.replace(CARD, role="challenger"))
    home.propose_card(msgspec.structs.replace(CARD, policy="business-line"))
    assert [card.number for card in home.cards()] == [1, 2, 3]


def test_what_was_decided_is_decided(home: Home) -> None:
    number = home.propose_card(CARD).number
    home.decide_card(number, Verdict("rejected", "Chen Jing", 20, "its data ends too early"))
    for verdict in (APPROVED, Verdict("withdrawn", "Li Wei", 30), Verdict("rejected", "Li Wei", 30)):
        with pytest.raises(CreditlineError, match="is rejected already"):
            home.decide_card(number, verdict)
    with pytest.raises(CreditlineError, match="not proposed here"):
        home.decide_card(7, APPROVED)


def test_a_rejected_card_may_be_proposed_anew(home: Home) -> None:
    home.decide_card(home.propose_card(CARD).number, Verdict("rejected", "Chen Jing", 20, "explain the bins"))
    again = home.propose_card(CARD)
    assert [(card.number, card.state) for card in home.cards()] == [(1, "rejected"), (again.number, "proposed")]


def test_a_challenger_may_be_withdrawn_and_a_champion_only_be_followed_by_another(home: Home) -> None:
    home.decide_card(challenger(home), Verdict("withdrawn", "Li Wei", 30, "no better"))
    (card,) = home.cards()
    assert card.state == "withdrawn"
    assert card.approval is not None
    champion = home.propose_card(CARD).number
    home.decide_card(champion, APPROVED)
    with pytest.raises(CreditlineError, match="propose the card that should take its place"):
        home.decide_card(champion, Verdict("withdrawn", "Li Wei", 30))


def test_a_running_challenger_is_not_proposed_twice(home: Home) -> None:
    challenger(home)
    with pytest.raises(CreditlineError, match="is a challenger of policy consumer-line already"):
        challenger(home)


def test_the_database_itself_refuses_roles_and_verdicts_there_are_none_of(home: Home) -> None:
    number = home.propose_card(CARD).number
    home.decide_card(number, APPROVED)
    wrong = (
        ("UPDATE scorecards SET role = 'emperor'", "scorecards_role"),
        ("UPDATE scorecard_verdicts SET verdict = 'maybe'", "scorecard_verdicts_verdict"),
        (
            "INSERT INTO scorecard_verdicts (scorecard, verdict, by, at, why) VALUES (1, 'approved', 'x', 1, '')",
            "UNIQUE",
        ),
        ("DELETE FROM scorecards", "FOREIGN KEY"),
    )
    for statement, told in wrong:
        with home._engine.begin() as connection, pytest.raises(sa.exc.IntegrityError, match=told):
            connection.execute(sa.text(statement))


# -- shadows ----------------------------------------------------------------------------------------


def decisions(line: str, points: list[int | None]) -> list[Decision]:
    return [
        Decision(line, 100 + n, n, "open", "applied", "open", 0, 500, each, (), f"v{n}", 3, None, {})
        for n, each in enumerate(points)
    ]


def opened(home: Home, *lines: str) -> None:
    home.append([Event("e", line, 1, 1, LineOpened(limit=100)) for line in lines])


def columns(*rows: tuple[int, int, int]) -> list[np.ndarray]:
    return [np.array(column, np.int64) for column in zip(*rows, strict=True)]


def test_shadows_come_out_beside_the_decisions_they_had_no_part_in(home: Home) -> None:
    opened(home, "B", "A")
    home.record([*decisions("A", [600, 610]), *decisions("B", [500])])
    number = challenger(home)
    home.record_shadows(number, ["B", "A"], *columns((1, 1, 575), (0, 0, 480), (1, 0, 570)))
    found = home.shadows(number)
    assert list(found.lines) == ["A", "A", "B"]
    assert (found.numbers.tolist(), found.at.tolist()) == ([0, 1, 0], [100, 101, 100])
    assert (found.champion.tolist(), found.points.tolist()) == ([600, 610, 500], [570, 575, 480])
    assert (list(found.policies), list(found.statuses)) == (["v0", "v1", "v0"], ["applied"] * 3)
    assert home.shadows(number, until=100).points.tolist() == [570, 480]
    assert home.decisions("A") == decisions("A", [600, 610])


def test_shadows_of_a_card_are_replaced_and_those_of_another_left(home: Home) -> None:
    opened(home, "A")
    home.record(decisions("A", [600]))
    first, second = challenger(home), challenger(home, "ef" * 32)
    for card, points in ((first, 1), (second, 2), (first, 3)):
        home.record_shadows(card, ["A"], *columns((0, 0, points)))
    assert (home.shadows(first).points.tolist(), home.shadows(second).points.tolist()) == ([3], [2])


def test_a_decision_that_is_replaced_takes_its_shadows_along(home: Home) -> None:
    opened(home, "A", "B")
    home.record([*decisions("A", [600, 610]), *decisions("B", [500])])
    number = challenger(home)
    home.record_shadows(number, ["A", "B"], *columns((0, 0, 1), (0, 1, 2), (1, 0, 3)))
    home.record(decisions("A", [600]))
    assert list(home.shadows(number).lines) == ["B"]
    home.record([], ["B"])
    assert list(home.shadows(number).lines) == []


def test_there_is_no_shadow_where_there_is_no_decision(home: Home) -> None:
    opened(home, "A")
    home.record(decisions("A", [600]))
    number = challenger(home)
    with pytest.raises(sa.exc.IntegrityError):
        home.record_shadows(number, ["A"], *columns((0, 0, 1), (0, 1, 2)))
    assert len(home.shadows(number).points) == 0
    with pytest.raises(CreditlineError, match="line"):
        home.record_shadows(number, ["Z"], *columns((0, 0, 1)))


def test_a_decision_made_without_points_is_compared_with_nothing(home: Home) -> None:
    opened(home, "A")
    home.record(decisions("A", [None, 600]))
    number = challenger(home)
    home.record_shadows(number, ["A"], *columns((0, 0, 1), (0, 1, 2)))
    assert home.shadows(number).points.tolist() == [2]


def test_many_shadows_are_written_in_parts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards_room, "CHUNK", 2)
    opened(home, "A")
    home.record(decisions("A", [600] * 5))
    number = challenger(home)
    home.record_shadows(number, ["A"], *columns(*((0, n, 10 * n) for n in range(5))))
    assert home.shadows(number).points.tolist() == [0, 10, 20, 30, 40]
    home.record_shadows(number, ["A"], *(np.empty(0, np.int64) for _ in range(3)))


def test_the_outcome_that_counts_is_the_one_known_last(home: Home) -> None:
    opened(home, "A", "B")
    home.append(
        [
            Event("o1", "A", 50, 90, OutcomeObserved(defaulted=False)),
            Event("o2", "A", 40, 95, OutcomeObserved(defaulted=True)),
        ]
    )
    told = home.outcomes_observed()
    assert {line: (each.at, each.known, each.defaulted) for line, each in told.items()} == {"A": (40, 95, True)}
    assert home.outcomes() == {"A": True}
    assert home.beginning() == 1
    home.append([Event("v1", "A", 97, 97, EventVoided("o2", "sent in error"))])
    assert home.outcomes() == {"A": False}, "what was voided counts for nothing"
    home.append([Event("v2", "A", 98, 98, EventVoided("o1", "sent in error"))])
    assert home.outcomes() == {}
