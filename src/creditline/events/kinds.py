"""The registry of event kinds: everything that may be said about a credit line, each said once.

A kind is a frozen ``msgspec.Struct`` whose tag is its name (``draw.booked``). Its numeric form, read by
the kernel, is one row of int64 *slots*: field ``k`` of a kind stands in slot ``k``. Money is in minor
units (hundredths), moments are microseconds since 1970 UTC, flags are 0 or 1, choices are their place in
the list of choices, free text is a 63-bit hash that can only be compared for equality, and an absent
value is ``NULL``. Codes, field order and order of choices are part of the log's format: append only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

NULL = -(2**63)
"""The int64 that stands for SQL's NULL in every column and every fact."""

MINOR_MAX = 10**15
"""Largest amount one event may carry, in minor units: ten trillion currency units."""

SLOTS = 6
"""Columns that the numeric form of an event has; no kind has more fields."""

Unit = Literal["money", "count", "days", "months", "score", "hour", "moment", "flag", "choice", "text"]

Minor = Annotated[int, Meta(ge=0, le=MINOR_MAX, extra={"unit": "money"})]
SignedMinor = Annotated[int, Meta(ge=-MINOR_MAX, le=MINOR_MAX, extra={"unit": "money"})]
PositiveMinor = Annotated[int, Meta(ge=1, le=MINOR_MAX, extra={"unit": "money"})]
Count = Annotated[int, Meta(ge=0, le=1_000_000, extra={"unit": "count"})]
Days = Annotated[int, Meta(ge=0, le=36_500, extra={"unit": "days"})]
Months = Annotated[int, Meta(ge=0, le=1_200, extra={"unit": "months"})]
Rate = Annotated[int, Meta(ge=0, le=10_000_000, extra={"unit": "count"})]
"""An annual rate in millionths."""
DayOfMonth = Annotated[int, Meta(ge=1, le=31, extra={"unit": "days"})]
Score = Annotated[int, Meta(ge=0, le=1_000, extra={"unit": "score"})]
Hour = Annotated[int, Meta(ge=0, le=23, extra={"unit": "hour"})]
Moment = Annotated[int, Meta(extra={"unit": "moment"})]
Text = Annotated[str, Meta(min_length=1, max_length=200, extra={"unit": "text"})]

DataSource = Literal["lender", "core", "profile", "bureau", "score", "bank", "books", "device", "registry", "market"]
SOURCES: tuple[str, ...] = get_args(DataSource)

PartyType = Literal["person", "business"]
Purpose = Literal[
    "daily", "education", "medical", "renovation", "travel", "stock", "wages", "rent", "equipment",
    "securities", "property", "gambling", "lending_on", "other",
]  # fmt: skip
Employment = Literal["employed", "self_employed", "student", "retired", "unemployed"]
Settlement = Literal["nothing_owed", "paid_in_full", "revolving", "behind"]
Risk = Literal["none", "watch", "high", "sanctioned"]
Relation = Literal["owner", "business", "guarantor", "shared_device", "shared_address", "money_flow", "counterparty"]
LineStatus = Literal["open", "frozen", "closed", "terminated"]
Severity = Literal["info", "adverse", "severe"]
Lender = Literal["bank", "online", "card", "supply_chain", "other"]
Answer = Literal[
    "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11",
    "T12", "T13", "T14", "T15", "T16", "T17", "T18", "T19", "T20", "T21",
]  # fmt: skip


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """Base of all kinds: what an event says beyond its envelope (id, line, when)."""

    code: ClassVar[int]
    """Number of the kind in the numeric form, 1 to 127; never reused."""
    source: ClassVar[DataSource]
    """Where such data comes from: what a consent is given for and an incident is declared on."""
    begins_line: ClassVar[bool] = False
    """Whether the event may be the first of a line not known before."""
    is_truth: ClassVar[bool] = False
    """Whether it tells the outcome that decisions are judged by; no policy may read it."""


class PartyIdentified(Kind, tag="party.identified"):
    """A person or business was identified (L01)."""

    code = 1
    source = "profile"
    party_type: PartyType
    verified: bool


class ConsentGiven(Kind, tag="consent.given"):
    """The borrower allowed data of one source to be read, until it expires or is withdrawn."""

    code = 2
    source = "profile"
    data_source: DataSource
    expires_at: Moment | None = None
    scope: Text | None = None


class ConsentWithdrawn(Kind, tag="consent.withdrawn"):
    """The borrower took a consent back."""

    code = 3
    source = "profile"
    data_source: DataSource


class ApplicationReceived(Kind, tag="application.received"):
    """Somebody applied for a line, or for a higher limit on it."""

    code = 4
    source = "profile"
    begins_line = True
    amount: PositiveMinor
    purpose: Purpose | None = None


class ReopenRequested(Kind, tag="reopen.requested"):
    """The borrower of a closed line asked for it back."""

    code = 5
    source = "profile"


class ProfileUpdated(Kind, tag="profile.updated"):
    """The borrower's own particulars were brought up to date."""

    code = 6
    source = "profile"
    employment: Employment | None = None
    monthly_income: Minor | None = None


class LineOpened(Kind, tag="line.opened"):
    """A line was opened elsewhere (another system, before the log began) with this limit."""

    code = 10
    source = "lender"
    begins_line = True
    limit: PositiveMinor


class LineLimitSet(Kind, tag="line.limit_set"):
    """A person or another system set the limit."""

    code = 11
    source = "lender"
    limit: Minor


class LineEnded(Kind, tag="line.ended"):
    """The line ended for good, for a cause that is no rule."""

    code = 12
    source = "lender"
    cause: Literal["deceased", "requested", "legal"]


class BlockPlaced(Kind, tag="block.placed"):
    """A person ordered the line frozen or closed. A later block of the same class replaces this one."""

    code = 13
    source = "lender"
    effect: Literal["freeze", "close"]
    overridable: bool
    author: Text
    reason: Text
    expires_at: Moment | None = None


class BlockLifted(Kind, tag="block.lifted"):
    """The block of this class (overridable or not) was lifted."""

    code = 14
    source = "lender"
    overridable: bool
    author: Text
    reason: Text


class OverrideGranted(Kind, tag="override.granted"):
    """Two people ordered the line kept open whatever the rules say, until a moment."""

    code = 15
    source = "lender"
    expires_at: Moment
    author: Text
    approver: Text
    reason: Text


class OverrideWithdrawn(Kind, tag="override.withdrawn"):
    """The override was taken back."""

    code = 16
    source = "lender"
    author: Text
    reason: Text


class EventVoided(Kind, tag="event.voided"):
    """An earlier event of the same line was wrong and counts no longer from now on."""

    code = 17
    source = "lender"
    event: Text
    reason: Text


class PromiseMade(Kind, tag="promise.made"):
    """The borrower took a plan of coming back up: the seal of its proof, and which of the plans in it."""

    code = 18
    source = "lender"
    plan: Text
    goal: Literal["fastest", "cheapest", "easiest"]


class PromiseEnded(Kind, tag="promise.ended"):
    """The plan with this seal is followed no longer: the borrower gave it up, or took another up in its place."""

    code = 19
    source = "lender"
    plan: Text
    because: Literal["given_up", "replaced"]


class DrawBooked(Kind, tag="draw.booked"):
    """Money was drawn on the line; ``loan`` names the request it pays out where the lending core runs the line."""

    code = 20
    source = "core"
    amount: PositiveMinor
    purpose: Purpose | None = None
    counterparty: Text | None = None
    loan: Text | None = None


class RepaymentReceived(Kind, tag="repayment.received"):
    """Money came back: in all, of it principal, and whether before it was due; for one loan, or for the line."""

    code = 21
    source = "core"
    amount: PositiveMinor
    principal: Minor
    early: bool = False
    loan: Text | None = None


class InstalmentSettled(Kind, tag="instalment.settled"):
    """An instalment that was due is paid in full, so many days late (0 on time)."""

    code = 22
    source = "core"
    amount: PositiveMinor
    days_late: Days


class ArrearsChanged(Kind, tag="arrears.changed"):
    """Days past due of the oldest unpaid instalment and the amount overdue, as of day end."""

    code = 23
    source = "core"
    days_past_due: Days
    amount: Minor


class StatementClosed(Kind, tag="statement.closed"):
    """A billing month closed: what is owed (negative: in credit), what was paid in it, months behind."""

    code = 24
    source = "core"
    balance: SignedMinor
    paid: Minor
    months_behind: Months
    settlement: Settlement


class DrawRequested(Kind, tag="draw.requested"):
    """A draw was agreed and reserves the limit until it is booked or cancelled: its product, instalments and price."""

    code = 25
    source = "core"
    loan: Text
    amount: PositiveMinor
    product: Text
    instalments: Count
    rate: Rate | None = None
    due_day: DayOfMonth | None = None


class DrawCancelled(Kind, tag="draw.cancelled"):
    """A draw that was agreed was not paid out; the limit it reserved is free again."""

    code = 26
    source = "core"
    loan: Text


class LoanRescheduled(Kind, tag="loan.rescheduled"):
    """What has not fallen due was planned anew: over so many instalments, or with the next one left out."""

    code = 27
    source = "core"
    loan: Text
    change: Literal["fewer", "smaller", "skip_next"]
    instalments: Count | None = None


class LoanWrittenOff(Kind, tag="loan.written_off"):
    """A loan was taken off the books as lost; what comes in for it later is a recovery."""

    code = 28
    source = "core"
    loan: Text


class BureauReported(Kind, tag="bureau.reported"):
    """A credit bureau's report on the borrower's debts at all other lenders."""

    code = 30
    source = "bureau"
    lenders_with_balance: Count
    balance: Minor
    days_past_due: Days
    monthly_due: Minor | None = None
    inquiries_30d: Count | None = None


class ScoreReported(Kind, tag="score.reported"):
    """An external score, higher is better."""

    code = 31
    source = "score"
    score: Score


class IncomeReceived(Kind, tag="income.received"):
    """Wages or takings arrived on the borrower's account."""

    code = 40
    source = "bank"
    amount: PositiveMinor


class TransferSent(Kind, tag="transfer.sent"):
    """Money left the borrower's account for somebody else's."""

    code = 41
    source = "bank"
    amount: PositiveMinor
    counterparty: Text | None = None
    risk: Risk = "none"
    is_round: bool = False


class TransferReceived(Kind, tag="transfer.received"):
    """Money came to the borrower's account from somebody else's."""

    code = 42
    source = "bank"
    amount: PositiveMinor
    counterparty: Text | None = None
    risk: Risk = "none"


class SpendingObserved(Kind, tag="spending.observed"):
    """The borrower paid for goods or services."""

    code = 43
    source = "bank"
    amount: PositiveMinor
    category: Literal["living", "housing", "health", "business", "luxury", "gambling", "other"] = "other"


class OutsideInstalmentPaid(Kind, tag="outside_instalment.paid"):
    """An instalment of a loan at another lender was paid, so many days late."""

    code = 44
    source = "bank"
    lender: Lender
    amount: PositiveMinor
    days_late: Days


class FinancingStarted(Kind, tag="financing.started"):
    """The borrower took other financing."""

    code = 45
    source = "bank"
    lender: Lender
    amount: PositiveMinor


class LoginRecorded(Kind, tag="login.recorded"):
    """Somebody logged in as the borrower: device, hour of the day there, and whether the device is new."""

    code = 50
    source = "device"
    device: Text
    local_hour: Hour
    new_device: bool = False
    region: Text | None = None


class TieFound(Kind, tag="tie.found"):
    """A tie to another party was found, or its risk changed."""

    code = 60
    source = "registry"
    party: Text
    relation: Relation
    risk: Risk


class TieEnded(Kind, tag="tie.ended"):
    """The tie to that party ended."""

    code = 61
    source = "registry"
    party: Text


class RingFound(Kind, tag="ring.found"):
    """Money was seen moving in a circle through this borrower."""

    code = 62
    source = "registry"
    ring: Text
    members: Count
    amount: Minor


class RingCleared(Kind, tag="ring.cleared"):
    """The circle was explained or dissolved."""

    code = 63
    source = "registry"
    ring: Text


class LinkedLineChanged(Kind, tag="linked_line.changed"):
    """The line of a linked party changed its state."""

    code = 64
    source = "registry"
    party: Text
    relation: Relation
    status: LineStatus


class NewsPublished(Kind, tag="news.published"):
    """News about the borrower, their business or its owner."""

    code = 65
    source = "registry"
    subject: Text
    severity: Severity


class NewsCleared(Kind, tag="news.cleared"):
    """That trouble is over or was unfounded."""

    code = 66
    source = "registry"
    subject: Text


class PurposeChecked(Kind, tag="purpose.checked"):
    """The use of drawn money was checked against its stated purpose."""

    code = 70
    source = "bank"
    reference: Text
    result: Literal["matched", "unproven", "mismatched"]
    amount: Minor


class PurposeEvidenced(Kind, tag="purpose.evidenced"):
    """A reviewer accepted evidence (invoices, contracts) for the use of the money."""

    code = 71
    source = "lender"
    reference: Text
    amount: Minor


class EvidenceAccepted(Kind, tag="evidence.accepted"):
    """A reviewer accepted evidence that answers one trigger."""

    code = 72
    source = "lender"
    answers: Answer
    document: Text | None = None


class BusinessReported(Kind, tag="business.reported"):
    """Figures of the borrower's business for its last reported month; assets and liabilities at its end."""

    code = 80
    source = "books"
    revenue: Minor
    profit: SignedMinor
    current_assets: Minor | None = None
    current_liabilities: Minor | None = None
    stock: Minor | None = None


class FraudConfirmed(Kind, tag="fraud.confirmed"):
    """Fraud or illegal finance was established by people, not suspected by a rule."""

    code = 90
    source = "lender"
    offence: Literal["application_fraud", "identity_theft", "illegal_finance", "money_laundering"]
    author: Text


class SuspensionAnnounced(Kind, tag="suspension.announced"):
    """A product, industry or region was suspended by policy or regulation."""

    code = 95
    source = "market"
    reference: Text
    scope: Literal["product", "industry", "region"]


class SuspensionLifted(Kind, tag="suspension.lifted"):
    """The suspension with this reference is over."""

    code = 96
    source = "market"
    reference: Text


class RegulationIssued(Kind, tag="regulation.issued"):
    """A rule of the regulator that binds this line came into force."""

    code = 97
    source = "market"
    reference: Text
    limit_cap: Minor | None = None


class IncidentDeclared(Kind, tag="incident.declared"):
    """A fault at one data source was declared: nothing is decided on it until closed (T20)."""

    code = 98
    source = "lender"
    data_source: DataSource
    reference: Text


class IncidentClosed(Kind, tag="incident.closed"):
    """The fault at that data source is over and its events are put right."""

    code = 99
    source = "lender"
    data_source: DataSource
    reference: Text


class OutcomeObserved(Kind, tag="outcome.observed"):
    """What became of the line after the observation date; judged by, never decided on."""

    code = 110
    source = "core"
    is_truth = True
    defaulted: bool


@dataclass(frozen=True)
class FieldSpec:
    """One field of a kind in its numeric form."""

    name: str
    slot: int
    unit: Unit
    required: bool
    """Whether every event of the kind carries it; if not, it may be NULL."""
    minimum: int | None
    """Smallest value allowed, None where there is no bound (text, moment)."""
    maximum: int | None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class KindSpec:
    """One kind: its name, number, source and fields."""

    name: str
    code: int
    source: str
    struct: type[Kind]
    fields: dict[str, FieldSpec]
    doc: str


def _field(slot: int, field: msgspec.inspect.Field, hint: Any) -> FieldSpec:
    """The numeric form of one struct field, read from its type."""
    members = [arg for arg in get_args(hint) if get_origin(hint) in (Union, UnionType)] or [hint]
    required = type(None) not in members
    core = next(member for member in members if member is not type(None))
    if get_origin(core) is Literal:
        # Not from msgspec.inspect, which sorts the values: their written order is the format.
        choices = tuple(get_args(core))
        return FieldSpec(field.name, slot, "choice", required, 0, len(choices) - 1, choices)
    if core is bool:
        return FieldSpec(field.name, slot, "flag", required, 0, 1)
    meta = get_args(core)[1]
    return FieldSpec(field.name, slot, meta.extra["unit"], required, meta.ge, meta.le)


def _kind(struct: type[Kind]) -> KindSpec:
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    hints = get_type_hints(struct, include_extras=True)
    fields = {f.name: _field(slot, f, hints[f.name]) for slot, f in enumerate(info.fields)}
    assert len(fields) <= SLOTS, f"{struct.__name__} has more than {SLOTS} fields"
    return KindSpec(str(info.tag), struct.code, struct.source, struct, fields, (struct.__doc__ or "").strip())


KINDS: dict[str, KindSpec] = {spec.name: spec for spec in map(_kind, Kind.__subclasses__())}
"""All kinds by name, in order of code."""

assert len({spec.code for spec in KINDS.values()}) == len(KINDS), "two kinds share a code"


def text_code(text: str) -> int:
    """The 63-bit number by which the kernel knows a free text: equal texts, equal numbers."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def slots(event: Kind) -> list[int]:
    """The numeric form of an event: ``SLOTS`` int64 values, NULL where nothing is said."""
    row = [NULL] * SLOTS
    for field in KINDS[str(type(event).__struct_config__.tag)].fields.values():
        value = getattr(event, field.name)
        if value is None:
            continue
        if field.unit == "choice":
            value = field.choices.index(value)
        elif field.unit == "text":
            value = text_code(value)
        row[field.slot] = int(value)
    return row
