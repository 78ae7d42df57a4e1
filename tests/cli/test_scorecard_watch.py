"""``creditline scorecard watch``: what it prints, and the exit status a scheduler goes by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.cli.scorecard import watch as command
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES
from creditline.lines.succession import InForce, run_in_force
from creditline.service.shadow import record
from creditline.store import Home
from tests.service.scored import START, became, by_arrears, by_draws
from tests.service.test_watching import ALIKE, CARD, LENIENT, LINES, OPENED, OTHER, USUAL, profiled, published


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    with Home.open(path) as home:
        home.publish(LENIENT.name, LENIENT.version, LENIENT.text, START)
        home.append([*OPENED, *USUAL])
    return path


def typed(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["scorecard", "watch", "--home", str(folder), *words], env={"COLUMNS": "120"})


def test_steady_lines_end_with_status_0(folder: Path) -> None:
    with Home.open(folder) as home:
        home.append(ALIKE)
        published(home, CARD)
    result = typed(folder)
    assert result.exit_code == 0, result.output
    assert "Nothing is over the upper level." in result.output
    for said in (CARD.hash[:12], "points (PSI)", "2 of 2 facts are stable", "stable"):
        assert said in result.output


def test_lines_that_moved_end_with_status_1_and_say_what_moved(folder: Path) -> None:
    with Home.open(folder) as home:
        home.append(OTHER)
        published(home, CARD)
    result = typed(folder)
    assert result.exit_code == command.STATUS_OVER == 1
    said = f"Over the upper level: Scorecard {CARD.hash[:12]}, champion: points (PSI), drawn_30d (CSI)."
    assert said in result.output
    assert "1 of 2 facts are stable" in result.output
    told = json.loads(typed(folder, "--json").stdout)
    assert (told["over"], told["cards"][0]["over"]) == (True, ["points", "drawn_30d"])
    assert typed(folder, "--json").exit_code == 1


def test_outcomes_and_shadows_are_told_where_there_are_any(folder: Path) -> None:
    with Home.open(folder) as home:
        bad = {f"L{line:04}": line % 4 == 0 for line in range(0, LINES, 2)}
        home.append([*ALIKE, *became(bad, 95)])
        published(home, CARD)
        published(home, profiled(by_arrears()), "challenger", "other.yaml")
    before = typed(folder).output
    assert "AUC (95%)" in before
    assert "200 / 100" in before
    assert "No decision has this card's points beside it yet" in before
    with Home.open(folder) as home:
        slices = home.slices()
        runs = run_in_force(slices, [InForce(LENIENT, START)], int(slices.known.max()), engine="python")
        home.record([each for run in runs for each in run.decisions()], home.lines())
        record(home, runs)
    after = typed(folder).output
    assert f"In shadow beside {LINES} decisions on {LINES} lines" in after
    assert f"AUC on {LINES // 2} known outcomes" in after


def test_a_card_without_a_profile_is_told_clearly(folder: Path) -> None:
    with Home.open(folder) as home:
        home.append(ALIKE)
        published(home, by_draws())
    result = typed(folder)
    assert result.exit_code == 0
    assert "holds no profile to compare with; train it again with this release" in result.output
    assert "No figures on outcomes since" in result.output


def test_every_language_has_what_is_printed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Home.open(folder) as home:
        home.append(OTHER)
        published(home, CARD)
    for lang in LANGUAGES:
        monkeypatch.setattr(command, "LANG", lang)
        result = typed(folder)
        assert result.exit_code == 1
        assert {"en": "moved", "zh": "已偏移"}[lang] in result.output


@pytest.mark.parametrize("words", [(), ("--policy", "trial"), ("--card", "12345678")])
def test_where_there_is_nothing_to_watch_the_status_is_not_that_of_an_alarm(
    folder: Path, words: tuple[str, ...]
) -> None:
    assert isinstance(typed(folder, *words).exception, CreditlineError)


def test_a_folder_without_a_home_is_refused(tmp_path: Path) -> None:
    error = typed(tmp_path / "nowhere").exception
    assert isinstance(error, CreditlineError)
    assert error.problem == "is no home"
