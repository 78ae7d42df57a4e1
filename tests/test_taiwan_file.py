"""The Taiwan panel's file: every form in which it goes round, and what is said of files that are something else."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from creditline.events.taiwan_file import Panel, PanelError, read_panel
from tests.panels import HEADING, made_up, rows, write_csv

PANEL = made_up(6)
NUMBERED = ["", *(f"X{k}" for k in range(1, 24)), "Y"]


def assert_same(read: Panel, expected: Panel) -> None:
    for name in ("ids", "limit", "state", "bill", "paid", "defaulted"):
        assert np.array_equal(getattr(read, name), getattr(expected, name)), name


def test_the_publishers_headings_are_taken(tmp_path: Path) -> None:
    assert_same(read_panel(write_csv(tmp_path / "panel.csv", PANEL)), PANEL)


@pytest.mark.parametrize(
    "target", ["target", "will_default_next_month", "default.payment.next.month", "DEFAULT PAYMENT NEXT MONTH"]
)
def test_every_name_of_the_outcome_is_taken(tmp_path: Path, target: str) -> None:
    heading = [*(name.lower() for name in HEADING[:-1]), target]
    assert_same(read_panel(write_csv(tmp_path / "panel.csv", PANEL, heading)), PANEL)


def test_the_numbered_row_above_the_headings_is_passed_over(tmp_path: Path) -> None:
    assert_same(read_panel(write_csv(tmp_path / "panel.csv", PANEL, above=NUMBERED)), PANEL)


def test_the_numbered_row_alone_is_enough(tmp_path: Path) -> None:
    assert_same(read_panel(write_csv(tmp_path / "panel.csv", PANEL, NUMBERED)), PANEL)


def test_gzip_and_zip_are_opened_whatever_they_are_called(tmp_path: Path) -> None:
    plain = write_csv(tmp_path / "panel.csv", PANEL)
    packed = tmp_path / "panel"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert_same(read_panel(packed), PANEL)
    archive = tmp_path / "download.bin"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(plain, "default of credit card clients.csv")
    assert_same(read_panel(archive), PANEL)


def test_a_workbook_is_read_through_its_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = [NUMBERED, HEADING, *([float(cell) for cell in row] for row in rows(PANEL))]
    sheet = SimpleNamespace(nrows=len(table), row_values=table.__getitem__)
    book = SimpleNamespace(sheet_by_index=lambda _: sheet)
    monkeypatch.setattr("xlrd.open_workbook", lambda **_: book)
    file = tmp_path / "default of credit card clients.xls"
    file.write_bytes(b"\xd0\xcf\x11\xe0 and so on")
    assert_same(read_panel(file), PANEL)


def test_nothing_of_sex_education_marriage_and_age_is_kept() -> None:
    assert set(Panel.__dataclass_fields__) == {"ids", "limit", "state", "bill", "paid", "defaulted"}


def test_a_missing_file_says_which_one_is_expected_and_who_offers_it(tmp_path: Path) -> None:
    with pytest.raises(PanelError, match=r"is no file; .*dataset 350 of the UCI Machine Learning Repository"):
        read_panel(tmp_path / "nowhere.csv")


def test_another_table_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(PanelError, match="none of the panel's headings"):
        read_panel(file)


@pytest.mark.parametrize("content", [b"\x1f\x8b broken", b"PK broken", b"\xff\xfe\x00", b""])
def test_a_broken_file_is_told_as_one(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "panel.csv"
    file.write_bytes(content)
    with pytest.raises(PanelError):
        read_panel(file)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    heading = ["?" if name in ("PAY_3", "BILL_AMT6") else name for name in HEADING]
    with pytest.raises(PanelError, match=r"'pay_3, bill_amt6' are columns it lacks"):
        read_panel(write_csv(tmp_path / "panel.csv", PANEL, heading))


def broken(tmp_path: Path, column: str, value: str) -> Path:
    table = rows(PANEL)
    table[2][HEADING.index(column)] = value
    file = tmp_path / "panel.csv"
    file.write_text("\n".join(",".join(row) for row in [HEADING, *table]))
    return file


@pytest.mark.parametrize(
    ("column", "value"),
    [("PAY_0", "x"), ("PAY_2", "-3"), ("LIMIT_BAL", "0"), ("BILL_AMT1", "1.5"), ("PAY_AMT3", "-1"), ("PAY_AMT3", "")],
)
def test_a_cell_that_cannot_be_is_named_by_row_and_column(tmp_path: Path, column: str, value: str) -> None:
    with pytest.raises(PanelError, match=rf"panel.csv:4, column {column.lower()}: '{value}' cannot be taken"):
        read_panel(broken(tmp_path, column, value))


def test_a_line_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PanelError, match="2 stands more than once"):
        read_panel(broken(tmp_path, "ID", "2"))


def test_a_row_with_too_few_cells_is_named(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "panel.csv", PANEL)
    file.write_text(file.read_text() + "7,100\n")
    with pytest.raises(PanelError, match=r"panel\.csv:8: 2 cells are there"):
        read_panel(file)
