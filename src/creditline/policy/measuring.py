"""Source of ``measure``: one pass over a line's events that counts every fact at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from creditline.events.kinds import KINDS, SOURCES, KindSpec
from creditline.facts.definitions import CountedFact
from creditline.facts.expressions import Expr
from creditline.policy.emit import Emitter, under, variable
from creditline.policy.model import Policy
from creditline.policy.timing import Timing, timing

ARGS = "t, begin, end, at, known, until, v, s, f, scratch, waking"


class Measure:
    """Writes the one pass over a line's events."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.timing: Timing = timing(policy)
        self.facts = policy.counted_facts
        self.counted = {fact.name: fact for fact in self.facts}
        self.afters = list(dict.fromkeys((f.after.name, f.after_where) for f in self.facts if f.after))
        self.windows = sorted({f.window.us for f in self.facts if f.window and f.window.us and not f.is_latest})
        self.months = sorted({f.window.months for f in self.facts if f.window and f.window.months})
        self.scratch = [fact.name for fact in self.facts if fact.operator == "distinct"]

    def source(self) -> str:
        """The whole function."""
        told = "Facts of one line at moment t, and the next moment any could change by itself, into f."
        head = f'def measure({ARGS}):\n    """{told}"""'
        body = [*self._init(), *self._loop(), *self._finish(), *self._sql(), *self._store(), *self._wakes()]
        return head + "\n" + "\n".join("    " + line if line else "" for line in body)

    def matters(self) -> str:
        """The function that tells whether an event changes anything that the policy or the state machine reads."""
        told = "Whether event i changes a fact, an order or the line's life; time alone is asked about elsewhere."
        lines = ["def matters(i, kind, v):", f'    """{told}"""', "    k = kind[i]"]
        for code, wheres in sorted(self._read_when().items()):
            test = "True" if "" in wheres else " or ".join(f"({where})" for where in sorted(wheres))
            lines += [f"    if k == {code}:  # {_kind_name(code)}", f"        return {test}"]
        return "\n".join([*lines, "    return False"])

    def _read_when(self) -> dict[int, set[str]]:
        """Under which conditions events of each kind are read; '' stands for always."""
        always = {"application.received", "reopen.requested", "line.opened", "line.limit_set", "line.ended"}
        always |= {"event.voided", "block.placed", "block.lifted", "override.granted", "override.withdrawn"}
        always |= {"incident.declared", "incident.closed", "consent.given", "consent.withdrawn"}
        read = {KINDS[name].code: {""} for name in always}
        for fact in self.facts:
            # A later event of the opening kind ends an earlier one whether or not its own condition holds.
            where = "" if fact.operator == "open" else self._true(fact.where, fact.kind)
            read.setdefault(fact.kind.code, set()).add(where)
            if fact.ended_by:
                read.setdefault(fact.ended_by.code, set()).add("")
            if fact.after:
                read.setdefault(fact.after.code, set()).add(self._true(fact.after_where, fact.after))
        return read

    # -- before the loop --------------------------------------------------------------------------

    def _init(self) -> list[str]:
        lines = [f"from_{us} = t - {us}  # {_duration(us)}" for us in self.windows]
        offset = self.policy.utc_offset
        if self.months or any(fact.operator == "months" for fact in self.facts):
            lines.append(f"this_month = month_index(t + {offset})")
        lines += [f"from_{n}mo = month_start(this_month - {n - 1}) - {offset + 1}" for n in self.months]
        for fact in self.facts:
            lines += self._start(fact)
        lines += [f"consent_{source}, consent_{source}__at = LONG_AGO, LONG_AGO" for source in self.policy.consents]
        return [
            *lines,
            "hard, hard_until, hard_at, soft, soft_until, soft_at = 0, NEVER, LONG_AGO, 0, NEVER, LONG_AGO",
            "override_until, override_at, suspended, requested, asked_at = LONG_AGO, LONG_AGO, 0, NULL, LONG_AGO",
        ]

    def _start(self, fact: CountedFact) -> list[str]:
        name = variable(fact.name)
        zero = "NULL" if fact.operator in ("max", "min", "last", "age", "gap") else "0"
        lines = [f"{name} = {zero}"]
        if fact.operator in ("last", "age", "gap"):
            lines.append(f"{name}__at = LONG_AGO")
        if fact.operator == "months":
            lines.append(f"{name}__month, {name}__good = LONG_AGO, False")
        if fact.operator in ("falls", "rises"):
            lines.append(f"{name}__last = NULL")
        if self._leaves(fact):
            lines.append(f"{name}__from = NEVER")
        return lines

    def _leaves(self, fact: CountedFact) -> bool:
        """Whether the kernel must know when the first counted event leaves the window."""
        return bool(fact.window and not fact.is_latest and fact.name in self.timing.while_back)

    # -- the loop ---------------------------------------------------------------------------------

    def _loop(self) -> list[str]:
        """One loop a kind: a line's events lie sorted by kind, so no loop asks what it is looking at."""
        lines: list[str] = []
        for code, block in sorted(self._kind_blocks().items()):
            afters = sorted(self._afters_of(code))
            lines += [f"after_{n}, p_{n} = LONG_AGO, begin[{KINDS[self.afters[n][0]].code}]" for n in afters]
            reach = self._reach(code)
            start = f"later(at, begin[{code}], end[{code}], t - {reach})" if reach else f"begin[{code}]"
            lines += [f"for i in range({start}, end[{code}]):  # {_kind_name(code)}"]
            lines += ["    a = at[i]", "    if a > t:", "        break"]
            lines += ["    if known[i] > t or until[i] <= t:", "        continue"]
            lines += ["    " + line for n in afters for line in self._advance(n)]
            lines += ["    " + line for line in block]
        return lines

    def _reach(self, code: int) -> int:
        """How far back events of a kind can matter, microseconds; 0 where any of them may, however old."""
        facts = [fact for fact in self.facts if fact.kind.code == code]
        if code in self._builtin_blocks() or any(fact.window is None or fact.window.months for fact in facts):
            return 0
        return max(fact.window.us for fact in facts if fact.window)

    def _afters_of(self, code: int) -> set[int]:
        """Which kinds that must come before are asked for by facts over this kind."""
        return {
            self.afters.index((fact.after.name, fact.after_where))
            for fact in self.facts
            if fact.after and fact.kind.code == code
        }

    def _advance(self, number: int) -> list[str]:
        """Bring the latest visible event that must come before up to, but not including, moment a."""
        name, where = self.afters[number]
        kind, p = KINDS[name], f"p_{number}"
        true = Emitter(lambda field: f"v[{kind.fields[field].slot}, {p}]").true(where) if where is not None else ""
        visible = f"known[{p}] <= t and until[{p}] > t" + (f" and {true}" if true else "")
        return [
            f"while {p} < end[{kind.code}] and at[{p}] < a:",
            f"    if {visible}:",
            f"        after_{number} = at[{p}]",
            f"    {p} += 1",
        ]

    def _kind_blocks(self) -> dict[int, list[str]]:
        blocks = {code: self._kind_block([f for f in self.facts if f.kind.code == code]) for code in self._codes()}
        for code, lines in self._builtin_blocks().items():
            blocks[code] = blocks.get(code, []) + lines
        return blocks

    def _codes(self) -> set[int]:
        return {fact.kind.code for fact in self.facts}

    def _kind_block(self, facts: Sequence[CountedFact]) -> list[str]:
        """Facts over one kind, those under the same conditions together."""
        lines: list[str] = []
        keyed = sorted(facts, key=self._conditions)
        for conditions, group in groupby(keyed, key=self._conditions):
            inner: list[str] = []
            by_window = sorted(group, key=lambda f: (self._from(f), f.name))
            for start, same in groupby(by_window, key=self._from):
                steps = [step for fact in same for step in self._step(fact)]
                inner += under(f"a > {start}" if start else "", steps)
            lines += under(" and ".join(filter(None, conditions)), inner)
        return lines

    def _conditions(self, fact: CountedFact) -> tuple[str, str]:
        sequence = ""
        if fact.after:
            number = self.afters.index((fact.after.name, fact.after_where))
            sequence = f"a - after_{number} < {fact.within}"
        return self._true(fact.where, fact.kind), sequence

    def _true(self, where: Expr | None, kind: KindSpec) -> str:
        return Emitter(lambda name: f"v[{kind.fields[name].slot}, i]").true(where) if where is not None else ""

    @staticmethod
    def _from(fact: CountedFact) -> str:
        if fact.window is None or fact.is_latest:
            return ""
        return f"from_{fact.window.months}mo" if fact.window.months else f"from_{fact.window.us}"

    def _step(self, fact: CountedFact) -> list[str]:
        """What one event does to one fact."""
        name = variable(fact.name)
        value = f"v[{fact.slot}, i]" if fact.field else ""
        first = [f"if {name}__from == NEVER:", f"    {name}__from = a"] if self._leaves(fact) else []
        holder = [f"    {name}__from = a"] if self._leaves(fact) else []
        match fact.operator:
            case "count":
                return [*first, f"{name} += 1"]
            case "sum":
                return under(self._said(fact), [*first, f"{name} = add({name}, {value})"])
            case "max":
                return under(self._said(fact), [f"if {value} >= {name}:", f"    {name} = {value}", *holder])
            case "min":
                condition = f"if {name} == NULL or {value} <= {name}:"
                return under(self._said(fact), [condition, f"    {name} = {value}", *holder])
            case "last":
                return [f"{name} = {value}", f"{name}__at = a"]
            case "age":
                return [f"{name}__at = a"]
            case "distinct":
                cell = f"scratch[{self.scratch.index(fact.name)}, {name}]"
                return under(self._said(fact), [*first, f"{cell} = {value}", f"{name} += 1"])
            case "gap":
                return [*first, *self._gap(fact, name)]
            case "streak":
                return [*first, f"{name} = {name} + 1 if {self._true(fact.holds, fact.kind)} else 0"]
            case "months":
                return self._months(fact, name)
            case "falls" | "rises":
                sign = "<" if fact.operator == "falls" else ">"
                step = f"{name} = {name} + 1 if {name}__last != NULL and {value} {sign} {name}__last else 0"
                return under(self._said(fact), [*first, step, f"{name}__last = {value}"])
            case _:
                mine, other = fact.on or (-1, -1)
                opener, ender = fact.kind.code, (fact.ended_by or fact.kind).code
                call = f"stands(i, {_spans(opener, ender)}, t, at, known, until, v, {mine}, {other})"
                return [f"if {call}:", f"    {name} += 1"]

    @staticmethod
    def _said(fact: CountedFact) -> str:
        return "" if fact.field is None or fact.field.required else f"v[{fact.slot}, i] != NULL"

    @staticmethod
    def _gap(fact: CountedFact, name: str) -> list[str]:
        better = {
            "min": f"{name} == NULL or a - {name}__at < {name}",
            "max": f"a - {name}__at > {name}",
            "last": "True",
        }
        return [
            f"if {name}__at != LONG_AGO and ({better[fact.take]}):",
            f"    {name} = a - {name}__at",
            f"{name}__at = a",
        ]

    def _months(self, fact: CountedFact, name: str) -> list[str]:
        return [
            f"month = month_index(a + {self.policy.utc_offset})",
            f"if month != {name}__month:",
            f"    {name} = {name} + 1 if {name}__good and month - {name}__month == 1 else 0",
            f"    {name}__month, {name}__good = month, True",
            f"if not ({self._true(fact.holds, fact.kind)}):",
            f"    {name}__good = False",
        ]

    def _builtin_blocks(self) -> dict[int, list[str]]:
        """What every policy reads: consents, incidents, orders, applications, requests."""
        declared, closed = KINDS["incident.declared"].code, KINDS["incident.closed"].code
        blocks = {
            KINDS["application.received"].code: ["requested = v[0, i]"],
            KINDS["reopen.requested"].code: ["asked_at = a"],
            KINDS["block.placed"].code: [
                "ends = NEVER if v[4, i] == NULL else v[4, i]",
                "if v[1, i] == 0:",
                "    hard, hard_until, hard_at = 1 + v[0, i], ends, a",
                "else:",
                "    soft, soft_until, soft_at = 1 + v[0, i], ends, a",
            ],
            KINDS["block.lifted"].code: [
                "if v[0, i] == 0 and a > hard_at:",
                "    hard = 0",
                "elif v[0, i] == 1 and a > soft_at:",
                "    soft = 0",
            ],
            KINDS["override.granted"].code: ["override_until, override_at = v[0, i], a"],
            KINDS["override.withdrawn"].code: ["if a > override_at:", "    override_until = LONG_AGO"],
            KINDS["incident.declared"].code: [
                f"if stands(i, {_spans(declared, closed)}, t, at, known, until, v, 0, 0):",
                "    suspended |= 1 << v[0, i]",
            ],
        }
        given, withdrawn = [], []
        for source in self.policy.consents:
            mine = f"if v[0, i] == {SOURCES.index(source)}:"
            ends = "NEVER if v[1, i] == NULL else v[1, i]"
            given += [mine, f"    consent_{source}, consent_{source}__at = {ends}, a"]
            withdrawn += [f"{mine[:-1]} and a > consent_{source}__at:", f"    consent_{source} = LONG_AGO"]
        if given:
            blocks[KINDS["consent.given"].code] = given
            blocks[KINDS["consent.withdrawn"].code] = withdrawn
        return blocks

    # -- after the loop ---------------------------------------------------------------------------

    def _finish(self) -> list[str]:
        lines: list[str] = []
        for fact in self.facts:
            name = variable(fact.name)
            if fact.is_latest:
                if fact.window:
                    start = f"from_{fact.window.months}mo" if fact.window.months else f"t - {fact.window.us}"
                    lines += [f"if {name}__at <= {start}:", f"    {name}, {name}__at = NULL, LONG_AGO"]
                if fact.operator == "age":
                    lines += [f"if {name}__at != LONG_AGO:", f"    {name} = (t - {name}__at) // {fact.unit}"]
            elif fact.operator == "gap":
                lines += [f"if {name} != NULL:", f"    {name} = {name} // {fact.unit}"]
            elif fact.operator == "distinct":
                lines.append(f"{name} = count_distinct(scratch[{self.scratch.index(fact.name)}], {name})")
            elif fact.operator == "months":
                lines += [
                    f"if {name}__month != this_month:",
                    f"    {name} = {name} + 1 if {name}__good and this_month - {name}__month == 1 else 0",
                ]
        return [*lines, *self._unread()]

    def _unread(self) -> list[str]:
        """Facts of a source whose consent is missing are not known."""
        lines: list[str] = []
        for source in self.policy.consents:
            mine = [variable(fact.name) for fact in self.facts if source in fact.sources]
            if mine:
                lines += [f"if consent_{source} <= t:", f"    {' = '.join(mine)} = NULL"]
        return lines

    def _sql(self) -> list[str]:
        emitter = Emitter()
        lines = [
            "limit = s[LIMIT]",
            "status = s[STATUS]",
            "days_in_status = (t - s[SINCE]) // DAY",
            "closings = s[CLOSINGS]",
        ]
        lines.append("on_probation = 1 if t < s[PROBATION] else 0")
        for fact in self.policy.sql_facts:
            text = " ".join(str(fact.text.get("sql", "")).split())
            lines += [f"# {fact.name}: {text}", f"{variable(fact.name)} = {emitter.value(fact.sql)}"]
        return lines

    def _store(self) -> list[str]:
        lines = [f"f[{number}] = {variable(fact.name)}" for number, fact in enumerate(self.policy.facts)]
        return [
            *lines,
            "f[SUSPENDED] = suspended",
            "f[HARD] = hard if hard_until > t else 0",
            "f[SOFT] = soft if soft_until > t else 0",
            "f[OVERRIDE] = 1 if override_until > t else 0",
            "f[REQUESTED] = requested",
            "f[ASKED_AT] = asked_at",
        ]

    def _wakes(self) -> list[str]:
        """The next moment anything could change by itself, as far as the line's status lets it matter."""
        lines = ["wake = NEVER"]
        ends = ["hard_until if hard > 0 else NEVER", "soft_until if soft > 0 else NEVER", "override_until"]
        for end in (*ends, *(f"consent_{source}" for source in self.policy.consents)):
            lines += _earlier(end)
        always = [line for name in sorted(self.timing.while_open) for line in self._wake(name)]
        back = [line for name in sorted(self.timing.while_back - self.timing.while_open) for line in self._wake(name)]
        lines += always + (["if status != 3:  # not open", *("    " + line for line in back)] if back else [])
        return ["if waking:", *("    " + line for line in [*lines, "f[WAKE] = wake"])]

    def _wake(self, name: str) -> list[str]:
        if name == "on_probation":
            return ["if t < s[PROBATION] < wake:", "    wake = s[PROBATION]"]
        if name == "days_in_status":
            return self._steps(name, "s[SINCE]", 86_400_000_000)
        fact, var = self.counted[name], variable(name)
        next_month = f"month_start(this_month + 1) - {self.policy.utc_offset}"
        if fact.operator == "months":
            return _earlier(next_month)
        steps = self._steps(name, f"{var}__at", fact.unit) if fact.operator == "age" else []
        known = f"{var}__at != LONG_AGO" if fact.is_latest else f"{var}__from != NEVER"
        if fact.window:
            since = f"{var}__at" if fact.is_latest else f"{var}__from"
            steps += _earlier(next_month if fact.window.months else f"{since} + {fact.window.us}")
        return under(known, steps) if steps else []

    def _steps(self, name: str, since: str, unit: int) -> list[str]:
        """The next value of an age at which something is asked; none where nothing is."""
        steps = self.timing.steps.get(name)
        if steps is None:
            return _earlier(f"{since} + ((t - {since}) // {unit} + 1) * {unit}")
        return [
            line
            for step in steps
            for line in (f"if t < {since} + {step * unit} < wake:", f"    wake = {since} + {step * unit}")
        ]


def _earlier(moment: str) -> list[str]:
    return [f"next_at = {moment}", "if t < next_at < wake:", "    wake = next_at"]


def _spans(opener: int, ender: int) -> str:
    """Where the rest of the opening kind's rows end, and where the ending kind's lie."""
    return f"end[{opener}], begin[{ender}], end[{ender}]"


def _duration(us: int) -> str:
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)):
        if us % size == 0:
            return f"{us // size}{unit}"
    return f"{us} us"


def _kind_name(code: int) -> str:
    return next(kind.name for kind in KINDS.values() if kind.code == code)
