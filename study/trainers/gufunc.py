"""Compile a loop written for one set into a generalised ufunc over stacks."""

from collections.abc import Callable
from typing import Any

from numba import guvectorize


def gufunc(signature: str, layout: str) -> Callable[[Callable[..., None]], Any]:
    """Return a decorator that compiles a loop at import, and keeps the machine code on disk where it can.

    The compiled loop may call only functions of its own file: numba's cache watches that file and no other.

    Parameters
    ----------
    signature : str
        Numba types of inputs and outputs, such as "void(float64[:,:], float64[:])".
    layout : str
        Core dimensions in NumPy's notation, such as "(n,d)->(d)".
    """

    def compile_loop(loop: Callable[..., None]) -> Any:
        try:
            return guvectorize([signature], layout, nopython=True, cache=True)(loop)  # type: ignore[no-untyped-call]
        except RuntimeError as error:  # neither __pycache__ nor the home directory can be written
            if "cache" not in str(error):
                raise
            return guvectorize([signature], layout, nopython=True)(loop)  # type: ignore[no-untyped-call]

    return compile_loop
