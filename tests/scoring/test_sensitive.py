"""Columns that say who a person is, and those that only sound like it."""

from __future__ import annotations

import pytest

from creditline.errors import CreditlineError
from creditline.scoring.sensitive import refused, sensitive, sensitive_by_values


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("sex", "sex"),
        ("SEX", "sex"),
        ("Gender", "sex"),
        ("CODE_GENDER", "sex"),
        ("sex_male", "sex"),
        ("marriage", "marriage"),
        ("MaritalStatus", "marriage"),
        ("maritalstatus", "marriage"),
        ("personal_status", "marriage"),
        ("personal_status_and_sex", "marriage"),
        ("NAME_FAMILY_STATUS", "marriage"),
        ("is_married", "marriage"),
        ("age", "age"),
        ("age_in_years", "age"),
        ("AGE", "age"),
        ("Age1", "age"),
        ("DAYS_BIRTH", "age"),
        ("dateofbirth", "age"),
        ("applicant_age_at_loan", "age"),
        ("loan_holder_age", "age"),
        ("education", "education"),
        ("EDUCATION_LEVEL", "education"),
        ("NAME_EDUCATION_TYPE", "education"),
        ("race", "ethnicity"),
        ("applicant_ethnicity", "ethnicity"),
        ("religion", "religion"),
        ("nationality", "nationality"),
        ("foreign_worker", "nationality"),
        ("country_of_birth", "nationality"),
        ("disability", "health"),
        ("trade_union", "politics"),
        ("性别", "sex"),
        ("客户性别", "sex"),
        ("婚姻状况", "marriage"),
        ("民族", "ethnicity"),
        ("宗教信仰", "religion"),
        ("年龄", "age"),
        ("最高学历", "education"),
        ("户籍所在地", "nationality"),
        ("政治面貌", "politics"),
    ],
)
def test_a_column_that_says_who_one_is_is_known(name: str, why: str) -> None:
    assert sensitive([name]) == {name: why}


@pytest.mark.parametrize(
    "name",
    [
        "usage", "average_balance", "mortgage", "percentage", "AverageMInFile", "pay_0", "limit_bal", "bill_amt1",
        "account_age", "age_of_oldest_account", "loan_age", "age of property", "CreditAge", "stage", "manager", "trace",
        "single_payment", "minority_interest", "degree_of_leverage", "credit_union_accounts", "status", "purpose",
        "purpose_education", "embrace", "essex", "telephone", "housing", "job", "gross profit / sales", "账龄", "额度",
        "number_of_people_being_liable_to_provide_maintenance_for", "status_of_existing_checking_account",
        "NumberOfDependents", "worker_code", "x1",
    ],
)  # fmt: skip
def test_a_column_that_only_sounds_like_it_is_not(name: str) -> None:
    assert sensitive([name]) == {}


def test_a_column_is_known_by_what_it_holds_whatever_its_name() -> None:
    columns = {
        "x2": ["Male", "Female"],
        "x3": ["M", "F"],
        "x4": ["married", "single", "other"],
        "x5": ["男", "女"],
        "x6": ["已婚", "未婚"],
        "size": ["M", "L"],
        "answer": ["other", "unknown"],
        "kind": ["single", "joint"],
        "home": ["own", "rent"],
    }
    assert sensitive_by_values(columns) == {"x2": "sex", "x3": "sex", "x4": "marriage", "x5": "sex", "x6": "marriage"}


FOUND = {"age_in_years": "age", "degree": "education", "sex": "sex"}


def test_age_and_education_may_be_used_with_a_reason_by_column_or_by_ground() -> None:
    assert refused(FOUND, {}) == FOUND
    assert refused(FOUND, {"age_in_years": "the law of the place lets it"}) == {"degree": "education", "sex": "sex"}
    assert refused(FOUND, {"age": "allowed", "education": "allowed"}) == {"sex": "sex"}


@pytest.mark.parametrize(
    ("given", "reason", "said"),
    [
        ("sex", "because it helps", "which no reason allows; only age and education may be allowed"),
        ("age", "  ", "gives no reason"),
        ("income", "it is fine", "is no such column; name a sensitive column"),
    ],
)
def test_no_reason_allows_the_rest_and_none_is_no_reason(given: str, reason: str, said: str) -> None:
    with pytest.raises(CreditlineError, match=said):
        refused(FOUND, {given: reason})
