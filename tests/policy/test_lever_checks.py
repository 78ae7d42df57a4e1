"""Levers that can never be used, or contradict themselves, are mistakes; what cannot help is a warning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from creditline.policy import PolicyErrors, load_policy, read_policy, shipped_policies
from creditline.policy.advice import advice

TOLD: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "levers.yaml").read_text(encoding="utf-8"))


def changed(case: dict[str, Any]) -> str:
    text: str = TOLD["sound"]
    for before, after in filter(None, map(case.get, ("change", "also", "and"))):
        assert text.count(before) == 1, f"{before!r} is in the policy {text.count(before)} times"
        text = text.replace(before, after)
    return text


def named(case: dict[str, Any]) -> str:
    return str(case["it"])


@pytest.mark.parametrize("case", TOLD["mistakes"], ids=named)
def test_a_lever_that_can_never_do_what_it_is_for_is_a_mistake(case: dict[str, Any]) -> None:
    with pytest.raises(PolicyErrors) as raised:
        read_policy(changed(case), "p.yaml")
    assert str(raised.value).splitlines() == [case["says"]]


@pytest.mark.parametrize("case", TOLD["sound_ones"], ids=named)
def test_a_lever_that_can_help_somebody_is_not_accused(case: dict[str, Any]) -> None:
    assert read_policy(changed(case), "p.yaml").levers


@pytest.mark.parametrize("case", TOLD["warnings"], ids=named)
def test_what_is_seldom_meant_is_a_warning(case: dict[str, Any]) -> None:
    policy = read_policy(changed(case), "p.yaml")
    assert [str(each) for each in advice(policy, "p.yaml")] == case["says"]


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_have_no_warnings(name: str) -> None:
    assert advice(load_policy(name), f"{name}.yaml") == []
