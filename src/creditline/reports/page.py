"""Pages that stand alone: one file each, styles, figures and charts inside, nothing fetched when opened."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from creditline import __version__
from creditline.i18n import LANGUAGES, Language, text

_CHARTS = "vendor/echarts.min.js"


def render(
    template: str,
    lang: Language,
    *,
    title: str,
    simulated: bool,
    other: str | None = None,
    scripts: bool = True,
    **values: Any,
) -> str:
    """A page of ``templates/``, which extends ``base.html``.

    ``simulated`` puts the banner that says so on top; ``other`` is the address of the page in the other language.
    A page without charts needs no ``scripts`` and is small without them.
    """
    return (
        _environment()
        .get_template(template)
        .render(
            lang=lang,
            t=lambda key, **named: text(key, lang, **named),
            title=title,
            simulated=simulated,
            other=other,
            other_lang=next(each for each in LANGUAGES if each != lang),
            version=__version__,
            style=Markup(_static("report.css")),  # noqa: S704  (our own file)
            draw=Markup(_static("charts.js")),  # noqa: S704
            echarts=Markup(_echarts() if scripts else ""),  # noqa: S704
            **values,
        )
    )


def write_both(path: Path, lang: Language, pages: Mapping[Language, str]) -> list[Path]:
    """Write the page in ``lang`` to ``path`` and the other language's beside it; the files written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for each, page in pages.items():
        target = beside(path, each, lang)
        target.write_text(page, encoding="utf-8")
        written.append(target)
    return sorted(written, key=lambda file: file != path)


def beside(path: Path, lang: Language, main: Language) -> Path:
    """Where the page in ``lang`` stands when that in ``main`` stands at ``path``: ``name.zh.html`` by ``name.html``."""
    return path if lang == main else path.with_name(f"{path.stem}.{lang}{path.suffix or '.html'}")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("creditline.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip


@cache
def _static(name: str) -> str:
    return (files("creditline.reports") / "static" / name).read_text(encoding="utf-8")


@cache
def _echarts() -> str:
    """The chart library, or nothing where `make setup` could not bring it in: tables say the same."""
    source = files("creditline.reports") / "static" / _CHARTS
    return source.read_text(encoding="utf-8").replace("</script", "<\\/script") if source.is_file() else ""


__all__ = ["beside", "render", "write_both"]
