"""S1 end to end: a dealer leans on the line, loses it, clears debts, keeps a record elsewhere, and gets back more.

Who the dealer is, his books, takings and the reports on him are those of ``stories/S1-dealer.yaml``. His loans are real
here: drawn, billed, overdue and repaid through the lending core, in a home of their own.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import ReopenRequested
from creditline.lending.derived import end_of_day
from creditline.lending.operations import local_day
from creditline.lending.product import load_product
from creditline.lending.terms import date_of
from creditline.lines.decision import Decision
from creditline.notices import load_profile
from creditline.notices.model import read_notice
from creditline.service.account import line_account, payoffs
from creditline.service.dayend import day_end
from creditline.service.lending import book_draw, publish_product, repay, request_draw
from creditline.service.notices import notice_for
from creditline.service.run import run_home
from creditline.service.wayback import beside, check_plan, plans_of, situation_of
from creditline.store import Home
from creditline.stories.load import load_story
from creditline.wayback.moves import Use, carried_out
from creditline.wayback.plans import Plan
from creditline.wayback.predict import returns
from tests.service.lent import OFFSET, day_of, moment

STORY = Path(__file__).parents[2] / "stories" / "S1-dealer.yaml"
LINE = "dealer-chen"
CLOSED, ASKED = "2026-03-09", "2026-09-07"
OF_THE_CORE = frozenset(
    {"draw.booked", "repayment.received", "arrears.changed", "instalment.settled", "statement.closed"}
)

DUE = 7
"""Day of the month on which the loan he keeps is due."""

FULL = 50_000_000
"""500,000.00, what he asked for and got."""


@dataclass
class Life:
    """The dealer's life in a home, day by day."""

    home: Home
    waiting: list[Event]
    """What is known of him from outside, not yet in the log."""
    day: int
    """The day to be lived next."""

    def until(self, day: str) -> None:
        """Live all days before one: what becomes known goes into the log, and each day is ended."""
        while self.day < day_of(day):
            self.know(end_of_day(self.day, OFFSET))
            if self.home.lines_lent_on():
                day_end(self.home, self.day, now=end_of_day(self.day, OFFSET))
            self.day += 1

    def know(self, at: int) -> None:
        """Put into the log what is known by a moment."""
        known = [each for each in self.waiting if each.known <= at]
        self.waiting = [each for each in self.waiting if each.known > at]
        if known:
            assert self.home.append(known).accepted == len(known)

    def decided(self) -> list[Decision]:
        """All decisions on the line by the end of the last day lived."""
        run_home(self.home, "business-line", until=end_of_day(self.day - 1, OFFSET))
        return self.home.decisions(LINE)

    def copy(self, to: Path) -> Life:
        """The same life in a home of its own, to go on otherwise."""
        shutil.copytree(self.home.path, to)
        return Life(Home.open(to), list(self.waiting), self.day)

    def pay_what_is_due(self) -> int:
        """Pay at noon of the next day all that is due by its end, penalty included; how much that was, minor units."""
        account = line_account(self.home, LINE, self.day).account
        due = [row.owed + loan.penalty_on(row, self.day) for loan in account.live for row in loan.unsettled]
        if any(due):
            repay(self.home, LINE, sum(due), now=self.day * DAY - OFFSET + DAY // 2)
        return sum(due)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The dealer up to the end of the day on which his line closed: 480,000 drawn, February not paid."""
    (case, *_) = load_story(STORY).cases
    outside = [each for each in case.events if each.kind not in {*OF_THE_CORE, "reopen.requested"}]
    home = Home.open(tmp_path_factory.mktemp("s1") / "home")
    for name in ("business-instalment", "business-interest-first"):
        publish_product(home, load_product(name), now=moment("2026-01-02"))
    life = Life(home, outside, day_of("2026-01-03"))
    life.until("2026-01-07")
    assert life.decided()[-1].limit == FULL
    stock = request_draw(
        home, LINE, 28_000_000, "business-interest-first", 12, purpose="stock", now=moment("2026-01-07")
    )
    book_draw(home, LINE, stock.loan, purpose="stock", payee="wholesaler", now=moment("2026-01-07", 12))
    life.until("2026-01-20")
    repay(home, LINE, stock.rows[0].interest, loan=stock.loan, now=moment("2026-01-20", 12))
    life.until("2026-01-21")
    more = request_draw(
        home, LINE, 20_000_000, "business-instalment", 12, purpose="stock", due_day=DUE, now=moment("2026-01-21")
    )
    book_draw(home, LINE, more.loan, purpose="stock", payee="wholesaler", now=moment("2026-01-21", 12))
    life.until("2026-03-10")
    life.decided()
    return life


def back(decisions: Sequence[Decision]) -> tuple[str, int]:
    """Day and limit of the last return."""
    last = next(each for each in reversed(decisions) if each.action == "reopen")
    return date_of(local_day(last.at, OFFSET)).isoformat(), last.limit


def test_it_closes_for_the_arrears_the_core_counted_and_the_notice_waits(closed: Life) -> None:
    made = closed.home.decisions(LINE)
    assert [each.action for each in made] == ["apply", "open", "freeze", "close"]
    closing = made[-1]
    assert (closing.reasons, date_of(local_day(closing.at, OFFSET)).isoformat()) == (("T01",), CLOSED)
    assert closing.facts["dpd"] == 30
    (letter,) = [each for each in closed.home.letters(LINE) if each.kind == "closing"]
    assert letter.content == notice_for(closed.home, LINE, closing.number, load_profile("china"))[0].content().decode()
    (reason,) = read_notice(letter.content).reasons
    assert ("dpd", "30 天") in [(fact.fact, fact.value) for fact in reason.facts]


@pytest.fixture(scope="module")
def planned(closed: Life) -> Plan:
    """The fastest plan of the moment at which the line closed."""
    closing = closed.home.decisions(LINE)[-1]
    (plan,) = plans_of(closed.home, LINE, now=closing.at, goal="fastest").outlook.plans
    return plan


def test_the_plan_of_that_day_says_what_to_clear_here_and_elsewhere(planned: Plan) -> None:
    assert {step.lever for step in planned.steps} == {"clear_arrears_elsewhere", "keep_instalments", "pay_arrears"}
    answers = {step.lever: step.answers for step in planned.steps}
    assert "T01" in answers["pay_arrears"]
    assert answers["clear_arrears_elsewhere"] == ("reopen",)
    # Three late instalments of a loan and two of interest: 90 days after they are paid the record is clear again.
    (paid,) = [step for step in planned.steps if step.lever == "pay_arrears"]
    assert day_of(planned.reopens_on) == day_of(paid.on) + 90


def test_asked_for_later_it_would_come_back_with_more(closed: Life) -> None:
    told = plans_of(closed.home, LINE, now=closed.home.decisions(LINE)[-1].at, goal="fastest").outlook
    (plan,), back = told.plans, beside(closed.home, told).later["fastest"]
    assert back.at > plan.reopens_at
    assert back.limit > plan.limit


def test_the_plans_own_events_put_into_the_log_bring_the_line_back_as_it_says(
    closed: Life, planned: Plan, tmp_path: Path
) -> None:
    other = closed.copy(tmp_path / "home")
    assert other.home.append(planned.events).accepted == len(planned.events)
    run_home(other.home, "business-line", until=planned.reopens_at)
    last = other.home.decisions(LINE)[-1]
    assert (last.action, last.at, last.limit) == ("reopen", planned.reopens_at, planned.limit)
    assert last.probation_until == last.at + 90 * DAY
    assert "reopening" in {each.kind for each in other.home.letters(LINE)}


def test_doing_the_steps_through_the_core_brings_it_back_on_that_day_at_that_limit(
    closed: Life, planned: Plan, tmp_path: Path
) -> None:
    """Payments as the steps name them, to the cent; from elsewhere what the plan says will be known."""
    other = closed.copy(tmp_path / "home")
    other.waiting = [each for each in planned.events if each.kind not in OF_THE_CORE]
    for number, step in enumerate(sorted(planned.steps, key=lambda each: each.on)):
        if step.amount is not None:
            other.until(step.on)
            repay(other.home, LINE, step.amount, now=moment(step.on, 12) + number, id=f"step-{number}")
        if step.lever == "pay_arrears":
            assert line_account(other.home, LINE, day_of(step.on)).account.arrears().amount == 0
    other.until(date_of(day_of(planned.reopens_on) + 1).isoformat())
    assert back(other.decided()) == (planned.reopens_on, planned.limit)


# -- six months later -----------------------------------------------------------------------------------


def live_on(life: Life, to: Path, until: str) -> Life:
    """Go on in a home of its own, every instalment paid at noon of its day."""
    other = life.copy(to)
    for day in range(other.day, day_of(until)):
        if date_of(day).day == DUE:
            other.until(date_of(day).isoformat())
            assert other.pay_what_is_due() > 0
    other.until(until)
    return other


@pytest.fixture(scope="module")
def august(closed: Life, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """On 25 March he pays what is overdue and repays the larger loan from stock sold off; then it is 21 August."""
    folder = tmp_path_factory.mktemp("s1-august")
    other = closed.copy(folder / "march")
    other.until("2026-03-25")
    assert other.pay_what_is_due() > 0
    (whole,) = payoffs(other.home, LINE, other.day, "L001")
    repay(other.home, LINE, whole.total, loan="L001", now=moment("2026-03-25", 13))
    return live_on(other, folder / "august", "2026-08-22")


@pytest.fixture(scope="module")
def six_months(august: Life, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The dealer on the eve of asking: debts elsewhere cleared, stock cut, a bank's loan paid on time five times."""
    return live_on(august, tmp_path_factory.mktemp("s1-six") / "home", ASKED)


def test_after_six_months_the_plan_says_the_day_and_the_higher_limit_and_the_run_gives_both(
    six_months: Life, tmp_path: Path
) -> None:
    assert six_months.decided()[-1].status == "closed"
    now = end_of_day(day_of(ASKED) - 1, OFFSET)
    proof = plans_of(six_months.home, LINE, now=now)
    for plan in proof.outlook.plans:
        assert (plan.reopens_on, plan.limit, plan.cost) == (ASKED, FULL * 12 // 10, 0)
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode(proof))
    assert check_plan(six_months.home, file)[1] == []

    asked = six_months.copy(tmp_path / "asked")
    asked.waiting.append(Event("ask", LINE, moment(ASKED, 12), moment(ASKED, 12), ReopenRequested()))
    asked.until("2026-09-08")
    made = asked.decided()
    assert back(made) == (ASKED, 60_000_000)
    assert date_of(local_day(made[-1].probation_until or 0, OFFSET)).isoformat() == "2026-12-06"
    (letter,) = [each for each in asked.home.letters(LINE) if each.kind == "reopening"]
    assert "600,000.00 CNY" in letter.content

    executed = six_months.copy(tmp_path / "executed")
    (plan, *_) = proof.outlook.plans
    executed.home.append(plan.events)
    run_home(executed.home, "business-line", until=plan.reopens_at)
    assert back(executed.home.decisions(LINE)) == (ASKED, 60_000_000)


def test_a_week_earlier_plans_are_for_the_soonest_return_and_one_more_instalment_earns_the_higher_limit(
    august: Life, tmp_path: Path
) -> None:
    """Four instalments elsewhere on time are one too few: the old limit now, or a higher one after a fifth."""
    life = august.copy(tmp_path / "home")
    assert life.decided()[-1].status == "closed"
    now = end_of_day(day_of("2026-08-21"), OFFSET)
    (plan,) = plans_of(life.home, LINE, now=now, goal="fastest").outlook.plans
    assert (plan.reopens_on, plan.limit) == ("2026-08-22", FULL)

    situation = situation_of(life.home, LINE, now=now)
    lever = next(each for each in situation.policy.levers if each.name == "keep_record_elsewhere")
    paying = next(each for each in situation.policy.levers if each.name == "keep_instalments")
    future = carried_out(situation, (Use(paying), Use(lever, times=1)))
    assert future is not None
    asked = Event("ask", LINE, moment("2026-08-23", 12), moment("2026-08-23", 12), ReopenRequested())
    events = tuple(sorted((*future.events, asked), key=lambda each: each.at))
    (expected,) = returns(situation, [events], engine="python")
    assert expected is not None
    assert expected.limit == FULL * 12 // 10

    life.home.append(events)
    run_home(life.home, "business-line", until=expected.at)
    last = life.home.decisions(LINE)[-1]
    assert (last.action, last.at, last.limit) == ("reopen", expected.at, expected.limit)
