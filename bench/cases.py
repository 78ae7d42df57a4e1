"""What is measured: each case gives rows of figures, some with a bar they must reach."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench import data
from bench.timing import CORES, Timing, peak_bytes, timed, together
from creditline.events.kinds import NULL
from creditline.facts.parquet import read_slices, write_slices
from creditline.facts.slices import Slices
from creditline.lines.replay import look, run
from creditline.policy import load_policy
from creditline.policy.compiler import fact_order
from creditline.policy.model import Policy

POLICY = "consumer-line"


@dataclass(frozen=True)
class Row:
    """One figure of the page."""

    case: str
    what: str
    figure: str
    bar: str = ""
    met: bool | None = None

    def as_dict(self) -> dict[str, object]:
        """The row as JSON carries it from the process that measured it."""
        return asdict(self)


@dataclass(frozen=True)
class Scale:
    """Sizes of a run: the real one, a quick one, a tiny one for tests."""

    lines: tuple[int, ...]
    """Sizes whose cost per line is compared, rising; the last is the as-of case."""
    events: int
    peer_lines: int
    exported_lines: int
    long_events: int
    parquet_lines: int
    borrowers: int
    replayed: int
    repeat: int
    loans: int
    schedules: int
    scored: int
    trained: int
    closed: int
    """Borrowers of whose lines about one in eight is closed."""
    lent: int
    """As ``closed``, with loans in the lending core."""


FULL = Scale(
    (10_000, 100_000, 1_000_000), 100, 100_000, 5_000, 100_000, 1_000_000, 3_000, 30_000, 7, 1_000_000, 1_000_000,
    200_000, 10_000, 42_000, 3_000,
)  # fmt: skip
QUICK = Scale(
    (1_000, 10_000, 50_000), 100, 10_000, 500, 20_000, 50_000, 500, 2_000, 5, 50_000, 20_000, 100_000, 3_000, 3_000, 600
)
TINY = Scale((20, 40, 60), 40, 60, 60, 500, 60, 12, 20, 1, 200, 200, 300, 400, 60, 10)


def _look(slices: Slices, policy: Policy, *, keep_facts: bool = False) -> Callable[[], object]:
    states = data.opened(slices)
    return lambda: look(slices, policy, data.END, states, threads=CORES, engine="numba", keep_facts=keep_facts)


# -- as of one moment -----------------------------------------------------------------------------


def as_of(scale: Scale) -> Iterator[Row]:
    """One decision a line, in memory, and its cost per line from few lines to many."""
    policy = load_policy(POLICY)
    whole = data.generate(scale.lines[-1], scale.events)
    costs: list[float] = []
    for lines in scale.lines:
        slices = whole if lines == scale.lines[-1] else data.head(whole, lines)
        # The best of a few runs of some milliseconds is chance.
        took = timed(_look(slices, policy), scale.repeat * min(10, scale.lines[-1] // lines))
        costs.append(took.best / lines)
        last = lines == scale.lines[-1]
        bar, met = ("at most 2 s", took.median <= 2) if last else ("", None)
        what = f"decision as of one moment, {lines:,} lines x {scale.events} events"
        yield Row("as-of", what, _seconds(took) + f"; {took.median / lines * 1e6:.2f} us a line", bar, met)
    spread = max(costs) / min(costs)
    sizes = f"{scale.lines[0]:,} to {scale.lines[-1]:,} lines"
    yield Row(
        "as-of",
        f"cost per line by best runs, dearest to cheapest, {sizes}",
        f"{spread:.2f} times",
        "at most 1.3",
        spread <= 1.3,
    )


def single(scale: Scale) -> Iterator[Row]:
    """One line with very many events."""
    policy = load_policy(POLICY)
    took = timed(_look(data.generate(1, scale.long_events), policy), 5 * scale.repeat)
    what = f"decision on one line with {scale.long_events:,} events"
    yield Row(
        "single", what, f"{took.median * 1e3:.2f} ms (best {took.best * 1e3:.2f})", "under 5 ms", took.median < 5e-3
    )


# -- peers ----------------------------------------------------------------------------------------


def peers(scale: Scale) -> Iterator[Row]:
    """The same facts by DuckDB and by Polars from the same columns in memory."""
    policy = load_policy(POLICY)
    yield from _against(policy, scale, "all counted facts of the policy")
    from bench.peers import plain

    yield from _against(plain(policy), scale, "its plain facts alone")
    yield from exported(policy, scale)


def _against(policy: Policy, scale: Scale, what: str) -> Iterator[Row]:
    from bench.duck import DuckDb
    from bench.peers import events_table, states_table
    from bench.polar import Polars

    slices = data.generate(scale.peer_lines, scale.events)
    in_time = data.generate(scale.peer_lines, scale.events, by_time=True)
    events = events_table(in_time)
    duck, polars = DuckDb(events, states_table(data.opened(in_time)), CORES), Polars(events, scale.peer_lines)
    ours = look(slices, policy, data.END, data.opened(slices), engine="numba")
    checked = {
        "DuckDB": duck.counted(policy, data.END).sort_by("line"),
        "Polars": polars.counted(policy, data.END).sort("line"),
    }
    for name, table in checked.items():
        _same(name, policy, ours.facts, lambda fact, table=table: table[fact].fill_null(NULL).to_numpy())  # type: ignore[misc]
    took = together(
        {
            "decisions": _look(slices, policy),
            "facts": _look(slices, policy, keep_facts=True),
            "DuckDB": lambda: duck.counted(policy, data.END),
            "Polars, in memory": lambda: polars.counted(policy, data.END, "in-memory"),
            "Polars, streamed": lambda: polars.counted(policy, data.END, "streaming"),
        },
        max(1, scale.repeat // 2),
    )
    count = f"{what} ({len(policy.counted_facts)}), {scale.peer_lines:,} lines x {scale.events} events"
    bar = "" if policy.version == "plain" else "at least 10 times"
    yield Row("peers", f"kernel, {count}: decisions", _seconds(took["decisions"]))
    yield Row("peers", "kernel, the same: every fact handed out as well", _seconds(took["facts"]))
    for name in ("DuckDB", "Polars, in memory", "Polars, streamed"):
        ratio, handed = took[name] / took["decisions"], took[name] / took["facts"]
        figure = f"{_seconds(took[name])}; {ratio:.1f} times the decisions, {handed:.1f} times with facts handed out"
        yield Row("peers", f"{name}: the same facts", figure, bar, ratio >= 10 if bar else None)


def exported(policy: Policy, scale: Scale) -> Iterator[Row]:
    """The SQL a policy exports: facts, points and rules, written to be read and not to be fast."""
    from bench.duck import DuckDb
    from bench.peers import events_table, states_table

    slices = data.generate(scale.exported_lines, scale.events)
    states = data.opened(slices)
    duck = DuckDb(events_table(slices), states_table(states), CORES)
    table = duck.exported(policy, data.END)
    ours = look(slices, policy, data.END, states, engine="numba")
    _same("exported SQL", policy, ours.facts, lambda fact: table[fact].fill_null(NULL).to_numpy())
    assert np.array_equal(table["points"].to_numpy(), ours.verdicts[:, 0]), "exported SQL: points differ"
    took = together(
        {"kernel": _look(slices, policy, keep_facts=True), "exported": lambda: duck.exported(policy, data.END)}, 1
    )
    what = f"exported SQL in DuckDB (facts, points, rules), {scale.exported_lines:,} lines x {scale.events} events"
    yield Row("peers", what, f"{_seconds(took['exported'])}; {took['exported'] / took['kernel']:.0f} times the kernel")


def _same(name: str, policy: Policy, facts: data.Int64s, column: Callable[[str], data.Int64s]) -> None:
    """Stop where a peer's facts are not the kernel's, bit for bit."""
    order = fact_order(policy)
    for fact in policy.counted_facts:
        wrong = np.flatnonzero(column(fact.name) != facts[:, order.index(fact.name)])
        assert len(wrong) == 0, f"{name}: {fact.name} differs on {len(wrong)} lines, first on row {wrong[0]}"


# -- from disk ------------------------------------------------------------------------------------


def parquet(scale: Scale) -> Iterator[Row]:
    """From a Parquet file to decisions, chunk by chunk, and the most memory it took."""
    policy = load_policy(POLICY)
    with tempfile.TemporaryDirectory(prefix="creditline-bench-") as folder:
        path = Path(folder) / "events.parquet"
        write_slices(path, _in_steps(scale.parquet_lines, scale.events))
        _decided(path, policy, chunks=1)
        began, busy = time.perf_counter(), time.process_time()
        lines = _decided(path, policy)
        took, busy = time.perf_counter() - began, (time.process_time() - busy) / CORES
        size = path.stat().st_size
    what = f"Parquet on disk to decisions, {lines:,} lines x {scale.events} events"
    figure = f"{took:.1f} s ({busy:.1f} s of {CORES} cores busy), file {size / 1e9:.2f} GB"
    yield Row("parquet", what, figure, "at most 30 s", took <= 30)
    peak = peak_bytes() / 2**30
    yield Row(
        "parquet",
        "the most memory held meanwhile, writing the file included",
        f"{peak:.1f} GiB",
        "under 8 GiB",
        peak < 8,
    )


def _in_steps(lines: int, events: int, step: int = 20_000) -> Iterator[Slices]:
    """Generated lines a step at a time, so that writing them holds no more."""
    return (data.generate(min(step, lines - first), events, 1, first) for first in range(0, lines, step))


def _decided(path: Path, policy: Policy, chunks: int | None = None) -> int:
    """Decide the lines of a file (or of its first chunks); how many."""
    lines = 0
    for number, chunk in enumerate(read_slices(path, 4_000_000, visits=False)):
        if number == chunks:
            break
        seen = look(chunk, policy, data.END, data.opened(chunk), threads=CORES, engine="numba", keep_facts=False)
        assert not seen.failures, seen.failures[:3]
        lines += len(chunk)
    return lines


# -- through time ---------------------------------------------------------------------------------


def replay(scale: Scale) -> Iterator[Row]:
    """A year of simulated persons' lines taken through every event and every moment at which time alone decides."""
    policy = load_policy(POLICY)
    once = data.simulated(scale.borrowers, 12)
    slices = data.tiled(once, -(-scale.replayed // len(once)))
    end = int(once.known.max())
    first = np.minimum.reduceat(once.at, once.offsets[:-1])
    years = float(np.sum(end - first)) / data.YEAR * (len(slices) / len(once))
    result = run(slices, policy, end, threads=CORES, engine="numba")
    assert not result.failures, result.failures[:3]
    took = timed(lambda: run(slices, policy, end, threads=CORES, engine="numba"), max(1, scale.repeat // 2))
    rate = years / took.median
    each = f"{len(slices.at) / years:.0f} events and {len(result.rows) / years:.1f} decisions a line-year"
    what = f"replay, {len(slices):,} simulated lines, {years:,.0f} line-years, {each}"
    figure = f"{rate:,.0f} line-years/s ({years / took.busy:,.0f} by processor time)"
    yield Row("replay", what, figure, "at least 20,000", rate >= 20_000)


# -- lending --------------------------------------------------------------------------------------


def schedules(scale: Scale) -> Iterator[Row]:
    """Schedules in batch, beside the scalar path."""
    from bench import lending

    yield from lending.schedules(scale)


def day_end(scale: Scale) -> Iterator[Row]:
    """The day end of very many open loans."""
    from bench import lending

    yield from lending.day_end(scale)


def _seconds(took: Timing) -> str:
    return f"{took.median:.3f} s (best {took.best:.3f}, {took.busy:.3f} of {CORES} cores busy)"


def scoring(scale: Scale) -> Iterator[Row]:
    """Rows a second by a shipped card and by a boosted one, beside the libraries the cards come from."""
    from bench import scoring as cards

    yield from cards.scoring(scale)


def wayback(scale: Scale) -> Iterator[Row]:
    """Plans for many closed lines, beside a scorecard's counterfactual."""
    from bench import wayback as plans

    yield from plans.wayback(scale)


CASES: dict[str, Callable[[Scale], Iterator[Row]]] = {
    "as-of": as_of, "single": single, "peers": peers, "parquet": parquet, "replay": replay,
    "scoring": scoring, "schedules": schedules, "day-end": day_end,
    "wayback": wayback,
}  # fmt: skip
