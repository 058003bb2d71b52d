"""clogistic: logistic regression with bounds."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from clogistic import LogisticRegression
from scipy.optimize import Bounds

from experiments.peers._serving import one_by_one, serve


def box(X: Any, y: Any, task: SimpleNamespace) -> Any:
    """Fit in the box, the bias included."""
    bounds = np.full(X.shape[1] + 1, task.R)
    model = LogisticRegression(penalty="none", solver="L-BFGS-B", tol=1e-10, max_iter=10_000)
    model.fit(X, (y > 0).astype(int), bounds=Bounds(-bounds, bounds))
    return np.append(model.coef_, model.intercept_)


if __name__ == "__main__":
    serve(box=one_by_one(box))
