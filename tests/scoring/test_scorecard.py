"""A trained card, its whole numbers, its place in a policy file and the kernel: one score."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.events.kinds import NULL
from creditline.lines.kernel import kernel_of
from creditline.lines.scores import scores
from creditline.policy import PolicyErrors, read_policy
from creditline.policy.compiler import fact_order
from creditline.policy.model import Policy
from creditline.scoring.card import Axis as CardAxis
from creditline.scoring.card import Card, CardError
from creditline.scoring.card import Term as CardTerm
from creditline.scoring.compiled import as_features, compiled
from creditline.scoring.scorecard import Axis, Scorecard, Steps, Term, every_limit, term
from creditline.scoring.written import card_text, with_card

POLICY = """
policy: scored
title: {zh: 评分, en: Scored}
facts:
  owed: {last: statement.closed.balance}
  draws: {count: draw.booked, window: 30d}
  job: {last: profile.updated.employment}
  verified: {last: party.identified.verified}
  share: {sql: "draws / 7"}
scorecard: {base: 500, facts: {draws: {bins: [{points: 0}]}}}
rules:
  - {code: T10, when: draws > 5, then: close, cooling_off: 30d, reason: {zh: 借款多, en: Many draws}}
incident: {code: T20, reason: {zh: 修复中, en: Under repair}}
"""
PLACES = {"owed": 2, "draws": 0, "verified": 0, "share": 6}
JOBS = ("employed", "self_employed", "student", "retired", "unemployed")


def numbers(fact: str) -> st.SearchStrategy[float]:
    """Decimals a fact of so many places may be compared with, now and then finer than it can be."""
    whole = st.integers(-2_000, 2_000)
    return st.builds(lambda n, p: float(Decimal(n).scaleb(-p)) + 0.0, whole, st.integers(0, PLACES[fact] + 1))


@st.composite
def axes(draw: st.DrawFn, fact: str) -> CardAxis:
    if fact == "job":
        order = draw(st.permutations(JOBS))
        cut = draw(st.integers(0, 3))
        groups = [tuple(order[:cut]), tuple(order[cut : cut + 1])]
        return CardAxis(fact, choices=tuple(group for group in groups if group))
    below = sorted(draw(st.sets(numbers(fact), max_size=5)))
    exact = st.integers(-2_000, 2_000).map(lambda n: float(Decimal(n).scaleb(-PLACES[fact])) + 0.0)
    return CardAxis(fact, tuple(below), tuple(sorted(draw(st.sets(exact, max_size=2)))))


@st.composite
def cards(draw: st.DrawFn) -> Card:
    facts = draw(st.lists(st.sampled_from((*PLACES, "job")), min_size=1, max_size=4, unique=True))
    asked = [(fact,) for fact in facts]
    if len(facts) > 1:
        asked.append(tuple(sorted(facts[:2])))  # type: ignore[arg-type]
    if draw(st.booleans()):
        asked = asked[1:]  # a fact of a pair need not stand alone
    terms = []
    for names in asked:
        found = tuple(draw(axes(name)) for name in names)
        size = int(np.prod([axis.size for axis in found]))
        terms.append(CardTerm(found, tuple(draw(st.lists(st.integers(-50, 50), min_size=size, max_size=size)))))
    return Card("woe", draw(st.integers(-900, 900)), tuple(terms))


@pytest.fixture(scope="module")
def policy() -> Policy:
    return read_policy(POLICY)


def values_for(card: Card, policy: Policy, data: st.DataObject) -> dict[str, list[int]]:
    """A few lines; numbers lie mostly at the limits of the card."""
    columns = {}
    for fact in policy.facts:
        if fact.name == "job":
            one = st.integers(0, len(JOBS) - 1)
        elif fact.name == "verified":
            one = st.integers(0, 1)
        else:
            near = [
                int(Decimal(repr(limit)).scaleb(PLACES[fact.name]))
                for each in card.terms
                for axis in each.axes
                if axis.fact == fact.name
                for limit in (*axis.below, *axis.special)
            ]
            ends = [-(2**63) + 1, 2**63 - 1, 0]
            one = st.one_of(st.sampled_from([*near, *ends]), st.integers(-3, 3)).flatmap(
                lambda n: st.just(n) if abs(n) > 2**62 else st.integers(n - 1, n + 1)
            )
        columns[fact.name] = data.draw(st.lists(st.one_of(one, st.just(NULL)), min_size=6, max_size=6))
    return columns


@settings(max_examples=150)
@given(st.data())
def test_a_card_gives_the_same_score_wherever_it_is_worked_out(data: st.DataObject) -> None:
    policy = read_policy(POLICY)
    card = data.draw(cards())
    columns = values_for(card, policy, data)
    whole = compiled(card, policy.types)
    lines = [
        {name: None if column[row] == NULL else column[row] for name, column in columns.items()} for row in range(6)
    ]
    expected = [whole.points_of(line) for line in lines]
    arrays = {name: np.array(column, np.int64) for name, column in columns.items()}
    assert whole.points(arrays).tolist() == expected
    written = read_policy(with_card(POLICY, whole, policy.types))
    assert written.scorecard == whole
    kernel = kernel_of(written).function("score", "python")
    cells = {name: cell for cell, name in enumerate(fact_order(written))}
    for row, points in enumerate(expected):
        f = np.array([*(columns[name][row] for name in cells), *[0] * (len(cells) + 9)], np.int64)
        assert kernel(f, whole.table(cells)) == points


@settings(max_examples=60)
@given(st.data())
def test_whole_numbers_score_as_the_trained_card_does(data: st.DataObject) -> None:
    """Up to fifteen digits a decimal and its floating-point number stand in the same order."""
    policy = read_policy(POLICY)
    card = data.draw(cards())
    columns = {
        name: np.where(np.abs(np.array(column, np.float64)) > 1e14, NULL, np.array(column, np.int64))
        for name, column in values_for(card, policy, data).items()
    }
    assert (
        compiled(card, policy.types).points(columns).tolist()
        == card.points(as_features(columns, policy.types)).tolist()
    )


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), unique=True, max_size=40), st.data())
@settings(max_examples=25, deadline=None)
def test_the_compiled_lookup_finds_the_same_places_anywhere_in_int64(limits: list[int], data: st.DataObject) -> None:
    steps = Steps("owed", tuple(sorted(limits)))
    card = Scorecard(7, (Term((steps,), tuple(range(steps.size))),))
    drawn = data.draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30))
    close = [value + step for value in limits for step in (-1, 0, 1) if -(2**63) <= value + step < 2**63]
    columns = {"owed": np.array([*drawn, *close, NULL, 0], np.int64)}
    assert scores(card, columns, engine="numba").tolist() == card.points(columns).tolist()


def test_the_compiled_lookup_adds_pairs_of_facts() -> None:
    rng = np.random.default_rng(3)
    rows, columns = Axis("a", (0, 10, 500)), Axis("b", (5,), special=(-1,))
    pair = term([rows, columns], rng.integers(-30, 30, rows.size * columns.size).tolist())
    card = Scorecard(100, (pair, term([rows], [0, 1, 2, 3, 4]), term([Axis("c", (3,))], [9, -4, 4])))
    lines = {name: rng.integers(-3, 600, 5_000) for name in "abc"}
    lines["a"][::7] = NULL
    assert scores(card, lines, engine="numba").tolist() == card.points(lines).tolist()


def test_reasons_are_the_terms_that_cost_the_most_against_the_best() -> None:
    card = Scorecard(600, tuple(term([Axis(name, (1,))], [0, -10 * n, 5]) for n, name in enumerate("abcdef")))
    reasons = card.reasons(dict.fromkeys("abcdef", 0))
    assert [(each.facts, cost) for each, cost in reasons] == [
        (("f",), 55), (("e",), 45), (("d",), 35), (("c",), 25),
    ]  # fmt: skip
    assert card.reasons(dict.fromkeys("abcdef", 1)) == []
    assert 600 + sum(points for _, points in card.shares(dict.fromkeys("abcdef", 0))) == card.points_of(
        dict.fromkeys("abcdef", 0)
    )


def test_limits_finer_than_a_fact_leave_the_bin_between_them_empty(policy: Policy) -> None:
    """No number of draws lies between 1.2 and 1.7."""
    card = Card("woe", 0, (CardTerm((CardAxis("draws", (1.2, 1.7)),), (0, 1, 2, 3)),))
    whole = compiled(card, policy.types)
    assert [whole.points_of({"draws": n}) for n in (1, 2)] == [1, 3]


def test_cards_of_several_folds_wake_a_line_at_the_limits_of_all() -> None:
    one = Scorecard(1, (term([Axis("a", (3, 9))], [0, 1, 2, 3]),))
    other = Scorecard(2, (term([Axis("a", (5,)), Axis("b", (1,))], list(range(9))),))
    assert every_limit([one, other]).limits == {"a": (3, 5, 9), "b": (1,)}
    assert every_limit([one, other]).highest == 0


@pytest.mark.parametrize(
    ("axis", "says"),
    [
        (CardAxis("owned", (1.0,)), "is no fact the policy can score"),
        (CardAxis("job", (1.0,)), "are not what the fact is"),
        (CardAxis("draws", choices=(("a",),)), "are not what the fact is"),
        (CardAxis("job", choices=(("pirate",),)), "is not one of its choices"),
        (CardAxis("draws", (), (0.5,)), "is a value it never takes"),
    ],
)
def test_a_card_that_does_not_fit_the_policy_is_refused(policy: Policy, axis: CardAxis, says: str) -> None:
    card = Card("woe", 0, (CardTerm((axis,), tuple(range(axis.size))),))
    with pytest.raises(CardError, match=re.escape(says)):
        compiled(card, policy.types, "card.yaml")


def test_a_card_in_a_policy_file_is_written_for_people(policy: Policy) -> None:
    card = Scorecard(
        480,
        (
            term([Axis("share", (250_000,))], [-3, 12, 0]),
            term([Axis("job", choices=((0, 3), (2,)))], [0, 9, -3, 5]),
            term([Axis("draws", (2,)), Axis("job", choices=((4,),))], [0, 0, 0, 1, 2, 3, 4, 5, 6]),
        ),
    )
    text = card_text(card, policy.types, ["Trained on simulated borrowers."])
    assert text.splitlines()[:5] == [
        "scorecard:",
        "  # Trained on simulated borrowers.",
        "  base: 480",
        "  facts:",
        "    job: {missing: 0, bins: [{is: [employed, retired], points: 9}, {is: [student], points: -3}, {points: 5}]}",
    ]
    assert "    share: {missing: -3, bins: [{below: 0.25, points: 12}, {points: 0}]}" in text
    assert read_policy(POLICY.replace(re.search(r"scorecard:.*\n", POLICY)[0], text)).scorecard == card  # type: ignore[index]


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ("{base: 1, facts: {}, pairs: [{rows: {fact: draws}, columns: {fact: owed, below: [1]}, points: [[1]]}]}",
         "the table must have 2 rows of 3 points"),
        ("{base: 1, facts: {}, pairs: [{rows: {fact: owed}, columns: {fact: draws}, points: [[1, 2], [3, 4]]}]}",
         "owed and draws must be two facts in order of name, once"),
        ("{base: 1, facts: {}, pairs: [{rows: {fact: drws}, columns: {fact: owed}, points: []}]}",
         "unknown fact 'drws' (did you mean 'draws'?)"),
        ("{base: 1, facts: {owed: {bins: [{points: 1}], special: [{value: 0.001, points: 2}]}}}",
         "0.001 is a value it never takes"),
        ("{base: 1, facts: {job: {bins: [{is: [employed], points: 1}, {below: 3, points: 2}, {points: 0}]}}}",
         "the last bin, and only it, has no 'is'"),
        ("{base: 1, facts: {job: {bins: [{is: [astronaut], points: 1}, {points: 0}]}}}",
         "'astronaut' is not one of the choices"),
        ("{base: 1, facts: {draws: {bins: [{below: 2, points: 1.5}, {points: 0}]}}}",
         "points must be a whole number"),
    ],
)  # fmt: skip
def test_mistakes_in_a_policys_card_are_told(card: str, says: str) -> None:
    text = re.sub(r"scorecard:.*\n", f"scorecard: {card}\n", POLICY)
    with pytest.raises(PolicyErrors, match=re.escape(says)):
        read_policy(text)


def test_words_for_facts_are_in_both_languages_and_name_facts_that_are_there() -> None:
    words = "words: {draws: {zh: 借款次数, en: number of draws}}\n"
    assert read_policy(POLICY + words).words == {"draws": {"zh": "借款次数", "en": "number of draws"}}
    with pytest.raises(PolicyErrors, match="the Chinese text"):
        read_policy(POLICY + "words: {draws: {en: number of draws}}\n")
    with pytest.raises(PolicyErrors, match="unknown fact 'drows'"):
        read_policy(POLICY + words.replace("draws:", "drows:"))
