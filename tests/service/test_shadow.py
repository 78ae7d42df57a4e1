"""Challengers in the shadow: the same facts, their own points, no part in any decision."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from creditline.lines.decision import Decision
from creditline.lines.replay import Run
from creditline.lines.succession import InForce, run_in_force
from creditline.policy import load_policy, read_policy
from creditline.scoring.card import Card
from creditline.scoring.compiled import compiled
from creditline.service.cards import approve, end, propose
from creditline.service.shadow import Shadowed, as_many, cutoffs, numbers_of, record, shadow_report
from creditline.store import Home, ProposedCard
from tests.service.scored import DAY, START, became, by_arrears, by_draws, lived, policy, written

UNTIL = START + 130 * DAY
LINES = 60


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        base = policy()
        opened.publish(base.name, base.version, base.text, START)
        opened.append(lived(LINES))
        yield opened


def versions(cutoff: int = 540) -> list[InForce]:
    return [InForce(policy(), START), InForce(policy(cutoff=cutoff), START + 60 * DAY)]


def decided(home: Home, *, until: int = UNTIL, under: Sequence[InForce] | None = None) -> list[Run]:
    """Run the policy's versions over the home and put the decisions in place, as ``creditline run`` does."""
    runs = run_in_force(home.slices(), under or versions(), until, engine="python")
    for each in under or versions():
        home.publish(each.policy.name, each.policy.version, each.policy.text, each.since)
    home.record([decision for run in runs for decision in run.decisions()], home.lines())
    return runs


def running(home: Home, card: Card, policy_name: str = "trial", name: str = "card.yaml") -> ProposedCard:
    path = written(home.path, card, name)
    kept = propose(home, path, policy_name, by="Li Wei", role="challenger", now=UNTIL)
    return approve(home, kept.hash, by="Chen Jing", now=UNTIL, role="challenger")


def by_place(home: Home, card: ProposedCard) -> dict[tuple[str, int], tuple[int, int]]:
    found = home.shadows(card.number)
    cells = zip(found.lines, found.numbers.tolist(), found.champion.tolist(), found.points.tolist(), strict=True)
    return {(line, number): (champion, points) for line, number, champion, points in cells}


def test_every_decision_has_the_challengers_points_on_its_own_facts(home: Home) -> None:
    """Worked out here from the facts each decision says it was made on, one by one."""
    challenger = running(home, by_draws())
    runs = decided(home)
    told = record(home, runs)
    assert [(each.card, each.problem) for each in told] == [(challenger, None)] * 2
    card = compiled(by_draws(), policy().types)
    expected = {(d.line, d.number): (d.points, card.points_of(d.facts)) for d in home.decisions()}
    assert by_place(home, challenger) == expected
    assert sum(each.decisions for each in told) == len(expected) > 2 * LINES
    assert len({points for _, points in expected.values()}) > 10


def test_numbers_count_on_through_successive_versions(home: Home) -> None:
    runs = decided(home)
    for run in runs:
        told = [(decision.line, decision.number) for decision in run.decisions()]
        lines = [run.slices.lines[row] for row in run.rows[:, 0].tolist()]
        assert list(zip(lines, numbers_of(run).tolist(), strict=True)) == told
    assert len(runs[1].rows) > 10


def test_a_challenger_changes_no_decision(home: Home) -> None:
    decided(home)
    before = home.decisions()
    running(home, by_draws())
    record(home, decided(home))
    assert home.decisions() == before


def test_a_run_made_again_leaves_the_same_shadows(home: Home) -> None:
    challenger = running(home, by_draws())
    record(home, decided(home))
    once = by_place(home, challenger)
    record(home, decided(home))
    assert by_place(home, challenger) == once
    runs = decided(home, until=START + 40 * DAY)
    record(home, runs)
    record(home, runs)
    fewer = by_place(home, challenger)
    assert fewer == {key: said for key, said in once.items() if key in fewer}
    assert 0 < len(fewer) < len(once)


def test_only_approved_challengers_of_the_policy_run(home: Home) -> None:
    waiting = propose(home, written(home.path, by_draws()), "trial", by="Li Wei", role="challenger", now=UNTIL)
    withdrawn = running(home, by_arrears(), name="other.yaml")
    end(home, withdrawn.hash, by="Li Wei", why="no better", now=UNTIL)
    runs = decided(home)
    assert record(home, runs) == []
    assert [len(home.shadows(each.number).points) for each in (waiting, withdrawn)] == [0, 0]
    other = load_policy("consumer-line")
    assert record(home, run_in_force(home.slices(), [InForce(other, START)], START + DAY, engine="python")) == []


def test_a_version_without_the_challengers_facts_is_told_and_stops_nothing(home: Home) -> None:
    challenger = running(home, by_draws())
    poorer = policy().text.replace("employment: {last: profile.updated.employment}", "")
    under = [InForce(policy(), START), InForce(read_policy(poorer), START + 60 * DAY)]
    runs = decided(home, under=under)
    first, second = record(home, runs)
    assert first == Shadowed(challenger, len(runs[0].rows))
    assert (second.decisions, "employment" in (second.problem or "")) == (0, True)
    assert len(by_place(home, challenger)) == len(runs[0].rows)


# -- the report --------------------------------------------------------------------------------------


def test_the_same_card_in_the_shadow_agrees_in_everything(home: Home) -> None:
    """By other words the champion's own points, 7 more for everybody."""
    challenger = running(home, by_arrears(0, 0, 0, -100, base=607))
    record(home, decided(home))
    told = shadow_report(home, challenger)
    assert told["decisions"] == len(home.decisions())
    assert told["lines"] == LINES
    assert told["correlation"] == pytest.approx(1)
    assert told["rank_correlation"] == pytest.approx(1)
    assert {row["otherwise"] for row in told["rules"]} == {0}
    assert told["outcomes"] is None


def test_what_would_fall_otherwise_is_counted_by_rule(home: Home) -> None:
    """Counted here again decision by decision, from what is kept of each."""
    challenger = running(home, by_draws())
    record(home, decided(home))
    points = {key: said for key, (_, said) in by_place(home, challenger).items()}
    told = {(row["code"], row["cutoff"]): row for row in shadow_report(home, challenger)["rules"]}
    strict = versions()[1].policy.version
    asked: dict[tuple[str, int], list[Decision]] = {("T10", 520): [], ("T10", 540): [], ("reopen", 560): []}
    for decision in home.decisions():
        if decision.status_before in ("open", "frozen", "closed"):
            asked["T10", 540 if decision.policy == strict else 520].append(decision)
        if decision.status_before == "closed":
            asked["reopen", 560].append(decision)
    assert told.keys() == asked.keys()
    for key, decisions in asked.items():
        row = told[key]
        champion = [each.points is not None and each.points < key[1] for each in decisions]
        other = [points[each.line, each.number] < row["challenger_cutoff"] for each in decisions]
        assert (row["decisions"], row["below"], row["challenger_below"]) == (len(decisions), sum(champion), sum(other))
        alone = sum(a and not b for a, b in zip(champion, other, strict=True))
        apart = sum(b and not a for a, b in zip(champion, other, strict=True))
        assert (row["only_champion"], row["only_challenger"], row["otherwise"]) == (alone, apart, alone + apart)
    assert sum(row["otherwise"] for row in told.values()) > 0


def test_both_are_judged_by_the_last_decision_before_the_outcome(home: Home) -> None:
    """What became of lines is dealt by what they drew, so that the challenger knows and the champion guesses."""
    challenger = running(home, by_draws())
    record(home, decided(home))
    day = 50
    last = {}
    for decision in home.decisions():
        if decision.at < START + day * DAY:
            last[decision.line] = decision
    shadows = by_place(home, challenger)
    said = {line: shadows[line, decision.number] for line, decision in last.items()}
    ranked = sorted(said, key=lambda line: said[line][1])
    bad = {line: place < 20 for place, line in enumerate(ranked)}
    home.append(became(bad, day))
    told = shadow_report(home, challenger)["outcomes"]
    assert (told["rows"], told["bad"]) == (LINES, 20)
    areas = [area([said[line][card] for line in ranked], [bad[line] for line in ranked]) for card in (0, 1)]
    assert [told["champion_auc"], told["challenger_auc"]] == pytest.approx(areas)
    assert told["difference"] == pytest.approx(areas[1] - areas[0])
    assert told["low"] < told["difference"] < told["high"]
    assert told["challenger_auc"] > told["champion_auc"] + 0.1
    early = shadow_report(home, challenger, until=START + (day - 1) * DAY)
    assert early["outcomes"] is None, "an outcome not known yet tells nothing"
    assert early["decisions"] == sum(each.at <= START + (day - 1) * DAY for each in home.decisions())
    late = shadow_report(home, challenger, since=START + 100 * DAY)
    assert late["decisions"] == sum(each.at >= START + 100 * DAY for each in home.decisions())
    assert late["outcomes"] is None, "a score given after the outcome foretells nothing"


def area(points: Sequence[int], bad: Sequence[bool]) -> float:
    pairs = [
        (p, q)
        for p, is_bad in zip(points, bad, strict=True)
        if is_bad
        for q, other in zip(points, bad, strict=True)
        if not other
    ]
    return sum((q > p) + 0.5 * (q == p) for p, q in pairs) / len(pairs)


def test_without_a_decision_there_is_nothing_to_say(home: Home) -> None:
    told = shadow_report(home, running(home, by_draws()))
    assert (told["decisions"], told["correlation"], told["rules"], told["outcomes"]) == (0, None, [], None)


def test_as_many_are_refused_or_as_nearly_so_as_ties_allow() -> None:
    points = np.array([500, 500, 510, 520, 520, 520], np.int64)
    told = {number: as_many(points, number) for number in range(7)}
    assert told == {0: 500, 1: 500, 2: 510, 3: 520, 4: 520, 5: 521, 6: 521}
    for seed in range(200):
        dice = random.Random(seed)
        many = np.array([dice.randrange(400, 420) for _ in range(dice.randrange(1, 40))], np.int64)
        wanted = dice.randrange(len(many) + 1)
        best = min(abs(int((many < cutoff).sum()) - wanted) for cutoff in range(399, 422))
        assert abs(int((many < as_many(many, wanted)).sum()) - wanted) == best


def test_cut_offs_are_read_off_the_conditions_of_a_policy() -> None:
    line = ("open", "frozen", "closed")
    assert list(cutoffs(load_policy("consumer-line"))) == [
        ("T10", 520, ("applied", *line)), ("U01", 640, ("open",)), ("A01", 600, ("applied",)),
        ("reopen", 560, ("closed",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("points < 520", [520]),
        ("points <= 520", [521]),
        ("520 > points", [520]),
        ("points > 570.5", [571]),
        ("points < 520.5", [521]),
        ("not points >= 500 or dpd > 3", [500]),
        ("points between 400 and 500", [400, 501]),
        ("dpd > 3", []),
        ("points = 500", []),
    ],
)
def test_however_a_condition_is_written_it_parts_the_same_points(when: str, expected: list[int]) -> None:
    made = read_policy(policy().text.replace("points < 520", when))
    assert [cutoff for code, cutoff, _ in cutoffs(made) if code == "T10"] == expected
