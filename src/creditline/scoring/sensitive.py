"""Columns that say who a person is rather than how they pay, known by their names and by what they hold.

Scores may not be made of them. Age and education may be used where someone says why (``refused``), since the law of
some places lets them; nothing else may. A name is taken apart into words at marks, digits and capitals, so that
``personal_status`` and ``PersonalStatus`` are found and ``usage`` or ``average`` are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from creditline.errors import CreditlineError

ALLOWED = ("age", "education")
"""Grounds that may be used when a reason is given."""

_WORDS = {
    "sex": "sex gender male female man woman men women transgender",
    "sexual orientation": "lgbt lgbtq gay homosexual",
    "marriage": "marriage married marital single divorced widowed widow widower spouse spousal husband wife unmarried",
    "pregnancy": "pregnant pregnancy maternity",
    "ethnicity": "ethnicity ethnic race racial tribe caste hispanic latino minority",
    "skin colour": "skin complexion",
    "religion": "religion religious church creed muslim christian jewish hindu",
    "nationality": "nationality citizen citizenship foreigner immigrant immigration migrant birthplace hukou",
    "politics": "political politics",
    "health": "disability disabled handicap handicapped hiv illness disease genetic",
    "age": "age ages birth birthday birthdate birthyear dob yob born elderly",
    "education": "education educational educ edu degree schooling diploma",
}
"""Words of a name, small, and what they make it."""

_PHRASES = {
    "marriage": ("personal status", "family status", "civil status"),
    "nationality": ("foreign worker", "national origin", "country of birth", "place of birth", "native country"),
    "sexual orientation": ("sexual orientation",),
    "politics": ("party member", "party membership", "trade union", "labour union", "labor union"),
}

_GLUED = {
    "sex": ("gender",),
    "marriage": ("marital", "marriage", "personalstatus", "familystatus", "civilstatus"),
    "ethnicity": ("ethnicit",),
    "religion": ("religio",),
    "nationality": ("nationality", "citizenship", "foreignworker", "placeofbirth", "countryofbirth"),
    "age": ("birth",),
    "education": ("educat",),
}
"""Parts that give a name away even where its words are run together."""

_ONLY_BESIDE = {
    "single": "status marital person applicant mother father parent",
    "man": "woman is", "men": "women is",
    "degree": "academic highest college university bachelor master holder has level",
    "minority": "ethnic group status applicant is",
}  # fmt: skip
"""Words that say something else unless they stand alone or beside one of these."""

_THINGS = (
    "account accounts acct loan loans credit file car vehicle house building property oldest newest trade trades "
    "tradeline tradelines debt line card phone device policy company firm business relationship invoice receivables "
    "inventory asset assets history mortgage"
)
"""What has an age that is not a person's."""

_CHINESE = {
    "sex": ("性别", "男女"),
    "marriage": ("婚姻", "婚否", "已婚", "未婚", "配偶", "离异"),
    "pregnancy": ("怀孕", "孕期", "生育"),
    "ethnicity": ("民族", "种族", "族裔", "籍贯"),
    "religion": ("宗教", "信仰"),
    "nationality": ("国籍", "户籍", "户口", "出生地", "外籍"),
    "politics": ("政治面貌", "党员", "党派"),
    "health": ("残疾", "疾病", "病史", "健康"),
    "age": ("年龄", "出生", "生日"),
    "education": ("学历", "教育", "文化程度", "学位", "毕业院校"),
}
_CHINESE_THINGS = ("企业年龄", "账户年龄", "车辆年龄", "房屋年龄")

_VALUES = {
    "sex": "male female man woman m f men women other unknown u x 男 女 未知 其他",
    "marriage": "married single divorced widowed separated unmarried widow widower partnered other unknown "
    "已婚 未婚 离异 丧偶 未知 其他",
}
"""Answers that give a column away whatever its name, where it has no others."""

_VAGUE = "other unknown u x 未知 其他"
"""Answers that give nothing away by themselves."""

_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_REASON_LEAST = 3


def sensitive(names: Iterable[str]) -> dict[str, str]:
    """The columns among ``names`` that are sensitive by name, with what makes each so: sex, marriage, age ..."""
    return {name: why for name in names if (why := _by_name(name)) is not None}


def sensitive_by_values(columns: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """The columns that hold nothing but answers such as male and female, or married and single."""
    found = {}
    for name, values in columns.items():
        said = {value.casefold() for value in values}
        for why, known in _VALUES.items():
            if said <= set(known.split()) and len(said - set(_VAGUE.split())) >= 2:
                found[name] = why
    return found


def refused(found: Mapping[str, str], reasons: Mapping[str, str]) -> dict[str, str]:
    """The sensitive columns ``found`` that remain refused once ``reasons`` (column or ground: reason) are taken.

    Raises CreditlineError for a reason that says nothing, that names no sensitive column, or one no reason allows.
    """
    spared: set[str] = set()
    for given, reason in reasons.items():
        meant = {name for name, why in found.items() if given in {name, why}}
        grounds = {found[name] for name in meant}
        if not meant:
            raise CreditlineError("--allow", given, "name a sensitive column of the file", "is no such column")
        if not grounds <= set(ALLOWED):
            remedy = f"only {' and '.join(ALLOWED)} may be allowed; leave it out with --drop"
            raise CreditlineError(
                "--allow", given, remedy, f"says {', '.join(sorted(grounds))}, which no reason allows"
            )
        if len(reason.strip()) < _REASON_LEAST:
            raise CreditlineError("--allow", f"{given}={reason}", f'say why: --allow {given}="..."', "gives no reason")
        spared |= meant
    return {name: why for name, why in found.items() if name not in spared}


def _by_name(name: str) -> str | None:
    for why, parts in _CHINESE.items():
        if any(part in name for part in parts) and not any(thing in name for thing in _CHINESE_THINGS):
            return why
    words = [word.lower() for word in _SPLIT.findall(name)]
    spaced = f" {' '.join(words)} "
    for why, phrases in _PHRASES.items():
        if any(f" {phrase} " in spaced for phrase in phrases):
            return why
    for why, known in _WORDS.items():
        if any(word in known.split() and _counts(at, words) for at, word in enumerate(words)):
            return why
    if "purpose" in words:
        return None
    return next((why for why, parts in _GLUED.items() if any(part in "".join(words) for part in parts)), None)


def _counts(at: int, words: list[str]) -> bool:
    """Whether the word at this place says what it seems to."""
    word, others = words[at], set(words) - {words[at]}
    if word == "age":
        things = set(_THINGS.split())
        before, after = words[:at][-1:], words[at + 1 :]
        return not (things & {*before, *after[:1]} or (after[:1] == ["of"] and things & set(after)))
    if word in {"education", "educational", "educ", "edu"}:
        # What money is borrowed for.
        return "purpose" not in others
    return word not in _ONLY_BESIDE or not others or bool(others & set(_ONLY_BESIDE[word].split()))


__all__ = ["ALLOWED", "refused", "sensitive", "sensitive_by_values"]
