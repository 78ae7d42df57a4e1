"""Plays stories through the kernel and tells what went otherwise than expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from creditline.facts.slices import from_events
from creditline.lines.decision import Decision
from creditline.lines.replay import run
from creditline.policy import load_policy
from creditline.policy.model import Policy
from creditline.stories.compare import Comparison
from creditline.stories.load import load_story
from creditline.stories.model import Case, Difference, Story, Told
from creditline.stories.state import Lines


def tell(file: Path | str, policy: Policy | None = None) -> Told:
    """Read one story file and play it. Raises StoryErrors for a file with mistakes."""
    return play(load_story(file), policy)


def play(story: Story, policy: Policy | None = None) -> Told:
    """Play every case of a story by itself, under its own policy or another over the same facts."""
    policy = policy or policy_of(story)
    differences: list[Difference] = []
    count = 0
    for case in story.cases:
        lines = _played(case, policy)
        count += sum(len(made) for made in lines.decisions.values())
        differences += _differences(story, case, lines)
    names = tuple(case.name for case in story.cases)
    return Told(story.name, str(story.file), story.tells, policy.name, names, count, tuple(differences))


def policy_of(story: Story) -> Policy:
    """The policy a story is told under: a file beside it, or a shipped one."""
    beside = story.file.parent / story.policy
    return load_policy(beside if beside.is_file() else story.policy)


def _played(case: Case, policy: Policy) -> Lines:
    slices = from_events(case.events)
    made: dict[str, list[Decision]] = {line: [] for line in slices.lines}
    for decision in run(slices, policy, case.until, engine="python").decisions():
        made[decision.line].append(decision)
    ordered: Mapping[str, Sequence[Decision]] = {
        line: sorted(decisions, key=lambda decision: decision.number) for line, decisions in made.items()
    }
    return Lines(policy, slices, case.events, ordered)


def _differences(story: Story, case: Case, lines: Lines) -> Iterator[Difference]:
    comparison = Comparison(story.name, case, lines)
    yield from comparison.decisions()
    yield from comparison.states()
    if case.nothing_else:
        yield from comparison.unlisted()
