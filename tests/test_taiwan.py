"""The Taiwan panel as events, run through its policy, judged by what followed; nothing of the truth may leak."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from creditline.cli import app
from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events import taiwan
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    DrawBooked,
    LineOpened,
    OutcomeObserved,
    RepaymentReceived,
    StatementClosed,
)
from creditline.events.taiwan_file import Panel, read_panel
from creditline.lines.replay import run
from creditline.policy import load_policy, read_policy
from creditline.scoring.recipe import fold_numbers
from creditline.service.outcomes import report
from creditline.service.panel import import_panel
from creditline.service.run import run_home
from creditline.store import Home
from tests.panels import made_up, write_csv

REAL = Path(__file__).parents[2] / "shared" / "data" / "taiwan" / "default_of_credit_card_clients.csv.gz"
SEED = 7
"""As in taiwan-panel.train.yaml."""


def one_line(**months: list[int]) -> list[Event]:
    """Events of a line with these states, bills and payments from April to September, in whole dollars."""
    fields = {name: np.array([values]) for name, values in months.items()}
    panel = Panel(np.array([1]), np.array([10_000]), **fields, defaulted=np.array([True]))
    return next(taiwan.events(panel))


LATE = one_line(
    state=[-2, 0, 1, 2, 0, -1],
    bill=[0, 3_000, 4_000, 4_000, 500, -20],
    paid=[0, 0, 600, 0, 3_600, 500],
)


def bodies(kind: type) -> list[object]:
    return [event.body for event in LATE if isinstance(event.body, kind)]


def test_a_line_opens_in_april_with_its_limit() -> None:
    assert LATE[0].body == LineOpened(1_000_000)
    assert format_moment(LATE[0].at, "+08:00") == "2005-04-01T00:00:00+08:00"


def test_each_month_closes_with_a_statement_at_its_last_second() -> None:
    statements = [event for event in LATE if isinstance(event.body, StatementClosed)]
    assert [format_moment(event.at, "+08:00")[5:19] for event in statements] == [
        "04-30T23:59:59", "05-31T23:59:59", "06-30T23:59:59", "07-31T23:59:59", "08-31T23:59:59", "09-30T23:59:59",
    ]  # fmt: skip
    assert statements[3].body == StatementClosed(400_000, 0, 2, "behind")
    assert [event.body.settlement for event in statements if isinstance(event.body, StatementClosed)] == [
        "nothing_owed", "revolving", "behind", "behind", "revolving", "paid_in_full",
    ]  # fmt: skip


def test_arrears_are_said_when_they_change_and_cleared_when_over() -> None:
    assert bodies(ArrearsChanged) == [
        ArrearsChanged(30, 240_000),  # 3,000 billed before, 600 paid
        ArrearsChanged(60, 400_000),
        ArrearsChanged(0, 0),
    ]


def test_draws_are_what_the_bill_grew_by_beyond_what_was_paid() -> None:
    assert bodies(DrawBooked) == [DrawBooked(300_000), DrawBooked(160_000), DrawBooked(10_000)]


def test_principal_is_what_is_left_after_the_most_interest_there_could_be() -> None:
    assert bodies(RepaymentReceived) == [
        RepaymentReceived(60_000, 55_000),  # a 60th of 3,000.00 off
        RepaymentReceived(360_000, 353_333),
        RepaymentReceived(50_000, 49_166),
    ]


def test_a_month_becomes_known_when_it_ends_in_one_visit() -> None:
    known = Counter(event.known for event in LATE)
    assert len(known) == 8, "the opening, six months, the outcome"
    assert all(event.at <= event.known for event in LATE)


def test_the_outcome_lies_after_everything_else() -> None:
    assert isinstance(LATE[-1].body, OutcomeObserved)
    assert format_moment(LATE[-1].known, "+08:00")[:10] == "2005-10-31"
    assert max(event.known for event in LATE[:-1]) < taiwan.OBSERVED < LATE[-1].at


def test_ids_are_unique_within_a_line_and_the_same_every_time() -> None:
    again = next(taiwan.events(made_up(50), 50))
    assert again == next(taiwan.events(made_up(50), 50))
    assert max(Counter((event.line, event.id) for event in again).values()) == 1


def imported(path: Path, panel: Panel) -> Home:
    home = Home.open(path)
    import_panel(home, panel, "made up")
    return home


def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    home = imported(tmp_path, made_up(20))
    again = import_panel(home, made_up(20), "made up")
    assert again.accepted == 0
    assert again.duplicates == home.position()


def test_another_panel_in_the_same_home_is_refused(tmp_path: Path) -> None:
    home = imported(tmp_path, made_up(20))
    with pytest.raises(CreditlineError, match="a home of its own"):
        import_panel(home, made_up(20, seed=4), "other.csv")


def test_the_truth_of_a_fold_changes_no_decision_on_it(tmp_path: Path) -> None:
    panel = made_up()
    fold = fold_numbers(len(panel), 3, SEED)
    flipped = replace(panel, defaulted=np.where(fold == 2, ~panel.defaulted, panel.defaulted))
    told = []
    for name, each in (("as it is", panel), ("flipped", flipped)):
        home = imported(tmp_path / name, each)
        run_home(home, folds=3)
        told.append({line: home.decisions(line) for line in home.lines()})
    mine = [line for line, number in zip(sorted(told[0]), fold, strict=True) if number == 2]
    others = [line for line in told[0] if line not in set(mine)]
    assert [told[0][line] for line in mine] == [told[1][line] for line in mine]
    points = [[d.points for line in others for d in each[line]] for each in told]
    assert points[0] != points[1], "the other folds do learn from it, or this test would prove nothing"


def test_a_planted_truth_is_not_read(tmp_path: Path) -> None:
    """Outcomes are not in the slices at all: not even one said to be known long before."""
    home = imported(tmp_path, made_up(20))
    line = home.lines()[0]
    early = taiwan.OPENED + 1
    home.append([Event("leak", line, early, early, OutcomeObserved(True))])
    slices = home.slices()
    assert 110 not in slices.kind
    assert "leak" not in (slices.ids or ())


def test_a_policy_that_reads_the_truth_is_refused() -> None:
    text = load_policy("taiwan-panel").text.replace("facts:\n", "facts:\n  leak: {count: outcome.observed}\n", 1)
    with pytest.raises(CreditlineError, match="tells the outcome"):
        read_policy(text)


def test_running_past_the_last_day_before_the_outcome_is_refused(tmp_path: Path) -> None:
    home = imported(tmp_path, made_up(60))
    with pytest.raises(CreditlineError, match="outcomes begin after it"):
        run_home(home, until=taiwan.OUTCOME_AT)


def test_every_decision_can_be_made_again_from_the_version_it_names(tmp_path: Path) -> None:
    home = imported(tmp_path, made_up(300))
    run_home(home, folds=2)
    texts = {published.version: published.source for published in home.policies()}
    for line in home.lines()[:15]:
        decided = home.decisions(line)
        (version,) = {each.policy for each in decided}
        again = run(home.slices([line]), read_policy(texts[version]), taiwan.OBSERVED, engine="python").decisions()
        assert again == decided


def test_a_line_without_an_outcome_is_run_but_judged_in_no_figure(tmp_path: Path) -> None:
    home = imported(tmp_path, made_up(120))
    events = [event for event in next(taiwan.events(made_up(121), 121)) if event.line == "taiwan-00121"]
    home.append([event for event in events if not isinstance(event.body, OutcomeObserved)])
    assert run_home(home, folds=2).lines == 121
    made = report(home)
    assert (made.unjudged, made.outcomes.all.lines) == (1, 120)


def test_a_report_after_new_events_asks_for_a_new_run(tmp_path: Path) -> None:
    home = imported(tmp_path, made_up(60))
    with pytest.raises(CreditlineError, match="creditline run"):
        report(home)
    run_home(home, folds=2)
    home.append([Event("late", "taiwan-00001", taiwan.OBSERVED, taiwan.OBSERVED, DrawBooked(1))])
    with pytest.raises(CreditlineError, match="run the policy again"):
        report(home)


def test_the_three_commands_from_file_to_page(tmp_path: Path) -> None:
    panel = made_up(150)
    file = write_csv(tmp_path / "panel.csv", panel)
    where = ["--home", str(tmp_path / "home")]
    cli = CliRunner()
    assert cli.invoke(app, ["import", "taiwan", str(file), *where], catch_exceptions=False).exit_code == 0
    ran = cli.invoke(app, ["run", "--folds", "2", *where], catch_exceptions=False)
    assert "150 lines" in ran.output
    shown = cli.invoke(app, ["report", "outcomes", *where, "--lang", "zh"], catch_exceptions=False)
    assert "按规则" in shown.output
    page = (tmp_path / "home" / "reports" / "outcomes.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in page
    assert 'href="outcomes.en.html"' in page
    told = json.loads(cli.invoke(app, ["report", "outcomes", *where, "--json"], catch_exceptions=False).output)
    assert told["lines"] == 150
    assert told["defaulted"] == int(panel.defaulted.sum())
    assert told["closed"] == told["closed_defaulted"] + told["closed_good"] > 0
    assert told["alternatives"]["score_alone"]["lines"] == told["closed"]
    assert 0.5 < told["auc"] < 1
    assert 0 < told["ks"] < 1


def test_a_wrong_file_leaves_no_home_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = CliRunner().invoke(app, ["import", "taiwan", str(tmp_path / "none.csv"), "--home", str(home)])
    assert isinstance(result.exception, CreditlineError)
    assert not home.exists()


@pytest.mark.slow
@pytest.mark.skipif(
    not REAL.is_file(), reason="the panel is not at hand; UCI Machine Learning Repository 350 offers it"
)
def test_on_the_real_panel_the_policy_beats_both_plain_ways(tmp_path: Path) -> None:
    home = imported(tmp_path, read_panel(REAL))
    summary = run_home(home)
    figures = report(home).outcomes
    assert (figures.all.lines, figures.all.defaulted) == (30_000, 6_636)
    assert summary.auc is not None
    assert summary.auc > 0.78
    assert figures.ks is not None
    assert figures.ks > 0.43
    plain = figures.any_arrears
    assert figures.closed.defaulted >= plain.defaulted, "no fewer defaults caught"
    assert figures.closed.good < 0.85 * plain.good, "far fewer good lines closed"
    assert figures.closed.good <= figures.score_alone.good


def test_a_policy_without_a_recipe_runs_as_it_is(tmp_path: Path) -> None:
    home = imported(tmp_path, made_up(40))
    summary = run_home(home, "consumer-line", until=taiwan.OBSERVED)
    assert (summary.policy, summary.folds, summary.lines) == ("consumer-line", 0, 40)
    assert {each.policy for line in home.lines() for each in home.decisions(line)} == {
        load_policy("consumer-line").version
    }
    assert report(home).outcomes.all.lines == 40
    with pytest.raises(CreditlineError, match="trains nothing here"):
        run_home(home, "consumer-line", folds=3)


def test_an_empty_home_says_what_to_do_first(tmp_path: Path) -> None:
    with pytest.raises(CreditlineError, match="creditline import"):
        run_home(Home.open(tmp_path))
