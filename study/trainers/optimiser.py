"""The optimisers that networks are trained with today: what a step makes of a gradient, and of how many samples."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from study.checks import BadInput, NonNegative, Positive, PositiveInt, checked, within
from study.kernels.codes import RULE_CODES

Memory = Annotated[float, within("[0, 1)")]


@checked
@dataclass(frozen=True, kw_only=True)
class Optimiser:
    """Say how `network` trains where its `method` is an optimiser.

    Parameters
    ----------
    rule : {"descent", "adam", "adamw"}
        With g the gradient, t = 1, 2, ... and eta the learning rate, in PyTorch's conventions:
        descent: m <- momentum m + g; w <- w - eta m [1]_.
        adam: m <- beta_1 m + (1 - beta_1) g; v <- beta_2 v + (1 - beta_2) g^2; then
        w <- w - eta (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon) [2]_.
        adamw: w <- w - eta weight_decay w, and then as adam [3]_.
    learning_rate : float in (0, inf)
    batch_size : int, at least 1, optional
        Samples of a step, at most n_samples; all of them by default. Before each pass a permutation is drawn. The last
        batch of a pass may be smaller. A step goes by the mean over its batch of the samples' losses, each times its
        sample weight over the mean weight of the set.
    momentum : float in [0, 1)
        For descent.
    betas : tuple of two floats in [0, 1)
        For adam and adamw.
    epsilon : float in [0, inf)
        For adam and adamw.
    weight_decay : float in [0, inf)
        Of descent and adam the penalty's gradient, weight_decay w, is added to g; of adamw it is not. Biases decay too.
    clip : float in (0, inf), optional
        The largest norm of g: a longer one is made as long [4]_, before the penalty is added.
    schedule : {"constant", "cosine"}
        cosine: eta (1 + cos(pi t / T)) / 2 in the place of eta, t = 0, 1, ... the steps before and T all steps of the
        budget [5]_.

    Raises
    ------
    BadInput
        For an argument outside its range, or one that its rule has no use for.

    Notes
    -----
    Weights at which AdamW comes to rest minimise no penalised loss: where it converges, to first order it is to the
    optimality conditions of the loss in the box of bound 1 / weight_decay [6]_.

    References
    ----------
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational
       Mathematics and Mathematical Physics 4(5):1-17, 1964. doi:10.1016/0041-5553(64)90137-5
    .. [2] D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015. arXiv:1412.6980
    .. [3] I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019. arXiv:1711.05101
    .. [4] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
       arXiv:1211.5063
    .. [5] I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
       arXiv:1608.03983
    .. [6] S. Xie, Z. Li, "Implicit bias of AdamW: l-infinity norm constrained optimization", ICML 2024.
       arXiv:2404.04454
    """

    rule: Literal["descent", "adam", "adamw"]
    learning_rate: Positive
    batch_size: PositiveInt | None = None
    momentum: Memory = 0.0
    betas: tuple[Memory, Memory] = (0.9, 0.999)
    epsilon: NonNegative = 1e-8
    weight_decay: NonNegative = 0.0
    clip: Positive | None = None
    schedule: Literal["constant", "cosine"] = "constant"

    def __post_init__(self) -> None:
        defaults = Optimiser.__dataclass_fields__
        for name in ("betas", "epsilon") if self.rule == "descent" else ("momentum",):
            value = getattr(self, name)
            if value != defaults[name].default:
                raise BadInput(f"`{name}` must be left out for rule {self.rule}; got {value}")

    def n_batches(self, n_samples: int) -> int:
        """Return the steps of a pass, or raise `BadInput` where a batch exceeds a set."""
        if self.batch_size is not None and self.batch_size > n_samples:
            raise BadInput(f"`batch_size` must not exceed the {n_samples} samples of a set; got {self.batch_size}")
        return -(-n_samples // (self.batch_size or n_samples))

    def codes(self, n_samples: int, shuffles: bool) -> tuple[Any, Any]:
        """Return what the compiled loop takes: whole numbers, and others."""
        beta1, beta2 = (self.momentum, 0.0) if self.rule == "descent" else self.betas
        clip = np.inf if self.clip is None else self.clip
        how = [RULE_CODES[self.rule], self.schedule == "cosine", self.batch_size or n_samples, shuffles]
        return np.array(how, np.int64), np.array([beta1, beta2, self.epsilon, self.weight_decay, clip])
