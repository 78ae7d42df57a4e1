"""A story as it is read: who, what happened when, and what is expected to be decided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.policy.source import Problem
from creditline.stories.times import When


class StoryErrors(CreditlineError):
    """All mistakes found in one story file; nothing of it is run."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(set(problems))
        remedy = "\n".join(str(problem) for problem in self.problems)
        super().__init__(self.problems[0].file, f"{len(self.problems)} mistake(s)", remedy, "cannot be told")

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


@dataclass(frozen=True)
class Expectation:
    """What an analyst expects of one line: a decision on a day, or its state and facts at the end of it."""

    place: str
    """``file:line:column``."""
    line: str
    when: When
    wanted: dict[str, object]
    """``action``, ``status``, ``limit``, ``reasons`` ... as checked and converted: money in minor units, moments
    of days as When, codes as tuples."""
    facts: dict[str, int | None]
    """Facts by name in their numeric form."""

    @property
    def action(self) -> str | None:
        """The action expected; None where only the state is looked at."""
        return None if "action" not in self.wanted else str(self.wanted["action"])


@dataclass(frozen=True)
class Case:
    """One course of events and what is expected of it."""

    name: str
    place: str
    events: tuple[Event, ...]
    expectations: tuple[Expectation, ...]
    until: int
    """Moment up to which it is played, microseconds."""
    nothing_else: bool
    """Whether a decision that is not listed is a difference."""


@dataclass(frozen=True)
class Story:
    """One file: a policy and the cases told under it."""

    name: str
    file: Path
    tells: tuple[str, ...]
    """Codes of the triggers, capabilities or stories it tells, such as T04 or S3."""
    policy: str
    cases: tuple[Case, ...]


class Unmet(msgspec.Struct, frozen=True):
    """One condition that was looked at: of which rule or part, as written, the values in it, and whether it held."""

    code: str
    condition: str
    values: dict[str, str]
    held: bool | None


class Nearby(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision in plain words: moment with offset, action, state after it."""

    at: str
    line: str
    action: str
    reasons: tuple[str, ...]
    status: str
    limit: str
    points: int | None = None


class Difference(msgspec.Struct, frozen=True):
    """One thing that went otherwise than told."""

    story: str
    case: str
    place: str
    line: str
    what: Literal["missing", "otherwise", "unlisted", "state"]
    """No such decision; a decision, but not as told; a decision nobody told of; another state or fact."""
    on: str
    expected: dict[str, str]
    got: dict[str, str]
    why: tuple[Unmet, ...]
    nearby: tuple[Nearby, ...]


class Told(msgspec.Struct, frozen=True):
    """What came of one story: its cases, how many decisions were made, and the differences."""

    story: str
    file: str
    tells: tuple[str, ...]
    policy: str
    cases: tuple[str, ...]
    decisions: int
    differences: tuple[Difference, ...]
