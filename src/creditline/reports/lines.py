"""Running text broken into lines, Chinese and English in one: no mark stands where a line may not begin or end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_TOKEN = re.compile(rf" +|[{_WIDE}]|[^ {_WIDE}]+")

_NOT_FIRST = frozenset("，。、；：？！）》】」』”’…%‰,.;:?!)]}")
"""Marks no line begins with."""
_NOT_LAST = frozenset("（《【「『“‘([{￥$")
"""Marks no line ends with."""


def broken(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The lines of one paragraph, none wider than ``width`` as ``measure`` has it where it can be helped.

    Chinese breaks between characters, all else at spaces; a word wider than a line is cut.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, width, measure):
        if line and measure((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    """What no line is broken within."""
    held = ""
    for token in _TOKEN.findall(text):
        # A mark stays with what it belongs to: an opening one with what follows, a closing one with what went before.
        if held and not (token[0] in _NOT_FIRST or held[-1] in _NOT_LAST):
            yield from _cut(held, width, measure)
            held = ""
        held += token
    if held:
        yield from _cut(held, width, measure)


def _cut(piece: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    while measure(piece) > width and len(piece) > 1:
        fits = next((n for n in range(len(piece) - 1, 0, -1) if measure(piece[:n]) <= width), 1)
        yield piece[:fits]
        piece = piece[fits:]
    yield piece


__all__ = ["broken"]
