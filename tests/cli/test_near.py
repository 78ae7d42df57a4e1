"""``creditline near``: one line in words and as data, all lines for the lender, and every mistake told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, catalogue
from creditline.store import Home
from tests.service.near_home import NOW, a_home

AT = format_moment(NOW)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    with Home.open(folder / "home") as made:
        a_home(made, folder)
    return folder / "home"


def run(home: Path, *arguments: str) -> Result:
    done = CliRunner().invoke(app, ["near", "--home", str(home), "--now", AT, *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_one_line_is_told_in_words(home: Path) -> None:
    shown = run(home, "lent", "--lang", "en", "--within", "30d").stdout
    assert "lent: open, limit 50,000.00" in shown
    assert "If nothing is done: on 2026-03-19 the line is frozen: Overdue" in shown
    assert "If every instalment is paid on its due day: on 2026-04-30 the line is frozen: Old profile" in shown
    assert "Old profile (freezes the line)" in shown
    assert "Time since your profile was updated: 41 days; 60 days away from: more than 100 days" in shown
    assert "Days overdue on this line: no record; asked: 4 days or more" in shown
    assert "If nothing is done: 2026-04-30; the line was hit before that, on 2026-03-19." in shown
    assert "Prevented until 2026-05-30 by (cost 12.50):" in shown
    assert "2026-03-02  Renew  12.50" in shown
    assert "2026-03-15  Keep instalments" in shown
    assert "Then, on 2026-04-30, the line is frozen: Old profile" in shown


def test_nobody_is_shown_a_code_or_the_name_of_a_fact(home: Path) -> None:
    for lang in LANGUAGES:
        for line in ("lent", "poor", "late", "old"):
            shown = run(home, line, "--lang", lang).stdout
            assert not [word for word in ("T01", "T11", "T12", "profile_age", "dpd", "income_90d") if word in shown]


def test_chinese_is_chinese(home: Path) -> None:
    shown = run(home, "poor", "--lang", "zh").stdout
    assert "若不采取任何行动" in shown
    assert "额度由 50,000 CNY 下调至 25,000 CNY" in shown


def test_programs_get_one_object(home: Path) -> None:
    said = json.loads(run(home, "lent", "--json").stdout)
    assert (said["line"], said["status"], said["limit"], said["within_days"]) == ("lent", "open", "50000.00", 90)
    assert said["simulated"] is False
    by_code = {each["code"]: each for each in said["triggers"]}
    assert by_code["T11"]["nearness"] == 0.4059
    (condition,) = by_code["T11"]["conditions"]
    assert (condition["fact"], condition["value"], condition["op"], condition["limit"]) == (
        "profile_age", "41", ">", "100",
    )  # fmt: skip
    assert (condition["missing"], condition["unit"], condition["holds"]) == ("60", "days", False)
    assert by_code["T11"]["fires_on"] == "2026-04-30"
    assert by_code["T12"]["answer"] == "idle"


def test_a_stopped_line_is_sent_to_its_plan(home: Path) -> None:
    assert "creditline plan old" in run(home, "old", "--lang", "en").stdout


def test_all_lines_stand_by_day(home: Path) -> None:
    shown = " ".join(run(home, "--all", "--lang", "en").stdout.split())
    assert "Of 5 lines open or frozen" in shown
    assert "2 of them have loans: every instalment is taken as paid on its due day" in shown
    assert shown.index("poor") < shown.index("late") < shown.index("lent")
    assert "nothing is taken as paid" in " ".join(run(home, "--all", "--unpaid", "--lang", "en").stdout.split())
    left_out = " ".join(run(home, "--all", "--without-loans", "--lang", "en").stdout.split())
    assert "what falls due on these is left out" in left_out


def test_all_lines_as_data(home: Path) -> None:
    said = json.loads(run(home, "--all", "--within", "12d", "--json").stdout)
    assert [each["line"] for each in said["lines"]] == ["poor"]
    assert (said["within_days"], said["paid"], said["at"]) == (12, "kept", AT)


def test_every_key_is_in_both_languages() -> None:
    mine = [{key for key in catalogue(lang) if key.startswith("near.")} for lang in LANGUAGES]
    assert mine[0] == mine[1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shut"], "line: 'shut' is closed, neither open nor frozen; ask what brings it back: creditline plan shut"),
        (["lemt"], r"line: 'lemt' is not known in .*did you mean lent"),
        ([], "is not understood; write: near LINE, or: near --all"),
        (["lent", "--all"], "near: 'lent' is not understood; write: near LINE, or: near --all"),
        (["lent", "--within", "soon"], "--within: 'soon' is no duration; write it like 90d, 12w or 48h"),
        (["lent", "--within", "3mo"], "--within: '3mo' is no fixed length of time; write it like 90d"),
        (["lent", "--within", "0d"], "--within: .* is not looked ahead; give 1h to 730d"),
        (["--all", "--within", "3y"], "--within: .* is not looked ahead; give 1h to 730d"),
        (["lent", "--lang", "fr"], "--lang: 'fr'"),
        (["lent", "--unpaid"], "near: '--unpaid' means nothing; give it with --all"),
        (["lent", "--without-loans"], "near: '--without-loans' means nothing; give it with --all"),
        (["--all", "--unpaid", "--without-loans"], "contradict each other; leave out one of the two"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(home: Path, arguments: list[str], told: str) -> None:
    with pytest.raises(CreditlineError, match=told):
        run(home, *arguments)


def test_a_folder_that_is_no_home_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CreditlineError, match="is no home; name one with --home"):
        run(tmp_path, "lent")
