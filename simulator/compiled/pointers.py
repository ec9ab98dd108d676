"""Pointers to records of tables, as a type of Numba: `pointer.field` reads a field, and assigning writes it.

Numba has records of its own, but their types spell out every field in the name of every function that is
given one, and a whole number that is read has the width of its field, for each of which there would be
another version of every function. Here a whole number is one of 64 bits, however narrow it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import from_dtype, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    lower_setattr_generic,
    models,
    register_model,
)

_BYTE, _LONG = ir.IntType(8), ir.IntType(64)


class Pointer(types.Type):
    """The type of a pointer to a record of a table."""

    def __init__(self, table: str, dtype: np.dtype[Any]) -> None:
        super().__init__(name=table)
        self.dtype = dtype

    def at(self, field: str) -> tuple[Any, int]:
        """The type in which a field is kept, and where it begins, in bytes."""
        kept, offset, *_ = self.dtype.fields[field]  # type: ignore[index]
        return from_dtype(kept), offset


@register_model(Pointer)
class _PointerModel(models.PrimitiveModel):
    def __init__(self, manager: Any, pointer: Pointer) -> None:
        super().__init__(manager, pointer, _BYTE.as_pointer())  # type: ignore[no-untyped-call]


@infer_getattr
class _Fields(AttributeTemplate):
    key = Pointer

    def generic_resolve(self, pointer: Pointer, field: str) -> Any:  # type: ignore[override]
        kept, _ = pointer.at(field)
        return types.int64 if kept in types.signed_domain else kept


@lower_getattr_generic(Pointer)  # type: ignore[no-untyped-call, untyped-decorator]
def _read(context: Any, builder: Any, pointer: Pointer, address: Any, field: str) -> Any:
    place, kept = _place(context, builder, pointer, address, field)
    value = builder.load(place)
    return builder.sext(value, _LONG) if _is_narrow(kept) else value


@lower_setattr_generic(Pointer)  # type: ignore[no-untyped-call, untyped-decorator]
def _write(context: Any, builder: Any, signature: Any, arguments: Any, field: str) -> None:
    address, value = arguments
    _store(context, builder, signature.args[0], address, field, value)


def _store(context: Any, builder: Any, pointer: Pointer, address: Any, field: str, value: Any) -> None:
    place, kept = _place(context, builder, pointer, address, field)
    builder.store(builder.trunc(value, kept) if _is_narrow(kept) else value, place)


def _is_narrow(kept: Any) -> bool:
    return isinstance(kept, ir.IntType) and kept.width < _LONG.width


def _place(context: Any, builder: Any, pointer: Pointer, address: Any, field: str) -> tuple[Any, Any]:
    """Where a field is, and its type there."""
    kept, offset = pointer.at(field)
    kept_as = context.get_data_type(kept)
    place = builder.gep(address, [ir.Constant(_LONG, offset)])
    return builder.bitcast(place, kept_as.as_pointer()), kept_as


def pointer_at(pointer: Pointer) -> Callable[[int], Any]:
    """A function (address) that gives the pointer to what is there."""

    @intrinsic
    def at(_: Any, __: Any) -> Any:
        def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(pointer))

        return pointer(types.int64), code

    return cast("Callable[[int], Any]", at)


def records_of(world: Pointer, table: Pointer) -> Callable[[Any, int], Any]:
    """A function (world, number) that gives a record of a table: where the table begins, and so many on."""

    @intrinsic
    def record(_: Any, __: Any, ___: Any) -> Any:
        def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            return _record(context, builder, world, table, *arguments)

        return table(world, types.int64), code

    return cast("Callable[[Any, int], Any]", record)


def _record(context: Any, builder: Any, world: Pointer, table: Pointer, at: Any, number: Any) -> Any:
    start = _read(context, builder, world, at, table.name)
    offset = builder.mul(number, ir.Constant(_LONG, table.dtype.itemsize))
    return builder.inttoptr(builder.add(start, offset), context.get_value_type(table))


def new_record_of(world: Pointer, table: Pointer, margin: int) -> Callable[[Any], int]:
    """A function (world) that gives the number of a record that was not used before, with nothing in it.

    It says so in `world.is_short` when fewer than `margin` are left.
    """

    @intrinsic
    def new(_: Any, __: Any) -> Any:
        def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            (at,) = arguments
            number = _read(context, builder, world, at, f"{table.name}_used")
            room = _read(context, builder, world, at, f"{table.name}_room")
            used = builder.add(number, ir.Constant(_LONG, 1))
            _store(context, builder, world, at, f"{table.name}_used", used)
            needed = builder.add(used, ir.Constant(_LONG, margin))
            is_short = builder.zext(builder.icmp_signed(">", needed, room), _LONG)
            before = _read(context, builder, world, at, "is_short")
            _store(context, builder, world, at, "is_short", builder.or_(before, is_short))
            record = _record(context, builder, world, table, at, number)
            cgutils.memset(builder, record, ir.Constant(_LONG, table.dtype.itemsize), 0)  # type: ignore[no-untyped-call]
            return number

        return types.int64(world), code

    return cast("Callable[[Any], int]", new)


@intrinsic
def _prefetch(_: Any, record: Pointer) -> Any:
    def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [_BYTE.as_pointer(), number, number, number])
        instruction = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        builder.call(instruction, [arguments[0], *(ir.Constant(number, one) for one in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(record), code


prefetch = cast("Callable[[Any], None]", _prefetch)
"""A function (record) that has memory send a record at which somebody will look in a moment.

Of a million shoppers nobody's is in the cache when their turn comes.
"""
