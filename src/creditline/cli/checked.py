"""What ``plan check`` found, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from creditline.clock import format_moment
from creditline.i18n import Language, text
from creditline.money import format_minor

_MONEY = ("limit", "cost", "amount", "part", "payment")


def differences_told(found: Sequence[Mapping[str, Any]], lang: Language) -> Iterator[str]:
    """One line for each difference of ``wayback.proof.differences``."""
    for each in found:
        goal = text(f"plan.{each['goal']}", lang)
        where = text("checked.step", lang, number=each["step"]) if "step" in each else ""
        kind, _, name = each["what"].partition(" ")
        what = text(f"checked.what_{kind}", lang, name=name)
        values = {key: _value(kind, each[key], lang) for key in ("planned", "came")}
        if each.get("why") and each["came"] is None:
            yield text("checked.cannot", lang, goal=goal, where=where, what=what, why=_why(each, lang), **values)
        else:
            more = text("checked.more", lang, why=_why(each, lang)) if each.get("why") else ""
            yield text("checked.differs", lang, goal=goal, where=where, what=what, more=more, **values)


def _why(each: Mapping[str, Any], lang: Language) -> str:
    return text(f"checked.why_{each['why']}", lang, count=each.get("count", 0))


def _value(kind: str, value: Any, lang: Language) -> str:
    if value is None:
        return text("checked.nothing", lang)
    if kind in _MONEY:
        return format_minor(value, grouping=True)
    if kind == "reopens_at":
        return format_moment(value)
    if kind == "answers":
        return ", ".join(value) or text("checked.nothing", lang)
    if kind == "title":
        return str(value.get(lang, ""))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
