"""Charts for pages: what ECharts is to draw, always beside the table that says the same without it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from creditline.reports.tables import Table

GOOD, BAD, PLAIN, SOFT = "#1f6f8b", "#b3412e", "#4a5a6a", "#8a97a5"
"""Colours that part from each other for the colour-blind too; decals part them a second time."""


@dataclass(frozen=True)
class Chart:
    """One figure of a page."""

    name: str
    """Unique on the page; letters, digits and hyphens."""
    title: str
    says: str
    """What the chart shows, in a sentence: for those who do not see it, and as its caption."""
    option: Mapping[str, Any]
    """ECharts option, plain JSON."""
    table: Table
    height_px: int = 340

    @property
    def json(self) -> str:
        """The option as JSON that may stand inside a script element."""
        plain = json.dumps(self.option, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return plain.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _frame(**parts: Any) -> dict[str, Any]:
    return {
        "animation": False,
        "aria": {"enabled": True, "decal": {"show": True}},
        "grid": {"left": 24, "right": 20, "top": 44, "bottom": 36, "containLabel": True},
        "legend": {"top": 4, "left": 0},
        "textStyle": {"fontFamily": "inherit"},
        **parts,
    }


def _axis(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "nameLocation": "middle", "nameGap": 28, **more}


def lines_option(
    x: str,
    y: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    colours: Sequence[str],
    mark: float | None = None,
    *,
    sloped: bool = False,
    dotted: Collection[str] = (),
    top: float | None = 100,
) -> dict[str, Any]:
    """Lines over a numeric axis, y in percent; ``mark`` is an x to draw an upright at.

    Lines run in steps, or ``sloped`` from point to point; ``dotted`` names series to set back; ``top`` ends the y axis.
    """
    low = min((point[0] for points in series.values() for point in points), default=0)
    drawn: list[dict[str, Any]] = []
    for name, points in series.items():
        line: dict[str, Any] = {"type": "line", "name": name, "data": [list(p) for p in points], "showSymbol": False}
        line |= {} if sloped else {"step": "end"}
        line |= {"lineStyle": {"type": "dashed"}} if name in dotted else {}
        drawn.append(line)
    if mark is not None and drawn:
        upright = {
            "symbol": "none",
            "data": [{"xAxis": mark}],
            "lineStyle": {"color": PLAIN},
            "label": {"formatter": "{c}"},
        }
        drawn[0]["markLine"] = upright
    return _frame(
        color=list(colours),
        tooltip={"trigger": "axis"},
        xAxis=_axis("value", x, min=low),
        yAxis=_axis(
            "value", y, nameGap=40, axisLabel={"formatter": "{value}%"}, **({} if top is None else {"max": top})
        ),
        series=drawn,
    )


def bars_option(
    x: str, y: str, categories: Sequence[str], series: Mapping[str, Sequence[float | None]], colours: Sequence[str],
    *, unit: str = "", stacked: bool = False, upright: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Bars by category, side by side or stacked, standing or lying (``x`` names the categories' axis)."""
    names = _axis("category", x if upright else "", data=list(categories), inverse=not upright)
    values = _axis("value", y, nameGap=40 if upright else 28, axisLabel={"formatter": "{value}" + unit})
    drawn = [
        {"type": "bar", "name": name, "data": list(data), "stack": "all" if stacked else None, "barMaxWidth": 36}
        for name, data in series.items()
    ]
    axes = {"xAxis": names, "yAxis": values} if upright else {"xAxis": values, "yAxis": names}
    return _frame(color=list(colours), tooltip={"trigger": "axis"}, series=drawn, **axes)


__all__ = ["BAD", "GOOD", "PLAIN", "SOFT", "Chart", "bars_option", "lines_option"]
