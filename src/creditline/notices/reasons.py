"""The principal reasons of a decision, each specific: the facts in words, their values, what would have been enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import TRUTH, Compare, Constant, Expr, Name, Type
from creditline.i18n import Language, text
from creditline.lines.decision import Decision
from creditline.lines.telling import BLOCK, unit_of
from creditline.notices.enough import Change, Goal, Setting, Want, Way, one_fact, ways
from creditline.notices.model import REASONS_MOST, Cause, FactSaid, ReasonSaid
from creditline.policy.evaluating import Values, value_of
from creditline.policy.model import Approval, Policy, Rule
from creditline.scoring.reasons import Kind, Reason, Scored, of_line, principal_reasons
from creditline.scoring.words import Span, bin_in_words, value_in_words, words_of

LAW = "LAW"
"""Stands in place of a rule's code where a law, a court or an authority had a line ended."""

FACTS_MOST = 3
"""Facts told of one rule."""

By = Literal["one", "all", "none"]


def reasons_said(
    decision: Decision,
    policy: Policy,
    values: Values,
    lang: Language,
    silent: frozenset[str] = frozenset(),
    cause: Cause | None = None,
) -> tuple[ReasonSaid, ...]:
    """At most four principal reasons in the order of the decision.

    A rule counts as one. Where a reason rests on the score, each of the facts that cost the score most counts as one;
    where an application fell short of what is asked, each thing it lacked. ``values`` are what the policy's
    expressions read then; of rules over events of ``silent`` kinds nothing is told but their own text. ``cause`` is why
    a line ended without a rule.
    """
    if cause == "legal":
        return (ReasonSaid(LAW, text("notice.by_law", lang)),)
    telling = _Telling(decision, policy, values, lang, silent)
    codes = decision.reasons[:REASONS_MOST] or (BLOCK,)
    left = REASONS_MOST - len(codes)
    found: list[ReasonSaid] = []
    for code in codes:
        said, more = telling.reason(code, 1 + left, {fact.fact for each in found for fact in each.facts})
        left -= more - 1
        found.append(said)
    return tuple(found)


class _Telling:
    """One decision being told in one language."""

    def __init__(
        self, decision: Decision, policy: Policy, values: Values, lang: Language, silent: frozenset[str]
    ) -> None:
        self.decision, self.policy, self.values, self.lang, self.silent = decision, policy, values, lang, silent

    def reason(self, code: str, most: int, told: set[str]) -> tuple[ReasonSaid, int]:
        """A reason, and as how many principal reasons it counts; ``told`` are facts told of before."""
        rule, approve = self.policy.by_code.get(code), self.policy.approve
        if rule is not None:
            return self._of_rule(rule, most, told)
        if approve is not None and code == approve.code:
            return self._of_approval(approve, most, told)
        if code == self.policy.incident_code:
            return ReasonSaid(code, self.policy.incident_reason[self.lang]), 1
        return ReasonSaid(code, text("notice.by_person", self.lang)), 1

    def _of_rule(self, rule: Rule, most: int, told: set[str]) -> tuple[ReasonSaid, int]:
        plain = ReasonSaid(rule.code, rule.reason[self.lang])
        if rule.then == "terminate" or self._is_silent(rule):
            return plain, 1
        applies = self.decision.action == "decline"
        # A limit is not to be kept by what would stop the line; an application falls to any other rule.
        severe = 0 if applies else max(rule.severity, 1)
        setting = Setting(self.policy, self.values, severe, applies, rule.code)
        if "points" in rule.when.names():
            found = ways(setting, rule.when, Want.NOT_TRUE)
            said, count = self._scored(plain, setting, rule.when, Want.NOT_TRUE, found, most, told)
        else:
            said, count = self._told(plain, setting, ways(setting, rule.when, Want.NOT_TRUE)), 1
        if self.decision.status in ("closed", "frozen") and rule.cure is not None:
            needed, by = self._facts(setting, ways(setting, rule.cure, Want.TRUE))
            if [(each.fact, each.enough) for each in needed] != [(each.fact, each.enough) for each in said.facts]:
                said = msgspec.structs.replace(said, to_return=needed, returns_by=by)
        return said, count

    def _of_approval(self, approve: Approval, most: int, told: set[str]) -> tuple[ReasonSaid, int]:
        plain = ReasonSaid(approve.code, approve.reason[self.lang])
        setting = Setting(self.policy, self.values, 0, on_application=True)
        if value_of(approve.when, self.values) != 1:
            found = ways(setting, approve.when, Want.TRUE)
            if any("points" in way for way in found):
                return self._scored(plain, setting, approve.when, Want.TRUE, found, most, told)
        else:
            # All that is asked was there, and yet the limit worked out is under the smallest there is.
            places = approve.limit.type.places
            least = Constant(Type("money", places), self.policy.limit_step * 10 ** max(0, places - 2))
            found = ways(setting, Compare(TRUTH, ">=", approve.limit, least), Want.TRUE)
        said = self._told(plain, setting, found, most)
        return said, max(1, len(said.facts) if said.by == "all" else 1)

    def _is_silent(self, rule: Rule) -> bool:
        counted = (self.policy.by_name.get(name) for name in self.policy.counted(rule.when))
        return any(isinstance(fact, CountedFact) and fact.kind.name in self.silent for fact in counted)

    # -- facts

    def _told(self, plain: ReasonSaid, setting: Setting, found: Sequence[Way], most: int = FACTS_MOST) -> ReasonSaid:
        facts, by = self._facts(setting, found, most)
        if not facts:
            facts = tuple(self._fact(name) for name in self._named(plain.code)[:FACTS_MOST])
        return msgspec.structs.replace(plain, facts=facts, by=by)

    def _facts(self, setting: Setting, found: Sequence[Way], most: int = FACTS_MOST) -> tuple[tuple[FactSaid, ...], By]:
        if not found:
            return (), "none"
        alone = len(found[0]) == 1
        changes = [change for way in found for change in way.values()]
        shown = tuple(self._fact(change.fact, self._range(setting, change)) for change in changes)
        by: By = "one" if alone else "all"
        # Of values that are enough only together none may be left out.
        return (shown[:most] if alone else shown), by

    def _named(self, code: str) -> list[str]:
        """Facts that the rule names, for when no value of theirs was found to be enough."""
        rule = self.policy.by_code.get(code)
        return sorted(name for name in rule.when.names() if name in self.policy.by_name) if rule else []

    def _fact(self, name: str, enough: str = "", better: str = "") -> FactSaid:
        kind = self._kind(name)
        value = value_in_words(kind.value(self.values[name]), kind, self.lang)
        return FactSaid(name, self._words(name), value, enough, better)

    def _words(self, name: str) -> str:
        if name in ("points", "requested"):
            return text(f"notice.{name}", self.lang)
        return words_of(name, self.lang, self.policy.words)

    def _kind(self, name: str) -> Kind:
        kind = self.policy.type_of(name)
        unit = "points" if name == "points" else unit_of(self.policy, Name(kind, name))
        return Kind.of(name, kind, unit, self.policy.currency)

    # -- the score

    def _scored(
        self,
        plain: ReasonSaid,
        setting: Setting,
        node: Expr,
        want: Want,
        found: Sequence[Way],
        most: int,
        told: set[str],
    ) -> tuple[ReasonSaid, int]:
        """A reason that rests on the score: the points asked for, and what cost the score most."""
        asked = next((way for way in found if "points" in way), None)
        scored = self._card()
        if scored is None or asked is None:
            return self._told(plain, setting, found), 1
        # Where the score alone would not have done, what else was lacking stands first.
        lacking = [self._fact(fact, self._range(setting, asked[fact])) for fact in asked if fact != "points"]
        points = self._fact("points", self._range(setting, asked["points"]))
        known = told | asked.keys()
        wanted = [each for each in principal_reasons(scored, REASONS_MOST * 2) if each.said.fact not in known]
        wanted = wanted[: max(1, most - len(lacking))]
        by: By
        if lacking:
            factors, by = [self._factor(scored, each) for each in wanted], "all"
        else:
            factors, by = self._factors(setting, lambda values: want.met(value_of(node, values)), wanted, scored)
        said = msgspec.structs.replace(plain, facts=(*lacking, points, *factors), by=by)
        return said, max(1, len(lacking) + len(factors))

    def _card(self) -> Scored | None:
        """The card over these facts; None where another card gave the points."""
        card = self.policy.scorecard
        if card is None or card.points_of(self.values) != self.values["points"]:
            return None
        kinds = {name: self._kind(name) for name in card.facts}
        return of_line(card, {name: self.values[name] for name in card.facts}, kinds, self.policy.words)

    def _factor(self, scored: Scored, reason: Reason, enough: str = "") -> FactSaid:
        """A fact that cost points: the values that are enough, else the nearest that earn more."""
        more = reason.next or reason.best
        better = "" if enough or more is None else self._span(more.span, scored.kinds[reason.said.fact])
        return self._fact(reason.said.fact, enough, better)

    def _factors(
        self, setting: Setting, goal: Goal, wanted: Sequence[Reason], scored: Scored
    ) -> tuple[list[FactSaid], By]:
        """What cost the score most: each with the value that alone would have been enough, else all together."""
        alone = [one_fact(setting, goal, reason.said.fact, ()) for reason in wanted]
        if any(alone):
            ranges = ["" if change is None else self._range(setting, change) for change in alone]
            return [self._factor(scored, *each) for each in zip(wanted, ranges, strict=True)], "one"
        best: dict[str, int] = {}
        reached = False
        for reason in wanted:
            example = _example(scored, reason)
            if example is not None and not reached:
                best[reason.said.fact] = example
                reached = setting.reached(goal, best)
        said = []
        for reason in wanted:
            needed = reached and reason.best is not None and reason.said.fact in best
            span = reason.best.span if needed and reason.best is not None else None
            enough = "" if span is None else self._span(span, scored.kinds[reason.said.fact])
            said.append(self._factor(scored, reason, enough))
        return said, "all" if reached else "none"

    # -- values in words

    def _range(self, setting: Setting, change: Change) -> str:
        """The values that would have been enough, in words."""
        kind = self._kind(change.fact)
        if change.choices:
            names = [value_in_words(kind.value(each), kind, self.lang) for each in change.choices]
            return text("notice.or", self.lang).join(names)
        low, high = change.low, change.high
        bottom, top = setting.bounds(change.fact)
        if setting.values[change.fact] is None and high is None and low == bottom:
            return text("notice.on_record", self.lang)
        if low is None and high is not None and high > bottom:
            return self._end(kind, high, 1, "notice.at_most", "notice.below")
        if high is None and low is not None and low < top:
            return self._end(kind, low, -1, "notice.at_least", "notice.above")
        if low is None or high is None or low == high:
            return value_in_words(kind.value(change.value), kind, self.lang)
        ends = {"low": self._said(kind, low), "high": self._said(kind, high)}
        return text("notice.between", self.lang, **ends)

    def _span(self, span: Span, kind: Kind) -> str:
        """The values of a place of the card, told as other ranges are."""
        if not kind.is_whole or span.choices is not None or span.missing or span.other:
            return bin_in_words(span, kind, self.lang)
        low, high = (None if each is None else int(each) for each in (span.low, span.high))
        if low is None and high is not None and high > 1:
            return self._end(kind, high - 1, 1, "notice.at_most", "notice.below")
        if low is not None and high is None:
            return self._end(kind, low, -1, "notice.at_least", "notice.above")
        return bin_in_words(span, kind, self.lang)

    def _end(self, kind: Kind, value: int, step: int, including: str, excluding: str) -> str:
        """``5 or less``, or ``below 30%`` where the value next to it is the rounder one."""
        beyond = value + step
        if not kind.is_whole and _digits(beyond) < _digits(value):
            return text(excluding, self.lang, value=self._said(kind, beyond))
        return text(including, self.lang, value=self._said(kind, value))

    def _said(self, kind: Kind, value: int) -> str:
        return value_in_words(kind.value(value), kind, self.lang)


def _example(scored: Scored, reason: Reason) -> int | None:
    """A value, in numeric form, of those that give the most points."""
    if reason.best is None:
        return None
    places = [place for place in scored.places(scored.finest(reason.said.fact)) if place.span.reachable]
    return next((place.example for place in places if _within(place.span, reason.best.span)), None)


def _within(span: Span, whole: Span) -> bool:
    if span.missing or whole.missing or span.choices is not None or whole.choices is not None:
        return span.choices is not None and set(span.choices) <= set(whole.choices or ())
    above = whole.low is None or (span.low is not None and span.low >= whole.low)
    return above and (whole.high is None or (span.high is not None and span.high <= whole.high))


def _digits(number: int) -> int:
    """Digits of a number without the zeros at its end."""
    return len(str(abs(number)).rstrip("0"))


__all__ = ["LAW", "reasons_said"]
