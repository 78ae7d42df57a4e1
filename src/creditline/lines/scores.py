"""Very many rows through one scorecard on columns: the same points as the kernel's ``score``, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from creditline.lines import lookup
from creditline.lines.kernel import Engine, Kernel
from creditline.scoring.scorecard import Scorecard, Steps, Term

Int64s = NDArray[np.int64]

NUMBA_FROM = 50_000
"""Rows from which compiling pays; fewer are scored by ``Scorecard.points``, unless the kernel is loaded already."""

_FAR = np.iinfo(np.int64).max


def scores(card: Scorecard, columns: Mapping[str, Int64s], *, engine: Engine | None = None) -> Int64s:
    """The score of every row, on one core; columns hold facts in numeric form, by name, all of one length."""
    rows = len(next(iter(columns.values())))
    if engine == "python" or (engine is None and rows < NUMBA_FROM and not _kernel().is_ready) or not card.facts:
        return card.points(columns)
    out = np.empty(rows, np.int64)
    Prepared(card).score(np.stack([columns[fact] for fact in card.facts]), out)
    return out


class Prepared:
    """A card's tables laid out for scoring many blocks of rows. Not to be used by two threads at once."""

    def __init__(self, card: Scorecard) -> None:
        steps = [Steps(fact, card.limits[fact]) for fact in card.facts]
        singles = {each.facts[0]: each for each in card.terms if len(each.axes) == 1}
        begun = [_begun(each.limits) for each in steps]
        starts = [table for table, _, _ in begun]
        limits = [[*each.limits, *([_FAR] * (depth + 1))] for each, (_, _, depth) in zip(steps, begun, strict=True)]
        points = [_points(each, singles) for each in steps]
        self._tables = (
            np.int64(card.base),
            *_joined(starts, np.uint16),
            np.array([low for _, low, _ in begun], np.int64),
            np.array([len(table) for table in starts], np.int64),
            np.array([depth for _, _, depth in begun], np.int64),
            *_joined(limits, np.int64),
            np.array([len(each.limits) for each in steps], np.int64),
            *_joined(points, np.int32),
            *_pairs(card, steps),
        )
        self._floats = np.zeros(lookup.BLOCK)
        self._places = np.zeros((max(1, len(steps)), lookup.BLOCK), np.uint16)

    def score(self, columns: Int64s, out: Int64s) -> None:
        """Scores of rows into ``out``; columns of shape (facts of the card in order of name, rows)."""
        run = _kernel().function("score_rows", "numba")
        bits = self._floats.view(np.int64)
        run(columns, *self._tables, self._floats, bits, self._places, out)


def _begun(limits: Sequence[int]) -> tuple[list[int], int, int]:
    """By leading digits, from the lowest on, limits surely at or under; the lowest; how many are left to compare."""
    if not limits:
        return [0], 0, 0
    keys, floats = np.zeros(len(limits), np.int32), np.zeros(len(limits))
    lookup.leading(np.array(limits, np.int64), floats, floats.view(np.int64), keys, len(limits))
    low = int(keys[0])
    table = np.searchsorted(keys, np.arange(low, int(keys[-1]) + 2), side="left")
    return table.tolist(), low, int(np.max(np.diff([*table, len(limits)])))


def _points(steps: Steps, singles: Mapping[str, Term]) -> list[int]:
    own = singles.get(steps.fact)
    return [own.points_of({steps.fact: steps.example(p)}) if own else 0 for p in range(steps.size)]


def _pairs(card: Scorecard, steps: Sequence[Steps]) -> tuple[Int64s, NDArray[np.int32], NDArray[np.int32]]:
    """Per pair its two facts and where its places and points begin; the places, fine to coarse; the points."""
    number = {each.fact: j for j, each in enumerate(steps)}
    rows: list[list[int]] = []
    maps: list[int] = []
    cells: list[int] = []
    for each in card.terms:
        if len(each.axes) == 2:
            first, second = (number[fact] for fact in each.facts)
            row_of = [each.axes[0].place(steps[first].example(p)) * each.axes[1].size for p in range(steps[first].size)]
            column_of = [each.axes[1].place(steps[second].example(p)) for p in range(steps[second].size)]
            rows.append([first, second, len(maps), len(maps) + len(row_of), len(cells)])
            maps += [*row_of, *column_of]
            cells += each.points
    return np.array(rows, np.int64).reshape(-1, 5), np.array([*maps, 0], np.int32), np.array([*cells, 0], np.int32)


def _joined(parts: Sequence[Sequence[int]], kind: type[np.integer[Any]]) -> tuple[Int64s, NDArray[Any]]:
    """Where each part begins, and all parts behind one another."""
    begins = np.cumsum([0, *map(len, parts)], dtype=np.int64)[: len(parts)]
    return begins, np.array([*(each for part in parts for each in part), 0], kind)


@lru_cache(maxsize=1)
def _kernel() -> Kernel:
    return Kernel(Path(lookup.__file__).read_text(encoding="utf-8"))


__all__ = ["Prepared", "scores"]
