"""``creditline notice``: what a borrower is told of a decision, and the outbox such notices leave from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from creditline.cli.options import (
    HOME_DEFAULT,
    HomeOption,
    JsonOption,
    NowOption,
    echo_json,
    existing,
    language_of,
    present_moment,
)
from creditline.clock import format_moment, parse_moment
from creditline.errors import CreditlineError
from creditline.i18n import Language, preferred_language, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from creditline.notices import Notice, Profile
    from creditline.store import Home, Letter

FORMATS = {"text": "txt", "html": "html", "pdf": "pdf"}
"""Formats and the ending of their files."""

UTC_OFFSET = "+08:00"
"""Deadlines of several lines are told at this offset."""

_LANG = preferred_language()


def register(app: typer.Typer) -> None:
    """Add ``notice`` to the application."""
    app.command("notice", help=text("notice.help", _LANG))(notice)


def notice(
    line: Annotated[str | None, typer.Argument(help=text("notice.line_help", _LANG))] = None,
    decision: Annotated[int | None, typer.Option(min=0, help=text("notice.decision_help", _LANG))] = None,
    home: HomeOption = HOME_DEFAULT,
    lang: Annotated[str | None, typer.Option(help=text("notice.lang_help", _LANG))] = None,
    written_as: Annotated[str | None, typer.Option("--format", help=text("notice.format_help", _LANG))] = None,
    out: Annotated[Path | None, typer.Option(help=text("notice.out_help", _LANG))] = None,
    jurisdiction: Annotated[str | None, typer.Option(help=text("notice.jurisdiction_help", _LANG))] = None,
    prepare: Annotated[bool, typer.Option("--prepare", help=text("notice.prepare_help", _LANG))] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="MOMENT", help=text("notice.since_help", _LANG))
    ] = None,
    deliver: Annotated[
        Path | None, typer.Option("--deliver", metavar="FOLDER", help=text("notice.deliver_help", _LANG))
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help=text("notice.overdue_help", _LANG))] = False,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Show a notice or work the outbox; exit status 2 for what there is not, 1 where something was not delivered."""
    from creditline.service.keeping import profile_of
    from creditline.store import Home

    asked = _asked(line, prepare=prepare, deliver=deliver is not None, overdue=overdue)
    _only(asked, decision=decision, out=out, written_as=written_as, since=since)
    language = None if lang is None else language_of(lang)
    moment = present_moment(now)
    with Home.open(existing(home)) as opened:
        profile = profile_of(opened, jurisdiction)
        if asked == "LINE":
            assert line is not None
            _show(opened, line, decision, profile, language, written_as, out, as_json=as_json)
        elif asked == "--prepare":
            _prepare(opened, profile, language, moment, since, as_json=as_json)
        elif asked == "--deliver":
            assert deliver is not None
            _deliver(opened, deliver, moment, as_json=as_json)
        else:
            _overdue(opened, moment, as_json=as_json)


def _asked(line: str | None, *, prepare: bool, deliver: bool, overdue: bool) -> str:
    """Which of the things the command does is asked for; exactly one may be."""
    said = {"LINE": line is not None, "--prepare": prepare, "--deliver": deliver, "--overdue": overdue}
    asked = [name for name, given in said.items() if given]
    if len(asked) == 1:
        return asked[0]
    remedy = "name a line, or give one of --prepare, --deliver FOLDER, --overdue"
    problem = "are asked for at once" if asked else "is no question"
    raise CreditlineError("notice", " ".join(asked), remedy, problem)


def _only(asked: str, **given: object) -> None:
    """Refuse options that mean nothing beside what is asked."""
    belong = {"decision": "LINE", "out": "LINE", "written_as": "LINE", "since": "--prepare"}
    for name, value in given.items():
        if value is not None and belong[name] != asked:
            option = "--format" if name == "written_as" else f"--{name}"
            raise CreditlineError(option, str(value), f"give it with {belong[name]}", f"means nothing with {asked}")


# -- one notice -----------------------------------------------------------------------------------------


def _show(
    home: Home,
    line: str,
    decision: int | None,
    profile: Profile,
    lang: Language | None,
    written_as: str | None,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    from creditline.service.notices import notice_for

    shape = _shape(written_as, out, as_json=as_json)
    made, policy = notice_for(home, line, decision, profile, lang)
    if as_json:
        from creditline.reports.notice import as_plain

        echo_json(as_plain(made, policy.utc_offset))
        return
    content = _content(made, shape)
    if out is None:
        typer.get_binary_stream("stdout").write(content)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise CreditlineError("--out", str(out), "give a file that may be written", problem) from error
    typer.echo(text("notice.written", preferred_language(), path=out), err=True)


def _shape(written_as: str | None, out: Path | None, *, as_json: bool) -> str:
    """The format asked for, in words or by the name of the file."""
    if as_json and (written_as is not None or out is not None):
        raise CreditlineError(
            "--json", "--format" if out is None else "--out", "leave out one of the two", "is asked for too"
        )
    if written_as is not None:
        if written_as not in FORMATS:
            raise CreditlineError("--format", written_as, f"choose {', '.join(FORMATS)}")
        return written_as
    if out is None:
        return "text"
    ending = out.suffix.removeprefix(".").lower()
    found = next((name for name, each in FORMATS.items() if each == ending), None)
    if found is None:
        raise CreditlineError("--out", str(out), f"say --format {', '.join(FORMATS)}", "does not tell its format")
    return found


def _content(made: Notice, shape: str) -> bytes:
    from creditline.reports.notice import forms

    return forms(pdf=shape == "pdf")[FORMATS[shape]](made)


# -- the outbox -----------------------------------------------------------------------------------------


def _prepare(
    home: Home, profile: Profile, lang: Language | None, now: int, since: str | None, *, as_json: bool
) -> None:
    from creditline.service.notices import prepare

    count = prepare(home, profile, now=now, since=None if since is None else parse_moment(since), lang=lang)
    if as_json:
        echo_json({"prepared": count})
        return
    typer.echo(text("notice.prepared", preferred_language(), count=count))


def _deliver(home: Home, folder: Path, now: int, *, as_json: bool) -> None:
    from creditline.reports.notice import forms
    from creditline.reports.notice_pdf import can_print
    from creditline.service.notices import FolderSender, deliver

    lang = preferred_language()
    if not can_print():
        typer.echo(text("notice.without_pdf", lang), err=True)
    done = deliver(home, FolderSender(folder, forms(pdf=can_print())), now)
    if as_json:
        failed = [{**_plain(letter), "problem": problem} for letter, problem in done.failed]
        echo_json({"sent": done.sent, "dropped": done.dropped, "failed": failed})
    else:
        typer.echo(text("notice.delivered", lang, sent=done.sent, dropped=done.dropped, failed=len(done.failed)))
        for letter, problem in done.failed:
            told = text("notice.failure", lang, line=letter.line, decision=letter.decision, problem=problem)
            typer.echo(told, err=True)
    if done.failed:
        raise typer.Exit(1)


def _overdue(home: Home, now: int, *, as_json: bool) -> None:
    from creditline.service.notices import overdue

    late = overdue(home, now)
    if as_json:
        echo_json({"overdue": [_plain(letter) for letter in late]})
        return
    lang = preferred_language()
    if not late:
        typer.echo(text("notice.none_overdue", lang))
        return
    Console(highlight=False).print(_table(late, lang))


def _table(late: Sequence[Letter], lang: Language) -> object:
    from creditline.reports import tables

    labels = [text(f"notice.{name}", lang) for name in ("line", "number", "kind", "deadline")]
    rows = tuple(
        (each.line, str(each.decision), text(f"notice.kind_{each.kind}", lang), _moment(each.deadline)) for each in late
    )
    caption = text("notice.overdue_caption", lang, count=len(late))
    return tables.terminal(tables.Table(caption, tables.labelled(*labels, text=(0, 2, 3)), rows))


def _moment(t: int | None) -> str:
    return "" if t is None else format_moment(t, UTC_OFFSET)[:16].replace("T", " ")


def _plain(letter: Letter) -> dict[str, object]:
    def told(t: int | None) -> str | None:
        return None if t is None else format_moment(t, UTC_OFFSET)

    return {
        "line": letter.line,
        "decision": letter.decision,
        "kind": letter.kind,
        "lang": letter.lang,
        "jurisdiction": letter.jurisdiction,
        "edition": letter.edition,
        "hash": letter.hash,
        "state": letter.state,
        "deadline": told(letter.deadline),
        "queued_at": told(letter.queued_at),
        "sent_at": told(letter.sent_at),
        "read_at": told(letter.read_at),
    }


__all__ = ["register"]
