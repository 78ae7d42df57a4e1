"""A plan as a file that proves itself: sealed, and checked by running it again."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Union

import msgspec

from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import KINDS
from creditline.lending.terms import date_of
from creditline.lines.kernel import Engine
from creditline.wayback.plans import Outlook, outlook, reasons_of
from creditline.wayback.predict import returns
from creditline.wayback.retaken import retaken
from creditline.wayback.situation import Situation

FORM = "creditline plan 1"

_ANY_KIND: Any = Union[tuple(spec.struct for spec in KINDS.values())]  # noqa: UP007


class PlanError(CreditlineError):
    """A plan file that cannot be used, or was changed since it was made."""


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is needed to check the plans of a line: where the log stood, by which policy, and what was promised."""

    form: str
    position: int
    """Position of the line's last event in the log the plans were made from."""
    log: str
    """SHA-256 over ids and contents of the line's events known by then, in hex."""
    outlook: Outlook
    seal: str
    """SHA-256 over all of the above in canonical JSON, in hex."""


def log_hash(situation: Situation) -> str:
    """SHA-256 over the line's events known by now, whatever order they came in."""
    rows = sorted(json.dumps(msgspec.to_builtins(each), sort_keys=True) for each in situation.events)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def sealed(situation: Situation, outlook: Outlook, position: int) -> Proof:
    """The proof of these plans."""
    open_ = Proof(FORM, position, log_hash(situation), outlook, "")
    return msgspec.structs.replace(open_, seal=_seal(open_))


def _seal(proof: Proof) -> str:
    content = msgspec.to_builtins(msgspec.structs.replace(proof, seal=""))
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_proof(content: bytes, place: str) -> Proof:
    """The proof in a file. PlanError for another file, and for one changed by hand."""
    remedy = "bring the file as `creditline plan LINE --out FILE` wrote it, or make the plan anew"
    try:
        plain = msgspec.json.decode(content)
        proof = _read(plain)
    except (msgspec.MsgspecError, KeyError, TypeError, UnicodeError, RecursionError) as error:
        raise PlanError(place, str(error), remedy, "is no plan") from error
    if proof.form != FORM:
        raise PlanError(f"{place}, form", proof.form, f"this release reads {FORM!r}", "is a form not known")
    if _seal(proof) != proof.seal or msgspec.json.decode(msgspec.json.encode(proof)) != plain:
        raise PlanError(f"{place}, seal", proof.seal, remedy, "is not that of the content: the file was changed")
    return proof


def _read(plain: Any) -> Proof:
    """The proof in plain values; what events say is read by their kinds."""
    outlook = plain["outlook"]
    said = [plan["events"] for plan in outlook["plans"]]
    without = [{**plan, "events": []} for plan in outlook["plans"]]
    proof = msgspec.convert({**plain, "outlook": {**outlook, "plans": without}}, Proof)
    plans = tuple(
        msgspec.structs.replace(plan, events=tuple(each.event() for each in msgspec.convert(events, list[_Told])))
        for plan, events in zip(proof.outlook.plans, said, strict=True)
    )
    return msgspec.structs.replace(proof, outlook=msgspec.structs.replace(proof.outlook, plans=plans))


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event in a file, what it says being of any kind."""

    id: str
    line: str
    at: int
    known: int
    body: _ANY_KIND

    def event(self) -> Event:
        return Event(self.id, self.line, self.at, self.known, self.body)


def differences(situation: Situation, proof: Proof, *, engine: Engine | None = None) -> list[dict[str, Any]]:
    """What comes out otherwise when the steps of the plans are taken in the same situation; empty where all holds.

    Each is a mapping with ``goal``, ``what``, ``planned`` and ``came``; ``step`` is the number of the step it is about,
    from 1, and ``why`` says why a step cannot be taken at all. Raises PlanError where the situation is another one:
    another line, moment, policy or log.
    """
    _same_situation(situation, proof)
    if not proof.outlook.plans:
        return _found_after_all(situation, proof, engine)
    taken = [retaken(situation, plan) for plan in proof.outlook.plans]
    backs = iter(returns(situation, [each.events for each in taken if each.possible], engine=engine))
    found: list[dict[str, Any]] = []
    for plan, each in zip(proof.outlook.plans, taken, strict=True):
        told = each.against(situation, plan, next(backs)) if each.possible else each.wrong
        found += [{"goal": plan.goal, **difference} for difference in told]
    return found


def _found_after_all(situation: Situation, proof: Proof, engine: Engine | None) -> list[dict[str, Any]]:
    """Plans there are where a file says that nothing helps."""
    made = outlook(situation, engine=engine)
    if not made.plans and made.never != proof.outlook.never:
        remedy = f"nothing answers {', '.join(made.never) or 'no reason'}"
        raise PlanError("plan, never", ", ".join(proof.outlook.never), remedy, "is not what nothing answers")
    return [{"goal": each.goal, "what": "reopens_on", "planned": None, "came": each.reopens_on} for each in made.plans]


def _same_situation(situation: Situation, proof: Proof) -> None:
    told = proof.outlook
    since = situation.cell("LIMIT_SINCE" if situation.status == "open" else "SINCE")
    checks = [
        ("line", told.line, situation.line),
        ("policy", told.policy, situation.policy.version),
        ("status", told.status, situation.status),
        ("log", proof.log, log_hash(situation)),
        ("closed_on", told.closed_on or "", date_of(situation.day_of(since)).isoformat() if told.closed_on else ""),
        ("reasons", ", ".join(told.reasons), ", ".join(reasons_of(situation))),
    ]
    for name, planned, now in checks:
        if planned != now:
            remedy = f"check it against the {name} it was made for ({planned[:12]})"
            raise PlanError(f"plan, {name}", now[:12], remedy, "is another one than the plan's")


__all__ = ["FORM", "PlanError", "Proof", "differences", "log_hash", "read_proof", "sealed"]
