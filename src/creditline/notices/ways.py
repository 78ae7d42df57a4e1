"""Notices of the way back: a plan, and how far it has come. What they say is given as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from creditline.i18n import Language, text
from creditline.lines.decision import Decision
from creditline.notices.content import amount, day_in_words, rights_sections
from creditline.notices.model import Item, Kind, Notice, Section
from creditline.notices.profile import Profile
from creditline.policy.model import Policy

StepState = Literal["done", "due", "late", "broken", "strayed"]
Goal = Literal["fastest", "cheapest", "easiest"]


class StepGiven(msgspec.Struct, frozen=True):
    """One dated step. Money in minor units."""

    on: int
    """Moment of its day, microseconds."""
    title: dict[str, str]
    """What is to be done, by language."""
    amount: int | None = None
    state: StepState | None = None
    """How it stands, in a notice of progress."""
    held: bool = False
    """Whether it says how to draw: up to its day not at all, or each time so much."""
    last: int | None = None
    """Moment of the day of the last draw."""


class PlanGiven(msgspec.Struct, frozen=True):
    """One plan. Moments in microseconds, money in minor units."""

    goal: Goal
    reopens_at: int
    limit: int
    cost: int
    steps: tuple[StepGiven, ...]
    """Empty where only waiting is asked."""


class ProgressGiven(msgspec.Struct, frozen=True):
    """How far a plan that was taken up has come."""

    plan: PlanGiven
    better: PlanGiven | None = None
    """A plan that is better by now, if there is one."""


def plan_notice(
    closing: Decision,
    policy: Policy,
    profile: Profile,
    plans: Sequence[PlanGiven],
    lang: Language | None = None,
    *,
    now: int,
    never: dict[str, str] | None = None,
    simulated: bool = False,
) -> Notice:
    """The notice that offers ways back from a closing, a refusal or a cut.

    ``never`` says why there is none, by language. Its deadline counts from ``now``, the moment at which the plans were
    worked out.
    """
    letter = _Way(closing, policy, profile, lang or profile.language, now)
    sections = [letter.plan(plan) for plan in plans]
    opening = f"opening_plan{letter.of}" if plans else f"opening_no_plan{letter.of}"
    told = [letter.t(opening)] if plans or never is None else [letter.t(opening), never[letter.lang]]
    return letter.notice("plan", told, sections, simulated=simulated)


def progress_notice(
    closing: Decision,
    policy: Policy,
    profile: Profile,
    progress: ProgressGiven,
    lang: Language | None = None,
    *,
    now: int,
    simulated: bool = False,
) -> Notice:
    """The notice of how far a plan has come, at a moment."""
    letter = _Way(closing, policy, profile, lang or profile.language, now)
    broken = any(step.state == "broken" for step in progress.plan.steps)
    late = any(step.state in ("late", "strayed") for step in progress.plan.steps)
    key = "progress_broken" if broken else "progress_late" if late else "progress_kept"
    told = [letter.t("opening_progress"), letter.t(f"{key}{letter.of}", day=letter.day(progress.plan.reopens_at))]
    sections = [letter.plan(progress.plan)]
    if progress.better is not None:
        sections.append(letter.plan(progress.better, heading="plan_better"))
    return letter.notice("progress", told, sections, simulated=simulated)


_OF: Mapping[str, str] = {"decline": "_declined", "set_limit": "_cut"}
"""What ends the names of texts that are others for a line that was declined or cut, by the action decided."""


class _Way:
    def __init__(self, closing: Decision, policy: Policy, profile: Profile, lang: Language, now: int) -> None:
        self.closing, self.policy, self.profile, self.lang, self.now = closing, policy, profile, lang, now
        self.of = _OF.get(closing.action, "")

    def t(self, key: str, **values: object) -> str:
        values = {"line": self.closing.line, **values} if key.startswith("opening") else values
        return text(f"notice.{key}", self.lang, **values)

    def day(self, moment: int) -> str:
        return day_in_words(moment, self.policy.utc_offset, self.lang)

    def amount(self, minor: int) -> str:
        return amount(minor, self.policy, self.lang)

    def plan(self, plan: PlanGiven, heading: str = "") -> Section:
        """A plan as a part of the letter."""
        what = {"day": self.day(plan.reopens_at), "limit": self.amount(plan.limit), "cost": self.amount(plan.cost)}
        outcome = "plan_outcome" if plan.cost else "plan_outcome_free"
        paragraphs = [self.t(f"{outcome}{self.of}", **what)]
        if not plan.steps:
            paragraphs.append(self.t("plan_wait"))
        items = tuple(self._step(step) for step in plan.steps)
        title = self.t(heading or f"plan_{plan.goal}")
        return Section(title, tuple(paragraphs), items, numbered=True)

    def _step(self, step: StepGiven) -> Item:
        told = {"day": self.day(step.on), "step": step.title[self.lang]}
        key = "step_until" if step.held else "step"
        if step.amount is not None:
            told["amount"] = self.amount(step.amount)
            key = "step_parts" if step.held else "step_amount"
        if step.last is not None:
            told["last"] = self.day(step.last)
        held = "_held" if step.held and step.state == "due" else ""
        return Item(self.t(key, **told), () if step.state is None else (self.t(f"step_{step.state}{held}"),))

    def notice(self, kind: Kind, opening: Sequence[str], sections: Sequence[Section], *, simulated: bool) -> Notice:
        rights = rights_sections(
            self.profile, kind, self.lang, line=self.closing.line, day=self.day(self.now), sources=()
        )
        return Notice(
            kind=kind,
            line=self.closing.line,
            decision=self.closing.number,
            lang=self.lang,
            jurisdiction=self.profile.name,
            policy=self.policy.version,
            decided_at=self.now,
            deadline=self.profile.deadline(kind, self.now, self.policy.utc_offset),
            title=self.t(f"title_{kind}"),
            opening=tuple(opening),
            particulars=(
                (self.t("line"), self.closing.line),
                (self.t("product"), self.policy.title[self.lang]),
                (self.t(f"closed_on{self.of}"), self.day(self.closing.at)),
            ),
            reasons=(),
            sections=(*sections, *rights),
            simulated=simulated,
        )


__all__ = ["PlanGiven", "ProgressGiven", "StepGiven", "plan_notice", "progress_notice"]
