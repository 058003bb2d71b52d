"""PyTorch: a batched projected Newton method and AdamW as its users write them, and BoTorch's batched L-BFGS-B."""

from types import SimpleNamespace
from typing import Any

import torch
from torch.nn.functional import softplus

from experiments.peers._serving import serve, slopes, with_ones

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def signed(task: SimpleNamespace) -> Any:
    """Return the rows y (x, 1)."""
    return torch.from_numpy(task.y[..., None] * with_ones(task.X))


def values(w: Any, Z: Any, loss: str, penalty: Any) -> Any:
    """Return the mean loss and the penalty of each set."""
    m = (Z @ w[..., None])[..., 0]
    each = softplus(-m) if loss == "cross-entropy" else 0.5 * torch.sigmoid(-m) ** 2
    return each.mean(dim=-1) + 0.5 * (penalty * w * w).sum(dim=-1)


def newton(task: SimpleNamespace) -> Any:
    """Take damped Newton steps on the weights that are free, projected on the box, in all sets that are not done."""
    Z_all, R, penalty = signed(task), float(task.R), torch.from_numpy(task.penalty)

    def gradient(w: Any, Z: Any) -> tuple[Any, Any]:
        slope, curvature = slopes(torch.sigmoid(-(Z @ w[..., None])[..., 0]), task.loss)
        return (slope[:, None] @ Z)[:, 0] / Z.shape[1] + penalty * w, curvature / Z.shape[1]

    def step(w: Any, f: Any, Z: Any, g: Any, curvature: Any, damping: Any) -> tuple[Any, Any, Any]:
        free = ~(((w <= -R) & (g > 0.0)) | ((w >= R) & (g < 0.0)))
        H = (Z.mT * curvature[:, None]) @ Z + torch.diag(penalty)
        H = H * (free[:, :, None] & free[:, None]) + torch.diag_embed(torch.where(free, damping[:, None], 1.0))
        factor = torch.linalg.cholesky_ex(H).L
        trial = (w - torch.cholesky_solve((g * free)[..., None], factor)[..., 0]).clamp(-R, R)
        f_trial = values(trial, Z, task.loss, penalty)
        better = f_trial <= f * (1.0 + 1e-14)
        damping = torch.where(better, 0.1 * damping, 10.0 * damping.clamp(min=1e-4))
        return torch.where(better[:, None], trial, w), torch.where(better, f_trial, f), damping

    def solve() -> Any:
        w_all = torch.zeros(len(Z_all), Z_all.shape[-1])
        left, Z, w = torch.arange(len(Z_all)), Z_all, w_all
        f, damping = values(w, Z, task.loss, penalty), torch.full((len(Z),), 1e-8)
        for _ in range(200):
            g, curvature = gradient(w, Z)
            off = (w - (w - g).clamp(-R, R)).abs().amax(dim=-1) > 1e-10
            if not off.all():
                w_all[left] = w
                left, w, f, Z, g, curvature, damping = (a[off] for a in (left, w, f, Z, g, curvature, damping))
            if not len(left):
                break
            w, f, damping = step(w, f, Z, g, curvature, damping)
        w_all[left] = w
        return w_all

    return solve


def l_bfgs_b(task: SimpleNamespace) -> Any:
    """Call BoTorch's batched L-BFGS-B, gradients by PyTorch."""
    from botorch.optim.batched_lbfgs_b import fmin_l_bfgs_b_batched

    Z, penalty = signed(task), torch.from_numpy(task.penalty)
    start = torch.zeros(len(Z), Z.shape[-1]).numpy()

    def objective(w: Any, batch_indices: Any) -> tuple[Any, Any]:
        at = torch.from_numpy(w).requires_grad_()
        f = values(at, Z[batch_indices], task.loss, penalty)
        return f.detach().numpy(), torch.autograd.grad(f.sum(), at)[0].numpy()

    options = {"bounds": [(-task.R, task.R)] * start.shape[1], "factr": 0.0, "pgtol": 1e-10, "maxiter": 2000}
    return lambda: fmin_l_bfgs_b_batched(objective, start, pass_batch_indices=True, **options)[0]


def adamw(task: SimpleNamespace) -> Any:
    """Train networks of one hidden layer with AdamW on all samples, all networks in one batched product."""
    h, d = int(task.width), task.X.shape[-1]
    X, y, w0 = (torch.from_numpy(array) for array in (task.X, task.y, task.w0))
    W0, v0 = w0[:, : (d + 1) * h].reshape(-1, d + 1, h), w0[:, (d + 1) * h :]

    def solve() -> Any:
        W, v = W0.clone().requires_grad_(), v0.clone().requires_grad_()
        optimiser = torch.optim.AdamW([W, v], lr=float(task.rate), weight_decay=float(task.decay))
        for _ in range(int(task.steps)):
            optimiser.zero_grad()
            hidden = torch.tanh(torch.baddbmm(W[:, -1:], X, W[:, :-1]))
            theta = torch.baddbmm(v[:, None, -1:], hidden, v[:, :-1, None])[..., 0]
            softplus(-y * theta).mean(dim=-1).sum().backward()
            optimiser.step()
        return torch.cat([W.flatten(1), v], dim=1).detach()

    return solve


if __name__ == "__main__":
    serve(newton=newton, l_bfgs_b=l_bfgs_b, adamw=adamw)
