"""A YAML file as plain values that still know where they stood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from creditline.errors import CreditlineError
from creditline.facts.parsing import closest

LANGUAGES = ("zh", "en")

Path = tuple[str | int, ...]
Plain = dict[str, "Plain"] | list["Plain"] | str | int | bool | Decimal | None
"""What a YAML file may hold; decimals are exact."""


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake: file, line and column (from 1), what is wrong, what would be right."""

    file: str
    line: int
    column: int
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        remedy = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{remedy}"


class PolicyErrors(CreditlineError):
    """All mistakes found in one policy file; nothing of it is used."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__(
            place=self.problems[0].file,
            value=f"{len(self.problems)} mistake(s)",
            remedy="\n".join(str(problem) for problem in self.problems),
        )

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class Source:
    """A parsed YAML text: plain values, and the mark of every key and value by its path."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.problems: list[Problem] = []
        self._marks: dict[Path, yaml.Mark] = {}
        self._quoted: set[Path] = set()
        self._keys: dict[Path, yaml.Mark] = {}
        self.root = self._load()

    def _load(self) -> Plain:
        try:
            node = yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            what = f"not YAML: {error.problem}"
            raise PolicyErrors([Problem(self.file, line, column, what, "check indentation and quotes")]) from None
        except yaml.YAMLError as error:
            what = f"not YAML: {str(error).splitlines()[0]}"
            raise PolicyErrors(
                [Problem(self.file, 1, 1, what, "give text in UTF-8, without control characters")]
            ) from None
        if node is None:
            raise PolicyErrors(
                [Problem(self.file, 1, 1, "the file is empty", "write a policy, see docs/policy-language.md")]
            )
        try:
            return self._plain(node, ())
        except RecursionError:
            what = "a value that contains itself, or lists within lists without end"
            raise PolicyErrors([Problem(self.file, 1, 1, what, "write every value out, without & and *")]) from None

    def _plain(self, node: yaml.Node, path: Path) -> Plain:
        self._marks[path] = node.start_mark
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(part, (*path, number)) for number, part in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"'):
            self._quoted.add(path)
        return _scalar(node)

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Plain]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            # YAML 1.1 reads a bare `on` as true; here it is a word like any other.
            self._keys[(*path, key)] = key_node.start_mark
            if key in seen:
                self.add((*path, key), f"{key!r} stands here twice", "keep one", key=True)
            seen.add(key)
            yield key, self._plain(value_node, (*path, key))

    def add(self, path: Path, message: str, suggestion: str = "", *, offset: int = 0, key: bool = False) -> None:
        """Note a mistake at a path (or at its key), ``offset`` characters into the value."""
        self.problems.append(self.problem(path, message, suggestion, offset=offset, key=key))

    def problem(self, path: Path, message: str, suggestion: str = "", *, offset: int = 0, key: bool = False) -> Problem:
        """The mistake at a path; the nearest enclosing value where the path itself is not in the file."""
        mark = self._keys.get(path) if key else None
        while mark is None and path not in self._marks and path:
            path = path[:-1]
        mark = mark or self._marks[path]
        column = mark.column + 1 + offset + (1 if offset and path in self._quoted else 0)
        return Problem(self.file, mark.line + 1, column, message, suggestion)

    def holds(self, path: Path) -> bool:
        """Whether something is written at a path."""
        return path in self._marks

    def mapping(
        self, value: Plain, path: Path, known: set[str] | None = None, required: Sequence[str] = ()
    ) -> dict[str, Any]:
        """The value as a mapping; mistakes are noted: another kind of value, keys not known, keys required."""
        if not isinstance(value, dict):
            self.add(path, f"{path[-1] if path else 'a policy'!s} must be a mapping of keys to values")
            return {}
        for key in value:
            if known is not None and key not in known:
                self.add((*path, key), f"unknown key {key!r}", closest(key, sorted(known)), key=True)
        for key in required:
            if key not in value:
                self.add(path, f"{key!r} is missing", f"add {key}:")
        return value

    def listed(self, value: Plain, path: Path) -> list[Any]:
        """The value as a list; anything else is noted as a mistake."""
        if isinstance(value, list):
            return value
        self.add(path, f"{path[-1]} must be a list", "write [a, b] or one '- ' a line")
        return []

    def texts(self, value: Plain, path: Path) -> dict[str, str]:
        """A text in both languages; one that is missing is noted as a mistake."""
        said = value if isinstance(value, dict) else {}
        for language in LANGUAGES:
            if not isinstance(said.get(language), str) or not str(said[language]).strip():
                name = {"zh": "Chinese", "en": "English"}[language]
                self.add(path, f"the {name} text ({language}) is missing", f"add {language}: to {path[-1]}")
        return {language: str(said.get(language, "")) for language in LANGUAGES}

    def check(self) -> None:
        """Raise PolicyErrors when a mistake was noted."""
        if self.problems:
            raise PolicyErrors(self.problems)


def _scalar(node: yaml.Node) -> Plain:
    tag, text = node.tag.rsplit(":", 1)[-1], str(node.value)
    if tag == "int" and text.lstrip("+-").isdigit():
        return int(text)
    if tag == "float":
        try:
            return Decimal(text)
        except ArithmeticError:
            return text
    if tag == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return None if tag == "null" else text
