"""Timing: repeated runs, medians and best, by the clock and by the processor."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

CORES = min(2, os.cpu_count() or 1)
"""Cores a measurement may use."""


@dataclass(frozen=True)
class Timing:
    """What repeated runs of one thing took, in seconds."""

    median: float
    best: float
    busy: float
    """Least processor time over all threads, shared by the cores: what quiet cores would take at best."""

    def __truediv__(self, other: Timing) -> float:
        """How many times longer this took by the median."""
        return self.median / other.median


def timed(function: Callable[[], object], repeat: int = 7) -> Timing:
    """Time a function after one run that warms it; a quick one again and again for half a second."""
    began = time.perf_counter()
    function()
    once = time.perf_counter() - began
    return together({"it": function}, repeat if repeat == 1 else max(repeat, min(200, int(0.5 / once))))["it"]


def together(functions: dict[str, Callable[[], object]], repeat: int = 7) -> dict[str, Timing]:
    """Time several functions turn by turn, so that a busy moment of the machine falls on all alike."""
    walls: dict[str, list[float]] = {name: [] for name in functions}
    busies: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(repeat):
        for name, function in functions.items():
            busy, wall = time.process_time(), time.perf_counter()
            function()
            walls[name].append(time.perf_counter() - wall)
            busies[name].append(time.process_time() - busy)
    return {
        name: Timing(statistics.median(walls[name]), min(walls[name]), min(busies[name]) / CORES) for name in functions
    }


def peak_bytes() -> int:
    """The most memory this process has held so far."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024
