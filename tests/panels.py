"""A made-up panel of the Taiwan form, for tests that need lines with outcomes but no real ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from creditline.events.taiwan_file import Panel

HEADING = [
    "ID", "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE",
    "PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6",
    "BILL_AMT1", "BILL_AMT2", "BILL_AMT3", "BILL_AMT4", "BILL_AMT5", "BILL_AMT6",
    "PAY_AMT1", "PAY_AMT2", "PAY_AMT3", "PAY_AMT4", "PAY_AMT5", "PAY_AMT6",
    "default payment next month",
]  # fmt: skip


def made_up(lines: int = 400, seed: int = 3) -> Panel:
    """Lines whose default hangs on months behind, so that there is something to learn."""
    chance = np.random.default_rng(seed)
    strain = chance.random(lines)
    state = np.where(chance.random((lines, 6)) < strain[:, None] * 0.6, chance.integers(1, 4, (lines, 6)), 0)
    state = np.where((state == 0) & (chance.random((lines, 6)) < 0.3), chance.choice([-2, -1], (lines, 6)), state)
    limit = chance.integers(1, 50, lines) * 10_000
    bill = (limit[:, None] * chance.random((lines, 6))).astype(np.int64)
    paid = (bill * chance.random((lines, 6)) * (1 - strain[:, None])).astype(np.int64)
    defaulted = chance.random(lines) < 0.05 + 0.2 * np.maximum(state[:, -1], 0) + 0.2 * strain
    return Panel(np.arange(1, lines + 1), limit, state, bill, paid, defaulted)


def rows(panel: Panel) -> list[list[str]]:
    """The panel as the publisher's rows, sex and the like filled with what nobody may read."""
    return [
        [
            str(value)
            for value in (
                panel.ids[n], panel.limit[n], 9, 9, 9, 99, *panel.state[n][::-1], *panel.bill[n][::-1],
                *panel.paid[n][::-1], int(panel.defaulted[n]),
            )
        ]
        for n in range(len(panel))
    ]  # fmt: skip


def write_csv(path: Path, panel: Panel, heading: list[str] | None = None, above: list[str] | None = None) -> Path:
    """Write the panel as text under a heading, with a row above it where one is given."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([*([above] if above else []), heading or HEADING, *rows(panel)])
    return path
