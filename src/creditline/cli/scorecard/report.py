"""``creditline scorecard report``, and the page that other commands write with ``--report``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditline.cli.options import language_of
from creditline.cli.scorecard.options import LANG, CardArgument
from creditline.errors import CreditlineError
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from creditline.scoring.card import Card
    from creditline.scoring.words import Words

ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.html", help=text("cardreport.report_option_help", LANG))
]
"""Where the page goes; check it with ``check_report`` before the work rather than after it."""

ReportLangOption = Annotated[str, typer.Option("--lang", metavar="zh|en", help=text("cardreport.lang_help", LANG))]
"""Language of the page; give it ``LANG`` as its default."""


def report(
    card: CardArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help=text("cardreport.out_help", LANG))],
    lang: ReportLangOption = LANG,
    words: Annotated[Path | None, typer.Option(metavar="FILE", help=text("explain.words_help", LANG))] = None,
) -> None:
    """Write a card's page from its file alone; exit status 2 where the file is no card, or changed by hand."""
    from creditline.scoring.card import read_card
    from creditline.scoring.words import read_words

    language = language_of(lang)
    check_report("--out", out)
    called = read_words(words) if words else None
    write_report(out, {}, read_card(card), lang=language, words=called)
    typer.echo(text("cardreport.written", LANG, path=out))


def check_report(option: str, path: Path | None) -> None:
    """Refuse a place where no page can be written."""
    if path is None:
        return
    if not path.absolute().parent.is_dir():
        raise CreditlineError(option, str(path), "make the folder first", "is in no folder")
    if path.suffix.lower() not in (".html", ".htm"):
        raise CreditlineError(option, str(path), "name a file that ends in .html", "is no page")


def write_report(
    path: Path,
    figures: Mapping[str, Any],
    card: Card | None,
    *,
    lang: Language,
    compared: Sequence[Mapping[str, Any]] = (),
    drift: Mapping[str, Any] | None = None,
    words: Words | None = None,
) -> None:
    """Write the page of a card, or without one that of the models compared in ``figures``.

    ``figures`` are what the command prints as JSON: those of ``train`` and ``validate`` beside a card (the ``drift`` in
    them is shown unless another is given), those of ``compare`` with a card or without.
    """
    from creditline.reports.scorecard import compared_page, page
    from creditline.reports.scorecard_checks import with_differences

    if card is None:
        made = compared_page(figures, lang)
    else:
        models = compared or (with_differences(figures) if "models" in figures else ())
        moved = drift or figures.get("drift")
        made = page(card, figures, lang, compared=models, drift=moved, words=words)
    path.write_text(made, encoding="utf-8")


__all__ = ["ReportLangOption", "ReportOption", "check_report", "report", "write_report"]
