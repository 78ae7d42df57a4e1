"""How to draw as ``near`` and ``plan`` print it: in parts, not at all, or that nothing of it is said."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.cli.plan import STATUS_DIFFERS
from creditline.clock import format_moment
from creditline.service.run import run_home
from creditline.service.wayback import plans_of, situation_of
from creditline.store import Home
from creditline.wayback.proof import sealed
from tests.wayback.test_drawing_plans import ALL_IS_FINE, EVENTS, NO_OLD_DRAWS, NOW, POLICY, changed, without_conduct
from tests.wayback.ways import HOUR, LINE, event

BARE = without_conduct("calm", "spread").text
POLICIES = {
    "spread": POLICY,
    "drawn": POLICY,
    "calm": changed(NO_OLD_DRAWS).text,
    "fine": changed(ALL_IS_FINE).text,
    "bare": BARE,
}


DRAWN = event(NOW - HOUR, "draw.booked", amount=40_000)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A line whose limit was cut, by what its policy makes of draws; of one of them 400.00 are drawn."""
    folder = tmp_path_factory.mktemp("homes")
    for name, text in POLICIES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        with Home.open(folder / name) as made:
            made.append([*EVENTS, *([DRAWN] if name == "drawn" else [])])
            run_home(made, folder / f"{name}.yaml", until=NOW)
    return {name: folder / name for name in POLICIES}


def run(home: Path, *arguments: str) -> Result:
    done = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def planned(home: Path, *more: str) -> str:
    return run(home, "plan", LINE, "--now", format_moment(NOW), "--goal", "fastest", *more).stdout


def test_a_plan_prints_the_parts_with_their_days(homes: dict[str, Path]) -> None:
    shown = planned(homes["spread"], "--lang", "en")
    assert "2. 2026-02-10, 2026-02-13  Spread the draws  4,000.00 each  [answers raise]" in shown
    assert "2026-02-10、2026-02-13  分次借款  每次 4,000.00  " in planned(homes["spread"], "--lang", "zh")


def test_a_plan_prints_until_when_nothing_is_drawn(homes: dict[str, Path]) -> None:
    assert "2. until 2026-06-05  Make no draw  [answers raise]" in planned(homes["calm"], "--lang", "en")


def test_a_plan_says_what_it_presumes_only_where_that_matters_and_no_step_says_it(homes: dict[str, Path]) -> None:
    presumes = "This presumes that nothing is drawn"
    assert [name for name in POLICIES if presumes in planned(homes[name], "--lang", "en")] == ["bare"]
    plain = {name: json.loads(planned(homes[name], "--json"))["plans"][0] for name in POLICIES}
    assert {name: each["presumes_no_draw"] for name, each in plain.items()} == {
        "spread": False, "drawn": False, "calm": False, "fine": False, "bare": True,
    }  # fmt: skip
    steps = [(step["lever"], step["amount"], step["repeated"]) for step in plain["spread"]["steps"]]
    assert steps == [("record", None, 3), ("spread", "4000.00", 2)]


def test_a_plans_file_is_checked_with_its_parts(homes: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    planned(homes["spread"], "--out", str(path))
    assert run(homes["spread"], "plan", "check", str(path)).exit_code == 0
    with Home.open(homes["spread"]) as opened:
        proof = plans_of(opened, LINE, now=NOW, goal="fastest")
        (plan,) = proof.outlook.plans
        steps = [msgspec.structs.replace(each, amount=1) if each.lever == "spread" else each for each in plan.steps]
        altered = msgspec.structs.replace(plan, steps=tuple(steps))
        outlook = msgspec.structs.replace(proof.outlook, plans=(altered,))
        forged = sealed(situation_of(opened, LINE, now=NOW), outlook, proof.position)
    path.write_bytes(msgspec.json.encode(forged))
    told = run(homes["spread"], "plan", "check", str(path), "--lang", "en")
    assert told.exit_code == STATUS_DIFFERS
    assert told.stderr == (
        "Fastest: step 2, amount of a part: the file says 0.01, it comes out as 4,000.00\n"
    )  # fmt: skip


def near(home: Path, *more: str) -> str:
    return run(home, "near", LINE, "--now", format_moment(NOW), *more).stdout


def test_near_tells_the_parts_and_the_day_beside_the_room(homes: dict[str, Path]) -> None:
    """With 400.00 drawn an hour ago half of what is left is too much for tomorrow, and a third is not."""
    shown = near(homes["drawn"], "--lang", "en").splitlines()
    room = next(number for number, each in enumerate(shown) if "Room: another 3,600 CNY can be drawn" in each)
    spread = "      Spread the draws: 7,600 CNY in 3 parts (2,533.33 CNY each, the last 2,533.34 CNY) on 2026-02-10, "
    assert shown[room + 1] == f"{spread}2026-02-13, 2026-02-16 does not fire it until 2026-05-17."
    chinese = near(homes["drawn"], "--lang", "zh")
    assert "分次借款：于 2026-02-10、2026-02-13、2026-02-16 分3次共借 7,600 CNY（每次 2,533.33 CNY，末次" in chinese
    assert "Spread" not in near(homes["bare"], "--lang", "en")


def test_near_tells_it_to_programs(homes: dict[str, Path]) -> None:
    said = json.loads(near(homes["spread"], "--json"))
    by_code = {each["code"]: each["conduct"] for each in said["triggers"]}
    assert by_code["T05"]["no_draw"] is None
    assert (by_code["T05"]["spread_draws"]["parts"], by_code["T05"]["says"]) == (2, None)
    assert json.loads(near(homes["bare"], "--json"))["triggers"][0]["conduct"] is None
