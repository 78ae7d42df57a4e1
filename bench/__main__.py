"""Measures speed: every case in a process of its own, a table on the terminal, docs/benchmarks.md at the end."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from bench.cases import CASES, FULL, QUICK, Row
from bench.page import PAGE, write

ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run the cases asked for; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute; writes no page")
    parser.add_argument("--only", choices=list(CASES), action="append", help="only this case; writes no page")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.here:
        for row in CASES[asked.only[0]](QUICK if asked.quick else FULL):
            print(json.dumps(row.as_dict()), flush=True)
        return 0
    load = os.getloadavg()[0]
    rows: list[Row] = []
    for name in asked.only or CASES:
        rows += _apart(name, quick=asked.quick)
    if not asked.quick and not asked.only:
        write(rows, load)
        print(f"Written to {PAGE.relative_to(ROOT)}")
    return int(any(row.met is False for row in rows))


def _apart(name: str, *, quick: bool) -> list[Row]:
    """One case in a process of its own, so that it has the memory to itself; its rows, told as they come."""
    command = [sys.executable, "-m", "bench", "--here", "--only", name, *(["--quick"] if quick else [])]
    environment = os.environ | {
        "POLARS_MAX_THREADS": "2",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    rows: list[Row] = []
    with subprocess.Popen(  # noqa: S603  (our own program)
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            row = Row(**json.loads(line))
            verdict = "" if row.met is None else f"  [{row.bar}: {'met' if row.met else 'MISSED'}]"
            print(f"{row.case:8} {row.what}: {row.figure}{verdict}", flush=True)
            rows.append(row)
    if process.returncode:
        raise SystemExit(f"bench: case {name} ended with status {process.returncode}")
    return rows


if __name__ == "__main__":
    raise SystemExit(main())
