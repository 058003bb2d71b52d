"""Backpropagation at the level of nodes: a computational graph, one forward value and one backward sensitivity a node.

A node holds its value and, for each node that it was computed from, the local derivative. The backward pass visits
nodes after all that were computed from them, and passes each sensitivity down: multiplied along an edge, added where
edges meet. It is slow, and serves as the oracle that the layered networks are tested against.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Union

from study.checks import BadInput, checked, real


@dataclass(frozen=True, eq=False)
class Node:
    """Hold a value of the forward pass and the local derivatives that the backward pass needs.

    Parameters
    ----------
    value : float
        Finite.
    edges : tuple of (Node, float)
        Each node that this one was computed from, with the derivative of this value by that one; none for an input.

    Raises
    ------
    BadInput
        For a value that is not a finite number.

    Examples
    --------
    >>> w, x, y, z = Node(5), Node(3), Node(2), Node(4)
    >>> f = (w + x * y) * z
    >>> f.value, [sensitivities(f)[node] for node in (w, x, y, z)]
    (44.0, [4.0, 8.0, 12.0, 11.0])
    """

    value: float
    edges: tuple[tuple["Node", float], ...] = ()

    def __post_init__(self) -> None:
        if not math.isfinite(real("value", self.value)):
            raise BadInput(f"`value` must be finite; got {self.value}")
        object.__setattr__(self, "value", float(self.value))

    def __add__(self, other: "Operand") -> "Node":
        other = as_node(other)
        return Node(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other: "Operand") -> "Node":
        other = as_node(other)
        return Node(self.value * other.value, ((self, other.value), (other, self.value)))

    def __neg__(self) -> "Node":
        return self * -1.0

    def __sub__(self, other: "Operand") -> "Node":
        return self + -as_node(other)

    def __rsub__(self, other: "Operand") -> "Node":
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def sigmoid(self) -> "Node":
        """Return 1 / (1 + exp(-value)), whose derivative is sigma (1 - sigma)."""
        e = math.exp(-abs(self.value))
        high, low = 1.0 / (1.0 + e), e / (1.0 + e)
        return Node(high if self.value >= 0.0 else low, ((self, high * low),))

    def log(self) -> "Node":
        """Return the natural logarithm, or raise `BadInput` where the value is not positive."""
        if not self.value > 0.0:
            raise BadInput(f"`value` of a logarithm must be positive; got {self.value}")
        return Node(math.log(self.value), ((self, 1.0 / self.value),))


Operand = Union[Node, float]  # noqa: UP007 (Node is not defined where the methods are)


def as_node(value: Operand) -> Node:
    """Return a number as an input node, and a node as it is."""
    return value if isinstance(value, Node) else Node(value)


@checked
def sensitivities(output: Node) -> dict[Node, float]:
    """Return the derivative of a node by every node that it was computed from, inputs included.

    Parameters
    ----------
    output : Node

    Returns
    -------
    dict of Node to float
        With `output` itself, whose derivative is 1.

    Raises
    ------
    BadInput
        For anything but a `Node`.
    """
    found = {output: 1.0}
    for node in _outputs_first(output):
        for source, derivative in node.edges:
            found[source] = found.get(source, 0.0) + found[node] * derivative
    return found


def _outputs_first(output: Node) -> Iterator[Node]:
    """Yield nodes, each after all that were computed from it."""
    order: list[Node] = []
    seen, waiting = set(), [(output, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            waiting += [(node, True), *((source, False) for source, _ in node.edges)]
    return reversed(order)
