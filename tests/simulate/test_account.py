"""The account: a line of the lending core with a limit, its days counted from the period's start."""

from __future__ import annotations

import pytest

from creditline.lending.account import INTEREST_INCOME
from creditline.lending.derived import balance
from creditline.lending.product import ProductError, load_product
from creditline.lending.schedule import plan
from creditline.lending.terms import date_of
from creditline.simulate.account import Account, reference, shipped
from creditline.simulate.limits import Look
from creditline.simulate.period import DAY, HOUR, OFFSET

BEGINS = 20_089
"""1 January 2025."""


def noon(day: int) -> int:
    return (BEGINS + day) * DAY - OFFSET + 12 * HOUR


def drawn() -> Account:
    account = Account("L", 1_000_000, 15, BEGINS)
    account.draw(noon(3), 700_000, "consumer-instalment", 3)
    return account


def first_due(account: Account) -> int:
    return min(account.due_days)


def test_a_draw_is_a_loan_of_its_product_on_the_lines_own_day() -> None:
    account = drawn()
    loan = account.core.loans["L0001"]
    assert loan.terms == load_product("consumer-instalment").terms(700_000, BEGINS + 3, 3, due_day=15)
    assert (account.owed, account.room(noon(3))) == (700_000, 300_000)
    assert date_of(first_due(account) + BEGINS).day == 15
    assert reference("consumer-instalment") == f"consumer-instalment@{shipped('consumer-instalment').version}"


def test_a_product_with_due_days_of_its_own_is_given_none() -> None:
    account = Account("L", 5_000_000, 7, BEGINS)
    account.draw(noon(10), 2_000_000, "business-interest-first", 6)
    assert date_of(first_due(account) + BEGINS).isoformat() == "2025-02-20"


def test_a_draw_beyond_the_room_or_of_what_is_not_lent_is_refused() -> None:
    with pytest.raises(AssertionError, match="300000 is left"):
        drawn().draw(noon(4), 300_001, "consumer-instalment", 3)
    with pytest.raises(ProductError, match="purpose"):
        drawn().draw(noon(4), 100_000, "consumer-instalment", 3, "gambling")
    assert drawn().room(noon(4)) == 300_000


def test_what_falls_due_is_what_was_agreed_and_is_paid_to_the_minor_unit() -> None:
    account = drawn()
    row = plan(account.core.loans["L0001"].terms)[0]
    day = row.due - BEGINS
    account.advance(day - 1)
    assert (account.due(day - 1), account.is_unpaid(day)) == (0, False)
    account.advance(day)
    assert (account.due(day), account.is_unpaid(day)) == (row.amount, True)
    receipt = account.repay(day, row.amount)
    assert (receipt.principal, receipt.interest, receipt.early, receipt.credit) == (row.principal, row.interest, 0, 0)
    assert [(each.number, each.days_late) for each in account.settled()] == [(1, 0)]
    assert account.settled() == []
    assert not account.unpaid
    assert account.earned == row.interest == -account.core.balances()[INTEREST_INCOME]


def test_paying_late_costs_penalty_and_a_younger_instalment_stays() -> None:
    account = drawn()
    first, second, _ = (row.due - BEGINS for row in plan(account.core.loans["L0001"].terms))
    account.advance(second + 5)
    amount = account.due(first)
    penalty = account.core.loans["L0001"].penalty_on(account.unpaid[0], account.core.day)
    assert amount == account.unpaid[0].owed + penalty
    assert penalty > 0
    assert account.due(second) > amount
    account.repay(second + 5, amount)
    assert [row.due - BEGINS for row in account.unpaid] == [second]
    assert [each.days_late for each in account.settled()] == [second + 5 - first]


def test_paying_it_all_off_leaves_nothing_and_no_credit() -> None:
    account = drawn()
    account.advance(first_due(account) + 3)
    receipt = account.repay(account.core.day - BEGINS, account.payoff())
    assert receipt.early > 0
    assert (account.owed, balance(account.core), account.core.credit, account.due_days) == (0, 0, 0, set())


def test_a_statement_shows_interest_that_fell_due_too() -> None:
    account = drawn()
    assert balance(account.core) == 700_000
    account.advance(first_due(account))
    assert balance(account.core) == 700_000 + account.unpaid[0].unpaid["interest"]


def test_what_is_written_off_is_owed_no_more() -> None:
    account = drawn()
    account.draw(noon(5), 100_000, "consumer-any-day", 1)
    account.advance(250)
    assert not account.is_lost
    assert account.write_off(250) == ["L0001", "L0002"]
    assert (account.owed, balance(account.core), account.is_lost) == (0, 0, True)


def test_the_highest_balance_counts_what_was_owed_when_the_time_began() -> None:
    account = drawn()
    account.advance(20)
    account.repay(20, account.payoff() - 300_000)
    left = account.owed
    assert 0 < left < 400_000
    assert account.highest(0) == account.highest(10) == 700_000
    assert account.highest(21) == left
    assert Account("L", 1, 5, BEGINS).highest(0) == 0


def test_a_line_with_limits_in_force_is_drawn_on_within_them_and_each_look_is_noted() -> None:
    opened, cut, closed = noon(2), noon(6), noon(9)
    account = Account("L", 1_000_000, 15, BEGINS, [(opened, 500_000), (cut, 200_000), (closed, 0)])
    assert account.room(noon(1)) == 0
    account.draw(noon(3), 300_000, "consumer-instalment", 3)
    assert [account.room(noon(4)), account.room(noon(4), 150_000)] == [200_000, 150_000]
    assert [account.room(noon(7)), account.room(noon(10))] == [0, 0]
    assert account.looks[:3] == [
        Look(noon(1), 0, None, 0), Look(noon(4), 300_000, None, 200_000), Look(noon(4), 300_000, 150_000, 150_000)
    ]  # fmt: skip
    with pytest.raises(AssertionError, match="0 is left"):
        account.draw(noon(10), 100_000, "consumer-instalment", 3)
