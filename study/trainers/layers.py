"""The forward and the backward pass through layers of nodes, in the slides' notation.

x^k are the outputs of layer k, x^0 the inputs; W^k leads from layer k - 1 to layer k, W^k_ij from node i to node j.
What the slides call node 0, the constant 1 with the biases as its weights, stands last here, as in every rule of the
study: a network of one layer with one node is the sigmoid unit, with the same weights in the same order.
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logsumexp, softmax

from study.checks import BadInput, Positive, PositiveInt, checked
from study.datasets.dataset import Features, Floats, as_labels, check_broadcast, check_points, check_room, leading_shape
from study.datasets.generators import Size, leading_axes
from study.trainers.losses import Eps, Loss, loss_of_margin

Activation = Literal["sigmoid", "tanh", "relu"]
"""What a hidden node makes of theta: 1 / (1 + exp(-theta)), tanh(theta) or max(0, theta)."""


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


def check_labels(y: ArrayLike, layers: tuple[int, ...]) -> Floats:
    """Return the labels of a network with one output, or the classes of one with several, or raise `BadInput`."""
    if layers[-1] == 1:
        return as_labels("y", y)
    y = np.asarray(y)
    others = ~np.isin(y, np.arange(layers[-1]))
    if others.any():
        index = tuple(map(int, np.argwhere(others)[0]))
        raise BadInput(f"`y` must hold classes 0 to {layers[-1] - 1}; got {y[index]:g} at index {index}")
    return y


def check_classes(X: Features, y: ArrayLike, layers: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return features and labels, or raise `BadInput` unless they belong together and each set has two classes."""
    X, y = np.asarray(X), check_labels(y, layers)
    if layers[-1] == 1:
        return check_points(X, y)
    check_broadcast("y", y, X.shape[:-1])
    single = y.min(axis=-1) == y.max(axis=-1)
    if single.any():
        index = tuple(map(int, np.argwhere(single)[0]))
        raise BadInput(f"`y` must hold two classes at least in every set; got only {y[index][0]:g} in set {index}")
    return X, y


def check_loss(layers: tuple[int, ...], loss: Loss, eps: float) -> None:
    """Raise `BadInput` unless several outputs have the cross-entropy with hard targets."""
    if layers[-1] > 1 and (loss != "cross-entropy" or eps > 0.0):
        raise BadInput(f"`loss` must be cross-entropy with `eps` 0 for several outputs; got {loss} with {eps:g}")


@checked
def initial_weights(
    n_features: PositiveInt,
    layers: Sequence[PositiveInt],
    *,
    scale: Positive,
    size: Size = (),
    rng: np.random.Generator,
) -> Floats:
    """Draw start weights of a network from N(0, scale^2): a stack of restarts.

    Parameters
    ----------
    n_features : int, at least 1
    layers : sequence of int, each at least 1
        Widths of the layers after the input; see `network`.
    scale : float in (0, inf)
        Standard deviation of each weight.
    size : int or sequence of int
        Leading axes of the stack.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of shape (*size, n_weights)

    Raises
    ------
    BadInput
        For an argument outside its range.
    """
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


def forward(W: Sequence[Floats], X: Floats, activation: Activation = "sigmoid") -> tuple[list[Floats], Floats]:
    """Run the forward pass.

    Parameters
    ----------
    W : sequence of ndarray of shape (..., M_{k-1} + 1, M_k)
        The bias row last.
    X : ndarray of shape (..., n_samples, M_0)
    activation : {"sigmoid", "tanh", "relu"}
        Of hidden nodes.

    Returns
    -------
    x : list of ndarray of shape (..., n_samples, M_k + 1)
        x^0, ..., x^{K-1}, each with the constant 1 in its last column: what the next layer sees.
    theta : ndarray of shape (..., n_samples, M_K)
        theta^K; the outputs x^K are its sigmoid, or of several its softmax. Losses take theta, which keeps its digits
        where x^K saturates.
    """
    x: list[Floats] = []
    out = X
    for matrix in W:
        x.append(np.concatenate([out, np.ones((*out.shape[:-1], 1))], axis=-1))
        theta = x[-1] @ matrix  # theta^k_j = sum_i W^k_ij x^{k-1}_i
        out = _activate(theta, activation)
    return x, theta


def _activate(theta: Floats, activation: Activation) -> Floats:
    """Return x^k of theta^k."""
    if activation == "sigmoid":
        return np.asarray(expit(theta))  # x^k_j = 1 / (1 + exp(-theta^k_j))
    return np.asarray(np.tanh(theta) if activation == "tanh" else np.maximum(theta, 0.0))


def backward(
    W: Sequence[Floats], x: Sequence[Floats], delta: Floats, activation: Activation = "sigmoid"
) -> list[Floats]:
    """Run the backward pass.

    Parameters
    ----------
    W, x, activation
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
            if activation == "sigmoid":
                slope = node * (1.0 - node)
            else:
                slope = 1.0 - node**2 if activation == "tanh" else (node > 0.0).astype(float)
            # delta^k_i = x^k_i (1 - x^k_i) sum_j delta^{k+1}_j W^{k+1}_ij, "Back propagated Error term"
            delta = slope * (delta @ np.swapaxes(W[k][..., :-1, :], -1, -2))
    return gradients[::-1]


@checked
def value_and_gradient(
    w: ArrayLike,
    X: Features,
    y: ArrayLike,
    share: ArrayLike,
    layers: Sequence[PositiveInt],
    loss: Loss,
    eps: Eps,
    activation: Activation = "sigmoid",
) -> tuple[Floats, Floats]:
    """Return the mean loss sum_i share_i loss(m_i), of shape (...), and its gradient by flat weights, (..., n_weights).

    With one output, m = y theta^K is its margin; for several see `network`. Both are NaN where weights are.
    """
    w, layers, share = np.asarray(w), check_layers(layers), np.asarray(share)
    X, y = np.asarray(X), check_labels(y, layers)
    check_loss(layers, loss, eps)
    check_broadcast("y", y, X.shape[:-1])
    check_broadcast("w", w, (*w.shape[:-1], n_weights(X.shape[-1], layers)))
    check_broadcast("share", share, X.shape[:-1])
    leading_shape(w=w.shape[:-1], X=X.shape[:-2], y=y.shape[:-1], share=share.shape[:-1])
    return mean_loss_and_gradient(w, X, y, share, layers, loss, eps, activation)


def mean_loss_and_gradient(
    w: Floats,
    X: Floats,
    labels: Floats,
    share: Floats,
    layers: Sequence[int],
    loss: Loss,
    eps: float,
    activation: Activation,
) -> tuple[Floats, Floats]:
    """Return what `value_and_gradient` does, of arguments that were checked."""
    W = weight_matrices(w, X.shape[-1], layers)
    x, theta = forward(W, X, activation)
    if layers[-1] == 1:
        value, slope, _ = loss_of_margin(loss, labels * theta[..., 0], eps)
        delta = (share * slope * labels)[..., None]
    else:
        target = labels[..., None] == np.arange(layers[-1])
        value = logsumexp(theta, axis=-1) - (theta * target).sum(axis=-1)
        delta = share[..., None] * (softmax(theta, axis=-1) - target)
    gradients = backward(W, x, delta, activation)
    flat = [gradient.reshape(*gradient.shape[:-2], -1) for gradient in gradients]
    return (share * value).sum(axis=-1), np.concatenate(flat, axis=-1)


@checked
def outputs(w: ArrayLike, X: Features, layers: Sequence[PositiveInt], activation: Activation = "sigmoid") -> Floats:
    """Return theta^K: of one output, positive where the network predicts +1; of several, largest at its prediction.

    Parameters
    ----------
    w : array_like of shape (..., n_weights)
    X : array_like of shape (..., n_samples, n_features)
    layers : sequence of int
        As in `network`.
    activation : {"sigmoid", "tanh", "relu"}
        Of hidden nodes.

    Returns
    -------
    ndarray of shape (..., n_samples), or (..., n_samples, n_outputs) for several outputs

    Raises
    ------
    BadInput
        For arrays that do not belong together, or layers that `network` refuses.
    """
    w, X, layers = np.asarray(w), np.asarray(X), check_layers(layers)
    check_broadcast("w", w, (*w.shape[:-1], n_weights(X.shape[-1], layers)))
    leading_shape(w=w.shape[:-1], X=X.shape[:-2])
    first, *further = weight_matrices(w, X.shape[-1], layers)
    theta = X @ first[..., :-1, :] + first[..., -1:, :]  # as `forward`, but nothing is kept for the way back
    for matrix in further:
        theta = _activate(theta, activation) @ matrix[..., :-1, :] + matrix[..., -1:, :]
    return theta[..., 0] if layers[-1] == 1 else theta
