"""The lending core in batch: schedules and the day end of SIMULATED loans, made as columns and never in production."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.cases import Row, Scale
from bench.timing import CORES, Timing, timed
from creditline.lending.account import Account
from creditline.lending.batch import Schedules, plan_columns, terms_of
from creditline.lending.book import AHEAD, Book, DayEnd, Rules
from creditline.lending.calendar import DueRule
from creditline.lending.kernel import COUNTS, METHODS, NEVER, Agreed, Int64s, Open, Unpaid
from creditline.lending.schedule import plan
from creditline.lending.terms import Penalty, Terms

DAY = 20_619
"""15 June 2026, on which three loans in ten have a row due besides those drawn on a 15th."""

GRACE = 3
PENALTY = 90_000_000

_ON, _SHARES = (0, 5, 15, 25), (0.4, 0.15, 0.3, 0.15)
"""Due days of the month, 0 the day of the draw, and how often they are agreed."""


@dataclass(frozen=True)
class Loans:
    """Loans as agreed, in columns; ``due`` holds AHEAD days more a loan than it has rows."""

    agreed: Agreed
    on: Int64s
    rows: Int64s
    due: Int64s
    starts: Int64s
    """Where the due days of each loan begin, and where the last end."""

    def planned(self) -> tuple[Int64s, Int64s]:
        """Where the rows of each loan begin, and the due days of the rows alone."""
        place = np.arange(len(self.due)) - np.repeat(self.starts[:-1], np.diff(self.starts))
        return _offsets(self.rows), self.due[place < np.repeat(self.rows, np.diff(self.starts))]


def generate(loans: int, seed: int = 1) -> Loans:
    """Loans that have rows to come on ``DAY``, at every month of their lives."""
    rng = np.random.default_rng(seed)
    rows = rng.choice([3, 6, 12, 24, 36], loans, p=[0.15, 0.2, 0.35, 0.2, 0.1])
    age = rng.integers(0, rows - 1)
    month = _month(np.full(loans, DAY)) - age - 1
    drawn = month.astype("M8[D]").astype(np.int64) + rng.integers(0, 28, loans)
    on = rng.choice(_ON, loans, p=_SHARES)
    of_month = np.where(on > 0, on, drawn - month.astype("M8[D]").astype(np.int64) + 1)
    # The first due day is the first such day of the month after the draw.
    later = (month.astype("M8[D]").astype(np.int64) + of_month - 1 <= drawn).astype(np.int64)
    starts = _offsets(rows + AHEAD)
    number = np.arange(starts[-1]) - np.repeat(starts[:-1] - later, rows + AHEAD)
    due = (np.repeat(month, rows + AHEAD) + number).astype("M8[D]").astype(np.int64) + np.repeat(of_month, rows + AHEAD)
    due -= 1
    first = due[starts[:-1]]
    before = (_month(first) - 1).astype("M8[D]").astype(np.int64) + of_month - 1
    agreed = Agreed(
        principal=rng.integers(10, 2_000, loans) * 100_00,
        rate=rng.choice([72, 108, 144, 180, 216, 240], loans) * 1_000_000,
        drawn=drawn,
        method=rng.choice(len(METHODS), loans, p=[0.75, 0.15, 0.1, 0, 0]),
        day_count=rng.choice(len(COUNTS), loans, p=[0.4, 0.2, 0.3, 0.1, 0]),
        rounding=np.zeros(loans, np.int64),
        smoothing=np.ones(loans, np.int64),
        row_fee=np.zeros(loans, np.int64),
        months=np.ones(loans, np.int64),
        first_top=np.where(on > 0, first - drawn, 1),
        first_bottom=np.where(on > 0, first - before, 1),
    )
    return Loans(agreed, on, rows, due, starts)


def open_book(loans: Loans, plans: Schedules, seed: int = 1) -> tuple[Book, Int64s]:
    """The book of the loans at the end of the day before ``DAY``, and how many rows of each were paid, on their days.

    The last one to three rows due of about one loan in twelve were not; what they bear the book works out itself.
    """
    rng = np.random.default_rng([seed, 1])
    agreed, n, zeros = loans.agreed, len(loans.rows), np.zeros(len(loans.rows), np.int64)
    fell = np.add.reduceat(loans.due < DAY, loans.starts[:-1])
    paid = np.maximum(0, fell - np.where(rng.random(n) < 0.08, rng.integers(1, 4, n), 0))
    # One loan in four is the second of its line.
    line = np.cumsum(rng.random(n) < 0.75, dtype=np.int64)
    line -= line[0]
    ends = np.insert(loans.due, loans.starts[:-1], agreed.drawn)
    end = loans.starts[:-1] + np.arange(n) + 1 + paid
    begin = plans.offsets[:-1]
    balance = np.where(paid > 0, plans.rows.balance[np.maximum(begin + paid - 1, 0)], agreed.principal)
    book = Book(
        day=int(agreed.drawn.min()),
        lines=np.array([f"L{number:07d}" for number in range(int(line[-1]) + 1)], object),
        ids=np.array([f"{number:07d}" for number in range(n)], object),
        loans=Open(
            line=line, rate=agreed.rate, day_count=agreed.day_count, rounding=agreed.rounding, months=agreed.months,
            first_top=agreed.first_top, first_bottom=agreed.first_bottom, row_fee=agreed.row_fee, grace=zeros + GRACE,
            penalty_rate=zeros + PENALTY, penalty_on_interest=zeros, penalty_after=zeros, balance=balance,
            accrued=zeros.copy(), since=ends[end - 1], period=paid.copy(), fallen=paid.copy(),
            next_period=paid.copy(), coming=begin + paid, coming_stop=plans.offsets[1:].copy(), end=end,
            end_stop=loans.starts[1:] + np.arange(n) + 1, next_due=ends[end],
        ),
        rules=Rules(
            every=zeros + 1, by_days=zeros, on=loans.on, least=zeros, first_due=zeros + NEVER, business=zeros,
            holidays_until=zeros + 2026, drawn=agreed.drawn,
        ),
        ends=ends,
        parts=plans.rows.principal,
        unpaid=Unpaid(*(np.zeros(0, np.int64) for _ in Unpaid._fields)),
        told=np.zeros((2, int(line[-1]) + 1), np.int64),
    )  # fmt: skip
    book.day_end(DAY - 1)
    return book, paid


# -- cases --------------------------------------------------------------------------------------------


def schedules(scale: Scale) -> Iterator[Row]:
    """Schedules in batch, beside the scalar path."""
    loans = generate(scale.schedules)
    offsets, due = loans.planned()
    took = timed(lambda: plan_columns(loans.agreed, offsets, due, threads=CORES), scale.repeat)
    plans = plan_columns(loans.agreed, offsets, due, threads=CORES)
    sample = range(0, len(plans), max(1, len(plans) // 20_000))
    terms = [terms_of(loans.agreed, offsets, due, loan) for loan in sample]
    began = time.perf_counter()
    scalar = [plan(each) for each in terms]
    each = (time.perf_counter() - began) / len(terms)
    for loan, rows in zip(sample, scalar, strict=True):
        assert plans.of(loan) == rows, f"the schedule of loan {loan} is not that of the scalar path"
    rate = len(plans) / took.median
    rows_each = len(due) / len(plans)
    what = f"schedules in batch, {len(plans):,} loans of {rows_each:.0f} rows"
    figure = f"{rate:,.0f}/s ({len(plans) / took.busy:,.0f} by processor time); {plans.handed_back} handed back"
    yield Row("schedules", what, figure, "at least 200,000", rate >= 200_000)
    what = f"the scalar path, whose {len(sample):,} schedules are the same to the cent"
    yield Row("schedules", what, f"{1 / each:,.0f}/s; the batch does {each * rate:,.0f} times as many")


def day_end(scale: Scale) -> Iterator[Row]:
    """The day end of very many open loans, the month of day ends after it, and what others tell of theirs."""
    loans = generate(scale.loans)
    plans = plan_columns(loans.agreed, *loans.planned(), threads=CORES)
    book, paid = open_book(loans, plans)
    book.without(()).day_end(DAY, threads=CORES)
    walls, busies = [], []
    for _ in range(max(1, scale.repeat // 2)):
        fresh = book.without(())
        busy, wall = time.process_time(), time.perf_counter()
        done = fresh.day_end(DAY, threads=CORES)
        walls.append(time.perf_counter() - wall)
        busies.append(time.process_time() - busy)
    took = Timing(statistics.median(walls), min(walls), min(busies) / CORES)
    _check(loans, book, fresh, done, paid)
    n, late = len(fresh.ids), int(np.sum(done.days_past_due > 0))
    due = len(done.due.loan)
    what = f"day end in memory of {n:,} open loans on {len(fresh.lines):,} lines, {due:,} rows due, {late:,} lines late"
    figure = f"{took.median:.2f} s (best {took.best:.2f}, {took.busy:.2f} of {CORES} cores busy)"
    yield Row("day-end", what, f"{figure}; {n / took.median:,.0f} loans/s", "at most 60 s", took.median <= 60)
    what = "its books, and a sample of its loans against their accounts"
    yield Row("day-end", what, "balanced by account and by loan; equal to the cent", "balanced", met=True)
    yield _month_of(fresh)
    yield _kept(fresh)
    yield Row("day-end", PUBLISHED, "over 10,000 accruals/s")


PUBLISHED = (
    "published by others: Temenos T24 R12 on SQL Server 2012, interest accrued and capitalised at close of business, "
    "25 million in under 42 minutes (white paper of November 2011, scribd.com/doc/296997027); of loan cores none was "
    "found to state loans closed a second"
)


def _month_of(book: Book) -> Row:
    """Thirty day ends in a row, in which nobody pays."""
    began = time.perf_counter()
    for day in range(DAY + 1, DAY + 31):
        book.day_end(day, threads=CORES)
    took = time.perf_counter() - began
    assert book.unbalanced() == []
    what = f"the 30 day ends after it in a row; nobody pays, {len(book.unpaid.loan):,} rows unpaid in the end"
    return Row("day-end", what, f"{took:.1f} s; {30 * len(book.ids) / took:,.0f} loans/s")


def _kept(book: Book) -> Row:
    """The book to disk and back."""
    with tempfile.TemporaryDirectory(prefix="creditline-bench-") as folder:
        path = Path(folder) / "book.parquet"
        began = time.perf_counter()
        book.save(path)
        saved = time.perf_counter()
        again = Book.load(path)
        loaded = time.perf_counter()
        size = path.stat().st_size
    assert again.balances() == book.balances()
    figure = f"{saved - began:.1f} s to save, {loaded - saved:.1f} s to load, file {size / 1e6:.0f} MB"
    return Row("day-end", "the book on disk", figure)


def _check(loans: Loans, before: Book, book: Book, done: DayEnd, paid: Int64s, sample: int = 200) -> None:
    """Stop where books do not balance, or lines of a sample are not what their accounts come to."""
    assert book.unbalanced() == []
    assert sum(done.sums.values()) == 0
    planned = loans.planned()
    entries: dict[str, set[object]] = {}
    for line, entry in done.entries():
        entries.setdefault(line, set()).add(entry)
    for place in range(0, len(book.lines), max(1, len(book.lines) // sample)):
        account = _account(loans, planned, before, place, paid)
        known = len(account.entries)
        account.advance(DAY)
        assert set(account.entries[known:]) == entries.get(account.line, set())
        assert account.arrears() == (done.days_past_due[place], done.overdue[place])
        assert account.owed == int(book.loans.balance[book.loans.line == place].sum())


def _account(loans: Loans, planned: tuple[Int64s, Int64s], book: Book, line: int, paid: Int64s) -> Account:
    """The scalar account of one line at the end of the day before ``DAY``."""
    account = Account(book.lines[line])
    moves: list[tuple[int, str, Terms | None]] = []
    offsets, due = planned
    for place in np.flatnonzero(book.loans.line == line).tolist():
        terms = terms_of(loans.agreed, offsets, due, place)
        rule = DueRule(1, on=int(loans.on[place]) or None)
        terms = replace(terms, due=rule, grace_days=GRACE, penalty=Penalty(PENALTY))
        moves.append((terms.drawn, book.ids[place], terms))
        days = due[offsets[place] : offsets[place] + paid[place]].tolist()
        moves += [(day, book.ids[place], None) for day in days]
    for day, loan, agreed in sorted(moves, key=lambda move: move[:2]):
        if agreed is not None:
            account.draw(day, f"draw:{loan}", loan, agreed)
        else:
            account.advance(day)
            account.repay(day, f"paid:{loan}:{day}", sum(row.owed for row in account.loans[loan].unsettled), loan)
    account.advance(DAY - 1)
    return account


def _month(day: Int64s) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return day.astype("M8[D]").astype("M8[M]")


def _offsets(lengths: Int64s) -> Int64s:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
