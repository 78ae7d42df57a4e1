"""Expected against decided: what is missing, what came otherwise, what nobody told of, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from creditline.clock import DAY
from creditline.events.kinds import NULL
from creditline.facts.expressions import Expr
from creditline.lines.decision import Decision
from creditline.money import format_minor
from creditline.policy.evaluating import Values
from creditline.policy.model import ATTRIBUTES
from creditline.stories.model import Case, Difference, Expectation, Nearby, Unmet
from creditline.stories.state import Lines
from creditline.stories.times import Calendar, When
from creditline.stories.why import met, shown, unmet

LISTED = frozenset({
    "decline", "freeze", "unfreeze", "close", "extend", "reopen", "terminate", "hold", "set_limit",
})  # fmt: skip
"""Actions that a story tells of; one of these that it does not list is a difference."""

NEARBY_DAYS = 45
NEARBY_MAX = 6


class Comparison:
    """One case, its lines as played, and which decisions were told of."""

    def __init__(self, story: str, case: Case, lines: Lines) -> None:
        self.story, self.case, self.lines = story, case, lines
        self.policy = lines.policy
        self.calendar = Calendar(self.policy.utc_offset)
        self.told: set[tuple[str, int]] = set()

    def decisions(self) -> Iterator[Difference]:
        """Decisions expected that were not made, or not as told."""
        for expected in self.case.expectations:
            if expected.action is None:
                continue
            found = self._matching(expected)
            if found is None:
                yield self._difference(expected, "missing", {}, self._why_missing(expected))
                continue
            self.told.add((found.line, found.number))
            got = self._otherwise(expected, found)
            if got:
                yield self._difference(expected, "otherwise", got, self._why_fired(found))

    def states(self) -> Iterator[Difference]:
        """States and facts that were not as told at the end of their day or minute."""
        for expected in self.case.expectations:
            if expected.action is not None:
                continue
            t = expected.when.end - 1
            got = self._state_otherwise(expected, self.lines.attributes(expected.line, t))
            if expected.facts or "points" in expected.wanted:
                got |= self._facts_otherwise(expected, self.lines.values(expected.line, t))
            if got:
                yield self._difference(expected, "state", got, ())

    def unlisted(self) -> Iterator[Difference]:
        """Decisions made that no expectation tells of."""
        for line, made in self.lines.decisions.items():
            for decision in made:
                if decision.action in LISTED and (line, decision.number) not in self.told:
                    yield Difference(
                        self.story, self.case.name, self.case.place, line, "unlisted", self._written(decision.at), {},
                        self._told_of(decision), self._why_fired(decision), (),
                    )  # fmt: skip

    # -- matching ---------------------------------------------------------------------------------

    def _matching(self, expected: Expectation) -> Decision | None:
        """The first decision with that action in that time, one with the same reasons before another."""
        near = [
            decision
            for decision in self.lines.decisions.get(expected.line, ())
            if expected.when.first <= decision.at < expected.when.end
            and decision.action == expected.action
            and (decision.line, decision.number) not in self.told
        ]
        same = [decision for decision in near if expected.wanted.get("reasons", decision.reasons) == decision.reasons]
        return next(iter(same or near), None)

    def _otherwise(self, expected: Expectation, found: Decision) -> dict[str, str]:
        """What of the decision is not as told, as it was."""
        got: dict[str, str] = {}
        for key, wanted in expected.wanted.items():
            value = self._of_decision(found, key)
            if isinstance(wanted, When):
                if not isinstance(value, int) or not wanted.first <= value < wanted.end:
                    got[key] = self._text(key, value)
            elif value != wanted:
                got[key] = self._text(key, value)
        facts = {name: None if value == NULL else value for name, value in found.facts.items()}
        return got | self._facts_otherwise(expected, facts)

    def _of_decision(self, decision: Decision, key: str) -> object:
        if key == "on_probation":
            return decision.probation_until is not None and decision.at < decision.probation_until
        return getattr(decision, key)

    def _state_otherwise(self, expected: Expectation, state: Values) -> dict[str, str]:
        got: dict[str, str] = {}
        for key in ("status", "limit", "on_probation"):
            if key not in expected.wanted:
                continue
            value = state[key]
            text = shown(value, ATTRIBUTES[key])
            if text != self._text(key, expected.wanted[key]):
                got[key] = text
        return got

    def _facts_otherwise(self, expected: Expectation, values: Values) -> dict[str, str]:
        names = [name for name, wanted in expected.facts.items() if values[name] != wanted]
        got = {name: shown(values[name], self.policy.type_of(name)) for name in names}
        if "points" in expected.wanted and "points" in values and values["points"] != expected.wanted["points"]:
            got["points"] = str(values["points"])
        return got

    # -- telling why ------------------------------------------------------------------------------

    def _why_missing(self, expected: Expectation) -> tuple[Unmet, ...]:
        """What kept the expected decision from being made, at the end of its time."""
        if expected.line not in self.lines.decisions:
            return ()
        values = self._before(expected)
        parts = [unmet(code, condition, values) for code, condition in self._conditions(expected)]
        return tuple(part for each in parts for part in each)

    def _before(self, expected: Expectation) -> Values:
        return self.lines.values(expected.line, expected.when.end - 1)

    def _conditions(self, expected: Expectation) -> Iterator[tuple[str, Expr]]:
        """The conditions that the expected action rests on, each under the code it is known by."""
        policy, action = self.policy, expected.action
        reasons = expected.wanted.get("reasons")
        for code in reasons if isinstance(reasons, tuple) else ():
            if code in policy.by_code:
                yield code, policy.by_code[code].when
        if action == "open" and policy.approve:
            yield policy.approve.code, policy.approve.when
        if action in ("unfreeze", "reopen"):
            made = self.lines.so_far(expected.line, expected.when.end - 1)
            for code in made[-1].standing if made else ():
                cure = policy.by_code[code].cure if code in policy.by_code else None
                if cure is not None:
                    yield code, cure
        if action == "reopen" and policy.reopen:
            yield "reopen", policy.reopen.when

    def _why_fired(self, decision: Decision) -> tuple[Unmet, ...]:
        """What made the rules behind a decision fire, with the values they read."""
        state = self.lines.attributes(decision.line, decision.at - 1)
        facts = {name: None if value == NULL else value for name, value in decision.facts.items()}
        values = {**state, **facts, "points": decision.points}
        rules = [self.policy.by_code[code] for code in decision.reasons if code in self.policy.by_code]
        return tuple(part for rule in rules for part in met(rule.code, rule.when, values))

    # -- wording ----------------------------------------------------------------------------------

    def _difference(
        self,
        expected: Expectation,
        what: Literal["missing", "otherwise", "state"],
        got: Mapping[str, str],
        why: tuple[Unmet, ...],
    ) -> Difference:
        wanted = {key: self._text(key, value) for key, value in expected.wanted.items()}
        wanted |= {name: shown(value, self.policy.type_of(name)) for name, value in expected.facts.items()}
        return Difference(
            self.story, self.case.name, expected.place, expected.line, what, self._span(expected.when), wanted,
            dict(got), why, self._nearby(expected),
        )  # fmt: skip

    def _nearby(self, expected: Expectation) -> tuple[Nearby, ...]:
        """The decisions on that line nearest in time, in order."""
        at = expected.when.at
        made = [d for d in self.lines.decisions.get(expected.line, ()) if abs(d.at - at) <= NEARBY_DAYS * DAY]
        nearest = sorted(made, key=lambda decision: abs(decision.at - at))[:NEARBY_MAX]
        return tuple(self._in_words(decision) for decision in sorted(nearest, key=lambda decision: decision.number))

    def _in_words(self, decision: Decision) -> Nearby:
        limit = format_minor(decision.limit, grouping=True)
        return Nearby(
            self._written(decision.at), decision.line, decision.action, decision.reasons, decision.status, limit,
            decision.points,
        )  # fmt: skip

    def _told_of(self, decision: Decision) -> dict[str, str]:
        told = {"action": decision.action, "status": decision.status, "limit": self._text("limit", decision.limit)}
        if decision.reasons:
            told["reasons"] = self._text("reasons", decision.reasons)
        if decision.held:
            told["held"] = self._text("held", decision.held)
        return told

    def _text(self, key: str, value: object) -> str:
        if value is None:
            return "NULL"
        if key == "limit" and isinstance(value, int):
            return format_minor(value, grouping=True)
        if key == "rate" and isinstance(value, int):
            return f"{value / 1_000_000:.6f}".rstrip("0").rstrip(".")
        if isinstance(value, When):
            return self._span(value)
        if key in ("cooling_until", "probation_until") and isinstance(value, int):
            return self._written(value)
        if isinstance(value, bool):
            return str(value).lower()
        return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

    def _span(self, when: When) -> str:
        text = self._written(when.at)
        return text[:10] if when.end - when.first == DAY else text

    def _written(self, at: int) -> str:
        return self.calendar.written(at)
