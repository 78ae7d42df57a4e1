"""``creditline scorecard publish``: a card is proposed by one person and approved by another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from creditline.cli.options import HOME_DEFAULT, HomeOption, JsonOption, NowOption, echo_json, existing, present_moment
from creditline.cli.scorecard.options import LANG
from creditline.clock import format_moment, parse_moment
from creditline.errors import CreditlineError
from creditline.i18n import Language, text

if TYPE_CHECKING:
    from creditline.store import Home, ProposedCard

SHOWN = 12
"""Characters of a hash that people are shown."""


def publish(
    card: Annotated[Path | None, typer.Argument(metavar="[CARD]", help=text("cards.card_help", LANG))] = None,
    home: HomeOption = HOME_DEFAULT,
    policy: Annotated[str | None, typer.Option(metavar="NAME", help=text("cards.policy_help", LANG))] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help=text("cards.by_help", LANG))] = None,
    role: Annotated[str | None, typer.Option(metavar="champion|challenger", help=text("cards.role_help", LANG))] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help=text("cards.note_help", LANG))] = "",
    approve: Annotated[str | None, typer.Option(metavar="HASH", help=text("cards.approve_help", LANG))] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="MOMENT", help=text("cards.from_help", LANG))] = None,
    reject: Annotated[str | None, typer.Option(metavar="HASH", help=text("cards.reject_help", LANG))] = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help=text("cards.why_help", LANG))] = "",
    as_list: Annotated[bool, typer.Option("--list", help=text("cards.list_help", LANG))] = False,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Propose, approve, reject or list; exit status 2 where that may not be, and nothing is kept then."""
    from creditline.service import cards
    from creditline.store import Home

    _one_thing(card, approve, reject, as_list=as_list)
    _fits(card, approve, reject, {"--from": since, "--why": why, "--note": note})
    moment = present_moment(now)
    with Home.open(existing(home)) as opened:
        if as_list:
            _list(opened, policy, role, as_json=as_json)
            return
        name = _needed("--by", by)
        if card is not None:
            wanted = _needed("--policy", policy)
            done = cards.propose(opened, card, wanted, by=name, role=role or "champion", note=note, now=moment)
        elif approve is not None:
            from_moment = None if since is None else parse_moment(since)
            done = cards.approve(opened, approve, by=name, now=moment, since=from_moment, policy=policy, role=role)
        else:
            done = cards.end(opened, reject or "", by=name, why=why, now=moment, policy=policy, role=role)
        if as_json:
            echo_json(_plain(opened, done))
        else:
            _tell(done)


def _one_thing(card: Path | None, approve: str | None, reject: str | None, *, as_list: bool) -> None:
    wanted = [name for name, said in (("CARD", card), ("--approve", approve), ("--reject", reject)) if said is not None]
    wanted += ["--list"] if as_list else []
    if len(wanted) != 1:
        problem = "are several things at once" if wanted else "is nothing to do"
        remedy = "give one of CARD, --approve HASH, --reject HASH, --list"
        raise CreditlineError("scorecard publish", " ".join(wanted), remedy, problem)


def _fits(card: Path | None, approve: str | None, reject: str | None, given: dict[str, str | None]) -> None:
    """Refuse an option that would be passed over."""
    belongs = {"--from": ("--approve", approve), "--why": ("--reject", reject), "--note": ("CARD", card)}
    for option, said in given.items():
        other, there = belongs[option]
        if said and there is None:
            raise CreditlineError(option, said, f"give it with {other}, or leave it out", f"goes with {other} only")


def _needed(option: str, said: str | None) -> str:
    if said is None:
        raise CreditlineError(option, "", f"add {option} NAME", "is missing")
    return said


def _tell(card: ProposedCard) -> None:
    shown = card.hash[:SHOWN]
    verdict = card.verdicts[-1] if card.verdicts else None
    about: dict[str, object] = {"hash": shown, "policy": card.policy, "role": text(f"cards.role_{card.role}", LANG)}
    if verdict is None:
        typer.echo(text("cards.proposed", LANG, **about, by=card.proposed_by))
        typer.echo(text("cards.next_approve", LANG, hash=shown))
    elif verdict.verdict != "approved":
        typer.echo(text(f"cards.{verdict.verdict}", LANG, **about, by=verdict.by))
    elif verdict.policy_version is None:
        typer.echo(text("cards.approved_challenger", LANG, **about, by=verdict.by))
    else:
        assert verdict.effective_from is not None
        about |= {"since": format_moment(verdict.effective_from), "version": verdict.policy_version[:SHOWN]}
        key = "approved_champion" if card.role == "champion" else "approved_with_facts"
        typer.echo(text(f"cards.{key}", LANG, **about, by=verdict.by))


def _list(home: Home, policy: str | None, role: str | None, *, as_json: bool) -> None:
    found = [each for each in home.cards() if policy in (None, each.policy) and role in (None, each.role)]
    if as_json:
        echo_json([_plain(home, each) for each in found])
    elif found:
        _print_list(home, found, LANG)
    else:
        typer.echo(text("cards.none", LANG))


def _print_list(home: Home, found: list[ProposedCard], lang: Language) -> None:
    from creditline.reports.tables import Table, labelled, terminal
    from creditline.service.cards import card_of, policies_using

    names = ("hash", "policy", "role", "state", "proposed_by", "decided_by", "versions")
    rows = []
    for each in found:
        using = [version.version[:8] for version in policies_using(home, card_of(each.source))]
        rows.append(
            (
                each.hash[:SHOWN], each.policy, text(f"cards.role_{each.role}", lang),
                text(f"cards.state_{each.state}", lang), f"{each.proposed_by} {format_moment(each.proposed_at)[:10]}",
                ", ".join(f"{verdict.by} {format_moment(verdict.at)[:10]}" for verdict in each.verdicts),
                " ".join(using),
            )
        )  # fmt: skip
    labels = [text(f"cards.{name}", lang) for name in names]
    table = Table(text("cards.list_title", lang), labelled(*labels, text=range(len(names))), tuple(rows))
    Console(highlight=False).print(terminal(table))


def _plain(home: Home, card: ProposedCard) -> dict[str, Any]:
    """A proposal as one JSON object; moments as text, the card's own text left out."""
    from creditline.service.cards import card_of, policies_using

    using = policies_using(home, card_of(card.source))
    return {
        "hash": card.hash,
        "data_sha256": card.data_sha256,
        "code_version": card.code_version,
        "policy": card.policy,
        "policy_version": card.policy_version,
        "role": card.role,
        "state": card.state,
        "proposed_by": card.proposed_by,
        "proposed_at": format_moment(card.proposed_at),
        "note": card.note,
        "verdicts": [
            {
                "verdict": each.verdict, "by": each.by, "at": format_moment(each.at), "why": each.why,
                "policy_version": each.policy_version,
                "effective_from": None if each.effective_from is None else format_moment(each.effective_from),
            }
            for each in card.verdicts
        ],
        "used_by": [
            {"policy": each.name, "version": each.version, "effective_from": format_moment(each.effective_from)}
            for each in using
        ],
    }  # fmt: skip


__all__ = ["publish"]
