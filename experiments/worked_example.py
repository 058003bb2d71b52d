"""The lecture's examples by hand, a 2-2-2 network and a graph of four inputs: what is printed, and what is right."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from study.datasets.dataset import Floats
from study.sweeps.experiment import Tables
from study.sweeps.parts import Frames, Part, Records, experiment, key, nested
from study.trainers.graph import Node, sensitivities
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

GRAPH_INPUTS = {"w": 5.0, "x": 3.0, "y": 2.0, "z": 4.0}


def run_examples() -> Records:
    """Run both examples."""
    return {"quantities": quantities(), "network": known_weights(), "graph": graph()}


def output_biases() -> Floats:
    """Return the biases of the output layer: the activations printed on both sides of it determine them."""
    return np.asarray(logit(X2) - np.array(X1) @ np.array(W2))


def matrices() -> list[Floats]:
    """Return W^1 and W^2 that give the printed activations, the bias row last.

    Of W^1 the gradient needs the activations only: biases alone make them.
    """
    return [np.vstack([np.zeros((2, 2)), logit(X1)]), np.vstack([W2, output_biases()])]


def network_outputs() -> tuple[Floats, Floats]:
    """Return x^1 and x^2 of the forward pass."""
    x, theta = forward(matrices(), np.array([X0]))
    return x[1][0, :-1], 1.0 / (1.0 + np.exp(-theta[0]))


def gradients() -> dict[str, float]:
    """Return every quantity of the slides' backward pass, unrounded, in the order of `PRINTED`."""
    W = matrices()
    x, _ = forward(W, np.array([X0]))
    out = np.array([X2])
    delta = out * (1.0 - out) * (out - np.array(TARGETS))
    dW1, dW2 = backward(W, x, delta)
    delta_1 = dW1[-1]  # the bias row: x^0_0 = 1
    exact = {"delta_2_1": delta[0, 0], "delta_2_2": delta[0, 1], "delta_1_1": delta_1[0], "delta_1_2": delta_1[1]}
    for k, dW in ((1, dW1), (2, dW2)):
        for j in range(2):
            exact |= {f"dW_{k}_{i + 1}{j + 1}": dW[i, j] for i in range(2)} | {f"dW_{k}_0{j + 1}": dW[2, j]}
    return {name: float(exact[name]) for name in PRINTED}


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


def quantities() -> list[dict[str, Any]]:
    """Return a row for each quantity of the slides: what is printed, by hand from what is printed, and exact."""
    rows = []
    for (name, (printed, by_hand)), exact in zip(PRINTED.items(), gradients().values(), strict=True):
        digits = len(printed.split(".")[1])
        rows.append(
            {
                "quantity": name,
                "printed": float(printed),
                "digits": digits,
                "by_hand": by_hand,
                "exact": exact,
                "reproduced": round(by_hand, digits) == float(printed),
                "exact_agrees": round(exact, digits) == float(printed),
            }
        )
    return rows


def known_weights() -> list[dict[str, Any]]:
    """Return a row for each weight that is known, with the nodes it joins, their outputs and its derivative."""
    exact, biases = gradients(), output_biases()
    outputs = {f"x_0_{i + 1}": X0[i] for i in range(2)} | dict(
        zip(["x_1_1", "x_1_2", "x_2_1", "x_2_2"], np.concatenate(network_outputs()), strict=True)
    )
    outputs |= {"x_0_0": 1.0, "x_1_0": 1.0}
    known = {f"dW_2_{i + 1}{j + 1}": W2[i][j] for i in range(2) for j in range(2)}
    known |= {f"dW_2_0{j + 1}": biases[j] for j in range(2)}
    rows = []
    for name in (name for name in PRINTED if name.startswith("dW")):
        _, layer, ij = name.split("_")
        i, j = ij[0], ij[1]
        rows.append(
            {
                "layer": int(layer),
                "i": int(i),
                "j": int(j),
                "from_output": outputs[f"x_{int(layer) - 1}_{i}"],
                "to_output": outputs[f"x_{layer}_{j}"],
                "weight": known.get(name, np.nan),
                "derivative": exact[name],
                "delta": exact[f"delta_{layer}_{j}"],
            }
        )
    return rows


def tables(records: Frames) -> Tables:
    """Make the tables: the quantities, the network's nodes and weights, and the graph."""
    return {"": records["quantities"], "network": records["network"], "graph": records["graph"]}


def numbers(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Derive what the paper cites."""
    table = tables[""]
    columns = ["printed", "by_hand", "exact", "reproduced", "exact_agrees"]
    network = tables["network"]
    biases = network[(network["layer"] == 2) & (network["i"] == 0)].set_index("j")["weight"]
    values = tables["graph"].set_index("node")["value"]
    return {
        "quantities": nested(tables[""], {"quantity": ""}, columns),
        "n": len(table),
        "n_reproduced": int(table["reproduced"].sum()),
        "n_exact_agrees": int(table["exact_agrees"].sum()),
        "biases": {key(j, "b"): float(bias) for j, bias in biases.items()},
        "graph": nested(tables["graph"], {"node": ""}, ["value", "sensitivity"]),
        "graph_as_printed": float(values["u"] + values["z"]),
        "delta_used": -0.137,
    }


EXPERIMENT = experiment(
    name="worked_example",
    question="Are the lecture's two examples right, digit by digit?",
    settings={
        "x0": dict(zip(("x_1", "x_2"), X0, strict=True)),
        "x1": dict(zip(("x_1", "x_2"), X1, strict=True)),
        "x2": dict(zip(("x_1", "x_2"), X2, strict=True)),
        "targets": dict(zip(("t_1", "t_2"), TARGETS, strict=True)),
        "graph": GRAPH_INPUTS,
    },
    parts={"": Part(run=run_examples, draws=False)},
    resamples=1,
    block_size=1,
    tables=tables,
    numbers=numbers,
)
