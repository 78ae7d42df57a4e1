"""Hypothesis strategies for the gate: adversarial histories of one line, moments to look at, small policies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from creditline.events.event import Event
from creditline.events.kinds import KINDS, FieldSpec

Policy = dict[str, Any]

POLICIES = Path(__file__).parent / "policies"

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "y": 365 * DAY, "mo": 30 * DAY}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LINE = "L1"
HUGE = 10**15

LIFE = ("application.received", "line.opened", "line.limit_set", "line.ended", "reopen.requested", "event.voided")
BLOCKS = ("block.placed", "block.lifted", "override.granted", "override.withdrawn")
INCIDENTS = ("incident.declared", "incident.closed")
CONSENTS = ("consent.given", "consent.withdrawn")
NUMERIC = ("money", "count", "days", "months", "score", "hour")


def policy_named(name: str) -> Policy:
    """One of the policies beside this file, as YAML gives it."""
    policy: Policy = yaml.safe_load((POLICIES / f"{name}.yaml").read_text(encoding="utf-8"))
    return policy


def texts_in(value: object) -> Iterator[str]:
    """Every text anywhere in a policy."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)
    else:
        yield str(value)


@dataclass(frozen=True)
class Ground:
    """What a policy is sensitive to, so that histories can aim at it."""

    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    lengths: tuple[int, ...]
    """Windows, cooling-offs and the like up to the span asked for, in microseconds."""
    numbers: tuple[int, ...]
    """Literals in whole units, cut."""
    words: tuple[str, ...]
    """Texts the policy compares with, free ones last."""
    offset: int
    span: int


def ground_of(policy: Policy, span_days: int) -> Ground:
    """What histories of a policy are made of."""
    texts = list(texts_in(policy))
    all_kinds = {text.partition(" ")[0] for text in texts if text in KINDS}
    all_kinds |= {text.rpartition(".")[0] for text in texts if text.rpartition(".")[0] in KINDS}
    sources = {KINDS[kind].source for kind in all_kinds} | set(policy.get("consents", []))
    kinds = [*sorted(all_kinds), *LIFE, *BLOCKS, *INCIDENTS, *(CONSENTS if policy.get("consents") else ())]
    if "requested" in str(policy) and "profile.updated" not in kinds:
        kinds.append("application.received")
    durations = [re.fullmatch(r"(\d+)(mo|[mhdwy])", text) for text in texts]
    lengths = {int(match[1]) * UNITS[match[2]] for match in durations if match} | {HOUR, DAY}
    expressions = " ".join(text for text in texts if re.search(r"[<>=*]|null| and | or |\(", text))
    numbers = {int(float(found)) for found in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", expressions)}
    choices = {choice for spec in KINDS.values() for field in spec.fields.values() for choice in field.choices}
    words = sorted(set(re.findall(r"'([^']+)'", expressions)), key=lambda word: (word not in choices, word))
    sign = -1 if str(policy.get("utc_offset", "")).startswith("-") else 1
    hours, minutes = str(policy.get("utc_offset", "+00:00")).lstrip("+-").split(":")
    return Ground(
        kinds=tuple(dict.fromkeys(kinds)),
        sources=tuple(sorted(sources)),
        lengths=tuple(sorted(length for length in lengths if length <= span_days * DAY)),
        numbers=tuple(sorted(numbers)),
        words=(*words, "a", "b"),
        offset=sign * (int(hours) * HOUR + int(minutes) * MINUTE),
        span=span_days * DAY,
    )


def month_start(ground: Ground, t: int, months: int = 1) -> int:
    """The first moment of a calendar month some months after the one ``t`` lies in."""
    local = EPOCH + timedelta(microseconds=t + ground.offset)
    index = local.year * 12 + local.month - 1 + months
    start = datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
    return (start - EPOCH) // timedelta(microseconds=1) - ground.offset


START = (datetime(2024, 1, 30, 13, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
"""Histories begin near the end of a month, in a leap year."""


@st.composite
def later(draw: DrawFn, ground: Ground, anchors: Sequence[int]) -> int:
    """A moment at, or a microsecond beside, an edge that some earlier moment makes."""
    base = draw(st.sampled_from((*anchors, anchors[-1], anchors[-1])))
    jitter = draw(st.sampled_from((0, 0, 0, -1, 1)))
    if draw(st.integers(0, 4)) == 0:
        edge = month_start(ground, base, draw(st.integers(1, 2)))
    else:
        edge = base + draw(st.sampled_from((0, MINUTE, 2 * HOUR, *ground.lengths)))
    return min(max(edge + jitter, START), START + ground.span)


def numbers_for(field: FieldSpec, ground: Ground) -> SearchStrategy[int]:
    """Whole numbers a field may carry: few of them, near what the policy compares with."""
    scale = 100 if field.unit == "money" else 1
    near = {number * scale + step for number in (*ground.numbers, 0, 1) for step in (-1, 0, 1)}
    low = field.minimum if field.minimum is not None else 0
    high = field.maximum if field.maximum is not None else HUGE
    fair = sorted(number for number in near | {-number for number in near} if low <= number <= high) or [low]
    fair_ones = st.sampled_from(fair)
    if field.unit != "money":
        return fair_ones
    far = [number for number in (high, high - 1, high // 1000, low) if number >= low]
    return st.integers(0, 15).flatmap(lambda n: st.sampled_from(far) if n == 0 else fair_ones)


def values_for(field: FieldSpec, kind: str, ground: Ground, anchors: Sequence[int], count: int) -> SearchStrategy[Any]:
    """What may stand in one field, NULL too where that is allowed."""
    made: SearchStrategy[Any]
    if field.name == "data_source":
        made = st.sampled_from(ground.sources)
    elif field.unit == "choice":
        wanted = [choice for choice in field.choices if choice in ground.words]
        made = st.sampled_from([*wanted * 2, *field.choices])
    elif field.unit == "flag":
        made = st.booleans()
    elif field.unit == "moment":
        made = later(ground, anchors)
    elif kind == "event.voided" and field.name == "event":
        made = st.integers(1, count + 1).map(lambda n: f"e{n}")
    elif field.unit == "text":
        made = st.sampled_from(ground.words[-4:])
    else:
        made = numbers_for(field, ground)
    return made if field.required else st.one_of(made, made, st.none())


@st.composite
def bodies(draw: DrawFn, kind: str, ground: Ground, anchors: Sequence[int], count: int, mild: bool = False) -> Any:
    """What one event of a kind says; a mild one carries the smallest numbers allowed, which cures most things."""
    spec = KINDS[kind]
    fields = {name: draw(values_for(each, kind, ground, anchors, count)) for name, each in spec.fields.items()}
    if mild:
        fields |= {name: each.minimum for name, each in spec.fields.items() if each.unit in NUMERIC}
    return spec.struct(**fields)


@st.composite
def histories(draw: DrawFn, policy: Policy, max_events: int = 12, span_days: int = 45) -> list[Event]:
    """Events of one line, clustered at the policy's edges, some known late, some voided; no two at one moment."""
    ground = ground_of(policy, span_days)
    first = draw(st.sampled_from(((), ("line.opened",), ("line.opened",), ("application.received",))))
    # Empty and tiny histories now and then, mostly fuller ones, where more can go wrong.
    count = max_events * draw(st.sampled_from((6, 6, 5, 5, 4, 3, 2, 1, 0))) // 6
    rest = draw(kinds_for(ground))
    kinds = [*first, *draw(st.lists(rest, min_size=count, max_size=count))][:count]
    # Now and then the trouble ends: each kind once more with its smallest numbers, and the line is asked back.
    way_back = draw(st.integers(0, 2)) == 0
    used = [kind for kind in dict.fromkeys(reversed(kinds)) if kind not in (*LIFE, *BLOCKS, *INCIDENTS, *CONSENTS)]
    tail = [*used[:4], "reopen.requested"] if way_back else []
    kinds += tail
    anchors, taken, events = [START], set[int](), list[Event]()
    for number, kind in enumerate(kinds, 1):
        mild = number > len(kinds) - len(tail)
        at = draw(later(ground, anchors[-1:] if mild else anchors))
        while at in taken:
            at += 1
        taken.add(at)
        known = max(at, draw(later(ground, [at, *anchors]))) if draw(st.integers(0, 4)) == 0 else at
        anchors = sorted({*anchors, at, known})[-6:]
        body = draw(bodies(kind, ground, anchors, len(kinds), mild))
        events.append(Event(f"e{number}", LINE, at, known, body))
    return draw(st.permutations(events))


@st.composite
def kinds_for(draw: DrawFn, ground: Ground) -> SearchStrategy[str]:
    """The kinds of one history: a few that the policy reads, often; life, blocks and incidents, less so."""
    rare = (*LIFE, *BLOCKS, *INCIDENTS)
    read = [kind for kind in ground.kinds if kind not in (*rare, "fraud.confirmed")]
    focus = draw(st.lists(st.sampled_from(read), min_size=1, max_size=4, unique=True)) if read else list(rare)
    # A line that ended decides nothing more: let few histories come to that.
    may_end = draw(st.integers(0, 3)) == 0
    others = [kind for kind in ground.kinds if may_end or kind not in ("line.ended", "fraud.confirmed")]
    return st.one_of(st.sampled_from(focus), st.sampled_from(focus), st.sampled_from(others))


@st.composite
def moments(draw: DrawFn, policy: Policy, events: Sequence[Event], span_days: int = 400) -> int:
    """A moment to measure facts at: an edge of some event, or a microsecond beside one."""
    ground = ground_of(policy, span_days)
    anchors = sorted({START, *(event.at for event in events), *(event.known for event in events)})
    return draw(later(ground, anchors))


def horizon(events: Sequence[Event], days: int = 10) -> int:
    """A moment to let a life run until: some days after the last thing that became known."""
    return max((event.known for event in events), default=START) + days * DAY


# Random policies


@dataclass(frozen=True)
class Typed:
    """A name or an expression with what it is: money, plain, flag, choice or text."""

    text: str
    type: str
    choices: tuple[str, ...] = ()


COUNTED = (
    "draw.booked", "repayment.received", "arrears.changed", "statement.closed", "bureau.reported", "login.recorded",
    "tie.found", "score.reported", "profile.updated", "instalment.settled",
)  # fmt: skip
WINDOWS = ("30m", "2h", "1d", "3d", "1w", "30d", "1mo", "2mo", "3mo")
SPANS = ("30m", "1h", "1d", "2d")
COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
LITERALS = ("0", "1", "2", "3", "10", "0.5", "1.25", "-1", "99.99", "600")


def type_of(field: FieldSpec) -> str:
    """The type of a field in an expression."""
    if field.unit in ("flag", "choice", "text"):
        return field.unit
    return "money" if field.unit == "money" else "plain"


@st.composite
def comparisons(draw: DrawFn, names: Sequence[Typed]) -> str:
    """One predicate over one or two names."""
    one = draw(st.sampled_from(names))
    if draw(st.integers(0, 7)) == 0:
        return f"{one.text} is {draw(st.sampled_from(('', 'not ')))}null"
    if one.type == "flag":
        return draw(st.sampled_from((one.text, f"not {one.text}", f"{one.text} = false", f"{one.text} <> true")))
    if one.type == "choice":
        picked = draw(st.lists(st.sampled_from(one.choices), min_size=1, max_size=3, unique=True))
        quoted = ", ".join(f"'{choice}'" for choice in picked)
        return draw(st.sampled_from((f"{one.text} = '{picked[0]}'", f"{one.text} not in ({quoted})")))
    if one.type == "text":
        return f"{one.text} {draw(st.sampled_from(('=', '<>')))} '{draw(st.sampled_from(('a', 'b')))}'"
    same = [each.text for each in names if each.type == one.type and each != one]
    others = st.one_of(st.sampled_from(LITERALS), st.sampled_from(same)) if same else st.sampled_from(LITERALS)
    if draw(st.integers(0, 5)) == 0:
        return f"{one.text} between {draw(others)} and {draw(others)}"
    return f"{one.text} {draw(st.sampled_from(COMPARATORS))} {draw(others)}"


@st.composite
def predicates(draw: DrawFn, names: Sequence[Typed]) -> str:
    """One comparison, or a few joined."""
    parts = draw(st.lists(comparisons(names), min_size=1, max_size=3))
    joined = parts[0]
    for part in parts[1:]:
        joined = draw(st.sampled_from((f"{joined} and {part}", f"{joined} or {part}", f"{joined} and not ({part})")))
    return joined


@st.composite
def counting_facts(draw: DrawFn) -> tuple[dict[str, Any], Typed]:
    """A fact with any operator but ``sql``, and what it is (under no name yet)."""
    kind = draw(st.sampled_from(COUNTED))
    fields = list(KINDS[kind].fields.values())
    typed = [Typed(field.name, type_of(field), field.choices) for field in fields]
    numeric = [field for field in fields if field.unit in NUMERIC]
    operators = ["count", "age", "gap", "streak", "months", "last", "distinct"]
    operators += ["sum", "max", "min", "falls", "rises"] if numeric else []
    operator = draw(st.sampled_from([*operators, "open"] if kind == "tie.found" else operators))
    fact: dict[str, Any] = {operator: kind}
    result = Typed("", "plain")
    if operator in ("sum", "max", "min", "falls", "rises", "last", "distinct"):
        summable = [field for field in numeric if field.minimum is not None and field.minimum >= 0]
        fair = {"sum": summable, "last": fields, "distinct": fields}.get(operator, numeric)
        field = draw(st.sampled_from(fair))
        fact = {operator: f"{kind}.{field.name}"}
        if operator in ("sum", "max", "min", "last"):
            result = Typed("", type_of(field), field.choices)
    if operator in ("streak", "months"):
        fact["holds"] = draw(predicates(typed))
    if operator == "open":
        fact |= {"ended_by": "tie.ended"} | draw(st.sampled_from(({}, {"on": "party"})))
    if operator == "age" and draw(st.booleans()):
        fact["unit"] = "hour"
    if operator == "gap":
        fact |= draw(st.sampled_from(({}, {"take": "max"}, {"take": "last", "unit": "day"})))
    if operator not in ("months", "open") and draw(st.booleans()):
        fact["no_older_than" if operator == "last" else "window"] = draw(st.sampled_from(WINDOWS))
    if operator in ("count", "sum", "max", "min") and draw(st.integers(0, 2)) == 0:
        fact |= {"within": draw(st.sampled_from(SPANS)), "after": draw(st.sampled_from(COUNTED))}
    if draw(st.integers(0, 2)) == 0:
        fact["where"] = draw(predicates(typed))
    return fact, result


@st.composite
def numbers_of(draw: DrawFn, names: Sequence[Typed], wanted: str) -> str:
    """A numeric expression of a type over a few names."""
    same = [each.text for each in names if each.type == wanted] or ["1"]
    money = [each.text for each in names if each.type == "money"]
    a, b = draw(st.sampled_from(same)), draw(st.sampled_from(same))
    literal = draw(st.sampled_from(LITERALS))
    forms = [
        f"{a} + {b}", f"{a} - {b} * 0.25", f"least({a}, {b}, {literal})", f"-abs({a})",
        f"coalesce({a}, {b}, {literal})",
        f"greatest({a}, {literal})", f"case when {a} > {b} then {a} else {literal} end", f"nullif({a}, {literal})",
        f"{a} / 3", f"case when {a} is null then 0 when {a} <= {literal} then {b} * 1.5 end",
    ]  # fmt: skip
    if wanted == "plain" and money:
        c, d = draw(st.sampled_from(money)), draw(st.sampled_from(money))
        forms += [f"{c} / nullif({d}, 0)", f"{a} * 2 - {c} / nullif({d}, 0) / 7"]
    return draw(st.sampled_from(forms))


def reason(text: str) -> dict[str, str]:
    """A reason in both languages."""
    return {"zh": "原因", "en": text}


@st.composite
def rules(draw: DrawFn, code: str, names: Sequence[Typed]) -> dict[str, Any]:
    """One rule that comes to rest: closings cool off, limits are set at most once a day."""
    then = draw(st.sampled_from(("close", "freeze", "limit", "decline", "close", "freeze", "limit", "terminate")))
    rule: dict[str, Any] = {
        "code": code,
        "when": draw(predicates(names)),
        "then": then,
        "reason": reason(f"Reason {code}"),
    }
    if then == "close" or (then == "freeze" and draw(st.booleans())):
        rule["cooling_off"] = draw(st.sampled_from(("1d", "3d", "30d")))
        if draw(st.booleans()):
            rule["cure"] = draw(predicates(names))
    if then == "limit":
        rule["limit"] = draw(numbers_of([*names, Typed("limit", "money")], "money"))
        rule["not_within"] = draw(st.sampled_from(("1d", "1w")))
    if then == "decline":
        rule["on"] = ["application"]
    elif then != "limit" and draw(st.integers(0, 3)) == 0:
        rule["on"] = ["line", "application"]
    return rule


@st.composite
def random_policies(draw: DrawFn) -> Policy:
    """A small policy: two to six facts, one to four rules, any of the other parts."""
    facts: dict[str, Any] = {}
    names: list[Typed] = []
    for number in range(draw(st.integers(2, 6))):
        name = f"f{number}"
        wanted = draw(st.sampled_from(("plain", "money")))
        if names and draw(st.integers(0, 3)) == 0:
            facts[name] = {
                "sql": draw(numbers_of([*names, Typed("limit", "money"), Typed("closings", "plain")], wanted))
            }
            names.append(Typed(name, wanted))
        else:
            facts[name], typed = draw(counting_facts())
            names.append(Typed(name, typed.type, typed.choices))
    attributes = [Typed("limit", "money"), Typed("requested", "money"), Typed("closings", "plain")]
    attributes += [Typed("on_probation", "flag"), Typed("days_in_status", "plain"), Typed("points", "plain")]
    readable = [*names, *names, *attributes]
    policy: Policy = {
        "policy": "random", "title": {"zh": "随机", "en": "Random"}, "currency": "CNY",
        "utc_offset": draw(st.sampled_from(("+08:00", "+00:00", "-05:30"))),
        "limit_step": draw(st.sampled_from((1, 50, 100))),
        "consents": draw(st.lists(st.sampled_from(("bureau", "score", "device", "core")), unique=True, max_size=2)),
        "facts": facts,
        "rules": [draw(rules(f"R{number}", readable)) for number in range(draw(st.integers(1, 4)))],
        "approve": {
            "when": draw(st.one_of(st.just("true"), predicates(readable))),
            "limit": draw(st.sampled_from(("requested", "0.5 * requested", "least(requested, 1000)"))),
            "rate": "0.15",
            "otherwise": {"code": "A01", "reason": reason("Score too low")},
        },
        "reopen": {
            "when": draw(st.one_of(st.just("true"), predicates(readable))),
            "limit": draw(st.sampled_from(("limit", "0.8 * limit"))),
            "probation": "3d",
            "by": draw(st.sampled_from(("itself", "request"))),
        },
        "incident": {"code": "T20", "reason": reason("Data source under repair")},
    }  # fmt: skip
    scored = [name for name in names if name.type in ("plain", "money")]
    with_card: bool = draw(st.booleans())
    if scored and with_card:
        policy["scorecard"] = draw(cards(scored, [name for name in names if name.type == "choice"]))
    return policy


@st.composite
def cards(draw: st.DrawFn, numbers: Sequence[Typed], choices: Sequence[Typed]) -> dict[str, object]:
    """A scorecard over a number, perhaps a choice, and perhaps a table of two facts."""
    points = st.integers(-40, 40)
    bins = [{"below": 0.5, "points": 7}, {"below": 100, "points": draw(points)}, {"points": -20}]
    facts: dict[str, object] = {
        numbers[0].text: {"missing": -1, "bins": bins, "special": [{"value": draw(st.integers(0, 3)), "points": 11}]}
    }
    sides: dict[str, dict[str, object]] = {
        name.text: {"fact": name.text, "below": [1, 50], "special": [draw(st.integers(0, 60))]} for name in numbers
    }
    for name in choices[:1]:
        groups = [{"is": [name.choices[0]], "points": draw(points)}, {"points": draw(points)}]
        facts[name.text] = {"missing": draw(points), "bins": groups}
    for name in choices:
        sides[name.text] = {"fact": name.text, "choices": [list(name.choices[:1]), list(name.choices[1:3])]}
    card: dict[str, object] = {"base": 100, "facts": facts}
    if len(sides) > 1 and draw(st.booleans()):
        first, second = sorted(draw(st.permutations(sorted(sides)))[:2])
        height, width = (_places(sides[name]) for name in (first, second))
        table = [[draw(points) for _ in range(width)] for _ in range(height)]
        card["pairs"] = [{"rows": sides[first], "columns": sides[second], "points": table}]
    return card


def _places(side: dict[str, object]) -> int:
    """Missing, then bins and a special value, or groups and every other choice."""
    return 4 if "choices" in side else 5


def as_yaml(policy: Policy) -> str:
    """A policy as the text of its file."""
    return yaml.safe_dump(policy, allow_unicode=True, sort_keys=False, width=1000)
