"""An interactive figure: one page with the rules, the points of the lecture's frames, and nothing from elsewhere."""

import math
from collections.abc import Mapping
from urllib.parse import urlencode

import pandas as pd

from study.report.explore_page import render_page

DRAWN_FROM = ("spoilers", "four_points")
CAPTION = (
    "An interactive figure: drag any point, add and remove points, or drop a table of your own, and slide the bound or "
    "the penalty, the weight of the base points and the targets; the boundaries of perceptron and unit, their "
    "verdicts, the unit's loss beside the best separator's, and the place in the phase diagram follow at once. Both "
    "rules can be played step by step."
)
FRAMES = {0: "no spoiler", 1: "one spoiler", 3: "three spoilers"}
UNIQUE = pd.DataFrame({"x": [-1.0, 1.0, -0.2], "y": [0.0] * 3, "label": [-1, 1, 1], "is_spoiler": [False, False, True]})
"""One feature: two places with many copies each, and a spoiler between them."""


def page(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> str:
    """Return the page, from the tables of each experiment in `DRAWN_FROM`."""
    return render_page(presets(tables))


def presets(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> dict[str, str]:
    """Return the situations that the page offers, as the addresses that hold them."""
    frames = tables["spoilers"]["points"].rename(columns={"x_1": "x", "x_2": "y"})
    stuck = math.log(9.0)  # the optimum of the first three points at eps 0.1: (u, u, 0), u = log((1 - eps) / eps)
    soft = {"eps": 0.1, "loss": "quadratic", "shape": "none"}
    return {
        **{
            name: address(frames[frames["n_spoilers"] == n_spoilers], N=100, R=3, view="0,0,1.75")
            for n_spoilers, name in FRAMES.items()
        },
        "four points": address(
            tables["four_points"]["points"], N=3, **soft, start="kept", w=f"{stuck!r},{stuck!r},0", view="0,-4.5,6.8"
        ),
        "a unique minimum": address(UNIQUE, N=200, **soft, view="0,0,1.6"),
    }


def address(points: pd.DataFrame, **settings: object) -> str:
    """Return points and settings as the page reads them; coordinates to three decimals."""
    kinds = {(1, False): "p", (-1, False): "n", (1, True): "P", (-1, True): "M"}
    written = ";".join(
        f"{kinds[int(row.label), bool(row.is_spoiler)]}{round(row.x, 3):g},{round(row.y, 3):g}"
        for row in points.itertuples()
    )
    return urlencode({"points": written, **settings}, safe=";,")
