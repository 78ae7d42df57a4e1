"""The day end: what it tells of every line lent on, and that it tells the same however it is run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.clock import DAY, HOUR
from creditline.events.event import Event
from creditline.events.kinds import (
    ArrearsChanged,
    DrawBooked,
    DrawRequested,
    EventVoided,
    RepaymentReceived,
)
from creditline.lending.account import LendingError
from creditline.lending.derived import MONTHS_MAX, end_of_day, statement_body
from creditline.lending.loan import Change
from creditline.lending.operations import local_day
from creditline.service import dayend
from creditline.service.carried import Carried
from creditline.service.dayend import DayEndDone, day_end
from creditline.service.lending import (
    book_draw,
    cancel_draw,
    line_account,
    payoffs,
    repay,
    request_draw,
    reschedule,
    reverse,
    write_off,
)
from creditline.store import Home
from tests.service.lent import (
    LIMIT,
    OFFSET,
    OPENED,
    PRODUCT,
    arrears,
    bytes_of,
    day_of,
    moment,
    open_line,
    publish,
    told,
)

AMOUNT = 1_200_000
DUE = 206_754
"""What falls due of a draw of AMOUNT on 15 January."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        publish(opened)
        draw(opened, open_line(opened))
        yield opened


def draw(home: Home, line: str = "A1", day: str = "2026-01-05", amount: int = AMOUNT, **more: object) -> None:
    said = {"product": PRODUCT, "instalments": 6, "due_day": 15} | more
    agreed = request_draw(home, line, amount, now=moment(day), **said)  # type: ignore[arg-type]
    book_draw(home, line, agreed.loan, purpose="daily", now=moment(day))


def end(home: Home, day: str, *, late: int = 1) -> DayEndDone:
    """End a day, one hour into the next (or ``late`` hours)."""
    return day_end(home, day_of(day), now=moment(day_of(day) + 1, late))


def statements(home: Home, line: str = "A1") -> list[tuple[str, str]]:
    return [(day, said) for day, kind, said in told(home, line) if kind == "statement.closed"]


def forget(home: Home) -> None:
    """Throw away what the last day end left for the next."""
    for path in home.path.glob("book-*"):
        path.unlink()


# -- what is told -----------------------------------------------------------------------------------


def test_a_line_in_arrears_is_told_day_by_day_until_it_is_not(home: Home) -> None:
    assert end(home, "2026-01-15").arrears == 0
    for day in range(16, 19):
        done = end(home, f"2026-01-{day}")
        assert (done.arrears, done.rows_due) == (1, 0)
    owed = payoffs(home, "A1", day_of("2026-01-19"))[0]
    repay(home, "A1", owed.due + owed.penalty, now=moment("2026-01-19"))
    assert end(home, "2026-01-19").arrears == 1
    assert arrears(home) == [
        ("2026-01-16", f"1 {DUE}"), ("2026-01-17", f"2 {DUE}"), ("2026-01-18", f"3 {DUE}"), ("2026-01-19", "0 0"),
    ]  # fmt: skip


def test_what_is_told_becomes_known_when_the_day_is_ended_and_not_before(home: Home) -> None:
    now = moment("2026-01-20", 3)
    day_end(home, day_of("2026-01-20"), now=now)
    told_of = [event for event in home.events("A1") if isinstance(event.body, ArrearsChanged)]
    assert [event.id for event in told_of] == [f"arrears:2026-01-{day}" for day in range(16, 21)]
    assert [event.at for event in told_of] == [end_of_day(day_of(f"2026-01-{day}"), OFFSET) for day in range(16, 21)]
    assert [event.known for event in told_of] == [now] * 4 + [end_of_day(day_of("2026-01-20"), OFFSET)]


def test_statements_close_each_month(home: Home) -> None:
    end(home, "2026-01-31")
    whole = payoffs(home, "A1", day_of("2026-02-10"))[0].total
    repay(home, "A1", whole + 500, now=moment("2026-02-10"))
    end(home, "2026-03-31")
    assert statements(home) == [
        ("2026-01-31", f"{AMOUNT + 4_734} 0 1 behind"),
        ("2026-02-28", f"-500 {whole + 500} 0 paid_in_full"),
        ("2026-03-31", "-500 0 0 nothing_owed"),
    ]
    assert [event.at for event in home.events("A1") if event.id == "statement:2026-01"] == [
        end_of_day(day_of("2026-01-31"), OFFSET) - 1
    ]


def test_a_line_paid_on_time_revolves(home: Home) -> None:
    repay(home, "A1", DUE, now=moment("2026-01-15"))
    end(home, "2026-01-31")
    principal = AMOUNT - (DUE - 4_734)
    assert told(home) == [
        ("2026-01-15", "instalment.settled", f"{DUE} 0"),
        ("2026-01-31", "statement.closed", f"{principal} {DUE} 0 revolving"),
    ]


def test_within_grace_nothing_is_late(home: Home) -> None:
    product = publish(home, title="graceful", grace_days="3")
    draw(home, open_line(home, "B2"), product=product)
    end(home, "2026-01-19")
    assert arrears(home, "B2") == [("2026-01-19", f"4 {DUE}")]


def test_months_behind_are_counted_in_thirty_days_and_never_too_many() -> None:
    behind = [statement_body(1, 0, 0, days).months_behind for days in (0, 1, 30, 31, 60, 61)]
    assert behind == [0, 1, 1, 2, 2, 3]
    assert statement_body(1, 0, 0, 10**6).months_behind == MONTHS_MAX


def test_credit_settles_what_falls_due(home: Home) -> None:
    whole = payoffs(home, "A1", day_of("2026-01-06"))[0].total
    repay(home, "A1", whole + 400_000, now=moment("2026-01-06"))
    draw(home, "A1", "2026-01-07")
    end(home, "2026-02-15")
    settled = [(day, said) for day, kind, said in told(home) if kind == "instalment.settled"]
    assert [day for day, _ in settled] == ["2026-02-15"]
    assert arrears(home) == []


# -- what is put right ------------------------------------------------------------------------------


def test_money_known_late_removes_every_trace_of_arrears_and_penalty(home: Home) -> None:
    end(home, "2026-02-10")
    assert len(arrears(home)) == 26
    repay(home, "A1", DUE, at=moment("2026-01-15"), now=moment("2026-02-11", 2))
    done = end(home, "2026-02-10", late=3)
    assert (done.voided, done.statements, done.arrears) == (27, 1, 0)
    principal = AMOUNT - (DUE - 4_734)
    assert told(home) == [
        ("2026-01-15", "instalment.settled", f"{DUE} 0"),
        ("2026-01-31", "statement.closed", f"{principal} {DUE} 0 revolving"),
    ]
    assert all(not row.penalty for row in line_account(home, "A1").account.loans["L001"].instalments)
    voids = [event.body for event in home.events("A1") if isinstance(event.body, EventVoided)]
    assert {void.reason for void in voids} == {"follows no longer from what is known"}


def test_a_reversed_repayment_brings_the_arrears_back(home: Home) -> None:
    end(home, "2026-02-10")
    before = told(home)
    taken = repay(home, "A1", DUE, at=moment("2026-01-15"), now=moment("2026-02-11", 2))
    end(home, "2026-02-10", late=3)
    reverse(home, "A1", taken.id, "bounced", now=moment("2026-02-11", 4))
    end(home, "2026-02-10", late=5)
    assert told(home) == before
    written = [event.id for event in home.events("A1") if event.id.startswith("arrears:2026-01-20")]
    assert written == ["arrears:2026-01-20", "arrears:2026-01-20~2"]
    days = {local_day(event.at, OFFSET) for event in home.events("A1") if event.id.startswith("arrears:2026-01-20")}
    assert days == {day_of("2026-01-20")}


def test_a_reversed_draw_leaves_nothing_to_tell(home: Home) -> None:
    end(home, "2026-02-10")
    reverse(home, "A1", "draw:L001:booked", "never paid out", now=moment("2026-02-11", 2))
    end(home, "2026-02-10", late=3)
    assert told(home) == []
    cancel_draw(home, "A1", "L001", now=moment("2026-02-11", 4))
    assert end(home, "2026-02-28").statements == 0
    assert line_account(home, "A1").available == LIMIT


def test_a_day_ended_again_changes_nothing(home: Home) -> None:
    end(home, "2026-02-28")
    before = bytes_of(home)
    for late in (2, 3):
        done = end(home, "2026-02-28", late=late)
        assert (done.lines, done.anew, done.rows_due) == (1, 0, 0)
    forget(home)
    done = end(home, "2026-02-28", late=4)
    assert (done.anew, done.arrears, done.statements, done.voided) == (1, 0, 0, 0)
    assert bytes_of(home) == before


def test_days_left_out_are_caught_up_with(home: Home, tmp_path: Path) -> None:
    with Home.open(tmp_path / "other") as other:
        publish(other)
        draw(other, open_line(other))
        end(other, "2026-03-20")
        for day in range(day_of("2026-01-05"), day_of("2026-03-21")):
            day_end(home, day, now=moment(day + 1, 1))
        assert told(home) == told(other)
    assert line_account(home, "A1").until == day_of("2026-03-20")


def test_an_earlier_day_puts_everything_right_up_to_the_last_one_ended(home: Home) -> None:
    end(home, "2026-02-10")
    repay(home, "A1", DUE, at=moment("2026-01-15"), now=moment("2026-02-11", 2))
    done = day_end(home, day_of("2026-01-20"), now=moment("2026-02-11", 3))
    assert (done.day, arrears(home)) == (day_of("2026-02-10"), [])


def test_a_day_that_has_not_begun_is_not_ended(home: Home) -> None:
    before = bytes_of(home)
    with pytest.raises(LendingError, match="day: '2026-01-20' is to come"):
        day_end(home, day_of("2026-01-20"), now=moment("2026-01-19", 9))
    assert bytes_of(home) == before


def test_what_another_system_told_before_the_first_draw_is_left_alone(tmp_path: Path) -> None:
    with Home.open(tmp_path / "home") as home:
        publish(home)
        open_line(home)
        home.append([_at("x1", "2026-01-03", ArrearsChanged(days_past_due=9, amount=5))])
        draw(home)
        end(home, "2026-01-15")
        assert arrears(home) == [("2026-01-03", "9 5")]


def test_what_stands_is_right_whatever_its_id(home: Home) -> None:
    home.append([_at("x1", "2026-01-16", ArrearsChanged(days_past_due=1, amount=DUE))])
    home.append([_at("x2", "2026-01-17", ArrearsChanged(days_past_due=7, amount=DUE))])
    home.append([_at("x3", "2026-01-17", ArrearsChanged(days_past_due=2, amount=DUE))])
    done = end(home, "2026-01-17")
    assert (done.arrears, done.voided) == (0, 1)
    assert arrears(home) == [("2026-01-16", f"1 {DUE}"), ("2026-01-17", f"2 {DUE}")]


def test_an_id_that_is_taken_is_no_obstacle(home: Home) -> None:
    end(home, "2026-01-16")
    home.append(
        [_at("arrears:2026-01-17", "2026-01-03", RepaymentReceived(amount=1, principal=1), line=open_line(home, "Z9"))]
    )
    home.append([_at("arrears:2026-01-17", "2026-01-03", DrawBooked(amount=1))])
    end(home, "2026-01-15")
    shutil.copytree(home.path, home.path.parent / "copy")
    end(home, "2026-01-18")
    assert arrears(home) == [(f"2026-01-{15 + days}", f"{days} {DUE}") for days in (1, 2, 3)]


def test_a_line_that_cannot_be_worked_out_is_told_and_the_others_are_ended(home: Home) -> None:
    open_line(home, "B2")
    body = DrawRequested(loan="L001", amount=100, product="gone@1", instalments=3)
    home.append([Event("r", "B2", OPENED, OPENED, body)])
    home.append([Event("b", "B2", OPENED, OPENED, DrawBooked(amount=100, loan="L001"))])
    done = end(home, "2026-01-16")
    assert [(each.line, each.why.place) for each in done.failed] == [("B2", "product")]
    assert len(arrears(home)) == 1
    assert len(end(home, "2026-01-17").failed) == 1


def test_a_loan_written_off_keeps_its_line_in_arrears_until_the_claim_is_recovered(home: Home) -> None:
    end(home, "2026-01-20")
    claim = write_off(home, "A1", "L001", now=moment("2026-01-21"))
    for day in ("2026-01-21", "2026-01-31"):
        end(home, day)
    assert arrears(home)[-1] == ("2026-01-21", f"6 {claim}")
    assert statements(home) == [("2026-01-31", "0 0 1 behind")]
    repay(home, "A1", claim, now=moment("2026-02-03"))
    end(home, "2026-02-28")
    assert arrears(home)[-1] == ("2026-02-03", "0 0")
    assert statements(home)[1:] == [("2026-02-28", f"0 {claim} 0 paid_in_full")]


def _at(name: str, day: str, body: object, line: str = "A1") -> Event:
    return Event(name, line, moment(day, 23), moment(day, 23), body)  # type: ignore[arg-type]


# -- the same however it is run ---------------------------------------------------------------------


def test_repayments_in_any_order_lead_to_the_same_day_ends(tmp_path: Path) -> None:
    arrivals = (("2026-01-12", 90_000, None), ("2026-01-18", 206_754, "L001"), ("2026-02-20", 150_000, None))
    seen = []
    for number, order in enumerate(permutations(range(3))):
        with Home.open(tmp_path / str(number)) as home:
            publish(home)
            draw(home, open_line(home))
            for entered, place in enumerate(order):
                day, amount, loan = arrivals[place]
                now = moment("2026-03-01") + entered * DAY
                repay(home, "A1", amount, loan=loan, at=moment(day), now=now, id=f"bank-{place}")
                day_end(home, local_day(now, OFFSET), now=now + HOUR)
            seen.append(told(home))
    assert seen == [seen[0]] * 6


CHANGES: tuple[Change, ...] = ("skip_next", "smaller", "fewer", "smaller")


class _Life:
    """What happens to a few lines, told to as many homes as are wanted; refusals are part of it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.deeds: list[tuple[int, str, str, int, int]] = []
        day = day_of("2026-01-05")
        for _ in range(self.chance.randrange(5, 30)):
            day += self.chance.choice((0, 1, 1, 4, 11, 33))
            line = self.chance.choice(("A1", "B2", "C3"))
            deed = self.chance.choice(
                ("draw", "draw", "repay", "repay", "whole", "late", "reverse", "plan", "lose", "")
            )
            self.deeds.append((day, line, deed, self.chance.randrange(1_000_000), self.chance.randrange(4)))

    def do(self, home: Home, number: int) -> None:
        day, line, deed, amount, choice = self.deeds[number]
        now = moment(day) + number
        try:
            self._do(home, deed, line, amount, choice, now)
        except LendingError:
            return

    def _do(self, home: Home, deed: str, line: str, amount: int, choice: int, now: int) -> None:
        today = local_day(now, OFFSET)
        if deed == "draw":
            name, count = (
                (PRODUCT, 6), (PRODUCT, 3), ("business-instalment", 12), ("business-interest-first", 6),
            )[choice]  # fmt: skip
            due_day = 15 if name == PRODUCT else None
            agreed = request_draw(home, line, amount + 1_000_000, name, count, due_day=due_day, now=now)
            book_draw(home, line, agreed.loan, now=now)
        elif deed == "repay":
            repay(home, line, amount // 4 + 1, now=now)
        elif deed == "whole":
            owed = payoffs(home, line, today)
            if owed:
                extra = (0, 0, 0, 70_000)[choice]
                repay(home, line, owed[0].total + extra, loan=owed[0].loan, now=now)
        elif deed == "late":
            repay(home, line, amount // 4 + 1, at=now - choice * 9 * DAY, now=now)
        elif deed == "reverse":
            events = home.events(line)
            money = [event.id for event in events if isinstance(event.body, RepaymentReceived | DrawBooked)]
            if money:
                reverse(home, line, money[-1 - choice % len(money)], "wrong", now=now)
        elif deed == "plan":
            rows = (None, 9, 2, 20)[choice]
            reschedule(home, line, "L001", CHANGES[choice], rows, now=now)
        elif deed == "lose" and choice == 0:
            write_off(home, line, "L001", now=now)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of three open lines on which nothing was drawn."""
    folder = tmp_path_factory.mktemp("opened")
    with Home.open(folder) as home:
        for line in ("A1", "B2", "C3"):
            open_line(home, line)
        for name in (PRODUCT, "business-instalment", "business-interest-first"):
            publish(home, name)
    return folder


@given(st.integers(0, 10**9))
@settings(max_examples=settings().max_examples // 5)
def test_days_ended_one_by_one_from_what_was_left_are_as_ended_all_at_once_from_the_log(
    opened: Path, seed: int
) -> None:
    life = _Life(seed)
    with TemporaryDirectory() as folder:
        for name in "ab":
            shutil.copytree(opened, f"{folder}/{name}")
        _check_alike(life, folder)


def _check_alike(life: _Life, folder: str) -> None:
    with Home.open(f"{folder}/a") as home, Home.open(f"{folder}/b") as other:
        for number, (day, *_) in enumerate(life.deeds):
            life.do(home, number)
            life.do(other, number)
            after = life.deeds[number + 1][0] if number + 1 < len(life.deeds) else day + 1
            if after > day and life.chance.random() < 0.7:
                day_end(home, day, now=moment(day, 20))
        last = life.deeds[-1][0] + 40
        day_end(home, last, now=moment(last + 1))
        day_end(other, last, now=moment(last + 1))
        for line in ("A1", "B2", "C3"):
            assert told(home, line) == told(other, line)
        forget(home)
        before = bytes_of(home)
        day_end(home, last, now=moment(last + 2))
        assert bytes_of(home) == before


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of forty lines whose days are ended up to 20 January, some of them paid later."""
    folder = tmp_path_factory.mktemp("many")
    with Home.open(folder) as home:
        publish(home)
        for number in range(40):
            line = open_line(home, f"line-{number:02d}")
            draw(home, line, amount=AMOUNT + number)
        end(home, "2026-01-20")
        for number in range(10):
            now = moment("2026-01-21") + number
            repay(home, f"line-{number:02d}", DUE, at=moment(f"2026-01-{14 + number % 4}"), now=now)
    return folder


def everything(home: Home) -> dict[str, Sequence[tuple[str, str, str]]]:
    return {line: told(home, line) for line in home.lines()}


@pytest.fixture(scope="module")
def undisturbed(many: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sequence[tuple[str, str, str]]]:
    folder = tmp_path_factory.mktemp("undisturbed") / "home"
    shutil.copytree(many, folder)
    with Home.open(folder) as home:
        done = end(home, "2026-03-02")
        assert (done.lines, done.anew) == (40, 10)
        return everything(home)


@pytest.fixture
def copy(many: Path, tmp_path: Path) -> Iterator[Home]:
    shutil.copytree(many, tmp_path / "home")
    with Home.open(tmp_path / "home") as home:
        yield home


def test_lines_carried_on_are_told_as_those_worked_out(
    copy: Home, undisturbed: dict[str, Sequence[tuple[str, str, str]]]
) -> None:
    forget(copy)
    assert end(copy, "2026-03-02").anew == 40
    assert everything(copy) == undisturbed


def test_what_was_left_is_made_again_where_it_is_damaged_or_of_another_log(
    copy: Home, undisturbed: dict[str, Sequence[tuple[str, str, str]]], tmp_path: Path
) -> None:
    assert Carried.load(copy) is not None
    for path in copy.path.glob("book-*"):
        shutil.copy(path, tmp_path)
    for damage in ("*.lines", "*.loans"):
        for path in tmp_path.glob("book-*"):
            shutil.copy(path, copy.path)
        for path in copy.path.glob(f"book-{damage}"):
            path.write_bytes(path.read_bytes()[:-100])
        assert Carried.load(copy) is None
    for path in tmp_path.glob("book-*"):
        path.unlink()
    with Home.open(tmp_path / "other") as other:
        publish(other)
        draw(other, open_line(other, "line-00"), amount=AMOUNT - 500)
        end(other, "2026-01-20")
        forget(copy)
        for path in other.path.glob("book-*"):
            shutil.copy(path, copy.path)
    assert Carried.load(copy) is None
    assert end(copy, "2026-03-02").anew == 40
    assert everything(copy) == undisturbed


def test_only_one_book_is_left_behind(copy: Home) -> None:
    end(copy, "2026-01-25")
    end(copy, "2026-01-31")
    assert len(list(copy.path.glob("book-*"))) == 2


def test_nothing_to_lend_on_is_nothing_to_end(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        open_line(home)
        assert end(home, "2026-01-31") == DayEndDone(day_of("2026-01-31"))


def test_a_draw_that_waits_is_told_nothing_of(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        publish(home)
        request_draw(home, open_line(home), AMOUNT, PRODUCT, 6, due_day=15, now=moment("2026-01-05"))
        end(home, "2026-01-31")
        done = end(home, "2026-02-28")
        assert (done.lines, done.anew, told(home)) == (1, 0, [])
        book_draw(home, "A1", "L001", now=moment("2026-03-01"))
        assert end(home, "2026-03-31").anew == 1
        assert [day for day, _ in statements(home)] == ["2026-03-31"]


def test_money_that_comes_in_while_the_day_is_ended_is_in_the_end_told_of(
    copy: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dayend, "LINES", 2)
    monkeypatch.setattr(dayend, "EVENTS", 5)

    def pay(lines: range, now: int) -> None:
        with Home.open(copy.path) as own:
            for number in lines:
                repay(own, f"line-{number:02d}", DUE, at=moment("2026-02-03"), now=now, id="while-ending")

    def end_too() -> None:
        with Home.open(copy.path) as own:
            end(own, "2026-03-02", late=2)

    others = [threading.Thread(target=pay, args=(range(start, 40, 2), moment("2026-03-03"))) for start in (0, 1)]
    others.append(threading.Thread(target=end_too))
    for other in others:
        other.start()
    end(copy, "2026-03-02")
    for other in others:
        other.join()
    end(copy, "2026-03-02", late=20)
    now = everything(copy)
    forget(copy)
    done = end(copy, "2026-03-02", late=21)
    assert (done.arrears, done.settled, done.statements, done.voided) == (0, 0, 0, 0)
    assert everything(copy) == now


def test_the_progress_goes_up_to_all_lines(copy: Home) -> None:
    steps: list[tuple[int, int]] = []
    day_end(copy, day_of("2026-01-31"), now=moment("2026-02-01"), progress=lambda *step: steps.append(step))
    assert steps == [(30, 40), (40, 40)]


# -- killed -----------------------------------------------------------------------------------------

# Ends a day in small steps and kills itself inside a transaction, its events not yet committed.
PROGRAM = """
import os, signal, sys
from creditline.service import dayend
from creditline.store import Home, log
home, day, now, fatal = sys.argv[1], *map(int, sys.argv[2:])
dayend.LINES, dayend.EVENTS, plain, seen = 3, 25, log.append, []
def append(*args):
    done = plain(*args)
    seen.append(1)
    if len(seen) == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
log.append = append
with Home.open(home) as opened:
    dayend.day_end(opened, day, now=now)
"""


@pytest.mark.parametrize("fatal", [1, 30, 84, 85, 88])
def test_a_day_end_that_was_killed_is_completed_by_the_next(
    copy: Home, undisturbed: dict[str, Sequence[tuple[str, str, str]]], fatal: int
) -> None:
    """Of 88 steps the first 84 write what lines carried on have to tell, the others what was worked out anew."""
    command = [sys.executable, "-c", PROGRAM, str(copy.path)]
    command += map(str, (day_of("2026-03-02"), moment("2026-03-03", 1), fatal))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    before = copy.position()
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert (copy.position() > before, copy.get("day_end")) == (fatal > 1, day_of("2026-01-20"))
    end(copy, "2026-03-02", late=2)
    assert everything(copy) == undisturbed
    assert copy.get("day_end") == day_of("2026-03-02")


def test_money_of_today_is_not_lost_on_a_line_whose_yesterday_is_ended_after_it(tmp_path: Path) -> None:
    """Paid just after midnight on the due day, before the day end of the day before has run."""
    with Home.open(tmp_path / "home") as home:
        publish(home)
        open_line(home)
        agreed = request_draw(home, "A1", 1_200_000, PRODUCT, 6, due_day=15, now=moment("2026-01-05"))
        book_draw(home, "A1", agreed.loan, now=moment("2026-01-05"))
        repay(home, "A1", 206_754, now=moment("2026-01-15", 0) + 1)
        day_end(home, day_of("2026-01-14"), now=moment("2026-01-15", 1))
        for day in range(day_of("2026-01-15"), day_of("2026-02-18")):
            day_end(home, day, now=end_of_day(day, OFFSET))
        assert [day for day, _ in arrears(home)] == ["2026-02-16", "2026-02-17"]
