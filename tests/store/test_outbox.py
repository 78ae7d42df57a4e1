"""The outbox: a notice waits once, is renewed while it waits, and is never changed once it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from creditline.events.event import Event
from creditline.events.kinds import LineOpened
from creditline.store import Home, Letter
from creditline.store.database import StoreError

LETTER = Letter("A", 2, "closing", "zh", "china", "s1", "{}", "h1", 100, 10)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with Home.open(tmp_path / "home") as opened:
        opened.append([Event("open", line, 1, 1, LineOpened(limit=100)) for line in ("A", "B")])
        yield opened


def changed(**given: object) -> Letter:
    return msgspec.structs.replace(LETTER, **given)


def test_a_notice_comes_out_as_it_went_in(home: Home) -> None:
    assert home.enqueue_letters([LETTER]) == 1
    assert home.letters() == [changed(number=1)]
    assert home.letters("A", "due") == home.letters()
    assert home.letters("B") == home.letters(state="sent") == []
    assert home.letters()[0].key == "A/2/closing/0"


def test_the_same_notice_waits_once(home: Home) -> None:
    home.enqueue_letters([LETTER, LETTER])
    assert home.enqueue_letters([LETTER]) == 0
    assert len(home.letters()) == 1


def test_what_waits_is_renewed_in_place(home: Home) -> None:
    home.enqueue_letters([LETTER])
    assert home.enqueue_letters([changed(hash="h2", content="[]", deadline=200)]) == 1
    assert home.letters() == [changed(hash="h2", content="[]", deadline=200, number=1)]


def test_of_one_notice_told_twice_at_once_the_later_word_waits(home: Home) -> None:
    """Also where the outbox knows nothing of the line yet, and all of its notices are written together."""
    other = changed(line="B", hash="h3")
    assert home.enqueue_letters([LETTER, other, changed(hash="h2"), changed(kind="reopening")]) == 4
    told = {(each.line, each.kind): each.hash for each in home.letters()}
    assert told == {("A", "closing"): "h2", ("A", "reopening"): "h1", ("B", "closing"): "h3"}


def test_what_was_sent_stays_and_a_changed_subject_makes_a_further_edition(home: Home) -> None:
    home.enqueue_letters([LETTER])
    assert home.mark_letter(1, "sent", 50)
    assert home.enqueue_letters([changed(hash="other words")]) == 0
    assert home.enqueue_letters([changed(hash="h3", subject="s2")]) == 1
    first, second = sorted(home.letters(), key=lambda each: each.edition)
    assert (first.hash, first.state, first.sent_at) == ("h1", "sent", 50)
    assert (second.hash, second.state, second.edition) == ("h3", "due", 1)


def test_a_notice_is_sent_once_and_read_after_it_was_sent(home: Home) -> None:
    home.enqueue_letters([LETTER])
    with pytest.raises(StoreError, match="was not sent yet"):
        home.mark_letter(1, "read", 50)
    assert [home.mark_letter(1, "sent", 50), home.mark_letter(1, "sent", 60)] == [True, False]
    assert [home.mark_letter(1, "read", 70), home.mark_letter(1, "read", 80)] == [True, False]
    (found,) = home.letters()
    assert (found.state, found.sent_at, found.read_at) == ("read", 50, 70)
    with pytest.raises(StoreError, match="not in the outbox"):
        home.mark_letter(9, "sent", 50)


def test_only_what_waits_can_be_dropped(home: Home) -> None:
    home.enqueue_letters([LETTER, changed(line="B")])
    home.mark_letter(1, "sent", 50)
    assert [home.drop_letter(1), home.drop_letter(2), home.drop_letter(3)] == [False, True, False]
    assert [each.line for each in home.letters()] == ["A"]


def test_late_is_after_the_last_moment_and_the_nearest_deadline_comes_first(home: Home) -> None:
    home.enqueue_letters([changed(deadline=None), changed(line="B"), changed(kind="plan", deadline=50)])
    assert [each.deadline for each in home.letters()] == [50, 100, None]
    assert [each.deadline for each in home.letters(late_at=100)] == [50]
    assert [each.deadline for each in home.letters(late_at=101)] == [50, 100]


def test_a_line_the_log_does_not_know_gets_no_notice(home: Home) -> None:
    with pytest.raises(StoreError, match="is not known"):
        home.enqueue_letters([LETTER, changed(line="X")])
    assert home.letters() == []
