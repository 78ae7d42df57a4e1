"""``creditline simulate``: write simulated events, the truth about them, and a note that says they are simulated."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import msgspec
import typer

from creditline.cli.bars import bars
from creditline.clock import format_moment
from creditline.errors import CreditlineError
from creditline.events.canonical import digest as event_digest
from creditline.events.parse import to_row
from creditline.i18n import Language, preferred_language, text
from creditline.simulate import stream
from creditline.simulate.period import ENDS
from creditline.simulate.truth import truth_row

_LANG = preferred_language()


def register(app: typer.Typer) -> None:
    """Add ``simulate`` to the application."""
    app.command("simulate", help=text("simulate.help", _LANG))(_simulate)


def _simulate(
    out: Annotated[Path | None, typer.Option(help=text("simulate.out_help", _LANG))] = None,
    borrowers: Annotated[int, typer.Option(min=1, help=text("simulate.borrowers_help", _LANG))] = 2000,
    months: Annotated[int, typer.Option(min=1, max=240, help=text("simulate.months_help", _LANG))] = 18,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help=text("simulate.seed_help", _LANG))] = 7,
    truth: Annotated[Path | None, typer.Option(help=text("simulate.truth_help", _LANG))] = None,
    home: Annotated[Path | None, typer.Option(metavar="DIR", help=text("simulate.home_help", _LANG))] = None,
) -> None:
    """Write the events, and the truth if asked for, and say what was written; exit status 2 where it cannot be."""
    if (out is None) == (home is None):
        said = "neither" if out is None else f"{out} and {home}"
        raise CreditlineError("--out, --home", said, "give a file with --out, or a new folder with --home")
    if home is not None:
        _fill(home, truth, borrowers, months, seed)
        return
    assert out is not None
    typer.echo(text("simulate.notice", _LANG))
    note, deserved = write(out, truth, borrowers, months, seed)
    for line in _told(note, deserved, out, truth, _LANG):
        typer.echo(line)


def _fill(home: Path, truth: Path | None, borrowers: int, months: int, seed: int) -> None:
    """Put the borrowers into a new home."""
    from creditline.service.demo import TRUTH
    from creditline.service.simulated import fill

    if truth is not None:
        raise CreditlineError("--truth", str(truth), f"leave it out: {home / TRUTH} will hold it", "goes with --out")
    typer.echo(text("simulate.notice", _LANG))
    with bars() as told:
        made = fill(home, borrowers, months, seed, lambda done, all_: told(text("simulate.filling", _LANG), done, all_))
    figures = {"events": made.events, "borrowers": borrowers, "months": months, "seed": seed}
    typer.echo(text("simulate.written", _LANG, **figures, path=home))
    counts = {name: made.deserved[name] for name in ("keep", "close", "terminate", "decline")}
    typer.echo(text("simulate.truth_written", _LANG, **counts, path=home / TRUTH))


def write(out: Path, truth: Path | None, borrowers: int, months: int, seed: int) -> tuple[dict[str, Any], Counter[str]]:
    """Write events, truth and note; the note and how many lines deserve what. Memory does not grow with size."""
    whole, events, deserved = hashlib.sha256(), 0, Counter[str]()
    with _writing(out) as rows, _writing(truth) as truths:
        for lived, known in stream(borrowers, months, seed):
            for event in lived:
                whole.update(event_digest(event))
                rows.write(msgspec.json.encode(to_row(event)) + b"\n")
            truths.write(msgspec.json.encode(truth_row(known)) + b"\n")
            events += len(lived)
            deserved[known.deserves] += 1
    note = {
        "simulated": True,
        "notice": text("simulate.notice", "en"),
        "borrowers": borrowers,
        "months": months,
        "seed": seed,
        "ends": format_moment(ENDS),
        "events": events,
        "sha256": whole.hexdigest(),
    }
    note_path(out).write_bytes(msgspec.json.format(msgspec.json.encode(note), indent=2) + b"\n")
    return note, deserved


def note_path(out: Path) -> Path:
    """Where the note about a file of simulated events stands."""
    return out.with_name(out.name + ".simulated.json")


@contextmanager
def _writing(path: Path | None) -> Iterator[_Sink]:
    if path is None:
        yield _Nowhere()
    elif path.suffix == ".gz":
        # No name and no time in the header, so that the same seed gives the same bytes.
        with path.open("wb") as file, gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
            yield packed
    else:
        with path.open("wb") as file:
            yield file


class _Sink(Protocol):
    def write(self, data: bytes, /) -> int: ...


class _Nowhere:
    """Takes what is not asked for."""

    def write(self, _: bytes, /) -> int:
        """Take a row and forget it."""
        return 0


def _told(note: dict[str, Any], deserved: Counter[str], out: Path, truth: Path | None, lang: Language) -> Iterator[str]:
    figures = {name: note[name] for name in ("events", "borrowers", "months", "seed")}
    yield text("simulate.written", lang, **figures, path=out)
    if truth is not None:
        counts = {name: deserved[name] for name in ("keep", "close", "terminate", "decline")}
        yield text("simulate.truth_written", lang, **counts, path=truth)
    yield text("simulate.note_written", lang, path=note_path(out))
    yield text("simulate.digest", lang, digest=note["sha256"])
