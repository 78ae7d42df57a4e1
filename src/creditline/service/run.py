"""A policy over a whole home: cards trained out of fold where it has a recipe, then the run and its decisions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.facts.slices import Slices
from creditline.lines.decision import Decision
from creditline.lines.replay import Failure, Run, look, measure, run
from creditline.lines.succession import InForce, run_in_force
from creditline.policy import Policy, load_policy, read_policy, shipped_policies
from creditline.replay.standing import in_arrears, limit_given, owed
from creditline.scoring.compiled import as_features, compiled
from creditline.scoring.measures import auc, ks
from creditline.scoring.recipe import Recipe, fold_numbers, read_recipe
from creditline.scoring.scorecard import SCORED, Scorecard
from creditline.scoring.written import with_card
from creditline.service import shadow
from creditline.service.keeping import keep
from creditline.service.pins import pins
from creditline.store import Home

Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

Stage = Literal["load", "train", "run", "record"]
Progress = Callable[[Stage, int, int], None]
"""Told the stage, how many steps of it are done and how many there are."""

KEY = "run"
"""Under which the home keeps what its last run was."""

POLICY_OF_LINE = "policy_of_line"
"""Under which a home with several policies keeps which line is under which."""

POLICY_DEFAULT = "consumer-line"


class Standing(msgspec.Struct, frozen=True):
    """How every line stood when the last run ended, in the order of ``Home.lines``; money in minor units."""

    points: list[int]
    balance: list[int]
    limit: list[int]
    """As opened elsewhere, so that what the policy cut or closed still counts in full."""
    in_arrears: list[bool]
    fold: list[int]
    """The fold whose card scored the line, -1 for the policy's own card."""


class Ran(msgspec.Struct, frozen=True):
    """What a run was: enough to say it again, and to report on it."""

    policy: str
    version: str
    currency: str
    until: int
    position: int
    """Position of the log it was made at."""
    fold_versions: tuple[str, ...]
    """Content address of the policy with each fold's card; empty where no card was trained."""
    codes: tuple[str, ...]
    """Codes of the rules that close or freeze, in order of importance."""
    reasons: dict[str, dict[str, str]]
    """What is told for each code, by language."""
    base: int | None
    odds: int | None
    double: int | None
    standing: Standing


class Shadow(msgspec.Struct, frozen=True):
    """A challenger that ran beside a policy."""

    card: str
    """Its hash."""
    policy: str
    decisions: int
    problem: str | None
    """Why it could not score a version of the policy."""


class Summary(msgspec.Struct, frozen=True):
    """A run in figures."""

    policy: str
    version: str
    until: int
    lines: int
    decisions: int
    actions: dict[str, int]
    rules: dict[str, int]
    """How often each rule stood among the reasons of a closing or freezing."""
    statuses: dict[str, int]
    folds: int
    auc: float | None
    ks: float | None
    failures: tuple[Failure, ...]
    shadows: tuple[Shadow, ...]


@dataclass(frozen=True)
class _Cards:
    """The cards a run scores lines with, and which line by which."""

    cards: tuple[Scorecard, ...]
    card_of: Int64s
    versions: tuple[Policy, ...]
    """The policy with each fold's card, as published; the policy's own card comes after them."""
    points: Int64s


def run_home(
    home: Home,
    policy_name: str | Path | None = None,
    *,
    until: int | None = None,
    folds: int | None = None,
    notices: bool = True,
    progress: Progress | None = None,
) -> Summary:
    """Run a policy over all lines of a home up to ``until`` (microseconds) and put its decisions in place.

    Where a recipe with a moment stands beside the policy (``NAME.train.yaml``) and the home knows outcomes, ``folds``
    cards are trained and each line is scored by the one that never saw its outcome; then nothing after that moment is
    read. Otherwise the policy runs as it is, up to the last moment known. Where none is named, the versions published
    in the home decide, each from the moment it comes into force, and each line is run under its own policy if the home
    says which that is; a line on which a plan was taken up runs under the version that plan was made with. Decisions
    that are new are put in place together with the notices they are owed, unless these are not wanted; those by cards
    of folds, which are there to be judged, are told nobody. Raises CreditlineError.
    """
    tell = progress or _silent
    if policy_name is None and home.get(POLICY_OF_LINE):
        return _each_under_its_own(home, until, tell, notices=notices)
    policy, recipe = _policy(home, policy_name)
    slices, outcomes = _load(home, tell)
    moment = recipe.moment if recipe else None
    if recipe is None or moment is None or not outcomes:
        if folds is not None:
            remedy = "run a policy whose recipe (NAME.train.yaml) says as_of: on a home that knows outcomes"
            raise CreditlineError("--folds", folds, remedy, "trains nothing here")
        versions = [InForce(policy, int(slices.at.min()))] if policy_name else _in_force(home, policy, slices)
        return _as_it_is(home, versions, slices, _last_known(slices) if until is None else until, tell, notices=notices)
    recipe = recipe if folds is None else msgspec.structs.replace(recipe, folds=folds)
    until = moment if until is None else until
    if until > moment:
        raise CreditlineError("--until", until, f"give at most {recipe.as_of}: outcomes begin after it", "is too late")
    cards = _train(policy, recipe, slices, outcomes, until, tell)
    tell("run", 0, 1)
    ran = run(slices, policy, until, cards=cards.cards, card_of=cards.card_of)
    tell("run", 1, 1)
    for version in (policy, *cards.versions):
        home.publish(version.name, version.version, version.text, int(slices.at.min()))
    return _keep(home, [ran], _by_version(ran, cards), until, cards, recipe, outcomes, tell, notices=False)


def _each_under_its_own(home: Home, until: int | None, tell: Progress, *, notices: bool) -> Summary:
    """Run every line under the policy the home names for it; a summary of all together."""
    policy_of: dict[str, str] = home.get(POLICY_OF_LINE)
    summaries: list[Summary] = []
    for number, name in enumerate(names := sorted(set(policy_of.values()))):
        lines = [line for line in home.lines() if policy_of.get(line) == name]
        slices = home.slices(lines)
        versions = _in_force(home, load_policy(name), slices)
        end = _last_known(slices) if until is None else until
        tell("run", number, len(names))
        for each in versions:
            home.publish(each.policy.name, each.policy.version, each.policy.text, each.since)
        runs = run_in_force(slices, versions, end, own=pins(home, slices, versions, end))
        decisions = _in_order(runs)
        keep(home, decisions, lines, now=end, notices=notices)
        cards = _Cards((), np.zeros(len(slices), np.int64), (), np.zeros(len(slices), np.int64))
        summaries.append(_summary(runs[-1], end, cards, decisions, {}, _shadows(home, runs)))
    tell("run", len(names), len(names))
    return _together(summaries)


def _together(parts: Sequence[Summary]) -> Summary:
    """One summary of runs over different lines."""

    def added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
        return dict(sum(map(Counter, counts), Counter()))

    return Summary(
        policy=", ".join(part.policy for part in parts),
        version=", ".join(part.version for part in parts),
        until=max(part.until for part in parts),
        lines=sum(part.lines for part in parts),
        decisions=sum(part.decisions for part in parts),
        actions=added(part.actions for part in parts),
        rules=added(part.rules for part in parts),
        statuses=added(part.statuses for part in parts),
        folds=0,
        auc=None,
        ks=None,
        failures=tuple(failure for part in parts for failure in part.failures),
        shadows=tuple(each for part in parts for each in part.shadows),
    )


def _in_order(runs: Sequence[Run]) -> list[Decision]:
    """The decisions of successive runs over the same lines, by line and number."""
    return sorted((each for part in runs for each in part.decisions()), key=lambda each: (each.line, each.number))


def _policy(home: Home, name: str | Path | None) -> tuple[Policy, Recipe | None]:
    """The policy asked for, or the one the home was made for, and its recipe if it has one."""
    chosen = name or (home.get("panel") or {}).get("policy") or POLICY_DEFAULT
    return load_policy(chosen), recipe_of(chosen)


def recipe_of(policy: str | Path) -> Recipe | None:
    """The recipe beside a shipped policy or a policy file, if there is one; raises RecipeError."""
    if isinstance(policy, str) and policy in shipped_policies():
        with resources.as_file(resources.files("creditline") / "policies" / f"{policy}.train.yaml") as beside:
            return read_recipe(beside)
    return read_recipe(Path(policy).with_suffix(".train.yaml"))


def _load(home: Home, tell: Progress) -> tuple[Slices, dict[str, bool]]:
    tell("load", 0, 1)
    slices, outcomes = home.slices(), home.outcomes()
    tell("load", 1, 1)
    if not len(slices):
        raise CreditlineError("home", str(home.path), "import events first: creditline import --help", "holds no lines")
    return slices, outcomes


def _last_known(slices: Slices) -> int:
    return int(slices.known.max())


def _train(
    policy: Policy, recipe: Recipe, slices: Slices, outcomes: dict[str, bool], until: int, tell: Progress
) -> _Cards:
    """A card a fold, each trained on the lines of all other folds whose outcome is known."""
    assert recipe.moment is not None, "only a recipe with a moment trains folds"
    _check_facts(policy, recipe)
    facts = measure(slices, policy, recipe.moment)
    features = as_features({name: facts[name] for name in recipe.facts}, policy.types)
    known = np.array([line in outcomes for line in slices.lines], bool)
    bad = np.array([outcomes.get(line, False) for line in slices.lines], bool)
    fold = np.full(len(slices), recipe.folds, np.int64)
    fold[known] = fold_numbers(int(known.sum()), recipe.folds, recipe.seed)
    cards: list[Scorecard] = []
    for number in range(recipe.folds):
        tell("train", number, recipe.folds)
        seen = known & (fold != number)
        card = recipe.fit(features.take(seen), bad[seen], seed=recipe.seed)
        cards.append(compiled(card, policy.types))
    tell("train", recipe.folds, recipe.folds)
    versions = tuple(_fold_policy(policy, card, number) for number, card in enumerate(cards, 1))
    every = (*cards, policy.scorecard or Scorecard(0))
    now = facts if until == recipe.moment else measure(slices, policy, until)
    points = np.zeros(len(slices), np.int64)
    for number, each in enumerate(every):
        mine = fold == number
        points[mine] = each.points({name: values[mine] for name, values in now.items()})
    return _Cards(every, fold, versions, points)


def _check_facts(policy: Policy, recipe: Recipe) -> None:
    """Raises CreditlineError where the recipe lists what the policy cannot score."""
    known = {name for name, kind in policy.types.items() if kind.unit in SCORED}
    if unknown := sorted(recipe.facts.keys() - known):
        remedy = "list in its .train.yaml facts of the policy that are numbers, amounts, choices or flags"
        raise CreditlineError(f"policy {policy.name}", ", ".join(unknown), remedy, "cannot be scored")


def _fold_policy(policy: Policy, card: Scorecard, number: int) -> Policy:
    """The policy with a fold's card as a version of its own, so that every decision can be made again."""
    name = f"{policy.name}.fold-{number}"
    text = with_card(policy.text, card, policy.types, [f"Trained without the lines of fold {number}."])
    return read_policy(re.sub(r"^policy:.*$", f"policy: {name}", text, count=1, flags=re.MULTILINE), f"{name}.yaml")


def _in_force(home: Home, policy: Policy, slices: Slices) -> list[InForce]:
    """The policy's versions published in the home, or the policy itself where there are none."""
    published = [each for each in home.policies() if each.name == policy.name]
    versions = {
        each.effective_from: InForce(read_policy(each.source, each.name), each.effective_from) for each in published
    }
    return list(versions.values()) or [InForce(policy, int(slices.at.min()))]


def _as_it_is(
    home: Home, versions: Sequence[InForce], slices: Slices, until: int, tell: Progress, *, notices: bool
) -> Summary:
    tell("run", 0, 1)
    runs = run_in_force(slices, versions, until, own=pins(home, slices, versions, until))
    ran = runs[-1]
    seen = look(slices, ran.policy, until, ran.states, keep_facts=False)
    tell("run", 1, 1)
    own = np.zeros(len(slices), np.int64)
    for version in versions:
        home.publish(version.policy.name, version.policy.version, version.policy.text, version.since)
    cards = _Cards((), own, (), seen.verdicts[:, 0])
    return _keep(home, runs, _in_order(runs), until, cards, None, home.outcomes(), tell, notices=notices)


def _keep(
    home: Home,
    runs: Sequence[Run],
    decisions: Sequence[Decision],
    until: int,
    cards: _Cards,
    recipe: Recipe | None,
    outcomes: dict[str, bool],
    tell: Progress,
    *,
    notices: bool,
) -> Summary:
    """Put the decisions, the versions that made them and how the lines stand into the home."""
    ran = runs[-1]
    slices = ran.slices
    tell("record", 0, 1)
    keep(home, decisions, slices.lines, now=until, notices=notices)
    shadows = _shadows(home, runs)
    standing = Standing(
        points=cards.points.tolist(),
        balance=owed(slices, until).tolist(),
        limit=limit_given(slices, until, ran.column("LIMIT")).tolist(),
        in_arrears=in_arrears(slices, until).tolist(),
        fold=[fold if fold < len(cards.versions) else -1 for fold in cards.card_of.tolist()],
    )
    home.put(KEY, _told(home, ran, until, cards, recipe, standing))
    tell("record", 1, 1)
    return _summary(ran, until, cards, decisions, outcomes, shadows)


def _shadows(home: Home, runs: Sequence[Run]) -> tuple[Shadow, ...]:
    """Points of published challengers beside the decisions just recorded."""
    kept = shadow.record(home, runs)
    return tuple(Shadow(each.card.hash, each.card.policy, each.decisions, each.problem) for each in kept)


def _by_version(ran: Run, cards: _Cards) -> list[Decision]:
    """All decisions, each under the version whose card it was made with."""
    version = {
        line: cards.versions[fold].version
        for line, fold in zip(ran.slices.lines, cards.card_of.tolist(), strict=True)
        if fold < len(cards.versions)
    }
    own = ran.policy.version
    return [msgspec.structs.replace(each, policy=version.get(each.line, own)) for each in ran.decisions()]


def _told(home: Home, ran: Run, until: int, cards: _Cards, recipe: Recipe | None, standing: Standing) -> Ran:
    policy = ran.policy
    blocking = [rule for rule in policy.rules if rule.severity > 0]
    return Ran(
        policy=policy.name,
        version=policy.version,
        currency=policy.currency,
        until=until,
        position=home.position(),
        fold_versions=tuple(version.version for version in cards.versions),
        codes=tuple(rule.code for rule in blocking),
        reasons={rule.code: dict(rule.reason) for rule in blocking},
        base=recipe.base if recipe else None,
        odds=recipe.odds if recipe else None,
        double=recipe.double if recipe else None,
        standing=standing,
    )


def _summary(
    ran: Run,
    until: int,
    cards: _Cards,
    decisions: Sequence[Decision],
    outcomes: dict[str, bool],
    shadows: tuple[Shadow, ...],
) -> Summary:
    known = np.array([line in outcomes for line in ran.slices.lines], bool)
    bad = np.array([outcomes.get(line, False) for line in ran.slices.lines], bool)
    stopped = [each for each in decisions if each.action in ("close", "freeze", "extend", "terminate")]
    return Summary(
        policy=ran.policy.name,
        version=ran.policy.version,
        until=until,
        lines=len(ran.slices),
        decisions=len(decisions),
        actions=dict(Counter(each.action for each in decisions)),
        rules=dict(Counter(code for each in stopped for code in each.reasons)),
        statuses=dict(Counter(ran.statuses())),
        folds=len(cards.versions),
        auc=auc(cards.points[known], bad[known]),
        ks=ks(cards.points[known], bad[known]),
        failures=ran.failures,
        shadows=shadows,
    )


def _silent(stage: Stage, done: int, total: int) -> None:
    """Tell nobody."""
