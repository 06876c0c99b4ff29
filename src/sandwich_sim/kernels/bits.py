"""Bit casts and a branch-free choice, as LLVM instructions; plain Python where nothing is compiled."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from sandwich_sim.kernels._jit import COMPILED

if TYPE_CHECKING:

    def float_to_bits(value: Any) -> Any: ...
    def bits_to_float(value: Any) -> Any: ...
    def float32_to_bits(value: Any) -> Any: ...
    def bits_to_float32(value: Any) -> Any: ...
    def select(condition: Any, yes: Any, no: Any) -> Any: ...

elif COMPILED:

    @intrinsic
    def float_to_bits(typing_context: Any, value: Any) -> Any:
        """Bits of a float64 as int64."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], ir.IntType(64))

        return types.int64(types.float64), generate

    @intrinsic
    def bits_to_float(typing_context: Any, value: Any) -> Any:
        """The float64 with the bits of an int64."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], ir.DoubleType())

        return types.float64(types.int64), generate

    @intrinsic
    def float32_to_bits(typing_context: Any, value: Any) -> Any:
        """Bits of a float32 as int32."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], ir.IntType(32))

        return types.int32(types.float32), generate

    @intrinsic
    def bits_to_float32(typing_context: Any, value: Any) -> Any:
        """The float32 with the bits of an int32."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], ir.FloatType())

        return types.float32(types.int32), generate

    @intrinsic
    def select(typing_context: Any, condition: Any, yes: Any, no: Any) -> Any:
        """``yes if condition else no`` without a branch: both sides are evaluated.

        A conditional expression becomes control flow into which LLVM sinks the work of either
        side, and then the loop around it does not vectorize.
        """

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.select(*arguments)

        return yes(types.boolean, yes, yes), generate

else:

    def float_to_bits(value: float) -> int:
        return int(struct.unpack("<q", struct.pack("<d", value))[0])

    def bits_to_float(value: int) -> float:
        wrapped = (int(value) + (1 << 63)) % (1 << 64) - (1 << 63)
        return float(struct.unpack("<d", struct.pack("<q", wrapped))[0])

    def float32_to_bits(value: np.float32) -> np.int32:
        return np.float32(value).view(np.int32)

    def bits_to_float32(value: int) -> np.float32:
        return np.int32(value).view(np.float32)

    def select(condition: bool, yes: Any, no: Any) -> Any:
        return yes if condition else no
