"""Differences are told so that an analyst sees why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditline.cli import app
from creditline.policy import load_policy, read_policy
from creditline.stories import Difference, play, read_story

HEAD = "story: cycles\npolicy: consumer-line\ngiven: good_borrower\ncases:\n  - case: only\n"
CYCLES = """\
    events:
      - {from: 2026-01-06 10:00, every: 5d, times: 4, kind: draw.booked, amount: 10000.00}
      - {from: 2026-01-10 10:00, every: 5d, times: 4, kind: repayment.received, amount: 10000.00, principal: 10000.00}
"""


def differences(expected: str, events: str = CYCLES, more: str = "") -> tuple[Difference, ...]:
    lines = "".join(f"      - {line}\n" for line in expected.strip().splitlines())
    return play(read_story(f"{HEAD}{events}    expect:\n{lines}{more}", Path("cycles.yaml"))).differences


def test_a_decision_that_did_not_come_is_told_with_what_kept_it() -> None:
    (difference,) = differences("{on: 2026-01-21, action: close, reasons: [T04]}")
    assert difference.what == "missing"
    assert difference.place == "cycles.yaml:10:9"
    assert difference.on == "2026-01-21"
    assert [(part.code, part.condition, part.values, part.held) for part in difference.why] == [
        ("T04", "redraws_30d >= 4", {"redraws_30d": "3"}, False)
    ]
    assert [near.action for near in difference.nearby] == ["apply", "open"]
    assert difference.nearby[1].limit == "40,000.00"


def test_what_is_unknown_is_told_as_null() -> None:
    events = "    events:\n      - {on: +1d, kind: consent.withdrawn, data_source: bureau}\n"
    (difference,) = differences("{on: +2d, action: close, reasons: [T02]}", events)
    assert difference.why[0].values == {"other_dpd": "NULL"}
    assert difference.why[0].held is None


def test_a_decision_on_another_day_is_missing_there_and_unlisted_here() -> None:
    events = CYCLES.replace("times: 4", "times: 5")
    missing, unlisted = differences("{on: 2026-01-27, action: close, reasons: [T04]}", events)
    assert (missing.what, unlisted.what) == ("missing", "unlisted")
    assert unlisted.on == "2026-01-26 10:00:00"
    assert unlisted.got == {"action": "close", "status": "closed", "limit": "40,000.00", "reasons": "T04"}
    assert ("drawn_30d > 0.8 * limit", {"drawn_30d": "50,000.00", "limit": "40,000.00"}) in [
        (part.condition, part.values) for part in unlisted.why
    ]


def test_a_decision_with_other_reasons_limit_or_dates_is_told_as_it_was() -> None:
    events = CYCLES.replace("times: 4", "times: 5")
    expected = (
        "{on: 2026-01-26, action: close, reasons: [T06], limit: 1.00, cooling_until: 2026-03-28, facts: {draws_3d: 2}}"
    )
    (difference,) = differences(expected, events)
    assert difference.what == "otherwise"
    assert difference.got == {
        "reasons": "T04",
        "limit": "40,000.00",
        "cooling_until": "2026-03-27 10:00:00",
        "draws_3d": "1",
    }


def test_another_state_and_other_facts_are_told() -> None:
    (difference,) = differences("{on: 2026-01-21, status: frozen, limit: 1.00, points: 1, facts: {redraws_30d: null}}")
    assert difference.what == "state"
    assert difference.got == {"status": "open", "limit": "40,000.00", "points": "656", "redraws_30d": "3"}


def test_a_case_may_leave_the_rest_open() -> None:
    events = CYCLES.replace("times: 4", "times: 5")
    assert differences("{on: 2026-01-25, status: open}", events, "    nothing_else: false\n") == ()


def test_a_story_can_be_played_under_another_policy() -> None:
    text = load_policy("consumer-line").text.replace("redraws_30d >= 4", "redraws_30d >= 3")
    story = read_story(f"{HEAD}{CYCLES}    expect:\n      - {{on: 2026-01-21, status: open}}\n", Path("c.yaml"))
    assert play(story).differences == ()
    assert {d.what for d in play(story, read_policy(text)).differences} == {"state", "unlisted"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cycles.yaml"
    path.write_text(f"{HEAD}{CYCLES}    expect:\n      - {{on: 2026-01-21, action: close, reasons: [T04]}}\n", "utf-8")
    return path


def test_the_command_tells_differences_and_ends_with_status_1(file: Path) -> None:
    result = CliRunner().invoke(app, ["story", str(file)])
    assert result.exit_code == 1
    assert "expected action = close, reasons = T04; no such decision was made" in result.stdout
    assert "T04 did not hold: needs redraws_30d >= 4; was redraws_30d = 3" in result.stdout
    assert "stories: 1, cases: 1, differences: 1" in result.stdout


def test_the_command_writes_json_and_reads_folders(file: Path) -> None:
    result = CliRunner().invoke(app, ["story", "--json", str(file.parent)])
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert told["differences"][0]["why"][0]["values"] == {"redraws_30d": "3"}


def test_the_command_is_content_when_all_goes_as_told(file: Path) -> None:
    file.write_text(f"{HEAD}{CYCLES}    expect:\n      - {{on: 2026-01-21, status: open}}\n", "utf-8")
    result = CliRunner().invoke(app, ["story", str(file)])
    assert result.exit_code == 0
    assert "differences: 0" in result.stdout
