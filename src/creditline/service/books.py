"""The books of a home: worked out line by line from the log, added up, listed and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import DrawRequested, EventVoided
from creditline.lending.ledger import (
    CHART,
    TELLING,
    Fault,
    Kept,
    Row,
    Turnover,
    check,
    check_log,
    keep,
    ledger_rows,
    trial_balance,
)
from creditline.lending.operations import Products, local_day
from creditline.lending.product import Product
from creditline.lending.terms import date_of
from creditline.service.lending import CLOSED_UP_TO, OFFSET_DEFAULT, products_of
from creditline.store import Home

Turnovers = dict[str, dict[int, Turnover]]
"""Turnovers of every account of the chart, by currency."""


@dataclass(frozen=True, slots=True)
class LineBooks:
    """The books of one line and the currency they are in."""

    kept: Kept
    currency: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What was booked on each account up to the end of a day; amounts in minor units."""

    until: int
    """Day number."""
    lent_on: int
    """Lines on which the lending core agreed to a draw."""
    lines: int
    """Those of them on which something is booked."""
    entries: int
    turnovers: Turnovers
    simulated: bool

    @property
    def balanced(self) -> bool:
        """Whether debits and credits are the same in every currency."""
        return all(
            sum(each.debit for each in turnovers.values()) == sum(each.credit for each in turnovers.values())
            for turnovers in self.turnovers.values()
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """The books of a home and what does not hold in them."""

    trial: Trial
    other_lines: int
    """Lines of the home on which the lending core does not lend."""
    loans: int
    reversals: int
    """Entries among the trial's that take back others."""
    faults: list[Fault]


class BooksError(CreditlineError):
    """Books asked for that cannot be given."""


def books_day(home: Home, now: int, until: int | None = None) -> int:
    """The day at whose end the books are taken: the one asked for, else the last there is something to say of.

    That is the present day, or that of the simulation. BooksError for a day after it.
    """
    last = _last_day(home, now)
    if until is not None and until > last:
        raise BooksError("--until", str(date_of(until)), f"give {date_of(last)} or a day before it", "is to come")
    return last if until is None else until


def _last_day(home: Home, now: int) -> int:
    closed: int = home.get(CLOSED_UP_TO) or 0
    simulated = home.get("simulated")
    if not simulated:
        return max(closed, local_day(now, OFFSET_DEFAULT))
    end = simulated.get("until") if isinstance(simulated, dict) else None
    if isinstance(end, int):
        return max(closed, local_day(end - 1, OFFSET_DEFAULT))
    lent_on = home.events_by_line(home.lines_lent_on())
    known = max((event.known for _, events in lent_on for event in events), default=0)
    return max(closed, local_day(known, OFFSET_DEFAULT))


def line_books(home: Home, until: int) -> Iterator[LineBooks]:
    """The books of each line with loans at the end of a day, in order of id.

    Raises CreditlineError for the first line whose draws name products that the home does not have or that would
    not have allowed them.
    """
    products = products_of(home)
    for line, events in _told(home):
        offset, currency = _zone(events, products)
        kept = keep(line, events, products, offset, until)
        if kept.booked:
            yield LineBooks(kept, currency)


def trial(home: Home, until: int) -> Trial:
    """The trial balance at the end of a day; raises as ``line_books``."""
    sums = _Sums()
    for books in line_books(home, until):
        sums.add(books)
    return sums.trial(home, until)


def general_ledger(home: Home, since: int | None, until: int) -> Iterator[tuple[str, Row]]:
    """What was booked from one day (or ever) to another, posting by posting, with its currency.

    Lines come in order of id, entries in order of booking. Raises as ``line_books``.
    """
    for books in line_books(home, until):
        for row in ledger_rows(books.kept.line, books.kept.booked):
            if since is None or row.booked >= since:
                yield books.currency, row


def check_home(home: Home, until: int) -> Checked:
    """Check the books of every line at the end of a day."""
    products = products_of(home)
    sums, faults = _Sums(), list[Fault]()
    for line, events in _told(home):
        faults += _mixed(line, events, products)
        offset, currency = _zone(events, products)
        try:
            kept = keep(line, events, products, offset, until)
        except CreditlineError as error:
            faults.append(Fault(line, "refused", error.place, None, str(error), ""))
            continue
        faults += check(line, kept.account, kept.booked, kept.moves, kept.skipped)
        faults += check_log(events, kept)
        if kept.booked:
            sums.add(LineBooks(kept, currency))
    made = sums.trial(home, until)
    return Checked(made, len(home.lines()) - made.lent_on, sums.loans, sums.reversals, faults)


@dataclass(slots=True)
class _Sums:
    """What was seen of the lines so far."""

    lines: int = 0
    loans: int = 0
    entries: int = 0
    reversals: int = 0
    turnovers: Turnovers = field(default_factory=dict)

    def add(self, books: LineBooks) -> None:
        kept = books.kept
        self.lines += 1
        self.loans += len(kept.account.loans)
        self.entries += len(kept.booked)
        self.reversals += sum(each.entry.kind == "reversal" for each in kept.booked)
        so_far = self.turnovers.setdefault(books.currency, dict.fromkeys(CHART, Turnover(0, 0)))
        for code, more in trial_balance(kept.booked).items():
            so_far[code] = Turnover(so_far[code].debit + more.debit, so_far[code].credit + more.credit)

    def trial(self, home: Home, until: int) -> Trial:
        lent_on = len(home.lines_lent_on())
        return Trial(until, lent_on, self.lines, self.entries, self.turnovers, bool(home.get("simulated")))


def _told(home: Home) -> Iterator[tuple[str, list[Event]]]:
    """The lines lent on, each with the events that its books are worked out from."""
    for line, events in home.events_by_line(home.lines_lent_on()):
        yield line, [event for event in events if isinstance(event.body, TELLING)]


def _agreed(events: Sequence[Event], products: Products) -> list[tuple[str, Product]]:
    """Draws agreed on a line that stand, by the id of their event, with their products; all, where none stands."""
    voided = {event.body.event for event in events if isinstance(event.body, EventVoided)}
    draws = [
        (event.id, products[event.body.product])
        for event in events
        if isinstance(event.body, DrawRequested) and event.body.product in products
    ]
    return [each for each in draws if each[0] not in voided] or draws


def _zone(events: Sequence[Event], products: Products) -> tuple[int, str]:
    """Offset from UTC and currency of a line: those of its first draw."""
    for _, product in _agreed(events, products):
        return product.utc_offset, product.currency
    return OFFSET_DEFAULT, ""


def _mixed(line: str, events: Sequence[Event], products: Products) -> Iterator[Fault]:
    """Draws in another currency or zone than the line's: their amounts or days cannot be put together."""
    zone = _zone(events, products)
    for name, product in _agreed(events, products):
        if (product.utc_offset, product.currency) != zone:
            yield Fault(line, "mixed", name, None, product.currency, zone[1])
