"""Profiles: deadlines at their edges, by calendar and business days, and every mistake told at its place."""

from __future__ import annotations

from importlib.resources import files

import pytest

from creditline.clock import DAY, parse_moment
from creditline.notices import KINDS, Profile, ProfileError, load_profile, read_profile, shipped_profiles
from creditline.notices.model import ADVERSE

SHANGHAI = 8 * DAY // 24


def source(name: str) -> str:
    return (files("creditline.notices") / "jurisdictions" / f"{name}.yaml").read_text("utf-8")


def counted(profile: Profile, kind: str, decided: str, applied: str | None = None) -> int | None:
    moment = None if applied is None else parse_moment(applied)
    return profile.deadline(kind, parse_moment(decided), SHANGHAI, moment)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_kind_of_notice_has_a_deadline_and_says_whose_figure_it_is(name: str) -> None:
    profile = load_profile(name)
    assert set(profile.deadlines) == set(KINDS)
    assert all(term.basis in ("law", "house") for term in profile.deadlines.values())
    assert {"china", "united-states"} <= set(shipped_profiles())


@pytest.mark.parametrize("kind", ADVERSE)
def test_regulation_b_gives_thirty_days(kind: str) -> None:
    term = load_profile("united-states").deadlines[kind]  # type: ignore[index]
    assert (term.days, term.count, term.basis) == (30, "calendar", "law")


def test_calendar_days_end_with_the_last_moment_of_the_thirtieth_local_day() -> None:
    profile = load_profile("united-states")
    late = parse_moment("2026-03-31T23:59:59.999999+08:00")
    # The day of the decision does not count, whether it was made in its first or its last microsecond.
    assert counted(profile, "closing", "2026-03-01T00:00:00+08:00") == late
    assert counted(profile, "closing", "2026-03-01T23:59:59.999999+08:00") == late
    assert counted(profile, "closing", "2026-03-02T00:00:00+08:00") == late + DAY


def test_a_refusal_counts_from_the_application_where_that_is_known() -> None:
    profile = load_profile("united-states")
    decided, applied = "2026-03-20T10:00:00+08:00", "2026-03-01T10:00:00+08:00"
    assert counted(profile, "refusal", decided, applied) == parse_moment("2026-03-31T23:59:59.999999+08:00")
    assert counted(profile, "refusal", decided) == parse_moment("2026-04-19T23:59:59.999999+08:00")
    assert counted(profile, "closing", decided, applied) == parse_moment("2026-04-19T23:59:59.999999+08:00")


@pytest.mark.parametrize(
    ("decided", "last"),
    [
        ("2026-03-02T09:00:00+08:00", "2026-03-05"),  # Monday
        ("2026-03-06T09:00:00+08:00", "2026-03-11"),  # Friday, over a weekend
        ("2025-09-30T09:00:00+08:00", "2025-10-11"),  # over the October holidays; Saturday the 11th is worked
        ("2026-03-07T09:00:00+08:00", "2026-03-11"),  # Saturday
    ],
)
def test_business_days_follow_the_chinese_calendar(decided: str, last: str) -> None:
    assert counted(load_profile("china"), "closing", decided) == parse_moment(f"{last}T23:59:59.999999+08:00")


def test_days_and_holidays_are_the_files_to_set() -> None:
    text = source("united-states").replace(
        "  closing:    {days: 30, basis: law}", "  closing: {days: 2, count: business, basis: house}"
    )
    text = text.replace("calendar: weekdays", "holidays: [2026-07-03]\ncalendar: weekdays")
    profile = read_profile(text)
    # Thursday the 2nd; Friday the 3rd is a holiday, then a weekend.
    assert counted(profile, "closing", "2026-07-02T12:00:00+08:00") == parse_moment("2026-07-07T23:59:59.999999+08:00")


def test_no_deadline_is_none() -> None:
    text = source("united-states").replace("  reopening:  {days: 10, basis: house}\n", "")
    assert counted(read_profile(text), "reopening", "2026-07-02T12:00:00+08:00") is None


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("calendar: weekdays", "calendar: moon", "'moon' is no choice; choose china, weekdays"),
        ("language: en", "language: fr", "'fr' is no choice"),
        ("refusal:    {days: 30,", "refusal:    {days: 0,", "'0' is no number of days"),
        ("refusal:    {days: 30,", "refusal:    {days: 30.5,", "'30.5' is no number of days"),
        ("basis: law}\n  # 12 CFR 1002.9(a)(1)(iii)", "basis: guess}\n  # 12 CFR", "'guess' is no choice"),
        ("  closing:    {days: 30, basis: law}\n", "", "'closing' has no deadline; add closing:"),
        ("  closing:    {", "  closings:    {", "'closings' is no key here; did you mean 'closing'?"),
        ("score_range: [300, 850]", "score_range: [850, 300]", "is no range"),
        ("silent: [fraud.confirmed]", "silent: [fraud]", "'fraud' is no kind of event"),
        ("sources: [bank]", "sources: [post]", "'post' stands not under sources"),
        ("Within {ask_days} days of receiving this\n        letter you may ask us in", "You may ask us in",
         "'en' leaves out a number of days; name {ask_days}"),
        ("that {creditor} keeps this law", "that {lender} keeps this law", "'{lender}' has no value in en"),
        ("that {creditor} keeps this law", "that {creditor keeps this law", "has braces that do not pair"),
        ("right: reasons", "right: review", "'review' stands here twice"),
        ("jurisdiction: united-states", "jurisdictions: united-states", "'jurisdiction' is missing"),
        ("creditor:  # made up", "creditors:  # made up", "'creditor' is missing"),
        ("heading: {zh: 具体原因, en: The specific reasons}", "heading: {zh: 原因}", "is not said in both languages"),
        ("calendar: weekdays", "calendar: weekdays\nholidays: [2026-13-01]", "'2026-13-01' is no date"),
        ("automated: true", "automated: maybe", "'maybe' is neither true nor false"),
    ],
)  # fmt: skip
def test_a_broken_profile_is_told_at_its_place_and_not_used(old: str, new: str, told: str) -> None:
    text = source("united-states")
    assert old in text
    with pytest.raises(ProfileError) as error:
        read_profile(text.replace(old, new, 1), "us.yaml")
    assert told in str(error.value), str(error.value)
    assert all(mistake.remedy and mistake.line > 0 for mistake in error.value.mistakes)
    assert str(error.value).startswith("us.yaml:")


def test_what_is_no_yaml_or_no_file_is_told() -> None:
    for text in ("", "a: [", "- 1"):
        with pytest.raises(ProfileError):
            read_profile(text, "x.yaml")
    with pytest.raises(ProfileError, match=r"'mars' does not exist; .*china, united-states"):
        load_profile("mars")
