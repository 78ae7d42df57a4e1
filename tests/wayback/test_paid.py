"""Loans ahead, compiled: the same events as the readable form tells, to the cent, the microsecond and the order."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import permutations
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.clock import DAY, HOUR
from creditline.events.event import Event
from creditline.events.kinds import (
    KINDS,
    SLOTS,
    ArrearsChanged,
    DrawBooked,
    DrawRequested,
    InstalmentSettled,
    Kind,
    LoanWrittenOff,
    RepaymentReceived,
    StatementClosed,
    slots,
)
from creditline.lending.calendar import Business
from creditline.lending.derived import corrections, derive, end_of_day
from creditline.lending.operations import local_day, operations
from creditline.lending.product import Product, load_product, shipped_products
from creditline.lending.rounding import Rounding
from creditline.lending.terms import PRINCIPAL_MAX, DayCount, Part, day_number
from creditline.lines.kernel import Engine, Kernel
from creditline.policy import runtime
from creditline.wayback import paid
from creditline.wayback.debts import Debts, packed
from creditline.wayback.loans import NOTHING, Loans, Paying
from tests.lending.line_logs import DAYS, FIRST, LINE, OFFSET, PLAIN, PLAIN_REF, drawn, logs, opened, repaid, said

ENGINES: tuple[Engine, ...] = ("python", "numba")
NEVER = runtime.NEVER

Row = tuple[int, int, int, tuple[int, ...]]
Log = tuple[list[Event], dict[str, Product]]


@cache
def kernel() -> Kernel:
    """The functions as a planner's module has them."""
    head = "from __future__ import annotations\nimport numpy as np\n"
    numbers = f"NULL = {runtime.NULL}\nDAY = {runtime.DAY}\n"
    months = (inspect.getsource(each) for each in (runtime.month_index, runtime.month_start))
    return Kernel("\n\n".join([head + numbers, *months, paid.source()]))


def told(
    debts: Debts, place: int, way: Paying, until: int, engine: Engine = "python", room: int | None = None
) -> list[Row] | int:
    """What the compiled form tells."""
    rows = np.zeros((debts.room if room is None else room, 3 + SLOTS), np.int64)
    named = (way.arrears_on, way.from_day, way.off_on, way.off_loans)
    cells = (NEVER if each is None else each for each in named)
    stop = kernel().function("paid_ahead", engine)(place, *cells, until, debts.columns, rows, 0)
    return int(stop) if stop < 0 else [(row[0], row[1], row[2], tuple(row[3:])) for row in rows[:stop].tolist()]


def comes(loans: Loans, way: Paying, until: int) -> list[Row]:
    """What the readable form tells, but what it would tell of days gone by in any case."""
    missing = {each.id for each in loans.missing}
    return [_row(each) for each in loans.ahead(way, until).events if each.id not in missing]


def _row(event: Event) -> Row:
    return (event.at, event.known, KINDS[event.kind].code, tuple(slots(event.body)))


def owed(debts: Debts, place: int, day: int, engine: Engine = "python") -> int:
    return int(kernel().function("owed_on", engine)(place, day, debts.columns))


def asked(debts: Debts, place: int, day: int, way: Paying, engine: Engine = "python") -> int:
    """What the compiled form asks for on a day on which loans are paid off as the way says."""
    cells = (NEVER if each is None else each for each in (way.arrears_on, way.from_day, way.off_loans))
    return int(kernel().function("asked_on", engine)(place, day, *cells, debts.columns))


def counted(debts: Debts, place: int, engine: Engine = "python") -> int:
    return int(kernel().function("loans_on", engine)(place, debts.columns))


# -- lines of all kinds -----------------------------------------------------------------------------

BEGUN = day_number(date(2025, 11, 3))
SPAN = 120
"""Days from BEGUN on, the spring festival of 2026 among them, in which such lines live."""


@st.composite
def products(draw: st.DrawFn) -> Product:
    """A shipped product, as it is or with terms changed that a product may have."""
    product = load_product(draw(st.sampled_from(shipped_products())))
    if draw(st.booleans()):
        return product
    by_months = draw(st.booleans())
    return replace(
        product,
        day_count=draw(st.sampled_from(get_args(DayCount))),
        rounding=draw(st.sampled_from(get_args(Rounding))),
        order=draw(st.sampled_from(list(permutations(get_args(Part))))),
        grace_days=draw(st.sampled_from([0, 2, 40])),
        penalty_on_instalment=draw(st.booleans()),
        penalty_after_grace=draw(st.booleans()),
        penalty_multiple=draw(st.sampled_from([1_000_000, 1_500_000])),
        business=draw(st.sampled_from(get_args(Business))),
        unit="months" if by_months else "days",
        every=1 if by_months else draw(st.sampled_from([7, 30])),
        due_day=product.due_day if by_months else "same",
        least_first_days=product.least_first_days if by_months else 0,
        fees=replace(
            product.fees,
            instalment=draw(st.sampled_from([0, 3_00])),
            early=draw(st.sampled_from([0, 1, 10_000, 333_333, 999_999])),
        ),
    )


@st.composite
def lives(draw: st.DrawFn) -> Log:
    """One to four loans of shipped products, and money that comes in for them or not."""
    events, offered = [opened(BEGUN)], dict[str, Product]()
    loans = ["A", "B", "C", "D"][: draw(st.integers(1, 4))]
    for loan in loans:
        product = draw(products())
        offered[f"{loan}@1"] = product
        day = BEGUN + draw(st.integers(0, 60))
        amount = draw(st.integers(product.least, min(product.most, 50 * product.least)))
        due_day = draw(st.sampled_from([5, 20, 31])) if product.due_day == "line" else None
        request = DrawRequested(loan, amount, f"{loan}@1", draw(st.sampled_from(product.instalments)), None, due_day)
        events.append(said(f"agreed {loan}", day, request, hour=9))
        events.append(said(f"paid out {loan}", day, DrawBooked(amount, loan=loan), hour=10))
    for number in range(draw(st.integers(0, 5))):
        day, loan = BEGUN + draw(st.integers(1, SPAN)), draw(st.sampled_from(loans))
        body: Kind = LoanWrittenOff(loan)
        if draw(st.integers(0, 5)):
            amount = draw(st.integers(1, 30_000_00))
            body = RepaymentReceived(amount, 0, loan=loan if draw(st.booleans()) else None)
        events.append(said(f"{number:02}", day, body, hour=draw(st.integers(0, 23))))
    return sorted(events, key=lambda each: (each.at, each.id)), offered


@st.composite
def seen(draw: st.DrawFn) -> Loans:
    """A line as it is known at some moment, with what its days' ends told of it or without."""
    is_shipped = draw(st.booleans())
    begun, events, offered = (BEGUN, *draw(lives())) if is_shipped else (FIRST, *draw(logs()))
    now = draw(st.sampled_from([each.known for each in events])) + draw(st.sampled_from([0, 1, HOUR, 5 * HOUR]))
    if draw(st.booleans()):
        today = begun + draw(st.integers(20, (SPAN if is_shipped else DAYS) + 40))
        now = today * DAY - OFFSET + draw(st.sampled_from([0, 9 * HOUR, 12 * HOUR, 23 * HOUR, DAY - 1]))
    if draw(st.booleans()):
        now = draw(on_a_due_day(events, offered, now))
    today = local_day(now, OFFSET)
    known = [each for each in events if each.known <= now]
    if draw(st.booleans()):
        known += ended(known, offered, today - 1, now)
    if draw(st.booleans()):  # some of today is told already, as the lending service tells it
        known += ended(known, offered, today, now, only_settled=now != end_of_day(today, OFFSET))
    for number in range(draw(st.sampled_from([0, 0, 0, 0, 0, 2]))):  # another core says something too
        at = min(now, today * DAY - OFFSET + draw(st.sampled_from([0, 1, 12 * HOUR, 12 * HOUR + 1])))
        body = draw(st.sampled_from([ArrearsChanged(3, 5), InstalmentSettled(100, 0), RepaymentReceived(1, 0)]))
        known.append(Event(f"other {number}", LINE, at, now, body))
    return Loans(LINE, known, offered, OFFSET, now, draw(st.sampled_from([0, 0, 2 * HOUR, 20 * HOUR])))


@st.composite
def on_a_due_day(draw: st.DrawFn, events: list[Event], offered: dict[str, Product], now: int) -> int:
    """A moment of the next day on which something falls due, before which money may have come in that day."""
    standing = Loans(LINE, events, offered, OFFSET, now).standing
    days = [] if standing is None else [due for loan in standing.account.live if (due := loan.next_due) is not None]
    if not days:
        return now
    begins = min(days) * DAY - OFFSET
    owed = Loans(LINE, events, offered, OFFSET, begins).arrears(min(days))
    amount = draw(st.sampled_from([0, owed // 2, owed, owed + 1_000_00]))
    if amount:
        paid_at = begins + draw(st.sampled_from([0, 9 * HOUR]))
        events.append(Event("today", LINE, paid_at, paid_at, RepaymentReceived(amount, 0)))
    return begins + draw(st.sampled_from([9 * HOUR, 13 * HOUR, DAY - 1]))


def ended(
    events: Sequence[Event], offered: dict[str, Product], day: int, now: int, *, only_settled: bool = False
) -> list[Event]:
    """What the end of a day makes of a log."""
    wanted = derive(LINE, operations(events, offered, OFFSET), day).derived
    only = (InstalmentSettled,) if only_settled else (InstalmentSettled, ArrearsChanged, StatementClosed)
    return corrections(events, wanted, until=day, offset=OFFSET, now=now, only=only)


@st.composite
def ways(draw: st.DrawFn, loans: Loans) -> Paying:
    """Arrears paid on a day, instalments kept from one on, loans paid off on one; any of them or none."""
    days = st.integers(loans.payable, loans.payable + 70)
    arrears_on, from_day = draw(st.none() | days), draw(st.none() | st.integers(loans.today - 3, loans.today + 70))
    off_on = draw(st.none() | days | st.just(arrears_on))
    return Paying(arrears_on, from_day, off_on=off_on, off_loans=draw(st.none() | st.integers(0, loans.count + 1)))


@pytest.mark.parametrize("engine", ENGINES)
@given(seen(), st.integers(0, 250) | st.sampled_from([730]), st.integers(0, DAY), st.data())
def test_what_comes_is_the_same_row_by_row(
    engine: Engine, loans: Loans, span: int, more: int, data: st.DataObject
) -> None:
    debts, until = packed([loans], span + 2), loans.now + span * DAY + more
    for _ in range(2):
        way = data.draw(ways(loans))
        if debts.by_hand[0]:
            assert told(debts, 0, way, until, engine) == paid.NOT_CARRIED
        else:
            assert told(debts, 0, way, until, engine) == comes(loans, way, until)


@given(seen(), st.data())
def test_only_a_line_whose_log_tells_of_today_what_does_not_follow_is_left_to_hand(
    loans: Loans, data: st.DataObject
) -> None:
    by_hand = packed([loans]).by_hand[0]
    events = loans.ahead(data.draw(ways(loans)), loans.now + 3 * DAY).events
    missing = {each.id for each in loans.missing}
    if any(each.kind == "event.voided" and each.id not in missing for each in events):
        assert by_hand


@given(seen(), st.integers(0, 300), st.sampled_from(ENGINES))
def test_what_is_owed_on_a_day_is_the_same(loans: Loans, wait: int, engine: Engine) -> None:
    debts = packed([loans], 302)
    if not debts.by_hand[0]:
        assert owed(debts, 0, loans.payable + wait, engine) == loans.arrears(loans.payable + wait)


@pytest.mark.parametrize("engine", ENGINES)
@given(seen(), st.integers(0, 300), st.data())
def test_what_is_asked_for_loans_paid_off_is_the_same(
    engine: Engine, loans: Loans, wait: int, data: st.DataObject
) -> None:
    debts, day = packed([loans], 302), loans.payable + wait
    way = replace(data.draw(ways(loans)), off_on=day)
    wanted = paid.NOT_CARRIED if debts.by_hand[0] else loans.asked(day, way)
    assert asked(debts, 0, day, way, engine) == wanted
    if not debts.by_hand[0]:  # what was worked out before changes nothing
        assert asked(debts, 0, day, way, engine) == wanted


@pytest.mark.parametrize("engine", ENGINES)
@given(seen(), st.integers(1, 60), st.integers(0, 9_000_00), st.integers(1, 9_000_00), st.data())
def test_loans_are_paid_off_on_the_first_day_the_means_do(
    engine: Engine, loans: Loans, wait: int, spent: int, spare: int, data: st.DataObject
) -> None:
    debts, first = packed([loans], 402), loans.payable + wait
    if debts.by_hand[0] or not loans.count:
        return
    way = data.draw(ways(loans))
    way = replace(way, arrears_on=min(way.arrears_on, first - 1) if way.arrears_on else None)
    last, count = first + data.draw(st.integers(0, 90)), data.draw(st.integers(1, loans.count))
    wanted: tuple[int, int] | None = None
    for day in range(first, last + 1):
        asked = loans.asked(day, replace(way, off_on=day, off_loans=count))
        if asked == 0 or (spent + asked) * 30 <= (day - loans.today) * spare:
            wanted = (day, asked)
            break
    arrears_on, from_day = (NEVER if day is None else day for day in (way.arrears_on, way.from_day))
    found = kernel().function("day_off", engine)(
        0, first, last, arrears_on, from_day, count, loans.today, spent, spare, debts.columns
    )
    assert (wanted is None and found[0] > last) or tuple(map(int, found)) == wanted


@given(seen(), st.integers(1, 200), st.data())
def test_no_less_is_asked_before_that_day(loans: Loans, wait: int, data: st.DataObject) -> None:
    day = loans.payable + wait
    turn = min(loans.turn_after(day), day + 40)
    assert turn > day
    way = data.draw(ways(loans))
    way = replace(way, arrears_on=min(way.arrears_on, day - 1) if way.arrears_on else None)
    sums = [loans.asked(each, replace(way, off_on=each)) for each in range(day, turn)]
    assert sums == sorted(sums)


@given(seen(), st.sampled_from(ENGINES))
def test_loans_are_counted_alike(loans: Loans, engine: Engine) -> None:
    debts = packed([None, loans])
    assert [counted(debts, place, engine) for place in (0, 1)] == [0, 0 if debts.by_hand[1] else loans.count]


@settings(max_examples=15)
@given(st.lists(st.none() | seen(), min_size=2, max_size=5), st.data())
def test_lines_packed_together_are_told_of_each_by_itself_in_any_order(
    lines: list[Loans | None], data: st.DataObject
) -> None:
    debts = packed(lines, 202)
    for place in data.draw(st.lists(st.sampled_from(range(len(lines))), min_size=3, max_size=6)):
        loans = lines[place]
        if loans is None:
            assert told(debts, place, NOTHING, BEGUN * DAY + 9 * DAY, "numba") == []
            assert owed(debts, place, BEGUN) == 0
            assert asked(debts, place, BEGUN, NOTHING) == 0
        elif not debts.by_hand[place]:
            way, until = data.draw(ways(loans)), loans.now + 200 * DAY
            assert told(debts, place, way, until, "numba") == comes(loans, way, until)


@given(seen(), st.integers(0, 20), st.data())
def test_with_what_is_missing_it_is_all_that_comes(loans: Loans, span: int, data: st.DataObject) -> None:
    way, until, debts = data.draw(ways(loans)), loans.now + span * DAY, packed([loans])
    events = loans.ahead(way, until).events
    missing = [each for each in loans.missing if each.known <= until]
    assert [each for each in events if each in missing] == sorted(
        missing, key=lambda each: (each.known, each.at, each.id)
    )
    assert len({each.id for each in events}) == len(events)
    if not debts.by_hand[0]:
        rows = told(debts, 0, way, until, "numba")
        assert isinstance(rows, list)
        assert sorted([*rows, *map(_row, missing)]) == sorted(map(_row, events))


# -- one by one -------------------------------------------------------------------------------------


def line_of(*events: Event, now: int, **changed: object) -> Loans:
    product = replace(PLAIN, **changed)  # type: ignore[arg-type]
    return Loans(LINE, [opened(BEGUN), *events], {PLAIN_REF: product}, OFFSET, now)


def noon(day: int) -> int:
    return day * DAY - OFFSET + 12 * HOUR


DUE = day_number(date(2025, 12, 3))
"""When the first instalment of a draw on BEGUN falls due."""


@pytest.mark.parametrize("engine", ENGINES)
def test_of_two_equal_instalments_the_one_told_already_is_not_told_again(engine: Engine) -> None:
    draws = [*drawn("A", BEGUN, 300_000, 3), *drawn("B", BEGUN, 300_000, 3)]
    first = repaid("first", DUE, 103_000, loan="A")
    after = Event("told", LINE, first.at + 1, first.at + 1, InstalmentSettled(103_000, 0))
    loans = line_of(*draws, first, after, now=first.at + HOUR)
    until, way = end_of_day(DUE, OFFSET), Paying(arrears_on=DUE)
    rows = told(packed([loans]), 0, way, until, engine)
    assert rows == comes(loans, way, until)
    assert isinstance(rows, list)
    # Of equal instalments of one day the lending core counts those in the log as the last of them.
    assert [(row[0] - first.at, row[2]) for row in rows] == [(2, paid.SETTLED), (HOUR + 1, paid.REPAID)]


def test_a_line_in_arrears_is_told_of_each_day_until_all_is_paid() -> None:
    loans = line_of(*drawn("A", BEGUN, 300_000, 3), now=noon(DUE + 1))
    rows = told(packed([loans]), 0, Paying(DUE + 4), end_of_day(DUE + 6, OFFSET))
    assert isinstance(rows, list)
    assert [(row[2], row[3][:2]) for row in rows] == [
        (paid.ARREARS, (1, 103_000)), (paid.ARREARS, (2, 103_000)), (paid.ARREARS, (3, 103_000)),
        (paid.REPAID, (103_067, 100_000)), (paid.SETTLED, (103_000, 4)), (paid.ARREARS, (0, 0)),
    ]  # fmt: skip


def test_rows_are_written_behind_those_that_are_there() -> None:
    loans = line_of(*drawn("A", BEGUN, 300_000, 3), now=noon(BEGUN))
    debts, until = packed([loans]), noon(DUE + 40)
    rows = told(debts, 0, NOTHING, until)
    assert isinstance(rows, list)
    behind = np.full((99, 3 + SLOTS), 2**62)
    ahead = kernel().function("paid_ahead", "numba")
    assert ahead(0, NEVER, NEVER, NEVER, 0, until, debts.columns, behind, 5) == 5 + len(rows)
    assert (behind[:5] == 2**62).all()
    assert behind[5 : 5 + len(rows), :3].tolist() == [list(row[:3]) for row in rows]


@pytest.mark.parametrize("engine", ENGINES)
def test_of_two_loans_the_older_is_paid_off_with_its_fee_and_the_other_goes_on(engine: Engine) -> None:
    draws = [*drawn("A", BEGUN, 300_000, 3), *drawn("B", BEGUN + 1, 600_000, 3)]
    loans, day = line_of(*draws, now=noon(BEGUN + 1)), BEGUN + 5
    debts, way = packed([loans]), Paying(from_day=day, off_on=day, off_loans=1)
    fee, interest = 5_999, 500  # a cent less than 2 %; five days of thirty at 1 %
    assert counted(debts, 0, engine) == 2
    assert asked(debts, 0, day, way, engine) == 300_000 + fee + interest
    rows = told(debts, 0, way, end_of_day(DUE + 1, OFFSET), engine)
    assert isinstance(rows, list)
    assert [row[3][:3] for row in rows if row[2] == paid.REPAID] == [(306_499, 300_000, 1), (206_000, 200_000, 0)]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_fell_due_on_a_day_too_late_to_pay_on_is_asked_for_the_day_after(engine: Engine) -> None:
    draws = [*drawn("A", BEGUN, 300_000, 3), *drawn("B", BEGUN, 600_000, 3)]
    loans = line_of(*draws, now=end_of_day(DUE, OFFSET))
    way = Paying(from_day=DUE, off_on=DUE + 1, off_loans=0)
    assert asked(packed([loans]), 0, DUE + 1, way, engine) == loans.asked(DUE + 1, way) == 309_000 + 17 + 33


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loan_repaid_on_any_day_takes_no_fee(engine: Engine) -> None:
    loans = line_of(*drawn("A", BEGUN, 300_000, 1), now=noon(BEGUN), method="any_day")
    assert asked(packed([loans]), 0, BEGUN + 5, Paying(off_on=BEGUN + 5), engine) == loans.payoff(BEGUN + 5) == 300_500


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("off_loans", [0, 1, None])
def test_the_fee_of_the_largest_loan_is_exact(engine: Engine, off_loans: int | None) -> None:
    most = replace(PLAIN, most=PRINCIPAL_MAX, fees=replace(PLAIN.fees, early=999_999))
    loans = Loans(LINE, [opened(BEGUN), *drawn("A", BEGUN, PRINCIPAL_MAX, 3)], {PLAIN_REF: most}, OFFSET, noon(BEGUN))
    way, day = Paying(off_on=BEGUN + 1, off_loans=off_loans), BEGUN + 1
    wanted = 0 if off_loans == 0 else PRINCIPAL_MAX + (PRINCIPAL_MAX - 10**6 - 1) + 333_333_333
    assert (asked(packed([loans]), 0, day, way, engine), loans.asked(day, way)) == (wanted, wanted)


@pytest.mark.parametrize("engine", ENGINES)
def test_arrays_that_are_full_are_told(engine: Engine) -> None:
    loans = line_of(*drawn("A", BEGUN, 300_000, 3), now=noon(BEGUN))
    debts, until = packed([loans]), noon(DUE + 40)
    rows = told(debts, 0, NOTHING, until)
    assert isinstance(rows, list)
    assert told(debts, 0, NOTHING, until, engine, room=len(rows)) == rows
    assert told(debts, 0, NOTHING, until, engine, room=len(rows) - 1) == paid.FULL


def test_days_that_were_not_packed_are_not_told_of() -> None:
    loans = line_of(*drawn("A", BEGUN, 300_000, 3), now=noon(BEGUN))
    debts = packed([loans], 30)
    last = end_of_day(BEGUN + 30, OFFSET)
    assert told(debts, 0, NOTHING, last) == comes(loans, NOTHING, last)
    assert told(debts, 0, NOTHING, last + 1) == paid.NOT_CARRIED
    assert owed(debts, 0, BEGUN + 30) == loans.arrears(BEGUN + 30)
    assert owed(debts, 0, BEGUN + 31) == paid.NOT_CARRIED
    assert asked(debts, 0, BEGUN + 30, NOTHING) == loans.payoff(BEGUN + 30)
    assert asked(debts, 0, BEGUN + 31, NOTHING) == paid.NOT_CARRIED


def test_before_now_nothing_comes() -> None:
    loans = line_of(*drawn("A", BEGUN, 300_000, 3), now=noon(BEGUN))
    assert told(packed([loans]), 0, NOTHING, loans.now - 1) == []


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"rate": 20 * 10**9, "rate_to": 20 * 10**9}, "rate is too high"),
        ({"every": 121}, "periods are too long"),
        ({"every": 3_701, "unit": "days"}, "periods are too long"),
        ({"every": 110, "due_day": 5}, None),
    ],
)
def test_a_loan_that_columns_cannot_carry_is_left_to_hand(changed: dict[str, object], why: str | None) -> None:
    loans = line_of(*drawn("A", BEGUN, 300_000, 3), now=noon(BEGUN), **changed)
    debts = packed([None, loans, None])
    assert debts.by_hand.tolist() == [False, why is not None, False]
    until = noon(BEGUN + 60)
    if why is None:
        assert told(debts, 1, NOTHING, until) == comes(loans, NOTHING, until)
    else:
        assert debts.why == {1: f"loan A: its {why}"}
        assert owed(debts, 1, BEGUN + 5) == paid.NOT_CARRIED
        assert (asked(debts, 1, BEGUN + 5, NOTHING), counted(debts, 1)) == (paid.NOT_CARRIED, 0)


def test_arrears_that_another_core_tells_of_today_leave_a_line_to_hand() -> None:
    other = Event("other", LINE, noon(BEGUN + 2), noon(BEGUN + 2), ArrearsChanged(3, 100))
    loans = line_of(*drawn("A", BEGUN, 300_000, 3), other, now=noon(BEGUN + 2))
    assert packed([loans]).why == {0: "the log tells of today what does not follow"}
    later = line_of(*drawn("A", BEGUN, 300_000, 3), other, now=noon(BEGUN + 3))
    assert not packed([later]).by_hand.any()
    assert [each.kind for each in later.missing] == ["event.voided"]
