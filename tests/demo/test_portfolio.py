"""What counts as closed, wrongful and missed, on lives made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, DrawRequested, EventVoided, Kind, RepaymentReceived
from creditline.lending.operations import build, operations
from creditline.lending.product import load_product
from creditline.lines.decision import Action, Decision, Status
from creditline.replay.portfolio import GRACE_DAYS, Bookkeeper, Life, Portfolio, portfolio, principal_owed
from creditline.simulate.truth import Deserves, Truth

START = 0
FIRSTS = tuple(month * 30 * DAY for month in range(7))
"""Six months of thirty days."""

_AFTER: dict[str, Status] = {
    "open": "open", "decline": "declined", "close": "closed", "reopen": "open", "freeze": "frozen", "unfreeze": "open",
    "terminate": "terminated",
}  # fmt: skip


@dataclass
class Told:
    """A life told in days: ``Told("keep").then(3, "open").then(40, "close", "T04")``."""

    deserves: Deserves = "keep"
    since: int | None = None
    cured: int | None = None
    line: str = "L1"
    decisions: list[Decision] = field(default_factory=list)

    def then(self, day: int, action: Action, *reasons: str) -> Told:
        before: Status = self.decisions[-1].status if self.decisions else "applied"
        fields: dict[str, Any] = {
            "limit_before": 100_000,
            "limit": 100_000,
            "points": 600,
            "policy": "v",
            "position": 1,
        }
        self.decisions.append(
            Decision(
                line=self.line, at=day * DAY, number=len(self.decisions), action=action, status_before=before,
                status=_AFTER[action], reasons=reasons, trigger=None, facts={}, **fields,
            )
        )  # fmt: skip
        return self

    @property
    def life(self) -> Life:
        return Life(
            Truth(
                line=self.line, behaviour="person.made", party="person", policy="consumer-line", deserves=self.deserves,
                loss_minor=7_000, earned_minor=900, from_moment=None if self.since is None else self.since * DAY,
                cured_from=None if self.cured is None else self.cured * DAY,
            ),
            self.decisions,
        )  # fmt: skip


def judge(*lives: Told, owed: dict[str, int] | None = None) -> Portfolio:
    return portfolio([told.life for told in lives], owed or {}, FIRSTS)


def test_closing_a_sound_line_is_wrongful_and_puts_its_interest_at_risk() -> None:
    told = judge(Told().then(3, "open").then(40, "close", "T04").then(101, "reopen"), owed={"L1": 60_000})
    assert (told.closed, told.closed_wrongly, told.closed_rightly, told.reopened) == (1, 1, 0, 1)
    money = told.money
    assert (money.limit_closed, money.owed_closed, money.limit_closed_wrongly) == (100_000, 60_000, 100_000)
    assert (money.earned_at_risk, money.loss_avoided) == (900, 0)
    assert [(row.code, row.lines, row.closed_wrongly, row.days_to_reopen) for row in told.reasons] == [
        ("T04", 1, 1, 61)
    ]
    assert [wait.days_from for wait in told.waits if wait.closings] == [61]


def test_closing_too_early_or_after_the_cure_is_wrongful() -> None:
    early = Told("close", since=50).then(3, "open").then(49, "close", "T01")
    late = Told("close", since=50, cured=120).then(3, "open").then(120, "close", "T01")
    right = Told("close", since=50, cured=120).then(3, "open").then(50, "close", "T01")
    assert [judge(each).closed_wrongly for each in (early, late, right)] == [1, 1, 0]


def test_a_line_let_be_for_the_grace_is_missed() -> None:
    told = judge(Told("close", since=20).then(3, "open"))
    assert (told.deserving, told.missed, told.money.loss_missed, told.money.loss_avoided) == (1, 1, 7_000, 0)
    last_day = Told("close", since=20).then(3, "open").then(20 + GRACE_DAYS, "close", "T01")
    told = judge(last_day)
    assert (told.deserving, told.missed, told.money.loss_avoided) == (1, 0, 7_000)
    a_day_late = Told("close", since=20).then(3, "open").then(21 + GRACE_DAYS, "close", "T01")
    assert judge(a_day_late).missed == 1


def test_freezing_counts_as_acting_and_so_does_having_closed_before() -> None:
    frozen = Told("close", since=20).then(3, "open").then(30, "freeze", "T05").then(40, "unfreeze")
    before = Told("terminate", since=20).then(3, "open").then(10, "close", "T01")
    assert [judge(each).missed for each in (frozen, before)] == [0, 0]
    assert judge(before).closed_wrongly == 1


def test_what_cannot_be_judged_yet_is_not_missed() -> None:
    cured_soon = Told("close", since=20, cured=20 + GRACE_DAYS).then(3, "open")
    too_near_the_end = Told("close", since=150).then(3, "open")
    never_opened = Told("close", since=20).then(3, "decline", "A01")
    for each in (cured_soon, too_near_the_end, never_opened):
        assert (judge(each).deserving, judge(each).missed) == (0, 0)


def test_a_line_its_borrower_or_a_person_ended_is_not_closed_by_a_rule() -> None:
    left = Told().then(3, "open").then(40, "terminate")
    ordered = Told().then(3, "open").then(40, "close", "BLOCK")
    assert [judge(each).closed for each in (left, ordered)] == [0, 0]


def test_answers_to_applications_are_judged_too() -> None:
    refused = Told(line="a").then(3, "decline", "A01")
    later = Told(line="b").then(3, "decline", "A01").then(9, "open")
    bad = Told("decline", since=1, line="c").then(3, "open")
    rightly = Told("decline", since=1, line="d").then(3, "decline", "T10")
    told = judge(refused, later, bad, rightly)
    assert (told.opened, told.declined, told.declined_wrongly, told.opened_wrongly) == (2, 2, 1, 1)


def test_each_closed_line_counts_once_under_its_first_reason() -> None:
    told = judge(Told().then(3, "open").then(20, "close", "T04", "T06").then(90, "reopen").then(100, "close", "T01"))
    assert {row.code: (row.lines, row.closings) for row in told.reasons} == {"T04": (1, 1), "T01": (0, 1)}
    assert (told.closed, told.closings, told.reopenings) == (1, 2, 1)


def test_months_hold_what_happened_in_them_and_what_lies_outside_falls_to_the_nearest() -> None:
    told = judge(Told().then(-4, "open").then(30, "close", "T04").then(180, "reopen"))
    assert [month.opened for month in told.months] == [1, 0, 0, 0, 0, 0]
    assert [month.closed for month in told.months] == [0, 1, 0, 0, 0, 0]
    assert [month.reopened for month in told.months] == [0, 0, 0, 0, 0, 1]
    assert [month.closed_at_end for month in told.months] == [1, 1, 1, 1, 1, 0]


# -- what the lending core says ---------------------------------------------------------------------

PRODUCT = load_product("consumer-any-day")
NAMED = f"{PRODUCT.name}@{PRODUCT.version}"


def said(number: int, day: int, body: Kind, known_day: int | None = None) -> Event:
    at = day * DAY + number
    return Event(f"e{number}", "L1", at, at if known_day is None else known_day * DAY, body)


EVENTS = [
    said(1, 20_000, DrawRequested(loan="A", amount=1_000_000, product=NAMED, instalments=12)),
    said(2, 20_000, DrawBooked(amount=1_000_000, loan="A")),
    # A hundred days of interest are 40,000: the core takes them first, whatever the event says of principal.
    said(3, 20_100, RepaymentReceived(amount=440_000, principal=440_000, early=True)),
    said(4, 20_110, RepaymentReceived(amount=100_000, principal=99_000, early=True), known_day=20_120),
    said(5, 20_130, EventVoided(event="e3", reason="bounced")),
]


def owed_at(day: int) -> int:
    return principal_owed([("L1", EVENTS), ("L2", [])], {"L1": day * DAY}, {NAMED: PRODUCT}, offset=0)["L1"]


def test_principal_owed_is_the_cores_as_it_was_known_then() -> None:
    assert owed_at(20_050) == 1_000_000
    assert owed_at(20_101) == 600_000
    assert owed_at(20_119) == 600_000
    assert owed_at(20_121) == 600_000 - (100_000 - 2_400)
    # The first repayment bounced: of the second, 44,000 is interest then.
    assert owed_at(20_131) == 1_000_000 - (100_000 - 44_000)


def test_the_books_add_up_to_what_was_lent_and_what_became_of_it() -> None:
    account, _ = build("L1", operations(EVENTS[:3], {NAMED: PRODUCT}, 0), 20_200)
    lost, _ = build("L2", operations(EVENTS[:2], {NAMED: PRODUCT}, 0), 20_200)
    lost.write_off(20_201, "w", "A")
    keeper = Bookkeeper()
    keeper.take(account.entries)
    keeper.take(lost.entries)
    books = keeper.books()
    assert (books.principal_out, books.repaid, books.owed, books.written_off) == (
        2_000_000,
        400_000,
        600_000,
        1_000_000,
    )
    assert (books.interest_earned, books.penalty_earned, books.others_written_off) == (40_000, 0, 0)
    assert books.debits == books.credits > 0
    assert books.principal_out == books.repaid + books.owed + books.written_off
