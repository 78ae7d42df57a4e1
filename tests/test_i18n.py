"""Both languages say the same things, with the same places for values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

import creditline
from creditline import i18n
from creditline.i18n import LANGUAGES, Language, catalogue, placeholders, preferred_language, text

KEY = re.compile(r"[a-z0-9_-]+(\.[A-Za-z0-9_.-]+)+")
ROOMS = sorted(entry.name for entry in files("creditline.i18n").iterdir() if entry.name.endswith(".po"))


def test_both_languages_have_the_same_keys() -> None:
    zh, en = (set(catalogue(lang)) for lang in ("zh", "en"))
    assert not zh ^ en, f"only in Chinese: {sorted(zh - en)}; only in English: {sorted(en - zh)}"


@pytest.mark.parametrize("key", sorted(catalogue("en")))
def test_both_languages_have_the_same_places(key: str) -> None:
    assert placeholders(catalogue("zh")[key]) == placeholders(catalogue("en")[key])


@pytest.mark.parametrize("name", ROOMS)
def test_a_catalogue_comes_in_both_languages(name: str) -> None:
    room, lang, _ = name.rsplit(".", 2)
    assert lang in LANGUAGES
    assert all(f"{room}.{other}.po" in ROOMS for other in LANGUAGES)


@pytest.mark.parametrize("name", ROOMS)
def test_no_text_is_left_empty(name: str) -> None:
    content = files("creditline.i18n").joinpath(name).read_text("utf-8")
    keys = set(re.findall(r'^msgid "(.+)"$', content, re.MULTILINE))
    assert keys <= set(catalogue("zh")), f"{name}: empty or fuzzy: {sorted(keys - set(catalogue('zh')))}"
    assert keys <= set(catalogue("en"))


@pytest.mark.parametrize("key", sorted(catalogue("en")))
def test_keys_are_symbols_named_for_their_room(key: str) -> None:
    assert KEY.fullmatch(key)


def test_every_key_named_in_code_has_its_text() -> None:
    code = "\n".join(path.read_text("utf-8") for path in Path(creditline.__file__).parent.rglob("*.py"))
    used = set(re.findall(r'(?<![\w.])text\(\s*"([^" ]+)",', code))
    assert used
    missing = used - set(catalogue("en"))
    assert not missing, f"add to i18n/<room>.zh.po and .en.po: {sorted(missing)}"


@pytest.mark.parametrize("key", sorted(catalogue("zh")))
def test_chinese_is_written_in_chinese(key: str) -> None:
    message = catalogue("zh")[key]
    letters = re.sub(r"\{[^}]*\}", "", message)
    assert not re.search(r"[\u4e00-\u9fff][,;!?]|[,;!?][\u4e00-\u9fff]", letters), f"{message}: use full-width marks"


def test_a_text_takes_its_values() -> None:
    assert text("common.version", "en", version="1.2") == "creditline 1.2"
    assert text("common.error", "zh", message="x") == "错误：x"


def test_a_missing_key_value_or_language_is_an_error() -> None:
    with pytest.raises(KeyError, match="add it to both languages"):
        text("no.such", "en")
    with pytest.raises(KeyError, match="version"):
        text("common.version", "en")
    with pytest.raises(KeyError, match="zh, en"):
        text("common.version", "fr")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE", "CREDITLINE_LANG": "zh"}, "zh"),
        ({"LANG": "", "LC_MESSAGES": "zh_TW"}, "zh"),
    ],
)
def test_the_terminal_is_spoken_to_in_its_language(environ: dict[str, str], lang: Language) -> None:
    assert preferred_language(environ) == lang


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Write catalogues in place of the package's own."""

    def write(**contents: str) -> None:
        for name, content in contents.items():
            (tmp_path / f"{name}.en.po").write_text(content, "utf-8")
        catalogue.cache_clear()

    monkeypatch.setattr(i18n, "files", lambda _: tmp_path)
    yield write
    catalogue.cache_clear()


def test_one_key_has_one_home(catalogues: Callable[..., None]) -> None:
    catalogues(a='msgid "x.y"\nmsgstr "1"\n', b='msgid "x.y"\nmsgstr "2"\n')
    with pytest.raises(ValueError, match=r"b\.en\.po: 'x\.y' is in another catalogue"):
        catalogue("en")


def test_one_file_says_a_key_once(catalogues: Callable[..., None]) -> None:
    catalogues(a='msgid "x.y"\nmsgstr "1"\n\nmsgid "x.y"\nmsgstr "2"\n')
    with pytest.raises(ValueError, match=r"a\.en\.po: .* more than once"):
        catalogue("en")


def test_an_empty_text_is_a_missing_one(catalogues: Callable[..., None]) -> None:
    catalogues(a='msgid "x.y"\nmsgstr ""\n')
    with pytest.raises(KeyError, match=r"x\.y"):
        text("x.y", "en")
