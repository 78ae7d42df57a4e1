"""Loans paid off early: exactly the first of them, with their fee, while the others go on as they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from creditline.events.kinds import InstalmentSettled, RepaymentReceived, StatementClosed
from creditline.lending.derived import end_of_day
from creditline.lending.terms import date_of
from creditline.service.account import products_of
from creditline.service.lending import line_account, payoffs, repay
from creditline.store import Home
from creditline.wayback.loans import Loans, Paying
from tests.service.lent import OFFSET, day_of, moment, open_line, publish
from tests.wayback.test_loans import AMOUNT, PRINCIPAL, behind, check_comes_true, days_of, draw, loans_of


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Home]:
    """Two loans drawn on one day that take 2 % of what is repaid early."""
    with Home.open(tmp_path / "two") as opened:
        dear = publish(opened, title="dear", grace_days="0\nfees: {early: 0.02}")
        line = open_line(opened)
        draw(opened, line, product=dear)
        draw(opened, line, amount=600_000, product=dear)
        yield opened


def without(home: Home, loan: str, now: int) -> Loans:
    """The loans of a line as if one of them had not been drawn."""
    events = [each for each in home.events("A1") if getattr(each.body, "loan", None) != loan]
    return Loans("A1", events, products_of(home), OFFSET, now)


def test_of_two_loans_one_is_paid_off_tomorrow_and_the_other_goes_on_untouched(two: Home) -> None:
    now, day = moment("2026-01-06"), day_of("2026-01-07")
    loans, alone = loans_of(two, now), without(two, "L001", now)
    paying = Paying(from_day=day, off_on=day, off_loans=1)
    interest, fee = 947, 23_999  # two days at 14.4 % of 365; a cent less than 2 % makes up the whole
    assert (loans.count, loans.asked(day, paying)) == (2, AMOUNT + interest + fee)
    told = check_comes_true(two, now, paying, "2026-07-31")
    assert told.payments[0] == (day, AMOUNT + interest + fee)
    assert told.payments[1:] == alone.ahead(Paying(from_day=day), end_of_day(day_of("2026-07-31"), OFFSET)).payments
    assert len(told.payments) == 7
    assert behind(told) == []
    money = [body for _, body in days_of(told, RepaymentReceived)]
    assert money[0] == RepaymentReceived(told.payments[0][1], AMOUNT, early=True)
    assert [body.early for body in money[1:] if isinstance(body, RepaymentReceived)] == [False] * 6
    closed = next(body for _, body in days_of(told, StatementClosed))
    assert isinstance(closed, StatementClosed)
    assert 490_000 < closed.balance < 600_000


def test_a_loan_paid_off_leaves_only_the_principal_of_the_other_drawn(two: Home) -> None:
    now = moment("2026-01-06")
    owed = loans_of(two, now).asked(day_of("2026-01-06"), Paying(off_on=day_of("2026-01-06"), off_loans=1))
    repay(two, "A1", owed, now=now + 1)
    account = line_account(two, "A1").account
    assert ([loan.id for loan in account.live], account.owed, account.credit) == (["L002"], 600_000, 0)
    assert loans_of(two, now + 1).count == 1


def test_a_cent_less_leaves_the_loan_live(two: Home) -> None:
    now = moment("2026-01-06")
    owed = loans_of(two, now).asked(day_of("2026-01-06"), Paying(off_on=day_of("2026-01-06"), off_loans=1))
    repay(two, "A1", owed - 1, now=now + 1)
    account = line_account(two, "A1").account
    assert [(loan.id, loan.balance) for loan in account.live] == [("L001", 1), ("L002", 600_000)]
    assert loans_of(two, now + 1).count == 2


def test_what_is_late_of_any_loan_is_paid_with_the_one_paid_off(two: Home) -> None:
    now, day = moment("2026-02-03"), day_of("2026-02-05")
    first, second = payoffs(two, "A1", day)
    assert second.penalty > 0
    paying = Paying(arrears_on=day, off_on=day, off_loans=1)
    told = check_comes_true(two, now, paying, "2026-02-14")
    assert told.payments == ((day, first.total + second.due + second.penalty),)
    assert behind(told)[-1] == ("2026-02-05", 0, 0)
    assert len(days_of(told, InstalmentSettled)) == 2


def test_arrears_are_cleared_first_and_a_loan_is_paid_off_later(two: Home) -> None:
    now, later = moment("2026-02-03"), day_of("2026-02-06")
    paying = Paying(arrears_on=day_of("2026-02-04"), off_on=later, off_loans=1)
    told = check_comes_true(two, now, paying, "2026-02-20")
    left, fee = AMOUNT - PRINCIPAL, 19_959
    interest = 9_468 + 787  # of the whole for 20 days, of what is left for two
    assert [day for day, _ in told.payments] == [day_of("2026-02-04"), later]
    assert told.payments[1][1] == left + interest + fee
    assert behind(told)[-1][:2] == ("2026-02-20", 5)


def test_in_place_of_a_loan_that_is_over_by_then_no_other_is_paid_off(tmp_path: Path) -> None:
    now, day = moment("2026-01-06"), day_of("2026-02-20")
    one, both = (Paying(from_day=day_of("2026-01-07"), off_on=day, off_loans=loans) for loans in (1, 2))
    with Home.open(tmp_path / "home") as home:
        publish(home)
        draw(home, open_line(home), amount=300_000, instalments=1)
        draw(home)
        loans = loans_of(home, now)
        assert (loans.asked(day, one), loans.asked(day, both) > 700_000) == (0, True)
        told = check_comes_true(home, now, one, "2026-03-31")
    assert [str(date_of(day)) for day, _ in told.payments] == ["2026-01-15", "2026-02-15", "2026-03-15"]
