"""All open loans of many lines as columns, and the day end for all of them at once.

The book moves lines on that nothing happened to: rows fall due, days pass. It equals ``Account.advance`` and
``Account.arrears`` line by line, to the minor unit. Lines that something happened to are taken out, worked out from
their log, and put back. A book is a cache: it can be made again from the log at any time.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.lending.account import (
    FEE_INCOME,
    FEES_DUE,
    INTEREST_DUE,
    INTEREST_INCOME,
    PENALTY_DUE,
    PRINCIPAL,
    Account,
    Arrears,
    Entry,
)
from creditline.lending.batch import run
from creditline.lending.calendar import Business, DueRule
from creditline.lending.kernel import (
    COUNTS,
    DAYS_MAX,
    MONTHS_MAX,
    NEVER,
    RATE_MAX,
    ROUNDINGS,
    Fell,
    Int64s,
    Open,
    Unpaid,
)
from creditline.lending.loan import Loan
from creditline.lending.terms import Terms, date_of
from creditline.lines.kernel import Engine

Names = NDArray[np.object_]
"""Ids, a text each."""

AHEAD = 3
"""Periods after the last planned row whose due days a loan brings along; more are worked out when they run out."""

_FORM = 1
"""Number of the form books are saved in."""

_BUSINESS: tuple[Business, ...] = ("none", "following", "modified_following", "preceding")
_PLACES = ("line", "coming", "coming_stop", "end", "end_stop")
"""Columns that are worked out anew when a book is read."""


class BookError(CreditlineError):
    """A file that holds no book."""


class Rules(NamedTuple):
    """Columns of the rules that give open loans their due days, ``calendar.DueRule`` by field."""

    every: Int64s
    by_days: Int64s
    on: Int64s
    """0 where none is given."""
    least: Int64s
    first_due: Int64s
    """NEVER where none is given."""
    business: Int64s
    holidays_until: Int64s
    drawn: Int64s


class Due(NamedTuple):
    """Columns of the rows that fell due in one day end, by loan and then by day; minor units and day numbers."""

    loan: Int64s
    """Place of its loan in the book."""
    number: Int64s
    day: Int64s
    principal: Int64s
    interest: Int64s
    fee: Int64s


class Statements(NamedTuple):
    """Columns of what lines owe at the end of a calendar month, one value a line, minor units."""

    principal: Int64s
    """Outstanding, fallen due or not."""
    interest: Int64s
    """Fallen due and unpaid, as are fees and penalty."""
    fees: Int64s
    penalty: Int64s
    """Recognised; what runs besides is in ``DayEnd.penalty``."""
    months_behind: Int64s
    """Days past due in months of thirty days, begun ones counted."""

    @property
    def owed(self) -> Int64s:
        """All of it by line."""
        return self.principal + self.interest + self.fees + self.penalty


@dataclass(frozen=True)
class DayEnd:
    """What a day end did: lines by their place in ``lines``, loans by their place in ``loans``."""

    day: int
    lines: Names
    loans: Names
    line_of: Int64s
    """Place of each loan's line."""
    due: Due
    sums: Mapping[int, int]
    """By account of the books what was booked, debits positive, minor units; they add up to nothing."""
    days_past_due: Int64s
    """By line, 0 where it is not behind."""
    overdue: Int64s
    """By line, the amount it is behind, minor units."""
    changed: NDArray[np.bool_]
    """By line, whether its arrears are not what they were at the day end before."""
    penalty: Int64s
    """By line, penalty accrued up to the day and not recognised, minor units."""
    statements: Statements | None
    """On the last day of a calendar month."""

    def arrears_changed(self) -> Iterator[tuple[str, Arrears]]:
        """The lines whose arrears changed, with what they are now."""
        for line in np.flatnonzero(self.changed).tolist():
            yield self.lines[line], Arrears(int(self.days_past_due[line]), int(self.overdue[line]))

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Every entry with its line, as the line's account makes it."""
        for loan, number, day, _, bears, fee in zip(*(column.tolist() for column in self.due), strict=True):
            postings = {INTEREST_DUE: bears, FEES_DUE: fee, INTEREST_INCOME: -bears, FEE_INCOME: -fee}
            told = tuple(posting for posting in postings.items() if posting[1])
            if told:
                name = self.loans[loan]
                yield self.lines[self.line_of[loan]], Entry(day, "due", f"due:{name}:{number}", name, told)


@dataclass
class Book:
    """Open loans as columns at the end of a day; L lines, N loans, R rows fallen due and not paid in full.

    Loans of one line lie together, in the order of its account.
    """

    day: int
    lines: Names
    """Shape (L,): lines on which something is owed."""
    ids: Names
    """Shape (N,): loans."""
    loans: Open
    rules: Rules
    ends: Int64s
    """Due days of all loans, each loan's after the day its running period began."""
    parts: Int64s
    """Principal of all rows to come."""
    unpaid: Unpaid
    told: Int64s
    """Shape (2, L): days past due and amount at the last day end."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Lines that columns cannot carry, and why; they need ``Account.advance``."""

    # -- making -------------------------------------------------------------------------------------

    @classmethod
    def from_accounts(cls, accounts: Iterable[Account], day: int) -> Book:
        """The book of accounts that stand at the end of a day; those on which nothing is owed are not in it."""
        making = _Making()
        for account in accounts:
            if account.live:
                assert account.day == day, f"{account.line} stands at day {account.day}, not {day}"
                making.add(account)
        return making.book(day)

    def without(self, lines: Collection[str]) -> Book:
        """A book in which these lines are not, nor named as left out."""
        gone = set(lines)
        kept = np.array([name not in gone for name in self.lines], bool)
        left_out = {name: why for name, why in self.left_out.items() if name not in gone}
        keep = kept[self.loans.line]
        ends, end, end_stop = _segments(self.ends, self.loans.end - 1, self.loans.end_stop, keep)
        parts, coming, coming_stop = _segments(self.parts, self.loans.coming, self.loans.coming_stop, keep)
        place = np.cumsum(keep) - 1
        rows = keep[self.unpaid.loan]
        return Book(
            day=self.day,
            lines=self.lines[kept],
            ids=self.ids[keep],
            loans=Open(*(column[keep] for column in self.loans))._replace(
                line=(np.cumsum(kept) - 1)[self.loans.line[keep]],
                coming=coming,
                coming_stop=coming_stop,
                end=end + 1,
                end_stop=end_stop,
            ),
            rules=Rules(*(column[keep] for column in self.rules)),
            ends=ends,
            parts=parts,
            unpaid=Unpaid(*(column[rows] for column in self.unpaid))._replace(loan=place[self.unpaid.loan[rows]]),
            told=self.told[:, kept],
            left_out=left_out,
        )

    def joined(self, other: Book) -> Book:
        """This book and another of the same day, with no line in both."""
        assert self.day == other.day, f"a book of day {other.day} cannot join one of day {self.day}"
        mine, theirs = {*self.lines, *self.left_out}, {*other.lines, *other.left_out}
        assert not mine & theirs, f"lines in both books: {sorted(mine & theirs)[:3]}"
        moved = other.loans._replace(
            line=other.loans.line + len(self.lines),
            coming=other.loans.coming + len(self.parts),
            coming_stop=other.loans.coming_stop + len(self.parts),
            end=other.loans.end + len(self.ends),
            end_stop=other.loans.end_stop + len(self.ends),
        )
        rows = other.unpaid._replace(loan=other.unpaid.loan + len(self.ids))
        return Book(
            day=self.day,
            lines=np.concatenate([self.lines, other.lines]),
            ids=np.concatenate([self.ids, other.ids]),
            loans=Open(*map(_both, self.loans, moved)),
            rules=Rules(*map(_both, self.rules, other.rules)),
            ends=_both(self.ends, other.ends),
            parts=_both(self.parts, other.parts),
            unpaid=Unpaid(*map(_both, self.unpaid, rows)),
            told=np.concatenate([self.told, other.told], axis=1),
            left_out=self.left_out | other.left_out,
        )

    # -- what it is ---------------------------------------------------------------------------------

    def arrears(self) -> tuple[Int64s, Int64s]:
        """Days past due and amount by line at the end of the book's day."""
        rows = self.unpaid
        owed = rows.principal + rows.interest + rows.fee
        late = (self.day > rows.due + self.loans.grace[rows.loan]) & (owed > 0)
        oldest, amount = np.full(len(self.lines), self.day), np.zeros(len(self.lines), np.int64)
        line = self.loans.line[rows.loan[late]]
        if len(line):
            begins = np.flatnonzero(np.diff(line, prepend=-1))
            oldest[line[begins]] = np.minimum.reduceat(rows.due[late], begins)
            amount[line[begins]] = np.add.reduceat(owed[late], begins)
        return self.day - oldest, amount

    def balances(self) -> dict[int, int]:
        """What the loans say should stand on the accounts of what is owed, minor units."""
        return {
            PRINCIPAL: _total(self.loans.balance),
            INTEREST_DUE: _total(self.unpaid.interest),
            FEES_DUE: _total(self.unpaid.fee),
            PENALTY_DUE: _total(self.unpaid.penalty),
        }

    def unbalanced(self) -> list[str]:
        """Loans whose balance is not what has fallen due and what is to come together."""
        to_come = _prefix(self.parts)
        owed = _by_owner(self.unpaid.principal, self.unpaid.loan, len(self.ids))
        owed += to_come[self.loans.coming_stop] - to_come[self.loans.coming]
        wrong: list[str] = self.ids[owed != self.loans.balance].tolist()
        return wrong

    # -- the day end --------------------------------------------------------------------------------

    def day_end(self, day: int, *, threads: int = 2, engine: Engine | None = None) -> DayEnd:
        """Move every loan on to the end of a day, no earlier than the book's, and tell what that did.

        Rows due on days between fall due on their days; arrears and statements are told for the day itself alone.
        """
        assert day >= self.day, f"day {day} comes before {self.day}"
        before = self.balances()
        self._see_ahead(day)
        fell: list[Due] = []
        while len(self.ids) and (next_due := int(self.loans.next_due.min())) <= day:
            fell.append(self._fall_due(next_due, threads, engine))
        due = self._take(fell)
        self.day = day
        bears, fees = _total(due.interest), _total(due.fee)
        sums = {INTEREST_DUE: bears, FEES_DUE: fees, INTEREST_INCOME: -bears, FEE_INCOME: -fees}
        after = self.balances()
        assert sum(sums.values()) == 0
        assert all(after[account] - before[account] == sums.get(account, 0) for account in after), (
            "books and loans part"
        )
        now = np.array(self.arrears())
        changed = np.any(now != self.told, axis=0)
        self.told = now
        penalty = np.zeros(len(self.unpaid.loan), np.int64)
        run("penalty_many", len(penalty), day, self.loans, self.unpaid, penalty, threads=threads, engine=engine)
        return DayEnd(
            day=day,
            lines=self.lines,
            loans=self.ids,
            line_of=self.loans.line,
            due=due,
            sums=sums,
            days_past_due=now[0],
            overdue=now[1],
            changed=changed,
            penalty=self._by_line(penalty),
            statements=self._statements(now[0]) if date_of(day + 1).day == 1 else None,
        )

    def _fall_due(self, day: int, threads: int, engine: Engine | None) -> Due:
        """Rows due on one day fall due."""
        which = np.flatnonzero(self.loans.next_due == day)
        fell = Fell(*(np.zeros(len(which), np.int64) for _ in Fell._fields))
        columns = which, day, self.loans, self.ends, self.parts, fell
        run("fall_due_many", len(which), *columns, threads=threads, engine=engine)
        some = fell.number > 0
        number, *amounts = (column[some] for column in fell)
        return Due(which[some], number, np.full(len(number), day), *amounts)

    def _take(self, fell: list[Due]) -> Due:
        """Rows that fell due day by day become unpaid ones; all of them by loan."""
        nothing = Due(*(np.zeros(0, np.int64) for _ in Due._fields))
        due = Due(*(np.concatenate(columns) for columns in zip(nothing, *fell, strict=True)))
        order = np.argsort(due.loan, kind="stable")
        due = Due(*(column[order] for column in due))
        starts = due.day + self.loans.penalty_after[due.loan]
        nothing_yet = np.zeros(len(starts), np.int64)
        rows = Unpaid(due.loan, due.number, due.day, due.principal, due.interest, due.fee, nothing_yet, starts)
        merged = Unpaid(*map(_both, self.unpaid, rows))
        order = np.argsort(merged.loan, kind="stable")
        self.unpaid = Unpaid(*(column[order] for column in merged))
        return due

    def _see_ahead(self, day: int) -> None:
        """See that every loan knows its due days past a day."""
        short = np.flatnonzero((self.loans.next_due < NEVER) & (self.ends[self.loans.end_stop - 1] <= day))
        added: list[Int64s] = []
        place = len(self.ends)
        for loan in short.tolist():
            period, begins = int(self.loans.period[loan]), int(self.ends[self.loans.end[loan] - 1])
            count = period + AHEAD
            while (days := self._rule(loan).days(int(self.rules.drawn[loan]), count))[-1] <= day:
                count += max(AHEAD, day - days[-1]) if self.loans.months[loan] == 0 else AHEAD + (day - days[-1]) // 28
            added.append(np.array([begins, *days[period:]], np.int64))
            self.loans.end[loan], self.loans.end_stop[loan] = place + 1, place + len(added[-1])
            place += len(added[-1])
        if added:
            self.ends = np.concatenate([self.ends, *added])

    def _rule(self, loan: int) -> DueRule:
        rule = {name: int(column[loan]) for name, column in zip(Rules._fields, self.rules, strict=True)}
        return DueRule(
            every=rule["every"],
            unit="days" if rule["by_days"] else "months",
            on=rule["on"] or None,
            least=rule["least"],
            first_due=None if rule["first_due"] == NEVER else rule["first_due"],
            business=_BUSINESS[rule["business"]],
            holidays_until=rule["holidays_until"],
        )

    def _statements(self, days_past_due: Int64s) -> Statements:
        return Statements(
            _by_owner(self.loans.balance, self.loans.line, len(self.lines)),
            self._by_line(self.unpaid.interest),
            self._by_line(self.unpaid.fee),
            self._by_line(self.unpaid.penalty),
            (days_past_due + 29) // 30,
        )

    def _by_line(self, amounts: Int64s) -> Int64s:
        """Amounts of unpaid rows summed by line."""
        return _by_owner(amounts, self.loans.line[self.unpaid.loan], len(self.lines))

    # -- on disk ------------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Write the book as a Parquet file, one row a loan, in place of what is there."""
        tidy = self.without(())
        loans = tidy.loans
        columns: dict[str, Any] = {"line": pa.array(tidy.lines[loans.line], pa.string())}
        columns["loan"] = pa.array(tidy.ids, pa.string())
        columns |= {name: column for name, column in loans._asdict().items() if name not in _PLACES}
        columns |= {f"rule_{name}": column for name, column in tidy.rules._asdict().items()}
        columns |= {f"told_{name}": row[loans.line] for name, row in zip(("days", "amount"), tidy.told, strict=True)}
        columns["ends"] = _lists(tidy.ends, np.append(loans.end - 1, len(tidy.ends)))
        columns["parts"] = _lists(tidy.parts, np.append(loans.coming, len(tidy.parts)))
        bounds = np.searchsorted(tidy.unpaid.loan, np.arange(len(tidy.ids) + 1))
        columns |= {f"unpaid_{name}": _lists(column, bounds) for name, column in _listed(tidy.unpaid)}
        says = {"form": _FORM, "day": self.day, "left_out": self.left_out}
        table = pa.table(columns).replace_schema_metadata({"creditline.book": json.dumps(says)})
        partial = path.with_name(path.name + ".partial")
        pq.write_table(table, partial, compression="zstd")
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Book:
        """Read a book that ``save`` wrote. BookError where the file holds none, or one of another version."""
        try:
            table = pq.read_table(path).combine_chunks()
        except (OSError, pa.ArrowInvalid) as error:
            raise BookError(str(path), str(error), "remove it; it is made again from the log", "is no book") from None
        says = json.loads((table.schema.metadata or {}).get(b"creditline.book", b"{}"))
        if says.get("form") != _FORM:
            raise BookError(str(path), says, "remove it; it is made again from the log", "is of another version")
        columns = {name: table.column(name).combine_chunks() for name in table.column_names}
        names: Names = columns["line"].to_numpy(zero_copy_only=False)
        begins = np.flatnonzero(names[1:] != names[:-1]) + 1
        first = np.concatenate([np.zeros(min(1, len(names)), np.int64), begins])
        line = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(names))))
        ends, end, end_stop = _flat(columns["ends"])
        parts, coming, coming_stop = _flat(columns["parts"])
        places = {"line": line, "coming": coming, "coming_stop": coming_stop, "end": end + 1, "end_stop": end_stop}
        _, begin, stop = _flat(columns["unpaid_number"])
        loan = np.repeat(np.arange(len(names)), stop - begin)
        return cls(
            day=says["day"],
            lines=names[first],
            ids=columns["loan"].to_numpy(zero_copy_only=False),
            loans=Open(*(places[name] if name in places else _numbers(columns[name]) for name in Open._fields)),
            rules=Rules(*(_numbers(columns[f"rule_{name}"]) for name in Rules._fields)),
            ends=ends,
            parts=parts,
            unpaid=Unpaid(loan, *(_flat(columns[f"unpaid_{name}"])[0] for name in Unpaid._fields[1:])),
            told=np.array([_numbers(columns[f"told_{name}"])[first] for name in ("days", "amount")]),
            left_out=says["left_out"],
        )


# -- from accounts to columns --------------------------------------------------------------------------


class _Making:
    """A book in the making: cells by row, columns at the end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ids: list[str] = []
        self.left_out: dict[str, str] = {}
        self.loans: list[tuple[int, ...]] = []
        self.rules: list[tuple[int, ...]] = []
        self.ends: list[int] = []
        self.parts: list[int] = []
        self.unpaid: list[tuple[int, ...]] = []

    def add(self, account: Account) -> None:
        """Add a line with its open loans, or name it as left out."""
        why = _unfit(account)
        if why is not None:
            self.left_out[account.line] = why
            return
        for loan in account.live:
            self._add(loan)
        self.lines.append(account.line)

    def book(self, day: int) -> Book:
        """The book of what was added."""
        book = Book(
            day=day,
            lines=_names(self.lines),
            ids=_names(self.ids),
            loans=Open(*_columns(self.loans, len(Open._fields))),
            rules=Rules(*_columns(self.rules, len(Rules._fields))),
            ends=np.array(self.ends, np.int64),
            parts=np.array(self.parts, np.int64),
            unpaid=Unpaid(*_columns(self.unpaid, len(Unpaid._fields))),
            told=np.zeros((2, len(self.lines)), np.int64),
            left_out=self.left_out,
        )
        book.told = np.array(book.arrears())
        return book

    def _add(self, loan: Loan) -> None:
        periods, period, next_due = loan.periods, loan.period, loan.next_due
        next_period = loan.coming[0].period if loan.coming else period
        count = max(period, next_period + len(loan.coming)) + AHEAD
        periods.need(count)
        end, coming = len(self.ends) + 1, len(self.parts)
        self.ends += [periods.start(period), *periods.ends[period:count]]
        self.parts += [row.principal for row in loan.coming]
        state = loan.balance, loan.accrued, loan.since, period, len(loan.instalments), next_period
        places = coming, len(self.parts), end, len(self.ends), NEVER if next_due is None else next_due
        self.loans.append((len(self.lines), *_agreed(loan.terms), *state, *places))
        self.rules.append(_rule_cells(loan.terms))
        for row in loan.unsettled:
            owed = row.unpaid["principal"], row.unpaid["interest"], row.unpaid["fee"], row.unpaid["penalty"]
            self.unpaid.append((len(self.ids), row.number, row.due, *owed, row.penalty_from))
        self.ids.append(loan.id)


def _unfit(account: Account) -> str | None:
    """Why columns cannot carry a line; None where they can."""
    if account.credit:
        return "has credit"
    if any(loan.claim for loan in account.lost):
        return "owes what was written off"
    for loan in account.live:
        terms, due = loan.terms, loan.terms.due
        if not isinstance(due, DueRule):
            return f"loan {loan.id}: its due days come from another rule"
        if due.months > MONTHS_MAX or (not due.months and due.every > DAYS_MAX):
            return f"loan {loan.id}: its periods are too long"
        if loan.periods.ends[0] - terms.drawn > DAYS_MAX:
            return f"loan {loan.id}: its first period is too long"
        if max(terms.rate, terms.penalty.rate) > RATE_MAX:
            return f"loan {loan.id}: its rate is too high"
        if any(row.period != loan.coming[0].period + number for number, row in enumerate(loan.coming)):
            return f"loan {loan.id}: a due day is left out between rows to come"
    return None


def _agreed(terms: Terms) -> tuple[int, ...]:
    """Cells of ``Open`` that never change, from the rate to the penalty."""
    by_months = terms.day_count == "30/360"
    return (
        terms.rate,
        COUNTS.index(terms.day_count),
        ROUNDINGS.index(terms.rounding),
        terms.due.months,
        *(terms.due.first(terms.drawn) if by_months else (0, 1)),
        terms.row_fee,
        terms.grace_days,
        terms.penalty.rate,
        int(terms.penalty.on_instalment),
        terms.grace_days if terms.penalty.after_grace else 0,
    )


def _rule_cells(terms: Terms) -> tuple[int, ...]:
    due = terms.due
    assert isinstance(due, DueRule)
    first_due = NEVER if due.first_due is None else due.first_due
    business = _BUSINESS.index(due.business)
    return (due.every, not due.months, due.on or 0, due.least, first_due, business, due.holidays_until, terms.drawn)


# -- columns -------------------------------------------------------------------------------------------


def _names(texts: list[str]) -> Names:
    return np.array(texts, object)


def _columns(cells: list[tuple[int, ...]], width: int) -> Int64s:
    """Shape (width, rows)."""
    return np.ascontiguousarray(np.array(cells, np.int64).reshape(len(cells), width).T)


def _both(one: Int64s, other: Int64s) -> Int64s:
    return np.concatenate([one, other])


def _prefix(amounts: Int64s) -> Int64s:
    """Sums of the first none, one, two ... amounts."""
    sums = np.zeros(len(amounts) + 1, np.int64)
    np.cumsum(amounts, out=sums[1:])
    return sums


def _by_owner(amounts: Int64s, owner: Int64s, count: int) -> Int64s:
    """Amounts summed by owner, of whom there are ``count``; owners come in rising order."""
    return np.diff(_prefix(amounts)[np.searchsorted(owner, np.arange(count + 1))])


def _total(amounts: Int64s) -> int:
    """The exact sum, whatever its size."""
    return (int(np.sum(amounts >> 32)) << 32) + int(np.sum(amounts & 0xFFFF_FFFF))


def _segments(flat: Int64s, begin: Int64s, stop: Int64s, keep: NDArray[np.bool_]) -> tuple[Int64s, Int64s, Int64s]:
    """The segments kept, one after the other, and where each begins and ends then."""
    begin, lengths = begin[keep], (stop - begin)[keep]
    bounds = _prefix(lengths)
    places = np.arange(bounds[-1]) + np.repeat(begin - bounds[:-1], lengths)
    return flat[places], *_bounded(bounds)


def _listed(rows: Unpaid) -> Iterator[tuple[str, Int64s]]:
    """Columns of unpaid rows, without the place of the loan."""
    return ((name, column) for name, column in rows._asdict().items() if name != "loan")


def _lists(flat: Int64s, bounds: Int64s) -> pa.ListArray:
    return pa.LargeListArray.from_arrays(pa.array(bounds, pa.int64()), pa.array(flat))


def _flat(lists: pa.ListArray) -> tuple[Int64s, Int64s, Int64s]:
    """What lists hold, one after the other, and where each begins and ends."""
    bounds = lists.offsets.to_numpy()
    return _numbers(lists.flatten()), *_bounded(bounds - bounds[0])


def _bounded(bounds: Int64s) -> tuple[Int64s, Int64s]:
    """Beginnings and ends, in columns of their own since either may move."""
    return bounds[:-1].copy(), bounds[1:].copy()


def _numbers(column: pa.Array) -> Int64s:
    numbers: Int64s = column.to_numpy(zero_copy_only=False).copy()
    return numbers
