"""From a story file to a Story: every mistake is reported at its place, nothing half-valid is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path as FilePath
from typing import Any

from creditline.clock import ClockError
from creditline.errors import CreditlineError
from creditline.facts.parsing import closest
from creditline.policy import load_policy
from creditline.policy.model import Policy
from creditline.policy.source import Path, PolicyErrors, Source
from creditline.stories.expecting import Expecting
from creditline.stories.happenings import Happenings
from creditline.stories.model import Case, Expectation, Story, StoryErrors
from creditline.stories.times import Calendar

LIBRARY = "_given.yaml"
"""Openings of one's own, in the folder of the story file."""

START = "2026-01-05 10:00"
"""When a story starts that does not say."""

_TOP = ("story", "about", "tells", "policy", "given", "start", "line", "cases")
_CASE = ("case", "about", "given", "start", "line", "events", "expect", "until", "nothing_else")


def load_story(file: FilePath | str) -> Story:
    """Read and check a story file. Raises StoryErrors with all mistakes, CreditlineError for an unreadable file."""
    path = FilePath(file)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CreditlineError("story", str(file), "give the path of a story file", "does not exist") from None
    except (UnicodeDecodeError, IsADirectoryError):
        raise CreditlineError("story", str(file), "give a YAML file in UTF-8", "cannot be read") from None
    return read_story(text, path)


def read_story(text: str, file: FilePath) -> Story:
    """Read and check a story's text; ``file`` names it in messages, and openings are looked for beside it."""
    try:
        source = Source(text, str(file))
        libraries = _libraries(file)
    except PolicyErrors as error:
        raise StoryErrors(error.problems) from None
    story = _Reading(source, libraries, file).story()
    problems = [*source.problems, *(problem for library in libraries for problem in library.problems)]
    if problems:
        raise StoryErrors(problems)
    assert story is not None
    return story


def _libraries(file: FilePath) -> list[Source]:
    """The openings at hand: those beside the story first, then those that come with the package."""
    shipped = resources.files("creditline") / "stories" / "given.yaml"
    found = [Source(shipped.read_text(encoding="utf-8"), "given.yaml")]
    own = file.parent / LIBRARY
    return [Source(own.read_text(encoding="utf-8"), str(own)), *found] if own.is_file() else found


class _Reading:
    """One reading of one file; mistakes are gathered in the source."""

    def __init__(self, source: Source, libraries: Sequence[Source], file: FilePath) -> None:
        self.source, self.libraries, self.file = source, libraries, file
        self.root = self._mapping(source.root, (), _TOP, ("story", "policy", "cases"))

    def story(self) -> Story | None:
        """The story, or None where mistakes were noted."""
        policy = self._policy()
        listed = self.root.get("cases")
        if policy is None or not isinstance(listed, list) or not listed:
            if listed is not None and not (isinstance(listed, list) and listed):
                self.source.add(("cases",), "cases must be a list of at least one", "write - case: fires")
            return None
        cases = tuple(self._case(entry, number, policy) for number, entry in enumerate(listed))
        names = [case.name for case in cases]
        for number, name in enumerate(names):
            if name in names[:number]:
                self.source.add(("cases", number, "case"), f"case {name!r} stands twice", "give each case its own name")
        tells = self.root.get("tells", [])
        codes = tells if isinstance(tells, list) else [tells]
        return Story(str(self.root["story"]), self.file, tuple(map(str, codes)), str(self.root["policy"]), cases)

    def _mapping(self, value: Any, path: Path, known: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.source.add(path, f"{value!r} must be a mapping of keys to values", f"keys here: {', '.join(known)}")
            return {}
        for key in value:
            if key not in known:
                self.source.add((*path, key), f"unknown key {key!r}", closest(key, known), key=True)
        for key in required:
            if key not in value:
                self.source.add(path, f"{key!r} is missing", f"add {key}:")
        return value

    def _policy(self) -> Policy | None:
        """The policy: a shipped name, or a file beside the story."""
        if "policy" not in self.root:
            return None
        name = str(self.root["policy"])
        beside = self.file.parent / name
        try:
            return load_policy(beside if beside.is_file() else name)
        except PolicyErrors as error:
            self.source.add(("policy",), f"policy {name!r} has mistakes: {error}")
        except CreditlineError as error:
            self.source.add(("policy",), f"policy {name!r} {error.problem}", error.remedy)
        return None

    def _case(self, entry: Any, number: int, policy: Policy) -> Case:
        path: Path = ("cases", number)
        spec = self._mapping(entry, path, _CASE, ("case", "expect"))
        merged = {key: self.root[key] for key in ("given", "start", "line") if key in self.root} | spec
        calendar = self._calendar(merged, path, policy)
        line = str(merged.get("line", "line"))
        happenings = Happenings(calendar, line)
        self._given(merged.get("given", []), path if "given" in spec else (), happenings)
        happenings.begin()
        happenings.add(spec.get("events", []), self.source, (*path, "events"))
        expecting = Expecting(calendar, policy, self.source, line)
        expectations = expecting.read(spec.get("expect"), (*path, "expect"))
        self._check_lines(expectations, happenings, (*path, "expect"))
        return Case(
            name=str(spec.get("case", number + 1)),
            place=_place(self.source, path),
            events=tuple(happenings.events),
            expectations=tuple(expectations),
            until=self._until(spec, path, calendar, happenings, expectations),
            nothing_else=self._flag(spec, "nothing_else", path),
        )

    def _calendar(self, spec: Mapping[str, Any], path: Path, policy: Policy) -> Calendar:
        calendar = Calendar(policy.utc_offset)
        text = str(spec.get("start", START))
        problem = "counts from the start itself"
        try:
            if text.strip()[:1] not in "+-":
                return Calendar(policy.utc_offset, calendar.read(text).at)
        except ClockError as error:
            problem = error.problem
        self.source.add((*path, "start"), f"{text!r} {problem}", f"write a date, like {START}")
        return calendar

    def _given(self, wanted: Any, path: Path, happenings: Happenings) -> None:
        for name in wanted if isinstance(wanted, list) else [wanted]:
            for library in self.libraries:
                if isinstance(library.root, dict) and name in library.root:
                    happenings.add(library.root[name], library, (str(name),))
                    break
            else:
                known = [key for library in self.libraries if isinstance(library.root, dict) for key in library.root]
                self.source.add((*path, "given"), f"no opening is called {name!r}", closest(str(name), known))

    def _check_lines(self, expectations: Sequence[Expectation], happenings: Happenings, path: Path) -> None:
        lines = sorted({event.line for event in happenings.events})
        for number, expectation in enumerate(expectations):
            if lines and expectation.line not in lines:
                what = f"nothing happens on line {expectation.line!r}"
                self.source.add((*path, number, "line"), what, closest(expectation.line, lines))

    def _until(
        self, spec: Mapping[str, Any], path: Path, calendar: Calendar, happenings: Happenings,
        expectations: Sequence[Expectation],
    ) -> int:  # fmt: skip
        """The end of what is played: as told, else after the case's own last event and the last expectation."""
        if "until" not in spec:
            ends = [event.known for event in happenings.own] + [each.when.end - 1 for each in expectations]
            return max(ends, default=calendar.start)
        try:
            until = calendar.read(str(spec["until"])).end - 1
        except ClockError as error:
            self.source.add((*path, "until"), f"{spec['until']!r} {error.problem}", error.remedy)
            return calendar.start
        if any(each.when.end - 1 > until for each in expectations):
            self.source.add((*path, "until"), "an expectation lies after the end of the case", "set until: later")
        return until

    def _flag(self, spec: Mapping[str, Any], key: str, path: Path) -> bool:
        value = spec.get(key, True)
        if not isinstance(value, bool):
            self.source.add((*path, key), f"{key} must be true or false, is {value!r}")
        return bool(value)


def _place(source: Source, path: Path) -> str:
    problem = source.problem(path, "")
    return f"{problem.file}:{problem.line}:{problem.column}"
