"""Natural data: from which limit on no point is given up, what the law says of it, and what regularisation buys."""

from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

SOURCES = {
    "iris": ("orange", "s"),
    "wine": ("purple", "^"),
    "breast_cancer": ("black", "D"),
    "cars": ("blue", "p"),
    "spector": ("orange", "P"),
    "modechoice": ("blue", "X"),
    "anes96": ("green", "v"),
    "phishing": ("black", "*"),
    "image_segments": ("vermillion", "h"),
    "digits": ("sky", "o"),
}
UNIT = "penalised_unit_cross_entropy_1"
BASELINES = ("perceptron_passes_100", "max_margin")


def draw(tables: Tables) -> Figure:
    """Draw four panels, a mark for each problem."""
    figure = plt.figure(figsize=(WIDTH, 4.8), layout="constrained")
    panels = figure.subplots(2, 2)
    draw_limits(panels[0, 0], tables)
    draw_law(panels[0, 1], tables)
    for axes, part in zip(panels[1], ("variance", "error"), strict=True):
        draw_part(axes, tables, part)
    label_panels(zip(panels.flat, ("all points kept", "law against measured", "variance", "error"), strict=True))
    marks = [
        panels[0, 0].plot([], [], marker, color=OKABE_ITO[colour], markersize=4, label=name.replace("_", " "))[0]
        for name, (colour, marker) in SOURCES.items()
    ]
    figure.legend(
        handles=marks, loc="outside lower center", ncols=5, handlelength=0.8, handletextpad=0.4, columnspacing=1.0
    )
    return figure


def draw_limits(axes: Axes, tables: Tables) -> None:
    """Draw from which C on no point is given up, the separable problems in their order."""
    problems = tables[""]
    kept = problems[problems["separable"]].sort_values("kept_from_C").reset_index(drop=True)
    for name, (colour, marker) in SOURCES.items():
        own = kept[kept["problem"].str.startswith(name) & (kept["kept_from_C"] > 0.0)]
        axes.plot(own["kept_from_C"], own.index + 1, marker, color=OKABE_ITO[colour], markersize=3)
    for C in (0.01, 1.0):
        axes.axvline(C, color="0.5", linestyle=":", linewidth=0.8)
    axes.set(xscale="log", xlabel="$C$ from which all are kept", ylabel="problem, in order")


def draw_law(axes: Axes, tables: Tables) -> None:
    """Draw the bound from which the last point is kept, as the law has it and as it was measured."""
    problems = tables[""]
    known = problems[problems["predicted_R"] > 0.0]
    for name, (colour, marker) in SOURCES.items():
        own = known[known["problem"].str.startswith(name)]
        axes.plot(own["predicted_R"], own["kept_from_R"], marker, color=OKABE_ITO[colour], markersize=3)
    ends = [known[["predicted_R", "kept_from_R"]].min(axis=None), known[["predicted_R", "kept_from_R"]].max(axis=None)]
    axes.plot(ends, ends, color="0.5", linestyle=":", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="$R$ by the law", ylabel="$R$ measured")


def draw_part(axes: Axes, tables: Tables, part: str) -> None:
    """Draw a part of the error of the penalised unit against that of the perceptron and, open, of the widest margin."""
    parts = tables["parts"].pivot_table(index="problem", columns="label", values=part)
    separable = tables[""].set_index("problem")["separable"]
    for name, (colour, marker) in SOURCES.items():
        own = parts[parts.index.str.startswith(name)]
        for baseline, face in zip(BASELINES, (OKABE_ITO[colour], "none"), strict=True):
            shown = own if baseline == BASELINES[0] else own[separable[own.index].to_numpy()]
            style: dict[str, Any] = {"color": OKABE_ITO[colour], "markerfacecolor": face, "markersize": 3}
            axes.plot(shown[baseline] + 1e-4, shown[UNIT] + 1e-4, marker, **style)
    axes.axline((1e-3, 1e-3), slope=1.0, color="0.5", linestyle=":", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="perceptron (open: margin)", ylabel="unit, $C = 1$")
