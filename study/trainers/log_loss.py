"""The logarithm of a unit's loss on hard targets, which distinguishes losses of any size."""

import numpy as np
from scipy.special import expit, logsumexp

from study.datasets.dataset import Floats
from study.trainers.losses import Loss


def log_loss_of_margin(loss: Loss, m: Floats) -> tuple[Floats, Floats]:
    """Return ln of a sample's loss with hard targets, and its slope divided by it, for margins of any size."""
    if loss == "cross-entropy":
        softplus = np.logaddexp(0.0, -m)
        small = m > 30.0  # log1p(e^-m) is e^-m to rounding
        ln_loss = np.where(small, -m, np.log(np.where(small, 1.0, softplus)))
        return ln_loss, np.where(small, -1.0, -expit(-m) / np.where(small, 1.0, softplus))
    return -2.0 * np.logaddexp(0.0, m) - np.log(2.0), -2.0 * expit(m)


def log_loss(loss: Loss, Z: Floats, m: Floats, ln_weight: Floats | float = 0.0) -> tuple[float, Floats]:
    """Return ln of sum_i weight_i loss(m_i) at margins m = Z w, and its gradient in w."""
    ln_loss, ratio = log_loss_of_margin(loss, m)
    total = logsumexp(ln_weight + ln_loss)
    return float(total), (np.exp(ln_weight + ln_loss - total) * ratio) @ Z
