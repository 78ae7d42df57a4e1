"""Logs of one line for tests of its books: told day by day, or random with late, back-dated and voided events."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import get_args

from hypothesis import strategies as st

from creditline.clock import DAY, HOUR
from creditline.events.event import Event
from creditline.events.kinds import (
    DrawBooked,
    DrawCancelled,
    DrawRequested,
    EventVoided,
    Kind,
    LineOpened,
    LoanRescheduled,
    LoanWrittenOff,
    RepaymentReceived,
)
from creditline.lending.product import Product, read_product
from creditline.lending.rounding import Rounding
from creditline.lending.terms import BILLION, DayCount, Early, Method, day_number

OFFSET = 8 * HOUR
LINE = "L"

PLAIN = read_product(
    """
product: plain
title: {zh: 普通, en: Plain}
currency: CNY
utc_offset: "+08:00"
purposes: [other]
principal: {least: 1, most: 1000000}
instalments: [1, 2, 3, 6]
method: equal_principal
pricing: {per: year, rate: 0.12}
day_count: 30/360
every: {months: 1}
penalty: {multiple: 1.5, on: principal, from: due_day}
fees: {upfront: {fraction: 0.01}, early: 0.02}
"""
)
"""One percent a month, so that figures can be worked out by hand."""
PLAIN_REF = f"{PLAIN.name}@{PLAIN.version}"


def said(name: str, day: date | int, body: Kind, known: date | int | None = None, *, hour: int = 12) -> Event:
    """An event on a day at the line's offset, known on the same day or a later one."""
    known = day if known is None else known
    first, last = (each if isinstance(each, int) else day_number(each) for each in (day, known))
    at = first * DAY - OFFSET + hour * HOUR
    return Event(name, LINE, at, max(at, last * DAY - OFFSET + hour * HOUR), body)


def opened(day: date | int) -> Event:
    """The line's first event."""
    return said("opened", day, LineOpened(10_000_000_00))


def drawn(loan: str, day: date | int, amount: int, instalments: int, product: str = PLAIN_REF) -> list[Event]:
    """A draw agreed and paid out on one day."""
    return [
        said(f"agreed {loan}", day, DrawRequested(loan, amount, product, instalments), hour=9),
        said(f"paid out {loan}", day, DrawBooked(amount, loan=loan), hour=10),
    ]


def repaid(name: str, day: date | int, amount: int, known: date | int | None = None, loan: str | None = None) -> Event:
    """Money that came in on a day; what is said of its allocation is not what the books go by."""
    return said(name, day, RepaymentReceived(amount, 0, loan=loan), known)


# -- random logs ----------------------------------------------------------------------------------------

FIRST = day_number(date(2024, 1, 20))
DAYS = 90


@st.composite
def products(draw: st.DrawFn) -> dict[str, Product]:
    """Two products with short periods, so that much happens in few days."""
    made: dict[str, Product] = {}
    for name in ("one", "two"):
        made[f"{name}@1"] = replace(
            PLAIN,
            name=name,
            text="",
            method=draw(st.sampled_from(get_args(Method))),
            day_count=draw(st.sampled_from(get_args(DayCount))),
            rounding=draw(st.sampled_from(get_args(Rounding))),
            early=draw(st.sampled_from(get_args(Early))),
            unit="days",
            every=draw(st.sampled_from([7, 10, 15])),
            grace_days=draw(st.sampled_from([0, 0, 2])),
            rate=draw(st.sampled_from([0, 120_000_000, 240_000_000])),
            rate_from=0,
            rate_to=BILLION,
            fees=replace(PLAIN.fees, instalment=draw(st.sampled_from([0, 2_00]))),
        )
    return made


@st.composite
def moving(draw: st.DrawFn, number: int, loans: list[str]) -> Event:
    """Something that moves the line's money, now and then known late."""
    day = FIRST + draw(st.integers(0, DAYS - 1))
    late = draw(st.sampled_from([0, 0, 0, 0, 1, 5, 12, 40]))
    loan = draw(st.sampled_from(loans))
    kind = draw(st.sampled_from(["line", "line", "loan", "loan", "fewer", "smaller", "skip_next", "lost"]))
    body: Kind
    if kind in ("line", "loan"):
        amount = draw(st.sampled_from([50_00, 100_00, 334_00, 1_000_00]) | st.integers(1, 3_000_00))
        body = RepaymentReceived(amount, 0, loan=loan if kind == "loan" else None)
    elif kind == "lost":
        body = LoanWrittenOff(loan)
    elif kind == "skip_next":
        body = LoanRescheduled(loan, "skip_next")
    else:
        body = LoanRescheduled(loan, "fewer" if kind == "fewer" else "smaller", draw(st.integers(1, 8)))
    return said(f"{number:02}", day, body, day + late, hour=draw(st.integers(0, 23)))


GONE = "gone@1"
"""A product that is not there."""


@st.composite
def logs(draw: st.DrawFn, *, gone: bool = False) -> tuple[list[Event], dict[str, Product]]:
    """A line's events, in order of ``at``, and its products; some events are voided later.

    With ``gone``, draws may name a product that is not there.
    """
    offered = draw(products())
    names = [*sorted(offered), GONE] if gone else sorted(offered)
    loans = ["A", "B", "C"][: draw(st.integers(1, 3))]
    events = [opened(FIRST)]
    for loan in loans:
        agreed = FIRST + draw(st.integers(0, 20))
        booked = agreed + draw(st.sampled_from([0, 0, 0, 2]))
        amount = draw(st.sampled_from([1_000_00, 2_500_00, 777_77]))
        request = DrawRequested(loan, amount, draw(st.sampled_from(names)), draw(st.sampled_from([1, 3, 6])))
        late, later = (draw(st.sampled_from([0, 0, 0, 0, 3, 20])) for _ in range(2))
        events.append(said(f"agreed {loan}", agreed, request, agreed + late, hour=9))
        ended = draw(st.sampled_from([True, True, True, True, False]))
        body: Kind = DrawBooked(amount, loan=loan) if ended else DrawCancelled(loan)
        events.append(said(f"paid out {loan}", booked, body, booked + later, hour=10))
        if ended and draw(st.sampled_from([True, False, False, False])):
            events.append(said(f"paid out {loan} again", booked + draw(st.integers(0, 9)), body, hour=11))
    events += [draw(moving(number, loans)) for number in range(draw(st.integers(0, 12)))]
    for number, event in enumerate(draw(st.lists(st.sampled_from(events[1:]), max_size=3, unique_by=id))):
        day = (event.known + OFFSET) // DAY + draw(st.integers(0, 30))
        events.append(said(f"void {number}", day, EventVoided(event.id, "wrong"), hour=draw(st.integers(0, 23))))
    return sorted(events, key=lambda each: (each.at, each.id)), offered
