"""A plan as a file: it comes back as it was written, says whether it holds, and is refused once it is another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.policy import read_policy
from creditline.service.run import run_home
from creditline.service.wayback import check_plan, plans_of
from creditline.store import Home
from creditline.wayback.plans import Plan, outlook
from creditline.wayback.proof import PlanError, Proof, differences, read_proof, sealed
from creditline.wayback.situation import Situation
from tests.wayback.ways import DAY, LINE, START, bureau, event, opened, situation_of

POLICY = """
policy: small
title: {zh: 小额, en: Small}
utc_offset: "+08:00"
facts:
  lenders: {last: bureau.reported.lenders_with_balance}
  balance: {last: bureau.reported.balance}
  job: {last: profile.updated.employment}
rules:
  - {code: T03, when: lenders >= 4, then: close, cooling_off: 30d, cure: lenders <= 2, reason: {zh: 多头, en: Many}}
reopen: {when: job = 'employed', limit: 0.8 * limit, probation: 90d}
incident: {code: T20, reason: {zh: 修, en: Repair}}
means: 1000
levers:
  close_debts:
    title: {zh: 结清, en: Close debts}
    choose: {from: 1, to: lenders}
    money: balance * chosen / nullif(lenders, 0)
    takes: 10d
    says: [bureau.reported: {lenders_with_balance: lenders - chosen}]
  find_work:
    title: {zh: 就业, en: Find work}
    effort: 5
    says: [profile.updated: {employment: employed}]
"""
EVENTS = [
    opened(),
    event(START + DAY, "profile.updated", employment="unemployed", monthly_income=None),
    bureau(START + 2 * DAY, lenders=5, balance=500_000),
]
NOW = START + 9 * DAY


@pytest.fixture
def situation() -> Situation:
    return situation_of(read_policy(POLICY), EVENTS, NOW)


@pytest.fixture
def proof(situation: Situation) -> Proof:
    made = sealed(situation, outlook(situation), 3)
    assert len(made.outlook.plans) == 3
    return made


def written(proof: Proof) -> bytes:
    return msgspec.json.encode(proof)


def plain(proof: Proof) -> Any:
    return json.loads(written(proof))


def resealed(situation: Situation, proof: Proof, **changed: Any) -> Proof:
    """The same proof by somebody who can seal: the first plan says something else."""
    first, *rest = proof.outlook.plans
    plans = (msgspec.structs.replace(first, **changed), *rest)
    return sealed(situation, msgspec.structs.replace(proof.outlook, plans=plans), proof.position)


# -- what holds


def test_a_proof_comes_back_as_it_was_written(situation: Situation, proof: Proof) -> None:
    assert read_proof(written(proof), "plan.json") == proof
    indented = json.dumps(plain(proof), indent=4, ensure_ascii=True).encode()
    assert read_proof(indented, "plan.json") == proof


def test_an_untouched_proof_shows_no_difference(situation: Situation, proof: Proof) -> None:
    assert differences(situation, read_proof(written(proof), "plan.json")) == []


def test_the_same_log_in_another_order_is_the_same_log(proof: Proof) -> None:
    again = situation_of(read_policy(POLICY), EVENTS[::-1], NOW)
    assert differences(again, proof) == []


def test_what_came_after_the_plan_does_not_matter(proof: Proof) -> None:
    later = event(NOW + 1, "profile.updated", employment="student", monthly_income=1)
    assert differences(situation_of(read_policy(POLICY), [*EVENTS, later], NOW), proof) == []


def test_a_line_that_nothing_helps_has_a_proof_too() -> None:
    without = read_policy(POLICY.partition("levers:")[0])
    situation = situation_of(without, EVENTS, NOW)
    made = sealed(situation, outlook(situation), 3)
    assert made.outlook.never == ("T03",)
    assert differences(situation, read_proof(written(made), "plan.json")) == []


# -- a file changed by hand


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every single value in a file."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not isinstance(value, (dict, list)) or not value:
        yield path
    for key, part in items:
        yield from leaves(part, (*path, key))


def other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "0"
    return ["T99"] if value == [] else 1


def changed(value: Any, path: tuple[Any, ...]) -> Any:
    key, *rest = path
    copy = value.copy()
    copy[key] = changed(value[key], tuple(rest)) if rest else other(value[key])
    return copy


def test_a_file_with_any_field_changed_is_refused(proof: Proof) -> None:
    paths = list(leaves(plain(proof)))
    assert len(paths) > 100
    for path in paths:
        with pytest.raises(PlanError, match=r"plan\.json"):
            read_proof(json.dumps(changed(plain(proof), path)).encode(), "plan.json")


def test_a_changed_amount_is_told_to_be_a_change_by_hand(proof: Proof) -> None:
    altered = plain(proof)
    altered["outlook"]["plans"][0]["limit"] *= 2
    with pytest.raises(PlanError, match=r"^plan\.json, seal: .*the file was changed; bring the file as `creditline"):
        read_proof(json.dumps(altered).encode(), "plan.json")


@pytest.mark.parametrize(
    "place",
    [
        (),
        ("outlook",),
        ("outlook", "plans", 0),
        ("outlook", "plans", 0, "steps", 0),
        ("outlook", "plans", 0, "events", 0),
    ],
)
def test_a_promise_written_in_beside_the_rest_is_refused(proof: Proof, place: tuple[Any, ...]) -> None:
    altered = target = plain(proof)
    for key in place:
        target = target[key]
    target["promise"] = "and the fees are waived"
    with pytest.raises(PlanError):
        read_proof(json.dumps(altered).encode(), "plan.json")


def test_a_file_with_a_field_left_out_is_refused(proof: Proof) -> None:
    for path in leaves(plain(proof)):
        altered = target = plain(proof)
        for key in path[:-1]:
            target = target[key]
        del target[path[-1]]
        with pytest.raises(PlanError):
            read_proof(json.dumps(altered).encode(), "plan.json")


# -- a file that is something else


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"7", b'"plan"', b"not json", b"\xff\xfe\x00", b"[" * 100_000,
        b'{"form": "creditline plan 1", "outlook": 3}', b'{"outlook": {"plans": [3]}}',
        b'{"outlook": {"plans": [{"events": 3}]}}',
    ],
)  # fmt: skip
def test_another_file_is_no_plan(content: bytes) -> None:
    with pytest.raises(PlanError, match=r"^x\.json: .*is no plan; bring the file as"):
        read_proof(content, "x.json")


def test_a_plan_of_another_form_is_told_so(proof: Proof) -> None:
    for form in ("creditline plan 2", "creditline plan 0", "creditline plan"):
        other = msgspec.structs.replace(proof, form=form)
        with pytest.raises(PlanError, match=rf"{form}' is a form not known; this release reads 'creditline"):
            read_proof(written(other), "plan.json")


# -- a plan against something else than it was made for


def test_a_plan_is_refused_against_another_version_of_the_policy(proof: Proof) -> None:
    stricter = situation_of(read_policy(POLICY.replace("lenders <= 2", "lenders <= 1")), EVENTS, NOW)
    with pytest.raises(PlanError, match=r"plan, policy: .* is another one than the plan's"):
        differences(stricter, proof)


def test_a_plan_is_refused_against_another_log(proof: Proof) -> None:
    for log in (
        [*EVENTS, event(START + 3 * DAY, "income.received", amount=7)],
        [*EVENTS[:2], bureau(START + 2 * DAY, 4)],
    ):
        with pytest.raises(PlanError, match="plan, log"):
            differences(situation_of(read_policy(POLICY), log, NOW), proof)


def test_a_plan_is_refused_against_another_line_or_another_status(situation: Situation, proof: Proof) -> None:
    told = msgspec.structs.replace(proof.outlook, line="L2")
    with pytest.raises(PlanError, match=f"plan, line: '?{LINE}"):
        differences(situation, sealed(situation, told, 3))
    told = msgspec.structs.replace(proof.outlook, status="frozen")
    with pytest.raises(PlanError, match="plan, status"):
        differences(situation, sealed(situation, told, 3))


# -- figures that are wrong, though sealed


@pytest.mark.parametrize("what", ["reopens_at", "limit", "cost", "effort"])
def test_a_wrong_figure_under_a_right_seal_is_found(situation: Situation, proof: Proof, what: str) -> None:
    right = getattr(proof.outlook.plans[0], what)
    forged = read_proof(written(resealed(situation, proof, **{what: right - 1})), "plan.json")
    found = differences(situation, forged)
    assert found == [{"goal": "fastest", "what": what, "planned": right - 1, "came": right}]


def test_a_wrong_day_under_a_right_seal_is_found(situation: Situation, proof: Proof) -> None:
    right = proof.outlook.plans[0].reopens_on
    found = differences(situation, resealed(situation, proof, reopens_on="2026-01-01"))
    assert found == [{"goal": "fastest", "what": "reopens_on", "planned": "2026-01-01", "came": right}]


def test_events_its_steps_do_not_stand_for_are_found(situation: Situation, proof: Proof) -> None:
    events = proof.outlook.plans[0].events
    for left, missing in (((), events), (events[:-1], events[-1:])):
        found = differences(situation, resealed(situation, proof, events=left))
        assert [each["what"] for each in found] == [f"event {each.id}" for each in missing]


def test_every_plan_is_checked_not_the_first_alone(situation: Situation, proof: Proof) -> None:
    plans: list[Plan] = [msgspec.structs.replace(plan, limit=1) for plan in proof.outlook.plans]
    forged = sealed(situation, msgspec.structs.replace(proof.outlook, plans=tuple(plans)), 3)
    assert [each["goal"] for each in differences(situation, forged)] == ["fastest", "cheapest", "easiest"]


# -- through a home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with lived(tmp_path, "home", EVENTS) as made:
        yield made


def lived(folder: Path, name: str, events: Sequence[Event]) -> Home:
    """A home that holds these events, decided on up to now."""
    (folder / "small.yaml").write_text(POLICY, encoding="utf-8")
    made = Home.open(folder / name)
    made.append(events)
    run_home(made, folder / "small.yaml", until=NOW)
    return made


def saved(home: Home, folder: Path) -> Path:
    path = folder / "plan.json"
    path.write_bytes(written(plans_of(home, LINE, now=NOW)))
    return path


def test_a_plan_of_a_home_holds_however_the_log_goes_on(home: Home, tmp_path: Path) -> None:
    path = saved(home, tmp_path)
    told, found = check_plan(home, path)
    assert (len(told.plans), found) == (3, [])
    # Known before the plan was made, but only told to the log afterwards: the plan was made without it.
    home.append(
        [bureau(START + 3 * DAY, lenders=9, balance=900_000, name="late"), event(NOW + DAY, "reopen.requested")]
    )
    assert check_plan(home, path) == (told, [])


def test_a_plan_is_refused_by_a_home_with_another_past(home: Home, tmp_path: Path) -> None:
    path = saved(home, tmp_path)
    with (
        lived(tmp_path, "other", [*EVENTS[:2], bureau(START + 2 * DAY, lenders=5, balance=400_000)]) as another,
        pytest.raises(PlanError, match="plan, log"),
    ):
        check_plan(another, path)


def test_a_plan_file_that_cannot_be_read_is_told_as_such(home: Home, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(CreditlineError, match=r"cannot be read \(.*\); give the file of a plan"):
            check_plan(home, path)


def test_a_line_that_is_open_needs_no_way_back(tmp_path: Path) -> None:
    home = lived(tmp_path, "home", [*EVENTS, msgspec.structs.replace(opened(), line="L2")])
    with pytest.raises(CreditlineError, match="is open: it needs no way back"):
        plans_of(home, "L2", now=NOW)
    with pytest.raises(CreditlineError):
        plans_of(home, "no such line", now=NOW)
