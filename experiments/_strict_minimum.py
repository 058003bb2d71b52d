"""Proof that a network with one hidden layer has a strict minimum near given weights: Krawczyk's test in Arb."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_mat, ctx

BITS = 256


@dataclass(frozen=True, kw_only=True)
class StrictMinimum:
    """What has been proved, in rigorous arithmetic, of the box around the weights of `w`.

    Parameters
    ----------
    proved : bool
        The box holds exactly one stationary point, and the Hessian is positive definite all over the box: the point is
        a strict minimum. All else here is meaningless where this is False.
    w : tuple of float
        The middle of the box, rounded.
    radius : float
        Half the box's width, the same in each weight.
    loss : tuple of (float, float)
        Bounds on the loss at the minimum.
    separated : tuple of bool
        Which points are certain to be on their own side at the minimum.
    lost : tuple of bool
        Which points are certain to be on the wrong side.
    """

    proved: bool
    w: tuple[float, ...]
    radius: float
    loss: tuple[float, float]
    separated: tuple[bool, ...]
    lost: tuple[bool, ...]


class OneHiddenLayer:
    """The quadratic loss of a network with one hidden layer and one output, with two derivatives, in ball arithmetic.

    X, y, weight and eps are taken as the doubles they are; weights stand in the order of `study.trainers.network`.
    """

    def __init__(self, X: Any, y: Any, weight: Any, eps: float, width: int) -> None:
        self.x = [[arb(float(value)) for value in row] + [arb(1)] for row in X]
        self.y = [int(label) for label in y]
        self.weight = [arb(float(value)) for value in weight]
        self.eps, self.h = arb(eps), width
        self.p = (len(self.x[0]) + 1) * width + 1

    def output(self, w: Sequence[arb], x: Sequence[arb]) -> tuple[arb, list[arb]]:
        """Return theta and the outputs of the hidden nodes."""
        h, q = self.h, len(x)
        hidden = [sigmoid(sum((x[i] * w[i * h + j] for i in range(q)), arb(0))) for j in range(h)]
        return sum((hidden[j] * w[q * h + j] for j in range(h)), w[-1]), hidden

    def loss(self, w: Sequence[arb]) -> arb:
        """Return the sum of weight / 2 (o - d)^2."""
        total = arb(0)
        for x, label, weight in zip(self.x, self.y, self.weight, strict=True):
            total += weight * (sigmoid(self.output(w, x)[0]) - self.target(label)) ** 2 / 2
        return total

    def target(self, label: int) -> arb:
        """Return 1 - eps or eps."""
        return 1 - self.eps if label > 0 else self.eps

    def derivatives(self, w: Sequence[arb]) -> tuple[arb_mat, arb_mat]:
        """Return gradient and Hessian."""
        gradient, hessian = arb_mat(self.p, 1), arb_mat(self.p, self.p)
        for x, label, weight in zip(self.x, self.y, self.weight, strict=True):
            theta, hidden = self.output(w, x)
            o = sigmoid(theta)
            slope = (o - self.target(label)) * o * (1 - o)
            curvature = o * (1 - o) * (o * (1 - o) + (o - self.target(label)) * (1 - 2 * o))
            first, second = self.theta_derivatives(w, x, hidden)
            gradient += weight * slope * first
            hessian += weight * (curvature * first * first.transpose() + slope * second)
        return gradient, hessian

    def theta_derivatives(self, w: Sequence[arb], x: Sequence[arb], hidden: Sequence[arb]) -> tuple[arb_mat, arb_mat]:
        """Return the gradient and the Hessian of theta by the weights."""
        h, q = self.h, len(x)
        first, second = arb_mat(self.p, 1), arb_mat(self.p, self.p)
        first[self.p - 1, 0] = arb(1)
        for j, s in enumerate(hidden):
            d1, d2, out = s * (1 - s), s * (1 - s) * (1 - 2 * s), q * h + j
            first[out, 0] = s
            for i in range(q):
                first[i * h + j, 0] = w[out] * d1 * x[i]
                second[i * h + j, out] = second[out, i * h + j] = d1 * x[i]
                for k in range(q):
                    second[i * h + j, k * h + j] = w[out] * d2 * x[i] * x[k]
        return first, second


def sigmoid(theta: arb) -> arb:
    """Return 1 / (1 + exp(-theta))."""
    return 1 / (1 + (-theta).exp())


def strict_minimum(net: OneHiddenLayer, w: Any, radius: float = 1e-12) -> StrictMinimum:
    """Try to prove a strict minimum near `w`.

    Parameters
    ----------
    net : OneHiddenLayer
    w : sequence of float
        Weights close to a minimum; Newton's method in Arb moves them closer before the proof begins.
    radius : float in (0, inf)
        Half the width of the box that the proof is about.

    Raises
    ------
    ZeroDivisionError
        Where Newton's method runs into a singular Hessian: start closer.

    Notes
    -----
    Krawczyk's operator K = m - Y g(m) + (I - Y H(B)) (B - m) on the box B with middle m, gradient g, Hessian H and Y
    about H(m)^-1: if K lies in the interior of B, then B holds exactly one zero of g [1]_. Pivots of an elimination in
    ball arithmetic that are all positive prove every matrix in H(B) positive definite.

    References
    ----------
    .. [1] R. Krawczyk, "Newton-Algorithmen zur Bestimmung von Nullstellen mit Fehlerschranken", Computing 4:187-201,
       1969. doi:10.1007/BF02234767
    """
    with ctx.workprec(BITS):
        middle = arb_mat(net.p, 1, [arb(float(value)) for value in w])
        for _ in range(20):
            gradient, hessian = net.derivatives(middle.entries())
            middle = (middle - hessian.solve(gradient)).mid()
        box = arb_mat(net.p, 1, [value + arb(0, radius) for value in middle.entries()])
        gradient, hessian = net.derivatives(middle.entries())
        Y = hessian.mid().inv().mid()
        _, over_box = net.derivatives(box.entries())
        identity = arb_mat(net.p, net.p, [arb(int(i == j)) for i in range(net.p) for j in range(net.p)])
        K = middle - Y * gradient + (identity - Y * over_box) * (box - middle)
        inside = all(b.contains_interior(k) for k, b in zip(K.entries(), box.entries(), strict=True))
        theta = [label * net.output(K.entries(), x)[0] for x, label in zip(net.x, net.y, strict=True)]
        loss = net.loss(K.entries())
        return StrictMinimum(
            proved=inside and positive_definite(over_box),
            w=tuple(float(value) for value in middle.entries()),
            radius=radius,
            loss=(math.nextafter(float(loss.lower()), -math.inf), math.nextafter(float(loss.upper()), math.inf)),
            separated=tuple(bool(margin > 0) for margin in theta),
            lost=tuple(bool(margin < 0) for margin in theta),
        )


def positive_definite(matrix: arb_mat) -> bool:
    """Return whether every symmetric matrix in a ball matrix is certain to be positive definite."""
    size = matrix.nrows()
    rows = [[matrix[i, j] for j in range(size)] for i in range(size)]
    for k in range(size):
        if not rows[k][k] > 0:
            return False
        for i in range(k + 1, size):
            factor = rows[i][k] / rows[k][k]
            for j in range(k + 1, size):
                rows[i][j] -= factor * rows[k][j]
    return True
