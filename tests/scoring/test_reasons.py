"""What a score is made of, and why it is not higher: exact sums, honest gains, and words people understand."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.errors import CreditlineError
from creditline.facts.expressions import Type
from creditline.i18n import LANGUAGES, Language, catalogue
from creditline.policy import load_policy, shipped_policies
from creditline.scoring import card as trained
from creditline.scoring.features import Feature, Features
from creditline.scoring.reasons import (
    Better,
    Kind,
    Reason,
    Scored,
    Span,
    bin_in_words,
    of_line,
    of_row,
    plain_reason,
    principal_reasons,
    read_words,
    reason_in_words,
    shares,
    value_in_words,
    words_of,
)
from creditline.scoring.scorecard import Scorecard, Steps, Term
from creditline.scoring.table import code_of

USED = Steps("utilisation", (300_000, 700_000, 950_000))
LATE = Steps("late_90d", (1, 2))
JOB = Steps("employment", (1, 3, 4))
DAYS = Steps("days_since", (15, 46))
CARD = Scorecard(
    600,
    (
        Term((USED,), (0, 15, 5, -5, -20)),
        Term((LATE,), (0, 0, -15, -40)),
        Term((JOB,), (-5, 15, 5, -10, -40)),
        Term((DAYS,), (21, -67, -30, 6)),
        Term((LATE, USED), (*[0] * 5, *[0] * 5, *[0] * 5, 0, 10, 0, 0, -8)),
    ),
)
JOBS = ("employed", "self_employed", "retired", "student")
KINDS = {
    "utilisation": Kind.of("utilisation", Type("number", 6), "ratio"),
    "late_90d": Kind.of("late_90d", Type("number"), "count"),
    "employment": Kind.of("employment", Type("choice", 0, JOBS)),
    "days_since": Kind.of("days_since", Type("number"), "days"),
}
POOR: dict[str, int | None] = {"utilisation": 970_000, "late_90d": 2, "employment": 3, "days_since": 20}


SINGLES = Scorecard(600, tuple(term for term in CARD.terms if len(term.axes) == 1))


def line(card: Scorecard = CARD, **values: int | None) -> Scored:
    return of_line(card, {**POOR, **values}, KINDS, {})


def reason(scored: Scored, fact: str) -> Reason:
    return next(each for each in principal_reasons(scored, 99) if each.said.fact == fact)


def better(found: Better | None, fact: str, lang: Language = "en") -> tuple[str, int] | None:
    return None if found is None else (bin_in_words(found.span, KINDS[fact], lang), found.gain)


# -- words ------------------------------------------------------------------------------------------


def test_a_fact_is_called_what_its_policy_says_then_what_the_catalogue_says_then_its_name() -> None:
    given_: dict[str, dict[str, str]] = {"utilisation": {"zh": "用了多少", "en": "How much is used"}}
    assert words_of("utilisation", "zh", given_) == "用了多少"
    assert words_of("utilisation", "zh") == "额度使用率"
    assert words_of("utilisation", "en") == "Share of the limit in use"
    assert words_of("no_such_fact", "zh", given_) == "no such fact"
    assert words_of("utilisation", "en", common=False) == "utilisation"


@pytest.mark.parametrize("name", shipped_policies())
def test_every_fact_a_shipped_policy_scores_has_words_in_both_languages(name: str) -> None:
    policy = load_policy(name)
    assert policy.scorecard is not None
    for lang in LANGUAGES:
        known = catalogue(lang)
        unnamed = [fact for fact in policy.scorecard.facts if fact not in policy.words and f"facts.{fact}" not in known]
        assert not unnamed, f"add facts.<name> to i18n/facts.{lang}.po, or words: to the policy"
        said = [words_of(fact, lang, policy.words) for fact in policy.scorecard.facts]
        assert len(set(said)) == len(said), "two facts called the same count as one reason"


SHARE, COUNT, MONEY = KINDS["utilisation"], KINDS["late_90d"], Kind("money", 2, (), "CNY")
FLAG = Kind.of("told", Type("flag"))
PLAIN = Kind()


@pytest.mark.parametrize(
    ("value", "kind", "en", "zh"),
    [
        (Decimal("0.923456"), SHARE, "92.3%", "92.3%"),
        (Decimal("0.00004"), SHARE, "0.004%", "0.004%"),
        (Decimal(0), SHARE, "0%", "0%"),
        (Decimal(-12), COUNT, "-12", "-12"),
        (Decimal("1234.50"), MONEY, "1,234.50 CNY", "1,234.50 CNY"),
        (Decimal("12000.00"), MONEY, "12,000 CNY", "12,000 CNY"),
        (Decimal(1), KINDS["days_since"], "1 day", "1 天"),
        (Decimal(1200), KINDS["days_since"], "1,200 days", "1,200 天"),
        (Decimal(6), Kind("months", 0), "6 months", "6 个月"),
        (Decimal("8.504321"), Kind("ratio", 6), "8.5", "8.5"),
        ("self_employed", KINDS["employment"], "self-employed", "自雇"),
        ("true", FLAG, "yes", "是"),
        ("< 0 DM", PLAIN, "< 0 DM", "< 0 DM"),
        ("true", PLAIN, "true", "true"),
        (None, SHARE, "no record", "无记录"),
    ],
)
def test_a_value_is_told_as_people_write_it(value: Any, kind: Kind, en: str, zh: str) -> None:
    assert (value_in_words(value, kind, "en"), value_in_words(value, kind, "zh")) == (en, zh)


def span(low: str | None = None, high: str | None = None, **more: Any) -> Span:
    below, above = (None if each is None else Decimal(each) for each in (low, high))
    return Span(below, above, **more)


@pytest.mark.parametrize(
    ("span_", "kind", "en", "zh"),
    [
        (span(None, "0.3"), SHARE, "below 30%", "低于 30%"),
        (span("0.3", "0.7"), SHARE, "30% to below 70%", "30% 以上但低于 70%"),
        (span("0.95", None), SHARE, "95% or more", "95% 及以上"),
        (span(None, "1"), COUNT, "0", "0"),
        (span(None, "1"), Kind("score", 0), "below 1", "低于 1"),
        (span("3", "4"), COUNT, "3", "3"),
        (span("3", "6"), KINDS["days_since"], "3 to 5 days", "3 至 5 天"),
        (span("580", "650"), Kind("score", 0), "580 to 649", "580 至 649"),
        (span("1000.00", "1000.01"), MONEY, "1,000 CNY", "1,000 CNY"),
        (span("0.500000", "0.500001"), SHARE, "50%", "50%"),
        (span(), PLAIN, "any value", "任何数值"),
        (span(None, "0.03255555555555556"), PLAIN, "below 0.0325556", "低于 0.0325556"),
        (span(missing=True), SHARE, "no record", "无记录"),
        (span(other=True), PLAIN, "anything else", "其他"),
        (span(choices=("employed", "retired")), KINDS["employment"], "employed, retired", "受雇、退休"),
    ],
)
def test_a_bin_is_told_by_its_limits(span_: Span, kind: Kind, en: str, zh: str) -> None:
    assert (bin_in_words(span_, kind, "en"), bin_in_words(span_, kind, "zh")) == (en, zh)


@given(st.integers(-(10**8), 10**8), st.integers(-(10**8), 10**8))
def test_a_rounded_value_is_never_told_as_one_of_another_bin(number: int, limit: int) -> None:
    value, edge = Decimal(number).scaleb(-6), Decimal(limit).scaleb(-6)
    held = Span(high=edge) if value < edge else Span(low=edge)
    for kind, scale in ((SHARE, 100), (Kind("ratio", 6), 1)):
        said = value_in_words(value, kind, "en", held).replace(",", "").rstrip("%")
        assert held.holds(Decimal(said) / scale)
        assert bool(Decimal(said)) == bool(number), "something is never told as nothing"


def test_words_for_columns_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text("income: {zh: 月收入, en: Monthly income}\nrate: Rate\n1: {en: One}\n", encoding="utf-8")
    assert read_words(path) == {
        "income": {"zh": "月收入", "en": "Monthly income"}, "rate": {"zh": "Rate", "en": "Rate"}, "1": {"en": "One"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["- income", "income: 3", "income: {fr: revenu}", "income: {en: ''}", "income: {}", "a: b: c"]
)
def test_what_are_no_words_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CreditlineError, match=r"words\.yaml.*write lines like"):
        read_words(path)
    with pytest.raises(CreditlineError, match="cannot be read"):
        read_words(tmp_path / "none.yaml")


# -- reasons ----------------------------------------------------------------------------------------


def test_shares_and_base_add_up_to_the_score_and_costs_to_the_distance_from_the_best() -> None:
    scored = line()
    parts = shares(scored)
    assert scored.base + sum(each.points for each in parts) == scored.points == 600 - 20 - 40 - 10 - 30 - 8
    assert scored.points == CARD.points_of(POOR)
    assert [(each.facts[0].fact, each.cost) for each in parts] == [
        ("days_since", 51), ("employment", 25), ("late_90d", 40), ("utilisation", 35), ("late_90d", 18),
    ]  # fmt: skip


def test_reasons_stand_by_cost_and_are_at_most_four() -> None:
    five = Scorecard(
        0,
        tuple(
            Term((Steps(name, (1,)),), (0, cost, 0)) for name, cost in zip("abcde", (-1, -5, -3, -5, 0), strict=True)
        ),
    )
    kinds = dict.fromkeys("abcde", Kind("count", 0))
    worst = of_line(five, dict.fromkeys("abcde", 0), kinds, {})
    assert [(each.said.fact, each.cost) for each in principal_reasons(worst)] == [
        ("b", 5),
        ("d", 5),
        ("c", 3),
        ("a", 1),
    ]
    assert [each.said.fact for each in principal_reasons(worst, 2)] == ["b", "d"]
    assert principal_reasons(of_line(five, dict.fromkeys("abcde", 1), kinds, {})) == []


def test_a_reason_names_the_nearest_better_value_and_the_best() -> None:
    found = reason(line(SINGLES), "utilisation")
    assert (found.cost, found.beside) == (35, ())
    assert better(found.next, "utilisation") == ("below 95%", 15)
    assert better(found.best, "utilisation") == ("below 30%", 35)
    assert reason_in_words(line(SINGLES), found, "en") == (
        "Share of the limit in use: 97%; costs 35 points. Below 95% would give 15 more, below 30% would give 35 more."
    )
    assert reason_in_words(line(SINGLES), found, "zh") == (
        "额度使用率：97%；少得 35 分。若低于 95%，可多得 15 分；若低于 30%，可多得 35 分。"
    )


def test_where_the_nearest_better_value_is_the_best_it_is_named_once() -> None:
    found = reason(line(SINGLES, utilisation=400_000), "utilisation")
    assert found.next is None
    assert better(found.best, "utilisation") == ("below 30%", 10)


def test_a_choice_names_every_best_choice_and_no_code_that_is_none() -> None:
    found = reason(line(), "employment")
    assert (better(found.best, "employment"), found.next) == (("employed", 25), None)
    card = Scorecard(0, (Term((Steps("employment", (1, 3, 4)),), (0, 7, -9, 7, 50)),))

    def only(choices: tuple[str, ...]) -> tuple[Reason, Scored]:
        kind = Kind.of("employment", Type("choice", 0, choices))
        scored = of_line(card, {"employment": 1}, {"employment": kind}, {})
        return principal_reasons(scored)[0], scored

    four, scored = only(JOBS)
    assert better(four.best, "employment") == ("employed, student", 16)
    assert (four.cost, shares(scored)[0].best) == (16, 7), "no choice has the code above them all"
    five, scored = only((*JOBS, "unemployed"))
    assert (better(five.best, "employment"), five.cost) == (("out of work", 59), 59)


def test_no_record_is_no_value_to_strive_for_but_counts_as_the_best_reachable() -> None:
    found = reason(line(), "days_since")
    assert found.cost == 51
    assert better(found.best, "days_since") == ("46 days or more", 36)
    known = reason(line(days_since=50), "days_since")
    assert (known.cost, better(known.best, "days_since")) == (15, ("no record", 15))
    unknown = line(employment=None)
    assert reason(unknown, "employment").cost == 20
    said = reason_in_words(unknown, reason(unknown, "employment"), "en")
    assert said == "Employment: no record; costs 20 points. Employed would give 20 more."


def test_a_pair_counts_with_the_costlier_of_its_facts() -> None:
    scored = line()
    late = reason(scored, "late_90d")
    # 40 for being late twice; the pair gives 10 at best only to those late twice, so both are not had at once.
    assert (late.cost, late.beside) == (48, ("utilisation",))
    assert better(late.best, "late_90d") == ("0", 48)
    assert "together with Share of the limit in use" in reason_in_words(scored, late, "en")
    assert reason(scored, "utilisation").cost == 35
    used = reason(line(days_since=None, employment=0), "utilisation")
    assert better(used.best, "utilisation") == ("below 30%", 53), "the gain is that of all terms it stands in"


def test_facts_called_the_same_are_one_reason() -> None:
    card = Scorecard(
        0, tuple(Term((Steps(name, (1,)),), (0, -10 - n, n)) for n, name in enumerate(("dpd", "late", "x")))
    )
    kinds = dict.fromkeys(("dpd", "late", "x"), Kind("count", 0))
    values = dict.fromkeys(("dpd", "late", "x"), 0)
    same = {"zh": "逾期", "en": "Being late"}
    found = principal_reasons(of_line(card, values, kinds, {"dpd": same, "late": same}))
    assert [(each.said.fact, each.cost, each.beside) for each in found] == [("late", 22, ("dpd",)), ("x", 14, ())]
    apart = principal_reasons(of_line(card, values, kinds, {"dpd": same, "late": {**same, "zh": "迟还"}}))
    assert [each.said.fact for each in apart] == ["x", "late", "dpd"]


def test_many_facts_beside_one_are_named_in_part() -> None:
    names = ("a", "b", "c", "d", "e")
    cells = (0, 0, 0, 0, -20, -20, 0, 5, 0)
    terms = [Term((Steps("a", (5,)), Steps(name, (5,))), cells) for name in names[1:]]
    scored = of_line(
        Scorecard(0, (Term((Steps("a", (5,)),), (0, -50, 0)), *terms)),
        dict.fromkeys(names, 3),
        dict.fromkeys(names, Kind("count", 0)),
        {},
    )
    (only,) = principal_reasons(scored)
    assert only.beside == ("b", "c", "d", "e")
    assert "together with b, c, d and 1 more" in reason_in_words(scored, only, "en")
    assert "连同b、c、d及另外 1 项" in reason_in_words(scored, only, "zh")


def test_a_reason_for_programs_says_it_in_both_languages() -> None:
    scored = line(SINGLES)
    said = plain_reason(scored, reason(scored, "utilisation"))
    assert said["value"] == "0.97"
    assert said["words"] == {"zh": "额度使用率", "en": "Share of the limit in use"}
    assert said["next"] == {"values": {"zh": "低于 95%", "en": "below 95%"}, "gain": 15}
    assert (said["cost"], said["with"], said["best"]["gain"]) == (35, [], 35)
    assert said["text"]["zh"].startswith("额度使用率：97%")


limits = st.sets(st.integers(-20, 60), max_size=4).map(lambda each: tuple(sorted(each)))
points = st.integers(-60, 60)
FACTS = ("debt", "late", "used")


@st.composite
def scorecards(draw: st.DrawFn) -> Scorecard:
    terms = []
    for facts in [(fact,) for fact in FACTS] + [("debt", "late"), ("late", "used")]:
        if draw(st.booleans()):
            axes = tuple(Steps(fact, draw(limits)) for fact in facts)
            size = math.prod(axis.size for axis in axes)
            terms.append(Term(axes, tuple(draw(st.lists(points, min_size=size, max_size=size)))))
    return Scorecard(draw(points), tuple(terms))


@given(scorecards(), st.fixed_dictionaries({fact: st.one_of(st.none(), st.integers(-25, 65)) for fact in FACTS}))
def test_what_is_offered_raises_the_score_by_just_what_is_said(card: Scorecard, values: dict[str, int | None]) -> None:
    kinds = {fact: Kind("number", 0) for fact in FACTS}
    scored = of_line(card, values, kinds, {})
    parts = shares(scored)
    assert scored.points == card.points_of(values) == card.base + sum(each.points for each in parts)
    assert [each.cost for each in parts] == [term.best - term.points_of(values) for term in card.terms]
    found = principal_reasons(scored, 9)
    assert sum(each.cost for each in found) <= sum(each.cost for each in parts)
    for each in found:
        fact = each.said.fact
        for offer in (each.next, each.best):
            if offer is None:
                continue
            gains = [
                card.points_of({**values, fact: value}) - scored.points
                for value in ((None,) if offer.span.missing else range(-40, 80))
                if value is None or offer.span.holds(Decimal(value))
            ]
            assert min(gains) == offer.gain
            assert offer is each.next or max(gains) == offer.gain
        most = max(card.points_of({**values, fact: value}) for value in (None, *range(-40, 80)))
        assert (each.best is None) == (most == scored.points)
        known = max(card.points_of({**values, fact: value}) for value in range(-40, 80))
        if each.best is not None and known > scored.points:
            assert each.best.gain == known - scored.points


# -- a trained card over a person's table -----------------------------------------------------------

REFUSED = code_of("refused")
TABLE_CARD = trained.Card(
    "ebm",
    500,
    (
        trained.Term((trained.Axis("x", (0.0, 0.5), (0.5, REFUSED)),), (-3, 1, 4, 9, 40, -20)),
        trained.Term((trained.Axis("home", choices=(("own", "free"), ("rent",))),), (0, 12, -9, -3)),
        trained.Term(
            (trained.Axis("home", choices=(("own",),)), trained.Axis("x", (0.25,), (REFUSED,))), tuple(range(12))
        ),
    ),
    source={"kind": "raw", "columns": {"x": "number", "home": "text"}, "special": [0.5, "refused"]},
)


def rows(*said: tuple[float | None, str | None]) -> Features:
    homes = sorted({home for _, home in said if home})
    codes = np.array([-1 if home is None else homes.index(home) for _, home in said], np.int64)
    numbers = np.array([math.nan if x is None else x for x, _ in said])
    return Features({"x": Feature(numbers), "home": Feature(None, codes, tuple(homes))}, len(said))


def test_a_row_of_a_table_is_told_by_its_own_columns() -> None:
    table = rows((REFUSED, "rent"), (0.31, "own"), (None, None), (0.1, "boat"))
    every = TABLE_CARD.points(table).tolist()
    for row in range(4):
        scored = of_row(TABLE_CARD, table, row, {"x": {"en": "Exposure"}})
        assert scored.points == every[row] == scored.base + sum(each.points for each in shares(scored))
    refused = of_row(TABLE_CARD, table, 0, {"x": {"en": "Exposure"}})
    (x, _) = principal_reasons(refused)
    assert reason_in_words(refused, x, "en") == (
        "Exposure: refused; costs 59 points, together with home. 0.5 or more would give 28 more."
    )
    assert x.said.value == "refused"
    other = of_row(TABLE_CARD, table, 3, {})
    told = {part.facts[0].fact: part for part in shares(other) if len(part.facts) == 1}
    assert bin_in_words(told["home"].facts[0].span, PLAIN, "en") == "anything else"
    assert (
        reason_in_words(other, reason(other, "home"), "en") == "home: boat; costs 15 points. free would give 15 more."
    )


def test_a_special_value_is_never_offered() -> None:
    scored = of_row(TABLE_CARD, rows((0.7, "own")), 0, {})
    assert [each.said.fact for each in principal_reasons(scored)] == ["x"]
    found = principal_reasons(scored)[0]
    assert found.cost >= 31
    assert found.best is not None
    assert found.best.span.choices == ("0.5",), "only where nothing else is better"
    lower = principal_reasons(of_row(TABLE_CARD, rows((0.3, "own")), 0, {}))[0]
    assert lower.best is not None
    assert lower.best.span.choices is None
