"""What every generated kernel stands on: exact int64 arithmetic with NULL, calendar months, small searches.

These functions are copied into each generated module as they stand here, run as plain Python or compiled by
Numba. They keep to what both understand: whole numbers, arrays, loops. Python's integers do not overflow and
Numba's wrap without a word, so every operation checks before it calculates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]

NULL = -(2**63)
NEVER = 2**63 - 1
LONG_AGO = -(2**62)
DAY = 86_400_000_000


def add(a: int, b: int) -> int:
    """a + b; NULL when either is."""
    if a == NULL or b == NULL:
        return NULL
    if (b > 0 and a > NEVER - b) or (b < 0 and a < -NEVER - b):
        raise OverflowError("a sum is outside int64")
    return a + b


def sub(a: int, b: int) -> int:
    """a - b; NULL when either is."""
    return NULL if b == NULL else add(a, -b)


def mul(a: int, b: int) -> int:
    """a * b; NULL when either is."""
    if a == NULL or b == NULL:
        return NULL
    if b != 0 and abs(a) > NEVER // abs(b):
        raise OverflowError("a product is outside int64")
    return a * b


def div(a: int, b: int, scale: int) -> int:
    """a * scale / b cut towards zero; NULL when either is, or b is 0."""
    if a == NULL or b == NULL or b == 0:
        return NULL
    n = mul(a, scale)
    q = abs(n) // abs(b)
    return q if (n < 0) == (b < 0) else -q


def eq(a: int, b: int) -> bool:
    """Whether a = b is TRUE."""
    return a != NULL and b != NULL and a == b


def ne(a: int, b: int) -> bool:
    """Whether a <> b is TRUE."""
    return a != NULL and b != NULL and a != b


def lt(a: int, b: int) -> bool:
    """Whether a < b is TRUE."""
    return a != NULL and b != NULL and a < b


def le(a: int, b: int) -> bool:
    """Whether a <= b is TRUE."""
    return a != NULL and b != NULL and a <= b


def gt(a: int, b: int) -> bool:
    """Whether a > b is TRUE."""
    return a != NULL and b != NULL and a > b


def ge(a: int, b: int) -> bool:
    """Whether a >= b is TRUE."""
    return a != NULL and b != NULL and a >= b


def coalesce(a: int, b: int) -> int:
    """The first that is not NULL."""
    return b if a == NULL else a


def nullif(a: int, b: int) -> int:
    """NULL where a = b, else a."""
    return NULL if a == b else a


def least(a: int, b: int) -> int:
    """The smaller; NULL when either is."""
    return NULL if a == NULL or b == NULL else min(a, b)


def greatest(a: int, b: int) -> int:
    """The larger; NULL when either is."""
    return NULL if a == NULL or b == NULL else max(a, b)


def magnitude(a: int) -> int:
    """The absolute value; NULL stays NULL."""
    return a if a == NULL else abs(a)


def cut(amount: int, finer: int, step: int) -> int:
    """An amount with extra decimals (a factor of ``finer``) cut down to a multiple of ``step`` minor units."""
    return NULL if amount == NULL else amount // finer // step * step


def month_index(us: int) -> int:
    """Calendar month of a moment: year * 12 + month - 1 (days to civil date after H. Hinnant's algorithm)."""
    days = us // DAY + 719_468
    era = days // 146_097
    doe = days - era * 146_097
    yoe = (doe - doe // 1460 + doe // 36_524 - doe // 146_096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 2 if mp < 10 else mp - 10
    return (yoe + era * 400 + (1 if month <= 1 else 0)) * 12 + month


def month_start(index: int) -> int:
    """First moment of a calendar month given by its index; the inverse of month_index."""
    year, month = index // 12, index % 12
    if month <= 1:
        year -= 1
    mp = month - 2 if month > 1 else month + 10
    era = year // 400
    yoe = year - era * 400
    doe = yoe * 365 + yoe // 4 - yoe // 100 + (153 * mp + 2) // 5
    return (era * 146_097 + doe - 719_468) * DAY


def count_distinct(values: Int64s, n: int) -> int:
    """How many different values stand in the first n cells."""
    if n <= 24:
        found = 0
        for i in range(n):
            fresh = 1
            for j in range(i):
                if values[j] == values[i]:
                    fresh = 0
                    break
            found += fresh
        return found
    size = 64
    while size < 2 * n:
        size *= 2
    table = np.full(size, NULL)
    found = 0
    for i in range(n):
        cell = (values[i] ^ (values[i] >> 31) ^ (values[i] >> 15)) & (size - 1)
        while table[cell] != NULL and table[cell] != values[i]:
            cell = (cell + 1) & (size - 1)
        if table[cell] == NULL:
            table[cell] = values[i]
            found += 1
    return found


def later(at: Int64s, lo: int, hi: int, moment: int) -> int:
    """The first of rows lo to hi (excluded), in order of time, that lies after a moment; hi where none does."""
    while lo < hi:
        middle = (lo + hi) >> 1
        if at[middle] <= moment:
            lo = middle + 1
        else:
            hi = middle
    return lo


def stands(
    i: int, opener_end: int, ender_begin: int, ender_end: int, t: int, at: Int64s, known: Int64s, until: Int64s,
    v: Int64s, opener_slot: int, ender_slot: int,
) -> bool:  # fmt: skip
    """Whether no later visible event of i's kind, or of the ending kind, has the key of event i (slot -1: any key)."""
    for j in range(i + 1, opener_end):
        if at[j] > t:
            break
        if known[j] <= t and until[j] > t and (opener_slot < 0 or v[opener_slot, j] == v[opener_slot, i]):
            return False
    for j in range(ender_begin, ender_end):
        if at[j] > t:
            break
        if at[j] < at[i] or known[j] > t or until[j] <= t:
            continue
        if ender_slot < 0 or v[ender_slot, j] == v[opener_slot, i]:
            return False
    return True


HELPERS = (
    add, sub, mul, div, eq, ne, lt, le, gt, ge, coalesce, nullif, least, greatest, magnitude, cut,
    month_index, month_start, count_distinct, later, stands,
)  # fmt: skip
"""In the order in which they are copied."""
