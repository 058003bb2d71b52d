"""The loss of a sigmoid unit in ball arithmetic, for the checker alone: every comparison is true only where certain."""

from collections.abc import Iterator
from typing import Any

from flint import arb, arb_mat, fmpq

from study.certificates.reading import LARGEST, labelled, number, numbers, require

FAR = arb(2) ** 400
HEAVIEST = 1e300
"""The largest multiplicity: weights far above all other numbers are what laws are held to."""
MOST_HALVINGS = 256
EVALUATION = 10
"""Operations on balls that a loss or a derivative takes."""
MOST_WORK = 10**9
"""Operations on balls, or on words of exact numbers, that one proof may take: a few minutes."""
LOSSES = ("quadratic", "cross-entropy", "threshold-quadratic")


def dot(a: list[arb], b: list[arb]) -> arb:
    """Return the inner product."""
    return sum((s * t for s, t in zip(a, b, strict=True)), arb(0))


def shown(w: list[arb]) -> str:
    """Return weights in words."""
    return f"({', '.join(x.str(6, radius=False) for x in w)})"


class Work:
    """Count operations while a proof is checked, and refuse it once they are too many."""

    def __init__(self) -> None:
        self.done = 0

    def add(self, operations: int) -> None:
        """Count operations that are about to be done."""
        self.done += operations
        require(self.done <= MOST_WORK, "the proof takes more work than a few minutes")

    def exact_dot(self, a: list[fmpq], b: list[fmpq]) -> fmpq:
        """Return the inner product, each of whose steps counts by the length of the sum."""
        total = fmpq(0)
        for s, t in zip(a, b, strict=True):
            total += s * t
            self.add(1 + (total.p.bit_length() + total.q.bit_length()) // 64)
        return total


def cells(p: int, R: arb, tree: Any) -> Iterator[tuple[list[arb], tuple[int, ...]]]:
    """Yield centre and numbers of halvings of each leaf of the box [-R, R]^p; the leaves cover it."""
    require(isinstance(tree, str), "`tree` must be a string")
    stack: list[tuple[list[arb], tuple[int, ...]]] = [([arb(0)] * p, (0,) * p)]
    for mark in tree:
        require(bool(stack), "the tree goes on after its end")
        centre, splits = stack.pop()
        if mark == ".":
            yield centre, splits
            continue
        require(mark in "0123456789"[:p], "the tree holds an unknown mark")
        j = int(mark)
        require(splits[j] < MOST_HALVINGS, "the tree is too deep")
        finer = (*splits[:j], splits[j] + 1, *splits[j + 1 :])
        step = R / arb(2) ** finer[j]
        stack += [([*centre[:j], centre[j] + side * step, *centre[j + 1 :]], finer) for side in (1, -1)]
    require(not stack, "the tree ends early")


class BallProblem:
    """Points, multiplicities, loss and box; f is concave, then convex from `low` to `high`, then concave.

    Or, in place of the box, a penalty: E(w) = |w|^2 / 2 + C sum_i weight_i f(m_i), the bias counted in |w| or not. Then
    `weight` holds C times the multiplicities, and the box is all of space.
    """

    def __init__(
        self, X: Any, y: Any, weight: Any, loss: Any, eps: Any, weight_bound: Any, C: Any = None, bias: Any = None
    ) -> None:
        self.work = Work()
        rows, labels = labelled(X, y)
        self.rational = [[label * x for x in [*row, fmpq(1)]] for row, label in zip(rows, labels, strict=True)]
        self.Z = [[arb(x) for x in z] for z in self.rational]
        small = all(abs(x) <= LARGEST for z in self.Z for x in z)
        require(small, f"`X` must hold numbers of at most {LARGEST:g}")
        self.matrix, self.n, self.p = arb_mat(self.Z), len(rows), len(rows[0]) + 1
        self.weight = numbers(weight, "weight", self.n, HEAVIEST)
        require(all(w > 0 for w in self.weight), "`weight` must be positive")
        require(loss in LOSSES, f"`loss` must be one of {', '.join(LOSSES)}")
        self.loss, e, self.counted = str(loss), number(eps, "eps"), [0] * self.p
        require(e >= 0 and 2 * e < 1, "`eps` must lie in [0, 1/2)")
        if C is None:
            self.R = number(weight_bound, "weight_bound")
            require(self.R > 0, "`weight_bound` must be positive")
        else:
            require(number(C, "C") > 0, "`C` must be positive")
            require(bias in ("free", "penalised"), "`bias` must be free or penalised")
            self.R, self.weight = arb("inf"), [number(C, "C") * w for w in self.weight]
            self.counted = [1] * (self.p - 1) + [int(bias == "penalised")]
        self.eps, root = e, ((1 + e) ** 2 - 3 * e).sqrt()
        last, first = (1 + e + root) / 3, e / (1 + e + root)  # roots of B, see `curvature`
        convex = self.loss == "cross-entropy"
        self.low = -FAR if convex else (1 / last - 1).log()
        self.high = (1 / first - 1).log() if self.loss == "quadratic" and e > 0 else FAR
        self.target = (1 / e - 1).log() if e > 0 else FAR  # f decreases up to here

    def margins(self, w: list[arb]) -> list[arb]:
        """Return z_i.w of each point."""
        self.work.add(self.n * self.p)
        return list((self.matrix * arb_mat(self.p, 1, w)).entries())

    def value(self, m: arb) -> arb:
        """Return f(m)."""
        self.work.add(EVALUATION)
        if self.loss == "cross-entropy":
            return (-m).exp().log1p() + self.eps * m
        r = 1 / (1 + m.exp()) - self.eps
        r = r.nonnegative_part() if self.loss == "threshold-quadratic" else r
        return r * r / 2  # a power of a ball around zero is not a number

    def slope(self, m: arb) -> arb:
        """Return the derivative of f at m."""
        self.work.add(EVALUATION)
        exp = m.exp()
        q = 1 / (1 + exp)
        r = q - self.eps
        if self.loss == "cross-entropy":
            return -r
        return -(r.nonnegative_part() if self.loss == "threshold-quadratic" else r) * exp * q * q  # exp q is 1 - q

    def curvature(self, m: arb) -> tuple[arb, arb]:
        """Return second and third derivative of f, which is not the threshold quadratic loss."""
        self.work.add(EVALUATION)
        exp, e = m.exp(), self.eps
        q = 1 / (1 + exp)
        P = exp * q * q
        if self.loss == "cross-entropy":
            return P, -P * (1 - 2 * q)
        B = q * (2 + 2 * e - 3 * q) - e
        return P * B, -P * ((1 - 2 * q) * B + P * (2 + 2 * e - 6 * q))

    def total(self, w: list[arb]) -> arb:
        """Return E(w)."""
        penalty = sum((k * x * x for k, x in zip(self.counted, w, strict=True)), arb(0)) / 2
        return dot(self.weight, [self.value(m) for m in self.margins(w)]) + penalty

    def penalty_on(self, centre: list[arb], half: list[arb]) -> tuple[arb, list[arb], arb]:
        """Return A and G with a penalty of at least A + G.w, and the least penalty on a cell."""
        G = [k * c for k, c in zip(self.counted, centre, strict=True)]
        nearest = [(abs(c) - h).nonnegative_part() for c, h in zip(centre, half, strict=True)]
        return -dot(G, centre) / 2, G, sum((k * x * x for k, x in zip(self.counted, nearest, strict=True)), arb(0)) / 2

    def require_all_as_good_inside(self, level: arb) -> None:
        """Refuse unless E > level where some |w_j| > R: by the penalty, or the loss of a class where the bias is free.

        Where the penalty is at most `level` and |b| > R, the margins of one class are at most |x| (2 level)^(1/2) - R.
        """
        reason = "weights as good as the witness may lie outside the box"
        require(self.R > 0 and 2 * level < self.R**2, reason)
        reach, lost = (2 * level).sqrt(), {1: arb(0), -1: arb(0)}
        for z, weight in zip(self.rational, self.weight, strict=True):
            m = arb(sum(x * x for x in z[:-1])).sqrt() * reach - self.R
            if not self.counted[-1]:
                require(m <= 0, reason)
                lost[int(z[-1])] += weight * self.value(m)
        require(self.counted[-1] == 1 or all(total > level for total in lost.values()), reason)

    def gradient(self, w: list[arb]) -> list[arb]:
        """Return the gradient of E."""
        self.work.add(self.n * self.p)
        slopes = [a * self.slope(m) for a, m in zip(self.weight, self.margins(w), strict=True)]
        return [dot(slopes, [z[j] for z in self.Z]) + self.counted[j] * w[j] for j in range(self.p)]

    def hessian(self, w: list[arb], free: list[int]) -> arb_mat:
        """Return the rows and columns `free` of the Hessian of E."""
        self.work.add(self.n * len(free) ** 2)
        curved = [a * self.curvature(m)[0] for a, m in zip(self.weight, self.margins(w), strict=True)]
        columns = {j: [z[j] for z in self.Z] for j in free}
        bent = {j: [c * x for c, x in zip(curved, columns[j], strict=True)] for j in free}
        own = {j: arb(self.counted[j]) for j in free}
        return arb_mat([[dot(bent[j], columns[k]) + (own[j] if j == k else 0) for k in free] for j in free])

    def least(self, a: arb, b: arb) -> arb:
        """Return the least value of f on [a, b]."""
        return self.value(b if b <= self.target else a if a >= self.target else self.target)

    def slopes(self, a: arb, b: arb) -> tuple[arb, arb]:
        """Return the least and the largest slope of f on [a, b]: at an end, or where convex and concave parts meet."""
        met = [t for t in (self.low, self.high) if abs(t) < FAR and not (t < a or t > b)]
        ends = [self.slope(m) for m in (a, b, *met)]
        least = largest = ends[0]
        for s in ends[1:]:
            least, largest = arb.min(least, s), arb.max(largest, s)
        return least, largest

    def minorant(self, a: arb, b: arb) -> tuple[arb, arb]:
        """Return c and s with f(m) >= c + s m on [a, b]: on concave parts f(m) - s m is least at an end."""
        t = (a + b) / 2
        if a >= self.low and b <= self.high:
            s = self.slope(t)
            return self.value(t) - s * t, s
        if b <= self.low or a >= self.high:
            s = (self.value(b) - self.value(a)) / (b - a)
            return arb.min(self.value(a) - s * a, self.value(b) - s * b), s
        t = self.low if t < self.low else self.high if t > self.high else t
        require(a <= t and t <= b, "a cell touches an inflection")
        s = self.slope(t)
        return arb.min(self.value(t) - s * t, arb.min(self.value(a) - s * a, self.value(b) - s * b)), s


def krawczyk(x: list[arb], box: list[arb], value: list[arb], jacobian: arb_mat) -> bool:
    """Say whether a function has exactly one zero in a box, from its value at x and its Jacobian over the box."""
    k = len(x)
    Y = jacobian.mid().inv().mid()
    rest = arb_mat(k, k, [int(a == b) for a in range(k) for b in range(k)]) - Y * jacobian
    step = rest * arb_mat(k, 1, [b - a for a, b in zip(x, box, strict=True)]) - Y * arb_mat(k, 1, value)
    return all(b.contains_interior(a + s) for a, b, s in zip(x, box, step.entries(), strict=True))


class Point:
    """A stationary point that lies within `radius` of `w` along its face, and is alone there within `alone_radius`."""

    def __init__(self, problem: BallProblem, w: Any, face: Any, radius: Any, alone_radius: Any = None) -> None:
        self.problem, p = problem, problem.p
        require(isinstance(face, str) and len(face) == p and set(face) <= set("0+-"), "`face` must hold 0, + and -")
        require(problem.R.is_finite() or set(face) == {"0"}, "without a box there are no faces")
        self.w, self.face, self.radius = numbers(w, "w", p), str(face), number(radius, "radius")
        require(self.radius > 0, "`radius` must be positive")
        self.free = [j for j in range(p) if face[j] == "0"]
        for j in range(p):
            if face[j] != "0":
                self.w[j] = problem.R if face[j] == "+" else -problem.R
        require(problem.loss != "threshold-quadratic", "the threshold quadratic loss has no second derivative")
        self.box = self.wide = self.around(self.radius)
        require(self.alone(self.box), "no stationary point is proved to be there")
        if alone_radius is not None:
            self.wide = self.around(number(alone_radius, "alone_radius"))
            require(number(alone_radius, "alone_radius") >= self.radius, "`alone_radius` is smaller than `radius`")
            require(self.alone(self.wide), "no stationary point is proved to be alone")
        gradient = problem.gradient(self.box)
        for j in range(p):
            pushed = gradient[j] < 0 if face[j] == "+" else gradient[j] > 0
            require(face[j] == "0" or pushed, "the gradient does not push against the face")

    def around(self, radius: arb) -> list[arb]:
        """Return the box of this radius in the face around the point."""
        return [arb(x, radius) if mark == "0" else x for x, mark in zip(self.w, self.face, strict=True)]

    def alone(self, box: list[arb]) -> bool:
        """Krawczyk: say whether the gradient along the face has exactly one zero in the box."""
        free, R = self.free, self.problem.R
        if not free:
            return True
        require(all(abs(box[j]) < R for j in free), "the box of a point leaves its face")
        self.problem.work.add(len(free) ** 3)
        gradient = self.problem.gradient(self.w)
        return krawczyk(
            [self.w[j] for j in free],
            [box[j] for j in free],
            [gradient[j] for j in free],
            self.problem.hessian(box, free),
        )

    def kind(self) -> str:
        """Classify by the signs of the pivots of the Hessian at `w`; regular in the box, it keeps them there."""
        H = self.problem.hessian(self.w, self.free).tolist() if self.free else []
        negative, k = 0, len(H)
        self.problem.work.add(k**3)
        for a in range(k):
            require(H[a][a] > 0 or H[a][a] < 0, "the kind of a stationary point is not certain")
            negative += bool(H[a][a] < 0)
            for b in range(a + 1, k):
                ratio = H[b][a] / H[a][a]
                H[b] = [x - ratio * y for x, y in zip(H[b], H[a], strict=True)]
        return "minimum" if negative == 0 else "maximum" if negative == k == self.problem.p else "saddle"
