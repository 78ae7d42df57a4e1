"""Pages in a real browser: where it is, and whether a page can be used by everybody."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
AXE = Path(__file__).parent.parent / "node_modules" / "axe-core" / "axe.min.js"
"""Brought in by ``make setup`` where npm is installed."""


def barriers(page: Page) -> list[str]:
    """What axe finds to keep somebody from using the page; nothing is looked for where axe was not brought in."""
    if not AXE.is_file():
        return []
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run().then(all => all.violations.map(each => `${each.id}: ${each.nodes[0].html}`))")
    return list(found)
