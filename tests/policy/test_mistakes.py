"""Every mistake in a policy is told with file, line, column and a remedy; nothing half-valid comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from creditline.policy import PolicyErrors, load_policy, read_policy, shipped_policies

TOLD: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "mistakes.yaml").read_text(encoding="utf-8"))
SOUND: str = TOLD["sound"]


def changed(mistake: dict[str, Any]) -> str:
    text = SOUND
    for before, after in filter(None, (mistake["change"], mistake.get("also"))):
        assert before in text, f"{before!r} is not in the sound policy"
        text = text.replace(before, after)
    drop = mistake.get("drop")
    return "\n".join(line for line in text.splitlines() if not drop or line.strip() != drop) + "\n"


def test_the_sound_policy_is_sound() -> None:
    assert read_policy(SOUND).name == "small"


@pytest.mark.parametrize("mistake", TOLD["mistakes"], ids=lambda mistake: str(mistake["it"]))
def test_mistake(mistake: dict[str, Any]) -> None:
    with pytest.raises(PolicyErrors) as raised:
        read_policy(changed(mistake), "p.yaml")
    told = str(raised.value).splitlines()
    if mistake.get("among"):
        assert mistake["says"] in told
    else:
        assert told == [mistake["says"]]


def test_all_mistakes_are_told_at_once() -> None:
    text = SOUND.replace("draws_3d >= 5", "draw_3d >= 5").replace("en: Score too low", "fr: Trop bas")
    with pytest.raises(PolicyErrors) as raised:
        read_policy(text)
    assert len(raised.value.problems) == 2


def test_an_empty_file() -> None:
    with pytest.raises(PolicyErrors, match="the file is empty"):
        read_policy("# nothing\n")


def test_a_policy_that_is_not_there() -> None:
    from creditline.errors import CreditlineError

    with pytest.raises(CreditlineError, match="consumer-line"):
        load_policy("no-such-policy")


def test_the_version_is_the_content() -> None:
    """Comments, layout and order of keys do not matter; anything else does."""
    version = read_policy(SOUND).version
    assert read_policy("# a comment\n" + SOUND).version == version
    lines = SOUND.splitlines(keepends=True)
    assert read_policy("".join([lines[1], lines[0], *lines[2:]])).version == version
    assert read_policy(SOUND.replace("draws_3d >= 5", "draws_3d >= 6")).version != version


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_are_sound(name: str) -> None:
    assert load_policy(name).rules


def test_shipped_policies_cover_every_trigger() -> None:
    for name in ("consumer-line", "business-line"):
        policy = load_policy(name)
        codes = {rule.code for rule in policy.rules} | {policy.incident_code}
        missing = {f"T{number:02}" for number in range(1, 22)} - {code[:3] for code in codes}
        assert not missing
        for rule in policy.rules:
            if rule.then == "close":
                assert 30 <= rule.cooling_off / 86_400_000_000 <= 90, rule.code
                assert rule.answered_by, rule.code


@pytest.mark.parametrize(
    ("text", "says"),
    [("policy: \x07\n", "not YAML: unacceptable character"), ("policy: &a [*a]\n", "a value that contains itself")],
)
def test_text_that_yaml_itself_cannot_hold_is_told_and_not_a_traceback(text: str, says: str) -> None:
    with pytest.raises(PolicyErrors, match=f"p.yaml:1:1: {says}"):
        read_policy(text, "p.yaml")
