"""Notices of a home: worked out, put into the outbox with their decisions, delivered once, late ones found."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np

from creditline.errors import CreditlineError
from creditline.events.kinds import KINDS, LineEnded
from creditline.facts.slices import Slices
from creditline.i18n import Language
from creditline.lines.decision import Decision
from creditline.notices import Notice, Profile, kind_of, notice_of
from creditline.notices.content import sources_of
from creditline.notices.model import Cause, read_notice
from creditline.notices.reading import reading_of
from creditline.policy import Policy
from creditline.service.line import requested, slices_of
from creditline.service.versions import Versions
from creditline.store import Home, Letter

WAYS = ("plan", "progress")
"""Kinds that tell of something else than a decision."""

LINES_AT_ONCE = 500
"""Lines whose logs are read together."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Sender(Protocol):
    """What brings notices to borrowers."""

    def send(self, letter: Letter) -> None:
        """Deliver one notice; asked again for the same ``letter.key`` it must not deliver it twice.

        Raises CreditlineError where it cannot be delivered now.
        """


class Delivered(msgspec.Struct, frozen=True):
    """What became of the notices that waited."""

    sent: int
    dropped: int
    """Of decisions that do not stand any more."""
    failed: tuple[tuple[Letter, str], ...]
    """With what kept them from being delivered; they wait on."""


def enqueue(
    home: Home,
    decisions: Iterable[Decision],
    policy: Policy | None,
    profile: Profile,
    *,
    now: int,
    lang: Language | None = None,
) -> int:
    """Put the notices that decisions are owed into the outbox; how many were new or changed.

    Called within ``home.turn()`` together with ``home.record``, decisions and notices are kept together or not at
    all. Doing it again changes nothing. ``policy`` saves reading the version that decided; others are looked up among
    those published. ``now`` is in microseconds.
    """
    with home.turn():
        desk = _Desk(home, policy, profile, lang)
        letters = [letter for each in desk.notices(decisions) if (letter := _letter(*each, now)) is not None]
        return home.enqueue_letters(letters)


def enqueue_way(home: Home, notice: Notice, *, now: int) -> bool:
    """Put a notice of a plan or of progress into the outbox; False where it says what was said last."""
    assert notice.kind in WAYS
    return home.enqueue_letters([_of(notice, notice.hash, now)]) > 0


def prepare(home: Home, profile: Profile, *, now: int, since: int | None = None, lang: Language | None = None) -> int:
    """Put into the outbox what all decisions of a home (from a moment on) are owed; how many were new or changed."""
    with home.turn():
        settle(home)
        made = home.decisions()
        late = made if since is None else [each for each in made if each.at >= since]
        return enqueue(home, late, None, profile, now=now, lang=lang)


def settle(home: Home) -> int:
    """Drop what waits for decisions that do not stand any more; how many notices that were."""
    with home.turn():
        return sum(home.drop_letter(letter.number) for letter in home.letters(state="due") if not _stands(home, letter))


def notice_for(
    home: Home, line: str, number: int | None, profile: Profile, lang: Language | None = None
) -> tuple[Notice, Policy]:
    """The notice of a line's decision, by default of the latest that is owed one, and the policy that decided.

    Raises CreditlineError where the line is not known, or nothing was decided that a notice is owed for.
    """
    slices_of(home, line)
    made = home.decisions(line)
    see = f"see what was decided: creditline line show {line}"
    if number is not None and not 0 <= number < len(made):
        problem = f"is no decision of {line}, which has {len(made)}"
        raise CreditlineError("--decision", number, see, problem)
    chosen = [made[number]] if number is not None else [each for each in reversed(made) if kind_of(each) is not None]
    desk = _Desk(home, None, profile, lang)
    for each in chosen:
        notice = desk.notice(each, made[: each.number])
        if notice is not None:
            return notice, desk.policy_of(each)
    place, value = ("line", line) if number is None else ("--decision", number)
    raise CreditlineError(place, value, see, "is owed no notice")


def deliver(home: Home, sender: Sender, now: int) -> Delivered:
    """Deliver what waits, the nearest deadline first, each notice once; ``now`` is in microseconds.

    A notice is marked as sent after its sender is done. Killed in between, the sender is asked again and knows that it
    has delivered it.
    """
    sent = dropped = 0
    failed: list[tuple[Letter, str]] = []
    for letter in home.letters(state="due"):
        if not _stands(home, letter):
            dropped += home.drop_letter(letter.number)
            continue
        try:
            sender.send(letter)
        except CreditlineError as error:
            failed.append((letter, str(error)))
            continue
        sent += home.mark_letter(letter.number, "sent", now)
    return Delivered(sent, dropped, tuple(failed))


def overdue(home: Home, now: int) -> list[Letter]:
    """Notices that still wait after their deadline, the longest overdue first; ``now`` is in microseconds."""
    return home.letters(state="due", late_at=now)


@dataclass(frozen=True)
class FolderSender:
    """Delivers into a folder: a folder of its own for each notice, its forms in it, there whole or not at all."""

    folder: Path
    forms: Mapping[str, Callable[[Notice], bytes]]
    """By ending of the file's name what makes it."""

    def send(self, letter: Letter) -> None:
        """Write the notice's files; what is there already is left as it is."""
        target = self.folder / self.name(letter)
        if target.is_dir():
            return
        notice = read_notice(letter.content)
        files = {f"notice.{ending}": form(notice) for ending, form in self.forms.items()}
        try:
            self._write(target, files)
        except OSError as error:
            if target.is_dir():  # another process was sooner
                return
            remedy = "give a folder that may be written to, with space left"
            raise CreditlineError("--deliver", str(self.folder), remedy, f"fails ({error.strerror})") from error

    @staticmethod
    def name(letter: Letter) -> str:
        """The name of a notice's folder: safe on every system, different for different notices."""
        line = _UNSAFE.sub("_", letter.line)[:60].strip(".") or "_"
        digest = sha256(letter.key.encode()).hexdigest()[:8]
        return f"{line}-{letter.decision}-{letter.kind}-{digest}"

    def _write(self, target: Path, files: Mapping[str, bytes]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=self.folder))
        try:
            for name, content in files.items():
                with (draft / name).open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            draft.chmod(0o755)
            draft.rename(target)
            _sync(self.folder)
        finally:
            # What a killed run left behind is of no use once the notice is there.
            for left in self.folder.glob(f".{target.name}.*"):
                shutil.rmtree(left, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Have the disk keep what a folder lists, where the system can be asked to."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


# -- from decisions to letters --------------------------------------------------------------------------


@dataclass
class _Desk:
    """Where notices of one home are worked out."""

    home: Home
    policy: Policy | None
    profile: Profile
    lang: Language | None
    versions: Versions = field(init=False)

    def __post_init__(self) -> None:
        self.versions = Versions(self.home)
        self.simulated = bool(self.home.get("simulated"))

    def policy_of(self, decision: Decision) -> Policy:
        if self.policy is not None and decision.policy == self.policy.version:
            return self.policy
        return self.versions[decision.policy]

    def notices(self, decisions: Iterable[Decision]) -> Iterator[tuple[Notice | None, Decision]]:
        ordered = sorted(decisions, key=lambda each: (each.line, each.number))
        logs = self._logs([each for each in ordered if kind_of(each) is not None])
        for line, group in groupby(ordered, key=lambda each: each.line):
            mine = list(group)
            owed = [each for each in mine if kind_of(each) is not None]
            if not owed:
                continue
            whole = [each.number for each in mine] == list(range(len(mine)))
            made = mine if whole else self.home.decisions(line)
            for each in owed:
                yield self.notice(each, made[: each.number], logs.get(line)), each

    def _logs(self, owed: Sequence[Decision]) -> dict[str, Slices]:
        """By line the log, of lines whose notices tell more of it than the decision does."""
        lines = sorted({each.line for each in owed if self._needs_log(each)})
        found: dict[str, Slices] = {}
        for first in range(0, len(lines), LINES_AT_ONCE):
            slices = self.home.slices(lines[first : first + LINES_AT_ONCE])
            found |= {line: _of_line(slices, number) for number, line in enumerate(slices.lines)}
        return found

    def _needs_log(self, decision: Decision) -> bool:
        reading = reading_of(self.policy_of(decision))
        names = frozenset().union(*map(reading.names, reading.conditions(decision.reasons)))
        return "requested" in names or self._dates_score(decision)

    def _dates_score(self, decision: Decision) -> bool:
        scored = self.profile.score_range is not None
        return scored and "score" in sources_of(self.policy_of(decision), decision)

    def notice(self, decision: Decision, before: Sequence[Decision], log: Slices | None = None) -> Notice | None:
        slices = log
        if log is None and self._needs_log(decision):
            slices = self.home.slices([decision.line])
        dated = slices is not None and self._dates_score(decision)
        return notice_of(
            decision,
            self.policy_of(decision),
            self.profile,
            self.lang,
            before=before,
            requested=None if slices is None else requested(slices, decision.at),
            reported=_reported(slices, decision.at) if slices is not None and dated else None,
            cause=self._cause(decision),
            simulated=self.simulated,
        )

    def _cause(self, decision: Decision) -> Cause | None:
        """Why a line ended without a rule, as the event behind it says."""
        if decision.action != "terminate" or decision.reasons:
            return None
        said = (each.body for each in self.home.events(decision.line) if each.id == decision.trigger)
        return next((body.cause for body in said if isinstance(body, LineEnded)), None)


def _of_line(slices: Slices, number: int) -> Slices:
    """One line of several."""
    first, end = (int(each) for each in slices.offsets[number : number + 2])
    return Slices(
        [slices.lines[number]], np.array([0, end - first], np.int64), slices.at[first:end], slices.known[first:end],
        slices.until[first:end], slices.kind[first:end], slices.values[:, first:end], slices.visits[first:end] - first,
        slices.position[first:end],
    )  # fmt: skip


def _reported(slices: Slices, t: int) -> dict[str, int]:
    """When the external score that a decision could read was made."""
    seen = (slices.kind == KINDS["score.reported"].code) & (slices.known <= t) & (slices.until > t) & (slices.at <= t)
    rows = np.flatnonzero(seen)
    return {"score": int(slices.at[rows].max())} if len(rows) else {}


def _letter(notice: Notice | None, decision: Decision, now: int) -> Letter | None:
    return None if notice is None else _of(notice, _subject(decision), now)


def _of(notice: Notice, subject: str, now: int) -> Letter:
    return Letter(
        line=notice.line,
        decision=notice.decision,
        kind=notice.kind,
        lang=notice.lang,
        jurisdiction=notice.jurisdiction,
        subject=subject,
        content=notice.content().decode(),
        hash=notice.hash,
        deadline=notice.deadline,
        queued_at=now,
    )


def _subject(decision: Decision) -> str:
    """Digest of what of a decision touches the borrower: made again with the same outcome it is the same."""
    told = (
        decision.line, decision.number, decision.at, decision.action, decision.status, decision.limit_before,
        decision.limit, decision.reasons, decision.cooling_until, decision.probation_until,
    )  # fmt: skip
    return sha256(msgspec.json.encode(told)).hexdigest()


def _stands(home: Home, letter: Letter) -> bool:
    """Whether what a notice tells of is still so."""
    if letter.kind in WAYS:
        return True
    made = home.decisions(letter.line)
    return letter.decision < len(made) and _subject(made[letter.decision]) == letter.subject


__all__ = [
    "Delivered", "FolderSender", "Sender", "deliver", "enqueue", "enqueue_way", "notice_for", "overdue", "prepare",
    "settle",
]  # fmt: skip
