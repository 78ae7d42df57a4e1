"""A notice in its forms: as a page, as plain text, as plain figures for programs; ``notice_pdf`` makes the PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from rich.cells import cell_len

from creditline.clock import format_moment
from creditline.i18n import text
from creditline.notices.model import Item, Notice
from creditline.reports.lines import broken
from creditline.reports.page import render

WIDTH = 78
"""Columns of the plain text."""


def page(notice: Notice) -> str:
    """The notice as a page that stands alone."""
    return render(
        "notice.html", notice.lang, title=notice.title, simulated=notice.simulated, scripts=False, notice=notice
    )


def plain_text(notice: Notice, width: int = WIDTH) -> str:
    """The notice as plain text, Chinese characters counted as two columns."""
    return "\n".join(_lines(notice, width)) + "\n"


def as_plain(notice: Notice, offset: int = 0) -> dict[str, Any]:
    """The notice as one JSON object, moments as RFC 3339 text at an offset from UTC (microseconds)."""
    plain: dict[str, Any] = msgspec.to_builtins(notice)
    plain["decided_at"] = format_moment(notice.decided_at, offset)
    plain["deadline"] = None if notice.deadline is None else format_moment(notice.deadline, offset)
    plain["particulars"] = [{"label": label, "value": value} for label, value in notice.particulars]
    return {**plain, "hash": notice.hash}


def forms(*, pdf: bool = True) -> Mapping[str, Callable[[Notice], bytes]]:
    """By ending of the file's name what makes it."""
    made: dict[str, Callable[[Notice], bytes]] = {
        "html": lambda notice: page(notice).encode(),
        "txt": lambda notice: plain_text(notice).encode(),
    }
    if pdf:
        from creditline.reports.notice_pdf import pdf as as_pdf

        made["pdf"] = as_pdf
    return made


def _lines(notice: Notice, width: int) -> Iterator[str]:
    lang = notice.lang
    if notice.simulated:
        yield from _paragraph(text("common.simulated", lang), width)
        yield ""
    yield from _paragraph(notice.title, width)
    yield "=" * min(width, cell_len(notice.title))
    yield ""
    for sentence in notice.opening:
        yield from _paragraph(sentence, width)
    yield ""
    for label, value in notice.particulars:
        yield from _paragraph(text("notice.colon", lang, label=label, value=value), width)
    for section in notice.sections:
        yield ""
        yield section.heading
        yield "-" * min(width, cell_len(section.heading))
        for paragraph in section.paragraphs:
            yield from _paragraph(paragraph, width)
        for number, item in enumerate(section.items, 1):
            yield from _item(item, f"{number}. " if section.numbered else "", width)


def _item(item: Item, mark: str, width: int) -> Iterator[str]:
    yield ""
    yield from _paragraph(item.text, width, mark)
    for note in item.notes:
        yield from _paragraph(note, width, " " * len(mark) + "- " if mark else "  ")


def _paragraph(said: str, width: int, mark: str = "") -> Iterator[str]:
    for number, line in enumerate(broken(said, width - len(mark), cell_len)):
        yield (mark if number == 0 else " " * len(mark)) + line


__all__ = ["as_plain", "forms", "page", "plain_text"]
