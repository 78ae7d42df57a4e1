"""The page of figures, docs/benchmarks.md."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
from collections.abc import Sequence
from pathlib import Path

import psutil

from bench.cases import Row

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
_PACKAGES = ("numpy", "numba", "duckdb", "polars", "pyarrow", "optbinning")

_NOTES = """\
## How it is measured
- Every case runs in a process of its own, after a run that warms it; figures are medians of the clock, with the best
  run and the processor time in brackets. Kernel and peers take turns within one run.
- Lines are generated from a seed (`bench/data.py`): a year of events in the mix the consumer policy reads, some late,
  some voided, consents given. Replay takes simulated borrowers, whose lines open, close and reopen.
- Peers (`bench/duck.py`, `bench/polar.py`) are written by hand for speed: each kind's visible rows alone, grouped, and
  joined at the end; Polars lazy, run both ways it can. They read Arrow columns of the same events, in order of time
  within a line, without a copy; the kernel's own columns are in order of kind and time.
- Before anything is timed all facts of the peers are compared with the kernel's, bit for bit.
- The kernel's time includes the facts calculated from others, the points, the rules and the decision; the time of the
  hand-written peers does not. The bar asks for decisions; the second ratio has the kernel hand out every fact as well.
- Rows to score (`bench/scoring.py`) are SIMULATED. Before anything is timed ours are compared, point by point, with the
  scores worked out another way. The peers score the same rows in floating point with models trained on the same rows.
- Loans of the day end (`bench/lending.py`) are SIMULATED columns from a seed: instalment loans at every month of their
  lives, about one in twelve behind with one to three rows. The scalar path runs on one core of one process.
- Lines to plan for (`bench/wayback.py`) are SIMULATED, persons' alone: closed or frozen at one moment under the shipped
  policy, as known then. Those with loans drew only what its decisions left; their accounts are worked out before the
  clock starts. The peer's scorecard (`bench/counterfactual.py`) is fitted to the policy's card, and every line asked
  about is first seen to get the same points from both; what lines are usual it learns from other simulated ones. It may
  change any fact, the past included, as its settings come: half of the facts at most.
- `make bench` measures all; `.venv/bin/python -m bench --quick` takes a minute, `--only replay` one case.
"""


def write(rows: Sequence[Row], load: float, path: Path = PAGE) -> None:
    """Write the page for these figures; ``load`` is how busy the machine was when it began."""
    path.write_text(page(rows, load), encoding="utf-8")


def page(rows: Sequence[Row], load: float) -> str:
    """The page as Markdown."""
    table = ["| what | measured | bar | met |", "|---|---|---|---|"]
    table += [f"| {row.what} | {row.figure} | {row.bar} | {_met(row)} |" for row in rows]
    today = dt.datetime.now(dt.UTC).date()
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()}"
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    head = (
        "# Benchmarks\n\nWritten by `make bench`; do not edit.\n\n"
        f"{today}, {machine}, Python {platform.python_version()}, {versions}. "
        f"Other work on the machine as the run began: load {load:.1f}.\n\n"
    )
    return head + "\n".join(table) + "\n\n" + _NOTES


def _met(row: Row) -> str:
    return "" if row.met is None else "yes" if row.met else "**no**"
