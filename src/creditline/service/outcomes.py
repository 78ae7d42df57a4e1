"""What became of the lines the last run decided on: the home's decisions set against its outcomes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from creditline.errors import CreditlineError
from creditline.replay.outcomes import Judged, Outcomes, judge
from creditline.service.run import KEY, Ran
from creditline.store import Home


class Report(msgspec.Struct, frozen=True):
    """The figures of an outcomes report, and the run and home they are of."""

    ran: Ran
    outcomes: Outcomes
    unjudged: int
    """Lines whose outcome is not known; they are in no figure."""
    simulated: bool
    panel: str | None
    """Name of the public panel the home was made from."""


def report(home: Home) -> Report:
    """Judge the home's last run by its outcomes. Raises CreditlineError without either, or where the log has grown."""
    ran = _last_run(home)
    known = home.outcomes()
    if not known:
        remedy = "import outcomes (outcome.observed), for example with: creditline import taiwan FILE"
        raise CreditlineError("home", str(home.path), remedy, "knows no outcomes")
    lines = home.lines()
    rows = np.array([row for row, line in enumerate(lines) if line in known], np.int64)
    defaulted = np.array([known[lines[row]] for row in rows], bool)
    judged = _judged(home, ran, [lines[row] for row in rows], rows, defaulted)
    simulated, panel = bool(home.get("simulated")), (home.get("panel") or {}).get("panel")
    return Report(ran, judge(judged, ran.codes), len(lines) - len(rows), simulated, panel)


def _last_run(home: Home) -> Ran:
    told = home.get(KEY)
    if told is None:
        raise CreditlineError("home", str(home.path), "run a policy first: creditline run", "holds no run to report on")
    ran = msgspec.convert(told, Ran)
    if ran.position != home.position():
        problem = f"is past the last run's {ran.position}"
        raise CreditlineError("log position", home.position(), "run the policy again: creditline run", problem)
    return ran


def _judged(home: Home, ran: Ran, lines: list[str], rows: Any, defaulted: Any) -> Judged:
    """The lines with an outcome as the last run left them."""
    last, closings = {}, set()
    for each in home.decisions():
        last[each.line] = each
        if each.action == "close":
            closings.add(each.line)
    status = np.array([last[line].status if line in last else "new" for line in lines])
    standing = ran.standing
    return Judged(
        points=np.array(standing.points, np.int64)[rows],
        defaulted=defaulted,
        closed=status == "closed",
        frozen=status == "frozen",
        reopened=(status == "open") & np.array([line in closings for line in lines], bool),
        reasons=[last[line].standing if line in last else () for line in lines],
        in_arrears=np.array(standing.in_arrears, bool)[rows],
        limit=np.array(standing.limit, np.int64)[rows],
        balance=np.array(standing.balance, np.int64)[rows],
    )
