"""The drawing of `study price`."""

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from study.checks import shorten
from study.datasets.table import Table
from study.law.prices import Prices
from study.report.style import OKABE_ITO, WIDTH, label_panels

MOST_BARS = 25
SIDES = ((1.0, "positive", "blue", "-"), (-1.0, "negative", "orange", "--"))


def draw(table: Table, prices: Prices) -> Figure:
    """Draw where the dearest rows are given up, and how many rows of each class are wrong, along the path."""
    symbol = prices.unit.symbol
    shown = prices.dearest[:MOST_BARS]
    heights = (0.5 + 0.16 * max(len(shown), 2), 1.5)
    figure = plt.figure(figsize=(WIDTH, sum(heights) + 1.2), layout="constrained")
    bars, errors = figure.subplots(2, 1, sharex=True, height_ratios=heights)
    ends = _ends(prices)
    handles = _draw_bars(bars, table, prices, shown.tolist(), ends)
    handles += _draw_errors(errors, table, prices, ends)
    for axes in (bars, errors):
        for limit in prices.limits:
            asked = axes.axvline(limit, color="0.5", linestyle=":", linewidth=1.0, zorder=0)
        if np.isfinite(prices.usual_limit):
            usual = axes.axvline(prices.usual_limit, color=OKABE_ITO["green"], linestyle="-.", linewidth=1.0, zorder=0)
    handles.append((asked, f"{symbol} = {', '.join(f'{limit:g}' for limit in prices.limits)}, as asked"))
    if np.isfinite(prices.usual_limit):
        handles.append((usual, "LogisticRegression(C=1)"))
    errors.set(xscale="log", xlim=ends, xlabel=f"limit: {prices.unit.name}")
    errors.xaxis.set_major_locator(LogLocator(numticks=8))
    errors.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    which = f"{len(shown)} dearest of {prices.dearest.size:,} rows" if prices.dearest.size > len(shown) else "rows"
    label_panels(
        [(bars, f"where the {which} are given up" if len(shown) else "no row is given up"), (errors, "rows wrong")]
    )
    figure.legend(*zip(*handles, strict=True), loc="outside lower center", ncols=2)
    return figure


def _ends(prices: Prices) -> tuple[float, float]:
    """Return the limits that are drawn: from below the first change and what was asked for, to beyond the last."""
    changes = prices.path.edges[:-1][(prices.path.right[1:] != prices.path.right[:-1]).any(axis=1)]
    marked = [*changes[:1], *changes[-1:], *prices.limits]
    marked += [prices.usual_limit] if np.isfinite(prices.usual_limit) else []
    laws = [law.kept_from for law in prices.laws.values() if law.regular]
    return float(min(marked)) / 3.0, 3.0 * float(max(*marked, *laws))


def _draw_bars(
    axes: Axes, table: Table, prices: Prices, shown: list[int], ends: tuple[float, float]
) -> list[tuple[Any, str]]:
    """Draw a bar a row where it is given up, and a diamond where the law keeps it; return what goes in the legend."""
    handles: list[tuple[Any, str]] = []
    colour = {side: OKABE_ITO[name] for side, _, name, _ in SIDES}
    for place, sample in enumerate(shown):
        right = [(0.0, 0.0), *prices.path.intervals(sample), (np.inf, np.inf)]
        gaps = [(max(a[1], ends[0]), min(b[0], ends[1])) for a, b in pairwise(right)]
        side = colour[table.points.y[sample]]
        for low, high in gaps:
            if low < high:
                axes.plot([low, high], [place, place], color=side, linewidth=4.0, solid_capstyle="butt")
        law = prices.laws.get(sample)
        if law and law.regular and ends[0] < law.kept_from:
            style: dict[str, Any] = {"marker": "D", "markersize": 3.5, "linestyle": "none", "color": OKABE_ITO["black"]}
            (diamond,) = axes.plot([law.kept_from], [place], **style)
            handles = [(diamond, "the law keeps it from here")]
    axes.set_yticks(range(len(shown)), [f"row {table.rows[sample]}" for sample in shown], fontsize=7)
    axes.set_ylim(max(len(shown), 2) - 0.4, -0.6)
    return handles


def _draw_errors(axes: Axes, table: Table, prices: Prices, ends: tuple[float, float]) -> list[tuple[Any, str]]:
    """Draw how many rows of each class are wrong; return what goes in the legend."""
    path, handles = prices.path, []
    edges = np.clip([ends[0], *path.edges[:-1], ends[1]], *ends)
    for side, which, colour, line in SIDES:
        wrong = np.count_nonzero(~path.right[:, table.points.y == side], axis=1)
        (drawn,) = axes.plot(
            edges, np.append(wrong, wrong[-1]), drawstyle="steps-post", color=OKABE_ITO[colour], linestyle=line
        )
        handles.append((drawn, shorten(getattr(table, which), 24)))
    axes.set_ylim(bottom=0.0)
    return handles
