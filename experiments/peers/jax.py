"""JAX: a projected Newton method and AdamW as its users write them, and jaxopt's L-BFGS-B; jit, vmap, 64 bits."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import jaxopt
import optax
from jax.nn import sigmoid, softplus

from experiments.peers._serving import serve, slopes, with_ones

jax.config.update("jax_enable_x64", True)


def batched(fit: Any, *arrays: Any) -> Any:
    """Return what fits all sets at once, compiled on its first call."""
    compiled, held = jax.jit(jax.vmap(fit)), [jnp.asarray(array) for array in arrays]
    return lambda: jax.block_until_ready(compiled(*held))


def value(w: Any, Z: Any, loss: str, penalty: Any) -> Any:
    """Return the mean loss and the penalty."""
    m = Z @ w
    each = softplus(-m) if loss == "cross-entropy" else 0.5 * sigmoid(-m) ** 2
    return each.mean() + 0.5 * (penalty * w * w).sum()


def newton(task: SimpleNamespace) -> Any:
    """Take damped Newton steps on the weights that are free, projected on the box."""
    R, penalty = task.R, jnp.asarray(task.penalty)

    def gradient(w: Any, Z: Any) -> tuple[Any, Any]:
        slope, curvature = slopes(sigmoid(-(Z @ w)), task.loss)
        return slope @ Z / len(Z) + penalty * w, curvature / len(Z)

    def off(state: Any) -> Any:
        w, _, g, _, _, steps = state
        return (jnp.abs(w - jnp.clip(w - g, -R, R)).max() > 1e-10) & (steps < 200)

    def step(Z: Any, state: Any) -> Any:
        w, f, g, curvature, damping, steps = state
        free = ~(((w <= -R) & (g > 0.0)) | ((w >= R) & (g < 0.0)))
        H = (Z.T * curvature) @ Z + jnp.diag(penalty)
        H = jnp.where(free[:, None] & free, H, 0.0) + jnp.diag(jnp.where(free, damping, 1.0))
        trial = jnp.clip(w - jax.scipy.linalg.cho_solve(jax.scipy.linalg.cho_factor(H), jnp.where(free, g, 0.0)), -R, R)
        f_trial = value(trial, Z, task.loss, penalty)
        better = f_trial <= f * (1.0 + 1e-14)
        w, f = jnp.where(better, trial, w), jnp.where(better, f_trial, f)
        damping = jnp.where(better, 0.1 * damping, 10.0 * jnp.maximum(damping, 1e-4))
        return w, f, *gradient(w, Z), damping, steps + 1

    def fit(Z: Any) -> Any:
        w = jnp.zeros(Z.shape[1])
        start = (w, value(w, Z, task.loss, penalty), *gradient(w, Z), jnp.asarray(1e-8), 0)
        return jax.lax.while_loop(off, partial(step, Z), start)[0]

    return batched(fit, task.y[..., None] * with_ones(task.X))


def l_bfgs_b(task: SimpleNamespace) -> Any:
    """Call jaxopt's L-BFGS-B on the box, and its L-BFGS without one."""
    objective = partial(value, loss=task.loss, penalty=jnp.asarray(task.penalty))
    bounded = jnp.isfinite(task.R)
    method = (jaxopt.LBFGSB if bounded else jaxopt.LBFGS)(objective, tol=1e-10, maxiter=2000)

    def fit(Z: Any) -> Any:
        w = jnp.zeros(Z.shape[1])
        box = {"bounds": (jnp.full_like(w, -task.R), jnp.full_like(w, task.R))} if bounded else {}
        return method.run(w, Z=Z, **box).params

    return batched(fit, task.y[..., None] * with_ones(task.X))


def adamw(task: SimpleNamespace) -> Any:
    """Train networks of one hidden layer with optax's AdamW on all samples."""
    h, d = task.width, task.X.shape[-1]
    optimiser = optax.adamw(task.rate, weight_decay=task.decay)

    def mean_loss(w: Any, X: Any, y: Any) -> Any:
        W, v = w[: (d + 1) * h].reshape(d + 1, h), w[(d + 1) * h :]
        return softplus(-y * (jnp.tanh(X @ W[:-1] + W[-1]) @ v[:-1] + v[-1])).mean()

    def train(X: Any, y: Any, w: Any) -> Any:
        def step(state: Any, _: Any) -> Any:
            w, moments = state
            change, moments = optimiser.update(jax.grad(mean_loss)(w, X, y), moments, w)
            return (w + change, moments), None

        return jax.lax.scan(step, (w, optimiser.init(w)), length=int(task.steps))[0][0]

    return batched(train, task.X, task.y, task.w0)


if __name__ == "__main__":
    serve(newton=newton, l_bfgs_b=l_bfgs_b, adamw=adamw)
