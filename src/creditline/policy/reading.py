"""From a policy file to a Policy: every mistake is reported at its place, nothing half-valid comes out."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from pathlib import Path as FilePath
from typing import Any, cast

from creditline.clock import ClockError, parse_offset
from creditline.errors import CreditlineError
from creditline.events.kinds import SOURCES
from creditline.facts.definitions import CountedFact, DefinitionError, Fact, SqlFact, define, parse_window
from creditline.facts.expressions import Expr, Type
from creditline.facts.parsing import ExpressionError, closest, describe, parse_expression, parse_predicate
from creditline.policy.cards import read_scorecard
from creditline.policy.lever_reading import read_coming, read_levers
from creditline.policy.model import ATTRIBUTES, POINTS, SEVERITY, Approval, Policy, Reason, Reopening, Rule, Then
from creditline.policy.promise_reading import read_promise
from creditline.policy.source import Path, Plain, PolicyErrors, Source
from creditline.scoring.scorecard import Scorecard

RULES_MAX = 60

_TOP = {
    "policy", "title", "currency", "utc_offset", "limit_step", "consents", "facts", "words", "scorecard", "rules",
    "approve", "reopen", "levers", "coming", "means", "promise", "incident",
}  # fmt: skip
_RULE = {"code", "when", "then", "cooling_off", "cure", "reason", "answered_by", "on", "limit", "not_within"}
_APPROVE = {"when", "limit", "rate", "otherwise"}
_REOPEN = {"when", "limit", "probation", "by"}
_CODE = re.compile(r"[A-Z][A-Z0-9_-]{1,15}")


def shipped_policies() -> list[str]:
    """Names of the policies that come with the package."""
    folder = resources.files("creditline") / "policies"
    names = [entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml") and entry.name.count(".") == 1]
    return sorted(name.removesuffix(".yaml") for name in names)


def load_policy(name: FilePath | str) -> Policy:
    """Read and check a policy: a file, or the name of a shipped one. Raises PolicyErrors with all mistakes."""
    path = FilePath(name)
    if isinstance(name, str) and name in shipped_policies():
        text = (resources.files("creditline") / "policies" / f"{name}.yaml").read_text(encoding="utf-8")
        return read_policy(text, f"{name}.yaml")
    try:
        return read_policy(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        remedy = "give a policy file or a shipped name: " + ", ".join(shipped_policies())
        raise CreditlineError("policy", str(name), remedy, "does not exist") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise CreditlineError("policy", str(name), "give a YAML file in UTF-8", "cannot be read") from None


@lru_cache(maxsize=32)  # immutable, and checked for longer than most uses of it take
def read_policy(text: str, file: str = "policy.yaml") -> Policy:
    """Read and check a policy's text. Raises PolicyErrors with all mistakes."""
    from creditline.policy.checks import check_policy

    source = Source(text, file)
    policy = _Reading(source).policy()
    source.check()
    assert policy is not None
    check_policy(policy, source)
    source.check()
    return policy


def content_address(root: Plain) -> str:
    """SHA-256 of the canonical JSON of a policy's content: comments, layout and order of keys do not matter."""
    canonical = json.dumps({"format": 1, "policy": root}, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


class _Reading:
    """One reading of one file; mistakes are gathered in the source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.root = self.source.mapping(source.root, (), _TOP, required=("policy", "title", "facts", "rules"))
        self.scope: dict[str, Type] = dict(ATTRIBUTES)

    def policy(self) -> Policy | None:
        """The policy, or None where it cannot be built; then mistakes are noted."""
        consents = self._consents()
        facts = self._facts(consents)
        # A fact that is itself a mistake still has a name: those who read it are not blamed too.
        self.scope |= {name: Type("null") for name in self.source.mapping(self.root.get("facts", {}), ("facts",))}
        self.scope |= {fact.name: fact.type for fact in facts}
        card = self._scorecard(facts)
        self.scope["points"] = POINTS
        rules, approve, reopen = self._rules(), self._approve(), self._reopen()
        incident = self.source.mapping(self.root.get("incident", {}), ("incident",), {"code", "reason"})
        reason = self.source.texts(incident.get("reason"), ("incident", "reason")) if incident else {}
        words = self._words(facts)
        levers = read_levers(self.source, self.root.get("levers", {}), {fact.name: fact for fact in facts}, self.scope)
        coming = read_coming(self.source, self.root.get("coming", {}))
        means = self._value(self.root, "means", (), "money")
        promise = read_promise(self.source, self.root.get("promise", {}), rules)
        if self.source.problems:
            return None
        return Policy(
            name=str(self.root["policy"]),
            version=content_address(self.source.root),
            title=self.source.texts(self.root["title"], ("title",)),
            currency=str(self.root.get("currency", "CNY")),
            utc_offset=self._offset(),
            limit_step=int(self._number("limit_step", 1) * 100),
            consents=consents,
            facts=facts,
            scorecard=card,
            rules=rules,
            approve=approve,
            reopen=reopen,
            incident_code=str(incident.get("code", "T20")),
            incident_reason=reason,
            levers=levers,
            coming=coming,
            means=means,
            words=words,
            text=self.source.text,
            promise=promise,
        )

    # -- parts ------------------------------------------------------------------------------------

    def _number(self, key: str, default: int) -> Decimal:
        value = self.root.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value <= 0 or Decimal(value) * 100 % 1:
            self.source.add((key,), f"{key} must be a positive amount, is {value!r}", f"for example {key}: 100")
            return Decimal(default)
        return Decimal(value)

    def _offset(self) -> int:
        text = str(self.root.get("utc_offset", "+08:00"))
        try:
            return parse_offset(text)
        except ClockError as error:
            self.source.add(("utc_offset",), f"{text!r} is not an offset from UTC", error.remedy)
            return 0

    def _consents(self) -> tuple[str, ...]:
        listed = self.source.listed(self.root.get("consents", []), ("consents",))
        for number, name in enumerate(listed):
            if name not in SOURCES:
                self.source.add(("consents", number), f"unknown data source {name!r}", closest(str(name), SOURCES))
        return tuple(sorted(set(map(str, listed))))

    def _facts(self, consents: Sequence[str]) -> tuple[Fact, ...]:
        specs = self.source.mapping(self.root.get("facts", {}), ("facts",))
        counted: dict[str, CountedFact] = {}
        texts: dict[str, str] = {}
        for name in sorted(specs):
            if not self._can_name_a_fact(name):
                continue
            spec = self.source.mapping(specs[name], ("facts", name))
            try:
                fact = define(name, spec)
            except DefinitionError as error:
                path = ("facts", name, error.key) if error.key else ("facts", name)
                self.source.add(path, error.message, error.suggestion, offset=error.offset)
                continue
            if fact is None:
                texts[name] = str(spec["sql"])
            else:
                unread = bool(fact.sources & set(consents))
                counted[name] = replace(fact, type=replace(fact.type, nullable=True)) if unread else fact
        return (*counted.values(), *self._sql_facts(counted, texts, specs))

    def _can_name_a_fact(self, name: str) -> bool:
        good = re.fullmatch(r"[a-z][a-z0-9_]*", name) and name not in ATTRIBUTES and name != "points"
        if not good:
            remedy = "use small letters, digits and _; not an attribute's name"
            self.source.add(("facts", name), f"{name!r} cannot name a fact", remedy, key=True)
        return bool(good)

    def _sql_facts(
        self, counted: Mapping[str, CountedFact], texts: Mapping[str, str], specs: Mapping[str, Any]
    ) -> list[SqlFact]:
        """SQL facts, each after those it reads; a circle is a mistake."""
        # A fact that is itself a mistake stands in as a number, so that those who read it are not blamed too.
        scope = dict(ATTRIBUTES) | {name: Type("null") for name in specs if name not in texts}
        scope |= {name: fact.type for name, fact in counted.items()}
        done: list[SqlFact] = []
        visiting: list[str] = []

        def visit(name: str) -> None:
            path: Path = ("facts", name, "sql")
            if name in scope:
                return
            if name in visiting:
                ring = " -> ".join([*visiting[visiting.index(name) :], name])
                self.source.add(path, f"facts read each other in a circle: {ring}", "break the circle")
                scope[name] = Type("number")
                return
            visiting.append(name)
            for other in sorted(texts):
                if re.search(rf"\b{other}\b", texts[name]):
                    visit(other)
            visiting.pop()
            if name in scope:
                return
            expr = self._expression(texts[name], path, scope)
            if expr is not None:
                done.append(SqlFact(name, expr.type, specs[name], expr))
            scope[name] = expr.type if expr is not None else Type("number")

        for name in sorted(texts):
            visit(name)
        return done

    def _expression(self, text: object, path: Path, scope: Mapping[str, Type] | None = None) -> Expr | None:
        try:
            return parse_expression(str(text), self.scope if scope is None else scope)
        except ExpressionError as error:
            self.source.add(path, error.message, error.suggestion, offset=error.offset)
            return None

    def _predicate(self, mapping: Mapping[str, Any], key: str, path: Path) -> Expr | None:
        if key not in mapping:
            return None
        try:
            return parse_predicate(_text(mapping[key]), self.scope)
        except ExpressionError as error:
            self.source.add((*path, key), error.message, error.suggestion, offset=error.offset)
            return None

    def _value(self, mapping: Mapping[str, Any], key: str, path: Path, unit: str) -> Expr | None:
        """An expression for an amount of money or a plain number."""
        if key not in mapping:
            return None
        expr = self._expression(_text(mapping[key]), (*path, key))
        if expr is not None and expr.type.unit != unit and not (expr.type.unit == "number" and not expr.names()):
            wanted = "an amount of money" if unit == "money" else "a number"
            self.source.add((*path, key), f"{key} must be {wanted}, is a {describe(expr.type)}")
        return expr

    def _duration(self, mapping: Mapping[str, Any], key: str, path: Path) -> int:
        if key not in mapping:
            return 0
        try:
            return parse_window(mapping[key], key, calendar=False).us
        except DefinitionError as error:
            self.source.add((*path, key), error.message, error.suggestion)
            return 0

    def _scorecard(self, facts: Sequence[Fact]) -> Scorecard | None:
        if "scorecard" not in self.root:
            return None
        # A fact that is itself a mistake is not blamed a second time for being scored.
        mistaken = self.scope.keys() - ATTRIBUTES.keys() - {fact.name for fact in facts}
        return read_scorecard(self.source, self.root["scorecard"], {fact.name: fact.type for fact in facts}, mistaken)

    def _words(self, facts: Sequence[Fact]) -> Mapping[str, Reason]:
        names = [fact.name for fact in facts]
        words = self.source.mapping(self.root.get("words", {}), ("words",))
        for name in words:
            if name not in self.scope:
                self.source.add(("words", name), f"unknown fact {name!r}", closest(name, names), key=True)
        return {name: self.source.texts(words[name], ("words", name)) for name in sorted(words)}

    # -- rules ------------------------------------------------------------------------------------

    def _rules(self) -> tuple[Rule, ...]:
        rules: list[Rule] = []
        for number, entry in enumerate(self.source.listed(self.root.get("rules", []), ("rules",))):
            path: Path = ("rules", number)
            spec = self.source.mapping(entry, path, _RULE, required=("code", "when", "then", "reason"))
            rule = self._rule(spec, path)
            if rule and rule.code in {other.code for other in rules}:
                self.source.add((*path, "code"), f"code {rule.code!r} stands twice", "give each rule its own code")
            if rule:
                rules.append(rule)
        if len(rules) > RULES_MAX:
            self.source.add(("rules",), f"{len(rules)} rules are too many", f"a policy holds at most {RULES_MAX}")
        return tuple(rules)

    def _rule(self, spec: Mapping[str, Any], path: Path) -> Rule | None:
        code, then = str(spec.get("code", "")), str(spec.get("then", ""))
        if "code" in spec and not _CODE.fullmatch(code):
            self.source.add((*path, "code"), f"{code!r} is not a code", "use capitals, digits, - and _, e.g. T04")
        if "then" in spec and then not in SEVERITY:
            self.source.add((*path, "then"), f"then cannot be {then!r}", closest(then, list(SEVERITY)))
        self._rule_options(spec, then, path)
        when = self._predicate(spec, "when", path)
        scopes = self._scopes(spec, then, path)
        cure, limit = self._predicate(spec, "cure", path), self._value(spec, "limit", path, "money")
        cooling_off, not_within = self._duration(spec, "cooling_off", path), self._duration(spec, "not_within", path)
        reason = self.source.texts(spec.get("reason"), (*path, "reason"))
        answers = self.source.listed(spec.get("answered_by", []), (*path, "answered_by"))
        if when is None or then not in SEVERITY:
            return None
        return Rule(
            code=code,
            when=when,
            then=cast("Then", then),
            reason=reason,
            cooling_off=cooling_off,
            cure=cure,
            on_line="line" in scopes,
            on_application="application" in scopes,
            limit=limit,
            not_within=not_within,
            answered_by=tuple(map(str, answers)),
            texts={key: _text(spec[key]) for key in ("when", "cure", "limit") if key in spec},
        )

    def _rule_options(self, spec: Mapping[str, Any], then: str, path: Path) -> None:
        needs = {"close": ["cooling_off"], "limit": ["limit"]}.get(then, [])
        for key in needs:
            if key not in spec:
                self.source.add(path, f"a rule that says 'then: {then}' needs {key!r}", f"add {key}:")
        allowed = {
            "limit": {"limit", "not_within"},
            "close": {"cooling_off", "cure"},
            "freeze": {"cooling_off", "cure"},
        }
        for key in ("cooling_off", "cure", "limit", "not_within"):
            if key in spec and then in SEVERITY and key not in allowed.get(then, set()):
                self.source.add((*path, key), f"{key!r} means nothing with 'then: {then}'", "leave it out", key=True)

    def _scopes(self, spec: Mapping[str, Any], then: str, path: Path) -> list[str]:
        default = ["application"] if then == "decline" else ["line"]
        scopes = [str(scope) for scope in self.source.listed(spec.get("on", default), (*path, "on"))]
        for number, scope in enumerate(scopes):
            if scope not in ("line", "application"):
                self.source.add((*path, "on", number), f"on cannot be {scope!r}", "line, application or both")
        if then == "decline" and "line" in scopes:
            self.source.add((*path, "on"), "'decline' is for applications", "use on: [application], or close")
        if then == "limit" and "application" in scopes:
            self.source.add((*path, "on"), "'limit' is for lines", "use approve.limit for applications")
        return scopes

    def _approve(self) -> Approval | None:
        if "approve" not in self.root:
            return None
        path: Path = ("approve",)
        spec = self.source.mapping(self.root["approve"], path, _APPROVE, required=("when", "limit", "otherwise"))
        other = self.source.mapping(
            spec.get("otherwise", {}), (*path, "otherwise"), {"code", "reason"}, ("code", "reason")
        )
        when, limit = self._predicate(spec, "when", path), self._value(spec, "limit", path, "money")
        rate = self._value(spec, "rate", path, "number")
        reason = self.source.texts(other.get("reason"), (*path, "otherwise", "reason"))
        if when is None or limit is None:
            return None
        return Approval(when, limit, rate, str(other.get("code", "A01")), reason)

    def _reopen(self) -> Reopening | None:
        if "reopen" not in self.root:
            return None
        path: Path = ("reopen",)
        spec = self.source.mapping(self.root["reopen"], path, _REOPEN, required=("when", "limit"))
        when, limit = self._predicate(spec, "when", path), self._value(spec, "limit", path, "money")
        by = str(spec.get("by", "itself"))
        if by not in ("itself", "request"):
            self.source.add((*path, "by"), f"by cannot be {by!r}", "itself or request")
        probation = self._duration(spec, "probation", path)
        return Reopening(when, limit, probation, by == "request") if when is not None and limit is not None else None


def _text(value: Plain) -> str:
    """An expression as text, where YAML read a bare ``true`` or ``3`` as a value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ["PolicyErrors", "content_address", "load_policy", "read_policy", "shipped_policies"]
