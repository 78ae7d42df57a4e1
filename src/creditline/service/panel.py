"""The Taiwan panel into a home: the file's figures as events, appended in batches of whole lines."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from creditline.events import taiwan
from creditline.events.taiwan_file import Panel, PanelError
from creditline.store import Home

POLICY = "taiwan-panel"
"""The policy fitted to such a panel: what ``creditline run`` takes on this home if none is named."""


class PanelImported(msgspec.Struct, frozen=True):
    """What became of a panel."""

    lines: int
    accepted: int
    """Events new to the log."""
    duplicates: int
    """Events that stood in it already."""
    defaulted: int


def import_panel(
    home: Home, panel: Panel, source: str, progress: Callable[[int, int], None] | None = None
) -> PanelImported:
    """Take a panel read from ``source`` into the home's log; told lines done and lines in all.

    A run that was stopped is completed by the next one. Raises PanelError where the home holds other figures under
    the same lines.
    """
    accepted = duplicates = done = 0
    for batch in taiwan.events(panel):
        appended = home.append(batch)
        if appended.refused:
            refusal = appended.refused[0]
            remedy = "import each panel into a home of its own"
            raise PanelError(f"{source}: line {refusal.event.line}, {refusal.event.id}", refusal.reason, remedy)
        accepted += appended.accepted
        duplicates += appended.duplicates
        done += len({event.line for event in batch})
        if progress is not None:
            progress(done, len(panel))
    home.put("panel", {"panel": "taiwan", "policy": POLICY, "as_of": taiwan.OBSERVED})
    return PanelImported(len(panel), accepted, duplicates, int(panel.defaulted.sum()))
