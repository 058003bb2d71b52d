"""Lists of stationary points are complete, and the two lemmas that carry them to all of space hold in numbers."""

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from study.certificates.checker import check
from study.certificates.fold import fold_near
from study.certificates.reading import Refused
from study.certificates.stationary import StationaryPoints, stationary_points
from study.datasets.dataset import Floats
from study.datasets.published import four_points, three_points
from study.trainers.fit import Bound, Stop
from study.trainers.losses import loss_of_margin, objective
from study.trainers.sigmoid_unit import sigmoid_unit

SPOILT = (np.array([[-1.0], [1.0], [-0.2]]), np.array([-1.0, 1.0, 1.0]))


def spoilt(m: float) -> StationaryPoints:
    return stationary_points(*SPOILT, eps=0.1, sample_weight=[m, m, 1.0], weight_bound=6.0, everywhere=True)


def test_three_points_have_one_stationary_point_in_all_of_space() -> None:
    points, u = three_points(), np.log(9.0)
    found = stationary_points(points.X, points.y, eps=0.1, weight_bound=3.0, everywhere=True)
    (only,) = found.points
    assert only.w == pytest.approx([u, u, 0.0], abs=1e-12)
    assert (only.kind, only.face, only.separates) == ("minimum", "000", True)
    assert found.certificate is not None
    assert "exactly 1 stationary" in check(found.certificate)


@pytest.mark.parametrize(
    ("m", "kinds", "lowest"), [(10, "S", 0.0498), (20, "SFx", 0.0997), (50, "FSx", 0.1205), (100, "F", 0.1246)]
)
def test_the_minima_of_two_crowds_and_a_spoiler(m: float, kinds: str, lowest: float) -> None:
    found = spoilt(m)
    marks = ["x" if q.kind == "saddle" else "S" if q.separates else "F" for q in found.points]
    assert "".join(marks) == kinds
    assert found.points[0].loss[0] == pytest.approx(lowest, abs=5e-5)
    assert found.certificate is not None
    check(found.certificate)


def test_points_on_faces_are_found() -> None:
    points = four_points(10.0)
    found = stationary_points(points.X, points.y, eps=0.1, weight_bound=3.0)
    minima = {q.separates: q.face for q in found.points if q.kind == "minimum"}
    assert minima == {True: "+00", False: "000"}
    assert found.certificate is not None
    check(found.certificate)


def test_the_cross_entropy_has_one() -> None:
    X, y = [[0.0], [1.0], [2.0], [0.5]], [-1, 1, 1, 1]
    for R in (0.5, 2.0, 50.0):
        found = stationary_points(X, y, loss="cross-entropy", eps=0.05, weight_bound=R)
        assert [q.kind for q in found.points] == ["minimum"]
        assert found.certificate is not None
        check(found.certificate)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
@pytest.mark.slow
def test_no_minimum_found_by_sampling_is_missing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 6)), int(rng.integers(1, 3))
    X, y = rng.normal(size=(n, d)).round(2), np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    weight, R = rng.uniform(0.5, 5.0, n).round(2), 4.0
    found = stationary_points(X, y, eps=0.1, sample_weight=weight, weight_bound=R, max_cells=60_000)
    if found.certificate is None:
        return
    check(found.certificate)
    fit = sigmoid_unit(
        X, y, loss="quadratic", eps=0.1, sample_weight=weight, bound=Bound("box", R), w0=rng.uniform(-R, R, (10, d + 1))
    )
    for w in fit.w[fit.stop == Stop.STATIONARY]:
        assert min(np.abs(q.w - w).max() for q in found.points) < 1e-3


def exact_fits(Z: Floats, u: float) -> Floats:
    p = Z.shape[1]
    bases = [base for base in map(np.array, combinations(Z, p)) if np.linalg.matrix_rank(base) == p]
    return np.array([np.linalg.solve(base, np.full(p, u)) for base in bases])


@pytest.mark.slow
def test_hull_lemma() -> None:
    """Each stationary point that is sampled is a convex combination of the exact fits."""
    rng, checked = np.random.default_rng(5), 0
    for _ in range(30):
        d = int(rng.integers(1, 4))
        n = int(rng.integers(d + 1, d + 5))
        X, y, eps = rng.normal(size=(n, d)), rng.choice([-1.0, 1.0], n), float(rng.choice([0.05, 0.1, 0.3]))
        y[:2] = 1, -1
        mean = objective(X, y, np.exp(rng.uniform(0, 4, n)), "quadratic", eps)
        fits = exact_fits(mean.Z, np.log((1 - eps) / eps))
        for start in rng.normal(scale=2.0, size=(12, d + 1)):
            root = optimize.root(lambda w, mean=mean: mean.value_and_gradient(w)[1], start, jac=mean.hessian, tol=1e-13)
            if not root.success or np.abs(root.x).max() > 1e3 or np.linalg.cond(mean.hessian(root.x)) > 1e8:
                continue  # a plateau far out, not a root
            off = optimize.nnls(np.vstack([fits.T, np.ones(len(fits))]), np.append(root.x, 1.0))[1]
            assert off < 1e-6
            checked += 1
    assert checked > 30


def polygon(Z: Floats, C: float, r: float) -> Floats:
    """Return the corners, in order, of the polygon of the flow lemma."""
    rays: dict[tuple[float, ...], float] = {}
    for z in Z:
        for d in (np.array([-z[1], z[0]]), np.array([z[1], -z[0]])):
            d = d / np.linalg.norm(d)
            width = C / float(np.linalg.norm(z))
            key = tuple(d.round(12))
            rays[key] = max(width, rays.get(key, 0.0))
    ends = [
        r * np.array(d) + side * width * np.array([-d[1], d[0]])
        for d, width in sorted(rays.items(), key=lambda ray: np.arctan2(ray[0][1], ray[0][0]))
        for side in (-1.0, 1.0)
    ]
    return np.array(ends)


@pytest.mark.parametrize("seed", range(6))
def test_flow_lemma(seed: int) -> None:
    """All around the polygon the flow points strictly inward; each term is of its own sign, so none can be lost."""
    rng = np.random.default_rng(seed)
    X = SPOILT[0] if seed == 0 else rng.normal(size=(4, 1))
    y = SPOILT[1] if seed == 0 else np.array([1.0, -1.0, 1.0, -1.0])
    Z = y[:, None] * np.column_stack([X, np.ones(len(X))])
    u = np.log(9.0)
    corners = polygon(Z, 1.2 * u, 1e5)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        normal = np.array([b[1] - a[1], a[0] - b[0]])
        assert normal @ a > 0
        along = a + np.linspace(0.0, 1.0, 40)[:, None] * (b - a)
        slope_sign = np.sign(along @ Z.T - u)
        push = slope_sign * np.where(np.abs(Z @ normal) < 1e-9 * np.linalg.norm(normal), 0.0, Z @ normal)
        assert (push >= 0.0).all()
        assert (push > 0.0).any(axis=1).all()
    m = np.linspace(-30.0, 30.0, 301)
    assert (np.sign(loss_of_margin("quadratic", m, 0.1)[1]) == np.sign(m - u)).all()


def test_folds_of_the_four_points() -> None:
    known = {0.05: 3.40216371, 0.1: 4.112425996306022, 0.2: 6.16548479}
    still, motion = np.zeros((4, 2)), np.zeros((4, 2))
    still[:3], motion[3, 1] = four_points(1.0).X[:3], -1.0
    for eps, t in known.items():
        u = np.log((1 - eps) / eps)
        fold = fold_near(still, motion, four_points(1.0).y, eps=eps, w0=[u, 0.9 * u, 0.05 * u], t0=t + 0.02)
        assert fold is not None
        assert fold.radius <= 1e-10
        assert fold.t == pytest.approx(t, abs=5e-9)
        check(fold.certificate)
        proof = json.loads(fold.certificate)
        for change in ({"t": t + 1e-6}, {"eps": eps + 1e-6}, {"radius": 10.0}, {"v": [0.0, 1.0, 0.0]}):
            with pytest.raises(Refused, match=r"no fold is proved|must be regular"):
                check(json.dumps({**proof, **change}))
    assert fold_near(still, motion, four_points(1.0).y, eps=0.1, w0=[0.0, 0.0, 0.0], t0=50.0) is None
