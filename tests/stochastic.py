"""Judging random results by their own error, with a stated rate of false alarms.

Every check states how often it would fail for correct code with a fresh seed. Seeds are
fixed, so a check that passes goes on passing; the rate says what a failure means after the
stream has changed. A check that could not notice an error worth noticing, because n is too
small, is itself an error.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

SUITE_FALSE_ALARM = 1e-6
"""False alarms of a family of checks together, split evenly over its checks (Bonferroni)."""


class TooSmallError(AssertionError):
    """The sample cannot show an error of the size that the check is for."""


def assert_close_to(
    estimate: float, expected: float, standard_error: float, *, detectable: float, n_checks: int = 1
) -> None:
    """Check an estimate that is normal about its expected value.

    Parameters
    ----------
    estimate, expected, standard_error : float
    detectable : float
        The smallest error that the check must be able to notice.
    n_checks : int
        Checks of the family that share the false alarms of 1e-6.

    Raises
    ------
    TooSmallError
        If an error of ``detectable`` would not stand out.
    """
    limit = float(stats.norm.isf(SUITE_FALSE_ALARM / n_checks / 2.0)) * standard_error
    if limit > detectable:
        raise TooSmallError(f"n is too small: {limit:.3g} would pass, {detectable:.3g} must not")
    assert abs(estimate - expected) <= limit, (
        f"{estimate:.8g} is {abs(estimate - expected) / standard_error:.1f} standard errors "
        f"from {expected:.8g} (limit {limit:.3g})"
    )


def assert_mean(draws: Array, expected: float, *, detectable: float, n_checks: int = 1) -> None:
    """Check the mean of independent draws by their own standard error."""
    error = float(draws.std(ddof=1) / np.sqrt(draws.size))
    assert_close_to(float(draws.mean()), expected, error, detectable=detectable, n_checks=n_checks)


def assert_distribution(
    draws: Array, cdf: Callable[[Array], Array], *, detectable: float = 0.005, n_checks: int = 1
) -> None:
    """Check independent draws against a continuous distribution function (Kolmogorov-Smirnov).

    The limit is that of Dvoretzky, Kiefer, Wolfowitz and Massart, which holds for every n.
    ``detectable`` is a distance between distribution functions.
    """
    n = draws.size
    limit = float(np.sqrt(np.log(2.0 * n_checks / SUITE_FALSE_ALARM) / (2.0 * n)))
    if limit > detectable:
        raise TooSmallError(f"n = {n} is too small: {limit:.3g} would pass, {detectable:.3g} must not")
    p = np.sort(cdf(draws))
    steps = np.arange(n + 1) / n
    distance = float(max((steps[1:] - p).max(), (p - steps[:-1]).max()))
    assert distance <= limit, f"distance {distance:.3g} above {limit:.3g}"


def assert_counts(
    counts: NDArray[np.int64], probabilities: Array, *, detectable: float = 0.005, n_checks: int = 1
) -> None:
    """Check how often each of a few outcomes came up, each by its exact binomial tails."""
    n = int(counts.sum())
    alarm = SUITE_FALSE_ALARM / n_checks / counts.size
    for count, probability in zip(counts.tolist(), probabilities.tolist(), strict=True):
        limit = float(stats.norm.isf(alarm / 2.0)) * np.sqrt(probability * (1.0 - probability) / n)
        if limit > detectable:
            raise TooSmallError(f"n = {n} is too small: {limit:.3g} would pass, {detectable:.3g} must not")
        p_value = stats.binomtest(count, n, probability).pvalue
        assert p_value >= alarm, f"{count} of {n} where {probability:.6g} is expected (p = {p_value:.2g})"
