"""Looking at a line more often than needed never changes what is decided."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gate.strategies import START, as_yaml, histories, horizon, policy_named, random_policies

from .build import DAY
from .walk import life

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lived(policy: dict[str, Any], events: list[Any], extra: list[int]) -> object:
    """All decisions, or the one word when a number left int64."""
    try:
        return life(policy, events, horizon(events, 5), extra)
    except OverflowError:
        return "overflow"


def same_with_more_visits(policy: dict[str, Any], data: st.DataObject, max_events: int) -> None:
    events = data.draw(histories(policy, max_events))
    anywhere = st.integers(START - DAY, horizon(events, 5))
    beside = st.sampled_from([event.known + step for event in events for step in (1, 2, DAY // 3)] or [START])
    extra = data.draw(st.lists(st.one_of(anywhere, beside), max_size=20))
    assert lived(policy, events, extra) == lived(policy, events, [])


@pytest.mark.parametrize("name", ["machine", "consent"])
def test_more_visits_change_nothing(name: str) -> None:
    policy = policy_named(name)

    @SLOW
    @given(st.data())
    def check(data: st.DataObject) -> None:
        same_with_more_visits(policy, data, 10)

    check()


@SLOW
@given(st.data())
def test_more_visits_change_nothing_under_random_policies(data: st.DataObject) -> None:
    same_with_more_visits(data.draw(random_policies()), data, 8)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_more_visits_change_nothing_in_the_kitchen_sink(data: st.DataObject) -> None:
    same_with_more_visits(policy_named("kitchen-sink"), data, 8)


@SLOW
@given(st.data())
def test_histories_are_well_formed(data: st.DataObject) -> None:
    events = data.draw(histories(policy_named("kitchen-sink")))
    assert len({event.at for event in events}) == len(events) == len({event.id for event in events})
    assert all(event.known >= event.at for event in events)


@SLOW
@given(random_policies())
def test_random_policies_survive_their_file(policy: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(policy)) == policy
