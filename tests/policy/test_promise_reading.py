"""What a policy says of promises: read, defaulted, and every mistake told at its place."""

from __future__ import annotations

import pytest

from creditline.clock import DAY
from creditline.policy import PolicyErrors, load_policy, read_policy
from creditline.policy.difference import differences

TEXT = """
policy: small
title: {zh: 小额, en: Small}
facts:
  dpd: {last: arrears.changed.days_past_due}
  frauds: {count: fraud.confirmed}
rules:
  - {code: T21, when: frauds > 0, then: terminate, reason: {zh: 欺诈, en: Fraud}}
  - {code: T01, when: dpd > 29, then: close, cooling_off: 30d, cure: dpd = 0, reason: {zh: 逾期, en: Late}}
  - {code: T02, when: dpd > 9, then: freeze, cure: dpd = 0, reason: {zh: 逾期, en: Late}}
  - {code: D01, when: dpd > 5, then: limit, limit: 100, reason: {zh: 降额, en: Less}}
reopen: {when: dpd = 0, limit: limit}
incident: {code: T20, reason: {zh: 修, en: Repair}}
"""


def said(promise: str) -> str:
    return TEXT + f"promise: {promise}\n"


def test_nothing_said_is_a_week_and_what_ends_a_line_for_good() -> None:
    for text in (TEXT, said("{}")):
        promise = read_policy(text).promise
        assert (promise.grace, promise.overridden_by) == (7 * DAY, ("T21",))


@pytest.mark.parametrize(
    ("named", "codes"),
    [
        ("[T21]", ("T21",)),
        ("[T02, T21]", ("T21", "T02")),
        ("[close]", ("T01",)),
        ("[terminate, freeze]", ("T21", "T02")),
        ("[]", ()),
    ],
)
def test_rules_are_named_by_code_or_by_what_they_do(named: str, codes: tuple[str, ...]) -> None:
    promise = read_policy(said(f"{{grace: 36h, overridden_by: {named}}}")).promise
    assert (promise.grace, promise.overridden_by) == (36 * DAY // 24, codes)


@pytest.mark.parametrize(
    ("promise", "told"),
    [
        ("{grace: -3d}", "p.yaml:14:18: '-3d' is not a duration (write one like 30m, 48h, 3d, 2w, 1y)"),
        ("{grace: 2mo}", "p.yaml:14:18: '2mo' is not a duration (write one like 30m, 48h, 3d, 2w, 1y)"),
        ("{overridden_by: [T21, T10]}", "p.yaml:14:32: no rule has the code 'T10' (did you mean 'T21'?)"),
        (
            "{overridden_by: [D01]}",
            (
                "p.yaml:14:27: D01 does nothing to a line that was closed "
                "(name a rule that freezes, closes or terminates a line, or one of terminate, close, freeze)"
            ),
        ),
        ("{overridden_by: T21}", "p.yaml:14:26: overridden_by must be a list (write [a, b] or one '- ' a line)"),
        ("{grase: 3d}", "p.yaml:14:11: unknown key 'grase' (did you mean 'grace'?)"),
        ("7d", "p.yaml:14:10: promise must be a mapping of keys to values"),
    ],
)
def test_a_mistake_is_told_with_place_value_and_remedy(promise: str, told: str) -> None:
    with pytest.raises(PolicyErrors) as raised:
        read_policy(said(promise), "p.yaml")
    assert str(raised.value).splitlines() == [told]


def test_it_is_part_of_the_version_and_its_changes_are_told() -> None:
    before, after = read_policy(said("{grace: 7d}")), read_policy(said("{grace: 8d}"))
    assert before.version != after.version
    assert [(c.path, c.before, c.after) for c in differences(before, after)] == [("promise.grace", "7d", "8d")]


@pytest.mark.parametrize("name", ["consumer-line", "business-line"])
def test_shipped_policies_name_fraud_the_law_and_risky_ties(name: str) -> None:
    assert set(load_policy(name).promise.overridden_by) >= {"T21", "T19", "T16"}
