"""The kernel: readable source, compiled in the background, kept on disk, and honest about what fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, LineOpened
from creditline.facts.slices import Slices, from_events
from creditline.lines.kernel import Kernel, kernel_of, kernel_source
from creditline.lines.replay import look, measure, opened_states, run
from creditline.policy import load_policy, read_policy

SMALL = """
policy: small-kernel
title: {zh: 小, en: Small}
facts:
  draws_3d: {count: draw.booked, window: 3d}
  drawn: {sum: draw.booked.amount}
rules:
  - {code: T05, when: draws_3d >= 2, then: freeze, reason: {zh: 一, en: one}}
incident: {code: T20, reason: {zh: 故障, en: fault}}
"""
DAY = 86_400_000_000


def history(days: list[int]) -> Slices:
    draws = [Event(f"e{d}", "L", d * DAY, d * DAY, DrawBooked(100)) for d in days]
    return from_events([Event("e0", "L", DAY, DAY, LineOpened(100_000)), *draws])


def test_the_source_can_be_read() -> None:
    source = kernel_source(read_policy(SMALL))
    assert "end[20]):  # draw.booked" in source
    assert "# T05 freeze: draws_3d >= 2" in source
    compile(source, "kernel", "exec")


def test_a_window_is_half_open_and_time_alone_unfreezes() -> None:
    done = run(history([10, 12]), read_policy(SMALL), 30 * DAY, engine="python")
    assert [(d.at / DAY, d.action) for d in done.decisions()] == [(1, "open"), (12, "freeze"), (13, "unfreeze")]
    spread = run(history([10, 13]), read_policy(SMALL), 30 * DAY, engine="python")
    assert [d.action for d in spread.decisions()] == ["open"]


def test_python_serves_while_numba_compiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITLINE_CACHE", str(tmp_path))
    kernel = Kernel(kernel_source(read_policy(SMALL)).replace("small-kernel", "background"))
    assert not kernel.is_ready
    thread = kernel.warm()
    assert callable(kernel.function("walk_many", "python"))
    thread.join()
    assert kernel.is_ready
    assert list(tmp_path.glob("kernels-*/kernel_*.py"))


def test_the_compiled_form_is_found_again_by_another_process(tmp_path: Path) -> None:
    """The second process loads from the cache: Numba says so in its statistics."""
    program = (
        "from creditline.lines.kernel import *; from creditline.policy import read_policy; import numpy as np;"
        f"k = Kernel(kernel_source(read_policy({SMALL!r}))); f = k.function('month_index', 'numba'); f(10**15);"
        "print(sum(f.stats.cache_hits.values()), sum(f.stats.cache_misses.values()))"
    )
    environment = os.environ | {"CREDITLINE_CACHE": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    ]
    assert [text.split() for text in said] == [["0", "1"], ["1", "0"]]


def test_policies_that_differ_in_texts_only_share_a_kernel() -> None:
    other = SMALL.replace("en: one", "en: another")
    assert kernel_of(read_policy(SMALL)) is kernel_of(read_policy(other))


def test_a_line_outside_int64_fails_alone() -> None:
    """The other line is decided; the failure names line and fact."""
    draws = [Event(f"e{n}", "HUGE", n * 1_000_000, n * 1_000_000, DrawBooked(10**15)) for n in range(2, 9300)]
    late = [Event(e.id, e.line, e.at, 10**12, e.body) for e in draws]
    lines = [Event("o", "HUGE", 1, 1, LineOpened(1)), Event("o", "OTHER", 1, 1, LineOpened(1)), *late]
    done = run(from_events(lines), read_policy(SMALL), 2 * 10**12, engine="python")
    assert [failure.line for failure in done.failures] == ["HUGE"]
    assert "drawn" in done.failures[0].problem
    assert {d.line for d in done.decisions()} == {"OTHER"}


def test_looking_changes_nothing() -> None:
    policy, slices = load_policy("consumer-line"), history([10, 11, 12])
    states = opened_states(slices, 12 * DAY)
    before = states.copy()
    first = look(slices, policy, 12 * DAY, states, engine="python")
    second = look(slices, policy, 12 * DAY, states, engine="python")
    np.testing.assert_array_equal(states, before)
    np.testing.assert_array_equal(first.verdicts, second.verdicts)


def test_facts_can_be_measured_without_a_walk() -> None:
    facts = measure(history([10, 11, 12]), read_policy(SMALL), 12 * DAY, engine="python")
    assert {name: values.tolist() for name, values in facts.items()} == {"draws_3d": [3], "drawn": [300]}


def test_threads_change_nothing() -> None:
    lines = [
        Event(f"e{n}", f"L{line}", n * DAY + line, n * DAY + line, LineOpened(100_000) if n == 1 else DrawBooked(100))
        for line in range(1_200)
        for n in (1, 5 + line % 3, 8)
    ]
    slices, policy = from_events(lines), read_policy(SMALL)
    one, three = (run(slices, policy, 30 * DAY, engine="numba", threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.rows, three.rows)
    assert len(one.rows) > 2_000
