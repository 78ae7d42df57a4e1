"""The gate: generated Python = Numba = DuckDB = the naive oracle, bit for bit, over adversarial histories.

Bounded in the normal run; ``make gate`` runs the same tests many times deeper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import NULL, SLOTS, DrawBooked, LineOpened
from creditline.facts.slices import NEVER, Slices, from_events
from creditline.lines.decision import Decision
from creditline.lines.replay import Run, look, run
from creditline.policy import Policy, PolicyErrors, load_policy, read_policy
from creditline.policy.compiler import STATE, fact_order
from creditline.policy.sql import policy_sql
from tests import oracle
from tests.gate.strategies import POLICIES, as_yaml, histories, horizon, moments, policy_named, random_policies

pytestmark = pytest.mark.gate

GATE_POLICIES = ("machine", "consent", "kitchen-sink")
DEPTH = settings().max_examples / 60


def examples(count: int) -> settings:
    """So many examples in the normal run, many more in the deep one."""
    return settings(max_examples=max(1, int(count * DEPTH)), suppress_health_check=[*HealthCheck])


@cache
def policy_of(name: str) -> Policy:
    return load_policy(POLICIES / f"{name}.yaml") if name in GATE_POLICIES else load_policy(name)


@cache
def plain_of(name: str) -> dict[str, Any]:
    if name in GATE_POLICIES:
        return policy_named(name)
    import yaml

    plain: dict[str, Any] = yaml.safe_load(load_policy(name).text)
    return plain


def bare(decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions without what the oracle does not know: the policy's version and the log's position."""
    return [msgspec.structs.replace(decision, policy="", position=0) for decision in decisions]


def lived(events: Sequence[Event], policy: Policy, until: int) -> list[Decision] | None:
    """The kernel's decisions on one line; None where a number left int64."""
    done = run(from_events(events), policy, until, engine="python")
    return None if done.failures else bare(done.decisions())


def compare_with_oracle(plain: dict[str, Any], policy: Policy, events: Sequence[Event], until: int) -> None:
    try:
        expected = oracle.life(plain, events, until)
    except OverflowError:
        return  # the oracle works everything out, the kernel only what is needed: see test_overflow
    if events:
        assert lived(events, policy, until) == expected


class TestPythonIsTheOracle:
    """The stateful walk, decision by decision."""

    @examples(40)
    @given(data=st.data())
    def test_on_the_state_machine(self, data: st.DataObject) -> None:
        events = data.draw(histories(policy_named("machine")))
        compare_with_oracle(plain_of("machine"), policy_of("machine"), events, horizon(events, 40))

    @examples(40)
    @given(data=st.data())
    def test_on_consents(self, data: st.DataObject) -> None:
        events = data.draw(histories(policy_named("consent")))
        compare_with_oracle(plain_of("consent"), policy_of("consent"), events, horizon(events))

    @examples(12)
    @given(data=st.data())
    def test_on_every_operator(self, data: st.DataObject) -> None:
        events = data.draw(histories(policy_named("kitchen-sink")))
        compare_with_oracle(plain_of("kitchen-sink"), policy_of("kitchen-sink"), events, horizon(events, 5))

    @examples(25)
    @given(data=st.data())
    def test_on_policies_made_up_on_the_spot(self, data: st.DataObject) -> None:
        plain = data.draw(random_policies())
        try:
            policy = read_policy(as_yaml(plain))
        except PolicyErrors:  # a rule that can never fire, say: no such policy becomes active
            reject()
        events = data.draw(histories(plain))
        compare_with_oracle(plain, policy, events, horizon(events))


def relabelled(events: Sequence[Event], line: str) -> list[Event]:
    return [msgspec.structs.replace(event, line=line) for event in events]


def draw_lines(data: st.DataObject, plain: dict[str, Any], most: int = 6) -> Slices:
    """Histories of several lines together."""
    many = data.draw(st.lists(histories(plain).filter(bool), min_size=1, max_size=most))
    return from_events([event for n, events in enumerate(many) for event in relabelled(events, f"L{n}")])


def same_run(a: Run, b: Run) -> None:
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.states, b.states)
    assert a.failures == b.failures


class TestNumbaIsPython:
    """The same source compiled: rows, states and failures alike."""

    @pytest.mark.parametrize("name", ["machine", "kitchen-sink", "consumer-line"])
    def test_walk(self, name: str) -> None:
        @examples(15)
        @given(data=st.data())
        def walk(data: st.DataObject) -> None:
            slices = draw_lines(data, plain_of(name))
            until = int(slices.at.max()) + 90 * 86_400_000_000
            same_run(*(run(slices, policy_of(name), until, engine=engine) for engine in ("python", "numba")))

        walk()


def tables(slices: Slices, states: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """What the exported SQL reads."""
    line = np.repeat(np.arange(len(slices)), np.diff(slices.offsets))
    events = {
        "line": line,
        "happened_at": slices.at,
        "known_at": slices.known,
        "voided_at": pa.array(slices.until, mask=slices.until == NEVER),
        "kind": slices.kind.astype(np.int64),
    } | {f"v{k}": pa.array(slices.values[k], mask=slices.values[k] == NULL) for k in range(SLOTS)}
    columns = {
        "status": "STATUS",
        "since": "SINCE",
        "limit": "LIMIT",
        "probation_until": "PROBATION",
        "closings": "CLOSINGS",
    }
    cells = {name: states[:, STATE.index(cell)] for name, cell in columns.items()}
    return pa.table(events), pa.table({"line": np.arange(len(slices))} | cells)


def in_duckdb(policy: Policy, slices: Slices, states: np.ndarray, t: int) -> list[dict[str, Any]]:
    """The exported query's rows."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        for name, table in zip(("events", "states"), tables(slices, states), strict=True):
            connection.register(name, table)
        answer = connection.execute(policy_sql(policy, t))
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


class TestDuckdbIsPython:
    """Facts, points and fired rules as of a moment, in the state the walk left."""

    @pytest.mark.parametrize(
        ("name", "count"), [("machine", 10), ("kitchen-sink", 15), ("consumer-line", 8), ("business-line", 4)]
    )
    def test_facts_points_rules(self, name: str, count: int) -> None:
        policy = policy_of(name)

        @examples(count)
        @given(data=st.data())
        def compare(data: st.DataObject) -> None:
            slices = draw_lines(data, plain_of(name), most=4)
            t = data.draw(
                st.integers(int(slices.at.min()), int(slices.at.max()) + 10**13) | moments(plain_of(name), [])
            )
            states = run(slices, policy, t, engine="python").states
            seen = look(slices, policy, t, states, engine="python")
            if seen.failures:
                return
            try:
                rows = in_duckdb(policy, slices, states, t)
            except duckdb.OutOfRangeException:
                return  # a warehouse works out every rule, the kernel only those that matter in the line's status
            compare_rows(policy, rows, seen, states)

        compare()


def compare_rows(policy: Policy, rows: list[dict[str, Any]], seen: Any, states: np.ndarray) -> None:
    for line, row in enumerate(rows):
        facts = dict(zip(fact_order(policy), (None if v == NULL else int(v) for v in seen.facts[line]), strict=True))
        assert {name: row[name] for name in facts} == facts
        assert row["points"] == seen.verdicts[line, 0]
        strict = [r for r in policy.rules if r.on_line and (r.then != "limit" or states[line, 0] == 3)]
        if 3 <= states[line, 0] <= 5:
            fired = {policy.rules[i].code for i in range(len(policy.rules)) if seen.verdicts[line, 1] >> i & 1}
            assert {r.code for r in strict if row["fires_" + r.code.replace("-", "_")]} == fired


OVERFLOWING = """
policy: overflow
title: {zh: 溢出, en: Overflow}
facts:
  drawn: {sum: draw.booked.amount}
rules:
  - {code: O1, when: drawn > 1, then: freeze, cure: limit > 5, reason: {zh: 一, en: one}}
incident: {code: T20, reason: {zh: 一, en: one}}
"""


def test_overflow_is_an_error_on_every_host() -> None:
    """9,223 draws of 10**15 fit int64, one more does not: no host wraps, none decides."""

    policy, second = read_policy(OVERFLOWING), 1_000_000
    opened = Event("e0", "L", second, second, LineOpened(100))
    draws = [Event(f"e{n}", "L", n * second, n * second, DrawBooked(10**15)) for n in range(2, 9226)]
    for events, overflows in ((draws[:-1], False), (draws, True)):
        slices = from_events([opened, *events])
        until = 10_000 * second
        compiled = look(slices, policy, until, run(slices, policy, 1, engine="python").states, engine="numba")
        assert bool(compiled.failures) is overflows
        late = from_events([replace_known(event, until) for event in [opened, *events]])
        failures = run(late, policy, until, engine="python").failures
        assert bool(failures) is overflows
        if overflows:
            assert "drawn = add(drawn" in failures[0].problem
            with pytest.raises(duckdb.Error, match=r"out of range|[Oo]verflow"):
                in_duckdb(policy, slices, np.zeros((1, len(STATE)), np.int64), until)
            with pytest.raises(OverflowError):
                oracle.facts(policy_plain(OVERFLOWING), [opened, *events], until, oracle.State())


def replace_known(event: Event, known: int) -> Event:
    return msgspec.structs.replace(event, known=known)


def policy_plain(text: str) -> dict[str, Any]:
    import yaml

    plain: dict[str, Any] = yaml.safe_load(text)
    return plain


def test_a_fold_shares_the_compiled_kernel() -> None:
    """Another scorecard over the same facts is another table, not another kernel."""
    from creditline.lines.kernel import kernel_of

    policy = policy_of("kitchen-sink")
    card = policy.scorecard
    assert card is not None
    assert kernel_of(policy.with_scorecard(replace(card, base=card.base + 7))) is kernel_of(policy)
