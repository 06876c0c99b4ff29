"""PRIM against numbers of another implementation, the EMA Workbench 2.5.3 (slices of 0.05, 50 cases left).

Cases are points of a lattice, so that both saw the same ones.
"""

import numpy as np
import pytest

from sandwich_sim.analysis.discover import _quasi_p, agreement
from sandwich_sim.analysis.prim import N_LEVEL, Box, peel

N = 20_000

# Part of all cases inside, coverage and density there, along the way inwards.
THEIR_PATHS = {
    "corner": [(0.7737, 1.0, 0.1555), (0.463, 1.0, 0.2598), (0.27705, 1.0, 0.4342), (0.16565, 1.0, 0.7262)],
    "noisy": [
        (0.7737, 0.8850, 0.2248),
        (0.463, 0.7275, 0.3087),
        (0.27705, 0.6313, 0.4478),
        (0.16565, 0.5748, 0.6819),
        (0.099, 0.4575, 0.9081),
    ],
    "ball": [
        (0.7737, 1.0, 0.1442),
        (0.463, 1.0, 0.2410),
        (0.27705, 1.0, 0.4028),
        (0.16565, 0.9597, 0.6465),
        (0.099, 0.7805, 0.8798),
    ],
}
# Of their boxes the one that agrees best: coverage, density, and ends that lie within the range.
THEIR_BOXES = {
    "corner": (0.987, 0.976, {0: (None, 0.307), 2: (0.605, None)}),
    "noisy": (0.552, 0.891, {0: (None, 0.303), 2: (0.600, None)}),
    "ball": (0.780, 0.880, {0: (0.266, 0.730), 1: (0.269, 0.728), 2: (0.268, 0.732)}),
}
# Of their first boxes of the noisy case, one limit each: hits inside, cases inside, quasi-p-value.
THEIR_QUASI_P = [
    (3831, 19_000, 0.03860409337978805),
    (3734, 18_050, 0.00025439991618332434),
    (3645, 17_147, 8.160121270818726e-08),
    (3561, 16_289, 1.282674741257276e-12),
]


def points(prime):
    return np.arange(1, N + 1) * (np.sqrt(prime) % 1.0) % 1.0


def case(name):
    x = np.array([points(prime) for prime in (2.0, 3.0, 5.0, 7.0, 11.0)])
    hits = (x[0] < 0.3) & (x[2] > 0.6)
    if name == "noisy":
        hits ^= points(13.0) < 0.1
    if name == "ball":
        hits = ((x[:3] - 0.5) ** 2).sum(axis=0) < 0.09
    return (x * N_LEVEL).astype(np.uint8), hits


@pytest.mark.parametrize("name", THEIR_PATHS)
def test_the_way_inwards_is_theirs(name):
    """At equal size, coverage and density are the same within what a slice is."""
    path = peel(*case(name))
    mass = [box.mass for box in path][::-1]
    for size, coverage, density in THEIR_PATHS[name]:
        ours = [
            np.interp(size, mass, [getattr(box, which) for box in path][::-1])
            for which in ("coverage", "density")
        ]
        assert ours == pytest.approx([coverage, density], abs=0.015)


@pytest.mark.parametrize("name", THEIR_BOXES)
def test_the_box_that_agrees_best_is_theirs(name):
    path = peel(*case(name))
    box = max(path, key=lambda each: agreement(each, path[0].density))
    coverage, density, limits = THEIR_BOXES[name]
    assert set(box.restricted) == set(limits)
    # Two boxes that agree about as well may lie a slice apart, which trades coverage for density.
    assert (box.coverage, box.density) == pytest.approx((coverage, density), abs=0.055)
    for row, (low, high) in limits.items():
        assert box.low[row] / N_LEVEL == pytest.approx(low or 0.0, abs=0.025)
        assert (box.high[row] + 1) / N_LEVEL == pytest.approx(high or 1.0, abs=0.025)


@pytest.mark.parametrize(("n_hit", "n", "theirs"), THEIR_QUASI_P)
def test_quasi_p_values_are_theirs(n_hit, n, theirs):
    """The chance of so many hits or more, each as likely as without the limit (here: as in all cases)."""
    _, hits = case("noisy")
    without = Box((), (), 1.0, float(hits.mean()), 1.0)
    assert _quasi_p(n_hit, n, without) == pytest.approx(theirs, rel=1e-6)
