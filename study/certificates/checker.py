"""Check a proof about a sigmoid unit on a given set of points.

The checker, with `reading` and `balls`, shares no line with the search that found the proof. It needs the standard
library and python-flint, works in ball arithmetic, and counts whatever is not certain as not proved. Write
z_i = y_i (x_i, 1), m_i = z_i.w for the margins and E(w) = sum_i weight_i f(m_i) for the loss.
"""

import json
from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import Any

from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from study.certificates.balls import FAR, Point, Problem, dot, krawczyk
from study.certificates.reading import (
    Refused,
    as_index,
    as_list,
    constant,
    distinct,
    fields,
    fraction,
    labelled,
    number,
    numbers,
    require,
)

PRECISION = 128


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
            proof = json.loads(text, object_pairs_hook=distinct, parse_constant=constant)
        except Refused:
            raise
        except (ValueError, RecursionError) as error:
            raise Refused(f"not JSON: {error}") from None
        kind = proof.pop("kind", None) if isinstance(proof, dict) else None
        require(isinstance(kind, str) and kind in KINDS, f"`kind` must be one of {', '.join(KINDS)}")
        try:
            return KINDS[str(kind)](proof)
        except ZeroDivisionError:
            raise Refused("a matrix that must be regular is not") from None


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
        finer = (*splits[:j], splits[j] + 1, *splits[j + 1 :])
        step = R / arb(2) ** finer[j]
        stack += [([*centre[:j], centre[j] + side * step, *centre[j + 1 :]], finer) for side in (1, -1)]
    require(not stack, "the tree ends early")


def _verdict(proof: dict[str, Any]) -> str:
    names = ("X", "y", "weight", "loss", "eps", "weight_bound", "judged", "claim", "w", "evidence")
    *given, judged, claim, w, evidence = fields(proof, *names)
    problem = Problem(*given)
    require(claim in ("fails", "separates"), "`claim` must be fails or separates")
    judged = [as_index(i, "judged", problem.n) for i in as_list(judged, "judged")]
    require(len(judged) == len(set(judged)) > 0, "`judged` must name points, each once")
    fails = claim == "fails"
    w = numbers(w, "w", problem.p)
    require(all(abs(x) <= problem.R for x in w), "the witness lies outside the box")
    margins = problem.margins(w)
    right = all(margins[i] > 0 for i in judged)
    require(any(margins[i] <= 0 for i in judged) if fails else right, f"that the witness {claim} is not certain")
    require(isinstance(evidence, dict) and len(evidence) == 1, "`evidence` must hold one of tree, plane, optimum")
    how, what = next(iter(evidence.items()))
    require(how in ("tree", "plane", "optimum"), "`evidence` must hold one of tree, plane, optimum")
    if how == "tree":
        _tree(problem, judged, fails, problem.total(w), what)
    elif how == "plane":
        require(fails, "a plane proves failure only")
        _plane(problem, judged, problem.total(w), what)
    else:
        _optimum(problem, judged, fails, what)
    which = "the points" if len(judged) == problem.n else f"the points {judged}"
    outcome = f"misclassifies one of {which}" if fails else f"classifies {which} correctly"
    return f"with the {problem.loss} loss and |w_j| <= {problem.R.str(6, radius=False)}, every optimum {outcome}"


def _tree(problem: Problem, judged: list[int], fails: bool, level: arb, tree: Any) -> None:
    """Each cell holds no weights on the other side with a loss of at most `level`."""
    sizes: dict[tuple[int, ...], tuple[list[arb], list[arb]]] = {}
    for centre, splits in cells(problem.p, problem.R, tree):
        if splits not in sizes:
            half = [problem.R / arb(2) ** s for s in splits]
            sizes[splits] = half, [dot([abs(x) for x in z], half) for z in problem.Z]
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
        if not excluded:
            raise Refused(f"the cell around {_shown(centre)} is not excluded")


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
    for z, w, a, b, lowest in zip(problem.Z, problem.weight, low, high, least, strict=True):
        c, s = problem.minorant(a, b)
        if w * (c + s * (a + b) / 2) > lowest:
            A, G = A + w * c, [g + w * s * x for g, x in zip(G, z, strict=True)]
        else:
            A += lowest
    centre, half = cell

    def bound(G: list[arb]) -> arb:
        return A + dot(G, centre) - dot([abs(g) for g in G], half)

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
    w, multipliers = fields(plane, "w", "multipliers")
    margins = problem.margins(numbers(w, "w", problem.p))
    require(problem.high == FAR, "with soft targets the quadratic loss is not convex")
    if problem.loss != "cross-entropy":
        require(len(judged) == problem.n, "the loss is convex among separators of all points only")
        require(all(m >= problem.low for m in margins), "the tangent point lies where the loss is not convex")
    A, G = arb(0), [arb(0)] * problem.p
    for z, weight, m in zip(problem.Z, problem.weight, margins, strict=True):
        s = weight * problem.slope(m)
        A, G = A + weight * problem.value(m) - s * m, [g + s * x for g, x in zip(G, z, strict=True)]
    for item in as_list(multipliers, "multipliers"):
        i, multiplier = as_list(item, "multipliers", 2)
        i, multiplier = as_index(i, "multipliers", problem.n), number(multiplier, "multipliers")
        require(i in judged and multiplier >= 0, "`multipliers` must be judged points with numbers of at least 0")
        G = [g - multiplier * x for g, x in zip(G, problem.Z[i], strict=True)]
    require(A - problem.R * sum(abs(g) for g in G) > level, "the plane is not above the loss of the witness")


def _optimum(problem: Problem, judged: list[int], fails: bool, optimum: Any) -> None:
    """Let the one stationary point of the convex loss decide by the signs of its margins."""
    require(problem.loss == "cross-entropy", "only the cross-entropy has one optimum")
    point = Point(problem, *fields(optimum, "w", "face", "radius"))
    require(point.kind() == "minimum", "the optimum is not strict")
    margins = problem.margins(point.box)
    right = all(margins[i] > 0 for i in judged)
    require(any(margins[i] < 0 for i in judged) if fails else right, "the signs of the margins are not certain")


def _shown(w: list[arb]) -> str:
    return f"({', '.join(x.str(6, radius=False) for x in w)})"


def _stationary(proof: dict[str, Any]) -> str:
    """Exactly the points that are listed are stationary in the box: KKT points, where a face is named."""
    names = ("X", "y", "weight", "loss", "eps", "weight_bound", "everywhere", "points", "directions", "tree")
    *given, everywhere, listed, directions, tree = fields(proof, *names)
    problem = Problem(*given)
    found = []
    for item in as_list(listed, "points"):
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
    for one, other in combinations(found, 2):
        apart = any(not a.overlaps(b) for a, b in zip(one.box, other.box, strict=True))
        require(apart, "two stationary points may be the same")
    _no_other(problem, found, [numbers(v, "directions", problem.p) for v in as_list(directions, "directions")], tree)
    require(everywhere in (True, False) and type(everywhere) is bool, "`everywhere` must be true or false")
    if everywhere:
        require(all(point.face == "0" * problem.p for point in found), "a point on a face is not stationary everywhere")
        _hull(problem)
    where = "in all of space" if everywhere else f"in |w_j| <= {problem.R.str(6, radius=False)}"
    kinds = ", ".join(f"{p['kind']} that {'separates' if p['separates'] else 'fails'}" for p in listed)
    return f"with the {problem.loss} loss exactly {len(found)} stationary points {where}: {kinds}"


def _no_other(problem: Problem, found: list[Point], directions: list[list[arb]], tree: Any) -> None:
    """Each cell lies in the box of a point that is alone there, or some direction shows that it holds none."""
    along = [[dot(v, z) * w for z, w in zip(problem.Z, problem.weight, strict=True)] for v in directions]
    zero, R = arb(0), problem.R
    for centre, splits in cells(problem.p, R, tree):
        half = [R / arb(2) ** s for s in splits]
        cell = [c + arb(0, h) for c, h in zip(centre, half, strict=True)]
        top = [not c + h < R for c, h in zip(centre, half, strict=True)]
        bottom = [not c - h > -R for c, h in zip(centre, half, strict=True)]
        slopes = [problem.slopes(m.lower(), m.upper()) for m in problem.margins(cell)]
        if any(
            all((x >= zero or not t) and (x <= zero or not b) for x, t, b in zip(v, top, bottom, strict=True))
            and _least(c, slopes) > 0
            for v, c in zip(directions, along, strict=True)
        ):
            continue
        if not any(_inside(point, cell, top, bottom, slopes) for point in found):
            raise Refused(f"the cell around {_shown(centre)} may hold a stationary point")


def _least(along: list[arb], slopes: list[tuple[arb, arb]]) -> arb:
    """Return what the derivative along a direction exceeds, from the range of each sample's slope."""
    return sum((arb.min(c * a, c * b) for c, (a, b) in zip(along, slopes, strict=True)), arb(0))


def _inside(point: Point, cell: list[arb], top: list[bool], bottom: list[bool], slopes: Any) -> bool:
    """Say whether a stationary point in the cell must be `point`: in its box, and pushed against its face."""
    for j, mark in enumerate(point.face):
        if mark == "0":
            if not point.wide[j].contains(cell[j]):
                return False
        else:
            sign = -1 if mark == "+" else 1
            pushed = [sign * w * z[j] for z, w in zip(point.problem.Z, point.problem.weight, strict=True)]
            if (bottom if mark == "+" else top)[j] or not _least(pushed, slopes) > 0:
                return False
    return True


def _hull(problem: Problem) -> None:
    """All stationary points lie in the hull of the weights that fit as many points exactly as there are weights."""
    require(problem.loss == "quadratic" and problem.eps > 0, "only soft targets bring all of space down to a hull")
    require(comb(problem.n, problem.p) <= 10_000, "there are too many points for the hull")
    regular = 0
    for base in combinations(problem.Z, problem.p):
        rows = fmpq_mat([[x.fmpq() for x in z] for z in base])
        if rows.rank() < problem.p:
            continue
        regular += 1
        fit = arb_mat([list(z) for z in base]).solve(arb_mat(problem.p, 1, [problem.target] * problem.p))
        require(all(abs(x) < problem.R for x in fit.entries()), "the hull is not inside the box")
    require(regular > 0, "the points do not span the space of weights")


def _separability(proof: dict[str, Any]) -> str:
    """Gordan: either some w has all z_i.w > 0, or some multipliers >= 0, not all zero, have sum lambda_i z_i = 0."""
    X, y, claim, evidence = fields(proof, "X", "y", "claim", "evidence")
    rows, labels = labelled(X, y)
    Z = [[label * x.fmpq() for x in [*row, arb(1)]] for row, label in zip(rows, labels, strict=True)]
    require(claim in ("separable", "not separable"), "`claim` must be separable or not separable")
    p = len(Z[0])
    if claim == "separable":
        w = [fraction(x, "evidence") for x in as_list(evidence, "evidence", p)]
        margins = [sum((a * b for a, b in zip(w, z, strict=True)), fmpq(0)) for z in Z]
        require(all(m > 0 for m in margins), "the separator gets a point wrong")
    else:
        total, positive = [fmpq(0)] * p, False
        for item in as_list(evidence, "evidence"):
            i, multiplier = as_list(item, "evidence", 2)
            z, multiplier = Z[as_index(i, "evidence", len(Z))], fraction(multiplier, "evidence")
            require(bool(multiplier >= 0), "a multiplier is negative")
            positive |= bool(multiplier > 0)
            total = [a + multiplier * b for a, b in zip(total, z, strict=True)]
        require(positive and all(bool(x == 0) for x in total), "the multipliers do not balance the points")
    return f"{len(Z)} points with {p - 1} features are {claim}"


def _fold(proof: dict[str, Any]) -> str:
    """Krawczyk on gradient = 0, Hessian v = 0, c.v = 1 in (w, v, t) for the points X + t motion: a simple fold."""
    names = ("X", "motion", "y", "weight", "loss", "eps", "w", "v", "t", "radius")
    X, motion, y, weight, loss, eps, w, v, t, radius = fields(proof, *names)
    still, moving = Problem(X, y, weight, loss, eps, 1), Problem(motion, y, weight, loss, eps, 1)
    require(loss != "threshold-quadratic" and moving.p == still.p, "the motion does not fit the points")
    p, width = still.p, number(radius, "radius")
    x = [*numbers(w, "w", p), *numbers(v, "v", p), number(t, "t")]
    require(width > 0, "`radius` must be positive")
    normal, box = x[p : 2 * p], [arb(a, width) for a in x]
    moved = [[*z[:-1], arb(0)] for z in moving.Z]
    value, _ = _fold_system(still, moved, normal, x)
    require(krawczyk(x, box, value, _fold_system(still, moved, normal, box)[1]), "no fold is proved to be there")
    return f"with the {loss} loss exactly one simple fold near t = {x[-1].str(12, radius=False)}, within {width.str(3)}"


def _fold_system(problem: Problem, moved: Any, normal: list[arb], x: list[arb]) -> tuple[list[arb], arb_mat]:
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


KINDS = {"verdict": _verdict, "stationary": _stationary, "separability": _separability, "fold": _fold}
