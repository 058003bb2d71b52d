"""adelie: generalised linear models whose coefficients are constrained."""

from types import SimpleNamespace
from typing import Any

import adelie
import numpy as np

from experiments.peers._serving import one_by_one, serve, with_ones


def box(X: Any, y: Any, task: SimpleNamespace) -> Any:
    """Fit in the box; the bias is the coefficient of a column of ones, for the intercept has no bounds."""
    bounds = np.full(1, float(task.R))
    state = adelie.grpnet(
        np.asfortranarray(with_ones(X)),
        adelie.glm.binomial((y > 0).astype(float)),
        constraints=[adelie.constraint.box(-bounds, bounds) for _ in range(X.shape[1] + 1)],
        lmda_path=np.zeros(1),
        intercept=False,
        early_exit=False,
        adev_tol=1.0,
        irls_tol=1e-12,
        tol=1e-12,
        progress_bar=False,
    )
    return state.betas.toarray()[-1]


if __name__ == "__main__":
    serve(box=one_by_one(box))
