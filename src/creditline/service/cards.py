"""Publishing scorecards: one person proposes a card for a policy, another approves it, and what was decided stays.

An approved champion becomes a policy version of its own, in force from a moment. An approved challenger runs in shadow
(``service/shadow.py``) and decides nothing. Who somebody is, is what they say: a second name is asked for and kept, not
proven; that comes with signing in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.policy import Policy, load_policy, read_policy, shipped_policies
from creditline.scoring.card import Card, CardError, read_card
from creditline.scoring.compiled import compiled
from creditline.service.fitting import check_meaning, fits, inserted, with_facts_of
from creditline.store import Home, ProposedCard, PublishedPolicy, Verdict
from creditline.store.cards import ROLES, Role, State

PREFIX_MIN = 8
"""Characters of a hash that name a card, if no other begins with them."""

WAITING: tuple[State, ...] = ("proposed",)
STANDING: tuple[State, ...] = ("proposed", "approved")
APPROVED: tuple[State, ...] = ("approved",)

NAME_MAX = 100
NOTE_MAX = 2_000

_SEE = "see them: creditline scorecard publish --list"
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PublishingError(CreditlineError):
    """A card that may not be proposed, or not be decided on so; nothing of it was kept."""


# -- people -----------------------------------------------------------------------------------------


def person(option: str, name: str) -> str:
    """A person's name as it is kept: normalised and trimmed. PublishingError for what is none."""
    kept = unicodedata.normalize("NFC", " ".join(name.split()))
    if not _folded(kept):
        raise PublishingError(option, name, "say who does this", "names nobody")
    if len(kept) > NAME_MAX or any(unicodedata.category(each) == "Cc" for each in kept):
        raise PublishingError(option, kept[:NAME_MAX], f"give a name of at most {NAME_MAX} printable characters")
    return kept


def same_person(first: str, second: str) -> bool:
    """Whether two names are one: case, width, spaces and characters that cannot be seen play no part."""
    return _folded(first) == _folded(second)


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(each for each in folded if unicodedata.category(each) != "Cf").split())


# -- cards and policies -----------------------------------------------------------------------------


@lru_cache(maxsize=64)
def card_of(source: str, where: str = "card") -> Card:
    """The card of a file's text. CardError where it is none, or was changed by hand."""
    try:
        said = yaml.load(source, Loader=_LOADER)  # noqa: S506
    except yaml.YAMLError as error:
        raise CardError(where, str(error).split("\n")[0], "give the file of a scorecard", "cannot be read") from error
    return Card.from_dict(said, where)


@lru_cache(maxsize=64)
def policy_of(source: str, name: str) -> Policy:
    """The policy of a published text."""
    return read_policy(source, f"{name}.yaml")


def in_force(home: Home, name: str, at: int) -> Policy:
    """The version of a policy in force at a moment: published in the home, else as it comes with the package.

    The first version published also decides about what was before it. PublishingError for a name not known.
    """
    versions = [each for each in home.policies() if each.name == name]
    if versions:
        begun = [each for each in versions if each.effective_from <= at] or versions[:1]
        return policy_of(begun[-1].source, name)
    if name in shipped_policies():
        return load_policy(name)
    known = sorted({each.name for each in home.policies()} | set(shipped_policies()))
    remedy = f"publish it first (creditline policy publish), or name one of: {', '.join(known)}"
    raise PublishingError("policy", name, remedy, f"is not published in {home.path}")


def policies_using(home: Home, card: Card) -> list[PublishedPolicy]:
    """Policy versions published in the home that decide by this card, in the order in which they come into force."""
    return [each for each in home.policies() if fits(card, policy_of(each.source, each.name))]


def champion(home: Home, policy: str, at: int) -> ProposedCard | None:
    """The approved card that a policy decides by at a moment; None where it decides by one never proposed here."""
    now = in_force(home, policy, at)
    mine = [each for each in home.cards() if (each.policy, each.role, each.state) == (policy, "champion", "approved")]
    return next((each for each in reversed(mine) if fits(card_of(each.source), now)), None)


def challengers(home: Home, policy: str | None = None) -> list[ProposedCard]:
    """Approved challengers that were not withdrawn: of one policy, or all."""
    running = [each for each in home.cards() if (each.role, each.state) == ("challenger", "approved")]
    return [each for each in running if policy in (None, each.policy)]


# -- proposing and deciding -------------------------------------------------------------------------


def propose(
    home: Home, path: Path, policy: str, *, by: str, role: str = "champion", note: str = "", now: int
) -> ProposedCard:
    """Propose the card in a file for a policy; ``now`` is in microseconds.

    Raises CreditlineError for a file that is no card or was changed by hand, a card that does not say what it was
    trained on, one over facts the policy does not have, and one that waits already.
    """
    checked = _role(role)
    read_card(path)
    source = path.read_text(encoding="utf-8")
    card = card_of(source, str(path))
    base = in_force(home, policy, now)
    _checked(home, base, card, checked, str(path))
    if len(note) > NOTE_MAX:
        raise PublishingError("--note", f"{note[:40]}...", f"give at most {NOTE_MAX} characters", "is too long")
    return home.propose_card(
        ProposedCard(
            hash=card.hash,
            source=source,
            data_sha256=_trained(card.training, "data_sha256", path),
            code_version=_trained(card.training, "version", path),
            policy=policy,
            policy_version=base.version,
            role=checked,
            proposed_by=person("--by", by),
            proposed_at=now,
            note=note.strip(),
        )
    )


def approve(
    home: Home,
    hash_: str,
    *,
    by: str,
    now: int,
    since: int | None = None,
    policy: str | None = None,
    role: str | None = None,
) -> ProposedCard:
    """Approve a proposed card as another person than the one who proposed it; the card as it stands then.

    A champion is put into its policy, which is published as a new version in force from ``since`` (microseconds,
    default now); the card's verdict says which. So is the policy with the facts a challenger needs and it lacks: it
    decides as before and measures them. Raises CreditlineError where the same person would approve, the card no longer
    fits the policy, or a version comes into force later that would take its place.
    """
    name = person("--by", by)
    with home.turn():
        card = proposed(home, hash_, WAITING, policy, role)
        if same_person(name, card.proposed_by):
            remedy = f"let another person approve it; {card.proposed_by} proposed it"
            raise PublishingError("--by", name, remedy, "may not approve what the same person proposed")
        verdict = Verdict("approved", name, now, **_published(home, card, since, now))
        home.decide_card(card.number, verdict)
        return _again(home, card)


def end(
    home: Home, hash_: str, *, by: str, why: str, now: int, policy: str | None = None, role: str | None = None
) -> ProposedCard:
    """Say no to a proposed card, or take a challenger out of the shadow; the card as it stands then.

    It is withdrawn where the person who proposed it does so or where it was approved before, else rejected.
    """
    name = person("--by", by)
    if not why.strip():
        raise PublishingError("--why", why, "say why, in a sentence", "gives no reason")
    if len(why) > NOTE_MAX:
        raise PublishingError("--why", f"{why[:40]}...", f"give at most {NOTE_MAX} characters", "is too long")
    with home.turn():
        card = proposed(home, hash_, STANDING, policy, role)
        own = card.state == "approved" or same_person(name, card.proposed_by)
        home.decide_card(card.number, Verdict("withdrawn" if own else "rejected", name, now, why.strip()))
        return _again(home, card)


def proposed(
    home: Home, hash_: str, states: Collection[State], policy: str | None = None, role: str | None = None
) -> ProposedCard:
    """The one proposal in these states that a hash, or its beginning, names; PublishingError for none or several."""
    wanted = hash_.strip().lower()
    if len(wanted) < PREFIX_MIN:
        raise PublishingError("scorecard", hash_, f"give {PREFIX_MIN} characters of its hash or more", "is too short")
    every = [each for each in home.cards() if each.hash.startswith(wanted)]
    every = [each for each in every if policy in (None, each.policy) and role in (None, each.role)]
    if not every:
        raise PublishingError("scorecard", hash_, _SEE, "is not proposed here")
    standing = [each for each in every if each.state in states]
    if not standing:
        remedy = f"propose it anew; {_SEE}"
        raise PublishingError("scorecard", hash_, remedy, f"is {every[-1].state} already")
    # Of one card what waits comes first: what was decided is not meant while something is left to decide.
    waiting = [each for each in standing if each.state == "proposed"]
    found = waiting or standing
    if len(found) > 1:
        several = {each.hash for each in found}
        remedy = "give more of its hash" if len(several) > 1 else "say which with --policy and --role"
        raise PublishingError("scorecard", hash_, f"{remedy}; {_SEE}", "names several proposals")
    return found[0]


def _published(home: Home, card: ProposedCard, since: int | None, now: int) -> dict[str, Any]:
    """Publish the policy with the card in its role where that makes another version of it; what was published."""
    begins = now if since is None else since
    base = in_force(home, card.policy, begins)
    made = _checked(home, base, card_of(card.source), card.role)
    if made.version == base.version:
        if since is not None:
            remedy = "leave it out: a challenger over facts the policy has runs in shadow from the next run on"
            raise PublishingError("--from", format_moment(since), remedy, "says nothing here")
        return {}
    versions = [each for each in home.policies() if each.name == card.policy]
    later = [each for each in versions if each.effective_from > begins]
    if later:
        moment = format_moment(later[-1].effective_from)
        problem = f"lies before version {later[-1].version[:12]} of {card.policy}, which would take its place"
        raise PublishingError("--from", format_moment(begins), f"give {moment} or later", problem)
    if not versions:
        # As it stood it goes on deciding about what was before.
        first = home.beginning()
        home.publish(base.name, base.version, base.text, begins - 1 if first is None else min(first, begins - 1))
    home.publish(made.name, made.version, made.text, begins, published_at=now)
    return {"policy_version": made.version, "effective_from": begins}


def _checked(home: Home, base: Policy, card: Card, role: Role, where: str = "card") -> Policy:
    """The policy as it would be with the card in the role. CreditlineError where the card fits it not."""
    check_meaning(home, base, card, where)
    if role == "champion":
        if fits(card, base):
            remedy = "there is nothing to publish"
            raise PublishingError("scorecard", card.hash[:12], remedy, f"decides {base.name} already")
        return inserted(base, card, where)
    made = with_facts_of(base, card, where)
    compiled(card, made.types, where)
    return made


def _role(role: str) -> Role:
    for each in ROLES:
        if each == role:
            return each
    raise PublishingError("--role", role, f"choose {' or '.join(ROLES)}")


def _trained(training: Mapping[str, Any], name: str, path: Path) -> str:
    said = training.get(name)
    if not isinstance(said, str) or not said.strip():
        remedy = "train it with creditline scorecard train, which writes that down"
        what = {"data_sha256": "the data it was trained on", "version": "the version it was trained with"}[name]
        raise PublishingError(f"{path}, training", said, remedy, f"does not say {what}")
    return said


def _again(home: Home, card: ProposedCard) -> ProposedCard:
    return next(each for each in home.cards() if each.number == card.number)


__all__ = [
    "APPROVED", "STANDING", "WAITING", "PublishingError", "approve", "card_of", "challengers", "champion", "end",
    "in_force", "person", "policies_using", "policy_of", "propose", "proposed", "same_person",
]  # fmt: skip
