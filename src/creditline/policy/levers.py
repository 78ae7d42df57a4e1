"""What a borrower can do to come back, as a policy declares it: the planner's moves, their limits and their costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from creditline.events.kinds import KindSpec
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Expr, Type

Does = Literal["pay_arrears", "keep_instalments", "pay_off", "no_draw", "spread_draws"]
"""What no event of its own is said for.

Through the lending core: all that is due is paid at once; every instalment is paid on its due day; loans of the line
are paid off early, the oldest first. Of draws on an open line: none is made for a while; they are made in parts.
"""

PAYS: tuple[Does, ...] = ("pay_arrears", "keep_instalments", "pay_off")
DRAWS: tuple[Does, ...] = ("no_draw", "spread_draws")
DOES: tuple[Does, ...] = (*PAYS, *DRAWS)

LENT = frozenset({"repayment.received", "instalment.settled", "arrears.changed", "statement.closed"})
"""Kinds of events that come of paying through the lending core."""

CHOSEN = Type("number", nullable=False)
"""How much of a lever is used: a whole number."""


@dataclass(frozen=True)
class Said:
    """An event a lever makes known. Fields not named stay as the line's last such event said them."""

    kind: KindSpec
    fields: Mapping[str, Expr]


@dataclass(frozen=True)
class Lever:
    """One thing a borrower can do."""

    name: str
    title: Mapping[str, str]
    when: Expr | None
    """Over the facts now: for whom it is there; None for everybody."""
    does: Does | None = None
    says: tuple[Said, ...] = ()
    ends: CountedFact | None = None
    """A fact that counts what stands open: the lever ends each of these."""
    chosen: tuple[Expr, Expr] | None = None
    """From and to, both included: how much of it there is to choose, None where there is nothing to choose."""
    takes: int = 0
    """Microseconds from doing it to its becoming known, such as the delay of a credit report."""
    every: int = 0
    """Microseconds between repetitions; 0 for what is done once."""
    times: int = 1
    """Repetitions at most."""
    money: Expr | None = None
    """What it costs, once; None for nothing."""
    effort: int = 1
    """What it asks of the borrower, in the policy's own units; per repetition."""
    texts: Mapping[str, str] | None = None

    @property
    def pays(self) -> bool:
        """Whether it pays on the line's own loans, through the lending core."""
        return self.does in PAYS

    @property
    def order(self) -> tuple[int, str]:
        """What levers are sorted by: first what pays on the line's own loans, the most pressing first; then by name."""
        return PAYS.index(self.does) if self.does in PAYS else len(PAYS), self.name

    @property
    def kinds(self) -> frozenset[str]:
        """Names of the kinds of events it makes known."""
        if self.does is not None:
            return LENT if self.pays else frozenset()
        ended = [self.ends.ended_by] if self.ends is not None else []
        return frozenset(kind.name for kind in [*(each.kind for each in self.says), *ended] if kind is not None)


__all__ = ["CHOSEN", "DOES", "DRAWS", "LENT", "PAYS", "Does", "Lever", "Said"]
