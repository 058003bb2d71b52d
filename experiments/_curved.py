"""Two classes on both sides of a wave, with a gap, and a small island of one class among the other."""

from dataclasses import dataclass

import numpy as np

from study.datasets.dataset import Floats

GAP, HEIGHT = 0.1, 0.3
"""Between the classes, along the second feature, and of the wave."""
RADIUS, FAR, AROUND = 0.12, 0.55, 0.05
"""Of the island, how far its centre lies from the wave, and how far the other points stay away from it."""


@dataclass(frozen=True)
class Wave:
    """Hold a stack of worlds: the label is the side of x_2 = HEIGHT sin(pi (x_1 + phase)), but for the island.

    Parameters
    ----------
    phase : ndarray of shape (size,)
    side : ndarray of shape (size,)
        The class, -1 or +1, that the island lies among.
    centre : ndarray of shape (size, 2)
    """

    phase: Floats
    side: Floats
    centre: Floats

    def common(self, n_samples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw points of both classes, x_1 in [-1, 1] and up to 1 from the wave; none is in or near the island."""
        shape = (len(self.phase), n_samples + n_samples // 4 + 20)  # one in twenty lies there
        y, x = rng.choice([-1.0, 1.0], shape), rng.uniform(-1.0, 1.0, shape)
        X = np.stack([x, wave(x, self.phase[:, None]) + y * rng.uniform(GAP / 2.0, 1.0, shape)], axis=-1)
        near = np.linalg.norm(X - self.centre[:, None], axis=-1) < RADIUS + AROUND
        order = np.argsort(near, axis=-1, kind="stable")[:, :n_samples]
        return np.take_along_axis(X, order[..., None], axis=1), np.take_along_axis(y, order, axis=1)

    def rare(self, n_samples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw points of the island, uniformly."""
        shape = (len(self.phase), n_samples)
        radius, angle = RADIUS * np.sqrt(rng.random(shape)), rng.uniform(0.0, 2.0 * np.pi, shape)
        around = radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        return self.centre[:, None] + around, np.broadcast_to(-self.side[:, None], shape)


def wave(x: Floats, phase: Floats) -> Floats:
    """Return the height of the boundary."""
    return HEIGHT * np.sin(np.pi * (x + phase))


def draw_waves(size: int, rng: np.random.Generator) -> Wave:
    """Draw worlds: phase, the side of the island and its place along the wave."""
    phase, side, x = rng.uniform(0.0, 2.0, size), rng.choice([-1.0, 1.0], size), rng.uniform(-0.8, 0.8, size)
    return Wave(phase, side, np.stack([x, wave(x, phase) + FAR * side], axis=-1))
