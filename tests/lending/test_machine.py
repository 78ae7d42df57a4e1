"""Whatever is done to a line, in whatever order, its books hold together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from creditline.lending.account import CASH, CREDIT, INTEREST_DUE, PENALTY_DUE, PRINCIPAL, Account, LendingError
from creditline.lending.loan import Change
from creditline.lending.operations import Operation, apply, build
from creditline.lending.terms import Terms
from tests.lending.lives import START, Monthly, drawing, losing, paying, replanning
from tests.lending.lives import terms as some_terms

LINE = "L-1"
AMOUNTS = st.integers(1, 300) | st.integers(1, 3_000_000) | st.integers(1, 200_000_000)


def order(move: Operation) -> tuple[int, str]:
    """The order in which an account takes them."""
    return move.at, move.id


def figures(account: Account) -> object:
    """All that an account says, to be compared."""
    loans = {
        loan.id: (loan.balance, loan.accrued_on(account.day), loan.coming, loan.instalments, loan.repaid, loan.claim)
        for loan in account.loans.values()
    }
    return loans, account.credit, account.arrears(), sorted(account.settled), account.entries


def held(account: Account) -> None:
    """What must be true of an account at any time."""
    books = account.balances()
    assert sum(books.values()) == 0
    assert all(sum(amount for _, amount in entry.postings) == 0 for entry in account.entries)
    for loan in account.loans.values():
        assert loan.terms.principal == loan.repaid + loan.balance + loan.written_off
        assert min(loan.repaid, loan.balance, loan.written_off, loan.accrued, loan.claim, account.credit) >= 0
        assert all(row.principal >= 0 for row in loan.coming)
        assert all(amount >= 0 for row in loan.instalments for amount in row.unpaid.values())
        due = sum(row.unpaid["principal"] for row in loan.unsettled)
        assert loan.balance == due + loan.future
        days = [loan.periods.ends[row.period] for row in loan.coming]
        assert days == sorted(set(days))
        assert not days or days[0] > account.day
    unsettled = [row.unpaid for loan in account.live for row in loan.unsettled]
    assert books.get(PRINCIPAL, 0) == account.owed
    assert books.get(INTEREST_DUE, 0) == sum(unpaid["interest"] for unpaid in unsettled)
    assert books.get(PENALTY_DUE, 0) == sum(unpaid["penalty"] for unpaid in unsettled)
    assert books.get(CREDIT, 0) == -account.credit
    assert not (account.credit and unsettled)
    behind = account.arrears()
    assert (behind.days_past_due > 0) == (behind.amount > 0)


class Life(RuleBasedStateMachine):
    """A line's life: things happen, are entered late, are taken back."""

    loans = Bundle("loans")
    paid = Bundle("paid")

    def __init__(self) -> None:
        super().__init__()
        self.moves: list[Operation] = []
        self.today = START
        self.number = 0

    @property
    def account(self) -> Account:
        return build(LINE, sorted(self.moves, key=order), self.today)[0]

    def take(self, move: Operation) -> bool:
        """Do it if it fits today's account; refused, it must have changed nothing."""
        account = self.account
        before = figures(account)
        try:
            apply(account, move)
        except LendingError:
            assert figures(account) == before
            return False
        self.moves.append(move)
        return True

    @initialize(target=loans, agreed=some_terms(START))
    def first_loan(self, agreed: Terms) -> str:
        self.moves.append(drawing(agreed, "A"))
        return "A"

    @precondition(lambda self: sum(move.terms is not None for move in self.moves) < 3)
    @rule(target=loans, agreed=some_terms(START))
    def another_loan(self, agreed: Terms) -> str:
        self.number += 1
        loan = f"B{self.number:03d}"
        assert self.take(drawing(replace(agreed, drawn=self.today), loan, self.number))
        return loan

    @rule(days=st.integers(0, 3) | st.integers(20, 70))
    def days_pass(self, days: int) -> None:
        self.today += days

    @rule(target=paid, loan=loans, amount=AMOUNTS, to_line=st.booleans())
    def money_comes(self, loan: str, amount: int, to_line: bool) -> Operation:
        self.number += 1
        move = paying(self.today, amount, f"pay:{self.number:03d}", None if to_line else loan, self.number)
        assert self.take(move)
        return move

    @rule(target=paid, loan=loans)
    def it_is_paid_off(self, loan: str) -> Operation:
        account = self.account
        owed = 0 if account.loans[loan].is_written_off else account.payoff(loan).total
        if owed > 1:
            # One minor unit less never does; all of it always does.
            short = build(LINE, sorted([*self.moves, paying(self.today, owed - 1, "zz", loan)], key=order), self.today)[
                0
            ]
            assert not short.loans[loan].is_over
        self.number += 1
        move = paying(self.today, max(1, owed), f"pay:{self.number:03d}", loan, self.number)
        assert self.take(move)
        if owed:
            assert self.account.loans[loan].is_over
        return move

    @rule(target=paid, amount=AMOUNTS, back=st.integers(1, 60))
    def money_becomes_known_late(self, amount: int, back: int) -> Operation:
        self.number += 1
        move = paying(max(START, self.today - back), amount, f"pay:{self.number:03d}")
        self.moves.append(move)
        return move

    @rule(move=consumes(paid))
    def money_is_taken_back(self, move: Operation) -> None:
        self.moves = [each for each in self.moves if each is not move]

    @rule(loan=loans, change=st.sampled_from(("fewer", "smaller", "skip_next")), rows=st.none() | st.integers(0, 20))
    def it_is_rescheduled(self, loan: str, change: Change, rows: int | None) -> None:
        self.number += 1
        self.take(replanning(self.today, loan, change, rows, f"plan:{self.number:03d}", self.number))

    @precondition(lambda self: len(self.moves) > 6)
    @rule(loan=loans)
    def it_is_lost(self, loan: str) -> None:
        self.number += 1
        self.take(losing(self.today, loan, self.number))

    @invariant()
    def the_books_hold(self) -> None:
        if self.moves:
            held(self.account)

    @invariant()
    def the_order_of_entry_does_not_matter(self) -> None:
        if self.moves:
            backwards = list(reversed(self.moves))
            backwards.sort(key=order)
            assert figures(build(LINE, backwards, self.today)[0]) == figures(self.account)

    @invariant()
    def stopping_on_the_way_does_not_matter(self) -> None:
        account = Account(LINE)
        for move in sorted(self.moves, key=order):
            if account.loans:
                account.advance(move.day)
            try:
                apply(account, move)
            except LendingError:
                continue
        if account.loans:
            for day in range(account.day, self.today + 1, 7):
                account.advance(day)
            account.advance(self.today)
            assert figures(account) == figures(self.account)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(agreed=some_terms(START), day=st.integers(0, 400), amount=AMOUNTS, more=AMOUNTS, late=st.booleans())
def test_paying_more_never_lengthens_and_paying_less_never_shortens(
    agreed: Terms, day: int, amount: int, more: int, late: bool
) -> None:
    draw = drawing(agreed, "A")
    # The borrower who is not late has paid every row on its day so far.
    kept = [] if late else _on_time(agreed, day)
    today = START + day
    less, rather = (
        build(LINE, sorted([draw, *kept, paying(today, sum_, "zz", "A")], key=order), today)[0]
        for sum_ in (amount, amount + more)
    )
    one, other = less.loans["A"], rather.loans["A"]
    assert len(other.coming) <= len(one.coming)
    assert (other.next_due is None) or (one.next_due is not None)
    assert other.balance <= one.balance
    if agreed.early == "fewer":
        ends = [loan.periods.ends[loan.coming[-1].period] if loan.coming else 0 for loan in (one, other)]
        assert ends[1] <= ends[0]


def _on_time(agreed: Terms, until: int) -> list[Operation]:
    """Repayments that keep a loan on time up to a day."""
    account, moves = Account(LINE), list[Operation]()
    apply(account, drawing(agreed, "A"))
    loan = account.loans["A"]
    while (due := loan.next_due) is not None and due < START + until:
        account.advance(due)
        owed = account.payoff("A").due
        if owed:
            moves.append(paying(due, owed, f"pay:{len(moves):03d}", "A"))
            apply(account, moves[-1])
    return moves


@given(agreed=some_terms(START), data=st.data())
def test_what_is_available_grows_by_exactly_the_principal_repaid(agreed: Terms, data: st.DataObject) -> None:
    account = Account(LINE)
    apply(account, drawing(agreed, "A"))
    day = START
    for number in range(4):
        day += data.draw(st.integers(0, 60))
        account.advance(day)
        before = account.owed
        receipt = account.repay(day, f"pay:{number}", data.draw(AMOUNTS))
        assert before - account.owed == receipt.principal
        parts = receipt.principal + receipt.interest + receipt.fees + receipt.penalty + receipt.recovered
        assert parts + receipt.credit == receipt.amount


@given(agreed=some_terms(START))
def test_a_loan_kept_on_time_ends_with_nothing_owed_and_no_penalty(agreed: Terms) -> None:
    account = Account(LINE)
    apply(account, drawing(agreed, "A"))
    loan = account.loans["A"]
    while (due := loan.next_due) is not None:
        account.advance(due)
        if owed := account.payoff("A").due:
            account.repay(due, f"pay:{due}", owed)
    assert loan.is_over
    assert len(loan.instalments) <= agreed.rows
    assert all(row.penalty == 0 and row.settled == row.due for row in loan.instalments)
    held(account)


@given(agreed=some_terms(START))
def test_a_back_dated_repayment_on_the_due_day_removes_every_trace_of_a_penalty(agreed: Terms) -> None:
    probe = Account(LINE)
    apply(probe, drawing(agreed, "A"))
    due = probe.loans["A"].next_due
    assert due is not None
    probe.advance(due)
    owed = probe.payoff("A").due
    assume(owed)
    draw, today = drawing(agreed, "A"), due + 25
    assume(agreed.rows == 1 or today < agreed.due.days(START, 2)[1])
    late, _ = build(LINE, [draw, paying(today, 1, "one", "A")], today)
    assert late.arrears().days_past_due == 25 or owed == 1
    put_right, _ = build(LINE, [draw, paying(due, owed, "back", "A")], today)
    in_time, _ = build(LINE, [draw, paying(due, owed, "back", "A")], due)
    assert put_right.arrears().amount == 0
    assert PENALTY_DUE not in put_right.balances()
    assert put_right.entries == in_time.entries


def test_a_draw_pays_out_the_principal_less_the_fee_kept_back() -> None:
    account = Account(LINE)
    agreed = Terms(1_000_000, 144_000_000, START, 12, Monthly(), "equal_instalment", "act/365", upfront_fee=10_000)
    account.draw(START, "d", "A", agreed)
    assert account.balances() == {CASH: -990_000, PRINCIPAL: 1_000_000, 4020: -10_000}


@pytest.mark.parametrize("amount", [0, -1, -(10**13)])
def test_no_money_is_no_repayment(amount: int) -> None:
    account = Account(LINE)
    with pytest.raises(LendingError, match=r"amount: .* is no repayment; give more than 0"):
        account.repay(START, "p", amount)
    assert account == Account(LINE)
