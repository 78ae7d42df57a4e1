"""Tables people bring to train and score on: CSV, ARFF and Parquet files into columns of numbers or of text.

What a cell says is settled here once, the same for every kind of file. Cells are stripped of spaces; those that read
``?``, ``.``, ``NA``, ``N/A``, ``#N/A``, ``<NA>``, ``nan``, ``null`` or ``\\N`` in any case, and empty ones, are
missing (``none`` is not: in credit files it is an answer). A column is one of numbers when all its cells are:
``-1.5e3``, ``true``/``false`` (1 and 0), ``12.5%`` (12.5) where every cell has the sign, and with commas by the
delimiter of the file: between commas ``"1,234"`` is grouped, between anything else ``0,5`` is a decimal comma.
Any other column is text. A single word among many numbers is neither guessed nor dropped but refused.

A word named as special, such as ``refused``, is a category in a column of text. In a column of numbers it is a code
like -999: a number far below any amount, worked out from the word alone (``code_of``), so that it is the same in every
file; tables, features and cards carry the number, and files of cards the word.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.scoring.measures import auc

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]
Bools = NDArray[np.bool_]
Kind = Literal["number", "text"]

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".arff", ".arff.gz", ".parquet", ".zip")
"""What the name of a file may end with."""

MISSING = frozenset({"", "?", ".", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "\\n"})
"""Cells without an answer, in small letters."""

MOSTLY = 0.9
"""Share of numbers from which a word among them is a mistake rather than a category ..."""

FEW = 50
"""... if there are more different values than this; fewer are taken as categories."""

ASIDE_MAX = 0.1
"""Share of rows set aside above which the whole file is refused."""

PARTED_LEAST = 5
"""Rows of each outcome from which a limit between them is no chance."""

SEEN_MAX = 20
"""Most values an error lists."""

DELIMITERS = (",", ";", "\t", "|")

CODES_FROM = -8_700_000_000_000_000
"""Codes of special words lie from here down to -2**53, whole and exact, where no amount is."""

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_INFINITE = frozenset({"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "1.#inf", "-1.#inf"})
_BOOLEANS = {"true": 1.0, "false": 0.0}
_TOKEN = re.compile(r"""\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|([^,'"]*))\s*(,|$)""")
_ATTRIBUTE = re.compile(r"""@attribute\s+(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|(\S+))\s+(.+)""", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(.)")


class TableError(CreditlineError):
    """A file, column or cell that cannot be trained or scored on."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column: exactly one of ``numeric`` and ``text`` is there."""

    name: str
    numeric: Floats | None = None
    """Finite numbers, NaN where missing."""
    text: Objects | None = None
    """``str``, None where missing."""

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.numeric is not None

    @property
    def missing(self) -> Bools:
        """Which rows have no answer."""
        if self.numeric is not None:
            return np.isnan(self.numeric)
        assert self.text is not None
        return np.array([value is None for value in self.text], np.bool_)

    def seen(self) -> list[str]:
        """The different values as text, numbers ascending, words most frequent first; without missing."""
        if self.numeric is not None:
            return [number_text(value) for value in np.unique(self.numeric[~np.isnan(self.numeric)])]
        assert self.text is not None
        return [value for value, _ in Counter(value for value in self.text if value is not None).most_common()]


@dataclass(frozen=True)
class Aside:
    """A row that is no row of the table, and was kept out of it."""

    place: str
    """File and line, or lines."""
    why: str


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length, in the order of the file."""

    columns: dict[str, Column]
    rows: int
    source: str = "table"
    """Name of the file, for errors."""
    lines: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """Line of the file each row begins on; empty where the file has no lines (Parquet)."""
    aside: tuple[Aside, ...] = ()
    """Rows kept out because they have too few or too many cells or broken quotes."""
    special: tuple[float, ...] = ()
    """Numbers that stand for something other than an amount, such as -999, or for a special word; ascending."""
    words: Mapping[float, str] = field(default_factory=dict)
    """Of each code of a special word the word."""

    def place(self, row: int) -> str:
        """Where a row stands, numbered from 0 here: file and line, else file and number from 1."""
        return f"{self.source}:{self.lines[row]}" if len(self.lines) else f"{self.source}, row {row + 1}"

    def column(self, name: str) -> Column:
        """The column of this name; raises TableError that lists those there are."""
        if name in self.columns:
            return self.columns[name]
        raise no_column(self.source, name, self.columns)


def no_column(source: str, name: str, names: Iterable[str]) -> TableError:
    """The error for a column that is not there."""
    known = list(names)
    near = get_close_matches(name, known, n=1)
    remedy = (f"did you mean {near[0]!r}? " if near else "") + f"it has {_listed(known)}"
    return TableError(source, name, remedy, "is no column of the file")


def number_text(value: float) -> str:
    """A number as one writes it: 1 for 1.0, 0.25 for 0.25."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def number_of(cell: str) -> float | None:
    """The plain number a text says, None where it is none; may be infinite where it is too large."""
    return float(cell) if _PLAIN.fullmatch(cell) else None


def code_of(word: str) -> float:
    """The number that stands for a special word in columns of numbers."""
    return float(CODES_FROM - int.from_bytes(hashlib.sha256(word.encode()).digest()[:6], "big"))


def specials(given: Iterable[float | str]) -> tuple[tuple[float, ...], dict[float, str]]:
    """Special values as numbers, ascending, and of each that is the code of a word the word.

    Raises TableError for what is not finite.
    """
    numbers: set[float] = set()
    words: dict[float, str] = {}
    for each in given:
        number = number_of(each.strip()) if isinstance(each, str) else float(each)
        if number is None:
            words[code_of(str(each).strip())] = str(each).strip()
        elif not np.isfinite(number):
            raise TableError("special", each, "give finite numbers or words", "is not finite")
        else:
            numbers.add(number)
    return tuple(sorted({*numbers, *words})), dict(sorted(words.items()))


def as_given(special: Iterable[float], words: Mapping[float, str]) -> list[float | str]:
    """Special values as people give them and ``specials`` takes them: numbers ascending, then words in order."""
    numbers = sorted(each for each in special if each not in words)
    return [*numbers, *sorted(words[each] for each in special if each in words)]


def read_table(
    path: Path,
    *,
    special: Sequence[float | str] = (),
    unused: Collection[str] = (),
    kinds: Mapping[str, Kind] | None = None,
) -> Table:
    """The table in a file; its format is told by its name, see ``SUFFIXES``. A ZIP archive holds one such file.

    ``special`` numbers stay numbers and are listed in the table, as are the codes that special words get in columns of
    numbers; in columns of text they are categories. Columns in ``unused`` are kept as they come and never refused.
    ``kinds`` says what columns must be in place of what they look like, so that a file scored is read as the one
    trained on was; columns it does not name are then unused. Raises TableError with file, line, column and value.
    """
    numbers, words = specials(special)
    name, content = _content(path)
    kind = _format(name)
    if kind == "parquet":
        read = _parquet(path.name, content)
    else:
        text = _decoded(path.name, content)
        read = _arff(path.name, text) if kind == "arff" else _csv(path.name, text)
    rows = len(next(iter(read.cells.values())))
    if rows == 0:
        raise TableError(path.name, "0 rows", "give a file with rows under its column names", "holds no rows")
    table = Table({}, rows, path.name, read.lines, read.aside, numbers, words)
    words_of = {word: code for code, word in words.items()}
    for column, given in read.cells.items():
        wanted = (kinds or read.kinds).get(column)
        checked = column not in unused if kinds is None else column in kinds
        if isinstance(given, np.ndarray):
            typed = _number_column(column, given, table, checked=checked)
            table.columns[column] = _as_text(typed) if wanted == "text" else typed
        else:
            asked = _Asked(wanted, words_of, read.delimiter, checked=checked)
            table.columns[column] = _typed(column, given, asked, table)
    return table


def target_of(table: Table, column: str, bad: str) -> Bools:
    """Which rows are bad: those whose ``column`` says ``bad``, as text or as a number (``1`` is ``1.0``).

    Raises TableError where the column is not there, has missing cells, never says ``bad``, or says nothing else.
    """
    target = table.column(column)
    # A word that is no outcome, such as "pending", tells none; it must not count as good.
    coded = np.isin(target.numeric, list(table.words)) if target.numeric is not None else np.zeros(table.rows, np.bool_)
    missing = np.flatnonzero(target.missing | coded)
    if len(missing):
        remedy = f"take the {len(missing)} rows without an outcome out of the file"
        raise TableError(
            f"{table.place(int(missing[0]))}, {column}", None, remedy, "is missing: the outcome is unknown"
        )
    wanted = bad.strip()
    number = number_of(wanted) if wanted.casefold() not in _BOOLEANS else _BOOLEANS[wanted.casefold()]
    if target.numeric is not None:
        found = target.numeric == number if number is not None else np.zeros(table.rows, np.bool_)
    else:
        assert target.text is not None
        same = {value for value in set(target.text) if value == wanted or _same_number(value, number)}
        found = np.array([value in same for value in target.text], np.bool_)
    place = f"{table.source}, {column}"
    if not found.any():
        raise TableError(place, bad, f"choose one of the values seen: {_listed(target.seen())}", "is no value of it")
    if found.all():
        raise TableError(place, bad, "bring rows of both kinds: good and bad", f"is what all {table.rows} rows say")
    return np.asarray(found, np.bool_)


def leaks(table: Table, bad: Bools, names: Iterable[str]) -> dict[str, str]:
    """Columns among ``names`` that tell the outcome of every row, and how: something known only afterwards.

    A column leaks when it has answers for one outcome and none for the other (special values are no answers), when each
    of its few values has rows of one outcome only (missing is a value too), and when one limit parts its numbers into
    bad and good.
    """
    found = {}
    for name in names:
        column = table.columns[name]
        missing = _silent(column, table)
        if missing.any() and not missing.all() and _one_outcome(bad[missing]) and _one_outcome(bad[~missing]):
            found[name] = "is there for one outcome and missing for the other"
        elif _told(column, bad):
            found[name] = "tells the outcome of every row by its values"
        elif column.numeric is not None and _parted(np.where(missing, np.nan, column.numeric), bad):
            found[name] = "tells the outcome of every row by one limit"
    return found


def suspects(table: Table, bad: Bools, names: Iterable[str], least: float = 0.95) -> dict[str, float]:
    """Columns among ``names`` that part bad from good alone with an AUC of ``least`` or more: leaks, if not luck.

    Numbers count in the better direction, without missing and special ones; texts of few values by the share of bad of
    each.
    """
    found = {}
    for name in names:
        column = table.columns[name]
        if column.numeric is not None:
            said = ~_silent(column, table)
            area = auc(column.numeric[said], bad[said])
        else:
            codes, place = _codes(column)
            shares = np.bincount(place[bad], minlength=codes) / np.maximum(np.bincount(place, minlength=codes), 1)
            area = auc(-shares[place], bad) if codes <= FEW else None
        if area is not None and max(area, 1 - area) >= least:
            found[name] = max(area, 1 - area)
    return found


def useless(table: Table, names: Iterable[str]) -> dict[str, str]:
    """Columns among ``names`` that can tell nothing of other rows, and why: empty, constant, or naming the rows."""
    found = {}
    for name in names:
        column = table.columns[name]
        present = int((~column.missing).sum())
        different = len(column.seen())
        if present == 0:
            found[name] = "is empty"
        elif different == 1 and present == table.rows:
            found[name] = "says the same in every row"
        elif _names_rows(column, present, different, table.rows):
            found[name] = "names the rows"
    return found


_NAMES_OF_ROWS = frozenset({"id", "ids", "uuid", "guid", "key", "index", "rowid"})
_NAMES_OF_ROWS_ZH = ("编号", "序号", "证件号", "身份证")


def _names_rows(column: Column, present: int, different: int, rows: int) -> bool:
    if rows < SEEN_MAX:
        return False
    words = set(re.split(r"[^a-z0-9]+", column.name.casefold()))
    named = bool(words & _NAMES_OF_ROWS) or any(part in column.name for part in _NAMES_OF_ROWS_ZH)
    if named and different > min(FEW, MOSTLY * present):
        return True
    if column.numeric is None:
        return different >= MOSTLY * present
    # Counted up row by row, as an export does that numbers its rows.
    return present == rows and bool((np.diff(column.numeric) == 1).all())


def _silent(column: Column, table: Table) -> Bools:
    """Which rows say no amount where amounts are said: missing ones, and special ones."""
    if column.numeric is None:
        return column.missing
    return np.asarray(np.isnan(column.numeric) | np.isin(column.numeric, table.special), np.bool_)


def _one_outcome(bad: Bools) -> bool:
    return bool(bad.all() or not bad.any())


def _parted(values: Floats, bad: Bools) -> bool:
    """Whether one limit parts bad from good among the rows that have a value, the others being of one kind."""
    said = ~np.isnan(values)
    bads, goods = values[said & bad], values[said & ~bad]
    # One bad row alone often has the highest value of some column.
    if min(len(bads), len(goods)) < PARTED_LEAST or not _one_outcome(bad[~said]):
        return False
    return bool(bads.min() > goods.max() or bads.max() < goods.min())


def _told(column: Column, bad: Bools) -> bool:
    codes, place = _codes(column)
    if codes > min(FEW, len(bad) // 2):
        return False
    bads, rows = np.bincount(place[bad], minlength=codes), np.bincount(place, minlength=codes)
    return bool(((bads == 0) | (bads == rows)).all())


def _codes(column: Column) -> tuple[int, NDArray[np.int64]]:
    """How many different values there are, missing included, and which each row has."""
    if column.numeric is not None:
        found, place = np.unique(column.numeric, return_inverse=True)
        return len(found), place.astype(np.int64)
    assert column.text is not None
    numbers: dict[str | None, int] = {}
    places = [numbers.setdefault(value, len(numbers)) for value in column.text]
    return len(numbers), np.array(places, np.int64)


def _same_number(value: str, number: float | None) -> bool:
    return number is not None and number_of(value) == number


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - SEEN_MAX} more" if len(values) > SEEN_MAX else ""
    return ", ".join(map(repr, values[:SEEN_MAX])) + more


# Files into cells.


@dataclass(frozen=True, eq=False)
class _Read:
    cells: dict[str, Sequence[str] | Floats]
    lines: NDArray[np.int64]
    aside: tuple[Aside, ...]
    kinds: dict[str, Kind]
    delimiter: str


def _format(name: str) -> str:
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return suffix.split(".")[1]
    raise TableError(name, Path(name).suffix, f"name it with one of {', '.join(SUFFIXES)}", "is no known suffix")


def _content(path: Path) -> tuple[str, bytes]:
    """Name and bytes of the file, unpacked."""
    _format(path.name)
    if not path.is_file():
        raise TableError(str(path), path.name, "give the path of a file", "is no file")
    try:
        content = path.read_bytes()
        name = path.name
        if name.lower().endswith(".zip"):
            name, content = _unzipped(path.name, content)
        if name.lower().endswith(".gz"):
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise TableError(str(path), path.name, "export it again", f"is damaged or cut ({error})") from error
    except OSError as error:
        remedy = "check that the file may be read and its disk is healthy"
        raise TableError(str(path), path.name, remedy, f"cannot be read ({error.strerror})") from error
    if not content.strip():
        raise TableError(str(path), f"{len(content)} bytes", "export it again", "is an empty file")
    return name, content


def _unzipped(name: str, content: bytes) -> tuple[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = [each for each in archive.infolist() if not each.is_dir() and "__MACOSX" not in each.filename]
        if len(inside) != 1:
            names = [each.filename for each in inside]
            raise TableError(name, _listed(names), "pack one file, or unpack the one wanted", f"are {len(names)} files")
        member = inside[0]
        if member.flag_bits & 1:
            raise TableError(name, member.filename, "pack it without a password", "is locked by a password")
        if member.filename.lower().endswith(".zip"):
            raise TableError(name, member.filename, "pack the table itself", "is an archive in the archive")
        _format(member.filename)
        return member.filename, archive.read(member)


def _decoded(name: str, content: bytes) -> str:
    wide = content[:2] in {b"\xff\xfe", b"\xfe\xff"}
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TableError(
            f"{name}:{line}", content[error.start : error.start + 8], "save it as UTF-8", "is no UTF-8 text"
        ) from error
    if not text.strip():
        raise TableError(name, f"{len(content)} bytes", "export it again", "is an empty file")
    return text


def _delimiter(text: str) -> str:
    """The delimiter by which the first lines have cells, and the same number of them."""
    first = list(islice(io.StringIO(text, newline=""), 100))

    def fits(delimiter: str) -> tuple[bool, float, int]:
        widths = [len(row) for row in csv.reader(first, delimiter=delimiter) if row]
        same = sum(width == widths[0] for width in widths) / max(len(widths), 1)
        return bool(widths) and widths[0] > 1, same, widths[0] if widths else 0

    return max(DELIMITERS, key=fits)


def _csv(name: str, text: str) -> _Read:
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    aside: list[Aside] = []
    # Lines a broken quote runs over count as the rows they may have been.
    lost = 0
    while True:
        start = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if header is None:
                raise TableError(
                    f"{name}:{start}", str(error), "put the quotes right", "is no line of names"
                ) from error
            aside.append(Aside(_span(name, start, reader.line_num), f"quotes do not pair ({error})"))
            lost += reader.line_num - start + 1
            continue
        if not row:
            continue
        if header is None:
            header = _header(f"{name}:{start}", row)
        elif len(row) != len(header):
            aside.append(Aside(_span(name, start, reader.line_num), f"{len(row)} cells under {len(header)} names"))
            lost += reader.line_num - start + 1
        else:
            rows.append(row)
            lines.append(start)
    assert header is not None
    return _together(header, rows, lines, aside, lost, {}, delimiter)


def _span(name: str, first: int, last: int) -> str:
    return f"{name}:{first}" if last <= first else f"{name}:{first}-{last}"


def _together(
    header: list[str],
    rows: list[list[str]],
    lines: list[int],
    aside: list[Aside],
    lost: int,
    kinds: dict[str, Kind],
    delimiter: str,
) -> _Read:
    if lost > ASIDE_MAX * (lost + len(rows)):
        remedy = "give every row as many cells as there are column names, and close every quote"
        raise TableError(
            aside[0].place, aside[0].why, remedy, f"is the first of {lost} such lines beside {len(rows)} sound rows"
        )
    columns: list[tuple[str, ...]] = list(zip(*rows, strict=True)) if rows else [() for _ in header]
    cells: dict[str, Sequence[str] | Floats] = dict(zip(header, columns, strict=True))
    return _Read(cells, np.array(lines, np.int64), tuple(aside), kinds, delimiter)


def _header(place: str, row: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in row]
    if "" in names:
        problem = f"is the name of column {names.index('') + 1}"
        raise TableError(place, "", "give every column a name, or take it out", problem)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise TableError(place, twice[0], "give each column a name of its own", "is the name of several columns")
    if all(number_of(name) is not None for name in names):
        raise TableError(place, names[0], "put a line of column names first", "is a number where names are expected")
    return names


def _arff(name: str, text: str) -> _Read:
    names: list[str] = []
    kinds: dict[str, Kind] = {}
    rows: list[list[str]] = []
    lines: list[int] = []
    aside: list[Aside] = []
    data = False
    for number, line in _meant(text):
        place = f"{name}:{number}"
        word = line.split(None, 1)[0].lower()
        if data:
            if line.startswith("{"):
                raise TableError(place, line[:60], "write every value of a row", "is a sparse row")
            cells = _arff_cells(line)
            if cells is None or len(cells) != len(names):
                why = "quotes do not pair" if cells is None else f"{len(cells)} cells under {len(names)} attributes"
                aside.append(Aside(place, why))
            else:
                rows.append(cells)
                lines.append(number)
        elif word == "@attribute":
            attribute = _attribute(place, line)
            names.append(attribute[0])
            if attribute[1] is not None:
                kinds[attribute[0]] = attribute[1]
        elif word == "@data":
            data = True
            names = _header(place, names) if names else names
        elif word != "@relation":
            raise TableError(place, line[:60], "write @relation, @attribute, @data or a % comment", "is not ARFF")
    if not data or not names:
        raise TableError(name, "no @data" if names else "no @attribute", "export it again", "is what the file has")
    return _together(names, rows, lines, aside, len(aside), kinds, ",")


def _meant(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without comments and blank ones."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("%"):
            yield number, line.strip()


def _attribute(place: str, line: str) -> tuple[str, Kind | None]:
    match = _ATTRIBUTE.fullmatch(line)
    if match is None:
        raise TableError(place, line[:60], "write @attribute, a name and a type", "is no attribute")
    single, double, bare, kind = match.groups()
    name = bare if bare is not None else _ESCAPE.sub(r"\1", single if single is not None else double)
    if kind.startswith("{"):
        return name, "text"
    word = kind.split()[0].lower()
    if word in {"numeric", "real", "integer"}:
        return name, "number"
    if word in {"string", "date"}:
        return name, None
    raise TableError(place, kind, "use numeric, real, integer, string, date or {a, b}", "is no type of an attribute")


def _arff_cells(line: str) -> list[str] | None:
    """Cells of a row, None where quotes do not pair."""
    if "'" not in line and '"' not in line:
        return line.split(",")
    cells, at = [], 0
    while True:
        match = _TOKEN.match(line, at)
        if match is None:
            return None
        single, double, bare, end = match.groups()
        cells.append(bare if bare is not None else _ESCAPE.sub(r"\1", single if single is not None else double))
        if not end:
            return cells
        at = match.end()


def _parquet(name: str, content: bytes) -> _Read:
    """Numbers as they are, everything else as text; raises TableError for nested columns."""
    import pyarrow.parquet as pq

    try:
        read = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise TableError(name, f"{len(content)} bytes", "export it again", f"is no sound Parquet ({error})") from error
    names = _header(name, read.column_names)
    cells = {given: _parquet_column(name, given, read.column(at)) for at, given in enumerate(names)}
    return _Read(cells, np.zeros(0, np.int64), (), {}, ",")


def _parquet_column(name: str, column: str, values: pa.ChunkedArray) -> Sequence[str] | Floats:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        whole = values.cast(pa.int8()) if pa.types.is_boolean(kind) else values
        numbers = whole.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return np.asarray(numbers, np.float64)
    if pa.types.is_decimal(kind):
        return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise TableError(f"{name}, {column}", str(kind), "bring columns of numbers, text or dates", "is the type of it")
    return ["" if value is None else str(value) for value in values.to_pylist()]


# Cells into columns.


@dataclass(frozen=True)
class _Asked:
    kind: Kind | None
    words: Mapping[str, float]
    """Of each special word its code."""
    delimiter: str
    checked: bool


def _typed(name: str, given: Sequence[str], asked: _Asked, table: Table) -> Column:
    cells = [_cell(each, asked.words) for each in given]
    if asked.kind == "text" or not asked.checked:
        return Column(name, text=_objects(cells))
    said = [None if each in asked.words else each for each in cells] if asked.words else cells
    numbers = _quick(said)
    if numbers is None:
        numbers = _slow(name, said, asked, table)
    if numbers is None:
        return Column(name, text=_objects(cells))
    return _number_column(name, _with_codes(name, numbers, cells, asked, table), table, checked=True)


def _with_codes(name: str, numbers: Floats, cells: Sequence[str | None], asked: _Asked, table: Table) -> Floats:
    """The numbers with the codes of special words in their cells; raises TableError for a number that is a code."""
    if not asked.words:
        return numbers
    taken = np.flatnonzero(np.isin(numbers, list(asked.words.values())))
    if len(taken):
        row = int(taken[0])
        remedy = "write amounts in larger units"
        raise TableError(f"{table.place(row)}, {name}", cells[row], remedy, "is a number special words are coded by")
    codes = np.array([math.nan if cell is None else asked.words.get(cell, math.nan) for cell in cells], np.float64)
    return np.where(np.isnan(codes), numbers, codes)


def _cell(given: str, words: Collection[str]) -> str | None:
    stripped = given.strip()
    return None if stripped.casefold() in MISSING and stripped not in words else stripped


def _objects(cells: Sequence[str | None]) -> Objects:
    held = np.empty(len(cells), np.object_)
    held[:] = cells
    return held


def _quick(cells: Sequence[str | None]) -> Floats | None:
    """All cells as plain numbers, None where some are not."""
    try:
        return np.asarray(pa.array(cells, pa.string()).cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    except pa.ArrowInvalid:
        return None


def _slow(name: str, cells: Sequence[str | None], asked: _Asked, table: Table) -> Floats | None:
    """Numbers in any of the ways people write them; None for a column of text; raises TableError for a mixture."""
    different = {cell for cell in cells if cell is not None}
    read = {cell: _read_number(cell, asked.delimiter) for cell in different}
    if different and all(cell.endswith("%") for cell in different):
        read = {cell: _read_number(cell[:-1].rstrip(), asked.delimiter) for cell in different}
    if {cell.casefold() for cell in different} <= _BOOLEANS.keys():
        read = {cell: _BOOLEANS[cell.casefold()] for cell in different}
    words = {cell for cell, number in read.items() if number is None}
    if words and (asked.kind == "number" or _mistaken(cells, words, different)):
        row = next(row for row, cell in enumerate(cells) if cell in words)
        remedy = "put the cell right, leave it empty, or name it with --special; --drop leaves the column out"
        raise TableError(f"{table.place(row)}, {name}", cells[row], remedy, "is a word among numbers")
    if words:
        return None
    _unambiguous(name, cells, asked.delimiter, table)
    return np.array([np.nan if cell is None else read[cell] for cell in cells], np.float64)


def _mistaken(cells: Sequence[str | None], words: set[str], different: set[str]) -> bool:
    """Whether so few cells of so many values are words that they are mistakes."""
    if len(different) <= FEW:
        return False
    said = sum(cell is not None for cell in cells)
    return sum(cell in words for cell in cells) <= (1 - MOSTLY) * said


def _read_number(cell: str, delimiter: str) -> float | None:
    if _PLAIN.fullmatch(cell):
        return float(cell)
    if cell.casefold() in _INFINITE:
        return -np.inf if cell.startswith("-") else np.inf
    if delimiter == ",":
        return float(cell.replace(",", "")) if _GROUPED.fullmatch(cell) else None
    return float(cell.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(cell) else None


def _unambiguous(name: str, cells: Sequence[str | None], delimiter: str, table: Table) -> None:
    """Refuse ``1;234`` files whose only commas may as well group thousands."""
    if delimiter == ",":
        return
    commas = [row for row, cell in enumerate(cells) if cell is not None and "," in cell]
    if commas and all(_GROUPED.fullmatch(str(cells[row]).rstrip("% ")) for row in commas):
        remedy = "write numbers with a point and without grouping: 1234.5"
        place = f"{table.place(commas[0])}, {name}"
        raise TableError(place, cells[commas[0]], remedy, "may be a decimal comma or a grouped thousand")


def _number_column(name: str, numbers: Floats, table: Table, *, checked: bool) -> Column:
    infinite = np.flatnonzero(np.isinf(numbers))
    if checked and len(infinite):
        row = int(infinite[0])
        place = f"{table.place(row)}, {name}"
        value = float(numbers[row])
        remedy = "leave the cell empty, or write what it stands for: a number within reach, a code given with --special"
        raise TableError(place, value, remedy, f"is infinite, as are {len(infinite)} cells in all")
    # Not two zeros: what is looked up and what is hashed must not tell them apart.
    return Column(name, numeric=numbers + 0.0)


def _as_text(column: Column) -> Column:
    assert column.numeric is not None
    return Column(
        column.name, text=_objects([None if np.isnan(value) else number_text(value) for value in column.numeric])
    )


__all__ = [
    "SUFFIXES", "Aside", "Column", "Kind", "Table", "TableError", "as_given", "code_of", "leaks", "no_column",
    "number_text", "read_table", "specials", "suspects", "target_of", "useless",
]  # fmt: skip
