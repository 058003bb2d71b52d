"""The claim in one picture: the perceptron follows one spoiler, and the bounded unit gives it up."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from figures._frames import draw_frame, legend_entries
from study.report.style import WIDTH, Tables, label_panels

DRAWN_FROM = ("spoilers",)


def draw(tables: Tables) -> Figure:
    """Draw two frames, each with one spoiler."""
    figure = plt.figure(figsize=(WIDTH, 2.9), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for panel, rule in zip(axes, ("perceptron", "cross-entropy"), strict=True):
        draw_frame(panel, tables["points"], tables["lines"], rule, n_spoilers=1)
    axes[0].set_ylabel("$x_2$")
    label_panels(zip(axes, ("the perceptron separates", "the unit gives it up"), strict=True))
    figure.legend(handles=legend_entries(), loc="outside lower center", ncols=4)
    return figure
