"""Tables people bring: what a cell says, what is kept out, and what is refused with its place."""

from __future__ import annotations

import gzip
import io
import math
import zipfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditline.scoring.table import (
    SUFFIXES,
    Table,
    TableError,
    code_of,
    leaks,
    read_table,
    suspects,
    target_of,
    useless,
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


def numbers(table: Table, name: str) -> list[float | None]:
    column = table.columns[name]
    assert column.numeric is not None, f"{name} is text: {column.text}"
    return [None if math.isnan(value) else value for value in column.numeric.tolist()]


def words(table: Table, name: str) -> list[str | None]:
    column = table.columns[name]
    assert column.text is not None, f"{name} is numbers"
    return column.text.tolist()  # type: ignore[no-any-return]


SMALL = "income,purpose,bad\n1000,car,0\n2500.5,house,1\n,car,0\n"


def check_small(table: Table) -> None:
    assert list(table.columns) == ["income", "purpose", "bad"]
    assert table.rows == 3
    assert numbers(table, "income") == [1000, 2500.5, None]
    assert words(table, "purpose") == ["car", "house", "car"]
    assert target_of(table, "bad", "1").tolist() == [False, True, False]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_usual_delimiter_and_line_ending_reads_the_same(write: Write, delimiter: str, ending: str) -> None:
    check_small(read_table(write(SMALL.replace(",", delimiter).replace("\n", ending))))


def test_packed_files_read_as_the_files_in_them(write: Write) -> None:
    check_small(read_table(write(gzip.compress(SMALL.encode(), mtime=0), "t.csv.gz")))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("deep/in/t.csv", SMALL)
        archive.writestr("__MACOSX/._t.csv", "x")
    check_small(read_table(write(packed.getvalue(), "t.zip")))


def test_a_mark_at_the_front_and_wide_text_as_spreadsheets_save_them_read_too(write: Write) -> None:
    check_small(read_table(write("\ufeff" + SMALL)))
    check_small(read_table(write(SMALL.replace(",", "\t").encode("utf-16"), "t.txt")))


def test_arff_reads_as_declared(write: Write) -> None:
    table = read_table(
        write(
            "% told in comments\n@RELATION loans\n\n@attribute 'net income / assets' numeric\n"
            '@attribute "don\\\'t" string\n'
            '@ATTRIBUTE home {own, \'to let\', "o\\"k"}\n@attribute class {0,1}\n@data\n'
            "0.5,'a, b',own,0\n?,\"it's\",'to let',1\n% between\n-1e3,plain, own ,0\n",
            "t.arff",
        )
    )
    assert list(table.columns) == ["net income / assets", "don't", "home", "class"]
    assert numbers(table, "net income / assets") == [0.5, None, -1000]
    assert words(table, "don't") == ["a, b", "it's", "plain"]
    assert words(table, "home") == ["own", "to let", "own"]
    assert words(table, "class") == ["0", "1", "0"]
    assert target_of(table, "class", "1").tolist() == [False, True, False]
    assert table.lines.tolist() == [9, 10, 12]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    content = {
        "whole": pa.array([1, None, 3], pa.int64()),
        "money": pa.array([Decimal("1.25"), None, Decimal("-3.00")], pa.decimal128(10, 2)),
        "yes": pa.array([True, False, None]),
        "name": pa.array(["a", None, "b"]).dictionary_encode(),
        "digits": pa.array(["1", "2", None]),
        "float": pa.array([0.5, math.nan, -0.0]),
    }
    pq.write_table(pa.table(content), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert numbers(table, "whole") == [1, None, 3]
    assert numbers(table, "money") == [1.25, None, -3]
    assert numbers(table, "yes") == [1, 0, None]
    assert words(table, "name") == ["a", None, "b"]
    assert numbers(table, "digits") == [1, 2, None]
    assert numbers(table, "float") == [0.5, None, 0]
    assert table.place(1) == "t.parquet, row 2"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_finite_number_comes_back_as_it_was_written(values: list[float]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text("x,y\n" + "".join(f"{value!r},a\n" for value in values))
        got = read_table(path).columns["x"].numeric
    assert got is not None
    assert got.tolist() == values


@pytest.mark.parametrize("cell", ["", " ", "?", ".", "NA", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", "\\N"])
def test_a_cell_without_an_answer_is_missing(write: Write, cell: str) -> None:
    table = read_table(write(f"x,w\n1,a\n{cell},{cell}\n2,b\n"))
    assert numbers(table, "x") == [1, None, 2]
    assert words(table, "w") == ["a", None, "b"]


def test_none_is_an_answer(write: Write) -> None:
    assert words(read_table(write("debtors,x\nnone,1\nNone,2\n")), "debtors") == ["none", "None"]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["+1", "-.5", "2.", "1E3"], [1, -0.5, 2, 1000]),
        (['"1,234"', '"1,234,567.5"', "12"], [1234, 1234567.5, 12]),
        (["10.5%", "7 %", ""], [10.5, 7, None]),
        (["TRUE", "false", "True"], [1, 0, 1]),
    ],
)
def test_numbers_are_read_in_the_ways_people_write_them(write: Write, cells: list[str], values: list[float]) -> None:
    text = "x,y\n" + "".join(f"{cell},a\n" for cell in cells)
    assert numbers(read_table(write(text)), "x") == values


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "12abc", "1.2.3", "1e", "--1", "10% off"])
def test_what_is_no_number_stays_text(write: Write, cell: str) -> None:
    assert words(read_table(write(f"x,y\n{cell},1\n7,2\n")), "x") == [cell, "7"]


def test_a_decimal_comma_is_one_where_commas_do_not_part_cells(write: Write) -> None:
    assert numbers(read_table(write("x;y\n0,5;1\n1,234;2\n3;3\n")), "x") == [0.5, 1.234, 3]
    with pytest.raises(TableError, match=r"t\.csv:2, x: '1,234' may be a decimal comma or a grouped thousand"):
        read_table(write("x;y\n1,234;1\n7;2\n"))


def test_a_word_among_many_numbers_is_refused_with_its_line_unless_named_as_special(write: Write) -> None:
    text = "x,y\n" + "".join(f"{n},1\n" for n in range(80)) + "unknwon,2\n81,1\n"
    path = write(text)
    with pytest.raises(TableError, match=r"t\.csv:82, x: 'unknwon' is a word among numbers; .*--special"):
        read_table(path)
    assert numbers(read_table(path, special=["unknwon"]), "x")[79:] == [79, code_of("unknwon"), 81]
    assert words(read_table(path, unused=["x"]), "x")[80] == "unknwon"


def test_a_word_among_few_values_is_a_category(write: Write) -> None:
    table = read_table(write("children,y\n" + "0,1\n1,1\n2,2\n" * 30 + "3 or more,1\n"))
    assert table.columns["children"].seen() == ["0", "1", "2", "3 or more"]


def test_special_numbers_stay_numbers_and_are_told(write: Write) -> None:
    table = read_table(write("x,y\n-999,1\n5,2\n"), special=["-999", 99])
    assert numbers(table, "x") == [-999, 5]
    assert (table.special, table.words) == ((-999, 99), {})
    with pytest.raises(TableError, match="not finite"):
        read_table(write(SMALL), special=[math.inf])


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999", "-INF"])
def test_an_infinity_is_refused_with_its_line_and_column(write: Write, cell: str) -> None:
    with pytest.raises(TableError, match=r"t\.csv:3, x: -?inf is infinite, as are 1 cells"):
        read_table(write(f"x,y\n1,1\n{cell},2\n"))


def test_an_infinity_named_as_special_is_a_word(write: Write) -> None:
    assert numbers(read_table(write("x,y\n1,1\ninf,2\n"), special=["inf"]), "x") == [1, code_of("inf")]


def test_a_special_word_is_a_code_in_numbers_and_a_category_in_text(write: Write) -> None:
    path = write("x,purpose,share\n1,car,5%\nrefused,refused,refused\n,NA,7%\n")
    table = read_table(path, special=["refused", -999, "N/A2"])
    code = code_of("refused")
    assert numbers(table, "x") == [1, code, None]
    assert numbers(table, "share") == [5, code, 7]
    assert words(table, "purpose") == ["car", "refused", None]
    assert table.words == {code: "refused", code_of("N/A2"): "N/A2"}
    assert table.special == tuple(sorted([code, code_of("N/A2"), -999.0]))
    assert numbers(read_table(path, special=["refused"], kinds={"x": "number"}), "x") == [1, code, None]


def test_a_word_that_usually_means_missing_may_be_named_as_special(write: Write) -> None:
    assert numbers(read_table(write("x,y\n1,1\nN/A,2\n,2\n"), special=["N/A"]), "x") == [1, code_of("N/A"), None]


@given(st.sets(st.text(min_size=1), max_size=50))
def test_codes_of_words_are_whole_exact_beyond_any_amount_and_differ(said: set[str]) -> None:
    codes = {code_of(word) for word in said}
    assert len(codes) == len(said)
    assert all(-(2**53) < code < -8e15 and code == int(code) for code in codes)


def test_a_number_that_is_the_code_of_a_special_word_is_refused(write: Write) -> None:
    path = write(f"x,y\n1,1\n{int(code_of('refused'))},2\nrefused,2\n")
    with pytest.raises(TableError, match=r"t\.csv:3, x: .* is a number special words are coded by"):
        read_table(path, special=["refused"])


def test_a_special_word_in_the_target_is_no_outcome(write: Write) -> None:
    table = read_table(write("x,bad\n1,0\n2,1\n3,pending\n"), special=["pending"])
    with pytest.raises(TableError, match=r"t\.csv:4, bad: .* is missing: the outcome is unknown"):
        target_of(table, "bad", "1")


def test_special_values_that_stand_for_one_outcome_only_leak_it(write: Write) -> None:
    rows = "".join(f"{n % 60},{n},{int(n % 3 == 0)}\n" for n in range(120))
    rows += "".join(f"written off,{n},1\n" for n in range(20))
    table = read_table(write("owed,x,bad\n" + rows), special=["written off"])
    owed = table.columns["owed"].numeric
    assert owed is not None
    said = owed != code_of("written off")
    assert leaks(table, said, ["owed", "x"]) == {"owed": "is there for one outcome and missing for the other"}
    assert "owed" not in leaks(table, target_of(table, "bad", "1"), ["owed"])
    assert not suspects(table, target_of(table, "bad", "1"), ["owed"])


def test_an_infinity_in_parquet_is_refused_too(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0, math.inf]}), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t\.parquet, row 2, x: inf is infinite"):
        read_table(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet", unused=["x"]).rows == 2


def test_ragged_rows_are_kept_out_and_their_lines_told(write: Write) -> None:
    sound = [f"{n},a,0" for n in range(40)]
    lines = ["x,w,y", *sound[:20], "1,2", *sound[20:30], "1,2,3,4", *sound[30:], '"broken"quote,a,0', ""]
    table = read_table(write("\n".join(lines)))
    assert table.rows == 40
    assert numbers(table, "x") == list(range(40))
    assert [each.place for each in table.aside] == ["t.csv:22", "t.csv:33", "t.csv:44"]
    assert [each.why for each in table.aside[:2]] == ["2 cells under 3 names", "4 cells under 3 names"]
    assert "quotes do not pair" in table.aside[2].why
    assert table.place(20) == "t.csv:23"


def test_a_quote_left_open_cannot_swallow_half_a_file(write: Write) -> None:
    lines = ["x,w", *(f"{n},a" for n in range(20)), '7,"open', *(f"{n},b" for n in range(20))]
    with pytest.raises(TableError, match=r"t\.csv:22-42: .* is the first of 21 such lines beside 20 sound rows"):
        read_table(write("\n".join(lines) + "\n"))


def test_lines_within_quotes_count_towards_places(write: Write) -> None:
    table = read_table(write('x,w\n1,"two\nlines"\n2,b\n'))
    assert words(table, "w") == ["two\nlines", "b"]
    assert table.lines.tolist() == [2, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is an empty file"),
        (" \n\n", "is an empty file"),
        ("x,y\n", "holds no rows"),
        ("x,,y\n1,2,3\n", "is the name of column 2"),
        ("x,y, x\n1,2,3\n", "'x' is the name of several columns"),
        ("1,2,3\n4,5,6\n", "is a number where names are expected"),
        (b"x,y\nM\xfcller,1\n", "is no UTF-8 text"),
        ('"x,y\n1,2\n', "is no line of names"),
    ],
)
def test_a_file_that_is_no_table_is_refused(write: Write, text: str | bytes, said: str) -> None:
    with pytest.raises(TableError, match=said):
        read_table(write(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@relation r\n@attribute x numeric\n@data\n{0 1}\n", "is a sparse row"),
        ("@relation r\n@attribute x complex\n@data\n1\n", "is no type of an attribute"),
        ("@relation r\n@attribute x\n@data\n1\n", "is no attribute"),
        ("@relation r\n@attribute x numeric\n", "no @data"),
        ("@relation r\n@data\n1\n", "no @attribute"),
        ("x,y\n1,2\n", "is not ARFF"),
        ("@relation r\n@attribute x numeric\n@data\n1\nabc\n", r"t\.arff:5, x: 'abc' is a word among numbers"),
    ],
)
def test_what_is_not_arff_is_refused(write: Write, text: str, said: str) -> None:
    with pytest.raises(TableError, match=said):
        read_table(write(text, "t.arff"))


def test_ragged_arff_rows_are_kept_out(write: Write) -> None:
    rows = "".join(f"{n},a\n" for n in range(20))
    table = read_table(
        write(f"@relation r\n@attribute x numeric\n@attribute w string\n@data\n{rows}1,'a\n1\n", "t.arff")
    )
    assert table.rows == 20
    assert [each.place for each in table.aside] == ["t.arff:25", "t.arff:26"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.xlsx", b"x", "is no known suffix"),
        ("t.csv.gz", b"no gzip at all", "is damaged or cut"),
        ("t.csv.gz", gzip.compress(SMALL.encode() * 99, mtime=0)[:-20], "is damaged or cut"),
        ("t.zip", b"no zip", "is damaged or cut"),
        ("t.parquet", b"PAR1 no parquet", "is no sound Parquet"),
    ],
)
def test_a_damaged_file_says_so(write: Write, name: str, content: bytes, said: str) -> None:
    with pytest.raises(TableError, match=said):
        read_table(write(content, name))


def test_an_archive_holds_one_table(write: Write) -> None:
    def packed(**names: str) -> bytes:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            for name, text in names.items():
                archive.writestr(name.replace("_", "."), text)
        return held.getvalue()

    with pytest.raises(TableError, match="are 2 files"):
        read_table(write(packed(a_csv=SMALL, b_csv=SMALL), "t.zip"))
    with pytest.raises(TableError, match="are 0 files"):
        read_table(write(packed(), "t.zip"))
    with pytest.raises(TableError, match="an archive in the archive"):
        read_table(write(packed(a_zip="x"), "t.zip"))


def test_a_file_that_is_not_there_or_may_not_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="is no file"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError, match="is no file"):
        read_table(tmp_path / "folder.csv")


def test_nested_parquet_columns_are_refused_by_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2], "deep": [[1], [2]]}), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"t\.parquet, deep: .*list.* is the type of it"):
        read_table(tmp_path / "t.parquet")


def test_a_file_to_score_is_read_as_the_one_trained_on_was(write: Write) -> None:
    path = write("code,amount,other\n1,?,what\n")
    table = read_table(path, kinds={"code": "text", "amount": "number"})
    assert words(table, "code") == ["1"]
    assert numbers(table, "amount") == [None]
    assert words(table, "other") == ["what"]
    with pytest.raises(TableError, match=r"t\.csv:2, other: 'what' is a word among numbers"):
        read_table(path, kinds={"other": "number"})


@pytest.mark.parametrize("bad", ["1", "1.0", " 1", "+1"])
def test_the_bad_value_is_compared_as_a_number_too(write: Write, bad: str) -> None:
    assert target_of(read_table(write(SMALL)), "bad", bad).tolist() == [False, True, False]


def test_a_bad_value_never_seen_lists_those_that_were(write: Write) -> None:
    table = read_table(write("x,y\n1,good\n2,bad\n3,good\n"))
    with pytest.raises(
        TableError, match=r"t\.csv, y: 'Bad' is no value of it; choose one of the values seen: 'good', 'bad'"
    ):
        target_of(table, "y", "Bad")
    with pytest.raises(TableError, match=r"'yes' is no value of it; .*'1', '2', '3'"):
        target_of(table, "x", "yes")


def test_a_target_with_one_class_a_hole_or_no_column_is_refused(write: Write) -> None:
    table = read_table(write("x,all,hole\n1,b,0\n2,b,\n3,b,1\n"))
    with pytest.raises(TableError, match="'b' is what all 3 rows say; bring rows of both kinds"):
        target_of(table, "all", "b")
    with pytest.raises(TableError, match=r"t\.csv:3, hole: None is missing.*take the 1 rows"):
        target_of(table, "hole", "1")
    with pytest.raises(TableError, match=r"'al' is no column of the file; did you mean 'all'\?"):
        target_of(table, "al", "b")


def made(**columns: Sequence[object]) -> Table:
    """A table as it would be read from a file with these cells."""
    import tempfile

    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")
        return read_table(path)


BAD = [1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "cells",
    [
        BAD,
        [1 - each for each in BAD],
        ["default" if each else "paid" for each in BAD],
        [each * 3 + n % 3 for n, each in enumerate(BAD)],
        [100 + n if each else n for n, each in enumerate(BAD)],
        [n * 7 if each else "" for n, each in enumerate(BAD)],
        [f"note {n}" if each else "" for n, each in enumerate(BAD)],
    ],
    ids=["same", "reversed", "words", "codes", "limit", "only for bad", "notes for bad"],
)
def test_a_column_that_tells_every_outcome_is_a_leak(cells: Sequence[object]) -> None:
    table = made(leak=cells, honest=[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], y=BAD)
    assert list(leaks(table, target_of(table, "y", "1"), ["leak", "honest"])) == ["leak"]


def test_what_names_rows_or_errs_once_is_no_leak() -> None:
    once = [*BAD[:-1], 1 - BAD[-1]]
    table = made(name=[f"n{n}" for n in range(len(BAD))], once=once, empty=[""] * len(BAD), same=[5] * len(BAD), y=BAD)
    assert leaks(table, target_of(table, "y", "1"), ["name", "once", "empty", "same"]) == {}


def test_what_is_nearly_a_leak_is_suspect() -> None:
    bad = [n % 3 == 0 for n in range(300)]
    near = [100 + n if each else n / 10 for n, each in enumerate(bad)]
    near[0] = -1
    text = ["late" if each else "fine" for each in bad]
    text[1] = "late"
    table = made(near=near, text=text, honest=[n % 7 for n in range(300)], y=[int(each) for each in bad])
    target = target_of(table, "y", "1")
    assert leaks(table, target, ["near", "text", "honest"]) == {}
    assert list(suspects(table, target, ["near", "text", "honest"])) == ["near", "text"]


def test_columns_that_can_tell_nothing_are_named_with_why() -> None:
    rows = 60
    table = made(
        empty=[""] * rows,
        same=["x"] * rows,
        fixed=[7] * rows,
        row=list(range(1, rows + 1)),
        customer_id=[n * 7919 % 1000 for n in range(rows)],
        name=[f"person {n}" for n in range(rows)],
        holes=[7 if n % 2 else "" for n in range(rows)],
        amount=[n * 7919 % 1000 for n in range(rows)],
        product_id=[n % 3 for n in range(rows)],
    )
    assert useless(table, table.columns) == {
        "empty": "is empty",
        "same": "says the same in every row",
        "fixed": "says the same in every row",
        "row": "names the rows",
        "customer_id": "names the rows",
        "name": "names the rows",
    }


PIECES = [
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r\n",
    '"',
    "'",
    "\\",
    "%",
    "1",
    "-2.5",
    "1e999",
    "inf",
    "nan",
    "?",
    "abc",
    "名",
    " ",
    "{",
    "}",
]
ARFF_PIECES = [*PIECES, "@relation r\n", "@attribute x numeric\n", "@attribute 'y' {a,b}\n", "@data\n", "@attribute"]


@given(st.lists(st.sampled_from(PIECES), max_size=40) | st.binary(max_size=60), st.sampled_from(SUFFIXES))
def test_whatever_a_file_holds_it_is_a_table_or_refused(content: list[str] | bytes, suffix: str) -> None:
    _table_or_refused(content if isinstance(content, bytes) else "".join(content).encode(), suffix)


@given(st.lists(st.sampled_from(ARFF_PIECES), max_size=30))
def test_whatever_an_arff_file_holds_it_is_a_table_or_refused(content: list[str]) -> None:
    _table_or_refused("".join(["@relation r\n@attribute x numeric\n@attribute y string\n", *content]).encode(), ".arff")


def _table_or_refused(content: bytes, suffix: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        path.write_bytes(gzip.compress(content, mtime=0) if suffix.endswith(".gz") else content)
        try:
            table = read_table(path)
        except TableError:
            return
    for column in table.columns.values():
        assert (column.numeric is None) != (column.text is None)
        assert len(column.missing) == table.rows > 0
        assert column.numeric is None or not np.isinf(column.numeric).any()


def test_minus_zero_is_zero(write: Write) -> None:
    column = read_table(write("x,y\n-0.0,1\n0,2\n")).columns["x"].numeric
    assert column is not None
    assert not np.signbit(column).any()
