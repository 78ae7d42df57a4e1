"""What borrowers are told, by kind and language: specific, plain, complete, and no more than there is to know."""

from __future__ import annotations

import re
from typing import get_args

import msgspec
import pytest

from creditline.clock import DAY, parse_moment
from creditline.i18n import LANGUAGES, Language
from creditline.lines.decision import Decision
from creditline.notices import (
    Kind,
    Notice,
    PlanGiven,
    ProgressGiven,
    StepGiven,
    kind_of,
    load_profile,
    notice_of,
    plan_notice,
    progress_notice,
)
from creditline.notices.model import ADVERSE, REASONS_MOST, Cause, read_notice
from creditline.notices.ways import StepState
from creditline.policy import load_policy, read_policy
from tests.notices.lives import Decided, decided, of_kind, texts, told

OF_DECISIONS: tuple[Kind, ...] = (
    "closing", "further", "freezing", "reduction", "refusal", "ending", "increase", "reopening", "unfreezing",
)  # fmt: skip
"""Kinds there are in the small portfolio; nobody in it gives a line up, so that is told of made-up decisions."""

TITLES = {
    "closing": ("您的额度已关闭", "Your credit line has been closed"),
    "further": ("您的额度恢复前还有一项原因需要解决", "One more reason keeps your credit line from coming back"),
    "freezing": ("您的额度已暂停使用", "Your credit line is paused"),
    "reduction": ("您的额度已下调", "Your credit limit has been lowered"),
    "refusal": ("您的申请未获通过", "Your application was not approved"),
    "ending": ("您的额度已终止", "Your credit line has ended"),
    "increase": ("您的额度已上调", "Your credit limit has been raised"),
    "reopening": ("您的额度已重新开通", "Your credit line is open again"),
    "unfreezing": ("您的额度已恢复使用", "You can use your credit line again"),
}


def notes(notice: Notice) -> list[str]:
    return [note for section in notice.sections for item in section.items for note in item.notes]


def section(notice: Notice, heading: str) -> list[str]:
    found = [each for each in notice.sections if each.heading == heading]
    return [part for each in found for part in (*each.paragraphs, *(item.text for item in each.items))]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", OF_DECISIONS)
def test_each_kind_says_what_was_done_when_and_to_which_line(kind: Kind, lang: Language) -> None:
    each = of_kind(kind)
    notice = told(each, lang=lang)
    assert (notice.kind, notice.title) == (kind, TITLES[kind][LANGUAGES.index(lang)])
    assert each.decision.line in notice.opening[0]
    assert notice.deadline is not None
    assert notice.deadline > each.decision.at
    assert (kind in ADVERSE) == bool(notice.reasons)
    assert read_notice(notice.content()) == notice


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_closing_tells_values_and_what_would_have_been_enough(lang: Language) -> None:
    each = of_kind("closing", "T04")
    notice = told(each, lang=lang)
    reason = next(reason for reason in notice.reasons if reason.code == "T04")
    assert reason.text == each.policy.by_code["T04"].reason[lang]
    first = reason.facts[0]
    assert (first.fact, first.value) == ("redraws_30d", str(each.decision.facts["redraws_30d"]))
    assert first.enough == {"en": "3 or less", "zh": "不超过3"}[lang]
    drawn = next(fact for fact in reason.facts if fact.fact == "drawn_30d")
    assert f"{each.decision.limit_before * 8 // 10 / 100:,.0f} CNY" in drawn.enough
    assert reason.by == "one"
    assert [fact.fact for fact in reason.to_return] == ["redraws_30d"]
    told_by = {"en": "Any one of these would have been enough.", "zh": "以上达到任何一项即可。"}[lang]
    assert told_by in notes(notice)


def test_the_score_is_told_by_what_cost_it_most_never_by_itself_alone() -> None:
    for each in decided():
        if "T10" not in each.decision.reasons:
            continue
        reason = next(reason for reason in told(each, lang="en").reasons if reason.code == "T10")
        points = next(fact for fact in reason.facts if fact.fact == "points")
        assert (points.value, points.enough) == (str(each.decision.points), "520 or more")
        factors = [fact for fact in reason.facts if fact.fact != "points"]
        assert factors
        assert all(fact.enough or fact.better for fact in factors)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_application_is_refused_with_what_it_lacked(lang: Language) -> None:
    each = of_kind("refusal", "A01")
    notice = told(each, lang=lang)
    (reason,) = notice.reasons
    assert reason.facts
    assert all(fact.enough for fact in reason.facts if reason.by != "none")
    assert not reason.to_return


def test_an_application_without_a_wanted_figure_is_told_that_it_is_missing() -> None:
    each = of_kind("refusal", "A05")
    (fact,) = next(reason for reason in told(each, lang="en").reasons if reason.code == "A05").facts
    assert (fact.fact, fact.value, fact.enough) == ("score", "no record", "a figure on record")


def test_a_limit_worked_out_too_small_to_open_is_told_by_what_it_rests_on() -> None:
    policy = load_policy("consumer-line")
    approved = next(
        each for each in decided() if each.policy.name == policy.name and each.decision.action == "decline"
    ).decision
    facts = {**approved.facts, "identity_verified": 1, "lenders": 1, "other_dpd": 0, "income_monthly": 200_000}
    facts |= {"score": 700, "employment": 0, "profile_age": 3, "income_stated": 4_000, "income_best_365d": 1_000_000}
    assert policy.scorecard is not None
    points = policy.scorecard.points_of(facts)
    made = msgspec.structs.replace(approved, facts=facts, points=points, reasons=("A01",), fired=())
    notice = notice_of(made, policy, load_profile("china"), "en", requested=500_000)
    assert notice is not None
    (reason,) = notice.reasons
    assert reason.facts
    assert reason.facts[0].enough


@pytest.mark.parametrize("jurisdiction", ["china", "united-states"])
def test_over_a_portfolio_notices_are_short_plain_and_complete(jurisdiction: str) -> None:
    kinds = set()
    for each in decided():
        for lang in LANGUAGES:
            notice = told(each, jurisdiction, lang)
            kinds.add(notice.kind)
            assert len(notice.reasons) <= REASONS_MOST
            scored = [reason for reason in notice.reasons if any(fact.fact == "points" for fact in reason.facts)]
            extra = sum(max(0, len(reason.facts) - 2) for reason in scored)
            assert len(notice.reasons) + extra <= REASONS_MOST, (each.decision.reasons, scored)
            for said in texts(notice):
                plain = said.replace(each.decision.line, "")
                assert "{" not in plain
                # No codes, no names of facts, no operators of the policy language.
                assert not re.search(r"\b[A-Z]\d\d[A-Z]?\b|[a-z]_[a-z]|[<>=]", plain), said
                assert not re.search(r"\b(fault|blame|punish|fail(ed|ure)?|default)\b|过错|惩罚|违约", plain), said
                if lang == "zh":
                    assert not re.search(r"[\u4e00-\u9fff][,;!?]|[,;!?][\u4e00-\u9fff]", plain), said
    assert kinds == set(OF_DECISIONS)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_of_a_fraud_nothing_is_told_beyond_the_rules_own_text(lang: Language) -> None:
    each = of_kind("ending", "T21")
    first = told(each, lang=lang).reasons[0]
    assert (first.code, first.facts, first.to_return) == ("T21", (), ())


FREEZES = """
policy: small
title: {zh: 小额度, en: Small line}
facts:
  fraud_cases: {count: fraud.confirmed}
  dpd: {last: arrears.changed.days_past_due}
rules:
  - {code: R1, when: fraud_cases > 0 and dpd > 3, then: freeze, reason: {zh: 核查中, en: Under review}}
  - {code: R2, when: dpd > 3, then: freeze, reason: {zh: 已逾期, en: Overdue}}
incident: {code: S9, reason: {zh: 维护, en: Maintenance}}
"""


def test_every_rule_over_what_is_kept_silent_about_is_told_by_its_own_text() -> None:
    policy = read_policy(FREEZES)
    made = Decision(
        "L1", parse_moment("2026-03-01T00:00:00Z"), 0, "freeze", "open", "frozen", 100, 100, 0, ("R1", "R2"),
        policy.version, 1, None, {"fraud_cases": 2, "dpd": 9},
    )  # fmt: skip
    notice = notice_of(made, policy, load_profile("china"), "en")
    assert notice is not None
    silent, open_ = notice.reasons
    assert (silent.text, silent.facts, silent.to_return) == ("Under review", (), ())
    assert [fact.enough for fact in open_.facts] == ["3 days or less"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_person_ordered_claims_no_machine_made_it(lang: Language) -> None:
    each = of_kind("closing")
    ordered = msgspec.structs.replace(each.decision, reasons=("BLOCK",), standing=("BLOCK",), fired=())
    notice = notice_of(ordered, each.policy, load_profile("china"), lang, before=each.before)
    assert notice is not None
    assert [reason.text for reason in notice.reasons] == [
        {"en": "A member of our staff ordered it.", "zh": "由我们的工作人员决定。"}[lang]
    ]
    rights = section(notice, {"en": "Your rights", "zh": "您的权利"}[lang])
    assert {"en": "An explanation", "zh": "要求说明"}[lang] not in rights
    assert {"en": "Complaints", "zh": "投诉"}[lang] in rights


def test_chinas_rights_stand_in_a_notice_with_their_days() -> None:
    notice = told(of_kind("closing"), "china", "zh")
    rights = [each for each in section(notice, "您的权利") if each != "征信报告"]
    assert rights == ["要求说明", "要求人工复核", "查阅和更正信息", "投诉"]
    said = "\n".join(texts(notice))
    assert "15天内" in said
    assert "12378" in said
    bureau = told(of_kind("closing", "T03"), "china", "zh")
    assert "征信报告" in section(bureau, "您的权利")
    assert "20天内核查" in "\n".join(texts(bureau))


def test_regulation_b_and_the_reporting_act_are_kept() -> None:
    with_report = of_kind("closing", "T03")
    at = parse_moment("2026-01-05T00:00:00Z")
    notice = told(with_report, "united-states", None, reported={"score": at})
    said = " ".join(texts(notice))
    assert notice.lang == "en"
    for must in (
        "Example Lending LLC (demonstration)", "1 Example Street, Springfield, IL 62701",
        "race, color, religion, national origin, sex, marital status, or age", "public assistance program",
        "Consumer Credit Protection Act", "Federal Trade Commission", "did not make the decision", "free copy",
        "Within 60 days", "dispute",
    ):  # fmt: skip
        assert must in said
    without = " ".join(texts(told(of_kind("closing", "T04"), "united-states")))
    assert "Example Credit Bureau" not in without
    assert "race, color" in without


def test_a_score_that_was_used_is_told_with_its_range_and_date() -> None:
    each = of_kind("further", "T10")
    notice = told(each, "united-states", "en", reported={"score": parse_moment("2026-01-05T00:00:00+08:00")})
    score = each.decision.facts["score"]
    assert section(notice, "The credit score we used") == [
        f"Your score was {score}, on a scale from 300 to 850.", "It was made on January 5, 2026."
    ]  # fmt: skip
    assert not section(told(each, "china", "en"), "The credit score we used")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_reopening_tells_the_limit_and_the_terms_of_probation(lang: Language) -> None:
    each = of_kind("reopening")
    notice = told(each, lang=lang)
    values = dict(notice.particulars)
    labels = {"en": ("Limit now", "On probation until"), "zh": ("现额度", "观察期至")}[lang]
    assert values[labels[0]] == f"{each.decision.limit / 100:,.2f} CNY"
    assert labels[1] in values
    following = " ".join(section(notice, {"en": "What happens next", "zh": "接下来"}[lang]))
    # The consumer line raises no limit on probation.
    assert each.policy.by_code["U01"].reason[lang] in following


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_raised_limit_tells_both_limits_why_and_that_nobody_must_use_it(lang: Language) -> None:
    each = of_kind("increase", "U01")
    notice = told(each, lang=lang)
    before, now = (f"{minor / 100:,.2f} CNY" for minor in (each.decision.limit_before, each.decision.limit))
    assert before in notice.opening[0]
    assert now in notice.opening[0]
    assert dict(notice.particulars)[{"en": "Limit now", "zh": "现额度"}[lang]] == now
    reason = each.policy.by_code["U01"].reason[lang]
    assert section(notice, {"en": "Why", "zh": "原因"}[lang]) == [f"{reason}{'.' if lang == 'en' else '。'}"]
    following = section(notice, {"en": "What happens next", "zh": "接下来"}[lang])
    assert following[-1] == {
        "en": "If you would rather keep the limit you had, tell us.", "zh": "如果您希望保留原来的额度，请告诉我们。"
    }[lang]  # fmt: skip
    # Good news takes no rights to be told.
    assert not section(notice, {"en": "Your rights", "zh": "您的权利"}[lang])


def test_a_limit_raised_while_the_line_is_closed_promises_no_draw() -> None:
    each = of_kind("increase")
    later = msgspec.structs.replace(each.decision, status="closed", status_before="closed", reasons=())
    following = section(told(Decided(later, each.before, each.policy), lang="en"), "What happens next")
    assert following[0] == "The line cannot be drawn on at present; the new limit holds once it can be used again."
    assert section(told(Decided(later, each.before, each.policy), lang="en"), "Why") == [
        "A member of our staff ordered it."
    ]


def ended(cause: Cause | None, lang: Language, jurisdiction: str = "china") -> Notice:
    """The notice of a line that ended without a rule."""
    each = of_kind("increase")
    made = msgspec.structs.replace(
        each.decision, action="terminate", status="terminated", reasons=(), limit=each.decision.limit_before
    )
    return told(Decided(made, each.before, each.policy), jurisdiction, lang, cause=cause)


@pytest.mark.parametrize("jurisdiction", ["china", "united-states"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_line_given_up_is_confirmed_without_reasons(lang: Language, jurisdiction: str) -> None:
    notice = ended("requested", lang, jurisdiction)
    assert (notice.kind, notice.reasons) == ("ended", ())
    assert notice.title == TITLES["ending"][LANGUAGES.index(lang)]
    assert {"en": "because you asked for it", "zh": "应您的要求"}[lang] in notice.opening[0]
    following = section(notice, {"en": "What happens next", "zh": "接下来"}[lang])
    assert {"en": "You may apply for a new one", "zh": "可以随时申请新的额度"}[lang] in following[0]
    assert not section(notice, {"en": "Your rights", "zh": "您的权利"}[lang])
    assert notice.deadline is not None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_line_ended_by_law_says_so_and_leaves_the_borrower_the_rights(lang: Language) -> None:
    notice = ended("legal", lang, "united-states")
    (reason,) = notice.reasons
    assert notice.kind == "ending"
    assert {"en": "required it", "zh": "依照法律规定"}[lang] in reason.text
    rights = section(notice, {"en": "Your rights", "zh": "您的权利"}[lang])
    assert {"en": "Complaints", "zh": "投诉"}[lang] in rights
    # No machine decided it, so none is to be looked at again.
    assert {"en": "A person to look at it again", "zh": "要求人工复核"}[lang] not in rights


@pytest.mark.parametrize("lang", LANGUAGES)
def test_of_a_borrower_who_died_the_family_is_written_to(lang: Language) -> None:
    notice = ended("deceased", lang)
    said = "\n".join(texts(notice))
    assert {"en": "offer our sympathy", "zh": "谨致慰问"}[lang] in said
    assert {"en": "estate", "zh": "遗产"}[lang] in said
    assert not re.search({"en": r"\b[Yy]our?\b", "zh": "您"}[lang], said)


def test_an_end_of_unknown_cause_is_told_as_an_end() -> None:
    assert "ended for good" in ended(None, "en").opening[0]


def test_nothing_is_owed_for_what_changes_nothing_for_anybody() -> None:
    each = of_kind("reduction")
    same = msgspec.structs.replace(each.decision, limit=each.decision.limit_before)
    opened = msgspec.structs.replace(each.decision, action="open")
    # Before there is a line, its limit and its end are no news.
    never = msgspec.structs.replace(each.decision, action="terminate", reasons=(), status_before="applied")
    early = msgspec.structs.replace(each.decision, limit=0, reasons=(), status_before="new", status="new")
    for decision in (same, opened, never, early):
        assert kind_of(decision) is None
        assert notice_of(decision, each.policy, load_profile("china")) is None


def test_a_refusals_deadline_in_the_united_states_counts_from_the_application() -> None:
    each = of_kind("refusal")
    applied = next(made.at for made in reversed(each.before) if made.action == "apply")
    moved = Decided(msgspec.structs.replace(each.decision, at=applied + 10 * DAY), each.before, each.policy)
    profile = load_profile("united-states")
    expected = profile.deadline("refusal", applied, each.policy.utc_offset)
    assert told(moved, "united-states").deadline == expected


# -- plans ------------------------------------------------------------------------------------------------


def plan(state: StepState | None = None, cost: int = 1_200_00) -> PlanGiven:
    steps = (
        StepGiven(
            parse_moment("2026-04-02T00:00:00+08:00"), {"zh": "还清逾期", "en": "Pay what is overdue"}, 1_200_00, state
        ),
        StepGiven(
            parse_moment("2026-05-02T00:00:00+08:00"), {"zh": "更新资料", "en": "Update your profile"}, None, state
        ),
    )
    return PlanGiven("cheapest", parse_moment("2026-06-07T00:00:00+08:00"), 12_800_00, cost, steps)


def closing() -> tuple[Decision, Decided]:
    each = of_kind("closing")
    return each.decision, each


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_tells_its_days_amounts_and_what_it_brings(lang: Language) -> None:
    made, each = closing()
    now = parse_moment("2026-04-01T00:00:00+08:00")
    notice = plan_notice(made, each.policy, load_profile("china"), [plan()], lang, now=now)
    said = "\n".join(texts(notice))
    for must in {
        "en": ("The way that costs least", "June 7, 2026", "12,800.00 CNY",
               "April 2, 2026: Pay what is overdue, 1,200.00 CNY", "May 2, 2026: Update your profile"),
        "zh": ("花费最少的方案", "2026年6月7日", "12,800.00 CNY",
               "2026年4月2日：还清逾期，1,200.00 CNY", "2026年5月2日：更新资料"),
    }[lang]:  # fmt: skip
        assert must in said
    assert notice.deadline is not None
    assert notice.kind == "plan"
    assert section(notice, {"en": "Who this comes from", "zh": "通知方"}[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_that_nothing_helps_is_said_with_its_reason(lang: Language) -> None:
    made, each = closing()
    never = {"zh": "该额度已永久终止", "en": "The line ended for good"}
    notice = plan_notice(made, each.policy, load_profile("china"), [], lang, now=made.at, never=never)
    assert notice.opening[1] == never[lang]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", get_args(StepState))
def test_progress_tells_each_step_and_what_it_means(state: StepState, lang: Language) -> None:
    made, each = closing()
    given = ProgressGiven(plan(state), better=plan(cost=0) if state == "done" else None)
    notice = progress_notice(made, each.policy, load_profile("united-states"), given, lang, now=made.at)
    marks = {"done": ("Done", "已完成"), "due": ("Still to do", "待完成"), "late": ("Late", "已晚"),
             "broken": ("Not done in time", "未按时完成"),
             "strayed": ("Drawn otherwise", "实际借款与此不符")}  # fmt: skip
    assert notes(notice).count(marks[state][lang == "zh"]) == 2
    better = {"en": "A better way by now", "zh": "现在更好的方案"}[lang]
    assert bool(section(notice, better)) == (state == "done")
