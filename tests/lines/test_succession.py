"""Versions of a policy in succession: each decides from the moment it comes into force."""

from __future__ import annotations

from creditline.events.event import Event
from creditline.events.kinds import ArrearsChanged, DrawBooked, LineOpened
from creditline.facts.slices import from_events
from creditline.lines.decision import Decision
from creditline.lines.succession import InForce, run_in_force
from creditline.policy import Policy, read_policy

DAY = 86_400_000_000
START = 1_767_225_600_000_000

TEXT = """
policy: strict
title: {{zh: 版本, en: Versions}}
facts:
  dpd: {{last: arrears.changed.days_past_due}}
  draws_3d: {{count: draw.booked, window: 3d}}
rules:
{rules}
reopen: {{when: "true", limit: limit, probation: 10d}}
incident: {{code: T20, reason: {{zh: 故障, en: fault}}}}
"""


def rule(code: str, when: str, cure: str) -> str:
    terms = f"when: {when}, then: close, cooling_off: 30d, cure: {cure}, reason: {{zh: 一, en: one}}"
    return f"  - {{code: {code}, {terms}}}\n"


def version(*rules: str) -> Policy:
    return read_policy(TEXT.format(rules="".join(rules)))


def actions(events: list[Event], versions: list[InForce], until: int) -> list[tuple[int, str, tuple[str, ...], str]]:
    runs = run_in_force(from_events(events), versions, until, engine="python")
    return [((d.at - START) // DAY, d.action, d.reasons, d.policy) for part in runs for d in part.decisions()]


LENIENT = version(rule("T01", "dpd >= 60", "dpd = 0"))
STRICT = version(rule("T05", "draws_3d >= 2", "draws_3d = 0"), rule("T01", "dpd >= 30", "dpd = 0"))
OPENED = Event("e0", "L", START, START, LineOpened(100_000))


def test_a_tighter_version_closes_on_the_day_it_comes_into_force() -> None:
    events = [OPENED, Event("e1", "L", START + DAY, START + DAY, ArrearsChanged(40, 500))]
    versions = [InForce(STRICT, START + 20 * DAY), InForce(LENIENT, START)]
    assert actions(events, versions, START + 25 * DAY) == [
        (0, "open", (), LENIENT.version),
        (20, "close", ("T01",), STRICT.version),
    ]


def test_before_that_day_nothing_of_it_is_felt() -> None:
    events = [OPENED, Event("e1", "L", START + DAY, START + DAY, ArrearsChanged(40, 500))]
    versions = [InForce(LENIENT, START), InForce(STRICT, START + 20 * DAY)]
    assert [a for _, a, _, _ in actions(events, versions, START + 20 * DAY - 1)] == ["open"]


def test_reasons_carry_over_by_code_and_decisions_count_on() -> None:
    """Closed for T01 as rule 0 of one version; cured as rule 1 of the next."""
    events = [
        OPENED,
        Event("e1", "L", START + DAY, START + DAY, ArrearsChanged(70, 500)),
        Event("e2", "L", START + 25 * DAY, START + 25 * DAY, ArrearsChanged(0, 0)),
    ]
    versions = [InForce(LENIENT, START), InForce(STRICT, START + 20 * DAY)]
    assert actions(events, versions, START + 60 * DAY) == [
        (0, "open", (), LENIENT.version),
        (1, "close", ("T01",), LENIENT.version),
        (31, "reopen", (), STRICT.version),
    ]
    runs = run_in_force(from_events(events), versions, START + 60 * DAY, engine="python")
    assert [d.number for part in runs for d in part.decisions()] == [0, 1, 2]


def test_a_reason_the_new_version_does_not_know_stands_no_longer() -> None:
    events = [OPENED, *(Event(f"e{n}", "L", START + n * DAY, START + n * DAY, DrawBooked(100)) for n in (1, 2))]
    versions = [InForce(STRICT, START), InForce(LENIENT, START + 5 * DAY)]
    assert [a for _, a, _, _ in actions(events, versions, START + 40 * DAY)] == ["open", "close", "reopen"]


# -- lines with a succession of their own


FOUR = [
    each
    for line in ("A", "B", "C", "D")
    for each in (
        Event("e0", line, START, START, LineOpened(100_000)),
        Event("e1", line, START + DAY, START + DAY, ArrearsChanged(70 if line in "AB" else 40, 500)),
        Event("e2", line, START + 5 * DAY, START + 6 * DAY, DrawBooked(100)),
        Event("e3", line, START + 45 * DAY, START + 45 * DAY, ArrearsChanged(0, 0)),
    )
]
VERSIONS = [InForce(LENIENT, START), InForce(STRICT, START + 20 * DAY)]
OWN: dict[str, list[InForce]] = {
    "B": [InForce(LENIENT, START), InForce(STRICT, START + 60 * DAY)],
    "C": [InForce(LENIENT, START)],
    "D": [InForce(LENIENT, START), InForce(STRICT, START + 60 * DAY)],
    "nobody": [InForce(LENIENT, START)],
}


def decided(versions: list[InForce], own: dict[str, list[InForce]], lines: str, until: int) -> list[Decision]:
    slices = from_events([each for each in FOUR if each.line in lines])
    runs = run_in_force(slices, versions, until, engine="python", own=own)
    return sorted((d for part in runs for d in part.decisions()), key=lambda d: (d.line, d.number))


def test_lines_with_their_own_succession_are_decided_as_if_they_stood_alone() -> None:
    for until in (START + 10 * DAY, START + 45 * DAY, START + 90 * DAY):
        together = decided(VERSIONS, OWN, "ABCD", until)
        alone = [d for line in "ABCD" for d in decided(OWN.get(line, VERSIONS), {}, line, until)]
        assert together == alone
        assert {d.trigger for d in together} >= {"e0", "e1"}
    assert decided(VERSIONS, OWN, "ABCD", until) != decided(VERSIONS, {}, "ABCD", until)


def test_the_last_run_holds_the_final_state_of_every_line() -> None:
    until = START + 30 * DAY
    slices = from_events(FOUR)
    last = run_in_force(slices, VERSIONS, until, engine="python", own=OWN)[-1]
    assert last.policy == STRICT
    assert last.slices is slices
    assert last.statuses() == ["closed", "closed", "open", "open"], "C and D are not under the stricter version"
    numbers = last.column("DECISIONS").tolist()
    runs = run_in_force(slices, VERSIONS, until, engine="python", own=OWN)
    assert numbers == [sum(d.line == line for r in runs for d in r.decisions()) for line in "ABCD"]


def test_nobody_of_their_own_is_as_it_was() -> None:
    until = START + 90 * DAY
    assert decided(VERSIONS, {}, "ABCD", until) == decided(VERSIONS, {"Z": VERSIONS}, "ABCD", until)
