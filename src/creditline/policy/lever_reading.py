"""The levers of a policy file, every mistake told at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from creditline.events.kinds import KINDS, FieldSpec, KindSpec
from creditline.facts.definitions import CountedFact, DefinitionError, Fact, parse_window
from creditline.facts.expressions import Constant, Expr, Type
from creditline.facts.parsing import ExpressionError, closest, describe, parse_expression, parse_predicate
from creditline.policy.levers import CHOSEN, DOES, DRAWS, Does, Lever, Said
from creditline.policy.source import Path, Plain, Source

LEVERS_MAX = 40
EFFORT_MAX = 1_000
TIMES_MAX = 36

_LEVER = {"title", "when", "does", "says", "ends", "choose", "takes", "every", "times", "money", "effort"}
_NOT_THEIRS = frozenset({
    "line.opened", "line.limit_set", "line.ended", "block.placed", "block.lifted", "override.granted",
    "override.withdrawn", "event.voided", "fraud.confirmed", "suspension.announced", "suspension.lifted",
    "regulation.issued", "incident.declared", "incident.closed", "loan.written_off", "login.recorded",
    "promise.made", "promise.ended",
})  # fmt: skip
"""What only others bring about. Evidence is accepted by a reviewer, but it is the borrower who brings it."""
_KEEPS = frozenset({"draw.booked", "draw.requested", "financing.started", "application.received"})
"""New debt: no lever pays old debt with it."""


def read_levers(source: Source, said: Plain, facts: Mapping[str, Fact], scope: Mapping[str, Type]) -> tuple[Lever, ...]:
    """The levers under ``levers:``, in their order; ``scope`` holds every name an expression may read."""
    listed = source.mapping(said, ("levers",))
    if len(listed) > LEVERS_MAX:
        source.add(("levers",), f"{len(listed)} levers are too many", f"a policy holds at most {LEVERS_MAX}")
    _check_once(source, listed)
    found = [_Reading(source, facts, scope, name, listed[name]).lever() for name in sorted(listed)]
    return tuple(sorted(found, key=lambda lever: lever.order))


def _check_once(source: Source, listed: Mapping[str, Plain]) -> None:
    """No two levers do the same: which of them a payment or a draw is of could not be told."""
    first: dict[str, str] = {}
    for name, said in listed.items():
        does = str(said.get("does")) if isinstance(said, dict) else ""
        if does in DOES and first.setdefault(does, name) != name:
            source.add(("levers", name, "does"), f"{first[does]} does {does!r} already", "keep one of the two")


def read_coming(source: Source, said: Plain) -> dict[str, int]:
    """What is under ``coming:``: kinds of events that keep coming, and how far apart, microseconds."""
    listed = source.mapping(said, ("coming",))
    found = {}
    for name in sorted(listed):
        path: Path = ("coming", name)
        if name not in KINDS or name in _NOT_THEIRS | _KEEPS or KINDS[name].struct.is_truth:
            remedy = (
                "name what others report, such as bureau.reported" if name in KINDS else closest(name, sorted(KINDS))
            )
            source.add(path, f"{name!r} is no kind that keeps coming", remedy, key=True)
            continue
        try:
            found[name] = parse_window(listed[name], name, calendar=False).us
        except DefinitionError as error:
            source.add(path, error.message, error.suggestion)
    return found


class _Reading:
    """One lever."""

    def __init__(
        self, source: Source, facts: Mapping[str, Fact], scope: Mapping[str, Type], name: str, said: Plain
    ) -> None:
        self.source, self.facts, self.name = source, facts, name
        self.path: Path = ("levers", name)
        self.spec = source.mapping(said, self.path, _LEVER, required=("title",))
        self.scope = dict(scope)
        self.chooser = dict(scope) | ({"chosen": CHOSEN} if "choose" in self.spec else {})

    def lever(self) -> Lever:
        """The lever; what is wrong with it is noted in the source."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            self.source.add(
                self.path, f"{self.name!r} cannot name a lever", "use small letters, digits and _", key=True
            )
        if self.name == "apply":
            what = "'apply' is what the step of applying again is called"
            self.source.add(self.path, what, "give the lever another name", key=True)
        ways = [key for key in ("does", "says", "ends") if key in self.spec]
        if len(ways) != 1:
            hint = "does: what the lending core does, says: events it makes known, or ends: a fact of open things"
            self.source.add(self.path, "a lever has one of does, says and ends", hint)
        does = self._does()
        every, times = self._repeated(does)
        made = Lever(
            name=self.name,
            title=self.source.texts(self.spec.get("title"), (*self.path, "title")),
            when=self._condition(),
            does=does,
            says=self._says() if "says" in self.spec else (),
            ends=self._ends(),
            chosen=self._chosen(),
            takes=self._duration("takes"),
            every=every,
            times=times,
            money=self._value("money", ("money",), self.chooser),
            effort=self._whole("effort", 0, EFFORT_MAX, 1),
            texts={key: str(self.spec[key]) for key in ("when", "money") if key in self.spec},
        )
        if does not in DRAWS:
            return made
        # It makes nothing known and asks nothing; what is written of that is told as advice.
        every, times = (every, times) if does == "spread_draws" else (0, 1)
        return replace(made, chosen=None, takes=0, money=None, effort=0, every=every, times=times)

    def _condition(self) -> Expr | None:
        if "when" not in self.spec:
            return None
        try:
            return parse_predicate(_text(self.spec["when"]), self.scope)
        except ExpressionError as error:
            self.source.add((*self.path, "when"), error.message, error.suggestion, offset=error.offset)
            return None

    def _does(self) -> Does | None:
        does = self.spec.get("does")
        if does is not None and does not in DOES:
            self.source.add(
                (*self.path, "does"), f"{does!r} is nothing the lending core does", closest(str(does), DOES)
            )
            return None
        found: Does | None = does
        return found

    def _repeated(self, does: Does | None) -> tuple[int, int]:
        """How far apart it is repeated, microseconds, and how often at most."""
        least = 2 if does == "spread_draws" else 1
        every, times = self._duration("every"), self._whole("times", least, TIMES_MAX, least)
        if does == "spread_draws":
            for key in [each for each in ("every", "times") if each not in self.spec]:
                self.source.add(self.path, f"{key!r} is missing", f"add {key}: draws are spread over time")
        elif (times > 1) != (every > 0) and "does" not in self.spec:
            self.source.add(self.path, "every and times belong together", "give both, or neither")
        return every, times

    def _says(self) -> tuple[Said, ...]:
        said: list[Said] = []
        listed = self.source.listed(self.spec["says"], (*self.path, "says"))
        if self.spec["says"] == []:
            self.source.add((*self.path, "says"), "says says nothing", "name the events it makes known")
        for number, entry in enumerate(listed):
            here: Path = (*self.path, "says", number)
            for kind_name, fields in self.source.mapping(entry, here).items():
                kind = self._kind(str(kind_name), (*here, kind_name))
                if kind is not None:
                    said.append(Said(kind, self._fields(kind, fields, (*here, kind_name))))
        return tuple(said)

    def _kind(self, name: str, path: Path) -> KindSpec | None:
        kind = KINDS.get(name)
        if kind is None:
            self.source.add(path, f"unknown kind of event {name!r}", closest(name, sorted(KINDS)), key=True)
            return None
        return kind if self._theirs(kind, path) else None

    def _theirs(self, kind: KindSpec, path: Path) -> bool:
        """Whether a borrower may bring such an event about; what may not be is noted."""
        name, before = kind.name, len(self.source.problems)
        if kind.struct.is_truth or name in _NOT_THEIRS:
            self.source.add(path, f"{name} is nothing a borrower makes known", "choose another kind", key=True)
        elif name in _KEEPS:
            self.source.add(path, f"{name} is new debt, which is no way back", "choose another kind", key=True)
        return len(self.source.problems) == before

    def _fields(self, kind: KindSpec, said: Plain, path: Path) -> dict[str, Expr]:
        fields = {}
        for name, value in self.source.mapping(said or {}, path, set(kind.fields)).items():
            if name not in kind.fields:
                continue
            expr = self._field(value, kind.fields[name], (*path, name))
            if expr is not None:
                fields[name] = expr
        return fields

    def _field(self, said: object, field: FieldSpec, path: Path) -> Expr | None:
        """What a field is set to: one of its choices or a word of its own by name, else an expression."""
        text = _text(said)
        if field.unit == "choice" and text in field.choices:
            return Constant(Type("choice", 0, field.choices, nullable=False), field.choices.index(text))
        if field.unit in ("choice", "text", "moment"):
            hint = (
                closest(text, field.choices) if field.choices else "name a field that is a number, a choice or a flag"
            )
            self.source.add(path, f"{text!r} is nothing {field.name} can be set to", hint)
            return None
        expr = self._expression(text, path, self.chooser)
        wanted = {"flag": "flag", "money": "money"}.get(field.unit, "number")
        if expr is not None and not _is_of(expr, wanted):
            self.source.add(path, f"{field.name} is a {field.unit}, this is a {describe(expr.type)}")
        return expr

    def _ends(self) -> CountedFact | None:
        name = self.spec.get("ends")
        if name is None:
            return None
        fact = self.facts.get(str(name))
        if not isinstance(fact, CountedFact) or fact.operator != "open" or fact.ended_by is None:
            named = [each.name for each in self.facts.values() if isinstance(each, CountedFact) and each.ended_by]
            hint = closest(str(name), named) if named else "define a fact with open: and ended_by:"
            self.source.add((*self.path, "ends"), f"{name!r} counts nothing that can be ended", hint)
            return None
        path: Path = (*self.path, "ends")
        if not self._theirs(fact.ended_by, path):
            return None
        needs = [each.name for each in msgspec.structs.fields(fact.ended_by.struct) if each.required]
        for field in [each for each in needs if each not in fact.kind.fields]:
            what = f"{fact.ended_by.name} says {field}, which {fact.kind.name} does not"
            self.source.add(path, what, "write the event under says:")
        return fact

    def _chosen(self) -> tuple[Expr, Expr] | None:
        if "choose" not in self.spec:
            return None
        path = (*self.path, "choose")
        spec = self.source.mapping(self.spec["choose"], path, {"from", "to"}, required=("from", "to"))
        bounds = [self._expression(_text(spec.get(key, 0)), (*path, key), self.scope) for key in ("from", "to")]
        for key, bound in zip(("from", "to"), bounds, strict=True):
            if bound is not None and (bound.type.unit != "number" or bound.type.places):
                self.source.add((*path, key), f"{key} must be a whole number, is a {describe(bound.type)}")
        return None if bounds[0] is None or bounds[1] is None else (bounds[0], bounds[1])

    def _value(self, key: str, units: tuple[str, ...], scope: Mapping[str, Type]) -> Expr | None:
        if key not in self.spec:
            return None
        expr = self._expression(_text(self.spec[key]), (*self.path, key), scope)
        if expr is not None and not any(_is_of(expr, unit) for unit in units):
            self.source.add((*self.path, key), f"{key} must be an amount of money, is a {describe(expr.type)}")
        return expr

    def _expression(self, text: str, path: Path, scope: Mapping[str, Type]) -> Expr | None:
        try:
            return parse_expression(text, scope)
        except ExpressionError as error:
            self.source.add(path, error.message, error.suggestion, offset=error.offset)
            return None

    def _duration(self, key: str) -> int:
        if key not in self.spec:
            return 0
        try:
            return parse_window(self.spec[key], key, calendar=False).us
        except DefinitionError as error:
            self.source.add((*self.path, key), error.message, error.suggestion)
            return 0

    def _whole(self, key: str, least: int, most: int, default: int) -> int:
        value = self.spec.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.source.add((*self.path, key), f"{key} must be a whole number from {least} to {most}, is {value}")
            return default
        return value


def _is_of(expr: Expr, unit: str) -> bool:
    """Whether an expression is of a unit; a number that reads no fact may stand for money."""
    return expr.type.unit == unit or (unit == "money" and expr.type.unit == "number" and expr.names() <= {"chosen"})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
