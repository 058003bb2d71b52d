"""The lecture's examples by hand, a 2-2-2 network and a graph of four inputs: what is printed, and what is right."""

from itertools import product
from typing import Any

import numpy as np
from scipy.special import expit, logit

from study import Node, sensitivities
from study.datasets.dataset import Floats
from study.sweeps.parts import Frames, Numbers, Part, Records, experiment, nested
from study.trainers.layers import backward, forward

X0, X1, X2, TARGETS = (0.7, 1.2), (0.92, 0.27), (0.44, 0.95), (1.0, 0.0)
W2 = ((-1.7, 2.1), (0.8, -0.2))
"""W^2_ij, from node i to node j; the biases and all of W^1 stood in a picture that is lost."""

PRINTED = {
    "delta_2_1": ("-0.138", 0.44 * (1 - 0.44) * (0.44 - 1)),
    "delta_2_2": ("0.045", 0.95 * (1 - 0.95) * (0.95 - 0)),
    "dW_2_11": ("-0.126", -0.137 * 0.92),
    "dW_2_12": ("0.04", 0.045 * 0.92),
    "dW_2_21": ("-0.037", -0.138 * 0.27),
    "dW_2_22": ("0.012", 0.045 * 0.27),
    "dW_2_01": ("-0.138", -0.138 * 1),
    "dW_2_02": ("0.045", 0.045 * 1),
    "delta_1_1": ("0.024", 0.92 * (1 - 0.92) * (-0.137 * -1.7 + 0.045 * 2.1)),
    "delta_1_2": ("-0.02", 0.27 * (1 - 0.27) * (-0.137 * 0.8 + 0.045 * -0.2)),
    "dW_1_11": ("0.017", 0.024 * 0.7),
    "dW_1_12": ("-0.014", -0.02 * 0.7),
    "dW_1_21": ("0.0288", 0.024 * 1.2),
    "dW_1_22": ("-0.024", -0.02 * 1.2),
    "dW_1_01": ("0.024", 0.024 * 1),
    "dW_1_02": ("-0.02", -0.02 * 1),
}
"""What the slides print, and the operation on their own, already rounded numbers that gives it."""

RATES = (0.1, 1.0, 10.0, 100.0)
"""Rates of the one step that the lecture would take next."""
GRAPH_INPUTS = {"w": 5.0, "x": 3.0, "y": 2.0, "z": 4.0}


def run_examples() -> Records:
    """Run both examples."""
    return {"": quantities(), "network": edges(), "graph": graph(), "step": steps()}


def weights() -> list[Floats]:
    """Return weights with the activations that are printed, biases in the last row.

    The activations on both sides of the output layer determine its biases. Of W^1 the gradient needs the activations
    only, and so does the error after a step: biases alone make them.
    """
    biases = logit(X2) - np.array(X1) @ np.array(W2)
    return [np.vstack([np.zeros((2, 2)), logit(X1)]), np.vstack([W2, biases])]


def gradient(W: list[Floats]) -> tuple[list[Floats], Floats, list[Floats]]:
    """Return the derivatives by all weights, delta of the output layer, and the inputs of both layers."""
    x, _ = forward(W, np.array([X0]))
    out = np.array([X2])
    delta = out * (1.0 - out) * (out - np.array(TARGETS))
    return backward(W, x, delta), delta, x


def error_after(rate: float) -> float:
    """Return the error, half the sum of squares, after one step of descent at a rate."""
    W = weights()
    stepped = [one - rate * slope for one, slope in zip(W, gradient(W)[0], strict=True)]
    return float(0.5 * ((expit(forward(stepped, np.array([X0]))[1][0]) - np.array(TARGETS)) ** 2).sum())


def steps() -> list[dict[str, float]]:
    """Return the error before, and after one step at each rate."""
    return [{"rate": rate, "error": error_after(rate)} for rate in (0.0, *RATES)]


def edges() -> list[dict[str, Any]]:
    """Return a row for each weight: the nodes it joins, node 0 the constant 1, their outputs and its derivative.

    Biases stand in the last row, where the index -1 finds them.
    """
    W = weights()
    derivatives, delta, x = gradient(W)
    outputs = [x[0][0], x[1][0], expit(forward(W, np.array([X0]))[1][0])]
    deltas = [derivatives[0][-1], delta[0]]  # a bias has its node's own, since x^0_0 = 1
    return [
        {
            "layer": layer,
            "i": i,
            "j": j,
            "from_output": outputs[layer - 1][i - 1],
            "to_output": outputs[layer][j - 1],
            "weight": W[1][i - 1, j - 1] if layer == 2 else np.nan,
            "derivative": derivatives[layer - 1][i - 1, j - 1],
            "delta": deltas[layer - 1][j - 1],
        }
        for layer, i, j in product((2, 1), (1, 2, 0), (1, 2))
    ]


def quantities() -> list[dict[str, Any]]:
    """Return a row for each quantity of the slides: what is printed, by hand from what is printed, and exact."""
    exact: dict[str, float] = {}
    for edge in edges():
        exact |= {"dW_{layer}_{i}{j}".format(**edge): edge["derivative"]}
        exact |= {"delta_{layer}_{j}".format(**edge): edge["delta"]}
    rows = []
    for name, (printed, by_hand) in PRINTED.items():
        digits = len(printed.split(".")[1])
        row = {"quantity": name, "printed": float(printed), "digits": digits, "by_hand": by_hand, "exact": exact[name]}
        row |= {"reproduced": round(by_hand, digits) == row["printed"]}
        rows.append(row | {"exact_agrees": round(exact[name], digits) == row["printed"]})
    return rows


def graph() -> dict[str, Any]:
    """Return the nodes of the graph, with their values, their sensitivities and the node that each feeds."""
    w, x, y, z = (Node(value) for value in GRAPH_INPUTS.values())
    v = x * y
    u = w + v
    f = u * z
    nodes = [w, x, y, z, v, u, f]
    backward_pass = sensitivities(f)
    return {
        "node": list("wxyzvuf"),
        "operation": ["input", "input", "input", "input", "x * y", "w + v", "u * z"],
        "feeds": ["u", "v", "v", "f", "u", "f", ""],
        "value": [node.value for node in nodes],
        "sensitivity": [backward_pass[node] for node in nodes],
    }


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    table = tables[""]
    columns = ["printed", "by_hand", "exact", "exact_agrees"]
    network = tables["network"]
    bias = network[(network["layer"] == 2) & (network["i"] == 0) & (network["j"] == 1)]["weight"]
    values = tables["graph"].set_index("node")["value"]
    return {
        "quantities": nested(tables[""], {"quantity": ""}, columns),
        "n": len(table),
        "n_reproduced": int(table["reproduced"].sum()),
        "n_exact_agrees": int(table["exact_agrees"].sum()),
        "biases": {"b_1": float(bias.iloc[0])},
        "graph": nested(tables["graph"], {"node": ""}, ["value", "sensitivity"]),
        "step": nested(tables["step"], {"rate": "rate"}, ["error"]),
        "graph_as_printed": float(values["u"] + values["z"]),
        "delta_used": -0.137,
    }


EXPERIMENT = experiment(
    name="worked_example",
    question="Are the lecture's two examples right, digit by digit?",
    parts={"": Part(run=run_examples, draws=False)},
    numbers=numbers,
)
