"""Colour, marker and name of each optimiser in every figure, and the shares of sets that keep the spoiler."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from study.report.style import draw_estimates

RULES = {
    "descent": ("blue", "o"),
    "momentum": ("green", "^"),
    "adam": ("vermillion", "s"),
    "adamw": ("purple", "D"),
}
NAMES = {"descent": "descent", "momentum": "momentum", "adam": "Adam", "adamw": "AdamW"}


def draw_kept(axes: Axes, rows: pd.DataFrame, places: Callable[[pd.DataFrame, int], Any], **style: Any) -> None:
    """Draw the share of sets that keep the spoiler, at the places of each rule's rows and its number."""
    for k, (rule, own) in enumerate(rows.groupby("rule", sort=False)):
        colour, marker = RULES[str(rule)]
        named = {"markersize": 4, "label": NAMES[str(rule)]} | style
        draw_estimates(axes, own, places(own, k), "kept", colour, marker, **named)
    axes.set(ylabel="spoiler kept", ylim=(-0.04, 1.04))
