"""A minority that its features mark badly: what C does for it, what a weight does, and what the law says of both.

The rule, stated before a fit was looked at. The table is breast cancer: of those that `study datasets` lists, the only
one that has two classes by itself. Features are standardised. By itself, that feature tells the classes best whose two
class means lie farthest apart. The minority are the rows of the smaller class, the malignant tumours, that this feature
puts with the other class: beyond the midpoint of the two means. The other two groups are the rest of the malignant
tumours, and the benign ones.
"""

import numpy as np
from numpy.typing import NDArray

from study.datasets.dataset import Dataset

GROUPS = ("minority", "rest of its class", "other class")


def groups_of(points: Dataset) -> NDArray[np.int64]:
    """Return the place in `GROUPS` of each sample of standardised points, by the rule above."""
    means = {side: points.X[points.y == side].mean(axis=0) for side in (-1.0, 1.0)}
    j = int(np.argmax(np.abs(means[1.0] - means[-1.0])))
    middle = (means[1.0][j] + means[-1.0][j]) / 2.0
    smaller = 1.0 if (points.y > 0.0).sum() < (points.y < 0.0).sum() else -1.0
    beyond = (points.X[:, j] - middle) * (means[smaller][j] - middle) < 0.0
    return np.where(points.y != smaller, 2, np.where(beyond, 0, 1))
