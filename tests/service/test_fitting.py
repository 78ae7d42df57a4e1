"""A card fitted into a policy: what it needs comes along, and a fact that means something else now stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from creditline.errors import CreditlineError
from creditline.lines.replay import run
from creditline.policy import Policy, load_policy, read_policy
from creditline.policy.behaviour import behaviour
from creditline.scoring.card import Axis, Card, Term
from creditline.scoring.compiled import compiled
from creditline.service.cards import approve, challengers, in_force, policies_using, propose
from creditline.service.fitting import check_meaning, inserted, needed_facts, with_facts_of
from creditline.service.shadow import record
from creditline.store import Home
from tests.service.scored import DAY, START, by_arrears, card, lived, policy, written

NOW = START + 50 * DAY
LIBRARY = {name: dict(behaviour()[name]) for name in ("draws_6m", "drawn_6m", "drawn_3m", "drawn_trend")}


def behavioural(facts: dict[str, Any] | None = None) -> Card:
    """A card over a fact of the policy and two of the library, saying how those are defined."""
    made = card(
        Term((Axis("dpd", below=(30.0,)),), (0, 10, -110)),
        Term((Axis("draws_6m", below=(2.0,)),), (0, 5, -20)),
        Term((Axis("drawn_trend", below=(1.0,)),), (0, 3, -7)),
    )
    return replace(made, training={**made.training, "library_facts": LIBRARY if facts is None else facts})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        base = policy()
        opened.publish(base.name, base.version, base.text, START)
        opened.append(lived(30))
        yield opened


def test_facts_the_policy_lacks_come_along_and_nothing_else_changes() -> None:
    made = inserted(policy(), behavioural())
    assert made.by_name.keys() - policy().by_name.keys() == LIBRARY.keys()
    assert made.scorecard == compiled(behavioural(), made.types)
    assert (made.rules, made.reopen, made.name) == (policy().rules, policy().reopen, policy().name)


def test_a_policy_that_has_them_gets_none_twice() -> None:
    once = inserted(policy(), behavioural())
    assert needed_facts(once, behavioural()) == {}
    assert with_facts_of(once, behavioural()) is once
    again = inserted(once, by_arrears())
    assert again.by_name.keys() == once.by_name.keys()
    assert again.scorecard == compiled(by_arrears(), once.types)


def test_a_fact_the_policy_means_otherwise_is_refused() -> None:
    other = policy().text.replace("  dpd:", "  draws_6m: {count: draw.booked, window: 7d}\n  dpd:", 1)
    with pytest.raises(CreditlineError, match=r"draws_6m.*is not what trial means by it"):
        inserted(read_policy(other), behavioural())
    same = policy().text.replace("  dpd:", "  draws_6m: {count: draw.booked, window: 184d}\n  dpd:", 1)
    assert needed_facts(read_policy(same), behavioural()).keys() == LIBRARY.keys() - {"draws_6m"}


def test_a_fact_of_another_release_is_told_with_its_definition() -> None:
    unknown = behavioural({"moon_phase": {"count": "draw.booked", "window": "28d"}})
    with pytest.raises(CreditlineError, match=r"no behavioural fact of this release; define it .*28d"):
        inserted(policy(), unknown)


def test_a_champion_of_behavioural_facts_is_published_with_them(home: Home) -> None:
    kept = propose(home, written(home.path, behavioural()), "trial", by="Li Wei", now=NOW)
    approve(home, kept.hash, by="Chen Jing", now=NOW)
    now = in_force(home, "trial", NOW)
    assert now.by_name.keys() >= LIBRARY.keys()
    assert [each.version for each in policies_using(home, behavioural())] == [now.version]


def test_a_challenger_of_behavioural_facts_has_them_measured_and_changes_no_decision(home: Home) -> None:
    kept = propose(home, written(home.path, behavioural()), "trial", by="Li Wei", role="challenger", now=NOW)
    done = approve(home, kept.hash, by="Chen Jing", now=NOW, since=NOW)
    (verdict,) = done.verdicts
    now = in_force(home, "trial", NOW)
    assert (verdict.policy_version, verdict.effective_from) == (now.version, NOW)
    assert now.scorecard == policy().scorecard
    assert challengers(home, "trial") == [done]
    slices = home.slices()
    before, after = (run(slices, each, START + 130 * DAY, engine="python") for each in (policy(), now))
    told = [[(d.line, d.at, d.action, d.points, d.reasons) for d in ran.decisions()] for ran in (before, after)]
    assert told[0] == told[1]
    home.record(after.decisions(), home.lines())
    (shadowed,) = record(home, [after])
    assert (shadowed.problem, shadowed.decisions) == (None, len(told[0]))
    points = home.shadows(kept.number).points.tolist()
    assert points == [compiled(behavioural(), now.types).points_of(d.facts) for d in home.decisions()]


# -- meaning -----------------------------------------------------------------------------------------


def trained_on(made: Policy) -> Card:
    return replace(by_arrears(), training={**by_arrears().training, "policy_version": made.version})


def test_a_fact_that_is_defined_otherwise_than_in_training_is_refused(home: Home, tmp_path: Path) -> None:
    card_then = trained_on(policy())
    deeper = policy().text.replace("{last: arrears.changed.days_past_due}", "{max: arrears.changed.days_past_due}")
    home.publish("trial", read_policy(deeper).version, deeper, START + DAY)
    with pytest.raises(CreditlineError, match=r"fact dpd: .*is not what version .* meant by it"):
        propose(home, written(tmp_path, card_then), "trial", by="Li Wei", now=NOW)


def test_a_fact_that_reads_another_is_what_that_one_is(home: Home) -> None:
    def version(window: str) -> Policy:
        facts = f'  drawn: {{sum: draw.booked.amount, window: {window}}}\n  dpd: {{sql: "least(drawn, 100)"}}\n'
        text = policy().text.replace("  dpd: {last: arrears.changed.days_past_due}\n", facts)
        return read_policy(text)

    first, second = version("30d"), version("60d")
    home.publish("trial", first.version, first.text, START + DAY)
    check_meaning(home, first, trained_on(first))
    with pytest.raises(CreditlineError, match=r"fact drawn: .*60d.* it was trained on .*30d"):
        check_meaning(home, second, trained_on(first))


def test_what_nobody_has_any_more_is_compared_with_nothing(home: Home) -> None:
    check_meaning(home, policy(), trained_on(policy(cutoff=530)))
    check_meaning(home, policy(), by_arrears())


def test_other_rules_around_the_same_facts_are_no_matter(home: Home) -> None:
    check_meaning(home, policy(cutoff=530), trained_on(policy()))


def test_versions_that_come_along_are_known_too(home: Home) -> None:
    shipped = load_policy("consumer-line")
    said = "{last: arrears.changed.days_past_due}"
    changed = shipped.text.replace(said, "{max: arrears.changed.days_past_due, window: 9d}")
    with pytest.raises(CreditlineError, match=r"fact dpd: "):
        check_meaning(home, read_policy(changed), trained_on(shipped))
