"""Drawing and repaying on the lines of a home: what is granted, what is refused, and what each leaves in the log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditline.clock import DAY, HOUR
from creditline.events.event import Event
from creditline.events.kinds import (
    MINOR_MAX,
    DrawBooked,
    DrawRequested,
    EventVoided,
    InstalmentSettled,
    LineOpened,
    RepaymentReceived,
)
from creditline.lending.account import Account, LendingError
from creditline.lending.operations import build, operations
from creditline.lending.product import load_product
from creditline.lending.terms import date_of
from creditline.policy import load_policy
from creditline.service.lending import (
    DrawAgreed,
    Refused,
    book_draw,
    cancel_draw,
    line_account,
    payoffs,
    products_of,
    publish_product,
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
    bytes_of,
    day_of,
    decide,
    moment,
    open_line,
    publish,
    told,
)

AMOUNT = 1_200_000
DRAWN = moment("2026-01-05")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        publish(opened)
        open_line(opened)
        yield opened


def _ask(home: Home, amount: int = AMOUNT, *, line: str = "A1", now: int = DRAWN, **more: object) -> DrawAgreed:
    said = {"product": PRODUCT, "instalments": 6, "purpose": "daily", "due_day": 15} | more
    return request_draw(home, line, amount, now=now, **said)  # type: ignore[arg-type]


def _draw(home: Home, amount: int = AMOUNT, *, line: str = "A1", now: int = DRAWN, **more: object) -> DrawAgreed:
    agreed = _ask(home, amount, line=line, now=now, **more)
    return book_draw(home, line, agreed.loan, purpose="daily", now=now)


def _refused(home: Home, place: str, value: object, match: str, asked: Callable[[], object]) -> Refused:
    """What is asked is refused with this place, value and message, and every byte of the home stays as it was."""
    before = bytes_of(home)
    with pytest.raises(Refused, match=match) as caught:
        asked()
    assert (caught.value.place, caught.value.value) == (place, value)
    assert caught.value.remedy
    assert bytes_of(home) == before
    return caught.value


def _settled(home: Home, line: str = "A1") -> list[tuple[str, str]]:
    return [(day, said) for day, kind, said in told(home, line) if kind == "instalment.settled"]


# -- drawing ----------------------------------------------------------------------------------------


def test_a_draw_is_agreed_reserved_and_paid_out(home: Home) -> None:
    agreed = _ask(home)
    assert (agreed.loan, len(agreed.rows), agreed.terms.rate) == ("L001", 6, 144_000_000)
    assert sum(row.principal for row in agreed.rows) == AMOUNT
    assert f"{agreed.simple:.4f} {agreed.compound:.4f}" == "0.1440 0.1540"
    waiting = line_account(home, "A1")
    assert (waiting.pending, waiting.account.owed, waiting.available) == ({"L001": AMOUNT}, 0, LIMIT - AMOUNT)
    booked = book_draw(home, "A1", "L001", purpose="medical", payee="clinic", now=DRAWN + HOUR)
    assert booked.rows == agreed.rows
    drawn = line_account(home, "A1")
    assert (drawn.pending, drawn.account.owed, drawn.available) == ({}, AMOUNT, LIMIT - AMOUNT)
    assert (drawn.currency, drawn.offset, drawn.due_day, drawn.status) == ("CNY", OFFSET, 15, "open")
    body = next(event.body for event in home.events("A1") if isinstance(event.body, DrawBooked))
    assert body == DrawBooked(amount=AMOUNT, purpose="medical", counterparty="clinic", loan="L001")


def test_terms_run_from_the_day_a_draw_is_paid_out(home: Home) -> None:
    agreed = _ask(home)
    booked = book_draw(home, "A1", "L001", now=DRAWN + 3 * DAY)
    assert booked.terms.drawn == agreed.terms.drawn + 3
    assert booked.rows[0].due > agreed.rows[0].due
    assert line_account(home, "A1").account.loans["L001"].terms == booked.terms


def test_pending_draws_reserve_the_limit_until_they_are_booked_or_cancelled(home: Home) -> None:
    first, second = _ask(home, 3_000_000), _ask(home, 2_000_000)
    assert (first.loan, second.loan) == ("L001", "L002")
    error = _refused(home, "amount", "500.00", "more than is available", lambda: _ask(home, 50_000))
    assert "0.00 is owed and 50000.00 reserved" in error.remedy
    cancel_draw(home, "A1", "L002", now=DRAWN + HOUR)
    assert line_account(home, "A1").available == 2_000_000
    book_draw(home, "A1", "L001", now=DRAWN + HOUR)
    third = _ask(home, 2_000_000, now=DRAWN + HOUR)
    assert third.loan == "L003"


@pytest.mark.parametrize("status", ["new", "applied", "declined", "frozen", "closed", "terminated"])
def test_only_an_open_line_is_drawn_on(home: Home, status: str) -> None:
    waiting = _ask(home)
    if status == "new":
        home.record([], ["A1"])
    else:
        decide(home, "A1", status)  # type: ignore[arg-type]
    said = "was never decided on" if status == "new" else f"is {status}, not open"
    _refused(home, "line", "A1", said, lambda: _ask(home))
    _refused(home, "line", "A1", said, lambda: book_draw(home, "A1", waiting.loan, now=DRAWN))
    cancel_draw(home, "A1", waiting.loan, now=DRAWN)


def test_a_draw_agreed_under_a_limit_that_was_cut_is_not_paid_out(home: Home) -> None:
    waiting = _ask(home, 2_000_000)
    decide(home, "A1", limit=1_500_000)
    _refused(home, "amount", "20000.00", "15000.00", lambda: book_draw(home, "A1", waiting.loan, now=DRAWN))


@pytest.mark.parametrize(
    ("said", "place", "value", "match"),
    [
        ({"amount": 0}, "amount", "0.00", "more than 0"),
        ({"amount": -5}, "amount", "-0.05", "more than 0"),
        ({"amount": MINOR_MAX + 1}, "amount", "10000000000000.01", "too large"),
        ({"amount": 49_999}, "consumer-instalment, principal", "499.99", "not lent"),
        ({"product": "no-such"}, "product", "no-such", "not published here"),
        ({"product": f"{PRODUCT}@0"}, "product", f"{PRODUCT}@0", "name one of: consumer-instalment"),
        ({"instalments": 5}, "consumer-instalment, instalments", "5", "not offered"),
        ({"purpose": "gambling"}, "consumer-instalment, purpose", "gambling", "nothing it lends for"),
        ({"rate": 300_000}, "consumer-instalment, rate", "0.3", "outside the product's bounds"),
        ({"due_day": None}, "consumer-instalment, due day", "none", "no due day"),
        ({"loan": "L 1"}, "loan", "L 1", "cannot be an id"),
        ({"now": OPENED - HOUR - 1}, "now", "2026-01-02T07:59:59.999999+08:00", "lies before it"),
    ],
)
def test_a_draw_is_refused_for_what_cannot_be(
    home: Home, said: dict[str, object], place: str, value: str, match: str
) -> None:
    if "now" in said:
        _ask(home, now=OPENED - HOUR)
    _refused(home, place, value, match, lambda: _ask(home, **said))  # type: ignore[arg-type]


def test_a_line_that_is_not_known_is_told_with_those_like_it(home: Home) -> None:
    with pytest.raises(LendingError, match=r"line: 'A11' is not known; did you mean A1\?"):
        _ask(home, line="A11")


def test_a_draw_that_costs_more_than_the_cap_is_refused(home: Home) -> None:
    pricing = "{per: year, rate: 0.144, from: 0.108, to: 0.144}\nfees: {upfront: {fraction: 0.005}}"
    fee = publish(home, title="fee", instalments="[1]", pricing=pricing)
    over = lambda: _ask(home, product=fee, instalments=1)  # noqa: E731
    _refused(home, "fee, cost", "32.81 %", "over the cap of 24.00 %", over)
    agreed = _ask(home, product=fee, instalments=1, due_day=5)
    assert (agreed.terms.upfront_fee, agreed.simple < 1) == (AMOUNT // 200, True)
    short = moment("2026-01-26")
    _refused(home, "fee, cost", "32.81 %", "over the cap", lambda: book_draw(home, "A1", agreed.loan, now=short))


def test_a_line_keeps_to_one_currency_and_one_offset(home: Home) -> None:
    _draw(home)
    dollars = publish(home, title="dollars", currency="USD")
    east = publish(home, title="east", utc_offset='"+09:00"')
    _refused(home, "currency", "USD", "choose a product in CNY", lambda: _ask(home, product=dollars))
    _refused(home, "utc_offset", "+09:00", "at \\+08:00", lambda: _ask(home, product=east))


def test_the_first_draw_is_in_the_currency_of_the_policy_that_opened_the_line(home: Home) -> None:
    policy = load_policy("consumer-line")
    home.publish(policy.name, policy.version, policy.text, 0)
    made = home.decisions("A1")
    home.record([msgspec.structs.replace(made[-1], policy=policy.version)])
    dollars = publish(home, title="dollars", currency="USD")
    _refused(home, "currency", "USD", "choose a product in CNY", lambda: _ask(home, product=dollars))


def test_the_rate_decided_for_the_line_counts_where_none_is_given(home: Home) -> None:
    open_line(home, "B2", rate=180_000)
    assert _ask(home, line="B2").terms.rate == 180_000_000
    assert _ask(home, line="B2", rate=150_000).terms.rate == 150_000_000


def test_the_due_day_of_earlier_draws_counts_where_none_is_given(home: Home) -> None:
    _draw(home, due_day=21)
    assert date_of(_ask(home, due_day=None).rows[0].due).day == 21


def test_a_product_named_without_its_version_is_the_one_published_last(home: Home) -> None:
    later = load_product(PRODUCT)
    newest = later.text.replace("rate: 0.144", "rate: 0.15")
    home.publish_product(PRODUCT, "newest", newest, published_at=OPENED + 1)
    assert _ask(home).terms.rate == 150_000_000
    assert _ask(home, product=f"{PRODUCT}@{later.version}").terms.rate == 144_000_000


def test_publishing_a_product_twice_changes_nothing(home: Home) -> None:
    product = load_product(PRODUCT)
    before = bytes_of(home)
    assert publish_product(home, product, now=DRAWN) == f"{PRODUCT}@{product.version}"
    assert bytes_of(home) == before
    assert products_of(home) == {f"{PRODUCT}@{product.version}": product}


def test_nothing_is_drawn_while_the_line_is_overdue(home: Home) -> None:
    agreed = _draw(home)
    on_due_day, after = moment("2026-01-15"), moment("2026-01-16")
    waiting = _ask(home, now=on_due_day)
    value = f"{agreed.rows[0].amount / 100:.2f}"
    _refused(home, "overdue", value, "for 1 days", lambda: _ask(home, now=after))
    _refused(home, "overdue", value, "repay", lambda: book_draw(home, "A1", waiting.loan, now=after))
    owed = payoffs(home, "A1", day_of("2026-01-16"))[0]
    repay(home, "A1", owed.due + owed.penalty, now=after)
    book_draw(home, "A1", waiting.loan, now=after + HOUR)


def test_a_request_is_booked_or_cancelled_once(home: Home) -> None:
    _ask(home, loan="kitchen")
    _refused(home, "loan", "kitchen", "is there already", lambda: _ask(home, loan="kitchen"))
    _refused(home, "loan", "L009", "name one of line A1: kitchen", lambda: book_draw(home, "A1", "L009", now=DRAWN))
    _refused(home, "payee", "", "1 to 200", lambda: book_draw(home, "A1", "kitchen", payee="", now=DRAWN))
    book_draw(home, "A1", "kitchen", now=DRAWN)
    _refused(home, "loan", "kitchen", "booked already", lambda: book_draw(home, "A1", "kitchen", now=DRAWN))
    _refused(home, "loan", "kitchen", "booked already", lambda: cancel_draw(home, "A1", "kitchen", now=DRAWN))
    cancel_draw(home, "A1", _ask(home).loan, now=DRAWN)
    _refused(home, "loan", "L001", "was cancelled", lambda: book_draw(home, "A1", "L001", now=DRAWN))
    _refused(home, "loan", "L001", "book the draw first", lambda: repay(home, "A1", 100, loan="L001", now=DRAWN))


def test_two_who_draw_at_once_do_not_get_more_than_the_limit(home: Home) -> None:
    got: list[str] = []

    def ask() -> None:
        for _ in range(10):
            try:
                got.append(_ask(home, 1_000_000).loan)
            except Refused:
                return

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert sorted(got) == ["L001", "L002", "L003", "L004", "L005"]


# -- repaying ---------------------------------------------------------------------------------------


def test_an_instalment_paid_on_its_day_is_settled(home: Home) -> None:
    row = _draw(home).rows[0]
    taken = repay(home, "A1", row.amount, now=moment("2026-01-15"))
    assert (taken.principal, taken.interest, taken.penalty, taken.credit, taken.early) == (*row[3:5], 0, 0, 0)
    assert _settled(home) == [("2026-01-15", f"{row.amount} 0")]
    body = next(event.body for event in home.events("A1") if event.id == taken.id)
    assert body == RepaymentReceived(amount=row.amount, principal=row.principal)


def test_part_of_an_instalment_settles_nothing_until_the_rest_comes(home: Home) -> None:
    row = _draw(home).rows[0]
    repay(home, "A1", row.amount - 100, now=moment("2026-01-15"))
    assert _settled(home) == []
    late = repay(home, "A1", 100, now=moment("2026-01-18"))
    assert _settled(home) == [("2026-01-18", f"{row.amount} 3")]
    assert (late.penalty, late.principal) == (0, 100)  # 1.00 for three days bears less than half a minor unit
    assert line_account(home, "A1").account.arrears().amount == 0


def test_money_early_shortens_the_loan_and_money_too_much_is_credit(home: Home) -> None:
    _draw(home)
    early = repay(home, "A1", 500_000, now=moment("2026-01-10"))
    assert (early.early, early.interest) == (early.principal, 500_000 - early.principal)
    assert isinstance(body := list(home.events("A1"))[-1].body, RepaymentReceived)
    assert body.early
    whole = payoffs(home, "A1", day_of("2026-01-12"))[0].total
    last = repay(home, "A1", whole + 777, now=moment("2026-01-12"))
    assert (last.credit, last.amount) == (777, whole + 777)
    standing = line_account(home, "A1")
    assert (standing.account.owed, standing.account.credit, standing.available) == (0, 777, LIMIT)
    assert payoffs(home, "A1", day_of("2026-01-12")) == []


def test_credit_settles_the_next_loan_when_it_falls_due(home: Home) -> None:
    _draw(home, 100_000, instalments=1)
    repay(home, "A1", 300_000, now=moment("2026-01-06"))
    row = _draw(home, 100_000, instalments=1, now=moment("2026-01-07")).rows[0]
    repay(home, "A1", 1, now=moment(row.due + 3))
    assert _settled(home) == [(str(date_of(row.due)), f"{row.amount} 0")]


def test_two_loans_are_repaid_oldest_due_first_or_as_named(home: Home) -> None:
    first, second = _draw(home).rows, _draw(home, now=moment("2026-01-06"), due_day=20).rows
    to_second = repay(home, "A1", second[0].amount, loan="L002", now=moment("2026-01-20"))
    assert (to_second.interest, to_second.early) == (second[0].interest, 0)
    to_line = repay(home, "A1", first[0].amount, now=moment("2026-01-20"))
    assert to_line.penalty > 0
    loans = line_account(home, "A1").account.loans
    assert [loans["L001"].repaid, loans["L002"].repaid] == [to_line.principal, to_second.principal]


def test_repayments_are_refused_for_what_cannot_be(home: Home) -> None:
    open_line(home, "B2")
    _refused(home, "line", "A1", "book the draw first", lambda: repay(home, "A1", 100, now=DRAWN))
    _draw(home, loan="ours")
    _draw(home, loan="theirs", line="B2")
    now = DRAWN + DAY
    _refused(home, "amount", "0.00", "more than 0", lambda: repay(home, "A1", 0, now=now))
    _refused(home, "amount", "-1.00", "more than 0", lambda: repay(home, "A1", -100, now=now))
    _refused(home, "amount", "10000000000000.01", "too large", lambda: repay(home, "A1", MINOR_MAX + 1, now=now))
    _refused(home, "loan", "theirs", "its own line: B2", lambda: repay(home, "A1", 1, loan="theirs", now=now))
    _refused(home, "loan", "nobody's", "of line A1: ours", lambda: repay(home, "A1", 1, loan="nobody's", now=now))
    text = "2026-01-06T10:00:00.000001+08:00"
    _refused(home, "at", text, "is to come", lambda: repay(home, "A1", 1, at=now + 1, now=now))
    for loan in (None, "ours"):
        text = "2026-01-05T00:00:00+08:00"
        at = moment("2026-01-05", 0)
        _refused(home, "at", text, "after 2026-01-05T10:00:00", lambda: repay(home, "A1", 1, loan=loan, at=at, now=now))  # noqa: B023
    _refused(home, "id", "void:x", "do not begin with", lambda: repay(home, "A1", 1, id="void:x", now=now))
    _refused(home, "id", "x" * 101, "up to 100", lambda: repay(home, "A1", 1, id="x" * 101, now=now))


def test_the_same_repayment_sent_again_is_taken_once(home: Home) -> None:
    _draw(home)
    at, now = moment("2026-01-10"), moment("2026-01-12")
    first = repay(home, "A1", 100_000, at=at, now=now, id="bank-1")
    made = repay(home, "A1", 100_000, at=at, now=now)
    assert made.id != "bank-1"
    before = bytes_of(home)
    for again in (
        repay(home, "A1", 100_000, now=now + DAY, id="bank-1"),
        repay(home, "A1", 100_000, at=at, now=now - DAY, id="bank-1"),
    ):
        assert again == first._replace(repeated=True)
    assert repay(home, "A1", 100_000, at=at, now=now + DAY).id == made.id
    assert bytes_of(home) == before
    _refused(home, "id", "bank-1", "other content", lambda: repay(home, "A1", 100_001, now=now, id="bank-1"))
    _refused(
        home, "id", "bank-1", "other content", lambda: repay(home, "A1", 100_000, loan="L001", now=now, id="bank-1")
    )
    _refused(home, "id", "bank-1", "other content", lambda: repay(home, "A1", 100_000, at=at + 1, now=now, id="bank-1"))
    _refused(home, "id", "who", "other content", lambda: repay(home, "A1", 100_000, now=now, id="who"))
    reverse(home, "A1", "bank-1", "bounced", now=now)
    _refused(home, "id", "bank-1", "was reversed", lambda: repay(home, "A1", 100_000, now=now, id="bank-1"))


def test_money_known_late_counts_for_the_day_it_came_in(home: Home) -> None:
    row = _draw(home).rows[0]
    taken = repay(home, "A1", row.amount, at=moment("2026-01-15"), now=moment("2026-02-10"))
    assert taken.penalty == 0
    assert _settled(home) == [("2026-01-15", f"{row.amount} 0")]
    assert line_account(home, "A1", known_until=moment("2026-02-09")).account.loans["L001"].repaid == 0
    assert line_account(home, "A1", day_of("2026-01-15")).account.loans["L001"].repaid == row.principal


def test_earlier_money_moves_what_later_money_had_settled(home: Home) -> None:
    row = _draw(home).rows[0]
    late = repay(home, "A1", row.amount + 10_000, now=moment("2026-01-25"), id="late")
    assert (late.penalty > 0, [day for day, _ in _settled(home)]) == (True, ["2026-01-25"])
    repay(home, "A1", row.amount, at=moment("2026-01-15"), now=moment("2026-01-26"), id="early")
    assert _settled(home) == [("2026-01-15", f"{row.amount} 0")]
    again = repay(home, "A1", row.amount + 10_000, now=moment("2026-01-27"), id="late")
    assert (again.penalty, again.early > 0) == (0, True)


# -- taking back ------------------------------------------------------------------------------------


def test_a_repayment_reversed_was_never_there(home: Home) -> None:
    rows = _draw(home).rows
    until = day_of("2026-03-31")
    plain = line_account(home, "A1", until).account
    taken = repay(home, "A1", rows[0].amount + rows[1].amount + 5_000, now=moment("2026-02-16"))
    assert len(_settled(home)) == 2
    voided = reverse(home, "A1", taken.id, "bounced", now=moment("2026-02-17"))
    assert voided == (taken.id, "settled:L001:1", "settled:L001:2")
    assert _settled(home) == []
    assert line_account(home, "A1", until).account.entries == plain.entries
    again = repay(home, "A1", rows[0].amount + rows[1].amount, now=moment("2026-02-18"))
    written = [event.id for event in home.events("A1") if isinstance(event.body, InstalmentSettled)]
    assert written == ["settled:L001:1", "settled:L001:2", "settled:L001:1~2"]
    assert again.id != taken.id


def test_money_that_stays_takes_the_place_of_money_reversed(home: Home) -> None:
    row = _draw(home).rows[0]
    first = repay(home, "A1", row.amount, now=moment("2026-01-15", 9))
    repay(home, "A1", 2 * row.amount, now=moment("2026-01-17"))
    reverse(home, "A1", first.id, "bounced", now=moment("2026-01-18"))
    assert _settled(home) == [("2026-01-17", f"{row.amount} 2")]


def test_what_cannot_be_reversed(home: Home) -> None:
    _draw(home)
    now = moment("2026-01-16")
    taken = repay(home, "A1", 300_000, now=moment("2026-01-15"))
    requested, booked = "draw:L001:requested", "draw:L001:booked"

    def refused(event: str, match: str, place: str = "event", value: str | None = None) -> None:
        _refused(home, place, value or event, match, lambda: reverse(home, "A1", event, "wrong", now=now))

    refused("no-such", "is none of this line")
    refused("settled:L001:1", "worked out, not entered")
    refused(requested, "cancel the draw")
    refused("who", "cannot be reversed")
    refused(booked, f"reverse {taken.id} first", "loan", "L001")
    _refused(home, "reason", " ", "say why", lambda: reverse(home, "A1", taken.id, " ", now=now))
    reverse(home, "A1", taken.id, "bounced", now=now)
    refused(taken.id, "is reversed already")
    refused(f"void:{taken.id}", "is a reversal itself")


def test_a_draw_reversed_waits_again_and_may_be_booked_or_cancelled(home: Home) -> None:
    _draw(home)
    reverse(home, "A1", "draw:L001:booked", "the payout came back", now=DRAWN + HOUR)
    standing = line_account(home, "A1")
    assert (standing.account.loans, standing.pending) == ({}, {"L001": AMOUNT})
    book_draw(home, "A1", "L001", now=DRAWN + 2 * HOUR)
    assert line_account(home, "A1").account.owed == AMOUNT
    reverse(home, "A1", "draw:L001:booked~2", "again", now=DRAWN + 3 * HOUR)
    cancel_draw(home, "A1", "L001", now=DRAWN + 4 * HOUR)
    assert line_account(home, "A1").available == LIMIT


def test_a_repayment_to_another_systems_loan_is_not_reversed_here(home: Home) -> None:
    home.append([Event("old", "A1", OPENED, OPENED, RepaymentReceived(amount=5, principal=5))])
    _draw(home)
    _refused(home, "event", "old", "cannot be reversed", lambda: reverse(home, "A1", "old", "wrong", now=DRAWN + DAY))
    _refused(home, "id", "old", "other content", lambda: repay(home, "A1", 6, now=DRAWN + DAY, id="old"))
    _refused(
        home, "id", "old", "not booked by the lending core", lambda: repay(home, "A1", 5, now=DRAWN + DAY, id="old")
    )


# -- changing ---------------------------------------------------------------------------------------


def test_a_loan_is_planned_over_more_instalments_and_that_is_taken_back(home: Home) -> None:
    rows = _draw(home).rows
    now = moment("2026-01-06")
    planned = reschedule(home, "A1", "L001", "smaller", 8, now=now)
    assert (len(planned), sum(row.principal for row in planned)) == (8, AMOUNT)
    assert planned[0].amount < rows[0].amount
    reschedule(home, "A1", "L001", "fewer", 7, now=now)
    first, second = "reschedule:L001:001", "reschedule:L001:002"
    reverse(home, "A1", second, "asked for by mistake", now=now)
    reverse(home, "A1", first, "asked for by mistake", now=now)
    assert [row.principal for row in line_account(home, "A1").account.loans["L001"].coming] == [
        row.principal for row in rows
    ]


def test_what_later_changes_stand_on_is_not_taken_back_before_them(home: Home) -> None:
    _draw(home)
    now = moment("2026-01-06")
    reschedule(home, "A1", "L001", "smaller", 8, now=now)
    reschedule(home, "A1", "L001", "fewer", 7, now=now)
    first, second = "reschedule:L001:001", "reschedule:L001:002"
    _refused(home, "event", second, "reverse that first", lambda: reverse(home, "A1", first, "mistake", now=now))
    _refused(
        home, "event", second, "reverse that first", lambda: reverse(home, "A1", "draw:L001:booked", "mistake", now=now)
    )


def test_changes_that_do_not_fit_are_refused(home: Home) -> None:
    _draw(home)
    now = moment("2026-01-06")
    _refused(home, "instalments", 8, "6 are to come", lambda: reschedule(home, "A1", "L001", "fewer", 8, now=now))
    _refused(home, "instalments", 0, "1 to 600", lambda: reschedule(home, "A1", "L001", "fewer", 0, now=now))
    _refused(home, "change", "longer", "skip_next", lambda: reschedule(home, "A1", "L001", "longer", 8, now=now))  # type: ignore[arg-type]
    _refused(home, "loan", "L002", "of line A1: L001", lambda: reschedule(home, "A1", "L002", "fewer", 2, now=now))
    repay(home, "A1", payoffs(home, "A1", day_of("2026-01-06"))[0].total, now=now)
    _refused(home, "loan", "L001", "nothing to write off", lambda: write_off(home, "A1", "L001", now=now))
    _refused(
        home, "loan", "L001", "nothing of it is to come", lambda: reschedule(home, "A1", "L001", "skip_next", now=now)
    )


def test_nothing_is_done_to_a_loan_that_is_not_drawn(home: Home) -> None:
    _ask(home)
    now = DRAWN + HOUR
    _refused(home, "loan", "L001", "book the draw first", lambda: write_off(home, "A1", "L001", now=now))
    _refused(home, "loan", "L001", "is not drawn", lambda: reschedule(home, "A1", "L001", "smaller", 8, now=now))
    _refused(home, "loan", "L001", "is not drawn", lambda: repay(home, "A1", 100, loan="L001", now=now))


def test_a_loan_written_off_is_owed_all_the_same_and_no_more_is_lent(home: Home) -> None:
    _draw(home)
    now = moment("2026-03-20")
    lost = write_off(home, "A1", "L001", now=now)
    assert lost > AMOUNT
    assert line_account(home, "A1").account.owed == 0
    _refused(home, "loan", "L001", "nothing to write off", lambda: write_off(home, "A1", "L001", now=now))
    value = f"{lost / 100:.2f}"
    _refused(home, "overdue", value, "for 64 days", lambda: _ask(home, now=now))
    with pytest.raises(LendingError, match="recovery"):
        payoffs(home, "A1", day_of("2026-03-20"), "L001")
    taken = repay(home, "A1", lost, now=now + DAY)
    assert (taken.recovered, taken.credit) == (lost, 0)
    assert _ask(home, now=now + 2 * DAY).loan == "L002"


def test_a_write_off_taken_back_leaves_the_loan_as_it_was(home: Home) -> None:
    _draw(home)
    until = day_of("2026-03-31")
    plain = line_account(home, "A1", until).account.entries
    write_off(home, "A1", "L001", now=moment("2026-03-20"))
    reverse(home, "A1", "write-off:L001", "too soon", now=moment("2026-03-21"))
    assert line_account(home, "A1", until).account.entries == plain
    write_off(home, "A1", "L001", now=moment("2026-03-22"))
    assert line_account(home, "A1", until).account.loans["L001"].is_written_off


# -- asking -----------------------------------------------------------------------------------------


@given(st.integers(0, 400), st.sampled_from([0, 0, 40_000, 250_000]))
@settings(max_examples=settings().max_examples // 3)
def test_what_a_payoff_says_repays_the_loan_on_that_day(days: int, paid: int) -> None:
    with TemporaryDirectory() as folder, Home.open(folder) as home:
        publish(home)
        _draw(home, line=open_line(home))
        if paid:
            repay(home, "A1", paid, now=moment("2026-01-10"))
        day = day_of("2026-01-10") + days
        asked = payoffs(home, "A1", day)
        assert asked == payoffs(home, "A1", day, "L001")
        taken = repay(home, "A1", asked[0].total, loan="L001", now=moment(day, 12))
        assert taken.credit == 0
        assert line_account(home, "A1").account.loans["L001"].is_over


def test_payoffs_of_a_day_before_the_draw(home: Home) -> None:
    _draw(home)
    assert payoffs(home, "A1", day_of("2026-01-04")) == []
    with pytest.raises(LendingError, match="is not drawn by 2026-01-04; give a day on or after its draw"):
        payoffs(home, "A1", day_of("2026-01-04"), "L001")
    with pytest.raises(LendingError, match="of line A1: L001"):
        payoffs(home, "A1", day_of("2026-01-04"), "L002")


def test_a_line_of_another_system_has_no_loans_here(home: Home) -> None:
    home.append([Event("o", "C3", OPENED, OPENED, LineOpened(limit=100))])
    home.append([Event("d", "C3", OPENED, OPENED, DrawBooked(amount=50))])
    standing = line_account(home, "C3")
    assert (standing.account.loans, standing.status, standing.available, standing.currency) == ({}, "new", 0, None)


def test_a_product_that_is_not_there_is_told(home: Home) -> None:
    body = DrawRequested(loan="L001", amount=100, product="gone@1", instalments=3)
    home.append(
        [Event("r", "A1", OPENED, OPENED, body), Event("b", "A1", OPENED, OPENED, DrawBooked(amount=100, loan="L001"))]
    )
    with pytest.raises(LendingError, match="publish the product this draw names"):
        line_account(home, "A1")
    waiting = DrawRequested(loan="L001", amount=100, product="gone@1", instalments=3)
    open_line(home, "B2")
    home.append([Event("r", "B2", OPENED, OPENED, waiting)])
    _refused(home, "product", "gone@1", "not published here", lambda: book_draw(home, "B2", "L001", now=DRAWN))


# -- order ------------------------------------------------------------------------------------------

ARRIVALS = (("2026-01-12", 90_000, None), ("2026-01-15", 206_754, "L001"), ("2026-02-20", 150_000, None))


def test_repayments_entered_in_any_order_leave_the_same_books(tmp_path: Path) -> None:
    seen = []
    for number, order in enumerate(permutations(range(3))):
        with Home.open(tmp_path / str(number)) as home:
            publish(home)
            _draw(home, line=open_line(home))
            for entered, place in enumerate(order):
                day, amount, loan = ARRIVALS[place]
                now = moment("2026-02-20", 12) + entered * HOUR
                repay(home, "A1", amount, loan=loan, at=moment(day), now=now, id=f"bank-{place}")
            account = line_account(home, "A1", day_of("2026-04-30")).account
            seen.append((account.entries, account.settled, account.balances(), told(home)))
    assert seen == [seen[0]] * 6


PAYMENTS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 400_000), st.sampled_from([None, "L1", "L2"])), max_size=8
)


@given(st.data(), PAYMENTS)
def test_events_in_whatever_order_make_the_same_account(
    data: st.DataObject, payments: list[tuple[int, int, str | None]]
) -> None:
    product = load_product(PRODUCT)
    first = day_of("2026-01-05")
    events = []
    for number, loan in enumerate(("L1", "L2")):
        asked = DrawRequested(loan=loan, amount=AMOUNT, product="p", instalments=6 - 3 * number, due_day=15)
        at = DRAWN + number
        events += [
            Event(f"r{loan}", "A1", at, at, asked),
            Event(f"b{loan}", "A1", at, at, DrawBooked(amount=AMOUNT, loan=loan)),
        ]
    for number, (day, amount, to) in enumerate(payments):
        at = moment(first + day, 12)
        body = RepaymentReceived(amount=amount, principal=0, loan=to)
        events.append(Event(f"p{number}", "A1", at, at + DAY, body))
    if payments:
        at = moment(first + 300)
        events.append(Event("v", "A1", at, at, EventVoided(event="p0", reason="bounced")))

    def account(listed: list[Event]) -> Account:
        return build("A1", operations(listed, {"p": product}, OFFSET), first + 250)[0]

    one, other = account(events), account(data.draw(st.permutations(events)))
    assert (one.entries, one.settled, one.credit) == (other.entries, other.settled, other.credit)
    without = [event for event in events if event.id not in ("p0", "v")]
    assert account(without).entries == one.entries
