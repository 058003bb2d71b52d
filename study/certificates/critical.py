"""Check claims about stationary points: that a list of them is complete in a box, and that two meet in a fold."""

from itertools import combinations
from math import comb
from typing import Any

from flint import arb, arb_mat, fmpq, fmpq_mat

from study.certificates.balls import BallProblem, Point, cells, dot, krawczyk, shown
from study.certificates.reading import Refused, as_list, fields, fraction, number, numbers, require

MOST_POINTS = 500


def stationary(proof: dict[str, Any]) -> str:
    """Exactly the points that are listed are stationary in the box: KKT points, where a face is named."""
    names = ("X", "y", "weight", "loss", "eps", "weight_bound", "everywhere", "points", "directions", "tree")
    *given, everywhere, listed, directions, tree = fields(proof, *names)
    problem = BallProblem(*given)
    found = []
    require(len(as_list(listed, "points")) <= MOST_POINTS, f"there are more than {MOST_POINTS} points")
    for item in listed:
        w, face, radius, alone, kind, separates, loss = fields(
            item, "w", "face", "radius", "alone_radius", "kind", "separates", "loss"
        )
        point = Point(problem, w, face, radius, alone)
        require(kind == point.kind(), f"a stationary point is not a {kind}")
        margins = problem.margins(point.box)
        wrong = any(m < 0 for m in margins)
        require(all(m > 0 for m in margins) if separates is True else wrong and separates is False, "`separates`")
        least, largest = numbers(loss, "loss", 2)
        value = problem.total(point.box)
        require(value > least and value < largest, "the loss of a stationary point is not proved to be there")
        found.append(point)
    problem.work.add(len(found) ** 2 * problem.p)
    for one, other in combinations(found, 2):
        apart = any(not a.overlaps(b) for a, b in zip(one.box, other.box, strict=True))
        require(apart, "two stationary points may be the same")
    vectors = [as_list(v, "directions", problem.p) for v in as_list(directions, "directions")]
    _no_other(problem, found, [[fraction(x, "directions") for x in v] for v in vectors], tree)
    require(everywhere in (True, False) and type(everywhere) is bool, "`everywhere` must be true or false")
    if everywhere:
        require(all(point.face == "0" * problem.p for point in found), "a point on a face is not stationary everywhere")
        _hull(problem)
    where = "in all of space" if everywhere else f"in |w_j| <= {float(problem.R):g}"
    kinds = ", ".join(f"{p['kind']} that {'separates' if p['separates'] else 'fails'}" for p in listed)
    many = "s" if len(found) != 1 else ""
    return f"with the {problem.loss} loss exactly {len(found)} stationary point{many} {where}: {kinds}"


def _no_other(problem: BallProblem, found: list[Point], directions: list[list[fmpq]], tree: Any) -> None:
    """Each cell lies in the box of a point that is alone there, or some direction shows that it holds none."""
    Z, R = problem.rational, problem.R
    exact = [[problem.work.exact_dot(v, z) for z in Z] for v in directions]
    along = [[arb(c) * w for c, w in zip(v, problem.weight, strict=True)] for v in exact]
    for centre, splits in cells(problem.p, R, tree):
        half = [R / arb(2) ** s for s in splits]
        cell = [c + arb(0, h) for c, h in zip(centre, half, strict=True)]
        top = [not c + h < R for c, h in zip(centre, half, strict=True)]
        bottom = [not c - h > -R for c, h in zip(centre, half, strict=True)]
        slopes = [problem.slopes(m.lower(), m.upper()) for m in problem.margins(cell)]
        problem.work.add(problem.p * len(directions))
        if any(
            all((x >= 0 or not t) and (x <= 0 or not b) for x, t, b in zip(v, top, bottom, strict=True))
            and _least(problem, c, slopes) > 0
            for v, c in zip(directions, along, strict=True)
        ):
            continue
        if not any(_inside(point, cell, top, bottom, slopes) for point in found):
            raise Refused(f"the cell around {shown(centre)} may hold a stationary point")


def _least(problem: BallProblem, along: list[arb], slopes: list[tuple[arb, arb]]) -> arb:
    """Return what the derivative along a direction exceeds, from the range of each sample's slope."""
    problem.work.add(3 * problem.n)
    return sum((arb.min(c * a, c * b) for c, (a, b) in zip(along, slopes, strict=True)), arb(0))


def _inside(point: Point, cell: list[arb], top: list[bool], bottom: list[bool], slopes: Any) -> bool:
    """Say whether a stationary point in the cell must be `point`: in its box, and pushed against its face."""
    point.problem.work.add(point.problem.n + point.problem.p)
    for j, mark in enumerate(point.face):
        if mark == "0":
            if not point.wide[j].contains(cell[j]):
                return False
        else:
            sign = -1 if mark == "+" else 1
            pushed = [sign * w * z[j] for z, w in zip(point.problem.Z, point.problem.weight, strict=True)]
            if (bottom if mark == "+" else top)[j] or not _least(point.problem, pushed, slopes) > 0:
                return False
    return True


def _hull(problem: BallProblem) -> None:
    """All stationary points lie in the hull of the weights that fit as many points exactly as there are weights."""
    require(problem.loss == "quadratic" and problem.eps > 0, "only soft targets bring all of space down to a hull")
    require(comb(problem.n, problem.p) <= 10_000, "there are too many points for the hull")
    problem.work.add(comb(problem.n, problem.p) * problem.p**4)  # the last for the length of exact pivots
    regular = 0
    for base in combinations(range(problem.n), problem.p):
        if fmpq_mat([problem.rational[i] for i in base]).rank() < problem.p:
            continue
        regular += 1
        fit = arb_mat([problem.Z[i] for i in base]).solve(arb_mat(problem.p, 1, [problem.target] * problem.p))
        require(all(abs(x) < problem.R for x in fit.entries()), "the hull is not inside the box")
    require(regular > 0, "the points do not span the space of weights")


def fold(proof: dict[str, Any]) -> str:
    """Krawczyk on gradient = 0, Hessian v = 0, c.v = 1 in (w, v, t) for the points X + t motion: a simple fold."""
    names = ("X", "motion", "y", "weight", "loss", "eps", "w", "v", "normal", "t", "radius")
    X, motion, y, weight, loss, eps, w, v, normal, t, radius = fields(proof, *names)
    still, moving = BallProblem(X, y, weight, loss, eps, 1), BallProblem(motion, y, weight, loss, eps, 1)
    require(loss != "threshold-quadratic" and moving.p == still.p, "the motion does not fit the points")
    p, width = still.p, number(radius, "radius")
    still.work.add(still.n * p**2 + (2 * p + 1) ** 3)
    x = [*numbers(w, "w", p), *numbers(v, "v", p), number(t, "t")]
    require(width > 0, "`radius` must be positive")
    normal, box = numbers(normal, "normal", p), [arb(a, width) for a in x]
    moved = [[*z[:-1], arb(0)] for z in moving.Z]
    value, _ = _fold_system(still, moved, normal, x)
    require(krawczyk(x, box, value, _fold_system(still, moved, normal, box)[1]), "no fold is proved to be there")
    return f"with the {loss} loss exactly one simple fold near t = {x[-1].str(12, radius=False)}, within {width.str(3)}"


def _fold_system(problem: BallProblem, moved: Any, normal: list[arb], x: list[arb]) -> tuple[list[arb], arb_mat]:
    p, t = problem.p, x[-1]
    w, v = x[:p], x[p : 2 * p]
    value, J = [arb(0)] * (2 * p) + [dot(normal, v) - 1], [[arb(0)] * (2 * p + 1) for _ in range(2 * p + 1)]
    J[2 * p][p : 2 * p] = normal
    for still, u, weight in zip(problem.Z, moved, problem.weight, strict=True):
        z = [a + t * b for a, b in zip(still, u, strict=True)]
        m, a, b, c = dot(z, w), dot(z, v), dot(u, w), dot(u, v)
        first, (second, third) = weight * problem.slope(m), [weight * d for d in problem.curvature(m)]
        for j in range(p):
            value[j] += first * z[j]
            value[p + j] += second * a * z[j]
            J[j][2 * p] += second * b * z[j] + first * u[j]
            J[p + j][2 * p] += third * a * b * z[j] + second * (c * z[j] + a * u[j])
            for k in range(p):
                J[j][k] += second * z[j] * z[k]
                J[p + j][k] += third * a * z[j] * z[k]
                J[p + j][p + k] += second * z[j] * z[k]
    return value, arb_mat(J)
