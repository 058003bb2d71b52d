"""glum: generalised linear models, their coefficients in a box or penalised."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from glum import GeneralizedLinearRegressor

from experiments.peers._serving import one_by_one, serve, with_ones


def box(X: Any, y: Any, task: SimpleNamespace) -> Any:
    """Fit in the box; the bias is the coefficient of a column of ones, for the intercept has no bounds."""
    bounds = np.full(X.shape[1] + 1, task.R)
    model = GeneralizedLinearRegressor(
        family="binomial",
        alpha=0.0,
        fit_intercept=False,
        gradient_tol=1e-9,
        max_iter=1000,
        lower_bounds=-bounds,
        upper_bounds=bounds,
    )
    return model.fit(with_ones(X), (y > 0).astype(float)).coef_


def ridge(X: Any, y: Any, task: SimpleNamespace) -> Any:
    """Fit with a penalty on all weights but the bias."""
    model = GeneralizedLinearRegressor(
        family="binomial", alpha=float(task.penalty[0]), l1_ratio=0.0, gradient_tol=1e-9, max_iter=1000
    )
    model.fit(X, (y > 0).astype(float))
    return np.append(model.coef_, model.intercept_)


if __name__ == "__main__":
    serve(box=one_by_one(box), ridge=one_by_one(ridge))
