"""Which facts wake a line by themselves: those whose own move could turn a rule TRUE, and no others."""

from __future__ import annotations

from creditline.policy import Policy, read_policy
from creditline.policy.timing import timing

TEXT = """
policy: waking
title: {{zh: 唤醒, en: Waking}}
facts:
  draws_3d: {{count: draw.booked, window: 3d}}
  paid_30d: {{sum: repayment.received.amount, window: 30d}}
  profile_age: {{age: profile.updated}}
  lenders: {{last: bureau.reported.lenders_with_balance, no_older_than: 60d}}
  draws: {{count: draw.booked}}
rules:
  - code: R1
    when: {when}
    then: close
    cooling_off: 30d
    cure: draws_3d = 0
    reason: {{zh: 一, en: one}}
reopen: {{when: paid_30d > 1, limit: limit}}
incident: {{code: T20, reason: {{zh: 故障, en: fault}}}}
"""


def policy_when(condition: str) -> Policy:
    return read_policy(TEXT.format(when=condition))


def wakes(condition: str) -> set[str]:
    return set(timing(policy_when(condition)).while_open)


def test_a_count_that_only_falls_cannot_fire_a_rule_that_asks_for_many() -> None:
    assert wakes("draws_3d >= 5") == set()


def test_it_can_fire_a_rule_that_asks_for_few() -> None:
    assert wakes("draws_3d < 2 and draws > 9") == {"draws_3d"}
    assert wakes("not (draws_3d >= 2) and draws > 9") == {"draws_3d"}
    assert wakes("draws_3d = 3") == {"draws_3d"}


def test_what_is_subtracted_turns_round() -> None:
    assert wakes("paid_30d - 100 > 5") == set()
    assert wakes("100 - paid_30d > 5") == {"paid_30d"}
    assert wakes("2 * paid_30d / nullif(paid_30d, 0) > 5") == {"paid_30d"}


def test_an_age_rises_and_is_asked_only_at_its_thresholds() -> None:
    assert wakes("profile_age < 30") == set()
    assert wakes("profile_age >= 365") == {"profile_age"}
    assert timing(policy_when("profile_age >= 365")).steps["profile_age"] == (365, 366)
    assert timing(policy_when("profile_age * 2 >= 365")).steps["profile_age"] is None


def test_growing_unknown_matters_only_where_null_is_asked_about() -> None:
    assert wakes("lenders > 5") == set()
    assert wakes("lenders is null") == {"lenders"}
    assert wakes("coalesce(lenders, 9) > 5") == {"lenders"}


def test_a_closed_line_is_woken_by_whatever_moves() -> None:
    assert set(timing(policy_when("draws_3d >= 5")).while_back) == {"draws_3d", "paid_30d"}


def test_what_counts_over_all_time_never_moves() -> None:
    assert "draws" not in timing(policy_when("draws >= 5 and draws_3d > 1")).while_back
