"""How a line lent on stands: its account worked out from the log, and what its limit leaves to be drawn.

Amounts are minor units, moments microseconds since 1970 UTC, days day numbers at the line's offset.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from creditline.clock import HOUR
from creditline.events.event import Event
from creditline.events.kinds import DrawRequested, EventVoided
from creditline.lending.account import Account, LendingError, Payoff
from creditline.lending.derived import DERIVED
from creditline.lending.operations import Operation, Skipped, build, local_day, operations, pending
from creditline.lending.product import Product
from creditline.lending.product_file import declared
from creditline.lending.terms import date_of
from creditline.lines.decision import Decision
from creditline.store import Home

OFFSET_DEFAULT = 8 * HOUR
"""Offset from UTC of a line that has drawn nothing yet, microseconds."""

CLOSED_UP_TO = "day_end"
"""Under which the home keeps the last day whose end was worked out, as a day number."""

_NEAR = 3


class Refused(LendingError):
    """A request that may not be granted as things stand; nothing of it was written."""


@dataclass(frozen=True, slots=True)
class LineAccount:
    """One line's account at the end of a day, and what its limit leaves to be drawn."""

    line: str
    account: Account
    events: list[Event]
    """All of the line that were known, in the order of the log."""
    moves: list[Operation]
    pending: dict[str, int]
    """Amounts of draws agreed but neither paid out nor cancelled, by loan."""
    status: str
    """As last decided; ``new`` where nothing was."""
    limit: int
    currency: str | None
    """None where nothing was ever drawn on a product."""
    offset: int
    """From UTC, microseconds."""
    simulated: bool
    until: int
    """The day at whose end the account stands."""
    skipped: list[Skipped]
    """Operations that no longer fit."""
    rate: int | None = None
    """Annual rate decided for the line, millionths."""
    due_day: int | None = None
    """The line's day of the month, as of its last draw that named one."""

    @property
    def available(self) -> int:
        """What may still be drawn: the limit less principal owed and draws agreed; nothing while it is not open."""
        if self.status != "open":
            return 0
        return max(0, self.limit - self.account.owed - sum(self.pending.values()))


@dataclass(slots=True)
class Line:
    """A line as the log has it, while something is done to it."""

    id: str
    events: list[Event]
    decisions: list[Decision]
    products: Mapping[str, Product]
    agreed: dict[str, DrawRequested] = field(default_factory=dict)
    offset: int = OFFSET_DEFAULT
    currency: str | None = None

    def moves(self, *more: Event) -> list[Operation]:
        """The line's operations, with events that are not written yet."""
        return operations([*self.events, *more], self.products, self.offset)


# -- products ---------------------------------------------------------------------------------------


def products_of(home: Home) -> dict[str, Product]:
    """Products published in a home by the reference draws give them: name, ``@``, version."""
    return {each.reference: _product(each.source, each.name) for each in home.products()}


def publish_product(home: Home, product: Product, *, now: int) -> str:
    """Keep a product in the home, so that draws may name it; its reference. What is there already stays as it is."""
    reference = f"{product.name}@{product.version}"
    with home.turn():
        if all(each.reference != reference for each in home.products()):
            home.publish_product(product.name, product.version, product.text, published_at=now)
    return reference


@lru_cache(maxsize=1_024)
def _product(source: str, name: str) -> Product:
    # Its cost was checked when it was published; a stricter check later on must not make its loans unreadable.
    return declared(source, f"{name}.yaml")


def product_named(home: Home, products: Mapping[str, Product], name: str) -> tuple[str, Product]:
    """A product by its reference, or by its name alone the version published last."""
    if name in products:
        return name, products[name]
    for published in reversed(home.products()):
        if published.name == name:
            return published.reference, products[published.reference]
    known = sorted({each.name for each in products.values()})
    remedy = f"name one of: {', '.join(known)}" if known else "publish a product first"
    raise Refused("product", name, remedy, "is not published here")


def offset_of(events: Sequence[Event], products: Mapping[str, Product]) -> int:
    """The offset from UTC at which a line's days begin, microseconds: that of the first draw that stands."""
    product = _first_product(events, products)
    return OFFSET_DEFAULT if product is None else product.utc_offset


def _first_product(events: Sequence[Event], products: Mapping[str, Product]) -> Product | None:
    voided = voided_in(events)
    asked = (e.body for e in events if isinstance(e.body, DrawRequested) and e.id not in voided)
    first = next(asked, None)
    return None if first is None else products.get(first.product)


# -- how a line stands ------------------------------------------------------------------------------


def line_account(home: Home, line: str, until: int | None = None, known_until: int | None = None) -> LineAccount:
    """A line's account at the end of a day, by what was known by a moment.

    Without a day: the one of that moment, else the last on which anything of the line became known or whose end was
    worked out, whichever is later. LendingError for a line that is not known.
    """
    return standing_of(home, line_of(home, line, known_until), until, known_until)


def payoffs(home: Home, line: str, on: int, loan: str | None = None) -> list[Payoff]:
    """What repays each loan of a line, or one of them, at the end of a day, by what is known now.

    A day to come takes it that nothing is paid until then. LendingError for a loan that is none of the line's by that
    day, or that was written off.
    """
    found = line_of(home, line)
    if loan is not None:
        check_loan(home, found, loan)
    account, _ = build(line, found.moves(), on)
    if loan is None:
        return [account.payoff(each.id) for each in account.live]
    if loan not in account.loans:
        raise LendingError("loan", loan, "give a day on or after its draw", f"is not drawn by {date_of(on)}")
    return [account.payoff(loan)]


def line_of(home: Home, line: str, known_until: int | None = None) -> Line:
    """A line as the log has it, by what was known by a moment. LendingError for one that is not known."""
    events = list(home.events(line))
    if not events:
        near = difflib.get_close_matches(line, home.lines(), n=_NEAR, cutoff=0.6)
        remedy = f"did you mean {', '.join(near)}?" if near else "give the id of a line in the log"
        raise LendingError("line", line, remedy, "is not known")
    decisions = home.decisions(line)
    if known_until is not None:
        events = [event for event in events if event.known <= known_until]
        decisions = [decision for decision in decisions if decision.at <= known_until]
    found = Line(line, events, decisions, products_of(home))
    voided = voided_in(events)
    for event in events:
        if isinstance(event.body, DrawRequested) and event.id not in voided:
            found.agreed[event.body.loan] = event.body
    first = _first_product(events, found.products)
    if first is not None:
        found.offset, found.currency = first.utc_offset, first.currency
    return found


def standing_of(home: Home, found: Line, until: int | None = None, known_until: int | None = None) -> LineAccount:
    """How a line stands at the end of a day; see ``line_account``."""
    if until is None:
        entered = (event.known for event in found.events if not isinstance(event.body, DERIVED))
        until = local_day(max(entered, default=0) if known_until is None else known_until, found.offset)
        if known_until is None:
            until = max(until, home.get(CLOSED_UP_TO) or 0)
    moves = found.moves()
    account, skipped = build(found.id, moves, until)
    decided = found.decisions[-1] if found.decisions else None
    return LineAccount(
        line=found.id,
        account=account,
        events=found.events,
        moves=moves,
        pending=pending(found.events),
        status=decided.status if decided else "new",
        limit=decided.limit if decided else 0,
        currency=found.currency,
        offset=found.offset,
        simulated=bool(home.get("simulated")),
        until=until,
        skipped=skipped,
        rate=next((each.rate for each in reversed(found.decisions) if each.rate is not None), None),
        due_day=next((each.due_day for each in reversed(found.agreed.values()) if each.due_day is not None), None),
    )


def voided_in(events: Sequence[Event]) -> set[str]:
    """Ids of the events that others among them void."""
    return {event.body.event for event in events if isinstance(event.body, EventVoided)}


def check_loan(home: Home, found: Line, loan: str) -> None:
    """Refuse a loan that is none of this line's."""
    if loan not in found.agreed:
        raise not_of(home, found, loan, "loan")


def not_of(home: Home, found: Line, loan: str, what: str) -> Refused:
    """The refusal of a loan that is none of this line's: it says whose it is, if that is known."""
    others = [line for line in home.lines_with_loan(loan) if line != found.id]
    if others:
        named = ", ".join(others[:_NEAR])
        return Refused("loan", loan, f"name it with its own line: {named}", f"is no {what} of line {found.id}")
    known = ", ".join(sorted(found.agreed)) or "none yet"
    return Refused("loan", loan, f"name one of line {found.id}: {known}", f"is no {what} of this line")
