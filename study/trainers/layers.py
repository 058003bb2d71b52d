"""The forward and the backward pass through layers of sigmoid nodes, in the slides' notation.

x^k are the outputs of layer k, x^0 the inputs; W^k leads from layer k - 1 to layer k, W^k_ij from node i to node j.
What the slides call node 0, the constant 1 with the biases as its weights, stands last here, as in every rule of the
study: a network of one layer with one node is the sigmoid unit, with the same weights in the same order.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from study.checks import BadInput, Positive, PositiveInt, checked
from study.datasets.dataset import Features, Floats, Labels, check_broadcast, check_room, leading_shape
from study.datasets.generators import Size, leading_axes
from study.trainers.losses import Eps, Loss, loss_of_margin


@checked
def n_weights(n_features: PositiveInt, layers: Sequence[PositiveInt]) -> int:
    """Return the number of weights, biases included; see `network` for `layers`."""
    layers = check_layers(layers)
    return sum((below + 1) * width for below, width in zip([n_features, *layers], layers, strict=False))


def check_layers(layers: Sequence[int]) -> tuple[int, ...]:
    """Return the widths of the layers, or raise `BadInput` unless there is one."""
    if len(layers) == 0:
        raise BadInput("`layers` must hold the width of at least one layer; got an empty list")
    return tuple(layers)


def check_one_output(layers: Sequence[int]) -> tuple[int, ...]:
    """Return the widths of the layers, or raise `BadInput` unless the last holds one node."""
    layers = check_layers(layers)
    if layers[-1] != 1:
        raise BadInput(f"`layers` must end in 1, the output; got {layers}")
    return layers


@checked
def initial_weights(
    n_features: PositiveInt,
    layers: Sequence[PositiveInt],
    *,
    scale: Positive,
    size: Size = (),
    rng: np.random.Generator,
) -> Floats:
    """Draw start weights from N(0, scale^2), of shape (*size, n_weights): a stack of restarts."""
    shape, length = leading_axes(size), n_weights(n_features, layers)
    check_room(size=math.prod(shape), layers=length)
    return scale * rng.standard_normal((*shape, length))


def weight_matrices(w: Floats, n_features: int, layers: Sequence[int]) -> list[Floats]:
    """Return W^1, ..., W^K, of shape (..., M_{k-1} + 1, M_k) with the bias row last, as views of flat weights."""
    matrices, at, below = [], 0, n_features
    for width in layers:
        matrices.append(w[..., at : at + (below + 1) * width].reshape(*w.shape[:-1], below + 1, width))
        at, below = at + (below + 1) * width, width
    return matrices


def forward(W: Sequence[Floats], X: Floats) -> tuple[list[Floats], Floats]:
    """Run the forward pass.

    Parameters
    ----------
    W : sequence of ndarray of shape (..., M_{k-1} + 1, M_k)
        The bias row last.
    X : ndarray of shape (..., n_samples, M_0)

    Returns
    -------
    x : list of ndarray of shape (..., n_samples, M_k + 1)
        x^0, ..., x^{K-1}, each with the constant 1 in its last column: what the next layer sees.
    theta : ndarray of shape (..., n_samples, M_K)
        theta^K; the outputs x^K are its sigmoid. Losses take theta, which keeps its digits where x^K saturates.
    """
    x: list[Floats] = []
    out = X
    for matrix in W:
        x.append(np.concatenate([out, np.ones((*out.shape[:-1], 1))], axis=-1))
        theta = x[-1] @ matrix  # theta^k_j = sum_i W^k_ij x^{k-1}_i
        out = expit(theta)  # x^k_j = 1 / (1 + exp(-theta^k_j))
    return x, theta


def backward(W: Sequence[Floats], x: Sequence[Floats], delta: Floats) -> list[Floats]:
    """Run the backward pass.

    Parameters
    ----------
    W, x
        As `forward` takes and returns them.
    delta : ndarray of shape (..., n_samples, M_K)
        delta^K = dE/dtheta^K, for the slides' quadratic error x^K (1 - x^K) (x^K - t).

    Returns
    -------
    list of ndarray of shape (..., M_{k-1} + 1, M_k)
        dE/dW^1, ..., dE/dW^K, summed over samples.
    """
    gradients = []
    for k in range(len(W) - 1, -1, -1):
        # dE/dW^k_ij = delta^k_j x^{k-1}_i, as "Output layer" derives it; the frame after it has the indices swapped.
        gradients.append(np.swapaxes(x[k], -1, -2) @ delta)
        if k:
            node = x[k][..., :-1]
            # delta^k_i = x^k_i (1 - x^k_i) sum_j delta^{k+1}_j W^{k+1}_ij, "Back propagated Error term"
            delta = node * (1.0 - node) * (delta @ np.swapaxes(W[k][..., :-1, :], -1, -2))
    return gradients[::-1]


@checked
def value_and_gradient(
    w: ArrayLike, X: Features, y: Labels, share: ArrayLike, layers: Sequence[PositiveInt], loss: Loss, eps: Eps
) -> tuple[Floats, Floats]:
    """Return the mean loss sum_i share_i loss(m_i), of shape (...), and its gradient by flat weights, (..., n_weights).

    The network has one output; m = y theta^K is its margin. Both are NaN where weights are.
    """
    X, y = np.asarray(X), np.asarray(y)
    w, layers, share = np.asarray(w), check_one_output(layers), np.asarray(share)
    check_broadcast("w", w, (*w.shape[:-1], n_weights(X.shape[-1], layers)))
    check_broadcast("y", y, X.shape[:-1])
    check_broadcast("share", share, X.shape[:-1])
    leading_shape(w=w.shape[:-1], X=X.shape[:-2], y=y.shape[:-1], share=share.shape[:-1])
    return _value_and_gradient(w, X, y, share, layers, loss, eps)


def _value_and_gradient(
    w: Floats, X: Floats, y: Floats, share: Floats, layers: Sequence[int], loss: Loss, eps: float
) -> tuple[Floats, Floats]:
    W = weight_matrices(w, X.shape[-1], layers)
    x, theta = forward(W, X)
    value, slope, _ = loss_of_margin(loss, y * theta[..., 0], eps)
    gradients = backward(W, x, (share * slope * y)[..., None])
    flat = [gradient.reshape(*gradient.shape[:-2], -1) for gradient in gradients]
    return (share * value).sum(axis=-1), np.concatenate(flat, axis=-1)


@checked
def outputs(w: ArrayLike, X: Features, layers: Sequence[PositiveInt]) -> Floats:
    """Return theta^K of a network with one output: positive where it says +1.

    Parameters
    ----------
    w : array_like of shape (..., n_weights)
    X : array_like of shape (..., n_samples, n_features)
    layers : sequence of int
        As `network` takes them.

    Returns
    -------
    ndarray of shape (..., n_samples)

    Raises
    ------
    BadInput
        For arrays that do not belong together, or layers that `network` refuses.
    """
    w, X, layers = np.asarray(w), np.asarray(X), check_one_output(layers)
    check_broadcast("w", w, (*w.shape[:-1], n_weights(X.shape[-1], layers)))
    leading_shape(w=w.shape[:-1], X=X.shape[:-2])
    return forward(weight_matrices(w, X.shape[-1], layers), X)[1][..., 0]
