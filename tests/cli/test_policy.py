"""``creditline policy``: what an analyst and an engineer type."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import STATUS_REFUSED, app, main
from creditline.policy import load_policy
from creditline.store import Home


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ["policy", *words])


def copy_of(name: str, folder: Path, *changes: tuple[str, str]) -> Path:
    text = load_policy(name).text
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_sound_policies_are_said_to_be_sound() -> None:
    result = typed("check", "consumer-line", "business-line", "taiwan-panel")
    assert result.exit_code == 0
    assert result.stdout.count("sound") == 3


def test_a_typo_ends_with_status_2_and_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy_of("consumer-line", tmp_path, ("redraws_30d >= 4", "redraw_30d >= 4"))
    monkeypatch.setattr(sys, "argv", ["creditline", "policy", "check", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == STATUS_REFUSED
    said = capsys.readouterr().err
    assert "unknown name 'redraw_30d' (did you mean 'redraws_30d'?)" in said
    line = next(n for n, row in enumerate(path.read_text("utf-8").splitlines(), 1) if "redraw_30d >= 4" in row)
    assert f"mine.yaml:{line}:11:" in said


def test_what_is_seldom_meant_is_a_warning_and_leaves_the_status_0(tmp_path: Path) -> None:
    path = copy_of("consumer-line", tmp_path, ("    then: terminate\n", "    then: freeze\n"))
    result = typed("check", str(path))
    assert result.exit_code == 0
    sound, warning = result.stdout.splitlines()
    assert "sound" in sound
    line = next(n for n, row in enumerate(path.read_text("utf-8").splitlines(), 1) if "when: fraud_cases > 0" in row)
    assert warning.startswith(f"warning: {path}:{line}:11: T21 stays frozen for good: fraud_cases only a voided event")


def test_check_as_json_says_what_is_wrong_with_every_policy(tmp_path: Path) -> None:
    wrong = copy_of("consumer-line", tmp_path, ("points >= 560 and coalesce(dpd", "points < 0 and coalesce(dpd"))
    result = typed("check", str(wrong), "taiwan-panel", "--json")
    assert result.exit_code == STATUS_REFUSED
    mine, shipped = msgspec.json.decode(result.stdout)["policies"]
    assert (mine["sound"], mine["file"]) == (False, str(wrong))
    (mistake,) = [each for each in mine["mistakes"] if each["message"].startswith("reopen can never happen")]
    assert mistake["line"] > 1
    assert mistake["remedy"].endswith("score is 0 to 1000")
    assert (shipped["sound"], shipped["mistakes"], shipped["warnings"]) == (True, [], [])
    assert shipped["version"] == load_policy("taiwan-panel").version


def test_show_has_every_rule_with_both_texts() -> None:
    content = msgspec.json.decode(typed("show", "business-line", "--json").stdout)
    policy = load_policy("business-line")
    assert [rule["code"] for rule in content["rules"]] == [rule.code for rule in policy.rules]
    assert all(rule["reason"]["zh"] and rule["reason"]["en"] for rule in content["rules"])
    table = typed("show", "business-line").stdout
    assert all(rule.code in table for rule in policy.rules)


def test_diff_names_what_changed_and_nothing_else(tmp_path: Path) -> None:
    path = copy_of("consumer-line", tmp_path, ("redraws_30d >= 4", "redraws_30d >= 5"))
    result = typed("diff", "consumer-line", str(path), "--json")
    assert result.exit_code == 1
    changes = msgspec.json.decode(result.stdout)
    assert [change["path"] for change in changes] == ["rules.T04.when"]
    assert ">= 4" in changes[0]["before"]
    assert ">= 5" in changes[0]["after"]
    assert typed("diff", "consumer-line", "consumer-line").exit_code == 0


def test_code_is_python_that_compiles() -> None:
    source = typed("code", "consumer-line").stdout
    compile(source, "kernel", "exec")
    assert "# T04 close: redraws_30d >= 4" in source


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_sql_says_policy_and_moment(dialect: str) -> None:
    result = typed("sql", "consumer-line", "--dialect", dialect, "--at", "2026-01-01T00:00:00Z")
    assert result.exit_code == 0
    assert result.stdout.startswith("-- Policy consumer-line, version ")
    assert "1767225600000000" in result.stdout


def test_a_published_version_is_kept_with_its_day(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = typed("publish", "consumer-line", "--from", "2026-03-01T00:00:00+08:00", "--home", str(home))
    assert result.exit_code == 0
    with Home.open(home) as opened:
        (kept,) = opened.policies()
    assert (kept.name, kept.version) == ("consumer-line", load_policy("consumer-line").version)
    assert kept.effective_from == 1_772_294_400_000_000
