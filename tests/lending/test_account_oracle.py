"""The account against the naive oracle of tests/oracle_lending: random products, random lives of a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from creditline.lending.account import Account, LendingError
from creditline.lending.calendar import Business, DueRule
from creditline.lending.loan import Loan
from creditline.lending.rounding import Rounding
from creditline.lending.schedule import plan
from creditline.lending.terms import ONE_ROW, DayCount, DueDays, Early, Method, Part, Penalty, Terms, day_number
from tests import oracle_lending as naive
from tests.oracle_lending.due import EveryDays, Monthly
from tests.oracle_lending.operations import in_order

FIRST = day_number(date(2023, 10, 17))
DAYS = 550
LOANS = ("A", "B", "C")
PARTS: tuple[Part, ...] = ("fee", "penalty", "interest", "principal")

Measure = Literal["share", "payoff", "due", "units"]


@dataclass(frozen=True)
class Wish:
    """An operation before the account tells its amounts: what is due or repays a loan is known only when it comes."""

    operation: naive.Operation
    measure: Measure = "units"
    size: int = 0
    """Thousandths of the principal; units beside what is due or repays the loan; instalments beside those to come."""


business = st.sampled_from(get_args(Business))
due_rules: st.SearchStrategy[DueDays] = st.one_of(
    st.just(Monthly()),
    st.builds(Monthly, st.integers(1, 6), st.none(), st.integers(0, 3)),
    st.builds(Monthly, st.integers(1, 3), st.integers(1, 31), st.integers(0, 3)),
    st.builds(EveryDays, st.sampled_from([1, 7, 10, 14, 30, 90])),
    st.builds(DueRule, st.integers(1, 3), business=business),
    st.builds(DueRule, st.integers(1, 3), on=st.integers(1, 31), least=st.sampled_from([0, 15]), business=business),
    st.builds(DueRule, st.sampled_from([7, 10, 30]), unit=st.just("days"), business=business),
)
penalties = st.builds(Penalty, st.sampled_from([0, 60_000_000, 999_999_999]), st.booleans(), st.booleans())


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """What is agreed for one loan."""
    method: Method = draw(
        st.sampled_from((*get_args(Method), "equal_instalment", "equal_instalment", "equal_principal"))
    )
    principal = draw(st.sampled_from([100_00, 5_000_00, 123_456_78]) | st.integers(1, 2_000) | st.integers(1, 10**12))
    return Terms(
        principal=principal,
        rate=draw(st.sampled_from([0, 72_000_000, 120_000_000, 180_000_000, 359_999_999, 999_999_999])),
        drawn=FIRST + draw(st.sampled_from([0, 0, 1, 14]) | st.integers(0, 200)),
        rows=1 if method in ONE_ROW else draw(st.sampled_from([1, 3, 6, 12, 12]) | st.integers(1, 24)),
        due=draw(due_rules),
        method=method,
        day_count=draw(st.sampled_from(get_args(DayCount))),
        rounding=draw(st.sampled_from(get_args(Rounding))),
        smoothing=draw(st.booleans()),
        grace_days=draw(st.sampled_from([0, 0, 1, 3, 10])),
        penalty=draw(penalties),
        order=tuple(draw(st.permutations(PARTS))),
        early=draw(st.sampled_from(get_args(Early))),
        early_fee=draw(st.sampled_from([0, 0, 5_000, 10_000, 333_333])),
        upfront_fee=draw(st.sampled_from([0, 0, principal // 50])),
        row_fee=draw(st.sampled_from([0, 0, 1, 2_00])),
    )


smoothed = st.builds(
    replace, terms(), method=st.just("equal_instalment"), smoothing=st.just(True), rows=st.integers(2, 12)
)
"""Plans in which the last instalments are compared."""


@st.composite
def days(draw: st.DrawFn, its: Terms) -> int:
    """A day in a loan's life, often near a due day."""
    if draw(st.booleans()):
        row = draw(st.integers(0, min(its.rows, 18)))
        day = its.due.days(its.drawn, row + 1)[row] + draw(st.integers(-2, its.grace_days + 3))
    else:
        day = its.drawn + draw(st.integers(0, DAYS) | st.integers(0, 60))
    return max(day, its.drawn)


@st.composite
def wishes(draw: st.DrawFn, drawn: Mapping[str, Terms], number: int) -> Wish:
    """An operation on one of the loans."""
    loan = draw(st.sampled_from(sorted(drawn)))
    name, day, at = f"wish {number:02}", draw(days(drawn[loan])), draw(st.integers(0, 2))
    kind = draw(st.sampled_from(["loan", "loan", "line", "line", "line", "fewer", "smaller", "skip_next", "lost"]))
    match kind:
        case "fewer" | "smaller" | "skip_next":
            return Wish(naive.Reschedule(day, name, loan, kind, at=at), "units", draw(st.integers(0, 6)))
        case "lost":
            return Wish(naive.WriteOff(max(day, drawn[loan].drawn + 90), name, loan, at))
    operation = naive.Repay(day, name, 1, loan if kind == "loan" else None, at)
    measure: Measure = draw(st.sampled_from(["share", "share", "share", "payoff", "due", "due", "units"]))
    if measure == "share":
        size = st.integers(1, 300) | st.integers(1, 1_500)
    elif measure == "units":
        size = st.integers(1, 300_00)
    else:
        size = st.integers(-2, 2) | st.integers(-300, 2_000)
    return Wish(operation, measure, draw(size))


@st.composite
def habits(draw: st.DrawFn, loan: str, its: Terms) -> list[Wish]:
    """A loan whose first rows are paid as they fall due, or a little later, at times with more than is due."""
    count = draw(st.sampled_from([0, 0, 1, 3, 8, 18]))
    delays = st.integers(0, 2) | st.integers(0, its.grace_days + 5)
    more = st.sampled_from([0, 0, 0, its.principal // 20])
    return [
        Wish(naive.Repay(day + draw(delays), f"row {loan} {number:02}", 1, loan), "due", draw(more))
        for number, day in enumerate(its.due.days(its.drawn, count))
        if day < FIRST + DAYS
    ]


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Wish], int]:
    """Draws, what is done after them, and the day to look at."""
    drawn = {loan: draw(terms()) for loan in LOANS[: draw(st.sampled_from([1, 1, 2, 3]))]}
    life = [
        Wish(naive.Draw(its.drawn, f"draw {loan}", loan, its, draw(st.integers(0, 1)))) for loan, its in drawn.items()
    ]
    for loan, its in drawn.items():
        life += draw(habits(loan, its))
    life += [draw(wishes(drawn, number)) for number in range(draw(st.integers(0, 12)))]
    until = FIRST + draw(st.just(DAYS) | st.integers(0, DAYS))
    first = min(its.drawn for its in drawn.values())
    return [wish for wish in life if wish.operation.day <= max(first, until)], max(first, until)


def amount(account: Account, wish: Wish, day: int) -> int:
    """How much money a wish is."""
    assert isinstance(wish.operation, naive.Repay)
    account.advance(day)
    name = wish.operation.loan
    loans = [each for each in account.loans.values() if name in (None, each.id)]
    if wish.measure == "share":
        return max(1, sum(loan.terms.principal for loan in loans) * wish.size // 1000)
    payoffs = [account.payoff(loan.id) for loan in loans if not loan.is_written_off]
    total = {
        "payoff": sum(payoff.total for payoff in payoffs),
        "due": sum(payoff.due + payoff.penalty for payoff in payoffs),
        "units": 0,
    }[wish.measure]
    return max(1, total + wish.size)


def settled_wish(account: Account, wish: Wish) -> naive.Operation:
    """The operation itself."""
    operation = wish.operation
    if isinstance(operation, naive.Repay):
        return replace(operation, amount=amount(account, wish, operation.day))
    if isinstance(operation, naive.Reschedule) and operation.change != "skip_next":
        account.advance(operation.day)
        now = len(account.loans[operation.loan].coming) if operation.loan in account.loans else 0
        rows = now - wish.size if operation.change == "fewer" else now + wish.size
        return replace(operation, instalments=rows)
    return operation


def do(account: Account, operation: naive.Operation) -> bool:
    """One operation on the account; False where it does not fit."""
    day = operation.day
    try:
        if isinstance(operation, naive.Draw):
            account.draw(day, operation.id, operation.loan, operation.terms)
        elif isinstance(operation, naive.Repay):
            account.repay(day, operation.id, operation.amount, operation.loan)
        elif isinstance(operation, naive.Reschedule):
            account.reschedule(day, operation.loan, operation.change, operation.instalments)
        else:
            account.write_off(day, operation.id, operation.loan)
    except LendingError:
        return False
    return True


def rows_fallen_due(loan: Loan, day: int) -> list[object]:
    """Due day, what fell due, what is unpaid by part, penalty recognised and not yet."""
    return [
        (row.due, row.amount, {part: row.unpaid.get(part, 0) for part in PARTS}, row.penalty, loan.penalty_on(row, day))
        for row in loan.instalments
    ]


def rows_fallen_due_naively(loan: naive.Loan, day: int) -> list[object]:
    """The same of the oracle."""
    return [
        (
            row.due,
            row.owed["principal"] + row.owed["interest"] + row.owed["fee"],
            {part: row.unpaid(part) for part in PARTS},
            row.owed["penalty"],
            row.penalty_to_recognise(day),
        )
        for row in loan.fallen
    ]


def rows_to_come(loan: Loan) -> list[tuple[int, int]]:
    """Due day and principal."""
    ends = loan.terms.due.days(loan.terms.drawn, max((row.period for row in loan.coming), default=0) + 1)
    return [(ends[row.period], row.principal) for row in loan.coming]


def same_loan(loan: Loan, plain: naive.Loan, account: Account, book: naive.Book) -> None:
    """All that is known of a loan."""
    assert loan.is_written_off == plain.written_off
    assert loan.claim == plain.claim - plain.recovered
    if plain.written_off:
        assert (loan.written_off, loan.balance) == (plain.balance, 0)
        return
    day = account.day
    assert loan.balance == plain.balance
    assert loan.repaid == loan.terms.principal - plain.balance
    assert rows_fallen_due(loan, day) == rows_fallen_due_naively(plain, day)
    assert rows_to_come(loan) == [(row.due, row.principal) for row in plain.to_come]
    assert loan.accrued_on(day) == plain.accrued(day)
    assert account.payoff(loan.id).total == book.quote(loan.id, day)


@settings(max_examples=settings().max_examples * 6)
@given(terms() | smoothed)
def test_the_schedule_is_the_one_the_oracle_plans(its: Terms) -> None:
    rows = plan(its)
    plain = naive.first_plan(its)
    assert [(row.due, row.principal, row.interest) for row in rows] == [
        (row.due, row.principal, row.interest) for row in plain
    ]
    assert [row.fee for row in rows] == [its.row_fee if row.amount else 0 for row in plain]


@settings(max_examples=settings().max_examples * 3, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_the_account_is_the_one_the_oracle_works_out(lived: tuple[list[Wish], int]) -> None:
    life, until = lived
    wishes_of = {wish.operation.id: wish for wish in life}
    account, leaping = Account("L"), Account("L")
    operations: list[naive.Operation] = []
    refused: list[str] = []
    arrears: dict[int, tuple[int, int]] = {}
    waiting = in_order(wish.operation for wish in life)
    for day in range(waiting[0].day, until + 1):
        while waiting and waiting[0].day == day:
            operation = settled_wish(account, wishes_of[waiting.pop(0).id])
            operations.append(operation)
            if not do(account, operation):
                refused.append(operation.id)
            do(leaping, operation)
        account.advance(day)
        arrears[day] = (account.arrears().days_past_due, account.arrears().amount)
    leaping.advance(until)
    assert (leaping.entries, leaping.settled) == (account.entries, account.settled)

    book = naive.walk(operations, until)
    assert refused == book.refused
    assert arrears == book.arrears
    assert account.credit == book.credit
    assert {each: account.balances().get(each, 0) for each in book.ledger.balances} == book.ledger.balances
    for entry in account.entries:
        assert sum(value for _, value in entry.postings) == 0
    assert sorted((each.loan, each.due, each.day) for each in account.settled) == sorted(book.settled)
    for name, loan in account.loans.items():
        same_loan(loan, book.loans[name], account, book)
