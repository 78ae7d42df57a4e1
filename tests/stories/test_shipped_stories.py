"""The shipped stories, each played as `creditline story` plays it, and what they must cover."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from creditline.policy import load_policy
from creditline.stories import Story, load_story, tell

FOLDER = Path(__file__).parent.parent.parent / "stories"
FILES = sorted(file for file in FOLDER.glob("*.yaml") if not file.name.startswith("_"))
TRIGGERS = [f"T{number:02d}" for number in range(1, 22)]


@cache
def story(file: Path) -> Story:
    return load_story(file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_story_goes_as_told(file: Path) -> None:
    told = tell(file)
    assert told.differences == ()
    assert told.decisions > 0


@pytest.mark.parametrize("code", [*TRIGGERS, "S1", "S2", "S3", "S6", "S7", "L01", "L03", "L05"])
def test_a_story_tells_of_it(code: str) -> None:
    assert any(code in story(file).tells for file in FILES)


@pytest.mark.parametrize("code", TRIGGERS)
def test_a_trigger_has_a_case_that_fires_and_one_that_nearly_does(code: str) -> None:
    (file,) = [file for file in FILES if file.stem.startswith(f"{code}-")]
    names = " / ".join(case.name for case in story(file).cases)
    assert "fires" in names or code == "T20"
    assert "near miss" in names


@pytest.mark.parametrize("name", ["consumer-line", "business-line"])
def test_a_shipped_policy_covers_every_trigger(name: str) -> None:
    policy = load_policy(name)
    codes = {rule.code[:3] for rule in policy.rules} | {policy.incident_code}
    assert set(TRIGGERS) <= codes
    for rule in policy.rules:
        assert rule.then != "close" or 30 <= rule.cooling_off / 86_400_000_000 <= 90, rule.code
        assert set(rule.reason) == {"zh", "en"}


@pytest.mark.parametrize("name", ["consumer-line", "business-line"])
def test_what_is_unknown_stays_above_the_cut_off(name: str) -> None:
    card = load_policy(name).scorecard
    assert card is not None
    assert card.points_of(dict.fromkeys(card.facts)) >= 520
    for term in card.terms:
        assert term.points_of(dict.fromkeys(term.facts)) <= term.best
