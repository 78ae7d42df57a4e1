"""The letter of a decision: what was done, why, what comes next, and the borrower's rights, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from babel.dates import format_date

from creditline.clock import DAY
from creditline.facts.definitions import CountedFact
from creditline.i18n import Language, catalogue, text
from creditline.lending.terms import date_of
from creditline.lines.decision import Decision
from creditline.lines.telling import BLOCK, shown, values_of
from creditline.money import format_minor
from creditline.notices.model import ADVERSE, Cause, FactSaid, Item, Kind, Notice, ReasonSaid, Section, kind_of
from creditline.notices.profile import Party, Profile, Right
from creditline.notices.reading import reading_of
from creditline.notices.reasons import LAW, reasons_said
from creditline.policy.model import Policy
from creditline.policy.ranges import possible, widest

_LOCALES: Mapping[Language, str] = {"zh": "zh_Hans_CN", "en": "en_US"}


def notice_of(
    decision: Decision,
    policy: Policy,
    profile: Profile,
    lang: Language | None = None,
    *,
    before: Sequence[Decision] = (),
    requested: int | None = None,
    reported: Mapping[str, int] | None = None,
    cause: Cause | None = None,
    simulated: bool = False,
) -> Notice | None:
    """The notice a decision is owed, None where it is owed none.

    ``before`` are the line's earlier decisions, ``requested`` the amount of its latest application then (minor units),
    ``reported`` by data source the moment of the latest report then (microseconds), ``cause`` why the line ended
    without a rule, where known. ``policy`` is the version that decided; ``lang`` the profile's language where none is
    given.
    """
    kind = kind_of(decision, cause)
    if kind is None:
        return None
    letter = _Letter(decision, policy, profile, lang or profile.language, kind, before, requested, reported, cause)
    return letter.notice(simulated=simulated)


def sources_of(policy: Policy, decision: Decision) -> frozenset[str]:
    """The data sources that the reasons of a decision rest on, through the score too."""
    return reading_of(policy).sources(decision.reasons)


def day_in_words(moment: int, offset: int, lang: Language) -> str:
    """The local day of a moment as people write it: ``March 1, 2026``, ``2026年3月1日``."""
    return _day_in_words((moment + offset) // DAY, lang)


@lru_cache(maxsize=4_096)
def _day_in_words(day: int, lang: Language) -> str:
    return format_date(date_of(day), "long", locale=_LOCALES[lang])


def amount(minor: int, policy: Policy, lang: Language) -> str:
    """An amount with its currency."""
    return text("explain.amount", lang, value=format_minor(minor, grouping=True), currency=policy.currency)


def rights_sections(
    profile: Profile,
    kind: Kind,
    lang: Language,
    *,
    line: str,
    day: str,
    sources: Iterable[str] = (),
    by_person: bool = False,
) -> tuple[Section, ...]:
    """The rights a notice of a kind tells, and who stands behind it."""
    used = frozenset(sources)
    items: list[Item] = []
    for right in profile.rights:
        if kind in right.on and not (right.automated and by_person):
            items += _right_items(profile, right, lang, {"line": line, "day": day}, used)
    sections = [Section(text("notice.rights", lang), items=tuple(items))] if items else []
    parties = [_party(profile.creditor, "notice.creditor", lang)]
    if profile.supervisor is not None:
        parties.append(_party(profile.supervisor, "notice.supervisor", lang))
    return (*sections, Section(text("notice.parties", lang), items=tuple(parties)))


def _right_items(
    profile: Profile, right: Right, lang: Language, values: Mapping[str, str], used: frozenset[str]
) -> Iterator[Item]:
    values = {
        **values,
        "creditor": profile.creditor.name[lang],
        "address": profile.creditor.address[lang],
        "phone": profile.creditor.phone,
        "ask_days": "" if right.ask_within is None else str(right.ask_within.days),
        "answer_days": "" if right.answered_within is None else str(right.answered_within.days),
    }
    if not right.sources:
        yield Item(right.heading[lang], (right.text[lang].format(**values),))
        return
    # Two sources of one name are one to the borrower.
    named = {profile.sources[name].name[lang]: profile.sources[name] for name in right.sources if name in used}
    for name, party in named.items():
        told = {**values, "source": name, "source_address": party.address[lang], "source_phone": party.phone}
        yield Item(right.heading[lang], (right.text[lang].format(**told),))


def _party(party: Party, key: str, lang: Language) -> Item:
    notes = [party.address[lang]]
    if party.phone:
        notes.append(text("notice.phone", lang, phone=party.phone))
    return Item(text(key, lang, name=party.name[lang]), tuple(notes))


class _Letter:
    """One decision on its way to being a notice."""

    def __init__(
        self,
        decision: Decision,
        policy: Policy,
        profile: Profile,
        lang: Language,
        kind: Kind,
        before: Sequence[Decision],
        requested: int | None,
        reported: Mapping[str, int] | None,
        cause: Cause | None,
    ) -> None:
        self.decision, self.policy, self.profile, self.lang, self.kind = decision, policy, profile, lang, kind
        self.before, self.reported, self.cause = before, reported or {}, cause
        self.values = values_of(decision, before, requested)
        self.reasons: tuple[ReasonSaid, ...] = ()
        if kind in ADVERSE:
            self.reasons = reasons_said(decision, policy, self.values, lang, profile.silent, cause)
        self.by_person = all(reason.code in (BLOCK, LAW) for reason in self.reasons)

    def notice(self, *, simulated: bool) -> Notice:
        made = self.decision
        applied = next((each.at for each in reversed(self.before) if each.action == "apply"), None)
        return Notice(
            kind=self.kind,
            line=made.line,
            decision=made.number,
            lang=self.lang,
            jurisdiction=self.profile.name,
            policy=made.policy,
            decided_at=made.at,
            deadline=self.profile.deadline(self.kind, made.at, self.policy.utc_offset, applied),
            title=self._t("title_ended_deceased" if self.cause == "deceased" else f"title_{self.kind}"),
            opening=self._opening(),
            particulars=tuple(self._particulars()),
            reasons=self.reasons,
            sections=tuple(self._sections()),
            simulated=simulated,
        )

    def _t(self, key: str, **values: object) -> str:
        return text(f"notice.{key}", self.lang, **values)

    def _day(self, moment: int) -> str:
        return day_in_words(moment, self.policy.utc_offset, self.lang)

    def _amount(self, minor: int) -> str:
        return amount(minor, self.policy, self.lang)

    def _opening(self) -> tuple[str, ...]:
        made = self.decision
        values = {"line": made.line, "day": self._day(made.at), "product": self.policy.title[self.lang]}
        limits = {"before": self._amount(made.limit_before), "limit": self._amount(made.limit)}
        key: str = self.kind
        if key == "ended":
            key = "ending" if self.cause is None else f"ended_{self.cause}"
        return (self._t(f"opening_{key}", **values, **limits),)

    def _particulars(self) -> Iterator[tuple[str, str]]:
        made = self.decision
        yield self._t("line"), made.line
        yield self._t("product"), self.policy.title[self.lang]
        yield self._t("decided"), self._day(made.at)
        if self.kind in ("reduction", "increase", "reopening"):
            yield self._t("limit_before"), self._amount(made.limit_before)
        if self.kind in ("reduction", "increase", "reopening", "unfreezing"):
            yield self._t("limit_now"), self._amount(made.limit)
        elif self.kind != "refusal" and made.limit_before:
            yield self._t("limit_last"), self._amount(made.limit_before)
        if made.cooling_until is not None and made.cooling_until > made.at and made.status in ("closed", "frozen"):
            yield self._t("earliest"), self._day(made.cooling_until)
        if made.probation_until is not None and made.probation_until > made.at:
            yield self._t("probation_until"), self._day(made.probation_until)

    # -- sections

    def _sections(self) -> Iterator[Section]:
        if self.reasons:
            items = tuple(Item(reason.text, tuple(notes_of(reason, self.lang))) for reason in self.reasons)
            yield Section(self._t("reasons"), (self._t("reasons_note"),), items, numbered=True)
        if self.kind == "increase":
            yield Section(self._t("why"), self._why())
        following = tuple(self._next())
        documents = tuple(self._documents())
        if following or documents:
            yield Section(self._t("next"), following, documents)
        yield from self._score()
        yield from rights_sections(
            self.profile, self.kind, self.lang, line=self.decision.line, day=self._day(self.decision.at),
            sources=sources_of(self.policy, self.decision), by_person=self.by_person,
        )  # fmt: skip

    def _why(self) -> tuple[str, ...]:
        """Why a limit was raised: the rules' own texts, or that a person did it."""
        told = [self.policy.reason_of(code)[self.lang] for code in self.decision.reasons if code in self.policy.by_code]
        return tuple(self._t("sentence", said=each) for each in told) or (self._t("by_person"),)

    def _next(self) -> Iterator[str]:
        made = self.decision
        if self.kind in ("closing", "further", "freezing"):
            waiting = made.cooling_until is not None and made.cooling_until > made.at
            if waiting and made.cooling_until is not None:
                yield self._t("cooling", day=self._day(made.cooling_until))
            if self.kind == "further":
                yield self._t("earlier")
            yield self._t(self._return_key())
        elif self.kind == "refusal":
            yield self._t("apply_again")
        elif self.kind == "ending":
            yield self._t("for_good")
        elif self.kind == "ended":
            yield self._t("estate" if self.cause == "deceased" else "ended_for_good")
        elif self.kind == "increase":
            yield self._t("raised" if made.status == "open" else "raised_later")
            yield self._t("raised_unwanted")
        elif self.kind == "reopening":
            yield from self._probation()

    def _return_key(self) -> str:
        if self.decision.status == "frozen":
            return "returns_frozen"
        if self.policy.reopen is None:
            return "returns_not"
        return "returns_asked" if self.policy.reopen.by_request else "returns_itself"

    def _probation(self) -> Iterator[str]:
        """The terms of a probation: what holds during it and not after, and the reverse."""
        until = self.decision.probation_until
        if until is None or until <= self.decision.at:
            yield self._t("no_probation")
            return
        yield self._t("probation", day=self._day(until))
        box = widest(self.policy)
        for rule in self.policy.rules:
            if "on_probation" not in rule.when.names():
                continue
            if not possible(rule.when, {**box, "on_probation": (1, 1)}):
                yield self._t("probation_not", reason=rule.reason[self.lang])
            elif not possible(rule.when, {**box, "on_probation": (0, 0)}):
                yield self._t("probation_also", reason=rule.reason[self.lang])

    def _documents(self) -> Iterator[Item]:
        """Evidence that answers the reasons, each once."""
        rules = [self.policy.by_code[code] for code in self.decision.reasons if code in self.policy.by_code]
        names = dict.fromkeys(name for rule in rules for name in rule.answered_by)
        if self.kind in ADVERSE and self.kind != "ending" and names:
            words = [catalogue(self.lang).get(f"evidence.{name}") or name.replace("_", " ") for name in names]
            yield Item(self._t("documents"), (text("explain.comma", self.lang).join(words),))

    def _score(self) -> Iterator[Section]:
        """The external score that was used, with its range and date, where the profile has it told."""
        if self.profile.score_range is None or self.kind not in ADVERSE:
            return
        low, high = self.profile.score_range
        names = frozenset().union(
            *(self.policy.counted(each) for each in reading_of(self.policy).conditions(self.decision.reasons))
        )
        for name in sorted(names):
            fact = self.policy.by_name.get(name)
            value = self.values.get(name)
            if not isinstance(fact, CountedFact) or fact.field is None or value is None:
                continue
            if fact.field.unit == "score" and fact.operator == "last":
                told = self._t("score_used", score=shown(value, fact.type), low=low, high=high)
                when = self.reported.get(fact.kind.source)
                dated = [] if when is None else [self._t("score_dated", day=self._day(when))]
                yield Section(self._t("score"), (told, *dated))
                return


def notes_of(reason: ReasonSaid, lang: Language) -> Iterator[str]:
    """What is said under a reason: each fact with its value, what would have been enough, what is left to do."""
    for fact in reason.facts:
        yield _fact_note(fact, lang)
    enough = [fact for fact in reason.facts if fact.enough and fact.fact != "points"]
    if len(enough) > 1 and reason.by != "none":
        yield text(f"notice.enough_{reason.by}", lang)
    if reason.to_return:
        between = text("notice.return_or" if reason.returns_by == "one" else "notice.return_and", lang)
        needed = [text("notice.needed", lang, fact=each.words, enough=each.enough) for each in reason.to_return]
        yield text("notice.to_return", lang, needed=between.join(needed))


def _fact_note(fact: FactSaid, lang: Language) -> str:
    told = {"fact": fact.words, "value": fact.value}
    if fact.fact == "points" and fact.enough:
        return text("notice.points_needed", lang, **told, enough=fact.enough)
    if fact.enough:
        return text("notice.fact_enough", lang, **told, enough=fact.enough)
    if fact.better:
        return text("notice.fact_better", lang, **told, better=fact.better)
    return text("notice.fact", lang, **told)


__all__ = ["amount", "day_in_words", "notes_of", "notice_of", "rights_sections", "sources_of"]
