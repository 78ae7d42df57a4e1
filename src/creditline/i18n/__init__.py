"""Every text a user sees, in Chinese and English, under symbolic keys such as ``report.opened``.

Each room brings a pair of catalogues, ``<room>.zh.po`` and ``<room>.en.po``; all of a language are merged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO
from string import Formatter
from typing import Literal, get_args

from babel.messages.pofile import read_po

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def text(key: str, lang: Language, **values: object) -> str:
    """Return the text of ``key`` in ``lang`` with ``values`` put into its places (``str.format``).

    Raises KeyError for a key the language lacks, a value a place lacks, and an unknown language.
    """
    texts = catalogue(lang)
    if key not in texts:
        raise KeyError(f"i18n/*.{lang}.po: no text for {key!r}; add it to both languages")
    message = texts[key]
    return message.format(**values) if values or "{" in message else message


@cache
def catalogue(lang: Language) -> Mapping[str, str]:
    """Return all texts of a language by key; raises ValueError if two files claim one key."""
    if lang not in LANGUAGES:
        raise KeyError(f"language {lang!r}; choose one of {', '.join(LANGUAGES)}")
    merged: dict[str, str] = {}
    for source in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(f".{lang}.po"):
            for key, message in _read(source.name, source.read_bytes()).items():
                if key in merged:
                    raise ValueError(f"{source.name}: {key!r} is in another catalogue already; rename one")
                merged[key] = message
    return merged


def _read(name: str, content: bytes) -> dict[str, str]:
    """Read the texts of one catalogue file, refusing the same key twice; texts left empty are not there."""
    keys = [line for line in content.decode().splitlines() if line.startswith("msgid ")]
    if len(set(keys)) < len(keys):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"{name}: {', '.join(twice)} stands more than once; keep one")
    po = read_po(BytesIO(content), abort_invalid=True)
    return {str(message.id): str(message.string) for message in po if message.id and message.string}


def placeholders(message: str) -> frozenset[str]:
    """Return the names of the places in a text; raises ValueError where braces do not pair."""
    return frozenset(name for _, name, _, _ in Formatter().parse(message) if name is not None)


def preferred_language(environ: Mapping[str, str] = os.environ) -> Language:
    """Return the language to speak on this terminal: ``CREDITLINE_LANG``, else the locale's, else English."""
    for variable in ("CREDITLINE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
