"""``creditline notice``: one notice in every form, the outbox worked, and every mistake told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import ApplicationReceived
from creditline.reports.notice_pdf import can_print
from creditline.service.run import run_home
from creditline.store import Home
from tests.service.test_notices import START, TEXT, events


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    file = folder / "trial.yaml"
    file.write_text(TEXT, "utf-8")
    with Home.open(folder) as opened:
        opened.append(events("L1"))
        opened.append([Event("ask", "L3", START + 1, START + 1, ApplicationReceived(amount=50_000))])
        run_home(opened, file, notices=False)
    return folder


def run(home: Path, *arguments: str, status: int = 0) -> Result:
    done = CliRunner().invoke(app, ["notice", "--home", str(home), *arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == status, done.output
    return done


def test_the_latest_notice_is_shown_in_the_jurisdictions_language(home: Path) -> None:
    assert "您的额度已重新开通" in run(home, "L1").stdout
    assert "Your credit line is open again" in run(home, "L1", "--jurisdiction", "united-states").stdout


def test_a_decision_is_chosen_by_its_number_and_told_in_the_language_asked(home: Path) -> None:
    shown = run(home, "L1", "--decision", "2", "--lang", "en").stdout
    assert "Your credit line has been closed" in shown
    assert "Days overdue on this line: 35 days. Enough would have been: 29 days or less." in " ".join(shown.split())


def test_programs_get_one_object(home: Path) -> None:
    told = json.loads(run(home, "L1", "--decision", "2", "--lang", "en", "--json").stdout)
    assert (told["kind"], told["line"], told["decision"]) == ("closing", "L1", 2)
    (reason,) = told["reasons"]
    assert reason["code"] == "T01"
    assert reason["facts"][0]["enough"] == "29 days or less"
    assert told["deadline"].endswith("23:59:59.999999Z") or told["deadline"].endswith("+08:00")


def test_a_file_gets_the_form_its_name_says(home: Path, tmp_path: Path) -> None:
    run(home, "L1", "--out", str(tmp_path / "deep" / "n.html"))
    assert (tmp_path / "deep" / "n.html").read_text("utf-8").startswith("<!doctype html>")
    run(home, "L1", "--out", str(tmp_path / "n.txt"))
    assert "您的额度已重新开通" in (tmp_path / "n.txt").read_text("utf-8")
    if can_print():
        run(home, "L1", "--format", "pdf", "--out", str(tmp_path / "n"))
        assert (tmp_path / "n").read_bytes().startswith(b"%PDF-")


def test_notices_are_prepared_found_late_and_delivered_once(home: Path, tmp_path: Path) -> None:
    assert json.loads(run(home, "--prepare", "--since", "2026-02-01T00:00:00Z", "--json").stdout) == {"prepared": 2}
    assert "put into the outbox: 1" in run(home, "--prepare").stdout
    assert json.loads(run(home, "--overdue", "--now", "2026-01-01T00:00:00Z", "--json").stdout) == {"overdue": []}
    late = json.loads(run(home, "--overdue", "--now", "2026-02-20T00:00:00Z", "--json").stdout)["overdue"]
    assert [(each["kind"], each["state"]) for each in late] == [("reduction", "due"), ("closing", "due")]
    assert "closing" in run(home, "--overdue", "--now", "2026-02-20T00:00:00Z").stdout
    done = json.loads(run(home, "--deliver", str(tmp_path / "out"), "--json").stdout)
    assert done == {"sent": 3, "dropped": 0, "failed": []}
    assert "Delivered: 0" in run(home, "--deliver", str(tmp_path / "out")).stdout
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert "No notice is overdue." in run(home, "--overdue").stdout


def test_what_cannot_be_delivered_ends_with_status_one(tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(TEXT, "utf-8")
    with Home.open(tmp_path / "home") as opened:
        opened.append(events("L1"))
        run_home(opened, file, notices=False)
    run(tmp_path / "home", "--prepare")
    done = run(tmp_path / "home", "--deliver", str(file), status=1)
    assert "not delivered: 3" in done.stdout
    assert "L1, decision 1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["LL1"], r"line: 'LL1' is not known in .*did you mean"),
        (["nobody"], "is not known in .*creditline line list"),
        (["L1", "--decision", "9"], "--decision: 9 is no decision of L1, which has 4"),
        (["L1", "--decision", "0"], "--decision: 0 is owed no notice"),
        (["L3"], "line: 'L3' is owed no notice; see what was decided: creditline line show L3"),
        (["L1", "--jurisdiction", "mars"], "'mars' does not exist; give a profile file or a shipped name"),
        (["L1", "--jurisdiction", "BROKEN"], r"broken.yaml:1:1: 'title' is missing"),
        (["L1", "--lang", "fr"], "--lang: 'fr'"),
        (["L1", "--format", "doc"], "--format: 'doc' is not accepted; choose text, html, pdf"),
        (["L1", "--out", "n.doc"], "does not tell its format"),
        (["L1", "--json", "--format", "html"], "leave out one of the two"),
        ([], "name a line, or give one of"),
        (["L1", "--overdue"], "are asked for at once"),
        (["--overdue", "--decision", "1"], "--decision: '1' means nothing with --overdue"),
        (["L1", "--since", "2026-01-01T00:00:00Z"], "--since: .* give it with --prepare"),
        (["--prepare", "--since", "yesterday"], "is not a moment"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(
    home: Path, tmp_path: Path, arguments: list[str], told: str
) -> None:
    (tmp_path / "broken.yaml").write_text("jurisdiction: x\n", "utf-8")
    given = [str(tmp_path / "broken.yaml") if each == "BROKEN" else each for each in arguments]
    with pytest.raises(CreditlineError, match=told):
        run(home, *given)
