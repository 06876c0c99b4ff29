"""Write kernels/sobol_directions.npy: the Sobol direction numbers of 1024 dimensions.

They are those of Joe and Kuo that scipy ships. Run once; the file is kept in git. Each number
is also recovered from scipy's public points as a check: scipy walks in Gray-code order, so
that its point 2^(b+1) - 1 is direction number b itself.

    python benchmarks/make_sobol_directions.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import qmc

N_DIMENSION = 1024
BITS = 32
CHECKED_BITS = 16
TARGET = Path(__file__).parents[1] / "src" / "sandwich_sim" / "kernels" / "sobol_directions.npy"


def main() -> None:
    engine = qmc.Sobol(N_DIMENSION, scramble=False, bits=BITS)
    directions = np.array(engine._sv, dtype=np.uint32)
    points = engine.random(2**CHECKED_BITS)
    for bit in range(CHECKED_BITS):
        from_points = points[2 ** (bit + 1) - 1] * 2.0**BITS
        np.testing.assert_array_equal(from_points, directions[:, bit])
    np.save(TARGET, directions)
    print(f"{TARGET.name}: {directions.shape}, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
