"""Lines to plan for: short ways to write a policy with levers, and hypothesis strategies for policies and histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import prod
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st

from creditline.events.event import Event
from creditline.events.kinds import KINDS
from creditline.facts.slices import from_events
from creditline.lines.replay import run
from creditline.policy import Policy, read_policy
from creditline.policy.levers import Lever
from creditline.wayback.cures import cure_of, kinds_read
from creditline.wayback.moves import available, ways
from creditline.wayback.situation import Situation

Plain = dict[str, Any]

LINE = "L1"
HOUR = 3_600_000_000
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = (datetime(2026, 1, 28, 5, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
"""Histories begin here."""

WORDS = {"zh": "词", "en": "word"}
BACK = ("reopen", "unfreeze")


def moment(text: str) -> int:
    """Microseconds of a UTC moment such as ``2026-03-01 00:00``."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def event(at: int, kind: str, *, known: int | None = None, name: str = "", **says: Any) -> Event:
    """One event of the line; its id is its kind and moment unless it is named."""
    return Event(name or f"{kind}-{at}", LINE, at, at if known is None else known, KINDS[kind].struct(**says))


def bureau(at: int, lenders: int = 0, balance: int = 0, dpd: int = 0, **more: Any) -> Event:
    """A report of a bureau; the balance in minor units."""
    known, name = more.pop("known", None), more.pop("name", "")
    said = {"lenders_with_balance": lenders, "balance": balance, "days_past_due": dpd} | more
    return event(at, "bureau.reported", known=known, name=name, **said)


def opened(at: int = START, limit: int = 1_000_000) -> Event:
    return event(at, "line.opened", limit=limit)


def as_yaml(plain: Plain) -> str:
    """A policy as the text of its file."""
    return yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=1000)


def policy_of(plain: Plain) -> Policy:
    return read_policy(as_yaml(plain), "policy.yaml")


def situation_of(policy: Policy, events: Sequence[Event], now: int) -> Situation:
    """How the line stands at a moment, from what was known by then."""
    seen = [each for each in events if each.known <= now]
    slices = from_events(seen)
    return Situation(LINE, policy, now, seen, slices, run(slices, policy, now, engine="python").states[0])


# Random policies: causes to close or freeze a line, each with its facts, its rule and its levers


@dataclass
class Draft:
    """What a random policy is put together from."""

    facts: Plain = field(default_factory=dict)
    rules: list[Plain] = field(default_factory=list)
    levers: Plain = field(default_factory=dict)
    reopen: list[str] = field(default_factory=list)
    """Conditions of coming back."""
    bins: Plain = field(default_factory=dict)
    """Of the scorecard."""
    consents: list[str] = field(default_factory=list)


DAYS = (0, 1, 10, 30, 45, 60, 90)


def durations(*days: int) -> st.SearchStrategy[str]:
    """Some whole days, or a number of hours near them."""
    return st.sampled_from([*(f"{day}d" for day in days if day), *(f"{24 * day + 7}h" for day in days)])


@st.composite
def consequences(draw: st.DrawFn) -> Plain:
    """What a rule does to a line."""
    then = draw(st.sampled_from(("close", "close", "freeze")))
    return {"then": then, "cooling_off": draw(durations(*DAYS)), "reason": WORDS}


@st.composite
def costs(draw: st.DrawFn, money: Sequence[object] = (0, 0, 120, 999.99)) -> Plain:
    """What a lever asks."""
    said = {"money": draw(st.sampled_from(money)), "effort": draw(st.integers(0, 5))}
    said |= {"takes": draw(durations(0, 1, 7, 30))} if draw(st.booleans()) else {}
    return {"title": WORDS, **{key: value for key, value in said.items() if value or draw(st.booleans())}}


@st.composite
def fresh(draw: st.DrawFn) -> Plain:
    """How old a report may be."""
    return draw(st.sampled_from(({}, {}, {"no_older_than": "30d"}, {"no_older_than": "50d"}, {"window": "2mo"})))


DEBT_COSTS = ("balance * chosen / nullif(lenders, 0)", "0.5 * balance", "50 * chosen", 100)


@st.composite
def debts(draw: st.DrawFn, draft: Draft) -> None:
    """Many lenders, to be paid off one by one."""
    old, most = draw(fresh()), draw(st.integers(1, 4))
    draft.facts |= {
        "lenders": {"last": "bureau.reported.lenders_with_balance", **old},
        "balance": {"last": "bureau.reported.balance", **old},
    }
    fewest = draw(st.integers(0, most - 1))
    draft.rules.append({"code": "DEBTS", "when": f"lenders >= {most}", "cure": f"lenders <= {fewest}"})
    draft.levers["close_debts"] = draw(costs(DEBT_COSTS)) | {
        "when": "lenders > 0",
        "choose": {"from": draw(st.integers(1, 2)), "to": draw(st.sampled_from(("lenders", "least(lenders, 3)")))},
        "says": [{"bureau.reported": {
            "lenders_with_balance": "lenders - chosen",
            "balance": "balance - balance * chosen / nullif(lenders, 0)",
        }}],
    }  # fmt: skip
    if draw(st.booleans()):
        draft.reopen.append(draw(st.sampled_from(("lenders is not null", "balance < 30000", "lenders <= 2"))))
    if draw(st.booleans()):
        draft.bins["lenders"] = {"missing": 0, "bins": [{"below": 2, "points": 60}, {"points": -20}]}


@st.composite
def arrears_elsewhere(draw: st.DrawFn, draft: Draft) -> None:
    """Arrears in the bureau's report; one of two levers contradicts that which closes debts."""
    draft.facts["other_dpd"] = {"last": "bureau.reported.days_past_due", **draw(fresh())}
    cure = draw(st.sampled_from(("other_dpd = 0", "other_dpd <= 10", None)))
    draft.rules.append({"code": "LATE", "when": "other_dpd >= 30"} | ({"cure": cure} if cure else {}))
    draft.levers["clear_late"] = draw(costs()) | {
        "when": "other_dpd > 0", "says": [{"bureau.reported": {"days_past_due": 0}}],
    }  # fmt: skip
    if draw(st.booleans()):
        said = {"days_past_due": "least(other_dpd, 10)", "balance": 5000}
        draft.levers["agree_terms"] = draw(costs()) | {"says": [{"bureau.reported": said}]}


@st.composite
def ties(draw: st.DrawFn, draft: Draft) -> None:
    """Risky parties, each until its tie ends."""
    draft.facts["ties"] = {"open": "tie.found", "where": "risk = 'high'", "ended_by": "tie.ended", "on": "party"}
    draft.rules.append({"code": "TIE", "when": f"ties >= {draw(st.integers(1, 2))}", "cure": "ties = 0"})
    if draw(st.integers(0, 5)):
        draft.levers["end_ties"] = draw(costs()) | {"ends": "ties"}


@st.composite
def purposes(draw: st.DrawFn, draft: Draft) -> None:
    """Money used for something else, until it is evidenced or explained."""
    draft.facts["unproven"] = {
        "open": "purpose.checked", "where": "result <> 'matched'", "ended_by": "purpose.evidenced", "on": "reference",
    }  # fmt: skip
    draft.facts["explained"] = {"count": "evidence.accepted", "where": "answers = 'T15'", "window": draw(durations(60))}
    draft.rules.append({"code": "USE", "when": "unproven > 0", "cure": "unproven = 0 or explained >= 1"})
    draft.levers["evidence"] = draw(costs()) | {"ends": "unproven"}
    if draw(st.booleans()):
        # The rule fires again at once, so this alone never helps.
        draft.levers["explain"] = draw(costs()) | {"says": [{"evidence.accepted": {"answers": "T15"}}]}


@st.composite
def draws(draw: st.DrawFn, draft: Draft) -> None:
    """Many draws: only waiting helps, and evidence that their reason was good."""
    window = draw(st.sampled_from(("3d", "30d", "90d", "2mo")))
    draft.facts["draws"] = {draw(st.sampled_from(("count", "count", "age"))): "draw.booked"}
    if "count" in draft.facts["draws"]:
        draft.facts["draws"]["window"] = window
        when, cure = f"draws >= {draw(st.integers(2, 3))}", "draws <= 1"
    else:
        when, cure = "draws < 2", f"draws >= {draw(st.integers(20, 80))}"
    if draw(st.booleans()):
        draft.facts["vouched"] = {"count": "evidence.accepted", "where": "answers = 'T05'", "window": "70d"}
        when, cure = f"{when} and vouched = 0", f"{cure} or vouched > 0"
        draft.levers["vouch"] = draw(costs()) | {"says": [{"evidence.accepted": {"answers": "T05"}}]}
    draft.rules.append({"code": "DRAWS", "when": when, "cure": cure})


@st.composite
def record(draw: st.DrawFn, draft: Draft) -> None:
    """Instalments elsewhere to be paid on time, several of them."""
    operator = draw(st.sampled_from(("streak", "months", "count")))
    draft.facts["on_time"] = {
        "streak": {"streak": "outside_instalment.paid", "holds": "days_late <= 2"},
        "months": {"months": "outside_instalment.paid", "holds": "days_late <= 2"},
        "count": {"count": "outside_instalment.paid", "where": "days_late = 0", "window": draw(durations(70, 120))},
    }[operator]
    times = draw(st.integers(2, 3))
    draft.facts["lateness"] = {"last": "outside_instalment.paid.days_late"}
    draft.rules.append({"code": "RECORD", "when": "lateness > 5", "cure": f"on_time >= {draw(st.integers(1, times))}"})
    draft.levers["keep_record"] = draw(costs((0, 0, 80))) | {
        "every": draw(durations(10, 30)), "times": times, "says": [{"outside_instalment.paid": {"days_late": 0}}],
    }  # fmt: skip


@st.composite
def work(draw: st.DrawFn, draft: Draft) -> None:
    """No work: a rule, or points that keep the line away."""
    draft.facts["job"] = {"last": "profile.updated.employment"}
    draft.facts["profile_age"] = {"age": "profile.updated"}
    draft.levers["find_work"] = draw(costs()) | {
        "when": "job <> 'employed'", "says": [{"profile.updated": {"employment": "employed"}}],
    }  # fmt: skip
    draft.bins["job"] = {"missing": 0, "bins": [{"is": ["employed"], "points": 80}, {"points": 0}]}
    if draw(st.booleans()):
        draft.rules.append({"code": "WORK", "when": "job in ('unemployed', 'student')"})
    if draw(st.booleans()):
        # Fires by time alone, perhaps while the borrower is on the way back.
        draft.levers["renew"] = draw(costs()) | {"says": [{"profile.updated": {}}]}
        draft.rules.append({"code": "STALE", "when": f"profile_age > {draw(st.integers(20, 120))}"})
    elif draw(st.booleans()):
        # Comes and goes by time alone, so a line may come back, go and come back again.
        first = draw(st.integers(20, 90))
        draft.rules.append({"code": "SPELL", "when": f"profile_age between {first} and {first + 15}"})


@st.composite
def own_arrears(draw: st.DrawFn, draft: Draft) -> None:
    """Arrears on the line itself; paying asks for consent to see the account where the policy wants that."""
    draft.facts["dpd"] = {"last": "arrears.changed.days_past_due"}
    draft.facts["overdue"] = {"last": "arrears.changed.amount"}
    draft.rules.append({"code": "DPD", "when": f"dpd >= {draw(st.integers(1, 30))}", "cure": "dpd = 0"})
    draft.levers["pay_up"] = draw(costs(("overdue",))) | {
        "when": "dpd > 0", "says": [{"arrears.changed": {"days_past_due": 0, "amount": 0}}],
    }  # fmt: skip
    if draw(st.integers(0, 2)) == 0:
        draft.consents.append("bureau")
        draft.levers["consent"] = draw(costs()) | {"says": [{"consent.given": {"data_source": "bureau"}}]}


CAUSES = (debts, arrears_elsewhere, ties, purposes, draws, record, work, own_arrears)


@st.composite
def policies(draw: st.DrawFn, most: int = 4) -> Plain:
    """A small policy with levers."""
    draft = Draft()
    for cause in draw(st.lists(st.sampled_from(CAUSES), min_size=1, max_size=most, unique=True)):
        draw(cause(draft))
    if draft.consents and not {"lenders", "other_dpd"} & set(draft.facts):
        draw(arrears_elsewhere(draft))
    draft.facts["income"] = {"last": "profile.updated.monthly_income"}
    rules = [{**rule, **draw(consequences())} for rule in draft.rules]
    for rule in rules:
        if draw(st.integers(0, 9)) == 0:
            rule.pop("cure", None)
    policy: Plain = {
        "policy": "random", "title": WORDS, "utc_offset": draw(st.sampled_from(("+08:00", "+00:00", "-05:30"))),
        "limit_step": draw(st.sampled_from((1, 50))), "consents": draft.consents, "facts": draft.facts,
        "rules": draw(st.permutations(rules)),
        "reopen": {
            "when": " and ".join(["limit > 0", *draft.reopen]),
            "limit": draw(st.sampled_from(("limit", "0.8 * limit", "least(limit, 5000)"))),
            "probation": "30d", "by": draw(st.sampled_from(("itself", "itself", "request"))),
        },
        "incident": {"code": "T20", "reason": WORDS}, "levers": draft.levers,
    }  # fmt: skip
    if draft.bins:
        policy["scorecard"] = {"base": 500, "facts": draft.bins}
        policy["reopen"]["when"] += f" and points >= {draw(st.sampled_from((480, 500, 540)))}"
        if {"job", "lenders"} <= draft.facts.keys() and draw(st.booleans()):
            sides = [{"fact": "job", "choices": [["employed"], ["student"]]}, {"fact": "lenders", "below": [2]}]
            table = [[0, 1, 2], [0, 30, -30], [0, 10, 5], [0, 4, -4]]
            policy["scorecard"]["pairs"] = [{"rows": sides[0], "columns": sides[1], "points": table}]
    means = draw(st.sampled_from((None, None, "0.1 * income", "2000", "income - 1000")))
    coming = draw(st.sampled_from(({}, {"bureau.reported": draw(durations(10, 20, 30))})))
    return policy | ({} if means is None else {"means": means}) | ({"coming": coming} if coming else {})


# Random histories


HAPPENS: dict[str, tuple[tuple[str, ...], int, int, dict[str, Sequence[Any]]]] = {
    "profile.updated": ((), 1, 2, {
        "employment": ("unemployed", "student", "employed"), "monthly_income": (None, 300_000, 900_000),
    }),
    "consent.given": (("consent",), 1, 1, {"data_source": ("bureau",), "expires_at": (None, None, START + 60 * DAY)}),
    "bureau.reported": (("lenders", "other_dpd"), 1, 2, {
        "lenders_with_balance": range(5), "balance": (0, 100_001, 300_000, 4_000_000), "days_past_due": (0, 15, 40),
    }),
    "tie.found": (("ties",), 1, 4, {
        "party": ("X", "Y", "Z"), "relation": ("owner",), "risk": ("high", "high", "none"),
    }),
    "tie.ended": (("ties",), 0, 1, {"party": ("X",)}),
    "purpose.checked": (("unproven",), 1, 3, {
        "reference": ("r", "s"), "result": ("unproven", "mismatched", "matched"), "amount": (50_000,),
    }),
    "draw.booked": (("draws",), 1, 4, {"amount": (10_000,)}),
    "outside_instalment.paid": (("on_time",), 1, 3, {
        "lender": ("bank",), "amount": (20_000,), "days_late": (0, 9, 9),
    }),
    "arrears.changed": (("dpd",), 1, 2, {"days_past_due": (0, 5, 33, 33), "amount": (0, 5_555, 36_663)}),
}  # fmt: skip
"""Events of a history: for which facts, how many from and to, and what their fields may say."""


@st.composite
def histories(draw: st.DrawFn, policy: Plain) -> list[Event]:
    """A line opened and in trouble: events of what a policy reads, much of it bad news, some known late or voided."""
    made = [opened(START, draw(st.sampled_from((800_000, 1_234_500))))]
    reads = {*policy["facts"], *(["consent"] if policy["consents"] else [])}
    for kind, (needs, low, high, fields) in HAPPENS.items():
        for _ in range(draw(st.integers(low, high)) if not needs or reads & {*needs} else 0):
            # No two events of a line share a moment; a few lie on a noon, where steps lie too.
            day, hour = draw(st.integers(0, 40)), draw(st.sampled_from((1, 7, 11, 23)))
            at = START + day * DAY + hour * HOUR + len(made) * draw(st.sampled_from((1, 1_000_003)))
            known = at + draw(st.sampled_from((0, 0, 0, 5 * DAY, 26 * HOUR)))
            says = {name: draw(st.sampled_from(fair)) for name, fair in fields.items()}
            made.append(event(at, kind, known=known, name=f"e{len(made)}", **says))
    if draw(st.integers(0, 5)) == 0:
        victim = draw(st.sampled_from(made[1:]))
        at = victim.known + draw(st.sampled_from((HOUR, 9 * DAY))) + 17
        made.append(event(at, "event.voided", name="void", event=victim.id, reason="wrong"))
    return made


@dataclass(frozen=True, repr=False)
class Down:
    """A line that is closed or frozen, under a policy with levers."""

    plain: Plain
    policy: Policy
    events: list[Event]
    now: int
    situation: Situation

    def __repr__(self) -> str:
        """What failed, short enough to read."""
        lines = [f"now {self.now}, {self.situation.status} for {self.situation.standing}", as_yaml(self.plain)]
        return "\n".join([*lines, *map(str, self.events)])


def relevant(policy: Policy, levers: Sequence[Lever]) -> list[Lever]:
    """Levers that make known an event of a kind that a closed or frozen line's way back depends on."""
    strict = [rule for rule in policy.rules if rule.on_line and rule.severity > 0]
    exprs = [expr for rule in strict for expr in (rule.when, cure_of(rule))]
    if policy.reopen:
        exprs += [policy.reopen.when, policy.reopen.limit]
    kinds = kinds_read(policy, exprs)
    return [lever for lever in levers if lever.kinds & kinds]


@st.composite
def lines_down(draw: st.DrawFn, causes: int = 4, combinations_most: int = 400) -> Down:
    """Closed and frozen lines, with few enough combinations of levers to weigh them all quickly."""
    plain = draw(policies(causes))
    policy, events = policy_of(plain), draw(histories(plain))
    now = draw(nows(events))
    situation = situation_of(policy, events, now)
    assume(situation.status in ("closed", "frozen"))
    levers = relevant(policy, available(situation))
    assume(prod(1 + len(ways(situation, lever)) for lever in levers) <= combinations_most)
    return Down(plain, policy, events, now, situation)


def examples(count: int, deep: int) -> settings:
    """So many examples in the normal run, so many in the deep one of ``make gate``."""
    many = deep if settings().max_examples > 1000 else count
    return settings(max_examples=many, suppress_health_check=[*HealthCheck])


@st.composite
def nows(draw: st.DrawFn, events: Sequence[Event]) -> int:
    """A moment to plan at: on an event, just behind one, or some days after the last."""
    last = max(each.known for each in events)
    some = draw(st.sampled_from([each.known for each in events]))
    return draw(st.sampled_from((last, last + 1, last + 3 * DAY, last + 50 * DAY + 5 * HOUR, some + HOUR)))
