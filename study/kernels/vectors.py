"""Numbers side by side in one register of the processor, for compiled helpers: a type with the arithmetic of floats.

`Vector` is the type of any count of numbers. The functions here are for four of one problem, in short rows that the
compiler would take one number at a time; `lanes` holds eight, one of each of eight problems. Each function makes the
instructions of one operation: numba hands it the types of the arguments first, and their values to `build` later.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

WIDTH = 4
_FUSED = ("contract",)  # a product and a sum may be one operation


class Vector(types.Type):
    """The type of `count` numbers."""

    def __init__(self, count):
        super().__init__(f"Vector({count})")
        self.count = count
        self.kept = ir.VectorType(ir.DoubleType(), count)


FOUR = Vector(WIDTH)


@register_model(Vector)
class _Model(models.PrimitiveModel):
    """What the compiler keeps the numbers in."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, kind.kept)


def repeat(builder, x, vector):
    """Return a number as often as a type of vectors holds numbers."""
    nothing, first = ir.Constant(vector.kept, ir.Undefined), ir.IntType(32)
    one = builder.insert_element(nothing, x, ir.Constant(first, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(first, vector.count), [0] * vector.count))


def define(symbol: Callable[..., Any], build: Callable[..., Any], result: types.Type | None = None) -> None:
    """Give an operator its meaning for two vectors of a type, or for one and a float; `result` is that type if None."""

    def resolve(_):
        def kind(a, b):
            vector = a if isinstance(a, Vector) else b
            known = isinstance(vector, Vector) and {a, b} <= {vector, types.float64}
            return (result or vector) if known else None

        return kind

    def lower(context, builder, signature, arguments):
        vector = next(kind for kind in signature.args if isinstance(kind, Vector))
        values = zip(signature.args, arguments, strict=True)
        return build(builder, *(value if kind == vector else repeat(builder, value, vector) for kind, value in values))

    type_callable(symbol)(resolve)
    for left, right in ((Vector, Vector), (Vector, types.Float), (types.Float, Vector)):
        lower_builtin(symbol, left, right)(lower)


define(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=_FUSED))
define(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=_FUSED))
define(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=_FUSED))
define(operator.truediv, lambda builder, a, b: builder.fdiv(a, b))


def _address(context, builder, kind, M, i, k):
    array = context.make_array(kind)(context, builder, M)
    columns = cgutils.unpack_tuple(builder, array.shape)[1]
    start = builder.gep(array.data, [builder.add(builder.mul(i, columns), k)])
    return builder.bitcast(start, FOUR.kept.as_pointer())


@intrinsic
def load(_, M, i, k):
    """Return M[i, k : k + 4] of a matrix whose rows run along memory."""

    def build(context, builder, signature, arguments):
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=8)

    return FOUR(M, types.intp, types.intp), build


@intrinsic
def store(_, M, i, k, four):
    """Put four numbers in M[i, k : k + 4]."""

    def build(context, builder, signature, arguments):
        *where, value = arguments
        builder.store(value, _address(context, builder, signature.args[0], *where), align=8)
        return context.get_dummy_value()

    return types.void(M, types.intp, types.intp, four), build


def repeated(vector):
    """Return what takes a number to a vector of a type that holds it everywhere."""

    @intrinsic
    def same(_, x):
        def build(context, builder, signature, arguments):
            return repeat(builder, arguments[0], vector)

        return vector(types.float64), build

    return same


four = repeated(FOUR)
"""Four times the same number."""


@intrinsic
def add_product(_, a, b, c):
    """Return a + b c, each number with its own; the product is rounded, so that all processors agree."""

    def build(context, builder, signature, arguments):
        a, b, c = arguments
        return builder.fadd(a, builder.fmul(b, c))

    return a(a, b, c), build


@intrinsic
def total(_, a):
    """Return the sum of the numbers: of each two neighbours, then of each two of these sums, and so on."""

    def build(context, builder, signature, arguments):
        first = ir.IntType(32)
        parts = [builder.extract_element(arguments[0], ir.Constant(first, k)) for k in range(signature.args[0].count)]
        while len(parts) > 1:
            parts = [builder.fadd(one, other) for one, other in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    return types.float64(a), build
