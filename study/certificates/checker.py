"""Check a proof about a sigmoid unit on a given set of points.

The checker shares no line with the search that found the proof. It needs the standard library and python-flint, works
in ball arithmetic, in which a comparison is true only where it is certain, and counts whatever is not certain as not
proved. Write z_i = y_i (x_i, 1), m_i = z_i.w for the margins and E(w) = sum_i weight_i f(m_i) for the loss. The numbers
of a proof are exact doubles; fractions in quotes are exact rationals.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from math import comb, isfinite
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

PRECISION = 128
LARGEST = 1e30
FAR = arb(2) ** 400
LOSSES = ("quadratic", "cross-entropy", "threshold-quadratic")
FRACTION = re.compile(r"-?[0-9]{1,4000}(/0*[1-9][0-9]{0,3999})?", re.ASCII)


class Refused(ValueError):
    """A proof that does not prove its claim; the message says why."""


def check(text: str) -> str:
    """Return, in words, the claim that a proof proves.

    Parameters
    ----------
    text : str
        One JSON object, as `study certify` writes it.

    Raises
    ------
    Refused
        With the reason, for anything but a proof of the claim that the text makes.
    """
    with ctx.workprec(PRECISION):
        try:
            proof = json.loads(text, object_pairs_hook=_distinct, parse_constant=_constant)
        except Refused:
            raise
        except (ValueError, RecursionError) as error:
            raise Refused(f"not JSON: {error}") from None
        kind = proof.pop("kind", None) if isinstance(proof, dict) else None
        _require(isinstance(kind, str) and kind in KINDS, f"`kind` must be one of {', '.join(KINDS)}")
        try:
            return KINDS[str(kind)](proof)
        except ZeroDivisionError:
            raise Refused("a matrix that must be regular is not") from None


def _require(truth: object, reason: str) -> None:
    if truth is not True:
        raise Refused(reason)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _require(len({key for key, _ in pairs}) == len(pairs), "a key stands twice")
    return dict(pairs)


def _constant(name: str) -> None:
    raise Refused(f"{name} is not a number")


def _fields(value: Any, *names: str) -> list[Any]:
    _require(isinstance(value, dict) and set(value) == set(names), f"the fields must be {', '.join(names)}")
    return [value[name] for name in names]


def _list(value: Any, name: str, size: int | None = None) -> list[Any]:
    _require(isinstance(value, list), f"`{name}` must be a list")
    _require(size is None or len(value) == size, f"`{name}` must have {size} entries")
    return list(value)


def _number(value: Any, name: str) -> arb:
    _require(type(value) in (int, float), f"`{name}` must hold numbers")
    _require(isfinite(value) if type(value) is float else True, f"`{name}` must hold finite numbers")
    _require(abs(value) <= LARGEST, f"`{name}` must hold numbers of at most {LARGEST:g}")
    return arb(value)


def _numbers(value: Any, name: str, size: int | None = None) -> list[arb]:
    return [_number(item, name) for item in _list(value, name, size)]


def _index(value: Any, name: str, size: int) -> int:
    _require(type(value) is int and 0 <= value < size, f"`{name}` must name points from 0 to {size - 1}")
    return int(value)


def _fraction(value: Any, name: str) -> fmpq:
    _require(isinstance(value, str) and FRACTION.fullmatch(value) is not None, f"`{name}` must hold fractions")
    return fmpq(*map(int, value.split("/")))


def _labelled(X: Any, y: Any) -> tuple[list[list[arb]], list[int]]:
    rows = [_numbers(row, "X") for row in _list(X, "X")]
    _require(0 < len(rows) and 0 < len(rows[0]) and len({len(row) for row in rows}) == 1, "`X` must be a table")
    labels = _list(y, "y", len(rows))
    _require(all(type(label) is int and label in (-1, 1) for label in labels), "`y` must hold -1 and 1")
    return rows, labels


def _dot(a: list[arb], b: list[arb]) -> arb:
    return sum((s * t for s, t in zip(a, b, strict=True)), arb(0))


class Problem:
    """Points, multiplicities, loss and box; f is concave, then convex from `low` to `high`, then concave."""

    def __init__(self, X: Any, y: Any, weight: Any, loss: Any, eps: Any, weight_bound: Any) -> None:
        rows, labels = _labelled(X, y)
        self.Z = [[label * x for x in [*row, arb(1)]] for row, label in zip(rows, labels, strict=True)]
        self.matrix, self.n, self.p = arb_mat(self.Z), len(rows), len(rows[0]) + 1
        self.weight = _numbers(weight, "weight", self.n)
        _require(all(w > 0 for w in self.weight), "`weight` must be positive")
        _require(loss in LOSSES, f"`loss` must be one of {', '.join(LOSSES)}")
        self.loss, e, self.R = str(loss), _number(eps, "eps"), _number(weight_bound, "weight_bound")
        _require(e >= 0 and 2 * e < 1 and self.R > 0, "`eps` must lie in [0, 1/2), `weight_bound` must be positive")
        self.eps, root = e, ((1 + e) ** 2 - 3 * e).sqrt()
        last, first = (1 + e + root) / 3, e / (1 + e + root)  # roots of B, see `curvature`
        convex = self.loss == "cross-entropy"
        self.low = -FAR if convex else (1 / last - 1).log()
        self.high = (1 / first - 1).log() if self.loss == "quadratic" and e > 0 else FAR
        self.target = (1 / e - 1).log() if e > 0 else FAR  # f decreases up to here

    def margins(self, w: list[arb]) -> list[arb]:
        return list((self.matrix * arb_mat(self.p, 1, w)).entries())

    def value(self, m: arb) -> arb:
        if self.loss == "cross-entropy":
            return (-m).exp().log1p() + self.eps * m
        r = 1 / (1 + m.exp()) - self.eps
        return (r.nonnegative_part() if self.loss == "threshold-quadratic" else r) ** 2 / 2

    def slope(self, m: arb) -> arb:
        q = 1 / (1 + m.exp())
        r = q - self.eps
        if self.loss == "cross-entropy":
            return -r
        return -(r.nonnegative_part() if self.loss == "threshold-quadratic" else r) * q * (1 - q)

    def curvature(self, m: arb) -> tuple[arb, arb]:
        """Return second and third derivative of f, which is not the threshold quadratic loss."""
        q, e = 1 / (1 + m.exp()), self.eps
        P = q * (1 - q)
        if self.loss == "cross-entropy":
            return P, -P * (1 - 2 * q)
        B = q * (2 + 2 * e - 3 * q) - e
        return P * B, -P * ((1 - 2 * q) * B + P * (2 + 2 * e - 6 * q))

    def total(self, w: list[arb]) -> arb:
        return _dot(self.weight, [self.value(m) for m in self.margins(w)])

    def gradient(self, w: list[arb]) -> list[arb]:
        slopes = [a * self.slope(m) for a, m in zip(self.weight, self.margins(w), strict=True)]
        return [_dot(slopes, [z[j] for z in self.Z]) for j in range(self.p)]

    def hessian(self, w: list[arb], free: list[int]) -> arb_mat:
        curved = [a * self.curvature(m)[0] for a, m in zip(self.weight, self.margins(w), strict=True)]
        return arb_mat([[sum(c * z[j] * z[k] for c, z in zip(curved, self.Z, strict=True)) for k in free] for j in free])

    def least(self, a: arb, b: arb) -> arb:
        """Return the least value of f on [a, b]."""
        return self.value(b if b <= self.target else a if a >= self.target else self.target)

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
        _require(a <= t and t <= b, "a cell touches an inflection")
        s = self.slope(t)
        return arb.min(self.value(t) - s * t, arb.min(self.value(a) - s * a, self.value(b) - s * b)), s


def _cells(p: int, R: arb, tree: Any) -> Iterator[tuple[list[arb], tuple[int, ...]]]:
    """Yield centre and numbers of halvings of each leaf of the box [-R, R]^p; the leaves cover it."""
    _require(isinstance(tree, str), "`tree` must be a string")
    stack: list[tuple[list[arb], tuple[int, ...]]] = [([arb(0)] * p, (0,) * p)]
    for mark in tree:
        _require(bool(stack), "the tree goes on after its end")
        centre, splits = stack.pop()
        if mark == ".":
            yield centre, splits
            continue
        _require(mark in "0123456789"[:p], "the tree holds an unknown mark")
        j = int(mark)
        finer = (*splits[:j], splits[j] + 1, *splits[j + 1 :])
        step = R / arb(2) ** finer[j]
        stack += [([*centre[:j], centre[j] + side * step, *centre[j + 1 :]], finer) for side in (1, -1)]
    _require(not stack, "the tree ends early")


def _verdict(proof: dict[str, Any]) -> str:
    names = ("X", "y", "weight", "loss", "eps", "weight_bound", "judged", "claim", "w", "evidence")
    *given, judged, claim, w, evidence = _fields(proof, *names)
    problem = Problem(*given)
    _require(claim in ("fails", "separates"), "`claim` must be fails or separates")
    judged = [_index(i, "judged", problem.n) for i in _list(judged, "judged")]
    _require(len(judged) == len(set(judged)) > 0, "`judged` must name points, each once")
    fails = claim == "fails"
    w = _numbers(w, "w", problem.p)
    _require(all(abs(x) <= problem.R for x in w), "the witness lies outside the box")
    margins = problem.margins(w)
    right = all(margins[i] > 0 for i in judged)
    _require(any(margins[i] <= 0 for i in judged) if fails else right, f"that the witness {claim} is not certain")
    _require(isinstance(evidence, dict) and len(evidence) == 1, "`evidence` must hold one of tree, plane, optimum")
    how, what = next(iter(evidence.items()))
    _require(how in ("tree", "plane", "optimum"), "`evidence` must hold one of tree, plane, optimum")
    if how == "tree":
        _tree(problem, judged, fails, problem.total(w), what)
    elif how == "plane":
        _require(fails, "a plane proves failure only")
        _plane(problem, judged, problem.total(w), what)
    else:
        _optimum(problem, judged, fails, what)
    which = "the points" if len(judged) == problem.n else f"the points {judged}"
    outcome = f"misclassifies one of {which}" if fails else f"classifies {which} correctly"
    return f"with the {problem.loss} loss and |w_j| <= {problem.R.str(6, radius=False)}, every optimum {outcome}"


def _tree(problem: Problem, judged: list[int], fails: bool, level: arb, tree: Any) -> None:
    """Each cell holds no weights on the other side with a loss of at most `level`."""
    sizes: dict[tuple[int, ...], tuple[list[arb], list[arb]]] = {}
    for centre, splits in _cells(problem.p, problem.R, tree):
        if splits not in sizes:
            half = [problem.R / arb(2) ** s for s in splits]
            sizes[splits] = half, [_dot([abs(x) for x in z], half) for z in problem.Z]
        half, radius = sizes[splits]
        margins = problem.margins(centre)
        low = [m - r for m, r in zip(margins, radius, strict=True)]
        high = [m + r for m, r in zip(margins, radius, strict=True)]
        if fails and any(high[i] <= 0 for i in judged):
            continue
        open_ = [i for i in judged if not low[i] > 0]
        if fails:
            for i in open_:
                low[i] = arb.max(low[i], arb(0))
        least = [w * problem.least(a, b) for w, a, b in zip(problem.weight, low, high, strict=True)]
        cell = (centre, half)
        if fails:
            excluded = _above(problem, cell, low, high, least, [(i, 1) for i in open_], level)
        else:
            excluded = all(_above_where_wrong(problem, cell, low, high, least, i, level) for i in open_)
        _require(excluded, f"the cell around ({', '.join(x.str(6, radius=False) for x in centre)}) is not excluded")


def _above_where_wrong(
    problem: Problem, cell: Any, low: list[arb], high: list[arb], least: list[arb], i: int, level: arb
) -> bool:
    high, least = list(high), list(least)
    high[i] = arb.min(high[i], arb(0))
    least[i] = problem.weight[i] * problem.least(low[i], high[i])
    return _above(problem, cell, low, high, least, [(i, -1)], level)


def _above(
    problem: Problem, cell: Any, low: list[arb], high: list[arb], least: list[arb], held: Any, level: arb
) -> bool:
    """Say whether E > level where the margins lie in [low, high] and sign m_i >= 0 for each (i, sign) held."""
    if sum(least) > level:
        return True
    A, G = arb(0), [arb(0)] * problem.p  # E >= A + G.w, and later A + G.w plus multiples of what is held
    for z, w, a, b, constant in zip(problem.Z, problem.weight, low, high, least, strict=True):
        c, s = problem.minorant(a, b)
        if w * (c + s * (a + b) / 2) > constant:
            A, G = A + w * c, [g + w * s * x for g, x in zip(G, z, strict=True)]
        else:
            A += constant
    centre, half = cell

    def bound(G: list[arb]) -> arb:
        return A + _dot(G, centre) - _dot([abs(g) for g in G], half)

    for i, sign in held:
        if bound(G) > level:
            break
        z = problem.Z[i]
        ratios = [(g / x).mid() for g, x in zip(G, z, strict=True) if x != 0]
        others = [[g - ratio * x for g, x in zip(G, z, strict=True)] for ratio in ratios if sign * ratio > 0]
        G = max([G, *others], key=bound)
    return bool(bound(G) > level)


def _plane(problem: Problem, judged: list[int], level: arb, plane: Any) -> None:
    """E is convex where all margins are at least 0, so it lies above its tangent plane there; duality does the rest."""
    w, multipliers = _fields(plane, "w", "multipliers")
    margins = problem.margins(_numbers(w, "w", problem.p))
    _require(problem.high == FAR, "with soft targets the quadratic loss is not convex")
    if problem.loss != "cross-entropy":
        _require(len(judged) == problem.n, "the loss is convex among separators of all points only")
        _require(all(m >= problem.low for m in margins), "the tangent point lies where the loss is not convex")
    A, G = arb(0), [arb(0)] * problem.p
    for z, weight, m in zip(problem.Z, problem.weight, margins, strict=True):
        s = weight * problem.slope(m)
        A, G = A + weight * problem.value(m) - s * m, [g + s * x for g, x in zip(G, z, strict=True)]
    for item in _list(multipliers, "multipliers"):
        i, multiplier = _list(item, "multipliers", 2)
        i, multiplier = _index(i, "multipliers", problem.n), _number(multiplier, "multipliers")
        _require(i in judged and multiplier >= 0, "`multipliers` must be judged points with numbers of at least 0")
        G = [g - multiplier * x for g, x in zip(G, problem.Z[i], strict=True)]
    _require(A - problem.R * sum(abs(g) for g in G) > level, "the plane is not above the loss of the witness")


class Point:
    """A stationary point that is the only one of its face in a box around `w`, and lies within `radius` of it."""

    def __init__(self, problem: Problem, w: Any, face: Any, radius: Any) -> None:
        self.problem, p = problem, problem.p
        _require(isinstance(face, str) and len(face) == p and set(face) <= set("0+-"), "`face` must hold 0, + and -")
        self.w, self.face, self.radius = _numbers(w, "w", p), str(face), _number(radius, "radius")
        _require(self.radius > 0, "`radius` must be positive")
        self.free = [j for j in range(p) if face[j] == "0"]
        for j in range(p):
            if face[j] != "0":
                self.w[j] = problem.R if face[j] == "+" else -problem.R
        _require(problem.loss != "threshold-quadratic", "the threshold quadratic loss has no second derivative")
        self.box = self.around(self.radius)
        _require(self.alone(self.box), "no stationary point is proved to be there")
        gradient = problem.gradient(self.box)
        for j in range(p):
            pushed = gradient[j] < 0 if face[j] == "+" else gradient[j] > 0
            _require(face[j] == "0" or pushed, "the gradient does not push against the face")

    def around(self, radius: arb) -> list[arb]:
        return [arb(x, radius) if mark == "0" else x for x, mark in zip(self.w, self.face, strict=True)]

    def alone(self, box: list[arb]) -> bool:
        """Krawczyk: say whether the gradient along the face has exactly one zero in the box."""
        free, R = self.free, self.problem.R
        if not free:
            return True
        _require(all(abs(box[j]) < R for j in free), "the box of a point leaves its face")
        gradient = self.problem.gradient(self.w)
        return _krawczyk(
            [self.w[j] for j in free],
            [box[j] for j in free],
            [gradient[j] for j in free],
            self.problem.hessian(box, free),
        )

    def kind(self) -> str:
        """Classify by the signs of the pivots of the Hessian along the face."""
        H = self.problem.hessian(self.box, self.free).tolist() if self.free else []
        negative, k = 0, len(H)
        for a in range(k):
            _require(H[a][a] > 0 or H[a][a] < 0, "the kind of a stationary point is not certain")
            negative += bool(H[a][a] < 0)
            for b in range(a + 1, k):
                ratio = H[b][a] / H[a][a]
                H[b] = [x - ratio * y for x, y in zip(H[b], H[a], strict=True)]
        return "minimum" if negative == 0 else "maximum" if negative == k == self.problem.p else "saddle"


def _krawczyk(x: list[arb], box: list[arb], value: list[arb], jacobian: arb_mat) -> bool:
    """Say whether a function has exactly one zero in a box, from its value at x and its Jacobian over the box."""
    k = len(x)
    Y = jacobian.mid().inv().mid()
    rest = arb_mat(k, k, [int(a == b) for a in range(k) for b in range(k)]) - Y * jacobian
    step = rest * arb_mat(k, 1, [b - a for a, b in zip(x, box, strict=True)]) - Y * arb_mat(k, 1, value)
    return all(b.contains_interior(a + s) for a, b, s in zip(x, box, step.entries(), strict=True))


def _optimum(problem: Problem, judged: list[int], fails: bool, optimum: Any) -> None:
    """The one stationary point of the convex loss decides by the signs of its margins."""
    _require(problem.loss == "cross-entropy", "only the cross-entropy has one optimum")
    point = Point(problem, *_fields(optimum, "w", "face", "radius"))
    _require(point.kind() == "minimum", "the optimum is not strict")
    margins = problem.margins(point.box)
    right = all(margins[i] > 0 for i in judged)
    _require(any(margins[i] < 0 for i in judged) if fails else right, "the signs of the margins are not certain")


KINDS = {"verdict": _verdict}
