"""Notices of a home: kept with their decisions or not at all, delivered once, never for what no longer stands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from creditline.clock import DAY, HOUR
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import (
    ApplicationReceived,
    ArrearsChanged,
    LineEnded,
    LineLimitSet,
    LineOpened,
    ScoreReported,
)
from creditline.lines.decision import Decision
from creditline.notices import load_profile, plan_notice
from creditline.policy import Policy, read_policy
from creditline.reports.notice import forms
from creditline.service.notices import (
    FolderSender,
    deliver,
    enqueue,
    enqueue_way,
    notice_for,
    overdue,
    prepare,
    settle,
)
from creditline.service.run import run_home
from creditline.store import Home, Letter
from tests.notices.test_letters import plan

START = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, a Thursday."""

TEXT = """
policy: trial
title: {zh: 试验额度, en: Trial line}
facts:
  dpd: {last: arrears.changed.days_past_due}
  score: {last: score.reported.score}
rules:
  - {code: T01, when: dpd >= 30, then: close, cooling_off: 10d, cure: dpd = 0, reason: {zh: 逾期, en: Overdue}}
  - {code: D01, when: score < 400, then: limit, limit: 0.5 * limit, not_within: 30d, reason: {zh: 低, en: Low}}
approve:
  when: requested <= 1000
  limit: requested
  otherwise: {code: A01, reason: {zh: 申请金额过高, en: You asked for too much}}
reopen: {when: dpd = 0, limit: limit, probation: 10d}
incident: {code: S9, reason: {zh: 维护, en: Maintenance}}
"""
CHINA, STATES = load_profile("china"), load_profile("united-states")
NOW = START + 90 * DAY


def policy() -> Policy:
    return read_policy(TEXT, "trial.yaml")


def events(line: str = "L1") -> list[Event]:
    return [
        Event("open", line, START, START, LineOpened(limit=100_000)),
        Event("score", line, START + DAY, START + 2 * DAY, ScoreReported(score=380)),
        Event("late", line, START + 40 * DAY, START + 40 * DAY, ArrearsChanged(35, 500)),
        Event("paid", line, START + 60 * DAY, START + 60 * DAY, ArrearsChanged(0, 0)),
    ]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        opened.append([*events("L1"), *events("L2")])
        opened.append([Event("ask", "L3", START + DAY, START + DAY, ApplicationReceived(amount=500_000))])
        file = tmp_path / "trial.yaml"
        file.write_text(TEXT, "utf-8")
        run_home(opened, file, notices=False)
        yield opened


def kinds(home: Home, line: str = "L1") -> list[str]:
    return [letter.kind for letter in sorted(home.letters(line), key=lambda each: each.decision)]


class Box:
    """A sender that remembers what it was asked."""

    def __init__(self, fails: str = "") -> None:
        self.keys: list[str] = []
        self.fails = fails

    def send(self, letter: Letter) -> None:
        if letter.line == self.fails:
            raise CreditlineError("post", letter.line, "try again later", "is away")
        self.keys.append(letter.key)


def test_decisions_get_the_notices_they_are_owed(home: Home) -> None:
    assert enqueue(home, home.decisions(), policy(), CHINA, now=NOW) == 7
    assert kinds(home) == ["reduction", "closing", "reopening"]
    assert kinds(home, "L3") == ["refusal"]
    letter = home.letters("L3")[0]
    assert (letter.lang, letter.jurisdiction, letter.queued_at) == ("zh", "china", NOW)
    assert "5,000 CNY" in letter.content
    assert "不超过1,000 CNY" in letter.content


def test_a_line_that_was_given_up_is_confirmed_as_its_event_says(home: Home) -> None:
    """Why it ended stands in the log alone; the decision says only that it did."""
    home.append([
        Event("gone", "L1", START + 70 * DAY, START + 70 * DAY, LineEnded("requested")),
        Event("gone", "L2", START + 70 * DAY, START + 70 * DAY, LineEnded("legal")),
        Event("more", "L3", START + 70 * DAY, START + 70 * DAY, LineOpened(limit=100_000)),
        Event("raised", "L3", START + 71 * DAY, START + 71 * DAY, LineLimitSet(limit=150_000)),
    ])  # fmt: skip
    run_home(home, notices=False)
    enqueue(home, home.decisions(), policy(), CHINA, now=NOW, lang="en")
    assert (kinds(home, "L1")[-1], kinds(home, "L2")[-1], kinds(home, "L3")[-1]) == ("ended", "ending", "increase")
    (asked, ordered, raised) = (home.letters(line)[-1].content for line in ("L1", "L2", "L3"))
    assert "because you asked for it" in asked
    assert "an order of a court or an authority" in ordered
    assert "from 1,000.00 CNY to 1,500.00 CNY" in raised
    notice, _ = notice_for(home, "L1", None, CHINA, "en")
    assert notice.content().decode() == asked


def test_once_more_changes_nothing(home: Home) -> None:
    enqueue(home, home.decisions(), policy(), CHINA, now=NOW)
    before = home.letters()
    assert enqueue(home, home.decisions(), None, CHINA, now=NOW + DAY) == 0
    assert prepare(home, CHINA, now=NOW + DAY) == 0
    assert home.letters() == before


def test_a_later_decision_alone_is_told_with_its_line_before_it(home: Home) -> None:
    made = home.decisions("L1")
    enqueue(home, made, policy(), CHINA, now=NOW)
    whole = {letter.decision: letter.hash for letter in home.letters("L1")}
    for letter in home.letters("L1"):
        home.drop_letter(letter.number)
    enqueue(home, made[-1:], policy(), CHINA, now=NOW)
    (alone,) = home.letters("L1")
    assert alone.hash == whole[alone.decision]


def test_the_date_of_the_score_is_told_where_the_law_asks_for_it(home: Home) -> None:
    notice, _ = notice_for(home, "L1", 1, STATES)
    said = [part for section in notice.sections for part in section.paragraphs]
    assert "Your score was 380, on a scale from 300 to 850." in said
    assert "It was made on January 2, 2026." in said


def test_decisions_and_notices_are_kept_together_or_not_at_all(home: Home) -> None:
    made = home.decisions()
    changed = [msgspec.structs.replace(each, limit=each.limit + 100) for each in made]

    def fails() -> None:
        with home.turn():
            home.record(changed)
            assert enqueue(home, changed, policy(), CHINA, now=NOW) == 7
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert home.decisions() == made
    assert home.letters() == []


# Records decisions and their notices in one turn and dies within it, or right after it.
PROGRAM = """
import os, signal, sys
from creditline.notices import load_profile
from creditline.service.notices import enqueue
from creditline.store import Home
home = Home.open(sys.argv[1])
made = home.decisions()
with home.turn():
    home.record(made)
    enqueue(home, made, None, load_profile("china"), now=1)
    if sys.argv[2] == "within":
        os.kill(os.getpid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("where", "kept"), [("within", 0), ("after", 7)])
def test_killed_all_notices_are_there_or_none(home: Home, where: str, kept: int) -> None:
    made = home.decisions()
    source = str(Path(__file__).parents[2] / "src")
    command = [sys.executable, "-c", PROGRAM, str(home.path), where]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": source}, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(home.letters()) == kept
    assert home.decisions() == made
    assert enqueue(home, made, policy(), CHINA, now=NOW) == 7 - kept


def test_each_notice_is_delivered_once_the_nearest_deadline_first(home: Home) -> None:
    enqueue(home, home.decisions(), policy(), CHINA, now=NOW)
    box = Box()
    assert deliver(home, box, NOW).sent == 7
    assert box.keys[0] == "L3/1/refusal/0"
    assert deliver(home, box, NOW).sent == 0
    assert len(box.keys) == len(set(box.keys)) == 7
    assert {letter.state for letter in home.letters()} == {"sent"}
    assert all(letter.sent_at == NOW for letter in home.letters())


def test_what_cannot_be_delivered_waits_and_the_rest_goes_out(home: Home) -> None:
    enqueue(home, home.decisions(), policy(), CHINA, now=NOW)
    done = deliver(home, Box(fails="L2"), NOW)
    assert (done.sent, len(done.failed)) == (4, 3)
    assert "post: 'L2' is away; try again later" in done.failed[0][1]
    assert deliver(home, Box(), NOW).sent == 3


def test_nobody_is_told_of_a_decision_that_stands_no_more(home: Home) -> None:
    enqueue(home, home.decisions(), policy(), CHINA, now=NOW)
    made = home.decisions("L1")
    # The closing turns out to have been a mistake: made again on the right data, the line never closed.
    home.record(made[:2], ["L1"])
    box = Box()
    done = deliver(home, box, NOW)
    assert (done.sent, done.dropped) == (5, 2)
    assert not any(key.startswith(("L1/2", "L1/3")) for key in box.keys)


def test_a_decision_made_again_otherwise_is_told_again(home: Home) -> None:
    made = home.decisions("L1")
    enqueue(home, made, policy(), CHINA, now=NOW)
    deliver(home, Box(), NOW)
    other = [msgspec.structs.replace(each, limit=each.limit - 100) if each.number else each for each in made]
    home.record(other)
    # The closing says the same words as before.
    assert enqueue(home, other, policy(), CHINA, now=NOW) == 2
    assert {letter.edition for letter in home.letters("L1", "due")} == {1}
    # Another position in the log is nothing to write about.
    moved = [msgspec.structs.replace(each, position=each.position + 5) for each in other]
    deliver(home, Box(), NOW)
    home.record(moved)
    assert enqueue(home, moved, policy(), CHINA, now=NOW) == 0


def test_preparing_drops_what_waits_for_nothing_and_minds_since(home: Home) -> None:
    assert prepare(home, CHINA, now=NOW, since=START + 31 * DAY) == 4
    made = home.decisions("L1")
    home.record(made[:2], ["L1"])
    assert settle(home) == 2
    assert prepare(home, CHINA, now=NOW) == 3


def test_overdue_begins_after_the_last_moment_of_the_deadline(home: Home) -> None:
    enqueue(home, home.decisions("L3"), policy(), CHINA, now=NOW)
    (letter,) = home.letters()
    assert letter.deadline is not None
    # Refused on Friday 2 January 2026, still a holiday; Sunday the 4th is worked, then Monday and Tuesday.
    assert letter.deadline == START + 6 * DAY - 8 * HOUR - 1
    assert overdue(home, letter.deadline) == []
    assert overdue(home, letter.deadline + 1) == [letter]
    deliver(home, Box(), NOW)
    assert overdue(home, NOW) == []


def test_a_plan_is_told_again_only_when_it_says_something_else(home: Home) -> None:
    closing = next(each for each in home.decisions("L1") if each.action == "close")
    notice = plan_notice(closing, policy(), CHINA, [plan()], now=NOW)
    assert enqueue_way(home, notice, now=NOW)
    assert not enqueue_way(home, notice, now=NOW)
    assert deliver(home, Box(), NOW).sent == 1
    cheaper = plan_notice(closing, policy(), CHINA, [plan(cost=100)], now=NOW)
    assert enqueue_way(home, cheaper, now=NOW)
    assert [letter.edition for letter in home.letters("L1", "due")] == [1]


# -- the folder -------------------------------------------------------------------------------------------


def test_a_folder_holds_every_form_once_and_nothing_half_written(home: Home, tmp_path: Path) -> None:
    enqueue(home, home.decisions(), policy(), CHINA, now=NOW)
    folder = tmp_path / "out"
    sender = FolderSender(folder, forms(pdf=False))
    waiting = home.letters()
    assert deliver(home, sender, NOW).sent == 7
    assert {each.name for each in folder.iterdir()} == {sender.name(letter) for letter in waiting}
    written = folder / sender.name(waiting[0])
    assert sorted(each.name for each in written.iterdir()) == ["notice.html", "notice.txt"]
    # Killed between delivering and noting it, the sender is asked again: what is there stays as it is.
    before = {each: each.stat().st_mtime_ns for each in folder.rglob("*")}
    for letter in waiting:
        sender.send(letter)
    assert {each: each.stat().st_mtime_ns for each in folder.rglob("*")} == before


def test_a_form_that_fails_leaves_nothing_behind(home: Home, tmp_path: Path) -> None:
    enqueue(home, home.decisions("L3"), policy(), CHINA, now=NOW)

    def broken(_: object) -> bytes:
        raise CreditlineError("--format", "㐂", "take html", "cannot be printed")

    folder = tmp_path / "out"
    done = deliver(home, FolderSender(folder, {**forms(pdf=False), "pdf": broken}), NOW)
    assert (done.sent, len(done.failed)) == (0, 1)
    assert not folder.exists()
    assert deliver(home, FolderSender(folder, forms(pdf=False)), NOW).sent == 1


def test_what_a_killed_delivery_left_is_cleared_away(home: Home, tmp_path: Path) -> None:
    enqueue(home, home.decisions("L3"), policy(), CHINA, now=NOW)
    (letter,) = home.letters()
    folder = tmp_path / "out"
    left = folder / f".{FolderSender.name(letter)}.abcd"
    left.mkdir(parents=True)
    (left / "notice.txt").write_text("half")
    deliver(home, FolderSender(folder, forms(pdf=False)), NOW)
    assert [each.name for each in folder.iterdir()] == [FolderSender.name(letter)]


def test_a_folder_that_cannot_be_written_is_told(home: Home, tmp_path: Path) -> None:
    enqueue(home, home.decisions("L3"), policy(), CHINA, now=NOW)
    (tmp_path / "file").write_text("")
    done = deliver(home, FolderSender(tmp_path / "file", forms(pdf=False)), NOW)
    assert "--deliver" in done.failed[0][1]
    assert "folder that may be written" in done.failed[0][1]


def test_names_of_folders_are_safe_and_different() -> None:
    letter = Letter("../../etc/passwd", 1, "closing", "zh", "china", "s", "{}", "h", None, 1)
    other = msgspec.structs.replace(letter, line=".._.._etc_passwd")
    assert "/" not in FolderSender.name(letter)
    assert not FolderSender.name(letter).startswith(".")
    assert FolderSender.name(letter) != FolderSender.name(other)


def test_made_up_decisions_of_no_version_are_refused(home: Home) -> None:
    odd = Decision("L1", START, 0, "close", "open", "closed", 1, 1, 0, ("T01",), "none", 1, None, {"dpd": 31})
    with pytest.raises(CreditlineError, match="is not published"):
        enqueue(home, [odd], policy(), CHINA, now=NOW)
