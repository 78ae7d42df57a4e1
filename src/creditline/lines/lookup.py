"""What scores many rows runs: places of facts found by their leading digits, points added block by block.

Its functions are compiled by Numba from this file as it stands. A fact's place among its limits is not searched for:
the leading binary digits of the value say where to begin, and a fixed number of comparisons says the rest, so that no
branch depends on the data. Whole numbers are compared; floating point only says where to begin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Keys = NDArray[np.int32]
Places = NDArray[np.uint16]

NULL = -(2**63)
BLOCK = 2048
"""Rows worked on at a time, so that their places stay near the processor."""
DIGITS = 46
"""Binary digits of a floating-point number that are left away; the six leading ones of its fraction stay."""
ORIGIN = 0x4050000000000000 >> 46
"""The leading digits of 64.0: every whole number from -64 to 64 has its own leading digits once 64 is added."""


def leading(values: Int64s, floats: NDArray[np.float64], bits: Int64s, out: Keys, count: int) -> None:
    """A number that never falls as the value rises; ``bits`` is the memory of ``floats`` read as whole numbers."""
    for r in range(count):
        floats[r] = np.float64(abs(values[r])) + 64.0
    for r in range(count):
        size = (bits[r] >> DIGITS) - ORIGIN
        out[r] = size if values[r] >= 0 else -size


def score_rows(  # noqa: PLR0913  (plain columns: a class is nothing Numba takes lightly)
    columns: Int64s, base: int, begins: Int64s, starts: Int64s, lowest: Int64s, widths: Int64s,
    depths: Int64s, limit_begins: Int64s, limits: Int64s, counts: Int64s, point_begins: Int64s, points: Int64s,
    pairs: Int64s, maps: Int64s, cells: Int64s, floats: NDArray[np.float64], bits: Int64s, places: Places, out: Int64s,
) -> None:  # fmt: skip
    """Scores of all rows into out; see ``lines.scores`` for the tables."""
    keys = np.empty(BLOCK, np.int32)
    for row in range(0, len(out), BLOCK):
        count = min(BLOCK, len(out) - row)
        total = out[row : row + count]
        total[:] = base
        for j in range(len(begins)):
            values = columns[j, row : row + count]
            leading(values, floats, bits, keys, count)
            start, low, top = starts[begins[j] :], lowest[j], widths[j] - 1
            mine, found = limits[limit_begins[j] :], places[j]
            worth, most, depth = points[point_begins[j] :], counts[j], depths[j]
            if depth == 1:  # the usual case, without a loop within the loop
                for r in range(count):
                    value = values[r]
                    begin = start[np.uint32(min(max(keys[r] - low, 0), top))]
                    place = np.uint32(min(begin + (mine[begin] <= value), most) + 1)
                    place = np.uint32(0) if value == NULL else place
                    found[r] = place
                    total[r] += worth[place]
                continue
            for r in range(count):
                value = values[r]
                begin = start[np.uint32(min(max(keys[r] - low, 0), top))]
                place = begin
                for k in range(depth):
                    place += mine[np.uint32(begin + k)] <= value
                place = np.uint32(0 if value == NULL else min(place, most) + 1)
                found[r] = place
                total[r] += worth[place]
        for j in range(len(pairs)):
            rows, rest = maps[pairs[j, 2] :], maps[pairs[j, 3] :]
            one, other, table = places[pairs[j, 0]], places[pairs[j, 1]], cells[pairs[j, 4] :]
            for r in range(count):
                total[r] += table[np.uint32(rows[one[r]] + rest[other[r]])]
