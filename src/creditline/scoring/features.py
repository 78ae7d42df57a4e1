"""What a scorecard is trained on: columns as they are, and what a practitioner reads off a panel of months.

Everything here is a function of one row alone: no other row, no outcome and no later month plays a part. Sums run in
the order of the months and use the four operations and square roots only, so that every host makes the same numbers.

A panel is found by names: at least three columns of numbers that share a stem and end in a number (``bill_amt1`` ..
``bill_amt6``; ``pay_0, pay_2 .. pay_6``) are one series. Its role is found by names and by shape, in this order:

- ``state``, the repayment state of each month: whole numbers from -10 to 30 with at least one below 10, and a name that
  speaks of payment, status, arrears, delay or the like;
- ``limit``: a name that speaks of a limit; a single such column counts as well;
- ``owed``: a name that speaks of a bill, balance, debt, usage or the like;
- ``paid``: a name that speaks of payment;
- ``other``: the rest; they get the figures any series gets.

The first series of each role is the one compared with the others. Those of the roles owed and paid must be as long
as each other for that; what is paid in a month is held against what was owed at the end of the month before. The
roles are worked out once, in training, and travel with the card (``Plan``), so that scoring one row cannot read a
column otherwise than training did.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from creditline.errors import CreditlineError
from creditline.scoring.table import Column, Table, as_given, specials

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Int64s = NDArray[np.int64]
Role = Literal["state", "owed", "paid", "limit", "other"]
Latest = Literal["lowest", "highest"]

_NUMBERED: Final = re.compile(r"^(.*?\D)(\d{1,3})$")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "state": (
        "pay",
        "repay",
        "status",
        "state",
        "delinq",
        "arrear",
        "overdue",
        "delay",
        "late",
        "dpd",
        "逾期",
        "还款",
        "状态",
    ),
    "limit": ("limit", "credit_line", "creditline", "额度"),
    "owed": (
        "bill",
        "balance",
        "bal",
        "owed",
        "owing",
        "outstanding",
        "debt",
        "usage",
        "drawn",
        "账单",
        "余额",
        "欠款",
    ),
    "paid": ("pay", "paid", "repay", "repaid", "payment", "还款", "付款"),
}
_STATE_LEAST, _STATE_MOST, _STATE_SMALL = -10, 30, 10


class FeatureError(CreditlineError):
    """Columns that cannot be made into facts for a scorecard."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One column: numbers with NaN for missing, or codes of ``choices`` with -1 for missing."""

    numbers: Floats | None = None
    codes: Int64s | None = None
    choices: tuple[str, ...] = ()
    about: str = ""
    """One line that says what it is."""
    plain: bool = True
    """Whether it is a column of the file, not one worked out from several."""

    def take(self, rows: NDArray[Any]) -> Feature:
        """These rows (numbers of rows, or a mask)."""
        numbers = None if self.numbers is None else self.numbers[rows]
        codes = None if self.codes is None else self.codes[rows]
        return Feature(numbers, codes, self.choices, self.about, self.plain)


@dataclass(frozen=True, eq=False)
class Features:
    """Named columns of one length; their order plays no part in anything."""

    columns: Mapping[str, Feature]
    rows: int
    special: tuple[float, ...] = ()
    """Numbers that are codes and not amounts, such as -999, or stand for a special word; each is a bin of its own."""
    source: Mapping[str, Any] = field(default_factory=dict)
    """How these columns are made again from a table; see ``again``."""

    def take(self, rows: NDArray[Any]) -> Features:
        """These rows (numbers of rows, or a mask)."""
        columns = {name: each.take(rows) for name, each in self.columns.items()}
        count = int(rows.sum()) if rows.dtype == np.bool_ else len(rows)
        return Features(columns, count, self.special, self.source)


@dataclass(frozen=True)
class Series:
    """Columns of one thing month by month, the latest month first."""

    stem: str
    role: Role
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """The series of a panel, and the column of the limit if one stands alone."""

    series: tuple[Series, ...]
    limit: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        series = [{"stem": each.stem, "role": each.role, "columns": list(each.columns)} for each in self.series]
        return {"series": series, "limit": self.limit}

    @staticmethod
    def from_dict(said: Mapping[str, Any]) -> Plan:
        """The plan ``to_dict`` wrote; raises FeatureError for anything else."""
        try:
            series = tuple(Series(each["stem"], each["role"], tuple(each["columns"])) for each in said["series"])
            limit = said["limit"]
        except (KeyError, TypeError) as error:
            raise FeatureError("source", said, "train the card again", "is no plan of a panel") from error
        if not all(each.role in {"state", "owed", "paid", "limit", "other"} for each in series):
            raise FeatureError("source", said, "train the card again", "names a role that is not known")
        return Plan(series, limit)


def raw(table: Table, drop: Collection[str] = (), *, special: Sequence[float | str] | None = None) -> Features:
    """The columns of the table as they are, without those to drop; special values are the table's unless given.

    Raises FeatureError for a name to drop that is not there, and for infinities.
    """
    _present(table, drop)
    codes, words = (table.special, table.words) if special is None else specials(special)
    kept = {name: _feature(name, each) for name, each in table.columns.items() if name not in drop}
    source = {"kind": "raw", "columns": _kinds(kept), "special": as_given(codes, {**table.words, **words})}
    return Features(kept, table.rows, codes, source)


def panel(
    table: Table,
    drop: Collection[str] = (),
    *,
    special: Sequence[float | str] | None = None,
    plan: Plan | None = None,
    latest: Latest = "lowest",
) -> Features:
    """The columns as they are and what the series among them tell; without a plan one is worked out.

    Special values count as missing in what is worked out from several columns. ``latest`` says which number of a series
    is its latest month, see ``plan_of``; a plan has its months in order already. Without a plan, what comes to the same
    number in every row is left out. Raises FeatureError for a name that is not there, or without any series.
    """
    plain = raw(table, drop, special=special)
    whole = plan is not None
    if plan is None:
        plan = plan_of(plain, latest)
    if not plan.series:
        remedy = "use the raw features, or number the months of a series, such as bill_1 .. bill_6"
        raise FeatureError("features", "panel", remedy, "found no series of at least three numbered columns")
    derived = _Derived(plain, whole)
    with np.errstate(all="ignore"):  # what overflows is missing
        derived.work_out(plan)
    made = dict(plain.columns)
    made.update(derived.made)
    source = {**plain.source, "kind": "panel", "latest": latest, **plan.to_dict()}
    return Features(made, plain.rows, plain.special, source)


def again(table: Table, source: Mapping[str, Any], where: str = "data") -> Features:
    """The features a card was trained on, from another table.

    Raises FeatureError for columns missing or of another kind.
    Columns the card does not know are left aside. Text that was trained on may come as numbers, since a reader may
    take the codes of another file for numbers; numbers may not come as text.
    """
    if source.get("kind") not in {"raw", "panel"}:
        raise FeatureError(where, dict(source), "train the card on a table", "does not say how its facts are made")
    columns: dict[str, Column] = {}
    for name, kind in source["columns"].items():
        if name not in table.columns:
            raise FeatureError(where, name, "bring the column the card was trained on", "is missing")
        given = table.columns[name]
        if kind == "text":
            said = given.text if given.numeric is None else _as_text(given.numeric, table.words)
            columns[name] = Column(name, text=said)
        elif given.numeric is None:
            assert given.text is not None
            example = next((each for each in given.text if each is not None), None)
            if example is not None:
                raise FeatureError(f"{where}, column {name}", example, "bring numbers, as in training", "is text")
            columns[name] = Column(name, np.full(table.rows, np.nan))
        else:
            columns[name] = Column(name, given.numeric)
    part = Table(columns, table.rows, table.source)
    if source["kind"] == "raw":
        return raw(part, special=source["special"])
    # Cards of before `latest` was written down all had their months in this order.
    return panel(part, special=source["special"], plan=Plan.from_dict(source), latest=source.get("latest", "lowest"))


def plan_of(features: Features, latest: Latest = "lowest") -> Plan:
    """The series among the columns, see the head of this module.

    ``latest`` says whether the lowest number of a series is its latest month (as in ``pay_0`` for this month and
    ``pay_6`` for six months ago) or the highest.
    """
    found: dict[str, list[tuple[int, str]]] = {}
    for name, each in features.columns.items():
        match = _NUMBERED.match(name)
        if match and each.numbers is not None:
            found.setdefault(match[1], []).append((int(match[2]), name))
    series: list[Series] = []
    for stem, members in found.items():
        if len(members) < 3:
            continue
        names = tuple(name for _, name in sorted(members, reverse=latest == "highest"))
        said = stem.rstrip("_-. ")
        if any(said == each.stem for each in series):
            said = stem
        series.append(Series(said, _role(stem, [features.columns[name] for name in names]), names))
    in_series = {name for each in series for name in each.columns}
    alone = [name for name in features.columns if name not in in_series and _speaks(name, "limit")]
    limits = [name for name in alone if features.columns[name].numbers is not None]
    return Plan(tuple(series), limits[0] if len(limits) == 1 else None)


def _present(table: Table, names: Iterable[str]) -> None:
    for name in names:
        if name not in table.columns:
            raise FeatureError("drop", name, "name columns of the data: " + ", ".join(table.columns), "is no column")


def _kinds(columns: Mapping[str, Feature]) -> dict[str, str]:
    return {name: "text" if each.numbers is None else "number" for name, each in columns.items()}


def _feature(name: str, column: Column) -> Feature:
    if column.numeric is not None:
        numbers = np.asarray(column.numeric, np.float64)
        if np.isinf(numbers).any():
            row = int(np.flatnonzero(np.isinf(numbers))[0])
            remedy = "leave it empty, or give a number"
            raise FeatureError(f"column {name}, row {row + 1}", float(numbers[row]), remedy, "is not finite")
        return Feature(numbers, about="as in the data")
    assert column.text is not None
    said = np.array([each is not None for each in column.text], np.bool_)
    codes = np.full(len(said), -1, np.int64)
    choices: tuple[str, ...] = ()
    if said.any():
        names, places = np.unique(column.text[said].astype(str), return_inverse=True)
        codes[said] = places
        choices = tuple(names.tolist())
    return Feature(None, codes, choices, "as in the data")


def _as_text(numbers: Floats, words: Mapping[float, str]) -> NDArray[np.object_]:
    """Numbers as the text a file would hold: whole ones without a point, codes as their words, NaN as missing."""
    text = [
        None if each != each else words.get(each) or _plain(each)  # noqa: PLR0124
        for each in numbers.tolist()
    ]
    return np.array(text, np.object_)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(number)


def _speaks(name: str, role: str) -> bool:
    """Whether a name holds a word of a role, at the start of one of its parts; Chinese words anywhere."""
    parts = [each for each in re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()) if each]
    joined = "_".join(parts)
    return any(
        word in name if not word.isascii() else joined.startswith(word) or f"_{word}" in joined for word in _WORDS[role]
    )


def _role(stem: str, columns: Sequence[Feature]) -> Role:
    if _speaks(stem, "state") and _is_state(columns):
        return "state"
    roles: tuple[Role, ...] = ("limit", "owed", "paid")
    for role in roles:
        if _speaks(stem, role):
            return role
    return "other"


def _is_state(columns: Sequence[Feature]) -> bool:
    values = np.concatenate([each.numbers for each in columns if each.numbers is not None])
    values = values[~np.isnan(values)]
    if not len(values):
        return False
    whole = bool(np.all(values == np.round(values)))
    return whole and bool(values.min() >= _STATE_LEAST and values.max() <= _STATE_MOST and values.min() < _STATE_SMALL)


@dataclass(eq=False)
class _Derived:
    """What the series tell, made one series and one pair of series after the other."""

    plain: Features
    whole: bool
    """Whether to keep what comes to the same number in every row: scoring does, a single row has nothing else."""
    made: dict[str, Feature] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def work_out(self, plan: Plan) -> None:
        """Fill ``made``."""
        months = {each.stem: self._months(each) for each in plan.series}
        by_role: dict[str, Series] = {}
        for each in plan.series:
            by_role.setdefault(each.role, each)
            if each.role == "state":
                self._state(each.stem, months[each.stem])
            else:
                self._level(each.stem, months[each.stem], each.stem)
        limit = self._limit(plan, by_role, months)
        owed, paid, state = by_role.get("owed"), by_role.get("paid"), by_role.get("state")
        if owed:
            self._owed(owed.stem, months[owed.stem], limit)
        if paid:
            self._paid(paid.stem, months[paid.stem], limit)
        if owed and paid and len(owed.columns) == len(paid.columns):
            self._paid_of_owed(f"{paid.stem}_of_{owed.stem}", months[owed.stem], months[paid.stem], limit)
        if owed and state and len(owed.columns) == len(state.columns):
            self._behind(f"{owed.stem}_behind", months[state.stem], months[owed.stem], limit)

    def _months(self, series: Series) -> Floats:
        """Months by rows, the latest month first; special values are missing."""
        rows = []
        for name in series.columns:
            if name not in self.plain.columns:
                raise FeatureError("data", name, "bring the column the card was trained on", "is missing")
            numbers = self.plain.columns[name].numbers
            assert numbers is not None
            rows.append(np.where(np.isin(numbers, self.plain.special), np.nan, numbers))
        return np.stack(rows)

    def _limit(self, plan: Plan, by_role: Mapping[str, Series], months: Mapping[str, Floats]) -> Floats | None:
        """The limit, month by month or one row for all months; None without one."""
        series = by_role.get("limit")
        if series:
            return months[series.stem]
        if plan.limit is None:
            return None
        numbers = self.plain.columns[plan.limit].numbers
        assert numbers is not None
        return np.where(np.isin(numbers, self.plain.special), np.nan, numbers)[None, :]

    def _add(self, name: str, numbers: Floats, about: str) -> None:
        while name in self.plain.columns or name in self.names:
            name += "_worked_out"
        self.names.add(name)
        numbers = np.where(np.isfinite(numbers), numbers, np.nan) + 0.0  # no minus zero
        said = numbers[~np.isnan(numbers)]
        if not self.whole and (not len(said) or (said.min() == said.max() and len(said) == len(numbers))):
            return
        self.made[name] = Feature(numbers, about=about, plain=False)

    def _level(self, stem: str, months: Floats, what: str) -> None:
        """Mean, extremes, spread, trend and last step of any amount."""
        mean = _mean(months)
        self._add(f"{stem}_mean", mean, f"mean of {what} over the months known")
        self._add(f"{stem}_most", np.fmax.reduce(months, axis=0), f"highest {what} of any month")
        self._add(f"{stem}_least", np.fmin.reduce(months, axis=0), f"lowest {what} of any month")
        self._add(f"{stem}_spread", np.sqrt(_mean((months - mean) ** 2)), f"standard deviation of {what} over months")
        self._add(f"{stem}_trend", _trend(months), f"slope of {what} a month, rising is positive")
        self._add(f"{stem}_step", months[0] - months[1], f"{what} of the latest month less that of the month before")

    def _state(self, stem: str, months: Floats) -> None:
        """Depth, recency, streaks and steps of a repayment state (above zero: months behind)."""
        count = len(months)
        for depth in (1, 2, 3):
            late = months >= depth
            self._add(f"{stem}_behind_{depth}", _count(late), f"months with {stem} of {depth} or more")
            self._add(f"{stem}_since_{depth}", _since(late), f"months since {stem} was {depth} or more; {count}: never")
        late = months >= 1
        depths = np.where(np.isnan(months), 0.0, np.maximum(months, 0.0))
        weighted = _sum(depths / (1.0 + np.arange(count)[:, None]))
        self._add(f"{stem}_depth", _sum(depths), f"sum of {stem} over the months behind")
        self._add(f"{stem}_recent_depth", weighted, "the same, month k before the latest divided by k + 1")
        self._add(f"{stem}_worst", np.fmax.reduce(months, axis=0), f"highest {stem}")
        self._add(f"{stem}_best", np.fmin.reduce(months, axis=0), f"lowest {stem}")
        self._add(f"{stem}_worst_before", np.fmax.reduce(months[1:], axis=0), f"highest {stem} before the latest month")
        self._add(f"{stem}_worst_3", np.fmax.reduce(months[:3], axis=0), f"highest {stem} of the latest three months")
        self._add(f"{stem}_mean", _mean(months), f"mean of {stem}")
        self._add(f"{stem}_trend", _trend(months), f"slope of {stem} a month, rising is positive")
        self._add(f"{stem}_step", months[0] - months[1], f"latest {stem} less that of the month before")
        self._add(f"{stem}_streak", _streak(late), "months behind in a row up to the latest")
        self._add(f"{stem}_clear_streak", _streak(months <= 0), "months not behind in a row up to the latest")
        self._add(f"{stem}_longest", _longest(late), "longest run of months behind")
        self._add(f"{stem}_worse", _count(months[:-1] > months[1:]), f"months in which {stem} rose")
        self._add(
            f"{stem}_changes",
            _count((months[:-1] > months[1:]) | (months[:-1] < months[1:])),
            f"months in which {stem} changed",
        )
        self._add(f"{stem}_at_zero", _count(months == 0), f"months with {stem} of 0")
        self._add(f"{stem}_below_zero", _count(months < 0), f"months with {stem} below 0")
        self._add(f"{stem}_at_latest", _streak(months == months[0]), f"months in a row with the latest {stem}")

    def _owed(self, stem: str, months: Floats, limit: Floats | None) -> None:
        """Growth of what is owed, and its share of the limit."""
        self._add(f"{stem}_none", _count(months <= 0), "months with nothing owed")
        self._add(f"{stem}_rises", _count(months[:-1] > months[1:]), f"months in which {stem} rose")
        self._add(f"{stem}_growth", _ratio(months[0], months[-1]), f"latest {stem} to the first known month's")
        self._add(f"{stem}_to_mean", _ratio(months[0], _mean(months)), f"latest {stem} to its mean")
        if limit is None:
            return
        used = _ratio(months, _wide(limit, len(months)))
        self._each(f"{stem}_used", used, "share of the limit owed")
        self._level(f"{stem}_used", used, "share of the limit owed")
        self._add(f"{stem}_over", _count(used > 1), "months with more owed than the limit")
        self._add(f"{stem}_room", limit[0] - months[0], "limit less what is owed")

    def _paid(self, stem: str, months: Floats, limit: Floats | None) -> None:
        """How regularly payments come, and how large they are for the limit."""
        self._add(f"{stem}_months", _count(months > 0), "months with a payment")
        self._add(f"{stem}_since", _since(months > 0), f"months since a payment; {len(months)}: never")
        self._add(f"{stem}_to_mean", _ratio(months[0], _mean(months)), f"latest {stem} to its mean")
        if limit is not None:
            shares = _ratio(months, _wide(limit, len(months)))
            self._level(f"{stem}_of_limit", shares, "payment to limit")

    def _paid_of_owed(self, stem: str, owed: Floats, paid: Floats, limit: Floats | None) -> None:
        """Payments against what was owed a month before, what was newly drawn, and what stayed unpaid."""
        shares = _ratio(paid[:-1], owed[1:])
        self._each(f"{stem}_share", shares, "payment to what was owed the month before")
        self._level(f"{stem}_share", shares, "payment to what was owed the month before")
        self._add(f"{stem}_share_total", _ratio(_sum(paid[:-1]), _sum(owed[1:])), "all payments to all owed")
        full = (paid[:-1] >= owed[1:]) & (owed[1:] > 0)
        self._add(f"{stem}_full", _count(full), "months in which all that was owed was paid")
        self._add(f"{stem}_full_since", _since(full), "months since all that was owed was paid")
        nothing = (paid[:-1] <= 0) & (owed[1:] > 0)
        self._add(f"{stem}_nothing", _count(nothing), "months in which something was owed and nothing paid")
        self._add(f"{stem}_nothing_streak", _streak(nothing), "the same, in a row up to the latest month")
        drawn = owed[:-1] - owed[1:] + paid[:-1]
        rest = owed[1:] - paid[:-1]
        self._each(f"{stem}_drawn", drawn, "newly drawn in the month: rise of what is owed, and payments")
        self._level(f"{stem}_drawn", drawn, "newly drawn")
        self._add(f"{stem}_drawn_months", _count(drawn > 0), "months with new drawings")
        self._level(f"{stem}_rest", rest, "owed the month before and not paid")
        net = paid[:-1] - drawn
        self._add(f"{stem}_net", _sum(net), "payments less new drawings, all months")
        if limit is not None:
            wide = _wide(limit, len(owed))
            self._each(f"{stem}_drawn_of_limit", _ratio(drawn, wide[:-1]), "newly drawn to limit")
            self._level(f"{stem}_drawn_of_limit", _ratio(drawn, wide[:-1]), "newly drawn to limit")
            self._level(f"{stem}_rest_of_limit", _ratio(rest, wide[:-1]), "owed and not paid, to limit")

    def _behind(self, stem: str, states: Floats, owed: Floats, limit: Floats | None) -> None:
        """Amounts owed while behind."""
        late = np.where(states >= 1, np.where(np.isnan(owed), 0.0, np.maximum(owed, 0.0)), 0.0)
        self._add(f"{stem}_most", np.max(late, axis=0), "most owed in a month behind")
        self._add(f"{stem}_mean", _mean(late), "mean of what is owed while behind, other months as 0")
        if limit is not None:
            shares = _ratio(late, _wide(limit, len(late)))
            self._add(f"{stem}_of_limit", _mean(shares), "the same, to limit")

    def _each(self, stem: str, months: Floats, what: str) -> None:
        for number, each in enumerate(months):
            self._add(f"{stem}_{number}", each, f"{what}, {number} months before the latest")


def _wide(limit: Floats, count: int) -> Floats:
    """The limit of each of so many months: its own where known for each, else the latest for all."""
    return limit if len(limit) == count else np.broadcast_to(limit[:1], (count, limit.shape[1]))


def _sum(months: Floats) -> Floats:
    """Sum of the months known, in the order of the months; NaN where none is."""
    total = np.zeros(months.shape[1])
    for each in months:
        total = total + np.where(np.isnan(each), 0.0, each)
    return np.where(np.isnan(months).all(axis=0), np.nan, total)


def _mean(months: Floats) -> Floats:
    count = (~np.isnan(months)).sum(axis=0)
    return np.asarray(np.divide(_sum(months), count, out=np.full(months.shape[1], np.nan), where=count > 0), np.float64)


def _trend(months: Floats) -> Floats:
    """Slope of a straight line through all months; NaN where one is missing."""
    weights = (len(months) - 1) / 2 - np.arange(len(months))
    total = np.zeros(months.shape[1])
    for weight, each in zip(weights.tolist(), months, strict=True):
        total = total + weight * each
    return total / float((weights * weights).sum())


def _ratio(above: Floats, below: Floats) -> Floats:
    """The quotient, NaN where there is nothing to hold it against."""
    out = np.full(np.broadcast_shapes(above.shape, below.shape), np.nan)
    with np.errstate(over="ignore"):
        np.divide(above, below, out=out, where=below > 0)
    return np.where(np.isfinite(out), out, np.nan)


def _count(true: Bools) -> Floats:
    return np.asarray(true.sum(axis=0), np.float64)


def _since(true: Bools) -> Floats:
    """Months since the latest true one: 0 for the latest month, the number of months where there is none."""
    return np.asarray(np.where(true.any(axis=0), true.argmax(axis=0), len(true)), np.float64)


def _streak(true: Bools) -> Floats:
    """True months in a row up to the latest."""
    return np.asarray(np.logical_and.accumulate(true, axis=0).sum(axis=0), np.float64)


def _longest(true: Bools) -> Floats:
    best = np.zeros(true.shape[1])
    run = np.zeros(true.shape[1])
    for each in true:
        run = np.where(each, run + 1, 0.0)
        best = np.maximum(best, run)
    return best


__all__ = ["Feature", "FeatureError", "Features", "Latest", "Plan", "Series", "again", "panel", "plan_of", "raw"]
