"""A scorecard as one page: what it is, how well it does on rows it never saw, and every point of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from creditline.i18n import Language, text
from creditline.reports.charts import Chart
from creditline.reports.page import render
from creditline.reports.scorecard_about import (
    About,
    about_of,
    left_out,
    limits,
    particulars,
    purpose,
    settings,
    tuning,
)
from creditline.reports.scorecard_charts import charts, weights
from creditline.reports.scorecard_checks import (
    bounded,
    by_group,
    compared_table,
    moved,
    name_of,
    with_differences,
)
from creditline.reports.scorecard_facts import Words, number, shown
from creditline.reports.tables import Table, count, figure, labelled, percent
from creditline.scoring.card import Calibration, Card
from creditline.scoring.words import Words as Given
from creditline.scoring.words import words_of

Figures = Mapping[str, Any]

_NAMES: Final = (
    "auc", "gini", "ks", "brier", "log_loss", "calibration_slope", "calibration_in_the_large", "calibration_error",
)  # fmt: skip

_SURE: Final = 7.0
"""Log odds beyond which the table of probabilities tells no more: one in a thousand."""

_SCORES: Final = 9
"""Scores in the table of probabilities, at most."""


def page(
    card: Card,
    figures: Figures,
    lang: Language,
    *,
    compared: Sequence[Figures] = (),
    drift: Figures | None = None,
    words: Given | None = None,
) -> str:
    """The card as one HTML page. ``figures`` are those of ``evaluate`` with what a command says beside them.

    What they do not say is taken from the card's training; nothing at all may be known. ``compared`` are figures of
    models on the same rows, each with its ``kind`` and perhaps ``auc_difference``; ``drift`` is that of
    ``profile.drift``. Facts are called by the ``words`` given, else by those the card holds, else those of a policy by
    the catalogue's.
    """
    called = _called(card, words or card.training.get("words"))
    about = about_of(card, figures, lang, called)
    drawn = charts([(about.t(where), each) for where, each in about.sources], lang)
    heavy = weights(card, called, lang)
    apart = moved(drift, called, lang) if drift else None
    allowed = tuple(about.training.get("allowed") or ())
    groups = by_group(about.fairness, called, lang, allowed) if about.fairness else None
    return render(
        "scorecard.html",
        lang,
        title=_title(about),
        simulated=about.simulated,
        intro=about.t("intro", facts=count(len(card.facts))),
        headline=list(_headline(about)),
        purpose=list(purpose(about)),
        facts_about=list(particulars(about)),
        left_out=about.marked(left_out(about)) if left_out(about).rows else None,
        settings=about.marked(settings(about)) if settings(about).rows else None,
        tuning=tuning(about),
        limits=list(limits(about)),
        figures_say=list(_figures_say(about)),
        in_words=list(_in_words(about)),
        figures_table=about.marked(_figures(about)) if about.sources else None,
        charts=[_marked_chart(each, about) for each in drawn],
        scaling=list(_scaling(about)),
        scores=about.marked(_scores(about)),
        weights=_marked_chart(heavy, about) if heavy else None,
        terms=shown(card, called, lang),
        base=number(card.base),
        compared=about.marked(compared_table(compared, lang)) if compared else None,
        drift=apart and replace(
            apart, chart=_marked_chart(apart.chart, about), facts=about.marked(apart.facts),
            bins=tuple((name, about.marked(table)) for name, table in apart.bins),
        ),
        groups=groups and replace(
            groups, columns=tuple((name, tuple(map(about.marked, tables))) for name, tables in groups.columns),
            proxies=about.marked(groups.proxies) if groups.proxies else None,
        ),
    )  # fmt: skip


def compared_page(told: Figures, lang: Language) -> str:
    """What ``scorecard compare`` tells, as one HTML page: the models side by side, with their curves."""

    def t(key: str, **values: object) -> str:
        return text(f"cardreport.{key}", lang, **values)

    simulated = bool(told.get("simulated"))
    models = with_differences(told)
    about = {"data": told.get("data", "–"), "rows": count(told["rows"]), "bad": count(told["bad"])}
    says = [t("compared_intro", **about)]
    says.append(
        t("compared_folds", folds=told["folds"], repeats=told["repeats"]) if told.get("folds") else t("compared_rows")
    )
    table = compared_table(models, lang)
    drawn = charts([(name_of(each, lang), each) for each in models], lang, alone=False)
    if simulated:
        table = replace(table, caption=t("marked", caption=table.caption))
        drawn = [replace(e, table=replace(e.table, caption=t("marked", caption=e.table.caption))) for e in drawn]
    return render(
        "compared.html",
        lang,
        title=t("compared_page", target=told.get("target", "")),
        simulated=simulated,
        says=says,
        compared=table,
        apart=len(models) > 1,
        charts=drawn,
    )


def _called(card: Card, words: Given | None) -> Words:
    """What facts are called: columns of a person's table by their names, whatever the catalogue calls theirs."""
    common = card.source.get("kind") not in ("raw", "panel")

    def called(fact: str, lang: Language) -> str:
        known = words_of(fact, lang, words, common=common)
        return fact if known == fact.replace("_", " ") else known

    return called


def _marked_chart(chart: Chart, about: About) -> Chart:
    return replace(chart, table=about.marked(chart.table))


def _title(about: About) -> str:
    target = about.training.get("target") or about.training.get("policy")
    return about.t("title_of", target=target) if target else about.t("title")


def _headline(about: About) -> Iterator[tuple[str, str, str]]:
    if about.sources:
        heading, main = about.t(about.sources[0][0]), about.sources[0][1]
        for name in ("auc", "ks"):
            if main.get(name) is not None:
                low, high = main.get(f"{name}_low"), main.get(f"{name}_high")
                known = low is not None and high is not None
                note = about.t("note_interval", low=figure(low), high=figure(high)) if known else ""
                yield name.upper(), figure(main[name]), f"{heading}{about.t('comma')}{note}" if note else heading
    training = about.training
    if training.get("rows"):
        note = about.t("note_bad", bad=count(training["bad"]), rows=count(training["rows"]))
        yield about.t("bad_of_training"), percent(training["bad"] / training["rows"]), note
    pairs = sum(len(term.axes) > 1 for term in about.card.terms)
    yield about.t("facts"), count(len(about.card.facts)), about.t("note_pairs", pairs=pairs)
    scaling = about.card.scaling
    note = about.t("note_base", base=number(scaling.base), odds=scaling.odds)
    yield about.t("points_double"), count(scaling.double), note


# --- figures --------------------------------------------------------------------------------------------------------


def _figures_say(about: About) -> Iterator[str]:
    if not about.sources:
        yield about.t("figures_none")
        return
    for where, each in about.sources:
        if where == "out_of_fold":
            yield about.t("say_out_of_fold", folds=each.get("folds", "–"), repeats=each.get("repeats", 1))
        elif where == "checked":
            yield from _checked(each, about)
        else:
            yield from _later(each, about)
    yield about.t("say_intervals")


def _checked(each: Figures, about: About) -> Iterator[str]:
    data = about.t("comma").join([str(each.get("data") or about.t("rows_given")), *each.get("where", ())])
    yield about.t("say_checked", data=data, rows=count(each["rows"]), bad=count(each["bad"]))
    same = each.get("trained_on_this_file") if about.training.get("data_sha256") else None
    yield about.t("say_same_unknown" if same is None else "say_same" if same else "say_not_same")


def _later(each: Figures, about: About) -> Iterator[str]:
    rows, bad = count(each.get("rows") or 0), count(each.get("bad") or 0)
    yield about.t("say_out_of_time", rows=rows, bad=bad)
    if each.get("rows_of_lines_trained_on"):
        area = figure(each.get("auc_other_lines"))
        yield about.t("say_lines_seen", rows=count(each["rows_of_lines_trained_on"]), auc=area)
    if each.get("windows_reaching_in"):
        yield about.t("say_reaching", rows=count(each["windows_reaching_in"]))


def _figures(about: About) -> Table:
    """Every figure there is, of every source."""
    rows = [
        (about.t(f"figure_{name}"), *(bounded(each, name, about.lang) for _, each in about.sources))
        for name in _NAMES
        if any(each.get(name) is not None for _, each in about.sources)
    ]
    labels = (about.t("figure"), *(about.t(where) for where, _ in about.sources))
    return Table(about.t("figures_table"), labelled(*labels), tuple(rows))


def _in_words(about: About) -> Iterator[tuple[str, str]]:
    """What each figure of the first source says."""
    if about.sources:
        main = {**{name: about.training.get(name) for name in ("rows", "bad")}, **about.sources[0][1]}
        for name in _NAMES:
            if main.get(name) is not None and (said := _says(name, main, about)):
                yield about.t(f"figure_{name}"), said


def _says(name: str, figures: Figures, about: About) -> str:
    """A figure in plain words; empty where there are none without the share of bad."""
    value = figures[name]
    if name == "auc":
        return about.t("says_auc", share=percent(value))
    if name in ("ks", "calibration_error"):
        return about.t(f"says_{name}", points=f"{value * 100:.1f}")
    if name not in ("brier", "log_loss"):
        return about.t(f"says_{name}")
    if not figures["rows"] or not 0 < figures["bad"] < figures["rows"]:
        return ""
    share = figures["bad"] / figures["rows"]
    surprise = -share * math.log(share) - (1 - share) * math.log1p(-share)
    return about.t(f"says_{name}", plain=figure(share * (1 - share) if name == "brier" else surprise))


# --- from points to probability -------------------------------------------------------------------------------------


def _reach(card: Card) -> tuple[int, int]:
    """The lowest and the highest score there can be."""
    low, high = (sum(end(term.points) for term in card.terms) for end in (min, max))
    return card.base + low, card.base + high


def _scaling(about: About) -> Iterator[str]:
    card = about.card
    scaling, curve = card.scaling, card.calibration
    low, high = _reach(card)
    yield about.t("reach", base=number(card.base), low=number(low), high=number(high))
    yield text("scorecard.scaling", about.lang, base=scaling.base, odds=scaling.odds, double=scaling.double)
    if curve.slope <= 0:
        yield about.t("calibrated_flat")
        return
    again = about.training.get("recalibrated")
    if again:
        yield about.t("calibrated_again", data=again.get("data", "–"))
    else:
        yield about.t("calibrated_scaling" if curve == Calibration.of(scaling) else "calibrated_unseen")
    double = figure(math.log(2) / curve.slope, 1)
    yield about.t("calibrated", double=double, intercept=number(curve.intercept, 4), slope=number(curve.slope, 4))


def _scores(about: About) -> Table:
    """Probability and odds at scores a step apart, over the scores there are."""
    card, double = about.card, about.card.scaling.double
    low, high = _reach(card)
    bins = about.sources[0][1].get("distribution") if about.sources else None
    if bins:
        low, high = max(low, math.floor(bins[0]["from"])), min(high, math.ceil(bins[-1]["to"]))
    curve = card.calibration
    if curve.slope > 0:
        ends = [(sign * _SURE - curve.intercept) / curve.slope for sign in (-1, 1)]
        low, high = (
            max(low, math.floor(min(max(ends[0], -1e9), 1e9))),
            min(high, math.ceil(max(min(ends[1], 1e9), -1e9))),
        )
    step = double * max(1, -(-(high - low) // (double * (_SCORES - 1))))
    rows = []
    for score in range(low // step * step, high + step, step):
        odds = math.exp(max(-700, min(curve.intercept + curve.slope * score, 700)))
        rows.append(
            (number(score), percent(1 / (1 + odds), 2), f"{odds:,.{0 if odds >= 100 else 1 if odds >= 1 else 3}f}")
        )
    columns = labelled(*(about.t(key) for key in ("score", "probability", "good_to_bad")))
    return Table(about.t("scores_to_bad"), columns, tuple(rows))


__all__ = ["compared_page", "page"]
