"""The drawing of `study price` shows the part of the path where something happens, and all that is marked."""

import pandas as pd
import pytest

from study.analysis.limit_path import follow_path
from study.analysis.limits import USUAL, Limit, WeightBound
from study.analysis.separability import table_separability
from study.datasets.table import read_table
from study.law.prices import price_rows
from study.report.price_figure import draw
from study.report.style import study_style
from tests.analysis.test_limit_path import draw as draw_points


@pytest.mark.parametrize("unit", [USUAL, WeightBound(shape="box", loss="cross-entropy", eps=0.0)], ids=["C", "R"])
@pytest.mark.parametrize("spread", [0.0, 1.0], ids=["separable", "not separable"])
def test_the_axis_ends_a_little_beyond_what_is_marked(unit: Limit, spread: float) -> None:
    points = draw_points(1, 40, 3, spread)
    table = read_table(pd.DataFrame(points.X, columns=[*"abc"]).assign(side=points.y).to_csv(index=False), "side")
    path = follow_path(points, unit, (0.3, 2.0), step=0.1, tol=0.01)
    prices = price_rows(points, table_separability(table), unit, path, (0.3, 2.0), most_rows=3)
    with study_style(mathematics=False):
        low, high = draw(table, prices).axes[0].get_xlim()
    changed = path.edges[:-1][(path.right[1:] != path.right[:-1]).any(axis=1)]
    laws = [law.kept_from for law in prices.laws.values() if law.regular]
    marked = [changed[0], changed[-1], 0.3, 2.0, prices.usual_limit]
    assert 0.1 * min(marked) < low < min(marked)
    assert max(*marked, *laws) < high < 10.0 * max(*marked, *laws)
