"""Compile all kernels of an entry in one piece, their loops over trajectories marked as parallel.

Numba optimizes each function, turns it into machine code, and does both again in every caller:
half of the compile time. A *part* is only linked into its callers; an entry, which Python
calls, is optimized and compiled with all its parts, once.
"""

from __future__ import annotations

from typing import Any

from numba.core import lowering
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import BaseNativeLowering, NativeLowering

from sandwich_sim.kernels._loops import mark_parallel


class _NoEnvironment:
    """Stands for numba's code generator where a function is given the objects that it raises."""

    def set_env(self, name: str, environment: Any) -> None:
        """Do nothing: kernels raise nothing, and a part has no machine code to tell."""


class _Part(JITCodeLibrary):
    """The code of one function and of all that it calls, neither optimized nor compiled."""

    @property
    def codegen(self) -> Any:
        return _NoEnvironment()

    def finalize(self) -> None:
        for library in dict.fromkeys(self._linking_libraries):
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        return 0


class _PartLowering(BaseNativeLowering):
    def run_pass(self, state: Any) -> bool:
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=True, analysis_only=False)
class _PlainLowering(_PartLowering):
    _name = "part_lowering"

    @property
    def lowering_class(self) -> Any:
        return lowering.Lower


class _LowerParallel(lowering.Lower):
    def lower_normal_function(self, descriptor: Any) -> None:
        super().lower_normal_function(descriptor)
        mark_parallel(self.function)


@register_pass(mutates_CFG=True, analysis_only=False)
class _ParallelLowering(_PartLowering):
    _name = "parallel_part_lowering"

    @property
    def lowering_class(self) -> Any:
        return _LowerParallel


def _pipelines(compiler: Any, last: Any) -> list[Any]:
    pipeline = DefaultPassBuilder.define_nopython_pipeline(compiler.state)
    pipeline.passes = [(last if step is NativeLowering else step, note) for step, note in pipeline.passes]
    pipeline.finalize()
    return [pipeline]


class Part(Compiler):
    """Numba's compiler for a function that only kernels call."""

    def define_pipelines(self) -> list[Any]:
        return _pipelines(self, _PlainLowering)


class ParallelPart(Compiler):
    """The same, with the innermost loops marked as parallel."""

    def define_pipelines(self) -> list[Any]:
        return _pipelines(self, _ParallelLowering)
