"""What an analyst expects, read and converted: decisions on days, states, facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from creditline.clock import ClockError
from creditline.facts.expressions import Type
from creditline.facts.parsing import closest
from creditline.lines.decision import ACTIONS, STATUSES
from creditline.money import MoneyError, parse_minor
from creditline.policy.model import Policy
from creditline.policy.source import Path, Source
from creditline.stories.model import Expectation
from creditline.stories.times import Calendar, When

_KEYS = (
    "on", "line", "action", "reasons", "held", "status", "limit", "points", "rate", "cooling_until", "probation_until",
    "on_probation", "facts",
)  # fmt: skip

_OF_DECISION = ("reasons", "held", "rate", "cooling_until", "probation_until")
"""Keys that tell of a decision and make no sense beside a state."""


BLOCK = "BLOCK"
"""The reason of a decision that a person's block led to."""


class _Refused(Exception):
    """A value that cannot be taken: message and remedy."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.message, self.suggestion = message, suggestion


class Expecting:
    """Reads the expectations of one case; mistakes are noted in the source."""

    def __init__(self, calendar: Calendar, policy: Policy, source: Source, line: str) -> None:
        self.calendar, self.policy, self.source, self.line = calendar, policy, source, line
        codes = [*policy.by_code, BLOCK]
        self.codes = sorted({*codes, policy.approve.code} if policy.approve else set(codes))

    def read(self, entries: Any, path: Path) -> list[Expectation]:
        """The expectations in the order written."""
        if not isinstance(entries, list) or not entries:
            self.source.add(path, "expect must be a list of at least one", "write - {on: 2026-02-01, status: open}")
            return []
        read = (self._one(entry, (*path, number)) for number, entry in enumerate(entries))
        return [expectation for expectation in read if expectation is not None]

    def _one(self, entry: Any, path: Path) -> Expectation | None:
        if not isinstance(entry, dict) or "on" not in entry:
            self.source.add(path, "an expectation says when", "write {on: 2026-02-01, action: close, reasons: [T04]}")
            return None
        for key in entry:
            if key not in _KEYS:
                self.source.add((*path, key), f"unknown key {key!r}", closest(key, _KEYS), key=True)
            elif key in _OF_DECISION and "action" not in entry:
                self.source.add(
                    (*path, key), f"{key!r} goes with a decision", "add action: close, or another", key=True
                )
        when = self._with_place((*path, "on"), self._when, entry["on"])
        wanted = {
            key: self._with_place((*path, key), reader, entry[key])
            for key, reader in self._readers().items()
            if key in entry
        }
        facts = self._facts(entry.get("facts", {}), (*path, "facts"))
        if not isinstance(when, When):
            return None
        if not wanted and not facts and set(entry) <= {"on", "line"}:
            self.source.add(path, "nothing is expected here", "add action:, status:, limit: or facts:")
        problem = self.source.problem(path, "")
        place = f"{problem.file}:{problem.line}:{problem.column}"
        return Expectation(place, str(entry.get("line", self.line)), when, wanted, facts)

    def _with_place(self, path: Path, reader: Callable[[Any], object], value: Any) -> object:
        try:
            return reader(value)
        except _Refused as refused:
            self.source.add(path, refused.message, refused.suggestion)
            return None

    def _readers(self) -> Mapping[str, Callable[[Any], object]]:
        return {
            "action": lambda value: _choice(value, [a for a in ACTIONS if a != "none"]),
            "status": lambda value: _choice(value, STATUSES),
            "reasons": self._codes,
            "held": self._codes,
            "limit": _minor,
            "points": _whole,
            "rate": _millionths,
            "cooling_until": self._when,
            "probation_until": self._when,
            "on_probation": _flag,
        }

    def _when(self, value: Any) -> When:
        try:
            return self.calendar.read(str(value))
        except ClockError as error:
            raise _Refused(f"{value!r} {error.problem}", error.remedy) from None

    def _codes(self, value: Any) -> tuple[str, ...]:
        for code in value if isinstance(value, list) else [value]:
            if code not in self.codes:
                raise _Refused(f"{self.policy.name} has no rule {code!r}", closest(str(code), self.codes))
        return tuple(map(str, value if isinstance(value, list) else [value]))

    def _facts(self, spec: Any, path: Path) -> dict[str, int | None]:
        if not isinstance(spec, dict):
            self.source.add(path, "facts must be a mapping", "write facts: {redraws_30d: 3}")
            return {}
        facts: dict[str, int | None] = {}
        for name, value in spec.items():
            if name not in self.policy.by_name:
                suggestion = closest(name, list(self.policy.by_name))
                self.source.add((*path, name), f"{self.policy.name} has no fact {name!r}", suggestion, key=True)
                continue
            try:
                facts[name] = _numeric(value, self.policy.by_name[name].type)
            except _Refused as refused:
                self.source.add((*path, name), f"{name}: {refused.message}", refused.suggestion)
        return facts


def _choice(value: Any, known: tuple[str, ...] | list[str]) -> str:
    if value not in known:
        raise _Refused(f"{value!r} is not one of {', '.join(known)}", closest(str(value), known))
    return str(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Refused(f"{value!r} is not a whole number")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Refused(f"{value!r} is not true or false")
    return value


def _minor(value: Any) -> int:
    try:
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            return parse_minor(value)
    except MoneyError as error:
        raise _Refused(f"{value} {error.problem}", error.remedy) from None
    raise _Refused(f"{value!r} is not an amount", "write it like 40000.00")


def _millionths(value: Any) -> int:
    return _scaled(value, 6)


def _scaled(value: Any, places: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _Refused(f"{value!r} is not a number")
    scaled = Decimal(value).scaleb(places)
    if scaled % 1:
        raise _Refused(f"{value} has more than {places} decimal places")
    return int(scaled)


def _numeric(value: Any, kind: Type) -> int | None:
    """A fact's value in its numeric form."""
    if value is None:
        return None
    if kind.unit == "choice":
        return kind.choices.index(_choice(value, kind.choices))
    if kind.unit == "flag":
        return int(_flag(value))
    if kind.unit in ("money", "number"):
        return _scaled(value, kind.places)
    raise _Refused(f"a {kind.unit} cannot be expected", "expect a fact that counts it")
