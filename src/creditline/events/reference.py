"""The page of all event kinds, written from the registry: ``python -m creditline.events.reference [FILE]``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from creditline.events.kinds import KINDS, FieldSpec, KindSpec, Unit
from creditline.events.parse import NAME_MAX, describe

PAGE = Path("docs/events.md")
"""Where the page stands in the repository."""

_UNITS: dict[Unit, str] = {
    "money": "money", "count": "count", "days": "days", "months": "months", "score": "score", "hour": "hour of day",
    "moment": "moment", "flag": "flag", "choice": "choice", "text": "text",
}  # fmt: skip

_HEAD = f"""\
# Event kinds

Generated from `src/creditline/events/kinds.py` by `python -m creditline.events.reference`; do not edit.

## Rows
Events come in as flat rows, by the same names in NDJSON (`.ndjson`, `.jsonl`), CSV (`.csv`) and Parquet (`.parquet`);
NDJSON and CSV may be gzipped (`.gz`). The order of rows does not matter.

| column | required | what it says |
|---|---|---|
| `id` | yes | name of the event, unique within its line; up to {NAME_MAX} characters |
| `line` | yes | name of the line; up to {NAME_MAX} characters |
| `kind` | yes | one of the kinds below |
| `happened_at` | yes | when it happened, RFC 3339 with offset (`2026-03-01T09:30:00+08:00`); not in the future |
| `known_at` | no | when the lender came to know; without it `happened_at`, and never before that |

- Money is written in currency units with at most two decimals, as text or a JSON number (`"1200.00"`, `1200.5`), and is
  read exactly.
- An empty CSV cell, JSON `null` and a Parquet null mean that the field is absent.
- A CSV file ends with a line break: a last row without one may have been cut inside its last cell and is rejected.
- A line begins with {{beginnings}}. Other events of a line that neither the log nor the file
  begins are rejected.
- The same `id` with the same content is a duplicate and counted; with other content it is rejected, and what is in the
  log stands.
- A wrong event is voided by another, `event.voided`, that names it. A void cannot be voided: send the event that should
  count again, under a new id.
- Events of one line that state the same moment are parted by whole microseconds, in order of `id` within a file and
  after what the log already holds.

## Canonical encoding
Evidence is taken over the SHA-256 of an event's canonical encoding: the bytes `creditline.event.1`, a line feed, and
one JSON object by RFC 8785 (keys sorted, no blanks, UTF-8), holding whole numbers and text only.

| key | value |
|---|---|
| `at`, `known` | the moments as stated in the row, microseconds since 1970 UTC |
| `body` | the kind's fields by name: money in hundredths, moments in microseconds, flags as 0 or 1, choices and text \
as text, absent fields left out, defaults written out |
| `id`, `kind`, `line` | text |

## Kinds
Data of a *source* is what a consent is given for and an incident is declared on.
"""


def page() -> str:
    """The whole page as Markdown."""
    beginnings = " or ".join(f"`{spec.name}`" for spec in KINDS.values() if spec.struct.begins_line)
    return "\n".join([_HEAD.replace("{beginnings}", beginnings), *map(_section, KINDS.values())])


def _section(spec: KindSpec) -> str:
    notes = [f"Source: {spec.source}. Code: {spec.code}."]
    if spec.struct.begins_line:
        notes.append("May begin a line.")
    if spec.struct.is_truth:
        notes.append("Tells an outcome: no policy may read it.")
    parts = [f"### {spec.name}", spec.doc, "", " ".join(notes), ""]
    if spec.fields:
        parts += ["| field | unit | required | may be |", "|---|---|---|---|", *_fields(spec), ""]
    return "\n".join(parts)


def _fields(spec: KindSpec) -> Iterator[str]:
    for field, info in zip(spec.fields.values(), msgspec.structs.fields(spec.struct), strict=True):
        required = "yes" if info.required else _default(field, info.default)
        yield f"| `{field.name}` | {_UNITS[field.unit]} | {required} | {describe(field)} |"


def _default(field: FieldSpec, default: object) -> str:
    if default is None:
        return "no"
    return f"no, else {str(default).lower() if field.unit == 'flag' else default}"


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE).write_text(page(), encoding="utf-8")
