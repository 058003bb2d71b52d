"""The peers that are in the study's own environment: SciPy, scikit-learn, and loops in numba and C."""

import ctypes
import shutil
import subprocess
import warnings
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
from numba import njit
from scipy.optimize import Bounds, minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.svm import SVC

from experiments.peers._serving import one_by_one, serve, slopes, with_ones


def l_bfgs_b(X: Any, y: Any, task: SimpleNamespace) -> Any:
    """Call SciPy's L-BFGS-B and let it go on to a residual as small as ours."""
    Z = y[:, None] * with_ones(X)

    def objective(w: Any) -> tuple[float, Any]:
        m = Z @ w
        q = expit(-m)
        value = np.logaddexp(0.0, -m).mean() if task.loss == "cross-entropy" else 0.5 * (q @ q) / len(m)
        return value + 0.5 * (task.penalty * w) @ w, slopes(q, task.loss)[0] @ Z / len(m) + task.penalty * w

    options = {"ftol": 0.0, "gtol": 1e-12, "maxiter": 10_000, "maxfun": 100_000}
    w = np.zeros(Z.shape[1])
    return minimize(objective, w, jac=True, method="L-BFGS-B", bounds=Bounds(-task.R, task.R), options=options).x


def logistic(X: Any, y: Any, task: SimpleNamespace, *, solver: str) -> Any:
    """Fit scikit-learn's LogisticRegression."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return weights(LogisticRegression(C=float(task.C), solver=solver, tol=1e-8, max_iter=10_000).fit(X, y))


def svc(X: Any, y: Any, task: SimpleNamespace) -> Any:
    """Fit scikit-learn's SVC with so large a C that no sample is given up."""
    del task  # the points are all there is
    return weights(SVC(kernel="linear", C=1e10, tol=1e-9).fit(X, y))


def weights(model: Any) -> Any:
    """Return the weights of a model, the bias last."""
    return np.append(model.coef_[0], model.intercept_)


def perceptron(task: SimpleNamespace) -> Any:
    """Fit scikit-learn's Perceptron, the samples in natural order, as many passes as ours takes."""
    return lambda: np.array(
        [
            weights(Perceptron(shuffle=False, tol=None, max_iter=int(n)).fit(X, y))
            for X, y, n in zip(task.X, task.y, task.n_passes, strict=True)
        ]
    )


def numba_loop(task: SimpleNamespace) -> Any:
    """Run a plain compiled loop."""

    @njit
    def loop(X: Any, y: Any, w: Any) -> None:
        for s in range(len(X)):
            wrong = True
            while wrong:
                wrong = False
                for i in range(X.shape[1]):
                    z = w[s, -1]
                    for j in range(X.shape[2]):
                        z += w[s, j] * X[s, i, j]
                    if not y[s, i] * z > 0.0:
                        wrong = True
                        for j in range(X.shape[2]):
                            w[s, j] += y[s, i] * X[s, i, j]
                        w[s, -1] += y[s, i]

    return lambda: filled(loop, task)


def c_loop(task: SimpleNamespace) -> Any:
    """Run the loop of twenty lines in perceptron.c, compiled by the machine's compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("no C compiler, cc, on this machine")
    with TemporaryDirectory() as folder:
        library = Path(folder) / "perceptron.so"
        source = Path(__file__).with_name("perceptron.c")
        flags = ["-O3", "-march=native", "-shared", "-fPIC"]
        subprocess.run([compiler, *flags, "-o", library, source], check=True)  # noqa: S603
        function = ctypes.CDLL(str(library)).perceptron
    array = np.ctypeslib.ndpointer(flags="C_CONTIGUOUS")
    function.argtypes, function.restype = [array, array, array, *[ctypes.c_long] * 3], None
    return lambda: filled(lambda X, y, w: function(X, y, w, *X.shape), task)


def filled(loop: Any, task: SimpleNamespace) -> Any:
    """Return the weights that a loop fills."""
    w = np.zeros((len(task.X), task.X.shape[2] + 1))
    loop(task.X, task.y, w)
    return w


SOLVERS = {
    "Perceptron": perceptron,
    "numba": numba_loop,
    "C": c_loop,
    "L-BFGS-B": one_by_one(l_bfgs_b),
    "SVC": one_by_one(svc),
    **{name: one_by_one(partial(logistic, solver=name)) for name in ("lbfgs", "liblinear", "newton-cholesky")},
}

if __name__ == "__main__":
    serve(**SOLVERS)
