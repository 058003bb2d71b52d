"""How far answers are from the best, bounded from both sides, in other arithmetic and by other formulas.

The unit is examined in long doubles, which have 64 bits on x86 and no more than doubles elsewhere; margins in 512 bits,
by weak duality; signs in rational numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx, fmpq
from numpy.typing import NDArray

from study.datasets.dataset import Floats

Long = NDArray[Any]
"""Long doubles, which the types of numpy take for doubles here and there."""
Bounds = tuple[float, float]
"""The share by which a value lies above the least is at least the first, and at most the second."""

BITS = 512
RIDGE = 2.0**-200
"""Added to a Gram matrix, as a share of its largest entry, so that repeated samples share their multiplier."""
SMALLEST = np.longdouble("1e-4800")


# The unit


@dataclass(frozen=True)
class Unit:
    """The mean loss of a unit inside a bound, in long doubles.

    The cross-entropy comes times exp(scale), the quadratic loss times exp(2 scale). The scale is the least margin of
    the weights that are examined, where it is positive and targets are hard: so the smallest losses keep their digits.
    """

    Z: Long
    share: Long
    eps: float
    shape: str
    R: float
    scale: Any

    @classmethod
    def of(cls, X: Floats, y: Floats, weight: Floats, eps: float, shape: str, R: float, w: Floats) -> "Unit":
        """Return the unit on some points, with the scale for weights w."""
        Z = y[:, None] * np.column_stack([X, np.ones(len(X))]).astype(np.longdouble)
        share = weight.astype(np.longdouble)
        least = (Z @ w.astype(np.longdouble)).min() if eps == 0.0 else np.longdouble(0.0)
        return cls(Z, share / share.sum(), eps, shape, R, max(least, np.longdouble(0.0)))

    def lacks(self, m: Long) -> tuple[Long, Long, Long]:
        """Return 1 - o times the scale, o, and log(1 + exp(-m)) times the scale, for outputs o at margins m."""
        right, small = m > 0.0, np.exp(-np.abs(m))
        larger, own = 1.0 / (1.0 + small), np.exp(self.scale - np.maximum(m, 0.0))
        share = np.where(small > 0.0, np.log1p(small) / np.where(small > 0.0, small, 1.0), 1.0)
        loss = np.where(right, own * share, own * (np.log1p(small) - m))
        return own * larger, np.where(right, larger, small * larger), loss

    def cross_entropy(self, w: Long) -> tuple[Any, Long, Long]:
        """Return the mean cross-entropy, and of each sample slope and curvature in the margin, times its share."""
        m = self.Z @ w
        q, o, value = self.lacks(m)
        return self.share @ (value + self.eps * m), self.share * (self.eps - q), self.share * q * o

    def quadratic(self, w: Long) -> tuple[Long, Long, Long]:
        """Return the mean quadratic loss, and of each sample slope and Gauss-Newton curvature, times its share.

        The scale enters twice; weights of shape (n_weights, k) give k losses.
        """
        q, o, _ = self.lacks(self.Z @ w)
        share = self.share if w.ndim == 1 else self.share[:, None]
        r = q - self.eps
        return (share * r * r).sum(axis=0) / 2.0, -share * r * q * o, share * (q * o) ** 2

    def inside(self, w: Long) -> Long:
        """Return the nearest weights inside the bound."""
        if self.shape == "box":
            return np.clip(w, -self.R, self.R)
        if self.shape == "ball":
            length = np.maximum(np.sqrt((w * w).sum(axis=0)), SMALLEST)
            return np.asarray(w * np.minimum(1.0, self.R / length))
        return w

    def free(self, w: Long, g: Long) -> NDArray[np.bool_]:
        """Say which weights a small step along -g moves: all but those on a face of the box that it would leave."""
        held = (np.abs(w) >= self.R) & (w * g < 0.0) if self.shape == "box" else np.zeros(w.size, bool)
        return ~held

    def on_sphere(self, w: Long, g: Long) -> bool:
        """Say whether the weights are on the sphere, but for rounding, and the gradient presses them there."""
        return self.shape == "ball" and bool(np.sqrt(w @ w) >= self.R * (1.0 - 1e-12) and g @ w < 0.0)


def excess_of_cross_entropy(unit: Unit, w: Floats) -> Bounds:
    """Bound the share by which the cross-entropy at w lies above the least, by Newton's method from w and duality."""
    with np.errstate(all="ignore"):
        found, slope, _ = unit.cross_entropy(w.astype(np.longdouble))
        u = unit.inside(w.astype(np.longdouble))
        if unit.on_sphere(u, slope @ unit.Z):
            u = u * (unit.R / np.sqrt(u @ u))
        for _ in range(40):
            value, slope, curvature = unit.cross_entropy(u)
            step, gap = newton_step(unit, u, slope, curvature)
            if not gap > 1e-15 * value:
                break
            for t in 2.0 ** -np.arange(40.0):
                other = unit.inside(u + t * step)
                if unit.cross_entropy(other)[0] < value:
                    break
            else:
                break
            u = other
        gap = min(gap, gap_without_thin_directions(unit, u, slope, curvature))
        return float((found - value) / found), float((found - value + gap) / found)


def newton_step(unit: Unit, u: Long, slope: Long, curvature: Long) -> tuple[Long, Any]:
    """Return Newton's step inside the bound, and what the loss at u is above the least at most.

    The linear model of the outputs makes a dual point, whose gap is at most the step's squared length in the Hessian,
    where no output leaves [0, 1]; or else, inside a bound, convexity gives max g.(u - v).
    """
    g, root = slope @ unit.Z, np.sqrt(np.maximum(curvature, SMALLEST))
    A, b = root[:, None] * unit.Z, -slope / root
    if unit.on_sphere(u, g):
        pull = -(g @ u) / unit.R**2
        A = np.concatenate([A, np.sqrt(pull) * np.eye(u.size, dtype=np.longdouble)])
        own, none = np.concatenate([b, -np.sqrt(pull) * u]), np.zeros_like(b)
        step, along = least_squares(A, own), least_squares(A, np.concatenate([none, u / np.sqrt(pull)]))
        more = (u @ step) / (u @ along)
        step -= more * along
        gap: Any = g @ u + unit.R * np.sqrt(g @ g)
        moved = unit.Z @ step
        if stays(unit, u, moved) and pull + more > 0.0:  # the model's gradient is -(pull + more) u - pull step
            gap = min(gap, curvature @ moved**2 + pull**2 * (step @ step) / (2.0 * (pull + more)))
        return step, gap
    free, step = unit.free(u, g), np.zeros_like(u)
    step[free] = least_squares(A[:, free], b)
    moved = unit.Z @ step
    model = np.where(free, 0.0, g + (curvature * moved) @ unit.Z)
    gap = np.inf
    if stays(unit, u, moved):
        gap = curvature @ moved**2 + (np.abs(model) * np.where(free, 0.0, unit.R) + model * u).sum()
    if unit.shape == "box":
        gap = min(gap, (np.abs(g) * unit.R + g * u).sum())
    elif unit.shape == "ball":
        gap = min(gap, g @ u + unit.R * np.sqrt(g @ g))
    elif unit.eps == 0.0:
        gap = min(gap, gap_beside_certain(unit, u, A, b))
    return step, gap


def gap_beside_certain(unit: Unit, u: Long, A: Long, b: Long) -> Any:
    """Return what the loss at u is above its infimum at most, without a bound and with hard targets.

    Where classes touch, some samples can be had for nothing far out: at the dual point they pull no more, and their
    loss is the price.
    """
    q, o, loss = unit.lacks(unit.Z @ u)
    certain = np.zeros(len(o), bool)
    for _ in range(10):
        moved = unit.Z @ least_squares(np.where(certain[:, None], 0.0, A), np.where(certain, 0.0, b))
        beyond = ~certain & (moved * o > 1.0 + 1e-12)
        if not beyond.any():
            break
        certain |= beyond
    if beyond.any() or not (certain | (moved * (o - 1.0) <= 1.0)).all():
        return np.inf
    return unit.share @ np.where(certain, loss, q * o * moved**2)


def gap_without_thin_directions(unit: Unit, u: Long, slope: Long, curvature: Long) -> Any:
    """Return what the loss at u is above the least at most, inside a bound, by a model that leaves out thin directions.

    The dual point is as in `newton_step`, but for the gradient along these directions; the bound limits its worth.
    """
    if unit.shape == "none":
        return np.inf
    g, root = slope @ unit.Z, np.sqrt(np.maximum(curvature, SMALLEST))
    A, b, free, step = root[:, None] * unit.Z, -slope / root, unit.free(u, g), np.zeros_like(u)
    step[free] = least_squares(A[:, free], b, 1e-10)
    moved = unit.Z @ step
    if not stays(unit, u, moved):
        return np.inf
    g = g + (curvature * moved) @ unit.Z
    worth = unit.R * (np.abs(g).sum() if unit.shape == "box" else np.sqrt(g @ g))
    return curvature @ moved**2 + worth + g @ u


def stays(unit: Unit, u: Long, moved: Long) -> bool:
    """Say whether the outputs at u stay in [0, 1], but for rounding, where each follows its tangent."""
    o = 1.0 / (1.0 + np.exp(-(unit.Z @ u)))
    return bool((np.maximum(moved * o, moved * (o - 1.0)) <= 1.0 + 1e-12).all())


def least_squares(A: Long, b: Long, thinnest: float = 1e-17) -> Long:
    """Return x with the least |A x - b|, by modified Gram-Schmidt; no weight on columns that others make up.

    They do where less than the share `thinnest` of a column's length is left.
    """
    size = np.abs(A).max(axis=0, initial=0.0)
    size = np.where(size > 0.0, size, 1.0)
    Q, order, rows, right = A / size, list[int](), list[Long](), list[Any]()
    first = (Q * Q).sum(axis=0)
    for _ in range(A.shape[1]):
        norm = (Q * Q).sum(axis=0)
        norm[order] = -1.0
        k = int(norm.argmax())
        if norm[k] <= thinnest**2 * first[k]:
            break
        q = Q[:, k] / np.sqrt(norm[k])
        rows.append(q @ Q)
        right.append(q @ b)
        order.append(k)
        Q, b = Q - np.outer(q, rows[-1]), b - q * right[-1]
    x = np.zeros(A.shape[1], np.longdouble)
    for k, row, value in zip(order[::-1], rows[::-1], right[::-1], strict=True):
        x[k] = (value - row @ x) / row[k]
    return x / size


def fall_of_quadratic(unit: Unit, w: Floats) -> float:
    """Return by what share steps that move no margin by more than 1 lower the quadratic loss plus eps^2 / 2 a sample.

    Steps of all lengths along the gradient, in units of the features, and along Gauss and Newton's direction. A fall
    counts as far as the gradient promises it: at a saddle it promises none.
    """
    u = unit.inside(w.astype(np.longdouble))
    with np.errstate(all="ignore"):
        value, slope, curvature = unit.quadratic(u)
        g = slope @ unit.Z
        free, root = unit.free(u, g), np.sqrt(np.maximum(curvature, SMALLEST))
        steps = [np.where(free, -g / (unit.share @ unit.Z**2), 0.0), np.zeros_like(u)]
        steps[1][free] = least_squares((root[:, None] * unit.Z)[:, free], -slope / root)
        fall = np.longdouble(0.0)
        for step in steps:
            moved = np.abs(unit.Z @ step).max()
            if moved > 0.0:
                there = unit.inside(u[:, None] + np.outer(step, 2.0 ** -np.arange(30.0) / moved))
                promised = -g @ (there - u[:, None])
                fall = max(fall, np.minimum(promised, value - unit.quadratic(there)[0]).max())
        return float(fall / (value + np.longdouble(unit.eps) ** 2 / 2.0))


# The margins


def shortfall_of_margin(X: Floats, y: Floats, w: Floats) -> Bounds:
    """Bound the share by which the margin of w falls short of the widest, by a pair of points of the two hulls."""
    with ctx.workprec(BITS):
        Z = arb_mat([[arb(x) for x in row] for row in X.tolist()])
        sign = [int(v) for v in y]
        v = column(w[:-1].tolist())
        along = entries(Z * v)
        least = min(s * (a + float(w[-1])) for s, a in zip(sign, along, strict=True))
        own = least / norm(v)
        if not own > 0:
            return np.inf, np.inf
        near = sorted(range(len(sign)), key=lambda i: float(sign[i] * (along[i] + float(w[-1])) / least))
        S = [i for i in near[: len(w) + 1] if float(sign[i] * (along[i] + float(w[-1])) / least) < 1.0 + 1e-7]
        S += [next(i for i in near if sign[i] == label) for label in (1, -1) if label not in {sign[i] for i in S}]
        try:
            narrow, wide = nearest_points(Z, sign, S)
        except ZeroDivisionError:  # an active set that no ridge makes regular: nothing is known
            return -np.inf, np.inf
        return float((1 - own / narrow).mid()), float((1 - own / wide).mid())


def nearest_points(Z: arb_mat, sign: list[int], S: list[int]) -> tuple[arb, arb]:
    """Return the margin of a boundary, and one that no boundary exceeds, by an active-set method from samples S."""
    rows = Z.tolist()
    while min(share := affine_least(rows, sign, S)) <= 0:
        worst = share.index(min(share))
        S = S[:worst] + S[worst + 1 :]
    for _ in range(500):
        whole = {s: sum((t for i, t in zip(S, share, strict=True) if sign[i] == s), arb(0)) for s in (1, -1)}
        signed = arb_mat([[sign[i] * t / whole[sign[i]] for i, t in zip(S, share, strict=True)]])
        p = signed * arb_mat([rows[i] for i in S])
        along = [a.mid() for a in entries(Z * p.transpose())]
        first = min((i for i, s in enumerate(sign) if s > 0), key=along.__getitem__)
        second = max((i for i, s in enumerate(sign) if s < 0), key=along.__getitem__)
        length = norm(p)
        reach = (along[first] - along[second]) / length
        short = [along[next(i for i in S if sign[i] == s)] - along[k] for s, k in ((1, first), (-1, second))]
        enters = first if short[0] > -short[1] else second
        if reach > length * (1 - 1e-13) or enters in S:
            break
        S, share = minor_cycle(rows, sign, [*S, enters], [*share, arb(0)])
    return reach / 2, length / 2


def minor_cycle(rows: list[list[arb]], sign: list[int], S: list[int], share: list[arb]) -> tuple[list[int], list[arb]]:
    """Return samples and shares of the least difference in the hulls of S; samples of no use are dropped."""
    while True:
        goal = affine_least(rows, sign, S)
        if min(goal) > 0:
            return S, goal
        reach = min((s / (s - t) for s, t in zip(share, goal, strict=True) if t <= 0), default=arb(0))
        share = [(s + reach * (t - s)).mid() for s, t in zip(share, goal, strict=True)]
        kept = [k for k, s in enumerate(share) if s > RIDGE]
        S, share = [S[k] for k in kept], [share[k] for k in kept]


def affine_least(rows: list[list[arb]], sign: list[int], S: list[int]) -> list[arb]:
    """Return the shares, which sum to 1 in each class, of the least difference in the affine hulls of S."""
    first = rows[S[0]]
    D = arb_mat([[sign[i] * (a - b) for a, b in zip(rows[i], first, strict=True)] for i in S])
    k = len(S)
    G = gram(D)
    labels = [[int(sign[i] == label) for i in S] for label in (1, -1)]
    A: list[list[Any]] = [[*row, *(ones[j] for ones in labels)] for j, row in enumerate(G)] + [
        [*ones, 0, 0] for ones in labels
    ]
    return solve(arb_mat(A), column([0] * k + [1, 1]))[:k]


def excess_of_soft_margin(X: Floats, y: Floats, w: Floats, C: float) -> Bounds:
    """Bound the share by which the soft margin's objective at w lies above the least, by multipliers of the dual."""
    Z = y[:, None] * np.column_stack([X, np.ones(len(X))])
    with ctx.workprec(BITS):
        rows = arb_mat([[arb(x) for x in row] for row in Z.tolist()])
        found = objective(rows, column(w.tolist()), C)
        try:
            least, dual = soft_minimum(rows, *guess_multipliers(Z, w, C), C)
        except ZeroDivisionError:
            return -np.inf, np.inf
        return float(((found - least) / found).mid()), float(((found - dual) / found).mid())


def objective(Z: arb_mat, w: arb_mat, C: float) -> arb:
    """Return |w|^2 / 2 + C sum max(0, 1 - z.w)."""
    short = [1 - m for m in entries(Z * w)]
    return norm(w) ** 2 / 2 + C * sum((s for s in short if s > 0), arb(0))


def guess_multipliers(Z: Floats, w: Floats, C: float) -> tuple[list[int], list[int]]:
    """Return which samples cost C, and which have a margin of 1, by an active-set method in floating point."""
    size = (Z * Z).sum(axis=1)
    a = np.where(Z @ w < 1.0, C, 0.0)
    F: list[int] = []
    for _ in range(1000):
        short = 1.0 - Z @ (Z.T @ a)
        gain = np.where(a <= 0.0, short, np.where(a >= C, -short, -np.inf)) / np.sqrt(size)
        gain[F] = -np.inf
        k = int(gain.argmax())
        if not gain[k] > 1e-12 * np.sqrt(size[k]) * (1.0 + np.abs(short[k])):
            break
        F.append(k)
        for _ in range(100 if F else 0):
            K = Z[F] @ Z[F].T + 1e-13 * size[F].max() * np.eye(len(F))
            step = np.linalg.solve(K, 1.0 - Z[F] @ (Z.T @ a))
            with np.errstate(all="ignore"):
                room = np.where(step > 0.0, (C - a[F]) / step, np.where(step < 0.0, -a[F] / step, np.inf))
            t = min(1.0, room.min())
            a[F] = np.clip(a[F] + t * step, 0.0, C)
            if t < 1.0:
                out = int(room.argmin())
                a[F[out]] = C if step[out] > 0.0 else 0.0
                del F[out]
            if not F or (t == 1.0 and np.abs(1.0 - Z[F] @ (Z.T @ a)).max() < 1e-12):
                break
    return [int(i) for i in np.flatnonzero(a >= C)], [i for i in F if 0.0 < a[i] < C]


def soft_minimum(Z: arb_mat, held: list[int], F: list[int], C: float) -> tuple[arb, arb]:
    """Return an objective that weights have, and one that none are below, by an active set of the dual."""
    rows, best, top = Z.tolist(), arb("inf"), arb("-inf")
    for _ in range(10):
        a = [arb(0)] * len(rows)
        for i in held:
            a[i] = arb(C)
        if F:
            pull = weights(rows, a)
            D = arb_mat([rows[i] for i in F])
            right = [1 - m for m in entries(D * pull)]
            for i, t in zip(F, solve(arb_mat(gram(D)), arb_mat([[r] for r in right])), strict=True):
                a[i] = t
        inside = [min(max(t, arb(0)), arb(C)) for t in a]
        w = weights(rows, inside)
        margins = entries(Z * w)
        cost = norm(w) ** 2 / 2
        best = min(best, (cost + C * sum((1 - m for m in margins if m < 1), arb(0))).mid())
        top = max(top, (sum(inside, arb(0)) - cost).mid())
        if best - top <= 1e-12 * best:
            break
        held = [i for i, (t, m) in enumerate(zip(a, margins, strict=True)) if t > C or (t == C and m <= 1)]
        F = [i for i, t in enumerate(a) if 0 < t < C]
        off = [i for i, (t, m) in enumerate(zip(a, margins, strict=True)) if (t == 0 and m < 1) or (t == C and m > 1)]
        F += sorted(off, key=lambda i: -abs(float(margins[i]) - 1.0))[: len(rows[0])]
    return best, top


def weights(rows: list[list[arb]], a: list[arb]) -> arb_mat:
    """Return sum a_i z_i as a column."""
    used = [i for i, t in enumerate(a) if t != 0]
    if not used:
        return column([0] * len(rows[0]))
    return (arb_mat([[a[i] for i in used]]) * arb_mat([rows[i] for i in used])).transpose()


def gram(D: arb_mat) -> list[list[Any]]:
    """Return the products of rows, with a ridge."""
    G = (D * D.transpose()).tolist()
    ridge = max(G[k][k] for k in range(len(G))) * RIDGE
    for k in range(len(G)):
        G[k][k] += ridge
    return [[a.mid() for a in row] for row in G]


def solve(A: arb_mat, b: arb_mat) -> list[arb]:
    """Return an approximate solution of A x = b: whatever it is, what is made of it is a bound."""
    return [x.mid() for x in entries(A.solve(b, algorithm="approx"))]


def column(values: Sequence[float]) -> arb_mat:
    """Return numbers as a column."""
    return arb_mat([[arb(x)] for x in values])


def entries(column: arb_mat) -> list[arb]:
    """Return the entries of a column."""
    return list(column.entries())


def norm(v: arb_mat) -> arb:
    """Return the length of a row or a column."""
    return sum((a * a for a in v.entries()), arb(0)).sqrt()


# Signs


def exact_signs(w: Sequence[float | fmpq], X: Floats, y: Floats) -> list[int]:
    """Return the sign of y w.(x, 1) of each sample."""
    *v, b = [rational(a) for a in w]
    values = [sum((p * rational(x) for p, x in zip(v, row, strict=True)), b) for row in X.tolist()]
    return [int(s) * ((m > 0) - (m < 0)) for s, m in zip(y, values, strict=True)]


def rational(x: float | fmpq) -> fmpq:
    """Return a number as the fraction that it is."""
    return x if isinstance(x, fmpq) else fmpq(*x.as_integer_ratio())
