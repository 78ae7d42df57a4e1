"""Training data from a home's log: lines observed at moments, their facts as known then, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from creditline.clock import format_moment, parse_moment
from creditline.errors import CreditlineError
from creditline.events.kinds import NULL
from creditline.facts.definitions import CountedFact, DefinitionError, Window, parse_window
from creditline.facts.parsing import closest
from creditline.facts.slices import Slices, from_events
from creditline.lines.decision import STATUSES
from creditline.lines.succession import InForce
from creditline.policy import Policy, load_policy, read_policy, shipped_policies
from creditline.policy.behaviour import additions, behaviour, helpers, with_behaviour, words
from creditline.replay.observation import Chosen, Observed, decided, last_known, observe, outcome_of, stated
from creditline.replay.peeking import OUTCOME_LEAST, tell_tales
from creditline.scoring import measures
from creditline.scoring.card import Card
from creditline.scoring.compiled import as_features
from creditline.scoring.features import Features
from creditline.scoring.figures import evaluate
from creditline.scoring.sensitive import ALLOWED, refused, sensitive, sensitive_by_values
from creditline.service.run import POLICY_OF_LINE
from creditline.store import Home
from creditline.store.truths import truths

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

Made = Literal["policy", "behaviour"]
"""The policy's facts, or those and the library of behavioural facts."""

MADE: Final[tuple[Made, ...]] = ("policy", "behaviour")
STANDING: Final = ("decided", "stated")
OBSERVED: Final = ("applied", "open", "frozen", "closed")
SCORED: Final = ("money", "number", "choice", "flag")
REASON_LEAST: Final = 3
"""Characters of a reason for a fact that nearly tells the outcome."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Asked:
    """What a training from a home is asked for."""

    policy: str
    """Name of a policy published in the home or shipped, or its file."""
    observe: tuple[str, ...]
    """Dates, each the midnight it begins with in the policy's offset, or moments with an offset."""
    window: str
    """``180d`` or, in calendar months, ``12mo``."""
    outcome: str
    """``90dpd`` or ``observed``."""
    features: Made = "policy"
    standing: str = "decided"
    """``decided``: lines stand as the versions in force decided; ``stated``: as their events alone say."""
    statuses: tuple[str, ...] = ("open", "frozen")
    hold_out: str | None = None
    """Rows observed from this date or moment on take no part in training."""
    until: str | None = None
    """The date or moment the log is whole to; by default when anything last became known."""
    drop: tuple[str, ...] = ()
    allow: Mapping[str, str] = field(default_factory=dict)
    """Facts that nearly tell the outcome, or are sensitive, and why they may be used."""


@dataclass(frozen=True, eq=False)
class FromHome:
    """Rows by moment and line, and how they came about."""

    features: Features
    bad: Bools
    line: Int64s
    """Number of each row's line; rows of one line belong together."""
    held: Bools
    """Rows that take no part in training."""
    observed: Observed
    policy: Policy
    """As it stands in the home, without the facts of the library."""
    dropped: dict[str, str]
    """Facts left out, and why."""
    allowed: dict[str, str]
    suspects: dict[str, float]
    """Facts used that nearly tell the outcome alone, and their AUC."""
    about: dict[str, Any]
    """How the rows were made: plain data for the card."""

    def training(self) -> tuple[Features, Bools, Int64s]:
        """Facts, outcomes and lines of the rows that are trained on."""
        kept = ~self.held
        return self.features.take(kept), self.bad[kept], self.line[kept]


def from_home(home: Home, asked: Asked) -> FromHome:
    """Observe the home's lines as asked.

    Raises CreditlineError for what cannot be taken as asked, where no row is left, for facts that say who a person is
    or nearly tell the outcome and are not allowed, and PeekingError where a fact hangs on what was known only later.
    """
    policy = _policy(home, asked.policy)
    _check(asked)
    measured = policy if asked.features == "policy" else _facts_only(with_behaviour(policy))
    slices = home.slices(_lines(home, policy))
    told = from_events(truths(home)) if asked.outcome == "observed" else None
    until = _until(home, asked, policy, [slices, *([told] if told is not None else [])])
    standing = stated if asked.standing == "stated" else decided(_versions(home, policy, slices))
    observed = observe(
        slices, measured, [moment_of("--observe", each, policy.utc_offset) for each in asked.observe],
        window=_window(asked.window), outcome=outcome_of(asked.outcome), chosen=Chosen(standing, asked.statuses),
        truths=told, until=until,
    )  # fmt: skip
    held = _held(asked, observed, policy)
    columns, dropped = _columns(observed, measured, asked.drop, ~held)
    allowed = _allowed(measured, columns, asked)
    suspects = _suspects(columns, observed, ~held, asked)
    features = as_features(columns, measured.types)
    about = _about(home, asked, policy, observed, until) | {"rows_held_out": int(held.sum())}
    about["lines_of_other_policies"] = len(home.lines()) - len(slices)
    return FromHome(features, observed.bad, observed.line, held, observed, policy, dropped, allowed, suspects, about)


def out_of_time(card: Card, ready: FromHome) -> dict[str, Any]:
    """Figures of the rows held out, scored by a card that was trained on the others.

    As ``scoring.figures.evaluate``, and: ``from``; ``lines``; ``rows_of_lines_trained_on``, and the ``auc_other_lines``
    without them (None of too few); ``windows_reaching_in``, rows trained on whose window ended after the first moment
    held out, so that their outcomes were not known by then.
    """
    held, observed = ready.held, ready.observed
    late = ready.features.take(held)
    scores, bad, line = card.points(late), ready.bad[held], ready.line[held]
    seen = np.isin(line, ready.line[~held])
    ends = {each.at: each.until for each in observed.moments}
    first = int(observed.moment[held].min())
    reaching = sum(int((observed.moment[~held] == at).sum()) for at, end in ends.items() if end > first and at < first)
    figures = evaluate(scores, card.calibration.probability(scores), bad, groups=line)
    return figures | {
        "from": format_moment(first, ready.policy.utc_offset),
        "lines": len(np.unique(line)),
        "rows_of_lines_trained_on": int(seen.sum()),
        "auc_other_lines": _auc(scores[~seen], bad[~seen]),
        "windows_reaching_in": reaching,
    }


def _auc(scores: Int64s, bad: Bools) -> float | None:
    few = min(int(bad.sum()), int((~bad).sum())) < OUTCOME_LEAST
    return None if few else measures.auc(scores, bad)


def library_facts(ready: FromHome, card: Card) -> dict[str, Any]:
    """Definitions of the facts of the library that the card needs, to be written into a policy that decides by it."""
    own = {fact.name for fact in ready.policy.facts}
    return {name: dict(spec) for name, spec in additions(ready.policy, set(card.facts) - own).items()}


def words_of(ready: FromHome, card: Card) -> dict[str, Mapping[str, str]]:
    """What the facts of the card are called to people, by name and language, where policy or library say."""
    said = {**words(), **ready.policy.words}
    return {fact: dict(said[fact]) for fact in card.facts if fact in said}


def moment_of(option: str, given: str, utc_offset: int) -> int:
    """A moment with its offset, or the midnight a date begins with; microseconds. CreditlineError for anything else."""
    if _DATE.fullmatch(given) is None:
        return parse_moment(given)
    try:
        day = date.fromisoformat(given).toordinal() - date(1970, 1, 1).toordinal()
    except ValueError:
        raise CreditlineError(option, given, "write it like 2026-03-01", "is no date") from None
    return day * 86_400_000_000 - utc_offset


# --- what is asked for ----------------------------------------------------------------------------------------------


def _policy(home: Home, name: str) -> Policy:
    """The newest version published in the home under this name, else a shipped policy or a file."""
    published = [each for each in home.policies() if each.name == name]
    if published:
        return read_policy(published[-1].source, f"{name}.yaml")
    return load_policy(name if name in shipped_policies() else Path(name))


def _check(asked: Asked) -> None:
    if not asked.observe:
        raise CreditlineError("--observe", "", "give a date, such as 2026-03-01, or several", "names no moment")
    for option, given, known in (("--features", asked.features, MADE), ("--standing", asked.standing, STANDING)):
        if given not in known:
            raise CreditlineError(option, given, f"choose {' or '.join(known)}")
    for status in asked.statuses:
        if status not in OBSERVED:
            raise CreditlineError("--status", status, f"choose among {', '.join(OBSERVED)}", "is not observed")


def _window(text: str) -> Window:
    try:
        return parse_window(text)
    except DefinitionError as error:
        raise CreditlineError("--window", text, "write it like 180d or 12mo", "is not a duration") from error


def _lines(home: Home, policy: Policy) -> list[str] | None:
    """The lines under this policy where the home says which is under which."""
    policy_of: dict[str, str] | None = home.get(POLICY_OF_LINE)
    if policy_of is None:
        return None
    mine = [line for line in home.lines() if policy_of.get(line) == policy.name]
    if not mine:
        remedy = f"choose among {', '.join(sorted(set(policy_of.values())))}"
        raise CreditlineError("--policy", policy.name, remedy, "has no lines in this home")
    return mine


def _until(home: Home, asked: Asked, policy: Policy, logs: Sequence[Slices]) -> int:
    """Where nobody says otherwise, a simulated log is whole to the end of its period."""
    last = last_known(*logs)
    if asked.until is not None:
        return moment_of("--until", asked.until, policy.utc_offset)
    simulated = home.get("simulated")
    return max(last, int(simulated["until"])) if isinstance(simulated, dict) and simulated.get("until") else last


def _versions(home: Home, policy: Policy, slices: Slices) -> list[InForce]:
    published = [each for each in home.policies() if each.name == policy.name]
    if not published:
        return [InForce(policy, int(slices.at.min()))]
    versions = {
        each.effective_from: InForce(read_policy(each.source, each.name), each.effective_from) for each in published
    }
    return list(versions.values())


def _facts_only(policy: Policy) -> Policy:
    """The policy without what decides: its kernel measures the same and compiles in a third of the time."""
    name = f"{policy.version} facts"
    return replace(policy, version=name, scorecard=None, rules=(), approve=None, reopen=None)


# --- what is trained on -----------------------------------------------------------------------------------------------


def _held(asked: Asked, observed: Observed, policy: Policy) -> Bools:
    if asked.hold_out is None:
        return np.zeros(len(observed.bad), bool)
    held = observed.moment >= moment_of("--hold-out", asked.hold_out, policy.utc_offset)
    for part, name in ((held, "from then on"), (~held, "before it")):
        bads = int(observed.bad[part].sum())
        if not 0 < bads < int(part.sum()):
            problem = f"leaves {int(part.sum())} rows {name}, {bads} of them bad"
            remedy = "choose a date with moments of observation, and rows of both outcomes, on both sides"
            raise CreditlineError("--hold-out", asked.hold_out, remedy, problem)
    return np.asarray(held, np.bool_)


def _columns(
    observed: Observed, policy: Policy, drop: Sequence[str], rows: Bools
) -> tuple[dict[str, Int64s], dict[str, str]]:
    """The facts to train on, and why the others are left out."""
    dropped: dict[str, str] = {}
    for name in drop:
        if name not in observed.columns:
            raise CreditlineError("--drop", name, closest(name, sorted(observed.columns)), "is no fact")
        dropped[name] = "named with --drop"
    first: dict[bytes, str] = {}
    own = {fact.name for fact in policy.facts} - behaviour().keys()
    for name in sorted(observed.columns, key=lambda each: (each not in own, each)):
        seen = observed.columns[name][rows]
        why = _useless(name, seen, policy)
        if why is None and name not in dropped:
            other = first.setdefault(seen.tobytes(), name)
            why = None if other == name else f"says the same as {other}"
        if why is not None:
            dropped.setdefault(name, why)
    kept = {name: each for name, each in observed.columns.items() if name not in dropped}
    return kept, dropped


def _useless(name: str, seen: Int64s, policy: Policy) -> str | None:
    """Why a fact can tell nothing of other rows."""
    if policy.type_of(name).unit not in SCORED:
        return "is no number, choice or flag"
    if dict(policy.by_name[name].text) == dict(behaviour().get(name, {})) and name in helpers():
        return "only serves other facts"
    if (seen == seen[0]).all():
        return "is empty" if seen[0] == NULL else "says the same in every row"
    return None


def _allowed(policy: Policy, columns: Mapping[str, Int64s], asked: Asked) -> dict[str, str]:
    """Sensitive facts that are used, and why; raises CreditlineError for those that may not be."""
    choices = {name: policy.type_of(name).choices for name in columns if policy.type_of(name).unit == "choice"}
    found = sensitive_by_values(choices) | sensitive(columns)
    # What an `age:` fact tells is how long ago an event was.
    found = {name: why for name, why in found.items() if not (why == "age" and _is_age_of_event(policy, name))}
    mine = {name: why for name, why in asked.allow.items() if name in found or name not in columns}
    remain = refused(found, mine)
    if remain:
        told = ", ".join(f"{name} ({why})" for name, why in remain.items())
        free = [name for name, why in remain.items() if why in ALLOWED]
        remedy = f"leave out with --drop {','.join(remain)}"
        remedy += f"; where the law lets {free[0]} be used, say why: --allow {free[0]}=REASON" if free else ""
        raise CreditlineError(f"policy {policy.name}", told, remedy, "must not be scored: it says who a person is")
    return {name: asked.allow.get(name, asked.allow.get(why, "")) for name, why in found.items()}


def _is_age_of_event(policy: Policy, name: str) -> bool:
    fact = policy.by_name[name]
    return isinstance(fact, CountedFact) and fact.operator == "age"


def _suspects(columns: Mapping[str, Int64s], observed: Observed, rows: Bools, asked: Asked) -> dict[str, float]:
    """Facts that nearly tell the outcome alone and are allowed; raises CreditlineError for one that is not."""
    found = tell_tales({name: values[rows] for name, values in columns.items()}, observed.bad[rows])
    for name, area in found.items():
        reason = asked.allow.get(name)
        if reason is None:
            remedy = f"see how it could be known then; leave it out with --drop {name}, or say why it is none: "
            problem = f"alone parts bad from good with an AUC of {area:.3f}: it looks like a leak"
            raise CreditlineError(f"fact {name}", name, f"{remedy}--allow {name}=REASON", problem)
        if len(reason.strip()) < REASON_LEAST:
            raise CreditlineError("--allow", f"{name}={reason}", f'say why: --allow {name}="..."', "gives no reason")
    return found


def _about(home: Home, asked: Asked, policy: Policy, observed: Observed, until: int) -> dict[str, Any]:
    position = home.position()
    moments = [format_moment(each.at, policy.utc_offset) for each in observed.moments]
    return {
        "policy": policy.name,
        "policy_version": policy.version,
        "features": asked.features,
        "observed": moments,
        "window": asked.window,
        "outcome": asked.outcome,
        "standing": asked.standing,
        "statuses": sorted(asked.statuses, key=STATUSES.index),
        "hold_out": asked.hold_out,
        "log_until": format_moment(until, policy.utc_offset),
        "log_position": position,
        "log_mark": home.mark(position),
        "lines": len(np.unique(observed.line)),
        "moments": [
            {
                "at": format_moment(each.at, policy.utc_offset),
                "rows": each.rows,
                "bad": each.bad,
                "left_out": dict(each.left_out),
            }
            for each in observed.moments
        ],
        "left_out": observed.left_out,
        "simulated": bool(home.get("simulated")),
        "data_sha256": observed.sha256,
    }


__all__ = [
    "MADE",
    "STANDING",
    "Asked",
    "FromHome",
    "from_home",
    "library_facts",
    "moment_of",
    "out_of_time",
    "words_of",
]
