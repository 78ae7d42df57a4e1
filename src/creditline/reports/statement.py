"""A line's statement: as tables for a terminal, as a page, as CSV, and as plain figures for programs."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from io import StringIO
from typing import Any, NamedTuple

from creditline.i18n import Language, text
from creditline.lending.cost import percent
from creditline.lending.statement import LoanShown, Movement, Parts, RowShown, Statement
from creditline.lending.terms import date_of
from creditline.money import format_minor
from creditline.reports.page import render
from creditline.reports.tables import Column, Table, labelled

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula at the start of a cell."""

_PARTS = Parts._fields


class Told(NamedTuple):
    """A movement as its row on the page."""

    day: str
    said: str
    details: tuple[str, ...]
    added: str
    taken: str
    balance: str


def day_text(day: int) -> str:
    """A day number as a date: 2026-03-01."""
    return date_of(day).isoformat()


def money(minor: int) -> str:
    """An amount as people read it, grouped by thousands, with a true minus sign."""
    return format_minor(minor, grouping=True).replace("-", "−")


def rate_told(billionths: int) -> str:
    """An agreed yearly rate in percent, at least two decimals: 144000000 gives ``14.40%``."""
    exact = Decimal(billionths).scaleb(-7)
    return f"{exact:.2f}%" if exact == round(exact, 2) else f"{exact.normalize():f}%"


def cost_told(rate: Decimal | None) -> str:
    """A yearly cost in percent; a dash where there is none."""
    return "–" if rate is None else f"{percent(rate)}%"


def _t(key: str, lang: Language, **values: object) -> str:
    return text(f"statement.{key}", lang, **values)


def _labels(lang: Language, *keys: str) -> tuple[str, ...]:
    return tuple(_t(key, lang) for key in keys)


def _caption(caption: str, made: Statement, lang: Language) -> str:
    return _t("marked", lang, caption=caption) if made.simulated else caption


# -- what is told -----------------------------------------------------------------------------------


def intro(made: Statement, lang: Language) -> list[str]:
    """What the statement is of."""
    period = {"since": day_text(made.since), "until": day_text(made.until)}
    return [
        _t("intro", lang, currency=made.currency, **period),
        _t("status", lang, status=text(f"run.status_{made.status}", lang)),
    ]


def headline(made: Statement, lang: Language) -> list[tuple[str, str, str]]:
    """The figures to see first: label, value, note."""
    until = day_text(made.until)
    days = made.days_late
    late = _t("overdue_days", lang, days=days) if days else _t("overdue_none", lang)
    pending = sum(made.pending.values())
    limit = {"limit": money(made.limit)}
    held = _t("reserved", lang, pending=money(pending), **limit) if pending else _t("of_limit", lang, **limit)
    told = [
        (_t("owed", lang), money(made.closing.owed), _t("owed_note", lang, until=until)),
        (_t("overdue", lang), money(made.overdue), late),
        _next(made, lang),
        (_t("available", lang), money(made.available), held),
        (_t("accrued", lang), money(made.accrued), _t("accrued_note", lang, until=until)),
    ]
    if made.closing.credit:
        told.append((_t("credit", lang), money(made.closing.credit), _t("credit_note", lang)))
    if made.claim:
        told.append((_t("claim", lang), money(made.claim), _t("claim_note", lang)))
    return told


def _next(made: Statement, lang: Language) -> tuple[str, str, str]:
    if made.next_due is None:
        return _t("next", lang), money(0), _t("next_none", lang)
    day, amount = made.next_due
    return _t("next", lang), money(amount), _t("next_on", lang, day=day_text(day))


def notes(made: Statement, lang: Language) -> list[str]:
    """How the figures are worked out."""
    names = ["how_balance", "how_booked"]
    if any(loan.next_row for loan in made.loans):
        names.append("how_to_come")
    if any(row.penalty and row.unpaid for loan in made.loans for row in loan.rows):
        names.append("how_penalty")
    if any(loan.simple is not None for loan in made.loans):
        names.append("how_cost")
    until = {"until": day_text(made.until)}
    return [_t(name, lang, **(until if name in ("how_to_come", "how_penalty") else {})) for name in names]


def told(movement: Movement, lang: Language) -> Told:
    """A movement in words and figures."""
    return Told(
        day_text(movement.booked),
        said(movement, lang),
        tuple(details(movement, lang)),
        money(movement.charged) if movement.charged else "",
        money(movement.credited) if movement.credited else "",
        money(movement.balance),
    )


def said(movement: Movement, lang: Language) -> str:
    """What a movement is, in a few words."""
    key = f"said_{movement.kind}"
    if movement.kind == "reschedule" and movement.way == "booked":
        key = f"said_reschedule_{movement.note}"
    elif movement.kind == "repayment" and movement.loan:
        key = "said_repayment_loan"
    plain = _t(key, lang, loan=movement.loan, number=movement.number)
    return plain if movement.way == "booked" else _t(f"said_{movement.way}", lang, said=plain)


def details(movement: Movement, lang: Language) -> Iterator[str]:
    """What more there is to say of a movement: where its money went, its value date, reason and reference."""
    if movement.kind == "draw":
        if movement.kept_back:
            paid = money(movement.amount - movement.kept_back)
            yield _t("paid_out", lang, fee=money(movement.kept_back), paid=paid)
    elif movement.kind != "reschedule":
        where = [
            _t(f"part_{name}", lang, amount=money(amount))
            for name, amount in (*zip(_PARTS, movement.parts, strict=True), ("recovered", movement.recovered))
            if amount
        ]
        if movement.to_credit and movement.kind != "credit_used":
            where.append(_t("part_credit", lang, amount=money(movement.to_credit)))
        if where:
            yield _t(_went(movement), lang, parts=_t("joined", lang).join(where), amount=money(movement.amount))
    if movement.way == "reversed":
        yield _t("reason", lang, reason=movement.note)
    if movement.day < movement.booked:
        yield _t("counts_from", lang, day=day_text(movement.day))
    if movement.kind not in ("instalment", "credit_used"):
        yield _t("referred", lang, id=movement.id)


def _went(movement: Movement) -> str:
    """How the parts of a movement are led in."""
    if movement.way != "booked":
        return "less"
    return {"instalment": "fell_due", "write_off": "of_it"}.get(movement.kind, "went_to")


# -- tables -----------------------------------------------------------------------------------------


def change(made: Statement, lang: Language) -> Table:
    """How the opening balance became the closing one; what did not happen is left out."""
    totals = made.totals
    moved = [
        ("drawn", totals.drawn), ("interest_charged", totals.interest), ("fees_charged", totals.fees),
        ("penalty_charged", totals.penalty), ("repaid", -totals.repaid), ("written_off_sum", -totals.written_off),
    ]  # fmt: skip
    rows = [("opening", made.opening.owed), *((name, amount) for name, amount in moved if amount)]
    rows.append(("closing", made.closing.owed))
    cells = tuple((_t(name, lang), money(amount)) for name, amount in rows)
    caption = _caption(_t("change_title", lang), made, lang)
    return Table(caption, labelled(*_labels(lang, "what", "amount")), cells, frozenset({0, len(cells) - 1}))


def composition(made: Statement, lang: Language) -> Table:
    """What the closing balance is made of."""
    closing = made.closing
    parts = [
        ("principal", closing.principal), ("interest_due", closing.interest), ("fees_due", closing.fees),
        ("penalty_due", closing.penalty), ("less_credit", -closing.credit),
    ]  # fmt: skip
    rows = [(name, amount) for name, amount in parts if amount or name == "principal"]
    cells = tuple((_t(name, lang), money(amount)) for name, amount in (*rows, ("closing", closing.owed)))
    caption = _caption(_t("parts_title", lang), made, lang)
    return Table(caption, labelled(*_labels(lang, "what", "amount")), cells, frozenset({len(cells) - 1}))


def movements(made: Statement, lang: Language) -> Table:
    """What moved, in order, from the opening balance to the closing one."""
    rows = [(day_text(made.since), _t("opening", lang), "", "", money(made.opening.owed))]
    for movement in made.movements:
        row = told(movement, lang)
        rows.append((row.day, "\n".join((row.said, *row.details)), row.added, row.taken, row.balance))
    rows.append((day_text(made.until), _t("closing", lang), "", "", money(made.closing.owed)))
    columns = labelled(*_labels(lang, "date", "description", "added", "taken", "balance"), text=(0, 1))
    caption = _caption(_t("movements_title", lang), made, lang)
    return Table(caption, columns, tuple(rows), frozenset({0, len(rows) - 1}))


def schedule(loan: LoanShown, lang: Language, *, simulated: bool) -> Table:
    """A loan's rows with how each stands; columns of nothing but noughts are left out."""
    fees, penalty = (any(getattr(row, name) for row in loan.rows) for name in ("fee", "penalty"))
    # What to pay stands first: on a narrow screen the rest is a scroll away.
    names = ["row", "due", "due_amount", "unpaid", "row_status", "principal", "interest"]
    names += ["fee"] * fees + ["penalty"] * penalty
    cells = [_row(row, fees, penalty, lang) for row in loan.rows]
    shown = ["amount", "unpaid", "principal", "interest", *["fee"] * fees, *["penalty"] * penalty]
    sums = [money(sum(getattr(row, name) for row in loan.rows)) for name in shown]
    cells.append((_t("all_rows", lang), "", *sums[:2], "", *sums[2:]))
    caption = _t("schedule_title", lang, loan=loan.loan)
    caption = _t("marked", lang, caption=caption) if simulated else caption
    columns = tuple(
        Column(label, "text" if name in ("row", "due", "row_status") else "figure")
        for name, label in zip(names, _labels(lang, *names), strict=True)
    )
    return Table(caption, columns, tuple(cells), frozenset({len(cells) - 1}))


def _row(row: RowShown, fees: bool, penalty: bool, lang: Language) -> tuple[str, ...]:
    settled = "" if row.settled is None else day_text(row.settled)
    status = _t("row_paid", lang, day=settled) if row.status == "paid" else _t(f"row_{row.status}", lang)
    parts = [row.principal, row.interest, *[row.fee] * fees, *[row.penalty] * penalty]
    return (str(row.number), day_text(row.due), money(row.amount), money(row.unpaid), status, *map(money, parts))


def about_loan(loan: LoanShown, lang: Language) -> list[tuple[str, str]]:
    """A loan in labelled figures."""
    terms = loan.terms
    pairs = [
        ("loan_status", _t(f"loan_{loan.status}", lang)),
        ("loan_drawn", day_text(terms.drawn)),
        ("loan_principal", money(terms.principal)),
        ("loan_balance", money(loan.balance)),
        ("loan_overdue", money(loan.overdue) if loan.overdue else ""),
        ("loan_accrued", money(loan.accrued)),
        ("loan_claim", money(loan.claim) if loan.claim else ""),
        ("loan_method", _t(f"method_{terms.method}", lang)),
        ("loan_rate", rate_told(terms.rate)),
        ("loan_simple", cost_told(loan.simple)),
        ("loan_compound", cost_told(loan.compound)),
    ]
    return [(_t(name, lang), value) for name, value in pairs if value]


def loan_title(loan: LoanShown, lang: Language) -> str:
    """The product a loan was drawn from, empty where it is not known."""
    name, _, version = loan.product.partition("@")
    if not name:
        return ""
    return _t("loan_of", lang, title=loan.title.get(lang, name), product=f"{name} {version[:12]}".strip())


def waiting(made: Statement, lang: Language) -> Table | None:
    """Draws agreed and not paid out."""
    if not made.pending:
        return None
    rows = tuple((loan, money(amount)) for loan, amount in made.pending.items())
    caption = _caption(_t("pending_title", lang), made, lang)
    return Table(caption, labelled(*_labels(lang, "loan", "amount")), rows)


def page(made: Statement, lang: Language) -> str:
    """The statement as one HTML page without scripts."""
    return render(
        "statement.html",
        lang,
        title=_t("title", lang, line=made.line),
        simulated=made.simulated,
        scripts=False,
        intro=intro(made, lang),
        headline=headline(made, lang),
        change=change(made, lang),
        composition=composition(made, lang),
        movements=[told(each, lang) for each in made.movements],
        opening=(day_text(made.since), money(made.opening.owed)),
        closing=(day_text(made.until), money(made.closing.owed)),
        movements_caption=_caption(_t("movements_title", lang), made, lang),
        waiting=waiting(made, lang),
        loans=[
            (loan, loan_title(loan, lang), about_loan(loan, lang), schedule(loan, lang, simulated=made.simulated))
            for loan in made.loans
        ],
        notes=notes(made, lang),
    )


# -- for programs -----------------------------------------------------------------------------------


def csv_text(made: Statement, lang: Language) -> str:
    """What moved as CSV by RFC 4180: a header in the language asked, dates ISO, amounts plain decimals.

    The first row is the opening balance, the last the closing one. Text that a spreadsheet would take for a formula
    is led by an apostrophe.
    """
    names = (
        "date", "value_date", "kind", "way", "loan", "number", "reference", "description", "amount", "added", "taken",
        "principal", "interest", "fees", "penalty", "credit", "recovered", "balance",
    )  # fmt: skip
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_labels(lang, *names))
    blank = [""] * (len(names) - 4)
    for kind, day, balance in (("opening", made.since, made.opening), ("closing", made.until, made.closing)):
        if kind == "closing":
            writer.writerows(_csv_row(each, lang) for each in made.movements)
        label = _t(f"kind_{kind}", lang)
        writer.writerow([day_text(day), day_text(day), label, *blank, format_minor(balance.owed)])
    return out.getvalue()


def _csv_row(each: Movement, lang: Language) -> list[str]:
    texts = (
        _t(f"kind_{each.kind}", lang), _t(f"way_{each.way}", lang), each.loan,
        "" if each.number is None else str(each.number), each.id, said(each, lang),
    )  # fmt: skip
    amounts = (
        each.amount, each.charged, each.credited, *each.parts, each.to_credit, each.recovered, each.balance
    )  # fmt: skip
    return [day_text(each.booked), day_text(each.day), *map(_harmless, texts), *map(format_minor, amounts)]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_plain(made: Statement) -> dict[str, Any]:
    """The statement as one JSON object: money as decimal text in currency units, days as ISO dates."""
    following = made.next_due
    totals = made.totals
    return {
        "line": made.line,
        "simulated": made.simulated,
        "from": day_text(made.since),
        "until": day_text(made.until),
        "currency": made.currency,
        "status": made.status,
        "opening": _balance_plain(made.opening),
        "closing": _balance_plain(made.closing),
        "totals": {
            name: format_minor(getattr(totals, name))
            for name in ("drawn", "interest", "fees", "penalty", "repaid", "written_off")
        },
        "limit": format_minor(made.limit),
        "available": format_minor(made.available),
        "pending": {loan: format_minor(amount) for loan, amount in made.pending.items()},
        "accrued": format_minor(made.accrued),
        "overdue": format_minor(made.overdue),
        "days_late": made.days_late,
        "written_off_owed": format_minor(made.claim),
        "arrears": {"days_past_due": made.arrears.days_past_due, "amount": format_minor(made.arrears.amount)},
        "next_due": None
        if following is None
        else {"day": day_text(following[0]), "amount": format_minor(following[1])},
        "movements": [_movement_plain(each) for each in made.movements],
        "loans": [loan_plain(loan) for loan in made.loans],
    }


def _balance_plain(balance: Any) -> dict[str, str]:
    return {"owed": format_minor(balance.owed), **{k: format_minor(v) for k, v in balance._asdict().items()}}


def _movement_plain(each: Movement) -> dict[str, Any]:
    return {
        "booked": day_text(each.booked),
        "value_day": day_text(each.day),
        "kind": each.kind,
        "way": each.way,
        "id": each.id,
        "loan": each.loan or None,
        "number": each.number,
        "amount": format_minor(each.amount),
        "added": format_minor(each.charged),
        "taken_off": format_minor(each.credited),
        **{name: format_minor(amount) for name, amount in zip(_PARTS, each.parts, strict=True)},
        "kept_back": format_minor(each.kept_back),
        "recovered": format_minor(each.recovered),
        "to_credit": format_minor(each.to_credit),
        "balance": format_minor(each.balance),
        "note": each.note or None,
    }


def loan_plain(loan: LoanShown) -> dict[str, Any]:
    """A loan with its schedule as one JSON object."""
    terms = loan.terms
    return {
        "loan": loan.loan,
        "product": loan.product or None,
        "title": dict(loan.title),
        "status": loan.status,
        "drawn": day_text(terms.drawn),
        "amount": format_minor(terms.principal),
        "kept_back": format_minor(terms.upfront_fee),
        "balance": format_minor(loan.balance),
        "accrued": format_minor(loan.accrued),
        "overdue": format_minor(loan.overdue),
        "written_off_owed": format_minor(loan.claim),
        "method": terms.method,
        "rate": rate_plain(terms.rate),
        "cost_simple": cost_plain(loan.simple),
        "cost_compound": cost_plain(loan.compound),
        "rows": rows_plain(loan.rows),
    }


def rows_plain(rows: Sequence[RowShown]) -> list[dict[str, Any]]:
    """Rows of a schedule for JSON."""
    return [
        {
            "number": row.number,
            "due": day_text(row.due),
            "principal": format_minor(row.principal),
            "interest": format_minor(row.interest),
            "fee": format_minor(row.fee),
            "penalty": format_minor(row.penalty),
            "amount": format_minor(row.amount),
            "unpaid": format_minor(row.unpaid),
            "status": row.status,
            "settled": None if row.settled is None else day_text(row.settled),
        }
        for row in rows
    ]


def rate_plain(billionths: int) -> str:
    """An agreed yearly rate as a decimal, not in percent: 144000000 gives ``0.144``."""
    return f"{Decimal(billionths).scaleb(-9).normalize():f}"


def cost_plain(rate: Decimal | None) -> str | None:
    """A yearly cost as it is disclosed: percent with two decimals."""
    return None if rate is None else str(percent(rate))


__all__ = [
    "about_loan", "as_plain", "change", "composition", "cost_plain", "cost_told", "csv_text", "day_text", "headline",
    "intro", "loan_plain", "loan_title", "money", "movements", "notes", "page", "rate_plain", "rate_told", "rows_plain",
    "schedule", "waiting",
]  # fmt: skip
