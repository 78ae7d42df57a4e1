"""Source of a policy's levers: what they touch, and their conditions, bounds, prices and events as functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from creditline.events.kinds import KINDS, NULL, SLOTS, FieldSpec, KindSpec
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Expr
from creditline.policy.compiler import fact_order
from creditline.policy.emit import Emitter
from creditline.policy.evaluating import value_of
from creditline.policy.levers import LENT, Lever
from creditline.policy.model import Policy
from creditline.wayback import search
from creditline.wayback.cures import cure_of
from creditline.wayback.situation import HORIZON
from creditline.wayback.staying import stays_known

CHOSEN_MAX = 60
"""How many amounts of one lever are weighed; of more, the first so many."""

MONTH = 30
"""Days in which the means of a month come in."""

WEIGHED_MAX = 4096
"""Combinations run at most."""

NEAR_DAYS = 150
"""How far a future is looked at first; those in which the line does not come back by then are looked at in full."""

NEVER = 2**63 - 1

_DOES = {None: 0, "pay_arrears": 1, "keep_instalments": 2, "pay_off": 3, "no_draw": 4, "spread_draws": 5}
_ATTRIBUTES = {
    "limit": "s[LIMIT]", "status": "s[STATUS]", "days_in_status": "(t - s[SINCE]) // DAY",
    "on_probation": "(1 if t < s[PROBATION] else 0)", "closings": "s[CLOSINGS]", "requested": "f[REQUESTED]",
    "points": "points", "chosen": "chosen",
}  # fmt: skip


def lever_source(policy: Policy) -> str:
    """Constants and functions that ``futures``, ``search`` and ``planning`` stand on."""
    levers = policy.levers
    said = [each for lever in levers for each in lever.says]
    ended = [lever.ends for lever in levers if lever.ends is not None]
    rows: dict[str, int | Sequence[int]] = {
        "SLOTS": SLOTS, "N_LEVERS": len(levers), "UTC_OFFSET": policy.utc_offset, "HORIZON": HORIZON,
        "MONTH": MONTH, "CHOSEN_MAX": CHOSEN_MAX, "WEIGHED_MAX": WEIGHED_MAX, "NEAR": NEAR_DAYS * 86_400_000_000,
        "MINUTE_US": 60_000_000, "APPLICATION": KINDS["application.received"].code,
        "REQUEST": KINDS["reopen.requested"].code,
        "DOES": [_DOES[lever.does] for lever in levers], "TAKES": [lever.takes for lever in levers],
        "EVERY": [lever.every for lever in levers],
        "TIMES": [lever.times for lever in levers], "EFFORT": [lever.effort for lever in levers],
        "PAID": [int(lever.money is not None) for lever in levers],
        "ENDS": [-1 if lever.ends is None else ended.index(lever.ends) for lever in levers],
        "SAID_FIRST": [sum(len(lever.says) for lever in levers[:n]) for n in range(len(levers) + 1)],
        "SAID_KIND": [each.kind.code for each in said],
        "SAID_NEEDS": [sum(1 << f.slot for f in each.kind.fields.values() if f.required) for each in said],
        "DEFAULTS": [cell for each in said for cell in _defaults(each.kind)],
        "END_KIND": [fact.kind.code for fact in ended], "END_BY": [_ender(fact).code for fact in ended],
        "END_ON": [-1 if fact.on is None else fact.on[0] for fact in ended],
        "END_BY_ON": [-1 if fact.on is None else fact.on[1] for fact in ended],
        "END_CARRY": [cell for fact in ended for cell in _carried(fact)],
        "N_COMING": len(policy.coming), "COMING_KIND": [KINDS[kind].code for kind in policy.coming],
        "COMING_EVERY": list(policy.coming.values()),
        "FRESH_WITHIN": [_fresh_within(policy, kind) for kind in policy.coming],
        "CONFLICT": _conflicts(levers), "SAME_KINDS": _same_kinds(levers),
        "PERSISTS": [int(_persists(policy, lever)) for lever in levers],
        "TOUCH": [mask for wide in (False, True) for row in _touch_rows(policy, wide=wide) for mask in row],
    }  # fmt: skip
    constants = "\n".join(f"{name} = {_written(value)}" for name, value in rows.items())
    return "\n\n\n".join([constants, *_Functions(policy).sources()]) + "\n"


def _written(value: int | Sequence[int]) -> str:
    if isinstance(value, int):
        return str(value)
    return "(" + ", ".join(map(str, value or [0])) + ",)"


def _ender(fact: CountedFact) -> KindSpec:
    assert fact.ended_by is not None
    return fact.ended_by


def _defaults(kind: KindSpec) -> list[int]:
    """By slot what a field says where nothing is said, NULL where it must be said."""
    row = [NULL] * SLOTS
    for field in msgspec.structs.fields(kind.struct):
        spec = kind.fields[field.name]
        if not field.required and isinstance(field.default, (int, bool, str)):
            row[spec.slot] = spec.choices.index(field.default) if isinstance(field.default, str) else int(field.default)
    return row


def _carried(fact: CountedFact) -> list[int]:
    """By slot of what ends a thing the slot of the thing it is carried over from, or -1."""
    row = [-1] * SLOTS
    for name, field in _ender(fact).fields.items():
        if name in fact.kind.fields:
            assert field.choices == fact.kind.fields[name].choices, f"{name} is said in other words by either kind"
            row[field.slot] = fact.kind.fields[name].slot
    return row


# -- what levers touch ------------------------------------------------------------------------------


def sets(lever: Lever) -> set[tuple[str, str]]:
    """Kinds and fields a lever says something of."""
    return {(each.kind.name, name) for each in lever.says for name in each.fields}


def _conflicts(levers: Sequence[Lever]) -> list[int]:
    """By lever those that set a field it sets, as bits."""
    return [_mask(a is not b and bool(sets(a) & sets(b)) for b in levers) for a in levers]


def _same_kinds(levers: Sequence[Lever]) -> list[int]:
    kinds = [{each.kind.name for each in lever.says} for lever in levers]
    return [_mask(bool(a & b) for b in kinds) for a in kinds]


def _mask(bits: Iterable[bool]) -> int:
    return sum(1 << place for place, bit in enumerate(bits) if bit)


def _fresh_within(policy: Policy, kind: str) -> int:
    """The shortest time after which what was last said of a kind that keeps coming is too old, microseconds."""
    kept = [fact for fact in policy.counted_facts if fact.kind.name == kind and stays_known(policy, fact)]
    return min((fact.window.us for fact in kept if fact.window is not None), default=NEVER)


def touched(policy: Policy, lever: Lever, *, wide: bool, kept: bool = False) -> frozenset[str]:
    """Names of the facts a lever can change. Unless ``wide``, saying once more what was last said changes nothing.

    With ``kept`` arrears are paid and instalments kept besides, so that nothing is late with the lever or without.
    """
    names = set()
    for fact in policy.counted_facts:
        kinds = {kind.name for kind in (fact.kind, fact.after, fact.ended_by) if kind is not None}
        if kept and (kinds == {"arrears.changed"} or _counts_late(fact)):
            continue
        consented = "consent.given" in lever.kinds and fact.sources & set(policy.consents)
        if consented or (kinds & lever.kinds and (wide or not _says_again(policy, lever, fact))):
            names.add(fact.name)
    return frozenset(names)


def _counts_late(fact: CountedFact) -> bool:
    """Whether a fact looks at none but instalments settled late."""
    if fact.kind.name != "instalment.settled" or fact.where is None or fact.where.names() != {"days_late"}:
        return False
    others = [kind for kind in (fact.after, fact.ended_by) if kind is not None and kind.name in LENT]
    return not others and value_of(fact.where, {"days_late": 0}) != 1


def _says_again(policy: Policy, lever: Lever, fact: CountedFact) -> bool:
    """Whether all a lever says of a fact is what was last said of it."""
    if fact.kind.name in LENT or not lever.says or not stays_known(policy, fact):
        return False
    read = {fact.field.name if fact.field else ""} | (fact.where.names() if fact.where is not None else set())
    return not any(each.kind == fact.kind and read & each.fields.keys() for each in lever.says)


def _persists(policy: Policy, lever: Lever) -> bool:
    """Whether what a lever changes stays as it is from then on."""
    if lever.does is not None or lever.times > 1:
        return False
    changed = touched(policy, lever, wide=False)
    facts = [fact for fact in policy.counted_facts if fact.name in changed]
    return all(fact.kind.name not in LENT and (fact.operator == "open" or stays_known(policy, fact)) for fact in facts)


def _touch_rows(policy: Policy, *, wide: bool) -> list[tuple[int, int, int]]:
    """What each lever touches; then what paying loans off does where nothing is late."""
    off = next((lever for lever in policy.levers if lever.does == "pay_off"), None)
    rows = [_touches(policy, lever, wide=wide) for lever in policy.levers]
    return [*rows, (0, 0, 0) if off is None else _touches(policy, off, wide=wide, kept=True)]


def _touches(policy: Policy, lever: Lever, *, wide: bool, kept: bool = False) -> tuple[int, int, int]:
    """Cures and conditions of rules (bits by rule) and what is beyond them that a lever can change."""
    changed = touched(policy, lever, wide=wide, kept=kept)

    def reads(*exprs: Expr | None) -> bool:
        return any(policy.counted(expr) & changed for expr in exprs if expr is not None)

    approve, reopen = policy.approve, policy.reopen
    limits = [expr for rule in policy.rules if rule.then == "limit" for expr in (rule.when, rule.limit)]
    beyond = {
        search.WHEN: reads(reopen.when) if reopen else False,
        search.LIMIT_LOW: reads(reopen.limit) if reopen else False,
        search.APPROVE_WHEN: reads(approve.when) if approve else False,
        search.APPROVE_LOW: reads(approve.limit) if approve else False,
        search.RAISES: reads(*limits),
    }
    return (
        _mask(rule.on_line and rule.severity > 0 and reads(cure_of(rule)) for rule in policy.rules),
        _mask(reads(rule.when) for rule in policy.rules),
        sum(bit for bit, there in beyond.items() if there),
    )


# -- functions --------------------------------------------------------------------------------------


class _Functions:
    """Writes what the levers' expressions are worked out by; what leaves int64 is unknown."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        cells = {name: f"f[{cell}]" for cell, name in enumerate(fact_order(policy))}
        self.emitter = Emitter({**cells, **_ATTRIBUTES}.__getitem__)

    def sources(self) -> list[str]:
        """The functions in order."""
        return [self._means(), self._terms(), self._price(), self._say(), self._counts_open()]

    def _means(self) -> str:
        body = [] if self.policy.means is None else [*self._tried("x", self.policy.means), *_money(self.policy.means)]
        return _function("means(t, s, f, points)", "What can be spared a month.", ["x = NULL", *body, "return x"])

    def _terms(self) -> str:
        parts = []
        for number, lever in enumerate(self.policy.levers):
            body = []
            if lever.when is not None:
                body += ["e[0] = 0", *_try(f"e[0] = 1 if {self.emitter.true(lever.when)} else 0", "e[0] = 0")]
            for cell, bound in enumerate(lever.chosen or (), 1):
                body += self._tried(f"e[{cell}]", bound)
            parts += [f"if lever == {number}:", *_in(body or ["pass"])]
        told = "Whether a lever is there, and from and to of what there is to choose, into e."
        return _function("terms(t, s, f, points, lever, e)", told, ["e[0], e[1], e[2] = 1, 0, 0", *parts])

    def _price(self) -> str:
        parts = []
        for number, lever in enumerate(self.policy.levers):
            if lever.money is not None:
                body = [*self._tried("x", lever.money), *_money(lever.money)]
                parts += [f"if lever == {number}:", *_in(body)]
        told = "What one time of a lever costs, minor units; NULL where it is unknown."
        return _function("price(t, s, f, points, chosen, lever)", told, ["x = NULL", *parts, "return x"])

    def _say(self) -> str:
        parts: list[str] = []
        said = [each for lever in self.policy.levers for each in lever.says]
        for number, each in enumerate(said):
            body = [line for name, expr in each.fields.items() for line in self._field(each.kind.fields[name], expr)]
            parts += [f"if which == {number}:", *_in(body or ["pass"])]
        told = "Set what an event names; False where a value does not fit its field."
        return _function(
            "say(t, s, f, points, chosen, which, row)", told, ["x = NULL", "fits = True", *parts, "return fits"]
        )

    def _field(self, field: FieldSpec, expr: Expr) -> list[str]:
        cell = f"row[{field.slot}]"
        unknown = ["fits = False"] if field.required else [f"{cell} = NULL"]
        checks: list[str] = []
        if field.unit not in ("choice", "flag"):
            checks = _scaled(expr, 2 if field.unit == "money" else 0)
            outside = [f"x < {field.minimum}" if field.minimum is not None else ""]
            outside += [f"x > {field.maximum}" if field.maximum is not None else ""]
            checks += [f"if {' or '.join(filter(None, outside))}:", "    fits = False"] if any(outside) else []
        return [
            *self._tried("x", expr),
            "if x == NULL:",
            *_in(unknown),
            "else:",
            *_in([*checks, f"{cell} = x"]),
        ]

    def _counts_open(self) -> str:
        parts = []
        for number, fact in enumerate(lever.ends for lever in self.policy.levers if lever.ends is not None):
            if fact.where is not None:
                cells = {name: f"v[{field.slot}, i]" for name, field in fact.kind.fields.items()}
                condition = Emitter(cells.__getitem__).true(fact.where)
                parts += [f"if which == {number}:", f"    found = bool({condition})"]
        told = "Whether row i is of those a fact counts."
        return _function("counts_open(which, v, i)", told, ["found = True", *parts, "return found"])

    def _tried(self, target: str, expr: Expr) -> list[str]:
        return _try(f"{target} = {self.emitter.value(expr)}", f"{target} = NULL")


def _function(head: str, told: str, body: list[str]) -> str:
    return f'def {head}:\n    """{told}"""\n' + "\n".join(_in(body))


def _in(lines: Iterable[str]) -> list[str]:
    return ["    " + line for line in lines]


def _try(line: str, otherwise: str) -> list[str]:
    return ["try:", f"    {line}", "except Exception:", f"    {otherwise}"]


def _money(expr: Expr) -> list[str]:
    """A value in x as minor units; below zero it stays below zero."""
    return ["if x != NULL:", *_in(_scaled(expr, 2))]


def _scaled(expr: Expr, places: int) -> list[str]:
    """A value in x with these places, cut towards zero; a number too large to be written so is as good as endless."""
    finer = places - expr.type.places
    if finer == 0:
        return ["pass"]
    if finer > 0:
        top = (2**63 - 1) // 10**finer
        return [f"x = min(max(x, -{top}), {top}) * {10**finer}"]
    return [f"x = abs(x) // {10**-finer} if x >= 0 else -(abs(x) // {10**-finer})"]


__all__ = ["lever_source", "sets", "touched"]
