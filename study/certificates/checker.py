"""Check a proof about a sigmoid unit on a given set of points.

The checker, with `critical`, `balls` and `reading`, shares no line with the search that found the proof. It needs the
standard library and python-flint, works in ball arithmetic, and counts whatever is not certain as not proved. Write
z_i = y_i (x_i, 1), m_i = z_i.w for the margins and E(w) = sum_i weight_i f(m_i) for the loss.
"""

import json
from typing import Any

from flint import arb, ctx, fmpq

from study.certificates.balls import FAR, BallProblem, Point, Work, cells, dot, shown
from study.certificates.critical import fold, stationary
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
    require(isinstance(text, str), "a proof is one JSON object, as text")
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


def _verdict(proof: dict[str, Any]) -> str:
    names = ("X", "y", "weight", "loss", "eps", "weight_bound", "judged", "claim", "w", "evidence")
    *given, judged, claim, w, evidence = fields(proof, *names)
    problem = BallProblem(*given)
    where = f"|w_j| <= {float(problem.R):g}"
    return f"with the {problem.loss} loss and {where}, {_decide(problem, judged, claim, w, evidence)}"


def _penalised(proof: dict[str, Any]) -> str:
    names = ("X", "y", "weight", "loss", "eps", "C", "bias", "judged", "claim", "w", "evidence")
    X, y, weight, loss, eps, C, bias, judged, claim, w, evidence = fields(proof, *names)
    problem = BallProblem(X, y, weight, loss, eps, None, C, bias)
    require(isinstance(evidence, dict) and "plane" not in evidence, "`evidence` must hold one of tree, optimum")
    if "tree" in evidence:  # in a box that holds all weights whose objective is at most that of the witness
        tree, box = fields(evidence, "tree", "box")
        evidence, problem.R = {"tree": tree}, number(box, "box")
        problem.require_all_as_good_inside(problem.total(numbers(w, "w", problem.p)))
    where = f"the penalty of C = {C:g}, bias {bias}"
    return f"with the {problem.loss} loss and {where}, {_decide(problem, judged, claim, w, evidence)}"


def _decide(problem: BallProblem, judged: Any, claim: Any, w: Any, evidence: Any) -> str:
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
    return f"every optimum {outcome}"


def _tree(problem: BallProblem, judged: list[int], fails: bool, level: arb, tree: Any) -> None:
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
            raise Refused(f"the cell around {shown(centre)} is not excluded")


def _above_where_wrong(
    problem: BallProblem, cell: Any, low: list[arb], high: list[arb], least: list[arb], i: int, level: arb
) -> bool:
    high, least = list(high), list(least)
    high[i] = arb.min(high[i], arb(0))
    least[i] = problem.weight[i] * problem.least(low[i], high[i])
    return _above(problem, cell, low, high, least, [(i, -1)], level)


def _above(
    problem: BallProblem, cell: Any, low: list[arb], high: list[arb], least: list[arb], held: Any, level: arb
) -> bool:
    """Say whether E > level where the margins lie in [low, high] and sign m_i >= 0 for each (i, sign) held."""
    centre, half = cell
    A, G, penalty = problem.penalty_on(centre, half)
    if sum(least, penalty) > level:
        return True
    problem.work.add(problem.n * problem.p)
    # E >= A + G.w, and later A + G.w plus multiples of what is held
    for z, w, a, b, lowest in zip(problem.Z, problem.weight, low, high, least, strict=True):
        c, s = problem.minorant(a, b)
        if w * (c + s * (a + b) / 2) > lowest:
            A, G = A + w * c, [g + w * s * x for g, x in zip(G, z, strict=True)]
        else:
            A += lowest

    def bound(G: list[arb]) -> arb:
        return A + dot(G, centre) - dot([abs(g) for g in G], half)

    for i, sign in held:
        if bound(G) > level:
            break
        problem.work.add(problem.p**2)
        z = problem.Z[i]
        ratios = [(g / x).mid() for g, x in zip(G, z, strict=True) if x != 0]
        others = [[g - ratio * x for g, x in zip(G, z, strict=True)] for ratio in ratios if sign * ratio > 0]
        G = max([G, *others], key=bound)
    return bool(bound(G) > level)


def _plane(problem: BallProblem, judged: list[int], level: arb, plane: Any) -> None:
    """E is convex where all margins are at least 0, so it lies above its tangent plane there; duality does the rest."""
    w, multipliers = fields(plane, "w", "multipliers")
    w, wanted = numbers(w, "w", problem.p), set(judged)
    require(problem.high == FAR, "with soft targets the quadratic loss is not convex")
    if problem.loss != "cross-entropy":
        require(len(wanted) == problem.n, "the loss is convex among separators of all points only")
        convex = all(m >= problem.low for m in problem.margins(w))
        require(convex, "the tangent point lies where the loss is not convex")
    G = problem.gradient(w)
    A = problem.total(w) - dot(G, w)
    for item in as_list(multipliers, "multipliers"):
        problem.work.add(problem.p)
        i, multiplier = as_list(item, "multipliers", 2)
        i, multiplier = as_index(i, "multipliers", problem.n), number(multiplier, "multipliers")
        require(i in wanted and multiplier >= 0, "`multipliers` must be judged points with numbers of at least 0")
        G = [g - multiplier * x for g, x in zip(G, problem.Z[i], strict=True)]
    require(A - problem.R * sum(abs(g) for g in G) > level, "the plane is not above the loss of the witness")


def _optimum(problem: BallProblem, judged: list[int], fails: bool, optimum: Any) -> None:
    """Let the one stationary point of the convex loss decide by the signs of its margins."""
    require(problem.loss == "cross-entropy", "only the cross-entropy has one optimum")
    point = Point(problem, *fields(optimum, "w", "face", "radius"))
    require(point.kind() == "minimum", "the optimum is not strict")
    margins = problem.margins(point.box)
    right = all(margins[i] > 0 for i in judged)
    require(any(margins[i] < 0 for i in judged) if fails else right, "the signs of the margins are not certain")


def _separability(proof: dict[str, Any]) -> str:
    """Gordan: either some w has all z_i.w > 0, or some multipliers >= 0, not all zero, have sum lambda_i z_i = 0."""
    X, y, claim, evidence = fields(proof, "X", "y", "claim", "evidence")
    rows, labels = labelled(X, y)
    Z = [[label * x for x in [*row, fmpq(1)]] for row, label in zip(rows, labels, strict=True)]
    require(claim in ("separable", "not separable"), "`claim` must be separable or not separable")
    p, work = len(Z[0]), Work()
    if claim == "separable":
        w = [fraction(x, "evidence") for x in as_list(evidence, "evidence", p)]
        require(all(work.exact_dot(w, z) > 0 for z in Z), "the separator gets a point wrong")
    else:
        held, multipliers = [], []
        for item in as_list(evidence, "evidence"):
            i, multiplier = as_list(item, "evidence", 2)
            held.append(Z[as_index(i, "evidence", len(Z))])
            multipliers.append(fraction(multiplier, "evidence"))
            require(bool(multipliers[-1] >= 0), "a multiplier is negative")
        balanced = all(work.exact_dot(multipliers, [z[j] for z in held]) == 0 for j in range(p))
        require(balanced and any(m > 0 for m in multipliers), "the multipliers do not balance the points")
    return f"{len(Z)} points with {p - 1} features are {claim}"


KINDS = {
    "verdict": _verdict,
    "penalised verdict": _penalised,
    "stationary": stationary,
    "separability": _separability,
    "fold": fold,
}
