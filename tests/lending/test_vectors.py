"""Published schedules and rates through the command line, the rules they leave open, and what specs are refused."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from creditline.cli import STATUS_REFUSED, app, main
from creditline.lending.specs import SpecError, apr_answer, read_terms, schedule_answer
from creditline.lending.terms import PRINCIPAL_MAX

LOAN: dict[str, Any] = {
    "currency": "CNY",
    "principal": "100.00",
    "annual_rate": "0.12",
    "disbursed_on": "2024-01-01",
    "periods": 6,
    "every": {"months": 1},
    "method": "equal_instalment",
    "day_count": "30/360",
    "rounding": "half_up",
}
DEBT: dict[str, Any] = {
    "amount": "5000",
    "payments": [{"count": 24, "amount": "230"}],
    "units_per_year": 12,
    "first_payment": {"units": 1, "fraction": "0"},
}
DATED: dict[str, Any] = {
    "amount": "1000.00",
    "advanced_on": "2025-01-01",
    "payments": [{"on": "2026-01-01", "amount": "1100.00"}],
}


def spec(**changes: Any) -> dict[str, Any]:
    """The loan above with keys changed, or left out where a change is None."""
    return {name: value for name, value in (LOAN | changes).items() if value is not None}


def asked(command: str, said: object) -> Any:
    """What the command prints for a spec on standard input."""
    result = CliRunner().invoke(app, [command, "-"], input=json.dumps(said), catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def rows(**changes: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = asked("schedule", spec(**changes))["rows"]
    return listed


def column(name: str, **changes: Any) -> list[Any]:
    return [row[name] for row in rows(**changes)]


# Figures of the feature tests of Apache Fineract (Apache-2.0): C3154, C3159, RS04, BL01.


def test_fineract_equal_instalments_by_30_360() -> None:
    assert column("interest") == ["1.00", "0.84", "0.67", "0.51", "0.34", "0.17"]
    assert column("due") == ["17.25"] * 5 + ["17.28"]


def test_fineract_equal_instalments_by_days_over_a_leap_february() -> None:
    assert column("interest", day_count="act/365") == ["1.02", "0.80", "0.69", "0.50", "0.35", "0.17"]
    assert column("due", day_count="act/365") == ["17.25"] * 5 + ["17.28"]
    assert column("balance", day_count="act/365") == ["83.77", "67.32", "50.76", "34.01", "17.11", "0.00"]
    assert column("days", day_count="act/365") == [31, 29, 31, 30, 31, 30]


def test_fineract_equal_principal() -> None:
    said = spec(principal="5000.00", disbursed_on="2022-11-01", periods=18, method="equal_principal")
    told = asked("schedule", said)
    assert [row["principal"] for row in told["rows"]] == ["277.78"] * 17 + ["277.74"]
    assert [row["interest"] for row in told["rows"]] == [
        "50.00", "47.22", "44.44", "41.67", "38.89", "36.11", "33.33", "30.56", "27.78", "25.00", "22.22", "19.44",
        "16.67", "13.89", "11.11", "8.33", "5.56", "2.78",
    ]  # fmt: skip
    assert told["totals"] == {"principal": "5000.00", "interest": "475.00", "due": "5475.00"}


def test_fineract_interest_first() -> None:
    said = spec(annual_rate="0.30", periods=8, method="interest_first")
    told = asked("schedule", said)
    assert [row["principal"] for row in told["rows"]] == ["0.00"] * 7 + ["100.00"]
    assert [row["interest"] for row in told["rows"]] == ["2.50"] * 8
    assert [row["due"] for row in told["rows"]] == ["2.50"] * 7 + ["102.50"]
    assert told["totals"]["interest"] == "20.00"


# Figures of the worked examples in appendix J of Regulation Z.


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "9.69"),
        (
            {
                "amount": "6000",
                "payments": [{"count": 36, "amount": "200"}],
                "first_payment": {"units": 1, "fraction": "19/30"},
            },
            "11.82",
        ),
        ({"payments": [{"count": 1, "amount": "250"}, {"count": 23, "amount": "230"}]}, "10.08"),
        ({"payments": [{"count": 23, "amount": "230"}, {"count": 1, "amount": "280"}]}, "10.50"),
    ],
)
def test_regulation_z_appendix_j(changes: dict[str, Any], told: str) -> None:
    assert asked("apr", DEBT | changes) == {"apr_percent": told}


def test_payments_with_dates_give_the_effective_annual_rate() -> None:
    assert asked("apr", DATED) == {"apr_percent": "10.00"}
    # The example of the Chinese disclosure rule by dates; by equal months it is 13.58 %.
    dues = [f"2025-{month:02}-01" for month in range(2, 13)] + ["2026-01-01"]
    payments = [{"on": on, "amount": "8833.30"} for on in dues]
    assert asked("apr", DATED | {"amount": "99000", "payments": payments}) == {"apr_percent": "13.64"}
    assert asked("apr", DATED | {"payments": [{"on": "2026-01-01", "amount": "900"}]}) == {"apr_percent": "-10.00"}


# What the published figures leave open.


def test_a_year_ends_on_31_december_itself_under_act_act() -> None:
    crossing = {"disbursed_on": "2023-12-12", "periods": 1, "principal": "1000000.00"}
    yearly = 120_000
    for day_count, fraction, told in (
        ("act/act", Fraction(19, 365) + Fraction(12, 366), "10181.00"),
        ("act/act ISDA", Fraction(20, 365) + Fraction(11, 366), "10181.90"),
        ("act/365", Fraction(31, 365), "10191.78"),
        ("act/360", Fraction(31, 360), "10333.33"),
        ("30/360", Fraction(1, 12), "10000.00"),
    ):
        assert f"{float(yearly * fraction):.2f}" == told
        assert column("interest", day_count=day_count, **crossing) == [told]


def test_the_level_instalment_is_smoothed_where_the_last_differs_too_much() -> None:
    # 3.54, 3.54 and 3.52: two hundredths apart with three rows, of which one is tolerated.
    tried = {"principal": "10.00", "annual_rate": "0.36", "periods": 3}
    assert column("due", smoothing=False, **tried) == ["3.54", "3.54", "3.52"]
    assert column("due", **tried) == column("due", smoothing=True, **tried) == ["3.53", "3.53", "3.54"]


@pytest.mark.parametrize(
    ("tried", "plain"),
    [
        # Moved by one to 17.67, the last would be two more instead of two less.
        ({"principal": "50.00", "annual_rate": "0.36", "periods": 3}, ["17.68", "17.68", "17.66"]),
        # Moved by one to 20.90, the last would be four more instead of three less.
        (
            {"principal": "100.00", "annual_rate": "0.18", "periods": 5, "day_count": "act/365"},
            ["20.91", "20.91", "20.91", "20.91", "20.88"],
        ),
    ],
)
def test_a_smoothed_plan_that_is_no_better_is_not_taken(tried: dict[str, Any], plain: list[str]) -> None:
    assert column("due", smoothing=False, **tried) == plain
    assert column("due", **tried) == plain


def test_a_difference_of_half_the_number_of_rows_is_tolerated() -> None:
    assert column("due") == column("due", smoothing=False) == ["17.25"] * 5 + ["17.28"]


@pytest.mark.parametrize(
    ("rounding", "half", "one_and_a_half", "level"),
    [
        ("half_up", "0.01", "0.02", "0.03"),
        ("half_even", "0.00", "0.02", "0.02"),
        ("down", "0.00", "0.01", "0.02"),
        ("up", "0.01", "0.02", "0.03"),
    ],
)
def test_halves_of_a_minor_unit_go_by_the_rounding_rule(
    rounding: str, half: str, one_and_a_half: str, level: str
) -> None:
    # Interest of one per cent on 0.50 and on 1.50; the level instalment, and level principal, of 0.05 in two rows.
    assert column("interest", rounding=rounding, principal="0.50", periods=1) == [half]
    assert column("interest", rounding=rounding, principal="1.50", periods=1) == [one_and_a_half]
    free = {"rounding": rounding, "principal": "0.05", "periods": 2, "annual_rate": "0"}
    assert column("due", **free)[0] == level
    assert column("principal", method="equal_principal", **free)[0] == level


def test_the_rounding_rule_of_a_spec_that_names_none_is_half_up() -> None:
    assert column("interest", rounding=None, principal="0.50", periods=1) == ["0.01"]


# Due days.


def test_due_days_of_every_length() -> None:
    assert column("due_on", periods=2, every={"weeks": 2}) == ["2024-01-15", "2024-01-29"]
    assert column("due_on", periods=2, every={"days": 10}) == ["2024-01-11", "2024-01-21"]
    assert column("due_on", periods=2, every={"years": 1}) == ["2025-01-01", "2026-01-01"]
    assert column("due_on", periods=2, disbursed_on="2024-01-31") == ["2024-02-29", "2024-03-31"]


def test_a_due_day_and_a_first_due_day() -> None:
    assert column("due_on", periods=2, due_day=15) == ["2024-01-15", "2024-02-15"]
    assert column("due_on", periods=3, due_day=31) == ["2024-01-31", "2024-02-29", "2024-03-31"]
    assert column("due_on", periods=2, first_due_on="2024-02-20") == ["2024-02-20", "2024-03-20"]
    assert column("due_on", periods=2, first_due_on="2024-02-29", due_day=31) == ["2024-02-29", "2024-03-31"]
    # A month and 19 of the 31 days before it: 1 % and 19/31 of it.
    assert column("interest", periods=1, first_due_on="2024-02-20") == ["1.61"]


def test_a_due_day_without_business_is_moved_with_the_end_of_its_period() -> None:
    moved = rows(periods=2, disbursed_on="2024-05-01", business_days="following", day_count="act/365")
    # 1 June 2024 was a Saturday.
    assert [(row["due_on"], row["days"]) for row in moved] == [("2024-06-03", 33), ("2024-07-01", 28)]
    assert column("due_on", periods=1, disbursed_on="2024-05-01", business_days="preceding") == ["2024-05-31"]


@pytest.mark.parametrize("method", ["bullet", "any_day"])
def test_one_row_at_the_end_of_the_term(method: str) -> None:
    (row,) = rows(method=method)
    assert (row["number"], row["due_on"], row["days"], row["interest"]) == (1, "2024-07-01", 182, "6.00")
    assert rows(method=method, periods=None, every={"months": 6}) == [row]
    assert column("due_on", method=method, periods=None, first_due_on="2024-03-05") == ["2024-03-05"]


def test_a_daily_rate_makes_a_year_of_its_day_count() -> None:
    for day_count, annual in (("act/365", "0.1825"), ("act/360", "0.18")):
        daily = rows(annual_rate=None, daily_rate="0.0005", day_count=day_count)
        assert daily == rows(annual_rate=annual, day_count=day_count)


# How a spec is given.


def test_a_spec_may_stand_bare_or_under_its_key_in_a_file_or_on_standard_input(tmp_path: Path) -> None:
    bare = asked("schedule", LOAN)
    assert asked("schedule", {"name": "a case", "spec": LOAN, "expect": {}}) == bare
    path = tmp_path / "loan.json"
    path.write_text(json.dumps(LOAN), encoding="utf-8-sig")
    result = CliRunner().invoke(app, ["schedule", str(path), "--json"])
    assert json.loads(result.stdout) == bare
    assert asked("apr", {"spec": DEBT}) == asked("apr", DEBT)


def test_the_program_itself_reads_standard_input() -> None:
    words = [sys.executable, "-c", "from creditline.cli import main; main()", "apr", "-"]
    done = subprocess.run(words, input=json.dumps(DEBT), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["{", '"apr_percent":', '"9.69"', "}"]
    assert done.stderr == ""


@given(st.integers(1, PRINCIPAL_MAX))
def test_amounts_are_exact_as_text_and_as_json_numbers(principal: int) -> None:
    written = f"{principal // 100}.{principal % 100:02}"
    bare = json.dumps(LOAN).replace('"100.00"', written)
    assert read_terms(bare.encode(), "x").principal == principal
    assert read_terms(json.dumps(spec(principal=written)).encode(), "x").principal == principal


METHODS = ["equal_instalment", "equal_principal", "interest_first", "bullet", "any_day"]
LOANS = st.fixed_dictionaries(
    {
        "principal": st.integers(1, 10**9).map(lambda minor: f"{minor // 100}.{minor % 100:02}"),
        "annual_rate": st.integers(0, 3_600).map(lambda rate: f"0.{rate:04}"),
        "disbursed_on": st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(str),
        "periods": st.integers(1, 40),
        "every": st.sampled_from([{"months": 1}, {"months": 3}, {"weeks": 1}, {"days": 45}, {"years": 1}]),
        "method": st.sampled_from(METHODS),
        "day_count": st.sampled_from(["30/360", "act/360", "act/365", "act/act", "act/act ISDA"]),
        "rounding": st.sampled_from(["half_up", "half_even", "down", "up"]),
        "smoothing": st.booleans(),
        "business_days": st.sampled_from(["none", "following", "modified_following", "preceding"]),
    }
)


@given(LOANS)
def test_every_schedule_repays_its_principal_and_adds_up(said: dict[str, Any]) -> None:
    told = schedule_answer(json.dumps(said).encode(), "x")
    minor = [
        {name: int(row[name].replace(".", "")) for name in ("principal", "interest", "due", "balance")}
        for row in told["rows"]
    ]
    left = int(said["principal"].replace(".", ""))
    for row in minor:
        left -= row["principal"]
        assert row["balance"] == left
        assert row["due"] == row["principal"] + row["interest"]
        assert min(row.values()) >= 0
    assert left == 0
    for name, total in told["totals"].items():
        assert int(total.replace(".", "")) == sum(row[name] for row in minor)
    assert [row["number"] for row in told["rows"]] == list(range(1, len(minor) + 1))
    assert all(row["days"] > 0 for row in told["rows"])


# What is refused.


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"principal": "0"}, "principal: '0' is too small; give an amount from 0.01 to 10000000000.00"),
        ({"principal": "-5"}, "principal: '-5' is too small"),
        ({"principal": "10000000000.01"}, "principal: '10000000000.01' is too large; give an amount from 0.01"),
        ({"principal": "9" * 100}, "is too large; give an amount from 0.01 to 10000000000.00"),
        ({"principal": 100.005}, "principal: '100.005' has more than 2 decimals; round it to 2 first"),
        ({"principal": "a lot"}, "principal: 'a lot' is not an amount; write it like 1234.50"),
        ({"principal": True}, "principal: True is not an amount"),
        ({"principal": None}, "principal: None is missing; give an amount like 5000.00"),
        ({"annual_rate": "-0.01"}, "annual_rate: '-0.01' is negative"),
        ({"annual_rate": 10.01}, "annual_rate: '10.01' is over 1000 %; write it as a part of one"),
        ({"annual_rate": "12%"}, "annual_rate: '12%' is not a rate; write it as a part of one"),
        ({"annual_rate": "0.1234567891"}, "at most 9 decimals, like 0.12 for 12 %"),
        ({"daily_rate": "0.0005"}, "daily_rate: '0.0005' stands beside annual_rate; give one of the two"),
        ({"annual_rate": None, "daily_rate": "0.0005"}, "makes no year under 30/360; give annual_rate"),
        ({"disbursed_on": "2024-02-30"}, "disbursed_on: '2024-02-30' does not exist"),
        ({"disbursed_on": "first of May"}, "disbursed_on: 'first of May' is not a date; write it like 2024-01-31"),
        ({"disbursed_on": 20240101}, "disbursed_on: 20240101 is not a date"),
        ({"disbursed_on": "1066-10-14"}, "lies too far off; give a date in the years 1900 to 2199"),
        ({"periods": 0}, "periods: 0 is out of bounds; give a whole number from 1 to 1200"),
        ({"periods": 1201}, "periods: 1201 is out of bounds"),
        ({"periods": "6"}, "periods: '6' is not a whole number; give a whole number from 1 to 1200, without quotes"),
        ({"periods": 6.5}, "periods: '6.5' is not a whole number"),
        ({"periods": True}, "periods: True is not a whole number"),
        ({"periods": 101, "every": {"years": 1}}, "makes a term of more than 100 years; give at most 100 of them"),
        ({"every": {"days": 40_000}}, "every.days: 40000 is out of bounds; give a whole number from 1 to 36525"),
        ({"every": {"month": 1}}, "every.month: 1 is under an unknown key; did you mean months?"),
        ({"every": {"months": 1, "days": 1}}, "every: 'days, months' is not one length"),
        ({"every": "month"}, "every: 'month' is no object"),
        ({"due_day": 0}, "due_day: 0 is out of bounds; give a whole number from 1 to 31"),
        ({"due_day": 32}, "due_day: 32 is out of bounds"),
        ({"due_day": 5, "every": {"weeks": 2}}, "due_day: 5 does not go with periods of days"),
        ({"first_due_on": "2024-01-01"}, "first_due_on: '2024-01-01' cannot be the first due day"),
        ({"first_due_on": "2024-02-10", "due_day": 11}, "first_due_on: '2024-02-10' is not on due_day 11"),
        (
            {"first_due_on": "2024-02-10", "method": "bullet"},
            "periods: 6 stands beside first_due_on; leave periods out",
        ),
        ({"method": "bulet"}, "method: 'bulet' is not known; did you mean bullet? give one of equal_instalment"),
        ({"day_count": "act/366"}, "day_count: 'act/366' is not known; did you mean act/365?"),
        ({"rounding": ["half_up"]}, "rounding: 'a list of 1' is not known; give one of half_up"),
        ({"business_days": "next"}, "business_days: 'next' is not known"),
        ({"smoothing": "no"}, "smoothing: 'no' is no flag; give true or false, without quotes"),
        ({"currency": "JPY"}, "currency: 'JPY' does not have two decimals"),
        ({"currency": "yuan"}, "currency: 'yuan' is no currency; give three letters"),
        ({"anual_rate": "0.12"}, "anual_rate: '0.12' is under an unknown key; did you mean annual_rate?"),
        ({"two\nlines": 1}, r"'two\nlines': 1 is under an unknown key"),
    ],
)
def test_a_spec_is_refused_with_place_value_and_remedy(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError) as refused:
        schedule_answer(json.dumps({"spec": spec(**changes)}).encode(), "loan.json")
    assert str(refused.value).startswith("loan.json, spec.")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        (DEBT | {"amount": "0"}, "amount: '0' is too small"),
        (DEBT | {"payments": []}, "payments: 'a list of 0' is no list of payments"),
        (DEBT | {"payments": ["230"]}, "payments[0]: '230' is no object"),
        (DEBT | {"payments": [{"amount": "1"}, {"amount": "-1"}]}, "payments[1].amount: '-1' is too small"),
        (DEBT | {"payments": [{"amount": "0"}]}, "payments: '0.00' pay nothing back, so there is no rate"),
        (DEBT | {"payments": [{"count": 10**12, "amount": "1"}]}, "payments[0].count: 1000000000000 is out of bounds"),
        (
            DEBT | {"payments": [{"count": 36_600, "amount": "1"}] * 2},
            "payments[1].count: 36600 makes too many payments",
        ),
        (DEBT | {"payments": [{"count": 1_200, "amount": "1"}]}, "payments: '1200 payments' is longer than 100 years"),
        (DEBT | {"units_per_year": 0}, "units_per_year: 0 is out of bounds"),
        (DEBT | {"first_payment": {"units": 1, "fraction": "31/30"}}, "is a whole period or more"),
        (DEBT | {"first_payment": {"units": 1, "fraction": "1/0"}}, "first_payment.fraction: '1/0' is not a fraction"),
        (DEBT | {"first_payment": {"fraction": "0"}}, "first_payment.units: None is missing"),
        (DEBT | {"amount": "0.01", "payments": [{"amount": "1" * 13}]}, "is too high to tell"),
        (DATED | {"units_per_year": 12}, "units_per_year: 12 is under an unknown key; known are: amount, advanced_on"),
        (DATED | {"payments": [{"on": "2024-12-31", "amount": "1"}]}, "payments[0].on: '2024-12-31' lies before"),
        (DATED | {"payments": [{"on": "2025-01-01", "amount": "1000"}]}, "amount: '0.00' leaves nothing lent"),
        (DATED | {"payments": [{"on": "2025-02-29", "amount": "1"}]}, "payments[0].on: '2025-02-29' does not exist"),
    ],
)
def test_payments_are_refused_with_place_value_and_remedy(
    said: dict[str, Any], refused: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "debt.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    assert refused_by_main(monkeypatch, "apr", str(path)) == STATUS_REFUSED
    told = capsys.readouterr()
    assert told.err.startswith("Error: debt.json, ")
    assert refused in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (b"", "loan.json: '0 bytes' holds nothing"),
        (b" \n ", "loan.json: '3 bytes' holds nothing"),
        (b'{"principal": }', "loan.json:1:15: '}' is not JSON (Expecting value)"),
        (b'{"principal":\n"1"', "loan.json:2:4: '' is not JSON"),
        (b"[]", "loan.json: 'a list of 0' is no object; give one JSON object"),
        (b'{"spec": 7}', "loan.json, spec: 7 is no object"),
        (b'{"principal": NaN}', "loan.json: 'NaN is no number' is no usable JSON"),
        (b'{"principal": "1", "principal": "2"}', "loan.json: 'key principal stands twice' is no usable JSON"),
        (b'{"principal": 1e999999}', "principal: '1E+999999' is too large"),
        (b'{"principal": ' + b"9" * 5_000 + b"}", "loan.json: 'Exceeds the limit"),
        (b"[" * 100_000, "loan.json: 'maximum recursion depth"),
        (b"\xff\xfe{\x00", "loan.json: 'byte 1' is not UTF-8"),
        (b'{"principal": "\\ud800"}', r"principal: '\ud800' is not an amount"),
        (b'{"\\ud800": 1}', r"loan.json, '\ud800': 1 is under an unknown key"),
    ],
)
def test_a_file_that_is_no_spec_is_refused(content: bytes, refused: str) -> None:
    with pytest.raises(SpecError) as caught:
        schedule_answer(content, "loan.json")
    assert refused in str(caught.value)
    with pytest.raises(SpecError):
        apr_answer(content, "loan.json")


@pytest.mark.parametrize(("name", "said"), [("nothing.json", "does not exist"), (".", "cannot be read")])
def test_a_path_that_is_no_file_ends_with_status_2(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused_by_main(monkeypatch, "schedule", str(tmp_path / name)) == STATUS_REFUSED
    assert said in capsys.readouterr().err


def refused_by_main(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    """The exit status of the program."""
    monkeypatch.setattr(sys, "argv", ["creditline", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code
