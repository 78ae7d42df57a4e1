"""The account: what is billed, settled and prepaid, to the minor unit."""

from __future__ import annotations

import pytest

from creditline.simulate.account import Account


def drawn() -> Account:
    account = Account(10_000)
    account.draw(day=3, amount=7_000, month=0, term=3)
    return account


def test_a_draw_is_split_into_equal_parts_the_first_taking_the_rest() -> None:
    assert drawn().parts == {1: 2_334, 2: 2_333, 3: 2_333}


def test_a_draw_beyond_the_room_is_refused() -> None:
    with pytest.raises(AssertionError, match="3000 is left"):
        drawn().draw(4, 3_001, 0, 3)


def test_an_instalment_is_principal_and_interest_on_the_balance() -> None:
    due = drawn().bill(day=40, month=1)
    assert due is not None
    assert (due.principal, due.interest, due.amount) == (2_334, 84, 2_418)


def test_nothing_owed_nothing_due() -> None:
    assert Account(10_000).bill(40, 1) is None


def test_paying_one_instalment_pays_every_older_one() -> None:
    account = drawn()
    account.bill(40, 1)
    account.bill(70, 2)
    assert [due.day for due in account.settle(75, until=70)] == [40, 70]
    assert account.owed == 2_333
    assert not account.overdue


def test_a_younger_instalment_stays_overdue() -> None:
    account = drawn()
    account.bill(40, 1)
    account.bill(70, 2)
    account.settle(75, until=40)
    assert [due.day for due in account.overdue] == [70]


def test_prepaying_takes_the_last_instalments_first() -> None:
    account = drawn()
    assert account.prepay(5, 3_000) == 3_000
    assert account.parts == {1: 2_334, 2: 1_666}


def test_prepaying_more_than_is_to_come_uses_only_that() -> None:
    account = drawn()
    account.bill(40, 1)
    assert account.prepay(41, 10_000) == 4_666
    assert account.owed == 2_334


def test_the_highest_balance_counts_what_was_owed_when_the_time_began() -> None:
    account = drawn()
    account.prepay(20, 3_000)
    assert account.highest(0) == account.highest(10) == 7_000
    assert account.highest(21) == 4_000
    assert Account(1).highest(0) == 0
