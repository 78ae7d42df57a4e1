"""A policy as SQL: the independent check of the kernel, and the export to a lender's own warehouse.

One query gives, for every line at one moment, all facts, the points and which rules are TRUE. It reads

- ``events(line, happened_at, known_at, voided_at, kind, v0 .. v5)``: events in numeric form (docs/events.md) with
  SQL's NULL; moments in microseconds, ``voided_at`` NULL for an event that is not voided;
- ``states(line, status, since, "limit", probation_until, closings)``: each line's state in numeric form.

All numbers are BIGINT. What dialects do differently (whole division, quotes) is written out here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from creditline.errors import CreditlineError
from creditline.events.kinds import KINDS, SLOTS, SOURCES, KindSpec
from creditline.facts.definitions import DAY, CountedFact
from creditline.facts.expressions import Arithmetic, Call, Case, Compare, Constant, Expr, IsNull, Logic, Name, Not
from creditline.policy.model import Policy
from creditline.policy.runtime import month_index, month_start
from creditline.scoring.scorecard import Steps

Dialect = Literal["duckdb", "spark"]


@dataclass(frozen=True)
class _Words:
    """What a dialect calls things."""

    quote: str
    divide: str
    """Whole division, cut towards zero."""


_DIALECTS: Mapping[str, _Words] = {"duckdb": _Words('"', "divide"), "spark": _Words("`", "div")}


def policy_sql(policy: Policy, t: int, dialect: str = "duckdb") -> str:
    """The query for moment t, microseconds. CreditlineError for a dialect that is not spoken."""
    if dialect not in _DIALECTS:
        raise CreditlineError("--dialect", dialect, "choose " + " or ".join(_DIALECTS), "is not a dialect we write")
    return _Query(policy, t, _DIALECTS[dialect]).text()


class _Expressions:
    """Writes expressions over BIGINTs."""

    def __init__(self, words: _Words, columns: Mapping[str, str]) -> None:
        self.words, self.columns = words, columns

    def divided(self, a: str, b: str) -> str:
        """a / b cut towards zero."""
        return f"({a} // {b})" if self.words.divide == "divide" else f"({a} div {b})"

    def value(self, expr: Expr) -> str:
        """A value in numeric form."""
        match expr:
            case Constant():
                return "NULL" if expr.value is None else f"CAST({expr.value} AS BIGINT)"
            case Name():
                return self.columns[expr.name]
            case Arithmetic(op="/"):
                return self._quotient(expr)
            case Arithmetic():
                return f"({self.value(expr.left)} {expr.op} {self.value(expr.right)})"
            case Call():
                return self._call(expr)
            case Case():
                branches = " ".join(f"WHEN {self.truth(c)} THEN {self.value(v)}" for c, v in expr.branches)
                return f"CASE {branches} ELSE {self.value(expr.default)} END"
            case _:
                truth = self.truth(expr)
                return f"CASE WHEN {truth} THEN 1 WHEN NOT {truth} THEN 0 END"

    def _quotient(self, expr: Arithmetic) -> str:
        left, right = self.value(expr.left), self.value(expr.right)
        finer = expr.type.places + expr.right.type.places - expr.left.type.places
        if finer >= 0:
            return self.divided(f"({left} * {10**finer})", right)
        return self.divided(left, f"({right} * {10**-finer})")

    def _call(self, expr: Call) -> str:
        args = [self.value(arg) for arg in expr.args]
        if expr.function == "abs":
            return f"CASE WHEN {args[0]} < 0 THEN -{args[0]} ELSE {args[0]} END"
        if expr.function in ("coalesce", "nullif"):
            return f"{expr.function}({', '.join(args)})"
        sign = "<=" if expr.function == "least" else ">="
        # least() skips NULLs in some dialects and not in others; a case does the same everywhere
        return reduce(lambda a, b: f"CASE WHEN {a} {sign} {b} THEN {a} WHEN NOT ({a} {sign} {b}) THEN {b} END", args)

    def truth(self, expr: Expr) -> str:
        """A condition."""
        match expr:
            case Compare():
                return f"({self.value(expr.left)} {expr.op} {self.value(expr.right)})"
            case Logic():
                return f"({self.truth(expr.left)} {expr.op.upper()} {self.truth(expr.right)})"
            case Not():
                return f"(NOT {self.truth(expr.part)})"
            case IsNull():
                return f"({self.value(expr.part)} IS NULL)"
            case Constant(value=None):
                return "CAST(NULL AS BOOLEAN)"
            case _:
                return f"({self.value(expr)} = 1)"


def _looked_up(axes: Sequence[Steps], points: Sequence[int]) -> str:
    """The cell of a table of points: cases over the places of the first axis, in each those of the rest."""
    if not axes:
        return str(points[0])
    axis, width = axes[0], len(points) // axes[0].size
    parts = [_looked_up(axes[1:], points[place * width : (place + 1) * width]) for place in range(axis.size)]
    if len(set(parts)) == 1:
        return parts[0]
    cases = [f"WHEN {axis.fact} IS NULL THEN {parts[0]}"]
    cases += [f"WHEN {axis.fact} < {limit} THEN {part}" for limit, part in zip(axis.limits, parts[1:-1], strict=True)]
    return f"CASE {' '.join(cases)} ELSE {parts[-1]} END"


class _Query:
    """Writes the query step by step, each step a named part that a reader can select from."""

    def __init__(self, policy: Policy, t: int, words: _Words) -> None:
        self.policy, self.t, self.words = policy, t, words
        self.facts = policy.counted_facts
        self.afters = list(dict.fromkeys((f.after.name, f.after_where) for f in self.facts if f.after))
        self.limit = f"{words.quote}limit{words.quote}"
        self.conditions = {fact.name: self._condition(fact) for fact in self.facts}

    def text(self) -> str:
        parts = [
            ("seen", self._seen()),
            *self._calendar(),
            ("sequenced", self._sequenced()),
            ("stepped", self._stepped()),
            ("ranked", self._ranked()),
            *self._months(),
            ("counted", self._counted()),
            ("known_facts", self._consented()),
            *self._sql_facts(),
        ]
        last = parts[-1][0]
        body = ",\n\n".join(f"{name} AS (\n  {text}\n)" for name, text in parts)
        title = (
            f"-- Policy {self.policy.name}, version {self.policy.version[:12]}, as of {self.t} microseconds. Generated."
        )
        return f"{title}\nWITH {body}\n\nSELECT\n  {self._result()}\nFROM {last}\nORDER BY line\n"

    def _seen(self) -> str:
        """What was known and not voided."""
        voided = f"coalesce(voided_at, {self.t + 1}) > {self.t}"
        columns = ["line", "happened_at AS moment", "kind", *(f"v{slot}" for slot in range(SLOTS))]
        return self._select(columns, f"events\n  WHERE happened_at <= {self.t} AND known_at <= {self.t} AND {voided}")

    # -- events -----------------------------------------------------------------------------------

    def _fields(self, kind: KindSpec) -> _Expressions:
        return _Expressions(self.words, {name: f"v{field.slot}" for name, field in kind.fields.items()})

    def _holds(self, fact: CountedFact) -> str:
        return "TRUE" if fact.holds is None else self._fields(fact.kind).truth(fact.holds)

    def _is(self, kind: KindSpec, where: Expr | None) -> str:
        condition = f"kind = {kind.code}"
        return condition if where is None else f"{condition} AND {self._fields(kind).truth(where)}"

    def _condition(self, fact: CountedFact) -> str:
        """Which events count for a fact."""
        condition = self._is(fact.kind, fact.where)
        if fact.window and fact.window.months:
            offset = self.policy.utc_offset
            start = month_start(month_index(self.t + offset) - fact.window.months + 1) - offset
            condition += f" AND moment >= {start}"
        elif fact.window:
            condition += f" AND moment > {self.t - fact.window.us}"
        if fact.after:
            condition += f" AND moment - after_{self.afters.index((fact.after.name, fact.after_where))} < {fact.within}"
        if fact.field and not fact.field.required and fact.operator != "last":
            condition += f" AND v{fact.slot} IS NOT NULL"
        return f"coalesce({condition}, FALSE)"

    def _calendar(self) -> list[tuple[str, str]]:
        """Calendar month of each event, where a fact asks for it; whole division only, as in the kernel."""
        if not any(fact.operator == "months" for fact in self.facts):
            return []
        div = _Expressions(self.words, {}).divided
        steps = [
            ("days", f"{div(f'(moment + {self.policy.utc_offset})', str(DAY))} + 719468"),
            ("era", div("days", "146097")),
            ("doe", "days - era * 146097"),
            ("yoe", div(f"(doe - {div('doe', '1460')} + {div('doe', '36524')} - {div('doe', '146096')})", "365")),
            ("doy", f"doe - (365 * yoe + {div('yoe', '4')} - {div('yoe', '100')})"),
            ("mp", div("(5 * doy + 2)", "153")),
            ("year", "yoe + era * 400 + CASE WHEN mp >= 10 THEN 1 ELSE 0 END"),
            ("month", "year * 12 + CASE WHEN mp < 10 THEN mp + 2 ELSE mp - 10 END"),
        ]
        names = ["seen", *(f"calendar_{name}" for name, _ in steps)]
        return [
            (f"calendar_{name}", f"SELECT *, {code} AS {name} FROM {names[i]}") for i, (name, code) in enumerate(steps)
        ]

    def _sequenced(self) -> str:
        columns = ["*"]
        for number, (kind, where) in enumerate(self.afters):
            condition = self._is(KINDS[kind], where)
            columns.append(
                f"max(CASE WHEN {condition} THEN moment END) OVER (PARTITION BY line ORDER BY moment "
                f"ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS after_{number}"
            )
        source = "calendar_month" if self._calendar() else "seen"
        return self._select(columns, source)

    def _stepped(self) -> str:
        """What neighbours tell: the event before, or for open ones the event after with the same key."""
        columns = ["*"]
        for fact in self.facts:
            over = f"OVER (PARTITION BY line, {self.conditions[fact.name]} ORDER BY moment)"
            if fact.operator == "gap":
                columns.append(f"moment - lag(moment) {over} AS {fact.name}__step")
            elif fact.operator in ("falls", "rises"):
                sign = "<" if fact.operator == "falls" else ">"
                value = f"v{fact.slot}"
                columns.append(f"coalesce({value} {sign} lag({value}) {over}, FALSE) AS {fact.name}__holds")
            elif fact.operator == "streak":
                columns.append(f"coalesce({self._holds(fact)}, FALSE) AS {fact.name}__holds")
            elif fact.operator == "open":
                columns.append(f"{self._next_of_key(fact)} AS {fact.name}__next")
        return self._select(columns, "sequenced")

    def _next_of_key(self, fact: CountedFact) -> str:
        opener, ender = fact.kind.code, (fact.ended_by or fact.kind).code
        kinds = f"kind IN ({opener}, {ender})"
        key = ""
        if fact.on:
            key = f", CASE WHEN kind = {opener} THEN v{fact.on[0]} WHEN kind = {ender} THEN v{fact.on[1]} END"
        return f"lead(moment) OVER (PARTITION BY line, {kinds}{key} ORDER BY moment)"

    def _ranked(self) -> str:
        """The latest event that counts, and the latest that breaks a row."""
        columns = ["*"]
        for fact in self.facts:
            counts = self.conditions[fact.name]
            if fact.operator == "last" or (fact.operator == "gap" and fact.take == "last"):
                columns.append(
                    f"row_number() OVER (PARTITION BY line, {counts} ORDER BY moment DESC) AS {fact.name}__rank"
                )
            elif fact.operator in ("falls", "rises", "streak"):
                broken = f"CASE WHEN {counts} AND NOT {fact.name}__holds THEN moment END"
                columns.append(f"coalesce(max({broken}) OVER (PARTITION BY line), -1) AS {fact.name}__broken")
        consents, incidents = ("consent.given", "consent.withdrawn"), ("incident.declared", "incident.closed")
        columns += [self._latest(f"consent_{source}", *consents, source) for source in self.policy.consents]
        columns += [self._latest(f"incident_{source}", *incidents, source) for source in SOURCES]
        return self._select(columns, "stepped")

    @staticmethod
    def _latest(name: str, first: str, second: str, source: str) -> str:
        kinds = f"kind IN ({KINDS[first].code}, {KINDS[second].code}) AND v0 = {SOURCES.index(source)}"
        return f"row_number() OVER (PARTITION BY line, coalesce({kinds}, FALSE) ORDER BY moment DESC) AS {name}__rank"

    def _months(self) -> list[tuple[str, str]]:
        """For each fact over months: the run of good months that ends with the one before this."""
        this_month = month_index(self.t + self.policy.utc_offset)
        parts = []
        for fact in self.facts:
            if fact.operator == "months":
                good = (
                    f"SELECT line, month, row_number() OVER (PARTITION BY line ORDER BY month DESC) AS place "
                    f"FROM sequenced WHERE {self.conditions[fact.name]} AND month < {this_month} GROUP BY line, month "
                    f"HAVING min(CASE WHEN {self._holds(fact)} THEN 1 ELSE 0 END) = 1"
                )
                unbroken = f"WHERE month + place = {this_month} GROUP BY line"
                run = f"SELECT line, count(*) AS value FROM ({good}) AS good {unbroken}"
                parts.append((f"{fact.name}__months", run))
        return parts

    def _counted(self) -> str:
        columns = [
            "states.line",
            "states.status",
            "states.since",
            f"states.{self.limit}",
            "states.probation_until",
            "states.closings",
        ]
        columns += [f"{self._aggregate(fact)} AS {fact.name}" for fact in self.facts]
        application = KINDS["application.received"].code
        columns.append(f"max_by(v0, moment) FILTER (WHERE kind = {application}) AS requested")
        for source in self.policy.consents:
            code = KINDS["consent.given"].code
            given = f"kind = {code} AND v0 = {SOURCES.index(source)} AND consent_{source}__rank = 1"
            given += f" AND coalesce(v1, {self.t + 1}) > {self.t}"
            columns.append(f"count(*) FILTER (WHERE {given}) = 1 AS consent_{source}")
        for source in SOURCES:
            code = KINDS["incident.declared"].code
            declared = f"kind = {code} AND v0 = {SOURCES.index(source)} AND incident_{source}__rank = 1"
            columns.append(f"count(*) FILTER (WHERE {declared}) = 1 AS suspended_{source}")
        return self._select(
            columns, f"states LEFT JOIN ranked ON ranked.line = states.line\n  GROUP BY {', '.join(columns[:6])}"
        )

    def _aggregate(self, fact: CountedFact) -> str:
        div = _Expressions(self.words, {}).divided
        counts, name = self.conditions[fact.name], fact.name
        value = f"v{fact.slot}" if fact.field else ""
        match fact.operator:
            case "count":
                return f"count(*) FILTER (WHERE {counts})"
            case "sum":
                return f"CAST(coalesce(sum({value}) FILTER (WHERE {counts}), 0) AS BIGINT)"
            case "max" | "min":
                return f"{fact.operator}({value}) FILTER (WHERE {counts})"
            case "last":
                return f"max({value}) FILTER (WHERE {counts} AND {name}__rank = 1)"
            case "age":
                return div(f"({self.t} - max(moment) FILTER (WHERE {counts}))", str(fact.unit))
            case "distinct":
                return f"count(DISTINCT {value}) FILTER (WHERE {counts})"
            case "gap":
                pick = f"max({name}__step) FILTER (WHERE {counts} AND {name}__rank = 1)"
                step = pick if fact.take == "last" else f"{fact.take}({name}__step) FILTER (WHERE {counts})"
                return div(step, str(fact.unit))
            case "months":
                return f"coalesce((SELECT max(value) FROM {name}__months WHERE {name}__months.line = states.line), 0)"
            case "open":
                return f"count(*) FILTER (WHERE {counts} AND {name}__next IS NULL)"
            case _:
                return f"count(*) FILTER (WHERE {counts} AND moment > {name}__broken)"

    # -- facts ------------------------------------------------------------------------------------

    def _consented(self) -> str:
        columns = ["line", "status", "since", self.limit, "probation_until", "closings", "requested"]
        columns += [f"suspended_{source}" for source in SOURCES]
        for fact in self.facts:
            needs = sorted(fact.sources & set(self.policy.consents))
            given = " AND ".join(f"consent_{source}" for source in needs)
            columns.append(f"CASE WHEN {given} THEN {fact.name} END AS {fact.name}" if needs else fact.name)
        div = _Expressions(self.words, {}).divided
        columns.append(f"{div(f'({self.t} - since)', str(DAY))} AS days_in_status")
        columns.append(f"CASE WHEN {self.t} < probation_until THEN 1 ELSE 0 END AS on_probation")
        return self._select(columns, "counted")

    def _names(self) -> _Expressions:
        names = {fact.name: fact.name for fact in self.policy.facts}
        names |= {n: n for n in ("status", "days_in_status", "on_probation", "closings", "requested", "points")}
        return _Expressions(self.words, names | {"limit": self.limit})

    def _sql_facts(self) -> list[tuple[str, str]]:
        parts, source = [], "known_facts"
        for number, fact in enumerate(self.policy.sql_facts):
            parts.append(
                (f"derived_{number}", f"SELECT *, {self._names().value(fact.sql)} AS {fact.name} FROM {source}")
            )
            source = f"derived_{number}"
        return [*parts, ("scored", f"SELECT *, {self._points()} AS points FROM {source}")]

    def _points(self) -> str:
        card = self.policy.scorecard
        if card is None:
            return "CAST(0 AS BIGINT)"
        terms = [str(card.base), *(_looked_up(each.axes, each.points) for each in card.terms)]
        return "CAST(" + "\n    + ".join(terms) + " AS BIGINT)"

    def _result(self) -> str:
        columns = ["line", *(fact.name for fact in self.policy.facts), "points"]
        for rule in self.policy.rules:
            truth = f"coalesce({self._names().truth(rule.when)}, FALSE)"
            suspended = " OR ".join(f"suspended_{source}" for source in sorted(self.policy.sources(rule.when)))
            code = rule.code.replace("-", "_")
            columns.append(
                f"{truth} AND NOT ({suspended}) AS fires_{code}" if suspended else f"{truth} AS fires_{code}"
            )
        return ",\n  ".join(columns)

    @staticmethod
    def _select(columns: list[str], source: str) -> str:
        return "SELECT\n    " + ",\n    ".join(columns) + f"\n  FROM {source}"
