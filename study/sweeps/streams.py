"""Random streams keyed by what they are for: never by worker, order or time."""

import hashlib
from collections.abc import Mapping

import numpy as np

SEED = 1989


def stream(experiment: str, purpose: str, cell: Mapping[str, object], block: int) -> np.random.Generator:
    """Return the Generator that belongs to one purpose of one block of one cell.

    Parameters
    ----------
    experiment, purpose : str
        Whose stream, and what for: rules that draw for the same purpose see the same data.
    cell : mapping of str to str, int or float
        The settings of the cell; their order does not matter.
    block : int
        Number of the block.

    Notes
    -----
    PCG64 on SeedSequence(SEED, spawn_key), with the SHA-256 of the key as spawn key: sequences given as plain entropy
    may collide where one is the other with zeros appended, spawn keys do not.
    """
    named = [f"{name}={value}" for name, value in sorted(cell.items())]
    digest = hashlib.sha256("\x1f".join([experiment, purpose, *named, str(block)]).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=np.frombuffer(digest, "<u4").tolist()))
