"""Watching a card: the same lines are told as the same, others as others, and outcomes as they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import ArrearsChanged, DrawBooked, LineEnded, LineOpened
from creditline.facts.slices import from_events
from creditline.lines.replay import measure
from creditline.scoring import measures
from creditline.scoring.card import Card
from creditline.scoring.compiled import as_features, compiled
from creditline.scoring.profile import profile_of
from creditline.service.cards import approve, propose
from creditline.service.run import POLICY_OF_LINE
from creditline.service.watching import over, watch
from creditline.store import Home, ProposedCard
from tests.service.scored import DAY, START, became, by_arrears, by_draws, policy, written

LINES = 400
TRAINED_AT = START + 40 * DAY
"""When the rows of the training stood so."""

SINCE = START + 60 * DAY
LENIENT = policy(cutoff=495, worst=110)
"""Closes hardly a line, so that all of them are watched."""

LATER = START + 100 * DAY


def drawing(day: int, *, most: int, late: float, seed: int, lines: int = LINES) -> list[Event]:
    """On one day each line draws up to ``most`` and is said to be late or not, with this chance."""
    dice = np.random.default_rng(seed)
    events = []
    for line in range(lines):
        t = START + day * DAY + line
        events.append(Event(f"d{day}", f"L{line:04}", t, t, DrawBooked(amount=int(dice.integers(1, most)))))
        behind = ArrearsChanged(5 if dice.random() < late else 0, 100)
        events.append(Event(f"a{day}", f"L{line:04}", t + 1, t + 1, behind))
    return events


OPENED = [Event("open", f"L{line:04}", START, START, LineOpened(limit=1_000_000)) for line in range(LINES)]
USUAL = drawing(35, most=80_000, late=0.2, seed=1)
ALIKE = drawing(90, most=80_000, late=0.2, seed=2)
OTHER = drawing(90, most=9_000, late=0.9, seed=3)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        base = LENIENT
        opened.publish(base.name, base.version, base.text, START)
        opened.append([*OPENED, *USUAL])
        yield opened


def profiled(card: Card, **training: Any) -> Card:
    """The card with the profile of the lines as they stood at the end of the training."""
    made = LENIENT
    measured = measure(from_events([*OPENED, *USUAL]), made, TRAINED_AT, engine="python")
    features = as_features({name: measured[name] for name in card.facts}, made.types)
    profile = profile_of(card, features, np.arange(LINES) % 10 == 0)
    return replace(card, training={**card.training, "profile": profile, **training})


def published(home: Home, card: Card, role: str = "champion", name: str = "card.yaml") -> ProposedCard:
    path = written(home.path, card, name)
    kept = propose(home, path, "trial", by="Li Wei", role=role, now=SINCE)
    since = SINCE if role == "champion" else None
    return approve(home, kept.hash, by="Chen Jing", now=SINCE, since=since, role=role)


CARD = profiled(by_draws())


def test_the_same_kind_of_lines_is_stable(home: Home) -> None:
    home.append(ALIKE)
    kept = published(home, CARD)
    told = watch(home)
    assert (told["policy"], told["champion"], told["over"]) == ("trial", kept.hash, False)
    assert (told["since"], told["until"]) == (format_moment(SINCE), format_moment(home_end(home)))
    (card,) = told["cards"]
    assert (card["hash"], card["role"], card["over"]) == (kept.hash, "champion", [])
    assert card["drift"]["rows"] == card["drift"]["expected_rows"] == LINES
    assert card["drift"]["psi"] < 0.1
    assert {card["drift"]["psi_level"], *card["drift"]["csi_level"].values()} == {"stable"}


def home_end(home: Home) -> int:
    """When anything last became known."""
    return int(home.slices().known.max())


def test_other_lines_are_told_with_the_facts_that_moved(home: Home) -> None:
    home.append(OTHER)
    published(home, CARD)
    told = watch(home)
    (card,) = told["cards"]
    assert told["over"]
    assert card["over"] == ["points", "drawn_30d"]
    assert card["drift"]["csi"]["employment"] < 0.01, "nobody said anything new of work"


def test_lines_are_measured_at_the_moment_asked_for(home: Home) -> None:
    home.append(OTHER)
    published(home, CARD)
    told = watch(home, card=CARD.hash, until=format_moment(TRAINED_AT))
    assert told["cards"][0]["drift"]["psi"] == pytest.approx(0)
    assert not told["over"]
    assert told["champion"] is None, "the card was not in force yet"
    days = watch(home, card=CARD.hash, until="2026-02-10")
    assert days["until"] == format_moment(TRAINED_AT)


def test_an_index_that_chance_alone_may_reach_raises_no_alarm() -> None:
    told = {
        "psi": 0.4,
        "psi_chance": 0.5,
        "csi": {"a": 0.3, "b": 0.3, "c": 0.2},
        "csi_chance": {"a": 0.1, "b": 0.3, "c": 0},
    }
    assert over(told) == ["a"]
    assert over(told | {"psi_chance": 0.1}) == ["points", "a"]


def test_lines_that_ended_and_lines_of_other_policies_are_not_measured(home: Home) -> None:
    ended = [Event("end", f"L{line:04}", SINCE + line, SINCE + line, LineEnded("requested")) for line in range(100)]
    home.append([*ALIKE, *ended])
    published(home, CARD)
    assert watch(home)["cards"][0]["drift"]["rows"] == LINES - 100
    home.put(POLICY_OF_LINE, {line: "trial" if place % 2 else "other" for place, line in enumerate(home.lines())})
    assert watch(home)["cards"][0]["drift"]["rows"] == (LINES - 100) / 2


def test_a_card_without_a_profile_says_so_and_is_watched_for_the_rest(home: Home) -> None:
    home.append([*ALIKE, *became({f"L{line:04}": line % 7 == 0 for line in range(LINES)}, 95)])
    published(home, by_draws())
    (card,) = watch(home)["cards"]
    assert card["drift"] is None
    assert "holds no profile" in card["drift_problem"]
    assert card["outcomes"]["rows"] == LINES


# -- outcomes ----------------------------------------------------------------------------------------


def test_observed_outcomes_are_set_against_the_score_before_them(home: Home) -> None:
    """Worked out here from facts measured by hand at the moment the card came into force."""
    bad = {f"L{line:04}": line % 4 == 0 for line in range(0, LINES, 2)}
    home.append([*OTHER, *became(bad, 95)])
    published(home, CARD)
    (card,) = watch(home)["cards"]
    found = card["outcomes"]
    assert (found["rows"], found["bad"], found["lines"]) == (LINES / 2, LINES / 4, LINES / 2)
    assert found["moments"] == [format_moment(SINCE)]
    made = LENIENT
    measured = measure(from_events([*OPENED, *USUAL]), made, SINCE, engine="python")
    points = compiled(CARD, made.types).points({name: measured[name] for name in CARD.facts})
    rows = np.arange(0, LINES, 2)
    defaulted = np.array([bad[f"L{row:04}"] for row in rows])
    assert found["auc"] == pytest.approx(measures.auc(points[rows], defaulted))
    assert found["foretold"] == pytest.approx(CARD.calibration.probability(points[rows]).mean())
    assert found["came"] == 0.5


def test_an_outcome_known_before_or_after_tells_nothing(home: Home) -> None:
    home.append([*ALIKE, *became({"L0000": True, "L0001": False}, 50), *became({"L0002": True}, 99)])
    published(home, CARD)
    (card,) = watch(home, until=format_moment(START + 98 * DAY))["cards"]
    assert card["outcomes"] is None
    assert "no outcome" in card["outcomes_problem"]
    assert card["drift"]["rows"] == LINES - 1, "who defaulted is not among the lines a training would take"


def test_what_the_training_called_bad_is_what_counts(home: Home) -> None:
    """Thirty days past due within twenty days: the first window ends on day 80, the second is not over."""
    late = [line for line in range(LINES) if line % 5 == 0]
    arrears = [
        Event("late", f"L{line:04}", START + 75 * DAY + line, START + 75 * DAY + line, ArrearsChanged(30, 9))
        for line in late
    ]
    home.append([*arrears, *ALIKE])
    published(home, profiled(by_draws(), window="20d", outcome="30dpd", standing="stated", statuses=["open"]))
    (card,) = watch(home)["cards"]
    assert card["outcomes_problem"] is None
    assert (card["outcomes"]["rows"], card["outcomes"]["bad"]) == (LINES, len(late))
    assert card["outcomes"]["moments"] == [format_moment(SINCE)]
    assert card["drift"]["rows"] == LINES, "cured by then: the last that was said is none overdue"


def test_windows_that_ended_are_all_taken(home: Home) -> None:
    home.append(ALIKE)
    home.append([Event("late", "L0000", LATER, LATER, ArrearsChanged(30, 9))])
    published(home, profiled(by_draws(), window="10d", outcome="30dpd", standing="stated", statuses=["open"]))
    (card,) = watch(home)["cards"]
    days = [format_moment(SINCE + 10 * n * DAY) for n in range(4)]
    assert card["outcomes"]["moments"] == days
    assert (card["outcomes"]["rows"], card["outcomes"]["lines"]) == (4 * LINES, LINES)
    assert (card["outcomes"]["bad"], card["outcomes"]["auc"] is None) == (1, False)


def test_outcomes_of_one_kind_only_are_counted_without_a_figure(home: Home) -> None:
    home.append([*ALIKE, *became({f"L{line:04}": False for line in range(9)}, 95)])
    published(home, CARD)
    found = watch(home)["cards"][0]["outcomes"]
    assert (found["rows"], found["bad"], found["auc"], found["came"]) == (9, 0, None, 0)


# -- which cards -------------------------------------------------------------------------------------


def test_challengers_are_watched_beside_the_champion(home: Home) -> None:
    home.append(ALIKE)
    first = published(home, CARD)
    second = published(home, profiled(by_arrears()), "challenger", "other.yaml")
    told = watch(home)
    assert [(card["hash"], card["role"]) for card in told["cards"]] == [
        (first.hash, "champion"), (second.hash, "challenger"),
    ]  # fmt: skip
    assert "shadow" not in told["cards"][0]
    assert told["cards"][1]["shadow"]["decisions"] == 0
    alone = watch(home, card=second.hash[:8])
    assert [card["hash"] for card in alone["cards"]] == [second.hash]


def test_a_policy_that_lost_a_fact_says_which(home: Home) -> None:
    home.append(ALIKE)
    published(home, CARD, "challenger")
    poorer = LENIENT.text.replace("employment: {last: profile.updated.employment}", "")
    home.publish("trial", "poorer", poorer, START + 80 * DAY)
    (card,) = watch(home)["cards"]
    assert "employment" in card["drift_problem"]
    assert card["outcomes"] is None


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "holds no published card"),
        ({"policy": "trial"}, "decides by no card published"),
        ({"policy": "nobodys"}, "is not published"),
        ({"card": "0" * 64}, "is not proposed here"),
    ],
)
def test_where_there_is_nothing_to_watch_it_is_said(home: Home, asked: dict[str, str], told: str) -> None:
    with pytest.raises(CreditlineError, match=told):
        watch(home, **asked)


def test_a_home_with_cards_of_several_policies_asks_which(home: Home) -> None:
    home.append(ALIKE)
    published(home, CARD)
    other = policy("other")
    home.publish(other.name, other.version, other.text, START)
    path = written(home.path, by_arrears(), "other.yaml")
    kept = propose(home, path, "other", by="Li Wei", role="challenger", now=SINCE)
    approve(home, kept.hash, by="Chen Jing", now=SINCE)
    with pytest.raises(CreditlineError, match="name one of: other, trial"):
        watch(home)
    assert watch(home, policy="trial")["policy"] == "trial"


def test_a_moment_that_is_none_is_refused(home: Home) -> None:
    published(home, CARD)
    for given, told in (("soon", "moment"), ("2026-02-30", "no date")):
        with pytest.raises(CreditlineError, match=told):
            watch(home, until=given)


def test_watching_writes_nothing(home: Home) -> None:
    home.append(ALIKE)
    published(home, CARD)
    before = state(home)
    watch(home)
    assert state(home) == before


def state(home: Home) -> Sequence[object]:
    return (home.position(), home.policies(), home.cards(), home.decisions(), home.get("run"))
