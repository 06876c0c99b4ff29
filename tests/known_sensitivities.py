"""Functions of independent or correlated inputs whose sensitivities are known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Known:
    """A function, how its inputs are drawn, and its indices.

    Attributes
    ----------
    draw : callable
        From a generator and a count to inputs, shape (n_input, n).
    evaluate : callable
        From inputs to outcomes, shape (n,).
    first, total : ndarray
        Indices by input.
    groups : tuple of tuple of int
        Inputs that are correlated.
    """

    draw: Callable[[np.random.Generator, int], Floats]
    evaluate: Callable[[Floats], Floats]
    first: Floats
    total: Floats
    groups: tuple[tuple[int, ...], ...] = ()


def ishigami() -> Known:
    """Sine, square and an interaction without a main effect (a = 7, b = 0.1); a fourth input is idle."""
    a, b, pi = 7.0, 0.1, np.pi
    alone = np.array([0.5 * (1.0 + b * pi**4 / 5.0) ** 2, a**2 / 8.0, 0.0, 0.0])
    together = b**2 * pi**8 * 8.0 / 225.0
    variance = alone.sum() + together
    total = alone + together * np.array([1.0, 0.0, 1.0, 0.0])
    return Known(
        lambda generator, n: generator.uniform(-pi, pi, (4, n)),
        lambda x: np.sin(x[0]) + a * np.sin(x[1]) ** 2 + b * x[2] ** 4 * np.sin(x[0]),
        alone / variance,
        total / variance,
    )


def g_function(a: tuple[float, ...] = (0.0, 1.0, 4.5, 9.0, 99.0)) -> Known:
    """Sobol's product of kinks: few inputs matter, all interact."""
    weights = np.array(a)[:, None]
    own = 1.0 / 3.0 / (1.0 + weights[:, 0]) ** 2
    variance = np.prod(1.0 + own) - 1.0
    return Known(
        lambda generator, n: generator.uniform(size=(len(a), n)),
        lambda x: np.prod((np.abs(4.0 * x - 2.0) + weights) / (1.0 + weights), axis=0),
        own / variance,
        own * np.prod(1.0 + own) / (1.0 + own) / variance,
    )


def gaussian_linear(correlation: float = 0.6) -> Known:
    """A sum of three normals, the first two correlated, without noise."""
    slopes = np.array([1.0, 0.5, 0.8])
    matrix = np.eye(3)
    matrix[0, 1] = matrix[1, 0] = correlation
    variance = slopes @ matrix @ slopes
    left = np.array([1.0 - correlation**2, 1.0 - correlation**2, 1.0])
    factor = np.linalg.cholesky(matrix)
    return Known(
        lambda generator, n: factor @ generator.normal(size=(3, n)),
        lambda x: slopes @ x,
        (matrix @ slopes) ** 2 / variance,
        slopes**2 * left / variance,
        ((0, 1),),
    )
