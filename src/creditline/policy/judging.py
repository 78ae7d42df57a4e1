"""Source of ``judge``: the rules as conditions over facts, state and points."""

from __future__ import annotations

from collections.abc import Iterable

from creditline.events.kinds import SOURCES
from creditline.facts.expressions import Expr
from creditline.policy.emit import Emitter, under, variable
from creditline.policy.model import Policy, Rule


def source_mask(sources: Iterable[str]) -> int:
    """Data sources as bits."""
    return sum(1 << SOURCES.index(source) for source in sources)


class Judge:
    """Writes the rules as conditions over facts, state and points."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.emitter = Emitter()

    def source(self) -> str:
        """The whole function."""
        told = "Which rules fire, are held or cured, and what approval and reopening say, into r."
        head = f'def judge(t, s, f, points, r):\n    """{told}"""'
        body = [
            *self._locals(),
            *self._line(),
            *self._application(),
            *self._return(),
            "r[FIRED] = fired",
            "r[HELD_NOW] = held",
        ]
        return head + "\n" + "\n".join("    " + line if line else "" for line in body)

    def _locals(self) -> list[str]:
        used = self._used()
        reads = {
            "limit": "s[LIMIT]", "status": "s[STATUS]", "days_in_status": "(t - s[SINCE]) // DAY",
            "on_probation": "1 if t < s[PROBATION] else 0", "closings": "s[CLOSINGS]", "requested": "f[REQUESTED]",
        }  # fmt: skip
        lines = [f"{name} = {code}" for name, code in reads.items() if name in used or name == "status"]
        facts = enumerate(self.policy.facts)
        lines += [f"{variable(fact.name)} = f[{number}]" for number, fact in facts if fact.name in used]
        return [*lines, "suspended = f[SUSPENDED]", "fired = 0", "held = 0"]

    def _used(self) -> set[str]:
        policy = self.policy
        exprs = [expr for rule in policy.rules for expr in (rule.when, rule.cure, rule.limit)]
        exprs += [policy.approve.when, policy.approve.limit, policy.approve.rate] if policy.approve else []
        exprs += [policy.reopen.when, policy.reopen.limit] if policy.reopen else []
        return set().union(*(expr.names() for expr in exprs if expr is not None))

    def _line(self) -> list[str]:
        strict = [line for rule in self.policy.rules if rule.on_line and rule.severity for line in self._rule(rule)]
        limits = [line for rule in self.policy.rules if rule.then == "limit" for line in self._rule(rule)]
        return [
            "if 3 <= status <= 5:  # open, frozen, closed",
            *("    " + line for line in strict or ["pass"]),
            *under("status == 3" if limits else "", limits),
        ]

    def _application(self) -> list[str]:
        lines = [line for rule in self.policy.rules if rule.on_application for line in self._rule(rule)]
        lines += ["r[APPROVED] = 0", "r[APPROVED_LIMIT] = NULL", "r[RATE] = NULL"]
        approve = self.policy.approve
        if approve:
            rate = [f"r[RATE] = {self._rate(approve.rate)}"] if approve.rate is not None else []
            then = ["r[APPROVED] = 1", f"r[APPROVED_LIMIT] = {self._limit(approve.limit)}", *rate]
            lines += under(self.emitter.true(approve.when), then)
        return ["if status == 1:  # applied", *("    " + line for line in lines)]

    def _return(self) -> list[str]:
        """Cures and reopening matter only to a line that is not open."""
        lines = ["cured = 0"]
        for number, rule in enumerate(self.policy.rules):
            if rule.on_line and rule.severity in (1, 2):
                basis = rule.cure if rule.cure is not None else rule.when
                test = (
                    self.emitter.true(rule.cure) if rule.cure is not None else f"not ({self.emitter.true(rule.when)})"
                )
                lines += under(self._sound(basis, test), [f"cured |= {1 << number}  # {rule.code}"])
        lines += ["r[CURED] = cured", "r[REOPENS] = 0", "r[REOPEN_LIMIT] = NULL"]
        reopen = self.policy.reopen
        if reopen:
            mask = source_mask(self.policy.sources(reopen.when, reopen.limit))
            condition = self.emitter.true(reopen.when)
            if mask:
                condition = f"suspended & {mask} == 0 and {condition}"
            lines += under(condition, ["r[REOPENS] = 1", f"r[REOPEN_LIMIT] = {self._limit(reopen.limit)}"])
        return ["if status == 4 or status == 5:  # frozen, closed", *("    " + line for line in lines)]

    def _sound(self, basis: Expr, test: str) -> str:
        mask = source_mask(self.policy.sources(basis))
        return f"suspended & {mask} == 0 and {test}" if mask else test

    def _rule(self, rule: Rule) -> list[str]:
        bit = 1 << self.policy.rules.index(rule)
        mask = source_mask(self.policy.sources(rule.when))
        fire = [f"fired |= {bit}"]
        if rule.limit is not None:
            cell = [other for other in self.policy.rules if other.then == "limit"].index(rule)
            fire.append(f"r[LIMITS + {cell}] = {self._limit(rule.limit)}")
        if mask:
            fire = [f"if suspended & {mask}:", f"    held |= {bit}", "else:", *("    " + line for line in fire)]
        text = " ".join(rule.texts["when"].split())
        return [f"# {rule.code} {rule.then}: {text}", *under(self.emitter.true(rule.when), fire)]

    def _limit(self, expr: Expr) -> str:
        places = expr.type.places
        value = self.emitter.value(expr)
        value = f"mul({value}, {10 ** (2 - places)})" if places < 2 else value
        return f"cut({value}, {10 ** max(0, places - 2)}, {self.policy.limit_step})"

    def _rate(self, expr: Expr) -> str:
        places = expr.type.places
        value = self.emitter.value(expr)
        value = f"mul({value}, {10 ** (6 - places)})" if places < 6 else value
        return f"cut({value}, {10 ** max(0, places - 6)}, 1)"
