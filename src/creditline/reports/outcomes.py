"""The outcomes report: what became of the lines a policy decided on, as tables, charts and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from creditline.clock import format_moment
from creditline.i18n import Language, text
from creditline.replay.outcomes import Band, Group, Outcomes
from creditline.reports.charts import BAD, GOOD, SOFT, Chart, bars_option, lines_option
from creditline.reports.page import render
from creditline.reports.tables import Table, count, figure, labelled, millions, percent

CURVE_POINTS = 120
"""Points a drawn curve has at most; figures are taken from the whole."""

_MONEY = ("limit", "owed", "owed_defaulted")
"""Headings of the columns of ``_money``."""


@dataclass(frozen=True)
class About:
    """What the figures are of."""

    policy: str
    version: str
    currency: str
    until: int
    """Moment lines were run up to, microseconds."""
    reasons: Mapping[str, Mapping[str, str]]
    """What is told for each code, by language."""
    folds: int
    """Cards that scored lines they never saw; 0 where the policy's own card did."""
    base: int | None = None
    odds: int | None = None
    double: int | None = None
    """The card's scale: at ``base`` points ``odds`` good stand against one bad, and ``double`` points double that."""
    unjudged: int = 0
    simulated: bool = False
    panel: str | None = None
    utc_offset: str = "+08:00"


def tables(figures: Outcomes, about: About, lang: Language) -> list[Table]:
    """All tables of the report, in order."""
    return [
        ways(figures, about, lang),
        rules(figures, about, lang),
        bands(figures, about, lang),
        states(figures, about, lang),
    ]


def _t(lang: Language, *keys: str) -> tuple[str, ...]:
    return tuple(text(f"reports.{key}", lang) for key in keys)


def _money(group: Group) -> tuple[str, str, str]:
    return millions(group.limit), millions(group.balance), millions(group.balance_defaulted)


def _caption(name: str, about: About, lang: Language) -> str:
    """A table's name with the unit its money stands in."""
    return text("reports.money_in", lang, title=text(f"reports.{name}_title", lang), currency=about.currency)


def ways(figures: Outcomes, about: About, lang: Language) -> Table:
    """The policy beside two plain ways of closing."""
    groups = {"way_policy": figures.closed, "way_score": figures.score_alone, "way_arrears": figures.any_arrears}
    rows = [
        (
            text(f"reports.{name}", lang), count(group.lines), count(group.defaulted), count(group.good),
            percent(group.rate), percent(_share(group.defaulted, figures.all.defaulted)), *_money(group),
        )
        for name, group in groups.items()
    ]  # fmt: skip
    labels = _t(lang, "way", "closed", "closed_defaulted", "closed_good", "default_rate", "caught_share", *_MONEY)
    return Table(_caption("ways", about, lang), labelled(*labels, page_only=(5, 6, 8)), tuple(rows), frozenset({0}))


def rules(figures: Outcomes, about: About, lang: Language) -> Table:
    """Lines that each rule stands against."""
    rows = [
        (
            group.name, about.reasons.get(group.name, {}).get(lang, ""), count(group.lines), count(group.defaulted),
            count(group.good), percent(group.rate), count(group.alone), *_money(group),
        )
        for group in figures.rules
    ]  # fmt: skip
    labels = _t(lang, "rule", "reason", "lines", "defaulted", "good", "default_rate", "alone", *_MONEY)
    columns = labelled(*labels, text=(0, 1), page_only=(4, 6, 7, 9))
    return Table(_caption("rules", about, lang), columns, tuple(rows))


def bands(figures: Outcomes, about: About, lang: Language) -> Table:
    """Lines by score, with the default rate the scale of the card promises at the middle of the band."""
    rows = [
        (
            band_label(band, lang), count(band.lines), percent(_share(band.lines, figures.all.lines)),
            count(band.defaulted), percent(band.rate), percent(expected_rate(band, about)), *_money(band),
        )
        for band in figures.bands
    ]  # fmt: skip
    labels = _t(lang, "band", "lines", "share", "defaulted", "default_rate", "expected_rate", *_MONEY)
    return Table(_caption("bands", about, lang), labelled(*labels, page_only=(2, 6, 8)), tuple(rows))


def states(figures: Outcomes, about: About, lang: Language) -> Table:
    """Lines by the state they were in when the outcome was still ahead."""
    groups = (figures.open, figures.reopened, figures.frozen, figures.closed, figures.all)
    rows = [
        (text(f"reports.state_{g.name}", lang), count(g.lines), count(g.defaulted), percent(g.rate), *_money(g))
        for g in groups
    ]
    labels = _t(lang, "state", "lines", "defaulted", "default_rate", *_MONEY)
    columns = labelled(*labels, page_only=(4, 6))
    return Table(_caption("states", about, lang), columns, tuple(rows), frozenset({len(rows) - 1}))


def band_label(band: Band, lang: Language) -> str:
    """The points of a band, lowest to highest."""
    if band.low is None:
        return text("reports.band_all" if band.high is None else "reports.band_below", lang, points=band.high)
    if band.high is None:
        return text("reports.band_from", lang, points=band.low)
    return f"{band.low}–{band.high - 1}"


def expected_rate(band: Band, about: About) -> float | None:
    """Default rate at the middle of a band by the card's scale; None for a band open to a side, or without a scale."""
    if about.base is None or about.odds is None or about.double is None or band.low is None or band.high is None:
        return None
    middle = (band.low + band.high - 1) / 2
    return float(1 / (1 + about.odds * 2 ** ((middle - about.base) / about.double)))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def charts(figures: Outcomes, about: About, lang: Language) -> list[Chart]:
    """The charts of the page, each with its table."""
    return [
        _ways_chart(figures, about, lang), _bands_chart(figures, about, lang), _rules_chart(figures, about, lang),
        _curve_chart(figures, lang),
    ]  # fmt: skip


def _ways_chart(figures: Outcomes, about: About, lang: Language) -> Chart:
    groups = (figures.closed, figures.score_alone, figures.any_arrears)
    parts = [group.defaulted for group in groups], [group.good for group in groups]
    series = dict(zip(_t(lang, "closed_defaulted", "closed_good"), parts, strict=True))
    names = _t(lang, "way_policy", "way_score", "way_arrears")
    option = bars_option("", text("reports.closed", lang), names, series, (BAD, GOOD), stacked=True, upright=False)
    table = ways(figures, about, lang)
    return Chart("ways", text("reports.ways_title", lang), text("reports.ways_says", lang), option, table, 260)


def _bands_chart(figures: Outcomes, about: About, lang: Language) -> Chart:
    rates: dict[str, list[float | None]] = {}
    rates[text("reports.default_rate", lang)] = [round((band.rate or 0) * 100, 1) for band in figures.bands]
    colours = [BAD]
    if about.base is not None:
        promised = [expected_rate(band, about) for band in figures.bands]
        rates[text("reports.expected_rate", lang)] = [
            None if rate is None else round(rate * 100, 1) for rate in promised
        ]
        colours.append(SOFT)
    labels = [band_label(band, lang) for band in figures.bands]
    option = bars_option(
        text("reports.band", lang), text("reports.default_rate", lang), labels, rates, colours, unit="%"
    )
    table = bands(figures, about, lang)
    return Chart("bands", text("reports.bands_title", lang), text("reports.bands_says", lang), option, table)


def _rules_chart(figures: Outcomes, about: About, lang: Language) -> Chart:
    series = dict(
        zip(
            _t(lang, "defaulted", "good"),
            ([r.defaulted for r in figures.rules], [r.good for r in figures.rules]),
            strict=True,
        )
    )
    names = [rule.name for rule in figures.rules]
    option = bars_option("", text("reports.lines", lang), names, series, (BAD, GOOD), stacked=True, upright=False)
    table = rules(figures, about, lang)
    return Chart(
        "rules",
        text("reports.rules_title", lang),
        text("reports.rules_says", lang),
        option,
        table,
        120 + 60 * len(names),
    )


def _curve_chart(figures: Outcomes, lang: Language) -> Chart:
    curve = figures.curve
    gaps = [bad - good for bad, good in zip(curve.bad, curve.good, strict=True)]
    widest = max(range(len(gaps)), key=lambda place: abs(gaps[place]), default=None)
    shown = _thinned(len(gaps))
    bad_name, good_name = _t(lang, "curve_bad", "curve_good")
    series = {
        bad_name: [(curve.points[n], round(curve.bad[n] * 100, 2)) for n in shown],
        good_name: [(curve.points[n], round(curve.good[n] * 100, 2)) for n in shown],
    }
    mark = None if widest is None else curve.points[widest]
    labels = text("reports.points", lang), text("reports.share_at_or_under", lang)
    option = lines_option(*labels, series, (BAD, GOOD), mark)
    rows = [
        (count(curve.points[n]), percent(curve.bad[n]), percent(curve.good[n]), percent(curve.bad[n] - curve.good[n]))
        for n in _every_twenty(curve.points)
    ]
    columns = labelled(*_t(lang, "points", "curve_bad", "curve_good", "curve_gap"))
    says = text("reports.curve_says", lang, auc=figure(figures.auc), ks=figure(figures.ks))
    return Chart(
        "curve",
        text("reports.curve_title", lang),
        says,
        option,
        Table(text("reports.curve_table", lang), columns, tuple(rows)),
    )


def _thinned(size: int) -> list[int]:
    """At most CURVE_POINTS places, the first and the last among them."""
    step = max(1, -(-size // CURVE_POINTS))
    places = list(range(0, size, step))
    return places if not places or places[-1] == size - 1 else [*places, size - 1]


def _every_twenty(points: Sequence[int]) -> list[int]:
    """For each multiple of 20 points the last place at or under it."""
    found: dict[int, int] = {}
    for place, value in enumerate(points):
        found[-(-value // 20)] = place
    return list(found.values())


def headline(figures: Outcomes, lang: Language) -> list[tuple[str, str, str]]:
    """The figures to see first: label, value, note."""
    every, closed = figures.all, figures.closed
    lines, closings, wrongly, caught = _t(lang, "lines", "closed", "closed_wrongly", "caught_share")
    wrongly_share = percent(_share(closed.good, every.good))
    return [
        (lines, count(every.lines), text("reports.note_defaulted", lang, share=percent(every.rate))),
        (closings, count(closed.lines), text("reports.note_defaulted", lang, share=percent(closed.rate))),
        (wrongly, count(closed.good), text("reports.note_of_good", lang, share=wrongly_share)),
        (caught, percent(_share(closed.defaulted, every.defaulted)), ""),
        ("AUC", figure(figures.auc), text("reports.note_auc", lang)),
        ("KS", figure(figures.ks), text("reports.note_ks", lang)),
    ]


def summary(figures: Outcomes, lang: Language) -> list[str]:
    """The comparison in two sentences, whichever way it went."""
    closed = figures.closed
    return [
        text(
            f"reports.summary_{name}", lang, caught=f"{closed.defaulted - other.defaulted:+,}",
            good=f"{closed.good - other.good:+,}", lines=f"{closed.lines - other.lines:+,}",
        )
        for name, other in (("arrears", figures.any_arrears), ("score", figures.score_alone))
    ]  # fmt: skip


def page(figures: Outcomes, about: About, lang: Language, other: str | None = None) -> str:
    """The report as one HTML page; ``other`` is the address of the page in the other language."""
    until = format_moment(about.until, about.utc_offset)[:10]
    sources = [text("reports.policy_version", lang, policy=about.policy, version=about.version)]
    if about.panel == "taiwan":
        sources.insert(0, text("reports.source_taiwan", lang))
    how = [text("reports.how_truth", lang, until=until)]
    how.append(
        text("reports.how_folds", lang, folds=about.folds) if about.folds else text("reports.how_own_card", lang)
    )
    how += _t(lang, "how_rules", "how_ways", "how_money")
    if about.unjudged:
        how.append(text("reports.how_unjudged", lang, lines=count(about.unjudged)))
    return render(
        "outcomes.html",
        lang,
        title=text("reports.outcomes_title", lang),
        simulated=about.simulated,
        other=other,
        intro=text("reports.intro", lang, policy=about.policy, until=until),
        headline=headline(figures, lang),
        summary=summary(figures, lang),
        charts=[*charts(figures, about, lang)],
        states=states(figures, about, lang),
        how=how,
        sources=sources,
    )
