"""Tell LLVM that the trajectories of a loop are independent.

Rows of the working arrays never overlap, but LLVM cannot know that: it compared every pair of
rows before each loop (a quarter of the running time) and compiled each loop twice. The remedy
is the same as OpenMP's ``simd``: metadata that makes the loop parallel.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

_MEMORY = ir.instructions.LoadInstr | ir.instructions.StoreInstr


class _Distinct(ir.values.MDValue):
    """A metadata node of its own, which llvmlite does not offer; its text is given."""

    def __init__(self, module: Any, text: str) -> None:
        super().__init__(module, (), name=str(len(module.metadata)))
        self._text = text.replace("SELF", self.get_reference())

    def descr(self, buf: list[str]) -> None:
        buf += (f"distinct !{{ {self._text} }}", "\n")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


def _successors(block: Any) -> list[Any]:
    end = block.terminator
    return [] if end is None else [op for op in end.operands if isinstance(op, ir.Block)]


def _loops(function: Any) -> list[tuple[Any, set[str]]]:
    """Return the latch and the names of the blocks of each natural loop.

    A depth-first walk finds the back edges; a loop is what reaches its latch without passing
    its header.
    """
    blocks = {block.name: block for block in function.blocks}
    before: dict[str, list[str]] = {name: [] for name in blocks}
    for name, block in blocks.items():
        for target in _successors(block):
            before[target.name].append(name)
    loops: list[tuple[Any, set[str]]] = []
    open_blocks: set[str] = set()
    seen: set[str] = set()
    stack: list[tuple[str, bool]] = [(function.entry_basic_block.name, False)]
    while stack:
        name, is_done = stack.pop()
        if is_done:
            open_blocks.discard(name)
            continue
        if name in seen:
            continue
        seen.add(name)
        open_blocks.add(name)
        stack.append((name, True))
        for target in _successors(blocks[name]):
            if target.name in open_blocks:
                body, pending = {target.name}, [name]
                while pending:
                    inside = pending.pop()
                    if inside not in body:
                        body.add(inside)
                        pending.extend(before[inside])
                loops.append((blocks[name], body))
            else:
                stack.append((target.name, False))
    return loops


def mark_parallel(function: Any) -> None:
    """Mark the innermost loops of an LLVM function as free of dependences between iterations."""
    loops, module = _loops(function), function.module
    for latch, body in loops:
        if any(other < body for _, other in loops):
            continue
        group = _Distinct(module, "")
        accesses = _Distinct(module, f'!"llvm.loop.parallel_accesses", {group.get_reference()}')
        loop = _Distinct(module, f"SELF, {accesses.get_reference()}")
        latch.terminator.set_metadata("llvm.loop", loop)
        for block in function.blocks:
            if block.name in body:
                for instruction in block.instructions:
                    if isinstance(instruction, _MEMORY):
                        instruction.set_metadata("llvm.access.group", group)
