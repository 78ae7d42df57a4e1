"""A notice as a page, as text and as a PDF: the same words in each, whole on a phone, extractable from the PDF."""

from __future__ import annotations

import io
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from creditline.errors import CreditlineError
from creditline.i18n import LANGUAGES, Language, text
from creditline.notices import Notice
from creditline.reports import notice_pdf
from creditline.reports.lines import broken
from creditline.reports.notice import WIDTH, as_plain, forms, page, plain_text
from creditline.reports.notice_pdf import can_print, pdf
from tests.browsing import AXE, CHROMIUM, barriers
from tests.notices.lives import of_kind, texts, told

needs_font = pytest.mark.skipif(not can_print(), reason="the font was not brought in: run make setup where npm is")
EVIL = '</p><script>alert("x")</script>&'


def letter(lang: Language, kind: str = "refusal", **changed: object) -> Notice:
    code = {"refusal": "T10", "closing": "T04"}.get(kind, "")
    notice = told(of_kind(kind, code), "united-states", lang, simulated=True)  # type: ignore[arg-type]
    return msgspec.structs.replace(notice, **changed)


def run_together(said: str) -> str:
    return re.sub(r"\s+", "", said)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["refusal", "closing", "reopening", "increase"])
def test_page_and_text_say_all_there_is_to_say(kind: str, lang: Language) -> None:
    notice = letter(lang, kind)
    plain = run_together(plain_text(notice))
    shown = run_together(re.sub(r"<[^>]+>", "", page(notice).partition("<body>")[2]).replace("&#39;", "'"))
    for said in texts(notice):
        assert run_together(said) in plain.replace("-", "").replace("•", "") or run_together(said) in plain
        assert run_together(said) in shown, said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_simulated_data_says_so_first_in_every_form(lang: Language) -> None:
    banner = text("common.simulated", lang)
    assert plain_text(letter(lang)).startswith(banner)
    shown = page(letter(lang))
    assert shown.index(banner) < shown.index("<h1>")
    assert banner not in plain_text(letter(lang, simulated=False))
    assert banner not in page(letter(lang, simulated=False))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_line_of_the_text_is_too_wide(lang: Language) -> None:
    assert max(map(cell_len, plain_text(letter(lang)).splitlines())) <= WIDTH


def test_texts_come_through_as_texts() -> None:
    shown = page(letter("en", opening=(EVIL,)))
    assert EVIL not in shown
    assert "&lt;script&gt;" in shown


def test_a_page_fetches_nothing() -> None:
    shown = page(letter("en"))
    assert re.findall(r'(?:src|href)="([^"]*)"', shown) == ["#content"]
    assert "<script" not in shown


def test_programs_get_moments_with_an_offset() -> None:
    plain = as_plain(letter("en"), 8 * 3_600_000_000)
    assert str(plain["decided_at"]).endswith("+08:00")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT23:59:59\.999999\+08:00", str(plain["deadline"]))
    assert plain["hash"] == letter("en").hash


@pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")
@pytest.mark.skipif(not AXE.is_file(), reason="axe-core was not brought in: run make setup where npm is installed")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_everybody_can_read_it_on_a_phone_and_on_a_desk(lang: Language, tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    target = tmp_path / "notice.html"
    target.write_text(page(letter(lang)), "utf-8")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (390, 1280):
            shown = browser.new_page(viewport={"width": width, "height": 900})
            shown.goto(target.as_uri())
            assert shown.evaluate("document.documentElement.scrollWidth") == width
            cut = (
                "[...document.querySelectorAll('dd, dt, li, h1, h2, h3, p')].filter(e => e.scrollWidth > e.clientWidth)"
            )
            assert shown.evaluate(f"{cut}.map(e => e.innerText)") == []
            assert barriers(shown) == []
        browser.close()


# -- PDF --------------------------------------------------------------------------------------------------


@needs_font
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_can_be_taken_out_of_the_pdf(lang: Language) -> None:
    pypdf = pytest.importorskip("pypdf")
    notice = letter(lang)
    read = pypdf.PdfReader(io.BytesIO(pdf(notice)))
    pages = [each.extract_text() for each in read.pages]
    for number, each in enumerate(pages, 1):
        assert run_together(text("notice.page", lang, page=number, pages=len(pages))) in run_together(each)
    # Without what stands at the foot of each page, which may part a paragraph.
    foots = [text("notice.page", lang, page=number, pages=len(pages)) for number in range(1, len(pages) + 1)]
    whole = run_together("".join(pages))
    for foot in foots:
        whole = whole.replace(run_together(foot), "")
    for said in texts(notice):
        assert run_together(said) in whole, said
    assert read.metadata.title == notice.title
    assert read.root_object["/Lang"] == {"zh": "zh-Hans", "en": "en"}[lang]


@needs_font
def test_the_same_notice_is_the_same_pdf_with_its_fonts_inside() -> None:
    pypdf = pytest.importorskip("pypdf")
    content = pdf(letter("zh"))
    assert content == pdf(letter("zh"))
    assert len(content) < 150_000
    fonts = pypdf.PdfReader(io.BytesIO(content)).pages[0]["/Resources"]["/Font"]
    for font in fonts.values():
        assert "/FontFile2" in font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()


@needs_font
def test_nothing_is_printed_that_the_font_cannot_show() -> None:
    with pytest.raises(CreditlineError, match="cannot be printed") as error:
        pdf(letter("zh", opening=("㐂䶮",)))
    assert error.value.value == "㐂䶮"


def test_without_the_font_a_pdf_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(notice_pdf, "font_file", lambda style="": tmp_path / f"none{style}")
    with pytest.raises(CreditlineError, match="run make setup"):
        pdf(letter("en"))
    assert set(forms(pdf=False)) == {"html", "txt"}


# -- lines ------------------------------------------------------------------------------------------------


@given(st.text(st.sampled_from("ab c，。（）中文字 12.5"), max_size=80), st.integers(6, 30))
def test_lines_lose_nothing_and_keep_their_width(said: str, width: int) -> None:
    lines = broken(said, width, cell_len)
    assert "".join(lines).replace(" ", "") == said.replace(" ", "")
    assert all(cell_len(line) <= width for line in lines)


def test_marks_stand_where_lines_may_begin_and_end() -> None:
    said = "额度已关闭，（编号A1）不能再借款。" * 6
    for width in range(10, 40):
        lines = broken(said, width, cell_len)
        assert not any(line[0] in "，。）" for line in lines), (width, lines)
        assert not any(line[-1] == "（" for line in lines), (width, lines)


def test_english_is_broken_between_words_only() -> None:
    said = "The line opens again by itself once every reason above is resolved."
    assert " ".join(broken(said, 20, cell_len)) == said
