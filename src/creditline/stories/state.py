"""What a line was at a moment: its state from the decisions so far, its facts from the log, its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from creditline.clock import DAY
from creditline.events.event import Event
from creditline.events.kinds import NULL, ApplicationReceived
from creditline.facts.slices import Slices
from creditline.lines.decision import STATUSES, Decision
from creditline.lines.replay import measure, run
from creditline.policy.evaluating import Values
from creditline.policy.model import Policy


@dataclass(frozen=True)
class Lines:
    """The lines of one case after it was played."""

    policy: Policy
    slices: Slices
    events: Sequence[Event]
    decisions: Mapping[str, Sequence[Decision]]
    """By line, in order of number."""

    def so_far(self, line: str, t: int) -> list[Decision]:
        """Decisions on the line up to and at ``t``."""
        return [decision for decision in self.decisions.get(line, ()) if decision.at <= t]

    def values(self, line: str, t: int) -> Values:
        """Facts, attributes and points of the line at ``t``, in numeric form; None is NULL."""
        place = list(self.slices.lines).index(line)
        states = run(self.slices, self.policy, t, engine="python").states
        measured = measure(self.slices, self.policy, t, states=states, engine="python")
        facts = {name: _known(int(column[place])) for name, column in measured.items()}
        values = {**facts, **self.attributes(line, t)}
        return {**values, "points": self.points(values)}

    def attributes(self, line: str, t: int) -> dict[str, int | None]:
        """The line's own attributes at ``t``."""
        made = self.so_far(line, t)
        changes = [decision for decision in made if decision.status != decision.status_before]
        since = changes[-1].at if changes else t
        probation = made[-1].probation_until if made else None
        return {
            "limit": made[-1].limit if made else 0,
            "status": STATUSES.index(made[-1].status if made else "new"),
            "days_in_status": (t - since) // DAY,
            "on_probation": int(probation is not None and t < probation),
            "closings": sum(decision.action == "close" for decision in made),
            "requested": self._requested(line, t),
        }

    def points(self, facts: Values) -> int:
        """The scorecard's sum over facts; 0 without a scorecard."""
        card = self.policy.scorecard
        return card.points_of(facts) if card else 0

    def _requested(self, line: str, t: int) -> int | None:
        asked = [e for e in self.events if e.line == line and e.known <= t and isinstance(e.body, ApplicationReceived)]
        latest = max(asked, key=lambda event: event.at, default=None)
        return latest.body.amount if latest and isinstance(latest.body, ApplicationReceived) else None


def _known(value: int) -> int | None:
    return None if value == NULL else value
