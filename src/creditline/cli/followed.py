"""The line that ``demo`` follows from its closing to its return, on a terminal and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from creditline.cli.planned import plan_plain
from creditline.i18n import Language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.service.followed import Did, Followed
    from creditline.wayback.plans import Plan, Step

WIDTH = 76
"""Columns of the texts, so that all of it fits into 80."""

DID_MOST = 12
"""Lines told of what a borrower did; of more the first so many."""


def print_followed(console: Console, made: Followed, home: object, lang: Language) -> None:
    """The notice of the closing, the plans of that day, and what came of it."""
    console.print()
    values = {"line": made.closed.line, "product": made.policy.title[lang]}
    console.print(Text(text("followed.title", lang, **values), style="bold"))
    title = text("followed.notice", lang, on=_day(made.closed.at, made))
    console.print(Panel("\n".join(notice_lines(made, lang)), title=Text(title), title_align="left", width=WIDTH + 4))
    for line in (*plan_lines(made, lang), *did_lines(made, lang)):
        console.print(Text(line), soft_wrap=True)
    console.print(Text("\n".join(_broken(outcome(made, lang), ""))), style="bold", soft_wrap=True)
    told = {"line": made.closed.line, "number": made.closed.number, "home": home}
    console.print(text("followed.see", lang, **told), soft_wrap=True)


def notice_lines(made: Followed, lang: Language) -> Iterator[str]:
    """The notice in short: what was done, why, what comes next, the rights, and by when it is to be sent."""
    notice = made.notice
    yield from _broken(text("common.simulated", lang), "")
    for sentence in notice.opening:
        yield from _broken(sentence, "")
    from creditline.notices.content import notes_of

    for number, reason in enumerate(notice.reasons, 1):
        yield from _broken(reason.text, f"{number}. ")
        for note in notes_of(reason, lang):
            yield from _broken(note, "   - ")
    following = next((each for each in notice.sections if each.heading == text("notice.next", lang)), None)
    for said in following.paragraphs if following is not None else ():
        yield from _broken(said, "")
    rights = text("followed.between", lang).join(_rights(made, lang))
    yield from _broken(text("followed.rights", lang, rights=rights), "")
    if notice.deadline is not None:
        yield from _broken(text("followed.deadline", lang, on=_day(notice.deadline, made)), "")


def _rights(made: Followed, lang: Language) -> Iterator[str]:
    """Rights by name, each with the days in which it is answered."""
    told = {item.text for section in made.notice.sections for item in section.items}
    for right in made.profile.rights:
        if right.heading[lang] in told:
            term = right.answered_within
            key = "followed.right" if term is None else "followed.right_days"
            yield text(key, lang, right=right.heading[lang], days=term.days if term is not None else 0)


def plan_lines(made: Followed, lang: Language) -> Iterator[str]:
    """The plans of the day of closing; goals that come to the same plan are named together."""
    yield text("followed.plans", lang)
    for plans in _alike(made.outlook.plans):
        goals = text("followed.between", lang).join(text(f"followed.{plan.goal}", lang) for plan in plans)
        limit = format_minor(plans[0].limit, grouping=True)
        cost = format_minor(plans[0].cost, grouping=True)
        yield from _broken(
            text(
                "followed.plan" if plans[0].cost else "followed.plan_free",
                lang,
                goals=goals,
                on=plans[0].reopens_on,
                limit=limit,
                cost=cost,
            ),
            " ",
        )
        for steps in _runs(plans[0].steps):
            yield from _broken(_step(steps, lang), "   - ")
        if not plans[0].steps:
            yield from _broken(text("followed.waiting", lang), "   - ")


def _alike(plans: Sequence[Plan]) -> list[list[Plan]]:
    found: list[list[Plan]] = []
    for plan in plans:
        same = next(
            (each for each in found if (each[0].steps, each[0].reopens_at) == (plan.steps, plan.reopens_at)), None
        )
        if same is None:
            found.append([plan])
        else:
            same.append(plan)
    return found


def _runs(steps: Sequence[Step]) -> list[list[Step]]:
    """Steps of one lever together, in the order in which they begin: instalments month by month are one thing to do."""
    named: dict[str, list[Step]] = {}
    for step in steps:
        named.setdefault(step.lever, []).append(step)
    return list(named.values())


def _step(steps: Sequence[Step], lang: Language) -> str:
    first, last = steps[0], steps[-1]
    paid = [step.amount for step in steps if step.amount is not None]
    on = first.on if first.on == last.on else text("followed.span", lang, first=first.on, last=last.on)
    times = len(steps) * first.repeated
    parts = [f"{on}  {first.title[lang]}"]
    if first.chosen is not None:
        parts.append(text("followed.chosen", lang, chosen=first.chosen))
    if times > 1:
        parts.append(text("followed.times", lang, times=times))
    if paid:
        parts.append(text("followed.amount", lang, amount=format_minor(sum(paid), grouping=True)))
    answers = list(dict.fromkeys(code for step in steps for code in step.answers if code != "reopen"))
    if answers:
        parts.append(text("followed.answers", lang, codes=", ".join(answers)))
    return "".join(parts)


def did_lines(made: Followed, lang: Language) -> Iterator[str]:
    """What became known of the borrower between closing and return, day by day."""
    yield text("followed.did", lang)
    for each in made.did[:DID_MOST]:
        yield from _broken(_did(each, lang), f" {_span(each, lang)}  ")
    if len(made.did) > DID_MOST:
        yield " " + text("followed.more", lang, count=len(made.did) - DID_MOST)
    limit = format_minor(made.reopened.limit, grouping=True)
    yield from _broken(text("followed.back", lang, limit=limit), f" {_day(made.reopened.at, made)}  ")


def _span(each: Did, lang: Language) -> str:
    from creditline.lending.terms import date_of

    first, last = date_of(each.first).isoformat(), date_of(each.last).isoformat()
    return first if first == last else text("followed.span", lang, first=first, last=last)


def _did(each: Did, lang: Language) -> str:
    values: dict[str, Any] = {
        "amount": format_minor(each.amount or 0, grouping=True),
        "lenders": each.lenders,
        "days": each.days_past_due,
    }
    said = text(f"followed.did_{each.kind.replace('.', '_')}", lang, **values)
    repeated = each.times > 1 and each.kind != "overdue"
    return f"{said}{text('followed.times', lang, times=each.times)}" if repeated else said


def outcome(made: Followed, lang: Language) -> str:
    """Planned beside real, in one sentence."""
    later = made.days_later
    key = "followed.on_the_day" if later == 0 else "followed.later" if later > 0 else "followed.sooner"
    limits = {
        "planned_limit": format_minor(made.planned.limit, grouping=True),
        "before": format_minor(made.closed.limit_before, grouping=True),
        "limit": format_minor(made.reopened.limit, grouping=True),
    }
    on, planned = _day(made.reopened.at, made), made.planned.reopens_on
    told = text(key, lang, on=on, planned=planned, days=abs(later), **limits)
    until = made.reopened.probation_until
    if until is None or until <= made.reopened.at:
        return told
    return told + text("followed.probation", lang, until=_day(until, made))


def _day(moment: int, made: Followed) -> str:
    from creditline.lending.terms import date_of

    return date_of(made.day_of(moment)).isoformat()


def _broken(said: str, mark: str) -> Iterator[str]:
    """A paragraph in lines of at most ``WIDTH`` columns, those after the first as far in as the mark is wide."""
    from creditline.reports.lines import broken

    for number, line in enumerate(broken(said, WIDTH - cell_len(mark), cell_len)):
        yield (mark if number == 0 else " " * cell_len(mark)) + line


# -- for programs -------------------------------------------------------------------------------------


def as_plain(made: Followed | None) -> dict[str, Any] | None:
    """The same as one JSON object: money as decimal text in currency units, days as YYYY-MM-DD."""
    if made is None:
        return None
    from creditline.reports.notice import as_plain as notice_plain

    until = made.reopened.probation_until
    return {
        "simulated": True,
        "line": made.closed.line,
        "policy": made.policy.name,
        "closed_on": _day(made.closed.at, made),
        "reasons": list(made.closed.reasons),
        "notice": notice_plain(made.notice, made.policy.utc_offset),
        "plans": [plan_plain(plan) for plan in made.outlook.plans],
        "done": [_did_plain(each) for each in made.did],
        "planned_on": made.planned.reopens_on,
        "reopened_on": _day(made.reopened.at, made),
        "days_later": made.days_later,
        "limit_before": format_minor(made.closed.limit_before),
        "limit": format_minor(made.reopened.limit),
        "probation_until": None if until is None else _day(until, made),
    }


def _did_plain(each: Did) -> dict[str, Any]:
    from creditline.lending.terms import date_of

    told = {
        "on": date_of(each.first).isoformat(), "until": date_of(each.last).isoformat(), "kind": each.kind,
        "times": each.times, "amount": None if each.amount is None else format_minor(each.amount),
        "lenders": each.lenders, "days_past_due": each.days_past_due,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


__all__ = ["WIDTH", "as_plain", "did_lines", "notice_lines", "outcome", "plan_lines", "print_followed"]
