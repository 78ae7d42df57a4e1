"""A notice as it is kept and sent: what it is of, and what it says, section by section."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Literal, get_args

import msgspec

from creditline.i18n import Language
from creditline.lines.decision import Decision

Kind = Literal[
    "closing", "further", "freezing", "reduction", "refusal", "ending", "ended", "increase", "reopening", "unfreezing",
    "plan", "progress",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

ADVERSE: tuple[Kind, ...] = ("closing", "further", "freezing", "reduction", "refusal", "ending")
"""What tells of a decision against the borrower."""

Cause = Literal["requested", "deceased", "legal"]
"""Why a line ended without a rule, as ``line.ended`` says it."""

REASONS_MOST = 4
"""Principal reasons a notice gives at most."""

_KIND_OF: Mapping[str, Kind] = {
    "close": "closing", "extend": "further", "freeze": "freezing", "decline": "refusal", "terminate": "ending",
    "reopen": "reopening", "unfreeze": "unfreezing",
}  # fmt: skip

_HELD = ("open", "frozen", "closed")
"""What there is a line in: a limit set or an end noted before that is news of nothing."""


class FactSaid(msgspec.Struct, frozen=True):
    """A fact in words, its value, and what would have been enough."""

    fact: str
    words: str
    value: str
    enough: str = ""
    """Empty where nothing about this fact was found to be enough."""
    better: str = ""
    """The nearest values that would have earned a better score, where none is enough."""


class ReasonSaid(msgspec.Struct, frozen=True):
    """One principal reason."""

    code: str
    text: str
    facts: tuple[FactSaid, ...] = ()
    by: Literal["one", "all", "none"] = "none"
    """Whether one of the facts would have been enough as told, or only all of them together."""
    to_return: tuple[FactSaid, ...] = ()
    """What of it keeps the line from coming back, and the values that would not, where they are others."""
    returns_by: Literal["one", "all", "none"] = "none"


class Item(msgspec.Struct, frozen=True):
    """One entry of a list, with what more is to say of it."""

    text: str
    notes: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True):
    """A part of the letter under its own heading."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()
    numbered: bool = False


class Notice(msgspec.Struct, frozen=True):
    """One notice in one language. Moments in microseconds since 1970 UTC."""

    kind: Kind
    line: str
    decision: int
    """Number of the decision it tells of."""
    lang: Language
    jurisdiction: str
    policy: str
    """Content address of the policy version."""
    decided_at: int
    deadline: int | None
    """The last moment at which it is in time; None where there is no deadline."""
    title: str
    opening: tuple[str, ...]
    """What was done, in sentences."""
    particulars: tuple[tuple[str, str], ...]
    """Labels and values."""
    reasons: tuple[ReasonSaid, ...]
    sections: tuple[Section, ...]
    """The letter's body: reasons, what comes next, rights, names and addresses."""
    simulated: bool = False

    def content(self) -> bytes:
        """The notice as canonical JSON: equal notices, equal bytes."""
        return _encode(self)

    @property
    def hash(self) -> str:
        """SHA-256 of the content, in hex."""
        return sha256(self.content()).hexdigest()


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Notice).decode


def read_notice(content: bytes | str) -> Notice:
    """A notice from its content."""
    return _decode(content)


def kind_of(decision: Decision, cause: Cause | None = None) -> Kind | None:
    """The kind of notice a decision is owed; None where it is owed none.

    A line that ended without a rule ended by request, with its borrower's death or by law, as ``cause`` says where it
    is known. By law is against the borrower, the others are not.
    """
    ordered = decision.action in ("set_limit", "terminate") and not decision.reasons
    if ordered and decision.status_before not in _HELD:
        return None
    if decision.action == "set_limit":
        if decision.limit == decision.limit_before:
            return None
        return "reduction" if decision.limit < decision.limit_before else "increase"
    if decision.action == "terminate" and not decision.reasons:
        return "ending" if cause == "legal" else "ended"
    return _KIND_OF.get(decision.action)


__all__ = [
    "ADVERSE", "KINDS", "REASONS_MOST", "Cause", "FactSaid", "Item", "Kind", "Notice", "ReasonSaid", "Section",
    "kind_of", "read_notice",
]  # fmt: skip
