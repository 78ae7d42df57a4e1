"""Training on the log of a home: borrowers made up with a known truth, from events to a card and its figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.clock import parse_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    DrawBooked,
    InstalmentSettled,
    LineOpened,
    OutcomeObserved,
    ScoreReported,
    StatementClosed,
)
from creditline.i18n import LANGUAGES
from creditline.policy import load_policy, read_policy, shipped_policies
from creditline.policy.behaviour import additions, behaviour, helpers, with_behaviour, with_facts, words
from creditline.replay.observation import REASONS
from creditline.scoring.card import read_card
from creditline.scoring.compiled import compiled
from creditline.scoring.crossval import stratified
from creditline.scoring.inputs import InputError
from creditline.scoring.sensitive import sensitive
from creditline.scoring.woe import fit_woe
from creditline.service.training import Asked, from_home, library_facts, moment_of
from creditline.store import Home

DAY = 86_400_000_000
START = parse_moment("2026-01-01T00:00:00+08:00")
LINES = 160
BAD_LINES = 3
"""Lines of ten that fall behind now and then."""

MOMENTS = "2026-07-15,2026-12-15,2027-05-15"

POLICY = """
policy: made-up
title: {zh: 虚构, en: Made up}
facts:
  late_90d: {count: instalment.settled, where: days_late > 3, window: 90d}
  drawn_90d: {sum: draw.booked.amount, window: 90d}
  score: {last: score.reported.score}
  score_age: {age: score.reported}
  seen: {count: line.opened}
scorecard:
  base: 600
  facts: {late_90d: {missing: 0, bins: [{points: 0}]}}
rules: []
incident: {code: T20, reason: {zh: 故障, en: fault}}
"""


def life(number: int) -> Iterator[Event]:
    """Two years of one line; the careless settle late and are 30 days past due some months after it."""
    chance = np.random.default_rng(number)
    careless = number % 10 < BAD_LINES
    line = f"line-{number:03d}"

    def told(day: int, body: Any, name: str) -> Event:
        at = START + day * DAY + number
        return Event(f"{name}-{day}", line, at, at, body)

    yield told(0, LineOpened(1_000_000), "opened")
    for month in range(23):
        day = 30 * month + 5
        wrong = careless and chance.random() < 0.5
        yield told(day, DrawBooked(int(chance.integers(1, 100)) * 1000), "draw")
        yield told(day + 1, ScoreReported(int(chance.integers(500, 700)) - 40 * careless), "score")
        yield told(day + 2, InstalmentSettled(1000, int(chance.integers(4, 20)) if wrong else 0), "settled")
        yield told(day + 3, StatementClosed(int(chance.integers(1, 500)) * 1000, 1000, int(wrong), "revolving"), "bill")
        if careless and chance.random() < 0.12:
            yield told(day + 4, ArrearsChanged(45, 1000), "behind")
            yield told(day + 9, ArrearsChanged(0, 0), "cured")
    yield told(700, OutcomeObserved(careless and chance.random() < 0.8), "outcome")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with Home.open(folder) as opened:
        assert opened.append([event for number in range(LINES) for event in life(number)]).accepted > LINES
    (folder / "made-up.yaml").write_text(POLICY, encoding="utf-8")
    return folder


def asked(home: Path, **changes: Any) -> Asked:
    first = Asked(str(home / "made-up.yaml"), ("2026-07-15", "2026-12-15", "2027-05-15"), "150d", "30dpd")
    return replace(first, **changes)


def command(home: Path, *more: str, kind: str = "woe") -> Result:
    words = ["scorecard", "train", "--home", str(home), "--policy", str(home / "made-up.yaml"), "--kind", kind]
    usual = {"--observe": MOMENTS, "--window": "150d", "--outcome": "30dpd", "--folds": "3", "--seed": "5"}
    usual["--standing"] = "stated"
    words += [word for option, value in usual.items() if option not in more for word in (option, value)]
    return CliRunner().invoke(app, [*words, *more])


def trained(home: Path, *more: str, kind: str = "woe") -> dict[str, Any]:
    result = command(home, "--json", *more, kind=kind)
    assert result.exit_code == 0, result.output + str(result.exception)
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def test_rows_come_from_the_log_with_the_truth_they_were_made_with(home: Path) -> None:
    with Home.open(home) as opened:
        found = from_home(opened, asked(home))
    assert found.features.rows == len(found.bad) == 3 * LINES - sum(found.about["left_out"].values())
    careless = np.array([int(line[-3:]) % 10 < BAD_LINES for line in found.observed.lines])
    assert not found.bad[~careless].any()
    assert 0.2 < found.bad[careless].mean() < 0.9
    late = found.features.columns["late_90d"].numbers
    assert late is not None
    assert late[careless].mean() > 1
    assert late[~careless].max() == 0
    assert found.dropped == {"seen": "says the same in every row"}
    assert found.about["observed"][0] == "2026-07-15T00:00:00+08:00"


@pytest.mark.parametrize("kind", ["woe", "ebm"])
def test_training_prints_figures_out_of_fold_and_out_of_time(home: Path, kind: str) -> None:
    got = trained(home, "--hold-out", "2027-05-01", kind=kind)
    assert 0.75 < got["auc"] < 1
    late = got["out_of_time"]
    assert 0.75 < late["auc"] < 1
    assert (late["rows"], got["rows"]) == (got["rows_held_out"], got["moments"][0]["rows"] + got["moments"][1]["rows"])
    assert late["from"] == "2027-05-15T00:00:00+08:00"
    assert late["rows_of_lines_trained_on"] == late["rows"]
    assert late["auc_other_lines"] is None
    assert {
        "policy",
        "policy_version",
        "observed",
        "window",
        "outcome",
        "data_sha256",
        "log_mark",
        "seed",
    } <= got.keys()


def test_the_same_seed_gives_the_same_card_whatever_the_order_of_moments(home: Path, tmp_path: Path) -> None:
    first = trained(home, "--out", str(tmp_path / "a.yaml"))
    second = trained(
        home, "--observe", "2027-05-15,2026-07-15", "--observe", "2026-12-15", "--out", str(tmp_path / "b.yaml")
    )
    assert first["card_hash"] == second["card_hash"]
    assert (tmp_path / "a.yaml").read_bytes() == (tmp_path / "b.yaml").read_bytes()
    other = trained(home, "--seed", "6", "--out", str(tmp_path / "c.yaml"))
    assert other["card_hash"] != first["card_hash"]
    assert other["data_sha256"] == first["data_sha256"], "the data are the same"
    assert trained(home, "--window", "60d")["data_sha256"] != first["data_sha256"], "other outcomes"


def test_the_card_says_how_it_was_trained(home: Path, tmp_path: Path) -> None:
    got = trained(home, "--hold-out", "2027-05-01", "--out", str(tmp_path / "a.yaml"))
    said = read_card(tmp_path / "a.yaml").training
    assert (said["policy"], said["policy_version"]) == ("made-up", read_policy(POLICY).version)
    assert said["observed"] == ["2026-07-15T00:00:00+08:00", "2026-12-15T00:00:00+08:00", "2027-05-15T00:00:00+08:00"]
    assert (said["window"], said["outcome"], said["seed"]) == ("150d", "30dpd", 5)
    assert (said["rows"], said["bad"]) == (got["rows"], got["bad"])
    assert said["data_sha256"] == got["data_sha256"]
    assert said["version"]
    assert said["out_of_time"]["auc"] == got["out_of_time"]["auc"]
    assert said["out_of_fold"]["auc"] == got["auc"]
    assert said["profile"]["rows"] == got["rows"]


def test_rows_held_out_take_no_part_in_the_card(home: Path, tmp_path: Path) -> None:
    """The card is the one trained where the last moment was never observed."""
    trained(home, "--hold-out", "2027-05-01", "--out", str(tmp_path / "a.yaml"))
    trained(home, "--observe", "2026-07-15,2026-12-15", "--out", str(tmp_path / "b.yaml"))
    first, second = (yaml.safe_load((tmp_path / name).read_text()) for name in ("a.yaml", "b.yaml"))
    for name in ("base", "facts", "calibration"):
        assert first[name] == second[name]
    assert first["training"]["out_of_fold"] == second["training"]["out_of_fold"]


def test_windows_that_reach_into_the_time_held_out_are_warned_of(home: Path) -> None:
    moments = ("--observe", "2026-12-15,2027-04-15", "--hold-out", "2027-04-01", "--window")
    near, far = command(home, *moments, "180d"), command(home, *moments, "120d")
    assert (near.exit_code, far.exit_code) == (0, 0), (near.exception, far.exception)
    assert "Mind: the windows of 160 rows" in near.stderr
    assert "Mind: the windows" not in far.stderr


def test_an_outcome_the_log_tells_is_learned_from_too(home: Path) -> None:
    got = trained(home, "--observe", "2027-10-01", "--window", "90d", "--outcome", "observed", "--until", "2028-01-01")
    assert got["rows"] == LINES
    assert got["auc"] > 0.75
    assert got["bad"] == sum(life_ends_bad(number) for number in range(LINES))


def life_ends_bad(number: int) -> bool:
    return any(isinstance(event.body, OutcomeObserved) and event.body.defaulted for event in life(number))


def test_lines_under_another_policy_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = spoiled(tmp_path / "home")
    with Home.open(folder) as opened:
        opened.put("policy_of_line", {line: "made-up" if line < "line-100" else "another" for line in opened.lines()})
        found = from_home(opened, asked(folder, standing="stated"))
        with pytest.raises(CreditlineError, match="choose among another, made-up"):
            from_home(opened, asked(folder, policy="consumer-line"))
    assert found.about["lines_of_other_policies"] == LINES - 100
    assert set(found.observed.lines) <= {f"line-{number:03d}" for number in range(100)}


def test_without_json_figures_are_a_table_and_what_was_not_observed_is_told(home: Path) -> None:
    result = command(home, "--hold-out", "2027-05-01", "--observe", f"{MOMENTS},2027-11-20")
    assert result.exit_code == 0, result.exception
    assert "made-up, 30dpd 150d" in result.stdout
    assert "Out of time, from 2027-05-15" in result.stdout
    assert "the window is not over by the end of the log" in result.stderr
    assert "Left out: seen says the same in every row." in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "t.csv"], "not on both"),
        (["--bad", "1"], "means nothing with --home"),
        (["--special", "-1"], "means nothing with --home"),
        (["--latest", "lowest"], "means nothing with --home"),
        (["--observe", "soon"], "write it like 2026-03-01"),
        (["--observe", "2026-02-30"], "is no date"),
        (["--observe", "2026-07-15T00:00:00"], "add the offset"),
        (["--observe", "2020-01-01"], "160 not opened"),
        (["--observe", "2027-12-01"], "window not over"),
        (["--observe", ","], "names no moment"),
        (["--window", "150"], "write it like 180d or 12mo"),
        (["--outcome", "bad"], "write it like 90dpd, or observed"),
        (["--hold-out", "2026-01-01"], "leaves 0 rows before it"),
        (["--hold-out", "2028-01-01"], "leaves 0 rows from then on"),
        (["--features", "raw"], "choose policy or behaviour"),
        (["--standing", "believed"], "choose decided or stated"),
        (["--status", "terminated"], "choose among applied, open, frozen, closed"),
        (["--status", "closed"], "leaves no line to observe"),
        (["--drop", "lat_90d"], "did you mean 'late_90d'?"),
        (["--drop", "late_90d,drawn_90d,score,score_age"], "leave at least one column"),
        (["--allow", "age=the law lets it"], "is no such column"),
        (["--folds", "400"], "lines of both outcomes"),
    ],
)
def test_what_cannot_be_taken_says_what_can(home: Path, words: list[str], said: str) -> None:
    result = command(home, *words)
    assert isinstance(result.exception, CreditlineError), result.output
    assert said in str(result.exception)
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--home", "no-such-home", "--policy", "x", "--observe", "x", "--window", "x", "--outcome", "x"],
            "is no home",
        ),
        (["--home", "x"], "--policy"),
        (["--data", "t.csv", "--target", "t"], "--bad"),
        (["--data", "t.csv", "--target", "t", "--bad", "1", "--window", "30d"], "means nothing without --home"),
        ([], "or --home for a home's log"),
    ],
)
def test_a_home_and_a_table_are_asked_for_by_options_of_their_own(words: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["scorecard", "train", "--kind", "woe", *words])
    assert isinstance(result.exception, CreditlineError), result.output
    assert said in str(result.exception)


# --- leaks, and what may not be scored ------------------------------------------------------------------------------


def spoiled(folder: Path, *more: Event) -> Path:
    """The same lives with more events in their log."""
    with Home.open(folder) as opened:
        opened.append([*(event for number in range(LINES) for event in life(number)), *more])
    (folder / "made-up.yaml").write_text(POLICY, encoding="utf-8")
    return folder


def test_a_fact_that_was_overwritten_after_the_outcome_is_refused_until_someone_answers_for_it(
    home: Path, tmp_path: Path
) -> None:
    """A report dated before the moment, as known then, that says who went bad later: a log rewritten afterwards."""
    t = parse_moment("2026-12-15T00:00:00+08:00")
    with Home.open(home) as opened:
        found = from_home(opened, asked(home, observe=("2026-12-15",)))
    gone = {line for line, bad in zip(found.observed.lines, found.bad.tolist(), strict=True) if bad}
    rewritten = [
        Event(f"rewritten-{line}", line, t - DAY, t - DAY, ScoreReported(100 if line in gone else 800))
        for line in found.observed.lines
    ]
    other = spoiled(tmp_path / "home", *rewritten)
    result = command(other, "--observe", "2026-12-15")
    assert isinstance(result.exception, CreditlineError)
    assert "fact score" in str(result.exception)
    assert "looks like a leak" in str(result.exception)
    assert "score" in trained(other, "--observe", "2026-12-15", "--drop", "score")["dropped"]
    got = trained(other, "--observe", "2026-12-15", "--allow", "score=the bureau confirmed the date")
    assert got["suspects"] == {"score": 1.0}
    refused = command(other, "--observe", "2026-12-15", "--allow", "score=")
    assert "gives no reason" in str(refused.exception)


def test_the_same_report_told_after_the_moment_changes_no_figure(home: Path, tmp_path: Path) -> None:
    t = parse_moment("2026-12-15T00:00:00+08:00")
    late = [
        Event(f"late-{n:03d}", f"line-{n:03d}", t - DAY, t + DAY, ScoreReported(100 if n % 10 < BAD_LINES else 800))
        for n in range(LINES)
    ]
    other = spoiled(tmp_path / "home", *late)
    first, second = (trained(each, "--observe", "2026-12-15") for each in (home, other))
    assert first["data_sha256"] == second["data_sha256"]
    assert first["auc"] == second["auc"]


def test_facts_that_say_who_a_person_is_are_refused_by_name_and_the_age_of_an_event_is_none(
    home: Path, tmp_path: Path
) -> None:
    text = POLICY.replace(
        "  seen:", "  owner_age: {last: score.reported.score}\n  is_married: {count: draw.booked}\n  seen:"
    )
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    result = command(home, "--policy", str(path))
    assert "is_married (marriage), owner_age (age)" in str(result.exception)
    assert "--allow owner_age=REASON" in str(result.exception)
    got = trained(home, "--policy", str(path), "--drop", "is_married", "--allow", "owner_age=the law lets it")
    assert got["allowed"] == {"owner_age": "the law lets it"}
    assert "score_age" not in got["dropped"], "how long ago an event was"


# --- the library of behavioural facts -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_policies())
def test_the_library_fits_every_shipped_policy(name: str) -> None:
    policy = load_policy(name)
    made = with_behaviour(policy)
    assert set(made.by_name) == set(policy.by_name) | set(behaviour())
    assert made.rules == policy.rules
    assert made.version != policy.version
    assert all(made.words[fact] == words()[fact] for fact in additions(policy))


def test_every_fact_of_the_library_has_its_words_and_says_nothing_of_the_person() -> None:
    assert set(words()) == set(behaviour())
    assert helpers() <= set(behaviour())
    for said in words().values():
        assert all(said[lang].strip() for lang in LANGUAGES)
    ages = {name for name, why in sensitive(behaviour()).items() if why != "age"}
    assert not ages
    for lang in LANGUAGES:
        told = [words()[name][lang] for name in behaviour()]
        assert len(set(told)) == len(told), "each has words of its own"


def test_a_name_the_policy_has_keeps_its_meaning_and_what_would_read_it_is_left_out() -> None:
    text = POLICY.replace("  seen:", "  draws_6m: {count: draw.requested}\n  drawn_6m: *\n  seen:")
    text = text.replace("*", str(dict(behaviour()["drawn_6m"])))
    policy = read_policy(text)
    added = additions(policy)
    assert "draws_6m" not in added
    assert "draws_trend" not in added, "it would read draws asked for"
    assert "drawn_6m" not in added, "it is there"
    assert "drawn_trend" in added, "the policy's own means the same"
    assert with_behaviour(policy).by_name["draws_6m"].text == {"count": "draw.requested"}
    assert set(additions(policy, {"repaid_of_drawn_6m"})) == {"repaid_6m", "repaid_of_drawn_6m"}


def test_a_policy_on_one_line_says_what_to_do() -> None:
    flat = read_policy(
        POLICY.replace(
            POLICY[POLICY.index("facts:") : POLICY.index("scorecard:")], "facts: {a: {count: draw.booked}}\n"
        ).replace("late_90d", "a")
    )
    with pytest.raises(CreditlineError, match="on a line of its own"):
        with_behaviour(flat)


def test_behaviour_is_measured_point_in_time_and_a_card_over_it_fits_the_policy_with_its_facts(
    home: Path, tmp_path: Path
) -> None:
    moments = "2026-07-15,2026-12-15"
    files = "--out", str(tmp_path / "c.yaml"), "--report", str(tmp_path / "c.html")
    got = trained(home, "--observe", moments, "--features", "behaviour", *files)
    assert got["columns"] > 40
    assert got["dropped"]["bills_6m"] == "only serves other facts"
    card = read_card(tmp_path / "c.yaml")
    facts = card.training["library_facts"]
    assert set(card.facts) <= set(facts) | set(read_policy(POLICY).by_name)
    of_library = set(card.facts) & set(behaviour())
    assert of_library
    page = (tmp_path / "c.html").read_text(encoding="utf-8")
    assert all(words()[name]["en"] in page for name in of_library)
    made = read_policy(with_facts(POLICY, facts))
    assert compiled(card, made.types).facts == card.facts
    with Home.open(home) as opened:
        found = from_home(opened, asked(home, observe=("2026-07-15",), features="behaviour"))
    line = found.observed.lines.index("line-011")
    known = [event for event in life(11) if event.known <= moment_of("", "2026-07-15", 8 * 3_600_000_000)]
    draws = [event.body.amount for event in known if isinstance(event.body, DrawBooked)]
    bills = [event.body.balance for event in known if isinstance(event.body, StatementClosed)]
    assert found.observed.columns["draw_largest_6m"][line] == max(draws[-6:])
    assert found.observed.columns["use_now"][line] == bills[-1]
    assert found.observed.columns["balance_peak_3m"][line] == max(bills[-3:])


# --- folds of whole lines -------------------------------------------------------------------------------------------


def test_rows_of_one_line_are_in_one_fold_and_folds_have_about_as_many_bad() -> None:
    chance = np.random.default_rng(4)
    line = chance.integers(0, 300, 1500)
    bad = chance.random(1500) < np.where(line % 7 == 0, 0.5, 0.02)
    fold = stratified(bad, 5, 3, line)
    assert all(len(set(fold[line == each])) == 1 for each in np.unique(line))
    most = max(int(bad[line == each].sum()) for each in np.unique(line))
    bads = np.bincount(fold[bad])
    assert bads.max() - bads.min() <= most
    assert (fold == stratified(bad, 5, 3, line)).all()
    assert (fold != stratified(bad, 5, 4, line)).any()
    assert (stratified(bad, 5, 3, np.arange(1500)) == stratified(bad, 5, 3)).all(), "lines of one row are rows"


def test_too_few_lines_of_an_outcome_for_the_folds_are_refused_though_there_are_rows() -> None:
    line = np.repeat(np.arange(20), 5)
    bad = line < 2
    with pytest.raises(InputError, match="lines of both outcomes"):
        stratified(bad, 3, 1, line)
    mixed = np.isin(np.arange(100) % 5, [0]) & (line < 3)
    assert len(np.unique(stratified(mixed, 3, 1, line))) == 3


def test_a_line_scored_out_of_fold_never_taught_the_card_that_scores_it(home: Path) -> None:
    with Home.open(home) as opened:
        ready = from_home(opened, asked(home))
    features, bad, line = ready.training()
    fold = stratified(bad, 4, 9, line)
    for number in range(4):
        assert not set(line[fold == number]) & set(line[fold != number])
    card = fit_woe(features, bad, seed=9)
    assert library_facts(ready, card) == {}


def test_every_reason_has_its_words_in_both_languages() -> None:
    from creditline.cli.scorecard.given import why_left_out
    from creditline.i18n import text

    for lang in LANGUAGES:
        assert len({text(f"training.why_{reason}", lang) for reason in REASONS}) == len(REASONS)
        told = {why_left_out(why, lang) for why in ("is no number, choice or flag", "only serves other facts")}
        assert len(told | {why_left_out("says the same as dpd", lang)}) == 3
        assert "dpd" in why_left_out("says the same as dpd", lang)
