"""What a story file may say, and that mistakes are told at their place with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditline.clock import CalendarMonths, parse_duration, parse_moment
from creditline.errors import CreditlineError
from creditline.stories import StoryErrors, load_story, read_story
from creditline.stories.times import Calendar

GOOD = """\
story: one draw
policy: consumer-line
given: good_borrower
cases:
  - case: only
    events:
      - {on: 2026-02-01, kind: draw.booked, amount: 500.00}
    expect:
      - {on: 2026-02-01, status: open}
"""

MISTAKES = [
    ("draw.booked, amount", "draw.boked, amount", "7:32", "'draw.boked' is no kind of event", "draw.booked"),
    ("amount: 500.00", "amout: 500.00", "7:45", "amout", "amount"),
    ("amount: 500.00", "amount: 500.001", "7:53", "500.001", "round it to 2"),
    ("amount: 500.00", "amount: 0.00", "7:53", "is not allowed", "from 0.01"),
    (", amount: 500.00", "", "7:9", "amount is missing", "give amount"),
    ("{on: 2026-02-01, kind: draw", "{on: 2026-02-30, kind: draw", "7:14", "does not exist", "check date"),
    ("{on: 2026-02-01, kind: draw", "{kind: draw", "7:9", "does not say when", "add on:"),
    ("{on: 2026-02-01, kind: draw", "{from: 2026-02-01, kind: draw", "7:9", "from, every and times", "every: 5d"),
    ("{on: 2026-02-01, kind: draw", "{from: 2026-02-01, every: 5x, times: 2, kind: draw", "7:35", "'5x'", "48h"),
    ("{on: 2026-02-01, kind: draw", "{from: 2026-02-01, every: 5d, times: 0, kind: draw", "7:46", "times 0", "4"),
    ("given: good_borrower", "given: good_borower", "3:8", "no opening is called 'good_borower'", "good_borrower"),
    ("policy: consumer-line", "policy: consumer", "2:9", "'consumer'", "consumer-line"),
    ("status: open", "status: opened", "9:34", "'opened' is not one of", "open"),
    ("status: open", "action: closed", "9:34", "'closed' is not one of", "close"),
    ("status: open", "action: close, reasons: [T4]", "9:50", "has no rule 'T4'", "T14"),
    ("status: open", "reasons: [T04]", "9:26", "goes with a decision", "action"),
    ("status: open", "facts: {redraw_30d: 3}", "9:34", "no fact 'redraw_30d'", "redraws_30d"),
    ("status: open", "facts: {redraws_30d: 3.5}", "9:47", "more than 0 decimal places", ""),
    ("status: open", "limit: lots", "9:33", "is not an amount", "1234.50"),
    ("status: open", "staus: open", "9:26", "unknown key 'staus'", "status"),
    ("status: open", "line: other, status: open", "9:32", "nothing happens on line 'other'", "line"),
    ("    expect:\n      - {on: 2026-02-01, status: open}\n", "", "5:5", "'expect' is missing", "add expect:"),
    ("cases:\n  - case: only", "cases:\n  - name: only", "5:5", "unknown key 'name'", "case"),
    ("story: one draw", "story: one draw\nuntill: 3", "2:1", "unknown key 'untill'", ""),
    ("    expect:", "    until: 2026-01-31\n    expect:", "8:12", "after the end of the case", "later"),
]


@pytest.mark.parametrize(("right", "wrong", "at", "what", "remedy"), MISTAKES, ids=[m[1].strip() for m in MISTAKES])
def test_a_mistake_is_told_at_its_place(right: str, wrong: str, at: str, what: str, remedy: str) -> None:
    assert right in GOOD
    with pytest.raises(StoryErrors) as caught:
        read_story(GOOD.replace(right, wrong, 1), Path("draw.yaml"))
    told = [problem for problem in str(caught.value).splitlines() if problem.startswith(f"draw.yaml:{at}:")]
    assert told, str(caught.value)
    assert any(what in line and remedy in line for line in told), told


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("amount: 500.00", "amout: 500.00").replace("status: open", "staus: open")
    with pytest.raises(StoryErrors) as caught:
        read_story(text, Path("draw.yaml"))
    assert [problem.line for problem in caught.value.problems] == [7, 9]


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(CreditlineError, match="does not exist"):
        load_story("nowhere.yaml")


def test_openings_and_policies_beside_the_story_come_first(tmp_path: Path) -> None:
    (tmp_path / "_given.yaml").write_text("good_borrower:\n  - {on: +0d, kind: line.opened, limit: 100.00}\n", "utf-8")
    (tmp_path / "draw.yaml").write_text(GOOD, "utf-8")
    assert [event.kind for event in load_story(tmp_path / "draw.yaml").cases[0].events] == [
        "line.opened",
        "draw.booked",
    ]


def test_a_mistake_in_an_opening_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "_given.yaml").write_text("good_borrower:\n  - {on: +0d, kind: line.opend, limit: 100.00}\n", "utf-8")
    (tmp_path / "draw.yaml").write_text(GOOD, "utf-8")
    with pytest.raises(StoryErrors, match=r"_given.yaml:2:21: kind 'line.opend'"):
        load_story(tmp_path / "draw.yaml")


def test_a_date_means_noon_and_stands_for_its_day() -> None:
    calendar = Calendar(8 * 3_600_000_000, parse_moment("2026-01-05T10:00:00+08:00"))
    day = calendar.read("2026-02-01")
    assert day.at == parse_moment("2026-02-01T12:00:00+08:00")
    assert (day.first, day.end) == (
        parse_moment("2026-02-01T00:00:00+08:00"), parse_moment("2026-02-02T00:00:00+08:00"),
    )  # fmt: skip
    minute = calendar.read("2026-02-01 23:59")
    assert (minute.at, minute.end - minute.first) == (parse_moment("2026-02-01T23:59:00+08:00"), 60_000_000)
    assert calendar.read("+30d").at == parse_moment("2026-02-04T10:00:00+08:00")
    assert calendar.read("-2h").at == parse_moment("2026-01-05T08:00:00+08:00")


def test_calendar_months_keep_the_day_or_take_the_last() -> None:
    calendar = Calendar(8 * 3_600_000_000)
    first = calendar.read("2025-10-31 23:30").at
    steps = [calendar.written(calendar.step(first, "1mo", number)) for number in range(5)]
    assert [step[:10] for step in steps] == ["2025-10-31", "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28"]
    assert {step[11:] for step in steps} == {"23:30:00"}
    assert parse_duration("1mo") == CalendarMonths(1)


def test_repeated_events_are_told_apart_and_known_when_told() -> None:
    repeated = "{from: 2026-02-01, every: 2d, times: 3, id: d, known: 2026-03-01, kind: draw.booked, amount: 500.00}"
    text = GOOD.replace("{on: 2026-02-01, kind: draw.booked, amount: 500.00}", repeated)
    events = [event for event in read_story(text, Path("draw.yaml")).cases[0].events if event.kind == "draw.booked"]
    assert [event.id for event in events] == ["d-1", "d-2", "d-3"]
    assert {event.known for event in events} == {parse_moment("2026-03-01T12:00:00+08:00")}
    assert [event.at - events[0].at for event in events] == [0, 2 * 86_400_000_000, 4 * 86_400_000_000]
