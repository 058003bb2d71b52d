"""Eight numbers at once, one of each of eight problems, or of eight samples: lanes, for compiled helpers.

What is written for one problem with floats solves eight of them with lanes. A comparison gives a `Mask`, and `where`
takes the place of a branch. Each lane goes through the same operations whatever the others hold, so that an answer does
not depend on its neighbours.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from study.kernels.compilation import helper
from study.kernels.vectors import Vector, define, repeat, repeated

LANES = 8
_WHOLE = ir.VectorType(ir.IntType(64), LANES)


class Mask(types.Type):
    """The type of eight truths."""

    def __init__(self):
        super().__init__("Mask")


NUMBERS, MASK = Vector(LANES), Mask()


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    """What the compiler keeps eight truths in."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.VectorType(ir.IntType(1), LANES))


define(operator.lt, lambda builder, a, b: builder.fcmp_ordered("<", a, b), MASK)
define(operator.le, lambda builder, a, b: builder.fcmp_ordered("<=", a, b), MASK)
define(operator.gt, lambda builder, a, b: builder.fcmp_ordered(">", a, b), MASK)
define(operator.ge, lambda builder, a, b: builder.fcmp_ordered(">=", a, b), MASK)
define(operator.eq, lambda builder, a, b: builder.fcmp_ordered("==", a, b), MASK)

type_callable(operator.and_)(lambda _: lambda a, b: MASK if {a, b} == {MASK} else None)
type_callable(operator.or_)(lambda _: lambda a, b: MASK if {a, b} == {MASK} else None)
type_callable(operator.invert)(lambda _: lambda a: MASK if a == MASK else None)
type_callable(operator.neg)(lambda _: lambda a: NUMBERS if a == NUMBERS else None)
lower_builtin(operator.and_, MASK, MASK)(lambda context, builder, signature, values: builder.and_(*values))
lower_builtin(operator.or_, MASK, MASK)(lambda context, builder, signature, values: builder.or_(*values))
lower_builtin(operator.invert, MASK)(lambda context, builder, signature, values: builder.not_(*values))
lower_builtin(operator.neg, NUMBERS)(lambda context, builder, signature, values: builder.fneg(*values))


def _address(context, builder, kind, room, k):
    array = context.make_array(kind)(context, builder, room)
    return builder.bitcast(builder.gep(array.data, [builder.mul(k, k.type(LANES))]), NUMBERS.kept.as_pointer())


@intrinsic
def load(_, room, k):
    """Return the k-th eight numbers of an array."""

    def build(context, builder, signature, arguments):
        return builder.load(_address(context, builder, signature.args[0], *arguments), align=8)

    return NUMBERS(room, types.intp), build


@intrinsic
def store(_, room, k, numbers):
    """Put eight numbers in the k-th place of an array."""

    def build(context, builder, signature, arguments):
        room, k, value = arguments
        builder.store(value, _address(context, builder, signature.args[0], room, k), align=8)
        return context.get_dummy_value()

    return types.void(room, types.intp, NUMBERS), build


@intrinsic
def gather(_, array, starts, k, offset):
    """Return a number from eight places of an array: `starts[k, lane] + offset` bytes from its first number."""

    def build(context, builder, signature, arguments):
        array, starts, k, offset = arguments
        byte, number = ir.IntType(8).as_pointer(), ir.DoubleType().as_pointer()
        first = context.make_array(signature.args[0])(context, builder, array).data
        here = builder.gep(builder.bitcast(first, byte), [offset])
        begin = context.make_array(signature.args[1])(context, builder, starts).data
        eight = ir.Constant(NUMBERS.kept, ir.Undefined)
        for lane in range(LANES):
            place = builder.add(builder.mul(k, k.type(LANES)), k.type(lane))
            start = builder.load(builder.gep(begin, [place]))
            value = builder.load(builder.bitcast(builder.gep(here, [start]), number))
            eight = builder.insert_element(eight, value, ir.IntType(32)(lane))
        return eight

    return NUMBERS(array, starts, types.intp, types.intp), build


@intrinsic
def fetch(_, array, offset):
    """Ask for the line of the cache that is `offset` bytes from the first number of an array, to be read later."""

    def build(context, builder, signature, arguments):
        byte, flag = ir.IntType(8).as_pointer(), ir.IntType(32)
        first = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.gep(builder.bitcast(first, byte), [arguments[1]])
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [place, flag(0), flag(3), flag(1)])  # to be read, by all caches, as data
        return context.get_dummy_value()

    return types.void(array, types.intp), build


lanes = repeated(NUMBERS)
"""Eight times the same number."""


@intrinsic
def where(_, mask, a, b):
    """Return a where the mask is true, else b; each is Lanes or a float."""
    kinds = (a, b)

    def build(context, builder, signature, arguments):
        mask, *values = arguments
        parts = zip(kinds, values, strict=True)
        one, other = (value if kind == NUMBERS else repeat(builder, value, NUMBERS) for kind, value in parts)
        return builder.select(mask, one, other)

    kinds = tuple(kind if kind == NUMBERS else types.float64 for kind in kinds)
    return NUMBERS(mask, *kinds), build


@intrinsic
def any_of(_, mask):
    """Say whether one of eight truths is true."""

    def build(context, builder, signature, arguments):
        whole = builder.bitcast(arguments[0], ir.IntType(LANES))
        return builder.icmp_unsigned("!=", whole, whole.type(0))

    return types.boolean(mask), build


@intrinsic
def first_of(_, mask, begin):
    """Return the first of eight lanes, from `begin` on, whose truth is true, or `LANES`."""

    def build(context, builder, signature, arguments):
        mask, begin = arguments
        whole = builder.zext(builder.bitcast(mask, ir.IntType(LANES)), begin.type)
        ended = builder.or_(whole, begin.type(1 << LANES))
        return builder.cttz(builder.and_(ended, builder.shl(begin.type(-1), begin)), ir.IntType(1)(1))

    return types.intp(mask, types.intp), build


@intrinsic
def count_of(_, mask, end):
    """Return how many of the first `end` lanes have a true truth."""

    def build(context, builder, signature, arguments):
        mask, end = arguments
        whole = builder.zext(builder.bitcast(mask, ir.IntType(LANES)), end.type)
        return builder.ctpop(builder.and_(whole, builder.not_(builder.shl(end.type(-1), end))))

    return types.intp(mask, types.intp), build


def _each(name):
    """Return what calls the compiler's own function of a number for each of eight."""

    def build(context, builder, signature, arguments):
        kind = ir.FunctionType(NUMBERS.kept, [NUMBERS.kept])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64")
        return builder.call(function, arguments)

    return build


@intrinsic
def size_of(_, a):
    """Return the absolute values."""
    return NUMBERS(a), _each("fabs")


@intrinsic
def logarithm(_, a):
    """Return the natural logarithms."""
    return NUMBERS(a), _each("log")


@intrinsic
def power_of_two(_, shifted):
    """Return 2^k, given k + 1.5 * 2^52: the whole number k is in the low bits."""

    def build(context, builder, signature, arguments):
        def same(number):
            return ir.Constant(_WHOLE, [number] * LANES)

        bits = builder.add(builder.bitcast(arguments[0], _WHOLE), same(1023))
        return builder.bitcast(builder.shl(bits, same(52)), NUMBERS.kept)

    return NUMBERS(shifted), build


@helper(counts=True, forceinline=True)
def aligned_rows(n_rows):
    """Return room for rows of eight numbers, each of which lies in one line of the cache."""
    room = np.empty((n_rows + 1) * LANES)
    spare = (-room.ctypes.data % (8 * LANES)) // 8
    return room[spare : spare + n_rows * LANES].reshape(n_rows, LANES)


@helper(forceinline=True)
def larger(a, b):
    """Return the larger of each two numbers."""
    return where(a > b, a, b)


@helper(forceinline=True)
def smaller(a, b):
    """Return the smaller of each two numbers."""
    return where(a < b, a, b)


@helper(forceinline=True)
def clip(a, R):
    """Return the numbers, held between -R and R."""
    return larger(smaller(a, lanes(R)), lanes(-R))


@helper()
def dot(a, b, p):
    """Return the inner products."""
    total = lanes(0.0)
    for j in range(p):
        total = total + load(a, j) * load(b, j)
    return total


@helper()
def sum_of_sizes(d, p):
    """Return the sums of absolute values."""
    total = lanes(0.0)
    for j in range(p):
        total = total + size_of(load(d, j))
    return total
