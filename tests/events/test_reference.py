"""The page of event kinds is the registry's own."""

from __future__ import annotations

from pathlib import Path

from creditline.events import reference
from creditline.events.kinds import KINDS

ROOT = Path(__file__).parents[2]


def test_the_page_is_current() -> None:
    written = (ROOT / reference.PAGE).read_text(encoding="utf-8")
    assert written == reference.page(), "run python -m creditline.events.reference"


def test_every_kind_and_field_is_on_the_page() -> None:
    page = reference.page()
    for spec in KINDS.values():
        section = page.split(f"### {spec.name}\n")[1].split("\n### ")[0]
        assert spec.doc in section
        assert all(f"| `{field}` |" in section for field in spec.fields)
