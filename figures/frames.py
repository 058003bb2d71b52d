"""The lecture's frames: both rules without a spoiler, with one and with three."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from figures._frames import ROWS, draw_frame, legend_entries
from study.report.style import WIDTH, Tables

DRAWN_FROM = ("spoilers",)
COLUMNS = {0: "no spoiler", 1: "one spoiler", 3: "three spoilers"}


def draw(tables: Tables) -> Figure:
    """Draw six frames."""
    figure = plt.figure(figsize=(WIDTH, 4.7), layout="constrained")
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for row, rule in enumerate(ROWS):
        for column, n_spoilers in enumerate(COLUMNS):
            wrong = draw_frame(axes[row, column], tables["points"], tables["lines"], rule, n_spoilers)
            verdict = f"({'abcdef'[3 * row + column]}) " + (f"{wrong} given up" if wrong else "separates")
            axes[row, column].set_title(verdict if row else f"{COLUMNS[n_spoilers]}\n{verdict}")
        axes[row, 0].set_ylabel(f"{ROWS[rule]}\n$x_2$")
    for axis in axes[0]:
        axis.set_xlabel("")
    figure.legend(handles=legend_entries(), loc="outside lower center", ncols=4)
    return figure
