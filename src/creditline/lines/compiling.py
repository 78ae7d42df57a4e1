"""Compiles a kernel's entry points into Numba's cache: ``python -m creditline.lines.compiling FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from creditline.lines.kernel import load_compiled


def compile_entries(path: Path) -> None:
    """Compile ``walk_many`` and ``look_many`` by calling them on no lines at all."""
    module = load_compiled(path)
    row, table, kinds = np.zeros(1, np.int64), np.zeros((1, 1), np.int64), np.zeros(1, np.uint8)
    columns = (row, row, row, row, kinds, table)  # offsets, at, known, until, kind, values
    module.walk_many(0, 0, 0, 0, *columns, row, table, table, row, row, table, row)
    module.look_many(0, 0, 0, *columns, table, table, row, row, table, table)


if __name__ == "__main__":
    compile_entries(Path(sys.argv[1]))
