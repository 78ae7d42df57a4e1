"""One event: its envelope and what it says."""

from __future__ import annotations

import msgspec

from creditline.events.kinds import Kind


class Event(msgspec.Struct, frozen=True):
    """Something that happened to one line, said once and never changed."""

    id: str
    """Unique within the line."""
    line: str
    at: int
    """Moment it happened, microseconds since 1970 UTC."""
    known: int
    """Moment it became known to the lender, microseconds; never before ``at``."""
    body: Kind

    @property
    def kind(self) -> str:
        """Name of the event's kind."""
        return str(type(self.body).__struct_config__.tag)
