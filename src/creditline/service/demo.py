"""A demonstration: simulated borrowers into a home of their own, decided on by shipped policies, judged by truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import msgspec

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.i18n import Language
from creditline.lending.product import load_product, shipped_products
from creditline.lines.decision import Decision
from creditline.lines.kernel import Engine, kernel_of
from creditline.lines.replay import Failure, run
from creditline.notices import Profile, load_profile
from creditline.policy import Policy, load_policy
from creditline.replay.heeding import heed, limits_by
from creditline.replay.portfolio import Bookkeeper, Books, Life, Portfolio, first_closings, portfolio, principal_owed
from creditline.service.followed import Followed, follow
from creditline.service.lending import products_of, publish_product
from creditline.service.notices import enqueue
from creditline.service.run import POLICY_OF_LINE
from creditline.simulate import Lived, Truth, live_again, lives
from creditline.simulate.limits import Limits
from creditline.simulate.period import ENDS, OFFSET, Period
from creditline.simulate.portfolio import POLICIES
from creditline.simulate.truth import truth_row
from creditline.store import Home
from creditline.store.home import FILE

Stage = Literal["simulate", "compile", "heed", "decide", "follow"]
Progress = Callable[[Stage, int, int], None]
"""Told the stage, how much of it is done and how much there is."""

KEY = "simulated"
"""Under which a home says that it is simulated, from what, and how far its log went."""

TRUTH = "truth.ndjson"

BATCH = 500
"""Borrowers who live, are decided on and live again together; their events are committed at once."""

JURISDICTION = "china"
"""Whose law the notices of the simulated decisions follow."""

STEP = 50
"""Borrowers between two words on progress."""

AHEAD = 8
"""Batches that are lived while the policies are still being compiled."""

COMPILED_FROM = 3_000
"""Borrowers times months from which compiling pays; fewer are decided as Python sooner than Numba is ready."""


class Asked(msgspec.Struct, frozen=True):
    """Which demonstration: it decides every figure."""

    borrowers: int
    months: int
    seed: int


@dataclass(frozen=True)
class Demo:
    """A demonstration in figures. SIMULATED."""

    asked: Asked
    home: Path
    events: int
    policies: dict[str, Policy]
    """By name."""
    truths: dict[str, Truth]
    """By line."""
    decisions: list[Decision]
    """In order of time."""
    firsts: tuple[int, ...]
    """Moments at which the months begin, and last the one at which the period ends."""
    figures: Portfolio
    books: Books
    failures: tuple[Failure, ...]
    notices: dict[str, int]
    """How many notices wait in the outbox, by kind, the most frequent first."""
    followed: Followed | None
    """A line that was closed and came back; None where no line shows it."""


def demonstrate(
    home: Path,
    asked: Asked,
    *,
    engine: Engine | None = None,
    progress: Progress | None = None,
    lang: Language | None = None,
) -> Demo:
    """Make the demonstration and the home it is kept in; the line that is followed is told in ``lang``.

    A home made by an earlier demonstration is replaced as long as nothing was added to it: its seed makes it again.
    Raises CreditlineError where the folder holds anything else.
    """
    tell = progress or (lambda _stage, _done, _total: None)
    policies = {name: load_policy(name) for name in POLICIES.values()}
    if engine is None:
        engine = "numba" if asked.borrowers * asked.months >= COMPILED_FROM else "python"
    _make_room(home)
    compiling = [kernel_of(policy).warm() for policy in policies.values()] if engine == "numba" else []
    with Home.open(home) as opened:
        truths, events, books = _simulated(opened, asked, policies, engine, compiling, tell)
        profile = load_profile(JURISDICTION)
        told, owed, failures = _decided(opened, policies, truths, profile, engine, tell)
        decisions = sorted(
            (each for life in told for each in life.decisions), key=lambda each: (each.at, each.line, each.number)
        )
        tell("follow", 0, 1)
        versions = {policy.version: policy for policy in policies.values()}
        followed = follow(opened, decisions, versions, profile, lang or profile.language)
        tell("follow", 1, 1)
        notices = dict(Counter(letter.kind for letter in opened.letters(state="due")).most_common())
        opened.put(KEY, _note(asked, events, opened.position()))
    period = Period.of(asked.months)
    firsts = tuple(period.midnight(day) for day in period.firsts)
    known = {truth.line: truth for truth in truths}
    figures = portfolio(told, owed, firsts)
    return Demo(
        asked, home, events, policies, known, decisions, firsts, figures, books, failures, notices, followed
    )  # fmt: skip


# -- the home ---------------------------------------------------------------------------------------


def _make_room(home: Path) -> None:
    """See that the home is new; an earlier demonstration that nothing was added to makes way."""
    if not home.exists() or (home.is_dir() and not any(home.iterdir())):
        return
    remedy = "name another folder with --home, or remove this one yourself"
    if not (home / FILE).is_file():
        raise CreditlineError("home", str(home), remedy, "is no empty folder and no home of an earlier demonstration")
    with Home.open(home) as opened:
        note, position, names = opened.get(KEY), opened.position(), {each.name for each in opened.policies()}
        products = {each.name for each in opened.products()}
    if not isinstance(note, dict) or note.get("by") != "demo":
        raise CreditlineError("home", str(home), remedy, "holds data that no demonstration made")
    of_others = names - set(POLICIES.values()) or products - set(shipped_products())
    if note["position"] not in (None, position) or of_others:
        raise CreditlineError("home", str(home), remedy, "is a demonstration that something was added to since")
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", TRUTH):
        (home / name).unlink(missing_ok=True)


def _note(asked: Asked, events: int | None, position: int | None) -> dict[str, Any]:
    """What the home says of itself; ``position`` is None until the demonstration is whole."""
    notice = "SIMULATED: none of these borrowers exists."
    return {
        "by": "demo", "notice": notice, **msgspec.structs.asdict(asked), "until": ENDS, "events": events,
        "position": position,
    }  # fmt: skip


# -- the borrowers ----------------------------------------------------------------------------------


def _simulated(
    home: Home, asked: Asked, policies: dict[str, Policy], engine: Engine, compiling: Sequence[Thread], tell: Progress
) -> tuple[list[Truth], int, Books]:
    """Put the borrowers' events into the log and the truth beside it; the truths, the number of events, the books.

    The truth is of lives without decisions; in the log are those that draw within what is decided on them.
    """
    home.put(KEY, _note(asked, None, None))
    for name in shipped_products():
        publish_product(home, load_product(name), now=Period.of(asked.months).midnight(0))
    kept = Bookkeeper()
    truths: list[Truth] = []
    events = 0
    decide = limits_by(policies, ENDS, engine)
    with (home.path / TRUTH).open("wb") as file:
        for batch in _batches(asked, compiling, tell):
            first = len(truths)

            def again(place: int, limits: Limits, first: int = first) -> Lived:
                return live_again(first + place, asked.months, asked.seed, limits)

            heeded = heed(batch, again, decide).lived
            for life in heeded:
                kept.take(life.account.entries)
                file.write(msgspec.json.encode(truth_row(life.truth)) + b"\n")
            truths += [life.truth for life in heeded]
            events += _append(home, [event for life in heeded for event in life.events])
            tell("heed", len(truths), asked.borrowers)
    return truths, events, kept.books()


def _batches(asked: Asked, compiling: Sequence[Thread], tell: Progress) -> Iterator[list[Lived]]:
    """Lives without decisions, batch by batch, handed on when the policies are compiled."""
    living = lives(asked.borrowers, asked.months, asked.seed)
    ahead: list[list[Lived]] = []
    done = 0
    while done < asked.borrowers:
        batch: list[Lived] = []
        while some := list(islice(living, min(STEP, BATCH - len(batch)))):
            batch += some
            tell("simulate", done + len(batch), asked.borrowers)
        done += len(batch)
        ahead.append(batch)
        if done < asked.borrowers and len(ahead) < AHEAD and any(thread.is_alive() for thread in compiling):
            continue
        _wait(compiling, tell)
        yield from ahead
        ahead.clear()


def _append(home: Home, batch: Sequence[Event]) -> int:
    appended = home.append(batch)
    assert appended.accepted == len(batch), "a fresh home takes every simulated event"
    return appended.accepted


# -- the decisions ----------------------------------------------------------------------------------


def _decided(
    home: Home, policies: dict[str, Policy], truths: Sequence[Truth], profile: Profile, engine: Engine, tell: Progress
) -> tuple[list[Life], dict[str, int], tuple[Failure, ...]]:
    """Decide each line under the policy meant for it, record that and queue the notices; lives, principal, failures."""
    told: list[Life] = []
    owed: dict[str, int] = {}
    failures: tuple[Failure, ...] = ()
    home.put(POLICY_OF_LINE, {truth.line: truth.policy for truth in truths})
    for number, (name, policy) in enumerate(policies.items()):
        tell("decide", number, len(policies))
        mine = [truth for truth in truths if truth.policy == name]
        if not mine:
            continue
        slices = home.slices([truth.line for truth in mine])
        ran = run(slices, policy, ENDS, engine=engine)
        decisions = ran.decisions()
        failures += ran.failures
        home.publish(policy.name, policy.version, policy.text, int(slices.known.min()))
        with home.turn():
            home.record(decisions, slices.lines)
            enqueue(home, decisions, policy, profile, now=ENDS)
        some = _lives(mine, decisions)
        closings = first_closings(some)
        owed |= principal_owed(home.events_by_line(sorted(closings)), closings, products_of(home), OFFSET)
        told += some
    tell("decide", len(policies), len(policies))
    return told, owed, failures


def _lives(truths: Sequence[Truth], decisions: Sequence[Decision]) -> list[Life]:
    by_line: dict[str, list[Decision]] = {truth.line: [] for truth in truths}
    for each in decisions:
        by_line[each.line].append(each)
    return [Life(truth, by_line[truth.line]) for truth in truths]


def _wait(compiling: Sequence[Thread], tell: Progress) -> None:
    """Wait until the kernels are compiled, which went on while borrowers were simulated."""
    while running := [thread for thread in compiling if thread.is_alive()]:
        tell("compile", len(compiling) - len(running), len(compiling))
        running[0].join(timeout=0.2)


__all__ = ["COMPILED_FROM", "KEY", "TRUTH", "Asked", "Demo", "demonstrate"]
