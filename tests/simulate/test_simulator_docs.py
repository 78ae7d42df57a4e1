"""The page about the simulator lists every behaviour as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditline.simulate import PORTFOLIO, Behaviour

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def row_of(behaviour: Behaviour) -> str:
    """The behaviour's row in the table of the page."""
    story = " ".join((behaviour.recipe.__doc__ or "").split())
    return f"| `{behaviour.name}` | {behaviour.share} | {' '.join(behaviour.seen_as)} | {story} |"


@pytest.mark.parametrize("behaviour", PORTFOLIO, ids=lambda row: row.name)
def test_the_page_tells_of_every_behaviour(behaviour: Behaviour) -> None:
    assert row_of(behaviour) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_tells_of_nothing_else() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(("| `p", "| `b"))]
    assert len([row for row in rows if row.startswith(("| `person.", "| `business."))]) == len(PORTFOLIO)
