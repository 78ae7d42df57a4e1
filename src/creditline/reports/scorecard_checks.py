"""What a scorecard's page tells beside the card itself: other models, how far rows have moved, and groups of people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from creditline.i18n import Language, text
from creditline.reports.charts import BAD, SOFT, Chart, bars_option
from creditline.reports.scorecard_facts import Words, decimal, number, special_told
from creditline.reports.tables import Table, count, figure, labelled, percent
from creditline.scoring.fairness import LEAST, OTHERS

Figures = Mapping[str, Any]

_BAND = re.compile(r"< ([-0-9.]+)|([-0-9.]+) \.\. < ([-0-9.]+)|>= ([-0-9.]+)")
"""How ``fairness.groups_of`` writes a band of numbers."""


def _t(lang: Language, *keys: str) -> tuple[str, ...]:
    return tuple(text(f"cardreport.{key}", lang) for key in keys)


def between(value: str, low: str, high: str, lang: Language) -> str:
    """A figure with its bounds."""
    value, low, high = (each.replace("-", "−") for each in (value, low, high))
    return text("cardreport.between_bounds", lang, value=value, low=low, high=high)


def bounded(figures: Figures, name: str, lang: Language, places: int = 3) -> str:
    """A figure with its bounds where it has any; a dash where there is none."""
    value, low, high = (figures.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return figure(value, places).replace("-", "−")
    return between(figure(value, places), figure(low, places), figure(high, places), lang)


def bounded_percent(figures: Figures, name: str, lang: Language) -> str:
    """A share with its bounds, in percent."""
    value, low, high = (figures.get(f"{name}{end}") for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return percent(value)
    return between(percent(value), percent(low), percent(high), lang)


# --- beside other models --------------------------------------------------------------------------------------------


def kind_told(kind: object, lang: Language) -> str:
    """The kind of a model in words; as it is where it has none."""
    known = ("woe", "ebm", "lightgbm", "logistic", "champion", "challenger")
    return text(f"cardreport.kind_{kind}", lang) if kind in known else str(kind)


def name_of(model: Figures, lang: Language) -> str:
    """The kind of a model, or the name of its file."""
    name = str(model.get("name") or "")
    return kind_told(model.get("kind", "–"), lang) if name in ("", model.get("kind")) else name.rpartition("/")[2]


def with_differences(told: Figures) -> list[dict[str, Any]]:
    """The models that ``scorecard compare`` tells of, each with how it differs from the best card."""
    apart = {each["name"]: each for each in told.get("differences", ()) if "difference" in each}
    made = []
    for each in told["models"]:
        found = apart.get(each["name"], {})
        keys = {"auc_difference": "difference", "auc_difference_low": "low", "auc_difference_high": "high"}
        more = {key: found[name] for key, name in keys.items() if name in found}
        made.append({**each, **more, "best": each["name"] == told.get("best")})
    return made


def compared_table(compared: Sequence[Figures], lang: Language) -> Table:
    """The models side by side, as they are given."""
    apart = any(each.get("auc_difference") is not None for each in compared)
    labels = ["model", "auc_interval", *["auc_difference"] * apart, "ks", "brier", "log_loss", "slope"]
    rows = []
    for each in compared:
        cells = [name_of(each, lang), bounded(each, "auc", lang, 4)]
        if apart:
            cells.append(
                text("cardreport.best_card", lang) if each.get("best") else bounded(each, "auc_difference", lang, 4)
            )
        cells += [figure(each.get(name), 4) for name in ("ks", "brier", "log_loss")]
        rows.append((*cells, figure(each.get("calibration_slope"), 2)))
    strong = frozenset(number for number, each in enumerate(compared) if each.get("best"))
    return Table(text("cardreport.compared_table", lang), labelled(*_t(lang, *labels)), tuple(rows), strong)


# --- drift ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moved:
    """How far rows have moved from those of the training."""

    says: tuple[str, ...]
    chart: Chart
    facts: Table
    bins: tuple[tuple[str, Table], ...]
    """Of each fact that moves its bins, with the fact in words."""


def moved(drift: Figures, words: Words, lang: Language) -> Moved:
    """Drift as ``profile.drift`` tells it, in words, a chart and tables."""
    says = [
        text("cardreport.drift_rows", lang, rows=count(drift["rows"]), expected=count(drift["expected_rows"])),
        text(
            f"cardreport.drift_{drift['psi_level']}", lang, psi=figure(drift["psi"]), chance=figure(drift["psi_chance"])
        ),
        text("cardreport.drift_how", lang),
    ]
    facts = sorted(drift["csi"], key=lambda fact: (-drift["csi"][fact], fact))
    rows = tuple(
        (words(fact, lang), figure(drift["csi"][fact]), figure(drift["csi_chance"][fact]),
         text(f"cardreport.level_{drift['csi_level'][fact]}", lang), decimal(drift["points"][fact]))
        for fact in facts
    )  # fmt: skip
    columns = labelled(*_t(lang, "fact", "csi", "csi_chance", "level", "points_moved"), text=(0, 3))
    table = Table(text("cardreport.csi_table", lang), columns, rows)
    moving = [fact for fact in facts if drift["csi_level"][fact] != "stable"]
    bins = tuple((words(fact, lang), _bins(words(fact, lang), drift["facts"][fact], lang)) for fact in moving)
    return Moved(tuple(says), _bands(drift, lang), table, bins)


def _bands(drift: Figures, lang: Language) -> Chart:
    bands: Sequence[Figures] = drift["bands"]
    names = [_edges(each["from"], each["to"], lang) for each in bands]
    expected, actual = _t(lang, "in_training", "now")
    series = {
        expected: [round(each["expected"] * 100, 2) for each in bands],
        actual: [round(each["actual"] * 100, 2) for each in bands],
    }
    points, share = _t(lang, "points", "share_of_rows")
    option = bars_option(points, share, names, series, (SOFT, BAD), unit="%")
    rows = tuple(
        (name, percent(each["expected"]), percent(each["actual"])) for name, each in zip(names, bands, strict=True)
    )
    table = Table(text("cardreport.bands_table", lang), labelled(points, expected, actual), rows)
    return Chart("drift", text("cardreport.bands_title", lang), text("cardreport.bands_says", lang), option, table)


def _edges(low: float | None, high: float | None, lang: Language) -> str:
    if low is None and high is None:
        return text("cardreport.any", lang)
    if low is None:
        return text("cardreport.under", lang, limit=number(high or 0))
    if high is None:
        return text("cardreport.from", lang, limit=number(low))
    return text("cardreport.between", lang, low=number(low), high=number(high))


def _bins(fact: str, bins: Sequence[Figures], lang: Language) -> Table:
    rows = tuple((_bin(each, lang), percent(each["expected"]), percent(each["actual"])) for each in bins)
    labels = _t(lang, "place", "in_training", "now")
    return Table(text("cardreport.bins_table", lang, fact=fact), labelled(*labels), rows)


def _bin(each: Figures, lang: Language) -> str:
    if each.get("missing"):
        return text("cardreport.missing", lang)
    if each.get("other"):
        return text("cardreport.other", lang)
    if "choices" in each:
        return text("cardreport.comma", lang).join(each["choices"])
    if "special" in each:
        return special_told(each["special"], lang)
    return _edges(each.get("at_least"), each.get("below"), lang)


# --- groups of people -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByGroup:
    """The card and groups of people."""

    says: tuple[str, ...]
    columns: tuple[tuple[str, tuple[Table, ...]], ...]
    """Of each sensitive column approvals, errors, and points with calibration."""
    proxies: Table | None
    proxies_says: str
    notes: tuple[str, ...]


def by_group(told: Figures, words: Words, lang: Language, allowed: Sequence[str] = ()) -> ByGroup:
    """Fairness as ``fairness`` tells it; ``allowed`` names sensitive columns the card does use."""
    cutoff = {"cutoff": number(told["cutoff"]), "share": percent(told["approved_share"])}
    own = "own" if told.get("cutoff_given") is False else "given"
    used = text("cardreport.comma", lang).join(allowed)
    says = (
        text("cardreport.fair_inputs_some", lang, names=used) if allowed else text("cardreport.fair_inputs", lang),
        text(f"cardreport.fair_cutoff_{own}", lang, **cutoff),
        text("cardreport.fair_sober", lang),
    )
    columns = tuple(
        (words(name, lang), tuple(make(words(name, lang), groups, lang) for make in (_approvals, _errors, _calibrated)))
        for name, groups in told["columns"].items()
    )
    found: Sequence[Figures] = told.get("proxies") or ()
    heard = "proxies_found" if found else "proxies_none"
    notes = (
        text("cardreport.fair_fifths", lang),
        text("cardreport.fair_small", lang, small=told["small"]),
        text("cardreport.fair_intervals", lang),
        text("cardreport.fair_proxies", lang, least=LEAST),
    )
    table = _proxies(found, words, lang) if found else None
    return ByGroup(says, columns, table, text(f"cardreport.{heard}", lang), notes)


def _name(group: str | None, lang: Language) -> str:
    if group is None:
        return text("cardreport.no_answer", lang)
    if group == OTHERS:
        return text("cardreport.other", lang)
    if band := _BAND.fullmatch(group):
        under, low, high, least = band.groups()
        if under:
            return text("cardreport.under", lang, limit=under)
        if least:
            return text("cardreport.from", lang, limit=least)
        return text("cardreport.between", lang, low=low, high=high)
    return group


def _approvals(name: str, groups: Sequence[Figures], lang: Language) -> Table:
    rows = tuple(
        (_name(each["group"], lang), count(each["rows"]), bounded_percent(each, "approved_share", lang),
         _ratio(each, lang), _mark(each, lang))
        for each in groups
    )  # fmt: skip
    labels = _t(lang, "group", "rows", "approved", "ratio", "fifths")
    return Table(text("cardreport.approvals_table", lang, name=name), labelled(*labels), rows)


def _errors(name: str, groups: Sequence[Figures], lang: Language) -> Table:
    shares = ("bad_share_approved", "false_refusals", "false_approvals")
    rows = tuple(
        (_name(each["group"], lang), *(bounded_percent(each, share, lang) for share in shares)) for each in groups
    )
    labels = _t(lang, "group", "bad_approved", "false_refusals", "false_approvals")
    return Table(text("cardreport.errors_table", lang, name=name), labelled(*labels), rows)


def _ratio(each: Figures, lang: Language) -> str:
    if each["most_favoured"]:
        return text("cardreport.most_favoured", lang)
    return bounded(each, "ratio", lang, 2)


def _mark(each: Figures, lang: Language) -> str:
    if each["small"]:
        return text("cardreport.too_few", lang)
    if each["below_four_fifths"] is None or each["most_favoured"]:
        return "–"
    return text(f"cardreport.fifths_{'under' if each['below_four_fifths'] else 'met'}", lang)


def _calibrated(name: str, groups: Sequence[Figures], lang: Language) -> Table:
    rows = tuple(
        (_name(each["group"], lang), figure(each["mean_points"], 1), percent(each["expected_bad_share"]),
         bounded_percent(each, "bad_share", lang), _off(each, lang))
        for each in groups
    )  # fmt: skip
    labels = _t(lang, "group", "mean_points", "expected", "came_bounds", "calibration")
    return Table(text("cardreport.calibrated_table", lang, name=name), labelled(*labels), rows)


def _off(each: Figures, lang: Language) -> str:
    if each["calibration_off"] is None:
        return text("cardreport.too_few", lang)
    if not each["calibration_off"]:
        return text("cardreport.off_no", lang)
    return text(f"cardreport.off_{'low' if each['expected_bad_share'] < each['bad_share'] else 'high'}", lang)


def _by_group(points: Mapping[str, float], lang: Language) -> str:
    told = [
        text("cardreport.under_heading", lang, said=_name(group, lang), heading=decimal(mean))
        for group, mean in points.items()
    ]
    return text("cardreport.semicolon", lang).join(told) or "–"


def _proxies(found: Sequence[Figures], words: Words, lang: Language) -> Table:
    rows = tuple(
        (words(each["fact"], lang), words(each["column"], lang),
         f"{text('cardreport.measure_' + each['measure'], lang)} {figure(each['value'], 2)}",
         figure(each["strength"], 2),
         _by_group(each["points"] or {}, lang))
        for each in found
    )  # fmt: skip
    labels = _t(lang, "fact", "tells", "measure", "strength", "points_by_group")
    return Table(text("cardreport.proxies_table", lang), labelled(*labels, text=(0, 1, 4)), rows)


__all__ = [
    "ByGroup", "Moved", "bounded", "by_group", "compared_table", "kind_told", "moved", "name_of", "with_differences",
]  # fmt: skip
