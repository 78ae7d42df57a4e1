"""The charts of a scorecard's page, each with the table that says the same."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any, Final

from creditline.i18n import Language, text
from creditline.reports.charts import BAD, GOOD, PLAIN, SOFT, Chart, bars_option, lines_option
from creditline.reports.scorecard_facts import Words, by_weight, signed, title_of
from creditline.reports.tables import Table, count, figure, labelled, percent
from creditline.scoring.card import Card

Figures = Mapping[str, Any]

WEIGHTS: Final = 20
"""Facts and pairs in the chart of weights."""

_REFUSED: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of good rows the table of the ROC curve tells of."""

_NAME: Final = 26
"""Letters of a name a chart has room for on a phone; its table has all of them."""

_LINES: Final = (GOOD, BAD, PLAIN, "#7a5195", "#9a6a00")


def _t(lang: Language, *keys: str) -> tuple[str, ...]:
    return tuple(text(f"cardreport.{key}", lang) for key in keys)


def charts(sources: Sequence[tuple[str, Figures]], lang: Language, *, alone: bool = True) -> list[Chart]:
    """The charts of figures under their headings; those that hold the tables a chart is drawn from.

    The ROC curve shows all and reliability is told of each; scores and gains are of the first ``alone``, if at all.
    """
    made = []
    if curves := {heading: each["roc"] for heading, each in sources if each.get("roc")}:
        made.append(_roc(curves, dict(sources), lang))
    for _, each in sources[: int(alone)]:
        made += [_distribution(each, lang)] if each.get("distribution") else []
        made += [_gains(each, lang)] if each.get("gains") else []
    for place, (heading, each) in enumerate(sources):
        if each.get("reliability"):
            made.append(_reliability(each, heading if len(sources) > 1 else "", place, lang))
    return made


def _roc(curves: Mapping[str, Sequence[Sequence[float]]], figures: Mapping[str, Figures], lang: Language) -> Chart:
    good, bad, chance = _t(lang, "good_refused", "bad_refused", "chance")
    series = {
        heading: [(round(x * 100, 2), round(y * 100, 2)) for x, y in points] for heading, points in curves.items()
    }
    series[chance] = [(0, 0), (100, 100)]
    colours = [*(_LINES[place % len(_LINES)] for place in range(len(curves))), SOFT]
    option = lines_option(f"{good} (%)", bad, series, colours, sloped=True, dotted={chance})
    headings = [bad] if len(curves) == 1 else [f"{bad}: {heading}" for heading in curves]
    rows = tuple((percent(x, 0), *(percent(_at(points, x)) for points in curves.values())) for x in _REFUSED)
    areas = text("cardreport.comma", lang).join(
        figure(figures[heading]["auc"]) if len(curves) == 1 else f"{heading} {figure(figures[heading]['auc'])}"
        for heading in curves
    )
    table = Table(text("cardreport.roc_table", lang), labelled(good, *headings), rows)
    return Chart("roc", text("cardreport.roc_title", lang), text("cardreport.roc_says", lang, auc=areas), option, table)


def _at(points: Sequence[Sequence[float]], x: float) -> float:
    """The height of a curve at x, between its points."""
    place = bisect_left(points, x, key=lambda point: point[0])
    if place == 0 or points[min(place, len(points) - 1)][0] == x:
        return points[min(place, len(points) - 1)][1]
    if place == len(points):
        return points[-1][1]
    (low, under), (high, over) = points[place - 1], points[place]
    return under + (over - under) * (x - low) / (high - low)


def _distribution(figures: Figures, lang: Language) -> Chart:
    bins: Sequence[Mapping[str, float]] = figures["distribution"]
    goods, bads = (sum(each[name] for each in bins) or 1 for name in ("good", "bad"))
    names = [_band(each) for each in bins]
    of_good, of_bad = _t(lang, "share_of_good", "share_of_bad")
    series = {
        of_good: [round(each["good"] / goods * 100, 2) for each in bins],
        of_bad: [round(each["bad"] / bads * 100, 2) for each in bins],
    }
    points, share = _t(lang, "points", "share_of_each")
    option = bars_option(points, share, names, series, (GOOD, BAD), unit="%")
    rows, gaps = [], []
    good = bad = 0.0
    for each, name in zip(bins, names, strict=True):
        good, bad = good + each["good"], bad + each["bad"]
        here = each["bad"] / (each["good"] + each["bad"]) if each["good"] + each["bad"] else None
        gaps.append(bad / bads - good / goods)
        rows.append(
            (name, count(int(each["good"])), count(int(each["bad"])), percent(here), percent(good / goods),
             percent(bad / bads), percent(gaps[-1]))
        )  # fmt: skip
    columns = labelled(*_t(lang, "points", "good", "bad", "bad_share", "good_so_far", "bad_so_far", "gap"))
    table = Table(text("cardreport.scores_table", lang), columns, tuple(rows), frozenset({gaps.index(max(gaps))}))
    says = text("cardreport.scores_says", lang, ks=figure(figures.get("ks")))
    return Chart("scores", text("cardreport.scores_title", lang), says, option, table)


def _band(each: Mapping[str, float]) -> str:
    low, high = each["from"], each["to"]
    if float(low).is_integer() and float(high).is_integer():
        return f"{int(low)}–{int(high) - 1}".replace("-", "−")
    return f"{low:.3g} – {high:.3g}".replace("-", "−")


def _gains(figures: Figures, lang: Language) -> Chart:
    gains: Sequence[Mapping[str, float]] = figures["gains"]
    refused, found, chance = _t(lang, "rows_refused", "bad_refused", "chance")
    series = {
        found: [(0.0, 0.0), *((round(e["share_of_rows"] * 100, 2), round(e["share_of_bad"] * 100, 2)) for e in gains)],
        chance: [(0.0, 0.0), (100.0, 100.0)],
    }
    option = lines_option(f"{refused} (%)", found, series, (BAD, SOFT), sloped=True, dotted={chance})
    rows = tuple(
        (percent(e["share_of_rows"], 0), percent(e["share_of_bad"]), figure(e["lift"], 2), _points(e["score_to"]))
        for e in gains
    )
    columns = labelled(*_t(lang, "rows_refused", "bad_refused", "lift", "score_to"))
    first = gains[0]
    says = text(
        "cardreport.gains_says", lang, rows=percent(first["share_of_rows"], 0), share=percent(first["share_of_bad"]),
        lift=figure(first["lift"], 2),
    )  # fmt: skip
    table = Table(text("cardreport.gains_table", lang), columns, rows)
    return Chart("gains", text("cardreport.gains_title", lang), says, option, table)


def _points(score: float) -> str:
    return f"{score:,.6g}".replace("-", "−")


def _reliability(figures: Figures, heading: str, place: int, lang: Language) -> Chart:
    groups: Sequence[Mapping[str, float]] = figures["reliability"]
    came, low, high, true = _t(lang, "came", "low", "high", "as_foretold")
    most = max(max(each["probability"], each["high"]) for each in groups) * 100
    series = {
        name: [(round(each["probability"] * 100, 2), round(each[key] * 100, 2)) for each in groups]
        for name, key in ((came, "bad_share"), (low, "low"), (high, "high"))
    }
    series[true] = [(0.0, 0.0), (round(most, 2), round(most, 2))]
    x = text("cardreport.foretold", lang)
    option = lines_option(
        f"{x} (%)", came, series, (BAD, SOFT, SOFT, PLAIN), sloped=True, dotted={low, high, true}, top=None
    )
    rows = tuple(
        (
            percent(e["probability"]),
            percent(e["bad_share"]),
            percent(e["low"]),
            percent(e["high"]),
            count(int(e["rows"])),
        )
        for e in groups
    )
    columns = labelled(*_t(lang, "foretold", "came", "low", "high", "rows"))
    title, caption = (text(f"cardreport.reliability_{part}", lang) for part in ("title", "table"))
    if heading:
        title, caption = (
            text("cardreport.under_heading", lang, said=said, heading=heading) for said in (title, caption)
        )
    says = text("cardreport.reliability_says", lang, groups=len(groups))
    return Chart(f"reliability-{place}", title, says, option, Table(caption, columns, rows))


def weights(card: Card, words: Words, lang: Language) -> Chart | None:
    """How far each fact or pair can move the score, the weightiest first; None for a card without terms."""
    terms = by_weight(card)[:WEIGHTS]
    if not terms:
        return None
    names = [title_of(term, words, lang) for term in terms]
    label = text("cardreport.weight", lang)
    spans = [max(term.points) - min(term.points) for term in terms]
    short = [name if len(name) <= _NAME else f"{name[: _NAME - 1]}…" for name in names]
    option = bars_option("", label, short, {label: [float(each) for each in spans]}, (GOOD,), upright=False)
    rows = tuple(
        (name, signed(min(term.points)), signed(max(term.points)), count(span))
        for name, term, span in zip(names, terms, spans, strict=True)
    )
    columns = labelled(*_t(lang, "fact", "worst", "best", "weight"))
    shown, every = len(terms), len(card.terms)
    says = text("cardreport.weights_says", lang, shown=shown, every=every)
    table = Table(text("cardreport.weights_table", lang), columns, rows)
    title = text("cardreport.weights_title", lang)
    return Chart("weights", title, says, option, table, 80 + 26 * len(terms))


__all__ = ["WEIGHTS", "charts", "weights"]
