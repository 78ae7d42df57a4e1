"""Nearness in a home: one line with its loans, all lines at once, and what cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from creditline.clock import DAY, HOUR
from creditline.errors import CreditlineError
from creditline.service.lines_ahead import LinesAhead, Paid, lines_ahead
from creditline.service.near_told import lines_told, told
from creditline.service.nearness import near_line
from creditline.store import Home
from tests.service.near_home import NOW, a_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("home")
    with Home.open(folder / "home") as made:
        a_home(made, folder)
        yield made


def soonest(home: Home, paid: Paid = "kept", within: int = 90 * DAY) -> LinesAhead:
    return lines_ahead(home, now=NOW, within=within, paid=paid)


def test_all_lines_at_once_come_out_as_each_by_itself(home: Home) -> None:
    found = {each.line: each.hit for each in soonest(home, "nothing").lines}
    for line in ("quiet", "lent", "late", "poor", "old"):
        first = near_line(home, line, now=NOW).first
        assert found.get(line) == (first if first is not None and first.at <= NOW + 90 * DAY else None)
    assert set(found) >= {"lent", "late", "poor", "old"} - {"old"}


def test_the_soonest_stand_first_and_say_what_comes(home: Home) -> None:
    ahead = soonest(home, "nothing")
    moments = [each.hit.at for each in ahead.lines]
    assert moments == sorted(moments)
    assert {each.line: each.hit.codes for each in ahead.lines}["lent"] == ("T01F",)
    assert {each.line: each.hit.action for each in ahead.lines}["poor"] == "set_limit"
    assert (ahead.looked_at, ahead.with_loans) == (5, 2)
    assert all(NOW < each <= NOW + 90 * DAY for each in moments)


def test_who_pays_every_instalment_is_not_hit_and_who_is_behind_is(home: Home) -> None:
    """The line that is behind stays an instalment behind: what is paid goes to what is due longest."""
    kept = {each.line: each.hit.codes for each in soonest(home).lines}
    assert kept.get("lent") == ("T11",)
    assert kept["late"] == ("T01F",)
    assert {each.line: each.hit.codes for each in soonest(home, "nothing").lines}["late"] == ("T01", "T01F")
    left_out = {each.line: each.hit.codes for each in soonest(home, "left_out").lines}
    assert left_out["lent"] == ("T11",)
    assert left_out["late"] == ("T11",)


def test_only_what_comes_within_the_time_asked_is_told(home: Home) -> None:
    every = soonest(home, "nothing").lines
    few = soonest(home, "nothing", 17 * DAY).lines
    assert few == tuple(each for each in every if each.hit.at <= NOW + 17 * DAY)
    assert 0 < len(few) < len(every)


def test_progress_counts_the_lines_with_loans(home: Home) -> None:
    seen: list[tuple[int, int]] = []
    lines_ahead(home, now=NOW, paid="nothing", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 2)]


def test_now_is_the_last_moment_the_home_knows(home: Home) -> None:
    assert lines_ahead(home, paid="left_out").now >= NOW


def test_a_line_is_told_both_ways_with_its_payments(home: Home) -> None:
    said = told(near_line(home, "lent", now=NOW, within=30 * DAY))
    assert (said["has_loans"], said["first"]["codes"], said["first"]["on"]) == (True, ["T01F"], "2026-03-19")
    assert said["first_if_instalments_are_paid"]["codes"] == ["T11"]
    overdue = next(each for each in said["triggers"] if each["code"] == "T01F")
    assert overdue["answer"] == "levers"
    assert overdue["prevention"]["cost"] == "0.00"
    steps = overdue["prevention"]["steps"]
    assert [(step["on"], step["lever"]) for step in steps[:2]] == [("2026-03-15", "keep"), ("2026-04-15", "keep")]
    assert all(float(step["amount"]) > 1000 for step in steps)
    old = next(each for each in said["triggers"] if each["code"] == "T11")
    assert (old["prevention"]["cost"], old["prevention"]["steps"][0]["on"]) == ("12.50", "2026-03-02")


def test_the_order_is_by_severity_and_a_cut_tells_its_limits(home: Home) -> None:
    said = told(near_line(home, "poor", now=NOW))
    assert [each["then"] for each in said["triggers"]] == ["terminate", "close", "freeze", "freeze", "limit"]
    assert said["first"]["action"] == "set_limit"
    assert said["first"]["limit"] == "25000.00"
    assert said["first"]["says"]["en"] == "the limit is cut from 50,000 CNY to 25,000 CNY"


def test_all_lines_as_plain_data(home: Home) -> None:
    said = lines_told(soonest(home))
    assert (said["within_days"], said["paid"], said["looked_at"]) == (90, "kept", 5)
    assert {"line", "policy", "status", "limit", "on", "at", "action", "codes", "reasons"} <= said["lines"][0].keys()


# -- what cannot be asked


def test_a_line_that_is_closed_is_sent_to_its_plan(home: Home) -> None:
    with pytest.raises(CreditlineError, match=r"line: 'shut' is closed, neither open nor.*creditline plan shut"):
        near_line(home, "shut", now=NOW)


def test_a_line_that_is_not_known_is_told_so(home: Home) -> None:
    with pytest.raises(CreditlineError, match=r"line: 'lemt' is not known in .*did you mean lent"):
        near_line(home, "lemt", now=NOW)


@pytest.mark.parametrize("within", [0, HOUR - 1, 731 * DAY])
def test_a_time_that_is_not_looked_ahead_is_told_so(home: Home, within: int) -> None:
    with pytest.raises(CreditlineError, match=r"--within: .*give 1h to 730d"):
        near_line(home, "quiet", now=NOW, within=within)
    with pytest.raises(CreditlineError, match=r"--within: .*give 1h to 730d"):
        lines_ahead(home, now=NOW, within=within)


def test_a_home_without_decisions_is_told_to_run_a_policy(tmp_path: Path) -> None:
    with Home.open(tmp_path / "home") as empty, pytest.raises(CreditlineError, match="run a policy first"):
        lines_ahead(empty)


def test_every_way_of_taking_the_loans_has_its_words() -> None:
    from creditline.i18n import LANGUAGES, catalogue

    for lang in LANGUAGES:
        assert all(f"near.paid_{each}" in catalogue(lang) for each in get_args(Paid))
