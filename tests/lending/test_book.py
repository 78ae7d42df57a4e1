"""The day end on columns: equal to every line's own account, day after day, and kept without loss."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.lending.account import FEE_INCOME, INTEREST_DUE, INTEREST_INCOME, Account, Arrears, LendingError
from creditline.lending.book import Book, BookError, DayEnd
from creditline.lending.calendar import Business, DueRule
from creditline.lending.kernel import COUNTS, METHODS, NEVER, RATE_MAX, ROUNDINGS
from creditline.lending.loan import Change
from creditline.lending.schedule import plan
from creditline.lending.terms import ONE_ROW, Early, Part, Penalty, Terms, day_number
from creditline.lines.kernel import Engine

START = day_number(date(2023, 11, 28))
PARTS: tuple[Part, ...] = ("fee", "penalty", "interest", "principal")
TERMS = Terms(
    principal=12_000_00,
    rate=180_000_000,
    drawn=START,
    rows=12,
    due=DueRule(1),
    method="equal_instalment",
    day_count="act/365",
    grace_days=3,
    penalty=Penalty(90_000_000),
)

# -- lives of lines -----------------------------------------------------------------------------------

business = st.sampled_from(get_args(Business))
due_rules = st.one_of(
    st.builds(DueRule, st.sampled_from([1, 1, 1, 3]), business=business),
    st.builds(DueRule, st.integers(1, 2), on=st.integers(1, 31), least=st.sampled_from([0, 15]), business=business),
    st.builds(DueRule, st.sampled_from([1, 7, 30]), unit=st.just("days"), business=business),
)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """What may be agreed for one loan."""
    method = draw(st.sampled_from((*METHODS, "equal_instalment")))
    principal = draw(st.integers(1, 2_000) | st.integers(10_000, 10**8) | st.integers(1, 10**12))
    drawn = START + draw(st.integers(0, 60))
    due = draw(due_rules)
    if not due.on and draw(st.booleans()):
        due = replace(due, first_due=drawn + draw(st.integers(1, 50)))
    return Terms(
        principal=principal,
        rate=draw(st.sampled_from([0, 1_000, 144_000_000, 240_000_001, RATE_MAX])),
        drawn=drawn,
        rows=1 if method in ONE_ROW else draw(st.integers(1, 12)),
        due=due,
        method=method,
        day_count=draw(st.sampled_from(COUNTS)),
        rounding=draw(st.sampled_from(ROUNDINGS)),
        grace_days=draw(st.sampled_from([0, 0, 3])),
        penalty=Penalty(draw(st.sampled_from([0, 72_000_000])), draw(st.booleans()), draw(st.booleans())),
        order=draw(st.sampled_from(list(permutations(PARTS)))),
        early=draw(st.sampled_from(get_args(Early))),
        early_fee=draw(st.sampled_from([0, 10_000])),
        row_fee=draw(st.sampled_from([0, 0, 100])),
    )


class Step(NamedTuple):
    """Something happens on a line some days after the step before."""

    after: int
    what: Literal["pay", "repay loan", "write off", "fewer", "smaller", "skip_next"]
    loan: int
    share: int
    """Thousandths of what is owed."""


steps = st.builds(
    Step,
    st.integers(0, 40),
    st.sampled_from(("pay", "pay", "pay", "repay loan", "write off", "fewer", "smaller", "skip_next")),
    st.integers(0, 2),
    st.sampled_from([1, 5, 50, 100, 400, 999, 1000]),
)


def take(account: Account, day: int, step: Step, name: str) -> None:
    """Do a step on an account that stands at its day; what does not fit changes nothing."""
    loan = list(account.loans)[step.loan % len(account.loans)]
    found = account.loans[loan]
    owed = sum(row.owed for row in found.unsettled) or found.balance
    try:
        if step.what in ("pay", "repay loan"):
            account.repay(day, name, owed * step.share // 1000 or 1, loan if step.what == "repay loan" else None)
        elif step.what == "write off":
            account.write_off(day, name, loan)
        else:
            change: Change = step.what  # type: ignore[assignment]  # the three that are left
            rows = {"fewer": 1 + step.loan, "smaller": len(found.coming) + 2}.get(change)
            account.reschedule(day, loan, change, rows)
    except LendingError:
        return


@st.composite
def accounts(draw: st.DrawFn) -> list[Account]:
    """A few lines with a few loans each, somewhere in their lives, all at one day."""
    lives = []
    for line in range(draw(st.integers(1, 3))):
        account = Account(f"L{line}")
        agreed = sorted(draw(st.lists(terms(), min_size=1, max_size=3)), key=lambda each: each.drawn)
        for number, each in enumerate(agreed):
            account.draw(each.drawn, f"d{number}", f"{line}-{number}", each)
        for number, step in enumerate(draw(st.lists(steps, max_size=12))):
            account.advance(account.day + step.after)
            take(account, account.day, step, f"s{number}")
        lives.append(account)
    day = max(account.day for account in lives) + draw(st.integers(0, 45))
    for account in lives:
        account.advance(day)
    return lives


# -- the book beside the accounts ---------------------------------------------------------------------


def shown(book: Book) -> dict[str, object]:
    """Loans on which something may still happen, with all that is known of them but due days far ahead."""
    told: dict[str, object] = {}
    loans, unpaid = book.loans, list(zip(*(column.tolist() for column in book.unpaid), strict=True))
    for place, name in enumerate(book.ids):
        cells = {field: int(column[place]) for field, column in loans._asdict().items()}
        rows = [row[1:] for row in unpaid if row[0] == place]
        if cells["next_due"] == NEVER and not rows:
            continue
        parts = book.parts[cells.pop("coming") : cells.pop("coming_stop")].tolist()
        if not parts:
            del cells["next_period"]
        ends = book.ends[cells["end"] - 1 : cells.pop("end_stop")].tolist()
        del cells["end"]
        line = book.lines[cells.pop("line")]
        rule = [int(column[place]) for column in book.rules]
        told[name] = (line, cells, rule, parts, ends[:2], rows)
    return told


def assert_as_accounts(book: Book, done: DayEnd, lives: Sequence[Account], before: Sequence[Account]) -> None:
    """The book and what its day end told are what the accounts came to from those before."""
    on = [name for name in done.lines if name not in book.left_out]
    there = {account.line: account for account in lives}
    was = {account.line: account for account in before}
    assert shown(book) == shown(Book.from_accounts([there[name] for name in on], book.day))
    assert book.unbalanced() == []
    told = dict(zip(done.lines, zip(done.days_past_due.tolist(), done.overdue.tolist(), strict=True), strict=True))
    assert told == {name: there[name].arrears() for name in on}
    changed = {name: there[name].arrears() for name in on if there[name].arrears() != was[name].arrears()}
    assert dict(done.arrears_changed()) == changed
    entries = {(name, entry) for name in on for entry in there[name].entries[len(was[name].entries) :]}
    assert set(done.entries()) == entries
    sums: dict[int, int] = {}
    for _, entry in entries:
        for account, amount in entry.postings:
            sums[account] = sums.get(account, 0) + amount
    assert {account: amount for account, amount in done.sums.items() if amount} == {
        account: amount for account, amount in sums.items() if amount
    }
    penalty = {
        name: sum(loan.penalty_on(row, done.day) for loan in there[name].live for row in loan.unsettled) for name in on
    }
    assert dict(zip(done.lines, done.penalty.tolist(), strict=True)) == penalty


def assert_statements(done: DayEnd, lives: Sequence[Account]) -> None:
    """On the last day of a month the statements are what the accounts' books say."""
    assert done.statements is not None
    there = {account.line: account for account in lives}
    for place, name in enumerate(done.lines):
        account = there[name]
        rows = [row for loan in account.live for row in loan.unsettled]
        owed = account.owed + sum(row.unpaid[part] for row in rows for part in ("interest", "fee", "penalty"))
        assert done.statements.owed[place] == owed
        assert done.statements.principal[place] == account.owed
        assert done.statements.months_behind[place] == -(-account.arrears().days_past_due // 30)


@given(accounts(), st.lists(st.sampled_from([0, 1, 1, 1, 2, 7, 31, 90]), min_size=1, max_size=8))
def test_day_ends_leave_what_every_account_comes_to(lives: list[Account], days: list[int]) -> None:
    day = lives[0].day
    book = Book.from_accounts(lives, day)
    for step in days:
        before = deepcopy(lives)
        day += step
        for account in lives:
            account.advance(day)
        assert_as_accounts(book, done := book.day_end(day, engine="python"), lives, before)
        if done.statements is not None:
            assert_statements(done, lives)


@given(accounts(), st.lists(st.tuples(st.integers(1, 40), st.integers(0, 2), steps), min_size=1, max_size=5))
def test_lines_that_something_happens_to_are_taken_out_and_put_back(
    lives: list[Account], happens: list[tuple[int, int, Step]]
) -> None:
    book = Book.from_accounts(lives, lives[0].day)
    for number, (days, line, step) in enumerate(happens):
        account = lives[line % len(lives)]
        book = book.without([account.line])
        before = deepcopy(lives)
        day = account.day + days
        for each in lives:
            each.advance(day)
        done = book.day_end(day, engine="python")
        assert account.line not in done.lines
        assert_as_accounts(book, done, lives, before)
        take(account, day, step, f"late{number}")
        book = book.joined(Book.from_accounts([account], day))
        assert shown(book) == shown(Book.from_accounts(lives, day))


@given(accounts(), st.integers(0, 40))
def test_a_book_comes_back_from_disk_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, lives: list[Account], days: int
) -> None:
    path = tmp_path_factory.mktemp("book") / "book.parquet"
    book = Book.from_accounts(lives, lives[0].day)
    book.day_end(book.day + days, engine="python")
    book.save(path)
    again = Book.load(path)
    assert shown(again) == shown(book)
    assert (again.day, again.left_out, again.lines.tolist()) == (book.day, book.left_out, book.lines.tolist())
    assert again.told.tolist() == book.told.tolist()
    later = book.day + 400
    one, other = book.day_end(later, engine="python"), again.day_end(later, engine="python")
    assert list(one.entries()) == list(other.entries())
    assert shown(again) == shown(book)


# -- what is worth telling -----------------------------------------------------------------------------


def line(name: str, day: int, agreed: Terms = TERMS) -> Account:
    account = Account(name)
    account.draw(agreed.drawn, f"draw {name}", f"loan {name}", agreed)
    account.advance(day)
    return account


@pytest.mark.parametrize("engine", ["python", "numba"])
def test_compiled_or_not_it_does_the_same(engine: Engine) -> None:
    rules = (DueRule(1), DueRule(1, on=20), DueRule(2, on=31), DueRule(20, unit="days"))
    lives = [
        line(
            f"L{place}",
            START + 20,
            replace(
                TERMS,
                drawn=START - place % 40,
                principal=100_000_00 + place,
                day_count=COUNTS[place % len(COUNTS)],
                due=rules[place % len(rules)],
            ),
        )
        for place in range(240)
    ]
    book = Book.from_accounts(lives, START + 20)
    for day in (START + 45, START + 46, START + 500):
        before = deepcopy(lives)
        for account in lives:
            account.advance(day)
        assert_as_accounts(book, book.day_end(day, engine=engine), lives, before)


def test_interest_goes_on_falling_due_years_after_the_last_row() -> None:
    lives = [line("L", START + 300)]
    book = Book.from_accounts(lives, START + 300)
    for day in range(START + 330, START + 3_000, 30):
        before = deepcopy(lives)
        lives[0].advance(day)
        assert_as_accounts(book, book.day_end(day), lives, before)
    assert len(lives[0].live[0].unsettled) > 90


def test_rows_of_nothing_fall_away_with_their_loan() -> None:
    lives = [line("L", START, replace(TERMS, principal=3, rows=5, rate=0, method="equal_principal", early="next"))]
    lives[0].repay(START, "early", 2)
    book = Book.from_accounts(lives, START)
    before = deepcopy(lives)
    lives[0].advance(START + 400)
    assert_as_accounts(book, book.day_end(START + 400), lives, before)


def test_interest_left_over_falls_due_when_the_principal_is_repaid() -> None:
    agreed = replace(TERMS, method="bullet", rows=1, order=("principal", "fee", "penalty", "interest"))
    lives = [line("L", START + 45, agreed)]
    lives[0].repay(START + 45, "paid", agreed.principal)
    assert (lives[0].owed, lives[0].live[0].accrued > 0) == (0, True)
    book = Book.from_accounts(lives, START + 45)
    for day in (START + 60, START + 70, START + 200):
        before = deepcopy(lives)
        lives[0].advance(day)
        assert_as_accounts(book, book.day_end(day), lives, before)
    assert set(book.loans.next_due.tolist()) == {NEVER}


def test_a_row_of_which_penalty_alone_is_unpaid_is_not_late() -> None:
    agreed = replace(TERMS, order=("fee", "interest", "principal", "penalty"))
    lives = [line("L", START + 58, agreed)]
    lives[0].repay(START + 58, "paid", plan(agreed)[0].amount)
    assert [(row.owed, row.unpaid["penalty"] > 0) for row in lives[0].live[0].unsettled] == [(0, True)]
    book = Book.from_accounts(lives, START + 58)
    for day in (START + 59, START + 63, START + 70):
        before = deepcopy(lives)
        lives[0].advance(day)
        assert_as_accounts(book, done := book.day_end(day), lives, before)
    assert done.days_past_due.tolist() == [9]


def test_a_line_with_credit_is_left_out_and_named() -> None:
    lives = [line("in", START + 10), line("out", START + 10)]
    lives[1].loans["loan out"].terms = replace(TERMS)
    lives[1].repay(START + 10, "much", 20_000_00, "loan out")
    lives[1].draw(START + 10, "again", "second", replace(TERMS, drawn=START + 10))
    assert lives[1].credit
    book = Book.from_accounts(lives, START + 10)
    assert book.left_out == {"out": "has credit"}
    assert book.lines.tolist() == ["in"]
    assert book.without(["out"]).left_out == {}
    assert book.joined(Book.from_accounts([line("other", START + 10)], START + 10)).left_out == {"out": "has credit"}


@pytest.mark.parametrize(
    ("agreed", "why"),
    [
        (replace(TERMS, rate=RATE_MAX + 1), "rate"),
        (replace(TERMS, penalty=Penalty(RATE_MAX + 1)), "rate"),
        (replace(TERMS, due=DueRule(121)), "periods"),
        (replace(TERMS, due=DueRule(1, first_due=START + 4_000)), "first period"),
    ],
)
def test_what_columns_cannot_carry_is_left_out_and_named(agreed: Terms, why: str) -> None:
    book = Book.from_accounts([line("L", START, agreed)], START)
    assert why in book.left_out["L"]
    assert book.ids.tolist() == []


def test_a_late_line_is_told_every_day_and_a_line_in_order_never() -> None:
    book = Book.from_accounts(
        [line("late", START + 32), line("young", START + 32, replace(TERMS, drawn=START + 30))], START + 32
    )
    told = [dict(book.day_end(START + day).arrears_changed()) for day in (33, 34, 35, 36)]
    row = plan(TERMS)[0].amount
    assert told == [{}, {"late": Arrears(4, row)}, {"late": Arrears(5, row)}, {"late": Arrears(6, row)}]


def test_the_sums_of_a_day_balance_by_account() -> None:
    book = Book.from_accounts([line("L", START + 29, replace(TERMS, row_fee=5_00))], START + 29)
    assert book.day_end(START + 30).sums == {
        INTEREST_DUE: 17_753,
        1130: 500,
        INTEREST_INCOME: -17_753,
        FEE_INCOME: -500,
    }
    assert book.balances() == {1110: 12_000_00, INTEREST_DUE: 17_753, 1130: 500, 1140: 0}


def test_a_book_never_goes_back() -> None:
    book = Book.from_accounts([line("L", START + 5)], START + 5)
    with pytest.raises(AssertionError, match="comes before"):
        book.day_end(START + 4)


def test_books_of_two_days_or_with_one_line_in_both_do_not_join() -> None:
    book = Book.from_accounts([line("L", START + 5)], START + 5)
    with pytest.raises(AssertionError, match="cannot join"):
        book.joined(Book.from_accounts([line("M", START + 6)], START + 6))
    with pytest.raises(AssertionError, match="in both"):
        book.joined(Book.from_accounts([line("L", START + 5)], START + 5))


def test_an_empty_book_ends_its_days_too(tmp_path: Path) -> None:
    book = Book.from_accounts([], START)
    assert book.day_end(START + 3).sums == {INTEREST_DUE: 0, 1130: 0, INTEREST_INCOME: 0, FEE_INCOME: 0}
    book.save(tmp_path / "book.parquet")
    assert Book.load(tmp_path / "book.parquet").day == START + 3


def test_a_file_that_is_no_book_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no book")
    with pytest.raises(BookError, match="is no book"):
        Book.load(tmp_path / "text")
    pq.write_table(pa.table({"line": ["L"]}), tmp_path / "table")
    with pytest.raises(BookError, match="another version"):
        Book.load(tmp_path / "table")
