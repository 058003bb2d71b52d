"""Four numbers at once, for compiled helpers on short rows, which the compiler would take one number at a time.

Each function makes the instructions of one operation: numba hands it the types of the arguments first, and their values
to `build` later.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

WIDTH = 4
_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)


class _Four(types.Type):
    """The type of four numbers."""

    def __init__(self):
        super().__init__("Four")


FOUR = _Four()


@register_model(_Four)
class _Model(models.PrimitiveModel):
    """What the compiler keeps four numbers in."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, _VECTOR)


def _address(context, builder, kind, M, i, k):
    array = context.make_array(kind)(context, builder, M)
    columns = cgutils.unpack_tuple(builder, array.shape)[1]
    start = builder.gep(array.data, [builder.add(builder.mul(i, columns), k)])
    return builder.bitcast(start, _VECTOR.as_pointer())


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


def _same(builder, x):
    """Return four times the same number."""
    nothing, first = ir.Constant(_VECTOR, ir.Undefined), ir.IntType(32)
    one = builder.insert_element(nothing, x, ir.Constant(first, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(first, WIDTH), [0] * WIDTH))


@intrinsic
def four(_, x):
    """Return four times the same number."""

    def build(context, builder, signature, arguments):
        return _same(builder, arguments[0])

    return FOUR(types.float64), build


@intrinsic
def minus(_, a, x, b):
    """Return a - x b, x being one number."""

    def build(context, builder, signature, arguments):
        a, x, b = arguments
        return builder.fsub(a, builder.fmul(_same(builder, x), b, flags=("contract",)), flags=("contract",))

    return FOUR(a, types.float64, b), build


@intrinsic
def add_product(_, a, b, c):
    """Return a + b c, each number with its own; the product is rounded, so that all processors agree."""

    def build(context, builder, signature, arguments):
        a, b, c = arguments
        return builder.fadd(a, builder.fmul(b, c))

    return FOUR(a, b, c), build


@intrinsic
def total(_, a):
    """Return the sum of the four, the two ends of each half first."""

    def build(context, builder, signature, arguments):
        one, two, three, last = (
            builder.extract_element(arguments[0], ir.Constant(ir.IntType(32), k)) for k in range(WIDTH)
        )
        return builder.fadd(builder.fadd(one, two), builder.fadd(three, last))

    return types.float64(a), build
