"""A notice as a PDF: A4, text that can be copied and searched, the font inside, the same bytes for the same notice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from creditline import __version__
from creditline.errors import CreditlineError
from creditline.i18n import Language, text
from creditline.notices.model import Item, Notice, Section
from creditline.reports.lines import broken

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "notice"
MARGIN = 20.0
"""Millimetres, as are all lengths here; sizes of letters are in points."""

ITEM_MOST = 14
"""Lines of an entry that are kept on one page."""

_WEIGHTS = {"": 400, "B": 700}
_INK, _SOFT, _WARN = (28, 39, 51), (82, 96, 109), (92, 61, 0)
_STEP = 0.3528 * 1.55
"""Millimetres from line to line for each point of size."""


def font_file(style: str = "") -> Traversable:
    """The file of the font, which ``make setup`` brings in; ``B`` for bold."""
    name = f"noto-sans-sc-chinese-simplified-{_WEIGHTS[style]}-normal.woff"
    return files("creditline.reports") / "static" / "vendor" / name


def can_print() -> bool:
    """Whether the font is there."""
    return all(font_file(style).is_file() for style in _WEIGHTS)


def pdf(notice: Notice) -> bytes:
    """The notice as a PDF. Raises CreditlineError where the font was not brought in, or lacks a letter."""
    if not can_print():
        remedy = "run make setup where npm is installed, or take html or text"
        raise CreditlineError("--format", "pdf", remedy, "needs a font that is not there")
    missing = sorted(set("".join(_said(notice))) - _letters())
    if missing:
        remedy = "take html or text, or write it with other letters"
        raise CreditlineError(
            "--format", "".join(missing[:20]), remedy, "cannot be printed: the font has no such letter"
        )
    return _Sheet(notice).bytes()


@cache
def _letters() -> frozenset[str]:
    from fpdf.fonts import TTFFont

    font = _document("en").fonts[FAMILY]
    assert isinstance(font, TTFFont)
    return frozenset(map(chr, font.cmap))


def _said(notice: Notice) -> Iterator[str]:
    """Every text of the notice."""
    yield from (notice.title, *notice.opening, *(part for pair in notice.particulars for part in pair))
    for section in notice.sections:
        yield from (section.heading, *section.paragraphs)
        for item in section.items:
            yield from (item.text, *item.notes)


class _Sheet:
    """One notice being set."""

    def __init__(self, notice: Notice) -> None:
        self.notice, self.lang = notice, notice.lang
        self.pdf = _document(notice.lang)
        self.pdf.set_title(notice.title)
        self.pdf.set_lang("zh-Hans" if notice.lang == "zh" else "en")
        self.pdf.set_creator(f"Creditline {__version__}")
        self.pdf.set_creation_date(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=notice.decided_at))
        self.pdf.add_page()

    def bytes(self) -> bytes:
        notice = self.notice
        if notice.simulated:
            self._paragraph(text("common.simulated", self.lang), 9.5, bold=True, colour=_WARN)
            self.pdf.ln(3)
        self._paragraph(notice.title, 17, bold=True)
        self.pdf.ln(2)
        for sentence in notice.opening:
            self._paragraph(sentence)
        self.pdf.ln(3)
        for label, value in notice.particulars:
            self._pair(label, value)
        for section in notice.sections:
            self._section(section)
        return bytes(self.pdf.output())

    def _section(self, section: Section) -> None:
        self._keep(16 * _STEP * 2)
        self.pdf.ln(5)
        self.pdf.start_section(section.heading)
        self._paragraph(section.heading, 13, bold=True)
        self.pdf.ln(1)
        for paragraph in section.paragraphs:
            self._paragraph(paragraph, colour=_SOFT if section.numbered else _INK)
        for number, item in enumerate(section.items, 1):
            self._item(item, f"{number}. " if section.numbered else "")

    def _item(self, item: Item, mark: str) -> None:
        indent = 7.0 if mark else 0.0
        self.pdf.set_font(FAMILY, "", 10.5)
        room = self.pdf.epw - indent
        count = sum(len(broken(said, room, self.pdf.get_string_width)) for said in (item.text, *item.notes))
        # An entry stays together unless it is long.
        self._keep(10.5 * _STEP * min(count + 0.5, ITEM_MOST))
        self.pdf.ln(1.5)
        self._paragraph(item.text, bold=True, indent=indent, mark=mark)
        for note in item.notes:
            self._paragraph(note, indent=indent + (5.0 if mark else 0.0), mark="• " if mark else "")

    def _pair(self, label: str, value: str) -> None:
        self._keep(10.5 * _STEP * 2)
        top, wide = self.pdf.get_y(), 52.0
        self._paragraph(label, colour=_SOFT, width=wide - 3)
        bottom = self.pdf.get_y()
        self.pdf.set_y(top)
        self._paragraph(value, indent=wide)
        self.pdf.set_y(max(bottom, self.pdf.get_y()))

    def _paragraph(
        self,
        said: str,
        size: float = 10.5,
        *,
        bold: bool = False,
        indent: float = 0.0,
        mark: str = "",
        width: float | None = None,
        colour: tuple[int, int, int] = _INK,
    ) -> None:
        pdf = self.pdf
        pdf.set_font(FAMILY, "B" if bold else "", size)
        pdf.set_text_color(*colour)
        room = pdf.epw - indent if width is None else width
        for number, line in enumerate(broken(said, room, pdf.get_string_width)):
            self._keep(size * _STEP)
            if mark and number == 0:
                pdf.set_x(MARGIN + indent - pdf.get_string_width(mark) - (0.0 if bold else 0.5))
                pdf.cell(h=size * _STEP, text=mark)
            pdf.set_x(MARGIN + indent)
            pdf.cell(room, size * _STEP, line)
            pdf.ln(size * _STEP)

    def _keep(self, height: float) -> None:
        """Begin a new page where so much does not fit on this one."""
        if self.pdf.will_page_break(height):
            self.pdf.add_page()


def _document(lang: Language) -> FPDF:
    """An empty document with the font in it."""
    from fpdf import FPDF

    class Document(FPDF):
        def footer(self) -> None:
            self.set_y(-MARGIN + 4)
            self.set_font(FAMILY, "", 8.5)
            self.set_text_color(*_SOFT)
            self.cell(0, 5, text("notice.page", lang, page=self.page_no(), pages="{nb}"), align="C")

    made = Document(format="A4")
    made.set_margin(MARGIN)
    made.c_margin = 0
    made.set_auto_page_break(True, MARGIN)
    for style in _WEIGHTS:
        with as_file(font_file(style)) as path:
            made.add_font(FAMILY, style, path)
    return made


__all__ = ["can_print", "font_file", "pdf"]
