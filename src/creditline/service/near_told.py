"""Nearness as plain data with its sentences in every language: what ``creditline near`` prints."""

from __future__ import annotations

import re
from fractions import Fraction
from math import floor
from typing import Any

from creditline.clock import HOUR, format_moment
from creditline.facts.expressions import Constant, Expr, IsNull, Name
from creditline.i18n import LANGUAGES, Language, catalogue, text
from creditline.lending.terms import date_of
from creditline.lines.telling import unit_of
from creditline.money import decimal_of, format_minor
from creditline.policy.evaluating import written
from creditline.policy.model import ATTRIBUTES, Policy
from creditline.scoring.reasons import reason_in_words
from creditline.scoring.words import Kind, value_in_words, words_of
from creditline.service.line import score_told
from creditline.service.lines_ahead import LineAhead, LinesAhead
from creditline.wayback.ahead import Hit
from creditline.wayback.comparisons import Comparison
from creditline.wayback.drawing import Conduct, NoDraw, Spread
from creditline.wayback.nearness import Nearness, Trigger
from creditline.wayback.preventing import Prevention, Step
from creditline.wayback.room import Room

Plain = dict[str, Any]

SCORE_REASONS_MOST = 3
"""What cost the score most, told where a rule reads the points."""

_ASKS = {">": "more", ">=": "least", "<": "below", "<=": "most", "=": "same", "<>": "other"}


def told(near: Nearness) -> Plain:
    """Everything ``creditline near LINE --json`` says; moments as text at the policy's offset, money in units."""
    return _Telling(near).line()


def lines_told(ahead: LinesAhead) -> Plain:
    """Everything ``creditline near --all --json`` says."""
    return {
        "at": format_moment(ahead.now),
        "within_days": _days(ahead.within),
        "paid": ahead.paid,
        "looked_at": ahead.looked_at,
        "with_loans": ahead.with_loans,
        "failures": [{"line": each.line, "problem": each.problem} for each in ahead.failures],
        "lines": [_line_told(each) for each in ahead.lines],
    }


def _line_told(each: LineAhead) -> Plain:
    hit = hit_told(each.policy, each.hit)
    said = {"line": each.line, "policy": each.policy.name, "status": each.status, "limit": format_minor(each.limit)}
    return said | hit


def hit_told(policy: Policy, hit: Hit) -> Plain:
    """A decision to come: its moment and local day, what it does, for which reasons."""
    return {
        "on": _date(policy, hit.at),
        "at": format_moment(hit.at, policy.utc_offset),
        "action": hit.action,
        "codes": list(hit.codes),
        "limit": format_minor(hit.limit),
        "reasons": [dict(policy.reason_of(code)) for code in hit.codes],
        "says": {lang: hit_in_words(policy, hit, lang) for lang in LANGUAGES},
    }


def hit_in_words(policy: Policy, hit: Hit, lang: Language) -> str:
    """What a decision does, as the end of a sentence."""
    money = {"before": hit.limit_before, "limit": hit.limit}
    amounts = {name: _money(policy, value, lang) for name, value in money.items()}
    return text(f"near.does_{hit.action}", lang, **amounts)


def _date(policy: Policy, moment: int) -> str:
    return date_of((moment + policy.utc_offset) // (24 * HOUR)).isoformat()


def _money(policy: Policy, minor: int, lang: Language) -> str:
    return value_in_words(decimal_of(minor), Kind("money", 2, (), policy.currency), lang)


def _days(span: int) -> float:
    return round(span / (24 * HOUR), 4)


class _Telling:
    """One line being told."""

    def __init__(self, near: Nearness) -> None:
        self.near, self.situation, self.policy = near, near.situation, near.situation.policy

    def line(self) -> Plain:
        near, situation = self.near, self.situation
        return {
            "line": situation.line,
            "status": situation.status,
            "limit": format_minor(situation.cell("LIMIT")),
            "at": format_moment(situation.now, self.policy.utc_offset),
            "today": date_of(situation.today).isoformat(),
            "policy": self.policy.version,
            "within_days": _days(near.within),
            "has_loans": near.has_loans,
            "first": self._hit(near.first),
            "first_if_instalments_are_paid": self._hit(near.kept),
            "triggers": [self._trigger(each) for each in near.triggers],
        }

    def _hit(self, hit: Hit | None) -> Plain | None:
        return None if hit is None else hit_told(self.policy, hit)

    def _trigger(self, each: Trigger) -> Plain:
        rule = each.rule
        return {
            "code": rule.code,
            "then": rule.then,
            "reason": dict(rule.reason),
            "nearness": _share(each.nearness),
            "fires": each.fires,
            "held": each.held,
            "stands": each.stands,
            "conditions": [self._comparison(part) for part in each.comparisons],
            "fires_on": None if each.hit is None else _date(self.policy, each.hit.at),
            "hit": self._hit(each.hit),
            "after": self._hit(each.after),
            "hit_if_instalments_are_paid": self._hit(each.kept),
            "answer": "not_drawing" if each.answer == "idle" and each.on_draws else each.answer,
            "prevention": None if each.prevention is None else self._prevention(each.prevention),
            "room": [self._room(room) for room in each.rooms],
            "conduct": None if each.conduct is None else self._conduct(each, each.conduct),
        }

    # -- conditions

    def _comparison(self, part: Comparison) -> Plain:
        fact = part.fact.name if isinstance(part.fact, Name) else None
        below = self.near.rests_on(part.fact)
        return {
            "text": part.text,
            "fact": fact,
            "words": {lang: self._named(part.fact, lang) for lang in LANGUAGES},
            "value": self._plain(part.value, part.fact),
            "op": part.op,
            "limit": None if part.limit is None else self._plain_limit(part),
            "unit": unit_of(self.policy, part.fact),
            "holds": part.holds,
            "missing": self._plain(part.missing, part.fact) if part.missing is not None else None,
            "nearness": _share(part.nearness),
            "rests_on": [
                {"fact": name, "value": self._plain(value, self._name(name))}
                for name, value in below.items()
                if name != fact
            ],
            "says": {lang: self._said(part, lang) for lang in LANGUAGES},
        }

    def _name(self, name: str) -> Name:
        return Name(self.policy.type_of(name), name)

    def _kind(self, node: Expr) -> Kind:
        name = node.name if isinstance(node, Name) else ""
        return Kind.of(name, node.type, unit_of(self.policy, node), self.policy.currency)

    def _plain(self, value: int | None, node: Expr) -> str | None:
        """A value in plain figures, exactly; choices by name."""
        said = self._kind(node).value(value)
        if said is None or isinstance(said, str):
            return said
        whole, _, part = f"{said:f}".partition(".")
        part = part.rstrip("0").ljust(2 if self._kind(node).unit == "money" else 0, "0")
        return f"{whole}.{part}" if part else whole

    def _plain_limit(self, part: Comparison) -> str | None:
        assert part.limit is not None
        of_fact = self._kind(part.fact)
        if of_fact.choices:
            said = of_fact.value(part.bound)
            return None if said is None else str(said)
        return self._plain(part.bound, part.limit)

    def _named(self, node: Expr, lang: Language) -> str:
        """An expression as people read it: what it names in words."""
        words = {name: self._words(name, lang) for name in node.names()}
        if isinstance(node, Name):
            return words[node.name]
        if not words:
            return written(node)
        names = re.compile(r"\b(" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + r")\b")
        return names.sub(lambda found: words[found[0]], written(node).replace("*", "×").replace("/", "÷"))

    def _words(self, name: str, lang: Language) -> str:
        if name == "points" or name in ATTRIBUTES:
            return catalogue(lang).get(f"near.fact_{name}") or words_of(name, lang)
        return words_of(name, lang, self.policy.words)

    def _value(self, number: int | None, node: Expr, like: Expr, lang: Language) -> str:
        """A value in words, in the unit of what it is compared with."""
        kind = self._kind(like)
        value = kind.value(number) if kind.choices or number is None else decimal_of(number, node.type.places)
        return value_in_words(value, kind, lang)

    def _said(self, part: Comparison, lang: Language) -> str:
        """One condition as a sentence."""
        fact, value = self._named(part.fact, lang), self._value(part.value, part.fact, part.fact, lang)
        asks = self._asks(part, lang)
        if part.holds:
            return text("near.part_met", lang, fact=fact, value=value, asks=asks)
        if part.missing is not None and part.value is not None:
            missing = self._value(part.missing, part.fact, part.fact, lang)
            return text("near.part_missing", lang, fact=fact, value=value, missing=missing, asks=asks)
        return text("near.part_not", lang, fact=fact, value=value, asks=asks)

    def _asks(self, part: Comparison, lang: Language) -> str:
        if isinstance(part.node, IsNull):
            return text("near.asks_unknown" if part.wanted else "near.asks_known", lang)
        if part.limit is None:
            return text("common.yes" if part.wanted else "common.no", lang)
        limit = self._value(part.bound, part.limit, part.fact, lang)
        if not isinstance(part.limit, Constant):
            limit = text("near.limit_of", lang, limit=limit, named=self._named(part.limit, lang))
        return text(f"near.asks_{_ASKS[part.op]}", lang, limit=limit)

    # -- what prevents it, and what is left

    def _prevention(self, found: Prevention) -> Plain:
        return {
            "cost": format_minor(found.money),
            "effort": found.effort,
            "possible_from": None if found.opens is None else date_of(found.opens).isoformat(),
            "until": _date(self.policy, found.until),
            "steps": [self._step(step) for step in found.steps],
            "next": self._hit(found.next),
        }

    def _step(self, step: Step) -> Plain:
        return {
            "on": date_of(step.day).isoformat(),
            "lever": step.lever.name,
            "title": dict(step.lever.title),
            "amount": None if step.amount is None else format_minor(step.amount),
            "chosen": step.chosen,
            "repeated": step.repeated,
        }

    def _room(self, room: Room) -> Plain:
        return {
            "act": room.act,
            "fires_at": room.count,
            "fires_at_amount": None if room.amount is None else format_minor(room.amount),
            "fires_at_whatever_amount": room.count_alone,
            "drawable": format_minor(room.drawable),
            "within_hours": room.within // HOUR if room.after else None,
            "says": {lang: self._room_said(room, lang) for lang in LANGUAGES},
        }

    def _room_said(self, room: Room, lang: Language) -> str:
        soon = text(f"near.after_{room.act}", lang, hours=room.within // HOUR) if room.after else ""
        if room.act == "early_repayment":
            if room.count is None:
                return text("near.room_repayments_free", lang)
            return text("near.room_repayments", lang, count=room.count, soon=soon)
        drawable = _money(self.policy, room.drawable, lang)
        if room.count is None or room.amount is None:
            key = "near.room_draws_free" if room.drawable else "near.room_nothing_left"
            return text(key, lang, drawable=drawable)
        amount, under = _money(self.policy, room.amount, lang), _money(self.policy, room.amount - 1, lang)
        if room.amount == room.count:
            return text("near.room_draws", lang, count=room.count, soon=soon)
        if room.count == 1:
            said = text("near.room_amount", lang, amount=amount, under=under)
        else:
            said = text("near.room_both", lang, count=room.count, soon=soon, amount=amount)
        if room.count_alone is not None:
            said = text("near.room_or", lang, said=said, count=room.count_alone, soon=soon)
        return said

    # -- how to draw

    def _conduct(self, each: Trigger, found: Conduct) -> Plain:
        """What the levers of draws do about a trigger; where none of them helps, that."""
        spread, rest = found.spread, found.no_draw
        count = next(room.count or 1 for room in each.rooms if room.act == "draw")
        return {
            "spread_draws": None if spread is None else self._spread(spread),
            "no_draw": None if rest is None else self._no_draw(rest, count),
            "says": {lang: self._of_no_help(found, lang) for lang in LANGUAGES} if not spread and not rest else None,
        }

    def _spread(self, spread: Spread) -> Plain:
        return {
            "lever": spread.lever.name,
            "title": dict(spread.lever.title),
            "parts": len(spread.days),
            "amount": format_minor(spread.part),
            "last_amount": format_minor(spread.last),
            "on": [date_of(day).isoformat() for day in spread.days],
            "until": _date(self.policy, spread.until),
            "next": self._hit(spread.next),
            "says": {lang: self._spread_said(spread, lang) for lang in LANGUAGES},
        }

    def _spread_said(self, spread: Spread, lang: Language) -> str:
        money = {"total": spread.total, "amount": spread.part, "last": spread.last}
        amounts = {name: _money(self.policy, value, lang) for name, value in money.items()}
        told = text("near.part", lang, **amounts)
        if spread.part != spread.last:
            told = text("near.part_and_last", lang, **amounts)
        days = text("near.between", lang).join(date_of(day).isoformat() for day in spread.days)
        named = {"title": spread.lever.title[lang], "parts": len(spread.days), "told": told, "days": days}
        return text("near.spread", lang, total=amounts["total"], until=_date(self.policy, spread.until), **named)

    def _no_draw(self, rest: NoDraw, count: int) -> Plain:
        on, key = date_of(rest.day).isoformat(), "near.no_draw" if count == 1 else "near.no_draw_count"
        return {
            "lever": rest.lever.name,
            "title": dict(rest.lever.title),
            "until": on,
            "says": {lang: text(key, lang, title=rest.lever.title[lang], on=on, count=count) for lang in LANGUAGES},
        }

    def _of_no_help(self, found: Conduct, lang: Language) -> str:
        named = text("near.also", lang).join(lever.title[lang] for lever in found.levers)
        return text("near.no_conduct", lang, levers=named)


def score_in_words(near: Nearness, lang: Language) -> list[str]:
    """What cost the score most, where a rule reads the points; nothing under a policy without a card."""
    if not any("points" in each.rule.when.names() for each in near.triggers):
        return []
    score = score_told(near.situation.policy, near.situation.values)
    if score is None:
        return []
    return [reason_in_words(score.scored, each, lang) for each in score.reasons[:SCORE_REASONS_MOST]]


def _share(share: Fraction) -> float:
    """A share with four decimals, cut, so that only what is 1 reads as 1."""
    return floor(share * 10_000) / 10_000


__all__ = ["hit_in_words", "hit_told", "lines_told", "score_in_words", "told"]
