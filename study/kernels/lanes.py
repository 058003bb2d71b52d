"""Eight numbers at once, one of each of eight problems: a type for compiled helpers, with its arithmetic.

What is written for one problem with floats solves eight of them with `Lanes`. A comparison gives a `Mask`, and `where`
takes the place of a branch. Each lane goes through the same operations whatever the others hold, so that an answer does
not depend on its neighbours.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

LANES = 8
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_BITS = ir.VectorType(ir.IntType(1), LANES)
_WHOLE = ir.VectorType(ir.IntType(64), LANES)
_FUSED = ("contract",)  # a product and a sum may be one operation


class _Lanes(types.Type):
    """The type of eight numbers."""

    def __init__(self):
        super().__init__("Lanes")


class _Mask(types.Type):
    """The type of eight truths."""

    def __init__(self):
        super().__init__("Mask")


NUMBERS, MASK = _Lanes(), _Mask()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    """What the compiler keeps eight numbers in."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, _DOUBLES)


@register_model(_Mask)
class _MaskModel(models.PrimitiveModel):
    """What the compiler keeps eight truths in."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, _BITS)


def _same(builder, x):
    """Return a number eight times."""
    nothing, first = ir.Constant(_DOUBLES, ir.Undefined), ir.IntType(32)
    one = builder.insert_element(nothing, x, ir.Constant(first, 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(first, LANES), [0] * LANES))


def _define(symbol: Callable[..., Any], of: types.Type, result: types.Type, build: Callable[..., Any]) -> None:
    """Give an operator of two arguments its meaning where both are `of` a type, or one of them a float beside Lanes."""
    pairs = [(of, of), (NUMBERS, types.float64), (types.float64, NUMBERS)][: 3 if of == NUMBERS else 1]

    def resolve(_):
        return lambda a, b: result if (a, b) in pairs else None

    def lower(context, builder, signature, arguments):
        values = zip(signature.args, arguments, strict=True)
        return build(builder, *(_same(builder, value) if kind == types.float64 else value for kind, value in values))

    type_callable(symbol)(resolve)
    for pair in pairs:
        lower_builtin(symbol, *pair)(lower)


def _define_one(symbol: Callable[..., Any], of: types.Type, build: Callable[..., Any]) -> None:
    """Give an operator of one argument its meaning."""

    def resolve(_):
        return lambda a: of if a == of else None

    def lower(context, builder, signature, arguments):
        return build(builder, *arguments)

    type_callable(symbol)(resolve)
    lower_builtin(symbol, of)(lower)


_define(operator.add, NUMBERS, NUMBERS, lambda builder, a, b: builder.fadd(a, b, flags=_FUSED))
_define(operator.sub, NUMBERS, NUMBERS, lambda builder, a, b: builder.fsub(a, b, flags=_FUSED))
_define(operator.mul, NUMBERS, NUMBERS, lambda builder, a, b: builder.fmul(a, b, flags=_FUSED))
_define(operator.truediv, NUMBERS, NUMBERS, lambda builder, a, b: builder.fdiv(a, b))
_define(operator.lt, NUMBERS, MASK, lambda builder, a, b: builder.fcmp_ordered("<", a, b))
_define(operator.le, NUMBERS, MASK, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))
_define(operator.gt, NUMBERS, MASK, lambda builder, a, b: builder.fcmp_ordered(">", a, b))
_define(operator.ge, NUMBERS, MASK, lambda builder, a, b: builder.fcmp_ordered(">=", a, b))
_define(operator.eq, NUMBERS, MASK, lambda builder, a, b: builder.fcmp_ordered("==", a, b))
_define(operator.and_, MASK, MASK, lambda builder, a, b: builder.and_(a, b))
_define(operator.or_, MASK, MASK, lambda builder, a, b: builder.or_(a, b))
_define_one(operator.neg, NUMBERS, lambda builder, a: builder.fneg(a))
_define_one(operator.invert, MASK, lambda builder, a: builder.not_(a))


def _address(context, builder, kind, room, k):
    array = context.make_array(kind)(context, builder, room)
    return builder.bitcast(builder.gep(array.data, [builder.mul(k, k.type(LANES))]), _DOUBLES.as_pointer())


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
def put(_, room, k, lane, x):
    """Put one number in a lane of the k-th place of an array."""

    def build(context, builder, signature, arguments):
        room, k, lane, value = arguments
        array = context.make_array(signature.args[0])(context, builder, room)
        place = builder.add(builder.mul(k, k.type(LANES)), lane)
        builder.store(value, builder.gep(array.data, [place]))
        return context.get_dummy_value()

    return types.void(room, types.intp, types.intp, types.float64), build


@intrinsic
def lanes(_, x):
    """Return a number eight times."""

    def build(context, builder, signature, arguments):
        return _same(builder, arguments[0])

    return NUMBERS(types.float64), build


@intrinsic
def where(_, mask, a, b):
    """Return a where the mask is true, else b; each is Lanes or a float."""
    kinds = (a, b)

    def build(context, builder, signature, arguments):
        mask, *values = arguments
        one, other = (
            value if kind == NUMBERS else _same(builder, value) for kind, value in zip(kinds, values, strict=True)
        )
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


def _each(name):
    """Return what calls the compiler's own function of a number for each of eight."""

    def build(context, builder, signature, arguments):
        kind = ir.FunctionType(_DOUBLES, [_DOUBLES])
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
        return builder.bitcast(builder.shl(bits, same(52)), _DOUBLES)

    return NUMBERS(shifted), build
