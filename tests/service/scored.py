"""A small policy that decides by points, cards for it, and homes with lines of known trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from creditline.events.event import Event
from creditline.events.kinds import ArrearsChanged, DrawBooked, LineOpened, OutcomeObserved, ProfileUpdated
from creditline.policy import Policy, read_policy
from creditline.scoring.card import Axis, Card, Term, write_card

DAY = 86_400_000_000
START = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z."""

TEXT = """
policy: {name}
title: {{zh: 试验, en: A trial}}
utc_offset: "+00:00"
facts:
  dpd: {{last: arrears.changed.days_past_due}}
  drawn_30d: {{sum: draw.booked.amount, window: 30d}}
  employment: {{last: profile.updated.employment}}
scorecard:
  base: 600
  facts:
    dpd: {{missing: 0, bins: [{{below: 30, points: 0}}, {{points: -{worst}}}]}}
rules:
  - code: T10
    when: points < {cutoff}
    then: close
    cooling_off: 30d
    cure: points >= 560
    reason: {{zh: 分数低于最低要求, en: Your score is under the minimum}}
reopen: {{when: points >= 560, limit: limit, probation: 10d}}
incident: {{code: T20, reason: {{zh: 故障, en: fault}}}}
"""


def policy(name: str = "trial", cutoff: int = 520, worst: int = 100) -> Policy:
    """A policy that closes lines under a cut-off on points, and what arrears of 30 days cost in it."""
    return read_policy(TEXT.format(name=name, cutoff=cutoff, worst=worst), f"{name}.yaml")


TRAINED: Mapping[str, Any] = {"data_sha256": "d" * 64, "version": "0.1.0"}


def card(*terms: Term, base: int = 600, training: Mapping[str, Any] = TRAINED) -> Card:
    """A card of these terms, saying what it was trained on."""
    return Card("woe", base, terms, training=dict(training))


def by_arrears(*points: int, base: int = 600) -> Card:
    """A card on days past due alone: points when missing, below 1, below 30, and of the rest."""
    return card(Term((Axis("dpd", below=(1.0, 30.0)),), points or (0, 10, -30, -120)), base=base)


def by_draws() -> Card:
    """A card on what was drawn and on employment, together and apart."""
    drawn, work = Axis("drawn_30d", below=(99.995, 500.0)), Axis("employment", choices=(("employed",), ("student",)))
    pair = Term((drawn, work), (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
    return card(Term((drawn,), (0, 15, -5, -60)), Term((work,), (-5, 20, -10, 0)), pair, base=560)


def written(folder: Path, made: Card, name: str = "card.yaml", **training: Any) -> Path:
    """The card as a file, with more said of its training."""
    path = folder / name
    write_card(replace(made, training={**made.training, **training}) if training else made, path)
    return path


def lived(lines: int, seed: int = 5, days: int = 120) -> list[Event]:
    """Lines opened at the start that draw and fall into arrears at random moments; some tell where they work."""
    chance = np.random.default_rng(seed)
    events: list[Event] = []
    for line in range(lines):
        name = f"L{line:04}"
        events.append(Event("open", name, START, START, LineOpened(limit=1_000_000)))
        if line % 3:
            work = ("employed", "student", "retired")[int(chance.integers(3))]
            events.append(Event("work", name, START + 1, START + 1, ProfileUpdated(employment=work)))  # type: ignore[arg-type]
        for number, day in enumerate(sorted(chance.choice(np.arange(2, days), 6, replace=False).tolist())):
            t = START + day * DAY + line
            body = DrawBooked(amount=int(chance.integers(1, 80_000)))
            late = ArrearsChanged(int(chance.choice([0, 5, 40])), 500)
            events.append(Event(f"e{number}", name, t, t, body if number % 2 else late))
    return events


def became(outcomes: Mapping[str, bool], day: int) -> list[Event]:
    """What became of lines, known on a day."""
    t = START + day * DAY
    return [Event("outcome", line, t, t, OutcomeObserved(defaulted=bad)) for line, bad in outcomes.items()]


def names(lines: int) -> Sequence[str]:
    """Ids of the lines of ``lived``."""
    return [f"L{line:04}" for line in range(lines)]
