"""The interactive page, of the sources in the folder `explore`: one file, which needs no server."""

import re
from collections.abc import Mapping
from json import dumps
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from study.analysis.limits import Limit, WeightBound
from study.datasets.dataset import Floats
from study.datasets.table import Table
from study.report.style import OKABE_ITO, RULES

SOURCES = Path(__file__).parent / "explore"
SCRIPTS = ("rules", "table", "plane", "phase", "play", "save", "page")
PAPER = '<a href="../build/paper.html">The paper</a> says what holds, and why; <code>make reproduce</code> renders it.'
MOST_ROWS, MOST_COLUMNS, EDGE = 2000, 199, 1000.0
"""Points that the page follows a drag with, columns beside the label that it offers, and the largest coordinate."""


def render_page(presets: Mapping[str, str], table: Mapping[str, Any] | None = None) -> str:
    """Return the page, which offers these situations, each as the address that holds it, or opens with a table."""
    colours = {"perceptron": RULES["perceptron"]["color"], "unit": RULES["unit"]["color"], "focus": OKABE_ITO["sky"]}
    root = ":root { " + " ".join(f"--{name}: {hexadecimal(colour)};" for name, colour in colours.items()) + " }\n"
    parts = {name: (SOURCES / f"{name}.js").read_text(encoding="utf-8").strip() for name in SCRIPTS}
    parts["style"] = root + (SOURCES / "style.css").read_text(encoding="utf-8").strip()
    parts |= {
        "presets": as_script(presets, indent=1),
        "given": as_script(table),
        "paper": PAPER if table is None else "",
    }
    text = (SOURCES / "page.html").read_text(encoding="utf-8").strip()
    return re.sub(r"/\*\{(\w+)\}\*/", lambda found: parts[found[1]], text)  # in one pass: a part may hold anything


def as_script(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON that may stand in a script of a page: nothing in it can end the script."""
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", dumps(value, indent=indent))


def page_of_table(name: str, label: str, table: Table, unit: Limit, limit: float, scaled: bool) -> str:
    """Return a page that opens with the points of a table.

    Of more rows than `MOST_ROWS` it holds an even choice from each class, each of which weighs as much as it stands
    for; of more columns than `MOST_COLUMNS`, the first. Columns that reach beyond `EDGE` are standardised.

    Parameters
    ----------
    name, label : str
        Of the table, and of its column of labels.
    table : Table
    unit : WeightBound or Penalty
        What is fitted; the page leaves the bias free under a penalty, whatever `unit` says.
    limit : float in (0, inf)
        The bound R, or C.
    scaled : bool
        Whether the unit is trained on standardised features.
    """
    rows = chosen_rows(table.points.y)
    X = table.points.X[:, :MOST_COLUMNS]
    beyond = bool((np.abs(X) > EDGE).any())
    labels = [table.positive if y > 0.0 else table.negative for y in table.points.y[rows]]
    shape = unit.shape if isinstance(unit, WeightBound) else "penalty"
    settings = {unit.symbol: limit, "eps": unit.eps, "loss": unit.loss, "shape": shape, "N": len(X)}
    return render_page(
        {},
        {
            "name": name,
            "names": [*table.features[:MOST_COLUMNS], label],
            "columns": [*([repr(x) for x in column] for column in X[rows].T.tolist()), labels],
            "rows": table.rows[rows].tolist(),
            "label": min(len(table.features), MOST_COLUMNS),
            "positive": table.positive,
            "scaled": scaled or beyond,
            "settings": settings,
        },
    )


def chosen_rows(y: Floats) -> NDArray[np.intp]:
    """Return the indices of at most `MOST_ROWS` rows, spread evenly over those of each class."""
    if len(y) <= MOST_ROWS:
        return np.arange(len(y))
    classes = [np.flatnonzero(y > 0.0), np.flatnonzero(y < 0.0)]
    sizes = [max(1, MOST_ROWS * len(rows) // len(y)) for rows in classes]
    even = [np.linspace(0, len(rows) - 1, size).astype(int) for rows, size in zip(classes, sizes, strict=True)]
    return np.sort(np.concatenate([rows[places] for rows, places in zip(classes, even, strict=True)]))


def hexadecimal(colour: tuple[float, float, float] | str) -> str:
    """Return a colour as style sheets write it."""
    return colour if isinstance(colour, str) else "#" + "".join(f"{round(255 * part):02x}" for part in colour)
