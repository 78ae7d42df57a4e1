"""Statements and schedules of the lines of a home: how a line stands on a day, told from what was known by its end."""

from __future__ import annotations

from creditline.events.kinds import DrawBooked, EventVoided
from creditline.lending.account import LendingError
from creditline.lending.derived import end_of_day
from creditline.lending.ledger import keep
from creditline.lending.operations import local_day
from creditline.lending.statement import (
    LoanShown,
    Particulars,
    Statement,
    StatementError,
    agreed_products,
    loan_shown,
    statement,
)
from creditline.lending.terms import date_of, day_number
from creditline.service.lending import LineAccount, line_account, products_of
from creditline.service.versions import Versions
from creditline.store import Home


def statement_of(home: Home, line: str, since: int | None = None, until: int | None = None, *, now: int) -> Statement:
    """A line's statement from one day to another, both included, as known by the end of the last.

    Without a last day it goes up to the present one, see ``present_day``; without a first it begins with the month of
    the last. Raises CreditlineError for a line that is not known, or was not yet, and for a day to come.
    """
    found = line_account(home, line)
    last = present_day(home, found, now)
    if until is not None and until > last:
        raise StatementError("--until", str(date_of(until)), f"give {date_of(last)} or a day before it", "is to come")
    until = last if until is None else until
    since = day_number(date_of(until).replace(day=1)) if since is None else since
    standing = line_account(home, line, until, end_of_day(until, found.offset))
    if not standing.events:
        first = date_of(local_day(min(event.known for event in found.events), found.offset))
        raise StatementError("--until", str(date_of(until)), f"give {first} or later", "lies before the line was known")
    products = products_of(home)
    kept = keep(line, standing.events, products, found.offset, until)
    if not kept.account.loans and _lent_elsewhere(standing):
        remedy = "ask the system that lent on it"
        raise StatementError("line", line, remedy, "has draws of another system, whose terms are not known here")
    return statement(
        kept,
        standing.events,
        since,
        Particulars(
            currency=_currency(home, standing),
            offset=found.offset,
            status=standing.status,
            limit=standing.limit,
            simulated=standing.simulated,
            titles={reference: product.title for reference, product in products.items()},
        ),
    )


def loan_of(home: Home, line: str, loan: str, *, now: int) -> LoanShown:
    """A loan with its schedule as it stands on the present day. LendingError where the line has none by this id."""
    standing = present(home, line, now=now)
    if loan in standing.pending:
        remedy = f"book it first: creditline loan book {line} {loan}"
        raise LendingError("loan", loan, remedy, "is agreed and not paid out")
    if loan not in standing.account.loans:
        known = ", ".join(standing.account.loans) or "none yet"
        raise LendingError("loan", loan, f"name one of line {line}: {known}", "is no loan of this line")
    return next(each for each in loans_shown(home, standing) if each.loan == loan)


def loans_shown(home: Home, standing: LineAccount) -> list[LoanShown]:
    """All loans of a line as they stand, in order of their draws."""
    titles = {reference: product.title for reference, product in products_of(home).items()}
    agreed = agreed_products(standing.events)
    return [
        loan_shown(standing.account, loan.id, agreed.get(loan.id, ""), titles)
        for loan in sorted(standing.account.loans.values(), key=lambda loan: loan.order)
    ]


def present(home: Home, line: str, *, now: int) -> LineAccount:
    """A line's account on the present day."""
    found = line_account(home, line)
    return line_account(home, line, present_day(home, found, now))


def present_day(home: Home, found: LineAccount, now: int) -> int:
    """The last day there is something to say of: today, or the last day anything is known of, whichever is later.

    Of a simulated home the clock says nothing: its last day is that of the simulation.
    """
    simulated = home.get("simulated")
    if not simulated:
        return max(found.until, local_day(now, found.offset))
    end = simulated.get("until") if isinstance(simulated, dict) else None
    return max(found.until, local_day(end - 1, found.offset)) if isinstance(end, int) else found.until


def _currency(home: Home, standing: LineAccount) -> str:
    """The currency of the line's products, else of the policy that decided on it."""
    if standing.currency is not None:
        return standing.currency
    decided = [each.policy for each in home.decisions(standing.line)]
    if not decided:
        remedy = "let the policy decide on it: creditline run"
        raise StatementError("line", standing.line, remedy, "has neither limit nor loans")
    return Versions(home)[decided[-1]].currency


def _lent_elsewhere(standing: LineAccount) -> bool:
    voided = {event.body.event for event in standing.events if isinstance(event.body, EventVoided)}
    return any(isinstance(event.body, DrawBooked) and event.id not in voided for event in standing.events)


__all__ = ["loan_of", "loans_shown", "present", "present_day", "statement_of"]
