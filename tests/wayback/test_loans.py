"""Loans ahead: what is said to come of a line is, to the cent and the microsecond, what then comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from creditline.clock import DAY, HOUR, MINUTE
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    EventVoided,
    InstalmentSettled,
    RepaymentReceived,
    StatementClosed,
)
from creditline.lending.account import Account, LendingError
from creditline.lending.derived import corrections, derive, end_of_day
from creditline.lending.operations import build, local_day, operations
from creditline.lending.product import Product
from creditline.lending.terms import date_of
from creditline.service.account import products_of
from creditline.service.dayend import day_end
from creditline.service.lending import (
    book_draw,
    line_account,
    payoffs,
    repay,
    request_draw,
    reverse,
    write_off,
)
from creditline.store import Home
from creditline.wayback.loans import NOTHING, Ahead, Loans, Paying, months_after
from tests.lending.line_logs import DAYS, FIRST, LINE, logs
from tests.service.lent import OFFSET, PRODUCT, day_of, moment, open_line, publish

AMOUNT = 1_200_000
DUE = 206_754
"""What falls due of a draw of AMOUNT over 6 months on 15 January, and how much of it is principal."""
PRINCIPAL = DUE - 4_734


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        publish(opened)
        draw(opened, open_line(opened))
        yield opened


def draw(home: Home, line: str = "A1", day: str = "2026-01-05", amount: int = AMOUNT, **more: object) -> None:
    said = {"product": PRODUCT, "instalments": 6, "due_day": 15} | more
    agreed = request_draw(home, line, amount, now=moment(day), **said)  # type: ignore[arg-type]
    book_draw(home, line, agreed.loan, now=moment(day))


def loans_of(home: Home, now: int, line: str = "A1", late: int = 0) -> Loans:
    return Loans(line, list(home.events(line)), products_of(home), OFFSET, now, late)


def said(events: Sequence[Event]) -> list[tuple[int, int, object]]:
    """What events say and when, whatever their ids."""
    return sorted(((each.known, each.at, each.body) for each in events), key=repr)


def days_of(told: Ahead, kind: type) -> list[tuple[str, object]]:
    found = [each for each in told.events if isinstance(each.body, kind)]
    return [(str(date_of(local_day(each.at, OFFSET))), each.body) for each in found]


def behind(told: Ahead) -> list[tuple[str, int, int]]:
    """Days, days past due and amounts of the arrears told."""
    return [
        (day, body.days_past_due, body.amount)
        for day, body in days_of(told, ArrearsChanged)
        if isinstance(body, ArrearsChanged)
    ]


def come_true(home: Home, told: Ahead, now: int, last: str) -> list[Event]:
    """Pay as said through the lending service, end every day as it ends, and give what the log holds beyond now."""
    before = {each.id for each in home.events("A1")}
    money, today = dict(told.payments), local_day(now, OFFSET)
    if not paid_on(home, today):
        day_end(home, today - 1, now=now)
    for day in range(today, day_of(last) + 1):
        if day in money:
            repay(home, "A1", money[day], now=max(moment(day, 12), now + 1))
        day_end(home, day, now=end_of_day(day, OFFSET))
    return [each for each in home.events("A1") if each.id not in before]


def paid_on(home: Home, day: int) -> bool:
    """Whether money came in on a day: then a test has ended the day before by itself."""
    days = [local_day(each.at, OFFSET) for each in home.events("A1") if isinstance(each.body, RepaymentReceived)]
    return day in days


def check_comes_true(home: Home, now: int, paying: Paying, last: str) -> Ahead:
    until = end_of_day(day_of(last), OFFSET)
    told = loans_of(home, now).ahead(paying, until)
    assert said(told.events) == said(come_true(home, told, now, last))
    return told


# -- it comes true in a real home -------------------------------------------------------------------


def test_instalments_kept_to_the_last_one_come_out_as_said(home: Home) -> None:
    now = moment("2026-01-06")
    told = check_comes_true(home, now, Paying(from_day=day_of("2026-01-06")), "2026-07-31")
    assert [(str(date_of(day)), amount) for day, amount in told.payments][:2] == [
        ("2026-01-15", DUE), ("2026-02-15", DUE),
    ]  # fmt: skip
    assert len(told.payments) == 6
    assert behind(told) == []
    closed = [body for _, body in days_of(told, StatementClosed)]
    assert closed[0] == StatementClosed(AMOUNT - PRINCIPAL, DUE, 0, "revolving")
    assert closed[-2:] == [
        StatementClosed(0, told.payments[-1][1], 0, "paid_in_full"), StatementClosed(0, 0, 0, "nothing_owed"),
    ]  # fmt: skip


def test_nothing_paid_lets_the_arrears_grow_day_by_day(home: Home) -> None:
    told = check_comes_true(home, moment("2026-01-06"), NOTHING, "2026-02-17")
    assert told.payments == ()
    assert behind(told)[0] == ("2026-01-16", 1, DUE)
    assert behind(told)[30] == ("2026-02-15", 31, DUE)
    (day, days, amount), second = behind(told)[31], line_account(home, "A1").account.loans["L001"].instalments[1]
    assert (day, days, amount) == ("2026-02-16", 32, DUE + second.amount)
    assert len(behind(told)) == 33


def test_arrears_cleared_in_one_sum_leave_none_that_day(home: Home) -> None:
    now = moment("2026-02-03")
    day_end(home, day_of("2026-02-02"), now=moment("2026-02-03", 1))
    told = check_comes_true(home, now, Paying(arrears_on=day_of("2026-02-05")), "2026-02-14")
    penalty = 837  # 2020.20 for 21 days at 7.2 % of 365
    assert told.payments == ((day_of("2026-02-05"), DUE + penalty),)
    assert behind(told) == [("2026-02-03", 19, DUE), ("2026-02-04", 20, DUE), ("2026-02-05", 0, 0)]
    assert days_of(told, InstalmentSettled) == [("2026-02-05", InstalmentSettled(DUE, 21))]
    money = days_of(told, RepaymentReceived)
    assert money == [("2026-02-05", RepaymentReceived(amount=DUE + penalty, principal=PRINCIPAL))]


def test_arrears_cleared_today_are_none_at_the_end_of_today(home: Home) -> None:
    told = check_comes_true(home, moment("2026-02-03", 13), Paying(arrears_on=day_of("2026-02-03")), "2026-02-14")
    assert behind(told)[-1] == ("2026-02-03", 0, 0)


def test_arrears_cleared_and_instalments_kept_for_three_months(home: Home) -> None:
    now = moment("2026-02-03")
    paying = Paying(day_of("2026-02-04"), day_of("2026-02-04"), 3)
    told = check_comes_true(home, now, paying, "2026-06-20")
    assert [str(date_of(day)) for day, _ in told.payments] == ["2026-02-04", "2026-02-15", "2026-03-15", "2026-04-15"]
    assert behind(told)[18:20] == [("2026-02-03", 19, DUE), ("2026-02-04", 0, 0)]
    assert behind(told)[20][:2] == ("2026-05-16", 1)


def test_everything_paid_off_leaves_nothing_to_tell_but_empty_months(home: Home) -> None:
    now = moment("2026-02-03")
    day = day_of("2026-02-20")
    told = check_comes_true(home, now, Paying(off_on=day), "2026-04-30")
    (paid,) = told.payments
    assert paid == (day, loans_of(home, now).payoff(day))
    assert [body.balance for _, body in days_of(told, StatementClosed) if isinstance(body, StatementClosed)][1:] == [
        0, 0, 0,
    ]  # fmt: skip
    money = next(body for _, body in days_of(told, RepaymentReceived))
    assert isinstance(money, RepaymentReceived)
    assert (money.principal, money.early) == (AMOUNT, True)


def test_what_is_due_of_several_loans_is_paid_in_one_sum(home: Home) -> None:
    business = publish(home, "business-interest-first")
    draw(home, day="2026-01-07", amount=1_000_000, product=business, instalments=6, due_day=None)
    draw(home, day="2026-01-09", amount=333_333, instalments=3)
    paying = Paying(day_of("2026-02-20"), day_of("2026-02-20"))
    told = check_comes_true(home, moment("2026-02-17"), paying, "2026-04-30")
    # Two fall due on the line's own day, the third on the 20th, or as the holidays of February have it.
    assert [str(date_of(day))[5:] for day, _ in told.payments] == ["02-20", "02-24", "03-15", "03-20", "04-15", "04-20"]
    assert behind(told)[-1] == ("2026-02-20", 0, 0)


def test_an_instalment_due_on_a_day_off_is_kept_on_the_day_it_is_moved_to(tmp_path: Path) -> None:
    with Home.open(tmp_path / "home") as home:
        moved = publish(home, title="moved", business_days="following\nholidays_until: 2026")
        draw(home, open_line(home), product=moved)
        told = check_comes_true(home, moment("2026-01-06"), Paying(from_day=day_of("2026-01-06")), "2026-03-31")
    # 15 February 2026 is a Sunday before the spring festival, whose last day off is the 23rd.
    assert [str(date_of(day)) for day, _ in told.payments][:3] == ["2026-01-15", "2026-02-24", "2026-03-16"]
    assert behind(told) == []


def test_days_of_grace_are_no_arrears_and_what_is_paid_in_them_counts_as_on_time(tmp_path: Path) -> None:
    with Home.open(tmp_path / "home") as home:
        graceful = publish(home, title="graceful", grace_days="3")
        draw(home, open_line(home), product=graceful)
        told = check_comes_true(home, moment("2026-01-16"), Paying(arrears_on=day_of("2026-01-18")), "2026-02-18")
    assert told.payments == ((day_of("2026-01-18"), DUE),)
    assert days_of(told, InstalmentSettled) == [("2026-01-18", InstalmentSettled(DUE, 0))]
    assert behind(told) == []


def test_credit_pays_what_it_can_and_the_borrower_the_rest(home: Home) -> None:
    whole = payoffs(home, "A1", day_of("2026-01-06"))[0].total
    repay(home, "A1", whole + 300_000, now=moment("2026-01-06"))
    draw(home, day="2026-01-07")
    told = check_comes_true(home, moment("2026-01-08"), Paying(from_day=day_of("2026-01-08")), "2026-04-30")
    settled = next(each for each in told.events if isinstance(each.body, InstalmentSettled))
    # Credit settles as the day begins; the log says so when the day is ended, or with money that comes in that day.
    day = day_of("2026-02-15")
    assert (settled.at, settled.known) == (day * DAY - OFFSET, end_of_day(day, OFFSET))
    assert told.payments[0][0] == day_of("2026-03-15")
    assert told.payments[0][1] < told.payments[1][1]


def test_a_claim_on_what_was_written_off_is_part_of_the_arrears(home: Home) -> None:
    draw(home, amount=600_000)
    claim = write_off(home, "A1", "L001", now=moment("2026-01-20"))
    now = moment("2026-01-21")
    owed = loans_of(home, now).arrears(day_of("2026-01-23"))
    assert owed > claim + 100_000
    told = check_comes_true(home, now, Paying(arrears_on=day_of("2026-01-23")), "2026-01-31")
    assert told.payments == ((day_of("2026-01-23"), owed),)
    assert behind(told)[-1] == ("2026-01-23", 0, 0)


def test_money_that_became_known_after_the_day_was_ended_is_set_right_first(home: Home) -> None:
    day_end(home, day_of("2026-02-10"), now=moment("2026-02-11", 1))
    repay(home, "A1", DUE, at=moment("2026-01-15"), now=moment("2026-02-11", 2))
    told = check_comes_true(home, moment("2026-02-11", 3), Paying(from_day=day_of("2026-02-11")), "2026-03-31")
    voids = [each for each in told.events if isinstance(each.body, EventVoided)]
    assert len(voids) == 27
    assert {each.known for each in voids} == {moment("2026-02-11", 3)}
    assert behind(told) == []


def test_a_repayment_taken_back_today_leaves_its_instalment_open(home: Home) -> None:
    taken = repay(home, "A1", DUE, now=moment("2026-01-15"))
    day_end(home, day_of("2026-01-19"), now=moment("2026-01-20", 1))
    reverse(home, "A1", taken.id, "bounced", now=moment("2026-01-20", 2))
    told = check_comes_true(home, moment("2026-01-20", 3), Paying(arrears_on=day_of("2026-01-21")), "2026-01-31")
    assert behind(told)[-2:] == [("2026-01-20", 5, DUE), ("2026-01-21", 0, 0)]


def test_days_whose_end_was_never_worked_out_are_told_as_of_now(home: Home) -> None:
    now = moment("2026-01-18")
    told = check_comes_true(home, now, NOTHING, "2026-01-19")
    known = [each.known for each in told.events if isinstance(each.body, ArrearsChanged)]
    assert known == [now, now, end_of_day(day_of("2026-01-18"), OFFSET), end_of_day(day_of("2026-01-19"), OFFSET)]


@pytest.mark.parametrize("paying", [NOTHING, Paying(arrears_on=day_of("2026-02-15"))])
def test_what_credit_pays_today_is_told_of_today(home: Home, paying: Paying) -> None:
    whole = payoffs(home, "A1", day_of("2026-01-06"))[0].total
    repay(home, "A1", whole + 300_000, now=moment("2026-01-06"))
    draw(home, day="2026-01-07")
    draw(home, day="2026-01-08", amount=800_000)
    told = check_comes_true(home, moment("2026-02-15", 9), paying, "2026-02-20")
    settled = days_of(told, InstalmentSettled)
    assert [day for day, _ in settled] == ["2026-02-15"] * (2 if told.payments else 1)
    assert len(behind(told)) == (0 if told.payments else 5)


@pytest.mark.parametrize("hour", [0, 9, 12, 20])
def test_an_instalment_due_today_is_paid_today_at_any_hour(home: Home, hour: int) -> None:
    now = moment("2026-01-15", hour)
    told = check_comes_true(home, now, Paying(from_day=day_of("2026-01-15")), "2026-01-31")
    money = next(each for each in told.events if isinstance(each.body, RepaymentReceived))
    assert money.at == max(moment("2026-01-15", 12), now + 1)
    assert behind(told) == []


def test_what_was_already_told_of_today_is_not_told_again(home: Home) -> None:
    day_end(home, day_of("2026-01-14"), now=moment("2026-01-15", 1))
    repay(home, "A1", DUE, now=moment("2026-01-15", 11))
    now = moment("2026-01-15", 11) + 1
    told = check_comes_true(home, now, NOTHING, "2026-01-31")
    assert [each.kind for each in told.events] == ["statement.closed"]
    last = end_of_day(day_of("2026-01-31"), OFFSET)
    assert loans_of(home, last).ahead(NOTHING, last + 14 * DAY).events == ()


def test_a_plan_made_after_a_plan_was_lived_uses_no_id_twice(home: Home) -> None:
    now, products = moment("2026-01-20"), products_of(home)
    first = loans_of(home, now).ahead(NOTHING, moment("2026-01-25"))
    log = [*home.events("A1"), *first.events]
    voided = [
        Event(f"void {number}", "A1", moment("2026-01-25"), moment("2026-01-25"), EventVoided(each.id, "test"))
        for number, each in enumerate(first.events)
    ]
    again = Loans("A1", [*log, *voided], products, OFFSET, moment("2026-01-25")).ahead(NOTHING, moment("2026-01-27"))
    assert [each.body for each in again.events][: len(first.events)] == [each.body for each in first.events]
    ids = [each.id for each in (*log, *voided, *again.events)]
    assert len(set(ids)) == len(ids)


# -- what is asked ----------------------------------------------------------------------------------


def test_a_line_that_owes_the_core_nothing_has_no_loans_ahead(tmp_path: Path) -> None:
    with Home.open(tmp_path / "home") as home:
        open_line(home, "A1")
        loans = loans_of(home, moment("2026-01-06"))
    later = moment("2027-01-06")
    assert loans.ahead(Paying(day_of("2026-01-07"), day_of("2026-01-07")), later) == Ahead((), ())
    assert (loans.arrears(day_of("2026-03-06")), loans.payoff(day_of("2026-03-06")), loans.count) == (0, 0, 0)


def test_what_another_core_lent_is_left_alone() -> None:
    told = Event("x", "L", 5, 5, ArrearsChanged(3, 100))
    assert Loans("L", [told], {}, OFFSET, 10).ahead(NOTHING, 400 * DAY) == Ahead((), ())


def test_what_becomes_known_after_now_is_not_seen(home: Home) -> None:
    now = moment("2026-01-12")
    before = loans_of(home, now).ahead(NOTHING, moment("2026-03-01"))
    repay(home, "A1", DUE, at=moment("2026-01-11"), now=moment("2026-01-16"))
    assert loans_of(home, now).ahead(NOTHING, moment("2026-03-01")) == before


def test_a_product_that_is_not_there_is_told(home: Home) -> None:
    with pytest.raises(LendingError, match="product"):
        Loans("A1", list(home.events("A1")), {}, OFFSET, moment("2026-01-12"))


def test_nothing_can_be_paid_on_a_day_gone_by(home: Home) -> None:
    loans = loans_of(home, moment("2026-01-20"))
    with pytest.raises(AssertionError, match="2026-01-19"):
        loans.ahead(Paying(arrears_on=day_of("2026-01-19")), moment("2026-03-01"))
    with pytest.raises(AssertionError, match="2026-01-19"):
        loans.payoff(day_of("2026-01-19"))
    with pytest.raises(AssertionError, match="2026-01-19"):
        loans.asked(day_of("2026-01-20"), Paying(arrears_on=day_of("2026-01-19")))


def test_at_the_last_microsecond_of_a_due_day_it_is_too_late_to_pay_on_it(home: Home) -> None:
    now = end_of_day(day_of("2026-01-15"), OFFSET)
    paying = Paying(day_of("2026-01-16"), day_of("2026-01-15"))
    told = loans_of(home, now).ahead(paying, moment("2026-02-16"))
    assert [str(date_of(day)) for day, _ in told.payments] == ["2026-01-16", "2026-02-15"]
    assert behind(told) == []
    settled = [body.days_late for _, body in days_of(told, InstalmentSettled) if isinstance(body, InstalmentSettled)]
    assert settled == [1, 0]


def test_nothing_is_told_that_becomes_known_after_the_end(home: Home) -> None:
    loans, paying = loans_of(home, moment("2026-01-10")), Paying(from_day=day_of("2026-01-10"))
    assert loans.ahead(paying, moment("2026-01-15", 11)) == Ahead((), ())
    assert [each.kind for each in loans.ahead(paying, moment("2026-01-15", 12)).events] == ["repayment.received"]
    assert len(loans.ahead(paying, moment("2026-01-15", 12) + 1).events) == 2


def test_a_day_end_that_runs_late_is_told_late(home: Home) -> None:
    now = moment("2026-01-16", 0) + 30 * MINUTE
    told = loans_of(home, now, late=2 * HOUR).ahead(NOTHING, moment("2026-01-18", 0))
    (only,) = told.events
    assert (only.at, only.known) == (end_of_day(day_of("2026-01-16"), OFFSET), moment("2026-01-17", 2) - 1)
    arrears_of = loans_of(home, moment("2026-01-17", 0), late=2 * HOUR).ahead(NOTHING, moment("2026-01-17", 3))
    assert [each.known for each in arrears_of.events] == [moment("2026-01-17", 2) - 1]


def test_amounts_at_a_day_are_those_the_service_tells(home: Home) -> None:
    draw(home, day="2026-01-07", amount=500_000, instalments=3)
    now, day = moment("2026-01-20"), day_of("2026-02-27")
    events, products = list(home.events("A1")), products_of(home)
    owed = payoffs(home, "A1", day)
    assert Loans("A1", events, products, OFFSET, now).payoff(day) == sum(each.total for each in owed)
    assert Loans("A1", events, products, OFFSET, now).arrears(day) == sum(each.due + each.penalty for each in owed)


def test_months_end_on_the_same_day_or_the_last_of_a_shorter_one() -> None:
    days = [
        (str(date_of(months_after(day_of(day), months))))
        for day, months in (("2026-01-31", 1), ("2026-01-31", 2), ("2026-12-15", 1), ("2024-02-29", 12))
    ]
    assert days == ["2026-02-28", "2026-03-31", "2027-01-15", "2025-02-28"]


# -- any line, paid in any way ----------------------------------------------------------------------


@st.composite
def payings(draw: st.DrawFn, today: int) -> Paying:
    """Some way of paying from a day on."""
    days = st.integers(today + 1, today + 60)
    begins = draw(st.none() | days | st.just(today))
    return Paying(
        arrears_on=draw(st.none() | days),
        from_day=begins,
        months=None if begins is None else draw(st.none() | st.integers(1, 3)),
        off_on=draw(st.none() | days),
        off_loans=draw(st.none() | st.integers(0, 3)),
    )


Log = tuple[list[Event], dict[str, Product]]


def seen_of(log: Log, day: int, hour: int) -> tuple[list[Event], int]:
    now = (FIRST + day) * DAY - OFFSET + hour * HOUR
    return [each for each in log[0] if each.known <= now], now


def amount_of(event: Event) -> int:
    assert isinstance(event.body, RepaymentReceived)
    return event.body.amount


def ended(seen: Sequence[Event], products: dict[str, Product], day: int, now: int) -> list[Event]:
    """What the end of a day makes of a log, if it is worked out from nothing."""
    wanted = derive(LINE, operations(seen, products, OFFSET), day).derived
    return corrections(seen, wanted, until=day, offset=OFFSET, now=now)


@given(logs(), st.integers(0, DAYS + 40), st.integers(0, 23), st.integers(0, 200), st.booleans(), st.data())
def test_what_is_told_is_what_the_log_with_the_money_in_it_comes_to(
    log: Log, day: int, hour: int, span: int, caught_up: bool, data: st.DataObject
) -> None:
    seen, now = seen_of(log, day, hour)
    products, today = log[1], FIRST + day
    if caught_up and seen:
        seen += ended(seen, products, today - 1, now)
    paying, last = data.draw(payings(today)), today + span
    loans = Loans(LINE, seen, products, OFFSET, now)
    told = loans.ahead(paying, end_of_day(last, OFFSET))
    for on in {data.draw(st.integers(today, last)), *(day for day, _ in told.payments)}:
        assert loans.asked(on, paying) == dict(told.payments).get(on, 0)
    money = [each for each in told.events if isinstance(each.body, RepaymentReceived)]
    assert [(local_day(each.at, OFFSET), amount_of(each)) for each in money] == list(told.payments)
    whole = [*seen, *money]
    wanted = [] if not seen else ended(whole, products, last, now)
    rest = [each for each in told.events if each not in money]
    assert sorted((each.at, repr(each.body)) for each in rest) == sorted((each.at, repr(each.body)) for each in wanted)
    assert [each for each in told.events if each.known < max(each.at, now)] == []
    ids = [each.id for each in (*seen, *told.events)]
    assert len(set(ids)) == len(ids)
    assert ended([*seen, *told.events], products, last, now) == [] if seen else True


@given(logs(), st.integers(0, DAYS + 40), st.integers(0, 60), st.sampled_from((1, 100)))
def test_arrears_paid_leave_none_that_day_and_a_cent_less_leaves_some(log: Log, day: int, wait: int, less: int) -> None:
    seen, now = seen_of(log, day, 9)
    on = FIRST + day + wait
    loans = Loans(LINE, seen, log[1], OFFSET, now)
    owed = loans.arrears(on)
    assume(owed)
    moves = operations(seen, log[1], OFFSET)
    account, _ = build(LINE, moves, on)
    short = deepcopy(account)
    account.repay(on, "all", owed)
    assert (account.arrears().amount, unpaid(account)) == (0, 0)
    if owed > less:
        short.repay(on, "not all", owed - less)
        assert unpaid(short) == less
    told = loans.ahead(Paying(arrears_on=on), end_of_day(on, OFFSET))
    assert told.payments == ((on, owed),)
    assert [body for _, body in days_of(told, ArrearsChanged)][-1:] in ([], [ArrearsChanged(0, 0)])


def unpaid(account: Account) -> int:
    """What has fallen due or is claimed, once money has reached every row."""
    rows = (row for loan in account.live for row in loan.unsettled)
    return sum(sum(row.unpaid.values()) for row in rows) + sum(loan.claim for loan in account.lost)


@given(logs(), st.integers(0, DAYS + 40), st.integers(0, 60), st.none() | st.integers(0, 3))
def test_loans_paid_off_are_over_the_others_as_they_were_and_a_cent_less_is_too_little(
    log: Log, day: int, wait: int, count: int | None
) -> None:
    seen, now = seen_of(log, day, 9)
    on = FIRST + day + wait
    loans = Loans(LINE, seen, log[1], OFFSET, now)
    owed, due = loans.asked(on, Paying(off_on=on, off_loans=count)), loans.arrears(on)
    assume(owed)
    before, _ = build(LINE, operations(seen, log[1], OFFSET), FIRST + day)
    off = {loan.id for loan in before.live[:count]}
    account, _ = build(LINE, operations(seen, log[1], OFFSET), on)
    only_due, short = deepcopy(account), deepcopy(account)
    if due:
        only_due.repay(on, "due", due)
    account.repay(on, "off", owed)
    assert (unpaid(account), account.credit) == (0, only_due.credit)
    assert to_come(account, set()) == to_come(only_due, off)
    if owed > 1:
        short.repay(on, "not all", owed - 1)
        assert unpaid(short) or to_come(short, set()) != to_come(account, set())


def to_come(account: Account, without: set[str]) -> list[object]:
    """What is to come of every loan that is live, but of some."""
    loans = (loan for loan in account.live if loan.id not in without)
    return [(loan.id, loan.balance, loan.accrued, loan.since, loan.coming, loan.next_due) for loan in loans]


@given(logs(), st.integers(0, DAYS + 40), st.integers(0, 23))
def test_who_clears_the_arrears_and_keeps_every_instalment_is_never_behind_again(log: Log, day: int, hour: int) -> None:
    seen, now = seen_of(log, day, hour)
    today = FIRST + day
    paying = Paying(arrears_on=today, from_day=today)
    told = Loans(LINE, seen, log[1], OFFSET, now).ahead(paying, now + 400 * DAY)
    since = end_of_day(today, OFFSET)
    assert [each.body for each in told.events if isinstance(each.body, ArrearsChanged) and each.at >= since] in (
        [], [ArrearsChanged(0, 0)],
    )  # fmt: skip
    closed = [each.body for each in told.events if isinstance(each.body, StatementClosed) and each.at >= since - 1]
    assert {body.months_behind for body in closed} <= {0}
    late = {each.body.days_late for each in told.events if isinstance(each.body, InstalmentSettled) and each.at > since}
    assert late <= {0}


@given(logs(), st.integers(0, DAYS + 40), st.data())
def test_what_is_asked_of_loans_changes_nothing_in_them(log: Log, day: int, data: st.DataObject) -> None:
    seen, now = seen_of(log, day, 9)
    today, until = FIRST + day, now + 120 * DAY
    ways = data.draw(st.lists(payings(today), min_size=2, max_size=4))
    loans = Loans(LINE, seen, log[1], OFFSET, now)
    for way in ways:
        loans.ahead(way, until)
        loans.payoff(today + 30)
    for way in reversed(ways):
        assert loans.ahead(way, until) == Loans(LINE, seen, log[1], OFFSET, now).ahead(way, until)
