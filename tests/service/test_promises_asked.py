"""Promises of a home on lines that were declined or cut: taken up, kept by every run, told, and reckoned up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.service.line import line_told
from creditline.service.promises import follow, followed, give_up, outstanding, take
from creditline.service.run import POLICY_OF_LINE, run_home
from creditline.service.wayback import check_plan, plans_of
from creditline.store import Home
from creditline.wayback.plans import Plan
from creditline.wayback.progress import by_month
from creditline.wayback.proof import PlanError
from tests.wayback import promises
from tests.wayback import test_promise_cut as cut
from tests.wayback import test_promise_declined as declined
from tests.wayback.ways import DAY, LINE, START, bureau

OTHER = "L2"
NOWS = {"declined": promises.NOW, "cut": cut.NOW}
FAR = START + 300 * DAY

Making = Callable[..., Home]


@pytest.fixture
def making(tmp_path: Path) -> Iterator[Making]:
    """Makes homes of two lines alike, declined or cut under a policy that a stricter version replaces days later."""
    made: list[Home] = []

    def make(kind: str, jurisdiction: str = "china") -> Home:
        told = {"declined": declined, "cut": cut}[kind]
        folder = tmp_path / f"{kind}-{len(made)}"
        folder.mkdir()
        (folder / "small.yaml").write_text(told.POLICY, "utf-8")
        home = Home.open(folder / "home").__enter__()
        made.append(home)
        home.put("jurisdiction", jurisdiction)
        home.append([*told.EVENTS, *(msgspec.structs.replace(each, line=OTHER) for each in told.EVENTS)])
        home.put(POLICY_OF_LINE, dict.fromkeys((LINE, OTHER), str(folder / "small.yaml")))
        home.publish(told.LOOSE.name, told.LOOSE.version, told.LOOSE.text, START, published_at=START)
        home.publish(told.TIGHT.name, told.TIGHT.version, told.TIGHT.text, told.CHANGE, published_at=START)
        run_home(home, until=NOWS[kind])
        return home

    yield make
    for home in made:
        home.__exit__(None, None, None)


def keep(home: Home, plan: Plan, line: str = LINE, leave_out: str = "never", shift: int = 0) -> None:
    done = [
        Event(f"did-{each.id}", line, each.at + shift, each.known + shift, each.body)
        for each in plan.events
        if not each.id.startswith(f"plan-{leave_out}")
    ]
    assert home.append(done).refused == []


def letters(home: Home, kind: str) -> list[str]:
    return [letter.content for letter in home.letters(LINE) if letter.kind == kind]


# -- kept


@pytest.mark.parametrize(("kind", "action"), [("declined", "open"), ("cut", "set_limit")])
def test_of_two_lines_alike_only_the_one_with_a_promise_gets_what_the_plan_says(
    making: Making, kind: str, action: str
) -> None:
    home, now = making(kind), NOWS[kind]
    plan = take(home, LINE, "fastest", now=now).plan
    for line in (LINE, OTHER):
        keep(home, plan, line)
    run_home(home, until=FAR)
    mine = {line: [e for e in home.decisions(line) if e.at > now and e.action == action] for line in (LINE, OTHER)}
    (granted,) = mine[LINE]
    assert (granted.at, granted.limit) == (plan.reopens_at, plan.limit)
    assert granted.policy != home.decisions(LINE)[-1].policy, "the grace over, the stricter version decides"
    assert mine[OTHER] == []
    assert followed(home, LINE).progress is not None


def test_a_plan_from_a_file_is_taken_up_as_long_as_the_line_stands_as_it_did(making: Making, tmp_path: Path) -> None:
    home, now = making("declined"), NOWS["declined"]
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode(plans_of(home, LINE, now=now)))
    taken = take(home, LINE, "cheapest", now=now + DAY // 2, file=file)
    assert taken.way == "approved"
    assert check_plan(home, file)[1] == []
    give_up(home, LINE, now=now + DAY)
    # Approved meanwhile: the plan would have it apply again.
    early = now + 2 * DAY
    work = next(each for each in taken.plan.events if each.kind == "profile.updated")
    work = msgspec.structs.replace(work, id="work")
    home.append([work, bureau(early, lenders=1, balance=0), declined.applied(early + DAY)])
    run_home(home, until=early + 2 * DAY)
    with pytest.raises(CreditlineError, match="is open: there is no way back to promise"):
        take(home, LINE, "cheapest", now=early + 2 * DAY, file=file)


def test_a_plan_of_another_kind_than_the_line_stands_is_refused(making: Making, tmp_path: Path) -> None:
    """The line was cut when the plan was made, and is closed now."""
    home, now = making("cut"), NOWS["cut"]
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode(plans_of(home, LINE, now=now)))
    home.append([bureau(now + DAY, lenders=4, balance=100_000)])
    run_home(home, until=now + 2 * DAY)
    with pytest.raises(PlanError, match="status: 'open' is not how the line stands: closed"):
        take(home, LINE, "fastest", now=now + 2 * DAY, file=file)


def test_a_further_promise_needs_replace_and_giving_up_needs_one(making: Making) -> None:
    home, now = making("cut"), NOWS["cut"]
    take(home, LINE, "fastest", now=now)
    assert take(home, LINE, "fastest", now=now).is_new is False
    with pytest.raises(CreditlineError, match="has a promise already: fastest"):
        take(home, LINE, "easiest", now=now + DAY)
    assert give_up(home, LINE, now=now + DAY).taken.way == "raised"
    with pytest.raises(CreditlineError, match="has no promise that stands"):
        give_up(home, LINE, now=now + DAY)


# -- told


@pytest.mark.parametrize(
    ("kind", "jurisdiction", "words"),
    [
        ("declined", "china", ("的申请将获批准", "未获批准日期", "您的申请已于", "获批准，承诺已经兑现", "重新申请")),
        ("declined", "united-states", (
            "the application you make on", "Declined on", "application was approved on", "As promised", "Apply again",
        )),
        ("cut", "china", ("额度将于", "下调日期", "额度已于", "上调，承诺已经兑现", "按时")),
        ("cut", "united-states", (
            "the limit is raised on", "Lowered on", "the limit was raised on", "As promised to you", "On time",
        )),
    ],
)  # fmt: skip
def test_borrowers_are_told_in_words_that_fit_what_was_promised(
    making: Making, kind: str, jurisdiction: str, words: tuple[str, ...]
) -> None:
    home, now = making(kind, jurisdiction), NOWS[kind]
    plan = take(home, LINE, "fastest", now=now).plan
    (letter,) = letters(home, "plan")
    assert words[0] in letter
    assert words[1] in letter
    assert words[4] in letter
    assert follow(home, now=now + 1) == []
    keep(home, plan)
    run_home(home, until=plan.reopens_at + DAY)
    assert [each.state for each in follow(home, now=plan.reopens_at + DAY)] == ["back"]
    assert follow(home, now=plan.reopens_at + DAY) == []
    told = letters(home, "progress")[0]
    assert words[2] in told
    assert words[3] in told
    run_home(home, until=FAR)
    assert [each.state for each in follow(home, now=FAR)] == ["kept"]


def test_less_than_promised_is_told_as_less(making: Making) -> None:
    home, now = making("declined", "united-states"), NOWS["declined"]
    plan = take(home, LINE, "fastest", now=now).plan
    keep(home, plan, leave_out="apply")
    home.append([declined.applied(plan.reopens_at, 300_000)])
    run_home(home, until=plan.reopens_at + DAY)
    follow(home, now=plan.reopens_at + DAY)
    assert "The limit is 3,000.00 CNY; the plan had said 8,000.00 CNY." in letters(home, "progress")[0]


def test_a_promise_that_is_not_to_be_expected_any_more_is_told_at_once(making: Making) -> None:
    """A further cut keeps the limit from being raised in time, though every step is done."""
    home, now = making("cut", "united-states"), NOWS["cut"]
    plan = take(home, LINE, "fastest", now=now).plan
    keep(home, plan)
    at = now + 17 * DAY
    home.append([cut.paid(at, 9), cut.paid(at + 1, 9)])
    run_home(home, until=at + DAY)
    assert [each.state for each in follow(home, now=at + DAY)] == ["due"]
    assert "does not lead to what it says by" in letters(home, "progress")[0]
    run_home(home, until=FAR)
    assert [each.state for each in follow(home, now=FAR)] == ["lapsed"]
    assert "the limit was not raised by" in letters(home, "progress")[-1]


def test_an_application_declined_too_early_is_told_as_still_to_be_made(making: Making) -> None:
    home, now = making("declined"), NOWS["declined"]
    plan = take(home, LINE, "fastest", now=now).plan
    keep(home, plan)
    home.append([declined.applied(now + 3 * DAY)])
    run_home(home, until=now + 4 * DAY)
    progress = followed(home, LINE, now=now + 4 * DAY).progress
    assert progress is not None
    assert (progress.steps[-1].state, progress.expected and progress.expected.at) == ("due", plan.reopens_at)
    assert sorted(letter.kind for letter in home.letters(LINE)) == ["plan", "refusal", "refusal"]


# -- what it costs


@pytest.mark.parametrize(("kind", "otherwise"), [("declined", 0), ("cut", 0)])
def test_the_cost_is_told_beside_what_the_version_in_force_gives(making: Making, kind: str, otherwise: int) -> None:
    home = making(kind)
    one, two = (take(home, line, "fastest", now=NOWS[kind]).plan for line in (LINE, OTHER))
    keep(home, one)
    run_home(home, until=one.reopens_at + DAY)
    costs = {each.line: each for each in outstanding(home, now=one.reopens_at + DAY)}
    assert (costs[LINE].is_back, costs[LINE].otherwise_limit, costs[LINE].more) == (True, otherwise, one.limit)
    (month,) = by_month(outstanding(home, now=NOWS[kind] + DAY))
    assert (month.promises, month.limit, month.more) == (2, one.limit + two.limit, 0)


# -- the line itself


@pytest.mark.parametrize("kind", ["declined", "cut"])
def test_a_promised_line_is_told_by_the_version_that_decides_for_it(making: Making, kind: str) -> None:
    home, told = making(kind), {"declined": declined, "cut": cut}[kind]
    taken = take(home, LINE, "fastest", now=NOWS[kind])
    keep(home, taken.plan)
    home.append([msgspec.structs.replace(bureau(told.CHANGE + DAY, lenders=3), line=OTHER)])
    run_home(home, until=told.CHANGE + DAY)
    mine, other = (line_told(home, line).present for line in (LINE, OTHER))
    assert mine is not None
    assert other is not None
    assert (mine.policy.version, other.policy.version) == (told.LOOSE.version, told.TIGHT.version)
    assert mine.promise is not None
    assert (mine.promise.taken.seal, other.promise) == (taken.seal, None)
    run_home(home, until=FAR)
    later = line_told(home, LINE).present
    assert later is not None
    assert (later.policy.version, later.promise) == (told.TIGHT.version, None)
