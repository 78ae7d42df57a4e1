"""Rows that were not taken in: each with its place, the value at fault, why, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from creditline.errors import CreditlineError


class Rejected(CreditlineError):
    """A row that cannot be an event: ``place`` is file, row and field."""


class Reject(msgspec.Struct, frozen=True):
    """One line of a rejects file."""

    place: str
    value: Any
    reason: str
    remedy: str
    row: Any
    """The row as it was read: fields by name, or the text of the line where it could not be read."""

    @classmethod
    def of(cls, error: CreditlineError, row: object) -> Reject:
        """The reject for an error over a row."""
        return cls(error.place, error.value, error.problem, error.remedy, row)


def _plain(value: object) -> object:
    """Values of a row that JSON does not know, as text a user would have written."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    return str(value)


_encode = msgspec.json.Encoder(enc_hook=_plain, decimal_format="string").encode


def write_rejects(path: Path, rejects: Iterable[Reject]) -> int:
    """Write rejects as NDJSON in place of what the file held; return how many. None: no file is left."""
    rows = [_encode(reject) for reject in rejects]
    if not rows:
        path.unlink(missing_ok=True)
        return 0
    # Beside it first: a killed process leaves the old file or the new one, never half of one.
    draft = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(b"\n".join(rows) + b"\n")
        draft.replace(path)
    except OSError as error:
        remedy = "free space or make the folder writable, then run it again: what was taken in is kept once"
        raise CreditlineError(str(path), path.name, remedy, f"cannot be written ({error.strerror})") from error
    return len(rows)
