"""Other sigmoids than the logistic: arctan and probit units on the four points, and among spoilers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize
from scipy.special import expit, log_ndtr, ndtr, ndtri

from experiments._points import spoilt_clusters
from experiments.four_points import STARTS
from study import four_points, functional_margins, separates
from study.analysis.interval import rates
from study.datasets.dataset import Floats
from study.sweeps.parts import Frames, Numbers, Part, Records, every, experiment, nested, summarise

EPS, DISTANCES = (0.1, 0.01), (10.0, 100.0, 1000.0)
WEIGHT_BOUND, SAMPLES = 3.0, (20, 100, 500)
Activation = Callable[[Floats], tuple[Floats, Floats, Floats]]


def logistic(z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return sigma(z), its slope, and the logarithm."""
    return expit(z), expit(z) * expit(-z), -np.logaddexp(0.0, -z)


def arctan(z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return 1/2 + arctan(z) / pi, its slope, and the logarithm; far left without cancellation."""
    left = np.arctan2(1.0, -z) / np.pi
    return left, 1.0 / (np.pi * (1.0 + z * z)), np.log(left)


def probit(z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the normal distribution function, its slope, and the logarithm."""
    return ndtr(z), np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi), log_ndtr(z)


ACTIVATIONS: dict[str, Activation] = {"logistic": logistic, "arctan": arctan, "probit": probit}
INVERSES: dict[str, Callable[[float], float]] = {
    "logistic": lambda p: float(np.log(p / (1.0 - p))),
    "arctan": lambda p: float(np.tan(np.pi * (p - 0.5))),
    "probit": lambda p: float(ndtri(p)),
}


def mean_loss(activation: str, loss: str, Z: Floats, eps: float) -> Callable[[Floats], tuple[float, Floats]]:
    """Return the mean loss over rows y (x, 1) and its gradient; all three units have a(-z) = 1 - a(z)."""
    of = ACTIVATIONS[activation]

    def evaluate(w: Floats) -> tuple[float, Floats]:
        m = Z @ w
        (left, slope, ln_left), ln_right = of(-m), of(m)[2]
        if loss == "quadratic":  # what the output lacks to its target, 1 - a(m) - eps
            value, pull = 0.5 * (left - eps) ** 2, -(left - eps) * slope
        else:
            value = -(1.0 - eps) * ln_right - eps * ln_left
            pull = slope * (eps * np.exp(-ln_left) - (1.0 - eps) * np.exp(-ln_right))
        return float(value.mean()), pull @ Z / len(Z)

    return evaluate


def find_minima(activation: str, eps: float, t: float) -> Records:
    """Look for a minimum that misclassifies the fourth point, from where the unit meets its targets on the others."""
    points = four_points(t)
    Z = points.y[:, None] * np.column_stack([points.X, np.ones(4)])
    evaluate, u = mean_loss(activation, "quadratic", Z, eps), INVERSES[activation](1.0 - eps)
    options: dict[str, Any] = {"jac": True, "method": "BFGS", "options": {"gtol": 1e-13, "maxiter": 10_000}}
    stuck = optimize.minimize(evaluate, [u, u, 0.0], **options)
    others = [optimize.minimize(evaluate, start, **options) for start in STARTS]
    lowest = min(others, key=lambda found: float(found.fun))
    step = 1e-5
    hessian = np.array([(evaluate(stuck.x + h)[1] - evaluate(stuck.x - h)[1]) / (2.0 * step) for h in step * np.eye(3)])
    row = {
        "residual": float(np.abs(stuck.jac).max()),
        "curvature": float(np.linalg.eigvalsh(hessian + hessian.T)[0] / 2.0),
    }
    row |= {"stuck_loss": 4.0 * float(stuck.fun), "lowest_loss": 4.0 * float(lowest.fun)}
    margins = functional_margins(stuck.x, points.X, points.y)
    row |= {"fourth_lost": bool(margins[3] < 0.0), "others_right": bool((margins[:3] > 0.0).all())}
    row |= {"lowest_separates": bool(separates(lowest.x, points.X, points.y))}
    return {"": row, "n_fits": 1 + len(STARTS)}


def train_among_spoilers(activation: str, loss: str, n_samples: int, size: int, rng: np.random.Generator) -> Records:
    """Train one unit in a box on sets with one spoiler, from zero."""
    sets = spoilt_clusters(n_samples, size, rng)
    bounds = optimize.Bounds(-WEIGHT_BOUND, WEIGHT_BOUND)
    right = []
    for X, y in zip(sets.X, sets.y, strict=True):
        evaluate = mean_loss(activation, loss, y[:, None] * np.column_stack([X, np.ones(len(X))]), 0.0)
        options = {"ftol": 0.0, "gtol": 1e-10}
        w = optimize.minimize(evaluate, np.zeros(3), jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
        right.append(separates(w, X, y))
    return {"spoilers": {"separates": np.array(right)}, "n_fits": size}


def tables(records: Frames) -> Frames:
    """Make the table of minima on the four points, and that of rates among spoilers."""
    by = ["activation", "loss", "n_samples"]
    return {"": records[""], "spoilers": summarise(records["spoilers"], by, lambda rows: rates(rows, "separates"))}


def numbers(tables: Frames) -> Numbers:
    """Derive what the paper cites."""
    minima = tables[""]
    by = {"activation": "", "loss": "", "n_samples": "n"}
    return {
        "n": int(tables["spoilers"]["n"].min()),
        "four": nested(minima, {"activation": "", "eps": "eps", "t": "t"}),
        "spoilers": nested(tables["spoilers"], by, ["separates", "separates_low", "separates_high"]),
    }


EXPERIMENT = experiment(
    name="units",
    question="Do a unit with arctan, and a probit unit, lose what the logistic one loses?",
    settings={"weight_bound": WEIGHT_BOUND},
    parts={
        "four": Part(run=find_minima, cells=every(activation=ACTIVATIONS, eps=EPS, t=DISTANCES), draws=False),
        "spoilers": Part(
            run=train_among_spoilers,
            cells=every(activation=ACTIVATIONS, loss=("cross-entropy", "quadratic"), n_samples=SAMPLES),
        ),
    },
    resamples=200,
    block_size=50,
    tables=tables,
    numbers=numbers,
)
