"""The report as a browser shows it, where there is a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditline.cli import app
from tests.browsing import CHROMIUM, barriers


@pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")
@pytest.mark.parametrize("name", ["portfolio.html", "portfolio.zh.html"])
def test_charts_are_drawn_beside_their_tables(name: str, tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    home = tmp_path / "home"
    made = CliRunner().invoke(app, ["demo", "--borrowers", "60", "--months", "6", "--home", str(home), "--json"])
    assert made.exit_code == 0, made.output
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((home / "reports" / name).as_uri())
        charts = page.locator("[data-chart]").count()
        drawn = page.locator("[data-chart] svg").count()
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found = barriers(page)
        browser.close()
    assert not faults
    assert not found
    assert charts == 5
    assert drawn in (0, charts)  # 0 where the chart library was not brought in
    assert width == 0
