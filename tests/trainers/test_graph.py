import numpy as np
import pytest

from study.checks import BadInput
from study.datasets.dataset import Floats
from study.trainers.graph import Node, sensitivities
from study.trainers.layers import initial_weights, value_and_gradient, weight_matrices
from study.trainers.losses import LOSSES, Loss


def test_the_lectures_graph() -> None:
    w, x, y, z = Node(5), Node(3), Node(2), Node(4)
    v = x * y
    u = w + v
    f = u * z
    backward = sensitivities(f)
    assert [node.value for node in (v, u, f)] == [6, 11, 44]
    assert [backward[node] for node in (w, x, y, z, v, u, f)] == [4, 8, 12, 11, 4, 4, 1]


def test_a_node_that_is_used_twice_adds_up() -> None:
    x = Node(3.0)
    assert sensitivities(x * x * x + 2.0 * x - 1.0)[x] == 29.0
    assert sensitivities(1.0 - x)[x] == -1.0


@pytest.mark.parametrize("value", [-800.0, -3.0, 0.0, 0.5, 4.0, 800.0])
def test_sigmoid_and_log(value: float) -> None:
    x = Node(value)
    out = x.sigmoid()
    assert sensitivities(out)[x] == pytest.approx(out.value * (1 - out.value), rel=1e-12)
    if value > 0:
        assert sensitivities(x.log())[x] == 1 / value


def test_a_long_chain_needs_no_deep_stack() -> None:
    x = Node(1.0)
    total = x
    for _ in range(5000):
        total = total + x
    assert sensitivities(total)[x] == 5001


def test_a_logarithm_of_zero_and_an_overflow_are_refused() -> None:
    with pytest.raises(BadInput, match="of a logarithm must be positive; got 0"):
        Node(0.0).log()
    with pytest.raises(BadInput, match="`value` must be finite; got inf"):
        Node(1e200) * Node(1e200)


def graph_loss(
    w: Floats, X: Floats, y: Floats, layers: tuple[int, ...], loss: Loss, eps: float
) -> tuple[float, Floats]:
    """Return the mean loss and its gradient, of a network that is built node by node."""
    nodes = [[[Node(value) for value in row] for row in matrix] for matrix in weight_matrices(w, X.shape[1], layers)]
    total = Node(0.0)
    for x, label in zip(X, y, strict=True):
        out = [Node(value) for value in x]
        for matrix in nodes:
            rows = [*out, Node(1.0)]
            out = [
                sum((a * row[j] for a, row in zip(rows, matrix, strict=True)), Node(0.0)).sigmoid()
                for j in range(len(matrix[0]))
            ]
        o, d = out[0], 1 - eps if label > 0 else eps
        if loss == "cross-entropy":
            total = total - (d * o.log() + (1 - d) * (1.0 - o).log())
        elif loss == "quadratic" or label * (o.value - d) < 0.0:
            total = total + 0.5 * (o - d) * (o - d)
    backward = sensitivities(total * (1.0 / len(X)))
    flat = [backward[node] for matrix in nodes for row in matrix for node in row]
    return total.value / len(X), np.array(flat)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("layers", [(1,), (3, 1), (2, 4, 1), (2, 1, 2, 3, 1)])
def test_a_network_of_nodes_has_the_networks_gradient(loss: Loss, layers: tuple[int, ...]) -> None:
    rng = np.random.default_rng(7)
    X, y = rng.normal(size=(5, 2)), np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    w = initial_weights(2, layers, scale=1.0, rng=rng)
    value, gradient = value_and_gradient(w, X, y, np.full(5, 0.2), layers, loss, 0.1)
    expected, expected_gradient = graph_loss(w, X, y, layers, loss, 0.1)
    # 1e-13: sums of some dozen products of one size.
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-12, atol=1e-16)
