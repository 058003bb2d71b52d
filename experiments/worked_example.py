"""The lecture's examples by hand, a 2-2-2 network and a graph of four inputs: what is printed, and what is right."""

from itertools import product
from typing import Any

import numpy as np
from flint import arb
from scipy.special import expit, logit

from experiments._strict_minimum import sigmoid
from study import Node, sensitivities
from study.datasets.dataset import Floats
from study.sweeps.parts import Frames, Numbers, Part, Records, experiment, nested
from study.trainers.layers import backward, forward

X0, X1, X2, TARGETS = (0.7, 1.2), (0.92, 0.27), (0.44, 0.95), (1.0, 0.0)
W2 = ((-1.7, 2.1), (0.8, -0.2))
"""W^2_ij, from node i to node j; the biases and all of W^1 stood in a picture that is gone."""

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
FAR, NARROWEST = 100, 2.0**-20
"""The rate from which on one bound covers all, and the narrowest interval of rates that is tried below."""
GRAPH_INPUTS = {"w": 5.0, "x": 3.0, "y": 2.0, "z": 4.0}


def run_examples() -> Records:
    """Run both examples."""
    return {"": quantities(), "network": edges(), "graph": graph(), "step": steps(), "every_rate": every_rate()}


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


def every_rate() -> dict[str, Any]:
    """Prove in ball arithmetic that a step lowers the error at every positive rate.

    An interval of rates is done where the error falls all over it, or is below what it was before the step. A step
    changes theta^2_j by -rate delta^2_j times one or more, and by at most the sum of |W^2_ij| besides: from `FAR` on
    that is enough, for delta^2_1 < 0 raises the first output, whose target is one, and delta^2_2 > 0 lowers the other.
    """
    before, _, theta, delta = step_in_balls(arb(0))
    waiting, n_cells, falls = [(0.0, float(FAR))], 0, True
    while waiting and falls:
        low, high = waiting.pop()
        middle, n_cells = (low + high) / 2.0, n_cells + 1
        error, slope, *_ = step_in_balls(arb(middle, (high - low) / 2.0))
        if not (slope < 0 or error < before):
            falls = high - low > NARROWEST
            waiting += [(low, middle), (middle, high)]
    reach = [sum(abs(exactly(W2[i][j])) for i in range(2)) for j in range(2)]
    first, second = theta[0] - FAR * delta[0] - reach[0], theta[1] - FAR * delta[1] + reach[1]
    beyond = ((1 - sigmoid(first)) ** 2 + sigmoid(second) ** 2) / 2
    signs = delta[0] < 0 < delta[1]
    return {"falls": bool(falls and signs and beyond < before), "n_cells": n_cells, "far": FAR}


def step_in_balls(rate: arb) -> tuple[arb, arb, list[arb], list[arb]]:
    """Return the error after a step, its slope by the rate, and theta^2 and delta^2 before, as enclosures."""
    x0, x1, x2, w, target = (exactly(values) for values in (X0, X1, X2, W2, TARGETS))
    nodes = range(2)
    theta = [(x / (1 - x)).log() for x in x2]
    delta = [x * (1 - x) * (x - t) for x, t in zip(x2, target, strict=True)]
    pull = [x1[i] * (1 - x1[i]) * sum(delta[j] * w[i][j] for j in nodes) * (1 + x0[0] ** 2 + x0[1] ** 2) for i in nodes]
    hidden = [sigmoid((x / (1 - x)).log() - rate * p) for x, p in zip(x1, pull, strict=True)]
    moved = [-p * x * (1 - x) for x, p in zip(hidden, pull, strict=True)]
    error = slope = arb(0)
    for j in nodes:
        seen = 1 + sum(x1[i] * hidden[i] for i in nodes)
        out = sigmoid(theta[j] + sum(w[i][j] * (hidden[i] - x1[i]) for i in nodes) - rate * delta[j] * seen)
        turn = sum((w[i][j] - rate * delta[j] * x1[i]) * moved[i] for i in nodes) - delta[j] * seen
        error += (out - target[j]) ** 2 / 2
        slope += (out - target[j]) * out * (1 - out) * turn
    return error, slope, theta, delta


def exactly(values: Any) -> Any:
    """Return decimals as enclosures of what is written, and not of the nearest binary numbers."""
    return arb(repr(values)) if isinstance(values, float) else [exactly(value) for value in values]


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
        "every_rate": dict(tables["every_rate"].astype(object).iloc[0]),
        "graph_as_printed": float(values["u"] + values["z"]),
        "delta_used": -0.137,
    }


EXPERIMENT = experiment(
    name="worked_example",
    question="Are the lecture's two examples right, digit by digit?",
    parts={"": Part(run=run_examples, draws=False)},
    numbers=numbers,
)
