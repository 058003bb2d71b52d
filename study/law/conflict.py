"""Base points and spoilers in conflict: the margins between them, and the multipliers that the law is made of.

Points are rows z = y (x, 1); directions v lie in W: the unit box or the unit ball, bias included, or all v whose
features' part lies in the unit ball, the bias free.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import null_space
from scipy.optimize import linprog, lsq_linear, minimize
from scipy.special import logsumexp

from study.checks import BadInput, checked
from study.datasets.dataset import Features, Floats, Labels, as_flags, check_finite, check_points, check_shape

Shape = Literal["box", "ball"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
FreeShape = Literal["box", "ball", "free-bias ball"]
"""Shapes that bound the bias too, and one that does not."""
TIGHT = 1e-8
"""What counts as zero, of margins and multipliers of order 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spoilt:
    """Hold base points and spoilers as rows y (x, 1), with the shape W of the bound.

    Parameters
    ----------
    base : ndarray of shape (n, n_features + 1)
        Distinct base points.
    spoilers : ndarray of shape (k, n_features + 1)
        Distinct spoilers; k copies of one count by k times the threshold.
    shape : {"box", "ball", "free-bias ball"}
        W: all |v_j| <= 1; Euclidean norm of v at most 1; or norm of v without its bias at most 1.
    """

    base: Floats
    spoilers: Floats
    shape: FreeShape

    @cached_property
    def best(self) -> "Optimum":
        """The largest least base margin over W with no spoiler on the wrong side: gamma0 and its dual."""
        return _largest_margin(self.base, self.spoilers, self.shape)

    @cached_property
    def without(self) -> "Optimum":
        """The largest least base margin over W, whatever becomes of the spoilers: gamma1 and its dual."""
        return _largest_margin(self.base, self.spoilers[:0], self.shape)

    @property
    def gamma0(self) -> float:
        """The exponent; positive exactly where the points are separable."""
        return self.best.margin

    @property
    def gamma1(self) -> float:
        """The margin of the base alone; `gamma0` is below it exactly where there is conflict."""
        return self.without.margin

    @property
    def conflict(self) -> bool:
        """Whether each v of largest base margin gets some spoiler wrong."""
        return self.gamma0 < self.gamma1 * (1.0 - TIGHT)

    @property
    def spoiler_margin(self) -> float:
        """s*: the least spoiler margin at the v of largest base margin."""
        return float((self.spoilers @ self.without.v).min())

    @property
    def supports(self) -> NDArray[np.bool_]:
        """The base points with a positive multiplier."""
        return self.best.alpha > TIGHT

    @property
    def entropy(self) -> float:
        """H = -sum alpha ln alpha."""
        alpha = self.best.alpha[self.supports]
        return float(-(alpha * np.log(alpha)).sum())

    @property
    def excess(self) -> Floats:
        """By how much the margins of the other base points exceed gamma0 at the best v."""
        return np.asarray((self.base @ self.best.v)[~self.supports] - self.gamma0)

    @property
    def gap(self) -> float:
        """The least excess; inf where every base point supports the best v."""
        return float(self.excess.min(initial=np.inf))

    @property
    def regular(self) -> bool:
        """Whether optimum and multipliers are unique and strictly complementary, as the constant needs."""
        free = np.abs(self.best.v) < 1.0 - TIGHT if self.shape == "box" else np.ones(self.base.shape[1], bool)
        held = self.best.mu > TIGHT
        slack = np.abs(self.spoilers @ self.best.v)[~held]
        A = np.vstack([self.base[self.supports][:, free], self.spoilers[held][:, free]])
        A = np.column_stack([A, np.repeat([1.0, 0.0], [self.supports.sum(), held.sum()])])
        unique_dual = np.linalg.matrix_rank(A, tol=1e-7) == len(A)
        unique_best = self.shape != "box" or np.linalg.matrix_rank(A, tol=1e-7) == free.sum() + 1
        return bool(unique_dual and unique_best and self.gap > TIGHT and (slack > TIGHT).all() and held.any())


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimum:
    """A largest least margin over W, where it is attained, and its multipliers.

    sum_i alpha_i z_i + sum_s mu_s z_s lies in the normal cone of W at v; alpha sums to 1, and both are non-negative.

    Parameters
    ----------
    margin : float
    v : ndarray of shape (n_features + 1,)
    alpha : ndarray of shape (n,)
        Of the base points.
    mu : ndarray of shape (k,)
        Of the spoilers.
    """

    margin: float
    v: Floats
    alpha: Floats
    mu: Floats


@checked
def spoilt(X: Features, y: Labels, is_spoiler: Annotated[ArrayLike, as_flags], shape: FreeShape) -> Spoilt:
    """Return base points and spoilers of one set, checked.

    Parameters
    ----------
    X : array_like of shape (n_samples, n_features)
    y : array_like of shape (n_samples,)
        Labels in {-1, +1}, both present.
    is_spoiler : array_like of bool of shape (n_samples,)
        True for at least one sample, and false for at least one.
    shape : {"box", "ball", "free-bias ball"}
        Shape of the bound; the first two cover the bias too.

    Returns
    -------
    Spoilt

    Raises
    ------
    BadInput
        For points that `Dataset` refuses, a stack of sets, an unknown shape, or flags of another length or all
        alike.
    """
    X, y = check_points(X, y, stack=False)
    flags = np.asarray(is_spoiler, dtype=bool)
    if flags.shape != y.shape or flags.all() or not flags.any():
        raise BadInput(f"`is_spoiler` must flag some of the {len(y)} samples, and not all; got {flags.tolist()}")
    Z = y[:, None] * np.column_stack([X, np.ones(len(X))])
    return Spoilt(base=Z[~flags], spoilers=Z[flags], shape=shape)


@checked
def largest_margin(base: Floats, spoilers: Floats, shape: FreeShape, lift: float = 0.0) -> Optimum:
    """Maximise min_i z_i.v over v in W with z_s.v >= lift min_i z_i.v for each spoiler.

    Parameters
    ----------
    base : ndarray of shape (n, p)
    spoilers : ndarray of shape (k, p)
        Without rows: no such condition.
    shape : {"box", "ball", "free-bias ball"}
    lift : float, at least 0
        How far the spoilers are to be on their side; the multipliers are those of lift 0 only.

    Returns
    -------
    Optimum

    Raises
    ------
    BadInput
        Where no v has a positive margin, so that the points are not separable.

    Notes
    -----
    The box is a linear programme (scipy, HiGHS). In the ball the best v is the direction of the least-norm u with all
    z_i.u >= 1 and z_s.u >= lift, a non-negative least-squares problem [1]_. Where the bias is free, the same stands for
    the differences x_i - x_j of points of two classes, whose levels add up.

    References
    ----------
    .. [1] C. L. Lawson, R. J. Hanson, "Solving Least Squares Problems", Prentice-Hall, 1974, chapter 23, problem LDP.
    """
    check_shape("base", base, "n", "n_features + 1")
    p = base.shape[1]
    if spoilers.ndim != 2 or spoilers.shape[1] != p:
        raise BadInput(f"`spoilers` must have shape (k, {p}); got shape {spoilers.shape}")
    check_finite("base", base)
    if not (np.isfinite(spoilers).all() and 0.0 <= lift < 1e9):
        raise BadInput(f"`spoilers` must be finite, and `lift` lie in [0, 1e9); got {spoilers} and {lift}")
    return _largest_margin(base, spoilers, shape, lift)


def _largest_margin(base: Floats, spoilers: Floats, shape: FreeShape, lift: float = 0.0) -> Optimum:
    n, p = base.shape
    Z = np.vstack([base, spoilers])
    level = np.repeat([1.0, lift], [n, len(spoilers)])
    if shape == "box":
        answer = linprog(
            np.append(np.zeros(p), -1.0),
            A_ub=np.column_stack([-Z, level]),
            b_ub=np.zeros(len(Z)),
            bounds=[(-1.0, 1.0)] * p + [(None, None)],
            method="highs",
        )
        if answer.x is None:
            raise BadInput("`base` and `spoilers` must be of sizes that a linear programme can hold; none was solved")
        v, margin, multipliers = answer.x[:-1], float(answer.x[-1]), -answer.ineqlin.marginals
    elif shape == "ball":
        v, margin, multipliers = _least_norm(Z, level)
    else:
        v, margin, multipliers = _least_norm_without_bias(Z, level)
    multipliers = multipliers / max(float(multipliers[:n].sum()), np.finfo(float).tiny)
    if margin <= TIGHT * np.abs(Z).max():
        raise BadInput("`base` and `spoilers` must be separable with a margin that rounding leaves; none was found")
    return Optimum(margin=margin, v=v, alpha=multipliers[:n], mu=multipliers[n:])


def _least_norm(Z: Floats, level: Floats) -> tuple[Floats, float, Floats]:
    """Return direction and inverse norm of the least-norm u with Z u >= level, and its multipliers; 0 where none is."""
    target = np.append(np.zeros(Z.shape[1]), 1.0)
    E = np.vstack([Z.T, level])
    multipliers = lsq_linear(E, target, bounds=(0.0, np.inf), method="bvls", tol=1e-14, max_iter=1000).x  # [1] (23.24)
    off = E @ multipliers - target
    separable = off[-1] < -1e-12
    norm = float(np.linalg.norm(off[:-1])) if separable else 1.0
    return off[:-1] / norm, -float(off[-1]) / norm if separable else 0.0, multipliers


def _least_norm_without_bias(Z: Floats, level: Floats) -> tuple[Floats, float, Floats]:
    """Return the same where the bias, the last entry of u, does not count: over differences of the two classes."""
    positive, negative = np.flatnonzero(Z[:, -1] > 0.0), np.flatnonzero(Z[:, -1] < 0.0)
    i, j = (pair.ravel() for pair in np.meshgrid(positive, negative, indexing="ij"))
    if not (level[positive].any() and level[negative].any()):
        raise BadInput("`base` must hold points of both classes where the bias is free; it holds one")
    v, margin, of_pairs = _least_norm(Z[i, :-1] + Z[j, :-1], level[i] + level[j])
    of_points: Floats = np.zeros(len(Z))
    np.add.at(of_points, i, of_pairs)
    np.add.at(of_points, j, of_pairs)
    over = margin * level - Z[:, :-1] @ v  # what the bias has to make up for
    return np.append(v, (over[positive].max() - over[negative].max()) / 2.0), margin, of_points


def check_one_spoiler(points: Spoilt) -> None:
    """Raise `BadInput` where there are several spoilers."""
    if len(points.spoilers) > 1:
        raise BadInput(f"`points` must hold one spoiler; got {len(points.spoilers)}")


def one_spoiler_in(shape: FreeShape, points: Spoilt) -> Spoilt:
    """Return points with one spoiler in the geometry of another shape; raise `BadInput` where there are several."""
    check_one_spoiler(points)
    return replace(points, shape=shape)


def spread_multipliers(points: Spoilt, best: Optimum, spoilers: Floats) -> tuple[Floats, float]:
    """Return the multipliers of largest entropy among all that `best` has in the ball, the bias free or not; and it.

    They are unique: shares of e^(-z_i.u) among the base points of least margin, at the u of the least sum that moves no
    spoiler.
    """
    margins, sizes = points.base @ best.v, np.linalg.norm(points.base, axis=1)
    active = margins <= best.margin + 10.0 * TIGHT * sizes
    Z = points.base[active] @ null_space(np.vstack([normal_of(points, best.v), spoilers]))

    def ln_sum(u: Floats) -> tuple[float, Floats]:
        value = logsumexp(-Z @ u)
        return float(value + 5e-11 * u @ u), 1e-10 * u - np.exp(-Z @ u - value) @ Z  # finite with a point to leave out

    u = np.zeros(Z.shape[1])
    if u.size:
        u = minimize(ln_sum, u, jac=True, method="BFGS", options={"gtol": 1e-10}).x
    alpha, entropy = np.zeros(len(points.base)), float(logsumexp(-Z @ u))
    alpha[active] = np.exp(-Z @ u - entropy)
    return alpha, entropy


def normal_of(points: Spoilt, v: Floats) -> Floats:
    """Return the normal of W at v, whose norm is 1, in the ball, the bias free or not."""
    return np.append(v[:-1], 0.0) if points.shape == "free-bias ball" else v


def multiplier_of_spoiler(points: Spoilt, v: Floats, pull: Floats) -> float:
    """Return the largest multiplier of z_s.v = 0 where `pull`, minus a gradient, is balanced at v; 0 where none is.

    pull + multiplier z_s lies in the normal cone of W at v.
    """
    z = points.spoilers[0]
    if points.shape == "box":
        free = (np.abs(v) < 1.0 - 1e-7) & (z != 0.0)
        if free.any():
            value = float(-(pull[free] @ z[free]) / (z[free] @ z[free]))
        else:  # the multiplier times side * z is at least -side * pull at each weight that is held
            room = -np.sign(v) * pull, np.sign(v) * z
            value = min((float(a / b) for a, b in zip(*room, strict=True) if b < 0.0), default=0.0)
    else:
        radial = v if points.shape == "ball" else np.append(v[:-1], 0.0)
        rows = np.column_stack([z, -radial]) if radial @ radial > 1.0 - 1e-7 else z[:, None]
        value = float(np.linalg.lstsq(rows, -pull)[0][0])
    return max(value, 0.0)
