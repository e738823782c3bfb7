"""Products of matrices whose terms are added one after another, as a loop in C does, at the speed of a library.

A tile is up to four rows of weights by sixteen columns. Its sums stay in the processor's registers while all terms are
added in their order, so each sum rounds as in the source: once for a term if multiplication and addition are fused.
numba cannot promise registers to a loop, so the tile is written for its compiler, LLVM.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Ints

from .jit import COMPILED, jit

ROWS, COLUMNS = 4, 16


def tile(
    rows: int, fused: bool, weights: Array, at: int, pixels: Array, places: Ints, sums: Array, row: int, column: int
) -> None:
    """Adds to a tile of ``sums`` all terms, in order. Only compiled code can call this.

    rows: ROWS or 1, a constant; fused: a constant, without meaning for whole numbers, which wrap around.
    weights: flat, with those of the tile from ``at`` on: rows of term 0, rows of term 1, and so on.
    pixels: flat; those of a term begin at its place in ``places``.
    sums: (m, n) with the tile at ``row`` and ``column``. All are float32 or int32, without gaps.
    """
    raise NotImplementedError


@jit
def add_products(weights: Array, pixels: Array, places: Ints, fused: bool, sums: Array) -> None:
    """Adds the product of ``weights``, packed by ``packed``, and of n pixels from each place on to ``sums`` (m, n).

    n: a multiple of COLUMNS.
    """
    terms = places.size
    whole = sums.shape[0] // ROWS * ROWS
    # The columns of a tile stay in the first cache while all weights pass by.
    for column in range(0, sums.shape[1], COLUMNS):
        for row in range(0, whole, ROWS):
            if fused:
                tile(4, True, weights, row * terms, pixels, places, sums, row, column)
            else:
                tile(4, False, weights, row * terms, pixels, places, sums, row, column)
        for row in range(whole, sums.shape[0]):
            if fused:
                tile(1, True, weights, row * terms, pixels, places, sums, row, column)
            else:
                tile(1, False, weights, row * terms, pixels, places, sums, row, column)


def packed(weights: Array) -> Array:
    """Weights (m, terms) in the order of ``tile``, flat."""
    whole = weights.shape[0] // ROWS * ROWS
    blocks = weights[:whole].reshape(whole // ROWS, ROWS, weights.shape[1]).transpose(0, 2, 1)
    result: Array = np.concatenate([blocks.reshape(-1), weights[whole:].reshape(-1)])
    return result


def _teach() -> None:
    """Gives numba the code of ``tile``."""
    core, extending = importlib.import_module("numba.core"), importlib.import_module("numba.extending")
    ir = importlib.import_module("llvmlite.ir")
    integer = ir.IntType(64)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        rows, fused = (kind.literal_value for kind in signature.args[:2])
        arrays = {
            name: context.make_array(signature.args[index])(context, builder, arguments[index])
            for name, index in (("weights", 2), ("pixels", 4), ("places", 5), ("sums", 6))
        }
        number = context.get_data_type(signature.args[6].dtype)
        real = isinstance(signature.args[6].dtype, core.types.Float)
        vector = ir.VectorType(number, COLUMNS)
        at, row, column = arguments[3], arguments[7], arguments[8]
        terms = builder.extract_value(arrays["places"].shape, 0)
        wide = builder.extract_value(arrays["sums"].shape, 1)

        def place(name: str, index: Any) -> Any:
            return builder.gep(arrays[name].data, [index])

        def across(name: str, index: Any) -> Any:
            return builder.bitcast(place(name, index), vector.as_pointer())

        # llvmlite has the instruction for single numbers only.
        kind = ir.FunctionType(vector, [vector] * 3)
        once = core.cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{COLUMNS}f32") if real else None
        lines = [builder.add(row, integer(index)) for index in range(rows)]
        targets = [across("sums", builder.add(builder.mul(line, wide), column)) for line in lines]
        starts = [builder.load(target, align=4) for target in targets]
        before = builder.block
        loop, end = builder.append_basic_block("terms"), builder.append_basic_block("end")
        builder.cbranch(builder.icmp_signed(">", terms, integer(0)), loop, end)
        builder.position_at_end(loop)
        term, totals = builder.phi(integer), [builder.phi(vector) for _ in range(rows)]
        pixels = builder.load(across("pixels", builder.add(builder.load(place("places", term)), column)), align=4)
        first = builder.add(at, builder.mul(term, integer(rows)))
        added = []
        for index, total in enumerate(totals):
            single = builder.load(place("weights", builder.add(first, integer(index))))
            one = builder.insert_element(ir.Constant(vector, ir.Undefined), single, ir.IntType(32)(0))
            factor = builder.shuffle_vector(
                one,
                ir.Constant(vector, ir.Undefined),
                ir.Constant(ir.VectorType(ir.IntType(32), COLUMNS), [0] * COLUMNS),
            )
            if real and fused:
                added.append(builder.call(once, [factor, pixels, total]))
            elif real:
                added.append(builder.fadd(total, builder.fmul(factor, pixels)))
            else:
                added.append(builder.add(total, builder.mul(factor, pixels)))
        following = builder.add(term, integer(1))
        builder.cbranch(builder.icmp_signed("<", following, terms), loop, end)
        for phi, start, more in zip([term, *totals], [integer(0), *starts], [following, *added], strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(more, loop)
        builder.position_at_end(end)
        results = []
        for start, more in zip(starts, added, strict=True):
            result = builder.phi(vector)
            result.add_incoming(start, before)
            result.add_incoming(more, loop)
            results.append(result)
        for target, result in zip(targets, results, strict=True):
            builder.store(result, target, align=4)
        return context.get_dummy_value()

    @extending.intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
    def compiled(
        _context: Any,
        rows: Any,
        fused: Any,
        weights: Any,
        at: Any,
        pixels: Any,
        places: Any,
        sums: Any,
        row: Any,
        column: Any,
    ) -> Any:
        index = core.types.int64
        return core.types.void(rows, fused, weights, index, pixels, places, sums, index, index), code

    extending.overload(tile, strict=False, prefer_literal=True)(
        lambda rows, fused, weights, at, pixels, places, sums, row, column: (
            lambda rows, fused, weights, at, pixels, places, sums, row, column: compiled(
                rows, fused, weights, at, pixels, places, sums, row, column
            )
        )
    )


if COMPILED:
    _teach()
