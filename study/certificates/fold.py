"""Enclose the place at which two stationary points meet and vanish as the points move: a fold, or saddle-node."""

import json
from dataclasses import dataclass
from typing import Literal

import numpy as np
from flint import arb, arb_mat, arb_series, ctx
from numpy.typing import ArrayLike

from study.certificates.enclosure import DIGITS, is_contraction
from study.certificates.problem import Problem, problem_of
from study.checks import BadInput, checked
from study.datasets.dataset import Features, Floats, Labels, check_finite, check_shape
from study.trainers.losses import Eps

RADII = (1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fold:
    """A fold: at `t`, to within `radius`, the Hessian at the stationary point `w` is singular along `v`."""

    t: float
    w: Floats
    v: Floats
    radius: float
    certificate: str


@checked
def fold_near(
    X: Features,
    motion: Features,
    y: Labels,
    *,
    loss: Literal["quadratic", "cross-entropy"] = "quadratic",
    eps: Eps = 0.0,
    sample_weight: ArrayLike | None = None,
    w0: ArrayLike,
    t0: float,
) -> Fold | None:
    """Enclose the fold of the stationary points of a unit on the points X + t motion, near w0 and t0.

    Parameters
    ----------
    X, motion : array_like of shape (n_samples, n_features)
        Where the points are at t = 0, and how far each goes as t grows by one.
    y, eps, sample_weight
        As in `study.certificates.search.verdict`.
    loss : {"quadratic", "cross-entropy"}
    w0 : array_like of shape (n_features + 1,)
    t0 : float

    Returns
    -------
    Fold or None
        None where Newton's method finds no fold, or the one it finds cannot be enclosed.

    Raises
    ------
    BadInput
        For arguments that cannot be used.

    Notes
    -----
    Newton's method and Krawczyk's test on gradient = 0, Hessian v = 0, c.v = 1 in (w, v, t) [1]_. Where the Jacobian of
    this system is regular the fold is simple: two stationary points for t on one side of it, none on the other.

    References
    ----------
    .. [1] G. Moore, A. Spence, "The calculation of turning points of nonlinear equations", SIAM Journal on Numerical
       Analysis 17(4):567-576, 1980. doi:10.1137/0717048
    """
    problem = problem_of(X, y, loss, eps, sample_weight, 1.0)
    moved, start = np.asarray(motion), np.asarray(w0)
    check_shape("w0", start, problem.Z.shape[1])
    check_finite("w0", start)
    check_shape("motion", moved, *problem.X.shape)
    if not np.isfinite(t0):
        raise BadInput(f"`t0` must be finite; got {t0}")
    with ctx.workprec(DIGITS):
        system = _System(problem, moved)
        try:
            x = system.solved(start, t0)
        except ValueError:  # a power series beyond the range of balls
            x = None
        if x is None:
            return None
        normal = [float(a) for a in system.normal]
        radius = next((radius for radius in reversed(RADII) if system.is_alone(x, radius)), None)
    if radius is None:
        return None
    p = len(start)
    w, v, t = x[:p], x[p : 2 * p], float(x[-1])
    given = {k: item for k, item in problem.plain().items() if k != "weight_bound"}
    proof = {"kind": "fold", **given, "motion": moved.tolist(), "w": w.tolist(), "v": v.tolist(), "t": t}
    certificate = json.dumps({**proof, "normal": normal, "radius": radius}, separators=(",", ":"))
    return Fold(t=t, w=w, v=v, radius=radius, certificate=certificate)


class _System:
    """The extended system and its Jacobian, in balls; derivatives of the loss come from power series."""

    def __init__(self, problem: Problem, motion: Floats) -> None:
        self.problem, self.p = problem, problem.Z.shape[1]
        still = np.column_stack([motion, np.zeros(len(motion))]) * problem.y[:, None]
        self.Z = [[arb(x) for x in z] for z in problem.Z.tolist()]
        self.motion = [[arb(x) for x in z] for z in still.tolist()]
        self.normal = [arb(0)] * self.p

    def derivatives(self, m: arb) -> list[arb]:
        """Return the first three derivatives of the loss of one sample."""
        series = arb_series([m, 1], prec=4)
        exp = series.exp()
        r = 1 / (1 + exp) - arb(self.problem.eps)
        if self.problem.loss == "cross-entropy":
            f = (1 + (-series).exp()).log() + arb(self.problem.eps) * series
        else:
            f = r * r / 2
        return [f[1], 2 * f[2], 6 * f[3]]

    def at(self, x: list[arb]) -> tuple[list[arb], arb_mat]:
        """Return the value of the system and its Jacobian."""
        p, t = self.p, x[-1]
        w, v = x[:p], x[p : 2 * p]
        value = [arb(0)] * (2 * p) + [_dot(self.normal, v) - 1]
        J = [[arb(0)] * (2 * p + 1) for _ in range(2 * p)] + [[*[arb(0)] * p, *self.normal, arb(0)]]
        for z0, u, weight in zip(self.Z, self.motion, self.problem.weight.tolist(), strict=True):
            z = [a + t * b for a, b in zip(z0, u, strict=True)]
            first, second, third = (arb(weight) * d for d in self.derivatives(_dot(z, w)))
            zv, uw, uv = _dot(z, v), _dot(u, w), _dot(u, v)
            for j in range(p):
                value[j] += first * z[j]
                value[p + j] += second * zv * z[j]
                J[j][-1] += second * uw * z[j] + first * u[j]
                J[p + j][-1] += (third * uw * zv + second * uv) * z[j] + second * zv * u[j]
                for k in range(p):
                    J[j][k] += second * z[j] * z[k]
                    J[p + j][k] += third * zv * z[j] * z[k]
                    J[p + j][p + k] += second * z[j] * z[k]
        return value, arb_mat(J)

    def solved(self, w: Floats, t: float) -> Floats | None:
        """Return (w, v, t) to which Newton's method leads, or None."""
        x = [*map(arb, w.tolist()), *[arb(0)] * self.p, arb(t)]
        hessian = self.at(x)[1].tolist()
        bent = [[float(hessian[j][k]) for k in range(self.p)] for j in range(self.p)]
        if not np.isfinite(bent).all():
            return None
        v = np.linalg.eigh(bent)[1][:, 0]
        v = v / v[np.abs(v).argmax()]
        self.normal = [arb(float(a)) for a in np.eye(self.p)[np.abs(v).argmax()]]
        x[self.p : 2 * self.p] = map(arb, v.tolist())
        for _ in range(60):
            value, J = self.at(x)
            try:
                step = J.mid().solve(arb_mat(len(x), 1, [a.mid() for a in value])).entries()
            except ZeroDivisionError:
                return None
            x = [(a - s).mid() for a, s in zip(x, step, strict=True)]
            size = max(abs(float(s)) for s in step)
            if not size < 1e6:
                return None
            if size < 1e-30:
                return np.array([float(a) for a in x])
        return None

    def is_alone(self, x: Floats, radius: float) -> bool:
        """Say whether the system has exactly one zero within the radius."""
        centre = [arb(a) for a in x.tolist()]
        return is_contraction(self.at(centre)[0], self.at([a + arb(0, radius) for a in centre])[1], radius)


def _dot(a: list[arb], b: list[arb]) -> arb:
    return sum((s * t for s, t in zip(a, b, strict=True)), arb(0))
