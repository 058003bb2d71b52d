"""Whatever is given where a number, a word or a Generator belongs: one line that names it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from study.checks import BadInput, count, one_of, positive, real
from study.datasets.generators import make_boxes, make_gaussians
from study.datasets.spoilers import add_spoilers
from study.trainers.fit import Bound
from study.trainers.perceptron import perceptron
from study.trainers.sigmoid_unit import sigmoid_unit

RNG = np.random.default_rng(0)
BASE = make_boxes(10, rng=RNG)
POINTS: Any = ([[1.0], [-1.0]], [1, -1])

FAULTS: dict[str, Callable[[], Any]] = {
    "a word for a number": lambda: real("x", "1"),  # type: ignore[arg-type]
    "none for a number": lambda: positive("x", None),  # type: ignore[arg-type]
    "a number beyond floats": lambda: positive("x", 10**400),
    "an array for a number": lambda: real("x", np.zeros((40, 40))),  # type: ignore[arg-type]
    "a list for a word": lambda: one_of("x", ["a"], ("a", "b")),  # type: ignore[arg-type]
    "an array for a word": lambda: one_of("x", np.array(["a", "b"]), ("a", "b")),  # type: ignore[arg-type]
    "half a whole number": lambda: count("x", 2.5),  # type: ignore[arg-type]
    "no bound at all": lambda: sigmoid_unit(*POINTS, bound=None),  # type: ignore[arg-type]
    "a number for a bound": lambda: sigmoid_unit(*POINTS, bound=3.0),  # type: ignore[arg-type]
    "an endless bound": lambda: Bound("box", np.inf),
    "a seed for a Generator, boxes": lambda: make_boxes(10, rng=0),  # type: ignore[arg-type]
    "a seed for a Generator, Gaussians": lambda: make_gaussians(10, rng=0),  # type: ignore[arg-type]
    "a seed for a Generator, perceptron": lambda: perceptron(*POINTS, order="random", rng=0),  # type: ignore[arg-type]
    "a word for a share": lambda: make_boxes(10, balance="half", rng=RNG),  # type: ignore[arg-type]
    "a word for a gap": lambda: make_gaussians(10, gap="wide", rng=RNG),  # type: ignore[arg-type]
    "none for a depth": lambda: add_spoilers(BASE, 1, depth=None),  # type: ignore[arg-type]
    "a word for a jitter": lambda: add_spoilers(BASE, 1, depth=0.1, jitter="much", rng=RNG),  # type: ignore[arg-type]
    "a word for a rate": lambda: add_spoilers(BASE, rate="often", depth=0.1),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("fault", FAULTS)
def test_it_is_named_on_one_line(fault: str) -> None:
    with pytest.raises(BadInput) as caught:
        FAULTS[fault]()
    message = str(caught.value)
    assert "\n" not in message
    assert message.count("`") >= 2
    assert "; got " in message
    assert len(message) < 300
