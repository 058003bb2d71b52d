"""Streams are keyed by meaning, and differ where the meaning does."""

import itertools

import numpy as np

from study.sweeps.streams import stream


def draw(*key: object) -> int:
    return int(stream(*key).integers(2**63))  # type: ignore[arg-type]


def test_a_stream_depends_on_its_key_alone() -> None:
    cell = {"t": 3, "order": "random"}
    assert draw("a", "block", cell, 0) == draw("a", "block", dict(reversed(cell.items())), 0)
    assert draw("a", "block", {"t": np.int64(3)}, 0) == draw("a", "block", {"t": 3}, 0)


def test_streams_of_different_meaning_differ() -> None:
    names, purposes = ("a", "ab", "b"), ("block", "test", "a")
    cells: tuple[dict[str, object], ...] = ({}, {"t": 1}, {"t": 1.5}, {"t": "1", "u": 0}, {"u": "0"})
    keys = list(itertools.product(names, purposes, cells, (0, 1, 10)))
    assert len({draw(*key) for key in keys}) == len(keys)


def test_the_first_draw_of_a_stream_is_pinned() -> None:
    assert draw("four_points", "block", {"t": 10}, 0) == 666975845900138224
