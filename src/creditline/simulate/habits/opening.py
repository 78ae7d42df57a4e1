"""How a line begins: identity, consents, particulars, first reports, application."""

from __future__ import annotations

from creditline.events.kinds import (
    ApplicationReceived,
    ConsentGiven,
    DataSource,
    Employment,
    LoginRecorded,
    PartyIdentified,
    ProfileUpdated,
    Purpose,
)
from creditline.simulate.borrower import DAY, SECOND, YUAN, Borrower
from creditline.simulate.period import MINUTE

CONSENTS: tuple[DataSource, ...] = ("bureau", "score", "bank", "device", "registry")

WISHES: tuple[Purpose, ...] = ("daily", "daily", "renovation", "education")

_YEAR = 365 * DAY


def applies(
    b: Borrower,
    within: int = 25,
    *,
    told: int | None = None,
    employment: Employment | None = None,
    verified: bool = True,
    amount: int | None = None,
) -> int:
    """Identify, consent and apply within the first ``within`` per cent of the period; the day of it.

    ``told`` is the monthly income stated, minor units, where it is not the true one. The application comes 20
    minutes after identification; whatever else is looked at before it is dated into those minutes.
    """
    b.applied = b.chance.between(0, b.period.part(within))
    begun = b.when(b.applied, 8, 20)
    b.arrived = begun + 20 * MINUTE
    b.tell(begun, PartyIdentified(party_type=b.party, verified=verified))
    b.work = employment or _employment(b)
    b.tell(begun + MINUTE, ProfileUpdated(employment=b.work, monthly_income=told or _earned(b)))
    for place, source in enumerate(CONSENTS if b.party == "person" else (*CONSENTS, "books")):
        consents(b, begun + (2 + place) * MINUTE, source)
    hour = (begun // (60 * MINUTE) + 8) % 24
    b.tell(begun + 9 * MINUTE, LoginRecorded(device=b.device, local_hour=hour, new_device=True, region=b.region))
    purpose: Purpose = b.chance.pick(WISHES) if b.party == "person" else "stock"
    b.tell(b.arrived, ApplicationReceived(amount=amount or b.account.amount, purpose=purpose))
    return b.applied


def consents(b: Borrower, at: int, source: DataSource) -> None:
    """Consent to one source: for good, or for a year and then mostly renewed in time, sometimes let lapse."""
    if b.chance.hit(70):
        b.tell(at, ConsentGiven(data_source=source, scope="credit line"))
        return
    expires = at + _YEAR
    b.tell(at, ConsentGiven(data_source=source, expires_at=expires, scope="credit line, one year"))
    if b.chance.hit(92):
        b.tell(expires - b.later(1, 20), ConsentGiven(data_source=source, scope="credit line"))


def looks_up(b: Borrower) -> int:
    """A moment just before the application at which reports are fetched."""
    return b.arrived - b.later(30, 400, SECOND)


def _employment(b: Borrower) -> Employment:
    if b.party == "business":
        return "self_employed"
    return b.chance.pick(("employed",) * 8 + ("self_employed", "self_employed", "retired"))


def _earned(b: Borrower) -> int:
    """What the borrower states as monthly income: wages, or what the owner keeps of the takings."""
    return b.income if b.party == "person" else b.income * 15 // 100 // YUAN * YUAN
