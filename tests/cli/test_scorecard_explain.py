"""``creditline scorecard explain`` and the reasons of a score in ``line show``, where every point is known."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from creditline.cli import app
from creditline.clock import parse_moment
from creditline.errors import CreditlineError
from creditline.events.event import Event
from creditline.events.kinds import ApplicationReceived, DrawBooked, Kind, LineOpened, ProfileUpdated, ScoreReported
from creditline.policy import read_policy
from creditline.service.run import run_home
from creditline.store import Home

WIDE = {"COLUMNS": "180"}
POLICY = """
policy: tiny
title: {zh: 小额度, en: Tiny line}
currency: CNY
utc_offset: "+08:00"
limit_step: 100
facts:
  drawn_ever: {sum: draw.booked.amount}
  utilisation: {sql: "drawn_ever / nullif(limit, 0)"}
  score: {last: score.reported.score}
  job: {last: profile.updated.employment, where: employment is not null}
words:
  job: {zh: 工作, en: Work}
scorecard:
  base: 600
  facts:
    utilisation: {missing: 0, bins: [{below: 0.3, points: 15}, {below: 0.9, points: 0}, {points: -60}]}
    score: {missing: -10, bins: [{below: 500, points: -50}, {below: 700, points: 0}, {points: 30}]}
    job:
      missing: 0
      bins: [{is: [employed], points: 20}, {points: -5}]
  pairs:
    - rows: {fact: score, below: [600]}
      columns: {fact: utilisation, below: [0.9]}
      points: [[0, 0, 0], [0, 0, -7], [0, 2, 0]]
rules:
  - code: T10
    when: points < 520
    then: close
    cooling_off: 60d
    cure: points >= 560
    reason: {zh: 评分过低, en: Score too low}
  - code: T09
    when: score < 300
    then: close
    cooling_off: 60d
    reason: {zh: 外部评分过低, en: Outside score too low}
approve:
  when: points >= 600
  limit: requested
  otherwise:
    code: A01
    reason: {zh: 评分不足, en: Score not enough}
reopen:
  when: points >= 560
  limit: limit
  probation: 30d
incident: {code: S9, reason: {zh: 维护中, en: Maintenance}}
"""

LIVES: dict[str, list[tuple[str, Kind]]] = {
    "L1": [
        ("2026-01-05T09:00:00+08:00", LineOpened(limit=1_000_000)),
        ("2026-01-05T10:00:00+08:00", ProfileUpdated(employment="employed")),
        ("2026-01-06T09:00:00+08:00", ScoreReported(score=650)),
        ("2026-02-01T09:00:00+08:00", DrawBooked(amount=920_000)),
        ("2026-03-01T09:00:00+08:00", ScoreReported(score=480)),
        ("2026-04-01T09:00:00+08:00", ScoreReported(score=720)),
    ],
    "L2": [
        ("2026-01-05T09:00:00+08:00", ProfileUpdated(employment="student")),
        ("2026-01-06T09:00:00+08:00", ApplicationReceived(amount=500_000)),
    ],
    "L3": [
        ("2026-01-05T09:00:00+08:00", LineOpened(limit=1_000_000)),
        ("2026-02-05T09:00:00+08:00", ScoreReported(score=250)),
    ],
    "BEST": [
        ("2026-01-05T09:00:00+08:00", LineOpened(limit=1_000_000)),
        ("2026-01-05T10:00:00+08:00", ProfileUpdated(employment="employed")),
        ("2026-01-06T09:00:00+08:00", ScoreReported(score=750)),
        ("2026-01-07T09:00:00+08:00", DrawBooked(amount=10_000)),
    ],
}


def events(line: str) -> list[Event]:
    moments = [parse_moment(at) for at, _ in LIVES[line]]
    bodies = [body for _, body in LIVES[line]]
    return [Event(f"e{n}", line, at, at, body) for n, (at, body) in enumerate(zip(moments, bodies, strict=True))]


def invoked(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env=WIDE)


def explained(*words: str) -> dict[str, Any]:
    result = invoked("scorecard", "explain", *words, "--json")
    assert result.exit_code == 0, result.output + str(result.exception)
    return json.loads(result.stdout)  # type: ignore[no-any-return]


def told(*words: str, lang: str = "en") -> str:
    result = invoked("scorecard", "explain", *words, "--lang", lang)
    assert result.exit_code == 0, result.output + str(result.exception)
    return result.stdout


def refusal(*words: str) -> str:
    result = invoked("scorecard", "explain", *words)
    assert isinstance(result.exception, CreditlineError), result.output
    assert result.stdout == ""
    return str(result.exception)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("explain")
    (folder / "tiny.yaml").write_text(POLICY, encoding="utf-8")
    with Home.open(folder / "home") as opened:
        for line in LIVES:
            opened.append(events(line))
        run_home(opened, folder / "tiny.yaml")
        late = parse_moment("2026-05-01T09:00:00+08:00")
        opened.append([Event("e0", "L4", late, late, LineOpened(limit=100))])
    return str(folder / "home")


def check_sum(said: dict[str, Any]) -> None:
    assert said["base"] + sum(term["points"] for term in said["terms"]) == said["points"]
    assert all(term["cost"] == term["best"] - term["points"] >= 0 for term in said["terms"])
    assert len(said["reasons"]) <= 4


def test_a_line_is_explained_as_it_stands_last(home: str) -> None:
    said = explained("L1", "--home", home)
    check_sum(said)
    assert (said["line"], said["policy"], said["decision"], said["simulated"]) == ("L1", "tiny", None, False)
    assert said["at"] == "2026-04-01T09:00:00+08:00"
    assert said["points"] == 600 - 60 + 30 + 20
    by_fact = {tuple(fact["fact"] for fact in term["facts"]): term for term in said["terms"]}
    used = by_fact[("utilisation",)]
    assert used["facts"][0]["value"] == "0.92"
    assert used["facts"][0]["bin"] == {"zh": "90% 及以上", "en": "90% or more"}
    assert (used["points"], used["best"], used["cost"]) == (-60, 15, 75)
    assert by_fact[("score", "utilisation")]["points"] == 0
    (reason,) = said["reasons"]
    assert (reason["fact"], reason["cost"], reason["with"]) == ("utilisation", 77, ["score"])
    assert reason["next"] == {"values": {"zh": "低于 90%", "en": "below 90%"}, "gain": 62}
    assert reason["best"] == {"values": {"zh": "低于 30%", "en": "below 30%"}, "gain": 77}


def test_an_earlier_moment_has_the_facts_of_then(home: str) -> None:
    said = explained("L1", "--home", home, "--at", "2026-02-01T08:00:00+08:00")
    check_sum(said)
    assert (said["at"], said["points"]) == ("2026-02-01T08:00:00+08:00", 600 + 15 + 0 + 20 + 2)
    assert [each["fact"] for each in said["reasons"]] == ["score"]
    before = explained("L1", "--home", home, "--at", "2026-01-05T09:30:00+08:00")
    check_sum(before)
    assert before["points"] == 600 - 10 + 15, "nothing is known of its score and work yet"
    known = {fact["fact"]: fact for term in before["terms"] for fact in term["facts"]}
    assert (known["score"]["value"], known["score"]["says"]["zh"]) == (None, "无记录")


def test_a_decision_is_explained_by_the_facts_it_was_made_on(home: str) -> None:
    with Home.open(home) as opened:
        (closing,) = [each for each in opened.decisions("L1") if "T10" in each.reasons]
    said = explained("L1", "--home", home, "--decision", str(closing.number))
    check_sum(said)
    assert said["points"] == closing.points == 600 - 60 - 50 + 20 - 7
    assert (said["decision"], said["at"]) == (closing.number, "2026-03-01T09:00:00+08:00")
    assert [(each["fact"], each["cost"]) for each in said["reasons"]] == [("score", 89), ("utilisation", 75)]


def test_the_table_shows_every_fact_and_the_sum(home: str) -> None:
    shown = told("L1", "--home", home, "--at", "2026-03-02T09:00:00+08:00")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "L1: 503 points at 2026-03-02 09:00:00, by policy Tiny line" in lines[0]
    assert "Base 600" in lines
    assert "Share of the limit in use 92% 90% or more -60 +15 75" in lines
    assert "Outside credit score 480 below 500 -50 +30 80" in lines
    assert "Work employed employed +20 +20 0" in lines
    assert "Outside credit score & Share of the limit in use 480 & 92% below 600 & 90% or more -7 +2 9" in lines
    assert "Sum 503" in lines
    assert (
        "1. Outside credit score: 480; costs 89 points, together with Share of the limit in use. "
        "500 or more would give 50 more, 700 or more would give 87 more."
    ) in lines
    assert any(line.startswith("2. Share of the limit in use: 92%; costs 75 points. Below 90%") for line in lines)
    chinese = told("L1", "--home", home, lang="zh")
    assert "工作" in chinese
    assert (
        "额度使用率：92%；连同外部信用评分，少得 77 分。若低于 90%，可多得 62 分；若低于 30%，可多得 77 分。" in chinese
    )
    assert "第 0 项决定" in told("L1", "--home", home, "--decision", "0", lang="zh")


def test_a_line_that_has_the_most_points_is_told_so(home: str) -> None:
    assert explained("BEST", "--home", home)["reasons"] == []
    assert "Every fact gives the most points it can." in told("BEST", "--home", home)
    assert "各项事实均已得到最高分。" in told("BEST", "--home", home, lang="zh")
    assert "What cost the score most" not in shown(home, "BEST", "--lang", "en")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["L4"], "was not decided by any policy yet"),
        (["BST"], "did you mean BEST?"),
        (["L1", "--decision", "99"], "is no decision of L1"),
        (["L1", "--at", "2025-01-01T00:00:00Z"], "lies before anything was known of the line"),
        (["L1", "--at", "2026-03-01"], "is not a moment"),
        (["L1", "--at", "2026-03-01T00:00:00Z", "--decision", "1"], "has a moment of its own"),
        (["L1", "--row", "1"], "is for a row of a table"),
        (["L1", "--words", "w.yaml"], "is for a row of a table"),
        (["L1", "--lang", "fr"], "choose zh or en"),
        (["card.yaml", "--data", "t.csv"], "give the number of the row"),
        (["card.yaml", "--data", "t.csv", "--row", "1", "--decision", "0"], "is for a line of a home"),
    ],
)
def test_what_cannot_be_explained_is_refused(home: str, words: list[str], said: str) -> None:
    assert said in refusal(*words, "--home", home)


def test_the_version_in_force_at_the_moment_explains_the_score(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(POLICY, encoding="utf-8")
    later = POLICY.replace("base: 600", "base: 610")
    home = tmp_path / "home"
    with Home.open(home) as opened:
        opened.append(events("L1"))
        run_home(opened, tmp_path / "tiny.yaml")
        version = read_policy(later, "tiny.yaml").version
        opened.publish("tiny", version, later, parse_moment("2026-03-15T00:00:00+08:00"))
    before = explained("L1", "--home", str(home), "--at", "2026-03-14T23:59:59+08:00")
    after = explained("L1", "--home", str(home), "--at", "2026-03-15T00:00:00+08:00")
    assert (before["points"], after["points"], after["version"]) == (503, 513, version)
    now = json.loads(shown(str(home), "L1", "--json"))["now"]
    assert now["points"] == explained("L1", "--home", str(home))["points"] == 600
    assert explained("L1", "--home", str(home), "--decision", "1")["points"] == 503


def test_a_home_that_is_none_is_refused_and_not_made(tmp_path: Path) -> None:
    assert "is no home" in refusal("L1", "--home", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


# -- line show --------------------------------------------------------------------------------------


def shown(home: str, line: str, *words: str) -> str:
    result = invoked("line", "show", line, "--home", home, *words)
    assert result.exit_code == 0, result.output + str(result.exception)
    return result.stdout


def test_a_closing_by_points_names_the_reasons_of_the_score(home: str) -> None:
    english, chinese = (" ".join(shown(home, "L1", "--lang", lang).split()) for lang in ("en", "zh"))
    assert "What cost the score most: − Outside credit score: 480; costs 89 points" in english
    assert "评分失分最多的原因： − 外部信用评分：480；连同额度使用率，少得 89 分。" in chinese
    life = json.loads(shown(home, "L1", "--json"))
    closing = next(each for each in life["decisions"] if each["action"] == "close")
    assert [each["fact"] for each in closing["score_reasons"]] == ["score", "utilisation"]
    assert closing["score_reasons"][1]["text"]["zh"].startswith("额度使用率：92%；少得 75 分。")
    opening = life["decisions"][0]
    assert opening["score_reasons"] is None
    now = life["now"]
    assert [each["fact"] for each in now["score_reasons"]] == ["utilisation"]
    assert now["points"] == 590


def test_a_refused_application_names_them_too(home: str) -> None:
    life = json.loads(shown(home, "L2", "--json"))
    declined = next(each for each in life["decisions"] if each["action"] == "decline")
    assert declined["reasons"][0]["code"] == "A01"
    assert [(each["fact"], each["cost"]) for each in declined["score_reasons"]] == [
        ("score", 42), ("job", 25), ("utilisation", 15),
    ]  # fmt: skip
    assert "Work: student; costs 25 points. Employed would give 25 more." in shown(home, "L2", "--lang", "en")


def test_a_closing_by_another_rule_names_none(home: str) -> None:
    life = json.loads(shown(home, "L3", "--json"))
    closing = next(each for each in life["decisions"] if each["action"] == "close")
    assert closing["reasons"][0]["code"] == "T09"
    assert closing["score_reasons"] is None


def test_what_line_show_and_explain_say_of_now_is_the_same(home: str) -> None:
    for line in ("L1", "L2", "L3"):
        now = json.loads(shown(home, line, "--json"))["now"]
        said = explained(line, "--home", home)
        assert (now["points"], now["at"], now["score_reasons"]) == (said["points"], said["at"], said["reasons"])


# -- a row of a person's table ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("card")
    chance = np.random.default_rng(4)
    used = chance.uniform(0, 1, 400).round(3)
    bad = chance.random(400) < 0.15 + 0.6 * used
    bureau = ["refused" if flag and n % 3 == 0 else int(chance.integers(300, 800)) for n, flag in enumerate(bad)]
    path = folder / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = zip(used.tolist(), bureau, ["bad" if each else "good" for each in bad], strict=True)
        csv.writer(file).writerows([["used", "bureau", "outcome"], *rows])
    command = ["scorecard", "train", "--data", str(path), "--target", "outcome", "--bad", "bad", "--kind", "woe"]
    result = invoked(*command, "--special", "refused", "--folds", "3", "--out", str(folder / "card.yaml"), "--json")
    assert result.exit_code == 0, result.output + str(result.exception)
    return str(folder / "card.yaml"), str(path)


def test_every_row_of_a_table_is_explained_as_it_is_scored(trained: tuple[str, str]) -> None:
    card, data = trained
    scored = list(csv.DictReader(invoked("scorecard", "score", card, data).stdout.splitlines()))
    for row in (1, 2, 3, 57, 400):
        said = explained(card, "--data", data, "--row", str(row))
        check_sum(said)
        assert (said["place"], said["points"]) == (scored[row - 1]["place"], int(scored[row - 1]["score"]))
        assert f"{said['probability_of_bad']:.6f}" == scored[row - 1]["probability_of_bad"]


def test_a_row_is_told_in_the_words_given(trained: tuple[str, str], tmp_path: Path) -> None:
    card, data = trained
    words = tmp_path / "words.yaml"
    words.write_text("used: {zh: 使用率, en: Use}\nbureau: {zh: 征信评分, en: Bureau score}\n", encoding="utf-8")
    lines = Path(data).read_text(encoding="utf-8").splitlines()
    row = str(next(n for n, line in enumerate(lines) if "refused" in line))
    chinese = told(card, "--data", data, "--row", row, "--words", str(words), lang="zh")
    assert f"t.csv:{int(row) + 1}" in chinese
    assert "征信评分：refused；少得" in chinese
    english = told(card, "--data", data, "--row", row)
    assert "bureau: refused; costs" in english


@pytest.mark.parametrize("row", ["0", "401", "-3"])
def test_a_row_that_is_not_there_is_refused(trained: tuple[str, str], row: str) -> None:
    card, data = trained
    assert "give 1 to 400" in refusal(card, "--data", data, "--row", row)
