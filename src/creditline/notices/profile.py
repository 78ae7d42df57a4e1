"""What the law of a place and the house ask of notices: deadlines, rights, whose names stand on them. Data, in YAML.

A profile is read as strictly as a policy: every mistake is told at its place, and nothing half-valid is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from creditline.clock import DAY
from creditline.errors import CreditlineError
from creditline.events.kinds import KINDS as EVENT_KINDS
from creditline.facts.parsing import closest
from creditline.i18n import LANGUAGES, Language, placeholders
from creditline.lending.calendar import HOLIDAYS_KNOWN, is_business_day
from creditline.lending.product import Mistake
from creditline.lending.terms import day_number
from creditline.notices.model import ADVERSE, KINDS, Kind
from creditline.policy.source import Path as At
from creditline.policy.source import PolicyErrors, Source

Count = Literal["calendar", "business"]
Calendar = Literal["china", "weekdays"]
Begins = Literal["decision", "application"]
Basis = Literal["law", "house"]

DAYS_MAX = 3_650

PLACES = frozenset({"line", "day", "creditor", "address", "phone", "ask_days", "answer_days"})
"""What the text of any right may name; with ``sources`` also those of ``SOURCE_PLACES``."""

SOURCE_PLACES = frozenset({"source", "source_address", "source_phone"})

_FOLDED = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")
"""What YAML leaves where a Chinese text goes on in the next line."""

_TOP = {
    "jurisdiction", "title", "language", "calendar", "holidays", "creditor", "supervisor", "deadlines", "sources",
    "score_range", "silent", "rights",
}  # fmt: skip
_NEEDED = ("jurisdiction", "title", "language", "creditor", "deadlines", "rights")
_RIGHT = {"right", "heading", "text", "on", "sources", "automated", "ask_within", "answered_within"}


class ProfileError(CreditlineError):
    """A profile with mistakes, of which nothing is used, or one that there is not."""

    def __init__(
        self,
        place: str,
        value: object,
        remedy: str,
        problem: str = "is not accepted",
        mistakes: Sequence[Mistake] = (),
    ) -> None:
        """``mistakes`` are all those of a file, of which the others tell the first."""
        super().__init__(place, value, remedy, problem)
        self.mistakes = tuple(mistakes)

    @classmethod
    def of(cls, mistakes: Iterable[Mistake]) -> ProfileError:
        """The error that tells all mistakes of one file, in the order they stand there."""
        ordered = sorted(set(mistakes))
        first = ordered[0]
        return cls(f"{first.file}:{first.line}:{first.column}", first.value, first.remedy, first.problem, ordered)

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes)) or super().__str__()


@dataclass(frozen=True)
class Party:
    """Who stands on a notice: the lender, the authority over it, or where data came from; texts by language."""

    name: Mapping[str, str]
    address: Mapping[str, str]
    phone: str = ""


@dataclass(frozen=True)
class Term:
    """So many days, and whose figure that is."""

    days: int
    count: Count
    basis: Basis
    begins: Begins = "decision"


@dataclass(frozen=True)
class Right:
    """One right as a notice tells it, and when it does."""

    name: str
    heading: Mapping[str, str]
    text: Mapping[str, str]
    on: tuple[Kind, ...]
    sources: tuple[str, ...] = ()
    """Told only where the decision rests on data from one of these."""
    automated: bool = False
    """Told only where no person ordered it."""
    ask_within: Term | None = None
    answered_within: Term | None = None


@dataclass(frozen=True)
class Profile:
    """One jurisdiction's profile."""

    name: str
    title: Mapping[str, str]
    language: Language
    """The language of notices where none is asked for."""
    calendar: Calendar
    holidays: frozenset[int]
    """Day numbers without business beside those of the calendar."""
    creditor: Party
    supervisor: Party | None
    deadlines: Mapping[Kind, Term]
    """How long there is to give notice; kinds without one have none."""
    rights: tuple[Right, ...]
    sources: Mapping[str, Party] = field(default_factory=dict)
    score_range: tuple[int, int] | None = None
    """Lowest and highest external score there is; None where a score that was used is not told."""
    silent: frozenset[str] = frozenset()
    """Kinds of events of which nothing is told beyond the rule's own text."""

    def is_business_day(self, day: int) -> bool:
        """Whether business is done on a day by this profile's calendar."""
        if day in self.holidays:
            return False
        return is_business_day(day, HOLIDAYS_KNOWN) if self.calendar == "china" else (day + 3) % 7 < 5

    def last_day(self, term: Term, day: int) -> int:
        """The last day of a term that begins on a day (which does not count itself), as day numbers."""
        if term.count == "calendar":
            return day + term.days
        left, last = term.days, day
        while left:
            last += 1
            left -= self.is_business_day(last)
        return last

    def deadline(self, kind: Kind, decided: int, offset: int, applied: int | None = None) -> int | None:
        """The last moment at which notice is in time, None where there is no deadline.

        ``decided`` and ``applied`` (when the application came in, where known) are moments, ``offset`` how far local
        days are ahead of UTC, all in microseconds.
        """
        term = self.deadlines.get(kind)
        if term is None:
            return None
        begins = applied if term.begins == "application" and applied is not None else decided
        return (self.last_day(term, (begins + offset) // DAY) + 1) * DAY - offset - 1


def shipped_profiles() -> list[str]:
    """Names of the profiles that come with the package."""
    folder = resources.files("creditline.notices") / "jurisdictions"
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_profile(name: str | Path) -> Profile:
    """Read a profile: a file, or the name of a shipped one. Raises ProfileError with all mistakes."""
    if isinstance(name, str) and name in shipped_profiles():
        text = (resources.files("creditline.notices") / "jurisdictions" / f"{name}.yaml").read_text(encoding="utf-8")
        return read_profile(text, f"{name}.yaml")
    try:
        return read_profile(Path(name).read_text(encoding="utf-8"), str(name))
    except FileNotFoundError:
        remedy = "give a profile file or a shipped name: " + ", ".join(shipped_profiles())
        raise ProfileError("jurisdiction", str(name), remedy, "does not exist") from None
    except (UnicodeDecodeError, OSError):
        raise ProfileError("jurisdiction", str(name), "give a YAML file in UTF-8", "cannot be read") from None


def read_profile(text: str, file: str = "profile.yaml") -> Profile:
    """Read a profile's text. Raises ProfileError with all mistakes."""
    try:
        source = Source(text, file)
    except PolicyErrors as error:
        first = error.problems[0]
        problem, remedy = first.message, first.suggestion
        if problem == "the file is empty":
            remedy = "copy a shipped profile and change it"
        raise ProfileError(f"{first.file}:{first.line}:{first.column}", file, remedy, problem) from None
    return _Reading(source).profile()


class _Reading:
    """One reading of one file; mistakes are gathered."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.mistakes: list[Mistake] = []
        for problem in source.problems:  # of the YAML itself, such as a key that stands twice
            self.mistakes.append(
                Mistake(
                    problem.file, problem.line, problem.column, problem.message, "is not accepted", problem.suggestion
                )
            )
        self.root = self._mapping(source.root, (), _TOP, _NEEDED)

    def profile(self) -> Profile:
        """The profile; raises ProfileError with all mistakes."""
        read = self.root
        language: Language = self._choice(read, "language", (), LANGUAGES)
        calendar: Calendar = self._choice(read, "calendar", (), get_args(Calendar))
        sources = self._parties()
        found = Profile(
            name=self._word(read.get("jurisdiction"), ("jurisdiction",)),
            title=self._texts(read.get("title"), ("title",)),
            language=language,
            calendar=calendar,
            holidays=self._holidays(),
            creditor=self._party(read.get("creditor"), ("creditor",)),
            supervisor=self._party(read["supervisor"], ("supervisor",)) if "supervisor" in read else None,
            deadlines=self._deadlines(),
            rights=self._rights(sources),
            sources=sources,
            score_range=self._score_range(),
            silent=self._silent(),
        )
        if self.mistakes:
            raise ProfileError.of(self.mistakes)
        return found

    # -- parts

    def _holidays(self) -> frozenset[int]:
        found = set()
        for at, said in self._listed(self.root.get("holidays", []), ("holidays",)):
            try:
                found.add(day_number(date.fromisoformat(str(said))))
            except ValueError:
                self._say(at, said, "is no date", "write it like 2026-07-03")
        return frozenset(found)

    def _parties(self) -> dict[str, Party]:
        given = self._mapping(self.root.get("sources", {}), ("sources",))
        known = {spec.source for spec in EVENT_KINDS.values()}
        for name in given:
            if name not in known:
                self._say(("sources", name), name, "is no source of events", closest(name, sorted(known)), key=True)
        return {name: self._party(said, ("sources", name)) for name, said in given.items()}

    def _party(self, said: Any, at: At) -> Party:
        read = self._mapping(said, at, {"name", "address", "phone"}, ("name", "address"))
        phone = read.get("phone", "")
        if not isinstance(phone, str | int):
            self._say((*at, "phone"), phone, "is no telephone number", "write it in quotes")
        return Party(
            self._texts(read.get("name"), (*at, "name")), self._texts(read.get("address"), (*at, "address")), str(phone)
        )

    def _deadlines(self) -> dict[Kind, Term]:
        given = self._mapping(self.root.get("deadlines"), ("deadlines",), set(KINDS))
        for kind in ADVERSE:
            if given and kind not in given:
                self._say(("deadlines",), kind, "has no deadline", f"add {kind}: {{days: 30, basis: law}}")
        return {
            kind: self._term(given[kind], ("deadlines", kind), begins=True) for kind in KINDS if kind in given
        }  # fmt: skip

    def _term(self, said: Any, at: At, *, begins: bool = False) -> Term:
        read = self._mapping(said, at, {"days", "count", "basis", *(["from"] if begins else [])}, ("days", "basis"))
        days = read.get("days", 1)
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= DAYS_MAX:
            self._say((*at, "days"), days, "is no number of days", f"give a whole number from 1 to {DAYS_MAX}")
            days = 1
        count: Count = self._choice(read, "count", at, get_args(Count))
        basis: Basis = self._choice(read, "basis", at, get_args(Basis))
        start: Begins = self._choice(read, "from", at, get_args(Begins))
        return Term(days, count, basis, start)

    def _rights(self, sources: Mapping[str, Party]) -> tuple[Right, ...]:
        found = [self._right(said, at, sources) for at, said in self._listed(self.root.get("rights"), ("rights",))]
        names = [right.name for right in found]
        for number, name in enumerate(names):
            if name in names[:number]:
                self._say(("rights", number, "right"), name, "stands here twice", "keep one")
        return tuple(found)

    def _right(self, said: Any, at: At, sources: Mapping[str, Party]) -> Right:
        read = self._mapping(said, at, _RIGHT, ("right", "heading", "text"))
        asked = tuple(str(name) for _, name in self._listed(read.get("sources", []), (*at, "sources")))
        for number, name in enumerate(asked):
            if name not in sources:
                self._say((*at, "sources", number), name, "stands not under sources", f"add {name}: to sources")
        automated = read.get("automated", False)
        if not isinstance(automated, bool):
            self._say((*at, "automated"), automated, "is neither true nor false", "write true, or leave it out")
        right = Right(
            name=self._word(read.get("right"), (*at, "right")),
            heading=self._texts(read.get("heading"), (*at, "heading")),
            text=self._texts(read.get("text"), (*at, "text")),
            on=self._kinds(read, at),
            sources=asked,
            automated=automated is True,
            ask_within=self._term(read["ask_within"], (*at, "ask_within")) if "ask_within" in read else None,
            answered_within=(
                self._term(read["answered_within"], (*at, "answered_within")) if "answered_within" in read else None
            ),
        )
        self._check_places(right, at)
        return right

    def _check_places(self, right: Right, at: At) -> None:
        """Every place a text names must be one there is a value for, and every figure given must be told."""
        known = PLACES | (SOURCE_PLACES if right.sources else frozenset())
        if right.ask_within is None:
            known -= {"ask_days"}
        if right.answered_within is None:
            known -= {"answer_days"}
        for lang, told in right.text.items():
            try:
                named = placeholders(told)
            except ValueError:
                self._say((*at, "text"), lang, "has braces that do not pair", "write {{ for a brace itself")
                continue
            for place in sorted(named - known):
                self._say((*at, "text"), f"{{{place}}}", f"has no value in {lang}", closest(place, sorted(known)))
            for term, place in ((right.ask_within, "ask_days"), (right.answered_within, "answer_days")):
                if term is not None and place not in named:
                    self._say((*at, "text"), lang, "leaves out a number of days", f"name {{{place}}} in it")

    def _kinds(self, read: Mapping[str, Any], at: At) -> tuple[Kind, ...]:
        said = read.get("on", "adverse")
        if said in ("adverse", "all"):
            return ADVERSE if said == "adverse" else KINDS
        found: list[Kind] = []
        for place, name in self._listed(said, (*at, "on")):
            if name in KINDS:
                found.append(name)
            else:
                self._say(place, name, "is no kind of notice", closest(str(name), KINDS))
        return tuple(found)

    def _score_range(self) -> tuple[int, int] | None:
        if "score_range" not in self.root:
            return None
        said = self.root["score_range"]
        sound = isinstance(said, list) and len(said) == 2 and all(isinstance(each, int) for each in said)
        if not sound or said[0] >= said[1]:
            self._say(("score_range",), said, "is no range", "write the lowest and the highest: [300, 850]")
            return None
        return said[0], said[1]

    def _silent(self) -> frozenset[str]:
        found = set()
        for at, said in self._listed(self.root.get("silent", []), ("silent",)):
            if said not in EVENT_KINDS:
                self._say(at, said, "is no kind of event", closest(str(said), sorted(EVENT_KINDS)))
            found.add(str(said))
        return frozenset(found)

    # -- values

    def _say(self, at: At, value: object, problem: str, remedy: str, *, key: bool = False) -> None:
        here = self.source.problem(at, "", key=key)
        shown = "nothing" if value is None else str(value)
        self.mistakes.append(Mistake(here.file, here.line, here.column, shown[:60], problem, remedy))

    def _mapping(self, said: Any, at: At, known: set[str] | None = None, needed: Sequence[str] = ()) -> dict[str, Any]:
        if not isinstance(said, dict):
            name = at[-1] if at else "the profile"
            self._say(at, said, "is no mapping", f"write {name} as keys and values")
            return {}
        for name in said:
            if known is not None and name not in known:
                self._say((*at, name), name, "is no key here", closest(name, sorted(known)), key=True)
        for name in needed:
            if name not in said:
                self._say(at, name, "is missing", f"add {name}:")
        return said

    def _listed(self, said: Any, at: At) -> list[tuple[At, Any]]:
        if not isinstance(said, list):
            self._say(at, said, "is no list", "write [a, b] or one '- ' a line")
            return []
        return [((*at, number), each) for number, each in enumerate(said)]

    def _choice(self, read: Mapping[str, Any], name: str, at: At, choices: Sequence[str]) -> Any:
        """One of the choices; the first where nothing is said, or something else."""
        said = read.get(name, choices[0])
        if said not in choices:
            self._say((*at, name), said, "is no choice", f"choose {', '.join(choices)}")
            return choices[0]
        return said

    def _word(self, said: Any, at: At) -> str:
        if not isinstance(said, str) or not said or not said.replace("-", "").replace("_", "").isalnum():
            self._say(at, said, "is no name", "write letters, digits and -")
        return str(said)

    def _texts(self, said: Any, at: At) -> dict[str, str]:
        """A text in both languages; one text stands for both."""
        given = dict.fromkeys(LANGUAGES, said) if isinstance(said, str) else said
        if not isinstance(given, dict) or set(given) != set(LANGUAGES):
            self._say(at, said, "is not said in both languages", "write {zh: .., en: ..}")
            return dict.fromkeys(LANGUAGES, "")
        for lang, each in given.items():
            if not isinstance(each, str) or not each.strip():
                self._say((*at, lang), each, "is no text", "write what is to be told")
        return {lang: _FOLDED.sub("", str(each).strip()) for lang, each in given.items()}


__all__ = [
    "Party", "Profile", "ProfileError", "Right", "Term", "load_profile", "read_profile", "shipped_profiles",
]  # fmt: skip
