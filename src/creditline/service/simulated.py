"""Simulated borrowers straight into a home of their own: lives as they would be whatever anybody decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.lending.product import load_product, shipped_products
from creditline.service.demo import BATCH, KEY, TRUTH
from creditline.service.lending import publish_product
from creditline.service.run import POLICY_OF_LINE
from creditline.simulate import stream
from creditline.simulate.period import ENDS, Period
from creditline.simulate.truth import truth_row
from creditline.store import Home

Progress = Callable[[int, int], None]
"""Told how many borrowers are done and how many there are."""


@dataclass(frozen=True)
class Filled:
    """What was put into the home. SIMULATED."""

    events: int
    deserved: Counter[str]
    """Lines by what they deserve."""


def fill(path: Path, borrowers: int, months: int, seed: int, progress: Progress | None = None) -> Filled:
    """Put the events of simulated borrowers into a new home, the truth about them beside the log.

    The home says that it is simulated and which policy each line is meant for; nothing is decided in it. Raises
    CreditlineError where the folder is not empty.
    """
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise CreditlineError("home", str(path), "name a new folder with --home", "is no empty folder")
    deserved, policies, events = Counter[str](), dict[str, str](), 0
    with Home.open(path) as home:
        for name in shipped_products():
            publish_product(home, load_product(name), now=Period.of(months).midnight(0))
        with (home.path / TRUTH).open("wb") as file:
            living = stream(borrowers, months, seed)
            while batch := list(islice(living, BATCH)):
                events += _append(home, [event for lived, _ in batch for event in lived])
                for _, truth in batch:
                    file.write(msgspec.json.encode(truth_row(truth)) + b"\n")
                    deserved[truth.deserves] += 1
                    policies[truth.line] = truth.policy
                if progress:
                    progress(len(policies), borrowers)
        home.put(POLICY_OF_LINE, policies)
        notice = "SIMULATED: none of these borrowers exists."
        made = {"borrowers": borrowers, "months": months, "seed": seed, "until": ENDS, "events": events}
        home.put(KEY, {"by": "simulate", "notice": notice, **made})
    return Filled(events, deserved)


def _append(home: Home, events: list[Event]) -> int:
    accepted = home.append(events).accepted
    assert accepted == len(events), "a new home takes every simulated event"
    return accepted


__all__ = ["Filled", "fill"]
