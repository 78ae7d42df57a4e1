"""Plans as plain data and their steps in words, for every command that tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from creditline.i18n import Language, text
from creditline.money import format_minor

if TYPE_CHECKING:
    from creditline.policy.levers import Lever
    from creditline.wayback.plans import Plan, Step


def plan_plain(plan: Plan) -> dict[str, Any]:
    """Money as decimal text in currency units."""
    steps = [
        {
            "on": step.on, "lever": step.lever, "amount": None if step.amount is None else format_minor(step.amount),
            "answers": list(step.answers), "chosen": step.chosen, "repeated": step.repeated, "title": step.title,
        }
        for step in plan.steps
    ]  # fmt: skip
    return {
        "goal": plan.goal, "reopens_on": plan.reopens_on, "limit": format_minor(plan.limit),
        "cost": format_minor(plan.cost), "effort": plan.effort, "steps": steps, "complete": plan.complete,
    }  # fmt: skip


def step_in_words(step: Step, lever: Lever | None, lang: Language) -> str:
    """Day, what is done, and the amount; ``lever`` is None for an application."""
    title, amount = step.title[lang], "" if step.amount is None else format_minor(step.amount, grouping=True)
    if lever is not None and lever.does == "no_draw":
        return f"{text('plan.until', lang, on=step.on)}  {title}"
    if lever is not None and lever.does == "spread_draws":
        days = text("plan.between", lang).join(_days(step, lever.every))
        return f"{days}  {title}  {text('plan.each', lang, amount=amount)}"
    times = [str(step.chosen)] if step.chosen is not None else []
    times += [f"x {step.repeated}"] if step.repeated > 1 else []
    how = f" ({', '.join(times)})" if times else ""
    return f"{step.on}  {title}{how}{amount and '  ' + amount}"


def _days(step: Step, every: int) -> list[str]:
    from creditline.lending.terms import date_of
    from creditline.wayback.plans import days_of

    return [date_of(day).isoformat() for day in days_of(step, every)]


__all__ = ["plan_plain", "step_in_words"]
