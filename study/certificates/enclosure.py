"""Enclose a stationary point: Newton's method in many digits, then Krawczyk's test around the answer.

This is the search's own ball arithmetic; the checker has another.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

from study.certificates.problem import Problem
from study.datasets.dataset import Floats

DIGITS = 192
"""Bits of the ball arithmetic of the search; the checker takes fewer."""
RADII = (1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)
"""Radii of enclosures that are tried, as shares of the bound or of the largest weight."""


class Enclosure:
    """Gradient and Hessian of a problem's loss over boxes, along the face that `face` names: '0', '+' or '-'."""

    def __init__(self, problem: Problem, face: str) -> None:
        self.problem, self.face = problem, face
        self.free = [j for j, mark in enumerate(face) if mark == "0"]
        self.Z = [[arb(x) for x in z] for z in problem.Z.tolist()]
        C = arb(problem.C) if problem.penalised else arb(1)
        self.cost = [C * arb(x) for x in problem.weight.tolist()]
        self.counted = problem.counted.tolist()
        self.eps = arb(problem.eps)

    def placed(self, w: Iterable[float]) -> list[arb]:
        """Return weights as exact balls, on the face."""
        R = self.problem.weight_bound
        ends = {"+": arb(R), "-": arb(-R)}
        return [ends.get(mark, arb(float(x))) for x, mark in zip(w, self.face, strict=True)]

    def box(self, w: Iterable[float], radius: float) -> list[arb]:
        """Return the box of a radius around weights, within the face."""
        centre = self.placed(w)
        return [x + arb(0, radius) if mark == "0" else x for x, mark in zip(centre, self.face, strict=True)]

    def margins(self, w: list[arb]) -> list[arb]:
        """Return the margin of each sample."""
        return [sum((a * b for a, b in zip(z, w, strict=True)), arb(0)) for z in self.Z]

    def value(self, w: list[arb]) -> arb:
        """Return the objective."""
        total = sum((k * x * x for k, x in zip(self.counted, w, strict=True)), arb(0)) / 2
        for m, weight in zip(self.margins(w), self.cost, strict=True):
            if self.problem.loss == "cross-entropy":
                total += weight * ((1 + (-m).exp()).log() + self.eps * m)
            else:
                r = 1 / (1 + m.exp()) - self.eps
                total += weight * r * r / 2
        return total

    def derivatives(self, w: list[arb]) -> tuple[list[arb], list[list[arb]]]:
        """Return the gradient, and the Hessian along the face."""
        gradient = [k * x for k, x in zip(self.counted, w, strict=True)]
        hessian = [[arb(self.counted[j] if j == k else 0) for k in self.free] for j in self.free]
        for z, m, weight in zip(self.Z, self.margins(w), self.cost, strict=True):
            exp = m.exp()
            q = 1 / (1 + exp)
            r, pq = q - self.eps, exp * q * q
            if self.problem.loss == "cross-entropy":
                slope, curvature = -weight * r, weight * pq
            else:
                slope, curvature = -weight * r * pq, weight * pq * (pq - r * (2 * q - 1))
            gradient = [g + slope * x for g, x in zip(gradient, z, strict=True)]
            for row, j in zip(hessian, self.free, strict=True):
                for b, k in enumerate(self.free):
                    row[b] += curvature * z[j] * z[k]
        return gradient, hessian

    def polished(self, w: Floats) -> Floats | None:
        """Return the root of the gradient along the face next to `w`, or None where Newton's method finds none."""
        x, k, size = self.placed(w), len(self.free), self.problem.size_of(w)
        for _ in range(12 if k else 0):
            gradient, hessian = self.derivatives([a.mid() for a in x])
            try:
                step = arb_mat(hessian).solve(arb_mat(k, 1, [gradient[j] for j in self.free])).entries()
            except ZeroDivisionError:
                return None
            for j, s in zip(self.free, step, strict=True):
                x[j] = (x[j] - s).mid()
            if not all(abs(float(a)) <= self.problem.weight_bound for a in x):
                return None
            if max(abs(float(s)) for s in step) <= 1e-30 * size:
                break
        return np.array([float(a) for a in x])

    def is_alone(self, w: Floats, radius: float) -> bool:
        """Say whether the gradient along the face has exactly one zero within the radius."""
        R, box, k = self.problem.weight_bound, self.box(w, radius), len(self.free)
        if not all(abs(box[j]) < R for j in self.free):
            return False
        if k == 0:
            return True
        gradient = self.derivatives(self.placed(w))[0]
        return is_contraction([gradient[j] for j in self.free], arb_mat(self.derivatives(box)[1]), radius)

    def is_pushed(self, w: Floats, radius: float) -> bool:
        """Say whether the gradient over the enclosure pushes strictly against every bound of the face."""
        gradient = self.derivatives(self.box(w, radius))[0]
        return all(g < 0 if m == "+" else g > 0 for g, m in zip(gradient, self.face, strict=True) if m != "0")


def is_contraction(value: list[arb], J: arb_mat, radius: float) -> bool:
    """Krawczyk: say whether a function has exactly one zero within `radius` of a point, with some room to spare.

    Parameters
    ----------
    value : list of arb
        Of the function at the point.
    J : arb_mat
        Its Jacobian over the box of that radius.
    radius : float
    """
    k = len(value)
    try:
        Y = J.mid().inv().mid()
    except ZeroDivisionError:
        return False
    rest = arb_mat(k, k, [int(a == b) for a in range(k) for b in range(k)]) - Y * J
    step = rest * arb_mat(k, 1, [arb(0, radius)] * k) - Y * arb_mat(k, 1, value)
    return all(abs(s) < 0.5 * radius for s in step.entries())  # the checker may see wider ranges


def enclosed(problem: Problem, w: Floats, face: str) -> tuple[Enclosure, Floats, float] | None:
    """Return a stationary point of a face near `w` and the radius of its enclosure, or None."""
    with ctx.workprec(DIGITS):
        enclosure = Enclosure(problem, face)
        root = enclosure.polished(w)
        if root is None:
            return None
        for radius in (share * problem.size_of(root) for share in RADII):
            margins = enclosure.margins(enclosure.box(root, radius))
            judged = [m for m, wanted in zip(margins, problem.judged, strict=True) if wanted]
            certain = all(m > 0 for m in judged) or any(m < 0 for m in judged)
            if certain and enclosure.is_alone(root, radius) and enclosure.is_pushed(root, radius):
                return enclosure, root, radius
    return None


def optimum_near(problem: Problem, w: Floats) -> dict[str, Any] | None:
    """Return the enclosure of the one optimum of the cross-entropy as a proof states it, or None."""
    face = "0" * w.size if problem.penalised else _face_near(problem, w)
    answer = enclosed(problem, w, face)
    if answer is None:
        return None
    _, root, radius = answer
    return {"w": root.tolist(), "face": face, "radius": radius}


def _face_near(problem: Problem, w: Floats) -> str:
    """Return the face of the box that the optimum near w lies on.

    A weight is put on its bound where the distance left, as a share of the bound, is less than the share of the loss
    that the pull of the gradient over that bound has.
    """
    R, gradient = problem.weight_bound, problem.gradient(w)
    tight = (R - np.abs(w)) / R < np.abs(gradient) * R / max(problem.value(w), 1e-300)
    return "".join(
        "0" if not t or x * g >= 0 else "+" if x > 0 else "-" for t, x, g in zip(tight, w, gradient, strict=True)
    )
