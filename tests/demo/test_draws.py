"""In a demonstration nobody draws but on an open line, within the limit in force; worked out anew from what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from creditline.events.event import Event
from creditline.events.kinds import DrawBooked, DrawRequested
from creditline.lending.account import Account
from creditline.lending.operations import apply, operations
from creditline.lending.product import Product, load_product, shipped_products
from creditline.lines.decision import Decision
from creditline.replay.heeding import limits_of
from creditline.service import demo as demo_module
from creditline.service.demo import Asked, Demo, demonstrate
from creditline.simulate import live_again, lives
from creditline.simulate.limits import ASKED_BEFORE, first_other
from creditline.simulate.period import OFFSET
from creditline.store import Home

ASKED = Asked(90, 10, 7)

Line = tuple[list[Event], list[Decision]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return demonstrate(tmp_path_factory.mktemp("draws") / "home", ASKED, engine="python")


@pytest.fixture(scope="module")
def kept(made: Demo) -> dict[str, Line]:
    """What the home holds of each line: its events and its decisions in order."""
    with Home.open(made.home) as home:
        decided: dict[str, list[Decision]] = {}
        for each in home.decisions():
            decided.setdefault(each.line, []).append(each)
        return {
            line: (list(events), sorted(decided.get(line, []), key=lambda each: each.number))
            for line, events in home.events_by_line(home.lines())
        }


@cache
def products() -> dict[str, Product]:
    loaded = [load_product(name) for name in shipped_products()]
    return {f"{product.name}@{product.version}": product for product in loaded}


def standing(decisions: Sequence[Decision], t: int) -> tuple[str, int]:
    """Status and limit just before a moment."""
    before = [each for each in decisions if each.at < t]
    return (before[-1].status, before[-1].limit) if before else ("new", 0)


def test_every_draw_was_made_on_an_open_line_within_what_was_available(kept: dict[str, Line]) -> None:
    """Limit in force less principal owed less other draws agreed and not yet booked, at the moment of booking."""
    seen = 0
    for line, (events, decisions) in kept.items():
        account = Account(line)
        asked = {event.body.loan: event for event in events if isinstance(event.body, DrawRequested)}
        for move in operations(events, products(), OFFSET):
            if isinstance(move.says, DrawBooked):
                if account.day != move.day:
                    account.advance(move.day)
                waiting = sum(
                    event.body.amount
                    for loan, event in asked.items()
                    if loan not in (*account.loans, move.loan) and event.at < move.at
                    if isinstance(event.body, DrawRequested)
                )
                status, limit = standing(decisions, move.at)
                assert status == "open", (line, move)
                assert move.says.amount <= limit - account.owed - waiting, (line, move)
                assert standing(decisions, asked[move.loan].at)[0] == "open", (line, move)
                seen += 1
            apply(account, move)
    assert seen > 200


def test_declined_lines_have_no_loans(kept: dict[str, Line]) -> None:
    never_opened = [line for line, (_, decisions) in kept.items() if "open" not in {each.action for each in decisions}]
    assert len(never_opened) > 4
    lending = {"draw.requested", "draw.booked", "repayment.received", "instalment.settled", "loan.written_off"}
    for line in never_opened:
        assert not lending & {event.kind for event in kept[line][0]}


def test_until_the_first_draw_that_goes_otherwise_a_life_is_the_one_without_decisions(kept: dict[str, Line]) -> None:
    same, others = 0, 0
    for free in lives(ASKED.borrowers, ASKED.months, ASKED.seed):
        events, decisions = kept[free.truth.line]
        other = first_other(free.looks, limits_of(decisions))
        if other is None:
            assert events == free.events
            same += 1
            continue
        until = other.at - ASKED_BEFORE
        assert [e for e in events if e.at < until] == [e for e in free.events if e.at < until]
        others += 1
    assert same > 50
    assert others > 10


def test_each_life_is_the_one_that_its_own_decisions_allow(kept: dict[str, Line]) -> None:
    """Lived again within the limits that were decided on the final log, it comes to that log."""
    for place, (_, (events, decisions)) in enumerate(sorted(kept.items())):
        assert live_again(place, ASKED.months, ASKED.seed, limits_of(decisions)).events == events


def test_the_truth_is_that_of_lives_without_decisions(made: Demo) -> None:
    assert made.truths == {life.truth.line: life.truth for life in lives(ASKED.borrowers, ASKED.months, ASKED.seed)}


def test_batches_make_no_difference(made: Demo, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_module, "BATCH", 25)
        again = demonstrate(tmp_path_factory.mktemp("batches") / "home", ASKED, engine="python")
    assert (again.decisions, again.figures, again.books) == (made.decisions, made.figures, made.books)


def test_what_is_written_off_never_comes_back_by_itself(kept: dict[str, Line]) -> None:
    lost = {
        line: min(event.at for event in events if event.kind == "loan.written_off")
        for line, (events, _) in kept.items()
        if any(event.kind == "loan.written_off" for event in events)
    }
    assert lost
    for line, at in lost.items():
        assert "open" not in {each.status for each in kept[line][1] if each.at > at}
        assert standing(kept[line][1], at)[0] in ("closed", "terminated")
