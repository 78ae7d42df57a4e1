"""The model card of a scorecard's page: what is known of its training, what it is for, and its limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from creditline.i18n import Language, text
from creditline.reports.scorecard_checks import kind_told
from creditline.reports.scorecard_facts import Words
from creditline.reports.tables import Table, count, figure, labelled, percent
from creditline.scoring.card import Card
from creditline.scoring.sensitive import sensitive

Figures = Mapping[str, Any]

_TOLD: Final = frozenset({
    "kind", "target", "bad_value", "data", "data_sha256", "rows", "bad", "from", "until", "features", "columns", "seed",
    "version", "trained_by", "trained_at", "simulated", "dropped", "allowed", "suspects", "rows_aside", "out_of_fold",
    "out_of_time", "figures", "fairness", "profile", "tuning", "monotone", "purpose", "auc_unrounded", "outcome",
    "window", "policy", "policy_version", "observed", "lines", "log_until", "words", "library_facts",
})  # fmt: skip
"""What of a training has a place of its own; the rest is told as settings."""

_MADE: Final = ("raw", "panel", "policy", "behaviour")

_WHY: Final = {
    "named with --drop": "asked", "is empty": "empty", "says the same in every row": "constant",
    "names the rows": "names_rows",
}  # fmt: skip


@dataclass(frozen=True)
class About:
    """A card with the figures there are of it."""

    card: Card
    training: Figures
    sources: tuple[tuple[str, Figures], ...]
    """Figures and what rows they are of: checked, out_of_fold, out_of_time. Charts are drawn from the first."""
    fairness: Figures | None
    lang: Language
    words: Words

    def t(self, key: str, **values: object) -> str:
        """A text of the page."""
        return text(f"cardreport.{key}", self.lang, **values)

    @property
    def simulated(self) -> bool:
        """Whether the training says that its data are made up."""
        return bool(self.training.get("simulated"))

    def marked(self, table: Table) -> Table:
        """The table with a caption that says so where the data are simulated."""
        return replace(table, caption=self.t("marked", caption=table.caption)) if self.simulated else table


def about_of(card: Card, figures: Figures, lang: Language, words: Words) -> About:
    """Put what is given and what the card holds together."""
    kept = dict(card.training)
    held = dict(kept.get("out_of_fold") or {}) | dict(kept.get("figures") or {})
    # What a validation on other rows says of its data is not what the card was trained on.
    checked = "auc" in figures and figures.get("folds") == 0
    training = kept if checked else {**figures, **kept}
    training["simulated"] = bool(kept.get("simulated") or figures.get("simulated"))
    sources = []
    if checked:
        sources.append(("checked", figures))
    out_of_fold = held if checked or "auc" not in figures else {**held, **figures}
    if out_of_fold.get("auc") is not None:
        sources.append(("out_of_fold", out_of_fold))
    later = figures.get("out_of_time") or kept.get("out_of_time") or held.get("out_of_time")
    if later:
        sources.append(("out_of_time", later))
    fairness = figures.get("fairness") or kept.get("fairness") or held.get("fairness")
    return About(card, training, tuple(sources), fairness, lang, words)


def purpose(about: About) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What the card is for and what it is not for."""
    training = about.training
    said = training.get("purpose")
    said = said.get(about.lang) if isinstance(said, Mapping) else said
    rank = about.t("for_risk")
    if training.get("target"):
        rank = about.t("for_target", target=training["target"], bad=training.get("bad_value", ""))
    yield about.t("for_title"), (*([str(said)] if said else []), rank, about.t("for_rules"), about.t("for_reasons"))
    yield about.t("not_title"), (about.t("not_others"), about.t("not_prices"), about.t("not_causes"))


def particulars(about: About) -> Iterator[tuple[str, str]]:
    """The training in labelled lines; what is not recorded is said not to be."""
    training, card = about.training, about.card
    unknown = about.t("not_recorded")
    yield about.t("kind"), kind_told(card.kind, about.lang)
    yield about.t("outcome"), _outcome(about) or unknown
    yield about.t("data"), _data(about) or unknown
    yield about.t("sha256"), str(training.get("data_sha256") or unknown)
    if training.get("rows"):
        share = percent(training["bad"] / training["rows"])
        yield about.t("rows_bad"), f"{count(training['rows'])} / {count(training['bad'])} ({share})"
    yield about.t("period"), _period(training) or unknown
    if training.get("features"):
        made = str(training["features"])
        yield about.t("made_from"), about.t(f"features_{made}") if made in _MADE else made
    yield about.t("on_card"), about.t("facts_terms", facts=len(card.facts), terms=len(card.terms))
    yield about.t("seed"), str(training.get("seed", unknown))
    yield about.t("version"), str(training.get("version") or unknown)
    yield about.t("trained_by"), str(training.get("trained_by") or unknown)
    if training.get("trained_at"):
        yield about.t("trained_at"), str(training["trained_at"])
    if training.get("policy"):
        yield about.t("policy"), f"{training['policy']} {str(training.get('policy_version', ''))[:12]}".strip()
    yield about.t("hash"), card.hash


def _outcome(about: About) -> str:
    """What counts as bad, of a table or of lines observed."""
    training = about.training
    if training.get("target"):
        return f"{training['target']} = {training.get('bad_value', '–')}"
    said = str(training.get("outcome") or "")
    if not said:
        return ""
    late = re.fullmatch(r"(\d+)dpd", said)
    told = about.t("outcome_late", days=late[1]) if late else about.t("outcome_told") if said == "observed" else said
    return about.t("outcome_within", outcome=told, window=training["window"]) if training.get("window") else told


def _data(about: About) -> str:
    training = about.training
    if training.get("data"):
        return str(training["data"])
    if training.get("log_until"):
        return about.t("data_log", lines=count(training.get("lines") or 0), until=training["log_until"])
    return ""


def _period(training: Figures) -> str:
    """From when to when rows are of."""
    observed = training.get("observed") or ()
    span = [str(training[name]) for name in ("from", "until") if training.get(name)]
    ends = span or ([str(observed[0]), str(observed[-1])] if observed else [])
    return " – ".join(dict.fromkeys(ends))


def left_out(about: About) -> Table:
    """Columns left out and sensitive columns, with the reason."""
    training = about.training
    dropped: Figures = training.get("dropped") or {}
    allowed: Figures = training.get("allowed") or {}
    grounds = sensitive([*dropped, *allowed])
    grounds |= dict.fromkeys(set((about.fairness or {}).get("columns", ())) - set(grounds), "person")
    rows = []
    for name, why in dropped.items():
        reason = text(f"scorecard.why_{_WHY[why]}", about.lang) if why in _WHY else str(why)
        if name in grounds:
            reason = about.t("sensitive_out", why=about.t(f"ground_{grounds[name].replace(' ', '_')}"))
        rows.append((name, about.t("left_out", reason=reason)))
    rows += [(name, about.t("allowed", reason=why)) for name, why in allowed.items()]
    rows += [(name, about.t("suspect", auc=figure(area))) for name, area in (training.get("suspects") or {}).items()]
    columns = labelled(about.t("column"), about.t("what_became"), text=(0, 1))
    return Table(about.t("left_out_table"), columns, tuple(rows))


def settings(about: About) -> Table:
    """Everything else the training recorded, by the names it has in the card's file."""
    kept = {name: value for name, value in about.card.training.items() if name not in _TOLD}
    rows = [(name, said) for name, value in kept.items() for name, said in _flat(name, value)]
    rows += [
        (about.t("monotone", fact=about.words(fact, about.lang)), about.t("rises" if way > 0 else "falls"))
        for fact, way in (about.card.training.get("monotone") or {}).items()
    ]
    return Table(about.t("settings_table"), labelled(about.t("setting"), about.t("value")), tuple(rows))


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(f"{name}.{key}", each)
    elif isinstance(value, list | tuple):
        if len(value) <= 12 and not any(isinstance(each, Mapping | list | tuple) for each in value):
            yield name, ", ".join(map(str, value)) or "–"
    else:
        yield name, "–" if value is None else str(value)


def tuning(about: About) -> tuple[str, Table] | None:
    """What settings were tried, where they were chosen by trying."""
    tuning = about.card.training.get("tuning")
    if not isinstance(tuning, Mapping) or not tuning.get("tried"):
        return None
    rows = tuple((_said(each["settings"], about), figure(each["auc"], 4)) for each in tuning["tried"])
    table = Table(about.t("tuning_table"), labelled(about.t("tried"), about.t("inner_auc")), rows)
    says = about.t("tuning_says", folds=tuning.get("folds", 0), chosen=_said(tuning.get("chosen") or {}, about))
    return says, about.marked(table)


def _said(settings: Figures, about: About) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items()) or about.t("usual")


def limits(about: About) -> Iterator[str]:
    """What the card cannot do, and what is not known of it."""
    if about.simulated:
        yield about.t("limit_simulated")
    if not {"checked", "out_of_time"} & dict(about.sources).keys():
        yield about.t("limit_no_later")
    yield about.t("limit_known")
    yield about.t("limit_others")
    yield about.t("limit_missing")
    yield about.t("limit_groups" if about.fairness else "limit_no_groups")
    aside = about.training.get("rows_aside")
    if aside:
        yield about.t("limit_aside", rows=count(aside if isinstance(aside, int) else len(aside)))


__all__ = ["About", "about_of", "left_out", "limits", "particulars", "purpose", "settings", "tuning"]
