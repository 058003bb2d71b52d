"""The lecture's two examples drawn: the network with its backward pass, and the graph with values and sensitivities."""

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.style import OKABE_ITO, WIDTH, Tables, label_panels

NODES = {(0, 1): (0, 2), (0, 2): (0, 1), (0, 0): (0, 0), (1, 1): (3, 2), (1, 2): (3, 1), (1, 0): (3, 0)} | {
    (2, 1): (6, 2),
    (2, 2): (6, 1),
}
"""Place of each node, by layer and number; number 0 is the constant 1."""
GRAPH = {
    "x": (0, 2.5),
    "y": (0, 1.0),
    "w": (1.7, 3.05),
    "v": (1.7, 1.7),
    "u": (3.4, 2.35),
    "z": (3.4, 1.0),
    "f": (5.1, 1.7),
}
PLACES = {(1, 1, 2): 0.26, (1, 2, 1): 0.26, (1, 0, 1): 0.3, (1, 0, 2): 0.3} | {
    (2, 1, 2): 0.26,
    (2, 2, 1): 0.38,
    (2, 0, 1): 0.75,
    (2, 0, 2): 0.3,
}
"""How far along an edge, by layer and ends, its numbers stand: clear of the other edges."""
FORWARD, BACKWARD = "blue", "vermillion"


def draw(tables: Tables) -> Figure:
    """Draw the two panels."""
    figure, (network, graph) = plt.subplots(2, 1, figsize=(WIDTH, 6.1), layout="constrained", height_ratios=[1.25, 1])
    draw_network(network, tables["network"])
    draw_graph(graph, tables["graph"].set_index("node"))
    label_panels([(network, "the 2-2-2 network"), (graph, "the graph $f = (w + x y)\\,z$")])
    return figure


def minus(number: str) -> str:
    """Return a number with a minus sign in place of its hyphen."""
    return number.replace("-", "\N{MINUS SIGN}")


def node(axes: Axes, place: tuple[float, float], text: str) -> None:
    """Draw a node."""
    axes.text(
        *place, text, ha="center", va="center", zorder=3, bbox={"boxstyle": "circle", "facecolor": "white", "pad": 0.35}
    )


def draw_network(axes: Axes, network: pd.DataFrame) -> None:
    """Draw activations in the nodes; on each edge the weight, where it is known, and its derivative."""
    outputs = {}
    for row in network.itertuples():
        source, target = NODES[(row.layer - 1, row.i)], NODES[(row.layer, row.j)]
        outputs[(row.layer - 1, row.i)], outputs[(row.layer, row.j)] = row.from_output, row.to_output
        axes.plot([source[0], target[0]], [source[1], target[1]], color="0.6", linewidth=0.9, zorder=1)
        at = PLACES.get((row.layer, row.i, row.j), 0.62)
        x, y = (source[k] + at * (target[k] - source[k]) for k in (0, 1))
        known = "" if pd.isna(row.weight) else minus(f"{row.weight:.2g}")
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.4}
        if known:
            axes.text(x, y + 0.085, known, color=OKABE_ITO[FORWARD], fontsize=7.5, ha="center", va="center", bbox=box)
        low = y - 0.065 if known else y
        axes.text(
            x,
            low,
            minus(f"{row.derivative:.4f}"),
            color=OKABE_ITO[BACKWARD],
            fontsize=7.5,
            ha="center",
            va="center",
            bbox=box,
        )
    for key, place in NODES.items():
        node(axes, place, f"{outputs[key]:g}" if key[0] < 2 else f"{outputs[key]:.2f}")
    for row in network[network["i"] == 1].itertuples():
        x, y = NODES[(row.layer, row.j)]
        axes.text(
            x, y + 0.27, minus(f"$\\delta$ = {row.delta:.4f}"), color=OKABE_ITO[BACKWARD], fontsize=8, ha="center"
        )
    for layer, x in enumerate((0, 3, 6)):
        axes.text(x, 2.62, f"$x^{layer}$", ha="center", fontsize=9)
    axes.text(6, 0.35, "weights", color=OKABE_ITO[FORWARD], fontsize=8, ha="center")
    axes.text(6, 0.15, "derivatives", color=OKABE_ITO[BACKWARD], fontsize=8, ha="center")
    axes.set(xlim=(-0.5, 6.7), ylim=(-0.25, 2.8))
    axes.axis("off")


def draw_graph(axes: Axes, graph: pd.DataFrame) -> None:
    """Draw values above the nodes and sensitivities of f below them."""
    for name, row in graph.iterrows():
        if row["feeds"] and isinstance(row["feeds"], str):
            (x0, y0), (x1, y1) = GRAPH[str(name)], GRAPH[row["feeds"]]
            arrow = {"arrowstyle": "-|>", "color": "0.5", "shrinkA": 14, "shrinkB": 14}
            axes.annotate("", (x1, y1), (x0, y0), arrowprops=arrow)
    for name, row in graph.iterrows():
        x, y = GRAPH[str(name)]
        node(axes, (x, y), f"${name}$")
        axes.text(x, y + 0.3, f"{row['value']:g}", color=OKABE_ITO[FORWARD], ha="center", va="bottom")
        axes.text(x, y - 0.3, f"{row['sensitivity']:g}", color=OKABE_ITO[BACKWARD], ha="center", va="top")
    axes.text(5.1, 3.25, "value", color=OKABE_ITO[FORWARD], ha="center", fontsize=8)
    axes.text(5.1, 3.0, "sensitivity of $f$", color=OKABE_ITO[BACKWARD], ha="center", fontsize=8)
    axes.set(xlim=(-0.5, 5.9), ylim=(0.4, 3.6))
    axes.axis("off")
