"""The demonstration's report: a simulated portfolio as tables, charts, sentences and a page. All of it SIMULATED."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from creditline.clock import DAY, format_moment
from creditline.i18n import Language, text
from creditline.lending.ledger import CHART
from creditline.lines.decision import Decision
from creditline.lines.telling import explain
from creditline.money import format_minor
from creditline.policy.model import Policy
from creditline.replay.portfolio import GRACE_DAYS, Books, Month, Portfolio, Reason, closes_by_rule, deserved
from creditline.reports.charts import BAD, GOOD, PLAIN, SOFT, Chart, bars_option
from creditline.reports.page import render
from creditline.reports.tables import Column, Table, count, labelled, millions, percent
from creditline.simulate.truth import Truth

UTC_OFFSET = "+08:00"
"""Of all simulated borrowers."""

_SIGNS = {">=": "≥", "<=": "≤", "<>": "≠"}
_SHOWN_STATUSES = ("open", "frozen", "closed", "terminated", "declined")


@dataclass(frozen=True)
class About:
    """What the figures are of."""

    borrowers: int
    months: int
    seed: int
    events: int
    until: int
    """Moment the period ends, microseconds."""
    policies: Mapping[str, Policy]
    """By name."""
    truths: Mapping[str, Truth]
    """By line."""
    decisions: Sequence[Decision]
    """In order of time."""

    @property
    def currency(self) -> str:
        """Currency of all amounts."""
        return next(iter(self.policies.values())).currency

    @cached_property
    def by_line(self) -> Mapping[str, Sequence[Decision]]:
        """Decisions on each line, in order."""
        found: dict[str, list[Decision]] = {}
        for each in self.decisions:
            found.setdefault(each.line, []).append(each)
        return found


def _t(lang: Language, *keys: str) -> tuple[str, ...]:
    return tuple(text(f"demo.{key}", lang) for key in keys)


def day(t: int) -> str:
    """The local day of a moment: 2026-03-01."""
    return format_moment(t, UTC_OFFSET)[:10]


def _share(part: int, whole: int) -> str:
    return percent(part / whole if whole else None)


def _table(
    name: str,
    lang: Language,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[str, ...]],
    strong: frozenset[int] = frozenset(),
) -> Table:
    """A table whose caption says that its figures are simulated."""
    return Table(text("demo.marked", lang, caption=text(f"demo.{name}_table", lang)), columns, tuple(rows), strong)


# -- tables -----------------------------------------------------------------------------------------


def months(figures: Portfolio, lang: Language) -> Table:
    """What happened in each month."""
    rows = tuple(month_row(month) for month in figures.months)
    return _table("months", lang, month_columns(lang), rows)


def month_columns(lang: Language) -> tuple[Column, ...]:
    """Columns of the table of months."""
    labels = _t(
        lang, "month", "opened", "declined", "closed", "closed_wrongly", "reopened", "frozen", "unfrozen", "stand_open",
        "stand_frozen", "stand_closed",
    )  # fmt: skip
    return labelled(*labels, page_only=(2, 7, 9))


def month_row(month: Month) -> tuple[str, ...]:
    """One month as a row of its table."""
    cells = (
        month.opened, month.declined, month.closed, month.closed_wrongly, month.reopened, month.frozen, month.unfrozen,
        month.open_at_end, month.frozen_at_end, month.closed_at_end,
    )  # fmt: skip
    return (day(month.first)[:7], *map(count, cells))


def reasons(figures: Portfolio, about: About, lang: Language) -> Table:
    """Closed lines by the first reason of their first closing, each with what the borrower is told."""
    rows = [
        (
            row.code, about.policies[row.policy].title[lang], reason_text(row, about, lang), count(row.lines),
            count(row.closed_wrongly), count(row.reopened), count(row.closings),
            "–" if row.days_to_reopen is None else count(row.days_to_reopen),
        )
        for row in figures.reasons if row.lines
    ]  # fmt: skip
    total = (
        text("demo.all", lang), "", "", count(figures.closed), count(figures.closed_wrongly),
        count(sum(row.reopened for row in figures.reasons)), count(figures.closings), "",
    )  # fmt: skip
    labels = _t(lang, "code", "policy", "reason", "closed", "wrongly", "reopened", "closings", "days")
    columns = labelled(*labels, text=(0, 1, 2), page_only=(1, 6))
    return _table("reasons", lang, columns, (*rows, total), frozenset({len(rows)}))


def reason_text(row: Reason, about: About, lang: Language) -> str:
    """What a borrower is told for a reason."""
    return about.policies[row.policy].reason_of(row.code)[lang]


def judged(figures: Portfolio, lang: Language) -> Table:
    """Decisions set against the truth."""
    pairs: list[tuple[str, int, int | None]] = [
        ("closed_rightly", figures.closed_rightly, figures.closed),
        ("closed_wrongly", figures.closed_wrongly, figures.closed),
        ("closed", figures.closed, figures.opened),
        ("deserving", figures.deserving, None),
        ("missed", figures.missed, figures.deserving),
        ("declined", figures.declined, figures.borrowers),
        ("declined_wrongly", figures.declined_wrongly, figures.declined),
        ("opened_wrongly", figures.opened_wrongly, figures.opened),
    ]
    rows = tuple(
        (text(f"demo.{name}", lang, days=GRACE_DAYS), count(lines), "" if whole is None else _share(lines, whole))
        for name, lines, whole in pairs
    )
    return _table("judged", lang, labelled(*_t(lang, "judged", "lines", "share")), rows, frozenset({1, 4}))


def by_truth(figures: Portfolio, lang: Language) -> Table:
    """Closed lines by code, rightly and wrongly."""
    rows = [
        (code, count(right), count(wrong), _share(wrong, right + wrong)) for code, right, wrong in _by_code(figures)
    ]
    labels = _t(lang, "code", "closed_rightly", "closed_wrongly", "share_wrongly")
    return _table("truth", lang, labelled(*labels), tuple(rows))


def waits(figures: Portfolio, lang: Language) -> Table:
    """Closings by the days until the line reopened."""
    rows = [(_wait_label(wait.days_from, wait.days_below, lang), count(wait.closings)) for wait in figures.waits]
    rows.append((text("demo.not_reopened", lang), count(_never_reopened(figures))))
    return _table("waits", lang, labelled(*_t(lang, "wait", "closings")), tuple(rows))


def _never_reopened(figures: Portfolio) -> int:
    """Closings that no reopening followed within the period."""
    return figures.closings - sum(wait.closings for wait in figures.waits)


def _wait_label(low: int, high: int | None, lang: Language) -> str:
    if high is None:
        return text("demo.wait_from", lang, days=low)
    return text("demo.wait_between", lang, low=low, high=high - 1)


def statuses(figures: Portfolio, lang: Language) -> Table:
    """Status at the end of the period, persons and businesses apart."""
    parties = ("person", "business")
    shown = [status for status in _SHOWN_STATUSES if any(figures.statuses[party][status] for party in parties)]
    rows = [
        (text(f"run.status_{status}", lang), *(count(figures.statuses[party][status]) for party in parties))
        for status in shown
    ]
    columns = labelled(*_t(lang, "status", "persons", "businesses"))
    return _table("statuses", lang, columns, tuple(rows))


def money(figures: Portfolio, about: About, lang: Language) -> Table:
    """Money at stake."""
    names = ("limit_closed", "owed_closed", "limit_closed_wrongly", "earned_at_risk", "loss_avoided", "loss_missed")
    rows = tuple((text(f"demo.{name}", lang), millions(getattr(figures.money, name), 2)) for name in names)
    columns = labelled(*_t(lang, "money", "amount"))
    caption = text("reports.money_in", lang, title=text("demo.money_title", lang), currency=about.currency)
    return Table(text("demo.marked", lang, caption=caption), columns, rows)


def lent(books: Books, about: About, lang: Language) -> Table:
    """What was lent and what became of it."""
    names = ("principal_out", "repaid", "owed", "written_off", "interest_earned", "penalty_earned")
    rows = tuple((text(f"demo.{name}", lang), millions(getattr(books, name), 2)) for name in names)
    caption = text("reports.money_in", lang, title=text("demo.lent_title", lang), currency=about.currency)
    return Table(
        text("demo.marked", lang, caption=caption), labelled(*_t(lang, "money", "amount")), rows, frozenset({2})
    )


def trial_balance(books: Books, about: About, lang: Language) -> Table:
    """The trial balance of the books: every account that something stands on, and the two sides added up."""
    rows = [
        (str(code), text(CHART[code].key, lang), _one_side(each.balance), _one_side(-each.balance))
        for code, each in books.turnovers.items()
        if each.balance
    ]
    total = (text("demo.all", lang), "", _one_side(books.debits), _one_side(books.credits))
    columns = labelled(*_t(lang, "code", "account", "debit", "credit"), text=(0, 1))
    caption = text("demo.books_table", lang, currency=about.currency)
    marked = text("demo.marked", lang, caption=caption)
    return Table(marked, columns, (*rows, total), frozenset({len(rows)}))


def _one_side(minor: int) -> str:
    """A balance on the side it stands on, nothing on the other."""
    return format_minor(minor, grouping=True) if minor > 0 else ""


def groups(figures: Portfolio, lang: Language) -> Table:
    """Behaviours with a closing, a freeze or a miss, the worst judged first."""
    told = [group for group in figures.groups if group.closed or group.missed or group.frozen]
    told.sort(key=lambda group: (-group.closed_wrongly, -group.missed, -group.closed, group.behaviour))
    rows = tuple(
        (group.behaviour, *map(count, (group.lines, group.opened, group.frozen, group.closed, group.closed_wrongly,
                                       group.missed)))
        for group in told
    )  # fmt: skip
    labels = _t(lang, "behaviour", "lines", "opened", "frozen", "closed", "closed_wrongly", "missed")
    return _table("groups", lang, labelled(*labels), rows)


def examples(figures: Portfolio, about: About, lang: Language) -> Table:
    """One closing for each reason, with the values that made it fire."""
    rows = [
        (each.reasons[0], each.line, day(each.at), values_told(each, about), verdict(each, about, lang))
        for each in example_closings(figures, about)
    ]
    labels = _t(lang, "code", "line", "closed_on", "values", "truth")
    return _table("examples", lang, labelled(*labels, text=(0, 3, 4)), tuple(rows))


def example_closings(figures: Portfolio, about: About) -> list[Decision]:
    """For each reason that closed lines one closing it led, most frequent reasons first."""
    found: dict[tuple[str, str], Decision] = {}
    for each in about.decisions:
        if closes_by_rule(each):
            key = (about.truths[each.line].policy, each.reasons[0])
            if key not in found or (len(found[key].reasons) > 1 and len(each.reasons) == 1):
                found[key] = each
    return [found[row.policy, row.code] for row in figures.reasons]


# -- sentences --------------------------------------------------------------------------------------


def values_told(decision: Decision, about: About) -> str:
    """The comparisons that held in the first reason's rule, values first."""
    policy = about.policies[about.truths[decision.line].policy]
    reasons = explain(policy, decision, about.by_line[decision.line][: decision.number])
    return ", ".join(
        f"{each.left.text} {each.left.value} {_SIGNS.get(each.op, each.op)} {each.right.value}"
        for each in (reasons[0].conditions if reasons else ())
        if each.held and each.right is not None
    )


def verdict(decision: Decision, about: About, lang: Language) -> str:
    """What the truth says of a line at the moment of a decision."""
    key = "truth_deserved" if deserved(about.truths[decision.line], decision.at) else "truth_sound"
    return text(f"demo.{key}", lang)


def told(decision: Decision, about: About, lang: Language) -> str:
    """One closing or reopening in a sentence."""
    policy = about.policies[about.truths[decision.line].policy]
    values: dict[str, object] = {
        "day": day(decision.at),
        "line": decision.line,
        "limit": format_minor(decision.limit, grouping=True),
    }
    if decision.action == "reopen":
        before = about.by_line[decision.line][: decision.number]
        closed_at = next((each.at for each in reversed(before) if each.action == "close"), decision.at)
        days = (decision.at - closed_at) // DAY
        until = "" if decision.probation_until is None else day(decision.probation_until)
        return text("demo.told_reopen", lang, **values, days=days, until=until)
    reason = decision.reasons[0]
    said = policy.reason_of(reason)[lang]
    until = "" if decision.cooling_until is None else day(decision.cooling_until)
    return text(f"demo.told_{decision.action}", lang, **values, code=reason, reason=said, until=until)


def notable(about: About, firsts: Sequence[int], most: int = 3) -> list[list[Decision]]:
    """For each month a few decisions worth telling: closings for the reasons told least so far, and a reopening."""
    told_so_far: Counter[str] = Counter()
    by_month: list[list[Decision]] = []
    for first, last in pairwise(firsts):
        mine = [each for each in about.decisions if first <= each.at < last]
        closings: dict[str, Decision] = {}
        for each in mine:
            if closes_by_rule(each):
                closings.setdefault(each.reasons[0], each)
        codes = sorted(closings, key=lambda code: (told_so_far[code], code))[: most - 1]
        told_so_far.update(codes)
        picked = [closings[code] for code in codes] + [each for each in mine if each.action == "reopen"][:1]
        by_month.append(sorted(picked, key=lambda each: each.at))
    return by_month


# -- charts and page --------------------------------------------------------------------------------


def charts(figures: Portfolio, about: About, lang: Language) -> list[Chart]:
    """The charts of the page, each with its table."""
    return [
        _months_chart(figures, lang), _reasons_chart(figures, about, lang), _truth_chart(figures, lang),
        _waits_chart(figures, lang), _statuses_chart(figures, lang),
    ]  # fmt: skip


def _chart(name: str, lang: Language, option: Mapping[str, object], table: Table, height_px: int = 340) -> Chart:
    return Chart(name, text(f"demo.{name}_title", lang), text(f"demo.{name}_says", lang), option, table, height_px)


def _months_chart(figures: Portfolio, lang: Language) -> Chart:
    series = {
        text(f"demo.{name}", lang): [getattr(month, name) for month in figures.months]
        for name in ("opened", "closed", "reopened")
    }
    names = [day(month.first)[:7] for month in figures.months]
    option = bars_option("", text("demo.lines", lang), names, series, (SOFT, BAD, GOOD))
    return _chart("months", lang, option, months(figures, lang))


def _by_code(figures: Portfolio) -> list[tuple[str, int, int]]:
    """Lines closed rightly and wrongly by code, over all policies, most first."""
    right: dict[str, int] = {}
    wrong: dict[str, int] = {}
    for row in figures.reasons:
        right[row.code] = right.get(row.code, 0) + row.lines - row.closed_wrongly
        wrong[row.code] = wrong.get(row.code, 0) + row.closed_wrongly
    codes = [(code, right[code], wrong[code]) for code in right if right[code] + wrong[code]]
    return sorted(codes, key=lambda row: (-row[1] - row[2], row[0]))


def _reasons_chart(figures: Portfolio, about: About, lang: Language) -> Chart:
    closed: dict[str, int] = {}
    reopened: dict[str, int] = {}
    for row in figures.reasons:
        closed[row.code] = closed.get(row.code, 0) + row.lines
        reopened[row.code] = reopened.get(row.code, 0) + row.reopened
    codes = [code for code, _, _ in _by_code(figures)]
    series = {
        text("demo.closed", lang): [closed[code] for code in codes],
        text("demo.reopened_of_them", lang): [reopened[code] for code in codes],
    }
    option = bars_option("", text("demo.lines", lang), codes, series, (BAD, GOOD), upright=False)
    return _chart("reasons", lang, option, reasons(figures, about, lang), 120 + 34 * len(codes))


def _truth_chart(figures: Portfolio, lang: Language) -> Chart:
    rows = _by_code(figures)
    series = {
        text("demo.closed_rightly", lang): [right for _, right, _ in rows],
        text("demo.closed_wrongly", lang): [wrong for _, _, wrong in rows],
    }
    names = [code for code, _, _ in rows]
    option = bars_option("", text("demo.lines", lang), names, series, (GOOD, BAD), stacked=True, upright=False)
    return _chart("truth", lang, option, by_truth(figures, lang), 120 + 26 * len(rows))


def _waits_chart(figures: Portfolio, lang: Language) -> Chart:
    table = waits(figures, lang)
    series = {text("demo.closings", lang): [*(wait.closings for wait in figures.waits), _never_reopened(figures)]}
    names = [row[0] for row in table.rows]
    option = bars_option("", text("demo.closings", lang), names, series, (GOOD,), upright=False)
    return _chart("waits", lang, option, table)


def _statuses_chart(figures: Portfolio, lang: Language) -> Chart:
    shown = [s for s in _SHOWN_STATUSES if any(figures.statuses[party][s] for party in ("person", "business"))]
    series = {
        text(f"demo.{label}", lang): [figures.statuses[party][status] for status in shown]
        for party, label in (("person", "persons"), ("business", "businesses"))
    }
    names = [text(f"run.status_{status}", lang) for status in shown]
    option = bars_option("", text("demo.lines", lang), names, series, (GOOD, PLAIN), stacked=True)
    return _chart("statuses", lang, option, statuses(figures, lang), 300)


def headline(figures: Portfolio, lang: Language) -> list[tuple[str, str, str]]:
    """The figures to see first: label, value, note."""
    notes = {
        "opened": ("declined", {"lines": count(figures.declined)}),
        "closed": ("of_opened", {"share": _share(figures.closed, figures.opened)}),
        "reopened": ("of_closed", {"share": _share(figures.reopened, figures.closed)}),
        "closed_wrongly": ("of_closed", {"share": _share(figures.closed_wrongly, figures.closed)}),
        "missed": ("of_deserving", {"share": _share(figures.missed, figures.deserving)}),
    }
    told = [
        (text(f"demo.{name}", lang), count(getattr(figures, name)), text(f"demo.note_{key}", lang, **values))
        for name, (key, values) in notes.items()
    ]
    wrongly = text("demo.note_limit_wrongly", lang, amount=millions(figures.money.limit_closed_wrongly))
    return [*told, (text("demo.limit_closed", lang), millions(figures.money.limit_closed), wrongly)]


def definitions(lang: Language) -> tuple[str, ...]:
    """What each figure counts."""
    names = ("closed", "wrongly", "missed", "reasons", "money", "books", "truth")
    return tuple(text(f"demo.how_{name}", lang, days=GRACE_DAYS) for name in names)


def page(figures: Portfolio, books: Books, about: About, lang: Language, other: str | None = None) -> str:
    """The report as one HTML page; ``other`` is the address of the page in the other language."""
    asked = {"borrowers": count(about.borrowers), "months": about.months, "seed": about.seed}
    return render(
        "portfolio.html",
        lang,
        title=text("demo.page_title", lang),
        simulated=True,
        other=other,
        intro=text("demo.intro", lang, **asked, events=count(about.events), until=day(about.until)),
        headline=headline(figures, lang),
        headline_note=text("demo.headline_note", lang, currency=about.currency),
        charts=charts(figures, about, lang),
        tables=[
            judged(figures, lang),
            money(figures, about, lang),
            lent(books, about, lang),
            trial_balance(books, about, lang),
            groups(figures, lang),
            examples(figures, about, lang),
        ],
        how=definitions(lang),
        sources=[
            text("reports.policy_version", lang, policy=policy.name, version=policy.version)
            for policy in about.policies.values()
        ],
    )


__all__ = [
    "About", "charts", "day", "definitions", "examples", "groups", "headline", "judged", "lent", "money",
    "month_columns", "month_row", "months", "notable", "page", "reasons", "statuses", "told", "trial_balance",
    "values_told", "verdict", "waits",
]  # fmt: skip
