"""Mistakes that a well-formed policy can still hold: rules that never fire, lines that never come back, flapping.

Nothing is accused without proof: ``ranges`` says where conditions can hold, and never too little.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import inf

from creditline.clock import DAY
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import TRUTH, Expr, IsNull, Logic, Name, Not
from creditline.policy.lever_checks import check_levers
from creditline.policy.model import STATUSES, Policy, Rule
from creditline.policy.ranges import Ranges, Region
from creditline.policy.source import Path, Source

_GROWS = ("count", "sum", "distinct", "max")
_SHRINKS = ("min",)

_LINES_OWN = ("status", "days_in_status", "on_probation", "limit")

_OPEN, _FROZEN, _CLOSED = (STATUSES.index(name) for name in ("open", "frozen", "closed"))


_sound: set[str] = set()
"""Versions found without such a mistake: a policy is read often, and its content is its version."""


def check_policy(policy: Policy, source: Source) -> None:
    """Note every such mistake in the source at its place."""
    if policy.version in _sound:
        return
    before = len(source.problems)
    _check(policy, source)
    if len(source.problems) == before:
        _sound.add(policy.version)


def _check(policy: Policy, source: Source) -> None:
    found = Checking(policy)
    for number, rule in enumerate(policy.rules):
        path: Path = ("rules", number)
        if not _check_when(found, rule, source, path):
            found.mistaken.add(rule.code)
        _check_rest(rule, source, path)
    for number, rule in enumerate(policy.rules):
        if rule.severity in (1, 2) and rule.on_line and rule.code not in found.mistaken:
            _check_cure(found, rule, source, ("rules", number))
    for part, name in ((policy.approve, "approve"), (policy.reopen, "reopen")):
        if part is None:
            continue
        inside = found.closed if part is policy.reopen else found.ranges.widest
        if not found.ranges.possible(part.when, inside=inside):
            what = f"{name} can never happen: 'when' can never be TRUE"
            source.add((name, "when"), what, found.told(part.when, inside=inside))
        elif (most := found.most(part.when, part.limit, inside)) < policy.limit_step:
            what = f"{name} can never happen: 'limit' is never above 0 once cut to a multiple of limit_step"
            known = "it is always unknown" if most == -inf else f"it is {most / 100:.15g} at most"
            source.add((name, "limit"), what, f"{known}, limit_step is {policy.limit_step / 100:.15g}")
    check_levers(policy, found.ranges, source)
    if not policy.incident_reason:
        source.add((), "'incident' is missing", "add incident: {code: T20, reason: {zh: .., en: ..}}")


class Checking:
    """A policy being checked: where its conditions can hold, and what a line is like that is to come back."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.ranges = policy, Ranges(policy)
        self.mistaken: set[str] = set()
        """Codes of rules that never or always fire; nothing else is said of them."""
        self._rests: dict[str, frozenset[str]] = {}
        box = {**self.ranges.widest.box, "on_probation": (0, 0)}
        self.stopped = Region({**box, "status": (_FROZEN, _CLOSED)})
        """A line that is frozen or closed; either ends its probation."""
        self.closed = Region({**box, "status": (_CLOSED, _CLOSED), "closings": (1, inf)})

    def back(self, rule: Rule) -> list[Region]:
        """Where a line that a rule alone stopped can come back."""
        cure, reopen = cure_of(rule), self.policy.reopen
        if rule.severity == 1:
            return self.ranges.possible(cure, inside=Region({**self.stopped.box, "status": (_FROZEN, _FROZEN)}))
        if reopen is None:
            return []
        # It has been closed for the whole of the rule's cooling-off by then.
        inside = Region({**self.closed.box, "days_in_status": (rule.cooling_off // DAY, inf)})
        return self.ranges.possible(cure, reopen.when, inside=inside)

    def most(self, when: Expr, limit: Expr, inside: Region) -> float:
        """The highest limit there can be where a condition is TRUE, in minor units before it is cut; -inf for none."""
        highs = [self.ranges.values(limit, each)[1] for each in self.ranges.possible(when, inside=inside)]
        high = max(highs, default=-inf)
        return high if abs(high) == inf else _minor(int(high), limit.type.places)

    def after(self, rule: Rule, back: Region) -> Region:
        """The same line a microsecond after it came back: what rests on how a line stands is known anew."""
        reopen = self.policy.reopen if rule.severity == 2 else None
        own = set(_LINES_OWN if reopen else _LINES_OWN[:-1])
        moved = {name for name in back.box if self.rests_on(name) & own}
        box = {name: self.ranges.widest.box[name] if name in moved else span for name, span in back.box.items()}
        probation = int(reopen is not None and reopen.probation > 0)
        box |= {"status": (_OPEN, _OPEN), "days_in_status": (0, 0), "on_probation": (probation, probation)}
        return Region(box, {name: null for name, null in back.nulls.items() if name not in moved})

    def all_names(self, *exprs: Expr) -> frozenset[str]:
        """Names in expressions and all that those rest on."""
        names = frozenset().union(*(expr.names() for expr in exprs))
        return names.union(*(self.rests_on(name) for name in names))

    def rests_on(self, name: str) -> frozenset[str]:
        """Names of the counted facts and attributes a name rests on, itself where it is one."""
        if name not in self._rests:
            self._rests[name] = self.policy.counted(Name(self.policy.type_of(name), name))
        return self._rests[name]

    def stuck(self, rule: Rule, cured: list[Region]) -> tuple[list[tuple[Region, frozenset[str]]], bool]:
        """Where a rule fires and no cure can follow, with the facts that stand in the way; and whether it is so always.

        Such a fact counts over all time: it moves one way, and only voided events move it back.
        """
        found = []
        fires = self.ranges.possible(rule.when)
        for one in fires:
            ways = [self._in_the_way(one, each) for each in cured]
            if all(ways):
                found.append((one, frozenset().union(*ways)))
        return found, len(found) == len(fires)

    def _in_the_way(self, fired: Region, cured: Region) -> frozenset[str]:
        both = [name for name in self.lifelong if fired.nulls.get(name) is cured.nulls.get(name) is False]
        return frozenset(
            name
            for name in both
            if (
                fired.span(name)[0] > cured.span(name)[1]
                if self.lifelong[name] > 0
                else fired.span(name)[1] < cured.span(name)[0]
            )
        )

    @cached_property
    def lifelong(self) -> Mapping[str, int]:
        """Facts that only grow (1) or only shrink (-1) as long as no event is voided."""
        facts = [fact for fact in self.policy.counted_facts if fact.window is None]
        grows = {fact.name: 1 for fact in facts if fact.operator in _GROWS}
        return grows | {fact.name: -1 for fact in facts if fact.operator in _SHRINKS} | {"closings": 1}

    def declared(self, name: str) -> bool:
        """Whether a fact counts what the lender's own people said, who take it back by voiding it."""
        fact = self.policy.by_name.get(name)
        return isinstance(fact, CountedFact) and fact.kind.source == "lender"

    def told(self, *exprs: Expr, inside: Region | None = None) -> str:
        """What the names in expressions can be, for the remedy."""
        within = self.ranges.widest if inside is None else inside
        names = sorted(set().union(*(expr.names() for expr in exprs)))
        told = [self.span_told(name, within) for name in names if name in within.box]
        return "; ".join(each for each in told if each) or "the conditions exclude each other"

    def span_told(self, name: str, inside: Region) -> str:
        """Between which values a name lies, in words; nothing where it has no bound."""
        low, high = inside.span(name)
        kind = self.policy.type_of(name)
        words = ("false", "true") if kind.unit == "flag" else kind.choices
        if words and abs(low) != inf and abs(high) != inf:
            return f"{name} is {' or '.join(words[int(low) : int(high) + 1])}"
        low, high = low / 10**kind.places, high / 10**kind.places
        if abs(low) != inf and abs(high) != inf:
            return f"{name} is {low:.15g} to {high:.15g}" if low != high else f"{name} is {low:.15g}"
        if abs(low) != inf:
            return f"{name} is {low:.15g} or more"
        return f"{name} is {high:.15g} or less" if abs(high) != inf else ""


def _minor(value: int, places: int) -> int:
    """A number with some places in minor units, rounded down."""
    return int(value * 10 ** (2 - places)) if places <= 2 else int(value // 10 ** (places - 2))


def cure_of(rule: Rule) -> Expr:
    """What must be TRUE for a reason to stand no longer."""
    return rule.cure if rule.cure is not None else Logic(TRUTH, "or", Not(TRUTH, rule.when), IsNull(TRUTH, rule.when))


def _check_when(found: Checking, rule: Rule, source: Source, path: Path) -> bool:
    """Whether a rule fires for some lines and not for others; what is wrong is noted."""
    if not found.ranges.possible(rule.when):
        what = f"{rule.code} can never fire: 'when' can never be TRUE"
    elif found.ranges.always(rule.when):
        what = f"{rule.code} always fires: 'when' is always TRUE"
    else:
        return True
    source.add((*path, "when"), what, found.told(rule.when))
    return False


def _check_cure(found: Checking, rule: Rule, source: Source, path: Path) -> None:
    here: Path = (*path, "cure" if rule.cure is not None else "when")
    cure, reopen = cure_of(rule), found.policy.reopen
    cured = found.ranges.possible(cure, inside=found.stopped)
    if not cured:
        source.add(here, f"the cure of {rule.code} can never be met", found.told(cure))
        return
    stuck, always = found.stuck(rule, cured)
    lasting = sorted(name for _, names in stuck for name in names if not found.declared(name))
    if always and lasting:
        name = lasting[0]
        moves = "falls" if found.lifelong[name] > 0 else "rises"
        what = f"the cure of {rule.code} can never be met: {name} counts over all time and never {moves} again"
        source.add(here, what, "give the fact a window, or cure by another fact")
        return
    if rule.severity == 2 and (reopen is None or not found.ranges.possible(reopen.when, inside=found.closed)):
        return  # told once, at reopen
    back = found.back(rule)
    if not back and reopen:
        what = f"a line closed by {rule.code} can never reopen: its cure and reopen.when exclude each other"
        source.add(here, what, found.told(reopen.when, inside=found.closed))
        return
    _check_again(found, rule, back, source, here)


def _check_again(found: Checking, rule: Rule, back: list[Region], source: Source, here: Path) -> None:
    """A line must not be stopped again by the very facts that bring it back."""
    reopen = found.policy.reopen if rule.severity == 2 else None
    met = "its cure and reopen.when are met" if reopen else "its cure is met"
    asked = found.all_names(cure_of(rule), *([reopen.when] if reopen else []))
    own = set(_LINES_OWN)
    after: list[Region] = []
    for other in found.policy.rules:
        read = found.all_names(other.when)
        if not other.on_line or not other.severity or other.code in found.mistaken or not read & (asked | own):
            continue  # what nothing is asked of cannot make a rule fire
        if all(found.ranges.always(other.when, one) for one in back):
            what = f"a line stopped by {rule.code} can never come back: whenever {met}, {other.code} fires"
        elif not read & own:
            continue
        else:
            after = after or [found.after(rule, one) for one in back]
            if not all(found.ranges.always(other.when, one) for one in after):
                continue
            what = f"a line that comes back from {rule.code} is stopped again at once: {other.code} fires"
        source.add(here, what, f"change the cure, reopen.when or the 'when' of {other.code}")
        return


def _check_rest(rule: Rule, source: Source, path: Path) -> None:
    """A rule must not undo and redo itself without end."""
    if rule.limit is not None and "limit" in rule.limit.names() and not rule.not_within:
        what = f"{rule.code} sets the limit from the limit without end"
        source.add((*path, "limit"), what, "add not_within:, for example not_within: 30d")
    names = rule.when.names()
    if rule.severity in (1, 2) and names & {"status", "days_in_status"} and not rule.cooling_off:
        what = f"{rule.code} reads the line's own status and would switch it to and fro"
        source.add((*path, "when"), what, "give it a cooling_off, or read a fact")
